// The dot commands, but for those that move whole tables (dump.cc, transfer.cc).
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "shell/shell.h"

namespace perlite::shell {
namespace {

constexpr int kMaxReadDepth = 16;

constexpr const char* kHelp =
    ".backup [SCHEMA] FILE    copy a database into a file\n"
    ".bail on|off             stop a script at its first error\n"
    ".changes on|off          show how many rows each statement changed\n"
    ".databases               the attached databases and their files\n"
    ".dbinfo [SCHEMA]         what the header of the file says\n"
    ".dump [TABLE...]         the database as SQL (TABLE may have % and _)\n"
    ".echo on|off             print each line before it runs\n"
    ".exit [CODE], .quit      leave\n"
    ".explain on|off          show the query plan before each result\n"
    ".export FILE TABLE|SQL   write rows; the suffix of FILE says how: csv tsv json md sql txt\n"
    ".headers on|off          names above the rows\n"
    ".help [COMMAND]          this text\n"
    ".import FILE TABLE       read CSV into a table, made from the first line when missing\n"
    "     --skip N  leave out N lines   --tabs  or --separator C  instead of commas\n"
    ".indexes [TABLE]         the names of indexes\n"
    ".mode [MODE [TABLE]]     box list csv json table markdown line insert quote tabs column\n"
    ".nullvalue TEXT          what stands for NULL\n"
    ".once FILE               the next result goes to FILE\n"
    ".open [--readonly] FILE  close this database and open another\n"
    ".output [FILE]           results go to FILE, or back to the screen\n"
    ".print TEXT...           print a line\n"
    ".read FILE               run the statements and commands of a file\n"
    ".recover                 what a damaged database still holds, as SQL\n"
    "     --ignore-freelist  --no-rowids  --lost-and-found TABLE\n"
    ".restore [SCHEMA] FILE   replace a database by the one in a file\n"
    ".save FILE               the same as .backup\n"
    ".schema [PATTERN]        the CREATE statements\n"
    ".separator COLUMN [ROW]  of list and csv\n"
    ".show                    the settings\n"
    ".stats on|off            counters after each statement\n"
    ".tables [PATTERN]        the names of tables and views\n"
    ".timer on|off            the time each statement took\n";

// Words of a dot command: '...' as it is, "..." with \n \t \r \\ \" understood.
std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  std::size_t at = 1;
  while (at < line.size()) {
    if (line[at] == ' ' || line[at] == '\t') {
      ++at;
      continue;
    }
    std::string word;
    const char quote = line[at];
    if (quote == '\'' || quote == '"') {
      for (++at; at < line.size() && line[at] != quote; ++at) {
        if (quote == '"' && line[at] == '\\' && at + 1 < line.size()) {
          const char escaped = line[++at];
          word += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
        } else {
          word += line[at];
        }
      }
      ++at;
    } else {
      while (at < line.size() && line[at] != ' ' && line[at] != '\t') word += line[at++];
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      const char c = text[++i];
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool Shell::fail(const std::string& message) {
  std::fflush(out_);
  std::fprintf(stderr, "Error: %s%s\n", error_place_.c_str(), message.c_str());
  return false;
}

bool Shell::set_switch(const std::vector<std::string>& words, bool* setting) {
  if (words.size() != 2) return fail("usage: ." + words[0] + " on|off");
  const std::string& value = words[1];
  if (value == "on" || value == "1" || value == "yes" || value == "true" || value == "auto") {
    *setting = true;
  } else if (value == "off" || value == "0" || value == "no" || value == "false") {
    *setting = false;
  } else {
    return fail("usage: ." + words[0] + " on|off");
  }
  return true;
}

bool Shell::run_command(const std::string& line) {
  const std::vector<std::string> words = split(line);
  if (words.empty()) return true;
  const std::string& name = words[0];
  // As in the stock shell a command may be cut short; the shortest that is meant comes first.
  const auto is = [&name](const char* full, std::size_t least) {
    return name.size() >= least && std::strncmp(full, name.c_str(), name.size()) == 0;
  };
  if (is("backup", 3) || is("save", 2)) return command_copy(words, true);
  if (is("bail", 3)) return set_switch(words, &bail);
  if (is("changes", 2)) return set_switch(words, &changes_);
  if (is("databases", 2)) return command_databases();
  if (is("dbinfo", 3)) return command_dbinfo(words);
  if (is("dump", 2)) return command_dump(words);
  if (is("echo", 3)) return set_switch(words, &echo);
  if (is("exit", 3) || is("quit", 1)) {
    exit_ = true;
    if (words.size() > 1) exit_code_ = std::atoi(words[1].c_str());
    return true;
  }
  if (is("explain", 3) || name == "eqp") return set_switch(words, &plan_);
  if (is("export", 3)) return command_export(words);
  if (is("headers", 2) && name != "help") return set_switch(words, &format.headers);
  if (is("help", 3) || name == "h") {
    std::string_view rest = kHelp;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n') + 1;
      const std::string_view one = rest.substr(0, end);
      if (words.size() < 2 || one.substr(1).starts_with(words[1]) || one.starts_with(words[1])) {
        std::fwrite(one.data(), 1, one.size(), out_);
      }
      rest.remove_prefix(end);
    }
    return true;
  }
  if (is("import", 2)) return command_import(words);
  if (is("indexes", 3) || is("indices", 3)) return command_indexes(words);
  if (is("mode", 2)) return command_mode(words);
  if (is("nullvalue", 2)) {
    if (words.size() != 2) return fail("usage: .nullvalue TEXT");
    format.null_text = words[1];
    return true;
  }
  if (is("once", 3)) return command_output(words, true);
  if (is("open", 3)) return command_open(words);
  if (is("output", 1)) return command_output(words, false);
  if (is("print", 2)) {
    for (std::size_t i = 1; i < words.size(); ++i) std::fprintf(out_, "%s%s", i > 1 ? " " : "", words[i].c_str());
    std::fputc('\n', out_);
    return true;
  }
  if (is("read", 3)) return command_read(words);
  if (is("recover", 3)) return command_recover(words);
  if (is("restore", 3)) return command_copy(words, false);
  if (is("schema", 2)) return command_schema(words);
  if (is("separator", 3)) {
    if (words.size() < 2 || words.size() > 3) return fail("usage: .separator COLUMN [ROW]");
    format.column_separator = unescaped(words[1]);
    if (words.size() == 3) format.row_separator = unescaped(words[2]);
    return true;
  }
  if (is("show", 2)) return command_show();
  if (is("stats", 3)) return set_switch(words, &stats_);
  if (is("tables", 1)) return command_tables(words);
  if (is("timer", 3)) return set_switch(words, &timer_);
  return fail("unknown command: \"." + name + "\"; .help lists all");
}

bool Shell::command_open(const std::vector<std::string>& words) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  std::string file;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--readonly" || words[i] == "-readonly") {
      flags = SQLITE_OPEN_READONLY;
    } else {
      file = words[i];
    }
  }
  return open(file, flags);
}

bool Shell::command_tables(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  std::size_t width = 0;
  for (const auto& database : query("SELECT name FROM pragma_database_list ORDER BY seq")) {
    const std::string prefix = database[0] == "main" ? "" : quote_identifier(database[0]) + ".";
    for (auto& row :
         query("SELECT name FROM " + quote_identifier(database[0]) +
                   ".sqlite_schema WHERE type IN('table','view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                   "AND name LIKE ?1 ORDER BY 1",
               {words.size() > 1 ? words[1] : "%"})) {
      names.push_back(prefix + row[0]);
      width = std::max(width, names.back().size());
    }
  }
  if (sqlite3_errcode(db_) != SQLITE_OK && sqlite3_errcode(db_) != SQLITE_DONE) return fail(sqlite3_errmsg(db_));
  // Columns, filled downwards, that fit a screen.
  const std::size_t columns = std::max<std::size_t>(1, 80 / (width + 2));
  const std::size_t height = (names.size() + columns - 1) / columns;
  for (std::size_t row = 0; row < height; ++row) {
    std::string line;
    for (std::size_t i = row; i < names.size(); i += height) {
      line += names[i];
      if (i + height < names.size()) line.append(width + 2 - names[i].size(), ' ');
    }
    std::fprintf(out_, "%s\n", line.c_str());
  }
  return true;
}

bool Shell::command_indexes(const std::vector<std::string>& words) {
  for (const auto& row : query("SELECT name FROM sqlite_schema WHERE type='index' AND tbl_name LIKE ?1 ORDER BY 1",
                               {words.size() > 1 ? words[1] : "%"})) {
    std::fprintf(out_, "%s\n", row[0].c_str());
  }
  return true;
}

bool Shell::command_databases() {
  for (const auto& row : query("SELECT name, file FROM pragma_database_list ORDER BY seq")) {
    const int read_only = sqlite3_db_readonly(db_, row[0].c_str());
    std::fprintf(out_, "%s: %s %s\n", row[0].c_str(), row[1].empty() ? "\"\"" : row[1].c_str(),
                 read_only == 1 ? "r/o" : "r/w");
  }
  return true;
}

bool Shell::command_schema(const std::vector<std::string>& words) {
  const std::string pattern = words.size() > 1 ? words[1] : "%";
  for (const auto& database : query("SELECT name FROM pragma_database_list ORDER BY seq")) {
    for (const auto& row :
         query("SELECT sql, type, name, tbl_name FROM " + quote_identifier(database[0]) +
                   ".sqlite_schema WHERE sql IS NOT NULL AND (name LIKE ?1 OR tbl_name LIKE ?1) "
                   "AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY tbl_name, type DESC, name",
               {pattern})) {
      std::fprintf(out_, "%s;\n", row[0].c_str());
    }
  }
  if (sqlite3_errcode(db_) != SQLITE_OK && sqlite3_errcode(db_) != SQLITE_DONE) return fail(sqlite3_errmsg(db_));
  return true;
}

bool Shell::command_read(const std::vector<std::string>& words) {
  if (words.size() != 2) return fail("usage: .read FILE");
  if (depth_ >= kMaxReadDepth) return fail("too many levels of .read");
  std::FILE* in = std::fopen(words[1].c_str(), "r");
  if (in == nullptr) return fail(words[1] + ": " + std::strerror(errno));
  ++depth_;
  StreamSource source(in);
  const bool good = run(source, false);
  --depth_;
  std::fclose(in);
  return good;
}

bool Shell::command_mode(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    std::fprintf(out_, "current mode: %s\n", mode_name(format.mode));
    return true;
  }
  Mode mode{};
  if (!parse_mode(words[1], &mode)) {
    return fail("unknown mode: " + words[1] +
                "; there are box list csv json table markdown line insert quote tabs column");
  }
  format.set_mode(mode);
  if (mode == Mode::Insert) format.insert_table = words.size() > 2 ? words[2] : "table";
  return true;
}

bool Shell::command_output(const std::vector<std::string>& words, bool once) {
  restore_output();
  if (words.size() < 2 || words[1] == "stdout") return true;
  std::FILE* out = std::fopen(words[1].c_str(), "w");
  if (out == nullptr) return fail(words[1] + ": " + std::strerror(errno));
  out_ = out;
  out_once_ = once;
  return true;
}

bool Shell::command_show() {
  const auto on = [](bool value) { return value ? "on" : "off"; };
  const auto visible = [](const std::string& text) {
    std::string out = "\"";
    for (const char c : text) out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : std::string(1, c);
    return out + "\"";
  };
  std::fprintf(out_, "        bail: %s\n     changes: %s\n        echo: %s\n     explain: %s\n     headers: %s\n",
               on(bail), on(changes_), on(echo), on(plan_), on(format.headers));
  std::fprintf(out_, "        mode: %s\n   nullvalue: %s\nseparators: %s %s\n", mode_name(format.mode),
               visible(format.null_text).c_str(), visible(format.column_separator).c_str(),
               visible(format.row_separator).c_str());
  std::fprintf(out_, "       stats: %s\n       timer: %s\n    filename: %s\n", on(stats_), on(timer_),
               filename_.c_str());
  return true;
}

}  // namespace perlite::shell
