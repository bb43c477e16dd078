// vm/row_reader.h: the fields of the record a cursor stands on, read where they lie.
//
// Decodes the header as far as it is asked and once a row; the machine's innermost loops go through field(). Works on
// the part of a record that lies in the b-tree page: what does not is Beyond, and the caller fetches it. The format is
// told in record/record.h. Bytes come from files: each length is bounded by the record's size before it is used.
//   Lifetime   the bytes stay while the reader and the Values it lent are used.
#pragma once

#include <array>
#include <cstdint>

#include <bit>
#include "base/allocator.h"

#include "base/bytes.h"
#include "base/ids.h"
#include "record/value.h"

namespace perlite::vm {

namespace row_detail {
// Body sizes of the serial types that take one byte.
inline constexpr std::array<std::uint8_t, 128> kBodySize = [] {
  std::array<std::uint8_t, 128> sizes{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
  for (unsigned type = 12; type < 128; ++type) sizes[type] = static_cast<std::uint8_t>((type - 12) / 2);
  return sizes;
}();
}  // namespace row_detail

class RowReader {
 public:
  enum class Found : std::uint8_t {
    Ok,
    Absent,        // the record has fewer fields: the column's default holds
    BeyondHeader,  // the header goes on beyond the bytes at hand: set_header() with header_size() bytes
    BeyondBody,    // the field's body does: extent() says where it lies
    Corrupt,
  };

  RowReader() noexcept = default;
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;
  ~RowReader() { base::Allocator::release(slots_); }

  // `local` bytes at `data` are the start of a record of `total` bytes.
  void reset(const std::byte* data, std::uint32_t local, std::uint32_t total) noexcept {
    data_ = header_ = data;
    local_ = header_local_ = local;
    total_ = total;
    parsed_ = 0;
    header_at_ = 0;
  }
  // The header of the same record, all of it, elsewhere.
  void set_header(const std::byte* header, std::uint32_t size) noexcept {
    header_ = header;
    header_local_ = size;
  }
  std::uint32_t header_size() const noexcept { return header_size_; }

  // Field `index`; `out` holds nothing that needs release. Text and blobs borrow the bytes.
  Found field(std::uint32_t index, TextEncoding encoding, record::Value* out) {
    if (index >= parsed_) {
      if (const Found found = parse_to(index); found != Found::Ok) [[unlikely]]
        return found;
    }
    return decode(slots_[index], encoding, out);
  }
  Found extent(std::uint32_t index, std::uint32_t* serial_type, std::uint32_t* offset) {
    if (index >= parsed_) {
      if (const Found found = parse_to(index); found != Found::Ok) return found;
    }
    *serial_type = slots_[index].type;
    *offset = slots_[index].offset;
    return Found::Ok;
  }
  // The number of fields, -1 when the header cannot be read to its end from the bytes at hand.
  std::int32_t field_count();

  static std::uint32_t body_size(std::uint32_t serial_type) noexcept {
    return serial_type < 128 ? row_detail::kBodySize[serial_type] : (serial_type - 12) / 2;
  }
  // A value of `serial_type` whose body is at `p`, all of it.
  static void decode_body(std::uint32_t serial_type, const std::byte* p, TextEncoding encoding,
                          record::Value* out) noexcept;

 private:
  struct Slot {
    std::uint32_t type;
    std::uint32_t offset;  // of the body, from the start of the record
  };

  Found decode(Slot slot, TextEncoding encoding, record::Value* out) const noexcept {
    if (slot.offset + body_size(slot.type) > local_) [[unlikely]]
      return Found::BeyondBody;
    decode_body(slot.type, data_ + slot.offset, encoding, out);
    return Found::Ok;
  }
  Found parse_to(std::uint32_t index) {
    if (header_at_ == 0 && index < capacity_ && header_local_ != 0 && is_short_size(header_[0])) [[likely]] {
      // A header of one byte's size, as nearly all are.
      header_size_ = body_at_ = static_cast<std::uint32_t>(header_[0]);
      header_at_ = 1;
    } else if (header_at_ == 0 || index >= capacity_) {
      if (const Found found = begin(index); found != Found::Ok) [[unlikely]]
        return found;
    }
    // Copies: stores to the slots must not make the compiler read the members again.
    const std::byte* const header = header_;
    Slot* const slots = slots_;
    const std::uint64_t total = total_;
    std::uint32_t at = header_at_;
    std::uint64_t body = body_at_;
    const std::uint32_t end = header_size_ < header_local_ ? header_size_ : header_local_;
    std::uint32_t parsed = parsed_;
    while (parsed <= index) {
      if (at >= end) [[unlikely]]
        return stopped(parsed, at, body);
      const auto type = static_cast<std::uint32_t>(header[at]);
      if (type < 128) [[likely]] {
        ++at;
        slots[parsed] = {type, static_cast<std::uint32_t>(body)};
        body += row_detail::kBodySize[type];
      } else {
        const LongType wide = long_type(end, at);
        if (wide.found != Found::Ok) [[unlikely]] {
          const Found reason = stopped(parsed, at, body);
          return wide.found == Found::Corrupt ? wide.found : reason;
        }
        at += wide.length;
        slots[parsed] = {wide.type, static_cast<std::uint32_t>(body)};
        body += body_size(wide.type);
      }
      if (body > total) [[unlikely]]
        return Found::Corrupt;
      ++parsed;
    }
    header_at_ = at;
    body_at_ = static_cast<std::uint32_t>(body);
    parsed_ = parsed;
    return Found::Ok;
  }
  bool is_short_size(std::byte first) const noexcept {
    const auto size = static_cast<std::uint32_t>(first);
    return size < 128 && size != 0 && size <= total_;
  }
  Found begin(std::uint32_t index);
  Found stopped(std::uint32_t parsed, std::uint32_t at, std::uint64_t body) noexcept;
  struct LongType {
    Found found;
    std::uint32_t type;
    std::uint32_t length;  // bytes in the header
  };
  LongType long_type(std::uint32_t end, std::uint32_t at) const noexcept;

  const std::byte* data_ = nullptr;
  const std::byte* header_ = nullptr;
  std::uint32_t local_ = 0;
  std::uint32_t header_local_ = 0;
  std::uint32_t total_ = 0;
  std::uint32_t parsed_ = 0;
  std::uint32_t header_at_ = 0;  // where the next serial type stands; 0: the header's size is not read yet
  std::uint32_t header_size_ = 0;
  std::uint32_t body_at_ = 0;   // where the body of the next field stands
  std::uint32_t capacity_ = 0;  // of slots_
  Slot* slots_ = nullptr;       // grown, never shrunk: a reader serves many rows
};

inline void RowReader::decode_body(std::uint32_t serial_type, const std::byte* p, TextEncoding encoding,
                                   record::Value* out) noexcept {
  const auto set = [&](record::ValueType type, std::int64_t integer) {
    *out = record::Value{};
    out->integer = integer;
    out->type = type;
  };
  using enum record::ValueType;
  switch (serial_type) {
    case 1:
      return set(Integer, static_cast<std::int8_t>(p[0]));
    case 2:
      return set(Integer, static_cast<std::int16_t>(base::load_be16(p)));
    case 3:
      return set(Integer, static_cast<std::int32_t>(static_cast<std::uint32_t>(base::load_be16(p)) << 16 |
                                                    static_cast<std::uint32_t>(p[2]) << 8) >>
                              8);
    case 4:
      return set(Integer, static_cast<std::int32_t>(base::load_be32(p)));
    case 5:
      return set(
          Integer,
          static_cast<std::int64_t>(
              static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int16_t>(base::load_be16(p))))
                  << 32 |
              base::load_be32(p + 2)));
    case 6:
      return set(Integer, static_cast<std::int64_t>(base::load_be64(p)));
    case 7: {
      const auto real = std::bit_cast<double>(base::load_be64(p));
      *out = record::Value{};
      if (real == real) {  // a NaN in a file reads as NULL
        out->real = real;
        out->type = Real;
      }
      return;
    }
    case 8:
      return set(Integer, 0);
    case 9:
      return set(Integer, 1);
    case 0:
    case 10:
    case 11:
      *out = record::Value{};
      return;
    default:
      *out = record::Value{};
      out->data = reinterpret_cast<const char*>(p);
      out->size = (serial_type - 12) / 2;
      out->type = (serial_type & 1) != 0 ? Text : Blob;
      out->encoding = encoding;
      return;
  }
}

}  // namespace perlite::vm
