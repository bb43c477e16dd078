// Membership: IN with a list and with a query.
#include "base/ascii.h"
#include "codegen/generator.h"
#include "plan/expressions.h"

namespace perlite::codegen {

using bind::Affinity;
using bind::CompareOp;
using bind::Expr;

namespace {

const record::Collation* collation_of(const bind::ComparisonRule& rule) {
  return rule.collation == nullptr || rule.collation->is_binary() ? nullptr : rule.collation;
}

// A column of a stored table, all rows of it: what can be looked up in a tree where one begins with it.
const bind::ColumnExpr* whole_column(const bind::Select& select) {
  if (select.arms.size() != 1 || select.limit != nullptr || select.columns.size() != 1) return nullptr;
  const bind::Core& core = *select.arms[0].core;
  if (core.kind != bind::CoreKind::Select || core.is_aggregate || !core.window_functions.empty() ||
      core.where != nullptr || core.from == nullptr || core.from->relation == nullptr) {
    return nullptr;
  }
  const auto* column = core.columns[0].expr->try_as<bind::ColumnExpr>();
  const bind::Relation* relation = core.from->relation;
  if (column == nullptr || column->relation != relation || relation->kind != bind::RelationKind::Table) return nullptr;
  return relation->hint == sql::IndexHint::None ? column : nullptr;
}

// Storing has done to the column what the comparison would do to it.
bool stored_as_compared(Affinity rule, Affinity column) {
  if (rule <= Affinity::Blob) return true;
  return rule == Affinity::Text ? column == Affinity::Text : record::is_numeric(column);
}

// An index of all rows that begins with the column, in the order the comparison asks for.
const catalog::Index* index_for(const bind::ColumnExpr& column, const bind::ComparisonRule& rule) {
  const catalog::Table& table = *column.relation->table;
  const std::string_view wanted = rule.collation == nullptr ? std::string_view("BINARY") : rule.collation->name;
  const auto fits = [&](const catalog::Index* index) {
    return index != nullptr && index->where == nullptr && !index->columns.empty() &&
           index->columns[0].column == column.column &&
           base::equals_ignoring_case(index->columns[0].collation, wanted);
  };
  for (const catalog::Index* index : table.indexes) {
    if (fits(index)) return index;
  }
  return fits(table.primary_key) ? table.primary_key : nullptr;
}

}  // namespace


const record::KeyInfo* Generator::key_of_rules(std::span<const bind::ComparisonRule> rules) {
  Vector<record::KeyField> fields;
  for (const bind::ComparisonRule& rule : rules) fields.push_back({collation_of(rule), false, false});
  return b_.key(fields);
}

// Is r[operand], to which the affinity is applied, in the hash table `set`, beside which r[has_null] tells of NULLs?
void Generator::in_set(std::int32_t operand, bind::Affinity affinity, std::int32_t set, std::int32_t has_null,
                       Label if_true, Label if_false, Label if_null) {
  const Label missing = b_.new_label();
  b_.emit(Opcode::IsNull, operand, if_null);
  apply_affinity(operand, affinity);
  b_.emit(Opcode::HashProbe, set, missing, operand).p5(1);
  b_.emit(Opcode::Goto, 0, if_true);
  b_.bind(missing);
  b_.emit(Opcode::If, has_null, if_null, 0);
  b_.emit(Opcode::Goto, 0, if_false);
}

Status Generator::in_list(const bind::InListExpr& expr, Label if_true, Label if_false, Label if_null) {
  const auto width = static_cast<std::int32_t>(expr.rules.size());
  if (expr.list.empty()) {
    b_.emit(Opcode::Goto, 0, if_false);
    return {};
  }
  bool constant_list = width == 1 && switches_.has(plan::Rewrite::Factor) && !in_setup_;
  for (const Expr* e : expr.list) constant_list &= plan::is_constant(*e);

  if (constant_list && expr.list.size() > 3) {
    // A set made once.
    const std::int32_t set = b_.new_cursor();
    const std::int32_t has_null = b_.new_register();
    const std::int32_t element = b_.new_register();
    const Label made = b_.new_label();
    b_.emit(Opcode::Once, 0, made);
    b_.emit(Opcode::OpenHash, set, 1, 0).p4(key_of_rules(expr.rules));
    b_.emit(Opcode::Integer, 0, has_null);
    for (const Expr* e : expr.list) {
      const auto* literal = e->try_as<bind::LiteralExpr>();
      const Label skip = b_.new_label();
      const Label is_null = b_.new_label();
      PL_TRY(value_into(e, element));
      if (literal != nullptr && literal->value.is_null()) {
        b_.emit(Opcode::Integer, 1, has_null);
        b_.bind(skip);
        b_.bind(is_null);
        continue;
      }
      if (literal == nullptr) b_.emit(Opcode::IsNull, element, is_null);
      apply_affinity(element, expr.rules[0].affinity);
      b_.emit(Opcode::HashInsert, set, element, 0).p5(1);
      b_.emit(Opcode::Goto, 0, skip);
      b_.bind(is_null);
      b_.emit(Opcode::Integer, 1, has_null);
      b_.bind(skip);
    }
    b_.bind(made);
    const std::int32_t operand = b_.new_register();
    PL_TRY(value_into(expr.operand, operand));
    in_set(operand, expr.rules[0].affinity, set, has_null, if_true, if_false, if_null);
    return {};
  }

  const std::int32_t operand = b_.new_registers(width);
  PL_TRY(row_into(expr.operand, width, operand));
  if (width == 1) {
    const bool ask_null = if_null != if_false;
    const std::int32_t any_null = ask_null ? b_.new_register() : 0;
    if (ask_null) {
      // NULL + anything stays NULL: one register gathers whether any was.
      b_.emit(Opcode::IsNullValue, operand, any_null, 0);
    }
    for (const Expr* e : expr.list) {
      PL_ASSIGN(const Operand element, value(e));
      emit_compare(CompareOp::Equal, operand, element.reg, expr.rules[0], if_true, false);
      const auto* literal = e->try_as<bind::LiteralExpr>();
      if (ask_null && (literal == nullptr || literal->value.is_null())) {
        const std::int32_t one = b_.temporary();
        b_.emit(Opcode::IsNullValue, element.reg, one, 0);
        b_.emit(Opcode::Or, any_null, one, any_null);
        b_.release(one);
      }
      release(element);
    }
    if (ask_null) b_.emit(Opcode::If, any_null, if_null, 0);
    b_.emit(Opcode::Goto, 0, if_false);
    return {};
  }

  const std::int32_t element = b_.new_registers(width);
  const std::int32_t result = b_.new_register();
  const std::int32_t any_null = b_.new_register();
  b_.emit(Opcode::Integer, 0, any_null);
  for (const Expr* e : expr.list) {
    const Label next = b_.new_label();
    PL_TRY(row_into(e, width, element));
    row_compare_registers(CompareOp::Equal, operand, element, expr.rules, result);
    b_.emit(Opcode::If, result, if_true, 0);
    b_.emit(Opcode::NotNull, result, next);
    b_.emit(Opcode::Integer, 1, any_null);
    b_.bind(next);
  }
  b_.emit(Opcode::If, any_null, if_null, 0);
  b_.emit(Opcode::Goto, 0, if_false);
  return {};
}

// IN (SELECT column FROM table): looked up in the tree that is ordered by the column, without a set of all its values.
// Not in a program that writes: there the set is that of the statement's begin. False: there is no such tree.
Result<bool> Generator::in_tree(const bind::InSelectExpr& expr, Label if_true, Label if_false, Label if_null) {
  const bind::ColumnExpr* column = expr.rules.size() == 1 ? whole_column(*expr.select) : nullptr;
  if (column == nullptr || !switches_.has(plan::Rewrite::IndexAccess) || !switches_.has(plan::Rewrite::InSeek)) return false;
  for (const auto& database : b_.program().databases) {
    if (database.writes) return false;
  }
  const bind::Relation& relation = *column->relation;
  const catalog::Table& table = *relation.table;
  const bind::ComparisonRule& rule = expr.rules[0];
  const bool by_rowid = !table.without_rowid &&
                        (column->column == catalog::kRowidColumn || column->column == table.rowid_alias);
  const catalog::Index* index = nullptr;
  if (by_rowid) {
    if (!record::is_numeric(rule.affinity)) return false;
  } else {
    if (column->column < 0) return false;
    const catalog::Column& stored = table.columns[static_cast<std::size_t>(column->column)];
    if (stored.storage_index < 0 || !stored_as_compared(rule.affinity, stored.affinity)) return false;
    index = index_for(*column, rule);
    if (index == nullptr) return false;
  }
  PL_ASSIGN(const std::int32_t cursor, read_cursor(relation.database, table, index));
  if (want_plan_lines_) {
    String line("USING ");
    if (by_rowid) {
      line.append("ROWID SEARCH ON TABLE ").append(table.name);
    } else {
      line.append("INDEX ").append(index->name);
    }
    plan_line(line.append(" FOR IN-OPERATOR"));
  }
  const std::int32_t operand = b_.new_register();
  const Label missing = b_.new_label();
  const Label no_value = b_.new_label();
  PL_TRY(value_into(expr.operand, operand));
  b_.emit(Opcode::IsNull, operand, no_value);
  apply_affinity(operand, rule.affinity);
  if (by_rowid) {
    b_.emit(Opcode::SeekRowid, cursor, missing, operand);
  } else {
    b_.emit(Opcode::NotFound, cursor, missing, operand).p4(1);
  }
  b_.emit(Opcode::Goto, 0, if_true);
  // NULL is in no empty set, and may or may not be in any other.
  b_.bind(no_value);
  b_.emit(Opcode::Rewind, cursor, if_false);
  b_.emit(Opcode::Goto, 0, if_null);
  b_.bind(missing);
  const bool holds_nulls = !by_rowid && !table.columns[static_cast<std::size_t>(column->column)].not_null;
  if (holds_nulls && if_null != if_false) {
    const std::int32_t first = b_.new_register();
    b_.emit(index->columns[0].descending ? Opcode::Last : Opcode::Rewind, cursor, if_false);
    b_.emit(Opcode::Column, cursor, 0, first);
    b_.emit(Opcode::IsNull, first, if_null);
  }
  b_.emit(Opcode::Goto, 0, if_false);
  return true;
}

Status Generator::in_select(const bind::InSelectExpr& expr, Label if_true, Label if_false, Label if_null) {
  const auto width = static_cast<std::int32_t>(expr.rules.size());
  PL_ASSIGN(const plan::Query* rows, planned(*expr.select));
  const std::int32_t operand = b_.new_registers(width);

  if (!rows->once) {
    // The rows depend on where we stand: they are looked at one by one.
    const std::int32_t result = b_.new_register();
    const std::int32_t any_null = b_.new_register();
    const Restore<std::int32_t> parent(plan_parent_);
    plan_parent_ = plan_line_of_query("CORRELATED LIST SUBQUERY", *expr.select);
    PL_TRY(row_into(expr.operand, width, operand));
    b_.emit(Opcode::Copy, operand, operand, width - 1);
    b_.emit(Opcode::Integer, 0, any_null);
    PL_TRY(query(*rows, [&](std::int32_t first) -> Status {
      const Label next = b_.new_label();
      row_compare_registers(CompareOp::Equal, operand, first, expr.rules, result);
      b_.emit(Opcode::If, result, if_true, 0);
      b_.emit(Opcode::NotNull, result, next);
      b_.emit(Opcode::Integer, 1, any_null);
      b_.bind(next);
      return {};
    }));
    b_.emit(Opcode::If, any_null, if_null, 0);
    b_.emit(Opcode::Goto, 0, if_false);
    return {};
  }

  PL_ASSIGN(const bool looked_up, in_tree(expr, if_true, if_false, if_null));
  if (looked_up) return {};
  const std::int32_t set = b_.new_cursor();
  const std::int32_t has_rows = b_.new_register();
  const std::int32_t has_null = b_.new_register();
  const std::int32_t key = b_.new_registers(width);
  // Rows of several fields that hold a NULL may still be unequal to the operand: they are kept to be compared.
  const std::int32_t odd_rows = width > 1 ? b_.new_cursor() : -1;
  const std::int32_t all_rows = width > 1 ? b_.new_cursor() : -1;
  const Label made = b_.new_label();
  b_.emit(Opcode::Once, 0, made);
  b_.emit(Opcode::OpenHash, set, width, 0).p4(key_of_rules(expr.rules));
  if (width > 1) {
    b_.emit(Opcode::OpenBuffer, odd_rows, width);
    b_.emit(Opcode::OpenBuffer, all_rows, width);
  }
  b_.emit(Opcode::Integer, 0, has_rows);
  b_.emit(Opcode::Integer, 0, has_null);
  {
    const Restore<std::int32_t> parent(plan_parent_);
    plan_parent_ = plan_line_of_query("LIST SUBQUERY", *expr.select);
    PL_TRY(query(*rows, [&](std::int32_t first) -> Status {
      const Label next = b_.new_label();
      const Label odd = b_.new_label();
      b_.emit(Opcode::Integer, 1, has_rows);
      for (std::int32_t i = 0; i < width; ++i) b_.emit(Opcode::Alias, first + i, key + i);
      if (width > 1) b_.emit(Opcode::BufferInsert, all_rows, key, width);
      b_.emit(Opcode::IsNull, key, odd, width);
      for (std::int32_t i = 0; i < width; ++i) apply_affinity(key + i, expr.rules[static_cast<std::size_t>(i)].affinity);
      b_.emit(Opcode::HashInsert, set, key, 0).p5(1);
      b_.emit(Opcode::Goto, 0, next);
      b_.bind(odd);
      b_.emit(Opcode::Integer, 1, has_null);
      if (width > 1) b_.emit(Opcode::BufferInsert, odd_rows, key, width);
      b_.bind(next);
      return {};
    }));
  }
  b_.bind(made);

  b_.emit(Opcode::IfNot, has_rows, if_false, 0);
  PL_TRY(row_into(expr.operand, width, operand));
  if (width == 1) {
    in_set(operand, expr.rules[0].affinity, set, has_null, if_true, if_false, if_null);
    return {};
  }
  // Of several fields: an equal row decides; else a row that compares NULL, if one does.
  const std::int32_t probe = b_.new_registers(width);
  const std::int32_t field = b_.new_registers(width);
  const std::int32_t result = b_.new_register();
  const Label look_at_all = b_.new_label();
  const Label look_at_odd = b_.new_label();
  const auto look = [&](std::int32_t buffer) {
    const Label next = b_.new_label();
    b_.emit(Opcode::BufferRewind, buffer, if_false);
    const Label top = b_.here();
    for (std::int32_t i = 0; i < width; ++i) b_.emit(Opcode::BufferColumn, buffer, i, field + i);
    row_compare_registers(CompareOp::Equal, operand, field, expr.rules, result);
    b_.emit(Opcode::NotNull, result, next);
    b_.emit(Opcode::Goto, 0, if_null);
    b_.bind(next);
    b_.emit(Opcode::BufferNext, buffer, top);
    b_.emit(Opcode::Goto, 0, if_false);
  };
  b_.emit(Opcode::IsNull, operand, look_at_all, width);
  for (std::int32_t i = 0; i < width; ++i) {
    b_.emit(Opcode::Alias, operand + i, probe + i);
    apply_affinity(probe + i, expr.rules[static_cast<std::size_t>(i)].affinity);
  }
  b_.emit(Opcode::HashProbe, set, look_at_odd, probe).p5(1);
  b_.emit(Opcode::Goto, 0, if_true);
  b_.bind(look_at_all);
  look(all_rows);
  b_.bind(look_at_odd);
  look(odd_rows);
  return {};
}

}  // namespace perlite::codegen
