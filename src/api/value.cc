// Values handed to functions and kept by the host.
#include "api/values.h"

#include "api/handles.h"

using namespace perlite;
using namespace perlite::api;

namespace perlite::api {

std::int64_t to_int64(const Value& value) noexcept {
  if (value.type == ValueType::Integer) return value.integer;
  try {
    return record::to_integer(value);
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

double to_double(const Value& value) noexcept {
  if (value.type == ValueType::Real) return value.real;
  if (value.type == ValueType::Integer) return static_cast<double>(value.integer);
  try {
    return record::to_real(value);
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

namespace {

template <class Body, class Failure>
auto converted(Failure failure, Body body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return failure;
  }
}

}  // namespace
}  // namespace perlite::api

extern "C" {

SQLITE_API int sqlite3_value_type(sqlite3_value* v) { return v == nullptr ? SQLITE_NULL : public_type(*to_value(v)); }
SQLITE_API sqlite3_int64 sqlite3_value_int64(sqlite3_value* v) { return v == nullptr ? 0 : to_int64(*to_value(v)); }
SQLITE_API int sqlite3_value_int(sqlite3_value* v) { return static_cast<int>(sqlite3_value_int64(v)); }
SQLITE_API double sqlite3_value_double(sqlite3_value* v) { return v == nullptr ? 0.0 : to_double(*to_value(v)); }
SQLITE_API const unsigned char* sqlite3_value_text(sqlite3_value* v) {
  if (v == nullptr) return nullptr;
  return converted(static_cast<const unsigned char*>(nullptr), [&] { return to_text(*to_value(v)); });
}
SQLITE_API const void* sqlite3_value_text16(sqlite3_value* v) {
  if (v == nullptr) return nullptr;
  return converted(static_cast<const void*>(nullptr), [&] { return to_text16(*to_value(v), TextEncoding::Utf16le); });
}
SQLITE_API const void* sqlite3_value_text16le(sqlite3_value* v) { return sqlite3_value_text16(v); }
SQLITE_API const void* sqlite3_value_text16be(sqlite3_value* v) {
  if (v == nullptr) return nullptr;
  return converted(static_cast<const void*>(nullptr), [&] { return to_text16(*to_value(v), TextEncoding::Utf16be); });
}
SQLITE_API const void* sqlite3_value_blob(sqlite3_value* v) {
  if (v == nullptr) return nullptr;
  return converted(static_cast<const void*>(nullptr), [&] { return to_blob(*to_value(v)); });
}
SQLITE_API int sqlite3_value_bytes(sqlite3_value* v) {
  if (v == nullptr) return 0;
  return converted(0, [&] { return byte_count(*to_value(v), TextEncoding::Utf8); });
}
SQLITE_API int sqlite3_value_bytes16(sqlite3_value* v) {
  if (v == nullptr) return 0;
  return converted(0, [&] { return byte_count(*to_value(v), TextEncoding::Utf16le); });
}
SQLITE_API int sqlite3_value_numeric_type(sqlite3_value* v) {
  if (v == nullptr) return SQLITE_NULL;
  Value& value = *to_value(v);
  if (value.type == ValueType::Text) {
    try {
      record::apply_affinity(value, record::Affinity::Numeric, value.encoding);
    } catch (const std::bad_alloc&) {
    }
  }
  return public_type(value);
}
SQLITE_API void* sqlite3_value_pointer(sqlite3_value* v, const char* type) {
  return v == nullptr || type == nullptr ? nullptr : to_value(v)->pointer(type);
}
SQLITE_API int sqlite3_value_nochange(sqlite3_value* v) {
  return v != nullptr && to_value(v)->has(Value::kNoChange) ? 1 : 0;
}
SQLITE_API int sqlite3_value_frombind(sqlite3_value* v) {
  return v != nullptr && to_value(v)->has(Value::kFromBind) ? 1 : 0;
}
SQLITE_API int sqlite3_value_encoding(sqlite3_value* v) {
  return v == nullptr ? SQLITE_UTF8 : static_cast<int>(to_value(v)->encoding);
}
SQLITE_API unsigned sqlite3_value_subtype(sqlite3_value* v) { return v == nullptr ? 0 : to_value(v)->subtype; }
SQLITE_API sqlite3_value* sqlite3_value_dup(const sqlite3_value* v) {
  if (v == nullptr) return nullptr;
  void* memory = base::Allocator::try_allocate(sizeof(Value));
  if (memory == nullptr) return nullptr;
  auto* copy = new (memory) Value{};
  try {
    copy->copy_deep(*to_value(v));
  } catch (const std::bad_alloc&) {
    base::Allocator::release(memory);
    return nullptr;
  }
  copy->flags = static_cast<std::uint8_t>(copy->flags & ~Value::kFromBind);
  return to_handle(copy);
}
SQLITE_API void sqlite3_value_free(sqlite3_value* v) {
  if (v == nullptr) return;
  to_value(v)->release();
  base::Allocator::release(v);
}

}  // extern "C"
