// Queries as values.
#include "codegen/generator.h"

namespace perlite::codegen {

Result<const plan::Query*> Generator::planned(const bind::Select& select) {
  if (const plan::Query* query = plan_.query_of(select)) return query;
  return planner_.plan_select(select);
}

Status Generator::exists_into(const bind::ExistsExpr& expr, std::int32_t target) {
  PL_ASSIGN(const plan::Query* rows, planned(*expr.select));
  const std::int32_t result = rows->once ? b_.new_register() : target;
  const Label done = b_.new_label();
  const Label found = b_.new_label();
  if (rows->once) b_.emit(Opcode::Once, 0, done);
  {
    const Restore<std::int32_t> parent(plan_parent_);
    plan_parent_ = plan_line_of_query(rows->once ? "SCALAR SUBQUERY" : "CORRELATED SCALAR SUBQUERY", *expr.select);
    b_.emit(Opcode::Integer, 0, result);
    const Label some = b_.new_label();
    PL_TRY(query(*rows, [&](std::int32_t) -> Status {
      b_.emit(Opcode::Goto, 0, some);
      return {};
    }));
    b_.emit(Opcode::Goto, 0, found);
    b_.bind(some);
    b_.emit(Opcode::Integer, 1, result);
  }
  b_.bind(found);
  b_.bind(done);
  if (result != target) b_.emit(Opcode::Alias, result, target);
  return {};
}

// The first row, copied: it outlives the cursors it came from.
Status Generator::scalar_query_into(const bind::Select& select, std::int32_t width, std::int32_t target) {
  PL_ASSIGN(const plan::Query* rows, planned(select));
  const std::int32_t result = b_.new_registers(width);
  const Label done = b_.new_label();
  const Label found = b_.new_label();
  if (rows->once) b_.emit(Opcode::Once, 0, done);
  {
    const Restore<std::int32_t> parent(plan_parent_);
    plan_parent_ = plan_line_of_query(rows->once ? "SCALAR SUBQUERY" : "CORRELATED SCALAR SUBQUERY", select);
    b_.emit(Opcode::Null, 0, result, width - 1);
    PL_TRY(query(*rows, [&](std::int32_t first) -> Status {
      b_.emit(Opcode::Copy, first, result, width - 1);
      b_.emit(Opcode::Goto, 0, found);
      return {};
    }));
  }
  b_.bind(found);
  b_.bind(done);
  for (std::int32_t i = 0; i < width; ++i) b_.emit(Opcode::Alias, result + i, target + i);
  return {};
}

}  // namespace perlite::codegen
