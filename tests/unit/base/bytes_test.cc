// Varints: what is written is read back, in the shortest form, and a varint cut short is never read past its end.
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>

#include "base/arena.h"
#include "base/status.h"

namespace perlite::base {
namespace {

TEST(Varint, RoundTripsAtEveryBoundary) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t v : {(1ull << bit) - 1, 1ull << bit, (1ull << bit) + 1, ~0ull << bit}) {
      std::array<std::byte, 9> raw{};
      const int length = put_varint(raw.data(), v);
      EXPECT_EQ(length, varint_length(v)) << v;
      std::uint64_t back = 0;
      EXPECT_EQ(get_varint(raw.data(), raw.data() + length, &back), length);
      EXPECT_EQ(back, v);
      for (int cut = 0; cut < length; ++cut) EXPECT_EQ(get_varint(raw.data(), raw.data() + cut, &back), 0);
    }
  }
}

TEST(Status, KeepsCodeTextAndOffset) {
  const Status plain = Code::BusySnapshot;
  EXPECT_EQ(plain.code(), Code::BusySnapshot);
  EXPECT_EQ(plain.primary(), Code::Busy);
  EXPECT_EQ(plain.message(), "database is locked");
  const Status text = Status::error("no such table: t", 14);
  EXPECT_EQ(text.code(), Code::Error);
  EXPECT_EQ(text.message(), "no such table: t");
  EXPECT_EQ(text.offset(), 14);
  EXPECT_TRUE(Status().ok());
}

TEST(Arena, AlignsAndSurvivesLargeRequests) {
  Arena arena(64);
  for (std::size_t size : {1u, 7u, 64u, 100000u, 3u}) {
    auto* p = static_cast<char*>(arena.allocate(size, 16));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 16, 0u);
    std::fill(p, p + size, 'x');
  }
  EXPECT_EQ(arena.copy_text("abc"), "abc");
}

}  // namespace
}  // namespace perlite::base
