// bind/text_status.h: error texts that show names of the statement.
#pragma once

#include <string_view>

#include "base/status.h"
#include "sql/ast.h"

namespace perlite::bind {

namespace detail {
inline int size_of(std::string_view text) { return static_cast<int>(text.size() < 800 ? text.size() : 800); }
}  // namespace detail

// Code Error, the text by printf rules; each name fills one "%.*s". Without an offset, or with that of a place.
inline Status message_with(Code code, int offset, const char* format) { return Status(code, format, offset); }
template <class... Names>
Status message_with(Code code, int offset, const char* format, std::string_view first, Names... rest);

#define PL_NAME_(n) detail::size_of(n), (n).data()
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
template <class... Names>
Status message_with(Code code, int offset, const char* format, std::string_view first, Names... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return Status::format(code, offset, format, PL_NAME_(first));
  } else {
    const std::string_view names[] = {std::string_view(rest)...};
    if constexpr (sizeof...(rest) == 1)
      return Status::format(code, offset, format, PL_NAME_(first), PL_NAME_(names[0]));
    if constexpr (sizeof...(rest) == 2) {
      return Status::format(code, offset, format, PL_NAME_(first), PL_NAME_(names[0]), PL_NAME_(names[1]));
    }
    static_assert(sizeof...(rest) <= 2);
  }
}
#pragma GCC diagnostic pop
#undef PL_NAME_

template <class... Names>
Status message(const char* format, Names... names) {
  return message_with(Code::Error, -1, format, std::string_view(names)...);
}
template <class... Names>
Status message_at(sql::Span place, const char* format, Names... names) {
  return message_with(Code::Error, static_cast<int>(place.begin), format, std::string_view(names)...);
}

}  // namespace perlite::bind
