// sql/normalize.h: statements that differ in their literals only become the same text (sqlite3_normalized_sql()).
#pragma once

#include <string_view>

#include "base/containers.h"

namespace perlite::sql {

// Literals and variables become `?`, an IN list of them `(?,?,?)`, keywords capitals, names lower case unless quoting
// is needed to keep them, comments and needless blanks nothing. Ends with `;`. Empty when the text has a token that no
// statement has.
String normalize(std::string_view text);

}  // namespace perlite::sql
