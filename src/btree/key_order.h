// btree/key_order.h: how the keys of an index tree compare. Asked by btree, answered by record.
//
// A tree keeps its keys in the order one KeyOrder defines; a seek brings a KeyProbe, the key looked for in whatever
// form the caller has it. Both are asked from the innermost loop of a search: neither owns anything nor allocates, and
// they go through one function pointer instead of a table.
//   Reading wide  the bytes of a stored key are followed by pager::kFrameSlack readable bytes of no meaning.
//   Threads       const: may be shared where the implementation allows it.
#pragma once

#include <climits>
#include <cstddef>
#include <span>

namespace perlite::btree {

// Besides <0, 0, >0 (the STORED key comes before, is equal to, comes after the probe) a comparison may answer these.
inline constexpr int kNeedMore = INT_MAX;      // the prefix is too short to decide: ask again with the whole key
inline constexpr int kCorrupt = INT_MIN;       // the stored bytes are no key
inline constexpr int kNoMemory = INT_MIN + 1;  // a comparison that must convert found no memory

// True for an answer that is no order.
constexpr bool is_special(int answer) noexcept {
  return answer == kNeedMore || answer == kCorrupt || answer == kNoMemory;
}

// What a seek looks for. A probe that stands for a range of keys (a prefix of the fields) answers -1 for every key of
// the range to land behind it, +1 to land before it, 0 to land on any of them.
class KeyProbe {
 public:
  // `stored` is the start of a stored key, all of it when `complete`; kNeedMore is allowed only when it is not.
  using Compare = int (*)(const KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept;

  int compare(std::span<const std::byte> stored, bool complete) const noexcept {
    return compare_(*this, stored, complete);
  }

 protected:
  explicit KeyProbe(Compare compare) noexcept : compare_(compare) {}
  ~KeyProbe() = default;
  Compare compare_;
};

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
