// Whatever sequence of page changes, savepoints, rollbacks and commits runs, the View shows what a simple model of
// pages shows: on memory, temporary and file stores, with a cache large or tiny.
#include <gtest/gtest.h>

#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "os/vfs.h"
#include "pager/store.h"
#include "tests/unit/pager/workload.h"

namespace perlite::pager {
namespace {

TEST(StoreRandom, MemoryEqualsModel) {
  for (std::uint64_t seed = 1; seed <= 40 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    StoreOptions options;
    options.kind = StoreKind::Memory;
    options.page_size = seed % 2 == 0 ? 512 : 1024;
    auto store = Store::open(*os::find_vfs("unix"), nullptr, SQLITE_OPEN_READWRITE, options);
    ASSERT_TRUE(store.ok());
    Workload(*store.value(), seed).run(1500);
  }
}

// The cache holds ten pages, so most of the workload goes through the temporary file.
TEST(StoreRandom, TemporaryEqualsModel) {
  for (std::uint64_t seed = 1; seed <= 40 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    StoreOptions options;
    options.kind = StoreKind::Temp;
    options.page_size = 512;
    auto store = Store::open(*os::find_vfs("unix"), nullptr, SQLITE_OPEN_READWRITE, options);
    ASSERT_TRUE(store.ok());
    store.value()->set_cache_size(seed % 4 == 0 ? 1000 : 10);
    Workload(*store.value(), seed).run(1500);
    EXPECT_TRUE(seed % 4 == 0 || store.value()->counters().spills > 0);
  }
}

TEST(StoreRandom, FileEqualsModelInEveryJournalMode) {
  const Directory directory;
  for (std::uint64_t seed = 1; seed <= 60 && !HasFatalFailure(); ++seed) {
    const auto mode = static_cast<JournalMode>(seed % 5);
    if (mode == JournalMode::Off) continue;
    SCOPED_TRACE(testing::Message() << "seed " << seed << " mode " << static_cast<int>(mode));
    const std::string path = directory.file("test.db") + std::to_string(seed);
    Model model;
    for (int round = 0; round < 3 && !HasFatalFailure(); ++round) {
      UniquePtr<Store> store = open_file(path, 512);
      store->set_synchronous(Synchronous::Off);
      ASSERT_TRUE(store->set_journal_mode(mode).ok());
      if (seed % 7 == 0) store->set_locking_mode(LockingMode::Exclusive);
      store->set_cache_size(seed % 3 == 0 ? 1000 : 10);
      Workload work(*store, seed * 100 + static_cast<std::uint64_t>(round));
      work.set_model(model);
      work.run(700);
      model = work.model();
    }
    const std::string journal = path + "-journal";
    EXPECT_TRUE(mode != JournalMode::Delete || !std::filesystem::exists(journal));
  }
}

// A log in memory, shared by the stores that attach one to the same state.
struct SharedLog {
  struct Frame {
    std::uint32_t page;
    std::vector<std::byte> image;
  };
  std::vector<Frame> frames;
  std::size_t published = 0;
  std::uint32_t page_count = 0;
  bool writer = false;
};

class MemoryLog final : public Log {
 public:
  explicit MemoryLog(SharedLog& shared) : shared_(shared) {}
  ~MemoryLog() override { EXPECT_FALSE(writing_); }
  Result<bool> begin_read() override {
    const bool moved = snapshot_ != shared_.published;
    snapshot_ = shared_.published;
    page_count_ = shared_.page_count;
    return moved;
  }
  void end_read() noexcept override { EXPECT_FALSE(writing_); }
  std::uint32_t page_count() const noexcept override { return page_count_; }
  Result<FrameNo> find(PageNo page) override {
    for (std::size_t i = writing_ ? shared_.frames.size() : snapshot_; i > 0; --i) {
      if (shared_.frames[i - 1].page == page.value) return static_cast<FrameNo>(i);
    }
    return FrameNo{0};
  }
  Status read(FrameNo frame, base::MutableBytes into) override {
    std::memcpy(into.data(), shared_.frames[frame - 1].image.data(), into.size());
    return {};
  }
  Status begin_write() override {
    if (shared_.writer) return Code::Busy;
    if (snapshot_ != shared_.published) return Code::BusySnapshot;
    shared_.writer = writing_ = true;
    return {};
  }
  Status append(std::span<const Page> pages, std::uint32_t commit_page_count) override {
    EXPECT_TRUE(writing_);
    for (const Page& page : pages) {
      shared_.frames.push_back({page.number.value, {page.image.begin(), page.image.end()}});
    }
    pending_count_ = commit_page_count;
    return {};
  }
  Status sync() override { return {}; }
  Status publish() override {
    EXPECT_GT(pending_count_, 0u);
    snapshot_ = shared_.published = shared_.frames.size();
    page_count_ = shared_.page_count = pending_count_;
    shared_.writer = writing_ = false;
    return {};
  }
  void abandon() noexcept override {
    if (writing_) shared_.frames.resize(shared_.published);
    if (writing_) shared_.writer = writing_ = false;
  }

 private:
  SharedLog& shared_;
  std::size_t snapshot_ = 0;
  std::uint32_t page_count_ = 0;
  std::uint32_t pending_count_ = 0;
  bool writing_ = false;
};

// The same workload with a log: the database file is never written, and another connection sees what was committed.
TEST(StoreRandom, LogEqualsModel) {
  const Directory directory;
  for (std::uint64_t seed = 1; seed <= 30 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    const std::string path = directory.file("log.db") + std::to_string(seed);
    SharedLog shared;
    UniquePtr<Store> store = open_file(path, 512);
    store->attach_log(make_unique<MemoryLog>(shared));
    store->set_cache_size(seed % 3 == 0 ? 1000 : 10);
    Workload work(*store, seed);
    work.run(700);
    EXPECT_EQ(std::filesystem::file_size(path), 0u);

    UniquePtr<Store> reader = open_file(path, 512);
    reader->attach_log(make_unique<MemoryLog>(shared));
    Workload check(*reader, seed);
    check.set_model(work.model());
    check.check_all();

    // A reader's snapshot stands while others commit; who writes on an old one is refused.
    if (work.model().count == 0) continue;
    ASSERT_TRUE(reader->begin_read().ok());
    const std::uint32_t before = reader->read_header_u32(header::kUserVersion).value();
    ASSERT_TRUE(store->begin_write().ok());
    ASSERT_TRUE(store->write_header_u32(header::kUserVersion, before + 1).ok());
    ASSERT_TRUE(store->commit(AfterCommit::EndRead).ok());
    reader->release_memory();
    EXPECT_EQ(reader->read_header_u32(header::kUserVersion).value(), before);
    EXPECT_EQ(reader->begin_write().code(), Code::BusySnapshot);
    reader->end_read();
    ASSERT_TRUE(reader->begin_read().ok());
    EXPECT_EQ(reader->read_header_u32(header::kUserVersion).value(), before + 1);
    EXPECT_EQ(reader->data_version(), 2u);
  }
}

// Over a VFS that keeps its files in memory there is no journal file.
TEST(StoreRandom, MemoryFileEqualsModel) {
  for (std::uint64_t seed = 1; seed <= 20 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    StoreOptions options;
    options.page_size = 512;
    auto store = Store::open(*os::find_vfs("memdb"), os::make_filename("/random" + std::to_string(seed)),
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options);
    ASSERT_TRUE(store.ok());
    EXPECT_EQ(store.value()->journal_mode(), JournalMode::Memory);
    store.value()->set_cache_size(10);
    Workload(*store.value(), seed).run(700);
  }
}

// A transaction many times as large as the cache, with a savepoint that keeps all of it, stays near the cache's size.
TEST(Store, MemoryIsBoundedByTheCache) {
  const Directory directory;
  constexpr std::uint32_t kPages = 1000;
  for (const JournalMode mode : {JournalMode::Delete, JournalMode::Truncate}) {
    UniquePtr<Store> store = open_file(directory.file("big.db") + std::to_string(static_cast<int>(mode)), 1024);
    store->set_synchronous(Synchronous::Off);
    ASSERT_TRUE(store->set_journal_mode(mode).ok());
    store->set_cache_size(50);
    const auto change_all = [&](std::uint64_t seed) {
      for (std::uint32_t page = 1; page <= kPages; ++page) {
        if (page > store->view().page_count().value) {
          ASSERT_TRUE(store->view().append().ok());
        }
        auto ref = store->view().fetch(PageNo(page));
        ASSERT_TRUE(ref.ok());
        auto bytes = ref.value().writable();
        ASSERT_TRUE(bytes.ok());
        fill(bytes.value(), seed + page, first_byte(page));
      }
    };
    const auto check_all = [&](std::uint64_t seed) {
      for (std::uint32_t page = 1; page <= kPages; ++page) {
        auto ref = store->view().fetch(PageNo(page));
        ASSERT_TRUE(ref.ok());
        ASSERT_TRUE(matches(ref.value().bytes(), seed + page, first_byte(page))) << page;
      }
    };
    ASSERT_TRUE(store->begin_write().ok());
    change_all(10000);
    ASSERT_TRUE(store->open_savepoint().ok());
    change_all(20000);
    ASSERT_TRUE(store->open_savepoint().ok());
    change_all(30000);
    // Beside images: a frame and a word of each page that savepoints keep.
    EXPECT_LT(store->memory_used(), std::size_t{150} * 1024 + kPages * 200);
    check_all(30000);
    ASSERT_TRUE(store->rollback_to_savepoint(2).ok());
    check_all(20000);
    ASSERT_TRUE(store->rollback_to_savepoint(1).ok());
    check_all(10000);
    ASSERT_TRUE(store->commit().ok());
    check_all(10000);
    store->end_read();
  }
}

// Bytes 2^30.. belong to the locks: the page there is never handed out, and a file grows over it.
TEST(Store, SkipsTheLockBytePage) {
  const Directory directory;
  UniquePtr<Store> store = open_file(directory.file("big.db"), 65536);
  store->set_synchronous(Synchronous::Off);
  ASSERT_TRUE(store->set_journal_mode(JournalMode::Off).ok());
  ASSERT_TRUE(store->begin_write().ok());
  const std::uint32_t lock = lock_byte_page(65536).value;
  while (store->view().page_count().value < lock - 1) {
    auto page = store->view().append();
    ASSERT_TRUE(page.ok());
    ASSERT_TRUE(store->view().discard(page.value().number()).ok());  // nothing of it need be written
    if (store->view().page_count().value % 1000 == 0) store->release_memory();
  }
  auto next = store->view().append();
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next.value().number().value, lock + 1);
  EXPECT_EQ(store->view().fetch(PageNo(lock)).status().code(), Code::Corrupt);
  EXPECT_FALSE(store->view().exists(PageNo(lock)));
}

// The limits of the page count and of a read-only file have their codes.
TEST(Store, RefusesWithTheRightCodes) {
  const Directory directory;
  const std::string path = directory.file("t.db");
  {
    UniquePtr<Store> store = open_file(path, 512);
    EXPECT_EQ(store->set_max_page_count(3), 3u);
    ASSERT_TRUE(store->begin_write().ok());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->view().append().ok());
    EXPECT_EQ(store->view().append().status().code(), Code::Full);
    EXPECT_EQ(store->set_max_page_count(1), 3u);
    EXPECT_EQ(store->view().fetch(PageNo(0)).status().code(), Code::Corrupt);
    EXPECT_EQ(store->view().fetch(PageNo(4)).status().code(), Code::Corrupt);
    EXPECT_EQ(store->view().fetch(PageNo(0xffffffff)).status().code(), Code::Corrupt);
    ASSERT_TRUE(store->commit(AfterCommit::EndRead).ok());
    EXPECT_FALSE(store->in_read());
    EXPECT_EQ(store->lock_level(), LockLevel::None);
  }
  auto store = Store::open(*os::find_vfs("unix"), os::make_filename(path), SQLITE_OPEN_READONLY, StoreOptions{});
  ASSERT_TRUE(store.ok());
  EXPECT_TRUE(store.value()->is_readonly());
  EXPECT_EQ(store.value()->begin_write().code(), Code::ReadOnly);
  EXPECT_FALSE(store.value()->in_read());
  EXPECT_TRUE(store.value()->begin_read().ok());
  EXPECT_EQ(store.value()->view().page_count().value, 3u);
}

// What stock makes of a file of bytes: the code of opening it.
TEST(Store, JudgesHeadersAsStockDoes) {
  const Directory directory;
  std::string good(8192, '\0');
  {
    UniquePtr<Store> store = open_file(directory.file("good.db"), 4096);
    ASSERT_TRUE(store->begin_write().ok());
    ASSERT_TRUE(store->view().append().ok() && store->view().append().ok());
    ASSERT_TRUE(store->commit().ok());
    std::ifstream(directory.file("good.db"), std::ios::binary).read(good.data(), 8192);
  }
  const auto with = [&](std::size_t offset, const std::string& bytes, std::size_t size = 8192) {
    std::string changed = good;
    changed.replace(offset, bytes.size(), bytes);
    return changed.substr(0, size);
  };
  struct Case {
    const char* name;
    std::string bytes;
    Code code;
    std::uint32_t pages;
  };
  const Case cases[] = {
      {"as written", good, Code::Ok, 2},
      {"empty", "", Code::Ok, 0},
      {"one byte", "x", Code::Ok, 0},
      {"garbage", std::string(50, 'x'), Code::NotADb, 0},
      {"zeros", std::string(512, '\0'), Code::NotADb, 0},
      {"magic only", good.substr(0, 16), Code::NotADb, 0},
      {"half a header", good.substr(0, 99), Code::Corrupt, 0},
      {"one page of two", good.substr(0, 4096), Code::Corrupt, 0},
      {"a page and a byte", good.substr(0, 4097), Code::Ok, 2},
      {"count beyond the file", with(28, std::string("\0\0\0\3", 4)), Code::Corrupt, 0},
      {"count zero", with(28, std::string(4, '\0')), Code::Ok, 2},
      {"count not valid", with(92, std::string("\0\0\0\7", 4), 5000), Code::Ok, 2},
      {"read version 3", with(19, "\3"), Code::NotADb, 0},
      {"read version 0", with(19, std::string(1, '\0')), Code::Ok, 2},
      {"fraction", with(21, "A"), Code::NotADb, 0},
      {"page size 256", with(16, std::string("\1\0", 2)), Code::NotADb, 0},
      {"page size too large for the file", with(16, std::string("\x20\0", 2)), Code::Corrupt, 0},
      {"write version 3", with(18, "\3"), Code::Ok, 2},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const std::string path = directory.file("t.db");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << one.bytes;
    UniquePtr<Store> store = open_file(path, 4096);
    EXPECT_EQ(store->begin_read().code(), one.code);
    if (one.code != Code::Ok) {
      EXPECT_EQ(store->lock_level(), LockLevel::None);
      continue;
    }
    EXPECT_EQ(store->view().page_count().value, one.pages);
    if (std::string(one.name) == "write version 3") {
      EXPECT_EQ(store->begin_write().code(), Code::ReadOnly);
    }
  }
}

// Another connection's commit is seen, and moves data_version; one's own does not.
TEST(Store, SeesWhatOthersCommit) {
  const Directory directory;
  UniquePtr<Store> one = open_file(directory.file("t.db"), 512);
  UniquePtr<Store> two = open_file(directory.file("t.db"), 4096);
  ASSERT_TRUE(one->begin_write().ok());
  ASSERT_TRUE(one->view().append().ok() && one->view().append().ok());
  ASSERT_TRUE(two->begin_read().ok());
  EXPECT_EQ(two->view().page_count().value, 0u);
  EXPECT_EQ(one->commit().code(), Code::Busy) << "a reader is there";
  two->end_read();
  EXPECT_TRUE(one->commit(AfterCommit::EndRead).ok());
  const std::uint32_t before = two->data_version();
  ASSERT_TRUE(two->begin_read().ok());
  EXPECT_NE(two->data_version(), before);
  EXPECT_EQ(two->view().page_count().value, 2u);
  EXPECT_EQ(two->page_size(), 512u);
  two->end_read();

  const std::uint32_t own = two->data_version();
  const std::uint64_t version = two->version();
  ASSERT_TRUE(two->begin_write().ok());
  EXPECT_EQ(one->begin_write().code(), Code::Busy);
  ASSERT_TRUE(two->write_header_u32(header::kUserVersion, 5).ok());
  ASSERT_TRUE(two->commit(AfterCommit::EndRead).ok());
  ASSERT_TRUE(two->begin_read().ok());
  EXPECT_EQ(two->data_version(), own);
  EXPECT_NE(two->version(), version);
  two->end_read();
  ASSERT_TRUE(one->begin_read().ok());
  EXPECT_EQ(one->read_header_u32(header::kUserVersion).value(), 5u);
  EXPECT_EQ(one->read_header_u32(header::kChangeCounter).value(), 2u);
}

}  // namespace
}  // namespace perlite::pager
