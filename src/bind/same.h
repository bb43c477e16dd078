// bind/same.h: do two bound expressions say the same?
#pragma once

#include "bind/bound.h"

namespace perlite::bind {

// True when both give the same value over the same rows: same columns of the same relations, same literals by type and
// bytes, same functions, collations and affinities. Subqueries are the same only as the same object. An expression that
// is not deterministic is the same as none, itself excepted.
bool same_expression(const Expr* left, const Expr* right) noexcept;
bool same_expressions(ExprList left, ExprList right) noexcept;

}  // namespace perlite::bind
