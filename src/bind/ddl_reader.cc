#include "bind/ddl_reader.h"

#include "bind/table_definition.h"
#include "bind/table_description.h"
#include "sql/parser.h"

namespace perlite::bind {
namespace {

// A stored text: one statement that some library accepted once. Limits of connections do not apply to it.
Result<const sql::Statement*> parse(std::string_view sql, Arena& arena) {
  sql::ParseLimits limits;
  limits.columns = 32767;
  PL_ASSIGN(const sql::ParseResult result, sql::parse_statement(sql, arena, limits));
  if (result.statement == nullptr || result.explain != sql::ExplainMode::None) return Status::error("");
  return result.statement;
}

class SchemaReader final : public catalog::DdlReader {
 public:
  Result<catalog::Table*> read_table(std::string_view sql, catalog::EntryId entry, Arena& arena) const override {
    PL_ASSIGN(const sql::Statement* statement, parse(sql, arena));
    Result<catalog::Table*> table = Status::error("");
    if (const auto* create = statement->try_as<sql::CreateTableStatement>()) {
      // CREATE TABLE AS is stored as a list of columns, never as written.
      if (create->select == nullptr) table = define_table(*create, sql, arena);
    } else if (const auto* view = statement->try_as<sql::CreateViewStatement>()) {
      table = define_view(*view, arena);
    } else if (const auto* module_table = statement->try_as<sql::CreateVirtualStatement>()) {
      table = define_virtual(*module_table, arena);
    }
    if (table.ok()) table.value()->entry = entry;
    return table;
  }
  Result<catalog::Index*> read_index(std::string_view sql, catalog::EntryId entry, const catalog::Table& table,
                                     Arena& arena) const override {
    PL_ASSIGN(const sql::Statement* statement, parse(sql, arena));
    const auto* create = statement->try_as<sql::CreateIndexStatement>();
    if (create == nullptr) return Status::error("");
    PL_ASSIGN(catalog::Index * index, define_index(*create, table, arena));
    index->entry = entry;
    index->sql = sql;
    return index;
  }
  Result<catalog::Trigger*> read_trigger(std::string_view sql, catalog::EntryId entry, Arena& arena) const override {
    PL_ASSIGN(const sql::Statement* statement, parse(sql, arena));
    const auto* create = statement->try_as<sql::CreateTriggerStatement>();
    if (create == nullptr) return Status::error("");
    PL_ASSIGN(catalog::Trigger * trigger, define_trigger(*create, arena));
    trigger->entry = entry;
    trigger->sql = sql;
    return trigger;
  }
  const catalog::TableDescription* describe(catalog::Table& table, Arena& arena) const override {
    return describe_table(table, arena);
  }
};

constinit const SchemaReader reader_of_process;

}  // namespace

const catalog::DdlReader& ddl_reader() noexcept { return reader_of_process; }

}  // namespace perlite::bind
