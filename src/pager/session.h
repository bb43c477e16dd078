// pager/session.h: one connection's part in a Store that several connections use (shared-cache mode).
//
// A Store that was attached no session belongs to one connection. With sessions, the caller holds a lock that all of
// them share, and activates its own for as long: in_read(), in_write() and the transaction calls of the Store then
// speak of the active session. The file's transaction begins with the first session that reads and ends with the last.
// One session writes at a time. What it changed is in the pages that the others read, from the moment it is changed:
// who may look at what is for may_begin() and for the layer above to say.
//   Ownership  of the layer above; attached to one Store for its life.
//   Threads    under the lock that the sessions share.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "pager/busy.h"

namespace perlite::pager {

class Session {
 public:
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  bool reading() const noexcept { return reading_; }
  bool writing() const noexcept { return writing_; }

 protected:
  explicit Session(BusyHandler* busy) noexcept : busy_(busy) {}
  ~Session() = default;
  // Asked before this session begins to read or, with `write`, to write; `exclusive` when it will have nobody beside it.
  // Must refuse a second writer. Errors: LockedSharedCache.
  virtual Status may_begin(bool write, bool exclusive) = 0;
  // reading() or writing() has changed.
  virtual void moved() noexcept = 0;
  // Another session's rollback failed with `code`: the read transaction, of which reading() tells no more, is gone.
  virtual void lost(Code code) noexcept = 0;

 private:
  friend class Store;
  BusyHandler* busy_;
  Session* next_ = nullptr;  // of the Store
  bool reading_ = false;     // always true while writing_
  bool writing_ = false;
  std::uint32_t commits_ = 0;
};

}  // namespace perlite::pager
