#include "catalog/schema_table.h"

#include "base/ascii.h"

namespace perlite::catalog {
namespace {

constexpr Column schema_column(std::string_view name, std::string_view type, Affinity affinity, std::int16_t field) {
  Column column{};
  column.name = name;
  column.declared_type = type;
  column.affinity = affinity;
  column.collation = "BINARY";
  column.storage_index = field;
  return column;
}

constexpr Column kColumns[] = {
    schema_column("type", "TEXT", Affinity::Text, 0),     schema_column("name", "TEXT", Affinity::Text, 1),
    schema_column("tbl_name", "TEXT", Affinity::Text, 2), schema_column("rootpage", "INT", Affinity::Integer, 3),
    schema_column("sql", "TEXT", Affinity::Text, 4),
};

constexpr Table make_schema_table(std::string_view name) {
  Table table{};
  table.name = name;
  table.kind = TableKind::Ordinary;
  table.entry = kSchemaEntry;
  table.columns = kColumns;
  table.rowid_alias = -1;
  table.record_fields = 5;
  table.is_schema = true;
  return table;
}

constexpr Table kSchemaTable = make_schema_table("sqlite_master");
constexpr Table kTempSchemaTable = make_schema_table("sqlite_temp_master");

}  // namespace

const Table& schema_table(bool is_temp) noexcept { return is_temp ? kTempSchemaTable : kSchemaTable; }

bool is_schema_name(std::string_view name) noexcept {
  return base::equals_ignoring_case(name, "sqlite_schema") || base::equals_ignoring_case(name, "sqlite_master");
}

bool is_temp_schema_name(std::string_view name) noexcept {
  return base::equals_ignoring_case(name, "sqlite_temp_schema") ||
         base::equals_ignoring_case(name, "sqlite_temp_master");
}

}  // namespace perlite::catalog
