#include "sql/parse.h"

#include <algorithm>
#include <cstring>

#include "base/deep_stack.h"

namespace perlite::sql {

void Scratch::grow(std::size_t size) {
  std::size_t capacity = capacity_ * 2;
  while (capacity - size_ < size) capacity *= 2;
  if (bytes_ == inline_) {
    char* bytes = static_cast<char*>(base::Allocator::allocate(capacity));
    std::memcpy(bytes, inline_, size_);
    bytes_ = bytes;
  } else {
    bytes_ = static_cast<char*>(base::Allocator::reallocate(bytes_, capacity));
  }
  capacity_ = capacity;
}

namespace {
constexpr KeywordUse kUse[] = {
#define KEYWORD(token, text, use) KeywordUse::use,
#include "sql/keywords.def"
#undef KEYWORD
};
}  // namespace

KeywordUse keyword_use(Token token) noexcept {
  return kUse[static_cast<std::size_t>(token) - static_cast<std::size_t>(kFirstKeyword)];
}

Parser::Parser(std::string_view text, Arena& arena, const ParseLimits& limits)
    : text_(text), arena_(arena), limits_(limits) {
  if (text.size() > 0xffffff00u) {
    fail(Code::TooBig);
    return;
  }
  advance();
}

// ------------------------------------------------------------------------------------------------ whole statements

Result<ParseResult> Parser::statement() {
  ParseResult result;
  while (accept(Token::Semicolon)) {
  }
  if (!at(Token::End)) {
    if (accept(Token::KwExplain)) {
      result.explain = ExplainMode::Program;
      if (accept(Token::KwQuery)) {
        expect(Token::KwPlan);
        result.explain = ExplainMode::QueryPlan;
      }
    }
    result.statement = body();
    if (!at(Token::Semicolon) && !at(Token::End)) syntax_error();
    if (!deferred_.ok()) fail(std::move(deferred_));
  }
  if (failed_) return std::move(status_);
  result.statement_end = current_.begin;
  result.tail = current_.end;
  result.variable_count = variable_count_;
  result.variables = variable_list();
  return result;
}

Result<ExpressionResult> Parser::expression() {
  ExpressionResult result;
  result.expr = expr();
  if (!at(Token::End)) syntax_error();
  if (!deferred_.ok()) fail(std::move(deferred_));
  if (failed_) return std::move(status_);
  result.variable_count = variable_count_;
  result.variables = variable_list();
  return result;
}

Result<const ColumnDefinition*> Parser::column_definition() {
  const ColumnDefinition* result = arena_.make<ColumnDefinition>(column());
  if (!at(Token::End)) syntax_error();
  if (failed_) return std::move(status_);
  return result;
}

// One entry a number; of several names the first stands.
std::span<const Variable> Parser::variable_list() {
  const auto in_order = [](const Variable& a, const Variable& b) { return a.number >= b.number; };
  if (std::adjacent_find(variables_.begin(), variables_.end(), in_order) == variables_.end()) return variables_;
  struct Entry {
    Variable variable;
    std::size_t place;
  };
  arena_containers::Vector<Entry> entries{base::ArenaAllocator<Entry>(arena_)};
  entries.reserve(variables_.size());
  for (std::size_t i = 0; i < variables_.size(); ++i) entries.push_back({variables_[i], i});
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    if (a.variable.number != b.variable.number) return a.variable.number < b.variable.number;
    if (a.variable.name.empty() != b.variable.name.empty()) return b.variable.name.empty();
    return a.place < b.place;
  });
  ListBuilder<Variable> list(scratch_);
  std::uint32_t last = 0;
  for (const Entry& entry : entries) {
    if (entry.variable.number != last) list.add(entry.variable);
    last = entry.variable.number;
  }
  return list.finish(arena_);
}

// ---------------------------------------------------------------------------------------------------------- tokens

void Parser::advance() {
  if (failed_) return;
  previous_ = current_.token;
  previous_end_ = current_.end;
  Token token = next_token(text_, current_.end, &current_.begin, &current_.end);
  if (is_keyword(token) && (token == Token::KwOver || token == Token::KwFilter || token == Token::KwWindow)) [[unlikely]] {
    token = resolve_context_word(token, current_.end);
  }
  current_.token = token;
  if (token == Token::Illegal) [[unlikely]] unrecognized_token();
}

// OVER, FILTER and WINDOW are keywords in their place only: OVER behind ")" and before a name or "(", FILTER behind
// ")" and before "(", WINDOW before `name AS`.
Token Parser::resolve_context_word(Token token, std::uint32_t end) const {
  Lexeme next{Token::End, 0, end};
  next.token = next_token(text_, end, &next.begin, &next.end);
  const auto may_be_name = [](Token t) {
    return t == Token::Identifier || t == Token::QuotedIdentifier || t == Token::String ||
           (is_keyword(t) && t != Token::KwFilter && keyword_use(t) != KeywordUse::Reserved &&
            keyword_use(t) != KeywordUse::Indexed);
  };
  switch (token) {
    case Token::KwOver:
      if (previous_ == Token::RightParen && (next.token == Token::LeftParen || may_be_name(next.token))) return token;
      break;
    case Token::KwFilter:
      if (previous_ == Token::RightParen && next.token == Token::LeftParen) return token;
      break;
    default:
      if (may_be_name(next.token) && next_token(text_, next.end, &next.begin, &next.end) == Token::KwAs) return token;
      break;
  }
  return Token::Identifier;
}

// Is the token behind the current one a dot? Mostly one look at one byte tells.
bool Parser::dot_follows() const {
  if (current_.end >= text_.size()) return false;
  const char next = text_[current_.end];
  if (next == '.') return true;
  if (next == ',' || next == ')' || next == '(' || next == '=' || next == ';') return false;
  return peek().token == Token::Dot;
}

Parser::Lexeme Parser::peek() const {
  Lexeme next{Token::End, 0, 0};
  next.token = next_token(text_, current_.end, &next.begin, &next.end);
  return next;
}

// ---------------------------------------------------------------------------------------------------------- errors

void Parser::fail(Status status) {
  if (failed_) return;
  failed_ = true;
  status_ = std::move(status);
  current_ = {Token::End, current_.begin, current_.begin};
}

void Parser::unrecognized_token() {
  String message("unrecognized token: \"");
  message.append(text_of(current_)).append("\"");
  fail(Status::error(message, static_cast<int>(current_.begin)));
}

void Parser::syntax_error_at(const Lexeme& lexeme) {
  if (failed_) return;
  if (lexeme.token == Token::End) return fail(Status::error("incomplete input"));
  String message("near \"");
  message.append(text_of(lexeme)).append("\": syntax error");
  fail(Status::error(message, static_cast<int>(lexeme.begin)));
}

void Parser::fail_at_end(Status status) {
  if (deferred_.ok()) deferred_ = std::move(status);
}

bool Parser::enter(std::uint32_t cost) {
  depth_ += cost;
  if (depth_ <= limits_.parser_depth) [[likely]] return true;
  fail(Status::error("Recursion limit"));
  return false;
}

// ----------------------------------------------------------------------------------------------------------- names

bool Parser::is_identifier(Token token) const {
  return token == Token::Identifier || token == Token::QuotedIdentifier ||
         (is_keyword(token) && token != Token::KwWindow && token != Token::KwOver && token != Token::KwFilter &&
          keyword_use(token) == KeywordUse::Fallback);
}

bool Parser::is_name(Token token) const {
  return is_identifier(token) || token == Token::String ||
         (is_keyword(token) && (keyword_use(token) == KeywordUse::JoinWord || keyword_use(token) == KeywordUse::Indexed));
}

Name Parser::take_name() {
  Name result;
  result.span = current_.span();
  result.given = true;
  const std::string_view token = text_of(current_);
  if (current_.token == Token::QuotedIdentifier || current_.token == Token::String) {
    result.text = decode_quoted(token, arena_);
    result.quote = token[0] == '"'   ? Quote::Double
                   : token[0] == '[' ? Quote::Bracket
                   : token[0] == '`' ? Quote::Backtick
                                     : Quote::Single;
  } else {
    result.text = token;
  }
  advance();
  return result;
}

Name Parser::name() {
  if (at_name()) return take_name();
  syntax_error();
  return {};
}

Name Parser::identifier_or_string() {
  if (at_identifier() || at(Token::String)) return take_name();
  syntax_error();
  return {};
}

void Parser::qualified_name(Name* schema, Name* object) {
  *object = name();
  if (accept(Token::Dot)) {
    *schema = *object;
    *object = name();
  }
}

NameList Parser::name_list() {
  ListBuilder<Name> list(scratch_);
  expect(Token::LeftParen);
  do list.add(name());
  while (accept(Token::Comma));
  expect(Token::RightParen);
  return list.finish(arena_);
}

NameList Parser::column_name_list() {
  ListBuilder<Name> list(scratch_);
  expect(Token::LeftParen);
  do {
    const Name column = name();
    list.add(column);
    bool decorated = false;
    if (accept(Token::KwCollate)) {
      identifier_or_string();
      decorated = true;
    }
    if (accept(Token::KwAsc) || accept(Token::KwDesc)) decorated = true;
    if (decorated && !at(Token::Comma) && !at(Token::RightParen)) syntax_error();
    if (decorated && !failed_) {
      String message("syntax error after column name \"");
      message.append(column.text).append("\"");
      fail(Status::error(message));
    }
  } while (accept(Token::Comma));
  expect(Token::RightParen);
  return list.finish(arena_);
}

std::string_view Parser::number_text(const Lexeme& lexeme) {
  const std::string_view text = text_of(lexeme);
  if (text.find('_') == std::string_view::npos) return text;
  char* const first = static_cast<char*>(arena_.allocate(text.size(), 1));
  char* const last = std::copy_if(text.begin(), text.end(), first, [](char c) { return c != '_'; });
  return {first, static_cast<std::size_t>(last - first)};
}

// Words, then perhaps one or two signed numbers in parentheses. GENERATED ALWAYS at the end belongs to the constraint
// behind it, not to the type. Of a type that begins with a quoted word only that word counts.
TypeName Parser::type_name() {
  TypeName type;
  if (!at_identifier() && !at(Token::String)) return type;
  const Lexeme first = current_;
  Token words[2] = {Token::End, Token::End};
  std::uint32_t ends[2] = {first.begin, first.begin};  // where the text before the last two words ended
  while (at_identifier() || at(Token::String)) {
    words[0] = words[1];
    ends[0] = ends[1];
    words[1] = current_.token;
    ends[1] = previous_end_;
    advance();
  }
  type.given = true;
  type.span = since(first.begin);
  if (accept(Token::LeftParen)) {
    const auto number = [&] {
      if (at(Token::Plus) || at(Token::Minus)) advance();
      if (!at(Token::Integer) && !at(Token::Float) && !at(Token::HexInteger)) return syntax_error();
      advance();
    };
    number();
    if (accept(Token::Comma)) number();
    expect(Token::RightParen);
    type.span = since(first.begin);
  } else if (words[0] == Token::KwGenerated && words[1] == Token::KwAlways) {
    if (ends[0] <= first.begin) return {};
    type.span.end = ends[0];
  }
  type.text = type.span.of(text_);
  if (first.token == Token::QuotedIdentifier || first.token == Token::String) {
    type.text = decode_quoted(text_of(first), arena_);
  }
  return type;
}

// ------------------------------------------------------------------------------------------------------------ door

Result<ParseResult> parse_statement(std::string_view text, Arena& arena, const ParseLimits& limits) {
  const DeepStackScope deep;
  return Parser(text, arena, limits).statement();
}

Result<ExpressionResult> parse_expression(std::string_view text, Arena& arena, const ParseLimits& limits) {
  const DeepStackScope deep;
  return Parser(text, arena, limits).expression();
}

Result<const ColumnDefinition*> parse_column_definition(std::string_view text, Arena& arena,
                                                        const ParseLimits& limits) {
  const DeepStackScope deep;
  return Parser(text, arena, limits).column_definition();
}

}  // namespace perlite::sql
