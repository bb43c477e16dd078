// vm/scan_kernel.h: what NextWhere knows of the body of its loop.
//
// A loop over a tree often begins by comparing columns with values that do not change while it runs, leaving for the
// next row when a comparison says so, and often does nothing but step aggregates with columns. Codegen reads that off
// the instructions of the body (codegen/scan_kernel.h); NextWhere then does it over the bytes of the leaf, row after row,
// and comes back to the body for rows that are not plain: what it does not understand, and whatever would fail, is left
// to the instructions, which stay as they are.
#pragma once

#include <cstdint>
#include <span>

#include "record/collation.h"
#include "vm/function.h"

namespace perlite::vm {

// A condition at the start of the body.
struct ScanTerm {
  enum class Kind : std::uint8_t {
    Compare,  // with r[reg]
    IsNull,   // the row is left unless the field is NULL
    NotNull,  // unless it is not
    Matches,  // `function` of the field and constants, called by the instruction `address`: LIKE and GLOB
    InSet,    // the field is in the set `cursor` (OpenHash), which is made by the Once `once`
    Bound,    // the field is the first key of a row for the sorter `cursor`, and not behind those it keeps
  };
  // Of Compare: orders of the field and r[reg] for which the row is left.
  enum Leaves : std::uint8_t { kLess = 1, kEqual = 2, kGreater = 4 };

  std::int32_t slot;                             // of ScanKernel::fields, or kRowid
  std::int32_t reg = 0;                          // of InSet: is true when NULLs were left out of the set
  const record::Collation* collation = nullptr;  // a built-in one; null: binary
  const FunctionDef* function = nullptr;
  std::int32_t address = 0;
  std::int32_t cursor = 0;
  std::int32_t once = 0;
  std::int32_t flag = 0;  // of InSet: 0, or a register that must be true for the set to be looked at
  Kind kind = Kind::Compare;
  bool makes_real = false;  // RealAffinity of the field
  std::uint8_t leaves = 0;
  bool leaves_if_true = false;  // of Matches and InSet; else if false
  char affinity = 0;            // letter, as in P5 of the comparison
  bool nulls_equal = false;     // IS, IS NOT; else a NULL on either side leaves
};

// An AggregateStep with one column, or none.
struct ScanStep {
  std::int32_t slot;  // of ScanKernel::fields, kRowid or kNoField
  std::int32_t accumulator;  // register
  const FunctionDef* function;  // has step_integer and step_real
  bool makes_real = false;
};

struct ScanKernel {
  static constexpr std::int32_t kRowid = -1;
  static constexpr std::int32_t kNoField = -2;
  static constexpr std::size_t kMaxFields = 16;
  static constexpr std::size_t kMaxTerms = 8;
  static constexpr std::size_t kMaxSteps = 8;

  std::span<const ScanTerm> terms;
  std::span<const ScanStep> steps;  // the rest of the body, all of it; or none
  std::int32_t offset = 0;          // 0, or a register: while its number is above 0, a row for which all terms hold takes
                                    // one away and is left
  // The fields of the record that are read, ascending, and how many fields lie between each and the one before.
  std::span<const std::uint16_t> fields;
  const std::uint16_t* skips;
  // Fields up to the last of those, and the bits of the header's next eight bytes, as they lie in memory, that say that
  // one of them has a longer serial type. Of more than eight fields the count is too great for any short header.
  std::uint32_t field_count;
  std::uint64_t long_type_bits;
};

}  // namespace perlite::vm
