#include "shell/output.h"

#include <wchar.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace perlite::shell {
namespace {

// Rows that a drawn mode reads before it fixes the widths; more are written as they come.
constexpr std::size_t kRowsMeasured = 10000;

struct ModeName {
  Mode mode;
  const char* name;
};
constexpr ModeName kModes[] = {
    {Mode::Box, "box"},     {Mode::List, "list"}, {Mode::Csv, "csv"},       {Mode::Json, "json"},
    {Mode::Table, "table"}, {Mode::Line, "line"}, {Mode::Insert, "insert"}, {Mode::Markdown, "markdown"},
    {Mode::Quote, "quote"}, {Mode::Tabs, "tabs"}, {Mode::Column, "column"},
};

std::string_view column_bytes(sqlite3_stmt* statement, int column) {
  const unsigned char* text = sqlite3_column_text(statement, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

void write(std::FILE* out, std::string_view text) { std::fwrite(text.data(), 1, text.size(), out); }

// The code point at text[*at], which moves behind it; a byte that is not UTF-8 counts for itself.
std::uint32_t next_code_point(std::string_view text, std::size_t* at) {
  const auto lead = static_cast<unsigned char>(text[(*at)++]);
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : 0;
  if (more == 0 || *at + static_cast<std::size_t>(more) > text.size()) return lead;
  std::uint32_t code = lead & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    const auto byte = static_cast<unsigned char>(text[*at + static_cast<std::size_t>(i)]);
    if ((byte & 0xc0) != 0x80) return lead;
    code = code << 6 | (byte & 0x3f);
  }
  *at += static_cast<std::size_t>(more);
  return code;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    char escape[8];
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          std::snprintf(escape, sizeof escape, "\\u%04x", byte);
          out += escape;
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

// Bytes have no form in JSON: one character each.
std::string json_bytes(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
    out += escape;
  }
  return out + '"';
}

std::string hex_literal(std::string_view bytes) {
  std::string out = "X'";
  for (const char c : bytes) {
    out += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15];
  }
  return out + "'";
}

std::string_view blob_bytes(sqlite3_stmt* statement, int column) {
  const void* bytes = sqlite3_column_blob(statement, column);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes),
                                             static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

class RowPrinter : public Printer {
 public:
  RowPrinter(const Format& format, std::FILE* out, sqlite3_stmt* statement)
      : format_(format), out_(out), columns_(sqlite3_column_count(statement)) {
    for (int i = 0; i < columns_; ++i) names_.emplace_back(sqlite3_column_name(statement, i));
  }

 protected:
  std::string cell(sqlite3_stmt* statement, int column) const {
    if (sqlite3_column_type(statement, column) == SQLITE_NULL) return format_.null_text;
    return std::string(column_bytes(statement, column));
  }

  const Format format_;
  std::FILE* const out_;
  const int columns_;
  std::vector<std::string> names_;
};

// list, tabs, quote: cells joined by a separator.
class ListPrinter : public RowPrinter {
 public:
  ListPrinter(const Format& format, std::FILE* out, sqlite3_stmt* statement) : RowPrinter(format, out, statement) {
    if (!format_.headers) return;
    std::string line;
    for (int i = 0; i < columns_; ++i) {
      if (i > 0) line += format_.column_separator;
      line += quoted() ? sql_text_literal(names_[static_cast<std::size_t>(i)]) : names_[static_cast<std::size_t>(i)];
    }
    write(out_, line + format_.row_separator);
  }
  void row(sqlite3_stmt* statement) override {
    std::string line;
    for (int i = 0; i < columns_; ++i) {
      if (i > 0) line += format_.column_separator;
      line += quoted() ? sql_literal(statement, i) : cell(statement, i);
    }
    write(out_, line + format_.row_separator);
  }

 private:
  bool quoted() const { return format_.mode == Mode::Quote; }
};

// RFC 4180.
class CsvPrinter : public RowPrinter {
 public:
  CsvPrinter(const Format& format, std::FILE* out, sqlite3_stmt* statement) : RowPrinter(format, out, statement) {
    if (!format_.headers) return;
    std::string line;
    for (int i = 0; i < columns_; ++i) add(line, i, names_[static_cast<std::size_t>(i)]);
    write(out_, line + format_.row_separator);
  }
  void row(sqlite3_stmt* statement) override {
    std::string line;
    for (int i = 0; i < columns_; ++i) add(line, i, cell(statement, i));
    write(out_, line + format_.row_separator);
  }

 private:
  void add(std::string& line, int column, std::string_view text) const {
    if (column > 0) line += format_.column_separator;
    const bool plain = text.find_first_of("\"\r\n") == std::string_view::npos &&
                       text.find(format_.column_separator) == std::string_view::npos &&
                       (text.empty() || (text.front() != ' ' && text.back() != ' '));
    if (plain) {
      line += text;
      return;
    }
    line += '"';
    for (const char c : text) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
};

class JsonPrinter : public RowPrinter {
 public:
  using RowPrinter::RowPrinter;
  void row(sqlite3_stmt* statement) override {
    std::string line = first_ ? "[{" : ",\n{";
    first_ = false;
    for (int i = 0; i < columns_; ++i) {
      if (i > 0) line += ',';
      line += json_text(names_[static_cast<std::size_t>(i)]) + ':';
      switch (sqlite3_column_type(statement, i)) {
        case SQLITE_NULL:
          line += "null";
          break;
        case SQLITE_INTEGER:
          line += column_bytes(statement, i);
          break;
        case SQLITE_FLOAT: {
          const double value = sqlite3_column_double(statement, i);
          line += std::isinf(value) ? (value < 0 ? "-1e999" : "1e999") : real_literal(value);
          break;
        }
        case SQLITE_BLOB:
          line += json_bytes(blob_bytes(statement, i));
          break;
        default:
          line += json_text(column_bytes(statement, i));
      }
    }
    write(out_, line + '}');
  }
  void end() override {
    if (!first_) write(out_, "]\n");
  }

 private:
  bool first_ = true;
};

class LinePrinter : public RowPrinter {
 public:
  LinePrinter(const Format& format, std::FILE* out, sqlite3_stmt* statement) : RowPrinter(format, out, statement) {
    for (const std::string& name : names_) width_ = std::max(width_, display_width(name));
  }
  void row(sqlite3_stmt* statement) override {
    std::string text = first_ ? "" : "\n";
    first_ = false;
    for (int i = 0; i < columns_; ++i) {
      const std::string& name = names_[static_cast<std::size_t>(i)];
      text.append(static_cast<std::size_t>(width_ - display_width(name)), ' ');
      text += name + " = " + cell(statement, i) + "\n";
    }
    write(out_, text);
  }

 private:
  bool first_ = true;
  int width_ = 5;
};

class InsertPrinter : public RowPrinter {
 public:
  InsertPrinter(const Format& format, std::FILE* out, sqlite3_stmt* statement) : RowPrinter(format, out, statement) {
    head_ = "INSERT INTO " + quote_identifier(format_.insert_table);
    if (format_.headers) {
      for (int i = 0; i < columns_; ++i) {
        head_ += (i == 0 ? "(" : ",") + quote_identifier(names_[static_cast<std::size_t>(i)]);
      }
      head_ += ")";
    }
    head_ += " VALUES(";
  }
  void row(sqlite3_stmt* statement) override {
    std::string line = head_;
    for (int i = 0; i < columns_; ++i) {
      if (i > 0) line += ',';
      line += sql_literal(statement, i);
    }
    write(out_, line + ");\n");
  }

 private:
  std::string head_;
};

// box, table, markdown, column: the widths come from the first rows.
class GridPrinter : public RowPrinter {
 public:
  GridPrinter(const Format& format, std::FILE* out, sqlite3_stmt* statement) : RowPrinter(format, out, statement) {
    numeric_.assign(static_cast<std::size_t>(columns_), true);
    for (std::string& name : names_) name = visible(name);
  }

  void row(sqlite3_stmt* statement) override {
    Cells cells;
    for (int i = 0; i < columns_; ++i) {
      const int type = sqlite3_column_type(statement, i);
      if (type != SQLITE_INTEGER && type != SQLITE_FLOAT && type != SQLITE_NULL)
        numeric_[static_cast<std::size_t>(i)] = false;
      cells.push_back(type == SQLITE_BLOB ? hex_literal(blob_bytes(statement, i)) : visible(cell(statement, i)));
    }
    if (started_) return draw(cells);
    rows_.push_back(std::move(cells));
    if (rows_.size() == kRowsMeasured) start();
  }

  void end() override {
    if (!started_ && rows_.empty()) return;  // no rows, no frame
    if (!started_) start();
    if (format_.mode == Mode::Box) rule("╰", "┴", "╯", "─");
    if (format_.mode == Mode::Table) rule("+", "+", "+", "-");
  }

 private:
  using Cells = std::vector<std::string>;

  // Control characters would break the frame or talk to the terminal. Line breaks stay: a cell may have several lines.
  std::string visible(std::string_view text) const {
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '\n' && format_.mode != Mode::Markdown) {
        out += c;
      } else if (c == '\n') {
        out += "<br>";
      } else if (c == '|' && format_.mode == Mode::Markdown) {
        out += "\\|";
      } else if (c == '\t') {
        out += "    ";
      } else if (byte < 0x20) {
        out += '^';
        out += static_cast<char>(byte + 0x40);
      } else {
        out += c;
      }
    }
    return out;
  }

  static std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;) {
      lines.push_back(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    lines.push_back(text);
    return lines;
  }

  void start() {
    started_ = true;
    widths_.assign(static_cast<std::size_t>(columns_), format_.mode == Mode::Markdown ? 3 : 1);
    const auto measure = [this](const Cells& cells) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        for (const std::string_view line : lines_of(cells[i])) widths_[i] = std::max(widths_[i], display_width(line));
      }
    };
    measure(names_);
    for (const Cells& cells : rows_) measure(cells);
    switch (format_.mode) {
      case Mode::Box:
        rule("╭", "┬", "╮", "─");
        draw(names_, true);
        rule("╞", "╪", "╡", "═");
        break;
      case Mode::Table:
        rule("+", "+", "+", "-");
        draw(names_, true);
        rule("+", "+", "+", "-");
        break;
      case Mode::Markdown:
        draw(names_, true);
        markdown_rule();
        break;
      default:
        if (format_.headers) {
          draw(names_, true);
          column_rule();
        }
    }
    for (const Cells& cells : rows_) draw(cells);
    std::vector<Cells>().swap(rows_);
  }

  void draw(const Cells& cells, bool header = false) {
    std::vector<std::vector<std::string_view>> lines;
    std::size_t height = 1;
    for (const std::string& text : cells) {
      lines.push_back(lines_of(text));
      height = std::max(height, lines.back().size());
    }
    const bool framed = format_.mode != Mode::Column;
    const std::string bar = format_.mode == Mode::Box ? "│" : "|";
    std::string text;
    for (std::size_t part = 0; part < height; ++part) {
      if (framed) text += bar;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string_view line = part < lines[i].size() ? lines[i][part] : std::string_view();
        const int free = std::max(0, widths_[i] - display_width(line));
        // Numbers stand right, as columns of figures do; names are centred in drawn frames.
        const int left = header && framed ? free / 2 : numeric_[i] && framed ? free : 0;
        if (framed) text += ' ';
        text.append(static_cast<std::size_t>(left), ' ');
        text += line;
        text.append(static_cast<std::size_t>(free - left), ' ');
        text += framed ? " " + bar : i + 1 < cells.size() ? "  " : "";
      }
      text += '\n';
    }
    write(out_, text);
  }

  void rule(const char* left, const char* middle, const char* right, const char* line) {
    std::string text = left;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) text += middle;
      for (int n = 0; n < widths_[i] + 2; ++n) text += line;
    }
    write(out_, text + right + "\n");
  }

  void markdown_rule() {
    std::string text = "|";
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const auto dashes = static_cast<std::size_t>(widths_[i] + (numeric_[i] ? 1 : 2));
      text += std::string(dashes, '-') + (numeric_[i] ? ":|" : "|");
    }
    write(out_, text + "\n");
  }

  void column_rule() {
    std::string text;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      text += (i > 0 ? "  " : "") + std::string(static_cast<std::size_t>(widths_[i]), '-');
    }
    write(out_, text + "\n");
  }

  bool started_ = false;
  std::vector<Cells> rows_;
  std::vector<int> widths_;
  std::vector<bool> numeric_;
};

}  // namespace

bool parse_mode(std::string_view name, Mode* mode) {
  for (const ModeName& known : kModes) {
    if (name == known.name) {
      *mode = known.mode;
      return true;
    }
  }
  return false;
}

const char* mode_name(Mode mode) {
  for (const ModeName& known : kModes) {
    if (mode == known.mode) return known.name;
  }
  return "";
}

void Format::set_mode(Mode to) {
  mode = to;
  column_separator = to == Mode::Csv || to == Mode::Quote ? "," : to == Mode::Tabs ? "\t" : "|";
  row_separator = to == Mode::Csv ? "\r\n" : "\n";
  if (to == Mode::Column) headers = true;
}

std::unique_ptr<Printer> make_printer(const Format& format, std::FILE* out, sqlite3_stmt* statement) {
  switch (format.mode) {
    case Mode::Csv:
      return std::make_unique<CsvPrinter>(format, out, statement);
    case Mode::Json:
      return std::make_unique<JsonPrinter>(format, out, statement);
    case Mode::Line:
      return std::make_unique<LinePrinter>(format, out, statement);
    case Mode::Insert:
      return std::make_unique<InsertPrinter>(format, out, statement);
    case Mode::List:
    case Mode::Tabs:
    case Mode::Quote:
      return std::make_unique<ListPrinter>(format, out, statement);
    default:
      return std::make_unique<GridPrinter>(format, out, statement);
  }
}

std::string quote_identifier(std::string_view name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (const char c : name) {
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  }
  if (plain && sqlite3_keyword_check(name.data(), static_cast<int>(name.size())) == 0) return std::string(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string sql_text_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string real_literal(double value) {
  if (std::isnan(value)) return "NULL";
  if (std::isinf(value)) return value < 0 ? "-9.0e+999" : "9.0e+999";
  char text[40];
  const auto made = std::to_chars(text, text + sizeof text, value);
  std::string out(text, made.ptr);
  if (out.find_first_of(".eE") == std::string::npos) out += ".0";
  return out;
}

std::string sql_literal(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return "NULL";
    case SQLITE_INTEGER:
      return std::string(column_bytes(statement, column));
    case SQLITE_FLOAT:
      return real_literal(sqlite3_column_double(statement, column));
    case SQLITE_BLOB:
      return hex_literal(blob_bytes(statement, column));
    default: {
      const std::string_view text = column_bytes(statement, column);
      // A NUL ends an SQL text, so such a value travels as bytes.
      if (text.find('\0') != std::string_view::npos) return "CAST(" + hex_literal(text) + " AS TEXT)";
      return sql_text_literal(text);
    }
  }
}

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const int one = wcwidth(static_cast<wchar_t>(next_code_point(text, &at)));
    width += one < 0 ? 1 : one;
  }
  return width;
}

}  // namespace perlite::shell
