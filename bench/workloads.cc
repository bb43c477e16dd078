#include "workloads.h"

#include <unistd.h>

#include <cstdio>

namespace bench {
namespace {

constexpr int kRows = 100000;

std::string path_of(const Library& lib, const std::string& folder, const char* name) {
  const std::string path = folder + "/" + lib.label + "-" + name + ".db";
  unlink(path.c_str());
  unlink((path + "-journal").c_str());
  return path;
}

// One table of kRows rows with an integer, a real and a text, an index on the text; filled with the same values in each
// library.
void fill(Database& db) {
  db.exec(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v REAL, s TEXT, g INTEGER);"
      "CREATE TABLE u(id INTEGER PRIMARY KEY, t_id INTEGER, w INTEGER);");
  db.exec("BEGIN");
  sqlite3_stmt* insert = db.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5)");
  const Library& lib = db.lib();
  std::uint64_t state = 88172645463325252ull;
  const auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  char text[32];
  for (int i = 1; i <= kRows; ++i) {
    const std::uint64_t r = random();
    lib.bind_int64(insert, 1, i);
    lib.bind_int64(insert, 2, static_cast<sqlite3_int64>(r % 1000000));
    lib.bind_double(insert, 3, static_cast<double>(r % 100000) / 7.0);
    std::snprintf(text, sizeof text, "name-%08llu", static_cast<unsigned long long>((r >> 20) % 100000000));
    lib.bind_text(insert, 4, text, -1, SQLITE_TRANSIENT);
    lib.bind_int64(insert, 5, static_cast<sqlite3_int64>(r % 1000));
    lib.step(insert);
    lib.reset(insert);
  }
  lib.finalize(insert);
  insert = db.prepare("INSERT INTO u VALUES(?1, ?2, ?3)");
  for (int i = 1; i <= kRows / 10; ++i) {
    lib.bind_int64(insert, 1, i);
    lib.bind_int64(insert, 2, static_cast<sqlite3_int64>(random() % kRows) + 1);
    lib.bind_int64(insert, 3, i % 97);
    lib.step(insert);
    lib.reset(insert);
  }
  lib.finalize(insert);
  db.exec("COMMIT");
  db.exec("CREATE INDEX t_s ON t(s); CREATE INDEX t_k ON t(k)");
}

using Body = std::function<std::uint64_t()>;

// A query over the filled tables, prepared once.
Workload query(const std::string& name, const std::string& sql, double operations = 1) {
  return {name, operations, [sql](const Library& lib, const std::string& folder) -> Body {
            auto db = std::make_shared<Database>(lib, path_of(lib, folder, "filled"));
            fill(*db);
            sqlite3_stmt* statement = db->prepare(sql);
            return [db, statement] { return db->run(statement); };
          }};
}

// `count` lookups with a bound parameter.
Workload lookups(const std::string& name, const std::string& sql, bool text, bool in_transaction) {
  constexpr int kLookups = 2000;
  return {name, kLookups, [=](const Library& lib, const std::string& folder) -> Body {
            auto db = std::make_shared<Database>(lib, path_of(lib, folder, "filled"));
            fill(*db);
            auto keys = std::make_shared<std::vector<std::string>>();
            if (text) {
              sqlite3_stmt* all = db->prepare("SELECT s FROM t WHERE id % 50 = 7");
              while (lib.step(all) == SQLITE_ROW)
                keys->emplace_back(reinterpret_cast<const char*>(lib.column_text(all, 0)));
              lib.finalize(all);
            }
            sqlite3_stmt* statement = db->prepare(sql);
            return [=, &lib] {
              std::uint64_t hash = 0;
              if (in_transaction) db->exec("BEGIN");
              for (int i = 0; i < kLookups; ++i) {
                if (text) {
                  const std::string& key = (*keys)[static_cast<std::size_t>(i * 7919) % keys->size()];
                  lib.bind_text(statement, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
                } else {
                  lib.bind_int64(statement, 1, (static_cast<sqlite3_int64>(i) * 7919) % kRows + 1);
                }
                hash += db->run(statement);
              }
              if (in_transaction) db->exec("COMMIT");
              return hash;
            };
          }};
}

Workload open_tables(int tables) {
  return {"open+first query, " + std::to_string(tables) + " tables", 1,
          [tables](const Library& lib, const std::string& folder) -> Body {
            const std::string path = path_of(lib, folder, ("tables" + std::to_string(tables)).c_str());
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

Workload prepare(const std::string& name, bool repeated) {
  constexpr int kTimes = 200;
  return {name, kTimes, [repeated](const Library& lib, const std::string& folder) -> Body {
            auto db = std::make_shared<Database>(lib, path_of(lib, folder, "filled"));
            fill(*db);
            auto next = std::make_shared<int>(0);
            return [db, next, repeated, &lib] {
              for (int i = 0; i < kTimes; ++i) {
                const std::string sql =
                    "SELECT t.id, t.s, u.w FROM t JOIN u ON u.t_id = t.id WHERE t.k BETWEEN ?1 AND ?2 AND t.g = " +
                    std::to_string(repeated ? 1 : ++*next) + " ORDER BY t.v DESC LIMIT 10";
                lib.finalize(db->prepare(sql));
              }
              return std::uint64_t{0};
            };
          }};
}

// Inserts into a fresh table.
Workload insert(const std::string& name, int rows, bool one_transaction, bool indexed) {
  return {
      name, static_cast<double>(rows), [=](const Library& lib, const std::string& folder) -> Body {
        auto db = std::make_shared<Database>(lib, path_of(lib, folder, one_transaction ? "bulk" : "single"));
        if (!one_transaction) db->exec("PRAGMA synchronous=OFF");
        return [=, &lib] {
          db->exec(std::string("DROP TABLE IF EXISTS w; CREATE TABLE w(id INTEGER PRIMARY KEY, a INTEGER, b TEXT);") +
                   (indexed ? "CREATE INDEX w_b ON w(b)" : ""));
          sqlite3_stmt* statement = db->prepare("INSERT INTO w(a, b) VALUES(?1, ?2)");
          if (one_transaction) db->exec("BEGIN");
          char text[24];
          for (int i = 0; i < rows; ++i) {
            std::snprintf(text, sizeof text, "value %d", (i * 7919) % 100003);
            lib.bind_int64(statement, 1, i);
            lib.bind_text(statement, 2, text, -1, SQLITE_TRANSIENT);
            lib.step(statement);
            lib.reset(statement);
          }
          if (one_transaction) db->exec("COMMIT");
          lib.finalize(statement);
          return db->query("SELECT count(*), sum(a), min(b), max(b) FROM w");
        };
      }};
}

Workload change(const std::string& name, const std::string& sql, const std::string& check, double operations) {
  return {name, operations, [=](const Library& lib, const std::string& folder) -> Body {
            auto db = std::make_shared<Database>(lib, path_of(lib, folder, "filled"));
            fill(*db);
            return [=] {
              db->exec("BEGIN");
              db->exec(sql);
              const std::uint64_t hash = db->query(check);
              db->exec("ROLLBACK");
              return hash;
            };
          }};
}

}  // namespace

std::vector<Workload> all_workloads() {
  return {
      open_tables(200),
      open_tables(10000),
      prepare("prepare, first", false),
      prepare("prepare, repeated", true),
      lookups("point select by rowid", "SELECT * FROM t WHERE id = ?1", false, false),
      lookups("point select by rowid in a transaction", "SELECT * FROM t WHERE id = ?1", false, true),
      lookups("point select by text index", "SELECT id, k FROM t WHERE s = ?1", true, false),
      query("range of 1,000 rows", "SELECT id, k, s FROM t WHERE id BETWEEN 5000 AND 5999", 1000),
      query("index range of 10,000 rows", "SELECT id, k FROM t WHERE k BETWEEN 100000 AND 200000", 10000),
      query("scan with sum", "SELECT sum(k), sum(v) FROM t", kRows),
      query("scan with filter", "SELECT count(*) FROM t WHERE v > 7000 AND g < 500", kRows),
      query("scan with LIKE", "SELECT count(*) FROM t WHERE s LIKE '%77%'", kRows),
      query("group by, 1,000 groups", "SELECT g, count(*), round(sum(v), 3) FROM t GROUP BY g", kRows),
      query("group by text, many groups", "SELECT s, count(*) FROM t GROUP BY s || 'x'", kRows),
      query("join by primary key", "SELECT count(*), sum(t.k) FROM u JOIN t ON t.id = u.t_id", kRows / 10),
      query("join without index", "SELECT count(*), sum(t.g) FROM u JOIN t ON t.g = u.w", kRows),
      query("sort", "SELECT id, v FROM t ORDER BY v, id", kRows),
      query("top 10", "SELECT id, v FROM t ORDER BY v DESC LIMIT 10", kRows),
      query("distinct", "SELECT count(*) FROM (SELECT DISTINCT g FROM t)", kRows),
      query("recursive count",
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 100000) SELECT sum(x) FROM c",
            100000),
      query("expressions",
            "SELECT sum(abs(k - 500000) * 2 + length(s) % 7 + (CASE WHEN g > 500 THEN 1 ELSE 2 END)) FROM t", kRows),
      insert("bulk insert", 50000, true, false),
      insert("bulk insert with index", 50000, true, true),
      insert("single-row commits, synchronous off", 500, false, false),
      change("update by rowid range", "UPDATE t SET v = v + 1 WHERE id BETWEEN 1000 AND 10999", "SELECT sum(v) FROM t",
             10000),
      change("update of an indexed column", "UPDATE t SET k = k + 1 WHERE id % 10 = 0", "SELECT sum(k) FROM t", 10000),
      change("delete by rowid range", "DELETE FROM t WHERE id BETWEEN 1000 AND 10999", "SELECT count(*), sum(k) FROM t",
             10000),
  };
}

}  // namespace bench
