// sqlite3_exec and sqlite3_get_table: whole scripts over prepare, step and finalize, and nothing else.
#include <cstring>
#include <string_view>
#include <utility>

#include "api/boundary.h"
#include "base/allocator.h"
#include "base/containers.h"
#include "sqlite3.h"

using namespace perlite;

namespace {

char* copy_text(const char* text) {
  if (text == nullptr) return nullptr;
  const std::size_t size = std::strlen(text) + 1;
  auto* copy = static_cast<char*>(base::Allocator::try_allocate(size));
  if (copy != nullptr) std::memcpy(copy, text, size);
  return copy;
}

// The names and values of the current row, as sqlite3_exec hands them out. The names live as long as the statement.
class RowTexts {
 public:
  explicit RowTexts(sqlite3_stmt* statement) : statement_(statement), count_(sqlite3_column_count(statement)) {
    cells_.resize(2 * static_cast<std::size_t>(count_) + 1, nullptr);
    for (int i = 0; i < count_; ++i) cells_[at(i)] = const_cast<char*>(sqlite3_column_name(statement, i));
  }
  // False when memory ran out.
  bool read() {
    for (int i = 0; i < count_; ++i) {
      char*& cell = cells_[at(count_ + i)];
      cell = reinterpret_cast<char*>(const_cast<unsigned char*>(sqlite3_column_text(statement_, i)));
      if (cell == nullptr && sqlite3_column_type(statement_, i) != SQLITE_NULL) return false;
    }
    return true;
  }
  int count() const { return count_; }
  char** names() { return cells_.data(); }
  char** values() { return cells_.data() + count_; }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  sqlite3_stmt* statement_;
  int count_;
  Vector<char*> cells_;
};

// Runs one statement and finalizes it. SQLITE_OK when it came to its end.
int run(sqlite3* db, sqlite3_stmt* one, sqlite3_callback callback, void* context) {
  struct Owner {
    ~Owner() { finalize(); }
    int finalize() { return sqlite3_finalize(std::exchange(statement, nullptr)); }
    sqlite3_stmt* statement;
  } owner{one};
  RowTexts row(one);
  for (;;) {
    const int code = sqlite3_step(one);
    if (code != SQLITE_ROW) return owner.finalize();
    if (callback == nullptr) continue;
    if (!row.read()) {
      owner.finalize();
      sqlite3_set_errmsg(db, SQLITE_NOMEM, nullptr);
      return SQLITE_NOMEM;
    }
    if (callback(context, row.count(), row.values(), row.names()) != 0) {
      owner.finalize();
      sqlite3_set_errmsg(db, SQLITE_ABORT, nullptr);
      return SQLITE_ABORT;
    }
  }
}

int execute(sqlite3* db, const char* sql, sqlite3_callback callback, void* context) {
  int code = SQLITE_OK;
  sqlite3_set_errmsg(db, SQLITE_OK, nullptr);
  while (code == SQLITE_OK && *sql != '\0') {
    sqlite3_stmt* statement = nullptr;
    const char* tail = sql;
    code = sqlite3_prepare_v2(db, sql, -1, &statement, &tail);
    if (code == SQLITE_OK && statement != nullptr) code = run(db, statement, callback, context);
    sql = tail;
    while (*sql == ' ' || (*sql >= '\t' && *sql <= '\r' && *sql != '\v')) ++sql;
  }
  return code;
}

// ---- get_table ----

// The matrix: texts of the column names, then of each row. In front of the first cell stands how many there are.
struct Table {
  Vector<char*> cells;
  int columns = 0;
  int rows = 0;
  int code = SQLITE_OK;
  const char* message = nullptr;

  ~Table() {
    for (char* cell : cells) base::Allocator::release(cell);
  }
};

int collect(void* context, int count, char** values, char** names) noexcept {
  Table& table = *static_cast<Table*>(context);
  table.code = api::without_exceptions(SQLITE_NOMEM, [&] {
    if (table.columns == 0) {
      table.columns = count;
      for (int i = 0; i < count; ++i) {
        table.cells.push_back(nullptr);
        if ((table.cells.back() = copy_text(names[i])) == nullptr && names[i] != nullptr) return SQLITE_NOMEM;
      }
    } else if (table.columns != count) {
      table.message = "sqlite3_get_table() called with two or more incompatible queries";
      return SQLITE_ERROR;
    }
    ++table.rows;
    for (int i = 0; i < count; ++i) {
      table.cells.push_back(nullptr);
      if (values[i] != nullptr && (table.cells.back() = copy_text(values[i])) == nullptr) return SQLITE_NOMEM;
    }
    return SQLITE_OK;
  });
  return table.code == SQLITE_OK ? 0 : 1;
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_exec(sqlite3* db, const char* sql, sqlite3_callback callback, void* context, char** error_out) {
  if (error_out != nullptr) *error_out = nullptr;
  if (db == nullptr) return SQLITE_MISUSE;
  sqlite3_mutex* mutex = sqlite3_db_mutex(db);
  sqlite3_mutex_enter(mutex);
  int code =
      api::without_exceptions(SQLITE_NOMEM, [&] { return execute(db, sql == nullptr ? "" : sql, callback, context); });
  if (code != SQLITE_OK && error_out != nullptr) {
    *error_out = copy_text(sqlite3_errmsg(db));
    if (*error_out == nullptr) code = SQLITE_NOMEM;
  }
  sqlite3_mutex_leave(mutex);
  return code;
}

SQLITE_API int sqlite3_get_table(sqlite3* db, const char* sql, char*** result_out, int* row_count_out,
                                 int* column_count_out, char** error_out) {
  if (db == nullptr || result_out == nullptr) return SQLITE_MISUSE;
  *result_out = nullptr;
  if (row_count_out != nullptr) *row_count_out = 0;
  if (column_count_out != nullptr) *column_count_out = 0;
  if (error_out != nullptr) *error_out = nullptr;
  return api::without_exceptions(SQLITE_NOMEM, [&] {
    Table table;
    const int code = sqlite3_exec(db, sql, collect, &table, error_out);
    if (code == SQLITE_ABORT && table.code != SQLITE_OK) {
      if (error_out != nullptr && table.message != nullptr) {
        base::Allocator::release(*error_out);
        *error_out = copy_text(table.message);
      }
      sqlite3_set_errmsg(db, table.code, table.message);
      return table.code;
    }
    if (code != SQLITE_OK) return code;
    const std::size_t count = table.cells.size();
    auto** block = static_cast<char**>(base::Allocator::allocate((count + 2) * sizeof(char*)));
    block[0] = reinterpret_cast<char*>(count);
    for (std::size_t i = 0; i < count; ++i) block[i + 1] = table.cells[i];
    block[count + 1] = nullptr;
    table.cells.clear();
    *result_out = block + 1;
    if (row_count_out != nullptr) *row_count_out = table.rows;
    if (column_count_out != nullptr) *column_count_out = table.columns;
    return SQLITE_OK;
  });
}

SQLITE_API void sqlite3_free_table(char** result) {
  if (result == nullptr) return;
  char** block = result - 1;
  const auto count = reinterpret_cast<std::size_t>(block[0]);
  for (std::size_t i = 0; i < count; ++i) base::Allocator::release(block[i + 1]);
  base::Allocator::release(block);
}

}  // extern "C"
