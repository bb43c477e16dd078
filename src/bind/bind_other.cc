// ALTER, ANALYZE, ATTACH, DETACH, VACUUM, PRAGMA and transactions: the engine carries them out; here their names and
// expressions are checked and the authorizer is asked.
#include "base/ascii.h"
#include "bind/binding.h"
#include "sqlite3.h"

namespace perlite::bind {

bool Binder::bind_alter(const sql::AlterStatement& ast) {
  FoundTable found;
  if (!find_table(ast.schema.text, ast.schema.present(), ast.table.text, &found)) return false;
  if (found.table == nullptr) return no_such_table(ast.schema, ast.table);
  const catalog::Table& table = *found.table;
  if (base::starts_with_ignoring_case(table.name, "sqlite_")) {
    return error("table %.*s may not be altered", table.name);
  }
  if (table.kind == catalog::TableKind::View && ast.alter == sql::AlterKind::RenameTable) {
    return error("view %.*s may not be altered", table.name);
  }
  bool ignored = false;
  if (!authorize(SQLITE_ALTER_TABLE, environment_.database_name(found.database), table.name, -1, &ignored))
    return false;
  note_written(found.database);
  return true;
}

bool Binder::bind_analyze(const sql::AnalyzeStatement& ast) {
  int only = -1;
  if (ast.schema.present()) {
    only = find_database(ast.schema.text);
    if (only < 0) return error_at(ast.schema.span, "unknown database %.*s", ast.schema.text);
  } else if (ast.name.present()) {
    only = find_database(ast.name.text);
    if (only >= 0) {
      note_written(only);
      return true;
    }
  }
  if (!ast.name.present()) {
    for (int i = 0; i < environment_.database_count(); ++i) {
      if (i != 1) note_written(i);
    }
    return true;
  }
  for (int place = 0; place < environment_.database_count(); ++place) {
    const int database = place == 0 ? 1 : place == 1 ? 0 : place;
    if (only >= 0 && database != only) continue;
    const catalog::Shape* one = shape(database);
    if (one == nullptr) return false;
    Result<const catalog::Index*> index = one->find_index(ast.name.text);
    if (!index.ok()) return fail(std::move(index.status()));
    Result<const catalog::Table*> table = one->find_table(ast.name.text);
    if (!table.ok()) return fail(std::move(table.status()));
    if (index.value() == nullptr && table.value() == nullptr) continue;
    note_written(database);
    bool ignored = false;
    const catalog::Table& of = table.value() != nullptr ? *table.value() : *index.value()->table;
    return authorize(SQLITE_ANALYZE, of.name, {}, database, &ignored);
  }
  return no_such_table(ast.schema, ast.name);
}

// A bare name means its text; anything else is an expression without columns.
const Expr* Binder::bind_host_value(const sql::Expr* expr) {
  if (const auto* name = expr->try_as<sql::ColumnExpr>(); name != nullptr && !name->table.present()) {
    return text_literal(name->column.text, expr->span);
  }
  return bind_scalar(expr);
}

namespace {

std::string_view literal_text(const Expr* expr) {
  const auto* literal = expr->try_as<LiteralExpr>();
  if (literal == nullptr || literal->value.type != ValueType::Text || literal->value.encoding != TextEncoding::Utf8) {
    return {};
  }
  return literal->value.bytes();
}

}  // namespace

const HostArguments* Binder::bind_attach(const sql::AttachStatement& ast) {
  auto* host = arena_.make<HostArguments>();
  std::span<const Expr*> values = arena_.make_array<const Expr*>(ast.key == nullptr ? 2 : 3);
  const sql::Expr* given[] = {ast.file, ast.schema, ast.key};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = bind_host_value(given[i]);
    if (values[i] == nullptr) return nullptr;
  }
  host->values = values;
  bool ignored = false;
  return authorize(SQLITE_ATTACH, literal_text(values[0]), {}, -1, &ignored) ? host : nullptr;
}

const HostArguments* Binder::bind_detach(const sql::DetachStatement& ast) {
  auto* host = arena_.make<HostArguments>();
  std::span<const Expr*> values = arena_.make_array<const Expr*>(1);
  values[0] = bind_host_value(ast.schema);
  if (values[0] == nullptr) return nullptr;
  host->values = values;
  bool ignored = false;
  return authorize(SQLITE_DETACH, literal_text(values[0]), {}, -1, &ignored) ? host : nullptr;
}

const HostArguments* Binder::bind_vacuum(const sql::VacuumStatement& ast) {
  auto* host = arena_.make<HostArguments>();
  if (ast.schema.present()) {
    host->database = find_database(ast.schema.text);
    if (host->database < 0) {
      error_at(ast.schema.span, "unknown database %.*s", ast.schema.text);
      return nullptr;
    }
  }
  if (ast.into != nullptr) {
    std::span<const Expr*> values = arena_.make_array<const Expr*>(1);
    values[0] = bind_scalar(ast.into);
    if (values[0] == nullptr) return nullptr;
    host->values = values;
  }
  return host;
}

const Pragma* Binder::bind_pragma(const sql::PragmaStatement& ast) {
  auto* pragma = arena_.make<Pragma>();
  pragma->database = -1;
  pragma->name = ast.name.text;
  pragma->ast = &ast;
  if (ast.schema.present()) {
    pragma->database = find_database(ast.schema.text);
    if (pragma->database < 0) {
      error_at(ast.schema.span, "unknown database %.*s", ast.schema.text);
      return nullptr;
    }
  }
  bool ignored = false;
  const std::string_view value = ast.form == sql::PragmaForm::Bare ? std::string_view() : ast.value;
  return authorize(SQLITE_PRAGMA, ast.name.text, value, pragma->database, &ignored) ? pragma : nullptr;
}

bool Binder::authorize_transaction(const sql::Statement& ast) {
  bool ignored = false;
  switch (ast.kind) {
    case sql::StatementKind::Begin:
      return authorize(SQLITE_TRANSACTION, "BEGIN", {}, -1, &ignored);
    case sql::StatementKind::Commit:
      return authorize(SQLITE_TRANSACTION, "COMMIT", {}, -1, &ignored);
    case sql::StatementKind::Savepoint:
      return authorize(SQLITE_SAVEPOINT, "BEGIN", ast.as<sql::SavepointStatement>().name.text, -1, &ignored);
    case sql::StatementKind::Release:
      return authorize(SQLITE_SAVEPOINT, "RELEASE", ast.as<sql::ReleaseStatement>().name.text, -1, &ignored);
    default: {
      const sql::Name& savepoint = ast.as<sql::RollbackStatement>().savepoint;
      if (savepoint.present()) return authorize(SQLITE_SAVEPOINT, "ROLLBACK", savepoint.text, -1, &ignored);
      return authorize(SQLITE_TRANSACTION, "ROLLBACK", {}, -1, &ignored);
    }
  }
}

}  // namespace perlite::bind
