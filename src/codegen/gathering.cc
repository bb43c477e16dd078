#include "codegen/gathering.h"

#include <algorithm>

#include "plan/expressions.h"

namespace perlite::codegen {

namespace {

bool sees_no_rows(const bind::Expr* expr) {
  if (expr == nullptr || expr->kind == bind::ExprKind::Column || expr->kind == bind::ExprKind::Parameter) return true;
  bool plain = true;
  plan::walk(*expr, [&](const bind::Expr& e) {
    if ((e.flags & bind::kHasSubquery) != 0) plain = false;
    if (const auto* call = e.try_as<bind::FunctionExpr>(); call != nullptr && !call->function->has(vm::kBuiltIn)) {
      plain = false;
    }
    return plain;
  });
  return plain;
}

}  // namespace

bool GatheredRows::in_own_order(const plan::RowSearch& search, std::span<const bind::Assignment> values) {
  if (search.relations.size() != 1 || !search.order_by.empty() || search.limit != nullptr ||
      !search.common_tables.empty() || search.relations[0]->table->without_rowid || !sees_no_rows(search.where)) {
    return false;
  }
  for (const bind::Assignment& assignment : values) {
    if (!sees_no_rows(assignment.value)) return false;
  }
  return true;
}

Status GatheredRows::plan(const plan::RowSearch& search, bool in_own_order) {
  if (table_.without_rowid) {
    // The key is read whether or not the statement names it: whoever keeps columns of the row keeps these.
    for (std::int32_t k = 0; k < key_width(); ++k) {
      const std::int32_t column = table_.primary_key->columns[static_cast<std::size_t>(k)].column;
      target_.columns_used |= std::uint64_t{1} << std::min(column, 63);
    }
  }
  // ORDER BY says which rows a LIMIT lets pass, not when each is changed.
  sorted_ = sorted_ || search.limit != nullptr;
  PL_ASSIGN(plan_, g_.planner().plan_rows(search));
  const plan::Operator* op = plan_->root;
  while (const auto* filter = op->try_as<plan::Filter>()) op = filter->child;
  const auto* scan = op->try_as<plan::Scan>();
  if (scan == nullptr || scan->relation != &target_ || joined_ || !kept_.empty()) return {};
  path_ = scan->path;
  one_row_ = path_->kind == plan::AccessKind::RowidSeek && path_->seeks[0].kind == plan::Seek::Kind::Equal &&
             plan_->kept_tables.empty();
  in_place_ = one_row_ || (in_own_order && path_->kind == plan::AccessKind::FullScan && !path_->reverse);
  return {};
}

bool GatheredRows::reads_index(std::span<const bool> indexes) const noexcept {
  if (path_ == nullptr) return false;
  if (path_->kind == plan::AccessKind::MultiIndexOr) return true;
  return path_->kind == plan::AccessKind::IndexScan && !path_->index->is_table &&
         indexes[static_cast<std::size_t>(path_->index->ordinal)];
}

// By key, and of equal keys the last row first where it counts.
Status GatheredRows::open_sorter(std::int32_t width) {
  Vector<record::KeyField> fields;
  if (table_.without_rowid) {
    PL_ASSIGN(const record::KeyInfo* const key, g_.key_of(*table_.primary_key));
    for (std::int32_t k = 0; k < key_width(); ++k) {
      const record::Collation& collation = key->collation(static_cast<std::size_t>(k));
      const bool descending = table_.primary_key->columns[static_cast<std::size_t>(k)].descending;
      fields.push_back({collation.is_binary() ? nullptr : &collation, descending, false});
    }
  } else {
    fields.push_back({nullptr, false, false});
  }
  key_ = b_.key(fields);
  if (joined_) fields.push_back({nullptr, true, false});
  b_.emit(Opcode::OpenSorter, buffer_, width, 0).p4(b_.key(fields));
  return {};
}

Status GatheredRows::gather(std::int32_t cursor) {
  if (in_place_) return {};
  const std::int32_t width = kept_at() + static_cast<std::int32_t>(kept_.size());
  buffer_ = b_.new_cursor();
  const std::int32_t number = b_.new_register();
  if (sorted_) {
    PL_TRY(open_sorter(width));
    if (joined_) b_.emit_integer(0, number);
  } else {
    b_.emit(Opcode::OpenBuffer, buffer_, width);
  }
  const auto fill = [&](std::int32_t first) -> Status {
    if (table_.without_rowid) {
      for (std::int32_t k = 0; k < key_width(); ++k) {
        PL_TRY(g_.column_into(target_, table_.primary_key->columns[static_cast<std::size_t>(k)].column, first + k));
      }
    } else {
      PL_TRY(g_.column_into(target_, catalog::kRowidColumn, first));
    }
    for (std::size_t i = 0; i < kept_.size(); ++i)
      PL_TRY(g_.value_into(kept_[i], first + kept_at() + static_cast<std::int32_t>(i)));
    return {};
  };
  const Generator::LentCursor lent(g_, target_, cursor);
  PL_TRY(g_.search_sorted(*plan_, width, fill, [&](std::int32_t first) -> Status {
    first_ = first;
    if (joined_) {
      b_.emit(Opcode::AddImmediate, number, 1);
      b_.emit(Opcode::Alias, number, first_ + key_width());
    }
    b_.emit(sorted_ ? Opcode::SorterInsert : Opcode::BufferInsert, buffer_, first_, width);
    return {};
  }));
  for (std::size_t i = 0; i < kept_.size(); ++i)
    kept_registers_.push_back(first_ + kept_at() + static_cast<std::int32_t>(i));
  return {};
}

Status GatheredRows::each(std::int32_t cursor, FunctionRef<Status(Label)> code) {
  if (in_place_) {
    const Generator::LentCursor lent(g_, target_, cursor);
    return g_.search(*plan_, [&]() -> Status {
      const Label next = b_.new_label();
      PL_TRY(code(next));
      b_.bind(next);
      return {};
    });
  }
  const std::int32_t width = kept_at() + static_cast<std::int32_t>(kept_.size());
  const Label done = b_.new_label();
  const Label next = b_.new_label();
  const std::int32_t last = joined_ ? b_.new_registers(key_width()) : 0;
  if (joined_) b_.emit(Opcode::Null, 0, last, key_width() - 1);  // no key is NULL throughout
  b_.emit(sorted_ ? Opcode::SorterSort : Opcode::BufferRewind, buffer_, done).p5(sorted_ ? 1u : 0u);
  const Label loop = b_.here();
  for (std::int32_t i = 0; i < width; ++i) {
    b_.emit(sorted_ ? Opcode::SorterColumn : Opcode::BufferColumn, buffer_, i, first_ + i);
  }
  if (joined_) {
    const Label other = b_.new_label();
    b_.emit(Opcode::Compare, first_, last, key_width()).p4(key_);
    b_.emit(Opcode::JumpCompare, other, next, other);
    b_.bind(other);
    b_.emit(Opcode::Copy, first_, last, key_width() - 1);
  }
  if (table_.without_rowid) {
    b_.emit(Opcode::NotFound, cursor, next, first_).p4(static_cast<std::int64_t>(key_width()));
  } else {
    b_.emit(Opcode::NotExists, cursor, next, first_);
  }
  PL_TRY(code(next));
  b_.bind(next);
  b_.emit(sorted_ ? Opcode::SorterNext : Opcode::BufferNext, buffer_, loop);
  b_.bind(done);
  return {};
}

}  // namespace perlite::codegen
