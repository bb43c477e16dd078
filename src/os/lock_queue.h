// os/lock_queue.h: the threads of this process that wait for a lock of one file, in the order in which they came.
//
// It stands in front of locks and is none itself: who is first may try, and whoever gives back a lock of the file wakes
// him. Between processes the turn decides who may try (os/file.h; docs/format/locks.md, "The turn").
//   Threads   any. Its mutex is the innermost one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

#include "os/parker.h"

namespace perlite::os {

class LockQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // One thread's place, from join() to leave(); it stays where it is in memory.
  class Place {
   public:
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class LockQueue;
    Parker parker_;
    Place* next_ = nullptr;
    std::uint64_t seen_ = 0;  // the wake() it knows of
    bool promised_ = false;   // a wake of the parker that was not waited for
    std::thread::id thread_ = std::this_thread::get_id();
  };

  bool empty() const noexcept { return waiting_.load(std::memory_order_seq_cst) == 0; }
  std::size_t size() const noexcept { return waiting_.load(std::memory_order_relaxed); }
  void join(Place& place) noexcept;
  // `served`: it got a lock that keeps the next one waiting until it is given back; else that one is to try now.
  void leave(Place& place, bool served) noexcept;
  // Sleeps until the place is the first, or `until`; true when it is.
  bool wait_to_be_first(Place& place, Clock::time_point until) noexcept;
  // The place is the first: sleeps until a lock was given back that it does not know of, or `until`.
  void wait_for_wake(Place& first, Clock::time_point until) noexcept;
  // A lock was given back for which others may wait: the first may try again, unless it is his own, of an attempt that
  // came to nothing. Costs a load when nobody waits.
  void wake() noexcept;
  // wake(), but during the run of the thread that calls.
  void give_back() noexcept;

  // Whom the queue served goes on for a while as if nobody waited, where a lock is held for less time than handing it
  // on takes: who is first looks by himself meanwhile.
  void begin_run(Clock::time_point until) noexcept {
    runner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    run_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  }
  // The run of the thread that calls is over: the first is woken. Nothing for any other thread.
  void end_run() noexcept;
  bool runs() const noexcept {
    return runner_.load(std::memory_order_relaxed) == std::this_thread::get_id() && Clock::now() < run_end();
  }
  Clock::time_point run_end() const noexcept {
    return Clock::time_point(Clock::duration(run_until_.load(std::memory_order_relaxed)));
  }

  // Whether this process holds the lock that most wait for, and will wake() the first when it can be had or handed on.
  void set_held(bool on) noexcept { held_.store(on, std::memory_order_relaxed); }
  bool held() const noexcept { return held_.load(std::memory_order_relaxed); }
  // Whether one of this process's open files has the turn.
  void set_has_turn(bool on) noexcept { has_turn_.store(on, std::memory_order_relaxed); }
  bool has_turn() const noexcept { return has_turn_.load(std::memory_order_relaxed); }
  // The process waited and has its turn: until then its threads need not look whether another process waits.
  void begin_turn(Clock::time_point until) noexcept {
    turn_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  }
  bool in_turn() const noexcept {
    const Clock::rep until = turn_until_.load(std::memory_order_relaxed);
    return until != 0 && Clock::now().time_since_epoch().count() < until;
  }

 private:
  static Place* promise(Place* place) noexcept;
  template <typename Condition>
  bool sleep(Place& place, Clock::time_point until, Condition condition) noexcept;

  std::mutex mutex_;  // guards what follows
  Place* first_ = nullptr;
  Place* last_ = nullptr;
  std::uint64_t wakes_ = 0;
  std::atomic<Clock::rep> turn_until_{0};
  std::atomic<Clock::rep> run_until_{0};
  std::atomic<std::thread::id> runner_{};
  std::atomic<bool> has_turn_{false};
  std::atomic<bool> held_{false};
  std::atomic<std::uint32_t> waiting_{0};  // places; written with the mutex held
};

}  // namespace perlite::os
