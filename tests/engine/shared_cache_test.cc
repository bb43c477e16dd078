// Connections that share a cache, step by step beside the oracle: codes, messages, rows and the order of notifications.
// Scripts, and walks of chance over several connections; then threads, whose transfers must keep the sum.
// ctest: quick,stock SharedCache.Scripts:SharedCache.Walks
// ctest: quick SharedCache.Threads*
// ctest: long,stock SharedCache.LongWalks
#include <pthread.h>

#include <memory>
#include <random>
#include <thread>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

// What an unlock notification said, in order.
std::vector<std::string>* notifications = nullptr;

template <char kName>
void on_unlock(void** arguments, int count) {
  std::string text = std::string("callback ") + kName;
  for (int i = 0; i < count; ++i) text += " " + std::to_string(reinterpret_cast<std::uintptr_t>(arguments[i]));
  notifications->push_back(text);
}

// A set of connections and statements of one library, driven by lines; each line's answer goes to the log.
//
//   open N URI [shared|private|nomutex|fullmutex|readonly]    close N
//   x N SQL...               statements, with their rows
//   prep N NAME SQL          step NAME      reset NAME      fin NAME
//   notify N a|b|- ARGUMENT  txn N          default 0|1     mutex N
class Stage {
 public:
  explicit Stage(const Library& library) : library_(library) {}
  ~Stage() { clear(); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  std::vector<std::string> play(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      notifications = &log_;
      const std::string answer = perform(line);
      log_.push_back(line + " -> " + answer);
    }
    clear();
    return log_;
  }

 private:
  void clear() {
    for (auto& [name, statement] : statements_) library_.finalize(statement.handle);
    statements_.clear();
    for (auto& [name, db] : connections_) library_.close_v2(db);
    connections_.clear();
    library_.enable_shared_cache(0);
  }
  std::string error(sqlite3* db) const {
    return std::to_string(library_.extended_errcode(db)) + " \"" + library_.errmsg(db) + "\"";
  }
  std::string perform(const std::string& line) {
    std::istringstream words(line);
    std::string what, name;
    words >> what >> name;
    std::string rest;
    std::getline(words >> std::ws, rest);
    if (what == "open") return open(name, rest);
    if (what == "default") return std::to_string(library_.enable_shared_cache(name == "1"));
    if (what == "step" || what == "reset" || what == "fin") return statement(what, name);
    sqlite3* db = connections_[name];
    if (db == nullptr) return "no connection";
    if (what == "close") {
      const int code = library_.close(db);
      if (code == SQLITE_OK) connections_.erase(name);
      return std::to_string(code);
    }
    if (what == "x") return run(db, rest);
    if (what == "txn") return std::to_string(library_.txn_state(db, nullptr));
    if (what == "mutex") return library_.db_mutex(db) != nullptr ? "yes" : "no";
    if (what == "notify") {
      std::istringstream parts(rest);
      std::string which;
      std::uintptr_t argument = 0;
      parts >> which >> argument;
      const auto callback = which == "a" ? on_unlock<'a'> : which == "b" ? on_unlock<'b'> : nullptr;
      const int code = library_.unlock_notify(db, callback, reinterpret_cast<void*>(argument));
      return std::to_string(code) + " " + error(db);
    }
    if (what == "prep") {
      std::istringstream parts(rest);
      std::string label, sql;
      parts >> label;
      std::getline(parts >> std::ws, sql);
      statement("fin", label);
      sqlite3_stmt* handle = nullptr;
      const int code = library_.prepare_v2(db, sql.c_str(), -1, &handle, nullptr);
      if (code != SQLITE_OK) return error(db);
      statements_[label] = {handle, db};
      return "ok";
    }
    return "?";
  }
  std::string open(const std::string& name, const std::string& rest) {
    std::istringstream parts(rest);
    std::string path, flag;
    parts >> path;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    while (parts >> flag) {
      if (flag == "shared") flags |= SQLITE_OPEN_SHAREDCACHE;
      if (flag == "private") flags |= SQLITE_OPEN_PRIVATECACHE;
      if (flag == "nomutex") flags |= SQLITE_OPEN_NOMUTEX;
      if (flag == "fullmutex") flags |= SQLITE_OPEN_FULLMUTEX;
      if (flag == "readonly") flags = (flags & ~7) | SQLITE_OPEN_READONLY;
    }
    sqlite3* db = nullptr;
    const int code = library_.open_v2(path.c_str(), &db, flags, nullptr);
    connections_[name] = db;
    return code == SQLITE_OK ? "ok" : error(db);
  }
  std::string row(sqlite3_stmt* handle) const {
    std::string text;
    for (int i = 0; i < library_.column_count(handle); ++i)
      text += (i == 0 ? "" : "|") + compat::value_of(library_, handle, i);
    return text;
  }
  std::string run(sqlite3* db, const std::string& sql) {
    std::string text;
    for (const char* rest = sql.c_str(); *rest != '\0';) {
      sqlite3_stmt* handle = nullptr;
      if (library_.prepare_v2(db, rest, -1, &handle, &rest) != SQLITE_OK) return text + "prepare " + error(db);
      int code = SQLITE_OK;
      while (handle != nullptr && (code = library_.step(handle)) == SQLITE_ROW) text += row(handle) + "; ";
      if (handle != nullptr && code != SQLITE_DONE) text += "step " + error(db);
      library_.finalize(handle);
      if (handle != nullptr && code != SQLITE_DONE) return text;
    }
    return text.empty() ? "ok" : text;
  }
  std::string statement(const std::string& what, const std::string& name) {
    const auto found = statements_.find(name);
    if (found == statements_.end()) return "no statement";
    const auto [handle, db] = found->second;
    if (what == "step") {
      const int code = library_.step(handle);
      return code == SQLITE_ROW ? row(handle) : code == SQLITE_DONE ? "done" : error(db);
    }
    const int code = what == "reset" ? library_.reset(handle) : library_.finalize(handle);
    if (what == "fin") statements_.erase(found);
    return std::to_string(code);
  }

  struct One {
    sqlite3_stmt* handle;
    sqlite3* db;
  };
  const Library& library_;
  std::map<std::string, sqlite3*> connections_;
  std::map<std::string, One> statements_;
  std::vector<std::string> log_;
};

// The first line that both libraries do not answer alike, with some before it; "" when there is none.
// What a statement older than its schema is told (docs/compatibility.md).
std::string either_lock(const std::string& answer) {
  constexpr std::string_view kSchema = "database schema is locked: main";
  const std::size_t at = answer.find(kSchema);
  if (!answer.starts_with("step ") || at == std::string::npos) return answer;
  return std::string(answer).replace(at, kSchema.size(), "database table is locked");
}

std::string difference(const std::vector<std::string>& lines, const std::function<void()>& before = [] {}, bool by_code = false) {
  before();
  const std::vector<std::string> expected = Stage(stock()).play(lines);
  before();
  const std::vector<std::string> got = Stage(subject()).play(lines);
  for (std::size_t i = 0; i < std::max(expected.size(), got.size()); ++i) {
    if (i < expected.size() && i < got.size() &&
        (expected[i] == got[i] || (by_code && either_lock(expected[i]) == either_lock(got[i])))) {
      continue;
    }
    std::string text;
    for (std::size_t k = 0; k < i; ++k) text += "    " + expected[k] + "\n";
    text += "  stock:   " + (i < expected.size() ? expected[i] : "(nothing)") + "\n";
    return text + "  perlite: " + (i < got.size() ? got[i] : "(nothing)") + "\n";
  }
  return "";
}

TEST(SharedCache, Scripts) {
  std::ifstream in(std::string(test::places.source) + "/tests/engine/scripts/shared_cache.txt");
  ASSERT_TRUE(in.good());
  ScratchFile file("shared");
  std::string line, title;
  std::vector<std::string> lines;
  int scripts = 0;
  const auto finish = [&] {
    if (lines.empty()) return;
    const std::string text = difference(lines, [&] { file.remove(); });
    if (!text.empty()) ADD_FAILURE() << title << "\n" << text;
    lines.clear();
    ++scripts;
  };
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("== ")) {
      finish();
      title = line;
      continue;
    }
    for (std::size_t at; (at = line.find("$FILE")) != std::string::npos;) line.replace(at, 5, file.path());
    lines.push_back(line);
  }
  finish();
  EXPECT_GT(scripts, 10);
  std::printf("%d scripts\n", scripts);
}

// Lines of chance: transactions, reads and writes of three tables, statements that stay half read, changes of the
// schema, notifications.
std::vector<std::string> walk(unsigned seed, bool notifies = true) {
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto table = [&] { return std::string(1, "tuv"[pick(3)]); };
  const int connections = 2 + pick(3);
  std::vector<std::string> lines;
  for (int i = 1; i <= connections; ++i) {
    lines.push_back("open " + std::to_string(i) + " file:walk?mode=memory&cache=shared");
  }
  lines.push_back("x 1 CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE); CREATE TABLE u(a, b); CREATE TABLE v(a, b)");
  for (const char* name : {"t", "u", "v"}) {
    lines.push_back(std::string("x 1 INSERT INTO ") + name + " VALUES(1,10),(2,20),(3,30)");
  }
  std::map<std::string, std::string> prepared;
  int next = 100;
  const int steps = 20 + pick(60);
  for (int i = 0; i < steps; ++i) {
    const std::string n = std::to_string(1 + pick(connections));
    switch (pick(20)) {
      case 0:
      case 1:
        lines.push_back("x " + n + (pick(4) == 0 ? pick(2) == 0 ? " BEGIN IMMEDIATE" : " BEGIN EXCLUSIVE" : " BEGIN"));
        break;
      case 2:
      case 3:
        lines.push_back("x " + n + " COMMIT");
        break;
      case 4:
        lines.push_back("x " + n + " ROLLBACK");
        break;
      case 5:
      case 6:
      case 7:
        lines.push_back("x " + n + " SELECT count(*), sum(b) FROM " + table());
        break;
      case 8: {
        // One table: which of two is locked first, and stays so when the other refuses, is the plan's business.
        const std::string both = table();
        lines.push_back("x " + n + " SELECT count(*) FROM " + both + " x, " + both + " y WHERE x.a = y.a");
        break;
      }
      case 9:
      case 10:
        lines.push_back("x " + n + " INSERT INTO " + table() + " VALUES(" + std::to_string(next) + "," +
                        std::to_string(next * 10) + ")");
        ++next;
        break;
      case 11:
        lines.push_back("x " + n + " UPDATE " + table() + " SET b = b + 1000 WHERE a > " + std::to_string(pick(4)));
        break;
      case 12:
        lines.push_back("x " + n + " DELETE FROM " + table() + (pick(3) == 0 ? "" : " WHERE a = 2"));
        break;
      case 13: {
        const std::string label = "s" + std::to_string(pick(4));
        if (prepared.contains(label)) lines.push_back("fin " + label);
        prepared[label] = n;
        lines.push_back("prep " + n + " " + label + " SELECT a, b FROM " + table() + " ORDER BY rowid");
        lines.push_back("step " + label);
        break;
      }
      case 14:
      case 15:
        if (!prepared.empty()) lines.push_back("step s" + std::to_string(pick(4)));
        break;
      case 16:
        if (!prepared.empty()) lines.push_back("reset s" + std::to_string(pick(4)));
        break;
      case 17:
        if (notifies) lines.push_back("notify " + n + (pick(4) == 0 ? " b " : pick(8) == 0 ? " - " : " a ") + std::to_string(i));
        break;
      case 18:
        lines.push_back(pick(3) == 0 ? "x " + n + " PRAGMA read_uncommitted=" + std::to_string(pick(2)) : "txn " + n);
        break;
      default:
        lines.push_back("x " + n + (pick(2) == 0 ? " CREATE TABLE IF NOT EXISTS w(x)"
                                    : pick(2) == 0 ? " DROP TABLE IF EXISTS w"
                                                   : " PRAGMA data_version"));
    }
  }
  return lines;
}

void compare_walks(unsigned first, unsigned count, bool is_long = false) {
  int failures = 0;
  for (unsigned seed = first; seed < first + count; ++seed) {
    const std::string text = difference(walk(seed, !is_long), [] {}, is_long);
    if (text.empty()) continue;
    ADD_FAILURE() << "seed " << seed << "\n" << text;
    if (++failures == 3) return;
  }
  std::printf("walks %u to %u\n", first, first + count - 1);
}

unsigned first_seed() {
  const char* text = ::getenv("ENGINE_SEED");
  return text == nullptr ? 1 : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

TEST(SharedCache, Walks) {
  compare_walks(first_seed(), 400);
  // Statements older than the schema, stepped beside an exclusive transaction.
  compare_walks(1032, 1);
  compare_walks(1937, 1);
}
// Without notifications, which in one walk of a thousand come sooner or later than stock's.
TEST(SharedCache, LongWalks) { compare_walks(first_seed() + 1000, 20000, true); }

// ------------------------------------------------------------------------------------------------------------ threads

// Waits for the transaction in the way, as the manual's example does. SQLITE_LOCKED: that would be for ever.
struct Wait {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  bool fired = false;

  static void fire(void** waits, int count) {
    for (int i = 0; i < count; ++i) {
      Wait& wait = *static_cast<Wait*>(waits[i]);
      pthread_mutex_lock(&wait.mutex);
      wait.fired = true;
      pthread_cond_signal(&wait.condition);
      pthread_mutex_unlock(&wait.mutex);
    }
  }
  int for_unlock(sqlite3* db) {
    fired = false;
    const int code = subject().unlock_notify(db, fire, this);
    if (code != SQLITE_OK) return code;
    pthread_mutex_lock(&mutex);
    while (!fired) pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    return SQLITE_OK;
  }
};

// Runs the statements of a text; a lock in the way is waited for. SQLITE_OK, or the code of the first that failed.
int run_waiting(sqlite3* db, const std::string& sql, long long* value = nullptr) {
  const Library& library = subject();
  Wait wait;
  for (const char* rest = sql.c_str(); *rest != '\0';) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    int code;
    while ((code = library.prepare_v2(db, rest, -1, &statement, &tail)) == SQLITE_LOCKED) {
      if (wait.for_unlock(db) != SQLITE_OK) return SQLITE_LOCKED;
    }
    if (code != SQLITE_OK) return code;
    rest = tail;
    for (;;) {
      while ((code = library.step(statement)) == SQLITE_ROW) {
        if (value != nullptr) *value = library.column_int64(statement, 0);
      }
      if (code != SQLITE_LOCKED) break;
      if (wait.for_unlock(db) != SQLITE_OK) break;
      library.reset(statement);
    }
    library.finalize(statement);
    if (statement != nullptr && code != SQLITE_DONE) return code;
  }
  return SQLITE_OK;
}

void transfers(const std::string& uri, int thread_count, int rounds, int flags) {
  constexpr int kAccounts = 10;
  Database keeper(subject(), uri, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI);
  ASSERT_EQ(keeper.exec("PRAGMA synchronous=OFF; CREATE TABLE a(id INTEGER PRIMARY KEY, n); CREATE TABLE b(id INTEGER PRIMARY KEY, n, x BLOB)"),
            "");
  for (int i = 0; i < kAccounts; ++i) {
    ASSERT_EQ(keeper.exec("INSERT INTO a VALUES(NULL, 100); INSERT INTO b VALUES(NULL, 100, randomblob(3000))"), "");
  }
  std::vector<std::thread> threads;
  std::vector<std::string> faults(static_cast<std::size_t>(thread_count));
  std::vector<int> done(static_cast<std::size_t>(thread_count));
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t) + 77);
      std::string& fault = faults[static_cast<std::size_t>(t)];
      Database db(subject(), uri, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | flags);
      for (int i = 0; i < rounds && fault.empty(); ++i) {
        const std::string from = std::to_string(1 + random() % kAccounts), to = std::to_string(1 + random() % kAccounts);
        std::string sql;
        long long sum = -1;
        switch (random() % 4) {
          case 0:
            sql = "BEGIN; SELECT (SELECT sum(n) FROM a) + (SELECT sum(n) FROM b); COMMIT";
            break;
          case 1:
            sql = "BEGIN; UPDATE b SET n = n - 7, x = randomblob(" + std::to_string(random() % 6000) + ") WHERE id = " + from +
                  "; UPDATE a SET n = n + 7 WHERE id = " + to + "; COMMIT";
            break;
          case 2:
            sql = "SAVEPOINT s; UPDATE a SET n = n - 1 WHERE id = " + from + "; UPDATE a SET n = n + 1 WHERE id = " + to +
                  "; ROLLBACK TO s; RELEASE s";
            break;
          default:
            sql = "BEGIN; UPDATE a SET n = n - 3 WHERE id = " + from + "; UPDATE b SET n = n + 3 WHERE id = " + to + "; COMMIT";
        }
        const int code = run_waiting(db.handle(), sql, &sum);
        if (code == SQLITE_OK) {
          ++done[static_cast<std::size_t>(t)];
          if (sum != -1 && sum != 2 * 100 * kAccounts) fault = "sum " + std::to_string(sum);
        } else if (code == SQLITE_LOCKED || code == SQLITE_BUSY) {
          if (subject().get_autocommit(db.handle()) == 0 && run_waiting(db.handle(), "ROLLBACK") != SQLITE_OK) {
            fault = "cannot roll back: " + std::string(subject().errmsg(db.handle()));
          }
        } else {
          fault = std::to_string(code) + ": " + subject().errmsg(db.handle()) + " in " + sql;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& fault : faults) EXPECT_EQ(fault, "");
  for (const int count : done) EXPECT_GT(count, rounds / 10);
  EXPECT_EQ(keeper.text("SELECT (SELECT sum(n) FROM a) + (SELECT sum(n) FROM b)"), "I" + std::to_string(200 * kAccounts));
  EXPECT_EQ(keeper.text("PRAGMA integrity_check"), "Tok");
}

TEST(SharedCache, ThreadsInMemory) { transfers("file:threads?mode=memory&cache=shared", 4, 300, 0); }
TEST(SharedCache, ThreadsInMemoryWithoutMutexes) {
  transfers("file:threads2?mode=memory&cache=shared", 4, 300, SQLITE_OPEN_NOMUTEX);
}
TEST(SharedCache, ThreadsOnAFile) {
  ScratchFile file("shared-threads");
  transfers("file:" + file.path() + "?cache=shared", 4, 100, 0);
}
// Sixteen connections, each in a thread, on one page pool.
TEST(SharedCache, ThreadsSixteen) {
  for (const int flags : {SQLITE_OPEN_FULLMUTEX, SQLITE_OPEN_NOMUTEX}) {
    ScratchFile file("shared-threads");
    transfers("file:" + file.path() + "?cache=shared", 16, 30, flags);
  }
}

// One thread reads uncommitted rows while others change, roll back and drop tables: any answer, no crash.
TEST(SharedCache, ThreadsReadingUncommitted) {
  const std::string uri = "file:dirty?mode=memory&cache=shared";
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
  Database keeper(subject(), uri, kFlags);
  ASSERT_EQ(keeper.exec("CREATE TABLE t(a, b); CREATE INDEX tb ON t(b);"
                        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 500)"
                        "INSERT INTO t SELECT i, randomblob(i % 100 * 20) FROM c"),
            "");
  std::atomic<bool> over{false};
  std::thread reader([&] {
    Database db(subject(), uri, kFlags);
    db.exec("PRAGMA read_uncommitted=1");
    while (!over) {
      Prepared scan(db, "SELECT a, b FROM t ORDER BY b");
      if (scan.code() != SQLITE_OK) continue;
      int code = SQLITE_ROW;
      while ((code = scan.step()) == SQLITE_ROW) {
        scan.value(0);
        scan.value(1);
        std::this_thread::yield();
      }
      EXPECT_TRUE(code == SQLITE_DONE || code == SQLITE_LOCKED || code == SQLITE_SCHEMA) << code;
    }
  });
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      Database db(subject(), uri, kFlags);
      std::mt19937 random(static_cast<unsigned>(w) + 5);
      for (int i = 0; i < 150; ++i) {
        const std::string a = std::to_string(random() % 500);
        const int code = run_waiting(db.handle(), "BEGIN; DELETE FROM t WHERE a = " + a + "; INSERT INTO t VALUES(" + a +
                                                      ", randomblob(" + std::to_string(random() % 3000) +
                                                      ")); UPDATE t SET b = zeroblob(10) WHERE a % 50 = " +
                                                      std::to_string(random() % 50));
        EXPECT_TRUE(code == SQLITE_OK || code == SQLITE_LOCKED || code == SQLITE_BUSY) << code;
        if (subject().get_autocommit(db.handle()) == 0) run_waiting(db.handle(), i % 3 == 0 ? "ROLLBACK" : "COMMIT");
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  over = true;
  reader.join();
  EXPECT_EQ(keeper.text("PRAGMA integrity_check"), "Tok");
}

}  // namespace
}  // namespace perlite::engine_test
