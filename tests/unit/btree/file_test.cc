// One file, two engines: stock judges and reads what we wrote to disk, and we traverse every entry of what stock wrote.
#include <random>

#include "support.h"

namespace perlite::btree {
namespace {

UniquePtr<pager::Store> open_file(const std::string& path, std::uint32_t page_size) {
  os::initialize_vfs();
  sqlite3_vfs* vfs = os::find_vfs(nullptr);
  EXPECT_NE(vfs, nullptr);
  pager::StoreOptions options;
  options.page_size = page_size;
  auto store = pager::Store::open(*vfs, os::make_filename(path), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options);
  EXPECT_OK(store);
  return std::move(store).value();
}

class Files : public testing::TestWithParam<Geometry> {};

TEST_P(Files, StockReadsWhatWeCommit) {
  if (!Stock::instance().available()) GTEST_SKIP() << "no stock library";
  const std::string path = Stock::temp_file();
  // Stock makes the tables, so that the schema is none of our business here.
  Stock::instance().run(path, "PRAGMA page_size=" + std::to_string(GetParam().page_size) +
                                  "; PRAGMA auto_vacuum=" + std::to_string(static_cast<int>(GetParam().auto_vacuum)) +
                                  "; CREATE TABLE t(a); CREATE TABLE w(a PRIMARY KEY) WITHOUT ROWID;");
  const auto root_of = [&path](const char* name) {
    return PageNo(static_cast<std::uint32_t>(std::stoul(Stock::instance().run(
        path, std::string("SELECT rootpage FROM sqlite_schema WHERE type='table' AND name='") + name + "'"))));
  };
  const PageNo rows_root = root_of("t");
  const PageNo keys_root = root_of("w");
  std::mt19937_64 random(9);
  std::size_t rows = 0, keys = 0;
  for (int round = 0; round < 5; ++round) {
    auto store = open_file(path, GetParam().page_size);
    ASSERT_OK(store->begin_write());
    {
      Cursor table, index;
      table.open(store->view(), rows_root, TreeKind::Table);
      index.open(store->view(), keys_root, TreeKind::Index, &kRecordOrder);
      for (int i = 0; i < 400; ++i) {
        const std::string record = record_of(std::to_string(random()) + std::string(random() % 700, 'r'));
        ASSERT_OK(table.insert_row(static_cast<std::int64_t>(random() >> 20), Payload{bytes_of(record)}));
        ASSERT_OK(index.insert_key(Payload{bytes_of(record)}, nullptr, false));
        ++rows, ++keys;
        if (i % 3 == 0) {
          ASSERT_OK(table.first());
          ASSERT_OK(table.erase());
          ASSERT_OK(index.last());
          ASSERT_OK(index.erase());
          --rows, --keys;
        }
      }
      ASSERT_OK(auto_vacuum_commit(store->view()));
    }
    ASSERT_OK(store->commit());
    store->end_read();
    store.reset();
    ASSERT_EQ(Stock::instance().run(path, "PRAGMA integrity_check"), "ok") << round;
    ASSERT_EQ(Stock::instance().run(path, "SELECT count(*) FROM t"), std::to_string(rows));
    ASSERT_EQ(Stock::instance().run(path, "SELECT count(*) FROM w"), std::to_string(keys));
    // And stock goes on where we stopped.
    ASSERT_EQ(Stock::instance().run(path,
                                    "DELETE FROM t WHERE rowid IN (SELECT rowid FROM t LIMIT 50);"
                                    "INSERT INTO t SELECT zeroblob(rowid % 3000) FROM t LIMIT 20;"
                                    "DELETE FROM w WHERE a IN (SELECT a FROM w LIMIT 30);"),
              "");
    rows -= 30;
    keys -= 30;
  }
  std::remove(path.c_str());
}

TEST_P(Files, WeTraverseWhatStockWrote) {
  if (!Stock::instance().available()) GTEST_SKIP() << "no stock library";
  const std::string path = Stock::temp_file();
  Stock::instance().run(
      path, "PRAGMA page_size=" + std::to_string(GetParam().page_size) +
                "; PRAGMA auto_vacuum=" + std::to_string(static_cast<int>(GetParam().auto_vacuum)) +
                "; CREATE TABLE t(a, b); CREATE INDEX i ON t(b);"
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<3000)"
                " INSERT INTO t SELECT x*7919%3001, printf('%.*c', x*31%200 + (x%100=0)*9000, 'b') FROM c;"
                "DELETE FROM t WHERE rowid%5=0; CREATE TABLE big(a); INSERT INTO big VALUES(zeroblob(300000));");
  const std::string roots = Stock::instance().run(path, "SELECT rootpage FROM sqlite_schema ORDER BY rowid");
  Vector<PageNo> all{PageNo(1)};
  for (std::size_t at = 0; at < roots.size(); at = std::min(roots.size(), roots.find('\n', at)) + 1) {
    all.push_back(PageNo(static_cast<std::uint32_t>(std::stoul(roots.substr(at)))));
  }
  ASSERT_EQ(all.size(), 4u);
  auto store = open_file(path, 4096);
  ASSERT_OK(store->begin_read());
  {
    BtreeChecker checker(store->view(), 10);
    Vector<std::uint64_t> counts;
    ASSERT_OK(checker.check_all(all, &counts));
    EXPECT_EQ(checker.text(), "");
    EXPECT_EQ(counts[1], 2400u);
    EXPECT_EQ(counts[2], 2400u);
    EXPECT_EQ(counts[3], 1u);
    std::uint64_t payload_bytes = 0, entries = 0;
    Cursor cursor;
    cursor.open(store->view(), all[1], TreeKind::Table);
    Vector<std::byte> scratch;
    std::int64_t previous = 0;
    ASSERT_OK(cursor.first());
    for (; cursor.valid(); ++entries) {
      ASSERT_GT(cursor.rowid(), previous);
      previous = cursor.rowid();
      ASSERT_OK(cursor.full_payload(scratch));
      payload_bytes += cursor.payload_size();
      ASSERT_OK(cursor.next());
    }
    EXPECT_EQ(entries, 2400u);
    cursor.close();
    cursor.open(store->view(), all[2], TreeKind::Index);
    ASSERT_OK(cursor.last());
    for (entries = 0; cursor.valid(); ++entries) {
      ASSERT_OK(cursor.full_payload(scratch));
      ASSERT_OK(cursor.previous());
    }
    EXPECT_EQ(entries, 2400u);
    EXPECT_GT(payload_bytes, 200000u);
  }
  store->end_read();
  store.reset();
  std::remove(path.c_str());
}

INSTANTIATE_TEST_SUITE_P(Geometries, Files,
                         testing::Values(Geometry{512, 0, AutoVacuum::None}, Geometry{1024, 0, AutoVacuum::Full},
                                         Geometry{4096, 0, AutoVacuum::None},
                                         Geometry{4096, 0, AutoVacuum::Incremental},
                                         Geometry{65536, 0, AutoVacuum::Full}),
                         [](const auto& info) {
                           return std::to_string(info.param.page_size) + "_mode" +
                                  std::to_string(static_cast<int>(info.param.auto_vacuum));
                         });

}  // namespace
}  // namespace perlite::btree
