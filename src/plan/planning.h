// plan/planning.h: one planning in progress. Internal to this layer.
#pragma once

#include "base/containers.h"
#include "bind/environment.h"
#include "plan/expressions.h"
#include "plan/join.h"
#include "plan/physical.h"
#include "plan/planner.h"

namespace perlite::plan {

// What rows come ordered by is asked for as a list of terms.
using OrderList = std::span<const bind::OrderTerm>;
// A place in an OrderList: from there on rows of equal values need only come together, in whatever direction.
inline constexpr std::size_t kStrict = static_cast<std::size_t>(-1);

struct JoinResult {
  const Operator* op = nullptr;
  bool ordered = false;  // as asked
};

// Estimates where nothing is known, in steps to a next row.
inline constexpr double kDefaultRows = 1048576;
inline constexpr double kSeekCost = 10;    // from the root to an entry
inline constexpr double kLookupCost = 2.5;  // from an index entry to its row

struct Planning {
  struct Frame {  // one query being planned
    const bind::Select* select;
    Vector<bind::CommonTable*> common_tables;  // its own and those of queries flattened into it
    bool outside = false;                      // depends on rows outside by way of a common table or recursion
  };
  // What a query in FROM is asked to leave out: conditions over its own columns, `relation` standing for them.
  struct Pushed {
    const bind::Relation* relation = nullptr;
    std::span<const bind::Expr* const> conditions;
  };

  Planning(Plan& p, bind::Environment& e, const PlanOptions& o) : plan(p), arena(p.arena), environment(e), options(o) {}

  bool on(Rewrite rewrite) const { return options.switches.has(rewrite); }

  // plan_query.cc
  Result<const Query*> query(const bind::Select& select) { return query(select, Pushed{}); }
  Result<const Query*> query(const bind::Select& select, const Pushed& pushed);
  Result<const RowPlan*> search(const RowSearch& search);
  Status subqueries_of(const bind::Expr* expr) {
    if (expr == nullptr || (expr->flags & bind::kHasSubquery) == 0) return {};
    return plan_subqueries_in(*expr);
  }
  Status plan_subqueries_in(const bind::Expr& expr);
  Result<const KeptTable*> kept_table(const bind::CommonTable& table);
  Result<const Query*> recursion(const bind::CommonTable& table);

  Result<const Operator*> arms_of(const bind::Select& select, const Pushed& pushed);
  Result<const Operator*> core(const bind::Core& core, OrderList order_by, bool limited, const Pushed& pushed);
  const Operator* limited(const Operator* op, const bind::Expr* limit, const bind::Expr* offset);
  Result<const Operator*> grouped(const bind::Core& core, OrderList order_by, JoinResult joined, bool minmax,
                                  bool* ordered, std::span<const bind::Expr* const> having);
  bool orders_groups(const bind::Core& core, OrderList order_by) const;
  const Operator* count_rows(const bind::Core& core);
  std::span<const CarriedColumn> carried_columns(const bind::Core& core, OrderList order_by,
                                                 std::span<const bind::Expr* const> having);
  Status subqueries_of_core(const bind::Core& core);
  std::span<const KeptTable> take_kept_tables(const Frame& frame);

  // plan_from.cc
  Status add_from(const bind::FromNode& node, Region& region);
  Status add_leaf(const bind::Relation& relation, Region& region);
  bool can_flatten(const bind::Relation& relation, const Region& region) const;
  Status flatten(const bind::Relation& relation, Region& region);
  Status add_outer_join(const bind::FromNode& node, bind::JoinKind kind, Region& region);
  bool rejects_nulls(const Region& region, const bind::FromNode& side) const;
  Region& new_region(std::int32_t null_flag) {
    regions.emplace_back();
    regions.back().null_flag = null_flag;
    return regions.back();
  }

  // plan_join.cc. `outermost`: the join is run once for each run of its query.
  Result<JoinResult> join(Region& region, OrderList wanted, bool outermost, std::size_t loose_from = kStrict);
  const Operator* one_row(const Region& region);

  // The items of the join being planned that an expression needs.
  RelationSet set_of(const bind::Expr& expr) const {
    RelationSet set = 0;
    if (add_simple(expr, &set)) return set;
    // Most conditions compare columns and constants.
    if (const auto* compare = expr.try_as<bind::CompareExpr>()) {
      if (add_simple(*compare->left, &set) && add_simple(*compare->right, &set)) return set;
      set = 0;
    }
    for_each_relation(plan, expr, [&](const bind::Relation& relation) {
      const auto id = static_cast<std::size_t>(relation.id);
      if (id < item_of.size() && item_of[id] >= 0) set |= one_relation(item_of[id]);
    });
    return set;
  }

  // set_of() of a constant, or of a column of a relation that stands for itself; false of anything else.
  bool add_simple(const bind::Expr& expr, RelationSet* set) const {
    if (is_constant(expr)) return true;
    const auto* column = expr.try_as<bind::ColumnExpr>();
    if (column == nullptr || plan.definition_of(*column->relation) != nullptr) return false;
    const auto id = static_cast<std::size_t>(column->relation->id);
    if (id < item_of.size() && item_of[id] >= 0) *set |= one_relation(item_of[id]);
    return true;
  }

  // statistics.cc
  double rows_of(const bind::Relation& relation) const;
  const catalog::TreeStatistics* statistics_of(const bind::Relation& relation, const catalog::Index* index) const;

  template <class T>
  T* make(double rows, double cost) {
    T* op = arena.make<T>();
    op->kind = T::kKind;
    op->rows = rows;
    op->cost = cost;
    return op;
  }
  const Operator* filter(const Operator* child, const Vector<const bind::Expr*>& conditions);
  // left op right by `rule`.
  const bind::Expr* comparison(bind::CompareOp op, const bind::Expr* left, const bind::Expr* right,
                               const bind::ComparisonRule& rule);
  void define(const bind::Relation& relation, const Definition& definition);

  Plan& plan;
  Arena& arena;
  bind::Environment& environment;
  const PlanOptions& options;
  Vector<Frame*> frames;
  List<Region> regions;
  HashMap<const bind::CommonTable*, const KeptTable*> kept;
  OrderList adopted_order;  // of a flattened query that is all of FROM
  bool may_adopt_order = false;
  bool may_drop_order = false;
  Vector<std::int8_t> item_of;  // by relation id: item of the join being planned, -1 for none
  bool want_order = false;      // an order is asked for: paths that give one are worth a look
  bool table_order = false;     // rows to change: met in the order of their table unless a condition asks for an index
};

// All ways to read a stored table under the conditions. conjuncts[i].uses are sets of items of the join, `self` the item
// of the relation, which comes once. Never empty: the last is the whole table.
void table_paths(Planning& planning, const bind::Relation& relation, RelationSet self,
                 std::span<const Conjunct> conjuncts, Vector<const AccessPath*>* out);
// Likewise for a module's table. Errors: those of best_plan().
Status source_paths(Planning& planning, const bind::Relation& relation, RelationSet self,
                    std::span<const Conjunct> conjuncts, OrderList wanted, Vector<const AccessPath*>* out);
// How long entries of an index, and rows of a table, are: in units of a number, a guess by what is declared.
double entry_width(const catalog::Table& table, const catalog::Index& index);
double row_width(const catalog::Table& table);
// Part of the rows for which the condition is true.
double selectivity(const Planning& planning, const Conjunct& conjunct);

}  // namespace perlite::plan
