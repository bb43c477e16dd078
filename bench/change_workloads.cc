// Rows inserted, changed and deleted, in one transaction or, with the syncs switched off, in one each.
#include <cstdio>

#include "dataset.h"
#include "workloads.h"

namespace bench {
namespace {

// Inserts bound rows into a fresh table, made by `schema`; `read` is compared.
struct Insertion {
  std::string schema = "CREATE TABLE w(id INTEGER PRIMARY KEY, a INTEGER, b TEXT)";
  std::string sql = "INSERT INTO w(a, b) VALUES(?1, ?2)";
  int rows = 50000;
  bool one_transaction = true;
};
Workload insert(const std::string& name, const Insertion& what) {
  return {name, "row", static_cast<double>(what.rows), [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = std::make_shared<Database>(lib, path_of(lib, folder, "insert"));
            if (!what.one_transaction) db->exec("PRAGMA synchronous=OFF");
            return {[=] { db->exec("DROP TABLE IF EXISTS w; " + what.schema); },
                    [=, &lib] {
                      sqlite3_stmt* statement = db->prepare(what.sql);
                      if (what.one_transaction) db->exec("BEGIN");
                      char text[24];
                      for (int i = 0; i < what.rows; ++i) {
                        const int size = std::snprintf(text, sizeof text, "value %d", (i * 7919) % 100003);
                        lib.bind_int64(statement, 1, (i * 4241) % 100003);
                        lib.bind_text(statement, 2, text, size, SQLITE_TRANSIENT);
                        db->run(statement);
                      }
                      if (what.one_transaction) db->exec("COMMIT");
                      lib.finalize(statement);
                      return std::uint64_t{0};
                    },
                    [=] { return db->query("SELECT count(*), sum(a), min(b), max(b), sum(length(b)) FROM w"); }};
          }};
}

// One statement inside a transaction that is rolled back.
Workload change(const std::string& name, const std::string& sql, const std::string& check, double operations) {
  return {name, "row", operations, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = filled(lib, folder);
            return [=] {
              db->exec("BEGIN");
              db->exec(sql);
              const std::uint64_t hash = check.empty() ? 0 : db->query(check);
              db->exec("ROLLBACK");
              return hash;
            };
          }};
}

// A statement with one bound number, run often inside a transaction that is rolled back.
Workload changes(const std::string& name, const std::string& sql, const std::string& check, int times) {
  return {name, "statement", static_cast<double>(times), [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = filled(lib, folder);
            std::shared_ptr<sqlite3_stmt> statement(db->prepare(sql), lib.finalize);
            return [=, &lib] {
              db->exec("BEGIN");
              for (int i = 0; i < times; ++i) {
                lib.bind_int64(statement.get(), 1, (static_cast<sqlite3_int64>(i) * 7919) % kRows + 1);
                db->run(statement.get());
              }
              const std::uint64_t hash = db->query(check);
              db->exec("ROLLBACK");
              return hash;
            };
          }};
}

// A statement with one bound number in autocommit, syncs off. It must not grow what it changes.
Workload single_changes(const std::string& name, const std::string& sql) {
  constexpr int kTimes = 500;
  return {name, "commit", kTimes, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = std::make_shared<Database>(lib, path_of(lib, folder, "single"));
            fill(*db);
            db->exec("PRAGMA synchronous=OFF");
            std::shared_ptr<sqlite3_stmt> statement(db->prepare(sql), lib.finalize);
            return [=, &lib] {
              for (int i = 0; i < kTimes; ++i) {
                lib.bind_int64(statement.get(), 1, (static_cast<sqlite3_int64>(i) * 7919) % kRows + 1);
                db->run(statement.get());
              }
              return db->query("SELECT count(*) FROM t WHERE g = 7");
            };
          }};
}

}  // namespace

std::vector<Workload> change_workloads() {
  Insertion plain;
  Insertion indexed;
  indexed.schema += "; CREATE INDEX w_b ON w(b)";
  Insertion random;
  random.schema = "CREATE TABLE w(a INTEGER PRIMARY KEY, b TEXT)";
  random.sql = "INSERT INTO w VALUES(?1, ?2)";
  Insertion without_rowid;
  without_rowid.schema = "CREATE TABLE w(a INTEGER, b TEXT PRIMARY KEY) WITHOUT ROWID";
  Insertion checked;
  checked.schema = "CREATE TABLE w(a INTEGER NOT NULL UNIQUE CHECK(a >= 0), b TEXT NOT NULL DEFAULT 'x', c DEFAULT 7)";
  Insertion replace;
  replace.schema = "CREATE TABLE w(a INTEGER, b TEXT UNIQUE)";
  replace.sql = "INSERT OR REPLACE INTO w VALUES(?1, substr(?2, 1, 9))";
  Insertion upsert;
  upsert.schema = "CREATE TABLE w(b TEXT PRIMARY KEY, a INTEGER)";
  upsert.sql = "INSERT INTO w VALUES(substr(?2, 1, 9), ?1) ON CONFLICT(b) DO UPDATE SET a = a + excluded.a";
  Insertion ignore;
  ignore.schema = "CREATE TABLE w(a INTEGER, b TEXT UNIQUE)";
  ignore.sql = "INSERT OR IGNORE INTO w VALUES(?1, substr(?2, 1, 9))";
  Insertion returning;
  returning.sql += " RETURNING id";
  Insertion single;
  single.rows = 500;
  single.one_transaction = false;

  const std::string sum = "SELECT count(*), sum(k), sum(g), min(s), max(s) FROM t";
  return {
      insert("bulk insert", plain),
      insert("bulk insert with index", indexed),
      insert("bulk insert in random rowid order", random),
      insert("bulk insert without rowid", without_rowid),
      insert("bulk insert with constraints", checked),
      insert("bulk insert with RETURNING", returning),
      insert("replace", replace),
      insert("upsert", upsert),
      insert("insert or ignore", ignore),
      insert("single-row commits, synchronous off", single),
      single_changes("single updates, synchronous off", "UPDATE t SET v = v + 1 WHERE id = ?1"),
      single_changes("single updates of an indexed column, synchronous off", "UPDATE t SET k = k + 1 WHERE id = ?1"),
      change("insert from select", "CREATE TABLE w(a, b, c); INSERT INTO w SELECT id, s, v FROM t",
             "SELECT count(*), sum(a), max(b) FROM w", kRows),
      change("create table as select", "CREATE TABLE w AS SELECT id, s, v FROM t WHERE g < 500",
             "SELECT count(*), sum(id), max(s) FROM w", kRows / 2),
      change("insert from select, sorted into a key",
             "CREATE TABLE w(a TEXT PRIMARY KEY, b) WITHOUT ROWID; "
             "INSERT OR IGNORE INTO w SELECT s, k FROM t",
             "SELECT count(*), sum(b) FROM w", kRows),
      change("update by rowid range", "UPDATE t SET v = v + 1 WHERE id BETWEEN 1000 AND 10999", "SELECT sum(v) FROM t",
             10000),
      change("update of an indexed column", "UPDATE t SET k = k + 1 WHERE id % 10 = 0", sum, 10000),
      change("update of all rows", "UPDATE t SET g = g + 1", sum, kRows),
      change("update that makes rows longer", "UPDATE t SET v = s || s WHERE id % 5 = 0", sum, kRows / 5),
      change("update from a join", "UPDATE t SET g = u.w FROM u WHERE u.t_id = t.id", "", kRows / 10),
      change("update by subquery", "UPDATE u SET w = (SELECT g FROM t WHERE t.id = u.t_id)", "SELECT sum(w) FROM u",
             kRows / 10),
      change("delete by rowid range", "DELETE FROM t WHERE id BETWEEN 1000 AND 10999", sum, 10000),
      change("delete by index", "DELETE FROM t WHERE k BETWEEN 100000 AND 200000", sum, 10000),
      change("delete by scan", "DELETE FROM t WHERE g % 10 = 3", sum, 10000),
      change("delete of all rows", "DELETE FROM t", sum, kRows),
      change("drop table", "DROP TABLE t", "SELECT count(*) FROM sqlite_schema", kRows),
      changes("point updates in a transaction", "UPDATE t SET v = v + 1 WHERE id = ?1", sum, 10000),
      changes("point updates of an indexed column in a transaction", "UPDATE t SET k = k + 1 WHERE id = ?1", sum,
              10000),
      changes("point updates by index in a transaction", "UPDATE t SET v = v + 1 WHERE k = ?1", sum, 10000),
      changes("point deletes in a transaction", "DELETE FROM t WHERE id = ?1", sum, 10000),
      changes("point replaces in a transaction", "REPLACE INTO t VALUES(?1, ?1 * 3, 2.5, 'replaced ' || ?1, 7)", sum,
              10000),
  };
}

}  // namespace bench
