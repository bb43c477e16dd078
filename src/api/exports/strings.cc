// Comparisons without case, and the string builder.
#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "api/library.h"
#include "api/string_builder.h"
#include "sqlite3.h"

using namespace perlite;

namespace {

int fold(unsigned char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

}  // namespace

sqlite3_str* sqlite3_str::out_of_memory() noexcept {
  static sqlite3_str failed(0);
  failed.error_ = SQLITE_NOMEM;
  return &failed;
}

void sqlite3_str::fail(int code) noexcept {
  error_ = code;
  base::Allocator::release(std::exchange(text_, nullptr));
  size_ = capacity_ = 0;
}

bool sqlite3_str::reserve(std::int64_t more) noexcept {
  if (error_ != SQLITE_OK) return false;
  if (more > limit_ - size_) {
    fail(SQLITE_TOOBIG);
    return false;
  }
  const std::int64_t wanted = size_ + more + 1;
  if (wanted <= capacity_) return true;
  // Doubling keeps appends linear; the limit bounds it.
  const std::int64_t larger = std::max<std::int64_t>(std::min(wanted + size_, limit_ + 1), wanted);
  void* moved = base::Allocator::try_reallocate(text_, static_cast<std::size_t>(larger));
  if (moved == nullptr) {
    fail(SQLITE_NOMEM);
    return false;
  }
  text_ = static_cast<char*>(moved);
  capacity_ = static_cast<std::int64_t>(base::Allocator::usable_size(moved));
  return true;
}

void sqlite3_str::append(std::string_view text) noexcept {
  if (text.empty() || !reserve(static_cast<std::int64_t>(text.size()))) return;
  std::memcpy(text_ + size_, text.data(), text.size());
  size_ += static_cast<std::int64_t>(text.size());
  text_[size_] = '\0';
}

void sqlite3_str::append_repeated(std::int64_t count, char c) noexcept {
  if (count <= 0 || !reserve(count)) return;
  std::memset(text_ + size_, c, static_cast<std::size_t>(count));
  size_ += count;
  text_[size_] = '\0';
}

void sqlite3_str::truncate(std::int64_t size) noexcept {
  if (size < 0 || size >= size_) return;
  size_ = size;
  text_[size_] = '\0';
}

void sqlite3_str::reset() noexcept {
  if (limit_ == 0) return;  // the shared one that stands for exhausted memory
  fail(SQLITE_OK);
}

char* sqlite3_str::release() noexcept {
  size_ = capacity_ = 0;
  return std::exchange(text_, nullptr);
}

extern "C" {

SQLITE_API int sqlite3_stricmp(const char* a, const char* b) {
  if (a == nullptr) return b == nullptr ? 0 : -1;
  if (b == nullptr) return 1;
  while (*a != '\0' && fold(static_cast<unsigned char>(*a)) == fold(static_cast<unsigned char>(*b))) ++a, ++b;
  return fold(static_cast<unsigned char>(*a)) - fold(static_cast<unsigned char>(*b));
}

SQLITE_API int sqlite3_strnicmp(const char* a, const char* b, int size) {
  if (a == nullptr) return b == nullptr ? 0 : -1;
  if (b == nullptr) return 1;
  for (; size > 0; --size, ++a, ++b) {
    const int difference = fold(static_cast<unsigned char>(*a)) - fold(static_cast<unsigned char>(*b));
    if (difference != 0 || *a == '\0') return difference;
  }
  return 0;
}

SQLITE_API sqlite3_str* sqlite3_str_new(sqlite3* db) {
  if (api::initialize_library() != SQLITE_OK) return sqlite3_str::out_of_memory();
  const std::int64_t limit =
      db == nullptr ? sqlite3_str::kDefaultLimit : std::max(1, sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1));
  void* memory = base::Allocator::try_allocate(sizeof(sqlite3_str));
  return memory == nullptr ? sqlite3_str::out_of_memory() : ::new (memory) sqlite3_str(limit);
}

SQLITE_API void sqlite3_str_free(sqlite3_str* text) {
  if (text != nullptr && text != sqlite3_str::out_of_memory()) delete text;
}

SQLITE_API char* sqlite3_str_finish(sqlite3_str* text) {
  if (text == nullptr) return nullptr;
  char* result = text->release();
  sqlite3_str_free(text);
  return result;
}

SQLITE_API void sqlite3_str_append(sqlite3_str* text, const char* bytes, int size) {
  if (text != nullptr && size > 0) text->append({bytes, static_cast<std::size_t>(size)});
}
SQLITE_API void sqlite3_str_appendall(sqlite3_str* text, const char* bytes) {
  if (text != nullptr && bytes != nullptr) text->append(bytes);
}
SQLITE_API void sqlite3_str_appendchar(sqlite3_str* text, int count, char c) {
  if (text != nullptr) text->append_repeated(count, c);
}
SQLITE_API void sqlite3_str_reset(sqlite3_str* text) {
  if (text != nullptr) text->reset();
}
SQLITE_API void sqlite3_str_truncate(sqlite3_str* text, int size) {
  if (text != nullptr) text->truncate(size);
}
SQLITE_API int sqlite3_str_errcode(sqlite3_str* text) { return text == nullptr ? SQLITE_NOMEM : text->error(); }
SQLITE_API int sqlite3_str_length(sqlite3_str* text) { return text == nullptr ? 0 : static_cast<int>(text->size()); }
SQLITE_API char* sqlite3_str_value(sqlite3_str* text) {
  return text == nullptr || text->size() == 0 ? nullptr : text->text();
}

}  // extern "C"
