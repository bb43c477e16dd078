// DROP and REINDEX: objects that are there.
#include "base/ascii.h"
#include "bind/binding.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

namespace {

std::string_view schema_table_of(int database) { return database == 1 ? "sqlite_temp_master" : "sqlite_master"; }

// temp, main, attached.
int searched(int place) { return place == 0 ? 1 : place == 1 ? 0 : place; }

}  // namespace

const Drop* Binder::bind_drop(const sql::DropStatement& ast) {
  auto* drop = arena_.make<Drop>();
  drop->object = ast.object;
  drop->name = terminated(ast.name.text);
  drop->database = -1;
  const bool is_table = ast.object == sql::ObjectKind::Table || ast.object == sql::ObjectKind::View;
  constexpr std::string_view kKinds[] = {"table", "index", "view", "trigger"};
  const std::string_view kind = kKinds[static_cast<std::size_t>(ast.object)];

  const int only = ast.schema.present() ? find_database(ast.schema.text) : -1;
  const int count = ast.schema.present() && only < 0 ? 0 : environment_.database_count();
  bool found = false;
  for (int place = 0; place < count && !found; ++place) {
    const int database = searched(place);
    if (only >= 0 && database != only) continue;
    const catalog::Shape* one = shape(database);
    if (one == nullptr) return nullptr;
    if (is_table) {
      Result<const catalog::Table*> table = one->find_table(ast.name.text);
      if (!table.ok()) return failed(std::move(table.status()));
      // Unqualified, the schema's own table is that of main.
      if (table.value() != nullptr && table.value()->is_schema && only < 0 && database == 1 &&
          !base::starts_with_ignoring_case(ast.name.text, "sqlite_temp_")) {
        continue;
      }
      drop->table = table.value();
      found = drop->table != nullptr;
    } else if (ast.object == sql::ObjectKind::Index) {
      Result<const catalog::Index*> index = one->find_index(ast.name.text);
      if (!index.ok()) return failed(std::move(index.status()));
      drop->index = index.value();
      found = drop->index != nullptr;
    } else {
      Result<const catalog::Trigger*> trigger = one->find_trigger(ast.name.text);
      if (!trigger.ok()) return failed(std::move(trigger.status()));
      drop->trigger = trigger.value();
      found = drop->trigger != nullptr;
    }
    if (found) drop->database = database;
  }
  if (!found) {
    if (ast.if_exists) {
      // That there is none is true of what was read; the temporary database is the connection's own.
      for (int database = 0; database < count; ++database) {
        if (only < 0 ? database != 1 : database == only) note_read(database);
      }
      drop->no_op = true;
      return drop;
    }
    if (ast.schema.present()) return failed(message("no such %.*s: %.*s.%.*s", kind, ast.schema.text, ast.name.text));
    return failed(message("no such %.*s: %.*s", kind, ast.name.text));
  }

  const int database = drop->database;
  const bool temp = database == 1;
  bool ignored = false;
  if (is_table) {
    const catalog::Table& table = *drop->table;
    const bool statistics = base::starts_with_ignoring_case(table.name, "sqlite_stat");
    if (base::starts_with_ignoring_case(table.name, "sqlite_") && !statistics) {
      return failed(message("table %.*s may not be dropped", table.name));
    }
    const bool is_view = table.kind == catalog::TableKind::View;
    if (ast.object == sql::ObjectKind::View && !is_view) {
      return failed(message("use DROP TABLE to delete table %.*s", table.name));
    }
    if (ast.object == sql::ObjectKind::Table && is_view) {
      return failed(message("use DROP VIEW to delete view %.*s", table.name));
    }
    const int action = is_view                                     ? (temp ? SQLITE_DROP_TEMP_VIEW : SQLITE_DROP_VIEW)
                       : table.kind == catalog::TableKind::Virtual ? SQLITE_DROP_VTABLE
                       : temp                                      ? SQLITE_DROP_TEMP_TABLE
                                                                   : SQLITE_DROP_TABLE;
    const std::string_view module = table.kind == catalog::TableKind::Virtual ? table.module : std::string_view();
    if (!authorize(SQLITE_DELETE, schema_table_of(database), {}, database, &ignored) ||
        !authorize(action, table.name, module, database, &ignored) ||
        !authorize(SQLITE_DELETE, table.name, {}, database, &ignored)) {
      return nullptr;
    }
    // Dropping a table deletes its rows first, which foreign keys may forbid.
    if (table.kind == catalog::TableKind::Ordinary && !refuse_foreign_keys(database, table)) return nullptr;
  } else if (ast.object == sql::ObjectKind::Index) {
    if (drop->index->origin != catalog::IndexOrigin::Create) {
      return failed(Status::error("index associated with UNIQUE or PRIMARY KEY constraint cannot be dropped"));
    }
    drop->table = drop->index->table;
    if (!authorize(SQLITE_DELETE, schema_table_of(database), {}, database, &ignored) ||
        !authorize(temp ? SQLITE_DROP_TEMP_INDEX : SQLITE_DROP_INDEX, drop->index->name, drop->table->name, database,
                   &ignored)) {
      return nullptr;
    }
  } else {
    if (!authorize(temp ? SQLITE_DROP_TEMP_TRIGGER : SQLITE_DROP_TRIGGER, drop->trigger->name,
                   drop->trigger->table_name, database, &ignored) ||
        !authorize(SQLITE_DELETE, schema_table_of(database), {}, database, &ignored)) {
      return nullptr;
    }
  }
  note_written(database);
  return drop;
}

const Reindex* Binder::bind_reindex(const sql::ReindexStatement& ast) {
  const int only = ast.schema.present() ? find_database(ast.schema.text) : -1;
  if (ast.schema.present() && only < 0) {
    error_at(ast.schema.span, "unknown database %.*s", ast.schema.text);
    return nullptr;
  }
  const std::string_view name = ast.name.text;
  const Collation* collation = nullptr;
  bool all = !ast.name.present(), expressions_only = false;
  if (!all && !ast.schema.present()) {
    collation = environment_.find_collation(name);
    expressions_only = collation == nullptr && equals_ignoring_case(name, "expressions");
  }
  const catalog::Table* table = nullptr;
  const catalog::Index* index = nullptr;
  int database = -1;
  const int count = environment_.database_count();
  if (!all && collation == nullptr && !expressions_only) {
    for (int place = 0; place < count && table == nullptr && index == nullptr; ++place) {
      const int one = searched(place);
      if (only >= 0 && one != only) continue;
      const catalog::Shape* loaded = shape(one);
      if (loaded == nullptr) return nullptr;
      database = one;
      Result<const catalog::Table*> found = loaded->find_table(name);
      if (!found.ok()) return failed(std::move(found.status()));
      if (found.value() != nullptr && found.value()->kind == catalog::TableKind::Ordinary) table = found.value();
      if (table != nullptr) break;
      Result<const catalog::Index*> found_index = loaded->find_index(name);
      if (!found_index.ok()) return failed(std::move(found_index.status()));
      index = found_index.value();
    }
    if (table == nullptr && index == nullptr) {
      return failed(Status::error("unable to identify the object to be reindexed"));
    }
  }

  Vector<Reindex::Item> items;
  auto add_table = [&](int one, const catalog::Table& of, const catalog::Index* wanted) {
    Source* target = nullptr;
    for (const catalog::Index* each : of.indexes) {
      if (wanted != nullptr && each != wanted) continue;
      bool concerned = collation == nullptr && !expressions_only;
      for (const catalog::IndexColumn& column : each->columns) {
        concerned = concerned || (collation != nullptr && equals_ignoring_case(column.collation, collation->name)) ||
                    (expressions_only && column.expression != nullptr);
      }
      if (!concerned) continue;
      if (target == nullptr) {
        target = table_source(one, of, of.name, Span{}, true);
        if (target == nullptr) return false;
      }
      bool ignored = false;
      if (!authorize(SQLITE_REINDEX, each->name, {}, one, &ignored)) return false;
      note_written(one);
      items.push_back(
          Reindex::Item{one, each, target, target->expressions->indexes[static_cast<std::size_t>(each->ordinal)]});
    }
    return true;
  };
  if (table != nullptr || index != nullptr) {
    if (!add_table(database, table != nullptr ? *table : *index->table, index)) return nullptr;
  } else {
    for (int one = 0; one < count; ++one) {
      const catalog::Shape* loaded = shape(one);
      if (loaded == nullptr) return nullptr;
      const auto entries = loaded->entries();
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].type != catalog::EntryType::Table || !entries[i].has_root) continue;
        Result<const catalog::Table*> found = loaded->table_of_entry(static_cast<catalog::EntryId>(i));
        if (!found.ok()) return failed(std::move(found.status()));
        if (!add_table(one, *found.value(), nullptr)) return nullptr;
      }
    }
  }
  auto* reindex = arena_.make<Reindex>();
  reindex->items = arena_.copy_array(items);
  return reindex;
}

}  // namespace perlite::bind
