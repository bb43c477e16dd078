#include "shell/shell.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

#include "shell/interrupt.h"

namespace perlite::shell {
namespace {

constexpr std::size_t kShownWidth = 76;  // of the SQL line above a caret

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n;") == std::string_view::npos; }

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Wall, user and system time since it was made.
class Stopwatch {
 public:
  Stopwatch() { getrusage(RUSAGE_SELF, &usage_); }
  void report(std::FILE* out) const {
    rusage now{};
    getrusage(RUSAGE_SELF, &now);
    const double real = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    std::fprintf(out, "Run Time: real %.3f user %.6f sys %.6f\n", real,
                 seconds_of(now.ru_utime) - seconds_of(usage_.ru_utime),
                 seconds_of(now.ru_stime) - seconds_of(usage_.ru_stime));
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  rusage usage_{};
};

}  // namespace

Shell::~Shell() {
  restore_output();
  sqlite3_close(db_);
}

bool Shell::open(const std::string& filename, int flags) {
  sqlite3* db = nullptr;
  const std::string name = filename.empty() ? ":memory:" : filename;
  const int code = sqlite3_open_v2(name.c_str(), &db, flags | SQLITE_OPEN_URI, nullptr);
  if (code != SQLITE_OK) {
    std::fprintf(stderr, "Error: unable to open database \"%s\": %s\n", name.c_str(),
                 db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db));
    sqlite3_close(db);
    return false;
  }
  sqlite3_close(db_);
  db_ = db;
  filename_ = name;
  sqlite3_busy_timeout(db_, 3000);
  return true;
}

bool Shell::run(LineSource& source, bool interactive) {
  const bool was_interactive = interactive_;
  interactive_ = interactive;
  bool all_good = true;
  std::string statement;
  std::string line;
  std::size_t line_number = 0;
  std::size_t first_line = 0;
  bool given_up = false;
  while (!exit_ && source.next(statement.empty() ? "perlite> " : "    ...> ", &line, &given_up)) {
    ++line_number;
    if (given_up) {
      statement.clear();
      continue;
    }
    if (interrupted != 0 && !interactive) break;
    interrupted = 0;
    if (statement.empty() && is_blank(line)) continue;
    if (echo) std::fprintf(out_, "%s\n", line.c_str());
    bool good = true;
    if (statement.empty() && line[0] == '.') {
      source.remember(line);
      error_place_ = interactive ? "" : "near line " + std::to_string(line_number) + ": ";
      good = run_command(line);
    } else {
      if (statement.empty()) first_line = line_number;
      // "go" and "/" on a line of their own end a statement too, as in other shells.
      if (!statement.empty() && (line == "/" || sqlite3_stricmp(line.c_str(), "go") == 0)) line = ";";
      if (!statement.empty()) statement += '\n';
      statement += line;
      if (sqlite3_complete(statement.c_str()) == 0) continue;
      source.remember(statement);
      good = run_sql(statement, interactive ? 0 : first_line);
      statement.clear();
    }
    if (!good) {
      all_good = false;
      if (bail && !interactive) break;
    }
  }
  if (!exit_ && !is_blank(statement)) all_good = run_sql(statement, interactive ? 0 : first_line) && all_good;
  interactive_ = was_interactive;
  return all_good;
}

bool Shell::run_text(const std::string& text) {
  error_place_.clear();
  return !text.empty() && text[0] == '.' ? run_command(text) : run_sql(text, 0);
}

bool Shell::run_sql(const std::string& sql, std::size_t first_line) {
  const char* at = sql.c_str();
  bool good = true;
  while (good && *at != '\0') {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const Stopwatch stopwatch;
    const std::size_t line =
        first_line == 0 ? 0 : first_line + static_cast<std::size_t>(std::count(sql.c_str(), at, '\n'));
    if (sqlite3_prepare_v2(db_, at, -1, &statement, &tail) != SQLITE_OK) {
      show_error(at, std::strlen(at), line);
      good = false;
      break;
    }
    const auto size = static_cast<std::size_t>(tail - at);
    if (statement != nullptr) {
      if (plan_ && sqlite3_stmt_isexplain(statement) == 0) show_plan(at, size);
      good = run_statement(statement, at, size);
      if (!good) show_error(at, size, line);
      if (good && stats_) print_stats(statement);
      sqlite3_finalize(statement);
      if (timer_) stopwatch.report(out_);
      if (good && changes_) {
        std::fprintf(out_, "changes: %lld   total_changes: %lld\n", static_cast<long long>(sqlite3_changes(db_)),
                     static_cast<long long>(sqlite3_total_changes(db_)));
      }
    }
    at = tail;
  }
  std::fflush(out_);
  if (out_once_) restore_output();
  return good;
}

bool Shell::run_statement(sqlite3_stmt* statement, const char*, std::size_t) {
  const bool drawn = format.mode == Mode::Box || format.mode == Mode::Table || format.mode == Mode::Column;
  if (sqlite3_stmt_isexplain(statement) == 2 && drawn) {
    print_plan(statement);
    return sqlite3_errcode(db_) == SQLITE_OK || sqlite3_errcode(db_) == SQLITE_DONE;
  }
  std::unique_ptr<Printer> printer;
  if (sqlite3_column_count(statement) > 0) printer = make_printer(format, out_, statement);
  return step_all(statement, printer.get());
}

bool Shell::step_all(sqlite3_stmt* statement, Printer* printer) {
  set_running(db_);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (printer != nullptr) printer->row(statement);
    // The reader may be gone (a pager that was quit): nobody wants the rest.
    if (std::ferror(out_) != 0) break;
  }
  set_running(nullptr);
  if (printer != nullptr) printer->end();
  return code == SQLITE_DONE || code == SQLITE_ROW;
}

// The message, and below it the line of SQL with a caret under the place, where the place is known.
void Shell::show_error(const char* sql, std::size_t size, std::size_t line) {
  std::fflush(out_);
  const int code = sqlite3_extended_errcode(db_);
  const std::string message = sqlite3_errmsg(db_);
  const int offset = sqlite3_error_offset(db_);
  std::string place;
  if (line != 0) {
    const auto bound = offset >= 0 ? static_cast<std::size_t>(offset) : std::size_t{0};
    const char* first = sql;
    while (*first == ' ' || *first == '\n' || *first == '\t' || *first == '\r') ++first;
    const char* until = std::max(sql + std::min(bound, size), first);
    place = "near line " + std::to_string(line + static_cast<std::size_t>(std::count(sql, until, '\n'))) + ": ";
  }
  std::fprintf(stderr, "Error: %s%s", place.c_str(), message.c_str());
  if (code > 1 && code != SQLITE_CONSTRAINT) std::fprintf(stderr, " (%d)", code);
  std::fputc('\n', stderr);
  if (offset < 0 || static_cast<std::size_t>(offset) > size) return;

  const std::string_view text(sql, size);
  const auto at = static_cast<std::size_t>(offset);
  std::size_t begin = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  std::size_t end = text.find('\n', at);
  if (end == std::string_view::npos) end = size;
  // Of a long line, the part around the place; cut between characters.
  const auto inside = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80; };
  if (end - begin > kShownWidth) {
    if (at - begin > kShownWidth / 2) begin = at - kShownWidth / 2;
    end = std::min(end, begin + kShownWidth);
    while (begin < at && inside(begin)) ++begin;
    while (end < size && inside(end)) ++end;
  }
  std::string shown(text.substr(begin, end - begin));
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  const int column = display_width(std::string_view(shown).substr(0, at - begin));
  std::fprintf(stderr, "  %s\n  %*s^ here\n", shown.c_str(), column, "");
}

void Shell::show_plan(const char* text, std::size_t size) {
  const std::string sql = "EXPLAIN QUERY PLAN " + std::string(text, size);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK && statement != nullptr) {
    print_plan(statement);
  }
  sqlite3_finalize(statement);
}

// The rows (id, parent, unused, detail) of EXPLAIN QUERY PLAN as a tree.
void Shell::print_plan(sqlite3_stmt* statement) {
  struct Node {
    int id;
    std::string detail;
  };
  std::map<int, std::vector<Node>> children;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* detail = sqlite3_column_text(statement, 3);
    children[sqlite3_column_int(statement, 1)].push_back(
        {sqlite3_column_int(statement, 0), detail == nullptr ? "" : reinterpret_cast<const char*>(detail)});
  }
  sqlite3_reset(statement);
  if (children.empty()) return;
  std::fputs("QUERY PLAN\n", out_);
  struct Frame {
    const std::vector<Node>* nodes;
    std::size_t next;
    std::string prefix;
  };
  std::vector<Frame> stack{{&children[0], 0, ""}};
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (top.next == top.nodes->size()) {
      stack.pop_back();
      continue;
    }
    const Node& node = (*top.nodes)[top.next++];
    const bool last = top.next == top.nodes->size();
    std::fprintf(out_, "%s%s%s\n", top.prefix.c_str(), last ? "`--" : "|--", node.detail.c_str());
    if (const auto below = children.find(node.id); below != children.end() && node.id != 0) {
      const std::string prefix = top.prefix + (last ? "   " : "|  ");
      stack.push_back({&below->second, 0, prefix});
    }
  }
}

void Shell::print_stats(sqlite3_stmt* statement) {
  struct Counter {
    int op;
    const char* name;
  };
  constexpr Counter kStatement[] = {
      {SQLITE_STMTSTATUS_VM_STEP, "Virtual machine steps"}, {SQLITE_STMTSTATUS_FULLSCAN_STEP, "Full scan steps"},
      {SQLITE_STMTSTATUS_SORT, "Sort operations"},          {SQLITE_STMTSTATUS_AUTOINDEX, "Automatic index rows"},
      {SQLITE_STMTSTATUS_REPREPARE, "Compiled again"},      {SQLITE_STMTSTATUS_MEMUSED, "Statement memory"},
  };
  for (const Counter& counter : kStatement) {
    std::fprintf(out_, "%-24s %d\n", counter.name, sqlite3_stmt_status(statement, counter.op, 0));
  }
  constexpr Counter kConnection[] = {{SQLITE_DBSTATUS_CACHE_HIT, "Page cache hits"},
                                     {SQLITE_DBSTATUS_CACHE_MISS, "Page cache misses"},
                                     {SQLITE_DBSTATUS_CACHE_WRITE, "Pages written"},
                                     {SQLITE_DBSTATUS_CACHE_USED, "Page cache bytes"}};
  for (const Counter& counter : kConnection) {
    int current = 0;
    int peak = 0;
    if (sqlite3_db_status(db_, counter.op, &current, &peak, 0) != SQLITE_OK) continue;
    std::fprintf(out_, "%-24s %d\n", counter.name, current);
  }
  std::fprintf(out_, "%-24s %lld (peak %lld)\n", "Memory in use", static_cast<long long>(sqlite3_memory_used()),
               static_cast<long long>(sqlite3_memory_highwater(0)));
}

std::vector<std::vector<std::string>> Shell::query(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<std::vector<std::string>> rows;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return rows;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    sqlite3_bind_text(statement, static_cast<int>(i) + 1, parameters[i].c_str(), -1, SQLITE_STATIC);
  }
  while (sqlite3_step(statement) == SQLITE_ROW) {
    std::vector<std::string> row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = sqlite3_column_text(statement, i);
      row.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    }
    rows.push_back(std::move(row));
  }
  sqlite3_finalize(statement);
  return rows;
}

void Shell::restore_output() {
  if (out_ != stdout) std::fclose(out_);
  out_ = stdout;
  out_once_ = false;
}

std::vector<std::string> Shell::complete(const std::string& prefix, bool at_line_start) {
  std::vector<std::string> found;
  const auto offer = [&](std::string word) {
    if (sqlite3_strnicmp(word.c_str(), prefix.c_str(), static_cast<int>(prefix.size())) == 0 &&
        std::find(found.begin(), found.end(), word) == found.end()) {
      found.push_back(std::move(word));
    }
  };
  if (at_line_start && !prefix.empty() && prefix[0] == '.') {
    for (const char* name :
         {".bail", ".changes", ".databases", ".dump",      ".echo",      ".exit",  ".explain", ".export", ".headers",
          ".help", ".import",  ".indexes",   ".mode",      ".nullvalue", ".once",  ".open",    ".output", ".print",
          ".quit", ".read",    ".schema",    ".separator", ".show",      ".stats", ".tables",  ".timer"}) {
      offer(name);
    }
    return found;
  }
  for (const auto& row : query("SELECT name FROM sqlite_schema WHERE type IN('table','view')")) offer(row[0]);
  for (const auto& row : query("SELECT DISTINCT c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c "
                               "WHERE t.type IN('table','view')")) {
    offer(row[0]);
  }
  if (!prefix.empty()) {
    const bool lower = prefix.back() >= 'a' && prefix.back() <= 'z';
    for (int i = 0; i < sqlite3_keyword_count(); ++i) {
      const char* name = nullptr;
      int size = 0;
      if (sqlite3_keyword_name(i, &name, &size) != SQLITE_OK) continue;
      std::string word(name, static_cast<std::size_t>(size));
      if (lower) {
        for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      }
      offer(std::move(word));
    }
  }
  return found;
}

}  // namespace perlite::shell
