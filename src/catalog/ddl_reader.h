// catalog/ddl_reader.h: what a CREATE text defines. Declared here, implemented in bind.
#pragma once

#include "base/arena.h"
#include "catalog/shape.h"

namespace perlite::catalog {

// Reads the texts of sqlite_schema. All results live in the arena given, which is the shape's.
//   Threads   stateless; called under the shape's own lock.
//   Errors    Error with the reason; the catalog words "malformed database schema (NAME) - REASON" around it.
class DdlReader {
 public:
  virtual ~DdlReader() = default;
  // A table, view or virtual table with its automatic indexes (their `entry` is left kNoEntry: the catalog joins them to
  // their rows by name). `indexes` and `triggers` are filled by the catalog afterwards.
  virtual Result<Table*> read_table(std::string_view sql, EntryId entry, Arena& arena) const = 0;
  // An index of CREATE INDEX; `table` is complete but for its indexes.
  virtual Result<Index*> read_index(std::string_view sql, EntryId entry, const Table& table, Arena& arena) const = 0;
  virtual Result<Trigger*> read_trigger(std::string_view sql, EntryId entry, Arena& arena) const = 0;
  // What statements over the table would find out each for itself. The table is complete; its indexes are described, too.
  virtual const TableDescription* describe(Table& table, Arena& arena) const = 0;
};

}  // namespace perlite::catalog
