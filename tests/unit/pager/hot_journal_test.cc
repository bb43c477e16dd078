// A transaction that died in the middle is undone by whoever comes next: Perlite after stock, stock after Perlite, and
// Perlite after itself. What comes back is the file byte by byte.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "os/vfs.h"
#include "pager/store.h"
#include "tests/support/stock.h"

namespace perlite::pager {
namespace {

using test::Stock;
using test::StockDatabase;

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}
void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class HotJournal : public testing::Test {
 protected:
  void SetUp() override {
    if (Stock::get() == nullptr) GTEST_SKIP() << "no stock library";
    std::string name = testing::TempDir() + "perlite_XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  void TearDown() override {
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }
  std::string path(const char* name) const { return directory_ + "/" + name; }
  static UniquePtr<Store> open(const std::string& path, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    auto store = Store::open(*os::find_vfs("unix"), os::make_filename(path), flags, StoreOptions{});
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(store).value();
  }
  // A database of at least 40 pages.
  void make_database(const std::string& path, int page_size) {
    const int rows = std::clamp(400 * 1024 / page_size, 40, 400);
    StockDatabase db(path);
    db.run("PRAGMA synchronous=off");
    db.run("PRAGMA page_size=" + std::to_string(page_size) +
           "; CREATE TABLE t(a INTEGER PRIMARY KEY, b); "
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" +
           std::to_string(rows) +
           ") "
           "INSERT INTO t SELECT i, randomblob(" +
           std::to_string(page_size * 2 / 3) + ") FROM n");
    ASSERT_EQ(db.code(), SQLITE_OK);
  }
  // Leaves copies of file and journal in the middle of a change of stock's that was spilled to the file.
  void die_as_stock(const std::string& from, const std::string& to, const std::string& change) {
    StockDatabase db(from);
    db.run("PRAGMA cache_size=10; BEGIN; " + change);
    ASSERT_EQ(db.code(), SQLITE_OK);
    std::filesystem::copy_file(from, to);
    std::filesystem::copy_file(from + "-journal", to + "-journal");
    db.run("ROLLBACK");
  }
  std::string directory_;
};

TEST_F(HotJournal, OfStockIsRolledBack) {
  const char* const changes[] = {
      "UPDATE t SET b = randomblob(length(b))",
      "DELETE FROM t WHERE a > 10",
      "INSERT INTO t SELECT a + 1000, b FROM t",
      "UPDATE t SET b = zeroblob(length(b)) WHERE a % 3 = 0; CREATE TABLE u(a); INSERT INTO u SELECT b FROM t",
  };
  int number = 0;
  for (const int page_size : {512, 1024, 4096, 65536}) {
    for (const char* change : changes) {
      SCOPED_TRACE(std::string(change) + " at " + std::to_string(page_size));
      const std::string from = path(("from" + std::to_string(number)).c_str());
      const std::string to = path(("to" + std::to_string(number++)).c_str());
      make_database(from, page_size);
      const std::string before = contents(from);
      die_as_stock(from, to, change);
      ASSERT_NE(contents(to), before);
      {
        UniquePtr<Store> store = open(to);
        const Status status = store->begin_read();
        ASSERT_TRUE(status.ok()) << status.message();
        EXPECT_EQ(store->page_size(), static_cast<std::uint32_t>(page_size));
        EXPECT_EQ(store->view().page_count().value, before.size() / static_cast<std::size_t>(page_size));
      }
      EXPECT_TRUE(contents(to) == before);
      EXPECT_FALSE(std::filesystem::exists(to + "-journal"));
    }
  }
}

TEST_F(HotJournal, OfStockIsRefusedReadOnly) {
  make_database(path("from"), 1024);
  die_as_stock(path("from"), path("to"), "UPDATE t SET b = randomblob(length(b))");
  UniquePtr<Store> store = open(path("to"), SQLITE_OPEN_READONLY);
  EXPECT_EQ(store->begin_read().code(), Code::ReadOnlyRollback);
  EXPECT_EQ(store->lock_level(), LockLevel::None);
}

TEST_F(HotJournal, CutShortEndsTheRollbackSilently) {
  make_database(path("from"), 1024);
  die_as_stock(path("from"), path("to"), "UPDATE t SET b = randomblob(length(b))");
  const std::string journal = contents(path("to-journal"));
  const std::string database = contents(path("to"));
  for (const std::size_t cut :
       {std::size_t{1}, std::size_t{27}, std::size_t{511}, std::size_t{600}, journal.size() / 2}) {
    SCOPED_TRACE(cut);
    // Both libraries must make the same of the same rest.
    for (const char* name : {"ours", "stocks"}) {
      write_file(path(name), database);
      write_file(path(name) + "-journal", journal.substr(0, cut));
    }
    EXPECT_TRUE(open(path("ours"))->begin_read().ok());
    StockDatabase(path("stocks")).run("SELECT count(*) FROM sqlite_schema");
    EXPECT_TRUE(contents(path("ours")) == contents(path("stocks")));
    EXPECT_EQ(std::filesystem::exists(path("ours-journal")), std::filesystem::exists(path("stocks-journal")));
  }
}

// A spill of new pages alone syncs a segment without records; the images come in the next.
TEST_F(HotJournal, ASegmentWithoutRecordsIsPassed) {
  make_database(path("from"), 1024);
  const std::string before = contents(path("from"));
  die_as_stock(path("from"), path("to"), "UPDATE t SET b = randomblob(length(b))");
  const std::string journal = contents(path("to-journal"));
  std::string empty = journal.substr(0, 512);
  empty.replace(8, 4, 4, '\0');
  write_file(path("to-journal"), empty + journal);
  std::filesystem::copy_file(path("to"), path("stocks"));
  std::filesystem::copy_file(path("to-journal"), path("stocks-journal"));
  EXPECT_EQ(StockDatabase(path("stocks")).run("PRAGMA integrity_check"), "ok");
  EXPECT_TRUE(contents(path("stocks")) == before);
  EXPECT_TRUE(open(path("to"))->begin_read().ok());
  EXPECT_TRUE(contents(path("to")) == before);
}

// Changes every page of the file but the first, with a cache of ten pages, so that most go to the file before commit.
void change_all(Store& store) {
  ASSERT_TRUE(store.begin_write().ok());
  for (std::uint32_t page = 2; page <= store.view().page_count().value; ++page) {
    auto ref = store.view().fetch(PageNo(page));
    ASSERT_TRUE(ref.ok());
    auto bytes = ref.value().writable();
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    std::memset(bytes.value().data(), static_cast<int>(page), bytes.value().size());
  }
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(store.view().append().ok());
}

TEST_F(HotJournal, OfOursIsRolledBackByStockAndUs) {
  for (const int page_size : {512, 4096, 65536}) {
    for (const Synchronous level : {Synchronous::Off, Synchronous::Normal, Synchronous::Full}) {
      SCOPED_TRACE(std::to_string(page_size) + " level " + std::to_string(static_cast<int>(level)));
      const std::string name = "db" + std::to_string(page_size) + std::to_string(static_cast<int>(level));
      const std::string from = path(name.c_str());
      make_database(from, page_size);
      const std::string before = contents(from);
      {
        UniquePtr<Store> store = open(from);
        store->set_cache_size(10);
        store->set_synchronous(level);
        change_all(*store);
        ASSERT_GT(store->counters().spills, 20u);
        for (const char* suffix : {"-stock", "-ours"}) {
          std::filesystem::copy_file(from, from + suffix);
          std::filesystem::copy_file(from + "-journal", from + suffix + "-journal");
        }
        ASSERT_TRUE(store->rollback().ok());
      }
      EXPECT_TRUE(contents(from) == before) << "rollback";
      ASSERT_TRUE(contents(from + "-stock") != before);
      EXPECT_EQ(StockDatabase(from + "-stock").run("PRAGMA integrity_check"), "ok");
      EXPECT_TRUE(contents(from + "-stock") == before) << "stock's recovery";
      EXPECT_TRUE(open(from + "-ours")->begin_read().ok());
      EXPECT_TRUE(contents(from + "-ours") == before) << "our recovery";
    }
  }
}

// A child journal counts only while the super-journal that it names exists.
TEST_F(HotJournal, SuperJournalDecides) {
  for (const bool committed : {false, true}) {
    for (const bool by_stock : {false, true}) {
      SCOPED_TRACE(testing::Message() << "committed " << committed << " by stock " << by_stock);
      const std::string a = path("a") + std::to_string(committed) + std::to_string(by_stock);
      const std::string b = path("b") + std::to_string(committed) + std::to_string(by_stock);
      make_database(a, 1024);
      make_database(b, 1024);
      const std::string before_a = contents(a), before_b = contents(b);
      std::string after_a;
      {
        UniquePtr<Store> one = open(a), two = open(b);
        for (Store* store : {one.get(), two.get()}) {
          ASSERT_TRUE(store->begin_write().ok());
          ASSERT_TRUE(store->write_header_u32(header::kUserVersion, 77).ok());
          ASSERT_TRUE(store->wants_super_journal());
        }
        const char* const journals[] = {os::journal_name(one->filename()), os::journal_name(two->filename())};
        const std::string super = a + "-mj0123459AB";
        std::string names;
        for (const char* journal : journals) names += std::string(journal) + '\0';
        write_file(super, names);
        ASSERT_TRUE(one->commit_prepare(super).ok());
        ASSERT_TRUE(two->commit_prepare(super).ok());
        if (committed) std::filesystem::remove(super);
        after_a = contents(a);
        for (const std::string& name : {a, b}) {
          std::filesystem::copy_file(name + "-journal", name + "-kept");
          std::filesystem::copy_file(name, name + "-data");
        }
        // Our own rollback does not ask for the super-journal: whoever calls it knows that this is no commit.
        ASSERT_TRUE(one->rollback().ok());
        ASSERT_TRUE(two->rollback().ok());
        ASSERT_TRUE(contents(a) == before_a);
        ASSERT_TRUE(contents(b) == before_b);
      }
      // As if the process had died there.
      for (const std::string& name : {a, b}) {
        std::filesystem::rename(name + "-kept", name + "-journal");
        std::filesystem::rename(name + "-data", name);
      }
      for (const std::string& name : {a, b}) {
        if (by_stock) {
          EXPECT_EQ(StockDatabase(name).run("PRAGMA user_version"), committed ? "77" : "0");
        } else {
          UniquePtr<Store> store = open(name);
          ASSERT_TRUE(store->begin_read().ok());
          EXPECT_EQ(store->read_header_u32(header::kUserVersion).value(), committed ? 77u : 0u);
        }
      }
      EXPECT_TRUE(contents(a) == (committed ? after_a : before_a));
      if (!committed) {
        EXPECT_TRUE(contents(b) == before_b);
      }
      for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        EXPECT_EQ(entry.path().string().find("-mj"), std::string::npos) << entry.path();
      }
    }
  }
}

// A commit of several files that met a reader in one of them can be tried again, also after further changes.
TEST_F(HotJournal, APreparedCommitIsPreparedAgain) {
  const std::string name = path("db");
  make_database(name, 1024);
  const std::string before = contents(name);
  const auto set = [](Store& store, std::uint32_t page, int value) {
    auto ref = store.view().fetch(PageNo(page));
    ASSERT_TRUE(ref.ok());
    auto bytes = ref.value().writable();
    ASSERT_TRUE(bytes.ok());
    std::memset(bytes.value().data(), value, 100);
  };
  UniquePtr<Store> store = open(name);
  ASSERT_TRUE(store->begin_write().ok());
  set(*store, 10, 1);
  write_file(name + "-mj0000009AA", "x");
  write_file(name + "-mj0000009BB", "x");
  ASSERT_TRUE(store->commit_prepare(name + "-mj0000009AA").ok());
  set(*store, 11, 1);
  set(*store, 10, 2);
  ASSERT_TRUE(store->commit_prepare(name + "-mj0000009BB").ok());
  for (const char* suffix : {"", "-journal"}) std::filesystem::copy_file(name + suffix, name + "-copy" + suffix);
  ASSERT_TRUE(store->commit_finish().ok());
  store->end_read();
  EXPECT_NE(contents(name), before);
  // The second name is the one that counts, and every page is in the journal.
  std::filesystem::remove(name + "-mj0000009AA");
  EXPECT_EQ(StockDatabase(name + "-copy").run("PRAGMA integrity_check"), "ok");
  EXPECT_TRUE(contents(name + "-copy") == before);
}

}  // namespace
}  // namespace perlite::pager
