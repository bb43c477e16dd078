#include "pager/lock_wait.h"

#include <algorithm>

#include "os/vfs.h"

namespace perlite::pager {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Who waits for the turn looks this often, at random in between: no two keep missing it together.
constexpr microseconds kTurnPauseLeast{200};
constexpr microseconds kTurnPauseSpread{600};
// A turn is a courtesy, not a right: its owner may be stopped, or wait for something else.
constexpr milliseconds kPatience{25};
// Who has it looks for the lock this often; a lock held for long is looked at less often.
constexpr microseconds kPauseLeast{100};
constexpr milliseconds kPauseMost{2};
// A process that had to wait goes on for so long: handing a lock over costs more than most commits.
constexpr milliseconds kTurn{4};
// A thread that had to wait, likewise.
constexpr microseconds kRun{200};

}  // namespace

LockWait::LockWait(os::File& file, sqlite3_vfs& vfs, BusyHandler* busy, Manner manner) noexcept
    : file_(file), vfs_(vfs), busy_(busy), manner_(manner) {
  if (busy != nullptr && busy->timeout_ms() > 0) queue_ = file.lock_queue();
}

LockWait::~LockWait() {
  if (has_turn_) {
    queue_->set_has_turn(false);
    file_.end_turn();
    queue_->begin_turn(Clock::now() + kTurn);
  }
  if (place_) queue_->leave(*place_, served_);
}

void LockWait::succeeded() noexcept {
  served_ = true;
  if (place_) queue_->begin_run(Clock::now() + kRun);
}

void LockWait::let_others_pass() noexcept {
  if (!takes_turns() || (queue_->empty() && (queue_->in_turn() || !file_.turn_is_taken())) || queue_->runs()) return;
  queue_->end_run();
  static_cast<void>(again());
}

bool LockWait::again() noexcept {
  if (queue_ == nullptr) return busy_ != nullptr && busy_->wait(attempt_++);
  if (over_) return false;
  const Clock::time_point now = Clock::now();
  if (attempt_++ == 0) {
    looking_since_ = now;
    end_ = now + milliseconds(busy_->timeout_ms());
    if (takes_turns()) queue_->join(place_.emplace());
  }
  if (!takes_turns() || has_turn_) {
    pause(now);
  } else {
    wait_for_turn(std::min(end_, now + kPatience));
  }
  over_ = Clock::now() >= end_;
  return true;
}

void LockWait::wait_for_turn(Clock::time_point until) noexcept {
  while (queue_->wait_to_be_first(*place_, until)) {
    const Clock::time_point now = Clock::now();
    if (queue_->held()) {  // it is this process's turn already
      // What was given back before this thread queued woke nobody.
      if (attempt_ > 1) queue_->wait_for_wake(*place_, now < queue_->run_end() ? queue_->run_end() : until);
      return;
    }
    if (file_.take_turn()) {
      has_turn_ = true;
      queue_->set_has_turn(true);
      looking_since_ = now;
      return;
    }
    if (now >= until) return;
    const auto spread = now.time_since_epoch() % kTurnPauseSpread;
    queue_->wait_for_wake(*place_, std::min(until, now + kTurnPauseLeast + spread));
  }
}

void LockWait::pause(Clock::time_point now) noexcept {
  const Clock::duration length = std::clamp<Clock::duration>((now - looking_since_) / 16, kPauseLeast, kPauseMost);
  const Clock::time_point until = std::min(end_, now + length);
  if (place_) {
    queue_->wait_for_wake(*place_, until);
  } else {
    const auto left = std::chrono::duration_cast<microseconds>(until - now);
    static_cast<void>(os::sleep_us(vfs_, std::max(1, static_cast<int>(left.count()))));
  }
}

}  // namespace perlite::pager
