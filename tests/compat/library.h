// tests/compat/library.h: one SQLite library among others in this process, by path.
//
// Loaded with RTLD_LOCAL, so that each calls itself and nobody else; this program links none.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sqlite3.h"

namespace perlite::compat {

struct Library {
#define COMPAT_FUNCTIONS(FUNCTION) \
  FUNCTION(backup_finish)          \
  FUNCTION(backup_init)            \
  FUNCTION(backup_step)            \
  FUNCTION(wal_autocheckpoint)     \
  FUNCTION(wal_checkpoint_v2)      \
  FUNCTION(open_v2)                \
  FUNCTION(close)                  \
  FUNCTION(prepare_v2)             \
  FUNCTION(step)                   \
  FUNCTION(finalize)               \
  FUNCTION(column_count)           \
  FUNCTION(column_name)            \
  FUNCTION(column_type)            \
  FUNCTION(column_blob)            \
  FUNCTION(column_text)            \
  FUNCTION(column_bytes)           \
  FUNCTION(column_int64)           \
  FUNCTION(column_double)          \
  FUNCTION(errmsg)                 \
  FUNCTION(extended_errcode)       \
  FUNCTION(error_offset)           \
  FUNCTION(changes)                \
  FUNCTION(total_changes)          \
  FUNCTION(last_insert_rowid)      \
  FUNCTION(get_autocommit)         \
  FUNCTION(libversion)             \
  FUNCTION(autovacuum_pages)       \
  FUNCTION(backup_pagecount)       \
  FUNCTION(backup_remaining)       \
  FUNCTION(bind_blob)              \
  FUNCTION(bind_double)            \
  FUNCTION(bind_int64)             \
  FUNCTION(bind_parameter_count)   \
  FUNCTION(bind_text)              \
  FUNCTION(bind_zeroblob64)        \
  FUNCTION(busy_timeout)           \
  FUNCTION(close_v2)               \
  FUNCTION(config)                 \
  FUNCTION(create_collation_v2)    \
  FUNCTION(create_function_v2)     \
  FUNCTION(db_cacheflush)          \
  FUNCTION(db_config)              \
  FUNCTION(db_mutex)               \
  FUNCTION(db_status)              \
  FUNCTION(deserialize)            \
  FUNCTION(errcode)                \
  FUNCTION(enable_shared_cache)    \
  FUNCTION(exec)                   \
  FUNCTION(extended_result_codes)  \
  FUNCTION(file_control)           \
  FUNCTION(free)                   \
  FUNCTION(initialize)             \
  FUNCTION(interrupt)              \
  FUNCTION(limit)                  \
  FUNCTION(malloc64)               \
  FUNCTION(memory_used)            \
  FUNCTION(next_stmt)              \
  FUNCTION(progress_handler)       \
  FUNCTION(reset)                  \
  FUNCTION(result_int64)           \
  FUNCTION(serialize)              \
  FUNCTION(set_authorizer)         \
  FUNCTION(shutdown)               \
  FUNCTION(stmt_status)            \
  FUNCTION(system_errno)           \
  FUNCTION(test_control)           \
  FUNCTION(threadsafe)             \
  FUNCTION(txn_state)              \
  FUNCTION(unlock_notify)          \
  FUNCTION(user_data)              \
  FUNCTION(value_int64)            \
  FUNCTION(vfs_find)               \
  FUNCTION(vfs_register)           \
  FUNCTION(vfs_unregister)         \
  FUNCTION(snapshot_cmp)           \
  FUNCTION(snapshot_free)          \
  FUNCTION(snapshot_get)           \
  FUNCTION(snapshot_open)          \
  FUNCTION(snapshot_recover)       \
  FUNCTION(wal_hook)
#define FUNCTION(name) decltype(&::sqlite3_##name) name = nullptr;
  COMPAT_FUNCTIONS(FUNCTION)
#undef FUNCTION

  explicit Library(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      std::exit(2);
    }
#define FUNCTION(name) name = reinterpret_cast<decltype(name)>(dlsym(library, "sqlite3_" #name));
    COMPAT_FUNCTIONS(FUNCTION)
#undef FUNCTION
  }
};

// What a statement answered, to the bit: each value is a type letter and its bytes.
struct Answer {
  int code = SQLITE_OK;  // extended
  int offset = -1;
  std::string message;
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  long long changes = 0, total_changes = 0, last_rowid = 0;
  int autocommit = 0;
};

inline std::string value_of(const Library& library, sqlite3_stmt* statement, int column) {
  switch (library.column_type(statement, column)) {
    case SQLITE_INTEGER:
      return "I" + std::to_string(library.column_int64(statement, column));
    case SQLITE_FLOAT: {
      const double value = library.column_double(statement, column);
      char text[60];
      std::snprintf(text, sizeof text, "R%.17g (%a)", value, value);
      return text;
    }
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(library.column_text(statement, column));
      if (text == nullptr) return "T without memory";  // the conversion of its encoding failed
      return "T" + std::string(text, static_cast<std::size_t>(library.column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const unsigned char*>(library.column_blob(statement, column));
      std::string hex = "B";
      for (int i = 0; i < library.column_bytes(statement, column); ++i) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
        hex += digits;
      }
      return hex;
    }
    default:
      return "N";
  }
}

inline Answer run(const Library& library, sqlite3* db, const std::string& sql) {
  constexpr std::size_t kMaxRows = 20000;
  Answer answer;
  sqlite3_stmt* statement = nullptr;
  int code = library.prepare_v2(db, sql.c_str(), -1, &statement, nullptr);
  if (code == SQLITE_OK && statement != nullptr) {
    const int columns = library.column_count(statement);
    for (int i = 0; i < columns; ++i) answer.names.emplace_back(library.column_name(statement, i));
    while ((code = library.step(statement)) == SQLITE_ROW && answer.rows.size() < kMaxRows) {
      std::vector<std::string> row;
      for (int i = 0; i < columns; ++i) row.push_back(value_of(library, statement, i));
      answer.rows.push_back(std::move(row));
    }
  }
  if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
    answer.code = library.extended_errcode(db);
    answer.message = library.errmsg(db);
    answer.offset = library.error_offset(db);
  }
  library.finalize(statement);
  answer.changes = library.changes(db);
  answer.total_changes = library.total_changes(db);
  answer.last_rowid = library.last_insert_rowid(db);
  answer.autocommit = library.get_autocommit(db);
  return answer;
}

}  // namespace perlite::compat
