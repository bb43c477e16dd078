// codegen/scan_kernel.h: the plain beginning of a loop's body, for NextWhere.
#pragma once

#include "base/function_ref.h"
#include "vm/program_builder.h"
#include "vm/scan_kernel.h"

namespace perlite::codegen {

// Reads the instructions from `begin` to the builder's end, where the step to the next entry of `cursor` is about to be
// emitted. is_constant(r): r[r] is filled before the loop and keeps its value. Null when there is nothing for a kernel.
// *body is where to go on for rows for which the conditions hold. The kernel lives as long as the program.
const vm::ScanKernel* make_scan_kernel(vm::ProgramBuilder& builder, int begin, std::int32_t cursor,
                                       FunctionRef<bool(std::int32_t)> is_constant, int* body);

}  // namespace perlite::codegen
