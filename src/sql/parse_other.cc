// What begins a statement; transactions; ATTACH, DETACH, ANALYZE, REINDEX, VACUUM, PRAGMA.
#include "sql/parse.h"

namespace perlite::sql {

const Statement* Parser::body() {
  const std::uint32_t begin = current_.begin;
  switch (current_.token) {
    case Token::KwSelect:
    case Token::KwValues: {
      auto* statement = make_statement<SelectStatement>(begin);
      statement->select = select_with(nullptr, begin);
      statement->span = since(begin);
      return statement;
    }
    case Token::KwWith:
      return with_statement();
    case Token::KwInsert:
    case Token::KwReplace:
      return insert(nullptr, begin, false);
    case Token::KwUpdate:
      return update(nullptr, begin, false);
    case Token::KwDelete:
      return remove(nullptr, begin, false);
    case Token::KwCreate:
      return create();
    case Token::KwDrop:
      return drop();
    case Token::KwAlter:
      return alter();
    case Token::KwBegin:
    case Token::KwCommit:
    case Token::KwEnd:
    case Token::KwRollback:
    case Token::KwSavepoint:
    case Token::KwRelease:
      return transaction();
    case Token::KwAttach:
      return attach();
    case Token::KwDetach:
      return detach();
    case Token::KwAnalyze:
    case Token::KwReindex:
      return analyze_or_reindex();
    case Token::KwVacuum:
      return vacuum();
    case Token::KwPragma:
      return pragma();
    default:
      syntax_error();
      return nullptr;
  }
}

// [TRANSACTION [name]]: the name has no meaning.
void Parser::transaction_words() {
  if (accept(Token::KwTransaction) && at_name()) take_name();
}

const Statement* Parser::transaction() {
  const std::uint32_t begin = current_.begin;
  const Token word = current_.token;
  advance();
  Statement* result = nullptr;
  switch (word) {
    case Token::KwBegin: {
      auto* statement = make_statement<BeginStatement>(begin);
      if (accept(Token::KwDeferred)) {
        statement->mode = TransactionMode::Deferred;
      } else if (accept(Token::KwImmediate)) {
        statement->mode = TransactionMode::Immediate;
      } else if (accept(Token::KwExclusive)) {
        statement->mode = TransactionMode::Exclusive;
      }
      transaction_words();
      result = statement;
      break;
    }
    case Token::KwCommit:
    case Token::KwEnd:
      result = make_statement<CommitStatement>(begin);
      transaction_words();
      break;
    case Token::KwRollback: {
      auto* statement = make_statement<RollbackStatement>(begin);
      transaction_words();
      if (accept(Token::KwTo)) {
        accept(Token::KwSavepoint);
        statement->savepoint = name();
      }
      result = statement;
      break;
    }
    case Token::KwSavepoint: {
      auto* statement = make_statement<SavepointStatement>(begin);
      statement->name = name();
      result = statement;
      break;
    }
    default: {
      auto* statement = make_statement<ReleaseStatement>(begin);
      accept(Token::KwSavepoint);
      statement->name = name();
      result = statement;
      break;
    }
  }
  result->span = since(begin);
  return result;
}

const Statement* Parser::attach() {
  auto* statement = make_statement<AttachStatement>(current_.begin);
  advance();
  accept(Token::KwDatabase);
  statement->file = expr();
  expect(Token::KwAs);
  statement->schema = expr();
  if (accept(Token::KwKey)) statement->key = expr();
  statement->span = since(statement->span.begin);
  return statement;
}

const Statement* Parser::detach() {
  auto* statement = make_statement<DetachStatement>(current_.begin);
  advance();
  accept(Token::KwDatabase);
  statement->schema = expr();
  statement->span = since(statement->span.begin);
  return statement;
}

const Statement* Parser::analyze_or_reindex() {
  const std::uint32_t begin = current_.begin;
  const bool analyze = at(Token::KwAnalyze);
  advance();
  Name schema;
  Name object;
  if (!at(Token::Semicolon) && !at(Token::End)) qualified_name(&schema, &object);
  if (analyze) {
    auto* statement = make_statement<AnalyzeStatement>(begin);
    statement->schema = schema;
    statement->name = object;
    statement->span = since(begin);
    return statement;
  }
  auto* statement = make_statement<ReindexStatement>(begin);
  statement->schema = schema;
  statement->name = object;
  statement->span = since(begin);
  return statement;
}

const Statement* Parser::vacuum() {
  auto* statement = make_statement<VacuumStatement>(current_.begin);
  advance();
  if (at_name()) statement->schema = take_name();
  if (accept(Token::KwInto)) statement->into = expr();
  statement->span = since(statement->span.begin);
  return statement;
}

const Statement* Parser::pragma() {
  auto* statement = make_statement<PragmaStatement>(current_.begin);
  advance();
  qualified_name(&statement->schema, &statement->name);
  statement->form = PragmaForm::Bare;
  if (at(Token::Equal) || at(Token::LeftParen)) {
    statement->form = at(Token::Equal) ? PragmaForm::Equals : PragmaForm::Call;
    advance();
    const std::uint32_t begin = current_.begin;
    const bool minus = at(Token::Minus);
    const bool sign = minus || at(Token::Plus);
    if (sign) advance();
    if (at(Token::Integer) || at(Token::Float) || at(Token::HexInteger)) {
      statement->value_is_number = true;
      statement->value = text_of(current_);
      if (minus) {
        char* const text = static_cast<char*>(arena_.allocate(statement->value.size() + 1, 1));
        text[0] = '-';
        statement->value.copy(text + 1, statement->value.size());
        statement->value = {text, statement->value.size() + 1};
      }
      advance();
    } else if (!sign && (at_name() || at(Token::KwOn) || at(Token::KwDelete) || at(Token::KwDefault))) {
      const Name word = take_name();
      statement->value = word.text;
      statement->value_quote = word.quote;
    } else {
      syntax_error();
    }
    statement->value_span = since(begin);
    if (statement->form == PragmaForm::Call) expect(Token::RightParen);
  }
  statement->span = since(statement->span.begin);
  return statement;
}

}  // namespace perlite::sql
