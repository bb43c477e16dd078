// Trees do not grow fat: after random inserts and removals ours have at most 1.15 times the pages of stock's.
// PERLITE_LONG=1 makes it a million changes.
#include <random>

#include "support.h"

namespace perlite::btree {
namespace {

struct Change {
  bool insert;
  std::int64_t key;
};

std::vector<Change> changes(std::uint64_t seed, bool clustered) {
  std::mt19937_64 random(seed);
  const std::size_t count = std::getenv("PERLITE_LONG") != nullptr ? 1000000 : 50000;
  std::vector<Change> list;
  std::vector<std::int64_t> present;
  for (std::size_t i = 0; i < count; ++i) {
    if (present.empty() || random() % 100 < 65) {
      const auto key =
          clustered ? static_cast<std::int64_t>((random() % 50) << 32 | i) : static_cast<std::int64_t>(random() >> 2);
      list.push_back({true, key});
      present.push_back(key);
    } else {
      const std::size_t victim = random() % present.size();
      list.push_back({false, present[victim]});
      present[victim] = present.back();
      present.pop_back();
    }
  }
  return list;
}

constexpr int kRowBytes = 50;

std::uint32_t our_pages(const std::vector<Change>& list, TreeKind kind) {
  Database db;
  const PageNo root = db.create(kind);
  Cursor cursor;
  cursor.open(db.view(), root, kind, &kRecordOrder);
  for (const Change& change : list) {
    char text[kRowBytes + 1];
    std::snprintf(text, sizeof text, "%0*lld", kRowBytes, static_cast<long long>(change.key));
    const std::string record = record_of(text);
    if (kind == TreeKind::Table) {
      if (change.insert) {
        EXPECT_OK(cursor.insert_row(change.key, Payload{bytes_of(record)}));
      } else {
        EXPECT_OK(cursor.seek_rowid(change.key));
        EXPECT_OK(cursor.erase(After::Anywhere));
      }
    } else {
      const RecordProbe probe(record);
      if (change.insert) {
        EXPECT_OK(cursor.insert_key(Payload{bytes_of(record)}, &probe, false));
      } else {
        EXPECT_EQ(cursor.seek_key(probe).value(), Relation::Equal);
        EXPECT_OK(cursor.erase(After::Anywhere));
      }
    }
  }
  EXPECT_EQ(db.check(), "");
  const std::uint32_t free = freelist_count(db.view()).value();
  return db.view().page_count().value - free;
}

std::uint32_t stock_pages(const std::vector<Change>& list, TreeKind kind) {
  const std::string file = Stock::temp_file();
  std::string sql = "PRAGMA synchronous=OFF; PRAGMA page_size=4096; BEGIN;";
  sql += kind == TreeKind::Table ? "CREATE TABLE t(k INTEGER PRIMARY KEY, a);"
                                 : "CREATE TABLE t(k PRIMARY KEY) WITHOUT ROWID;";
  Stock::instance().run(file, sql + "COMMIT;");
  sql = "PRAGMA synchronous=OFF; BEGIN;";
  for (const Change& change : list) {
    char text[kRowBytes + 1];
    std::snprintf(text, sizeof text, "%0*lld", kRowBytes, static_cast<long long>(change.key));
    const std::string key = std::to_string(change.key);
    const std::string blob = std::string("CAST('") + text + "' AS BLOB)";
    if (kind == TreeKind::Table) {
      // The rowid alias is stored as NULL: one byte of header more than ours, one byte of text less.
      sql += change.insert ? "INSERT INTO t VALUES(" + key + "," + blob.substr(0, 6) + blob.substr(7) + ");"
                           : "DELETE FROM t WHERE k=" + key + ";";
    } else {
      sql += (change.insert ? "INSERT INTO t VALUES(" + blob + ");" : "DELETE FROM t WHERE k=" + blob + ";");
    }
  }
  sql +=
      "COMMIT; SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)";
  const std::string answer = Stock::instance().run(file, sql);
  std::remove(file.c_str());
  return static_cast<std::uint32_t>(std::strtoul(answer.c_str(), nullptr, 10));
}

TEST(PageCount, StaysNearStock) {
  if (!Stock::instance().available()) GTEST_SKIP() << "no stock library";
  for (const bool clustered : {false, true}) {
    const std::vector<Change> list = changes(clustered ? 1 : 2, clustered);
    for (const TreeKind kind : {TreeKind::Table, TreeKind::Index}) {
      const std::uint32_t ours = our_pages(list, kind);
      const std::uint32_t stock = stock_pages(list, kind);
      RecordProperty(std::string(clustered ? "clustered" : "random") + (kind == TreeKind::Table ? "_table" : "_index"),
                     std::to_string(ours) + " of " + std::to_string(stock));
      std::printf("%s %s: ours %u, stock %u\n", clustered ? "clustered" : "random",
                  kind == TreeKind::Table ? "table" : "index", ours, stock);
      EXPECT_LE(ours, stock * 115 / 100 + 2);
    }
  }
}

}  // namespace
}  // namespace perlite::btree
