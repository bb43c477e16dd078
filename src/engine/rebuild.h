// engine/rebuild.h: the content of a database written anew into an empty store, tree after tree, without holes.
//
// The order of objects is stock's: tables with their automatic indexes, then other indexes, then what has no tree; so
// roots and rows of sqlite_schema get the numbers that stock gives them. Entries go over as they are stored, in order.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "pager/store.h"

namespace perlite::engine {

class Connection;

struct RebuildOptions {
  // Rows of tables with neither index nor INTEGER PRIMARY KEY are counted anew from 1.
  bool renumber_rowids = false;
};

// Copies schema and content of a database of the connection, whose schema is loaded and store in a transaction, into
// `target`, which is in a write transaction and has a new database (btree::init_database) without entries. Header values
// go over too; the schema cookie is one more.
// Errors: Corrupt, "malformed database schema (...)"; Interrupt; those of reading and writing. `target` is then to be
// rolled back.
Status rebuild(Connection& connection, int number, pager::Store& target, const RebuildOptions& options);

}  // namespace perlite::engine
