// sql/create_text.h: what sqlite_schema stores of a CREATE statement (fileformat2.html, section 2.6).
#pragma once

#include <string_view>

#include "base/containers.h"
#include "sql/ast.h"

namespace perlite::sql {

// "CREATE TABLE ", "CREATE [UNIQUE] INDEX " … and the user's text from the object's name on, without TEMP, IF NOT EXISTS
// and schema. `statement_end` is ParseResult::statement_end: the text of an index, and of a table with options, goes up to
// the `;`, that of a view too without the blanks before it, that of others to the last token. Not for CREATE TABLE AS, whose text is made from its columns.
String stored_create_text(const CreateStatement& statement, std::string_view text, std::uint32_t statement_end);

}  // namespace perlite::sql
