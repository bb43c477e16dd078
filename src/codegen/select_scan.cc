// Loops over stored tables, modules' tables and kept rows.
#include <algorithm>

#include "codegen/generator.h"
#include "codegen/scan_kernel.h"
#include "plan/expressions.h"

namespace perlite::codegen {

using bind::Expr;
using plan::AccessKind;
using plan::AccessPath;
using plan::Seek;

Status Generator::rows(const plan::Operator& op, RowCode code) {
  switch (op.kind) {
    case plan::OperatorKind::OneRow:
      return code();
    case plan::OperatorKind::Scan:
      return scan(op.as<plan::Scan>(), code);
    case plan::OperatorKind::Derived:
      return derived(op.as<plan::Derived>(), code);
    case plan::OperatorKind::CommonTableScan:
      return common_table(op.as<plan::CommonTableScan>(), code);
    case plan::OperatorKind::RecursiveScan: {
      const bind::Relation& relation = *op.as<plan::RecursiveScan>().relation;
      line_of_relation("SCAN ", relation);
      for (const RecursiveRow& row : recursive_rows_) {
        if (row.table == relation.common_table) scope_.set(relation, RowSource::in_registers(row.registers));
      }
      return code();
    }
    case plan::OperatorKind::NestedLoop:
      return nested_loop(op.as<plan::NestedLoop>(), code);
    case plan::OperatorKind::HashJoin:
      return hash_join(op.as<plan::HashJoin>(), code);
    case plan::OperatorKind::Filter:
      return filter(op.as<plan::Filter>(), code);
    case plan::OperatorKind::Aggregate:
      return aggregate(op.as<plan::Aggregate>(), code);
    case plan::OperatorKind::CountRows:
      return count_rows(op.as<plan::CountRows>(), code);
    case plan::OperatorKind::Limit: {
      const auto& limit = op.as<plan::Limit>();
      return limit_around(limit.limit, limit.offset, *limit.child,
                          [&](RowCode inner) { return rows(*limit.child, inner); }, code);
    }
    default:
      return Status(Code::Internal, "codegen: an operator without rows of relations");
  }
}

Status Generator::scan(const plan::Scan& op, RowCode code) {
  const bind::Relation& relation = *op.relation;
  line_of_scan(op);
  if (op.path->kind == AccessKind::Source) return scan_source(relation, *op.path, code);
  if (op.path->kind == AccessKind::MultiIndexOr) return scan_or(relation, *op.path, code);
  const catalog::Table& table = *relation.table;
  const bool index_alone =
      op.path->kind == AccessKind::IndexScan && op.path->covering && !op.path->index->is_table;
  std::int32_t cursor = -1;
  if (&relation == target_) {
    cursor = target_cursor_;
  } else if (!index_alone) {
    PL_ASSIGN(cursor, read_cursor(relation.database, table, nullptr));
  }
  return scan_path(relation, *op.path, cursor, code);
}

// `table_cursor` is open on the table, or -1 where the index alone is read.
Status Generator::scan_path(const bind::Relation& relation, const AccessPath& path, std::int32_t table_cursor,
                            RowCode code) {
  switch (path.kind) {
    case AccessKind::FullScan:
      scope_.set(relation, RowSource::tree(table_cursor, nullable_ > 0));
      return scan_table(relation, path, table_cursor, code);
    case AccessKind::RowidSeek:
      scope_.set(relation, RowSource::tree(table_cursor, nullable_ > 0));
      return scan_rowid(relation, path, table_cursor, code);
    case AccessKind::IndexScan:
      return scan_index(relation, path, table_cursor, code);
    default:
      return Status(Code::Internal, "codegen: an access path of another kind");
  }
}

// The value of a bound in r[target], converted; NULL bounds nothing in: jumps to `none`.
Status Generator::bound_into(const plan::Bound& bound, std::int32_t target, Label none) {
  PL_TRY(value_into(bound.value, target));
  const auto* literal = bound.value->try_as<bind::LiteralExpr>();
  if (literal == nullptr || literal->value.is_null()) b_.emit(Opcode::IsNull, target, none);
  apply_affinity(target, bound.affinity);
  return {};
}

// The end of a loop over a tree whose body begins at `top`.
void Generator::emit_step(std::int32_t cursor, Label top, bool reverse, unsigned counter) {
  int body = 0;
  const vm::ScanKernel* kernel = nullptr;
  if (!reverse && switches_.has(plan::Rewrite::ScanKernel)) {
    kernel = make_scan_kernel(
        b_, b_.address_of(top), cursor, [&](std::int32_t reg) { return is_set_up(reg); }, &body);
  }
  if (kernel == nullptr) {
    b_.emit(reverse ? Opcode::Previous : Opcode::Next, cursor, top).p5(counter);
  } else {
    b_.emit(Opcode::NextWhere, cursor, top, body).p4_pointer(kernel).p5(counter);
  }
}

Status Generator::scan_table(const bind::Relation&, const AccessPath& path, std::int32_t cursor, RowCode code) {
  const Label end = b_.new_label();
  const bool bounded = path.lower.value != nullptr || path.upper.value != nullptr;
  const plan::Bound& start = path.reverse ? path.upper : path.lower;
  const plan::Bound& stop = path.reverse ? path.lower : path.upper;
  std::int32_t stop_register = 0;
  if (stop.value != nullptr) {
    stop_register = b_.new_register();
    PL_TRY(bound_into(stop, stop_register, end));
  }
  if (start.value != nullptr) {
    const std::int32_t reg = b_.new_register();
    PL_TRY(bound_into(start, reg, end));
    const Opcode seek = path.reverse ? (start.inclusive ? Opcode::SeekLE : Opcode::SeekLT)
                                     : (start.inclusive ? Opcode::SeekGE : Opcode::SeekGT);
    b_.emit(seek, cursor, end, reg).p4(0);
  } else {
    b_.emit(path.reverse ? Opcode::Last : Opcode::Rewind, cursor, end);
  }
  const Label top = b_.here();
  if (stop.value != nullptr) {
    const Opcode check = path.reverse ? (stop.inclusive ? Opcode::IndexLT : Opcode::IndexLE)
                                      : (stop.inclusive ? Opcode::IndexGT : Opcode::IndexGE);
    b_.emit(check, cursor, end, stop_register).p4(0);
  }
  PL_TRY(code());
  emit_step(cursor, top, path.reverse, bounded ? 0 : 1);
  b_.bind(end);
  return {};
}

Status Generator::scan_rowid(const bind::Relation&, const AccessPath& path, std::int32_t cursor, RowCode code) {
  const Seek& seek = path.seeks[0];
  const Label end = b_.new_label();
  if (seek.kind == Seek::Kind::Equal) {
    PL_ASSIGN(const Operand rowid, value(seek.value));
    b_.emit(Opcode::SeekRowid, cursor, end, rowid.reg);
    release(rowid);
    PL_TRY(code());
    b_.bind(end);
    return {};
  }
  const std::int32_t rowid = b_.new_register();
  return seek_values(seek, nullptr, path.reverse, rowid, [&]() -> Status {
    const Label next = b_.new_label();
    b_.emit(Opcode::SeekRowid, cursor, next, rowid);
    PL_TRY(code());
    b_.bind(next);
    return {};
  });
}

// Each different value of an IN list or subquery in r[target], in that order; NULLs are left out.
Status Generator::seek_values(const Seek& seek, const bind::Collation* collation, bool descending, std::int32_t target,
                              RowCode code) {
  if (seek.kind == Seek::Kind::InList && seek.list.size() == 1) {
    const Label end = b_.new_label();
    PL_TRY(value_into(seek.list[0], target));
    b_.emit(Opcode::IsNull, target, end);
    apply_affinity(target, seek.affinity);
    PL_TRY(code());
    b_.bind(end);
    return {};
  }
  bool once = switches_.has(plan::Rewrite::Factor);
  const plan::Query* query_rows = nullptr;
  if (seek.kind == Seek::Kind::InSelect) {
    PL_ASSIGN(query_rows, planned(*seek.select));
    once = query_rows->once;
  } else {
    for (const Expr* e : seek.list) once &= plan::is_constant(*e);
  }
  const std::int32_t sorter = b_.new_cursor();
  const std::int32_t values = b_.new_cursor();
  const std::int32_t element = b_.new_register();
  const std::int32_t last = b_.new_register();
  const Label made = b_.new_label();
  if (once) b_.emit(Opcode::Once, 0, made);
  const record::KeyField field{collation != nullptr && collation->is_binary() ? nullptr : collation, descending, false};
  b_.emit(Opcode::OpenSorter, sorter, 1, 0).p4(b_.key({&field, 1}));
  b_.emit(Opcode::OpenBuffer, values, 1);
  const auto insert = [&] {
    const Label is_null = b_.new_label();
    b_.emit(Opcode::IsNull, element, is_null);
    apply_affinity(element, seek.affinity);
    b_.emit(Opcode::SorterInsert, sorter, element, 1);
    b_.bind(is_null);
  };
  if (query_rows != nullptr) {
    const Restore<std::int32_t> parent(plan_parent_);
    plan_parent_ = plan_line_of_query("LIST SUBQUERY", *seek.select);
    PL_TRY(query(*query_rows, [&](std::int32_t first) -> Status {
      b_.emit(Opcode::Alias, first + seek.row_field, element);
      insert();
      return {};
    }));
  } else {
    for (const Expr* e : seek.list) {
      PL_TRY(value_into(e, element));
      insert();
    }
  }
  const Label sorted = b_.new_label();
  b_.emit(Opcode::Null, 0, last);
  b_.emit(Opcode::SorterSort, sorter, sorted);
  const Label top = b_.here();
  const Label same = b_.new_label();
  b_.emit(Opcode::SorterColumn, sorter, 0, element);
  emit_compare(bind::CompareOp::Equal, element, last, {bind::Affinity::None, collation}, same, false);
  b_.emit(Opcode::BufferInsert, values, element, 1);
  b_.emit(Opcode::Copy, element, last);
  b_.bind(same);
  b_.emit(Opcode::SorterNext, sorter, top);
  b_.bind(sorted);
  b_.bind(made);

  const Label end = b_.new_label();
  b_.emit(Opcode::BufferRewind, values, end);
  const Label each = b_.here();
  b_.emit(Opcode::BufferColumn, values, 0, target);
  PL_TRY(code());
  b_.emit(Opcode::BufferNext, values, each);
  b_.bind(end);
  return {};
}

Status Generator::scan_index(const bind::Relation& relation, const AccessPath& path, std::int32_t table_cursor,
                             RowCode code) {
  const catalog::Index& index = *path.index;
  const catalog::Table& table = *relation.table;
  std::int32_t cursor = table_cursor;
  if (index.is_table) {
    scope_.set(relation, RowSource::tree(table_cursor, nullable_ > 0));
  } else {
    PL_ASSIGN(cursor, read_cursor(relation.database, table, &index));
    RowSource source = RowSource::tree(path.covering ? -1 : table_cursor, nullable_ > 0);
    source.index_cursor = cursor;
    source.index = &index;
    scope_.set(relation, source);
  }
  const auto count = static_cast<std::int32_t>(path.seeks.size());
  const std::int32_t key = b_.new_registers(count + 1);
  PL_ASSIGN(const record::KeyInfo* order, key_of(index));
  const Label end = b_.new_label();

  // Bounds do not depend on the values sought: they are evaluated before any loop over those.
  const bool bounded = path.lower.value != nullptr || path.upper.value != nullptr;
  std::int32_t lower = 0;
  std::int32_t upper = 0;
  if (bounded) {
    // Without a lower end NULLs would come first: they are left out as smaller than any value.
    lower = b_.new_register();
    if (path.lower.value != nullptr) {
      PL_TRY(bound_into(path.lower, lower, end));
    } else {
      b_.emit(Opcode::Null, 0, lower);
    }
    if (path.upper.value != nullptr) {
      upper = b_.new_register();
      PL_TRY(bound_into(path.upper, upper, end));
    }
  }
  for (std::int32_t i = 0; i < count; ++i) {
    const Seek& seek = path.seeks[static_cast<std::size_t>(i)];
    if (seek.kind == Seek::Kind::IsNull) {
      b_.emit(Opcode::Null, 0, key + i);
    } else if (seek.kind == Seek::Kind::Equal) {
      PL_TRY(value_into(seek.value, key + i));
      const auto* literal = seek.value->try_as<bind::LiteralExpr>();
      if (!seek.null_matches && (literal == nullptr || literal->value.is_null())) b_.emit(Opcode::IsNull, key + i, end);
      apply_affinity(key + i, seek.affinity);
    }
  }

  // The row behind an index entry.
  const auto with_row = [&](Label next) -> Status {
    if (index.is_table || path.covering) return code();
    if (!table.without_rowid) {
      b_.emit(Opcode::DeferredSeek, cursor, table_cursor);
      return code();
    }
    const catalog::Index& primary = *table.primary_key;
    const std::int32_t row_key = b_.new_registers(primary.key_columns);
    for (std::int32_t i = 0; i < primary.key_columns; ++i) {
      PL_TRY(column_into(relation, primary.columns[static_cast<std::size_t>(i)].column, row_key + i));
    }
    b_.emit(Opcode::NotFound, table_cursor, next, row_key).p4(static_cast<int>(primary.key_columns));
    return code();
  };

  const auto range = [&]() -> Status {
    const Label done = b_.new_label();
    const Label next = b_.new_label();
    if (path.unique) {
      b_.emit(Opcode::NotFound, cursor, done, key).p4(static_cast<int>(count));
      PL_TRY(with_row(next));
      b_.bind(next);
      b_.bind(done);
      return {};
    }
    const bool descending = bounded && index.columns[static_cast<std::size_t>(count)].descending;
    const bool lower_first = path.reverse == descending;
    const std::int32_t start = !bounded ? 0 : lower_first ? lower : upper;
    const std::int32_t stop = !bounded ? 0 : lower_first ? upper : lower;
    const bool lower_inclusive = path.lower.value != nullptr && path.lower.inclusive;
    const bool start_inclusive = lower_first ? lower_inclusive : path.upper.inclusive;
    const bool stop_inclusive = lower_first ? path.upper.inclusive : lower_inclusive;
    if (start != 0) {
      b_.emit(Opcode::Alias, start, key + count);
      const Opcode seek = path.reverse ? (start_inclusive ? Opcode::SeekLE : Opcode::SeekLT)
                                       : (start_inclusive ? Opcode::SeekGE : Opcode::SeekGT);
      b_.emit(seek, cursor, done, key).p4(static_cast<int>(count + 1));
    } else if (count > 0) {
      b_.emit(path.reverse ? Opcode::SeekLE : Opcode::SeekGE, cursor, done, key).p4(static_cast<int>(count));
    } else {
      b_.emit(path.reverse ? Opcode::Last : Opcode::Rewind, cursor, done);
    }
    if (stop != 0) b_.emit(Opcode::Alias, stop, key + count);
    const Label top = b_.here();
    if (stop != 0) {
      const Opcode check = path.reverse ? (stop_inclusive ? Opcode::IndexLT : Opcode::IndexLE)
                                        : (stop_inclusive ? Opcode::IndexGT : Opcode::IndexGE);
      b_.emit(check, cursor, done, key).p4(static_cast<int>(count + 1));
    } else if (count > 0) {
      b_.emit(path.reverse ? Opcode::IndexLT : Opcode::IndexGT, cursor, done, key).p4(static_cast<int>(count));
    }
    PL_TRY(with_row(next));
    b_.bind(next);
    emit_step(cursor, top, path.reverse, count == 0 && !bounded ? 1 : 0);
    b_.bind(done);
    return {};
  };

  // One loop for each column that is sought by several values.
  const auto loops = [&](std::int32_t i, const auto& self) -> Status {
    while (i < count && (path.seeks[static_cast<std::size_t>(i)].kind == Seek::Kind::Equal ||
                         path.seeks[static_cast<std::size_t>(i)].kind == Seek::Kind::IsNull)) {
      ++i;
    }
    if (i == count) return range();
    const auto at = static_cast<std::size_t>(i);
    const bool descending = index.columns[at].descending != path.reverse;
    return seek_values(path.seeks[at], &order->collation(at), descending, key + i,
                       [&]() -> Status { return self(i + 1, self); });
  };
  PL_TRY(loops(0, loops));
  b_.bind(end);
  return {};
}

// Each branch finds rows by its own way; a rowid met before is passed over.
Status Generator::scan_or(const bind::Relation& relation, const AccessPath& path, RowCode code) {
  PL_ASSIGN(const std::int32_t cursor, read_cursor(relation.database, *relation.table, nullptr));
  const std::int32_t seen = b_.new_cursor();
  const std::int32_t rowid = b_.new_register();
  const record::KeyField field{};
  b_.emit(Opcode::OpenHash, seen, 1, 0).p4(b_.key({&field, 1}));
  return with_subroutine(
      [&](RowCode call) -> Status {
        for (std::size_t i = 0; i < path.branches.size(); ++i) {
          AccessPath branch = *path.branches[i];
          branch.covering = false;
          PL_TRY(scan_path(relation, branch, cursor, [&]() -> Status {
            const Label next = b_.new_label();
            for (const plan::Conjunct& condition : path.branch_conditions[i]) {
              PL_TRY(jump_if_false(condition.expr, next, true));
            }
            PL_TRY(column_into(relation, catalog::kRowidColumn, rowid));
            b_.emit(Opcode::DistinctAdd, seen, next, rowid);
            PL_TRY(call());
            b_.bind(next);
            return {};
          }));
        }
        scope_.set(relation, RowSource::tree(cursor, nullable_ > 0));
        return {};
      },
      code);
}

Status Generator::scan_source(const bind::Relation& relation, const AccessPath& path, RowCode code) {
  const std::int32_t cursor = b_.new_cursor();
  vm::Instruction open{.opcode = Opcode::OpenSource};
  open.p1 = cursor;
  open.p4_kind = vm::P4Kind::Pointer;
  open.p4 = {.pointer = b_.source({relation.source, relation.table, relation.database})};
  setup_.push_back(open);

  const auto count = static_cast<std::int32_t>(path.arguments.size());
  const std::int32_t first = b_.new_registers(count + 2);
  const Label end = b_.new_label();
  b_.emit(Opcode::Integer, path.plan_number, first);
  b_.emit(Opcode::Integer, count, first + 1);
  PL_TRY(values_into(path.arguments, first + 2));
  auto begin = b_.emit(Opcode::SourceFilter, cursor, end, first);
  if (path.plan_text != nullptr) begin.p4(b_.value(*path.plan_text));
  RowSource source;
  source.kind = RowSource::Kind::Source;
  source.cursor = cursor;
  scope_.set(relation, source);
  const Label top = b_.here();
  if (nullable_ > 0) {
    auto registers = arena().make_array<std::int32_t>(relation.columns.size() + 1);
    for (std::size_t c = 0; c < relation.columns.size(); ++c) {
      registers[c + 1] = b_.new_register();
      b_.emit(Opcode::SourceColumn, cursor, static_cast<std::int32_t>(c), registers[c + 1]);
    }
    registers[0] = b_.new_register();
    b_.emit(Opcode::SourceRowid, cursor, registers[0]);
    scope_.set(relation, RowSource::in_registers(registers));
  }
  PL_TRY(code());
  b_.emit(Opcode::SourceNext, cursor, top);
  b_.bind(end);
  return {};
}

// The rows of a row buffer as those of `relation`.
Status Generator::buffered(const bind::Relation& relation, std::int32_t buffer, RowCode code) {
  const Label end = b_.new_label();
  b_.emit(Opcode::BufferRewind, buffer, end);
  const Label top = b_.here();
  if (nullable_ > 0) {
    // A row of NULLs may take its place: the columns must be where they can be set.
    auto registers = arena().make_array<std::int32_t>(relation.columns.size() + 1);
    for (std::size_t c = 0; c < relation.columns.size(); ++c) {
      registers[c + 1] = b_.new_register();
      b_.emit(Opcode::BufferColumn, buffer, static_cast<std::int32_t>(c), registers[c + 1]);
    }
    scope_.set(relation, RowSource::in_registers(registers));
  } else {
    scope_.set(relation, RowSource::buffer(buffer));
  }
  PL_TRY(code());
  b_.emit(Opcode::BufferNext, buffer, top);
  b_.bind(end);
  return {};
}

Status Generator::derived(const plan::Derived& op, RowCode code) {
  const bind::Relation& relation = *op.relation;
  const auto width = static_cast<std::int32_t>(relation.columns.size());
  const Restore<std::int32_t> restore(plan_parent_);
  const std::int32_t parent = plan_parent_;
  const bool left_join = left_join_;
  left_join_ = false;
  if (!op.kept) {
    plan_parent_ = line_of_relation("CO-ROUTINE ", relation);
    return query(*op.query, [&](std::int32_t first) -> Status {
      auto registers = arena().make_array<std::int32_t>(static_cast<std::size_t>(width) + 1);
      for (std::int32_t c = 0; c < width; ++c) registers[static_cast<std::size_t>(c) + 1] = first + c;
      scope_.set(relation, RowSource::in_registers(registers));
      const Restore<std::int32_t> inner(plan_parent_);
      plan_parent_ = parent;
      line_of_relation("SCAN ", relation);
      return code();
    });
  }
  const std::int32_t buffer = b_.new_cursor();
  const Label made = b_.new_label();
  if (op.once) b_.emit(Opcode::Once, 0, made);
  plan_parent_ = line_of_relation("MATERIALIZE ", relation);
  b_.emit(Opcode::OpenBuffer, buffer, width);
  {
    const Restore<int> nullable(nullable_);
    nullable_ = 0;
    PL_TRY(query(*op.query, [&](std::int32_t first) -> Status {
      b_.emit(Opcode::BufferInsert, buffer, first, width);
      return {};
    }));
  }
  b_.bind(made);
  plan_parent_ = parent;
  left_join_ = left_join;
  line_of_relation("SCAN ", relation);
  return buffered(relation, buffer, code);
}

Status Generator::common_table(const plan::CommonTableScan& op, RowCode code) {
  const bind::Relation& relation = *op.relation;
  for (const KeptCursor& table : kept_) {
    if (table.table != relation.common_table) continue;
    const Label made = b_.new_label();
    b_.emit(Opcode::If, table.done, made, 0);
    b_.emit(Opcode::Gosub, table.return_register, table.subroutine);
    b_.bind(made);
    const std::int32_t reader = b_.new_cursor();
    b_.emit(Opcode::OpenDup, reader, table.cursor);
    line_of_relation("SCAN ", relation);
    return buffered(relation, reader, code);
  }
  return Status(Code::Internal, "codegen: a common table that was not kept");
}

}  // namespace perlite::codegen
