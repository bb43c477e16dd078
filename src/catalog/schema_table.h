// catalog/schema_table.h: the table that holds the schema, which no CREATE text defines (manual: schematab.html).
#pragma once

#include <string_view>

#include "catalog/shape.h"

namespace perlite::catalog {

// sqlite_schema(type TEXT, name TEXT, tbl_name TEXT, rootpage INT, sql TEXT), of a database or of temp. Static.
const Table& schema_table(bool is_temp) noexcept;

// sqlite_schema and sqlite_master name the table of any database.
bool is_schema_name(std::string_view name) noexcept;
// sqlite_temp_schema and sqlite_temp_master name that of temp, also where no database is written.
bool is_temp_schema_name(std::string_view name) noexcept;

}  // namespace perlite::catalog
