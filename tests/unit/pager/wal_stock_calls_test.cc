// Over a foreign VFS a log is written, synced, restarted, checkpointed and closed with the calls that the stock library
// makes, in its order, sizes and flags, at each level of synchronous, with and without safe overwriting.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "os/vfs.h"
#include "pager/store.h"
#include "tests/support/shim_vfs.h"
#include "tests/support/stock.h"
#include "tests/unit/pager/workload.h"

namespace perlite::pager {
namespace {

using test::RecordingVfs;
using test::Stock;
using test::StockDatabase;

struct Setting {
  int characteristics;  // -1: those of the file
  int sector_size;
};

// What reaches the disk. The shim has no shared memory, so both sides keep the index in the heap.
bool of_interest(const test::VfsCall& call) {
  return call.method == "xWrite" || call.method == "xSync" || call.method == "xTruncate" || call.method == "xDelete";
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

void update(Store& store) {
  ASSERT_TRUE(store.begin_write().ok());
  {
    auto page = store.view().fetch(PageNo(2));
    ASSERT_TRUE(page.ok());
    ASSERT_TRUE(page.value().writable().ok());
  }
  ASSERT_TRUE(store.commit(AfterCommit::EndRead).ok());
}

std::string stock_does(const std::string& path, int level, const Setting& setting) {
  RecordingVfs vfs(Stock::get()->vfs_find(nullptr), "recording");
  vfs.keep = of_interest;
  vfs.characteristics_ = setting.characteristics;
  vfs.sector_size_ = setting.sector_size;
  Stock::get()->vfs_register(vfs.vfs(), 0);
  std::string all;
  {
    StockDatabase db(path, "recording");
    db.run("PRAGMA locking_mode=exclusive; PRAGMA synchronous=" + std::to_string(level));
    db.run("SELECT * FROM t");
    const auto step = [&](const char* name, const char* sql) {
      vfs.take();
      db.run(sql);
      all += std::string("-- ") + name + "\n" + joined(vfs.take());
    };
    step("first commit", "UPDATE t SET a = 2");
    step("second commit", "UPDATE t SET a = 3");
    step("checkpoint", "PRAGMA wal_checkpoint");
    step("restart", "UPDATE t SET a = 4");
    step("commit", "UPDATE t SET a = 5");
    step("truncate", "PRAGMA wal_checkpoint(truncate)");
    step("after truncate", "UPDATE t SET a = 6");
    vfs.take();
  }
  all += "-- close\n" + joined(vfs.take());
  Stock::get()->vfs_unregister(vfs.vfs());
  return all;
}

std::string we_do(const std::string& path, int level, const Setting& setting) {
  RecordingVfs vfs(os::find_vfs("unix"), "recording");
  vfs.keep = of_interest;
  vfs.characteristics_ = setting.characteristics;
  vfs.sector_size_ = setting.sector_size;
  std::string all;
  {
    auto opened = Store::open(*vfs.vfs(), os::make_filename(path), SQLITE_OPEN_READWRITE, StoreOptions{});
    EXPECT_TRUE(opened.ok());
    Store& store = *opened.value();
    store.set_locking_mode(LockingMode::Exclusive);
    store.set_synchronous(static_cast<Synchronous>(level));
    EXPECT_TRUE(store.begin_read().ok());
    store.end_read();
    const auto step = [&](const char* name, auto&& act) {
      vfs.take();
      act();
      all += std::string("-- ") + name + "\n" + joined(vfs.take());
    };
    const auto one = [&] { update(store); };
    const auto checkpoint = [&](CheckpointMode mode) {
      CheckpointCounts counts;
      EXPECT_TRUE(store.checkpoint(mode, &counts).ok());
    };
    step("first commit", one);
    step("second commit", one);
    step("checkpoint", [&] { checkpoint(CheckpointMode::Passive); });
    step("restart", one);
    step("commit", one);
    step("truncate", [&] { checkpoint(CheckpointMode::Truncate); });
    step("after truncate", one);
    vfs.take();
  }
  return all + "-- close\n" + joined(vfs.take());
}

TEST(WalStockCalls, AreOurs) {
  if (Stock::get() == nullptr) GTEST_SKIP() << "no stock library";
  const Directory directory;
  const Setting settings[] = {{-1, 0}, {0, 512}, {0, 4096}, {SQLITE_IOCAP_SEQUENTIAL, 512}};
  for (const Setting& setting : settings) {
    for (int level = 0; level < 4; ++level) {
      SCOPED_TRACE(testing::Message() << "synchronous " << level << ", characteristics " << setting.characteristics
                                      << ", sectors " << setting.sector_size);
      const auto fresh = [&] {
        for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(directory.file("t.db") + tail);
        StockDatabase(directory.file("t.db"))
            .run("PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES(1)");
      };
      fresh();
      const std::string expected = stock_does(directory.file("t.db"), level, setting);
      fresh();
      EXPECT_EQ(we_do(directory.file("t.db"), level, setting), expected);
    }
  }
}

}  // namespace
}  // namespace perlite::pager
