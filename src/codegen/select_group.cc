// Groups and aggregates.
//
// DISTINCT inside an aggregate drops arguments seen in the group before they are stepped; ORDER BY inside an aggregate
// puts them aside and steps them in order when all rows are there.
#include "codegen/generator.h"
#include "plan/expressions.h"

namespace perlite::codegen {

using bind::Expr;

namespace {

const record::Collation* binary_is_null(const record::Collation* collation) {
  return collation == nullptr || collation->is_binary() ? nullptr : collation;
}

// Are the bare columns those of a group's first row, for good or until min() or max() names another?
bool first_row_gives_columns(const bind::Core& core) {
  return core.bare_minmax < 0 || core.aggregates[static_cast<std::size_t>(core.bare_minmax)].filter != nullptr;
}

}  // namespace

Status Generator::aggregate(const plan::Aggregate& op, RowCode code) {
  return op.mode == plan::AggregateMode::Hash ? aggregate_hash(op, code) : aggregate_stream(op, code);
}

// Runs `code` where the group's keys, aggregates and carried columns stand in registers.
Status Generator::above_groups(const plan::Aggregate& op, std::int32_t keys, std::span<const std::int32_t> aggregates,
                               std::span<const std::int32_t> carried, RowCode code) {
  Vector<const bind::Relation*> touched;
  Vector<RowSource> before;
  for (std::size_t i = 0; i < op.carried.size(); ++i) {
    const bind::Relation* relation = op.carried[i].relation;
    bool known = false;
    for (const bind::Relation* r : touched) known |= r == relation;
    if (known) continue;
    auto registers = arena().make_array<std::int32_t>(relation->columns.size() + 1);
    for (std::size_t k = 0; k < op.carried.size(); ++k) {
      if (op.carried[k].relation == relation) {
        registers[static_cast<std::size_t>(op.carried[k].column + 1)] = carried[k];
      }
    }
    touched.push_back(relation);
    before.push_back(scope_.of(*relation));
    scope_.set(*relation, RowSource::in_registers(registers));
  }
  const GroupScope scope{op.core, keys, aggregates, groups_};
  const Restore<const GroupScope*> restore(groups_);
  groups_ = &scope;
  const Status status = code();
  for (std::size_t i = 0; i < touched.size(); ++i) scope_.set(*touched[i], before[i]);
  return status.clone();
}

Status Generator::aggregate_hash(const plan::Aggregate& op, RowCode code) {
  const bind::Core& core = *op.core;
  const auto key_count = static_cast<std::int32_t>(core.group_by.size());
  const auto call_count = static_cast<std::int32_t>(core.aggregates.size());
  const auto carried_count = static_cast<std::int32_t>(op.carried.size());
  const std::int32_t table = b_.new_cursor();
  const std::int32_t key = b_.new_registers(key_count);
  plan_line("USE TEMP B-TREE FOR GROUP BY");

  Vector<record::KeyField> fields;
  for (const bind::Collation* collation : core.group_collations) fields.push_back({binary_is_null(collation), false, false});
  b_.emit(Opcode::OpenHash, table, key_count, call_count + carried_count).p4(b_.key(fields));

  struct Aside {  // of one aggregate
    std::int32_t seen = -1;    // DISTINCT: set of keys and argument
    std::int32_t sorter = -1;  // ORDER BY: keys, terms, arguments
  };
  Vector<Aside> asides(core.aggregates.size());
  for (std::size_t i = 0; i < core.aggregates.size(); ++i) {
    const bind::AggregateCall& call = core.aggregates[i];
    if (call.distinct) {
      asides[i].seen = b_.new_cursor();
      Vector<record::KeyField> all(fields);
      for (std::size_t a = 0; a < call.arguments.size(); ++a) {
        all.push_back({binary_is_null(a == 0 ? call.collation : call.arguments[a]->collation), false, false});
      }
      plan_line(String("USE TEMP B-TREE FOR ") + call.function->name + "(DISTINCT)");
      b_.emit(Opcode::OpenHash, asides[i].seen, static_cast<std::int32_t>(all.size()), 0).p4(b_.key(all));
    }
    if (!call.order_by.empty()) {
      asides[i].sorter = b_.new_cursor();
      Vector<record::KeyField> all(fields);
      for (const bind::OrderTerm& term : call.order_by) {
        all.push_back({binary_is_null(term.collation), term.descending, term.nulls_first == term.descending});
      }
      plan_line(String("USE TEMP B-TREE FOR ") + call.function->name + "(ORDER BY)");
      b_.emit(Opcode::OpenSorter, asides[i].sorter, static_cast<std::int32_t>(all.size() + call.arguments.size()), 0)
          .p4(b_.key(all));
    }
  }

  const std::int32_t carried = carried_count == 0 ? 0 : b_.new_registers(carried_count);
  const auto carry = [&]() -> Status {
    for (std::size_t i = 0; i < op.carried.size(); ++i) {
      PL_TRY(column_into(*op.carried[i].relation, op.carried[i].column, carried + static_cast<std::int32_t>(i)));
    }
    return {};
  };
  const auto function_of = [&](const bind::AggregateCall& call) {
    return b_.call(*call.function, call.collation, static_cast<std::int32_t>(call.arguments.size()));
  };

  PL_TRY(rows(*op.child, [&]() -> Status {
    for (std::int32_t i = 0; i < key_count; ++i) {
      PL_TRY(value_into(core.group_by[static_cast<std::size_t>(i)], key + i));
    }
    const Label known = b_.new_label();
    b_.emit(Opcode::HashGroup, table, known, key);
    if (first_row_gives_columns(core) && carried_count > 0) {
      PL_TRY(carry());
      for (std::int32_t i = 0; i < carried_count; ++i) {
        b_.emit(Opcode::GroupStore, table, call_count + i, carried + i);
      }
    }
    b_.bind(known);
    for (std::size_t i = 0; i < core.aggregates.size(); ++i) {
      const bind::AggregateCall& call = core.aggregates[i];
      const auto width = static_cast<std::int32_t>(call.arguments.size());
      const auto term_count = static_cast<std::int32_t>(call.order_by.size());
      const bool gives_row = core.bare_minmax == static_cast<std::int32_t>(i) && carried_count > 0;
      const Label skip = b_.new_label();
      if (call.filter != nullptr) PL_TRY(jump_if_false(call.filter, skip, true));
      // One row of registers serves all: keys, terms, arguments.
      const bool prefixed = asides[i].seen >= 0 || asides[i].sorter >= 0;
      const std::int32_t before = prefixed ? key_count + term_count : 0;
      const std::int32_t first = b_.new_registers(before + (width == 0 ? 1 : width));
      if (prefixed) {
        for (std::int32_t k = 0; k < key_count; ++k) b_.emit(Opcode::Alias, key + k, first + k);
      }
      PL_TRY(values_into(call.arguments, first + before));
      if (asides[i].seen >= 0) {
        std::int32_t set_row = first;
        if (term_count > 0) {
          set_row = b_.new_registers(key_count + width);
          for (std::int32_t k = 0; k < key_count; ++k) b_.emit(Opcode::Alias, key + k, set_row + k);
          for (std::int32_t a = 0; a < width; ++a) b_.emit(Opcode::Alias, first + before + a, set_row + key_count + a);
        }
        b_.emit(Opcode::DistinctAdd, asides[i].seen, skip, set_row);
      }
      if (asides[i].sorter >= 0) {
        for (std::int32_t t = 0; t < term_count; ++t) {
          PL_TRY(value_into(call.order_by[static_cast<std::size_t>(t)].expr, first + key_count + t));
        }
        b_.emit(Opcode::SorterInsert, asides[i].sorter, first, before + width);
      } else {
        if (gives_row) PL_TRY(carry());
        b_.emit(Opcode::GroupStep, table, static_cast<std::int32_t>(i), first + before)
            .p4(function_of(call))
            .p5(static_cast<unsigned>(width));
        if (gives_row) {
          b_.emit(Opcode::GroupCarry, table, call_count, carried).p5(static_cast<unsigned>(carried_count));
        }
      }
      b_.bind(skip);
    }
    return {};
  }));

  for (std::size_t i = 0; i < core.aggregates.size(); ++i) {
    if (asides[i].sorter < 0) continue;
    const bind::AggregateCall& call = core.aggregates[i];
    const auto width = static_cast<std::int32_t>(call.arguments.size());
    const auto term_count = static_cast<std::int32_t>(call.order_by.size());
    const std::int32_t arguments = b_.new_registers(width == 0 ? 1 : width);
    const Label end = b_.new_label();
    const Label known = b_.new_label();
    b_.emit(Opcode::SorterSort, asides[i].sorter, end);
    const Label top = b_.here();
    for (std::int32_t k = 0; k < key_count; ++k) b_.emit(Opcode::SorterColumn, asides[i].sorter, k, key + k);
    for (std::int32_t a = 0; a < width; ++a) {
      b_.emit(Opcode::SorterColumn, asides[i].sorter, key_count + term_count + a, arguments + a);
    }
    b_.emit(Opcode::HashGroup, table, known, key);
    b_.bind(known);
    b_.emit(Opcode::GroupStep, table, static_cast<std::int32_t>(i), arguments)
        .p4(function_of(call))
        .p5(static_cast<unsigned>(width));
    b_.emit(Opcode::SorterNext, asides[i].sorter, top);
    b_.bind(end);
  }

  const Label end = b_.new_label();
  const std::int32_t out_key = b_.new_registers(key_count);
  auto results = arena().make_array<std::int32_t>(core.aggregates.size());
  auto out_carried = arena().make_array<std::int32_t>(op.carried.size());
  b_.emit(Opcode::GroupSort, table, end);
  const Label top = b_.here();
  for (std::int32_t i = 0; i < key_count; ++i) b_.emit(Opcode::GroupKey, table, i, out_key + i);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i] = b_.new_register();
    b_.emit(Opcode::GroupFinal, table, static_cast<std::int32_t>(i), results[i]).p4(function_of(core.aggregates[i]));
  }
  for (std::size_t i = 0; i < out_carried.size(); ++i) {
    out_carried[i] = b_.new_register();
    b_.emit(Opcode::GroupFinal, table, call_count + static_cast<std::int32_t>(i), out_carried[i]);
  }
  PL_TRY(above_groups(op, out_key, results, out_carried, code));
  b_.emit(Opcode::GroupNext, table, top);
  b_.bind(end);
  return {};
}

// Without GROUP BY, or with the rows of a group coming together: accumulators in registers.
Status Generator::aggregate_stream(const plan::Aggregate& op, RowCode code) {
  const bind::Core& core = *op.core;
  const bool plain = op.mode == plan::AggregateMode::Plain;
  const auto key_count = static_cast<std::int32_t>(core.group_by.size());
  const auto call_count = static_cast<std::int32_t>(core.aggregates.size());
  const auto carried_count = static_cast<std::int32_t>(op.carried.size());
  const std::int32_t key = plain ? 0 : b_.new_registers(key_count);
  const std::int32_t last_key = plain ? 0 : b_.new_registers(key_count);
  const std::int32_t accumulators = b_.new_registers(call_count == 0 ? 1 : call_count);
  const std::int32_t carried = b_.new_registers(carried_count == 0 ? 1 : carried_count);
  const std::int32_t begun = b_.new_register();

  struct Aside {
    std::int32_t seen = -1;
    std::int32_t sorter = -1;
    const record::KeyInfo* seen_key = nullptr;
    const record::KeyInfo* sort_key = nullptr;
  };
  Vector<Aside> asides(core.aggregates.size());
  for (std::size_t i = 0; i < core.aggregates.size(); ++i) {
    const bind::AggregateCall& call = core.aggregates[i];
    if (call.distinct) {
      asides[i].seen = b_.new_cursor();
      Vector<record::KeyField> all;
      for (std::size_t a = 0; a < call.arguments.size(); ++a) {
        all.push_back({binary_is_null(a == 0 ? call.collation : call.arguments[a]->collation), false, false});
      }
      plan_line(String("USE TEMP B-TREE FOR ") + call.function->name + "(DISTINCT)");
      asides[i].seen_key = b_.key(all);
    }
    if (!call.order_by.empty()) {
      asides[i].sorter = b_.new_cursor();
      Vector<record::KeyField> all;
      for (const bind::OrderTerm& term : call.order_by) {
        all.push_back({binary_is_null(term.collation), term.descending, term.nulls_first == term.descending});
      }
      plan_line(String("USE TEMP B-TREE FOR ") + call.function->name + "(ORDER BY)");
      asides[i].sort_key = b_.key(all);
    }
  }
  const auto function_of = [&](const bind::AggregateCall& call) {
    return b_.call(*call.function, call.collation, static_cast<std::int32_t>(call.arguments.size()));
  };
  const auto reset = [&] {
    if (call_count > 0) b_.emit(Opcode::Null, 0, accumulators, call_count - 1);
    if (carried_count > 0) b_.emit(Opcode::Null, 0, carried, carried_count - 1);
    for (std::size_t i = 0; i < asides.size(); ++i) {
      const bind::AggregateCall& call = core.aggregates[i];
      if (asides[i].seen >= 0) {
        b_.emit(Opcode::OpenHash, asides[i].seen, static_cast<std::int32_t>(call.arguments.size()), 0).p4(asides[i].seen_key);
      }
      if (asides[i].sorter >= 0) {
        b_.emit(Opcode::OpenSorter, asides[i].sorter, static_cast<std::int32_t>(call.order_by.size() + call.arguments.size()), 0)
            .p4(asides[i].sort_key);
      }
    }
  };
  const auto carry = [&]() -> Status {
    for (std::size_t i = 0; i < op.carried.size(); ++i) {
      const std::int32_t reg = carried + static_cast<std::int32_t>(i);
      PL_TRY(column_into(*op.carried[i].relation, op.carried[i].column, reg));
      b_.emit(Opcode::Copy, reg, reg);
    }
    return {};
  };

  const Label enough = b_.new_label();
  const auto step = [&]() -> Status {
    for (std::size_t i = 0; i < core.aggregates.size(); ++i) {
      const bind::AggregateCall& call = core.aggregates[i];
      const auto width = static_cast<std::int32_t>(call.arguments.size());
      const auto term_count = static_cast<std::int32_t>(call.order_by.size());
      const Label skip = b_.new_label();
      if (call.filter != nullptr) PL_TRY(jump_if_false(call.filter, skip, true));
      const std::int32_t first = b_.new_registers(term_count + (width == 0 ? 1 : width));
      PL_TRY(values_into(call.arguments, first + term_count));
      if (asides[i].seen >= 0) b_.emit(Opcode::DistinctAdd, asides[i].seen, skip, first + term_count);
      if (asides[i].sorter >= 0) {
        for (std::int32_t t = 0; t < term_count; ++t) {
          PL_TRY(value_into(call.order_by[static_cast<std::size_t>(t)].expr, first + t));
        }
        b_.emit(Opcode::SorterInsert, asides[i].sorter, first, term_count + width);
      } else {
        b_.emit(Opcode::AggregateStep, accumulators + static_cast<std::int32_t>(i), first)
            .p4(function_of(call))
            .p5(static_cast<unsigned>(width));
        if (core.bare_minmax == static_cast<std::int32_t>(i) && carried_count > 0) {
          b_.emit(Opcode::IfNotTaken, 0, skip);
          if (op.first_row_suffices) {
            // Rows come in order; among those without a value the first one stands.
            const Label has_value = b_.new_label();
            b_.emit(Opcode::NotNull, first, has_value);
            b_.emit(Opcode::If, begun, skip, 0);
            b_.emit(Opcode::Integer, 1, begun);
            b_.bind(has_value);
          }
          PL_TRY(carry());
        }
        if (op.first_row_suffices) b_.emit(Opcode::NotNull, first, enough);
      }
      b_.bind(skip);
    }
    return {};
  };
  const auto finish = [&](RowCode inner) -> Status {
    auto results = arena().make_array<std::int32_t>(core.aggregates.size());
    for (std::size_t i = 0; i < asides.size(); ++i) {
      const bind::AggregateCall& call = core.aggregates[i];
      const std::int32_t accumulator = accumulators + static_cast<std::int32_t>(i);
      const auto width = static_cast<std::int32_t>(call.arguments.size());
      if (asides[i].sorter >= 0) {
        const auto term_count = static_cast<std::int32_t>(call.order_by.size());
        const std::int32_t arguments = b_.new_registers(width == 0 ? 1 : width);
        const Label end = b_.new_label();
        b_.emit(Opcode::SorterSort, asides[i].sorter, end);
        const Label top = b_.here();
        for (std::int32_t a = 0; a < width; ++a) {
          b_.emit(Opcode::SorterColumn, asides[i].sorter, term_count + a, arguments + a);
        }
        b_.emit(Opcode::AggregateStep, accumulator, arguments).p4(function_of(call)).p5(static_cast<unsigned>(width));
        b_.emit(Opcode::SorterNext, asides[i].sorter, top);
        b_.bind(end);
      }
      results[i] = b_.new_register();
      b_.emit(Opcode::AggregateFinal, accumulator, results[i]).p4(function_of(call));
    }
    auto carried_registers = arena().make_array<std::int32_t>(op.carried.size());
    for (std::size_t i = 0; i < carried_registers.size(); ++i) {
      carried_registers[i] = carried + static_cast<std::int32_t>(i);
    }
    return above_groups(op, last_key, results, carried_registers, inner);
  };

  if (plain) {
    reset();
    b_.emit(Opcode::Integer, 0, begun);
    one_end_ = op.first_row_suffices;
    PL_TRY(rows(*op.child, [&]() -> Status {
      if (first_row_gives_columns(core) && carried_count > 0) {
        const Label not_first = b_.new_label();
        b_.emit(Opcode::If, begun, not_first, 0);
        b_.emit(Opcode::Integer, 1, begun);
        PL_TRY(carry());
        b_.bind(not_first);
      }
      return step();
    }));
    b_.bind(enough);
    return finish(code);
  }

  Vector<record::KeyField> fields;
  for (const bind::Collation* collation : core.group_collations) fields.push_back({binary_is_null(collation), false, false});
  const record::KeyInfo* key_info = b_.key(fields);
  return with_subroutine(
      [&](RowCode call) -> Status {
        b_.emit(Opcode::Integer, 0, begun);
        reset();
        PL_TRY(rows(*op.child, [&]() -> Status {
          const Label first_row = b_.new_label();
          const Label new_group = b_.new_label();
          const Label other = b_.new_label();
          const Label same = b_.new_label();
          for (std::int32_t i = 0; i < key_count; ++i) {
            PL_TRY(value_into(core.group_by[static_cast<std::size_t>(i)], key + i));
          }
          b_.emit(Opcode::IfNot, begun, first_row, 0);
          b_.emit(Opcode::Compare, key, last_key, key_count).p4(key_info);
          b_.emit(Opcode::JumpCompare, other, same, other);
          b_.bind(other);
          // The statement may rest at the row it gives out, and another one write the page that the new key borrows.
          for (std::int32_t i = 0; i < key_count; ++i) b_.emit(Opcode::Copy, key + i, key + i);
          PL_TRY(call());
          reset();
          b_.bind(first_row);
          b_.emit(Opcode::Integer, 1, begun);
          b_.emit(Opcode::Copy, key, last_key, key_count - 1);
          if (first_row_gives_columns(core) && carried_count > 0) PL_TRY(carry());
          b_.bind(new_group);
          b_.bind(same);
          return step();
        }));
        b_.bind(enough);
        const Label none = b_.new_label();
        b_.emit(Opcode::IfNot, begun, none, 0);
        PL_TRY(call());
        b_.bind(none);
        return {};
      },
      [&]() -> Status { return finish(code); });
}

Status Generator::count_rows(const plan::CountRows& op, RowCode code) {
  const bind::Relation& relation = *op.relation;
  PL_ASSIGN(const std::int32_t cursor, read_cursor(relation.database, *relation.table, op.index));
  const std::int32_t result = b_.new_register();
  if (want_plan_lines_) {
    String line("SCAN ");
    line += relation.alias;
    if (op.index != nullptr) (line += " USING COVERING INDEX ") += op.index->name;
    plan_line(line);
  }
  b_.emit(Opcode::Count, cursor, result);
  const std::int32_t aggregates[] = {result};
  const GroupScope scope{op.core, 0, arena().copy_array(std::span<const std::int32_t>(aggregates)), groups_};
  const Restore<const GroupScope*> restore(groups_);
  groups_ = &scope;
  return code();
}

}  // namespace perlite::codegen
