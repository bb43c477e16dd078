// Pragmas that read or set a switch of the connection, of a store, or of the process.
#include "base/allocator.h"
#include "base/ascii.h"
#include "base/process.h"
#include "btree/tree.h"
#include "engine/connection.h"
#include "engine/pragma_functions.h"
#include "engine/statement.h"
#include "os/filename.h"

namespace perlite::engine {
namespace {

Status boolean(PragmaCall& call, bool& value, bool expires = false) {
  if (!call.has_argument()) {
    call.row().integer(value ? 1 : 0);
    return {};
  }
  value = call.boolean_argument();
  if (expires) call.connection().expire_programs();
  return {};
}

Database& database_of(PragmaCall& call) { return call.connection().database(call.database()); }

// The store of the database named, read from at least once so that its header is known.
Result<pager::Store*> reading_store(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
  PL_TRY(store->begin_read());
  return store;
}

Status header_field(PragmaCall& call, std::uint32_t offset, bool is_signed) {
  Connection& connection = call.connection();
  if (call.has_argument()) {
    PL_TRY(connection.begin(call.database(), true, nullptr, 0));
    return connection.write_header(call.database(), offset, static_cast<std::uint32_t>(call.small_integer_argument()));
  }
  PL_ASSIGN(pager::Store* const store, reading_store(call));
  PL_ASSIGN(const std::uint32_t value, store->read_header_u32(offset));
  call.row().integer(is_signed ? static_cast<std::int64_t>(static_cast<std::int32_t>(value))
                               : static_cast<std::int64_t>(value));
  return {};
}

template <class Apply>
Status for_stores(PragmaCall& call, Apply apply) {
  Connection& connection = call.connection();
  for (int i = 0; i < connection.database_count(); ++i) {
    if (call.database_named() && i != call.database()) continue;
    if (connection.database(i).store != nullptr) PL_TRY(apply(*connection.database(i).store));
  }
  return {};
}

}  // namespace

Status pragma_nothing(PragmaCall&) { return {}; }

Status pragma_analysis_limit(PragmaCall& call) {
  if (call.has_argument()) call.connection().analysis_limit = std::max(0, call.small_integer_argument());
  call.row().integer(call.connection().analysis_limit);
  return {};
}
Status pragma_application_id(PragmaCall& call) { return header_field(call, pager::header::kApplicationId, true); }
Status pragma_user_version(PragmaCall& call) { return header_field(call, pager::header::kUserVersion, true); }

Status pragma_schema_version(PragmaCall& call) {
  PL_TRY(header_field(call, pager::header::kSchemaCookie, true));
  if (call.has_argument()) call.connection().expire_programs();
  return {};
}

Status pragma_auto_vacuum(PragmaCall& call) {
  Connection& connection = call.connection();
  PL_ASSIGN(pager::Store* const store, reading_store(call));
  Database& d = database_of(call);
  if (!call.has_argument()) {
    if (store->view().page_count().value == 0) {
      call.row().integer(std::max(0, d.requested_auto_vacuum));
      return {};
    }
    PL_ASSIGN(const btree::AutoVacuum mode, btree::auto_vacuum_mode(store->view()));
    call.row().integer(static_cast<int>(mode));
    return {};
  }
  int wanted = 0;
  if (base::equals_ignoring_case(call.argument(), "full")) {
    wanted = 1;
  } else if (base::equals_ignoring_case(call.argument(), "incremental")) {
    wanted = 2;
  } else if (!base::equals_ignoring_case(call.argument(), "none")) {
    const std::int32_t number = call.small_integer_argument();
    wanted = number >= 0 && number <= 2 ? number : 0;
  }
  d.requested_auto_vacuum = wanted;
  if (store->view().page_count().value == 0 || wanted == 0) return {};
  PL_ASSIGN(const btree::AutoVacuum mode, btree::auto_vacuum_mode(store->view()));
  if (mode == btree::AutoVacuum::None || static_cast<int>(mode) == wanted) return {};
  PL_TRY(connection.begin(call.database(), true, nullptr, 0));
  return btree::set_auto_vacuum_mode(store->view(), static_cast<btree::AutoVacuum>(wanted));
}

Status pragma_automatic_index(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().automatic_index, true);
}

Status pragma_busy_timeout(PragmaCall& call) {
  Connection& connection = call.connection();
  if (call.has_argument()) {
    connection.hooks.busy = nullptr;
    connection.busy_timeout_ms = std::max(0, call.small_integer_argument());
  }
  call.row().integer(connection.busy_timeout_ms);
  return {};
}

Status pragma_cache_size(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
  if (call.has_argument()) {
    store->set_cache_size(call.small_integer_argument());
    return {};
  }
  call.row().integer(store->cache_size());
  return {};
}

Status pragma_cache_spill(PragmaCall& call) {
  if (!call.has_argument()) {
    PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
    call.row().integer(store->cache_spill());
    return {};
  }
  const bool is_number = !call.argument().empty() &&
                         (call.argument()[0] == '-' || (call.argument()[0] >= '0' && call.argument()[0] <= '9'));
  const int pages = is_number ? call.small_integer_argument() : call.boolean_argument() ? 1 : 0;
  return for_stores(call, [&](pager::Store& store) {
    store.set_cache_spill(pages);
    return Status();
  });
}

Status pragma_case_sensitive_like(PragmaCall& call) {
  if (!call.has_argument()) return {};
  return call.connection().set_case_sensitive_like(call.boolean_argument());
}
Status pragma_cell_size_check(PragmaCall& call) { return boolean(call, call.connection().cell_size_check); }
Status pragma_checkpoint_fullfsync(PragmaCall& call) {
  PL_TRY(boolean(call, call.connection().checkpoint_full_fsync));
  return for_stores(call, [&](pager::Store& store) {
    store.set_checkpoint_full_fsync(call.connection().checkpoint_full_fsync);
    return Status();
  });
}
Status pragma_fullfsync(PragmaCall& call) {
  PL_TRY(boolean(call, call.connection().full_fsync));
  return for_stores(call, [&](pager::Store& store) {
    store.set_full_fsync(call.connection().full_fsync);
    return Status();
  });
}
Status pragma_count_changes(PragmaCall& call) { return boolean(call, call.connection().deprecated_count_changes); }
Status pragma_empty_result_callbacks(PragmaCall& call) {
  return boolean(call, call.connection().deprecated_empty_result_callbacks);
}
Status pragma_full_column_names(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().full_column_names, true);
}
Status pragma_short_column_names(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().short_column_names, true);
}
Status pragma_ignore_check_constraints(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().ignore_check_constraints, true);
}
Status pragma_legacy_alter_table(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().legacy_alter_table, true);
}
Status pragma_query_only(PragmaCall& call) { return boolean(call, call.connection().query_only); }
Status pragma_read_uncommitted(PragmaCall& call) { return boolean(call, call.connection().read_uncommitted); }
Status pragma_recursive_triggers(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().recursive_triggers, true);
}
Status pragma_reverse_unordered_selects(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().reverse_unordered_selects, true);
}
Status pragma_trusted_schema(PragmaCall& call) {
  return boolean(call, call.connection().mutable_switches().trusted_schema, true);
}
Status pragma_defer_foreign_keys(PragmaCall& call) { return boolean(call, call.connection().defer_foreign_keys); }

Status pragma_foreign_keys(PragmaCall& call) {
  // Without effect inside a transaction (foreignkeys.html §2).
  if (call.has_argument() && !call.connection().autocommit()) return {};
  return boolean(call, call.connection().mutable_switches().foreign_keys, true);
}

Status pragma_writable_schema(PragmaCall& call) {
  Connection& connection = call.connection();
  if (call.has_argument() && base::equals_ignoring_case(call.argument(), "reset")) {
    connection.mutable_switches().writable_schema = false;
    connection.forget_schemas();
    return {};
  }
  return boolean(call, connection.mutable_switches().writable_schema, true);
}

Status pragma_data_version(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, reading_store(call));
  call.row().integer(store->data_version());
  return {};
}

Status pragma_default_cache_size(PragmaCall& call) {
  if (call.has_argument()) {
    PL_TRY(header_field(call, pager::header::kDefaultCacheSize, true));
    database_of(call).store->set_cache_size(std::abs(call.small_integer_argument()));
    return {};
  }
  PL_ASSIGN(pager::Store* const store, reading_store(call));
  PL_ASSIGN(const std::uint32_t stored, store->read_header_u32(pager::header::kDefaultCacheSize));
  const auto pages = static_cast<std::int32_t>(stored);
  call.row().integer(pages == 0 ? -2000 : std::abs(pages));
  return {};
}

Status pragma_encoding(PragmaCall& call) {
  Connection& connection = call.connection();
  PL_TRY(connection.shape(0));
  if (!call.has_argument()) {
    constexpr const char* kNames[] = {"", "UTF-8", "UTF-16le", "UTF-16be"};
    call.row().text(kNames[static_cast<int>(connection.encoding())]);
    return {};
  }
  PL_ASSIGN(pager::Store* const store, connection.store(0));
  PL_TRY(store->begin_read());
  PL_ASSIGN(const std::uint32_t stored, store->read_header_u32(pager::header::kTextEncoding));
  if (stored != 0 || connection.find_shape_entries(0) > 0) return {};  // content exists: too late
  struct {
    const char* name;
    TextEncoding encoding;
  } static constexpr kEncodings[] = {{"UTF8", TextEncoding::Utf8},        {"UTF-8", TextEncoding::Utf8},
                                     {"UTF-16le", TextEncoding::Utf16le}, {"UTF-16be", TextEncoding::Utf16be},
                                     {"UTF16le", TextEncoding::Utf16le},  {"UTF16be", TextEncoding::Utf16be},
                                     {"UTF-16", TextEncoding::Utf16le},   {"UTF16", TextEncoding::Utf16le}};
  for (const auto& e : kEncodings) {
    if (!base::equals_ignoring_case(call.argument(), e.name)) continue;
    connection.set_encoding(e.encoding);
    connection.forget_schemas();
    return {};
  }
  return Status::format(Code::Error, -1, "unsupported encoding: %.*s", static_cast<int>(call.argument().size()),
                        call.argument().data());
}

Status pragma_freelist_count(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, reading_store(call));
  PL_ASSIGN(const std::uint32_t count, store->read_header_u32(pager::header::kFreePageCount));
  call.row().integer(count);
  return {};
}

Status pragma_page_count(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, reading_store(call));
  call.row().integer(store->view().page_count().value);
  return {};
}

Status pragma_page_size(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
  if (!call.has_argument()) {
    PL_TRY(store->begin_read());
    call.row().integer(store->page_size());
    return {};
  }
  const std::int32_t size = call.small_integer_argument();
  if (size < 512 || size > 65536 || (size & (size - 1)) != 0) return {};
  database_of(call).requested_page_size = size;
  return store->set_page_size(static_cast<std::uint32_t>(size), store->reserved_bytes());
}

Status pragma_max_page_count(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, reading_store(call));
  if (call.has_argument()) {
    const std::int64_t wanted = call.integer_argument();
    if (wanted > 0)
      store->set_max_page_count(
          static_cast<std::uint32_t>(std::min<std::int64_t>(wanted, pager::kDefaultMaxPageCount)));
  }
  call.row().integer(store->max_page_count());
  return {};
}

Status pragma_hard_heap_limit(PragmaCall& call) {
  if (call.has_argument()) {
    const std::int64_t wanted = call.integer_argument();
    const std::int64_t before = base::Allocator::hard_limit(-1);
    if (wanted > 0 && (before == 0 || wanted < before)) base::Allocator::hard_limit(wanted);
  }
  call.row().integer(base::Allocator::hard_limit(-1));
  return {};
}

Status pragma_soft_heap_limit(PragmaCall& call) {
  if (call.has_argument() && call.integer_argument() >= 0) base::Allocator::soft_limit(call.integer_argument());
  call.row().integer(base::Allocator::soft_limit(-1));
  return {};
}

Status pragma_incremental_vacuum(PragmaCall& call) {
  PL_TRY(call.connection().begin(call.database(), true, nullptr, 0));
  Database& d = database_of(call);
  std::int32_t pages = call.has_argument() ? call.small_integer_argument() : 0;
  if (pages < 1) pages = INT32_MAX;
  PL_ASSIGN(const btree::AutoVacuum mode, btree::auto_vacuum_mode(d.store->view()));
  if (mode != btree::AutoVacuum::Incremental) return {};
  for (std::int32_t i = 0; i < pages; ++i) {
    PL_ASSIGN(const bool released, btree::incremental_vacuum_step(d.store->view()));
    if (!released) break;
    call.row();
  }
  return {};
}

Status pragma_locking_mode(PragmaCall& call) {
  std::optional<pager::LockingMode> wanted;
  if (base::equals_ignoring_case(call.argument(), "exclusive")) wanted = pager::LockingMode::Exclusive;
  if (base::equals_ignoring_case(call.argument(), "normal")) wanted = pager::LockingMode::Normal;
  if (wanted.has_value()) {
    PL_TRY(for_stores(call, [&](pager::Store& store) {
      store.set_locking_mode(*wanted);
      return Status();
    }));
    if (!call.database_named()) call.connection().default_locking_mode = *wanted;
  } else if (!call.database_named()) {
    call.row().text(call.connection().default_locking_mode == pager::LockingMode::Exclusive ? "exclusive" : "normal");
    return {};
  }
  PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
  call.row().text(store->locking_mode() == pager::LockingMode::Exclusive || store->kind() == pager::StoreKind::Temp
                      ? "exclusive"
                      : "normal");
  return {};
}

Status pragma_mmap_size(PragmaCall& call) {
  Connection& connection = call.connection();
  if (call.has_argument()) {
    std::int64_t bytes = call.integer_argument();
    if (bytes < 0) bytes = base::process_settings().mmap_size_default;
    bytes = std::min(bytes, base::process_settings().mmap_size_limit);
    if (!call.database_named()) connection.mmap_size = bytes;
    for (int number = 0; number < connection.database_count(); ++number) {
      pager::Store* const store = connection.database(number).store;
      if (store != nullptr && (!call.database_named() || number == call.database())) store->set_mmap_size(bytes);
    }
  }
  const auto& store = database_of(call).store;
  sqlite3_file* const file = store == nullptr ? nullptr : store->file_handle();
  if (file == nullptr) return {};
  sqlite3_int64 size = -1;
  if (file->pMethods->xFileControl(file, SQLITE_FCNTL_MMAP_SIZE, &size) == SQLITE_OK) call.row().integer(size);
  return {};
}

Status pragma_secure_delete(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
  if (call.has_argument()) {
    const auto mode = base::equals_ignoring_case(call.argument(), "fast") ? pager::SecureDelete::Fast
                      : call.boolean_argument()                           ? pager::SecureDelete::On
                                                                          : pager::SecureDelete::Off;
    PL_TRY(for_stores(call, [&](pager::Store& each) {
      each.set_secure_delete(mode);
      return Status();
    }));
  }
  call.row().integer(static_cast<int>(store->secure_delete()));
  return {};
}

Status pragma_shrink_memory(PragmaCall& call) {
  return for_stores(call, [](pager::Store& store) {
    store.release_memory();
    return Status();
  });
}

Status pragma_synchronous(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
  if (!call.has_argument()) {
    call.row().integer(static_cast<int>(store->synchronous()));
    return {};
  }
  if (!call.connection().autocommit()) return Status::error("Safety level may not be changed inside a transaction");
  if (call.database() == 1) return {};
  struct {
    const char* word;
    int level;
  } static constexpr kLevels[] = {{"off", 0}, {"no", 0},   {"false", 0}, {"normal", 1}, {"on", 1},
                                  {"yes", 1}, {"true", 1}, {"full", 2},  {"extra", 3}};
  int level = 1;
  bool known = false;
  for (const auto& l : kLevels) {
    if (base::equals_ignoring_case(call.argument(), l.word)) {
      level = l.level;
      known = true;
    }
  }
  if (!known) {
    const char first = call.argument().empty() ? '\0' : call.argument()[0];
    if (first >= '0' && first <= '9') level = call.small_integer_argument() & 7;
    if (level > 3) level = 2;
  }
  store->set_synchronous(static_cast<pager::Synchronous>(level));
  return {};
}

Status pragma_temp_store(PragmaCall& call) {
  Connection& connection = call.connection();
  if (!call.has_argument()) {
    call.row().integer(connection.temp_store);
    return {};
  }
  int wanted = 0;
  if (call.argument() == "1" || base::equals_ignoring_case(call.argument(), "file")) wanted = 1;
  if (call.argument() == "2" || base::equals_ignoring_case(call.argument(), "memory")) wanted = 2;
  if (wanted == connection.temp_store) return {};
  Database& temp = connection.database(1);
  if (temp.store != nullptr) {
    if (!connection.autocommit() || temp.store->in_write())
      return Status::error("temporary storage cannot be changed from within a transaction");
    temp.take_store(nullptr);
    temp.forget_schema();
    connection.expire_programs();
  }
  connection.temp_store = wanted;
  return {};
}

Status pragma_temp_store_directory(PragmaCall& call) {
  if (!call.has_argument()) {
    if (sqlite3_temp_directory != nullptr && sqlite3_temp_directory[0] != '\0') call.row().text(sqlite3_temp_directory);
    return {};
  }
  return Status::error("temp_store_directory is deprecated: set the SQLITE_TMPDIR environment variable");
}

Status pragma_threads(PragmaCall& call) {
  Connection& connection = call.connection();
  if (call.has_argument() && call.integer_argument() >= 0) {
    connection.set_limit(kLimitWorkerThreads, static_cast<int>(std::min<std::int64_t>(call.integer_argument(), 8)));
  }
  call.row().integer(connection.limit(kLimitWorkerThreads));
  return {};
}

Status pragma_optimize(PragmaCall&) { return {}; }

}  // namespace perlite::engine
