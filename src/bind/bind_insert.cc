// INSERT and REPLACE with ON CONFLICT clauses (lang_insert.html, lang_upsert.html).
#include "base/ascii.h"
#include "bind/binding.h"
#include "bind/same.h"
#include "bind/table_definition.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

const Insert* Binder::bind_insert(const sql::InsertStatement& ast) {
  Source* target = bind_target(ast.table, catalog::TriggerEvent::Insert, SQLITE_INSERT, {});
  if (target == nullptr) return nullptr;
  const catalog::Table& table = *target->table;
  auto* insert = arena_.make<Insert>();
  insert->target = target;
  insert->table = expressions_of(*target);
  insert->on_conflict = static_cast<ConflictAction>(ast.on_conflict);

  Vector<std::int32_t> columns;
  const bool has_generated = table.kind != catalog::TableKind::Virtual && table.has_generated;
  if (ast.has_columns) {
    for (const sql::Name& name : ast.columns) {
      const int column = find_target_column(*target, name.text);
      if (column == catalog::kExpressionColumn) {
        return failed(message("table %.*s has no column named %.*s", table.name, name.text));
      }
      if (has_generated && column >= 0 && table.columns[static_cast<std::size_t>(column)].generated != nullptr) {
        return failed(message("cannot INSERT into generated column \"%.*s\"",
                              table.columns[static_cast<std::size_t>(column)].name));
      }
      columns.push_back(column);
    }
  } else if (ast.select != nullptr) {
    for (std::size_t i = 0; i < target->columns.size(); ++i) {
      if (target->columns[i].hidden || (has_generated && table.columns[i].generated != nullptr)) continue;
      columns.push_back(static_cast<std::int32_t>(i));
    }
  }
  insert->columns = arena_.copy_array(columns);

  if (ast.select != nullptr) {
    watched_table_ = &table;
    SelectOptions options;
    options.of_insert = true;
    options.with = ast.with;
    insert->select = bind_select(*ast.select, options);
    watched_table_ = nullptr;
    if (insert->select == nullptr) return nullptr;
    insert->reads_target = watched_uses_ != 0;
    const std::size_t values = insert->select->columns.size();
    if (values != columns.size()) {
      if (ast.has_columns) {
        return failed(Status::format(Code::Error, -1, "%d values for %d columns", static_cast<int>(values),
                                     static_cast<int>(columns.size())));
      }
      return failed(Status::format(Code::Error, -1, "table %.*s has %d columns but %d values were supplied",
                                   static_cast<int>(table.name.size()), table.name.data(),
                                   static_cast<int>(columns.size()), static_cast<int>(values)));
    }
  }

  // What follows runs for each row, outside the query above: it sees the WITH clause, but keeps nothing of it.
  WithScope with;
  const Restored<WithScope*> at(with_, with_);
  const Restored<bool> in_place(common_tables_in_place_, true);
  if (ast.with != nullptr && (!ast.upserts.empty() || !ast.returning.empty())) {
    if (!open_with(*ast.with, with, nullptr, nullptr)) return nullptr;
    with_ = &with;
  }
  if (!ast.upserts.empty()) {
    if (table.kind == catalog::TableKind::Virtual) {
      return failed(message("UPSERT not implemented for virtual table \"%.*s\"", table.name));
    }
    Source* excluded = new_source(RelationKind::Excluded);
    excluded->name = "excluded";
    excluded->alias = "excluded";
    excluded->table = &table;
    excluded->columns = target->columns;
    excluded->has_rowid = target->has_rowid;
    excluded->qualified_only = true;
    excluded->order = 1;
    insert->excluded = excluded;
    Scope scope;
    scope.sources.push_back(target);
    scope.sources.push_back(excluded);
    target->scope = &scope;
    excluded->scope = &scope;
    const Restored<Scope*> in(scope_, &scope);
    std::span<Upsert> upserts = arena_.make_array<Upsert>(ast.upserts.size());
    for (std::size_t i = 0; i < upserts.size(); ++i) {
      if (!bind_upsert(ast.upserts[i], scope, *excluded, upserts[i])) return nullptr;
    }
    insert->upserts = upserts;
    target->scope = nullptr;
  }
  if (!ast.returning.empty()) {
    insert->returning = bind_returning(ast.returning, *target);
    if (insert->returning == nullptr) return nullptr;
  }
  return insert;
}

bool Binder::bind_upsert(const sql::UpsertClause& ast, Scope& scope, Source& excluded, Upsert& upsert) {
  static_cast<void>(excluded);
  Source& target = *scope.sources[0];
  if (!ast.target.empty()) {
    // The target names columns of the table alone.
    scope.sources.pop_back();
    const bool matched = match_upsert_target(ast, target, upsert);
    scope.sources.push_back(&excluded);
    if (!matched) return false;
  }
  upsert.do_nothing = ast.action == sql::UpsertAction::Nothing;
  if (upsert.do_nothing) return true;
  if (!bind_assignments(ast.assignments, target, &upsert.assignments)) return false;
  if (ast.where == nullptr) return true;
  upsert.where = bind_scalar(ast.where);
  return upsert.where != nullptr;
}

// The rowid or the unique index that the terms of ON CONFLICT (...) are: the same columns in any order, with the
// index's collations where a term says one, and the same condition when the index is partial.
bool Binder::match_upsert_target(const sql::UpsertClause& ast, const Source& target, Upsert& upsert) {
  struct Term {
    const Expr* expr;
    std::string_view collation;  // written
  };
  const catalog::Table& table = *target.table;
  Vector<Term> terms;
  for (const sql::OrderTerm& one : ast.target) {
    Term term{nullptr, {}};
    const sql::Expr* bare = one.expr;
    while (const auto* collate = bare->try_as<sql::CollateExpr>()) {
      if (term.collation.empty()) term.collation = collate->collation.text;
      bare = collate->operand;
    }
    term.expr = bind_scalar(bare);
    if (term.expr == nullptr) return false;
    terms.push_back(term);
  }
  const Expr* where = nullptr;
  if (ast.target_where != nullptr) {
    where = bind_scalar(ast.target_where);
    if (where == nullptr) return false;
  }
  if (terms.size() == 1 && !table.without_rowid) {
    const auto* column = terms[0].expr->try_as<ColumnExpr>();
    if (column != nullptr &&
        (column->column == catalog::kRowidColumn || (column->column >= 0 && column->column == table.rowid_alias))) {
      upsert.rowid = true;
      return true;
    }
  }
  auto matches = [&](const catalog::Index& index, const TableExpressions::IndexExpressions* expressions) {
    if (!index.unique || index.key_columns != terms.size()) return false;
    if (index.where != nullptr && (where == nullptr || !same_expression(expressions->where, where))) return false;
    for (std::size_t i = 0; i < index.key_columns; ++i) {
      const catalog::IndexColumn& key = index.columns[i];
      bool found = false;
      for (const Term& term : terms) {
        if (!term.collation.empty() && !equals_ignoring_case(term.collation, key.collation)) continue;
        if (key.expression != nullptr) {
          const Expr* expr = expressions->columns[i];
          while (const auto* collate = expr->try_as<CollateExpr>()) expr = collate->operand;
          found = found || same_expression(expr, term.expr);
        } else if (const auto* column = term.expr->try_as<ColumnExpr>()) {
          found = found || column->column == key.column;
        }
      }
      if (!found) return false;
    }
    return true;
  };
  if (table.primary_key != nullptr && matches(*table.primary_key, nullptr)) {
    upsert.index = table.primary_key;
    return true;
  }
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    if (!matches(*table.indexes[i], &target.expressions->indexes[i])) continue;
    upsert.index = table.indexes[i];
    return true;
  }
  return error("ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint");
}

}  // namespace perlite::bind
