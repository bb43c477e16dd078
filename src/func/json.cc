#include "func/json.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/ascii.h"
#include "base/number.h"
#include "base/unicode.h"

namespace perlite::func::json {

namespace {

using base::TextBuilder;

bool is_letter_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_letter(char c) noexcept { return is_letter_start(c) || base::is_digit(c); }

// Moves over bytes that are plain inside any string, sixteen at a time; may stop before it must.
const char* skip_plain(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  while (end - at >= 16) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i quotes = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\'')));
    const __m128i low = _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f));
    const __m128i stop = _mm_or_si128(_mm_or_si128(quotes, low), _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stop));
    if (mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
#else
  static_cast<void>(end);
#endif
  return at;
}

enum class Number : std::uint8_t { Int, Int5, Float, Float5 };
enum class Text : std::uint8_t { Plain, Escaped, Five };  // Escaped: escapes of RFC 8259; Five: what only JSON5 has

// ---- sinks of the parser ----

struct NoSink {
  void begin(bool) {}
  void end(bool) {}
  void comma() {}
  void colon() {}
  void literal(JsonbType) {}
  void number(Number, std::string_view, bool) {}
  void infinity(bool) {}
  void string(Text, std::string_view) {}
};

class TextSink {
 public:
  explicit TextSink(TextBuilder& out) : out_(out) {}
  void begin(bool object) { out_.append(object ? '{' : '['); }
  void end(bool object) { out_.append(object ? '}' : ']'); }
  void comma() { out_.append(','); }
  void colon() { out_.append(':'); }
  void literal(JsonbType type) {
    out_.append(type == JsonbType::Null ? "null" : type == JsonbType::True ? "true" : "false");
  }
  // `digits` without sign.
  void number(Number kind, std::string_view digits, bool negative) {
    if (negative) out_.append('-');
    switch (kind) {
      case Number::Int:
      case Number::Float:
        out_.append(digits);
        return;
      case Number::Int5: {
        std::uint64_t value = 0;
        digits.remove_prefix(2);
        while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
        if (digits.size() > 16) {
          out_.append("9.0e999");
          return;
        }
        for (const char c : digits) value = value << 4 | static_cast<std::uint64_t>(base::hex_digit(c));
        char text[24];
        out_.append({text, static_cast<std::size_t>(base::write_unsigned(text, value) - text)});
        return;
      }
      case Number::Float5: {
        if (digits.front() == '.') out_.append('0');
        const std::size_t point = digits.find('.');
        out_.append(digits.substr(0, point + 1));
        digits.remove_prefix(point + 1);
        if (digits.empty() || !base::is_digit(digits.front())) out_.append('0');
        out_.append(digits);
        return;
      }
    }
  }
  void infinity(bool negative) { out_.append(negative ? "-9e999" : "9e999"); }
  void string(Text kind, std::string_view content) {
    out_.append('"');
    if (kind != Text::Five) {
      out_.append(content);
    } else {
      write_five(content);
    }
    out_.append('"');
  }

 private:
  void write_control(char c) {
    switch (c) {
      case '\b':
        return out_.append("\\b");
      case '\t':
        return out_.append("\\t");
      case '\n':
        return out_.append("\\n");
      case '\f':
        return out_.append("\\f");
      case '\r':
        return out_.append("\\r");
      default:
        out_.append("\\u00");
        out_.append("0123456789abcdef"[(c >> 4) & 15]);
        out_.append("0123456789abcdef"[c & 15]);
    }
  }
  void write_five(std::string_view content) {
    for (std::size_t i = 0; i < content.size(); ++i) {
      const char c = content[i];
      if (c == '"') {
        out_.append("\\\"");
      } else if (static_cast<unsigned char>(c) < 0x20) {
        write_control(c);
      } else if (c != '\\') {
        out_.append(c);
      } else {
        const char escaped = content[++i];
        switch (escaped) {
          case '\'':
            out_.append('\'');
            break;
          case 'v':
            out_.append("\\u000b");
            break;
          case '0':
            out_.append("\\u0000");
            break;
          case 'x':
            out_.append("\\u00");
            out_.append(content.substr(i + 1, 2));
            i += 2;
            break;
          case '\r':
            if (i + 1 < content.size() && content[i + 1] == '\n') ++i;
            break;
          case '\n':
            break;
          case '\xe2':  // line or paragraph separator
            i += 2;
            break;
          default:
            out_.append('\\');
            out_.append(escaped);
        }
      }
    }
  }
  TextBuilder& out_;
};

class JsonbSink {
 public:
  explicit JsonbSink(TextBuilder& out) : out_(out) {}
  void begin(bool) {
    starts_.push_back(out_.size());
    out_.append('\0');
  }
  void end(bool object) {
    const std::size_t start = starts_.back();
    starts_.pop_back();
    if (out_.error() != Code::Ok) return;
    const std::size_t size = out_.size() - start - 1;
    char header[9];
    const std::size_t header_size = make_header(header, object ? JsonbType::Object : JsonbType::Array, size);
    if (header_size > 1) {
      if (out_.append_space(header_size - 1) == nullptr) return;
      char* const first = const_cast<char*>(out_.text().data()) + start;
      std::memmove(first + header_size, first + 1, size);
    }
    std::memcpy(const_cast<char*>(out_.text().data()) + start, header, header_size);
  }
  void comma() {}
  void colon() {}
  void literal(JsonbType type) { out_.append(static_cast<char>(type)); }
  void number(Number kind, std::string_view digits, bool negative) {
    constexpr JsonbType kTypes[] = {JsonbType::Int, JsonbType::Int5, JsonbType::Float, JsonbType::Float5};
    header(kTypes[static_cast<int>(kind)], digits.size() + (negative ? 1 : 0));
    if (negative) out_.append('-');
    out_.append(digits);
  }
  void infinity(bool negative) { number(Number::Float, "9e999", negative); }
  void string(Text kind, std::string_view content) {
    constexpr JsonbType kTypes[] = {JsonbType::Text, JsonbType::TextJ, JsonbType::Text5};
    header(kTypes[static_cast<int>(kind)], content.size());
    out_.append(content);
  }

 private:
  static std::size_t make_header(char* header, JsonbType type, std::size_t size) noexcept {
    const auto low = static_cast<unsigned>(type);
    const int bytes = size <= 11 ? 0 : size <= 0xff ? 1 : size <= 0xffff ? 2 : 4;
    const unsigned high = bytes == 0 ? static_cast<unsigned>(size) : bytes == 1 ? 12 : bytes == 2 ? 13 : 14;
    header[0] = static_cast<char>(high << 4 | low);
    for (int i = 0; i < bytes; ++i) header[1 + i] = static_cast<char>(size >> (8 * (bytes - 1 - i)));
    return static_cast<std::size_t>(1 + bytes);
  }
  void header(JsonbType type, std::size_t size) {
    char bytes[9];
    out_.append({bytes, make_header(bytes, type, size)});
  }
  TextBuilder& out_;
  Vector<std::size_t> starts_;
};

// ---- the parser ----

template <class Sink>
class Parser {
 public:
  Parser(std::string_view text, Sink& sink, Scan* result)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), sink_(sink), result_(*result) {}

  bool run() {
    if (!blanks()) return fail();
    if (at_ == end_) at_ = begin_;
    if (at_ == end_ || !value()) return fail();
    while (depth_ > 0) {
      if (!element()) return fail();
    }
    if (!blanks()) return fail();
    if (at_ != end_) {
      at_ = begin_;  // what stands behind a value makes the whole text wrong
      return fail();
    }
    result_.valid = true;
    return true;
  }

 private:
  bool fail() {
    result_.valid = false;
    result_.error_at = static_cast<std::size_t>(at_ - begin_);
    return false;
  }
  void five() noexcept { result_.strict = result_.canonical = false; }
  char peek() const noexcept { return at_ < end_ ? *at_ : '\0'; }
  bool in_object() const noexcept { return (objects_[depth_ >> 6] >> (depth_ & 63) & 1u) != 0; }

  // The next part of the innermost container: its end, or a comma and an element.
  bool element() {
    if (!blanks()) return false;
    const bool object = in_object();
    const char close = object ? '}' : ']';
    if (peek() == close) return leave(object);
    if (!first_) {
      if (peek() != ',') return false;
      ++at_;
      if (!blanks()) return false;
      if (peek() == close) {  // a trailing comma
        five();
        return leave(object);
      }
      sink_.comma();
    }
    first_ = false;
    if (object) {
      if (!label() || !blanks() || peek() != ':') return false;
      ++at_;
      sink_.colon();
      if (!blanks()) return false;
    }
    return value();
  }
  bool leave(bool object) {
    ++at_;
    sink_.end(object);
    --depth_;
    first_ = false;
    return true;
  }
  bool enter(bool object) {
    if (depth_ == kMaxDepth) return false;
    ++at_;
    ++depth_;
    const std::uint64_t bit = std::uint64_t{1} << (depth_ & 63);
    if (object) {
      objects_[depth_ >> 6] |= bit;
    } else {
      objects_[depth_ >> 6] &= ~bit;
    }
    first_ = true;
    sink_.begin(object);
    return true;
  }

  // Most often there is none.
  bool blanks() {
    if (at_ < end_ && *at_ > ' ' && *at_ != '/') return true;
    return skip_blanks();
  }
  bool skip_blanks() {
    while (at_ < end_) {
      switch (*at_) {
        case ' ':
        case '\t':
        case '\n':
        case '\r':
          result_.canonical = false;
          ++at_;
          continue;
        case '\v':
        case '\f':
          five();
          ++at_;
          continue;
        case '/':
          if (!comment()) return true;  // the caller meets the slash
          continue;
        case '\xc2':
        case '\xe1':
        case '\xe2':
        case '\xe3':
        case '\xef': {
          const char* after = at_;
          const char32_t c = base::decode_utf8(&after, end_);
          if (c != 0xa0 && c != 0x1680 && !(c >= 0x2000 && c <= 0x200a) && c != 0x2028 && c != 0x2029 && c != 0x202f &&
              c != 0x205f && c != 0x3000 && c != 0xfeff) {
            return true;
          }
          five();
          at_ = after;
          continue;
        }
        default:
          return true;
      }
    }
    return true;
  }
  bool comment() noexcept {
    const std::string_view left(at_, static_cast<std::size_t>(end_ - at_));
    if (left.starts_with("/*")) {
      const std::size_t close = left.find("*/", 2);
      if (close == std::string_view::npos) return false;
      at_ += close + 2;
    } else if (left.starts_with("//")) {
      at_ += 2;
      while (at_ < end_ && *at_ != '\n' && *at_ != '\r' &&
             !std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with("\xe2\x80\xa8") &&
             !std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with("\xe2\x80\xa9")) {
        ++at_;
      }
    } else {
      return false;
    }
    five();
    return true;
  }

  bool word(std::string_view w) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < w.size() || std::memcmp(at_, w.data(), w.size()) != 0) return false;
    if (at_ + w.size() < end_ && is_letter(at_[w.size()])) return false;
    at_ += w.size();
    return true;
  }
  bool word_any_case(std::string_view w) noexcept {
    const std::string_view left(at_, static_cast<std::size_t>(end_ - at_));
    if (!base::starts_with_ignoring_case(left, w)) return false;
    if (left.size() > w.size() && is_letter(left[w.size()])) return false;
    at_ += w.size();
    return true;
  }

  bool value() {
    switch (peek()) {
      case '{':
        return enter(true);
      case '[':
        return enter(false);
      case '"':
      case '\'':
        return string();
      case 't':
        if (!word("true")) return false;
        sink_.literal(JsonbType::True);
        return true;
      case 'f':
        if (!word("false")) return false;
        sink_.literal(JsonbType::False);
        return true;
      case 'n':
        if (word("null")) {
          sink_.literal(JsonbType::Null);
          return true;
        }
        return special(false);
      case '-':
      case '+':
      case '.':
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9':
        return number();
      default:
        return special(false);
    }
  }
  // The words of infinity and of what is no number.
  bool special(bool negative) {
    if (word_any_case("infinity") || word_any_case("inf")) {
      five();
      sink_.infinity(negative);
      return true;
    }
    if (!negative && (word_any_case("nan") || word_any_case("qnan") || word_any_case("snan"))) {
      five();
      sink_.literal(JsonbType::Null);
      return true;
    }
    return false;
  }

  bool number() {
    const char* const start = at_;
    while (at_ < end_ && base::is_digit(*at_)) ++at_;  // most numbers are digits alone
    const auto count = static_cast<std::size_t>(at_ - start);
    if (count != 0 && (count == 1 || *start != '0') && at_ < end_ && (*at_ == ',' || *at_ == ']' || *at_ == '}')) {
      sink_.number(Number::Int, {start, count}, false);
      return true;
    }
    at_ = start;
    bool negative = false;
    if (peek() == '-' || peek() == '+') {
      negative = peek() == '-';
      if (!negative) five();
      ++at_;
      if ((peek() == 'i' || peek() == 'I') && special(negative)) return true;
    }
    const char* const first = at_;
    Number kind = Number::Int;
    if (peek() == '0' && at_ + 1 < end_ && (at_[1] == 'x' || at_[1] == 'X')) {
      at_ += 2;
      if (base::hex_digit(peek()) < 0) return fail_at(start);
      while (base::hex_digit(peek()) >= 0) ++at_;
      kind = Number::Int5;
    } else {
      if (peek() == '0' && at_ + 1 < end_ && base::is_digit(at_[1])) return fail_at(start + 1);
      while (base::is_digit(peek())) ++at_;
      const bool whole = at_ > first;
      bool fraction = false;
      if (peek() == '.') {
        kind = Number::Float;
        ++at_;
        const char* const point = at_;
        while (base::is_digit(peek())) ++at_;
        fraction = at_ > point;
        if (!whole || !fraction) kind = Number::Float5;
      }
      if (!whole && !fraction) return fail_at(start);
      if (peek() == 'e' || peek() == 'E') {
        if (kind == Number::Int) kind = Number::Float;
        ++at_;
        if (peek() == '-' || peek() == '+') ++at_;
        if (!base::is_digit(peek())) return fail_at(at_ - 1);
        while (base::is_digit(peek())) ++at_;
      }
    }
    if (peek() == '.') return false;
    if (kind == Number::Int5 || kind == Number::Float5) five();
    sink_.number(kind, {first, static_cast<std::size_t>(at_ - first)}, negative);
    return true;
  }

  // Where an error is to be reported; always false.
  bool fail_at(const char* place) noexcept {
    at_ = place;
    return false;
  }
  // Behind a letter that wants them, on which an error is reported.
  bool hex_digits(int count) noexcept {
    const char* const letter = at_ - 1;
    for (int i = 0; i < count; ++i, ++at_) {
      if (base::hex_digit(peek()) < 0) return fail_at(letter);
    }
    return true;
  }

  bool string() {
    const char quote = *at_++;
    const char* const first = at_;
    Text kind = Text::Plain;
    if (quote == '\'') five();
    for (;;) {
      at_ = skip_plain(at_, end_);
      while (at_ < end_ && *at_ != quote && *at_ != '\\' && *at_ != '"' && static_cast<unsigned char>(*at_) >= 0x20)
        ++at_;
      if (at_ == end_) return false;
      const char c = *at_;
      if (c == quote) break;
      if (c == '"' ||
          static_cast<unsigned char>(c) < 0x20) {  // a double quote between single ones, a control character
        kind = Text::Five;
        five();
        ++at_;
        continue;
      }
      ++at_;
      if (at_ == end_) return false;
      switch (*at_++) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
          if (kind == Text::Plain) kind = Text::Escaped;
          break;
        case 'u':
          if (!hex_digits(4)) return false;
          if (kind == Text::Plain) kind = Text::Escaped;
          break;
        case 'x':
          if (!hex_digits(2)) return false;
          kind = Text::Five;
          five();
          break;
        case '0':
          if (base::is_digit(peek())) return false;
          kind = Text::Five;
          five();
          break;
        case '\'':
        case 'v':
        case '\n':
        case '\r':
          kind = Text::Five;
          five();
          break;
        case '\xe2':
          if (end_ - at_ < 2 || at_[0] != '\x80' || (at_[1] != '\xa8' && at_[1] != '\xa9')) return false;
          at_ += 2;
          kind = Text::Five;
          five();
          break;
        default:
          --at_;
          return false;
      }
    }
    sink_.string(kind, {first, static_cast<std::size_t>(at_ - first)});
    ++at_;
    return true;
  }

  bool label() {
    if (peek() == '"' || peek() == '\'') return string();
    if (!is_letter_start(peek()) && peek() != '\\') return false;
    const char* const first = at_;
    Text kind = Text::Plain;
    while (at_ < end_ && (is_letter(*at_) || *at_ == '\\')) {
      if (*at_++ == '\\') {
        if (peek() != 'u') return false;
        ++at_;
        if (!hex_digits(4)) return false;
        kind = Text::Escaped;
      }
    }
    const std::string_view name(first, static_cast<std::size_t>(at_ - first));
    for (const std::string_view reserved : {"true", "false", "null"}) {
      if (name == reserved) return fail_at(first);
    }
    for (const std::string_view reserved : {"inf", "infinity", "nan", "qnan", "snan"}) {
      if (base::equals_ignoring_case(name, reserved)) return fail_at(first);
    }
    five();
    sink_.string(kind, name);
    return true;
  }

  const char* const begin_;
  const char* at_;
  const char* const end_;
  Sink& sink_;
  Scan& result_;
  int depth_ = 0;
  bool first_ = false;                              // nothing yet in the innermost container
  std::uint64_t objects_[kMaxDepth / 64 + 1] = {};  // by depth
};

// ---- RFC 8259 ----

bool is_blank(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
const char* skip_blanks(const char* at, const char* end) noexcept {
  while (at < end && is_blank(*at)) ++at;
  return at;
}

// Each of these answers where what begins at `at` ends; null where it is not of RFC 8259.
const char* strict_string(const char* at, const char* end) noexcept {
  for (++at;;) {
    at = skip_plain(at, end);
    while (at < end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
    if (at == end || static_cast<unsigned char>(*at) < 0x20) return nullptr;
    if (*at == '"') return at + 1;
    if (end - at < 2) return nullptr;
    const char escaped = at[1];
    at += 2;
    if (escaped == 'u') {
      if (end - at < 4) return nullptr;
      for (int i = 0; i < 4; ++i) {
        if (base::hex_digit(*at++) < 0) return nullptr;
      }
    } else if (escaped == '\0' || std::strchr("\"\\/bfnrt", escaped) == nullptr) {
      return nullptr;
    }
  }
}
const char* strict_number(const char* at, const char* end) noexcept {
  const auto digits = [&] {
    const char* const first = at;
    while (at < end && base::is_digit(*at)) ++at;
    return at > first;
  };
  if (*at == '-') ++at;
  const char* const first = at;
  if (!digits() || (*first == '0' && at > first + 1)) return nullptr;
  if (at < end && *at == '.') {
    ++at;
    if (!digits()) return nullptr;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '-' || *at == '+')) ++at;
    if (!digits()) return nullptr;
  }
  return at;
}
const char* strict_word(const char* at, const char* end, std::string_view word) noexcept {
  return std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(word) ? at + word.size() : nullptr;
}
const char* strict_label(const char* at, const char* end) noexcept {
  at = skip_blanks(at, end);
  if (at == end || *at != '"' || (at = strict_string(at, end)) == nullptr) return nullptr;
  at = skip_blanks(at, end);
  return at < end && *at == ':' ? at + 1 : nullptr;
}

// Whether the text is JSON of RFC 8259 that is not nested deeply, which nearly all of it is. What it says no to is for
// the parser to judge. `*canonical`: there are no blanks.
bool scan_strict(std::string_view text, bool* canonical) noexcept {
  constexpr int kDepth = 64;
  std::uint64_t objects = 0;  // a bit for each container that is open, the innermost last
  int depth = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto blanks = [&] {
    if (at == end || *at > ' ') return;
    const char* const first = at;
    at = skip_blanks(at, end);
    if (at != first) *canonical = false;
  };
  const auto label = [&] {
    const char* const first = at;
    at = strict_label(at, end);
    if (at != nullptr && (is_blank(*first) || is_blank(at[-2]))) *canonical = false;
    return at != nullptr;
  };
  for (;;) {  // a value begins
    blanks();
    if (at == end) return false;
    const char opening = *at;
    switch (opening) {
      case '{':
      case '[':
        if (++depth > kDepth) return false;
        objects = objects << 1 | (opening == '{' ? 1u : 0u);
        ++at;
        blanks();
        if (at < end && (*at == '}' || *at == ']')) break;
        if (opening == '{' && !label()) return false;
        continue;
      case '"':
        at = strict_string(at, end);
        break;
      case 't':
        at = strict_word(at, end, "true");
        break;
      case 'f':
        at = strict_word(at, end, "false");
        break;
      case 'n':
        at = strict_word(at, end, "null");
        break;
      default:
        if (opening != '-' && !base::is_digit(opening)) return false;
        at = strict_number(at, end);
    }
    if (at == nullptr) return false;
    for (;;) {  // behind a value
      blanks();
      if (depth == 0) return at == end;
      if (at == end) return false;
      const bool object = (objects & 1) != 0;
      if (*at == ',') {
        ++at;
        if (object && !label()) return false;
        break;
      }
      if (*at++ != (object ? '}' : ']')) return false;
      objects >>= 1;
      --depth;
    }
  }
}

// ---- JSONB ----

// Keeps what the parser would say of one scalar.
struct OneScalar {
  bool is_number = false;
  bool is_text = false;
  Number number_kind = Number::Int;
  Text text_kind = Text::Plain;
  bool other = false;
  void begin(bool) { other = true; }
  void end(bool) {}
  void comma() {}
  void colon() {}
  void literal(JsonbType) { other = true; }
  void number(Number kind, std::string_view, bool) {
    is_number = true;
    number_kind = kind;
  }
  void infinity(bool) { other = true; }
  void string(Text, std::string_view) { other = true; }
};

bool is_valid_number(JsonbType type, std::string_view payload) {
  // The parser would let blanks and comments pass.
  const auto belongs = [](char c) {
    return (is_letter(c) && static_cast<unsigned char>(c) < 0x80) || c == '.' || c == '+' || c == '-';
  };
  if (!std::all_of(payload.begin(), payload.end(), belongs)) return false;
  OneScalar sink;
  Scan result;
  if (!Parser<OneScalar>(payload, sink, &result).run() || !sink.is_number || payload.front() == '+') return false;
  switch (type) {
    case JsonbType::Int:
      return sink.number_kind == Number::Int;
    case JsonbType::Int5:
      return sink.number_kind == Number::Int5;
    case JsonbType::Float:
      return sink.number_kind == Number::Float;
    default:
      return sink.number_kind == Number::Float5 || sink.number_kind == Number::Float;
  }
}

// npos when `payload` may stand in a string of the type, else the offset of what may not.
std::size_t check_text(JsonbType type, std::string_view payload) noexcept {
  for (std::size_t i = 0; i < payload.size(); ++i) {
    const char c = payload[i];
    const bool control = static_cast<unsigned char>(c) < 0x20;
    if (type == JsonbType::Text && (control || c == '"' || c == '\\')) return i;
    if (type == JsonbType::TextJ && (control || c == '"')) return i;
    if (c != '\\') continue;
    const char escaped = i + 1 < payload.size() ? payload[i + 1] : '\0';
    int hex = 0;
    if (std::strchr("\"\\/bfnrt", escaped) != nullptr && escaped != '\0') {
      hex = 0;
    } else if (escaped == 'u') {
      hex = 4;
    } else if (type == JsonbType::Text5 && escaped == 'x') {
      hex = 2;
    } else if (type != JsonbType::Text5 || std::strchr("'v0\n\r\xe2", escaped) == nullptr || escaped == '\0') {
      return i;
    }
    for (int k = 0; k < hex; ++k) {
      if (i + 2 + static_cast<std::size_t>(k) >= payload.size() ||
          base::hex_digit(payload[i + 2 + static_cast<std::size_t>(k)]) < 0) {
        return i;
      }
    }
    if (escaped == '\xe2' && payload.size() - i < 4) return i;
    ++i;
  }
  return std::string_view::npos;
}

// Checks and, with a sink, writes one element; npos or the offset of the error.
template <class Sink>
std::size_t walk_jsonb(std::string_view blob, std::size_t at, std::size_t end, int depth, Sink& sink, bool strict) {
  constexpr std::size_t kFine = std::string_view::npos;
  Element element;
  if (depth > kMaxDepth || !read_element(blob.substr(0, end), at, &element)) return at;
  const std::size_t body = at + element.header_size;
  const std::string_view payload = blob.substr(body, element.size);
  switch (element.type) {
    case JsonbType::Null:
    case JsonbType::True:
    case JsonbType::False:
      if (strict && element.size != 0) return at;
      sink.literal(element.type);
      return kFine;
    case JsonbType::Int:
    case JsonbType::Int5:
    case JsonbType::Float:
    case JsonbType::Float5: {
      if (payload.empty() || !is_valid_number(element.type, payload)) return at;
      constexpr Number kKinds[] = {Number::Int, Number::Int5, Number::Float, Number::Float5};
      const bool negative = payload.front() == '-';
      Number kind = kKinds[static_cast<int>(element.type) - static_cast<int>(JsonbType::Int)];
      if (kind == Number::Float5 && payload.find('.') == std::string_view::npos) kind = Number::Float;
      sink.number(kind, payload.substr(negative ? 1 : 0), negative);
      return kFine;
    }
    case JsonbType::Text:
    case JsonbType::TextJ:
    case JsonbType::Text5: {
      const std::size_t bad = check_text(element.type, payload);
      if (bad != kFine) return body + bad;
      sink.string(element.type == JsonbType::Text    ? Text::Plain
                  : element.type == JsonbType::TextJ ? Text::Escaped
                                                     : Text::Five,
                  payload);
      return kFine;
    }
    case JsonbType::TextRaw: {
      TextBuilder quoted;
      append_quoted(quoted, payload);
      if (quoted.size() >= 2) sink.string(Text::Escaped, quoted.text().substr(1, quoted.size() - 2));
      return kFine;
    }
    case JsonbType::Array:
    case JsonbType::Object:
      break;
  }
  const bool object = element.type == JsonbType::Object;
  sink.begin(object);
  std::size_t count = 0;
  for (std::size_t child = body; child < body + element.size; ++count) {
    Element part;
    if (!read_element(blob.substr(0, body + element.size), child, &part)) return child;
    const bool is_label = object && count % 2 == 0;
    if (is_label && (part.type < JsonbType::Text || part.type > JsonbType::TextRaw)) return child;
    if (count != 0 && (!object || is_label)) sink.comma();
    if (object && !is_label) sink.colon();
    const std::size_t bad = walk_jsonb(blob, child, body + element.size, depth + 1, sink, strict);
    if (bad != kFine) return bad;
    child += part.header_size + part.size;
  }
  if (object && count % 2 != 0) return at;
  sink.end(object);
  return kFine;
}

// The end of the string that begins at `at`, in strict text.
const char* skip_string(const char* at, const char* end) noexcept {
  ++at;
  for (;;) {
#if defined(__SSE2__)
    if (end - at >= 16) {
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const auto mask = static_cast<unsigned>(_mm_movemask_epi8(
          _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')))));
      if (mask == 0) {
        at += 16;
        continue;
      }
      at += std::countr_zero(mask);
    }
#else
    static_cast<void>(end);
#endif
    if (*at == '"') return at + 1;
    at += *at == '\\' ? 2 : 1;
  }
}

// One step of a path.
struct Step {
  bool is_index = false;
  std::string_view key;
  bool key_escaped = false;
  bool from_end = false;  // [#-N]
  bool append = false;    // [#]
  std::uint64_t index = 0;
};
// Takes a step off the front of `path`, which begins with '.' or '['; false when it is none.
bool take_step(std::string_view* path, Step* step) noexcept {
  std::size_t at = 1;
  if (path->front() == '.') {
    if (at < path->size() && (*path)[at] == '"') {
      ++at;
      const std::size_t first = at;
      while (at < path->size() && (*path)[at] != '"') {
        if ((*path)[at] == '\\') {
          step->key_escaped = true;
          ++at;
        }
        ++at;
      }
      if (at >= path->size()) return false;
      step->key = path->substr(first, at - first);
      ++at;
    } else {
      while (at < path->size() && (*path)[at] != '.' && (*path)[at] != '[') ++at;
      step->key = path->substr(1, at - 1);
      if (step->key.empty()) return false;
    }
    path->remove_prefix(at);
    return true;
  }
  if (path->front() != '[') return false;
  step->is_index = true;
  const auto digits = [&] {
    const std::size_t first = at;
    for (; at < path->size() && base::is_digit((*path)[at]); ++at) {
      if (step->index < 0xffffffffu) step->index = step->index * 10 + static_cast<std::uint64_t>((*path)[at] - '0');
    }
    return at > first;
  };
  if (at < path->size() && (*path)[at] == '#') {
    ++at;
    step->append = true;
    if (at < path->size() && (*path)[at] == '-') {
      ++at;
      step->append = false;
      step->from_end = true;
      if (!digits()) return false;
    }
  } else if (!digits()) {
    return false;
  }
  if (at >= path->size() || (*path)[at] != ']') return false;
  path->remove_prefix(at + 1);
  return true;
}

}  // namespace

Scan scan(std::string_view text) noexcept {
  Scan result;
  if (scan_strict(text, &result.canonical)) {
    result.valid = true;
    return result;
  }
  result = {};
  NoSink sink;
  Parser<NoSink>(text, sink, &result).run();
  return result;
}

void append_canonical(TextBuilder& out, std::string_view text) {
  Scan result;
  TextSink sink(out);
  Parser<TextSink>(text, sink, &result).run();
}

bool append_jsonb(TextBuilder& out, std::string_view text) {
  Scan result;
  JsonbSink sink(out);
  return Parser<JsonbSink>(text, sink, &result).run();
}

bool looks_like_jsonb(std::string_view blob) noexcept {
  Element element;
  if (!read_element(blob, 0, &element) || element.header_size + element.size != blob.size()) return false;
  return element.type > JsonbType::False || element.size == 0;
}

std::size_t check_jsonb(std::string_view blob) noexcept {
  NoSink sink;
  Element element;
  if (!read_element(blob, 0, &element)) return 0;
  if (element.header_size + element.size != blob.size()) return 0;
  return walk_jsonb(blob, 0, blob.size(), 0, sink, true);
}

bool append_text_of_jsonb(TextBuilder& out, std::string_view blob) {
  TextSink sink(out);
  return walk_jsonb(blob, 0, blob.size(), 0, sink, false) == std::string_view::npos;
}

// The size stands in bytes of its own.
bool read_long_element(std::string_view blob, std::size_t at, Element* element) noexcept {
  const auto first = static_cast<unsigned char>(blob[at]);
  const unsigned type = first & 15u;
  if (type > static_cast<unsigned>(JsonbType::Object)) return false;
  const unsigned high = first >> 4;
  const std::size_t size_bytes = std::size_t{1} << (high - 12);
  if (blob.size() - at - 1 < size_bytes) return false;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < size_bytes; ++i) size = size << 8 | static_cast<unsigned char>(blob[at + 1 + i]);
  if (size > blob.size() - at - 1 - size_bytes) return false;
  *element = {static_cast<JsonbType>(type), 1 + size_bytes, static_cast<std::size_t>(size)};
  return true;
}

JsonbPlace find_in_jsonb(std::string_view blob, std::string_view path) {
  JsonbPlace place;
  if (path.empty() || path.front() != '$') {
    place.bad_path = true;
    return place;
  }
  path.remove_prefix(1);
  Element element;
  if (!read_element(blob, 0, &element)) return place;
  while (!path.empty()) {
    if (path.front() == '[' && element.type != JsonbType::Array) return place;
    Step step;
    const std::size_t left = path.size();
    if (!take_step(&path, &step)) {
      place.bad_path = true;
      return place;
    }
    place.last_step_size = left - path.size();
    if (!step.is_index && element.type != JsonbType::Object) return place;
    place.is_member = !step.is_index;
    place.by_index = step.is_index;
    const std::size_t first = place.at + element.header_size;
    const std::size_t end = first + element.size;
    Element part;
    std::uint64_t wanted = step.index;
    if (step.is_index && (step.from_end || step.append)) {
      std::uint64_t count = 0;
      for (std::size_t at = first; at < end && read_element(blob, at, &part); at += part.whole()) ++count;
      wanted = step.append || step.index > count ? ~std::uint64_t{0} : count - step.index;
    }
    bool found = false;
    std::uint64_t index = 0;
    for (std::size_t at = first; at < end && !found; ++index) {
      if (!read_element(blob, at, &part)) return place;
      if (step.is_index) {
        found = index == wanted;
        if (found) place.at = at;
        at += part.whole();
        continue;
      }
      TextBuilder label;
      if (!append_text_of_jsonb(label, blob.substr(at, part.whole()))) return place;
      const std::size_t value_at = at + part.whole();
      if (label_is(label.text(), step.key, step.key_escaped)) {
        found = true;
        place.label_at = at;
        place.at = value_at;
      }
      if (!read_element(blob, value_at, &part)) return place;
      at = value_at + part.whole();
    }
    if (!found) return place;
    place.index = wanted;
    if (!read_element(blob, place.at, &element)) return place;
  }
  place.found = true;
  return place;
}

const char* skip_value(const char* at, const char* end) noexcept {
  switch (*at) {
    case '"':
      return skip_string(at, end);
    case '{':
    case '[':
      break;
    default:
      while (at < end && *at != ',' && *at != ']' && *at != '}' && *at > ' ') ++at;
      return at;
  }
  int depth = 0;
  for (;;) {
#if defined(__SSE2__)
    if (end - at >= 16) {  // brackets differ from braces in one bit
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i folded = _mm_or_si128(x, _mm_set1_epi8(0x20));
      const __m128i brackets =
          _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
      const auto mask =
          static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(brackets, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')))));
      if (mask == 0) {
        at += 16;
        continue;
      }
      at += std::countr_zero(mask);
    }
#endif
    switch (*at) {
      case '"':
        at = skip_string(at, end);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
}

bool Elements::advance(std::string_view* label) noexcept {
  at_ = skip_blanks(after_ != nullptr ? after_ : skip_value(at_, end_), end_);
  if (*at_ == ',') at_ = skip_blanks(at_ + 1, end_);
  after_ = nullptr;
  *label = {};
  if (*at_ == ']' || *at_ == '}') return false;
  if (object_) {
    const char* const after = skip_string(at_, end_);
    *label = {at_, static_cast<std::size_t>(after - at_)};
    at_ = skip_blanks(skip_blanks(after, end_) + 1, end_);
  }
  return true;
}

std::string_view without_blanks_around(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool label_is(std::string_view label, std::string_view key, bool key_escaped) {
  const std::string_view content = label.substr(1, label.size() - 2);
  const bool label_escaped = content.find('\\') != std::string_view::npos;
  if (label_escaped == key_escaped && content == key) return true;
  if (!label_escaped && !key_escaped) return false;
  TextBuilder a;
  TextBuilder b;
  append_unescaped(a, content);
  if (key_escaped) {
    append_unescaped(b, key);
  } else {
    b.append(key);
  }
  return a.text() == b.text();
}

void append_unescaped(TextBuilder& out, std::string_view content) {
  std::size_t at = 0;
  const auto unit = [&](std::size_t from) {
    std::uint32_t v = 0;
    for (std::size_t i = from; i < from + 4; ++i) {
      const int digit = i < content.size() ? base::hex_digit(content[i]) : 0;
      v = v << 4 | static_cast<std::uint32_t>(digit < 0 ? 0 : digit);
    }
    return v;
  };
  for (;;) {
    const std::size_t slash = content.find('\\', at);
    out.append(content.substr(at, slash == std::string_view::npos ? slash : slash - at));
    if (slash == std::string_view::npos || slash + 1 >= content.size()) return;
    const char escaped = content[slash + 1];
    at = slash + 2;
    switch (escaped) {
      case 'b':
        out.append('\b');
        break;
      case 'f':
        out.append('\f');
        break;
      case 'n':
        out.append('\n');
        break;
      case 'r':
        out.append('\r');
        break;
      case 't':
        out.append('\t');
        break;
      case 'u': {
        std::uint32_t letter = unit(at);
        at = std::min(at + 4, content.size());
        if (letter == 0) break;  // a text ends at a NUL: it is left out
        if ((letter & 0xfc00) == 0xd800 && content.substr(at).starts_with("\\u")) {
          const std::uint32_t low = unit(at + 2);
          if ((low & 0xfc00) == 0xdc00) {
            letter = 0x10000 + ((letter & 0x3ff) << 10) + (low & 0x3ff);
            at += 6;
          }
        }
        char bytes[base::kMaxUtf8Bytes];
        out.append({bytes, static_cast<std::size_t>(base::encode_utf8(bytes, letter) - bytes)});
        break;
      }
      default:
        out.append(escaped);
    }
  }
}

void append_quoted(TextBuilder& out, std::string_view text) {
  out.append('"');
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20) continue;
    out.append(text.substr(at, i - at));
    at = i + 1;
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\b':
        out.append("\\b");
        break;
      case '\f':
        out.append("\\f");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        out.append("\\u00");
        out.append("0123456789abcdef"[(c >> 4) & 15]);
        out.append("0123456789abcdef"[c & 15]);
    }
  }
  out.append(text.substr(at));
  out.append('"');
}

Place find(std::string_view root, std::string_view path) {
  Place place;
  if (path.empty() || path.front() != '$') {
    place.kind = Place::Kind::BadPath;
    return place;
  }
  path.remove_prefix(1);
  place.is_root = path.empty();
  const char* const end = root.data() + root.size();
  const char* at = root.data();
  std::string_view label;
  while (!path.empty()) {
    const char opening = *at;
    if (path.front() == '[' && opening != '[') return place;
    Step step;
    if (!take_step(&path, &step)) {
      place.kind = Place::Kind::BadPath;
      return place;
    }
    if (!step.is_index && opening != '{') return place;
    place.by_index = step.is_index;
    Elements elements({at, static_cast<std::size_t>(end - at)});
    bool found = false;
    bool may_begin = true;
    if (!step.is_index) {
      while (!found && elements.advance(&label)) found = label_is(label, step.key, step.key_escaped);
    } else {
      std::uint64_t wanted = step.index;
      if (step.from_end) {
        Elements counted = elements;
        std::uint64_t count = 0;
        while (counted.advance(&label)) ++count;
        wanted = step.index <= count ? count - step.index : ~std::uint64_t{0};
      } else if (step.append) {
        wanted = ~std::uint64_t{0};
      }
      std::uint64_t count = 0;
      while (!found && elements.advance(&label)) found = count++ == wanted;
      may_begin = step.append || wanted == count;
    }
    if (!found) {
      if (!may_begin) return place;
      place.kind = step.is_index ? Place::Kind::NewElement : Place::Kind::NewMember;
      place.container = {at, static_cast<std::size_t>(elements.at() + 1 - at)};
      place.label = step.key;
      place.label_escaped = step.key_escaped;
      place.rest = path;
      return place;
    }
    at = elements.at();
  }
  place.kind = Place::Kind::Found;
  place.value = {at, static_cast<std::size_t>(skip_value(at, end) - at)};
  const char* const first = label.data() != nullptr ? label.data() : at;
  place.member = {first, static_cast<std::size_t>(place.value.data() + place.value.size() - first)};
  return place;
}

void append_label(TextBuilder& out, std::string_view key, bool escaped) {
  if (!escaped) return append_quoted(out, key);
  out.append('"');
  out.append(key);
  out.append('"');
}

bool append_nested(TextBuilder& out, std::string_view rest, std::string_view value, bool* bad_path) {
  TextBuilder closing;
  while (!rest.empty()) {
    Step step;
    if ((rest.front() != '.' && rest.front() != '[') || !take_step(&rest, &step)) {
      *bad_path = true;
      return false;
    }
    if (step.is_index) {
      if (!step.append && step.index != 0) return false;
      out.append('[');
      closing.append(']');
    } else {
      out.append('{');
      append_label(out, step.key, step.key_escaped);
      out.append(':');
      closing.append('}');
    }
  }
  out.append(value);
  const std::string_view ends = closing.text();
  for (std::size_t i = ends.size(); i-- > 0;) out.append(ends[i]);
  return true;
}

void append_patched(TextBuilder& out, std::string_view target, std::string_view patch) {
  if (patch.front() != '{') return out.append(patch);
  const bool merge = !target.empty() && target.front() == '{';
  const auto same_label = [](std::string_view a, std::string_view b) {
    const std::string_view key = b.substr(1, b.size() - 2);
    return label_is(a, key, key.find('\\') != std::string_view::npos);
  };
  // Members of a label that comes twice change the first of that name in the target, one after the other.
  const auto has_before = [&](std::string_view object, std::string_view wanted, const char* end) {
    Elements elements(object);
    std::string_view label;
    std::string_view value;
    while (elements.next(&label, &value) && label.data() != end) {
      if (same_label(label, wanted)) return true;
    }
    return false;
  };
  bool first = true;
  const auto write_member = [&](std::string_view label, std::string_view value) {
    if (!first) out.append(',');
    first = false;
    out.append(label);
    out.append(':');
    out.append(value);
  };
  // Applies all members of the patch that are called `wanted`; empty data in `value`: there is none (yet, or any more).
  const auto apply = [&](std::string_view wanted, std::string_view value, TextBuilder* changed) {
    Elements elements(patch);
    std::string_view label;
    std::string_view change;
    while (elements.next(&label, &change)) {
      if (!same_label(label, wanted)) continue;
      if (change == "null") {
        value = {};
        continue;
      }
      TextBuilder next;
      append_patched(next, value, change);
      changed->truncate(0);
      changed->append(next.text());
      value = changed->text();
    }
    return value;
  };
  out.append('{');
  std::string_view label;
  std::string_view value;
  if (merge) {
    Elements elements(target);
    while (elements.next(&label, &value)) {
      TextBuilder changed;
      if (!has_before(target, label, label.data())) value = apply(label, value, &changed);
      if (value.data() != nullptr) write_member(label, value);
    }
  }
  Elements elements(patch);
  while (elements.next(&label, &value)) {
    if (has_before(patch, label, label.data()) || (merge && has_before(target, label, nullptr))) continue;
    TextBuilder changed;
    value = apply(label, {}, &changed);
    if (value.data() != nullptr) write_member(label, value);
  }
  out.append('}');
}

namespace {
void append_pretty_at(TextBuilder& out, std::string_view value, std::string_view indent, int depth) {
  const auto line = [&](int levels) {
    out.append('\n');
    for (int i = 0; i < levels; ++i) out.append(indent);
  };
  if ((value.front() != '{' && value.front() != '[') || value.size() == 2) return out.append(value);
  out.append(value.front());
  Elements elements(value);
  std::string_view label;
  std::string_view part;
  for (bool first = true; elements.next(&label, &part); first = false) {
    if (!first) out.append(',');
    line(depth + 1);
    if (label.data() != nullptr) {
      out.append(label);
      out.append(": ");
    }
    append_pretty_at(out, part, indent, depth + 1);
  }
  line(depth);
  out.append(value.back());
}
}  // namespace

void append_pretty(TextBuilder& out, std::string_view value, std::string_view indent) {
  append_pretty_at(out, value, indent, 0);
}

std::string_view type_of(std::string_view value) noexcept {
  switch (value.front()) {
    case 'n':
      return "null";
    case 't':
      return "true";
    case 'f':
      return "false";
    case '"':
      return "text";
    case '[':
      return "array";
    case '{':
      return "object";
    default:
      return value.find_first_of(".eE") == std::string_view::npos ? "integer" : "real";
  }
}

}  // namespace perlite::func::json
