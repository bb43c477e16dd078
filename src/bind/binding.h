// bind/binding.h: the state of one bind, shared by the files of this layer (bind_*.cc); nobody outside includes it.
//
// Names are looked for in Scopes, from the innermost outward; each core of a query opens one. Expressions are bound
// bottom up with an explicit stack, so that their height costs no C stack; queries recurse (base/deep_stack.h), and
// kMaxSelectDepth bounds how deep, views included.
//   Errors  the first one is kept in status_; functions then return null or false, and callers pass that on.
//   B1  scope_, with_ and place_ are what they were when a bind_* function returns successfully.
//   B2  A Relation's columns are complete when it can be found by name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/arena_containers.h"
#include "bind/bound.h"
#include "bind/environment.h"
#include "bind/text_status.h"
#include "catalog/column_lookup.h"
#include "sql/parser.h"

namespace perlite::bind {

// Lists of this layer live in the arena of the statement.
using arena_containers::HashMap;
using arena_containers::Vector;

// How deep queries stand in queries: subqueries, views and common tables together.
inline constexpr int kMaxSelectDepth = 2000;
inline constexpr int kMaxJoinTables = 64;

struct Scope;
struct SelectState;

// A relation while its statement is bound.
struct Source : Relation {
  Scope* scope = nullptr;                         // that finds it by name
  const catalog::ColumnLookup* lookup = nullptr;  // made for wide relations
  bool qualified_only = false;                    // `excluded`: found by alias.column alone
  bool schema_hidden = false;                     // RETURNING: schema.table.column does not find it
  int order = 0;                                  // place in its scope
  std::span<std::uint64_t> generated_uses;        // by column: what a virtual column reads, as in columns_used
};

// A column that USING or NATURAL made of two.
struct MergedColumn {
  std::string_view name;
  const Expr* value;
  bool ambiguous;  // the left side has several of that name
};

// The tree of joins as far as names need it: sources [first, last) of the scope.
struct JoinNames {
  int first, last;
  const JoinNames* left = nullptr;
  const JoinNames* right = nullptr;
  std::span<const MergedColumn> merged;
  std::string_view alias;  // of a parenthesised join
};

struct WindowState {
  const sql::WindowDefinition* ast;
  std::int32_t index = -1;  // in core->windows, once used
};

// A core under construction.
struct CoreState {
  Core* core;
  Vector<AggregateCall> aggregates;
  Vector<WindowFunctionCall> window_functions;
  Vector<Window> windows;
  Vector<const sql::WindowDefinition*> window_definitions;  // parallel to windows
  std::span<const sql::WindowDefinition> named_windows;
};

struct Scope {
  Scope* outer = nullptr;
  SelectState* select = nullptr;  // the query it belongs to; null for rows of INSERT, UPDATE, DELETE and of tables
  CoreState* core = nullptr;      // null: no aggregates, no windows
  int depth = 0;
  Vector<Source*> sources;
  const JoinNames* joins = nullptr;           // only where USING, NATURAL or the alias of a join makes a difference
  std::span<const ResultColumn> columns;      // of the result, once bound
  std::span<const std::string_view> aliases;  // parallel: written AS, data() null where there is none
  bool aliases_visible = false;
  bool aggregates_allowed = false;
  bool windows_allowed = false;
  bool grouped_clause = false;  // words the complaint about a misplaced aggregate
};

// A query under construction.
struct SelectState {
  Select* select;
  SelectState* container = nullptr;  // the query around it, whatever the names it sees
  Vector<const Relation*> outer_relations;
  Vector<CommonTable*> common_tables;
  bool has_outer_aggregate = false;
};

struct CommonTableState {
  const sql::CommonTable* ast;
  bool busy = false;                     // its query is being bound
  const Core* recursive_core = nullptr;  // the arm being bound in which the table may stand for the queue's row
  int step_references = 0;
  CommonTable* bound = nullptr;  // kept in a buffer, or recursive
  Source* first_use = nullptr;   // a query bound in place, to be turned into `bound` by a second use
};

// The WITH clause around what is bound now.
struct WithScope {
  WithScope* outer = nullptr;
  const sql::With* with = nullptr;
  std::span<CommonTableState> tables;
  Scope* names = nullptr;         // what its queries see
  SelectState* select = nullptr;  // that owns the tables; null: the statement
};

// The text that spans count in, and what is allowed there.
struct Place {
  std::string_view text;
  bool offsets = true;  // errors carry offsets: only in the statement's own text
  bool strings_in_double_quotes = true;
  int database = -1;                   // of a view or table: unqualified names mean this database
  const char* inner_object = nullptr;  // view or trigger, for the authorizer
  bool in_schema = false;              // the text comes from a schema, not from the statement
  bool in_view = false;                // that of a view
  bool silent = false;                 // the authorizer is not asked
  // What a DDL expression is called when it holds what it must not: "index expressions", ...
  const char* prohibits = nullptr;
  bool prohibits_random = false;
  bool prohibits_qualified = false;  // table.column
  bool in_trigger = false;
};

class Binder {
 public:
  Binder(const sql::ParseResult& parsed, std::string_view text, Environment& environment, Arena& arena);
  Result<const Statement*> bind();

 private:
  friend class DdlBinder;
  friend class DmlBinder;

  // ---- errors and authorisation (binder.cc)
  bool fail(Status status);
  std::nullptr_t failed(Status status) {
    fail(std::move(status));
    return nullptr;
  }
  template <class... Names>
  bool error(const char* format, Names... names) {
    return fail(message(format, names...));
  }
  template <class... Names>
  bool error_at(Span place, const char* format, Names... names) {
    return fail(place_->offsets ? message_at(place, format, names...) : message(format, names...));
  }
  bool ok() const { return status_.ok(); }
  // False on an error; *ignored tells of SQLITE_IGNORE.
  bool authorize(int action, std::string_view third, std::string_view fourth, int database, bool* ignored);
  std::string_view terminated(std::string_view text) { return arena_.copy_text(text); }
  void note_read(int database);
  void note_written(int database);

  // ---- statement kinds
  bool bind_statement_kind(Statement& statement);

  // ---- INSERT (bind_insert.cc), UPDATE (bind_update.cc), DELETE (bind_delete.cc)
  const Insert* bind_insert(const sql::InsertStatement& ast);
  const Update* bind_update(const sql::UpdateStatement& ast);
  const Delete* bind_delete(const sql::DeleteStatement& ast);
  bool bind_upsert(const sql::UpsertClause& ast, Scope& scope, Source& excluded, Upsert& upsert);
  bool match_upsert_target(const sql::UpsertClause& ast, const Source& target, Upsert& upsert);
  // The table that is to be changed, with its expressions; `action` is asked of the authorizer.
  Source* bind_target(const sql::TargetTable& ast, catalog::TriggerEvent event, int action,
                      std::span<const sql::Assignment> changed);
  const TableExpressions& expressions_of(const Source& target);
  int find_target_column(Source& target, std::string_view name);
  bool bind_assignments(std::span<const sql::Assignment> asts, Source& target, std::span<const Assignment>* out);
  const Expr* field_of_query(const sql::SubqueryExpr& node, std::size_t field, std::size_t width);
  const Returning* bind_returning(std::span<const sql::ResultColumn> asts, Source& target);

  // ---- CREATE (bind_create.cc), DROP and REINDEX (bind_drop.cc), the rest (bind_other.cc)
  const CreateTable* bind_create_table(const sql::CreateTableStatement& ast);
  const CreateIndex* bind_create_index(const sql::CreateIndexStatement& ast);
  const CreateView* bind_create_view(const sql::CreateViewStatement& ast);
  const CreateTrigger* bind_create_trigger(const sql::CreateTriggerStatement& ast);
  const CreateVirtual* bind_create_virtual(const sql::CreateVirtualStatement& ast);
  const Drop* bind_drop(const sql::DropStatement& ast);
  const Reindex* bind_reindex(const sql::ReindexStatement& ast);
  bool bind_alter(const sql::AlterStatement& ast);
  bool bind_analyze(const sql::AnalyzeStatement& ast);
  const HostArguments* bind_attach(const sql::AttachStatement& ast);
  const HostArguments* bind_detach(const sql::DetachStatement& ast);
  const HostArguments* bind_vacuum(const sql::VacuumStatement& ast);
  const Pragma* bind_pragma(const sql::PragmaStatement& ast);
  bool authorize_transaction(const sql::Statement& ast);
  // The database a CREATE means; -1: an error.
  int database_of_create(const sql::CreateStatement& ast);
  // Nothing else of that name? *no_op: IF NOT EXISTS and there is one.
  bool name_is_free(const sql::CreateStatement& ast, int database, bool* no_op);
  bool name_is_allowed(std::string_view name);
  std::string_view stored_text(const sql::CreateStatement& ast);
  std::string_view text_of_columns(std::string_view name, const Select& select);
  bool check_definition(const catalog::Table& table, const sql::CreateTableStatement& ast, int database);
  bool check_generated_loops(const catalog::Table& table);
  bool is_constant_default(const sql::Expr* expr);
  // Tables of other databases that a view or trigger names, by the text; null: none.
  const sql::Name* foreign_name(const sql::Select& select, std::string_view database);
  bool trigger_body_allowed(const sql::CreateTriggerStatement& ast, int database);
  const Expr* bind_host_value(const sql::Expr* expr);

  // ---- what this build cannot do yet (unavailable.cc)
  bool refuse_triggers(int database, const catalog::Table& table, catalog::TriggerEvent event,
                       std::span<const sql::Assignment> changed);
  bool refuse_foreign_keys(int database, const catalog::Table& table);

  // ---- objects (bind_object.cc)
  // The database called `name`; -1 when there is none.
  int find_database(std::string_view name);
  const catalog::Shape* shape(int database);
  struct FoundTable {
    int database = -1;
    const catalog::Table* table = nullptr;
    vm::Source* source = nullptr;  // an eponymous table
  };
  // `found` stays empty when there is none. False: an error.
  bool find_table(std::string_view schema, bool schema_given, std::string_view name, FoundTable* found);
  bool no_such_table(const sql::Name& schema, const sql::Name& name);
  const Collation* collation_named(std::string_view name);  // perhaps one that is not there
  const Collation* usable(const Collation* collation);      // asks for it; null: an error. Null gives BINARY
  Source* new_source(RelationKind kind);
  // `for_write`: CHECKs are bound too, and there are always expressions.
  Source* table_source(int database, const catalog::Table& table, std::string_view alias, Span span, bool for_write);
  bool bind_table_expressions(Source& source, bool for_write);
  TableExpressions::IndexExpressions bind_index_expressions(Source& source, const catalog::Index& index,
                                                            bool for_write);

  // ---- expressions (bind_expr.cc)
  struct Frame {
    const sql::Expr* node;
    std::uint32_t next;
    std::uint32_t count;
    std::uint32_t values;
    std::uint64_t saved_depths;
    const vm::FunctionDef* function;
    std::uint8_t saved_allowed;
    bool call_context;
  };
  const Expr* bind_expr(const sql::Expr* node);    // may be a row
  const Expr* bind_scalar(const sql::Expr* node);  // refuses rows
  bool bind_list(sql::ExprList nodes, ExprList* out);
  bool is_leaf(const sql::Expr* node) const;
  const Expr* bind_leaf(const sql::Expr* node);
  // A leaf, or an operator between two: bound without a frame.
  bool is_simple(const sql::Expr* node) const {
    if (is_leaf(node)) return true;
    const auto* binary = node->try_as<sql::BinaryExpr>();
    return binary != nullptr && is_leaf(binary->left) && is_leaf(binary->right);
  }
  const Expr* bind_simple(const sql::Expr* node);
  bool push_frame(const sql::Expr* node);
  static const sql::Expr* child_of(const sql::Expr* node, std::uint32_t index);
  static bool is_known_membership(const sql::InExpr& in);
  static std::uint32_t child_count(const sql::Expr* node);
  const Expr* finish_frame(const Frame& frame, const Expr* const* values);
  const Expr* finish_unary(const sql::UnaryExpr& node, const Expr* operand);
  const Expr* finish_binary(const sql::BinaryExpr& node, const Expr* left, const Expr* right);
  const Expr* finish_like(const sql::LikeExpr& node, const Expr* const* values);
  const Expr* finish_between(const sql::BetweenExpr& node, const Expr* const* values);
  const Expr* finish_in(const sql::InExpr& node, const Expr* const* values, std::uint32_t count);
  const Expr* finish_case(const sql::CaseExpr& node, const Expr* const* values);
  const Expr* finish_row(const sql::RowValueExpr& node, const Expr* const* values);
  const Expr* bind_literal(const sql::LiteralExpr& node, bool negative, Span span);
  const Expr* bind_subquery(const sql::SubqueryExpr& node);
  const Expr* bind_exists(const sql::ExistsExpr& node);
  const Select* bind_in_source(const sql::InExpr& node);

  LiteralExpr* new_literal(Span span);
  const Expr* text_literal(std::string_view utf8, Span span);
  const Expr* integer_literal(std::int64_t value, Span span);
  const Expr* null_literal(Span span);
  const Expr* unary(UnaryOp op, const Expr* operand, Span span);
  const Expr* binary(BinaryOp op, const Expr* left, const Expr* right, Span span);
  const Expr* compare(CompareOp op, const Expr* left, const Expr* right, Span span);
  const Expr* conjunction(const Expr* left, const Expr* right);  // either may be null
  const Expr* call(const vm::FunctionDef* function, std::span<const Expr* const> arguments, Span span);
  const Expr* call_named(std::string_view name, std::span<const Expr* const> arguments, Span span, Span name_span);
  bool rule_for(const Expr* left, const Expr* right, ComparisonRule* rule);
  bool rules_for(const Expr* left, const Expr* right, std::size_t width, std::span<const ComparisonRule>* rules);
  bool must_be_scalar(const Expr* expr);
  // Flags, height and explicit collation from the operands.
  void inherit(Expr& expr, const Expr* operand);
  void seal(Expr& expr);
  std::uint16_t flags_of_select(const Select& select);

  // ---- functions (bind_function.cc)
  bool begin_call(const sql::FunctionExpr& node, Frame& frame);
  const Expr* finish_call(const sql::FunctionExpr& node, const Frame& frame, const Expr* const* values);
  bool misused_aggregate(const sql::FunctionExpr& node, bool grouped_clause);
  const Expr* finish_aggregate(const sql::FunctionExpr& node, const Frame& frame, ExprList arguments,
                               const Expr* filter, std::span<const OrderTerm> order_by);
  const Expr* finish_window(const sql::FunctionExpr& node, const vm::FunctionDef& function, ExprList arguments,
                            const Expr* filter);
  bool bind_window(const sql::WindowDefinition& definition, std::int32_t* index);
  const vm::FunctionDef* find_function(std::string_view name, int argument_count, Span name_span);
  bool function_allowed(const vm::FunctionDef& function, std::string_view name, Span span, bool* ignored);
  bool bind_call_order(sql::OrderList terms, std::span<const OrderTerm>* out);
  const Collation* collation_of_arguments(ExprList arguments);

  // ---- names (bind_name.cc)
  const Expr* bind_column(const sql::ColumnExpr& node);
  const Expr* column_of(Source& source, int column, Span span);
  int find_in(Source& source, std::string_view name);
  const Expr* resolve_in(const Scope& scope, const JoinNames& names, std::string_view name, Span span, int* matches);
  const Expr* resolve_flat(Scope& scope, int first, int last, std::string_view name, Span span, int* matches);
  const Expr* resolve_alias(Scope& scope, std::string_view name, Span span, bool* found);
  void mark_outer(const Scope* owner, const Relation* relation);
  const Expr* as_outer(const Expr* expr, const Scope* owner);
  bool read_allowed(const Source& source, int column, bool* ignored);
  const Expr* unknown_column(const sql::ColumnExpr& node);

  // ---- FROM (bind_from.cc)
  const FromNode* bind_from(const sql::FromClause& clause, Scope& scope);
  FromNode* bind_from_item(const sql::FromItem& item, Scope& scope, const JoinNames** names, bool turned);
  FromNode* bind_from_clause(const sql::FromClause& clause, Scope& scope, const JoinNames** names, bool turned);
  bool join_columns(const sql::FromItem& item, Scope& scope, JoinNames& joined, FromNode& node, bool turned);
  const Expr* joined_column(Scope& scope, const JoinNames& names, std::string_view name, bool* ambiguous);
  bool bind_on_clauses(std::size_t first, const Expr** hoisted);
  Source* bind_source(const sql::FromItem& item, Scope& scope);
  Source* bind_table_source(const sql::FromItem& item, Scope& scope);
  Source* bind_view(const FoundTable& found, std::string_view alias, Span span);
  Source* bind_module_source(const FoundTable& found, vm::Source* module_source, std::string_view name,
                             const sql::FromItem& item, Scope& scope);
  Source* select_source(const Select& select, std::span<const std::string_view> names, std::string_view name,
                        std::string_view alias, Span span);
  std::span<RelationColumn> columns_of_select(const Select& select, std::span<const std::string_view> names);

  struct PendingOn {
    FromNode* node;
    const sql::Expr* on;
    Scope* scope;
    int last;     // sources before this one are joined there
    bool strict;  // others must not be named: outer joins
  };

  // ---- WITH (bind_with.cc)
  bool open_with(const sql::With& with, WithScope& scope, Scope* names, SelectState* select);
  CommonTableState* find_common_table(std::string_view name, WithScope** scope);
  Source* bind_common_table(CommonTableState& table, WithScope& with, const sql::FromItem& item, Scope& scope);
  bool bind_recursive(CommonTableState& table, WithScope& with, std::size_t first_step);
  CommonTable* new_common_table(CommonTableState& table, WithScope& with);
  static bool names_table(const sql::SelectCore& core, std::string_view name);

  // ---- SELECT (bind_select.cc)
  struct SelectOptions {
    Scope* outer = nullptr;
    SelectState* container = nullptr;
    bool row_expected = false;
    bool of_insert = false;           // VALUES of an INSERT: one row may hold no aggregate either
    const sql::With* with = nullptr;  // of the statement around it (INSERT)
    Vector<CommonTable*>* common_tables = nullptr;
  };
  Select* bind_select(const sql::Select& ast, const SelectOptions& options);
  // Arms [first, last) of `ast` as a query; with its ORDER BY and LIMIT when `whole`.
  void prefer_later_errors(std::span<const sql::CompoundArm> arms, SelectState& state, const SelectOptions& options);
  Select* bind_arms(const sql::Select& ast, std::size_t first, std::size_t last, bool whole, SelectState& state,
                    const SelectOptions& options);
  // ORDER BY of a compound: the result column of each term, -1 while no arm had it.
  struct CompoundOrder {
    sql::OrderList terms;
    Vector<std::int32_t> columns;
  };
  Core* bind_core(const sql::SelectCore& ast, SelectState& state, const SelectOptions& options,
                  const sql::Select* ordered, CompoundOrder* compound);
  bool bind_result_columns(std::span<const sql::ResultColumn> asts, Scope& scope);
  bool check_star_names(const Scope& scope, int first, int last);
  bool expand_star(Scope& scope, const JoinNames* names, int first, int last, Vector<ResultColumn>& out);
  bool add_star_columns(Scope& scope, int first, int last, Vector<ResultColumn>& out);
  void describe(ResultColumn& column);
  std::string_view column_name(const ColumnExpr& column);
  std::string_view name_of_result(const sql::ResultColumn& ast, const Expr& expr);
  bool too_many_terms(std::size_t count, const char* clause);
  bool bind_group_by(const sql::SelectCore& ast, Scope& scope, Core& core);
  bool bind_order_by(sql::OrderList terms, Scope& scope, std::span<const OrderTerm>* out);
  bool finish_compound_order(CompoundOrder& order, Select& select);
  void match_compound_terms(CompoundOrder& order, Scope& scope);
  bool position_error(std::size_t term, bool is_number, std::size_t columns, const char* clause, Span place,
                      bool with_place = false);
  bool make_order_term(const sql::OrderTerm& ast, const Expr* expr, std::int32_t result_column, OrderTerm* out);
  bool bind_limit(const sql::Expr* limit, const sql::Expr* offset, const Expr** bound_limit, const Expr** bound_offset);
  void finish_core(CoreState& state, Scope& scope);
  // The position an ORDER BY or GROUP BY term names: 0 when it is no integer.
  static bool is_position(const sql::Expr* expr, std::int64_t* position);
  std::span<const std::int32_t> sorted(Vector<std::int32_t>& numbers);

  const sql::ParseResult& parsed_;
  Environment& environment_;
  Arena& arena_;
  Status status_;
  const TextEncoding encoding_;
  const bool has_authorizer_;

  Place statement_place_;
  Place* place_;
  Scope* scope_ = nullptr;
  WithScope* with_ = nullptr;
  SelectState* select_ = nullptr;
  CommonTableState* recursion_ = nullptr;                    // whose recursive arm comes next
  bool common_tables_in_place_ = false;  // each use is a query of its own: nothing around could keep the rows
  Vector<CommonTable*>* statement_common_tables_ = nullptr;  // of UPDATE and DELETE
  int select_depth_ = 0;
  int lookahead_ = 0;  // calls without a function whose arguments are looked at
  std::int32_t relation_count_ = 0;
  const catalog::Table* watched_table_ = nullptr;  // the target of INSERT
  int watched_uses_ = 0;
  std::int32_t select_count_ = 0;
  std::int32_t common_table_count_ = 0;
  std::uint64_t depths_named_ =
      0;  // bit min(depth, 63) of each scope a column was taken from since the call around began
  Vector<Frame> frames_;
  Vector<const Expr*> values_;
  const Scope* on_scope_ = nullptr;  // whose ON clauses are bound
  int on_limit_ = -1;                // ON of an outer join: sources from this one on are not to be named
  int on_furthest_ = -1;             // the last source an ON named
  Vector<PendingOn> pending_on_;
  Vector<const catalog::Table*> open_views_;
  Vector<std::int32_t> databases_read_;
  Vector<std::int32_t> databases_written_;
  Vector<const Collation*> named_collations_;
};

constexpr std::uint64_t depth_bit(int depth) { return std::uint64_t{1} << (depth < 63 ? depth : 63); }

// Gives a variable a value until the end of the block.
template <class T>
class Restored {
 public:
  Restored(T& variable, T value) : variable_(variable), saved_(variable) { variable_ = value; }
  ~Restored() { variable_ = saved_; }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  T& variable_;
  T saved_;
};

}  // namespace perlite::bind
