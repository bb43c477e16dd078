// UPDATE (manual: lang_update.html).
//
// The rows are searched first and their keys kept, then changed one after the other: changing a row can move the scan,
// and a row must be met once. With FROM the new values are kept as well, for they may come from other tables.
#include "codegen/change_statements.h"
#include "codegen/gathering.h"
#include "codegen/returning.h"
#include "codegen/row_change.h"
#include "codegen/table_writer.h"

namespace perlite::codegen {

Status generate_update(Generator& g, const bind::Update& update) {
  vm::ProgramBuilder& b = g.builder();
  const catalog::Table& table = *update.target->table;
  vm::Program& program = b.program();
  program.read_only = false;
  program.changes_counted = true;
  program.may_abort = true;

  TableWriter writer(g, update.target->database, table, update.table);
  const Vector<bool> touched = touched_indexes(table, update.table, update.assignments);
  std::span<bool> flags = g.arena().make_array<bool>(touched.size());
  for (std::size_t i = 0; i < touched.size(); ++i) flags[i] = touched[i];
  PL_TRY(writer.open(flags));
  ReturningRows returning(g, update.returning);
  returning.open();

  plan::RowSearch search;
  search.from = update.from;
  search.relations = update.relations;
  search.where = update.where;
  search.order_by = update.order_by;
  search.limit = update.limit;
  search.offset = update.offset;
  search.common_tables = update.common_tables;
  const bool joined = update.relations.size() > 1;
  Vector<const bind::Expr*> kept;
  if (joined) {
    for (const bind::Assignment& a : update.assignments) kept.push_back(a.value);
  }
  search.later = kept;

  GatheredRows rows(g, *update.target, kept);
  PL_TRY(rows.gather(search));
  PL_TRY(rows.each(writer.data_cursor(), [&](Label next) -> Status {
    RowChange change;
    change.writer = &writer;
    change.target = update.target;
    change.expressions = &update.table;
    change.assignments = update.assignments;
    change.action = update.on_conflict;
    change.row_is_read_later = update.returning != nullptr;
    change.ready = rows.kept_registers();
    PL_TRY(change_row(g, change, next));
    return returning.add();
  }));
  returning.give_out();
  return {};
}

}  // namespace perlite::codegen
