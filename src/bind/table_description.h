// bind/table_description.h: what every statement over a table would find out again, found out once with its shape.
//
// It depends on the table's text alone, not on a connection: collations of the host, and expressions, which are bound
// over the relation of each statement, are left out.
#pragma once

#include <span>

#include "base/arena.h"
#include "bind/bound.h"
#include "catalog/shape.h"

namespace perlite::catalog {

struct TableDescription {
  std::span<const bind::RelationColumn> columns;  // of a relation over the table; empty where a collation is the host's
  const char* affinities;                         // of a row that is made, a letter a column; a rowid alias is not there
  bool has_expressions;                           // defaults, generated columns, expressions or conditions of indexes
  // What bind_table_expressions() makes of a table that has none of them and no CHECK, `row` left open; null for others.
  const bind::TableExpressions* no_expressions;
};

}  // namespace perlite::catalog

namespace perlite::bind {

// Of a table that is complete. Its indexes are told their key_fields, orders and affinities.
const catalog::TableDescription* describe_table(catalog::Table& table, Arena& arena);

// The columns of a relation over the table, by collations that `collation_of(name)` answers for.
template <class CollationOf>
std::span<const RelationColumn> relation_columns(const catalog::Table& table, Arena& arena, CollationOf collation_of) {
  std::span<RelationColumn> columns = arena.make_array<RelationColumn>(table.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const catalog::Column& column = table.columns[i];
    columns[i] = RelationColumn{column.name,
                                column.affinity,
                                collation_of(column.collation),
                                column.declared_type.empty() ? std::string_view() : column.declared_type,
                                column.hidden,
                                column.not_null || column.is_rowid_alias,
                                nullptr,
                                catalog::kRowidColumn};
  }
  return columns;
}

}  // namespace perlite::bind
