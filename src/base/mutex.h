// base/mutex.h: the recursive lock of connections, and the mutexes of the public interface.
//
// A Mutex that is free costs one compare-exchange to take and one exchange to give back; a thread that has to wait
// sleeps in the kernel. What the host installed with SQLITE_CONFIG_MUTEX is honoured: then each lock is made by the
// host's methods (manual: c3ref/mutex_methods.html). Process-wide state of the engine itself uses Mutex directly.
//   Threads   any; leave() by the thread that entered, as often as it entered.
#pragma once

#include <atomic>
#include <cstdint>

#include "sqlite3.h"

namespace perlite::base {

class Mutex {
 public:
  constexpr Mutex() noexcept = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void enter() noexcept {
    const std::uintptr_t self = thread_mark();
    if (owner_.load(std::memory_order_relaxed) == self) {
      ++depth_;
      return;
    }
    std::uint32_t expected = kFree;
    if (!state_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire)) wait_and_take();
    owner_.store(self, std::memory_order_relaxed);
    depth_ = 1;
  }
  bool try_enter() noexcept {
    const std::uintptr_t self = thread_mark();
    if (owner_.load(std::memory_order_relaxed) == self) {
      ++depth_;
      return true;
    }
    std::uint32_t expected = kFree;
    if (!state_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire)) return false;
    owner_.store(self, std::memory_order_relaxed);
    depth_ = 1;
    return true;
  }
  void leave() noexcept {
    if (--depth_ != 0) return;
    owner_.store(0, std::memory_order_relaxed);
    if (state_.exchange(kFree, std::memory_order_release) == kAwaited) state_.notify_one();
  }
  bool held() const noexcept { return owner_.load(std::memory_order_relaxed) == thread_mark(); }

 private:
  static constexpr std::uint32_t kFree = 0, kTaken = 1, kAwaited = 2;  // awaited: taken, and somebody sleeps

  // The address of a variable of the running thread: unlike its id, never a system call.
  static std::uintptr_t thread_mark() noexcept {
    static thread_local char mark;
    return reinterpret_cast<std::uintptr_t>(&mark);
  }
  void wait_and_take() noexcept;

  std::atomic<std::uint32_t> state_{kFree};
  std::uint32_t depth_ = 0;  // only the owner reads and writes it
  std::atomic<std::uintptr_t> owner_{0};
};

class MutexGuard {
 public:
  explicit MutexGuard(Mutex& mutex) noexcept : mutex_(mutex) { mutex_.enter(); }
  ~MutexGuard() { mutex_.leave(); }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

// How the process makes its public mutexes. Set before initialisation; the caller serialises (sqlite3_config).
enum class Threading : std::uint8_t {
  Single,     // nobody locks
  Multi,      // connections are not shared between threads
  Serialized  // the default
};
void set_threading(Threading threading) noexcept;
Threading threading() noexcept;
void set_mutex_methods(const sqlite3_mutex_methods& methods) noexcept;
const sqlite3_mutex_methods& mutex_methods() noexcept;  // the installed ones, or the defaults
const sqlite3_mutex_methods& default_mutex_methods() noexcept;

// The lock of one connection: our own Mutex, or one that the host's methods made, or none at all.
class ConnectionLock {
 public:
  // `serialized` is false for a connection that its user keeps to one thread (SQLITE_OPEN_NOMUTEX).
  explicit ConnectionLock(bool serialized) noexcept;
  ~ConnectionLock();
  ConnectionLock(const ConnectionLock&) = delete;
  ConnectionLock& operator=(const ConnectionLock&) = delete;

  void enter() noexcept {
    if (kind_ == Kind::Own) {
      own_.enter();
    } else if (kind_ == Kind::Host) {
      mutex_methods().xMutexEnter(host_);
    }
  }
  void leave() noexcept {
    if (kind_ == Kind::Own) {
      own_.leave();
    } else if (kind_ == Kind::Host) {
      mutex_methods().xMutexLeave(host_);
    }
  }
  // What sqlite3_db_mutex answers: null when nobody locks.
  sqlite3_mutex* handle() noexcept { return kind_ == Kind::Own ? reinterpret_cast<sqlite3_mutex*>(&own_) : host_; }
  // False when the host's methods could not make the mutex.
  bool usable() const noexcept { return kind_ != Kind::Host || host_ != nullptr; }

 private:
  enum class Kind : std::uint8_t { None, Own, Host };
  Mutex own_;
  sqlite3_mutex* host_ = nullptr;
  Kind kind_ = Kind::None;
};

}  // namespace perlite::base
