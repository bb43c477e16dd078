#include "base/bytes.h"

namespace perlite::base {

int get_varint_slow(const std::byte* p, const std::byte* end, std::uint64_t* value) noexcept {
  std::uint64_t v = 0;
  for (int i = 0; i < 8; ++i) {
    if (p + i >= end) return 0;
    const auto b = static_cast<std::uint8_t>(p[i]);
    v = (v << 7) | (b & 0x7fu);
    if (b < 0x80) {
      *value = v;
      return i + 1;
    }
  }
  if (p + 8 >= end) return 0;
  *value = (v << 8) | static_cast<std::uint8_t>(p[8]);
  return 9;
}

int put_varint(std::byte* p, std::uint64_t v) noexcept {
  if (v > 0x00ffffffffffffffull) {
    p[8] = static_cast<std::byte>(v);
    v >>= 8;
    for (int i = 7; i >= 0; --i) {
      p[i] = static_cast<std::byte>((v & 0x7f) | 0x80);
      v >>= 7;
    }
    return 9;
  }
  const int length = varint_length(v);
  for (int i = length - 1; i >= 0; --i) {
    p[i] = static_cast<std::byte>((v & 0x7f) | (i == length - 1 ? 0 : 0x80));
    v >>= 7;
  }
  return length;
}

}  // namespace perlite::base
