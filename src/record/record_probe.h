// record/record_probe.h: the keys of index trees compared as they are stored (btree/key_order.h).
//
// A stored key is a record. Fields are compared where they lie; only text under a collation that wants another encoding
// is converted. The function that compares is chosen when the probe is set: a first field that is an integer or text
// under BINARY decides most comparisons without the general loop.
//   Ownership   KeyInfo, values and bytes are the caller's and stay while the probe is used.
#pragma once

#include <cstdint>
#include <span>

#include "btree/key_order.h"
#include "record/record.h"

namespace perlite::record {

// Looks for values: fewer than the key has stand for the range of keys that begin with them.
class RecordProbe final : public btree::KeyProbe {
 public:
  RecordProbe() noexcept : KeyProbe(nullptr) {}
  RecordProbe(const KeyInfo& info, std::span<const Value> values, int on_equal) noexcept : KeyProbe(nullptr) {
    set(info, values, on_equal);
  }
  // on_equal is the answer for a key that begins with all of `values`: -1 lands behind such keys, +1 before them, 0 on
  // any. values.size() <= info.fields.size(). Values are in info.encoding.
  void set(const KeyInfo& info, std::span<const Value> values, int on_equal) noexcept;

 private:
  // How a first field that is an integer, or text under BINARY, is compared; what it is compared with is copied there,
  // so that a loop keeps it in registers.
  struct IntegerFirst;
  struct TextFirst;

  static int compare_general(const KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept;
  template <class First>
  static int compare_first(const KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept;
  template <class First, bool kDescending>
  static btree::KeyRange search_first(const KeyProbe& probe, const btree::PageKeys& keys,
                                      btree::KeyRange range) noexcept;
  template <class First>
  void compare_by() noexcept;
  int compare_from(std::size_t first_field, std::span<const std::byte> stored, bool complete) const noexcept;

  const KeyInfo* info_ = nullptr;
  std::span<const Value> values_;
  int on_equal_ = 0;
  int less_ = -1;  // the answer when the first field of the stored key is smaller
  // Of a text that comes first: its first bytes as a number, big-endian, zeros behind a shorter one. They decide most
  // comparisons.
  static constexpr std::size_t kHeadSize = sizeof(std::uint64_t);
  std::uint64_t head_ = 0;
};

// The order of a tree, and the probe for a key in stored form.
class RecordOrder final : public btree::KeyOrder {
 public:
  explicit RecordOrder(const KeyInfo& info) noexcept : KeyOrder(&compare_stored), info_(&info) {}
  const KeyInfo& info() const noexcept { return *info_; }

 private:
  static int compare_stored(const KeyOrder& order, std::span<const std::byte> stored, bool complete,
                            std::span<const std::byte> key) noexcept;
  const KeyInfo* info_;
};

class PackedProbe final : public btree::KeyProbe {
 public:
  // The first field_count fields of `record` (at most those of info) are compared.
  PackedProbe(const KeyInfo& info, base::Bytes record, std::size_t field_count, int on_equal) noexcept
      : KeyProbe(&compare_stored), info_(&info), record_(record), field_count_(field_count), on_equal_(on_equal) {}

 private:
  static int compare_stored(const KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept;

  const KeyInfo* info_;
  base::Bytes record_;
  std::size_t field_count_;
  int on_equal_;
};

}  // namespace perlite::record

namespace perlite {
using record::PackedProbe;
using record::RecordOrder;
using record::RecordProbe;
}  // namespace perlite
