// CREATE: what is defined, what will be stored, and whether it may be.
//
// table_definition.h reads the text; here names are looked up: other objects, collations, and what the expressions of
// CHECK, DEFAULT, generated columns and indexes say. Views and triggers are stored as written, as stock does.
#include <algorithm>

#include "base/ascii.h"
#include "bind/ast_walk.h"
#include "bind/binding.h"
#include "bind/table_definition.h"
#include "bind/table_description.h"
#include "catalog/schema_table.h"
#include "sql/create_text.h"
#include "sql/lexer.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

namespace {

std::string_view schema_table_of(int database) { return database == 1 ? "sqlite_temp_master" : "sqlite_master"; }

}  // namespace

int Binder::database_of_create(const sql::CreateStatement& ast) {
  const bool is_trigger = ast.kind == sql::StatementKind::CreateTrigger;
  if (!ast.schema.present()) return ast.temporary ? 1 : 0;
  if (is_trigger && ast.temporary) {
    error("temporary trigger may not have qualified name");
    return -1;
  }
  const int database = find_database(ast.schema.text);
  if (database < 0) {
    error_at(ast.schema.span, "unknown database %.*s", ast.schema.text);
    return -1;
  }
  if (ast.temporary && database != 1) {
    error("temporary table name must be unqualified");
    return -1;
  }
  return database;
}

bool Binder::name_is_allowed(std::string_view name) {
  if (!base::starts_with_ignoring_case(name, "sqlite_") || environment_.switches().writable_schema) return true;
  return error("object name reserved for internal use: %.*s", name);
}

// Tables, views and indexes share their names.
bool Binder::name_is_free(const sql::CreateStatement& ast, int database, bool* no_op) {
  const catalog::Shape* one = shape(database);
  if (one == nullptr) return false;
  const std::string_view name = ast.name.text;
  const bool is_view = one->find_entry(catalog::EntryType::View, name) != catalog::kNoEntry;
  if (is_view || one->find_entry(catalog::EntryType::Table, name) != catalog::kNoEntry) {
    if (ast.if_not_exists) {
      note_read(database);
      *no_op = true;
      return true;
    }
    return is_view ? error_at(ast.name.span, "view %.*s already exists", name)
                   : error_at(ast.name.span, "table %.*s already exists", name);
  }
  if (one->find_entry(catalog::EntryType::Index, name) != catalog::kNoEntry) {
    return error("there is already an index named %.*s", name);
  }
  return true;
}

std::string_view Binder::stored_text(const sql::CreateStatement& ast) {
  const String text = sql::stored_create_text(ast, statement_place_.text, parsed_.statement_end);
  return arena_.copy_text({text.data(), text.size()});
}

// ------------------------------------------------------------------------------------------------------------- TABLE

const CreateTable* Binder::bind_create_table(const sql::CreateTableStatement& ast) {
  const int database = database_of_create(ast);
  if (database < 0 || !name_is_allowed(ast.name.text)) return nullptr;
  bool ignored = false;
  if (!authorize(SQLITE_INSERT, schema_table_of(database), {}, database, &ignored)) return nullptr;
  if (!authorize(database == 1 ? SQLITE_CREATE_TEMP_TABLE : SQLITE_CREATE_TABLE, ast.name.text, {}, database,
                 &ignored)) {
    return nullptr;
  }
  auto* create = arena_.make<CreateTable>();
  create->database = database;
  create->ast = &ast;
  if (!name_is_free(ast, database, &create->no_op)) return nullptr;
  if (create->no_op) return create;
  note_written(database);

  if (ast.select != nullptr) {
    const Select* select = bind_select(*ast.select, {});
    if (select == nullptr) return nullptr;
    create->select = select;
    create->stored_sql = text_of_columns(ast.name.text, *select);
    Result<sql::ParseResult> parsed = sql::parse_statement(create->stored_sql, arena_);
    if (!parsed.ok()) return failed(std::move(parsed.status()));
    Result<catalog::Table*> table =
        define_table(parsed.value().statement->as<sql::CreateTableStatement>(), create->stored_sql, arena_);
    if (!table.ok()) return failed(std::move(table.status()));
    create->table = table.value();
    return create;
  }
  Result<catalog::Table*> table = define_table(ast, statement_place_.text, arena_);
  if (!table.ok()) return failed(std::move(table.status()));
  create->table = table.value();
  create->stored_sql = stored_text(ast);
  if (!check_definition(*create->table, ast, database)) return nullptr;
  for (const catalog::Index* index : create->table->indexes) {
    if (!authorize(SQLITE_CREATE_INDEX, index->name, ast.name.text, database, &ignored)) return nullptr;
  }
  return create;
}

namespace {

bool is_plain_identifier(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!letter) return false;
  }
  return sql::find_keyword(name) == sql::Token::Identifier;
}

void append_identifier(Vector<char>& out, std::string_view name) {
  if (is_plain_identifier(name)) {
    out.insert(out.end(), name.begin(), name.end());
    return;
  }
  out.push_back('"');
  for (const char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void append(Vector<char>& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

}  // namespace

// CREATE TABLE AS is stored as a list of columns with types by affinity: on one line when it is short.
std::string_view Binder::text_of_columns(std::string_view name, const Select& select) {
  const std::span<const RelationColumn> columns = columns_of_select(select, {});
  std::size_t estimate = name.size() + 2;
  for (const RelationColumn& column : columns) {
    estimate += column.name.size() + 7;
    if (!is_plain_identifier(column.name)) {
      estimate += 2 + static_cast<std::size_t>(std::count(column.name.begin(), column.name.end(), '"'));
    }
  }
  const bool short_form = estimate < 50;
  Vector<char> out;
  append(out, "CREATE TABLE ");
  append_identifier(out, name);
  append(out, "(");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) append(out, ",");
    if (!short_form) append(out, "\n  ");
    append_identifier(out, columns[i].name);
    switch (columns[i].affinity) {
      case Affinity::Text:
        append(out, " TEXT");
        break;
      case Affinity::Numeric:
        append(out, " NUM");
        break;
      case Affinity::Integer:
        append(out, " INT");
        break;
      case Affinity::Real:
        append(out, " REAL");
        break;
      default:
        break;
    }
  }
  append(out, short_form ? ")" : "\n)");
  return arena_.copy_text({out.data(), out.size()});
}

bool Binder::is_constant_default(const sql::Expr* expr) {
  bool constant = true;
  auto look = [&](const sql::Expr& one) {
    if (const auto* column = one.try_as<sql::ColumnExpr>()) {
      const bool truth =
          !column->table.present() && column->column.quote == sql::Quote::None &&
          (equals_ignoring_case(column->column.text, "true") || equals_ignoring_case(column->column.text, "false"));
      constant = constant && truth;
    }
    if (const auto* in = one.try_as<sql::InExpr>()) constant = constant && in->source == sql::InSource::List;
    if (one.kind == sql::ExprKind::Variable || one.kind == sql::ExprKind::Subquery ||
        one.kind == sql::ExprKind::Exists) {
      constant = false;
    }
  };
  AstWalk(look, [](const sql::FromItem&) {}).run(expr);
  return constant;
}

// A generated column that needs itself: the path from the first one that cannot be computed.
bool Binder::check_generated_loops(const catalog::Table& table) {
  const std::size_t count = table.columns.size();
  Vector<Vector<std::uint16_t>> uses(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (table.columns[i].generated == nullptr) continue;
    auto look = [&](const sql::Expr& one) {
      const auto* column = one.try_as<sql::ColumnExpr>();
      const int used = column == nullptr ? -1 : table.find_column(column->column.text);
      if (used >= 0 && table.columns[static_cast<std::size_t>(used)].generated != nullptr) {
        uses[i].push_back(static_cast<std::uint16_t>(used));
      }
    };
    AstWalk(look, [](const sql::FromItem&) {}).run(table.columns[i].generated);
  }
  enum : char { kNew, kOpen, kDone };
  Vector<char> state(count, kNew);
  Vector<std::size_t> path;
  for (std::size_t start = 0; start < count; ++start) {
    if (state[start] != kNew) continue;
    path.push_back(start);
    state[start] = kOpen;
    while (!path.empty()) {
      const std::size_t at = path.back();
      if (uses[at].empty()) {
        state[at] = kDone;
        path.pop_back();
        continue;
      }
      const std::size_t next = uses[at].back();
      uses[at].pop_back();
      if (state[next] == kOpen) return error("generated column loop on \"%.*s\"", table.columns[at].name);
      if (state[next] == kDone) continue;
      state[next] = kOpen;
      path.push_back(next);
    }
  }
  return true;
}

// What the text alone does not tell: collations, and the names in expressions.
bool Binder::check_definition(const catalog::Table& table, const sql::CreateTableStatement& ast, int database) {
  for (const sql::ColumnDefinition& definition : ast.columns) {
    for (const sql::ColumnConstraint& constraint : definition.constraints) {
      if (constraint.kind == sql::ConstraintKind::Collate &&
          usable(collation_named(constraint.collation.text)) == nullptr) {
        return false;
      }
      if (constraint.kind == sql::ConstraintKind::Default && constraint.expr != nullptr &&
          !is_constant_default(constraint.expr)) {
        return error("default value of column [%.*s] is not constant", definition.name.text);
      }
    }
  }
  auto usable_keys = [&](const catalog::Index& index) {
    for (const catalog::IndexColumn& column : index.columns) {
      if (usable(collation_named(column.collation)) == nullptr) return false;
    }
    return true;
  };
  for (const catalog::Index* index : table.indexes) {
    if (!usable_keys(*index)) return false;
  }
  if (table.primary_key != nullptr && !usable_keys(*table.primary_key)) return false;
  if (table.checks.empty() && !table.has_generated) return true;

  Source* source = new_source(RelationKind::Table);
  source->name = table.name;
  source->alias = table.name;
  source->database = database;
  source->table = &table;
  source->has_rowid = !table.without_rowid;
  source->columns =
      relation_columns(table, arena_, [&](std::string_view name) { return collation_named(name); });
  Place place = statement_place_;
  place.strings_in_double_quotes = environment_.switches().double_quoted_strings_ddl;
  place.in_schema = true;
  place.silent = true;
  Scope scope;
  scope.sources.push_back(source);
  source->scope = &scope;
  const Restored<Place*> at(place_, &place);
  const Restored<Scope*> in(scope_, &scope);
  place.prohibits = "CHECK constraints";
  for (const catalog::Check& check : table.checks) {
    // A collation that is not there shows when the constraint is used.
    if (bind_scalar(check.expression) == nullptr && status_.code() != Code::ErrorMissingCollSeq) return false;
    status_ = Status();
  }
  place.prohibits = "generated columns";
  place.prohibits_random = true;
  source->has_rowid = false;
  for (const catalog::Column& column : table.columns) {
    if (column.generated == nullptr) continue;
    if (bind_scalar(column.generated) == nullptr && status_.code() != Code::ErrorMissingCollSeq) return false;
    status_ = Status();
  }
  return check_generated_loops(table);
}

// ------------------------------------------------------------------------------------------------------------- INDEX

const CreateIndex* Binder::bind_create_index(const sql::CreateIndexStatement& ast) {
  int database = -1;
  if (ast.schema.present()) {
    database = find_database(ast.schema.text);
    if (database < 0) return failed(message_at(ast.schema.span, "unknown database %.*s", ast.schema.text));
  }
  // An index of temp may be written for a table that is then found elsewhere, to be refused.
  FoundTable found;
  if (!find_table(database > 1 || database == 0 ? ast.schema.text : std::string_view(), database == 0 || database > 1,
                  ast.table.text, &found)) {
    return nullptr;
  }
  if (found.table == nullptr) {
    if (database == 1) return failed(message("no such table: %.*s", ast.table.text));
    return failed(
        message("no such table: %.*s.%.*s", environment_.database_name(database < 0 ? 0 : database), ast.table.text));
  }
  const catalog::Table& table = *found.table;
  if (database == 1 && found.database != 1) {
    return failed(message("cannot create a TEMP index on non-TEMP table \"%.*s\"", table.name));
  }
  database = found.database;
  if (base::starts_with_ignoring_case(table.name, "sqlite_") && !environment_.switches().writable_schema) {
    return failed(message("table %.*s may not be indexed", table.name));
  }
  if (table.kind == catalog::TableKind::View) return failed(Status::error("views may not be indexed"));
  if (table.kind == catalog::TableKind::Virtual) return failed(Status::error("virtual tables may not be indexed"));

  auto* create = arena_.make<CreateIndex>();
  create->database = database;
  if (!name_is_allowed(ast.name.text)) return nullptr;
  const catalog::Shape* one = shape(database);
  if (one == nullptr) return nullptr;
  if (one->find_entry(catalog::EntryType::Table, ast.name.text) != catalog::kNoEntry ||
      one->find_entry(catalog::EntryType::View, ast.name.text) != catalog::kNoEntry) {
    return failed(message("there is already a table named %.*s", ast.name.text));
  }
  if (one->find_entry(catalog::EntryType::Index, ast.name.text) != catalog::kNoEntry) {
    if (!ast.if_not_exists) return failed(message("index %.*s already exists", ast.name.text));
    note_read(database);
    create->no_op = true;
    return create;
  }
  bool ignored = false;
  if (!authorize(SQLITE_INSERT, schema_table_of(database), {}, database, &ignored) ||
      !authorize(database == 1 ? SQLITE_CREATE_TEMP_INDEX : SQLITE_CREATE_INDEX, ast.name.text, table.name, database,
                 &ignored)) {
    return nullptr;
  }
  note_written(database);
  Result<catalog::Index*> index = define_index(ast, table, arena_);
  if (!index.ok()) return failed(std::move(index.status()));
  create->index = index.value();
  create->stored_sql = stored_text(ast);

  Source* target = table_source(database, table, table.name, ast.table.span, true);
  if (target == nullptr) return nullptr;
  create->target = target;
  Place place = statement_place_;
  place.strings_in_double_quotes = environment_.switches().double_quoted_strings_ddl;
  place.in_schema = true;
  place.silent = true;
  place.prohibits_random = true;
  Scope scope;
  scope.sources.push_back(target);
  target->scope = &scope;
  const Restored<Place*> at(place_, &place);
  const Restored<Scope*> in(scope_, &scope);
  create->expressions = bind_index_expressions(*target, *create->index, true);
  return ok() ? create : nullptr;
}

// ------------------------------------------------------------------------------------------------ VIEW, TRIGGER,
// VIRTUAL

const sql::Name* Binder::foreign_name(const sql::Select& select, std::string_view database) {
  const sql::Name* foreign = nullptr;
  auto on_item = [&](const sql::FromItem& item) {
    if (item.schema.present() && !equals_ignoring_case(item.schema.text, database)) foreign = &item.schema;
  };
  auto on_expr = [&](const sql::Expr& expr) {
    const auto* in = expr.try_as<sql::InExpr>();
    if (in != nullptr && in->schema.present() && !equals_ignoring_case(in->schema.text, database))
      foreign = &in->schema;
  };
  AstWalk(on_expr, on_item).run(&select);
  return foreign;
}

const CreateView* Binder::bind_create_view(const sql::CreateViewStatement& ast) {
  if (parsed_.variable_count != 0) return failed(Status::error("parameters are not allowed in views"));
  const int database = database_of_create(ast);
  if (database < 0 || !name_is_allowed(ast.name.text)) return nullptr;
  bool ignored = false;
  if (!authorize(SQLITE_INSERT, schema_table_of(database), {}, database, &ignored) ||
      !authorize(database == 1 ? SQLITE_CREATE_TEMP_VIEW : SQLITE_CREATE_VIEW, ast.name.text, {}, database, &ignored)) {
    return nullptr;
  }
  auto* create = arena_.make<CreateView>();
  create->database = database;
  create->name = terminated(ast.name.text);
  if (!name_is_free(ast, database, &create->no_op)) return nullptr;
  if (create->no_op) return create;
  if (database != 1) {
    if (const sql::Name* foreign = foreign_name(*ast.select, environment_.database_name(database))) {
      error_at(ast.name.span, "view %.*s cannot reference objects in database %.*s", ast.name.text, foreign->text);
      return nullptr;
    }
  }
  note_written(database);
  create->stored_sql = stored_text(ast);
  return create;
}

bool Binder::trigger_body_allowed(const sql::CreateTriggerStatement& ast, int database) {
  for (const sql::Statement* statement : ast.body) {
    const sql::TargetTable* target = nullptr;
    bool returning = false;
    if (const auto* insert = statement->try_as<sql::InsertStatement>()) {
      target = &insert->table;
      returning = !insert->returning.empty();
    } else if (const auto* update = statement->try_as<sql::UpdateStatement>()) {
      target = &update->table;
      returning = !update->returning.empty();
    } else if (const auto* erase = statement->try_as<sql::DeleteStatement>()) {
      target = &erase->table;
      returning = !erase->returning.empty();
    }
    if (target != nullptr && target->schema.present() && database != 1) {
      return error("qualified table names are not allowed on INSERT, UPDATE, and DELETE statements within triggers");
    }
    if (target != nullptr && target->hint != sql::IndexHint::None) {
      return target->hint == sql::IndexHint::IndexedBy
                 ? error("the INDEXED BY clause is not allowed on UPDATE or DELETE statements within triggers")
                 : error("the NOT INDEXED clause is not allowed on UPDATE or DELETE statements within triggers");
    }
    if (returning) return error("cannot use RETURNING in a trigger");
    if (database == 1) continue;
    const sql::Name* foreign = nullptr;
    const std::string_view own = environment_.database_name(database);
    if (const auto* select = statement->try_as<sql::SelectStatement>()) foreign = foreign_name(*select->select, own);
    if (const auto* insert = statement->try_as<sql::InsertStatement>();
        insert != nullptr && insert->select != nullptr) {
      foreign = foreign_name(*insert->select, own);
    }
    if (foreign != nullptr) {
      return error("trigger %.*s cannot reference objects in database %.*s", ast.name.text, foreign->text);
    }
  }
  return true;
}

const CreateTrigger* Binder::bind_create_trigger(const sql::CreateTriggerStatement& ast) {
  int database = database_of_create(ast);
  if (database < 0) return nullptr;
  const bool temporary = database == 1;
  if (!temporary && ast.table_schema.present() &&
      !equals_ignoring_case(ast.table_schema.text, environment_.database_name(database))) {
    error_at(ast.name.span, "trigger %.*s cannot reference objects in database %.*s", ast.name.text,
             ast.table_schema.text);
    return nullptr;
  }
  FoundTable found;
  const bool qualified = ast.table_schema.present() || (ast.schema.present() && !temporary);
  const std::string_view schema_name = ast.table_schema.present() ? ast.table_schema.text : ast.schema.text;
  if (!find_table(schema_name, qualified, ast.table.text, &found)) return nullptr;
  if (found.table == nullptr) {
    if (temporary && !qualified) return failed(message("no such table: %.*s", ast.table.text));
    return failed(message("no such table: %.*s.%.*s", qualified ? schema_name : environment_.database_name(database),
                          ast.table.text));
  }
  const catalog::Table& table = *found.table;
  // A trigger of a temporary table is temporary.
  if (!ast.schema.present() && found.database == 1) database = 1;
  if (database != 1 && found.database != database) {
    return failed(message("no such table: %.*s.%.*s", environment_.database_name(database), ast.table.text));
  }
  if (table.kind == catalog::TableKind::Virtual) {
    return failed(Status::error("cannot create triggers on virtual tables"));
  }
  if (!name_is_allowed(ast.name.text)) return nullptr;
  auto* create = arena_.make<CreateTrigger>();
  create->database = database;
  create->name = terminated(ast.name.text);
  create->table_name = terminated(table.name);
  const catalog::Shape* one = shape(database);
  if (one == nullptr) return nullptr;
  if (one->find_entry(catalog::EntryType::Trigger, ast.name.text) != catalog::kNoEntry) {
    if (!ast.if_not_exists) {
      error_at(ast.name.span, "trigger %.*s already exists", ast.name.text);
      return nullptr;
    }
    note_read(database);
    create->no_op = true;
    return create;
  }
  if (base::starts_with_ignoring_case(table.name, "sqlite_")) {
    return failed(Status::error("cannot create trigger on system table"));
  }
  const bool instead = ast.timing == sql::TriggerTiming::InsteadOf;
  if (table.kind == catalog::TableKind::View && !instead) {
    return failed(message("cannot create %.*s trigger on view: %.*s",
                          std::string_view(ast.timing == sql::TriggerTiming::After ? "AFTER" : "BEFORE"), table.name));
  }
  if (table.kind != catalog::TableKind::View && instead) {
    return failed(message("cannot create INSTEAD OF trigger on table: %.*s", table.name));
  }
  bool ignored = false;
  if (!authorize(database == 1 ? SQLITE_CREATE_TEMP_TRIGGER : SQLITE_CREATE_TRIGGER, ast.name.text, table.name,
                 database, &ignored) ||
      !authorize(SQLITE_INSERT, schema_table_of(found.database), {}, found.database, &ignored)) {
    return nullptr;
  }
  if (parsed_.variable_count != 0) return failed(Status::error("trigger cannot use variables"));
  if (!trigger_body_allowed(ast, database)) return nullptr;
  note_written(database);
  create->stored_sql = stored_text(ast);
  return create;
}

const CreateVirtual* Binder::bind_create_virtual(const sql::CreateVirtualStatement& ast) {
  const int database = database_of_create(ast);
  if (database < 0 || !name_is_allowed(ast.name.text)) return nullptr;
  bool ignored = false;
  if (!authorize(SQLITE_INSERT, schema_table_of(database), {}, database, &ignored)) return nullptr;
  auto* create = arena_.make<CreateVirtual>();
  create->database = database;
  create->name = terminated(ast.name.text);
  create->module = terminated(ast.module.text);
  if (!name_is_free(ast, database, &create->no_op)) return nullptr;
  if (create->no_op) return create;
  if (!authorize(SQLITE_CREATE_VTABLE, ast.name.text, ast.module.text, database, &ignored)) return nullptr;
  note_written(database);
  create->stored_sql = stored_text(ast);
  return create;
}

}  // namespace perlite::bind
