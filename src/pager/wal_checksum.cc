#include "pager/wal_checksum.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "base/assert.h"

namespace perlite::pager::wal {
namespace {

// Words that are summed in one go. Their coefficients stay in the first-level cache beside a page.
constexpr std::size_t kMaxWords = 1024;

// kFibonacci[j] is F(kMaxWords - j): a word at distance d from the end has the coefficients F(d) and F(d + 1), which
// are neighbours here.
constexpr auto kFibonacci = [] {
  std::array<std::uint32_t, kMaxWords + 1> table{};
  table[kMaxWords] = 0;
  table[kMaxWords - 1] = 1;
  for (std::size_t j = kMaxWords - 1; j-- > 0;) table[j] = table[j + 1] + table[j + 2];
  return table;
}();

// Both dot products; compiled once for each set of instructions below.
template <bool kSwap>
[[gnu::always_inline]] inline Checksum dot(const std::byte* bytes, std::size_t words) noexcept {
  const std::uint32_t* const coefficients = kFibonacci.data() + (kMaxWords - words);
  std::uint32_t s0 = 0;
  std::uint32_t s1 = 0;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint32_t word;
    std::memcpy(&word, bytes + 4 * i, 4);
    if constexpr (kSwap) word = __builtin_bswap32(word);
    s0 += word * coefficients[i + 1];
    s1 += word * coefficients[i];
  }
  return {s0, s1};
}

#if defined(__x86_64__) && defined(__GNUC__)
template <bool kSwap>
[[gnu::target("avx2")]] Checksum dot_avx2(const std::byte* bytes, std::size_t words) noexcept {
  return dot<kSwap>(bytes, words);
}
template <bool kSwap>
Checksum best_dot(const std::byte* bytes, std::size_t words) noexcept {
  return __builtin_cpu_supports("avx2") ? dot_avx2<kSwap>(bytes, words) : dot<kSwap>(bytes, words);
}
#else
template <bool kSwap>
Checksum best_dot(const std::byte* bytes, std::size_t words) noexcept {
  return dot<kSwap>(bytes, words);
}
#endif

}  // namespace

Checksum checksum(Checksum from, base::Bytes bytes, bool big_endian) noexcept {
  PL_ASSERT(bytes.size() % 8 == 0);
  const bool swap = big_endian != (std::endian::native == std::endian::big);
  const std::byte* at = bytes.data();
  for (std::size_t left = bytes.size() / 4; left > 0;) {
    const std::size_t words = left < kMaxWords ? left : kMaxWords;
    const Checksum sum = swap ? best_dot<true>(at, words) : best_dot<false>(at, words);
    // F(words + 1) is not in the table for the longest run.
    const std::uint32_t f0 = kFibonacci[kMaxWords - words];
    const std::uint32_t before = kFibonacci[kMaxWords - words + 1];
    from = {before * from.s0 + f0 * from.s1 + sum.s0, f0 * from.s0 + (before + f0) * from.s1 + sum.s1};
    at += 4 * words;
    left -= words;
  }
  return from;
}

}  // namespace perlite::pager::wal
