// Threads with stores of their own on one log: every reader sees one state, no update is lost, whoever checkpoints,
// restarts or rolls back meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "os/vfs.h"
#include "pager/store.h"
#include "tests/unit/pager/workload.h"

namespace perlite::pager {
namespace {

class Patience final : public BusyHandler {
 public:
  bool wait(int attempt) override {
    os::sleep_us(*os::find_vfs("unix"), 100);
    return attempt < 100000;
  }
};

constexpr std::uint32_t kPages = 24;

// Each page has the same number at its end; a transaction makes all of them one more.
bool add_one(Store& store, bool with_savepoint) {
  if (!store.begin_write().ok()) return false;
  for (std::uint32_t page = 2; page <= kPages; ++page) {
    auto ref = store.view().fetch(PageNo(page));
    if (!ref.ok()) return false;
    auto bytes = ref.value().writable();
    if (!bytes.ok()) return false;
    std::byte* at = bytes.value().data() + bytes.value().size() - 4;
    base::store_be32(at, base::load_be32(at) + 1);
  }
  if (!with_savepoint) return true;
  // What is spilled here is overwritten in the log by nothing, and seen by nobody.
  if (!store.open_savepoint().ok()) return false;
  for (std::uint32_t page = 2; page <= kPages; ++page) {
    auto ref = store.view().fetch(PageNo(page));
    if (!ref.ok()) return false;
    auto bytes = ref.value().writable();
    if (!bytes.ok()) return false;
    base::store_be32(bytes.value().data() + bytes.value().size() - 4, 0xdeadbeef);
  }
  return store.rollback_to_savepoint(1).ok();
}

// The number, when all pages agree on it.
std::int64_t read_all(Store& store) {
  std::int64_t common = -1;
  for (std::uint32_t page = 2; page <= kPages; ++page) {
    auto ref = store.view().fetch(PageNo(page));
    if (!ref.ok()) return -2;
    const std::uint32_t value = base::load_be32(ref.value().data() + store.page_size() - 4);
    if (common >= 0 && common != value) return -3;
    common = value;
  }
  return common;
}

TEST(WalThreads, ReadersSeeOneStateAndNoUpdateIsLost) {
  const Directory directory;
  const std::string path = directory.file("t.db");
  {
    UniquePtr<Store> store = open_file(path, 512);
    ASSERT_TRUE(store->begin_write().ok());
    while (store->view().page_count().value < kPages) ASSERT_TRUE(store->view().append().ok());
    ASSERT_TRUE(store->write_format_versions(2).ok());
    ASSERT_TRUE(store->commit(AfterCommit::EndRead).ok());
  }
  constexpr int kWriters = 3;
  constexpr int kRounds = 150;
  std::atomic<int> writing{kWriters};
  std::atomic<std::uint32_t> committed{0};
  std::vector<std::string> failures(kWriters + 3);
  const auto run = [&](int number, auto&& body) {
    return std::thread([&, number, body] {
      Patience patience;
      StoreOptions options;
      options.busy = &patience;
      auto opened = Store::open(*os::find_vfs("unix"), os::make_filename(path), SQLITE_OPEN_READWRITE, options);
      if (!opened.ok()) {
        failures[static_cast<std::size_t>(number)] = "open";
        return;
      }
      opened.value()->set_synchronous(Synchronous::Off);
      opened.value()->set_cache_size(number % 2 == 0 ? 10 : 100);
      failures[static_cast<std::size_t>(number)] = body(*opened.value(), number);
    });
  };
  const auto writer = [&](Store& store, int number) -> std::string {
    std::string failure;
    for (int i = 0; i < kRounds && failure.empty(); ++i) {
      if (!add_one(store, i % 4 == number)) {
        failure = "change";
      } else if (i % 7 == 3) {
        if (!store.rollback().ok()) failure = "rollback";
      } else {
        if (!store.commit().ok()) failure = "commit";
        ++committed;
      }
      if (store.in_write()) static_cast<void>(store.rollback());
      if (failure.empty() && read_all(store) < 0) failure = "own state";
      store.end_read();
    }
    --writing;
    return failure;
  };
  const auto reader = [&](Store& store, int number) -> std::string {
    std::int64_t last = 0;
    while (writing > 0) {
      if (!store.begin_read().ok()) return "begin_read";
      const std::int64_t now = read_all(store);
      if (now < last) return "state " + std::to_string(now) + " after " + std::to_string(last);
      if (number % 2 == 0) {
        store.release_memory();
        if (read_all(store) != now) return "the snapshot moved";
      }
      last = now;
      store.end_read();
    }
    return "";
  };
  const auto checkpointer = [&](Store& store, int) -> std::string {
    for (int i = 0; writing > 0; ++i) {
      CheckpointCounts counts;
      const Status status = store.checkpoint(static_cast<CheckpointMode>(i % 4), &counts);
      if (!status.ok() && status.code() != Code::Busy) return "checkpoint " + std::string(status.message());
      os::sleep_us(*os::find_vfs("unix"), 500);
    }
    return "";
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) threads.push_back(run(i, writer));
  threads.push_back(run(kWriters, reader));
  threads.push_back(run(kWriters + 1, reader));
  threads.push_back(run(kWriters + 2, checkpointer));
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
  UniquePtr<Store> store = open_file(path, 512);
  ASSERT_TRUE(store->begin_read().ok());
  EXPECT_EQ(read_all(*store), committed.load());
}

}  // namespace
}  // namespace perlite::pager
