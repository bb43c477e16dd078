#include "tools/perlite_test_run.h"

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "tools/perlite_test_md5.h"

namespace perlite::tools {
namespace {

constexpr std::size_t kShownLines = 24;   // of a difference
constexpr std::size_t kContextLines = 2;  // before and behind it

struct Outcome {
  int code = SQLITE_OK;
  std::string message;
  int columns = 0;
  std::vector<std::string> values;
};

// Three digits behind the point, and at most 16 that count before it: the rest are zeros, as the corpus was written.
std::string real_text(double value) {
  char text[400];
  if (!(std::fabs(value) >= 1e16) || std::isinf(value)) {
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
  }
  std::snprintf(text, sizeof text, "%.15e", std::fabs(value));
  std::string digits;
  for (const char* at = text; *at != 'e'; ++at) {
    if (*at != '.') digits += *at;
  }
  digits.resize(static_cast<std::size_t>(std::atoi(std::strchr(text, 'e') + 1)) + 1, '0');
  return (value < 0 ? "-" : "") + digits + ".000";
}

// How a value is written in a test file: T text, I integer, R real with three digits behind the point.
std::string value_text(const Api& api, sqlite3_stmt* statement, int column, char type) {
  if (api.column_type(statement, column) == SQLITE_NULL) return "NULL";
  char number[24];
  switch (type) {
    case 'I':
      std::snprintf(number, sizeof number, "%lld", static_cast<long long>(api.column_int64(statement, column)));
      return number;
    case 'R':
      return real_text(api.column_double(statement, column));
    default: {
      const unsigned char* text = api.column_text(statement, column);
      const int size = text == nullptr ? 0 : api.column_bytes(statement, column);
      if (size == 0) return "(empty)";
      std::string shown(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
      for (char& c : shown) {
        if (c < ' ' || c > '~') c = '@';
      }
      return shown;
    }
  }
}

// All statements of the text; the rows of the last one that has columns.
Outcome run_sql(const Api& api, sqlite3* db, const std::string& sql, const std::string& types) {
  Outcome outcome;
  const char* at = sql.c_str();
  while (*at != '\0') {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    outcome.code = api.prepare_v2(db, at, -1, &statement, &tail);
    if (outcome.code == SQLITE_OK && statement != nullptr) {
      const int columns = api.column_count(statement);
      if (columns > 0) {
        outcome.columns = columns;
        outcome.values.clear();
      }
      while ((outcome.code = api.step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < columns; ++i) {
          const char type = static_cast<std::size_t>(i) < types.size() ? types[static_cast<std::size_t>(i)] : 'T';
          outcome.values.push_back(value_text(api, statement, i, type));
        }
      }
      if (outcome.code == SQLITE_DONE) outcome.code = SQLITE_OK;
    }
    if (outcome.code != SQLITE_OK) {
      outcome.message = api.errmsg(db);
      api.finalize(statement);
      return outcome;
    }
    api.finalize(statement);
    at = tail;
  }
  return outcome;
}

void sort_values(SortMode mode, std::size_t columns, std::vector<std::string>& values) {
  if (mode == SortMode::Values) {
    std::sort(values.begin(), values.end());
  } else if (mode == SortMode::Rows && columns > 0) {
    std::vector<std::vector<std::string>> rows;
    for (std::size_t at = 0; at < values.size(); at += columns) {
      rows.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(at),
                        values.begin() + static_cast<std::ptrdiff_t>(at + columns));
    }
    std::sort(rows.begin(), rows.end());
    values.clear();
    for (auto& row : rows) {
      for (std::string& value : row) values.push_back(std::move(value));
    }
  }
}

std::string hash_line(const std::vector<std::string>& values) {
  Md5 md5;
  for (const std::string& value : values) {
    md5.add(value);
    md5.add("\n");
  }
  return std::to_string(values.size()) + " values hashing to " + md5.hex();
}

// What differs between two lists: equal lines at both ends are left out but for a few.
std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& got) {
  std::size_t head = 0;
  while (head < expected.size() && head < got.size() && expected[head] == got[head]) ++head;
  std::size_t tail = 0;
  while (tail < expected.size() - head && tail < got.size() - head &&
         expected[expected.size() - 1 - tail] == got[got.size() - 1 - tail]) {
    ++tail;
  }
  std::string text;
  const std::size_t context = std::min(head, kContextLines);
  if (head > context) text += "      ... " + std::to_string(head - context) + " equal values\n";
  for (std::size_t i = head - context; i < head; ++i) text += "      " + expected[i] + "\n";
  const auto show = [&text](const char* mark, const std::vector<std::string>& lines, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (i - from == kShownLines) {
        text += std::string("    ") + mark + " ... " + std::to_string(to - i) + " more\n";
        break;
      }
      text += std::string("    ") + mark + " " + lines[i] + "\n";
    }
  };
  show("-", expected, head, expected.size() - tail);
  show("+", got, head, got.size() - tail);
  const std::size_t behind = std::min(tail, kContextLines);
  for (std::size_t i = 0; i < behind; ++i) text += "      " + expected[expected.size() - tail + i] + "\n";
  if (tail > behind) text += "      ... " + std::to_string(tail - behind) + " equal values\n";
  return text;
}

std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + "\n";
}

// `statement error TEXT`: the whole message, or its beginning when TEXT ends in "...".
bool message_matches(const std::string& expected, const std::string& message) {
  if (expected.empty()) return true;
  if (expected.size() > 3 && expected.ends_with("...")) {
    return message.starts_with(std::string_view(expected).substr(0, expected.size() - 3));
  }
  return expected == message;
}

class FileRun {
 public:
  FileRun(const Api& api, TestFile& file, const RunOptions& options, FileResult& result)
      : api_(api), file_(file), options_(options), result_(result) {}

  void run(std::atomic<long>& records_done) {
    remove_database();
    if (open()) {
      for (const Record& record : file_.records) {
        records_done.fetch_add(1, std::memory_order_relaxed);
        if (!applies(record)) {
          if (record.kind != RecordKind::Halt && record.kind != RecordKind::HashThreshold) ++result_.skipped;
          continue;
        }
        if (record.kind == RecordKind::Halt) break;
        run_record(record);
      }
    }
    api_.close(db_);
    remove_database();
  }

  // The new text of each line that --update changed, and the lines it replaces.
  struct Replacement {
    std::size_t begin, end;
    std::vector<std::string> lines;
  };
  std::vector<Replacement> replacements;

 private:
  bool open() {
    int code = api_.open_v2(options_.database.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    std::string message = db_ == nullptr ? "cannot open" : api_.errmsg(db_);
    if (code == SQLITE_OK && options_.rewrites_off != 0) {
      api_.test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, db_, options_.rewrites_off);
    }
    if (code == SQLITE_OK && !options_.initial_sql.empty()) {
      const Outcome outcome = run_sql(api_, db_, options_.initial_sql, "");
      code = outcome.code;
      message = outcome.message;
    }
    if (code == SQLITE_OK) return true;
    ++result_.failed;
    result_.failures.push_back({1, "    " + options_.database + ": " + message + "\n"});
    return false;
  }

  void remove_database() const {
    if (options_.database.empty() || options_.database == ":memory:") return;
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) unlink((options_.database + suffix).c_str());
  }

  bool applies(const Record& record) const {
    for (const Condition& condition : record.conditions) {
      const bool named =
          std::find(options_.engines.begin(), options_.engines.end(), condition.engine) != options_.engines.end();
      if (named == condition.skip) return false;
    }
    return true;
  }

  void fail(const Record& record, const std::string& text) {
    ++result_.failed;
    if (result_.failures.size() < static_cast<std::size_t>(options_.max_failures)) {
      result_.failures.push_back({record.line + 1, "    " + file_.lines[record.line] + "\n" +
                                                       (record.sql.empty() ? "" : indented(record.sql)) + text});
    }
  }

  void run_record(const Record& record) {
    switch (record.kind) {
      case RecordKind::HashThreshold:
        threshold_ = record.threshold;
        return;
      case RecordKind::Malformed:
        return fail(record, "  " + record.error_text + "\n");
      case RecordKind::StatementOk:
      case RecordKind::StatementError:
        return run_statement(record);
      case RecordKind::Query:
        return run_query(record);
      case RecordKind::Halt:
        return;
    }
  }

  void run_statement(const Record& record) {
    const Outcome outcome = run_sql(api_, db_, record.sql, "");
    const bool failed = outcome.code != SQLITE_OK;
    const bool wanted = record.kind == RecordKind::StatementError;
    if (failed == wanted && (!failed || message_matches(record.error_text, outcome.message))) {
      ++result_.passed;
      return;
    }
    if (options_.update) {
      return replace(record.line, record.line + 1, {failed ? "statement error " + outcome.message : "statement ok"});
    }
    if (failed && !wanted) {
      fail(record, "  error " + std::to_string(outcome.code) + ": " + outcome.message + "\n");
    } else if (!failed) {
      fail(record,
           "  succeeds, but should fail" + (record.error_text.empty() ? "" : " with: " + record.error_text) + "\n");
    } else {
      fail(record, "  fails with another message:\n    - " + record.error_text + "\n    + " + outcome.message + "\n");
    }
  }

  void run_query(const Record& record) {
    Outcome outcome = run_sql(api_, db_, record.sql, record.types);
    const std::size_t expected_count = record.expected_end - record.expected_begin;
    if (outcome.code != SQLITE_OK) {
      // A sum that overflows has no value to expect; the error is the answer.
      if (expected_count == 0 && outcome.message == "integer overflow") {
        ++result_.passed;
        return;
      }
      return fail(record, "  error " + std::to_string(outcome.code) + ": " + outcome.message + "\n");
    }
    if (static_cast<std::size_t>(outcome.columns) != record.types.size()) {
      return fail(record, "  " + std::to_string(outcome.columns) + " columns, but " +
                              std::to_string(record.types.size()) + " types\n");
    }
    sort_values(record.sort, static_cast<std::size_t>(outcome.columns), outcome.values);
    const bool long_result = threshold_ > 0 && outcome.values.size() > static_cast<std::size_t>(threshold_);
    const std::string hash = hash_line(outcome.values);

    if (!record.label.empty()) {
      const auto [known, is_new] = labels_.emplace(record.label, hash);
      if (!is_new && known->second != hash) {
        return fail(record, "  differs from the earlier query labelled " + record.label + "\n");
      }
    }
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < expected_count; ++i) expected.emplace_back(file_.expected(record, i));
    const bool expects_hash = expected_count == 1 && expected[0].find(" values hashing to ") != std::string::npos;
    const bool same = expects_hash ? expected[0] == hash : expected == outcome.values;
    if (same || (!record.has_separator && !options_.update)) {
      ++result_.passed;
      return;
    }
    if (options_.update) {
      std::vector<std::string> lines = long_result ? std::vector<std::string>{hash} : outcome.values;
      if (!record.has_separator) lines.insert(lines.begin(), "----");
      return replace(record.expected_begin, record.expected_end, std::move(lines));
    }
    if (expects_hash) {
      return fail(record, "  the result has another hash:\n    - " + expected[0] + "\n    + " + hash + "\n" +
                              difference({}, outcome.values));
    }
    fail(record, "  expected " + std::to_string(expected_count) + " values (-), got " +
                     std::to_string(outcome.values.size()) + " (+):\n" + difference(expected, outcome.values));
  }

  void replace(std::size_t begin, std::size_t end, std::vector<std::string> lines) {
    replacements.push_back({begin, end, std::move(lines)});
    result_.updated = true;
    ++result_.passed;
  }

  const Api& api_;
  TestFile& file_;
  const RunOptions& options_;
  FileResult& result_;
  sqlite3* db_ = nullptr;
  long threshold_ = 0;
  std::map<std::string, std::string> labels_;
};

}  // namespace

FileResult run_file(const Api& api, const std::string& path, const RunOptions& options,
                    std::atomic<long>& records_done) {
  const auto start = std::chrono::steady_clock::now();
  FileResult result;
  result.path = path;
  TestFile file;
  file.path = path;
  std::string error;
  if (!file.read(&error)) {
    result.failed = 1;
    result.failures.push_back({1, "    " + error + "\n"});
    return result;
  }
  FileRun run(api, file, options, result);
  run.run(records_done);
  if (result.updated) {
    // From the end, so that earlier line numbers stay right.
    for (auto at = run.replacements.rbegin(); at != run.replacements.rend(); ++at) {
      const auto begin = file.lines.begin() + static_cast<std::ptrdiff_t>(at->begin);
      file.lines.erase(begin, file.lines.begin() + static_cast<std::ptrdiff_t>(at->end));
      file.lines.insert(file.lines.begin() + static_cast<std::ptrdiff_t>(at->begin), at->lines.begin(),
                        at->lines.end());
    }
    if (!file.write(&error)) {
      ++result.failed;
      result.failures.push_back({1, "    " + error + "\n"});
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace perlite::tools
