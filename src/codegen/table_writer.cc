#include "codegen/table_writer.h"

#include <algorithm>

#include "bind/table_description.h"
#include "plan/expressions.h"
#include "vm/comparison.h"
#include "vm/row_flags.h"

namespace perlite::codegen {
namespace {

using bind::ConflictAction;

constexpr std::size_t kTaken = SIZE_MAX - 1;

// The number at the end of an automatic index's name; larger than any for those of CREATE INDEX.
int automatic_number(const catalog::Index& index) noexcept {
  if (index.origin == catalog::IndexOrigin::Create) return INT32_MAX;
  int number = 0;
  int place = 1;
  for (std::size_t i = index.name.size(); i-- > 0 && index.name[i] >= '0' && index.name[i] <= '9' && place < 100000000;
       place *= 10) {
    number += (index.name[i] - '0') * place;
  }
  return number;
}

bool is_older(const catalog::Index& index, const catalog::Index& than) noexcept {
  return automatic_number(index) < automatic_number(than);
}

}  // namespace

ConflictAction TableWriter::resolve(ConflictAction statement, ConflictAction own) const noexcept {
  if (statement != ConflictAction::None) return statement;
  return own != ConflictAction::None ? own : ConflictAction::Abort;
}

bool TableWriter::may_replace(ConflictAction action) const noexcept {
  if (action != ConflictAction::None) return action == ConflictAction::Replace;
  if (table_.rowid_conflict == ConflictAction::Replace) return true;
  if (table_.primary_key != nullptr && table_.primary_key->conflict == ConflictAction::Replace) return true;
  for (const catalog::Index* index : table_.indexes) {
    if (index->conflict == ConflictAction::Replace) return true;
  }
  return false;
}

bool TableWriter::is_within_row(const catalog::Index& index) const noexcept {
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    const std::int32_t column = index.columns[i].column;
    if (column == catalog::kExpressionColumn) return false;
    if (column < 0) continue;
    if (table_.columns[static_cast<std::size_t>(column)].storage_index < 0) return false;
    for (std::size_t before = 0; before < i; ++before) {
      if (index.columns[before].column == column) return false;
    }
  }
  return true;
}

Status TableWriter::open(std::span<const bool> touched) {
  PL_ASSIGN(data_cursor_, g_.write_cursor(database_, table_, nullptr));
  PL_ASSIGN(record_flags_, g_.record_flags(database_));
  indexes_.resize(table_.indexes.size());
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    const catalog::Index& index = *table_.indexes[i];
    indexes_[i].partial = expressions_.indexes[i].where != nullptr;
    indexes_[i].within_row = is_within_row(index);
    if (!touched.empty() && !touched[i]) continue;
    PL_ASSIGN(indexes_[i].cursor, g_.write_cursor(database_, table_, &index));
    indexes_[i].key = b_.new_registers(static_cast<std::int32_t>(index.columns.size()) + 1);
    indexes_[i].record = b_.new_register();
  }
  return {};
}

TableWriter::TouchedOnly::TouchedOnly(TableWriter& writer, const Vector<bool>& touched) : writer_(writer) {
  cursors_.reserve(writer_.indexes_.size());
  for (std::size_t i = 0; i < writer_.indexes_.size(); ++i) {
    IndexCode& code = writer_.indexes_[i];
    cursors_.push_back(code.cursor);
    if (touched[i]) continue;
    code.removal = code.cursor;
    code.cursor = -1;
  }
}

TableWriter::TouchedOnly::~TouchedOnly() {
  for (std::size_t i = 0; i < cursors_.size(); ++i) writer_.indexes_[i].cursor = cursors_[i];
}

bool TableWriter::may_gather(ConflictAction action) const noexcept {
  if (table_.without_rowid || may_replace(action)) return false;
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].cursor >= 0 && table_.indexes[i]->unique) return false;
  }
  // FAIL keeps the rows that were changed before, and must find their entries changed.
  if (action != ConflictAction::None) return action != ConflictAction::Fail;
  const auto fails = [](const auto& constraint) { return constraint.conflict == ConflictAction::Fail; };
  return table_.rowid_conflict != ConflictAction::Fail &&
         std::none_of(table_.checks.begin(), table_.checks.end(), fails) &&
         std::none_of(table_.indexes.begin(), table_.indexes.end(), [&](const auto* index) { return fails(*index); }) &&
         std::none_of(table_.columns.begin(), table_.columns.end(), [](const catalog::Column& column) {
           return column.not_null && column.not_null_conflict == ConflictAction::Fail;
         });
}

Status TableWriter::gather_index_changes(bool only_removals) {
  only_removals_ = only_removals;
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].cursor < 0) continue;
    const catalog::Index& index = *table_.indexes[i];
    PL_ASSIGN(const record::KeyInfo* order, g_.key_of(index));
    if (!only_removals) {
      // Of one key, the entry that goes before the one that comes.
      if (!index.key_fields.empty()) {
        order = b_.key_over(index.key_fields);
      } else {
        Vector<record::KeyField> fields(order->fields.begin(), order->fields.end());
        fields.push_back({nullptr, false, false});
        order = b_.key(fields);
      }
    }
    indexes_[i].sorter = b_.new_cursor();
    b_.emit(Opcode::OpenSorter, indexes_[i].sorter, static_cast<std::int32_t>(order->fields.size())).p4(order);
  }
  return {};
}

// The key is in r[first]..., with a register behind it.
void TableWriter::gather_change(std::size_t i, std::int32_t first, bool comes) {
  const auto width = static_cast<std::int32_t>(table_.indexes[i]->columns.size());
  PL_ASSERT(!(comes && only_removals_));
  if (!only_removals_) b_.emit(Opcode::Integer, comes ? 1 : 0, first + width);
  b_.emit(Opcode::SorterInsert, indexes_[i].sorter, first, width + (only_removals_ ? 0 : 1));
}

Status TableWriter::make_gathered_changes() {
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    const IndexCode& code = indexes_[i];
    if (code.sorter < 0) continue;
    const catalog::Index& index = *table_.indexes[i];
    const auto width = static_cast<std::int32_t>(index.columns.size());
    const Label done = b_.new_label();
    b_.emit(Opcode::SorterSort, code.sorter, done).p5(1);
    const Label loop = b_.here();
    for (std::int32_t k = 0; k < width; ++k) b_.emit(Opcode::SorterColumn, code.sorter, k, code.key + k);
    const Label next = b_.new_label();
    const Label comes = b_.new_label();
    if (!only_removals_) {
      b_.emit(Opcode::SorterColumn, code.sorter, width, code.key + width);
      b_.emit(Opcode::If, code.key + width, comes, 0);
    }
    b_.emit(Opcode::DeleteKey, code.cursor, code.key, width).p5(vm::kMustExist);
    if (!only_removals_) {
      b_.emit(Opcode::Goto, 0, next);
      b_.bind(comes);
      if (code.within_row) {
        write_entry(i, 0);
      } else {
        b_.emit(Opcode::MakeRecord, code.key, width, code.record)
            .p4_affinities(index_affinities(index))
            .p5(record_flags_);
        b_.emit(Opcode::InsertKey, code.cursor, code.record, code.key);
      }
    }
    b_.bind(next);
    b_.emit(Opcode::SorterNext, code.sorter, loop);
    b_.bind(done);
  }
  return {};
}

NewRow TableWriter::new_row() {
  NewRow row;
  const std::size_t count = table_.columns.size();
  if (!table_.without_rowid) row.rowid = b_.new_register();
  row.columns = b_.new_registers(static_cast<std::int32_t>(count));
  std::span<std::int32_t> scope = g_.arena().make_array<std::int32_t>(count + 1);
  scope[0] = row.rowid;
  for (std::size_t c = 0; c < count; ++c) {
    scope[c + 1] = table_.columns[c].is_rowid_alias ? row.rowid : row.columns + static_cast<std::int32_t>(c);
  }
  row.scope = scope;
  return row;
}

Status TableWriter::finish_values(const NewRow& row) {
  const std::size_t count = table_.columns.size();
  const bool any = std::any_of(table_.columns.begin(), table_.columns.end(), [](const catalog::Column& column) {
    return !column.is_rowid_alias && column.affinity > record::Affinity::Blob;
  });
  if (any && !table_.strict) {
    b_.emit(Opcode::Affinity, row.columns, static_cast<std::int32_t>(count)).p4_affinities(column_affinities());
  }
  if (table_.has_generated) PL_TRY(make_generated(row));
  if (table_.strict) b_.emit(Opcode::TypeCheck, row.columns, static_cast<std::int32_t>(count)).p4(&table_);
  return {};
}

bool TableWriter::may_patch(std::span<const bool> changed, std::span<bool> loaded) const {
  if (table_.without_rowid || table_.strict || table_.has_generated) return false;
  if (std::count(changed.begin(), changed.end(), true) > static_cast<std::ptrdiff_t>(vm::RecordPatch::kMaxChanged)) {
    return false;
  }
  if (!g_.environment().switches().ignore_check_constraints) {
    for (const bind::Expr* condition : expressions_.checks) {
      if (reads_changed(*condition, changed)) return false;
    }
  }
  std::copy(changed.begin(), changed.end(), loaded.begin());
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].cursor < 0) continue;
    if (indexes_[i].partial) return false;
    for (const catalog::IndexColumn& column : table_.indexes[i]->columns) {
      if (column.column == catalog::kExpressionColumn) return false;
      if (column.column >= 0) loaded[static_cast<std::size_t>(column.column)] = true;
    }
  }
  return std::find(loaded.begin(), loaded.end(), false) != loaded.end();
}

// Values that go into the record alone get their affinities there.
void TableWriter::finish_loaded(const NewRow& row, std::span<const bool> loaded) {
  if (std::none_of(indexes_.begin(), indexes_.end(), [](const IndexCode& code) { return code.cursor >= 0; })) return;
  b_.emit(Opcode::Affinity, row.columns, static_cast<std::int32_t>(table_.columns.size()))
      .p4_affinities(column_affinities(loaded));
}

Status TableWriter::make_generated(const NewRow& row) {
  const std::size_t count = table_.columns.size();
  // A generated column may read others: each is made after those it reads. A loop was refused when the table was
  // made.
  Vector<bool> done(count, false);
  std::size_t left = 0;
  for (std::size_t c = 0; c < count; ++c) {
    done[c] = expressions_.generated[c] == nullptr;
    left += done[c] ? 0 : 1;
  }
  for (std::size_t round = 0; left > 0 && round <= count; ++round) {
    for (std::size_t c = 0; c < count; ++c) {
      if (done[c]) continue;
      bool ready = true;
      plan::walk(*expressions_.generated[c], [&](const bind::Expr& e) {
        if (const auto* column = e.try_as<bind::ColumnExpr>();
            column != nullptr && column->column >= 0 && column->relation == expressions_.row) {
          ready = ready && done[static_cast<std::size_t>(column->column)];
        }
        return true;
      });
      if (!ready) continue;
      PL_TRY(g_.value_into(expressions_.generated[c], row.columns + static_cast<std::int32_t>(c)));
      g_.apply_affinity(row.columns + static_cast<std::int32_t>(c), table_.columns[c].affinity);
      done[c] = true;
      --left;
    }
  }
  return {};
}

// Ends the statement with a constraint's error; IGNORE and REPLACE do not come here.
Status TableWriter::fail(Code code, ConflictAction action, std::string_view text) {
  b_.emit(Opcode::Halt, static_cast<std::int32_t>(code), static_cast<std::int32_t>(action)).p4(b_.text(text));
  return {};
}

bool reads_changed(const bind::Expr& expr, const bind::Relation* row, std::span<const bool> changed) {
  bool found = false;
  plan::walk(expr, [&](const bind::Expr& e) {
    if (const auto* column = e.try_as<bind::ColumnExpr>(); column != nullptr && column->relation == row) {
      found = found || column->column < 0 || changed[static_cast<std::size_t>(column->column)];
    }
    return true;
  });
  return found;
}

bool TableWriter::reads_changed(const bind::Expr& expr, std::span<const bool> changed) const {
  return changed.empty() || codegen::reads_changed(expr, expressions_.row, changed);
}

Status TableWriter::check(const NewRow& row, const OldRow* old, ConflictAction action, Label skip,
                          std::span<const UpsertTarget> upserts, std::span<const bool> changed) {
  stand(row);
  stands_on_new_keys_ = old == nullptr && !may_replace(action);
  PL_TRY(check_not_null(row, action, skip, changed));
  PL_TRY(check_conditions(action, skip, changed));
  // Entries are made first: a row that REPLACE removes must not take values away that the new ones borrow.
  for (std::size_t i = 0; i < indexes_.size(); ++i) PL_TRY(make_entry(i, old == nullptr));
  // The rowid comes first, but one declared ON CONFLICT REPLACE last: no row may go before a violation is found.
  const bool rowid_replaces = action == ConflictAction::None && table_.rowid_conflict == ConflictAction::Replace &&
                              upserts.empty() && !table_.indexes.empty();
  if (!table_.without_rowid && !rowid_replaces) PL_TRY(check_rowid(row, old, action, skip, upserts));
  // Clauses of an upsert are tried in their order, before the others; then the newest index comes first, as stock
  // reports violations, and those declared ON CONFLICT REPLACE last, whatever the statement says. The key of a WITHOUT ROWID table is one of them: kPrimaryKey.
  constexpr std::size_t kPrimaryKey = SIZE_MAX;
  Vector<std::size_t> all;
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (table_.indexes[i]->unique && indexes_[i].cursor >= 0) all.push_back(i);
  }
  if (table_.without_rowid) {
    std::size_t older = 0;
    while (older < all.size() && is_older(*table_.indexes[all[older]], *table_.primary_key)) ++older;
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(older), kPrimaryKey);
  }
  std::reverse(all.begin(), all.end());
  const auto index_of = [&](std::size_t i) { return i == kPrimaryKey ? table_.primary_key : table_.indexes[i]; };
  Vector<std::size_t> order;
  const auto take = [&](auto wanted) {
    for (std::size_t& i : all) {
      if (i == kTaken || !wanted(*index_of(i))) continue;
      order.push_back(i);
      i = kTaken;
    }
  };
  for (const UpsertTarget& target : upserts) {
    take([&](const catalog::Index& index) { return target.upsert->index == &index; });
  }
  take([](const catalog::Index& index) { return index.conflict != ConflictAction::Replace; });
  take([](const catalog::Index&) { return true; });
  for (const std::size_t i : order) {
    if (i == kPrimaryKey) {
      PL_TRY(check_primary_key(row, old, action, skip, upserts));
    } else {
      PL_TRY(check_index(i, row, old, action, skip, upserts));
    }
  }
  if (rowid_replaces) PL_TRY(check_rowid(row, old, action, skip, upserts));
  return {};
}

// REPLACE puts the default in the place of a NULL; generated columns are made anew where it did, before they are looked at.
Status TableWriter::check_not_null(const NewRow& row, ConflictAction action, Label skip,
                                   std::span<const bool> changed) {
  std::int32_t replaced = 0;  // register: a default was put in; 0 where that does not matter
  for (std::size_t c = 0; c < table_.columns.size() && table_.has_generated && replaced == 0; ++c) {
    const catalog::Column& column = table_.columns[c];
    if (!column.not_null || column.is_rowid_alias || expressions_.defaults[c] == nullptr) continue;
    if (resolve(action, column.not_null_conflict) == ConflictAction::Replace) replaced = b_.new_register();
  }
  if (replaced != 0) b_.emit(Opcode::Integer, 0, replaced);
  for (const bool generated : {false, true}) {
    if (generated && !table_.has_generated) break;
    if (generated && replaced != 0) {
      const Label as_made = b_.new_label();
      b_.emit(Opcode::IfNot, replaced, as_made, 0);
      PL_TRY(make_generated(row));
      b_.bind(as_made);
    }
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      const catalog::Column& column = table_.columns[c];
      if (!column.not_null || column.is_rowid_alias) continue;
      if ((column.generated_kind != catalog::GeneratedKind::None) != generated) continue;
      if (!generated && !changed.empty() && !changed[c]) continue;
      PL_TRY(check_not_null(row, c, resolve(action, column.not_null_conflict), skip, replaced));
    }
  }
  return {};
}

Status TableWriter::check_not_null(const NewRow& row, std::size_t c, ConflictAction action, Label skip,
                                   std::int32_t replaced) {
  const catalog::Column& column = table_.columns[c];
  const std::int32_t reg = row.columns + static_cast<std::int32_t>(c);
  const Label ok = b_.new_label();
  b_.emit(Opcode::NotNull, reg, ok);
  if (action == ConflictAction::Replace) {
    if (expressions_.defaults[c] != nullptr && column.generated_kind == catalog::GeneratedKind::None) {
      PL_TRY(g_.value_into(expressions_.defaults[c], reg));
      g_.apply_affinity(reg, column.affinity);
      if (replaced != 0) b_.emit(Opcode::Integer, 1, replaced);
      b_.emit(Opcode::NotNull, reg, ok);
    }
    action = ConflictAction::Abort;
  }
  if (action == ConflictAction::Ignore) {
    b_.emit(Opcode::Goto, 0, skip);
  } else {
    String text("NOT NULL constraint failed: ");
    text.append(table_.name).append(".").append(column.name);
    PL_TRY(fail(Code::ConstraintNotNull, action, text));
  }
  b_.bind(ok);
  return {};
}

Status TableWriter::check_conditions(ConflictAction action, Label skip, std::span<const bool> changed) {
  if (g_.environment().switches().ignore_check_constraints) return {};
  for (std::size_t k = 0; k < table_.checks.size(); ++k) {
    const bind::Expr* condition = expressions_.checks[k];
    if (!reads_changed(*condition, changed) && !table_.has_generated) continue;
    ConflictAction resolved = resolve(action, table_.checks[k].conflict);
    if (resolved == ConflictAction::Replace) resolved = ConflictAction::Abort;
    const Label ok = b_.new_label();
    PL_TRY(g_.jump_if_true(condition, ok, true));
    if (resolved == ConflictAction::Ignore) {
      b_.emit(Opcode::Goto, 0, skip);
    } else {
      String text("CHECK constraint failed: ");
      text.append(table_.checks[k].name.empty() ? table_.checks[k].text : table_.checks[k].name);
      PL_TRY(fail(Code::ConstraintCheck, resolved, text));
    }
    b_.bind(ok);
  }
  return {};
}

// The clause that a conflict on this index (or the rowid) belongs to, null when there is none.
const bind::Upsert* TableWriter::upsert_of(const catalog::Index* index, bool rowid,
                                           std::span<const UpsertTarget> upserts, Label* label) const {
  for (const UpsertTarget& target : upserts) {
    const bind::Upsert& u = *target.upsert;
    const bool every = u.index == nullptr && !u.rowid;
    if (every || (rowid && u.rowid) || (index != nullptr && u.index == index)) {
      *label = target.label;
      return &u;
    }
  }
  return nullptr;
}

Status TableWriter::check_rowid(const NewRow& row, const OldRow* old, ConflictAction action, Label skip,
                                std::span<const UpsertTarget> upserts) {
  if (old != nullptr ? !old->key_may_change : row.rowid_is_unused) return {};
  const Label ok = b_.new_label();
  if (old != nullptr) b_.emit(Opcode::Eq, row.rowid, ok, old->rowid);
  b_.emit(Opcode::NotExists, data_cursor_, ok, row.rowid);
  Label upsert;
  if (upsert_of(nullptr, true, upserts, &upsert) != nullptr) {
    b_.emit(Opcode::Goto, 0, upsert);
    b_.bind(ok);
    return {};
  }
  const ConflictAction resolved = resolve(action, table_.rowid_conflict);
  if (resolved == ConflictAction::Ignore) {
    b_.emit(Opcode::Goto, 0, skip);
  } else if (resolved == ConflictAction::Replace) {
    PL_TRY(remove_current(0));
    stand(row);
  } else {
    String text("UNIQUE constraint failed: ");
    text.append(table_.name).append(".");
    if (table_.rowid_alias >= 0) {
      text.append(table_.columns[static_cast<std::size_t>(table_.rowid_alias)].name);
      PL_TRY(fail(Code::ConstraintPrimaryKey, resolved, text));
    } else {
      text.append("rowid");
      PL_TRY(fail(Code::ConstraintRowid, resolved, text));
    }
  }
  b_.bind(ok);
  return {};
}

Status TableWriter::check_primary_key(const NewRow& row, const OldRow* old, ConflictAction action, Label skip,
                                      std::span<const UpsertTarget> upserts) {
  if (old != nullptr && !old->key_may_change) return {};
  const catalog::Index& key = *table_.primary_key;
  const std::int32_t width = key.key_columns;
  const std::int32_t fields = b_.new_registers(width);
  for (std::int32_t i = 0; i < width; ++i) {
    b_.emit(Opcode::Alias, row.columns + key.columns[static_cast<std::size_t>(i)].column, fields + i);
  }
  const Label ok = b_.new_label();
  if (old != nullptr) {
    // The row may stand in its own way.
    PL_ASSIGN(const record::KeyInfo* const order, g_.key_of(key));
    const Label differs = b_.new_label();
    b_.emit(Opcode::Compare, fields, old->primary_key, width).p4(order);
    b_.emit(Opcode::JumpCompare, differs, ok, differs);
    b_.bind(differs);
  }
  b_.emit(Opcode::NotFound, data_cursor_, ok, fields).p4(static_cast<std::int64_t>(width));
  Label upsert;
  if (upsert_of(&key, false, upserts, &upsert) != nullptr) {
    b_.emit(Opcode::Goto, 0, upsert);
    b_.bind(ok);
    return {};
  }
  const ConflictAction resolved = resolve(action, key.conflict);
  if (resolved == ConflictAction::Ignore) {
    b_.emit(Opcode::Goto, 0, skip);
  } else if (resolved == ConflictAction::Replace) {
    PL_TRY(remove_current(0));
    stand(row);
  } else {
    PL_TRY(fail(Code::ConstraintPrimaryKey, resolved, unique_text(key)));
  }
  b_.bind(ok);
  return {};
}

String TableWriter::unique_text(const catalog::Index& index) const {
  String text("UNIQUE constraint failed: ");
  for (std::size_t i = 0; i < index.key_columns; ++i) {
    if (index.columns[i].column == catalog::kExpressionColumn) {
      text = "UNIQUE constraint failed: index '";
      text.append(index.name).append("'");
      return text;
    }
    if (i > 0) text.append(", ");
    const std::int32_t column = index.columns[i].column;
    text.append(table_.name)
        .append(".")
        .append(column < 0 ? std::string_view("rowid") : table_.columns[static_cast<std::size_t>(column)].name);
  }
  return text;
}

// Of a row that is made; a rowid alias is not there.
const char* TableWriter::column_affinities() {
  if (table_.description != nullptr) return table_.description->affinities;
  return column_affinities({});
}

// Of the columns that are wanted; of none means of all.
const char* TableWriter::column_affinities(std::span<const bool> wanted) {
  String letters;
  for (std::size_t c = 0; c < table_.columns.size(); ++c) {
    const catalog::Column& column = table_.columns[c];
    const bool has_none = column.is_rowid_alias || (!wanted.empty() && !wanted[c]);
    letters += vm::affinity_letter(has_none ? record::Affinity::Blob : column.affinity);
  }
  return b_.affinities(letters);
}

const char* TableWriter::index_affinities(const catalog::Index& index) {
  if (index.affinities != nullptr) return index.affinities;
  String letters;
  for (const catalog::IndexColumn& column : index.columns) {
    const auto affinity =
        column.column >= 0 ? table_.columns[static_cast<std::size_t>(column.column)].affinity : record::Affinity::Blob;
    letters += vm::affinity_letter(affinity);
  }
  return b_.affinities(letters);
}

Status TableWriter::index_key(std::size_t i, const bind::Relation& relation, std::int32_t first) {
  const catalog::Index& index = *table_.indexes[i];
  for (std::size_t k = 0; k < index.columns.size(); ++k) {
    const std::int32_t target = first + static_cast<std::int32_t>(k);
    if (index.columns[k].column == catalog::kExpressionColumn) {
      PL_TRY(g_.value_into(expressions_.indexes[i].columns[k], target));
    } else {
      PL_TRY(g_.column_into(relation, index.columns[k].column, target));
    }
  }
  return {};
}

// The new entry of an index: its fields and, where it is needed before it is written, its record, which is NULL where a
// partial index has no entry.
Status TableWriter::make_entry(std::size_t i, bool of_new_row) {
  IndexCode& code = indexes_[i];
  if (code.cursor < 0) return {};
  const catalog::Index& index = *table_.indexes[i];
  const Label none = b_.new_label();
  if (code.partial) {
    b_.emit(Opcode::Null, 0, code.record);
    PL_TRY(g_.jump_if_false(expressions_.indexes[i].where, none, true));
  }
  PL_TRY(index_key(i, *expressions_.row, code.key));
  if (of_new_row && writes_fields(code)) return {};
  if (code.sorter >= 0) {
    b_.emit(Opcode::Integer, 1, code.record);  // there is one; it is made later
  } else {
    b_.emit(Opcode::MakeRecord, code.key, static_cast<std::int32_t>(index.columns.size()), code.record)
        .p4_affinities(index_affinities(index))
        .p5(record_flags_);
  }
  b_.bind(none);
  return {};
}

// Puts the data cursor on the row that an index entry, on which the index cursor stands, belongs to.
void TableWriter::position_on_conflict(std::size_t i) {
  const catalog::Index& index = *table_.indexes[i];
  const Label missing = b_.new_label();
  if (!table_.without_rowid) {
    const std::int32_t rowid = b_.temporary();
    b_.emit(Opcode::IndexRowid, indexes_[i].cursor, rowid);
    b_.emit(Opcode::NotExists, data_cursor_, missing, rowid);
    b_.release(rowid);
  } else {
    const catalog::Index& key = *table_.primary_key;
    const std::int32_t fields = b_.new_registers(key.key_columns);
    for (std::int32_t k = 0; k < key.key_columns; ++k) {
      const catalog::IndexColumn& wanted = key.columns[static_cast<std::size_t>(k)];
      for (std::size_t f = 0; f < index.columns.size(); ++f) {
        if (index.columns[f].column != wanted.column) continue;
        b_.emit(Opcode::Column, indexes_[i].cursor, static_cast<std::int32_t>(f), fields + k);
        break;
      }
    }
    b_.emit(Opcode::NotFound, data_cursor_, missing, fields).p4(static_cast<std::int64_t>(key.key_columns));
  }
  const Label found = b_.new_label();
  b_.emit(Opcode::Goto, 0, found);
  b_.bind(missing);
  b_.emit(Opcode::Halt, static_cast<std::int32_t>(Code::CorruptIndex),
          static_cast<std::int32_t>(ConflictAction::Abort));
  b_.bind(found);
}

Status TableWriter::check_index(std::size_t i, const NewRow& row, const OldRow* old, ConflictAction action, Label skip,
                                std::span<const UpsertTarget> upserts) {
  const catalog::Index& index = *table_.indexes[i];
  IndexCode& code = indexes_[i];
  const Label ok = b_.new_label();
  if (code.partial) b_.emit(Opcode::IsNull, code.record, ok);
  b_.emit(Opcode::NoConflict, code.cursor, ok, code.key).p4(static_cast<std::int64_t>(index.key_columns));
  if (old != nullptr) {
    // The entry found may be the row's own.
    if (!table_.without_rowid) {
      const std::int32_t rowid = b_.temporary();
      b_.emit(Opcode::IndexRowid, code.cursor, rowid);
      b_.emit(Opcode::Eq, rowid, ok, old->rowid);
      b_.release(rowid);
    } else {
      const catalog::Index& key = *table_.primary_key;
      const std::int32_t fields = b_.new_registers(key.key_columns);
      for (std::int32_t k = 0; k < key.key_columns; ++k) {
        for (std::size_t f = 0; f < index.columns.size(); ++f) {
          if (index.columns[f].column != key.columns[static_cast<std::size_t>(k)].column) continue;
          b_.emit(Opcode::Column, code.cursor, static_cast<std::int32_t>(f), fields + k);
          break;
        }
      }
      PL_ASSIGN(const record::KeyInfo* const order, g_.key_of(key));
      const Label differs = b_.new_label();
      b_.emit(Opcode::Compare, fields, old->primary_key, key.key_columns).p4(order);
      b_.emit(Opcode::JumpCompare, differs, ok, differs);
      b_.bind(differs);
    }
  }
  Label upsert;
  if (const bind::Upsert* clause = upsert_of(&index, false, upserts, &upsert); clause != nullptr) {
    if (!clause->do_nothing) position_on_conflict(i);
    b_.emit(Opcode::Goto, 0, upsert);
    b_.bind(ok);
    return {};
  }
  const ConflictAction resolved = resolve(action, index.conflict);
  if (resolved == ConflictAction::Ignore) {
    b_.emit(Opcode::Goto, 0, skip);
  } else if (resolved == ConflictAction::Replace) {
    position_on_conflict(i);
    PL_TRY(remove_current(0, i));
    stand(row);
  } else {
    PL_TRY(fail(index.origin == catalog::IndexOrigin::PrimaryKey ? Code::ConstraintPrimaryKey : Code::ConstraintUnique,
                resolved, unique_text(index)));
  }
  b_.bind(ok);
  return {};
}

// The key of index `met` is not needed.
Status TableWriter::remember(OldRow* old, bool all_indexes, std::size_t met, KeysLive keys_live) {
  g_.scope().set(*expressions_.row, RowSource::tree(data_cursor_));
  std::span<std::int32_t> keys = g_.arena().make_array<std::int32_t>(indexes_.size());
  std::span<std::int32_t> present = g_.arena().make_array<std::int32_t>(indexes_.size());
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if ((indexes_[i].cursor < 0 && !all_indexes) || i == met) continue;
    const auto width = static_cast<std::int32_t>(table_.indexes[i]->columns.size());
    keys[i] = b_.new_registers(width + 1);
    const Label none = b_.new_label();
    if (indexes_[i].partial) {
      present[i] = b_.new_register();
      b_.emit(Opcode::Null, 0, present[i]);
      PL_TRY(g_.jump_if_false(expressions_.indexes[i].where, none, true));
      b_.emit_integer(1, present[i]);
    }
    if (indexes_[i].sorter >= 0 || keys_live == KeysLive::AsTheRow) {
      PL_TRY(index_key(i, *expressions_.row, keys[i]));
    } else {
      // The key outlives the row: writing the table ends what was borrowed from it.
      const std::int32_t fields = b_.new_registers(width);
      PL_TRY(index_key(i, *expressions_.row, fields));
      b_.emit(Opcode::Copy, fields, keys[i], width - 1);
    }
    b_.bind(none);
  }
  old->index_keys = keys;
  old->index_present = present;
  if (table_.without_rowid) {
    const catalog::Index& key = *table_.primary_key;
    const std::int32_t fields = b_.new_registers(key.key_columns);
    for (std::int32_t k = 0; k < key.key_columns; ++k) b_.emit(Opcode::Column, data_cursor_, k, fields + k);
    old->primary_key = b_.new_registers(key.key_columns);
    b_.emit(Opcode::Copy, fields, old->primary_key, key.key_columns - 1);
  }
  return {};
}

Status TableWriter::remove_current(unsigned flags, std::size_t met) {
  OldRow old;
  // Other indexes than those the statement touches hold entries of this row as well.
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].removal >= 0) continue;
    indexes_[i].removal = indexes_[i].cursor;
    if (indexes_[i].removal < 0) {
      PL_ASSIGN(indexes_[i].removal, g_.write_cursor(database_, table_, table_.indexes[i]));
    }
  }
  // The entries go before the row does, and nothing moves between.
  PL_TRY(remember(&old, true, met, KeysLive::AsTheRow));
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    const Label none = b_.new_label();
    if (old.index_present[i] != 0) b_.emit(Opcode::IsNull, old.index_present[i], none);
    if (i == met) {
      b_.emit(Opcode::DeleteKey, indexes_[i].cursor).p5(vm::kMustExist);
    } else if (indexes_[i].sorter >= 0) {
      gather_change(i, old.index_keys[i], false);
    } else {
      b_.emit(Opcode::DeleteKey, indexes_[i].removal, old.index_keys[i],
              static_cast<std::int32_t>(table_.indexes[i]->columns.size()))
          .p5(vm::kMustExist);
    }
    b_.bind(none);
  }
  if (table_.without_rowid) {
    b_.emit(Opcode::DeleteKey, data_cursor_, old.primary_key, 0).p4(&table_).p5(flags);
  } else {
    b_.emit(Opcode::DeleteRow, data_cursor_).p4(&table_).p5(flags);
  }
  return {};
}

// Where the fields of the row's record stand, in registers in the order of the record.
TableWriter::Fields TableWriter::record_fields(const NewRow& row) {
  String letters;
  if (table_.without_rowid) {
    const auto& fields = table_.primary_key->columns;
    const std::int32_t first = b_.new_registers(static_cast<std::int32_t>(fields.size()));
    for (std::size_t f = 0; f < fields.size(); ++f) {
      b_.emit(Opcode::Alias, row.columns + fields[f].column, first + static_cast<std::int32_t>(f));
      letters += vm::affinity_letter(table_.columns[static_cast<std::size_t>(fields[f].column)].affinity);
    }
    return {first, static_cast<std::int32_t>(fields.size()), b_.affinities(letters)};
  }
  if (table_.record_fields == static_cast<std::int32_t>(table_.columns.size())) {
    return {row.columns, table_.record_fields, column_affinities()};
  }
  // Virtual columns are not stored.
  const std::int32_t first = b_.new_registers(table_.record_fields);
  for (std::size_t c = 0; c < table_.columns.size(); ++c) {
    const catalog::Column& column = table_.columns[c];
    if (column.storage_index < 0) continue;
    b_.emit(Opcode::Alias, row.columns + static_cast<std::int32_t>(c), first + column.storage_index);
    letters += vm::affinity_letter(column.is_rowid_alias ? record::Affinity::Blob : column.affinity);
  }
  return {first, table_.record_fields, b_.affinities(letters)};
}

Status TableWriter::write(const NewRow& row, const OldRow* old, unsigned flags, const RowPatch* patch) {
  const Fields fields = record_fields(row);
  if (old == nullptr) {
    write_new(row, fields, flags);
    return {};
  }
  // The record is made before anything is removed: its values may be borrowed from the row that goes.
  const std::int32_t record = b_.new_register();
  const Label made = b_.new_label();
  if (patch != nullptr) {
    b_.emit(Opcode::PatchRecord, data_cursor_, made, record)
        .p4_pointer(b_.patch({fields.first, static_cast<std::uint32_t>(fields.count), patch->changed, fields.affinities,
                              record_flags_ != 1}));
    PL_TRY(patch->load_others());
  }
  b_.emit(Opcode::MakeRecord, fields.first, fields.count, record).p4_affinities(fields.affinities).p5(record_flags_);
  b_.bind(made);
  remove_old(*old);
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (old->index_keys[i] != 0) add_entry(i);
  }
  if (table_.without_rowid) {
    if (stands_on_new_keys_) flags |= vm::kAtSeek;
    b_.emit(Opcode::InsertKey, data_cursor_, record).p4(&table_).p5(flags);
  } else {
    b_.emit(Opcode::InsertRow, data_cursor_, record, row.rowid).p4(&table_).p5(flags);
  }
  return {};
}

// The row comes first: when it is too long nothing was written yet.
void TableWriter::write_new(const NewRow& row, const Fields& fields, unsigned flags) {
  const bool ones = record_flags_ != 1;
  const vm::RecordLayout* const layout = b_.layout({fields.affinities, &table_, fields.count, ones});
  if (table_.without_rowid) {
    if (stands_on_new_keys_) flags |= vm::kAtSeek;
    b_.emit(Opcode::WriteKey, data_cursor_, fields.first).p4_pointer(layout).p5(flags);
  } else {
    b_.emit(Opcode::WriteRow, data_cursor_, fields.first, row.rowid).p4_pointer(layout).p5(flags);
  }
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].cursor < 0 || !writes_fields(indexes_[i])) {
      add_entry(i);
    } else {
      write_entry(i, at_seek_flag(i));
    }
  }
}

// The entry whose fields stand in the registers of the key.
void TableWriter::write_entry(std::size_t i, unsigned flags) {
  const catalog::Index& index = *table_.indexes[i];
  const auto count = static_cast<std::int32_t>(index.columns.size());
  b_.emit(Opcode::WriteKey, indexes_[i].cursor, indexes_[i].key)
      .p4_pointer(b_.layout({index_affinities(index), nullptr, count, record_flags_ != 1}))
      .p5(flags);
}

unsigned TableWriter::at_seek_flag(std::size_t i) const noexcept {
  return stands_on_new_keys_ && table_.indexes[i]->unique ? unsigned{vm::kAtSeek} : 0u;
}

// The entry whose record make_entry() made, where the index is touched and has one.
void TableWriter::add_entry(std::size_t i) {
  const IndexCode& code = indexes_[i];
  if (code.cursor < 0) return;
  const Label none = b_.new_label();
  if (code.partial) b_.emit(Opcode::IsNull, code.record, none);
  if (code.sorter >= 0) {
    gather_change(i, code.key, true);
  } else {
    b_.emit(Opcode::InsertKey, code.cursor, code.record, code.key).p5(at_seek_flag(i));
  }
  b_.bind(none);
}

// The entries of a row that changes, and the row where it moves.
void TableWriter::remove_old(const OldRow& old) {
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].cursor < 0 || old.index_keys[i] == 0) continue;
    const Label none = b_.new_label();
    if (old.index_present[i] != 0) b_.emit(Opcode::IsNull, old.index_present[i], none);
    if (indexes_[i].sorter >= 0) {
      gather_change(i, old.index_keys[i], false);
    } else {
      b_.emit(Opcode::DeleteKey, indexes_[i].cursor, old.index_keys[i],
              static_cast<std::int32_t>(table_.indexes[i]->columns.size()))
          .p5(vm::kMustExist);
    }
    b_.bind(none);
  }
  if (!old.key_may_change) return;
  const Label gone = b_.new_label();
  if (table_.without_rowid) {
    b_.emit(Opcode::NotFound, data_cursor_, gone, old.primary_key)
        .p4(static_cast<std::int64_t>(table_.primary_key->key_columns));
    b_.emit(Opcode::DeleteKey, data_cursor_, old.primary_key, 0).p4(&table_).p5(vm::kUpdate);
  } else {
    b_.emit(Opcode::NotExists, data_cursor_, gone, old.rowid);
    b_.emit(Opcode::DeleteRow, data_cursor_).p4(&table_).p5(vm::kUpdate);
  }
  b_.bind(gone);
}

}  // namespace perlite::codegen
