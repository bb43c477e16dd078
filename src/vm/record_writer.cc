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
  // By the bytes that hold the number with its sign.
  static constexpr std::uint8_t kTypes[9] = {0, 1, 2, 3, 4, 5, 5, 6, 6};
  if (ones && (v & ~std::int64_t{1}) == 0) return 8 + static_cast<std::uint32_t>(v);
  const auto magnitude = static_cast<std::uint64_t>(v < 0 ? ~v : v);
  return kTypes[(64 - static_cast<unsigned>(std::countl_zero(magnitude))) / 8 + 1];
}

constexpr std::uint8_t kIntegerSize[10] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};

// An integer of a REAL column up to this size is no longer than the real.
constexpr std::int64_t kCompactLimit = std::int64_t{1} << 47;
bool is_compact(std::int64_t v) noexcept { return v >= -kCompactLimit && v < kCompactLimit; }

// Most fields are short: two moves that overlap do for them.
inline void copy_field(std::byte* to, const char* from, std::size_t size) noexcept {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    std::uint64_t first;
    std::uint64_t last;
    std::memcpy(&first, from, 8);
    std::memcpy(&last, from + size - 8, 8);
    std::memcpy(to, &first, 8);
    std::memcpy(to + size - 8, &last, 8);
  } else if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + size - 4, 4);
    std::memcpy(to, &first, 4);
    std::memcpy(to + size - 4, &last, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::byte>(from[i]);
  }
}

}  // namespace

template <bool kChecked>
std::uint64_t RecordWriter::measure(std::span<const Value> values, const char* letters, bool ones) {
  values_ = values;
  if (types_.size() < values.size()) types_.resize(values.size());
  std::uint32_t* out = types_.data();
  std::uint64_t body = 0;
  std::uint64_t types = values.size();  // bytes; most take one each
  for (const Value& value : values) {
    char letter = 'A';
    if (letters != nullptr) {
      letter = *letters++;
      if (letter == '\0') {
        letter = 'A';
        letters = nullptr;
      }
    }
    std::uint32_t type;
    switch (value.type) {
      case ValueType::Null:
        type = 0;
        break;
      case ValueType::Integer:
        if (kChecked && (letter == 'B' || (letter == 'E' && !is_compact(value.integer)))) return kUnfit;
        type = integer_type(value.integer, ones);
        body += kIntegerSize[type];
        break;
      case ValueType::Real: {
        if (kChecked && letter > 'A' && letter != 'E') return kUnfit;
        type = 7;
        std::int64_t integer;
        if (letter == 'E' && record::real_is_integer(value.real, &integer) && is_compact(integer)) {
          type = integer_type(integer, ones);
        }
        body += kIntegerSize[type];
        break;
      }
      default:
        if (kChecked && letter > 'B' && value.type == ValueType::Text) return kUnfit;
        type = 2 * value.size + (value.type == ValueType::Text ? 13u : 12u);
        body += value.size;
        if (type >= 0x80) types += static_cast<std::uint64_t>(base::varint_length(type)) - 1;
        break;
    }
    *out++ = type;
  }
  // The header counts its own size, whose varint may grow by that.
  std::uint64_t header = types + 1;
  if (header > 0x7f) {
    header = types + static_cast<std::uint64_t>(base::varint_length(types + 2));
    if (static_cast<std::uint64_t>(base::varint_length(header)) + types != header) {
      header = types + static_cast<std::uint64_t>(base::varint_length(header));
    }
  }
  header_size_ = static_cast<std::uint32_t>(header);
  size_ = header + body;
  return size_;
}

template std::uint64_t RecordWriter::measure<true>(std::span<const Value>, const char*, bool);
template std::uint64_t RecordWriter::measure<false>(std::span<const Value>, const char*, bool);

void RecordWriter::write(std::byte* out) const noexcept {
  std::byte* header = out;
  std::byte* body = out + header_size_;
  const std::byte* const end = out + size_;
  if (header_size_ < 0x80) {
    *header++ = static_cast<std::byte>(header_size_);
  } else {
    header += base::put_varint(header, header_size_);
  }
  const std::uint32_t* types = types_.data();
  for (const Value& value : values_) {
    const std::uint32_t type = *types++;
    if (type < 0x80) {
      *header++ = static_cast<std::byte>(type);
    } else {
      header += base::put_varint(header, type);
    }
    if (type >= 12) {
      if (value.has(Value::kZeroBlob)) {
        std::memset(body, 0, value.size);
      } else {
        copy_field(body, value.data, value.size);
      }
      body += value.size;
      continue;
    }
    const std::uint8_t size = kIntegerSize[type];
    if (size == 0) continue;
    std::uint64_t bits;
    if (value.type == ValueType::Integer) {
      bits = static_cast<std::uint64_t>(value.integer);
    } else if (type == 7) {
      bits = std::bit_cast<std::uint64_t>(value.real);
    } else {
      bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value.real));
    }
    if (end - body >= 8) {
      // What is too much is overwritten by the fields that follow.
      base::store_be64(body, bits << (64 - 8 * size));
      body += size;
    } else {
      for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) *body++ = static_cast<std::byte>(bits >> shift);
    }
  }
}

}  // namespace perlite::vm
