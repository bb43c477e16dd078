#include "sql/normalize.h"

#include "sql/lexer.h"

namespace perlite::sql {
namespace {

bool is_value(Token token) {
  switch (token) {
    case Token::String:
    case Token::Blob:
    case Token::Integer:
    case Token::HexInteger:
    case Token::Float:
    case Token::Variable:
    case Token::KwNull:
      return true;
    default:
      return false;
  }
}

bool is_wordlike(char c) { return is_identifier_byte(c) || c == '?' || c == '"'; }

// Can the name stand without quotes and be the same name?
bool needs_quotes(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') || name[0] == '$') return true;
  for (const char c : name) {
    if (!is_identifier_byte(c)) return true;
  }
  return find_keyword(name) != Token::Identifier;
}

void append_lower(String& out, std::string_view text) {
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

String normalize(std::string_view text) {
  String out;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  Token previous = Token::End;
  Arena arena;
  // The parenthesis of an IN list that has held nothing but values so far: offset in `out` behind "(".
  std::size_t list_begin = 0;
  bool in_list = false;
  for (;;) {
    const Token token = next_token(text, end, &begin, &end);
    if (token == Token::End || token == Token::Semicolon) break;
    if (token == Token::Illegal || token == Token::Register || token == Token::MalformedNumber) return {};
    const std::string_view word = text.substr(begin, end - begin);
    String piece;
    // IS NULL and NOT NULL are no values.
    const bool value = is_value(token) &&
                       !(token == Token::KwNull && (previous == Token::KwIs || previous == Token::KwNot));
    if (value) {
      piece = "?";
    } else if (token == Token::QuotedIdentifier) {
      const std::string_view name = decode_quoted(word, arena);
      if (needs_quotes(name)) {
        piece += '"';
        for (const char c : name) {
          piece += c;
          if (c == '"') piece += c;
        }
        piece += '"';
      } else {
        append_lower(piece, name);
      }
    } else if (token == Token::Identifier) {
      append_lower(piece, word);
    } else if (is_keyword(token)) {
      piece = token_name(token);
    } else {
      piece = word;
    }
    if (in_list && !value && token != Token::Comma && token != Token::RightParen) in_list = false;
    if (in_list && token == Token::RightParen) {
      in_list = false;
      if (out.size() > list_begin) {
        out.resize(list_begin);
        out += "?,?,?";
      }
    }
    if (!out.empty() && is_wordlike(out.back()) && is_wordlike(piece[0])) out += ' ';
    // "- -1" is not a comment.
    if (!out.empty() && out.back() == '-' && piece[0] == '-') out += ' ';
    out += piece;
    if (token == Token::LeftParen) {
      in_list = previous == Token::KwIn;
      list_begin = out.size();
    }
    previous = token;
  }
  if (!out.empty()) out += ';';
  return out;
}

}  // namespace perlite::sql
