#include "record/record.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/unicode.h"

namespace perlite::record {

using base::Bytes;

namespace {

constexpr std::uint32_t kMaxFields = 32767;  // of one record; more than any table or index has

std::uint64_t serial_type_of_integer(std::int64_t v, int schema_format) noexcept {
  const auto folded = static_cast<std::uint64_t>(v < 0 ? ~v : v);
  if (folded <= 1 && v >= 0 && schema_format >= 4) return 8 + static_cast<std::uint64_t>(v);
  if (folded <= 0x7f) return 1;
  if (folded <= 0x7fff) return 2;
  if (folded <= 0x7fffff) return 3;
  if (folded <= 0x7fffffff) return 4;
  if (folded <= 0x7fffffffffff) return 5;
  return 6;
}

// What a real becomes under REAL affinity: an integer of 48 bits, when it is one.
bool compacts(double v, std::int64_t* integer) noexcept {
  constexpr double kBound = 140737488355328.0;  // 2^47
  if (!(v >= -kBound && v < kBound)) return false;
  const auto truncated = static_cast<std::int64_t>(v);
  if (static_cast<double>(truncated) != v) return false;
  *integer = truncated;
  return true;
}

std::uint64_t serial_type_of(const Value& value, bool compact_real, int schema_format) noexcept {
  switch (value.type) {
    case ValueType::Null:
      return 0;
    case ValueType::Integer:
      return serial_type_of_integer(value.integer, schema_format);
    case ValueType::Real: {
      std::int64_t integer;
      if (compact_real && compacts(value.real, &integer)) return serial_type_of_integer(integer, schema_format);
      return 7;
    }
    case ValueType::Text:
      return 13 + std::uint64_t{value.size} * 2;
    case ValueType::Blob:
      break;
  }
  return 12 + std::uint64_t{value.size} * 2;
}

std::byte* write_integer_body(std::byte* out, std::int64_t v, std::uint64_t size) noexcept {
  for (std::uint64_t i = size; i-- > 0;) {
    out[i] = static_cast<std::byte>(v & 0xff);
    v >>= 8;
  }
  return out + size;
}

std::byte* write_body(std::byte* out, const Value& value, std::uint64_t serial_type) noexcept {
  const std::uint64_t size = serial_type_size(serial_type);
  switch (value.type) {
    case ValueType::Null:
      return out;
    case ValueType::Integer:
      return write_integer_body(out, value.integer, size);
    case ValueType::Real:
      if (serial_type == 7) {
        base::store_be64(out, std::bit_cast<std::uint64_t>(value.real));
        return out + 8;
      }
      return write_integer_body(out, static_cast<std::int64_t>(value.real), size);
    case ValueType::Text:
    case ValueType::Blob:
      break;
  }
  if (size != 0) {
    if (value.has(Value::kZeroBlob)) {
      std::memset(out, 0, size);
    } else {
      std::memcpy(out, value.data, size);
    }
  }
  return out + size;
}

std::uint64_t header_size_for(std::uint64_t types_size) noexcept {
  std::uint64_t header = types_size + 1;
  if (header > 127) header = types_size + static_cast<std::uint64_t>(base::varint_length(types_size + 2));
  while (header < types_size + static_cast<std::uint64_t>(base::varint_length(header))) ++header;
  return header;
}

int sign(int order) noexcept { return order < 0 ? -1 : order > 0 ? 1 : 0; }

}  // namespace

Value decode_field(std::uint64_t serial_type, const std::byte* body, TextEncoding encoding) noexcept {
  Value value{};
  switch (serial_type) {
    case 0:
    case 10:
    case 11:
      return value;
    case 7: {
      const double real = std::bit_cast<double>(base::load_be64(body));
      if (real == real) {
        value.type = ValueType::Real;
        value.real = real;
      }
      return value;
    }
    case 8:
    case 9:
      value.type = ValueType::Integer;
      value.integer = static_cast<std::int64_t>(serial_type - 8);
      return value;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      value.type = ValueType::Integer;
      value.integer = decode_integer(serial_type, body);
      return value;
    default:
      break;
  }
  value.type = (serial_type & 1) != 0 ? ValueType::Text : ValueType::Blob;
  value.data = reinterpret_cast<const char*>(body);
  value.size = static_cast<std::uint32_t>((serial_type - 12) / 2);
  value.encoding = encoding;
  return value;
}

Fit fit_of(Bytes bytes, std::uint64_t total_size) noexcept {
  const std::byte* const begin = bytes.data();
  const std::byte* const end = begin + bytes.size();
  const bool is_whole = bytes.size() >= total_size;
  std::uint64_t header_size = 0;
  std::size_t at = static_cast<std::size_t>(base::get_varint(begin, end, &header_size));
  if (at == 0) return is_whole ? Fit::No : Fit::Unknown;
  if (header_size == 0) return Fit::Yes;
  if (header_size > total_size || header_size < at) return Fit::No;
  if (header_size > bytes.size()) return Fit::Unknown;
  std::uint64_t size = header_size;
  while (at < header_size) {
    std::uint64_t type = 0;
    const int length = base::get_varint(begin + at, begin + header_size, &type);
    if (length == 0) return Fit::No;
    at += static_cast<std::size_t>(length);
    size += serial_type_size(type);
    if (size > total_size) return Fit::No;
  }
  return size == total_size ? Fit::Yes : Fit::No;
}


RecordReader::Found RecordReader::parse_to(std::uint32_t index) {
  if (corrupt_) return Found::Corrupt;
  if (index >= kMaxFields) return Found::Absent;
  const std::byte* const bytes = bytes_.data();
  if (header_at_ == 0) {
    if (total_size_ == 0) return Found::Absent;
    if (total_size_ > 0x7fffffff) return fail();
    std::uint64_t header_size;
    const int length = base::get_varint(bytes, bytes + bytes_.size(), &header_size);
    if (length == 0) return bytes_.size() < total_size_ ? Found::Missing : fail();
    if (header_size < static_cast<std::uint64_t>(length) || header_size > total_size_ ||
        header_size > kMaxFields * std::uint64_t{9} + 9) {
      return fail();
    }
    header_size_ = header_size;
    header_at_ = static_cast<std::uint64_t>(length);
    body_at_ = header_size;
  }
  const std::uint64_t readable = std::min<std::uint64_t>(header_size_, bytes_.size());
  if (slots_.size() <= index) slots_.resize(index + 8);
  while (parsed_count_ <= index) {
    if (header_at_ >= header_size_) return Found::Absent;
    std::uint64_t serial_type;
    const int length = base::get_varint(bytes + header_at_, bytes + readable, &serial_type);
    if (length == 0) return bytes_.size() < header_size_ ? Found::Missing : fail();
    slots_[parsed_count_] = Slot{serial_type, body_at_};
    const std::uint64_t size = serial_type_size(serial_type);
    if (size > total_size_ - body_at_) return fail();
    body_at_ += size;
    header_at_ += static_cast<std::uint64_t>(length);
    ++parsed_count_;
  }
  return Found::Ok;
}

RecordReader::Found RecordReader::fail() noexcept {
  corrupt_ = true;
  return Found::Corrupt;
}

RecordReader::Found RecordReader::field_count(std::uint32_t* count) {
  for (;;) {
    const Found found = parse_to(parsed_count_);
    if (found == Found::Ok) continue;
    if (found != Found::Absent) return found;
    *count = parsed_count_;
    return Found::Ok;
  }
}

std::uint64_t RecordBuilder::size_of(std::span<const Value> values,
                                     std::span<const FieldFormat> formats) const noexcept {
  std::uint64_t types_size = 0;
  std::uint64_t body_size = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t type = serial_type_of(values[i], i < formats.size() && formats[i].compact_real, schema_format_);
    types_size += static_cast<std::uint64_t>(base::varint_length(type));
    body_size += serial_type_size(type);
  }
  return header_size_for(types_size) + body_size;
}

Result<Bytes> RecordBuilder::build(std::span<const Value> values, std::span<const FieldFormat> formats,
                                   std::uint64_t size_limit) {
  types_.resize(values.size());
  std::uint64_t types_size = 0;
  std::uint64_t body_size = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t type = serial_type_of(values[i], i < formats.size() && formats[i].compact_real, schema_format_);
    types_[i] = type;
    types_size += type < 0x80 ? 1 : static_cast<std::uint64_t>(base::varint_length(type));
    body_size += serial_type_size(type);
  }
  const std::uint64_t header_size = header_size_for(types_size);
  const std::uint64_t total = header_size + body_size;
  if (total > size_limit) return Status(Code::TooBig);
  // Room for the longest varint behind the last type, which put_varint may touch.
  if (buffer_.size() < total + base::kMaxVarintBytes) buffer_.resize(total + base::kMaxVarintBytes);
  std::byte* out = buffer_.data();
  out += base::put_varint(out, header_size);
  for (const std::uint64_t type : types_) {
    if (type < 0x80) {
      *out++ = static_cast<std::byte>(type);
    } else {
      out += base::put_varint(out, type);
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) out = write_body(out, values[i], types_[i]);
  PL_ASSERT(out == buffer_.data() + total);
  return Bytes{buffer_.data(), total};
}

int compare_integer_real(std::int64_t left, double right) noexcept {
  if (right >= 9223372036854775808.0) return -1;
  if (right < -9223372036854775808.0) return 1;
  // Within the range the integer part of the double is exact; the fraction decides when the integers are equal.
  const auto whole = static_cast<std::int64_t>(right);
  if (left != whole) return left < whole ? -1 : 1;
  const double fraction = right - static_cast<double>(whole);
  return fraction > 0 ? -1 : fraction < 0 ? 1 : 0;
}

int compare_values(const Value& left, const Value& right, const Collation& collation) {
  if (left.type == ValueType::Integer && right.type == ValueType::Integer) {
    return left.integer < right.integer ? -1 : left.integer > right.integer ? 1 : 0;
  }
  if (left.is_numeric() && right.is_numeric()) {
    if (left.type == ValueType::Integer) return compare_integer_real(left.integer, right.real);
    if (right.type == ValueType::Integer) return -compare_integer_real(right.integer, left.real);
    return left.real < right.real ? -1 : left.real > right.real ? 1 : 0;
  }
  if (left.type != right.type) {
    const auto rank = [](const Value& v) { return v.is_numeric() ? 1 : static_cast<int>(v.type); };
    return rank(left) < rank(right) ? -1 : 1;
  }
  if (left.type == ValueType::Null) return 0;
  if (left.type == ValueType::Text) return sign(compare_text(left.bytes(), right.bytes(), left.encoding, collation));
  return compare_blobs(left, right);
}

int compare_blobs(const Value& left, const Value& right) noexcept {
  if (!left.has(Value::kZeroBlob) && !right.has(Value::kZeroBlob)) {
    const std::size_t common = std::min(left.size, right.size);
    const int order = common == 0 ? 0 : std::memcmp(left.data, right.data, common);
    if (order != 0) return sign(order);
  } else {
    for (std::uint32_t i = 0; i < std::min(left.size, right.size); ++i) {
      const char a = left.has(Value::kZeroBlob) ? '\0' : left.data[i];
      const char b = right.has(Value::kZeroBlob) ? '\0' : right.data[i];
      if (a != b) return static_cast<unsigned char>(a) < static_cast<unsigned char>(b) ? -1 : 1;
    }
  }
  return left.size < right.size ? -1 : left.size > right.size ? 1 : 0;
}

int compare_field(const Value& left, const Value& right, const KeyField& field) {
  int order;
  if (field.big_nulls && left.is_null() != right.is_null()) {
    order = left.is_null() ? 1 : -1;
  } else {
    order = compare_values(left, right, field.collation != nullptr ? *field.collation : binary_collation());
  }
  return field.descending ? -order : order;
}

int compare_keys(std::span<const Value> left, std::span<const Value> right, const KeyInfo& info) {
  const std::size_t count = std::min({left.size(), right.size(), info.fields.size()});
  for (std::size_t i = 0; i < count; ++i) {
    const int order = compare_field(left[i], right[i], info.fields[i]);
    if (order != 0) return order;
  }
  return 0;
}

int compare_records(Bytes left, Bytes right, const KeyInfo& info, std::size_t field_count, bool* corrupt) {
  RecordWalker a(left);
  RecordWalker b(right);
  const std::size_t count = std::min(field_count, info.fields.size());
  for (std::size_t i = 0; i < count; ++i) {
    Value x;
    Value y;
    const auto found_x = a.next(info.encoding, &x);
    const auto found_y = b.next(info.encoding, &y);
    if (found_x != RecordReader::Found::Ok || found_y != RecordReader::Found::Ok) {
      if (corrupt != nullptr && (a.corrupt() || b.corrupt())) *corrupt = true;
      if (found_x == found_y) return 0;
      return found_x != RecordReader::Found::Ok ? -1 : 1;  // the shorter record comes first
    }
    const int order = compare_field(x, y, info.fields[i]);
    if (order != 0) return order;
  }
  return 0;
}

// ---- sort keys ----
//
// A number is eleven bytes: the mark, the double nearest to it as eight bytes in order, and what an integer has beyond
// that double (at most 1024 either way) as two. Rounding keeps order, so the pair orders as the numbers do.

namespace {

constexpr unsigned char kNullFirst = 0x05;
constexpr unsigned char kNumberMark = 0x10;
constexpr unsigned char kTextMark = 0x30;
constexpr unsigned char kBlobMark = 0x40;
constexpr unsigned char kNullLast = 0xfa;

void push(Vector<std::byte>* out, unsigned char c) { out->push_back(static_cast<std::byte>(c)); }

void push_number(Vector<std::byte>* out, double nearest, int residue) {
  std::byte encoded[11];
  encoded[0] = static_cast<std::byte>(kNumberMark);
  if (nearest == 0) nearest = 0;  // -0.0 equals 0
  auto bits = std::bit_cast<std::uint64_t>(nearest);
  bits = (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
  base::store_be64(encoded + 1, bits);
  base::store_be16(encoded + 9, static_cast<std::uint32_t>(residue + 0x8000));
  out->insert(out->end(), encoded, encoded + sizeof encoded);
}

void push_integer(Vector<std::byte>* out, std::int64_t v) {
  const auto nearest = static_cast<double>(v);
  int residue;
  if (nearest >= 9223372036854775808.0) {
    residue = -static_cast<int>(static_cast<std::uint64_t>(1) +
                                (static_cast<std::uint64_t>(0x7fffffffffffffff) - static_cast<std::uint64_t>(v)));
  } else {
    residue = static_cast<int>(v - static_cast<std::int64_t>(nearest));
  }
  push_number(out, nearest, residue);
}

template <class Letter>
void push_escaped(Vector<std::byte>* out, std::string_view bytes, Letter letter) {
  out->reserve(out->size() + bytes.size() + 2);
  for (const char c : bytes) {
    const auto mapped = static_cast<unsigned char>(letter(c));
    push(out, mapped);
    if (mapped == 0) push(out, 0xff);
  }
  push(out, 0);
  push(out, 0);
}

}  // namespace

bool SortKeyEncoder::usable() const noexcept {
  for (const KeyField& field : info_.fields) {
    if (field.collation != nullptr && field.collation->kind == CollationKind::User) return false;
  }
  return true;
}

void SortKeyEncoder::append(std::span<const Value> values, Vector<std::byte>* out) const {
  const std::size_t count = std::min(values.size(), info_.fields.size());
  TextScratch scratch;
  for (std::size_t i = 0; i < count; ++i) {
    const KeyField& field = info_.fields[i];
    const Value& value = values[i];
    const std::size_t start = out->size();
    switch (value.type) {
      case ValueType::Null:
        push(out, field.big_nulls ? kNullLast : kNullFirst);
        break;
      case ValueType::Integer:
        push_integer(out, value.integer);
        break;
      case ValueType::Real:
        push_number(out, value.real, 0);
        break;
      case ValueType::Text: {
        push(out, kTextMark);
        const CollationKind kind = field.collation == nullptr ? CollationKind::Binary : field.collation->kind;
        std::string_view text = kind == CollationKind::Binary ? value.bytes() : scratch.text(value, TextEncoding::Utf8);
        if (kind == CollationKind::RTrim) {
          while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
        }
        if (kind == CollationKind::NoCase) {
          push_escaped(out, text, [](char c) { return base::ascii_lower(c); });
        } else {
          push_escaped(out, text, [](char c) { return c; });
        }
        break;
      }
      case ValueType::Blob: {
        push(out, kBlobMark);
        push_escaped(out, scratch.bytes(value), [](char c) { return c; });
        break;
      }
    }
    if (field.descending) {
      for (std::size_t k = start; k < out->size(); ++k) (*out)[k] = ~(*out)[k];
    }
  }
}

}  // namespace perlite::record
