// What is known or guessed about sizes.
#include <algorithm>

#include "plan/planning.h"

namespace perlite::plan {

using bind::Expr;
using bind::ExprKind;

const catalog::TreeStatistics* Planning::statistics_of(const bind::Relation& relation,
                                                       const catalog::Index* index) const {
  if (relation.database < 0) return nullptr;
  auto placement = environment.placement(relation.database);
  if (!placement.ok() || placement.value() == nullptr) return nullptr;
  const catalog::EntryId entry = index != nullptr ? index->entry : relation.table->entry;
  return placement.value()->statistics_of(entry);
}

double Planning::rows_of(const bind::Relation& relation) const {
  switch (relation.kind) {
    case bind::RelationKind::Table: {
      auto placement = relation.database < 0 ? Result<const catalog::Placement*>(nullptr)
                                             : environment.placement(relation.database);
      if (!placement.ok() || placement.value() == nullptr || placement.value()->statistics.empty()) return kDefaultRows;
      if (const auto* s = statistics_of(relation, nullptr)) return static_cast<double>(s->rows) + 1;
      for (const catalog::Index* index : relation.table->indexes) {
        if (index->where != nullptr) continue;
        if (const auto* s = statistics_of(relation, index)) return static_cast<double>(s->rows) + 1;
      }
      return kDefaultRows;
    }
    case bind::RelationKind::Source:
      return 25;
    default:
      return 1000;
  }
}

namespace {

double field_width(const catalog::Table& table, std::int32_t column) {
  if (column == catalog::kExpressionColumn) return 3;
  if (column < 0) return 1;
  return record::is_numeric(table.columns[static_cast<std::size_t>(column)].affinity) ? 1 : 3;
}

}  // namespace

double entry_width(const catalog::Table& table, const catalog::Index& index) {
  double width = 0;
  for (const catalog::IndexColumn& column : index.columns) width += field_width(table, column.column);
  return width;
}

double row_width(const catalog::Table& table) {
  double width = 1;
  for (std::size_t c = 0; c < table.columns.size(); ++c) width += field_width(table, static_cast<std::int32_t>(c));
  return width;
}

double selectivity(const Planning& planning, const Conjunct& conjunct) {
  const Expr& expr = *conjunct.expr;
  if (conjunct.derived) return 1;
  const auto distinct_part = [&](const Expr& side) -> double {
    const bind::ColumnExpr* column = column_of(planning.plan, side);
    if (column == nullptr || column->relation->kind != bind::RelationKind::Table) return 0.1;
    const bind::Relation& relation = *column->relation;
    const double rows = planning.rows_of(relation);
    if (column->column < 0 || column->column == relation.table->rowid_alias) return 1 / rows;
    double best = 0.1;
    const auto look = [&](const catalog::Index& index) {
      if (index.columns.empty() || index.columns[0].column != column->column || index.where != nullptr) return;
      if (const auto* s = planning.statistics_of(relation, &index); s != nullptr && !s->average_equal.empty()) {
        best = std::min(best, static_cast<double>(s->average_equal[0]) / rows);
      } else if (index.unique && index.key_columns == 1) {
        best = std::min(best, 1 / rows);
      } else {
        best = std::min(best, 10 / rows);
      }
    };
    for (const catalog::Index* index : relation.table->indexes) look(*index);
    if (relation.table->primary_key != nullptr) look(*relation.table->primary_key);
    return best;
  };
  switch (expr.kind) {
    case ExprKind::Compare: {
      const auto& compare = expr.as<bind::CompareExpr>();
      switch (compare.op) {
        case bind::CompareOp::Equal:
        case bind::CompareOp::Is:
          return std::min(distinct_part(*compare.left), distinct_part(*compare.right));
        case bind::CompareOp::NotEqual:
        case bind::CompareOp::IsNot:
          return 0.9;
        default:
          return 0.3;
      }
    }
    case ExprKind::InList: {
      const auto& in = expr.as<bind::InListExpr>();
      if (in.negated) return 0.9;
      return std::min(0.9, distinct_part(*in.operand) * static_cast<double>(in.list.size()));
    }
    case ExprKind::InSelect: {
      const auto& in = expr.as<bind::InSelectExpr>();
      return in.negated ? 0.9 : std::min(0.5, distinct_part(*in.operand) * 25);
    }
    case ExprKind::Between:
      return expr.as<bind::BetweenExpr>().negated ? 0.9 : 0.1;
    case ExprKind::Unary:
      return expr.as<bind::UnaryExpr>().op == bind::UnaryOp::IsNull ? 0.1 : 0.9;
    case ExprKind::Function: {
      const vm::FunctionDef& function = *expr.as<bind::FunctionExpr>().function;
      return function.has(vm::kLike) || function.has(vm::kGlob) ? 0.1 : 0.5;
    }
    case ExprKind::Binary:
      if (expr.as<bind::BinaryExpr>().op == bind::BinaryOp::Or) {
        const auto& binary = expr.as<bind::BinaryExpr>();
        const double either = selectivity(planning, Conjunct{binary.left}) + selectivity(planning, Conjunct{binary.right});
        return std::min(0.95, either);
      }
      return 0.5;
    default:
      return 0.75;
  }
}

}  // namespace perlite::plan
