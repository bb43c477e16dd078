// vm/accumulator.h: the state of an aggregate between its steps.
//
// In a register an accumulator is a NULL that owns a block: when the register is released, by a reset or an error as
// well, the block finalizes the aggregate and drops the result, as vm/function.h demands.
#pragma once

#include <cstring>
#include <new>

#include "base/allocator.h"
#include "record/value.h"
#include "vm/function.h"
#include "vm/program.h"

namespace perlite::vm {

// What every call of a function is given by its statement.
struct CallEnvironment {
  FunctionHost* host;
  TextEncoding encoding;

  void prepare(FunctionContext& context, const FunctionCall& call) const noexcept {
    context.function = call.function;
    context.host = host;
    context.collation = call.collation;
    context.encoding = encoding;
    context.moving_frame = call.moving_frame;
    context.schema_use = call.schema_use;
    context.in_schema = call.schema_use != nullptr;
  }
};

// Ends an accumulator whose result nobody wants.
inline void discard_accumulator(const CallEnvironment& environment, const FunctionCall& call, void* state) noexcept {
  FunctionContext context;
  environment.prepare(context, call);
  context.state = state;
  context.discarded = true;
  try {
    call.function->finalize(context);
  } catch (const std::bad_alloc&) {
    // It had nothing to make; what it could not end stays with the function.
  }
}

class Accumulator {
 public:
  // The one in `reg`; null when `reg` holds none.
  static Accumulator* in(const record::Value& reg) noexcept {
    if (!reg.has(record::Value::kPointer) || !reg.has(record::Value::kOwned)) return nullptr;
    const auto& external = reg.block->external();
    return external.pointer_type == kType ? static_cast<Accumulator*>(external.memory) : nullptr;
  }
  // The one in `reg`, begun if there is none.
  static Accumulator& begin(record::Value& reg, const CallEnvironment& environment, const FunctionCall& call) {
    if (Accumulator* known = in(reg); known != nullptr) return *known;
    const std::size_t size = sizeof(Accumulator) + call.function->state_size;
    void* memory = base::Allocator::allocate(size);
    std::memset(memory, 0, size);
    auto* made = ::new (memory) Accumulator(environment, call);
    reg.set_pointer(made, kType, &Accumulator::destroy);
    return *made;
  }

  void* state() noexcept { return this + 1; }
  const FunctionCall& call() const noexcept { return call_; }
  // What step() is called with: made once, its result NULL and its error none between the calls.
  FunctionContext& context() noexcept { return context_; }
  void set_finalized() noexcept { finalized_ = true; }

 private:
  static constexpr const char* kType = "aggregate";

  Accumulator(const CallEnvironment& environment, const FunctionCall& call) noexcept
      : environment_(environment), call_(call) {
    environment.prepare(context_, call);
    context_.state = state();
  }
  static void destroy(void* memory) noexcept {
    auto* self = static_cast<Accumulator*>(memory);
    if (!self->finalized_) discard_accumulator(self->environment_, self->call_, self->state());
    self->~Accumulator();
    base::Allocator::release(memory);
  }

  CallEnvironment environment_;
  const FunctionCall& call_;
  FunctionContext context_;
  bool finalized_ = false;
  // The state follows, aligned to 8.
};
static_assert(sizeof(Accumulator) % 8 == 0);

}  // namespace perlite::vm
