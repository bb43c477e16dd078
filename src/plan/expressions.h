// plan/expressions.h: looking at bound expressions.
//
// Columns of dissolved relations (plan::Definition) are looked through where a function says so.
//   Depth   the binder bounds the height of expressions and the nesting of queries; definitions only look inward.
#pragma once

#include "base/containers.h"
#include "base/function_ref.h"
#include "bind/bound.h"
#include "plan/planner.h"

namespace perlite::plan {

// Calls visit for each direct child. Queries inside are not entered.
void for_each_child(const bind::Expr& expr, FunctionRef<void(const bind::Expr&)> visit);
// The query in a subquery expression, else null.
const bind::Select* query_in(const bind::Expr& expr) noexcept;
// Calls visit for `expr` and all below it; children only where visit answers true. Queries inside are not entered.
void walk(const bind::Expr& expr, FunctionRef<bool(const bind::Expr&)> visit);
// As walk(), for every expression of a query, queries inside it included.
void walk_query(const bind::Select& select, FunctionRef<bool(const bind::Expr&)> visit);

// Calls visit for every relation whose row `expr` needs, dissolved ones replaced by those of their columns.
// May name a relation more than once.
void for_each_relation(const Plan& plan, const bind::Expr& expr, FunctionRef<void(const bind::Relation&)> visit);

// The expression behind columns of dissolved relations; stops at one that may be NULL by an outer join.
const bind::Expr& resolve(const Plan& plan, const bind::Expr& expr) noexcept;
// resolve(), when that is a column; else null.
const bind::ColumnExpr* column_of(const Plan& plan, const bind::Expr& expr) noexcept;

// The same computation: equal results whenever both are evaluated at one place.
bool same_expression(const Plan& plan, const bind::Expr& left, const bind::Expr& right);

bool same_collation(const bind::Collation* left, const bind::Collation* right) noexcept;
inline bool is_constant(const bind::Expr& expr) noexcept { return (expr.flags & bind::kIsConstant) != 0; }
inline bool deterministic(const bind::Expr& expr) noexcept { return (expr.flags & bind::kNotDeterministic) == 0; }

// Splits at AND.
void add_conjuncts(const bind::Expr* condition, Vector<const bind::Expr*>* out);

// Calls visit for each relation that must not be a made-up row of NULLs for `condition` to be true.
void for_each_null_rejected(const Plan& plan, const bind::Expr& condition,
                            FunctionRef<void(const bind::Relation&)> visit);

// A copy of `expr` in which the columns of `relation` are the expressions given. `expr` holds no query.
const bind::Expr* substitute(Arena& arena, const bind::Expr& expr, const bind::Relation& relation,
                             FunctionRef<const bind::Expr*(std::int32_t column)> column);

}  // namespace perlite::plan
