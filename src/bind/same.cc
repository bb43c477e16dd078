#include "bind/same.h"

#include <cstring>

namespace perlite::bind {
namespace {

bool same_value(const Value& left, const Value& right) {
  if (left.type != right.type) return false;
  switch (left.type) {
    case ValueType::Null:
      return true;
    case ValueType::Integer:
    case ValueType::Real:
      return left.integer == right.integer;  // reals by their bits
    default:
      return left.bytes() == right.bytes();
  }
}

bool same_rule(const ComparisonRule& left, const ComparisonRule& right) {
  return left.affinity == right.affinity && left.collation == right.collation;
}

template <class Rules>
bool same_rules(const Rules& left, const Rules& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!same_rule(left[i], right[i])) return false;
  }
  return true;
}

// Trees as deep as this to their right are the same only as the same object.
constexpr int kMaxDepth = 200;

bool same_expression(const Expr* left, const Expr* right, int depth) noexcept;

bool same_expressions(ExprList left, ExprList right, int depth) noexcept {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!same_expression(left[i], right[i], depth)) return false;
  }
  return true;
}

bool same_expression(const Expr* left, const Expr* right, int depth) noexcept {
  if (left != right && ++depth > kMaxDepth) return false;
  // Long chains lean to the left: the left side is followed in the loop.
  for (;;) {
    if (left == right) return true;
    if (left == nullptr || right == nullptr) return false;
    if (left->kind != right->kind || left->height != right->height || left->collation != right->collation ||
        ((left->flags | right->flags) & kNotDeterministic) != 0) {
      return false;
    }
    switch (left->kind) {
      case ExprKind::Literal:
        return same_value(left->as<LiteralExpr>().value, right->as<LiteralExpr>().value);
      case ExprKind::Parameter:
        return left->as<ParameterExpr>().number == right->as<ParameterExpr>().number;
      case ExprKind::Column: {
        const auto &a = left->as<ColumnExpr>(), &b = right->as<ColumnExpr>();
        return a.relation == b.relation && a.column == b.column;
      }
      case ExprKind::Unary: {
        const auto &a = left->as<UnaryExpr>(), &b = right->as<UnaryExpr>();
        if (a.op != b.op) return false;
        left = a.operand;
        right = b.operand;
        continue;
      }
      case ExprKind::Binary: {
        const auto &a = left->as<BinaryExpr>(), &b = right->as<BinaryExpr>();
        if (a.op != b.op || !same_expression(a.right, b.right, depth)) return false;
        left = a.left;
        right = b.left;
        continue;
      }
      case ExprKind::Compare: {
        const auto &a = left->as<CompareExpr>(), &b = right->as<CompareExpr>();
        if (a.op != b.op || !same_rules(a.rules, b.rules) || !same_expression(a.right, b.right, depth)) return false;
        left = a.left;
        right = b.left;
        continue;
      }
      case ExprKind::Between: {
        const auto &a = left->as<BetweenExpr>(), &b = right->as<BetweenExpr>();
        if (a.negated != b.negated || !same_rule(a.low_rule, b.low_rule) || !same_rule(a.high_rule, b.high_rule) ||
            !same_expression(a.low, b.low, depth) || !same_expression(a.high, b.high, depth)) {
          return false;
        }
        left = a.operand;
        right = b.operand;
        continue;
      }
      case ExprKind::InList: {
        const auto &a = left->as<InListExpr>(), &b = right->as<InListExpr>();
        if (a.negated != b.negated || !same_rules(a.rules, b.rules) || !same_expressions(a.list, b.list, depth))
          return false;
        left = a.operand;
        right = b.operand;
        continue;
      }
      case ExprKind::Case: {
        const auto &a = left->as<CaseExpr>(), &b = right->as<CaseExpr>();
        if (a.branches.size() != b.branches.size() || !same_expression(a.operand, b.operand, depth)) return false;
        for (std::size_t i = 0; i < a.branches.size(); ++i) {
          if (!same_rule(a.branches[i].rule, b.branches[i].rule) ||
              !same_expression(a.branches[i].when, b.branches[i].when, depth) ||
              !same_expression(a.branches[i].then, b.branches[i].then, depth)) {
            return false;
          }
        }
        left = a.otherwise;
        right = b.otherwise;
        continue;
      }
      case ExprKind::Cast: {
        const auto &a = left->as<CastExpr>(), &b = right->as<CastExpr>();
        if (a.target != b.target) return false;
        left = a.operand;
        right = b.operand;
        continue;
      }
      case ExprKind::Collate:
        left = left->as<CollateExpr>().operand;
        right = right->as<CollateExpr>().operand;
        continue;
      case ExprKind::Function: {
        const auto &a = left->as<FunctionExpr>(), &b = right->as<FunctionExpr>();
        return a.function == b.function && a.call_collation == b.call_collation &&
               same_expressions(a.arguments, b.arguments, depth);
      }
      case ExprKind::Aggregate: {
        const auto &a = left->as<AggregateExpr>(), &b = right->as<AggregateExpr>();
        return a.core == b.core && a.index == b.index;
      }
      case ExprKind::Window: {
        const auto &a = left->as<WindowExpr>(), &b = right->as<WindowExpr>();
        return a.core == b.core && a.index == b.index;
      }
      case ExprKind::Row:
        return same_expressions(left->as<RowExpr>().elements, right->as<RowExpr>().elements, depth);
      case ExprKind::InSelect:
      case ExprKind::Exists:
      case ExprKind::ScalarSubquery:
      case ExprKind::Raise:
        return false;
    }
    return false;
  }
}

}  // namespace

bool same_expression(const Expr* left, const Expr* right) noexcept { return same_expression(left, right, 0); }
bool same_expressions(ExprList left, ExprList right) noexcept { return same_expressions(left, right, 0); }

}  // namespace perlite::bind
