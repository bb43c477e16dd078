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

// Errors.

// Statements.
MISSING_INT(sqlite3_stmt_scanstatus, (sqlite3_stmt * statement, int, int, void*), sqlite3_db_handle(statement))
MISSING_INT(sqlite3_stmt_scanstatus_v2, (sqlite3_stmt * statement, int, int, int, void*), sqlite3_db_handle(statement))
MISSING_VOID(sqlite3_stmt_scanstatus_reset, (sqlite3_stmt * statement), sqlite3_db_handle(statement))

// Binding.
MISSING_INT(sqlite3_carray_bind, (sqlite3_stmt * statement, int, void*, int, int, void (*)(void*)),
            sqlite3_db_handle(statement))
MISSING_INT(sqlite3_carray_bind_v2, (sqlite3_stmt * statement, int, void*, int, int, void (*)(void*), void*),
            sqlite3_db_handle(statement))

// Result columns.

// Values.

// Functions and collations.
MISSING_VALUE(int, sqlite3_aggregate_count, (sqlite3_context * context), sqlite3_context_db_handle(context), 0)

// Hooks.
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

// File names and URI.
MISSING_POINTER(sqlite3_file*, sqlite3_database_file_object, (const char*), nullptr)

// Extensions and virtual tables.
MISSING_INT(sqlite3_vtab_in_first, (sqlite3_value*, sqlite3_value**), nullptr)
MISSING_INT(sqlite3_vtab_in_next, (sqlite3_value*, sqlite3_value**), nullptr)
MISSING_INT(sqlite3_rtree_geometry_callback,
            (sqlite3 * db, const char*, int (*)(sqlite3_rtree_geometry*, int, sqlite3_rtree_dbl*, int*), void*), db)
MISSING_INT(sqlite3_rtree_query_callback,
            (sqlite3 * db, const char*, int (*)(sqlite3_rtree_query_info*), void*, void (*)(void*)), db)

// Deprecated.

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
