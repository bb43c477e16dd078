#include "vm/key_probe.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/bytes.h"
#include "vm/row_reader.h"

namespace perlite::vm {

namespace {

using record::Value;

int compare_bytes(const char* left, std::size_t left_size, const char* right, std::size_t right_size) noexcept {
  const std::size_t common = std::min(left_size, right_size);
  const int order = common == 0 ? 0 : std::memcmp(left, right, common);
  if (order != 0) return order < 0 ? -1 : 1;
  return left_size < right_size ? -1 : left_size > right_size ? 1 : 0;
}

// Walks the fields of a stored record of which perhaps only a prefix is at hand.
class StoredKey {
 public:
  // 0, or kCorrupt, or kNeedMore.
  int begin(std::span<const std::byte> bytes, bool complete) noexcept {
    bytes_ = bytes;
    complete_ = complete;
    std::uint64_t size = 0;
    const int length = base::get_varint(bytes.data(), bytes.data() + bytes.size(), &size);
    if (length == 0) return out_of_bytes();
    if (size < static_cast<std::uint64_t>(length) || size > 0x7fffffff) return btree::kCorrupt;
    if (size > bytes.size()) return out_of_bytes();
    at_ = static_cast<std::uint32_t>(length);
    body_ = end_ = static_cast<std::uint32_t>(size);
    return 0;
  }
  bool at_end() const noexcept { return at_ >= end_; }
  // The next field's type; the body lies at body(), all of it (0), or not (kNeedMore, kCorrupt).
  int next(std::uint32_t* type) noexcept {
    auto value = static_cast<std::uint32_t>(bytes_[at_]);
    std::uint32_t size;
    if (value < 128) {
      ++at_;
      size = row_detail::kBodySize[value];
    } else {
      std::uint64_t wide = 0;
      const int length = base::get_varint(bytes_.data() + at_, bytes_.data() + end_, &wide);
      if (length == 0 || wide > 0xffffffffu) return btree::kCorrupt;
      at_ += static_cast<std::uint32_t>(length);
      value = static_cast<std::uint32_t>(wide);
      size = RowReader::body_size(value);
    }
    *type = value;
    field_ = body_;
    if (size > bytes_.size() - body_) {
      return out_of_bytes();
    }
    body_ += size;
    return 0;
  }
  const std::byte* body() const noexcept { return bytes_.data() + field_; }

 private:
  int out_of_bytes() const noexcept { return complete_ ? btree::kCorrupt : btree::kNeedMore; }

  std::span<const std::byte> bytes_;
  std::uint32_t at_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t body_ = 0;
  std::uint32_t field_ = 0;
  bool complete_ = true;
};

// The order of a stored field and a value, `descending` counted in; kNoMemory when a conversion found none.
int compare_field(std::uint32_t type, const std::byte* body, const Value& value, const record::KeyInfo& info,
                  std::size_t field) noexcept {
  const record::KeyField& rule = info.fields[field];
  int order;
  if (value.type == ValueType::Integer && type >= 1 && type <= 9 && type != 7) {
    Value stored{};
    RowReader::decode_body(type, body, info.encoding, &stored);
    order = stored.integer < value.integer ? -1 : stored.integer > value.integer ? 1 : 0;
  } else if (value.type == ValueType::Text && type >= 13 && (type & 1) != 0 &&
             (rule.collation == nullptr || rule.collation->is_binary())) {
    order = compare_bytes(reinterpret_cast<const char*>(body), (type - 13) / 2, value.data, value.size);
  } else {
    Value stored{};
    RowReader::decode_body(type, body, info.encoding, &stored);
    try {
      return compare_key_field(stored, value, info, field);
    } catch (const std::bad_alloc&) {
      return btree::kNoMemory;
    }
  }
  return rule.descending ? -order : order;
}

}  // namespace

int compare_key_field(const Value& left, const Value& right, const record::KeyInfo& info, std::size_t field) {
  const record::KeyField& rule = info.fields[field];
  int order;
  if (rule.big_nulls && (left.is_null() != right.is_null())) {
    order = left.is_null() ? 1 : -1;
  } else if (left.type == ValueType::Integer && right.type == ValueType::Integer) {
    order = left.integer < right.integer ? -1 : left.integer > right.integer ? 1 : 0;
  } else {
    order = record::compare_values(left, right, info.collation(field));
    order = order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return rule.descending ? -order : order;
}

int ValueProbe::compare_stored(const btree::KeyProbe& probe, std::span<const std::byte> stored,
                               bool complete) noexcept {
  const auto& self = static_cast<const ValueProbe&>(probe);
  StoredKey key;
  if (const int special = key.begin(stored, complete); special != 0) return special;
  const std::size_t count = std::min(self.values_.size(), self.info_.fields.size());
  for (std::size_t field = 0; field < count; ++field) {
    if (key.at_end()) return -1;  // a shorter key comes first
    std::uint32_t type;
    if (const int special = key.next(&type); special != 0) return special;
    const int order = compare_field(type, key.body(), self.values_[field], self.info_, field);
    if (order != 0) return order;
  }
  return self.when_equal_;
}

int RecordOrder::compare_stored(const btree::KeyOrder& order, std::span<const std::byte> stored, bool complete,
                                std::span<const std::byte> key) noexcept {
  const record::KeyInfo& info = *static_cast<const RecordOrder&>(order).info_;
  StoredKey left;
  StoredKey right;
  if (const int special = left.begin(stored, complete); special != 0) return special;
  if (right.begin(key, true) != 0) return btree::kCorrupt;
  for (std::size_t field = 0; field < info.fields.size(); ++field) {
    if (right.at_end()) return left.at_end() ? 0 : 1;
    if (left.at_end()) return -1;
    std::uint32_t left_type;
    std::uint32_t right_type;
    if (right.next(&right_type) != 0) return btree::kCorrupt;
    if (const int special = left.next(&left_type); special != 0) return special;
    Value value{};
    RowReader::decode_body(right_type, right.body(), info.encoding, &value);
    const int compared = compare_field(left_type, left.body(), value, info, field);
    if (compared != 0) return compared;
  }
  return 0;
}

}  // namespace perlite::vm
