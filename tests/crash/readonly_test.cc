// A log that may not be written: who may do what with the files and the folder, which of them are there, who else is at
// work, how the name asks to be opened - the oracle's answers in each situation, before and after others wrote and
// checkpointed. The reader is a process of another user; where it has a private index it must not miss what they did.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

#include "tests/engine/child.h"
#include "tests/engine/harness.h"
#include "tests/support/actor.h"

namespace perlite::crash_test {
namespace {

using compat::Library;
using engine_test::Database;
using engine_test::in_child;
using engine_test::stock;
using engine_test::subject;
using test::Actor;

constexpr int kAbsent = -1;

enum class Others { kComeAndDie, kOpen, kReading };

struct Situation {
  Others others;
  int folder, database, log, memory;  // permissions, or kAbsent
  std::string parameters;             // of the URI
  bool exclusive;                     // locking_mode

  std::string text() const {
    char name[200];
    const char* who[] = {"come and die", "open", "reading"};
    std::snprintf(name, sizeof name, "others %s, folder %o, database %o, log %o, memory %o, %s%s", who[static_cast<int>(others)],
                  folder, database, log & 07777, memory & 07777, parameters.c_str(), exclusive ? " exclusive" : "");
    return name;
  }
  // With exclusive locking the oracle keeps the database locked when it cannot open the log, and leaves the log mode in a
  // folder where it cannot delete the log.
  bool is_known_difference() const {
    return others == Others::kComeAndDie && exclusive && database == 0666 && (log == kAbsent || log == 0 || log == 0666) && (folder == 0755 || log == 0);
  }
};

// A database in WAL mode with a row in its file and one in its log, as a process leaves it that died.
class Folder {
 public:
  explicit Folder(const Situation& one) {
    ::mkdtemp(path_.data());
    ::chmod(path_.c_str(), 0777);
    {
      Database db(stock(), file() + "-made");
      db.exec("PRAGMA synchronous=off; PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES(1); PRAGMA wal_checkpoint; INSERT INTO t VALUES(2)");
      engine_test::copy_file(file() + "-made", file());
      if (one.log != kAbsent) engine_test::copy_file(file() + "-made-wal", file() + "-wal");
      if (one.memory != kAbsent) engine_test::copy_file(file() + "-made-shm", file() + "-shm");
    }
    ::unlink((file() + "-made").c_str());
  }
  // After others have opened it.
  void restrict_to(const Situation& one) const {
    ::chmod(file().c_str(), static_cast<mode_t>(one.database));
    if (one.log != kAbsent) ::chmod((file() + "-wal").c_str(), static_cast<mode_t>(one.log));
    if (one.memory != kAbsent) ::chmod((file() + "-shm").c_str(), static_cast<mode_t>(one.memory));
    ::chmod(path_.c_str(), static_cast<mode_t>(one.folder));
  }
  ~Folder() {
    ::chmod(path_.c_str(), 0777);
    for (const char* tail : {"", "-journal", "-wal", "-shm"}) ::unlink((file() + tail).c_str());
    ::rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file() const { return path_ + "/main.db"; }
  std::string sizes() const {
    std::string text;
    for (const char* tail : {"", "-journal", "-wal", "-shm"}) {
      struct stat info;
      if (::stat((file() + tail).c_str(), &info) == 0) text += " " + std::to_string(info.st_size) + tail;
    }
    return text;
  }

 private:
  std::string path_ = "/tmp/perlite-readonly-XXXXXX";
};

// The other side of the reader: works in its own process, or comes for each call and dies.
class Company {
 public:
  Company(Others how, const std::string& path) : how_(how), path_(path) {
    if (how_ == Others::kComeAndDie) return;
    actor_ = come();
    if (how_ == Others::kReading) actor_->tell("exec 0 BEGIN; SELECT count(*) FROM t");
  }
  void exec(const std::string& sql) {
    if (actor_ != nullptr) {
      actor_->tell("exec 0 " + sql);
    } else {
      come()->tell("exec 0 " + sql);
    }
  }

 private:
  std::unique_ptr<Actor> come() const {
    auto actor = std::make_unique<Actor>(test::places.actor, test::places.stock);
    EXPECT_EQ(actor->tell("open 0 " + path_), "0");
    actor->tell("exec 0 PRAGMA synchronous=off; SELECT count(*) FROM t");
    return actor;
  }
  const Others how_;
  const std::string path_;
  std::unique_ptr<Actor> actor_;
};

std::string answers(const Library& library, const Situation& one) {
  const Folder folder(one);
  Company company(one.others, folder.file());
  folder.restrict_to(one);
  int go[2], ready[2];
  if (::pipe(go) != 0 || ::pipe(ready) != 0) return "no pipe";
  const auto wait = [](int fd) {
    char byte = 0;
    return ::read(fd, &byte, 1) == 1;
  };
  const auto tell = [](int fd) { return ::write(fd, "x", 1) == 1; };
  std::string others_fault;
  // in_child() waits for the child's end, so the company is kept by a process beside it.
  const pid_t conductor = ::fork();
  if (conductor == 0) {
    ::close(go[0]);
    ::close(ready[1]);
    if (wait(ready[0])) company.exec("INSERT INTO t VALUES(7)");
    if (tell(go[1]) && wait(ready[0])) company.exec("PRAGMA wal_checkpoint(truncate)");
    ::_exit(tell(go[1]) ? 0 : 1);
  }
  std::string text = in_child([&] {
    ::close(go[1]);
    ::close(ready[0]);
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) return std::string("no other user");
    const bool reads = one.parameters == "?mode=ro";
    Database db(library, "file:" + folder.file() + one.parameters,
                (reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_URI);
    std::string log = "open " + std::to_string(db.open_code());
    if (one.exclusive) log += " | " + db.text("PRAGMA locking_mode=exclusive");
    const char* const count = "SELECT count(*), sum(a) FROM t";
    for (const char* sql : {count, "PRAGMA journal_mode", "INSERT INTO t VALUES(3)", "PRAGMA wal_checkpoint", count}) {
      log += " | " + db.text(sql);
    }
    log += " |" + folder.sizes();
    if (!tell(ready[1]) || !wait(go[0])) return std::string("no company");
    log += " | written: " + db.text(count);
    if (!tell(ready[1]) || !wait(go[0])) return std::string("no company");
    log += " | checkpointed: " + db.text(count) + " | " + db.text(count) + " | " + db.text("PRAGMA journal_mode=delete");
    return log;
  });
  for (const int fd : {go[0], go[1], ready[0], ready[1]}) ::close(fd);
  int status = 0;
  ::waitpid(conductor, &status, 0);
  return text + " |" + folder.sizes();
}

std::vector<Situation> situations() {
  std::vector<Situation> all;
  for (const Others others : {Others::kComeAndDie, Others::kOpen, Others::kReading}) {
    for (const int folder : {0755, 0777}) {
      for (const int database : {0644, 0666}) {
        for (const int log : {kAbsent, 0, 0444, 0666}) {
          for (const int memory : {kAbsent, 0, 0444, 0666}) {
            if (others != Others::kComeAndDie && (log == kAbsent || memory == kAbsent)) continue;
            for (const std::string parameters : {"", "?mode=ro", "?readonly_shm=1", "?immutable=1", "?nolock=1"}) {
              const bool asks_nobody = parameters == "?immutable=1" || parameters == "?nolock=1";
              if (asks_nobody && (others != Others::kComeAndDie || database == 0666)) continue;
              all.push_back({others, folder, database, log, memory, parameters, false});
            }
            all.push_back({others, folder, database, log, memory, "", true});
          }
        }
      }
    }
  }
  return all;
}

TEST(ReadOnly, EachSituationIsAnsweredAsByTheOracle) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user is needed";
  subject();
  stock();
  int known = 0, compared = 0;
  for (const Situation& one : situations()) {
    const std::string expected = answers(stock(), one), got = answers(subject(), one);
    ++compared;
    if (one.is_known_difference() && !engine_test::subject_is_stock()) {
      EXPECT_NE(expected, got) << "known difference is none any more: " << one.text();
      ++known;
    } else {
      EXPECT_EQ(expected, got) << one.text();
    }
  }
  std::printf("read-only logs: %d situations, %d known differences\n", compared, known);
}

}  // namespace
}  // namespace perlite::crash_test
