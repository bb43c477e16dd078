// engine/statement.h: one prepared statement: a program, its bindings and its run.
//
//   ready --step()--> running --row--> running ... --done or error--> finished --step() or reset()--> ready
//
// A stale program (the schema moved, a function changed) is compiled anew from the text, at most kMaxReprepares times a
// step.
//   Lifetime   finalized by its user, before its connection ends.
//   Threads    under the connection's lock.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/containers.h"
#include "engine/compiled.h"
#include "engine/connection.h"
#include "vm/execution.h"
#include "vm/program.h"

namespace perlite::engine {

class Statement : public Allocated {
 public:
  static constexpr int kMaxReprepares = 50;

  // `text` is the statement alone.
  static UniquePtr<Statement> make(Connection& connection, std::string_view text, unsigned flags, CompiledRef compiled);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  static Statement* from(void* handle) noexcept {
    auto* statement = static_cast<Statement*>(handle);
    return statement != nullptr && statement->mark_ == kAlive ? statement : nullptr;
  }

  const vm::Program& program() const noexcept { return *compiled_->program(); }
  Connection& connection() noexcept { return connection_; }
  std::string_view text() const noexcept { return text_; }  // a NUL stands behind it
  unsigned flags() const noexcept { return flags_; }

  // Row or Done. After an error or Done the next call starts over.
  Result<vm::StepResult> step();
  // Ends a run; the code of the error the last step() gave, Ok if none.
  Code reset();
  bool is_busy() const noexcept { return state_ == State::Running; }
  // Since the last reset().
  bool has_run() const noexcept { return state_ != State::Ready || last_error_ != Code::Ok; }
  bool is_read_only() const noexcept { return program().read_only; }
  bool returns_rows() const noexcept { return !program().columns.empty(); }
  bool has_row() const noexcept { return has_row_; }
  std::span<Value> row() noexcept { return has_row_ ? execution_.row() : std::span<Value>(); }
  vm::Execution& execution() noexcept { return execution_; }
  std::span<Value> bindings() noexcept { return execution_.bindings(); }
  int parameter_index(std::string_view name) const noexcept;  // 0 when there is none
  Statement* next() const noexcept { return next_; }
  String normalized_text;  // what sqlite3_normalized_sql lent, empty until it is asked
  // A place for a name in UTF-16, NULL until it is asked for; gone when the statement is compiled again.
  Value& wide_name(std::size_t slot) {
    if (wide_names_.size() <= slot) wide_names_.resize(program().columns.size() * 5);
    return *wide_names_[slot];
  }

  // ---- for the transaction ----
  bool needs_savepoint() const noexcept { return program().may_abort; }
  bool has_savepoint(const Database& database) const noexcept;
  bool has_savepoints() const noexcept { return !savepoints_.empty(); }
  void add_savepoint(Database& database, int depth) { savepoints_.push_back({&database, depth}); }
  Status roll_back_savepoints();
  void release_savepoints() noexcept;
  // The transaction, or a part of it, was rolled back; a writer that was running must not go on.
  // `schema_changed`: so must a reader, whose program may be about what is not there any more.
  void transaction_rolled_back(Code reason, bool schema_changed = false) noexcept;
  // What it reads is gone: when it is stepped again it fails with `reason`.
  void stop_with(Code reason) noexcept {
    if (state_ == State::Running) rolled_back_ = reason;
  }

 private:
  friend class Connection;
  Statement(Connection& connection, std::string_view text, unsigned flags, CompiledRef compiled, void* machine);
  static constexpr std::uint32_t kAlive = 0x53544d54;
  enum class State : std::uint8_t { Ready, Running, Finished };
  struct StatementSavepoint {
    Database* database;
    int depth;
  };

  Result<vm::StepResult> start_and_run(bool trace);
  Status finish(Status status, catalog::ConflictAction action);
  Status reprepare();
  void trace_start();
  void trace_end();

  std::uint32_t mark_ = kAlive;
  unsigned flags_;
  Connection& connection_;
  std::string_view text_;  // in one block with the statement
  CompiledRef compiled_;
  vm::Execution execution_;
  State state_ = State::Ready;
  bool has_row_ = false;
  Code last_error_ = Code::Ok;
  Code rolled_back_ = Code::Ok;
  std::int64_t started_ns_ = 0;
  Vector<StatementSavepoint> savepoints_;
  Vector<OwnedValue> wide_names_;
  Statement* next_ = nullptr;
  Statement* previous_ = nullptr;
};

}  // namespace perlite::engine
