// Joins and filters.
#include "codegen/generator.h"
#include "plan/expressions.h"

namespace perlite::codegen {

using bind::Expr;
using bind::JoinKind;

Status Generator::filter(const plan::Filter& op, RowCode code) {
  return rows(*op.child, [&]() -> Status {
    const Label next = b_.new_label();
    for (const Expr* condition : op.conditions) PL_TRY(jump_if_false(condition, next, true));
    PL_TRY(code());
    b_.bind(next);
    return {};
  });
}

// What `calls` reaches from several places is emitted once. Temporaries of the code are never given out again, for the
// places that call it may hold values in registers that were free when it was written.
Status Generator::with_subroutine(FunctionRef<Status(RowCode call)> calls, RowCode code) {
  const Label subroutine = b_.new_label();
  const Label behind = b_.new_label();
  const std::int32_t back = b_.new_register();
  PL_TRY(calls([&]() -> Status {
    b_.emit(Opcode::Gosub, back, subroutine);
    return {};
  }));
  b_.emit(Opcode::Goto, 0, behind);
  b_.bind(subroutine);
  b_.forget_released();
  PL_TRY(code());
  b_.forget_released();
  b_.emit(Opcode::Return, back);
  b_.bind(behind);
  return {};
}

std::int32_t Generator::null_flag_register(std::int32_t number) {
  const auto at = static_cast<std::size_t>(number);
  if (at >= null_flags_.size()) null_flags_.resize(at + 1, 0);
  if (null_flags_[at] == 0) null_flags_[at] = b_.new_register();
  return null_flags_[at];
}

void Generator::collect_null_flags(const plan::Operator& op, Vector<std::int32_t>* out) const {
  if (const auto* loop = op.try_as<plan::NestedLoop>()) {
    if (loop->null_flag >= 0) out->push_back(loop->null_flag);
    collect_null_flags(*loop->left, out);
    collect_null_flags(*loop->right, out);
  } else if (const auto* hash = op.try_as<plan::HashJoin>()) {
    if (hash->null_flag >= 0) out->push_back(hash->null_flag);
    if (hash->left_null_flag >= 0) out->push_back(hash->left_null_flag);
    collect_null_flags(*hash->left, out);
    collect_null_flags(*hash->right, out);
  } else if (const auto* filtered = op.try_as<plan::Filter>()) {
    collect_null_flags(*filtered->child, out);
  }
}

void Generator::set_null_flags(const plan::Operator& op, std::int32_t value) {
  Vector<std::int32_t> flags;
  collect_null_flags(op, &flags);
  for (const std::int32_t flag : flags) b_.emit(Opcode::Integer, value, null_flag_register(flag));
}

// All columns of the relation read NULL from here until its row moves.
void Generator::make_null_row(const bind::Relation& relation) {
  const RowSource& source = scope_.of(relation);
  switch (source.kind) {
    case RowSource::Kind::Tree:
      if (source.cursor >= 0) b_.emit(Opcode::NullRow, source.cursor);
      if (source.index_cursor >= 0) b_.emit(Opcode::NullRow, source.index_cursor);
      break;
    case RowSource::Kind::Registers:
      for (const std::int32_t reg : source.registers) {
        if (reg != 0) b_.emit(Opcode::Null, 0, reg);
      }
      break;
    default:
      break;
  }
}

Status Generator::nested_loop(const plan::NestedLoop& op, RowCode code) {
  if (op.join != JoinKind::Left) {
    return rows(*op.left, [&]() -> Status { return rows(*op.right, code); });
  }
  const std::int32_t matched = b_.new_register();
  const std::int32_t made_up = op.null_flag >= 0 ? null_flag_register(op.null_flag) : 0;
  return with_subroutine(
      [&](RowCode call) -> Status {
        return rows(*op.left, [&]() -> Status {
          const Label done = b_.new_label();
          b_.emit(Opcode::Integer, 0, matched);
          if (made_up != 0) b_.emit(Opcode::Integer, 0, made_up);
          {
            const Restore<int> nullable(nullable_);
            const Restore<bool> line(left_join_);
            ++nullable_;
            left_join_ = true;
            PL_TRY(rows(*op.right, [&]() -> Status {
              b_.emit(Opcode::Integer, 1, matched);
              return call();
            }));
          }
          b_.emit(Opcode::If, matched, done, 0);
          set_null_flags(*op.right, 1);
          if (made_up != 0) b_.emit(Opcode::Integer, 1, made_up);
          for (const bind::Relation* relation : op.right_relations) make_null_row(*relation);
          PL_TRY(call());
          b_.bind(done);
          return {};
        });
      },
      code);
}

namespace {

// Columns of a relation that somebody reads.
template <class Visit>
void for_each_used_column(const bind::Relation& relation, Visit visit) {
  for (std::size_t c = 0; c < relation.columns.size(); ++c) {
    const bool used = (relation.columns_used >> (c < 63 ? c : 63) & 1) != 0;
    if (used || relation.kind != bind::RelationKind::Table) visit(static_cast<std::int32_t>(c));
  }
}

}  // namespace

Status Generator::hash_join(const plan::HashJoin& op, RowCode code) {
  const bool keeps_left = op.join == JoinKind::Left || op.join == JoinKind::Full;
  const bool keeps_right = op.join == JoinKind::Right || op.join == JoinKind::Full;
  const auto key_count = static_cast<std::int32_t>(op.keys.empty() ? 1 : op.keys.size());
  const std::int32_t table = b_.new_cursor();
  const std::int32_t built = b_.new_register();
  const std::int32_t matched = b_.new_register();

  // Payload: the columns that are read above, rowids, and the flags of outer joins inside.
  struct Kept {
    const bind::Relation* relation;
    std::int32_t column;  // -2 - n: flag n
  };
  Vector<Kept> kept;
  for (const bind::Relation* relation : op.right_relations) {
    for_each_used_column(*relation, [&](std::int32_t c) { kept.push_back({relation, c}); });
    if (relation->kind == bind::RelationKind::Table && !relation->table->without_rowid) {
      kept.push_back({relation, catalog::kRowidColumn});
    }
  }
  Vector<std::int32_t> flags;
  collect_null_flags(*op.right, &flags);
  const auto column_count = static_cast<std::int32_t>(kept.size());
  const auto payload_count = column_count + static_cast<std::int32_t>(flags.size());
  const std::int32_t payload = b_.new_registers(payload_count == 0 ? 1 : payload_count);
  const auto payload_at = [&](std::size_t i) { return payload + static_cast<std::int32_t>(i); };

  Vector<record::KeyField> fields;
  for (const plan::JoinKey& key : op.keys) {
    const bool binary = key.rule.collation == nullptr || key.rule.collation->is_binary();
    fields.push_back({binary ? nullptr : key.rule.collation, false, false});
  }
  if (fields.empty()) fields.push_back({});
  const record::KeyInfo* key_info = b_.key(fields);

  const auto build = [&]() -> Status {
    b_.emit(Opcode::OpenHash, table, key_count, payload_count).p4(key_info);
    const std::int32_t key = b_.new_registers(key_count);
    const std::int32_t row = b_.new_registers(payload_count == 0 ? 1 : payload_count);
    const Restore<int> nullable(nullable_);
    const Restore<std::span<const plan::JoinKey>> hashed(hash_keys_);
    const Restore<bool> left_line(left_join_);
    nullable_ = 0;
    hash_keys_ = op.keys;
    left_join_ = op.join == JoinKind::Left;
    set_null_flags(*op.right, 0);
    return rows(*op.right, [&]() -> Status {
      if (op.keys.empty()) b_.emit(Opcode::Integer, 1, key);
      for (std::size_t i = 0; i < op.keys.size(); ++i) {
        const std::int32_t reg = key + static_cast<std::int32_t>(i);
        PL_TRY(value_into(op.keys[i].build, reg));
        apply_affinity(reg, op.keys[i].rule.affinity);
      }
      for (std::size_t i = 0; i < kept.size(); ++i) {
        PL_TRY(column_into(*kept[i].relation, kept[i].column, row + static_cast<std::int32_t>(i)));
      }
      for (std::size_t i = 0; i < flags.size(); ++i) {
        b_.emit(Opcode::Alias, null_flag_register(flags[i]), row + column_count + static_cast<std::int32_t>(i));
      }
      b_.emit(Opcode::HashInsert, table, key, payload_count == 0 ? 0 : row).p5(keeps_right ? 2 : 1);
      return {};
    });
  };
  // The row of the hash table that the cursor is on, as rows of its relations.
  const auto load = [&] {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      b_.emit(Opcode::HashColumn, table, static_cast<std::int32_t>(i), payload_at(i));
    }
    for (std::size_t i = 0; i < flags.size(); ++i) {
      b_.emit(Opcode::HashColumn, table, column_count + static_cast<std::int32_t>(i), null_flag_register(flags[i]));
    }
  };
  const auto stand = [&] {
    for (const bind::Relation* relation : op.right_relations) {
      auto registers = arena().make_array<std::int32_t>(relation->columns.size() + 1);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i].relation == relation) registers[static_cast<std::size_t>(kept[i].column + 1)] = payload_at(i);
      }
      scope_.set(*relation, RowSource::in_registers(registers));
    }
  };
  const auto right_made_up = [&](std::int32_t value) {
    if (op.null_flag >= 0) b_.emit(Opcode::Integer, value, null_flag_register(op.null_flag));
  };
  const auto left_made_up = [&](std::int32_t value) {
    if (op.left_null_flag >= 0) b_.emit(Opcode::Integer, value, null_flag_register(op.left_null_flag));
  };

  const auto produce = [&](RowCode call) -> Status {
    const bool early = keeps_right;
    if (early) {
      PL_TRY(build());
      stand();
    } else if (!op.once) {
      b_.emit(Opcode::Integer, 0, built);
    }
    left_made_up(0);
    {
      const Restore<int> nullable(nullable_);
      if (keeps_right) ++nullable_;
      PL_TRY(rows(*op.left, [&]() -> Status {
        const Restore<int> inner_nullable(nullable_);
        nullable_ = nullable.saved;
        if (!early) {
          // Built when the first row asks for it.
          const Label ready = b_.new_label();
          if (op.once) {
            b_.emit(Opcode::Once, 0, ready);
          } else {
            b_.emit(Opcode::If, built, ready, 0);
          }
          PL_TRY(build());
          if (!op.once) b_.emit(Opcode::Integer, 1, built);
          b_.bind(ready);
          stand();
        }
        const std::int32_t key = b_.new_registers(key_count);
        if (op.keys.empty()) b_.emit(Opcode::Integer, 1, key);
        for (std::size_t i = 0; i < op.keys.size(); ++i) {
          const std::int32_t reg = key + static_cast<std::int32_t>(i);
          PL_TRY(value_into(op.keys[i].probe, reg));
          apply_affinity(reg, op.keys[i].rule.affinity);
        }
        const Label miss = b_.new_label();
        const Label next = b_.new_label();
        if (keeps_left) b_.emit(Opcode::Integer, 0, matched);
        right_made_up(0);
        b_.emit(Opcode::HashProbe, table, miss, key).p5(1);
        const Label top = b_.here();
        load();
        for (const Expr* condition : op.conditions) PL_TRY(jump_if_false(condition, next, true));
        if (keeps_left) b_.emit(Opcode::Integer, 1, matched);
        if (keeps_right) b_.emit(Opcode::HashMark, table);
        PL_TRY(call());
        b_.bind(next);
        b_.emit(Opcode::HashNext, table, top);
        b_.bind(miss);
        if (keeps_left) {
          const Label done = b_.new_label();
          b_.emit(Opcode::If, matched, done, 0);
          if (payload_count > 0) b_.emit(Opcode::Null, 0, payload, payload_count - 1);
          set_null_flags(*op.right, 1);
          right_made_up(1);
          PL_TRY(call());
          b_.bind(done);
        }
        return {};
      }));
    }
    if (keeps_right) {
      const Label end = b_.new_label();
      left_made_up(1);
      right_made_up(0);
      set_null_flags(*op.left, 1);
      for (const bind::Relation* relation : op.left_relations) make_null_row(*relation);
      const Label top = b_.here();
      b_.emit(Opcode::HashUnmatched, table, end);
      load();
      PL_TRY(call());
      b_.emit(Opcode::Goto, 0, top);
      b_.bind(end);
    }
    return {};
  };
  if (!keeps_left && !keeps_right) return produce(code);
  return with_subroutine(produce, code);
}

}  // namespace perlite::codegen
