// sql/keywords.h: the keyword list, for the public interface (c3ref/keyword_check.html).
#pragma once

#include <string_view>

namespace perlite::sql {

int keyword_count() noexcept;
// The keyword of that number, in capitals, not zero-terminated by promise; empty when there is none.
std::string_view keyword_name(int index) noexcept;
bool is_keyword_text(std::string_view word) noexcept;  // ASCII case ignored

}  // namespace perlite::sql
