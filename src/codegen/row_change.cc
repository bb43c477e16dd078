#include "codegen/row_change.h"

#include <algorithm>

#include "vm/row_flags.h"

namespace perlite::codegen {
namespace {

bool is_rowid(const catalog::Table& table, std::int32_t column) noexcept {
  return column < 0 || table.columns[static_cast<std::size_t>(column)].is_rowid_alias;
}

}  // namespace

Vector<bool> touched_indexes(const catalog::Table& table, const bind::TableExpressions& expressions,
                             std::span<const bind::Assignment> assignments) {
  Vector<bool> touched(table.indexes.size(), false);
  Vector<bool> changed(table.columns.size(), false);
  bool key_changes = false;
  for (const bind::Assignment& a : assignments) {
    if (is_rowid(table, a.column)) {
      key_changes = true;
    } else {
      changed[static_cast<std::size_t>(a.column)] = true;
      key_changes |= table.without_rowid && table.columns[static_cast<std::size_t>(a.column)].key_position != 0;
    }
  }
  const std::span<const bool> all_changed(changed.data(), changed.size());
  // A generated column changes with what it is made of, which may be generated as well.
  for (bool found = table.has_generated; found;) {
    found = false;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const bind::Expr* made_of = expressions.generated[c];
      if (made_of == nullptr || changed[c] || !reads_changed(*made_of, expressions.row, all_changed)) continue;
      changed[c] = found = true;
    }
  }
  for (std::size_t i = 0; i < touched.size(); ++i) {
    const bind::TableExpressions::IndexExpressions& of_index = expressions.indexes[i];
    touched[i] = key_changes || (of_index.where != nullptr && reads_changed(*of_index.where, expressions.row, all_changed));
    const auto columns = table.indexes[i]->columns;
    for (std::size_t k = 0; k < columns.size() && !touched[i]; ++k) {
      const std::int32_t column = columns[k].column;
      touched[i] = column == catalog::kExpressionColumn ? reads_changed(*of_index.columns[k], expressions.row, all_changed)
                                                        : column >= 0 && changed[static_cast<std::size_t>(column)];
    }
  }
  return touched;
}

Status change_row(Generator& g, const RowChange& change, Label skip) {
  vm::ProgramBuilder& b = g.builder();
  TableWriter& writer = *change.writer;
  const catalog::Table& table = writer.table();
  const RowSource old_place = RowSource::tree(writer.data_cursor());
  g.scope().set(*change.target, old_place);
  g.scope().set(*change.expressions->row, old_place);
  if (change.where != nullptr) {
    PL_TRY(g.planner().plan_subqueries(change.where));
    PL_TRY(g.jump_if_false(change.where, skip, true));
  }
  OldRow old;
  if (!table.without_rowid) {
    old.rowid = b.new_register();
    b.emit(Opcode::Rowid, writer.data_cursor(), old.rowid);
  }
  PL_TRY(writer.remember_old(&old));
  g.scope().set(*change.target, old_place);

  const NewRow row = writer.new_row();
  std::span<bool> changed = g.arena().make_array<bool>(table.columns.size());
  Vector<std::int32_t> values(table.columns.size(), -1);  // assignment of each column
  std::int32_t rowid_assignment = -1;
  for (std::size_t i = 0; i < change.assignments.size(); ++i) {
    const bind::Assignment& a = change.assignments[i];
    if (is_rowid(table, a.column)) {
      rowid_assignment = static_cast<std::int32_t>(i);
    } else {
      // The last assignment of a column counts.
      values[static_cast<std::size_t>(a.column)] = static_cast<std::int32_t>(i);
      changed[static_cast<std::size_t>(a.column)] = true;
      old.key_may_change |= table.without_rowid && table.columns[static_cast<std::size_t>(a.column)].key_position != 0;
    }
  }
  const auto assign = [&](std::int32_t assignment, std::int32_t target) -> Status {
    const auto i = static_cast<std::size_t>(assignment);
    if (!change.ready.empty() && change.ready[i] != 0) {
      b.emit(Opcode::Alias, change.ready[i], target);
      return {};
    }
    PL_TRY(g.planner().plan_subqueries(change.assignments[i].value));
    return g.value_into(change.assignments[i].value, target);
  };
  // Removing a row that is in the way, and looking for one of the new key, end what is borrowed from the cursor.
  if (rowid_assignment >= 0 && !table.without_rowid) old.key_may_change = true;
  const bool lasting = change.row_is_read_later || old.key_may_change || writer.may_replace(change.action);
  const std::int32_t first = lasting ? b.new_registers(static_cast<std::int32_t>(table.columns.size())) : row.columns;
  std::span<bool> loaded = g.arena().make_array<bool>(table.columns.size());
  const bool patches = !lasting && writer.may_patch(changed, loaded);
  if (!patches) std::fill(loaded.begin(), loaded.end(), true);
  const auto load = [&](bool wanted) -> Status {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (loaded[c] != wanted) continue;
      const catalog::Column& column = table.columns[c];
      const std::int32_t target = first + static_cast<std::int32_t>(c);
      if (column.is_rowid_alias || column.generated_kind != catalog::GeneratedKind::None) {
        b.emit(Opcode::Null, 0, target);
      } else if (values[c] >= 0) {
        PL_TRY(assign(values[c], target));
      } else {
        PL_TRY(g.column_into(*change.target, static_cast<std::int32_t>(c), target));
      }
    }
    return {};
  };
  PL_TRY(load(true));
  if (!table.without_rowid) {
    if (rowid_assignment >= 0) {
      const std::int32_t given = b.new_register();
      PL_TRY(assign(rowid_assignment, given));
      b.emit(Opcode::Copy, given, row.rowid, 0);
      b.emit(Opcode::MustBeInt, row.rowid);
      for (std::size_t c = 0; c < changed.size(); ++c) changed[c] = changed[c] || table.columns[c].is_rowid_alias;
    } else {
      b.emit(Opcode::Copy, old.rowid, row.rowid, 0);
    }
  }
  if (lasting) b.emit(Opcode::Copy, first, row.columns, static_cast<std::int32_t>(table.columns.size()) - 1);
  writer.stand(row);
  if (patches) {
    writer.finish_loaded(row, loaded);
  } else {
    PL_TRY(writer.finish_values(row));
  }
  PL_TRY(writer.check(row, &old, change.action, skip, {}, changed));
  const unsigned flags = vm::kCountChange | vm::kUpdate | change.write_flags;
  if (patches) {
    Vector<std::uint16_t> fields;
    for (std::size_t c = 0; c < changed.size(); ++c) {
      if (changed[c]) fields.push_back(static_cast<std::uint16_t>(c));
    }
    const auto load_others = [&]() -> Status {
      g.scope().set(*change.target, old_place);
      PL_TRY(load(false));
      writer.stand(row);
      return {};
    };
    const TableWriter::RowPatch patch{fields, load_others};
    PL_TRY(writer.write(row, &old, flags, &patch));
  } else {
    PL_TRY(writer.write(row, &old, flags));
  }
  writer.stand(row);
  return {};
}

}  // namespace perlite::codegen
