// Programs are well formed whatever the statement and whichever rewrites are on; and they say of themselves what the
// rest of the engine relies on: whether they write, may fail half way, which databases, parameters and columns they have.
#include <gtest/gtest.h>

#include "codegen/codegen.h"
#include "tests/unit/bind/fake_environment.h"
#include "vm/verifier.h"

namespace perlite::codegen {
namespace {

class Programs : public ::testing::Test {
 protected:
  Programs() {
    environment.add("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT NOT NULL, c CHECK (c <> 7), d DEFAULT 5)");
    environment.add("CREATE UNIQUE INDEX tb ON t(b)");
    environment.add("CREATE INDEX tc ON t(c DESC) WHERE c > 3");
    environment.add("CREATE TABLE w(k, v, x AS (k || v), PRIMARY KEY(k, v)) WITHOUT ROWID");
    environment.add("CREATE INDEX wx ON w(x)");
    environment.add("CREATE TABLE plain(p, q)");
    environment.add("CREATE VIEW odd AS SELECT a, b FROM t WHERE a % 2");
    environment.add("CREATE TABLE scratch(x, y)", 1);
  }

  Result<vm::ProgramRef> generate(const std::string& sql, plan::Switches switches = plan::Switches::all()) {
    Arena arena;
    PL_ASSIGN(const sql::ParseResult parsed, sql::parse_statement(sql, arena));
    PL_ASSIGN(const bind::Statement* const bound, bind::bind_statement(parsed, sql, environment, arena));
    GenerateOptions options;
    options.plan.switches = switches;
    options.explain = parsed.explain == sql::ExplainMode::QueryPlan ? 2 : 0;
    options.parameter_count = static_cast<std::int32_t>(parsed.variable_count);
    Vector<std::string_view> names(parsed.variable_count);
    for (const sql::Variable& variable : parsed.variables) {
      if (!variable.name.empty()) names[variable.number - 1] = variable.name;
    }
    options.parameter_names = names;
    return codegen::generate(*bound, environment, options, arena);
  }
  // "" or what is wrong.
  std::string fault(const std::string& sql, plan::Switches switches = plan::Switches::all()) {
    const auto program = generate(sql, switches);
    const Status status = program.ok() ? vm::verify(*program.value()) : program.status().clone();
    return status.ok() ? "" : std::string(status.message());
  }
  std::string plan_lines(const std::string& sql) {
    const auto program = generate("EXPLAIN QUERY PLAN " + sql);
    if (!program.ok()) return std::string(program.status().message());
    std::string lines;
    for (const vm::PlanLine& line : program.value()->plan) lines += (lines.empty() ? "" : "; ") + std::string(line.detail);
    return lines;
  }

  bind::FakeEnvironment environment;
};

const char* const kStatements[] = {
    "SELECT 1",
    "SELECT * FROM t",
    "SELECT b FROM t WHERE a = ?1 OR b = :name",
    "SELECT count(*), sum(c), min(b) FROM t GROUP BY d HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 3 OFFSET 1",
    "SELECT DISTINCT c, d FROM t ORDER BY d COLLATE NOCASE",
    "SELECT min(b) FROM t",
    "SELECT count(DISTINCT c) FILTER (WHERE d > 1) FROM t",
    "SELECT * FROM t JOIN w ON w.k = t.b LEFT JOIN plain ON p = v",
    "SELECT * FROM plain RIGHT JOIN t ON p = c",
    "SELECT * FROM plain FULL JOIN t ON p = c AND q < d",
    "SELECT * FROM t WHERE b IN (SELECT k FROM w WHERE v > t.c)",
    "SELECT (SELECT max(q) FROM plain WHERE p = t.c), EXISTS (SELECT 1 FROM w) FROM t",
    "SELECT a, b FROM odd UNION SELECT k, v FROM w EXCEPT SELECT p, q FROM plain ORDER BY 1",
    "SELECT a FROM t INTERSECT SELECT p FROM plain",
    "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 10 ORDER BY 1 DESC LIMIT 20) SELECT i FROM n",
    "WITH x AS MATERIALIZED (SELECT p FROM plain) SELECT * FROM x a JOIN x b USING (p)",
    "SELECT (a, b) = (SELECT p, q FROM plain), (a, c) IN (SELECT p, q FROM plain) FROM t",
    "SELECT CASE c WHEN 1 THEN 'one' WHEN 2 THEN NULL ELSE b || '!' END, CAST(b AS REAL), c BETWEEN 1 AND d FROM t",
    "SELECT b LIKE 'x%', b GLOB ?, a ISNULL, c IS NOT d, c IS TRUE FROM t",
    "SELECT * FROM t, scratch WHERE t.c = scratch.x",
    "VALUES (1, 2), (3, 4)",
    "INSERT INTO t VALUES(1, 'x', 2, 3)",
    "INSERT INTO t(b) VALUES('x'), ('y')",
    "INSERT OR REPLACE INTO t SELECT p, q, 1, 2 FROM plain",
    "INSERT OR IGNORE INTO w(k, v) SELECT b, a FROM t RETURNING x",
    "INSERT INTO t(b, c) VALUES('x', 1) ON CONFLICT (b) DO UPDATE SET c = c + excluded.c WHERE c < 10 ON CONFLICT DO NOTHING",
    "INSERT INTO t DEFAULT VALUES",
    "REPLACE INTO plain VALUES(?, ?)",
    "UPDATE t SET a = a + 1, b = b || c WHERE c > 3",
    "UPDATE OR ROLLBACK w SET k = v, v = k",
    "UPDATE plain SET p = w.v FROM w WHERE w.k = q RETURNING p, q",
    "DELETE FROM t",
    "DELETE FROM t WHERE a IN (SELECT p FROM plain)",
    "DELETE FROM w WHERE k > 'x' RETURNING *",
    "CREATE TABLE made(a, b UNIQUE, PRIMARY KEY(a))",
    "CREATE TABLE made AS SELECT b, count(*) AS n FROM t GROUP BY b",
    "CREATE UNIQUE INDEX made ON t(c, b || d)",
    "CREATE VIEW made AS SELECT 1",
    "CREATE TEMP TABLE made(x)",
    "DROP TABLE t",
    "DROP INDEX tc",
    "DROP VIEW odd",
    "REINDEX t",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK TO s",
    "SAVEPOINT s",
    "RELEASE s",
};

TEST_F(Programs, AreWellFormedWithEachRewriteOff) {
  for (const char* sql : kStatements) {
    EXPECT_EQ(fault(sql), "") << sql;
    EXPECT_EQ(fault(sql, plan::Switches::none()), "") << sql << ", no rewrites";
    for (std::uint32_t bit = 0; bit <= 18; ++bit) {
      EXPECT_EQ(fault(sql, plan::Switches::all().without(static_cast<plan::Rewrite>(1u << bit))), "") << sql << ", without rewrite " << bit;
    }
  }
}

TEST_F(Programs, AreWellFormedInUtf16) {
  environment.encoding_ = TextEncoding::Utf16le;
  for (const char* sql : kStatements) EXPECT_EQ(fault(sql), "") << sql;
}

TEST_F(Programs, SayWhatTheyDo) {
  struct Case {
    const char* sql;
    bool read_only, may_abort, counts;
  };
  const Case cases[] = {
      {"SELECT * FROM t", true, false, false},
      {"BEGIN", true, false, false},
      {"INSERT INTO t(b) VALUES('x'), ('y')", false, true, true},  // the second row may be the one in conflict
      {"UPDATE t SET b = 1", false, true, true},
      {"CREATE TABLE made(x)", false, true, false},
  };
  for (const Case& one : cases) {
    const auto program = generate(one.sql);
    ASSERT_TRUE(program.ok()) << one.sql;
    EXPECT_EQ(program.value()->read_only, one.read_only) << one.sql;
    EXPECT_EQ(program.value()->may_abort, one.may_abort) << one.sql;
    EXPECT_EQ(program.value()->changes_counted, one.counts) << one.sql;
  }
}

// Entries go before their row does, so that their keys are borrowed from it; those of an update outlive the row.
TEST_F(Programs, CopyNoKeysOfARowThatGoes) {
  const auto copies = [this](const std::string& sql) {
    const auto program = generate(sql);
    EXPECT_TRUE(program.ok()) << sql;
    int count = 0;
    if (!program.ok()) return count;
    for (const vm::Instruction& instruction : program.value()->code) {
      if (instruction.opcode == vm::Opcode::Copy) ++count;
    }
    return count;
  };
  EXPECT_EQ(copies("DELETE FROM t WHERE a = ?1"), 0);
  EXPECT_GT(copies("UPDATE t SET b = b || '.' WHERE a = ?1"), 0);
}

TEST_F(Programs, NameTreesNotPages) {
  const auto program = generate("SELECT t.b FROM t, scratch WHERE t.b = scratch.x");
  ASSERT_TRUE(program.ok());
  const vm::Program& p = *program.value();
  ASSERT_EQ(p.databases.size(), 2u);
  for (const vm::DatabaseUse& use : p.databases) EXPECT_FALSE(use.writes);
  bool table = false, temp = false;
  for (const vm::TreeName& tree : p.trees) {
    ASSERT_NE(tree.table, nullptr);
    table |= tree.table->name == "t" && p.databases[static_cast<std::size_t>(tree.database)].number == 0;
    temp |= tree.table->name == "scratch" && p.databases[static_cast<std::size_t>(tree.database)].number == 1;
  }
  EXPECT_TRUE(table);
  EXPECT_TRUE(temp);
}

TEST_F(Programs, KnowTheirParametersAndColumns) {
  const auto program = generate("SELECT b, c AS other, a + ?3, :late FROM t AS q WHERE d = $dollar");
  ASSERT_TRUE(program.ok());
  const vm::Program& p = *program.value();
  EXPECT_EQ(p.parameter_count, 5);
  const char* const names[] = {nullptr, nullptr, "?3", ":late", "$dollar"};
  for (std::size_t i = 0; i < 5; ++i) {
    if (names[i] == nullptr) {
      EXPECT_EQ(p.parameter_names[i].data(), nullptr) << i;
    } else {
      EXPECT_EQ(p.parameter_names[i], names[i]);
    }
  }
  ASSERT_EQ(p.columns.size(), 4u);
  EXPECT_EQ(p.columns[0].name, "b");
  EXPECT_EQ(p.columns[0].declared_type, "TEXT");
  EXPECT_EQ(p.columns[0].table_name, "t");
  EXPECT_EQ(p.columns[0].database_name, "main");
  EXPECT_EQ(p.columns[1].name, "other");
  EXPECT_EQ(p.columns[1].column_name, "c");
  EXPECT_EQ(p.columns[2].name, "a + ?3");
  EXPECT_EQ(p.columns[2].table_name.data(), nullptr);
}

// The words of EXPLAIN QUERY PLAN are stock's: programs read them.
TEST_F(Programs, PlansAreToldInStocksWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT * FROM plain", "SCAN plain"},
      {"SELECT * FROM t WHERE a = 1", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)"},
      {"SELECT * FROM t WHERE a > 1 AND a < 5", "SEARCH t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
      {"SELECT * FROM t WHERE b = 'x'", "SEARCH t USING INDEX tb (b=?)"},
      {"SELECT a, b FROM t WHERE b > 'x'", "SEARCH t USING COVERING INDEX tb (b>?)"},
      {"SELECT k FROM w WHERE x = 'y'", "SEARCH w USING COVERING INDEX wx (x=?)"},
      {"SELECT * FROM w WHERE k = 1", "SEARCH w USING PRIMARY KEY (k=?)"},
      {"SELECT * FROM plain ORDER BY q", "SCAN plain; USE TEMP B-TREE FOR ORDER BY"},
      {"SELECT DISTINCT p FROM plain", "SCAN plain; USE TEMP B-TREE FOR DISTINCT"},
  };
  for (const auto& [sql, expected] : cases) EXPECT_EQ(plan_lines(sql), expected) << sql;
}

}  // namespace
}  // namespace perlite::codegen
