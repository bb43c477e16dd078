// codegen/table_writer.h: code that writes one row of a table: constraints, indexes, conflicts.
//
// Shared by INSERT, the DO UPDATE of an upsert, and UPDATE. The row to be written stands in registers (NewRow), in
// column order, so that the record of an ordinary table is made without moving a value.
//
// Order of what is checked (lang_conflict.html): NOT NULL, CHECK, the rowid, unique indexes, those that REPLACE last.
// Nothing is written before all is checked, but for rows that REPLACE removes.
#pragma once

#include <cstdint>
#include <span>

#include "base/containers.h"
#include "base/function_ref.h"
#include "bind/bound.h"
#include "codegen/generator.h"

namespace perlite::codegen {

// The registers of a row that is being made.
struct NewRow {
  std::int32_t rowid = 0;    // 0 in WITHOUT ROWID tables
  std::int32_t columns = 0;  // first of as many registers as the table has columns; a rowid alias is NULL there
  std::span<const std::int32_t> scope;  // as RowSource::Registers wants them
  bool rowid_is_unused = false;         // it was made for this row: nobody has it
};

// The row that an UPDATE changes: where its cursor stands and what its keys were.
struct OldRow {
  std::int32_t rowid = 0;       // register
  bool key_may_change = false;  // the rowid, or the key of a WITHOUT ROWID table
  std::span<const std::int32_t>
      index_keys;  // by index: first register of the old key's fields; 0: the index is not touched
  std::span<const std::int32_t>
      index_present;             // by index: a register that is NULL when a partial index has no entry; 0: always has
  std::int32_t primary_key = 0;  // WITHOUT ROWID: first register of the old key
};

// Whether an expression over `row`, the row of a table, reads its rowid or one of the columns marked.
bool reads_changed(const bind::Expr& expr, const bind::Relation* row, std::span<const bool> changed);

class TableWriter {
 public:
  // What becomes of a conflict, chosen by the constraint that found it.
  using ConflictCode = FunctionRef<Status()>;
  struct UpsertTarget {
    const bind::Upsert* upsert;
    Label label;  // the code of the clause; the data cursor stands on the row in the way
  };

  TableWriter(Generator& g, std::int32_t database, const catalog::Table& table,
              const bind::TableExpressions& expressions)
      : g_(g), b_(g.builder()), database_(database), table_(table), expressions_(expressions) {}
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  // Opens the cursors for writing. `touched`: by index, whether it changes; empty: all do.
  Status open(std::span<const bool> touched = {});
  std::int32_t data_cursor() const noexcept { return data_cursor_; }
  const catalog::Table& table() const noexcept { return table_; }
  std::int32_t database() const noexcept { return database_; }

  // While it lives the writer leaves alone the indexes that are not touched: for a change of a row among insertions.
  class TouchedOnly {
   public:
    TouchedOnly(TableWriter& writer, const Vector<bool>& touched);
    ~TouchedOnly();
    TouchedOnly(const TouchedOnly&) = delete;
    TouchedOnly& operator=(const TouchedOnly&) = delete;

   private:
    TableWriter& writer_;
    Vector<std::int32_t> cursors_;  // of all
  };

  // From here on changes of the opened indexes are gathered, and made in the order of the keys by
  // make_gathered_changes(): random pages are then visited once each, however little of the tree is in memory. For the
  // statement that changes many rows, asks none of these indexes for a conflict, sees nothing of what it has changed,
  // and is undone as a whole when it fails. `only_removals`: no entry comes.
  Status gather_index_changes(bool only_removals);
  Status make_gathered_changes();
  // True when an UPDATE with this resolution is such a statement, as far as the table's constraints tell.
  bool may_gather(bind::ConflictAction action) const noexcept;

  // Registers for a new row, and its place in the scope of the table's own expressions.
  NewRow new_row();
  void stand(const NewRow& row) { g_.scope().set(*expressions_.row, RowSource::in_registers(row.scope)); }

  // Affinities, generated columns, and the types of STRICT tables. Before check().
  Status finish_values(const NewRow& row);
  // Does the table look at the values of a new row before they are stored, which needs finish_values()?
  bool reads_values() const noexcept {
    return table_.without_rowid || table_.strict || table_.has_generated || !table_.indexes.empty() ||
           !table_.checks.empty();
  }
  // All constraints. Jumps to `skip` when the row is to be left out. `old` is null for an insert. `changed`: by column,
  // what an UPDATE assigned; empty: all. Upserts in the order of their clauses.
  Status check(const NewRow& row, const OldRow* old, bind::ConflictAction action, Label skip,
               std::span<const UpsertTarget> upserts = {}, std::span<const bool> changed = {});
  // An update that assigns few columns: what the others have in the record is copied as it lies there.
  struct RowPatch {
    std::span<const std::uint16_t> changed;  // columns that are assigned, ascending
    FunctionRef<Status()> load_others;       // emits what fills the registers that may_patch() did not ask for
  };
  // Whether an update of the columns `changed` may be made as a patch; then loaded[c] tells which columns must stand in
  // their registers all the same, for the sake of constraints and indexes.
  bool may_patch(std::span<const bool> changed, std::span<bool> loaded) const;
  // In place of finish_values(): of the columns loaded.
  void finish_loaded(const NewRow& row, std::span<const bool> loaded);

  // Writes the row and its index entries; check() came before. For an update the old entries go first, and `patch` is
  // null where all columns are in their registers.
  Status write(const NewRow& row, const OldRow* old, unsigned flags, const RowPatch* patch = nullptr);

  // The fields of an index entry for the row that stands at `relation`, in r[first]...; partial indexes apart.
  Status index_key(std::size_t index, const bind::Relation& relation, std::int32_t first);
  // Removes the row the data cursor stands on, with its index entries. flags: RowFlag. The cursor of index `met`
  // stands on the row's entry already.
  Status remove_current(unsigned flags, std::size_t met = SIZE_MAX);
  // Remembers the keys of the row on the data cursor, which an update is about to change.
  Status remember_old(OldRow* old) { return remember(old, false, SIZE_MAX, KeysLive::Longer); }
  // True when some constraint removes rows that are in the way.
  bool may_replace(bind::ConflictAction action) const noexcept;
  // True when `expr` reads a column of the row that was assigned to.
  bool reads_changed(const bind::Expr& expr, std::span<const bool> changed) const;

 private:
  struct IndexCode {
    std::int32_t cursor = -1;   // -1: not touched
    std::int32_t removal = -1;  // the cursor that removes entries of rows that REPLACE takes away
    std::int32_t key = 0;       // registers of the new key's fields
    std::int32_t record = 0;    // register of the new entry; NULL when a partial index has none
    std::int32_t sorter = -1;   // of gathered changes: the key, and 0 or 1 for an entry that goes or comes, where some come
    bool partial = false;
    bool within_row = false;  // an entry is no longer than the row, but for the rowid
  };
  struct Fields {
    std::int32_t first;
    std::int32_t count;
    const char* affinities;
  };
  Fields record_fields(const NewRow& row);
  void write_new(const NewRow& row, const Fields& fields, unsigned flags);
  void remove_old(const OldRow& old);
  void add_entry(std::size_t index);
  void write_entry(std::size_t index, unsigned flags);
  unsigned at_seek_flag(std::size_t index) const noexcept;
  // How long the keys of the old row's entries are asked for: while it stands, or beyond.
  enum class KeysLive : std::uint8_t { AsTheRow, Longer };
  Status remember(OldRow* old, bool all_indexes, std::size_t met, KeysLive keys_live);
  Status fail(Code code, bind::ConflictAction action, std::string_view text);
  Status make_generated(const NewRow& row);
  Status check_not_null(const NewRow& row, bind::ConflictAction action, Label skip, std::span<const bool> changed);
  Status check_not_null(const NewRow& row, std::size_t c, bind::ConflictAction action, Label skip, std::int32_t replaced);
  Status check_conditions(bind::ConflictAction action, Label skip, std::span<const bool> changed);
  Status check_rowid(const NewRow& row, const OldRow* old, bind::ConflictAction action, Label skip,
                     std::span<const UpsertTarget> upserts);
  Status check_primary_key(const NewRow& row, const OldRow* old, bind::ConflictAction action, Label skip,
                           std::span<const UpsertTarget> upserts);
  Status make_entry(std::size_t index, bool of_new_row);
  // Whether the entries of an index for new rows are written from their fields, without a record made before. One that
  // can be too long where the row is not is made, and refused, before the row is written.
  bool writes_fields(const IndexCode& code) const noexcept {
    return !code.partial && code.within_row && code.sorter < 0;
  }
  bool is_within_row(const catalog::Index& index) const noexcept;
  Status check_index(std::size_t index, const NewRow& row, const OldRow* old, bind::ConflictAction action, Label skip,
                     std::span<const UpsertTarget> upserts);
  const bind::Upsert* upsert_of(const catalog::Index* index, bool rowid, std::span<const UpsertTarget> upserts,
                                Label* label) const;
  void position_on_conflict(std::size_t index);
  const char* index_affinities(const catalog::Index& index);
  const char* column_affinities();
  const char* column_affinities(std::span<const bool> wanted);
  String unique_text(const catalog::Index& index) const;
  void gather_change(std::size_t index, std::int32_t first, bool comes);
  bind::ConflictAction resolve(bind::ConflictAction statement, bind::ConflictAction own) const noexcept;

  Generator& g_;
  vm::ProgramBuilder& b_;
  std::int32_t database_;
  const catalog::Table& table_;
  const bind::TableExpressions& expressions_;
  std::int32_t data_cursor_ = -1;
  unsigned record_flags_ = 0;
  // The unique trees stand where check() looked for the new row's keys in vain, when write() comes to them.
  bool stands_on_new_keys_ = false;
  bool only_removals_ = false;  // of gathered changes
  Vector<IndexCode> indexes_;
};

}  // namespace perlite::codegen
