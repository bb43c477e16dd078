// vm/key_probe.h: the keys of index trees, compared as they are stored.
//
// A stored key is a record; a probe brings the fields looked for as Values. Both follow a KeyInfo.
//   Lifetime  probes live for one seek and borrow the values; a RecordOrder lives as long as the cursors it serves.
#pragma once

#include <cstdint>
#include <span>

#include "btree/key_order.h"
#include "record/record.h"

namespace perlite::vm {

// The first values.size() fields of the key looked for. `when_equal` is the answer for keys that begin with them: -1 to
// land behind all such, +1 before, 0 on any.
class ValueProbe final : public btree::KeyProbe {
 public:
  ValueProbe(std::span<const record::Value> values, const record::KeyInfo& info, int when_equal) noexcept
      : KeyProbe(&compare_stored), values_(values), info_(info), when_equal_(when_equal) {}

 private:
  static int compare_stored(const btree::KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept;

  std::span<const record::Value> values_;
  const record::KeyInfo& info_;
  int when_equal_;
};

class RecordOrder final : public btree::KeyOrder {
 public:
  RecordOrder() noexcept : KeyOrder(&compare_stored) {}
  explicit RecordOrder(const record::KeyInfo& info) noexcept : KeyOrder(&compare_stored), info_(&info) {}
  void set(const record::KeyInfo& info) noexcept { info_ = &info; }

 private:
  static int compare_stored(const btree::KeyOrder& order, std::span<const std::byte> stored, bool complete,
                            std::span<const std::byte> key) noexcept;

  const record::KeyInfo* info_ = nullptr;
};

// Compares two values as field `field` of a key orders them; `descending` counted in.
int compare_key_field(const record::Value& left, const record::Value& right, const record::KeyInfo& info,
                      std::size_t field);

}  // namespace perlite::vm
