// Columns of tables, place holders of functions, and what belongs to logs that are not there.
#include <cstring>

#include "api/handles.h"
#include "base/ascii.h"
#include "base/containers.h"
#include "sql/normalize.h"

using namespace perlite;
using namespace perlite::api;

namespace {

struct FoundColumn {
  const char* type = nullptr;
  const char* collation = "BINARY";
  int not_null = 0;
  int primary_key = 0;
  int autoincrement = 0;
};

bool is_rowid_name(std::string_view name) noexcept {
  return base::equals_ignoring_case(name, "rowid") || base::equals_ignoring_case(name, "_rowid_") ||
         base::equals_ignoring_case(name, "oid");
}

Status find_column(Connection& c, const char* database, const char* table_name, const char* column_name,
                   FoundColumn* found) {
  const catalog::Table* table = nullptr;
  for (int position = 0; position < c.database_count() && table == nullptr; ++position) {
    const int number = position == 0 ? 1 : position == 1 ? 0 : position;
    if (database != nullptr && c.find_database(database) != number) continue;
    PL_ASSIGN(const catalog::Shape* const shape, c.shape(number));
    PL_ASSIGN(table, shape->find_table(table_name));
  }
  if (table != nullptr && table->kind == catalog::TableKind::View) table = nullptr;
  if (table != nullptr && column_name == nullptr) return {};
  if (table != nullptr) {
    int column = table->find_column(column_name);
    if (column < 0 && !table->without_rowid && is_rowid_name(column_name)) {
      column = table->rowid_alias;
      if (column < 0) {
        found->type = "INTEGER";
        found->primary_key = 1;
        return {};
      }
    }
    if (column >= 0) {
      const catalog::Column& col = table->columns[static_cast<std::size_t>(column)];
      found->type = col.declared_type.empty() ? nullptr : col.declared_type.data();
      found->collation = col.collation.data();
      found->not_null = col.not_null ? 1 : 0;
      found->primary_key = col.key_position != 0 ? 1 : 0;
      found->autoincrement = table->autoincrement && col.is_rowid_alias ? 1 : 0;
      return {};
    }
  }
  return Status::format(Code::Error, -1, "no such table column: %s.%s", table_name,
                        column_name == nullptr ? "" : column_name);
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_table_column_metadata(sqlite3* db, const char* database, const char* table, const char* column,
                                             const char** type, const char** collation, int* not_null, int* primary_key,
                                             int* autoincrement) {
  if (!usable(db) || table == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  FoundColumn found;
  const int code = guarded(c, [&] { return find_column(c, database, table, column, &found); });
  if (type != nullptr) *type = code == SQLITE_OK ? found.type : nullptr;
  if (collation != nullptr) *collation = code == SQLITE_OK ? found.collation : nullptr;
  if (not_null != nullptr) *not_null = found.not_null;
  if (primary_key != nullptr) *primary_key = found.primary_key;
  if (autoincrement != nullptr) *autoincrement = found.autoincrement;
  return code;
}

SQLITE_API int sqlite3_overload_function(sqlite3* db, const char* name, int count) {
  if (!usable(db) || name == nullptr || count < -2) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    bool exists = false;
    if (c.find_function(name, count, &exists) != nullptr) return {};
    auto function = perlite::make_unique<engine::HostFunction>();
    function->name.assign(name);
    function->def.name = function->name.c_str();
    function->def.arg_count = static_cast<std::int16_t>(count);
    function->def.flags = vm::kOverload;
    function->def.scalar = [](vm::FunctionContext& context, int, Value*) {
      context.fail(Status::format(Code::Error, -1, "unable to use function %s in the requested context",
                                  context.function->name));
    };
    c.function_registry().add(std::move(function));
    c.expire_programs();
    return {};
  });
}

SQLITE_API int sqlite3_stmt_explain(sqlite3_stmt* handle, int mode) {
  Statement* statement = to_statement(handle);
  if (statement == nullptr || mode < 0 || mode > 2) return SQLITE_ERROR;
  if (statement->is_busy()) return SQLITE_BUSY;
  return statement->program().explain == mode
             ? SQLITE_OK
             : report(statement->connection(),
                      Status::error("sqlite3_stmt_explain() is not supported by this version of Perlite"));
}

SQLITE_API const char* sqlite3_normalized_sql(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return nullptr;
  const LockGuard guard(statement->connection());
  try {
    if (statement->normalized_text.empty()) statement->normalized_text = sql::normalize(statement->text());
    return statement->normalized_text.c_str();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

SQLITE_API int sqlite3_wal_autocheckpoint(sqlite3* db, int pages) {
  if (!usable(db)) return SQLITE_MISUSE;
  const LockGuard guard(*to_connection(db));
  to_connection(db)->set_auto_checkpoint(pages);
  return SQLITE_OK;
}

SQLITE_API void* sqlite3_wal_hook(sqlite3* db, int (*callback)(void*, sqlite3*, const char*, int), void* context) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  c.hooks.wal = callback;
  return std::exchange(c.hooks.wal_context, context);
}

SQLITE_API int sqlite3_wal_checkpoint_v2(sqlite3* db, const char* database, int mode, int* log, int* done) {
  if (log != nullptr) *log = -1;
  if (done != nullptr) *done = -1;
  if (!usable(db) || mode < SQLITE_CHECKPOINT_NOOP || mode > SQLITE_CHECKPOINT_TRUNCATE) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    int number = -1;
    if (database != nullptr && database[0] != '\0') {
      number = c.find_database(database);
      if (number < 0) return Status::format(Code::Error, -1, "unknown database: %s", database);
    }
    pager::CheckpointCounts counts;
    Status status = c.checkpoint(number, static_cast<pager::CheckpointMode>(mode), &counts);
    if (log != nullptr) *log = counts.log_frames;
    if (done != nullptr) *done = counts.moved_frames;
    return status;
  });
}
SQLITE_API int sqlite3_wal_checkpoint(sqlite3* db, const char* database) {
  return sqlite3_wal_checkpoint_v2(db, database, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // extern "C"
