// Whatever sequence of inserts, replacements, removals and seeks runs, through several cursors, a tree holds what a
// sorted map holds, its structure is sound by our own check and by stock's, and cursors find their way.
#include <map>
#include <random>

#include "support.h"

namespace perlite::btree {
namespace {

std::uint64_t seed_of_run() {
  const char* given = std::getenv("PERLITE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 0) : 20240607;
}

class RandomTree : public testing::TestWithParam<Geometry> {};

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::size_t random_size(std::mt19937_64& random, std::uint32_t page_size) {
  switch (random() % 16) {
    case 0:
      return random() % (3 * page_size);
    case 1:
      return random() % page_size;
    case 2:
    case 3:
      return random() % (page_size / 4);
    default:
      return random() % 60;
  }
}

// Stores a row, written into its page by us where that has room for a new one (`place`).
void put_row(Cursor& cursor, std::int64_t rowid, const std::string& record, After after, bool place) {
  if (place) {
    const auto at = cursor.place_row(rowid, record.size());
    ASSERT_OK(at);
    if (at.value() != nullptr) {
      std::memcpy(at.value(), record.data(), record.size());
      return;
    }
  }
  ASSERT_OK(cursor.insert_row(rowid, Payload{bytes_of(record)}, after));
}

TEST_P(RandomTree, TableHoldsWhatAMapHolds) {
  std::mt19937_64 random(seed_of_run());
  Database db(GetParam());
  const PageNo root = db.create(TreeKind::Table);
  std::map<std::int64_t, std::string> model;
  Cursor writer, reader;
  writer.open(db.view(), root, TreeKind::Table);
  reader.open(db.view(), root, TreeKind::Table);
  Vector<std::byte> scratch;
  std::int64_t reader_at = 0;  // the row the reader stands on or stood on when it went
  bool reader_valid = false;

  for (int phase = 0; phase < 6; ++phase) {
    const int erase_share = phase % 3 == 2 ? 70 : 30;
    const bool in_order = phase == 1;
    for (int step = 0; step < 700; ++step) {
      const std::int64_t key = in_order && !model.empty()
                                   ? model.rbegin()->first + 1
                                   : static_cast<std::int64_t>(random() % 3000) * (random() % 7 == 0 ? -977777777 : 1);
      if (static_cast<int>(random() % 100) < erase_share && !model.empty()) {
        auto victim = model.lower_bound(key);
        if (victim == model.end()) victim = model.begin();
        const auto relation = writer.seek_rowid(victim->first);
        ASSERT_OK(relation);
        ASSERT_EQ(relation.value(), Relation::Equal);
        ASSERT_EQ(writer.rowid(), victim->first);
        const bool keep = random() % 2 == 0;
        ASSERT_OK(writer.erase(keep ? After::Keep : After::Anywhere));
        victim = model.erase(victim);
        if (keep) {
          if (random() % 2 == 0) {
            ASSERT_OK(writer.next());
            ASSERT_EQ(writer.valid(), victim != model.end());
            if (writer.valid()) {
              ASSERT_EQ(writer.rowid(), victim->first);
            }
          } else {
            ASSERT_OK(writer.previous());
            ASSERT_EQ(writer.valid(), victim != model.begin());
            if (writer.valid()) {
              ASSERT_EQ(writer.rowid(), std::prev(victim)->first);
            }
          }
        }
      } else {
        std::string value = record_of(random_text(random, random_size(random, GetParam().page_size)));
        const auto existing = model.find(key);
        if (existing != model.end() && random() % 2 == 0) {
          value = record_of(random_text(random, blob_of(bytes_of(existing->second)).size()));
        }
        const bool keep = random() % 2 == 0;
        put_row(writer, key, value, keep ? After::Keep : After::Anywhere, random() % 2 == 0);
        model[key] = value;
        if (keep) {
          ASSERT_OK(writer.restore());
          ASSERT_TRUE(writer.valid());
          ASSERT_EQ(writer.rowid(), key);
          const auto payload = writer.full_payload(scratch);
          ASSERT_OK(payload);
          ASSERT_EQ(text_of(payload.value()), value);
        }
      }
      // The reader walks, whatever happens around it.
      if (random() % 4 == 0) {
        if (!reader_valid || random() % 50 == 0) {
          ASSERT_OK(random() % 2 == 0 ? reader.first() : reader.last());
        } else {
          const bool forward = random() % 3 != 0;
          const auto expected = forward ? model.upper_bound(reader_at) : model.lower_bound(reader_at);
          ASSERT_OK(forward ? reader.next() : reader.previous());
          ASSERT_EQ(reader.valid(), forward ? expected != model.end() : expected != model.begin());
          if (reader.valid()) {
            ASSERT_EQ(reader.rowid(), forward ? expected->first : std::prev(expected)->first);
          }
        }
        reader_valid = reader.valid();
        if (reader_valid) {
          reader_at = reader.rowid();
          const auto payload = reader.full_payload(scratch);
          ASSERT_OK(payload);
          ASSERT_EQ(text_of(payload.value()), model[reader_at]);
        }
      }
      if (random() % 8 == 0) {
        const std::int64_t sought = static_cast<std::int64_t>(random() % 3000);
        const auto relation = writer.seek_rowid(sought);
        ASSERT_OK(relation);
        if (relation.value() == Relation::Equal) {
          ASSERT_TRUE(model.contains(sought));
        } else if (writer.valid()) {
          ASSERT_FALSE(model.contains(sought));
          if (relation.value() == Relation::Less) {
            ASSERT_EQ(writer.rowid(), std::prev(model.lower_bound(sought))->first);
          } else {
            ASSERT_EQ(writer.rowid(), model.lower_bound(sought)->first);
          }
        } else {
          ASSERT_TRUE(model.empty());
        }
      }
    }
    ASSERT_EQ(db.check(), "") << "phase " << phase;
    Cursor scan;
    scan.open(db.view(), root, TreeKind::Table);
    ASSERT_OK(scan.first());
    for (const auto& [key, value] : model) {
      ASSERT_TRUE(scan.valid());
      ASSERT_EQ(scan.rowid(), key);
      const auto payload = scan.full_payload(scratch);
      ASSERT_OK(payload);
      ASSERT_EQ(text_of(payload.value()), value);
      ASSERT_OK(scan.next());
    }
    ASSERT_FALSE(scan.valid());
    ASSERT_OK(scan.last());
    for (auto i = model.rbegin(); i != model.rend(); ++i) {
      ASSERT_TRUE(scan.valid());
      ASSERT_EQ(scan.rowid(), i->first);
      ASSERT_OK(scan.previous());
    }
    ASSERT_FALSE(scan.valid());
    const auto count = count_entries(db.view(), root);
    ASSERT_OK(count);
    ASSERT_EQ(count.value(), model.size());
    if (Stock::instance().available()) {
      ASSERT_EQ(Stock::instance().integrity_check(db.image()), "ok") << "phase " << phase;
    }
  }
}

TEST_P(RandomTree, IndexHoldsWhatASetHolds) {
  std::mt19937_64 random(seed_of_run() + 1);
  Database db(GetParam());
  const PageNo root = db.create(TreeKind::Index);
  std::map<std::string, int> model;  // by blob, as unsigned bytes
  Cursor writer, reader;
  writer.open(db.view(), root, TreeKind::Index, &kRecordOrder);
  reader.open(db.view(), root, TreeKind::Index, &kRecordOrder);
  Vector<std::byte> scratch;
  std::string reader_at;
  bool reader_valid = false;

  for (int phase = 0; phase < 6; ++phase) {
    const int erase_share = phase % 3 == 2 ? 70 : 30;
    const bool in_order = phase == 1;
    for (int step = 0; step < 700; ++step) {
      std::string key = std::to_string(random() % 100000);
      const std::size_t size = random_size(random, GetParam().page_size);
      while (key.size() < size) key += key;
      if (in_order) key = "~" + std::to_string(100000 + phase * 10000 + step) + key.substr(0, size);
      if (static_cast<int>(random() % 100) < erase_share && !model.empty()) {
        auto victim = model.lower_bound(key);
        if (victim == model.end()) victim = model.begin();
        const auto relation = writer.seek_key(RecordProbe(record_of(victim->first)));
        ASSERT_OK(relation);
        ASSERT_EQ(relation.value(), Relation::Equal);
        const bool keep = random() % 2 == 0;
        ASSERT_OK(writer.erase(keep ? After::Keep : After::Anywhere));
        const std::string erased = victim->first;
        victim = model.erase(victim);
        if (random() % 2 == 0) {
          // Another comes instead: mostly near by, on either side of what was between its neighbours.
          const std::string nearby[] = {erased, erased + "0", erased.substr(0, erased.size() - 1), key,
                                        victim != model.end() ? victim->first + "0" : "~~", "!"};
          const std::string comes = nearby[random() % std::size(nearby)];
          const std::string record = record_of(comes);
          const RecordProbe probe(record);
          ASSERT_OK(writer.insert_key(Payload{bytes_of(record)}, &probe, false, After::Anywhere));
          model[comes] = 1;
        } else if (keep) {
          const bool forward = random() % 2 == 0;
          ASSERT_OK(forward ? writer.next() : writer.previous());
          ASSERT_EQ(writer.valid(), forward ? victim != model.end() : victim != model.begin());
          if (writer.valid()) {
            const auto payload = writer.full_payload(scratch);
            ASSERT_OK(payload);
            ASSERT_EQ(blob_of(payload.value()), forward ? victim->first : std::prev(victim)->first);
          }
        }
      } else {
        const std::string record = record_of(key);
        const bool keep = random() % 2 == 0;
        const RecordProbe probe(record);
        bool at_seek = random() % 2 == 0;
        if (at_seek) ASSERT_OK(writer.seek_key(probe));
        std::byte* place = nullptr;
        if (random() % 2 == 0) {
          const auto placed = writer.place_key(probe, at_seek, record.size());
          ASSERT_OK(placed);
          place = placed.value();
          at_seek = true;
        }
        if (place != nullptr) {
          std::memcpy(place, record.data(), record.size());
        } else {
          ASSERT_OK(writer.insert_key(Payload{bytes_of(record)}, random() % 2 == 0 ? &probe : nullptr, at_seek,
                                      keep ? After::Keep : After::Anywhere));
        }
        model[key] = 1;
        if (keep) {
          ASSERT_OK(writer.restore());
          ASSERT_TRUE(writer.valid());
          const auto payload = writer.full_payload(scratch);
          ASSERT_OK(payload);
          ASSERT_EQ(blob_of(payload.value()), key);
        }
      }
      if (random() % 4 == 0) {
        if (!reader_valid || random() % 50 == 0) {
          ASSERT_OK(random() % 2 == 0 ? reader.first() : reader.last());
        } else {
          const bool forward = random() % 3 != 0;
          const auto expected = forward ? model.upper_bound(reader_at) : model.lower_bound(reader_at);
          ASSERT_OK(forward ? reader.next() : reader.previous());
          ASSERT_EQ(reader.valid(), forward ? expected != model.end() : expected != model.begin());
          if (reader.valid()) {
            const auto payload = reader.full_payload(scratch);
            ASSERT_OK(payload);
            ASSERT_EQ(blob_of(payload.value()), forward ? expected->first : std::prev(expected)->first);
          }
        }
        reader_valid = reader.valid();
        if (reader_valid) {
          const auto payload = reader.full_payload(scratch);
          ASSERT_OK(payload);
          reader_at = blob_of(payload.value());
        }
      }
      if (random() % 8 == 0) {
        const std::string sought = std::to_string(random() % 100000);
        const auto relation = writer.seek_key(RecordProbe(record_of(sought)));
        ASSERT_OK(relation);
        if (writer.valid()) {
          const auto payload = writer.full_payload(scratch);
          ASSERT_OK(payload);
          const std::string found = blob_of(payload.value());
          const auto expected = model.lower_bound(sought);
          if (relation.value() == Relation::Equal) {
            ASSERT_EQ(found, sought);
          } else if (relation.value() == Relation::Less) {
            ASSERT_EQ(found, std::prev(expected)->first);
          } else {
            ASSERT_EQ(found, expected->first);
          }
        } else {
          ASSERT_TRUE(model.empty());
        }
      }
    }
    ASSERT_EQ(db.check(), "") << "phase " << phase;
    Cursor scan;
    scan.open(db.view(), root, TreeKind::Index, &kRecordOrder);
    ASSERT_OK(scan.first());
    for (const auto& [key, unused] : model) {
      ASSERT_TRUE(scan.valid());
      const auto payload = scan.full_payload(scratch);
      ASSERT_OK(payload);
      ASSERT_EQ(blob_of(payload.value()), key);
      ASSERT_OK(scan.next());
    }
    ASSERT_FALSE(scan.valid());
    ASSERT_OK(scan.last());
    for (auto i = model.rbegin(); i != model.rend(); ++i) {
      ASSERT_TRUE(scan.valid());
      const auto payload = scan.full_payload(scratch);
      ASSERT_OK(payload);
      ASSERT_EQ(blob_of(payload.value()), i->first);
      ASSERT_OK(scan.previous());
    }
    ASSERT_FALSE(scan.valid());
    const auto count = count_entries(db.view(), root);
    ASSERT_OK(count);
    ASSERT_EQ(count.value(), model.size());
    if (Stock::instance().available()) {
      ASSERT_EQ(Stock::instance().integrity_check(db.image()), "ok") << "phase " << phase;
    }
  }
}

// Rows are appended behind what a cursor believes to be the last one: through two cursors, among removals of the last
// rows, rows that come between, and savepoints that are rolled back.
TEST_P(RandomTree, AppendsGoBehindTheLastRow) {
  std::mt19937_64 random(seed_of_run() + 2);
  Database db(GetParam());
  const PageNo root = db.create(TreeKind::Table);
  std::map<std::int64_t, std::string> model;
  std::vector<std::pair<int, std::map<std::int64_t, std::string>>> savepoints;
  Cursor cursors[2];
  for (Cursor& cursor : cursors) cursor.open(db.view(), root, TreeKind::Table);
  for (int step = 0; step < 4000; ++step) {
    Cursor& cursor = cursors[random() % 8 == 0 ? 1 : 0];
    const int what = static_cast<int>(random() % 100);
    if (what < 80) {
      ASSERT_OK(cursor.last());
      ASSERT_EQ(cursor.valid(), !model.empty());
      if (cursor.valid()) {
        ASSERT_EQ(cursor.rowid(), model.rbegin()->first) << step;
      }
      const std::int64_t rowid = cursor.valid() ? cursor.rowid() + 1 + static_cast<std::int64_t>(random() % 3) : 1;
      const std::string record = record_of(random_text(random, random() % 50 == 0 ? 2000 : random() % 40));
      put_row(cursor, rowid, record, After::Anywhere, random() % 10 != 0);
      model[rowid] = record;
    } else if (what < 88) {
      for (std::size_t n = random() % 30; n > 0 && !model.empty(); --n) {
        ASSERT_OK(cursor.last());
        ASSERT_EQ(cursor.rowid(), model.rbegin()->first) << step;
        ASSERT_OK(cursor.erase(random() % 2 == 0 ? After::Keep : After::Anywhere));
        model.erase(std::prev(model.end()));
      }
    } else if (what < 94) {
      const std::int64_t rowid = model.empty() ? 5 : static_cast<std::int64_t>(random()) % model.rbegin()->first;
      const std::string record = record_of(random_text(random, random() % 40));
      put_row(cursor, rowid, record, After::Anywhere, true);
      model[rowid] = record;
    } else if (what < 97 && savepoints.size() < 4) {
      const auto depth = db.store().open_savepoint();
      ASSERT_OK(depth);
      savepoints.emplace_back(depth.value(), model);
    } else if (!savepoints.empty()) {
      if (random() % 2 == 0) {
        ASSERT_OK(release_cursors(db.view()));
        ASSERT_OK(db.store().rollback_to_savepoint(savepoints.back().first));
        model = savepoints.back().second;
      }
      db.store().release_savepoint(savepoints.back().first);
      savepoints.pop_back();
    }
    if (step % 500 == 499) {
      ASSERT_EQ(db.check(), "") << step;
      Cursor scan;
      scan.open(db.view(), root, TreeKind::Table);
      ASSERT_OK(scan.first());
      Vector<std::byte> scratch;
      for (const auto& [rowid, record] : model) {
        ASSERT_TRUE(scan.valid());
        ASSERT_EQ(scan.rowid(), rowid);
        const auto payload = scan.full_payload(scratch);
        ASSERT_OK(payload);
        ASSERT_EQ(text_of(payload.value()), record);
        ASSERT_OK(scan.next());
      }
      ASSERT_FALSE(scan.valid());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Geometries, RandomTree,
                         testing::Values(Geometry{512, 0, AutoVacuum::None}, Geometry{512, 32, AutoVacuum::Full},
                                         Geometry{1024, 7, AutoVacuum::None},
                                         Geometry{1024, 0, AutoVacuum::Incremental},
                                         Geometry{4096, 0, AutoVacuum::None}, Geometry{4096, 255, AutoVacuum::Full},
                                         Geometry{65536, 0, AutoVacuum::None}, Geometry{65536, 13, AutoVacuum::Full}),
                         [](const auto& info) {
                           return std::to_string(info.param.page_size) + "_" + std::to_string(info.param.reserved) +
                                  (info.param.auto_vacuum == AutoVacuum::None ? "" : "_mapped");
                         });

}  // namespace
}  // namespace perlite::btree
