// What the public interface names and this release does not do yet, each with an honest error.
//
// Programs are bound when they are loaded, so every name must exist. A call of these fails: int functions answer
// SQLITE_ERROR, pointers are null, counts are zero, and the connection, where there is one, gets a message that names
// the function. Who implements one deletes its line here; docs/compatibility.md lists what is left.
#include <cstdarg>
#include <cstdio>

#include "sqlite3.h"

namespace perlite::api {
namespace {

int report_missing(sqlite3* db, const char* function) noexcept {
  if (db == nullptr) return SQLITE_ERROR;
  char text[120];
  std::snprintf(text, sizeof text, "%s() is not supported by this version of Perlite", function);
  sqlite3_set_errmsg(db, SQLITE_ERROR, text);
  return SQLITE_ERROR;
}

}  // namespace
}  // namespace perlite::api

using perlite::api::report_missing;

// MISSING_x([type,] name, parameters, connection [, value]): `connection` is an expression over the named parameters.
#define MISSING_INT(name, parameters, connection) \
  extern "C" SQLITE_API int name parameters { return report_missing(connection, #name); }
#define MISSING_VALUE(type, name, parameters, connection, value) \
  extern "C" SQLITE_API type name parameters {                   \
    report_missing(connection, #name);                           \
    return value;                                                \
  }
#define MISSING_POINTER(type, name, parameters, connection) MISSING_VALUE(type, name, parameters, connection, nullptr)
#define MISSING_VOID(name, parameters, connection) \
  extern "C" SQLITE_API void name parameters { report_missing(connection, #name); }

// Connections.
MISSING_INT(sqlite3_open, (const char*, sqlite3**), nullptr)
MISSING_INT(sqlite3_open16, (const void*, sqlite3**), nullptr)
MISSING_INT(sqlite3_open_v2, (const char*, sqlite3**, int, const char*), nullptr)
MISSING_INT(sqlite3_close, (sqlite3 * db), db)
MISSING_INT(sqlite3_close_v2, (sqlite3 * db), db)
MISSING_INT(sqlite3_db_config, (sqlite3 * db, int, ...), db)
MISSING_INT(sqlite3_extended_result_codes, (sqlite3 * db, int), db)
MISSING_INT(sqlite3_busy_handler, (sqlite3 * db, int (*)(void*, int), void*), db)
MISSING_INT(sqlite3_busy_timeout, (sqlite3 * db, int), db)
MISSING_INT(sqlite3_setlk_timeout, (sqlite3 * db, int, int), db)
MISSING_VOID(sqlite3_interrupt, (sqlite3 * db), db)
MISSING_VALUE(int, sqlite3_is_interrupted, (sqlite3 * db), db, 0)
MISSING_VALUE(int, sqlite3_limit, (sqlite3 * db, int, int), db, -1)
MISSING_VALUE(sqlite3_int64, sqlite3_last_insert_rowid, (sqlite3 * db), db, 0)
MISSING_VOID(sqlite3_set_last_insert_rowid, (sqlite3 * db, sqlite3_int64), db)
MISSING_VALUE(int, sqlite3_changes, (sqlite3 * db), db, 0)
MISSING_VALUE(sqlite3_int64, sqlite3_changes64, (sqlite3 * db), db, 0)
MISSING_VALUE(int, sqlite3_total_changes, (sqlite3 * db), db, 0)
MISSING_VALUE(sqlite3_int64, sqlite3_total_changes64, (sqlite3 * db), db, 0)
MISSING_VALUE(int, sqlite3_get_autocommit, (sqlite3 * db), db, 0)
MISSING_VALUE(int, sqlite3_txn_state, (sqlite3 * db, const char*), db, -1)
MISSING_POINTER(sqlite3*, sqlite3_db_handle, (sqlite3_stmt*), nullptr)
MISSING_POINTER(const char*, sqlite3_db_name, (sqlite3 * db, int), db)
MISSING_POINTER(sqlite3_filename, sqlite3_db_filename, (sqlite3 * db, const char*), db)
MISSING_VALUE(int, sqlite3_db_readonly, (sqlite3 * db, const char*), db, -1)
MISSING_POINTER(sqlite3_mutex*, sqlite3_db_mutex, (sqlite3 * db), db)
MISSING_INT(sqlite3_db_release_memory, (sqlite3 * db), db)
MISSING_INT(sqlite3_db_cacheflush, (sqlite3 * db), db)
MISSING_INT(sqlite3_db_status, (sqlite3 * db, int, int*, int*, int), db)
MISSING_INT(sqlite3_db_status64, (sqlite3 * db, int, sqlite3_int64*, sqlite3_int64*, int), db)
MISSING_POINTER(sqlite3_stmt*, sqlite3_next_stmt, (sqlite3 * db, sqlite3_stmt*), db)
MISSING_VALUE(int, sqlite3_system_errno, (sqlite3 * db), db, 0)
MISSING_POINTER(void*, sqlite3_get_clientdata, (sqlite3 * db, const char*), db)
MISSING_INT(sqlite3_set_clientdata, (sqlite3 * db, const char*, void*, void (*)(void*)), db)
MISSING_INT(sqlite3_table_column_metadata,
            (sqlite3 * db, const char*, const char*, const char*, char const**, char const**, int*, int*, int*), db)
MISSING_INT(sqlite3_file_control, (sqlite3 * db, const char*, int, void*), db)
MISSING_INT(sqlite3_unlock_notify, (sqlite3 * db, void (*)(void** arguments, int argument_count), void*), db)

// Errors.
MISSING_INT(sqlite3_errcode, (sqlite3*), nullptr)
MISSING_INT(sqlite3_extended_errcode, (sqlite3*), nullptr)
MISSING_POINTER(const char*, sqlite3_errmsg, (sqlite3*), nullptr)
MISSING_POINTER(const void*, sqlite3_errmsg16, (sqlite3*), nullptr)
MISSING_VALUE(int, sqlite3_error_offset, (sqlite3*), nullptr, -1)
MISSING_INT(sqlite3_set_errmsg, (sqlite3*, int, const char*), nullptr)

// Statements.
MISSING_INT(sqlite3_prepare, (sqlite3 * db, const char*, int, sqlite3_stmt**, const char**), db)
MISSING_INT(sqlite3_prepare_v2, (sqlite3 * db, const char*, int, sqlite3_stmt**, const char**), db)
MISSING_INT(sqlite3_prepare_v3, (sqlite3 * db, const char*, int, unsigned int, sqlite3_stmt**, const char**), db)
MISSING_INT(sqlite3_prepare16, (sqlite3 * db, const void*, int, sqlite3_stmt**, const void**), db)
MISSING_INT(sqlite3_prepare16_v2, (sqlite3 * db, const void*, int, sqlite3_stmt**, const void**), db)
MISSING_INT(sqlite3_prepare16_v3, (sqlite3 * db, const void*, int, unsigned int, sqlite3_stmt**, const void**), db)
MISSING_POINTER(const char*, sqlite3_sql, (sqlite3_stmt * statement), sqlite3_db_handle(statement))
MISSING_POINTER(char*, sqlite3_expanded_sql, (sqlite3_stmt * statement), sqlite3_db_handle(statement))
MISSING_POINTER(const char*, sqlite3_normalized_sql, (sqlite3_stmt * statement), sqlite3_db_handle(statement))
MISSING_VALUE(int, sqlite3_stmt_readonly, (sqlite3_stmt * statement), sqlite3_db_handle(statement), 0)
MISSING_VALUE(int, sqlite3_stmt_isexplain, (sqlite3_stmt * statement), sqlite3_db_handle(statement), 0)
MISSING_INT(sqlite3_stmt_explain, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_VALUE(int, sqlite3_stmt_busy, (sqlite3_stmt * statement), sqlite3_db_handle(statement), 0)
MISSING_INT(sqlite3_step, (sqlite3_stmt * statement), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_reset, (sqlite3_stmt * statement), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_finalize, (sqlite3_stmt * statement), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_clear_bindings, (sqlite3_stmt * statement), sqlite3_db_handle(statement))
MISSING_VALUE(int, sqlite3_data_count, (sqlite3_stmt * statement), sqlite3_db_handle(statement), 0)
MISSING_VALUE(int, sqlite3_stmt_status, (sqlite3_stmt * statement, int, int), sqlite3_db_handle(statement), 0)
MISSING_INT(sqlite3_stmt_scanstatus, (sqlite3_stmt * statement, int, int, void*), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_stmt_scanstatus_v2, (sqlite3_stmt * statement, int, int, int, void*), sqlite3_db_handle(statement))
MISSING_VOID(sqlite3_stmt_scanstatus_reset, (sqlite3_stmt * statement), sqlite3_db_handle(statement))

// Binding.
MISSING_INT(sqlite3_bind_blob, (sqlite3_stmt * statement, int, const void*, int, void (*)(void*)),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_blob64, (sqlite3_stmt * statement, int, const void*, sqlite3_uint64, void (*)(void*)),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_double, (sqlite3_stmt * statement, int, double), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_int, (sqlite3_stmt * statement, int, int), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_int64, (sqlite3_stmt * statement, int, sqlite3_int64), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_null, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_text, (sqlite3_stmt * statement, int, const char*, int, void (*)(void*)),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_text16, (sqlite3_stmt * statement, int, const void*, int, void (*)(void*)),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_text64,
            (sqlite3_stmt * statement, int, const char*, sqlite3_uint64, void (*)(void*), unsigned char),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_value, (sqlite3_stmt * statement, int, const sqlite3_value*), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_pointer, (sqlite3_stmt * statement, int, void*, const char*, void (*)(void*)),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_zeroblob, (sqlite3_stmt * statement, int, int), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_bind_zeroblob64, (sqlite3_stmt * statement, int, sqlite3_uint64), sqlite3_db_handle(statement))
MISSING_VALUE(int, sqlite3_bind_parameter_count, (sqlite3_stmt * statement), sqlite3_db_handle(statement), 0)
MISSING_POINTER(const char*, sqlite3_bind_parameter_name, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_VALUE(int, sqlite3_bind_parameter_index, (sqlite3_stmt * statement, const char*), sqlite3_db_handle(statement),
              0)
MISSING_INT(sqlite3_carray_bind, (sqlite3_stmt * statement, int, void*, int, int, void (*)(void*)),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_carray_bind_v2, (sqlite3_stmt * statement, int, void*, int, int, void (*)(void*), void*),
            sqlite3_db_handle(statement))

// Result columns.
MISSING_VALUE(int, sqlite3_column_count, (sqlite3_stmt * statement), sqlite3_db_handle(statement), 0)
MISSING_POINTER(const char*, sqlite3_column_name, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(const void*, sqlite3_column_name16, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(const char*, sqlite3_column_database_name, (sqlite3_stmt * statement, int),
                sqlite3_db_handle(statement))
MISSING_POINTER(const void*, sqlite3_column_database_name16, (sqlite3_stmt * statement, int),
                sqlite3_db_handle(statement))
MISSING_POINTER(const char*, sqlite3_column_table_name, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(const void*, sqlite3_column_table_name16, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(const char*, sqlite3_column_origin_name, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(const void*, sqlite3_column_origin_name16, (sqlite3_stmt * statement, int),
                sqlite3_db_handle(statement))
MISSING_POINTER(const char*, sqlite3_column_decltype, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(const void*, sqlite3_column_decltype16, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(const void*, sqlite3_column_blob, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_VALUE(double, sqlite3_column_double, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement), 0)
MISSING_VALUE(int, sqlite3_column_int, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement), 0)
MISSING_VALUE(sqlite3_int64, sqlite3_column_int64, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement), 0)
MISSING_POINTER(const unsigned char*, sqlite3_column_text, (sqlite3_stmt * statement, int),
                sqlite3_db_handle(statement))
MISSING_POINTER(const void*, sqlite3_column_text16, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_POINTER(sqlite3_value*, sqlite3_column_value, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement))
MISSING_VALUE(int, sqlite3_column_bytes, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement), 0)
MISSING_VALUE(int, sqlite3_column_bytes16, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement), 0)
MISSING_VALUE(int, sqlite3_column_type, (sqlite3_stmt * statement, int), sqlite3_db_handle(statement), 0)

// Values.
MISSING_POINTER(const void*, sqlite3_value_blob, (sqlite3_value*), nullptr)
MISSING_VALUE(double, sqlite3_value_double, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(int, sqlite3_value_int, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(sqlite3_int64, sqlite3_value_int64, (sqlite3_value*), nullptr, 0)
MISSING_POINTER(void*, sqlite3_value_pointer, (sqlite3_value*, const char*), nullptr)
MISSING_POINTER(const unsigned char*, sqlite3_value_text, (sqlite3_value*), nullptr)
MISSING_POINTER(const void*, sqlite3_value_text16, (sqlite3_value*), nullptr)
MISSING_POINTER(const void*, sqlite3_value_text16le, (sqlite3_value*), nullptr)
MISSING_POINTER(const void*, sqlite3_value_text16be, (sqlite3_value*), nullptr)
MISSING_VALUE(int, sqlite3_value_bytes, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(int, sqlite3_value_bytes16, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(int, sqlite3_value_type, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(int, sqlite3_value_numeric_type, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(int, sqlite3_value_nochange, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(int, sqlite3_value_frombind, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(int, sqlite3_value_encoding, (sqlite3_value*), nullptr, 0)
MISSING_VALUE(unsigned int, sqlite3_value_subtype, (sqlite3_value*), nullptr, 0)
MISSING_POINTER(sqlite3_value*, sqlite3_value_dup, (const sqlite3_value*), nullptr)
MISSING_VOID(sqlite3_value_free, (sqlite3_value*), nullptr)

// Functions and collations.
MISSING_INT(sqlite3_create_function,
            (sqlite3 * db, const char*, int, int, void*, void (*)(sqlite3_context*, int, sqlite3_value**),
             void (*)(sqlite3_context*, int, sqlite3_value**), void (*)(sqlite3_context*)),
            db)
MISSING_INT(sqlite3_create_function16,
            (sqlite3 * db, const void*, int, int, void*, void (*)(sqlite3_context*, int, sqlite3_value**),
             void (*)(sqlite3_context*, int, sqlite3_value**), void (*)(sqlite3_context*)),
            db)
MISSING_INT(sqlite3_create_function_v2,
            (sqlite3 * db, const char*, int, int, void*, void (*)(sqlite3_context*, int, sqlite3_value**),
             void (*)(sqlite3_context*, int, sqlite3_value**), void (*)(sqlite3_context*), void (*)(void*)),
            db)
MISSING_INT(sqlite3_create_window_function,
            (sqlite3 * db, const char*, int, int, void*, void (*)(sqlite3_context*, int, sqlite3_value**),
             void (*)(sqlite3_context*), void (*)(sqlite3_context*), void (*)(sqlite3_context*, int, sqlite3_value**),
             void (*)(void*)),
            db)
MISSING_INT(sqlite3_overload_function, (sqlite3 * db, const char*, int), db)
MISSING_INT(sqlite3_create_collation,
            (sqlite3 * db, const char*, int, void*, int (*)(void*, int, const void*, int, const void*)), db)
MISSING_INT(sqlite3_create_collation_v2,
            (sqlite3 * db, const char*, int, void*, int (*)(void*, int, const void*, int, const void*),
             void (*)(void*)),
            db)
MISSING_INT(sqlite3_create_collation16,
            (sqlite3 * db, const void*, int, void*, int (*)(void*, int, const void*, int, const void*)), db)
MISSING_INT(sqlite3_collation_needed, (sqlite3 * db, void*, void (*)(void*, sqlite3*, int text_encoding, const char*)),
            db)
MISSING_INT(sqlite3_collation_needed16,
            (sqlite3 * db, void*, void (*)(void*, sqlite3*, int text_encoding, const void*)), db)
MISSING_POINTER(void*, sqlite3_aggregate_context, (sqlite3_context * context, int), sqlite3_context_db_handle(context))
MISSING_VALUE(int, sqlite3_aggregate_count, (sqlite3_context * context), sqlite3_context_db_handle(context), 0)
MISSING_POINTER(void*, sqlite3_user_data, (sqlite3_context * context), sqlite3_context_db_handle(context))
MISSING_POINTER(sqlite3*, sqlite3_context_db_handle, (sqlite3_context*), nullptr)
MISSING_POINTER(void*, sqlite3_get_auxdata, (sqlite3_context * context, int), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_set_auxdata, (sqlite3_context * context, int, void*, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_blob, (sqlite3_context * context, const void*, int, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_blob64, (sqlite3_context * context, const void*, sqlite3_uint64, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_double, (sqlite3_context * context, double), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_error, (sqlite3_context * context, const char*, int), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_error16, (sqlite3_context * context, const void*, int), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_error_toobig, (sqlite3_context * context), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_error_nomem, (sqlite3_context * context), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_error_code, (sqlite3_context * context, int), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_int, (sqlite3_context * context, int), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_int64, (sqlite3_context * context, sqlite3_int64), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_null, (sqlite3_context * context), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_text, (sqlite3_context * context, const char*, int, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_text64,
             (sqlite3_context * context, const char*, sqlite3_uint64, void (*)(void*), unsigned char),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_text16, (sqlite3_context * context, const void*, int, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_text16le, (sqlite3_context * context, const void*, int, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_text16be, (sqlite3_context * context, const void*, int, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_value, (sqlite3_context * context, sqlite3_value*), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_pointer, (sqlite3_context * context, void*, const char*, void (*)(void*)),
             sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_zeroblob, (sqlite3_context * context, int), sqlite3_context_db_handle(context))
MISSING_INT(sqlite3_result_zeroblob64, (sqlite3_context * context, sqlite3_uint64), sqlite3_context_db_handle(context))
MISSING_VOID(sqlite3_result_subtype, (sqlite3_context * context, unsigned int), sqlite3_context_db_handle(context))

// Hooks.
MISSING_INT(sqlite3_set_authorizer,
            (sqlite3 * db, int (*)(void*, int, const char*, const char*, const char*, const char*), void*), db)
MISSING_POINTER(void*, sqlite3_trace, (sqlite3 * db, void (*)(void*, const char*), void*), db)
MISSING_POINTER(void*, sqlite3_profile, (sqlite3 * db, void (*)(void*, const char*, sqlite3_uint64), void*), db)
MISSING_INT(sqlite3_trace_v2, (sqlite3 * db, unsigned, int (*)(unsigned, void*, void*, void*), void*), db)
MISSING_VOID(sqlite3_progress_handler, (sqlite3 * db, int, int (*)(void*), void*), db)
MISSING_POINTER(void*, sqlite3_commit_hook, (sqlite3 * db, int (*)(void*), void*), db)
MISSING_POINTER(void*, sqlite3_rollback_hook, (sqlite3 * db, void (*)(void*), void*), db)
MISSING_POINTER(void*, sqlite3_update_hook,
                (sqlite3 * db, void (*)(void*, int, char const*, char const*, sqlite3_int64), void*), db)
MISSING_POINTER(void*, sqlite3_preupdate_hook,
                (sqlite3 * db,
                 void (*)(void* context, sqlite3* db, int op, char const* schema, char const* name,
                          sqlite3_int64 old_rowid, sqlite3_int64 new_rowid),
                 void*),
                db)
MISSING_INT(sqlite3_preupdate_old, (sqlite3 * db, int, sqlite3_value**), db)
MISSING_INT(sqlite3_preupdate_new, (sqlite3 * db, int, sqlite3_value**), db)
MISSING_VALUE(int, sqlite3_preupdate_count, (sqlite3 * db), db, 0)
MISSING_VALUE(int, sqlite3_preupdate_depth, (sqlite3 * db), db, 0)
MISSING_VALUE(int, sqlite3_preupdate_blobwrite, (sqlite3 * db), db, 0)
MISSING_POINTER(void*, sqlite3_wal_hook, (sqlite3 * db, int (*)(void*, sqlite3*, const char*, int), void*), db)
MISSING_INT(sqlite3_autovacuum_pages,
            (sqlite3 * db, unsigned int (*)(void*, const char*, unsigned int, unsigned int, unsigned int), void*,
             void (*)(void*)),
            db)

// File names and URI.
MISSING_POINTER(sqlite3_file*, sqlite3_database_file_object, (const char*), nullptr)

// Blob I/O, backup, serialize, snapshot.
MISSING_INT(sqlite3_blob_open,
            (sqlite3 * db, const char*, const char*, const char*, sqlite3_int64, int, sqlite3_blob**), db)
MISSING_INT(sqlite3_blob_reopen, (sqlite3_blob*, sqlite3_int64), nullptr)
MISSING_INT(sqlite3_blob_close, (sqlite3_blob*), nullptr)
MISSING_VALUE(int, sqlite3_blob_bytes, (sqlite3_blob*), nullptr, 0)
MISSING_INT(sqlite3_blob_read, (sqlite3_blob*, void*, int, int), nullptr)
MISSING_INT(sqlite3_blob_write, (sqlite3_blob*, const void*, int, int), nullptr)
MISSING_POINTER(sqlite3_backup*, sqlite3_backup_init, (sqlite3 * db, const char*, sqlite3*, const char*), db)
MISSING_INT(sqlite3_backup_step, (sqlite3_backup*, int), nullptr)
MISSING_INT(sqlite3_backup_finish, (sqlite3_backup*), nullptr)
MISSING_VALUE(int, sqlite3_backup_remaining, (sqlite3_backup*), nullptr, 0)
MISSING_VALUE(int, sqlite3_backup_pagecount, (sqlite3_backup*), nullptr, 0)
MISSING_POINTER(unsigned char*, sqlite3_serialize, (sqlite3 * db, const char*, sqlite3_int64*, unsigned int), db)
MISSING_INT(sqlite3_deserialize, (sqlite3 * db, const char*, unsigned char*, sqlite3_int64, sqlite3_int64, unsigned),
            db)
MISSING_INT(sqlite3_snapshot_get, (sqlite3 * db, const char*, sqlite3_snapshot**), db)
MISSING_INT(sqlite3_snapshot_open, (sqlite3 * db, const char*, sqlite3_snapshot*), db)
MISSING_VOID(sqlite3_snapshot_free, (sqlite3_snapshot*), nullptr)
MISSING_VALUE(int, sqlite3_snapshot_cmp, (sqlite3_snapshot*, sqlite3_snapshot*), nullptr, 0)
MISSING_INT(sqlite3_snapshot_recover, (sqlite3 * db, const char*), db)
MISSING_INT(sqlite3_wal_autocheckpoint, (sqlite3 * db, int), db)
MISSING_INT(sqlite3_wal_checkpoint, (sqlite3 * db, const char*), db)
MISSING_INT(sqlite3_wal_checkpoint_v2, (sqlite3 * db, const char*, int, int*, int*), db)

// Extensions and virtual tables.
MISSING_INT(sqlite3_load_extension, (sqlite3 * db, const char*, const char*, char**), db)
MISSING_INT(sqlite3_enable_load_extension, (sqlite3 * db, int), db)
MISSING_INT(sqlite3_create_module, (sqlite3 * db, const char*, const sqlite3_module*, void*), db)
MISSING_INT(sqlite3_create_module_v2, (sqlite3 * db, const char*, const sqlite3_module*, void*, void (*)(void*)), db)
MISSING_INT(sqlite3_drop_modules, (sqlite3 * db, const char**), db)
MISSING_INT(sqlite3_declare_vtab, (sqlite3 * db, const char*), db)
MISSING_INT(sqlite3_vtab_config, (sqlite3 * db, int, ...), db)
MISSING_VALUE(int, sqlite3_vtab_on_conflict, (sqlite3 * db), db, 0)
MISSING_VALUE(int, sqlite3_vtab_nochange, (sqlite3_context * context), sqlite3_context_db_handle(context), 0)
MISSING_POINTER(const char*, sqlite3_vtab_collation, (sqlite3_index_info*, int), nullptr)
MISSING_VALUE(int, sqlite3_vtab_distinct, (sqlite3_index_info*), nullptr, 0)
MISSING_VALUE(int, sqlite3_vtab_in, (sqlite3_index_info*, int, int), nullptr, 0)
MISSING_INT(sqlite3_vtab_in_first, (sqlite3_value*, sqlite3_value**), nullptr)
MISSING_INT(sqlite3_vtab_in_next, (sqlite3_value*, sqlite3_value**), nullptr)
MISSING_INT(sqlite3_vtab_rhs_value, (sqlite3_index_info*, int, sqlite3_value**), nullptr)
MISSING_INT(sqlite3_rtree_geometry_callback,
            (sqlite3 * db, const char*, int (*)(sqlite3_rtree_geometry*, int, sqlite3_rtree_dbl*, int*), void*), db)
MISSING_INT(sqlite3_rtree_query_callback,
            (sqlite3 * db, const char*, int (*)(sqlite3_rtree_query_info*), void*, void (*)(void*)), db)

// Deprecated.
MISSING_VALUE(int, sqlite3_expired, (sqlite3_stmt * statement), sqlite3_db_handle(statement), 0)
MISSING_INT(sqlite3_transfer_bindings, (sqlite3_stmt * statement, sqlite3_stmt*), sqlite3_db_handle(statement))

// Session extension.
MISSING_INT(sqlite3session_create, (sqlite3 * db, const char*, sqlite3_session**), db)
MISSING_VOID(sqlite3session_delete, (sqlite3_session*), nullptr)
MISSING_INT(sqlite3session_object_config, (sqlite3_session*, int, void*), nullptr)
MISSING_INT(sqlite3session_config, (int, void*), nullptr)
MISSING_VALUE(int, sqlite3session_enable, (sqlite3_session*, int), nullptr, 0)
MISSING_VALUE(int, sqlite3session_indirect, (sqlite3_session*, int), nullptr, 0)
MISSING_INT(sqlite3session_attach, (sqlite3_session*, const char*), nullptr)
MISSING_VOID(sqlite3session_table_filter, (sqlite3_session*, int (*)(void* context, const char* table), void*), nullptr)
MISSING_INT(sqlite3session_changeset, (sqlite3_session*, int*, void**), nullptr)
MISSING_VALUE(sqlite3_int64, sqlite3session_changeset_size, (sqlite3_session*), nullptr, 0)
MISSING_INT(sqlite3session_diff, (sqlite3_session*, const char*, const char*, char**), nullptr)
MISSING_INT(sqlite3session_patchset, (sqlite3_session*, int*, void**), nullptr)
MISSING_VALUE(int, sqlite3session_isempty, (sqlite3_session*), nullptr, 0)
MISSING_VALUE(sqlite3_int64, sqlite3session_memory_used, (sqlite3_session*), nullptr, 0)
MISSING_INT(sqlite3changeset_start, (sqlite3_changeset_iter**, int, void*), nullptr)
MISSING_INT(sqlite3changeset_start_v2, (sqlite3_changeset_iter**, int, void*, int), nullptr)
MISSING_INT(sqlite3changeset_next, (sqlite3_changeset_iter*), nullptr)
MISSING_INT(sqlite3changeset_op, (sqlite3_changeset_iter*, const char**, int*, int*, int*), nullptr)
MISSING_INT(sqlite3changeset_pk, (sqlite3_changeset_iter*, unsigned char**, int*), nullptr)
MISSING_INT(sqlite3changeset_old, (sqlite3_changeset_iter*, int, sqlite3_value**), nullptr)
MISSING_INT(sqlite3changeset_new, (sqlite3_changeset_iter*, int, sqlite3_value**), nullptr)
MISSING_INT(sqlite3changeset_conflict, (sqlite3_changeset_iter*, int, sqlite3_value**), nullptr)
MISSING_INT(sqlite3changeset_fk_conflicts, (sqlite3_changeset_iter*, int*), nullptr)
MISSING_INT(sqlite3changeset_finalize, (sqlite3_changeset_iter*), nullptr)
MISSING_INT(sqlite3changeset_invert, (int, const void*, int*, void**), nullptr)
MISSING_INT(sqlite3changeset_concat, (int, void*, int, void*, int*, void**), nullptr)
MISSING_INT(sqlite3changeset_apply,
            (sqlite3 * db, int, void*, int (*)(void* context, const char* table),
             int (*)(void* context, int kind, sqlite3_changeset_iter* p), void*),
            db)
MISSING_INT(sqlite3changeset_apply_v2,
            (sqlite3 * db, int, void*, int (*)(void* context, const char* table),
             int (*)(void* context, int kind, sqlite3_changeset_iter* p), void*, void**, int*, int),
            db)
MISSING_INT(sqlite3changeset_apply_v3,
            (sqlite3 * db, int, void*, int (*)(void* context, sqlite3_changeset_iter* p),
             int (*)(void* context, int kind, sqlite3_changeset_iter* p), void*, void**, int*, int),
            db)
MISSING_INT(sqlite3changegroup_new, (sqlite3_changegroup**), nullptr)
MISSING_INT(sqlite3changegroup_schema, (sqlite3_changegroup*, sqlite3* db, const char*), db)
MISSING_INT(sqlite3changegroup_add, (sqlite3_changegroup*, int, void*), nullptr)
MISSING_INT(sqlite3changegroup_add_change, (sqlite3_changegroup*, sqlite3_changeset_iter*), nullptr)
MISSING_INT(sqlite3changegroup_output, (sqlite3_changegroup*, int*, void**), nullptr)
MISSING_VOID(sqlite3changegroup_delete, (sqlite3_changegroup*), nullptr)
MISSING_INT(sqlite3changegroup_config, (sqlite3_changegroup*, int, void*), nullptr)
MISSING_INT(sqlite3changegroup_change_begin, (sqlite3_changegroup*, int, const char*, int, char**), nullptr)
MISSING_INT(sqlite3changegroup_change_int64, (sqlite3_changegroup*, int, int, sqlite3_int64), nullptr)
MISSING_INT(sqlite3changegroup_change_null, (sqlite3_changegroup*, int, int), nullptr)
MISSING_INT(sqlite3changegroup_change_double, (sqlite3_changegroup*, int, int, double), nullptr)
MISSING_INT(sqlite3changegroup_change_text, (sqlite3_changegroup*, int, int, const char*, int), nullptr)
MISSING_INT(sqlite3changegroup_change_blob, (sqlite3_changegroup*, int, int, const void*, int), nullptr)
MISSING_INT(sqlite3changegroup_change_finish, (sqlite3_changegroup*, int, char**), nullptr)
MISSING_INT(sqlite3rebaser_create, (sqlite3_rebaser**), nullptr)
MISSING_INT(sqlite3rebaser_configure, (sqlite3_rebaser*, int, const void*), nullptr)
MISSING_INT(sqlite3rebaser_rebase, (sqlite3_rebaser*, int, const void*, int*, void**), nullptr)
MISSING_VOID(sqlite3rebaser_delete, (sqlite3_rebaser*), nullptr)
MISSING_INT(sqlite3changeset_apply_strm,
            (sqlite3 * db, int (*)(void* in, void* data, int* size), void*, int (*)(void* context, const char* table),
             int (*)(void* context, int kind, sqlite3_changeset_iter* p), void*),
            db)
MISSING_INT(sqlite3changeset_apply_v2_strm,
            (sqlite3 * db, int (*)(void* in, void* data, int* size), void*, int (*)(void* context, const char* table),
             int (*)(void* context, int kind, sqlite3_changeset_iter* p), void*, void**, int*, int),
            db)
MISSING_INT(sqlite3changeset_apply_v3_strm,
            (sqlite3 * db, int (*)(void* in, void* data, int* size), void*,
             int (*)(void* context, sqlite3_changeset_iter* p),
             int (*)(void* context, int kind, sqlite3_changeset_iter* p), void*, void**, int*, int),
            db)
MISSING_INT(sqlite3changeset_concat_strm,
            (int (*)(void* in, void* data, int* size), void*, int (*)(void* in, void* data, int* size), void*,
             int (*)(void* out, const void* data, int size), void*),
            nullptr)
MISSING_INT(sqlite3changeset_invert_strm,
            (int (*)(void* in, void* data, int* size), void*, int (*)(void* out, const void* data, int size), void*),
            nullptr)
MISSING_INT(sqlite3changeset_start_strm, (sqlite3_changeset_iter**, int (*)(void* in, void* data, int* size), void*),
            nullptr)
MISSING_INT(sqlite3changeset_start_v2_strm,
            (sqlite3_changeset_iter**, int (*)(void* in, void* data, int* size), void*, int), nullptr)
MISSING_INT(sqlite3session_changeset_strm, (sqlite3_session*, int (*)(void* out, const void* data, int size), void*),
            nullptr)
MISSING_INT(sqlite3session_patchset_strm, (sqlite3_session*, int (*)(void* out, const void* data, int size), void*),
            nullptr)
MISSING_INT(sqlite3changegroup_add_strm, (sqlite3_changegroup*, int (*)(void* in, void* data, int* size), void*),
            nullptr)
MISSING_INT(sqlite3changegroup_output_strm,
            (sqlite3_changegroup*, int (*)(void* out, const void* data, int size), void*), nullptr)
MISSING_INT(sqlite3rebaser_rebase_strm,
            (sqlite3_rebaser*, int (*)(void* in, void* data, int* size), void*,
             int (*)(void* out, const void* data, int size), void*),
            nullptr)
