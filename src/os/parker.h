// os/parker.h: where one thread sleeps until another wakes it.
//
// Each wake() is owed one wait() that returns true; it may come before that. So whoever is to be woken is found with a
// mutex held and woken without: it does not wake only to wait for that mutex.
//   Lifetime   until each wake() that was promised was waited for.
//   Threads    one waits, any wakes.
#pragma once

#include <semaphore.h>

#include <chrono>

namespace perlite::os {

class Parker {
 public:
  Parker() noexcept { ::sem_init(&woken_, 0, 0); }
  Parker(const Parker&) = delete;
  Parker& operator=(const Parker&) = delete;
  ~Parker() { ::sem_destroy(&woken_); }

  void wake() noexcept { ::sem_post(&woken_); }
  void wait() noexcept;
  // False: nobody woke it until then.
  bool wait_until(std::chrono::steady_clock::time_point until) noexcept;

 private:
  ::sem_t woken_;
};

}  // namespace perlite::os
