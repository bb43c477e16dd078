#include "record/record_probe.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace perlite::record {

using btree::kCorrupt;
using btree::kNeedMore;
using btree::kNoMemory;

namespace {

// Where the next field of a stored key stands. The key may be a prefix of itself.
struct StoredFields {
  const std::byte* type_at;
  const std::byte* header_end;    // as the header says; may lie behind `end`
  const std::byte* readable_end;  // of the header
  const std::byte* body_at;
  const std::byte* end;
  bool complete;

  // 0, or a special answer.
  int open(std::span<const std::byte> stored, bool is_complete) noexcept {
    complete = is_complete;
    const std::byte* const begin = stored.data();
    end = begin + stored.size();
    std::uint64_t header_size;
    const int length = base::get_varint(begin, end, &header_size);
    if (length == 0) return short_answer();
    if (header_size < static_cast<std::uint64_t>(length) || header_size > 0x7fffffff) return kCorrupt;
    if (header_size > stored.size()) {
      if (complete) return kCorrupt;
      return kNeedMore;
    }
    type_at = begin + length;
    header_end = readable_end = body_at = begin + header_size;
    return 0;
  }
  bool at_end() const noexcept { return type_at == header_end; }
  // The serial type of the next field; 0 or a special answer.
  int next_type(std::uint64_t* type) noexcept {
    const int length = base::get_varint(type_at, header_end, type);
    if (length == 0) return kCorrupt;
    type_at += length;
    return 0;
  }
  std::uint64_t left() const noexcept { return static_cast<std::uint64_t>(end - body_at); }
  int short_answer() const noexcept { return complete ? kCorrupt : kNeedMore; }
};

constexpr int three_way(std::uint64_t left, std::uint64_t right) noexcept {
  return left < right ? -1 : left > right ? 1 : 0;
}

// Bytes of a stored body of full size `size`, of which `have` are here, against `probe`.
int compare_bytes(const std::byte* body, std::uint64_t size, std::uint64_t have, std::string_view probe) noexcept {
  const std::uint64_t common = std::min<std::uint64_t>(std::min(size, have), probe.size());
  const int order = common == 0 ? 0 : std::memcmp(body, probe.data(), common);
  if (order != 0) return order < 0 ? -1 : 1;
  if (common == std::min<std::uint64_t>(size, probe.size())) return three_way(size, probe.size());
  return kNeedMore;
}

// The order of a stored field to `probe`, ascending and NULL first; moves over the field.
int compare_stored_field(StoredFields& fields, std::uint64_t type, const Value& probe, const KeyField& field,
                         TextEncoding encoding) {
  const std::uint64_t size = serial_type_size(type);
  const std::byte* const body = fields.body_at;
  const std::uint64_t have = fields.left();
  if (size > have && fields.complete) return kCorrupt;
  if (type >= 12) {
    int order;
    const bool is_text = (type & 1) != 0;
    if (is_text != (probe.type == ValueType::Text) || probe.type < ValueType::Text) {
      order = is_text && probe.type == ValueType::Blob ? -1 : 1;
    } else if (!is_text && probe.has(Value::kZeroBlob)) {
      if (size > have) return kNeedMore;
      order = compare_blobs(decode_field(type, body, encoding), probe);
    } else if (!is_text || field.collation == nullptr || field.collation->is_binary()) {
      order = compare_bytes(body, size, have, probe.bytes());
      if (order == kNeedMore) return kNeedMore;
    } else {
      if (size > have) return kNeedMore;
      const std::string_view text(reinterpret_cast<const char*>(body), size);
      const int by_collation = compare_text(text, probe.bytes(), encoding, *field.collation);
      order = by_collation < 0 ? -1 : by_collation > 0 ? 1 : 0;  // the host's may be any int
    }
    if (order == 0 && size > have) return kNeedMore;
    fields.body_at += std::min(size, have);
    return order;
  }
  if (size > have) return kNeedMore;
  fields.body_at += size;
  switch (probe.type) {
    case ValueType::Null:
      return type == 0 || type >= 10 ? 0 : 1;
    case ValueType::Text:
    case ValueType::Blob:
      return -1;
    case ValueType::Integer:
    case ValueType::Real:
      break;
  }
  return compare_values(decode_field(type, body, encoding), probe, binary_collation());
}

int answer_for(int order, const KeyField& field) noexcept {
  if (btree::is_special(order)) return order;
  return field.descending ? -order : order;
}

int compare_one(StoredFields& fields, const Value& probe, const KeyField& field, TextEncoding encoding) {
  std::uint64_t type;
  const int special = fields.next_type(&type);
  if (special != 0) return special;
  if (field.big_nulls && (type == 0) != probe.is_null()) {
    fields.body_at += std::min(serial_type_size(type), fields.left());
    return answer_for(type == 0 ? 1 : -1, field);
  }
  return answer_for(compare_stored_field(fields, type, probe, field, encoding), field);
}

}  // namespace

template <class First>
inline void RecordProbe::compare_by() noexcept {
  compare_ = &compare_first<First>;
  search_ = less_ < 0 ? &search_first<First, false> : &search_first<First, true>;
}

void RecordProbe::set(const KeyInfo& info, std::span<const Value> values, int on_equal) noexcept {
  PL_ASSERT(values.size() <= info.fields.size());
  info_ = &info;
  values_ = values;
  on_equal_ = on_equal;
  compare_ = &compare_general;
  search_ = &search_by_compare;
  if (values.empty()) return;
  const KeyField& field = info.fields[0];
  less_ = field.descending ? 1 : -1;
  if (field.big_nulls) return;
  if (values[0].type == ValueType::Integer) {
    compare_by<IntegerFirst>();
  } else if (values[0].type == ValueType::Text && (field.collation == nullptr || field.collation->is_binary())) {
    compare_by<TextFirst>();
    const base::Bytes text = std::as_bytes(std::span(values[0].bytes()));
    if (text.size() >= kHeadSize) {
      head_ = base::load_be64(text.data());
    } else {
      std::byte head[kHeadSize] = {};
      std::copy(text.begin(), text.end(), head);
      head_ = base::load_be64(head);
    }
  }
}

int RecordProbe::compare_from(std::size_t first_field, std::span<const std::byte> stored,
                              bool complete) const noexcept {
  StoredFields fields;
  const int special = fields.open(stored, complete);
  if (special != 0) return special;
  try {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (fields.at_end()) return -1;  // a shorter record comes first
      if (i < first_field) {
        std::uint64_t type;
        const int answer = fields.next_type(&type);
        if (answer != 0) return answer;
        if (serial_type_size(type) > fields.left()) return fields.short_answer();
        fields.body_at += serial_type_size(type);
        continue;
      }
      const int answer = compare_one(fields, values_[i], info_->fields[i], info_->encoding);
      if (answer != 0) return answer;
    }
  } catch (const std::bad_alloc&) {
    return kNoMemory;
  }
  return on_equal_;
}

int RecordProbe::compare_general(const KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept {
  return static_cast<const RecordProbe&>(probe).compare_from(0, stored, complete);
}

constexpr std::uint8_t kIntegerSize[] = {0, 1, 2, 3, 4, 6, 8};  // by serial type

// order() compares the first field of a key whose first `size` bytes are at hand: -1 and 1 ascending, or one of these.
constexpr int kUnknown = 0;  // not as almost all keys are: header size and first type of one byte each, type as wanted
constexpr int kEqual = 2;

struct RecordProbe::IntegerFirst {
  explicit IntegerFirst(const RecordProbe& probe) noexcept : wanted(probe.values_[0].integer) {}

  [[gnu::always_inline]] int order(const std::byte* stored, std::size_t size) const noexcept {
    const auto header_size = static_cast<std::uint8_t>(stored[0]);
    const auto type = static_cast<std::uint8_t>(stored[1]);
    if (header_size >= 0x80 || header_size < 2) [[unlikely]]
      return kUnknown;
    std::int64_t value;
    if (type - 1u <= 5) [[likely]] {
      if (header_size + kIntegerSize[type] > size) [[unlikely]]
        return kUnknown;
      // Read wide, and what does not belong to it shifted out.
      value = static_cast<std::int64_t>(base::load_be64(stored + header_size)) >> (64 - 8 * kIntegerSize[type]);
    } else if (type == 8 || type == 9) {
      value = type - 8;
    } else {
      return kUnknown;
    }
    return value < wanted ? -1 : value > wanted ? 1 : kEqual;
  }

  std::int64_t wanted;
};

struct RecordProbe::TextFirst {
  explicit TextFirst(const RecordProbe& probe) noexcept
      : head(probe.head_),
        wanted(reinterpret_cast<const std::byte*>(probe.values_[0].data)),
        wanted_size(probe.values_[0].size) {}

  [[gnu::always_inline]] int order(const std::byte* stored, std::size_t size) const noexcept {
    const auto header_size = static_cast<std::uint8_t>(stored[0]);
    const auto type = static_cast<std::uint8_t>(stored[1]);
    // Odd types from 13 on, of one byte: the lowest bit of what is above 13 goes to the top.
    const auto text_size = std::rotr(static_cast<std::uint8_t>(type - 13), 1);
    if (header_size < 2 || header_size >= 0x80 || text_size > (127 - 13) / 2 || header_size + text_size > size)
        [[unlikely]]
      return kUnknown;
    const std::byte* const body = stored + header_size;
    const std::size_t common = std::min<std::size_t>(text_size, wanted_size);
    std::uint64_t stored_head = base::load_be64(body);  // read wide
    std::uint64_t wanted_head = head;
    if (common < kHeadSize) [[unlikely]] {
      // What is not common to both is shifted out, in two steps for where that is all of it.
      const unsigned bits = static_cast<unsigned>(8 * (kHeadSize - common)) / 2;
      stored_head = stored_head >> bits >> bits;
      wanted_head = wanted_head >> bits >> bits;
    }
    if (stored_head != wanted_head) return stored_head < wanted_head ? -1 : 1;
    if (common > kHeadSize) {
      if (common > 2 * kHeadSize) return kUnknown;
      const std::uint64_t stored_tail = base::load_be64(body + common - kHeadSize);
      const std::uint64_t wanted_tail = base::load_be64(wanted + common - kHeadSize);
      if (stored_tail != wanted_tail) return stored_tail < wanted_tail ? -1 : 1;
    }
    return text_size < wanted_size ? -1 : text_size > wanted_size ? 1 : kEqual;
  }

  std::uint64_t head;
  const std::byte* wanted;
  std::size_t wanted_size;
};

template <class First>
int RecordProbe::compare_first(const KeyProbe& base_probe, std::span<const std::byte> stored, bool complete) noexcept {
  const auto& probe = static_cast<const RecordProbe&>(base_probe);
  const int order = stored.size() < 2 ? kUnknown : First(probe).order(stored.data(), stored.size());
  if (order == kUnknown) return probe.compare_from(0, stored, complete);
  if (order != kEqual) return order < 0 ? probe.less_ : -probe.less_;
  return probe.values_.size() == 1 ? probe.on_equal_ : probe.compare_from(1, stored, complete);
}

template <class First, bool kDescending>
btree::KeyRange RecordProbe::search_first(const KeyProbe& probe, const btree::PageKeys& keys,
                                          btree::KeyRange range) noexcept {
  const First first(static_cast<const RecordProbe&>(probe));
  return narrow(probe, keys, range, [first](const std::byte* stored, std::uint32_t size) {
    const int order = size < 2 ? kUnknown : first.order(stored, size);
    if (order == kEqual) return 0;
    return kDescending ? -order : order;
  });
}

namespace {

// A stored key against the first `field_count` fields of a whole record.
int compare_stored_to_record(const KeyInfo& info, std::span<const std::byte> stored, bool complete,
                             std::span<const std::byte> record, std::size_t field_count, int on_equal) noexcept {
  StoredFields fields;
  const int special = fields.open(stored, complete);
  if (special != 0) return special;
  RecordWalker wanted(record);
  const std::size_t count = std::min(field_count, info.fields.size());
  try {
    for (std::size_t i = 0; i < count; ++i) {
      Value value;
      const RecordReader::Found found = wanted.next(info.encoding, &value);
      if (found == RecordReader::Found::Corrupt) return kCorrupt;
      if (found == RecordReader::Found::Absent) return fields.at_end() ? on_equal : 1;
      if (fields.at_end()) return -1;
      const int answer = compare_one(fields, value, info.fields[i], info.encoding);
      if (answer != 0) return answer;
    }
  } catch (const std::bad_alloc&) {
    return kNoMemory;
  }
  return on_equal;
}

}  // namespace

int RecordOrder::compare_stored(const KeyOrder& order, std::span<const std::byte> stored, bool complete,
                                std::span<const std::byte> key) noexcept {
  const KeyInfo& info = *static_cast<const RecordOrder&>(order).info_;
  return compare_stored_to_record(info, stored, complete, key, info.fields.size(), 0);
}

int PackedProbe::compare_stored(const KeyProbe& base_probe, std::span<const std::byte> stored, bool complete) noexcept {
  const auto& probe = static_cast<const PackedProbe&>(base_probe);
  return compare_stored_to_record(*probe.info_, stored, complete, probe.record_, probe.field_count_, probe.on_equal_);
}

}  // namespace perlite::record
