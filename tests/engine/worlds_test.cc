// Bad worlds: damaged heads of files, full disks, failing allocations, forks, many threads. SQLite's code, no crash, no leak,
// nothing lost.
// ctest: quick Quick*
// ctest: quick,stock Oracle*
// ctest: ordinary,worlds Ordinary*
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "tests/engine/child.h"
#include "tests/engine/harness.h"
#include "tests/support/shim_vfs.h"

namespace perlite::engine_test {
namespace {

const char* const kSmall =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c);"
    "CREATE INDEX tb ON t(b, c);"
    "CREATE INDEX tc ON t(c DESC) WHERE a > 5;"
    "CREATE TABLE w(k, v, PRIMARY KEY(k, v)) WITHOUT ROWID;"
    "CREATE TABLE u(x UNIQUE, y AS (x || '!'));"
    "CREATE VIEW v AS SELECT a, b FROM t;"
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT i, printf('%.*c', i * 3, 'b'), i * 1.5 FROM n;"
    "INSERT INTO t VALUES(100, printf('%.2000c', 'L'), zeroblob(1800));"
    "INSERT INTO w SELECT b, a FROM t; INSERT INTO u(x) SELECT b FROM t;"
    "DELETE FROM t WHERE a BETWEEN 20 AND 25;";

// ---- damaged files ----

std::string small_file(const std::string& pragmas) {
  ScratchFile file("base");
  Database db(subject(), file.path());
  const std::string fault = db.exec("PRAGMA synchronous = OFF;" + pragmas + kSmall);
  EXPECT_EQ(fault, "");
  return read_file(file.path());
}

// What is wrong with the head of a file is answered as the oracle answers.
TEST(OracleWorlds, DamagedHeadsGiveTheOraclesCodes) {
  struct Damage {
    const char* name;
    std::function<void(std::string&)> apply;
  };
  const auto set = [](std::size_t at, std::string bytes) { return [=](std::string& all) { all.replace(at, bytes.size(), bytes); }; };
  const auto cut = [](std::size_t size) { return [=](std::string& all) { all.resize(size); }; };
  const Damage damages[] = {
      {"empty", cut(0)}, {"one byte", cut(1)}, {"99 bytes", cut(99)}, {"100 bytes", cut(100)}, {"511 bytes", cut(511)}, {"one page", cut(512)},
      {"one and a half", cut(768)}, {"two pages", cut(1024)}, {"not a database", [](std::string& all) { all = std::string(4000, 'x'); }},
      {"magic", set(3, "X")}, {"page size 0", set(16, std::string("\0\0", 2))}, {"page size 100", set(16, std::string("\0\x64", 2))},
      {"page size 1000", set(16, "\x03\xe8")}, {"page size 1024", set(16, std::string("\x04\0", 2))}, {"page size 65536", set(16, std::string("\0\1", 2))},
      {"write version 3", set(18, "\3")}, {"read version 3", set(19, "\3")}, {"reserved 200", set(20, "\xc8")}, {"max fraction", set(21, "\x41")},
      {"min fraction", set(22, "\x21")}, {"leaf fraction", set(23, "\x21")}, {"page count 0", set(28, std::string("\0\0\0\0", 4))},
      {"page count 3", set(28, std::string("\0\0\0\3", 4))}, {"page count huge", set(28, "\xff\xff\xff\xff")}, {"freelist trunk", set(32, std::string("\0\0\xff\xff", 4))},
      {"freelist count", set(36, std::string("\0\0\xff\xff", 4))}, {"format 0", set(44, std::string("\0\0\0\0", 4))}, {"format 5", set(44, std::string("\0\0\0\5", 4))},
      {"encoding 0", set(56, std::string("\0\0\0\0", 4))}, {"encoding 2", set(56, std::string("\0\0\0\2", 4))}, {"encoding 9", set(56, std::string("\0\0\0\x09", 4))},
      {"root page kind", set(100, "\x07")}, {"root cells", set(103, "\xff\xff")}, {"root content", set(105, "\xff\xff")},
      {"page 2 kind", set(512, "\x09")}, {"page 2 zeros", set(512, std::string(512, '\0'))}, {"page 3 zeros", set(1024, std::string(512, '\0'))},
  };
  ScratchFile base("head");
  {
    Database db(stock(), base.path());
    ASSERT_EQ(db.exec(std::string("PRAGMA page_size = 512;") + kSmall), "");
  }
  const std::string whole = read_file(base.path());
  for (const Damage& one : damages) {
    std::string bytes = whole;
    one.apply(bytes);
    const auto answers = [&](const Library& library) {
      ScratchFile file("head");
      std::ofstream(file.path(), std::ios::binary) << bytes;
      Database db(library, file.path());
      std::string log = "open " + std::to_string(db.open_code());
      for (const char* sql : {"SELECT count(*) FROM sqlite_schema", "SELECT count(*) FROM t", "SELECT sum(a) FROM t", "SELECT count(*) FROM w",
                              "PRAGMA page_size", "PRAGMA encoding", "PRAGMA page_count", "CREATE TABLE fresh(x)", "INSERT INTO fresh VALUES(1)"}) {
        log += std::string("\n") + sql + ": " + db.text(sql);
      }
      return log;
    };
    expect_same(std::string("damaged head: ") + one.name, answers(stock()), answers(subject()));
  }
}

// ---- files that cannot be opened or written ----

TEST(OracleWorlds, FilesThatCannotBeOpenedOrWritten) {
  const auto answers = [](const Library& library) {
    std::string log;
    const auto note = [&](const std::string& what, Database& db) {
      log += what + ": open " + std::to_string(db.open_code()) + " " + library.errmsg(db.handle());
      for (const char* sql : {"SELECT count(*) FROM sqlite_schema", "CREATE TABLE n(x)", "INSERT INTO t VALUES(1)", "PRAGMA user_version = 3", "BEGIN IMMEDIATE", "SELECT count(*) FROM t"}) {
        log += std::string(" | ") + db.text(sql);
      }
      log += " | autocommit " + std::to_string(library.get_autocommit(db.handle())) + "\n";
    };
    ScratchFile file("denied");
    {
      Database db(library, file.path(), SQLITE_OPEN_READWRITE);
      note("missing without CREATE", db);
    }
    {
      Database db(library, "/nonexistent/folder/file.db");
      note("missing folder", db);
    }
    {
      Database db(library, "/");
      note("a folder", db);
    }
    {
      Database db(library, file.path());
      db.exec("CREATE TABLE t(a)");
    }
    {
      Database db(library, file.path(), SQLITE_OPEN_READONLY);
      note("read only", db);
    }
    {
      Database db(library, "file:" + file.path() + "?mode=ro", SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI);
      note("mode=ro", db);
    }
    {
      Database db(library, "file:" + file.path() + "?immutable=1", SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI);
      note("immutable", db);
    }
    {
      Database db(library, "file:" + file.path() + "?mode=nonsense", SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI);
      note("bad mode", db);
    }
    {
      Database db(library, file.path(), SQLITE_OPEN_READWRITE, "no-such-vfs");
      log += "no vfs: " + std::to_string(db.open_code()) + " " + library.errmsg(db.handle()) + "\n";
    }
    {
      Database db(library, file.path());
      db.exec("PRAGMA max_page_count = 10");
      note("max_page_count", db);
      log += db.text("INSERT INTO t SELECT zeroblob(100000)") + " | " + db.text("COMMIT") + " | " + db.text("SELECT count(*) FROM t") + " | " +
             db.text("PRAGMA integrity_check") + "\n";
      for (const char* sql : {"BEGIN", "INSERT INTO t VALUES(7)", "INSERT INTO t SELECT zeroblob(100000)", "SELECT count(*) FROM t", "COMMIT", "SELECT count(*) FROM t"}) {
        log += db.text(sql) + " changes " + std::to_string(library.changes(db.handle())) + " autocommit " + std::to_string(library.get_autocommit(db.handle())) + " | ";
      }
    }
    // Names differ by process and number only.
    for (std::size_t at; (at = log.find(file.path())) != std::string::npos;) log.replace(at, file.path().size(), "FILE");
    return log;
  };
  expect_same("files that cannot be opened or written", answers(stock()), answers(subject()));
}

// ---- each write, sync, open in turn fails ----

struct Registered {
  Registered(const Library& library, test::ShimVfs& vfs) : library_(library), vfs_(vfs) { library.vfs_register(vfs.vfs(), 0); }
  ~Registered() { library_.vfs_unregister(vfs_.vfs()); }
  const Library& library_;
  test::ShimVfs& vfs_;
};

// Whatever call fails, the statement reports it, and the file holds the state before or after the transaction.
void fail_each_call(const std::string& method, int code, const std::string& journal_mode, int stride) {
  const Library& library = subject();
  const std::string base = small_file("PRAGMA page_size = 512;");
  for (int fail_at = 0; fail_at < 2000; fail_at += stride) {
    ScratchFile file("fault");
    std::ofstream(file.path(), std::ios::binary) << base;
    test::FaultVfs vfs(library.vfs_find(nullptr), "fault");
    vfs.matches = [&](const test::VfsCall& call) { return call.method == method; };
    vfs.code = code;
    Registered registered(library, vfs);
    std::string answer;
    int autocommit = 1;
    {
      Database db(library, file.path(), SQLITE_OPEN_READWRITE, "fault");
      db.exec("PRAGMA journal_mode = " + journal_mode + "; PRAGMA cache_size = 5; SELECT count(*) FROM t");
      vfs.seen = 0;
      vfs.fail_at = fail_at;
      answer = db.exec("BEGIN; UPDATE t SET c = 'after', b = b || 'longer than before'; DELETE FROM w WHERE v % 2; INSERT INTO u(x) SELECT x || '+' FROM u; COMMIT");
      autocommit = library.get_autocommit(db.handle());
      vfs.fail_at = -1;
      if (autocommit == 0) db.exec("ROLLBACK");
      EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok") << method << " " << fail_at << " " << journal_mode;
    }
    Database again(library, file.path());
    const std::string rows = again.text("SELECT count(*) FROM t WHERE c = 'after'");
    EXPECT_EQ(again.text("PRAGMA integrity_check"), "Tok") << method << " " << fail_at << " " << journal_mode << " " << answer;
    if (answer.empty()) {
      EXPECT_EQ(rows, "I35") << method << " " << fail_at << " " << journal_mode;
    } else {
      EXPECT_TRUE(rows == "I0" || rows == "I35") << method << " " << fail_at << " " << journal_mode << ": " << answer << ", " << rows;
    }
    if (testing::Test::HasFailure() || vfs.failed == 0) return;
    // A failed close, delete or unlock at the end may pass unseen; a failed write or sync may not.
    if (method == "xWrite" || method == "xSync") {
      EXPECT_NE(answer, "") << method << " " << fail_at << " " << journal_mode;
    }
  }
}

TEST(QuickWorlds, EachWriteFails) { fail_each_call("xWrite", SQLITE_FULL, "delete", 11); }
TEST(QuickWorlds, EachSyncFails) { fail_each_call("xSync", SQLITE_IOERR_FSYNC, "delete", 1); }
TEST(OrdinaryWorlds, EachCallFails) {
  for (const char* mode : {"delete", "truncate", "persist", "memory"}) {
    for (const char* method : {"xWrite", "xSync", "xTruncate", "xRead", "xDelete", "xLock", "xOpen", "xFileSize", "xAccess"}) {
      const int code = std::string(method) == "xWrite" ? SQLITE_FULL : std::string(method) == "xRead" ? SQLITE_IOERR_READ : SQLITE_IOERR;
      fail_each_call(method, code, mode, 1);
      if (HasFailure()) return;
    }
  }
}

// ---- memory ----

// Counts what is out, and lets one allocation, or all from it on, fail.
struct CountingMemory {
  static inline std::atomic<long long> out_bytes{0}, out_count{0}, asked{0};
  static inline std::atomic<long long> fail_at{-1};
  static inline bool sticky = false;
  static inline std::atomic<long long> failed{0};

  static bool fails() {
    const long long number = asked++, at = fail_at;
    if (at < 0 || (number != at && !(sticky && number > at))) return false;
    ++failed;
    return true;
  }
  static void* allocate(int bytes) {
    if (fails()) return nullptr;
    auto* block = static_cast<long long*>(std::malloc(static_cast<std::size_t>(bytes) + 16));
    if (block == nullptr) return nullptr;
    *block = bytes;
    out_bytes += bytes;
    ++out_count;
    return block + 2;
  }
  static void release(void* p) {
    if (p == nullptr) return;
    auto* block = static_cast<long long*>(p) - 2;
    out_bytes -= *block;
    --out_count;
    std::free(block);
  }
  static void* grow(void* p, int bytes) {
    if (p == nullptr) return allocate(bytes);
    if (fails()) return nullptr;
    auto* block = static_cast<long long*>(p) - 2;
    const long long before = *block;
    auto* moved = static_cast<long long*>(std::realloc(block, static_cast<std::size_t>(bytes) + 16));
    if (moved == nullptr) return nullptr;
    out_bytes += bytes - before;
    *moved = bytes;
    return moved + 2;
  }
  static int size(void* p) { return p == nullptr ? 0 : static_cast<int>(*(static_cast<long long*>(p) - 2)); }
  static sqlite3_mem_methods methods() {
    return {allocate, release, grow, size, [](int n) { return (n + 7) & ~7; }, [](void*) { return SQLITE_OK; }, [](void*) {}, nullptr};
  }
};

using Scenario = void (*)(Database&, std::string& log);

// The scenario, at a fresh library with our memory; leaks and codes that are not NOMEM are the answer.
std::string with_memory(const std::string& path, Scenario scenario, long long fail_at, bool sticky) {
  const Library& library = subject();
  library.shutdown();
  const sqlite3_mem_methods methods = CountingMemory::methods();
  if (library.config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) return "config refused\n";
  if (library.initialize() != SQLITE_OK) return "initialize refused\n";
  CountingMemory::asked = 0;
  CountingMemory::failed = 0;
  CountingMemory::sticky = sticky;
  CountingMemory::fail_at = fail_at;
  std::string log;
  {
    sqlite3* handle = nullptr;
    Database db(library, path);
    handle = db.handle();
    const int code = db.open_code();
    if (code == SQLITE_OK && handle != nullptr) {
      scenario(db, log);
    } else if ((code & 0xff) != SQLITE_NOMEM) {
      log += "open: " + std::to_string(code) + "\n";
    }
    CountingMemory::fail_at = -1;
    if (code == SQLITE_OK) {
      // Nothing is lost: the connection goes on.
      if (library.get_autocommit(db.handle()) == 0) db.exec("ROLLBACK");
      const std::string check = db.text("PRAGMA integrity_check");
      if (check != "Tok") log += "afterwards: " + check + "\n";
    }
  }
  if (library.shutdown() != SQLITE_OK) log += "shutdown refused\n";
  if (CountingMemory::out_count != 0) {
    log += "leak: " + std::to_string(CountingMemory::out_count) + " blocks, " + std::to_string(CountingMemory::out_bytes) + " bytes\n";
    CountingMemory::out_count = 0;
    CountingMemory::out_bytes = 0;
  }
  return log;
}

void expect_nomem(Database& db, std::string& log, const char* sql) {
  Prepared statement(db, sql);
  int code = statement.code();
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    code = statement.step();
    if (code == SQLITE_ROW) statement.value();
  }
  if (code != SQLITE_DONE && (code & 0xff) != SQLITE_NOMEM && code != SQLITE_IOERR_NOMEM) {
    // After a rollback that the failure forced, COMMIT has nothing to commit.
    const std::string message = db.library().errmsg(db.handle());
    if (message.find("no transaction is active") == std::string::npos && message.find("no such table") == std::string::npos &&
        message.find("no such savepoint") == std::string::npos) {
      log += std::string(sql) + ": " + std::to_string(code) + " " + message + "\n";
    }
  }
}

void queries(Database& db, std::string& log) {
  for (const char* sql : {"SELECT * FROM t WHERE a = 7", "SELECT b, count(*) FROM t GROUP BY b ORDER BY b DESC",
                          "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 20) SELECT group_concat(i) FROM n",
                          "SELECT t.a, w.k FROM t LEFT JOIN w ON w.v = t.a WHERE t.b IN (SELECT x FROM u) ORDER BY length(b)",
                          "SELECT printf('%s %d', upper(b), a) || hex(c) FROM t", "SELECT DISTINCT c FROM t UNION SELECT v FROM w ORDER BY 1 LIMIT 5",
                          "SELECT a FROM t WHERE b LIKE 'b%' AND c > (SELECT avg(c) FROM t)"}) {
    expect_nomem(db, log, sql);
  }
}

void changes(Database& db, std::string& log) {
  for (const char* sql : {"INSERT INTO t(b, c) VALUES('new', 1)", "UPDATE t SET b = b || 'x', c = c + 1 WHERE a < 15", "DELETE FROM t WHERE a > 35",
                          "REPLACE INTO u(x) SELECT x FROM u", "BEGIN", "INSERT INTO w SELECT k || 'z', v FROM w", "SAVEPOINT s", "DELETE FROM w",
                          "ROLLBACK TO s", "COMMIT", "CREATE TABLE made(a, b)", "CREATE INDEX madei ON made(b)", "INSERT INTO made SELECT a, b FROM t ORDER BY c",
                          "DROP TABLE made"}) {
    expect_nomem(db, log, sql);
  }
}

void fail_each_allocation(Scenario scenario, bool sticky, long long stride, const std::string& pragmas = "") {
  ScratchFile base("memory");
  {
    const std::string made = in_child([&] {
      Database db(subject(), base.path());
      return db.exec("PRAGMA synchronous = OFF;" + pragmas + kSmall);
    });
    ASSERT_EQ(made, "");
  }
  const std::string bytes = read_file(base.path());
  const std::string answer = in_child([&] {
    std::string log;
    for (long long k = 0; k < 100000; k += stride) {
      ScratchFile file("memory");
      std::ofstream(file.path(), std::ios::binary) << bytes;
      const std::string fault = with_memory(file.path(), scenario, k, sticky);
      if (!fault.empty()) log += "allocation " + std::to_string(k) + ": " + fault;
      if (CountingMemory::failed == 0 || log.size() > 3000) break;
    }
    return log;
  }, std::size_t{8} << 20, 800);
  EXPECT_EQ(answer, "");
}

TEST(QuickWorlds, MemoryIsBackAfterShutdown) {
  ScratchFile file("memory");
  const std::string answer = in_child([&] {
    std::string log;
    for (int i = 0; i < 2; ++i) {
      file.remove();
      log += with_memory(file.path(), [](Database& db, std::string& text) {
        text += db.exec(kSmall);
        queries(db, text);
        changes(db, text);
        db.exec("CREATE TEMP TABLE x(a); INSERT INTO x SELECT b FROM t; SELECT nonsense");
      }, -1, false);
    }
    return log;
  });
  EXPECT_EQ(answer, "");
}
TEST(QuickWorlds, EachAllocationFailsInQueries) { fail_each_allocation(queries, false, 17); }
TEST(QuickWorlds, EachAllocationFailsInChanges) { fail_each_allocation(changes, false, 23); }
TEST(OrdinaryWorlds, EachAllocationFails) {
  for (const bool sticky : {false, true}) {
    fail_each_allocation(queries, sticky, 1);
    fail_each_allocation(changes, sticky, 1);
  }
  fail_each_allocation(queries, false, 1, "PRAGMA encoding = 'UTF-16le';");
  fail_each_allocation(changes, false, 3, "PRAGMA auto_vacuum = FULL; PRAGMA page_size = 512;");
}

// ---- forks and threads ----

// A child begins with empty shared state: its own connections work, the parent's go on.
TEST(QuickWorlds, AForkBeginsEmpty) {
  ScratchFile file("fork");
  Database db(subject(), file.path());
  ASSERT_EQ(db.exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), "");
  ASSERT_EQ(db.text("SELECT count(*) FROM t"), "I1");
  for (int i = 0; i < 3; ++i) {
    const std::string answer = in_child([&] {
      Database mine(subject(), file.path());
      const std::string fault = mine.exec("INSERT INTO t SELECT max(a) + 1 FROM t");
      return fault + mine.text("SELECT count(*) FROM t");
    });
    EXPECT_EQ(answer, "I" + std::to_string(2 + 2 * i));
    EXPECT_EQ(db.exec("INSERT INTO t SELECT max(a) + 1 FROM t"), "");
    EXPECT_EQ(db.text("SELECT count(*), max(a) FROM t"), "I" + std::to_string(3 + 2 * i) + "|I" + std::to_string(3 + 2 * i));
  }
  EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
}

// 16 threads, connections of their own, one file and one page pool: each commit counts once, each reader sees whole
// transactions.
void threads_on_one_file(int thread_count, int rounds) {
  ScratchFile file("threads");
  Database db(subject(), file.path());
  ASSERT_EQ(db.exec("CREATE TABLE account(id INTEGER PRIMARY KEY, amount); CREATE TABLE log(who, round, text);"
                    "CREATE INDEX by_who ON log(who, round);"
                    "INSERT INTO account WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i, 100 FROM n"),
            "");
  std::atomic<int> written{0}, broken{0};
  std::vector<std::thread> threads;
  std::vector<std::string> faults(static_cast<std::size_t>(thread_count));
  for (int who = 0; who < thread_count; ++who) {
    threads.emplace_back([&, who] {
      Database mine(subject(), file.path());
      subject().busy_timeout(mine.handle(), 20000);
      mine.exec("PRAGMA synchronous = OFF");
      for (int round = 0; round < rounds; ++round) {
        if (who % 4 == 0) {
          const std::string n = std::to_string(1 + (who * 31 + round) % 499);
          const std::string fault =
              mine.exec("BEGIN IMMEDIATE; UPDATE account SET amount = amount - 1 WHERE id = " + n +
                        "; UPDATE account SET amount = amount + 1 WHERE id = " + n + " + 1; INSERT INTO log VALUES(" + std::to_string(who) + ", " +
                        std::to_string(round) + ", printf('%.200c', 'x')); COMMIT");
          if (fault.empty()) {
            ++written;
          } else {
            faults[static_cast<std::size_t>(who)] = fault;
            mine.exec("ROLLBACK");
          }
        } else {
          const std::string sum = mine.text("SELECT sum(amount), count(*) FROM account");
          if (sum != "I50000|I500") {
            ++broken;
            faults[static_cast<std::size_t>(who)] = sum;
          }
          mine.text("SELECT count(*) FROM log WHERE who = " + std::to_string(who / 4 * 4));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& fault : faults) EXPECT_EQ(fault, "");
  EXPECT_EQ(broken, 0);
  EXPECT_EQ(db.text("SELECT count(*) FROM log"), "I" + std::to_string(written));
  EXPECT_EQ(written, (thread_count + 3) / 4 * rounds);
  EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
}

TEST(QuickWorlds, ThreadsOnOneFile) { threads_on_one_file(16, 10); }
TEST(OrdinaryWorlds, ThreadsOnOneFile) { threads_on_one_file(16, 150); }

}  // namespace
}  // namespace perlite::engine_test
