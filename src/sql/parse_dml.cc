// INSERT, UPDATE, DELETE (lang_insert.html, lang_upsert.html, lang_update.html, lang_delete.html, lang_returning.html).
#include "sql/parse.h"

namespace perlite::sql {

const Statement* Parser::with_statement() {
  const std::uint32_t begin = current_.begin;
  const With* with = with_clause();
  if (failed_) return nullptr;
  switch (current_.token) {
    case Token::KwInsert:
    case Token::KwReplace:
      return insert(with, begin, false);
    case Token::KwUpdate:
      return update(with, begin, false);
    case Token::KwDelete:
      return remove(with, begin, false);
    default: {
      auto* statement = make_statement<SelectStatement>(begin);
      statement->select = select_with(with, begin);
      statement->span = since(begin);
      return statement;
    }
  }
}

// schema.name [AS alias]
void Parser::target_table(TargetTable& table) {
  const std::uint32_t begin = current_.begin;
  qualified_name(&table.schema, &table.name);
  if (accept(Token::KwAs)) table.alias = name();
  table.span = since(begin);
}

void Parser::refuse_hint(IndexHint hint) {
  if (hint == IndexHint::None) return;
  fail(Status::format(Code::Error, -1, "the %s clause is not allowed on UPDATE or DELETE statements within triggers",
                      hint == IndexHint::IndexedBy ? "INDEXED BY" : "NOT INDEXED"));
}

ConflictAction Parser::conflict_action() {
  if (accept(Token::KwRollback)) return ConflictAction::Rollback;
  if (accept(Token::KwAbort)) return ConflictAction::Abort;
  if (accept(Token::KwFail)) return ConflictAction::Fail;
  if (accept(Token::KwIgnore)) return ConflictAction::Ignore;
  expect(Token::KwReplace);
  return ConflictAction::Replace;
}

const Statement* Parser::insert(const With* with, std::uint32_t begin, bool in_trigger) {
  auto* statement = make_statement<InsertStatement>(begin);
  statement->with = with;
  if (accept(Token::KwReplace)) {
    statement->replace_word = true;
    statement->on_conflict = ConflictAction::Replace;
  } else {
    advance();
    if (accept(Token::KwOr)) statement->on_conflict = conflict_action();
  }
  expect(Token::KwInto);
  target_table(statement->table);
  if (at(Token::LeftParen)) {
    statement->has_columns = true;
    statement->columns = name_list();
  }
  if (at(Token::KwDefault) && !in_trigger) {
    advance();
    expect(Token::KwValues);
  } else {
    if (!at_select()) syntax_error();
    if (failed_) return nullptr;
    statement->select = select();
    ListBuilder<UpsertClause> upserts(scratch_);
    bool last = false;
    while (!last && at(Token::KwOn)) {
      auto* clause = arena_.make<UpsertClause>();
      last = upsert_clause(*clause);
      upserts.add(*clause);
    }
    statement->upserts = upserts.finish(arena_);
  }
  if (accept(Token::KwReturning)) {
    statement->returning = result_columns();
    if (in_trigger && !at(Token::Semicolon)) syntax_error();
    if (in_trigger && !failed_) fail(Status::error("cannot use RETURNING in a trigger"));
  }
  statement->span = since(begin);
  return statement;
}

// One ON CONFLICT clause. True when it has no target: such a clause is the last.
bool Parser::upsert_clause(UpsertClause& clause) {
  const std::uint32_t begin = current_.begin;
  advance();
  expect(Token::KwConflict);
  const bool targeted = accept(Token::LeftParen);
  if (targeted) {
    clause.target = order_list();
    expect(Token::RightParen);
    if (accept(Token::KwWhere)) clause.target_where = expr();
  }
  expect(Token::KwDo);
  if (accept(Token::KwNothing)) {
    clause.action = UpsertAction::Nothing;
  } else {
    expect(Token::KwUpdate);
    expect(Token::KwSet);
    clause.action = UpsertAction::Update;
    clause.assignments = assignments();
    if (accept(Token::KwWhere)) clause.where = expr();
  }
  clause.span = since(begin);
  return !targeted;
}

std::span<const Assignment> Parser::assignments() {
  ListBuilder<Assignment> list(scratch_);
  do {
    Assignment assignment{};
    const std::uint32_t begin = current_.begin;
    if (at(Token::LeftParen)) {
      assignment.row = true;
      assignment.columns = name_list();
    } else {
      const Name column = name();
      assignment.columns = arena_.copy_array(std::span<const Name>(&column, 1));
    }
    expect(Token::Equal);
    assignment.value = expr();
    assignment.span = since(begin);
    list.add(assignment);
  } while (accept(Token::Comma));
  if (list.count() > limits_.columns) fail_at_end(Status::error("too many columns in set list"));
  return list.finish(arena_);
}

const Statement* Parser::update(const With* with, std::uint32_t begin, bool in_trigger) {
  auto* statement = make_statement<UpdateStatement>(begin);
  statement->with = with;
  advance();
  if (accept(Token::KwOr)) statement->on_conflict = conflict_action();
  target_table(statement->table);
  index_hint(&statement->table.hint, &statement->table.index);
  if (in_trigger && at(Token::KwSet)) refuse_hint(statement->table.hint);
  expect(Token::KwSet);
  statement->assignments = assignments();
  if (accept(Token::KwFrom)) statement->from = from_clause();
  if (accept(Token::KwWhere)) statement->where = expr();
  if (!in_trigger) {
    if (accept(Token::KwReturning)) statement->returning = result_columns();
    order_and_limit(&statement->order_by, &statement->limit, &statement->offset);
  }
  statement->span = since(begin);
  return statement;
}

const Statement* Parser::remove(const With* with, std::uint32_t begin, bool in_trigger) {
  auto* statement = make_statement<DeleteStatement>(begin);
  statement->with = with;
  advance();
  expect(Token::KwFrom);
  target_table(statement->table);
  index_hint(&statement->table.hint, &statement->table.index);
  if (in_trigger && (at(Token::KwWhere) || at(Token::Semicolon))) refuse_hint(statement->table.hint);
  if (accept(Token::KwWhere)) statement->where = expr();
  if (!in_trigger) {
    if (accept(Token::KwReturning)) statement->returning = result_columns();
    order_and_limit(&statement->order_by, &statement->limit, &statement->offset);
  }
  statement->span = since(begin);
  return statement;
}

void Parser::order_and_limit(OrderList* order, const Expr** limit, const Expr** offset) {
  if (!limits_.update_delete_limit) return;
  if (accept(Token::KwOrder)) {
    expect(Token::KwBy);
    *order = order_list();
  }
  limit_clause(limit, offset);
}

}  // namespace perlite::sql
