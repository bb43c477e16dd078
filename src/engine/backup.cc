#include "engine/backup.h"

#include <new>

#include "btree/tree.h"

namespace perlite::engine {
namespace {

Result<int> find(Connection& connection, std::string_view name) {
  const int number = connection.find_database(name);
  if (number < 0) {
    return Status::format(Code::Error, -1, "unknown database %.*s", static_cast<int>(name.size()), name.data());
  }
  PL_TRY(connection.store(number).status().clone());
  return number;
}

}  // namespace

Backup::Backup(Connection& target_connection, Database& target, Connection& source_connection,
               Database& source) noexcept
    : target_connection_(target_connection), source_connection_(source_connection), target_(target), source_(source) {
  ++target_.backups;
  ++source_.backups;
  ++target_connection_.open_children;
  ++source_connection_.open_children;
  source_.store->add_watcher(*this);
}

Backup::~Backup() {
  source_.store->remove_watcher(*this);
  if (overwrite_ != nullptr && target_.store->in_write()) {
    overwrite_.reset();
    static_cast<void>(target_.store->rollback());
    target_.store->end_read();
  }
  target_.is_backup_target = false;
  --target_.backups;
  --source_.backups;
  --target_connection_.open_children;
  --source_connection_.open_children;
}

Result<UniquePtr<Backup>> Backup::open(Connection& target, std::string_view target_name, Connection& source,
                                       std::string_view source_name) {
  if (&target == &source) return Status::error("source and destination must be distinct");
  PL_ASSIGN(const int from, find(source, source_name));
  PL_ASSIGN(const int to, find(target, target_name));
  Database& d = target.database(to);
  if (d.store->in_read() || d.is_backup_target) return Status::error("destination database is in use");
  return UniquePtr<Backup>(new Backup(target, d, source, source.database(from)));
}

Result<bool> Backup::step(int pages) {
  Result<bool> result = take_step(pages);
  last_error_ = result.status().code();
  return result;
}

Result<bool> Backup::take_step(int pages) {
  if (failure_ != Code::Ok) return Status(failure_);
  if (done_) return true;
  pager::Store& source = *source_.store;
  if (source.in_write() || source.others_write()) return Status(Code::Busy);
  const bool began_reading = !source.in_read();
  Status status = source.begin_read();
  if (status.ok()) {
    try {
      status = copy_pages(pages);
    } catch (const std::bad_alloc&) {
      status = Status::no_memory();
    }
  }
  if (began_reading && source.in_read()) source.end_read();
  if (!status.ok()) {
    if (status.primary() != Code::Busy && status.primary() != Code::Locked) failure_ = status.code();
    return status;
  }
  return done_;
}

Status Backup::copy_pages(int pages) {
  pager::Store& source = *source_.store;
  if (overwrite_ == nullptr) PL_TRY(begin_target());
  if (starts_anew_ || source.data_version() != source_version_) {
    if (!pager::Overwrite::possible(*target_.store, source.page_size())) return Code::ReadOnly;
    starts_anew_ = false;
    source_version_ = source.data_version();
    next_ = 1;
    changed_.clear();
    last_changed_ = 0;
  }
  overwrite_->set_page_size(source.page_size());

  const std::uint32_t count = source.view().page_count().value;
  for (std::uint32_t page = 1; page <= last_changed_; ++page) {
    if (changed_.contains(PageNo(page)) && page < next_ && page <= count) PL_TRY(copy(PageNo(page)));
  }
  changed_.clear();
  last_changed_ = 0;
  for (int done = 0; next_ <= count && (pages < 0 || done < pages); ++done, ++next_) PL_TRY(copy(PageNo(next_)));
  page_count_ = count;
  remaining_ = next_ > count ? 0 : count + 1 - next_;
  return next_ > count ? complete() : Status();
}

Status Backup::begin_target() {
  pager::Store& target = *target_.store;
  PL_TRY(target.begin_read());
  Status status;
  if (target.view().page_count().value == 0) {
    status = target.set_page_size(source_.store->page_size(), source_.store->reserved_bytes());
  }
  if (status.ok() && !pager::Overwrite::possible(target, source_.store->page_size())) status = Code::ReadOnly;
  target.end_read();
  PL_TRY(std::move(status));
  PL_TRY(target.begin_write(pager::WriteIntent::Exclusive));
  Result<UniquePtr<pager::Overwrite>> begun = pager::Overwrite::begin(target, source_.store->page_size());
  Result<std::uint32_t> cookie = target.read_header_u32(pager::header::kSchemaCookie);
  if (!begun.ok() || !cookie.ok()) {
    static_cast<void>(target.rollback());
    target.end_read();
    return begun.ok() ? std::move(cookie.status()) : std::move(begun.status());
  }
  overwrite_ = std::move(begun).value();
  target_cookie_ = cookie.value();
  target_.is_backup_target = true;
  source_version_ = source_.store->data_version();
  return {};
}

Status Backup::copy(PageNo page) {
  pager::View& view = source_.store->view();
  if (!view.exists(page)) return {};  // the lock-byte page
  PL_ASSIGN(const pager::PageRef ref, view.fetch(page));
  return overwrite_->put(page, ref.bytes());
}

// A source without pages gives a database without content.
Status Backup::put_empty_database() {
  pager::StoreOptions options;
  options.kind = pager::StoreKind::Memory;
  options.page_size = source_.store->page_size();
  PL_ASSIGN(const UniquePtr<pager::Store> empty,
            pager::Store::open(source_.store->vfs(), nullptr, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options));
  PL_TRY(empty->begin_write());
  PL_TRY(btree::init_database(empty->view(), {}, false));
  PL_ASSIGN(const pager::PageRef first, empty->view().fetch(PageNo(1)));
  return overwrite_->put(PageNo(1), first.bytes());
}

Status Backup::complete() {
  pager::Store& target = *target_.store;
  if (page_count_ == 0) PL_TRY(put_empty_database());
  PL_TRY(target.write_header_u32(pager::header::kSchemaCookie, target_cookie_ + 1));
  PL_TRY(overwrite_->finish(page_count_ == 0 ? 1 : page_count_));
  PL_TRY(target.commit_prepare());
  PL_TRY(target.commit_finish(pager::AfterCommit::EndRead));
  target_.is_backup_target = false;
  target_.forget_schema();
  target_connection_.expire_programs();
  done_ = true;
  return {};
}

// A copy of a database in memory begins anew after each change, as stock's does: progress reports show it.
void Backup::page_changed(PageNo page) noexcept {
  if (source_.store->kind() == pager::StoreKind::Memory) starts_anew_ = true;
  if (page.value >= next_) return;
  try {
    changed_.insert(page);
    if (last_changed_ < page.value) last_changed_ = page.value;
  } catch (const std::bad_alloc&) {
    starts_anew_ = true;
  }
}

}  // namespace perlite::engine
