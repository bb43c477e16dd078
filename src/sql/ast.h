// sql/ast.h: the tree of one statement, as written, before any name means anything.
//
// Nodes are plain structs in the Arena of the parse, joined by raw const pointers and spans, never changed after the
// parse. Lists are std::span; an absent optional node is a null pointer, an absent name has `present()` false.
//   Spans     every node and every name carries the byte range [begin, end) it covers in the statement text.
//   Lifetime  the tree looks into the text it was parsed from (bare names, literals): text and Arena outlive the tree.
//   Depth     expressions are at most ParseLimits::expression_depth high (`Expr::height`), subqueries included;
//             statements nest at most as ParseLimits::parser_depth allows. Walking them recursively is bounded.
// The tree keeps what the text said: nothing is folded, `x IS NOT NULL` stays a comparison with a NULL literal, and
// numbers stay text, for conversion is the binder's.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/assert.h"

namespace perlite::sql {

// Byte offsets in the statement text, end exclusive.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

// How an identifier was written. A Double-quoted one that names nothing may become a string literal (quirks.html §8).
enum class Quote : std::uint8_t { None, Double, Bracket, Backtick, Single };

// An identifier: `text` without its quotes, doubled quotes made single; `span` with the quotes.
struct Name {
  std::string_view text;
  Span span;
  Quote quote = Quote::None;
  bool given = false;
  bool present() const { return given; }
};

struct Expr;
struct Select;
struct WindowDefinition;
struct FromClause;
using ExprList = std::span<const Expr* const>;
using NameList = std::span<const Name>;

// ---------------------------------------------------------------------------------------------------- expressions

enum class ExprKind : std::uint8_t {
  Literal,    // LiteralExpr
  Variable,   // VariableExpr
  Column,     // ColumnExpr
  Unary,      // UnaryExpr
  Binary,     // BinaryExpr
  Like,       // LikeExpr
  Between,    // BetweenExpr
  In,         // InExpr
  NullTest,   // NullTestExpr: ISNULL, NOTNULL, NOT NULL
  Collate,    // CollateExpr
  Cast,       // CastExpr
  Case,       // CaseExpr
  Function,   // FunctionExpr
  Subquery,   // SubqueryExpr
  Exists,     // ExistsExpr
  RowValue,   // RowValueExpr
  Raise,      // RaiseExpr
};

struct Expr {
  ExprKind kind;
  bool parenthesized = false;  // written in parentheses of its own; `span` then includes the outermost pair
  std::uint16_t reserved = 0;
  std::uint32_t height = 1;  // 1 for a leaf
  Span span;

  // The payload; the kind is asserted.
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

enum class LiteralKind : std::uint8_t {
  Null,
  Integer,     // decimal digits; beyond int64 it means a REAL
  HexInteger,  // 0x…, two's complement; more than 16 significant digits is the binder's error
  Float,
  String,
  Blob,
  CurrentDate,
  CurrentTime,
  CurrentTimestamp,
};
struct LiteralExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Literal;
  LiteralKind literal;
  // Numbers: the digits as written without `_` separators. String: the value. Blob: the bytes. Others: as written.
  std::string_view text;
};

struct VariableExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Variable;
  std::uint32_t number;   // 1-based
  std::string_view name;  // as written with its first character (`?5`, `:a`, `$x::y(z)`); empty for a bare `?`
};

// x, t.x, s.t.x. TRUE and FALSE are columns here, for a column of that name comes first.
struct ColumnExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Column;
  Name schema;
  Name table;
  Name column;
};

enum class UnaryOp : std::uint8_t { Minus, Plus, BitNot, Not };
struct UnaryExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Unary;
  UnaryOp op;
  const Expr* operand;
};

enum class BinaryOp : std::uint8_t {
  Or,
  And,
  Equal,
  NotEqual,
  Is,
  IsNot,
  IsDistinctFrom,     // same meaning as IsNot
  IsNotDistinctFrom,  // same meaning as Is
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  BitAnd,
  BitOr,
  ShiftLeft,
  ShiftRight,
  Add,
  Subtract,
  Multiply,
  Divide,
  Modulo,
  Concat,
  JsonArrow,        // ->
  JsonDoubleArrow,  // ->>
};
struct BinaryExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Binary;
  BinaryOp op;
  const Expr* left;
  const Expr* right;
  Span op_span;  // the operator as written
};

enum class LikeOp : std::uint8_t { Like, Glob, Regexp, Match };
struct LikeExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Like;
  LikeOp op;
  bool negated;
  const Expr* left;
  const Expr* right;
  const Expr* escape;  // null without ESCAPE
  Span op_span;        // the word LIKE, GLOB, REGEXP or MATCH as written (function errors show it)
};

struct BetweenExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Between;
  bool negated;
  const Expr* operand;
  const Expr* low;
  const Expr* high;
};

enum class InSource : std::uint8_t { List, Select, Table };
struct InExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::In;
  InSource source;
  bool negated;
  const Expr* operand;
  ExprList list;         // List, perhaps empty; Table: the arguments of a table-valued function
  const Select* select;  // Select
  Name schema;           // Table
  Name table;            // Table
  bool has_arguments;    // Table: written with parentheses behind the name
};

struct NullTestExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::NullTest;
  bool negated;  // NOTNULL, NOT NULL
  const Expr* operand;
};

struct CollateExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Collate;
  const Expr* operand;
  Name collation;
};

// The words and numbers of a type as written, from first to last token; empty when there are none.
// `text` is without quotes when the type is a single quoted name.
struct TypeName {
  std::string_view text;
  Span span;
  bool given = false;
  bool present() const { return given; }
};

struct CastExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Cast;
  const Expr* operand;
  TypeName type;
};

struct CaseBranch {
  const Expr* when;
  const Expr* then;
};
struct CaseExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Case;
  const Expr* operand;  // null for CASE WHEN
  std::span<const CaseBranch> branches;
  const Expr* otherwise;  // null without ELSE
};

enum class SortOrder : std::uint8_t { Unspecified, Ascending, Descending };
enum class NullsOrder : std::uint8_t { Unspecified, First, Last };

// A term of ORDER BY, and a column of an index, PRIMARY KEY, UNIQUE or ON CONFLICT list. COLLATE is part of `expr`.
struct OrderTerm {
  const Expr* expr;
  SortOrder order = SortOrder::Unspecified;
  NullsOrder nulls = NullsOrder::Unspecified;
  Span span;
};
using OrderList = std::span<const OrderTerm>;

struct FunctionExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Function;
  Name name;
  bool star;      // f(*)
  bool distinct;  // f(DISTINCT …)
  ExprList arguments;
  OrderList order_by;            // f(x ORDER BY …)
  const Expr* filter;            // FILTER (WHERE …)
  const WindowDefinition* over;  // null without OVER
};

struct SubqueryExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Subquery;
  const Select* select;
};

struct ExistsExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Exists;
  const Select* select;
};

// (a, b, …): two elements or more.
struct RowValueExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::RowValue;
  ExprList elements;
};

enum class RaiseAction : std::uint8_t { Ignore, Rollback, Abort, Fail };
struct RaiseExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::Raise;
  RaiseAction action;
  const Expr* message;  // null for Ignore
};

// -------------------------------------------------------------------------------------------------------- windows

enum class FrameUnit : std::uint8_t { Rows, Range, Groups };
enum class FrameBoundKind : std::uint8_t { UnboundedPreceding, Preceding, CurrentRow, Following, UnboundedFollowing };
enum class FrameExclude : std::uint8_t { NoOthers, CurrentRow, Group, Ties };
struct FrameBound {
  FrameBoundKind kind;
  const Expr* offset;  // Preceding and Following
};
struct WindowFrame {
  FrameUnit unit;
  FrameBound start;
  FrameBound end;  // CurrentRow when not written
  FrameExclude exclude = FrameExclude::NoOthers;
  bool end_given = false;      // BETWEEN … AND …
  bool exclude_given = false;
  Span span;
};
// What stands in the parentheses of OVER or WINDOW, or the bare name of OVER name.
struct WindowDefinition {
  Name name;  // WINDOW clause: the name defined here
  Name base;  // the window built upon, or used as it is when `reference`
  bool reference = false;  // OVER name, without parentheses
  ExprList partition_by;
  OrderList order_by;
  const WindowFrame* frame = nullptr;
  Span span;
};

// --------------------------------------------------------------------------------------------------------- SELECT

enum class ResultColumnKind : std::uint8_t { Expression, Star, TableStar };
struct ResultColumn {
  ResultColumnKind kind;
  const Expr* expr;  // Expression
  Name table;        // TableStar
  Name alias;        // Expression, perhaps absent
  Span span;         // the expression alone, as written: the column name where there is no alias
};

enum class JoinType : std::uint8_t { Comma, Inner, Cross, Left, Right, Full };  // Inner: JOIN and INNER JOIN
enum class IndexHint : std::uint8_t { None, IndexedBy, NotIndexed };
enum class FromKind : std::uint8_t { Table, TableFunction, Subquery, Nested };

// One source, with the operator that joins it to all sources before it in its clause.
struct FromItem {
  FromKind kind;
  JoinType join = JoinType::Comma;  // of the first item: Comma
  bool natural = false;
  bool inner_word = false;  // the word INNER was written (meaningless, kept for printing)
  IndexHint hint = IndexHint::None;
  Name schema;                        // Table, TableFunction
  Name name;                          // Table, TableFunction
  ExprList arguments;                 // TableFunction
  const Select* select = nullptr;     // Subquery
  const FromClause* nested = nullptr;  // Nested: "(" from ")"
  Name alias;
  Name index;                // IndexedBy
  const Expr* on = nullptr;  // condition of the join with what stands before
  NameList using_columns;
  Span join_span;  // the join operator; empty for the first
  Span span;       // the source without join operator and condition
};
struct FromClause {
  std::span<const FromItem> items;
  Span span;
};

enum class CoreKind : std::uint8_t { Select, Values };
struct SelectCore {
  CoreKind kind;
  bool distinct = false;
  bool all = false;  // the word ALL was written
  std::span<const ResultColumn> columns;
  const FromClause* from = nullptr;
  const Expr* where = nullptr;
  ExprList group_by;
  const Expr* having = nullptr;
  std::span<const WindowDefinition> windows;
  std::span<const ExprList> rows;  // Values: rows of equal width
  Span span;
};

enum class CompoundOp : std::uint8_t { None, Union, UnionAll, Intersect, Except };
struct CompoundArm {
  CompoundOp op;  // joins this arm to all arms before it; None for the first
  const SelectCore* core;
  Span op_span;
};

enum class MaterializeHint : std::uint8_t { None, Materialized, NotMaterialized };
struct CommonTable {
  Name name;
  NameList columns;
  const Select* select;
  MaterializeHint hint = MaterializeHint::None;
  Span span;
};
struct With {
  bool recursive;
  std::span<const CommonTable> tables;
  Span span;
};

// A whole query: arms from left to right, all compound operators of equal rank.
struct Select {
  const With* with = nullptr;
  std::span<const CompoundArm> arms;
  OrderList order_by;
  const Expr* limit = nullptr;
  const Expr* offset = nullptr;
  std::uint32_t height = 1;  // of its highest expression
  Span span;
};

// ----------------------------------------------------------------------------------------------------- statements

enum class StatementKind : std::uint8_t {
  Select,         // SelectStatement
  Insert,         // InsertStatement
  Update,         // UpdateStatement
  Delete,         // DeleteStatement
  CreateTable,    // CreateTableStatement
  CreateIndex,    // CreateIndexStatement
  CreateView,     // CreateViewStatement
  CreateTrigger,  // CreateTriggerStatement
  CreateVirtual,  // CreateVirtualStatement
  Drop,           // DropStatement
  Alter,          // AlterStatement
  Begin,          // BeginStatement
  Commit,         // CommitStatement
  Rollback,       // RollbackStatement
  Savepoint,      // SavepointStatement
  Release,        // ReleaseStatement
  Attach,         // AttachStatement
  Detach,         // DetachStatement
  Analyze,        // AnalyzeStatement
  Reindex,        // ReindexStatement
  Vacuum,         // VacuumStatement
  Pragma,         // PragmaStatement
};

struct Statement {
  StatementKind kind;
  Span span;  // first to last token, without EXPLAIN and `;`

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

struct SelectStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Select;
  const Select* select;
};

enum class ConflictAction : std::uint8_t { None, Rollback, Abort, Fail, Ignore, Replace };

// schema.name [AS alias] [INDEXED BY …]: the target of INSERT, UPDATE and DELETE.
struct TargetTable {
  Name schema;
  Name name;
  Name alias;
  IndexHint hint = IndexHint::None;
  Name index;
  Span span;
};

// One assignment: `columns` has one name for `c = e`; for `(a, b) = e` it has the names, and `row` is true.
struct Assignment {
  NameList columns;
  bool row = false;
  const Expr* value;
  Span span;
};

enum class UpsertAction : std::uint8_t { Nothing, Update };
struct UpsertClause {
  OrderList target;          // empty: ON CONFLICT without a target
  const Expr* target_where;
  UpsertAction action;
  std::span<const Assignment> assignments;
  const Expr* where;
  Span span;
};

struct InsertStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Insert;
  const With* with;
  ConflictAction on_conflict;
  bool replace_word;  // REPLACE INTO; on_conflict is Replace
  TargetTable table;
  bool has_columns;
  NameList columns;
  const Select* select;  // null for DEFAULT VALUES
  std::span<const UpsertClause> upserts;
  std::span<const ResultColumn> returning;
};

struct UpdateStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Update;
  const With* with;
  ConflictAction on_conflict;
  TargetTable table;
  std::span<const Assignment> assignments;
  const FromClause* from;
  const Expr* where;
  std::span<const ResultColumn> returning;
  OrderList order_by;  // only where ParseLimits::update_delete_limit
  const Expr* limit;
  const Expr* offset;
};

struct DeleteStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Delete;
  const With* with;
  TargetTable table;
  const Expr* where;
  std::span<const ResultColumn> returning;
  OrderList order_by;
  const Expr* limit;
  const Expr* offset;
};

// ---- CREATE

enum class ForeignKeyAction : std::uint8_t { NoAction, SetNull, SetDefault, Cascade, Restrict };
struct ForeignKeyClause {
  Name table;
  NameList columns;  // empty: the primary key of the parent
  ForeignKeyAction on_delete = ForeignKeyAction::NoAction;
  ForeignKeyAction on_update = ForeignKeyAction::NoAction;
  bool on_delete_given = false;
  bool on_update_given = false;
  Name match;
  bool deferrable_given = false;
  bool deferrable = false;          // DEFERRABLE rather than NOT DEFERRABLE
  bool initially_given = false;
  bool initially_deferred = false;  // the key is deferred when deferrable and initially_deferred
  Span span;
};

enum class ConstraintKind : std::uint8_t {
  NameOnly,    // CONSTRAINT x with nothing behind it
  PrimaryKey,
  NotNull,
  Null,        // the word NULL, without effect
  Unique,
  Check,
  Default,
  Collate,
  ForeignKey,
  Generated,
};
enum class DefaultForm : std::uint8_t { Term, Signed, Parenthesized, Identifier };

// A constraint of a column.
struct ColumnConstraint {
  ConstraintKind kind;
  Name name;  // CONSTRAINT name
  ConflictAction on_conflict = ConflictAction::None;
  SortOrder order = SortOrder::Unspecified;  // PrimaryKey
  bool autoincrement = false;                // PrimaryKey
  bool stored = false;                       // Generated
  bool storage_given = false;                // Generated: STORED or VIRTUAL was written
  bool generated_words = false;              // Generated: GENERATED ALWAYS was written
  DefaultForm default_form = DefaultForm::Term;
  const Expr* expr = nullptr;  // Check, Default, Generated. Default Identifier: a string literal
  Span expr_span;              // its text: for Check, Generated and Default Parenthesized without the parentheses and
                               // the blanks next to them
  Name collation;              // Collate
  const ForeignKeyClause* foreign_key = nullptr;
  Span span;  // from CONSTRAINT name on
};

struct ColumnDefinition {
  Name name;
  TypeName type;
  std::span<const ColumnConstraint> constraints;
  Span span;
};

// A constraint of a table: NameOnly, PrimaryKey, Unique, Check or ForeignKey.
struct TableConstraint {
  ConstraintKind kind;
  Name name;
  ConflictAction on_conflict = ConflictAction::None;
  OrderList columns;           // PrimaryKey, Unique
  bool autoincrement = false;  // PrimaryKey
  const Expr* expr = nullptr;  // Check
  Span expr_span;              // Check, as in ColumnConstraint
  NameList key_columns;        // ForeignKey
  const ForeignKeyClause* foreign_key = nullptr;
  Span span;
};

// What the CREATE statements share. sqlite_schema stores "CREATE [UNIQUE] KIND " and the text from name.span.begin:
// see stored_create_text() in sql/create_text.h.
struct CreateStatement : Statement {
  bool temporary = false;
  bool if_not_exists = false;
  Name schema;
  Name name;
};

struct CreateTableStatement : CreateStatement {
  static constexpr StatementKind kKind = StatementKind::CreateTable;
  std::span<const ColumnDefinition> columns;
  std::span<const TableConstraint> constraints;
  bool without_rowid = false;
  bool strict = false;
  const Select* select = nullptr;  // CREATE TABLE … AS
  std::uint32_t body_begin = 0;    // offset of the "("
  std::uint32_t columns_end = 0;   // offset behind the last column definition: ALTER TABLE ADD inserts here
  std::uint32_t body_end = 0;      // offset of the closing ")"
};

struct CreateIndexStatement : CreateStatement {
  static constexpr StatementKind kKind = StatementKind::CreateIndex;
  bool unique = false;
  Name table;
  OrderList columns;
  const Expr* where = nullptr;
};

struct CreateViewStatement : CreateStatement {
  static constexpr StatementKind kKind = StatementKind::CreateView;
  bool has_columns = false;
  NameList columns;
  const Select* select = nullptr;
};

enum class TriggerTiming : std::uint8_t { Unspecified, Before, After, InsteadOf };  // Unspecified means Before
enum class TriggerEvent : std::uint8_t { Insert, Update, Delete };
struct CreateTriggerStatement : CreateStatement {
  static constexpr StatementKind kKind = StatementKind::CreateTrigger;
  TriggerTiming timing = TriggerTiming::Unspecified;
  TriggerEvent event = TriggerEvent::Insert;
  bool for_each_row = false;
  NameList columns;  // UPDATE OF
  Name table_schema;
  Name table;
  const Expr* when = nullptr;
  std::span<const Statement* const> body;  // Insert, Update, Delete, Select
};

struct CreateVirtualStatement : CreateStatement {
  static constexpr StatementKind kKind = StatementKind::CreateVirtual;
  Name module;
  bool has_arguments = false;
  std::span<const std::string_view> arguments;  // as written, blanks at both ends removed
};

// ---- DROP, ALTER

enum class ObjectKind : std::uint8_t { Table, Index, View, Trigger };
struct DropStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Drop;
  ObjectKind object;
  bool if_exists;
  Name schema;
  Name name;
};

enum class AlterKind : std::uint8_t {
  RenameTable,     // new_name
  RenameColumn,    // old_name, new_name
  AddColumn,       // column
  DropColumn,      // old_name
  SetNotNull,      // old_name; on_conflict
  DropNotNull,     // old_name
  AddCheck,        // constraint: a Check with or without name
  DropConstraint,  // old_name
};
struct AlterStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Alter;
  AlterKind alter;
  Name schema;
  Name table;
  Name old_name;
  Name new_name;
  bool column_word = false;  // the optional word COLUMN was written
  const ColumnDefinition* column = nullptr;
  const TableConstraint* constraint = nullptr;
  ConflictAction on_conflict = ConflictAction::None;
};

// ---- transactions

enum class TransactionMode : std::uint8_t { Unspecified, Deferred, Immediate, Exclusive };
struct BeginStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Begin;
  TransactionMode mode;
};
struct CommitStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Commit;
};
struct RollbackStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Rollback;
  Name savepoint;  // present: ROLLBACK TO
};
struct SavepointStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Savepoint;
  Name name;
};
struct ReleaseStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Release;
  Name name;
};

// ---- the rest

struct AttachStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Attach;
  const Expr* file;    // a bare name is a ColumnExpr here: it means its text
  const Expr* schema;  // likewise
  const Expr* key;     // null without KEY
};
struct DetachStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Detach;
  const Expr* schema;
};
struct AnalyzeStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Analyze;
  Name schema;  // of `s.n`
  Name name;    // absent: everything; alone it is a schema, table or index
};
struct ReindexStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Reindex;
  Name schema;
  Name name;  // absent: everything; alone it is a collation, table or index, or the word EXPRESSIONS
};
struct VacuumStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Vacuum;
  Name schema;
  const Expr* into;
};

enum class PragmaForm : std::uint8_t { Bare, Equals, Call };
struct PragmaStatement : Statement {
  static constexpr StatementKind kKind = StatementKind::Pragma;
  Name schema;
  Name name;
  PragmaForm form;
  std::string_view value;  // unquoted, with a leading `-` where written; a `+` is dropped
  Quote value_quote;
  bool value_is_number;
  Span value_span;
};

// -------------------------------------------------------------------------------------------------- parse results

enum class ExplainMode : std::uint8_t { None, Program, QueryPlan };

// A variable of the statement, by number.
struct Variable {
  std::uint32_t number;
  std::string_view name;  // as in VariableExpr; empty for a bare `?`
};

}  // namespace perlite::sql
