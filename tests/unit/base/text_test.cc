// Texts: UTF-8 and UTF-16 convert as SQLite converts them, invalid bytes included; a text builder keeps its first
// failure and its limit; the C form of the formatting language reads its arguments by their sizes.
#include <gtest/gtest.h>

#include <string>

#include "base/printf.h"
#include "base/text_builder.h"
#include "base/unicode.h"

namespace perlite::base {
namespace {

std::string convert(std::string_view text, TextEncoding from, TextEncoding to) {
  std::string out(max_converted_size(text.size(), from, to), '\0');
  out.resize(convert_text(text, from, to, out.data()));
  return out;
}

struct Letter {
  const char* bytes;
  char32_t first;
  std::size_t count;
};

// Observed on SQLite 3.54.1.
TEST(Unicode, InvalidUtf8HasTheOldMeaning) {
  for (const Letter& c :
       {Letter{"\x80", 0x80, 1}, Letter{"\xc2\x80", 0x80, 1}, Letter{"\xc0", 0xfffd, 1},
        Letter{"\xc3\xbf\x80", 16320, 1}, Letter{"\xe1\x80\x80\x80", 262144, 1}, Letter{"\xed\xa0\x80", 0xfffd, 1},
        Letter{"\xf4\x90\x80\x80", 0x110000, 1}, Letter{"\xff", 0xfffd, 1}, Letter{"\xe1\x41", 0xfffd, 2},
        Letter{"\x80\x80\x41", 0x80, 2}, Letter{"\x80\xc2\x80", 0x80, 2}, Letter{"\xe0\x9f\xbf", 2047, 1},
        Letter{"\xef\xbf\xbf", 0xffff, 1}}) {
    const char* at = c.bytes;
    const char* end = at + std::strlen(at);
    EXPECT_EQ(count_utf8({at, static_cast<std::size_t>(end - at)}), c.count) << std::hex << +c.bytes[0];
    EXPECT_EQ(decode_utf8(&at, end), c.first);
  }
}

TEST(Unicode, EncodingsRoundTrip) {
  std::string text;
  for (char32_t c :
       {U'a', U'\x7f', U'\x80', U'\x7ff', U'\x800', U'\xd7ff', U'\xe000', U'\xffff', U'\x10000', U'\x10ffff'}) {
    char letter[kMaxUtf8Bytes];
    text.append(letter, static_cast<std::size_t>(encode_utf8(letter, c) - letter));
  }
  EXPECT_EQ(count_utf8(text), 10u);
  for (const TextEncoding wide : {TextEncoding::Utf16le, TextEncoding::Utf16be}) {
    const std::string there = convert(text, TextEncoding::Utf8, wide);
    EXPECT_EQ(there.size(), 24u);
    EXPECT_EQ(convert(there, wide, TextEncoding::Utf8), text);
    const TextEncoding other = wide == TextEncoding::Utf16le ? TextEncoding::Utf16be : TextEncoding::Utf16le;
    EXPECT_EQ(convert(convert(there, wide, other), other, wide), there);
  }
  EXPECT_EQ(convert(std::string("\x00\xd8\x41\x00", 4), TextEncoding::Utf16le, TextEncoding::Utf8), "\xf0\x90\x81\x81");
  EXPECT_EQ(convert(std::string("\x00\xdc", 2), TextEncoding::Utf16le, TextEncoding::Utf8), "\xef\xbf\xbd");
  EXPECT_TRUE(is_ascii("0123456789abcdef"));
  EXPECT_FALSE(is_ascii("0123456789abcd\xc3\xa9"));
}

TEST(TextBuilder, KeepsItsLimitAndItsFirstFailure) {
  TextBuilder small(10);
  small.append("0123456789");
  EXPECT_EQ(small.text(), "0123456789");
  EXPECT_STREQ(small.c_str(), "0123456789");
  small.append('x');
  EXPECT_EQ(small.error(), Code::TooBig);
  EXPECT_EQ(small.text(), "");
  small.append("y");
  EXPECT_EQ(small.size(), 0u);
  small.reset();
  small.append_fill(3, '*');
  char* text = small.release();
  EXPECT_STREQ(text, "***");
  Allocator::release(text);
  EXPECT_EQ(small.size(), 0u);
}

TEST(TextBuilder, FixedBuffersAreCut) {
  char buffer[6];
  TextBuilder out(buffer, sizeof buffer);
  append_printf(out, "%s-%d", "abc", 1234);
  EXPECT_STREQ(out.c_str(), "abc-1");
  TextBuilder none(buffer, 0);
  none.append("x");
  EXPECT_EQ(none.text(), "");
}

std::string formatted(const char* format, ...) {
  TextBuilder out;
  std::va_list arguments;
  va_start(arguments, format);
  append_vprintf(out, format, arguments);
  va_end(arguments);
  return std::string(out.text());
}

TEST(Printf, ReadsArgumentsOfC) {
  EXPECT_EQ(formatted("%d|%u|%x|%lld|%ld", -5, 4000000000u, 255u, 1LL << 40, -7L), "-5|4000000000|ff|1099511627776|-7");
  EXPECT_EQ(formatted("%llu|%lu|%X", ~0ull, 5ul, 0xabcu), "18446744073709551615|5|ABC");
  EXPECT_EQ(formatted("%s|%.2s|%5s|%-5s|%s", "abc", "xyz", "r", "l", static_cast<const char*>(nullptr)),
            "abc|xy|    r|l    |");
  EXPECT_EQ(formatted("%q|%Q|%w|%Q", "it's", "it's", "a\"b", static_cast<const char*>(nullptr)),
            "it''s|'it''s'|a\"\"b|NULL");
  EXPECT_EQ(formatted("%c%c|%5c|%-3c|%.3c", 'a', 0xe9, 'b', 'c', 'd'), "a\xc3\xa9|    b|c  |ddd");
  EXPECT_EQ(formatted("%*d|%-*d|%.*f", 4, 1, 4, 2, 2, 1.5), "   1|2   |1.50");
  EXPECT_EQ(formatted("%.3f|%e|%g|%!.15g", 1.0 / 3, 1e10, 1e-5, 0.1), "0.333|1.000000e+10|1e-05|0.1");
  EXPECT_EQ(formatted("%p", reinterpret_cast<void*>(0x1234)), "1234");
  EXPECT_EQ(formatted("%%|%5%|100%"), "%|    %|100%");
  int count = -1;
  EXPECT_EQ(formatted("abc%n", &count), "abc");
  EXPECT_EQ(count, 3);
  auto* owned = static_cast<char*>(Allocator::allocate(4));
  std::memcpy(owned, "own", 4);
  EXPECT_EQ(formatted("<%z>", owned), "<own>");
}

}  // namespace
}  // namespace perlite::base
