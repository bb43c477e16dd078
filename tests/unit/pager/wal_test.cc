// The write-ahead log below SQL: its checksum, its index, and stores that share it, against simple models.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "os/posix_calls.h"
#include "os/vfs.h"
#include "pager/store.h"
#include "pager/wal.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/shim_vfs.h"
#include "tests/support/stock.h"
#include "tests/unit/pager/workload.h"

namespace perlite::pager {
namespace {

// --- Checksum -------------------------------------------------------------------------------------------------------

wal::Checksum plain_checksum(wal::Checksum sum, const std::vector<std::byte>& bytes, bool big_endian) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::array<std::uint32_t, 2> x{};
    for (int w = 0; w < 2; ++w) {
      for (std::size_t b = 0; b < 4; ++b) {
        const auto byte = static_cast<std::uint32_t>(bytes[i + 4 * static_cast<std::size_t>(w) + b]);
        x[static_cast<std::size_t>(w)] |= byte << 8 * (big_endian ? 3 - b : b);
      }
    }
    sum.s0 += x[0] + sum.s1;
    sum.s1 += x[1] + sum.s0;
  }
  return sum;
}

TEST(WalChecksum, EqualsItsDefinition) {
  std::mt19937_64 random(7);
  for (const std::size_t size : {0u, 8u, 16u, 24u, 512u, 1024u, 4088u, 4096u, 4104u, 8192u, 32768u, 65536u}) {
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    for (const bool big_endian : {false, true}) {
      const wal::Checksum from{static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())};
      EXPECT_EQ(wal::checksum(from, bytes, big_endian), plain_checksum(from, bytes, big_endian)) << size;
    }
  }
}

// --- Index ----------------------------------------------------------------------------------------------------------

TEST(WalIndex, FindsTheNewestFrameInBounds) {
  const Directory directory;
  auto file = os::File::open(*os::find_vfs("unix"), os::make_filename(directory.file("x.db")).get(),
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB, nullptr);
  ASSERT_TRUE(file.ok());
  WalIndex index(file.value());
  ASSERT_TRUE(index.open(WalIndex::Home::Heap).ok());
  std::mt19937 engine(11);
  const auto random = [&engine] { return static_cast<std::uint32_t>(engine()); };
  std::vector<std::uint32_t> pages{0};
  const auto check = [&](std::uint32_t first, std::uint32_t last) {
    for (int i = 0; i < 200; ++i) {
      const std::uint32_t page = 1 + random() % 3000;
      std::uint32_t expected = last;
      while (expected >= first && pages[expected] != page) --expected;
      if (expected < first) expected = 0;
      const auto found = index.find(PageNo(page), first, last);
      ASSERT_TRUE(found.ok());
      ASSERT_EQ(found.value(), expected) << page << " in " << first << ".." << last;
    }
  };
  const auto append = [&](std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      pages.push_back(1 + (random() % 4 == 0 ? random() % 3000 : random() % 40));
      ASSERT_TRUE(index.append(static_cast<std::uint32_t>(pages.size() - 1), PageNo(pages.back())).ok());
    }
  };
  append(20000);
  for (const std::uint32_t last : {1u, 4061u, 4062u, 4063u, 8158u, 8159u, 20000u}) check(1, last);
  check(4000, 9000);
  for (const std::uint32_t frame : {1u, 4062u, 4063u, 8158u, 8159u, 20000u}) {
    EXPECT_EQ(index.page_of(frame).value(), pages[frame]);
  }
  // What was rolled back leaves no trace, wherever in its block the log ends.
  for (const std::uint32_t end : {15000u, 12255u, 12254u, 8159u, 8158u, 100u}) {
    index.remove_beyond(end);
    pages.resize(end + 1);
    append(700);
    check(1, end + 700);
    check(1, end);
  }
}

// --- Stores on one log ----------------------------------------------------------------------------------------------

void enter_log_mode(Store& store) {
  ASSERT_TRUE(store.begin_write().ok());
  if (store.view().page_count().value == 0) {
    ASSERT_TRUE(store.view().append().ok());
  }
  ASSERT_TRUE(store.write_format_versions(2).ok());
  ASSERT_TRUE(store.commit(AfterCommit::EndRead).ok());
  store.expect_log();
  ASSERT_TRUE(store.begin_read().ok());
  ASSERT_EQ(store.journal_mode(), JournalMode::Wal);
  store.end_read();
}

std::uint64_t size_of(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

// A cache of ten pages spills in nearly every transaction; savepoints, checkpoints and restarts come between.
TEST(Wal, EqualsModel) {
  const Directory directory;
  constexpr std::uint32_t kPageSizes[] = {512, 1024, 4096, 65536};
  for (std::uint64_t seed = 1; seed <= 16 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::string path = directory.file("w.db") + std::to_string(seed);
    const std::uint32_t page_size = seed % 8 == 7 ? kPageSizes[3] : kPageSizes[seed % 3];
    Model model;
    {
      UniquePtr<Store> store = open_file(path, page_size);
      if (seed % 5 == 0) store->set_locking_mode(LockingMode::Exclusive);
      enter_log_mode(*store);
      ASSERT_TRUE(store->begin_write().ok());
      auto first = store->view().fetch(PageNo(1));
      fill(first.value().writable().value(), seed, first_byte(1));
      { const auto unpin = std::move(first); }
      ASSERT_TRUE(store->commit(AfterCommit::EndRead).ok());
      model.count = 1;
      model.pages[1] = seed;
    }
    for (int round = 0; round < 3 && !HasFatalFailure(); ++round) {
      UniquePtr<Store> store = open_file(path, 4096);
      if (seed % 5 == 0) store->set_locking_mode(LockingMode::Exclusive);
      store->set_synchronous(seed <= 4 ? static_cast<Synchronous>(seed % 4) : Synchronous::Off);
      store->set_cache_size(seed % 3 == 0 ? 1000 : 10);
      // A second connection of the process, which reads now and then, and must see each commit.
      UniquePtr<Store> second;
      if (seed % 5 != 0) {
        second = open_file(path, 4096);
        second->set_synchronous(Synchronous::Off);
      }
      for (int part = 0; part < 12 && !HasFatalFailure(); ++part) {
        UniquePtr<Store>& writer = second != nullptr && part % 3 == 2 ? second : store;
        Workload work(*writer, seed * 1000 + static_cast<std::uint64_t>(round * 100 + part));
        work.set_model(model);
        work.run(60);
        model = work.model();
        UniquePtr<Store>& reader = writer == store && second != nullptr ? second : store;
        Workload check(*reader, 1);
        check.set_model(model);
        check.check_all();
        for (UniquePtr<Store>* one : {&store, &second}) {
          if (*one != nullptr && (*one)->in_read()) (*one)->end_read();
        }
        CheckpointCounts counts;
        const auto mode = static_cast<CheckpointMode>(random() % 5);
        if (random() % 2 == 0 && mode <= CheckpointMode::Truncate) {
          const Status status = store->checkpoint(mode, &counts);
          ASSERT_TRUE(status.ok()) << status.message();
          EXPECT_EQ(counts.log_frames, counts.moved_frames);
          if (mode == CheckpointMode::Truncate) {
            EXPECT_EQ(size_of(path + "-wal"), 0u);
          }
        }
      }
      EXPECT_EQ(store->journal_mode(), JournalMode::Wal);
      if (round == 1) {
        store->set_checkpoint_on_close(false);
        if (second != nullptr) second->set_checkpoint_on_close(false);
      }
    }
    EXPECT_EQ(size_of(path + "-wal"), 0u);
    EXPECT_FALSE(std::filesystem::exists(path + "-shm"));
  }
}

// A copy of database and log, as a dead machine leaves them.
void copy_without_index(const std::string& from, const std::string& to) {
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(from + "-wal", to + "-wal", std::filesystem::copy_options::overwrite_existing);
  std::filesystem::remove(to + "-shm");
}

std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  std::vector<std::byte> bytes(all.size());
  std::memcpy(bytes.data(), all.data(), all.size());
  return bytes;
}

void write_bytes(const std::string& path, const std::vector<std::byte>& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// The same log with the checksums of a machine of the other byte order.
void turn_byte_order(std::vector<std::byte>& log) {
  wal::LogHeader header;
  wal::Checksum sum;
  ASSERT_TRUE(wal::decode(log.data(), &header, &sum));
  header.big_endian = !header.big_endian;
  sum = wal::encode(header, log.data());
  const std::size_t frame_bytes = wal::kFrameHeaderSize + header.page_size;
  for (std::size_t at = wal::kHeaderSize; at + frame_bytes <= log.size(); at += frame_bytes) {
    wal::FrameHeader frame = wal::decode_frame_header(log.data() + at);
    frame.checksum = sum = wal::frame_checksum(
        sum, log.data() + at, {log.data() + at + wal::kFrameHeaderSize, header.page_size}, header.big_endian);
    wal::encode(frame, log.data() + at);
  }
}

// Counts in the header, so that both sides understand it without SQL.
std::string version_by_store(const std::string& path, bool advance) {
  UniquePtr<Store> store = open_file(path, 4096);
  store->set_checkpoint_on_close(false);
  if (advance) {
    EXPECT_TRUE(store->begin_write().ok());
    const std::uint32_t next = store->read_header_u32(header::kUserVersion).value() + 1;
    EXPECT_TRUE(store->write_header_u32(header::kUserVersion, next).ok());
    EXPECT_TRUE(store->commit().ok());
  } else {
    EXPECT_TRUE(store->begin_read().ok());
  }
  return std::to_string(store->read_header_u32(header::kUserVersion).value());
}

TEST(Wal, StockAndWeRecoverEachOthersLogs) {
  if (test::Stock::get() == nullptr) GTEST_SKIP() << "no stock library";
  const Directory directory;
  const std::string path = directory.file("a.db");
  const std::string copy = directory.file("b.db");
  int version = 0;
  {
    test::StockDatabase stock(path);
    stock.run(
        "PRAGMA page_size=1024; PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(9000))");
    stock.run("PRAGMA user_version=41");
    copy_without_index(path, copy);
    version = 41;
  }
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    if (round % 2 == 1) {
      std::vector<std::byte> log = bytes_of(copy + "-wal");
      turn_byte_order(log);
      write_bytes(copy + "-wal", log);
    }
    EXPECT_EQ(version_by_store(copy, false), std::to_string(version));
    EXPECT_EQ(version_by_store(copy, true), std::to_string(version + 1));
    ++version;
    EXPECT_GT(size_of(copy + "-wal"), 0u);
    // Stock recovers ours, and appends to it in whatever order the log has.
    const std::string next = directory.file("c.db");
    copy_without_index(copy, next);
    {
      test::StockDatabase stock(next);
      EXPECT_EQ(stock.run("PRAGMA user_version"), std::to_string(version));
      EXPECT_EQ(stock.run("PRAGMA integrity_check"), "ok");
      stock.run("PRAGMA user_version=" + std::to_string(++version));
      copy_without_index(next, copy);
    }
  }
}

// Whatever the end of a log looks like, the last commit before it counts.
TEST(Wal, RecoveryStopsAtTheFirstFrameThatIsNotValid) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  UniquePtr<Store> store = open_file(path, 512);
  store->set_synchronous(Synchronous::Off);
  enter_log_mode(*store);
  std::vector<std::uint64_t> sizes{0};
  for (std::uint32_t i = 1; i <= 10; ++i) {
    ASSERT_TRUE(store->begin_write().ok());
    ASSERT_TRUE(store->view().append().ok());
    ASSERT_TRUE(store->write_header_u32(header::kUserVersion, i).ok());
    ASSERT_TRUE(store->commit(AfterCommit::EndRead).ok());
    sizes.push_back(size_of(path + "-wal"));
  }
  const std::vector<std::byte> log = bytes_of(path + "-wal");
  std::filesystem::copy_file(path, directory.file("base.db"));
  const auto expect_version = [&](const std::vector<std::byte>& bytes, std::size_t damage) {
    const std::string copy = directory.file("b.db");
    std::filesystem::copy_file(directory.file("base.db"), copy, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::remove(copy + "-shm");
    write_bytes(copy + "-wal", bytes);
    std::size_t expected = 0;
    while (expected < 10 && sizes[expected + 1] <= damage) ++expected;
    UniquePtr<Store> other = open_file(copy, 4096);
    other->set_synchronous(Synchronous::Off);
    ASSERT_TRUE(other->begin_read().ok());
    EXPECT_EQ(other->read_header_u32(header::kUserVersion).value(), expected) << "damage at " << damage;
    if (test::Stock::get() != nullptr && damage % 5 == 0) {
      other->set_checkpoint_on_close(false);
      other.reset();
      std::filesystem::remove(copy + "-shm");
      EXPECT_EQ(test::StockDatabase(copy).run("PRAGMA user_version"), std::to_string(expected));
    }
  };
  std::mt19937 random(3);
  for (std::size_t at = 0; at < log.size(); at += 1 + random() % 297) {
    std::vector<std::byte> damaged = log;
    damaged[at] ^= std::byte{1};
    expect_version(damaged, at < wal::kHeaderSize && at >= 8 ? 0 : at);
    expect_version({log.begin(), log.begin() + static_cast<std::ptrdiff_t>(at)}, at);
  }
  expect_version(log, log.size());
}

// A commit that is taken back is gone for recovery too, and the transaction may go on.
TEST(Wal, ACommitThatWasTakenBackDoesNotCount) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  const std::string copy = directory.file("b.db");
  UniquePtr<Store> store = open_file(path, 1024);
  enter_log_mode(*store);
  ASSERT_TRUE(store->begin_write().ok());
  ASSERT_TRUE(store->write_header_u32(header::kUserVersion, 5).ok());
  ASSERT_TRUE(store->commit_prepare().ok());
  ASSERT_TRUE(store->view().append().ok());  // another file could not commit, and the user goes on
  copy_without_index(path, copy);
  EXPECT_EQ(version_by_store(copy, false), "0");
  ASSERT_TRUE(store->write_header_u32(header::kUserVersion, 6).ok());
  ASSERT_TRUE(store->commit_prepare().ok());
  copy_without_index(path, copy);
  EXPECT_EQ(version_by_store(copy, false), "6");
  ASSERT_TRUE(store->rollback().ok());
  copy_without_index(path, copy);
  EXPECT_EQ(version_by_store(copy, false), "0");
  store->end_read();
}

// What a reader may still want from the database file stays there, however far the log has gone on.
TEST(Wal, ACheckpointStopsAtTheMarkOfAReader) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  UniquePtr<Store> writer = open_file(path, 1024);
  enter_log_mode(*writer);
  const auto write = [&](std::byte content, std::uint32_t last_page) {
    ASSERT_TRUE(writer->begin_write().ok());
    while (writer->view().page_count().value < 5) ASSERT_TRUE(writer->view().append().ok());
    for (std::uint32_t page = 2; page <= last_page; ++page) {
      Result<PageRef> one = writer->view().fetch(PageNo(page));
      ASSERT_TRUE(one.ok());
      one.value().writable().value()[100] = content;
    }
    ASSERT_TRUE(writer->commit(AfterCommit::EndRead).ok());
  };
  CheckpointCounts counts;
  write(std::byte{1}, 5);
  ASSERT_TRUE(writer->checkpoint(CheckpointMode::Passive, &counts).ok());
  EXPECT_EQ(counts.moved_frames, counts.log_frames);
  write(std::byte{2}, 2);
  UniquePtr<Store> reader = open_file(path, 1024);
  ASSERT_TRUE(reader->begin_read().ok());
  write(std::byte{3}, 5);
  ASSERT_TRUE(writer->checkpoint(CheckpointMode::Passive, &counts).ok());
  EXPECT_LT(counts.moved_frames, counts.log_frames);
  for (std::uint32_t page = 2; page <= 5; ++page) {
    EXPECT_EQ(reader->view().fetch(PageNo(page)).value().data()[100], page == 2 ? std::byte{2} : std::byte{1});
  }
  reader->end_read();
  ASSERT_TRUE(writer->checkpoint(CheckpointMode::Passive, &counts).ok());
  EXPECT_EQ(counts.moved_frames, counts.log_frames);
}

// Going back to a savepoint forgets what was spilled since, and never what was not published: a page that was changed
// before the savepoint, and first spilled after it, is the transaction's own.
TEST(Wal, WhatWasRewoundIsNotPublished) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  constexpr std::uint32_t kPages = 40;
  UniquePtr<Store> store = open_file(path, 1024);
  enter_log_mode(*store);
  const auto change = [&](std::uint8_t content, std::uint32_t first, std::uint32_t last) {
    while (store->view().page_count().value < kPages) ASSERT_TRUE(store->view().append().ok());
    for (std::uint32_t page = first; page <= last; ++page) {
      Result<PageRef> one = store->view().fetch(PageNo(page));
      ASSERT_TRUE(one.ok());
      one.value().writable().value()[200] = std::byte{content};
    }
  };
  const auto shows = [&](std::uint8_t content, std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t page = first; page <= last; ++page) {
      Result<PageRef> one = store->view().fetch(PageNo(page));
      ASSERT_TRUE(one.ok());
      EXPECT_EQ(one.value().data()[200], std::byte{content}) << page;
    }
  };
  ASSERT_TRUE(store->begin_write().ok());
  change(1, 2, kPages);
  ASSERT_TRUE(store->commit(AfterCommit::EndRead).ok());
  const std::uint64_t log_size = size_of(path + "-wal");
  store->set_cache_size(12);
  for (const bool commits : {false, true}) {
    ASSERT_TRUE(store->begin_write().ok());
    change(2, 2, 3);
    ASSERT_TRUE(store->open_savepoint().ok());
    for (std::uint8_t round = 3; round < 9; ++round) {
      change(round, 4, kPages);  // spills 2 and 3 as well
      change(round, 2, 3);
      ASSERT_TRUE(store->rollback_to_savepoint(1).ok());
      EXPECT_LE(size_of(path + "-wal"), log_size + (2 * kPages + 8) * 1048u);
      shows(1, 4, kPages);
      shows(2, 2, 3);
    }
    store->release_savepoint(1);
    ASSERT_TRUE((commits ? store->commit(AfterCommit::KeepReading) : store->rollback()).ok());
    shows(1, 4, kPages);
    shows(commits ? 2 : 1, 2, 3);
    store->end_read();
  }
  store = open_file(path, 1024);
  ASSERT_TRUE(store->begin_read().ok());
  shows(2, 2, 3);
  shows(1, 4, kPages);
}

// Marks pages first to last with `content`; the file has at least `last` pages then.
void fill(Store& store, std::uint8_t content, std::uint32_t first, std::uint32_t last) {
  while (store.view().page_count().value < last) ASSERT_TRUE(store.view().append().ok());
  for (std::uint32_t page = first; page <= last; ++page) {
    Result<PageRef> one = store.view().fetch(PageNo(page));
    ASSERT_TRUE(one.ok());
    one.value().writable().value()[100] = std::byte{content};
  }
}

int count_of_locks = 0;
int counting_fcntl(int fd, int command, struct ::flock* lock) {
  ++count_of_locks;
  return ::fcntl(fd, command, lock);
}

// A transaction that begins with writing holds WRITE alone, two calls of the system in all. What it reads stays for as
// long as it reads, whatever a checkpoint moves meanwhile; and after its end where it goes on reading.
TEST(Wal, WhoBeginsWithWritingNeedsNoMark) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  constexpr std::uint32_t kPages = 20;
  UniquePtr<Store> writer = open_file(path, 1024);
  enter_log_mode(*writer);
  UniquePtr<Store> other = open_file(path, 1024);
  const auto change = [](Store& store, std::uint8_t content, std::uint32_t first) { fill(store, content, first, kPages); };
  const auto write = [&](Store& store, std::uint8_t content) {
    ASSERT_TRUE(store.begin_write().ok());
    change(store, content, 2);
    ASSERT_TRUE(store.commit(AfterCommit::EndRead).ok());
  };
  // Nothing comes from memory, but what the transaction has changed.
  const auto shows = [](Store& store, std::uint8_t content, std::uint32_t first = 2) {
    store.release_memory();
    for (std::uint32_t page = first; page <= kPages; ++page) {
      Result<PageRef> one = store.view().fetch(PageNo(page));
      ASSERT_TRUE(one.ok()) << one.status().message();
      ASSERT_EQ(one.value().data()[100], std::byte{content}) << page;
    }
  };
  const auto move_all = [](Store& store) {
    CheckpointCounts counts;
    ASSERT_TRUE(store.checkpoint(CheckpointMode::Passive, &counts).ok());
    ASSERT_EQ(counts.moved_frames, counts.log_frames);
  };
  write(*writer, 1);
  write(*writer, 2);
  write(*other, 3);
  auto* const counting = reinterpret_cast<sqlite3_syscall_ptr>(&counting_fcntl);
  ASSERT_EQ(os::calls::set_system_call(nullptr, "fcntl", counting), SQLITE_OK);
  count_of_locks = 0;
  for (std::uint8_t i = 0; i < 5; ++i) write(*writer, i);
  EXPECT_EQ(count_of_locks, 10);
  os::calls::set_system_call(nullptr, "fcntl", nullptr);

  for (const bool commits : {true, false}) {
    SCOPED_TRACE(commits);
    write(*writer, 10);
    ASSERT_TRUE(writer->begin_write().ok());
    shows(*writer, 10);
    change(*writer, 11, 15);
    move_all(*other);  // of what is published; nobody restarts the log
    shows(*writer, 11, 15);
    Result<PageRef> unchanged = writer->view().fetch(PageNo(7));
    EXPECT_EQ(unchanged.value().data()[100], std::byte{10});
    { const auto unpin = std::move(unchanged); }
    change(*writer, 11, 2);
    ASSERT_TRUE((commits ? writer->commit(AfterCommit::KeepReading) : writer->rollback()).ok());
    shows(*writer, commits ? 11 : 10);
    for (std::uint8_t i = 20; i < 24; ++i) {
      write(*other, i);
      CheckpointCounts counts;
      ASSERT_TRUE(other->checkpoint(CheckpointMode::Passive, &counts).ok());
      shows(*writer, commits ? 11 : 10);
    }
    writer->end_read();
    ASSERT_TRUE(writer->begin_read().ok());
    shows(*writer, 23);
    writer->end_read();
    move_all(*other);
  }
}

std::function<void()> before_write_lock;  // and then another process has it
int fcntl_without_write_lock(int fd, int command, struct ::flock* lock) {
  if (before_write_lock && command == F_SETLK && lock->l_type == F_WRLCK && lock->l_start == 120) {
    std::exchange(before_write_lock, nullptr)();
    errno = EAGAIN;
    return -1;
  }
  return ::fcntl(fd, command, lock);
}

// A checkpoint that waits for WRITE in vain goes on with what it knew of the log before, which may have been restarted
// meanwhile: its frames are others now.
TEST(Wal, ACheckpointKnowsTheLogThatWasRestarted) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  constexpr std::uint32_t kPages = 9;
  UniquePtr<Store> writer = open_file(path, 1024);
  enter_log_mode(*writer);
  UniquePtr<Store> other = open_file(path, 1024);
  const auto write = [&](std::uint8_t content, std::uint32_t first) {
    ASSERT_TRUE(writer->begin_write().ok());
    fill(*writer, content, first, kPages);
    ASSERT_TRUE(writer->commit(AfterCommit::EndRead).ok());
  };
  CheckpointCounts counts;
  write(1, 2);
  ASSERT_TRUE(other->begin_read().ok());
  other->end_read();
  ASSERT_TRUE(other->checkpoint(CheckpointMode::Passive, &counts).ok());
  ASSERT_EQ(counts.moved_frames, counts.log_frames);
  const int former_frames = counts.log_frames;

  before_write_lock = [&] { write(2, kPages - 1); };
  auto* const hook = reinterpret_cast<sqlite3_syscall_ptr>(&fcntl_without_write_lock);
  ASSERT_EQ(os::calls::set_system_call(nullptr, "fcntl", hook), SQLITE_OK);
  counts = {};
  const Status status = other->checkpoint(CheckpointMode::Full, &counts);
  os::calls::set_system_call(nullptr, "fcntl", nullptr);
  EXPECT_EQ(status.code(), Code::Busy) << status.message();
  EXPECT_LT(counts.log_frames, former_frames);
  EXPECT_EQ(counts.moved_frames, 0);

  ASSERT_TRUE(other->checkpoint(CheckpointMode::Full, &counts).ok());
  EXPECT_EQ(counts.moved_frames, counts.log_frames);
  for (UniquePtr<Store>* store : {&writer, &other}) {
    ASSERT_TRUE((*store)->begin_read().ok());
    (*store)->release_memory();
    for (std::uint32_t page = 2; page <= kPages; ++page) {
      Result<PageRef> one = (*store)->view().fetch(PageNo(page));
      ASSERT_TRUE(one.ok());
      EXPECT_EQ(one.value().data()[100], std::byte(page < kPages - 1 ? 1 : 2)) << page;
    }
    (*store)->end_read();
  }
}

// A transaction that runs out of memory while it begins leaves nothing behind: the next one sees the newest state.
TEST(Wal, ABeginWithoutMemoryIsNone) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  UniquePtr<Store> writer = open_file(path, 1024);
  enter_log_mode(*writer);
  std::uint32_t version = 0;
  for (const bool fresh : {false, true}) {
    UniquePtr<Store> reader = open_file(path, 1024);
    ASSERT_TRUE(reader->begin_read().ok());
    reader->end_read();
    for (int fail_at = 0, failed = 1; failed != 0; ++fail_at) {
      SCOPED_TRACE(fail_at);
      ASSERT_TRUE(writer->begin_write().ok());
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->view().append().ok());
      ASSERT_TRUE(writer->write_header_u32(header::kUserVersion, ++version).ok());
      ASSERT_TRUE(writer->commit(AfterCommit::EndRead).ok());
      if (fresh) reader = open_file(path, 1024);
      {
        test::FailingAllocator memory;
        memory.fail_at(fail_at);
        try {
          const Status status = reader->begin_read();
          EXPECT_TRUE(status.ok() || status.primary() == Code::NoMem);
        } catch (const std::bad_alloc&) {
        }
        failed = memory.failed();
      }
      ASSERT_TRUE(reader->begin_read().ok());
      EXPECT_EQ(reader->read_header_u32(header::kUserVersion).value(), version);
      reader->end_read();
    }
  }
}

// A sync that fails fails its commit, and all that follow: what the kernel forgot is not asked for again.
TEST(Wal, AfterAFailedSyncNothingIsWritten) {
  const Directory directory;
  const std::string path = directory.file("a.db");
  { enter_log_mode(*open_file(path, 1024)); }
  const auto version = [](Store& store) {
    EXPECT_TRUE(store.begin_read().ok());
    const std::uint32_t value = store.read_header_u32(header::kUserVersion).value();
    store.end_read();
    return value;
  };
  const auto advance = [](Store& store) {
    if (Status status = store.begin_write(); !status.ok()) {
      if (store.in_read()) store.end_read();
      return status.code();
    }
    EXPECT_TRUE(
        store.write_header_u32(header::kUserVersion, store.read_header_u32(header::kUserVersion).value() + 1).ok());
    const Status status = store.commit(AfterCommit::EndRead);
    if (store.in_write()) {
      EXPECT_TRUE(store.rollback().ok());
    }
    if (store.in_read()) store.end_read();
    return status.code();
  };
  test::FaultVfs vfs(os::find_vfs("unix"), "faulty");
  vfs.code = SQLITE_IOERR_FSYNC;
  vfs.matches = [](const test::VfsCall& call) { return call.method == "xSync" && call.file == "a.db-wal"; };
  const auto open = [&] {
    auto opened = Store::open(*vfs.vfs(), os::make_filename(path), SQLITE_OPEN_READWRITE, StoreOptions{});
    EXPECT_TRUE(opened.ok());
    opened.value()->set_locking_mode(LockingMode::Exclusive);
    return std::move(opened).value();
  };
  std::uint32_t expected = 0;
  for (int fail_at = 0; fail_at < 6; ++fail_at) {
    SCOPED_TRACE(fail_at);
    vfs.fail_at = fail_at;
    vfs.seen = vfs.failed = 0;
    UniquePtr<Store> store = open();
    for (int i = 0; i < 8; ++i) {
      const Code code = advance(*store);
      EXPECT_EQ(code, vfs.failed != 0 ? Code::IoErrFsync : Code::Ok);
      if (code == Code::Ok) ++expected;
      EXPECT_EQ(version(*store), expected);
    }
    EXPECT_EQ(vfs.failed, 1);
    CheckpointCounts counts;
    EXPECT_EQ(store->checkpoint(CheckpointMode::Passive, &counts).code(), Code::IoErrFsync);
    vfs.fail_at = -1;
    EXPECT_EQ(advance(*store), Code::IoErrFsync);
    // Its log stays, for whoever opens the database next.
    store.reset();
    store = open();
    EXPECT_EQ(version(*store), expected);
    EXPECT_EQ(advance(*store), Code::Ok);
    ++expected;
  }
}

}  // namespace
}  // namespace perlite::pager
