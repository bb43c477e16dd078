// ctest: quick,stock
// The write-ahead log through the public interface: what statements, checkpoints and closing answer and leave on disk
// is what the oracle answers and leaves, step by step.
#include "tests/engine/harness.h"

#include <fstream>
#include <map>
#include <memory>
#include <sstream>

namespace perlite::engine_test {
namespace {

// A play is lines of text, each done by one library alone:
//   open A [URI parameters]   close A        a connection
//   A: SQL                                   statements; their rows, or code and message
//   hold A SQL                drop A         a statement that stays on its first row
//   checkpoint A MODE                        sqlite3_wal_checkpoint_v2 of main
//   persist A 0|1             leave A 0|1    SQLITE_FCNTL_PERSIST_WAL, NO_CKPT_ON_CLOSE
//   hook A CODE                              a wal hook that answers CODE and tells its calls
//   files                                    sizes of database and log, whether there is an index
//   crash                                    connections are forgotten; what is on disk goes on under another name
class Play {
 public:
  explicit Play(const Library& library) : library_(library), file_(std::make_unique<ScratchFile>("log")) {}
  ~Play() { close_all(); }

  std::string run(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
      if (line.empty()) continue;
      const std::string answer = step(line);
      answers_ += line + "\n" + (answer.empty() ? "" : "    " + answer + "\n");
    }
    return answers_;
  }

 private:
  struct Connection {
    std::unique_ptr<Database> database;
    std::unique_ptr<Prepared> held;
    std::string hook_calls;
    int hook_code = 0;
  };

  static int hook(void* context, sqlite3*, const char* name, int frames) {
    Connection& c = *static_cast<Connection*>(context);
    c.hook_calls += std::string(" [") + name + " " + std::to_string(frames) + "]";
    return c.hook_code;
  }

  std::string code(int value) { return value == SQLITE_OK ? "ok" : "code " + std::to_string(value); }

  std::string step(const std::string& line) {
    if (line == "files") return files();
    if (line == "crash") return crash();
    std::istringstream words(line);
    std::string verb, name, rest;
    words >> verb;
    if (verb.size() == 2 && verb[1] == ':') {
      std::getline(words, rest);
      return sql(connections_[verb.substr(0, 1)], rest);
    }
    words >> name;
    std::getline(words, rest);
    if (!rest.empty()) rest.erase(0, 1);
    Connection& c = connections_[name];
    if (verb == "open") {
      const std::string uri = "file:" + file_->path() + (rest.empty() ? "" : "?" + rest);
      c.database =
          std::make_unique<Database>(library_, uri, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI);
      library_.extended_result_codes(c.database->handle(), 1);
      return code(c.database->open_code());
    }
    if (verb == "close") {
      connections_.erase(name);
      return "";
    }
    sqlite3* db = c.database->handle();
    if (verb == "hold") {
      c.held = std::make_unique<Prepared>(*c.database, rest);
      const int result = c.held->step();
      return code(result) + (result == SQLITE_ROW ? " " + c.held->value() : "");
    }
    if (verb == "drop") {
      c.held.reset();
      return "";
    }
    if (verb == "checkpoint") {
      int log = -7, moved = -7;
      const int mode = rest == "noop" ? -1 : rest == "passive" ? 0 : rest == "full" ? 1 : rest == "restart" ? 2 : 3;
      const int result = library_.wal_checkpoint_v2(db, "main", mode, &log, &moved);
      return code(result) + " " + std::to_string(log) + " " + std::to_string(moved);
    }
    if (verb == "persist") {
      int on = std::stoi(rest);
      return code(library_.file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on));
    }
    if (verb == "leave")
      return code(library_.db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, std::stoi(rest), nullptr));
    if (verb == "hook") {
      c.hook_code = std::stoi(rest);
      void* before = library_.wal_hook(db, hook, &c);
      return before == &c ? "again" : "was " + std::to_string(reinterpret_cast<long>(before));
    }
    ADD_FAILURE() << "what is " << line;
    return "";
  }

  std::string sql(Connection& c, const std::string& text) {
    std::string all;
    char* message = nullptr;
    const int result = library_.exec(
        c.database->handle(), text.c_str(),
        [](void* out, int count, char** values, char**) {
          std::string& row = *static_cast<std::string*>(out);
          if (!row.empty()) row += ' ';
          for (int i = 0; i < count; ++i)
            row += std::string(i == 0 ? "" : "|") + (values[i] == nullptr ? "" : values[i]);
          return 0;
        },
        &all, &message);
    if (result != SQLITE_OK) all += (all.empty() ? "" : " ") + code(result) + " " + (message == nullptr ? "" : message);
    library_.free(message);
    all += c.hook_calls;
    c.hook_calls.clear();
    return all;
  }

  std::string files() {
    std::string all;
    for (const char* tail : {"", "-wal", "-shm", "-journal"}) {
      struct stat info;
      const bool there = ::stat((file_->path() + tail).c_str(), &info) == 0;
      all += there ? std::string(all.empty() ? "" : ", ") + (*tail == 0 ? "database" : tail) + " " +
                         std::to_string(info.st_size)
                   : "";
    }
    const std::string bytes = read_file(file_->path());
    if (bytes.size() > 20) all += ", versions " + std::to_string(bytes[18]) + " " + std::to_string(bytes[19]);
    return all;
  }

  std::string crash() {
    auto next = std::make_unique<ScratchFile>("log");
    for (const char* tail : {"", "-wal", "-journal"}) {
      struct stat info;
      if (::stat((file_->path() + tail).c_str(), &info) == 0) copy_file(file_->path() + tail, next->path() + tail);
    }
    close_all();
    file_ = std::move(next);
    return "";
  }

  void close_all() {
    for (auto& [name, c] : connections_) c.held.reset();
    connections_.clear();
  }

  const Library& library_;
  std::unique_ptr<ScratchFile> file_;
  std::map<std::string, Connection> connections_;
  std::string answers_;
};

struct Scene {
  const char* name;
  const char* text;
};

// Columns: log frames and moved frames of a checkpoint follow its code.
const Scene kScenes[] = {
    {"IntoAndOut", R"(
open a
a: PRAGMA journal_mode
a: PRAGMA journal_mode=wal
a: CREATE TABLE t(x); INSERT INTO t VALUES(1)
files
a: PRAGMA journal_mode
a: PRAGMA main.journal_mode=delete
files
a: PRAGMA journal_mode=wal
a: INSERT INTO t VALUES(2)
a: PRAGMA journal_mode=persist
a: INSERT INTO t VALUES(3)
a: PRAGMA journal_mode
a: PRAGMA journal_mode=wal
a: BEGIN; SELECT count(*) FROM t
a: PRAGMA journal_mode=delete
a: COMMIT
open b
b: SELECT count(*) FROM t
a: PRAGMA journal_mode=delete
a: PRAGMA journal_mode
close b
a: PRAGMA journal_mode=truncate
a: INSERT INTO t VALUES(4)
a: PRAGMA journal_mode=wal
a: BEGIN; INSERT INTO t VALUES(5)
a: PRAGMA journal_mode=delete
a: PRAGMA journal_mode
a: COMMIT
close a
files
open a
a: PRAGMA journal_mode; PRAGMA integrity_check; SELECT count(*) FROM t
)"},
    {"IntoIsRefused", R"(
open a
a: CREATE TABLE t(x)
a: BEGIN
a: PRAGMA journal_mode=wal
a: COMMIT
a: BEGIN; INSERT INTO t VALUES(1)
a: PRAGMA journal_mode=wal
a: COMMIT
hold a SELECT 1 FROM t
a: PRAGMA journal_mode=wal
drop a
open b
hold b SELECT 1 FROM t
a: PRAGMA journal_mode=wal
drop b
a: PRAGMA journal_mode=wal
b: PRAGMA journal_mode
b: INSERT INTO t VALUES(2)
a: SELECT count(*) FROM t
)"},
    {"EmptyDatabase", R"(
open a
a: PRAGMA journal_mode=wal
files
a: PRAGMA page_size=1024; PRAGMA page_size
a: CREATE TABLE t(x)
a: PRAGMA page_size
close a
files
)"},
    {"Memory", R"(
open a mode=memory
a: PRAGMA journal_mode=wal
a: PRAGMA wal_checkpoint
checkpoint a passive
a: PRAGMA temp.journal_mode=wal
)"},
    {"Checkpoints", R"(
open a
a: PRAGMA wal_checkpoint
checkpoint a passive
a: PRAGMA journal_mode=wal
a: PRAGMA wal_checkpoint
checkpoint a passive
a: CREATE TABLE t(x); INSERT INTO t VALUES(1); INSERT INTO t VALUES(2)
checkpoint a passive
checkpoint a passive
a: INSERT INTO t VALUES(3)
checkpoint a full
a: INSERT INTO t VALUES(4)
checkpoint a restart
files
a: INSERT INTO t VALUES(5)
a: PRAGMA wal_checkpoint(truncate)
files
a: INSERT INTO t VALUES(6)
files
a: PRAGMA wal_checkpoint(full); PRAGMA wal_checkpoint(restart); PRAGMA wal_checkpoint(passive)
a: PRAGMA wal_checkpoint(nonsense)
a: BEGIN
checkpoint a passive
a: SELECT count(*) FROM t
checkpoint a passive
a: PRAGMA wal_checkpoint
a: INSERT INTO t VALUES(7)
checkpoint a full
a: COMMIT
hold a SELECT x FROM t
checkpoint a passive
drop a
checkpoint a passive
close a
files
)"},
    {"CheckpointsWithReaders", R"(
open a
open b
a: PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)
hold b SELECT x FROM t
a: INSERT INTO t VALUES(2)
checkpoint a passive
checkpoint a full
checkpoint a restart
checkpoint a truncate
a: PRAGMA wal_checkpoint(full)
a: PRAGMA wal_checkpoint(truncate)
b: SELECT count(*) FROM t
drop b
hold b SELECT x FROM t
checkpoint a full
checkpoint a restart
checkpoint a truncate
a: INSERT INTO t VALUES(3)
drop b
hold b SELECT x FROM t
checkpoint a passive
a: INSERT INTO t VALUES(4)
checkpoint a passive
drop b
checkpoint a truncate
hold b SELECT x FROM t
a: INSERT INTO t VALUES(5)
checkpoint a passive
checkpoint a truncate
files
drop b
a: BEGIN IMMEDIATE; INSERT INTO t VALUES(6)
checkpoint b passive
checkpoint b full
checkpoint b truncate
a: COMMIT
checkpoint b truncate
b: SELECT count(*) FROM t; PRAGMA integrity_check
)"},
    {"StaleReadersAndWriters", R"(
open a
open b
a: PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)
b: BEGIN; SELECT count(*) FROM t
a: INSERT INTO t VALUES(2)
b: SELECT count(*) FROM t
b: INSERT INTO t VALUES(3)
b: SELECT count(*) FROM t
b: ROLLBACK
b: BEGIN; INSERT INTO t VALUES(3)
a: INSERT INTO t VALUES(4)
a: BEGIN; SELECT count(*) FROM t
a: INSERT INTO t VALUES(4)
a: COMMIT
a: BEGIN EXCLUSIVE
a: SELECT count(*) FROM t
b: COMMIT
a: SELECT count(*) FROM t
a: BEGIN EXCLUSIVE
b: SELECT count(*) FROM t
b: BEGIN IMMEDIATE
a: INSERT INTO t VALUES(5); SAVEPOINT s; INSERT INTO t VALUES(6); ROLLBACK TO s; COMMIT
b: SELECT count(*) FROM t
a: PRAGMA data_version
b: PRAGMA data_version
a: INSERT INTO t VALUES(7)
a: PRAGMA data_version
b: PRAGMA data_version
)"},
    {"AutoCheckpoint", R"(
open a
a: PRAGMA journal_mode=wal; CREATE TABLE t(x)
a: PRAGMA wal_autocheckpoint
a: PRAGMA wal_autocheckpoint=4
a: INSERT INTO t VALUES(1)
files
a: INSERT INTO t VALUES(2)
a: INSERT INTO t VALUES(3)
files
checkpoint a passive
hook a 0
a: INSERT INTO t VALUES(4)
a: PRAGMA wal_autocheckpoint
a: BEGIN; INSERT INTO t VALUES(5); INSERT INTO t VALUES(6)
a: COMMIT
a: SELECT 1
a: BEGIN; INSERT INTO t VALUES(7); ROLLBACK
hook a 1
a: INSERT INTO t VALUES(8)
a: SELECT count(*) FROM t
hook a 5
a: BEGIN; INSERT INTO t VALUES(9)
a: COMMIT
a: SELECT count(*) FROM t
a: PRAGMA wal_autocheckpoint=100
a: INSERT INTO t VALUES(9)
a: PRAGMA wal_autocheckpoint=-5
a: PRAGMA wal_autocheckpoint
hook a 0
)"},
    {"SizeLimit", R"(
open a
a: PRAGMA journal_mode=wal; PRAGMA journal_size_limit=20000; CREATE TABLE t(x)
a: INSERT INTO t VALUES(zeroblob(100000))
files
checkpoint a passive
a: INSERT INTO t VALUES(1)
files
a: INSERT INTO t VALUES(zeroblob(100000))
checkpoint a restart
files
a: PRAGMA journal_size_limit=0
a: INSERT INTO t VALUES(1)
files
persist a 1
close a
files
)"},
    {"Persistent", R"(
open a
a: PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)
persist a 1
close a
files
open a
a: SELECT count(*) FROM t
a: INSERT INTO t VALUES(2)
files
leave a 1
close a
files
open a
a: SELECT count(*) FROM t
checkpoint a passive
close a
files
)"},
    {"Crash", R"(
open a
a: PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)
a: BEGIN; INSERT INTO t VALUES(2)
crash
files
open a
a: SELECT count(*) FROM t
a: INSERT INTO t VALUES(3)
files
crash
open a mode=ro
a: SELECT count(*) FROM t
a: INSERT INTO t VALUES(4)
checkpoint a passive
files
close a
files
)"},
    {"ExclusiveFirst", R"(
open a
a: PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)
files
open b
b: SELECT count(*) FROM t
a: PRAGMA locking_mode=normal
a: SELECT count(*) FROM t
b: SELECT count(*) FROM t
checkpoint a truncate
files
a: INSERT INTO t VALUES(2)
a: PRAGMA journal_mode=delete
a: PRAGMA locking_mode
a: PRAGMA locking_mode=normal
a: SELECT count(*) FROM t
b: SELECT count(*) FROM t
files
)"},
    {"ExclusiveLater", R"(
open a
a: PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)
open b
b: SELECT count(*) FROM t
a: PRAGMA locking_mode=exclusive
a: SELECT count(*) FROM t
b: SELECT count(*) FROM t
a: INSERT INTO t VALUES(2)
close b
a: INSERT INTO t VALUES(2)
files
open b
b: SELECT count(*) FROM t
a: PRAGMA locking_mode=normal
b: SELECT count(*) FROM t
a: SELECT count(*) FROM t
b: SELECT count(*) FROM t
b: INSERT INTO t VALUES(3)
a: SELECT count(*) FROM t
)"},
    {"Attached", R"(
open a
a: PRAGMA journal_mode=wal; CREATE TABLE t(x)
a: ATTACH ':memory:' AS m; CREATE TABLE m.u(x)
hook a 0
a: BEGIN; INSERT INTO t VALUES(1); INSERT INTO u VALUES(1); COMMIT
a: INSERT INTO u VALUES(2)
a: PRAGMA journal_mode
a: PRAGMA m.journal_mode
a: PRAGMA wal_checkpoint
a: PRAGMA m.wal_checkpoint
a: PRAGMA main.wal_checkpoint
)"},
    {"Immutable", R"(
open a
a: PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)
checkpoint a truncate
a: INSERT INTO t VALUES(2)
leave a 1
close a
files
open b immutable=1
b: SELECT count(*) FROM t
b: PRAGMA journal_mode
b: INSERT INTO t VALUES(3)
close b
files
open b nolock=1
b: SELECT count(*) FROM t
b: PRAGMA journal_mode
close b
files
open b mode=ro
b: SELECT count(*) FROM t
b: PRAGMA journal_mode
close b
files
)"},
    {"Truncation", R"(
open a
a: PRAGMA auto_vacuum=full; PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(50000))
checkpoint a passive
files
a: DELETE FROM t
checkpoint a passive
files
a: INSERT INTO t VALUES(zeroblob(20000)); VACUUM
checkpoint a truncate
files
a: PRAGMA integrity_check
)"},
    {"Synchronous", R"(
open a
a: PRAGMA synchronous
a: PRAGMA journal_mode=wal
a: PRAGMA synchronous
close a
open a
a: PRAGMA synchronous
)"},
};

class Log : public testing::TestWithParam<Scene> {};

TEST_P(Log, PlaysAsTheOracleDoes) {
  const std::string ours = Play(subject()).run(GetParam().text);
  const std::string theirs = Play(stock()).run(GetParam().text);
  EXPECT_EQ(ours, theirs);
}

INSTANTIATE_TEST_SUITE_P(Scenes, Log, testing::ValuesIn(kScenes),
                         [](const testing::TestParamInfo<Scene>& info) { return std::string(info.param.name); });

// The distribution's library has no snapshots: the manual is the oracle here.
TEST(Snapshot, OlderStatesAreReadUntilACheckpointMovesThem) {
  if (subject_is_stock()) GTEST_SKIP() << "no snapshots";
  const Library& lib = subject();
  const ScratchFile file("snapshot");
  Database a(lib, file.path());
  ASSERT_EQ(a.exec("PRAGMA journal_mode=wal"), "");
  sqlite3_snapshot* s[4] = {};
  EXPECT_EQ(lib.snapshot_get(a.handle(), "main", &s[0]), SQLITE_ERROR);  // autocommit
  ASSERT_EQ(a.exec("BEGIN"), "");
  EXPECT_EQ(lib.snapshot_get(a.handle(), "main", &s[0]), SQLITE_ERROR);  // nothing was written
  ASSERT_EQ(a.exec("COMMIT; CREATE TABLE t(x)"), "");
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(a.exec("INSERT INTO t VALUES(" + std::to_string(i) + "); BEGIN; SELECT * FROM t"), "");
    ASSERT_EQ(lib.snapshot_get(a.handle(), i % 2 == 0 ? "main" : nullptr, &s[i]), SQLITE_OK);
    ASSERT_EQ(a.exec("COMMIT"), "");
  }
  for (int i = 0; i < 4; ++i) {
    for (int k = 0; k < 4; ++k) {
      const int order = lib.snapshot_cmp(s[i], s[k]);
      EXPECT_EQ(order < 0, i < k);
      EXPECT_EQ(order == 0, i == k);
    }
  }
  Database b(lib, file.path());
  EXPECT_EQ(lib.snapshot_open(b.handle(), "main", s[0]), SQLITE_ERROR);
  ASSERT_EQ(b.exec("PRAGMA application_id; BEGIN"), "");
  for (const int i : {0, 3, 1, 2}) {
    ASSERT_EQ(lib.snapshot_open(b.handle(), "main", s[i]), SQLITE_OK);
    EXPECT_EQ(b.text("SELECT count(*), max(x) FROM t"), "I" + std::to_string(i + 1) + "|I" + std::to_string(i));
  }
  EXPECT_EQ(b.text("INSERT INTO t VALUES(9)").substr(0, 9), "error 517");
  // A reader of an old state holds a checkpoint up; when it moved frames the state is gone.
  EXPECT_EQ(a.text("PRAGMA wal_checkpoint"), "I0|I6|I5");
  EXPECT_EQ(b.text("SELECT count(*) FROM t"), "I3");
  EXPECT_EQ(lib.snapshot_open(b.handle(), "main", s[0]), SQLITE_ERROR);
  EXPECT_EQ(b.text("SELECT count(*) FROM t"), "I3");
  EXPECT_EQ(lib.snapshot_open(b.handle(), "main", s[3]), SQLITE_OK);
  EXPECT_EQ(b.text("SELECT count(*) FROM t"), "I4");
  {
    Prepared held(b, "SELECT x FROM t");
    EXPECT_EQ(held.step(), SQLITE_ROW);
    EXPECT_EQ(lib.snapshot_open(b.handle(), "main", s[2]), SQLITE_ERROR);
  }
  ASSERT_EQ(b.exec("COMMIT"), "");
  ASSERT_EQ(a.exec("PRAGMA wal_checkpoint; INSERT INTO t VALUES(7); BEGIN"), "");
  EXPECT_EQ(lib.snapshot_open(a.handle(), "main", s[3]), SQLITE_ERROR);
  EXPECT_EQ(lib.extended_errcode(a.handle()), SQLITE_ERROR_SNAPSHOT);
  for (sqlite3_snapshot* one : s) lib.snapshot_free(one);
}

TEST(Snapshot, AreRecoveredFromALog) {
  if (subject_is_stock()) GTEST_SKIP() << "no snapshots";
  const Library& lib = subject();
  const ScratchFile file("snapshot");
  sqlite3_snapshot* s = nullptr;
  {
    Database a(lib, file.path());
    ASSERT_EQ(a.exec("PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1); BEGIN; SELECT * FROM t"),
              "");
    ASSERT_EQ(lib.snapshot_get(a.handle(), "main", &s), SQLITE_OK);
    ASSERT_EQ(a.exec("COMMIT; INSERT INTO t VALUES(2)"), "");
    lib.db_config(a.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  Database b(lib, file.path());
  ASSERT_EQ(b.exec("SELECT * FROM t; BEGIN"), "");
  EXPECT_EQ(lib.snapshot_open(b.handle(), "main", s), SQLITE_ERROR);
  ASSERT_EQ(b.exec("COMMIT"), "");
  EXPECT_EQ(lib.snapshot_recover(b.handle(), "main"), SQLITE_OK);
  ASSERT_EQ(b.exec("BEGIN"), "");
  EXPECT_EQ(lib.snapshot_open(b.handle(), "main", s), SQLITE_OK);
  EXPECT_EQ(b.text("SELECT count(*) FROM t"), "I1");
  EXPECT_EQ(lib.snapshot_recover(b.handle(), "main"), SQLITE_ERROR);
  ASSERT_EQ(b.exec("COMMIT"), "");
  lib.snapshot_free(s);
}

// A mode of later releases than the distribution's: it only counts.
TEST(Checkpoint, NoopMovesNothing) {
  if (subject_is_stock()) GTEST_SKIP() << "too old";
  const ScratchFile file("noop");
  Database a(subject(), file.path());
  ASSERT_EQ(a.exec("PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)"), "");
  EXPECT_EQ(a.text("PRAGMA wal_checkpoint(noop)"), "I0|I3|I0");
  EXPECT_EQ(a.text("PRAGMA wal_checkpoint"), "I0|I3|I3");
  EXPECT_EQ(a.text("PRAGMA wal_checkpoint(noop)"), "I0|I3|I3");
  int log = 0, moved = 0;
  EXPECT_EQ(subject().wal_checkpoint_v2(a.handle(), nullptr, SQLITE_CHECKPOINT_NOOP, &log, &moved), SQLITE_OK);
  EXPECT_EQ(subject().wal_checkpoint_v2(a.handle(), "nowhere", SQLITE_CHECKPOINT_PASSIVE, &log, &moved), SQLITE_ERROR);
  EXPECT_EQ(subject().wal_checkpoint_v2(a.handle(), "main", 4, &log, &moved), SQLITE_MISUSE);
}

}  // namespace
}  // namespace perlite::engine_test
