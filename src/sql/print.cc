#include "sql/print.h"

#include <algorithm>
#include <cstdio>

namespace perlite::sql {
namespace {

constexpr const char* kBinaryOps[] = {"OR", "AND", "=",  "<>", "IS", "IS NOT", "IS DISTINCT FROM", "IS NOT DISTINCT FROM",
                                      "<",  "<=",  ">",  ">=", "&",  "|",      "<<",               ">>",
                                      "+",  "-",   "*",  "/",  "%",  "||",     "->",               "->>"};
constexpr const char* kLikeOps[] = {"LIKE", "GLOB", "REGEXP", "MATCH"};
constexpr const char* kActions[] = {"", "ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"};
constexpr const char* kKeyActions[] = {"NO ACTION", "SET NULL", "SET DEFAULT", "CASCADE", "RESTRICT"};
constexpr const char* kExprNames[] = {"literal", "variable", "column", "unary",    "binary",   "like",
                                      "between", "in",       "null",   "collate",  "cast",     "case",
                                      "call",    "query",    "exists", "row",      "raise"};

// Writes a tree. Expressions go through a stack of pieces of their own, so that deep ones need no C stack. `explicit_`
// is the dump: every composite expression stands in braces with its kind, and parentheses are left out.
class Printer {
 public:
  explicit Printer(bool explicit_structure) : explicit_(explicit_structure) {}
  String take() { return std::move(out_); }

  void statement(const Statement& statement);
  void select(const Select& select);
  void expr(const Expr& root);
  void column(const ColumnDefinition& column);

 private:
  struct Piece {
    const Expr* expr = nullptr;
    const char* text = nullptr;
    const Name* name = nullptr;
    const TypeName* type = nullptr;      // of a CAST
    const FunctionExpr* call = nullptr;  // what stands behind its arguments
    const Select* query = nullptr;
  };

  // ---- text
  void text(std::string_view text) { out_.append(text); }
  void name(const Name& name);
  void qualified(const Name& schema, const Name& object) {
    if (schema.present()) {
      name(schema);
      text(".");
    }
    name(object);
  }
  void quoted(std::string_view value, char quote) {
    out_ += quote;
    for (const char c : value) {
      out_ += c;
      if (c == quote) out_ += c;
    }
    out_ += quote;
  }
  template <class Range, class Function>
  void list(const Range& range, Function function) {
    bool first = true;
    for (const auto& element : range) {
      if (!first) text(", ");
      first = false;
      function(element);
    }
  }
  void names(NameList names_list) {
    text("(");
    list(names_list, [&](const Name& n) { name(n); });
    text(")");
  }
  void exprs(ExprList list_of) {
    list(list_of, [&](const Expr* e) { expr(*e); });
  }
  void clause(const char* word, const Expr* e) {
    if (e == nullptr) return;
    text(word);
    expr(*e);
  }

  // ---- expressions
  void expand(const Expr& e);
  void leaf(const LiteralExpr& literal);
  void put(const Expr* e) { pieces_.emplace_back().expr = e; }
  void put(const char* t) { pieces_.emplace_back().text = t; }
  void put(const Name& n) { pieces_.emplace_back().name = &n; }
  void put(const TypeName& t) { pieces_.emplace_back().type = &t; }
  void put_query(const Select* query) {
    put("(");
    pieces_.emplace_back().query = query;
    put(")");
  }
  void put(ExprList list_of) {
    for (std::size_t i = 0; i < list_of.size(); ++i) {
      if (i > 0) put(", ");
      put(list_of[i]);
    }
  }
  void call_tail(const FunctionExpr& call);
  void window(const WindowDefinition& window);
  void bound(const FrameBound& bound);

  // ---- queries
  void with(const With& with);
  void core(const SelectCore& core);
  void from(const FromClause& from);
  void columns(std::span<const ResultColumn> columns);
  void order(OrderList terms);
  void order_limit(OrderList terms, const Expr* limit, const Expr* offset);
  void hint(IndexHint hint, const Name& index);

  // ---- changes
  void insert(const InsertStatement& s);
  void update(const UpdateStatement& s);
  void remove(const DeleteStatement& s);
  void target(const TargetTable& table);
  void assignments(std::span<const Assignment> list_of);
  void returning(std::span<const ResultColumn> list_of);

  // ---- definitions
  void create_head(const CreateStatement& s, const char* kind);
  void constraint(const ColumnConstraint& c);
  void constraint(const TableConstraint& c);
  void foreign_key(const ForeignKeyClause& key);
  void on_conflict(ConflictAction action) {
    if (action == ConflictAction::None) return;
    text(" ON CONFLICT ");
    text(kActions[static_cast<int>(action)]);
  }
  void alter(const AlterStatement& s);
  void type(const TypeName& type) {
    if (!type.present()) return;
    text(" ");
    // Blanks and comments between the words stay: the text is the type.
    text(type_text(type));
  }
  std::string_view type_text(const TypeName& type) {
    // A quoted type is shown quoted, whatever stood between the quotes.
    if (type.span.size() == type.text.size()) return type.text;
    type_.clear();
    type_ += '"';
    for (const char c : type.text) {
      type_ += c;
      if (c == '"') type_ += c;
    }
    type_ += '"';
    return type_;
  }

  String out_;
  String type_;
  Vector<Piece> pieces_;
  bool explicit_;
};

void Printer::name(const Name& n) {
  switch (n.quote) {
    case Quote::None:
      return text(n.text);
    case Quote::Double:
      return quoted(n.text, '"');
    case Quote::Backtick:
      return quoted(n.text, '`');
    case Quote::Single:
      return quoted(n.text, '\'');
    default:
      text("[");
      text(n.text);
      return text("]");
  }
}

// ----------------------------------------------------------------------------------------------------- expressions

void Printer::expr(const Expr& root) {
  const std::size_t base = pieces_.size();
  put(&root);
  while (pieces_.size() > base) {
    const Piece piece = pieces_.back();
    pieces_.pop_back();
    if (piece.text != nullptr) {
      text(piece.text);
    } else if (piece.name != nullptr) {
      name(*piece.name);
    } else if (piece.type != nullptr) {
      type(*piece.type);
    } else if (piece.call != nullptr) {
      call_tail(*piece.call);
    } else if (piece.query != nullptr) {
      select(*piece.query);
    } else {
      const std::size_t begin = pieces_.size();
      const bool composite = piece.expr->kind != ExprKind::Literal && piece.expr->kind != ExprKind::Variable &&
                             piece.expr->kind != ExprKind::Column;
      if (explicit_ && composite) {
        text("{");
        text(kExprNames[static_cast<int>(piece.expr->kind)]);
        text(" ");
        expand(*piece.expr);
        put("}");
      } else if (!explicit_ && piece.expr->parenthesized) {
        text("(");
        expand(*piece.expr);
        put(")");
      } else {
        expand(*piece.expr);
      }
      std::reverse(pieces_.begin() + static_cast<std::ptrdiff_t>(begin), pieces_.end());
    }
  }
}

void Printer::leaf(const LiteralExpr& literal) {
  switch (literal.literal) {
    case LiteralKind::Null:
      return text("NULL");
    case LiteralKind::CurrentDate:
      return text("CURRENT_DATE");
    case LiteralKind::CurrentTime:
      return text("CURRENT_TIME");
    case LiteralKind::CurrentTimestamp:
      return text("CURRENT_TIMESTAMP");
    case LiteralKind::String:
      return quoted(literal.text, '\'');
    case LiteralKind::Blob: {
      constexpr char kHex[] = "0123456789abcdef";
      text("x'");
      for (const char byte : literal.text) {
        out_ += kHex[static_cast<unsigned char>(byte) >> 4];
        out_ += kHex[static_cast<unsigned char>(byte) & 15];
      }
      return text("'");
    }
    default:
      return text(literal.text);
  }
}

// Writes a leaf, or puts the pieces of a node in order. What holds no deep expression is written at once: it is first.
void Printer::expand(const Expr& e) {
  switch (e.kind) {
    case ExprKind::Literal:
      return leaf(e.as<LiteralExpr>());
    case ExprKind::Variable: {
      const auto& variable = e.as<VariableExpr>();
      text(variable.name.empty() ? std::string_view("?") : variable.name);
      if (explicit_) {
        char number[16];
        std::snprintf(number, sizeof number, "=%u", variable.number);
        text(number);
      }
      return;
    }
    case ExprKind::Column: {
      const auto& column = e.as<ColumnExpr>();
      if (column.schema.present()) {
        name(column.schema);
        text(".");
      }
      return qualified(column.table, column.column);
    }
    case ExprKind::Unary: {
      constexpr const char* kOps[] = {"- ", "+ ", "~ ", "NOT "};  // a blank: "--" would be a comment
      const auto& unary = e.as<UnaryExpr>();
      put(kOps[static_cast<int>(unary.op)]);
      return put(unary.operand);
    }
    case ExprKind::Binary: {
      const auto& binary = e.as<BinaryExpr>();
      put(binary.left);
      put(" ");
      put(kBinaryOps[static_cast<int>(binary.op)]);
      put(" ");
      return put(binary.right);
    }
    case ExprKind::Like: {
      const auto& like = e.as<LikeExpr>();
      put(like.left);
      put(like.negated ? " NOT " : " ");
      put(kLikeOps[static_cast<int>(like.op)]);
      put(" ");
      put(like.right);
      if (like.escape != nullptr) {
        put(" ESCAPE ");
        put(like.escape);
      }
      return;
    }
    case ExprKind::Between: {
      const auto& between = e.as<BetweenExpr>();
      put(between.operand);
      put(between.negated ? " NOT BETWEEN " : " BETWEEN ");
      put(between.low);
      put(" AND ");
      return put(between.high);
    }
    case ExprKind::In: {
      const auto& in = e.as<InExpr>();
      put(in.operand);
      put(in.negated ? " NOT IN " : " IN ");
      if (in.source == InSource::Table) {
        if (in.schema.present()) {
          put(in.schema);
          put(".");
        }
        put(in.table);
        if (!in.has_arguments) return;
      }
      if (in.source != InSource::Select) {
        put("(");
        put(in.list);
        return put(")");
      }
      return put_query(in.select);
    }
    case ExprKind::NullTest: {
      const auto& test = e.as<NullTestExpr>();
      put(test.operand);
      return put(test.negated ? " NOTNULL" : " ISNULL");
    }
    case ExprKind::Collate: {
      const auto& collate = e.as<CollateExpr>();
      put(collate.operand);
      put(" COLLATE ");
      return put(collate.collation);
    }
    case ExprKind::Cast: {
      const auto& cast = e.as<CastExpr>();
      put("CAST(");
      put(cast.operand);
      put(" AS");
      put(cast.type);
      return put(")");
    }
    case ExprKind::Case: {
      const auto& when = e.as<CaseExpr>();
      put("CASE");
      if (when.operand != nullptr) {
        put(" ");
        put(when.operand);
      }
      for (const CaseBranch& branch : when.branches) {
        put(" WHEN ");
        put(branch.when);
        put(" THEN ");
        put(branch.then);
      }
      if (when.otherwise != nullptr) {
        put(" ELSE ");
        put(when.otherwise);
      }
      return put(" END");
    }
    case ExprKind::Function: {
      const auto& function = e.as<FunctionExpr>();
      name(function.name);
      put(function.star ? "(*" : function.distinct ? "(DISTINCT " : "(");
      put(function.arguments);
      pieces_.emplace_back().call = &function;
      return;
    }
    case ExprKind::Subquery:
      return put_query(e.as<SubqueryExpr>().select);
    case ExprKind::Exists:
      put("EXISTS ");
      return put_query(e.as<ExistsExpr>().select);
    case ExprKind::RowValue:
      put("(");
      put(e.as<RowValueExpr>().elements);
      return put(")");
    case ExprKind::Raise: {
      constexpr const char* kRaise[] = {"IGNORE", "ROLLBACK", "ABORT", "FAIL"};
      const auto& raise = e.as<RaiseExpr>();
      put("RAISE(");
      put(kRaise[static_cast<int>(raise.action)]);
      if (raise.message != nullptr) {
        put(", ");
        put(raise.message);
      }
      return put(")");
    }
  }
}

// What stands behind the arguments of a call.
void Printer::call_tail(const FunctionExpr& call) {
  if (!call.order_by.empty()) {
    text(" ORDER BY ");
    order(call.order_by);
  }
  text(")");
  if (call.filter != nullptr) {
    clause(" FILTER (WHERE ", call.filter);
    text(")");
  }
  if (call.over != nullptr) {
    text(" OVER ");
    if (call.over->reference) {
      name(call.over->base);
    } else {
      window(*call.over);
    }
  }
}

void Printer::window(const WindowDefinition& window) {
  const char* gap = "";
  text("(");
  if (window.base.present()) {
    name(window.base);
    gap = " ";
  }
  if (!window.partition_by.empty()) {
    text(gap);
    text("PARTITION BY ");
    exprs(window.partition_by);
    gap = " ";
  }
  if (!window.order_by.empty()) {
    text(gap);
    text("ORDER BY ");
    order(window.order_by);
    gap = " ";
  }
  if (window.frame != nullptr) {
    constexpr const char* kUnits[] = {"ROWS ", "RANGE ", "GROUPS "};
    constexpr const char* kExclude[] = {"NO OTHERS", "CURRENT ROW", "GROUP", "TIES"};
    const WindowFrame& frame = *window.frame;
    text(gap);
    text(kUnits[static_cast<int>(frame.unit)]);
    if (frame.end_given) text("BETWEEN ");
    bound(frame.start);
    if (frame.end_given) {
      text(" AND ");
      bound(frame.end);
    }
    if (frame.exclude_given) {
      text(" EXCLUDE ");
      text(kExclude[static_cast<int>(frame.exclude)]);
    }
  }
  text(")");
}

void Printer::bound(const FrameBound& bound) {
  constexpr const char* kBounds[] = {"UNBOUNDED PRECEDING", " PRECEDING", "CURRENT ROW", " FOLLOWING",
                                     "UNBOUNDED FOLLOWING"};
  if (bound.offset != nullptr) expr(*bound.offset);
  text(kBounds[static_cast<int>(bound.kind)]);
}

// --------------------------------------------------------------------------------------------------------- queries

void Printer::select(const Select& select) {
  constexpr const char* kOps[] = {"", " UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "};
  if (select.with != nullptr) with(*select.with);
  for (const CompoundArm& arm : select.arms) {
    text(kOps[static_cast<int>(arm.op)]);
    core(*arm.core);
  }
  order_limit(select.order_by, select.limit, select.offset);
}

void Printer::with(const With& with) {
  constexpr const char* kHints[] = {"", "MATERIALIZED ", "NOT MATERIALIZED "};
  text(with.recursive ? "WITH RECURSIVE " : "WITH ");
  list(with.tables, [&](const CommonTable& table) {
    name(table.name);
    if (!table.columns.empty()) names(table.columns);
    text(" AS ");
    text(kHints[static_cast<int>(table.hint)]);
    text("(");
    select(*table.select);
    text(")");
  });
  text(" ");
}

void Printer::core(const SelectCore& core) {
  if (core.kind == CoreKind::Values) {
    text("VALUES ");
    return list(core.rows, [&](const ExprList& row) {
      text("(");
      exprs(row);
      text(")");
    });
  }
  text(core.distinct ? "SELECT DISTINCT " : core.all ? "SELECT ALL " : "SELECT ");
  columns(core.columns);
  if (core.from != nullptr) {
    text(" FROM ");
    from(*core.from);
  }
  clause(" WHERE ", core.where);
  if (!core.group_by.empty()) {
    text(" GROUP BY ");
    exprs(core.group_by);
  }
  clause(" HAVING ", core.having);
  if (!core.windows.empty()) {
    text(" WINDOW ");
    list(core.windows, [&](const WindowDefinition& definition) {
      name(definition.name);
      text(" AS ");
      window(definition);
    });
  }
}

void Printer::columns(std::span<const ResultColumn> columns) {
  list(columns, [&](const ResultColumn& column) {
    switch (column.kind) {
      case ResultColumnKind::Star:
        return text("*");
      case ResultColumnKind::TableStar:
        name(column.table);
        return text(".*");
      default:
        expr(*column.expr);
        if (column.alias.present()) {
          text(" AS ");
          name(column.alias);
        }
    }
  });
}

void Printer::from(const FromClause& from) {
  constexpr const char* kJoins[] = {", ", "JOIN ", "CROSS JOIN ", "LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN "};
  bool first = true;
  for (const FromItem& item : from.items) {
    if (!first) {
      if (item.join != JoinType::Comma) text(item.natural ? " NATURAL " : " ");
      text(item.inner_word && item.join == JoinType::Inner ? "INNER JOIN " : kJoins[static_cast<int>(item.join)]);
    }
    first = false;
    switch (item.kind) {
      case FromKind::Subquery:
        text("(");
        select(*item.select);
        text(")");
        break;
      case FromKind::Nested:
        text("(");
        this->from(*item.nested);
        text(")");
        break;
      default:
        qualified(item.schema, item.name);
        if (item.kind == FromKind::TableFunction) {
          text("(");
          exprs(item.arguments);
          text(")");
        }
    }
    if (item.alias.present()) {
      text(" AS ");
      name(item.alias);
    }
    hint(item.hint, item.index);
    clause(" ON ", item.on);
    if (!item.using_columns.empty()) {
      text(" USING ");
      names(item.using_columns);
    }
  }
}

void Printer::hint(IndexHint hint, const Name& index) {
  if (hint == IndexHint::NotIndexed) text(" NOT INDEXED");
  if (hint != IndexHint::IndexedBy) return;
  text(" INDEXED BY ");
  name(index);
}

void Printer::order(OrderList terms) {
  constexpr const char* kOrders[] = {"", " ASC", " DESC"};
  constexpr const char* kNulls[] = {"", " NULLS FIRST", " NULLS LAST"};
  list(terms, [&](const OrderTerm& term) {
    expr(*term.expr);
    text(kOrders[static_cast<int>(term.order)]);
    text(kNulls[static_cast<int>(term.nulls)]);
  });
}

void Printer::order_limit(OrderList terms, const Expr* limit, const Expr* offset) {
  if (!terms.empty()) {
    text(" ORDER BY ");
    order(terms);
  }
  clause(" LIMIT ", limit);
  clause(" OFFSET ", offset);
}

// --------------------------------------------------------------------------------------------------------- changes

void Printer::target(const TargetTable& table) {
  qualified(table.schema, table.name);
  if (table.alias.present()) {
    text(" AS ");
    name(table.alias);
  }
  hint(table.hint, table.index);
}

void Printer::assignments(std::span<const Assignment> list_of) {
  list(list_of, [&](const Assignment& assignment) {
    if (assignment.row) {
      names(assignment.columns);
    } else {
      name(assignment.columns[0]);
    }
    text(" = ");
    expr(*assignment.value);
  });
}

void Printer::insert(const InsertStatement& s) {
  if (s.with != nullptr) with(*s.with);
  text(s.replace_word ? "REPLACE" : "INSERT");
  if (!s.replace_word && s.on_conflict != ConflictAction::None) {
    text(" OR ");
    text(kActions[static_cast<int>(s.on_conflict)]);
  }
  text(" INTO ");
  target(s.table);
  if (s.has_columns) names(s.columns);
  if (s.select == nullptr) {
    text(" DEFAULT VALUES");
  } else {
    text(" ");
    select(*s.select);
  }
  for (const UpsertClause& upsert : s.upserts) {
    text(" ON CONFLICT ");
    if (!upsert.target.empty()) {
      text("(");
      order(upsert.target);
      text(")");
      clause(" WHERE ", upsert.target_where);
      text(" ");
    }
    if (upsert.action == UpsertAction::Nothing) {
      text("DO NOTHING");
      continue;
    }
    text("DO UPDATE SET ");
    assignments(upsert.assignments);
    clause(" WHERE ", upsert.where);
  }
  returning(s.returning);
}

void Printer::returning(std::span<const ResultColumn> list_of) {
  if (list_of.empty()) return;
  text(" RETURNING ");
  columns(list_of);
}

void Printer::update(const UpdateStatement& s) {
  if (s.with != nullptr) with(*s.with);
  text("UPDATE ");
  if (s.on_conflict != ConflictAction::None) {
    text("OR ");
    text(kActions[static_cast<int>(s.on_conflict)]);
    text(" ");
  }
  target(s.table);
  text(" SET ");
  assignments(s.assignments);
  if (s.from != nullptr) {
    text(" FROM ");
    from(*s.from);
  }
  clause(" WHERE ", s.where);
  returning(s.returning);
  order_limit(s.order_by, s.limit, s.offset);
}

void Printer::remove(const DeleteStatement& s) {
  if (s.with != nullptr) with(*s.with);
  text("DELETE FROM ");
  target(s.table);
  clause(" WHERE ", s.where);
  returning(s.returning);
  order_limit(s.order_by, s.limit, s.offset);
}

// ----------------------------------------------------------------------------------------------------- definitions

void Printer::create_head(const CreateStatement& s, const char* kind) {
  text("CREATE ");
  if (s.temporary) text("TEMP ");
  text(kind);
  if (s.if_not_exists) text(" IF NOT EXISTS");
  text(" ");
  qualified(s.schema, s.name);
}

void Printer::column(const ColumnDefinition& column) {
  name(column.name);
  type(column.type);
  for (const ColumnConstraint& c : column.constraints) constraint(c);
}

void Printer::constraint(const ColumnConstraint& c) {
  if (c.name.present()) {
    text(" CONSTRAINT ");
    name(c.name);
  }
  switch (c.kind) {
    case ConstraintKind::NameOnly:
      return;
    case ConstraintKind::PrimaryKey:
      text(" PRIMARY KEY");
      text(c.order == SortOrder::Ascending ? " ASC" : c.order == SortOrder::Descending ? " DESC" : "");
      on_conflict(c.on_conflict);
      if (c.autoincrement) text(" AUTOINCREMENT");
      return;
    case ConstraintKind::NotNull:
      text(" NOT NULL");
      return on_conflict(c.on_conflict);
    case ConstraintKind::Null:
      text(" NULL");
      return on_conflict(c.on_conflict);
    case ConstraintKind::Unique:
      text(" UNIQUE");
      return on_conflict(c.on_conflict);
    case ConstraintKind::Check:
      clause(" CHECK (", c.expr);
      return text(")");
    case ConstraintKind::Default:
      if (c.default_form == DefaultForm::Parenthesized) {
        clause(" DEFAULT (", c.expr);
        return text(")");
      }
      if (c.default_form == DefaultForm::Identifier) {
        text(" DEFAULT ");
        return quoted(c.expr->as<LiteralExpr>().text, '"');
      }
      return clause(" DEFAULT ", c.expr);
    case ConstraintKind::Collate:
      text(" COLLATE ");
      return name(c.collation);
    case ConstraintKind::ForeignKey:
      text(" ");
      return foreign_key(*c.foreign_key);
    case ConstraintKind::Generated:
      text(c.generated_words ? " GENERATED ALWAYS AS (" : " AS (");
      expr(*c.expr);
      text(")");
      if (c.storage_given) text(c.stored ? " STORED" : " VIRTUAL");
      return;
  }
}

void Printer::foreign_key(const ForeignKeyClause& key) {
  text("REFERENCES ");
  name(key.table);
  if (!key.columns.empty()) names(key.columns);
  if (key.on_delete_given) {
    text(" ON DELETE ");
    text(kKeyActions[static_cast<int>(key.on_delete)]);
  }
  if (key.on_update_given) {
    text(" ON UPDATE ");
    text(kKeyActions[static_cast<int>(key.on_update)]);
  }
  if (key.match.present()) {
    text(" MATCH ");
    name(key.match);
  }
  if (key.deferrable_given) {
    text(key.deferrable ? " DEFERRABLE" : " NOT DEFERRABLE");
    if (key.initially_given) text(key.initially_deferred ? " INITIALLY DEFERRED" : " INITIALLY IMMEDIATE");
  }
}

void Printer::constraint(const TableConstraint& c) {
  if (c.name.present()) {
    text("CONSTRAINT ");
    name(c.name);
    if (c.kind != ConstraintKind::NameOnly) text(" ");
  }
  switch (c.kind) {
    case ConstraintKind::PrimaryKey:
    case ConstraintKind::Unique:
      text(c.kind == ConstraintKind::Unique ? "UNIQUE (" : "PRIMARY KEY (");
      order(c.columns);
      text(c.autoincrement ? " AUTOINCREMENT)" : ")");
      return on_conflict(c.on_conflict);
    case ConstraintKind::Check:
      clause("CHECK (", c.expr);
      text(")");
      return on_conflict(c.on_conflict);
    case ConstraintKind::ForeignKey:
      text("FOREIGN KEY ");
      names(c.key_columns);
      text(" ");
      return foreign_key(*c.foreign_key);
    default:
      return;
  }
}

void Printer::alter(const AlterStatement& s) {
  const char* const column_word = s.column_word ? "COLUMN " : "";
  text("ALTER TABLE ");
  qualified(s.schema, s.table);
  switch (s.alter) {
    case AlterKind::RenameTable:
      text(" RENAME TO ");
      return name(s.new_name);
    case AlterKind::RenameColumn:
      text(" RENAME ");
      text(column_word);
      name(s.old_name);
      text(" TO ");
      return name(s.new_name);
    case AlterKind::AddColumn:
      text(" ADD ");
      text(column_word);
      return column(*s.column);
    case AlterKind::DropColumn:
      text(" DROP ");
      text(column_word);
      return name(s.old_name);
    case AlterKind::SetNotNull:
    case AlterKind::DropNotNull:
      text(" ALTER ");
      text(column_word);
      name(s.old_name);
      text(s.alter == AlterKind::SetNotNull ? " SET NOT NULL" : " DROP NOT NULL");
      return on_conflict(s.on_conflict);
    case AlterKind::AddCheck:
      text(" ADD ");
      return constraint(*s.constraint);
    case AlterKind::DropConstraint:
      text(" DROP CONSTRAINT ");
      return name(s.old_name);
  }
}

void Printer::statement(const Statement& statement_to_print) {
  switch (statement_to_print.kind) {
    case StatementKind::Select:
      return select(*statement_to_print.as<SelectStatement>().select);
    case StatementKind::Insert:
      return insert(statement_to_print.as<InsertStatement>());
    case StatementKind::Update:
      return update(statement_to_print.as<UpdateStatement>());
    case StatementKind::Delete:
      return remove(statement_to_print.as<DeleteStatement>());
    case StatementKind::CreateTable: {
      const auto& s = statement_to_print.as<CreateTableStatement>();
      create_head(s, "TABLE");
      if (s.select != nullptr) {
        text(" AS ");
        return select(*s.select);
      }
      text("(");
      list(s.columns, [&](const ColumnDefinition& c) { column(c); });
      for (const TableConstraint& c : s.constraints) {
        text(", ");
        constraint(c);
      }
      text(")");
      if (s.without_rowid) text(" WITHOUT ROWID");
      if (s.strict) text(s.without_rowid ? ", STRICT" : " STRICT");
      return;
    }
    case StatementKind::CreateIndex: {
      const auto& s = statement_to_print.as<CreateIndexStatement>();
      create_head(s, s.unique ? "UNIQUE INDEX" : "INDEX");
      text(" ON ");
      name(s.table);
      text("(");
      order(s.columns);
      text(")");
      return clause(" WHERE ", s.where);
    }
    case StatementKind::CreateView: {
      const auto& s = statement_to_print.as<CreateViewStatement>();
      create_head(s, "VIEW");
      if (s.has_columns) names(s.columns);
      text(" AS ");
      return select(*s.select);
    }
    case StatementKind::CreateTrigger: {
      constexpr const char* kTimings[] = {"", " BEFORE", " AFTER", " INSTEAD OF"};
      constexpr const char* kEvents[] = {" INSERT", " UPDATE", " DELETE"};
      const auto& s = statement_to_print.as<CreateTriggerStatement>();
      create_head(s, "TRIGGER");
      text(kTimings[static_cast<int>(s.timing)]);
      text(kEvents[static_cast<int>(s.event)]);
      if (!s.columns.empty()) {
        text(" OF ");
        list(s.columns, [&](const Name& n) { name(n); });
      }
      text(" ON ");
      qualified(s.table_schema, s.table);
      if (s.for_each_row) text(" FOR EACH ROW");
      clause(" WHEN ", s.when);
      text(" BEGIN ");
      for (const Statement* step : s.body) {
        statement(*step);
        text("; ");
      }
      return text("END");
    }
    case StatementKind::CreateVirtual: {
      const auto& s = statement_to_print.as<CreateVirtualStatement>();
      create_head(s, "VIRTUAL TABLE");
      text(" USING ");
      name(s.module);
      if (!s.has_arguments) return;
      text("(");
      list(s.arguments, [&](std::string_view argument) { text(argument); });
      return text(")");
    }
    case StatementKind::Drop: {
      constexpr const char* kObjects[] = {"TABLE ", "INDEX ", "VIEW ", "TRIGGER "};
      const auto& s = statement_to_print.as<DropStatement>();
      text("DROP ");
      text(kObjects[static_cast<int>(s.object)]);
      if (s.if_exists) text("IF EXISTS ");
      return qualified(s.schema, s.name);
    }
    case StatementKind::Alter:
      return alter(statement_to_print.as<AlterStatement>());
    case StatementKind::Begin: {
      constexpr const char* kModes[] = {"BEGIN", "BEGIN DEFERRED", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"};
      return text(kModes[static_cast<int>(statement_to_print.as<BeginStatement>().mode)]);
    }
    case StatementKind::Commit:
      return text("COMMIT");
    case StatementKind::Rollback: {
      const auto& s = statement_to_print.as<RollbackStatement>();
      text("ROLLBACK");
      if (!s.savepoint.present()) return;
      text(" TO ");
      return name(s.savepoint);
    }
    case StatementKind::Savepoint:
      text("SAVEPOINT ");
      return name(statement_to_print.as<SavepointStatement>().name);
    case StatementKind::Release:
      text("RELEASE ");
      return name(statement_to_print.as<ReleaseStatement>().name);
    case StatementKind::Attach: {
      const auto& s = statement_to_print.as<AttachStatement>();
      clause("ATTACH ", s.file);
      clause(" AS ", s.schema);
      return clause(" KEY ", s.key);
    }
    case StatementKind::Detach:
      return clause("DETACH ", statement_to_print.as<DetachStatement>().schema);
    case StatementKind::Analyze: {
      const auto& s = statement_to_print.as<AnalyzeStatement>();
      text("ANALYZE");
      if (!s.name.present()) return;
      text(" ");
      return qualified(s.schema, s.name);
    }
    case StatementKind::Reindex: {
      const auto& s = statement_to_print.as<ReindexStatement>();
      text("REINDEX");
      if (!s.name.present()) return;
      text(" ");
      return qualified(s.schema, s.name);
    }
    case StatementKind::Vacuum: {
      const auto& s = statement_to_print.as<VacuumStatement>();
      text("VACUUM");
      if (s.schema.present()) {
        text(" ");
        name(s.schema);
      }
      return clause(" INTO ", s.into);
    }
    case StatementKind::Pragma: {
      const auto& s = statement_to_print.as<PragmaStatement>();
      text("PRAGMA ");
      qualified(s.schema, s.name);
      if (s.form == PragmaForm::Bare) return;
      text(s.form == PragmaForm::Call ? "(" : " = ");
      name(Name{s.value, s.value_span, s.value_quote, true});
      if (s.form == PragmaForm::Call) text(")");
      return;
    }
  }
}

template <class Node, class Function>
String printed(bool explicit_structure, const Node& node, Function function) {
  Printer printer(explicit_structure);
  (printer.*function)(node);
  return printer.take();
}

}  // namespace

String print(const Statement& statement) { return printed(false, statement, &Printer::statement); }
String print(const Select& select) { return printed(false, select, &Printer::select); }
String print(const Expr& expr) { return printed(false, expr, &Printer::expr); }
String print(const ColumnDefinition& column) { return printed(false, column, &Printer::column); }
String dump(const Statement& statement) { return printed(true, statement, &Printer::statement); }
String dump(const Expr& expr) { return printed(true, expr, &Printer::expr); }

}  // namespace perlite::sql
