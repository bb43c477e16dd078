#include "codegen/returning.h"

namespace perlite::codegen {

void describe_columns(Generator& g, std::span<const bind::ResultColumn> columns) {
  vm::ProgramBuilder& b = g.builder();
  const auto keep = [&](std::string_view text) { return text.data() == nullptr ? text : b.name(text); };
  for (const bind::ResultColumn& column : columns) {
    vm::ResultColumn described{};
    described.name = keep(column.name);
    described.declared_type = keep(column.declared_type);
    described.database_name = keep(column.origin_database);
    described.table_name = keep(column.origin_table);
    described.column_name = keep(column.origin_column);
    b.program().columns.push_back(described);
  }
}

void ReturningRows::open() {
  if (returning_ == nullptr) return;
  vm::ProgramBuilder& b = g_.builder();
  describe_columns(g_, returning_->columns);
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
