#include "bind/table_description.h"

#include <algorithm>

#include "vm/comparison.h"

namespace perlite::bind {
namespace {

bool is_builtin(std::string_view collation) noexcept { return record::find_builtin_collation(collation) != nullptr; }

bool has_expression(const catalog::Index& index) noexcept {
  return std::any_of(index.columns.begin(), index.columns.end(),
                     [](const catalog::IndexColumn& column) { return column.expression != nullptr; });
}

bool is_comparable(const catalog::Index& index) noexcept {
  return std::all_of(index.columns.begin(), index.columns.end(), [](const catalog::IndexColumn& column) {
    return column.collation.empty() || is_builtin(column.collation);
  });
}

void describe_index(catalog::Index& index, const catalog::Table& table, Arena& arena) {
  std::span<char> letters = arena.make_array<char>(index.columns.size() + 1);
  for (std::size_t k = 0; k < index.columns.size(); ++k) {
    const std::int32_t column = index.columns[k].column;
    letters[k] = vm::affinity_letter(column >= 0 ? table.columns[static_cast<std::size_t>(column)].affinity
                                                 : Affinity::Blob);
  }
  index.affinities = letters.data();
  if (!is_comparable(index)) return;
  // Of a WITHOUT ROWID table the key orders, and the other columns are what it carries.
  const std::size_t count = index.is_table ? index.key_columns : index.columns.size();
  std::span<record::KeyField> fields = arena.make_array<record::KeyField>(count + 1);
  for (std::size_t k = 0; k < count; ++k) {
    const catalog::IndexColumn& column = index.columns[k];
    if (!column.collation.empty()) fields[k].collation = record::find_builtin_collation(column.collation);
    fields[k].descending = column.descending;
  }
  index.key_fields = fields;
  std::span<record::KeyInfo> orders = arena.make_array<record::KeyInfo>(3);
  for (const TextEncoding encoding : {TextEncoding::Utf8, TextEncoding::Utf16le, TextEncoding::Utf16be}) {
    orders[static_cast<std::size_t>(encoding) - 1] = {fields.first(count), encoding};
  }
  index.orders = orders;
}

// A letter a column, as it stands in a row that is made: a rowid alias is not there.
const char* affinities_of(const catalog::Table& table, Arena& arena) {
  std::span<char> letters = arena.make_array<char>(table.columns.size() + 1);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const catalog::Column& column = table.columns[c];
    letters[c] = vm::affinity_letter(column.is_rowid_alias ? Affinity::Blob : column.affinity);
  }
  return letters.data();
}

// Null where a collation is the host's.
const TableExpressions* expressions_without_any(const catalog::Table& table, Arena& arena) {
  auto indexes = arena.make_array<TableExpressions::IndexExpressions>(table.indexes.size());
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    const catalog::Index& index = *table.indexes[i];
    if (!is_comparable(index)) return nullptr;
    std::span<const Collation*> collations = arena.make_array<const Collation*>(index.columns.size());
    for (std::size_t k = 0; k < collations.size(); ++k) {
      collations[k] = record::find_builtin_collation(index.columns[k].collation);
    }
    indexes[i].columns = arena.make_array<const Expr*>(index.columns.size());
    indexes[i].collations = collations;
  }
  auto* expressions = arena.make<TableExpressions>();
  expressions->defaults = arena.make_array<const Expr*>(table.columns.size());
  expressions->generated = arena.make_array<const Expr*>(table.columns.size());
  expressions->indexes = indexes;
  return expressions;
}

}  // namespace

const catalog::TableDescription* describe_table(catalog::Table& table, Arena& arena) {
  for (const catalog::Index* index : table.indexes) describe_index(const_cast<catalog::Index&>(*index), table, arena);
  if (table.primary_key != nullptr) describe_index(const_cast<catalog::Index&>(*table.primary_key), table, arena);

  auto* description = arena.make<catalog::TableDescription>();
  const bool comparable = std::all_of(table.columns.begin(), table.columns.end(),
                                      [](const catalog::Column& column) { return is_builtin(column.collation); });
  if (comparable) description->columns = relation_columns(table, arena, record::find_builtin_collation);
  description->affinities = affinities_of(table, arena);
  description->has_expressions =
      table.has_generated ||
      std::any_of(table.columns.begin(), table.columns.end(),
                  [](const catalog::Column& column) { return column.default_value != nullptr; }) ||
      std::any_of(table.indexes.begin(), table.indexes.end(),
                  [](const catalog::Index* index) { return index->where != nullptr || has_expression(*index); });
  if (!description->has_expressions && table.checks.empty()) {
    description->no_expressions = expressions_without_any(table, arena);
  }
  return description;
}

}  // namespace perlite::bind
