// A transaction that outgrows its cache writes the pages it uses least, a few at a time and with their neighbours; what
// it uses again and again stays in memory.
#include <gtest/gtest.h>

#include <cstdint>

#include "pager/store.h"
#include "tests/support/failing_allocator.h"
#include "tests/unit/pager/workload.h"

namespace perlite::pager {
namespace {

constexpr int kCache = 80;
constexpr std::uint32_t kPages = 1000;

class Spill : public testing::Test {
 protected:
  void SetUp() override {
    store_ = open_file(directory_.file("db"), 4096);
    store_->set_synchronous(Synchronous::Off);
    ASSERT_TRUE(store_->begin_write().ok());
    for (std::uint32_t i = 0; i < kPages; ++i) ASSERT_TRUE(store_->view().append().ok());
    ASSERT_TRUE(store_->commit(AfterCommit::EndRead).ok());
    store_->set_cache_size(kCache);
    store_->set_synchronous(Synchronous::Full);
    ASSERT_TRUE(store_->begin_write().ok());
    store_->reset_counters();
  }
  bool try_change(std::uint32_t page) {
    Result<PageRef> ref = store_->view().fetch(PageNo(page));
    if (!ref.ok()) return false;
    auto bytes = ref.value().writable();
    if (!bytes.ok()) return false;
    bytes.value()[200] = static_cast<std::byte>(page);
    return true;
  }
  void change(std::uint32_t page) { ASSERT_TRUE(try_change(page)) << page; }
  // Every page is one of the transaction's own, spilled once: from here on nothing waits for the journal.
  void change_all() {
    for (std::uint32_t page = 2; page <= kPages; ++page) ASSERT_NO_FATAL_FAILURE(change(page));
    store_->reset_counters();
  }
  Directory directory_;
  UniquePtr<Store> store_;
};

// The table of the pages in memory grows as they come.
TEST_F(Spill, NoChangedPageIsLostWhenMemoryRunsOut) {
  test::FailingAllocator memory;
  ASSERT_TRUE(store_->commit(AfterCommit::EndRead).ok());
  for (int count = 0, failures = 1; failures > 0; ++count) {
    store_ = open_file(directory_.file("db"), 4096);
    store_->set_synchronous(Synchronous::Off);
    ASSERT_TRUE(store_->begin_write().ok());
    const auto page_of = [](std::uint32_t i) { return 2 + i % 40 * 16 + i / 40; };  // many of one bucket
    std::uint32_t changed = 0;
    memory.fail_at(count);
    try {
      while (changed < 300 && try_change(page_of(changed))) ++changed;
    } catch (const std::bad_alloc&) {
    }
    failures = memory.failed();
    memory.fail_at(-1);
    for (std::uint32_t i = 0; i < changed; ++i) {
      const std::uint32_t page = page_of(i);
      Result<PageRef> ref = store_->view().fetch(PageNo(page));
      ASSERT_TRUE(ref.ok());
      ASSERT_EQ(static_cast<std::byte>(page), ref.value().data()[200]) << page << " when allocation " << count << " fails";
    }
    ASSERT_TRUE(store_->rollback().ok());
    store_->end_read();
  }
}

TEST_F(Spill, PagesOfEachStepStayWhileOthersComeAndGo) {
  ASSERT_NO_FATAL_FAILURE(change_all());
  constexpr std::uint32_t kHot = 30;
  constexpr int kSteps = 3000;
  // Every hot page once in thirty steps, in which sixty others come that are not used again for long: with room for
  // eighty, whoever spills all of them, or goes by age, writes or loses the hot ones again and again.
  for (int i = 0; i < kSteps; ++i) {
    const auto step = static_cast<std::uint32_t>(i);
    ASSERT_NO_FATAL_FAILURE(change(2 + step % kHot * 2));
    ASSERT_NO_FATAL_FAILURE(change(100 + step * 2 * 7 % 900));
    ASSERT_NO_FATAL_FAILURE(change(100 + (step * 2 + 1) * 7 % 900));
  }
  const StoreCounters counters = store_->counters();
  // Two pages a step are read and written again; the hot ones hardly ever.
  EXPECT_LT(counters.misses, 2 * kSteps + kSteps / 10);
  EXPECT_LT(counters.spills, 2 * kSteps + kSteps / 10);
}

TEST_F(Spill, AFewPagesGoAtATime) {
  ASSERT_NO_FATAL_FAILURE(change_all());
  // Not one is the neighbour of another.
  std::uint32_t page = 2;
  while (store_->counters().spills == 0) ASSERT_NO_FATAL_FAILURE(change(page += 2));
  EXPECT_LE(store_->counters().spills, std::uint64_t{kCache / 8});
}

TEST_F(Spill, NeighboursGoTogether) {
  ASSERT_NO_FATAL_FAILURE(change_all());
  std::uint32_t page = 1;
  while (store_->counters().spills == 0) ASSERT_NO_FATAL_FAILURE(change(++page));
  EXPECT_GE(store_->counters().spills, std::uint64_t{kCache / 2});
}

TEST_F(Spill, WhatWasSpilledCanBeUndone) {
  ASSERT_NO_FATAL_FAILURE(change_all());
  for (std::uint32_t i = 0; i < 5000; ++i) ASSERT_NO_FATAL_FAILURE(change(2 + i * 7 % (kPages - 2)));
  ASSERT_TRUE(store_->rollback().ok());
  for (std::uint32_t page = 2; page <= kPages; ++page) {
    Result<PageRef> ref = store_->view().fetch(PageNo(page));
    ASSERT_TRUE(ref.ok());
    ASSERT_EQ(ref.value().bytes()[200], std::byte{0}) << page;
  }
}

}  // namespace
}  // namespace perlite::pager
