// Over the same VFS and with the same workload, in each journal mode and synchronous level, Perlite syncs the files that
// stock syncs, in its order, between the same writes.
//
// Writes to one file without anything else between them count as one: which pages a tree takes is its own affair.
#include <gtest/gtest.h>

#include "tests/crash/session.h"

namespace perlite::crash_test {
namespace {

using Trace = std::vector<std::string>;

const char* const kWorkload[] = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY, k, v)",
    "INSERT INTO t VALUES(1, 'one', 'first')",
    "BEGIN",
    "INSERT INTO t VALUES(2, 'two', 'second')",
    "UPDATE t SET v = 'changed' WHERE id = 1",
    "COMMIT",
    "BEGIN",
    "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i, 'k' || i, zeroblob(500) FROM n",
    "COMMIT",
    "BEGIN",
    "UPDATE t SET v = 'undone' WHERE id = 2",
    "ROLLBACK",
    "BEGIN",
    "UPDATE t SET k = 'x' WHERE id < 20",
    "SAVEPOINT s",
    "UPDATE t SET k = 'y' WHERE id < 15",
    "ROLLBACK TO s",
    "RELEASE s",
    "COMMIT",
    "DELETE FROM t WHERE id = 60",
    "SELECT count(*) FROM t",
    "PRAGMA user_version = 5",
    "PRAGMA wal_checkpoint(passive)",
    "UPDATE t SET v = 'after' WHERE id = 1",
    "UPDATE t SET v = 'after that' WHERE id = 1",
    "PRAGMA wal_checkpoint(full)",
    "PRAGMA wal_checkpoint(restart)",
    "INSERT INTO t VALUES(90, 'ninety', 'x')",
    "PRAGMA wal_checkpoint(truncate)",
    "INSERT INTO t VALUES(91, 'ninety-one', 'x')",
    "PRAGMA wal_autocheckpoint=3",
    "INSERT INTO t VALUES(92, 'ninety-two', 'x')",
    "INSERT INTO t VALUES(93, 'ninety-three', 'x')",
    "DELETE FROM t WHERE id > 30",
};

// What changed files, with writes to one file in a row as one.
Trace changes_of(const std::vector<std::string>& calls) {
  Trace all;
  for (const std::string& call : calls) {
    if (all.empty() || all.back() != call || !call.starts_with("write")) all.push_back(call);
  }
  return all;
}

std::string traced(const Library& library, const Setting& setting, const std::string& before) {
  DiskVfs& vfs = disk_vfs(library);
  vfs.characteristics = setting.characteristics;
  vfs.sector_size = setting.sector_size;
  vfs.random.seed(5);
  Disk disk;
  vfs.disk = &disk;
  std::vector<std::string> calls;
  vfs.before = [&](const test::VfsCall& call) {
    const std::string file = call.file.empty() ? "temporary" : call.file;
    if (file == "temporary") return SQLITE_OK;  // how a library spills savepoints is its own affair
    if (call.method == "xWrite") calls.push_back("write " + file);
    if (call.method == "xSync") calls.push_back("sync " + file + " " + std::to_string(call.amount));
    if (call.method == "xTruncate") calls.push_back("truncate " + file + " " + (call.amount == 0 ? "to nothing" : ""));
    if (call.method == "xDelete") calls.push_back("delete " + file + (call.amount != 0 ? " and sync the directory" : ""));
    return SQLITE_OK;
  };
  std::string log;
  {
    Connection connection(library, "/main.db");
    Database& db = connection.database;
    const auto note = [&](const std::string& what) {
      log += what.substr(0, 70) + "\n";
      for (const std::string& call : changes_of(calls)) log += "    " + call + "\n";
      calls.clear();
    };
    EXPECT_EQ(db.exec("PRAGMA page_size=1024;" + before), "");
    EXPECT_EQ(db.text("PRAGMA journal_mode=" + setting.journal), "T" + setting.journal);
    EXPECT_EQ(db.exec("PRAGMA synchronous=" + setting.synchronous + "; PRAGMA cache_size=" + std::to_string(setting.cache)), "");
    note("open");
    for (const char* sql : kWorkload) {
      EXPECT_EQ(db.text(sql).substr(0, 5) == "error", false) << sql << ": " << db.text(sql);
      note(sql);
    }
    // Of a journal that is kept SAFE_APPEND says nothing, and we do not use it there (docs/format/rollback_journal.md).
    if ((setting.characteristics & SQLITE_IOCAP_SAFE_APPEND) == 0 || setting.journal == "truncate") {
      connection.database.exec("PRAGMA locking_mode=exclusive; UPDATE t SET v = 'alone' WHERE id = 1;"
                               "UPDATE t SET v = 'alone again' WHERE id = 1;"
                               "PRAGMA locking_mode=normal; UPDATE t SET v = 'not alone' WHERE id = 1");
      note("exclusive");
    }
  }
  log += "close\n";
  for (const std::string& call : changes_of(calls)) log += "    " + call + "\n";
  vfs.before = nullptr;
  return log;
}

std::string first_difference(const std::string& a, const std::string& b) {
  std::istringstream left(a), right(b);
  std::string one, other, statement, context;
  while (true) {
    const bool more = static_cast<bool>(std::getline(left, one)), more_there = static_cast<bool>(std::getline(right, other));
    if (!more && !more_there) return "";
    if (one != other || more != more_there) return "in: " + statement + "\n" + context + "  stock:   " + one + "\n  perlite: " + other;
    if (!one.starts_with(" ")) {
      statement = one;
      context.clear();
    } else {
      context += one + "\n";
    }
  }
}

void compare(const std::string& journal) {
  {
    Disk disk;
    disk_vfs(subject()).disk = &disk;
    Connection connection(subject(), "/probe.db");
    if (connection.database.text("PRAGMA journal_mode=" + journal) != "T" + journal) FAIL() << "no " << journal;
  }
  for (const char* synchronous : {"off", "normal", "full", "extra"}) {
    for (const int characteristics : {SQLITE_IOCAP_POWERSAFE_OVERWRITE, 0, SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND,
                                      SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SEQUENTIAL}) {
      for (const char* before : {"", "PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1;", "PRAGMA journal_size_limit=2000;"}) {
        if (journal == "persist" && (characteristics & SQLITE_IOCAP_SAFE_APPEND) != 0) continue;  // as above
        Setting setting;
        setting.journal = journal;
        setting.synchronous = synchronous;
        setting.characteristics = characteristics;
        const std::string expected = traced(stock(), setting, before), got = traced(subject(), setting, before);
        EXPECT_EQ(first_difference(expected, got), "") << setting.text() << " " << before;
      }
    }
  }
}

TEST(Sequence, Delete) { compare("delete"); }
TEST(Sequence, Truncate) { compare("truncate"); }
TEST(Sequence, Persist) { compare("persist"); }
TEST(Sequence, Memory) { compare("memory"); }
TEST(Sequence, Off) { compare("off"); }
TEST(Sequence, Wal) { compare("wal"); }

}  // namespace
}  // namespace perlite::crash_test
