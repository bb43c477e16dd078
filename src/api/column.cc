// Result columns: their values, and what they are called.
#include <algorithm>
#include <cstring>

#include "api/handles.h"
#include "api/values.h"

using namespace perlite;
using namespace perlite::api;

namespace {

// The value of a column of the current row; a NULL of its own when there is no such row or column.
Value& column(sqlite3_stmt* handle, int index) noexcept {
  static thread_local Value nothing;
  Statement* statement = to_statement(handle);
  if (statement != nullptr) {
    const std::span<Value> row = statement->row();
    if (static_cast<std::size_t>(index) < row.size()) [[likely]]
      return row[static_cast<std::size_t>(index)];
    statement->connection().error().set_code(Code::Range);
  }
  nothing = Value{};
  return nothing;
}

// Runs a conversion that may need memory.
template <class Body, class Failure>
auto converted(sqlite3_stmt* handle, Failure failure, Body body) noexcept -> decltype(body()) {
  Statement* const statement = to_statement(handle);
  const record::RealDigitsScope digits(statement == nullptr ? record::RealDigitsScope::current()
                                                            : statement->connection().real_digits);
  try {
    return body();
  } catch (const std::bad_alloc&) {
    if (statement != nullptr) statement->connection().error().set_code(Code::NoMem);
    return failure;
  }
}

const vm::ResultColumn* description(sqlite3_stmt* handle, int index) noexcept {
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return nullptr;
  const auto& columns = statement->program().columns;
  return static_cast<std::size_t>(index) < columns.size() ? &columns[static_cast<std::size_t>(index)] : nullptr;
}

enum class Which { Name, Type, Database, Table, Origin };

std::string_view text_of(const vm::ResultColumn& column, Which which) noexcept {
  switch (which) {
    case Which::Name:
      return column.name;
    case Which::Type:
      return column.declared_type;
    case Which::Database:
      return column.database_name;
    case Which::Table:
      return column.table_name;
    default:
      return column.column_name;
  }
}

// Names live in the program, NUL-terminated.
const char* name8(sqlite3_stmt* handle, int index, Which which) noexcept {
  const vm::ResultColumn* column = description(handle, index);
  return column == nullptr ? nullptr : text_of(*column, which).data();
}

const void* name16(sqlite3_stmt* handle, int index, Which which) noexcept {
  const vm::ResultColumn* column = description(handle, index);
  if (column == nullptr || text_of(*column, which).data() == nullptr) return nullptr;
  Statement* statement = to_statement(handle);
  return converted(handle, static_cast<const void*>(nullptr), [&]() -> const void* {
    Value& wide = statement->wide_name(static_cast<std::size_t>(index) * 5 + static_cast<std::size_t>(which));
    if (wide.is_null()) {
      wide.set_text_copy(text_of(*column, which));
      wide.convert_to_text(TextEncoding::Utf16le);
      wide.terminate();
    }
    return wide.data;
  });
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_column_count(sqlite3_stmt* s) {
  Statement* statement = to_statement(s);
  return statement == nullptr ? 0 : static_cast<int>(statement->program().columns.size());
}
SQLITE_API int sqlite3_data_count(sqlite3_stmt* s) {
  Statement* statement = to_statement(s);
  return statement == nullptr ? 0 : static_cast<int>(statement->row().size());
}
SQLITE_API int sqlite3_column_type(sqlite3_stmt* s, int i) { return public_type(column(s, i)); }
SQLITE_API sqlite3_int64 sqlite3_column_int64(sqlite3_stmt* s, int i) { return to_int64(column(s, i)); }
SQLITE_API int sqlite3_column_int(sqlite3_stmt* s, int i) { return static_cast<int>(to_int64(column(s, i))); }
SQLITE_API double sqlite3_column_double(sqlite3_stmt* s, int i) { return to_double(column(s, i)); }
SQLITE_API const unsigned char* sqlite3_column_text(sqlite3_stmt* s, int i) {
  return converted(s, static_cast<const unsigned char*>(nullptr), [&] { return to_text(column(s, i)); });
}
SQLITE_API const void* sqlite3_column_text16(sqlite3_stmt* s, int i) {
  return converted(s, static_cast<const void*>(nullptr),
                   [&] { return to_text16(column(s, i), TextEncoding::Utf16le); });
}
SQLITE_API const void* sqlite3_column_blob(sqlite3_stmt* s, int i) {
  return converted(s, static_cast<const void*>(nullptr), [&] { return to_blob(column(s, i)); });
}
SQLITE_API int sqlite3_column_bytes(sqlite3_stmt* s, int i) {
  return converted(s, 0, [&] { return byte_count(column(s, i), TextEncoding::Utf8); });
}
SQLITE_API int sqlite3_column_bytes16(sqlite3_stmt* s, int i) {
  return converted(s, 0, [&] { return byte_count(column(s, i), TextEncoding::Utf16le); });
}
SQLITE_API sqlite3_value* sqlite3_column_value(sqlite3_stmt* s, int i) { return to_handle(&column(s, i)); }

SQLITE_API const char* sqlite3_column_name(sqlite3_stmt* s, int i) { return name8(s, i, Which::Name); }
SQLITE_API const void* sqlite3_column_name16(sqlite3_stmt* s, int i) { return name16(s, i, Which::Name); }
SQLITE_API const char* sqlite3_column_decltype(sqlite3_stmt* s, int i) { return name8(s, i, Which::Type); }
SQLITE_API const void* sqlite3_column_decltype16(sqlite3_stmt* s, int i) { return name16(s, i, Which::Type); }
SQLITE_API const char* sqlite3_column_database_name(sqlite3_stmt* s, int i) { return name8(s, i, Which::Database); }
SQLITE_API const void* sqlite3_column_database_name16(sqlite3_stmt* s, int i) { return name16(s, i, Which::Database); }
SQLITE_API const char* sqlite3_column_table_name(sqlite3_stmt* s, int i) { return name8(s, i, Which::Table); }
SQLITE_API const void* sqlite3_column_table_name16(sqlite3_stmt* s, int i) { return name16(s, i, Which::Table); }
SQLITE_API const char* sqlite3_column_origin_name(sqlite3_stmt* s, int i) { return name8(s, i, Which::Origin); }
SQLITE_API const void* sqlite3_column_origin_name16(sqlite3_stmt* s, int i) { return name16(s, i, Which::Origin); }

}  // extern "C"
