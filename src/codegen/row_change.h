// codegen/row_change.h: the change of one row that a cursor stands on: the inside of UPDATE and of DO UPDATE.
#pragma once

#include <span>

#include "bind/bound.h"
#include "codegen/generator.h"
#include "codegen/table_writer.h"

namespace perlite::codegen {

struct RowChange {
  TableWriter* writer = nullptr;  // open; its data cursor stands on the row
  const bind::Relation* target = nullptr;
  const bind::TableExpressions* expressions = nullptr;
  std::span<const bind::Assignment> assignments;
  const bind::Expr* where = nullptr;  // over the old row
  bind::ConflictAction action = bind::ConflictAction::None;
  unsigned write_flags = 0;        // more of vm/row_flags.h for the write
  bool row_is_read_later = false;  // RETURNING: the values must outlive the write
  std::span<const std::int32_t> ready;  // by assignment: a register that holds the value already, 0: evaluate it
};

// Emits it. Jumps to `skip` when `where` is not true or a conflict says to leave the row. Afterwards the new row stands
// as expressions->row.
Status change_row(Generator& g, const RowChange& change, Label skip);

// By index of the table: whether an UPDATE with these assignments can change its entries.
Vector<bool> touched_indexes(const catalog::Table& table, const bind::TableExpressions& expressions,
                             std::span<const bind::Assignment> assignments);

}  // namespace perlite::codegen
