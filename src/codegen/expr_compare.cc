// Comparisons and conditions, as values and as jumps. Membership is in expr_membership.cc.
#include "base/deep_stack.h"
#include "codegen/generator.h"
#include "plan/expressions.h"

namespace perlite::codegen {

using bind::Affinity;
using bind::CompareOp;
using bind::Expr;
using bind::ExprKind;

namespace {

Opcode opcode_of(CompareOp op) {
  switch (op) {
    case CompareOp::Equal:
    case CompareOp::Is:
      return Opcode::Eq;
    case CompareOp::NotEqual:
    case CompareOp::IsNot:
      return Opcode::Ne;
    case CompareOp::Less:
      return Opcode::Lt;
    case CompareOp::LessEqual:
      return Opcode::Le;
    case CompareOp::Greater:
      return Opcode::Gt;
    case CompareOp::GreaterEqual:
      return Opcode::Ge;
  }
  return Opcode::Eq;
}

CompareOp inverse(CompareOp op) {
  switch (op) {
    case CompareOp::Equal: return CompareOp::NotEqual;
    case CompareOp::NotEqual: return CompareOp::Equal;
    case CompareOp::Less: return CompareOp::GreaterEqual;
    case CompareOp::LessEqual: return CompareOp::Greater;
    case CompareOp::Greater: return CompareOp::LessEqual;
    case CompareOp::GreaterEqual: return CompareOp::Less;
    case CompareOp::Is: return CompareOp::IsNot;
    case CompareOp::IsNot: return CompareOp::Is;
  }
  return op;
}

unsigned flags_of(CompareOp op, const bind::ComparisonRule& rule) {
  unsigned flags = 0;
  if (rule.affinity > Affinity::Blob) flags |= static_cast<unsigned char>(vm::affinity_letter(rule.affinity));
  if (op == CompareOp::Is || op == CompareOp::IsNot) flags |= vm::kNullEqual;
  return flags;
}

const record::Collation* collation_of(const bind::ComparisonRule& rule) {
  return rule.collation == nullptr || rule.collation->is_binary() ? nullptr : rule.collation;
}

}  // namespace

void Generator::emit_compare(CompareOp op, std::int32_t left, std::int32_t right, const bind::ComparisonRule& rule,
                             Label target, bool jump_if_null) {
  unsigned flags = flags_of(op, rule);
  if (jump_if_null && (flags & vm::kNullEqual) == 0) flags |= vm::kJumpIfNull;
  auto emitted = b_.emit(opcode_of(op), left, target, right);
  if (const record::Collation* collation = collation_of(rule)) emitted.p4(collation);
  emitted.p5(flags);
}

void Generator::emit_compare_value(CompareOp op, std::int32_t left, std::int32_t right,
                                   const bind::ComparisonRule& rule, std::int32_t target) {
  auto emitted = b_.emit(opcode_of(op), left, target, right);
  if (const record::Collation* collation = collation_of(rule)) emitted.p4(collation);
  emitted.p5(flags_of(op, rule) | vm::kStore);
}

Status Generator::compare_into(const bind::CompareExpr& expr, std::int32_t target) {
  if (expr.rules.size() > 1) return row_compare(expr, target);
  PL_ASSIGN(const Operand left, value(expr.left));
  PL_ASSIGN(const Operand right, value(expr.right));
  emit_compare_value(expr.op, left.reg, right.reg, expr.rules[0], target);
  release(right);
  release(left);
  return {};
}

Status Generator::row_compare(const bind::CompareExpr& expr, std::int32_t target) {
  const auto width = static_cast<std::int32_t>(expr.rules.size());
  const std::int32_t left = b_.new_registers(width);
  const std::int32_t right = b_.new_registers(width);
  PL_TRY(row_into(expr.left, width, left));
  PL_TRY(row_into(expr.right, width, right));
  row_compare_registers(expr.op, left, right, expr.rules, target);
  return {};
}

// Field by field with three values: (a,b) < (c,d) is a < c OR (a = c AND b < d).
void Generator::row_compare_registers(CompareOp op, std::int32_t left, std::int32_t right,
                                      std::span<const bind::ComparisonRule> rules, std::int32_t target) {
  const auto width = static_cast<std::int32_t>(rules.size());
  const std::int32_t result = b_.new_register();
  const std::int32_t part = b_.new_register();
  const auto rule = [&](std::int32_t i) -> const bind::ComparisonRule& { return rules[static_cast<std::size_t>(i)]; };
  if (op == CompareOp::Equal || op == CompareOp::NotEqual || op == CompareOp::Is || op == CompareOp::IsNot) {
    const bool is = op == CompareOp::Is || op == CompareOp::IsNot;
    for (std::int32_t i = 0; i < width; ++i) {
      emit_compare_value(is ? CompareOp::Is : CompareOp::Equal, left + i, right + i, rule(i), i == 0 ? result : part);
      if (i > 0) b_.emit(Opcode::And, result, part, result);
    }
    if (op == CompareOp::NotEqual || op == CompareOp::IsNot) {
      b_.emit(Opcode::Not, result, target);
    } else {
      b_.emit(Opcode::Alias, result, target);
    }
    return;
  }
  const bool less = op == CompareOp::Less || op == CompareOp::LessEqual;
  emit_compare_value(op, left + width - 1, right + width - 1, rule(width - 1), result);
  for (std::int32_t i = width - 2; i >= 0; --i) {
    emit_compare_value(CompareOp::Equal, left + i, right + i, rule(i), part);
    b_.emit(Opcode::And, part, result, result);
    emit_compare_value(less ? CompareOp::Less : CompareOp::Greater, left + i, right + i, rule(i), part);
    b_.emit(Opcode::Or, part, result, result);
  }
  b_.emit(Opcode::Alias, result, target);
}

// -------------------------------------------------------------------------------------------------------------- jumps

Status Generator::jump_if_true(const Expr* expr, Label target, bool null_jumps) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return jump_if_true(expr, target, null_jumps); });
  if (groups_ == nullptr || group_register(expr) == 0) {
    switch (expr->kind) {
      case ExprKind::Compare: {
        const auto& compare = expr->as<bind::CompareExpr>();
        if (compare.rules.size() != 1) break;
        PL_ASSIGN(const Operand left, value(compare.left));
        PL_ASSIGN(const Operand right, value(compare.right));
        emit_compare(compare.op, left.reg, right.reg, compare.rules[0], target, null_jumps);
        release(right);
        release(left);
        return {};
      }
      case ExprKind::Unary: {
        const auto& unary = expr->as<bind::UnaryExpr>();
        if (unary.op == bind::UnaryOp::Not) return jump_if_false(unary.operand, target, null_jumps);
        if (unary.op == bind::UnaryOp::IsTrue) return jump_if_true(unary.operand, target, false);
        if (unary.op == bind::UnaryOp::IsNotFalse) return jump_if_true(unary.operand, target, true);
        if (unary.op == bind::UnaryOp::IsFalse) return jump_if_false(unary.operand, target, false);
        if (unary.op == bind::UnaryOp::IsNotTrue) return jump_if_false(unary.operand, target, true);
        if (unary.op == bind::UnaryOp::IsNull || unary.op == bind::UnaryOp::NotNull) {
          PL_ASSIGN(const Operand operand, value(unary.operand));
          b_.emit(unary.op == bind::UnaryOp::IsNull ? Opcode::IsNull : Opcode::NotNull, operand.reg, target);
          release(operand);
          return {};
        }
        break;
      }
      case ExprKind::Binary: {
        const auto& binary = expr->as<bind::BinaryExpr>();
        if (binary.op == bind::BinaryOp::Or) {
          PL_TRY(jump_if_true(binary.left, target, null_jumps));
          return jump_if_true(binary.right, target, null_jumps);
        }
        if (binary.op == bind::BinaryOp::And) {
          const Label skip = b_.new_label();
          PL_TRY(jump_if_false(expr, skip, !null_jumps));
          b_.emit(Opcode::Goto, 0, target);
          b_.bind(skip);
          return {};
        }
        break;
      }
      case ExprKind::Between:
      case ExprKind::InList:
      case ExprKind::InSelect: {
        const Label skip = b_.new_label();
        PL_TRY(three_way(*expr, target, skip, null_jumps ? target : skip));
        b_.bind(skip);
        return {};
      }
      default:
        break;
    }
  }
  PL_ASSIGN(const Operand operand, value(expr));
  b_.emit(Opcode::If, operand.reg, target, null_jumps ? 1 : 0);
  release(operand);
  return {};
}

Status Generator::jump_if_false(const Expr* expr, Label target, bool null_jumps) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return jump_if_false(expr, target, null_jumps); });
  if (groups_ == nullptr || group_register(expr) == 0) {
    switch (expr->kind) {
      case ExprKind::Compare: {
        const auto& compare = expr->as<bind::CompareExpr>();
        if (compare.rules.size() != 1) break;
        PL_ASSIGN(const Operand left, value(compare.left));
        PL_ASSIGN(const Operand right, value(compare.right));
        emit_compare(inverse(compare.op), left.reg, right.reg, compare.rules[0], target, null_jumps);
        release(right);
        release(left);
        return {};
      }
      case ExprKind::Unary: {
        const auto& unary = expr->as<bind::UnaryExpr>();
        if (unary.op == bind::UnaryOp::Not) return jump_if_true(unary.operand, target, null_jumps);
        if (unary.op == bind::UnaryOp::IsTrue) return jump_if_false(unary.operand, target, true);
        if (unary.op == bind::UnaryOp::IsNotFalse) return jump_if_false(unary.operand, target, false);
        if (unary.op == bind::UnaryOp::IsFalse) return jump_if_true(unary.operand, target, true);
        if (unary.op == bind::UnaryOp::IsNotTrue) return jump_if_true(unary.operand, target, false);
        if (unary.op == bind::UnaryOp::IsNull || unary.op == bind::UnaryOp::NotNull) {
          PL_ASSIGN(const Operand operand, value(unary.operand));
          b_.emit(unary.op == bind::UnaryOp::IsNull ? Opcode::NotNull : Opcode::IsNull, operand.reg, target);
          release(operand);
          return {};
        }
        break;
      }
      case ExprKind::Binary: {
        const auto& binary = expr->as<bind::BinaryExpr>();
        if (binary.op == bind::BinaryOp::And) {
          PL_TRY(jump_if_false(binary.left, target, null_jumps));
          return jump_if_false(binary.right, target, null_jumps);
        }
        if (binary.op == bind::BinaryOp::Or) {
          const Label skip = b_.new_label();
          PL_TRY(jump_if_true(expr, skip, !null_jumps));
          b_.emit(Opcode::Goto, 0, target);
          b_.bind(skip);
          return {};
        }
        break;
      }
      case ExprKind::Between:
        if (!expr->as<bind::BetweenExpr>().negated) {
          return between_jump_false(expr->as<bind::BetweenExpr>(), target, null_jumps);
        }
        [[fallthrough]];
      case ExprKind::InList:
      case ExprKind::InSelect: {
        const Label skip = b_.new_label();
        PL_TRY(three_way(*expr, skip, target, null_jumps ? target : skip));
        b_.bind(skip);
        return {};
      }
      default:
        break;
    }
  }
  PL_ASSIGN(const Operand operand, value(expr));
  b_.emit(Opcode::IfNot, operand.reg, target, null_jumps ? 1 : 0);
  release(operand);
  return {};
}

Status Generator::between_jump_false(const bind::BetweenExpr& expr, Label target, bool null_jumps) {
  PL_ASSIGN(const Operand operand, value(expr.operand));
  PL_ASSIGN(const Operand low, value(expr.low));
  emit_compare(CompareOp::Less, operand.reg, low.reg, expr.low_rule, target, null_jumps);
  release(low);
  PL_ASSIGN(const Operand high, value(expr.high));
  emit_compare(CompareOp::Greater, operand.reg, high.reg, expr.high_rule, target, null_jumps);
  release(high);
  release(operand);
  return {};
}

Status Generator::three_way(const Expr& expr, Label if_true, Label if_false, Label if_null) {
  switch (expr.kind) {
    case ExprKind::Between: {
      const auto& between = expr.as<bind::BetweenExpr>();
      const Label inside = between.negated ? if_false : if_true;
      const Label outside = between.negated ? if_true : if_false;
      const std::int32_t above = b_.new_register();
      const std::int32_t below = b_.new_register();
      PL_ASSIGN(const Operand operand, value(between.operand));
      PL_ASSIGN(const Operand low, value(between.low));
      emit_compare_value(CompareOp::GreaterEqual, operand.reg, low.reg, between.low_rule, above);
      release(low);
      PL_ASSIGN(const Operand high, value(between.high));
      emit_compare_value(CompareOp::LessEqual, operand.reg, high.reg, between.high_rule, below);
      release(high);
      release(operand);
      b_.emit(Opcode::And, above, below, above);
      b_.emit(Opcode::IsNull, above, if_null);
      b_.emit(Opcode::If, above, inside, 0);
      b_.emit(Opcode::Goto, 0, outside);
      return {};
    }
    case ExprKind::InList: {
      const auto& in = expr.as<bind::InListExpr>();
      return in_list(in, in.negated ? if_false : if_true, in.negated ? if_true : if_false, if_null);
    }
    case ExprKind::InSelect: {
      const auto& in = expr.as<bind::InSelectExpr>();
      return in_select(in, in.negated ? if_false : if_true, in.negated ? if_true : if_false, if_null);
    }
    default:
      return Status(Code::Internal, "codegen: a condition without a three-way form");
  }
}

}  // namespace perlite::codegen
