// Two processes, one file: whatever one holds and the other asks for, the codes are those of stock with stock, for any
// mix of the libraries; and each recovers what the other left when it was killed in the middle of a commit.
#include <gtest/gtest.h>

#include <memory>

#include "tests/engine/harness.h"
#include "tests/support/actor.h"

namespace perlite::crash_test {
namespace {

using engine_test::Database;
using engine_test::ScratchFile;
using engine_test::stock;
using engine_test::subject;
using engine_test::subject_path;
using test::Actor;

struct Side {
  const char* name;
  std::string library;
};
std::vector<Side> sides() { return {{"stock", test::places.stock}, {"perlite", subject_path()}}; }

bool has_mode(const std::string& mode) {
  ScratchFile file("mode");
  Database db(subject(), file.path());
  return db.text("PRAGMA journal_mode=" + mode) == "T" + mode;
}

void make_file(const std::string& path, const std::string& mode) {
  Database db(stock(), path);
  ASSERT_EQ(db.text("PRAGMA journal_mode=" + mode), "T" + mode);
  ASSERT_EQ(db.exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX tb ON t(b);"
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO t SELECT i, printf('%.*c', 300, 'x') || i FROM n"),
            "");
}

// What the first process does before the second asks, and how it goes on. `C` commands are those of a third process,
// which is always stock.
struct Holding {
  const char* name;
  std::vector<std::string> before, after;
};
const std::vector<Holding>& holdings() {
  static const std::vector<Holding> all = {
      {"nothing", {}, {}},
      {"a read transaction", {"exec 0 BEGIN; SELECT count(*) FROM t"}, {"exec 0 INSERT INTO t VALUES(9001, 'a')", "exec 0 COMMIT"}},
      {"a BEGIN and nothing else", {"exec 0 BEGIN"}, {"exec 0 SELECT count(*) FROM t", "exec 0 COMMIT"}},
      {"a half-stepped read", {"start 0 SELECT a FROM t ORDER BY a", "step 0"}, {"step 0", "finish 0"}},
      {"BEGIN IMMEDIATE", {"exec 0 BEGIN IMMEDIATE"}, {"exec 0 COMMIT"}},
      {"a writer", {"exec 0 BEGIN; INSERT INTO t VALUES(9002, 'w')"}, {"exec 0 COMMIT"}},
      {"a writer that reads", {"exec 0 BEGIN IMMEDIATE; UPDATE t SET b = 'u' WHERE a = 3", "start 0 SELECT a FROM t", "step 0"}, {"step 0", "finish 0", "exec 0 ROLLBACK"}},
      {"BEGIN EXCLUSIVE", {"exec 0 BEGIN EXCLUSIVE"}, {"exec 0 INSERT INTO t VALUES(9003, 'x')", "exec 0 COMMIT"}},
      {"a spilled writer", {"exec 0 PRAGMA cache_size=5", "exec 0 BEGIN; UPDATE t SET b = b || 'spill'"}, {"exec 0 ROLLBACK"}},
      {"a commit that a reader blocks", {"C exec 0 BEGIN; SELECT count(*) FROM t", "exec 0 BEGIN; INSERT INTO t VALUES(9004, 'p')", "exec 0 COMMIT"},
       {"C exec 0 COMMIT", "exec 0 COMMIT", "exec 0 ROLLBACK"}},
      {"exclusive mode, read", {"exec 0 PRAGMA locking_mode=exclusive", "exec 0 SELECT count(*) FROM t"}, {"exec 0 PRAGMA locking_mode=normal", "exec 0 SELECT count(*) FROM t"}},
      {"exclusive mode, written", {"exec 0 PRAGMA locking_mode=exclusive", "exec 0 INSERT INTO t VALUES(9005, 'e')"},
       {"exec 0 PRAGMA locking_mode=normal", "exec 0 SELECT count(*) FROM t"}},
      {"an old snapshot", {"exec 0 BEGIN; SELECT count(*) FROM t", "C exec 0 INSERT INTO t VALUES(9006, 'new')"},
       {"exec 0 SELECT count(*) FROM t", "exec 0 INSERT INTO t VALUES(9007, 'late')", "exec 0 COMMIT"}},
      {"an old snapshot, checkpointed", {"exec 0 BEGIN; SELECT count(*) FROM t", "C exec 0 INSERT INTO t VALUES(9008, 'new')", "C checkpoint 0 0"},
       {"exec 0 SELECT count(*) FROM t", "exec 0 COMMIT", "exec 0 SELECT count(*) FROM t"}},
      {"a snapshot of a checkpointed log", {"C exec 0 INSERT INTO t VALUES(9010, 'new')", "C checkpoint 0 0", "exec 0 BEGIN; SELECT count(*) FROM t"},
       {"exec 0 INSERT INTO t VALUES(9011, 'x')", "exec 0 COMMIT"}},
      {"a reader beside another writer", {"exec 0 BEGIN; SELECT count(*) FROM t", "C exec 0 BEGIN IMMEDIATE; INSERT INTO t VALUES(9009, 'c')"},
       {"exec 0 INSERT INTO t VALUES(1, 'no')", "exec 0 COMMIT", "C exec 0 COMMIT"}},
      {"a closed connection", {"exec 0 INSERT INTO t VALUES(9012, 'x')", "close 0"}, {}},
  };
  return all;
}

// What the second process asks for, each from the state that ROLLBACK leaves.
const std::vector<std::vector<std::string>>& asks(const std::string& mode) {
  static const std::vector<std::vector<std::string>> common = {
      {"open 1 PATH", "exec 1 SELECT count(*) FROM t", "close 1"},
      {"exec 0 SELECT count(*) FROM t"},
      {"start 0 SELECT a FROM t", "step 0", "finish 0"},
      {"exec 0 BEGIN", "exec 0 SELECT count(*) FROM t", "exec 0 INSERT INTO t VALUES(8001, 'q')", "exec 0 COMMIT", "exec 0 COMMIT"},
      {"exec 0 BEGIN IMMEDIATE", "exec 0 COMMIT"},
      {"exec 0 BEGIN EXCLUSIVE", "exec 0 COMMIT"},
      {"exec 0 INSERT INTO t VALUES(8002, 'r')", "exec 0 DELETE FROM t WHERE a = 8002"},
      {"exec 0 BEGIN", "exec 0 INSERT INTO t VALUES(8003, 's')", "exec 0 SELECT count(*) FROM t", "exec 0 COMMIT", "exec 0 COMMIT"},
      {"exec 0 SAVEPOINT p", "exec 0 UPDATE t SET b = 'z' WHERE a = 2", "exec 0 ROLLBACK TO p", "exec 0 RELEASE p"},
      {"exec 0 PRAGMA user_version = 7"},
      {"exec 0 PRAGMA user_version"},
      {"exec 0 CREATE TABLE fresh(x)", "exec 0 DROP TABLE fresh"},
      {"timeout 0 20", "exec 0 INSERT INTO t VALUES(8004, 't')", "exec 0 SELECT count(*) FROM t", "timeout 0 0"},
      {"checkpoint 0 0"},
      {"checkpoint 0 1"},
      {"checkpoint 0 2"},
      {"checkpoint 0 3"},
      {"exec 0 PRAGMA integrity_check"},
      {"exec 0 VACUUM"},
      {"exec 0 PRAGMA journal_mode"},
      {"exec 0 PRAGMA journal_mode=persist"},
      {"exec 0 PRAGMA locking_mode=exclusive", "exec 0 SELECT count(*) FROM t", "exec 0 INSERT INTO t VALUES(8005, 'x')", "exec 0 PRAGMA locking_mode=normal",
       "exec 0 SELECT count(*) FROM t"},
      {"exec 0 PRAGMA journal_mode=wal", "exec 0 SELECT count(*) FROM t", "exec 0 PRAGMA journal_mode=delete"},
  };
  // With a log, stock commits frames that say what was there before; a transaction that undid all its changes is none
  // here, and nobody's snapshot grows old by it.
  static const std::vector<std::vector<std::string>> with_log = [] {
    auto some = common;
    std::erase_if(some, [](const std::vector<std::string>& ask) { return ask[0] == "exec 0 SAVEPOINT p"; });
    return some;
  }();
  return mode == "wal" ? with_log : common;
}

// The three processes of a situation, kept for the next one.
struct Company {
  Company(const Side& holder, const Side& asker)
      : first(test::places.actor, holder.library), second(test::places.actor, asker.library), third(test::places.actor, test::places.stock) {}
  void leave() {
    for (Actor* actor : {&first, &second, &third}) {
      actor->tell("close 1");
      actor->tell("close 0");
    }
  }
  Actor first, second, third;
};

// The answers of everybody, one line each, to a holding and one ask.
std::string transcript(const std::string& mode, const std::string& original, const Holding& holding, const std::vector<std::string>& ask, Company& company) {
  ScratchFile file("locks");
  engine_test::copy_file(original, file.path());
  Actor &first = company.first, &second = company.second, &third = company.third;
  std::string log;
  const auto tell = [&](const char* who, Actor& actor, const std::string& command) {
    std::string told = command;
    if (const std::size_t at = told.find("PATH"); at != std::string::npos) told.replace(at, 4, file.path());
    log += std::string("    ") + who + " " + command + " -> " + actor.tell(told) + "\n";
  };
  const auto play = [&](const std::vector<std::string>& commands) {
    for (const std::string& command : commands) {
      if (command.starts_with("C ")) {
        tell("third", third, command.substr(2));
      } else {
        tell("holder", first, command);
      }
    }
  };
  const std::string journal = mode == "wal" ? "" : "exec 0 PRAGMA journal_mode=" + mode;
  for (Actor* actor : {&first, &second, &third}) {
    EXPECT_EQ(actor->tell("open 0 " + file.path()), "0");
    EXPECT_EQ(actor->tell("exec 0 PRAGMA synchronous=OFF"), "0");
    if (!journal.empty()) {
      EXPECT_EQ(actor->tell(journal), "0 " + mode);
    }
  }
  // The asker knows the schema, as after a moment's work.
  EXPECT_EQ(second.tell("exec 0 SELECT count(*) FROM t"), "0 200");
  play(holding.before);
  for (const std::string& command : ask) tell("asker", second, command);
  second.tell("exec 0 ROLLBACK");
  play(holding.after);
  // Both go on.
  second.tell("timeout 0 0");
  tell("asker", second, "exec 0 INSERT INTO t VALUES(8100, 'last')");
  tell("holder", first, "exec 0 SELECT count(*) FROM t");
  tell("asker", second, "exec 0 PRAGMA integrity_check");
  company.leave();
  return log;
}

void compare(const std::string& mode) {
  if (!has_mode(mode)) FAIL() << "no " << mode;
  const auto both = sides();
  int situations = 0, differing = 0;
  ScratchFile original("original");
  make_file(original.path(), mode);
  std::vector<std::unique_ptr<Company>> companies;
  for (const Side& holder : both) {
    for (const Side& asker : both) companies.push_back(std::make_unique<Company>(holder, asker));
  }
  for (const Holding& holding : holdings()) {
    for (const auto& ask : asks(mode)) {
      const std::string expected = transcript(mode, original.path(), holding, ask, *companies[0]);
      for (std::size_t i = 1; i < companies.size(); ++i) {
          const Side &holder = both[i / 2], &asker = both[i % 2];
          ++situations;
          const std::string got = transcript(mode, original.path(), holding, ask, *companies[i]);
          if (got == expected) continue;
          if (++differing <= 12) {
            ADD_FAILURE() << mode << ", the holder (" << holder.name << ") has " << holding.name << "; the asker is " << asker.name << "\n  stock with stock:\n"
                          << expected << "  now:\n" << got;
          }
      }
    }
  }
  std::printf("%s: %d situations, %d differ\n", mode.c_str(), situations, differing);
  EXPECT_EQ(differing, 0);
}

TEST(Locks, Delete) { compare("delete"); }
TEST(Locks, Truncate) { compare("truncate"); }
TEST(Locks, Persist) { compare("persist"); }
TEST(Locks, Memory) { compare("memory"); }
TEST(Locks, Wal) { compare("wal"); }

// --- Death ----------------------------------------------------------------------------------------------------------

// Killed before each of its system calls that change a file, in the middle of a commit that spills: the other process
// finds the state before it or after it.
void die_and_recover(const std::string& mode, const Side& victim, const Side& heir) {
  int deaths = 0;
  for (int calls = 0;; ++calls) {
    SCOPED_TRACE(mode + ", " + victim.name + " dies before call " + std::to_string(calls) + ", " + heir.name + " goes on");
    ScratchFile file("death");
    make_file(file.path(), mode);
    Actor first(test::places.actor, victim.library), second(test::places.actor, heir.library);
    // In WAL the heir may be there before: then the wal-index outlives the victim.
    const bool is_there = calls % 2 == 0;
    if (is_there) {
      EXPECT_EQ(second.tell("open 0 " + file.path()), "0");
      EXPECT_EQ(second.tell("exec 0 SELECT count(*) FROM t"), "0 200");
    }
    EXPECT_EQ(first.tell("open 0 " + file.path()), "0");
    EXPECT_EQ(first.tell("exec 0 PRAGMA synchronous=OFF"), "0");
    EXPECT_EQ(first.tell("exec 0 PRAGMA cache_size=6"), "0");
    if (mode != "wal") {
      EXPECT_EQ(first.tell("exec 0 PRAGMA journal_mode=" + mode), "0 " + mode);
    }
    EXPECT_EQ(first.tell("exec 0 INSERT INTO t VALUES(1000, 'before')"), "0");
    EXPECT_EQ(first.tell("exec 0 BEGIN; UPDATE t SET b = 'changed' || a WHERE a <= 12"), "0");
    first.tell("die " + std::to_string(calls));
    std::string answer = first.tell("exec 0 INSERT INTO t SELECT a + 2000, b FROM t WHERE a < 20; COMMIT");
    const bool acknowledged = answer == "0";
    if (acknowledged && mode == "wal") answer = first.tell("checkpoint 0 0");
    const bool died = answer == "dead";
    if (died) ++deaths;
    first.end(SIGKILL);
    if (!is_there) {
      EXPECT_EQ(second.tell("open 0 " + file.path()), "0");
    }
    EXPECT_EQ(second.tell("exec 0 PRAGMA integrity_check"), "0 ok");
    const std::string found = second.tell("exec 0 SELECT count(*), sum(a > 2000), sum(b LIKE 'changed%') FROM t");
    EXPECT_TRUE((found == "0 201 0 0" && !acknowledged) || found == "0 220 19 24") << found;
    EXPECT_EQ(second.tell("exec 0 INSERT INTO t VALUES(3000, 'after')"), "0");
    EXPECT_EQ(second.tell("exec 0 PRAGMA integrity_check"), "0 ok");
    if (!died || testing::Test::HasFailure()) break;
  }
  std::printf("%s: %s died %d times, %s went on\n", mode.c_str(), victim.name, deaths, heir.name);
  EXPECT_GT(deaths, 3);
}

TEST(Death, EachRecoversTheOthersCrash) {
  for (const char* mode : {"delete", "truncate", "persist", "wal"}) {
    ASSERT_TRUE(has_mode(mode)) << mode;
    for (const Side& victim : sides()) {
      for (const Side& heir : sides()) die_and_recover(mode, victim, heir);
    }
  }
}

}  // namespace
}  // namespace perlite::crash_test
