// vm/disassembler.h: a program as rows: EXPLAIN, and dumps for tests.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/containers.h"
#include "vm/program.h"

namespace perlite::vm {

// The eight columns of EXPLAIN (manual: opcode.html): addr, opcode, p1, p2, p3, p4, p5, comment.
struct DisassembledLine {
  std::int32_t address;
  const char* opcode;
  std::int32_t p1, p2, p3;
  String p4;  // UTF-8, empty for none
  std::uint16_t p5;
  String comment;  // the synopsis with the operands in it
};
// Instructions are numbered through the program and its subprograms, in the order they are met, as EXPLAIN prints them.
std::int32_t disassembled_count(const Program& program) noexcept;
DisassembledLine disassemble(const Program& program, std::int32_t number);

// All lines as text, one instruction a line.
String dump(const Program& program);

}  // namespace perlite::vm
