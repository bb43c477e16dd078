#include "base/number.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/assert.h"

namespace perlite::base {

namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
using Uint128 = unsigned __int128;
#pragma GCC diagnostic pop

constexpr int kFirstPower = -308;
constexpr std::uint64_t kPowers[] = {
#include "base/powers_of_ten.inc"
};

// floor(p * log2(10)), exact over all exponents of a double.
constexpr int floor_log2_pow10(int p) noexcept { return (p * 217706) >> 16; }

// The texts of UTF-16 are read unit by unit; what is not ASCII ends a number, so it may become any other letter.
struct Utf8Source {
  const char* at;
  const char* end;
  explicit Utf8Source(std::string_view text) noexcept : at(text.data()), end(text.data() + text.size()) {}
  bool done() const noexcept { return at == end; }
  char peek() const noexcept { return *at; }
  void next() noexcept { ++at; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end - at); }
};
template <bool big_endian>
struct Utf16Source {
  const char* at;
  const char* end;
  explicit Utf16Source(std::string_view text) noexcept
      : at(text.data()), end(text.data() + (text.size() & ~std::size_t{1})) {}
  bool done() const noexcept { return at == end; }
  char peek() const noexcept {
    const char high = big_endian ? at[0] : at[1];
    const char low = big_endian ? at[1] : at[0];
    return high == 0 && (low & 0x80) == 0 ? low : '\x7f';
  }
  void next() noexcept { at += 2; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end - at) / 2; }
};

template <class Source>
void skip_blanks(Source& source) noexcept {
  while (!source.done() && is_blank(source.peek())) source.next();
}

// Significant digits that can decide the rounding of a double; one more stands for all that follow.
constexpr int kMaxDigits = 780;

template <class Source>
NumericPrefix parse_source(Source source) noexcept {
  NumericPrefix result;
  skip_blanks(source);
  bool negative = false;
  if (!source.done() && (source.peek() == '-' || source.peek() == '+')) {
    negative = source.peek() == '-';
    source.next();
  }
  char digits[kMaxDigits + 1];
  int kept = 0;
  std::uint64_t value = 0;  // of the first 19 kept digits
  std::int64_t scale = 0;   // decimal exponent of the last kept digit
  bool any = false;
  const auto take = [&](char c, bool fraction) {
    any = true;
    if (kept == 0 && c == '0') {
      if (fraction) --scale;
      return;
    }
    if (kept < kMaxDigits) {
      if (kept < 19) value = value * 10 + static_cast<std::uint64_t>(c - '0');
      digits[kept++] = c;
      if (fraction) --scale;
    } else {
      if (c != '0') digits[kMaxDigits] = '1';
      if (!fraction) ++scale;
    }
  };
  digits[kMaxDigits] = '0';
  for (; !source.done() && is_digit(source.peek()); source.next()) take(source.peek(), false);
  result.integer_form = any;
  if (!source.done() && source.peek() == '.') {
    Source ahead = source;
    ahead.next();
    if (any || (!ahead.done() && is_digit(ahead.peek()))) {
      source = ahead;
      result.integer_form = false;
      for (; !source.done() && is_digit(source.peek()); source.next()) take(source.peek(), true);
    }
  }
  if (!any) return result;
  if (!source.done() && (source.peek() == 'e' || source.peek() == 'E')) {
    Source ahead = source;
    ahead.next();
    bool negative_exponent = false;
    if (!ahead.done() && (ahead.peek() == '-' || ahead.peek() == '+')) {
      negative_exponent = ahead.peek() == '-';
      ahead.next();
    }
    if (!ahead.done() && is_digit(ahead.peek())) {
      int exponent = 0;
      for (; !ahead.done() && is_digit(ahead.peek()); ahead.next()) {
        if (exponent < 100000000) exponent = exponent * 10 + (ahead.peek() - '0');
      }
      scale += negative_exponent ? -exponent : exponent;
      source = ahead;
      result.integer_form = false;
    }
  }
  skip_blanks(source);
  // A NUL ends the text for numbers; such a text counts as a real (observed).
  const bool nul = !source.done() && source.peek() == '\0';
  result.whole = source.done() || nul;

  constexpr std::uint64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();
  if (result.integer_form && !nul && kept <= 19 && value <= kMaxInteger + (negative ? 1u : 0u)) {
    result.kind = NumericPrefix::Kind::Integer;
    result.integer = static_cast<std::int64_t>(negative ? 0 - value : value);
    result.real = static_cast<double>(result.integer);
    return result;
  }
  result.integer_form = result.integer_form && !nul;
  result.kind = NumericPrefix::Kind::Real;
  double magnitude = 0;
  if (kept != 0) {
    int exponent = scale > 100000 ? 100000 : scale < -100000 ? -100000 : static_cast<int>(scale);
    int count = kept;
    if (kept == kMaxDigits && digits[kMaxDigits] != '0') {
      ++count;
      --exponent;
    }
    magnitude = decimal_to_double({digits, static_cast<std::size_t>(count)}, exponent);
  }
  result.real = negative ? -magnitude : magnitude;
  return result;
}

template <class Source>
std::int64_t parse_integer_source(Source source, bool* whole) noexcept {
  skip_blanks(source);
  bool negative = false;
  if (!source.done() && (source.peek() == '-' || source.peek() == '+')) {
    negative = source.peek() == '-';
    source.next();
  }
  bool any = false;
  bool clamped = false;
  std::uint64_t value = 0;
  const std::uint64_t limit =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative ? 1u : 0u);
  for (; !source.done() && is_digit(source.peek()); source.next()) {
    any = true;
    const auto digit = static_cast<std::uint64_t>(source.peek() - '0');
    if (clamped || value > (limit - digit) / 10) {
      clamped = true;
      value = limit;
    } else {
      value = value * 10 + digit;
    }
  }
  skip_blanks(source);
  if (whole != nullptr) *whole = any && !clamped && source.done();
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

constexpr double kExactPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Rounds the digits of `decimal` to `keep` of them (keep < digit_count), half up; keep may be 0 or less.
void round_digits(Decimal* decimal, int keep) noexcept {
  if (keep < 0) {
    decimal->digit_count = 0;
  } else {
    const bool up = decimal->digits[keep] >= '5';
    decimal->digit_count = keep;
    if (up) {
      int i = keep - 1;
      while (i >= 0 && decimal->digits[i] == '9') --i;
      if (i < 0) {
        decimal->digits[0] = '1';
        decimal->digit_count = 1;
        ++decimal->point;
      } else {
        ++decimal->digits[i];
        decimal->digit_count = i + 1;
      }
    }
  }
}

void drop_trailing_zeros(Decimal* decimal) noexcept {
  while (decimal->digit_count > 0 && decimal->digits[decimal->digit_count - 1] == '0') --decimal->digit_count;
  if (decimal->digit_count == 0) {
    decimal->digits[0] = '0';
    decimal->digit_count = 1;
    decimal->point = 1;
  }
}

// The 18 or 19 digits of the head of the file, for value > 0 and finite.
void scale_to_digits(double value, Decimal* decimal) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  int exponent = static_cast<int>(bits >> 52);
  std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52) - 1);
  if (exponent == 0) {
    const int shift = std::countl_zero(mantissa) - 11;
    mantissa <<= shift;
    exponent = 1 - shift;
  } else {
    mantissa |= std::uint64_t{1} << 52;
  }
  exponent -= 1023;  // value = mantissa * 2^(exponent - 52), mantissa in [2^52, 2^53)
  // The power p for which 2^exponent * 10^p is in [10^17, 10^18). An estimate by log10(2), then one look at the truth:
  // a power of ten lies above 2^k exactly when its own binary exponent is k or more (none but 10^0 is a power of two).
  int p = 17 - ((exponent * 78913) >> 18);
  const auto too_big = [&](int q) { return exponent >= floor_log2_pow10(18 - q) + (q == 18 ? 0 : 1); };
  while (too_big(p)) --p;
  while (!too_big(p + 1)) ++p;
  // mantissa * power: power = T * 2^(floor_log2 - 63).
  const Uint128 product = static_cast<Uint128>(mantissa) * kPowers[p - kFirstPower];
  const int shift = -(exponent - 52 + floor_log2_pow10(p) - 63);
  PL_ASSERT(shift > 0 && shift < 128);
  std::uint64_t scaled = static_cast<std::uint64_t>((product + (static_cast<Uint128>(1) << (shift - 1))) >> shift);

  char reversed[20];
  int count = 0;
  for (; scaled != 0; scaled /= 10) reversed[count++] = static_cast<char>('0' + scaled % 10);
  for (int i = 0; i < count; ++i) decimal->digits[i] = reversed[count - 1 - i];
  decimal->digit_count = count;
  decimal->point = count - p;
}

}  // namespace

NumericPrefix parse_numeric(std::string_view text) noexcept { return parse_source(Utf8Source(text)); }

NumericPrefix parse_numeric(std::string_view text, TextEncoding encoding) noexcept {
  switch (encoding) {
    case TextEncoding::Utf16le:
      return parse_source(Utf16Source<false>(text));
    case TextEncoding::Utf16be:
      return parse_source(Utf16Source<true>(text));
    case TextEncoding::Utf8:
      break;
  }
  return parse_source(Utf8Source(text));
}

std::int64_t parse_integer_prefix(std::string_view text, TextEncoding encoding, bool* whole) noexcept {
  switch (encoding) {
    case TextEncoding::Utf16le:
      return parse_integer_source(Utf16Source<false>(text), whole);
    case TextEncoding::Utf16be:
      return parse_integer_source(Utf16Source<true>(text), whole);
    case TextEncoding::Utf8:
      break;
  }
  return parse_integer_source(Utf8Source(text), whole);
}

double decimal_to_double(std::string_view digits, int exponent) noexcept {
  PL_ASSERT(!digits.empty() && digits.size() <= kMaxDigits + 1);
  if (digits.size() <= 15 && exponent >= -22 && exponent <= 22) {
    // Both factors are exact, so one rounding gives the nearest double.
    std::uint64_t value = 0;
    for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
    const auto exact = static_cast<double>(value);
    return exponent < 0 ? exact / kExactPowers[-exponent] : exact * kExactPowers[exponent];
  }
  const std::int64_t top = exponent + static_cast<std::int64_t>(digits.size());  // value < 10^top
  char text[kMaxDigits + 16];
  std::memcpy(text, digits.data(), digits.size());
  char* end = text + digits.size();
  *end++ = 'e';
  end = write_integer(end, exponent);
  double value = 0;
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error == std::errc::result_out_of_range) {
    if (digits.find_first_not_of('0') == std::string_view::npos) return 0;
    return top > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  }
  static_cast<void>(stop);
  return value;
}

char* write_unsigned(char* out, std::uint64_t value) noexcept {
  char reversed[20];
  int count = 0;
  do {
    reversed[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) *out++ = reversed[--count];
  return out;
}

char* write_integer(char* out, std::int64_t value) noexcept {
  if (value >= 0) return write_unsigned(out, static_cast<std::uint64_t>(value));
  *out++ = '-';
  return write_unsigned(out, 0 - static_cast<std::uint64_t>(value));
}

Decimal to_decimal(double value, int significant, int decimals) noexcept {
  Decimal decimal;
  decimal.negative = std::signbit(value);
  decimal.kind = Decimal::Kind::Finite;
  decimal.digit_count = 1;
  decimal.point = 1;
  decimal.digits[0] = '0';
  if (std::isnan(value)) {
    decimal.kind = Decimal::Kind::NotANumber;
    return decimal;
  }
  if (std::isinf(value)) {
    decimal.kind = Decimal::Kind::Infinite;
    return decimal;
  }
  if (value == 0) return decimal;
  scale_to_digits(decimal.negative ? -value : value, &decimal);
  int keep = significant;
  if (decimals >= 0 && decimals + decimal.point < keep) keep = decimals + decimal.point;
  if (keep < decimal.digit_count) {
    if (keep == 17) {
      // A shorter text may mean the same double: 0.1 is not 0.10000000000000001. Which digits make it worth a look,
      // before rounding, was observed; below 1 it takes one zero more.
      const char* const d = decimal.digits;
      const bool nines = d[14] == '9' && d[15] == '9';
      const bool zeros = d[13] == '0' && d[14] == '0' && (d[15] == '0' || decimal.point > 0);
      if (nines || zeros) {
        Decimal shorter = decimal;
        if (nines) {
          round_digits(&shorter, 15);
        } else {
          shorter.digit_count = 15;
        }
        drop_trailing_zeros(&shorter);
        const double again = decimal_to_double({shorter.digits, static_cast<std::size_t>(shorter.digit_count)},
                                               shorter.point - shorter.digit_count);
        if (again == (decimal.negative ? -value : value)) return shorter;
      }
    }
    round_digits(&decimal, keep);
  }
  drop_trailing_zeros(&decimal);
  return decimal;
}

char* write_real(char* out, double value, int digits) noexcept {
  const Decimal decimal = to_decimal(value, digits);
  const auto put = [&out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  if (decimal.kind == Decimal::Kind::NotANumber) {
    put("NaN");
    return out;
  }
  const bool zero = decimal.digits[0] == '0';
  if (decimal.negative && !zero) *out++ = '-';
  if (decimal.kind == Decimal::Kind::Infinite) {
    if (decimal.negative) *out++ = '-';
    put("Inf");
    return out;
  }
  const int exponent = decimal.point - 1;
  if (exponent < -4 || exponent >= digits) {
    *out++ = decimal.digits[0];
    *out++ = '.';
    if (decimal.digit_count == 1) *out++ = '0';
    put({decimal.digits + 1, static_cast<std::size_t>(decimal.digit_count - 1)});
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    const int magnitude = exponent < 0 ? -exponent : exponent;
    if (magnitude < 10) *out++ = '0';
    return write_unsigned(out, static_cast<std::uint64_t>(magnitude));
  }
  if (decimal.point <= 0) {
    put("0.");
    for (int i = decimal.point; i < 0; ++i) *out++ = '0';
    put({decimal.digits, static_cast<std::size_t>(decimal.digit_count)});
    return out;
  }
  for (int i = 0; i < decimal.point; ++i) *out++ = i < decimal.digit_count ? decimal.digits[i] : '0';
  *out++ = '.';
  if (decimal.digit_count <= decimal.point) {
    *out++ = '0';
  } else {
    put({decimal.digits + decimal.point, static_cast<std::size_t>(decimal.digit_count - decimal.point)});
  }
  return out;
}

}  // namespace perlite::base
