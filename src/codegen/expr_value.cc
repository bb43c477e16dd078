// Values of expressions in registers.
#include <string_view>

#include "base/deep_stack.h"
#include "codegen/generator.h"
#include "plan/expressions.h"
#include "record/affinity.h"

namespace perlite::codegen {

using bind::Affinity;
using bind::Expr;
using bind::ExprKind;

namespace {

Opcode opcode_of(bind::BinaryOp op) {
  switch (op) {
    case bind::BinaryOp::Add: return Opcode::Add;
    case bind::BinaryOp::Subtract: return Opcode::Subtract;
    case bind::BinaryOp::Multiply: return Opcode::Multiply;
    case bind::BinaryOp::Divide: return Opcode::Divide;
    case bind::BinaryOp::Remainder: return Opcode::Remainder;
    case bind::BinaryOp::Concat: return Opcode::Concat;
    case bind::BinaryOp::BitAnd: return Opcode::BitAnd;
    case bind::BinaryOp::BitOr: return Opcode::BitOr;
    case bind::BinaryOp::ShiftLeft: return Opcode::ShiftLeft;
    case bind::BinaryOp::ShiftRight: return Opcode::ShiftRight;
    case bind::BinaryOp::And: return Opcode::And;
    case bind::BinaryOp::Or: return Opcode::Or;
  }
  return Opcode::Add;
}

Status internal(const char* what) { return Status::format(Code::Internal, -1, "codegen: %s", what); }

}  // namespace

std::int32_t Generator::width_of(const Expr* expr) {
  if (const auto* row = expr->try_as<bind::RowExpr>()) return static_cast<std::int32_t>(row->elements.size());
  if (const auto* query = expr->try_as<bind::ScalarSubqueryExpr>()) {
    return static_cast<std::int32_t>(query->select->columns.size());
  }
  return 1;
}

// The register of a GROUP BY expression or aggregate whose group stands; 0 when it is none.
std::int32_t Generator::group_register(const Expr* expr) const {
  for (const GroupScope* scope = groups_; scope != nullptr; scope = scope->outer) {
    if (const auto* aggregate = expr->try_as<bind::AggregateExpr>()) {
      if (aggregate->core == scope->core) return scope->aggregates[static_cast<std::size_t>(aggregate->index)];
      continue;
    }
    // The row of min() or max() gives these too, as it does all columns.
    if (scope->core->bare_minmax >= 0 && expr->kind == ExprKind::Column) continue;
    for (std::size_t i = 0; i < scope->core->group_by.size(); ++i) {
      if (plan::same_expression(plan_, *scope->core->group_by[i], *expr)) {
        return scope->first_key + static_cast<std::int32_t>(i);
      }
    }
  }
  return 0;
}

// Can it be evaluated before the program begins, whether or not its place is reached? Not what may fail.
bool Generator::may_hoist(const Expr& expr) const {
  if (!plan::is_constant(expr) || in_setup_) return false;
  bool safe = true;
  plan::walk(expr, [&](const Expr& e) {
    switch (e.kind) {
      case ExprKind::Literal:
      case ExprKind::Parameter:
      case ExprKind::Unary:
      case ExprKind::Compare:
      case ExprKind::Between:
      case ExprKind::Cast:
      case ExprKind::Collate:
        break;
      case ExprKind::Binary:
        safe &= e.as<bind::BinaryExpr>().op != bind::BinaryOp::Concat;
        break;
      default:
        safe = false;
    }
    return safe;
  });
  return safe;
}

Result<Operand> Generator::value(const Expr* expr) {
  if (groups_ != nullptr) {
    if (const std::int32_t reg = group_register(expr); reg != 0) return Operand{reg, false};
  }
  switch (expr->kind) {
    case ExprKind::Literal:
      if (!in_setup_) return Operand{constant(expr->as<bind::LiteralExpr>().value), false};
      break;
    case ExprKind::Parameter: {
      const auto number = static_cast<std::size_t>(expr->as<bind::ParameterExpr>().number);
      if (in_setup_) break;
      if (number >= parameters_.size()) parameters_.resize(number + 1, 0);
      if (parameters_[number] == 0) parameters_[number] = b_.new_register();
      return Operand{parameters_[number], false};
    }
    case ExprKind::Collate:
      return value(expr->as<bind::CollateExpr>().operand);
    case ExprKind::Column: {
      const auto& column = expr->as<bind::ColumnExpr>();
      const RowSource& source = scope_.of(*column.relation);
      if (source.kind == RowSource::Kind::Registers) {
        const std::int32_t reg = source.registers[static_cast<std::size_t>(column.column + 1)];
        if (reg != 0) return Operand{reg, false};
      }
      const plan::Definition* definition = plan_.definition_of(*column.relation);
      if (definition != nullptr && definition->null_flag < 0 && column.column >= 0) {
        return value(definition->columns[static_cast<std::size_t>(column.column)]);
      }
      break;
    }
    default:
      break;
  }
  if (plan::is_constant(*expr) && expr->kind != ExprKind::Row && switches_.has(plan::Rewrite::Factor) && !in_setup_ &&
      expr->kind != ExprKind::Literal && expr->kind != ExprKind::Parameter && expr->kind != ExprKind::Raise) {
    const std::int32_t reg = b_.new_register();
    if (may_hoist(*expr)) {
      hoisted_.push_back({expr, reg});
    } else {
      const Label done = b_.new_label();
      const Restore<bool> restore(in_constant_);
      in_constant_ = true;
      b_.emit(Opcode::Once, 0, done);
      PL_TRY(value_into(expr, reg));
      b_.bind(done);
    }
    return Operand{reg, false};
  }
  const std::int32_t reg = b_.temporary();
  PL_TRY(value_into(expr, reg));
  return Operand{reg, true};
}

Status Generator::values_into(bind::ExprList exprs, std::int32_t first) {
  for (std::size_t i = 0; i < exprs.size(); ++i) PL_TRY(value_into(exprs[i], first + static_cast<std::int32_t>(i)));
  return {};
}

Status Generator::row_into(const Expr* expr, std::int32_t width, std::int32_t target) {
  if (const auto* row = expr->try_as<bind::RowExpr>()) {
    if (static_cast<std::int32_t>(row->elements.size()) != width) return internal("a row of another width");
    return values_into(row->elements, target);
  }
  if (const auto* query = expr->try_as<bind::ScalarSubqueryExpr>(); query != nullptr && width > 1) {
    return scalar_query_into(*query->select, width, target);
  }
  if (width != 1) return Status::error("row value misused", static_cast<int>(expr->span.begin));
  return value_into(expr, target);
}

Status Generator::value_into(const Expr* expr, std::int32_t target) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return value_into(expr, target); });
  if (groups_ != nullptr) {
    if (const std::int32_t reg = group_register(expr); reg != 0) {
      if (reg != target) b_.emit(Opcode::Alias, reg, target);
      return {};
    }
  }
  switch (expr->kind) {
    case ExprKind::Literal:
      b_.emit_load(expr->as<bind::LiteralExpr>().value, target);
      return {};
    case ExprKind::Parameter:
      b_.emit(Opcode::Variable, expr->as<bind::ParameterExpr>().number, target);
      return {};
    case ExprKind::Column:
      return column_into(*expr->as<bind::ColumnExpr>().relation, expr->as<bind::ColumnExpr>().column, target);
    default:
      break;
  }
  if (expr->kind != ExprKind::Row && expr->kind != ExprKind::Collate && expr->kind != ExprKind::Raise &&
      plan::is_constant(*expr) && switches_.has(plan::Rewrite::Factor) && !in_setup_ && !in_constant_) {
    // Evaluated once, wherever that is; then taken from there.
    PL_ASSIGN(const Operand operand, value(expr));
    b_.emit(Opcode::Alias, operand.reg, target);
    return {};
  }
  switch (expr->kind) {
    case ExprKind::Unary:
      return unary_into(expr->as<bind::UnaryExpr>(), target);
    case ExprKind::Binary:
      return binary_into(expr->as<bind::BinaryExpr>(), target);
    case ExprKind::Compare:
      return compare_into(expr->as<bind::CompareExpr>(), target);
    case ExprKind::Between:
    case ExprKind::InList:
    case ExprKind::InSelect:
      return boolean_by_jumps(expr, target);
    case ExprKind::Exists:
      return exists_into(expr->as<bind::ExistsExpr>(), target);
    case ExprKind::ScalarSubquery:
      return scalar_query_into(*expr->as<bind::ScalarSubqueryExpr>().select, 1, target);
    case ExprKind::Case:
      return case_into(expr->as<bind::CaseExpr>(), target);
    case ExprKind::Cast: {
      const auto& cast = expr->as<bind::CastExpr>();
      PL_TRY(value_into(cast.operand, target));
      b_.emit(Opcode::Cast, target, vm::affinity_letter(cast.target));
      return {};
    }
    case ExprKind::Collate:
      return value_into(expr->as<bind::CollateExpr>().operand, target);
    case ExprKind::Function:
      return function_into(expr->as<bind::FunctionExpr>(), target);
    case ExprKind::Aggregate:
      return internal("an aggregate outside its groups");
    case ExprKind::Window:
      return Status::error("window functions are not available in this build");
    case ExprKind::Row:
      return Status::error("row value misused", static_cast<int>(expr->span.begin));
    case ExprKind::Raise:
      return raise(expr->as<bind::RaiseExpr>());
    default:
      return internal("an unknown expression");
  }
}

Status Generator::unary_into(const bind::UnaryExpr& expr, std::int32_t target) {
  if (expr.op == bind::UnaryOp::Plus) return value_into(expr.operand, target);
  PL_ASSIGN(const Operand operand, value(expr.operand));
  const auto truth = [&](int of_null, unsigned inverted) {
    b_.emit(Opcode::Truth, operand.reg, target, of_null).p5(inverted);
  };
  switch (expr.op) {
    case bind::UnaryOp::Negate:
      b_.emit(Opcode::Negate, operand.reg, target);
      break;
    case bind::UnaryOp::BitNot:
      b_.emit(Opcode::BitNot, operand.reg, target);
      break;
    case bind::UnaryOp::Not:
      b_.emit(Opcode::Not, operand.reg, target);
      break;
    case bind::UnaryOp::IsNull:
      b_.emit(Opcode::IsNullValue, operand.reg, target, 0);
      break;
    case bind::UnaryOp::NotNull:
      b_.emit(Opcode::IsNullValue, operand.reg, target, 1);
      break;
    case bind::UnaryOp::IsTrue:
      truth(0, 0);
      break;
    case bind::UnaryOp::IsFalse:
      truth(0, 1);
      break;
    case bind::UnaryOp::IsNotTrue:
      truth(1, 1);
      break;
    case bind::UnaryOp::IsNotFalse:
      truth(1, 0);
      break;
    case bind::UnaryOp::Plus:
      break;
  }
  release(operand);
  return {};
}

Status Generator::binary_into(const bind::BinaryExpr& expr, std::int32_t target) {
  const bool logical = expr.op == bind::BinaryOp::And || expr.op == bind::BinaryOp::Or;
  if (logical && (expr.right->flags & (bind::kHasSubquery | bind::kCallsUserCode)) != 0) {
    // What is dear on the right is looked at only where it decides.
    const Label decided = b_.new_label();
    const Label done = b_.new_label();
    const bool is_and = expr.op == bind::BinaryOp::And;
    const std::int32_t left = b_.new_register();
    PL_TRY(value_into(expr.left, left));
    b_.emit(is_and ? Opcode::IfNot : Opcode::If, left, decided, 0);
    PL_ASSIGN(const Operand right, value(expr.right));
    b_.emit(opcode_of(expr.op), left, right.reg, target);
    release(right);
    b_.emit(Opcode::Goto, 0, done);
    b_.bind(decided);
    b_.emit(Opcode::Integer, is_and ? 0 : 1, target);
    b_.bind(done);
    return {};
  }
  // Long chains lean to the left: `target` is not used for the left side, which the right might look at.
  PL_ASSIGN(const Operand left, value(expr.left));
  PL_ASSIGN(const Operand right, value(expr.right));
  b_.emit(opcode_of(expr.op), left.reg, right.reg, target);
  release(right);
  release(left);
  return {};
}

Status Generator::case_into(const bind::CaseExpr& expr, std::int32_t target) {
  const Label done = b_.new_label();
  Operand operand;
  if (expr.operand != nullptr) {
    const std::int32_t reg = b_.new_register();
    PL_TRY(value_into(expr.operand, reg));
    operand = {reg, false};
  }
  for (const auto& branch : expr.branches) {
    const Label next = b_.new_label();
    if (expr.operand != nullptr) {
      PL_ASSIGN(const Operand when, value(branch.when));
      emit_compare(bind::CompareOp::NotEqual, operand.reg, when.reg, branch.rule, next, true);
      release(when);
    } else {
      PL_TRY(jump_if_false(branch.when, next, true));
    }
    PL_TRY(value_into(branch.then, target));
    b_.emit(Opcode::Goto, 0, done);
    b_.bind(next);
  }
  if (expr.otherwise != nullptr) {
    PL_TRY(value_into(expr.otherwise, target));
  } else {
    b_.emit(Opcode::Null, 0, target);
  }
  b_.bind(done);
  return {};
}

Status Generator::function_into(const bind::FunctionExpr& expr, std::int32_t target) {
  const vm::FunctionDef& function = *expr.function;
  if (function.has(vm::kReturnsArgument)) return value_into(expr.arguments[0], target);
  if (function.has(vm::kShortCircuit)) return short_circuit_into(expr, target);
  const auto count = static_cast<std::int32_t>(expr.arguments.size());
  const std::int32_t first = count == 0 ? 0 : b_.temporaries(count);
  std::uint32_t constant_arguments = 0;
  for (std::size_t i = 0; i < expr.arguments.size(); ++i) {
    if (i < 32 && plan::is_constant(*expr.arguments[i])) constant_arguments |= 1u << i;
    const int at = b_.address();
    PL_TRY(value_into(expr.arguments[i], first + static_cast<std::int32_t>(i)));
    // length() and typeof() need not have the bytes of a large value.
    if ((function.has(vm::kLength) || function.has(vm::kTypeof)) && b_.address() == at + 1 &&
        b_.at(at).opcode == Opcode::Column) {
      b_.edit(at).p5(function.has(vm::kTypeof) ? 1 : 2);
    }
  }
  b_.emit(Opcode::Function, static_cast<std::int32_t>(constant_arguments), first, target)
      .p4(b_.call(function, expr.call_collation, count))
      .p5(static_cast<unsigned>(count));
  if (count > 0) b_.release(first, count);
  return {};
}

Status Generator::short_circuit_into(const bind::FunctionExpr& expr, std::int32_t target) {
  const std::string_view name = expr.function->name;
  const Label done = b_.new_label();
  if (name == "iif" || name == "if") {
    std::size_t i = 0;
    for (; i + 1 < expr.arguments.size(); i += 2) {
      const Label next = b_.new_label();
      PL_TRY(jump_if_false(expr.arguments[i], next, true));
      PL_TRY(value_into(expr.arguments[i + 1], target));
      b_.emit(Opcode::Goto, 0, done);
      b_.bind(next);
    }
    if (i < expr.arguments.size()) {
      PL_TRY(value_into(expr.arguments[i], target));
    } else {
      b_.emit(Opcode::Null, 0, target);
    }
  } else {
    for (std::size_t i = 0; i < expr.arguments.size(); ++i) {
      PL_TRY(value_into(expr.arguments[i], target));
      if (i + 1 < expr.arguments.size()) b_.emit(Opcode::NotNull, target, done);
    }
  }
  b_.bind(done);
  return {};
}

Status Generator::raise(const bind::RaiseExpr& expr) {
  if (expr.action == sql::RaiseAction::Ignore) {
    b_.emit(Opcode::Halt, 0, static_cast<std::int32_t>(catalog::ConflictAction::Ignore));
    return {};
  }
  const auto action = expr.action == sql::RaiseAction::Rollback ? catalog::ConflictAction::Rollback
                      : expr.action == sql::RaiseAction::Fail   ? catalog::ConflictAction::Fail
                                                                : catalog::ConflictAction::Abort;
  const std::int32_t text = b_.new_register();
  PL_TRY(value_into(expr.message, text));
  b_.emit(Opcode::Halt, static_cast<std::int32_t>(Code::ConstraintTrigger), static_cast<std::int32_t>(action))
      .p5(static_cast<unsigned>(text));
  return {};
}

Status Generator::boolean_by_jumps(const Expr* expr, std::int32_t target) {
  const Label is_true = b_.new_label();
  const Label is_false = b_.new_label();
  const Label is_null = b_.new_label();
  const Label done = b_.new_label();
  PL_TRY(three_way(*expr, is_true, is_false, is_null));
  b_.bind(is_null);
  b_.emit(Opcode::Null, 0, target);
  b_.emit(Opcode::Goto, 0, done);
  b_.bind(is_false);
  b_.emit(Opcode::Integer, 0, target);
  b_.emit(Opcode::Goto, 0, done);
  b_.bind(is_true);
  b_.emit(Opcode::Integer, 1, target);
  b_.bind(done);
  return {};
}

// ------------------------------------------------------------------------------------------------------------ columns

void Generator::apply_affinity(std::int32_t reg, Affinity affinity) {
  if (affinity <= Affinity::Blob) return;
  const char letter = vm::affinity_letter(affinity);
  b_.emit(Opcode::Affinity, reg, 1).p4_affinities(b_.affinities({&letter, 1}));
}

// What a record too short for the column gives: the DEFAULT of ALTER TABLE ADD COLUMN, null for NULL.
const record::Value* Generator::default_value(const Expr* expr, Affinity affinity) {
  bool negative = false;
  while (expr->kind == ExprKind::Unary) {
    const auto& unary = expr->as<bind::UnaryExpr>();
    if (unary.op != bind::UnaryOp::Negate && unary.op != bind::UnaryOp::Plus) return nullptr;
    negative ^= unary.op == bind::UnaryOp::Negate;
    expr = unary.operand;
  }
  const auto* literal = expr->try_as<bind::LiteralExpr>();
  if (literal == nullptr || literal->value.is_null()) return nullptr;
  OwnedValue value(literal->value);
  if (negative) {
    record::apply_numeric_type(*value);
    const record::Number number = record::to_number(*value);
    if (number.is_integer && number.integer != INT64_MIN) {
      value->set_integer(-number.integer);
    } else {
      value->set_real(-number.as_real());
    }
  }
  record::apply_affinity(*value, affinity, b_.encoding());
  return b_.value(*value);
}

// What is asked for most, a column of a tree, comes first; each of the others is a call of its own.
Status Generator::column_into(const bind::Relation& relation, std::int32_t column, std::int32_t target) {
  const RowSource& source = scope_.of(relation);
  if (source.kind == RowSource::Kind::Registers) {
    const std::int32_t reg = source.registers[static_cast<std::size_t>(column + 1)];
    if (reg != 0) {
      if (reg != target) b_.emit(Opcode::Alias, reg, target);
      return {};
    }
  }
  if (const plan::Definition* definition = plan_.definition_of(relation); definition != nullptr && column >= 0) {
    return defined_column_into(*definition, column, target);
  }
  switch (source.kind) {
    case RowSource::Kind::Tree:
      return tree_column_into(source, relation, column, target);
    case RowSource::Kind::Buffer:
      if (column < 0) break;
      b_.emit(Opcode::BufferColumn, source.cursor, column, target);
      return {};
    case RowSource::Kind::Source:
      if (column < 0) {
        b_.emit(Opcode::SourceRowid, source.cursor, target);
      } else {
        b_.emit(Opcode::SourceColumn, source.cursor, column, target);
      }
      return {};
    case RowSource::Kind::Window:
      b_.emit(Opcode::Parameter, source.first + column, target);
      return {};
    case RowSource::Kind::Registers:
      return internal("a column that was not kept");
    case RowSource::Kind::None:
      break;
  }
  return internal("a column of a relation without a row");
}

// A column of a relation that the planner dissolved.
Status Generator::defined_column_into(const plan::Definition& definition, std::int32_t column, std::int32_t target) {
  const Expr* expr = definition.columns[static_cast<std::size_t>(column)];
  if (definition.null_flag < 0) return value_into(expr, target);
  const Label made_up = b_.new_label();
  b_.emit(Opcode::Null, 0, target);
  b_.emit(Opcode::If, null_flag_register(definition.null_flag), made_up, 0);
  PL_TRY(value_into(expr, target));
  b_.bind(made_up);
  return {};
}

Status Generator::tree_column_into(const RowSource& source, const bind::Relation& relation, std::int32_t column,
                                   std::int32_t target) {
  const catalog::Table& table = *relation.table;
  if (!table.without_rowid && (column == catalog::kRowidColumn || column == table.rowid_alias)) {
    if (source.index_cursor >= 0) {
      b_.emit(Opcode::IndexRowid, source.index_cursor, target);
    } else {
      b_.emit(Opcode::Rowid, source.cursor, target);
    }
    return {};
  }
  if (column < 0) return internal("a rowid of a table without");
  const catalog::Column& definition = table.columns[static_cast<std::size_t>(column)];
  std::int32_t cursor = source.cursor;
  std::int32_t field = definition.storage_index;
  const Expr* missing = nullptr;
  if (source.index_cursor >= 0) {
    for (std::size_t i = 0; i < source.index->columns.size(); ++i) {
      if (source.index->columns[i].column != column) continue;
      cursor = source.index_cursor;
      field = static_cast<std::int32_t>(i);
      break;
    }
  }
  if (field < 0) return virtual_column_into(source, relation, column, target);
  if (cursor < 0) return internal("a column that the index does not hold");
  if (cursor == source.cursor && relation.expressions != nullptr &&
      static_cast<std::size_t>(column) < relation.expressions->defaults.size()) {
    missing = relation.expressions->defaults[static_cast<std::size_t>(column)];
  }
  const record::Value* const value = missing == nullptr ? nullptr : default_value(missing, definition.affinity);
  auto read = b_.emit(Opcode::Column, cursor, field, target);
  if (value != nullptr) read.p4(value);
  if (definition.affinity == Affinity::Real) b_.emit(Opcode::RealAffinity, target);
  return {};
}

// A generated column that is not stored.
Status Generator::virtual_column_into(const RowSource& source, const bind::Relation& relation, std::int32_t column,
                                      std::int32_t target) {
  if (relation.expressions == nullptr || relation.expressions->generated[static_cast<std::size_t>(column)] == nullptr) {
    return internal("a generated column without its expression");
  }
  // Of a row of NULLs all columns are NULL, whatever the expression says.
  const Label made_up = b_.new_label();
  if (source.is_nullable) {
    b_.emit(Opcode::IfNullRow, source.cursor >= 0 ? source.cursor : source.index_cursor, made_up, target);
  }
  PL_TRY(value_into(relation.expressions->generated[static_cast<std::size_t>(column)], target));
  apply_affinity(target, relation.table->columns[static_cast<std::size_t>(column)].affinity);
  b_.bind(made_up);
  return {};
}

}  // namespace perlite::codegen
