// api/string_builder.h: the growing string behind sqlite3_str (manual: c3ref/str.html).
//
// Nothing throws: the first failure (no memory, or more than the limit) is kept, empties the string and turns all later
// appends into nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/allocator.h"
#include "sqlite3.h"

struct sqlite3_str : perlite::base::Allocated {
 public:
  static constexpr std::int64_t kDefaultLimit = 1000000000;

  explicit sqlite3_str(std::int64_t limit) noexcept : limit_(limit) {}
  // One that failed already; stands in where memory for a real one is missing.
  static sqlite3_str* out_of_memory() noexcept;
  ~sqlite3_str() { perlite::base::Allocator::release(text_); }
  sqlite3_str(const sqlite3_str&) = delete;
  sqlite3_str& operator=(const sqlite3_str&) = delete;

  void append(std::string_view text) noexcept;
  void append_repeated(std::int64_t count, char c) noexcept;
  void truncate(std::int64_t size) noexcept;  // shortens only
  void reset() noexcept;                      // empty, and without the error
  // The text without its owner, null when empty or failed; the builder is empty afterwards.
  char* release() noexcept;

  char* text() noexcept { return text_; }  // null when empty and never appended to
  std::int64_t size() const noexcept { return size_; }
  int error() const noexcept { return error_; }
  void fail(int code) noexcept;

 private:
  bool reserve(std::int64_t more) noexcept;  // room for `more` bytes and the NUL

  char* text_ = nullptr;
  std::int64_t size_ = 0;
  std::int64_t capacity_ = 0;
  std::int64_t limit_;
  int error_ = SQLITE_OK;
};
