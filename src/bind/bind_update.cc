// UPDATE, with FROM (lang_update.html).
#include <algorithm>

#include "base/ascii.h"
#include "bind/binding.h"
#include "sqlite3.h"

namespace perlite::bind {

const Update* Binder::bind_update(const sql::UpdateStatement& ast) {
  WithScope with;
  Vector<CommonTable*> common_tables;
  const Restored<Vector<CommonTable*>*> collects(statement_common_tables_, &common_tables);
  const Restored<WithScope*> at(with_, with_);
  if (ast.with != nullptr) {
    if (!open_with(*ast.with, with, nullptr, nullptr)) return nullptr;
    with_ = &with;
  }
  Source* target = bind_target(ast.table, catalog::TriggerEvent::Update, 0, ast.assignments);
  if (target == nullptr) return nullptr;
  if (!ast.order_by.empty() && ast.limit == nullptr) {
    error("ORDER BY without LIMIT on UPDATE");
    return nullptr;
  }
  auto* update = arena_.make<Update>();
  update->target = target;
  update->table = expressions_of(*target);
  update->on_conflict = static_cast<ConflictAction>(ast.on_conflict);

  Scope scope;
  scope.sources.push_back(target);
  target->scope = &scope;
  auto* leaf = arena_.make<FromNode>();
  leaf->relation = target;
  update->from = leaf;
  const Expr* hoisted = nullptr;
  if (ast.from != nullptr) {
    const std::size_t first_on = pending_on_.size();
    const JoinNames* names = nullptr;
    FromNode* tree = bind_from_clause(*ast.from, scope, &names, false);
    if (tree == nullptr) return nullptr;
    for (std::size_t i = 1; i < scope.sources.size(); ++i) {
      if (scope.sources[i]->table == target->table &&
          base::equals_ignoring_case(scope.sources[i]->alias, target->alias)) {
        return failed(message("target object/alias may not appear in FROM clause: %.*s", target->alias));
      }
    }
    auto* own = arena_.make<JoinNames>();
    own->first = 0;
    own->last = 1;
    auto* joined = arena_.make<JoinNames>();
    joined->first = 0;
    joined->last = static_cast<int>(scope.sources.size());
    joined->left = own;
    joined->right = names;
    scope.joins = joined;
    auto* join = arena_.make<FromNode>();
    join->join = JoinKind::Inner;
    join->left = leaf;
    join->right = tree;
    update->from = join;
    const Restored<Scope*> in(scope_, &scope);
    if (!bind_on_clauses(first_on, &hoisted)) return nullptr;
  }
  std::span<const Relation*> relations = arena_.make_array<const Relation*>(scope.sources.size());
  std::copy(scope.sources.begin(), scope.sources.end(), relations.begin());
  update->relations = relations;

  const Restored<Scope*> in(scope_, &scope);
  if (!bind_assignments(ast.assignments, *target, &update->assignments)) return nullptr;
  if (ast.where != nullptr) {
    update->where = bind_scalar(ast.where);
    if (update->where == nullptr) return nullptr;
  }
  update->where = conjunction(hoisted, update->where);
  if (!ast.order_by.empty() && !bind_call_order(ast.order_by, &update->order_by)) return nullptr;
  if (!bind_limit(ast.limit, ast.offset, &update->limit, &update->offset)) return nullptr;
  if (!ast.returning.empty()) {
    update->returning = bind_returning(ast.returning, *target);
    if (update->returning == nullptr) return nullptr;
  }
  update->common_tables = arena_.copy_array(common_tables);
  return update;
}

}  // namespace perlite::bind
