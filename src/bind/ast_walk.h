// bind/ast_walk.h: every expression and FROM item of a tree, without knowing what names mean and without the C stack.
#pragma once

#include "base/arena_containers.h"
#include "sql/ast.h"

namespace perlite::bind {

// Lists of this layer live in the arena of the statement.
using arena_containers::HashMap;
using arena_containers::Vector;

// Visits nodes in no promised order. `on_expr` and `on_item` are called with each node once; queries inside are
// followed.
template <class OnExpr, class OnItem>
class AstWalk {
 public:
  AstWalk(OnExpr on_expr, OnItem on_item) : on_expr_(on_expr), on_item_(on_item) {}

  void run(const sql::Expr* expr) {
    add(expr);
    drain();
  }
  void run(const sql::Select* select) {
    add(select);
    drain();
  }
  void run(const sql::FromClause* from) {
    add(from);
    drain();
  }

 private:
  void add(const sql::Expr* expr) {
    if (expr != nullptr) exprs_.push_back(expr);
  }
  void add(sql::ExprList list) {
    for (const sql::Expr* expr : list) add(expr);
  }
  void add(sql::OrderList list) {
    for (const sql::OrderTerm& term : list) add(term.expr);
  }
  void add(const sql::Select* select) {
    if (select != nullptr) selects_.push_back(select);
  }
  void add(const sql::FromClause* from) {
    if (from != nullptr) clauses_.push_back(from);
  }
  void add(const sql::WindowDefinition* window) {
    if (window == nullptr) return;
    add(window->partition_by);
    add(window->order_by);
    if (window->frame == nullptr) return;
    add(window->frame->start.offset);
    add(window->frame->end.offset);
  }

  void drain() {
    for (;;) {
      if (!exprs_.empty()) {
        const sql::Expr* expr = exprs_.back();
        exprs_.pop_back();
        visit(*expr);
      } else if (!clauses_.empty()) {
        const sql::FromClause* clause = clauses_.back();
        clauses_.pop_back();
        for (const sql::FromItem& item : clause->items) {
          on_item_(item);
          add(item.arguments);
          add(item.select);
          add(item.nested);
          add(item.on);
        }
      } else if (!selects_.empty()) {
        const sql::Select* select = selects_.back();
        selects_.pop_back();
        visit(*select);
      } else {
        return;
      }
    }
  }

  void visit(const sql::Select& select) {
    if (select.with != nullptr) {
      for (const sql::CommonTable& table : select.with->tables) add(table.select);
    }
    for (const sql::CompoundArm& arm : select.arms) {
      const sql::SelectCore& core = *arm.core;
      for (const sql::ResultColumn& column : core.columns) add(column.expr);
      add(core.from);
      add(core.where);
      add(core.group_by);
      add(core.having);
      for (const sql::WindowDefinition& window : core.windows) add(&window);
      for (const sql::ExprList& row : core.rows) add(row);
    }
    add(select.order_by);
    add(select.limit);
    add(select.offset);
  }

  void visit(const sql::Expr& expr) {
    on_expr_(expr);
    switch (expr.kind) {
      case sql::ExprKind::Literal:
      case sql::ExprKind::Variable:
      case sql::ExprKind::Column:
        return;
      case sql::ExprKind::Unary:
        return add(expr.as<sql::UnaryExpr>().operand);
      case sql::ExprKind::Binary:
        add(expr.as<sql::BinaryExpr>().left);
        return add(expr.as<sql::BinaryExpr>().right);
      case sql::ExprKind::Like:
        add(expr.as<sql::LikeExpr>().left);
        add(expr.as<sql::LikeExpr>().right);
        return add(expr.as<sql::LikeExpr>().escape);
      case sql::ExprKind::Between:
        add(expr.as<sql::BetweenExpr>().operand);
        add(expr.as<sql::BetweenExpr>().low);
        return add(expr.as<sql::BetweenExpr>().high);
      case sql::ExprKind::In:
        add(expr.as<sql::InExpr>().operand);
        add(expr.as<sql::InExpr>().list);
        return add(expr.as<sql::InExpr>().select);
      case sql::ExprKind::NullTest:
        return add(expr.as<sql::NullTestExpr>().operand);
      case sql::ExprKind::Collate:
        return add(expr.as<sql::CollateExpr>().operand);
      case sql::ExprKind::Cast:
        return add(expr.as<sql::CastExpr>().operand);
      case sql::ExprKind::Case:
        add(expr.as<sql::CaseExpr>().operand);
        for (const sql::CaseBranch& branch : expr.as<sql::CaseExpr>().branches) {
          add(branch.when);
          add(branch.then);
        }
        return add(expr.as<sql::CaseExpr>().otherwise);
      case sql::ExprKind::Function:
        add(expr.as<sql::FunctionExpr>().arguments);
        add(expr.as<sql::FunctionExpr>().order_by);
        add(expr.as<sql::FunctionExpr>().filter);
        return add(expr.as<sql::FunctionExpr>().over);
      case sql::ExprKind::Subquery:
        return add(expr.as<sql::SubqueryExpr>().select);
      case sql::ExprKind::Exists:
        return add(expr.as<sql::ExistsExpr>().select);
      case sql::ExprKind::RowValue:
        return add(expr.as<sql::RowValueExpr>().elements);
      case sql::ExprKind::Raise:
        return add(expr.as<sql::RaiseExpr>().message);
    }
  }

  OnExpr on_expr_;
  OnItem on_item_;
  Vector<const sql::Expr*> exprs_;
  Vector<const sql::Select*> selects_;
  Vector<const sql::FromClause*> clauses_;
};

}  // namespace perlite::bind
