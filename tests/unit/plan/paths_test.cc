// Which way to the rows is taken, for what WHERE says and what sqlite_stat1 says; and what each rewrite does to a plan.
// Plans are compared as plan/dump.h prints them.
#include <gtest/gtest.h>

#include "plan/dump.h"
#include "tests/unit/bind/fake_environment.h"

namespace perlite::plan {
namespace {

class Plans : public ::testing::Test {
 protected:
  Plans() {
    environment.add("CREATE TABLE t(a INTEGER PRIMARY KEY, b, c, d TEXT, e)");
    environment.add("CREATE INDEX tb ON t(b)");
    environment.add("CREATE INDEX tcd ON t(c, d)");
    environment.add("CREATE INDEX te ON t(e) WHERE e > 10");
    environment.add("CREATE INDEX tx ON t(b + c)");
    environment.add("CREATE TABLE u(x UNIQUE, y)");
    environment.add("CREATE TABLE w(k, v, r, PRIMARY KEY(k, v)) WITHOUT ROWID");
    environment.add("CREATE TABLE plain(p, q)");
    environment.add("CREATE TABLE other(p, q)");
    environment.add("CREATE VIEW small AS SELECT b, c FROM t WHERE d = 'x'");
  }

  // The plan of a query, or the error.
  std::string plan(const std::string& sql, Switches switches = Switches::all()) {
    Arena arena;
    auto parsed = sql::parse_statement(sql, arena);
    if (!parsed.ok()) return std::string(parsed.status().message());
    auto bound = bind::bind_statement(parsed.value(), sql, environment, arena);
    if (!bound.ok()) return std::string(bound.status().message());
    Plan plan(arena);
    PlanOptions options;
    options.switches = switches;
    Planner planner(plan, environment, options);
    const auto query = planner.plan_select(*bound.value()->select);
    if (!query.ok()) return std::string(query.status().message());
    const String text = dump(*query.value());
    return {text.data(), text.size()};
  }
  // The lines that name a way to rows, without what stands around them.
  std::string scans(const std::string& sql, Switches switches = Switches::all()) {
    std::string all = plan(sql, switches), out;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at);
      const std::string line = all.substr(at, end - at);
      if (const std::size_t scan = line.find("scan "); scan != std::string::npos) out += (out.empty() ? "" : "; ") + line.substr(scan + 5);
      if (end == std::string::npos) break;
      at = end + 1;
    }
    return out;
  }

  bind::FakeEnvironment environment;
};

struct Case {
  const char* sql;
  const char* scans;
};

TEST_F(Plans, ConditionsChooseTheWay) {
  const Case cases[] = {
      {"SELECT * FROM t", "t table"},
      {"SELECT * FROM t WHERE a = 5", "t rowid seek 1 unique"},
      {"SELECT * FROM t WHERE rowid = 5 AND b = 1", "t rowid seek 1 unique"},
      {"SELECT * FROM t WHERE a > 5 AND a <= 9", "t table > <="},
      {"SELECT * FROM t WHERE a IN (1, 2, 3)", "t rowid seek 1"},
      {"SELECT * FROM t WHERE b = 1", "t index tb seek 1"},
      {"SELECT b FROM t WHERE b = 1", "t index tb covering seek 1"},
      {"SELECT a, b FROM t WHERE b > 1", "t index tb covering >"},
      {"SELECT * FROM t WHERE c = 1 AND d = 'x'", "t index tcd seek 2"},
      {"SELECT * FROM t WHERE c = 1 AND d > 'x'", "t index tcd seek 1 >"},
      {"SELECT * FROM t WHERE d = 'x'", "t table"},
      {"SELECT * FROM t WHERE b + 1 = 2", "t table"},
      {"SELECT * FROM t WHERE +b = 2", "t table"},
      {"SELECT * FROM t WHERE b + c = 2", "t index tx seek 1"},
      {"SELECT * FROM t WHERE e > 10", "t index te >"},
      {"SELECT * FROM t WHERE e > 10 AND e < 20", "t index te > <"},
      {"SELECT * FROM t WHERE e > 9", "t table"},
      {"SELECT * FROM t WHERE b = 1 OR c = 2", "t or; t index tb seek 1; t index tcd seek 1"},
      {"SELECT * FROM t WHERE b = 1 OR b = 2", "t index tb seek 1"},
      {"SELECT * FROM t WHERE b = 1 OR d = 'x'", "t table"},
      {"SELECT * FROM t WHERE b IS NULL", "t index tb seek 1"},
      {"SELECT * FROM t WHERE d = 5 AND c = 5", "t index tcd seek 2"},
      {"SELECT * FROM t NOT INDEXED WHERE b = 1", "t table"},
      {"SELECT * FROM t INDEXED BY tcd WHERE b = 1 AND c = 1", "t index tcd seek 1"},
      {"SELECT * FROM u WHERE x = 1", "u index sqlite_autoindex_u_1 seek 1 unique"},
      {"SELECT * FROM w WHERE k = 1 AND v = 2", "w index sqlite_autoindex_w_1 covering seek 2 unique"},
      {"SELECT * FROM w WHERE k = 1", "w index sqlite_autoindex_w_1 covering seek 1"},
      {"SELECT * FROM w WHERE v = 2", "w index sqlite_autoindex_w_1 covering"},
      {"SELECT min(b) FROM t", "t index tb covering"},
      {"SELECT max(b) FROM t", "t index tb covering reverse"},
      {"SELECT b FROM t ORDER BY b", "t index tb covering"},
      {"SELECT b FROM t ORDER BY b DESC", "t index tb covering reverse"},
      {"SELECT * FROM t ORDER BY a DESC", "t table reverse"},
      {"SELECT c, count(*) FROM t GROUP BY c", "t index tcd covering"},
      {"SELECT DISTINCT b FROM t", "t index tb covering"},
      {"SELECT * FROM t WHERE b = ?1", "t index tb seek 1"},
      {"SELECT * FROM t WHERE b BETWEEN 3 AND 7", "t index tb >= <="},
      {"SELECT * FROM t JOIN u ON u.x = t.b WHERE t.a = 1", "t rowid seek 1 unique; u index sqlite_autoindex_u_1 seek 1 unique"},
      {"SELECT * FROM plain LEFT JOIN t ON t.a = plain.p", "plain table; t rowid seek 1 unique"},
      {"SELECT * FROM small WHERE b = 3", "t index tb seek 1"},
      {"SELECT (SELECT y FROM u WHERE x = t.b) FROM t", "t index tb covering"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(scans(one.sql), one.scans) << one.sql;
    EXPECT_EQ(scans(one.sql, Switches::none()).find("seek"), std::string::npos) << one.sql;
  }
}

// What ANALYZE counted decides between indexes, and between an index and a scan.
TEST_F(Plans, StatisticsChooseTheIndex) {
  const char* const both = "SELECT * FROM t WHERE b = 1 AND c = 1";
  environment.add_statistics("t", "tb", "100000 1000");
  environment.add_statistics("t", "tcd", "100000 10 2");
  EXPECT_EQ(scans(both), "t index tcd seek 1");
  environment.add_statistics("t", "tb", "100000 2");
  EXPECT_EQ(scans(both), "t index tb seek 1");
  // An index whose keys tell little apart is worse than its table.
  environment.add_statistics("t", "tb", "100000 90000");
  EXPECT_EQ(scans("SELECT * FROM t WHERE b = 1"), "t table");
}

TEST_F(Plans, StatisticsChooseTheOrderOfJoins) {
  const char* const sql = "SELECT * FROM u JOIN t ON t.b = u.x";
  environment.add_statistics("u", "sqlite_autoindex_u_1", "10 1");
  environment.add_statistics("t", "tb", "1000000 2");
  EXPECT_EQ(scans(sql), "u table; t index tb seek 1");
  environment.add_statistics("u", "sqlite_autoindex_u_1", "1000000 1");
  environment.add_statistics("t", "tb", "10 2");
  EXPECT_EQ(scans(sql), "t table; u index sqlite_autoindex_u_1 seek 1 unique");
  EXPECT_EQ(scans("SELECT * FROM u CROSS JOIN t ON t.b = u.x").substr(0, 7), "u table");
}

// Each rewrite has its switch, and a query that shows it.
TEST_F(Plans, SwitchesLeaveRewritesOut) {
  struct Shown {
    Rewrite rewrite;
    const char* sql;
    const char* on;       // a piece of the plan
    const char* without;  // instead of it
  };
  const Shown cases[] = {
      {Rewrite::Flatten, "SELECT * FROM small WHERE c = 3", "scan t", "query small"},
      {Rewrite::PushDown, "SELECT * FROM (SELECT p, count(*) AS n FROM plain GROUP BY p) WHERE p = 1", "filter", "filter"},
      {Rewrite::StrengthenJoins, "SELECT * FROM plain LEFT JOIN other ON other.p = plain.p WHERE other.q > 1", "hash join", "left hash join"},
      {Rewrite::IndexAccess, "SELECT * FROM t WHERE b = 1", "index tb", "scan t table"},
      {Rewrite::CoveringIndex, "SELECT b FROM t WHERE b = 1", "covering", "index tb seek"},
      {Rewrite::MultiIndexOr, "SELECT * FROM t WHERE b = 1 OR c = 2", "scan t or", "scan t table"},
      {Rewrite::InSeek, "SELECT * FROM t WHERE a IN (1, 2, 3)", "rowid seek 1", "scan t table"},
      {Rewrite::PartialIndex, "SELECT * FROM t WHERE e > 10", "index te", "scan t table"},
      {Rewrite::ExpressionIndex, "SELECT * FROM t WHERE b + c = 2", "index tx", "scan t table"},
      {Rewrite::MinMax, "SELECT min(b) FROM t", "first row", "aggregate\n"},
      {Rewrite::HashJoin, "SELECT * FROM plain JOIN other ON other.p = plain.p", "hash join", "loop"},
      {Rewrite::OrderByIndex, "SELECT * FROM t ORDER BY b", "index tb", "sort 1"},
      {Rewrite::TopN, "SELECT * FROM plain ORDER BY p LIMIT 3", "sort 1 top", "sort 1\n"},
      {Rewrite::CountPages, "SELECT count(*) FROM plain", "count plain", "aggregate"},
  };
  for (const Shown& one : cases) {
    const std::string on = plan(one.sql), without = plan(one.sql, Switches::all().without(one.rewrite));
    EXPECT_NE(on.find(one.on), std::string::npos) << one.sql << "\n" << on;
    EXPECT_NE(without.find(one.without), std::string::npos) << one.sql << "\n" << without;
    EXPECT_NE(on, without) << one.sql << "\n" << on;
  }
}

TEST_F(Plans, SortsStandOnlyWhereOrderIsNotGiven) {
  const std::pair<const char*, bool> cases[] = {
      {"SELECT * FROM t ORDER BY a", false},
      {"SELECT * FROM t WHERE a > 3 ORDER BY a DESC", false},
      {"SELECT * FROM t WHERE b = 1 ORDER BY a", false},  // entries of one key are in the order of rowids
      {"SELECT c, d FROM t ORDER BY c, d", false},
      {"SELECT c, d FROM t ORDER BY c DESC, d DESC", false},
      {"SELECT c, d FROM t ORDER BY c, d DESC", true},
      {"SELECT c, d FROM t WHERE c = 1 ORDER BY d DESC", false},
      {"SELECT c, d FROM t ORDER BY d", true},
      {"SELECT * FROM t ORDER BY a + 0", true},
      {"SELECT d FROM t WHERE c = 1 ORDER BY d COLLATE NOCASE", true},
  };
  for (const auto& [sql, sorts] : cases) EXPECT_EQ(plan(sql).find("sort ") != std::string::npos, sorts) << sql << "\n" << plan(sql);
}

TEST_F(Plans, TooManyTablesAreAnError) {
  std::string sql = "SELECT 1 FROM plain t0";
  for (int i = 1; i < 64; ++i) sql += ", plain t" + std::to_string(i);
  EXPECT_EQ(plan(sql).find("at most"), std::string::npos);
  EXPECT_EQ(plan(sql + ", plain t64"), "at most 64 tables in a join");
}

}  // namespace
}  // namespace perlite::plan
