#include "sql/keywords.h"

#include <iterator>

#include "sql/lexer.h"

namespace perlite::sql {
namespace {
constexpr std::string_view kNames[] = {
#define KEYWORD(token, text, use) text,
#include "sql/keywords.def"
#undef KEYWORD
};
}  // namespace

int keyword_count() noexcept { return static_cast<int>(std::size(kNames)); }

std::string_view keyword_name(int index) noexcept {
  return index < 0 || index >= keyword_count() ? std::string_view() : kNames[index];
}

bool is_keyword_text(std::string_view word) noexcept { return is_keyword(find_keyword(word)); }

}  // namespace perlite::sql
