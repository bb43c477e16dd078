// codegen/integrity.h: a program that checks the rows of one table against its constraints and indexes, for PRAGMA
// integrity_check (manual: pragma.html). Each row it gives is a finding, in stock's words (docs/format/btree.md).
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "bind/bound.h"
#include "bind/environment.h"
#include "vm/program.h"

namespace perlite::codegen {

struct IntegrityOptions {
  bool quick = false;  // quick_check: no comparison of rows with index entries
};

// `table` is a relation over a stored table with its expressions bound.
Result<vm::ProgramRef> generate_table_check(const bind::Relation& table, const IntegrityOptions& options,
                                            bind::Environment& environment, Arena& arena);

}  // namespace perlite::codegen
