// Whatever bytes a file is made of, reading and changing it ends: with an answer or with an error, never otherwise.
#include <random>

#include "btree/freelist.h"
#include "support.h"

namespace perlite::btree {
namespace {

constexpr int kVariants = 5000;

bool acceptable(const Status& status) {
  return status.ok() || status.primary() == Code::Corrupt || status.primary() == Code::Full ||
         status.primary() == Code::NoMem || status.primary() == Code::TooBig;
}
template <class T>
bool acceptable(const Result<T>& result) {
  return acceptable(result.status());
}

// Everything a caller may do, on a tree of unknown state.
void exercise(Database& db, PageNo root, TreeKind kind, std::mt19937_64& random) {
  Cursor cursor, other;
  cursor.open(db.view(), root, kind, &kRecordOrder);
  other.open(db.view(), root, kind, &kRecordOrder);
  Vector<std::byte> scratch;
  Status status = cursor.first();
  EXPECT_TRUE(acceptable(status)) << status_of(status);
  for (int i = 0; i < 400 && status.ok() && cursor.valid(); ++i) {
    EXPECT_TRUE(acceptable(cursor.full_payload(scratch)));
    if (!cursor.valid()) break;
    status = cursor.next();
    EXPECT_TRUE(acceptable(status)) << status_of(status);
  }
  status = cursor.last();
  for (int i = 0; i < 50 && status.ok() && cursor.valid(); ++i) status = cursor.previous();
  EXPECT_TRUE(acceptable(status)) << status_of(status);

  for (int i = 0; i < 40; ++i) {
    const std::string key = std::to_string(random() % 100000);
    const std::string record = record_of(key + std::string(random() % 300, 'y'));
    static_cast<void>(other.first());
    if (kind == TreeKind::Table) {
      const auto rowid = static_cast<std::int64_t>(random() % 1000);
      auto relation = cursor.seek_rowid(rowid);
      EXPECT_TRUE(acceptable(relation));
      switch (random() % 3) {
        case 0:
          EXPECT_TRUE(acceptable(cursor.insert_row(rowid, Payload{bytes_of(record)}, After::Keep)));
          break;
        case 1:
          if (cursor.valid()) {
            EXPECT_TRUE(acceptable(cursor.erase()));
          }
          break;
        default:
          break;
      }
    } else {
      const RecordProbe probe(record);
      EXPECT_TRUE(acceptable(cursor.seek_key(probe)));
      switch (random() % 3) {
        case 0:
          EXPECT_TRUE(acceptable(cursor.insert_key(Payload{bytes_of(record)}, &probe, true, After::Keep)));
          break;
        case 1:
          if (cursor.valid()) {
            EXPECT_TRUE(acceptable(cursor.erase()));
          }
          break;
        default:
          break;
      }
    }
    EXPECT_TRUE(acceptable(cursor.next()));
  }
  cursor.reset();
  other.reset();
  EXPECT_TRUE(acceptable(count_entries(db.view(), root)));
}

void run(const Geometry& geometry, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Database original(geometry);
  original.create(TreeKind::Table);
  original.create(TreeKind::Index);
  for (std::size_t tree = 0; tree < 2; ++tree) {
    Cursor cursor;
    cursor.open(original.view(), original.roots()[tree], original.kind(tree), &kRecordOrder);
    for (int i = 0; i < 150; ++i) {
      const std::string record = record_of(std::to_string(random()) + std::string(random() % 16 == 0 ? 1500 : 20, 'x'));
      if (tree == 0) {
        ASSERT_OK(cursor.insert_row(static_cast<std::int64_t>(random() % 1000), Payload{bytes_of(record)}));
      } else {
        ASSERT_OK(cursor.insert_key(Payload{bytes_of(record)}, nullptr, false));
      }
      if (i % 3 == 0 && cursor.valid()) ASSERT_OK(cursor.erase());
    }
  }
  const std::string image = original.image();

  for (int variant = 0; variant < kVariants / 4; ++variant) {
    std::mt19937_64 damage(seed * 1000003 + static_cast<std::uint64_t>(variant));
    std::string damaged = image;
    const int count = 1 + static_cast<int>(damage() % 6);
    for (int i = 0; i < count; ++i) {
      std::size_t at = damage() % damaged.size();
      // Headers and pointer arrays matter most.
      if (damage() % 2 == 0) at = at / geometry.page_size * geometry.page_size + damage() % 40;
      if (at < 16) continue;
      damaged[at] = damage() % 3 == 0 ? static_cast<char>(damage() % 60) : static_cast<char>(damage());
    }
    SCOPED_TRACE("seed " + std::to_string(seed) + " variant " + std::to_string(variant));
    Database db(geometry);
    db.load(damaged);
    {
      BtreeChecker checker(db.view(), 100);
      const Vector<PageNo> roots{PageNo(1), original.roots()[0], original.roots()[1]};
      Vector<std::uint64_t> counts;
      const Status status = checker.check_all(roots, &counts);
      EXPECT_TRUE(acceptable(status)) << status_of(status);
    }
    exercise(db, original.roots()[0], TreeKind::Table, damage);
    exercise(db, original.roots()[1], TreeKind::Index, damage);
    if (variant % 3 == 0) {
      EXPECT_TRUE(acceptable(auto_vacuum_commit(db.view())));
      for (int i = 0; i < 5; ++i) EXPECT_TRUE(acceptable(incremental_vacuum_step(db.view())));
      EXPECT_TRUE(acceptable(create_tree(db.view(), TreeKind::Index)));
      PageNo moved;
      EXPECT_TRUE(acceptable(drop_tree(db.view(), original.roots()[1], &moved)));
      EXPECT_TRUE(acceptable(clear_tree(db.view(), original.roots()[0], nullptr)));
    }
    if (testing::Test::HasFailure()) return;
  }
}

// A trunk that counts itself among its leaves cannot take its own place.
TEST(Corrupt, ATrunkIsNotItsOwnLeaf) {
  Database db({.page_size = 512});
  const PageNo root = db.create(TreeKind::Table);
  {
    Cursor cursor;
    cursor.open(db.view(), root, TreeKind::Table);
    const std::string record = record_of(std::string(100, 'x'));
    for (int i = 0; i < 100; ++i) ASSERT_OK(cursor.insert_row(i, Payload{bytes_of(record)}));
  }
  db.drop(0);
  const PageNo trunk(db.store().read_header_u32(pager::header::kFirstTrunk).value());
  {
    auto page = db.view().fetch(trunk);
    ASSERT_OK(page);
    auto bytes = page.value().writable();
    ASSERT_OK(bytes);
    ASSERT_GT(base::load_be32(bytes.value().data() + 4), 1u);
    base::store_be32(bytes.value().data() + 8, trunk.value);
  }
  EXPECT_EQ(take_free_page_below(db.view(), PageNo(trunk.value + 1)).status().primary(), Code::Corrupt);
}

TEST(Corrupt, DamagedFilesEndInErrors) { run({.page_size = 512}, 1); }
TEST(Corrupt, DamagedFilesWithPointerMapEndInErrors) { run({.page_size = 512, .auto_vacuum = AutoVacuum::Full}, 2); }
TEST(Corrupt, DamagedFilesWithReservedBytesEndInErrors) {
  run({.page_size = 1024, .reserved = 9, .auto_vacuum = AutoVacuum::Incremental}, 3);
}
TEST(Corrupt, DamagedFilesOfLargePagesEndInErrors) { run({.page_size = 4096}, 4); }

}  // namespace
}  // namespace perlite::btree
