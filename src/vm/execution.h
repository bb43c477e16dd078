// vm/execution.h: one run of a program: frame, bindings, position, counters.
//
// A statement is a Program and an Execution. step() runs until a row is ready or the program ends; row() lends the
// row's values until the next step(), reset() or the end of the Execution.
//
//         +------------------- reset() ----------------------+
//         v                                                  |
//       Ready --step()--> Row --step()--> ... --step()--> Done, Failed
//
// step() in Done or Failed is an error of the caller (Misuse); engine resets first.
//
// What is left to the engine: the transaction of the statement. It opens a statement savepoint where
// Program::may_abort says so, and when step() fails asks conflict_action() what becomes of the changes.
//   Ownership  holds a reference to the program. The Host outlives it.
//   Threads    one at a time, under the connection's lock.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/status.h"
#include "catalog/shape.h"
#include "vm/host.h"
#include "vm/program.h"

namespace perlite::vm {

enum class StepResult : std::uint8_t { Row, Done };

// What sqlite3_stmt_status reports, summed over all runs until they are reset.
struct StatementCounters {
  std::int64_t full_scan_steps = 0;
  std::int64_t sorts = 0;
  std::int64_t automatic_index_rows = 0;
  std::int64_t vm_steps = 0;
  std::int64_t reprepares = 0;  // counted by the engine
  std::int64_t runs = 0;
  std::int64_t filter_hits = 0;
  std::int64_t filter_misses = 0;
};

class Machine;

class Execution : public Allocated {
 public:
  Execution(ProgramRef program, Host& host);
  // With its state in `memory` of the caller's, machine_size() bytes aligned for anything, which outlives it.
  Execution(ProgramRef program, Host& host, void* memory);
  static std::size_t machine_size() noexcept;
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution();

  const Program& program() const noexcept { return *program_; }

  // Runs on. Errors: whatever the program meets, NoMem; the Execution is then Failed and holds no cursor open.
  Result<StepResult> step();
  // The row of the last step() that gave Row. Text is NUL-terminated and in the program's encoding; the caller may
  // change representations (Value::read_text), not what the values say.
  std::span<record::Value> row() noexcept { return row_; }
  // Ends the run: cursors are closed, registers released, open aggregates finalized. Bindings stay. Never fails.
  void reset() noexcept;
  bool running() const noexcept { return state_ == State::Row; }  // between a row and the end of the run
  bool at_start() const noexcept { return state_ == State::Ready; }

  // Bindings by number - 1; Program::parameter_count of them. Text in the program's encoding. Changed by the caller
  // only while not running.
  std::span<record::Value> bindings() noexcept;
  void clear_bindings() noexcept;  // all NULL
  // Runs another program from now on, in the place of one that is stale; bindings and counters stay.
  void replace_program(ProgramRef program);

  // After a failed step(): what the conflict clause (or RAISE) says about the changes made; Abort unless told
  // otherwise.
  catalog::ConflictAction conflict_action() const noexcept;
  // Violations of immediate foreign keys that stand.
  std::int64_t foreign_key_counter() const noexcept;
  StatementCounters& counters() noexcept;
  // Bytes held: frames, registers, rows kept (SQLITE_STMTSTATUS_MEMUSED without the program).
  std::size_t memory_used() const noexcept;

 private:
  enum class State : std::uint8_t { Ready, Row, Done, Failed };

  ProgramRef program_;
  UniquePtr<Machine> own_machine_;  // null while it stands in the caller's memory
  Machine* machine_;
  std::span<record::Value> row_;
  State state_ = State::Ready;
};

}  // namespace perlite::vm
