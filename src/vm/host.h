// vm/host.h: what a running program asks of the engine. Declared here, implemented in engine.
//
//   Threads   called by the thread that runs the statement, under the connection's lock.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/budget.h"
#include "base/ids.h"
#include "base/status.h"
#include "catalog/shape.h"
#include "pager/view.h"
#include "record/value.h"
#include "vm/function.h"
#include "vm/temp_file.h"

namespace perlite::vm {

enum class HostFunction : std::int32_t {
  Attach,  // file, name, key
  Detach,  // name
  Vacuum,  // database number, target file or NULL
  CheckpointWal,
  ReloadSchema,  // database number
  VerifySchemaTable,
  Raise,
  Analyze,
  IncrementalVacuum,
  RenameCheck,  // ALTER: does every object still compile
  LogMessage,
  RefuseReaders,    // Locked when another statement of the connection is running: a tree is about to go
};

// Who may change a row besides SQL itself learns it here (manual: c3ref/update_hook.html, c3ref/preupdate_count.html).
struct RowChange {
  enum class Kind : std::uint8_t { Insert, Update, Delete } kind;
  std::int32_t database;
  const catalog::Table* table;
  RowId old_rowid;
  RowId new_rowid;
  std::span<const std::byte> old_record;  // empty for Insert
  std::span<const std::byte> new_record;  // empty for Delete
};

class Host {
 public:
  virtual ~Host() = default;

  // Transactions. `database` is the number on the connection.
  // begin() starts a read or write transaction of the statement and leaves the schema checked against the program's:
  // Errors: Schema when shape or cookie differ, Busy, ReadOnly, Corrupt, NotADb.
  virtual Status begin(std::int32_t database, bool write, const catalog::Shape* shape, std::uint32_t schema_cookie) = 0;
  virtual pager::View& view(std::int32_t database) = 0;
  virtual Result<PageNo> root_of(std::int32_t database, catalog::EntryId entry) = 0;
  virtual Status auto_commit(int operation) = 0;                       // as opcode AutoCommit
  virtual Status savepoint(int operation, std::string_view name) = 0;  // as opcode Savepoint
  virtual Result<std::uint32_t> read_header(std::int32_t database, std::uint32_t offset) = 0;
  virtual Status write_header(std::int32_t database, std::uint32_t offset, std::uint32_t value) = 0;
  virtual Status schema_changed(std::int32_t database, bool rows_added_only) = 0;  // as opcode SchemaChanged

  // A store for ephemeral trees and spilled rows: a temporary file or memory database of the connection (temp_store).
  // In a write transaction, empty, without a journal; goes with release_temporary().
  virtual Result<pager::View*> open_temporary() = 0;
  virtual void release_temporary(pager::View* view) noexcept = 0;
  // A file for rows of sorters, hash tables and row buffers that passed their budget.
  virtual Result<UniquePtr<TempFile>> open_temporary_file() = 0;

  // The row door. listening() is the one test when nobody does. row_changing() is told before the change, row_changed()
  // when it was made; the spans hold for the call.
  virtual bool listening() const noexcept = 0;
  virtual Status row_changing(const RowChange& change) = 0;
  virtual Status row_changed(const RowChange& change) = 0;
  virtual void set_last_insert_rowid(RowId rowid) noexcept = 0;
  virtual void set_changes(std::int64_t changes) noexcept = 0;
  virtual void add_total_changes(std::int64_t changes) noexcept = 0;

  virtual Status call(HostFunction function, std::span<record::Value> arguments, const void* extra,
                      record::Value& result) = 0;

  virtual Budget& budget() noexcept = 0;
  virtual FunctionHost& functions() noexcept = 0;
  virtual int limit(int id) const noexcept = 0;              // run-time limits by public id
  virtual std::int64_t& foreign_key_counter() noexcept = 0;  // deferred violations of the transaction
  virtual bool recursive_triggers() const noexcept = 0;
};

}  // namespace perlite::vm
