#include "vm/program.h"

namespace perlite::vm {

Program::~Program() {
  for (Program* subprogram : subprograms) subprogram->release();
}

void Program::release() const noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void SpareProgram::keep(ProgramRef program) noexcept {
  if (memory_ != nullptr || program->is_shared()) return;
  auto* const last = const_cast<Program*>(program.get());
  program.give_up();
  last->~Program();
  memory_ = last;
}

UniquePtr<Program> SpareProgram::make() {
  if (memory_ == nullptr) return make_unique<Program>();
  return UniquePtr<Program>(::new (std::exchange(memory_, nullptr)) Program);
}

namespace {
using enum Operand;

constexpr OpcodeInfo kOpcodes[] = {
#define OP(name, p1, p2, p3, effects, synopsis, meaning) {#name, p1, p2, p3, effects, synopsis, meaning},
#include "vm/opcodes.def"
#undef OP
};
static_assert(std::size(kOpcodes) == static_cast<std::size_t>(Opcode::kCount));
static_assert(std::size(kOpcodes) <= 256);
}  // namespace

const OpcodeInfo& opcode_info(Opcode opcode) noexcept { return kOpcodes[static_cast<std::size_t>(opcode)]; }

}  // namespace perlite::vm
