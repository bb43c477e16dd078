// codegen/statement.h: the body of each kind of statement. Internal to this layer.
#pragma once

#include <span>

#include "base/status.h"
#include "bind/bound.h"
#include "codegen/generator.h"

namespace perlite::codegen {

Status generate_statement(Generator& generator, const bind::Statement& statement);
Status generate_select(Generator& generator, const bind::Select& select);
// The names and origins of result columns (SELECT, RETURNING).
void add_result_columns(Generator& generator, std::span<const bind::ResultColumn> columns);

}  // namespace perlite::codegen
