#include "sql/complete.h"

#include "sql/lexer.h"

namespace perlite::sql {
namespace {

// Where the text is. Only `;` leads to Between, and a text is complete there.
enum class Place {
  Nowhere,      // before the first token
  Between,      // behind the `;` of a statement
  Explained,    // behind EXPLAIN
  Created,      // behind CREATE [TEMP]
  Ordinary,     // in a statement that ends with its first `;`
  Trigger,      // in CREATE TRIGGER
  TriggerStep,  // there, behind a `;`
  TriggerEnd,   // there, behind `; END`
};

Place after(Place place, Token token) {
  switch (place) {
    case Place::Trigger:
      return token == Token::Semicolon ? Place::TriggerStep : Place::Trigger;
    case Place::TriggerStep:
      return token == Token::Semicolon ? place : token == Token::KwEnd ? Place::TriggerEnd : Place::Trigger;
    case Place::TriggerEnd:
      return token == Token::Semicolon ? Place::Between : Place::Trigger;
    default:
      break;
  }
  if (token == Token::Semicolon) return Place::Between;
  switch (place) {
    case Place::Nowhere:
    case Place::Between:
      if (token == Token::KwExplain) return Place::Explained;
      return token == Token::KwCreate ? Place::Created : Place::Ordinary;
    case Place::Explained:
      return token == Token::KwCreate ? Place::Created : token == Token::Identifier ? place : Place::Ordinary;
    case Place::Created:
      if (token == Token::KwTemp || token == Token::KwTemporary) return place;
      return token == Token::KwTrigger ? Place::Trigger : Place::Ordinary;
    default:
      return Place::Ordinary;
  }
}

}  // namespace

bool is_complete(std::string_view text) noexcept {
  Place place = Place::Nowhere;
  for (std::size_t at = 0; at < text.size() && text[at] != '\0';) {
    const char c = text[at];
    const auto skip_past = [&](char end) {
      at = text.find(end, at + 1);
      if (at == std::string_view::npos) return false;
      ++at;
      return true;
    };
    Token token = Token::Illegal;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r') {
      ++at;
      continue;
    }
    if (c == '/' && at + 1 < text.size() && text[at + 1] == '*') {
      at = text.find("*/", at + 2);
      if (at == std::string_view::npos) return false;
      at += 2;
      continue;
    }
    if (c == '-' && at + 1 < text.size() && text[at + 1] == '-') {
      at = text.find('\n', at);
      if (at == std::string_view::npos) break;
      continue;
    }
    if (c == ';') {
      token = Token::Semicolon;
      ++at;
    } else if (c == '\'' || c == '"' || c == '`') {
      if (!skip_past(c)) return false;
    } else if (c == '[') {
      if (!skip_past(']')) return false;
    } else if (is_identifier_byte(c)) {
      const std::size_t begin = at;
      while (at < text.size() && is_identifier_byte(text[at])) ++at;
      const Token word = find_keyword(text.substr(begin, at - begin));
      switch (word) {
        case Token::KwCreate:
        case Token::KwTemp:
        case Token::KwTemporary:
        case Token::KwTrigger:
        case Token::KwEnd:
        case Token::KwExplain:
          token = word;
          break;
        default:
          token = Token::Identifier;
          break;
      }
    } else {
      ++at;
    }
    place = after(place, token);
  }
  return place == Place::Between;
}

}  // namespace perlite::sql
