// .import and .export: rows from and to files.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "shell/interrupt.h"
#include "shell/shell.h"

namespace perlite::shell {
namespace {

constexpr auto kQuietTime = std::chrono::milliseconds(400);  // an import that is done sooner shows no bar
constexpr int kBarWidth = 30;
constexpr long kRowsBetweenLooks = 1024;

// CSV by RFC 4180, with any one-byte separator; quotes are understood only with commas or when asked for.
class CsvReader {
 public:
  CsvReader(std::FILE* in, char separator) : in_(in), separator_(separator) {
    if (peek() == 0xef) {  // a byte order mark is no data
      take();
      if (peek() == 0xbb) take();
      if (peek() == 0xbf) take();
    }
  }

  // False at the end of the file.
  bool next(std::vector<std::string>* fields) {
    fields->clear();
    if (peek() == EOF) return false;
    first_line_of_row_ = line_;
    for (;;) {
      std::string field;
      const int end = read_field(field);
      fields->push_back(std::move(field));
      if (end != separator_) return true;
    }
  }
  long line() const { return first_line_of_row_; }
  long long bytes() const { return bytes_; }

 private:
  int peek() {
    const int c = std::getc(in_);
    if (c != EOF) std::ungetc(c, in_);
    return c;
  }
  int take() {
    const int c = std::getc(in_);
    if (c != EOF) ++bytes_;
    if (c == '\n') ++line_;
    return c;
  }

  // What ended it: the separator, a line end or EOF.
  int read_field(std::string& field) {
    if (peek() == '"') {
      take();
      for (int c; (c = take()) != EOF;) {
        if (c != '"') {
          field += static_cast<char>(c);
        } else if (peek() == '"') {
          field += static_cast<char>(take());
        } else {
          break;
        }
      }
    }
    for (int c;;) {
      c = take();
      if (c == '\r' && peek() == '\n') c = take();
      if (c == separator_ || c == '\n' || c == EOF) return c;
      field += static_cast<char>(c);
    }
  }

  std::FILE* in_;
  const int separator_;
  long line_ = 1;
  long first_line_of_row_ = 1;
  long long bytes_ = 0;
};

class ProgressBar {
 public:
  ProgressBar(std::FILE* in, const std::string& what) : what_(what), shown_(isatty(STDERR_FILENO) != 0) {
    struct stat info {};
    if (fstat(fileno(in), &info) == 0 && S_ISREG(info.st_mode)) total_ = static_cast<long long>(info.st_size);
  }
  ~ProgressBar() { clear(); }
  void show(long long bytes, long rows) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now - start_ < kQuietTime || now - last_ < std::chrono::milliseconds(80)) return;
    last_ = now;
    drawn_ = true;
    if (total_ > 0) {
      const double part = static_cast<double>(bytes) / static_cast<double>(total_);
      const int full = static_cast<int>(part * kBarWidth);
      std::string bar;
      for (int i = 0; i < kBarWidth; ++i) bar += i < full ? "█" : "░";
      std::fprintf(stderr, "\r\033[K%s %s %3d %%  %ld rows", what_.c_str(), bar.c_str(), static_cast<int>(part * 100),
                   rows);
    } else {
      std::fprintf(stderr, "\r\033[K%s  %ld rows", what_.c_str(), rows);
    }
    std::fflush(stderr);
  }
  void clear() {
    if (drawn_) std::fputs("\r\033[K", stderr);
    drawn_ = false;
  }

 private:
  const std::string what_;
  const bool shown_;
  bool drawn_ = false;
  long long total_ = 0;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = start_;
};

}  // namespace

// One import: all rows or none, but for a row the table refuses, which is named and left out.
class Import {
 public:
  Import(Shell& shell, std::FILE* in, std::string file, char separator)
      : shell_(shell), in_(in), file_(std::move(file)), reader_(in, separator) {}
  ~Import() {
    sqlite3_finalize(insert_);
    std::fclose(in_);
  }

  bool run(const std::string& schema, const std::string& table, long skip) {
    std::vector<std::string> fields;
    for (long i = 0; i < skip; ++i) reader_.next(&fields);
    const std::string target = quote_identifier(schema) + "." + quote_identifier(table);
    const bool exists = !shell_
                             .query("SELECT 1 FROM " + quote_identifier(schema) +
                                        ".sqlite_schema WHERE type IN('table','view') AND name = ?1 COLLATE NOCASE",
                                    {table})
                             .empty();
    if (!execute("SAVEPOINT perlite_import")) return false;
    const bool good = (exists || create(target)) && prepare(target) && insert_all();
    if (!good) execute_quietly("ROLLBACK TO perlite_import");
    execute_quietly("RELEASE perlite_import");
    return good && refused_ == 0;
  }

 private:
  bool execute(const std::string& sql) {
    if (sqlite3_exec(shell_.db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return true;
    return shell_.fail(sqlite3_errmsg(shell_.db_));
  }
  void execute_quietly(const char* sql) { sqlite3_exec(shell_.db_, sql, nullptr, nullptr, nullptr); }

  bool create(const std::string& target) {
    std::vector<std::string> names;
    if (!reader_.next(&names)) return shell_.fail(file_ + ": empty file");
    std::string sql = "CREATE TABLE " + target + "(";
    for (std::size_t i = 0; i < names.size(); ++i) {
      sql += (i == 0 ? "" : ", ") + quote_identifier(names[i].empty() ? "column" + std::to_string(i + 1) : names[i]) +
             " TEXT";
    }
    return execute(sql + ")");
  }

  bool prepare(const std::string& target) {
    sqlite3_stmt* probe = nullptr;
    if (sqlite3_prepare_v2(shell_.db_, ("SELECT * FROM " + target).c_str(), -1, &probe, nullptr) != SQLITE_OK) {
      return shell_.fail(sqlite3_errmsg(shell_.db_));
    }
    columns_ = sqlite3_column_count(probe);
    sqlite3_finalize(probe);
    std::string sql = "INSERT INTO " + target + " VALUES(?";
    for (int i = 1; i < columns_; ++i) sql += ",?";
    if (sqlite3_prepare_v2(shell_.db_, (sql + ")").c_str(), -1, &insert_, nullptr) == SQLITE_OK) return true;
    return shell_.fail(sqlite3_errmsg(shell_.db_));
  }

  bool insert_all() {
    ProgressBar bar(in_, file_);
    std::vector<std::string> fields;
    long rows = 0;
    while (reader_.next(&fields)) {
      if (fields.size() != static_cast<std::size_t>(columns_) && !(fields.size() == 1 && fields[0].empty())) {
        bar.clear();
        std::fprintf(
            stderr, "%s:%ld: expected %d columns but found %zu%s\n", file_.c_str(), reader_.line(), columns_,
            fields.size(),
            fields.size() < static_cast<std::size_t>(columns_) ? " - filling the rest with NULL" : " - extras ignored");
      } else if (fields.size() == 1 && fields[0].empty() && columns_ > 1) {
        continue;  // an empty line
      }
      for (int i = 0; i < columns_; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (at < fields.size()) {
          sqlite3_bind_text(insert_, i + 1, fields[at].data(), static_cast<int>(fields[at].size()), SQLITE_STATIC);
        } else {
          sqlite3_bind_null(insert_, i + 1);
        }
      }
      sqlite3_step(insert_);
      const int code = sqlite3_reset(insert_);
      if (code != SQLITE_OK) {
        bar.clear();
        std::fprintf(stderr, "%s:%ld: INSERT failed: %s\n", file_.c_str(), reader_.line(), sqlite3_errmsg(shell_.db_));
        ++refused_;
        if ((code & 0xff) != SQLITE_CONSTRAINT && (code & 0xff) != SQLITE_MISMATCH) return false;
      }
      if (++rows % kRowsBetweenLooks == 0) bar.show(reader_.bytes(), rows);
      if (interrupted != 0) {
        bar.clear();
        return shell_.fail("interrupted; nothing was imported");
      }
    }
    return true;
  }

  Shell& shell_;
  std::FILE* in_;
  const std::string file_;
  CsvReader reader_;
  sqlite3_stmt* insert_ = nullptr;
  int columns_ = 0;
  long refused_ = 0;
};

bool Shell::command_import(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  char separator = format.mode == Mode::Csv || format.column_separator.size() != 1 || format.column_separator == "|"
                       ? ','
                       : format.column_separator[0];
  std::string schema = "main";
  long skip = 0;
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string word = words[i];
    if (word.starts_with("--")) word.erase(0, 1);
    if (word == "-skip" && i + 1 < words.size()) {
      skip = std::atol(words[++i].c_str());
    } else if (word == "-csv") {
      separator = ',';
    } else if (word == "-tabs") {
      separator = '\t';
    } else if (word == "-separator" && i + 1 < words.size() && words[i + 1].size() == 1) {
      separator = words[++i][0];
    } else if (word == "-schema" && i + 1 < words.size()) {
      schema = words[++i];
    } else if (word.size() > 1 && word[0] == '-') {
      return fail("unknown option: " + words[i]);
    } else {
      names.push_back(words[i]);
    }
  }
  if (names.size() != 2) return fail("usage: .import [--skip N] [--tabs|--separator C] FILE TABLE");
  std::FILE* in = std::fopen(names[0].c_str(), "rb");
  if (in == nullptr) return fail("cannot open \"" + names[0] + "\": " + std::strerror(errno));
  set_running(nullptr);
  interrupted = 0;
  Import import(*this, in, names[0], separator);
  return import.run(schema, names[1], skip);
}

bool Shell::command_export(const std::vector<std::string>& words) {
  if (words.size() < 3) return fail("usage: .export FILE TABLE|SQL");
  const std::string& file = words[1];
  std::string sql = words[2];
  for (std::size_t i = 3; i < words.size(); ++i) sql += " " + words[i];
  const bool is_table = words.size() == 3 && sql.find_first_of(" \t\n(") == std::string::npos;
  Format rows;
  const std::string suffix = file.rfind('.') == std::string::npos ? "" : file.substr(file.rfind('.') + 1);
  rows.set_mode(suffix == "json"  ? Mode::Json
                : suffix == "tsv" ? Mode::Tabs
                : suffix == "md"  ? Mode::Markdown
                : suffix == "sql" ? Mode::Insert
                : suffix == "txt" ? Mode::Box
                                  : Mode::Csv);
  rows.headers = rows.mode != Mode::Insert;
  if (is_table) {
    rows.insert_table = sql;
    sql = "SELECT * FROM " + quote_identifier(sql);
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    show_error(sql.c_str(), sql.size(), 0);
    return false;
  }
  if (statement == nullptr || sqlite3_column_count(statement) == 0) {
    sqlite3_finalize(statement);
    return fail("this statement has no rows to export");
  }
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (out == nullptr) {
    sqlite3_finalize(statement);
    return fail(file + ": " + std::strerror(errno));
  }
  std::swap(out, out_);
  const std::unique_ptr<Printer> printer = make_printer(rows, out_, statement);
  bool good = step_all(statement, printer.get());
  std::swap(out, out_);
  const bool written = std::ferror(out) == 0;
  if (std::fclose(out) != 0 || !written) good = fail(file + ": cannot be written");
  if (!good) show_error(sql.c_str(), sql.size(), 0);
  sqlite3_finalize(statement);
  return good;
}

}  // namespace perlite::shell
