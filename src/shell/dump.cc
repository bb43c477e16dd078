// .dump: the database as SQL that makes it again.
#include "shell/shell.h"

namespace perlite::shell {
namespace {

// A comment at the end of a CREATE text would swallow the semicolon.
std::string statement_text(const std::string& sql) {
  const std::size_t line = sql.rfind('\n');
  const bool may_end_in_comment = sql.find("--", line == std::string::npos ? 0 : line) != std::string::npos;
  return sql + (may_end_in_comment ? "\n;" : ";");
}

}  // namespace

// The rows of a table as INSERT statements, in the order of the table. Generated columns make themselves.
bool Shell::dump_table(const std::string& name) {
  std::string columns;
  for (const auto& row : query("SELECT name FROM pragma_table_info(?1)", {name})) {
    columns += (columns.empty() ? "" : ",") + quote_identifier(row[0]);
  }
  if (columns.empty()) return true;
  const bool some_generated = !query("SELECT 1 FROM pragma_table_xinfo(?1) WHERE hidden IN(2,3)", {name}).empty();
  const std::string sql = "SELECT " + columns + " FROM " + quote_identifier(name) + " NOT INDEXED";
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    std::fprintf(out_, "/**** ERROR: (%d) %s *****/\n", sqlite3_errcode(db_), sqlite3_errmsg(db_));
    return false;
  }
  Format rows;
  rows.set_mode(Mode::Insert);
  rows.insert_table = name;
  rows.headers = some_generated;
  const std::unique_ptr<Printer> printer = make_printer(rows, out_, statement);
  const bool good = step_all(statement, printer.get());
  if (!good) std::fprintf(out_, "/**** ERROR: (%d) %s *****/\n", sqlite3_errcode(db_), sqlite3_errmsg(db_));
  sqlite3_finalize(statement);
  return good;
}

bool Shell::command_dump(const std::vector<std::string>& words) {
  std::string filter;
  std::vector<std::string> patterns(words.begin() + 1, words.end());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    filter += (i == 0 ? " AND (" : " OR ") + std::string("tbl_name LIKE ?") + std::to_string(i + 1);
  }
  if (!filter.empty()) filter += ")";

  std::fputs("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", out_);
  // One view of the database for all that follows.
  sqlite3_exec(db_, "SAVEPOINT perlite_dump", nullptr, nullptr, nullptr);
  bool good = true;
  bool writable_schema = false;
  for (const auto& row : query("SELECT name, sql FROM sqlite_schema WHERE type='table' AND sql IS NOT NULL" + filter +
                                   " ORDER BY tbl_name = 'sqlite_sequence', rowid",
                               patterns)) {
    const std::string& name = row[0];
    if (name == "sqlite_sequence") {
      std::fputs("DELETE FROM sqlite_sequence;\n", out_);
      good = dump_table(name) && good;
    } else if (name.starts_with("sqlite_stat")) {
      std::fputs("ANALYZE sqlite_schema;\n", out_);
      good = dump_table(name) && good;
    } else if (name.starts_with("sqlite_")) {
      continue;
    } else if (sqlite3_strnicmp(row[1].c_str(), "CREATE VIRTUAL TABLE", 20) == 0) {
      if (!writable_schema) std::fputs("PRAGMA writable_schema=ON;\n", out_);
      writable_schema = true;
      std::fprintf(out_, "INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table',%s,%s,0,%s);\n",
                   sql_text_literal(name).c_str(), sql_text_literal(name).c_str(), sql_text_literal(row[1]).c_str());
    } else {
      std::fprintf(out_, "%s\n", statement_text(row[1]).c_str());
      good = dump_table(name) && good;
    }
  }
  for (const auto& row :
       query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN('index','trigger','view')" + filter +
                 " ORDER BY type = 'trigger', rowid",
             patterns)) {
    std::fprintf(out_, "%s\n", statement_text(row[0]).c_str());
  }
  if (writable_schema) std::fputs("PRAGMA writable_schema=OFF;\n", out_);
  std::fputs(good ? "COMMIT;\n" : "ROLLBACK; -- due to errors\n", out_);
  sqlite3_exec(db_, "RELEASE perlite_dump", nullptr, nullptr, nullptr);
  std::fflush(out_);
  if (out_once_) restore_output();
  return good;
}

}  // namespace perlite::shell
