#include "sql/create_text.h"

namespace perlite::sql {

String stored_create_text(const CreateStatement& statement, std::string_view text, std::uint32_t statement_end) {
  const char* words = "";
  std::uint32_t end = statement.span.end;
  switch (statement.kind) {
    case StatementKind::CreateTable: {
      const auto& table = statement.as<CreateTableStatement>();
      words = "CREATE TABLE ";
      if (table.without_rowid || table.strict) end = statement_end;
      break;
    }
    case StatementKind::CreateIndex:
      words = statement.as<CreateIndexStatement>().unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ";
      end = statement_end;
      break;
    case StatementKind::CreateView:
      words = "CREATE VIEW ";
      end = statement_end;
      while (end > statement.span.end && std::string_view(" \t\n\f\r").find(text[end - 1]) != std::string_view::npos) --end;
      break;
    case StatementKind::CreateTrigger:
      words = "CREATE TRIGGER ";
      break;
    default:
      words = "CREATE VIRTUAL TABLE ";
      break;
  }
  String result(words);
  result.append(Span{statement.name.span.begin, end}.of(text));
  return result;
}

}  // namespace perlite::sql
