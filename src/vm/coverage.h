// vm/coverage.h: which opcodes were ever executed in this process. Debug builds count; when PERLITE_OPCODE_COVERAGE
// names a file, the names are appended to it at exit, one a line, for the test that asks whether all were.
#pragma once

#include <atomic>

#include "vm/program.h"

namespace perlite::vm {

#ifdef PERLITE_DEBUG
namespace coverage_detail {
extern std::atomic<bool> executed[static_cast<std::size_t>(Opcode::kCount)];
}
inline void note_executed(Opcode opcode) noexcept {
  coverage_detail::executed[static_cast<std::size_t>(opcode)].store(true, std::memory_order_relaxed);
}
#else
inline void note_executed(Opcode) noexcept {}
#endif

}  // namespace perlite::vm
