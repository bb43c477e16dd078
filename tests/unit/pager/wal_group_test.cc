// Commits of one process become durable together: what is acknowledged survives a power cut, nobody but the next writer
// sees a commit before it is durable, and a sync that fails takes along all that rested on it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "os/posix_calls.h"
#include "os/vfs.h"
#include "pager/store.h"
#include "tests/unit/pager/workload.h"

namespace perlite::pager {
namespace {

class Timeout final : public BusyHandler {
 public:
  bool wait(int) override { return false; }
  int timeout_ms() const noexcept override { return 20000; }
};

// The system's calls on files while a test looks on; one test at a time.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void(int fd, const void* from, std::size_t size, off_t offset)> on_write;  // with the mutex held
  std::function<void()> on_sync_begin, on_sync_end;                                        // with the mutex held
  int syncs = 0;                                                                           // begun
  bool gate_shut = false;                                                                  // a sync waits
  int error = 0;                                                                           // what syncs fail with
};
Disk disk;

ssize_t watched_pwrite(int fd, const void* from, std::size_t size, off_t offset) {
  const std::lock_guard<std::mutex> guard(disk.mutex);
  if (disk.on_write) disk.on_write(fd, from, size, offset);
  return ::pwrite(fd, from, size, offset);
}

int watched_fdatasync(int) {
  std::unique_lock<std::mutex> lock(disk.mutex);
  ++disk.syncs;
  if (disk.on_sync_begin) disk.on_sync_begin();
  disk.changed.notify_all();
  disk.changed.wait(lock, [] { return !disk.gate_shut; });
  if (disk.on_sync_end) {
    lock.unlock();
    ::usleep(200);  // others append meanwhile
    lock.lock();
    disk.on_sync_end();
  }
  errno = disk.error;
  return disk.error == 0 ? 0 : -1;
}

class WalGroup : public testing::Test {
 protected:
  void SetUp() override {
    path_ = directory_.file("t.db");
    UniquePtr<Store> store = open_file(path_, 512);
    ASSERT_TRUE(store->begin_write().ok());
    while (store->view().page_count().value < kPages) ASSERT_TRUE(store->view().append().ok());
    ASSERT_TRUE(store->write_format_versions(2).ok());
    ASSERT_TRUE(store->commit(AfterCommit::EndRead).ok());
    sqlite3_vfs* const vfs = os::find_vfs("unix");
    vfs->xSetSystemCall(vfs, "pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(watched_pwrite));
    vfs->xSetSystemCall(vfs, "fdatasync", reinterpret_cast<sqlite3_syscall_ptr>(watched_fdatasync));
  }
  void TearDown() override {
    sqlite3_vfs* const vfs = os::find_vfs("unix");
    vfs->xSetSystemCall(vfs, nullptr, nullptr);
    disk.on_write = nullptr;
    disk.on_sync_begin = disk.on_sync_end = nullptr;
    disk.error = disk.syncs = 0;
    disk.gate_shut = false;
  }
  UniquePtr<Store> open(const std::string& path) {
    StoreOptions options;
    options.busy = &timeout_;
    auto opened = Store::open(*os::find_vfs("unix"), os::make_filename(path), SQLITE_OPEN_READWRITE, options);
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  static void shut_gate() {
    const std::lock_guard<std::mutex> guard(disk.mutex);
    disk.gate_shut = true;
    disk.syncs = 0;
  }
  static void open_gate(int error = 0) {
    const std::lock_guard<std::mutex> guard(disk.mutex);
    disk.gate_shut = false;
    disk.error = error;
    disk.changed.notify_all();
  }
  static void await_sync() {
    std::unique_lock<std::mutex> lock(disk.mutex);
    disk.changed.wait(lock, [] { return disk.syncs > 0; });
  }

  static constexpr std::uint32_t kPages = 40;
  const Directory directory_;
  std::string path_;
  Timeout timeout_;
};

bool set_page(Store& store, std::uint32_t page, std::uint32_t value) {
  auto ref = store.view().fetch(PageNo(page));
  if (!ref.ok()) return false;
  auto bytes = ref.value().writable();
  if (!bytes.ok()) return false;
  base::store_be32(bytes.value().data(), value);
  return true;
}

std::int64_t page_value(Store& store, std::uint32_t page) {
  auto ref = store.view().fetch(PageNo(page));
  return ref.ok() ? std::int64_t{base::load_be32(ref.value().data())} : -1;
}

std::int64_t read_page(Store& store, std::uint32_t page) {
  if (!store.begin_read().ok()) return -2;
  const std::int64_t value = page_value(store, page);
  store.end_read();
  return value;
}

Code write_page(Store& store, std::uint32_t page, std::uint32_t value) {
  if (Status status = store.begin_write(); !status.ok()) return status.code();
  if (!set_page(store, page, value)) return Code::Internal;
  Status status = store.commit(AfterCommit::EndRead);
  if (store.in_write()) static_cast<void>(store.rollback());
  if (store.in_read()) store.end_read();
  return status.code();
}

TEST_F(WalGroup, TheNextWriterGoesOnWhileOneWaitsForTheDisk) {
  UniquePtr<Store> one = open(path_), two = open(path_), reader = open(path_);
  ASSERT_EQ(write_page(*one, 2, 1), Code::Ok);
  ASSERT_EQ(read_page(*two, 2), 1);
  shut_gate();
  std::atomic<int> acknowledged{0};
  std::thread first([&] {
    EXPECT_EQ(write_page(*one, 2, 7), Code::Ok);
    ++acknowledged;
  });
  await_sync();
  // The second writer sees what the first wrote, nobody else does.
  EXPECT_EQ(two->begin_write().code(), Code::Ok);
  EXPECT_EQ(page_value(*two, 2), 7);
  EXPECT_EQ(read_page(*reader, 2), 1);
  EXPECT_TRUE(set_page(*two, 3, 8));
  std::thread second([&] {
    EXPECT_TRUE(two->commit(AfterCommit::EndRead).ok());
    ++acknowledged;
  });
  EXPECT_EQ(acknowledged, 0);
  EXPECT_EQ(read_page(*reader, 2), 1);
  EXPECT_EQ(read_page(*reader, 3), 0);
  open_gate();
  first.join();
  second.join();
  EXPECT_EQ(read_page(*reader, 2), 7);
  EXPECT_EQ(read_page(*reader, 3), 8);
  EXPECT_EQ(write_page(*reader, 4, 9), Code::Ok);
}

TEST_F(WalGroup, WhatAWriterReadIsToldWhenItIsDurable) {
  UniquePtr<Store> one = open(path_), two = open(path_);
  ASSERT_EQ(write_page(*one, 2, 1), Code::Ok);  // the log begins: its header is synced alone
  shut_gate();
  std::thread first([&] { EXPECT_EQ(write_page(*one, 2, 7), Code::Ok); });
  await_sync();
  ASSERT_TRUE(two->begin_write().ok());
  std::atomic<bool> settled{false};
  std::thread second([&] {
    EXPECT_TRUE(two->settle().ok());
    settled = true;
  });
  ::usleep(2000);
  EXPECT_FALSE(settled);
  open_gate();
  first.join();
  second.join();
  ASSERT_TRUE(two->rollback().ok());
  two->end_read();
  EXPECT_EQ(read_page(*one, 2), 7);
  EXPECT_EQ(write_page(*one, 2, 8), Code::Ok);
}

// The second writer is in the middle of its transaction, or has committed already, or gives up.
TEST_F(WalGroup, AFailedSyncFailsAllThatRestsOnIt) {
  for (const int second_does : {0, 1, 2}) {
    SCOPED_TRACE(second_does);
    disk.error = 0;
    UniquePtr<Store> one = open(path_), two = open(path_), other = open(path_);
    ASSERT_EQ(write_page(*other, 2, 1), Code::Ok);
    ASSERT_EQ(write_page(*other, 3, 1), Code::Ok);
    shut_gate();
    std::thread first([&] { EXPECT_EQ(write_page(*one, 2, 7), Code::IoErrFsync); });
    await_sync();
    ASSERT_TRUE(two->begin_write().ok());
    EXPECT_EQ(page_value(*two, 2), 7);
    ASSERT_TRUE(set_page(*two, 3, 8));
    if (second_does == 1) {
      std::thread second([&] { EXPECT_EQ(two->commit().code(), Code::IoErrFsync); });
      ::usleep(2000);
      open_gate(EIO);
      second.join();
    } else {
      open_gate(EIO);
      EXPECT_EQ(two->settle().code(), Code::IoErrFsync);
    }
    first.join();
    open_gate(0);
    if (second_does == 0) {
      EXPECT_EQ(two->commit().code(), Code::IoErrFsync);
    }
    ASSERT_TRUE(two->rollback().ok());
    two->end_read();
    // A recovery finds nothing of them either.
    const std::string copy = directory_.file("copy.db");
    for (const char* tail : {"", "-wal"}) {
      std::filesystem::copy_file(path_ + tail, copy + tail, std::filesystem::copy_options::overwrite_existing);
    }
    UniquePtr<Store> recovered = open(copy);
    for (Store* store : {other.get(), one.get(), two.get(), recovered.get()}) {
      EXPECT_EQ(read_page(*store, 2), 1);
      EXPECT_EQ(read_page(*store, 3), 1);
    }
    // It stays failed for those it failed for, and others go on.
    EXPECT_EQ(write_page(*one, 2, 9), Code::IoErrFsync);
    EXPECT_EQ(write_page(*other, 4, 5), Code::Ok);
    EXPECT_EQ(read_page(*one, 4), 5);
    EXPECT_EQ(read_page(*two, 4), 5);
  }
}

// --- Power cuts -----------------------------------------------------------------------------------------------------

struct Event {
  enum Kind { kWrite, kSyncBegin, kSyncEnd, kAcknowledged } kind;
  std::size_t begin = 0;  // of the sync that ends
  std::uint64_t offset = 0;
  std::string bytes{};
  std::uint32_t thread = 0;
  std::uint32_t value = 0;
};

void overwrite(std::string& file, std::uint64_t offset, std::string_view bytes) {
  if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size());
  file.replace(offset, bytes.size(), bytes);
}

// The log as a power cut behind the first `count` events may leave it: what was written before the last completed sync
// began is there, of all else some writes, or sectors of them.
std::string after_cut(const std::vector<Event>& events, std::size_t count, std::mt19937_64& random) {
  std::size_t durable = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (events[i].kind == Event::kSyncEnd) durable = std::max(durable, events[i].begin);
  }
  std::string file;
  const auto manner = random() % 4;
  for (std::size_t i = 0; i < count; ++i) {
    if (events[i].kind != Event::kWrite) continue;
    const std::string_view bytes = events[i].bytes;
    if (i < durable || manner == 0) {
      overwrite(file, events[i].offset, bytes);
    } else if (manner == 1 || (manner == 2 && random() % 2 == 0)) {
      continue;
    } else {
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t length = std::min<std::size_t>(bytes.size() - at, 512 - (events[i].offset + at) % 512);
        if (manner == 2 || random() % 2 == 0) overwrite(file, events[i].offset + at, bytes.substr(at, length));
        at += length;
      }
    }
  }
  return file;
}

// Were its first frame written once more, as it was, the others would follow it.
TEST_F(WalGroup, OfAFailedCommitNoFrameIsLeft) {
  UniquePtr<Store> store = open(path_);
  ASSERT_TRUE(store->begin_write().ok() && set_page(*store, 2, 1) && store->commit(AfterCommit::EndRead).ok());
  const auto published = std::filesystem::file_size(path_ + "-wal");
  ASSERT_TRUE(store->begin_write().ok());
  for (const std::uint32_t page : {3u, 5u, 7u, 9u}) ASSERT_TRUE(set_page(*store, page, page));
  open_gate(EIO);
  EXPECT_FALSE(store->commit(AfterCommit::EndRead).ok());
  std::ifstream log(path_ + "-wal", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(log)), {});
  ASSERT_GE(bytes.size(), published + 4 * (24 + 512));
  for (std::size_t at = published; at + 24 <= bytes.size(); at += 24 + 512) {
    EXPECT_EQ(bytes.substr(at, 24), std::string(24, '\0')) << "offset " << at;
  }
}

// Who syncs waits for those that committed last time; one who stays away is waited for once, and not for long.
TEST_F(WalGroup, CommitsThatMeetShareASync) {
  constexpr std::uint32_t kCommits = 200;
  disk.on_sync_end = [] {};
  std::vector<std::thread> threads;
  for (std::uint32_t who = 0; who < 2; ++who) {
    threads.emplace_back([&, who] {
      UniquePtr<Store> store = open(path_);
      for (std::uint32_t value = 1; value <= kCommits; ++value) {
        EXPECT_TRUE(store->begin_write().ok() && set_page(*store, 2 + who, value));
        EXPECT_TRUE(store->commit(AfterCommit::EndRead).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%d syncs for %u commits\n", disk.syncs, 2 * kCommits);
  EXPECT_LT(disk.syncs, static_cast<int>(2 * kCommits * 9 / 10));
  UniquePtr<Store> store = open(path_);
  const auto begin = std::chrono::steady_clock::now();
  disk.on_sync_end = nullptr;
  disk.syncs = 0;
  for (std::uint32_t value = 1; value <= kCommits; ++value) {
    ASSERT_TRUE(store->begin_write().ok() && set_page(*store, 2, value) && store->commit(AfterCommit::EndRead).ok());
  }
  EXPECT_GE(disk.syncs, static_cast<int>(kCommits));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(WalGroup, WhatIsAcknowledgedSurvivesAPowerCut) {
  constexpr std::uint32_t kThreads = 8, kCommits = 25, kCuts = 400;
  const std::uint64_t seed = 20;
  std::vector<Event> events;
  {
    UniquePtr<Store> keeper = open(path_);  // the log stays open all the while
    ASSERT_EQ(read_page(*keeper, 2), 0);
    const std::filesystem::path log(path_ + "-wal");
    disk.on_write = [&](int fd, const void* from, std::size_t size, off_t offset) {
      std::error_code error;
      const auto name = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
      if (name != log) return;
      Event event{Event::kWrite};
      event.offset = static_cast<std::uint64_t>(offset);
      event.bytes.assign(static_cast<const char*>(from), size);
      events.push_back(std::move(event));
    };
    static thread_local std::size_t began = 0;
    disk.on_sync_begin = [&] {
      began = events.size();
      events.push_back({Event::kSyncBegin});
    };
    disk.on_sync_end = [&] { events.push_back({Event::kSyncEnd, began}); };
    std::vector<std::thread> threads;
    std::vector<std::string> faults(kThreads);
    for (std::uint32_t who = 0; who < kThreads; ++who) {
      threads.emplace_back([&, who] {
        UniquePtr<Store> store = open(path_);
        if (who == 5) store->set_synchronous(Synchronous::Normal);
        for (std::uint32_t value = 1; value <= kCommits && faults[who].empty(); ++value) {
          // One that gives up leaves the others' commits as they are.
          if (value % 5 == 4 && store->begin_write().ok()) {
            static_cast<void>(set_page(*store, 2, 0xdead));
            if (!store->rollback().ok()) faults[who] = "rollback";
            store->end_read();
          }
          if (const Status begun = store->begin_write(); !begun.ok()) {
            faults[who] =
                "begin: " + std::to_string(static_cast<int>(begun.code())) + " " + std::string(begun.message());
          } else if (!set_page(*store, 2 + 2 * who, value) || !set_page(*store, 3 + 2 * who, value)) {
            faults[who] = "page";
          } else if (!store->commit(AfterCommit::EndRead).ok()) {
            faults[who] = "commit";
          }
          const std::lock_guard<std::mutex> guard(disk.mutex);
          Event event{Event::kAcknowledged};
          event.thread = who;
          event.value = value;
          events.push_back(event);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& fault : faults) ASSERT_EQ(fault, "");
    std::printf("%d syncs for %u commits\n", disk.syncs, kThreads * kCommits);
    EXPECT_LT(disk.syncs, static_cast<int>(kThreads * kCommits * 9 / 10));
    for (std::uint32_t page = 2; page < 2 + 2 * kThreads; ++page) EXPECT_EQ(read_page(*keeper, page), kCommits);
    disk.on_write = nullptr;
    disk.on_sync_begin = disk.on_sync_end = nullptr;

    const std::string copy = directory_.file("cut.db");
    std::mt19937_64 random(seed);
    for (std::uint32_t cut = 0; cut < kCuts && !HasFailure(); ++cut) {
      const std::size_t count = random() % (events.size() + 1);
      SCOPED_TRACE("seed " + std::to_string(seed) + ", cut " + std::to_string(cut) + " behind event " +
                   std::to_string(count));
      std::filesystem::copy_file(path_, copy, std::filesystem::copy_options::overwrite_existing);
      std::ofstream(copy + "-wal", std::ios::binary) << after_cut(events, count, random);
      std::filesystem::remove(copy + "-shm");
      std::vector<std::uint32_t> acknowledged(kThreads, 0);
      for (std::size_t i = 0; i < count; ++i) {
        // What was not to be synced need not survive.
        if (events[i].kind == Event::kAcknowledged && events[i].thread != 5)
          acknowledged[events[i].thread] = events[i].value;
      }
      UniquePtr<Store> store = open(copy);
      for (std::uint32_t who = 0; who < kThreads; ++who) {
        const std::int64_t value = read_page(*store, 2 + 2 * who);
        EXPECT_EQ(value, read_page(*store, 3 + 2 * who));
        EXPECT_GE(value, acknowledged[who]) << "thread " << who;
        EXPECT_LE(value, acknowledged[who] + (who == 5 ? kCommits : 1)) << "thread " << who;
      }
    }
  }
}

}  // namespace
}  // namespace perlite::pager
