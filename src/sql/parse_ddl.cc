// CREATE, DROP and ALTER (lang_createtable.html and its kin, lang_altertable.html).
#include "sql/parse.h"

namespace perlite::sql {
namespace {

bool same_word(std::string_view a, std::string_view upper) {
  if (a.size() != upper.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'a' && a[i] <= 'z' ? static_cast<char>(a[i] - 32) : a[i];
    if (c != upper[i]) return false;
  }
  return true;
}

// The order of NULLs cannot be chosen in an index.
Status explicit_nulls(OrderList columns) {
  for (const OrderTerm& column : columns) {
    if (column.nulls == NullsOrder::Unspecified) continue;
    return Status::format(Code::Error, -1, "unsupported use of NULLS %s",
                          column.nulls == NullsOrder::First ? "FIRST" : "LAST");
  }
  return {};
}

}  // namespace

const Statement* Parser::create() {
  const std::uint32_t begin = current_.begin;
  advance();
  if (accept(Token::KwVirtual)) {
    expect(Token::KwTable);
    return create_virtual(begin);
  }
  if (accept(Token::KwUnique)) {
    expect(Token::KwIndex);
    return create_index(begin, true);
  }
  if (accept(Token::KwIndex)) return create_index(begin, false);
  const bool temporary = accept(Token::KwTemp) || accept(Token::KwTemporary);
  if (accept(Token::KwTable)) return create_table(begin, temporary);
  if (accept(Token::KwView)) return create_view(begin, temporary);
  if (accept(Token::KwTrigger)) return create_trigger(begin, temporary);
  syntax_error();
  return nullptr;
}

bool Parser::if_not_exists() {
  if (!accept(Token::KwIf)) return false;
  expect(Token::KwNot);
  expect(Token::KwExists);
  return true;
}

// ----------------------------------------------------------------------------------------------------------- TABLE

const Statement* Parser::create_table(std::uint32_t begin, bool temporary) {
  auto* statement = make_statement<CreateTableStatement>(begin);
  statement->temporary = temporary;
  statement->if_not_exists = if_not_exists();
  qualified_name(&statement->schema, &statement->name);
  if (accept(Token::KwAs)) {
    if (!at_select()) syntax_error();
    statement->select = select();
    statement->span = since(begin);
    return statement;
  }
  statement->body_begin = current_.begin;
  expect(Token::LeftParen);
  ListBuilder<ColumnDefinition> columns(scratch_);
  bool constraints_follow = false;
  do {
    constraints_follow = columns.count() > 0 && (at(Token::KwConstraint) || at(Token::KwPrimary) || at(Token::KwUnique) ||
                                                 at(Token::KwCheck) || at(Token::KwForeign));
    if (constraints_follow) break;
    columns.add(column());
    if (columns.count() > limits_.columns && !failed_) {
      String message("too many columns on ");
      message.append(statement->name.text);
      fail(Status::error(message));
    }
    statement->columns_end = previous_end_;
  } while (accept(Token::Comma));
  statement->columns = columns.finish(arena_);
  if (constraints_follow) {
    ListBuilder<TableConstraint> constraints(scratch_);
    do {
      auto* constraint = arena_.make<TableConstraint>();
      table_constraint(*constraint);
      if (failed_) return nullptr;
      constraints.add(*constraint);
      if (accept(Token::Comma) && at(Token::RightParen)) syntax_error();
    } while (!at(Token::RightParen) && !failed_);
    statement->constraints = constraints.finish(arena_);
  }
  statement->body_end = current_.begin;
  expect(Token::RightParen);
  if (at_name() || accept(Token::Comma)) table_options(*statement);  // a comma before the first option is tolerated
  statement->span = since(begin);
  return statement;
}

// WITHOUT ROWID and STRICT, separated by commas.
void Parser::table_options(CreateTableStatement& table) {
  do {
    const bool without = accept(Token::KwWithout);
    const Name option = name();
    if (!at(Token::Comma) && !at(Token::Semicolon) && !at(Token::End)) syntax_error();
    if (failed_) return;
    if (without && same_word(option.span.of(text_), "ROWID")) {
      table.without_rowid = true;
    } else if (!without && same_word(option.span.of(text_), "STRICT")) {
      table.strict = true;
    } else {
      String message("unknown table option: ");
      message.append(option.span.of(text_));
      fail(Status::error(message));
    }
  } while (accept(Token::Comma));
}

ColumnDefinition Parser::column() {
  ColumnDefinition column{};
  const std::uint32_t begin = current_.begin;
  column.name = name();
  column.type = type_name();
  // The words GENERATED ALWAYS look like the end of the type; type_name() left them to the constraint.
  const Token before = previous_;
  column.constraints = column_constraints(column.name, before == Token::KwAlways && at(Token::KwAs));
  column.span = since(begin);
  return column;
}

std::span<const ColumnConstraint> Parser::column_constraints(const Name& column, bool generated_words) {
  ListBuilder<ColumnConstraint> list(scratch_);
  ForeignKeyClause* last_key = nullptr;
  for (;;) {
    ColumnConstraint constraint{};
    constraint.generated_words = generated_words;
    generated_words = false;
    const std::uint32_t begin = current_.begin;
    const bool named = accept(Token::KwConstraint);
    if (named) constraint.name = name();
    const bool kept = column_constraint(constraint, last_key, column);
    if (failed_) return {};
    constraint.span = since(begin);
    if (kept || named) list.add(constraint);
    if (!kept && current_.begin == begin) break;
  }
  return list.finish(arena_);
}

// One constraint behind its name. False when there is none of its own here: nothing, or a DEFERRABLE that belongs to
// the foreign key before it.
bool Parser::column_constraint(ColumnConstraint& constraint, ForeignKeyClause*& last_key, const Name& column) {
  constraint.kind = ConstraintKind::NameOnly;
  switch (current_.token) {
    case Token::KwPrimary:
      advance();
      expect(Token::KwKey);
      constraint.kind = ConstraintKind::PrimaryKey;
      if (accept(Token::KwAsc)) {
        constraint.order = SortOrder::Ascending;
      } else if (accept(Token::KwDesc)) {
        constraint.order = SortOrder::Descending;
      }
      constraint.on_conflict = on_conflict();
      constraint.autoincrement = accept(Token::KwAutoincrement);
      return true;
    case Token::KwNot:
      if (peek().token == Token::KwDeferrable) {
        deferrable_clause(last_key);
        return false;
      }
      advance();
      expect(Token::KwNull);
      constraint.kind = ConstraintKind::NotNull;
      constraint.on_conflict = on_conflict();
      return true;
    case Token::KwNull:
      advance();
      constraint.kind = ConstraintKind::Null;
      constraint.on_conflict = on_conflict();
      return true;
    case Token::KwUnique:
      advance();
      constraint.kind = ConstraintKind::Unique;
      constraint.on_conflict = on_conflict();
      return true;
    case Token::KwCheck:
      advance();
      constraint.kind = ConstraintKind::Check;
      constraint.expr = parenthesised_expr(&constraint.expr_span);
      return true;
    case Token::KwDefault:
      advance();
      constraint.kind = ConstraintKind::Default;
      default_value(constraint);
      return true;
    case Token::KwCollate:
      advance();
      constraint.kind = ConstraintKind::Collate;
      constraint.collation = identifier_or_string();
      return true;
    case Token::KwReferences:
      constraint.kind = ConstraintKind::ForeignKey;
      constraint.foreign_key = last_key = foreign_key_clause();
      return true;
    case Token::KwDeferrable:
      deferrable_clause(last_key);
      return false;
    case Token::KwGenerated:
    case Token::KwAs:
      if (accept(Token::KwGenerated)) {
        constraint.generated_words = true;
        expect(Token::KwAlways);
      }
      expect(Token::KwAs);
      constraint.kind = ConstraintKind::Generated;
      constraint.expr = parenthesised_expr(&constraint.expr_span);
      if (at_identifier()) {
        const Name storage = take_name();
        if (!at(Token::Comma) && !at(Token::RightParen) &&
            !(is_keyword(current_.token) && keyword_use(current_.token) == KeywordUse::Reserved)) {
          syntax_error();
        }
        constraint.storage_given = true;
        constraint.stored = same_word(storage.span.of(text_), "STORED");
        if (!constraint.stored && !same_word(storage.span.of(text_), "VIRTUAL") && !failed_) {
          String message("error in generated column \"");
          message.append(column.text).append("\"");
          fail(Status::error(message));
        }
      }
      return true;
    default:
      return false;
  }
}

// "(" e ")". The span is that of the expression alone.
const Expr* Parser::parenthesised_expr(Span* span) {
  expect(Token::LeftParen);
  const std::uint32_t begin = current_.begin;
  const Expr* const result = expr();
  *span = since(begin);
  expect(Token::RightParen);
  return result;
}

void Parser::default_value(ColumnConstraint& constraint) {
  if (at(Token::LeftParen)) {
    constraint.default_form = DefaultForm::Parenthesized;
    constraint.expr = parenthesised_expr(&constraint.expr_span);
    return;
  }
  const std::uint32_t begin = current_.begin;
  if (at(Token::Plus) || at(Token::Minus)) {
    constraint.default_form = DefaultForm::Signed;
    auto* sign = make_expr<UnaryExpr>();
    sign->op = at(Token::Minus) ? UnaryOp::Minus : UnaryOp::Plus;
    advance();
    sign->operand = literal();
    constraint.expr = sized(sign, begin, 2);
  } else if (at(Token::KwNull) || at(Token::KwCurrentDate) || at(Token::KwCurrentTime) ||
             at(Token::KwCurrentTimestamp) || !(at_identifier() || at(Token::KwIndexed))) {
    constraint.default_form = DefaultForm::Term;
    constraint.expr = literal();
  } else {
    constraint.default_form = DefaultForm::Identifier;
    auto* text = make_expr<LiteralExpr>();
    text->literal = LiteralKind::String;
    text->text = take_name().text;
    constraint.expr = sized(text, begin, 1);
  }
  constraint.expr_span = since(begin);
}

// [ON CONFLICT action]
ConflictAction Parser::on_conflict() {
  if (!accept(Token::KwOn)) return ConflictAction::None;
  expect(Token::KwConflict);
  return conflict_action();
}

// REFERENCES table [(columns)] {ON event action | MATCH name}
ForeignKeyClause* Parser::foreign_key_clause() {
  auto* key = arena_.make<ForeignKeyClause>();
  const std::uint32_t begin = current_.begin;
  expect(Token::KwReferences);
  key->table = name();
  if (at(Token::LeftParen)) key->columns = column_name_list();
  for (;;) {
    if (accept(Token::KwMatch)) {
      key->match = name();
      continue;
    }
    if (!accept(Token::KwOn)) break;
    const Token event = current_.token;
    if (event != Token::KwDelete && event != Token::KwUpdate && event != Token::KwInsert) syntax_error();
    advance();
    ForeignKeyAction action = ForeignKeyAction::NoAction;
    if (accept(Token::KwSet)) {
      action = ForeignKeyAction::SetNull;
      if (accept(Token::KwDefault)) {
        action = ForeignKeyAction::SetDefault;
      } else {
        expect(Token::KwNull);
      }
    } else if (accept(Token::KwCascade)) {
      action = ForeignKeyAction::Cascade;
    } else if (accept(Token::KwRestrict)) {
      action = ForeignKeyAction::Restrict;
    } else {
      expect(Token::KwNo);
      expect(Token::KwAction);
    }
    if (event == Token::KwDelete) {
      key->on_delete = action;
      key->on_delete_given = true;
    } else if (event == Token::KwUpdate) {
      key->on_update = action;
      key->on_update_given = true;
    }
  }
  key->span = since(begin);
  return key;
}

// [NOT] DEFERRABLE [INITIALLY (DEFERRED | IMMEDIATE)]; without a key before it, it says nothing.
void Parser::deferrable_clause(ForeignKeyClause* key) {
  const bool negated = accept(Token::KwNot);
  expect(Token::KwDeferrable);
  bool given = false;
  bool deferred = false;
  if (accept(Token::KwInitially)) {
    given = true;
    deferred = accept(Token::KwDeferred);
    if (!deferred) expect(Token::KwImmediate);
  }
  if (key == nullptr) return;
  key->deferrable_given = true;
  key->deferrable = !negated;
  key->initially_given = given;
  key->initially_deferred = deferred;
  key->span.end = previous_end_;
}

void Parser::table_constraint(TableConstraint& constraint) {
  const std::uint32_t begin = current_.begin;
  constraint.kind = ConstraintKind::NameOnly;
  const bool named = accept(Token::KwConstraint);
  if (named) constraint.name = name();
  switch (current_.token) {
    case Token::KwPrimary:
      advance();
      expect(Token::KwKey);
      constraint.kind = ConstraintKind::PrimaryKey;
      expect(Token::LeftParen);
      constraint.columns = order_list();
      constraint.autoincrement = accept(Token::KwAutoincrement);
      expect(Token::RightParen);
      constraint.on_conflict = on_conflict();
      break;
    case Token::KwUnique:
      advance();
      constraint.kind = ConstraintKind::Unique;
      expect(Token::LeftParen);
      constraint.columns = order_list();
      expect(Token::RightParen);
      constraint.on_conflict = on_conflict();
      break;
    case Token::KwCheck:
      advance();
      constraint.kind = ConstraintKind::Check;
      constraint.expr = parenthesised_expr(&constraint.expr_span);
      constraint.on_conflict = on_conflict();
      break;
    case Token::KwForeign: {
      advance();
      expect(Token::KwKey);
      constraint.kind = ConstraintKind::ForeignKey;
      constraint.key_columns = column_name_list();
      ForeignKeyClause* const key = foreign_key_clause();
      if (at(Token::KwDeferrable) || at(Token::KwNot)) deferrable_clause(key);
      constraint.foreign_key = key;
      break;
    }
    default:
      if (!named) syntax_error();
      break;
  }
  fail_at_end(explicit_nulls(constraint.columns));
  constraint.span = since(begin);
}

// -------------------------------------------------------------------------------------------- INDEX, VIEW, TRIGGER

const Statement* Parser::create_index(std::uint32_t begin, bool unique) {
  auto* statement = make_statement<CreateIndexStatement>(begin);
  statement->unique = unique;
  statement->if_not_exists = if_not_exists();
  qualified_name(&statement->schema, &statement->name);
  expect(Token::KwOn);
  statement->table = name();
  expect(Token::LeftParen);
  statement->columns = order_list();
  expect(Token::RightParen);
  if (accept(Token::KwWhere)) statement->where = expr();
  if (!at(Token::Semicolon) && !at(Token::End)) syntax_error();
  if (!failed_) {
    Status status = explicit_nulls(statement->columns);
    if (!status.ok()) fail(std::move(status));
  }
  statement->span = since(begin);
  return statement;
}

const Statement* Parser::create_view(std::uint32_t begin, bool temporary) {
  auto* statement = make_statement<CreateViewStatement>(begin);
  statement->temporary = temporary;
  statement->if_not_exists = if_not_exists();
  qualified_name(&statement->schema, &statement->name);
  if (at(Token::LeftParen)) {
    statement->has_columns = true;
    statement->columns = column_name_list();
  }
  expect(Token::KwAs);
  if (!at_select()) syntax_error();
  statement->select = select();
  statement->span = since(begin);
  return statement;
}

const Statement* Parser::create_trigger(std::uint32_t begin, bool temporary) {
  auto* statement = make_statement<CreateTriggerStatement>(begin);
  statement->temporary = temporary;
  statement->if_not_exists = if_not_exists();
  qualified_name(&statement->schema, &statement->name);
  if (accept(Token::KwBefore)) {
    statement->timing = TriggerTiming::Before;
  } else if (accept(Token::KwAfter)) {
    statement->timing = TriggerTiming::After;
  } else if (accept(Token::KwInstead)) {
    expect(Token::KwOf);
    statement->timing = TriggerTiming::InsteadOf;
  }
  if (accept(Token::KwDelete)) {
    statement->event = TriggerEvent::Delete;
  } else if (accept(Token::KwInsert)) {
    statement->event = TriggerEvent::Insert;
  } else {
    expect(Token::KwUpdate);
    statement->event = TriggerEvent::Update;
    if (accept(Token::KwOf)) {
      ListBuilder<Name> columns(scratch_);
      do columns.add(name());
      while (accept(Token::Comma));
      statement->columns = columns.finish(arena_);
    }
  }
  expect(Token::KwOn);
  qualified_name(&statement->table_schema, &statement->table);
  if (accept(Token::KwFor)) {
    expect(Token::KwEach);
    expect(Token::KwRow);
    statement->for_each_row = true;
  }
  if (accept(Token::KwWhen)) statement->when = expr();
  expect(Token::KwBegin);
  ListBuilder<const Statement*> body(scratch_);
  do {
    body.add(trigger_step(temporary));
    expect(Token::Semicolon);
  } while (!failed_ && !at(Token::KwEnd));
  expect(Token::KwEnd);
  statement->body = body.finish(arena_);
  statement->span = since(begin);
  return statement;
}

// One statement of a trigger's body, and what it may not have there (lang_createtrigger.html, section 2.1).
const Statement* Parser::trigger_step(bool temporary) {
  const std::uint32_t begin = current_.begin;
  const Statement* step = nullptr;
  const TargetTable* target = nullptr;
  switch (current_.token) {
    case Token::KwInsert:
    case Token::KwReplace:
      step = insert(nullptr, begin, true);
      if (!failed_) target = &step->as<InsertStatement>().table;
      break;
    case Token::KwUpdate:
      step = update(nullptr, begin, true);
      if (!failed_) target = &step->as<UpdateStatement>().table;
      break;
    case Token::KwDelete:
      step = remove(nullptr, begin, true);
      if (!failed_) target = &step->as<DeleteStatement>().table;
      break;
    default: {
      if (!at_select()) syntax_error();
      auto* query = make_statement<SelectStatement>(begin);
      query->select = select();
      query->span = since(begin);
      step = query;
      break;
    }
  }
  if (!at(Token::Semicolon)) syntax_error();
  if (target != nullptr && !failed_) {
    if (target->schema.present() && !temporary) {
      fail(Status::error(
          "qualified table names are not allowed on INSERT, UPDATE, and DELETE statements within triggers"));
    }
  }
  return step;
}

// The arguments of a module are its own business: any tokens, split at commas outside of parentheses.
const Statement* Parser::create_virtual(std::uint32_t begin) {
  auto* statement = make_statement<CreateVirtualStatement>(begin);
  statement->if_not_exists = if_not_exists();
  qualified_name(&statement->schema, &statement->name);
  expect(Token::KwUsing);
  statement->module = name();
  if (accept(Token::LeftParen)) {
    statement->has_arguments = true;
    ListBuilder<std::string_view> arguments(scratch_);
    std::uint32_t argument_begin = current_.begin;
    std::uint32_t argument_end = current_.begin;
    std::uint32_t open = 0;
    const auto finish_argument = [&] {
      if (argument_end > argument_begin) arguments.add(Span{argument_begin, argument_end}.of(text_));
    };
    for (;;) {
      if (at(Token::End) || (open == 0 && at(Token::RightParen))) break;
      if (open == 0 && at(Token::Comma)) {
        finish_argument();
        advance();
        argument_begin = argument_end = current_.begin;
        continue;
      }
      if (at(Token::LeftParen)) ++open;
      if (at(Token::RightParen)) --open;
      argument_end = current_.end;
      advance();
    }
    finish_argument();
    statement->arguments = arguments.finish(arena_);
    expect(Token::RightParen);
  }
  statement->span = since(begin);
  return statement;
}

// ----------------------------------------------------------------------------------------------------- DROP, ALTER

const Statement* Parser::drop() {
  auto* statement = make_statement<DropStatement>(current_.begin);
  advance();
  if (accept(Token::KwTable)) {
    statement->object = ObjectKind::Table;
  } else if (accept(Token::KwIndex)) {
    statement->object = ObjectKind::Index;
  } else if (accept(Token::KwView)) {
    statement->object = ObjectKind::View;
  } else {
    expect(Token::KwTrigger);
    statement->object = ObjectKind::Trigger;
  }
  if (accept(Token::KwIf)) {
    expect(Token::KwExists);
    statement->if_exists = true;
  }
  qualified_name(&statement->schema, &statement->name);
  statement->span = since(statement->span.begin);
  return statement;
}

const Statement* Parser::alter() {
  auto* statement = make_statement<AlterStatement>(current_.begin);
  advance();
  expect(Token::KwTable);
  qualified_name(&statement->schema, &statement->table);
  if (accept(Token::KwRename)) {
    if (accept(Token::KwTo)) {
      statement->alter = AlterKind::RenameTable;
    } else {
      statement->alter = AlterKind::RenameColumn;
      statement->column_word = accept(Token::KwColumn);
      statement->old_name = name();
      expect(Token::KwTo);
    }
    statement->new_name = name();
  } else if (accept(Token::KwAdd)) {
    if (at(Token::KwConstraint) || at(Token::KwCheck)) {
      auto* constraint = arena_.make<TableConstraint>();
      const std::uint32_t begin = current_.begin;
      statement->alter = AlterKind::AddCheck;
      if (accept(Token::KwConstraint)) constraint->name = name();
      constraint->kind = ConstraintKind::Check;
      expect(Token::KwCheck);
      constraint->expr = parenthesised_expr(&constraint->expr_span);
      constraint->on_conflict = on_conflict();
      constraint->span = since(begin);
      statement->constraint = constraint;
    } else {
      statement->alter = AlterKind::AddColumn;
      statement->column_word = accept(Token::KwColumn);
      statement->column = arena_.make<ColumnDefinition>(column());
    }
  } else if (accept(Token::KwDrop)) {
    if (accept(Token::KwConstraint)) {
      statement->alter = AlterKind::DropConstraint;
    } else {
      statement->alter = AlterKind::DropColumn;
      statement->column_word = accept(Token::KwColumn);
    }
    statement->old_name = name();
  } else {
    expect(Token::KwAlter);
    statement->column_word = accept(Token::KwColumn);
    statement->old_name = name();
    if (accept(Token::KwSet)) {
      statement->alter = AlterKind::SetNotNull;
    } else {
      expect(Token::KwDrop);
      statement->alter = AlterKind::DropNotNull;
    }
    expect(Token::KwNot);
    expect(Token::KwNull);
    if (statement->alter == AlterKind::SetNotNull) statement->on_conflict = on_conflict();
  }
  statement->span = since(statement->span.begin);
  return statement;
}

}  // namespace perlite::sql
