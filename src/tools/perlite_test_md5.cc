#include "tools/perlite_test_md5.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace perlite::tools {
namespace {

// RFC 1321, 3.4: the integer part of 4294967296 times abs(sin(i)).
const std::uint32_t* sines() {
  static const auto table = [] {
    struct Table {
      std::uint32_t values[64];
    } made{};
    for (int i = 0; i < 64; ++i)
      made.values[i] = static_cast<std::uint32_t>(4294967296.0 * std::fabs(std::sin(i + 1.0)));
    return made;
  }();
  return table.values;
}

constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

}  // namespace

void Md5::block(const unsigned char* bytes) {
  std::uint32_t words[16];
  std::memcpy(words, bytes, 64);  // little-endian, like the machine
  std::uint32_t a = state_[0], b = state_[1], c = state_[2], d = state_[3];
  for (unsigned i = 0; i < 64; ++i) {
    std::uint32_t mixed;
    unsigned word;
    switch (i / 16) {
      case 0:
        mixed = (b & c) | (~b & d);
        word = i;
        break;
      case 1:
        mixed = (d & b) | (~d & c);
        word = (5 * i + 1) % 16;
        break;
      case 2:
        mixed = b ^ c ^ d;
        word = (3 * i + 5) % 16;
        break;
      default:
        mixed = c ^ (b | ~d);
        word = (7 * i) % 16;
    }
    const std::uint32_t sum = a + mixed + sines()[i] + words[word];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[i / 16][i % 4]);
  }
  state_[0] += a;
  state_[1] += b;
  state_[2] += c;
  state_[3] += d;
}

void Md5::add(std::string_view bytes) {
  std::size_t filled = size_ % 64;
  size_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t part = bytes.size() < 64 - filled ? bytes.size() : 64 - filled;
    std::memcpy(buffer_ + filled, bytes.data(), part);
    bytes.remove_prefix(part);
    if ((filled += part) == 64) {
      block(buffer_);
      filled = 0;
    }
  }
}

std::string Md5::hex() {
  const std::uint64_t bits = size_ * 8;
  add(std::string_view("\x80", 1));
  while (size_ % 64 != 56) add(std::string_view("\0", 1));
  char length[8];
  std::memcpy(length, &bits, 8);
  add({length, 8});
  std::string text;
  for (const std::uint32_t word : state_) {
    for (int byte = 0; byte < 4; ++byte) {
      const std::uint32_t value = word >> (8 * byte) & 0xff;
      text += "0123456789abcdef"[value >> 4];
      text += "0123456789abcdef"[value & 15];
    }
  }
  return text;
}

}  // namespace perlite::tools
