#include "vm/execution.h"

#include <algorithm>
#include <new>

#include "vm/machine.h"

namespace perlite::vm {

Execution::Execution(ProgramRef program, Host& host)
    : program_(program), own_machine_(make_unique<Machine>(std::move(program), host)), machine_(own_machine_.get()) {}

Execution::Execution(ProgramRef program, Host& host, void* memory)
    : program_(program), machine_(::new (memory) Machine(std::move(program), host)) {}

Execution::~Execution() {
  if (own_machine_ == nullptr) machine_->~Machine();
}

std::size_t Execution::machine_size() noexcept { return sizeof(Machine); }

Result<StepResult> Execution::step() {
  if (state_ == State::Done || state_ == State::Failed) return Code::Misuse;
  row_ = {};
  StepResult result = StepResult::Done;
  Status status;
  try {
    status = machine_->run(&result);
  } catch (const std::bad_alloc&) {
    status = Status::no_memory();
  }
  if (!status.ok()) {
    // A statement whose changes are undone changed nothing.
    if (program_->changes_counted) {
      const bool kept = machine_->conflict_action == catalog::ConflictAction::Fail;
      machine_->host.set_changes(kept ? machine_->changes : 0);
      if (kept) machine_->host.add_total_changes(machine_->changes);
    }
    machine_->reset();
    state_ = State::Failed;
    return status;
  }
  if (result == StepResult::Row) {
    row_ = {machine_->row.data(), machine_->row_size};
    state_ = State::Row;
  } else {
    machine_->reset();
    state_ = State::Done;
  }
  return result;
}

void Execution::reset() noexcept {
  row_ = {};
  if (state_ == State::Row) machine_->reset();
  state_ = State::Ready;
}

std::span<record::Value> Execution::bindings() noexcept { return machine_->bindings; }

void Execution::clear_bindings() noexcept {
  for (record::Value& value : machine_->bindings) value.release();
}

void Execution::replace_program(ProgramRef program) {
  auto machine = make_unique<Machine>(program, machine_->host);
  const std::size_t count = std::min(machine->bindings.size(), machine_->bindings.size());
  for (std::size_t i = 0; i < count; ++i) machine->bindings[i].take(machine_->bindings[i]);
  machine->counters = machine_->counters;
  if (own_machine_ == nullptr) machine_->~Machine();
  own_machine_ = std::move(machine);
  machine_ = own_machine_.get();
  program_ = std::move(program);
  row_ = {};
  state_ = State::Ready;
}

catalog::ConflictAction Execution::conflict_action() const noexcept { return machine_->conflict_action; }
std::int64_t Execution::foreign_key_counter() const noexcept { return machine_->foreign_key_counter; }
StatementCounters& Execution::counters() noexcept { return machine_->counters; }

std::size_t Execution::memory_used() const noexcept {
  std::size_t bytes = sizeof(Execution) + sizeof(Machine) + machine_->row_arena_size + machine_->record_room +
                      (machine_->many_bindings.capacity() + machine_->row.capacity()) * sizeof(record::Value);
  for (const Frame* frame = machine_->frame; frame != nullptr; frame = frame->parent) bytes += frame->bytes();
  for (const Frame* frame = machine_->idle; frame != nullptr; frame = frame->parent) bytes += frame->bytes();
  return bytes;
}

}  // namespace perlite::vm
