// engine/database.h: one database of a connection: its store, its schema, its switches.
//
//   0 main, 1 temp (opened on first use), 2... attached. The schema is loaded on first need and dropped when the file's
//   cookie says that somebody changed it; a transaction that changed it itself holds a private one until it ends.
#pragma once

#include "base/containers.h"
#include "catalog/loader.h"
#include "catalog/shape.h"
#include "engine/shared_cache.h"
#include "pager/store.h"

namespace perlite::engine {

struct Database {
  String name;
  String filename;                 // full path; empty for memory and temporary databases
  pager::Store* store = nullptr;   // null: temp, not used yet; in one of the next two
  UniquePtr<pager::Store> own;     // the connection's alone
  UniquePtr<SharedMember> shared;  // null: it shares no cache with others
  catalog::ShapeRef shape;         // null: not loaded
  catalog::Placement placement;
  std::int64_t last_schema_row = 0;  // rowid of the last row of sqlite_schema that is in `shape`
  // The schema was changed by the transaction that is open: a rollback must forget it.
  bool schema_is_private = false;
  bool read_only_uri = false;
  bool is_backup_target = false;  // its write transaction is the backup's, and no statement's
  int backups = 0;                // that read from it or write to it
  std::uint64_t checked_version = 0;  // Store::version() at which the cookie was last compared
  int requested_page_size = 0;        // PRAGMA page_size before VACUUM, 0: none
  int requested_reserved_bytes = -1;  // SQLITE_FCNTL_RESERVE_BYTES, -1: none
  int requested_auto_vacuum = -1;     // PRAGMA auto_vacuum before the first page, -1: none
  int default_synchronous = 2;

  // True where the store has a write transaction that commits and rolls back with the connection's.
  bool is_writing() const noexcept { return store != nullptr && store->in_write() && !is_backup_target; }

  void take_store(UniquePtr<pager::Store> opened) noexcept {
    own = std::move(opened);
    store = own.get();
  }
  void forget_schema() noexcept {
    shape = {};
    placement = catalog::Placement{};
    schema_is_private = false;
    checked_version = 0;
  }
};

}  // namespace perlite::engine
