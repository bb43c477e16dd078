#include "bind/dump.h"

#include <charconv>

namespace perlite::bind {
namespace {

constexpr const char* kUnary[] = {"-",       "+",      "~",       "not",       "isnull",
                                  "notnull", "istrue", "isfalse", "isnottrue", "isnotfalse"};
constexpr const char* kBinary[] = {"+", "-", "*", "/", "%", "||", "&", "|", "<<", ">>", "and", "or"};
constexpr const char* kCompare[] = {"=", "<>", "<", "<=", ">", ">=", "is", "isnot"};
constexpr const char* kJoin[] = {"join", "cross", "left", "right", "full"};
constexpr const char* kCompound[] = {"", "union", "union all", "intersect", "except"};
constexpr const char* kRelation[] = {"table", "select", "with", "step", "source", "old", "new", "excluded"};
constexpr const char* kConflict[] = {"", "rollback", "abort", "fail", "ignore", "replace"};

class Printer {
 public:
  String out;

  void text(std::string_view part) { out.append(part); }
  void number(std::int64_t value) {
    char digits[24];
    const auto result = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, static_cast<std::size_t>(result.ptr - digits));
  }
  void line(int depth) {
    if (!out.empty()) out.push_back('\n');
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  void value(const Value& one) {
    switch (one.type) {
      case ValueType::Null:
        return text("NULL");
      case ValueType::Integer:
        return number(one.integer);
      case ValueType::Real: {
        record::TextScratch scratch;
        return text(scratch.text(one));
      }
      case ValueType::Text: {
        record::TextScratch scratch;
        text("'");
        text(scratch.text(one));
        return text("'");
      }
      case ValueType::Blob:
        text("x'");
        for (const char byte : one.bytes()) {
          constexpr char kHex[] = "0123456789abcdef";
          out.push_back(kHex[static_cast<unsigned char>(byte) >> 4]);
          out.push_back(kHex[static_cast<unsigned char>(byte) & 15]);
        }
        return text("'");
    }
  }

  void rule(const ComparisonRule& one) {
    if (one.affinity != Affinity::None) {
      text("/");
      text(record::affinity_name(one.affinity));
    }
    if (one.collation != nullptr && !one.collation->is_binary()) {
      text("/");
      text(one.collation->name);
    }
  }

  void column(const Relation& relation, std::int32_t index) {
    text(relation.alias.empty() ? "?" : relation.alias);
    text("#");
    number(relation.id);
    text(".");
    text(index < 0 ? std::string_view("rowid") : relation.columns[static_cast<std::size_t>(index)].name);
  }

  void list(ExprList exprs) {
    for (const Expr* one : exprs) {
      text(" ");
      expr(one);
    }
  }

  void expr(const Expr* one) {
    if (one == nullptr) return text("-");
    switch (one->kind) {
      case ExprKind::Literal:
        return value(one->as<LiteralExpr>().value);
      case ExprKind::Parameter:
        text("?");
        return number(one->as<ParameterExpr>().number);
      case ExprKind::Column:
        if ((one->flags & kHasOuterColumn) != 0) text("^");
        return column(*one->as<ColumnExpr>().relation, one->as<ColumnExpr>().column);
      case ExprKind::Unary:
        return node(kUnary[static_cast<int>(one->as<UnaryExpr>().op)], {one->as<UnaryExpr>().operand});
      case ExprKind::Binary: {
        const auto& binary = one->as<BinaryExpr>();
        return node(kBinary[static_cast<int>(binary.op)], {binary.left, binary.right});
      }
      case ExprKind::Compare: {
        const auto& compare = one->as<CompareExpr>();
        text("(");
        text(kCompare[static_cast<int>(compare.op)]);
        for (const ComparisonRule& each : compare.rules) rule(each);
        return rest({compare.left, compare.right});
      }
      case ExprKind::Between: {
        const auto& between = one->as<BetweenExpr>();
        text(between.negated ? "(notbetween" : "(between");
        rule(between.low_rule);
        rule(between.high_rule);
        return rest({between.operand, between.low, between.high});
      }
      case ExprKind::InList: {
        const auto& in = one->as<InListExpr>();
        text(in.negated ? "(notin" : "(in");
        for (const ComparisonRule& each : in.rules) rule(each);
        text(" ");
        expr(in.operand);
        text(" [");
        list(in.list);
        return text("])");
      }
      case ExprKind::InSelect: {
        const auto& in = one->as<InSelectExpr>();
        text(in.negated ? "(notin" : "(in");
        for (const ComparisonRule& each : in.rules) rule(each);
        text(" ");
        expr(in.operand);
        return query(in.select);
      }
      case ExprKind::Exists:
        text("(exists");
        return query(one->as<ExistsExpr>().select);
      case ExprKind::ScalarSubquery:
        text("(scalar");
        return query(one->as<ScalarSubqueryExpr>().select);
      case ExprKind::Case: {
        const auto& choice = one->as<CaseExpr>();
        text("(case ");
        expr(choice.operand);
        for (const CaseExpr::Branch& branch : choice.branches) {
          text(" (");
          rule(branch.rule);
          expr(branch.when);
          text(" ");
          expr(branch.then);
          text(")");
        }
        return rest({choice.otherwise});
      }
      case ExprKind::Cast:
        text("(cast/");
        text(record::affinity_name(one->as<CastExpr>().target));
        return rest({one->as<CastExpr>().operand});
      case ExprKind::Collate:
        text("(collate/");
        text(one->collation == nullptr ? "-" : one->collation->name);
        return rest({one->as<CollateExpr>().operand});
      case ExprKind::Function: {
        const auto& call = one->as<FunctionExpr>();
        text("(");
        text(call.function->name);
        if (call.call_collation != nullptr && !call.call_collation->is_binary()) {
          text("/");
          text(call.call_collation->name);
        }
        list(call.arguments);
        return text(")");
      }
      case ExprKind::Aggregate:
        text((one->flags & kHasOuterColumn) != 0 ? "^agg" : "agg");
        return number(one->as<AggregateExpr>().index);
      case ExprKind::Window:
        text("win");
        return number(one->as<WindowExpr>().index);
      case ExprKind::Row:
        text("(row");
        list(one->as<RowExpr>().elements);
        return text(")");
      case ExprKind::Raise:
        text("(raise");
        return rest({one->as<RaiseExpr>().message});
    }
  }

  void node(const char* name, std::initializer_list<const Expr*> operands) {
    text("(");
    text(name);
    rest(operands);
  }
  void rest(std::initializer_list<const Expr*> operands) {
    for (const Expr* one : operands) {
      text(" ");
      expr(one);
    }
    text(")");
  }
  void query(const Select* one) {
    ++depth_;
    select(*one);
    --depth_;
    text(")");
  }

  void order(std::span<const OrderTerm> terms) {
    for (const OrderTerm& term : terms) {
      text(" ");
      if (term.result_column >= 0) {
        text("@");
        number(term.result_column + 1);
      } else {
        expr(term.expr);
      }
      if (!term.collation->is_binary()) {
        text("/");
        text(term.collation->name);
      }
      if (term.descending) text(" desc");
      if (term.nulls_first == term.descending) text(term.nulls_first ? " nulls first" : " nulls last");
    }
  }

  void relation(const Relation& one, int depth) {
    line(depth);
    text(kRelation[static_cast<int>(one.kind)]);
    text(" ");
    text(one.name.empty() ? "-" : one.name);
    text("#");
    number(one.id);
    if (one.alias != one.name && !one.alias.empty()) {
      text(" as ");
      text(one.alias);
    }
    if (!one.arguments.empty()) {
      text(" (");
      list(one.arguments);
      text(" )");
    }
    if (one.index_hint != nullptr) {
      text(" indexed by ");
      text(one.index_hint->name);
    }
    if (one.hint == sql::IndexHint::NotIndexed) text(" not indexed");
    if (one.kind == RelationKind::Select) {
      ++depth_;
      const int saved = depth_;
      depth_ = depth + 1;
      select(*one.select);
      depth_ = saved;
      --depth_;
    }
  }

  void from(const FromNode& node, int depth) {
    if (node.relation != nullptr) return relation(*node.relation, depth);
    line(depth);
    text(kJoin[static_cast<int>(node.join)]);
    if (node.on != nullptr) {
      text(" on ");
      expr(node.on);
    }
    from(*node.left, depth + 1);
    from(*node.right, depth + 1);
  }

  void core(const Core& one, int depth) {
    line(depth);
    text(one.kind == CoreKind::Values ? "values" : one.distinct ? "select distinct" : "select");
    if (one.kind == CoreKind::Values) {
      for (const ExprList& row : one.rows) {
        line(depth + 1);
        text("row");
        list(row);
      }
      return;
    }
    for (const ResultColumn& column : one.columns) {
      line(depth + 1);
      text(column.name);
      text(" = ");
      expr(column.expr);
    }
    if (one.from != nullptr) {
      line(depth);
      text("from");
      from(*one.from, depth + 1);
    }
    part("where", one.where, depth);
    if (!one.group_by.empty()) {
      line(depth);
      text("group by");
      list(one.group_by);
    }
    part("having", one.having, depth);
    for (std::size_t i = 0; i < one.aggregates.size(); ++i) {
      const AggregateCall& call = one.aggregates[i];
      line(depth);
      text("agg");
      number(static_cast<std::int64_t>(i));
      text(" = (");
      text(call.function->name);
      if (!call.collation->is_binary()) {
        text("/");
        text(call.collation->name);
      }
      if (call.distinct) text(" distinct");
      list(call.arguments);
      if (!call.order_by.empty()) {
        text(" order");
        order(call.order_by);
      }
      if (call.filter != nullptr) {
        text(" filter ");
        expr(call.filter);
      }
      text(")");
      if (one.bare_minmax == static_cast<std::int32_t>(i)) text(" bare");
    }
    for (std::size_t i = 0; i < one.windows.size(); ++i) {
      const Window& window = one.windows[i];
      line(depth);
      text("window");
      number(static_cast<std::int64_t>(i));
      text(" partition");
      list(window.partition_by);
      text(" order");
      order(window.order_by);
    }
    for (std::size_t i = 0; i < one.window_functions.size(); ++i) {
      const WindowFunctionCall& call = one.window_functions[i];
      line(depth);
      text("win");
      number(static_cast<std::int64_t>(i));
      text(" = (");
      text(call.function->name);
      list(call.arguments);
      text(") over window");
      number(call.window);
    }
  }

  void part(const char* name, const Expr* one, int depth) {
    if (one == nullptr) return;
    line(depth);
    text(name);
    text(" ");
    expr(one);
  }

  void select(const Select& one) {
    const int depth = depth_;
    for (const CommonTable* table : one.common_tables) common(*table, depth);
    for (const Arm& arm : one.arms) {
      if (arm.op != sql::CompoundOp::None) {
        line(depth);
        text(kCompound[static_cast<int>(arm.op)]);
      }
      core(*arm.core, depth);
    }
    if (!one.order_by.empty()) {
      line(depth);
      text("order by");
      order(one.order_by);
    }
    part("limit", one.limit, depth);
    part("offset", one.offset, depth);
    if (one.correlated) {
      line(depth);
      text("correlated");
      for (const Relation* relation : one.outer_relations) {
        text(" #");
        number(relation->id);
      }
    }
  }

  void common(const CommonTable& table, int depth) {
    line(depth);
    text("with ");
    text(table.name);
    if (table.recursive) text(table.distinct ? " recursive distinct" : " recursive");
    const int saved = depth_;
    depth_ = depth + 1;
    if (!table.recursive) {
      select(*table.select);
    } else {
      select(*table.initial);
      for (const Select* step : table.steps) {
        line(depth);
        text("step");
        select(*step);
      }
      if (!table.queue_order.empty()) {
        line(depth);
        text("queue");
        order(table.queue_order);
      }
      part("limit", table.limit, depth);
      part("offset", table.offset, depth);
    }
    depth_ = saved;
  }

  void assignments(std::span<const Assignment> all, const Relation& target, int depth) {
    for (const Assignment& one : all) {
      line(depth);
      text("set ");
      column(target, one.column);
      text(" = ");
      expr(one.value);
    }
  }
  void returning(const Returning* one) {
    if (one == nullptr) return;
    for (const ResultColumn& result : one->columns) {
      line(0);
      text("returning ");
      text(result.name);
      text(" = ");
      expr(result.expr);
    }
  }
  void conflict(ConflictAction action) {
    if (action == ConflictAction::None) return;
    text(" or ");
    text(kConflict[static_cast<int>(action)]);
  }

  void insert(const Insert& one) {
    text("insert");
    conflict(one.on_conflict);
    relation(*one.target, 1);
    line(1);
    text("columns");
    for (const std::int32_t index : one.columns) {
      text(" ");
      column(*one.target, index);
    }
    if (one.reads_target) {
      line(1);
      text("reads target");
    }
    if (one.select == nullptr) {
      line(1);
      text("default values");
    } else {
      depth_ = 1;
      select(*one.select);
      depth_ = 0;
    }
    for (const Upsert& upsert : one.upserts) {
      line(1);
      text("on conflict ");
      text(upsert.index != nullptr ? upsert.index->name
           : upsert.rowid          ? std::string_view("rowid")
                                   : std::string_view("any"));
      if (upsert.do_nothing) text(" do nothing");
      assignments(upsert.assignments, *one.target, 2);
      part("where", upsert.where, 2);
    }
    returning(one.returning);
  }

  void update(const Update& one) {
    text("update");
    conflict(one.on_conflict);
    for (const CommonTable* table : one.common_tables) common(*table, 1);
    from(*one.from, 1);
    assignments(one.assignments, *one.target, 1);
    part("where", one.where, 1);
    if (!one.order_by.empty()) {
      line(1);
      text("order by");
      order(one.order_by);
    }
    part("limit", one.limit, 1);
    part("offset", one.offset, 1);
    returning(one.returning);
  }

  void erase(const Delete& one) {
    text("delete");
    for (const CommonTable* table : one.common_tables) common(*table, 1);
    relation(*one.target, 1);
    part("where", one.where, 1);
    if (!one.order_by.empty()) {
      line(1);
      text("order by");
      order(one.order_by);
    }
    part("limit", one.limit, 1);
    part("offset", one.offset, 1);
    returning(one.returning);
  }

  void named(const char* what, std::int32_t database, std::string_view name, bool no_op) {
    text(what);
    text(" ");
    number(database);
    text(".");
    text(name);
    if (no_op) text(" (nothing to do)");
  }

 private:
  int depth_ = 0;
};

}  // namespace

String dump(const Expr* expr) {
  Printer printer;
  printer.expr(expr);
  return std::move(printer.out);
}

String dump(const Select& select) {
  Printer printer;
  printer.select(select);
  return std::move(printer.out);
}

String dump(const Statement& statement) {
  Printer printer;
  switch (statement.kind) {
    case StatementKind::Select:
      printer.select(*statement.select);
      break;
    case StatementKind::Insert:
      printer.insert(*statement.insert);
      break;
    case StatementKind::Update:
      printer.update(*statement.update);
      break;
    case StatementKind::Delete:
      printer.erase(*statement.erase);
      break;
    case StatementKind::CreateTable: {
      const CreateTable& create = *statement.create_table;
      printer.named("create table", create.database, create.table == nullptr ? "" : create.table->name, create.no_op);
      printer.line(1);
      printer.text(create.stored_sql);
      if (create.select != nullptr) {
        printer.line(1);
        printer.text("as");
        printer.select(*create.select);
      }
      break;
    }
    case StatementKind::CreateIndex:
      printer.named("create index", statement.create_index->database,
                    statement.create_index->index == nullptr ? "" : statement.create_index->index->name,
                    statement.create_index->no_op);
      printer.line(1);
      printer.text(statement.create_index->stored_sql);
      break;
    case StatementKind::CreateView:
      printer.named("create view", statement.create_view->database, statement.create_view->name,
                    statement.create_view->no_op);
      printer.line(1);
      printer.text(statement.create_view->stored_sql);
      break;
    case StatementKind::CreateTrigger:
      printer.named("create trigger", statement.create_trigger->database, statement.create_trigger->name,
                    statement.create_trigger->no_op);
      printer.line(1);
      printer.text(statement.create_trigger->stored_sql);
      break;
    case StatementKind::CreateVirtual:
      printer.named("create virtual table", statement.create_virtual->database, statement.create_virtual->name,
                    statement.create_virtual->no_op);
      printer.line(1);
      printer.text(statement.create_virtual->stored_sql);
      break;
    case StatementKind::Drop:
      printer.named("drop", statement.drop->database, statement.drop->name, statement.drop->no_op);
      break;
    case StatementKind::Reindex:
      printer.text("reindex");
      for (const Reindex::Item& item : statement.reindex->items) {
        printer.line(1);
        printer.number(item.database);
        printer.text(".");
        printer.text(item.index->name);
      }
      break;
    case StatementKind::Pragma:
      printer.named("pragma", statement.pragma->database, statement.pragma->name, false);
      break;
    case StatementKind::Attach:
    case StatementKind::Detach:
    case StatementKind::Vacuum:
      printer.text(statement.kind == StatementKind::Attach   ? "attach"
                   : statement.kind == StatementKind::Detach ? "detach"
                                                             : "vacuum");
      for (const Expr* value : statement.host->values) {
        printer.text(" ");
        printer.expr(value);
      }
      break;
    default:
      printer.text("statement ");
      printer.number(static_cast<std::int64_t>(statement.kind));
      break;
  }
  return std::move(printer.out);
}

}  // namespace perlite::bind
