// base/unicode.h: UTF-8 and UTF-16, valid or not.
//
// Text of users may be any bytes; what a letter is must then be what it always was (observed behaviour, part of the
// face):
//   UTF-8    a byte below 0x80 is itself; a byte of 0xc0 and above takes all continuation bytes (10xxxxxx) that follow
//   and
//            is worth what their bits say; overlong ASCII and surrogates are worth U+FFFD. A lone continuation byte is
//            worth itself.
//   UTF-16   a unit d800..dfff takes the next unit, whatever it is; at the end of the text it is worth U+FFFD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/containers.h"
#include "base/ids.h"

namespace perlite::base {

inline constexpr char32_t kReplacementCharacter = 0xfffd;
inline constexpr std::size_t kMaxUtf8Bytes = 4;

constexpr bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

char32_t decode_utf8_slow(const char** at, const char* end) noexcept;
// The letter at *at (before `end`), and moves behind it.
inline char32_t decode_utf8(const char** at, const char* end) noexcept {
  const auto first = static_cast<unsigned char>(**at);
  if (first < 0xc0) {
    ++*at;
    return first;
  }
  return decode_utf8_slow(at, end);
}
// Moves over one letter. As length() and substr() count: a lone continuation byte takes those behind it as well.
inline const char* skip_utf8(const char* at, const char* end) noexcept {
  if (static_cast<unsigned char>(*at++) >= 0x80) {
    while (at < end && is_continuation(*at)) ++at;
  }
  return at;
}
// Letters of the text, counted by skip_utf8().
std::size_t count_utf8(std::string_view text) noexcept;
// Writes at most 4 bytes; returns the end. Beyond U+10FFFF and below 0: U+FFFD.
char* encode_utf8(char* out, char32_t letter) noexcept;

// True when every byte is below 0x80.
bool is_ascii(std::string_view text) noexcept;

// Conversion, from any of the three to any. Converted text takes at most max_converted_size() bytes. Returns the size.
constexpr std::size_t max_converted_size(std::size_t size, TextEncoding from, TextEncoding to) noexcept {
  if (from == to) return size;
  if (from == TextEncoding::Utf8) return size * 2;
  if (to == TextEncoding::Utf8) return (size / 2) * 3;  // a pair of units gives 4 bytes at most
  return size;
}
std::size_t convert_text(std::string_view text, TextEncoding from, TextEncoding to, char* out) noexcept;

constexpr bool is_utf16(TextEncoding encoding) noexcept { return encoding != TextEncoding::Utf8; }
inline constexpr TextEncoding kNativeUtf16 =
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? TextEncoding::Utf16le : TextEncoding::Utf16be;

// ---- a table free subset of case: ASCII ----
constexpr char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char ascii_upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

}  // namespace perlite::base
