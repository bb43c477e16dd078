// Comparisons without case, the string builder, the printf family and the log.
#include <algorithm>
#include <cstdarg>
#include <new>
#include <string_view>

#include "api/boundary.h"
#include "api/library.h"
#include "api/string_builder.h"
#include "base/like.h"
#include "base/printf.h"
#include "base/process.h"
#include "base/text_builder.h"
#include "sqlite3.h"

using namespace perlite;

namespace {

constexpr int kLogTextSize = 700;  // longer messages are cut, for a log must not allocate

int fold(unsigned char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

}  // namespace

// 0 when the text matches, as sqlite3_strglob answers; two null pointers are equal.
static int compare_pattern(const char* pattern, const char* text, const base::LikeRules& rules) noexcept {
  if (text == nullptr) return pattern == nullptr ? 0 : 1;
  if (pattern == nullptr) return 1;
  return api::without_exceptions(1, [&] { return base::LikePattern(pattern, rules).matches(text) ? 0 : 1; });
}

// Stands in where memory for a real one is missing: it failed already, and stays so.
static sqlite3_str* exhausted() noexcept {
  static sqlite3_str failed(0);
  failed.text.fail(Code::NoMem);
  return &failed;
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

SQLITE_API int sqlite3_strglob(const char* pattern, const char* text) {
  return compare_pattern(pattern, text, {.glob = true});
}
SQLITE_API int sqlite3_strlike(const char* pattern, const char* text, unsigned int escape) {
  return compare_pattern(pattern, text, {.escape = static_cast<char32_t>(escape)});
}

SQLITE_API sqlite3_str* sqlite3_str_new(sqlite3* db) {
  if (api::initialize_library() != SQLITE_OK) return exhausted();
  const std::size_t limit = db == nullptr
                                ? base::TextBuilder::kDefaultLimit
                                : static_cast<std::size_t>(std::max(1, sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1)));
  void* memory = base::Allocator::try_allocate(sizeof(sqlite3_str));
  return memory == nullptr ? exhausted() : ::new (memory) sqlite3_str(limit);
}

SQLITE_API void sqlite3_str_free(sqlite3_str* text) {
  if (text != nullptr && text != exhausted()) delete text;
}

SQLITE_API char* sqlite3_str_finish(sqlite3_str* text) {
  if (text == nullptr || text == exhausted()) return nullptr;
  char* result = text->text.release();
  delete text;
  return result;
}

SQLITE_API void sqlite3_str_append(sqlite3_str* text, const char* bytes, int size) {
  if (text != nullptr && size > 0) text->text.append({bytes, static_cast<std::size_t>(size)});
}
SQLITE_API void sqlite3_str_appendall(sqlite3_str* text, const char* bytes) {
  if (text != nullptr && bytes != nullptr) text->text.append(std::string_view(bytes));
}
SQLITE_API void sqlite3_str_appendchar(sqlite3_str* text, int count, char c) {
  if (text != nullptr && count > 0) text->text.append_fill(static_cast<std::size_t>(count), c);
}
SQLITE_API void sqlite3_str_vappendf(sqlite3_str* text, const char* format, va_list arguments) {
  if (text != nullptr && format != nullptr) base::append_vprintf(text->text, format, arguments);
}
SQLITE_API void sqlite3_str_appendf(sqlite3_str* text, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sqlite3_str_vappendf(text, format, arguments);
  va_end(arguments);
}
SQLITE_API void sqlite3_str_reset(sqlite3_str* text) {
  if (text != nullptr && text != exhausted()) text->text.reset();
}
SQLITE_API void sqlite3_str_truncate(sqlite3_str* text, int size) {
  if (text != nullptr && size >= 0) text->text.truncate(static_cast<std::size_t>(size));
}
SQLITE_API int sqlite3_str_errcode(sqlite3_str* text) {
  return text == nullptr ? SQLITE_NOMEM : static_cast<int>(text->text.error());
}
SQLITE_API int sqlite3_str_length(sqlite3_str* text) {
  return text == nullptr ? 0 : static_cast<int>(text->text.size());
}
SQLITE_API char* sqlite3_str_value(sqlite3_str* text) {
  return text == nullptr || text->text.size() == 0 ? nullptr : const_cast<char*>(text->text.c_str());
}

SQLITE_API char* sqlite3_vmprintf(const char* format, va_list arguments) {
  if (format == nullptr || api::initialize_library() != SQLITE_OK) return nullptr;
  base::TextBuilder text;
  base::append_vprintf(text, format, arguments);
  if (text.error() != Code::Ok) return nullptr;
  if (text.size() == 0) {
    // The empty text is a text: one byte of memory.
    auto* empty = static_cast<char*>(base::Allocator::try_allocate(1));
    if (empty != nullptr) *empty = '\0';
    return empty;
  }
  return text.release();
}
SQLITE_API char* sqlite3_mprintf(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char* text = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  return text;
}
SQLITE_API char* sqlite3_vsnprintf(int size, char* buffer, const char* format, va_list arguments) {
  if (size <= 0 || buffer == nullptr || format == nullptr) return buffer;
  base::TextBuilder text(buffer, static_cast<std::size_t>(size));
  base::append_vprintf(text, format, arguments);
  text.c_str();
  return buffer;
}
SQLITE_API char* sqlite3_snprintf(int size, char* buffer, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sqlite3_vsnprintf(size, buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

SQLITE_API void sqlite3_log(int code, const char* format, ...) {
  if (base::process_settings().log == nullptr || format == nullptr) return;
  char buffer[kLogTextSize];
  va_list arguments;
  va_start(arguments, format);
  sqlite3_vsnprintf(sizeof buffer, buffer, format, arguments);
  va_end(arguments);
  base::log(code, buffer);
}

}  // extern "C"
