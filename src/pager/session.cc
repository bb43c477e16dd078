#include "pager/session.h"

#include "pager/store.h"

namespace perlite::pager {

void Store::attach(Session& session) noexcept {
  session.next_ = sessions_;
  sessions_ = &session;
}

void Store::detach(Session& session) noexcept {
  PL_ASSERT(!session.reading_ && session_ != &session);
  Session** link = &sessions_;
  while (*link != &session) link = &(*link)->next_;
  *link = session.next_;
}

void Store::session_reads() noexcept {
  session_->reading_ = true;
  ++readers_;
}

// What the end of the active session's writing means for the file: its read transaction goes on while anybody reads.
AfterCommit Store::session_ends_writing(AfterCommit then) noexcept {
  session_->writing_ = false;
  if (then == AfterCommit::EndRead) {
    session_->reading_ = false;
    --readers_;
  }
  session_->moved();
  return readers_ == 0 ? then : AfterCommit::KeepReading;
}

// The file's transaction is gone, and with it that of every session.
void Store::lose_sessions(Code code) noexcept {
  for (Session* one = sessions_; one != nullptr; one = one->next_) {
    if (!one->reading_) continue;
    one->reading_ = one->writing_ = false;
    one->moved();
    if (one != session_) one->lost(code);
  }
  readers_ = 0;
}

}  // namespace perlite::pager
