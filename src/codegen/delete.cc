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
  program.may_abort = true;
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
  GatheredRows rows(g, *erase.target, {});
  PL_TRY(rows.gather(search));
  PL_TRY(rows.each(writer.data_cursor(), [&](Label) -> Status {
    const RowSource place = RowSource::tree(writer.data_cursor());
    g.scope().set(*erase.target, place);
    g.scope().set(*erase.table.row, place);
    PL_TRY(returning.add());
    return writer.remove_current(vm::kCountChange);
  }));
  returning.give_out();
  return {};
}

}  // namespace perlite::codegen
