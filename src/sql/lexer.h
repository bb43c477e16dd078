// sql/lexer.h: text to tokens.
//
// lex_token() reads one token, blanks and comments included, at an offset; it keeps no state, so anybody may look
// ahead. Nothing is decoded here but the class of the token; decode_*() do that for whom needs the value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "sql/ast.h"

namespace perlite::sql {

enum class Token : std::uint8_t {
#define TOKEN(name, text) name,
#include "sql/tokens.def"
#undef TOKEN
#define KEYWORD(token, text, use) Kw##token,
#include "sql/keywords.def"
#undef KEYWORD
};
inline constexpr Token kFirstKeyword = Token::KwAbort;
inline constexpr bool is_keyword(Token token) { return token >= kFirstKeyword; }

// The token that begins at `offset`, whose end goes to `*end`. At the end of the text: End, with *end = offset.
Token lex_token(std::string_view text, std::uint32_t offset, std::uint32_t* end) noexcept;
// The same, after blanks and comments are skipped; the token's first byte goes to `*begin`.
Token next_token(std::string_view text, std::uint32_t offset, std::uint32_t* begin, std::uint32_t* end) noexcept;

// The keyword that `word` spells, ASCII case ignored, or Identifier.
Token find_keyword(std::string_view word) noexcept;

// May a byte stand in an identifier behind its first byte? Bytes from 0x80 on may.
bool is_identifier_byte(char byte) noexcept;

const char* token_name(Token token) noexcept;  // for dumps: the enumerator's name

// The value of a quoted token ('x', "x", `x`, [x]), quotes removed and doubled quotes made single. Looks into the
// text where nothing is doubled, else into `arena`.
std::string_view decode_quoted(std::string_view token, Arena& arena);
// The bytes of a Blob token, x'…'.
std::string_view decode_blob(std::string_view token, Arena& arena);

}  // namespace perlite::sql
