#include "base/random.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/mutex.h"

namespace perlite::base {
namespace {

struct Stream {
  std::array<std::uint32_t, 16> words{};
  std::array<unsigned char, 64> block{};
  std::size_t left = 0;  // unread bytes at the end of `block`
  bool keyed = false;
};

constinit Mutex mutex;
constinit Stream stream;
constinit Stream saved;
void (*entropy)(void*, std::size_t) = nullptr;

void key_with(const unsigned char (&key)[44]) noexcept {
  constexpr std::uint32_t kConstants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};  // RFC 8439, 2.3
  std::copy(std::begin(kConstants), std::end(kConstants), stream.words.begin());
  std::memcpy(&stream.words[4], key, 32);
  stream.words[12] = 0;
  std::memcpy(&stream.words[13], key + 32, 12);
  stream.left = 0;
  stream.keyed = true;
}

void quarter_round(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) noexcept {
  a += b, d = std::rotl(d ^ a, 16);
  c += d, b = std::rotl(b ^ c, 12);
  a += b, d = std::rotl(d ^ a, 8);
  c += d, b = std::rotl(b ^ c, 7);
}

void next_block() noexcept {
  std::array<std::uint32_t, 16> x = stream.words;
  for (int round = 0; round < 10; ++round) {
    quarter_round(x[0], x[4], x[8], x[12]);
    quarter_round(x[1], x[5], x[9], x[13]);
    quarter_round(x[2], x[6], x[10], x[14]);
    quarter_round(x[3], x[7], x[11], x[15]);
    quarter_round(x[0], x[5], x[10], x[15]);
    quarter_round(x[1], x[6], x[11], x[12]);
    quarter_round(x[2], x[7], x[8], x[13]);
    quarter_round(x[3], x[4], x[9], x[14]);
  }
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += stream.words[i];
  std::memcpy(stream.block.data(), x.data(), stream.block.size());
  stream.left = stream.block.size();
  if (++stream.words[12] == 0) ++stream.words[13];
}

}  // namespace

void set_entropy_source(void (*fill)(void*, std::size_t)) noexcept {
  const MutexGuard guard(mutex);
  entropy = fill;
}

void random_bytes(void* out, std::size_t size) noexcept {
  const MutexGuard guard(mutex);
  if (!stream.keyed) {
    unsigned char key[44] = {};
    if (entropy != nullptr) entropy(key, sizeof key);
    key_with(key);
  }
  auto* to = static_cast<unsigned char*>(out);
  while (size > 0) {
    if (stream.left == 0) next_block();
    const std::size_t part = std::min(size, stream.left);
    std::memcpy(to, stream.block.data() + (stream.block.size() - stream.left), part);
    stream.left -= part;
    to += part;
    size -= part;
  }
}

std::uint64_t random_u64() noexcept {
  std::uint64_t value;
  random_bytes(&value, sizeof value);
  return value;
}

void reset_random() noexcept {
  const MutexGuard guard(mutex);
  stream.keyed = false;
  stream.left = 0;
}

void save_random() noexcept {
  const MutexGuard guard(mutex);
  saved = stream;
}

void restore_random() noexcept {
  const MutexGuard guard(mutex);
  stream = saved;
}

void seed_random(std::uint32_t seed) noexcept {
  if (seed == 0) return reset_random();
  const MutexGuard guard(mutex);
  unsigned char key[44] = {};
  std::memcpy(key, &seed, sizeof seed);
  key_with(key);
}

}  // namespace perlite::base
