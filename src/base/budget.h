// base/budget.h: what a statement may use before it must stop.
//
// Every loop that data can make long calls charge(). It is cheap: one decrement, and only every `kStride` units does it
// look at the interrupt flag, the progress callback, the deadline and the limits.
//   Threads   charge() by the thread that runs the statement; interrupt() by any.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/status.h"

namespace perlite {

class Budget {
 public:
  static constexpr std::int32_t kStride = 256;

  // Errors: Interrupt (also when the progress callback asks for it).
  Status charge(std::int32_t units = 1) {
    if ((left_ -= units) > 0) [[likely]]
      return {};
    return check();
  }
  void interrupt() noexcept { interrupted_.store(true, std::memory_order_relaxed); }
  void clear_interrupt() noexcept { interrupted_.store(false, std::memory_order_relaxed); }
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_relaxed); }

  // `callback` is asked about every `every_units`; non-zero stops the statement. every_units < 1 removes it.
  void set_progress(int every_units, int (*callback)(void*), void* context) noexcept;
  void restart() noexcept { left_ = stride_; }  // at the start of a step

 private:
  Status check();

  std::int32_t left_ = kStride;
  std::int32_t stride_ = kStride;
  std::atomic<bool> interrupted_{false};
  int (*progress_)(void*) = nullptr;
  void* progress_context_ = nullptr;
};

}  // namespace perlite
