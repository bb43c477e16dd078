// Handlers of aggregates whose accumulator lives in a register.
#include "vm/machine.h"

namespace perlite::vm::ops {

using record::Value;

namespace {

// A call of one entry of the function over the accumulator.
template <class Entry>
Status call_over(Machine& m, const FunctionCall& call, void* state, Entry entry, FunctionContext& context) {
  m.environment().prepare(context, call);
  context.state = state;
  entry(context);
  return std::move(context.error);
}

Status take_result(Machine& m, FunctionContext& context, Value& out) {
  if (context.result.is_bytes() && context.result.size > m.length_limit()) return Code::TooBig;
  out.take(context.result);
  out.make_lasting();
  return {};
}

}  // namespace

Status AggregateStep(Machine& m, const Instruction& i, bool*) {
  const FunctionCall& call = *i.p4.function;
  Accumulator& accumulator = Accumulator::begin(m.reg(i.p1), m.environment(), call);
  FunctionContext context;
  auto arguments = m.registers(i.p2, i.p5);
  PL_TRY(call_over(
      m, call, accumulator.state(),
      [&](FunctionContext& c) { call.function->step(c, static_cast<int>(i.p5), arguments.data()); }, context));
  m.took_argument = context.took_argument;
  return {};
}

Status AggregateInverse(Machine& m, const Instruction& i, bool*) {
  const FunctionCall& call = *i.p4.function;
  Accumulator& accumulator = Accumulator::begin(m.reg(i.p1), m.environment(), call);
  FunctionContext context;
  auto arguments = m.registers(i.p2, i.p5);
  return call_over(
      m, call, accumulator.state(),
      [&](FunctionContext& c) { call.function->inverse(c, static_cast<int>(i.p5), arguments.data()); }, context);
}

Status AggregateValue(Machine& m, const Instruction& i, bool*) {
  const FunctionCall& call = *i.p4.function;
  Accumulator& accumulator = Accumulator::begin(m.reg(i.p1), m.environment(), call);
  FunctionContext context;
  PL_TRY(call_over(
      m, call, accumulator.state(), [&](FunctionContext& c) { call.function->value(c); }, context));
  return take_result(m, context, m.reg(i.p2));
}

Status AggregateFinal(Machine& m, const Instruction& i, bool*) {
  const FunctionCall& call = *i.p4.function;
  // Without a step the state of no rows is asked: zeros.
  Accumulator& accumulator = Accumulator::begin(m.reg(i.p1), m.environment(), call);
  // When it throws, the register still holds the accumulator and discards it in its turn.
  FunctionContext context;
  Status status = call_over(
      m, call, accumulator.state(), [&](FunctionContext& c) { call.function->finalize(c); }, context);
  accumulator.set_finalized();
  m.reg(i.p1).release();
  PL_TRY(std::move(status));
  return take_result(m, context, m.reg(i.p2));
}

}  // namespace perlite::vm::ops
