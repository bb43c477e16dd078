// catalog/column_lookup.h: from the name of a column to its index, for relations too wide to be searched one by one.
//
// Open addressing over 16-bit slots (a relation has at most 32,767 columns). Where two columns share a name the first
// one is found, as a search from left to right would.
//   Lifetime  slots live in the Arena given, names where the relation keeps them.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/ascii.h"

namespace perlite::catalog {

// Below this many columns a plain search is as fast.
inline constexpr std::size_t kLookupThreshold = 12;

struct ColumnLookup {
  std::uint32_t mask;
  const std::uint16_t* slots;  // index + 1; 0: free

  // Columns is any contiguous range of structs with a member `name`.
  template <class Columns>
  static const ColumnLookup* make(const Columns& columns, Arena& arena) {
    const auto size = std::bit_ceil(static_cast<std::uint32_t>(columns.size()) * 2 + 1);
    std::span<std::uint16_t> slots = arena.make_array<std::uint16_t>(size);
    auto* lookup = arena.make<ColumnLookup>(size - 1, slots.data());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      std::uint32_t at = base::hash_ignoring_case(columns[i].name) & lookup->mask;
      bool known = false;
      while (slots[at] != 0) {
        if (base::equals_ignoring_case(columns[slots[at] - 1u].name, columns[i].name)) known = true;
        at = (at + 1) & lookup->mask;
      }
      if (!known) slots[at] = static_cast<std::uint16_t>(i + 1);
    }
    return lookup;
  }

  template <class Columns>
  int find(std::string_view name, const Columns& columns) const noexcept {
    std::uint32_t at = base::hash_ignoring_case(name) & mask;
    for (; slots[at] != 0; at = (at + 1) & mask) {
      if (base::equals_ignoring_case(columns[slots[at] - 1u].name, name)) return slots[at] - 1;
    }
    return -1;
  }
};

template <class Columns>
int find_column_by_search(std::string_view name, const Columns& columns) noexcept {
  const unsigned char first = name.empty() ? 0 : base::fold_ascii(static_cast<unsigned char>(name[0]));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string_view candidate = columns[i].name;
    if (candidate.size() != name.size()) continue;
    if (!name.empty() && base::fold_ascii(static_cast<unsigned char>(candidate[0])) != first) continue;
    if (base::equals_ignoring_case(candidate, name)) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace perlite::catalog
