#include "pager/commit_group.h"

#include <utility>

namespace perlite::pager {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// How long a process hands WRITE on without giving it back, and for how long when another process waits for it; in any
// case until it has synced twice, so that there is something to share on slow disks too.
constexpr milliseconds kLongest{25};
constexpr milliseconds kLongestInCompany{4};
constexpr int kFewestSyncs = 2;
// Who syncs waits for those that committed last time, for as long as the last sync and this took.
constexpr microseconds kGathering{100};
// After a try to restart the log that failed it grows by so many frames before the next.
constexpr std::uint32_t kRestartFrames = 1000;

}  // namespace

CommitGroup* CommitGroup::of(os::File& database) {
  return static_cast<CommitGroup*>(
      database.companion([]() -> UniquePtr<os::Companion> { return make_unique<CommitGroup>(); }));
}

Status CommitGroup::begin(WalIndex& index, os::File& database, Number* base) {
  PL_TRY(index.lock_exclusive(wal::kWriteLock));
  const std::lock_guard<std::mutex> lock(mutex_);
  PL_ASSERT(!writing_ && settled_ == appended_);
  holder_ = &database;
  database.lock_queue()->set_held(true);
  held_since_ = Clock::now();
  syncs_ = 0;
  writing_ = true;
  failure_ = Code::Ok;
  *base = appended_;
  return {};
}

Log::Join CommitGroup::join(os::File& database, Number* base, wal::IndexHeader* head) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (holder_ == nullptr) return Log::Join::Alone;
  if (writing_) return Log::Join::Busy;
  const Clock::duration held = Clock::now() - held_since_;
  const auto too_long = [&] { return held > kLongest || (held > kLongestInCompany && database.others_have_turn()); };
  if (syncs_ >= kFewestSyncs && too_long()) return Log::Join::Busy;
  hold_by(database);
  writing_ = true;
  failure_ = Code::Ok;
  *base = appended_;
  *head = head_;
  return Log::Join::Joined;
}

bool CommitGroup::needs_restart(os::File& database, std::uint32_t last_frame) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (expected_ <= 1 && database.lock_queue()->empty()) return false;
  return hopeless_ == 0 || last_frame < hopeless_ || last_frame - hopeless_ >= kRestartFrames;
}

void CommitGroup::restart_tried(bool all_moved, std::uint32_t last_frame) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  hopeless_ = all_moved ? 0 : last_frame;
}

void CommitGroup::leave(Sink& sink) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failure_ != Code::Ok) sink.destroy_unpublished();
  // The newest of those that wait is the last to go.
  if (members_ != nullptr) hold_by(*members_->holder);
  end_writing();
}

void CommitGroup::hold_by(os::File& file) noexcept {
  holder_->pass_shm_lock(file, wal::kWriteLock);
  holder_ = &file;
}

Status CommitGroup::commit(Sink& sink, Number base, const wal::IndexHeader& header, bool* handed_over,
                           bool* base_lost) {
  std::unique_lock<std::mutex> lock(mutex_);
  PL_ASSERT(writing_);
  *handed_over = failure_ == Code::Ok;
  *base_lost = !*handed_over;
  if (!*handed_over) return failure_;
  Member mine{++appended_, base, holder_, members_};
  members_ = &mine;
  head_ = header;
  writing_ = false;
  const bool others_sync = std::exchange(syncing_, true);
  os::LockQueue* const queue = holder_->lock_queue();
  Member* const gatherer = appended_ - settled_ >= expected_ ? std::exchange(gatherer_, nullptr) : nullptr;
  lock.unlock();
  queue->end_run();  // the others are to share the sync
  queue->wake();
  if (gatherer != nullptr) gatherer->parker.wake();
  if (others_sync) mine.parker.wait();
  if (!mine.settled) sync_all(sink, mine);
  *base_lost = mine.base_lost;
  return mine.result;
}

Status CommitGroup::settle(Number base) noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  settled_some_.wait(lock, [&] { return settled_ >= base; });
  return failure_;
}

Code CommitGroup::failure() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

// Makes durable what was appended so far, and publishes it; others append meanwhile, and one of them syncs next.
void CommitGroup::sync_all(Sink& sink, Member& mine) noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  if (appended_ - settled_ < expected_) gather(mine, lock);
  ++syncs_;
  const Number last = appended_;
  wal::IndexHeader header = head_;
  lock.unlock();
  const Clock::time_point begin = Clock::now();
  const Status status = sink.sync_frames();
  lock.lock();
  last_sync_ = Clock::now() - begin;
  expected_ = last - settled_ + holder_->lock_queue()->size();
  Member* settled = nullptr;
  if (status.ok()) {
    sink.store_header(&header);
    settled = settle_members(last, Code::Ok);
  } else {
    // What was appended meanwhile rests on what failed, and so does the writer there may be.
    if (writing_) {
      failure_ = status.code();
    } else {
      sink.destroy_unpublished();
    }
    settled = settle_members(appended_, status.code());
  }
  if (!writing_) end_writing();
  Member* const next = members_;
  syncing_ = next != nullptr;
  lock.unlock();
  settled_some_.notify_all();
  if (next != nullptr) next->parker.wake();
  while (settled != nullptr) {
    Member& member = *settled;
    settled = member.next;  // it is gone when it was woken
    if (&member != &mine) member.parker.wake();
  }
}

// Waits for the commits that are expected, for a time. It is woken exactly if another took it from gatherer_.
void CommitGroup::gather(Member& mine, std::unique_lock<std::mutex>& lock) noexcept {
  gatherer_ = &mine;
  lock.unlock();
  const bool woken = mine.parker.wait_until(Clock::now() + last_sync_ + kGathering);
  lock.lock();
  if (std::exchange(gatherer_, nullptr) != nullptr || woken) return;
  lock.unlock();
  mine.parker.wait();
  lock.lock();
}

// Those that are settled by that, whose threads are to be woken.
CommitGroup::Member* CommitGroup::settle_members(Number last, Code result) noexcept {
  Member* settled = nullptr;
  for (Member** link = &members_; *link != nullptr;) {
    Member& member = **link;
    if (member.number > last) {
      link = &member.next;
      continue;
    }
    *link = member.next;
    member.result = result;
    member.base_lost = result != Code::Ok && member.base > settled_;
    member.settled = true;
    member.next = settled;
    settled = &member;
  }
  settled_ = last;
  return settled;
}

// Nobody writes; where nothing waits to be settled either, other processes may.
void CommitGroup::end_writing() noexcept {
  writing_ = false;
  if (settled_ != appended_ || holder_ == nullptr) return;
  holder_->lock_queue()->set_held(false);
  static_cast<void>(holder_->shm_lock(wal::kWriteLock, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE));
  holder_ = nullptr;
}

}  // namespace perlite::pager
