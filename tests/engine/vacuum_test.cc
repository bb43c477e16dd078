// VACUUM leaves the file that stock's VACUUM leaves: the same rows, numbers of pages, roots and header values; and says
// the same where it may not.
// ctest: quick,stock Vacuum.*:VacuumInto.*:-*LeavesTheFile*
// ctest: ordinary,stock *LeavesTheFile*
// ctest: long,stock VacuumLarge.*
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

const char* const kSchema =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB, e NUMERIC);"
    "CREATE INDEX tb ON t(b);"
    "CREATE TABLE plain(x);"
    "CREATE INDEX tcd ON t(c DESC, d);"
    "CREATE TABLE w(k TEXT, n INT, v, PRIMARY KEY(k, n DESC)) WITHOUT ROWID;"
    "CREATE INDEX texpr ON t(length(b), a % 3) WHERE a > 10;"
    "CREATE VIEW early AS SELECT a, b FROM t WHERE e > 0;"
    "CREATE TABLE s(id INTEGER PRIMARY KEY AUTOINCREMENT, x UNIQUE, y DEFAULT 'dflt');"
    "CREATE TABLE g(a INT, b AS (a * 2), c TEXT AS ('g' || a) STORED);"
    "CREATE INDEX gb ON g(b);"
    "CREATE TABLE u(x UNIQUE);"
    "CREATE TABLE empty(x);"
    "CREATE INDEX wv ON w(v COLLATE RTRIM);"
    "PRAGMA user_version = 77; PRAGMA application_id = 1234567;";

const char* const kRows =
    "BEGIN;"
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
    " SELECT i, printf('%.*c%d', (i * 37) % 700, 'x', i), i / 8.0, CASE WHEN i % 5 THEN zeroblob((i * 53) % 1500) END,"
    " CASE i % 4 WHEN 0 THEN i WHEN 1 THEN i * 1.5 WHEN 2 THEN 'text' || i END FROM n;"
    "INSERT INTO t(a, b) VALUES(-5, char(228, 8364, 128512)), (9223372036854775807, ''), (-9223372036854775808, NULL);"
    "INSERT INTO t(a, b, d) VALUES(1000, printf('%.20000c', 'L'), zeroblob(30000));"
    "INSERT INTO w SELECT 'key' || (a % 30), a, b FROM t WHERE a BETWEEN 1 AND 80;"
    "INSERT INTO w VALUES(printf('%.3000c', 'K'), 1, 'long key');"
    "INSERT INTO s(x) SELECT b FROM t WHERE a BETWEEN 1 AND 40;"
    "INSERT INTO g(a) SELECT a FROM t WHERE a BETWEEN 1 AND 60;"
    "INSERT INTO plain SELECT b FROM t WHERE a BETWEEN 1 AND 60;"
    "INSERT INTO u SELECT b FROM t WHERE a BETWEEN 1 AND 60;"
    "DELETE FROM t WHERE a % 3 = 0; DELETE FROM s WHERE id % 2; DELETE FROM plain WHERE rowid % 2; DELETE FROM u WHERE "
    "rowid % 2;"
    "COMMIT;";

const char* const kLooks[] = {"PRAGMA integrity_check",
                              "PRAGMA page_size",
                              "PRAGMA auto_vacuum",
                              "PRAGMA freelist_count",
                              "PRAGMA encoding",
                              "PRAGMA user_version",
                              "PRAGMA application_id",
                              "PRAGMA schema_version",
                              "PRAGMA journal_mode",
                              "SELECT rowid, * FROM sqlite_schema ORDER BY rowid",
                              "SELECT * FROM t ORDER BY a",
                              "SELECT * FROM w ORDER BY k, n",
                              "SELECT rowid, * FROM s ORDER BY 1",
                              "SELECT * FROM sqlite_sequence ORDER BY 1",
                              "SELECT rowid, * FROM g ORDER BY 1",
                              "SELECT rowid, * FROM plain ORDER BY 1",
                              "SELECT rowid, * FROM u ORDER BY 1",
                              "SELECT b FROM t INDEXED BY tb ORDER BY b, a",
                              "SELECT c, d FROM t INDEXED BY tcd ORDER BY c DESC, d",
                              "SELECT v FROM w ORDER BY v COLLATE RTRIM"};

void make(const std::string& path, const std::string& before) {
  Database oracle(stock(), path);
  ASSERT_EQ("", oracle.exec(before));
  ASSERT_EQ("", oracle.exec(kSchema));
  ASSERT_EQ("", oracle.exec(kRows));
}

// Both files, each read by stock.
void expect_equal_files(const std::string& expected, const std::string& got, const std::string& what) {
  Database a(stock(), expected), b(stock(), got);
  for (const char* sql : kLooks) {
    const std::string before = a.text(sql), after = b.text(sql);
    if (before == after) continue;
    const std::size_t at = static_cast<std::size_t>(
        std::mismatch(before.begin(), before.end(), after.begin(), after.end()).first - before.begin());
    ADD_FAILURE() << what << ": " << sql << " at " << at << "\n  " << before.substr(at, 200) << "\n  "
                  << after.substr(at, 200);
  }
  // Neither needs more room than the other, but for what lies in interior pages.
  const long long pages =
      a.run("PRAGMA page_count").rows.at(0).at(0).size() > 0 ? std::stoll(a.text("PRAGMA page_count").substr(1)) : 0;
  const long long ours = std::stoll(b.text("PRAGMA page_count").substr(1));
  EXPECT_LE(ours, pages + pages / 20 + 2) << what;
  EXPECT_EQ(read_file(got).size(), static_cast<std::size_t>(ours * std::stoll(b.text("PRAGMA page_size").substr(1))))
      << what;
  // Header values that no pragma shows: from the freelist to the application id, and the change counter.
  const std::string one = read_file(expected), two = read_file(got);
  EXPECT_EQ(one.substr(16, 12), two.substr(16, 12)) << what;
  EXPECT_EQ(one.substr(32, 20), two.substr(32, 20)) << what;
  EXPECT_EQ(one.substr(56, 36), two.substr(56, 36)) << what;
}

struct Change {
  const char* name;
  const char* made_with;
  const char* asked;
};
constexpr Change kChanges[] = {
    {"nothing", "", ""},
    {"smaller pages", "PRAGMA page_size=8192;", "PRAGMA page_size=512;"},
    {"larger pages", "PRAGMA page_size=512;", "PRAGMA page_size=32768;"},
    {"largest pages", "PRAGMA page_size=1024;", "PRAGMA page_size=65536;"},
    {"from the largest pages", "PRAGMA page_size=65536;", "PRAGMA page_size=1024;"},
    {"auto-vacuum on", "", "PRAGMA auto_vacuum=1;"},
    {"auto-vacuum off", "PRAGMA auto_vacuum=2;", "PRAGMA auto_vacuum=0;"},
    {"auto-vacuum stays", "PRAGMA auto_vacuum=1;", ""},
    {"incremental with other pages", "PRAGMA page_size=1024;", "PRAGMA auto_vacuum=2; PRAGMA page_size=2048;"},
    {"UTF-16le", "PRAGMA encoding='UTF-16le';", ""},
    {"UTF-16be with other pages", "PRAGMA encoding='UTF-16be'; PRAGMA page_size=1024;", "PRAGMA page_size=4096;"},
    {"DELETE journal kept", "PRAGMA journal_mode=persist;", "PRAGMA journal_mode=persist;"},
    {"no journal", "", "PRAGMA journal_mode=off; PRAGMA page_size=1024;"},
    {"journal in memory", "", "PRAGMA journal_mode=memory; PRAGMA page_size=1024;"},
    {"exclusive", "", "PRAGMA locking_mode=exclusive; PRAGMA page_size=1024;"},
    {"small cache", "", "PRAGMA cache_size=10; PRAGMA page_size=16384;"},
};

TEST(Vacuum, LeavesTheFileThatStockLeaves) {
  for (const Change& change : kChanges) {
    const ScratchFile a, b;
    make(a.path(), change.made_with);
    copy_file(a.path(), b.path());
    Database oracle(stock(), a.path()), ours(subject(), b.path());
    for (Database* one : {&oracle, &ours}) {
      EXPECT_EQ("", one->exec(change.asked));
      EXPECT_EQ("", one->exec("VACUUM")) << change.name;
      // The connection goes on with the new file.
      EXPECT_EQ("", one->exec("INSERT INTO plain VALUES('after'); DELETE FROM t WHERE a = 1;")) << change.name;
      EXPECT_EQ("", one->exec("PRAGMA locking_mode=normal; SELECT 1 FROM t;"));
    }
    expect_equal_files(a.path(), b.path(), change.name);
  }
}

TEST(Vacuum, OfAnAttachedDatabase) {
  const ScratchFile a, b;
  make(a.path(), "PRAGMA page_size=1024;");
  copy_file(a.path(), b.path());
  Database oracle(stock()), ours(subject());
  const auto vacuum = [](Database& one, const std::string& path) {
    EXPECT_EQ("", one.exec("CREATE TABLE here(x); ATTACH '" + path + "' AS other; VACUUM other; DETACH other;"));
  };
  vacuum(oracle, a.path());
  vacuum(ours, b.path());
  expect_equal_files(a.path(), b.path(), "attached");
}

TEST(Vacuum, OfMemoryAndTemporaryDatabases) {
  for (const char* name : {":memory:", ""}) {
    Database oracle(stock(), name), ours(subject(), name);
    for (Database* one : {&oracle, &ours}) {
      ASSERT_EQ("", one->exec(kSchema));
      ASSERT_EQ("", one->exec(kRows));
      EXPECT_EQ("", one->exec("VACUUM; VACUUM temp; PRAGMA auto_vacuum=2; VACUUM;"));
      EXPECT_EQ("", one->exec("INSERT INTO plain VALUES('after')"));
    }
    for (const char* sql : kLooks) EXPECT_EQ(oracle.text(sql), ours.text(sql)) << sql;
  }
}

// Files of schema format 1 hold DESC indexes in ascending order; VACUUM makes format 4 of them.
TEST(Vacuum, OldFormatsGetTheirDescendingIndexes) {
  const ScratchFile a, b;
  {
    Database oracle(stock(), a.path());
    int before = 0;
    stock().db_config(oracle.handle(), SQLITE_DBCONFIG_LEGACY_FILE_FORMAT, 1, &before);
    ASSERT_EQ("", oracle.exec(kSchema));
    ASSERT_EQ("", oracle.exec(kRows));
  }
  ASSERT_EQ(read_file(a.path())[47], 1);
  copy_file(a.path(), b.path());
  EXPECT_EQ("", Database(stock(), a.path()).exec("VACUUM"));
  EXPECT_EQ("", Database(subject(), b.path()).exec("VACUUM"));
  EXPECT_EQ(read_file(b.path())[47], 4);
  expect_equal_files(a.path(), b.path(), "format 1");
}

TEST(Vacuum, ReservedBytesAreTakenThen) {
  const ScratchFile a, b;
  make(a.path(), "");
  copy_file(a.path(), b.path());
  const auto vacuum = [](const Library& library, const std::string& path) {
    Database one(library, path);
    int bytes = 32;
    EXPECT_EQ(SQLITE_OK, library.file_control(one.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes));
    EXPECT_EQ(0, bytes);
    EXPECT_EQ("", one.exec("VACUUM"));
    EXPECT_EQ("", one.exec("INSERT INTO plain VALUES('after')"));
    bytes = -1;
    EXPECT_EQ(SQLITE_OK, library.file_control(one.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes));
    EXPECT_EQ(32, bytes);
  };
  vacuum(stock(), a.path());
  vacuum(subject(), b.path());
  EXPECT_EQ(32, read_file(b.path())[20]);
  expect_equal_files(a.path(), b.path(), "reserved bytes");
}

// What the statement says where it may not run, and that nothing happened then.
std::string refusals(const Library& library, const std::string& path, const std::string& into) {
  std::string said;
  const auto note = [&](const std::string& text) { said += text + "\n"; };
  Database one(library, path);
  const std::string target = "VACUUM INTO '" + into + "'";
  one.exec("BEGIN");
  note("transaction " + one.text("VACUUM") + " " + one.text(target));
  one.exec("ROLLBACK; SAVEPOINT s");
  note("savepoint " + one.text("VACUUM"));
  one.exec("RELEASE s");
  {
    Prepared reading(one, "SELECT * FROM t");
    reading.step();
    note("active " + one.text("VACUUM") + " " + one.text(target));
  }
  note("unknown " + one.text("VACUUM nosuch"));
  note("null " + one.text("VACUUM INTO NULL") + " " + one.text("VACUUM INTO 7") + " " +
       one.text("VACUUM INTO x'4142'"));
  note("column " + one.text("VACUUM INTO nothing"));
  note("folder " + one.text("VACUUM INTO '/no/such/folder'"));
  std::ofstream(into) << "text";
  note("exists " + one.text(target));
  ::unlink(into.c_str());
  Database(stock(), into).exec("CREATE TABLE there(x)");
  note("exists " + one.text(target));
  ::unlink(into.c_str());
  one.exec("PRAGMA query_only=1");
  note("query_only " + one.text("VACUUM") + " " + one.text(target));
  one.exec("PRAGMA query_only=0");
  {
    Database other(library, path);
    other.exec("BEGIN; SELECT 1 FROM t");
    note("reader " + one.text("VACUUM"));
    other.exec("COMMIT; BEGIN IMMEDIATE");
    note("writer " + one.text("VACUUM"));
    note("into beside a writer " + one.text(target));
    other.exec("COMMIT");
  }
  ::unlink(into.c_str());
  {
    Database reader(library, path, SQLITE_OPEN_READONLY);
    note("readonly " + reader.text("VACUUM") + " " + reader.text(target));
  }
  ::unlink(into.c_str());
  one.exec("PRAGMA max_page_count=1");
  note("counts " + one.text("VACUUM") + " " + one.text("SELECT count(*) FROM t") + " " +
       one.text("PRAGMA integrity_check"));
  one.exec("PRAGMA page_size=" + std::to_string(512));
  note("version " + one.text("PRAGMA schema_version") + " " + one.text("SELECT changes(), total_changes()"));
  return said;
}

TEST(Vacuum, RefusesAsStockDoes) {
  const ScratchFile a, b, into("into");
  make(a.path(), "");
  copy_file(a.path(), b.path());
  EXPECT_EQ(refusals(stock(), a.path(), into.path()), refusals(subject(), b.path(), into.path()));
}

TEST(Vacuum, AnotherConnectionSeesTheNewFile) {
  const ScratchFile file;
  make(file.path(), "");
  Database ours(subject(), file.path()), other(subject(), file.path()), oracle(stock(), file.path());
  const std::string rows = other.text("SELECT count(*), sum(length(b)) FROM t");
  EXPECT_EQ(rows, oracle.text("SELECT count(*), sum(length(b)) FROM t"));
  Prepared kept(other, "SELECT count(*), sum(length(b)) FROM t");
  EXPECT_EQ("", ours.exec("PRAGMA page_size=1024; VACUUM;"));
  EXPECT_EQ(SQLITE_ROW, kept.step());
  EXPECT_EQ(rows, kept.value(0) + "|" + kept.value(1));
  EXPECT_EQ(rows, oracle.text("SELECT count(*), sum(length(b)) FROM t"));
  EXPECT_EQ("I1024", other.text("PRAGMA page_size"));
  // And back, by stock.
  kept.reset();
  EXPECT_EQ("", oracle.exec("PRAGMA page_size=8192; VACUUM;"));
  EXPECT_EQ(rows, ours.text("SELECT count(*), sum(length(b)) FROM t"));
  EXPECT_EQ("I8192", ours.text("PRAGMA page_size"));
}

TEST(Vacuum, AnInterruptLeavesTheFileAsItWas) {
  const ScratchFile file;
  make(file.path(), "");
  const std::string before = read_file(file.path());
  Database ours(subject(), file.path());
  EXPECT_EQ("", ours.exec("SELECT count(*) FROM t; PRAGMA page_size=1024; PRAGMA cache_size=10;"));
  subject().progress_handler(
      ours.handle(), 100, [](void*) { return 1; }, nullptr);
  EXPECT_EQ("error 9: interrupted", ours.text("VACUUM"));
  subject().progress_handler(ours.handle(), 0, nullptr, nullptr);
  EXPECT_EQ(before, read_file(file.path()));
  EXPECT_EQ("", ours.exec("VACUUM"));
  EXPECT_EQ("Tok", Database(stock(), file.path()).text("PRAGMA integrity_check"));
}

TEST(VacuumInto, LeavesTheFileThatStockLeaves) {
  for (const Change& change : kChanges) {
    if (std::string(change.asked).find("journal_mode") != std::string::npos) continue;
    const ScratchFile file, a("into"), b("into");
    make(file.path(), change.made_with);
    const std::string before = read_file(file.path());
    const auto copy = [&](const Library& library, const std::string& target) {
      Database one(library, file.path());
      EXPECT_EQ("", one.exec(std::string(change.asked) + "VACUUM INTO '" + target + "'")) << change.name;
    };
    copy(stock(), a.path());
    copy(subject(), b.path());
    EXPECT_EQ(before, read_file(file.path()));
    expect_equal_files(a.path(), b.path(), change.name);
  }
}

TEST(VacuumInto, TakesExpressionsParametersAndUris) {
  const ScratchFile file, into("into");
  make(file.path(), "");
  for (const Library* library : {&stock(), &subject()}) {
    Database one(*library, file.path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI);
    {
      Prepared statement(one, "VACUUM INTO ?1 || ?2");
      const std::string head = into.path().substr(0, 5), tail = into.path().substr(5);
      library->bind_text(statement.handle(), 1, head.c_str(), -1, SQLITE_TRANSIENT);
      library->bind_text(statement.handle(), 2, tail.c_str(), -1, SQLITE_TRANSIENT);
      EXPECT_EQ(SQLITE_DONE, statement.step());
      EXPECT_EQ(SQLITE_ERROR, statement.step());
    }
    into.remove();
    std::ofstream(into.path()).close();  // an empty file will do
    EXPECT_EQ("", one.exec("VACUUM INTO 'file:" + into.path() + "?mode=rw'"));
    EXPECT_EQ("Tok", Database(stock(), into.path()).text("PRAGMA integrity_check"));
    into.remove();
    EXPECT_EQ("", one.exec("VACUUM INTO ':memory:'; VACUUM INTO '';"));
  }
  Database one(subject(), file.path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI);
  EXPECT_EQ("", one.exec("VACUUM INTO 'file:" + into.path() + "?reserve=8'"));
  EXPECT_EQ(8, read_file(into.path())[20]);
  EXPECT_EQ("Tok", Database(stock(), into.path()).text("PRAGMA integrity_check"));
}

TEST(VacuumInto, TheAuthorizerIsAskedForTheFile) {
  const ScratchFile file, into("into");
  make(file.path(), "");
  for (const Library* library : {&stock(), &subject()}) {
    Database one(*library, file.path());
    library->set_authorizer(
        one.handle(),
        [](void*, int what, const char*, const char*, const char*, const char*) {
          return what == SQLITE_ATTACH ? SQLITE_DENY : SQLITE_OK;
        },
        nullptr);
    EXPECT_EQ("error 23: authorization denied", one.text("VACUUM INTO '" + into.path() + "'"));
  }
}

// Past 1 GiB the lock-byte page moves with the page size, and what lay beside it must find its place.
TEST(VacuumLarge, AcrossTheLockByte) {
  const ScratchFile file;
  {
    Database oracle(stock(), file.path());
    ASSERT_EQ("",
              oracle.exec("PRAGMA page_size=65536; PRAGMA journal_mode=off; PRAGMA synchronous=off; CREATE TABLE t(a "
                          "INTEGER PRIMARY KEY, b); BEGIN;"
                          "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1080)"
                          " SELECT i, zeroblob(1000000 + i) FROM n; COMMIT; DELETE FROM t WHERE a < 3;"));
  }
  Database ours(subject(), file.path());
  for (const char* size : {"16384", "65536", "32768"}) {
    EXPECT_EQ("", ours.exec(std::string("PRAGMA synchronous=off; PRAGMA page_size=") + size + "; VACUUM;"));
    Database oracle(stock(), file.path());
    EXPECT_EQ("Tok", oracle.text("PRAGMA integrity_check")) << size;
    EXPECT_EQ("I1078|I1078583737", oracle.text("SELECT count(*), sum(length(b)) FROM t")) << size;
  }
}

}  // namespace
}  // namespace perlite::engine_test
