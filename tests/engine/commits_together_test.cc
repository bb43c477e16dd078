// ctest: quick
// Connections of one process commit together (docs/format/wal.md, "Commits together"): a second writer works while the
// first waits for the disk, and is told nothing that may yet come to nothing.
#include <errno.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

// Syncs wait at a gate, and may fail there.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  int error = 0;
  bool shut = false;
  bool slow = false;  // a sync takes a while
};
Gate gate;

int gated_fdatasync(int) {
  std::unique_lock<std::mutex> lock(gate.mutex);
  ++gate.waiting;
  gate.changed.notify_all();
  gate.changed.wait(lock, [] { return !gate.shut; });
  if (gate.slow) {
    lock.unlock();
    ::usleep(100);
    lock.lock();
  }
  --gate.waiting;
  errno = gate.error;
  return gate.error == 0 ? 0 : -1;
}

class CommitsTogether : public testing::Test {
 protected:
  CommitsTogether() : file_("together"), one_(subject(), file_.path()), two_(subject(), file_.path()) {
    sqlite3_vfs* const vfs = subject().vfs_find("unix");
    vfs->xSetSystemCall(vfs, "fdatasync", reinterpret_cast<sqlite3_syscall_ptr>(gated_fdatasync));
    for (Database* db : {&one_, &two_}) subject().busy_timeout(db->handle(), 60000);
    EXPECT_EQ(
        one_.exec(
            "PRAGMA journal_mode=wal; CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES(1, 'first')"),
        "");
    EXPECT_EQ(two_.text("SELECT count(*) FROM t"), "I1");
    gate.shut = true;
    gate.slow = false;
    gate.error = 0;
  }
  ~CommitsTogether() override {
    open_gate();
    sqlite3_vfs* const vfs = subject().vfs_find("unix");
    vfs->xSetSystemCall(vfs, "fdatasync", nullptr);
  }
  static void open_gate(int error = 0) {
    const std::lock_guard<std::mutex> guard(gate.mutex);
    gate.shut = false;
    gate.error = error;
    gate.changed.notify_all();
  }
  // Starts a commit that stands at the gate.
  std::future<std::string> commit_one() {
    auto result = std::async(std::launch::async, [this] { return one_.exec("INSERT INTO t VALUES(2, 'second')"); });
    std::unique_lock<std::mutex> lock(gate.mutex);
    gate.changed.wait(lock, [] { return gate.waiting > 0; });
    return result;
  }
  // What the second connection answers to `sql`, which comes only when the gate is open.
  std::string answer_behind_gate(const std::string& sql, int error = 0) {
    auto answer = std::async(std::launch::async, [&] { return two_.text(sql); });
    EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(30)), std::future_status::timeout) << sql;
    open_gate(error);
    return answer.get();
  }

  ScratchFile file_;
  Database one_, two_;
};

// Where one commit follows another, in several threads, there is no natural moment to begin the log anew.
TEST_F(CommitsTogether, TheLogRestartsAmongWritersThatNeverRest) {
  constexpr std::size_t kThreads = 4;
  constexpr int kCommits = 1500;
  open_gate();
  gate.slow = true;
  std::vector<std::thread> threads;
  std::vector<std::string> faults(kThreads);
  for (std::size_t who = 0; who < kThreads; ++who) {
    threads.emplace_back([&, who] {
      Database db(subject(), file_.path());
      subject().busy_timeout(db.handle(), 60000);
      faults[who] = db.exec("PRAGMA wal_autocheckpoint=50");
      for (int i = 0; i < kCommits && faults[who].empty(); ++i) faults[who] = db.exec("UPDATE t SET a = a + 1");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(faults, std::vector<std::string>(kThreads));
  EXPECT_EQ(two_.text("SELECT a FROM t"), "I" + std::to_string(1 + kThreads * kCommits));
  // Where a reader was in the way, the next try is 1,000 frames later.
  EXPECT_LT(std::filesystem::file_size(file_.path() + "-wal"), kThreads * kCommits / 2 * 4120u);
}

TEST_F(CommitsTogether, AWriterWorksWhileAnotherWaitsForTheDisk) {
  auto first = commit_one();
  EXPECT_EQ(two_.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES(3, 'third'); UPDATE t SET b = upper(b) WHERE a = 2"), "");
  Database reader(subject(), file_.path());
  EXPECT_EQ(reader.text("SELECT max(a) FROM t"), "I1");
  EXPECT_EQ(first.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  EXPECT_EQ(answer_behind_gate("COMMIT"), "");
  EXPECT_EQ(first.get(), "");
  EXPECT_EQ(reader.text("SELECT a, b FROM t"), "I1|Tfirst\nI2|TSECOND\nI3|Tthird");
}

TEST_F(CommitsTogether, RowsWaitForTheDisk) {
  auto first = commit_one();
  EXPECT_EQ(two_.exec("BEGIN IMMEDIATE"), "");
  EXPECT_EQ(answer_behind_gate("SELECT max(a) FROM t"), "I2");
  EXPECT_EQ(first.get(), "");
  EXPECT_EQ(two_.exec("ROLLBACK"), "");
}

TEST_F(CommitsTogether, ReturnedRowsWaitForTheDisk) {
  auto first = commit_one();
  EXPECT_EQ(answer_behind_gate("INSERT INTO t(b) VALUES('x') RETURNING a"), "I3");
  EXPECT_EQ(first.get(), "");
}

TEST_F(CommitsTogether, ErrorsWaitForTheDisk) {
  auto first = commit_one();
  EXPECT_EQ(answer_behind_gate("INSERT INTO t VALUES(2, 'no')"), "error 1555: UNIQUE constraint failed: t.a");
  EXPECT_EQ(first.get(), "");
}

TEST_F(CommitsTogether, WhatRestsOnAFailedCommitFails) {
  auto first = commit_one();
  EXPECT_EQ(two_.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES(3, 'third')"), "");
  EXPECT_EQ(answer_behind_gate("COMMIT", EIO).substr(0, 8), "error 10");
  EXPECT_EQ(first.get().substr(0, 2), "10");
  open_gate();
  if (subject().get_autocommit(two_.handle()) == 0) {
    EXPECT_EQ(two_.exec("ROLLBACK"), "");
  }
  for (Database* db : {&one_, &two_}) {
    EXPECT_EQ(db->text("SELECT a FROM t"), "I1");
    EXPECT_EQ(db->exec("INSERT INTO t VALUES(4, 'x')").substr(0, 2), "10");
  }
  Database third(subject(), file_.path());
  EXPECT_EQ(third.exec("INSERT INTO t VALUES(5, 'new')"), "");
  EXPECT_EQ(two_.text("SELECT a FROM t"), "I1\nI5");
  EXPECT_EQ(third.text("PRAGMA integrity_check"), "Tok");
}

}  // namespace
}  // namespace perlite::engine_test
