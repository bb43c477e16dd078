// Many threads: each with connections of its own on one file or one memory database, all with one connection, opening
// and closing, interrupting and asking for status. Answers are right and, under TSan, no access races.
// ctest: quick,threads Quick*
// ctest: ordinary,threads Ordinary*
#include <atomic>
#include <memory>
#include <thread>

#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

constexpr int kThreads = 16;

// Runs body(0) .. body(n - 1) at once; what they return other than "" fails the test.
template <class Body>
void at_once(int count, Body body) {
  std::vector<std::thread> threads;
  std::vector<std::string> faults(static_cast<std::size_t>(count));
  for (int who = 0; who < count; ++who) {
    threads.emplace_back([&, who] { faults[static_cast<std::size_t>(who)] = body(who); });
  }
  for (std::thread& thread : threads) thread.join();
  for (int who = 0; who < count; ++who) EXPECT_EQ(faults[static_cast<std::size_t>(who)], "") << "thread " << who;
}

const char* const kAccounts =
    "CREATE TABLE account(id INTEGER PRIMARY KEY, amount, note); CREATE INDEX by_amount ON account(amount);"
    "INSERT INTO account WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) SELECT i, 100, printf('%.100c', 'n') FROM n";

// Every fourth thread moves amounts in transactions, the others see the sum unmoved.
void move_amounts(const std::string& name, int flags, int rounds) {
  Database first(subject(), name, flags);
  ASSERT_EQ(first.open_code(), SQLITE_OK);
  ASSERT_EQ(first.exec(kAccounts), "");
  at_once(kThreads, [&](int who) -> std::string {
    Database mine(subject(), name, flags);
    subject().busy_timeout(mine.handle(), 60000);
    mine.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = 30");
    for (int round = 0; round < rounds; ++round) {
      const std::string from = std::to_string(1 + (who * 31 + round * 7) % 399);
      if (who % 4 == 0) {
        const std::string fault = mine.exec("BEGIN IMMEDIATE; UPDATE account SET amount = amount - 1 WHERE id = " + from +
                                            "; UPDATE account SET amount = amount + 1 WHERE id = " + from + " + 1; COMMIT");
        if (!fault.empty()) return fault;
      } else {
        std::string sum = mine.text(round % 2 == 0 ? "SELECT sum(amount), count(*) FROM account" : "SELECT sum(amount), count(*) FROM account WHERE amount > -1000000");
        if (sum != "I40000|I400") return sum;
        sum = mine.text("SELECT length(note) FROM account WHERE id = " + from);
        if (sum != "I100") return sum;
      }
    }
    return "";
  });
  EXPECT_EQ(first.text("SELECT sum(amount), count(*) FROM account"), "I40000|I400");
  EXPECT_EQ(first.text("PRAGMA integrity_check"), "Tok");
}

constexpr int kReadWrite = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

void own_connections(int rounds) {
  for (const int mode : {SQLITE_OPEN_NOMUTEX, SQLITE_OPEN_FULLMUTEX}) {
    ScratchFile file("threads");
    move_amounts(file.path(), kReadWrite | mode, rounds);
  }
}

void shared_memory(int rounds) {
  static int number = 0;
  for (const int mode : {SQLITE_OPEN_NOMUTEX, SQLITE_OPEN_FULLMUTEX}) {
    move_amounts("file:/threads" + std::to_string(number++) + "?vfs=memdb", kReadWrite | SQLITE_OPEN_URI | mode, rounds);
  }
}

// One connection for all threads: each statement is whole, and no change is lost.
void one_connection(int rounds) {
  Database db(subject(), ":memory:", kReadWrite | SQLITE_OPEN_FULLMUTEX);
  ASSERT_EQ(db.exec("CREATE TABLE t(who, round, PRIMARY KEY(who, round)) WITHOUT ROWID; CREATE TABLE total(n); INSERT INTO total VALUES(0)"), "");
  at_once(kThreads, [&](int who) -> std::string {
    for (int round = 0; round < rounds; ++round) {
      const std::string key = std::to_string(who) + ", " + std::to_string(round);
      std::string fault = db.exec("INSERT INTO t VALUES(" + key + "); UPDATE total SET n = n + 1");
      if (!fault.empty()) return fault;
      Prepared mine(db, "SELECT count(*) FROM t WHERE who = " + std::to_string(who));
      if (mine.code() != SQLITE_OK || mine.step() != SQLITE_ROW) return "no row";
      if (mine.value() != "I" + std::to_string(round + 1)) return mine.value();
    }
    return "";
  });
  EXPECT_EQ(db.text("SELECT (SELECT n FROM total), count(*) FROM t"), "I" + std::to_string(kThreads * rounds) + "|I" + std::to_string(kThreads * rounds));
}

// Connections come and go, schemas are read and changed, while others count memory and interrupt.
void coming_and_going(int rounds) {
  ScratchFile file("coming");
  {
    Database db(subject(), file.path());
    ASSERT_EQ(db.exec("CREATE TABLE base(a, b); INSERT INTO base VALUES(1, 2), (3, 4)"), "");
  }
  at_once(kThreads, [&](int who) -> std::string {
    for (int round = 0; round < rounds; ++round) {
      Database mine(subject(), file.path());
      subject().busy_timeout(mine.handle(), 60000);
      mine.exec("PRAGMA synchronous = OFF");
      if (who == 0) {
        const std::string fault = mine.exec("DROP TABLE IF EXISTS t" + std::to_string(round) + "; CREATE TABLE t" + std::to_string(round + 1) + "(x)");
        if (!fault.empty()) return fault;
      } else {
        const std::string rows = mine.text("SELECT a, b FROM base ORDER BY upper(a)");
        if (rows != "I1|I2\nI3|I4") return rows;
        if (subject().memory_used() < 0) return "memory";
        std::vector<std::thread> other;
        if (who == 1) other.emplace_back([&] { subject().interrupt(mine.handle()); });
        const std::string counted = mine.text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT count(*) FROM n");
        for (std::thread& thread : other) thread.join();
        if (counted != "I300" && !(who == 1 && counted == "error 9: interrupted")) return counted;
      }
    }
    return "";
  });
}

// The three modes that sqlite3_config gives: nobody locks, the caller does so for each connection, the library does.
void threading_modes(int rounds) {
  struct Mode {
    int option;
    int threads, connections;  // threads share the connections
  };
  for (const Mode& mode : {Mode{SQLITE_CONFIG_SINGLETHREAD, 1, 1}, Mode{SQLITE_CONFIG_MULTITHREAD, kThreads, kThreads},
                           Mode{SQLITE_CONFIG_SERIALIZED, kThreads, 1}}) {
    ASSERT_EQ(subject().shutdown(), SQLITE_OK);
    ASSERT_EQ(subject().config(mode.option), SQLITE_OK);
    ASSERT_EQ(subject().initialize(), SQLITE_OK);
    ScratchFile file("modes");
    {
      std::vector<std::unique_ptr<Database>> connections;
      for (int i = 0; i < mode.connections; ++i) {
        connections.push_back(std::make_unique<Database>(subject(), file.path(), kReadWrite));
        EXPECT_EQ(subject().db_mutex(connections.back()->handle()) != nullptr, mode.option == SQLITE_CONFIG_SERIALIZED);
        subject().busy_timeout(connections.back()->handle(), 60000);
        connections.back()->exec("PRAGMA synchronous = OFF");
      }
      ASSERT_EQ(connections[0]->exec("PRAGMA journal_mode = WAL; CREATE TABLE t(who, round); CREATE INDEX i ON t(who, round)"), "");
      at_once(mode.threads, [&](int who) -> std::string {
        Database& mine = *connections[static_cast<std::size_t>(who % mode.connections)];
        const std::string name = std::to_string(who);
        for (int round = 0; round < rounds; ++round) {
          const std::string fault = mine.exec("INSERT INTO t VALUES(" + name + ", " + std::to_string(round) + ")");
          if (!fault.empty()) return fault;
          Prepared count(mine, "SELECT count(*) FROM t WHERE who = " + name);
          if (count.step() != SQLITE_ROW || count.value() != "I" + std::to_string(round + 1)) return "not counted";
        }
        return "";
      });
      EXPECT_EQ(connections[0]->text("SELECT count(*) FROM t"), "I" + std::to_string(mode.threads * rounds));
      EXPECT_EQ(connections[0]->text("PRAGMA integrity_check"), "Tok");
    }
  }
}

TEST(QuickThreads, ThreadingModes) { threading_modes(8); }
TEST(OrdinaryThreads, ThreadingModes) { threading_modes(80); }
TEST(QuickThreads, OwnConnectionsOnOneFile) { own_connections(6); }
TEST(QuickThreads, OwnConnectionsOnOneMemoryDatabase) { shared_memory(10); }
TEST(QuickThreads, OneConnection) { one_connection(20); }
TEST(QuickThreads, ComingAndGoing) { coming_and_going(6); }
TEST(OrdinaryThreads, OwnConnectionsOnOneFile) { own_connections(60); }
TEST(OrdinaryThreads, OwnConnectionsOnOneMemoryDatabase) { shared_memory(150); }
TEST(OrdinaryThreads, OneConnection) { one_connection(300); }
TEST(OrdinaryThreads, ComingAndGoing) { coming_and_going(60); }

}  // namespace
}  // namespace perlite::engine_test
