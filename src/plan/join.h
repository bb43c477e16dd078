// plan/join.h: a join before its order is chosen: items, conditions, and what binds them.
//
// A Region is everything joined by inner and left joins at one level: its items may be met in any order that keeps each
// item behind those it needs. The right side of a LEFT JOIN is an item with a region of its own; RIGHT and FULL joins are
// items planned already.
#pragma once

#include "base/containers.h"
#include "plan/access_path.h"
#include "plan/physical.h"
#include "plan/planner.h"

namespace perlite::plan {

struct Region;

struct Item {
  const bind::Relation* relation = nullptr;   // a leaf
  const Query* derived = nullptr;             // its rows, for a leaf that is a subquery
  const bind::CommonTable* common_table = nullptr;
  Region* right = nullptr;                    // right side of a LEFT JOIN
  const Operator* fixed = nullptr;            // RIGHT or FULL join
  std::int32_t null_flag = -1;                // of the LEFT JOIN
  RelationSet needs = 0;                      // items that must come before
  Vector<const bind::Relation*> relations;    // all in it
  double table_rows = 1;                      // before conditions
};

struct Region {
  Vector<Item> items;
  Vector<const bind::Expr*> conditions;
  std::int32_t null_flag = -1;  // the region is the right side of that left join
  bool fixed_order = false;     // as written
};

}  // namespace perlite::plan
