// vm/row_writer.h: the door every row change goes through.
//
// SQL, REPLACE, foreign-key actions and blob handles change rows of tables here and nowhere else, so that whoever
// listens (hooks, sessions, change capture) hears of each. When nobody does, Host::listening() is the one test it
// costs. Entries of indexes and of ephemeral trees are no rows: they go to the tree directly (table null). So does a row
// that is made in its page (ops::WriteRow), which asks listening() itself and comes here when somebody does.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/containers.h"
#include "base/status.h"
#include "btree/cursor.h"
#include "catalog/shape.h"
#include "vm/host.h"
#include "vm/row_flags.h"

namespace perlite::vm {

// The old row of an UPDATE that deletes and inserts, kept from the one to the other.
struct PendingRow {
  bool present = false;
  RowId rowid;
  Vector<std::byte> record;
};

// Where a change happens. `table` null: no row, nobody is told.
struct RowTarget {
  btree::Cursor& cursor;
  std::int32_t database;  // number on the connection
  const catalog::Table* table;
  PendingRow& pending;
};

// `flags` are RowFlags; those that count and remember are the caller's business. Errors: those of the tree and of the
// listeners; the statement is then in the hands of its savepoint.

// Stores the record under the rowid, replacing one that is there.
Status insert_row(Host& host, const RowTarget& target, RowId rowid, base::Bytes record, std::uint32_t zero_tail,
                  unsigned flags);
// Removes the row the cursor stands on.
Status delete_row(Host& host, const RowTarget& target, unsigned flags);
// Adds a key; `probe` null: found by the tree's order. Tells the door when `table` (WITHOUT ROWID) is not null.
Status insert_key(Host& host, const RowTarget& target, base::Bytes record, const btree::KeyProbe* probe,
                  unsigned flags);
// Removes the entry the cursor stands on.
Status delete_key(Host& host, const RowTarget& target, unsigned flags);

}  // namespace perlite::vm
