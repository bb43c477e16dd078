// Opening files and compiling statements.
#include "dataset.h"
#include "workloads.h"

namespace bench {
namespace {

Workload open_tables(int tables) {
  return {"open and first query, " + std::to_string(tables) + " tables", "open", 1,
          [tables](const Library& lib, const std::string& folder) -> Trial {
            const std::string path = path_of(lib, folder, "tables" + std::to_string(tables));
            {
              Database db(lib, path);
              db.exec("PRAGMA synchronous=OFF; BEGIN");
              for (int i = 0; i < tables; ++i) {
                db.exec("CREATE TABLE table_" + std::to_string(i) +
                        "(id INTEGER PRIMARY KEY, name TEXT NOT NULL, value REAL DEFAULT 0, UNIQUE(name))");
              }
              db.exec("INSERT INTO table_" + std::to_string(tables / 2) + " VALUES(1, 'x', 2.5); COMMIT");
            }
            const std::string sql = "SELECT * FROM table_" + std::to_string(tables / 2) + " WHERE id = 1";
            return [path, sql, &lib] {
              Database db(lib, path);
              return db.query(sql);
            };
          }};
}

// `before` and `after` stand on both sides of a number that makes each text a new one, or the same one again.
Workload prepare(const std::string& name, const std::string& before, const std::string& after, bool repeated) {
  constexpr int kTimes = 200;
  return {name, "statement", kTimes, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = filled(lib, folder);
            auto next = std::make_shared<int>(0);
            return [=, &lib] {
              for (int i = 0; i < kTimes; ++i) {
                const std::string sql = before + std::to_string(repeated ? 1 : ++*next) + after;
                lib.finalize(db->prepare(sql));
              }
              return std::uint64_t{0};
            };
          }};
}

}  // namespace

std::vector<Workload> statement_workloads() {
  const std::string join =
      "SELECT t.id, t.s, u.w FROM t JOIN u ON u.t_id = t.id WHERE t.k BETWEEN ?1 AND ?2 AND t.g = ";
  const std::string order = " ORDER BY t.v DESC LIMIT 10";
  return {
      open_tables(200),
      open_tables(10000),
      prepare("prepare, first: join of two", join, order, false),
      prepare("prepare, first: point select", "SELECT s, v, ", " FROM t WHERE id = ?1", false),
      prepare(
          "prepare, first: join of three",
          "SELECT a.s, b.w, c.v FROM t a JOIN u b ON b.t_id = a.id JOIN t c ON c.id = b.w WHERE a.k > ?1 AND c.g = ",
          " ORDER BY a.s", false),
      prepare("prepare, first: insert", "INSERT INTO t(id, k, v, s, g) VALUES(?1, ?2, ?3, ?4, ", ")", false),
      prepare("prepare, first: update", "UPDATE t SET v = ?1, s = ?2 WHERE id = ?3 AND g <> ", "", false),
      prepare("prepare, first: delete", "DELETE FROM t WHERE k = ?1 AND g = ", "", false),
      prepare("prepare, first: aggregate", "SELECT g, count(*), sum(v), max(k) FROM t WHERE k > ",
              " GROUP BY g HAVING count(*) > 5 ORDER BY 2 DESC", false),
      prepare("prepare, first: common table expression",
              "WITH big AS (SELECT id, g, v FROM t WHERE k > ?1), names(n) AS (SELECT s FROM t WHERE g = ",
              ") SELECT big.g, sum(big.v), (SELECT count(*) FROM names) FROM big GROUP BY big.g", false),
      prepare("prepare, repeated", join, order, true),
  };
}

}  // namespace bench
