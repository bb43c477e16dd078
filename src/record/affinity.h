// record/affinity.h: how types bend (manual: datatype3.html; docs/format/record.md).
//
// Functions here read text in the encoding of the Value they get and write text in the encoding they are told.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "record/value.h"

namespace perlite::record {

// Blob is "no affinity". Numbers order by what they do to text: all from Numeric on are numeric.
enum class Affinity : std::uint8_t { None = 0, Blob = 1, Text = 2, Numeric = 3, Integer = 4, Real = 5 };

constexpr bool is_numeric(Affinity affinity) noexcept { return affinity >= Affinity::Numeric; }

// From the words of a column's type or of a CAST (datatype3.html 3.1); no type gives Blob.
Affinity affinity_of_declared_type(std::string_view declared_type) noexcept;
// "NONE", "BLOB", "TEXT", "NUMERIC", "INTEGER", "REAL": for dumps.
std::string_view affinity_name(Affinity affinity) noexcept;

// What a comparison of two operands applies, and to which side (datatype3.html 4.2). Affinity::None: nothing.
struct ComparisonAffinity {
  Affinity left = Affinity::None;
  Affinity right = Affinity::None;
};
ComparisonAffinity comparison_affinity(Affinity left, Affinity right) noexcept;

// Converts as storing into a column does. Text made of a number is in `enc`.
void apply_affinity_slow(Value& value, Affinity affinity, TextEncoding enc);
inline void apply_affinity(Value& value, Affinity affinity, TextEncoding enc) {
  if (affinity <= Affinity::Blob || value.is_null() || value.type == ValueType::Blob) return;
  if (affinity == Affinity::Text) {
    if (value.type == ValueType::Text) return;
  } else if (value.type == ValueType::Integer) {
    if (affinity != Affinity::Real) return;
  } else if (value.type == ValueType::Real) {
    if (affinity == Affinity::Real) return;
  }
  apply_affinity_slow(value, affinity, enc);
}
// CAST(value AS type); text made is in `enc`, blob bytes are read as text in `enc`.
void cast(Value& value, Affinity affinity, TextEncoding enc);

// What the operators of arithmetic see: numbers as they are, text and blobs by their longest numeric prefix (INTEGER
// when it looks like one and fits, 0 without any). NULL gives 0, which callers test before.
struct Number {
  bool is_integer;
  union {
    std::int64_t integer;
    double real;
  };
  static Number of(std::int64_t v) noexcept {
    Number n;
    n.is_integer = true;
    n.integer = v;
    return n;
  }
  static Number of(double v) noexcept {
    Number n;
    n.is_integer = false;
    n.real = v;
    return n;
  }
  double as_real() const noexcept { return is_integer ? static_cast<double>(integer) : real; }
};
Number to_number(const Value& value) noexcept;
// As sqlite3_value_int64 and _double read: longest prefix, clamped to int64 (REAL truncates). NULL gives 0.
std::int64_t to_integer(const Value& value) noexcept;
double to_real(const Value& value) noexcept;
// REAL to INTEGER as CAST does: truncates, clamps at the ends of int64.
std::int64_t real_to_integer(double v) noexcept;
// True when `real` is an integer of int64 exactly; *integer gets it. -0.0 counts as 0.
bool real_is_integer(double real, std::int64_t* integer) noexcept;

enum class Truth : std::uint8_t { False, True, Unknown };
Truth truth_slow(const Value& value) noexcept;
inline Truth truth(const Value& value) noexcept {
  if (value.type == ValueType::Integer) return value.integer != 0 ? Truth::True : Truth::False;
  return truth_slow(value);
}

// LIMIT, OFFSET, rowids: the integer that `value` is without loss (after numeric affinity), or false.
bool to_integer_exact(const Value& value, std::int64_t* integer) noexcept;

// Text that numeric affinity would turn into a number becomes it; other values stay (sqlite3_value_numeric_type).
void apply_numeric_type(Value& value) noexcept;

}  // namespace perlite::record

namespace perlite {
using record::Affinity;
}
