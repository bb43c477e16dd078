// Statements at the limits and beyond end in rows or in the error with its text, on a large and on a small stack, and
// never in a crash: each runs in a process of its own.
// ctest: quick,stock
#include <time.h>

#include "tests/engine/child.h"
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string all;
  all.reserve(text.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string numbered(const std::string& before, const std::string& after, int count, const char* between = ",") {
  std::string all;
  for (int i = 0; i < count; ++i) all += (i == 0 ? "" : between) + before + std::to_string(i) + after;
  return all;
}

// What a script answers: the rows of its last statement, or the first error.
std::string outcome(const Library& library, const std::vector<std::string>& script) {
  Database db(library);
  std::string last = "nothing";
  for (const std::string& sql : script) {
    const Answer answer = db.run(sql);
    if (answer.code != SQLITE_OK) return "error " + std::to_string(answer.code) + ": " + answer.message.substr(0, 200);
    last = std::to_string(answer.rows.size()) + " rows";
    if (!answer.rows.empty() && !answer.rows[0].empty()) last += ", first " + answer.rows[0][0].substr(0, 100);
  }
  return last;
}

struct LimitCase {
  const char* name;
  std::vector<std::string> script;
  const char* expected;  // "" for any answer: the child must only survive
};

std::vector<LimitCase> limit_cases() {
  const auto recursion = "error 1: Recursion limit";
  const auto too_deep = "error 1: Expression tree is too large (maximum depth 1000)";
  return {
      {"sum of depth 1000", {"SELECT " + repeated("1+", 999) + "1"}, "1 rows, first I1000"},
      {"sum of depth 1001", {"SELECT " + repeated("1+", 1000) + "1"}, too_deep},
      {"NOT of depth 1000", {"SELECT " + repeated("NOT ", 999) + "1"}, "1 rows, first I0"},
      {"NOT of depth 1001", {"SELECT " + repeated("NOT ", 1000) + "1"}, too_deep},
      {"100,000 minus signs", {"SELECT " + repeated("- ", 100000) + "1"}, recursion},
      {"1,001 minus signs", {"SELECT " + repeated("- ", 1001) + "1"}, too_deep},
      {"100,000 terms", {"SELECT " + repeated("1+", 100000) + "1"}, too_deep},
      {"100,000 ANDs", {"SELECT " + repeated("1 AND ", 100000) + "1"}, too_deep},
      {"100 parentheses", {"SELECT " + repeated("(", 100) + "1" + repeated(")", 100)}, "1 rows, first I1"},
      {"100,000 parentheses", {"SELECT " + repeated("(", 100000) + "1" + repeated(")", 100000)}, recursion},
      {"100,000 open parentheses", {"SELECT " + repeated("(", 100000)}, recursion},
      {"100,000 nested functions", {"SELECT " + repeated("abs(", 100000) + "1" + repeated(")", 100000)}, recursion},
      {"100,000 nested SELECTs", {"SELECT " + repeated("(SELECT ", 100000) + "1" + repeated(")", 100000)}, recursion},
      {"900 nested functions", {"SELECT " + repeated("abs(", 900) + "1" + repeated(")", 900)}, ""},
      {"400 nested functions", {"SELECT " + repeated("abs(", 400) + "-7" + repeated(")", 400)}, "1 rows, first I7"},
      {"43 nested SELECTs", {"SELECT " + repeated("(SELECT ", 43) + "1" + repeated(")", 43)}, "1 rows, first I1"},
      {"200 nested SELECTs", {"SELECT " + repeated("(SELECT ", 200) + "1" + repeated(")", 200)}, too_deep},
      {"400 nested FROM", {"SELECT * FROM " + repeated("(SELECT * FROM ", 400) + "(SELECT 1)" + repeated(")", 400)}, "1 rows, first I1"},
      {"10,000 nested FROM", {"SELECT * FROM " + repeated("(SELECT * FROM ", 10000) + "(SELECT 1)" + repeated(")", 10000)}, recursion},
      {"1,000 joins in parentheses", {"SELECT count(*) FROM " + repeated("(", 1000) + "(SELECT 1)" + repeated(")", 1000)}, "1 rows, first I1"},
      {"400 nested WITH", {repeated("WITH a AS (", 400) + "SELECT 1" + repeated(") SELECT * FROM a", 400)}, "1 rows, first I1"},
      {"10,000 nested WITH", {repeated("WITH a AS (", 10000) + "SELECT 1" + repeated(") SELECT * FROM a", 10000)}, recursion},
      {"200 windows in windows", {"SELECT " + repeated("sum(1) OVER (ORDER BY ", 200) + "1" + repeated(")", 200)}, ""},
      {"equal of depth 1000", {"SELECT " + repeated("a = ", 998) + "1 FROM (SELECT 1 AS a)"}, "1 rows, first I1"},
      {"AND of depth 1000", {"SELECT count(*) FROM (SELECT 1 AS a) WHERE " + repeated("a = 1 AND ", 997) + "1"}, "1 rows, first I1"},
      {"OR of depth 1000", {"SELECT count(*) FROM (SELECT 1 AS a) WHERE " + repeated("a = 2 OR ", 997) + "1"}, "1 rows, first I1"},
      {"a key of depth 1000",
       {"SELECT " + repeated("a + ", 998) + "1 FROM (SELECT 1 AS a) GROUP BY " + repeated("a + ", 998) + "1"},
       "1 rows, first I999"},
      {"200 nested FROM", {"SELECT * FROM " + repeated("(SELECT * FROM ", 200) + "(SELECT 1)" + repeated(")", 200)}, "1 rows, first I1"},
      {"nested CASE", {"SELECT " + repeated("CASE WHEN 1 THEN ", 300) + "5" + repeated(" END", 300)}, "1 rows, first I5"},
      {"10,000 nested CASE", {"SELECT " + repeated("CASE WHEN 1 THEN ", 10000) + "5" + repeated(" END", 10000)}, recursion},
      {"nested IN", {"SELECT " + repeated("1 IN (", 10000) + "1" + repeated(")", 10000)}, recursion},
      {"2,000 columns", {"CREATE TABLE t(" + numbered("c", "", 2000) + ")", "INSERT INTO t(c1999) VALUES('last')", "SELECT c1999 FROM t"},
       "1 rows, first Tlast"},
      {"2,000 columns selected", {"CREATE TABLE t(" + numbered("c", "", 2000) + ")", "INSERT INTO t VALUES(" + numbered("", "", 2000) + ")", "SELECT * FROM t"},
       "1 rows, first I0"},
      {"2,001 columns", {"CREATE TABLE t(" + numbered("c", "", 2001) + ")"}, "error 1: too many columns on t"},
      {"2,000 result columns", {"SELECT " + numbered("", "", 2000)}, "1 rows, first I0"},
      {"2,001 result columns", {"SELECT " + numbered("", "", 2001)}, "error 1: too many columns in result set"},
      {"2,000 index columns", {"CREATE TABLE t(a)", "CREATE INDEX i ON t(" + numbered("a+", "", 2000) + ")", "INSERT INTO t VALUES(1)", "PRAGMA integrity_check"},
       "1 rows, first Tok"},
      {"variable 32766", {"SELECT ?32766"}, "1 rows, first N"},
      {"variable 32767", {"SELECT ?32767"}, "error 1: variable number must be between ?1 and ?32766"},
      {"all variables", {"SELECT 1 WHERE 1 IN (" + numbered("?", "", 1).substr(0, 1) + repeated(",?", 32765) + ")"}, "0 rows"},
      {"one variable too many", {"SELECT 1 WHERE 1 IN (?" + repeated(",?", 32766) + ")"}, "error 1: too many SQL variables"},
      {"500 compound arms", {"SELECT 1" + repeated(" UNION ALL SELECT 1", 499)}, "500 rows, first I1"},
      {"500 distinct arms", {numbered("SELECT ", "", 500, " UNION ")}, "500 rows, first I0"},
      {"501 compound arms", {"SELECT 1" + repeated(" UNION ALL SELECT 1", 500)}, "error 1: too many terms in compound SELECT"},
      {"VALUES of 20,000 rows", {"CREATE TABLE t(a)", "INSERT INTO t VALUES" + numbered("(", ")", 20000), "SELECT count(*) FROM t"}, "1 rows, first I20000"},
      {"IN of 20,000", {"SELECT 19999 IN (" + numbered("", "", 20000) + ")"}, "1 rows, first I1"},
      {"127 arguments", {"SELECT max(" + numbered("", "", 127) + ")"}, "1 rows, first I126"},
      {"1,001 arguments", {"SELECT max(" + numbered("", "", 1001) + ")"}, "error 1: too many arguments on function max"},
      {"65 tables", {"CREATE TABLE t(a)", "SELECT count(*) FROM " + numbered("t AS t", "", 65)}, "error 1: at most 64 tables in a join"},
      {"2,001 ORDER BY terms", {"SELECT 1 ORDER BY " + numbered("1+", "", 2001)}, "error 1: too many terms in ORDER BY clause"},
      {"2,001 GROUP BY terms", {"SELECT 1 GROUP BY " + numbered("1+", "", 2001)}, "error 1: too many terms in GROUP BY clause"},
      {"LIKE pattern", {"SELECT 'a' LIKE printf('%.50001c', '%')"}, "error 1: LIKE or GLOB pattern too complex"},
      {"slow LIKE", {"SELECT printf('%.100c', 'a') LIKE '%a%a%a%b'"}, "1 rows, first I0"},
      {"zeroblob too big", {"SELECT length(zeroblob(1000000001))"}, "error 18: string or blob too big"},
      {"a view in a view, 300 times",
       [] {
         std::vector<std::string> script{"CREATE TABLE v0(a)", "INSERT INTO v0 VALUES(5)"};
         for (int i = 1; i <= 300; ++i) {
           script.push_back("CREATE VIEW v" + std::to_string(i) + " AS SELECT a + 1 AS a FROM v" + std::to_string(i - 1));
         }
         script.push_back("SELECT a FROM v300");
         return script;
       }(),
       "1 rows, first I305"},
      {"recursive depth", {"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT max(n) FROM c"}, "1 rows, first I100000"},
  };
}

TEST(Limits, EndInRowsOrInTheirError) {
  for (const LimitCase& one : limit_cases()) {
    for (const std::size_t stack : {std::size_t{8} << 20, std::size_t{256} << 10}) {
      if (subject_is_stock() && stack < (1u << 20)) continue;
      const std::string got = in_child([&] { return outcome(subject(), one.script); }, stack);
      const std::string name = std::string("limit: ") + one.name + ", stack " + std::to_string(stack >> 10) + " KB";
      expect_same(name, *one.expected != '\0' ? one.expected : died(got) ? "no crash" : got, got);
    }
  }
}

double cpu_ms() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// A join of 64 tables is planned in 200 ms: chain, star and no condition at all. Debug builds get five times that.
TEST(Limits, JoinOf64TablesIsPlannedInTime) {
  for (const char* shape : {"chain", "star", "none"}) {
    Database db(subject());
    std::string from, where;
    for (int i = 0; i < 64; ++i) {
      const std::string n = std::to_string(i);
      ASSERT_EQ(db.exec("CREATE TABLE t" + n + "(a INTEGER PRIMARY KEY, b, c); CREATE INDEX i" + n + " ON t" + n + "(b); INSERT INTO t" +
                        n + " VALUES(1, 1, 1)"),
                "");
      from += (i == 0 ? "t" : ", t") + n;
      if (i > 0 && std::string(shape) == "chain") where += " AND t" + n + ".b = t" + std::to_string(i - 1) + ".a";
      if (i > 0 && std::string(shape) == "star") where += " AND t" + n + ".a = t0.c";
    }
    const std::string sql = "SELECT count(*) FROM " + from + " WHERE 1" + where;
    const double before = cpu_ms();
    Prepared statement(db, sql);
    const double spent = cpu_ms() - before;
    ASSERT_EQ(statement.code(), SQLITE_OK);
#ifdef PERLITE_DEBUG
    EXPECT_LT(spent, 1000) << shape;
#else
    EXPECT_LT(spent, 200) << shape;
#endif
    ASSERT_EQ(statement.step(), SQLITE_ROW);
    EXPECT_EQ(statement.value(), "I1");
  }
}

// sqlite3_limit() lowers what a statement may do, with the same errors.
TEST(Limits, LoweredLimitsHold) {
  struct Lowered {
    int limit, value;
    const char* sql;
  };
  const Lowered cases[] = {
      {SQLITE_LIMIT_LENGTH, 100, "SELECT printf('%.200c', 'x')"},
      {SQLITE_LIMIT_LENGTH, 100, "SELECT zeroblob(101)"},
      {SQLITE_LIMIT_LENGTH, 100, "SELECT 'aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb' || 'aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb'"},
      {SQLITE_LIMIT_SQL_LENGTH, 20, "SELECT 1, 2, 3, 4, 5, 6, 7"},
      {SQLITE_LIMIT_COLUMN, 5, "SELECT 1, 2, 3, 4, 5, 6"},
      {SQLITE_LIMIT_COLUMN, 5, "CREATE TABLE t(a, b, c, d, e, f)"},
      {SQLITE_LIMIT_EXPR_DEPTH, 5, "SELECT 1 + 2 + 3 + 4 + 5 + 6 + 7"},
      {SQLITE_LIMIT_COMPOUND_SELECT, 2, "SELECT 1 UNION SELECT 2 UNION SELECT 3"},
      {SQLITE_LIMIT_FUNCTION_ARG, 2, "SELECT max(1, 2, 3)"},
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 5, "SELECT 'a' LIKE 'abcdefg'"},
      {SQLITE_LIMIT_VARIABLE_NUMBER, 5, "SELECT ?6"},
      {SQLITE_LIMIT_VARIABLE_NUMBER, 5, "SELECT ?,?,?,?,?,?"},
  };
  for (const Lowered& one : cases) {
    Database a(stock()), b(subject());
    EXPECT_EQ(stock().limit(a.handle(), one.limit, -1) > one.value, subject().limit(b.handle(), one.limit, -1) > one.value);
    stock().limit(a.handle(), one.limit, one.value);
    subject().limit(b.handle(), one.limit, one.value);
    EXPECT_EQ(subject().limit(b.handle(), one.limit, -1), one.value);
    expect_same(std::string("lowered limit: ") + one.sql, a.text(one.sql), b.text(one.sql));
  }
}

// An entry can be longer than its row: it is refused before the row is there.
TEST(Limits, AnEntryThatIsTooLongLeavesNoRow) {
  for (const char* const index : {"t(b || b)", "t(b, b COLLATE nocase)", "t(c)", "t(a) WHERE length(b || b) > 0"}) {
    Database a(stock()), b(subject());
    for (Database* const db : {&a, &b}) {
      db->text("CREATE TABLE t(a, b, c AS (b || b))");
      db->text(std::string("CREATE INDEX t_i ON ") + index);
      db->text("BEGIN");
      db->text("INSERT INTO t VALUES('short', 'row')");
    }
    stock().limit(a.handle(), SQLITE_LIMIT_LENGTH, 100);
    subject().limit(b.handle(), SQLITE_LIMIT_LENGTH, 100);
    const std::string sql = "INSERT INTO t VALUES('', '" + std::string(60, 'x') + "')";
    expect_same(index, a.text(sql), b.text(sql));
    EXPECT_NE(b.text(sql).find("too big"), std::string::npos) << b.text(sql);
    for (const char* const after : {"COMMIT", "SELECT count(*) FROM t", "PRAGMA integrity_check"}) {
      expect_same(after, a.text(after), b.text(after));
    }
  }
}

// A row that is too long is refused before its index entries are there, though a statement of one row keeps nothing to
// go back to.
TEST(Limits, ARowThatIsTooLongLeavesNoEntries) {
  for (const char* const table : {"CREATE TABLE t(a, b)", "CREATE TABLE t(a PRIMARY KEY, b) WITHOUT ROWID"}) {
    Database a(stock()), b(subject());
    for (Database* const db : {&a, &b}) {
      db->text(table);
      db->text("CREATE INDEX t_b ON t(b)");
      db->text("BEGIN");
      db->text("INSERT INTO t VALUES('short', 'row')");
    }
    stock().limit(a.handle(), SQLITE_LIMIT_LENGTH, 100);
    subject().limit(b.handle(), SQLITE_LIMIT_LENGTH, 100);
    const std::string half(60, 'x');
    const std::string sql = "INSERT INTO t VALUES('" + half + "', '" + half + "')";
    expect_same(table, a.text(sql), b.text(sql));
    EXPECT_NE(b.text(sql).find("too big"), std::string::npos) << b.text(sql);
    for (const char* const after : {"COMMIT", "SELECT count(*) FROM t", "SELECT count(b) FROM t INDEXED BY t_b",
                                    "PRAGMA integrity_check"}) {
      expect_same(after, a.text(after), b.text(after));
    }
  }
}

}  // namespace
}  // namespace perlite::engine_test
