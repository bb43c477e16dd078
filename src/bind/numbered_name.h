// bind/numbered_name.h: names that end in a number: `column1`, `a:1`, `sqlite_autoindex_t_1`.
#pragma once

#include <charconv>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "base/arena.h"

namespace perlite::bind {

// The parts and then the number, in the arena. Throws std::bad_alloc.
inline std::string_view numbered_name(Arena& arena, std::initializer_list<std::string_view> parts, int number) {
  char digits[12];
  const char* const digits_end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  const std::string_view number_text(digits, static_cast<std::size_t>(digits_end - digits));
  std::size_t size = number_text.size();
  for (const std::string_view part : parts) size += part.size();
  const std::span<char> text = arena.make_array<char>(size);
  char* at = text.data();
  const auto add = [&at](std::string_view part) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  };
  for (const std::string_view part : parts) add(part);
  add(number_text);
  return {text.data(), size};
}

}  // namespace perlite::bind
