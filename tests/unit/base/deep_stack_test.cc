// A recursion under a DeepStackScope goes as deep as its data asks, on a stack of any size, and leaves nothing behind.
#include "base/deep_stack.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <new>

#include "base/allocator.h"

namespace perlite {
namespace {

// Each level holds half a kilobyte, so that 10,000 levels need 5 MB.
int sum_down(int depth, int fail_at) {
  if (stack_is_low()) return on_deeper_stack([&] { return sum_down(depth, fail_at); });
  volatile char held[512];
  held[0] = 1;
  held[511] = static_cast<char>(depth);
  if (depth == fail_at) throw std::bad_alloc();
  if (depth == 0) return 0;
  const int below = sum_down(depth - 1, fail_at);
  return below + held[0];
}

template <class F>
void in_thread(std::size_t stack_bytes, F body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, stack_bytes), 0);
  pthread_t thread;
  const auto run = [](void* data) -> void* {
    (*static_cast<F*>(data))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(DeepStack, GoesOnBehindTheEndOfASmallStack) {
  const std::int64_t before = base::Allocator::bytes_used();
  for (const std::size_t kilobytes : {192u, 256u, 8192u}) {
    int sum = 0;
    in_thread(kilobytes << 10, [&] {
      const DeepStackScope scope;
      sum = sum_down(10000, -1);
    });
    EXPECT_EQ(sum, 10000) << kilobytes;
  }
  EXPECT_EQ(base::Allocator::bytes_used(), before);
}

TEST(DeepStack, BadAllocTravelsThroughTheSegments) {
  const std::int64_t before = base::Allocator::bytes_used();
  int caught = 0;
  in_thread(std::size_t{256} << 10, [&] {
    const DeepStackScope scope;
    try {
      sum_down(10000, 3);
    } catch (const std::bad_alloc&) {
      ++caught;
    }
    // The scope goes on as if nothing had been.
    if (sum_down(10000, -1) == 10000) ++caught;
  });
  EXPECT_EQ(caught, 2);
  EXPECT_EQ(base::Allocator::bytes_used(), before);
}

// A scope within a scope changes nothing; without one the stack is never low.
TEST(DeepStack, OnlyTheOutermostScopeCounts) {
  EXPECT_FALSE(stack_is_low());
  {
    const DeepStackScope outer;
    const std::uintptr_t floor = base::stack_floor;
    EXPECT_NE(floor, 0u);
    {
      const DeepStackScope inner;
      EXPECT_EQ(base::stack_floor, floor);
    }
    EXPECT_EQ(base::stack_floor, floor);
  }
  EXPECT_EQ(base::stack_floor, 0u);
}

}  // namespace
}  // namespace perlite
