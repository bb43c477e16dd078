// sql/complete.h: does this text end a statement? (c3ref/complete.html)
#pragma once

#include <string_view>

namespace perlite::sql {

// True when the text ends with a `;` that is not in a string, a comment or a quoted name, and not inside the body of a
// CREATE TRIGGER, which ends with `END;`. Blanks and comments may follow. Nothing is checked beyond that.
bool is_complete(std::string_view text) noexcept;

}  // namespace perlite::sql
