// The order of a join, and the operators for it.
//
// Up to kExactItems items every order is weighed by dynamic programming over sets: the rows of a set do not depend on the
// order, its cheapest way does. Beyond, the item that adds least comes next.
#include <algorithm>
#include <cmath>

#include "plan/planning.h"

namespace perlite::plan {

using bind::Expr;
using bind::ExprKind;

namespace {

constexpr int kExactItems = 11;
constexpr double kNever = 1e300;
constexpr double kUnknown = -1;

// How an item is reached when the items before it stand.
struct Way {
  const AccessPath* path = nullptr;
  bool hash = false;
  RelationSet needs = 0;
  double setup = 0;  // once
  double each = 0;   // for each row before
};

struct Step {
  int item;
  Way way;
};

}  // namespace

class JoinPlanner {
 public:
  JoinPlanner(Planning& planning, Region& region, OrderList wanted, bool outermost, std::size_t loose_from)
      : p_(planning), region_(region), wanted_(wanted.begin(), wanted.end()), outermost_(outermost), loose_from_(loose_from) {}

  Result<JoinResult> run() {
    count_ = static_cast<int>(region_.items.size());
    if (count_ > 64) return Status::error("at most 64 tables in a join");
    Vector<std::int8_t> saved_items = std::move(p_.item_of);
    const bool saved_order = p_.want_order;
    p_.want_order = !wanted_.empty();
    auto result = plan();
    p_.item_of = std::move(saved_items);
    p_.want_order = saved_order;
    return result;
  }

 private:
  Result<JoinResult> plan() {
    for (int i = 0; i < count_; ++i) {
      for (const bind::Relation* relation : region_.items[static_cast<std::size_t>(i)].relations) {
        const auto id = static_cast<std::size_t>(relation->id);
        if (id >= p_.item_of.size()) p_.item_of.resize(id + 1, -1);
        p_.item_of[id] = static_cast<std::int8_t>(i);
      }
    }
    PL_TRY(make_conjuncts());
    if (count_ == 1 && wanted_.empty()) {
      const Item& item = region_.items[0];
      if (item.relation != nullptr && item.relation->kind == bind::RelationKind::Table) return one_table(item);
    }
    ways_.resize(static_cast<std::size_t>(count_));
    ops_.resize(static_cast<std::size_t>(count_));
    for (int i = 0; i < count_; ++i) PL_TRY(make_ways(i));
    if (count_ > 1) {
      distrust_guesses();
      find_equalities();
    }

    double best_cost = kNever;
    Vector<Step> best = choose(-1, nullptr, &best_cost);
    if (best.empty() && count_ > 0) return Status::error("no query solution");
    bool reverse = false;
    bool ordered = !wanted_.empty() && gives_order(best, &reverse);
    if (!wanted_.empty() && !ordered && p_.on(Rewrite::OrderByIndex)) {
      const double rows = rows_of_set(all_items());
      double to_beat = best_cost + rows * std::log2(rows + 2);
      for (int i = 0; i < count_; ++i) {
        for (const Way& way : ways_[static_cast<std::size_t>(i)]) {
          if (way.needs != 0 || way.path == nullptr || way.hash || needs_of(i) != 0) continue;
          if (count_ == 1 && !gives_order({Step{i, way}}, &reverse)) continue;
          if (count_ > 1 && !begins_order(i, way)) continue;
          double cost = kNever;
          Vector<Step> steps = choose(i, &way, &cost);
          bool steps_reverse = false;
          if (steps.empty() || cost >= to_beat || !gives_order(steps, &steps_reverse)) continue;
          best = std::move(steps);
          to_beat = cost;
          ordered = true;
        }
      }
      if (ordered) ordered = gives_order(best, &reverse);
    }
    steps_ = std::move(best);
    reverse_ = reverse && ordered;
    return build(ordered);
  }

  // A stored table alone, whose rows may come in any order: nothing but its ways are weighed.
  Result<JoinResult> one_table(const Item& item) {
    Vector<const AccessPath*> paths;
    table_paths(p_, *item.relation, one_relation(0), conjuncts_, &paths);
    const AccessPath* best = nullptr;
    for (const AccessPath* path : paths) {
      if (path->needs == 0 && (best == nullptr || path->cost < best->cost)) best = path;
    }
    if (best == nullptr || item.needs != 0) return Status::error("no query solution");
    steps_.push_back({0, {best, false, 0, 0, best->cost}});
    return build(false);
  }

  RelationSet all_items() const { return count_ == 64 ? ~RelationSet{0} : one_relation(count_) - 1; }

  // ---- conditions ----

  Status make_conjuncts() {
    conjuncts_.reserve(region_.conditions.size() + 2);
    for (const Expr* condition : region_.conditions) PL_TRY(add_condition(*condition));
    if (p_.on(Rewrite::PropagateConstants)) propagate_constants();
    for (std::size_t i = 0; i < conjuncts_.size(); ++i) conjuncts_[i].index = static_cast<std::int32_t>(i);
    placed_.resize(conjuncts_.size(), false);
    selectivity_.resize(conjuncts_.size(), kUnknown);
    return {};
  }

  double part_of(std::size_t conjunct) const {
    double& part = selectivity_[conjunct];
    if (part == kUnknown) part = selectivity(p_, conjuncts_[conjunct]);
    return part;
  }

  Status add_condition(const Expr& expr) {
    PL_TRY(p_.subqueries_of(&expr));
    if (const auto* literal = expr.try_as<bind::LiteralExpr>();
        literal != nullptr && literal->value.type == ValueType::Integer && literal->value.integer != 0) {
      return {};
    }
    // (a, b) = (x, y) is a = x AND b = y.
    if (const auto* compare = expr.try_as<bind::CompareExpr>();
        compare != nullptr && compare->rules.size() > 1 && compare->op == bind::CompareOp::Equal) {
      const auto* left = compare->left->try_as<bind::RowExpr>();
      const auto* right = compare->right->try_as<bind::RowExpr>();
      if (left != nullptr && right != nullptr) {
        for (std::size_t i = 0; i < compare->rules.size(); ++i) {
          PL_TRY(add_condition(
              *p_.comparison(bind::CompareOp::Equal, left->elements[i], right->elements[i], compare->rules[i])));
        }
        return {};
      }
    }
    const Expr* kept = &expr;
    if (p_.on(Rewrite::InSeek)) {
      if (const Expr* in = list_of_equals(expr)) kept = in;
    }
    conjuncts_.push_back({kept, p_.set_of(*kept), !deterministic(*kept), false, 0});
    return {};
  }

  // x = 1 OR x = 2 is x IN (1, 2).
  const Expr* list_of_equals(const Expr& expr) {
    const auto* binary = expr.try_as<bind::BinaryExpr>();
    if (binary == nullptr || binary->op != bind::BinaryOp::Or) return nullptr;
    const Expr* subject = nullptr;
    const bind::CompareExpr* first = nullptr;
    Vector<const Expr*> values;
    Vector<const Expr*> todo{&expr};
    while (!todo.empty()) {
      const Expr* e = todo.back();
      todo.pop_back();
      const auto* either = e->try_as<bind::BinaryExpr>();
      if (either != nullptr && either->op == bind::BinaryOp::Or) {
        todo.push_back(either->right);
        todo.push_back(either->left);
        continue;
      }
      const auto* compare = e->try_as<bind::CompareExpr>();
      if (compare == nullptr || compare->op != bind::CompareOp::Equal || compare->rules.size() != 1) return nullptr;
      const Expr* column = compare->left;
      const Expr* value = compare->right;
      if (is_constant(*column)) std::swap(column, value);
      if (!is_constant(*value) || column_of(p_.plan, *column) == nullptr) return nullptr;
      if (subject == nullptr) {
        subject = column;
        first = compare;
      } else if (!same_expression(p_.plan, *subject, *column) ||
                 first->rules[0].affinity != compare->rules[0].affinity ||
                 !same_collation(first->rules[0].collation, compare->rules[0].collation)) {
        return nullptr;
      }
      values.push_back(value);
    }
    auto* in = p_.arena.make<bind::InListExpr>();
    in->kind = ExprKind::InList;
    in->flags = expr.flags;
    in->height = expr.height;
    in->span = expr.span;
    in->negated = false;
    in->operand = subject;
    in->list = p_.arena.copy_array(values);
    in->rules = first->rules;
    return in;
  }

  // a = b AND b = 5 gives a = 5, where all three compare in the same way.
  void propagate_constants() {
    const std::size_t count = conjuncts_.size();
    if (count < 2) return;
    const auto affinity_of = [&](const bind::ColumnExpr& c) { return c.affinity; };
    for (std::size_t i = 0; i < count; ++i) {
      const auto* known = conjuncts_[i].expr->try_as<bind::CompareExpr>();
      if (known == nullptr || known->op != bind::CompareOp::Equal || known->rules.size() != 1) continue;
      const Expr* column = known->left;
      const Expr* value = known->right;
      if (is_constant(*column)) std::swap(column, value);
      const bind::ColumnExpr* b = column_of(p_.plan, *column);
      if (b == nullptr || !is_constant(*value)) continue;
      for (std::size_t k = 0; k < count; ++k) {
        const auto* join = conjuncts_[k].expr->try_as<bind::CompareExpr>();
        if (k == i || join == nullptr || join->op != bind::CompareOp::Equal || join->rules.size() != 1) continue;
        if (is_constant(*join->left) || is_constant(*join->right)) continue;
        const bind::ColumnExpr* left = column_of(p_.plan, *join->left);
        const bind::ColumnExpr* right = column_of(p_.plan, *join->right);
        if (left == nullptr || right == nullptr) continue;
        if (!same_expression(p_.plan, *left, *b)) std::swap(left, right);
        if (!same_expression(p_.plan, *left, *b) || same_expression(p_.plan, *right, *b)) continue;
        if (affinity_of(*right) != affinity_of(*b) ||
            !same_collation(known->rules[0].collation, join->rules[0].collation) ||
            !same_collation(right->collation, b->collation)) {
          continue;
        }
        const Expr* derived = p_.comparison(bind::CompareOp::Equal, right, value, known->rules[0]);
        const_cast<Expr*>(derived)->flags |= bind::kHasColumn;
        conjuncts_.push_back({derived, p_.set_of(*derived), false, true, 0});
      }
    }
  }

  // ---- items ----

  RelationSet needs_of(int i) const { return region_.items[static_cast<std::size_t>(i)].needs; }

  Status make_ways(int i) {
    Item& item = region_.items[static_cast<std::size_t>(i)];
    auto& ways = ways_[static_cast<std::size_t>(i)];
    if (item.right != nullptr) return make_left_join(i);
    if (item.fixed != nullptr) {
      ops_[static_cast<std::size_t>(i)] = item.fixed;
      item.table_rows = std::max(1.0, item.fixed->rows);
      ways.push_back({nullptr, false, item.needs, 0, item.fixed->cost});
      return {};
    }
    const bind::Relation& relation = *item.relation;
    switch (relation.kind) {
      case bind::RelationKind::Table: {
        Vector<const AccessPath*> paths;
        paths.reserve(8);
        table_paths(p_, relation, one_relation(i), conjuncts_, &paths);
        if (paths.empty()) return Status::error("no query solution");
        ways.reserve(paths.size() + 1);  // a hash join may follow
        for (const AccessPath* path : paths) ways.push_back({path, false, path->needs | item.needs, 0, path->cost});
        break;
      }
      case bind::RelationKind::Source: {
        Vector<const AccessPath*> paths;
        PL_TRY(source_paths(p_, relation, one_relation(i), conjuncts_, count_ == 1 ? wanted_ : OrderList(), &paths));
        for (const Expr* e : relation.arguments) PL_TRY(p_.subqueries_of(e));
        double rows = kNever;
        for (const AccessPath* path : paths) {
          ways.push_back({path, false, path->needs | item.needs, 0, path->cost});
          rows = std::min(rows, path->rows);
        }
        item.table_rows = std::max(1.0, rows);
        break;
      }
      case bind::RelationKind::Select:
        PL_TRY(make_derived(i));
        ways.push_back({nullptr, false, item.needs, item.derived->cost, item.derived->rows * 0.5 + 1});
        break;
      default:
        ways.push_back({nullptr, false, item.needs, 0, item.table_rows * 0.5 + 1});
        break;
    }
    if (count_ > 1 && p_.on(Rewrite::HashJoin) && p_.options.automatic_index && relation.kind != bind::RelationKind::RecursiveStep) {
      // The build side is read by a way that needs nothing.
      const Way* build = nullptr;
      for (const Way& way : ways) {
        if (way.needs == 0 && (build == nullptr || way.setup + way.each < build->setup + build->each)) build = &way;
      }
      // Of tables nobody counted one cannot say that reading all of one is cheaper than a look-up a row.
      const bool guesses = relation.kind == bind::RelationKind::Table && p_.statistics_of(relation, nullptr) == nullptr;
      const bool sought = std::any_of(ways.begin(), ways.end(), [](const Way& way) { return looks_up(way); });
      if (build != nullptr && relation.arguments.empty() && !(guesses && sought)) {
        Way hash = *build;
        hash.hash = true;
        hash.setup = build->setup + build->each + rows_alone(i) * 2.5;
        hash.each = 1.2;
        ways.push_back(hash);
      }
    }
    return {};
  }

  // Is it by a key of other tables that the rows are found?
  static bool looks_up(const Way& way) { return way.needs != 0 && way.path != nullptr && !way.path->seeks.empty(); }

  // Of two tables nobody counted, joined by a key of one: whether to look that one up for each row of the other,
  // or to hash the other and read all of the one, is a guess. Where it is wrong the look-ups cost a little, the reading
  // perhaps a thousandfold; so, row for row, the hash table is taken to cost what they do.
  void distrust_guesses() {
    for (int i = 0; i < count_; ++i) {
      const bind::Relation* relation = region_.items[static_cast<std::size_t>(i)].relation;
      auto& ways = ways_[static_cast<std::size_t>(i)];
      if (ways.empty() || !ways.back().hash || relation == nullptr || relation->kind != bind::RelationKind::Table ||
          p_.statistics_of(*relation, nullptr) != nullptr) {
        continue;
      }
      for (int j = 0; j < count_; ++j) {
        if (j == i) continue;
        for (const Way& way : ways_[static_cast<std::size_t>(j)]) {
          if (looks_up(way) && (way.needs & one_relation(i)) != 0) ways.back().each = std::max(ways.back().each, way.each * 1.1);
        }
      }
    }
  }

  // Rows of an item under its own conditions.
  double rows_alone(int i) const {
    double rows = region_.items[static_cast<std::size_t>(i)].table_rows;
    for (std::size_t c = 0; c < conjuncts_.size(); ++c) {
      if (conjuncts_[c].uses == one_relation(i)) rows *= part_of(c);
    }
    return std::max(1.0, rows);
  }

  Status make_derived(int i) {
    Item& item = region_.items[static_cast<std::size_t>(i)];
    const bind::Relation& relation = *item.relation;
    Planning::Pushed pushed;
    Vector<const Expr*> inside;
    if (p_.on(Rewrite::PushDown) && takes_conditions(*relation.select)) {
      for (std::size_t c = 0; c < conjuncts_.size(); ++c) {
        const Conjunct& conjunct = conjuncts_[c];
        if (conjunct.uses != one_relation(i) || conjunct.pinned || conjunct.derived) continue;
        if ((conjunct.expr->flags & (bind::kHasSubquery | bind::kHasAggregate | bind::kHasWindow)) != 0) continue;
        bool only_here = true;
        walk(*conjunct.expr, [&](const Expr& e) {
          const auto* column = e.try_as<bind::ColumnExpr>();
          only_here &= column == nullptr || column->relation == &relation ||
                       (p_.plan.definition_of(*column->relation) == nullptr && p_.set_of(e) == 0);
          only_here &= column == nullptr || column->column >= 0;
          return true;
        });
        // A view that was flattened may stand for this one's columns.
        if (!only_here) continue;
        inside.push_back(conjunct.expr);
        placed_[c] = true;
      }
    }
    pushed.relation = &relation;
    pushed.conditions = inside;
    PL_ASSIGN(item.derived, p_.query(*relation.select, pushed));
    item.table_rows = std::max(1.0, item.derived->rows);
    return {};
  }

  static bool takes_conditions(const bind::Select& select) {
    if (select.limit != nullptr) return false;
    for (const bind::Arm& arm : select.arms) {
      if (arm.op != sql::CompoundOp::None && arm.op != sql::CompoundOp::UnionAll) return false;
      if (arm.core->kind != bind::CoreKind::Select || !arm.core->window_functions.empty()) return false;
      for (const auto& column : arm.core->columns) {
        if (!deterministic(*column.expr) || (column.expr->flags & bind::kHasSubquery) != 0) return false;
      }
      // Without GROUP BY there is a row even of nothing: a condition then looks at that row.
      if (arm.core->is_aggregate && arm.core->group_by.empty()) return false;
    }
    return true;
  }

  // LEFT JOIN: the right side is planned with all that its condition looks at standing.
  Status make_left_join(int i) {
    Item& item = region_.items[static_cast<std::size_t>(i)];
    Region& right = *item.right;
    RelationSet needs = item.needs;
    const auto add_needs = [&](const Expr& e) { needs |= p_.set_of(e) & ~one_relation(i); };
    const auto visit = [&](const Region& region, const auto& self) -> void {
      for (const Expr* e : region.conditions) add_needs(*e);
      for (const Item& inner : region.items) {
        if (inner.right != nullptr) self(*inner.right, self);
        if (inner.relation != nullptr) {
          for (const Expr* e : inner.relation->arguments) add_needs(*e);
        }
      }
    };
    visit(right, visit);
    item.needs = needs;

    // An equality between the two sides, should nothing better be there.
    Vector<JoinKey> keys;
    Vector<const Expr*> rest;
    if (right.items.size() == 1 && right.items[0].relation != nullptr && p_.on(Rewrite::HashJoin) &&
        p_.options.automatic_index && right.items[0].relation->arguments.empty()) {
      for (const Expr* condition : right.conditions) {
        PL_TRY(p_.subqueries_of(condition));
        JoinKey key{};
        const bool crosses = (p_.set_of(*condition) & ~one_relation(i)) != 0;
        if (crosses && hash_key(*condition, one_relation(i), &key)) {
          keys.push_back(key);
        } else {
          rest.push_back(condition);
        }
      }
    }
    const Vector<std::int8_t> saved = p_.item_of;
    const bool saved_order = p_.want_order;
    PL_ASSIGN(JoinResult rows, p_.join(right, {}, false));
    p_.item_of = saved;
    p_.want_order = saved_order;
    bool scans = false;
    for (const Operator* op = rows.op; op != nullptr;) {
      if (const auto* f = op->try_as<Filter>()) {
        op = f->child;
        continue;
      }
      const auto* scan = op->try_as<Scan>();
      scans = scan == nullptr ? op->kind == OperatorKind::Derived || op->kind == OperatorKind::CommonTableScan
                              : scan->path->kind != AccessKind::Source && scan->path->seeks.empty() &&
                                    scan->path->lower.value == nullptr && scan->path->upper.value == nullptr &&
                                    scan->path->kind != AccessKind::MultiIndexOr;
      break;
    }
    if (!keys.empty() && scans) {
      // The build side keeps the conditions that look at nothing else.
      Vector<const Expr*> own;
      Vector<const Expr*> across;
      for (const Expr* e : rest) {
        ((p_.set_of(*e) & ~one_relation(i)) == 0 && deterministic(*e) ? own : across).push_back(e);
      }
      right.conditions = own;
      right.items[0].derived = nullptr;
      PL_ASSIGN(JoinResult build, p_.join(right, {}, true));
      p_.item_of = saved;
      p_.want_order = saved_order;
      auto* hash = p_.make<HashJoin>(1, build.op->cost + build.op->rows * 2.5);
      hash->right = build.op;
      hash->join = bind::JoinKind::Left;
      hash->keys = p_.arena.copy_array(keys);
      hash->conditions = p_.arena.copy_array(across);
      hash->right_relations = p_.arena.copy_array(item.relations);
      hash->null_flag = item.null_flag;
      hash->once = !looks_outside(own) && same_rows(right.items[0]);
      left_hash_.push_back({i, hash});
      ops_[static_cast<std::size_t>(i)] = build.op;
      ways_[static_cast<std::size_t>(i)].push_back({nullptr, false, needs, hash->cost, 2});
      item.table_rows = 1;
      return {};
    }
    ops_[static_cast<std::size_t>(i)] = rows.op;
    item.table_rows = std::max(1.0, rows.op->rows);
    ways_[static_cast<std::size_t>(i)].push_back({nullptr, false, needs, 0, rows.op->cost});
    return {};
  }

  // Does the item give the same rows throughout the run of the program, conditions aside?
  bool same_rows(const Item& item) const {
    if (item.derived != nullptr) return item.derived->once;
    if (item.relation->kind == bind::RelationKind::CommonTable) {
      const auto found = p_.kept.find(item.relation->common_table);
      return found != p_.kept.end() && found->second->once;
    }
    return item.relation->kind == bind::RelationKind::Table;
  }

  // Does a condition look at relations of queries around this one?
  bool looks_outside(const Vector<const Expr*>& conditions) const {
    if (!p_.on(Rewrite::Factor)) return true;
    bool outside = false;
    for (const Expr* e : conditions) {
      for_each_relation(p_.plan, *e, [&](const bind::Relation& relation) {
        const auto id = static_cast<std::size_t>(relation.id);
        outside |= id >= p_.item_of.size() || p_.item_of[id] < 0;
      });
    }
    return outside;
  }

  // `condition` equates an expression over `self` alone with one without it.
  bool hash_key(const Expr& condition, RelationSet self, JoinKey* key) const {
    const auto* compare = condition.try_as<bind::CompareExpr>();
    if (compare == nullptr || compare->op != bind::CompareOp::Equal || compare->rules.size() != 1) return false;
    if ((compare->flags & bind::kHasSubquery) != 0 || !deterministic(*compare)) return false;
    const RelationSet left = p_.set_of(*compare->left);
    const RelationSet right = p_.set_of(*compare->right);
    const auto local = [&](const Expr& e) {
      bool all = true;
      for_each_relation(p_.plan, e, [&](const bind::Relation& relation) {
        const auto id = static_cast<std::size_t>(relation.id);
        all &= id < p_.item_of.size() && p_.item_of[id] >= 0;
      });
      return all;
    };
    if (left == self && (right & self) == 0 && local(*compare->left)) {
      *key = {compare->right, compare->left, compare->rules[0]};
      return true;
    }
    if (right == self && (left & self) == 0 && local(*compare->right)) {
      *key = {compare->left, compare->right, compare->rules[0]};
      return true;
    }
    return false;
  }

  // ---- order ----

  double rows_of_set(RelationSet set) const { return count_ <= kExactItems ? product_of(set) : log_product_of(set); }

  // rows_of_set() while orders are weighed, perhaps several times: what conditions are placed does not change then.
  double weighed_rows(RelationSet set) const {
    if (set_rows_.empty()) set_rows_.resize(std::size_t{1} << count_, kUnknown);
    double& rows = set_rows_[static_cast<std::size_t>(set)];
    if (rows == kUnknown) rows = rows_of_set(set);
    return rows;
  }

  double product_of(RelationSet set) const {
    double rows = 1;
    for (int i = 0; i < count_; ++i) {
      if ((set & one_relation(i)) != 0) rows *= region_.items[static_cast<std::size_t>(i)].table_rows;
    }
    for (std::size_t c = 0; c < conjuncts_.size(); ++c) {
      if ((conjuncts_[c].uses & ~set) == 0 && !placed_[c]) rows *= part_of(c);
    }
    return std::max(1.0, rows);
  }

  // In logarithms: the product of 64 tables is beyond a double before the conditions have made it small.
  double log_product_of(RelationSet set) const {
    double log_rows = 0;
    for (int i = 0; i < count_; ++i) {
      if ((set & one_relation(i)) != 0) log_rows += std::log2(region_.items[static_cast<std::size_t>(i)].table_rows);
    }
    for (std::size_t c = 0; c < conjuncts_.size(); ++c) {
      if ((conjuncts_[c].uses & ~set) == 0 && !placed_[c]) log_rows += std::log2(part_of(c));
    }
    constexpr double kMaxLog = 600;
    return std::exp2(std::clamp(log_rows, 0.0, kMaxLog));
  }

  // The sides of each condition that a hash table may serve: asked again for each order that is weighed.
  void find_equalities() {
    for (const Conjunct& c : conjuncts_) {
      if (c.derived || c.pinned) continue;
      for (int i = 0; i < count_; ++i) {
        JoinKey key{};
        const RelationSet self = one_relation(i);
        if ((c.uses & self) != 0 && hash_key(*c.expr, self, &key)) equalities_.push_back({self, c.uses & ~self});
      }
    }
  }

  bool hash_possible(int i, RelationSet before) const {
    for (const Equality& one : equalities_) {
      if (one.self == one_relation(i) && one.others != 0 && (one.others & ~before) == 0) return true;
    }
    return false;
  }

  const Way* best_way(int i, RelationSet before, double rows, double* cost) const {
    const Way* best = nullptr;
    *cost = kNever;
    if ((needs_of(i) & ~before) != 0) return nullptr;
    for (const Way& way : ways_[static_cast<std::size_t>(i)]) {
      if ((way.needs & ~before) != 0) continue;
      if (way.hash && (before == 0 || !hash_possible(i, before))) continue;
      const double c = way.setup + way.each * rows;
      if (c < *cost) {
        *cost = c;
        best = &way;
      }
    }
    return best;
  }

  // The cheapest order, perhaps one that begins with a given way. Empty: there is none.
  Vector<Step> choose(int first, const Way* first_way, double* cost) const {
    *cost = 0;
    if (count_ == 0) return {};
    if (count_ == 1) {
      const Way* way = first_way != nullptr ? first_way : best_way(0, 0, 1, cost);
      if (way == nullptr) return {};
      *cost = way->setup + way->each;
      return {Step{0, *way}};
    }
    if (count_ <= kExactItems && p_.on(Rewrite::JoinOrder)) return exact(first, first_way, cost);
    return greedy(first, first_way, cost);
  }

  Vector<Step> exact(int first, const Way* first_way, double* cost) const {
    struct State {
      double cost = kNever;
      int item = -1;
      const Way* way = nullptr;
    };
    const std::size_t sets = std::size_t{1} << count_;
    Vector<State> states(sets);
    states[0].cost = 0;
    for (std::size_t set = 0; set + 1 < sets; ++set) {
      if (states[set].cost >= kNever) continue;
      const double rows = set == 0 ? 1 : weighed_rows(set);
      for (int i = 0; i < count_; ++i) {
        if ((set & one_relation(i)) != 0) continue;
        double c = kNever;
        const Way* way = nullptr;
        if (set == 0 && first >= 0) {
          if (i != first) continue;
          way = first_way;
          c = way->setup + way->each;
        } else {
          way = best_way(i, set, rows, &c);
        }
        if (way == nullptr) continue;
        State& next = states[set | one_relation(i)];
        // Equal costs: as written.
        if (states[set].cost + c < next.cost) next = {states[set].cost + c, i, way};
      }
    }
    Vector<Step> steps;
    std::size_t set = sets - 1;
    *cost = states[set].cost;
    if (*cost >= kNever) return {};
    while (set != 0) {
      steps.push_back({states[set].item, *states[set].way});
      set &= ~static_cast<std::size_t>(one_relation(states[set].item));
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
  }

  Vector<Step> greedy(int first, const Way* first_way, double* cost) const {
    Vector<Step> steps;
    RelationSet before = 0;
    while (static_cast<int>(steps.size()) < count_) {
      const double rows = before == 0 ? 1 : rows_of_set(before);
      int best = -1;
      const Way* best_step = nullptr;
      double best_cost = kNever;
      double best_score = kNever;
      for (int i = 0; i < count_; ++i) {
        if ((before & one_relation(i)) != 0) continue;
        double c = kNever;
        const Way* way = nullptr;
        if (before == 0 && first >= 0) {
          if (i != first) continue;
          way = first_way;
          c = way->setup + way->each;
        } else {
          way = best_way(i, before, rows, &c);
        }
        if (way == nullptr) continue;
        const double score = c + rows_of_set(before | one_relation(i));
        if (score < best_score) {
          best = i;
          best_step = way;
          best_cost = c;
          best_score = score;
        }
        if (!p_.on(Rewrite::JoinOrder)) break;
      }
      if (best < 0) return {};
      *cost += best_cost;
      steps.push_back({best, *best_step});
      before |= one_relation(best);
    }
    return steps;
  }

  // ---- what order rows come in ----

  bool begins_order(int i, const Way& way) const {
    bool reverse = false;
    std::size_t at = 0;
    bool unique = false;
    return advance(i, way, &at, &reverse, &unique) && at > 0;
  }

  bool gives_order(const Vector<Step>& steps, bool* reverse) const {
    std::size_t at = 0;
    bool set = false;
    for (std::size_t s = 0; s < steps.size() && at < wanted_.size(); ++s) {
      bool unique = false;
      bool this_reverse = false;
      const std::size_t before = at;
      if (steps[s].way.hash) return false;
      if (!advance(steps[s].item, steps[s].way, &at, &this_reverse, &unique)) return false;
      // Only the first relation is read backwards; one that gives nothing may stand either way.
      if (at > before && s > 0 && this_reverse) return false;
      if (s == 0) {
        *reverse = this_reverse;
        set = true;
      }
      if (at >= wanted_.size()) return true;
      if (!unique) return false;
    }
    if (!set) *reverse = false;
    return at >= wanted_.size();
  }

  // Is the term the same for all rows that a path gives at once?
  bool fixed_term(const Expr& e, const AccessPath& path) const {
    if (is_constant(resolve(p_.plan, e))) return true;
    for (const Seek& seek : path.seeks) {
      if (seek.kind != Seek::Kind::Equal || seek.source == nullptr) continue;
      const auto* compare = seek.source->try_as<bind::CompareExpr>();
      if (compare == nullptr || compare->rules.size() != 1) continue;
      const bind::Collation* collation = compare->rules[0].collation;
      if (!same_collation(collation, nullptr)) continue;  // equal texts may differ
      if (same_expression(p_.plan, *compare->left, e) || same_expression(p_.plan, *compare->right, e)) return true;
    }
    return false;
  }

  // Moves *at past the terms that the path's own order satisfies. `unique`: the path's rows differ in those terms, so
  // that what follows is a matter of the next relation. False: a term is contradicted.
  bool advance(int i, const Way& way, std::size_t* at, bool* reverse, bool* unique) const {
    const Item& item = region_.items[static_cast<std::size_t>(i)];
    if (way.path == nullptr || item.relation == nullptr) return false;
    const AccessPath& path = *way.path;
    const bind::Relation& relation = *item.relation;
    if (path.kind == AccessKind::Source) {
      if (path.order_consumed && *at == 0) *at = wanted_.size();
      return path.order_consumed;
    }
    if (path.kind == AccessKind::MultiIndexOr) return false;
    const catalog::Table& table = *relation.table;
    // The next term, or any of the loose ones, that is as asked is moved to `*at`.
    const auto next_is = [&](const auto& asked) {
      for (std::size_t k = *at; k < wanted_.size(); ++k) {
        if (k > *at && *at < loose_from_) return false;
        if (!asked(wanted_[k])) continue;
        std::swap(wanted_[*at], wanted_[k]);
        return true;
      }
      return false;
    };
    const auto skip_fixed = [&] {
      while (next_is([&](const bind::OrderTerm& term) { return fixed_term(*term.expr, path); })) ++*at;
    };
    bool direction_set = false;
    // Is the term about this column of the order, compared as it is stored?
    const auto is_about = [&](const bind::OrderTerm& term, std::int32_t column, const Expr* expression,
                              std::string_view collation) {
      if (expression != nullptr) {
        if (!same_expression(p_.plan, *term.expr, *expression)) return false;
      } else {
        const bind::ColumnExpr* c = column_of(p_.plan, *term.expr);
        if (c == nullptr || c->relation != &relation) return false;
        const auto is_rowid = [&](std::int32_t x) {
          return !table.without_rowid && (x == catalog::kRowidColumn || x == table.rowid_alias);
        };
        if (c->column != column && !(is_rowid(c->column) && is_rowid(column))) return false;
      }
      return same_name(term.collation->name, collation);
    };
    // One column of the order: does the next term ask for it?
    const auto take = [&](std::int32_t column, const Expr* expression, std::string_view collation, bool descending,
                          bool may_be_null) {
      if (!next_is([&](const bind::OrderTerm& t) { return is_about(t, column, expression, collation); })) return false;
      const bind::OrderTerm& term = wanted_[*at];
      if (*at >= loose_from_) {
        ++*at;
        return true;
      }
      const bool backwards = term.descending != descending;
      if (may_be_null && term.nulls_first == term.descending) return false;
      if (direction_set && backwards != *reverse) return false;
      *reverse = backwards;
      direction_set = true;
      ++*at;
      return true;
    };

    skip_fixed();
    if (path.unique) {
      *unique = true;
      return true;
    }
    if (path.kind == AccessKind::RowidSeek) {
      *unique = true;
      if (path.seeks[0].kind == Seek::Kind::Equal) return true;
      if (*at >= wanted_.size()) return true;
      return take(catalog::kRowidColumn, nullptr, "BINARY", false, false);
    }
    if (path.kind == AccessKind::FullScan) {
      *unique = true;
      if (*at >= wanted_.size()) return true;
      if (!take(catalog::kRowidColumn, nullptr, "BINARY", false, false)) return false;
      // The rowid is unique: whatever is asked of this relation behind it is given.
      skip_own(relation, at);
      return true;
    }
    const catalog::Index& index = *path.index;
    bool all_taken = true;
    bool nullable = false;
    for (std::size_t k = 0; k < index.columns.size(); ++k) {
      skip_fixed();
      if (*at >= wanted_.size()) return true;
      const catalog::IndexColumn& column = index.columns[k];
      const bool sought = k < path.seeks.size();
      const bool one_value = sought && (path.seeks[k].kind == Seek::Kind::Equal || path.seeks[k].kind == Seek::Kind::IsNull);
      const Expr* expression = nullptr;
      if (column.column == catalog::kExpressionColumn) {
        if (relation.expressions == nullptr || index.is_table) return false;
        expression = relation.expressions->indexes[static_cast<std::size_t>(index.ordinal)].columns[k];
        if (expression == nullptr) return false;
      }
      const bool may_be_null = column.column == catalog::kExpressionColumn ||
                               (column.column >= 0 && column.column != table.rowid_alias &&
                                !table.columns[static_cast<std::size_t>(column.column)].not_null);
      if (k < index.key_columns) nullable |= may_be_null && !sought;
      if (one_value) {
        // Compared with more than BINARY care the column may still vary; then it must be asked for to go on.
        if (take(column.column, expression, column.collation, column.descending, may_be_null)) continue;
        continue;
      }
      if (sought) {
        // Each of several values: they are met as the index has them.
        if (!take(column.column, expression, column.collation, column.descending, false)) return false;
        continue;
      }
      if (!take(column.column, expression, column.collation, column.descending, may_be_null)) {
        all_taken = false;
        if (k >= index.key_columns && index.unique && !nullable) break;
        return false;
      }
    }
    skip_fixed();
    *unique = all_taken || index.unique;
    if (*at < wanted_.size() && *unique) skip_own(relation, at);
    return true;
  }
  void skip_own(const bind::Relation& relation, std::size_t* at) const {
    while (*at < wanted_.size()) {
      bool own = true;
      bool any = false;
      for_each_relation(p_.plan, *wanted_[*at].expr, [&](const bind::Relation& r) {
        own &= &r == &relation;
        any = true;
      });
      if (!own || !any || !deterministic(*wanted_[*at].expr)) return;
      ++*at;
    }
  }
  static bool same_name(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    if (left == right) return true;
    for (std::size_t i = 0; i < left.size(); ++i) {
      const auto fold = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
      if (fold(left[i]) != fold(right[i])) return false;
    }
    return true;
  }

  // ---- operators ----

  // Conditions not yet placed that can be evaluated once `available` stands. Those that must not move come last of all.
  Vector<const Expr*> take_conditions(RelationSet available, bool last) {
    Vector<const Expr*> list;
    for (std::size_t c = 0; c < conjuncts_.size(); ++c) {
      if (placed_[c] || (conjuncts_[c].uses & ~available) != 0) continue;
      if (conjuncts_[c].derived) {
        placed_[c] = true;
        continue;
      }
      if (conjuncts_[c].pinned && !last) continue;
      placed_[c] = true;
      list.push_back(conjuncts_[c].expr);
    }
    return list;
  }

  Result<JoinResult> build(bool ordered) {
    const Operator* op = nullptr;
    Vector<const Expr*> constant;
    for (std::size_t c = 0; c < conjuncts_.size(); ++c) {
      if (conjuncts_[c].uses != 0 || conjuncts_[c].pinned || placed_[c]) continue;
      placed_[c] = true;
      if (!conjuncts_[c].derived) constant.push_back(conjuncts_[c].expr);
    }
    const Operator* guard = nullptr;
    if (!constant.empty() || count_ == 0) {
      auto* one = p_.make<OneRow>(1, 0);
      guard = p_.filter(one, constant);
    }
    RelationSet available = 0;
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      const Step& step = steps_[s];
      const Item& item = region_.items[static_cast<std::size_t>(step.item)];
      const RelationSet self = one_relation(step.item);
      const bool last = s + 1 == steps_.size();
      if (item.right != nullptr) {
        op = left_join(op, step.item, item);
        available |= self;
        op = p_.filter(op, take_conditions(available, last));
        continue;
      }
      if (step.way.hash) {
        PL_ASSIGN(op, hash_join(op, step, available));
        available |= self;
        op = p_.filter(op, take_conditions(available, last));
        continue;
      }
      const Operator* leaf = leaf_of(step, s == 0);
      available |= self;
      if (step.way.path != nullptr) {
        for (const std::int32_t c : step.way.path->used) placed_[static_cast<std::size_t>(c)] = true;
      }
      leaf = p_.filter(leaf, take_conditions(available, last));
      if (op == nullptr) {
        op = leaf;
      } else {
        auto* loop = p_.make<NestedLoop>(rows_of_set(available), op->cost + op->rows * leaf->cost);
        loop->left = op;
        loop->right = leaf;
        loop->right_relations = p_.arena.copy_array(item.relations);
        op = loop;
      }
    }
    if (op == nullptr) {
      op = p_.filter(guard, take_conditions(available, true));
    } else if (guard != nullptr) {
      auto* loop = p_.make<NestedLoop>(op->rows, op->cost);
      loop->left = guard;
      loop->right = op;
      op = loop;
    }
    return JoinResult{op, ordered};
  }

  const Operator* leaf_of(const Step& step, bool first) {
    const Item& item = region_.items[static_cast<std::size_t>(step.item)];
    if (item.fixed != nullptr) return item.fixed;
    const bind::Relation& relation = *item.relation;
    if (step.way.path != nullptr) {
      const AccessPath* path = step.way.path;
      const bool unordered = wanted_.empty() && p_.options.reverse_unordered_selects && first && outermost_;
      if ((first && reverse_) || (unordered && path->kind != AccessKind::Source)) {
        AccessPath* reversed = p_.arena.make<AccessPath>(*path);
        reversed->reverse = true;
        path = reversed;
      }
      auto* scan = p_.make<Scan>(path->rows, path->cost);
      scan->relation = &relation;
      scan->path = path;
      return scan;
    }
    if (item.derived != nullptr) {
      auto* derived = p_.make<Derived>(item.derived->rows, item.derived->cost);
      derived->relation = &relation;
      derived->query = item.derived;
      derived->once = item.derived->once;
      const bool correlated = !p_.frames.empty() && p_.frames.back()->select->correlated;
      derived->kept = !first || !outermost_ || (correlated && derived->once);
      return derived;
    }
    if (relation.kind == bind::RelationKind::RecursiveStep) {
      auto* scan = p_.make<RecursiveScan>(1, 0);
      scan->relation = &relation;
      return scan;
    }
    auto* scan = p_.make<CommonTableScan>(item.table_rows, item.table_rows);
    scan->relation = &relation;
    return scan;
  }

  const Operator* left_join(const Operator* left, int index, const Item& item) {
    if (left == nullptr) {
      // The left side was flattened away to a single row.
      left = p_.make<OneRow>(1, 0);
    }
    for (const auto& [i, hash] : left_hash_) {
      if (i != index) continue;
      hash->left = left;
      hash->rows = left->rows;
      hash->cost += left->cost + left->rows * 2;
      hash->left_relations = {};
      return hash;
    }
    const Operator* right = ops_[static_cast<std::size_t>(index)];
    auto* loop = p_.make<NestedLoop>(left->rows * std::max(1.0, right->rows), left->cost + left->rows * right->cost);
    loop->left = left;
    loop->right = right;
    loop->join = bind::JoinKind::Left;
    loop->right_relations = p_.arena.copy_array(item.relations);
    loop->null_flag = item.null_flag;
    return loop;
  }

  Result<const Operator*> hash_join(const Operator* left, const Step& step, RelationSet available) {
    const Item& item = region_.items[static_cast<std::size_t>(step.item)];
    const RelationSet self = one_relation(step.item);
    Vector<JoinKey> keys;
    Vector<const Expr*> own;
    for (std::size_t c = 0; c < conjuncts_.size(); ++c) {
      JoinKey key{};
      const Conjunct& conjunct = conjuncts_[c];
      if (placed_[c] || conjunct.pinned) continue;
      if (conjunct.derived) {
        if (conjunct.uses == self) placed_[c] = true;
        continue;
      }
      if (conjunct.uses == self) continue;
      if ((conjunct.uses & self) != 0 && (conjunct.uses & available) != 0 &&
          (conjunct.uses & ~(available | self)) == 0 && hash_key(*conjunct.expr, self, &key)) {
        keys.push_back(key);
        placed_[c] = true;
      }
    }
    const Operator* build = leaf_of(step, true);
    if (const auto* derived = build->try_as<Derived>(); derived != nullptr) {
      const_cast<Derived*>(derived)->kept = false;
    }
    if (step.way.path != nullptr) {
      for (const std::int32_t c : step.way.path->used) {
        own.push_back(conjuncts_[static_cast<std::size_t>(c)].expr);
        placed_[static_cast<std::size_t>(c)] = true;
      }
    }
    Vector<const Expr*> filters = take_conditions(self, false);
    own.insert(own.end(), filters.begin(), filters.end());
    build = p_.filter(build, filters);
    auto* hash = p_.make<HashJoin>(rows_of_set(available | self), left->cost + left->rows + build->cost + build->rows * 2.5);
    hash->left = left;
    hash->right = build;
    hash->keys = p_.arena.copy_array(keys);
    hash->right_relations = p_.arena.copy_array(item.relations);
    hash->once = !looks_outside(own) && same_rows(item);
    return hash;
  }

  Planning& p_;
  Region& region_;
  mutable Vector<bind::OrderTerm> wanted_;  // from loose_from_ on in whatever sequence: advance() moves the next one up
  bool outermost_;
  std::size_t loose_from_;
  int count_ = 0;
  Vector<Conjunct> conjuncts_;
  mutable Vector<double> selectivity_;  // of the conjuncts, once it was asked for
  mutable Vector<double> set_rows_;     // weighed_rows()
  Vector<bool> placed_;
  Vector<Vector<Way>> ways_;
  struct Equality {
    RelationSet self;    // one item: an expression over it alone equals
    RelationSet others;  // one over these
  };
  Vector<Equality> equalities_;
  Vector<const Operator*> ops_;
  struct LeftHash {
    int item;
    HashJoin* join;
  };
  Vector<LeftHash> left_hash_;
  Vector<Step> steps_;
  bool reverse_ = false;
};

namespace {

bool is_plain_number(const Expr& expr) {
  if (expr.kind == ExprKind::Parameter) return true;
  const auto* literal = expr.try_as<bind::LiteralExpr>();
  return literal != nullptr && literal->value.type == ValueType::Integer;
}

}  // namespace

// A row that is asked for by its rowid, in as many words, is found in no better way: there is nothing to weigh. Null
// where more is asked.
const Operator* Planning::one_row(const Region& region) {
  if (region.items.size() != 1 || !on(Rewrite::IndexAccess) || options.reverse_unordered_selects) return nullptr;
  const Item& item = region.items[0];
  const bind::Relation* const relation = item.relation;
  if (relation == nullptr || relation->kind != bind::RelationKind::Table || item.right != nullptr ||
      item.fixed != nullptr || item.needs != 0 || relation->table->without_rowid ||
      relation->hint != sql::IndexHint::None) {
    return nullptr;
  }
  const bind::CompareExpr* found = nullptr;
  for (const Expr* condition : region.conditions) {
    constexpr unsigned kElsewhere = bind::kHasSubquery | bind::kNotDeterministic | bind::kIsConstant;
    if ((condition->flags & kElsewhere) != 0) return nullptr;
    const auto* compare = condition->try_as<bind::CompareExpr>();
    if (compare == nullptr || compare->op != bind::CompareOp::Equal || compare->rules.size() != 1) continue;
    const auto* column = compare->left->try_as<bind::ColumnExpr>();
    if (column == nullptr || column->relation != relation || !is_plain_number(*compare->right) ||
        !record::is_numeric(compare->rules[0].affinity)) {
      continue;
    }
    if (column->column == catalog::kRowidColumn || column->column == relation->table->rowid_alias) found = compare;
  }
  if (found == nullptr) return nullptr;
  Seek seek;
  seek.value = found->right;
  seek.affinity = bind::Affinity::Integer;
  seek.source = found;
  auto* path = arena.make<AccessPath>();
  path->kind = AccessKind::RowidSeek;
  path->seeks = arena.copy_array(std::span<const Seek>(&seek, 1));
  path->unique = true;
  path->rows = 1;
  path->cost = kSeekCost;
  auto* scan = make<Scan>(path->rows, path->cost);
  scan->relation = relation;
  scan->path = path;
  if (region.conditions.size() == 1) return scan;
  Vector<const Expr*> others;
  others.reserve(region.conditions.size());
  for (const Expr* condition : region.conditions) {
    if (condition != found) others.push_back(condition);
  }
  return filter(scan, others);
}

Result<JoinResult> Planning::join(Region& region, OrderList wanted, bool outermost, std::size_t loose_from) {
  if (region.items.empty() && region.conditions.empty()) return JoinResult{make<OneRow>(1, 0), false};
  if (wanted.empty()) {
    if (const Operator* const row = one_row(region)) return JoinResult{row, false};
  }
  return JoinPlanner(*this, region, wanted, outermost, loose_from).run();
}

}  // namespace perlite::plan
