// DELETE (lang_delete.html).
#include "bind/binding.h"
#include "sqlite3.h"

namespace perlite::bind {

const Delete* Binder::bind_delete(const sql::DeleteStatement& ast) {
  WithScope with;
  Vector<CommonTable*> common_tables;
  const Restored<Vector<CommonTable*>*> collects(statement_common_tables_, &common_tables);
  const Restored<WithScope*> at(with_, with_);
  if (ast.with != nullptr) {
    if (!open_with(*ast.with, with, nullptr, nullptr)) return nullptr;
    with_ = &with;
  }
  Source* target = bind_target(ast.table, catalog::TriggerEvent::Delete, SQLITE_DELETE, {});
  if (target == nullptr) return nullptr;
  if (!ast.order_by.empty() && ast.limit == nullptr) {
    error("ORDER BY without LIMIT on DELETE");
    return nullptr;
  }
  auto* erase = arena_.make<Delete>();
  erase->target = target;
  erase->table = expressions_of(*target);
  Scope scope;
  scope.sources.push_back(target);
  target->scope = &scope;
  const Restored<Scope*> in(scope_, &scope);
  if (ast.where != nullptr) {
    erase->where = bind_scalar(ast.where);
    if (erase->where == nullptr) return nullptr;
  }
  if (!ast.order_by.empty() && !bind_call_order(ast.order_by, &erase->order_by)) return nullptr;
  if (!bind_limit(ast.limit, ast.offset, &erase->limit, &erase->offset)) return nullptr;
  if (!ast.returning.empty()) {
    erase->returning = bind_returning(ast.returning, *target);
    if (erase->returning == nullptr) return nullptr;
  }
  erase->common_tables = arena_.copy_array(common_tables);
  return erase;
}

}  // namespace perlite::bind
