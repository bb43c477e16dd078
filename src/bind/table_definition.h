// bind/table_definition.h: from the tree of a CREATE to the object it defines, by the text alone.
//
// Used for statements and for the texts of sqlite_schema. Nothing is looked up: collations, functions and the columns
// that expressions name are checked where a CREATE statement is bound (bind_create_table.cc).
//   Errors  stock's texts; offsets count in the text of the tree.
//   Lifetime  the objects look into the text and the tree; both live in or as long as `arena`.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "catalog/shape.h"
#include "sql/ast.h"

namespace perlite::bind {

// `entry` stays kNoEntry and automatic indexes are in `indexes`, numbered in the order stock numbers them.
Result<catalog::Table*> define_table(const sql::CreateTableStatement& ast, std::string_view text, Arena& arena);
Result<catalog::Table*> define_view(const sql::CreateViewStatement& ast, Arena& arena);
Result<catalog::Table*> define_virtual(const sql::CreateVirtualStatement& ast, Arena& arena);
Result<catalog::Index*> define_index(const sql::CreateIndexStatement& ast, const catalog::Table& table, Arena& arena);
Result<catalog::Trigger*> define_trigger(const sql::CreateTriggerStatement& ast, Arena& arena);

// rowid, oid and _rowid_.
bool is_rowid_name(std::string_view name) noexcept;

}  // namespace perlite::bind
