// pager/commit_group.h: commits of one process to one log that become durable together (docs/format/wal.md, "Commits
// together").
//
//     none --begin()--> writing --commit()--> handed over --join()--> writing, by the next ...
//                                              |
//                                       durable, published; WRITE given back when nobody writes
//
// Invariants
//   G1  While a commit is not settled, WRITE is the process's: holder_ is the file that has it.
//   G2  Commits are settled in the order in which they were appended; one that fails takes all behind it along.
//   G3  The header that is published covers durable frames only.
//   Ownership  one for each database file of the process, by os::File::companion().
//   Threads    any. Its mutex comes before those of os; it is not held while a log is synced.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "os/file.h"
#include "os/parker.h"
#include "pager/log.h"
#include "pager/wal_format.h"
#include "pager/wal_index.h"

namespace perlite::pager {

class CommitGroup final : public os::Companion {
 public:
  // Counts commits; that of the newest a transaction rests on is its base.
  using Number = std::uint64_t;

  // What the group does with the log of the connection that calls.
  class Sink {
   public:
    virtual Status sync_frames() = 0;
    virtual void store_header(wal::IndexHeader* header) noexcept = 0;
    // Nothing beyond the published header may ever count.
    virtual void destroy_unpublished() noexcept = 0;

   protected:
    ~Sink() = default;
  };

  // The group of an open database; null where the VFS is not ours.
  static CommitGroup* of(os::File& database);

  // Takes WRITE from the system for a new writer. Errors: those of WalIndex::lock_exclusive().
  Status begin(WalIndex& index, os::File& database, Number* base);
  // Makes the caller the writer behind a commit that is not settled; it begins with what that will publish. Alone where
  // there is none. Busy while somebody writes, and when another process has waited for long enough.
  Log::Join join(os::File& database, Number* base, wal::IndexHeader* head);
  // Before a checkpoint: whether the writers of this process leave the log of so many frames no moment to restart.
  bool needs_restart(os::File& database, std::uint32_t last_frame) noexcept;
  // After it: a reader may have been in the way all the same, and will be for some time.
  void restart_tried(bool all_moved, std::uint32_t last_frame) noexcept;
  // The writer ends without a commit.
  void leave(Sink& sink) noexcept;
  // The writer's frames were appended and `header` shows them: somebody else may write. Returns when they are durable
  // and published. On an error `*handed_over` tells whether the caller is the writer still; `*base_lost`, whether what
  // it rested on failed too. Errors: those of sync_frames(), whoever called it.
  Status commit(Sink& sink, Number base, const wal::IndexHeader& header, bool* handed_over, bool* base_lost);
  // Waits until what the writer rests on is settled; the error with which it failed, if it did.
  Status settle(Number base) noexcept;
  // As settle(), without waiting: Ok while nothing is known.
  Code failure() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  // A commit that waits, on the stack of its thread.
  struct Member {
    Number number;
    Number base;
    os::File* holder;
    Member* next;
    os::Parker parker{};  // of a thread that is to look at `settled`, or to sync
    Code result = Code::Ok;
    bool base_lost = false;
    bool settled = false;
  };

  void sync_all(Sink& sink, Member& mine) noexcept;
  void gather(Member& mine, std::unique_lock<std::mutex>& lock) noexcept;
  Member* settle_members(Number last, Code result) noexcept;
  void hold_by(os::File& file) noexcept;
  void end_writing() noexcept;

  std::mutex mutex_;                      // guards what follows
  std::condition_variable settled_some_;  // for settle()
  Member* members_ = nullptr;             // that wait, the newest first
  os::File* holder_ = nullptr;
  Member* gatherer_ = nullptr;   // is woken when as many commits as expected are there
  Number expected_ = 0;          // for one sync
  Clock::duration last_sync_{};  // how long it took
  std::uint32_t hopeless_ = 0;   // the length of the log when a restart failed
  Number appended_ = 0;
  Number settled_ = 0;     // durable and published, or failed
  wal::IndexHeader head_;  // of commit number appended_
  Clock::time_point held_since_;
  Code failure_ = Code::Ok;  // of what the present writer rests on
  int syncs_ = 0;            // begun since then
  bool writing_ = false;
  bool syncing_ = false;  // somebody syncs, or was told to
};

}  // namespace perlite::pager
