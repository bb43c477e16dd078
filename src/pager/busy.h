// pager/busy.h: what to do while somebody else holds a lock. Implemented by engine (sqlite3_busy_handler).
#pragma once

namespace perlite::pager {

class BusyHandler {
 public:
  // Asked after a lock could not be had; `attempt` counts from 0 for one lock. True: try again.
  virtual bool wait(int attempt) = 0;

 protected:
  ~BusyHandler() = default;
};

}  // namespace perlite::pager
