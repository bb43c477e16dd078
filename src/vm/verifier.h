// vm/verifier.h: is a program well formed? Debug builds ask before a program is given out.
//
// Checked: the first instruction is Init and the last does not fall off the end; jumps go to instructions; registers
// and cursors lie within their counts; what is read is written somewhere, and before it on the straight line from the
// start; cursors are opened by some instruction; P4 is of the kind the opcode wants; slots of databases and trees
// exist.
#pragma once

#include "base/status.h"
#include "vm/program.h"

namespace perlite::vm {

// Errors: Internal, with the address and what is wrong there.
Status verify(const Program& program);

// The registers an instruction reads and writes, ranges included.
struct RegisterRange {
  std::int32_t first;
  std::int32_t count;
};
struct RegisterUse {
  RegisterRange reads[3];
  RegisterRange writes[2];
  int read_count = 0;
  int write_count = 0;
};
RegisterUse register_use(const Instruction& instruction) noexcept;

}  // namespace perlite::vm
