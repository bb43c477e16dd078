// engine/unlock_notify.h: who waits for whose transaction on a shared cache (manual: c3ref/unlock_notify.html).
//
// A connection that was refused a lock remembers the connection that had it. It may then leave a callback, which is
// called once that connection's transaction has ended. Connections form chains by this; one that would close a circle is
// refused.
//   Threads   any; one lock for the process. Callbacks run under it, for one that was cancelled must not run any more:
//             they may not call the library, as the manual says.
#pragma once

#include "base/status.h"

namespace perlite::engine {

class Connection;

// A connection's place among those that were refused; all but the link to itself is guarded by the lock.
struct UnlockWait {
  Connection* refused_by = nullptr;  // at the last refusal, until its transaction ends
  Connection* awaited = nullptr;     // the one whose end `callback` is for
  void (*callback)(void** arguments, int count) = nullptr;
  void* argument = nullptr;
  Connection* next = nullptr;
};

// `by` has what `connection` was refused. Not an error of its own; never allocates.
void note_refusal(Connection& connection, Connection& by) noexcept;
// sqlite3_unlock_notify: calls at once when nobody is in the way; a null callback cancels.
// Errors: Locked "database is deadlocked".
Status notify_of_unlock(Connection& connection, void (*callback)(void** arguments, int count), void* argument);
// The connection's transaction has ended: calls who waited for it, those with the same callback together.
void transaction_ended(Connection& connection) noexcept;
// The connection closes: as transaction_ended(), and it waits for nobody any more.
void forget_unlock_wait(Connection& connection) noexcept;

}  // namespace perlite::engine
