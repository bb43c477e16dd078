// Another process alters the schema while statements are prepared and half stepped: the same answers as the oracle's.
// ctest: quick,stock
#include <sys/wait.h>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

// Runs SQL on a file by the stock library in a process of its own: this program, started again (see kIsElsewhere).
std::string elsewhere(const std::string& path, const std::string& sql) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], 2);
    ::close(ends[0]);
    ::close(ends[1]);
    ::setenv("ENGINE_ELSEWHERE_FILE", path.c_str(), 1);
    ::setenv("ENGINE_ELSEWHERE_SQL", sql.c_str(), 1);
    char self[] = "/proc/self/exe", name[] = "elsewhere";
    char* const arguments[] = {name, nullptr};
    ::execv(self, arguments);
    ::_exit(9);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[1000];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return text;
}

struct Move {
  const char* name;
  const char* prepared;     // prepared and stepped `steps` times before
  int steps;
  const char* there;        // done by the other process
  bool reset_before;        // the statement gives its lock back first
  const char* then;         // run here afterwards, before the statement goes on
};

const Move kMoves[] = {
    {"prepared only, table gets a column", "SELECT * FROM t ORDER BY a", 0, "DROP TABLE t; CREATE TABLE t(a, b, c); INSERT INTO t VALUES(7,8,9)", false, ""},
    {"prepared only, table is gone", "SELECT * FROM t ORDER BY a", 0, "DROP TABLE t", false, ""},
    {"prepared only, index is new", "SELECT a FROM t WHERE b = 'two'", 0, "CREATE INDEX tb ON t(b)", false, ""},
    {"prepared only, index in use is gone", "SELECT a FROM t WHERE u = 2", 0, "DROP INDEX tu", false, ""},
    {"prepared only, other root pages", "SELECT a FROM t ORDER BY a", 0, "CREATE TABLE z AS SELECT * FROM t; DROP TABLE t; CREATE TABLE y(q); CREATE TABLE t(a, b, u); INSERT INTO t SELECT a + 100, b, u FROM z", false, ""},
    {"prepared only, table becomes a view", "SELECT a FROM t ORDER BY a", 0, "DROP TABLE t; CREATE VIEW t AS SELECT 42 AS a", false, ""},
    {"half stepped, the writer waits", "SELECT a FROM t ORDER BY a", 1, "DROP TABLE t", false, ""},
    {"half stepped, then reset", "SELECT a FROM t ORDER BY a", 1, "DROP TABLE t; CREATE TABLE t(a); INSERT INTO t VALUES('fresh')", true, ""},
    {"insert, table got a column", "INSERT INTO t(a, b, u) VALUES(9, 'nine', 9)", 0, "DROP TABLE t; CREATE TABLE t(u UNIQUE, b DEFAULT 5, a, x DEFAULT 'x')", false, ""},
    {"insert, new unique index", "INSERT INTO t(a, b, u) VALUES(9, 'one', 9)", 0, "CREATE UNIQUE INDEX tnew ON t(b)", false, ""},
    {"insert without columns, table got one", "INSERT INTO t VALUES(9, 'nine', 9)", 0, "DROP TABLE t; CREATE TABLE t(a, b, u, more)", false, ""},
    {"update, new index", "UPDATE t SET b = b || '!'", 0, "CREATE INDEX tnew ON t(b)", false, ""},
    {"delete, table is new", "DELETE FROM t WHERE a = 1", 0, "DROP TABLE t; CREATE TABLE t(a TEXT); INSERT INTO t VALUES(1), ('1')", false, ""},
    {"data only", "SELECT a, b FROM t ORDER BY a", 0, "INSERT INTO t VALUES(50, 'fifty', 50)", false, ""},
    {"view changes", "SELECT * FROM v ORDER BY 1", 0, "DROP VIEW v; CREATE VIEW v AS SELECT b, a, u FROM t", false, ""},
    {"in a transaction here", "SELECT a FROM t ORDER BY a", 0, "CREATE TABLE other(x)", false, "BEGIN; SELECT count(*) FROM other; COMMIT"},
    {"drop here after a change there", "SELECT 1", 0, "CREATE TABLE extra(x); DROP INDEX tu", false, "DROP TABLE t"},
    {"create here what was created there", "SELECT 1", 0, "CREATE TABLE extra(x)", false, "CREATE TABLE extra(y)"},
    {"drop here what was dropped there", "SELECT 1", 0, "DROP TABLE t", false, "DROP TABLE t"},
    {"encoding of an empty file", "SELECT 'x' || char(228)", 0, "PRAGMA user_version = 5", false, "PRAGMA user_version"},
    {"user_version", "PRAGMA user_version", 0, "PRAGMA user_version = 77", false, ""},
    {"schema_version alone", "SELECT a FROM t ORDER BY a", 0, "PRAGMA schema_version = 1234", false, "PRAGMA schema_version"},
};

std::string moved(const Library& library, const Move& move) {
  ScratchFile file("schema");
  {
    Database db(stock(), file.path());
    db.exec("CREATE TABLE t(a, b, u); CREATE UNIQUE INDEX tu ON t(u);"
            "INSERT INTO t VALUES(1, 'one', 1), (2, 'two', 2), (3, 'three', 3); CREATE VIEW v AS SELECT a, b FROM t");
  }
  Database db(library, file.path());
  std::string log;
  {
    Prepared statement(db, move.prepared);
    log += "prepare " + std::to_string(statement.code());
    for (int i = 0; i < move.steps; ++i) {
      log += ", step " + std::to_string(statement.step());
    }
    if (move.reset_before) log += ", reset " + std::to_string(statement.reset());
    log += "\nthere: " + elsewhere(file.path(), move.there);
    log += "\nthen: " + db.exec(move.then) + "\n";
    for (int i = 0; i < 10; ++i) {
      const int code = statement.step();
      log += "step " + std::to_string(code);
      if (code != SQLITE_ROW) {
        if (code != SQLITE_DONE) log += std::string(" ") + library.errmsg(db.handle());
        break;
      }
      for (int c = 0; c < library.column_count(statement.handle()); ++c) {
        log += std::string(" ") + library.column_name(statement.handle(), c) + "=" + statement.value(c);
      }
      log += "\n";
    }
    log += "\nreset " + std::to_string(statement.reset()) + ", prepared again " + std::to_string(statement.counter(SQLITE_STMTSTATUS_REPREPARE));
  }
  for (const char* sql : {"SELECT name, type, sql FROM sqlite_schema ORDER BY name", "SELECT * FROM t ORDER BY 1", "PRAGMA integrity_check"}) {
    log += std::string("\n") + sql + ": " + db.text(sql);
  }
  return log;
}

TEST(SchemaMoves, AnswersAreTheOracles) {
  for (const Move& move : kMoves) {
    expect_same(std::string("schema moves: ") + move.name, moved(stock(), move), moved(subject(), move));
  }
}

}  // namespace

// The other process.
int elsewhere_main(const char* path, const char* sql) {
  Database db(stock(), path);
  const std::string fault = db.exec(sql);
  const auto written = ::write(2, fault.data(), fault.size());
  return written >= 0 ? 0 : 1;
}

// Before any test runs: a process started by elsewhere() does its work and ends.
const bool kIsElsewhere = [] {
  const char* path = ::getenv("ENGINE_ELSEWHERE_FILE");
  if (path != nullptr) ::_exit(elsewhere_main(path, ::getenv("ENGINE_ELSEWHERE_SQL")));
  return false;
}();

}  // namespace perlite::engine_test
