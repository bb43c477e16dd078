// The same generated SQL on two libraries: rows by type and bits, extended codes, messages, changes() must be equal.
//
//   difftest STOCK PERLITE --expressions N   N scalar expressions over all types and affinities
//   difftest STOCK PERLITE --sessions N      N sessions of schema, changes and queries, each on databases of its own
//   difftest STOCK PERLITE --table FILE      the expected differences: every entry must still differ, as it says
//   --seed S (else by the clock; it is printed)   --keep-going   --statements N of a session
//   --without TEXT   leaves out statements of sessions that begin so, to look past a known fault
//   --rows-only   does not compare changes(), total_changes() and last_insert_rowid()
//
// A crash names the statement that runs.
//
// A difference is shown with the least of its session that still shows it.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "tests/compat/library.h"
#include "tests/compat/sql_generator.h"

namespace perlite::compat {
namespace {

constexpr std::size_t kShownRows = 6;

// Messages and codes that differ between the releases; see expected_differences.txt for the reasons.
struct Excuse {
  std::string sql;      // a part of the statement, or empty
  std::string stock;    // the beginning of stock's message
  std::string perlite;  // and of ours
};
std::vector<Excuse> excuses;
bool rows_only = false;
std::vector<std::string> left_out;
const char* running_sql = "";

void on_crash(int signal) {
  const auto say = [](const char* text) { return write(STDOUT_FILENO, text, std::strlen(text)); };
  const auto said = say("\ncrash while this ran: ") + say(running_sql) + say("\n");
  _exit(said > 0 ? 128 + signal : 1);
}

std::string shown(const Answer& answer) {
  std::string text;
  if (answer.code != SQLITE_OK) {
    text += "    error " + std::to_string(answer.code) + ": " + answer.message + " (offset " +
            std::to_string(answer.offset) + ")\n";
  }
  text += "    " + std::to_string(answer.rows.size()) + " rows, changes " + std::to_string(answer.changes) +
          ", total " + std::to_string(answer.total_changes) + ", rowid " + std::to_string(answer.last_rowid) +
          ", autocommit " + std::to_string(answer.autocommit) + "\n";
  if (!answer.names.empty()) {
    text += "    names:";
    for (const std::string& name : answer.names) text += " [" + name + "]";
    text += "\n";
  }
  for (std::size_t i = 0; i < answer.rows.size() && i < kShownRows; ++i) {
    text += "    ";
    for (const std::string& value : answer.rows[i]) text += value + " | ";
    text += "\n";
  }
  return text;
}

bool excused(const std::string& sql, const Answer& stock, const Answer& perlite) {
  for (const Excuse& excuse : excuses) {
    if (sql.find(excuse.sql) != std::string::npos && stock.message.starts_with(excuse.stock) &&
        perlite.message.starts_with(excuse.perlite)) {
      return true;
    }
  }
  return false;
}

// Which of two equal values of different types a compound keeps, 3 or 3.0, is not the same in all releases.
void forget_kept_types(Answer* answer) {
  for (auto& row : answer->rows) {
    for (std::string& value : row) {
      const std::string number = value.substr(0, value.find(' '));
      if (number.starts_with('R') && number.find_first_not_of("0123456789", number[1] == '-' ? 2 : 1) == std::string::npos) {
        value = "I" + number.substr(1);
      }
    }
  }
}

bool equal(const GeneratedStatement& statement, Answer stock, Answer perlite) {
  for (const char* compound : {" UNION SELECT ", " EXCEPT SELECT ", " INTERSECT SELECT "}) {
    if (statement.sql.find(compound) == std::string::npos) continue;
    forget_kept_types(&stock);
    forget_kept_types(&perlite);
  }
  if (!statement.ordered) {
    std::sort(stock.rows.begin(), stock.rows.end());
    std::sort(perlite.rows.begin(), perlite.rows.end());
  }
  const bool same = stock.code == perlite.code && stock.message == perlite.message && stock.offset == perlite.offset &&
                    stock.names == perlite.names && stock.rows == perlite.rows &&
                    stock.autocommit == perlite.autocommit &&
                    (rows_only || (stock.changes == perlite.changes && stock.total_changes == perlite.total_changes &&
                                   stock.last_rowid == perlite.last_rowid));
  return same || excused(statement.sql, stock, perlite);
}

class Pair {
 public:
  Pair(const Library& stock, const Library& perlite) : stock_(stock), perlite_(perlite) {
    for (auto [library, db] : {std::pair{&stock_, &stock_db_}, std::pair{&perlite_, &perlite_db_}}) {
      if (library->open_v2(":memory:", db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) != SQLITE_OK) {
        std::fprintf(stderr, "%s: cannot open a database\n", library->libversion());
        std::exit(2);
      }
    }
  }
  ~Pair() {
    stock_.close(stock_db_);
    perlite_.close(perlite_db_);
  }
  bool same(const GeneratedStatement& statement) {
    running_sql = statement.sql.c_str();
    stock_answer = run(stock_, stock_db_, statement.sql);
    perlite_answer = run(perlite_, perlite_db_, statement.sql);
    return equal(statement, stock_answer, perlite_answer);
  }

  Answer stock_answer, perlite_answer;

 private:
  const Library& stock_;
  const Library& perlite_;
  sqlite3* stock_db_ = nullptr;
  sqlite3* perlite_db_ = nullptr;
};

class Test {
 public:
  Test(const Library& stock, const Library& perlite, bool keep_going)
      : stock_(stock), perlite_(perlite), keep_going_(keep_going) {}

  long differences() const { return differences_; }

  void expressions(std::uint64_t seed, long count) {
    SqlGenerator generator(seed);
    Pair pair(stock_, perlite_);
    for (const std::string& sql : SqlGenerator::expression_setup()) pair.same({sql, true});
    for (long i = 0; i < count; ++i) {
      // The type is asked beside the value: a NULL must be a NULL.
      const GeneratedStatement statement{"SELECT " + generator.scalar_expression() + " FROM v", true};
      if (!pair.same(statement)) {
        report(statement.sql, pair);
        if (!keep_going_) return;
      }
    }
  }

  void session(std::uint64_t seed, int statements) {
    std::vector<GeneratedStatement> script = SqlGenerator(seed).session(statements);
    for (const std::string& prefix : left_out) {
      std::erase_if(script, [&](const GeneratedStatement& one) { return one.sql.starts_with(prefix); });
    }
    const std::size_t first = first_difference(script);
    if (first == script.size()) return;
    std::vector<GeneratedStatement> least(script.begin(), script.begin() + static_cast<std::ptrdiff_t>(first) + 1);
    // Leave out what is not needed, the last first.
    for (std::size_t i = least.size() - 1; i-- > 0;) {
      std::vector<GeneratedStatement> shorter = least;
      shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
      if (first_difference(shorter) == shorter.size() - 1) least = std::move(shorter);
    }
    Pair pair(stock_, perlite_);
    std::string sql;
    for (const GeneratedStatement& statement : least) {
      pair.same(statement);
      sql += statement.sql + ";\n";
    }
    std::printf("session seed %llu\n", static_cast<unsigned long long>(seed));
    report(sql, pair);
  }

  // Lines: SQL, tab, the answer of stock, tab, ours, tab, the release that changed it and why. Lines with # are
  // comments. An entry that begins with ~ excuses generated statements instead: part of the SQL, beginnings of the two
  // messages.
  void table(const std::string& path, bool check) {
    std::ifstream in(path);
    std::string line;
    if (!in) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      std::exit(2);
    }
    while (std::getline(in, line)) {
      if (line.empty() || line[0] == '#') continue;
      std::vector<std::string> fields;
      for (std::size_t at = 0;;) {
        const std::size_t end = line.find('\t', at);
        fields.push_back(line.substr(at, end - at));
        if (end == std::string::npos) break;
        at = end + 1;
      }
      if (fields.size() != 4) {
        std::printf("not four fields: %s\n", line.c_str());
        ++differences_;
        continue;
      }
      if (fields[0][0] == '~') {
        excuses.push_back({fields[0].substr(1), fields[1], fields[2]});
        continue;
      }
      if (!check) continue;
      const std::string stock = one_line(stock_, fields[0]);
      const std::string perlite = one_line(perlite_, fields[0]);
      if (stock != fields[1] || perlite != fields[2] || stock == perlite) {
        ++differences_;
        std::printf("%s\n  stock   expected %s\n          got      %s\n  perlite expected %s\n          got      %s\n",
                    fields[0].c_str(), fields[1].c_str(), stock.c_str(), fields[2].c_str(), perlite.c_str());
      }
    }
  }

 private:
  static std::string one_line(const Library& library, const std::string& sql) {
    sqlite3* db = nullptr;
    library.open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    const Answer answer = run(library, db, sql);
    library.close(db);
    if (answer.code != SQLITE_OK) return "error " + std::to_string(answer.code) + ": " + answer.message;
    std::string text;
    for (const auto& row : answer.rows) {
      for (const std::string& value : row) text += (text.empty() ? "" : " ") + value;
    }
    return text;
  }

  std::size_t first_difference(const std::vector<GeneratedStatement>& script) {
    Pair pair(stock_, perlite_);
    for (std::size_t i = 0; i < script.size(); ++i) {
      if (!pair.same(script[i])) return i;
    }
    return script.size();
  }

  void report(const std::string& sql, const Pair& pair) {
    ++differences_;
    std::printf("%s\n  stock:\n%s  perlite:\n%s\n", sql.c_str(), shown(pair.stock_answer).c_str(),
                shown(pair.perlite_answer).c_str());
    std::fflush(stdout);
  }

  const Library& stock_;
  const Library& perlite_;
  const bool keep_going_;
  long differences_ = 0;
};

int main_of(int count, char** arguments) {
  if (count < 5) {
    std::fprintf(stderr, "usage: difftest STOCK PERLITE --expressions N | --sessions N | --table FILE [--seed S]\n");
    return 2;
  }
  auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) % 1000000000;
  long expressions = 0, sessions = 0;
  int statements = 60;
  bool keep_going = false;
  std::string table, excuse_table;
  for (int i = 3; i < count; ++i) {
    const std::string word = arguments[i];
    const char* value = i + 1 < count ? arguments[i + 1] : "";
    if (word == "--seed") {
      seed = std::strtoull(value, nullptr, 10);
      ++i;
    } else if (word == "--expressions") {
      expressions = std::atol(value);
      ++i;
    } else if (word == "--sessions") {
      sessions = std::atol(value);
      ++i;
    } else if (word == "--statements") {
      statements = std::atoi(value);
      ++i;
    } else if (word == "--table") {
      table = value;
      ++i;
    } else if (word == "--excuses") {
      excuse_table = value;
      ++i;
    } else if (word == "--keep-going") {
      keep_going = true;
    } else if (word == "--without") {
      left_out.emplace_back(value);
      ++i;
    } else if (word == "--rows-only") {
      rows_only = true;
    }
  }
  std::signal(SIGSEGV, on_crash);
  std::signal(SIGABRT, on_crash);
  const Library stock(arguments[1]);
  const Library perlite(arguments[2]);
  Test test(stock, perlite, keep_going);
  std::printf("%s against %s, seed %llu\n", stock.libversion(), perlite.libversion(),
              static_cast<unsigned long long>(seed));
  if (!excuse_table.empty()) test.table(excuse_table, false);
  if (!table.empty()) test.table(table, true);
  if (expressions > 0) test.expressions(seed, expressions);
  for (long i = 0; i < sessions && (keep_going || test.differences() == 0); ++i) {
    test.session(seed + static_cast<std::uint64_t>(i), statements);
  }
  std::printf("%ld differences\n", test.differences());
  return test.differences() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace perlite::compat

int main(int count, char** arguments) { return perlite::compat::main_of(count, arguments); }
