// Pragmas that list: tables, columns, indexes, foreign keys, functions, collations, databases.
#include <algorithm>

#include "base/ascii.h"
#include "engine/compile_options.h"
#include "engine/connection.h"
#include "engine/pragma_functions.h"
#include "engine/sources.h"

namespace perlite::engine {
namespace {

// The databases in the order in which an unqualified name is looked for.
int search_order(int position) { return position == 0 ? 1 : position == 1 ? 0 : position; }

struct FoundTable {
  const catalog::Table* table = nullptr;
  int database = 0;
};

Result<FoundTable> find_table(PragmaCall& call, std::string_view name) {
  Connection& connection = call.connection();
  for (int position = 0; position < connection.database_count(); ++position) {
    const int number = search_order(position);
    if (call.database_named() && number != call.database()) continue;
    PL_ASSIGN(const catalog::Shape* const shape, connection.shape(number));
    PL_ASSIGN(const catalog::Table* const table, shape->find_table(name));
    if (table != nullptr) return FoundTable{table, number};
  }
  return FoundTable{};
}

Result<const catalog::Index*> find_index(PragmaCall& call, std::string_view name) {
  Connection& connection = call.connection();
  for (int position = 0; position < connection.database_count(); ++position) {
    const int number = search_order(position);
    if (call.database_named() && number != call.database()) continue;
    PL_ASSIGN(const catalog::Shape* const shape, connection.shape(number));
    PL_ASSIGN(const catalog::Index* const index, shape->find_index(name));
    if (index != nullptr) return index;
    // The key of a WITHOUT ROWID table goes by the table's name here.
    PL_ASSIGN(const catalog::Table* const table, shape->find_table(name));
    if (table != nullptr && table->primary_key != nullptr) return table->primary_key;
  }
  return static_cast<const catalog::Index*>(nullptr);
}

Status list_columns(PragmaCall& call, bool extended) {
  PL_ASSIGN(const FoundTable found, find_table(call, call.argument()));
  if (found.table == nullptr) return {};
  if (found.table->kind == catalog::TableKind::View)
    return call.connection().list_view_columns(found.database, *found.table, extended, call);
  std::span<const catalog::Column> columns = found.table->columns;
  int shown = 0;
  for (const catalog::Column& column : columns) {
    const bool generated = column.generated_kind != catalog::GeneratedKind::None;
    if (!extended && (generated || column.hidden)) continue;
    auto row = call.row();
    row.integer(extended ? static_cast<std::int64_t>(&column - columns.data()) : shown)
        .text(column.name)
        .text(column.declared_type);
    ++shown;
    row.integer(column.not_null ? 1 : 0);
    if (column.default_value != nullptr && !generated) {
      row.text(column.default_text);
    } else {
      row.null();
    }
    row.integer(column.key_position);
    if (extended) {
      row.integer(column.hidden                                              ? 1
                  : column.generated_kind == catalog::GeneratedKind::Virtual ? 2
                  : column.generated_kind == catalog::GeneratedKind::Stored  ? 3
                                                                             : 0);
    }
  }
  return {};
}

Status list_index(PragmaCall& call, bool extended) {
  PL_ASSIGN(const catalog::Index* const index, find_index(call, call.argument()));
  if (index == nullptr) return {};
  const std::size_t count = extended && !index->is_table  ? index->columns.size()
                            : index->is_table && extended ? index->columns.size()
                                                          : index->key_columns;
  for (std::size_t i = 0; i < count; ++i) {
    const catalog::IndexColumn& column = index->columns[i];
    auto row = call.row();
    row.integer(static_cast<std::int64_t>(i)).integer(column.column);
    if (column.column >= 0) {
      row.text(index->table->columns[static_cast<std::size_t>(column.column)].name);
    } else {
      row.null();
    }
    if (extended) row.integer(column.descending ? 1 : 0).text(column.collation).integer(i < index->key_columns ? 1 : 0);
  }
  return {};
}

constexpr const char* action_name(catalog::ForeignKeyAction action) {
  constexpr const char* kNames[] = {"NO ACTION", "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE"};
  return kNames[static_cast<int>(action)];
}

}  // namespace

Status pragma_table_info(PragmaCall& call) { return list_columns(call, false); }
Status pragma_table_xinfo(PragmaCall& call) { return list_columns(call, true); }
Status pragma_index_info(PragmaCall& call) { return list_index(call, false); }
Status pragma_index_xinfo(PragmaCall& call) { return list_index(call, true); }

Status pragma_index_list(PragmaCall& call) {
  PL_ASSIGN(const FoundTable found, find_table(call, call.argument()));
  if (found.table == nullptr) return {};
  std::int64_t sequence = 0;
  const auto add = [&](const catalog::Index& index) {
    constexpr const char* kOrigins[] = {"c", "u", "pk"};
    call.row()
        .integer(sequence++)
        .text(index.name)
        .integer(index.unique ? 1 : 0)
        .text(kOrigins[static_cast<int>(index.origin)])
        .integer(index.where != nullptr ? 1 : 0);
  };
  // Newest first; automatic ones after those of CREATE INDEX, the key of a WITHOUT ROWID table by its own number.
  Vector<const catalog::Index*> all(found.table->indexes.begin(), found.table->indexes.end());
  if (found.table->primary_key != nullptr) {
    auto at = std::find_if(all.begin(), all.end(), [&](const catalog::Index* i) {
      return i->origin == catalog::IndexOrigin::Create ||
             base::compare_ignoring_case(i->name, found.table->primary_key->name) > 0;
    });
    all.insert(at, found.table->primary_key);
  }
  // Where several are violated those of REPLACE come last, and stock keeps its list in that order.
  for (const bool replaces : {false, true}) {
    for (std::size_t i = all.size(); i-- > 0;) {
      if ((all[i]->conflict == catalog::ConflictAction::Replace) == replaces) add(*all[i]);
    }
  }
  return {};
}

Status pragma_foreign_key_list(PragmaCall& call) {
  PL_ASSIGN(const FoundTable found, find_table(call, call.argument()));
  if (found.table == nullptr) return {};
  std::int64_t id = 0;
  const auto keys = found.table->foreign_keys;
  for (std::size_t k = keys.size(); k-- > 0; ++id) {
    const catalog::ForeignKey& key = keys[k];
    for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
      auto row = call.row();
      row.integer(id)
          .integer(static_cast<std::int64_t>(i))
          .text(key.parent)
          .text(found.table->columns[static_cast<std::size_t>(key.child_columns[i])].name);
      if (i < key.parent_columns.size()) {
        row.text(key.parent_columns[i]);
      } else {
        row.null();
      }
      row.text(action_name(key.on_update)).text(action_name(key.on_delete)).text("NONE");
    }
  }
  return {};
}

Status pragma_table_list(PragmaCall& call) {
  Connection& connection = call.connection();
  for (int number = 0; number < connection.database_count(); ++number) {
    if (call.database_named() && number != call.database()) continue;
    PL_ASSIGN(const catalog::Shape* const shape, connection.shape(number));
    const auto add = [&](const catalog::Table& table, std::string_view name) {
      constexpr const char* kKinds[] = {"table", "view", "virtual"};
      call.row()
          .text(connection.database_name(number))
          .text(name)
          .text(kKinds[static_cast<int>(table.kind)])
          .integer(static_cast<std::int64_t>(table.columns.size()))
          .integer(table.without_rowid ? 1 : 0)
          .integer(table.strict ? 1 : 0);
    };
    // Newest first, as in a small schema of stock's.
    for (std::size_t i = shape->entries().size(); i-- > 0;) {
      const catalog::Entry& entry = shape->entries()[i];
      if (entry.type != catalog::EntryType::Table && entry.type != catalog::EntryType::View) continue;
      if (call.has_argument() && !base::equals_ignoring_case(entry.name, call.argument())) continue;
      PL_ASSIGN(const catalog::Table* const table, shape->find_table(entry.name));
      if (table != nullptr) add(*table, table->name);
    }
    const char* schema_name = number == 1 ? "sqlite_temp_schema" : "sqlite_schema";
    if (!call.has_argument() || base::equals_ignoring_case(schema_name, call.argument())) {
      PL_ASSIGN(const catalog::Table* const table, shape->find_table(schema_name));
      if (table != nullptr) add(*table, schema_name);
    }
  }
  return {};
}

Status pragma_database_list(PragmaCall& call) {
  Connection& connection = call.connection();
  for (int i = 0; i < connection.database_count(); ++i) {
    if (connection.database(i).store == nullptr) continue;
    call.row().integer(i).text(connection.database_name(i)).text(connection.database(i).filename);
  }
  return {};
}

Status pragma_collation_list(PragmaCall& call) {
  std::int64_t sequence = 0;
  for (const HostCollation* c = call.connection().collation_registry().first(); c != nullptr; c = c->next) {
    call.row().integer(sequence++).text(c->name);
  }
  for (const char* name : {"RTRIM", "NOCASE", "BINARY"}) call.row().integer(sequence++).text(name);
  return {};
}

Status pragma_function_list(PragmaCall& call) {
  call.connection().function_registry().for_each([&](const vm::FunctionDef& def) {
    if (def.has(vm::kInternal)) return;
    constexpr const char* kEncodings[] = {"", "utf8", "utf16le", "utf16be"};
    const char* type = def.value != nullptr ? "w" : def.step != nullptr ? "a" : "s";
    std::int64_t flags = 0;
    if (def.has(vm::kDeterministic)) flags |= SQLITE_DETERMINISTIC;
    if (def.has(vm::kDirectOnly)) flags |= SQLITE_DIRECTONLY;
    if (def.has(vm::kReadsSubtype)) flags |= SQLITE_SUBTYPE;
    if (def.has(vm::kInnocuous)) flags |= SQLITE_INNOCUOUS;
    call.row()
        .text(def.name)
        .integer(def.has(vm::kBuiltIn) ? 1 : 0)
        .text(type)
        .text(kEncodings[static_cast<int>(def.preferred_encoding)])
        .integer(def.arg_count)
        .integer(flags);
  });
  return {};
}

Status pragma_module_list(PragmaCall& call) {
  for (const auto& module : call.connection().sources().modules()) call.row().text(module->name());
  return {};
}

Status pragma_pragma_list(PragmaCall& call) {
  for (const PragmaDef& def : all_pragmas()) call.row().text(def.name);
  return {};
}

Status pragma_compile_options(PragmaCall& call) {
  for (const char* option : compile_options()) call.row().text(option);
  return {};
}

}  // namespace perlite::engine
