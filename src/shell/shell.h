// shell/shell.h: one run of the shell: a connection, the settings, and what may be typed.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "shell/input.h"
#include "shell/output.h"
#include "sqlite3.h"

namespace perlite::shell {

class Shell {
 public:
  Shell() = default;
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // False after a message on stderr. An empty name is a database in memory.
  bool open(const std::string& filename, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  // Reads statements and dot commands to the end of the source. False when one failed.
  bool run(LineSource& source, bool interactive);
  // A text as given on the command line: SQL, or one dot command. False when it failed.
  bool run_text(const std::string& text);
  bool wants_exit() const { return exit_; }
  int exit_code() const { return exit_code_; }

  Format format;
  bool bail = false;
  bool echo = false;
  bool read_only = false;

  std::vector<std::string> complete(const std::string& prefix, bool at_line_start);

 private:
  friend class Import;

  // ---- statements ----
  bool run_sql(const std::string& sql, std::size_t first_line);
  bool run_statement(sqlite3_stmt* statement, const char* text, std::size_t size);
  bool step_all(sqlite3_stmt* statement, Printer* printer);
  void show_error(const char* sql, std::size_t size, std::size_t line);
  void show_plan(const char* text, std::size_t size);
  void print_plan(sqlite3_stmt* statement);
  void print_stats(sqlite3_stmt* statement);
  // Runs a query of our own; the rows' first columns.
  std::vector<std::vector<std::string>> query(const std::string& sql, const std::vector<std::string>& parameters = {});

  // ---- dot commands, commands.cc ----
  bool run_command(const std::string& line);
  bool command_open(const std::vector<std::string>& words);
  bool command_tables(const std::vector<std::string>& words);
  bool command_indexes(const std::vector<std::string>& words);
  bool command_databases();
  bool command_schema(const std::vector<std::string>& words);
  bool command_read(const std::vector<std::string>& words);
  bool command_mode(const std::vector<std::string>& words);
  bool command_output(const std::vector<std::string>& words, bool once);
  bool command_show();
  bool set_switch(const std::vector<std::string>& words, bool* setting);
  bool fail(const std::string& message);

  // ---- dump.cc, transfer.cc ----
  bool command_dump(const std::vector<std::string>& words);
  bool dump_table(const std::string& name);
  bool command_import(const std::vector<std::string>& words);
  bool command_export(const std::vector<std::string>& words);

  // ---- copy.cc, recover.cc ----
  bool command_copy(const std::vector<std::string>& words, bool into_file);
  bool command_recover(const std::vector<std::string>& words);
  bool command_dbinfo(const std::vector<std::string>& words);
  bool copy_database(sqlite3* to, const char* to_name, sqlite3* from, const char* from_name);

  void restore_output();

  sqlite3* db_ = nullptr;
  std::string filename_;
  std::FILE* out_ = stdout;
  bool out_once_ = false;
  bool timer_ = false;
  bool stats_ = false;
  bool plan_ = false;
  bool changes_ = false;
  bool interactive_ = false;
  bool exit_ = false;
  int exit_code_ = 0;
  int depth_ = 0;            // of .read in .read
  std::string error_place_;  // "near line 3: " in scripts
};

}  // namespace perlite::shell
