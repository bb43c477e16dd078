// codegen/codegen.h: the door of this layer: from a bound statement to a program.
//
// Plans the statement and writes its program. Bound tree, shapes and environment are only looked at; the program owns what
// it keeps, except what DESIGN calls imports (functions, collations, sources of the connection).
//   Errors  those of planning; TooBig past the limits of a program; Error with stock's text for what is not supported.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "bind/bound.h"
#include "bind/environment.h"
#include "plan/planner.h"
#include "vm/program.h"

namespace perlite::codegen {

struct GenerateOptions {
  plan::PlanOptions plan;
  std::int32_t explain = 0;  // 0; 1 EXPLAIN; 2 EXPLAIN QUERY PLAN: of the program made, set in it
  std::int32_t parameter_count = 0;
  std::span<const std::string_view> parameter_names;  // by number - 1; data() null: nameless
  vm::SpareProgram* spare = nullptr;                  // to make the program in; may be null
};

// `arena` holds the plan and may go when this returns.
Result<vm::ProgramRef> generate(const bind::Statement& statement, bind::Environment& environment,
                                const GenerateOptions& options, Arena& arena);

}  // namespace perlite::codegen
