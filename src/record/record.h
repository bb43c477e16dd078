// record/record.h: rows and keys as bytes: read where they lie, built, and ordered.
//
// A record (manual: fileformat2.html 2.1; docs/format/record.md) is
//   varint   size of the header, itself included
//   varint   serial type of each field
//   ...      the bodies in the same order
// serial type  0 NULL | 1..6 integer of 1,2,3,4,6,8 bytes | 7 double | 8, 9 the integers 0, 1 (schema format 4)
//              even n >= 12: blob of (n-12)/2 bytes | odd n >= 13: text of (n-13)/2 bytes
// Bytes come from files: every length is bounded before it is used.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "record/affinity.h"
#include "record/collation.h"
#include "record/value.h"

namespace perlite::record {

// Bytes of a body; serial types 10 and 11 have none.
constexpr std::uint64_t serial_type_size(std::uint64_t serial_type) noexcept {
  constexpr std::uint8_t kSmall[12] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
  return serial_type < 12 ? kSmall[serial_type] : (serial_type - 12) / 2;
}
// The integer of serial types 1..6.
inline std::int64_t decode_integer(std::uint64_t serial_type, const std::byte* body) noexcept {
  switch (serial_type) {
    case 1:
      return static_cast<std::int8_t>(*body);
    case 2:
      return static_cast<std::int16_t>(base::load_be16(body));
    case 3:
      return static_cast<std::int8_t>(body[0]) * 65536 + base::load_be16(body + 1);
    case 4:
      return static_cast<std::int32_t>(base::load_be32(body));
    case 5:
      return static_cast<std::int16_t>(base::load_be16(body)) * std::int64_t{4294967296} + base::load_be32(body + 2);
    default:
      return static_cast<std::int64_t>(base::load_be64(body));
  }
}
// A Value of the serial type, borrowing text and blob from `body`, which has all the bytes the type needs.
Value decode_field(std::uint64_t serial_type, const std::byte* body, TextEncoding encoding) noexcept;

// Is a record of `total_size` bytes as long as its header says? `bytes` are its beginning; Unknown when the header goes on
// beyond them. A header of size 0 stands for no fields, whatever follows.
enum class Fit : std::uint8_t { Yes, No, Unknown };
Fit fit_of(base::Bytes bytes, std::uint64_t total_size) noexcept;

// Reads fields of one record, decoding its header as far as it is asked and once only.
//   Lifetime   the bytes stay while the reader and the Values it lent are used.
// The bytes may be a prefix of the record (`bytes` shorter than `total_size`): a field that is not wholly inside gives
// Missing, and field_extent() says where it lies, so that the caller can fetch it from the overflow pages.
class RecordReader {
 public:
  enum class Found : std::uint8_t {
    Ok,       // *value is set
    Absent,   // the record has fewer fields: the column's default holds
    Missing,  // header or body lies beyond the prefix we have
    Corrupt,
  };

  RecordReader() noexcept = default;
  RecordReader(base::Bytes bytes, std::uint64_t total_size, TextEncoding encoding) {
    reset(bytes, total_size, encoding);
  }

  void reset(base::Bytes bytes, std::uint64_t total_size, TextEncoding encoding) noexcept {
    bytes_ = bytes;
    total_size_ = total_size;
    encoding_ = encoding;
    parsed_count_ = 0;
    header_at_ = 0;  // 0: the header's size is not read yet
    corrupt_ = false;
  }
  // The same record, more of it (a longer prefix or the whole): what was decoded stays.
  void extend(base::Bytes bytes) noexcept { bytes_ = bytes; }

  // Field `index` (from 0). Text and blobs borrow the bytes.
  Found field(std::uint32_t index, Value* value) {
    if (index >= parsed_count_) [[unlikely]] {
      const Found found = parse_to(index);
      if (found != Found::Ok) return found;
    }
    const Slot& slot = slots_[index];
    // parse_to() has bounded the field by the size of the record.
    if (slot.offset + serial_type_size(slot.serial_type) > bytes_.size()) [[unlikely]]
      return Found::Missing;
    *value = decode_field(slot.serial_type, bytes_.data() + slot.offset, encoding_);
    return Found::Ok;
  }
  // Serial type and place of a field in the whole record, whether or not its body is in the prefix.
  Found field_extent(std::uint32_t index, std::uint64_t* serial_type, std::uint64_t* offset) {
    if (index >= parsed_count_) [[unlikely]] {
      const Found found = parse_to(index);
      if (found != Found::Ok) return found;
    }
    *serial_type = slots_[index].serial_type;
    *offset = slots_[index].offset;
    return Found::Ok;
  }
  // Number of fields; Missing or Corrupt when the header cannot be read to its end.
  Found field_count(std::uint32_t* count);

 private:
  struct Slot {
    std::uint64_t serial_type;
    std::uint64_t offset;  // of the body, from the start of the record
  };
  Found parse_to(std::uint32_t index);
  Found fail() noexcept;

  base::Bytes bytes_;
  std::uint64_t total_size_ = 0;
  std::uint64_t header_at_ = 0;  // where the next serial type stands
  std::uint64_t header_size_ = 0;
  std::uint64_t body_at_ = 0;  // where the body of the next field stands
  std::uint32_t parsed_count_ = 0;
  TextEncoding encoding_ = TextEncoding::Utf8;
  bool corrupt_ = false;
  Vector<Slot> slots_;  // grown, never shrunk: a reader serves many records
};

// Reads the fields of one whole record in order, keeping nothing: for comparisons.
class RecordWalker {
 public:
  explicit RecordWalker(base::Bytes record) noexcept
      : base_(record.data()), type_at_(record.data()), end_(record.data() + record.size()) {
    std::uint64_t header_size;
    const int length = base::get_varint(type_at_, end_, &header_size);
    if (length == 0 || header_size < static_cast<std::uint64_t>(length) || header_size > record.size()) {
      corrupt_ = !record.empty();
      header_end_ = body_at_ = type_at_;
      return;
    }
    type_at_ += length;
    header_end_ = body_at_ = base_ + header_size;
  }
  // Ok, Absent at the end, or Corrupt.
  RecordReader::Found next(TextEncoding encoding, Value* value) noexcept {
    std::uint64_t type;
    const RecordReader::Found found = next_extent(&type);
    if (found != RecordReader::Found::Ok) return found;
    *value = decode_field(type, body_at_, encoding);
    body_at_ += serial_type_size(type);
    return found;
  }
  bool corrupt() const noexcept { return corrupt_; }

 private:
  RecordReader::Found next_extent(std::uint64_t* type) noexcept {
    if (type_at_ == header_end_) return corrupt_ ? RecordReader::Found::Corrupt : RecordReader::Found::Absent;
    const int length = base::get_varint(type_at_, header_end_, type);
    if (length == 0 || serial_type_size(*type) > static_cast<std::uint64_t>(end_ - body_at_)) {
      corrupt_ = true;
      header_end_ = type_at_;
      return RecordReader::Found::Corrupt;
    }
    type_at_ += length;
    return RecordReader::Found::Ok;
  }

  const std::byte* base_;
  const std::byte* type_at_;
  const std::byte* end_;
  const std::byte* header_end_ = nullptr;
  const std::byte* body_at_ = nullptr;
  bool corrupt_ = false;
};

// What RecordBuilder does with a field beyond its Value.
struct FieldFormat {
  bool compact_real = false;  // REAL affinity: a real that is a 48-bit integer is stored as one
};

// Builds records in one buffer that is used again.
class RecordBuilder {
 public:
  explicit RecordBuilder(int schema_format = 4) noexcept : schema_format_(schema_format) {}
  void set_schema_format(int format) noexcept { schema_format_ = format; }

  // The record of `values`; affinities have been applied. compact_real may be empty; else it has one entry a value.
  // Errors: TooBig beyond `size_limit`.
  // Valid until the next build(). A zero blob at the end is written out.
  Result<base::Bytes> build(std::span<const Value> values, std::span<const FieldFormat> formats,
                            std::uint64_t size_limit);
  // Size in bytes that build() would give.
  std::uint64_t size_of(std::span<const Value> values, std::span<const FieldFormat> formats) const noexcept;

 private:
  Vector<std::byte> buffer_;
  Vector<std::uint64_t> types_;
  int schema_format_;
};

// The order of values: NULL < numbers < text < blob; numbers exactly; text by the collation. Text of both is in the
// same encoding. Negative, 0, positive.
int compare_values(const Value& left, const Value& right, const Collation& collation);
int compare_integer_real(std::int64_t left, double right) noexcept;
int compare_blobs(const Value& left, const Value& right) noexcept;

// How one field of a key is ordered.
struct KeyField {
  const Collation* collation = nullptr;  // null: Binary
  bool descending = false;
  bool big_nulls = false;  // NULLs after everything (before `descending` turns the order around)
};

// The order of a key. Immutable once made; `fields` is kept by the owner of the program or shape.
struct KeyInfo {
  std::span<const KeyField> fields;
  TextEncoding encoding = TextEncoding::Utf8;

  const Collation& collation(std::size_t i) const noexcept {
    const Collation* c = fields[i].collation;
    return c != nullptr ? *c : binary_collation();
  }
};

// The order of one field: `descending` and `big_nulls` taken into account.
int compare_field(const Value& left, const Value& right, const KeyField& field);
// Compares value arrays by the first min(sizes, fields) fields.
int compare_keys(std::span<const Value> left, std::span<const Value> right, const KeyInfo& info);
// Compares two whole records by the first `field_count` fields without unpacking them. A malformed record sets *corrupt
// (may be null) and compares as its readable prefix does.
int compare_records(base::Bytes left, base::Bytes right, const KeyInfo& info, std::size_t field_count, bool* corrupt);

// Keys as bytes that memcmp orders, for sorters: field by field
//   NULL 05 (fa when last) | number 10 and ten bytes | text 30 bytes 00 00 | blob 40 bytes 00 00
// all inverted when descending; 00 inside text and blob is written 00 ff, so that no field is a prefix of another.
// Texts that their collation holds equal give equal keys.
class SortKeyEncoder {
 public:
  explicit SortKeyEncoder(const KeyInfo& info) noexcept : info_(info) {}
  // False when a field has a collation of the host: such keys need compare_keys().
  bool usable() const noexcept;
  // Appends the key of the first min(values, fields) values.
  void append(std::span<const Value> values, Vector<std::byte>* out) const;

 private:
  KeyInfo info_;
};

}  // namespace perlite::record

namespace perlite {
using record::KeyField;
using record::KeyInfo;
}  // namespace perlite
