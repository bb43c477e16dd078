// catalog/shape.h: what the schema of one database defines.
//
// A Shape is immutable once published, shared between connections and files, and found by a hash of its schema texts
// (catalog/shape_registry.h). It holds the rows of sqlite_schema as texts; an object is parsed on its first use through
// a DdlReader and published by one atomic pointer. Root pages, the cookie and statistics belong to one file at one
// version: they are the Placement.
//
//   Ownership  objects and their trees live as long as the Shape; names are NUL-terminated UTF-8 there.
//   Threads    all const functions may be called by any thread.
//   Names      compare without regard to ASCII case, here and everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "record/affinity.h"
#include "record/record.h"

namespace perlite::sql {
struct Expr;
struct Select;
struct Statement;
}  // namespace perlite::sql

namespace perlite::catalog {

using record::Affinity;
struct Table;
struct Index;
struct Trigger;
struct ColumnLookup;
struct TableDescription;  // what DdlReader knows of a table once and for all: bind/table_description.h

// The place of an object in its shape: the ordinal of its row in sqlite_schema, 0-based; sqlite_schema itself is kSchemaEntry.
using EntryId = std::int32_t;
inline constexpr EntryId kSchemaEntry = -1;
inline constexpr EntryId kNoEntry = -2;  // views, made-up relations

enum class EntryType : std::uint8_t { Table, Index, View, Trigger, Other };

// One row of sqlite_schema. `sql` is empty for automatic indexes (NULL in the file).
struct Entry {
  EntryType type;
  std::string_view name;
  std::string_view table_name;
  std::string_view sql;
  bool has_root;  // false: views, triggers, virtual tables
};

// Values of ON CONFLICT; None means no clause was written (acts as Abort).
enum class ConflictAction : std::uint8_t { None, Rollback, Abort, Fail, Ignore, Replace };

enum class GeneratedKind : std::uint8_t { None, Virtual, Stored };

struct Column {
  std::string_view name;
  std::string_view declared_type;  // as written, words joined by one blank; empty for none
  Affinity affinity;
  std::string_view collation;             // "BINARY" unless a COLLATE clause was written
  const sql::Expr* default_value;         // null: NULL
  std::string_view default_text;          // as PRAGMA table_info shows it; empty with default_value null
  const sql::Expr* generated;             // expression of a generated column, else null
  GeneratedKind generated_kind;
  bool not_null;
  ConflictAction not_null_conflict;
  std::uint16_t key_position;   // 1-based place in the PRIMARY KEY, 0 when not part of it
  std::int16_t storage_index;   // field of the table's record; -1 for virtual generated columns
  bool hidden;                  // hidden column of a virtual table
  bool is_rowid_alias;          // INTEGER PRIMARY KEY
};

inline constexpr int kRowidColumn = -1;
inline constexpr int kExpressionColumn = -2;

struct IndexColumn {
  std::int32_t column;      // of the table, or kRowidColumn, or kExpressionColumn
  const sql::Expr* expression;  // with kExpressionColumn
  std::string_view collation;
  bool descending;
};

enum class IndexOrigin : std::uint8_t { Create, Unique, PrimaryKey };

struct Index {
  std::string_view name;
  const Table* table;
  EntryId entry;            // the tree; for the primary key of a WITHOUT ROWID table the table's own entry
  std::int32_t ordinal;     // place in table->indexes
  bool unique;
  IndexOrigin origin;
  ConflictAction conflict;                  // of the constraint that made it
  std::uint16_t key_columns;                // declared columns: columns[0..key_columns)
  std::span<const IndexColumn> columns;     // whole index record, tail (rowid or key columns) included
  const sql::Expr* where;                   // partial index
  std::string_view sql;                     // text of CREATE INDEX, empty for automatic ones
  bool is_table;                            // the b-tree of a WITHOUT ROWID table itself
  // Of indexes in a shape; null and empty of others.
  const char* affinities;                        // of the columns, a letter each
  // Only where no collation is the host's.
  std::span<const record::KeyField> key_fields;  // of the order, and a plain one behind them
  std::span<const record::KeyInfo> orders;       // by encoding

  // How its entries are ordered; null where that is the host's to say.
  const record::KeyInfo* order(TextEncoding encoding) const noexcept {
    return orders.empty() ? nullptr : &orders[static_cast<std::size_t>(encoding) - 1];
  }
};

struct Check {
  std::string_view name;  // of the constraint, may be empty
  const sql::Expr* expression;
  std::string_view text;  // the expression as written
  ConflictAction conflict;
};

enum class ForeignKeyAction : std::uint8_t { NoAction, Restrict, SetNull, SetDefault, Cascade };

struct ForeignKey {
  const Table* child;
  std::string_view parent;
  std::span<const std::int32_t> child_columns;
  std::span<const std::string_view> parent_columns;  // empty: the parent's primary key
  ForeignKeyAction on_delete;
  ForeignKeyAction on_update;
  std::string_view match;
  bool deferred;
};

enum class TriggerTime : std::uint8_t { Before, After, InsteadOf };
enum class TriggerEvent : std::uint8_t { Insert, Update, Delete };

struct Trigger {
  std::string_view name;
  std::string_view table_name;
  EntryId entry;
  TriggerTime time;
  TriggerEvent event;
  std::span<const std::string_view> update_of;
  const sql::Statement* statement;  // CREATE TRIGGER
  std::string_view sql;
};

enum class TableKind : std::uint8_t { Ordinary, View, Virtual };

struct Table {
  std::string_view name;
  TableKind kind;
  EntryId entry;
  std::span<const Column> columns;
  std::int32_t rowid_alias;     // index of the INTEGER PRIMARY KEY column, or -1
  std::uint16_t record_fields;  // fields of a full record of the table's tree
  bool without_rowid;
  bool strict;
  bool autoincrement;
  bool has_generated;
  bool is_schema;               // sqlite_schema itself
  ConflictAction rowid_conflict;             // ON CONFLICT of the INTEGER PRIMARY KEY
  const Index* primary_key;                  // WITHOUT ROWID: the tree's own order; else null
  std::span<const Index* const> indexes;     // in the order of sqlite_schema; a WITHOUT ROWID primary key is not among them
  std::span<const Check> checks;
  std::span<const ForeignKey> foreign_keys;
  std::span<const Trigger* const> triggers;  // of the same database, newest first
  // Views
  const sql::Select* select;
  std::span<const std::string_view> view_columns;  // names in CREATE VIEW v(...), may be empty
  // Virtual tables
  std::string_view module;
  std::span<const std::string_view> module_arguments;
  std::string_view sql;  // text of sqlite_schema.sql
  const ColumnLookup* lookup;  // null: few columns
  const TableDescription* description;  // of tables in a shape; null: none was made

  // Index of the column called `column`, -1 when there is none.
  int find_column(std::string_view column) const noexcept;
};

class DdlReader;

class Shape {
 public:
  virtual ~Shape() = default;
  virtual std::span<const Entry> entries() const noexcept = 0;
  // The objects; null when there is none of that name and kind. Errors: Corrupt "malformed database schema (NAME) - WHY".
  // find_table answers for tables, views and virtual tables, and for sqlite_schema and its other names.
  virtual Result<const Table*> find_table(std::string_view name) const = 0;
  virtual Result<const Index*> find_index(std::string_view name) const = 0;
  virtual Result<const Trigger*> find_trigger(std::string_view name) const = 0;
  virtual Result<const Table*> table_of_entry(EntryId entry) const = 0;
  // Triggers whose rows name `table`, newest first; for tables of other databases too (temp triggers).
  virtual Result<std::span<const Trigger* const>> triggers_on(std::string_view table) const = 0;
  // Entry by name without parsing; kNoEntry when absent. Table finds tables and virtual tables, Other finds any of
  // tables, views and indexes, which share one name space.
  virtual EntryId find_entry(EntryType type, std::string_view name) const noexcept = 0;
  virtual std::uint64_t hash() const noexcept = 0;
  virtual bool is_temp() const noexcept = 0;
  virtual std::size_t memory_used() const noexcept = 0;  // bytes, of what was parsed so far, too
};

// What belongs to one file at one version.
struct TreeStatistics {  // one row of sqlite_stat1
  EntryId index;         // or of the table when it has no index in sqlite_stat1
  std::uint64_t rows;
  Vector<std::uint64_t> average_equal;  // rows per distinct prefix of 1, 2, ... columns
  std::uint32_t row_size;               // from "sz=", 0 unknown
  bool unordered;
  bool no_skip_scan;
};

struct Placement {
  Vector<PageNo> roots;        // by EntryId; 0 where the object has no tree
  std::uint32_t schema_cookie = 0;
  std::uint32_t schema_format = 0;
  Vector<TreeStatistics> statistics;

  PageNo root(EntryId entry) const noexcept {
    return entry == kSchemaEntry ? PageNo(1) : roots[static_cast<std::size_t>(entry)];
  }
  const TreeStatistics* statistics_of(EntryId index) const noexcept;
  std::size_t memory_used() const noexcept;  // bytes
};

}  // namespace perlite::catalog
