#include "os/lock_queue.h"

namespace perlite::os {

void LockQueue::join(Place& place) noexcept {
  const std::lock_guard<std::mutex> guard(mutex_);
  place.next_ = nullptr;
  place.seen_ = wakes_;
  (first_ == nullptr ? first_ : last_->next_) = &place;
  last_ = &place;
  waiting_.fetch_add(1, std::memory_order_seq_cst);
}

void LockQueue::leave(Place& place) noexcept {
  const std::lock_guard<std::mutex> guard(mutex_);
  Place* before = nullptr;
  for (Place* one = first_; one != &place; one = one->next_) before = one;
  (before == nullptr ? first_ : before->next_) = place.next_;
  if (last_ == &place) last_ = before;
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
  if (before == nullptr && first_ != nullptr) first_->woken_.notify_one();
}

bool LockQueue::wait_to_be_first(Place& place, Clock::time_point until) noexcept {
  std::unique_lock<std::mutex> guard(mutex_);
  return place.woken_.wait_until(guard, until, [&] { return first_ == &place; });
}

void LockQueue::wait_for_wake(Place& first, Clock::time_point until) noexcept {
  std::unique_lock<std::mutex> guard(mutex_);
  first.woken_.wait_until(guard, until, [&] { return wakes_ != first.seen_; });
  first.seen_ = wakes_;
}

void LockQueue::wake() noexcept {
  if (empty()) return;
  const std::lock_guard<std::mutex> guard(mutex_);
  ++wakes_;
  if (first_ != nullptr) first_->woken_.notify_one();
}

}  // namespace perlite::os
