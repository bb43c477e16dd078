// PRAGMA mmap_size: answered as stock answers, and pages read through a mapping are the pages of the file.
// ctest: quick,stock
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

constexpr const char* kRows =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
    "FROM n WHERE i < 2000) SELECT i, hex(zeroblob(i % 300)) FROM n";

std::string answers(const Library& library) {
  const ScratchFile file;
  std::ostringstream said;
  Database one(library, file.path()), memory(library), temporary(library, "");
  for (const char* sql :
       {"PRAGMA mmap_size", "PRAGMA mmap_size=1000000", "PRAGMA mmap_size", "PRAGMA mmap_size=99999999999999",
        "PRAGMA mmap_size=-1", "PRAGMA main.mmap_size=65536", "PRAGMA temp.mmap_size", "PRAGMA mmap_size=0"}) {
    said << sql << " " << one.text(sql) << " " << memory.text(sql) << "\n";
  }
  sqlite3_int64 size = -1;
  one.exec("PRAGMA mmap_size=100000");
  said << library.file_control(one.handle(), "main", SQLITE_FCNTL_MMAP_SIZE, &size) << " " << size << " ";
  size = 50000;
  said << library.file_control(one.handle(), "main", SQLITE_FCNTL_MMAP_SIZE, &size) << " " << size << " ";
  said << one.text("PRAGMA mmap_size");
  // What is attached later is mapped as well.
  one.exec("PRAGMA mmap_size=123456; ATTACH '" + file.path() + "2' AS other; CREATE TABLE other.x(y)");
  said << one.text("PRAGMA other.mmap_size");
  ::unlink((file.path() + "2").c_str());
  return said.str();
}

TEST(Mmap, ThePragmaAnswersAsStock) { EXPECT_EQ(answers(stock()), answers(subject())); }

// Two connections, one of them mapping, and stock as a third: all see what any of them wrote, while the file grows and
// shrinks.
TEST(Mmap, EveryoneSeesTheSameFile) {
  for (const char* limit : {"10000", "100000000"}) {
    for (const char* mode : {"delete", "wal"}) {
      const ScratchFile file;
      Database mapping(subject(), file.path()), plain(subject(), file.path()), oracle(stock(), file.path());
      ASSERT_EQ("", oracle.exec(std::string("PRAGMA page_size=1024; PRAGMA journal_mode=") + mode + ";" + kRows));
      ASSERT_EQ("", mapping.exec(std::string("PRAGMA cache_size=5; PRAGMA mmap_size=") + limit));
      const char* const changes[] = {"UPDATE t SET b = b || 'x' WHERE a % 7 = 0",
                                     "INSERT INTO t SELECT a + 5000, b FROM t",
                                     "DELETE FROM t WHERE a > 3000",
                                     "VACUUM",
                                     "DELETE FROM t WHERE a % 2",
                                     "VACUUM",
                                     "INSERT INTO t SELECT a + 9000, b || b FROM t"};
      int turn = 0;
      for (const char* sql : changes) {
        Database* const writers[] = {&oracle, &mapping, &plain};
        ASSERT_EQ("", writers[turn++ % 3]->exec(sql)) << sql;
        const std::string expected = oracle.text("SELECT count(*), sum(a), sum(length(b)) FROM t");
        EXPECT_EQ(expected, mapping.text("SELECT count(*), sum(a), sum(length(b)) FROM t")) << sql;
        EXPECT_EQ(expected, plain.text("SELECT count(*), sum(a), sum(length(b)) FROM t")) << sql;
        EXPECT_EQ("Tok", mapping.text("PRAGMA integrity_check")) << sql;
      }
    }
  }
}

// At the default a file that another program cuts short is an error.
TEST(Mmap, AFileCutShortIsAnErrorAtTheDefault) {
  const ScratchFile file;
  Database one(subject(), file.path());
  ASSERT_EQ("", one.exec(std::string("PRAGMA cache_size=5;") + kRows));
  const std::string whole = read_file(file.path());
  ASSERT_EQ(0, ::truncate(file.path().c_str(), static_cast<off_t>(whole.size() / 3)));
  const std::string said = one.text("SELECT sum(length(b)) FROM t");
  EXPECT_TRUE(said.starts_with("error 11") || said.starts_with("error 10") || said.starts_with("error 522")) << said;
}

}  // namespace
}  // namespace perlite::engine_test
