// .recover: what a damaged database still holds, as SQL that makes a new one; .dbinfo: what its header says.
//
// Tables whose definition can be read get their rows back; rows that belong to none go to a table of their own,
// lost_and_found(rootpgno, pgno, nfield, id, c0, c1, ...) (manual: cli.html, recovery.html).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "shell/salvage.h"
#include "shell/shell.h"

namespace perlite::shell {
namespace {

struct SchemaRow {
  std::string type, name, table_name, sql;
  std::int64_t root = 0;
};

// How the rows of a table are written.
struct TablePlan {
  std::string insert;  // up to and with "VALUES("
  bool with_rowid = false;
  int rowid_field = -1;     // stored NULL, its value is the rowid
  std::vector<int> fields;  // of the record, in the order of the columns named
};

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t more = c < 0x80                ? 0
                             : c >= 0xc2 && c < 0xe0 ? 1
                             : c >= 0xe0 && c < 0xf0 ? 2
                             : c >= 0xf0 && c < 0xf5 ? 3
                                                     : 9;
    if (more > 3 || i + more >= text.size() + (more == 0 ? 1 : 0)) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "X'";
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out + "'";
}

std::string literal(const SalvagedValue& value) {
  switch (value.kind) {
    case SalvagedValue::Kind::Null:
      return "NULL";
    case SalvagedValue::Kind::Integer:
      // The smallest integer has no literal.
      return value.integer == INT64_MIN ? "(-9223372036854775807-1)" : std::to_string(value.integer);
    case SalvagedValue::Kind::Real: {
      if (std::isnan(value.real)) return "NULL";
      if (std::isinf(value.real)) return value.real < 0 ? "-9e999" : "9e999";
      char text[40];
      std::snprintf(text, sizeof text, "%.17g", value.real);
      return std::strpbrk(text, ".e") != nullptr ? text : std::string(text) + ".0";
    }
    case SalvagedValue::Kind::Text:
      if (value.bytes.find('\0') != std::string::npos || !is_utf8(value.bytes))
        return "CAST(" + hex(value.bytes) + " AS TEXT)";
      return quoted(value.bytes);
    case SalvagedValue::Kind::Blob:
      break;
  }
  return hex(value.bytes);
}

// A comment at the end of a text would swallow the semicolon.
std::string statement_text(const std::string& sql) { return sql + (sql.find("--") == std::string::npos ? ";" : "\n;"); }

// Statements of our own on a database in memory that has the definitions and no rows.
class Definitions {
 public:
  Definitions() {
    sqlite3_open(":memory:", &db_);
    sqlite3_exec(db_, "PRAGMA writable_schema=ON", nullptr, nullptr, nullptr);
  }
  ~Definitions() { sqlite3_close(db_); }
  Definitions(const Definitions&) = delete;
  Definitions& operator=(const Definitions&) = delete;

  // Runs a definition. False when the text, which comes from the file, is anything but one CREATE statement that works
  // here: then it is not for others to run either.
  bool define(const std::string& sql) {
    if (sqlite3_strnicmp(sql.c_str(), "CREATE ", 7) != 0) return false;
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    bool good = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, &tail) == SQLITE_OK && statement != nullptr;
    good = good && std::strspn(tail, " \t\r\n;") == std::strlen(tail);
    good = good && sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_finalize(statement);
    return good;
  }

  std::vector<std::vector<std::string>> query(const std::string& sql, const std::string& parameter) {
    std::vector<std::vector<std::string>> rows;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK) {
      sqlite3_bind_text(statement, 1, parameter.c_str(), -1, SQLITE_STATIC);
      while (sqlite3_step(statement) == SQLITE_ROW) {
        std::vector<std::string>& row = rows.emplace_back();
        for (int i = 0; i < sqlite3_column_count(statement); ++i) {
          const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
          row.emplace_back(text == nullptr ? "" : text);
        }
      }
    }
    sqlite3_finalize(statement);
    return rows;
  }

 private:
  sqlite3* db_ = nullptr;
};

class Recovery {
 public:
  Recovery(Salvage& salvage, std::FILE* out) : salvage_(salvage), out_(out) {}
  bool ignore_freelist = false;
  bool with_rowids = true;
  std::string lost_table = "lost_and_found";

  void run() {
    const SalvageHeader& header = salvage_.header();
    static constexpr const char* kEncodings[] = {"UTF-8", "UTF-16le", "UTF-16be"};
    std::fprintf(out_, "BEGIN;\nPRAGMA writable_schema = on;\nPRAGMA encoding = '%s';\nPRAGMA page_size = '%u';\n",
                 kEncodings[header.encoding - 1], header.page_size);
    std::fprintf(out_, "PRAGMA auto_vacuum = '%d';\nPRAGMA user_version = '%d';\nPRAGMA application_id = '%d';\n",
                 header.largest_root == 0         ? 0
                 : header.incremental_vacuum != 0 ? 2
                                                  : 1,
                 static_cast<int>(header.user_version), static_cast<int>(header.application_id));
    read_schema();
    for (const SchemaRow& row : schema_) {
      if (row.type == "table" && row.root > 1 && !is_internal(row.name) && definitions_.define(row.sql)) {
        std::fprintf(out_, "%s\n", statement_text(row.sql).c_str());
      }
    }
    for (const SchemaRow& row : schema_) {
      if (row.type == "table" && row.root > 1) recover_table(row);
    }
    // Their content is made from the tables'; what matters is that nobody takes their pages for lost ones.
    for (const SchemaRow& row : schema_) {
      if (row.type == "index" && row.root > 1)
        salvage_.walk_tree(static_cast<std::uint32_t>(row.root), [](const SalvagedRow&) {});
    }
    if (ignore_freelist) salvage_.skip_freelist();
    recover_lost_rows();
    for (const char* type : {"index", "view", "trigger", "table"}) {
      for (const SchemaRow& row : schema_) {
        if (row.type != type || row.sql.empty() || (row.type == "table" && row.root != 0)) continue;
        if (row.type == "table") {  // a virtual one: its module need not be here
          std::fprintf(out_, "INSERT INTO sqlite_schema VALUES('table', %s, %s, 0, %s);\n", quoted(row.name).c_str(),
                       quoted(row.table_name).c_str(), quoted(row.sql).c_str());
        } else if (definitions_.define(row.sql)) {
          std::fprintf(out_, "%s\n", statement_text(row.sql).c_str());
        }
      }
    }
    std::fprintf(out_, "PRAGMA writable_schema = off;\nCOMMIT;\n");
  }

 private:
  static bool is_internal(const std::string& name) { return sqlite3_strnicmp(name.c_str(), "sqlite_", 7) == 0; }

  void read_schema() {
    salvage_.walk_tree(1, [this](const SalvagedRow& row) {
      if (row.fields.size() < 4) return;
      SchemaRow one;
      one.type = row.fields[0].bytes;
      one.name = row.fields[1].bytes;
      one.table_name = row.fields[2].bytes;
      one.root = row.fields[3].kind == SalvagedValue::Kind::Integer ? row.fields[3].integer : 0;
      if (row.fields.size() > 4) one.sql = row.fields[4].bytes.c_str();
      if (one.root >= 0 && one.root <= salvage_.header().page_count) schema_.push_back(std::move(one));
    });
  }

  void recover_table(const SchemaRow& row) {
    TablePlan plan;
    if (is_internal(row.name)) {
      if (sqlite3_stricmp(row.name.c_str(), "sqlite_sequence") == 0) {
        std::fprintf(out_, "DELETE FROM sqlite_sequence;\n");
        plan.insert = "INSERT INTO sqlite_sequence(name, seq) VALUES(";
        plan.fields = {0, 1};
      } else if (sqlite3_stricmp(row.name.c_str(), "sqlite_stat1") == 0) {
        std::fprintf(out_, "ANALYZE sqlite_schema;\nDELETE FROM sqlite_stat1;\n");
        plan.insert = "INSERT INTO sqlite_stat1(tbl, idx, stat) VALUES(";
        plan.fields = {0, 1, 2};
      }
    } else if (!make_plan(row.name, &plan)) {
      return;  // its rows are lost ones
    }
    salvage_.walk_tree(static_cast<std::uint32_t>(row.root), [&](const SalvagedRow& one) {
      if (!plan.insert.empty()) write_row(plan, one);
    });
  }

  bool make_plan(const std::string& name, TablePlan* plan) {
    const auto columns = definitions_.query("SELECT name, hidden, pk, type FROM pragma_table_xinfo(?1)", name);
    if (columns.empty()) return false;
    const auto stored = definitions_.query("SELECT cid FROM pragma_index_xinfo(?1) WHERE cid >= 0", name);
    const bool without_rowid = !definitions_.query("SELECT 1 FROM pragma_table_list(?1) WHERE wr", name).empty();
    // Where each column lies in the record.
    std::vector<int> place(columns.size(), -1);
    int next = 0;
    if (without_rowid) {
      for (const auto& one : stored) {
        const auto column = static_cast<std::size_t>(std::max(0, std::atoi(one[0].c_str())));
        if (column < place.size() && columns[column][1] != "2" && place[column] < 0) place[column] = next++;
      }
    } else {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i][1] != "2") place[i] = next++;
      }
    }
    std::string names;
    int key_columns = 0;
    for (const auto& column : columns) key_columns += column[2] != "0" ? 1 : 0;
    bool name_taken[3] = {false, false, false};
    static constexpr const char* kRowidNames[] = {"_rowid_", "rowid", "oid"};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      for (int k = 0; k < 3; ++k) name_taken[k] |= sqlite3_stricmp(columns[i][0].c_str(), kRowidNames[k]) == 0;
      if (columns[i][1] != "0") continue;  // generated
      if (!without_rowid && key_columns == 1 && columns[i][2] != "0" &&
          sqlite3_stricmp(columns[i][3].c_str(), "INTEGER") == 0) {
        plan->rowid_field = place[i];
      }
      names += (names.empty() ? "" : ", ") + quote_identifier(columns[i][0]);
      plan->fields.push_back(place[i]);
    }
    plan->insert = "INSERT OR IGNORE INTO " + quote_identifier(name) + "(";
    if (!without_rowid && plan->rowid_field < 0 && with_rowids) {
      for (int k = 0; k < 3 && !plan->with_rowid; ++k) {
        if (name_taken[k]) continue;
        plan->with_rowid = true;
        plan->insert += std::string(kRowidNames[k]) + ", ";
      }
    }
    plan->insert += names + ") VALUES(";
    return !names.empty();
  }

  void write_row(const TablePlan& plan, const SalvagedRow& row) {
    std::string text = plan.insert;
    if (plan.with_rowid) text += std::to_string(row.rowid) + ", ";
    for (std::size_t i = 0; i < plan.fields.size(); ++i) {
      if (i > 0) text += ", ";
      const int field = plan.fields[i];
      const bool there = field >= 0 && static_cast<std::size_t>(field) < row.fields.size();
      if (field >= 0 && field == plan.rowid_field &&
          (!there || row.fields[static_cast<std::size_t>(field)].kind == SalvagedValue::Kind::Null)) {
        text += std::to_string(row.rowid);
      } else {
        text += there ? literal(row.fields[static_cast<std::size_t>(field)]) : "NULL";
      }
    }
    text += ");\n";
    std::fwrite(text.data(), 1, text.size(), out_);
  }

  void recover_lost_rows() {
    std::size_t most = 0;
    salvage_.walk_orphans([&](std::uint32_t, const SalvagedRow& row) { most = std::max(most, row.fields.size()); });
    if (most == 0) return;
    most = std::min<std::size_t>(most, 1996);  // columns a table may have, less our own four
    const auto taken = [this](const std::string& name) {
      return std::any_of(schema_.begin(), schema_.end(),
                         [&](const SchemaRow& row) { return sqlite3_stricmp(row.name.c_str(), name.c_str()) == 0; });
    };
    std::string name = lost_table;
    for (int i = 0; taken(name); ++i) name = lost_table + std::to_string(i);
    const std::string table = quote_identifier(name);
    std::string columns;
    for (std::size_t i = 0; i < most; ++i) columns += ", c" + std::to_string(i);
    std::fprintf(out_, "CREATE TABLE %s(rootpgno INTEGER, pgno INTEGER, nfield INTEGER, id INTEGER%s);\n",
                 table.c_str(), columns.c_str());
    salvage_.walk_orphans([&](std::uint32_t root, const SalvagedRow& row) {
      std::string text = "INSERT INTO " + table + " VALUES(" + std::to_string(root) + ", " + std::to_string(row.page) +
                         ", " + std::to_string(row.fields.size()) + ", " +
                         (row.has_rowid ? std::to_string(row.rowid) : "NULL");
      for (std::size_t i = 0; i < most; ++i)
        text += ", " + (i < row.fields.size() ? literal(row.fields[i]) : std::string("NULL"));
      text += ");\n";
      std::fwrite(text.data(), 1, text.size(), out_);
    });
  }

  Salvage& salvage_;
  std::FILE* out_;
  Definitions definitions_;
  std::vector<SchemaRow> schema_;
};

}  // namespace

bool Shell::command_recover(const std::vector<std::string>& words) {
  Salvage salvage(db_);
  Recovery recovery(salvage, out_);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string option = words[i].starts_with("--") ? words[i].substr(1) : words[i];
    if (option == "-ignore-freelist") {
      recovery.ignore_freelist = true;
    } else if (option == "-no-rowids") {
      recovery.with_rowids = false;
    } else if (option == "-lost-and-found" && i + 1 < words.size()) {
      recovery.lost_table = words[++i];
    } else {
      return fail("usage: .recover [--ignore-freelist] [--no-rowids] [--lost-and-found TABLE]");
    }
  }
  if (!salvage.readable()) return fail("nothing can be read from the database file");
  recovery.run();
  return true;
}

bool Shell::command_dbinfo(const std::vector<std::string>& words) {
  const std::string schema = words.size() > 1 ? words[1] : "main";
  sqlite3_exec(db_, "SELECT 1 FROM sqlite_schema LIMIT 1", nullptr, nullptr, nullptr);
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db_, schema.c_str(), SQLITE_FCNTL_FILE_POINTER, &file);
  unsigned char raw[100];
  if (file == nullptr || file->pMethods == nullptr || file->pMethods->xRead(file, raw, 100, 0) != SQLITE_OK) {
    return fail("unable to read database header");
  }
  const auto field = [&](int at) {
    return static_cast<unsigned>(raw[at]) << 24 | static_cast<unsigned>(raw[at + 1]) << 16 |
           static_cast<unsigned>(raw[at + 2]) << 8 | raw[at + 3];
  };
  const unsigned stored = static_cast<unsigned>(raw[16]) << 8 | raw[17];
  std::fprintf(out_, "%-20s %u\n%-20s %u\n%-20s %u\n%-20s %u\n", "database page size:", stored == 1 ? 65536 : stored,
               "write format:", raw[18], "read format:", raw[19], "reserved bytes:", raw[20]);
  static constexpr struct {
    const char* name;
    int offset;
  } kFields[] = {{"file change counter:", 24}, {"database page count:", 28}, {"freelist page count:", 36},
                 {"schema cookie:", 40},       {"schema format:", 44},       {"default cache size:", 48},
                 {"autovacuum top root:", 52}, {"incremental vacuum:", 64},  {"text encoding:", 56},
                 {"user version:", 60},        {"application id:", 68},      {"software version:", 96}};
  for (const auto& one : kFields) {
    const unsigned value = field(one.offset);
    std::fprintf(out_, "%-20s %u%s\n", one.name, value,
                 one.offset != 56 ? ""
                 : value == 1     ? " (utf8)"
                 : value == 2     ? " (utf16le)"
                 : value == 3     ? " (utf16be)"
                                  : "");
  }
  const std::string table = quote_identifier(schema) + ".sqlite_schema";
  for (const char* type : {"table", "index", "trigger", "view"}) {
    const auto rows = query("SELECT count(*) FROM " + table + " WHERE type = ?1", {type});
    if (!rows.empty())
      std::fprintf(out_, "%-20s %s\n", ("number of " + std::string(type) + (type[0] == 'i' ? "es:" : "s:")).c_str(),
                   rows[0][0].c_str());
  }
  const auto size = query("SELECT coalesce(sum(length(sql)), 0) FROM " + table);
  if (!size.empty()) std::fprintf(out_, "%-20s %s\n", "schema size:", size[0][0].c_str());
  unsigned version = 0;
  if (sqlite3_file_control(db_, schema.c_str(), SQLITE_FCNTL_DATA_VERSION, &version) == SQLITE_OK)
    std::fprintf(out_, "%-20s %u\n", "data version", version);
  return true;
}

}  // namespace perlite::shell
