// INSERT, REPLACE and upsert (manual: lang_insert.html, lang_upsert.html).
//
//   for each row of the source: place values and defaults -> rowid -> checks -> write -> RETURNING
// A source that reads the target is gathered into a buffer first.
#include <algorithm>

#include "codegen/change_statements.h"
#include "codegen/returning.h"
#include "codegen/row_change.h"
#include "codegen/table_writer.h"
#include "vm/row_flags.h"

namespace perlite::codegen {
namespace {

using bind::ConflictAction;

// The largest rowid an AUTOINCREMENT table ever had, kept in sqlite_sequence (autoinc.html).
class Sequence {
 public:
  Sequence(Generator& g, std::int32_t database, const catalog::Table& table)
      : g_(g), b_(g.builder()), database_(database), table_(table) {}

  // Reads it into a register, before the first row.
  Status begin() {
    if (!table_.autoincrement) return {};
    PL_ASSIGN(const catalog::Shape* const shape, g_.environment().shape(database_));
    PL_ASSIGN(const catalog::Table* const sequence, shape->find_table("sqlite_sequence"));
    if (sequence == nullptr || sequence->without_rowid || sequence->kind != catalog::TableKind::Ordinary ||
        sequence->columns.size() != 2) {
      return Status(Code::CorruptSequence);
    }
    PL_ASSIGN(record_flags_, g_.record_flags(database_));
    PL_ASSIGN(cursor_, g_.write_cursor(database_, *sequence, nullptr));
    largest_ = b_.new_register();
    row_ = b_.new_register();
    const std::int32_t name = b_.new_register();
    const std::int32_t wanted = b_.new_register();
    b_.emit(Opcode::Null, 0, row_);
    b_.emit_integer(0, largest_);
    b_.emit(Opcode::Constant, 0, wanted).p4(b_.text(table_.name));
    const Label done = b_.new_label();
    b_.emit(Opcode::Rewind, cursor_, done);
    const Label loop = b_.here();
    const Label next = b_.new_label();
    b_.emit(Opcode::Column, cursor_, 0, name);
    b_.emit(Opcode::Ne, name, next, wanted).p5(vm::kJumpIfNull);
    b_.emit(Opcode::Rowid, cursor_, row_);
    b_.emit(Opcode::Column, cursor_, 1, largest_);
    b_.emit(Opcode::AddImmediate, largest_, 0);
    b_.emit(Opcode::Goto, 0, done);
    b_.bind(next);
    b_.emit(Opcode::Next, cursor_, loop);
    b_.bind(done);
    return {};
  }
  std::int32_t largest() const noexcept { return largest_; }
  void seen(std::int32_t rowid) {
    if (largest_ != 0) b_.emit(Opcode::MaxImmediate, largest_, rowid);
  }
  // Writes it back, after the last row.
  void end() {
    if (largest_ == 0) return;
    const std::int32_t fields = b_.new_registers(2);
    const std::int32_t record = b_.new_register();
    const Label known = b_.new_label();
    b_.emit(Opcode::NotNull, row_, known);
    b_.emit(Opcode::NewRowid, cursor_, row_);
    b_.bind(known);
    b_.emit(Opcode::Constant, 0, fields).p4(b_.text(table_.name));
    b_.emit(Opcode::Copy, largest_, fields + 1, 0);
    b_.emit(Opcode::MakeRecord, fields, 2, record).p5(record_flags_);
    b_.emit(Opcode::InsertRow, cursor_, record, row_);
  }

 private:
  Generator& g_;
  vm::ProgramBuilder& b_;
  std::int32_t database_;
  const catalog::Table& table_;
  unsigned record_flags_ = 0;
  std::int32_t cursor_ = -1;
  std::int32_t largest_ = 0;
  std::int32_t row_ = 0;
};

class InsertCode {
 public:
  InsertCode(Generator& g, const bind::Insert& insert)
      : g_(g),
        b_(g.builder()),
        insert_(insert),
        table_(*insert.target->table),
        writer_(g, insert.target->database, table_, insert.table),
        sequence_(g, insert.target->database, table_),
        returning_(g, insert.returning) {}

  Status generate() {
    vm::Program& program = b_.program();
    program.read_only = false;
    program.changes_counted = true;
    program.may_abort = !writes_one_row() || checks_after_removal() || table_.autoincrement ||
                        upserts_change_keys() || insert_.returning != nullptr;
    PL_TRY(writer_.open());
    row_ = writer_.new_row();
    returning_.open();
    PL_TRY(sequence_.begin());
    if (insert_.select == nullptr) {
      PL_TRY(one_row(0));
    } else if (insert_.reads_target) {
      PL_TRY(gathered());
    } else {
      PL_TRY(g_.query(*insert_.select, [&](std::int32_t first) { return one_row(first); }));
    }
    sequence_.end();
    returning_.give_out();
    return {};
  }

 private:
  bool writes_one_row() const noexcept {
    if (insert_.select == nullptr) return true;
    if (insert_.select->arms.size() != 1) return false;
    // A SELECT counts as several rows even where it gives one: when the disk is full only the statement is undone.
    return insert_.select->arms[0].core->rows.size() == 1;
  }
  // May a constraint fail when REPLACE has removed a row for the sake of another? Where all of them remove rows none
  // does: what cannot be replaced is checked before.
  bool checks_after_removal() const noexcept {
    if (!writer_.may_replace(insert_.on_conflict)) return false;
    if (insert_.on_conflict == bind::ConflictAction::Replace && insert_.upserts.empty()) return false;
    return 1 + std::count_if(table_.indexes.begin(), table_.indexes.end(),
                             [](const catalog::Index* index) { return index->unique; }) > 1;
  }
  // Does an upsert change more than the row itself, where it stands?
  bool upserts_change_keys() const {
    for (const bind::Upsert& upsert : insert_.upserts) {
      const Vector<bool> touched = touched_indexes(table_, insert_.table, upsert.assignments);
      if (std::find(touched.begin(), touched.end(), true) != touched.end()) return true;
      for (const bind::Assignment& a : upsert.assignments) {
        if (a.column < 0) return true;
        const catalog::Column& column = table_.columns[static_cast<std::size_t>(a.column)];
        if (column.is_rowid_alias || (table_.without_rowid && column.key_position != 0)) return true;
      }
    }
    return false;
  }
  // The source's rows go into a buffer before the first is written.
  Status gathered() {
    const auto width = static_cast<std::int32_t>(insert_.select->columns.size());
    const std::int32_t buffer = b_.new_cursor();
    b_.emit(Opcode::OpenBuffer, buffer, width);
    PL_TRY(g_.query(*insert_.select, [&](std::int32_t first) -> Status {
      b_.emit(Opcode::BufferInsert, buffer, first, width);
      return {};
    }));
    const Label done = b_.new_label();
    b_.emit(Opcode::BufferRewind, buffer, done);
    const std::int32_t first = b_.new_registers(width);
    const Label loop = b_.here();
    for (std::int32_t i = 0; i < width; ++i) b_.emit(Opcode::BufferColumn, buffer, i, first + i);
    PL_TRY(one_row(first));
    b_.emit(Opcode::BufferNext, buffer, loop);
    b_.bind(done);
    return {};
  }

  // Does nobody read the new row but who stores it? Affinities are then applied to what is stored.
  bool is_only_stored() const noexcept {
    return !writer_.reads_values() && insert_.returning == nullptr && insert_.upserts.empty() && insert_.triggers.empty();
  }
  // Are the source's values the row as it is stored, each in its place?
  bool stored_as_given() const noexcept {
    if (!is_only_stored() || insert_.columns.size() != table_.columns.size()) return false;
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      const catalog::Column& column = table_.columns[c];
      // REPLACE may put the default in the place of a NULL.
      if (insert_.columns[c] != static_cast<std::int32_t>(c) || column.is_rowid_alias || column.not_null) return false;
    }
    return true;
  }

  // One row of the source in r[first]...
  Status one_row(std::int32_t first) {
    if (stored_as_given()) {
      row_.columns = first;
      return store_row(0);
    }
    std::int32_t given_rowid = 0;
    Vector<std::int32_t> sources(table_.columns.size(), 0);
    for (std::size_t i = 0; i < insert_.columns.size(); ++i) {
      const std::int32_t column = insert_.columns[i];
      const std::int32_t reg = first + static_cast<std::int32_t>(i);
      if (column < 0 || table_.columns[static_cast<std::size_t>(column)].is_rowid_alias) {
        if (given_rowid == 0) given_rowid = reg;
      } else if (sources[static_cast<std::size_t>(column)] == 0) {
        sources[static_cast<std::size_t>(column)] = reg;
      }
    }
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      const catalog::Column& column = table_.columns[c];
      const std::int32_t target = row_.columns + static_cast<std::int32_t>(c);
      if (column.is_rowid_alias) {
        b_.emit(Opcode::Null, 0, target);
      } else if (sources[c] != 0) {
        b_.emit(Opcode::Alias, sources[c], target);
      } else if (column.generated_kind != catalog::GeneratedKind::None) {
        b_.emit(Opcode::Null, 0, target);
      } else if (insert_.table.defaults[c] != nullptr) {
        PL_TRY(g_.value_into(insert_.table.defaults[c], target));
      } else {
        b_.emit(Opcode::Null, 0, target);
      }
    }
    return store_row(given_rowid);
  }

  // The row stands in its registers; `given_rowid`: the register of the source with its rowid, 0: it is made.
  Status store_row(std::int32_t given_rowid) {
    const Label skip = b_.new_label();
    unsigned flags = vm::kCountChange;
    if (!table_.without_rowid) {
      flags |= vm::kLastRowid;
      const std::int32_t largest = sequence_.largest();
      row_.rowid_is_unused = given_rowid == 0;
      if (given_rowid == 0) {
        b_.emit(Opcode::NewRowid, writer_.data_cursor(), row_.rowid, largest);
        flags |= vm::kAppend;
      } else {
        const Label made = b_.new_label();
        const Label given = b_.new_label();
        b_.emit(Opcode::Copy, given_rowid, row_.rowid, 0);
        b_.emit(Opcode::NotNull, row_.rowid, given);
        b_.emit(Opcode::NewRowid, writer_.data_cursor(), row_.rowid, largest);
        b_.emit(Opcode::Goto, 0, made);
        b_.bind(given);
        b_.emit(Opcode::MustBeInt, row_.rowid);
        sequence_.seen(row_.rowid);
        b_.bind(made);
      }
    }
    writer_.stand(row_);
    if (!is_only_stored()) PL_TRY(writer_.finish_values(row_));
    Vector<TableWriter::UpsertTarget> targets;
    for (const bind::Upsert& upsert : insert_.upserts)
      targets.push_back({&upsert, upsert.do_nothing ? skip : b_.new_label()});
    PL_TRY(writer_.check(row_, nullptr, insert_.on_conflict, skip, targets));
    PL_TRY(writer_.write(row_, nullptr, flags));
    writer_.stand(row_);
    PL_TRY(returning_.add());
    for (const TableWriter::UpsertTarget& target : targets) {
      if (target.upsert->do_nothing) continue;
      b_.emit(Opcode::Goto, 0, skip);
      b_.bind(target.label);
      PL_TRY(do_update(*target.upsert, skip));
    }
    b_.bind(skip);
    return {};
  }

  // ON CONFLICT DO UPDATE: the data cursor stands on the row in the way.
  Status do_update(const bind::Upsert& upsert, Label skip) {
    if (insert_.excluded != nullptr) g_.scope().set(*insert_.excluded, RowSource::in_registers(row_.scope));
    RowChange change;
    change.writer = &writer_;
    change.target = insert_.target;
    change.expressions = &insert_.table;
    change.assignments = upsert.assignments;
    change.where = upsert.where;
    change.action = ConflictAction::None;
    change.row_is_read_later = insert_.returning != nullptr;
    {
      const TableWriter::TouchedOnly scope(writer_, touched_indexes(table_, insert_.table, upsert.assignments));
      PL_TRY(change_row(g_, change, skip));
    }
    return returning_.add();
  }

  Generator& g_;
  vm::ProgramBuilder& b_;
  const bind::Insert& insert_;
  const catalog::Table& table_;
  TableWriter writer_;
  Sequence sequence_;
  ReturningRows returning_;
  NewRow row_;
};

}  // namespace

Status generate_insert(Generator& g, const bind::Insert& insert) {
  InsertCode code(g, insert);
  return code.generate();
}

}  // namespace perlite::codegen
