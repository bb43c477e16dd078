// plan/planner.h: the door of this layer: from bound tree to physical plan.
//
// plan_select() plans a query with all subqueries in it; plan_rows() the search of an UPDATE or DELETE. The Plan owns
// nothing: it lives in the Arena it is given, as the bound tree does, and both outlive it.
//   Rewrites  leave the bound tree as it is. A relation that a rewrite dissolved (a view flattened into the query around
//             it) gets a Definition: its columns are expressions over other relations. Whoever evaluates or inspects a
//             column asks definition_of() first.
//   Errors    those of modules' best_plan(); Error with stock's text ("no query solution", "at most 64 tables in a join").
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "base/containers.h"
#include "base/status.h"
#include "bind/bound.h"
#include "bind/environment.h"
#include "plan/physical.h"
#include "plan/switches.h"

namespace perlite::plan {

struct PlanOptions {
  Switches switches;
  bool reverse_unordered_selects = false;
  bool automatic_index = true;  // PRAGMA automatic_index: hash joins where no index helps
};

// What a dissolved relation's columns are.
struct Definition {
  bind::ExprList columns;
  std::int32_t null_flag = -1;  // not -1: NULL instead while the left join of that number has no row on its right
  const bind::Relation* anchor = nullptr;  // with null_flag: a relation on the right of that join
};

struct Plan {
  explicit Plan(Arena& memory) : arena(memory) {}
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  Arena& arena;
  Vector<const Definition*> definitions;                  // by relation id; null: none
  Vector<const Query*> queries;                           // all subqueries of expressions, by the select's id
  std::int32_t null_flag_count = 0;

  const Definition* definition_of(const bind::Relation& relation) const {
    const auto id = static_cast<std::size_t>(relation.id);
    return id < definitions.size() ? definitions[id] : nullptr;
  }
  const Query* query_of(const bind::Select& select) const {
    const auto id = static_cast<std::size_t>(select.id);
    return id < queries.size() ? queries[id] : nullptr;
  }
  void add_query(const bind::Select& select, const Query* query) {
    const auto id = static_cast<std::size_t>(select.id);
    if (id >= queries.size()) queries.resize(id + 1);
    queries[id] = query;
  }
};

// The rows that an UPDATE or DELETE is about: above `root` every expression over `relations` can be evaluated.
struct RowSearch {
  const bind::FromNode* from = nullptr;
  std::span<const bind::Relation* const> relations;
  const bind::Expr* where = nullptr;
  std::span<const bind::OrderTerm> order_by;
  const bind::Expr* limit = nullptr;
  const bind::Expr* offset = nullptr;
  std::span<bind::CommonTable* const> common_tables;
  std::span<const bind::Expr* const> later;  // expressions evaluated above it: their subqueries are planned too
};
struct RowPlan {
  const Operator* root = nullptr;
  std::span<const KeptTable> kept_tables;
};

class Planner {
 public:
  Planner(Plan& plan, bind::Environment& environment, const PlanOptions& options)
      : plan_(plan), environment_(environment), options_(options) {}

  Result<const Query*> plan_select(const bind::Select& select);
  Result<const RowPlan*> plan_rows(const RowSearch& search);
  // Plans the subqueries in an expression that stands outside any query (VALUES of an INSERT, SET, RETURNING, CHECK).
  Status plan_subqueries(const bind::Expr* expr);

 private:
  Plan& plan_;
  bind::Environment& environment_;
  PlanOptions options_;
};


}  // namespace perlite::plan
