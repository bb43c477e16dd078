// Result rows: projection, sets, order, limits, recursion.
#include "base/deep_stack.h"
#include "codegen/generator.h"
#include "plan/expressions.h"

namespace perlite::codegen {

using bind::Expr;
using plan::OperatorKind;

Status Generator::query(const bind::Select& select, ResultCode code) {
  PL_ASSIGN(const plan::Query* rows, planned(select));
  return query(*rows, code);
}

Status Generator::query(const plan::Query& query, ResultCode code) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return this->query(query, code); });
  const Restore<bool> left_join(left_join_);
  const Restore<std::span<const plan::JoinKey>> hash_keys(hash_keys_);
  const Restore<int> nullable(nullable_);
  const Restore<std::int32_t> top_n(top_n_);
  left_join_ = false;
  hash_keys_ = {};
  nullable_ = 0;
  top_n_ = 0;
  PL_TRY(kept_tables(query.kept_tables));
  return results(*query.root, query.width, [&](std::int32_t first) -> Status {
    // What consumes the rows stands where the query does.
    const Restore<bool> inner_left(left_join_);
    const Restore<std::span<const plan::JoinKey>> inner_hash(hash_keys_);
    const Restore<int> inner_nullable(nullable_);
    const Restore<std::int32_t> inner_top(top_n_);
    left_join_ = left_join.saved;
    hash_keys_ = hash_keys.saved;
    nullable_ = nullable.saved;
    top_n_ = 0;
    return code(first);
  });
}

Status Generator::search(const plan::RowPlan& plan, RowCode code) {
  PL_TRY(kept_tables(plan.kept_tables));
  return rows(*plan.root, code);
}

Status Generator::search_sorted(const plan::RowPlan& plan, std::int32_t width, FunctionRef<Status(std::int32_t)> fill,
                                FunctionRef<Status(std::int32_t)> code) {
  const auto* limit = plan.root->try_as<plan::Limit>();
  const auto* sort = limit == nullptr ? nullptr : limit->child->try_as<plan::Sort>();
  if (sort == nullptr) {
    const std::int32_t first = b_.new_registers(width);
    return search(plan, [&]() -> Status {
      PL_TRY(fill(first));
      return code(first);
    });
  }
  PL_TRY(kept_tables(plan.kept_tables));
  const auto key_count = static_cast<std::int32_t>(sort->keys.size());
  const std::int32_t sorter = b_.new_cursor();
  const std::int32_t row = b_.new_registers(key_count + width);
  const std::int32_t first = row + key_count;
  const auto produce = [&](RowCode inner) -> Status {
    const std::int32_t keep = sort->top_n ? top_n_ : 0;
    top_n_ = 0;
    b_.emit(Opcode::OpenSorter, sorter, key_count + width, keep).p4(sort_key(sort->keys));
    PL_TRY(rows(*sort->child, [&]() -> Status {
      for (std::int32_t k = 0; k < key_count; ++k) {
        PL_TRY(value_into(sort->keys[static_cast<std::size_t>(k)].expr, row + k));
      }
      PL_TRY(fill(first));
      b_.emit(Opcode::SorterInsert, sorter, row, key_count + width);
      return {};
    }));
    plan_line("USE TEMP B-TREE FOR ORDER BY");
    const Label end = b_.new_label();
    b_.emit(Opcode::SorterSort, sorter, end);
    const Label top = b_.here();
    for (std::int32_t i = 0; i < width; ++i) b_.emit(Opcode::SorterColumn, sorter, key_count + i, first + i);
    PL_TRY(inner());
    b_.emit(Opcode::SorterNext, sorter, top);
    b_.bind(end);
    return {};
  };
  return limit_around(limit->limit, limit->offset, *sort, produce, [&]() -> Status { return code(first); });
}

// Each kept table is a subroutine that fills its buffer; the first use calls it.
Status Generator::kept_tables(std::span<const plan::KeptTable> tables) {
  for (const plan::KeptTable& table : tables) {
    bool known = false;
    for (const KeptCursor& kept : kept_) known |= kept.table == table.table && table.once;
    if (known) continue;
    KeptCursor kept;
    kept.table = table.table;
    kept.cursor = b_.new_cursor();
    kept.return_register = b_.new_register();
    kept.done = b_.new_register();
    kept.subroutine = b_.new_label();
    const Label behind = b_.new_label();
    const auto width = static_cast<std::int32_t>(table.table->columns.size());
    if (table.once) {
      const Label once = b_.new_label();
      b_.emit(Opcode::Once, 0, once);
      b_.emit(Opcode::Integer, 0, kept.done);
      b_.bind(once);
    } else {
      b_.emit(Opcode::Integer, 0, kept.done);
    }
    b_.emit(Opcode::Goto, 0, behind);
    b_.bind(kept.subroutine);
    b_.forget_released();
    const Restore<std::int32_t> parent(plan_parent_);
    if (want_plan_lines_) plan_parent_ = plan_line("MATERIALIZE " + String(table.table->name));
    b_.emit(Opcode::Integer, 1, kept.done);
    b_.emit(Opcode::OpenBuffer, kept.cursor, width);
    PL_TRY(query(*table.query, [&](std::int32_t first) -> Status {
      b_.emit(Opcode::BufferInsert, kept.cursor, first, width);
      return {};
    }));
    b_.emit(Opcode::Return, kept.return_register);
    b_.forget_released();
    b_.bind(behind);
    for (KeptCursor& old : kept_) {
      if (old.table == table.table) old.table = nullptr;
    }
    kept_.push_back(kept);
  }
  return {};
}

Status Generator::results(const plan::Operator& op, std::int32_t width, ResultCode code) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return results(op, width, code); });
  switch (op.kind) {
    case OperatorKind::Project: {
      const auto& project = op.as<plan::Project>();
      return rows(*project.child, [&]() -> Status {
        const std::int32_t first = b_.new_registers(width);
        for (std::int32_t i = 0; i < width; ++i) {
          PL_TRY(value_into(project.columns[static_cast<std::size_t>(i)].expr, first + i));
        }
        return code(first);
      });
    }
    case OperatorKind::Values:
      return values_results(op.as<plan::Values>(), width, code);
    case OperatorKind::Distinct: {
      const auto& distinct = op.as<plan::Distinct>();
      Vector<record::KeyField> fields;
      for (const bind::Collation* c : distinct.collations) {
        fields.push_back({c == nullptr || c->is_binary() ? nullptr : c, false, false});
      }
      if (distinct.adjacent) {
        const std::int32_t last = b_.new_registers(width);
        const std::int32_t begun = b_.new_register();
        b_.emit(Opcode::Integer, 0, begun);
        return results(*distinct.child, width, [&](std::int32_t first) -> Status {
          const Label next = b_.new_label();
          const Label other = b_.new_label();
          b_.emit(Opcode::IfNot, begun, other, 0);
          b_.emit(Opcode::Compare, first, last, width).p4(b_.key(fields));
          b_.emit(Opcode::JumpCompare, other, next, other);
          b_.bind(other);
          b_.emit(Opcode::Integer, 1, begun);
          b_.emit(Opcode::Copy, first, last, width - 1);
          PL_TRY(code(first));
          b_.bind(next);
          return {};
        });
      }
      const std::int32_t seen = b_.new_cursor();
      b_.emit(Opcode::OpenHash, seen, width, 0).p4(b_.key(fields));
      PL_TRY(results(*distinct.child, width, [&](std::int32_t first) -> Status {
        const Label next = b_.new_label();
        b_.emit(Opcode::DistinctAdd, seen, next, first);
        PL_TRY(code(first));
        b_.bind(next);
        return {};
      }));
      plan_line("USE TEMP B-TREE FOR DISTINCT");
      return {};
    }
    case OperatorKind::Sort:
      return sort_results(op.as<plan::Sort>(), width, code);
    case OperatorKind::Limit: {
      const auto& limit = op.as<plan::Limit>();
      std::int32_t at = 0;
      return limit_around(
          limit.limit, limit.offset, *limit.child,
          [&](RowCode inner) -> Status {
            return results(*limit.child, width, [&](std::int32_t first) -> Status {
              at = first;
              return inner();
            });
          },
          [&]() -> Status { return code(at); });
    }
    case OperatorKind::SetOperation:
      return set_results(op.as<plan::SetOperation>(), code);
    case OperatorKind::RecursiveUnion:
      return recursive_results(op.as<plan::RecursiveUnion>(), code);
    default:
      return Status(Code::Internal, "codegen: an operator without result rows");
  }
}

Status Generator::values_results(const plan::Values& op, std::int32_t width, ResultCode code) {
  const std::int32_t first = b_.new_registers(width);
  if (want_plan_lines_) {
    String line("SCAN ");
    if (op.rows_of.size() == 1) {
      line += "CONSTANT ROW";
    } else {
      line += decimal(op.rows_of.size());
      line += "-ROW VALUES CLAUSE";
    }
    plan_line(line);
  }
  if (op.rows_of.size() == 1) {
    PL_TRY(values_into(op.rows_of[0], first));
    return code(first);
  }
  return with_subroutine(
      [&](RowCode call) -> Status {
        for (const bind::ExprList& row : op.rows_of) {
          PL_TRY(values_into(row, first));
          PL_TRY(call());
        }
        return {};
      },
      [&]() -> Status { return code(first); });
}

const record::KeyInfo* Generator::sort_key(std::span<const bind::OrderTerm> terms) {
  Vector<record::KeyField> fields;
  for (const bind::OrderTerm& term : terms) {
    const bool binary = term.collation == nullptr || term.collation->is_binary();
    fields.push_back({binary ? nullptr : term.collation, term.descending, term.nulls_first == term.descending});
  }
  return b_.key(fields);
}

// The sorter's row is the keys, then the result columns that are no key.
Status Generator::sort_results(const plan::Sort& op, std::int32_t width, ResultCode code) {
  const auto key_count = static_cast<std::int32_t>(op.keys.size());
  Vector<std::int32_t> place(static_cast<std::size_t>(width), -1);  // field of the sorter's row, by result column
  for (std::int32_t k = 0; k < key_count; ++k) {
    const std::int32_t column = op.keys[static_cast<std::size_t>(k)].result_column;
    if (column >= 0 && place[static_cast<std::size_t>(column)] < 0) place[static_cast<std::size_t>(column)] = k;
  }
  std::int32_t field_count = key_count;
  for (std::int32_t& p : place) {
    if (p < 0) p = field_count++;
  }
  const std::int32_t sorter = b_.new_cursor();
  const std::int32_t row = b_.new_registers(field_count);
  const std::int32_t keep = op.top_n ? top_n_ : 0;
  top_n_ = 0;
  b_.emit(Opcode::OpenSorter, sorter, field_count, keep).p4(sort_key(op.keys));

  const auto other_keys = [&](bool all, std::int32_t first) -> Status {
    for (std::int32_t k = 0; k < key_count; ++k) {
      const bind::OrderTerm& term = op.keys[static_cast<std::size_t>(k)];
      const bool is_column = term.result_column >= 0 && place[static_cast<std::size_t>(term.result_column)] == k;
      if (is_column && !all) continue;
      if (term.result_column >= 0) {
        const std::int32_t from = all ? first + term.result_column
                                      : row + place[static_cast<std::size_t>(term.result_column)];
        b_.emit(Opcode::Alias, from, row + k);
      } else {
        PL_TRY(value_into(term.expr, row + k));
      }
    }
    return {};
  };
  if (const auto* project = op.child->try_as<plan::Project>()) {
    PL_TRY(rows(*project->child, [&]() -> Status {
      for (std::int32_t i = 0; i < width; ++i) {
        PL_TRY(value_into(project->columns[static_cast<std::size_t>(i)].expr, row + place[static_cast<std::size_t>(i)]));
      }
      PL_TRY(other_keys(false, 0));
      b_.emit(Opcode::SorterInsert, sorter, row, field_count);
      return {};
    }));
  } else {
    PL_TRY(results(*op.child, width, [&](std::int32_t first) -> Status {
      for (std::int32_t i = 0; i < width; ++i) b_.emit(Opcode::Alias, first + i, row + place[static_cast<std::size_t>(i)]);
      PL_TRY(other_keys(true, first));
      b_.emit(Opcode::SorterInsert, sorter, row, field_count);
      return {};
    }));
  }
  plan_line("USE TEMP B-TREE FOR ORDER BY");

  const std::int32_t out = b_.new_registers(width);
  const Label end = b_.new_label();
  b_.emit(Opcode::SorterSort, sorter, end);
  const Label top = b_.here();
  for (std::int32_t i = 0; i < width; ++i) {
    b_.emit(Opcode::SorterColumn, sorter, place[static_cast<std::size_t>(i)], out + i);
  }
  PL_TRY(code(out));
  b_.emit(Opcode::SorterNext, sorter, top);
  b_.bind(end);
  return {};
}

Status Generator::limit_around(const Expr* limit, const Expr* offset, const plan::Operator& child,
                               FunctionRef<Status(RowCode)> produce, RowCode code) {
  const Label end = b_.new_label();
  const std::int32_t left = b_.new_register();
  PL_TRY(value_into(limit, left));
  b_.emit(Opcode::MustBeInt, left);
  std::int32_t skip = 0;
  if (offset != nullptr) {
    skip = b_.new_register();
    PL_TRY(value_into(offset, skip));
    b_.emit(Opcode::MustBeInt, skip);
  }
  b_.emit(Opcode::IfNot, left, end, 0);
  const Restore<std::int32_t> top_n(top_n_);
  top_n_ = 0;
  if (const auto* sort = child.try_as<plan::Sort>(); sort != nullptr && sort->top_n) {
    top_n_ = b_.new_register();
    b_.emit(Opcode::OffsetLimit, left, top_n_, skip);
  }
  PL_TRY(produce([&]() -> Status {
    const Label next = b_.new_label();
    if (skip != 0) b_.emit(Opcode::IfPositive, skip, next, 1);
    PL_TRY(code());
    b_.emit(Opcode::DecrementJumpZero, left, end);
    b_.bind(next);
    return {};
  }));
  b_.bind(end);
  return {};
}

// UNION ALL: one arm after another. Sets are gathered in a hash table and given out in the order of all their columns.
Status Generator::set_results(const plan::SetOperation& op, ResultCode code) {
  const Restore<std::int32_t> parent(plan_parent_);
  const std::int32_t width = op.width;
  plan_parent_ = plan_line("COMPOUND QUERY");
  const auto arm_line = [&](std::size_t i, const char* name) {
    const Restore<std::int32_t> arm_parent(plan_parent_);
    return plan_line(i == 0 ? "LEFT-MOST SUBQUERY" : name);
  };
  if (op.op == sql::CompoundOp::UnionAll) {
    const std::int32_t row = b_.new_registers(width);
    return with_subroutine(
        [&](RowCode call) -> Status {
          for (std::size_t i = 0; i < op.arms.size(); ++i) {
            const Restore<std::int32_t> arm(plan_parent_);
            plan_parent_ = arm_line(i, "UNION ALL");
            PL_TRY(results(*op.arms[i], width, [&](std::int32_t first) -> Status {
              for (std::int32_t c = 0; c < width; ++c) b_.emit(Opcode::Alias, first + c, row + c);
              return call();
            }));
          }
          return {};
        },
        [&]() -> Status { return code(row); });
  }

  Vector<record::KeyField> fields;
  for (const bind::Collation* c : op.collations) {
    fields.push_back({c == nullptr || c->is_binary() ? nullptr : c, false, false});
  }
  const record::KeyInfo* key = b_.key(fields);
  // Of an arm's rows that are equal and yet differ (1 and 1.0, 'a' and 'A') the first one stays.
  const std::int32_t set = b_.new_cursor();
  b_.emit(Opcode::OpenHash, set, width, 0).p4(key);
  const auto gather = [&](const plan::Operator& arm, std::int32_t other, bool wants_match) {
    return results(arm, width, [&](std::int32_t first) -> Status {
      const Label next = b_.new_label();
      if (other >= 0) {
        if (wants_match) {
          b_.emit(Opcode::HashProbe, other, next, first);
        } else {
          const Label missing = b_.new_label();
          b_.emit(Opcode::HashProbe, other, missing, first);
          b_.emit(Opcode::Goto, 0, next);
          b_.bind(missing);
        }
      }
      b_.emit(Opcode::HashGroup, set, next, first);
      b_.bind(next);
      return {};
    });
  };
  if (op.op == sql::CompoundOp::Union) {
    Vector<std::int32_t> lines;
    for (std::size_t i = 0; i < op.arms.size(); ++i) lines.push_back(arm_line(i, "UNION USING TEMP B-TREE"));
    // Where equal rows may differ, the row of the last arm that has one is the one that stays, as in stock.
    for (std::size_t k = 0; k < op.arms.size(); ++k) {
      const std::size_t i = op.exact ? k : op.arms.size() - 1 - k;
      const Restore<std::int32_t> arm(plan_parent_);
      plan_parent_ = lines[i];
      PL_TRY(gather(*op.arms[i], -1, false));
    }
  } else {
    // The right side first: it decides about each row of the left.
    const bool intersect = op.op == sql::CompoundOp::Intersect;
    const std::int32_t other = b_.new_cursor();
    const std::int32_t once = b_.new_cursor();
    b_.emit(Opcode::OpenHash, other, width, 0).p4(key);
    b_.emit(Opcode::OpenHash, once, width, 0).p4(key);
    const std::int32_t left_line = arm_line(0, "");
    {
      const Restore<std::int32_t> arm(plan_parent_);
      plan_parent_ = plan_line(intersect ? "INTERSECT USING TEMP B-TREE" : "EXCEPT USING TEMP B-TREE");
      PL_TRY(results(*op.arms[1], width, [&](std::int32_t first) -> Status {
        const Label seen = b_.new_label();
        b_.emit(Opcode::DistinctAdd, once, seen, first);
        b_.emit(Opcode::HashInsert, other, first, 0);
        b_.bind(seen);
        return {};
      }));
    }
    const Restore<std::int32_t> arm(plan_parent_);
    plan_parent_ = left_line;
    PL_TRY(gather(*op.arms[0], other, intersect));
  }
  plan_parent_ = parent.saved;
  const std::int32_t out = b_.new_registers(width);
  const Label end = b_.new_label();
  b_.emit(Opcode::GroupSort, set, end);
  const Label top = b_.here();
  for (std::int32_t c = 0; c < width; ++c) b_.emit(Opcode::GroupKey, set, c, out + c);
  PL_TRY(code(out));
  b_.emit(Opcode::GroupNext, set, top);
  b_.bind(end);
  return {};
}

// A queue of rows: the initial query fills it; each row taken from it is a result and goes through the steps, whose rows
// join the queue. With ORDER BY the queue is a tree whose key is the order and the time of arrival.
Status Generator::recursive_results(const plan::RecursiveUnion& op, ResultCode code) {
  const bind::CommonTable& table = *op.table;
  const auto width = static_cast<std::int32_t>(table.columns.size());
  const bool ordered = !table.queue_order.empty();
  const std::int32_t queue = b_.new_cursor();
  const std::int32_t seen = table.distinct ? b_.new_cursor() : -1;
  const auto term_count = static_cast<std::int32_t>(table.queue_order.size());
  const Label end = b_.new_label();

  std::int32_t left = 0;
  std::int32_t skip = 0;
  if (table.limit != nullptr) {
    left = b_.new_register();
    PL_TRY(value_into(table.limit, left));
    b_.emit(Opcode::MustBeInt, left);
    if (table.offset != nullptr) {
      skip = b_.new_register();
      PL_TRY(value_into(table.offset, skip));
      b_.emit(Opcode::MustBeInt, skip);
    }
    b_.emit(Opcode::IfNot, left, end, 0);
  }
  if (seen >= 0) {
    Vector<record::KeyField> fields;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const bind::Collation* collation = c < table.initial->column_collations.size()
                                             ? table.initial->column_collations[c]
                                             : table.columns[c].collation;
      fields.push_back({collation == nullptr || collation->is_binary() ? nullptr : collation, false, false});
    }
    b_.emit(Opcode::OpenHash, seen, width, 0).p4(b_.key(fields));
  }
  std::int32_t arrival = 0;
  std::int32_t entry = 0;
  std::int32_t packed = 0;
  if (ordered) {
    Vector<record::KeyField> fields;
    for (const bind::OrderTerm& term : table.queue_order) {
      const bool binary = term.collation == nullptr || term.collation->is_binary();
      fields.push_back({binary ? nullptr : term.collation, term.descending, term.nulls_first == term.descending});
    }
    fields.push_back({});
    b_.emit(Opcode::OpenEphemeral, queue, term_count + 1 + width).p4(b_.key(fields));
    arrival = b_.new_register();
    entry = b_.new_registers(term_count + 1 + width);
    packed = b_.new_register();
    b_.emit(Opcode::Integer, 0, arrival);
  } else {
    b_.emit(Opcode::OpenBuffer, queue, width);
  }
  const auto enqueue = [&](std::int32_t first) -> Status {
    const Label known = b_.new_label();
    if (seen >= 0) b_.emit(Opcode::DistinctAdd, seen, known, first);
    if (!ordered) {
      b_.emit(Opcode::BufferInsert, queue, first, width);
    } else {
      for (std::int32_t t = 0; t < term_count; ++t) {
        const bind::OrderTerm& term = table.queue_order[static_cast<std::size_t>(t)];
        if (term.result_column < 0) return Status(Code::Internal, "codegen: a recursive ORDER BY term that is no column");
        b_.emit(Opcode::Alias, first + term.result_column, entry + t);
      }
      b_.emit(Opcode::AddImmediate, arrival, 1);
      b_.emit(Opcode::Alias, arrival, entry + term_count);
      for (std::int32_t c = 0; c < width; ++c) b_.emit(Opcode::Alias, first + c, entry + term_count + 1 + c);
      b_.emit(Opcode::MakeRecord, entry, term_count + 1 + width, packed);
      b_.emit(Opcode::InsertKey, queue, packed);
    }
    b_.bind(known);
    return {};
  };

  const Restore<std::int32_t> parent(plan_parent_);
  plan_parent_ = plan_line("SETUP");
  PL_TRY(query(*op.initial, enqueue));

  const std::int32_t row = b_.new_registers(width);
  auto registers = arena().make_array<std::int32_t>(static_cast<std::size_t>(width) + 1);
  for (std::int32_t c = 0; c < width; ++c) registers[static_cast<std::size_t>(c) + 1] = row + c;
  const Label top = b_.here();
  if (ordered) {
    b_.emit(Opcode::Rewind, queue, end);
    for (std::int32_t c = 0; c < width; ++c) b_.emit(Opcode::Column, queue, term_count + 1 + c, row + c);
    b_.emit(Opcode::Copy, row, row, width - 1);
    b_.emit(Opcode::DeleteKey, queue);
  } else {
    b_.emit(Opcode::BufferTake, queue, end);
    for (std::int32_t c = 0; c < width; ++c) b_.emit(Opcode::BufferColumn, queue, c, row + c);
    b_.emit(Opcode::Copy, row, row, width - 1);
  }
  plan_parent_ = parent.saved;
  const Label step = b_.new_label();
  if (skip != 0) b_.emit(Opcode::IfPositive, skip, step, 1);
  PL_TRY(code(row));
  if (left != 0) b_.emit(Opcode::DecrementJumpZero, left, end);
  b_.bind(step);
  for (std::size_t i = 0; i < op.steps.size(); ++i) {
    plan_parent_ = parent.saved;
    plan_parent_ = plan_line("RECURSIVE STEP");
    recursive_rows_.push_back({&table, registers});
    PL_TRY(query(*op.steps[i], enqueue));
    recursive_rows_.pop_back();
  }
  b_.emit(Opcode::Goto, 0, top);
  b_.bind(end);
  return {};
}

}  // namespace perlite::codegen
