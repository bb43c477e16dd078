// Transactions of a connection over all its stores.
//
//   autocommit: a statement begins what it needs; when the last writer ends its changes are committed, when the last
//               statement ends the read locks go.
//   BEGIN or the outermost SAVEPOINT: autocommit is off until COMMIT, ROLLBACK, or RELEASE of that savepoint.
//
// Invariants
//  T1  Every store in a write transaction has one store savepoint for each entry of savepoints_, in the same order,
//  before any
//      savepoint of a statement.
//  T2  A statement savepoint exists only while its statement is active.
#include <algorithm>

#include "base/ascii.h"
#include "btree/cursor.h"
#include "btree/tree.h"
#include "engine/connection.h"
#include "engine/statement.h"
#include "engine/super_journal.h"
#include "os/filename.h"

namespace perlite::engine {
namespace {

// sqlite3_autovacuum_pages: the host says how many free pages a commit gives back.
class AskedAmount final : public btree::VacuumAmount {
 public:
  AskedAmount(const Hooks& hooks, const char* schema) noexcept : hooks_(hooks), schema_(schema) {}
  std::uint32_t pages_to_free(std::uint32_t page_count, std::uint32_t free_count, std::uint32_t page_size) override {
    return hooks_.autovacuum_pages(hooks_.autovacuum_pages_context, schema_, page_count, free_count, page_size);
  }

 private:
  const Hooks& hooks_;
  const char* schema_;
};

}  // namespace

// ---------------------------------------------------------------------------------------------- what programs ask for

Status Connection::begin(std::int32_t number, bool write, const catalog::Shape* shape, std::uint32_t schema_cookie) {
  PL_ASSIGN(pager::Store* const store, this->store(number));
  Database& d = database(number);
  if (d.is_backup_target) return Code::Locked;
  if (write) {
    if (query_only && number != 1) return Status(Code::ReadOnly);
    PL_TRY(store->begin_write(pager::WriteIntent::Immediate));
    if (store->view().page_count().value == 0) {
      btree::DatabaseOptions options;
      options.encoding = encoding_;
      if (d.requested_auto_vacuum >= 0) options.auto_vacuum = static_cast<btree::AutoVacuum>(d.requested_auto_vacuum);
      PL_TRY(btree::init_database(store->view(), options, false));
    }
    PL_TRY(match_savepoints(d));
    if (running_ != nullptr) PL_TRY(open_statement_savepoint(*running_, d));
  } else {
    PL_TRY(store->begin_read());
  }
  if (running_ != nullptr && running_->returns_rows()) PL_TRY(store->settle());
  // The cookie is read again only when the file may have moved since it was last compared.
  if (d.checked_version != store->version() && d.shape && !d.schema_is_private) {
    PL_ASSIGN(const std::uint32_t cookie, store->read_header_u32(pager::header::kSchemaCookie));
    if (cookie != d.placement.schema_cookie) {
      d.forget_schema();
      expire_programs();
      return Code::Schema;
    }
    d.checked_version = store->version();
  }
  if (shape != nullptr && (d.shape.get() != shape || d.placement.schema_cookie != schema_cookie)) return Code::Schema;
  return d.shared == nullptr || shape == nullptr ? Status() : lock_tables(d, number);
}

namespace {

// Visits the tables of a database that a program, or one that it calls, opens; more than once where it does so.
template <class Visit>
Status for_each_table(const vm::Program& program, int number, Visit visit) {
  for (const vm::Instruction& i : program.code) {
    const bool writes = i.opcode == vm::Opcode::OpenWrite || i.opcode == vm::Opcode::ClearTree;
    if (!writes && i.opcode != vm::Opcode::OpenRead) continue;
    const auto slot = static_cast<std::size_t>(i.opcode == vm::Opcode::ClearTree ? i.p1 : i.p2);
    const vm::TreeName& tree = program.trees[slot];
    if (program.databases[static_cast<std::size_t>(tree.database)].number != number) continue;
    PL_TRY(visit(*tree.table, writes));
  }
  for (const vm::Program* called : program.subprograms) PL_TRY(for_each_table(*called, number, visit));
  return {};
}

}  // namespace

Status Connection::lock_tables(Database& d, int number) {
  if (running_ == nullptr) return {};
  return for_each_table(running_->program(), number, [&](const catalog::Table& table, bool write) -> Status {
    PL_ASSIGN(const PageNo root, root_of(number, table.entry));
    Status status = d.shared->lock_table(root, write);
    if (status.ok()) return {};
    const std::string_view name = table.is_schema ? std::string_view("sqlite_master") : table.name;
    return Status::format(status.code(), -1, "database table is locked: %.*s", static_cast<int>(name.size()),
                          name.data());
  });
}

Status Connection::match_savepoints(Database& d) {
  while (d.store->savepoint_depth() < static_cast<int>(savepoints_.size())) {
    const Result<int> depth = d.store->open_savepoint();
    PL_TRY(depth.status().clone());
  }
  return {};
}

Status Connection::open_statement_savepoint(Statement& statement, Database& d) {
  if (!statement.needs_savepoint() || statement.has_savepoint(d)) return {};
  // Alone in autocommit, going back to the statement's start is rolling back the transaction.
  if (autocommit_ && active_writers_ <= 1) return {};
  PL_ASSIGN(const int depth, d.store->open_savepoint());
  statement.add_savepoint(d, depth);
  return {};
}

Status Connection::auto_commit(int operation) {
  switch (operation) {
    case 0:
    case 3:
    case 4:
      // The locks come first, and stay when there is a transaction already.
      if (operation != 0) PL_TRY(begin_on_all(operation == 4));
      if (!autocommit_) return Status::error("cannot start a transaction within a transaction");
      autocommit_ = false;
      savepoint_began_transaction_ = false;
      return {};
    case 1:
      if (autocommit_) return Status::error("cannot commit - no transaction is active");
      return commit();
    default:
      if (autocommit_) return Status::error("cannot rollback - no transaction is active");
      return rollback_all(Code::AbortRollback);
  }
}

// BEGIN IMMEDIATE or EXCLUSIVE. After a failure outside a transaction nothing is begun that was not.
Status Connection::begin_on_all(bool exclusive) {
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    Database& d = *databases_[i];
    if (d.store == nullptr || d.store->in_write() || (d.store->is_readonly() && i != 0)) continue;
    const auto intent = exclusive ? pager::WriteIntent::Exclusive : pager::WriteIntent::Immediate;
    Status status = d.store->is_readonly() ? d.store->begin_read() : d.store->begin_write(intent);
    if (status.ok()) continue;
    for (std::size_t k = 0; k < i && autocommit_; ++k) {
      if (databases_[k]->store != nullptr && databases_[k]->store->in_write())
        static_cast<void>(databases_[k]->store->rollback());
    }
    return status;
  }
  return {};
}

// The last statement ends the read locks as well: together that is fewer calls of the system.
pager::AfterCommit Connection::reads_after_commit() const noexcept {
  return active_statements_ == 1 ? pager::AfterCommit::EndRead : pager::AfterCommit::KeepReading;
}

Status Connection::commit() {
  if (active_writers_ > 0) return Status(Code::Busy, "cannot commit transaction - SQL statements in progress");
  if (deferred_violations_ > 0) return Status(Code::ConstraintForeignKey, "FOREIGN KEY constraint failed");
  PL_TRY(commit_stores(reads_after_commit()));
  autocommit_ = true;
  savepoints_.clear();
  savepoint_began_transaction_ = false;
  defer_foreign_keys = false;
  return {};
}

// Phase one on every store, then phase two: an error in phase one leaves the transaction as it was.
Status Connection::commit_stores(pager::AfterCommit then) {
  bool any_changes = false;
  for (auto& d : databases_) any_changes |= d->is_writing() && d->store->has_changes();
  if (any_changes && hooks.commit != nullptr && hooks.commit(hooks.commit_context) != 0) {
    return Code::ConstraintCommitHook;
  }
  Vector<const char*> journals;
  int writers = 0;
  for (auto& d : databases_) {
    if (!d->is_writing()) continue;
    ++writers;
    if (d->store->has_changes()) {
      AskedAmount amount(hooks, d->name.c_str());
      PL_TRY(btree::auto_vacuum_commit(d->store->view(), hooks.autovacuum_pages != nullptr ? &amount : nullptr));
    }
    if (d->store->wants_super_journal()) journals.push_back(os::journal_name(d->store->filename()));
  }
  // A super-journal stays until no journal names it any more: journals that name one which is gone count as committed.
  // So after a failure here it is kept, and goes with the rollback or with the next attempt.
  UniquePtr<SuperJournal> super_journal;
  if (journals.size() > 1 && !databases_[0]->filename.empty()) {
    super_journal = make_unique<SuperJournal>();
    PL_TRY(super_journal->create(databases_[0]->store->vfs(), databases_[0]->filename, journals));
  }
  for (auto& d : databases_) {
    if (!d->is_writing()) continue;
    const bool named = super_journal != nullptr && d->store->wants_super_journal();
    Status status = d->store->commit_prepare(named ? super_journal->name() : std::string_view(),
                                             writers == 1 ? pager::CommitCompany::None : pager::CommitCompany::Others);
    if (!status.ok()) {
      if (super_journal != nullptr) abandoned_super_journals_.push_back(std::move(super_journal));
      return status;
    }
  }
  abandoned_super_journals_.clear();
  if (super_journal != nullptr) {
    Status status = super_journal->commit();
    if (!status.ok()) {
      abandoned_super_journals_.push_back(std::move(super_journal));
      return status;
    }
  }
  // The moment of commit has passed where there was a super-journal: what fails now must not undo the others.
  Status first_error;
  for (auto& d : databases_) {
    if (!d->is_writing()) continue;
    Status status = d->store->commit_finish(then);
    if (!status.ok() && first_error.ok()) first_error = std::move(status);
    d->schema_is_private = false;
    d->checked_version = 0;
  }
  return first_error;
}

Status Connection::rollback_all(Code reason) {
  bool had_changes = !autocommit_;
  bool schema_changed = false;
  for (auto& d : databases_) schema_changed |= d->store != nullptr && d->store->in_write() && d->schema_is_private;
  if (schema_changed) reason = Code::AbortRollback;
  for (Statement* s = first_statement_; s != nullptr; s = s->next()) s->transaction_rolled_back(reason, schema_changed);
  Status first_error;
  for (auto& d : databases_) {
    if (!d->is_writing()) continue;
    had_changes |= d->store->has_changes();
    static_cast<void>(btree::release_cursors(d->store->view()));
    Status status = d->store->rollback();
    if (!status.ok() && first_error.ok()) first_error = std::move(status);
    if (d->schema_is_private) {
      d->forget_schema();
      expire_programs();
    }
    d->checked_version = 0;
  }
  abandoned_super_journals_.clear();
  autocommit_ = true;
  savepoints_.clear();
  savepoint_began_transaction_ = false;
  deferred_violations_ = 0;
  defer_foreign_keys = false;
  if (had_changes && hooks.rollback != nullptr) hooks.rollback(hooks.rollback_context);
  return first_error;
}

Status Connection::roll_back_store(Database& d, int depth) {
  PL_TRY(btree::release_cursors(d.store->view()));
  PL_TRY(d.store->rollback_to_savepoint(depth));
  if (d.schema_is_private) {
    // What the schema was at the savepoint is in the file's pages: it is read anew on the next use, and stays private,
    // for the transaction may have changed it before the savepoint.
    d.forget_schema();
    d.schema_is_private = true;
    expire_programs();
  }
  d.checked_version = 0;
  return {};
}

Status Connection::savepoint(int operation, std::string_view name) {
  if (operation == 0) {
    if (active_writers_ > 0) return Status(Code::Busy, "cannot open savepoint - SQL statements in progress");
    NamedSavepoint point;
    point.name.assign(name);
    point.deferred_violations = deferred_violations_;
    savepoints_.push_back(std::move(point));
    if (autocommit_) {
      autocommit_ = false;
      savepoint_began_transaction_ = true;
    }
    for (auto& d : databases_) {
      if (d->is_writing()) PL_TRY(match_savepoints(*d));
    }
    return {};
  }
  std::size_t at = savepoints_.size();
  while (at > 0 && !base::equals_ignoring_case(savepoints_[at - 1].name, name)) --at;
  if (at == 0)
    return Status::format(Code::Error, -1, "no such savepoint: %.*s", static_cast<int>(name.size()), name.data());
  if (operation == 1) {
    if (active_writers_ > 0) return Status(Code::Busy, "cannot release savepoint - SQL statements in progress");
    if (at == 1 && savepoint_began_transaction_) return commit();
    for (auto& d : databases_) {
      if (d->is_writing()) d->store->release_savepoint(static_cast<int>(at));
    }
    savepoints_.resize(at - 1);
    return {};
  }
  for (Statement* s = first_statement_; s != nullptr; s = s->next()) s->transaction_rolled_back(Code::AbortRollback);
  deferred_violations_ = savepoints_[at - 1].deferred_violations;
  for (auto& d : databases_) {
    if (!d->is_writing()) continue;
    PL_TRY(roll_back_store(*d, static_cast<int>(at)));
  }
  savepoints_.resize(at);
  return {};
}

// ---------------------------------------------------------------------------------------------- life of a statement

void Connection::statement_started(Statement& statement) noexcept {
  ++active_statements_;
  if (!statement.is_read_only()) ++active_writers_;
}

// Whatever becomes of the changes, the statement is over afterwards: memory that runs out here undoes them.
Status Connection::statement_finished(Statement& statement, Code result, catalog::ConflictAction action) {
  Status outcome;
  // An error tells of what the transaction began with. Where that failed to become durable, so will the transaction.
  if (result != Code::Ok) {
    for (auto& d : databases_) {
      if (d->is_writing()) static_cast<void>(d->store->settle());
    }
  }
  if (!statement.is_read_only()) {
    try {
      outcome = settle_changes(statement, result, action);
    } catch (const std::bad_alloc&) {
      outcome = Status::no_memory();
      try {
        static_cast<void>(rollback_all(Code::Abort));
      } catch (const std::bad_alloc&) {
        // The stores roll back when they are next begun or closed.
      }
    }
    --active_writers_;
  }
  --active_statements_;
  if (autocommit_ && active_statements_ == 0) end_reads();
  if (autocommit_ && result == Code::Ok && outcome.ok()) outcome = call_log_hook();
  if (autocommit_ && !shared_.empty()) transaction_ended(*this);
  return outcome;
}

Status Connection::settle_changes(Statement& statement, Code result, catalog::ConflictAction action) {
  const bool failed = result != Code::Ok;
  Status outcome;
  // A statement that counts no rows leaves changes() alone, also when it fails.
  const auto nothing_changed = [&] {
    if (statement.program().changes_counted) changes_last = 0;
  };
  // Errors that leave memory and file in doubt take the transaction with them (lang_transaction.html, "Response To
  // Errors Within A Transaction").
  const Code primary = primary_code(result);
  const bool in_doubt = failed && (primary == Code::IoErr || primary == Code::NoMem || primary == Code::Full ||
                                   primary == Code::Interrupt);
  if (failed && action == catalog::ConflictAction::Rollback) {
    outcome = rollback_all(Code::AbortRollback);
    nothing_changed();
  } else if (autocommit_ && active_writers_ == 1) {
    if (failed && action != catalog::ConflictAction::Fail) {
      outcome = rollback_all(Code::Abort);
      nothing_changed();
    } else if (deferred_violations_ > 0) {
      outcome = Status(Code::ConstraintForeignKey, "FOREIGN KEY constraint failed");
      static_cast<void>(rollback_all(Code::Abort));
      nothing_changed();
    } else {
      outcome = commit_stores(reads_after_commit());
      if (!outcome.ok()) {
        static_cast<void>(rollback_all(Code::Abort));
        nothing_changed();
      }
    }
  } else if (failed && action != catalog::ConflictAction::Fail) {
    if (statement.has_savepoints()) {
      outcome = statement.roll_back_savepoints();
      nothing_changed();
      if (!outcome.ok()) static_cast<void>(rollback_all(Code::Abort));
    } else if (in_doubt) {
      outcome = rollback_all(Code::Abort);
      nothing_changed();
    }
  } else {
    statement.release_savepoints();
  }
  return outcome;
}

void Connection::end_reads() noexcept {
  for (auto& d : databases_) {
    if (d->store != nullptr && d->store->in_read() && !d->store->in_write()) d->store->end_read();
  }
}

int Connection::transaction_state(int number) const noexcept {
  int state = 0;
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    if (number >= 0 && static_cast<std::size_t>(number) != i) continue;
    const auto& d = databases_[i];
    if (d->store == nullptr) continue;
    state = std::max(state, d->store->in_write() ? 2 : d->store->in_read() ? 1 : 0);
  }
  return state;
}

}  // namespace perlite::engine
