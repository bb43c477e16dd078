// ctest: quick
// Payloads that are large beside the cache are read past it, straight from the file (View::read_past_cache). What is read is
// what was written, wherever the pages of a chain lie: one behind the other or not, in the log, changed in this
// transaction, in memory already, or behind the end of a file that was cut short.
#include <random>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

std::string content(std::uint32_t seed, std::size_t size) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class Blobs {
 public:
  Blobs(const std::string& path, int page_size, int reserved) : db_(subject(), path) {
    if (reserved != 0) subject().file_control(db_.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    db_.exec("PRAGMA page_size=" + std::to_string(page_size) + "; PRAGMA synchronous=off; CREATE TABLE b(id INTEGER PRIMARY KEY, data)");
    page_size_ = page_size;
  }
  Database& db() { return db_; }
  void put(int id, std::uint32_t seed, int pages) {
    const std::string bytes = content(seed, static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_size_) + seed % 700);
    Prepared insert(db_, "REPLACE INTO b VALUES(?1, ?2)");
    subject().bind_int64(insert.handle(), 1, id);
    subject().bind_blob(insert.handle(), 2, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
    ASSERT_EQ(SQLITE_DONE, insert.step());
    model_[id] = bytes;
  }
  void drop(int id) {
    ASSERT_EQ("", db_.exec("DELETE FROM b WHERE id = " + std::to_string(id)));
    model_.erase(id);
  }
  void check(Database& reader) const {
    Prepared all(reader, "SELECT id, data FROM b ORDER BY id");
    for (const auto& [id, bytes] : model_) {
      ASSERT_EQ(SQLITE_ROW, all.step());
      ASSERT_EQ(id, subject_column(all));
      const auto* data = static_cast<const char*>(subject().column_blob(all.handle(), 1));
      const auto size = static_cast<std::size_t>(subject().column_bytes(all.handle(), 1));
      ASSERT_TRUE(std::string_view(data, size) == bytes) << "blob " << id;
    }
    EXPECT_EQ(SQLITE_DONE, all.step());
  }

 private:
  static int subject_column(const Prepared& row) { return static_cast<int>(subject().column_int64(row.handle(), 0)); }
  Database db_;
  int page_size_ = 0;
  std::map<int, std::string> model_;
};

int cache_used(const Database& db) {
  int current = 0, highest = 0;
  db.library().db_status(db.handle(), SQLITE_DBSTATUS_CACHE_USED, &current, &highest, 0);
  return current;
}

void walk(int page_size, int reserved, const std::string& journal_mode) {
  SCOPED_TRACE(std::to_string(page_size) + " " + std::to_string(reserved) + " " + journal_mode);
  const ScratchFile file("payload");
  Blobs blobs(file.path(), page_size, reserved);
  Database& db = blobs.db();
  db.exec("PRAGMA journal_mode=" + journal_mode + "; PRAGMA wal_autocheckpoint=0");
  Database other(subject(), file.path());
  for (Database* one : {&db, &other}) one->exec("PRAGMA cache_size=40");
  for (int id = 1; id <= 6; ++id) blobs.put(id, static_cast<std::uint32_t>(id), 40);
  blobs.check(other);
  // Holes of other sizes, so that the next chains go to and fro.
  for (const int id : {2, 4, 5}) blobs.drop(id);
  for (int id = 10; id < 18; ++id) blobs.put(id, static_cast<std::uint32_t>(id), 7 + id % 5);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  blobs.put(20, 20, 60);
  blobs.put(21, 21, 45);
  blobs.check(other);
  blobs.check(db);
  // Half of a chain changed and not committed, in a cache that spills.
  db.exec("BEGIN");
  blobs.put(20, 22, 60);
  db.exec("SAVEPOINT s");
  blobs.put(1, 23, 50);
  blobs.check(db);
  db.exec("COMMIT");
  blobs.check(db);
  blobs.check(other);
  EXPECT_EQ("Tok", other.text("PRAGMA integrity_check"));
}

TEST(LargePayload, IsReadAsItWasWritten) {
  for (const char* mode : {"delete", "wal"}) {
    for (const int page_size : {512, 4096, 65536}) {
      for (const int reserved : {0, 8, 32}) walk(page_size, reserved, mode);
    }
  }
}

TEST(LargePayload, LeavesTheCacheAlone) {
  const ScratchFile file("payload");
  Blobs blobs(file.path(), 4096, 0);
  for (int id = 1; id <= 4; ++id) blobs.put(id, static_cast<std::uint32_t>(id), 400);
  Database other(subject(), file.path());
  blobs.check(other);
  EXPECT_LT(cache_used(other), 100 * 4096);
  // One that fits is kept.
  blobs.put(5, 5, 50);
  Database third(subject(), file.path());
  third.exec("SELECT hex(data) FROM b WHERE id = 5");
  EXPECT_GT(cache_used(third), 50 * 4096);
}

TEST(LargePayload, OfAFileCutShortIsAnError) {
  const ScratchFile file("payload");
  Blobs blobs(file.path(), 4096, 0);
  for (int id = 1; id <= 2; ++id) blobs.put(id, static_cast<std::uint32_t>(id), 400);
  Database other(subject(), file.path());
  EXPECT_EQ("I1638401", other.text("SELECT length(data) FROM b WHERE id = 1"));
  ASSERT_EQ(0, ::truncate(file.path().c_str(), 300 * 4096 + 1000));
  const Answer answer = other.run("SELECT hex(data) FROM b WHERE id = 1");
  EXPECT_EQ(SQLITE_CORRUPT, answer.code & 0xff) << answer.message;
}

}  // namespace
}  // namespace perlite::engine_test
