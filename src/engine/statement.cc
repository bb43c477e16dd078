#include "engine/statement.h"

#include <cstring>
#include <ctime>

#include "engine/expand.h"

namespace perlite::engine {
namespace {

std::int64_t now_ns() noexcept {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

// Makes the statement the one that runs on its connection while a step lasts; functions may step other statements.
class RunningScope {
 public:
  RunningScope(Connection& connection, Statement& statement) noexcept
      : connection_(connection), before_(connection.running()) {
    connection_.set_running(&statement);
  }
  ~RunningScope() { connection_.set_running(before_); }
  RunningScope(const RunningScope&) = delete;
  RunningScope& operator=(const RunningScope&) = delete;

 private:
  Connection& connection_;
  Statement* before_;
};

}  // namespace

UniquePtr<Statement> Statement::make(Connection& connection, std::string_view text, unsigned flags,
                                     CompiledRef compiled) {
  // The statement, what it runs with, and its text are one block.
  constexpr std::size_t kAlignment = alignof(std::max_align_t);
  constexpr std::size_t kMachineAt = (sizeof(Statement) + kAlignment - 1) / kAlignment * kAlignment;
  const std::size_t text_at = kMachineAt + vm::Execution::machine_size();
  char* const memory = static_cast<char*>(base::Allocator::allocate(text_at + text.size() + 1));
  char* const copy = memory + text_at;
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  try {
    return UniquePtr<Statement>(::new (memory)
                                    Statement(connection, {copy, text.size()}, flags, std::move(compiled),
                                              memory + kMachineAt));
  } catch (...) {
    base::Allocator::release(memory);
    throw;
  }
}

Statement::Statement(Connection& connection, std::string_view text, unsigned flags, CompiledRef compiled,
                     void* machine)
    : flags_(flags),
      connection_(connection),
      text_(text),
      compiled_(std::move(compiled)),
      execution_(compiled_->program(), connection, machine) {
  connection_.link(*this);
}

Statement::~Statement() {
  if (state_ == State::Running) static_cast<void>(finish({}, catalog::ConflictAction::None));
  connection_.unlink(*this);
  mark_ = 0;
}

Result<vm::StepResult> Statement::step() {
  if (state_ == State::Finished) reset();
  connection_.step_begins();
  const RunningScope scope(connection_, *this);
  const record::RealDigitsScope digits(connection_.real_digits);
  if (state_ == State::Running) {
    has_row_ = false;
    connection_.look_for_losses();
    if (rolled_back_ != Code::Ok) {
      Status status(rolled_back_);
      static_cast<void>(finish(Status(rolled_back_), catalog::ConflictAction::Abort));
      return status;
    }
    return start_and_run(false);
  }
  for (int attempt = 0;; ++attempt) {
    if (compiled_->generation != connection_.generation()) {
      Status status = reprepare();
      if (!status.ok()) {
        last_error_ = status.code();
        return status;
      }
    }
    Result<vm::StepResult> result = start_and_run(attempt == 0);
    if (result.ok() || result.status().code() != Code::Schema || attempt >= kMaxReprepares) {
      if (!result.ok() && result.status().code() == Code::Schema) last_error_ = Code::Schema;
      return result;
    }
    // What the program was compiled for is gone; compile again at the head of the loop.
    connection_.expire_programs();
    state_ = State::Ready;
    last_error_ = Code::Ok;
    execution_.reset();
  }
}

// `trace`: false when the run begins once more after compiling again, which the caller's step() never sees.
Result<vm::StepResult> Statement::start_and_run(bool trace) {
  if (state_ == State::Ready) {
    state_ = State::Running;
    rolled_back_ = Code::Ok;
    connection_.statement_started(*this);
    const Hooks& hooks = connection_.hooks;
    if (trace && (hooks.trace_mask != 0 || hooks.legacy_trace != nullptr || hooks.legacy_profile != nullptr))
      trace_start();
  }
  Result<vm::StepResult> result = execution_.step();
  if (result.ok() && result.value() == vm::StepResult::Row) {
    has_row_ = true;
    const Hooks& hooks = connection_.hooks;
    if ((hooks.trace_mask & SQLITE_TRACE_ROW) != 0) hooks.trace(SQLITE_TRACE_ROW, hooks.trace_context, this, nullptr);
    return vm::StepResult::Row;
  }
  if (!result.ok()) {
    Status error = std::move(result.status());
    const catalog::ConflictAction action = execution_.conflict_action();
    Status outcome = finish(error.clone(), action);
    return error;
  }
  Status outcome = finish({}, catalog::ConflictAction::None);
  if (!outcome.ok()) return outcome;
  return vm::StepResult::Done;
}

// Ends the run. `status` is the error it ended with; the answer is the error of ending it (a commit that failed).
Status Statement::finish(Status status, catalog::ConflictAction action) {
  has_row_ = false;
  state_ = State::Finished;
  Code code = status.code();
  Status outcome;
  if (code == Code::Ok && execution_.foreign_key_counter() > 0) {
    outcome = Status(Code::ConstraintForeignKey, "FOREIGN KEY constraint failed");
    code = outcome.code();
    action = catalog::ConflictAction::Abort;
  }
  execution_.reset();
  Status ended = connection_.statement_finished(*this, code, action);
  if (outcome.ok()) outcome = std::move(ended);
  savepoints_.clear();
  last_error_ = status.ok() ? outcome.code() : status.code();
  if (started_ns_ != 0) trace_end();
  return outcome;
}

Code Statement::reset() {
  if (state_ == State::Running) static_cast<void>(finish({}, catalog::ConflictAction::None));
  const Code code = last_error_;
  last_error_ = Code::Ok;
  rolled_back_ = Code::Ok;
  state_ = State::Ready;
  has_row_ = false;
  execution_.reset();
  return code;
}

// Compiles the text again and moves the bindings over.
Status Statement::reprepare() {
  std::size_t tail = 0;
  // A transaction comes before the look at the schema: where an exclusive one is in the way, that is told.
  for (const vm::DatabaseUse& use : program().databases) {
    const Database& database = connection_.database(use.number);
    if (database.shared != nullptr && database.shared->is_kept_out()) PL_TRY(database.shared->may_read_schema());
  }
  PL_TRY(connection_.refuse_locked_schemas());
  PL_ASSIGN(CompiledRef compiled, connection_.compile(text_, flags_, &tail));
  if (!compiled) return Code::Schema;
  execution_.replace_program(compiled->program());
  ++execution_.counters().reprepares;
  compiled_ = std::move(compiled);
  wide_names_.clear();
  return {};
}

int Statement::parameter_index(std::string_view name) const noexcept {
  const auto& names = program().parameter_names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].data() != nullptr && names[i] == name) return static_cast<int>(i) + 1;
  }
  return 0;
}

bool Statement::has_savepoint(const Database& database) const noexcept {
  for (const StatementSavepoint& s : savepoints_) {
    if (s.database == &database) return true;
  }
  return false;
}

Status Statement::roll_back_savepoints() {
  Status first_error;
  for (const StatementSavepoint& s : savepoints_) {
    if (!s.database->store->in_write()) continue;
    Status status = connection_.roll_back_store(*s.database, s.depth);
    if (!status.ok() && first_error.ok()) first_error = std::move(status);
    s.database->store->release_savepoint(s.depth);
  }
  savepoints_.clear();
  return first_error;
}

// Only the innermost savepoint can go alone; one below others goes with the transaction.
void Statement::release_savepoints() noexcept {
  for (const StatementSavepoint& s : savepoints_) {
    if (s.database->store->in_write() && s.database->store->savepoint_depth() == s.depth)
      s.database->store->release_savepoint(s.depth);
  }
  savepoints_.clear();
}

void Statement::transaction_rolled_back(Code reason, bool schema_changed) noexcept {
  savepoints_.clear();
  if (state_ != State::Running || this == connection_.running()) return;
  if (!is_read_only() || schema_changed) rolled_back_ = reason;
}

void Statement::trace_start() {
  const Hooks& hooks = connection_.hooks;
  if ((hooks.trace_mask & SQLITE_TRACE_PROFILE) != 0 || hooks.legacy_profile != nullptr) started_ns_ = now_ns();
  if ((hooks.trace_mask & SQLITE_TRACE_STMT) != 0) {
    hooks.trace(SQLITE_TRACE_STMT, hooks.trace_context, this, const_cast<char*>(text_.data()));
  } else if (hooks.legacy_trace != nullptr) {
    const String expanded = expand_sql(*this);
    hooks.legacy_trace(hooks.legacy_trace_context, expanded.c_str());
  }
}

void Statement::trace_end() {
  const Hooks& hooks = connection_.hooks;
  sqlite3_int64 elapsed = now_ns() - started_ns_;
  started_ns_ = 0;
  if ((hooks.trace_mask & SQLITE_TRACE_PROFILE) != 0)
    hooks.trace(SQLITE_TRACE_PROFILE, hooks.trace_context, this, &elapsed);
  if (hooks.legacy_profile != nullptr) {
    hooks.legacy_profile(hooks.legacy_profile_context, text_.data(), static_cast<sqlite3_uint64>(elapsed));
  }
}

void Connection::link(Statement& statement) noexcept {
  statement.next_ = first_statement_;
  if (first_statement_ != nullptr) first_statement_->previous_ = &statement;
  first_statement_ = &statement;
}

void Connection::unlink(Statement& statement) noexcept {
  (statement.previous_ != nullptr ? statement.previous_->next_ : first_statement_) = statement.next_;
  if (statement.next_ != nullptr) statement.next_->previous_ = statement.previous_;
}

}  // namespace perlite::engine
