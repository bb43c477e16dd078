// tests/engine/harness.h: the engine under test and the oracle, side by side, through the public interface.
//
// Both libraries are loaded by path and never linked. Where they stand is built in (tests/support/places.h); the environment
// variable PERLITE_SUBJECT puts another library in Perlite's place, as when a test is proved on the oracle alone.
// What may differ stands in tests/engine/known_differences.txt, and must differ.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/compat/library.h"
#include "tests/support/places.h"

namespace perlite::engine_test {

using compat::Answer;
using compat::Library;

inline const Library& stock() {
  static const Library library(test::places.stock);
  return library;
}

inline std::string subject_path() {
  const char* other = ::getenv("PERLITE_SUBJECT");
  return other != nullptr ? other : test::places.subject;
}

inline const Library& subject() {
  static const Library library(subject_path());
  return library;
}

inline bool subject_is_stock() { return std::string(subject().libversion()) == stock().libversion(); }

// A file name of this process that no file has yet; the file and its journals go with the guard.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& stem = "scratch") {
    static int next = 0;
    path_ = std::string(test::places.scratch) + "/" + stem + "-" + std::to_string(::getpid()) + "-" + std::to_string(next++) + ".db";
    remove();
  }
  ~ScratchFile() { remove(); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::string& path() const { return path_; }
  void remove() const {
    for (const char* tail : {"", "-journal", "-wal", "-shm"}) ::unlink((path_ + tail).c_str());
  }

 private:
  std::string path_;
};

inline void copy_file(const std::string& from, const std::string& to) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary);
  out << in.rdbuf();
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// A connection of one of the libraries.
class Database {
 public:
  explicit Database(const Library& library, const std::string& path = ":memory:",
                    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, const char* vfs = nullptr)
      : library_(library) {
    open_code_ = library.open_v2(path.c_str(), &db_, flags, vfs);
  }
  ~Database() { library_.close_v2(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  sqlite3* handle() const { return db_; }
  const Library& library() const { return library_; }
  int open_code() const { return open_code_; }
  // The planner rewrites nothing and uses no index; answers stay the same.
  void switch_rewrites_off() { library_.test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, db_, ~0u); }

  Answer run(const std::string& sql) { return compat::run(library_, db_, sql); }

  // Runs all statements of the text; the message of the first that fails, else "".
  std::string exec(const std::string& sql) {
    char* message = nullptr;
    const int code = library_.exec(db_, sql.c_str(), nullptr, nullptr, &message);
    std::string text;
    if (code != SQLITE_OK) text = std::to_string(code) + ": " + (message == nullptr ? "?" : message);
    library_.free(message);
    return text;
  }

  // The rows of one statement, values with their type letters, `|` and newline between; or the error.
  std::string text(const std::string& sql) {
    const Answer answer = run(sql);
    if (answer.code != SQLITE_OK) return "error " + std::to_string(answer.code) + ": " + answer.message;
    std::string text;
    for (const auto& row : answer.rows) {
      if (!text.empty()) text += '\n';
      for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "|") + row[i];
    }
    return text;
  }

 private:
  const Library& library_;
  sqlite3* db_ = nullptr;
  int open_code_ = SQLITE_OK;
};

// A prepared statement; step by step.
class Prepared {
 public:
  Prepared(Database& database, const std::string& sql) : library_(database.library()) {
    code_ = library_.prepare_v2(database.handle(), sql.c_str(), -1, &statement_, nullptr);
  }
  ~Prepared() { library_.finalize(statement_); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  sqlite3_stmt* handle() const { return statement_; }
  int code() const { return code_; }
  int step() { return library_.step(statement_); }
  int reset() { return library_.reset(statement_); }
  std::string value(int column = 0) const { return compat::value_of(library_, statement_, column); }
  int counter(int what, bool reset = false) const { return library_.stmt_status(statement_, what, reset ? 1 : 0); }

 private:
  const Library& library_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
};

inline std::string shown(const Answer& answer) {
  std::string text;
  if (answer.code != SQLITE_OK) {
    text += "      error " + std::to_string(answer.code) + ": " + answer.message + " (offset " +
            std::to_string(answer.offset) + ")\n";
  }
  text += "      " + std::to_string(answer.rows.size()) + " rows, changes " + std::to_string(answer.changes) +
          ", total " + std::to_string(answer.total_changes) + ", rowid " + std::to_string(answer.last_rowid) +
          ", autocommit " + std::to_string(answer.autocommit) + "\n";
  if (!answer.names.empty()) {
    text += "      names:";
    for (const std::string& name : answer.names) text += " [" + name + "]";
    text += "\n";
  }
  for (std::size_t i = 0; i < answer.rows.size() && i < 8; ++i) {
    text += "      ";
    for (const std::string& value : answer.rows[i]) text += value.substr(0, 100) + " | ";
    text += "\n";
  }
  return text;
}

struct Case {
  std::string name;
  std::vector<std::string> statements;
};

// Statements that end with `;` at the end of a line, under headings `-- case: NAME`. Other comment lines are dropped.
inline std::vector<Case> read_script(const std::string& path) {
  std::ifstream in(path);
  std::vector<Case> cases;
  std::string line, statement;
  const std::string stem = path.substr(path.rfind('/') + 1);
  while (std::getline(in, line)) {
    if (line.starts_with("-- case: ")) {
      cases.push_back({stem + ": " + line.substr(9), {}});
      continue;
    }
    if (line.starts_with("--") || line.empty()) continue;
    statement += (statement.empty() ? "" : "\n") + line;
    if (line.back() == ';') {
      statement.pop_back();
      cases.back().statements.push_back(std::exchange(statement, {}));
    }
  }
  return cases;
}

// The table of known differences: pairs of a case and a statement. With ENGINE_RECORD set to a file name, differences
// are written there as entries instead of failing.
class KnownDifferences {
 public:
  using Key = std::pair<std::string, std::string>;
  KnownDifferences() {
    std::ifstream in(std::string(test::places.source) + "/tests/engine/known_differences.txt");
    std::string line;
    while (std::getline(in, line)) {
      if (line.empty() || line[0] == '#') continue;
      const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
      if (first == std::string::npos || second == std::string::npos) {
        ADD_FAILURE() << "not three fields: " << line;
        continue;
      }
      known_.insert({line.substr(0, first), line.substr(first + 1, second - first - 1)});
    }
  }
  static const KnownDifferences& get() {
    static const KnownDifferences all;
    return all;
  }
  bool contains(const Key& key) const { return known_.contains(key); }
  static bool record(const Key& key) {
    const char* path = ::getenv("ENGINE_RECORD");
    if (path == nullptr) return false;
    std::ofstream(path, std::ios::app) << key.first << "\t" << key.second << "\t\n";
    return true;
  }

 private:
  std::set<Key> known_;
};

// Equal, unless the table of known differences has the case (its statement is `-`): then it must differ.
inline void expect_same(const std::string& name, const std::string& expected, const std::string& got) {
  const KnownDifferences::Key key{name, "-"};
  if (KnownDifferences::get().contains(key)) {
    if (!subject_is_stock()) {
      EXPECT_NE(expected, got) << "known difference is none any more: " << name;
    }
  } else if (expected != got && !KnownDifferences::record(key)) {
    EXPECT_EQ(expected, got) << name;
  }
}

// Runs cases on both libraries, each on databases of its own, and reports what is not equal.
class Comparison {
 public:
  enum class Rewrites { On, Off };  // of ours; the oracle plans as ever
  explicit Comparison(Rewrites rewrites = Rewrites::On) : rewrites_(rewrites) {}

  void run(const Case& one, const std::string& path = ":memory:", int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    Database oracle(stock(), path, flags), ours(subject(), path, flags);
    if (rewrites_ == Rewrites::Off) ours.switch_rewrites_off();
    ++cases_;
    for (const std::string& sql : one.statements) {
      ++statements_;
      const Answer expected = oracle.run(sql), got = ours.run(sql);
      const std::pair<std::string, std::string> key{one.name, flat(sql)};
      const bool is_known = KnownDifferences::get().contains(key);
      if (is_known) ran_.insert(key);
      if (same(sql, expected, got)) continue;
      if (is_known) {
        differing_.insert(key);
        continue;
      }
      if (KnownDifferences::record(key)) continue;
      ++differences_;
      if (differences_ > kShownDifferences) return;
      ADD_FAILURE() << "case " << one.name << "\n    " << sql << "\n    stock:\n" << shown(expected) << "    perlite:\n"
                    << shown(got);
      return;
    }
  }

  // An entry of the table that this comparison met must still differ.
  void finish() {
    for (const auto& key : ran_) {
      if (!subject_is_stock() && !differing_.contains(key)) {
        ADD_FAILURE() << "known difference is none any more: " << key.first << ": " << key.second;
      }
    }
    if (differences_ > kShownDifferences) ADD_FAILURE() << differences_ << " cases differ";
    std::printf("%d cases, %d statements, %d differ\n", cases_, statements_, differences_);
  }

 private:
  static constexpr int kShownDifferences = 40;

  static std::string flat(std::string sql) {
    std::replace(sql.begin(), sql.end(), '\n', ' ');
    std::replace(sql.begin(), sql.end(), '\t', ' ');
    return sql;
  }
  static bool ordered(const std::string& sql) {
    std::string upper = sql;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return upper.find("ORDER BY") != std::string::npos;
  }
  static bool same(const std::string& sql, Answer a, Answer b) {
    if (!ordered(sql)) {
      std::sort(a.rows.begin(), a.rows.end());
      std::sort(b.rows.begin(), b.rows.end());
    }
    return a.code == b.code && a.offset == b.offset && a.message == b.message && a.names == b.names &&
           a.rows == b.rows && a.changes == b.changes && a.total_changes == b.total_changes &&
           a.last_rowid == b.last_rowid && a.autocommit == b.autocommit;
  }

  const Rewrites rewrites_;
  std::set<std::pair<std::string, std::string>> ran_, differing_;
  int cases_ = 0, statements_ = 0, differences_ = 0;
};

}  // namespace perlite::engine_test
