// ctest: ordinary,stock
// What the name of a database asks for: each parameter of a URI, each VFS, each way to open. Two connections of a process
// open the same name, read, write, change the journal mode and lock; codes, messages, answers and the files that are left are
// the oracle's.
#include <gtest/gtest.h>
#include <dirent.h>
#include <sys/stat.h>

#include "tests/engine/child.h"
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

enum class Found { kNothing, kRollback, kLog };  // where the name points, when it is opened

class Folder {
 public:
  explicit Folder(Found found) {
    ::mkdtemp(path_.data());
    std::ofstream(path_ + "/like").flush();
    ::chmod((path_ + "/like").c_str(), 0640);
    if (found == Found::kNothing) return;
    Database db(stock(), path_ + "/made");
    if (found == Found::kLog) db.exec("PRAGMA journal_mode=wal");
    db.exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    copy_file(path_ + "/made", path_ + "/m.db");
    if (found == Found::kLog) copy_file(path_ + "/made-wal", path_ + "/m.db-wal");
    for (const char* tail : {"", "-wal", "-shm"}) ::unlink((path_ + "/made" + tail).c_str());
  }
  ~Folder() {
    for (const std::string& name : names()) {
      ::unlink((path_ + "/" + name).c_str());
      ::rmdir((path_ + "/" + name).c_str());
    }
    ::rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    DIR* folder = ::opendir(path_.c_str());
    while (const dirent* one = ::readdir(folder)) {
      if (one->d_name[0] != '.') all.emplace_back(one->d_name);
    }
    ::closedir(folder);
    std::sort(all.begin(), all.end());
    return all;
  }
  // Names and permissions, without the journal of a transaction that is open: we make it late.
  std::string files() const {
    std::string text;
    for (const std::string& name : names()) {
      struct stat info;
      if (name == "m.db-journal" || ::stat((path_ + "/" + name).c_str(), &info) != 0) continue;
      char mode[16];
      std::snprintf(mode, sizeof mode, ":%o ", info.st_mode & 0777777);
      text += name + mode;
    }
    return text;
  }

 private:
  std::string path_ = "/tmp/perlite-uri-XXXXXX";
};

std::string with(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

std::string answers(const Library& library, Found found, const std::string& name, int flags) {
  const Folder folder(found);
  const std::string text = in_child([&] {
    if (::chdir(folder.path().c_str()) != 0) return std::string("no folder");
    const std::string path = with(name, "$", folder.path());
    Database one(library, path, flags), two(library, path, flags);
    std::string log = "open " + std::to_string(one.open_code()) + " " + std::to_string(two.open_code());
    if (one.open_code() != SQLITE_OK) return log + " " + library.errmsg(one.handle());
    const auto ask = [&log](Database& db, const std::string& sql) { log += " | " + db.text(sql); };
    for (const char* sql : {"SELECT count(*) FROM t", "PRAGMA journal_mode", "CREATE TABLE IF NOT EXISTS u(b)", "INSERT INTO u VALUES(5)"}) ask(one, sql);
    for (const char* sql : {"SELECT count(*) FROM u", "PRAGMA journal_mode", "PRAGMA locking_mode"}) ask(two, sql);
    for (const char* sql : {"PRAGMA journal_mode=wal", "PRAGMA journal_mode", "BEGIN IMMEDIATE", "INSERT INTO u VALUES(6)"}) ask(one, sql);
    log += " # " + folder.files();
    for (const char* sql : {"BEGIN IMMEDIATE", "PRAGMA wal_checkpoint", "ROLLBACK"}) ask(two, sql);
    ask(one, "COMMIT");
    for (const char* sql : {"SELECT count(*) FROM u", "INSERT INTO u VALUES(7)", "PRAGMA wal_checkpoint"}) ask(two, sql);
    if (found != Found::kLog) ask(one, "PRAGMA journal_mode=delete");
    ask(two, "ATTACH 'file:" + folder.path() + "/z.db?mode=rwc' AS z");
    ask(two, "CREATE TABLE z.q(a)");
    ask(one, "SELECT count(*) FROM u");
    return log + " # " + folder.files();
  });
  return with(text + " # " + folder.files(), folder.path(), "$");
}

const std::vector<std::string>& parameters() {
  static const std::vector<std::string> all = {
      "", "mode=ro", "mode=rw", "mode=rwc", "mode=memory", "mode=bogus", "mode=RO", "mode=", "mode",
      "cache=shared", "cache=private", "cache=bogus", "immutable=1", "immutable=0", "immutable=yes", "immutable=bogus",
      "nolock=1", "nolock=0", "psow=0", "psow=1", "psow=bogus", "vfs=unix", "vfs=unix-none", "vfs=unix-dotfile", "vfs=unix-excl", "vfs=memdb",
      "vfs=bogus", "vfs=", "modeof=$/like", "modeof=$/nosuch", "modeof=", "mode=memory&cache=shared", "mode=ro&cache=shared", "mode=rw&nolock=1",
      "mode=ro&immutable=1", "cache=shared&immutable=1", "vfs=unix-dotfile&mode=ro", "vfs=unix-excl&cache=shared", "vfs=unix-none&cache=shared",
      "mode=rwc&mode=ro", "%6dode=ro", "vfs=unix-excl&psow=0", "x=y&mode=ro", "mode=ro#mode=bogus"};
  return all;
}

const std::vector<std::string>& names() {
  static const std::vector<std::string> all = {
      "file:/memname?vfs=memdb", "file:memname?vfs=memdb", "file:/memname?vfs=memdb&mode=ro", "file::memory:?cache=shared", "file::memory:", "file:?mode=memory",
      "file:name?mode=memory&cache=shared", "file://$/m.db", "file://localhost$/m.db", "file://host$/m.db", "file:$/m%2edb", "file:$/m.db#part",
      "file:$/m.db?", "file:$/m.db?&mode=ro", "$/m.db?mode=ro", "FILE:$/m.db", "file:m.db", ":memory:"};
  return all;
}

// Before another file is attached the oracle reads the schema of the main one: where that has a log and its VFS none, it
// refuses; we attach. And an exclusive reader of it makes a -shm file, that nobody reads: ours has its index in the heap.
bool is_known_difference(const std::string& name, Found found, int flags) {
  if (found == Found::kLog && name.find("unix-excl") != std::string::npos && (flags & SQLITE_OPEN_READONLY) != 0) return true;
  const bool has_no_log = name.find("nolock=1") != std::string::npos || name.find("unix-none") != std::string::npos || name.find("unix-dotfile") != std::string::npos;
  return found == Found::kLog && has_no_log && (flags & SQLITE_OPEN_CREATE) != 0;
}

void expect_equal(Found found, const std::string& name, int flags, int* differing) {
  const std::string expected = answers(stock(), found, name, flags), got = answers(subject(), found, name, flags);
  const std::string situation = name + " found " + std::to_string(static_cast<int>(found)) + " flags " + std::to_string(flags);
  if (is_known_difference(name, found, flags) && !subject_is_stock()) {
    EXPECT_NE(expected, got) << "known difference is none any more: " << situation;
    ++*differing;
  } else {
    EXPECT_EQ(expected, got) << situation;
  }
}

constexpr int kWays[] = {SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};

TEST(Uri, ParametersAskForWhatTheyAskTheOracleFor) {
  subject(), stock();
  int differing = 0;
  for (const Found found : {Found::kNothing, Found::kRollback, Found::kLog}) {
    for (const int flags : {kWays[0], kWays[1], kWays[2]}) {
      for (const std::string& one : parameters()) expect_equal(found, "file:$/m.db" + (one.empty() ? one : "?" + one), flags, &differing);
    }
  }
  std::printf("%zu parameters, %d known differences\n", parameters().size(), differing);
}

TEST(Uri, NamesLeadWhereTheyLeadTheOracle) {
  subject(), stock();
  int differing = 0;
  for (const int flags : kWays) {
    for (const std::string& name : names()) expect_equal(Found::kRollback, name, flags, &differing);
  }
  std::printf("%zu names, %d known differences\n", names().size(), differing);
}

}  // namespace
}  // namespace perlite::engine_test
