// base/bytes.h: big-endian integers and varints in byte spans (manual: fileformat2.html, "A variable-length integer").
//
// Callers bound their offsets before they read; only get_varint() checks, because a varint's length is data.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace perlite::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline std::uint16_t load_be16(const std::byte* p) {
  std::uint16_t v;
  std::memcpy(&v, p, 2);
  return static_cast<std::uint16_t>(__builtin_bswap16(v));
}
inline std::uint32_t load_be32(const std::byte* p) {
  std::uint32_t v;
  std::memcpy(&v, p, 4);
  return __builtin_bswap32(v);
}
inline std::uint64_t load_be64(const std::byte* p) {
  std::uint64_t v;
  std::memcpy(&v, p, 8);
  return __builtin_bswap64(v);
}
inline void store_be16(std::byte* p, std::uint32_t v) {
  const auto swapped = static_cast<std::uint16_t>(__builtin_bswap16(static_cast<std::uint16_t>(v)));
  std::memcpy(p, &swapped, 2);
}
inline void store_be32(std::byte* p, std::uint32_t v) {
  const std::uint32_t swapped = __builtin_bswap32(v);
  std::memcpy(p, &swapped, 4);
}
inline void store_be64(std::byte* p, std::uint64_t v) {
  const std::uint64_t swapped = __builtin_bswap64(v);
  std::memcpy(p, &swapped, 8);
}

inline constexpr int kMaxVarintBytes = 9;

// Decodes the varint at p, which ends before `end`; returns its length in bytes, 0 when it does not end in time.
int get_varint_slow(const std::byte* p, const std::byte* end, std::uint64_t* value) noexcept;
inline int get_varint(const std::byte* p, const std::byte* end, std::uint64_t* value) noexcept {
  if (p < end && static_cast<std::uint8_t>(*p) < 0x80) [[likely]] {
    *value = static_cast<std::uint8_t>(*p);
    return 1;
  }
  return get_varint_slow(p, end, value);
}
// Writes v at p (room for 9 bytes) in the shortest form; returns the length.
int put_varint(std::byte* p, std::uint64_t v) noexcept;
// As put_varint(), for numbers that are short mostly; the end of what was written.
inline std::byte* put_short_varint(std::byte* p, std::uint64_t v) noexcept {
  if (v < 0x80) {
    *p = static_cast<std::byte>(v);
    return p + 1;
  }
  if (v < 0x4000) {
    p[0] = static_cast<std::byte>(v >> 7 | 0x80);
    p[1] = static_cast<std::byte>(v & 0x7f);
    return p + 2;
  }
  if (v < 0x200000) {
    p[0] = static_cast<std::byte>(v >> 14 | 0x80);
    p[1] = static_cast<std::byte>((v >> 7 & 0x7f) | 0x80);
    p[2] = static_cast<std::byte>(v & 0x7f);
    return p + 3;
  }
  return p + put_varint(p, v);
}
constexpr int varint_length(std::uint64_t v) noexcept {
  int length = 1;
  while (length < 9 && (v >>= 7) != 0) ++length;
  return length;
}

}  // namespace perlite::base
