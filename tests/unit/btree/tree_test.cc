// Trees come and go, files shrink, and nothing is lost on the way: no page, no row, no position.
#include "btree/tree.h"

#include <random>

#include "support.h"

namespace perlite::btree {
namespace {

void fill(Database& db, std::size_t tree, int rows, std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Cursor cursor;
  cursor.open(db.view(), db.roots()[tree], db.kind(tree), &kRecordOrder);
  for (int i = 0; i < rows; ++i) {
    const std::string record =
        record_of(std::to_string(random()) + std::string(random() % (2 * size + 1), static_cast<char>('a' + i % 26)));
    if (db.kind(tree) == TreeKind::Table) {
      ASSERT_OK(cursor.insert_row(static_cast<std::int64_t>(random() % 100000), Payload{bytes_of(record)}));
    } else {
      ASSERT_OK(cursor.insert_key(Payload{bytes_of(record)}, nullptr, false));
    }
  }
}

std::uint64_t entries(Database& db, std::size_t tree) {
  const auto count = count_entries(db.view(), db.roots()[tree]);
  EXPECT_OK(count);
  return count.ok() ? count.value() : 0;
}

void expect_sound(Database& db) {
  ASSERT_EQ(db.check(), "");
  if (Stock::instance().available()) {
    ASSERT_EQ(Stock::instance().integrity_check(db.image()), "ok");
  }
}

std::uint32_t free_pages(Database& db) {
  const auto count = freelist_count(db.view());
  EXPECT_OK(count);
  return count.value();
}

class Trees : public testing::TestWithParam<Geometry> {};

TEST_P(Trees, ComeAndGo) {
  std::mt19937_64 random(5);
  Database db(GetParam());
  std::vector<std::uint64_t> counts;
  for (int step = 0; step < 60; ++step) {
    if (db.roots().size() > 4 && random() % 2 == 0) {
      const std::size_t victim = random() % db.roots().size();
      db.drop(victim);
      counts.erase(counts.begin() + static_cast<std::ptrdiff_t>(victim));
    } else {
      db.create(random() % 2 == 0 ? TreeKind::Table : TreeKind::Index);
      fill(db, db.roots().size() - 1, static_cast<int>(random() % 60), GetParam().page_size / 8, random());
      counts.push_back(entries(db, db.roots().size() - 1));
    }
    ASSERT_EQ(db.check(), "") << step;
    if (random() % 4 == 0) {
      if (GetParam().auto_vacuum == AutoVacuum::Full) {
        const std::uint32_t free = free_pages(db);
        const std::uint32_t before = db.view().page_count().value;
        ASSERT_OK(auto_vacuum_commit(db.view()));
        ASSERT_EQ(free_pages(db), 0u);
        ASSERT_LE(db.view().page_count().value, before - free);
      } else if (GetParam().auto_vacuum == AutoVacuum::Incremental) {
        for (std::uint32_t i = random() % 8; i > 0; --i) {
          const std::uint32_t free = free_pages(db);
          const auto released = incremental_vacuum_step(db.view());
          ASSERT_OK(released);
          ASSERT_EQ(released.value(), free > 0);
          ASSERT_EQ(free_pages(db), free > 0 ? free - 1 : 0);
        }
      }
      ASSERT_EQ(db.check(), "") << step;
    }
    for (std::size_t i = 0; i < counts.size(); ++i) ASSERT_EQ(entries(db, i), counts[i]) << step;
    if (step % 10 == 9) expect_sound(db);
  }
  while (!db.roots().empty()) db.drop(0);
  expect_sound(db);
  // Page 1 alone is in use; map pages come on top.
  EXPECT_GE(free_pages(db) + 3, db.view().page_count().value);
}

TEST_P(Trees, DeletingEverythingFreesAllPagesButTheRoot) {
  for (const TreeKind kind : {TreeKind::Table, TreeKind::Index}) {
    for (const bool one_by_one : {true, false}) {
      Database db(GetParam());
      db.create(kind);
      const std::uint32_t pages_before = db.view().page_count().value;
      fill(db, 0, 1500, 40, 11);
      if (one_by_one) {
        Cursor cursor;
        cursor.open(db.view(), db.roots()[0], kind, &kRecordOrder);
        ASSERT_OK(cursor.first());
        while (cursor.valid()) {
          ASSERT_OK(cursor.erase());
          ASSERT_OK(cursor.next());
        }
      } else {
        const std::uint64_t expected = entries(db, 0);
        std::uint64_t removed = 0;
        ASSERT_OK(clear_tree(db.view(), db.roots()[0], &removed));
        ASSERT_EQ(removed, expected);
      }
      ASSERT_EQ(entries(db, 0), 0u);
      // All that was added is free, save map pages of auto-vacuum files.
      const std::uint32_t map_pages =
          GetParam().auto_vacuum == AutoVacuum::None ? 0 : db.view().page_count().value / (GetParam().page_size / 6);
      EXPECT_GE(free_pages(db) + pages_before + map_pages, db.view().page_count().value);
      expect_sound(db);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Geometries, Trees,
                         testing::Values(Geometry{512, 0, AutoVacuum::None}, Geometry{512, 16, AutoVacuum::Full},
                                         Geometry{512, 0, AutoVacuum::Incremental}, Geometry{1024, 0, AutoVacuum::Full},
                                         Geometry{4096, 0, AutoVacuum::None}, Geometry{4096, 0, AutoVacuum::Full}),
                         [](const auto& info) {
                           return std::to_string(info.param.page_size) + "_mode" +
                                  std::to_string(static_cast<int>(info.param.auto_vacuum));
                         });

// A schema row that needs more than page 1 has: the root keeps one child and no cell, as stock has it.
TEST(Tree, PageOneMayHaveOneChild) {
  Database db({.page_size = 512});
  Cursor cursor;
  cursor.open(db.view(), kSchemaRoot, TreeKind::Table);
  for (std::size_t size = 380; size < 480; size += 7) {
    const std::string name = "CREATE TABLE big(a /*" + std::string(size - 60, 'x') + "*/)";
    // type, name, tbl_name, rootpage 0 would be no table: a view needs no page.
    const std::string sql = "CREATE VIEW v AS SELECT '" + std::string(size - 60, 'x') + "'";
    std::string record("\x08", 1);
    std::byte raw[9];
    const int n = base::put_varint(raw, 13 + 2 * sql.size());
    record +=
        std::string("\x15\x0f\x0f\x08", 4) + std::string(reinterpret_cast<char*>(raw), static_cast<std::size_t>(n));
    record[0] = static_cast<char>(record.size());
    record +=
        "view"
        "v"
        "v" +
        sql;
    ASSERT_OK(cursor.insert_row(1, Payload{bytes_of(record)}));
    ASSERT_EQ(db.check(), "") << size;
    if (Stock::instance().available()) {
      ASSERT_EQ(Stock::instance().integrity_check(db.image()), "ok") << size;
    }
    ASSERT_OK(cursor.seek_rowid(1));
    ASSERT_TRUE(cursor.valid());
    ASSERT_OK(cursor.erase());
    ASSERT_EQ(db.check(), "") << size;
    ASSERT_EQ(count_entries(db.view(), kSchemaRoot).value(), 0u);
  }
}

TEST(Tree, CursorsFindTheirPlaceAfterARollback) {
  Database db({.page_size = 512});
  db.create(TreeKind::Table);
  fill(db, 0, 500, 30, 3);
  Cursor cursor;
  cursor.open(db.view(), db.roots()[0], TreeKind::Table);
  ASSERT_OK(cursor.first());
  for (int i = 0; i < 100; ++i) ASSERT_OK(cursor.next());
  const std::int64_t rowid = cursor.rowid();
  ASSERT_OK(cursor.next());
  const std::int64_t following = cursor.rowid();
  ASSERT_OK(cursor.previous());

  const auto depth = db.store().open_savepoint();
  ASSERT_OK(depth);
  ASSERT_OK(clear_tree(db.view(), db.roots()[0], nullptr));
  ASSERT_FALSE(cursor.valid());
  ASSERT_OK(release_cursors(db.view()));
  ASSERT_OK(db.store().rollback_to_savepoint(depth.value()));
  ASSERT_OK(cursor.next());
  ASSERT_TRUE(cursor.valid());
  ASSERT_EQ(cursor.rowid(), following);
  ASSERT_EQ(cursor.seek_rowid(rowid).value(), Relation::Equal);
  ASSERT_OK(cursor.erase());
  ASSERT_OK(release_cursors(db.view()));
  ASSERT_OK(db.store().rollback_to_savepoint(depth.value()));
  ASSERT_OK(cursor.restore());
  ASSERT_OK(cursor.next());
  ASSERT_EQ(cursor.rowid(), following);
  expect_sound(db);
}

// A row that was removed where its cursor stood, and that a rollback brings back, is stood on again, wherever on its page
// it is.
TEST(Tree, CursorsStandAgainOnRowsThatComeBack) {
  Database db({.page_size = 512});
  db.create(TreeKind::Table);
  fill(db, 0, 300, 30, 4);
  Cursor cursor, scan;
  cursor.open(db.view(), db.roots()[0], TreeKind::Table);
  scan.open(db.view(), db.roots()[0], TreeKind::Table);
  ASSERT_OK(scan.first());
  while (scan.valid()) {
    const std::int64_t rowid = scan.rowid();
    const auto depth = db.store().open_savepoint();
    ASSERT_OK(depth);
    ASSERT_EQ(cursor.seek_rowid(rowid).value(), Relation::Equal);
    ASSERT_OK(cursor.erase());
    ASSERT_OK(release_cursors(db.view()));
    ASSERT_OK(db.store().rollback_to_savepoint(depth.value()));
    db.store().release_savepoint(depth.value());
    ASSERT_OK(cursor.restore());
    ASSERT_TRUE(cursor.valid());
    ASSERT_EQ(cursor.rowid(), rowid);
    ASSERT_OK(scan.next());
    ASSERT_OK(cursor.next());
    ASSERT_EQ(cursor.valid(), scan.valid());
  }
}

TEST(Tree, LargePayloadsAreReadAndWrittenInParts) {
  for (const AutoVacuum mode : {AutoVacuum::None, AutoVacuum::Full}) {
    Database db({.page_size = 1024, .auto_vacuum = mode});
    const PageNo root = db.create(TreeKind::Table);
    Cursor cursor;
    cursor.open(db.view(), root, TreeKind::Table);
    std::string value = record_of(std::string(100000, 'x'));
    value.resize(value.size() - 30000);
    ASSERT_OK(cursor.insert_row(7, Payload{bytes_of(value), 30000}, After::Keep));
    value.resize(value.size() + 30000);
    ASSERT_OK(cursor.restore());
    ASSERT_EQ(cursor.payload_size(), value.size());
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
      const std::size_t offset = 10 + random() % (value.size() - 10);
      const std::size_t size = std::min<std::size_t>(random() % 3000, value.size() - offset);
      if (i % 2 == 0) {
        std::string part(size, '\0');
        ASSERT_OK(cursor.read_payload(static_cast<std::uint32_t>(offset),
                                      std::as_writable_bytes(std::span<char>(part.data(), size))));
        ASSERT_EQ(part, value.substr(offset, size));
      } else {
        const std::string part(size, static_cast<char>('a' + i % 26));
        ASSERT_OK(cursor.write_payload(static_cast<std::uint32_t>(offset), bytes_of(part)));
        value.replace(offset, size, part);
      }
    }
    Vector<std::byte> scratch;
    ASSERT_EQ(text_of(cursor.full_payload(scratch).value()), value);
    expect_sound(db);
  }
}

// Rows in key order fill their pages and never touch siblings.
TEST(Tree, RowsInOrderLeaveFullPages) {
  Database db;
  db.create(TreeKind::Table);
  db.create(TreeKind::Index);
  Cursor rows, keys;
  rows.open(db.view(), db.roots()[0], TreeKind::Table);
  keys.open(db.view(), db.roots()[1], TreeKind::Index, &kRecordOrder);
  std::size_t row_bytes = 0, key_bytes = 0;
  for (int i = 1; i <= 20000; ++i) {
    const std::string record = record_of(std::string(80, 'r'));
    ASSERT_OK(rows.insert_row(i, Payload{bytes_of(record)}));
    row_bytes += record.size() + 6;
    char text[32];
    std::snprintf(text, sizeof text, "key %08d", i);
    const std::string key = record_of(text);
    ASSERT_OK(keys.append_key(Payload{bytes_of(key)}));
    key_bytes += key.size() + 3;
  }
  expect_sound(db);
  EXPECT_LT(db.view().page_count().value, (row_bytes + key_bytes) / 4096 * 103 / 100 + 8);
}

// A place is given for a new row that its page has room for, and for nothing else; what was asked in vain goes on as an
// insert. What the cursor knows of the end of the tree ends with the next change by somebody else.
TEST(Tree, RowsArePlacedInTheirPage) {
  Database db({.page_size = 512});
  const PageNo root = db.create(TreeKind::Table);
  Cursor cursor, other;
  cursor.open(db.view(), root, TreeKind::Table);
  other.open(db.view(), root, TreeKind::Table);
  const std::string record = record_of("twenty bytes of text");
  const auto place = [&](std::int64_t rowid, std::size_t size) {
    const auto at = cursor.place_row(rowid, size);
    EXPECT_OK(at);
    if (at.value() != nullptr) std::memcpy(at.value(), record.data(), record.size());
    return at.value() != nullptr;
  };
  EXPECT_FALSE(place(1, record.size()));  // the first row of a tree
  ASSERT_OK(cursor.insert_row(1, Payload{bytes_of(record)}));
  ASSERT_OK(cursor.insert_row(10, Payload{bytes_of(record)}));
  EXPECT_FALSE(place(10, record.size()));
  EXPECT_FALSE(place(11, 5000));
  EXPECT_TRUE(place(11, record.size()));
  EXPECT_TRUE(place(5, record.size()));
  EXPECT_EQ(cursor.rowid(), 5);
  ASSERT_OK(cursor.last());
  std::int64_t next = 12;
  while (place(next, record.size())) ++next;
  EXPECT_GT(next, 17);
  ASSERT_OK(cursor.insert_row(next, Payload{bytes_of(record)}));
  EXPECT_TRUE(place(next + 1, record.size()));

  // Another cursor takes the last row away, and puts one behind it.
  ASSERT_OK(other.last());
  ASSERT_OK(other.erase());
  ASSERT_OK(cursor.last());
  EXPECT_EQ(cursor.rowid(), next);
  EXPECT_TRUE(place(next + 1, record.size()));
  ASSERT_OK(other.insert_row(next + 5, Payload{bytes_of(record)}));
  EXPECT_FALSE(place(next + 5, record.size()));
  EXPECT_TRUE(place(next + 3, record.size()));
  ASSERT_OK(cursor.last());
  EXPECT_EQ(cursor.rowid(), next + 5);
  const auto depth = db.store().open_savepoint();
  ASSERT_OK(depth);
  EXPECT_TRUE(place(next + 6, record.size()));
  ASSERT_OK(release_cursors(db.view()));
  ASSERT_OK(db.store().rollback_to_savepoint(depth.value()));
  ASSERT_OK(cursor.last());
  EXPECT_EQ(cursor.rowid(), next + 5);
  expect_sound(db);
}

// When a page overflows, it and its siblings are filled alike: the next rows find room wherever they belong.
TEST(Tree, PagesThatOverflowAreFilledAlike) {
  Database db;
  const PageNo root = db.create(TreeKind::Table);
  const std::string record = record_of(std::string(50, 'r'));
  Cursor cursor;
  cursor.open(db.view(), root, TreeKind::Table);
  for (int i = 1; i <= 300; ++i) ASSERT_OK(cursor.insert_row(10 * i, Payload{bytes_of(record)}));
  const auto leaf = [&](std::uint32_t index) {
    const auto top = db.view().fetch(root);
    EXPECT_OK(top);
    Node node;
    EXPECT_TRUE(decode_node(top.value(), db.view().usable_size(), &node));
    EXPECT_GE(node.cell_count, 3u);
    auto page = db.view().fetch(node.child(index));
    EXPECT_OK(page);
    EXPECT_TRUE(decode_node(page.value(), db.view().usable_size(), &node));
    return node.cell_count;
  };
  const std::uint32_t full = leaf(0);
  for (std::int64_t i = full + 1; i <= 3 * full; ++i) {
    if (i % 5 < 3) continue;
    ASSERT_EQ(cursor.seek_rowid(10 * i).value(), Relation::Equal);
    ASSERT_OK(cursor.erase());
  }
  ASSERT_OK(cursor.insert_row(5, Payload{bytes_of(record)}));
  EXPECT_EQ(leaf(0) + leaf(1) + leaf(2), 1 + full + 2 * full * 3 / 5);
  EXPECT_NEAR(leaf(0), leaf(1), 2);
  EXPECT_NEAR(leaf(1), leaf(2), 2);
  expect_sound(db);
}

}  // namespace
}  // namespace perlite::btree
