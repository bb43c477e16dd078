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

void LockQueue::leave(Place& place, bool served) noexcept {
  Place* next = nullptr;
  bool promised = false;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    Place* before = nullptr;
    for (Place* one = first_; one != &place; one = one->next_) before = one;
    (before == nullptr ? first_ : before->next_) = place.next_;
    if (last_ == &place) last_ = before;
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    if (before == nullptr && !served) next = promise(first_);
    promised = place.promised_;
  }
  if (next != nullptr) next->parker_.wake();
  if (promised) place.parker_.wait();
}

// The place whose thread is to be woken when the mutex is given back; null where it will wake anyway.
LockQueue::Place* LockQueue::promise(Place* place) noexcept {
  if (place == nullptr || place->promised_) return nullptr;
  place->promised_ = true;
  return place;
}

template <typename Condition>
bool LockQueue::sleep(Place& place, Clock::time_point until, Condition condition) noexcept {
  std::unique_lock<std::mutex> guard(mutex_);
  while (!condition()) {
    guard.unlock();
    const bool woken = place.parker_.wait_until(until);
    guard.lock();
    if (!woken) return condition();
    place.promised_ = false;
  }
  return true;
}

bool LockQueue::wait_to_be_first(Place& place, Clock::time_point until) noexcept {
  return sleep(place, until, [&] { return first_ == &place; });
}

void LockQueue::wait_for_wake(Place& first, Clock::time_point until) noexcept {
  static_cast<void>(sleep(first, until, [&] { return wakes_ != first.seen_; }));
  const std::lock_guard<std::mutex> guard(mutex_);
  first.seen_ = wakes_;
}

void LockQueue::wake() noexcept {
  if (empty()) return;
  Place* first = nullptr;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (first_ == nullptr || first_->thread_ == std::this_thread::get_id()) return;
    ++wakes_;
    first = promise(first_);
  }
  if (first != nullptr) first->parker_.wake();
}

void LockQueue::give_back() noexcept {
  if (!empty() && !runs()) wake();
}

void LockQueue::end_run() noexcept {
  if (runner_.load(std::memory_order_relaxed) != std::this_thread::get_id()) return;
  runner_.store({}, std::memory_order_relaxed);
  run_until_.store(0, std::memory_order_relaxed);
  wake();
}

}  // namespace perlite::os
