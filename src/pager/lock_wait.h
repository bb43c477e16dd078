// pager/lock_wait.h: one wait for a lock of a database, from the first attempt to the last.
//
// The busy handler decides. Where it is a mere timeout and the file is one of our own VFS, those who wait take turns,
// in this process and beyond it (docs/format/locks.md, "The turn"), and look often.
//   Threads   one; it lives on the stack of the thread that waits.
#pragma once

#include <cstdint>
#include <optional>

#include "os/file.h"
#include "os/lock_queue.h"
#include "pager/busy.h"

namespace perlite::pager {

class LockWait {
 public:
  enum class Manner : std::uint8_t {
    InTurn,   // nothing is held that others need, who wait for the same
    Holding,  // something is: nobody may come first
  };

  // `busy` may be null: no wait.
  LockWait(os::File& file, sqlite3_vfs& vfs, BusyHandler* busy, Manner manner) noexcept;
  LockWait(const LockWait&) = delete;
  LockWait& operator=(const LockWait&) = delete;
  ~LockWait();  // the turn is over

  // Before the first attempt: those who wait already come first.
  void let_others_pass() noexcept;
  // After an attempt that failed. True: try again; false: the time is over.
  bool again() noexcept;
  // After one that was good for a lock that keeps the others waiting.
  void succeeded() noexcept;

 private:
  using Clock = os::LockQueue::Clock;

  bool takes_turns() const noexcept { return queue_ != nullptr && manner_ == Manner::InTurn; }
  void wait_for_turn(Clock::time_point until) noexcept;
  void pause(Clock::time_point now) noexcept;

  os::File& file_;
  sqlite3_vfs& vfs_;
  BusyHandler* busy_;
  os::LockQueue* queue_ = nullptr;  // null: the busy handler is asked
  std::optional<os::LockQueue::Place> place_;
  Clock::time_point looking_since_;  // for the lock itself
  Clock::time_point end_;
  int attempt_ = 0;  // waits so far
  Manner manner_;
  bool has_turn_ = false;
  bool served_ = false;
  bool over_ = false;  // the attempt that comes is the last
};

}  // namespace perlite::pager
