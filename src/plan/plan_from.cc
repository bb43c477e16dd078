// FROM as a region: flattening, left joins, what is planned apart.
#include <algorithm>

#include "base/deep_stack.h"
#include "plan/planning.h"

namespace perlite::plan {

using bind::Expr;
using bind::FromNode;
using bind::JoinKind;
using bind::Relation;
using bind::RelationKind;

namespace {

constexpr std::size_t kMaxItems = 64;

int leaf_count(const FromNode& node) {
  return node.relation != nullptr ? 1 : leaf_count(*node.left) + leaf_count(*node.right);
}

void collect_leaves(const FromNode& node, Vector<const Relation*>* out) {
  if (node.relation != nullptr) {
    out->push_back(node.relation);
    return;
  }
  collect_leaves(*node.left, out);
  collect_leaves(*node.right, out);
}

}  // namespace

// Does a condition of the region drop rows in which `side` is made up of NULLs?
bool Planning::rejects_nulls(const Region& region, const FromNode& side) const {
  if (!on(Rewrite::StrengthenJoins)) return false;
  Vector<const Relation*> leaves;
  collect_leaves(side, &leaves);
  bool rejected = false;
  for (const Expr* condition : region.conditions) {
    for_each_null_rejected(plan, *condition, [&](const Relation& relation) {
      rejected |= std::find(leaves.begin(), leaves.end(), &relation) != leaves.end();
    });
  }
  return rejected;
}

Status Planning::add_from(const FromNode& node, Region& region) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return add_from(node, region); });
  if (node.relation != nullptr) return add_leaf(*node.relation, region);

  JoinKind kind = node.join;
  if (kind == JoinKind::Full) {
    const bool no_left = rejects_nulls(region, *node.left);
    const bool no_right = rejects_nulls(region, *node.right);
    kind = no_left && no_right ? JoinKind::Inner : no_left ? JoinKind::Left : no_right ? JoinKind::Right : kind;
  } else if (kind == JoinKind::Right && rejects_nulls(region, *node.left)) {
    kind = JoinKind::Inner;
  } else if (kind == JoinKind::Left && rejects_nulls(region, *node.right)) {
    kind = JoinKind::Inner;
  }

  const bool saved_adopt = may_adopt_order;
  may_adopt_order = false;
  const auto restore = [&](Status status) {
    may_adopt_order = saved_adopt;
    return status;
  };
  switch (kind) {
    case JoinKind::Inner:
    case JoinKind::Cross: {
      add_conjuncts(node.on, &region.conditions);
      Status status = add_from(*node.left, region);
      const std::size_t left_count = region.items.size();
      if (status.ok()) status = add_from(*node.right, region);
      if (kind == JoinKind::Cross && status.ok() && left_count <= kMaxItems) {
        const RelationSet left = left_count == kMaxItems ? ~RelationSet{0} : one_relation(static_cast<int>(left_count)) - 1;
        for (std::size_t i = left_count; i < region.items.size(); ++i) region.items[i].needs |= left;
      }
      return restore(std::move(status));
    }
    case JoinKind::Left: {
      Status status = add_from(*node.left, region);
      if (!status.ok()) return restore(std::move(status));
      Region& right = new_region(plan.null_flag_count++);
      add_conjuncts(node.on, &right.conditions);
      status = add_from(*node.right, right);
      Item item;
      item.right = &right;
      item.null_flag = right.null_flag;
      for (const Item& inner : right.items) {
        item.relations.insert(item.relations.end(), inner.relations.begin(), inner.relations.end());
      }
      region.items.push_back(std::move(item));
      return restore(std::move(status));
    }
    case JoinKind::Right:
    case JoinKind::Full:
      return restore(add_outer_join(node, kind, region));
  }
  return {};
}

Status Planning::add_leaf(const Relation& relation, Region& region) {
  if (can_flatten(relation, region)) return flatten(relation, region);
  Item item;
  item.relation = &relation;
  item.relations.push_back(&relation);
  item.table_rows = rows_of(relation);
  if (relation.kind == RelationKind::CommonTable) {
    item.common_table = relation.common_table;
    const Frame& frame = *frames.back();
    const bool here = std::find(frame.common_tables.begin(), frame.common_tables.end(), relation.common_table) !=
                      frame.common_tables.end();
    // Used once, where it is defined, and met first: its rows need not be kept.
    if (here && relation.common_table->use_count == 1 && region.items.empty() && region.null_flag < 0 &&
        kept.find(relation.common_table) == kept.end()) {
      if (relation.common_table->recursive) {
        PL_ASSIGN(item.derived, recursion(*relation.common_table));
      } else if (relation.common_table->hint != sql::MaterializeHint::Materialized) {
        PL_ASSIGN(item.derived, query(*relation.common_table->select));
      }
    }
    if (item.derived != nullptr) {
      item.common_table = nullptr;
      item.table_rows = item.derived->rows;
    } else {
      PL_ASSIGN(const KeptTable* table, kept_table(*relation.common_table));
      item.table_rows = table->query->rows;
      if (!table->once) {
        // Queries between here and where it is defined depend on what that depends on.
        for (std::size_t i = frames.size(); i-- > 0;) {
          const auto& defined = frames[i]->common_tables;
          if (std::find(defined.begin(), defined.end(), relation.common_table) != defined.end()) break;
          frames[i]->outside = true;
        }
      }
    }
  } else if (relation.kind == RelationKind::RecursiveStep) {
    frames.back()->outside = true;
    item.table_rows = 1;
  }
  region.items.push_back(std::move(item));
  if (region.items.size() > kMaxItems) return Status::error("at most 64 tables in a join");
  return {};
}

// A query in FROM whose rows are a selection of columns over a join, nothing more, becomes part of the join around it.
bool Planning::can_flatten(const Relation& relation, const Region& region) const {
  if (relation.kind != RelationKind::Select || !on(Rewrite::Flatten)) return false;
  const bind::Select& select = *relation.select;
  if (select.arms.size() != 1 || select.limit != nullptr) return false;
  const bind::Core& core = *select.arms[0].core;
  if (core.kind != bind::CoreKind::Select || core.distinct || core.is_aggregate || !core.window_functions.empty() ||
      !core.aggregates.empty()) {
    return false;
  }
  if (core.from == nullptr || region.items.size() + static_cast<std::size_t>(leaf_count(*core.from)) > 60) return false;
  if (!select.order_by.empty() && !may_adopt_order && !may_drop_order) return false;
  for (const auto& column : core.columns) {
    // What is evaluated anew at each use must be the same each time; and dear things are done once a row.
    if (!deterministic(*column.expr) || (column.expr->flags & bind::kHasSubquery) != 0) return false;
  }
  if (core.where != nullptr && !deterministic(*core.where)) return false;
  return true;
}

Status Planning::flatten(const Relation& relation, Region& region) {
  const bind::Select& select = *relation.select;
  const bind::Core& core = *select.arms[0].core;
  Frame& frame = *frames.back();
  frame.common_tables.insert(frame.common_tables.end(), select.common_tables.begin(), select.common_tables.end());

  auto columns = arena.make_array<const Expr*>(core.columns.size());
  bool plain = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i] = core.columns[i].expr;
    const auto* column = columns[i]->try_as<bind::ColumnExpr>();
    bool inside = false;
    for (const Relation* r : core.relations) inside |= column != nullptr && column->relation == r;
    plain &= inside;
  }
  Definition definition{columns};
  // A plain column of a made-up row is NULL by itself; anything else has to ask.
  if (!plain && region.null_flag >= 0) {
    definition.null_flag = region.null_flag;
    definition.anchor = core.relations[0];
  }
  define(relation, definition);

  const bool saved_adopt = may_adopt_order;
  const bool saved_drop = may_drop_order;
  if (!select.order_by.empty()) {
    if (may_adopt_order) adopted_order = select.order_by;
    may_adopt_order = false;
    may_drop_order = true;
  }
  if (core.from->relation == nullptr) may_adopt_order = false;
  add_conjuncts(core.where, &region.conditions);
  Status status = add_from(*core.from, region);
  may_adopt_order = saved_adopt;
  may_drop_order = saved_drop;
  return status;
}

Status Planning::add_outer_join(const FromNode& node, JoinKind kind, Region& region) {
  const bool saved_drop = may_drop_order;
  may_drop_order = false;
  Region& left = new_region(plan.null_flag_count++);
  PL_TRY(add_from(*node.left, left));
  Region& right = new_region(plan.null_flag_count++);
  PL_TRY(add_from(*node.right, right));
  may_drop_order = saved_drop;

  const auto relations_of = [](const Region& side) {
    Vector<const Relation*> all;
    for (const Item& item : side.items) all.insert(all.end(), item.relations.begin(), item.relations.end());
    return all;
  };
  const Vector<const Relation*> left_relations = relations_of(left);
  const Vector<const Relation*> right_relations = relations_of(right);
  const std::int32_t left_flag = left.null_flag;
  const std::int32_t right_flag = right.null_flag;
  PL_ASSIGN(const JoinResult left_rows, join(left, {}, true));
  PL_ASSIGN(const JoinResult right_rows, join(right, {}, true));

  auto* hash = make<HashJoin>(left_rows.op->rows + right_rows.op->rows,
                              left_rows.op->cost * 1.5 + right_rows.op->cost * 2.5);
  hash->left = left_rows.op;
  hash->right = right_rows.op;
  hash->join = kind;
  hash->left_null_flag = left_flag;
  hash->null_flag = right_flag;
  hash->left_relations = arena.copy_array(left_relations);
  hash->right_relations = arena.copy_array(right_relations);

  Vector<const Expr*> conditions;
  add_conjuncts(node.on, &conditions);
  Vector<JoinKey> keys;
  Vector<const Expr*> others;
  const auto only = [&](const Expr& e, const Vector<const Relation*>& of, const Vector<const Relation*>& not_of) {
    bool some = false;
    bool other = false;
    for_each_relation(plan, e, [&](const Relation& r) {
      some |= std::find(of.begin(), of.end(), &r) != of.end();
      other |= std::find(not_of.begin(), not_of.end(), &r) != not_of.end();
    });
    return some && !other && deterministic(e) && (e.flags & bind::kHasSubquery) == 0;
  };
  for (const Expr* condition : conditions) {
    PL_TRY(subqueries_of(condition));
    const auto* compare = condition->try_as<bind::CompareExpr>();
    if (compare != nullptr && compare->op == bind::CompareOp::Equal && compare->rules.size() == 1 &&
        on(Rewrite::HashJoin)) {
      if (only(*compare->left, left_relations, right_relations) && only(*compare->right, right_relations, left_relations)) {
        keys.push_back({compare->left, compare->right, compare->rules[0]});
        continue;
      }
      if (only(*compare->right, left_relations, right_relations) && only(*compare->left, right_relations, left_relations)) {
        keys.push_back({compare->right, compare->left, compare->rules[0]});
        continue;
      }
    }
    others.push_back(condition);
  }
  hash->keys = arena.copy_array(keys);
  hash->conditions = arena.copy_array(others);

  Item item;
  item.fixed = hash;
  item.relations = left_relations;
  item.relations.insert(item.relations.end(), right_relations.begin(), right_relations.end());
  item.table_rows = hash->rows;
  region.items.push_back(std::move(item));
  return {};
}

}  // namespace perlite::plan
