// WITH: common tables, ordinary and recursive (lang_with.html).
//
// A table used once is a subquery where it is used; a second use, or MATERIALIZED, makes it a CommonTable of the query
// that has the WITH clause. A recursive one always is.
#include "base/ascii.h"
#include "bind/binding.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

bool Binder::open_with(const sql::With& with, WithScope& scope, Scope* names, SelectState* select) {
  scope.outer = with_;
  scope.with = &with;
  scope.names = names;
  scope.select = select;
  scope.tables = arena_.make_array<CommonTableState>(with.tables.size());
  for (std::size_t i = 0; i < scope.tables.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!equals_ignoring_case(with.tables[k].name.text, with.tables[i].name.text)) continue;
      return error("duplicate WITH table name: %.*s", with.tables[i].name.text);
    }
    scope.tables[i].ast = &with.tables[i];
  }
  return true;
}

CommonTableState* Binder::find_common_table(std::string_view name, WithScope** scope) {
  for (WithScope* one = with_; one != nullptr; one = one->outer) {
    for (CommonTableState& table : one->tables) {
      if (!equals_ignoring_case(table.ast->name.text, name)) continue;
      *scope = one;
      return &table;
    }
  }
  return nullptr;
}

// Does FROM of this arm name the table itself?
bool Binder::names_table(const sql::SelectCore& core, std::string_view name) {
  if (core.from == nullptr) return false;
  Vector<const sql::FromClause*> open;
  open.push_back(core.from);
  while (!open.empty()) {
    const sql::FromClause* clause = open.back();
    open.pop_back();
    for (const sql::FromItem& item : clause->items) {
      if (item.kind == sql::FromKind::Nested) open.push_back(item.nested);
      if (item.kind == sql::FromKind::Table && !item.schema.present() && equals_ignoring_case(item.name.text, name)) {
        return true;
      }
    }
  }
  return false;
}

CommonTable* Binder::new_common_table(CommonTableState& table, WithScope& with) {
  auto* common = arena_.make<CommonTable>();
  common->name = table.ast->name.text;
  common->id = common_table_count_++;
  common->hint = table.ast->hint;
  if (with.select != nullptr) {
    with.select->common_tables.push_back(common);
  } else if (statement_common_tables_ != nullptr) {
    statement_common_tables_->push_back(common);
  }
  table.bound = common;
  return common;
}

namespace {

std::span<std::string_view> names_of(const sql::CommonTable& ast, Arena& arena) {
  std::span<std::string_view> names = arena.make_array<std::string_view>(ast.columns.size());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = ast.columns[i].text;
  return names;
}

}  // namespace

Source* Binder::bind_common_table(CommonTableState& table, WithScope& with, const sql::FromItem& item, Scope& scope) {
  const sql::CommonTable& ast = *table.ast;
  const std::string_view name = ast.name.text;
  const std::string_view alias = item.alias.present() ? item.alias.text : item.name.text;
  auto reference = [&](RelationKind kind, CommonTable& common) {
    Source* source = new_source(kind);
    source->name = name;
    source->alias = alias;
    source->common_table = &common;
    source->columns = common.columns;
    source->span = item.span;
    return source;
  };

  if (table.busy) {
    if (table.recursive_core == nullptr) return failed(message("circular reference: %.*s", name));
    if (scope.core == nullptr || scope.core->core != table.recursive_core) {
      return failed(message("multiple recursive references: %.*s", name));
    }
    if (++table.step_references > 1) return failed(message("multiple references to recursive table: %.*s", name));
    return reference(RelationKind::RecursiveStep, *table.bound);
  }
  if (table.bound != nullptr) {
    ++table.bound->use_count;
    return reference(RelationKind::CommonTable, *table.bound);
  }

  // A second use of what was a subquery at the first.
  if (table.first_use != nullptr && ast.hint == sql::MaterializeHint::None && !common_tables_in_place_) {
    CommonTable* common = new_common_table(table, with);
    common->select = table.first_use->select;
    common->columns = table.first_use->columns;
    common->use_count = 2;
    table.first_use->kind = RelationKind::CommonTable;
    table.first_use->common_table = common;
    table.first_use->select = nullptr;
    return reference(RelationKind::CommonTable, *common);
  }

  // Is it recursive? The last arms that name it, all joined by the same kind of UNION.
  std::size_t first_step = ast.select->arms.size();
  const sql::CompoundOp op = ast.select->arms.back().op;
  if (op == sql::CompoundOp::Union || op == sql::CompoundOp::UnionAll) {
    while (first_step > 1 && ast.select->arms[first_step - 1].op == op &&
           names_table(*ast.select->arms[first_step - 1].core, name)) {
      --first_step;
    }
  }
  const bool recursive = first_step < ast.select->arms.size();
  const bool kept = recursive || (ast.hint == sql::MaterializeHint::Materialized && !common_tables_in_place_);

  // Its queries see what the query with the WITH clause sees around it.
  table.busy = true;
  Place place = *place_;
  if (has_authorizer_) place.inner_object = terminated(name).data();
  const Restored<Place*> inside(place_, &place);
  const Restored<Scope*> in(scope_, with.names);
  const Restored<WithScope*> at(with_, &with);
  if (recursive) {
    if (common_tables_in_place_) {
      return failed(message("recursive table %.*s is not available in ON CONFLICT and RETURNING of an INSERT", name));
    }
    const Restored<SelectState*> of(select_, with.select);
    if (!bind_recursive(table, with, first_step)) return nullptr;
    table.busy = false;
    table.bound->use_count = 1;
    return reference(RelationKind::CommonTable, *table.bound);
  }
  SelectOptions options;
  options.outer = with.names;
  options.container = scope.select;
  const Select* select = bind_select(*ast.select, options);
  if (select == nullptr) return nullptr;
  table.busy = false;
  if (!ast.columns.empty() && ast.columns.size() != select->columns.size()) {
    return failed(Status::format(Code::Error, -1, "table %.*s has %d values for %d columns",
                                 static_cast<int>(name.size()), name.data(), static_cast<int>(select->columns.size()),
                                 static_cast<int>(ast.columns.size())));
  }
  Source* source = select_source(*select, names_of(ast, arena_), name, alias, item.span);
  if (!kept) {
    if (table.first_use == nullptr) table.first_use = source;
    return source;
  }
  CommonTable* common = new_common_table(table, with);
  common->select = select;
  common->columns = source->columns;
  common->use_count = 1;
  source->kind = RelationKind::CommonTable;
  source->common_table = common;
  source->select = nullptr;
  return source;
}

bool Binder::bind_recursive(CommonTableState& table, WithScope& with, std::size_t first_step) {
  const sql::CommonTable& ast = *table.ast;
  const std::string_view name = ast.name.text;
  const sql::Select& query = *ast.select;
  bool ignored = false;
  if (!authorize(SQLITE_RECURSIVE, {}, {}, -1, &ignored)) return false;

  // Tables defined inside belong to the recursive one's own query: a state stands for all its arms.
  SelectOptions options;
  options.outer = with.names;
  options.container = select_;
  WithScope inner;
  const Restored<WithScope*> at(with_, with_);
  auto* initial = arena_.make<Select>();
  SelectState state{initial, options.container, {}, {}, false};
  if (query.with != nullptr) {
    if (!open_with(*query.with, inner, with.names, &state)) return false;
    with_ = &inner;
  }
  initial->id = ++select_count_;
  if (bind_arms(query, 0, first_step, false, state, options) == nullptr) return false;
  if (!ast.columns.empty() && ast.columns.size() != initial->columns.size()) {
    return fail(Status::format(Code::Error, -1, "table %.*s has %d values for %d columns",
                               static_cast<int>(name.size()), name.data(), static_cast<int>(initial->columns.size()),
                               static_cast<int>(ast.columns.size())));
  }
  CommonTable* common = new_common_table(table, with);
  common->recursive = true;
  common->initial = initial;
  common->distinct = query.arms[first_step].op == sql::CompoundOp::Union;
  std::span<RelationColumn> columns = columns_of_select(*initial, names_of(ast, arena_));
  for (RelationColumn& column : columns) {
    column.origin = nullptr;
    column.declared_type = {};
  }
  common->columns = columns;

  std::span<const Select*> steps = arena_.make_array<const Select*>(query.arms.size() - first_step);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto* step = arena_.make<Select>();
    step->id = ++select_count_;
    SelectState step_state{step, options.container, {}, {}, false};
    recursion_ = &table;
    table.step_references = 0;
    const bool bound = bind_arms(query, first_step + i, first_step + i + 1, false, step_state, options) != nullptr;
    table.recursive_core = nullptr;
    recursion_ = nullptr;
    if (!bound) return false;
    const Core& core = *step->arms[0].core;
    if (core.is_aggregate) return error("recursive aggregate queries not supported");
    if (!core.window_functions.empty()) return error("cannot use window functions in recursive queries");
    if (step->columns.size() != common->columns.size()) {
      return error("SELECTs to the left and right of %.*s do not have the same number of result columns",
                   std::string_view(common->distinct ? "UNION" : "UNION ALL"));
    }
    steps[i] = step;
  }
  common->steps = steps;

  // ORDER BY of the whole orders the queue; its terms are columns of the table.
  std::span<OrderTerm> order = arena_.make_array<OrderTerm>(query.order_by.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const sql::OrderTerm& term = query.order_by[i];
    const sql::Expr* expr = term.expr;
    while (const auto* collate = expr->try_as<sql::CollateExpr>()) expr = collate->operand;
    std::int64_t position = 0;
    std::int32_t column = -1;
    if (is_position(expr, &position)) {
      if (position >= 1 && position <= static_cast<std::int64_t>(columns.size())) {
        column = static_cast<std::int32_t>(position - 1);
      }
    } else if (const auto* named = expr->try_as<sql::ColumnExpr>(); named != nullptr && !named->table.present()) {
      column = catalog::find_column_by_search(named->column.text, initial->columns);
      if (column < 0) column = catalog::find_column_by_search(named->column.text, columns);
      for (const Select* step : steps) {
        if (column < 0) column = catalog::find_column_by_search(named->column.text, step->columns);
      }
    }
    if (column < 0) return position_error(i, position != 0, initial->columns.size(), "ORDER BY", term.expr->span);
    if (!make_order_term(term, initial->columns[static_cast<std::size_t>(column)].expr, column, &order[i]))
      return false;
  }
  common->queue_order = order;
  return bind_limit(query.limit, query.offset, &common->limit, &common->offset);
}

}  // namespace perlite::bind
