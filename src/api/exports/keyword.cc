// The words of the language, and whether a text ends a statement.
#include <cstdint>
#include <string_view>

#include "api/boundary.h"
#include "base/containers.h"
#include "base/unicode.h"
#include "sql/lexer.h"
#include "sqlite3.h"

using namespace perlite;

namespace {

constexpr std::string_view kKeywords[] = {
#define KEYWORD(token, text, use) text,
#include "sql/keywords.def"
#undef KEYWORD
};
constexpr int kKeywordCount = static_cast<int>(sizeof kKeywords / sizeof kKeywords[0]);

// Where a text stands between two statements. Only `; END ;` ends the body of a trigger.
//
//   Start --EXPLAIN--> Explained --CREATE--> Created --TRIGGER--> Trigger --;--> BodySemicolon --END--> BodyEnd --;-->
//   Start and back to Trigger where BodySemicolon or BodyEnd meet anything else; anything else leads to Plain, which ;
//   ends.
enum class Place : std::uint8_t { Start, Plain, Explained, Created, Trigger, BodySemicolon, BodyEnd };

Place next_place(Place place, sql::Token token) {
  using sql::Token;
  switch (place) {
    case Place::Start:
    case Place::Explained:
      if (token == Token::Semicolon) return Place::Start;
      if (token == Token::KwCreate) return Place::Created;
      if (place == Place::Start) return token == Token::KwExplain ? Place::Explained : Place::Plain;
      // QUERY PLAN, or what will turn out to be an error.
      return token == Token::KwExplain || token == Token::KwTemp || token == Token::KwTemporary ||
                     token == Token::KwTrigger
                 ? Place::Plain
                 : Place::Explained;
    case Place::Plain:
      return token == Token::Semicolon ? Place::Start : Place::Plain;
    case Place::Created:
      if (token == Token::Semicolon) return Place::Start;
      if (token == Token::KwTemp || token == Token::KwTemporary) return Place::Created;
      return token == Token::KwTrigger ? Place::Trigger : Place::Plain;
    case Place::Trigger:
      return token == Token::Semicolon ? Place::BodySemicolon : Place::Trigger;
    case Place::BodySemicolon:
      return token == Token::Semicolon ? Place::BodySemicolon : token == Token::KwEnd ? Place::BodyEnd : Place::Trigger;
    case Place::BodyEnd:
      return token == Token::Semicolon ? Place::Start : Place::Trigger;
  }
  return Place::Plain;
}

bool is_complete(std::string_view text) {
  if (text.size() > UINT32_MAX) return false;
  Place place = Place::Start;
  bool any = false;
  for (std::uint32_t at = 0; at < text.size();) {
    std::uint32_t end = at;
    const sql::Token token = sql::lex_token(text, at, &end);
    if (token == sql::Token::End) break;
    const std::string_view bytes = text.substr(at, end - at);
    // A comment, a text or a name that the end of the input cut off: more must follow.
    if (token == sql::Token::Space && bytes.starts_with("/*") && (bytes.size() < 4 || !bytes.ends_with("*/")))
      return false;
    if (token == sql::Token::Illegal && (bytes[0] == '\'' || bytes[0] == '"' || bytes[0] == '`' || bytes[0] == '['))
      return false;
    if (token == sql::Token::Illegal && bytes.find('\'') != std::string_view::npos && !bytes.ends_with('\''))
      return false;
    if (token != sql::Token::Space) {
      place = next_place(place, token);
      any = true;
    }
    at = end > at ? end : at + 1;
  }
  return any && place == Place::Start;
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_keyword_count(void) { return kKeywordCount; }

SQLITE_API int sqlite3_keyword_name(int index, const char** name, int* size) {
  if (index < 0 || index >= kKeywordCount) return SQLITE_ERROR;
  *name = kKeywords[index].data();
  *size = static_cast<int>(kKeywords[index].size());
  return SQLITE_OK;
}

SQLITE_API int sqlite3_keyword_check(const char* word, int size) {
  if (word == nullptr || size <= 0) return 0;
  return sql::is_keyword(sql::find_keyword({word, static_cast<std::size_t>(size)})) ? 1 : 0;
}

SQLITE_API int sqlite3_complete(const char* text) {
  if (text == nullptr) return SQLITE_MISUSE;
  return is_complete(text) ? 1 : 0;
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
    return is_complete(utf8) ? 1 : 0;
  });
}

}  // extern "C"
