// UPDATE (manual: lang_update.html).
//
// The rows are searched first and their keys kept, then changed one after the other: changing a row can move the scan,
// and a row must be met once. Where it cannot move the scan, nothing is kept (codegen/gathering.h). With FROM the new
// values are kept as well, for they may come from other tables.
#include <algorithm>

#include "codegen/change_statements.h"
#include "codegen/gathering.h"
#include "codegen/returning.h"
#include "codegen/row_change.h"
#include "codegen/table_writer.h"
#include "vm/row_flags.h"

namespace perlite::codegen {
namespace {

// The rowid, or a column of the key of a WITHOUT ROWID table.
bool changes_key(const bind::Update& update) noexcept {
  const catalog::Table& table = *update.target->table;
  return std::any_of(update.assignments.begin(), update.assignments.end(), [&](const bind::Assignment& a) {
    if (a.column < 0) return true;
    const catalog::Column& column = table.columns[static_cast<std::size_t>(a.column)];
    return column.is_rowid_alias || (table.without_rowid && column.key_position != 0);
  });
}

}  // namespace

Status generate_update(Generator& g, const bind::Update& update) {
  vm::ProgramBuilder& b = g.builder();
  const catalog::Table& table = *update.target->table;
  vm::Program& program = b.program();
  program.read_only = false;
  program.changes_counted = true;

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

  GatheredRows rows(g, *update.target, kept, joined);
  const bool touches_indexes = std::find(flags.begin(), flags.end(), true) != flags.end();
  const bool alone = !changes_key(update) && update.returning == nullptr && update.triggers.empty() &&
                     GatheredRows::in_own_order(search, update.assignments);
  const bool may_gather = alone && touches_indexes && writer.may_gather(update.on_conflict);
  const bool in_own_order = alone && (may_gather || (!touches_indexes && !writer.may_replace(update.on_conflict)));
  PL_TRY(rows.plan(search, in_own_order));
  // Which row is changed first shows where one is refused for another's sake. What the search reads is changed only when
  // it is over: then the keys are put in order, else rows are changed as they are found.
  if (changes_key(update) || update.returning != nullptr || !update.triggers.empty() ||
      writer.may_replace(update.on_conflict) || rows.reads_index(flags)) {
    rows.meet_in_key_order();
  }
  // One row, written after all is checked: nothing to go back from. But RETURNING computes after it.
  program.may_abort = !rows.is_one_row() || changes_key(update) ||
                      writer.may_replace(update.on_conflict) || update.returning != nullptr;
  PL_TRY(rows.gather(writer.data_cursor()));
  const bool gathers = may_gather && !rows.is_one_row();
  if (gathers) PL_TRY(writer.gather_index_changes(false));
  PL_TRY(rows.each(writer.data_cursor(), [&](Label next) -> Status {
    RowChange change;
    change.writer = &writer;
    change.target = update.target;
    change.expressions = &update.table;
    change.assignments = update.assignments;
    change.action = update.on_conflict;
    change.row_is_read_later = update.returning != nullptr;
    change.ready = rows.kept_registers();
    if (rows.is_scan()) change.write_flags = vm::kKeepPosition;
    PL_TRY(change_row(g, change, next));
    return returning.add();
  }));
  if (gathers) PL_TRY(writer.make_gathered_changes());
  returning.give_out();
  return {};
}

}  // namespace perlite::codegen
