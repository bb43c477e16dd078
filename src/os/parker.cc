#include "os/parker.h"

#include <errno.h>
#include <time.h>

namespace perlite::os {

void Parker::wait() noexcept {
  while (::sem_wait(&woken_) != 0) {  // a signal handler ran
  }
}

bool Parker::wait_until(std::chrono::steady_clock::time_point until) noexcept {
  const auto since_epoch = until.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
  timespec end{};
  end.tv_sec = seconds.count();
  end.tv_nsec = std::chrono::nanoseconds(since_epoch - seconds).count();
  while (::sem_clockwait(&woken_, CLOCK_MONOTONIC, &end) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace perlite::os
