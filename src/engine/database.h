// engine/database.h: one database of a connection: its store, its schema, its switches.
//
//   0 main, 1 temp (opened on first use), 2... attached. The schema is loaded on first need and dropped when the file's
//   cookie says that somebody changed it; a transaction that changed it itself holds a private one until it ends.
#pragma once

#include "base/containers.h"
#include "catalog/loader.h"
#include "catalog/shape.h"
#include "pager/store.h"

namespace perlite::engine {

struct Database {
  String name;
  String filename;                // full path; empty for memory and temporary databases
  UniquePtr<pager::Store> store;  // null: temp, not used yet
  catalog::ShapeRef shape;        // null: not loaded
  catalog::Placement placement;
  // The schema was changed by the transaction that is open: a rollback must forget it.
  bool schema_is_private = false;
  bool read_only_uri = false;
  std::uint64_t checked_version = 0;  // Store::version() at which the cookie was last compared
  int requested_page_size = 0;        // PRAGMA page_size before VACUUM, 0: none
  int requested_auto_vacuum = -1;     // PRAGMA auto_vacuum before the first page, -1: none
  int default_synchronous = 2;

  void forget_schema() noexcept {
    shape = {};
    placement = catalog::Placement{};
    schema_is_private = false;
    checked_version = 0;
  }
};

}  // namespace perlite::engine
