// Perlite and stock work on one file at one time, in processes of their own: no update is lost, none is seen by halves.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "os/vfs.h"
#include "pager/store.h"
#include "tests/support/stock.h"

namespace perlite::pager {
namespace {

using test::Stock;
using test::StockDatabase;

class Patience final : public BusyHandler {
 public:
  bool wait(int attempt) override {
    os::sleep_us(*os::find_vfs("unix"), 200);
    return attempt < 50000;
  }
};

// Adds `rounds` to user_version and application_id, which must always be equal.
int count_as_perlite(const std::string& path, int rounds, JournalMode mode) {
  Patience patience;
  StoreOptions options;
  options.busy = &patience;
  auto opened = Store::open(*os::find_vfs("unix"), os::make_filename(path), SQLITE_OPEN_READWRITE, options);
  if (!opened.ok()) return 10;
  Store& store = *opened.value();
  store.set_synchronous(Synchronous::Off);
  if (!store.set_journal_mode(mode).ok()) return 11;
  for (int done = 0, attempt = 0; done < rounds; ++attempt) {
    if (!store.begin_write().ok()) return 12;
    const std::uint32_t version = store.read_header_u32(header::kUserVersion).value();
    if (store.read_header_u32(header::kApplicationId).value() != version) return 13;
    if (!store.write_header_u32(header::kUserVersion, version + 1).ok()) return 14;
    if (!store.write_header_u32(header::kApplicationId, version + 1).ok()) return 15;
    const bool gives_up = attempt % 7 == 3;
    const Status status = gives_up ? store.rollback() : store.commit(AfterCommit::EndRead);
    if (!status.ok()) return 16;
    if (store.in_read()) store.end_read();
    done += gives_up ? 0 : 1;
  }
  return 0;
}

int count_as_stock(const std::string& path, int rounds) {
  StockDatabase db(path);
  db.run("PRAGMA busy_timeout=20000; PRAGMA synchronous=off");
  for (int i = 0; i < rounds; ++i) {
    db.run("BEGIN IMMEDIATE");
    if (db.code() != SQLITE_OK) return 20;
    const std::string version = db.run("PRAGMA user_version");
    if (db.run("PRAGMA application_id") != version) return 21;
    const std::string next = std::to_string(std::stoi(version) + 1);
    db.run("PRAGMA user_version=" + next + "; PRAGMA application_id=" + next);
    if (db.code() != SQLITE_OK) return 22;
    for (;;) {  // a reader may be in the way of a commit
      db.run("COMMIT");
      if (db.code() == SQLITE_OK) break;
      if (db.code() != SQLITE_BUSY) return 23;
    }
  }
  return 0;
}

TEST(Together, NoUpdateIsLost) {
  if (Stock::get() == nullptr) GTEST_SKIP() << "no stock library";
  std::string name = testing::TempDir() + "perlite_XXXXXX";
  const std::string directory = ::mkdtemp(name.data());
  const std::string path = directory + "/t.db";
  StockDatabase(path).run("CREATE TABLE t(a)");
  constexpr int kRounds = 60;
  const JournalMode modes[] = {JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist};
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(i < 3 ? count_as_perlite(path, kRounds, modes[i]) : count_as_stock(path, kRounds));
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_EQ(StockDatabase(path).run("PRAGMA user_version"), std::to_string(4 * kRounds));
  EXPECT_EQ(StockDatabase(path).run("PRAGMA integrity_check"), "ok");
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace perlite::pager
