// shell/output.h: how rows look.
//
// A Printer gets the rows of one statement and writes them to a stream. Modes that draw columns look at the first rows
// before they write anything; the others write each row as it comes.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite3.h"

namespace perlite::shell {

enum class Mode { Box, List, Csv, Json, Table, Markdown, Line, Insert, Quote, Tabs, Column };

// False for a name that is no mode.
bool parse_mode(std::string_view name, Mode* mode);
const char* mode_name(Mode mode);

struct Format {
  Mode mode = Mode::List;
  bool headers = false;
  std::string column_separator = "|";
  std::string row_separator = "\n";
  std::string null_text;
  std::string insert_table = "table";

  // Sets the mode with the separators and headers that go with it.
  void set_mode(Mode to);
};

class Printer {
 public:
  virtual ~Printer() = default;
  virtual void row(sqlite3_stmt* statement) = 0;
  virtual void end() {}
};

// `statement` is prepared, and its columns are known; it may have no row at all.
std::unique_ptr<Printer> make_printer(const Format& format, std::FILE* out, sqlite3_stmt* statement);

std::string quote_identifier(std::string_view name);  // in double quotes where it is not a plain word
std::string sql_literal(sqlite3_stmt* statement, int column);
std::string sql_text_literal(std::string_view text);
std::string real_literal(double value);  // the shortest text that reads back as the same value
int display_width(std::string_view text);

}  // namespace perlite::shell
