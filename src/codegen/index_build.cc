#include "codegen/index_build.h"

#include "vm/comparison.h"
#include "vm/row_flags.h"

namespace perlite::codegen {
namespace {

String unique_text(const catalog::Index& index) {
  String text("UNIQUE constraint failed: ");
  for (std::size_t i = 0; i < index.key_columns; ++i) {
    const std::int32_t column = index.columns[i].column;
    if (column == catalog::kExpressionColumn) {
      text = "UNIQUE constraint failed: index '";
      text.append(index.name).append("'");
      return text;
    }
    if (i > 0) text.append(", ");
    text.append(index.table->name)
        .append(".")
        .append(column < 0 ? std::string_view("rowid") : index.table->columns[static_cast<std::size_t>(column)].name);
  }
  return text;
}

}  // namespace

Status build_index(Generator& g, const catalog::Index& index, const bind::Relation& target,
                   const bind::TableExpressions::IndexExpressions& expressions, std::int32_t cursor) {
  vm::ProgramBuilder& b = g.builder();
  const catalog::Table& table = *target.table;
  const auto width = static_cast<std::int32_t>(index.columns.size());
  PL_ASSIGN(const record::KeyInfo* const order, g.key_of(index));
  PL_ASSIGN(const unsigned format, g.record_flags(target.database));
  const std::int32_t sorter = b.new_cursor();
  const std::int32_t fields = b.new_registers(width);
  const std::int32_t record = b.new_register();
  String letters;
  for (const catalog::IndexColumn& column : index.columns) {
    letters += vm::affinity_letter(column.column >= 0 ? table.columns[static_cast<std::size_t>(column.column)].affinity
                                                      : record::Affinity::Blob);
  }
  b.emit(Opcode::OpenSorter, sorter, width).p4(order);

  // The scan is of the table itself: an index may not have the columns of another one.
  target.columns_used = ~std::uint64_t{0};
  plan::RowSearch search;
  auto* leaf = g.arena().make<bind::FromNode>();
  leaf->relation = &target;
  search.from = leaf;
  std::span<const bind::Relation*> relations = g.arena().make_array<const bind::Relation*>(1);
  relations[0] = &target;
  search.relations = relations;
  search.where = expressions.where;
  PL_ASSIGN(const plan::RowPlan* const found, g.planner().plan_rows(search));
  PL_TRY(g.search(*found, [&]() -> Status {
    for (std::int32_t i = 0; i < width; ++i) {
      const std::int32_t column = index.columns[static_cast<std::size_t>(i)].column;
      if (column == catalog::kExpressionColumn) {
        PL_TRY(g.value_into(expressions.columns[static_cast<std::size_t>(i)], fields + i));
      } else {
        PL_TRY(g.column_into(target, column, fields + i));
      }
    }
    b.emit(Opcode::SorterInsert, sorter, fields, width);
    return {};
  }));

  const Label done = b.new_label();
  const std::int32_t keys = index.key_columns;
  const std::int32_t before = index.unique ? b.new_registers(keys) : 0;
  if (index.unique) b.emit(Opcode::Null, 0, before, keys - 1);
  b.emit(Opcode::SorterSort, sorter, done);
  const Label loop = b.here();
  for (std::int32_t i = 0; i < width; ++i) b.emit(Opcode::SorterColumn, sorter, i, fields + i);
  if (index.unique) {
    // Entries with a NULL are never equal; the row before the first one is all NULLs.
    const Label differs = b.new_label();
    const Label equal = b.new_label();
    b.emit(Opcode::IsNull, fields, differs, keys);
    b.emit(Opcode::Compare, before, fields, keys).p4(order);
    b.emit(Opcode::JumpCompare, differs, equal, differs);
    b.bind(equal);
    b.emit(Opcode::Halt, static_cast<std::int32_t>(Code::ConstraintUnique),
           static_cast<std::int32_t>(bind::ConflictAction::Abort))
        .p4(b.text(unique_text(index)));
    b.bind(differs);
    b.emit(Opcode::Copy, fields, before, keys - 1);
  }
  b.emit(Opcode::MakeRecord, fields, width, record).p4_affinities(b.affinities(letters)).p5(format);
  b.emit(Opcode::InsertKey, cursor, record, fields).p5(vm::kAppend);
  b.emit(Opcode::SorterNext, sorter, loop);
  b.bind(done);
  b.emit(Opcode::Close, sorter);
  return {};
}

}  // namespace perlite::codegen
