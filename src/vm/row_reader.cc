#include "vm/row_reader.h"

#include <algorithm>

namespace perlite::vm {

// Reads the header's size if that has not happened, and makes room for slots 0..index.
RowReader::Found RowReader::begin(std::uint32_t index) {
  if (index >= capacity_) {
    // No record has more fields than bytes in its header; 32,767 columns are the most a table can have.
    if (index > 100000) return Found::Absent;
    const std::uint32_t capacity = std::max(index + 8, capacity_ * 2);
    slots_ = static_cast<Slot*>(base::Allocator::reallocate(slots_, capacity * sizeof(Slot)));
    capacity_ = capacity;
  }
  if (header_at_ != 0) return Found::Ok;
  std::uint64_t size = 0;
  const int length = base::get_varint(header_, header_ + header_local_, &size);
  if (length == 0 || size > total_ || size < static_cast<std::uint64_t>(length)) return Found::Corrupt;
  header_size_ = static_cast<std::uint32_t>(size);
  header_at_ = static_cast<std::uint32_t>(length);
  body_at_ = header_size_;
  return Found::Ok;
}

// The header, or the part of it at hand, has no further type at `at`.
RowReader::Found RowReader::stopped(std::uint32_t parsed, std::uint32_t at, std::uint64_t body) noexcept {
  parsed_ = parsed;
  header_at_ = at;
  body_at_ = static_cast<std::uint32_t>(body);
  return header_size_ > header_local_ ? Found::BeyondHeader : Found::Absent;
}

RowReader::LongType RowReader::long_type(std::uint32_t end, std::uint32_t at) const noexcept {
  std::uint64_t value = 0;
  const int length = base::get_varint(header_ + at, header_ + end, &value);
  if (length == 0) return {header_size_ > header_local_ ? Found::BeyondHeader : Found::Corrupt, 0, 0};
  if (value > 0xffffffffu) return {Found::Corrupt, 0, 0};
  return {Found::Ok, static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(length)};
}

std::int32_t RowReader::field_count() {
  std::uint32_t index = parsed_;
  for (;;) {
    switch (parse_to(index)) {
      case Found::Ok:
        index = parsed_;
        break;
      case Found::Absent:
        return static_cast<std::int32_t>(parsed_);
      default:
        return -1;
    }
  }
}

}  // namespace perlite::vm
