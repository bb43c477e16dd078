// Files go both ways: what one engine wrote, the other reads, checks and changes, and the first finds whole again.
// ctest: quick,stock *Sample*:*Data*
// ctest: ordinary,stock *Matrix.*
#include <filesystem>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

struct FileShape {
  int page_size, reserved;
  const char* encoding;
  int auto_vacuum, format;

  std::string name() const {
    return "page size " + std::to_string(page_size) + ", reserved " + std::to_string(reserved) + ", " + encoding + ", auto_vacuum " +
           std::to_string(auto_vacuum) + ", format " + std::to_string(format);
  }
};

// 288 shapes.
std::vector<FileShape> shapes() {
  std::vector<FileShape> all;
  for (int page_size = 512; page_size <= 65536; page_size *= 2) {
    for (const char* encoding : {"UTF-8", "UTF-16le", "UTF-16be"}) {
      for (int auto_vacuum = 0; auto_vacuum < 3; ++auto_vacuum) {
        for (int format : {1, 4}) {
          all.push_back({page_size, 0, encoding, auto_vacuum, format});
          all.push_back({page_size, page_size == 512 ? 32 : (auto_vacuum == 0 ? 255 : 8), encoding, auto_vacuum, format});
        }
      }
    }
  }
  return all;
}

const char* const kSchema =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB, e NUMERIC);"
    "CREATE INDEX tb ON t(b);"
    "CREATE INDEX tcd ON t(c DESC, d);"
    "CREATE INDEX tnc ON t(b COLLATE NOCASE, e DESC);"
    "CREATE INDEX tpart ON t(e) WHERE a > 10;"
    "CREATE INDEX texpr ON t(length(b), a % 3);"
    "CREATE UNIQUE INDEX tu ON t(a, b);"
    "CREATE TABLE w(k TEXT, n INT, v, PRIMARY KEY(k, n DESC)) WITHOUT ROWID;"
    "CREATE INDEX wv ON w(v COLLATE RTRIM);"
    "CREATE TABLE s(id INTEGER PRIMARY KEY AUTOINCREMENT, x UNIQUE, y DEFAULT 'dflt');"
    "CREATE TABLE g(a INT, b AS (a * 2), c TEXT AS ('g' || a) STORED);"
    "CREATE INDEX gb ON g(b);"
    "CREATE TABLE strict_one(a INT, b TEXT, c REAL, d ANY) STRICT;"
    "CREATE TABLE empty(x);"
    "CREATE TABLE gone(x);"
    "CREATE VIEW v AS SELECT a, b FROM t WHERE e > 0;";

const char* const kRows =
    "BEGIN;"
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)"
    " SELECT i, printf('%.*c%d', (i * 37) % 700, 'x', i), i / 8.0, CASE WHEN i % 5 THEN zeroblob((i * 53) % 1500) END,"
    " CASE i % 4 WHEN 0 THEN i WHEN 1 THEN i * 1.5 WHEN 2 THEN 'text' || i END FROM n;"
    "INSERT INTO t(a, b) VALUES(-5, char(228, 8364, 128512)), (9223372036854775807, ''), (-9223372036854775808, NULL);"
    "INSERT INTO t(a, b, d) VALUES(1000, printf('%.20000c', 'L'), zeroblob(30000));"
    "INSERT INTO w SELECT 'key' || (a % 30), a, b FROM t WHERE a BETWEEN 1 AND 80;"
    "INSERT INTO w VALUES(printf('%.3000c', 'K'), 1, 'long key'), (char(228), 2, 'other');"
    "INSERT INTO s(x) SELECT b FROM t WHERE a BETWEEN 1 AND 20;"
    "INSERT INTO g(a) SELECT a FROM t WHERE a < 40;"
    "INSERT INTO strict_one VALUES(1, 'x', 2, 3), (2, 'y', 2.5, x'00'), (NULL, NULL, NULL, 'any');"
    "INSERT INTO gone SELECT zeroblob(3000) FROM t LIMIT 20;"
    "DELETE FROM t WHERE a % 11 = 0;"
    "DROP TABLE gone;"
    "COMMIT;";

// Changes of the other engine; one statement an entry.
const char* const kChanges[] = {
    "INSERT INTO t(a, b, c, d, e) VALUES(7000, 'added', 0.125, x'0102', 7)",
    "INSERT INTO t SELECT a + 2000, b || 'copy', c, d, e FROM t WHERE a BETWEEN 1 AND 40",
    "UPDATE t SET b = upper(b), e = a WHERE a % 7 = 0",
    "UPDATE t SET d = zeroblob(9000) WHERE a = 3",
    "UPDATE t SET d = NULL, b = 'short' WHERE a = 1000",
    "UPDATE t SET a = a + 5000 WHERE a BETWEEN 50 AND 60",
    "DELETE FROM t WHERE a BETWEEN 10 AND 25",
    "REPLACE INTO t(a, b) VALUES(1, 'replaced')",
    "BEGIN",
    "INSERT INTO w SELECT k || '+', n, v FROM w",
    "DELETE FROM w WHERE n % 2",
    "COMMIT",
    "UPDATE w SET v = k || v WHERE k < 'key2'",
    "BEGIN",
    "DELETE FROM w",
    "ROLLBACK",
    "INSERT INTO s(x) VALUES('seq')",
    "INSERT INTO s(x, y) SELECT x || y, y FROM s",
    "DELETE FROM g WHERE b > 50",
    "UPDATE g SET a = a + 1",
    "CREATE TABLE later(a PRIMARY KEY, b COLLATE NOCASE UNIQUE)",
    "INSERT INTO later SELECT a, b FROM t WHERE b NOT NULL AND a > 60 GROUP BY lower(b)",
    "CREATE INDEX laterb ON later(b DESC, a) WHERE a > 70",
    "CREATE INDEX td ON t(d)",
    "DROP INDEX tb",
    "DROP TABLE strict_one",
    "DROP TABLE empty",
    "PRAGMA incremental_vacuum(5)",
    "SAVEPOINT s",
    "INSERT INTO empty VALUES(1)",
    "DELETE FROM t",
    "ROLLBACK TO s",
    "RELEASE s",
    "PRAGMA user_version = 12",
};

const char* const kQueries[] = {
    "SELECT * FROM t ORDER BY a",
    "SELECT a, b FROM t ORDER BY b, a",
    "SELECT a, c FROM t ORDER BY c DESC, a",
    "SELECT a FROM t WHERE b COLLATE NOCASE >= 'X' ORDER BY b COLLATE NOCASE, e DESC, a",
    "SELECT a FROM t INDEXED BY tpart WHERE a > 10 AND e > 5 ORDER BY e, a",
    "SELECT a FROM t WHERE length(b) = 51 ORDER BY a",
    "SELECT count(*), sum(length(b)), sum(length(d)), max(a), min(a) FROM t",
    "SELECT * FROM w ORDER BY k, n",
    "SELECT k, n FROM w WHERE k = 'key7' ORDER BY n DESC",
    "SELECT k FROM w WHERE v LIKE 'other%' ORDER BY k",
    "SELECT * FROM s ORDER BY id",
    "SELECT id FROM s WHERE x = 'seq'",
    "SELECT * FROM g ORDER BY a",
    "SELECT a FROM g WHERE b = 20 ORDER BY a",
    "SELECT * FROM v ORDER BY a",
    "SELECT * FROM sqlite_sequence",
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name",
    "SELECT * FROM strict_one ORDER BY a",
    "SELECT * FROM later ORDER BY a",
    "SELECT b FROM later WHERE a > 70 ORDER BY b DESC, a",
    "PRAGMA page_size",
    "PRAGMA encoding",
    "PRAGMA auto_vacuum",
    "PRAGMA user_version",
    "PRAGMA page_count",
    "PRAGMA freelist_count",
};

std::string create(const Library& library, const std::string& path, const FileShape& shape) {
  Database db(library, path);
  int reserved = shape.reserved;
  library.db_config(db.handle(), SQLITE_DBCONFIG_LEGACY_FILE_FORMAT, shape.format == 1 ? 1 : 0, nullptr);
  library.file_control(db.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  std::string fault = db.exec("PRAGMA page_size = " + std::to_string(shape.page_size) + "; PRAGMA encoding = '" + shape.encoding +
                              "'; PRAGMA auto_vacuum = " + std::to_string(shape.auto_vacuum) + "; PRAGMA synchronous = OFF");
  fault += db.exec(kSchema);
  fault += db.exec(kRows);
  return fault;
}

std::string change(const Library& library, const std::string& path) {
  Database db(library, path);
  std::string fault = db.exec("PRAGMA synchronous = OFF");
  std::string log;
  for (const char* sql : kChanges) {
    const Answer answer = db.run(sql);
    log += std::to_string(answer.code) + " " + answer.message + " " + std::to_string(answer.changes) + "\n";
  }
  return log + fault;
}

// All queries' answers; a page count may differ, since the format leaves the distribution of cells to the writer.
std::vector<std::string> contents(const Library& library, const std::string& path, bool with_counts) {
  Database db(library, path, SQLITE_OPEN_READONLY);
  std::vector<std::string> all;
  for (const std::string sql : kQueries) {
    if (!with_counts && (sql == "PRAGMA page_count" || sql == "PRAGMA freelist_count")) continue;
    all.push_back(sql + " -> " + db.text(sql));
  }
  return all;
}

std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] != b[i]) {
      std::size_t at = 0;
      while (at < a[i].size() && at < b[i].size() && a[i][at] == b[i][at]) ++at;
      const std::size_t from = at < 60 ? 0 : at - 60;
      return a[i].substr(0, a[i].find(" -> ")) + "\n  expected ..." + a[i].substr(from, 200) + "\n  got      ..." + b[i].substr(from, 200);
    }
  }
  return "";
}

std::string check(const Library& library, const std::string& path) {
  Database db(library, path);
  const std::string answer = db.text("PRAGMA integrity_check");
  return answer == "Tok" ? "" : "integrity_check: " + answer.substr(0, 500);
}

// The fault of one shape in one direction, or "".
std::string travel(const Library& writer, const Library& changer, const FileShape& shape) {
  ScratchFile file("files"), reference("files");
  if (const std::string fault = create(writer, file.path(), shape); !fault.empty()) return "create: " + fault;
  const std::string header = read_file(file.path()).substr(0, 100);
  if (header.size() < 100) return "no header";
  if (static_cast<unsigned char>(header[20]) != shape.reserved) return "reserved bytes not as asked";
  if (header[47] != shape.format) return "format is " + std::to_string(header[47]);
  if (const std::string fault = check(changer, file.path()); !fault.empty()) return "as written: " + fault;
  if (const std::string fault = check(stock(), file.path()); !fault.empty()) return "as written, stock says: " + fault;
  if (std::string fault = first_difference(contents(stock(), file.path(), true), contents(subject(), file.path(), true)); !fault.empty()) {
    return "as written: " + fault;
  }
  // Changed by the other, it holds what it holds when stock changes a copy.
  copy_file(file.path(), reference.path());
  const std::string log = change(changer, file.path());
  const std::string expected = change(stock(), reference.path());
  if (log != expected) return "changes: expected\n" + expected + "got\n" + log;
  if (const std::string fault = check(stock(), file.path()); !fault.empty()) return "changed, stock says: " + fault;
  if (const std::string fault = check(subject(), file.path()); !fault.empty()) return "changed: " + fault;
  if (std::string fault = first_difference(contents(stock(), reference.path(), false), contents(stock(), file.path(), false)); !fault.empty()) {
    return "changed: " + fault;
  }
  if (std::string fault = first_difference(contents(stock(), file.path(), true), contents(subject(), file.path(), true)); !fault.empty()) {
    return "changed, read again: " + fault;
  }
  return "";
}

void matrix(const Library& writer, const Library& changer, std::size_t each) {
  int failed = 0;
  const std::vector<FileShape> all = shapes();
  for (std::size_t i = 0; i < all.size(); i += each) {
    const FileShape& shape = all[i];
    const std::string fault = travel(writer, changer, shape);
    const bool known = KnownDifferences::get().contains({"files: " + shape.name() + (&writer == &stock() ? ", written by stock" : ", written here"), "-"});
    if (known == !fault.empty()) continue;
    if (++failed <= 8) ADD_FAILURE() << shape.name() << ": " << fault;
  }
  EXPECT_EQ(failed, 0) << "of " << all.size() / each << " shapes";
}

TEST(FilesMatrix, WrittenByStockChangedHere) { matrix(stock(), subject(), 1); }
TEST(FilesMatrix, WrittenHereChangedByStock) { matrix(subject(), stock(), 1); }
TEST(FilesSample, WrittenByStockChangedHere) { matrix(stock(), subject(), 13); }
TEST(FilesSample, WrittenHereChangedByStock) { matrix(subject(), stock(), 13); }

// The collected databases open, and answer as the oracle says.
class Data : public testing::TestWithParam<const char*> {};

TEST_P(Data, QueriesEqualTheOracles) {
  const char* shared = ::getenv("PERLITE_SHARED");
  const std::string source = std::string(shared != nullptr ? shared : std::string(test::places.source) + "/../shared") + "/data/" + GetParam() + ".db";
  if (::access(source.c_str(), R_OK) != 0) GTEST_SKIP() << "no " << source;
  ScratchFile file("data");
  copy_file(source, file.path());
  Comparison comparison;
  // NAME-VARIANT.db holds what NAME.db holds, in another form.
  const std::string script = std::string(GetParam()).substr(0, std::string_view(GetParam()).find('-'));
  for (const Case& one : read_script(std::string(test::places.source) + "/tests/engine/data/" + script + ".sql")) {
    comparison.run(one, file.path());
  }
  comparison.finish();
}
INSTANTIATE_TEST_SUITE_P(All, Data, testing::Values("chinook", "chinook-utf16-1k", "northwind", "geo", "vectors"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase_if(name, [](char c) { return c == '-'; });
                           return name;
                         });

}  // namespace
}  // namespace perlite::engine_test
