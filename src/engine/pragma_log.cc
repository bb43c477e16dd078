// Pragmas of the journal mode and the log, and what a connection does about logs (manual: wal.html, pragma.html).
#include <algorithm>
#include <cstdint>

#include "base/ascii.h"
#include "btree/tree.h"
#include "engine/connection.h"
#include "engine/pragma.h"
#include "engine/pragma_functions.h"

namespace perlite::engine {
namespace {

constexpr const char* kJournalModes[] = {"delete", "persist", "off", "truncate", "memory", "wal"};

}  // namespace

// ---------------------------------------------------------------------------------------------- into and out of a log

Result<pager::JournalMode> Connection::change_journal_mode(int number, pager::JournalMode mode) {
  PL_ASSIGN(pager::Store* const store, this->store(number));
  const bool wanted = mode == pager::JournalMode::Wal;
  // Between the other modes the file has no say.
  PL_TRY(shape(number));
  if (!wanted && !store->has_log() && store->journal_mode() != pager::JournalMode::Wal) {
    return store->set_journal_mode(mode);
  }
  PL_TRY(store->begin_read());
  if (wanted == store->has_log()) return wanted ? mode : store->set_journal_mode(mode);
  if (wanted && (number == 1 || !store->log_possible())) return store->journal_mode();
  if (!autocommit_ && store->in_write()) return store->journal_mode();
  if (!autocommit_ || active_statements_ > 1) {
    return Status::format(Code::Error, -1, "cannot change %s wal mode from within a transaction",
                          wanted ? "into" : "out of");
  }
  if (store->others_read()) return Status(Code::LockedSharedCache);
  store->end_read();
  if (!wanted) PL_TRY(store->leave_log());
  const auto write_versions = [&]() -> Status {
    PL_TRY(begin(number, true, nullptr, 0));
    PL_TRY(store->write_format_versions(wanted ? 2 : 1));
    return store->commit(pager::AfterCommit::EndRead);
  };
  Status status = write_versions();
  if (!status.ok()) {
    if (store->in_write()) static_cast<void>(store->rollback());
    store->end_read();
    return status;
  }
  if (!wanted) return store->set_journal_mode(mode);
  store->expect_log();
  return store->journal_mode();
}

Status pragma_journal_mode(PragmaCall& call) {
  Connection& connection = call.connection();
  int wanted = -1;
  if (call.has_argument()) {
    for (int i = 0; i < 6; ++i) {
      if (base::equals_ignoring_case(call.argument(), kJournalModes[i])) wanted = i;
    }
  }
  const auto apply = [&](int number) -> Result<pager::JournalMode> {
    if (wanted >= 0) return connection.change_journal_mode(number, static_cast<pager::JournalMode>(wanted));
    // What it was when the schema was read: asking is no reason to look at the file again.
    PL_ASSIGN(pager::Store* const store, connection.store(number));
    PL_TRY(connection.shape(number));
    return store->journal_mode();
  };
  pager::JournalMode mode = pager::JournalMode::Delete;
  if (call.has_argument() && !call.database_named()) {
    for (int i = connection.database_count() - 1; i >= 0; --i) {
      if (connection.database(i).store == nullptr) continue;
      PL_ASSIGN(mode, apply(i));
    }
  } else {
    PL_ASSIGN(mode, apply(call.database()));
  }
  call.row().text(kJournalModes[static_cast<int>(mode)]);
  return {};
}

Status pragma_journal_size_limit(PragmaCall& call) {
  PL_ASSIGN(pager::Store* const store, call.connection().store(call.database()));
  if (call.has_argument()) store->set_journal_size_limit(std::max<std::int64_t>(-1, call.integer_argument()));
  call.row().integer(store->journal_size_limit());
  return {};
}

// ---------------------------------------------------------------------------------------------- checkpoints

// One database, or all when `number` is negative; the counts are then the first one's. Busy is answered when all were
// tried, any other error at once.
Status Connection::checkpoint(int number, pager::CheckpointMode mode, pager::CheckpointCounts* counts) {
  bool busy = false;
  pager::CheckpointCounts ignored;
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    if (number >= 0 && static_cast<std::size_t>(number) != i) continue;
    Database& d = *databases_[i];
    if (d.store == nullptr) continue;
    Status status = d.store->checkpoint(mode, i == 0 || number >= 0 ? counts : &ignored);
    if (status.code() == Code::Busy) {
      busy = true;
    } else {
      PL_TRY(std::move(status));
    }
  }
  return busy ? Code::Busy : Code::Ok;
}

// The default hook: a checkpoint once there are enough frames. Whether it can do anything is no matter of the commit.
int checkpoint_when_due(void* frames, sqlite3* db, const char* name, int frame_count) {
  if (frame_count < static_cast<int>(reinterpret_cast<std::intptr_t>(frames))) return SQLITE_OK;
  Connection& connection = *reinterpret_cast<Connection*>(db);
  pager::CheckpointCounts counts;
  static_cast<void>(connection.checkpoint(connection.find_database(name), pager::CheckpointMode::Passive, &counts));
  return SQLITE_OK;
}

void Connection::set_auto_checkpoint(int frames) noexcept {
  hooks.wal = frames > 0 ? checkpoint_when_due : nullptr;
  hooks.wal_context = frames > 0 ? reinterpret_cast<void*>(static_cast<std::intptr_t>(frames)) : nullptr;
}

int Connection::auto_checkpoint() const noexcept {
  return hooks.wal == checkpoint_when_due ? static_cast<int>(reinterpret_cast<std::intptr_t>(hooks.wal_context)) : 0;
}

// Tells who wants to know that something was committed to a log.
Status Connection::call_log_hook() {
  Status outcome;
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    Database& d = *databases_[i];
    if (d.store == nullptr) continue;
    const std::uint32_t frames = d.store->take_committed_frames();
    if (frames == 0 || hooks.wal == nullptr || !outcome.ok()) continue;
    const int code =
        hooks.wal(hooks.wal_context, reinterpret_cast<sqlite3*>(this), d.name.c_str(), static_cast<int>(frames));
    if (code != SQLITE_OK) outcome = static_cast<Code>(code);
  }
  return outcome;
}

Status pragma_wal_autocheckpoint(PragmaCall& call) {
  if (call.has_argument()) call.connection().set_auto_checkpoint(call.small_integer_argument());
  call.row().integer(call.connection().auto_checkpoint());
  return {};
}

Status pragma_wal_checkpoint(PragmaCall& call) {
  struct {
    const char* word;
    pager::CheckpointMode mode;
  } static constexpr kModes[] = {{"full", pager::CheckpointMode::Full},
                                 {"restart", pager::CheckpointMode::Restart},
                                 {"truncate", pager::CheckpointMode::Truncate},
                                 {"noop", pager::CheckpointMode::Noop}};
  pager::CheckpointMode mode = pager::CheckpointMode::Passive;
  for (const auto& one : kModes) {
    if (base::equals_ignoring_case(call.argument(), one.word)) mode = one.mode;
  }
  pager::CheckpointCounts counts;
  const Status status = call.connection().checkpoint(call.database_named() ? call.database() : -1, mode, &counts);
  if (!status.ok() && status.code() != Code::Busy) return status.clone();
  call.row().integer(status.ok() ? 0 : 1).integer(counts.log_frames).integer(counts.moved_frames);
  return {};
}

}  // namespace perlite::engine
