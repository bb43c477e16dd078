#include "base/unicode.h"

#include <cstring>

namespace perlite::base {

namespace {

char32_t load_unit(const char* at, bool big_endian) noexcept {
  const auto first = static_cast<unsigned char>(at[0]);
  const auto second = static_cast<unsigned char>(at[1]);
  return big_endian ? static_cast<char32_t>(first << 8 | second) : static_cast<char32_t>(second << 8 | first);
}
char* store_unit(char* out, char32_t unit, bool big_endian) noexcept {
  const char high = static_cast<char>(unit >> 8);
  const char low = static_cast<char>(unit & 0xff);
  out[0] = big_endian ? high : low;
  out[1] = big_endian ? low : high;
  return out + 2;
}
char* encode_utf16(char* out, char32_t letter, bool big_endian) noexcept {
  if (letter > 0x10ffff) letter = kReplacementCharacter;
  if (letter < 0x10000) return store_unit(out, letter, big_endian);
  letter -= 0x10000;
  out = store_unit(out, 0xd800 | (letter >> 10), big_endian);
  return store_unit(out, 0xdc00 | (letter & 0x3ff), big_endian);
}
char32_t decode_utf16(const char** at, const char* end, bool big_endian) noexcept {
  const char32_t unit = load_unit(*at, big_endian);
  *at += 2;
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  if (*at == end) return kReplacementCharacter;
  const char32_t next = load_unit(*at, big_endian);
  *at += 2;
  return 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff);
}

}  // namespace

char32_t decode_utf8_slow(const char** at, const char* end) noexcept {
  const auto first = static_cast<unsigned char>(*(*at)++);
  std::uint32_t letter = first >= 0xfe   ? 0
                         : first >= 0xfc ? first & 0x01u
                         : first >= 0xf8 ? first & 0x03u
                         : first >= 0xf0 ? first & 0x07u
                         : first >= 0xe0 ? first & 0x0fu
                                         : first & 0x1fu;
  while (*at < end && is_continuation(**at)) letter = (letter << 6) | (static_cast<unsigned char>(*(*at)++) & 0x3fu);
  if (letter < 0x80 || (letter >= 0xd800 && letter <= 0xdfff)) return kReplacementCharacter;
  return letter;
}

std::size_t count_utf8(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  std::size_t count = 0;
  // Eight bytes at a time while they are ASCII.
  while (at < end) {
    while (end - at >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      if ((word & 0x8080808080808080u) != 0) break;
      at += 8;
      count += 8;
    }
    if (at == end) break;
    at = skip_utf8(at, end);
    ++count;
  }
  return count;
}

char* encode_utf8(char* out, char32_t letter) noexcept {
  if (letter > 0x10ffff) letter = kReplacementCharacter;
  if (letter < 0x80) {
    *out++ = static_cast<char>(letter);
  } else if (letter < 0x800) {
    *out++ = static_cast<char>(0xc0 | (letter >> 6));
    *out++ = static_cast<char>(0x80 | (letter & 0x3f));
  } else if (letter < 0x10000) {
    *out++ = static_cast<char>(0xe0 | (letter >> 12));
    *out++ = static_cast<char>(0x80 | ((letter >> 6) & 0x3f));
    *out++ = static_cast<char>(0x80 | (letter & 0x3f));
  } else {
    *out++ = static_cast<char>(0xf0 | (letter >> 18));
    *out++ = static_cast<char>(0x80 | ((letter >> 12) & 0x3f));
    *out++ = static_cast<char>(0x80 | ((letter >> 6) & 0x3f));
    *out++ = static_cast<char>(0x80 | (letter & 0x3f));
  }
  return out;
}

bool is_ascii(std::string_view text) noexcept {
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    if ((word & 0x8080808080808080u) != 0) return false;
  }
  for (; left > 0; ++at, --left) {
    if (static_cast<unsigned char>(*at) >= 0x80) return false;
  }
  return true;
}

std::size_t convert_text(std::string_view text, TextEncoding from, TextEncoding to, char* out) noexcept {
  char* const start = out;
  const char* at = text.data();
  if (from == to) {
    if (!text.empty()) std::memcpy(out, at, text.size());
    return text.size();
  }
  if (from == TextEncoding::Utf8) {
    const bool big_endian = to == TextEncoding::Utf16be;
    const char* const end = at + text.size();
    while (at < end) out = encode_utf16(out, decode_utf8(&at, end), big_endian);
    return static_cast<std::size_t>(out - start);
  }
  const bool big_endian = from == TextEncoding::Utf16be;
  const char* const end = at + (text.size() & ~std::size_t{1});
  if (to != TextEncoding::Utf8) {
    for (; at < end; at += 2) {
      *out++ = at[1];
      *out++ = at[0];
    }
    return static_cast<std::size_t>(out - start);
  }
  while (at < end) out = encode_utf8(out, decode_utf16(&at, end, big_endian));
  return static_cast<std::size_t>(out - start);
}

}  // namespace perlite::base
