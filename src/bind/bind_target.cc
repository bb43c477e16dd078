// What INSERT, UPDATE and DELETE share: the target, assignments, RETURNING.
#include "base/ascii.h"
#include "bind/binding.h"
#include "bind/table_definition.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

Source* Binder::bind_target(const sql::TargetTable& ast, catalog::TriggerEvent event, int action,
                            std::span<const sql::Assignment> changed) {
  FoundTable found;
  if (!find_table(ast.schema.text, ast.schema.present(), ast.name.text, &found)) return nullptr;
  if (found.table == nullptr && found.source == nullptr) {
    no_such_table(ast.schema, ast.name);
    return nullptr;
  }
  if (found.table == nullptr) return failed(message("table %.*s may not be modified", ast.name.text));
  const catalog::Table& table = *found.table;
  if (!refuse_triggers(found.database, table, event, changed)) return nullptr;
  if (table.kind == catalog::TableKind::View) {
    return failed(message("cannot modify %.*s because it is a view", table.name));
  }
  const Environment::Switches& switches = environment_.switches();
  if (table.is_schema && (!switches.writable_schema || switches.defensive)) {
    return failed(message("table %.*s may not be modified", table.name));
  }
  if (action != 0) {
    bool ignored = false;
    if (!authorize(action, table.name, {}, found.database, &ignored)) return nullptr;
  }
  note_written(found.database);
  const std::string_view alias = ast.alias.present() ? ast.alias.text : table.name;
  Source* target = nullptr;
  if (table.kind == catalog::TableKind::Virtual) {
    Result<vm::Source*> made = environment_.find_source(found.database, table);
    if (!made.ok()) return failed(std::move(made.status()));
    if (made.value() == nullptr) return failed(message("no such module: %.*s", table.module));
    if (!made.value()->writable()) return failed(message("table %.*s may not be modified", table.name));
    sql::FromItem item{};
    item.name = ast.name;
    item.alias = ast.alias;
    item.kind = sql::FromKind::Table;
    item.span = ast.span;
    Scope none;
    target = bind_module_source(found, made.value(), table.name, item, none);
    if (target == nullptr) return nullptr;
    auto* expressions = arena_.make<TableExpressions>();
    expressions->row = target;
    expressions->defaults = arena_.make_array<const Expr*>(target->columns.size());
    expressions->generated = arena_.make_array<const Expr*>(target->columns.size());
    target->expressions = expressions;
  } else {
    if (!refuse_foreign_keys(found.database, table)) return nullptr;
    target = table_source(found.database, table, alias, ast.span, true);
    if (target == nullptr) return nullptr;
  }
  target->hint = ast.hint;
  if (ast.hint == sql::IndexHint::IndexedBy) {
    for (const catalog::Index* index : table.indexes) {
      if (equals_ignoring_case(index->name, ast.index.text)) target->index_hint = index;
    }
    if (target->index_hint == nullptr) return failed(message("no such index: %.*s", ast.index.text));
  }
  return target;
}

const TableExpressions& Binder::expressions_of(const Source& target) { return *target.expressions; }

// Its index, kRowidColumn, or kExpressionColumn when there is none.
int Binder::find_target_column(Source& target, std::string_view name) {
  const int column = find_in(target, name);
  if (column >= 0) return column;
  if (!is_rowid_name(name) || !target.has_rowid) return catalog::kExpressionColumn;
  return target.table->rowid_alias >= 0 ? target.table->rowid_alias : catalog::kRowidColumn;
}

// One field of a query that gives a row: SELECT field FROM (query).
const Expr* Binder::field_of_query(const sql::SubqueryExpr& node, std::size_t field, std::size_t width) {
  const std::int32_t id = ++select_count_;
  auto* select = arena_.make<Select>();
  select->id = id;
  SelectState state{select, select_, {}, {}, false};
  const Restored<SelectState*> of(select_, &state);
  SelectOptions options;
  options.outer = scope_;
  options.container = &state;
  const Select* query = bind_select(*node.select, options);
  if (query == nullptr) return nullptr;
  if (query->columns.size() != width) {
    return failed(Status::format(Code::Error, -1, "%d columns assigned %d values", static_cast<int>(width),
                                 static_cast<int>(query->columns.size())));
  }
  Source* source = select_source(*query, {}, {}, {}, node.span);
  Scope scope;
  scope.outer = scope_;
  scope.depth = scope_ == nullptr ? 0 : scope_->depth + 1;
  scope.select = &state;
  scope.sources.push_back(source);
  source->scope = &scope;
  std::span<ResultColumn> columns = arena_.make_array<ResultColumn>(1);
  {
    const Restored<Scope*> in(scope_, &scope);
    columns[0].expr = column_of(*source, static_cast<int>(field), node.span);
    if (columns[0].expr == nullptr) return nullptr;
    columns[0].name = source->columns[field].name;
  }
  auto* leaf = arena_.make<FromNode>();
  leaf->relation = source;
  auto* core = arena_.make<Core>();
  core->kind = CoreKind::Select;
  core->columns = columns;
  core->from = leaf;
  const Relation* relations[] = {source};
  core->relations = arena_.copy_array(std::span<const Relation* const>(relations));
  auto* arm = arena_.make<Arm>();
  arm->op = sql::CompoundOp::None;
  arm->core = core;
  select->arms = {arm, 1};
  select->columns = columns;
  std::span<Affinity> affinities = arena_.make_array<Affinity>(1);
  affinities[0] = columns[0].expr->affinity;
  select->column_affinities = affinities;
  select->outer_relations = arena_.copy_array(state.outer_relations);
  auto* expr = arena_.make<ScalarSubqueryExpr>();
  expr->kind = ExprKind::ScalarSubquery;
  expr->span = node.span;
  expr->select = select;
  expr->flags = flags_of_select(*select);
  expr->height = 2;
  expr->affinity = affinities[0];
  return expr;
}

bool Binder::bind_assignments(std::span<const sql::Assignment> asts, Source& target, std::span<const Assignment>* out) {
  Vector<Assignment> assignments;
  // Of several assignments to a column the last one counts.
  auto assign = [&](std::int32_t column, const Expr* value) {
    for (Assignment& known : assignments) {
      if (known.column != column) continue;
      known.value = value;
      return;
    }
    assignments.push_back(Assignment{column, value});
  };
  for (const sql::Assignment& ast : asts) {
    const std::size_t width = ast.columns.size();
    const auto* query = ast.row ? ast.value->try_as<sql::SubqueryExpr>() : nullptr;
    const Expr* value = nullptr;
    if (query == nullptr) {
      value = ast.row ? bind_expr(ast.value) : bind_scalar(ast.value);
      if (value == nullptr) return false;
      if (ast.row) {
        const auto* row = value->try_as<RowExpr>();
        const std::size_t given = row == nullptr ? 1 : row->elements.size();
        if (given != width) {
          return fail(Status::format(Code::Error, -1, "%d columns assigned %d values", static_cast<int>(width),
                                     static_cast<int>(given)));
        }
      }
    }
    for (std::size_t i = 0; i < width; ++i) {
      const int column = find_target_column(target, ast.columns[i].text);
      if (column == catalog::kExpressionColumn) return error("no such column: %.*s", ast.columns[i].text);
      if (column >= 0 && target.table->kind != catalog::TableKind::Virtual &&
          target.table->columns[static_cast<std::size_t>(column)].generated != nullptr) {
        return error("cannot UPDATE generated column \"%.*s\"", target.columns[static_cast<std::size_t>(column)].name);
      }
      const Expr* field = value;
      if (query != nullptr) {
        field = field_of_query(*query, i, width);
        if (field == nullptr) return false;
      } else if (const auto* row = value->try_as<RowExpr>()) {
        field = row->elements[i];
      }
      bool ignored = false;
      if (has_authorizer_) {
        std::string_view name = "ROWID";
        if (column >= 0) name = target.columns[static_cast<std::size_t>(column)].name;
        if (!authorize(SQLITE_UPDATE, target.name, name, target.database, &ignored)) return false;
      }
      if (!ignored) assign(column, field);
    }
  }
  *out = arena_.copy_array(assignments);
  return true;
}

const Returning* Binder::bind_returning(std::span<const sql::ResultColumn> asts, Source& target) {
  Scope scope;
  scope.sources.push_back(&target);
  Scope* const saved = target.scope;
  target.scope = &scope;
  const int order = std::exchange(target.order, 0);
  target.schema_hidden = true;
  const Restored<Scope*> in(scope_, &scope);
  for (const sql::ResultColumn& ast : asts) {
    if (ast.kind == sql::ResultColumnKind::TableStar) {
      return failed(Status::error("RETURNING may not use \"TABLE.*\" wildcards"));
    }
  }
  if (!bind_result_columns(asts, scope)) return nullptr;
  target.scope = saved;
  target.order = order;
  target.schema_hidden = false;
  auto* returning = arena_.make<Returning>();
  returning->columns = scope.columns;
  return returning;
}

}  // namespace perlite::bind
