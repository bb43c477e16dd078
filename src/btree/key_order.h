// btree/key_order.h: how the keys of an index tree compare. Asked by btree, answered by record.
//
// A tree keeps its keys in the order one KeyOrder defines; a seek brings a KeyProbe, the key looked for in whatever
// form the caller has it. Both are asked from the innermost loop of a search: neither owns anything nor allocates, and
// they go through function pointers instead of a table.
//   Reading wide  the bytes of a stored key are followed by pager::kFrameSlack readable bytes of no meaning.
//   Threads       const: may be shared where the implementation allows it.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace perlite::btree {

// Besides <0, 0, >0 (the STORED key comes before, is equal to, comes after the probe) a comparison may answer these.
inline constexpr int kNeedMore = INT_MAX;      // the prefix is too short to decide: ask again with the whole key
inline constexpr int kCorrupt = INT_MIN;       // the stored bytes are no key
inline constexpr int kNoMemory = INT_MIN + 1;  // a comparison that must convert found no memory

// True for an answer that is no order.
constexpr bool is_special(int answer) noexcept {
  return answer == kNeedMore || answer == kCorrupt || answer == kNoMemory;
}

// The keys of one index page where they lie, as a search of the page meets them.
struct PageKeys {
  const std::byte* data;
  const std::byte* pointers;  // the cell pointer array
  std::uint32_t usable_size;
  std::uint32_t head_size;  // what stands before the payload size of a cell
  std::uint32_t max_local;  // payloads up to this size lie in the page whole

  // Key `index`, whole. False when it does not lie here whole or its cell is damaged: the long way tells.
  bool key(std::uint32_t index, std::span<const std::byte>* key) const noexcept {
    const std::uint32_t offset = base::load_be16(pointers + 2 * index);
    if (offset > usable_size - 4) return false;
    const std::byte* cell = data + offset + head_size;
    std::uint32_t size = static_cast<std::uint8_t>(*cell++);
    if (size >= 0x80) {
      const auto low = static_cast<std::uint8_t>(*cell++);
      if (low >= 0x80) return false;
      size = (size & 0x7f) << 7 | low;
    }
    if (size > max_local || cell + size > data + usable_size) return false;
    *key = {cell, size};
    return true;
  }
};

// What is left of a page while it is searched: keys before `low` come before the probe, those from `high` on do not.
// A search ends when nothing is left, when key `low` is `equal`, or at the middle one, (low + high) / 2, when that
// could not be compared where it lies.
struct KeyRange {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  bool equal = false;
};

// What a seek looks for. A probe that stands for a range of keys (a prefix of the fields) answers -1 for every key of
// the range to land behind it, +1 to land before it, 0 to land on any of them.
class KeyProbe {
 public:
  // `stored` is the start of a stored key, all of it when `complete`; kNeedMore is allowed only when it is not.
  using Compare = int (*)(const KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept;

  int compare(std::span<const std::byte> stored, bool complete) const noexcept {
    return compare_(*this, stored, complete);
  }

  // Narrows the range; a probe may bring a loop of its own, in which its comparison costs no call.
  using Search = KeyRange (*)(const KeyProbe& probe, const PageKeys& keys, KeyRange range) noexcept;
  KeyRange search(const PageKeys& keys, KeyRange range) const noexcept { return search_(*this, keys, range); }

 protected:
  explicit KeyProbe(Compare compare) noexcept : compare_(compare) {}
  ~KeyProbe() = default;
  static KeyRange search_by_compare(const KeyProbe& probe, const PageKeys& keys, KeyRange range) noexcept {
    return narrow(probe, keys, range, [](const std::byte*, std::uint32_t) { return 0; });
  }
  // The innermost loop. `quick`, which is given a key of less than 128 bytes, answers -1 and 1 as compare() does, or 0
  // when compare() is to be asked.
  template <class Quick>
  static KeyRange narrow(const KeyProbe& probe, const PageKeys& keys, KeyRange range, Quick quick) noexcept;

  Compare compare_;
  Search search_ = &search_by_compare;
};

template <class Quick>
inline KeyRange KeyProbe::narrow(const KeyProbe& probe, const PageKeys& keys, KeyRange range, Quick quick) noexcept {
  constexpr std::uint32_t kLongestShort = 127;  // of sizes that take one byte
  const std::byte* const pointers = keys.pointers;
  const std::byte* const cells = keys.data + keys.head_size;
  const std::byte* const end = keys.data + keys.usable_size;
  const std::uint32_t last_offset = keys.usable_size - 4;
  const std::uint32_t longest = keys.max_local < kLongestShort ? keys.max_local : kLongestShort;
  while (range.low < range.high) {
    const std::uint32_t middle = (range.low + range.high) / 2;
    const std::uint32_t offset = base::load_be16(pointers + 2 * middle);
    if (offset > last_offset) [[unlikely]]
      break;
    const std::byte* const cell = cells + offset;
    const std::uint32_t size = static_cast<std::uint8_t>(*cell);
    int order = 0;
    if (size <= longest && cell + size < end) [[likely]]
      order = quick(cell + 1, size);
    if (order == 0) [[unlikely]] {
      std::span<const std::byte> key;
      if (!keys.key(middle, &key)) break;
      order = probe.compare(key, true);
      if (is_special(order)) break;
      if (order == 0) {
        range.low = middle;
        range.equal = true;
        break;
      }
    }
    if (order < 0) {
      range.low = middle + 1;
    } else {
      range.high = middle;
    }
  }
  return range;
}

// The order of a tree: compares two keys in stored form. Used to find the way back to a saved position and by checks;
// lives as long as the cursors that were opened with it.
class KeyOrder {
 public:
  // As KeyProbe::Compare, with `key` (whole, in stored form) in place of the probe.
  using Compare = int (*)(const KeyOrder& order, std::span<const std::byte> stored, bool complete,
                          std::span<const std::byte> key) noexcept;

  int compare(std::span<const std::byte> stored, bool complete, std::span<const std::byte> key) const noexcept {
    return compare_(*this, stored, complete, key);
  }

 protected:
  explicit KeyOrder(Compare compare) noexcept : compare_(compare) {}
  ~KeyOrder() = default;
  Compare compare_;
};

}  // namespace perlite::btree
