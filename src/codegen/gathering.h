// codegen/gathering.h: the rows of an UPDATE or DELETE, found before the first is changed.
//
// Two searches need no list, and their rows are changed where they are found: one for a single rowid, and one that reads
// the table in its own order while nothing but the row it stands on can change (in_own_order()).
#pragma once

#include <span>

#include "base/containers.h"
#include "base/function_ref.h"
#include "bind/bound.h"
#include "codegen/generator.h"

namespace perlite::codegen {

class GatheredRows {
 public:
  // `kept`: expressions over the searched rows whose values are needed later. `joined`: a row of the target may be found
  // several times; each() then comes once, in the order of the keys and with the values of the last time.
  GatheredRows(Generator& g, const bind::Relation& target, std::span<const bind::Expr* const> kept, bool joined)
      : g_(g), b_(g.builder()), target_(target), table_(*target.table), kept_(kept), joined_(joined) {}

  // True when neither the search nor `values` can see rows that were changed before: no subquery, no function of the
  // host. The caller knows that a change moves no row in the table's order.
  static bool in_own_order(const plan::RowSearch& search, std::span<const bind::Assignment> values);

  // Plans the search. `in_own_order`: rows may be changed in a scan of the table.
  Status plan(const plan::RowSearch& search, bool in_own_order);
  // True when it finds one row at most.
  bool is_one_row() const noexcept { return one_row_; }
  // True when a change must leave the cursor where the next row is found from.
  bool is_scan() const noexcept { return in_place_ && !one_row_; }
  // True when the rows are found through one of these indexes, by ordinal, or through several.
  bool reads_index(std::span<const bool> indexes) const noexcept;
  // Rows are changed in the order of their keys, not in that in which they are found. Before gather().
  void meet_in_key_order() noexcept { sorted_ = true; }
  // Searches, and keeps keys and values. The target's rows are read by `cursor`, which is on its tree and free until
  // each().
  Status gather(std::int32_t cursor);
  // For each row kept: puts `cursor`, which is on the table's tree, on it and emits `code`; a row that is gone
  // meanwhile is passed over. Jumping to the label goes on with the next row.
  Status each(std::int32_t cursor, FunctionRef<Status(Label)> code);
  // By kept expression; in each().
  std::span<const std::int32_t> kept_registers() const noexcept {
    return {kept_registers_.data(), kept_registers_.size()};
  }

 private:
  std::int32_t key_width() const noexcept { return table_.without_rowid ? table_.primary_key->key_columns : 1; }
  // Where the kept values begin in a gathered row: behind the key and, where joined, the number of the row.
  std::int32_t kept_at() const noexcept { return key_width() + (joined_ ? 1 : 0); }
  Status open_sorter(std::int32_t width);

  Generator& g_;
  vm::ProgramBuilder& b_;
  const bind::Relation& target_;
  const catalog::Table& table_;
  std::span<const bind::Expr* const> kept_;
  bool joined_;
  bool sorted_ = joined_;  // buffer_ is a sorter
  Vector<std::int32_t> kept_registers_;
  const record::KeyInfo* key_ = nullptr;  // sorted: of the key alone
  const plan::RowPlan* plan_ = nullptr;
  const plan::AccessPath* path_ = nullptr;  // to the target, where it is the only relation
  bool one_row_ = false;
  bool in_place_ = false;
  std::int32_t buffer_ = -1;
  std::int32_t first_ = 0;
};

}  // namespace perlite::codegen
