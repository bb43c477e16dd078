// Work is counted, and little: lookups touch the depth of a tree, what may stop early stops, what was compiled stays
// compiled. Counts are the public ones, sqlite3_stmt_status() and sqlite3_db_status().
// ctest: quick,stock
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

int pages_asked(Database& db, bool reset = true) {
  int hits = 0, misses = 0, ignored = 0;
  const Library& library = db.library();
  library.db_status(db.handle(), SQLITE_DBSTATUS_CACHE_HIT, &hits, &ignored, reset ? 1 : 0);
  library.db_status(db.handle(), SQLITE_DBSTATUS_CACHE_MISS, &misses, &ignored, reset ? 1 : 0);
  return hits + misses;
}

int pages_read(Database& db) {
  int misses = 0, ignored = 0;
  db.library().db_status(db.handle(), SQLITE_DBSTATUS_CACHE_MISS, &misses, &ignored, 1);
  return misses;
}

int pages_written(Database& db) {
  int written = 0, ignored = 0;
  db.library().db_status(db.handle(), SQLITE_DBSTATUS_CACHE_WRITE, &written, &ignored, 1);
  return written;
}

constexpr int kRows = 20000;  // three levels at page size 512

// t(a INTEGER PRIMARY KEY, b, c) with an index on b, small pages, closed and opened again.
class Work : public testing::Test {
 protected:
  void SetUp() override {
    Database db(subject(), file_.path());
    ASSERT_EQ(db.exec("PRAGMA page_size = 512; PRAGMA synchronous = OFF; CREATE TABLE t(a INTEGER PRIMARY KEY, b, c);"
                      "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
                      " SELECT i, i * 7 % 20000, 'row ' || i FROM n; CREATE INDEX tb ON t(b);"),
              "");
  }
  ScratchFile file_{"work"};
};

struct Counted {
  const char* sql;
  int most_pages;  // asked of the cache, the first page of the file included
  int most_steps;  // SQLITE_STMTSTATUS_FULLSCAN_STEP
};

TEST_F(Work, LookupsTouchTheDepthAndEarlyEndsEndEarly) {
  const Counted cases[] = {
      {"SELECT c FROM t WHERE a = 12345", 6, 0},
      {"SELECT c FROM t WHERE rowid = 12345", 6, 0},
      {"SELECT c FROM t WHERE b = 12345", 14, 0},
      {"SELECT b FROM t WHERE b = 12345", 8, 0},
      {"SELECT min(b) FROM t", 8, 0},
      {"SELECT max(b) FROM t", 8, 0},
      {"SELECT min(a) FROM t", 8, 0},
      {"SELECT max(a) FROM t", 8, 0},
      {"SELECT EXISTS (SELECT 1 FROM t WHERE c > '')", 8, 2},
      {"SELECT c FROM t LIMIT 1", 8, 2},
      {"SELECT b FROM t ORDER BY b LIMIT 1", 8, 2},
      {"SELECT c FROM t ORDER BY b LIMIT 3", 40, 3},
      {"SELECT a FROM t ORDER BY a DESC LIMIT 1", 8, 2},
      {"SELECT c FROM t WHERE a BETWEEN 100 AND 103", 9, 0},
      {"SELECT count(*) FROM t WHERE b BETWEEN 5 AND 8", 9, 0},
  };
  for (const Counted& one : cases) {
    Database db(subject(), file_.path());
    ASSERT_EQ(db.text("SELECT 1 FROM sqlite_schema LIMIT 1"), "I1");
    Prepared statement(db, one.sql);
    ASSERT_EQ(statement.code(), SQLITE_OK) << one.sql;
    pages_asked(db);
    int rows = 0;
    while (statement.step() == SQLITE_ROW) ++rows;
    EXPECT_GT(rows, 0) << one.sql;
    EXPECT_LE(pages_asked(db), one.most_pages) << one.sql;
    EXPECT_LE(statement.counter(SQLITE_STMTSTATUS_FULLSCAN_STEP), one.most_steps) << one.sql;
    EXPECT_EQ(statement.counter(SQLITE_STMTSTATUS_SORT), 0) << one.sql;
    EXPECT_EQ(statement.counter(SQLITE_STMTSTATUS_AUTOINDEX), 0) << one.sql;
  }
}

TEST_F(Work, SortsAndScansAreCounted) {
  Database db(subject(), file_.path());
  Prepared sorted(db, "SELECT c FROM t ORDER BY c");
  while (sorted.step() == SQLITE_ROW) {
  }
  EXPECT_EQ(sorted.counter(SQLITE_STMTSTATUS_SORT), 1);
  EXPECT_NEAR(sorted.counter(SQLITE_STMTSTATUS_FULLSCAN_STEP), kRows, 2);
  EXPECT_EQ(sorted.counter(SQLITE_STMTSTATUS_RUN), 1);
  EXPECT_GT(sorted.counter(SQLITE_STMTSTATUS_VM_STEP), 1);
  EXPECT_GT(sorted.counter(SQLITE_STMTSTATUS_MEMUSED), 100);
  sorted.reset();
  EXPECT_GT(sorted.counter(SQLITE_STMTSTATUS_VM_STEP, true), 1);
  EXPECT_EQ(sorted.counter(SQLITE_STMTSTATUS_VM_STEP), 0);
}

// One leaf and the first page, with its change counter.
TEST_F(Work, AnUpdateByRowidDirtiesOneLeaf) {
  Database db(subject(), file_.path());
  ASSERT_EQ(db.exec("PRAGMA synchronous = OFF"), "");
  pages_written(db);
  ASSERT_EQ(db.exec("UPDATE t SET c = 'row x' WHERE a = 12345"), "");
  EXPECT_LE(pages_written(db), 2);
  ASSERT_EQ(db.exec("UPDATE t SET c = 'row x' WHERE a = 77"), "");
  EXPECT_LE(pages_written(db), 2);
  ASSERT_EQ(db.exec("UPDATE t SET c = 'none' WHERE a = 77000"), "");
  EXPECT_EQ(pages_written(db), 0);
}

// Entries of an index lie anywhere in it, seen in the order of the rows: changed in their own order, each page is visited
// once, however few pages the cache holds.
TEST_F(Work, ManyIndexChangesVisitEachPageOnce) {
  const char* const changes[] = {
      "DELETE FROM t WHERE a > 2000 AND a % 3 = 0",
      "UPDATE t SET b = (b * 7919 + 13) % 20011 WHERE a > 1000",
      "DELETE FROM t WHERE b < 15000",
  };
  Database db(subject(), file_.path());
  ASSERT_EQ(db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = 60"), "");
  for (const char* const sql : changes) {
    const int pages = std::stoi(db.text("PRAGMA page_count").substr(1));
    pages_written(db);
    ASSERT_EQ(db.exec(sql), "") << sql;
    EXPECT_LT(pages_written(db), 2 * pages) << sql;
  }
  EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
}

// An upsert's update touches the indexes of the columns that it assigns, as any other update does.
TEST_F(Work, AnUpsertLeavesOtherIndexesAlone) {
  Database db(subject(), file_.path());
  ASSERT_EQ(db.exec("PRAGMA synchronous = OFF"), "");
  pages_written(db);
  ASSERT_EQ(db.exec("INSERT INTO t VALUES(12345, 0, 'row y') ON CONFLICT(a) DO UPDATE SET c = excluded.c"), "");
  EXPECT_LE(pages_written(db), 2);
  EXPECT_EQ(db.text("SELECT c FROM t WHERE a = 12345"), "Trow y");
  EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
}

// Pages that were written early and changed again are written once more at the end, and no more.
TEST_F(Work, ACommitWritesAPageOnce) {
  Database db(subject(), file_.path());
  ASSERT_EQ(db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = 60; BEGIN"), "");
  for (int round = 0; round < 40; ++round) {
    ASSERT_EQ(db.exec("UPDATE t SET c = 'row " + std::to_string(round) + "' WHERE a % 97 = 0"), "");
  }
  pages_written(db);
  ASSERT_EQ(db.exec("COMMIT"), "");
  EXPECT_LE(pages_written(db), 70);
  EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
}

// A transaction that makes many tables reads each row of the schema once.
TEST_F(Work, ANewTableCostsNoMoreWhereThereAreMany) {
  constexpr int kTables = 300;
  Database db(subject(), file_.path());
  ASSERT_EQ(db.exec("PRAGMA synchronous = OFF; BEGIN"), "");
  pages_asked(db);
  for (int i = 0; i < kTables; ++i) {
    ASSERT_EQ(db.exec("CREATE TABLE made" + std::to_string(i) + "(a INTEGER PRIMARY KEY, b TEXT UNIQUE)"), "");
  }
  EXPECT_LT(pages_asked(db), 40 * kTables);
  ASSERT_EQ(db.exec("INSERT INTO made7 VALUES(1, 'x'); COMMIT"), "");
  EXPECT_EQ(db.text("SELECT b FROM made7"), "Tx");
  EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
}

// Patterns with a beginning are ranges, and a key of another table is looked up, though nobody counted the rows.
TEST_F(Work, IndexesServePatternsAndJoins) {
  const Counted cases[] = {
      {"SELECT count(*) FROM s WHERE x GLOB 'row 1234*'", 9, 0},
      {"SELECT count(*) FROM s WHERE y LIKE 'ROW 1234%'", 9, 0},
      {"SELECT sum(t.a) FROM few JOIN t ON t.b = few.k", 60, 3},
  };
  Database db(subject(), file_.path());
  ASSERT_EQ(db.exec("CREATE TABLE s(x TEXT, y TEXT); INSERT INTO s SELECT c, c FROM t; CREATE INDEX sx ON s(x);"
                    "CREATE INDEX sy ON s(y COLLATE NOCASE); CREATE TABLE few(k); INSERT INTO few VALUES(5), (7), (9)"),
            "");
  for (const Counted& one : cases) {
    Prepared statement(db, one.sql);
    ASSERT_EQ(statement.code(), SQLITE_OK) << one.sql;
    pages_asked(db);
    while (statement.step() == SQLITE_ROW) EXPECT_NE(statement.value(), "I0") << one.sql;
    EXPECT_LE(pages_asked(db), one.most_pages) << one.sql;
    EXPECT_LE(statement.counter(SQLITE_STMTSTATUS_FULLSCAN_STEP), one.most_steps) << one.sql;
    EXPECT_EQ(statement.counter(SQLITE_STMTSTATUS_AUTOINDEX), 0) << one.sql;
  }
}

TEST_F(Work, ASecondReadOfTheSameRowsReadsNothing) {
  Database db(subject(), file_.path());
  ASSERT_EQ(db.text("SELECT count(*) FROM t WHERE a < 1000"), "I999");
  pages_read(db);
  ASSERT_EQ(db.text("SELECT count(*) FROM t WHERE a < 1000"), "I999");
  EXPECT_EQ(pages_read(db), 0);
}

// A statement prepared again after what code depends on has changed answers by the new state.
TEST(Recompiling, NewStateNewAnswer) {
  Database db(subject());
  const Library& library = subject();
  ASSERT_EQ(db.exec("CREATE TABLE t(a); INSERT INTO t VALUES('b'), ('A')"), "");
  const auto function = [&](long long value) {
    static long long values[2];
    values[value % 2] = value;
    return library.create_function_v2(
        db.handle(), "answer", 0, SQLITE_UTF8, &values[value % 2],
        [](sqlite3_context* context, int, sqlite3_value**) {
          // The user data names the value; the library's own accessor is not loaded here.
          subject().result_int64(context, *static_cast<long long*>(subject().user_data(context)));
        },
        nullptr, nullptr, nullptr);
  };
  ASSERT_EQ(function(1), SQLITE_OK);
  Prepared call(db, "SELECT answer()");
  ASSERT_EQ(call.step(), SQLITE_ROW);
  EXPECT_EQ(call.value(), "I1");
  call.reset();
  ASSERT_EQ(function(2), SQLITE_OK);
  ASSERT_EQ(call.step(), SQLITE_ROW);
  EXPECT_EQ(call.value(), "I2");
  call.reset();
  EXPECT_EQ(db.text("SELECT answer()"), "I2");

  const auto backwards = [](void* sign, int n, const void* a, int m, const void* b) {
    const int order = std::memcmp(a, b, static_cast<std::size_t>(std::min(n, m)));
    return (order != 0 ? order : n - m) * *static_cast<int*>(sign);
  };
  static int up = 1, down = -1;
  ASSERT_EQ(library.create_collation_v2(db.handle(), "mine", SQLITE_UTF8, &up, backwards, nullptr), SQLITE_OK);
  const char* const sorted = "SELECT group_concat(a, '') FROM (SELECT a FROM t ORDER BY a COLLATE mine)";
  EXPECT_EQ(db.text(sorted), "TAb");
  ASSERT_EQ(library.create_collation_v2(db.handle(), "mine", SQLITE_UTF8, &down, backwards, nullptr), SQLITE_OK);
  EXPECT_EQ(db.text(sorted), "TbA");

  // The authorizer is asked although the text is known.
  static int asked = 0;
  EXPECT_EQ(db.text("SELECT a FROM t WHERE rowid = 1"), "Tb");
  library.set_authorizer(db.handle(), [](void*, int, const char*, const char*, const char*, const char*) { ++asked; return SQLITE_OK; },
                         nullptr);
  EXPECT_EQ(db.text("SELECT a FROM t WHERE rowid = 1"), "Tb");
  EXPECT_GT(asked, 0);
  const int first = asked;
  EXPECT_EQ(db.text("SELECT a FROM t WHERE rowid = 1"), "Tb");
  EXPECT_EQ(asked, 2 * first);
  library.set_authorizer(db.handle(),
                         [](void*, int what, const char*, const char*, const char*, const char*) {
                           return what == SQLITE_READ ? SQLITE_DENY : SQLITE_OK;
                         },
                         nullptr);
  EXPECT_EQ(db.text("SELECT a FROM t WHERE rowid = 1"), "error 23: access to t.a is prohibited");
  library.set_authorizer(db.handle(), nullptr, nullptr);
  EXPECT_EQ(db.text("SELECT a FROM t WHERE rowid = 1"), "Tb");

  // A limit.
  EXPECT_EQ(db.text("SELECT 1 + 2 + 3 + 4"), "I10");
  library.limit(db.handle(), SQLITE_LIMIT_EXPR_DEPTH, 2);
  EXPECT_EQ(db.text("SELECT 1 + 2 + 3 + 4"), "error 1: Expression tree is too large (maximum depth 2)");
  library.limit(db.handle(), SQLITE_LIMIT_EXPR_DEPTH, 1000);

  // The schema: a prepared statement notices, and counts it.
  Prepared star(db, "SELECT * FROM t");
  ASSERT_EQ(star.step(), SQLITE_ROW);
  EXPECT_EQ(library.column_count(star.handle()), 1);
  star.reset();
  ASSERT_EQ(db.exec("DROP TABLE t; CREATE TABLE t(x, y); INSERT INTO t VALUES(1, 2)"), "");
  ASSERT_EQ(star.step(), SQLITE_ROW);
  EXPECT_EQ(library.column_count(star.handle()), 2);
  EXPECT_EQ(star.counter(SQLITE_STMTSTATUS_REPREPARE), 1);
}

}  // namespace
}  // namespace perlite::engine_test
