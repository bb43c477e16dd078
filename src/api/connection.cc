// Opening, closing and asking connections.
#include <cstdarg>
#include <cstring>

#include "api/handles.h"
#include "api/library.h"
#include "api/zombie.h"
#include "base/ascii.h"
#include "base/process.h"
#include "engine/sources.h"
#include "os/vfs.h"

using namespace perlite;
using namespace perlite::api;

namespace {

int open_connection(const char* filename, sqlite3** out, int flags, const char* vfs, TextEncoding encoding) noexcept {
  if (out == nullptr) return SQLITE_MISUSE;
  *out = nullptr;
  if (const int code = initialize_library(); code != SQLITE_OK) return code;
  // READONLY, READWRITE or READWRITE|CREATE; anything else is misuse (c3ref/open.html).
  const int access = flags & 7;
  if (access != SQLITE_OPEN_READONLY && access != SQLITE_OPEN_READWRITE &&
      access != (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE))
    return SQLITE_MISUSE;
  flags &= SQLITE_OPEN_READONLY | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_MEMORY |
           SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_SHAREDCACHE | SQLITE_OPEN_PRIVATECACHE |
           SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  if ((flags & SQLITE_OPEN_PRIVATECACHE) != 0) {
    flags &= ~SQLITE_OPEN_SHAREDCACHE;
  } else if (engine::SharedCache::is_default()) {
    flags |= SQLITE_OPEN_SHAREDCACHE;
  }
  bool serialized = base::threading() == base::Threading::Serialized;
  if ((flags & SQLITE_OPEN_NOMUTEX) != 0) serialized = false;
  if ((flags & SQLITE_OPEN_FULLMUTEX) != 0) serialized = base::threading() != base::Threading::Single;
  Connection* connection = nullptr;
  try {
    connection = new Connection(serialized);
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
  if (!connection->lock().usable()) {
    delete connection;
    return SQLITE_NOMEM;
  }
  if ((flags & SQLITE_OPEN_EXRESCODE) != 0) connection->result_mask = -1;
  connection->set_encoding(encoding);
  int code = guarded(*connection, [&] {
    engine::OpenOptions options;
    options.filename = filename == nullptr ? "" : filename;
    options.flags = flags;
    options.vfs = vfs;
    options.uri_allowed = base::process_settings().uri_names;
    return connection->open(options);
  });
  *out = to_handle(connection);
  if (code == SQLITE_NOMEM) {
    delete connection;
    *out = nullptr;
    return SQLITE_NOMEM;
  }
  if (code == SQLITE_OK) {
    char* text = nullptr;
    code = run_auto_extensions(*out, &text);
    if (code != SQLITE_OK) {
      connection->error().set(
          Status::format(Code::Error, -1, "automatic extension loading failed: %s", text == nullptr ? "" : text));
      code = SQLITE_ERROR;
    }
    sqlite3_free(text);
  }
  return code;
}

// Ends a connection that nobody needs any more.
void destroy(Connection* connection) noexcept {
  Connection* const outer = connection->enter();
  static_cast<void>(connection->rollback_all(Code::Abort));
  const engine::Hooks hooks = connection->hooks;
  if ((hooks.trace_mask & SQLITE_TRACE_CLOSE) != 0)
    hooks.trace(SQLITE_TRACE_CLOSE, hooks.trace_context, connection, nullptr);
  connection->close_databases();
  connection->leave(outer);
  delete connection;
}

int close_connection(sqlite3* db, bool deferred) noexcept {
  if (db == nullptr) return SQLITE_OK;
  Connection* connection = to_connection(db);
  if (!Connection::is_alive(connection)) return SQLITE_MISUSE;
  connection->lock().enter();
  const bool in_use = connection->first_statement() != nullptr || connection->open_children > 0;
  if (in_use && !deferred) {
    connection->error().set(Status(Code::Busy, "unable to close due to unfinalized statements or unfinished backups"));
    connection->lock().leave();
    return SQLITE_BUSY;
  }
  if (in_use) {
    connection->set_zombie();
    connection->lock().leave();
    return SQLITE_OK;
  }
  connection->lock().leave();
  destroy(connection);
  return SQLITE_OK;
}

// The database a schema name means; null is main. -1 when there is none.
int find_schema(Connection& connection, const char* name) noexcept {
  return name == nullptr ? 0 : connection.find_database(name);
}

}  // namespace

namespace perlite::api {

void release_zombie(Connection& connection) noexcept {
  if (connection.is_zombie() && connection.first_statement() == nullptr && connection.open_children == 0)
    destroy(&connection);
}

}  // namespace perlite::api

extern "C" {

SQLITE_API int sqlite3_open_v2(const char* filename, sqlite3** out, int flags, const char* vfs) {
  return open_connection(filename, out, flags, vfs, TextEncoding::Utf8);
}

SQLITE_API int sqlite3_open(const char* filename, sqlite3** out) {
  return open_connection(filename, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr, TextEncoding::Utf8);
}

SQLITE_API int sqlite3_open16(const void* filename, sqlite3** out) {
  if (out == nullptr) return SQLITE_MISUSE;
  try {
    OwnedValue name;
    if (filename != nullptr) {
      const auto* units = static_cast<const char16_t*>(filename);
      name->set_text_copy({static_cast<const char*>(filename), std::char_traits<char16_t>::length(units) * 2},
                          TextEncoding::Utf16le);
    } else {
      name->set_text_copy("");
    }
    return open_connection(name->read_text(TextEncoding::Utf8).data(), out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                           nullptr, TextEncoding::Utf16le);
  } catch (const std::bad_alloc&) {
    *out = nullptr;
    return SQLITE_NOMEM;
  }
}

SQLITE_API int sqlite3_close(sqlite3* db) { return close_connection(db, false); }
SQLITE_API int sqlite3_close_v2(sqlite3* db) { return close_connection(db, true); }

SQLITE_API int sqlite3_extended_result_codes(sqlite3* db, int on) {
  if (!usable(db)) return SQLITE_MISUSE;
  to_connection(db)->result_mask = on != 0 ? -1 : 0xff;
  return SQLITE_OK;
}

SQLITE_API int sqlite3_busy_handler(sqlite3* db, int (*handler)(void*, int), void* context) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.busy = handler;
  c.hooks.busy_context = context;
  c.busy_timeout_ms = 0;
  return SQLITE_OK;
}

SQLITE_API int sqlite3_busy_timeout(sqlite3* db, int ms) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.busy = nullptr;
  c.busy_timeout_ms = ms > 0 ? ms : 0;
  return SQLITE_OK;
}

SQLITE_API int sqlite3_setlk_timeout(sqlite3* db, int, int) { return usable(db) ? SQLITE_OK : SQLITE_MISUSE; }

SQLITE_API void sqlite3_interrupt(sqlite3* db) {
  if (db != nullptr) to_connection(db)->interrupt();
}
SQLITE_API int sqlite3_is_interrupted(sqlite3* db) {
  return usable(db) && to_connection(db)->budget().interrupted() ? 1 : 0;
}

SQLITE_API int sqlite3_unlock_notify(sqlite3* db, void (*callback)(void** arguments, int count), void* argument) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  return report(c, engine::notify_of_unlock(c, callback, argument));
}

SQLITE_API int sqlite3_limit(sqlite3* db, int id, int value) {
  if (!usable(db)) return -1;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  return c.set_limit(id, value);
}

SQLITE_API sqlite3_int64 sqlite3_last_insert_rowid(sqlite3* db) {
  return usable(db) ? to_connection(db)->last_rowid : 0;
}
SQLITE_API void sqlite3_set_last_insert_rowid(sqlite3* db, sqlite3_int64 rowid) {
  if (usable(db)) to_connection(db)->last_rowid = rowid;
}
SQLITE_API sqlite3_int64 sqlite3_changes64(sqlite3* db) { return usable(db) ? to_connection(db)->changes_last : 0; }
SQLITE_API int sqlite3_changes(sqlite3* db) { return static_cast<int>(sqlite3_changes64(db)); }
SQLITE_API sqlite3_int64 sqlite3_total_changes64(sqlite3* db) {
  return usable(db) ? to_connection(db)->changes_total : 0;
}
SQLITE_API int sqlite3_total_changes(sqlite3* db) { return static_cast<int>(sqlite3_total_changes64(db)); }
SQLITE_API int sqlite3_get_autocommit(sqlite3* db) { return usable(db) && to_connection(db)->autocommit() ? 1 : 0; }

SQLITE_API int sqlite3_txn_state(sqlite3* db, const char* schema) {
  if (!usable(db)) return -1;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  if (schema == nullptr) return c.transaction_state(-1);
  const int number = c.find_database(schema);
  return number < 0 ? -1 : c.transaction_state(number);
}

SQLITE_API const char* sqlite3_db_name(sqlite3* db, int index) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  return index < 0 || index >= c.database_count() ? nullptr : c.database(index).name.c_str();
}

SQLITE_API sqlite3_filename sqlite3_db_filename(sqlite3* db, const char* schema) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const int number = find_schema(c, schema);
  if (number < 0) return nullptr;
  const auto& store = c.database(number).store;
  return store == nullptr || store->filename() == nullptr ? "" : store->filename();
}

SQLITE_API int sqlite3_db_readonly(sqlite3* db, const char* schema) {
  if (!usable(db)) return -1;
  Connection& c = *to_connection(db);
  const int number = find_schema(c, schema);
  if (number < 0) return -1;
  return c.database(number).store != nullptr && c.database(number).store->is_readonly() ? 1 : 0;
}

SQLITE_API sqlite3_mutex* sqlite3_db_mutex(sqlite3* db) {
  return usable(db) ? to_connection(db)->lock().handle() : nullptr;
}

SQLITE_API int sqlite3_db_release_memory(sqlite3* db) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  for (auto& d : c.databases()) {
    if (d->store != nullptr) d->store->release_memory();
  }
  return SQLITE_OK;
}

SQLITE_API int sqlite3_db_cacheflush(sqlite3* db) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  try {
    bool skipped = false;
    for (auto& d : c.databases()) {
      if (d->store == nullptr) continue;
      const Status status = d->store->flush_changes();
      if (!status.ok() && status.code() != Code::Busy) return static_cast<int>(status.code());
      skipped = skipped || !status.ok();
    }
    return skipped ? SQLITE_BUSY : SQLITE_OK;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

SQLITE_API int sqlite3_db_status64(sqlite3* db, int op, sqlite3_int64* current, sqlite3_int64* highwater, int reset) {
  if (!usable(db) || current == nullptr || highwater == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  *current = 0;
  *highwater = 0;
  switch (op) {
    case SQLITE_DBSTATUS_LOOKASIDE_USED:
    case SQLITE_DBSTATUS_LOOKASIDE_HIT:
    case SQLITE_DBSTATUS_LOOKASIDE_MISS_SIZE:
    case SQLITE_DBSTATUS_LOOKASIDE_MISS_FULL:
    case SQLITE_DBSTATUS_TEMPBUF_SPILL:
      return SQLITE_OK;
    case SQLITE_DBSTATUS_CACHE_USED:
    case SQLITE_DBSTATUS_CACHE_USED_SHARED:
      for (auto& d : c.databases()) {
        if (d->store == nullptr) continue;
        const int sharers = op == SQLITE_DBSTATUS_CACHE_USED_SHARED && d->shared ? d->shared->cache().member_count() : 1;
        *current += static_cast<sqlite3_int64>(d->store->memory_used()) / sharers;
      }
      return SQLITE_OK;
    case SQLITE_DBSTATUS_SCHEMA_USED:
      for (auto& d : c.databases()) {
        if (d->shape) *current += static_cast<sqlite3_int64>(d->shape->memory_used() + d->placement.memory_used());
      }
      return SQLITE_OK;
    case SQLITE_DBSTATUS_STMT_USED:
      for (Statement* s = c.first_statement(); s != nullptr; s = s->next()) {
        *current += static_cast<sqlite3_int64>(s->execution().memory_used());
      }
      return SQLITE_OK;
    case SQLITE_DBSTATUS_CACHE_HIT:
    case SQLITE_DBSTATUS_CACHE_MISS:
    case SQLITE_DBSTATUS_CACHE_WRITE:
    case SQLITE_DBSTATUS_CACHE_SPILL:
      for (auto& d : c.databases()) {
        if (d->store == nullptr) continue;
        const pager::StoreCounters counters = d->store->counters();
        *current += static_cast<sqlite3_int64>(op == SQLITE_DBSTATUS_CACHE_HIT     ? counters.hits
                                               : op == SQLITE_DBSTATUS_CACHE_MISS  ? counters.misses
                                               : op == SQLITE_DBSTATUS_CACHE_WRITE ? counters.writes
                                                                                   : counters.spills);
        if (reset != 0) d->store->reset_counters();
      }
      return SQLITE_OK;
    case SQLITE_DBSTATUS_DEFERRED_FKS:
      *current = c.foreign_key_counter() > 0 ? 1 : 0;
      return SQLITE_OK;
    default:
      return SQLITE_ERROR;
  }
}

SQLITE_API int sqlite3_db_status(sqlite3* db, int op, int* current, int* highwater, int reset) {
  if (current == nullptr || highwater == nullptr) return SQLITE_MISUSE;
  sqlite3_int64 wide_current = 0;
  sqlite3_int64 wide_highwater = 0;
  const int code = sqlite3_db_status64(db, op, &wide_current, &wide_highwater, reset);
  *current = static_cast<int>(wide_current & 0x7fffffff);
  *highwater = static_cast<int>(wide_highwater & 0x7fffffff);
  return code;
}

SQLITE_API sqlite3_stmt* sqlite3_next_stmt(sqlite3* db, sqlite3_stmt* statement) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  Statement* s = to_statement(statement);
  return to_handle(s == nullptr ? c.first_statement() : s->next());
}

SQLITE_API int sqlite3_system_errno(sqlite3* db) { return db == nullptr ? 0 : to_connection(db)->error().system_error(); }

SQLITE_API int sqlite3_db_config(sqlite3* db, int op, ...) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  va_list arguments;
  va_start(arguments, op);
  int code = SQLITE_OK;
  auto& switches = c.mutable_switches();
  bool* flag = nullptr;
  bool no_effect = false;
  switch (op) {
    case SQLITE_DBCONFIG_MAINDBNAME:
      c.database(0).name.assign(va_arg(arguments, const char*));
      va_end(arguments);
      return SQLITE_OK;
    case SQLITE_DBCONFIG_LOOKASIDE:
      va_end(arguments);
      return SQLITE_OK;
    case SQLITE_DBCONFIG_FP_DIGITS: {
      const int wanted = va_arg(arguments, int);
      int* out = va_arg(arguments, int*);
      if (wanted >= 4 && wanted <= 23 && wanted != c.real_digits) {
        c.real_digits = wanted;
        c.expire_programs();  // they hold texts of constants
      }
      if (out != nullptr) *out = c.real_digits;
      va_end(arguments);
      return SQLITE_OK;
    }
    case SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE: {
      const int wanted = va_arg(arguments, int);
      int* out = va_arg(arguments, int*);
      if (wanted >= 0) c.checkpoint_on_close = wanted == 0;
      if (out != nullptr) *out = c.checkpoint_on_close ? 0 : 1;
      break;
    }
    case SQLITE_DBCONFIG_ENABLE_FKEY:
      flag = &switches.foreign_keys;
      break;
    case SQLITE_DBCONFIG_ENABLE_TRIGGER:
      flag = &switches.enable_triggers;
      break;
    case SQLITE_DBCONFIG_ENABLE_VIEW:
      flag = &switches.enable_views;
      break;
    case SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION:
      flag = &c.load_extension_allowed;
      break;
    case SQLITE_DBCONFIG_DEFENSIVE:
      flag = &switches.defensive;
      break;
    case SQLITE_DBCONFIG_WRITABLE_SCHEMA:
      flag = &switches.writable_schema;
      break;
    case SQLITE_DBCONFIG_LEGACY_FILE_FORMAT:
      flag = &switches.legacy_file_format;
      break;
    case SQLITE_DBCONFIG_LEGACY_ALTER_TABLE:
      flag = &switches.legacy_alter_table;
      break;
    case SQLITE_DBCONFIG_DQS_DML:
      flag = &switches.double_quoted_strings_dml;
      break;
    case SQLITE_DBCONFIG_DQS_DDL:
      flag = &switches.double_quoted_strings_ddl;
      break;
    case SQLITE_DBCONFIG_TRUSTED_SCHEMA:
      flag = &switches.trusted_schema;
      break;
    case SQLITE_DBCONFIG_REVERSE_SCANORDER:
      flag = &switches.reverse_unordered_selects;
      break;
    case SQLITE_DBCONFIG_RESET_DATABASE:
      flag = &c.reset_database;
      break;
    case SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER:
    case SQLITE_DBCONFIG_ENABLE_QPSG:
    case SQLITE_DBCONFIG_TRIGGER_EQP:
    case SQLITE_DBCONFIG_STMT_SCANSTATUS:
    case SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE:
    case SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE:
    case SQLITE_DBCONFIG_ENABLE_COMMENTS:
      flag = &c.unused_switches[op - SQLITE_DBCONFIG_MAINDBNAME];
      no_effect = true;
      break;
    default:
      code = SQLITE_ERROR;
      break;
  }
  if (flag != nullptr) {
    const int on = va_arg(arguments, int);
    int* out = va_arg(arguments, int*);
    const bool before = *flag;
    if (on >= 0) *flag = on != 0;
    if (out != nullptr) *out = *flag ? 1 : 0;
    if (before != *flag && !no_effect) c.expire_programs();
  }
  va_end(arguments);
  return code;
}

// ---- errors ----

SQLITE_API int sqlite3_errcode(sqlite3* db) {
  if (db == nullptr) return SQLITE_NOMEM;
  Connection* c = to_connection(db);
  if (!Connection::is_alive(c) && !c->is_zombie()) return SQLITE_MISUSE;
  return static_cast<int>(c->error().code()) & c->result_mask;
}
SQLITE_API int sqlite3_extended_errcode(sqlite3* db) {
  if (db == nullptr) return SQLITE_NOMEM;
  Connection* c = to_connection(db);
  if (!Connection::is_alive(c) && !c->is_zombie()) return SQLITE_MISUSE;
  return static_cast<int>(c->error().code());
}
SQLITE_API const char* sqlite3_errmsg(sqlite3* db) {
  if (db == nullptr) return code_text(SQLITE_NOMEM);
  Connection* c = to_connection(db);
  if (!Connection::is_alive(c) && !c->is_zombie()) return code_text(SQLITE_MISUSE);
  return c->error().message_text();
}
SQLITE_API const void* sqlite3_errmsg16(sqlite3* db) {
  static constexpr char16_t kNoMemory[] = u"out of memory";
  static constexpr char16_t kMisuse[] = u"bad parameter or other API misuse";
  if (db == nullptr) return kNoMemory;
  if (!usable(db)) return kMisuse;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  try {
    c.wide_message->set_text_copy(c.error().message(), TextEncoding::Utf8);
    c.wide_message->convert_to_text(TextEncoding::Utf16le);
    c.wide_message->terminate();
    return c.wide_message->data;
  } catch (const std::bad_alloc&) {
    return kNoMemory;
  }
}
SQLITE_API int sqlite3_error_offset(sqlite3* db) { return usable(db) ? to_connection(db)->error().offset() : -1; }
SQLITE_API int sqlite3_set_errmsg(sqlite3* db, int code, const char* text) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  if (text == nullptr) {
    c.error().set_code(static_cast<Code>(code));
  } else {
    c.error().set(Status(static_cast<Code>(code), text));
  }
  return SQLITE_OK;
}

// ---- hooks ----

SQLITE_API int sqlite3_set_authorizer(sqlite3* db,
                                      int (*callback)(void*, int, const char*, const char*, const char*, const char*),
                                      void* context) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.authorizer = callback;
  c.hooks.authorizer_context = context;
  c.expire_programs();
  return SQLITE_OK;
}
SQLITE_API void sqlite3_progress_handler(sqlite3* db, int every, int (*callback)(void*), void* context) {
  if (!usable(db)) return;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.budget().set_progress(every, callback, context);
}
SQLITE_API void* sqlite3_commit_hook(sqlite3* db, int (*callback)(void*), void* context) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.commit = callback;
  return std::exchange(c.hooks.commit_context, context);
}
SQLITE_API void* sqlite3_rollback_hook(sqlite3* db, void (*callback)(void*), void* context) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.rollback = callback;
  return std::exchange(c.hooks.rollback_context, context);
}
SQLITE_API void* sqlite3_update_hook(sqlite3* db, void (*callback)(void*, int, const char*, const char*, sqlite3_int64),
                                     void* context) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.update = callback;
  return std::exchange(c.hooks.update_context, context);
}
SQLITE_API int sqlite3_trace_v2(sqlite3* db, unsigned mask, int (*callback)(unsigned, void*, void*, void*),
                                void* context) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.trace_mask = callback == nullptr ? 0 : mask;
  c.hooks.trace = callback;
  c.hooks.trace_context = context;
  return SQLITE_OK;
}
SQLITE_API void* sqlite3_trace(sqlite3* db, void (*callback)(void*, const char*), void* context) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.legacy_trace = callback;
  return std::exchange(c.hooks.legacy_trace_context, context);
}
SQLITE_API void* sqlite3_profile(sqlite3* db, void (*callback)(void*, const char*, sqlite3_uint64), void* context) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  c.hooks.legacy_profile = callback;
  return std::exchange(c.hooks.legacy_profile_context, context);
}

SQLITE_API int sqlite3_autovacuum_pages(sqlite3* db,
                                        unsigned (*callback)(void*, const char*, unsigned, unsigned, unsigned),
                                        void* context, void (*destroy)(void*)) {
  if (!usable(db)) {
    if (destroy != nullptr) destroy(context);
    return SQLITE_MISUSE;
  }
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  engine::Hooks& hooks = c.hooks;
  if (hooks.autovacuum_pages_destroy != nullptr) hooks.autovacuum_pages_destroy(hooks.autovacuum_pages_context);
  hooks.autovacuum_pages = callback;
  hooks.autovacuum_pages_context = context;
  hooks.autovacuum_pages_destroy = destroy;
  return SQLITE_OK;
}

// ---- client data ----

SQLITE_API void* sqlite3_get_clientdata(sqlite3* db, const char* name) {
  if (!usable(db) || name == nullptr) return nullptr;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  return c.client_data(name);
}
SQLITE_API int sqlite3_set_clientdata(sqlite3* db, const char* name, void* data, void (*destroy)(void*)) {
  if (!usable(db) || name == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&] {
    c.set_client_data(name, data, destroy);
    return Status();
  });
}

// ---- files ----

SQLITE_API int sqlite3_file_control(sqlite3* db, const char* schema, int op, void* argument) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const StateGuard guard(c);
  const int number = find_schema(c, schema);
  if (number < 0) return SQLITE_ERROR;
  auto& store = c.database(number).store;
  if (store == nullptr) return SQLITE_NOTFOUND;
  sqlite3_file* file = store->file_handle();
  switch (op) {
    case SQLITE_FCNTL_FILE_POINTER:
      *static_cast<sqlite3_file**>(argument) = file;
      return SQLITE_OK;
    case SQLITE_FCNTL_VFS_POINTER:
      *static_cast<sqlite3_vfs**>(argument) = &store->vfs();
      return SQLITE_OK;
    case SQLITE_FCNTL_JOURNAL_POINTER:
      *static_cast<sqlite3_file**>(argument) = store->journal_handle();
      return SQLITE_OK;
    case SQLITE_FCNTL_DATA_VERSION:
      *static_cast<unsigned*>(argument) = store->data_version();
      return SQLITE_OK;
    case SQLITE_FCNTL_RESERVE_BYTES: {
      int* bytes = static_cast<int*>(argument);
      int& requested = c.database(number).requested_reserved_bytes;
      const int before = std::max(static_cast<int>(store->reserved_bytes()), requested);
      if (*bytes >= 0 && *bytes <= 255) {
        requested = *bytes;  // a database with pages takes it at VACUUM
        if (!store->set_page_size(store->page_size(), static_cast<std::uint32_t>(*bytes)).ok()) return SQLITE_ERROR;
      }
      *bytes = before;
      return SQLITE_OK;
    }
    case SQLITE_FCNTL_RESET_CACHE:
      store->release_memory();
      return SQLITE_OK;
    default:
      break;
  }
  if (file == nullptr || file->pMethods == nullptr) return SQLITE_NOTFOUND;
  return file->pMethods->xFileControl(file, op, argument);
}

}  // extern "C"
