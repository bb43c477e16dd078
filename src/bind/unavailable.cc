// Changes that would need what this build does not have: triggers and the enforcement of foreign keys. They are
// refused, never carried out without them. When those parts exist this file goes.
#include "base/ascii.h"
#include "bind/binding.h"

namespace perlite::bind {

using base::equals_ignoring_case;

namespace {

bool concerns(const catalog::Trigger& trigger, catalog::TriggerEvent event, std::span<const sql::Assignment> changed) {
  if (trigger.event != event) return false;
  if (event != catalog::TriggerEvent::Update || trigger.update_of.empty()) return true;
  for (const std::string_view name : trigger.update_of) {
    for (const sql::Assignment& assignment : changed) {
      for (const sql::Name& column : assignment.columns) {
        if (equals_ignoring_case(column.text, name)) return true;
      }
    }
  }
  return false;
}

}  // namespace

bool Binder::refuse_triggers(int database, const catalog::Table& table, catalog::TriggerEvent event,
                             std::span<const sql::Assignment> changed) {
  if (!environment_.switches().enable_triggers) return true;
  auto refuse = [&](const catalog::Trigger& trigger) {
    return error("trigger %.*s cannot run: triggers are not available in this build", trigger.name);
  };
  for (const catalog::Trigger* trigger : table.triggers) {
    if (concerns(*trigger, event, changed)) return refuse(*trigger);
  }
  if (database == 1) return true;
  // Temporary triggers may watch tables of any database.
  const catalog::Shape* temp = shape(1);
  if (temp == nullptr) return false;
  Result<std::span<const catalog::Trigger* const>> triggers = temp->triggers_on(table.name);
  if (!triggers.ok()) return fail(std::move(triggers.status()));
  for (const catalog::Trigger* trigger : triggers.value()) {
    if (!concerns(*trigger, event, changed)) continue;
    const auto& ast = trigger->statement->as<sql::CreateTriggerStatement>();
    if (ast.table_schema.present() && find_database(ast.table_schema.text) != database) continue;
    if (!ast.table_schema.present()) {
      FoundTable found;
      if (!find_table({}, false, trigger->table_name, &found)) return false;
      if (found.table != &table) continue;
    }
    return refuse(*trigger);
  }
  return true;
}

bool Binder::refuse_foreign_keys(int database, const catalog::Table& table) {
  if (!environment_.switches().foreign_keys) return true;
  bool concerned = !table.foreign_keys.empty();
  const catalog::Shape* one = shape(database);
  if (one == nullptr) return false;
  // Only texts with the word are worth reading.
  auto has_word = [](std::string_view sql) {
    for (std::size_t i = 0; i + 10 <= sql.size(); ++i) {
      if ((sql[i] == 'r' || sql[i] == 'R') && base::starts_with_ignoring_case(sql.substr(i), "references")) return true;
    }
    return false;
  };
  const auto entries = one->entries();
  for (std::size_t i = 0; i < entries.size() && !concerned; ++i) {
    if (entries[i].type != catalog::EntryType::Table || !has_word(entries[i].sql)) continue;
    Result<const catalog::Table*> child = one->table_of_entry(static_cast<catalog::EntryId>(i));
    if (!child.ok()) return fail(std::move(child.status()));
    for (const catalog::ForeignKey& key : child.value()->foreign_keys) {
      concerned = concerned || equals_ignoring_case(key.parent, table.name);
    }
  }
  return concerned ? error("foreign key enforcement is not available in this build") : true;
}

}  // namespace perlite::bind
