// Numbers and texts: doubles are written as the newest SQLite writes them and read back as they were; text is rounded
// to the nearest double; a number ends where its letters do.
#include "base/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>
#include <string>

namespace perlite::base {
namespace {

std::string text_of(double value, int digits = 17) {
  char text[kRealTextSize];
  char* end = write_real(text, value, digits);
  EXPECT_LE(end, text + sizeof text);
  return {text, end};
}

// PERLITE_REALS names a larger table of the same form.
TEST(Number, RealsAreWrittenAsSqliteWritesThem) {
  std::string path = PERLITE_SOURCE_DIR "/tests/unit/base/data/reals.txt";
  if (const char* other = std::getenv("PERLITE_REALS")) path = other;
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path;
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const double value = std::bit_cast<double>(std::uint64_t{std::strtoull(line.c_str(), nullptr, 16)});
    EXPECT_EQ(text_of(value), line.substr(17)) << line;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(parse_numeric(line.substr(17)).real), std::bit_cast<std::uint64_t>(value));
    ++count;
  }
  EXPECT_GT(count, 1000);
}

TEST(Number, RealsRoundTripThroughText) {
  std::mt19937_64 random(17);
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<double>(std::uint64_t{random()});
    if (!(value - value == 0)) continue;
    const std::string text = text_of(value);
    ASSERT_EQ(parse_numeric(text).real, value) << text;
  }
}

TEST(Number, TextIsReadToTheNearestDouble) {
  std::mt19937_64 random(18);
  for (int i = 0; i < 100000; ++i) {
    std::string text;
    const int digits = 1 + static_cast<int>(random() % 30);
    const auto point = static_cast<int>(random() % 31);
    for (int k = 0; k < digits; ++k) {
      if (k == point) text += '.';
      text += static_cast<char>('0' + random() % 10);
    }
    if (random() % 4 != 0) text += "e" + std::to_string(static_cast<int>(random() % 700) - 350);
    ASSERT_EQ(parse_numeric(text).real, std::strtod(text.c_str(), nullptr)) << text;
  }
  // Digits far behind decide halfway cases.
  std::string half = "9007199254740993." + std::string(900, '0');
  EXPECT_EQ(parse_numeric(half).real, 9007199254740992.0);
  EXPECT_EQ(parse_numeric(half + "1").real, 9007199254740994.0);
  EXPECT_EQ(parse_numeric("1" + std::string(400, '0')).real, std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_numeric("0." + std::string(400, '0') + "1").real, 0.0);
  EXPECT_EQ(parse_numeric("0." + std::string(400, '0') + "1e401").real, 1.0);
  EXPECT_EQ(parse_numeric("1e999999999999").real, std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_numeric("0e999999999999").real, 0.0);
}

TEST(Number, PrefixesEndWhereTheLettersDo) {
  using Kind = NumericPrefix::Kind;
  struct Case {
    const char* text;
    Kind kind;
    bool whole;
    double value;
  };
  for (const Case& c :
       {Case{"12", Kind::Integer, true, 12}, Case{" \t-12\n ", Kind::Integer, true, -12},
        Case{"+7x", Kind::Integer, false, 7}, Case{"12e", Kind::Integer, false, 12},
        Case{"12e+", Kind::Integer, false, 12}, Case{"12e1", Kind::Real, true, 120}, Case{"1.", Kind::Real, true, 1},
        Case{".5", Kind::Real, true, 0.5}, Case{".", Kind::None, false, 0}, Case{"-", Kind::None, false, 0},
        Case{"", Kind::None, false, 0}, Case{"e5", Kind::None, false, 0}, Case{"0x10", Kind::Integer, false, 0},
        Case{"1_000", Kind::Integer, false, 1}, Case{"9223372036854775808", Kind::Real, true, 9223372036854775808.0},
        Case{"000000000000000000000000012", Kind::Integer, true, 12},
        Case{"-9223372036854775808", Kind::Integer, true, -9223372036854775808.0}}) {
    const NumericPrefix n = parse_numeric(c.text);
    EXPECT_EQ(n.kind, c.kind) << c.text;
    EXPECT_EQ(n.whole, c.whole) << c.text;
    EXPECT_EQ(n.real, c.value) << c.text;
    std::string wide;
    for (const char* p = c.text; *p != '\0'; ++p) wide += {*p, '\0'};
    EXPECT_EQ(parse_numeric(wide, TextEncoding::Utf16le).real, c.value) << c.text;
    EXPECT_EQ(parse_numeric(wide, TextEncoding::Utf16le).whole, c.whole) << c.text;
  }
  bool whole = false;
  EXPECT_EQ(parse_integer_prefix(" 99999999999999999999 ", TextEncoding::Utf8, &whole),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(whole);
  EXPECT_EQ(parse_integer_prefix("-99999999999999999999"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_integer_prefix("-9223372036854775808", TextEncoding::Utf8, &whole),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(whole);
}

TEST(Number, DigitsAreConfigurable) {
  EXPECT_EQ(text_of(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(text_of(0.1 + 0.2, 15), "0.3");
  EXPECT_EQ(text_of(1e15, 15), "1.0e+15");
  EXPECT_EQ(text_of(-0.0), "0.0");
  EXPECT_EQ(text_of(std::numeric_limits<double>::infinity()), "Inf");
  EXPECT_EQ(text_of(-std::numeric_limits<double>::infinity()), "-Inf");
}

}  // namespace
}  // namespace perlite::base
