// ctest: quick,stock
// Calls that ask a connection about itself or set how it works: sqlite3_db_cacheflush, sqlite3_db_status,
// sqlite3_system_errno, sqlite3_db_config. Where stock has the call, what it does is the oracle's.
#include <cerrno>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

constexpr const char* kManyRows =
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT zeroblob(3500) FROM n";

int status_of(const Database& db, int what, bool reset = false) {
  int current = -1, highest = -1;
  EXPECT_EQ(SQLITE_OK, db.library().db_status(db.handle(), what, &current, &highest, reset ? 1 : 0));
  EXPECT_EQ(0, highest);
  return current;
}

std::size_t size_of(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
}

// What a flush does in one journal mode: codes, what the others see, what is left when the writer dies.
std::string flush_story(const Library& library, const std::string& journal_mode) {
  const ScratchFile file("flush"), copy("copy");
  std::string story;
  const auto tell = [&story](const std::string& what) { story += what + "\n"; };
  Database writer(library, file.path()), other(library, file.path());
  writer.exec("PRAGMA journal_mode=" + journal_mode + "; CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  const std::string written = journal_mode == "wal" ? file.path() + "-wal" : file.path();
  tell("idle " + std::to_string(library.db_cacheflush(writer.handle())));
  writer.exec(std::string("BEGIN; ") + kManyRows);
  const std::size_t before = size_of(written);
  {
    Prepared reader(other, "SELECT * FROM t");
    reader.step();
    tell("beside a reader " + std::to_string(library.db_cacheflush(writer.handle())) + ", error " +
         std::to_string(library.errcode(writer.handle())));
  }
  tell("alone " + std::to_string(library.db_cacheflush(writer.handle())));
  tell(size_of(written) >= before + 20 * 4096 ? "pages were written" : "nothing was written");
  tell("spilled: " + std::string(status_of(writer, SQLITE_DBSTATUS_CACHE_SPILL) >= 20 ? "yes" : "no"));
  tell("other: " + other.text("SELECT count(*) FROM t"));
  // A crash at this moment: the files as they are.
  for (const char* tail : {"", "-journal", "-wal"}) copy_file(file.path() + tail, copy.path() + tail);
  {
    Database after(stock(), copy.path());
    tell("after a crash: " + after.text("SELECT count(*) FROM t") + " " + after.text("PRAGMA integrity_check"));
  }
  writer.exec("INSERT INTO t VALUES(2); COMMIT");
  tell("committed: " + other.text("SELECT count(*), sum(length(a)) FROM t") + " " + other.text("PRAGMA integrity_check"));
  writer.exec("BEGIN; DELETE FROM t");
  tell("again " + std::to_string(library.db_cacheflush(writer.handle())));
  writer.exec("ROLLBACK");
  tell("rolled back: " + other.text("SELECT count(*) FROM t"));
  return story;
}

TEST(CacheFlush, WritesWhatAnOpenTransactionChanged) {
  for (const char* mode : {"delete", "truncate", "persist", "memory", "wal"}) {
    SCOPED_TRACE(mode);
    if (std::string(mode) == "memory") {
      // No journal on disk: what a crash leaves then is nobody's promise, so that only the writer's own view is compared.
      const ScratchFile file;
      Database db(subject(), file.path());
      db.exec(std::string("PRAGMA journal_mode=memory; CREATE TABLE t(a); BEGIN; ") + kManyRows);
      EXPECT_EQ(SQLITE_OK, subject().db_cacheflush(db.handle()));
      EXPECT_GE(size_of(file.path()), std::size_t{20 * 4096});
      EXPECT_EQ("", db.exec("ROLLBACK"));
      EXPECT_EQ("I0", db.text("SELECT count(*) FROM t"));
      EXPECT_EQ("Tok", db.text("PRAGMA integrity_check"));
      continue;
    }
    const std::string story = flush_story(subject(), mode);
    EXPECT_EQ(flush_story(stock(), mode), story);
    EXPECT_NE(std::string::npos, story.find("pages were written\nspilled: yes")) << story;
  }
}

TEST(CacheFlush, SkipsADatabaseThatIsKeptAndGoesOn) {
  std::string told[2];
  for (const Library* library : {&stock(), &subject()}) {
    const ScratchFile main_file, attached_file;
    Database writer(*library, main_file.path());
    writer.exec("CREATE TABLE t(a); ATTACH '" + attached_file.path() + "' AS b; CREATE TABLE b.t(a)");
    Database reader(*library, main_file.path());
    writer.exec("BEGIN; INSERT INTO main.t VALUES(zeroblob(50000)); INSERT INTO b.t VALUES(zeroblob(50000))");
    Prepared reading(reader, "SELECT 1 FROM sqlite_schema");
    reading.step();
    std::string& text = told[library == &subject() ? 1 : 0];
    text = std::to_string(library->db_cacheflush(writer.handle()));
    text += size_of(main_file.path()) > 40000 ? " main" : "";
    text += size_of(attached_file.path()) > 40000 ? " b" : "";
  }
  EXPECT_EQ("5 b", told[0]);
  EXPECT_EQ(told[0], told[1]);
}

TEST(SystemErrno, IsThatOfTheLastFileThatDidNotOpen) {
  std::string told[2];
  for (const Library* library : {&stock(), &subject()}) {
    std::string& text = told[library == &subject() ? 1 : 0];
    const auto tell = [&](const Database& db) { text += std::to_string(library->system_errno(db.handle())) + " "; };
    const Database missing(*library, "/nonexistent/folder/file.db");
    tell(missing);
    Database folder(*library, test::places.scratch);
    tell(folder);
    Database db(*library);
    tell(db);
    db.exec("SELECT nonsense");
    tell(db);
    db.exec("ATTACH '/nonexistent/folder/file.db' AS b");
    tell(db);
    db.exec("SELECT 1");
    tell(db);
    text += std::to_string(library->system_errno(nullptr));
  }
  EXPECT_EQ(std::to_string(ENOENT), told[0].substr(0, told[0].find(' ')));
  EXPECT_EQ(told[0], told[1]);
}

TEST(SchemaUsed, IsTheMemoryOfTheSchemasOfAllDatabases) {
  const ScratchFile file;
  {
    Database maker(subject(), file.path());
    maker.exec("BEGIN");
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ("", maker.exec("CREATE TABLE table_" + std::to_string(i) + "(first, second, third)"));
    ASSERT_EQ("", maker.exec("COMMIT"));
  }
  Database db(subject(), file.path());
  EXPECT_EQ(0, status_of(db, SQLITE_DBSTATUS_SCHEMA_USED));  // nothing was read
  db.exec("SELECT * FROM table_1");
  const int loaded = status_of(db, SQLITE_DBSTATUS_SCHEMA_USED);
  EXPECT_GT(loaded, 100 * 50);
  EXPECT_LT(loaded, 100 * 2000);
  EXPECT_EQ(loaded, status_of(db, SQLITE_DBSTATUS_SCHEMA_USED, true));  // there is nothing to reset
  for (int i = 2; i < 100; ++i) db.exec("SELECT * FROM table_" + std::to_string(i));
  EXPECT_GT(status_of(db, SQLITE_DBSTATUS_SCHEMA_USED), loaded);  // tables are parsed when they are used
  const int parsed = status_of(db, SQLITE_DBSTATUS_SCHEMA_USED);
  db.exec("ATTACH '" + file.path() + "' AS b");
  db.exec("SELECT * FROM b.table_1");
  EXPECT_GE(status_of(db, SQLITE_DBSTATUS_SCHEMA_USED), parsed + 100 * 4);
  db.exec("DETACH b");
  EXPECT_EQ(parsed, status_of(db, SQLITE_DBSTATUS_SCHEMA_USED));
}

TEST(CacheUsed, OfASharedCacheIsDividedAmongItsConnections) {
  const ScratchFile file;
  const std::string name = "file:" + file.path() + "?cache=shared";
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
  Database one(subject(), name, kFlags);
  one.exec(std::string("CREATE TABLE t(a); ") + kManyRows);
  EXPECT_EQ(status_of(one, SQLITE_DBSTATUS_CACHE_USED), status_of(one, SQLITE_DBSTATUS_CACHE_USED_SHARED));
  Database two(subject(), name, kFlags);
  two.exec("SELECT * FROM t");
  const int used = status_of(two, SQLITE_DBSTATUS_CACHE_USED);
  EXPECT_GT(used, 40 * 3500);
  EXPECT_EQ(used / 2, status_of(two, SQLITE_DBSTATUS_CACHE_USED_SHARED));
  EXPECT_EQ(used / 2, status_of(one, SQLITE_DBSTATUS_CACHE_USED_SHARED));
}

int configure_digits(const Database& db, int wanted) {
  int now = -1;
  EXPECT_EQ(SQLITE_OK, subject().db_config(db.handle(), SQLITE_DBCONFIG_FP_DIGITS, wanted, &now));
  return now;
}

TEST(RealDigits, AreThoseOfTheConnection) {
  if (subject_is_stock()) GTEST_SKIP() << "3.40 does not have it";
  Database db(subject()), untouched(subject());
  const std::string query = "SELECT CAST(x AS TEXT), x || '', length(x), coalesce(x, 1) LIKE '0.3333' FROM (SELECT 1.0 / 3 AS x)";
  EXPECT_EQ("T0.33333333333333332|T0.33333333333333332|I19|I0", db.text(query));
  EXPECT_EQ(17, configure_digits(db, -1));
  EXPECT_EQ(4, configure_digits(db, 4));
  EXPECT_EQ("T0.3333|T0.3333|I6|I1", db.text(query));
  EXPECT_EQ("T1.235e+05|T100.0|T0.1", db.text("SELECT 123456.789 || '', 100.0 || '', 0.1 || ''"));  // constants
  EXPECT_EQ("T0.33333333333333332|T0.33333333333333332|I19|I0", untouched.text(query));
  EXPECT_EQ(4, configure_digits(db, 3));   // out of range: asked for, not set
  EXPECT_EQ(4, configure_digits(db, 24));
  EXPECT_EQ(15, configure_digits(db, 15));
  EXPECT_EQ("T0.333333333333333|T0.333333333333333|I17|I0", db.text(query));
  EXPECT_EQ(19, configure_digits(db, 19));
  EXPECT_EQ("T0.333333333333333315", db.text("SELECT (1.0 / 3) || ''"));
  EXPECT_EQ("T0.1000000000000000056", db.text("SELECT 0.1 || ''"));
}

// A statement prepared before, a TEXT column, and a row read as text by the caller.
TEST(RealDigits, ReachPreparedStatementsColumnsAndCallers) {
  if (subject_is_stock()) GTEST_SKIP() << "3.40 does not have it";
  Database db(subject()), plain(subject());
  db.exec("CREATE TABLE t(a TEXT)");
  Prepared constant(db, "SELECT 0.123456 || ''"), row(db, "SELECT 0.123456"), other(plain, "SELECT 0.123456");
  configure_digits(db, 5);
  ASSERT_EQ(SQLITE_ROW, constant.step());
  EXPECT_EQ("T0.12346", constant.value());
  db.exec("INSERT INTO t VALUES(0.123456), (0.1)");
  EXPECT_EQ("T0.12346\nT0.1", db.text("SELECT a FROM t"));
  ASSERT_EQ(SQLITE_ROW, row.step());
  ASSERT_EQ(SQLITE_ROW, other.step());
  EXPECT_STREQ("0.12346", reinterpret_cast<const char*>(subject().column_text(row.handle(), 0)));
  EXPECT_STREQ("0.123456", reinterpret_cast<const char*>(subject().column_text(other.handle(), 0)));
  EXPECT_EQ(7, subject().column_bytes(row.handle(), 0));
}

}  // namespace
}  // namespace perlite::engine_test
