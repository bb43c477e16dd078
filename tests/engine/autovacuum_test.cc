// Files that give space back: after each statement the file has the pages and the free pages that stock's has.
// ctest: quick,stock
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

constexpr const char* kFill =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE TABLE u(x); CREATE INDEX ub ON u(x);"
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, "
    "zeroblob(700 + i % 9 * 400) FROM n;"
    "INSERT INTO u SELECT hex(zeroblob(a % 200)) || a FROM t;";

std::string look(Database& one) {
  return one.text("PRAGMA page_count") + " " + one.text("PRAGMA freelist_count") + " " +
         one.text("PRAGMA auto_vacuum") + " " + one.text("PRAGMA integrity_check") + " " +
         one.text("SELECT count(*), sum(a), sum(length(b)) FROM t") + " ";
}

// The same file, made by stock; the same statements on it by each.
void compare(const std::string& before, const std::vector<std::string>& statements) {
  const ScratchFile a, b;
  ASSERT_EQ("", Database(stock(), a.path()).exec(before + kFill));
  copy_file(a.path(), b.path());
  Database oracle(stock(), a.path()), ours(subject(), b.path());
  for (const std::string& sql : statements) {
    const std::string expected = oracle.text(sql);
    EXPECT_EQ(expected, ours.text(sql)) << sql;
    const std::string there = look(oracle);
    EXPECT_EQ(there, look(ours)) << before << " " << sql;
    if (stock().get_autocommit(oracle.handle()) == 0) continue;
    EXPECT_EQ(there, look(*std::make_unique<Database>(stock(), b.path()))) << sql;
    EXPECT_EQ(read_file(a.path()).size(), read_file(b.path()).size()) << sql;
  }
}

TEST(AutoVacuum, FullGivesAllBackAtCommit) {
  for (const char* before : {"PRAGMA auto_vacuum=1;", "PRAGMA page_size=512; PRAGMA auto_vacuum=1;",
                             "PRAGMA page_size=65536; PRAGMA auto_vacuum=1;"}) {
    compare(before,
            {"DELETE FROM t WHERE a % 3 = 0", "BEGIN", "DELETE FROM t WHERE a BETWEEN 10 AND 80", "COMMIT", "BEGIN",
             "DELETE FROM t", "ROLLBACK", "DELETE FROM t WHERE a > 250", "DROP TABLE u", "DELETE FROM t"});
  }
}

TEST(AutoVacuum, IncrementalGivesBackWhatIsAsked) {
  for (const char* before : {"PRAGMA auto_vacuum=2;", "PRAGMA page_size=1024; PRAGMA auto_vacuum=2;"}) {
    compare(before, {"PRAGMA incremental_vacuum(5)",
                     "DELETE FROM t WHERE a % 3 = 0",
                     "PRAGMA incremental_vacuum(1)",
                     "PRAGMA incremental_vacuum(7)",
                     "PRAGMA incremental_vacuum=3",
                     "BEGIN",
                     "PRAGMA incremental_vacuum(10)",
                     "ROLLBACK",
                     "BEGIN",
                     "PRAGMA incremental_vacuum(2)",
                     "DELETE FROM t WHERE a > 200",
                     "COMMIT",
                     "PRAGMA incremental_vacuum(0)",
                     "DROP TABLE u",
                     "PRAGMA main.incremental_vacuum",
                     "PRAGMA auto_vacuum=1",
                     "DELETE FROM t WHERE a < 100",
                     "PRAGMA auto_vacuum=2",
                     "DELETE FROM t",
                     "PRAGMA incremental_vacuum(-1)"});
  }
}

TEST(AutoVacuum, NothingElsewhere) {
  compare("PRAGMA auto_vacuum=0;",
          {"DELETE FROM t WHERE a % 3 = 0", "PRAGMA incremental_vacuum(5)", "PRAGMA incremental_vacuum"});
}

// sqlite3_autovacuum_pages: how much is given back is asked, with the same numbers.
std::string asked(const Library& library, unsigned answer) {
  const ScratchFile file;
  struct Calls {
    std::ostringstream said;
    unsigned answer;
    int destroyed = 0;
  } calls{{}, answer};
  {
    Database one(library, file.path());
    one.exec(std::string("PRAGMA auto_vacuum=1;") + kFill);
    const auto callback = [](void* context, const char* schema, unsigned pages, unsigned free,
                             unsigned size) -> unsigned {
      auto& c = *static_cast<Calls*>(context);
      c.said << schema << " " << (pages > free) << " " << free << " " << size << "; ";
      return c.answer;
    };
    const auto destroy = [](void* context) { ++static_cast<Calls*>(context)->destroyed; };
    calls.said << library.autovacuum_pages(one.handle(), callback, &calls, destroy);
    for (const char* sql : {"DELETE FROM t WHERE a BETWEEN 100 AND 120", "INSERT INTO u VALUES(1)", "BEGIN",
                            "DELETE FROM t WHERE a < 10", "ROLLBACK", "DELETE FROM t WHERE a < 20"}) {
      calls.said << one.text(sql) << one.text("PRAGMA freelist_count") << one.text("PRAGMA integrity_check") << "\n";
    }
    calls.said << calls.destroyed << library.autovacuum_pages(one.handle(), nullptr, nullptr, nullptr)
               << calls.destroyed;
    calls.said << one.text("DELETE FROM t WHERE a < 30") << one.text("PRAGMA freelist_count");
    library.autovacuum_pages(one.handle(), callback, &calls, destroy);
  }
  calls.said << calls.destroyed;
  return calls.said.str();
}

TEST(AutoVacuum, TheHostIsAskedHowManyPages) {
  for (const unsigned answer : {0u, 1u, 3u, 1000000u})
    EXPECT_EQ(asked(stock(), answer), asked(subject(), answer)) << answer;
}

}  // namespace
}  // namespace perlite::engine_test
