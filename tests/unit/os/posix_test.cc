// The POSIX VFS keeps the locks of a process right: between its own connections, against other processes, over close()
// and fork(), and under threads; and it names, opens and deletes files as the manual says.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "os/file.h"
#include "os/vfs.h"

namespace perlite::os {
namespace {

constexpr int kDatabase = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB;

class Posix : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "perlite_XXXXXX";
    directory_ = std::filesystem::canonical(::mkdtemp(name.data())).string();
    path_ = directory_ + "/t.db";
    name_ = make_filename(path_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  File open(const char* vfs = "unix", int flags = kDatabase) {
    auto file = File::open(*find_vfs(vfs), name_.get(), flags, nullptr);
    EXPECT_TRUE(file.ok());
    return std::move(file).value();
  }
  // Runs in a forked child; its answer is the exit code.
  template <class Body>
  static int in_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
  // What another process meets when it asks for a write lock on the byte or range.
  int seen_by_others(off_t start, off_t size) const {
    return in_child([&] {
      const int fd = ::open(path_.c_str(), O_RDWR);
      struct flock lock {};
      lock.l_type = F_WRLCK;
      lock.l_start = start;
      lock.l_len = size;
      ::fcntl(fd, F_GETLK, &lock);
      return static_cast<int>(lock.l_type);
    });
  }
  int pending() const { return seen_by_others(0x40000000, 1); }
  int reserved() const { return seen_by_others(0x40000001, 1); }
  int shared() const { return seen_by_others(0x40000002, 510); }

  std::string directory_, path_;
  Filename name_;
};

TEST_F(Posix, LocksLieWhereTheFormatSays) {
  File file = open();
  EXPECT_EQ(shared(), F_UNLCK);
  ASSERT_TRUE(file.lock(SQLITE_LOCK_SHARED).ok());
  EXPECT_EQ(shared(), F_RDLCK);
  EXPECT_EQ(pending(), F_UNLCK);
  ASSERT_TRUE(file.lock(SQLITE_LOCK_RESERVED).ok());
  EXPECT_EQ(reserved(), F_WRLCK);
  ASSERT_TRUE(file.lock(SQLITE_LOCK_EXCLUSIVE).ok());
  EXPECT_EQ(pending(), F_WRLCK);
  EXPECT_EQ(shared(), F_WRLCK);
  ASSERT_TRUE(file.unlock(SQLITE_LOCK_SHARED).ok());
  EXPECT_EQ(pending(), F_UNLCK);
  EXPECT_EQ(reserved(), F_UNLCK);
  EXPECT_EQ(shared(), F_RDLCK);
  ASSERT_TRUE(file.lock(SQLITE_LOCK_EXCLUSIVE).ok());  // straight from SHARED: the range only
  EXPECT_EQ(shared(), F_WRLCK);
  EXPECT_EQ(pending(), F_UNLCK);
  ASSERT_TRUE(file.unlock(SQLITE_LOCK_NONE).ok());
  EXPECT_EQ(shared(), F_UNLCK);
}

TEST_F(Posix, ConnectionsOfOneProcessSeeEachOther) {
  File one = open(), two = open();
  ASSERT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok());
  ASSERT_TRUE(two.lock(SQLITE_LOCK_SHARED).ok());
  ASSERT_TRUE(one.lock(SQLITE_LOCK_RESERVED).ok());
  EXPECT_TRUE(two.reserved_by_anyone().value());
  EXPECT_EQ(two.lock(SQLITE_LOCK_RESERVED).code(), Code::Busy);
  EXPECT_EQ(one.lock(SQLITE_LOCK_EXCLUSIVE).code(), Code::Busy);  // now PENDING
  EXPECT_EQ(pending(), F_WRLCK);
  File three = open();
  EXPECT_EQ(three.lock(SQLITE_LOCK_SHARED).code(), Code::Busy);
  ASSERT_TRUE(two.unlock(SQLITE_LOCK_NONE).ok());
  ASSERT_TRUE(one.lock(SQLITE_LOCK_EXCLUSIVE).ok());
  ASSERT_TRUE(one.unlock(SQLITE_LOCK_NONE).ok());
  EXPECT_TRUE(three.lock(SQLITE_LOCK_SHARED).ok());
}

TEST_F(Posix, UnlockOfTheWriterKeepsTheOthersReadLock) {
  File one = open(), two = open();
  ASSERT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok() && two.lock(SQLITE_LOCK_SHARED).ok());
  ASSERT_TRUE(one.lock(SQLITE_LOCK_RESERVED).ok());
  ASSERT_TRUE(one.unlock(SQLITE_LOCK_NONE).ok());
  EXPECT_EQ(shared(), F_RDLCK);
  EXPECT_EQ(reserved(), F_UNLCK);
}

TEST_F(Posix, ClosingOneConnectionKeepsTheLocksOfTheOther) {
  File one = open();
  ASSERT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok());
  for (int i = 0; i < 100; ++i) {
    File two = open();
    ASSERT_TRUE(two.lock(SQLITE_LOCK_SHARED).ok());
  }
  EXPECT_EQ(shared(), F_RDLCK);
  // The parked descriptors were used again: there are few.
  int descriptors = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    descriptors += std::filesystem::read_symlink(entry.path(), error) == path_;
  }
  EXPECT_LE(descriptors, 3);
  ASSERT_TRUE(one.unlock(SQLITE_LOCK_NONE).ok());
  EXPECT_EQ(shared(), F_UNLCK);
}

TEST_F(Posix, TheTurnIsOneOpenFiles) {
  File one = open(), two = open();
  EXPECT_FALSE(two.turn_is_taken());
  ASSERT_TRUE(one.take_turn());
  EXPECT_TRUE(one.take_turn());
  EXPECT_FALSE(one.turn_is_taken());  // by another
  EXPECT_TRUE(two.turn_is_taken());
  EXPECT_FALSE(two.take_turn());
  EXPECT_EQ(in_child([&] { return open().take_turn() ? 1 : 0; }), 0);
  // Locks of the process come and go beside it, and so do descriptors.
  ASSERT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok() && one.lock(SQLITE_LOCK_RESERVED).ok());
  ASSERT_TRUE(two.lock(SQLITE_LOCK_SHARED).ok());
  ASSERT_TRUE(one.unlock(SQLITE_LOCK_NONE).ok() && two.unlock(SQLITE_LOCK_NONE).ok());
  { const File three = open(); }
  EXPECT_TRUE(two.turn_is_taken());
  EXPECT_EQ(seen_by_others(0x40000000, 512), F_UNLCK);
  EXPECT_EQ(seen_by_others(0x40000200, 1), F_WRLCK);
  one.end_turn();
  EXPECT_TRUE(two.take_turn());
  two.close();
  EXPECT_FALSE(one.turn_is_taken());
}

TEST_F(Posix, TheTurnGoesWithItsProcess) {
  File one = open();
  EXPECT_EQ(in_child([&] { return open().take_turn() ? 1 : 0; }), 1);
  EXPECT_TRUE(one.take_turn());
}

TEST_F(Posix, OnlyByteRangeLocksHaveAQueue) {
  EXPECT_NE(open().lock_queue(), nullptr);
  File one = open(), two = open();
  EXPECT_EQ(one.lock_queue(), two.lock_queue());
  for (const char* other : {"unix-none", "unix-dotfile", "unix-excl"}) EXPECT_EQ(open(other).lock_queue(), nullptr);
  EXPECT_EQ(open("unix", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_JOURNAL).lock_queue(), nullptr);
}

// Eight come one after the other; each tries when he is the first and was woken, and goes.
TEST(LockQueue, ServesInTheOrderOfArrival) {
  using namespace std::chrono_literals;
  LockQueue queue;
  std::atomic<int> arrived{0};
  std::vector<int> served;  // by the first alone
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    while (arrived != i) std::this_thread::sleep_for(100us);
    threads.emplace_back([&, i] {
      LockQueue::Place place;
      queue.join(place);
      ++arrived;
      while (!queue.wait_to_be_first(place, LockQueue::Clock::now() + 10s)) {
      }
      if (i == 0) queue.wait_for_wake(place, LockQueue::Clock::now() + 10s);
      served.push_back(i);
      queue.leave(place, false);
    });
  }
  while (arrived != 8) std::this_thread::sleep_for(100us);
  EXPECT_FALSE(queue.empty());
  queue.wake();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(queue.empty());
}

TEST(LockQueue, GivesUpWhenTheTimeIsOver) {
  using namespace std::chrono_literals;
  LockQueue queue;
  LockQueue::Place first, second;
  queue.join(first);
  queue.join(second);
  EXPECT_FALSE(queue.wait_to_be_first(second, LockQueue::Clock::now() + 1ms));
  queue.leave(first, false);
  EXPECT_TRUE(queue.wait_to_be_first(second, LockQueue::Clock::now()));
  // What happened before he looked last is nothing new, nor is a lock of his own that an attempt gave back.
  std::thread([&] { queue.wake(); }).join();
  queue.wait_for_wake(second, LockQueue::Clock::now() + 10s);
  const auto begin = LockQueue::Clock::now();
  queue.wait_for_wake(second, begin + 5ms);
  EXPECT_GE(LockQueue::Clock::now(), begin + 5ms);
  queue.wake();
  queue.wait_for_wake(second, begin + 10ms);
  EXPECT_GE(LockQueue::Clock::now(), begin + 10ms);
  queue.leave(second, false);
}

// A thread that was served goes on for a while; what it gives back meanwhile is its own, and the end of its run is told.
TEST(LockQueue, ARunKeepsTheOthersAsleep) {
  using namespace std::chrono_literals;
  LockQueue queue;
  queue.begin_run(LockQueue::Clock::now() + 10s);
  EXPECT_TRUE(queue.runs());
  std::atomic<bool> arrived{false};
  LockQueue::Clock::time_point woken;
  std::thread other([&] {
    EXPECT_FALSE(queue.runs());
    queue.end_run();  // not his
    LockQueue::Place place;
    queue.join(place);
    arrived = true;
    queue.wait_for_wake(place, LockQueue::Clock::now() + 10s);
    woken = LockQueue::Clock::now();
    queue.leave(place, true);
  });
  while (!arrived) std::this_thread::sleep_for(100us);
  EXPECT_TRUE(queue.runs());
  queue.give_back();
  std::this_thread::sleep_for(20ms);
  const auto end = LockQueue::Clock::now();
  queue.end_run();
  EXPECT_FALSE(queue.runs());
  other.join();
  EXPECT_GE(woken, end);
  EXPECT_LT(woken, end + 5s);
}

// Who was served gives a lock back later, and only that is of use to the next one.
TEST(LockQueue, WhoIsServedWakesNobody) {
  using namespace std::chrono_literals;
  for (const bool served : {false, true}) {
    LockQueue queue;
    LockQueue::Place first;
    queue.join(first);
    std::atomic<bool> arrived{false};
    std::thread next([&] {
      LockQueue::Place place;
      queue.join(place);
      arrived = true;
      const auto begin = LockQueue::Clock::now();
      EXPECT_TRUE(queue.wait_to_be_first(place, begin + 100ms));
      EXPECT_EQ(LockQueue::Clock::now() >= begin + 100ms, served);
      queue.leave(place, true);
    });
    while (!arrived) std::this_thread::sleep_for(100us);
    queue.leave(first, served);
    next.join();
  }
}

TEST_F(Posix, AChildHasNoneOfItsParentsLocks) {
  File file = open();
  ASSERT_TRUE(file.lock(SQLITE_LOCK_SHARED).ok() && file.lock(SQLITE_LOCK_RESERVED).ok());
  EXPECT_EQ(in_child([&] {
              // Its own connection meets the parent's lock; the inherited one takes none.
              File own = open();
              if (!own.lock(SQLITE_LOCK_SHARED).ok()) return 1;
              if (own.lock(SQLITE_LOCK_RESERVED).code() != Code::Busy) return 2;
              if (file.lock(SQLITE_LOCK_EXCLUSIVE).ok()) return 3;
              file.close();
              return 0;
            }),
            0);
  EXPECT_EQ(reserved(), F_WRLCK);
}

TEST_F(Posix, LockStylesOfTheOtherVfses) {
  {
    File one = open("unix-none"), two = open("unix-none");
    EXPECT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok() && one.lock(SQLITE_LOCK_EXCLUSIVE).ok());
    EXPECT_TRUE(two.lock(SQLITE_LOCK_SHARED).ok());
    EXPECT_EQ(shared(), F_UNLCK);
  }
  {
    File one = open("unix-dotfile"), two = open("unix-dotfile");
    EXPECT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok());
    EXPECT_TRUE(std::filesystem::is_directory(path_ + ".lock"));
    EXPECT_EQ(two.lock(SQLITE_LOCK_SHARED).code(), Code::Busy);
    EXPECT_TRUE(one.unlock(SQLITE_LOCK_NONE).ok());
    EXPECT_FALSE(std::filesystem::exists(path_ + ".lock"));
  }
  {
    File one = open("unix-excl"), two = open("unix-excl");
    EXPECT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok() && two.lock(SQLITE_LOCK_SHARED).ok());
    EXPECT_EQ(shared(), F_WRLCK);
    EXPECT_TRUE(one.unlock(SQLITE_LOCK_NONE).ok() && two.unlock(SQLITE_LOCK_NONE).ok());
    EXPECT_EQ(shared(), F_WRLCK);  // kept until the last file closes
    one.close();
    two.close();
    EXPECT_EQ(shared(), F_UNLCK);
  }
}

// Many threads open, lock, unlock and close; at most one holds RESERVED at a time, and none is left in the end.
TEST_F(Posix, ThreadsShareTheInode) {
  std::atomic<int> writers{0}, conflicts{0}, successes{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const Filename name = make_filename(path_);
      for (int i = 0; i < 200; ++i) {
        auto file = File::open(*find_vfs("unix"), name.get(), kDatabase, nullptr);
        if (!file.ok() || !file.value().lock(SQLITE_LOCK_SHARED).ok()) continue;
        if (file.value().lock(SQLITE_LOCK_RESERVED).ok()) {
          if (writers.fetch_add(1) != 0) ++conflicts;
          ++successes;
          writers.fetch_sub(1);
          if (t % 2 == 0) static_cast<void>(file.value().unlock(SQLITE_LOCK_NONE));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(conflicts, 0);
  EXPECT_GT(successes, 0);
  EXPECT_EQ(shared(), F_UNLCK);
  EXPECT_EQ(reserved(), F_UNLCK);
}

TEST_F(Posix, FullNamesHaveNoLinksAndDots) {
  sqlite3_vfs& vfs = *find_vfs("unix");
  std::filesystem::create_directory(directory_ + "/sub");
  std::filesystem::create_symlink("sub", directory_ + "/link");
  std::filesystem::create_symlink("loop", directory_ + "/loop");
  EXPECT_EQ(full_path_name(vfs, (directory_ + "/link/../x//./y.db").c_str(), false).value(), String(directory_ + "/x/y.db"));
  EXPECT_EQ(full_path_name(vfs, (directory_ + "/link/y.db").c_str(), false).value(), String(directory_ + "/sub/y.db"));
  EXPECT_EQ(full_path_name(vfs, (directory_ + "/link/y.db").c_str(), true).status().code(), Code::CantOpenSymlink);
  EXPECT_EQ(full_path_name(vfs, (directory_ + "/loop").c_str(), false).status().primary(), Code::CantOpen);
  EXPECT_EQ(full_path_name(vfs, std::string(3000, 'x').c_str(), false).status().primary(), Code::CantOpen);
  EXPECT_EQ(full_path_name(vfs, "r.db", false).value(), String(std::filesystem::current_path().string() + "/r.db"));
}

TEST_F(Posix, ErrorsHaveTheirCodes) {
  sqlite3_vfs& vfs = *find_vfs("unix");
  const Filename directory = make_filename(directory_);
  EXPECT_EQ(File::open(vfs, directory.get(), kDatabase, nullptr).status().code(), Code::CantOpen);
  const Filename missing = make_filename(directory_ + "/no/t.db");
  EXPECT_EQ(File::open(vfs, missing.get(), kDatabase, nullptr).status().code(), Code::CantOpen);
  EXPECT_EQ(delete_file(vfs, (directory_ + "/none").c_str(), false).code(), Code::IoErrDeleteNoEnt);
  File file = open();
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(file.read(0, bytes).code(), Code::IoErrShortRead);
  EXPECT_FALSE(file_exists(vfs, path_.c_str()).value()) << "an empty file does not count";
  ASSERT_TRUE(file.write(0, bytes).ok());
  EXPECT_TRUE(file_exists(vfs, path_.c_str()).value());
}

TEST_F(Posix, RunsEqualSingleCalls) {
  File file = open();
  std::vector<std::array<std::byte, 100>> pieces(1500);
  std::vector<base::Bytes> parts;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i].fill(static_cast<std::byte>(i * 7));
    parts.push_back(pieces[i]);
  }
  ASSERT_TRUE(file.write_run(50, parts).ok());
  EXPECT_EQ(file.size().value(), 50 + 100 * pieces.size());
  std::vector<std::array<std::byte, 100>> read(1501);
  std::vector<base::MutableBytes> into(read.begin(), read.end());
  EXPECT_EQ(file.read_run(50, into).code(), Code::IoErrShortRead);
  EXPECT_TRUE(std::equal(pieces.begin(), pieces.end(), read.begin()));
  EXPECT_EQ(read.back(), (std::array<std::byte, 100>{}));
}

TEST_F(Posix, SystemCallsAreReplaceable) {
  sqlite3_vfs& vfs = *find_vfs("unix");
  File file = open();
  using Pwrite = ssize_t (*)(int, const void*, std::size_t, off_t);
  const Pwrite full = [](int, const void*, std::size_t, off_t) -> ssize_t {
    errno = ENOSPC;
    return -1;
  };
  ASSERT_EQ(vfs.xSetSystemCall(&vfs, "pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(full)), SQLITE_OK);
  const std::array<std::byte, 4> bytes{};
  const std::array<base::Bytes, 2> parts{bytes, bytes};
  EXPECT_EQ(file.write(0, bytes).code(), Code::Full);
  EXPECT_EQ(file.write_run(0, parts).code(), Code::Full);  // vectors do not go around the replacement
  ASSERT_EQ(vfs.xSetSystemCall(&vfs, "pwrite64", nullptr), SQLITE_OK);
  EXPECT_TRUE(file.write_run(0, parts).ok());
  EXPECT_EQ(vfs.xSetSystemCall(&vfs, "nothing", nullptr), SQLITE_NOTFOUND);
  int count = 0;
  for (const char* name = nullptr; (name = vfs.xNextSystemCall(&vfs, name)) != nullptr; ++count) {
    EXPECT_NE(vfs.xGetSystemCall(&vfs, name), nullptr) << name;
  }
  EXPECT_GE(count, 25);
}

TEST_F(Posix, TemporaryFilesLeaveNoName) {
  const char* directory = directory_.c_str();
  set_temp_directory(&directory);
  auto file = File::open(*find_vfs("unix"), nullptr,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
                             SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_DB,
                         nullptr);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
  char* name = nullptr;
  EXPECT_EQ(file.value().control(SQLITE_FCNTL_TEMPFILENAME, &name), Code::Ok);
  EXPECT_EQ(std::string(name).substr(0, directory_.size() + 8), directory_ + "/etilqs_");
  EXPECT_EQ(std::string(name).size(), directory_.size() + 8 + 16);
  base::Allocator::release(name);
  set_temp_directory(nullptr);
}

TEST_F(Posix, AMovedDatabaseSaysSo) {
  File file = open();
  int moved = -1;
  EXPECT_EQ(file.control(SQLITE_FCNTL_HAS_MOVED, &moved), Code::Ok);
  EXPECT_EQ(moved, 0);
  std::filesystem::rename(path_, path_ + "2");
  EXPECT_EQ(file.control(SQLITE_FCNTL_HAS_MOVED, &moved), Code::Ok);
  EXPECT_EQ(moved, 1);
}

TEST_F(Posix, SharedMemoryIsOneForAll) {
  File one = open(), two = open();
  const sqlite3_io_methods& methods = *one.handle()->pMethods;
  void volatile* a = nullptr;
  void volatile* b = nullptr;
  ASSERT_EQ(methods.xShmMap(one.handle(), 0, 32768, 0, &a), SQLITE_OK);
  EXPECT_EQ(a, nullptr) << "nothing there, and not to be extended";
  ASSERT_EQ(methods.xShmMap(one.handle(), 1, 32768, 1, &a), SQLITE_OK);
  ASSERT_EQ(methods.xShmMap(two.handle(), 1, 32768, 0, &b), SQLITE_OK);
  EXPECT_EQ(a, b);
  const auto lock = [&](File& file, int slot, int how) { return methods.xShmLock(file.handle(), slot, 1, how); };
  EXPECT_EQ(lock(one, 3, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED), SQLITE_OK);
  EXPECT_EQ(lock(two, 3, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED), SQLITE_OK);
  EXPECT_EQ(lock(two, 0, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
  EXPECT_EQ(lock(one, 0, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_BUSY);
  EXPECT_EQ(lock(one, 3, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED), SQLITE_OK);
  EXPECT_EQ(lock(one, 3, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_BUSY);
  methods.xShmUnmap(one.handle(), 0);
  EXPECT_TRUE(std::filesystem::exists(path_ + "-shm"));
  EXPECT_EQ(lock(two, 3, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED), SQLITE_OK);
  methods.xShmUnmap(two.handle(), 1);
  EXPECT_FALSE(std::filesystem::exists(path_ + "-shm"));
}

TEST(MemDb, NamesBeginningWithASlashAreShared) {
  sqlite3_vfs& vfs = *find_vfs("memdb");
  const Filename name = make_filename("/shared");
  File one = File::open(vfs, name.get(), kDatabase, nullptr).value();
  File two = File::open(vfs, name.get(), kDatabase, nullptr).value();
  const std::array<std::byte, 4> bytes{std::byte{1}, std::byte{2}};
  ASSERT_TRUE(one.write(10, bytes).ok());
  EXPECT_EQ(two.size().value(), 14u);
  EXPECT_TRUE(one.lock(SQLITE_LOCK_SHARED).ok() && two.lock(SQLITE_LOCK_SHARED).ok());
  EXPECT_TRUE(one.lock(SQLITE_LOCK_RESERVED).ok());
  EXPECT_EQ(two.lock(SQLITE_LOCK_RESERVED).code(), Code::Busy);
  EXPECT_EQ(one.lock(SQLITE_LOCK_EXCLUSIVE).code(), Code::Busy);
  EXPECT_TRUE(two.unlock(SQLITE_LOCK_NONE).ok());
  EXPECT_TRUE(one.lock(SQLITE_LOCK_EXCLUSIVE).ok());
  EXPECT_EQ(two.lock(SQLITE_LOCK_SHARED).code(), Code::Busy);
  one.close();
  two.close();
  File again = File::open(vfs, name.get(), kDatabase, nullptr).value();
  EXPECT_EQ(again.size().value(), 0u);
}

}  // namespace
}  // namespace perlite::os
