// sql/parse.h: the parser itself, shared by the parse_*.cc files; callers use sql/parser.h.
//
// Recursive descent for statements, operator precedence with a stack of its own for expressions (parse_expr.cc), one
// token of lookahead. The first error is kept, and from then on the current token is End with `failed()` true, so that
// every loop and every expect() comes to an end; functions then return null or half a node, which nobody looks at.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena_containers.h"
#include "base/status.h"
#include "sql/ast.h"
#include "sql/lexer.h"
#include "sql/parser.h"
#include "sql/scratch.h"

namespace perlite::sql {

// What a keyword may be where the grammar does not want it: see keywords.def.
enum class KeywordUse : std::uint8_t { Reserved, Fallback, JoinWord, Indexed };
KeywordUse keyword_use(Token token) noexcept;

class Parser {
 public:
  Parser(std::string_view text, Arena& arena, const ParseLimits& limits);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Result<ParseResult> statement();
  Result<ExpressionResult> expression();
  Result<const ColumnDefinition*> column_definition();

 private:
  struct Lexeme {
    Token token;
    std::uint32_t begin;
    std::uint32_t end;
    Span span() const { return {begin, end}; }
  };
  struct Frame;

  std::span<const Variable> variable_list();

  // ---- tokens (parse.cc)
  void advance();
  Token resolve_context_word(Token token, std::uint32_t end) const;
  Lexeme peek() const;
  bool dot_follows() const;
  bool at(Token token) const { return current_.token == token; }
  bool accept(Token token) {
    if (current_.token != token) return false;
    advance();
    return true;
  }
  void expect(Token token) {
    if (current_.token == token) [[likely]] {
      advance();
    } else {
      syntax_error();
    }
  }
  Span since(std::uint32_t begin) const { return {begin, previous_end_}; }
  std::string_view text_of(const Lexeme& lexeme) const { return lexeme.span().of(text_); }

  // ---- errors
  bool failed() const { return failed_; }
  void fail(Status status);
  void fail_at_end(Status status);  // unless the text turns out to be malformed
  void syntax_error() { syntax_error_at(current_); }
  void syntax_error_at(const Lexeme& lexeme);
  void unrecognized_token();
  bool enter(std::uint32_t cost);  // one level deeper, or "Recursion limit"
  void leave(std::uint32_t cost) { depth_ -= cost; }

  // ---- names
  bool is_identifier(Token token) const;   // an identifier, or a keyword that falls back to one
  bool is_name(Token token) const;         // that, or a join word, INDEXED or a string
  bool at_identifier() const { return is_identifier(current_.token); }
  bool at_name() const { return is_name(current_.token); }
  Name take_name();  // the current token, whatever it is, as a name
  Name name();       // expects is_name
  Name identifier_or_string();
  void qualified_name(Name* schema, Name* name);
  NameList name_list();                          // "(" name,* ")"
  NameList column_name_list();                   // the same; COLLATE and order are refused by a message of their own
  TypeName type_name();
  std::string_view number_text(const Lexeme& lexeme);

  // ---- expressions (parse_expr.cc)
  enum class Step : std::uint8_t { Operand, Operator, Done };  // what comes next
  Expr* expr();
  Step operand(Expr** value);
  Step name_operand(Expr** value);
  Step call(const Name& name, Expr** value);
  Step after_value(std::size_t base, Expr** value);
  Step binary(std::size_t base, Expr** value, int precedence, BinaryOp op);
  Step is_operator(std::size_t base, Expr* value);
  Step word_operator(std::size_t base, Expr** value, bool negated);
  Step in_operator(Expr** value, bool negated);
  Step end_of_value(std::size_t base, Expr** value);
  Step close_case(Expr** value);
  Expr* literal();  // the current token is one of the literals, or syntax_error()
  Expr* variable();
  Expr* select_operand(ExprKind kind, std::uint32_t begin);  // behind "("; takes the ")"
  Expr* finish_call(FunctionExpr* call);                     // behind the ")"
  Expr* reduce(std::size_t base, int precedence, Expr* value);
  Expr* apply(const Frame& frame, Expr* value);
  Expr* sized(Expr* expr, std::uint32_t begin, std::uint32_t height);
  Frame& push_frame(int type, int precedence, std::uint32_t begin, Expr* left = nullptr);
  Frame& top_frame();
  void pop_frame();
  ExprList expr_list();  // e,*
  ExprList parenthesised_list();
  OrderList order_list();
  const WindowDefinition* over_clause();
  void window_body(WindowDefinition& window);  // behind "("; takes the ")"
  const WindowFrame* window_frame();
  FrameBound frame_bound(bool start);

  // ---- SELECT (parse_select.cc)
  bool at_select() const {
    return at(Token::KwSelect) || at(Token::KwValues) || at(Token::KwWith);
  }
  const Select* select();
  const Select* select_with(const With* with, std::uint32_t begin);
  const With* with_clause();
  const SelectCore* core();
  const SelectCore* values_core();
  std::span<const ResultColumn> result_columns();
  bool table_star(ResultColumn& column);
  const FromClause* from_clause();
  void from_source(FromItem& item);
  void join_operator(FromItem& item);
  bool at_join_operator() const;
  Name optional_alias();
  void limit_clause(const Expr** limit, const Expr** offset);
  std::span<const WindowDefinition> window_clause();

  // ---- INSERT, UPDATE, DELETE (parse_dml.cc)
  const Statement* with_statement();
  const Statement* insert(const With* with, std::uint32_t begin, bool in_trigger);
  const Statement* update(const With* with, std::uint32_t begin, bool in_trigger);
  const Statement* remove(const With* with, std::uint32_t begin, bool in_trigger);
  bool upsert_clause(UpsertClause& clause);
  void target_table(TargetTable& table);
  void refuse_hint(IndexHint hint);  // in a trigger
  void index_hint(IndexHint* hint, Name* index);
  ConflictAction conflict_action();  // the word behind OR or ON CONFLICT
  std::span<const Assignment> assignments();
  void order_and_limit(OrderList* order, const Expr** limit, const Expr** offset);

  // ---- CREATE, ALTER, DROP (parse_ddl.cc)
  const Statement* create();
  const Statement* create_table(std::uint32_t begin, bool temporary);
  const Statement* create_index(std::uint32_t begin, bool unique);
  const Statement* create_view(std::uint32_t begin, bool temporary);
  const Statement* create_trigger(std::uint32_t begin, bool temporary);
  const Statement* create_virtual(std::uint32_t begin);
  bool if_not_exists();
  ColumnDefinition column();
  std::span<const ColumnConstraint> column_constraints(const Name& column, bool generated_words);
  bool column_constraint(ColumnConstraint& constraint, ForeignKeyClause*& last_key, const Name& column);
  void default_value(ColumnConstraint& constraint);
  void table_constraint(TableConstraint& constraint);
  ForeignKeyClause* foreign_key_clause();
  void deferrable_clause(ForeignKeyClause* key);
  ConflictAction on_conflict();
  const Expr* parenthesised_expr(Span* span);
  void table_options(CreateTableStatement& table);
  const Statement* trigger_step(bool temporary);
  const Statement* drop();
  const Statement* alter();

  // ---- the rest (parse_other.cc)
  const Statement* body();
  const Statement* transaction();
  const Statement* attach();
  const Statement* detach();
  const Statement* analyze_or_reindex();
  const Statement* vacuum();
  const Statement* pragma();
  void transaction_words();

  template <class T>
  T* make_statement(std::uint32_t begin) {
    T* statement = arena_.make<T>();
    statement->kind = T::kKind;
    statement->span.begin = begin;
    return statement;
  }
  template <class T>
  T* make_expr() {
    T* node = arena_.make<T>();
    node->kind = T::kKind;
    return node;
  }

  // An expression under construction: see parse_expr.cc.
  struct Frame {
    std::uint8_t type;
    std::uint8_t precedence;
    std::uint8_t op;
    std::uint8_t flags;
    std::uint32_t begin;
    std::uint32_t list;  // where this frame's list begins in the scratch
    Span op_span;
    Expr* left;
    Expr* extra;
  };

  std::string_view text_;
  Arena& arena_;
  const ParseLimits& limits_;
  Lexeme current_{Token::End, 0, 0};
  std::uint32_t previous_end_ = 0;
  Token previous_ = Token::End;
  bool failed_ = false;
  std::uint32_t depth_ = 0;
  std::uint32_t variable_count_ = 0;
  arena_containers::Vector<Variable> variables_{base::ArenaAllocator<Variable>(arena_)};
  Status status_;
  Status deferred_;
  Scratch frames_;   // of expr()
  Scratch scratch_;  // of lists
};

}  // namespace perlite::sql
