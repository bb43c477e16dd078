// base/number.h: numbers and their decimal texts, without locale and without memory.
//
// Text to double is correctly rounded. Double to decimal goes through one step that is part of the face (sql.md 4): the
// double times a power of ten, the power cut to 64 bits, rounded to an integer of 18 or 19 digits; shorter texts round
// that integer, half up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace perlite::base {

// ---- text to number ----

// The longest numeric prefix of a text: blanks, sign, digits, point, exponent. No hex, no underscore.
struct NumericPrefix {
  enum class Kind : std::uint8_t { None, Integer, Real };
  Kind kind = Kind::None;     // Integer: digits only, and within int64
  bool whole = false;         // nothing but blanks stands behind it
  bool integer_form = false;  // digits only, whatever the size
  std::int64_t integer = 0;
  double real = 0;  // the value, for Integer too
};
NumericPrefix parse_numeric(std::string_view text) noexcept;  // ASCII or UTF-8
NumericPrefix parse_numeric(std::string_view text, TextEncoding encoding) noexcept;

// The longest integer prefix (blanks, sign, digits), clamped to int64; 0 without one. *whole (may be null): nothing but
// blanks stands behind it and it was not clamped.
std::int64_t parse_integer_prefix(std::string_view text, TextEncoding encoding = TextEncoding::Utf8,
                                  bool* whole = nullptr) noexcept;

// The double nearest to digits * 10^exponent; digits is not empty and all decimal.
double decimal_to_double(std::string_view digits, int exponent) noexcept;

// Blanks as numbers and tokens know them: space, \t \n \v \f \r.
constexpr bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
// 0..15, or -1.
constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// ---- number to text ----

inline constexpr std::size_t kIntegerTextSize = 20;  // "-9223372036854775808"
inline constexpr std::size_t kRealTextSize = 40;

// Both write without a terminator and return the end.
char* write_integer(char* out, std::int64_t value) noexcept;
char* write_unsigned(char* out, std::uint64_t value) noexcept;

// A double as SQL shows it: as many digits as `digits` allows (17: sql.md 4), always with a point; "Inf", "-Inf",
// "NaN".
char* write_real(char* out, double value, int digits = 17) noexcept;

struct Decimal {
  enum class Kind : std::uint8_t { Finite, Infinite, NotANumber };
  Kind kind;
  bool negative;
  int digit_count;  // without trailing zeros, at least 1
  int point;        // digits before the point: the value is 0.d1d2d3... * 10^point
  char digits[20];
};
// Rounds to `significant` digits, and to `decimals` digits behind the point when decimals >= 0, whichever is shorter.
// Zero has the one digit '0' and point 1; what rounds to nothing likewise.
Decimal to_decimal(double value, int significant, int decimals = -1) noexcept;

}  // namespace perlite::base
