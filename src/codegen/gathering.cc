#include "codegen/gathering.h"

namespace perlite::codegen {

Status GatheredRows::gather(const plan::RowSearch& search) {
  const std::int32_t width = key_width() + static_cast<std::int32_t>(kept_.size());
  buffer_ = b_.new_cursor();
  first_ = b_.new_registers(width);
  b_.emit(Opcode::OpenBuffer, buffer_, width);
  PL_TRY(g_.search(search, [&]() -> Status {
    if (table_.without_rowid) {
      for (std::int32_t k = 0; k < key_width(); ++k) {
        PL_TRY(g_.column_into(target_, table_.primary_key->columns[static_cast<std::size_t>(k)].column, first_ + k));
      }
    } else {
      PL_TRY(g_.column_into(target_, catalog::kRowidColumn, first_));
    }
    for (std::size_t i = 0; i < kept_.size(); ++i)
      PL_TRY(g_.value_into(kept_[i], first_ + key_width() + static_cast<std::int32_t>(i)));
    b_.emit(Opcode::BufferInsert, buffer_, first_, width);
    return {};
  }));
  for (std::size_t i = 0; i < kept_.size(); ++i)
    kept_registers_.push_back(first_ + key_width() + static_cast<std::int32_t>(i));
  return {};
}

Status GatheredRows::each(std::int32_t cursor, FunctionRef<Status(Label)> code) {
  const std::int32_t width = key_width() + static_cast<std::int32_t>(kept_.size());
  const Label done = b_.new_label();
  const Label next = b_.new_label();
  b_.emit(Opcode::BufferRewind, buffer_, done);
  const Label loop = b_.here();
  for (std::int32_t i = 0; i < width; ++i) b_.emit(Opcode::BufferColumn, buffer_, i, first_ + i);
  if (table_.without_rowid) {
    b_.emit(Opcode::NotFound, cursor, next, first_).p4(static_cast<std::int64_t>(key_width()));
  } else {
    b_.emit(Opcode::NotExists, cursor, next, first_);
  }
  PL_TRY(code(next));
  b_.bind(next);
  b_.emit(Opcode::BufferNext, buffer_, loop);
  b_.bind(done);
  return {};
}

}  // namespace perlite::codegen
