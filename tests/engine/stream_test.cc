// Rows stream and memory is bounded: of a table far larger than the cache the first row comes at once, and scan, sort,
// group and index build stay below 100 MB. The file is written by stock, with large pages and no journal.
// ctest: ordinary,stock,plain Ordinary*
// ctest: long,stock,plain Long*
#include <sys/resource.h>
#include <time.h>

#include "tests/engine/child.h"
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

long long peak_bytes() {
  std::ifstream in("/proc/self/status");
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6) * 1024;
  }
  return -1;
}

double now_ms() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// t(a INTEGER PRIMARY KEY, g, k, payload): `rows` rows of about 1 KB, g in 0..groups-1 mixed, k mixed.
std::string write_large(const std::string& path, long long rows, long long groups) {
  Database db(stock(), path);
  return db.exec("PRAGMA page_size = 65536; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -20000;"
                 "CREATE TABLE t(a INTEGER PRIMARY KEY, g, k, payload);"
                 "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                 std::to_string(rows) + ") SELECT i, (i * 7919) % " + std::to_string(groups) + ", (i * 104729) % 1000003, zeroblob(1000) FROM n");
}

struct Task {
  const char* name;
  const char* sql;
};

// Each task in a process of its own, so that its peak is its own; the answer is the sum of what came out.
void run_tasks(long long rows, long long groups) {
  ScratchFile file("large");
  ASSERT_EQ(in_child([&] { return write_large(file.path(), rows, groups); }, std::size_t{8} << 20, 300), "");
  const Task tasks[] = {
      {"first row", "SELECT a FROM t"},
      {"first row of a filter", "SELECT a FROM t WHERE k > 5"},
      {"scan", "SELECT count(*), sum(g), sum(length(payload)) FROM t"},
      {"sort", "SELECT a FROM t ORDER BY k"},
      {"sort, wide", "SELECT a, payload FROM t ORDER BY k"},
      {"group", "SELECT g, count(*) FROM t GROUP BY g"},
      {"distinct", "SELECT DISTINCT g FROM t"},
      {"top 10", "SELECT a FROM t ORDER BY k DESC LIMIT 10"},
      {"create index", "CREATE INDEX tk ON t(k, g)"},
      {"drop index", "DROP INDEX tk"},
  };
  for (const Task& task : tasks) {
    const auto run = [&](const Library& library) {
      return in_child([&] {
        Database db(library, file.path());
        db.exec("PRAGMA cache_size = -2048; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
        const double before = now_ms();
        Prepared statement(db, task.sql);
        long long rows_seen = 0, sum = 0;
        double first_ms = 0;
        int code = statement.code();
        const bool first_only = std::string(task.name).starts_with("first row");
        while (code == SQLITE_OK && (code = statement.step()) == SQLITE_ROW) {
          if (rows_seen == 0) first_ms = now_ms() - before;
          ++rows_seen;
          sum += library.column_int64(statement.handle(), 0) * (rows_seen % 1000 + 1);
          if (first_only) break;
          code = SQLITE_OK;
        }
        std::string answer = std::to_string(rows_seen) + " rows, " + std::to_string(sum) + ", code " + std::to_string(code);
        if (&library == &subject()) {
          if (first_only && first_ms > 20) answer += ", first row after " + std::to_string(first_ms) + " ms";
          if (peak_bytes() > 100'000'000) answer += ", peak " + std::to_string(peak_bytes() / 1000000) + " MB";
        }
        return answer;
      }, std::size_t{8} << 20, 600);
    };
    const bool changes = std::string(task.name).ends_with("index");
    EXPECT_EQ(changes ? "0 rows, 0, code 101" : run(stock()), run(subject())) << task.name;
    if (std::string(task.name) == "create index") {
      Database db(stock(), file.path());
      EXPECT_EQ(db.text("SELECT a FROM t INDEXED BY tk WHERE k = 104729 AND g = 7919 % " + std::to_string(groups)), "I1");
      if (rows < 500000) {
        EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
      }
    }
  }
}

TEST(OrdinaryStream, TwoHundredMegabytes) { run_tasks(200000, 100000); }
TEST(LongStream, OneGigabyte) { run_tasks(1000000, 1000000); }

// A file past 1 GiB: the page of the lock bytes stays unused, on both sides of it the tree goes on.
TEST(LongStream, AFilePastTheLockByte) {
  ScratchFile file("lock-byte");
  ASSERT_EQ(in_child([&] { return write_large(file.path(), 1060000, 1000); }, std::size_t{8} << 20, 300), "");
  Database db(subject(), file.path());
  EXPECT_EQ(db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                    "INSERT INTO t SELECT a + 10000000, g, k, payload FROM t WHERE a <= 30000"),
            "");
  EXPECT_EQ(db.text("SELECT count(*), sum(length(payload)) FROM t"), "I1090000|I1090000000");
  Database oracle(stock(), file.path());
  EXPECT_EQ(oracle.text("PRAGMA integrity_check"), "Tok");
  EXPECT_EQ(oracle.text("SELECT count(*), sum(length(payload)) FROM t"), "I1090000|I1090000000");
}

// A file that grows past the lock byte page under our hands, from nothing.
TEST(LongStream, OurOwnFilePastTheLockByte) {
  ScratchFile file("own");
  {
    Database db(subject(), file.path());
    EXPECT_EQ(db.exec("PRAGMA page_size = 65536; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
                      "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) SELECT i, zeroblob(1000000) FROM n"),
              "");
  }
  Database oracle(stock(), file.path());
  EXPECT_EQ(oracle.text("PRAGMA integrity_check"), "Tok");
  EXPECT_EQ(oracle.text("SELECT count(*), sum(length(b)) FROM t"), "I1200|I1200000000");
}

// A row of 100 MB goes both ways.
TEST(OrdinaryStream, ARowOfHundredMegabytes) {
  for (const bool ours_writes : {true, false}) {
    ScratchFile file("row");
    const Library& writer = ours_writes ? subject() : stock();
    const Library& reader = ours_writes ? stock() : subject();
    {
      Database db(writer, file.path());
      ASSERT_EQ(db.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; CREATE TABLE t(a, b); INSERT INTO t VALUES(zeroblob(100000000), 'tail');"
                        "UPDATE t SET b = 'changed'"),
                "");
    }
    Database db(reader, file.path());
    EXPECT_EQ(db.text("SELECT length(a), b, hex(substr(a, 99999990, 5)) FROM t"), "I100000000|Tchanged|T0000000000");
    EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
    EXPECT_EQ(db.exec("PRAGMA journal_mode = OFF; DELETE FROM t"), "");
    Database again(writer, file.path());
    EXPECT_EQ(again.text("PRAGMA integrity_check"), "Tok");
  }
}

// Keys that overflow in interior pages, and a million random changes at a page count near stock's (small in this tier).
TEST(OrdinaryStream, LongKeysAndRandomChanges) {
  const auto fill = [](const Library& library, const std::string& path) {
    Database db(library, path);
    std::string fault = db.exec(
        "PRAGMA page_size = 512; PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;"
        "CREATE TABLE w(k PRIMARY KEY) WITHOUT ROWID; CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX tb ON t(b);"
        "INSERT INTO w WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
        " SELECT printf('%.*c%d', 200 + i * 7 % 900, 'k', i * 7919 % 1501) FROM n;"
        "INSERT OR IGNORE INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
        " SELECT i * 104729 % 1000003, i * 7919 % 100003 FROM n;");
    for (int round = 0; round < 10; ++round) {
      const std::string n = std::to_string(round);
      fault += db.exec("DELETE FROM t WHERE a % 10 = " + n + "; INSERT OR IGNORE INTO t SELECT (a * 31 + 7) % 1000003, b + a FROM t WHERE a % 7 = " + n +
                       " % 7; UPDATE t SET b = b * 17 % 100003 WHERE a % 13 = " + n + "; DELETE FROM w WHERE k LIKE '%" + n + "' AND length(k) % 3 = 0");
    }
    return fault;
  };
  ScratchFile a("random"), b("random");
  EXPECT_EQ(fill(stock(), a.path()), "");
  EXPECT_EQ(fill(subject(), b.path()), "");
  Database theirs(stock(), a.path()), ours(stock(), b.path());
  EXPECT_EQ(ours.text("PRAGMA integrity_check"), "Tok");
  for (const char* sql : {"SELECT count(*), sum(a), sum(b) FROM t", "SELECT count(*), sum(length(k)) FROM w"}) EXPECT_EQ(theirs.text(sql), ours.text(sql));
  const auto pages = [](Database& db) { return std::atof(db.text("PRAGMA page_count").c_str() + 1); };
  EXPECT_LE(pages(ours), pages(theirs) * 1.15);
  Database again(subject(), b.path());
  EXPECT_EQ(again.exec("DELETE FROM t; DELETE FROM w"), "");
  EXPECT_EQ(again.text("SELECT p.page_count - f.freelist_count FROM pragma_page_count p, pragma_freelist_count f"), "I4");
}

}  // namespace
}  // namespace perlite::engine_test
