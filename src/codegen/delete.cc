// DELETE (manual: lang_delete.html). Without WHERE, RETURNING and listeners whole trees are emptied.
#include "codegen/change_statements.h"
#include "codegen/gathering.h"
#include "codegen/returning.h"
#include "codegen/table_writer.h"
#include "vm/row_flags.h"

namespace perlite::codegen {

Status generate_delete(Generator& g, const bind::Delete& erase) {
  vm::ProgramBuilder& b = g.builder();
  const catalog::Table& table = *erase.target->table;
  vm::Program& program = b.program();
  program.read_only = false;
  program.changes_counted = true;

  if (erase.where == nullptr && erase.returning == nullptr && erase.limit == nullptr && erase.triggers.empty() &&
      !table.is_schema) {
    PL_TRY(g.use_database(erase.target->database, true));
    for (const catalog::Index* index : table.indexes) {
      PL_ASSIGN(const std::int32_t tree, g.tree_of(erase.target->database, table, index));
      b.emit(Opcode::ClearTree, tree);
    }
    PL_ASSIGN(const std::int32_t tree, g.tree_of(erase.target->database, table, nullptr));
    b.emit(Opcode::ClearTree, tree).p5(1);
    return {};
  }
  TableWriter writer(g, erase.target->database, table, erase.table);
  PL_TRY(writer.open());
  ReturningRows returning(g, erase.returning);
  returning.open();
  plan::RowSearch search;
  const auto* leaf = g.arena().make<bind::FromNode>();
  const_cast<bind::FromNode*>(leaf)->relation = erase.target;
  search.from = leaf;
  std::span<const bind::Relation*> relations = g.arena().make_array<const bind::Relation*>(1);
  relations[0] = erase.target;
  search.relations = relations;
  search.where = erase.where;
  search.order_by = erase.order_by;
  search.limit = erase.limit;
  search.offset = erase.offset;
  search.common_tables = erase.common_tables;
  GatheredRows rows(g, *erase.target, {}, false);
  const bool in_own_order =
      erase.returning == nullptr && erase.triggers.empty() && GatheredRows::in_own_order(search, {});
  PL_TRY(rows.plan(search, in_own_order));
  program.may_abort = !rows.is_one_row();  // nothing is asked once the row goes: nothing to go back from
  const bool unseen = erase.returning == nullptr && erase.triggers.empty();  // the order of the changes
  // The pages of the table are visited once each; RETURNING gives them out in this order.
  if (!unseen || !table.without_rowid) rows.meet_in_key_order();
  PL_TRY(rows.gather(writer.data_cursor()));
  const bool gathers = unseen && !rows.is_one_row() && !table.without_rowid;
  if (gathers) PL_TRY(writer.gather_index_changes(true));
  PL_TRY(rows.each(writer.data_cursor(), [&](Label) -> Status {
    const RowSource place = RowSource::tree(writer.data_cursor());
    g.scope().set(*erase.target, place);
    g.scope().set(*erase.table.row, place);
    PL_TRY(returning.add());
    unsigned flags = vm::kCountChange;
    if (rows.is_scan()) flags |= vm::kKeepPosition;
    return writer.remove_current(flags);
  }));
  if (gathers) PL_TRY(writer.make_gathered_changes());
  returning.give_out();
  return {};
}

}  // namespace perlite::codegen
