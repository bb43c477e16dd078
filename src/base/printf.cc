#include "base/printf.h"

#include <algorithm>
#include <cstring>

#include "base/number.h"
#include "base/unicode.h"

namespace perlite::base {

namespace {

constexpr int kMaxCount = 0x7fffffff;
constexpr int kPlainDigits = 16;         // significant digits of a real without '!'
constexpr int kExtraDigits = 26;         // and with it
constexpr int kInfiniteExponent = 1000;  // "Inf" with zero padding is 9 * 10^999

struct Conversion {
  char prefix = 0;  // '+' or ' ': in front of numbers that are not negative
  bool left = false;
  bool alternate = false;   // '#'
  bool alternate2 = false;  // '!'
  bool zero_pad = false;
  bool thousands = false;
  int width = 0;
  int precision = -1;  // -1: none given
  FormatArguments::IntegerSize size = FormatArguments::IntegerSize::Int;
};

class Formatter {
 public:
  Formatter(TextBuilder& out, std::string_view format, FormatArguments& arguments)
      : out_(out), at_(format.data()), end_(format.data() + format.size()), arguments_(arguments) {}

  void run() {
    while (at_ < end_ && out_.error() != Code::NoMem) {
      const auto* percent = static_cast<const char*>(std::memchr(at_, '%', static_cast<std::size_t>(end_ - at_)));
      if (percent == nullptr) percent = end_;
      out_.append({at_, static_cast<std::size_t>(percent - at_)});
      if (percent == end_) return;
      at_ = percent + 1;
      if (at_ == end_) {
        out_.append('%');
        return;
      }
      if (!convert()) return;
    }
  }

 private:
  // False when the rest of the format is not to be written.
  bool convert() {
    Conversion c;
    if (!parse(&c) || at_ == end_) return false;
    const char letter = *at_++;
    switch (letter) {
      case 'd':
      case 'i':
        write_signed(c, false);
        return true;
      case 'r':
        write_signed(c, true);
        return true;
      case 'u':
        write_unsigned(c, 10, "0123456789", "");
        return true;
      case 'x':
        write_unsigned(c, 16, "0123456789abcdef", "0x");
        return true;
      case 'X':
        write_unsigned(c, 16, "0123456789ABCDEF", "0X");
        return true;
      case 'o':
        write_unsigned(c, 8, "01234567", "0");
        return true;
      case 'p':
        c.size = FormatArguments::IntegerSize::Pointer;
        write_unsigned(c, 16, "0123456789ABCDEF", "0x");
        return true;
      case 'f':
      case 'e':
      case 'E':
      case 'g':
      case 'G':
        write_real(c, letter);
        return true;
      case 's':
      case 'z':
        write_text(c, letter == 'z');
        return true;
      case 'q':
      case 'Q':
      case 'w':
        write_quoted(c, letter);
        return true;
      case 'j':
      case 'J':
        write_json(c, letter == 'J');
        return true;
      case 'c':
        write_letter(c);
        return true;
      case '%':
        write_padded(c, "%", 1);
        return true;
      case 'n':
        arguments_.store_count(out_.size());
        return true;
      default:
        return false;
    }
  }

  bool parse(Conversion* c) {
    for (; at_ < end_; ++at_) {
      switch (*at_) {
        case '-':
          c->left = true;
          continue;
        case '+':
        case ' ':
          c->prefix = *at_;
          continue;
        case '#':
          c->alternate = true;
          continue;
        case '!':
          c->alternate2 = true;
          continue;
        case '0':
          c->zero_pad = true;
          continue;
        case ',':
          c->thousands = true;
          continue;
        default:
          break;
      }
      break;
    }
    if (at_ < end_ && *at_ == '*') {
      ++at_;
      c->width = star();
      if (c->width < 0) {
        c->left = true;
        c->width = c->width >= -kMaxCount ? -c->width : 0;
      }
    } else {
      c->width = count();
    }
    if (at_ < end_ && *at_ == '.') {
      ++at_;
      if (at_ < end_ && *at_ == '*') {
        ++at_;
        c->precision = star();
        if (c->precision < 0) c->precision = c->precision >= -kMaxCount ? -c->precision : -1;
      } else {
        c->precision = count();
      }
    }
    if (at_ < end_ && *at_ == 'l') {
      ++at_;
      c->size = FormatArguments::IntegerSize::Long;
      if (at_ < end_ && *at_ == 'l') {
        ++at_;
        c->size = FormatArguments::IntegerSize::LongLong;
      }
    }
    return true;
  }
  int star() { return static_cast<int>(arguments_.integer(FormatArguments::IntegerSize::Int, true)); }
  int count() {
    std::uint32_t n = 0;
    for (; at_ < end_ && is_digit(*at_); ++at_) n = n * 10 + static_cast<std::uint32_t>(*at_ - '0');
    return static_cast<int>(n & kMaxCount);
  }

  // ---- integers ----

  void write_signed(const Conversion& c, bool ordinal) {
    const std::int64_t value = arguments_.integer(c.size, true);
    const std::uint64_t magnitude =
        value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    char digits[24];
    char* end = base::write_unsigned(digits, magnitude);
    std::string_view suffix;
    if (ordinal) {
      const auto last = magnitude % 10;
      suffix = magnitude / 10 % 10 == 1 || last == 0 || last > 3 ? "th" : last == 1 ? "st" : last == 2 ? "nd" : "rd";
    }
    write_digits(c, {digits, static_cast<std::size_t>(end - digits)}, value < 0 ? '-' : c.prefix, {}, suffix,
                 c.thousands && !ordinal);
  }

  void write_unsigned(const Conversion& c, unsigned radix, const char* alphabet, std::string_view alternate) {
    const auto value = static_cast<std::uint64_t>(arguments_.integer(c.size, false));
    char reversed[64];
    std::size_t size = 0;
    for (std::uint64_t left = value; size == 0 || left != 0; left /= radix) reversed[size++] = alphabet[left % radix];
    std::reverse(reversed, reversed + size);
    write_digits(c, {reversed, size}, 0, c.alternate && value != 0 ? alternate : std::string_view(), {},
                 c.thousands && radix == 10);
  }

  void write_digits(const Conversion& c, std::string_view digits, char sign, std::string_view base_prefix,
                    std::string_view suffix, bool thousands) {
    // Zero padding is a precision, so it goes before the commas and does not count the 0x.
    std::size_t least = c.precision > 0 ? static_cast<std::size_t>(c.precision) : 0;
    const std::size_t sign_size = sign != 0 ? 1 : 0;
    if (c.zero_pad && static_cast<std::size_t>(c.width) > least + sign_size) {
      least = static_cast<std::size_t>(c.width) - sign_size;
    }
    least = least > suffix.size() ? least - suffix.size() : 0;
    const std::size_t zeros = least > digits.size() ? least - digits.size() : 0;
    const std::size_t digit_count = zeros + digits.size();
    const std::size_t commas = thousands && digit_count > 0 ? (digit_count - 1) / 3 : 0;
    const std::size_t total = sign_size + base_prefix.size() + digit_count + commas + suffix.size();
    pad_before(c, total);
    if (sign != 0) out_.append(sign);
    out_.append(base_prefix);
    if (commas == 0) {
      out_.append_fill(zeros, '0');
      out_.append(digits);
    } else {
      for (std::size_t i = 0; i < digit_count && out_.error() == Code::Ok; ++i) {
        if (i != 0 && (digit_count - i) % 3 == 0) out_.append(',');
        out_.append(i < zeros ? '0' : digits[i - zeros]);
      }
    }
    out_.append(suffix);
    pad_after(c, total);
  }

  // ---- reals ----

  void write_real(const Conversion& c, char letter) {
    const double value = arguments_.real();
    const bool general = letter == 'g' || letter == 'G';
    const bool upper = letter == 'E' || letter == 'G';
    int precision = c.precision < 0 ? 6 : c.precision;
    if (general && precision == 0) precision = 1;
    const int most_digits = c.alternate2 ? kExtraDigits : kPlainDigits;
    Decimal decimal = letter == 'f' ? to_decimal(value, most_digits, precision)
                      : general     ? to_decimal(value, std::min(precision, most_digits))
                      : precision < most_digits
                          ? to_decimal(value, precision + 1 > most_digits ? most_digits : precision + 1)
                          : to_decimal(value, most_digits);
    if (decimal.kind == Decimal::Kind::NotANumber) {
      write_padded(c, c.zero_pad ? "null" : "NaN", c.zero_pad ? 4 : 3);
      return;
    }
    const bool zero = decimal.kind == Decimal::Kind::Finite && decimal.digits[0] == '0';
    char sign = c.prefix;
    if (decimal.negative && value != 0 && !(c.alternate && c.prefix == 0 && zero)) sign = '-';
    if (decimal.kind == Decimal::Kind::Infinite) {
      if (!c.zero_pad) {
        char text[4] = {sign, 'I', 'n', 'f'};
        write_padded(c, {sign != 0 ? text : text + 1, sign != 0 ? 4u : 3u}, sign != 0 ? 4 : 3);
        return;
      }
      decimal.digits[0] = '9';
      decimal.point = kInfiniteExponent;
    }
    const int exponent = zero ? 0 : decimal.point - 1;
    bool trim = c.alternate2;
    bool exponential = !general && letter != 'f';
    if (general) {
      trim = !c.alternate;
      exponential = exponent < -4 || exponent >= precision;
      precision = exponential ? precision - 1 : precision - exponent - 1;
    }
    const bool show_point = precision > 0 || c.alternate || c.alternate2;

    // Integer part, zeros behind the point before the digits, digits, zeros after them.
    const auto digit_count = static_cast<std::size_t>(decimal.digit_count);
    std::size_t integer_size = 1;  // of the integer part, without commas
    std::size_t integer_digits = 1;
    std::size_t leading_zeros = 0;
    if (!exponential) {
      if (zero || decimal.point <= 0) {
        integer_digits = 0;
        leading_zeros = zero ? 0 : static_cast<std::size_t>(-decimal.point);
      } else {
        integer_size = static_cast<std::size_t>(decimal.point);
        integer_digits = std::min(integer_size, digit_count);
      }
    }
    const std::size_t wanted = static_cast<std::size_t>(precision);
    leading_zeros = std::min(leading_zeros, wanted);
    std::size_t fraction_digits = zero && !exponential ? 0 : digit_count - integer_digits;
    fraction_digits = std::min(fraction_digits, wanted - leading_zeros);
    std::size_t trailing_zeros = wanted - leading_zeros - fraction_digits;
    bool point = show_point;
    if (trim && point) {
      // Digits carry no trailing zeros, so only zeros we would add can go.
      trailing_zeros = 0;
      if (fraction_digits == 0) {
        leading_zeros = 0;
        if (c.alternate2) {
          trailing_zeros = 1;
        } else {
          point = false;
        }
      }
    }
    char exponent_text[8];
    std::size_t exponent_size = 0;
    if (exponential) {
      char* e = exponent_text;
      *e++ = upper ? 'E' : 'e';
      *e++ = exponent < 0 ? '-' : '+';
      const int magnitude = exponent < 0 ? -exponent : exponent;
      if (magnitude < 10) *e++ = '0';
      e = base::write_unsigned(e, static_cast<std::uint64_t>(magnitude));
      exponent_size = static_cast<std::size_t>(e - exponent_text);
    }
    const std::size_t commas = c.thousands && !exponential ? (integer_size - 1) / 3 : 0;
    const std::size_t sign_size = sign != 0 ? 1 : 0;
    const std::size_t total = sign_size + integer_size + commas + (point ? 1 : 0) + leading_zeros + fraction_digits +
                              trailing_zeros + exponent_size;
    const bool zero_pad = c.zero_pad && !c.left;
    if (!zero_pad) pad_before(c, total);
    if (sign != 0) out_.append(sign);
    if (zero_pad && static_cast<std::size_t>(c.width) > total) {
      out_.append_fill(static_cast<std::size_t>(c.width) - total, '0');
    }
    if (commas == 0) {
      if (integer_digits == 0) {
        out_.append('0');
      } else {
        out_.append({decimal.digits, integer_digits});
        out_.append_fill(integer_size - integer_digits, '0');
      }
    } else {
      for (std::size_t i = 0; i < integer_size; ++i) {
        if (i != 0 && (integer_size - i) % 3 == 0) out_.append(',');
        out_.append(i < integer_digits ? decimal.digits[i] : '0');
      }
    }
    if (point) out_.append('.');
    out_.append_fill(leading_zeros, '0');
    out_.append({decimal.digits + integer_digits, fraction_digits});
    out_.append_fill(trailing_zeros, '0');
    out_.append({exponent_text, exponent_size});
    if (!zero_pad) pad_after(c, total);
  }

  // ---- texts ----

  // The part of the argument that the precision lets through.
  std::string_view limited(const FormatArguments::Text& text, const Conversion& c) {
    if (text.data == nullptr) return {};
    const char* const begin = text.data;
    if (c.precision >= 0 && !c.alternate2) {
      const std::size_t most = std::min(static_cast<std::size_t>(c.precision), text.size);
      const void* nul = std::memchr(begin, 0, most);
      return {begin, nul == nullptr ? most : static_cast<std::size_t>(static_cast<const char*>(nul) - begin)};
    }
    std::size_t size = text.size;
    if (size == FormatArguments::kUnknownSize) {
      size = std::strlen(begin);
    } else if (const void* nul = size == 0 ? nullptr : std::memchr(begin, 0, size)) {
      size = static_cast<std::size_t>(static_cast<const char*>(nul) - begin);
    }
    if (c.precision >= 0) {
      const char* at = begin;
      for (int n = 0; n < c.precision && at < begin + size; ++n) at = skip_utf8(at, begin + size);
      size = static_cast<std::size_t>(at - begin);
    }
    return {begin, size};
  }
  std::size_t width_of(std::string_view text, const Conversion& c) {
    return c.alternate2 ? count_utf8(text) : text.size();
  }

  void write_text(const Conversion& c, bool takes_over) {
    const FormatArguments::Text argument = arguments_.text(takes_over);
    const std::string_view text = limited(argument, c);
    write_padded(c, text, c.width == 0 ? 0 : width_of(text, c));
    if (argument.owned) arguments_.dispose(argument);
  }

  // q: ' doubled. Q: and quotes around it. w: " doubled. With '#' control characters are written for unistr().
  void write_quoted(const Conversion& c, char letter) {
    const FormatArguments::Text argument = arguments_.text(false);
    if (argument.data == nullptr) {
      std::string_view null_text = letter == 'Q' ? "NULL" : "(NULL)";
      if (c.precision >= 0) null_text = null_text.substr(0, static_cast<std::size_t>(c.precision));
      write_padded(c, null_text, null_text.size());
      return;
    }
    const std::string_view text = limited(argument, c);
    const char quote = letter == 'w' ? '"' : '\'';
    const auto is_control = [](char ch) { return ch > 0 && ch < 0x20; };
    const bool escape = c.alternate && letter != 'w' && std::any_of(text.begin(), text.end(), is_control);
    std::size_t extra = 0;
    for (const char ch : text) {
      if (ch == quote) ++extra;
      if (escape && ch == '\\') ++extra;
      if (escape && is_control(ch)) extra += 5;
    }
    const std::string_view opening = letter != 'Q' ? "" : escape ? "unistr('" : "'";
    const std::string_view closing = letter != 'Q' ? "" : escape ? "')" : "'";
    const std::size_t total = width_of(text, c) + extra + opening.size() + closing.size();
    pad_before(c, total);
    out_.append(opening);
    if (extra == 0) {
      out_.append(text);
    } else {
      for (const char ch : text) {
        if (escape && is_control(ch)) {
          const char hex[] = {'\\', 'u', '0', '0', static_cast<char>(ch < 16 ? '0' : '1'), "0123456789abcdef"[ch & 15]};
          out_.append({hex, sizeof hex});
          continue;
        }
        if (ch == quote || (escape && ch == '\\')) out_.append(ch);
        out_.append(ch);
      }
    }
    out_.append(closing);
    pad_after(c, total);
    if (argument.owned) arguments_.dispose(argument);
  }

  // j: as the inside of a JSON string. J: with the quotes around it, null without a text.
  void write_json(const Conversion& c, bool quoted) {
    const FormatArguments::Text argument = arguments_.text(false);
    if (argument.data == nullptr) {
      const std::string_view null_text = quoted ? "null" : "";
      write_padded(c, null_text, null_text.size());
      return;
    }
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
    const auto is_escaped = [&](char ch) { return static_cast<unsigned char>(ch) < 0x20 || ch == '"' || ch == '\\'; };
    const std::string_view text = limited(argument, c);
    std::size_t total = width_of(text, c) + (quoted ? 2 : 0);
    for (const char ch : text) {
      if (is_escaped(ch)) total += kShort.find(ch) != std::string_view::npos ? 1 : 5;
    }
    pad_before(c, total);
    if (quoted) out_.append('"');
    for (const char ch : text) {
      if (!is_escaped(ch)) {
        out_.append(ch);
      } else if (const std::size_t at = kShort.find(ch); at != std::string_view::npos) {
        out_.append('\\');
        out_.append(kLetters[at]);
      } else {
        out_.append("\\u00");
        out_.append(ch < 16 ? '0' : '1');
        out_.append("0123456789abcdef"[ch & 15]);
      }
    }
    if (quoted) out_.append('"');
    pad_after(c, total);
    if (argument.owned) arguments_.dispose(argument);
  }

  void write_letter(const Conversion& c) {
    char letter[kMaxUtf8Bytes];
    const std::size_t size = arguments_.letter(letter);
    const std::size_t count = c.precision > 1 ? static_cast<std::size_t>(c.precision) : 1;
    pad_before(c, count);
    if (size == 1) {
      out_.append_fill(count, letter[0]);
    } else {
      for (std::size_t i = 0; i < count && out_.error() == Code::Ok; ++i) out_.append({letter, size});
    }
    pad_after(c, count);
  }

  void write_padded(const Conversion& c, std::string_view text, std::size_t text_width) {
    pad_before(c, text_width);
    out_.append(text);
    pad_after(c, text_width);
  }
  void pad_before(const Conversion& c, std::size_t size) {
    if (!c.left && static_cast<std::size_t>(c.width) > size)
      out_.append_fill(static_cast<std::size_t>(c.width) - size, ' ');
  }
  void pad_after(const Conversion& c, std::size_t size) {
    if (c.left && static_cast<std::size_t>(c.width) > size)
      out_.append_fill(static_cast<std::size_t>(c.width) - size, ' ');
  }

  TextBuilder& out_;
  const char* at_;
  const char* const end_;
  FormatArguments& arguments_;
};

class VariableArguments final : public FormatArguments {
 public:
  explicit VariableArguments(std::va_list list) { va_copy(list_, list); }
  VariableArguments(const VariableArguments&) = delete;
  VariableArguments& operator=(const VariableArguments&) = delete;
  ~VariableArguments() { va_end(list_); }

  std::int64_t integer(IntegerSize size, bool is_signed) override {
    switch (size) {
      case IntegerSize::Int:
        if (is_signed) return va_arg(list_, int);
        return static_cast<std::int64_t>(va_arg(list_, unsigned));
      case IntegerSize::Long:
        if (is_signed) return va_arg(list_, long);
        return static_cast<std::int64_t>(va_arg(list_, unsigned long));
      case IntegerSize::LongLong:
        return va_arg(list_, long long);
      case IntegerSize::Pointer:
        break;
    }
    return reinterpret_cast<std::intptr_t>(va_arg(list_, void*));
  }
  double real() override { return va_arg(list_, double); }
  Text text(bool takes_over) override {
    const char* data = va_arg(list_, const char*);
    return {data, kUnknownSize, takes_over && data != nullptr};
  }
  std::size_t letter(char* out) override {
    return static_cast<std::size_t>(encode_utf8(out, va_arg(list_, unsigned)) - out);
  }
  void store_count(std::size_t count) override { *va_arg(list_, int*) = static_cast<int>(count); }
  void dispose(const Text& text) override { Allocator::release(const_cast<char*>(text.data)); }

 private:
  std::va_list list_;
};

}  // namespace

void append_format(TextBuilder& out, std::string_view format, FormatArguments& arguments) {
  Formatter(out, format, arguments).run();
}

void append_vprintf(TextBuilder& out, const char* format, std::va_list arguments) {
  VariableArguments source(arguments);
  append_format(out, std::string_view(format), source);
}

void append_printf(TextBuilder& out, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  append_vprintf(out, format, arguments);
  va_end(arguments);
}

}  // namespace perlite::base
