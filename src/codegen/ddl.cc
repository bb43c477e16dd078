// CREATE, DROP and REINDEX: trees are made and dropped, and the rows of sqlite_schema that name them.
#include "codegen/change_statements.h"
#include "codegen/index_build.h"
#include "codegen/schema_rows.h"
#include "vm/comparison.h"
#include "vm/row_flags.h"

namespace perlite::codegen {
namespace {

// Deletes the rows of a table of ours (sqlite_sequence, sqlite_stat1) whose first column is `name`, when there is such
// a table.
Status forget_rows(Generator& g, std::int32_t database, std::string_view table_name, std::int32_t field,
                   std::string_view name) {
  vm::ProgramBuilder& b = g.builder();
  PL_ASSIGN(const catalog::Shape* const shape, g.environment().shape(database));
  if (shape->find_entry(catalog::EntryType::Table, table_name) < 0) return {};
  PL_ASSIGN(const catalog::Table* const table, shape->find_table(table_name));
  if (table == nullptr || table->without_rowid || table->kind != catalog::TableKind::Ordinary ||
      !table->indexes.empty())
    return {};
  PL_ASSIGN(const std::int32_t cursor, g.write_cursor(database, *table, nullptr));
  const std::int32_t value = b.new_register();
  const std::int32_t wanted = b.new_register();
  b.emit(Opcode::Constant, 0, wanted).p4(b.text(name));
  const Label done = b.new_label();
  b.emit(Opcode::Rewind, cursor, done);
  const Label loop = b.here();
  const Label next = b.new_label();
  b.emit(Opcode::Column, cursor, field, value);
  b.emit(Opcode::Ne, value, next, wanted).p4(&record::nocase_collation()).p5(vm::kJumpIfNull);
  b.emit(Opcode::DeleteRow, cursor).p5(vm::kKeepPosition);
  b.bind(next);
  b.emit(Opcode::Next, cursor, loop);
  b.bind(done);
  return {};
}

// The rows of the query of CREATE TABLE AS, into the new tree.
Status fill_table(Generator& g, const bind::CreateTable& create, std::int32_t root, std::int32_t slot) {
  vm::ProgramBuilder& b = g.builder();
  const auto width = static_cast<std::int32_t>(create.select->columns.size());
  const std::int32_t cursor = b.new_cursor();
  const std::int32_t rowid = b.new_register();
  PL_ASSIGN(const unsigned format, g.record_flags(create.database));
  String letters;
  for (const catalog::Column& column : create.table->columns) letters += vm::affinity_letter(column.affinity);
  const vm::RecordLayout* const layout = b.layout({b.affinities(letters), nullptr, width, format != 1});
  b.emit(Opcode::OpenRoot, cursor, root, slot);
  PL_TRY(g.query(*create.select, [&](std::int32_t first) -> Status {
    b.emit(Opcode::NewRowid, cursor, rowid);
    b.emit(Opcode::WriteRow, cursor, first, rowid).p4_pointer(layout).p5(vm::kAppend);
    return {};
  }));
  b.emit(Opcode::Close, cursor);
  return {};
}

void begin_change(Generator& g) {
  vm::Program& program = g.builder().program();
  program.read_only = false;
  program.may_abort = true;
}

}  // namespace

Status generate_create_table(Generator& g, const bind::CreateTable& create) {
  begin_change(g);
  if (create.no_op) {
    g.builder().program().read_only = true;
    return {};
  }
  vm::ProgramBuilder& b = g.builder();
  const catalog::Table& table = *create.table;
  SchemaRows rows(g, create.database);
  PL_TRY(rows.open());
  const std::int32_t root = b.new_register();
  b.emit(Opcode::CreateTree, rows.slot(), root, table.without_rowid ? 1 : 0);
  rows.add("table", table.name, table.name, root, create.stored_sql);
  for (const catalog::Index* index : table.indexes) {
    const std::int32_t index_root = b.new_register();
    b.emit(Opcode::CreateTree, rows.slot(), index_root, 1);
    rows.add("index", index->name, table.name, index_root, {});
  }
  if (table.autoincrement) {
    PL_ASSIGN(const catalog::Shape* const shape, g.environment().shape(create.database));
    if (shape->find_entry(catalog::EntryType::Table, "sqlite_sequence") < 0) {
      const std::int32_t sequence_root = b.new_register();
      b.emit(Opcode::CreateTree, rows.slot(), sequence_root, 0);
      rows.add("table", "sqlite_sequence", "sqlite_sequence", sequence_root, "CREATE TABLE sqlite_sequence(name,seq)");
    }
  }
  if (create.select != nullptr) PL_TRY(fill_table(g, create, root, rows.slot()));
  rows.finish();
  return {};
}

Status generate_create_index(Generator& g, const bind::CreateIndex& create) {
  begin_change(g);
  if (create.no_op) {
    g.builder().program().read_only = true;
    return {};
  }
  vm::ProgramBuilder& b = g.builder();
  PL_ASSIGN(const unsigned old_format, g.record_flags(create.database));
  catalog::Index& index = *g.arena().make<catalog::Index>(*create.index);
  if (old_format != 0) {
    const auto columns = g.arena().copy_array(index.columns);
    for (catalog::IndexColumn& column : columns) column.descending = false;
    index.columns = columns;
  }
  SchemaRows rows(g, create.database);
  PL_TRY(rows.open());
  const std::int32_t root = b.new_register();
  b.emit(Opcode::CreateTree, rows.slot(), root, 1);
  rows.add("index", index.name, create.target->table->name, root, create.stored_sql);
  PL_ASSIGN(const record::KeyInfo* const order, g.key_of(index));
  const std::int32_t cursor = b.new_cursor();
  b.emit(Opcode::OpenRoot, cursor, root, rows.slot()).p4(order);
  PL_TRY(build_index(g, index, *create.target, create.expressions, cursor));
  b.emit(Opcode::Close, cursor);
  rows.finish();
  return {};
}

Status generate_create_view(Generator& g, const bind::CreateView& create) {
  begin_change(g);
  if (create.no_op) {
    g.builder().program().read_only = true;
    return {};
  }
  SchemaRows rows(g, create.database);
  PL_TRY(rows.open());
  rows.add("view", create.name, create.name, 0, create.stored_sql);
  rows.finish();
  return {};
}

Status generate_create_trigger(Generator& g, const bind::CreateTrigger& create) {
  begin_change(g);
  if (create.no_op) {
    g.builder().program().read_only = true;
    return {};
  }
  SchemaRows rows(g, create.database);
  PL_TRY(rows.open());
  rows.add("trigger", create.name, create.table_name, 0, create.stored_sql);
  rows.finish();
  return {};
}

Status generate_drop(Generator& g, const bind::Drop& drop) {
  begin_change(g);
  if (drop.no_op) {
    g.builder().program().read_only = true;
    return {};
  }
  SchemaRows rows(g, drop.database);
  PL_TRY(rows.open());
  switch (drop.object) {
    case sql::ObjectKind::Table:
      if (drop.table != nullptr && drop.table->autoincrement)
        PL_TRY(forget_rows(g, drop.database, "sqlite_sequence", 0, drop.name));
      PL_TRY(forget_rows(g, drop.database, "sqlite_stat1", 0, drop.name));
      PL_TRY(forget_rows(g, drop.database, "sqlite_stat4", 0, drop.name));
      PL_TRY(rows.remove({}, 2, drop.name));
      break;
    case sql::ObjectKind::View:
      PL_TRY(rows.remove({}, 2, drop.name));
      break;
    case sql::ObjectKind::Index:
      PL_TRY(forget_rows(g, drop.database, "sqlite_stat1", 1, drop.name));
      PL_TRY(forget_rows(g, drop.database, "sqlite_stat4", 1, drop.name));
      PL_TRY(rows.remove("index", 1, drop.name));
      break;
    case sql::ObjectKind::Trigger:
      PL_TRY(rows.remove("trigger", 1, drop.name));
      break;
  }
  rows.finish();
  return {};
}

Status generate_reindex(Generator& g, const bind::Reindex& reindex) {
  begin_change(g);
  vm::ProgramBuilder& b = g.builder();
  for (const bind::Reindex::Item& item : reindex.items) {
    PL_ASSIGN(const std::int32_t tree, g.tree_of(item.database, *item.target->table, item.index));
    PL_TRY(g.use_database(item.database, true));
    b.emit(Opcode::ClearTree, tree);
    const std::int32_t cursor = b.new_cursor();
    b.emit(Opcode::OpenWrite, cursor, tree);
    PL_TRY(build_index(g, *item.index, *item.target, item.expressions, cursor));
    b.emit(Opcode::Close, cursor);
  }
  return {};
}

}  // namespace perlite::codegen
