// codegen/integrity.h: a program that checks the rows of one table against its constraints and indexes, for PRAGMA
// integrity_check (manual: pragma.html). Each row it gives is a finding, in stock's words (docs/format/btree.md); after
// kDamagedRow it gives no more, and the whole check ends.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "bind/bound.h"
#include "bind/environment.h"
#include "vm/program.h"

namespace perlite::codegen {

inline constexpr std::string_view kDamagedRow = "database disk image is malformed";

// `table`: the expressions of a stored table, all of them bound, as an INSERT has them. `quick`: quick_check, which does
// not look at the order of keys, nor for the rows in the indexes.
Result<vm::ProgramRef> generate_table_check(const bind::TableExpressions& table, bool quick,
                                            bind::Environment& environment, Arena& arena);

}  // namespace perlite::codegen
