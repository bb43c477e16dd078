#include <algorithm>

#include "base/deep_stack.h"
#include "plan/expressions.h"

namespace perlite::plan {

using bind::Expr;
using bind::ExprKind;

void for_each_child(const Expr& expr, FunctionRef<void(const Expr&)> visit) {
  const auto each = [&](const Expr* child) {
    if (child != nullptr) visit(*child);
  };
  switch (expr.kind) {
    case ExprKind::Literal:
    case ExprKind::Parameter:
    case ExprKind::Column:
    case ExprKind::Exists:
    case ExprKind::ScalarSubquery:
    case ExprKind::Aggregate:
    case ExprKind::Window:
      break;
    case ExprKind::Unary:
      each(expr.as<bind::UnaryExpr>().operand);
      break;
    case ExprKind::Binary:
      each(expr.as<bind::BinaryExpr>().left);
      each(expr.as<bind::BinaryExpr>().right);
      break;
    case ExprKind::Compare:
      each(expr.as<bind::CompareExpr>().left);
      each(expr.as<bind::CompareExpr>().right);
      break;
    case ExprKind::Between:
      each(expr.as<bind::BetweenExpr>().operand);
      each(expr.as<bind::BetweenExpr>().low);
      each(expr.as<bind::BetweenExpr>().high);
      break;
    case ExprKind::InList:
      each(expr.as<bind::InListExpr>().operand);
      for (const Expr* e : expr.as<bind::InListExpr>().list) each(e);
      break;
    case ExprKind::InSelect:
      each(expr.as<bind::InSelectExpr>().operand);
      break;
    case ExprKind::Case: {
      const auto& c = expr.as<bind::CaseExpr>();
      each(c.operand);
      for (const auto& branch : c.branches) {
        each(branch.when);
        each(branch.then);
      }
      each(c.otherwise);
      break;
    }
    case ExprKind::Cast:
      each(expr.as<bind::CastExpr>().operand);
      break;
    case ExprKind::Collate:
      each(expr.as<bind::CollateExpr>().operand);
      break;
    case ExprKind::Function:
      for (const Expr* e : expr.as<bind::FunctionExpr>().arguments) each(e);
      break;
    case ExprKind::Row:
      for (const Expr* e : expr.as<bind::RowExpr>().elements) each(e);
      break;
    case ExprKind::Raise:
      each(expr.as<bind::RaiseExpr>().message);
      break;
  }
}

const bind::Select* query_in(const Expr& expr) noexcept {
  switch (expr.kind) {
    case ExprKind::InSelect:
      return expr.as<bind::InSelectExpr>().select;
    case ExprKind::Exists:
      return expr.as<bind::ExistsExpr>().select;
    case ExprKind::ScalarSubquery:
      return expr.as<bind::ScalarSubqueryExpr>().select;
    default:
      return nullptr;
  }
}

void walk(const Expr& expr, FunctionRef<bool(const Expr&)> visit) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { walk(expr, visit); });
  if (!visit(expr)) return;
  for_each_child(expr, [&](const Expr& child) { walk(child, visit); });
}

namespace {

void walk_deep(const Expr* expr, FunctionRef<bool(const Expr&)> visit) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { walk_deep(expr, visit); });
  if (expr == nullptr || !visit(*expr)) return;
  if (const bind::Select* select = query_in(*expr)) walk_query(*select, visit);
  for_each_child(*expr, [&](const Expr& child) { walk_deep(&child, visit); });
}

void walk_from(const bind::FromNode* node, FunctionRef<bool(const Expr&)> visit) {
  if (node == nullptr) return;
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { walk_from(node, visit); });
  if (node->relation != nullptr) {
    for (const Expr* e : node->relation->arguments) walk_deep(e, visit);
    if (node->relation->kind == bind::RelationKind::Select) walk_query(*node->relation->select, visit);
    return;
  }
  walk_from(node->left, visit);
  walk_from(node->right, visit);
  walk_deep(node->on, visit);
}

void walk_core(const bind::Core& core, FunctionRef<bool(const Expr&)> visit) {
  for (const auto& column : core.columns) walk_deep(column.expr, visit);
  walk_from(core.from, visit);
  walk_deep(core.where, visit);
  for (const Expr* e : core.group_by) walk_deep(e, visit);
  walk_deep(core.having, visit);
  for (const auto& call : core.aggregates) {
    for (const Expr* e : call.arguments) walk_deep(e, visit);
    walk_deep(call.filter, visit);
    for (const auto& term : call.order_by) walk_deep(term.expr, visit);
  }
  for (const auto& window : core.windows) {
    for (const Expr* e : window.partition_by) walk_deep(e, visit);
    for (const auto& term : window.order_by) walk_deep(term.expr, visit);
    walk_deep(window.start_offset, visit);
    walk_deep(window.end_offset, visit);
  }
  for (const auto& call : core.window_functions) {
    for (const Expr* e : call.arguments) walk_deep(e, visit);
    walk_deep(call.filter, visit);
  }
  if (core.kind != bind::CoreKind::Values) return;  // a single row is the columns
  for (const auto& row : core.rows) {
    for (const Expr* e : row) walk_deep(e, visit);
  }
}

}  // namespace

void walk_query(const bind::Select& select, FunctionRef<bool(const Expr&)> visit) {
  for (const bind::CommonTable* table : select.common_tables) {
    if (table->select != nullptr) walk_query(*table->select, visit);
    if (table->initial != nullptr) walk_query(*table->initial, visit);
    for (const bind::Select* step : table->steps) walk_query(*step, visit);
    for (const auto& term : table->queue_order) walk_deep(term.expr, visit);
    walk_deep(table->limit, visit);
    walk_deep(table->offset, visit);
  }
  for (const bind::Arm& arm : select.arms) walk_core(*arm.core, visit);
  for (const auto& term : select.order_by) walk_deep(term.expr, visit);
  walk_deep(select.limit, visit);
  walk_deep(select.offset, visit);
}

namespace {

void visit_relation(const Plan& plan, const bind::Relation& relation, FunctionRef<void(const bind::Relation&)> visit) {
  const Definition* definition = plan.definition_of(relation);
  if (definition == nullptr) {
    visit(relation);
    return;
  }
  if (definition->anchor != nullptr) visit_relation(plan, *definition->anchor, visit);
  for (const Expr* e : definition->columns) for_each_relation(plan, *e, visit);
}

}  // namespace

void for_each_relation(const Plan& plan, const Expr& expr, FunctionRef<void(const bind::Relation&)> visit) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { for_each_relation(plan, expr, visit); });
  if (is_constant(expr)) return;
  if (const auto* column = expr.try_as<bind::ColumnExpr>()) {
    const Definition* definition = plan.definition_of(*column->relation);
    if (definition != nullptr && column->column >= 0) {
      if (definition->anchor != nullptr) visit_relation(plan, *definition->anchor, visit);
      for_each_relation(plan, *definition->columns[static_cast<std::size_t>(column->column)], visit);
      return;
    }
    visit_relation(plan, *column->relation, visit);
    return;
  }
  if (const bind::Select* select = query_in(expr)) {
    for (const bind::Relation* relation : select->outer_relations) visit_relation(plan, *relation, visit);
  }
  if (const auto* aggregate = expr.try_as<bind::AggregateExpr>()) {
    // An aggregate of a query around this one depends on that query's rows; one of this query is never asked.
    for (const bind::Relation* relation : aggregate->core->relations) visit_relation(plan, *relation, visit);
    return;
  }
  for_each_child(expr, [&](const Expr& child) { for_each_relation(plan, child, visit); });
}

const Expr& resolve(const Plan& plan, const Expr& expr) noexcept {
  const Expr* at = &expr;
  while (const auto* column = at->try_as<bind::ColumnExpr>()) {
    const Definition* definition = plan.definition_of(*column->relation);
    if (definition == nullptr || column->column < 0 || definition->null_flag >= 0) break;
    at = definition->columns[static_cast<std::size_t>(column->column)];
  }
  return *at;
}

const bind::ColumnExpr* column_of(const Plan& plan, const Expr& expr) noexcept {
  const bind::ColumnExpr* column = resolve(plan, expr).try_as<bind::ColumnExpr>();
  if (column != nullptr && plan.definition_of(*column->relation) != nullptr) return nullptr;
  return column;
}

bool same_collation(const bind::Collation* left, const bind::Collation* right) noexcept {
  if (left == right) return true;
  const bind::Collation& binary = record::binary_collation();
  if (left == nullptr) left = &binary;
  if (right == nullptr) right = &binary;
  return left == right || (left->kind == right->kind && left->kind != record::CollationKind::User);
}

namespace {

bool same_rules(std::span<const bind::ComparisonRule> left, std::span<const bind::ComparisonRule> right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].affinity != right[i].affinity || !same_collation(left[i].collation, right[i].collation)) return false;
  }
  return true;
}

bool same_value(const bind::Value& left, const bind::Value& right) {
  if (left.type != right.type) return false;
  switch (left.type) {
    case ValueType::Null:
      return true;
    case ValueType::Integer:
    case ValueType::Real:
      return left.integer == right.integer;  // bits
    default:
      return left.bytes() == right.bytes();
  }
}

}  // namespace

bool same_expression(const Plan& plan, const Expr& left_in, const Expr& right_in) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return same_expression(plan, left_in, right_in); });
  const Expr& left = resolve(plan, left_in);
  const Expr& right = resolve(plan, right_in);
  if (&left == &right) return deterministic(left);
  if (left.kind != right.kind || !deterministic(left)) return false;
  const auto same = [&](const Expr* l, const Expr* r) {
    if (l == nullptr || r == nullptr) return l == r;
    return same_expression(plan, *l, *r);
  };
  const auto same_list = [&](bind::ExprList l, bind::ExprList r) {
    if (l.size() != r.size()) return false;
    for (std::size_t i = 0; i < l.size(); ++i) {
      if (!same(l[i], r[i])) return false;
    }
    return true;
  };
  switch (left.kind) {
    case ExprKind::Literal:
      return same_value(left.as<bind::LiteralExpr>().value, right.as<bind::LiteralExpr>().value);
    case ExprKind::Parameter:
      return left.as<bind::ParameterExpr>().number == right.as<bind::ParameterExpr>().number;
    case ExprKind::Column: {
      const auto& l = left.as<bind::ColumnExpr>();
      const auto& r = right.as<bind::ColumnExpr>();
      if (l.relation != r.relation) return false;
      if (l.column == r.column) return true;
      const catalog::Table* table = l.relation->table;
      if (l.relation->kind != bind::RelationKind::Table || table == nullptr || table->rowid_alias < 0) return false;
      const auto is_rowid = [&](std::int32_t c) { return c == catalog::kRowidColumn || c == table->rowid_alias; };
      return is_rowid(l.column) && is_rowid(r.column);
    }
    case ExprKind::Unary:
      return left.as<bind::UnaryExpr>().op == right.as<bind::UnaryExpr>().op &&
             same(left.as<bind::UnaryExpr>().operand, right.as<bind::UnaryExpr>().operand);
    case ExprKind::Binary: {
      const auto& l = left.as<bind::BinaryExpr>();
      const auto& r = right.as<bind::BinaryExpr>();
      return l.op == r.op && same(l.left, r.left) && same(l.right, r.right);
    }
    case ExprKind::Compare: {
      const auto& l = left.as<bind::CompareExpr>();
      const auto& r = right.as<bind::CompareExpr>();
      return l.op == r.op && same_rules(l.rules, r.rules) && same(l.left, r.left) && same(l.right, r.right);
    }
    case ExprKind::Between: {
      const auto& l = left.as<bind::BetweenExpr>();
      const auto& r = right.as<bind::BetweenExpr>();
      return l.negated == r.negated && same_rules({&l.low_rule, 1}, {&r.low_rule, 1}) &&
             same_rules({&l.high_rule, 1}, {&r.high_rule, 1}) && same(l.operand, r.operand) && same(l.low, r.low) &&
             same(l.high, r.high);
    }
    case ExprKind::InList: {
      const auto& l = left.as<bind::InListExpr>();
      const auto& r = right.as<bind::InListExpr>();
      return l.negated == r.negated && same_rules(l.rules, r.rules) && same(l.operand, r.operand) &&
             same_list(l.list, r.list);
    }
    case ExprKind::Case: {
      const auto& l = left.as<bind::CaseExpr>();
      const auto& r = right.as<bind::CaseExpr>();
      if (l.branches.size() != r.branches.size() || !same(l.operand, r.operand) || !same(l.otherwise, r.otherwise)) {
        return false;
      }
      for (std::size_t i = 0; i < l.branches.size(); ++i) {
        if (!same(l.branches[i].when, r.branches[i].when) || !same(l.branches[i].then, r.branches[i].then) ||
            !same_rules({&l.branches[i].rule, 1}, {&r.branches[i].rule, 1})) {
          return false;
        }
      }
      return true;
    }
    case ExprKind::Cast:
      return left.as<bind::CastExpr>().target == right.as<bind::CastExpr>().target &&
             same(left.as<bind::CastExpr>().operand, right.as<bind::CastExpr>().operand);
    case ExprKind::Collate:
      return same_collation(left.collation, right.collation) &&
             same(left.as<bind::CollateExpr>().operand, right.as<bind::CollateExpr>().operand);
    case ExprKind::Function: {
      const auto& l = left.as<bind::FunctionExpr>();
      const auto& r = right.as<bind::FunctionExpr>();
      return l.function == r.function && same_collation(l.call_collation, r.call_collation) &&
             same_list(l.arguments, r.arguments);
    }
    case ExprKind::Aggregate:
      return left.as<bind::AggregateExpr>().core == right.as<bind::AggregateExpr>().core &&
             left.as<bind::AggregateExpr>().index == right.as<bind::AggregateExpr>().index;
    case ExprKind::Row:
      return same_list(left.as<bind::RowExpr>().elements, right.as<bind::RowExpr>().elements);
    case ExprKind::InSelect:
    case ExprKind::Exists:
    case ExprKind::ScalarSubquery:
    case ExprKind::Window:
    case ExprKind::Raise:
      return false;
  }
  return false;
}

void add_conjuncts(const Expr* condition, Vector<const Expr*>* out) {
  if (condition == nullptr) return;
  const auto is_and = [](const Expr* expr) {
    const auto* binary = expr->try_as<bind::BinaryExpr>();
    return binary != nullptr && binary->op == bind::BinaryOp::And;
  };
  // Chains lean to the left, as they are written: their links come from the last to the first.
  const auto first = static_cast<std::ptrdiff_t>(out->size());
  const Expr* link = condition;
  for (; is_and(link) && !is_and(link->as<bind::BinaryExpr>().right); link = link->as<bind::BinaryExpr>().left) {
    out->push_back(link->as<bind::BinaryExpr>().right);
  }
  if (!is_and(link)) {
    out->push_back(link);
    std::reverse(out->begin() + first, out->end());
    return;
  }
  out->erase(out->begin() + first, out->end());
  Vector<const Expr*> todo;
  todo.reserve(8);
  todo.push_back(condition);
  while (!todo.empty()) {
    const Expr* expr = todo.back();
    todo.pop_back();
    const auto* binary = expr->try_as<bind::BinaryExpr>();
    if (binary != nullptr && binary->op == bind::BinaryOp::And) {
      todo.push_back(binary->right);
      todo.push_back(binary->left);
    } else {
      out->push_back(expr);
    }
  }
}

namespace {

// Calls visit for each relation of which a NULL in all columns makes `expr` NULL.
void null_propagating(const Plan& plan, const Expr& unresolved, FunctionRef<void(const bind::Relation&)> visit) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { null_propagating(plan, unresolved, visit); });
  if (const auto* column = unresolved.try_as<bind::ColumnExpr>()) visit(*column->relation);
  const Expr& expr = resolve(plan, unresolved);
  switch (expr.kind) {
    case ExprKind::Column:
      visit(*expr.as<bind::ColumnExpr>().relation);
      break;
    case ExprKind::Unary: {
      const auto op = expr.as<bind::UnaryExpr>().op;
      if (op == bind::UnaryOp::Negate || op == bind::UnaryOp::Plus || op == bind::UnaryOp::BitNot ||
          op == bind::UnaryOp::Not) {
        null_propagating(plan, *expr.as<bind::UnaryExpr>().operand, visit);
      }
      break;
    }
    case ExprKind::Binary: {
      const auto& binary = expr.as<bind::BinaryExpr>();
      if (binary.op == bind::BinaryOp::And || binary.op == bind::BinaryOp::Or) break;
      null_propagating(plan, *binary.left, visit);
      null_propagating(plan, *binary.right, visit);
      break;
    }
    case ExprKind::Compare: {
      const auto& compare = expr.as<bind::CompareExpr>();
      if (compare.op == bind::CompareOp::Is || compare.op == bind::CompareOp::IsNot || compare.rules.size() != 1) break;
      null_propagating(plan, *compare.left, visit);
      null_propagating(plan, *compare.right, visit);
      break;
    }
    case ExprKind::Cast:
      null_propagating(plan, *expr.as<bind::CastExpr>().operand, visit);
      break;
    case ExprKind::Collate:
      null_propagating(plan, *expr.as<bind::CollateExpr>().operand, visit);
      break;
    default:
      break;
  }
}

}  // namespace

void for_each_null_rejected(const Plan& plan, const Expr& condition, FunctionRef<void(const bind::Relation&)> visit) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { for_each_null_rejected(plan, condition, visit); });
  switch (condition.kind) {
    case ExprKind::Unary: {
      const auto& unary = condition.as<bind::UnaryExpr>();
      if (unary.op == bind::UnaryOp::NotNull || unary.op == bind::UnaryOp::IsTrue ||
          unary.op == bind::UnaryOp::IsFalse) {
        null_propagating(plan, *unary.operand, visit);
        return;
      }
      break;
    }
    case ExprKind::Binary: {
      const auto& binary = condition.as<bind::BinaryExpr>();
      if (binary.op == bind::BinaryOp::And) {
        for_each_null_rejected(plan, *binary.left, visit);
        for_each_null_rejected(plan, *binary.right, visit);
        return;
      }
      break;
    }
    case ExprKind::Between: {
      const auto& between = condition.as<bind::BetweenExpr>();
      if (!between.negated) null_propagating(plan, *between.operand, visit);
      return;
    }
    case ExprKind::InList: {
      const auto& in = condition.as<bind::InListExpr>();
      if (!in.negated && in.rules.size() == 1) null_propagating(plan, *in.operand, visit);
      return;
    }
    case ExprKind::InSelect: {
      const auto& in = condition.as<bind::InSelectExpr>();
      if (!in.negated && in.rules.size() == 1) null_propagating(plan, *in.operand, visit);
      return;
    }
    default:
      break;
  }
  null_propagating(plan, condition, visit);
}

const Expr* substitute(Arena& arena, const Expr& expr, const bind::Relation& relation,
                       FunctionRef<const Expr*(std::int32_t column)> column) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return substitute(arena, expr, relation, column); });
  const auto of = [&](const Expr* e) { return e == nullptr ? nullptr : substitute(arena, *e, relation, column); };
  const auto list_of = [&](bind::ExprList list) -> bind::ExprList {
    auto copy = arena.make_array<const Expr*>(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) copy[i] = of(list[i]);
    return copy;
  };
  switch (expr.kind) {
    case ExprKind::Column: {
      const auto& c = expr.as<bind::ColumnExpr>();
      return c.relation == &relation ? column(c.column) : &expr;
    }
    case ExprKind::Unary: {
      auto* copy = arena.make<bind::UnaryExpr>(expr.as<bind::UnaryExpr>());
      copy->operand = of(copy->operand);
      return copy;
    }
    case ExprKind::Binary: {
      auto* copy = arena.make<bind::BinaryExpr>(expr.as<bind::BinaryExpr>());
      copy->left = of(copy->left);
      copy->right = of(copy->right);
      return copy;
    }
    case ExprKind::Compare: {
      auto* copy = arena.make<bind::CompareExpr>(expr.as<bind::CompareExpr>());
      copy->left = of(copy->left);
      copy->right = of(copy->right);
      return copy;
    }
    case ExprKind::Between: {
      auto* copy = arena.make<bind::BetweenExpr>(expr.as<bind::BetweenExpr>());
      copy->operand = of(copy->operand);
      copy->low = of(copy->low);
      copy->high = of(copy->high);
      return copy;
    }
    case ExprKind::InList: {
      auto* copy = arena.make<bind::InListExpr>(expr.as<bind::InListExpr>());
      copy->operand = of(copy->operand);
      copy->list = list_of(copy->list);
      return copy;
    }
    case ExprKind::Case: {
      auto* copy = arena.make<bind::CaseExpr>(expr.as<bind::CaseExpr>());
      auto branches = arena.make_array<bind::CaseExpr::Branch>(copy->branches.size());
      for (std::size_t i = 0; i < branches.size(); ++i) {
        branches[i] = copy->branches[i];
        branches[i].when = of(branches[i].when);
        branches[i].then = of(branches[i].then);
      }
      copy->operand = of(copy->operand);
      copy->branches = branches;
      copy->otherwise = of(copy->otherwise);
      return copy;
    }
    case ExprKind::Cast: {
      auto* copy = arena.make<bind::CastExpr>(expr.as<bind::CastExpr>());
      copy->operand = of(copy->operand);
      return copy;
    }
    case ExprKind::Collate: {
      auto* copy = arena.make<bind::CollateExpr>(expr.as<bind::CollateExpr>());
      copy->operand = of(copy->operand);
      return copy;
    }
    case ExprKind::Function: {
      auto* copy = arena.make<bind::FunctionExpr>(expr.as<bind::FunctionExpr>());
      copy->arguments = list_of(copy->arguments);
      return copy;
    }
    case ExprKind::Row: {
      auto* copy = arena.make<bind::RowExpr>(expr.as<bind::RowExpr>());
      copy->elements = list_of(copy->elements);
      return copy;
    }
    default:
      return &expr;
  }
}

}  // namespace perlite::plan
