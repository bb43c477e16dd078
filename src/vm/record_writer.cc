#include "vm/record_writer.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "record/affinity.h"
#include "vm/row_reader.h"

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

template <class Word>
inline void move_ends(std::byte* to, const char* from, std::size_t size) noexcept {
  Word first;
  Word last;
  std::memcpy(&first, from, sizeof(Word));
  std::memcpy(&last, from + size - sizeof(Word), sizeof(Word));
  std::memcpy(to, &first, sizeof(Word));
  std::memcpy(to + size - sizeof(Word), &last, sizeof(Word));
}

// Most fields are short: two moves that overlap do for them.
inline void copy_field(std::byte* to, const char* from, std::size_t size) noexcept {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    move_ends<std::uint64_t>(to, from, size);
  } else if (size >= 4) {
    move_ends<std::uint32_t>(to, from, size);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::byte>(from[i]);
  }
}

// No serial type: the value has not the affinity of its letter.
constexpr std::uint32_t kNoType = 10;

template <bool kChecked>
[[gnu::always_inline]] inline std::uint32_t serial_type(const Value& value, char letter, bool ones) noexcept {
  switch (value.type) {
    case ValueType::Null:
      return 0;
    case ValueType::Integer:
      if (kChecked && (letter == 'B' || (letter == 'E' && !is_compact(value.integer)))) return kNoType;
      return integer_type(value.integer, ones);
    case ValueType::Real: {
      if (kChecked && letter > 'A' && letter != 'E') return kNoType;
      std::int64_t integer;
      if (letter == 'E' && record::real_is_integer(value.real, &integer) && is_compact(integer)) {
        return integer_type(integer, ones);
      }
      return 7;
    }
    default:
      if (kChecked && letter > 'B' && value.type == ValueType::Text) return kNoType;
      return 2 * value.size + (value.type == ValueType::Text ? 13u : 12u);
  }
}

// What stored values are, as bits.
enum Stored : std::uint8_t { kInteger = 1, kReal = 2, kText = 4 };
constexpr std::uint8_t kStored[12] = {0, kInteger, kInteger, kInteger, kInteger, kInteger, kInteger, kReal, kInteger, kInteger, 0, 0};
// By letter from '@', of which kind no value is that was stored with its affinity; a real only when it is an integer.
constexpr std::uint8_t kStrange[6] = {0, 0, kInteger | kReal, kText | kReal, kText | kReal, kText};

// True when a column with this affinity would store the value at `body` in another way.
[[gnu::always_inline]] inline bool is_strange(std::uint32_t type, char letter, const std::byte* body) noexcept {
  const std::uint8_t kind = type < 12 ? kStored[type] : (type & 1) != 0 ? std::uint8_t{kText} : std::uint8_t{0};
  if ((kind & kStrange[letter - '@']) == 0) [[likely]]
    return false;
  std::int64_t integer;
  return kind != kReal || letter == 'B' || record::real_is_integer(std::bit_cast<double>(base::load_be64(body)), &integer);
}

[[gnu::always_inline]] inline std::byte* put_type(std::byte* header, std::uint32_t type) noexcept {
  if (type >= 0x80) return header + base::put_varint(header, type);
  *header = static_cast<std::byte>(type);
  return header + 1;
}

// The body of a field; what lies between it and `end` may be written over.
[[gnu::always_inline]] inline std::byte* put_body(std::byte* body, const std::byte* end, std::uint32_t type,
                                                  const Value& value) noexcept {
  if (type >= 12) {
    if (value.has(Value::kZeroBlob)) {
      std::memset(body, 0, value.size);
    } else {
      copy_field(body, value.data, value.size);
    }
    return body + value.size;
  }
  const std::uint8_t size = kIntegerSize[type];
  if (size == 0) return body;
  std::uint64_t bits;
  if (value.type == ValueType::Integer) {
    bits = static_cast<std::uint64_t>(value.integer);
  } else if (type == 7) {
    bits = std::bit_cast<std::uint64_t>(value.real);
  } else {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value.real));
  }
  if (end - body >= 8) {
    base::store_be64(body, bits << (64 - 8 * size));
    return body + size;
  }
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) *body++ = static_cast<std::byte>(bits >> shift);
  return body;
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
    const std::uint32_t type = serial_type<kChecked>(value, letter, ones);
    if (kChecked && type == kNoType) return kUnfit;
    body += RowReader::body_size(type);
    if (type >= 0x80) types += static_cast<std::uint64_t>(base::varint_length(type)) - 1;
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
    header = put_type(header, type);
    body = put_body(body, end, type, value);
  }
}

std::uint64_t RecordWriter::measure_patched(base::Bytes record, const RecordPatch& patch,
                                            std::span<const Value> values) {
  const auto old_header = static_cast<std::size_t>(record[0]);
  if (old_header >= 0x80 || old_header > record.size() || old_header <= patch.field_count) return kUnfit;
  const std::byte* at = record.data() + 1;
  const std::byte* const end = record.data() + old_header;
  const std::byte* const record_end = record.data() + record.size();
  const std::byte* body = end;
  std::uint64_t header_size = 1;
  std::uint64_t size = 0;
  // Goes over the type at `at` and the body behind it.
  const auto pass = [&](char letter) {
    if (at >= end) return false;
    auto type = static_cast<std::uint32_t>(*at++);
    if (type >= 0x80) [[unlikely]] {
      if (at >= end || static_cast<std::uint32_t>(*at) >= 0x80) return false;
      type = (type & 0x7f) << 7 | static_cast<std::uint32_t>(*at++);
    }
    const std::uint32_t bytes = RowReader::body_size(type);
    if (bytes > static_cast<std::size_t>(record_end - body) || type == 10 || type == 11) return false;
    if (is_strange(type, letter, body)) return false;
    body += bytes;
    return true;
  };
  std::uint32_t field = 0;
  patch_count_ = 0;
  for (const std::uint16_t changed : patch.changed) {
    Patch& out = patches_[patch_count_++];
    out.header = at;
    out.body = body;
    for (; field < changed; ++field) {
      if (!pass(patch.affinities[field])) return kUnfit;
    }
    out.header_size = static_cast<std::uint32_t>(at - out.header);
    out.body_size = static_cast<std::uint32_t>(body - out.body);
    if (!pass('A')) return kUnfit;  // the old value
    ++field;
    out.value = &values[changed];
    out.type = serial_type<true>(*out.value, patch.affinities[changed], patch.ones);
    if (out.type == kNoType) return kUnfit;
    header_size += out.header_size + (out.type < 0x80 ? 1u : static_cast<std::uint32_t>(base::varint_length(out.type)));
    size += out.body_size + RowReader::body_size(out.type);
  }
  Patch& rest = patches_[patch_count_++];
  rest = {at, body, static_cast<std::uint32_t>(end - at), 0, 0, nullptr};
  for (; field < patch.field_count; ++field) {
    if (!pass(patch.affinities[field])) return kUnfit;
  }
  if (at != end) return kUnfit;
  rest.body_size = static_cast<std::uint32_t>(body - rest.body);
  header_size += rest.header_size;
  if (header_size > 0x7f) return kUnfit;
  header_size_ = static_cast<std::uint32_t>(header_size);
  size_ = header_size + size + rest.body_size;
  return size_;
}

void RecordWriter::write_patched(std::byte* out) const noexcept {
  std::byte* header = out;
  std::byte* body = out + header_size_;
  const std::byte* const end = out + size_;
  *header++ = static_cast<std::byte>(header_size_);
  for (std::size_t n = 0; n < patch_count_; ++n) {
    const Patch& patch = patches_[n];
    copy_field(header, reinterpret_cast<const char*>(patch.header), patch.header_size);
    header += patch.header_size;
    copy_field(body, reinterpret_cast<const char*>(patch.body), patch.body_size);
    body += patch.body_size;
    if (patch.value == nullptr) continue;
    header = put_type(header, patch.type);
    body = put_body(body, end, patch.type, *patch.value);
  }
}

}  // namespace perlite::vm
