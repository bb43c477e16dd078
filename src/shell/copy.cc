// .backup, .save and .restore: whole databases, by the backup interface.
#include "shell/shell.h"

namespace perlite::shell {
namespace {

constexpr int kPagesAStep = 100;
constexpr int kBusyTries = 3;
constexpr int kBusyPause_ms = 100;

struct Request {
  std::string schema = "main";
  std::string file;
};

}  // namespace

// Copies all pages; waits a little while somebody else writes to the source.
bool Shell::copy_database(sqlite3* to, const char* to_name, sqlite3* from, const char* from_name) {
  sqlite3_backup* const backup = sqlite3_backup_init(to, to_name, from, from_name);
  if (backup == nullptr) return fail(sqlite3_errmsg(to));
  int code = SQLITE_OK;
  for (int tries = 0; code == SQLITE_OK || (code == SQLITE_BUSY && tries < kBusyTries);) {
    code = sqlite3_backup_step(backup, kPagesAStep);
    if (code == SQLITE_BUSY && ++tries < kBusyTries) sqlite3_sleep(kBusyPause_ms);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE) return true;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return fail("the source database is busy");
  return fail(finished == SQLITE_OK ? sqlite3_errstr(code) : sqlite3_errmsg(to));
}

bool Shell::command_copy(const std::vector<std::string>& words, bool into_file) {
  Request request;
  std::vector<std::string> names;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--async" || words[i] == "-async") continue;  // the copy is as durable as its settings
    if (words[i].size() > 1 && words[i][0] == '-') return fail("unknown option: " + words[i]);
    names.push_back(words[i]);
  }
  if (names.empty() || names.size() > 2) return fail("usage: ." + words[0] + " [SCHEMA] FILE");
  if (names.size() == 2) request.schema = names[0];
  request.file = names.back();

  sqlite3* other = nullptr;
  const int flags = into_file ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (sqlite3_open_v2(request.file.c_str(), &other, flags, nullptr) != SQLITE_OK) {
    const std::string message = sqlite3_errmsg(other);
    sqlite3_close(other);
    return fail("cannot open \"" + request.file + "\": " + message);
  }
  const bool good = into_file ? copy_database(other, "main", db_, request.schema.c_str())
                              : copy_database(db_, request.schema.c_str(), other, "main");
  sqlite3_close(other);
  return good;
}

}  // namespace perlite::shell
