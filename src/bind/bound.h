// bind/bound.h: a statement whose names mean objects.
//
// The binder turns a sql:: tree into this: columns are (relation, column) pairs, functions are definitions, every
// expression knows its affinity and collation, stars, views, CTEs, USING and NATURAL are expanded, aliases are replaced by
// what they stand for. Nothing here knows of cost or of registers. Plain structs in the statement's Arena, const afterwards.
//   Spans   every node keeps the byte range of the text it came from (of the statement, or of the schema text of a view).
//   dump()  bind/dump.h prints it, stably.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "catalog/shape.h"
#include "record/affinity.h"
#include "record/collation.h"
#include "record/value.h"
#include "sql/ast.h"
#include "vm/function.h"
#include "vm/module.h"

namespace perlite::bind {

using record::Affinity;
using record::Collation;
using record::Value;
using sql::Span;

struct Select;
struct Relation;
struct Core;

// ------------------------------------------------------------------------------------------------------ expressions

enum class ExprKind : std::uint8_t {
  Literal,         // LiteralExpr
  Parameter,       // ParameterExpr
  Column,          // ColumnExpr
  Unary,           // UnaryExpr
  Binary,          // BinaryExpr: arithmetic, bits, ||, AND, OR
  Compare,         // CompareExpr: also of row values
  Between,         // BetweenExpr
  InList,          // InListExpr
  InSelect,        // InSelectExpr
  Exists,          // ExistsExpr
  ScalarSubquery,  // ScalarSubqueryExpr: first column of the first row, or a row value
  Case,            // CaseExpr
  Cast,            // CastExpr
  Collate,         // CollateExpr: value of the operand
  Function,        // FunctionExpr: scalar functions; LIKE, GLOB, MATCH, REGEXP, ->, ->> too
  Aggregate,       // AggregateExpr: result of an aggregate of the core it names
  Window,          // WindowExpr
  Row,             // RowExpr
  Raise,           // RaiseExpr
};

// What an expression contains, itself included.
enum ExprFlags : std::uint16_t {
  kHasColumn = 1,          // a column of any relation
  kHasOuterColumn = 2,     // a column of a relation outside the innermost Select that holds the expression
  kHasSubquery = 4,
  kHasAggregate = 8,
  kHasWindow = 16,
  kNotDeterministic = 32,  // random(), user functions without the flag, ...: evaluate at each row, never move
  kHasParameter = 64,
  kIsConstant = 128,       // no column, aggregate, window, subquery or non-deterministic function
  kCallsUserCode = 256,    // user function, user collation or module
  kExplicitCollation = 512,
};

struct Expr {
  ExprKind kind;
  Affinity affinity = Affinity::None;   // as an operand of a comparison (datatype3.html §3.2, §4)
  std::uint16_t flags = 0;
  std::int32_t height = 1;
  const Collation* collation = nullptr;  // null: none of its own (BINARY)
  Span span;

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
using ExprList = std::span<const Expr* const>;

struct LiteralExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Literal;
  Value value;  // text in the database's encoding, borrowed from the arena
};
struct ParameterExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Parameter;
  std::int32_t number;
};
// `column` is an index into relation->columns, or catalog::kRowidColumn. An INTEGER PRIMARY KEY keeps its own index.
struct ColumnExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Column;
  const Relation* relation;
  std::int32_t column;
};
enum class UnaryOp : std::uint8_t { Negate, Plus, BitNot, Not, IsNull, NotNull, IsTrue, IsFalse, IsNotTrue, IsNotFalse };
struct UnaryExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Unary;
  UnaryOp op;
  const Expr* operand;
};
enum class BinaryOp : std::uint8_t { Add, Subtract, Multiply, Divide, Remainder, Concat, BitAnd, BitOr, ShiftLeft, ShiftRight, And, Or };
struct BinaryExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Binary;
  BinaryOp op;
  const Expr* left;
  const Expr* right;
};
enum class CompareOp : std::uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Is, IsNot };
// How two values are compared: the affinity applied to each side first, then the collation.
struct ComparisonRule {
  Affinity affinity = Affinity::None;  // None: as they are
  const Collation* collation = nullptr;
};
// Row values: `left` and `right` are Row expressions (or ScalarSubquery with several columns) and `rules` has one entry a
// field; scalars have exactly one.
struct CompareExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Compare;
  CompareOp op;
  const Expr* left;
  const Expr* right;
  std::span<const ComparisonRule> rules;
};
// operand >= low AND operand <= high with the operand evaluated once. Row operands are expanded to Compare by the binder.
struct BetweenExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Between;
  bool negated;
  const Expr* operand;
  const Expr* low;
  const Expr* high;
  ComparisonRule low_rule;
  ComparisonRule high_rule;
};
struct InListExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::InList;
  bool negated;
  const Expr* operand;   // scalar, or Row with list elements that are Rows
  ExprList list;         // may be empty
  std::span<const ComparisonRule> rules;  // one a field of the operand; the affinity is that of the left side
};
struct InSelectExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::InSelect;
  bool negated;
  const Expr* operand;  // scalar or Row
  const Select* select;
  std::span<const ComparisonRule> rules;
};
struct ExistsExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Exists;
  const Select* select;
};
struct ScalarSubqueryExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::ScalarSubquery;
  const Select* select;  // one column, or several where a row value is expected
};
struct CaseExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Case;
  struct Branch {
    const Expr* when;    // with an operand: the value compared with it by `rule`
    const Expr* then;
    ComparisonRule rule;
  };
  const Expr* operand;  // null for CASE WHEN
  std::span<const Branch> branches;
  const Expr* otherwise;  // null: NULL
};
struct CastExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Cast;
  const Expr* operand;
  Affinity target;
};
struct CollateExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Collate;
  const Expr* operand;
};
struct FunctionExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Function;
  const vm::FunctionDef* function;
  ExprList arguments;
  const Collation* call_collation;  // for functions that compare (min, max, nullif, instr ...), else null
};
struct AggregateExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Aggregate;
  const Core* core;      // whose group it is computed over
  std::int32_t index;    // into core->aggregates
};
struct WindowExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Window;
  const Core* core;
  std::int32_t index;    // into core->window_functions
};
struct RowExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Row;
  ExprList elements;
};
struct RaiseExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Raise;
  sql::RaiseAction action;
  const Expr* message;
};

// --------------------------------------------------------------------------------------------------------- relations

enum class RelationKind : std::uint8_t {
  Table,          // a stored table: `table`, `database`
  Select,         // subquery in FROM, view, CTE used once or marked NOT MATERIALIZED: `select`
  CommonTable,    // reference to a CTE that is materialised or recursive: `common_table`
  RecursiveStep,  // inside a recursive arm: the row of the queue now worked on; `common_table`
  Source,         // virtual table or table function: `source`, `arguments` bound to its hidden columns by the binder's WHERE terms
  TriggerOld,     // OLD and NEW of a trigger program
  TriggerNew,
  Excluded,       // the row an upsert could not insert
};

struct RelationColumn {
  std::string_view name;
  Affinity affinity;
  const Collation* collation;     // null: none declared
  std::string_view declared_type;  // data() null: none (expressions)
  bool hidden;                    // not part of a star
  bool not_null;
  // Origin for sqlite3_column_origin_name and friends: see origin_of(). Relation null for expressions, and in columns of
  // tables.
  const Relation* origin;
  std::int32_t origin_column;
};

struct CommonTable;

// One use of a source of rows. Each has an id of its own in the statement: a view used twice is two relations, and its
// tree is bound twice.
struct Relation {
  RelationKind kind;
  std::int32_t id;              // 0, 1, 2 ... in the statement
  std::string_view name;        // of the table, view or CTE; empty for a subquery
  std::string_view alias;       // as it can be referred to: alias or name
  std::span<const RelationColumn> columns;
  std::int32_t database = -1;   // number on the connection; Table, Source
  const catalog::Table* table = nullptr;  // Table; Source when stored in a schema; Select when made from a view
  const Select* select = nullptr;
  CommonTable* common_table = nullptr;
  vm::Source* source = nullptr;          // Source
  ExprList arguments;                    // Source: values for its hidden columns, in order; may look at relations left of it
  sql::IndexHint hint = sql::IndexHint::None;
  const catalog::Index* index_hint = nullptr;  // IndexedBy
  // Table: its defaults, generated columns and index expressions bound over this relation, for whoever reads rows: a field
  // missing from a short record, a virtual column, a partial or expression index. Null when the table has none of these.
  const struct TableExpressions* expressions = nullptr;
  bool is_view = false;
  bool has_rowid = false;
  mutable std::uint64_t columns_used = 0;  // bit min(column,63); set by the binder
  Span span;
};

// Where a column comes from: of a table, from itself.
struct ColumnOrigin {
  const Relation* relation;
  std::int32_t column;
};
inline ColumnOrigin origin_of(const Relation& relation, std::int32_t column) {
  if (column < 0 || relation.kind == RelationKind::Table) return {&relation, column};
  const RelationColumn& one = relation.columns[static_cast<std::size_t>(column)];
  return {one.origin, one.origin_column};
}

// A WITH table. Materialised once a run when `materialize`, else its uses are Relations of kind Select.
struct CommonTable {
  std::string_view name;
  std::int32_t id;
  std::span<const RelationColumn> columns;
  const Select* select = nullptr;   // not recursive: the query
  bool recursive = false;
  // Recursive: `initial` arms fill the queue, `steps` are run for each row taken from it (RecursiveStep relations).
  const Select* initial = nullptr;  // compound of the initial arms, without ORDER BY and LIMIT
  std::span<const Select* const> steps;
  bool distinct = false;            // UNION: rows ever seen are dropped
  std::span<const struct OrderTerm> queue_order;  // ORDER BY: the queue is a priority queue
  const Expr* limit = nullptr;
  const Expr* offset = nullptr;
  std::int32_t use_count = 0;
  sql::MaterializeHint hint = sql::MaterializeHint::None;
};

enum class JoinKind : std::uint8_t { Inner, Cross /* keeps its order */, Left, Right, Full };

// The FROM clause as a tree. Leaf: relation set. Join: left, right, `on` with USING and NATURAL already expanded to
// comparisons (columns merged by USING are resolved by the binder; for RIGHT and FULL as coalesce(left, right)).
struct FromNode {
  const Relation* relation = nullptr;
  JoinKind join = JoinKind::Inner;
  const FromNode* left = nullptr;
  const FromNode* right = nullptr;
  const Expr* on = nullptr;
};

// ------------------------------------------------------------------------------------------------------------ SELECT

struct OrderTerm {
  const Expr* expr;
  const Collation* collation;  // never null
  bool descending;
  bool nulls_first;            // as it will sort, defaults applied
  std::int32_t result_column = -1;  // the result column it repeats, -1 for an expression of its own
};

struct AggregateCall {
  const vm::FunctionDef* function;
  ExprList arguments;   // empty for count(*)
  bool distinct;
  const Expr* filter;   // null: none
  std::span<const OrderTerm> order_by;
  const Collation* collation;  // of the first argument, for min, max and DISTINCT
};

struct WindowFunctionCall {
  const vm::FunctionDef* function;
  ExprList arguments;
  const Expr* filter;
  std::int32_t window;          // into core->windows
  const Collation* collation;
};
struct Window {
  ExprList partition_by;
  std::span<const Collation* const> partition_collations;
  std::span<const OrderTerm> order_by;
  sql::FrameUnit unit;
  sql::FrameBoundKind start_kind;
  const Expr* start_offset;
  sql::FrameBoundKind end_kind;
  const Expr* end_offset;
  sql::FrameExclude exclude;
};

struct ResultColumn {
  const Expr* expr;
  std::string_view name;
  std::string_view declared_type;  // data() null: none
  std::string_view origin_database, origin_table, origin_column;  // data() null: not a plain column
  bool names_in_shape = false;  // of a table: its names and the declared type live as long as the shape
};

enum class CoreKind : std::uint8_t { Select, Values };

struct Core {
  CoreKind kind;
  bool distinct = false;
  std::span<const ResultColumn> columns;
  const FromNode* from = nullptr;        // null: one row
  std::span<const Relation* const> relations;  // leaves of `from`, left to right
  const Expr* where = nullptr;
  bool is_aggregate = false;             // has aggregates or GROUP BY: rows above are groups
  ExprList group_by;
  std::span<const Collation* const> group_collations;
  const Expr* having = nullptr;
  std::span<const AggregateCall> aggregates;
  std::int32_t bare_minmax = -1;         // the last min()/max(), whose row gives the bare columns, or -1
  std::span<const Window> windows;
  std::span<const WindowFunctionCall> window_functions;
  std::span<const ExprList> rows;        // Values
};

struct Arm {
  sql::CompoundOp op;  // None for the first
  const Core* core;
};

// A query. One arm, or a compound evaluated left to right with equal rank.
struct Select {
  std::int32_t id;                        // SUBQUERY numbers of EXPLAIN QUERY PLAN; the outermost is 1... in order of text
  std::span<const Arm> arms;
  std::span<const OrderTerm> order_by;    // of a compound: result_column is always set
  const Expr* limit = nullptr;
  const Expr* offset = nullptr;
  std::span<const ResultColumn> columns;  // of the whole; names from the first arm, affinity and collation by its expr
  std::span<const Collation* const> column_collations;  // compound: for UNION, INTERSECT, EXCEPT; never null
  std::span<const Affinity> column_affinities;
  bool correlated = false;                // uses a column of a relation outside
  std::span<const Relation* const> outer_relations;  // those it uses
  std::span<CommonTable* const> common_tables;       // materialised or recursive ones defined here
};

// --------------------------------------------------------------------------------------------------------------- DML

using catalog::ConflictAction;

// The value of one target column. `column` is an index of the table, or kRowidColumn.
struct Assignment {
  std::int32_t column;
  const Expr* value;
};

struct Upsert {
  // What it catches: a unique index of the table, or its rowid (null index with `rowid`), or every conflict (both unset).
  const catalog::Index* index = nullptr;
  bool rowid = false;
  bool do_nothing = false;
  std::span<const Assignment> assignments;  // over the target relation (the existing row) and `excluded`
  const Expr* where = nullptr;
};

// Expressions of the table itself, bound over the relation given: shared by INSERT and UPDATE.
struct TableExpressions {
  const Relation* row;                        // stands for the row being written
  std::span<const Expr* const> defaults;      // one a column, null: NULL
  std::span<const Expr* const> generated;     // one a column, null: not generated
  std::span<const Expr* const> checks;        // parallel to table->checks
  // One entry an index of table->indexes (WITHOUT ROWID primary key excluded)
  struct IndexExpressions {
    const Expr* where;                        // partial index; null: all rows
    std::span<const Expr* const> columns;     // expression columns; null where the column is a plain one
    std::span<const Collation* const> collations;
  };
  std::span<const IndexExpressions> indexes;
};

struct Returning {
  std::span<const ResultColumn> columns;  // over the `row` relation of TableExpressions
};

// A trigger program to be run, its body bound with OLD and NEW.
struct BoundTrigger {
  const catalog::Trigger* trigger;
  std::int32_t database;
};

struct Insert {
  const Relation* target;
  TableExpressions table;
  ConflictAction on_conflict;                 // of the statement; None: each constraint's own
  // Target columns of the source's values, in order (kRowidColumn possible). Where one is named twice the first counts.
  std::span<const std::int32_t> columns;
  const Select* select = nullptr;             // null: DEFAULT VALUES
  bool reads_target = false;                  // the source must be gathered first
  std::span<const Upsert> upserts;
  const Relation* excluded = nullptr;
  const Returning* returning = nullptr;
  std::span<const BoundTrigger> triggers;
};

struct Update {
  const Relation* target;
  TableExpressions table;
  ConflictAction on_conflict;
  std::span<const Assignment> assignments;
  const FromNode* from;                       // the target joined with the FROM clause; a leaf without one
  std::span<const Relation* const> relations;
  const Expr* where;
  const Returning* returning = nullptr;
  std::span<const OrderTerm> order_by;
  const Expr* limit = nullptr;
  const Expr* offset = nullptr;
  std::span<const BoundTrigger> triggers;
  std::span<CommonTable* const> common_tables;
};

struct Delete {
  const Relation* target;
  TableExpressions table;
  const Expr* where;
  const Returning* returning = nullptr;
  std::span<const OrderTerm> order_by;
  const Expr* limit = nullptr;
  const Expr* offset = nullptr;
  std::span<const BoundTrigger> triggers;
  std::span<CommonTable* const> common_tables;
};

// --------------------------------------------------------------------------------------------------------------- DDL

struct CreateTable {
  std::int32_t database;
  const sql::CreateTableStatement* ast;
  std::string_view stored_sql;            // as it will stand in sqlite_schema
  const catalog::Table* table;            // what it defines, not yet in a shape; automatic indexes in table->indexes
  const Select* select = nullptr;         // CREATE TABLE AS
  bool no_op = false;                     // IF NOT EXISTS and there is one
};
struct CreateIndex {
  std::int32_t database;
  std::string_view stored_sql;
  const catalog::Index* index;            // defined, not yet in a shape
  const Relation* target;
  TableExpressions::IndexExpressions expressions;  // over `target`
  bool no_op = false;
};
struct CreateView {
  std::int32_t database;
  std::string_view name;
  std::string_view stored_sql;
  bool no_op = false;
};
struct CreateTrigger {
  std::int32_t database;
  std::string_view name;
  std::string_view table_name;
  std::string_view stored_sql;
  bool no_op = false;
};
struct CreateVirtual {
  std::int32_t database;
  std::string_view name;
  std::string_view stored_sql;
  std::string_view module;
  bool no_op = false;
};
struct Drop {
  std::int32_t database;
  sql::ObjectKind object;
  std::string_view name;
  const catalog::Table* table = nullptr;      // Table, View; for an index its table
  const catalog::Index* index = nullptr;
  const catalog::Trigger* trigger = nullptr;
  bool no_op = false;
};
struct Reindex {
  struct Item {
    std::int32_t database;
    const catalog::Index* index;
    const Relation* target;
    TableExpressions::IndexExpressions expressions;
  };
  std::span<const Item> items;
};

enum class StatementKind : std::uint8_t {
  Select, Insert, Update, Delete, CreateTable, CreateIndex, CreateView, CreateTrigger, CreateVirtual, Drop, Alter, Reindex,
  Analyze, Attach, Detach, Vacuum, Pragma, Begin, Commit, Rollback, Savepoint, Release,
};

struct Pragma {
  std::int32_t database;         // -1: none was named
  std::string_view name;
  const sql::PragmaStatement* ast;
};

// The database file, name and key of ATTACH; the name of DETACH; the target of VACUUM INTO.
struct HostArguments {
  std::span<const Expr* const> values;
  std::int32_t database = 0;
};

struct Statement {
  StatementKind kind;
  const sql::Statement* ast;
  union {
    const Select* select;
    const Insert* insert;
    const Update* update;
    const Delete* erase;
    const CreateTable* create_table;
    const CreateIndex* create_index;
    const CreateView* create_view;
    const CreateTrigger* create_trigger;
    const CreateVirtual* create_virtual;
    const Drop* drop;
    const Reindex* reindex;
    const Pragma* pragma;
    const HostArguments* host;
    const void* none;
  };
  std::int32_t relation_count = 0;
  std::span<const std::int32_t> databases_read;   // numbers on the connection
  std::span<const std::int32_t> databases_written;
};

}  // namespace perlite::bind
