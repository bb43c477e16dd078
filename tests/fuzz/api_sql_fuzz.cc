// Whatever the SQL text, each of its statements ends in rows or an error whose offset lies in the text, and the
// database is whole afterwards.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "sqlite3.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sqlite3* db = nullptr;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) std::abort();
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1000000);
  int budget = 1000;
  sqlite3_progress_handler(db, 1000, [](void* left) { return --*static_cast<int*>(left) < 0 ? 1 : 0; }, &budget);
  sqlite3_exec(db,
               "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL); CREATE INDEX i ON t(b, c);"
               "INSERT INTO t VALUES(1, 'x', 1.5), (2, 'y', NULL), (3, NULL, -2);"
               "CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES('a', 1), ('b', 2); CREATE VIEW v AS SELECT a, k FROM t, w",
               nullptr, nullptr, nullptr);
  // No file is to be made.
  sqlite3_set_authorizer(db, [](void*, int what, const char*, const char*, const char*, const char*) { return what == SQLITE_ATTACH ? SQLITE_DENY : SQLITE_OK; },
                         nullptr);
  const std::string text(reinterpret_cast<const char*>(data), size);
  const char* tail = text.c_str();
  for (int i = 0; i < 50 && *tail != '\0'; ++i) {
    const char* const begin = tail;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, begin, -1, &statement, &tail) != SQLITE_OK) {
      if (sqlite3_error_offset(db) > static_cast<int>(std::strlen(begin))) std::abort();
      break;
    }
    for (int rows = 0; rows < 500 && sqlite3_step(statement) == SQLITE_ROW; ++rows) {
      for (int column = 0; column < sqlite3_column_count(statement); ++column) sqlite3_column_text(statement, column);
    }
    sqlite3_finalize(statement);
    if (tail == begin) break;
  }
  sqlite3_progress_handler(db, 0, nullptr, nullptr);
  sqlite3_set_authorizer(db, nullptr, nullptr);
  if (sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
  if (sqlite3_close(db) != SQLITE_OK) std::abort();
  return 0;
}
