// api/values.h: how the C interface reads a Value (manual: c3ref/column_blob.html, the table of conversions).
//
// Conversions to text happen in place and keep the type the value had. They may throw std::bad_alloc.
#pragma once

#include "record/affinity.h"
#include "record/value.h"
#include "sqlite3.h"

namespace perlite::api {

inline int public_type(const Value& value) noexcept {
  constexpr int kTypes[] = {SQLITE_NULL, SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB};
  return kTypes[static_cast<int>(value.type)];
}
std::int64_t to_int64(const Value& value) noexcept;
double to_double(const Value& value) noexcept;

inline const unsigned char* to_text(Value& value) {
  if (value.type == ValueType::Text && value.encoding == TextEncoding::Utf8 && value.has(Value::kTerminated))
      [[likely]] {
    return reinterpret_cast<const unsigned char*>(value.data);
  }
  return reinterpret_cast<const unsigned char*>(value.read_text(TextEncoding::Utf8).data());
}
inline const void* to_text16(Value& value, TextEncoding encoding) { return value.read_text(encoding).data(); }
inline const void* to_blob(Value& value) {
  if (value.is_bytes()) {
    if (value.has(Value::kZeroBlob)) value.materialize();
    return value.size == 0 ? nullptr : value.data;
  }
  return to_text(value);
}
// Bytes of a blob, else of the text in `encoding`.
inline int byte_count(Value& value, TextEncoding encoding) {
  if (value.type == ValueType::Blob || (value.type == ValueType::Text && value.encoding == encoding))
    return static_cast<int>(value.size);
  return static_cast<int>(value.read_text(encoding).size());
}

}  // namespace perlite::api
