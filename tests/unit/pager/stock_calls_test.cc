// Over a foreign VFS the pager makes the calls that the stock library makes, in its order, sizes and flags.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "os/vfs.h"
#include "pager/store.h"
#include "tests/support/shim_vfs.h"
#include "tests/support/stock.h"

namespace perlite::pager {
namespace {

using test::RecordingVfs;
using test::Stock;
using test::StockDatabase;

class StockCalls : public testing::Test {
 protected:
  void SetUp() override {
    if (Stock::get() == nullptr) GTEST_SKIP() << "no stock library";
    std::string name = testing::TempDir() + "perlite_XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  void TearDown() override {
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }
  std::string directory_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

// What is compared: stock asks these at moments that say nothing about its pager.
bool of_interest(const test::VfsCall& call) {
  if (call.method == "xAccess" && call.file == "t.db-wal") return false;
  if (call.method != "xFileControl") return true;
  return call.amount == SQLITE_FCNTL_SYNC || call.amount == SQLITE_FCNTL_COMMIT_PHASETWO ||
         call.amount == SQLITE_FCNTL_SIZE_HINT || call.amount == SQLITE_FCNTL_HAS_MOVED;
}

// What each side does to the same file, recorded. `prepare` is stock's SQL before the recording starts.
struct Case {
  const char* name;
  const char* prepare;
  const char* sql;
  void (*ours)(Store&);
  int characteristics;  // -1: those of the file
};

void change(Store& store, std::uint32_t page) {
  auto ref = store.view().fetch(PageNo(page));
  ASSERT_TRUE(ref.ok()) << ref.status().message();
  ASSERT_TRUE(ref.value().writable().ok());
}

const Case kCases[] = {
    {"read", "CREATE TABLE t(a)", "SELECT * FROM t",
     [](Store& store) {
       ASSERT_TRUE(store.begin_read().ok());
       store.end_read();
     },
     -1},
    {"first table", "", "CREATE TABLE t(a)",
     [](Store& store) {
       ASSERT_TRUE(store.begin_write().ok());
       ASSERT_TRUE(store.view().append().ok());
       ASSERT_TRUE(store.view().append().ok());
       ASSERT_TRUE(store.commit().ok());
       store.end_read();
     },
     -1},
    {"growth", "CREATE TABLE t(a); INSERT INTO t VALUES(1)", "INSERT INTO t VALUES(zeroblob(10000))",
     [](Store& store) {
       ASSERT_TRUE(store.begin_write().ok());
       change(store, 2);
       ASSERT_TRUE(store.view().append().ok());
       ASSERT_TRUE(store.view().append().ok());
       ASSERT_TRUE(store.commit().ok());
       store.end_read();
     },
     -1},
    {"exclusive", "CREATE TABLE t(a); INSERT INTO t VALUES(1)", "BEGIN EXCLUSIVE; UPDATE t SET a=2; COMMIT",
     [](Store& store) {
       ASSERT_TRUE(store.begin_write(WriteIntent::Exclusive).ok());
       change(store, 2);
       ASSERT_TRUE(store.commit().ok());
       store.end_read();
     },
     -1},
    {"exclusive locking mode", "CREATE TABLE t(a); INSERT INTO t VALUES(1)",
     "PRAGMA locking_mode=exclusive; UPDATE t SET a=2; UPDATE t SET a=3",
     [](Store& store) {
       store.set_locking_mode(LockingMode::Exclusive);
       for (int i = 0; i < 2; ++i) {
         ASSERT_TRUE(store.begin_write().ok());
         change(store, 2);
         ASSERT_TRUE(store.commit().ok());
         store.end_read();
       }
     },
     -1},
    {"large sectors", "CREATE TABLE t(a); INSERT INTO t VALUES(1)", "UPDATE t SET a=2",
     [](Store& store) {
       ASSERT_TRUE(store.begin_write().ok());
       change(store, 2);
       ASSERT_TRUE(store.commit().ok());
       store.end_read();
     },
     0},
    {"safe append", "CREATE TABLE t(a); INSERT INTO t VALUES(1)", "UPDATE t SET a=2",
     [](Store& store) {
       ASSERT_TRUE(store.begin_write().ok());
       change(store, 2);
       ASSERT_TRUE(store.commit().ok());
       store.end_read();
     },
     SQLITE_IOCAP_SAFE_APPEND | SQLITE_IOCAP_POWERSAFE_OVERWRITE},
    {"memory journal", "CREATE TABLE t(a); INSERT INTO t VALUES(1)", "PRAGMA journal_mode=memory; UPDATE t SET a=2",
     [](Store& store) {
       ASSERT_TRUE(store.set_journal_mode(JournalMode::Memory).ok());
       ASSERT_TRUE(store.begin_write().ok());
       change(store, 2);
       ASSERT_TRUE(store.commit().ok());
       store.end_read();
     },
     -1},
    {"no journal", "CREATE TABLE t(a); INSERT INTO t VALUES(1)", "PRAGMA journal_mode=off; UPDATE t SET a=2",
     [](Store& store) {
       ASSERT_TRUE(store.set_journal_mode(JournalMode::Off).ok());
       ASSERT_TRUE(store.begin_write().ok());
       change(store, 2);
       ASSERT_TRUE(store.commit().ok());
       store.end_read();
     },
     -1},
};

TEST_F(StockCalls, AreOurs) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.name);
    const std::string path = directory_ + "/t.db";
    const auto fresh = [&] {
      std::filesystem::remove(path);
      std::filesystem::remove(path + "-journal");
      StockDatabase(path).run(one.prepare);
    };
    std::vector<std::string> expected;
    fresh();
    {
      RecordingVfs vfs(Stock::get()->vfs_find(nullptr), "recording");
      vfs.keep = of_interest;
      vfs.characteristics_ = one.characteristics;
      Stock::get()->vfs_register(vfs.vfs(), 0);
      {
        StockDatabase db(path, "recording");
        db.run("SELECT * FROM sqlite_schema");
        if (one.prepare[0] != 0) db.run("SELECT * FROM t");
        vfs.take();
        db.run(one.sql);
        expected = vfs.take();
      }
      Stock::get()->vfs_unregister(vfs.vfs());
    }
    fresh();
    RecordingVfs vfs(os::find_vfs("unix"), "recording");
    vfs.keep = of_interest;
    vfs.characteristics_ = one.characteristics;
    auto store = Store::open(*vfs.vfs(), os::make_filename(path), SQLITE_OPEN_READWRITE, StoreOptions{});
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(store.value()->begin_read().ok());
    if (one.prepare[0] != 0) {
      ASSERT_TRUE(store.value()->view().fetch(PageNo(2)).ok());
    }
    store.value()->end_read();
    vfs.take();
    one.ours(*store.value());
    EXPECT_EQ(joined(vfs.take()), joined(expected));
  }
}

TEST_F(StockCalls, SingleRowCommit) {
  const char* const modes[] = {"delete", "truncate", "persist"};
  const char* const levels[] = {"off", "normal", "full", "extra"};
  for (int mode = 0; mode < 3; ++mode) {
    for (int level = 0; level < 4; ++level) {
      SCOPED_TRACE(std::string(modes[mode]) + " " + levels[level]);
      const std::string path = directory_ + "/t.db";
      std::filesystem::remove(path);
      std::filesystem::remove(path + "-journal");
      StockDatabase(path).run("CREATE TABLE t(a); INSERT INTO t VALUES(1)");

      RecordingVfs stock_vfs(Stock::get()->vfs_find(nullptr), "recording");
      stock_vfs.keep = of_interest;
      Stock::get()->vfs_register(stock_vfs.vfs(), 0);
      std::vector<std::string> expected;
      {
        StockDatabase db(path, "recording");
        db.run(std::string("PRAGMA journal_mode=") + modes[mode]);
        db.run(std::string("PRAGMA synchronous=") + levels[level]);
        db.run("SELECT * FROM t");
        stock_vfs.take();
        db.run("UPDATE t SET a = 2");
        expected = stock_vfs.take();
      }
      Stock::get()->vfs_unregister(stock_vfs.vfs());
      std::filesystem::remove(path + "-journal");

      RecordingVfs our_vfs(os::find_vfs("unix"), "recording");
      our_vfs.keep = of_interest;
      constexpr JournalMode kModes[] = {JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist};
      auto store = Store::open(*our_vfs.vfs(), os::make_filename(path), SQLITE_OPEN_READWRITE, StoreOptions{});
      ASSERT_TRUE(store.ok());
      ASSERT_TRUE(store.value()->set_journal_mode(kModes[mode]).ok());
      store.value()->set_synchronous(static_cast<Synchronous>(level));
      ASSERT_TRUE(store.value()->begin_read().ok());
      ASSERT_TRUE(store.value()->view().fetch(PageNo(2)).ok());
      store.value()->end_read();
      our_vfs.take();
      ASSERT_TRUE(store.value()->begin_write().ok());
      {
        auto page = store.value()->view().fetch(PageNo(2));
        ASSERT_TRUE(page.ok());
        ASSERT_TRUE(page.value().writable().ok());
      }
      ASSERT_TRUE(store.value()->commit().ok());
      store.value()->end_read();
      EXPECT_EQ(joined(our_vfs.take()), joined(expected));
    }
  }
}

}  // namespace
}  // namespace perlite::pager
