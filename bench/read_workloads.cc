// Queries and look-ups that leave the data as it is.
#include "dataset.h"
#include "workloads.h"

namespace bench {
namespace {

// A query over the filled tables, prepared once.
Workload query(const std::string& name, const std::string& sql, double rows = 1) {
  return {name, rows == 1 ? "query" : "row", rows, [sql](const Library& lib, const std::string& folder) -> Trial {
            auto db = filled(lib, folder);
            std::shared_ptr<sqlite3_stmt> statement(db->prepare(sql), lib.finalize);
            return [db, statement] { return db->run(statement.get()); };
          }};
}

// Look-ups with a bound parameter.
Workload lookups(const std::string& name, const std::string& sql, bool text, bool in_transaction) {
  constexpr int kLookups = 2000;
  return {name, "select", kLookups, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = filled(lib, folder);
            auto keys = std::make_shared<std::vector<std::string>>();
            if (text) {
              sqlite3_stmt* all = db->prepare("SELECT s FROM t WHERE id % 50 = 7");
              while (lib.step(all) == SQLITE_ROW)
                keys->emplace_back(reinterpret_cast<const char*>(lib.column_text(all, 0)));
              lib.finalize(all);
            }
            std::shared_ptr<sqlite3_stmt> statement(db->prepare(sql), lib.finalize);
            return [=, &lib] {
              std::uint64_t hash = 0;
              if (in_transaction) db->exec("BEGIN");
              for (int i = 0; i < kLookups; ++i) {
                if (text) {
                  const std::string& key = (*keys)[static_cast<std::size_t>(i * 7919) % keys->size()];
                  lib.bind_text(statement.get(), 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
                } else {
                  lib.bind_int64(statement.get(), 1, (static_cast<sqlite3_int64>(i) * 7919) % kRows + 1);
                }
                hash += db->run(statement.get());
              }
              if (in_transaction) db->exec("COMMIT");
              return hash;
            };
          }};
}

}  // namespace

std::vector<Workload> read_workloads() {
  constexpr double kFew = kRows / 10;  // the rows of u
  return {
      lookups("point select by rowid", "SELECT * FROM t WHERE id = ?1", false, false),
      lookups("point select by rowid in a transaction", "SELECT * FROM t WHERE id = ?1", false, true),
      lookups("point select by text index", "SELECT id, k FROM t WHERE s = ?1", true, false),
      lookups("point select by text index in a transaction", "SELECT id, k FROM t WHERE s = ?1", true, true),
      lookups("select by IN list of rowids", "SELECT s FROM t WHERE id IN (?1, ?1 + 7, ?1 + 300, ?1 + 5000)", false,
              true),
      lookups("greatest key below", "SELECT k FROM t WHERE k < ?1 * 10 ORDER BY k DESC LIMIT 1", false, true),
      query("range of 1,000 rows", "SELECT id, k, s FROM t WHERE id BETWEEN 5000 AND 5999", 1000),
      query("index range of 10,000 rows", "SELECT id, k FROM t WHERE k BETWEEN 100000 AND 200000", 10000),
      query("index range with rows of the table", "SELECT id, v FROM t WHERE k BETWEEN 100000 AND 150000", 5000),
      query("OR by two indexes",
            "SELECT id, g FROM t WHERE k BETWEEN 100000 AND 110000 OR s BETWEEN 'name-01' AND 'name-02'", 2000),
      query("all rows, all columns", "SELECT * FROM t", kRows),
      query("count(*)", "SELECT count(*) FROM t"),
      query("min and max by index", "SELECT (SELECT min(k) FROM t), (SELECT max(k) FROM t)"),
      query("min and max by scan", "SELECT min(v), max(v) FROM t", kRows),
      query("scan with sum", "SELECT sum(k), sum(v) FROM t", kRows),
      query("scan with filter", "SELECT count(*) FROM t WHERE v > 7000 AND g < 500", kRows),
      query("scan with IN list", "SELECT count(*) FROM t WHERE g IN (3, 77, 101, 405, 631, 990)", kRows),
      query("scan with LIKE", "SELECT count(*) FROM t WHERE s LIKE '%77%'", kRows),
      query("scan with LIKE of a prefix", "SELECT count(*) FROM t WHERE s LIKE 'name-77%'", kRows),
      query("GLOB by index", "SELECT count(*) FROM t WHERE s GLOB 'name-77*'", 1000),
      query("scan with NOCASE", "SELECT count(*) FROM t WHERE s = 'NAME-00000077' COLLATE NOCASE", kRows),
      query("group by, 1,000 groups", "SELECT g, count(*), round(sum(v), 3) FROM t GROUP BY g", kRows),
      query("group by text, many groups", "SELECT s, count(*) FROM t GROUP BY s || 'x'", kRows),
      query("group by indexed column", "SELECT k, count(*) FROM t GROUP BY k", kRows),
      query("count of distinct", "SELECT count(DISTINCT g), count(DISTINCT s) FROM t", kRows),
      query("group_concat", "SELECT g, length(group_concat(id)) FROM t GROUP BY g", kRows),
      query("join by primary key", "SELECT count(*), sum(t.k) FROM u JOIN t ON t.id = u.t_id", kFew),
      query("join by index", "SELECT count(*), sum(t.g) FROM u JOIN t ON t.k = u.id * 10", kFew),
      query("join without index", "SELECT count(*), sum(t.g) FROM u JOIN t ON t.g = u.w", kRows),
      query("left join", "SELECT count(*), count(u.w) FROM t LEFT JOIN u ON u.id = t.id", kRows),
      query("join of three",
            "SELECT count(*), sum(b.g) FROM u JOIN t a ON a.id = u.t_id JOIN t b ON b.id = a.id / 2 + 1", kFew),
      query("EXISTS", "SELECT count(*) FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.id = u.t_id AND t.g < 500)", kFew),
      query("NOT EXISTS", "SELECT count(*) FROM u WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.k = u.id)", kFew),
      query("IN subquery", "SELECT count(*) FROM t WHERE g IN (SELECT w FROM u)", kRows),
      query("NOT IN subquery", "SELECT count(*) FROM t WHERE g NOT IN (SELECT w FROM u)", kRows),
      query("correlated subquery", "SELECT sum((SELECT t.g FROM t WHERE t.id = u.t_id)) FROM u", kFew),
      query("correlated count by index", "SELECT sum((SELECT count(*) FROM t WHERE t.k = u.id * 7)) FROM u", kFew),
      query("subquery with GROUP BY in FROM",
            "SELECT max(n), sum(total) FROM (SELECT g, count(*) AS n, sum(k) AS total FROM t GROUP BY g)", kRows),
      query(
          "subquery joined to its table",
          "SELECT count(*) FROM t JOIN (SELECT g, avg(v) AS mean FROM t GROUP BY g) m ON m.g = t.g WHERE t.v > m.mean",
          kRows),
      query("CTE used twice",
            "WITH c AS (SELECT g, sum(v) AS total FROM t GROUP BY g) "
            "SELECT count(*) FROM c a JOIN c b ON b.g = a.g + 1 WHERE a.total > b.total",
            kRows),
      query("UNION", "SELECT count(*) FROM (SELECT g FROM t UNION SELECT w FROM u)", kRows),
      query("EXCEPT and INTERSECT",
            "SELECT count(*) FROM (SELECT id FROM t EXCEPT SELECT t_id FROM u INTERSECT SELECT k FROM t)", kRows),
      query("UNION ALL", "SELECT sum(x) FROM (SELECT k AS x FROM t UNION ALL SELECT w FROM u)", kRows),
      query("sort", "SELECT id, v FROM t ORDER BY v, id", kRows),
      query("sort of texts", "SELECT s FROM t ORDER BY s || '' DESC", kRows),
      query("order by index", "SELECT s FROM t ORDER BY s", kRows),
      query("top 10", "SELECT id, v FROM t ORDER BY v DESC LIMIT 10", kRows),
      query("OFFSET", "SELECT id FROM t ORDER BY id LIMIT 10 OFFSET 50000", 50000),
      query("distinct", "SELECT count(*) FROM (SELECT DISTINCT g FROM t)", kRows),
      query("distinct texts", "SELECT count(*) FROM (SELECT DISTINCT s || g FROM t)", kRows),
      query("recursive count",
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 100000) SELECT sum(x) FROM c",
            100000),
      query("recursion without duplicates",
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT (x * 7 + 3) % 20011 FROM c) SELECT count(*), sum(x) FROM c",
            20000),
      query("recursion over a table",
            "WITH RECURSIVE c(id, depth) AS (SELECT 1, 0 UNION ALL SELECT t.k % 100000 + 1, depth + 1 FROM c JOIN t ON "
            "t.id = c.id WHERE depth < 20000) SELECT sum(id) FROM c",
            20000),
      query("expressions",
            "SELECT sum(abs(k - 500000) * 2 + length(s) % 7 + (CASE WHEN g > 500 THEN 1 ELSE 2 END)) FROM t", kRows),
      query("text functions", "SELECT sum(length(upper(substr(s, 3, 6)) || replace(s, '7', 'xx') || trim(s))) FROM t",
            kRows),
      query("printf", "SELECT sum(length(printf('%05d %.2f %s', k, v, s))) FROM t", kRows),
      query("CAST and coalesce",
            "SELECT sum(CAST(substr(s, 6) AS INTEGER) + coalesce(NULL, k) + CAST(v AS INTEGER)) FROM t", kRows),
      query("dates",
            "SELECT sum(julianday('2020-01-01', '+' || g || ' days')), max(strftime('%Y-%m', k, 'unixepoch')) FROM t",
            kRows),
      query("json_extract",
            "SELECT sum(json_extract('{\"a\": [1, 2, {\"b\": ' || k || '}], \"c\": \"' || s || '\"}', '$.a[2].b')) "
            "FROM t",
            kRows),
      query("json_each", "SELECT sum(value) FROM u, json_each('[1, 2, ' || u.w || ', 4, 5]')", 5 * kFew),
      query("json_group_array", "SELECT g, length(json_group_array(id)) FROM t GROUP BY g", kRows),
  };
}

}  // namespace bench
