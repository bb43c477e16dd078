// The words of the language, and whether a text ends a statement.
#include <string_view>

#include "api/boundary.h"
#include "base/containers.h"
#include "base/unicode.h"
#include "sql/complete.h"
#include "sql/keywords.h"
#include "sqlite3.h"

using namespace perlite;

extern "C" {

SQLITE_API int sqlite3_keyword_count(void) { return sql::keyword_count(); }

SQLITE_API int sqlite3_keyword_name(int index, const char** name, int* size) {
  if (index < 0 || index >= sql::keyword_count()) return SQLITE_ERROR;
  const std::string_view word = sql::keyword_name(index);
  *name = word.data();
  *size = static_cast<int>(word.size());
  return SQLITE_OK;
}

SQLITE_API int sqlite3_keyword_check(const char* word, int size) {
  if (word == nullptr || size <= 0) return 0;
  return sql::is_keyword_text({word, static_cast<std::size_t>(size)}) ? 1 : 0;
}

SQLITE_API int sqlite3_complete(const char* text) {
  if (text == nullptr) return SQLITE_MISUSE;
  return sql::is_complete(text) ? 1 : 0;
}

SQLITE_API int sqlite3_complete16(const void* text) {
  if (text == nullptr) return SQLITE_MISUSE;
  return api::without_exceptions(SQLITE_NOMEM, [&] {
    const auto* units = static_cast<const char16_t*>(text);
    std::size_t count = 0;
    while (units[count] != 0) ++count;
    const std::string_view bytes(static_cast<const char*>(text), count * 2);
    String utf8(base::max_converted_size(bytes.size(), TextEncoding::Utf16le, TextEncoding::Utf8), '\0');
    utf8.resize(base::convert_text(bytes, TextEncoding::Utf16le, TextEncoding::Utf8, utf8.data()));
    return sql::is_complete(utf8) ? 1 : 0;
  });
}

}  // extern "C"
