// SELECT, VALUES, WITH and FROM (lang_select.html, lang_with.html).
#include <algorithm>

#include "base/deep_stack.h"
#include "sql/parse.h"

namespace perlite::sql {
namespace {

// What one level of a query, or of parentheses in FROM, counts towards ParseLimits::parser_depth.
constexpr std::uint32_t kSelectCost = 4;
constexpr std::uint32_t kNestedFromCost = 2;

const char* compound_name(CompoundOp op) {
  switch (op) {
    case CompoundOp::Union:
      return "UNION";
    case CompoundOp::UnionAll:
      return "UNION ALL";
    case CompoundOp::Intersect:
      return "INTERSECT";
    default:
      return "EXCEPT";
  }
}

void grow(std::uint32_t& height, const Expr* expr) {
  if (expr != nullptr) height = std::max(height, expr->height);
}
void grow(std::uint32_t& height, const SelectCore& core) {
  for (const ResultColumn& column : core.columns) grow(height, column.expr);
  grow(height, core.where);
  for (const Expr* term : core.group_by) grow(height, term);
  grow(height, core.having);
  for (const ExprList& row : core.rows) {
    for (const Expr* value : row) grow(height, value);
  }
}

}  // namespace

const Select* Parser::select() {
  const std::uint32_t begin = current_.begin;
  const With* with = at(Token::KwWith) ? with_clause() : nullptr;
  return select_with(with, begin);
}

const Select* Parser::select_with(const With* with, std::uint32_t begin) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return select_with(with, begin); });
  if (!enter(kSelectCost)) return nullptr;
  auto* query = arena_.make<Select>();
  query->with = with;
  ListBuilder<CompoundArm> arms(scratch_);
  CompoundArm arm{};
  // ORDER BY and LIMIT belong to the whole; the last arm's misplaced one is reported, at the end of the statement.
  const char* misplaced = nullptr;
  const char* misplaced_before = nullptr;
  for (;;) {
    if (at(Token::KwSelect)) {
      arm.core = core();
    } else if (at(Token::KwValues)) {
      arm.core = values_core();
    } else {
      syntax_error();
    }
    if (failed_) return nullptr;
    arms.add(arm);
    grow(query->height, *arm.core);
    query->order_by = {};
    query->limit = query->offset = nullptr;
    if (arm.core->kind == CoreKind::Select) {
      if (accept(Token::KwOrder)) {
        expect(Token::KwBy);
        query->order_by = order_list();
        for (const OrderTerm& term : query->order_by) grow(query->height, term.expr);
      }
      limit_clause(&query->limit, &query->offset);
      grow(query->height, query->limit);
      grow(query->height, query->offset);
    }
    arm.op_span = current_.span();
    if (accept(Token::KwUnion)) {
      arm.op = accept(Token::KwAll) ? CompoundOp::UnionAll : CompoundOp::Union;
      arm.op_span = since(arm.op_span.begin);
    } else if (accept(Token::KwIntersect)) {
      arm.op = CompoundOp::Intersect;
    } else if (accept(Token::KwExcept)) {
      arm.op = CompoundOp::Except;
    } else {
      break;
    }
    if (!query->order_by.empty() || query->limit != nullptr) {
      misplaced = query->order_by.empty() ? "LIMIT" : "ORDER BY";
      misplaced_before = compound_name(arm.op);
    }
  }
  if (misplaced != nullptr && !failed_) {
    fail_at_end(Status::format(Code::Error, -1, "%s clause should come after %s not before", misplaced, misplaced_before));
  }
  if (arms.count() > limits_.compound_select) fail_at_end(Status::error("too many terms in compound SELECT"));
  query->arms = arms.finish(arena_);
  query->span = since(begin);
  leave(kSelectCost);
  return query;
}

const With* Parser::with_clause() {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return with_clause(); });
  if (!enter(kSelectCost)) return nullptr;
  auto* with = arena_.make<With>();
  const std::uint32_t begin = current_.begin;
  advance();
  with->recursive = accept(Token::KwRecursive);
  ListBuilder<CommonTable> tables(scratch_);
  do {
    CommonTable table{};
    const std::uint32_t table_begin = current_.begin;
    table.name = name();
    if (at(Token::LeftParen)) table.columns = column_name_list();
    expect(Token::KwAs);
    if (accept(Token::KwNot)) {
      expect(Token::KwMaterialized);
      table.hint = MaterializeHint::NotMaterialized;
    } else if (accept(Token::KwMaterialized)) {
      table.hint = MaterializeHint::Materialized;
    }
    expect(Token::LeftParen);
    table.select = select();
    expect(Token::RightParen);
    table.span = since(table_begin);
    tables.add(table);
  } while (accept(Token::Comma));
  with->tables = tables.finish(arena_);
  with->span = since(begin);
  leave(kSelectCost);
  return with;
}

const SelectCore* Parser::core() {
  auto* core = arena_.make<SelectCore>();
  const std::uint32_t begin = current_.begin;
  core->kind = CoreKind::Select;
  advance();
  if (accept(Token::KwDistinct)) {
    core->distinct = true;
  } else if (accept(Token::KwAll)) {
    core->all = true;
  }
  core->columns = result_columns();
  if (accept(Token::KwFrom)) core->from = from_clause();
  if (accept(Token::KwWhere)) core->where = expr();
  if (accept(Token::KwGroup)) {
    expect(Token::KwBy);
    core->group_by = expr_list();
  }
  if (accept(Token::KwHaving)) core->having = expr();
  if (at(Token::KwWindow)) core->windows = window_clause();
  core->span = since(begin);
  return core;
}

const SelectCore* Parser::values_core() {
  auto* core = arena_.make<SelectCore>();
  const std::uint32_t begin = current_.begin;
  core->kind = CoreKind::Values;
  advance();
  ListBuilder<ExprList> rows(scratch_);
  bool ragged = false;
  std::size_t width = 0;
  do {
    expect(Token::LeftParen);
    const ExprList row = expr_list();
    expect(Token::RightParen);
    if (rows.count() == 0) width = row.size();
    ragged = ragged || row.size() != width;
    rows.add(row);
  } while (accept(Token::Comma));
  core->rows = rows.finish(arena_);
  core->span = since(begin);
  if (ragged) fail_at_end(Status::error("all VALUES must have the same number of terms"));
  return core;
}

std::span<const ResultColumn> Parser::result_columns() {
  ListBuilder<ResultColumn> columns(scratch_);
  do {
    ResultColumn column{};
    const std::uint32_t begin = current_.begin;
    if (accept(Token::Star)) {
      column.kind = ResultColumnKind::Star;
      column.span = since(begin);
    } else if (at_name() && dot_follows() && table_star(column)) {
      column.kind = ResultColumnKind::TableStar;
      column.span = since(begin);
    } else {
      column.kind = ResultColumnKind::Expression;
      column.expr = expr();
      column.span = since(begin);
      column.alias = optional_alias();
    }
    columns.add(column);
  } while (accept(Token::Comma));
  return columns.finish(arena_);
}

// Takes `t.*` when it stands here.
bool Parser::table_star(ResultColumn& column) {
  Lexeme dot = peek();
  Lexeme star{Token::End, 0, 0};
  star.token = next_token(text_, dot.end, &star.begin, &star.end);
  if (star.token != Token::Star) return false;
  column.table = take_name();
  advance();
  advance();
  return true;
}

// [AS] alias. Without AS a join word is no alias.
Name Parser::optional_alias() {
  if (accept(Token::KwAs)) return name();
  if (at_identifier() || at(Token::String)) return take_name();
  return {};
}

void Parser::limit_clause(const Expr** limit, const Expr** offset) {
  if (!accept(Token::KwLimit)) return;
  *limit = expr();
  if (accept(Token::KwOffset)) {
    *offset = expr();
  } else if (accept(Token::Comma)) {
    *offset = *limit;
    *limit = expr();
  }
}

std::span<const WindowDefinition> Parser::window_clause() {
  advance();
  ListBuilder<WindowDefinition> windows(scratch_);
  do {
    WindowDefinition window{};
    const std::uint32_t begin = current_.begin;
    window.name = name();
    expect(Token::KwAs);
    expect(Token::LeftParen);
    window_body(window);
    window.span = since(begin);
    windows.add(window);
  } while (accept(Token::Comma));
  return windows.finish(arena_);
}

// ------------------------------------------------------------------------------------------------------------ FROM

const FromClause* Parser::from_clause() {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return from_clause(); });
  auto* clause = arena_.make<FromClause>();
  const std::uint32_t begin = current_.begin;
  ListBuilder<FromItem> items(scratch_);
  for (;;) {
    auto* item = arena_.make<FromItem>();
    if (items.count() > 0) join_operator(*item);
    from_source(*item);
    const bool on = at(Token::KwOn);
    if (on || at(Token::KwUsing)) {
      if (items.count() == 0) {
        fail_at_end(Status::format(Code::Error, -1, "a JOIN clause is required before %s", on ? "ON" : "USING"));
      }
      advance();
      if (on) {
        item->on = expr();
      } else {
        item->using_columns = name_list();
      }
      if (item->natural && !failed_) {
        fail(Status::error("a NATURAL join may not have an ON or USING clause"));
      }
    }
    if (failed_) return nullptr;
    items.add(*item);
    if (!at_join_operator()) break;
  }
  clause->items = items.finish(arena_);
  clause->span = since(begin);
  return clause;
}

void Parser::from_source(FromItem& item) {
  const std::uint32_t begin = current_.begin;
  if (accept(Token::LeftParen)) {
    if (!enter(kNestedFromCost)) return;
    if (at_select()) {
      item.kind = FromKind::Subquery;
      item.select = select();
    } else {
      item.kind = FromKind::Nested;
      item.nested = from_clause();
    }
    leave(kNestedFromCost);
    expect(Token::RightParen);
    item.alias = optional_alias();
  } else {
    item.kind = FromKind::Table;
    qualified_name(&item.schema, &item.name);
    if (at(Token::LeftParen)) {
      item.kind = FromKind::TableFunction;
      item.arguments = parenthesised_list();
      item.alias = optional_alias();
    } else {
      item.alias = optional_alias();
      index_hint(&item.hint, &item.index);
    }
  }
  item.span = since(begin);
}

// INDEXED BY name | NOT INDEXED
void Parser::index_hint(IndexHint* hint, Name* index) {
  if (accept(Token::KwIndexed)) {
    expect(Token::KwBy);
    *hint = IndexHint::IndexedBy;
    *index = name();
  } else if (accept(Token::KwNot)) {
    expect(Token::KwIndexed);
    *hint = IndexHint::NotIndexed;
  }
}

bool Parser::at_join_operator() const {
  switch (current_.token) {
    case Token::Comma:
    case Token::KwJoin:
    case Token::KwNatural:
    case Token::KwLeft:
    case Token::KwRight:
    case Token::KwFull:
    case Token::KwInner:
    case Token::KwCross:
    case Token::KwOuter:
      return true;
    default:
      return false;
  }
}

// A comma, or up to three words before JOIN. The first must be a join word; the others may be any name for the
// grammar, and make an unknown join type.
void Parser::join_operator(FromItem& item) {
  const std::uint32_t begin = current_.begin;
  if (accept(Token::Comma)) {
    item.join = JoinType::Comma;
    item.join_span = since(begin);
    return;
  }
  Lexeme words[3];
  int count = 0;
  while (count < 3 && at_name()) {
    words[count++] = current_;
    advance();
  }
  expect(Token::KwJoin);
  if (failed_) return;
  item.join = JoinType::Inner;
  item.join_span = since(begin);
  bool inner = false, cross = false, left = false, right = false, outer = false, unknown = false;
  for (int i = 0; i < count; ++i) {
    switch (words[i].token) {
      case Token::KwNatural:
        item.natural = true;
        break;
      case Token::KwInner:
        inner = true;
        break;
      case Token::KwCross:
        cross = true;
        break;
      case Token::KwLeft:
        left = true;
        break;
      case Token::KwRight:
        right = true;
        break;
      case Token::KwFull:
        left = right = true;
        break;
      case Token::KwOuter:
        outer = true;
        break;
      default:
        unknown = true;
        break;
    }
  }
  // The word behind JOIN is looked at first: when no source can begin there, that is the error.
  if (!at_name() && !at(Token::LeftParen)) return;
  if (unknown || ((inner || cross) && (left || right || outer)) || (outer && !left && !right)) {
    String message("unknown join type:");
    for (int i = 0; i < count; ++i) message.append(" ").append(text_of(words[i]));
    fail(Status::error(message, static_cast<int>(begin)));
    return;
  }
  item.inner_word = inner;
  if (left || right) {
    item.join = left && right ? JoinType::Full : left ? JoinType::Left : JoinType::Right;
  } else if (cross) {
    item.join = JoinType::Cross;
  }
}

}  // namespace perlite::sql
