// vm/comparison.h: P5 of the comparison opcodes.
#pragma once

#include <cstdint>

namespace perlite::vm {

// Low byte: the affinity letter to apply to both operands before they are compared (record/affinity.h), 0 for none.
inline constexpr std::uint16_t kAffinityMask = 0x00ff;
inline constexpr std::uint16_t kJumpIfNull = 0x0100;  // a NULL operand jumps
inline constexpr std::uint16_t kNullEqual = 0x0200;   // IS, IS NOT: NULLs are values
inline constexpr std::uint16_t kStore = 0x0400;       // P2 is a register for the result

}  // namespace perlite::vm
