#include "engine/connection.h"

#include <cstring>
#include <limits>

#include "base/ascii.h"
#include "base/process.h"
#include "base/thread_local.h"
#include "base/random.h"
#include "bind/ddl_reader.h"
#include "btree/cursor.h"
#include "btree/tree.h"
#include "catalog/statistics.h"
#include "engine/open_name.h"
#include "engine/sources.h"
#include "engine/statement.h"
#include "os/vfs.h"

namespace perlite::engine {
namespace {

// Defaults and upper bounds (manual: limits.html).
constexpr int kLimitDefaults[kLimitCount] = {1000000000, 1000000000, 2000,  1000, 500, 250000000, 1000,
                                             10,         50000,      32766, 1000, 0,   2500};
constexpr int kLimitBounds[kLimitCount] = {1000000000, 1000000000, 2000,  1000, 500, 250000000, 1000,
                                           125,        50000,      32766, 1000, 8,   2500};

Status name_file(Status status, std::string_view filename) {
  if (status.primary() != Code::CantOpen || status.has_message()) return status;
  return Status::format(status.code(), -1, "unable to open database: %.*s", static_cast<int>(filename.size()),
                        filename.data());
}

}  // namespace

void ErrorState::set(const Status& status) noexcept {
  code_ = status.code();
  offset_ = status.offset();
  text_set_ = false;
  if (!status.has_message()) return;
  try {
    text_.assign(status.message());
    text_set_ = true;
  } catch (const std::bad_alloc&) {
    code_ = Code::NoMem;
  }
}

void ErrorState::set_code(Code code) noexcept {
  code_ = code;
  offset_ = -1;
  text_set_ = false;
}

void Connection::set_error(const Status& status) noexcept {
  const bool of_system = status.primary() == Code::CantOpen || (status.primary() == Code::IoErr && status.code() != Code::IoErrNoMem);
  if (of_system) {
    sqlite3_vfs* const vfs = os::find_vfs(vfs_name_);
    if (vfs != nullptr && vfs->xGetLastError != nullptr) error_.note_system_error(vfs->xGetLastError(vfs, 0, nullptr));
  }
  error_.set(status);
}

Connection::Connection(bool serialized) : lock_(serialized), sources_(make_unique<SourceRegistry>(*this)) {
  std::memcpy(limits_, kLimitDefaults, sizeof limits_);
  set_auto_checkpoint(1000);
}

Connection::~Connection() {
  mark_ = kDead;
  compiled_.clear();
  close_databases();
  if (hooks.autovacuum_pages_destroy != nullptr) hooks.autovacuum_pages_destroy(hooks.autovacuum_pages_context);
  for (const ClientData& entry : client_data_) {
    if (entry.destroy != nullptr) entry.destroy(entry.data);
  }
  // Functions, collations and modules of an extension end before its code is gone.
  functions_.clear();
  collations_.clear();
  for (const Library& library : libraries_) library.vfs->xDlClose(library.vfs, library.handle);
}

void* Connection::client_data(std::string_view name) const noexcept {
  for (const ClientData& entry : client_data_) {
    if (entry.name == name) return entry.data;
  }
  return nullptr;
}

void Connection::set_client_data(std::string_view name, void* data, void (*destroy)(void*)) {
  for (ClientData& entry : client_data_) {
    if (entry.name != name) continue;
    if (entry.destroy != nullptr) entry.destroy(entry.data);
    if (data == nullptr) {
      client_data_.erase(client_data_.begin() + (&entry - client_data_.data()));
    } else {
      entry.data = data;
      entry.destroy = destroy;
    }
    return;
  }
  if (data != nullptr) client_data_.push_back({String(name), data, destroy});
}

int Connection::set_limit(int id, int value) noexcept {
  if (id < 0 || id >= kLimitCount) return -1;
  const int before = limits_[id];
  if (value >= 0) {
    if (value > kLimitBounds[id]) value = kLimitBounds[id];
    if (id == kLimitLength && value < 30) value = 30;
    limits_[id] = value;
    expire_programs();
  }
  return before;
}

// ------------------------------------------------------------------------------------------------------- databases

Status Connection::open(const OpenOptions& options) {
  open_flags_ = options.flags;
  if (options.vfs != nullptr) {
    vfs_name_copy_.assign(options.vfs);
    vfs_name_ = vfs_name_copy_.c_str();
  }
  auto main = make_unique<Database>();
  main->name.assign("main");
  auto temp = make_unique<Database>();
  temp->name.assign("temp");
  temp->default_synchronous = 0;
  databases_.reserve(4);
  databases_.push_back(std::move(main));
  databases_.push_back(std::move(temp));
  PL_TRY(open_database(*databases_[0], options.filename, options.flags, vfs_name_, options.uri_allowed));
  // The VFS that the URI names serves what is attached as well.
  sqlite3_vfs& used = databases_[0]->store->vfs();
  if (&used != os::find_vfs(vfs_name_)) {
    vfs_name_copy_.assign(used.zName);
    vfs_name_ = vfs_name_copy_.c_str();
  }
  return {};
}

Status Connection::open_database(Database& d, std::string_view filename, int flags, const char* vfs, bool uri_allowed,
                                 bool may_share) {
  PL_ASSIGN(OpenName name, resolve_open_name(filename, flags, vfs, uri_allowed));
  pager::StoreOptions store_options;
  store_options.kind = name.kind;
  store_options.busy = this;
  d.filename = name.path;
  if (may_share && (name.flags & SQLITE_OPEN_SHAREDCACHE) != 0 && !name.shared_name.empty()) {
    PL_ASSIGN(d.shared, SharedCache::join(*this, name));
    d.store = d.shared->store();
  } else {
    PL_ASSIGN(UniquePtr<pager::Store> opened,
              pager::Store::open(*name.vfs, std::move(name.filename), name.flags, store_options));
    d.take_store(std::move(opened));
  }
  if (mmap_size > 0) d.store->set_mmap_size(mmap_size);
  if (name.kind != pager::StoreKind::File)
    d.store
        ->set_journal_mode(name.kind == pager::StoreKind::Memory ? pager::JournalMode::Memory
                                                                 : pager::JournalMode::Delete)
        .ok();
  d.store->set_locking_mode(default_locking_mode);
  return {};
}

Result<pager::Store*> Connection::store(int number) {
  Database& d = database(number);
  if (d.store == nullptr) {
    pager::StoreOptions options;
    options.kind = temp_store == 2 ? pager::StoreKind::Memory : pager::StoreKind::Temp;
    options.busy = this;
    options.page_size = databases_[0]->store->page_size();
    sqlite3_vfs* vfs = os::find_vfs(vfs_name_);
    if (vfs == nullptr) return Status(Code::CantOpen);
    PL_ASSIGN(UniquePtr<pager::Store> opened,
              pager::Store::open(*vfs, nullptr, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options));
    d.take_store(std::move(opened));
    d.store->set_synchronous(pager::Synchronous::Off);
  }
  return d.store;
}

int Connection::find_database(std::string_view name) const noexcept {
  for (std::size_t i = databases_.size(); i-- > 0;) {
    if (base::equals_ignoring_case(databases_[i]->name, name)) return static_cast<int>(i);
  }
  return base::equals_ignoring_case(name, "main") ? 0 : -1;
}

Status Connection::attach(std::string_view filename, std::string_view name) {
  if (static_cast<int>(databases_.size()) - 2 >= limits_[kLimitAttached]) {
    return Status::format(Code::Error, -1, "too many attached databases - max %d", limits_[kLimitAttached]);
  }
  for (const auto& d : databases_) {
    if (base::equals_ignoring_case(d->name, name)) {
      return Status::format(Code::Error, -1, "database %.*s is already in use", static_cast<int>(name.size()),
                            name.data());
    }
  }
  auto attached = make_unique<Database>();
  attached->name.assign(name);
  const int flags = (open_flags_ & ~(SQLITE_OPEN_MEMORY)) | 0;
  Status status = open_database(*attached, filename, flags, vfs_name_, base::process_settings().uri_names);
  if (status.code() == Code::Perm) status = Status::error(status.message());
  if (status.ok()) {
    databases_.push_back(std::move(attached));
    const int number = static_cast<int>(databases_.size()) - 1;
    status = load_schema(number);
    if (!status.ok()) databases_.pop_back();
  }
  if (!status.ok()) return name_file(std::move(status), filename);
  expire_programs();
  return {};
}

Result<UniquePtr<pager::Store>> Connection::open_store(std::string_view filename) {
  Database opened;
  constexpr int kReplaced = SQLITE_OPEN_MEMORY | SQLITE_OPEN_READONLY;
  const int flags = (open_flags_ & ~kReplaced) | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  Status status = open_database(opened, filename, flags, vfs_name_, base::process_settings().uri_names, false);
  if (!status.ok()) return name_file(std::move(status), filename);
  return std::move(opened.own);
}

Result<UniquePtr<pager::Store>> Connection::make_temporary_store() {
  sqlite3_vfs* vfs = os::find_vfs(vfs_name_);
  if (vfs == nullptr) return Status(Code::CantOpen);
  pager::StoreOptions options;
  options.kind = temp_store == 2 ? pager::StoreKind::Memory : pager::StoreKind::Temp;
  return pager::Store::open(*vfs, nullptr, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options);
}

Status Connection::detach(std::string_view name) {
  const int number = find_database(name);
  if (number < 0)
    return Status::format(Code::Error, -1, "no such database: %.*s", static_cast<int>(name.size()), name.data());
  if (number < 2)
    return Status::format(Code::Error, -1, "cannot detach database %.*s", static_cast<int>(name.size()), name.data());
  Database& d = database(number);
  if (d.backups > 0 || d.store->in_write() || (d.store->in_read() && (!autocommit_ || active_statements_ > 1))) {
    return Status::format(Code::Error, -1, "database %.*s is locked", static_cast<int>(name.size()), name.data());
  }
  databases_.erase(databases_.begin() + number);
  expire_programs();
  return {};
}

void Connection::close_databases() noexcept {
  sources_->clear();
  temporary_stores_.clear();
  for (auto& d : databases_) {
    if (d->store != nullptr) d->store->set_checkpoint_on_close(checkpoint_on_close);
  }
  databases_.clear();
  forget_unlock_wait(*this);
}

// ------------------------------------------------------------------------------------------------- shared caches

namespace {

// Whose sessions are active in this thread: where connections call each other (a function that runs statements of
// another connection), the outer one's are activated again when the inner one leaves.
PL_FIXED_THREAD_LOCAL thread_local constinit Connection* at_work = nullptr;
// The outer one of a connection that got its first shared cache after it had entered: it was not to be told then.
PL_FIXED_THREAD_LOCAL thread_local constinit Connection* left_waiting = nullptr;

}  // namespace

bool Connection::shares(const SharedCache& cache) const noexcept {
  for (SharedMember* member : shared_) {
    if (&member->cache() == &cache) return true;
  }
  return false;
}

Connection* Connection::enter_shared() noexcept {
  if (depth_ == 1) {
    for (SharedMember* member : shared_) member->lock_cache();
  }
  Connection* const outer = at_work;
  at_work = this;
  activate_sessions();
  return outer;
}

void Connection::leave_shared(Connection* outer) noexcept {
  if (outer == nullptr && depth_ == 1) outer = std::exchange(left_waiting, nullptr);
  at_work = outer;
  if (depth_ == 1) {
    for (SharedMember* member : shared_) {
      member->deactivate();
      member->unlock_cache();
    }
  }
  if (outer != nullptr && outer != this) outer->activate_sessions();
}

void Connection::activate_sessions() noexcept {
  for (SharedMember* member : shared_) member->activate();
}

// Takes the cache's mutex where the connection has entered. When somebody holds it who may be waiting for one of ours,
// all are given back and taken in order; the connection is at a point then where others may work.
void Connection::add_member(SharedMember& member) {
  const auto by_id = [](const SharedMember* a, const SharedMember* b) { return a->cache().id() < b->cache().id(); };
  shared_.reserve(shared_.size() + 1);
  const auto place = std::upper_bound(shared_.begin(), shared_.end(), &member, by_id);
  if (depth_ == 0) {
    shared_.insert(place, &member);
    return;
  }
  if (place == shared_.end()) {
    member.lock_cache();
    shared_.insert(place, &member);
  } else if (member.try_lock_cache()) {
    shared_.insert(place, &member);
  } else {
    for (SharedMember* one : shared_) {
      one->deactivate();
      one->unlock_cache();
    }
    shared_.insert(place, &member);
    for (SharedMember* one : shared_) one->lock_cache();
    activate_sessions();
  }
  if (at_work != nullptr && at_work != this) left_waiting = at_work;
  at_work = this;
}

void Connection::remove_member(SharedMember& member) noexcept {
  if (std::erase(shared_, &member) == 0) return;
  if (depth_ > 0) member.unlock_cache();
  if (!shared_.empty() || at_work != this) return;
  at_work = std::exchange(left_waiting, nullptr);
  if (at_work != nullptr) at_work->activate_sessions();
}

void Connection::take_losses() noexcept {
  for (SharedMember* member : shared_) {
    const Code code = member->take_loss();
    if (code == Code::Ok) continue;
    for (Statement* s = first_statement_; s != nullptr; s = s->next()) s->stop_with(code);
  }
}

Status Connection::refuse_locked_schemas() {
  for (const auto& d : databases_) {
    if (d->shared == nullptr || d->shared->may_read_schema().ok()) continue;
    return Status::format(Code::LockedSharedCache, -1, "database schema is locked: %s", d->name.c_str());
  }
  // What another connection of the cache has changed is known before it is needed, as if the schema were shared too.
  for (const auto& d : databases_) {
    if (d->shared == nullptr || !d->shape || d->schema_is_private || d->checked_version == d->store->version()) continue;
    const SharedMember::SchemaReading reading_schema(d->shared.get());
    const bool was_reading = d->store->in_read();
    if (!d->store->begin_read().ok()) continue;  // whoever steps will be told
    const Result<std::uint32_t> cookie = d->store->read_header_u32(pager::header::kSchemaCookie);
    if (!was_reading && !d->store->in_write()) d->store->end_read();
    if (!cookie.ok()) continue;
    if (cookie.value() == d->placement.schema_cookie) {
      d->checked_version = d->store->version();
    } else {
      d->forget_schema();
      expire_programs();
    }
  }
  return {};
}

void Connection::forget_schemas() noexcept {
  for (auto& d : databases_) d->forget_schema();
  expire_programs();
}

// ------------------------------------------------------------------------------------------------------- schema

Result<const catalog::Shape*> Connection::shape(int number) {
  Database& d = database(number);
  if (!d.shape) PL_TRY(load_schema(number));
  return d.shape.get();
}

Result<const catalog::Placement*> Connection::placement(int number) {
  PL_TRY(shape(number));
  return &database(number).placement;
}

catalog::LoadOptions Connection::load_options(const Database& d, int number) const noexcept {
  catalog::LoadOptions options;
  options.reader = &bind::ddl_reader();
  options.is_temp = number == 1;
  options.shared = !d.schema_is_private;
  return options;
}

Status Connection::load_schema(int number) {
  Database& d = database(number);
  if (d.store == nullptr) {
    // The temp database is not made before something is written to it.
    PL_ASSIGN(catalog::LoadedSchema loaded, catalog::load_empty_schema(load_options(d, number)));
    d.shape = std::move(loaded.shape);
    d.placement = std::move(loaded.placement);
    return {};
  }
  const SharedMember::SchemaReading reading_schema(d.shared.get());
  const bool was_reading = d.store->in_read();
  PL_TRY(d.store->begin_read());
  Status status = read_schema(d, number);
  if (!was_reading && !d.store->in_write()) d.store->end_read();
  return status;
}

Result<bool> Connection::forget_moved_schemas() {
  bool moved = false;
  for (const auto& d : databases_) {
    if (d->store == nullptr || !d->shape || d->schema_is_private) continue;
    const SharedMember::SchemaReading reading_schema(d->shared.get());
    const bool was_reading = d->store->in_read();
    PL_TRY(d->store->begin_read());
    const Result<std::uint32_t> cookie = d->store->view().page_count().value > 0
                                             ? d->store->read_header_u32(pager::header::kSchemaCookie)
                                             : Result<std::uint32_t>(0u);
    if (!was_reading && !d->store->in_write()) d->store->end_read();
    PL_TRY(cookie.status().clone());
    if (cookie.value() == d->placement.schema_cookie) continue;
    d->forget_schema();
    moved = true;
  }
  if (moved) expire_programs();
  return moved;
}

Status Connection::read_schema(Database& d, int number, bool rows_added_only) {
  pager::View& view = d.store->view();
  std::uint32_t cookie = 0;
  std::uint32_t format = 0;  // no schema was written yet
  TextEncoding file_encoding = encoding_;
  if (view.page_count().value > 0) {
    PL_ASSIGN(cookie, d.store->read_header_u32(pager::header::kSchemaCookie));
    PL_ASSIGN(format, d.store->read_header_u32(pager::header::kSchemaFormat));
    PL_ASSIGN(const std::uint32_t stored, d.store->read_header_u32(pager::header::kTextEncoding));
    if (format > 4) return Status::error("unsupported file format");
    if (stored >= 1 && stored <= 3) file_encoding = static_cast<TextEncoding>(stored);
    if (file_encoding != encoding_) {
      if (number == 0) {
        encoding_ = file_encoding;
        databases_[1]->forget_schema();
        expire_programs();
      } else if (stored != 0) {
        return Status::error("attached databases must use the same text encoding as main database");
      }
    }
  }
  catalog::LoadOptions options = load_options(d, number);
  if (format != 0) options.schema_format = format;
  options.page_count = view.page_count().value;
  // A shape that other connections may hold is not built upon.
  const bool goes_on = rows_added_only && d.shape && !d.shape.is_shared() &&
                       d.last_schema_row < std::numeric_limits<std::int64_t>::max();
  auto loader = goes_on ? make_unique<catalog::ShapeLoader>(options, d.shape, d.placement)
                        : make_unique<catalog::ShapeLoader>(options);
  std::int64_t last_row = goes_on ? d.last_schema_row : 0;
  if (view.page_count().value > 0) {
    btree::Cursor cursor;
    cursor.open(view, btree::kSchemaRoot, btree::TreeKind::Table);
    record::RecordReader reader;
    Vector<std::byte> scratch;
    record::TextScratch texts[4];
    if (goes_on) {
      PL_ASSIGN(const btree::Relation found, cursor.seek_rowid(last_row + 1));
      if (cursor.valid() && found == btree::Relation::Less) PL_TRY(cursor.next());
    } else {
      PL_TRY(cursor.first());
    }
    while (cursor.valid()) {
      last_row = cursor.rowid();
      PL_ASSIGN(const base::Bytes payload, cursor.full_payload(scratch));
      reader.reset(payload, payload.size(), file_encoding);
      Value values[5] = {};
      for (std::uint32_t i = 0; i < 5; ++i) {
        const auto found = reader.field(i, &values[i]);
        if (found == record::RecordReader::Found::Corrupt || found == record::RecordReader::Found::Missing)
          return Status(Code::Corrupt);
      }
      std::string_view words[4];
      for (int i = 0; i < 4; ++i) {
        const Value& v = values[i < 3 ? i : 4];
        if (!v.is_null()) words[i] = texts[i].text(v, TextEncoding::Utf8);
      }
      catalog::SchemaRow row{.type = words[0], .name = words[1], .table_name = words[2], .sql = words[3]};
      row.root_is_null = values[3].is_null();
      if (values[3].type == ValueType::Integer) row.root = values[3].integer;
      PL_TRY(loader->push(row));
      PL_TRY(cursor.next());
    }
  }
  PL_ASSIGN(catalog::LoadedSchema loaded, loader->finish());
  d.shape = std::move(loaded.shape);
  d.placement = std::move(loaded.placement);
  d.last_schema_row = last_row;
  d.placement.schema_cookie = cookie;
  d.placement.schema_format = format;
  d.checked_version = d.store->version();
  return read_statistics(d);
}

// Rows of sqlite_stat1, when there is such a table; a table that cannot be read as one is no statistics.
Status Connection::read_statistics(Database& d) {
  const catalog::EntryId entry = d.shape->find_entry(catalog::EntryType::Table, "sqlite_stat1");
  if (entry < 0) return {};
  btree::Cursor cursor;
  cursor.open(d.store->view(), d.placement.root(entry), btree::TreeKind::Table);
  record::RecordReader reader;
  Vector<std::byte> scratch;
  PL_TRY(cursor.first());
  while (cursor.valid()) {
    PL_ASSIGN(const base::Bytes payload, cursor.full_payload(scratch));
    reader.reset(payload, payload.size(), encoding_);
    Value values[3] = {};
    record::TextScratch texts[3];
    std::string_view words[3];
    bool readable = true;
    for (std::uint32_t i = 0; i < 3; ++i) {
      readable &= reader.field(i, &values[i]) == record::RecordReader::Found::Ok;
      if (readable && !values[i].is_null()) words[i] = texts[i].text(values[i], TextEncoding::Utf8);
    }
    if (readable) catalog::add_statistics_row(*d.shape, d.placement, words[0], words[1], words[2]);
    PL_TRY(cursor.next());
  }
  return {};
}

Status Connection::schema_changed(std::int32_t number, bool rows_added_only) {
  Database& d = database(number);
  PL_ASSIGN(const std::uint32_t format, d.store->read_header_u32(pager::header::kSchemaFormat));
  if (format == 0) {
    PL_TRY(d.store->write_header_u32(pager::header::kSchemaFormat, switches_.legacy_file_format ? 1 : 4));
    PL_TRY(d.store->write_header_u32(pager::header::kTextEncoding, static_cast<std::uint32_t>(encoding_)));
  }
  expire_programs();
  d.schema_is_private = true;
  Status status = read_schema(d, number, rows_added_only);
  d.schema_is_private = true;
  return status;
}

// ------------------------------------------------------------------------------------------------------- the host

pager::View& Connection::view(std::int32_t number) { return database(number).store->view(); }

Result<PageNo> Connection::root_of(std::int32_t number, catalog::EntryId entry) {
  const Database& d = database(number);
  if (entry == catalog::kSchemaEntry) return btree::kSchemaRoot;
  if (entry < 0 || static_cast<std::size_t>(entry) >= d.placement.roots.size()) return Status(Code::Corrupt);
  return d.placement.roots[static_cast<std::size_t>(entry)];
}

Result<std::uint32_t> Connection::read_header(std::int32_t number, std::uint32_t offset) {
  PL_ASSIGN(pager::Store* const s, store(number));
  return s->read_header_u32(offset);
}

Status Connection::write_header(std::int32_t number, std::uint32_t offset, std::uint32_t value) {
  Database& d = database(number);
  PL_TRY(d.store->write_header_u32(offset, value));
  if (offset == pager::header::kSchemaCookie) {
    d.placement.schema_cookie = value;
    d.schema_is_private = true;
  }
  return {};
}

Result<pager::View*> Connection::open_temporary() {
  temporary_stores_.emplace_back();
  Result<UniquePtr<pager::Store>> opened = make_temporary_store();
  if (!opened.ok()) {
    temporary_stores_.pop_back();
    return std::move(opened.status());
  }
  temporary_stores_.back() = std::move(opened).value();
  pager::Store& store = *temporary_stores_.back();
  store.set_synchronous(pager::Synchronous::Off);
  PL_TRY(store.set_journal_mode(pager::JournalMode::Off));
  PL_TRY(store.begin_write());
  PL_TRY(btree::init_database(store.view(), {.encoding = encoding_}));
  return &store.view();
}

void Connection::release_temporary(pager::View* view) noexcept {
  for (auto& store : temporary_stores_) {
    if (&store->view() != view) continue;
    std::swap(store, temporary_stores_.back());
    temporary_stores_.pop_back();
    return;
  }
}

Status Connection::row_changed(const vm::RowChange& change) {
  if (hooks.update != nullptr && !change.table->without_rowid && !change.table->is_schema) {
    static constexpr int kOperations[] = {SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE};
    const RowId rowid = change.kind == vm::RowChange::Kind::Delete ? change.old_rowid : change.new_rowid;
    const String name(change.table->name);
    hooks.update(hooks.update_context, kOperations[static_cast<int>(change.kind)],
                 database(change.database).name.c_str(), name.c_str(), rowid.value);
  }
  return {};
}

Result<std::int64_t> Connection::current_time_ms() {
  if (now_ms_ == 0) {
    sqlite3_vfs* vfs = os::find_vfs(vfs_name_);
    if (vfs == nullptr) return Status(Code::Error);
    PL_ASSIGN(now_ms_, os::current_time_ms(*vfs));
  }
  return now_ms_;
}

void Connection::random_bytes(void* bytes, std::size_t count) noexcept { base::random_bytes(bytes, count); }

void Connection::log(int code, std::string_view message) noexcept {
  char text[701];
  const std::size_t size = std::min(message.size(), sizeof text - 1);
  std::memcpy(text, message.data(), size);
  text[size] = '\0';
  base::log(code, text);
}

// Waits as the built-in busy handler of sqlite3_busy_timeout does, or asks the host's.
bool Connection::wait(int attempt) {
  if (hooks.busy != nullptr) return hooks.busy(hooks.busy_context, attempt) != 0;
  if (busy_timeout_ms <= 0) return false;
  static constexpr int kDelays[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
  constexpr int kCount = static_cast<int>(sizeof kDelays / sizeof kDelays[0]);
  std::int64_t waited = 0;
  for (int i = 0; i < attempt; ++i) waited += kDelays[std::min(i, kCount - 1)];
  std::int64_t delay = kDelays[std::min(attempt, kCount - 1)];
  if (waited + delay > busy_timeout_ms) delay = busy_timeout_ms - waited;
  if (delay <= 0) return false;
  sqlite3_vfs* vfs = os::find_vfs(vfs_name_);
  if (vfs == nullptr) return false;
  os::sleep_us(*vfs, static_cast<int>(delay * 1000));
  return true;
}

// ------------------------------------------------------------------------------------------------- the environment

const record::Collation* Connection::find_collation(std::string_view name) {
  const record::Collation* found = collations_.find(name, encoding_);
  if (found != nullptr || (hooks.collation_needed == nullptr && hooks.collation_needed16 == nullptr)) return found;
  const String text(name);
  auto* handle = reinterpret_cast<sqlite3*>(this);
  if (hooks.collation_needed != nullptr) {
    hooks.collation_needed(hooks.collation_needed_context, handle, static_cast<int>(encoding_), text.c_str());
  } else {
    OwnedValue wide;
    wide->set_text_copy(name, TextEncoding::Utf8);
    const std::string_view bytes = wide->read_text(TextEncoding::Utf16le);
    hooks.collation_needed16(hooks.collation_needed_context, handle, static_cast<int>(encoding_), bytes.data());
  }
  return collations_.find(name, encoding_);
}

Result<vm::Source*> Connection::find_source(int number, const catalog::Table& table) {
  return sources_->find_stored(number, table);
}
Result<vm::Source*> Connection::find_eponymous(std::string_view name) { return sources_->find_eponymous(name); }
bool Connection::has_module(std::string_view name) const noexcept { return sources_->has_module(name); }

Result<bind::Authorization> Connection::authorize(int action, const char* third, const char* fourth,
                                                  const char* database, const char* trigger) {
  if (hooks.authorizer == nullptr) return bind::Authorization::Allow;
  const int answer = hooks.authorizer(hooks.authorizer_context, action, third, fourth, database, trigger);
  if (answer == SQLITE_OK) return bind::Authorization::Allow;
  if (answer == SQLITE_DENY) return bind::Authorization::Deny;
  if (answer == SQLITE_IGNORE) return bind::Authorization::Ignore;
  return Status::error("authorizer malfunction");
}

}  // namespace perlite::engine
