#include "vm/record_writer.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "record/affinity.h"

namespace perlite::vm {

namespace {

using record::Value;

// Serial type of an integer; its body size follows from it.
std::uint32_t integer_type(std::int64_t v, bool ones) noexcept {
  const std::uint64_t magnitude = v < 0 ? ~static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
  if (magnitude < 0x80) return ones && magnitude <= 1 && v >= 0 ? 8 + static_cast<std::uint32_t>(v) : 1;
  if (magnitude < 0x8000) return 2;
  if (magnitude < 0x800000) return 3;
  if (magnitude < 0x80000000u) return 4;
  if (magnitude < 0x800000000000u) return 5;
  return 6;
}

constexpr std::uint8_t kIntegerSize[10] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};

}  // namespace

std::uint64_t RecordWriter::measure(std::span<const Value> values, const char* compact_reals, bool ones) {
  values_ = values;
  types_.resize(values.size());
  std::uint64_t body = 0;
  std::uint64_t types = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    std::uint32_t type;
    switch (value.type) {
      case ValueType::Null:
        type = 0;
        ++types;
        break;
      case ValueType::Integer:
        type = integer_type(value.integer, ones);
        body += kIntegerSize[type];
        ++types;
        break;
      case ValueType::Real: {
        type = 7;
        std::int64_t integer;
        // 48 bits: more would not be smaller than the real.
        if (compact_reals != nullptr && compact_reals[i] == 'E' && record::real_is_integer(value.real, &integer) &&
            integer >= -(1LL << 47) && integer < (1LL << 47)) {
          type = integer_type(integer, ones);
        }
        body += kIntegerSize[type];
        ++types;
        break;
      }
      default:
        type = 2 * value.size + (value.type == ValueType::Text ? 13u : 12u);
        body += value.size;
        types += static_cast<std::uint64_t>(base::varint_length(type));
        break;
    }
    types_[i] = type;
  }
  // The header counts its own size, whose varint may grow by that.
  std::uint64_t header = types + 1;
  if (header > 0x7f) header = types + static_cast<std::uint64_t>(base::varint_length(types + 2));
  if (static_cast<std::uint64_t>(base::varint_length(header)) + types != header) {
    header = types + static_cast<std::uint64_t>(base::varint_length(header));
  }
  header_size_ = static_cast<std::uint32_t>(header);
  return header + body;
}

void RecordWriter::write(std::byte* out) const noexcept {
  std::byte* header = out;
  std::byte* body = out + header_size_;
  header += base::put_varint(header, header_size_);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Value& value = values_[i];
    const std::uint32_t type = types_[i];
    if (type < 0x80) {
      *header++ = static_cast<std::byte>(type);
    } else {
      header += base::put_varint(header, type);
    }
    if (type >= 12) {
      if (value.has(Value::kZeroBlob)) {
        std::memset(body, 0, value.size);
      } else if (value.size != 0) {
        std::memcpy(body, value.data, value.size);
      }
      body += value.size;
      continue;
    }
    const std::uint8_t size = type < 10 ? kIntegerSize[type] : 0;
    if (size == 0) continue;
    std::uint64_t bits;
    if (value.type == ValueType::Integer) {
      bits = static_cast<std::uint64_t>(value.integer);
    } else if (type == 7) {
      bits = std::bit_cast<std::uint64_t>(value.real);
    } else {
      bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value.real));
    }
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) *body++ = static_cast<std::byte>(bits >> shift);
  }
}

}  // namespace perlite::vm
