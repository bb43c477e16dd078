// vm/comparison.h: P5 of the comparison opcodes, and the letters of affinities.
#pragma once

#include <cstdint>

#include "record/affinity.h"

namespace perlite::vm {

// The letter of an affinity in P4 strings, P2 of Cast and P5 of comparisons: @ none, A blob, B text, C numeric,
// D integer, E real.
constexpr char affinity_letter(record::Affinity affinity) noexcept {
  return static_cast<char>('@' + static_cast<int>(affinity));
}
constexpr record::Affinity affinity_of_letter(int letter) noexcept {
  return letter >= 'A' && letter <= 'E' ? static_cast<record::Affinity>(letter - '@') : record::Affinity::None;
}

// Low byte: the affinity letter to apply to both operands before they are compared, 0 for none. The registers keep what
// they hold.
inline constexpr std::uint16_t kAffinityMask = 0x00ff;
inline constexpr std::uint16_t kJumpIfNull = 0x0100;  // a NULL operand jumps
inline constexpr std::uint16_t kNullEqual = 0x0200;   // IS, IS NOT: NULLs are values
inline constexpr std::uint16_t kStore = 0x0400;       // P2 is a register for the result

}  // namespace perlite::vm
