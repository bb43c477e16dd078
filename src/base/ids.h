// base/ids.h: numbers that must not be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace perlite {

// A number with a meaning: explicit to make, `.value` to use.
template <class Tag, class Rep>
struct StrongId {
  Rep value{};
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  constexpr auto operator<=>(const StrongId&) const = default;
};

using PageNo = StrongId<struct PageNoTag, std::uint32_t>;  // 1-based; 0 is "no page"
using RowId = StrongId<struct RowIdTag, std::int64_t>;
using Register = StrongId<struct RegisterTag, std::int32_t>;  // of a program's frame, 1-based; 0 is "none"

enum class TextEncoding : std::uint8_t { Utf8 = 1, Utf16le = 2, Utf16be = 3 };  // values of the file header, offset 56

}  // namespace perlite

template <class Tag, class Rep>
struct std::hash<perlite::StrongId<Tag, Rep>> {
  std::size_t operator()(perlite::StrongId<Tag, Rep> id) const noexcept { return std::hash<Rep>()(id.value); }
};
