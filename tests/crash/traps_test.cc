// The traps that storage engines are known to step into, each with a test of its own.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/crash/examiner.h"
#include "tests/engine/child.h"
#include "tests/support/actor.h"

namespace perlite::crash_test {
namespace {

using engine_test::in_child;
using engine_test::ScratchFile;
using engine_test::subject_path;
using test::Actor;

std::vector<std::string> modes() {
  std::vector<std::string> all = {"delete", "truncate", "persist"};
  ScratchFile file("mode");
  Database db(subject(), file.path());
  if (db.text("PRAGMA journal_mode=wal") == "Twal") all.emplace_back("wal");
  return all;
}

const char* const kFill =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO t SELECT i, printf('%.*c', 150, 'a') || i FROM n";

// A cache that spills inside a savepoint, writes the same pages again, goes back to the savepoint and commits.
TEST(Traps, SpillsInsideASavepointThatIsUndone) {
  for (const std::string& mode : modes()) {
    for (const int cache : {1, 5, 8, 12}) {
      SCOPED_TRACE(mode + " " + std::to_string(cache));
      ScratchFile file("spill");
      Database db(subject(), file.path()), mirror(stock());
      ASSERT_EQ(db.exec("PRAGMA page_size=1024; PRAGMA journal_mode=" + mode), "");
      ASSERT_EQ(db.exec("PRAGMA synchronous=OFF; PRAGMA cache_size=" + std::to_string(cache)), "");
      for (const char* sql :
           {"CREATE TABLE t(a INTEGER PRIMARY KEY, b)", "CREATE INDEX tb ON t(b)", kFill, "BEGIN", "UPDATE t SET b = b || 'one' WHERE a % 3 = 0", "SAVEPOINT s",
            "UPDATE t SET b = b || 'two'", "SAVEPOINT s2", "UPDATE t SET b = b || 'three' WHERE a % 2 = 0", "ROLLBACK TO s2", "UPDATE t SET b = 'four' || a WHERE a > 100",
            "ROLLBACK TO s", "UPDATE t SET b = b || 'five' WHERE a < 9", "COMMIT"}) {
        ASSERT_EQ(db.exec(sql), "") << sql;
        ASSERT_EQ(mirror.exec(sql), "") << sql;
      }
      std::string fault;
      const std::uint64_t expected = digest(mirror, {"main"}, fault);
      EXPECT_EQ(digest(db, {"main"}, fault), expected);
      for (const Library* library : {&subject(), &stock()}) {
        Database other(*library, file.path());
        EXPECT_EQ(digest(other, {"main"}, fault), expected);
        EXPECT_EQ(other.text("PRAGMA integrity_check"), "Tok");
      }
      EXPECT_EQ(fault, "");
    }
  }
}

// What was spilled and undone leaves no trace in the log: going back to a savepoint again and again does not make it grow,
// and what is then committed is all that a recovery finds.
TEST(Traps, ALogIsRewoundToTheSavepoint) {
  const auto log_sizes = [](const Library& library, std::string* fault) {
    ScratchFile file("rewind"), copy("rewind-copy");
    Database db(library, file.path()), mirror(stock());
    EXPECT_EQ(db.exec("PRAGMA page_size=1024; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=5"), "");
    const auto both = [&](const std::string& sql) {
      EXPECT_EQ(db.exec(sql), "") << sql;
      EXPECT_EQ(mirror.exec(sql), "") << sql;
    };
    const auto size = [&] {
      struct stat info;
      return ::stat((file.path() + "-wal").c_str(), &info) == 0 ? info.st_size : -1;
    };
    both("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    both("CREATE INDEX tb ON t(b)");
    both(kFill);
    both("BEGIN");
    both("UPDATE t SET b = b || 'before' WHERE a < 60");
    std::vector<off_t> sizes;
    for (int round = 0; round < 8; ++round) {
      both("SAVEPOINT one");
      both("UPDATE t SET b = b || 'undone'");
      both("SAVEPOINT two");
      both("DELETE FROM t WHERE a % 3 = " + std::to_string(round % 3));
      both("ROLLBACK TO two");
      both("INSERT INTO t SELECT a + 1000, b FROM t");
      both("ROLLBACK TO one");
      both("UPDATE t SET b = 'kept' || a WHERE a = " + std::to_string(200 + round));
      both("RELEASE one");
      sizes.push_back(size());
      if (round == 4) {
        EXPECT_EQ(digest(db, {"main"}, *fault), digest(mirror, {"main"}, *fault));
      }
    }
    both("UPDATE t SET b = 'last' WHERE a = 299");
    both("COMMIT");
    sizes.push_back(size());
    for (const char* tail : {"", "-wal"}) engine_test::copy_file(file.path() + tail, copy.path() + tail);
    Database other(stock(), copy.path());
    const std::uint64_t expected = digest(mirror, {"main"}, *fault);
    EXPECT_EQ(digest(db, {"main"}, *fault), expected);
    EXPECT_EQ(digest(other, {"main"}, *fault), expected);
    EXPECT_EQ(other.text("PRAGMA integrity_check"), "Tok");
    EXPECT_EQ(db.text("PRAGMA integrity_check"), "Tok");
    return sizes;
  };
  std::string fault;
  const std::vector<off_t> ours = log_sizes(subject(), &fault), theirs = log_sizes(stock(), &fault);
  EXPECT_EQ(fault, "");
  EXPECT_LT(theirs.back(), theirs[1] + 128 * 1024);
  EXPECT_LT(ours.back(), ours[1] + 128 * 1024);
}

// POSIX locks belong to the process: closing one descriptor of a file must not drop those of another connection.
TEST(Traps, ClosingAConnectionKeepsTheLocksOfAnother) {
  for (const std::string& mode : modes()) {
    SCOPED_TRACE(mode);
    ScratchFile file("locks");
    Database holder(subject(), file.path());
    ASSERT_EQ(holder.exec("PRAGMA journal_mode=" + mode + "; CREATE TABLE t(a); INSERT INTO t VALUES(1)"), "");
    Actor other(test::places.actor, test::places.stock);
    ASSERT_EQ(other.tell("open 0 " + file.path()), "0");
    const auto come_and_go = [&] {
      Database second(subject(), file.path());
      EXPECT_EQ(second.text("SELECT count(*) FROM t"), "I1");
      Database third(subject(), file.path(), SQLITE_OPEN_READONLY);
      EXPECT_EQ(third.text("SELECT count(*) FROM t"), "I1");
    };
    ASSERT_EQ(holder.exec("BEGIN IMMEDIATE"), "");
    EXPECT_EQ(other.tell("exec 0 BEGIN IMMEDIATE"), "5");
    come_and_go();
    EXPECT_EQ(other.tell("exec 0 BEGIN IMMEDIATE"), "5");
    ASSERT_EQ(holder.exec("INSERT INTO t VALUES(2); ROLLBACK"), "");
    ASSERT_EQ(holder.exec("BEGIN; SELECT count(*) FROM t"), "");
    come_and_go();
    if (mode == "wal") {
      EXPECT_EQ(other.tell("exec 0 INSERT INTO t VALUES(3)"), "0");
      EXPECT_TRUE(other.tell("checkpoint 0 3").starts_with("5 "));  // the reader's snapshot keeps the log
    } else {
      EXPECT_EQ(other.tell("exec 0 INSERT INTO t VALUES(3)"), "5");
    }
    ASSERT_EQ(holder.exec("COMMIT"), "");
    EXPECT_EQ(other.tell(mode == "wal" ? "checkpoint 0 3" : "exec 0 INSERT INTO t VALUES(3)"), mode == "wal" ? "0 0 0" : "0");
  }
}

// Between the deletion of a journal and the sync that makes it durable the database must not be cut short: the journal
// may come back, and has no image of what was cut.
TEST(Traps, TheFileIsNotCutAfterAJournalThatMayComeBack) {
  Setting setting;
  setting.auto_vacuum = 2;
  Session session(subject(), setting, 3);
  session.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
  session.run(kFill);
  session.start();
  session.run("DELETE FROM t WHERE a > 40");
  session.upkeep("PRAGMA incremental_vacuum(20)");
  session.upkeep("PRAGMA incremental_vacuum");
  session.upkeep("VACUUM");
  session.stop();
  bool may_come_back = false;
  int cuts = 0;
  for (const Change& change : session.disk().log) {
    if (change.kind == Change::kRemove && change.name.ends_with("-journal")) may_come_back = !change.directory;
    if (change.kind == Change::kSync && change.directory) may_come_back = false;
    if (change.kind == Change::kTruncate && change.file == 1) {
      ++cuts;
      EXPECT_FALSE(may_come_back);
    }
  }
  EXPECT_GT(cuts, 0);
}

// A sync that failed has thrown away what it was to write, and the next one knows nothing of it. Whatever sync fails, what
// is acknowledged later is durable. One in three of the syncs fails, another third for each mode and level; all with CRASH_EVERY=1.
TEST(Traps, AFailedSyncIsNotPaperedOver) {
  const bool all = ::getenv("CRASH_EVERY") != nullptr;
  std::size_t states = 0;
  int failures = 0, turn = 0;
  for (const char* journal : {"delete", "truncate", "persist", "wal"}) {
    for (const char* synchronous : {"normal", "full", "extra"}) {
      // What was before the failure is the same for all, and looked at once.
      Examiner examiner(Examiner::Density{1, 1000000, 1000000});
      ++turn;
      for (int failing = all ? 0 : turn % 3; failing < 200; failing += all ? 1 : 3) {
        Setting setting;
        setting.journal = journal;
        setting.synchronous = synchronous;
        setting.cache = 8;
        Session session(subject(), setting, 17);
        session.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
        session.run(kFill);
        session.start();
        int seen = 0;
        bool struck = false;
        DiskVfs& vfs = disk_vfs(subject());
        vfs.before = [&](const test::VfsCall& call) {
          if (call.method != "xSync" || seen++ != failing) return SQLITE_OK;
          struck = true;
          return SQLITE_IOERR_FSYNC;
        };
        for (const char* sql : {"INSERT INTO t VALUES(1001, 'x')", "UPDATE t SET b = b || 'y' WHERE a % 5 = 1", "-checkpoint", "UPDATE t SET b = 'z' WHERE a < 60",
                                "-checkpoint", "DELETE FROM t WHERE a BETWEEN 30 AND 200", "INSERT INTO t VALUES(1002, 'last')", "-checkpoint",
                                "INSERT INTO t VALUES(1003, 'very last')"}) {
          if (sql[0] == '-') {
            session.upkeep("PRAGMA wal_checkpoint(restart)");
            continue;
          }
          // What fails is not done, or is what a reader finds after the next start; the mirror has what was acknowledged.
          if (!session.run_if_it_can(sql)) break;
        }
        vfs.before = nullptr;
        session.stop();
        Story story{std::string("failed sync ") + journal + " " + synchronous + " " + std::to_string(failing), setting, setting.promise(), session.groups,
                    session.image, std::move(session.disk().log)};
        for (const std::string& fault : examiner.examine(story, 1)) ADD_FAILURE() << fault;
        if (!struck || testing::Test::HasFailure()) break;
        ++failures;
      }
      states += examiner.states();
    }
  }
  std::printf("%d failed syncs: %zu states\n", failures, states);
  EXPECT_GT(failures, 40);
}

// The parent's locks and transaction stand, whatever a child does with connections of its own.
TEST(Traps, AForkLeavesTheParentsTransactionAlone) {
  for (const std::string& mode : modes()) {
    SCOPED_TRACE(mode);
    ScratchFile file("fork");
    Database db(subject(), file.path());
    ASSERT_EQ(db.exec("PRAGMA journal_mode=" + mode + "; CREATE TABLE t(a); INSERT INTO t VALUES(1)"), "");
    ASSERT_EQ(db.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES(2)"), "");
    const std::string answer = in_child([&] {
      Database mine(subject(), file.path());
      std::string log = mine.text("SELECT count(*) FROM t");
      log += " " + mine.exec("INSERT INTO t VALUES(3)").substr(0, 2);
      return log;
    });
    EXPECT_EQ(answer, "I1 5:");
    Actor other(test::places.actor, test::places.stock);
    ASSERT_EQ(other.tell("open 0 " + file.path()), "0");
    EXPECT_EQ(other.tell("exec 0 BEGIN IMMEDIATE"), "5");
    EXPECT_EQ(db.exec("COMMIT"), "");
    EXPECT_EQ(other.tell("exec 0 SELECT count(*) FROM t"), "0 2");
    EXPECT_EQ(other.tell("exec 0 PRAGMA integrity_check"), "0 ok");
  }
}

// A file that was replaced, moved or deleted under an open connection: the oracle's answers, and no commit that nobody
// will find. In a transaction it is the oracle's first journal record that fails, and our commit: journals are made late.
TEST(Traps, AFileReplacedUnderAConnection) {
  for (const std::string& mode : modes()) {
    for (const char* how : {"replaced", "deleted", "moved"}) {
      // The oracle trips over the journal that PERSIST leaves beside the name; we refuse to write, as in the other modes.
      if (mode == "persist" && std::string(how) != "replaced") continue;
      const auto answers = [&](const Library& library) {
        ScratchFile file("replaced"), other("replaced-other");
        std::string log;
        {
          Database one(library, other.path());
          one.exec("PRAGMA journal_mode=" + mode + "; CREATE TABLE u(a); INSERT INTO u VALUES(7)");
        }
        Database db(library, file.path());
        db.exec("PRAGMA journal_mode=" + mode + "; CREATE TABLE t(a); INSERT INTO t VALUES(1)");
        if (std::string(how) == "replaced") ::rename(other.path().c_str(), file.path().c_str());
        if (std::string(how) == "deleted") ::unlink(file.path().c_str());
        if (std::string(how) == "moved") ::rename(file.path().c_str(), (file.path() + "-moved").c_str());
        for (const char* sql : {"SELECT count(*) FROM t", "INSERT INTO t VALUES(2)", "SELECT count(*) FROM t"}) {
          log += std::string(sql) + ": " + db.text(sql) + "\n";
        }
        log += "a transaction: " + db.exec("BEGIN IMMEDIATE; UPDATE t SET a = 9; COMMIT");
        db.exec("ROLLBACK");
        log += " " + db.text("SELECT sum(a) FROM t") + " " + db.text("PRAGMA integrity_check");
        ::unlink((file.path() + "-moved").c_str());
        return log;
      };
      EXPECT_EQ(answers(stock()), answers(subject())) << mode << " " << how;
    }
  }
}

// A folder where nothing can be created: a log needs its shared memory.
TEST(Traps, AFolderThatCannotBeWritten) {
  if (modes().size() < 4) FAIL() << "no WAL";
  for (const bool has_shm : {false, true}) {
    for (const bool has_log : {false, true}) {
      const auto answers = [&](const Library& library) {
        std::string folder = "/tmp/perlite-traps-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) return std::string("no folder");
        const std::string path = folder + "/main.db";
        {
          Database db(stock(), path);
          db.exec("PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES(1)");
          for (const char* tail : {"", "-wal", "-shm"}) engine_test::copy_file(path + tail, path + "-copy" + tail);
        }
        if (has_log) {
          for (const char* tail : {"", "-wal"}) ::rename((path + "-copy" + tail).c_str(), (path + tail).c_str());
          if (has_shm) ::rename((path + "-copy-shm").c_str(), (path + "-shm").c_str());
        }
        for (const char* tail : {"", "-wal", "-shm"}) {
          ::unlink((path + "-copy" + tail).c_str());
          ::chmod((path + tail).c_str(), 0444);
        }
        ::chmod(folder.c_str(), 0555);
        const std::string log = in_child([&] {
          if (::geteuid() == 0 && ::setuid(65534) != 0) return std::string("no other user");
          std::string text;
          for (const char* parameters : {"", "?mode=ro", "?immutable=1", "?nolock=1"}) {
            Database db(library, "file:" + path + parameters, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI);
            text += std::string(parameters) + " open " + std::to_string(db.open_code());
            for (const char* sql : {"SELECT count(*) FROM t", "INSERT INTO t VALUES(2)", "PRAGMA journal_mode", "PRAGMA journal_mode=delete"}) text += " | " + db.text(sql);
            text += "\n";
          }
          return text;
        });
        ::chmod(folder.c_str(), 0755);
        for (const char* tail : {"", "-wal", "-shm"}) ::unlink((path + tail).c_str());
        ::rmdir(folder.c_str());
        return log;
      };
      EXPECT_EQ(answers(stock()), answers(subject())) << "shm " << has_shm << " log " << has_log;
    }
  }
}

std::uint32_t word(const std::string& bytes, std::size_t at, bool big) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (big ? 24 - 8 * i : 8 * i);
  return value;
}
void set_word(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
}
// The checksum of the log format (manual, fileformat2.html 4.2).
void sum(const std::string& bytes, std::size_t from, std::size_t count, bool big, std::uint32_t state[2]) {
  for (std::size_t at = from; at < from + count; at += 8) {
    state[0] += word(bytes, at, big) + state[1];
    state[1] += word(bytes, at + 4, big) + state[0];
  }
}

// A log that a machine of the other byte order left: it is read, and goes on.
TEST(Traps, ALogOfTheOtherByteOrder) {
  if (modes().size() < 4) FAIL() << "no WAL";
  ScratchFile file("order");
  std::string main, log;
  {
    Database db(stock(), file.path());
    ASSERT_EQ(db.exec("PRAGMA page_size=1024; PRAGMA journal_mode=wal; CREATE TABLE t(a INTEGER PRIMARY KEY, b);" + std::string(kFill) +
                      "; PRAGMA wal_checkpoint; UPDATE t SET b = 'log' WHERE a < 20; INSERT INTO t VALUES(900, 'x')"),
              "");
    main = engine_test::read_file(file.path());
    log = engine_test::read_file(file.path() + "-wal");
  }
  const bool now_big = word(log, 0, true) == 0x377f0683;
  set_word(log, 0, now_big ? 0x377f0682 : 0x377f0683);
  std::uint32_t state[2] = {0, 0};
  sum(log, 0, 24, !now_big, state);
  set_word(log, 24, state[0]);
  set_word(log, 28, state[1]);
  for (std::size_t at = 32; at + 24 + 1024 <= log.size(); at += 24 + 1024) {
    sum(log, at, 8, !now_big, state);
    sum(log, at + 24, 1024, !now_big, state);
    set_word(log, at + 16, state[0]);
    set_word(log, at + 20, state[1]);
  }
  std::string answers[2];
  for (const Library* library : {&stock(), &subject()}) {
    std::string& text = answers[library == &stock() ? 0 : 1];
    ScratchFile copy("order-copy");
    std::ofstream(copy.path(), std::ios::binary) << main;
    std::ofstream(copy.path() + "-wal", std::ios::binary) << log;
    {
      Database db(*library, copy.path());
      text += db.text("SELECT count(*), sum(b = 'log'), max(a) FROM t") + "\n";
      text += db.exec("INSERT INTO t VALUES(901, 'y')") + db.exec("UPDATE t SET b = 'log' WHERE a = 33");
      Database reader(library == &stock() ? subject() : stock(), copy.path());
      text += reader.text("SELECT count(*), sum(b = 'log'), max(a) FROM t") + reader.text("PRAGMA integrity_check") + "\n";
      text += db.text("PRAGMA wal_checkpoint(truncate)") + "\n";
      text += db.exec("INSERT INTO t VALUES(902, 'z')");
    }
    Database again(*library, copy.path());
    text += again.text("SELECT count(*), sum(b = 'log'), max(a) FROM t") + again.text("PRAGMA integrity_check") + "\n";
  }
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_TRUE(answers[0].starts_with("I301|I19|I900")) << answers[0];
}

}  // namespace
}  // namespace perlite::crash_test
