// vm/packed_row.h: values laid one behind the other, for rows that sorters, hash tables and row buffers keep.
//
// A value is a tag byte and its bytes, in the machine's byte order; only this process reads them.
//   0 NULL | 1, 2, 3 integer of 1, 4, 8 bytes | 4 real | 5, 6 text, blob: one byte of size | 7, 8 four bytes of size
// Text is followed by a NUL, which its size does not count. Reading needs no bounds: the bytes are our own.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/ids.h"
#include "record/value.h"

namespace perlite::vm {

namespace packed {

enum Tag : char { kNull = 0, kInt1, kInt4, kInt8, kReal, kText1, kBlob1, kText4, kBlob4 };

// Bytes of the values, packed; the sum fits, because a value has at most 2^31 bytes and a row at most 2^16 values.
inline std::size_t size_of(const record::Value& value) noexcept {
  switch (value.type) {
    case ValueType::Null:
      return 1;
    case ValueType::Integer:
      return value.integer == static_cast<std::int8_t>(value.integer)    ? 2
             : value.integer == static_cast<std::int32_t>(value.integer) ? 5
                                                                         : 9;
    case ValueType::Real:
      return 9;
    case ValueType::Text:
      return value.size + (value.size < 256 ? 3u : 6u);
    default:
      return value.size + (value.size < 256 ? 2u : 5u);
  }
}
inline std::size_t size_of(std::span<const record::Value> values) noexcept {
  std::size_t size = 0;
  for (const record::Value& value : values) size += size_of(value);
  return size;
}

inline char* write(const record::Value& value, char* at) noexcept {
  const auto fixed = [&](Tag tag, const auto& number) {
    *at++ = tag;
    std::memcpy(at, &number, sizeof(number));
    at += sizeof(number);
  };
  switch (value.type) {
    case ValueType::Null:
      *at++ = kNull;
      break;
    case ValueType::Integer:
      if (value.integer == static_cast<std::int8_t>(value.integer)) {
        fixed(kInt1, static_cast<std::int8_t>(value.integer));
      } else if (value.integer == static_cast<std::int32_t>(value.integer)) {
        fixed(kInt4, static_cast<std::int32_t>(value.integer));
      } else {
        fixed(kInt8, value.integer);
      }
      break;
    case ValueType::Real:
      fixed(kReal, value.real);
      break;
    default: {
      const bool is_text = value.type == ValueType::Text;
      if (value.size < 256) {
        fixed(is_text ? kText1 : kBlob1, static_cast<std::uint8_t>(value.size));
      } else {
        fixed(is_text ? kText4 : kBlob4, value.size);
      }
      if (value.has(record::Value::kZeroBlob)) {
        std::memset(at, 0, value.size);
      } else if (value.size != 0) {
        std::memcpy(at, value.data, value.size);
      }
      at += value.size;
      if (is_text) *at++ = '\0';
      break;
    }
  }
  return at;
}
inline char* write(std::span<const record::Value> values, char* at) noexcept {
  for (const record::Value& value : values) at = write(value, at);
  return at;
}

// Reads the value at `at` into `out`, which holds nothing that needs release; text and blobs are borrowed. Answers
// where the next one stands.
inline const char* read(const char* at, TextEncoding encoding, record::Value* out) noexcept {
  *out = record::Value{};
  const auto load = [&](auto number) {
    std::memcpy(&number, at, sizeof(number));
    at += sizeof(number);
    return number;
  };
  const auto bytes = [&](std::uint32_t size, bool is_text) {
    out->data = at;
    out->size = size;
    out->type = is_text ? ValueType::Text : ValueType::Blob;
    out->encoding = encoding;
    if (is_text && encoding == TextEncoding::Utf8) out->flags = record::Value::kTerminated;
    at += size + (is_text ? 1u : 0u);
  };
  switch (*at++) {
    case kNull:
      break;
    case kInt1:
      out->integer = load(std::int8_t{});
      out->type = ValueType::Integer;
      break;
    case kInt4:
      out->integer = load(std::int32_t{});
      out->type = ValueType::Integer;
      break;
    case kInt8:
      out->integer = load(std::int64_t{});
      out->type = ValueType::Integer;
      break;
    case kReal:
      out->real = load(double{});
      out->type = ValueType::Real;
      break;
    case kText1:
      bytes(load(std::uint8_t{}), true);
      break;
    case kBlob1:
      bytes(load(std::uint8_t{}), false);
      break;
    case kText4:
      bytes(load(std::uint32_t{}), true);
      break;
    default:
      bytes(load(std::uint32_t{}), false);
      break;
  }
  return at;
}
inline const char* skip(const char* at) noexcept {
  record::Value ignored;
  return read(at, TextEncoding::Utf8, &ignored);
}

}  // namespace packed

// Fields of one packed row, best read from the first to the last.
class PackedReader {
 public:
  void reset(const char* row) noexcept {
    row_ = at_ = row;
    next_ = 0;
  }
  const char* row() const noexcept { return row_; }
  void field(std::int32_t index, TextEncoding encoding, record::Value* out) noexcept {
    if (index < next_) {
      at_ = row_;
      next_ = 0;
    }
    for (; next_ < index; ++next_) at_ = packed::skip(at_);
    at_ = packed::read(at_, encoding, out);
    ++next_;
  }

 private:
  const char* row_ = nullptr;
  const char* at_ = nullptr;
  std::int32_t next_ = 0;
};

}  // namespace perlite::vm
