// Pragmas that check: integrity_check, quick_check, foreign_key_check (manual: pragma.html).
//
// The structure is walked by btree::BtreeChecker; rows are checked by programs of codegen/integrity.h, one a table.
#include <algorithm>

#include "base/ascii.h"
#include "bind/binder.h"
#include "btree/check.h"
#include "codegen/integrity.h"
#include "engine/connection.h"
#include "engine/pragma_functions.h"
#include "sql/parser.h"
#include "vm/execution.h"

namespace perlite::engine {
namespace {

constexpr std::int64_t kDefaultFindings = 100;

void append_quoted(String& text, std::string_view name) {
  text += '"';
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  text += '"';
}

// The rows of one table. Adds findings until `left` is used up; a row that cannot be read is the last of all.
Status check_rows(PragmaCall& call, int number, const catalog::Table& table, bool quick, std::int64_t* left) {
  Connection& connection = call.connection();
  Arena arena;
  String text("INSERT INTO ");
  append_quoted(text, connection.database_name(number));
  text += '.';
  append_quoted(text, table.name);
  text += " DEFAULT VALUES";
  PL_ASSIGN(const sql::ParseResult parsed, sql::parse_statement(text, arena));
  // An INSERT has all expressions of its table bound; nothing of it is run, so triggers and parents do not matter.
  const bind::Environment::Switches before = connection.switches();
  connection.mutable_switches().enable_triggers = false;
  connection.mutable_switches().foreign_keys = false;
  Result<const bind::Statement*> result = bind::bind_statement(parsed, text, connection, arena);
  connection.mutable_switches() = before;
  PL_ASSIGN(const bind::Statement* const bound, std::move(result));
  const bind::TableExpressions& expressions = bound->insert->table;
  PL_ASSIGN(vm::ProgramRef program, codegen::generate_table_check(expressions, quick, connection, arena));
  vm::Execution execution(program, connection);
  while (*left > 0) {
    PL_ASSIGN(const vm::StepResult result, execution.step());
    if (result == vm::StepResult::Done) return {};
    const String finding(execution.row()[0].read_text(TextEncoding::Utf8));
    call.row().text(finding);
    *left = finding == codegen::kDamagedRow ? 0 : *left - 1;
  }
  return {};
}

// The trees in stock's order: newest table first, after each table its indexes, newest first, and sqlite_schema last.
// Where a page belongs to two trees the order says which of them is told of.
Vector<catalog::EntryId> walk_order(std::span<const catalog::Entry> entries, std::string_view only_table) {
  const auto at = [entries](catalog::EntryId id) -> const catalog::Entry& {
    return entries[static_cast<std::size_t>(id)];
  };
  Vector<catalog::EntryId> indexes;  // by table, newest first
  for (std::size_t i = entries.size(); i-- > 0;) {
    if (entries[i].type == catalog::EntryType::Index && entries[i].has_root) {
      indexes.push_back(static_cast<catalog::EntryId>(i));
    }
  }
  std::sort(indexes.begin(), indexes.end(), [&](catalog::EntryId a, catalog::EntryId b) {
    const int order = base::compare_ignoring_case(at(a).table_name, at(b).table_name);
    return order != 0 ? order < 0 : a > b;
  });
  Vector<catalog::EntryId> order;
  for (std::size_t t = entries.size(); t-- > 0;) {
    const catalog::Entry& table = entries[t];
    if (table.type != catalog::EntryType::Table || !table.has_root) continue;
    if (!only_table.empty() && !base::equals_ignoring_case(table.name, only_table)) continue;
    order.push_back(static_cast<catalog::EntryId>(t));
    auto index =
        std::lower_bound(indexes.begin(), indexes.end(), table.name, [&](catalog::EntryId a, std::string_view name) {
          return base::compare_ignoring_case(at(a).table_name, name) < 0;
        });
    for (; index != indexes.end() && base::equals_ignoring_case(at(*index).table_name, table.name); ++index) {
      order.push_back(*index);
    }
  }
  return order;
}

// An index has an entry for each row, unless it is partial. `counts`: entries in the trees, by entry of the schema.
void compare_counts(PragmaCall& call, const catalog::Table& table, std::span<const std::uint64_t> counts,
                    std::int64_t* left) {
  for (std::size_t i = table.indexes.size(); i-- > 0 && *left > 0;) {
    const catalog::Index& index = *table.indexes[i];
    if (index.where != nullptr) continue;
    if (counts[static_cast<std::size_t>(index.entry)] == counts[static_cast<std::size_t>(table.entry)]) continue;
    String text("wrong # of entries in index ");
    text.append(index.name);
    call.row().text(text);
    --*left;
  }
}

bool has_table(std::span<const catalog::Entry> entries, std::string_view name) noexcept {
  return base::equals_ignoring_case(name, "sqlite_schema") || base::equals_ignoring_case(name, "sqlite_master") ||
         std::any_of(entries.begin(), entries.end(), [name](const catalog::Entry& entry) {
           return entry.type == catalog::EntryType::Table && base::equals_ignoring_case(entry.name, name);
         });
}

// False when the database has no table of that name.
Result<bool> check_database(PragmaCall& call, int number, std::string_view only_table, bool quick,
                            std::int64_t* left) {
  Connection& connection = call.connection();
  Database& d = connection.database(number);
  if (d.store == nullptr) return false;
  PL_TRY(connection.begin(number, false, nullptr, 0));
  PL_TRY(connection.shape(number));
  const std::span<const catalog::Entry> entries = d.shape->entries();
  if (!only_table.empty() && !has_table(entries, only_table)) return false;
  const Vector<catalog::EntryId> order = walk_order(entries, only_table);
  Vector<PageNo> roots;
  for (const catalog::EntryId entry : order) roots.push_back(d.placement.root(entry));
  if (only_table.empty()) roots.push_back(btree::kSchemaRoot);
  btree::BtreeChecker checker(d.store->view(), static_cast<int>(std::min<std::int64_t>(*left, INT32_MAX)),
                              &connection.budget());
  Vector<std::uint64_t> walked;
  if (only_table.empty()) {
    PL_TRY(checker.check_all(roots, &walked));
  } else {
    PL_TRY(checker.check_some(roots, &walked));
  }
  Vector<std::uint64_t> counts(entries.size(), 0);  // by entry
  for (std::size_t i = 0; i < order.size() && i < walked.size(); ++i) {
    counts[static_cast<std::size_t>(order[i])] = walked[i];
  }
  if (checker.finding_count() > 0) {
    String text("*** in database ");
    text.append(d.name).append(" ***\n").append(checker.text());
    call.row().text(text);
    *left -= checker.finding_count();
  }
  Vector<const catalog::Table*> tables;
  for (const catalog::EntryId id : order) {
    const catalog::Entry& entry = entries[static_cast<std::size_t>(id)];
    if (entry.type != catalog::EntryType::Table || !entry.has_root || *left <= 0) continue;
    PL_ASSIGN(const catalog::Table* const table, d.shape->find_table(entry.name));
    if (table == nullptr || table->kind != catalog::TableKind::Ordinary) continue;
    tables.push_back(table);
  }
  for (const catalog::Table* table : tables) compare_counts(call, *table, counts, left);
  for (const catalog::Table* table : tables) {
    if (*left > 0) PL_TRY(check_rows(call, number, *table, quick, left));
  }
  return true;
}

Status check(PragmaCall& call, bool quick) {
  std::int64_t left = kDefaultFindings;
  std::string_view only_table;
  if (call.has_argument()) {
    const std::string_view argument = call.argument();
    const bool number =
        !argument.empty() && std::all_of(argument.begin(), argument.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number) {
      left = call.integer_argument();
      if (left <= 0) left = kDefaultFindings;
    } else {
      only_table = argument;
    }
  }
  Connection& connection = call.connection();
  bool found = only_table.empty();
  for (int number = 0; number < connection.database_count() && left > 0; ++number) {
    if (call.database_named() && number != call.database()) continue;
    PL_ASSIGN(const bool has_it, check_database(call, number, only_table, quick, &left));
    found |= has_it;
  }
  if (!found) {
    return Status::format(Code::Error, -1, "no such table: %.*s", static_cast<int>(only_table.size()),
                          only_table.data());
  }
  if (call.row_count() == 0) call.row().text("ok");
  return {};
}

}  // namespace

Status pragma_integrity_check(PragmaCall& call) { return check(call, false); }
Status pragma_quick_check(PragmaCall& call) { return check(call, true); }

Status pragma_foreign_key_check(PragmaCall& call) {
  Connection& connection = call.connection();
  for (int number = 0; number < connection.database_count(); ++number) {
    if (call.database_named() && number != call.database()) continue;
    PL_ASSIGN(const catalog::Shape* const shape, connection.shape(number));
    for (const catalog::Entry& entry : shape->entries()) {
      if (entry.type != catalog::EntryType::Table) continue;
      if (call.has_argument() && !base::equals_ignoring_case(entry.name, call.argument())) continue;
      PL_ASSIGN(const catalog::Table* const table, shape->find_table(entry.name));
      if (table == nullptr) continue;
      std::int64_t id = static_cast<std::int64_t>(table->foreign_keys.size());
      for (std::size_t k = 0; k < table->foreign_keys.size(); ++k)
        PL_TRY(connection.check_foreign_key(number, *table, table->foreign_keys[k], --id, call));
    }
  }
  return {};
}

// Rows of the child without a partner, found by a query: every column given, and no such parent.
Status Connection::check_foreign_key(int number, const catalog::Table& table, const catalog::ForeignKey& key,
                                     std::int64_t id, PragmaCall& call) {
  PL_ASSIGN(const catalog::Shape* const shape, this->shape(number));
  PL_ASSIGN(const catalog::Table* const parent, shape->find_table(key.parent));
  String text("SELECT ");
  text += table.without_rowid ? "NULL" : "rowid";
  text += " FROM ";
  append_quoted(text, database_name(number));
  text += '.';
  append_quoted(text, table.name);
  text += " AS child WHERE ";
  for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
    if (i > 0) text += " AND ";
    append_quoted(text, table.columns[static_cast<std::size_t>(key.child_columns[i])].name);
    text += " IS NOT NULL";
  }
  if (parent != nullptr) {
    Vector<std::string_view> names(key.parent_columns.begin(), key.parent_columns.end());
    if (names.empty()) {
      for (std::uint16_t position = 1; position <= key.child_columns.size(); ++position) {
        for (const catalog::Column& column : parent->columns) {
          if (column.key_position == position) names.push_back(column.name);
        }
      }
    }
    if (names.size() != key.child_columns.size()) {
      return Status::format(Code::Error, -1, "foreign key mismatch - \"%.*s\" referencing \"%.*s\"",
                            static_cast<int>(table.name.size()), table.name.data(), static_cast<int>(key.parent.size()),
                            key.parent.data());
    }
    text += " AND NOT EXISTS (SELECT 1 FROM ";
    append_quoted(text, database_name(number));
    text += '.';
    append_quoted(text, parent->name);
    text += " AS parent WHERE ";
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) text += " AND ";
      text += "parent.";
      append_quoted(text, names[i]);
      text += " = child.";
      append_quoted(text, table.columns[static_cast<std::size_t>(key.child_columns[i])].name);
    }
    text += ')';
  }
  std::size_t tail = 0;
  PL_ASSIGN(const CompiledRef compiled, compile(text, 0, &tail));
  vm::Execution execution(compiled->program(), *this);
  for (;;) {
    PL_ASSIGN(const vm::StepResult result, execution.step());
    if (result == vm::StepResult::Done) return {};
    auto row = call.row();
    row.text(table.name);
    const Value& rowid = execution.row()[0];
    if (rowid.is_null()) {
      row.null();
    } else {
      row.integer(rowid.integer);
    }
    row.text(key.parent).integer(id);
  }
}

}  // namespace perlite::engine
