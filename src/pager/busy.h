// pager/busy.h: what to do while somebody else holds a lock. Implemented by engine (sqlite3_busy_handler).
#pragma once

namespace perlite::pager {

class BusyHandler {
 public:
  // Asked after a lock could not be had; `attempt` counts from 0 for one lock. True: try again.
  virtual bool wait(int attempt) = 0;
  // How long wait() goes on, where it only sleeps for a time; then the pager may wait in a better way for as long
  // (pager/lock_wait.h). 0: it must be asked.
  virtual int timeout_ms() const noexcept { return 0; }

 protected:
  ~BusyHandler() = default;
};

}  // namespace perlite::pager
