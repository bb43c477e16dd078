// Each call of the VFS and each allocation fails once, and from then on: the code is clear, nothing leaks, and the
// database is good for both libraries, with every commit that was acknowledged.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/crash/session.h"
#include "tests/engine/child.h"

namespace perlite::crash_test {
namespace {

using engine_test::in_child;

// Memory methods over the C library's that count and refuse. Each block has its size in front.
struct Memory {
  static constexpr std::size_t kFront = 16;
  static inline long long blocks = 0, left = -1, calls = 0;
  static inline bool sticky = false;

  static bool refuses() {
    ++calls;
    if (left < 0) return false;
    if (left > 0) {
      --left;
      return false;
    }
    if (!sticky) left = -1;
    return true;
  }
  static void* take(int size) {
    if (refuses()) return nullptr;
    auto* memory = static_cast<char*>(std::malloc(static_cast<std::size_t>(size) + kFront));
    if (memory == nullptr) return nullptr;
    *reinterpret_cast<int*>(memory) = size;
    ++blocks;
    return memory + kFront;
  }
  static void give(void* memory) {
    if (memory == nullptr) return;
    --blocks;
    std::free(static_cast<char*>(memory) - kFront);
  }
  static void* change(void* memory, int size) {
    if (refuses()) return nullptr;
    auto* block = static_cast<char*>(std::realloc(static_cast<char*>(memory) - kFront, static_cast<std::size_t>(size) + kFront));
    if (block == nullptr) return nullptr;
    *reinterpret_cast<int*>(block) = size;
    return block + kFront;
  }
  static sqlite3_mem_methods methods() {
    return {take, give, change, [](void* memory) { return memory == nullptr ? 0 : *reinterpret_cast<int*>(static_cast<char*>(memory) - kFront); },
            [](int size) { return (size + 7) & ~7; }, [](void*) { return SQLITE_OK; }, [](void*) {}, nullptr};
  }
};

// What a call that failed may answer, in whatever statement it struck. A short read is what a file that was cut gives:
// zeros, which are corrupt.
bool is_clear(int code, bool memory, bool is_short) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY:      // a lock that could not be taken
    case SQLITE_PROTOCOL:  // the log could not be locked
    case SQLITE_READONLY:  // a log that could not be mapped
      return true;
    case SQLITE_NOMEM:
      return memory;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return is_short;
    case SQLITE_ERROR:  // "cannot rollback - no transaction is active", and what follows from a refused PRAGMA
      return true;
    default:
      return false;
  }
}

struct Fault {
  const char* name;
  int code;
  bool (*strikes)(const test::VfsCall&);  // null: an allocation
  bool sticky;
};
const Fault kFaults[] = {
    {"an I/O error", SQLITE_IOERR, [](const test::VfsCall& c) { return c.method != "xClose" && c.method != "xUnlock" && c.method != "xShmBarrier" && c.method != "xShmUnmap" && c.method != "xFileControl"; }, false},
    {"I/O errors from then on", SQLITE_IOERR, [](const test::VfsCall& c) { return c.method != "xClose" && c.method != "xUnlock" && c.method != "xShmBarrier" && c.method != "xShmUnmap" && c.method != "xFileControl"; }, true},
    {"a short read", SQLITE_IOERR_SHORT_READ, [](const test::VfsCall& c) { return c.method == "xRead"; }, false},
    {"a full disk", SQLITE_FULL, [](const test::VfsCall& c) { return c.method == "xWrite"; }, false},
    {"a disk that stays full", SQLITE_FULL, [](const test::VfsCall& c) { return c.method == "xWrite"; }, true},
    {"a failed sync", SQLITE_IOERR_FSYNC, [](const test::VfsCall& c) { return c.method == "xSync"; }, true},
    {"a refused allocation", SQLITE_NOMEM, nullptr, false},
    {"refused allocations from then on", SQLITE_NOMEM, nullptr, true},
};

const char* const kWorkload[] = {
    "INSERT INTO t(k, v) VALUES('alone', zeroblob(700))",
    "BEGIN; UPDATE t SET k = k || 'x' WHERE id < 20; SAVEPOINT s; UPDATE t SET v = zeroblob(300) WHERE id < 40; ROLLBACK TO s; DELETE FROM t WHERE id > 55; COMMIT",
    "DELETE FROM t WHERE id = 7",
    "PRAGMA wal_checkpoint(restart)",
    "REPLACE INTO w SELECT k, v FROM t WHERE id < 10",
};

void make_start(Image& image, std::vector<std::uint64_t>& states, const std::string& journal) {
  Disk disk;
  disk_vfs(stock()).disk = &disk;
  disk_vfs(stock()).before = nullptr;
  const std::string sql =
      "CREATE TABLE t(id INTEGER PRIMARY KEY, k, v); CREATE INDEX tk ON t(k); CREATE TABLE w(a PRIMARY KEY, b) WITHOUT ROWID;"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i, 'key' || i, zeroblob(100) FROM n";
  {
    Connection connection(stock(), "/main.db");
    EXPECT_EQ(connection.database.exec("PRAGMA page_size=1024; PRAGMA journal_mode=" + journal + ";" + sql), "");
    // Something is left to read from the log.
    EXPECT_EQ(connection.database.exec("PRAGMA wal_checkpoint(truncate); UPDATE t SET k = 'log' WHERE id = 3"), "");
    image = disk.image();
  }
  Database mirror(stock());
  std::string fault;
  mirror.exec(sql + "; UPDATE t SET k = 'log' WHERE id = 3");
  states.push_back(digest(mirror, {"main"}, fault));
  // Each transaction either happened or not, whatever happened to those before it.
  for (unsigned mask = 1; mask < 16; ++mask) {
    Database branch(stock());
    branch.exec(sql + "; UPDATE t SET k = 'log' WHERE id = 3");
    const int writers[] = {0, 1, 2, 4};
    for (unsigned i = 0; i < 4; ++i) {
      if ((mask >> i & 1) != 0) branch.exec(kWorkload[writers[i]]);
    }
    states.push_back(digest(branch, {"main"}, fault));
  }
  EXPECT_EQ(fault, "");
}

// Runs the workload with the fault at call `at`; what went wrong, and whether the fault struck.
std::string run_with(const Fault& fault, const std::string& journal, const Image& image, const std::vector<std::uint64_t>& states, long long at, bool& struck) {
  std::string log;
  Disk disk(image);
  DiskVfs& vfs = disk_vfs(subject());
  subject().initialize();
  subject().vfs_register(vfs.vfs(), 0);
  vfs.disk = &disk;
  vfs.random.seed(7);
  const bool is_short = fault.code == SQLITE_IOERR_SHORT_READ;
  const long long blocks_before = Memory::blocks;
  long long seen = 0;
  std::string where;  // the call that failed first
  struck = false;
  unsigned acknowledged = 0;
  if (fault.strikes != nullptr) {
    vfs.before = [&](const test::VfsCall& call) {
      if (!fault.strikes(call)) return SQLITE_OK;
      const long long number = seen++;
      if (number != at && !(fault.sticky && number > at)) return SQLITE_OK;
      if (!struck) where = "(" + call.text() + ") ";
      struck = true;
      return fault.code;
    };
  } else {
    Memory::left = at;
    Memory::sticky = fault.sticky;
  }
  {
    sqlite3* db = nullptr;
    int code = subject().open_v2("/main.db", &db, SQLITE_OPEN_READWRITE, "disk-subject");
    if (!is_clear(code, fault.strikes == nullptr, is_short)) log += "open: " + std::to_string(code) + "; ";
    // Of a file that could not be opened nothing more is asked.
    if (code == SQLITE_OK) {
      subject().exec(db, ("PRAGMA journal_mode=" + journal + "; PRAGMA cache_size=7").c_str(), nullptr, nullptr, nullptr);
      unsigned bit = 1;
      for (const char* sql : kWorkload) {
        code = subject().exec(db, sql, nullptr, nullptr, nullptr);
        const int extended = code == SQLITE_OK ? code : subject().extended_errcode(db);
        if (!is_clear(code, fault.strikes == nullptr, is_short)) log += std::string(sql) + ": " + std::to_string(extended) + " " + subject().errmsg(db) + "; ";
        if (subject().get_autocommit(db) == 0) {
          if (code == SQLITE_OK) log += std::string(sql) + ": ok, and still in a transaction; ";
          subject().exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
          const bool may_stay = fault.sticky && fault.strikes == nullptr;  // ROLLBACK needs memory to be compiled
          if (!may_stay && subject().get_autocommit(db) == 0) log += "no way out of the transaction; ";
        }
        const bool is_write = std::strncmp(sql, "PRAGMA", 6) != 0;
        if (is_write && code == SQLITE_OK) acknowledged |= bit;
        if (is_write) bit <<= 1;
      }
    }
    if (fault.strikes == nullptr) {
      struck = Memory::left < 0;
      if (fault.sticky) struck = Memory::left == 0;
    }
    if (const int closed = subject().close(db); closed != SQLITE_OK) log += "close: " + std::to_string(closed) + "; ";
  }
  Memory::left = -1;
  Memory::sticky = false;
  vfs.before = nullptr;
  subject().shutdown();
  if (Memory::blocks != blocks_before) log += std::to_string(Memory::blocks - blocks_before) + " blocks leak; ";
  subject().initialize();
  subject().vfs_register(vfs.vfs(), 0);
  const Image left = disk.image();
  // What was made of zeros is written like anything else, by stock too.
  for (const Library* library : is_short ? std::vector<const Library*>{} : std::vector<const Library*>{&subject(), &stock()}) {
    Disk copy(left);
    disk_vfs(*library).disk = &copy;
    Connection connection(*library, "/main.db");
    std::string wrong;
    const std::uint64_t found = digest(connection.database, {"main"}, wrong);
    const std::string checked = connection.database.text("PRAGMA integrity_check");
    if (checked != "Tok") wrong += checked.substr(0, 200) + "; ";
    if (wrong.empty()) {
      bool fits = false;
      for (unsigned mask = 0; mask < states.size(); ++mask) fits |= states[mask] == found && (mask & acknowledged) == acknowledged;
      if (!fits) wrong = "contents that no set of the transactions gives, acknowledged " + std::to_string(acknowledged);
    }
    if (!wrong.empty()) log += std::string(library == &stock() ? "stock: " : "perlite: ") + wrong;
  }
  subject().shutdown();
  return log.empty() ? log : where + log;
}

// In a process of its own, because memory is configured before the library starts.
void fail_each_call(const std::string& journal) {
  const std::string answer = in_child(
      [&] {
        std::string log;
        static const sqlite3_mem_methods methods = Memory::methods();
        if (subject().config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) return std::string("memory is not configured");
        stock().initialize();
        stock().vfs_register(disk_vfs(stock()).vfs(), 0);
        subject().shutdown();
        Image image;
        std::vector<std::uint64_t> states;
        make_start(image, states, journal);
        for (const Fault& fault : kFaults) {
          // A journal in memory cannot help when the disk refuses the rollback too.
          if (journal == "memory" && fault.sticky && fault.strikes != nullptr) continue;
          long long runs = 0;
          int shown = 0;
          for (long long at = 0; at < 20000; ++at) {
            bool struck = false;
            const std::string wrong = run_with(fault, journal, image, states, at, struck);
            ++runs;
            if (!wrong.empty() && ++shown <= 3) log += std::string(fault.name) + ", call " + std::to_string(at) + ": " + wrong + "\n";
            if (!struck || shown > 3) break;
          }
          std::printf("%s, %s: %lld runs\n", journal.c_str(), fault.name, runs);
          std::fflush(stdout);
        }
        return log;
      },
      std::size_t{8} << 20, 1200);
  EXPECT_EQ(answer, "") << journal;
}

TEST(Faults, Delete) { fail_each_call("delete"); }
TEST(Faults, Truncate) { fail_each_call("truncate"); }
TEST(Faults, Persist) { fail_each_call("persist"); }
TEST(Faults, Memory) { fail_each_call("memory"); }
TEST(Faults, Wal) {
  Disk disk;
  disk_vfs(subject()).disk = &disk;
  bool has_wal = false;
  {
    Connection connection(subject(), "/probe.db");
    has_wal = connection.database.text("PRAGMA journal_mode=wal") == "Twal";
  }
  subject().shutdown();
  if (!has_wal) FAIL() << "no WAL";
  fail_each_call("wal");
}

}  // namespace
}  // namespace perlite::crash_test
