// Damaged databases, hot journals and logs with their index: reading, checking, changing, compacting and copying them
// ends in answers or errors, never in a crash or an endless loop. Where the oracle finds what is left whole, both
// libraries read the same from it.
// ctest: quick,stock Quick*
// ctest: ordinary,stock,worlds Ordinary*
// ctest: long,stock,damage,first LongDamage.First
// ctest: long,stock,damage,second LongDamage.Second
// ctest: long,stock,damage,third LongDamage.Third
// ctest: long,stock,damage,fourth LongDamage.Fourth
#include <ctime>

#include "tests/engine/child.h"
#include "tests/engine/damage.h"

namespace perlite::engine_test {
namespace {

const char* const kContent =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c);"
    "CREATE INDEX tb ON t(b, c);"
    "CREATE INDEX tc ON t(c DESC) WHERE a > 5;"
    "CREATE TABLE w(k, v, PRIMARY KEY(k, v)) WITHOUT ROWID;"
    "CREATE TABLE u(x UNIQUE, y AS (x || '!'));"
    "CREATE TABLE s(n INTEGER PRIMARY KEY AUTOINCREMENT, m CHECK(m > 0));"
    "CREATE VIEW v AS SELECT a, b FROM t;"
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT i, printf('%.*c', i * 3, 'b'), i * 1.5 FROM n;"
    "INSERT INTO t VALUES(100, printf('%.2000c', 'L'), zeroblob(1800));"
    "INSERT INTO w SELECT b, a FROM t; INSERT INTO u(x) SELECT b FROM t; INSERT INTO s(m) SELECT a FROM t;"
    "DELETE FROM t WHERE a BETWEEN 20 AND 25;";

const char* const kChange = "UPDATE t SET b = b || 'y', c = zeroblob(700) WHERE a % 3; DELETE FROM w WHERE v % 2; INSERT INTO u(x) SELECT x || '-' FROM u;";

enum class Beside { Nothing, HotJournal, Log };

// The files of a database that a process left while it was at work.
FileSet made(const Library& library, const std::string& pragmas, int page_size, int reserved, Beside beside) {
  ScratchFile file("base");
  Database db(library, file.path());
  if (reserved != 0) library.file_control(db.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  std::string fault = db.exec("PRAGMA page_size = " + std::to_string(page_size) + "; PRAGMA synchronous = OFF;" + pragmas + kContent);
  if (beside == Beside::HotJournal) {
    fault += db.exec(std::string("PRAGMA synchronous = NORMAL; PRAGMA cache_size = 2; BEGIN;") + kChange);
  } else if (beside == Beside::Log) {
    fault += db.exec(std::string("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;") + kChange + "DELETE FROM s WHERE m < 9");
  }
  FileSet files = FileSet::read(file.path(), page_size);
  EXPECT_EQ(fault, "");
  EXPECT_EQ(!files.journal.empty(), beside == Beside::HotJournal);
  EXPECT_EQ(!files.log.empty(), beside == Beside::Log);
  EXPECT_TRUE(files.journal.empty() || files.journal[0] != '\0') << "nothing was spilled";
  return files;
}

std::vector<FileSet> corpus() {
  std::vector<FileSet> all;
  for (const Beside beside : {Beside::Nothing, Beside::HotJournal, Beside::Log}) {
    all.push_back(made(stock(), "", 512, 0, beside));
    all.push_back(made(subject(), "PRAGMA auto_vacuum = 1;", 1024, 0, beside));
    all.push_back(made(subject(), "PRAGMA encoding = 'UTF-16le'; PRAGMA auto_vacuum = 2;", 512, 0, beside));
    all.push_back(made(stock(), "PRAGMA encoding = 'UTF-16be';", 512, 32, beside));
  }
  return all;
}

const char* const kReading[] = {"SELECT * FROM sqlite_schema", "SELECT * FROM t", "SELECT b, c FROM t WHERE b > 'b' ORDER BY b, a",
                                "SELECT * FROM w ORDER BY k DESC, v", "SELECT count(*), max(x) FROM u", "SELECT * FROM v", "SELECT sum(m) FROM s",
                                "SELECT a FROM t WHERE c > 9 AND a > 5 ORDER BY c DESC, a"};
const char* const kChanging[] = {"PRAGMA synchronous = OFF", "INSERT INTO t(b, c) VALUES(printf('%.900c', 'n'), 5)", "UPDATE t SET b = b || 'x' WHERE a % 2",
                                 "BEGIN", "DELETE FROM t WHERE a > 30", "SAVEPOINT p", "DELETE FROM w WHERE v < 20", "ROLLBACK TO p", "COMMIT", "ROLLBACK",
                                 "INSERT INTO u(x) SELECT x || '?' FROM u", "REPLACE INTO s SELECT * FROM s", "CREATE INDEX ti ON t(c)",
                                 "PRAGMA incremental_vacuum", "REINDEX", "DROP TABLE u", "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "DELETE FROM t",
                                 "PRAGMA integrity_check", "PRAGMA journal_mode = DELETE"};

// To memory, as far as a header that counts millions of pages can be followed.
void copy_by_backup(Database& from) {
  Database to(subject());
  sqlite3_backup* backup = subject().backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) return;
  for (int steps = 0; steps < 300 && subject().backup_step(backup, 7) == SQLITE_OK; ++steps) continue;
  subject().backup_finish(backup);
  to.text("PRAGMA quick_check");
}

// Errors are welcome, but for those that blame the caller or ourselves.
std::string checked(Database& db, const char* sql) {
  const Answer answer = db.run(sql);
  const int code = answer.code & 0xff;
  if (code != SQLITE_INTERNAL && code != SQLITE_MISUSE && code != SQLITE_NOMEM) return "";
  return std::string(sql) + ": " + std::to_string(answer.code) + " " + answer.message + "; ";
}

std::string work_through(const FileSet& files) {
  ScratchFile file("damaged");
  files.write(file.path());
  std::string log;
  Database db(subject(), file.path());
  for (const char* sql : kReading) log += checked(db, sql);
  log += checked(db, "PRAGMA integrity_check");
  log += checked(db, "PRAGMA quick_check(3)");
  copy_by_backup(db);
  for (const char* sql : kChanging) log += checked(db, sql);
  return log;
}

// What both read, where the oracle's integrity_check is satisfied.
std::string compared(const FileSet& files, bool& whole) {
  ScratchFile left("oracle"), right("ours");
  files.write(left.path());
  Database oracle(stock(), left.path());
  whole = oracle.text("PRAGMA integrity_check") == "Tok";
  if (!whole) return "";
  files.write(right.path());
  Database ours(subject(), right.path());
  std::string log;
  for (const char* sql : kReading) {
    const std::string expected = oracle.text(sql), got = ours.text(sql);
    if (expected != got) log += std::string(sql) + ": stock " + expected.substr(0, 300) + ", perlite " + got.substr(0, 300) + "; ";
  }
  return log;
}

// The index of a log is harmed while a connection has it open: the next one may believe it or recover.
std::string work_with_a_harmed_index(FileSet files, std::uint64_t seed) {
  ScratchFile file("damaged");
  files.write(file.path());
  Database first(subject(), file.path());
  const std::string before = first.text("SELECT count(*) FROM t");
  files.index = read_file(file.path() + "-shm");
  if (files.index.empty()) return "no index: " + before;
  FileSet index_only{"", "", "", files.index, files.page_size};
  Damage(seed).strike(index_only);
  index_only.index.resize(files.index.size());  // a mapped file that is cut short is a signal to any program
  std::fstream(file.path() + "-shm", std::ios::binary | std::ios::in | std::ios::out) << index_only.index;
  Database second(subject(), file.path());
  std::string log;
  for (const char* sql : kReading) log += checked(second, sql) + checked(first, sql);
  for (const char* sql : kChanging) log += checked(second, sql);
  return log + checked(first, "PRAGMA integrity_check");
}

struct Outcome {
  std::string log;
  bool whole = false;
};

Outcome one_variant(const std::vector<FileSet>& bases, std::uint64_t seed) {
  compat::Random random(seed);
  FileSet files = random.pick(bases);
  if (!files.log.empty() && random.chance(20)) return {work_with_a_harmed_index(std::move(files), seed), false};
  if (random.chance(50)) files.index.clear();
  Damage(seed).strike(files);
  Outcome outcome;
  outcome.log = work_through(files);
  outcome.log += compared(files, outcome.whole);
  return outcome;
}

// Variants run in children, many in each; one that dies or takes a minute is found by running its batch one by one.
void damage(std::uint64_t first_seed, int variants) {
  const std::vector<FileSet> bases = corpus();
  if (testing::Test::HasFailure()) return;
  constexpr int kBatch = 25;
  int shown = 0, whole = 0;
  long slowest_ms = 0;
  unsigned long long slowest_seed = 0;
  for (int from = 0; from < variants; from += kBatch) {
    const int until = std::min(from + kBatch, variants);
    const auto run = [&](int begin, int end) {
      return in_child([&] {
        std::string log;
        int intact = 0;
        std::pair<long, std::uint64_t> slow{-1, 0};
        for (int i = begin; i < end; ++i) {
          const std::uint64_t one = first_seed + static_cast<std::uint64_t>(i);
          const std::clock_t started = std::clock();
          const Outcome outcome = one_variant(bases, one);
          slow = std::max(slow, {static_cast<long>((std::clock() - started) * 1000 / CLOCKS_PER_SEC), one});
          intact += outcome.whole ? 1 : 0;
          log += outcome.log;
        }
        return std::to_string(intact) + " " + std::to_string(slow.first) + " " + std::to_string(slow.second) + " " + log;
      }, std::size_t{8} << 20, 60);
    };
    const std::string answer = run(from, until);
    if (!died(answer) && answer.ends_with(" ")) {
      std::istringstream numbers(answer);
      int intact = 0;
      long ms = 0;
      unsigned long long seed = 0;
      numbers >> intact >> ms >> seed;
      whole += intact;
      if (ms > slowest_ms) slowest_ms = ms, slowest_seed = seed;
      continue;
    }
    for (int i = from; i < until; ++i) {
      const std::string one = run(i, i + 1);
      if ((died(one) || !one.ends_with(" ")) && ++shown < 10) ADD_FAILURE() << "seed " << first_seed + static_cast<std::uint64_t>(i) << ": " << one;
    }
    if (shown == 0) ADD_FAILURE() << "seeds from " << first_seed + static_cast<std::uint64_t>(from) << ", only one after the other: " << answer;
    if (shown >= 10) return;
  }
  std::printf("%d variants from seed %llu, %d of them whole by the oracle; the slowest took %ld ms, seed %llu\n", variants,
              static_cast<unsigned long long>(first_seed), whole, slowest_ms, slowest_seed);
}

TEST(QuickDamage, EndsInErrorsOrRightAnswers) { damage(1000, 300); }
TEST(OrdinaryDamage, EndsInErrorsOrRightAnswers) { damage(100000, 3000); }

// 100,000 in four tests, so that they run side by side; by hand DAMAGE_SEED and DAMAGE_VARIANTS choose others.
void long_damage(std::uint64_t first_seed) {
  const char *variants = ::getenv("DAMAGE_VARIANTS"), *seed = ::getenv("DAMAGE_SEED");
  damage(seed != nullptr ? std::strtoull(seed, nullptr, 10) : first_seed, variants != nullptr ? std::atoi(variants) : 25000);
}
TEST(LongDamage, First) { long_damage(1000000); }
TEST(LongDamage, Second) { long_damage(2000000); }
TEST(LongDamage, Third) { long_damage(3000000); }
TEST(LongDamage, Fourth) { long_damage(4000000); }

}  // namespace
}  // namespace perlite::engine_test
