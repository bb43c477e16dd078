// The ways into a module's table: its own answer (manual: vtab.html, "The xBestIndex Method").
#include <algorithm>

#include "plan/planning.h"

namespace perlite::plan {

using bind::CompareOp;
using bind::Expr;
using bind::ExprKind;

namespace {

// Numbers of the public SQLITE_INDEX_CONSTRAINT_ constants.
enum Operation : int {
  kEq = 2, kGt = 4, kLe = 8, kLt = 16, kGe = 32, kMatch = 64, kLike = 65, kGlob = 66, kRegexp = 67, kNe = 68,
  kIsNot = 69, kIsNotNull = 70, kIsNull = 71, kIs = 72,
};

struct Candidate {
  int column;
  int operation;
  const Expr* value;  // null: none (IS NULL)
  RelationSet needs;
  std::int32_t conjunct;  // -1: an argument of a table function
};

int operation_of(CompareOp op, bool swapped) {
  switch (op) {
    case CompareOp::Equal: return kEq;
    case CompareOp::NotEqual: return kNe;
    case CompareOp::Less: return swapped ? kGt : kLt;
    case CompareOp::LessEqual: return swapped ? kGe : kLe;
    case CompareOp::Greater: return swapped ? kLt : kGt;
    case CompareOp::GreaterEqual: return swapped ? kLe : kGe;
    case CompareOp::Is: return kIs;
    case CompareOp::IsNot: return kIsNot;
  }
  return kEq;
}

std::string_view as_view(const char* text) { return text == nullptr ? std::string_view() : std::string_view(text); }

}  // namespace

Status source_paths(Planning& planning, const bind::Relation& relation, RelationSet self,
                    std::span<const Conjunct> conjuncts, OrderList wanted, Vector<const AccessPath*>* out) {
  Vector<Candidate> candidates;
  const auto column_here = [&](const Expr& e) -> const bind::ColumnExpr* {
    const bind::ColumnExpr* column = column_of(planning.plan, e);
    return column != nullptr && column->relation == &relation ? column : nullptr;
  };
  const auto add = [&](int column, int operation, const Expr* value, std::int32_t conjunct) {
    const RelationSet needs = value == nullptr ? 0 : planning.set_of(*value);
    if ((needs & self) == 0) candidates.push_back({column, operation, value, needs, conjunct});
  };

  std::size_t argument = 0;
  for (std::size_t c = 0; c < relation.columns.size() && argument < relation.arguments.size(); ++c) {
    if (relation.columns[c].hidden) add(static_cast<int>(c), kEq, relation.arguments[argument++], -1);
  }
  for (const Conjunct& conjunct : conjuncts) {
    if ((conjunct.uses & self) == 0 || conjunct.pinned) continue;
    const Expr& expr = *conjunct.expr;
    if (const auto* compare = expr.try_as<bind::CompareExpr>(); compare != nullptr && compare->rules.size() == 1) {
      if (const auto* column = column_here(*compare->left)) {
        add(column->column, operation_of(compare->op, false), compare->right, conjunct.index);
      } else if (const auto* right = column_here(*compare->right)) {
        add(right->column, operation_of(compare->op, true), compare->left, conjunct.index);
      }
    } else if (const auto* unary = expr.try_as<bind::UnaryExpr>()) {
      const bool null_test = unary->op == bind::UnaryOp::IsNull || unary->op == bind::UnaryOp::NotNull;
      const auto* column = null_test ? column_here(*unary->operand) : nullptr;
      if (column != nullptr) {
        add(column->column, unary->op == bind::UnaryOp::IsNull ? kIsNull : kIsNotNull, nullptr, conjunct.index);
      }
    } else if (const auto* call = expr.try_as<bind::FunctionExpr>(); call != nullptr && call->arguments.size() == 2) {
      const auto* column = column_here(*call->arguments[1]);
      const std::string_view name = as_view(call->function->name);
      const int operation = call->function->has(vm::kLike)   ? kLike
                            : call->function->has(vm::kGlob) ? kGlob
                            : name == "match"                ? kMatch
                            : name == "regexp"               ? kRegexp
                                                             : 0;
      if (column != nullptr && operation != 0) add(column->column, operation, call->arguments[0], conjunct.index);
    }
  }

  Vector<vm::SourceOrder> order;
  bool order_fits = !wanted.empty();
  for (const bind::OrderTerm& term : wanted) {
    const auto* column = column_here(*term.expr);
    order_fits &= column != nullptr && term.nulls_first != term.descending &&
                  same_collation(term.collation, nullptr);
    if (column != nullptr) order.push_back({column->column, term.descending});
  }
  if (!order_fits) order.clear();

  RelationSet all = 0;
  RelationSet must = 0;
  for (const Candidate& c : candidates) {
    all |= c.needs;
    if (c.conjunct < 0) must |= c.needs;
  }
  Vector<RelationSet> masks{must};
  for (const Candidate& c : candidates) {
    if (std::find(masks.begin(), masks.end(), c.needs | must) == masks.end()) masks.push_back(c.needs | must);
  }
  if (std::find(masks.begin(), masks.end(), all) == masks.end()) masks.push_back(all);

  for (const RelationSet mask : masks) {
    Vector<vm::SourceConstraint> constraints;
    for (const Candidate& c : candidates) constraints.push_back({c.column, c.operation, (c.needs & ~mask) == 0});
    auto argument_index = planning.arena.make_array<int>(constraints.size());
    auto omit = planning.arena.make_array<bool>(constraints.size());
    vm::SourcePlan question;
    question.constraints = constraints;
    question.order = order;
    question.columns_used = relation.columns_used;
    question.argument_index = argument_index;
    question.omit = omit;
    const Status answer = relation.source->best_plan(question);
    if (!answer.ok()) {
      if (answer.primary() == Code::Constraint) continue;  // not usable like this; another mask may be
      return answer.clone();
    }
    AccessPath* path = planning.arena.make<AccessPath>();
    path->kind = AccessKind::Source;
    path->needs = mask;
    path->plan_number = question.plan_number;
    path->order_consumed = question.order_consumed && !order.empty();
    path->rows = std::max<double>(1, static_cast<double>(question.rows));
    path->cost = std::max(1.0, question.cost);
    path->unique = question.unique;
    if (question.plan_text.type == ValueType::Text) {
      auto* text = planning.arena.make<bind::Value>();
      text->set_text_borrowed(planning.arena.copy_text(question.plan_text.bytes()), question.plan_text.encoding,
                              record::Value::kStatic);
      path->plan_text = text;
    }
    question.plan_text.release();
    int count = 0;
    for (const int index : argument_index) count = std::max(count, index);
    auto arguments = planning.arena.make_array<const Expr*>(static_cast<std::size_t>(count));
    Vector<std::int32_t> used;
    RelationSet needs = must;
    bool complete = true;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (argument_index[i] > 0) {
        arguments[static_cast<std::size_t>(argument_index[i] - 1)] = candidates[i].value;
        needs |= candidates[i].needs;
        if (omit[i] && candidates[i].conjunct >= 0) used.push_back(candidates[i].conjunct);
      }
    }
    for (const Expr* e : arguments) complete &= e != nullptr;
    if (!complete) {
      // An argument without a value is NULL (IS NULL constraints).
      for (const Expr*& e : arguments) {
        if (e != nullptr) continue;
        auto* null = planning.arena.make<bind::LiteralExpr>();
        null->kind = ExprKind::Literal;
        null->flags = bind::kIsConstant;
        e = null;
      }
    }
    path->needs = needs;
    path->arguments = arguments;
    path->used = planning.arena.copy_array(used);
    out->push_back(path);
  }
  if (out->empty()) return Status::error("no query solution");
  return {};
}

}  // namespace perlite::plan
