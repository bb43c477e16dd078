// codegen/integrity.h: a program that checks the rows of one table against its constraints and indexes, for PRAGMA
// integrity_check (manual: pragma.html). Each row it gives is a finding, in stock's words (docs/format/btree.md).
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "base/status.h"
#include "bind/bound.h"
#include "bind/environment.h"
#include "vm/program.h"

namespace perlite::codegen {

struct IntegrityOptions {
  bool quick = false;  // quick_check: no comparison of rows with index entries
  // Entries of each of the table's indexes, in their order, as the walk over the trees has counted them.
  std::span<const std::uint64_t> entry_counts;
};

// `table`: the expressions of a stored table, all of them bound, as an INSERT has them.
Result<vm::ProgramRef> generate_table_check(const bind::TableExpressions& table, const IntegrityOptions& options,
                                            bind::Environment& environment, Arena& arena);

}  // namespace perlite::codegen
