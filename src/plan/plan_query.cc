// Queries, compounds, groups and what stands above a join.
#include <algorithm>
#include <cmath>

#include "base/deep_stack.h"
#include "plan/planning.h"

namespace perlite::plan {

using bind::Expr;

Result<const Query*> Planner::plan_select(const bind::Select& select) {
  if (const Query* known = plan_.query_of(select)) return known;
  const DeepStackScope deep;
  Planning planning(plan_, environment_, options_);
  PL_ASSIGN(const Query* query, planning.query(select));
  plan_.add_query(select, query);
  return query;
}

Result<const RowPlan*> Planner::plan_rows(const RowSearch& search) {
  const DeepStackScope deep;
  Planning planning(plan_, environment_, options_);
  return planning.search(search);
}

Status Planner::plan_subqueries(const Expr* expr) {
  if (expr == nullptr || (expr->flags & bind::kHasSubquery) == 0) return {};
  const DeepStackScope deep;
  Planning planning(plan_, environment_, options_);
  return planning.subqueries_of(expr);
}

// ------------------------------------------------------------------------------------------------------------ queries

namespace {

// Columns of tables whose affinity leaves one form for each value, compared by bytes.
bool exact_columns(const bind::Select& select) {
  for (std::size_t c = 0; c < select.columns.size(); ++c) {
    if (!same_collation(select.column_collations[c], nullptr)) return false;
    for (const bind::Arm& arm : select.arms) {
      if (arm.core->kind != bind::CoreKind::Select) return false;
      const auto* column = arm.core->columns[c].expr->try_as<bind::ColumnExpr>();
      if (column == nullptr || column->relation->kind != bind::RelationKind::Table) return false;
      const bool one_form = column->affinity == bind::Affinity::Integer || column->affinity == bind::Affinity::Text ||
                            column->affinity == bind::Affinity::Numeric;
      if (!one_form) return false;
    }
  }
  return true;
}

}  // namespace

Result<const Query*> Planning::query(const bind::Select& select, const Pushed& pushed) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return query(select, pushed); });
  Frame frame{&select, {}, false};
  for (bind::CommonTable* table : select.common_tables) frame.common_tables.push_back(table);
  frames.push_back(&frame);
  auto planned = arms_of(select, pushed);
  Status status;
  if (planned.ok()) status = subqueries_of(select.limit);
  if (planned.ok() && status.ok()) status = subqueries_of(select.offset);
  frames.pop_back();
  PL_TRY(planned);
  PL_TRY(std::move(status));

  Query* query = arena.make<Query>();
  query->select = &select;
  query->root = planned.value();
  query->width = static_cast<std::int32_t>(select.columns.size());
  query->kept_tables = take_kept_tables(frame);
  query->once = !select.correlated && !frame.outside && pushed.conditions.empty();
  if (!pushed.conditions.empty()) {
    // What was pushed in may look outside where the query itself does not.
    bool outside = false;
    for (const Expr* e : pushed.conditions) {
      for_each_relation(plan, *e, [&](const bind::Relation& r) { outside |= &r != pushed.relation; });
    }
    query->once = !select.correlated && !frame.outside && !outside;
  }
  query->rows = query->root->rows;
  query->cost = query->root->cost;
  return query;
}

std::span<const KeptTable> Planning::take_kept_tables(const Frame& frame) {
  Vector<KeptTable> list;
  for (const bind::CommonTable* table : frame.common_tables) {
    const auto found = kept.find(table);
    if (found != kept.end()) list.push_back(*found->second);
  }
  return arena.copy_array(list);
}

Result<const Operator*> Planning::arms_of(const bind::Select& select, const Pushed& pushed) {
  const bool has_limit = select.limit != nullptr;
  if (select.arms.size() == 1) {
    PL_ASSIGN(const Operator* op, core(*select.arms[0].core, select.order_by, has_limit, pushed));
    return limited(op, select.limit, select.offset);
  }

  const auto set_operation = [&](sql::CompoundOp op, const Vector<const Operator*>& arms) {
    double rows = 0;
    double cost = 0;
    for (const Operator* arm : arms) {
      rows += arm->rows;
      cost += arm->cost;
    }
    auto* set = make<SetOperation>(rows, cost + (op == sql::CompoundOp::UnionAll ? 0 : rows * 3));
    set->op = op;
    set->arms = arena.copy_array(arms);
    set->collations = select.column_collations;
    set->width = static_cast<std::int32_t>(select.columns.size());
    set->exact = exact_columns(select);
    return set;
  };

  const Operator* result = nullptr;
  for (const bind::Arm& arm : select.arms) {
    PL_ASSIGN(const Operator* op, core(*arm.core, {}, false, pushed));
    if (result == nullptr) {
      result = op;
      continue;
    }
    Vector<const Operator*> arms;
    const SetOperation* left = result->try_as<SetOperation>();
    const bool joins = left != nullptr && (arm.op == sql::CompoundOp::Union || arm.op == sql::CompoundOp::UnionAll) &&
                       (left->op == arm.op || (left->op == sql::CompoundOp::UnionAll && arm.op == sql::CompoundOp::Union));
    // A left side made for this compound only: an arm of its own is no SetOperation, for cores are projections.
    if (joins) {
      arms.assign(left->arms.begin(), left->arms.end());
    } else {
      arms.push_back(result);
    }
    arms.push_back(op);
    result = set_operation(arm.op, arms);
  }

  const auto& set = result->as<SetOperation>();
  bool sorted = set.op != sql::CompoundOp::UnionAll && on(Rewrite::OrderByIndex);
  for (std::size_t i = 0; i < select.order_by.size() && sorted; ++i) {
    const bind::OrderTerm& term = select.order_by[i];
    sorted = term.result_column == static_cast<std::int32_t>(i) && !term.descending && term.nulls_first &&
             same_collation(term.collation, select.column_collations[i]);
  }
  if (!select.order_by.empty() && !sorted) {
    auto* sort = make<Sort>(result->rows, result->cost + result->rows * std::log2(result->rows + 2));
    sort->child = result;
    sort->keys = select.order_by;
    sort->top_n = has_limit && on(Rewrite::TopN);
    result = sort;
  }
  return limited(result, select.limit, select.offset);
}

const Operator* Planning::limited(const Operator* op, const Expr* limit, const Expr* offset) {
  if (limit == nullptr) return op;
  auto* node = make<Limit>(op->rows, op->cost);
  if (const auto* literal = limit->try_as<bind::LiteralExpr>();
      literal != nullptr && literal->value.type == ValueType::Integer && literal->value.integer >= 0) {
    node->rows = std::min(op->rows, static_cast<double>(literal->value.integer));
  }
  node->child = op;
  node->limit = limit;
  node->offset = offset;
  return node;
}

// --------------------------------------------------------------------------------------------------------- one SELECT

namespace {

// count(*) over one table without conditions.
bool counts_rows(const bind::Core& core) {
  if (!core.is_aggregate || !core.group_by.empty() || core.where != nullptr || core.having != nullptr) return false;
  if (core.aggregates.size() != 1 || core.from == nullptr || core.from->relation == nullptr) return false;
  const bind::AggregateCall& call = core.aggregates[0];
  const bind::Relation& relation = *core.from->relation;
  return call.function->has(vm::kCount) && call.arguments.empty() && !call.distinct && call.filter == nullptr &&
         relation.kind == bind::RelationKind::Table && relation.hint == sql::IndexHint::None;
}

}  // namespace

namespace {

// A row of values, as that of an INSERT is: there is nothing to choose.
bool is_plain_row(const bind::Core& core) {
  return core.from == nullptr && core.where == nullptr && core.having == nullptr && core.group_by.empty() &&
         !core.is_aggregate && !core.distinct;
}

}  // namespace

const Operator* Planning::count_rows(const bind::Core& core) {
  const bind::Relation& relation = *core.from->relation;
  // The smallest tree: an index of short entries, if it holds all rows.
  const catalog::Index* best = nullptr;
  double best_width = relation.table->without_rowid ? 1e9 : row_width(*relation.table);
  if (on(Rewrite::CoveringIndex)) {
    for (const catalog::Index* index : relation.table->indexes) {
      const double width = entry_width(*relation.table, *index);
      if (index->where != nullptr || width >= best_width) continue;
      best = index;
      best_width = width;
    }
  }
  auto* count = make<CountRows>(1, rows_of(relation) / 50);
  count->relation = &relation;
  count->index = best;
  count->core = &core;
  return count;
}

Result<const Operator*> Planning::core(const bind::Core& core, OrderList order_by, bool has_limit,
                                       const Pushed& pushed) {
  if (!core.window_functions.empty()) {
    return Status::error("window functions are not available in this build");
  }
  if (core.kind == bind::CoreKind::Values) {
    auto* values = make<Values>(static_cast<double>(core.rows.size()), static_cast<double>(core.rows.size()));
    values->rows_of = core.rows;
    PL_TRY(subqueries_of_core(core));
    return values;
  }

  if (is_plain_row(core) && order_by.empty() && pushed.conditions.empty()) {
    PL_TRY(subqueries_of_core(core));
    auto* project = make<Project>(1, 0.1);
    project->child = make<OneRow>(1, 0);
    project->columns = core.columns;
    return project;
  }

  // Conditions from outside become part of WHERE, or of HAVING where they look at groups.
  Vector<const Expr*> having;
  add_conjuncts(core.having, &having);
  Region& region = new_region(-1);
  add_conjuncts(core.where, &region.conditions);
  for (const Expr* condition : pushed.conditions) {
    bool above_groups = false;
    const Expr* here = substitute(arena, *condition, *pushed.relation, [&](std::int32_t column) {
      const Expr* e = core.columns[static_cast<std::size_t>(column)].expr;
      if (core.is_aggregate) {
        bool is_key = false;
        for (const Expr* key : core.group_by) is_key |= same_expression(plan, *key, *e);
        above_groups |= !is_key;
      }
      return e;
    });
    (above_groups ? having : region.conditions).push_back(here);
  }
  if (pushed.conditions.empty() && on(Rewrite::CountPages) && counts_rows(core) && !core.distinct) {
    bool outer_aggregate = false;
    for (const auto& column : core.columns) {
      walk(*column.expr, [&](const Expr& e) {
        outer_aggregate |= e.kind == bind::ExprKind::Column;
        return true;
      });
    }
    if (!outer_aggregate) {
      PL_TRY(subqueries_of_core(core));
      const Operator* counted = count_rows(core);
      auto* project = make<Project>(1, counted->cost);
      project->child = counted;
      project->columns = core.columns;
      return project;
    }
  }

  const bool saved_adopt = may_adopt_order;
  const bool saved_drop = may_drop_order;
  const OrderList saved_order = adopted_order;
  adopted_order = {};
  may_adopt_order = core.from != nullptr && core.from->relation != nullptr && !core.is_aggregate && !core.distinct &&
                    order_by.empty();
  may_drop_order = !order_by.empty() && !core.is_aggregate && !core.distinct;
  Status status = core.from == nullptr ? Status() : add_from(*core.from, region);
  if (!adopted_order.empty()) order_by = adopted_order;
  may_adopt_order = saved_adopt;
  may_drop_order = saved_drop;
  adopted_order = saved_order;
  PL_TRY(std::move(status));

  // The order that would spare us work above.
  Vector<bind::OrderTerm> wanted;
  std::size_t loose_from = kStrict;
  bool minmax = false;
  bool adjacent = false;
  if (on(Rewrite::OrderByIndex) || on(Rewrite::MinMax)) {
    if (core.is_aggregate && !core.group_by.empty()) {
      if (on(Rewrite::OrderByIndex)) {
        // ORDER BY over the keys says in which direction; otherwise groups come as the rows do.
        const bool by_keys = orders_groups(core, order_by);
        loose_from = by_keys ? order_by.size() : 0;
        for (std::size_t i = 0; i < core.group_by.size(); ++i) {
          const bind::OrderTerm* term = i < loose_from ? &order_by[i] : nullptr;
          wanted.push_back({core.group_by[i], core.group_collations[i], term != nullptr && term->descending,
                            term == nullptr || term->nulls_first, -1});
        }
      }
    } else if (core.distinct && order_by.empty() && !core.is_aggregate) {
      adjacent = on(Rewrite::OrderByIndex);
      loose_from = 0;
      for (std::size_t i = 0; i < core.columns.size() && adjacent; ++i) {
        const Expr* expr = core.columns[i].expr;
        const bind::Collation* collation = expr->collation != nullptr ? expr->collation : &record::binary_collation();
        wanted.push_back({expr, collation, false, true, -1});
      }
    } else if (core.is_aggregate) {
      if (on(Rewrite::MinMax) && core.aggregates.size() == 1 && core.aggregates[0].function->has(vm::kMinMax) &&
          core.aggregates[0].arguments.size() == 1 && core.aggregates[0].filter == nullptr) {
        const bool descending = core.aggregates[0].function->has(vm::kMax);
        minmax = true;
        wanted.push_back({core.aggregates[0].arguments[0], core.aggregates[0].collation, descending, !descending, -1});
      }
    } else if (on(Rewrite::OrderByIndex)) {
      wanted.assign(order_by.begin(), order_by.end());
    }
  }
  PL_ASSIGN(JoinResult joined, join(region, wanted, true, loose_from));
  adjacent = adjacent && joined.ordered;
  PL_TRY(subqueries_of_core(core));
  for (const bind::OrderTerm& term : order_by) PL_TRY(subqueries_of(term.expr));

  const Operator* op = joined.op;
  bool ordered = joined.ordered;
  if (core.is_aggregate) {
    PL_ASSIGN(op, grouped(core, order_by, joined, minmax, &ordered, having));
  }
  auto* project = make<Project>(op->rows, op->cost + op->rows * 0.1);
  project->child = op;
  project->columns = core.columns;
  op = project;

  if (core.distinct) {
    auto* distinct = make<Distinct>(std::max(1.0, op->rows / 2), op->cost + op->rows);
    distinct->child = op;
    distinct->adjacent = adjacent;
    auto collations = arena.make_array<const bind::Collation*>(core.columns.size());
    for (std::size_t i = 0; i < core.columns.size(); ++i) collations[i] = core.columns[i].expr->collation;
    distinct->collations = collations;
    op = distinct;
  }
  bool one_row = core.is_aggregate && core.group_by.empty();
  if (!order_by.empty() && !ordered && !one_row) {
    auto* sort = make<Sort>(op->rows, op->cost + op->rows * std::log2(op->rows + 2));
    sort->child = op;
    sort->keys = order_by;
    sort->top_n = has_limit && on(Rewrite::TopN);
    op = sort;
  }
  return op;
}

// Are the terms of ORDER BY the first keys of GROUP BY?
bool Planning::orders_groups(const bind::Core& core, OrderList order_by) const {
  bool same = order_by.size() <= core.group_by.size();
  for (std::size_t i = 0; i < order_by.size() && same; ++i) {
    same = same_expression(plan, *order_by[i].expr, *core.group_by[i]) &&
           same_collation(order_by[i].collation, core.group_collations[i]);
  }
  return same;
}

Result<const Operator*> Planning::grouped(const bind::Core& core, OrderList order_by, JoinResult joined, bool minmax,
                                          bool* ordered, std::span<const Expr* const> having) {
  const Operator* op = joined.op;
  const bool plain = core.group_by.empty();
  auto* aggregate = make<Aggregate>(plain ? 1 : std::max(1.0, op->rows / 8), op->cost + op->rows * (plain ? 0.5 : 2));
  aggregate->child = op;
  aggregate->core = &core;
  aggregate->mode = plain ? AggregateMode::Plain : joined.ordered ? AggregateMode::Ordered : AggregateMode::Hash;
  aggregate->carried = carried_columns(core, order_by, having);
  aggregate->first_row_suffices = plain && minmax && joined.ordered;

  // Groups come in the order that was asked for, or, hashed, in that of their keys.
  *ordered = !plain && orders_groups(core, order_by);
  for (std::size_t i = 0; i < order_by.size() && *ordered && aggregate->mode == AggregateMode::Hash; ++i) {
    *ordered = !order_by[i].descending && order_by[i].nulls_first;
  }
  op = aggregate;
  if (!having.empty()) {
    Vector<const Expr*> conditions(having.begin(), having.end());
    op = filter(op, conditions);
  }
  return op;
}

// Columns of the core's relations that are looked at above its groups, neither in aggregates nor as part of a key.
std::span<const CarriedColumn> Planning::carried_columns(const bind::Core& core, OrderList order_by,
                                                         std::span<const Expr* const> having) {
  Vector<CarriedColumn> list;
  Vector<const bind::Relation*> inside(core.relations.begin(), core.relations.end());
  const auto add = [&](const bind::Relation* relation, std::int32_t column) {
    if (std::find(inside.begin(), inside.end(), relation) == inside.end()) return;
    for (const CarriedColumn& known : list) {
      if (known.relation == relation && known.column == column) return;
    }
    list.push_back({relation, column});
  };
  const auto visit = [&](const Expr& expr) {
    for (const Expr* key : core.group_by) {
      if (core.bare_minmax >= 0 && expr.kind == bind::ExprKind::Column) break;
      if (same_expression(plan, *key, expr)) return false;
    }
    if (const auto* column = expr.try_as<bind::ColumnExpr>()) add(column->relation, column->column);
    if (const bind::Select* select = query_in(expr)) {
      walk_query(*select, [&](const Expr& inner) {
        if (const auto* column = inner.try_as<bind::ColumnExpr>()) add(column->relation, column->column);
        return true;
      });
    }
    return true;
  };
  for (const auto& column : core.columns) walk(*column.expr, visit);
  for (const auto& term : order_by) walk(*term.expr, visit);
  for (const Expr* e : having) walk(*e, visit);
  return arena.copy_array(list);
}

// ----------------------------------------------------------------------------------------------------- common tables

Result<const KeptTable*> Planning::kept_table(const bind::CommonTable& table) {
  if (const auto found = kept.find(&table); found != kept.end()) return found->second;
  KeptTable* made = arena.make<KeptTable>();
  made->table = &table;
  if (table.recursive) {
    PL_ASSIGN(const Query* rows, recursion(table));
    made->query = rows;
    made->once = rows->once;
  } else {
    PL_ASSIGN(const Query* rows, query(*table.select));
    made->query = rows;
    made->once = rows->once;
  }
  kept.emplace(&table, made);
  return made;
}

Result<const Query*> Planning::recursion(const bind::CommonTable& table) {
  PL_ASSIGN(const Query* initial, query(*table.initial));
  auto* node = make<RecursiveUnion>(initial->rows * 20, initial->cost * 20);
  node->table = &table;
  node->initial = initial;
  bool once = initial->once;
  auto steps = arena.make_array<const Query*>(table.steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    PL_ASSIGN(steps[i], query(*table.steps[i]));
    for (const bind::Relation* relation : table.steps[i]->outer_relations) {
      once &= relation->kind == bind::RelationKind::RecursiveStep && relation->common_table == &table;
    }
    once &= !table.steps[i]->correlated;
  }
  node->steps = steps;
  PL_TRY(subqueries_of(table.limit));
  PL_TRY(subqueries_of(table.offset));
  for (const bind::OrderTerm& term : table.queue_order) PL_TRY(subqueries_of(term.expr));
  Query* made = arena.make<Query>();
  made->select = table.initial;
  made->root = node;
  made->width = static_cast<std::int32_t>(table.columns.size());
  made->once = once;
  made->rows = node->rows;
  made->cost = node->cost;
  return made;
}

// --------------------------------------------------------------------------------------------------------- subqueries

Status Planning::plan_subqueries_in(const Expr& expr) {
  Status status;
  walk(expr, [&](const Expr& e) {
    const bind::Select* select = query_in(e);
    if (select != nullptr && status.ok() && plan.query_of(*select) == nullptr) {
      auto planned = query(*select);
      if (planned.ok()) {
        plan.add_query(*select, planned.value());
      } else {
        status = std::move(planned.status());
      }
    }
    return status.ok();
  });
  return status;
}

Status Planning::subqueries_of_core(const bind::Core& core) {
  for (const auto& column : core.columns) PL_TRY(subqueries_of(column.expr));
  for (const Expr* e : core.group_by) PL_TRY(subqueries_of(e));
  PL_TRY(subqueries_of(core.having));
  for (const auto& call : core.aggregates) {
    for (const Expr* e : call.arguments) PL_TRY(subqueries_of(e));
    PL_TRY(subqueries_of(call.filter));
    for (const auto& term : call.order_by) PL_TRY(subqueries_of(term.expr));
  }
  if (core.kind != bind::CoreKind::Values) return {};  // a single row is the columns
  for (const auto& row : core.rows) {
    for (const Expr* e : row) PL_TRY(subqueries_of(e));
  }
  return {};
}

// ------------------------------------------------------------------------------------- the rows of UPDATE and DELETE

Result<const RowPlan*> Planning::search(const RowSearch& search) {
  static const bind::Select kNoSelect{};
  Frame frame{&kNoSelect, {}, false};
  for (bind::CommonTable* table : search.common_tables) frame.common_tables.push_back(table);
  frames.push_back(&frame);
  auto planned = [&]() -> Result<const Operator*> {
    Region& region = new_region(-1);
    add_conjuncts(search.where, &region.conditions);
    if (search.from != nullptr) {
      PL_TRY(add_from(*search.from, region));
    } else {
      for (const bind::Relation* relation : search.relations) PL_TRY(add_leaf(*relation, region));
    }
    // Which row is changed first decides which one a conflict leaves.
    table_order = search.relations.size() == 1;
    auto found = join(region, on(Rewrite::OrderByIndex) ? search.order_by : OrderList(), true);
    table_order = false;
    PL_ASSIGN(JoinResult joined, std::move(found));
    for (const bind::OrderTerm& term : search.order_by) PL_TRY(subqueries_of(term.expr));
    for (const Expr* e : search.later) PL_TRY(subqueries_of(e));
    PL_TRY(subqueries_of(search.limit));
    PL_TRY(subqueries_of(search.offset));
    const Operator* op = joined.op;
    if (!search.order_by.empty() && !joined.ordered) {
      auto* sort = make<Sort>(op->rows, op->cost + op->rows * std::log2(op->rows + 2));
      sort->child = op;
      sort->keys = search.order_by;
      sort->top_n = search.limit != nullptr && on(Rewrite::TopN);
      op = sort;
    }
    return limited(op, search.limit, search.offset);
  }();
  frames.pop_back();
  PL_TRY(planned);
  RowPlan* rows = arena.make<RowPlan>();
  rows->root = planned.value();
  rows->kept_tables = take_kept_tables(frame);
  return rows;
}

// ------------------------------------------------------------------------------------------------------------ helpers

const Operator* Planning::filter(const Operator* child, const Vector<const Expr*>& conditions) {
  if (conditions.empty()) return child;
  // What is dear to evaluate comes last.
  const auto is_dear = [](const Expr* e) { return (e->flags & bind::kHasSubquery) != 0; };
  const auto order = arena.make_array<const Expr*>(conditions.size());
  std::size_t placed = 0;
  double rows = child->rows;
  for (const Expr* e : conditions) {
    rows *= selectivity(*this, Conjunct{e});
    if (!is_dear(e)) order[placed++] = e;
  }
  for (std::size_t i = 0; placed < order.size(); ++i) {
    if (is_dear(conditions[i])) order[placed++] = conditions[i];
  }
  auto* node = make<Filter>(rows, child->cost + child->rows * 0.2 * static_cast<double>(conditions.size()));
  node->child = child;
  node->conditions = order;
  return node;
}

const Expr* Planning::comparison(bind::CompareOp op, const Expr* left, const Expr* right,
                                 const bind::ComparisonRule& rule) {
  auto* compare = arena.make<bind::CompareExpr>();
  compare->kind = bind::ExprKind::Compare;
  compare->flags = static_cast<std::uint16_t>((left->flags | right->flags) & ~bind::kIsConstant);
  if (is_constant(*left) && is_constant(*right)) compare->flags |= bind::kIsConstant;
  compare->height = std::max(left->height, right->height) + 1;
  compare->span = left->span;
  compare->op = op;
  compare->left = left;
  compare->right = right;
  auto rules = arena.make_array<bind::ComparisonRule>(1);
  rules[0] = rule;
  compare->rules = rules;
  return compare;
}

void Planning::define(const bind::Relation& relation, const Definition& definition) {
  const auto id = static_cast<std::size_t>(relation.id);
  if (id >= plan.definitions.size()) plan.definitions.resize(id + 1, nullptr);
  plan.definitions[id] = arena.make<Definition>(definition);
}

}  // namespace perlite::plan
