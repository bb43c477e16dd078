// crash_actor LIBRARY: uses one library as it is told on its input, a line a command, a line an answer.
//
//   open N PATH [VFS]  close N       connection number N
//   exec N SQL                       all statements; the extended code, then what the rows hold
//   start N SQL        step N        a statement is kept half done; the code
//   finish N                         it is finalized
//   checkpoint N MODE                the code, frames in the log, frames in the database
//   timeout N MILLISECONDS
//   die COUNT                        kill -9 before the COUNT-th system call from now that changes a file
//   transfer N SEED SECONDS          moves money until the time is over; commits, refusals, faults
//   increment N KEY SECONDS          adds to the counter KEY until the time is over, telling each commit at once; then
//                                    "end", commits, refusals, the slowest in milliseconds, faults
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>

#include "tests/compat/library.h"

namespace {

using perlite::compat::Answer;
using perlite::compat::Library;
using Clock = std::chrono::steady_clock;

// --- Death in the middle of something -----------------------------------------------------------------------------

int calls_to_live = -1;

void count_call() {
  if (calls_to_live >= 0 && calls_to_live-- == 0) ::kill(::getpid(), SIGKILL);
}

using Pwrite = ssize_t (*)(int, const void*, std::size_t, off_t);
using Write = ssize_t (*)(int, const void*, std::size_t);
using Unlink = int (*)(const char*);
using Truncate = int (*)(int, off_t);
Pwrite real_pwrite;
Write real_write;
Unlink real_unlink;
Truncate real_truncate;

template <class Call>
void replace(sqlite3_vfs* vfs, const char* name, Call& real, Call mine) {
  real = reinterpret_cast<Call>(vfs->xGetSystemCall(vfs, name));
  if (real != nullptr) vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(mine));
}

void count_calls(const Library& library) {
  sqlite3_vfs* vfs = library.vfs_find(nullptr);
  replace<Pwrite>(vfs, "pwrite64", real_pwrite, [](int fd, const void* from, std::size_t n, off_t at) {
    count_call();
    return real_pwrite(fd, from, n, at);
  });
  replace<Write>(vfs, "write", real_write, [](int fd, const void* from, std::size_t n) {
    count_call();
    return real_write(fd, from, n);
  });
  replace<Unlink>(vfs, "unlink", real_unlink, [](const char* path) {
    count_call();
    return real_unlink(path);
  });
  replace<Truncate>(vfs, "ftruncate", real_truncate, [](int fd, off_t size) {
    count_call();
    return real_truncate(fd, size);
  });
}

// --- Commands -------------------------------------------------------------------------------------------------------

class Actor {
 public:
  explicit Actor(const char* path) : library_(path) {
    library_.initialize();
    count_calls(library_);
  }

  std::string obey(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    int number = 0;
    words >> command >> number;
    std::string rest;
    std::getline(words >> std::ws, rest);
    if (command == "die") {
      calls_to_live = number;
      return "ok";
    }
    if (command == "open") return open(number, rest);
    sqlite3*& db = connections_[number];
    if (command == "close") {
      library_.finalize(std::exchange(statements_[number], nullptr));
      return std::to_string(library_.close(std::exchange(db, nullptr)));
    }
    if (command == "exec") return exec(db, rest);
    if (command == "timeout") return std::to_string(library_.busy_timeout(db, std::stoi(rest)));
    if (command == "checkpoint") {
      int log = -7, done = -7;
      const int code = library_.wal_checkpoint_v2(db, "main", std::stoi(rest), &log, &done);
      return std::to_string(code) + " " + std::to_string(log) + " " + std::to_string(done);
    }
    sqlite3_stmt*& statement = statements_[number];
    if (command == "start") {
      const int code = library_.prepare_v2(db, rest.c_str(), -1, &statement, nullptr);
      if (code != SQLITE_OK) return std::to_string(library_.extended_errcode(db));
      return step(db, statement);
    }
    if (command == "step") return step(db, statement);
    if (command == "finish") return std::to_string(library_.finalize(std::exchange(statement, nullptr)));
    if (command == "transfer") return transfer(db, rest);
    if (command == "increment") return increment(db, rest);
    return "what?";
  }

 private:
  std::string open(int number, const std::string& words) {
    std::istringstream in(words);
    std::string path, vfs;
    in >> path >> vfs;
    sqlite3*& db = connections_[number];
    const int code = library_.open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
                                      vfs.empty() ? nullptr : vfs.c_str());
    library_.extended_result_codes(db, 1);
    return std::to_string(code);
  }
  std::string exec(sqlite3* db, const std::string& sql) {
    std::string rows;
    const int code = library_.exec(
        db, sql.c_str(),
        [](void* out, int count, char** values, char**) {
          for (int i = 0; i < count; ++i) *static_cast<std::string*>(out) += std::string(" ") + (values[i] == nullptr ? "NULL" : values[i]);
          return 0;
        },
        &rows, nullptr);
    for (char& c : rows) {
      if (c == '\n') c = ';';
    }
    return std::to_string(code) + rows;
  }
  std::string step(sqlite3* db, sqlite3_stmt* statement) {
    const int code = library_.step(statement);
    return std::to_string(code == SQLITE_ROW || code == SQLITE_DONE ? code : library_.extended_errcode(db));
  }
  int plain(sqlite3* db, const std::string& sql) { return library_.exec(db, sql.c_str(), nullptr, nullptr, nullptr); }

  std::string transfer(sqlite3* db, const std::string& words) {
    std::istringstream in(words);
    unsigned long long seed = 0;
    double seconds = 0;
    in >> seed >> seconds;
    std::mt19937_64 random(seed);
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    int commits = 0, refusals = 0;
    std::string faults;
    while (Clock::now() < end) {
      const auto account = [&] { return std::to_string(random() % 100); };
      const std::string amount = std::to_string(random() % 50), from = account(), to = account();
      int code = plain(db, random() % 2 == 0 ? "BEGIN IMMEDIATE" : "BEGIN");
      if (code == SQLITE_OK && random() % 3 == 0) {
        const std::string total = exec(db, "SELECT sum(money) FROM accounts");
        if (total != "0 100000" && total[0] == '0') faults += " sum:" + total;
        if (total[0] != '0') code = std::stoi(total);
      }
      if (code == SQLITE_OK) code = plain(db, "UPDATE accounts SET money = money - " + amount + " WHERE id = " + from);
      if (code == SQLITE_OK && random() % 4 == 0) {
        code = plain(db, "SAVEPOINT s; UPDATE accounts SET money = money + 7, pad = hex(randomblob(200)) WHERE id % 3 = 1; ROLLBACK TO s; RELEASE s");
      }
      if (code == SQLITE_OK) code = plain(db, "UPDATE accounts SET money = money + " + amount + ", pad = hex(randomblob(50)) WHERE id = " + to);
      if (code == SQLITE_OK) code = plain(db, "COMMIT");
      if (code == SQLITE_OK) {
        ++commits;
      } else {
        ++refusals;
        if ((code & 0xff) != SQLITE_BUSY) faults += " " + std::to_string(code) + ":" + library_.errmsg(db);
        if (library_.get_autocommit(db) == 0) plain(db, "ROLLBACK");
      }
      if (faults.size() > 300) break;
    }
    return std::to_string(commits) + " " + std::to_string(refusals) + faults;
  }

  std::string increment(sqlite3* db, const std::string& words) {
    std::istringstream in(words);
    std::string key;
    double seconds = 0;
    in >> key >> seconds;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    std::mt19937_64 random(std::hash<std::string>()(key) + static_cast<unsigned long long>(::getpid()));
    long long done = 0, refused = 0;
    double slowest = 0;
    std::string faults;
    while (Clock::now() < end && faults.size() < 300) {
      const std::string sql = "BEGIN IMMEDIATE; UPDATE accounts SET money = money - 1, pad = hex(randomblob(60)) WHERE id = " +
                              std::to_string(random() % 100) + "; UPDATE accounts SET money = money + 1 WHERE id = " +
                              std::to_string(random() % 100) + "; UPDATE counters SET n = n + 1 WHERE name = '" + key + "'; COMMIT";
      const auto begin = Clock::now();
      const int code = plain(db, sql);
      slowest = std::max(slowest, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
      if (code == SQLITE_OK) {
        std::cout << "+" << ++done << std::endl;
        continue;
      }
      if ((code & 0xff) == SQLITE_BUSY) {
        ++refused;
      } else {
        faults += " " + std::to_string(code) + ":" + library_.errmsg(db);
      }
      if (library_.get_autocommit(db) == 0) plain(db, "ROLLBACK");
    }
    return "end " + std::to_string(done) + " " + std::to_string(refused) + " " + std::to_string(static_cast<long long>(slowest)) + faults;
  }

  Library library_;
  std::map<int, sqlite3*> connections_;
  std::map<int, sqlite3_stmt*> statements_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  Actor actor(arguments[1]);
  std::string line;
  while (std::getline(std::cin, line)) std::cout << actor.obey(line) << std::endl;
  return 0;
}
