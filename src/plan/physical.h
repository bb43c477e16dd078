// plan/physical.h: how a query will be run: a tree of operators.
//
// Each operator gives rows to the one above it. What a row holds is said by relations, not by positions: above a Scan of t
// every expression over t can be evaluated. From Project on, a row is the result columns of the query, in order.
// Nothing here knows of opcodes or registers, so that a subtree can go to the row gear or to the batch gear.
//   Estimates  rows and cost of a whole run of the operator, once.
//   Order      what the rows come ordered by is decided here: a Sort stands where it is not given by what is below.
//   dump()     plan/dump.h, one operator a line, stably.
#pragma once

#include <cstdint>
#include <span>

#include "bind/bound.h"
#include "plan/access_path.h"

namespace perlite::plan {

struct Query;

enum class OperatorKind : std::uint8_t {
  OneRow,           // no FROM: one row without columns
  Scan,             // a stored table or a module's
  Derived,          // the rows of a subquery in FROM
  CommonTableScan,  // the rows of a CTE kept in a buffer
  RecursiveScan,    // the row of a recursion now worked on
  NestedLoop,
  HashJoin,
  Filter,
  Aggregate,
  Project,
  Values,
  Distinct,
  Sort,
  Limit,
  SetOperation,
  RecursiveUnion,
  CountRows,        // count(*) of a table, from its pages
};

struct Operator {
  OperatorKind kind;
  double rows = 1;
  double cost = 0;

  template <class T>
  const T& as() const {
    PL_ASSERT(kind == T::kKind);
    return static_cast<const T&>(*this);
  }
  template <class T>
  const T* try_as() const {
    return kind == T::kKind ? static_cast<const T*>(this) : nullptr;
  }
};

struct OneRow : Operator {
  static constexpr OperatorKind kKind = OperatorKind::OneRow;
};

struct Scan : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Scan;
  const bind::Relation* relation;
  const AccessPath* path;
};

// Streaming: the subquery's rows are used as they are made, anew each time. Kept: they are put into a buffer first, once
// when they depend on nothing outside, and read from there.
struct Derived : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Derived;
  const bind::Relation* relation;
  const Query* query;
  bool kept = false;
  bool once = false;  // kept: the same rows throughout the run of the program
};

struct CommonTableScan : Operator {
  static constexpr OperatorKind kKind = OperatorKind::CommonTableScan;
  const bind::Relation* relation;
};

struct RecursiveScan : Operator {
  static constexpr OperatorKind kKind = OperatorKind::RecursiveScan;
  const bind::Relation* relation;
};

// For each row of `left`, `right` is run. Conditions stand in Filters; those of a LEFT JOIN within `right`.
// Left: a row of `left` without a row of `right` comes once, with NULLs for the relations in `right_relations`.
struct NestedLoop : Operator {
  static constexpr OperatorKind kKind = OperatorKind::NestedLoop;
  const Operator* left;
  const Operator* right;
  bind::JoinKind join = bind::JoinKind::Inner;  // Inner or Left
  std::span<const bind::Relation* const> right_relations;
  std::int32_t null_flag = -1;  // Left: definitions of this number ask whether the row is such a made-up one
};

struct JoinKey {
  const bind::Expr* probe;  // over `left`
  const bind::Expr* build;  // over `right`
  bind::ComparisonRule rule;
};

// `right` is read once into a hash table, `left` gives the order of the rows. Without keys all rows of `right` are met in
// order (RIGHT and FULL joins on other conditions). Right, Full: rows of `right` that met none come at the end.
struct HashJoin : Operator {
  static constexpr OperatorKind kKind = OperatorKind::HashJoin;
  const Operator* left;
  const Operator* right;
  bind::JoinKind join = bind::JoinKind::Inner;
  std::span<const JoinKey> keys;
  std::span<const bind::Expr* const> conditions;  // beyond the keys: of ON
  std::span<const bind::Relation* const> left_relations;
  std::span<const bind::Relation* const> right_relations;
  std::int32_t null_flag = -1;       // as in NestedLoop
  std::int32_t left_null_flag = -1;  // Right, Full: the left side is made up
  bool once = false;                 // the table is the same throughout the run of the program
};

struct Filter : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Filter;
  const Operator* child;
  std::span<const bind::Expr* const> conditions;  // all must be true; in this order
};

enum class AggregateMode : std::uint8_t {
  Plain,    // no GROUP BY: one group, also of no rows
  Ordered,  // rows of a group come together, groups in the order wanted
  Hash,     // groups come out in the order of their keys
};

// A column carried along for a group: that of a bare column or of a key's expression.
struct CarriedColumn {
  const bind::Relation* relation;
  std::int32_t column;
};

// Above it, aggregates and GROUP BY expressions of `core` can be evaluated, and the carried columns: of the row that
// gave min or max when core->bare_minmax says so, else of the group's first row. In the former case a column that is a
// key is carried too: keys that compare equal may differ.
struct Aggregate : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Aggregate;
  const Operator* child;
  const bind::Core* core;
  AggregateMode mode;
  std::span<const CarriedColumn> carried;
  bool first_row_suffices = false;  // min or max by an index: the first row whose argument is not NULL is the last
};

struct Project : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Project;
  const Operator* child;
  std::span<const bind::ResultColumn> columns;
};

struct Values : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Values;
  std::span<const bind::ExprList> rows_of;
};

// Drops rows whose result columns were seen; the first stays.
struct Distinct : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Distinct;
  const Operator* child;
  bool adjacent = false;  // equal rows come together
  std::span<const bind::Collation* const> collations;  // one a column, null: binary
};

// Orders by `keys`, stably. Over a Project of the same query, keys may read the relations below it.
struct Sort : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Sort;
  const Operator* child;
  std::span<const bind::OrderTerm> keys;
  std::int32_t sorted_prefix = 0;  // so many keys are in order already; for EXPLAIN QUERY PLAN
  bool top_n = false;              // the Limit above it needs the first rows only
};

struct Limit : Operator {
  static constexpr OperatorKind kKind = OperatorKind::Limit;
  const Operator* child;
  const bind::Expr* limit;
  const bind::Expr* offset;  // null: none
};

// UnionAll: the rows of all arms in turn. Union, Intersect and Except: sets, given out in the order of all columns.
// Union has any number of arms, Intersect and Except two.
struct SetOperation : Operator {
  static constexpr OperatorKind kKind = OperatorKind::SetOperation;
  sql::CompoundOp op;
  std::span<const Operator* const> arms;
  std::span<const bind::Collation* const> collations;
  std::int32_t width = 0;  // columns
  bool exact = false;      // rows that compare equal are the same in type and bytes
};

// The rows of a recursive common table, streaming.
struct RecursiveUnion : Operator {
  static constexpr OperatorKind kKind = OperatorKind::RecursiveUnion;
  const bind::CommonTable* table;
  const Query* initial;
  std::span<const Query* const> steps;
};

struct CountRows : Operator {
  static constexpr OperatorKind kKind = OperatorKind::CountRows;
  const bind::Relation* relation;
  const catalog::Index* index;  // null: the table's tree
  const bind::Core* core;       // its only aggregate is the count
};

// A common table that is kept in a buffer for the queries of one Select.
struct KeptTable {
  const bind::CommonTable* table;
  const Query* query;   // not recursive
  const Operator* recursion;  // RecursiveUnion, else null
  bool once = false;
};

// A plan for one bind::Select.
struct Query {
  const bind::Select* select = nullptr;
  const Operator* root = nullptr;
  std::span<const KeptTable> kept_tables;  // made before the root runs, in this order
  std::int32_t width = 0;
  bool once = false;   // depends on nothing outside: the same rows throughout the run of the program
  double rows = 1;
  double cost = 0;
};

}  // namespace perlite::plan
