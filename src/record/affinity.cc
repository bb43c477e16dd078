#include "record/affinity.h"

#include <limits>

#include "base/number.h"
#include "base/unicode.h"

namespace perlite::record {

namespace {

using base::NumericPrefix;

// Text and blobs as arithmetic reads them.
NumericPrefix parse_bytes(const Value& value) noexcept {
  if (value.has(Value::kZeroBlob)) return {};
  return base::parse_numeric(value.bytes(), value.encoding);
}

void set_number(Value& value, const NumericPrefix& number) noexcept {
  const std::uint8_t bind = value.flags & Value::kFromBind;
  if (number.kind == NumericPrefix::Kind::Integer) {
    value.set_integer(number.integer);
  } else {
    value.set_real(number.real);
  }
  value.flags |= bind;
}

// CAST AS NUMERIC makes text an INTEGER when it is one below this bound, in which every double is exact with room to
// spare.
constexpr double kCastIntegerBound = 2251799813685248.0;  // 2^51

}  // namespace

Affinity affinity_of_declared_type(std::string_view declared_type) noexcept {
  bool has_text = false;
  bool has_blob = false;
  bool has_real = false;
  const auto word_at = [&](std::size_t i, std::string_view word) {
    if (declared_type.size() - i < word.size()) return false;
    for (std::size_t k = 0; k < word.size(); ++k) {
      if (base::ascii_upper(declared_type[i + k]) != word[k]) return false;
    }
    return true;
  };
  for (std::size_t i = 0; i < declared_type.size(); ++i) {
    switch (base::ascii_upper(declared_type[i])) {
      case 'I':
        if (word_at(i, "INT")) return Affinity::Integer;
        break;
      case 'C':
        if (word_at(i, "CHAR") || word_at(i, "CLOB")) has_text = true;
        break;
      case 'T':
        if (word_at(i, "TEXT")) has_text = true;
        break;
      case 'B':
        if (word_at(i, "BLOB")) has_blob = true;
        break;
      case 'R':
        if (word_at(i, "REAL")) has_real = true;
        break;
      case 'F':
        if (word_at(i, "FLOA")) has_real = true;
        break;
      case 'D':
        if (word_at(i, "DOUB")) has_real = true;
        break;
      default:
        break;
    }
  }
  if (has_text) return Affinity::Text;
  if (has_blob || declared_type.empty()) return Affinity::Blob;
  return has_real ? Affinity::Real : Affinity::Numeric;
}

std::string_view affinity_name(Affinity affinity) noexcept {
  constexpr std::string_view kNames[] = {"NONE", "BLOB", "TEXT", "NUMERIC", "INTEGER", "REAL"};
  return kNames[static_cast<std::size_t>(affinity)];
}

ComparisonAffinity comparison_affinity(Affinity left, Affinity right) noexcept {
  ComparisonAffinity result;
  if (is_numeric(left) && !is_numeric(right)) {
    result.right = Affinity::Numeric;
  } else if (is_numeric(right) && !is_numeric(left)) {
    result.left = Affinity::Numeric;
  } else if (left == Affinity::Text && right == Affinity::None) {
    result.right = Affinity::Text;
  } else if (right == Affinity::Text && left == Affinity::None) {
    result.left = Affinity::Text;
  }
  return result;
}

void apply_affinity_slow(Value& value, Affinity affinity, TextEncoding enc) {
  if (affinity == Affinity::Text) {
    if (value.is_numeric()) value.convert_to_text(enc);
    return;
  }
  if (!is_numeric(affinity)) return;
  if (value.type == ValueType::Text) {
    const NumericPrefix number = parse_bytes(value);
    if (number.kind == NumericPrefix::Kind::None || !number.whole) return;
    set_number(value, number);
  }
  const std::uint8_t bind = value.flags & Value::kFromBind;
  if (affinity == Affinity::Real) {
    if (value.type == ValueType::Integer) value.set_real(static_cast<double>(value.integer));
  } else if (value.type == ValueType::Real) {
    std::int64_t integer;
    if (real_is_integer(value.real, &integer)) value.set_integer(integer);
  }
  value.flags |= bind;
}

void cast(Value& value, Affinity affinity, TextEncoding enc) {
  if (value.is_null()) return;
  value.subtype = 0;
  switch (affinity) {
    case Affinity::None:
    case Affinity::Blob:
      if (value.type == ValueType::Blob) return;
      value.convert_to_text(enc);
      value.type = ValueType::Blob;
      return;
    case Affinity::Text:
      if (value.type == ValueType::Blob) value.encoding = enc;
      value.convert_to_text(enc);
      return;
    case Affinity::Numeric:
      if (value.is_bytes()) {
        if (value.type == ValueType::Blob) value.encoding = enc;
        const NumericPrefix number = parse_bytes(value);
        if (number.kind == NumericPrefix::Kind::None) {
          value.set_integer(0);
          return;
        }
        set_number(value, number);
        std::int64_t integer;
        if (value.type == ValueType::Real && value.real > -kCastIntegerBound && value.real < kCastIntegerBound &&
            real_is_integer(value.real, &integer)) {
          value.set_integer(integer);
        }
      }
      return;
    case Affinity::Integer:
      if (value.type == ValueType::Blob) value.encoding = enc;
      value.set_integer(to_integer(value));
      return;
    case Affinity::Real:
      if (value.type == ValueType::Blob) value.encoding = enc;
      value.set_real(to_real(value));
      return;
  }
}

Number to_number(const Value& value) noexcept {
  switch (value.type) {
    case ValueType::Integer:
      return Number::of(value.integer);
    case ValueType::Real:
      return Number::of(value.real);
    case ValueType::Null:
      break;
    case ValueType::Text:
    case ValueType::Blob: {
      const NumericPrefix number = parse_bytes(value);
      if (number.kind == NumericPrefix::Kind::Integer) return Number::of(number.integer);
      if (number.kind == NumericPrefix::Kind::Real) return Number::of(number.real);
      break;
    }
  }
  return Number::of(std::int64_t{0});
}

std::int64_t to_integer(const Value& value) noexcept {
  switch (value.type) {
    case ValueType::Null:
      return 0;
    case ValueType::Integer:
      return value.integer;
    case ValueType::Real:
      return real_to_integer(value.real);
    case ValueType::Text:
    case ValueType::Blob:
      break;
  }
  if (value.has(Value::kZeroBlob)) return 0;
  return base::parse_integer_prefix(value.bytes(), value.encoding);
}

double to_real(const Value& value) noexcept {
  switch (value.type) {
    case ValueType::Null:
      return 0;
    case ValueType::Integer:
      return static_cast<double>(value.integer);
    case ValueType::Real:
      return value.real;
    case ValueType::Text:
    case ValueType::Blob:
      break;
  }
  return parse_bytes(value).real;
}

std::int64_t real_to_integer(double v) noexcept {
  if (v >= 9223372036854775808.0) return std::numeric_limits<std::int64_t>::max();
  if (v <= -9223372036854775808.0) return std::numeric_limits<std::int64_t>::min();
  return v == v ? static_cast<std::int64_t>(v) : 0;
}

bool real_is_integer(double real, std::int64_t* integer) noexcept {
  // The least int64 stays a REAL (observed), so both ends are open.
  if (!(real > -9223372036854775808.0 && real < 9223372036854775808.0)) return false;
  const auto truncated = static_cast<std::int64_t>(real);
  if (static_cast<double>(truncated) != real) return false;
  *integer = truncated;
  return true;
}

Truth truth_slow(const Value& value) noexcept {
  switch (value.type) {
    case ValueType::Null:
      return Truth::Unknown;
    case ValueType::Integer:
      return value.integer != 0 ? Truth::True : Truth::False;
    case ValueType::Real:
      return value.real != 0 ? Truth::True : Truth::False;
    case ValueType::Text:
    case ValueType::Blob:
      break;
  }
  return parse_bytes(value).real != 0 ? Truth::True : Truth::False;
}

bool to_integer_exact(const Value& value, std::int64_t* integer) noexcept {
  switch (value.type) {
    case ValueType::Integer:
      *integer = value.integer;
      return true;
    case ValueType::Real:
      return real_is_integer(value.real, integer);
    case ValueType::Text: {
      const NumericPrefix number = parse_bytes(value);
      if (number.kind == NumericPrefix::Kind::None || !number.whole) return false;
      if (number.kind == NumericPrefix::Kind::Real) return real_is_integer(number.real, integer);
      *integer = number.integer;
      return true;
    }
    case ValueType::Null:
    case ValueType::Blob:
      break;
  }
  return false;
}

void apply_numeric_type(Value& value) noexcept {
  if (value.type != ValueType::Text) return;
  const NumericPrefix number = parse_bytes(value);
  if (number.kind == NumericPrefix::Kind::None || !number.whole) return;
  set_number(value, number);
}

}  // namespace perlite::record
