// Databases, tables, collations, and the expressions that belong to a table.
#include "base/ascii.h"
#include "bind/binding.h"
#include "bind/table_description.h"
#include "catalog/schema_table.h"

namespace perlite::bind {

using base::equals_ignoring_case;

int Binder::find_database(std::string_view name) {
  const int count = environment_.database_count();
  for (int i = 0; i < count; ++i) {
    if (equals_ignoring_case(environment_.database_name(i), name)) return i;
  }
  // The first database is main, however it is called.
  return equals_ignoring_case(name, "main") ? 0 : -1;
}

const catalog::Shape* Binder::shape(int database) {
  Result<const catalog::Shape*> result = environment_.shape(database);
  if (!result.ok()) {
    fail(std::move(result.status()));
    return nullptr;
  }
  return result.value();
}

bool Binder::find_table(std::string_view schema_name, bool schema_given, std::string_view name, FoundTable* found) {
  const int count = environment_.database_count();
  auto look = [&](int database) {
    const catalog::Shape* one = shape(database);
    if (one == nullptr) return false;
    Result<const catalog::Table*> table = one->find_table(name);
    if (!table.ok()) return fail(std::move(table.status()));
    found->table = table.value();
    found->database = database;
    return true;
  };
  if (schema_given) {
    const int database = find_database(schema_name);
    if (database < 0) return true;
    if (!look(database)) return false;
  } else if (place_->database >= 0 && place_->database != 1) {
    // Inside a view or table of a file, names mean that file.
    if (!look(place_->database)) return false;
  } else if (catalog::is_temp_schema_name(name)) {
    if (!look(1)) return false;
  } else if (catalog::is_schema_name(name)) {
    if (!look(0)) return false;
  } else {
    for (int i = 0; i < count && found->table == nullptr; ++i) {
      // temp comes before main.
      if (!look(i == 0 ? 1 : i == 1 ? 0 : i)) return false;
    }
  }
  if (found->table != nullptr) {
    note_read(found->database);
    return true;
  }
  found->database = -1;
  if (schema_given && !equals_ignoring_case(schema_name, "main")) return true;
  Result<vm::Source*> eponymous = environment_.find_eponymous(name);
  if (!eponymous.ok()) return fail(std::move(eponymous.status()));
  found->source = eponymous.value();
  return true;
}

bool Binder::no_such_table(const sql::Name& schema_name, const sql::Name& name) {
  if (schema_name.present()) return error("no such table: %.*s.%.*s", schema_name.text, name.text);
  if (place_->database >= 0) {
    return error("no such table: %.*s.%.*s", environment_.database_name(place_->database), name.text);
  }
  return error("no such table: %.*s", name.text);
}

// ------------------------------------------------------------------------------------------------------- collations

// A collation that nobody was asked for yet: a name alone, with nothing to compare by.
const Collation* Binder::collation_named(std::string_view name) {
  if (name == "BINARY") return &record::binary_collation();
  if (const Collation* builtin = record::find_builtin_collation(name)) return builtin;
  for (const Collation* known : named_collations_) {
    if (equals_ignoring_case(known->name, name)) return known;
  }
  auto* collation = arena_.make<Collation>();
  collation->name = arena_.copy_text(name).data();
  collation->compare = nullptr;
  collation->kind = record::CollationKind::User;
  collation->encoding = TextEncoding::Utf8;
  named_collations_.push_back(collation);
  return collation;
}

const Collation* Binder::usable(const Collation* collation) {
  if (collation == nullptr) return &record::binary_collation();
  if (collation->kind != record::CollationKind::User || collation->compare != nullptr) return collation;
  const Collation* found = environment_.find_collation(collation->name);
  if (found == nullptr) {
    fail(message_with(Code::ErrorMissingCollSeq, -1, "no such collation sequence: %.*s",
                      std::string_view(collation->name)));
  }
  return found;
}

// --------------------------------------------------------------------------------------------------------- relations

Source* Binder::new_source(RelationKind kind) {
  auto* source = arena_.make<Source>();
  source->kind = kind;
  source->id = relation_count_++;
  return source;
}

Source* Binder::table_source(int database, const catalog::Table& table, std::string_view alias, Span span,
                             bool for_write) {
  Source* source = new_source(RelationKind::Table);
  source->name = table.name;
  source->alias = alias;
  source->database = database;
  source->table = &table;
  if (&table == watched_table_) ++watched_uses_;
  source->has_rowid = !table.without_rowid;
  source->span = span;
  const catalog::TableDescription* const known = table.description;
  source->columns = known != nullptr && !known->columns.empty()
                        ? known->columns
                        : relation_columns(table, arena_, [&](std::string_view name) { return collation_named(name); });
  if (!bind_table_expressions(*source, for_write)) return nullptr;
  return source;
}

// Defaults, generated columns and index expressions, bound over the relation they belong to. They are the schema's:
// the authorizer is not asked, offsets mean nothing, and what they read is not what the statement reads.
bool Binder::bind_table_expressions(Source& source, bool for_write) {
  const catalog::Table& table = *source.table;
  const bool has_none = table.is_schema || (table.description != nullptr && !table.description->has_expressions);
  if (has_none && !for_write) return true;
  if (table.description != nullptr && table.description->no_expressions != nullptr) {
    auto* none = arena_.make<TableExpressions>(*table.description->no_expressions);
    none->row = &source;
    source.expressions = none;
    return true;
  }

  Place place;
  place.text = table.sql;
  place.offsets = false;
  place.database = source.database;
  place.in_schema = true;
  place.silent = true;
  place.prohibits = "generated columns";
  const Restored<Place*> at(place_, &place);
  Scope scope;
  scope.sources.push_back(&source);
  Scope* const saved_names = source.scope;
  const std::string_view saved_alias = source.alias;
  source.scope = &scope;
  source.alias = table.name;
  const bool has_rowid = source.has_rowid;
  const Restored<Scope*> in(scope_, &scope);
  const Restored<SelectState*> no_select(select_, nullptr);
  const Restored<WithScope*> no_with(with_, nullptr);
  const std::uint64_t saved_depths = depths_named_;

  auto* expressions = arena_.make<TableExpressions>();
  expressions->row = &source;
  const std::size_t count = table.columns.size();
  std::span<const Expr*> defaults = arena_.make_array<const Expr*>(count);
  std::span<const Expr*> generated = arena_.make_array<const Expr*>(count);
  std::span<std::uint64_t> uses;
  if (table.has_generated) uses = arena_.make_array<std::uint64_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const catalog::Column& column = table.columns[i];
    if (column.default_value != nullptr) {
      place.prohibits = nullptr;
      defaults[i] = bind_scalar(column.default_value);
      if (defaults[i] == nullptr) return false;
    }
    if (column.generated == nullptr) continue;
    place.prohibits = "generated columns";
    source.has_rowid = false;
    const std::uint64_t before = std::exchange(source.columns_used, 0);
    generated[i] = bind_scalar(column.generated);
    if (generated[i] == nullptr) return false;
    if (column.generated_kind == catalog::GeneratedKind::Virtual) uses[i] = source.columns_used;
    source.columns_used = before;
    source.has_rowid = has_rowid;
  }
  // Virtual columns may read virtual columns: follow until nothing is added.
  for (bool changed = table.has_generated && count <= 63; changed;) {
    changed = false;
    for (std::uint64_t& use : uses) {
      std::uint64_t all = use;
      for (std::size_t k = 0; k < count; ++k) {
        if ((use >> k & 1u) != 0) all |= uses[k];
      }
      changed = changed || all != use;
      use = all;
    }
  }
  expressions->defaults = defaults;
  expressions->generated = generated;

  const std::uint64_t before = source.columns_used;
  std::span<const Expr*> checks = arena_.make_array<const Expr*>(for_write ? table.checks.size() : 0);
  place.prohibits = "CHECK constraints";
  for (std::size_t i = 0; i < checks.size(); ++i) {
    checks[i] = bind_scalar(table.checks[i].expression);
    if (checks[i] == nullptr) return false;
  }
  expressions->checks = checks;
  auto indexes = arena_.make_array<TableExpressions::IndexExpressions>(table.indexes.size());
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    indexes[i] = bind_index_expressions(source, *table.indexes[i], for_write);
    if (!ok()) return false;
  }
  expressions->indexes = indexes;
  source.columns_used = before;
  source.generated_uses = uses;
  source.expressions = expressions;
  source.scope = saved_names;
  source.alias = saved_alias;
  depths_named_ = saved_depths;
  return true;
}

// In the scope of the table. Who only reads asks for the collations of an index when it uses it.
TableExpressions::IndexExpressions Binder::bind_index_expressions(Source& source, const catalog::Index& index,
                                                                  bool for_write) {
  TableExpressions::IndexExpressions bound{};
  if (index.where != nullptr) {
    place_->prohibits = "partial index WHERE clauses";
    bound.where = bind_scalar(index.where);
    if (bound.where == nullptr) return bound;
  }
  std::span<const Expr*> columns = arena_.make_array<const Expr*>(index.columns.size());
  std::span<const Collation*> collations = arena_.make_array<const Collation*>(index.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    collations[i] = collation_named(index.columns[i].collation);
    if (index.columns[i].expression != nullptr) {
      place_->prohibits = "index expressions";
      place_->prohibits_qualified = true;
      const bool has_rowid = std::exchange(source.has_rowid, false);
      columns[i] = bind_scalar(index.columns[i].expression);
      source.has_rowid = has_rowid;
      place_->prohibits_qualified = false;
      if (columns[i] == nullptr) return bound;
    }
    if (for_write && (collations[i] = usable(collations[i])) == nullptr) return bound;
  }
  bound.columns = columns;
  bound.collations = collations;
  return bound;
}

}  // namespace perlite::bind
