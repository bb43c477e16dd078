// What must be on the disk when it returns, and what happens side by side: durable commits, the write-ahead log and its
// checkpoints and recovery, readers beside a writer, many writers. Time is that of the wall but where it says CPU.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <mutex>
#include <thread>

#include "dataset.h"
#include "workloads.h"

namespace bench {
namespace {

using Steady = std::chrono::steady_clock;

const std::string kWalFull = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL";
const std::string kWalNormal = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL";

std::shared_ptr<Database> opened(const Library& lib, const std::string& path, const std::string& settings) {
  auto db = std::make_shared<Database>(lib, path);
  lib.busy_timeout(db->handle(), 5000);
  db->exec(settings);
  return db;
}

void insert_one(Database& db, sqlite3_stmt* insert, int value) {
  db.lib().bind_int64(insert, 1, value);
  db.run(insert);
}

constexpr const char* kLedger = "CREATE TABLE w(id INTEGER PRIMARY KEY, a INTEGER, b TEXT)";
constexpr const char* kInsert = "INSERT INTO w(a, b) VALUES(?1, 'the text of a row')";

Workload commits(const std::string& name, const std::string& settings, Clock clock = Clock::Wall) {
  constexpr int kCommits = 200;
  return {name, "commit", kCommits,
          [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = opened(lib, path_of(lib, folder, "commits"), settings);
            return {[=] { db->exec(std::string("DROP TABLE IF EXISTS w;") + kLedger); },
                    [=, &lib] {
                      std::shared_ptr<sqlite3_stmt> insert(db->prepare(kInsert), lib.finalize);
                      for (int i = 0; i < kCommits; ++i) insert_one(*db, insert.get(), i);
                      return std::uint64_t{0};
                    },
                    [=] { return db->query("SELECT count(*), sum(a) FROM w"); }};
          },
          clock};
}

// Connections on one file, each in a thread of its own, at work for a fixed time.
class Crowd {
 public:
  // What a thread does until told to stop; it answers how many operations it made.
  using Work = std::function<double(Database&, const std::atomic<bool>& stop)>;

  Crowd(const Library& lib, std::string path, std::string settings)
      : lib_(lib), path_(std::move(path)), settings_(std::move(settings)) {}
  void add(std::size_t side, Work work) {
    members_.push_back({side, std::move(work), opened(lib_, path_, settings_)});
    if (counts_.size() <= side) counts_.resize(side + 1);
  }
  // The operations that each side made.
  std::vector<double> run() {
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::fill(counts_.begin(), counts_.end(), 0.0);
    std::vector<std::thread> threads;
    for (Member& member : members_) {
      threads.emplace_back([&] {
        const double made = member.work(*member.db, stop);
        const std::lock_guard<std::mutex> guard(mutex);
        counts_[member.side] += made;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    stop = true;
    for (std::thread& thread : threads) thread.join();
    return counts_;
  }

 private:
  struct Member {
    std::size_t side;
    Work work;
    std::shared_ptr<Database> db;
  };
  const Library& lib_;
  std::string path_;
  std::string settings_;
  std::vector<Member> members_;
  std::vector<double> counts_;
};

double write_until(Database& db, const std::atomic<bool>& stop) {
  std::shared_ptr<sqlite3_stmt> insert(db.prepare(kInsert), db.lib().finalize);
  double made = 0;
  for (; !stop; ++made) insert_one(db, insert.get(), 1);
  return made;
}

// Every answer must be one that a moment between two commits can give: as many rows as their sum.
double read_until(Database& db, const std::atomic<bool>& stop) {
  const Library& lib = db.lib();
  std::shared_ptr<sqlite3_stmt> point(db.prepare("SELECT s FROM t WHERE id = ?1"), lib.finalize);
  std::shared_ptr<sqlite3_stmt> whole(db.prepare("SELECT count(*) - sum(a) FROM w WHERE id <= 100"), lib.finalize);
  double made = 0;
  for (sqlite3_int64 i = 0; !stop; ++i, ++made) {
    lib.bind_int64(point.get(), 1, i * 7919 % kRows + 1);
    db.run(point.get());
    if (i % 64 != 0) continue;
    if (lib.step(whole.get()) != SQLITE_ROW || lib.column_int64(whole.get(), 0) != 0)
      db.fail("a reader saw half a transaction");
    lib.reset(whole.get());
  }
  return made;
}

// One line for each side: what it made, per time of the wall. After each run the table holds each acknowledged row.
Workload crowd(const std::string& name, std::vector<std::string> sides, const std::string& settings, int writers,
               int readers) {
  return {name,
          "operation",
          1,
          [=](const Library& lib, const std::string& folder) -> Trial {
            const std::string path = path_of(lib, folder, "crowd");
            auto db = opened(lib, path, settings);
            fill(*db);
            db->exec(std::string(kLedger) + "; INSERT INTO w(a) VALUES(1); PRAGMA wal_checkpoint(TRUNCATE)");
            auto members = std::make_shared<Crowd>(lib, path, settings);
            for (int i = 0; i < writers; ++i) members->add(0, write_until);
            for (int i = 0; i < readers; ++i) members->add(1, read_until);
            auto rows = std::make_shared<double>(1);
            return {{},
                    [=] {
                      std::vector<double> counts = members->run();
                      *rows += counts[0];
                      return Outcome(0, std::move(counts));
                    },
                    [=, &lib] {
                      std::shared_ptr<sqlite3_stmt> count(db->prepare("SELECT count(*) FROM w"), lib.finalize);
                      lib.step(count.get());
                      if (static_cast<double>(lib.column_int64(count.get(), 0)) != *rows)
                        db->fail("the rows are not those that were committed");
                      return std::uint64_t{0};
                    }};
          },
          Clock::Wall,
          std::move(sides)};
}

void fill_with_pages(Database& db, int pages) {
  db.exec("CREATE TABLE b(id INTEGER PRIMARY KEY, data BLOB)");
  db.exec("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < " + std::to_string(pages) +
          ") INSERT INTO b SELECT x, zeroblob(4000) FROM c");
}

// A log of 5,000 pages is brought back into the file.
Workload checkpoint(const std::string& name, const std::string& settings, Clock clock) {
  constexpr int kPages = 5000;
  return {name, "MB", kPages * 4096 / 1e6,
          [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = opened(lib, path_of(lib, folder, "checkpoint"), settings + "; PRAGMA wal_autocheckpoint=0");
            fill_with_pages(*db, kPages);
            db->exec("PRAGMA wal_checkpoint(TRUNCATE)");
            return {[=] { db->exec("UPDATE b SET data = randomblob(4000)"); },
                    [=] { return db->query("PRAGMA wal_checkpoint(TRUNCATE)"); },
                    [=] { return db->query("SELECT count(*), sum(length(data)) FROM b"); }};
          },
          clock};
}

void copy_file(const std::string& from, const std::string& to) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  out << in.rdbuf();
}

// Opening a file whose log of 100 MB no index describes any more.
Workload recovery() {
  constexpr int kPages = 25000;
  constexpr int kTransactions = 100;
  return {
      "recovery of a log of 100 MB", "log", 1, [](const Library& lib, const std::string& folder) -> Trial {
        const std::string made = path_of(lib, folder, "log-made");
        const std::string path = path_of(lib, folder, "log");
        auto writer = opened(lib, made, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0");
        writer->exec("CREATE TABLE b(id INTEGER PRIMARY KEY, data BLOB)");
        for (int i = 0; i < kTransactions; ++i) {
          writer->exec("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < " +
                       std::to_string(kPages / kTransactions) + ") INSERT INTO b(data) SELECT randomblob(4000) FROM c");
        }
        copy_file(made, path);
        copy_file(made + "-wal", path + "-wal");
        auto db = std::make_shared<std::shared_ptr<Database>>();
        return {[=, &lib] {
                  db->reset();
                  unlink((path + "-shm").c_str());
                  *db = std::make_shared<Database>(lib, path);
                  // The last to close the file would bring the log back into it.
                  lib.db_config((*db)->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
                },
                [=] { return (*db)->query("SELECT count(*), max(id) FROM b WHERE id > 24900"); },
                {}};
      }};
}

}  // namespace

std::vector<Workload> log_workloads() {
  const std::string journal = "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL";
  const std::vector<std::string> both = {"commits", "selects"};
  return {
      commits("durable commits, log, synchronous FULL", kWalFull),
      commits("commits, log, synchronous NORMAL", kWalNormal),
      commits("commits, log, synchronous NORMAL, CPU", kWalNormal, Clock::Cpu),
      commits("durable commits, rollback journal, synchronous FULL", journal),
      commits("durable commits, rollback journal kept, synchronous FULL",
              "PRAGMA journal_mode=PERSIST; PRAGMA synchronous=FULL"),
      crowd("1 writer and 1 reader", both, kWalNormal, 1, 1),
      crowd("1 writer and 2 readers", both, kWalNormal, 1, 2),
      crowd("1 writer and 4 readers", both, kWalNormal, 1, 4),
      crowd("8 writers, synchronous FULL", {"commits"}, kWalFull, 8, 0),
      checkpoint("checkpoint, synchronous NORMAL", kWalNormal, Clock::Wall),
      checkpoint("checkpoint, synchronous off, CPU", "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF", Clock::Cpu),
      recovery(),
  };
}

}  // namespace bench
