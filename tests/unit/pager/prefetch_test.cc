// Pages that are read ahead, in a cache that is nearly full: what makes room for a run of pages must not take the page that
// the run begins with. Under the address sanitizer a page read to where one was shows; elsewhere its content.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "base/bytes.h"
#include "pager/store.h"
#include "tests/unit/pager/workload.h"

namespace perlite::pager {
namespace {

constexpr std::uint32_t kPages = 600;

class Prefetch : public testing::Test {
 protected:
  void SetUp() override {
    open();
    store_->set_synchronous(Synchronous::Off);
    ASSERT_TRUE(store_->begin_write().ok());
    for (std::uint32_t i = 0; i < kPages; ++i) {
      Result<PageRef> page = store_->view().append();
      ASSERT_TRUE(page.ok());
      auto bytes = page.value().writable();
      ASSERT_TRUE(bytes.ok());
      base::store_be32(bytes.value().data() + 200, page.value().number().value);
    }
    ASSERT_TRUE(store_->commit(AfterCommit::EndRead).ok());
    store_.reset();
  }
  void open() { store_ = open_file(directory_.file("db"), 4096); }
  void check(std::uint32_t page) {
    Result<PageRef> ref = store_->view().fetch(PageNo(page));
    ASSERT_TRUE(ref.ok()) << ref.status().message();
    ASSERT_EQ(page, base::load_be32(ref.value().data() + 200));
  }
  Directory directory_;
  UniquePtr<Store> store_;
};

TEST_F(Prefetch, KeepsThePageThatARunBeginsWith) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 generator(seed);
    const auto random = [&generator](std::uint32_t below) { return static_cast<std::uint32_t>(generator() % below); };
    open();
    store_->set_cache_size(static_cast<int>(10 + random(30)));
    ASSERT_TRUE(store_->begin_read().ok());
    for (int step = 0; step < 30; ++step) {
      for (std::uint32_t i = random(40); i > 0; --i) ASSERT_NO_FATAL_FAILURE(check(2 + random(kPages - 1)));
      Vector<PageNo> ahead;
      const std::uint32_t first = 2 + random(kPages - 64);
      for (std::uint32_t i = random(62); i > 0; --i) ahead.push_back(PageNo(first + static_cast<std::uint32_t>(ahead.size())));
      store_->view().prefetch(ahead);
      for (const PageNo page : ahead) ASSERT_NO_FATAL_FAILURE(check(page.value));
    }
    store_->end_read();
  }
}

}  // namespace
}  // namespace perlite::pager
