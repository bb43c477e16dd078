#include "engine/unlock_notify.h"

#include <new>

#include "base/containers.h"
#include "base/mutex.h"
#include "engine/connection.h"

namespace perlite::engine {
namespace {

constinit base::Mutex wait_lock;
// Connections that were refused or wait, those with one callback behind each other, the latest of them first.
constinit Connection* first_waiting = nullptr;

void unlist(Connection& connection) noexcept {
  for (Connection** link = &first_waiting; *link != nullptr; link = &(*link)->unlock_wait.next) {
    if (*link != &connection) continue;
    *link = connection.unlock_wait.next;
    break;
  }
  connection.unlock_wait.next = nullptr;
}

void enlist(Connection& connection) noexcept {
  Connection** link = &first_waiting;
  while (*link != nullptr && (*link)->unlock_wait.callback != connection.unlock_wait.callback) {
    link = &(*link)->unlock_wait.next;
  }
  connection.unlock_wait.next = *link;
  *link = &connection;
}

// Arguments of one callback on their way. Where memory is short it is called more often, with fewer of them.
class Batch {
 public:
  ~Batch() { flush(); }
  void add(void (*callback)(void**, int), void* argument) noexcept {
    if (callback != callback_) flush();
    callback_ = callback;
    try {
      arguments_.push_back(argument);
    } catch (const std::bad_alloc&) {
      flush();
      callback(&argument, 1);
    }
  }

 private:
  void flush() noexcept {
    if (!arguments_.empty()) callback_(arguments_.data(), static_cast<int>(arguments_.size()));
    arguments_.clear();
  }
  void (*callback_)(void**, int) = nullptr;
  Vector<void*> arguments_;
};

void tell_waiting(Connection& ended) noexcept {
  Batch batch;
  for (Connection** link = &first_waiting; *link != nullptr;) {
    Connection& connection = **link;
    UnlockWait& wait = connection.unlock_wait;
    if (wait.refused_by == &ended) wait.refused_by = nullptr;
    if (wait.awaited == &ended) {
      batch.add(wait.callback, wait.argument);
      wait.awaited = nullptr;
      wait.callback = nullptr;
      wait.argument = nullptr;
    }
    if (wait.refused_by == nullptr && wait.awaited == nullptr) {
      *link = wait.next;
      wait.next = nullptr;
    } else {
      link = &wait.next;
    }
  }
}

}  // namespace

void note_refusal(Connection& connection, Connection& by) noexcept {
  const base::MutexGuard guard(wait_lock);
  UnlockWait& wait = connection.unlock_wait;
  if (wait.refused_by == nullptr && wait.awaited == nullptr) enlist(connection);
  wait.refused_by = &by;
}

Status notify_of_unlock(Connection& connection, void (*callback)(void** arguments, int count), void* argument) {
  const base::MutexGuard guard(wait_lock);
  UnlockWait& wait = connection.unlock_wait;
  if (callback == nullptr) {
    unlist(connection);
    wait = UnlockWait{};
    return {};
  }
  if (wait.refused_by == nullptr) {
    callback(&argument, 1);
    return {};
  }
  for (const Connection* other = wait.refused_by; other != nullptr; other = other->unlock_wait.awaited) {
    if (other == &connection) return Status(Code::Locked, "database is deadlocked");
  }
  unlist(connection);
  wait.awaited = wait.refused_by;
  wait.callback = callback;
  wait.argument = argument;
  enlist(connection);
  return {};
}

void transaction_ended(Connection& connection) noexcept {
  const base::MutexGuard guard(wait_lock);
  tell_waiting(connection);
}

void forget_unlock_wait(Connection& connection) noexcept {
  const base::MutexGuard guard(wait_lock);
  tell_waiting(connection);
  unlist(connection);
  connection.unlock_wait = UnlockWait{};
}

}  // namespace perlite::engine
