// What statements answer, to the bit, and what they leave behind: equal to the oracle's.
// The hand-written cases are tests/engine/scripts/*.sql; the rest is made here from tables.
// ctest: quick,stock
#include <filesystem>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

class Scripts : public testing::TestWithParam<std::string> {};

TEST_P(Scripts, AnswersAreTheOracles) {
  Comparison comparison;
  const std::vector<Case> cases = read_script(std::string(test::places.source) + "/tests/engine/scripts/" + GetParam() + ".sql");
  ASSERT_FALSE(cases.empty());
  for (const Case& one : cases) comparison.run(one);
  comparison.finish();
}

// The planner's rewrites change what a statement costs, never what it answers.
TEST_P(Scripts, AnswersAreTheOraclesWithoutRewrites) {
  Comparison comparison(Comparison::Rewrites::Off);
  const std::vector<Case> cases = read_script(std::string(test::places.source) + "/tests/engine/scripts/" + GetParam() + ".sql");
  for (const Case& one : cases) comparison.run(one);
  comparison.finish();
}

std::vector<std::string> script_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(test::places.source) + "/tests/engine/scripts")) {
    if (entry.path().extension() == ".sql") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, Scripts, testing::ValuesIn(script_names()), [](const auto& info) { return info.param; });

// ---- statement atomicity ----

const char* const kResolutions[] = {"", "ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"};

// A kind of constraint: the table, with %s where its conflict clause stands, and rows of which some violate it.
struct ConstraintKind {
  const char* name;
  std::vector<const char*> schema;
  const char* good;      // rows put in first
  const char* insert;    // the tail of an INSERT of several rows, one in the middle in conflict
  const char* update;    // the tail of an UPDATE of several rows, some in conflict
  bool clause_in_table;  // the schema has a place for a conflict clause
};

const ConstraintKind kKinds[] = {
    {"not null", {"CREATE TABLE t(a INTEGER PRIMARY KEY, b NOT NULL %s, c)"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(12,NULL,2),(13,13,3)", "b = nullif(b, 2), c = c + 10", true},
    {"not null with default", {"CREATE TABLE t(a INTEGER PRIMARY KEY, b NOT NULL %s DEFAULT 'd', c)"},
     "(1,1,1),(2,2,2),(3,3,3)", "VALUES(11,11,1),(12,NULL,2),(13,13,3)", "b = nullif(b, 2), c = c + 10", true},
    {"unique column", {"CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE %s, c)"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(12,3,2),(13,13,3)", "b = CASE b WHEN 2 THEN 1 ELSE b + 100 END, c = c + 10", true},
    {"rowid", {"CREATE TABLE t(a INTEGER PRIMARY KEY %s, b, c)"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(2,12,2),(13,13,3)", "a = CASE a WHEN 2 THEN 3 ELSE a END, c = c + 10", true},
    {"rowid and index", {"CREATE TABLE t(a INTEGER PRIMARY KEY %s, b, c)", "CREATE INDEX tb ON t(b)", "CREATE UNIQUE INDEX tc ON t(c)"},
     "(1,1,1),(2,2,2),(3,3,3)", "VALUES(11,11,11),(2,12,12),(13,13,1),(14,14,14)", "a = a + 1, c = c + 1", true},
    {"check", {"CREATE TABLE t(a INTEGER PRIMARY KEY, b CHECK (b > 0), c)"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(12,-1,2),(13,13,3)", "b = b - 2, c = c + 10", false},
    {"primary key without rowid", {"CREATE TABLE t(a, b, c, PRIMARY KEY(a, b) %s) WITHOUT ROWID"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(2,2,2),(13,13,3)", "a = CASE a WHEN 1 THEN 2 ELSE a END, b = CASE b WHEN 1 THEN 2 ELSE b END, c = c + 10", true},
    {"unique index", {"CREATE TABLE t(a, b, c)", "CREATE UNIQUE INDEX tbc ON t(b, c)"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(12,2,2),(13,13,3)", "b = 1, c = 1", false},
    {"partial unique index", {"CREATE TABLE t(a, b, c)", "CREATE UNIQUE INDEX tb ON t(b) WHERE c < 10"}, "(1,1,1),(2,2,2),(3,2,30)",
     "VALUES(11,11,1),(12,2,3),(13,2,30),(14,14,3)", "c = c - 25", false},
    {"unique expression", {"CREATE TABLE t(a, b, c)", "CREATE UNIQUE INDEX tb ON t(abs(b))"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(12,-2,2),(13,13,3)", "b = CASE b WHEN 3 THEN -1 ELSE b END, c = c + 10", false},
    {"two unique columns", {"CREATE TABLE t(a UNIQUE %s, b UNIQUE, c)"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(1,3,2),(13,13,3)", "a = 2, b = CASE b WHEN 2 THEN 3 ELSE b END", true},
    {"datatype", {"CREATE TABLE t(a INTEGER PRIMARY KEY, b INT, c INT) STRICT"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),(12,'text',2),(13,13,3)", "b = CASE b WHEN 2 THEN 'text' ELSE b END, c = c + 10", false},
    {"rowid datatype", {"CREATE TABLE t(a INTEGER PRIMARY KEY, b, c)"}, "(1,1,1),(2,2,2),(3,3,3)",
     "VALUES(11,11,1),('text',12,2),(13,13,3)", "a = CASE b WHEN 2 THEN 'text' ELSE a END, c = c + 10", false},
};

std::string with_clause(std::string text, const std::string& clause) {
  const std::size_t at = text.find("%s");
  if (at != std::string::npos) text.replace(at, 2, clause.empty() ? "" : "ON CONFLICT " + clause);
  return text;
}

// Each conflict resolution, of the table and of the statement, each kind of constraint, alone, in a transaction and in
// a savepoint: the same rows, counts, errors and transaction state as the oracle's.
TEST(Atomicity, EachResolutionOfEachConstraint) {
  Comparison comparison;
  for (const ConstraintKind& kind : kKinds) {
    for (const char* in_table : kResolutions) {
      if (!kind.clause_in_table && *in_table != '\0') continue;
      for (const char* in_statement : kResolutions) {
        for (const char* around : {"alone", "transaction", "savepoint"}) {
          for (const char* verb : {"insert", "insert-select", "update", "returning", "upsert"}) {
            Case one;
            one.name = std::string("atomicity: ") + kind.name + "/table " + in_table + "/statement " + in_statement + "/" +
                       around + "/" + verb;
            auto& script = one.statements;
            for (const char* sql : kind.schema) script.push_back(with_clause(sql, in_table));
            script.push_back(std::string("INSERT INTO t VALUES") + kind.good);
            if (std::string(around) == "transaction") script.push_back("BEGIN");
            if (std::string(around) == "savepoint") script.push_back("SAVEPOINT s");
            if (std::string(around) != "alone") script.push_back("INSERT INTO t VALUES(7,7,7)");
            const std::string clause = *in_statement == '\0' ? "" : std::string("OR ") + in_statement + " ";
            const std::string what = verb;
            if (what == "insert") {
              script.push_back("INSERT " + clause + "INTO t " + kind.insert);
            } else if (what == "insert-select") {
              script.push_back("INSERT " + clause + "INTO t SELECT * FROM (" + kind.insert + ")");
            } else if (what == "returning") {
              script.push_back("INSERT " + clause + "INTO t " + kind.insert + " RETURNING a, b, c");
            } else if (what == "upsert") {
              script.push_back("INSERT " + clause + "INTO t " + kind.insert + " ON CONFLICT DO UPDATE SET c = c + 1000");
            } else {
              script.push_back("UPDATE " + clause + "t SET " + kind.update);
            }
            script.push_back("SELECT changes(), total_changes(), last_insert_rowid()");
            script.push_back("SELECT a, b, c FROM t ORDER BY a, b, c");
            if (std::string(around) == "savepoint") {
              script.push_back("ROLLBACK TO s");
              script.push_back("SELECT a, b, c FROM t ORDER BY a, b, c");
              script.push_back("RELEASE s");
            }
            if (std::string(around) == "transaction") script.push_back("COMMIT");
            script.push_back("SELECT a, b, c FROM t ORDER BY a, b, c");
            script.push_back("PRAGMA integrity_check");
            comparison.run(one);
          }
        }
      }
    }
  }
  comparison.finish();
}

// ---- expressions from tables ----

const char* const kValues[] = {"NULL",  "0",    "1",      "-1",     "2",       "9223372036854775807", "-9223372036854775808",
                               "0.5",   "-2.5", "1e20",   "-1e300", "'0'",     "'1'",                 "'abc'",
                               "'ABC'", "''",   "' 12 '", "'1.5x'", "'-7'",    "x''",                 "x'00'",
                               "x'31'", "x'ff'", "'1e2'", "2147483648", "1e18", "'9223372036854775808'", "'a%b_c'"};

// One case with all statements: one table with a column of each affinity gives the operands affinity.
class Grid {
 public:
  explicit Grid(const std::string& name) {
    case_.name = "grid: " + name;
    case_.statements.push_back("CREATE TABLE v(i INTEGER, t TEXT, r REAL, n NUMERIC, b BLOB, k TEXT COLLATE NOCASE)");
  }
  void add(const std::string& sql) { case_.statements.push_back(sql); }
  void run() {
    // Each statement stands alone: one that differs does not hide the others.
    Comparison comparison;
    const std::string setup = case_.statements[0];
    for (std::size_t i = 1; i < case_.statements.size(); ++i) {
      comparison.run({case_.name, {case_.statements[i]}});
    }
    comparison.finish();
  }

 private:
  Case case_;
};

TEST(Grids, BinaryOperators) {
  const char* const operators[] = {"+", "-", "*", "/", "%", "||", "&", "|", "<<", ">>", "<", "<=", "=", "==", "<>", "!=", ">=", ">",
                                   "IS", "IS NOT", "AND", "OR", "LIKE", "GLOB", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"};
  Grid grid("binary");
  for (const char* a : kValues) {
    for (const char* b : kValues) {
      std::string sql = "SELECT ";
      for (const char* op : operators) sql += std::string(sql.size() > 7 ? ", " : "") + a + " " + op + " " + b;
      grid.add(sql);
    }
  }
  grid.run();
}

TEST(Grids, UnaryOperatorsAndCasts) {
  Grid grid("unary");
  for (const char* a : kValues) {
    for (const char* op : {"-", "+", "~", "NOT ", "- -", "NOT NOT "}) grid.add(std::string("SELECT ") + op + a);
    for (const char* tail : {"ISNULL", "NOTNULL", "NOT NULL", "IS NULL", "IS TRUE", "IS FALSE", "IS NOT TRUE", "IS NOT FALSE"}) {
      grid.add(std::string("SELECT ") + a + " " + tail);
    }
    for (const char* type : {"INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "INT", "VARCHAR(10)", "DOUBLE", "DECIMAL(5,2)", "STRING",
                             "FLOATING POINT", "CHARINT", "NONE", "ANY"}) {
      if (std::string(a) == "1e20" && std::string(type) == "TEXT") continue;
      grid.add(std::string("SELECT CAST(") + a + " AS " + type + "), typeof(CAST(" + a + " AS " + type + "))");
    }
  }
  for (const char* text : {"'12345678901234567890'", "'1.0'", "'1e5'", "' 5'", "'5 '", "'+5'", "'0x10'", "'.5'", "'5.'", "'1e'", "'e5'",
                           "'-'", "'1_000'", "'9223372036854775807.5'", "'inf'", "'nan'", "x'313233'", "'1' || char(0) || '2'"}) {
    for (const char* type : {"INTEGER", "REAL", "NUMERIC"}) {
      grid.add(std::string("SELECT CAST(") + text + " AS " + type + "), typeof(CAST(" + text + " AS " + type + "))");
    }
    grid.add(std::string("SELECT ") + text + " + 0, typeof(" + text + " + 0), -" + text + ", " + text + " = 5");
  }
  grid.run();
}

TEST(Grids, StoredAffinity) {
  Comparison comparison;
  for (const char* a : kValues) {
    Case one;
    one.name = std::string("affinity: ") + a;
    one.statements.push_back("CREATE TABLE v(i INTEGER, t TEXT, r REAL, n NUMERIC, b BLOB, k TEXT COLLATE NOCASE)");
    if (std::string(a) == "1e20" || std::string(a) == "-1e300" || std::string(a) == "1e18") {
      one.statements.push_back(std::string("INSERT INTO v(i, r, n, b) VALUES(") + a + "," + a + "," + a + "," + a + ")");
    } else {
      one.statements.push_back(std::string("INSERT INTO v VALUES(") + a + "," + a + "," + a + "," + a + "," + a + "," + a + ")");
    }
    one.statements.push_back("SELECT *, typeof(i), typeof(t), typeof(r), typeof(n), typeof(b) FROM v");
    one.statements.push_back("CREATE INDEX vi ON v(i)");
    one.statements.push_back("CREATE INDEX vt ON v(t)");
    one.statements.push_back("CREATE INDEX vn ON v(n)");
    for (const char* b : kValues) {
      for (const char* op : {"=", "<", ">=", "IS"}) {
        std::string sql = "SELECT ";
        for (const char* column : {"i", "t", "r", "n", "b", "k"}) {
          sql += std::string(sql.size() > 7 ? ", " : "") + column + " " + op + " " + b + ", " + b + " " + op + " " + column;
        }
        one.statements.push_back(sql + " FROM v");
      }
      one.statements.push_back(std::string("SELECT count(*) FROM v WHERE i = ") + b);
      one.statements.push_back(std::string("SELECT count(*) FROM v WHERE t = ") + b);
      one.statements.push_back(std::string("SELECT count(*) FROM v WHERE n >= ") + b);
      one.statements.push_back(std::string("SELECT count(*) FROM v WHERE rowid = ") + b);
      one.statements.push_back(std::string("SELECT count(*) FROM v WHERE rowid < ") + b);
    }
    one.statements.push_back("SELECT i = t, i = r, i = n, i = b, t = n, t = b, n = b, r = n, i < t, t < n, b < n FROM v");
    comparison.run(one);
  }
  comparison.finish();
}

TEST(Grids, LikeAndGlob) {
  Grid grid("patterns");
  const char* const texts[] = {"'abc'", "'ABC'", "''", "'a%c'", "'a_c'", "'a*c'", "'a?c'", "'[x]'", "'aXbXc'", "'\xc3\xa4\xc3\x84'", "NULL", "12", "x'6162'"};
  for (const char* text : texts) {
    for (const char* pattern : {"'abc'", "'a%'", "'%c'", "'%b%'", "'a_c'", "'___'", "'%'", "''", "'_%_'", "'A%'", "'a%b%c'", "'\xc3\xa4_'", "NULL", "1"}) {
      grid.add(std::string("SELECT ") + text + " LIKE " + pattern + ", " + text + " NOT LIKE " + pattern);
    }
    for (const char* pattern : {"'abc'", "'a*'", "'*c'", "'a?c'", "'[a-c]*'", "'[^a]*'", "'*[]]'", "'[[]x[]]'", "'[a-'", "'*'", "''", "'a[*]c'", "'A*'", "'[]x]*'", "'[a-]*'"}) {
      grid.add(std::string("SELECT ") + text + " GLOB " + pattern);
    }
    for (const char* pattern : {"'a\\%c'", "'a\\_c'", "'\\a%'", "'a%\\'", "'%\\%%'"}) {
      grid.add(std::string("SELECT ") + text + " LIKE " + pattern + " ESCAPE '\\'");
    }
  }
  grid.run();
}

TEST(Grids, BetweenInAndCase) {
  Grid grid("ternary");
  const char* const few[] = {"NULL", "1", "0.5", "'1'", "'abc'", "x'31'", "2"};
  for (const char* a : few) {
    for (const char* b : few) {
      for (const char* c : few) {
        grid.add(std::string("SELECT ") + a + " BETWEEN " + b + " AND " + c + ", " + a + " NOT BETWEEN " + b + " AND " + c + ", " + a +
                 " IN (" + b + ", " + c + "), " + a + " NOT IN (" + b + ", " + c + "), CASE " + a + " WHEN " + b + " THEN 'b' WHEN " +
                 c + " THEN 'c' ELSE 'none' END, iif(" + a + ", " + b + ", " + c + "), coalesce(" + a + ", " + b + ", " + c +
                 "), max(" + a + ", " + b + ", " + c + "), min(" + a + ", " + b + ", " + c + "), nullif(" + a + ", " + b + ")");
      }
    }
  }
  grid.run();
}

TEST(Grids, Functions) {
  Grid grid("functions");
  for (const char* a : kValues) {
    std::string sql = "SELECT ";
    for (const char* function : {"abs", "length", "lower", "upper", "typeof", "hex", "unicode", "trim", "ltrim", "rtrim", "sign",
                                 "likely", "soundex", "zeroblob(0) IS ", "ceil", "floor", "trunc", "sqrt", "exp(0) * ", "degrees"}) {
      if (std::string(function) == "abs" && std::string(a) == "-9223372036854775808") continue;
      if ((std::string(function) == "hex" || std::string(function) == "length" || std::string(function) == "unicode") &&
          std::string(a).find('e') != std::string::npos && a[0] != '\'') {
        continue;
      }
      if (std::string(a).find('e') != std::string::npos && a[0] != '\'' &&
          (std::string(function).find("trim") != std::string::npos || std::string(function) == "lower" ||
           std::string(function) == "upper" || std::string(function) == "soundex")) {
        continue;
      }
      sql += std::string(sql.size() > 7 ? ", " : "") + function + "(" + a + ")";
    }
    grid.add(sql);
    grid.add(std::string("SELECT round(") + a + "), round(" + a + ", 1), round(" + a + ", -1)");
    if (std::string(a).find('e') == std::string::npos || a[0] == '\'') {
      grid.add(std::string("SELECT quote(") + a + ")");
      for (const char* range : {"1", "2", "0", "-1", "-2", "1, 1", "2, 100", "-1, 1", "0, 2", "2, -1", "-1, -1", "NULL", "1, NULL", "3, 0"}) {
        grid.add(std::string("SELECT substr('hello', ") + range + "), substr(" + a + ", " + range + "), substr(x'010203', " + range + ")");
      }
      for (const char* b : {"'a'", "''", "'b'", "NULL", "1", "x'31'"}) {
        grid.add(std::string("SELECT instr(") + a + ", " + b + "), replace(" + a + ", " + b + ", 'Z'), trim(" + a + ", " + b + "), ltrim(" + a +
                 ", " + b + "), ifnull(" + a + ", " + b + ")");
      }
    }
    grid.add(std::string("SELECT printf('%d|%5d|%-5d|%05d|%x|%o|%c|%s|%10s|%.2s|%q|%Q|%%', ") + a + ", 1, 2, 3, 255, 8, 'c', 's', 'pad', 'cut', 'it''s', 'it''s')");
    grid.add(std::string("SELECT typeof(") + a + " + 1), typeof(" + a + " || ''), typeof(-" + a + "), typeof(" + a + " / 2)");
  }
  for (const char* sql : {"SELECT abs(-9223372036854775808)", "SELECT 9223372036854775807 + 1", "SELECT -9223372036854775808 - 1",
                          "SELECT 9223372036854775807 * 2", "SELECT -9223372036854775808 / -1", "SELECT -9223372036854775808 % -1",
                          "SELECT 1 / 0, 1 % 0, 1.0 / 0, 5 % 0.3", "SELECT 1 << 64, 1 << 63, 1 << -1, -1 >> 70, -1 << 70",
                          "SELECT char(0x1F600, 65, -1, 0x110000)", "SELECT hex(char(0xD800))", "SELECT zeroblob(3), length(zeroblob(100))",
                          "SELECT printf('%.3f %e %g %G %10.2f %+d % d %,d %!.15g', 1.5, 12345.678, 0.0001, 1e10, 3.14159, 5, 5, 1234567, 0.1)",
                          "SELECT printf('%s'), printf('%d'), printf(NULL), printf('%lld %i %u', -1, 2, -3)",
                          "SELECT format('%w %z %5c %.3c', 'a\"b', 'z', 'x', 'y')",
                          "SELECT round(2.5), round(-2.5), round(0.5), round(1.005, 2), round(1e20, 2), round(12345.6789, 2)",
                          "SELECT log(100), log10(1000), log2(8), ln(1), pow(2, 10), mod(7.5, 2), pi() > 3.14, radians(180) = pi()",
                          "SELECT sqrt(-1), log(-1), acos(2), atan2(1, 1), sinh(0), cosh(0), tanh(0)",
                          "SELECT quote(0.1), quote(1.0), quote(1e100), quote('it''s'), quote(x'0aff'), quote(NULL), quote(-5)",
                          "SELECT concat(1), coalesce(NULL)", "SELECT nullif(1, 1.0), nullif('a', 'A'), iif(0, 1, 2)",
                          "SELECT glob('a*', 'abc'), like('a%', 'ABC'), like('a!%', 'a%', '!')", "SELECT unhex('41')",
                          "SELECT substring('hello', 2, 3), unicode(''), unicode('\xe2\x82\xac')", "SELECT typeof(randomblob(5)), length(randomblob(5))",
                          "SELECT sqlite_version() IS NOT NULL, typeof(sqlite_source_id())", "SELECT total_changes(), changes(), last_insert_rowid()"}) {
    grid.add(sql);
  }
  grid.run();
}

// ---- writes while a SELECT of the same connection is half way ----

struct Interleaving {
  const char* name;
  const char* setup;
  const char* select;
  int steps_before;
  const char* write;
};

const Interleaving kInterleavings[] = {
    {"delete behind", "", "SELECT a FROM t ORDER BY a", 3, "DELETE FROM t WHERE a <= 2"},
    {"delete the row under", "", "SELECT a FROM t ORDER BY a", 3, "DELETE FROM t WHERE a = 3"},
    {"delete ahead", "", "SELECT a FROM t ORDER BY a", 3, "DELETE FROM t WHERE a > 4"},
    {"delete all", "", "SELECT a FROM t ORDER BY a", 3, "DELETE FROM t"},
    {"insert ahead", "", "SELECT a FROM t ORDER BY a", 3, "INSERT INTO t VALUES(1000, 1, 'new')"},
    {"insert behind", "", "SELECT a FROM t ORDER BY a", 3, "INSERT INTO t VALUES(-1, 1, 'new')"},
    {"update ahead", "", "SELECT a, c FROM t ORDER BY a", 3, "UPDATE t SET c = 'changed' WHERE a = 5"},
    {"update under, longer", "", "SELECT a, c FROM t ORDER BY a", 3, "UPDATE t SET c = printf('%2000s', 'x') WHERE a = 3"},
    {"update all, longer", "", "SELECT a, length(c) FROM t ORDER BY a", 3, "UPDATE t SET c = printf('%900s', 'x')"},
    {"rowid moves ahead", "", "SELECT a FROM t ORDER BY a", 3, "UPDATE t SET a = a + 500 WHERE a = 2"},
    {"descending, delete", "", "SELECT a FROM t ORDER BY a DESC", 3, "DELETE FROM t WHERE a % 2"},
    {"by index, delete under", "CREATE INDEX tb ON t(b)", "SELECT b FROM t ORDER BY b", 3, "DELETE FROM t WHERE b = 3"},
    {"by index, key moves ahead", "CREATE INDEX tb ON t(b)", "SELECT b FROM t ORDER BY b", 3, "UPDATE t SET b = 60 WHERE b = 2"},
    {"by index, delete all", "CREATE INDEX tb ON t(b)", "SELECT b, c FROM t WHERE b > 0 ORDER BY b", 3, "DELETE FROM t"},
    {"sorted before", "", "SELECT c FROM t ORDER BY c || ''", 3, "DELETE FROM t"},
    {"grouped", "", "SELECT b % 3, count(*) FROM t GROUP BY 1 ORDER BY 1", 1, "DELETE FROM t WHERE a > 10"},
    {"join", "", "SELECT x.a, y.a FROM t x CROSS JOIN t y WHERE y.a = x.a + 1 ORDER BY x.a", 3, "DELETE FROM t WHERE a > 20"},
    {"other table", "CREATE TABLE o(x)", "SELECT a FROM t ORDER BY a", 3, "INSERT INTO o SELECT a FROM t"},
    {"create a table", "", "SELECT a FROM t ORDER BY a", 3, "CREATE TABLE fresh(x)"},
    {"create an index", "", "SELECT a FROM t ORDER BY a", 3, "CREATE INDEX fresh ON t(c)"},
    {"drop another table", "CREATE TABLE o(x)", "SELECT a FROM t ORDER BY a", 3, "DROP TABLE o"},
    {"drop the table", "", "SELECT a FROM t ORDER BY a", 3, "DROP TABLE t"},
    {"drop the index in use", "CREATE INDEX tb ON t(b)", "SELECT b FROM t ORDER BY b", 3, "DROP INDEX tb"},
    {"begin and commit", "", "SELECT a FROM t ORDER BY a", 3, "BEGIN; DELETE FROM t WHERE a = 5; COMMIT"},
    {"begin and roll back", "", "SELECT a FROM t ORDER BY a", 3, "BEGIN; DELETE FROM t WHERE a = 5; ROLLBACK"},
    {"delete all and roll back", "", "SELECT a FROM t ORDER BY a", 3, "BEGIN; DELETE FROM t; ROLLBACK"},
    {"by index, delete all and back", "CREATE INDEX tb ON t(b)", "SELECT b, c FROM t WHERE b > 0 ORDER BY b", 3, "SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; RELEASE s"},
    {"without rowid, delete all and roll back", "CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w SELECT c, a FROM t",
     "SELECT k FROM w ORDER BY k DESC", 3, "BEGIN; DELETE FROM w; ROLLBACK"},
    {"savepoint and back", "", "SELECT a FROM t ORDER BY a", 3, "SAVEPOINT s; DELETE FROM t WHERE a = 5; ROLLBACK TO s; RELEASE s"},
    {"failing statement", "CREATE UNIQUE INDEX tb ON t(b)", "SELECT a FROM t ORDER BY a", 3, "UPDATE t SET b = 1"},
    {"rollback on conflict", "CREATE UNIQUE INDEX tb ON t(b)", "SELECT a FROM t ORDER BY a", 3, "BEGIN; UPDATE OR ROLLBACK t SET b = 1"},
    {"without rowid", "CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w SELECT c, a FROM t", "SELECT k FROM w ORDER BY k", 3,
     "DELETE FROM w WHERE v IN (1, 4, 30)"},
    {"without rowid, delete all", "CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w SELECT c, a FROM t",
     "SELECT k FROM w ORDER BY k", 3, "DELETE FROM w"},
    {"recursive", "", "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50) SELECT n FROM c JOIN t ON t.a = n ORDER BY n", 1,
     "DELETE FROM t WHERE a = 40"},
    {"index, several levels", "INSERT INTO t SELECT a + 100, b + 100, printf('%500d', a) FROM t; INSERT INTO t SELECT a + 200, b + 200, printf('%500d', a) FROM t; CREATE INDEX tc ON t(c)",
     "SELECT c FROM t ORDER BY c", 10, "DELETE FROM t WHERE a % 3 = 0"},
    {"temp table", "CREATE TEMP TABLE x AS SELECT a FROM t", "SELECT a FROM x ORDER BY rowid", 3, "DELETE FROM x WHERE a = 7"},
};

std::string interleave(const Library& library, const Interleaving& one) {
  Database db(library);
  std::string log = db.exec(
      "CREATE TABLE t(a INTEGER PRIMARY KEY, b, c);"
      "INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50)"
      " SELECT n, n, printf('%20d', n) FROM c");
  log += db.exec(one.setup);
  Prepared select(db, one.select);
  int code = select.code();
  for (int i = 0; i < one.steps_before && code == SQLITE_OK; ++i) {
    if (const int step = select.step(); step != SQLITE_ROW) code = step;
    if (code == SQLITE_OK) log += select.value() + " ";
  }
  log += "\nwrite: " + db.exec(one.write) + " changes " + std::to_string(library.changes(db.handle())) + "\n";
  for (int rows = 0; code == SQLITE_OK && rows < 2000; ++rows) {
    const int step = select.step();
    if (step != SQLITE_ROW) {
      code = step;
    } else {
      log += select.value() + " ";
    }
  }
  log += "\nend " + std::to_string(code) + ", reset " + std::to_string(select.reset());
  log += ", autocommit " + std::to_string(library.get_autocommit(db.handle()));
  log += "\n" + db.text("SELECT count(*), sum(a), sum(b) FROM t") + " " + db.text("PRAGMA integrity_check");
  return log;
}

TEST(Interleaved, WritesInsideASteppingSelect) {
  for (const Interleaving& one : kInterleavings) {
    expect_same(std::string("interleaved: ") + one.name, interleave(stock(), one), interleave(subject(), one));
  }
}

// Rows come in the order of their groups, and between two groups another statement writes the pages of the keys. The key
// of the group that began is kept; stock reads it again and loses it, so the answers stand here.
TEST(Interleaved, KeysOfGroupsOutliveTheirPages) {
  struct Groups {
    const char* setup;
    const char* select;
    const char* write;
    const char* rest;
  };
  const Groups cases[] = {
      {"CREATE TABLE g(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO g SELECT printf('%0200d', i), i FROM n", "SELECT k, count(*) FROM g GROUP BY k",
       "DELETE FROM g", "4 "},
      {"CREATE TABLE g(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO g SELECT printf('%0200d', i), i FROM n", "SELECT k, count(*) FROM g GROUP BY k",
       "DELETE FROM g WHERE v BETWEEN 4 AND 48", "4 49 50 "},
      {"CREATE TABLE g(k, v); CREATE INDEX gk ON g(k); INSERT INTO g SELECT printf('%0200d', i), i FROM n", "SELECT DISTINCT k FROM g ORDER BY k",
       "DELETE FROM g; INSERT INTO g SELECT '/' || hex(randomblob(100)), 1 FROM n", ""},
  };
  for (const Groups& one : cases) {
    Database db(subject());
    ASSERT_EQ(db.exec("CREATE TABLE n(i); INSERT INTO n WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50) SELECT n FROM c"), "");
    ASSERT_EQ(db.exec(one.setup), "");
    Prepared select(db, one.select);
    const auto next = [&] {
      const std::string key = select.value();
      const std::size_t digit = key.find_first_not_of('0', 1);
      return digit == std::string::npos ? key : key.substr(digit) + " ";
    };
    std::string seen, rest;
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(select.step(), SQLITE_ROW);
      seen += next();
    }
    EXPECT_EQ(seen, "1 2 3 ");
    ASSERT_EQ(db.exec(one.write), "");
    // Other pages take the memory of those that went.
    ASSERT_EQ(db.text("SELECT count(*), sum(length(hex(randomblob(3000)))) FROM n"), "I50|I300000");
    while (select.step() == SQLITE_ROW) rest += next();
    EXPECT_EQ(rest, one.rest) << one.select << "; " << one.write;
  }
}

// A blob of a row is what it was when the row was handed out, whatever becomes of the database before the next step.
TEST(Interleaved, BlobsOfARowStayWhileTheTableChanges) {
  for (const char* begin : {"", "BEGIN"}) {
    for (const int size : {10, 900, 20000}) {
      Database db(subject());
      const std::string blob = "zeroblob(" + std::to_string(size) + ")";
      ASSERT_EQ(db.exec("CREATE TABLE t(a, b); CREATE TABLE n(i); INSERT INTO n VALUES(1),(2),(3)"), "");
      ASSERT_EQ(db.exec(begin), "");
      ASSERT_EQ(db.exec("INSERT INTO t SELECT i, CAST(" + blob + " AS BLOB) FROM n; UPDATE t SET b = b || 'x'"), "");
      ASSERT_EQ(db.exec("UPDATE t SET b = CAST(b AS BLOB)"), "");
      Prepared select(db, "SELECT b FROM t");
      ASSERT_EQ(select.step(), SQLITE_ROW);
      const std::string before = select.value();
      ASSERT_EQ(db.exec("UPDATE t SET b = randomblob(" + std::to_string(size) + ") || 'y'"), "");
      ASSERT_EQ(db.exec("DELETE FROM t; INSERT INTO t SELECT i, randomblob(3000) FROM n"), "");
      EXPECT_EQ(select.value(), before) << size;
    }
  }
}

}  // namespace
}  // namespace perlite::engine_test
