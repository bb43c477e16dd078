// What names of a query mean.
#include <gtest/gtest.h>

#include "tests/unit/bind/fake_environment.h"

namespace perlite::bind {
namespace {

class BindSelect : public ::testing::Test {
 protected:
  BindSelect() {
    environment.add("CREATE TABLE t(a TEXT COLLATE NOCASE, b INT, c)");
    environment.add("CREATE TABLE u(id INTEGER PRIMARY KEY, a, d REAL)");
    environment.add("CREATE VIEW v(x, y) AS SELECT a, b + 1 FROM t");
  }
  FakeEnvironment environment;
};

TEST_F(BindSelect, TreesAreAsExpected) {
  struct Case {
    const char* sql;
    const char* tree;
  };
  const Case cases[] = {
      {"SELECT b, t.c AS x FROM t WHERE a = 'q' AND x > 1 ORDER BY x DESC",
       "select\n  b = t#0.b\n  x = t#0.c\nfrom\n  table t#0\n"
       "where (and (=/TEXT/NOCASE t#0.a 'q') (> t#0.c 1))\norder by @2 desc"},
      {"SELECT rowid, oid FROM u", "select\n  id = u#0.id\n  id = u#0.id\nfrom\n  table u#0"},
      {"SELECT * FROM t JOIN u USING(a)",
       "select\n  a = t#0.a\n  b = t#0.b\n  c = t#0.c\n  id = u#1.id\n  d = u#1.d\nfrom\n"
       "  join on (=/NOCASE t#0.a u#1.a)\n    table t#0\n    table u#1"},
      {"SELECT a FROM t FULL JOIN u USING(a)",
       "select\n  a = (coalesce t#0.a u#1.a)\nfrom\n  full on (=/NOCASE t#0.a u#1.a)\n    table t#0\n    table u#1"},
      {"SELECT sum(b), max(a) FROM t GROUP BY c HAVING sum(b) > 1",
       "select\n  sum(b) = agg0\n  max(a) = agg1\nfrom\n  table t#0\ngroup by t#0.c\nhaving (> agg0 1)\n"
       "agg0 = (sum t#0.b)\nagg1 = (max/NOCASE t#0.a) bare"},
      {"SELECT (SELECT sum(t.b) FROM u) FROM t",
       "select\n  (SELECT sum(t.b) FROM u) = (scalar\n  select\n    sum(t.b) = ^agg0\n  from\n    table u#1\n  "
       "correlated #0)\n"
       "from\n  table t#0\nagg0 = (sum t#0.b)"},
      {"SELECT y FROM v WHERE x = 'k'",
       "select\n  y = v#1.y\nfrom\n  select v#1\n    select\n      a = t#0.a\n      b + 1 = (+ t#0.b 1)\n    from\n    "
       "  table t#0\n"
       "where (=/TEXT/NOCASE v#1.x 'k')"},
      {"SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.d = t.b)",
       "select\n  1 = 1\nfrom\n  table t#0\nwhere (exists\n  select\n    1 = 1\n  from\n    table u#1\n"
       "  where (=/NUMERIC u#1.d ^t#0.b)\n  correlated #0)"},
      {"WITH w AS (SELECT b FROM t) SELECT * FROM w, w AS w2",
       "with w\n  select\n    b = t#0.b\n  from\n    table t#0\nselect\n  b = w#1.b\n  b = w2#2.b\nfrom\n  join\n    "
       "with w#1\n    with w#2 as w2"},
      {"WITH RECURSIVE n(i) AS (VALUES(1) UNION SELECT i+1 FROM n WHERE i < 5) SELECT i FROM n",
       "with n recursive distinct\n  select\n    column1 = 1\nstep\n  select\n    i+1 = (+ n#0.i 1)\n  from\n    step "
       "n#0\n"
       "  where (< n#0.i 5)\nselect\n  i = n#1.i\nfrom\n  with n#1"},
      {"SELECT value FROM series(1, 5)", "select\n  value = series#0.value\nfrom\n  source series#0 ( 1 5 )"},
      {"SELECT \"nope\", -9223372036854775808, b IS NULL, b IS NOT TRUE FROM t",
       "select\n  \"nope\" = 'nope'\n  -9223372036854775808 = -9223372036854775808\n  b IS NULL = (isnull t#0.b)\n"
       "  b IS NOT TRUE = (isnottrue t#0.b)\nfrom\n  table t#0"},
      {"SELECT b FROM t UNION SELECT d FROM u ORDER BY d",
       "select\n  b = t#0.b\nfrom\n  table t#0\nunion\nselect\n  d = u#1.d\nfrom\n  table u#1\norder by @1"},
      {"SELECT a LIKE 'x%', a NOT GLOB 'y' FROM t",
       "select\n  a LIKE 'x%' = (like 'x%' t#0.a)\n  a NOT GLOB 'y' = (not (glob 'y' t#0.a))\nfrom\n  table t#0"},
      {"SELECT row_number() OVER (PARTITION BY b ORDER BY c) FROM t",
       "select\n  row_number() OVER (PARTITION BY b ORDER BY c) = win0\nfrom\n  table t#0\n"
       "window0 partition t#0.b order t#0.c\nwin0 = (row_number) over window0"},
  };
  for (const Case& one : cases) EXPECT_EQ(bind_text(environment, one.sql), one.tree) << one.sql;
}

// An expression as high as the parser lets it be needs no C stack.
TEST_F(BindSelect, HighExpressionsBind) {
  std::string left = "1", right = "1", nots;
  for (int i = 0; i < 990; ++i) left += "+1";
  for (int i = 0; i < 990; ++i) nots += "NOT ";
  EXPECT_NE(bind_text(environment, "SELECT " + left), "");
  EXPECT_EQ(bind_text(environment, "SELECT " + nots + "1").rfind("ERR", 0), std::string::npos);
}

TEST_F(BindSelect, TheAuthorizerIsAsked) {
  environment.authorizer_on = true;
  bind_text(environment, "SELECT a, abs(y) FROM t, v WHERE b = 1");
  const std::vector<std::string> expected = {"21 - - - -",    "21 - - - v",    "20 t a main v", "20 t b main v",
                                             "20 t a main -", "20 v y main -", "31 - abs - -",  "20 t b main -"};
  EXPECT_EQ(environment.calls, expected);
  environment.denied = "20 t b";
  EXPECT_EQ(bind_text(environment, "SELECT b FROM t"), "ERR 23 -1 access to t.b is prohibited");
  environment.denied.clear();
  environment.ignored = "20 t b";
  EXPECT_EQ(bind_text(environment, "SELECT b FROM t"), "select\n  b = NULL\nfrom\n  table t#0");
}

}  // namespace
}  // namespace perlite::bind
