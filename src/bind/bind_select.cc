// SELECT and VALUES: cores, compounds, ORDER BY, LIMIT.
//
// The order in which the parts of a core are bound is the order in which stock complains: FROM, result columns, ON,
// WHERE, GROUP BY, HAVING, ORDER BY.
#include <algorithm>

#include "base/ascii.h"
#include "base/deep_stack.h"
#include "bind/binding.h"
#include "bind/numbered_name.h"
#include "bind/same.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

namespace {

// What an expression may give besides NULL.
enum : unsigned { kNumbers = 1, kTexts = 2, kBlobs = 4 };

unsigned types_of(const Expr* expr) {
  switch (expr->kind) {
    case ExprKind::Literal:
      switch (expr->as<LiteralExpr>().value.type) {
        case ValueType::Null:
          return 0;
        case ValueType::Text:
          return kTexts;
        case ValueType::Blob:
          return kBlobs;
        default:
          return kNumbers;
      }
    case ExprKind::Column:
    case ExprKind::Cast:
    case ExprKind::ScalarSubquery:
      if (record::is_numeric(expr->affinity)) return kNumbers | kBlobs;
      return expr->affinity == Affinity::Text ? kTexts | kBlobs : kNumbers | kTexts | kBlobs;
    case ExprKind::Collate:
      return types_of(expr->as<CollateExpr>().operand);
    case ExprKind::Binary:
      return expr->as<BinaryExpr>().op == BinaryOp::Concat ? kTexts | kBlobs : kNumbers;
    case ExprKind::Unary:
      return expr->as<UnaryExpr>().op == UnaryOp::Plus ? kNumbers | kTexts | kBlobs : kNumbers;
    case ExprKind::Compare:
    case ExprKind::Between:
    case ExprKind::InList:
    case ExprKind::InSelect:
    case ExprKind::Exists:
      return kNumbers;
    default:
      return kNumbers | kTexts | kBlobs;
  }
}

}  // namespace

Select* Binder::bind_select(const sql::Select& ast, const SelectOptions& options) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return bind_select(ast, options); });
  if (select_depth_ >= kMaxSelectDepth) {
    return failed(Status::format(Code::Error, -1, "too many nested subqueries and views - max %d", kMaxSelectDepth));
  }
  const Restored<int> deeper(select_depth_, select_depth_ + 1);
  // Scopes in here are nobody's business outside.
  const int depth = options.outer == nullptr ? -1 : std::min(options.outer->depth, 62);
  const std::uint64_t depths = std::exchange(depths_named_, 0);

  auto* select = arena_.make<Select>();
  select->id = ++select_count_;
  SelectState state{select, options.container, {}, {}, false};
  const Restored<SelectState*> of(select_, &state);
  const Restored<WithScope*> at(with_, with_);
  WithScope outer_with, with;
  if (options.with != nullptr) {
    if (!open_with(*options.with, outer_with, options.outer, &state)) return nullptr;
    with_ = &outer_with;
  }
  if (ast.with != nullptr) {
    if (!open_with(*ast.with, with, options.outer, &state)) return nullptr;
    with_ = &with;
  }
  Select* result = bind_arms(ast, 0, ast.arms.size(), true, state, options);
  depths_named_ = depths | (depth < 0 ? 0 : depths_named_ & ((std::uint64_t{2} << depth) - 1));
  return result;
}

// Stock binds a compound from its last arm to its first: where an arm failed, an error of a later one is told instead.
void Binder::prefer_later_errors(std::span<const sql::CompoundArm> arms, SelectState& state, const SelectOptions& options) {
  for (std::size_t i = arms.size(); i-- > 0;) {
    Status found = std::exchange(status_, Status());
    if (bind_core(*arms[i].core, state, options, nullptr, nullptr) == nullptr) return;
    status_ = std::move(found);
  }
}

Select* Binder::bind_arms(const sql::Select& ast, std::size_t first, std::size_t last, bool whole, SelectState& state,
                          const SelectOptions& options) {
  Select& select = *state.select;
  const Restored<SelectState*> of(select_, &state);
  const std::size_t count = last - first;
  const bool compound = count > 1;
  CompoundOrder order;
  const bool is_values = ast.arms[first].core->kind == sql::CoreKind::Values && ast.arms[first].core->rows.size() > 1;
  const bool late_order = whole && !ast.order_by.empty() && (compound || is_values);
  if (late_order) {
    order.terms = ast.order_by;
    order.columns.assign(ast.order_by.size(), -1);
  }
  std::span<Arm> arms = arena_.make_array<Arm>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const sql::CompoundArm& arm = ast.arms[first + i];
    const sql::Select* ordered = whole && !late_order ? &ast : nullptr;
    arms[i].op = i == 0 ? sql::CompoundOp::None : arm.op;
    arms[i].core = bind_core(*arm.core, state, options, ordered, late_order ? &order : nullptr);
    if (arms[i].core == nullptr) {
      prefer_later_errors(ast.arms.subspan(first + i + 1, count - i - 1), state, options);
      return nullptr;
    }
    if (i != 0 && arms[i].core->columns.size() != arms[0].core->columns.size()) {
      if (arm.core->kind == sql::CoreKind::Values && ast.arms[first].core->kind == sql::CoreKind::Values &&
          arm.op == sql::CompoundOp::UnionAll && arm.op_span.empty()) {
        return failed(Status::error("all VALUES must have the same number of terms"));
      }
      constexpr std::string_view kNames[] = {"", "UNION", "UNION ALL", "INTERSECT", "EXCEPT"};
      return failed(message("SELECTs to the left and right of %.*s do not have the same number of result columns",
                            kNames[static_cast<std::size_t>(arm.op)]));
    }
  }
  select.arms = arms;
  select.columns = arms[0].core->columns;
  const std::size_t width = select.columns.size();
  std::span<Affinity> affinities = arena_.make_array<Affinity>(width);
  for (std::size_t i = 0; i < width; ++i) {
    affinities[i] = select.columns[i].expr->affinity;
    if (!compound) continue;
    // The affinity of the first arm that has one, unless an arm gives values it would change.
    unsigned types = 0;
    for (std::size_t k = 0; k < count; ++k) {
      const Expr* expr = arms[k].core->columns[i].expr;
      if (affinities[i] == Affinity::None) affinities[i] = expr->affinity;
      types |= types_of(expr);
    }
    if ((affinities[i] == Affinity::Text && (types & kNumbers) != 0) ||
        (record::is_numeric(affinities[i]) && (types & kTexts) != 0)) {
      affinities[i] = Affinity::Blob;
    }
  }
  select.column_affinities = affinities;
  if (compound) {
    std::span<const Collation*> collations = arena_.make_array<const Collation*>(width);
    for (std::size_t i = 0; i < width; ++i) {
      const Collation* collation = nullptr;
      for (std::size_t k = 0; k < count && collation == nullptr; ++k) {
        collation = arms[k].core->columns[i].expr->collation;
      }
      // Only what compares rows needs the collation to be there.
      collations[i] = collation == nullptr ? &record::binary_collation() : collation;
      bool compares = false;
      for (const Arm& arm : arms) {
        compares = compares || (arm.op != sql::CompoundOp::None && arm.op != sql::CompoundOp::UnionAll);
      }
      if (compares && (collations[i] = usable(collations[i])) == nullptr) return nullptr;
    }
    select.column_collations = collations;
  }
  if (late_order && !finish_compound_order(order, select)) return nullptr;
  if (whole && !bind_limit(ast.limit, ast.offset, &select.limit, &select.offset)) return nullptr;
  select.outer_relations = arena_.copy_array(state.outer_relations);
  select.common_tables = arena_.copy_array(state.common_tables);
  if (state.has_outer_aggregate) select.correlated = true;
  return &select;
}

// -------------------------------------------------------------------------------------------------------------- core

Core* Binder::bind_core(const sql::SelectCore& ast, SelectState& state, const SelectOptions& options,
                        const sql::Select* ordered, CompoundOrder* compound) {
  const bool is_values = ast.kind == sql::CoreKind::Values;
  auto* core = arena_.make<Core>();
  core->kind = is_values && ast.rows.size() > 1 ? CoreKind::Values : CoreKind::Select;
  if (recursion_ != nullptr) {
    recursion_->recursive_core = core;
    recursion_ = nullptr;
  }
  bool ignored = false;
  if (!is_values && !authorize(SQLITE_SELECT, {}, {}, -1, &ignored)) return nullptr;

  CoreState core_state{core, {}, {}, {}, {}, ast.windows};
  Scope scope;
  scope.outer = options.outer;
  scope.depth = options.outer == nullptr ? 0 : options.outer->depth + 1;
  scope.select = &state;
  scope.core = &core_state;
  core->distinct = ast.distinct;

  const std::size_t first_on = pending_on_.size();
  if (ast.from != nullptr) {
    core->from = bind_from(*ast.from, scope);
    if (core->from == nullptr) return nullptr;
    std::span<const Relation*> relations = arena_.make_array<const Relation*>(scope.sources.size());
    std::copy(scope.sources.begin(), scope.sources.end(), relations.begin());
    core->relations = relations;
  }
  const Restored<Scope*> in(scope_, &scope);

  if (is_values) {
    const bool one = ast.rows.size() == 1;
    scope.aggregates_allowed = one && !options.of_insert;
    scope.windows_allowed = one && !options.of_insert;
    scope.grouped_clause = !one;
    std::span<ExprList> rows = arena_.make_array<ExprList>(ast.rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (ast.rows[i].size() != ast.rows[0].size()) {
        return failed(Status::error("all VALUES must have the same number of terms"));
      }
      if (!bind_list(ast.rows[i], &rows[i])) return nullptr;
    }
    static constexpr std::string_view kFirstNames[] = {"column1", "column2", "column3", "column4",
                                                       "column5", "column6", "column7", "column8"};
    std::span<ResultColumn> columns = arena_.make_array<ResultColumn>(rows[0].size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      columns[i].expr = rows[0][i];
      columns[i].name = i < std::size(kFirstNames) ? kFirstNames[i]
                                                   : numbered_name(arena_, {"column"}, static_cast<int>(i + 1));
    }
    core->columns = columns;
    scope.columns = columns;
    core->rows = rows;
  } else {
    scope.aggregates_allowed = true;
    scope.windows_allowed = true;
    if (!bind_result_columns(ast.columns, scope)) return nullptr;
    core->columns = scope.columns;
  }

  // From here on the result's aliases are names too.
  const bool grouped = !ast.group_by.empty();
  scope.aliases_visible = true;
  scope.aggregates_allowed = false;
  scope.windows_allowed = false;
  scope.grouped_clause = grouped || !core_state.aggregates.empty();
  const Expr* hoisted = nullptr;
  if (!bind_on_clauses(first_on, &hoisted)) return nullptr;
  if (ast.where != nullptr) {
    core->where = bind_scalar(ast.where);
    if (core->where == nullptr) return nullptr;
  }
  core->where = conjunction(hoisted, core->where);
  if (ignored) core->where = integer_literal(0, ast.span);

  scope.aggregates_allowed = true;
  if (grouped && !bind_group_by(ast, scope, *core)) return nullptr;
  if (ast.having != nullptr) {
    core->having = bind_scalar(ast.having);
    if (core->having == nullptr) return nullptr;
    if (!grouped && core_state.aggregates.empty()) {
      return failed(Status::error("HAVING clause on a non-aggregate query"));
    }
  }
  scope.aggregates_allowed = grouped || !core_state.aggregates.empty();
  scope.grouped_clause = !scope.aggregates_allowed;
  scope.windows_allowed = true;
  if (compound != nullptr) {
    match_compound_terms(*compound, scope);
  } else if (ordered != nullptr && !ordered->order_by.empty()) {
    if (!bind_order_by(ordered->order_by, scope, &state.select->order_by)) return nullptr;
  }
  if (has_authorizer_ && !place_->silent) {
    for (const Source* source : scope.sources) {
      if (source->table == nullptr || source->columns_used != 0) continue;
      bool passed_over = false;
      if (!authorize(SQLITE_READ, source->name, std::string_view("", 0), -1, &passed_over)) return nullptr;
    }
  }
  finish_core(core_state, scope);
  return core;
}

void Binder::finish_core(CoreState& state, Scope& scope) {
  Core& core = *state.core;
  static_cast<void>(scope);
  core.aggregates = arena_.copy_array(state.aggregates);
  core.windows = arena_.copy_array(state.windows);
  core.window_functions = arena_.copy_array(state.window_functions);
  core.is_aggregate = !core.group_by.empty() || !core.aggregates.empty();
  // The row of a min() or max() gives the bare columns: that of the last, as stock does where there are several.
  for (std::size_t i = 0; i < core.aggregates.size(); ++i) {
    if (core.aggregates[i].function->has(vm::kMinMax)) core.bare_minmax = static_cast<std::int32_t>(i);
  }
}

// ---------------------------------------------------------------------------------------------------- result columns

std::string_view Binder::column_name(const ColumnExpr& column) {
  const Relation& relation = *column.relation;
  const std::string_view name =
      column.column >= 0 ? relation.columns[static_cast<std::size_t>(column.column)].name : std::string_view("rowid");
  const Environment::Switches& switches = environment_.switches();
  if (!switches.full_column_names || switches.short_column_names) return name;
  Vector<char> full;
  full.insert(full.end(), relation.name.begin(), relation.name.end());
  full.push_back('.');
  full.insert(full.end(), name.begin(), name.end());
  return arena_.copy_text({full.data(), full.size()});
}

std::string_view Binder::name_of_result(const sql::ResultColumn& ast, const Expr& expr) {
  if (ast.alias.present()) return ast.alias.text;
  if (const auto* named = ast.expr->try_as<sql::ColumnExpr>()) {
    const Environment::Switches& switches = environment_.switches();
    if (switches.short_column_names || switches.full_column_names) {
      if (const auto* column = expr.try_as<ColumnExpr>()) return column_name(*column);
      if ((expr.flags & kHasColumn) != 0) return named->column.text;
    }
  }
  return ast.span.of(place_->text);
}

// Declared type and origin of what is a plain column, through queries in FROM.
void Binder::describe(ResultColumn& result) {
  if (const auto* query = result.expr->try_as<ScalarSubqueryExpr>();
      query != nullptr && !query->select->columns.empty()) {
    const ResultColumn& inner = query->select->columns[0];
    result.declared_type = inner.declared_type;
    result.origin_database = inner.origin_database;
    result.origin_table = inner.origin_table;
    result.origin_column = inner.origin_column;
    result.names_in_shape = inner.names_in_shape;
    return;
  }
  const auto* column = result.expr->try_as<ColumnExpr>();
  if (column == nullptr) return;
  result.declared_type = column->column < 0
                             ? std::string_view("INTEGER")
                             : column->relation->columns[static_cast<std::size_t>(column->column)].declared_type;
  const auto [origin, index] = origin_of(*column->relation, column->column);
  if (origin == nullptr || origin->database < 0) return;
  result.origin_database = environment_.database_name(origin->database);
  result.origin_table = origin->name;
  result.names_in_shape = origin->kind == RelationKind::Table;
  result.origin_column = index >= 0 ? origin->columns[static_cast<std::size_t>(index)].name : std::string_view("rowid");
}

bool Binder::add_star_columns(Scope& scope, int first, int last, Vector<ResultColumn>& out) {
  for (int i = first; i < last; ++i) {
    Source& source = *scope.sources[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < source.columns.size(); ++k) {
      if (source.columns[k].hidden) continue;
      const Expr* expr = column_of(source, static_cast<int>(k), Span{});
      if (expr == nullptr) return false;
      ResultColumn result{};
      result.expr = expr;
      result.name = expr->kind == ExprKind::Column ? column_name(expr->as<ColumnExpr>()) : source.columns[k].name;
      describe(result);
      out.push_back(result);
    }
  }
  return true;
}

// All columns under a node of the join: those that USING merged stand once, on the left.
bool Binder::expand_star(Scope& scope, const JoinNames* names, int first, int last, Vector<ResultColumn>& out) {
  if (names == nullptr || names->left == nullptr) return add_star_columns(scope, first, last, out);
  const std::size_t left = out.size();
  if (!expand_star(scope, names->left, names->left->first, names->left->last, out)) return false;
  const std::size_t right = out.size();
  if (!expand_star(scope, names->right, names->right->first, names->right->last, out)) return false;
  for (const MergedColumn& merged : names->merged) {
    for (std::size_t i = left; i < right; ++i) {
      if (!equals_ignoring_case(out[i].name, merged.name)) continue;
      out[i].expr = merged.value;
      describe(out[i]);
      break;
    }
    for (std::size_t i = right; i < out.size(); ++i) {
      if (!equals_ignoring_case(out[i].name, merged.name)) continue;
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
  return true;
}

namespace {

bool is_merged_between(const JoinNames* names, int one, int other, std::string_view column) {
  while (names != nullptr && names->left != nullptr) {
    for (const MergedColumn& merged : names->merged) {
      if (equals_ignoring_case(merged.name, column)) return true;
    }
    const auto both_in = [&](const JoinNames& side) {
      return one >= side.first && one < side.last && other >= side.first && other < side.last;
    };
    names = both_in(*names->left) ? names->left : both_in(*names->right) ? names->right : nullptr;
  }
  return false;
}

}  // namespace

// The columns of a star are looked for by schema, alias and name: sources that share all three clash.
bool Binder::check_star_names(const Scope& scope, int first, int last) {
  const auto schema_of = [&](const Source& source) -> std::string_view {
    if (source.database >= 0) return environment_.database_name(source.database);
    return source.kind == RelationKind::Source ? "main" : "*";
  };
  const int count = static_cast<int>(scope.sources.size());
  for (int i = first; i < last; ++i) {
    const Source& one = *scope.sources[static_cast<std::size_t>(i)];
    for (int j = 0; j < count; ++j) {
      Source& other = *scope.sources[static_cast<std::size_t>(j)];
      if (i == j || one.alias.empty() || !equals_ignoring_case(one.alias, other.alias) || schema_of(one) != schema_of(other)) continue;
      for (const RelationColumn& column : one.columns) {
        if (column.hidden || find_in(other, column.name) < 0 || is_merged_between(scope.joins, i, j, column.name)) continue;
        return error("ambiguous column name: %.*s.%.*s.%.*s", schema_of(one), one.alias, column.name);
      }
    }
  }
  return true;
}

bool Binder::bind_result_columns(std::span<const sql::ResultColumn> asts, Scope& scope) {
  Vector<ResultColumn> columns;
  Vector<std::string_view> aliases;
  columns.reserve(asts.size());
  bool any_alias = false;
  for (const sql::ResultColumn& ast : asts) {
    if (ast.kind == sql::ResultColumnKind::Expression) {
      ResultColumn result{};
      result.expr = bind_scalar(ast.expr);
      if (result.expr == nullptr) return false;
      result.name = name_of_result(ast, *result.expr);
      describe(result);
      columns.push_back(result);
      if (ast.alias.present() && !any_alias) {
        any_alias = true;
        aliases.resize(columns.size() - 1);
      }
      if (any_alias) {
        aliases.resize(columns.size());
        if (ast.alias.present()) aliases.back() = ast.alias.text;
      }
      continue;
    }
    const int count = static_cast<int>(scope.sources.size());
    if (ast.kind == sql::ResultColumnKind::Star) {
      if (count == 0) return error("no tables specified");
      if (!check_star_names(scope, 0, count) || !expand_star(scope, scope.joins, 0, count, columns)) return false;
    } else {
      bool found = false;
      for (int i = 0; i < count; ++i) {
        if (!equals_ignoring_case(scope.sources[static_cast<std::size_t>(i)]->alias, ast.table.text)) continue;
        found = true;
        if (!check_star_names(scope, i, i + 1) || !add_star_columns(scope, i, i + 1, columns)) return false;
      }
      if (!found) return error("no such table: %.*s", ast.table.text);
    }
    if (any_alias) aliases.resize(columns.size());
  }
  if (columns.size() > static_cast<std::size_t>(environment_.limit(SQLITE_LIMIT_COLUMN))) {
    return error("too many columns in result set");
  }
  scope.columns = arena_.copy_array(columns);
  scope.aliases = arena_.copy_array(aliases);
  return true;
}

// ------------------------------------------------------------------------------------------------ GROUP BY, ORDER BY

bool Binder::is_position(const sql::Expr* expr, std::int64_t* position) {
  bool negative = false;
  if (const auto* unary = expr->try_as<sql::UnaryExpr>(); unary != nullptr && unary->op == sql::UnaryOp::Minus) {
    negative = true;
    expr = unary->operand;
  }
  const auto* literal = expr->try_as<sql::LiteralExpr>();
  if (literal == nullptr || literal->literal != sql::LiteralKind::Integer || literal->text.size() > 9) return false;
  std::int64_t value = 0;
  for (const char c : literal->text) value = value * 10 + (c - '0');
  *position = negative ? -value : value;
  return true;
}

namespace {

const char* ordinal_suffix(std::size_t n) {
  const std::size_t last = n % 10;
  if (n % 100 / 10 == 1) return "th";
  return last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
}

const sql::Expr* without_collate(const sql::Expr* expr, std::string_view* collation) {
  while (const auto* collate = expr->try_as<sql::CollateExpr>()) {
    if (collation->data() == nullptr) *collation = collate->collation.text;
    expr = collate->operand;
  }
  return expr;
}

}  // namespace

bool Binder::position_error(std::size_t term, bool is_number, std::size_t columns, const char* clause, Span place,
                            bool with_place) {
  const int number = static_cast<int>(term + 1);
  const int offset = with_place && place_->offsets ? static_cast<int>(place.begin) : -1;
  if (is_number) {
    return fail(Status::format(Code::Error, offset, "%d%s %s term out of range - should be between 1 and %d", number,
                               ordinal_suffix(term + 1), clause, static_cast<int>(columns)));
  }
  return fail(Status::format(Code::Error, -1, "%d%s %s term does not match any column in the result set", number,
                             ordinal_suffix(term + 1), clause));
}

bool Binder::make_order_term(const sql::OrderTerm& ast, const Expr* expr, std::int32_t result_column, OrderTerm* out) {
  std::string_view named;
  without_collate(ast.expr, &named);
  out->expr = expr;
  out->result_column = result_column;
  out->collation = usable(named.data() != nullptr ? collation_named(named) : expr->collation);
  if (out->collation == nullptr) return false;
  out->descending = ast.order == sql::SortOrder::Descending;
  out->nulls_first = ast.nulls == sql::NullsOrder::Unspecified ? !out->descending : ast.nulls == sql::NullsOrder::First;
  return true;
}

bool Binder::too_many_terms(std::size_t count, const char* clause) {
  if (count <= static_cast<std::size_t>(environment_.limit(SQLITE_LIMIT_COLUMN))) return false;
  failed(Status::format(Code::Error, -1, "too many terms in %s clause", clause));
  return true;
}

bool Binder::bind_group_by(const sql::SelectCore& ast, Scope& scope, Core& core) {
  if (too_many_terms(ast.group_by.size(), "GROUP BY")) return false;
  std::span<const Expr*> terms = arena_.make_array<const Expr*>(ast.group_by.size());
  std::span<const Collation*> collations = arena_.make_array<const Collation*>(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::string_view named;
    const sql::Expr* bare = without_collate(ast.group_by[i], &named);
    std::int64_t position = 0;
    if (is_position(bare, &position)) {
      if (position < 1 || position > static_cast<std::int64_t>(scope.columns.size())) {
        return position_error(i, true, scope.columns.size(), "GROUP BY", bare->span, position < 1);
      }
      terms[i] = scope.columns[static_cast<std::size_t>(position - 1)].expr;
      if ((terms[i]->flags & kHasWindow) != 0) return error("misuse of window function");
    } else {
      terms[i] = bind_scalar(ast.group_by[i]);
      if (terms[i] == nullptr) return false;
    }
    if ((terms[i]->flags & kHasAggregate) != 0 && (terms[i]->flags & kHasOuterColumn) == 0) {
      return error("aggregate functions are not allowed in the GROUP BY clause");
    }
    collations[i] = usable(named.data() != nullptr ? collation_named(named) : terms[i]->collation);
    if (collations[i] == nullptr) return false;
  }
  core.group_by = terms;
  core.group_collations = collations;
  return true;
}

bool Binder::bind_order_by(sql::OrderList terms, Scope& scope, std::span<const OrderTerm>* out) {
  if (too_many_terms(terms.size(), "ORDER BY")) return false;
  std::span<OrderTerm> bound = arena_.make_array<OrderTerm>(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::string_view named;
    const sql::Expr* bare = without_collate(terms[i].expr, &named);
    std::int32_t column = -1;
    std::int64_t position = 0;
    const Expr* expr = nullptr;
    if (is_position(bare, &position)) {
      if (position < 1 || position > static_cast<std::int64_t>(scope.columns.size())) {
        Span place = bare->span;
        if (const auto* unary_node = bare->try_as<sql::UnaryExpr>()) place = unary_node->operand->span;
        return position_error(i, true, scope.columns.size(), "ORDER BY", place, position < 1);
      }
      column = static_cast<std::int32_t>(position - 1);
    } else if (const auto* name = bare->try_as<sql::ColumnExpr>(); name != nullptr && !name->table.present()) {
      // An alias comes before the columns of FROM.
      for (std::size_t k = 0; k < scope.aliases.size() && column < 0; ++k) {
        if (scope.aliases[k].data() != nullptr && equals_ignoring_case(scope.aliases[k], name->column.text)) {
          column = static_cast<std::int32_t>(k);
        }
      }
    }
    if (column >= 0) {
      expr = scope.columns[static_cast<std::size_t>(column)].expr;
    } else {
      expr = bind_scalar(terms[i].expr);
      if (expr == nullptr) return false;
      // One that repeats a result column is that column.
      const Expr* plain = expr;
      while (const auto* collate = plain->try_as<CollateExpr>()) plain = collate->operand;
      for (std::size_t k = 0; k < scope.columns.size(); ++k) {
        if (!same_expression(scope.columns[k].expr, plain)) continue;
        column = static_cast<std::int32_t>(k);
        break;
      }
    }
    if (!make_order_term(terms[i], expr, column, &bound[i])) return false;
  }
  *out = bound;
  return true;
}

// Terms that this arm can place: an alias, or an expression that one of its result columns is.
void Binder::match_compound_terms(CompoundOrder& order, Scope& scope) {
  for (std::size_t i = 0; i < order.terms.size(); ++i) {
    if (order.columns[i] >= 0) continue;
    std::string_view named;
    const sql::Expr* bare = without_collate(order.terms[i].expr, &named);
    std::int64_t position = 0;
    if (is_position(bare, &position)) continue;
    if (const auto* name = bare->try_as<sql::ColumnExpr>(); name != nullptr && !name->table.present()) {
      for (std::size_t k = 0; k < scope.aliases.size() && order.columns[i] < 0; ++k) {
        if (scope.aliases[k].data() != nullptr && equals_ignoring_case(scope.aliases[k], name->column.text)) {
          order.columns[i] = static_cast<std::int32_t>(k);
        }
      }
      if (order.columns[i] >= 0) continue;
    }
    // Bound for comparison alone: whatever it left behind is taken back, its error too.
    const std::size_t aggregates = scope.core->aggregates.size(), functions = scope.core->window_functions.size();
    const bool allowed = scope.aggregates_allowed, windows = scope.windows_allowed, grouped = scope.grouped_clause;
    const bool visible = std::exchange(scope.aliases_visible, false);
    Vector<std::uint64_t> used;
    for (const Source* source : scope.sources) used.push_back(source->columns_used);
    Place place = *place_;
    place.silent = true;
    place.strings_in_double_quotes = false;
    {
      const Restored<Place*> at(place_, &place);
      const Expr* expr = bind_scalar(bare);
      for (std::size_t k = 0; expr != nullptr && k < scope.columns.size(); ++k) {
        if (!same_expression(scope.columns[k].expr, expr)) continue;
        order.columns[i] = static_cast<std::int32_t>(k);
        break;
      }
    }
    status_ = Status();
    for (std::size_t k = 0; k < used.size(); ++k) scope.sources[k]->columns_used = used[k];
    scope.core->aggregates.resize(aggregates);
    scope.core->window_functions.resize(functions);
    scope.aggregates_allowed = allowed;
    scope.windows_allowed = windows;
    scope.grouped_clause = grouped;
    scope.aliases_visible = visible;
  }
}

bool Binder::finish_compound_order(CompoundOrder& order, Select& select) {
  if (too_many_terms(order.terms.size(), "ORDER BY")) return false;
  std::span<OrderTerm> bound = arena_.make_array<OrderTerm>(order.terms.size());
  for (std::size_t i = 0; i < bound.size(); ++i) {
    std::string_view named;
    const sql::Expr* bare = without_collate(order.terms[i].expr, &named);
    std::int64_t position = 0;
    if (is_position(bare, &position)) {
      if (position < 1 || position > static_cast<std::int64_t>(select.columns.size())) {
        return position_error(i, true, select.columns.size(), "ORDER BY", bare->span, true);
      }
      order.columns[i] = static_cast<std::int32_t>(position - 1);
    }
    if (order.columns[i] < 0) return position_error(i, false, 0, "ORDER BY", bare->span);
    const auto column = static_cast<std::size_t>(order.columns[i]);
    if (!make_order_term(order.terms[i], select.columns[column].expr, order.columns[i], &bound[i])) return false;
    if (named.data() == nullptr && !select.column_collations.empty()) {
      bound[i].collation = usable(select.column_collations[column]);
      if (bound[i].collation == nullptr) return false;
    }
  }
  select.order_by = bound;
  return true;
}

// LIMIT and OFFSET see no columns, not even those outside.
bool Binder::bind_limit(const sql::Expr* limit, const sql::Expr* offset, const Expr** bound_limit,
                        const Expr** bound_offset) {
  const Restored<Scope*> in(scope_, nullptr);
  if (limit != nullptr && (*bound_limit = bind_scalar(limit)) == nullptr) return false;
  return offset == nullptr || (*bound_offset = bind_scalar(offset)) != nullptr;
}

}  // namespace perlite::bind
