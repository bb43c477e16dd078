// codegen/gathering.h: the rows of an UPDATE or DELETE, found before the first is changed.
#pragma once

#include <span>

#include "base/containers.h"
#include "base/function_ref.h"
#include "bind/bound.h"
#include "codegen/generator.h"

namespace perlite::codegen {

class GatheredRows {
 public:
  // `kept`: expressions over the searched rows whose values are needed later.
  GatheredRows(Generator& g, const bind::Relation& target, std::span<const bind::Expr* const> kept)
      : g_(g), b_(g.builder()), target_(target), table_(*target.table), kept_(kept) {}

  // Searches, and keeps keys and values.
  Status gather(const plan::RowSearch& search);
  // For each row kept: puts `cursor`, which is on the table's tree, on it and emits `code`; a row that is gone
  // meanwhile is passed over. Jumping to the label goes on with the next row.
  Status each(std::int32_t cursor, FunctionRef<Status(Label)> code);
  // By kept expression; in each().
  std::span<const std::int32_t> kept_registers() const noexcept {
    return {kept_registers_.data(), kept_registers_.size()};
  }

 private:
  std::int32_t key_width() const noexcept { return table_.without_rowid ? table_.primary_key->key_columns : 1; }

  Generator& g_;
  vm::ProgramBuilder& b_;
  const bind::Relation& target_;
  const catalog::Table& table_;
  std::span<const bind::Expr* const> kept_;
  Vector<std::int32_t> kept_registers_;
  std::int32_t buffer_ = -1;
  std::int32_t first_ = 0;
};

}  // namespace perlite::codegen
