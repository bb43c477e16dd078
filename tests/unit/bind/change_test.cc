// What statements that change rows or objects become.
#include <gtest/gtest.h>

#include "tests/unit/bind/fake_environment.h"

namespace perlite::bind {
namespace {

class BindChange : public ::testing::Test {
 protected:
  BindChange() {
    environment.add("CREATE TABLE t(a TEXT COLLATE NOCASE, b INT, c)");
    environment.add("CREATE TABLE k(id INTEGER PRIMARY KEY, x UNIQUE, y DEFAULT 5, z, UNIQUE(y,z))");
    environment.add("CREATE TABLE w(p, q, r, PRIMARY KEY(p,q)) WITHOUT ROWID");
    environment.add("CREATE UNIQUE INDEX ke ON k(z+1)");
  }
  FakeEnvironment environment;
};

TEST_F(BindChange, TreesAreAsExpected) {
  struct Case {
    const char* sql;
    const char* tree;
  };
  const Case cases[] = {
      {"INSERT INTO k(x, rowid) VALUES(1, 2)",
       "insert\n"
       "  table k#0\n"
       "  columns k#0.x k#0.id\n"
       "  select\n"
       "    column1 = 1\n"
       "    column2 = 2"},
      {"INSERT OR IGNORE INTO t SELECT * FROM t",
       "insert or ignore\n"
       "  table t#0\n"
       "  columns t#0.a t#0.b t#0.c\n"
       "  reads target\n"
       "  select\n"
       "    a = t#1.a\n"
       "    b = t#1.b\n"
       "    c = t#1.c\n"
       "  from\n"
       "    table t#1"},
      {"INSERT INTO k DEFAULT VALUES",
       "insert\n"
       "  table k#0\n"
       "  columns\n"
       "  default values"},
      {"INSERT INTO k VALUES(1,2,3,4) ON CONFLICT(x) DO UPDATE SET y = excluded.y + k.y WHERE z > 1 ON CONFLICT(rowid) "
       "DO NOTHING",
       "insert\n"
       "  table k#0\n"
       "  columns k#0.id k#0.x k#0.y k#0.z\n"
       "  select\n"
       "    column1 = 1\n"
       "    column2 = 2\n"
       "    column3 = 3\n"
       "    column4 = 4\n"
       "  on conflict sqlite_autoindex_k_1\n"
       "    set k#0.y = (+ excluded#1.y k#0.y)\n"
       "    where (> k#0.z 1)\n"
       "  on conflict rowid do nothing"},
      {"INSERT INTO k VALUES(1,2,3,4) ON CONFLICT(z + 1) DO NOTHING RETURNING *, x AS q",
       "insert\n"
       "  table k#0\n"
       "  columns k#0.id k#0.x k#0.y k#0.z\n"
       "  select\n"
       "    column1 = 1\n"
       "    column2 = 2\n"
       "    column3 = 3\n"
       "    column4 = 4\n"
       "  on conflict ke do nothing\n"
       "returning id = k#0.id\n"
       "returning x = k#0.x\n"
       "returning y = k#0.y\n"
       "returning z = k#0.z\n"
       "returning q = k#0.x"},
      {"INSERT INTO w VALUES(1,2,3) ON CONFLICT(q,p) DO UPDATE SET r = 1",
       "insert\n"
       "  table w#0\n"
       "  columns w#0.p w#0.q w#0.r\n"
       "  select\n"
       "    column1 = 1\n"
       "    column2 = 2\n"
       "    column3 = 3\n"
       "  on conflict sqlite_autoindex_w_1\n"
       "    set w#0.r = 1"},
      {"UPDATE t SET b = b + 1, (a, c) = (1, b) WHERE a = 'x'",
       "update\n"
       "  table t#0\n"
       "  set t#0.b = (+ t#0.b 1)\n"
       "  set t#0.a = 1\n"
       "  set t#0.c = t#0.b\n"
       "  where (=/TEXT/NOCASE t#0.a 'x')"},
      {"UPDATE t SET (a, c) = (SELECT x, y FROM k WHERE id = t.b)",
       "update\n"
       "  table t#0\n"
       "  set t#0.a = (scalar\n"
       "  select\n"
       "    x = \?#2.x\n"
       "  from\n"
       "    select -#2\n"
       "      select\n"
       "        x = k#1.x\n"
       "        y = k#1.y\n"
       "      from\n"
       "        table k#1\n"
       "      where (=/NUMERIC k#1.id ^t#0.b)\n"
       "      correlated #0\n"
       "  correlated #0)\n"
       "  set t#0.c = (scalar\n"
       "  select\n"
       "    y = \?#4.y\n"
       "  from\n"
       "    select -#4\n"
       "      select\n"
       "        x = k#3.x\n"
       "        y = k#3.y\n"
       "      from\n"
       "        table k#3\n"
       "      where (=/NUMERIC k#3.id ^t#0.b)\n"
       "      correlated #0\n"
       "  correlated #0)"},
      {"UPDATE OR REPLACE k SET rowid = 5, x = t.a FROM t WHERE t.b = k.id RETURNING id",
       "update or replace\n"
       "  join\n"
       "    table k#0\n"
       "    table t#1\n"
       "  set k#0.id = 5\n"
       "  set k#0.x = t#1.a\n"
       "  where (=/NUMERIC t#1.b k#0.id)\n"
       "returning id = k#0.id"},
      {"WITH d AS (SELECT 1 AS n) DELETE FROM t WHERE b IN (SELECT n FROM d)",
       "delete\n"
       "  table t#0\n"
       "  where (in/NUMERIC t#0.b\n"
       "  select\n"
       "    n = d#1.n\n"
       "  from\n"
       "    select d#1\n"
       "      select\n"
       "        n = 1)"},
      {"CREATE TABLE IF NOT EXISTS main.z(a, b UNIQUE)",
       "create table 0.z\n"
       "  CREATE TABLE z(a, b UNIQUE)"},
      {"CREATE TEMP TABLE k2 AS SELECT a, b + 1, b AS b FROM t",
       "create table 1.k2\n"
       "  CREATE TABLE k2(a TEXT,\"b + 1\",b INT)\n"
       "  as\n"
       "select\n"
       "  a = t#0.a\n"
       "  b + 1 = (+ t#0.b 1)\n"
       "  b = t#0.b\n"
       "from\n"
       "  table t#0"},
      {"DROP TABLE IF EXISTS absent", "drop -1.absent (nothing to do)"},
      {"PRAGMA main.user_version = 5", "pragma 0.user_version"},
      {"ATTACH file AS 'aux'", "attach 'file' 'aux'"},
  };
  for (const Case& one : cases) EXPECT_EQ(bind_text(environment, one.sql), one.tree) << one.sql;
}

// What cannot be done rightly is not done at all.
TEST_F(BindChange, TriggersAndForeignKeysAreRefused) {
  environment.add("CREATE TABLE parent(id INTEGER PRIMARY KEY)");
  environment.add("CREATE TABLE child(a REFERENCES parent)");
  environment.add("CREATE TRIGGER watch AFTER UPDATE OF b ON t BEGIN SELECT 1; END");
  environment.add("CREATE TRIGGER secret AFTER INSERT ON w BEGIN SELECT 1; END", 1);
  const std::string watch = "ERR 1 -1 trigger watch cannot run: triggers are not available in this build";
  EXPECT_EQ(bind_text(environment, "UPDATE t SET b = 1"), watch);
  EXPECT_EQ(bind_text(environment, "UPDATE t SET a = 1", false), "");
  EXPECT_EQ(bind_text(environment, "DELETE FROM t", false), "");
  EXPECT_EQ(bind_text(environment, "INSERT INTO w VALUES(1,2,3)"),
            "ERR 1 -1 trigger secret cannot run: triggers are not available in this build");
  EXPECT_EQ(bind_text(environment, "INSERT INTO child VALUES(1)", false), "");
  environment.switches_.foreign_keys = true;
  const std::string keys = "ERR 1 -1 foreign key enforcement is not available in this build";
  EXPECT_EQ(bind_text(environment, "INSERT INTO child VALUES(1)"), keys);
  EXPECT_EQ(bind_text(environment, "DELETE FROM parent"), keys);
  EXPECT_EQ(bind_text(environment, "DROP TABLE parent"), keys);
  EXPECT_EQ(bind_text(environment, "DELETE FROM t", false), "");
  environment.switches_.enable_triggers = false;
  EXPECT_EQ(bind_text(environment, "UPDATE t SET b = 1", false), "");
}

// Keys of a table, by the text alone (names of automatic indexes and fields of records were read from stock's files).
TEST(TableDefinition, IndexesAndRecords) {
  struct Case {
    const char* sql;
    const char* shape;  // index name: column ... ;
  };
  const Case cases[] = {
      {"CREATE TABLE a(a UNIQUE, b UNIQUE, UNIQUE(a), UNIQUE(b,a), UNIQUE(a,b), UNIQUE(a,b))",
       "sqlite_autoindex_a_1: 0 -1; sqlite_autoindex_a_2: 1 -1; sqlite_autoindex_a_3: 1 0 -1; sqlite_autoindex_a_4: 0 "
       "1 -1; "},
      {"CREATE TABLE a(a INTEGER PRIMARY KEY UNIQUE, b)", "sqlite_autoindex_a_1: 0 -1; alias 0"},
      {"CREATE TABLE a(a INTEGER PRIMARY KEY DESC, b)", "sqlite_autoindex_a_1: 0 -1; "},
      {"CREATE TABLE a(a INTEGER, b, PRIMARY KEY(a DESC))", "alias 0"},
      {"CREATE TABLE a(a INT PRIMARY KEY, b)", "sqlite_autoindex_a_1: 0 -1; "},
      {"CREATE TABLE a(a COLLATE NOCASE, UNIQUE(a), UNIQUE(a COLLATE BINARY))",
       "sqlite_autoindex_a_1: 0 -1; sqlite_autoindex_a_2: 0 -1; "},
      {"CREATE TABLE w(a, b, c, PRIMARY KEY(c, a)) WITHOUT ROWID", "key sqlite_autoindex_w_1: 2 0 1; "},
      {"CREATE TABLE w(a INTEGER PRIMARY KEY, b UNIQUE) WITHOUT ROWID",
       "sqlite_autoindex_w_1: 1 0; key sqlite_autoindex_w_2: 0 1; "},
      {"CREATE TABLE w(a, b, c, PRIMARY KEY(b COLLATE NOCASE, b)) WITHOUT ROWID",
       "key sqlite_autoindex_w_1: 1 1 0 2; "},
      {"CREATE TABLE g(a, b AS (a), c AS (a) STORED, d)", "fields 0 -1 1 2"},
  };
  for (const Case& one : cases) {
    Arena arena;
    auto table = ddl_reader().read_table(one.sql, 0, arena);
    ASSERT_TRUE(table.ok()) << one.sql;
    std::string shape;
    auto add = [&](const catalog::Index& index) {
      shape += std::string(index.name) + ":";
      for (const catalog::IndexColumn& column : index.columns) shape += " " + std::to_string(column.column);
      shape += "; ";
    };
    for (const catalog::Index* index : table.value()->indexes) add(*index);
    if (table.value()->primary_key != nullptr) {
      shape += "key ";
      add(*table.value()->primary_key);
    }
    if (table.value()->rowid_alias >= 0) shape += "alias " + std::to_string(table.value()->rowid_alias);
    if (table.value()->has_generated) {
      shape += "fields";
      for (const catalog::Column& column : table.value()->columns) shape += " " + std::to_string(column.storage_index);
    }
    EXPECT_EQ(shape, one.shape) << one.sql;
  }
}

}  // namespace
}  // namespace perlite::bind
