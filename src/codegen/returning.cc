#include "codegen/returning.h"

#include "codegen/statement.h"

namespace perlite::codegen {

void ReturningRows::open() {
  if (returning_ == nullptr) return;
  vm::ProgramBuilder& b = g_.builder();
  add_result_columns(g_, returning_->columns);
  cursor_ = b.new_cursor();
  const auto width = static_cast<std::int32_t>(returning_->columns.size());
  registers_ = b.new_registers(width);
  b.emit(Opcode::OpenBuffer, cursor_, width);
}

Status ReturningRows::add() {
  if (returning_ == nullptr) return {};
  vm::ProgramBuilder& b = g_.builder();
  const auto width = static_cast<std::int32_t>(returning_->columns.size());
  for (std::int32_t i = 0; i < width; ++i) {
    const bind::Expr* expr = returning_->columns[static_cast<std::size_t>(i)].expr;
    PL_TRY(g_.planner().plan_subqueries(expr));
    PL_TRY(g_.value_into(expr, registers_ + i));
  }
  b.emit(Opcode::BufferInsert, cursor_, registers_, width);
  return {};
}

void ReturningRows::give_out() {
  if (returning_ == nullptr) return;
  vm::ProgramBuilder& b = g_.builder();
  const auto width = static_cast<std::int32_t>(returning_->columns.size());
  const Label done = b.new_label();
  b.emit(Opcode::BufferRewind, cursor_, done);
  const Label loop = b.here();
  for (std::int32_t i = 0; i < width; ++i) b.emit(Opcode::BufferColumn, cursor_, i, registers_ + i);
  b.emit(Opcode::ResultRow, registers_, width);
  b.emit(Opcode::BufferNext, cursor_, loop);
  b.bind(done);
}

}  // namespace perlite::codegen
