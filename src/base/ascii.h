// base/ascii.h: names of SQL, which compare without regard to the case of ASCII letters, and a hash for byte strings.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace perlite::base {

constexpr unsigned char fold_ascii(unsigned char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + ('a' - 'A')) : c;
}

constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto a = static_cast<unsigned char>(left[i]), b = static_cast<unsigned char>(right[i]);
    if (a != b && fold_ascii(a) != fold_ascii(b)) return false;
  }
  return true;
}
// Order of names: negative, 0, positive.
constexpr int compare_ignoring_case(std::string_view left, std::string_view right) noexcept {
  const std::size_t common = left.size() < right.size() ? left.size() : right.size();
  for (std::size_t i = 0; i < common; ++i) {
    const int a = fold_ascii(static_cast<unsigned char>(left[i])), b = fold_ascii(static_cast<unsigned char>(right[i]));
    if (a != b) return a - b;
  }
  return left.size() == right.size() ? 0 : left.size() < right.size() ? -1 : 1;
}
constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// Equal for names that compare equal.
constexpr std::uint32_t hash_ignoring_case(std::string_view name) noexcept {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ fold_ascii(static_cast<unsigned char>(c))) * 16777619u;
  return hash ^ (hash >> 15);
}

// 64 bits over bytes, chained through `seed`. Stable within a process; not for storage.
inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) noexcept {
  constexpr std::uint64_t kMultiplier = 0x9fb21c651e98df25u;
  std::uint64_t hash = (seed ^ (bytes.size() * 0x9e3779b97f4a7c15u)) * kMultiplier;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  while (left != 0) {
    std::uint64_t word = 0;
    const std::size_t count = left < 8 ? left : 8;
    std::memcpy(&word, at, count);
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 32;
    at += count;
    left -= count;
  }
  hash *= kMultiplier;
  return hash ^ (hash >> 29);
}

}  // namespace perlite::base
