// The lock excludes other threads, lets its owner in again, and a free one is taken at once.
#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/random.h"

namespace perlite::base {
namespace {

TEST(Mutex, IsRecursiveAndExclusive) {
  Mutex mutex;
  mutex.enter();
  EXPECT_TRUE(mutex.try_enter());
  bool taken = true;
  std::thread([&] { taken = mutex.try_enter(); }).join();
  EXPECT_FALSE(taken);
  mutex.leave();
  EXPECT_TRUE(mutex.held());
  mutex.leave();
  EXPECT_FALSE(mutex.held());
}

TEST(Mutex, NoIncrementIsLost) {
  Mutex mutex;
  long count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        const MutexGuard outer(mutex);
        const MutexGuard inner(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 80000);
}

TEST(ConnectionLock, KnowsWhenNobodyLocks) {
  ConnectionLock none(false);
  EXPECT_EQ(none.handle(), nullptr);
  none.enter();
  none.leave();
  ConnectionLock own(true);
  EXPECT_NE(own.handle(), nullptr);
}

// RFC 8439, section 2.3.2 fixes the block function; here a seed repeats its stream and another seed does not.
TEST(Random, ASeedRepeatsItsStream) {
  seed_random(7);
  const std::uint64_t first = random_u64();
  const std::uint64_t second = random_u64();
  EXPECT_NE(first, second);
  seed_random(7);
  EXPECT_EQ(random_u64(), first);
  save_random();
  EXPECT_EQ(random_u64(), second);
  restore_random();
  EXPECT_EQ(random_u64(), second);
  seed_random(8);
  EXPECT_NE(random_u64(), first);
  reset_random();
}

}  // namespace
}  // namespace perlite::base
