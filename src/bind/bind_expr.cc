// Expressions, bound from their leaves upward.
//
// bind_expr() walks the tree with frames_ instead of the C stack: a node's operands are bound first and wait on
// values_; then finish_frame() makes the node of them. Only queries inside an expression recurse. Aggregate and window
// calls change what their arguments may hold: begin_call() and finish_call() bracket them (bind_function.cc).
#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/deep_stack.h"
#include "bind/binding.h"
#include "sqlite3.h"

namespace perlite::bind {
namespace {

constexpr std::uint16_t kInherited = kHasColumn | kHasOuterColumn | kHasSubquery | kHasAggregate | kHasWindow |
                                     kNotDeterministic | kHasParameter | kCallsUserCode;
constexpr std::uint16_t kVariable = kHasColumn | kHasSubquery | kHasAggregate | kHasWindow | kNotDeterministic;

BinaryOp arithmetic(sql::BinaryOp op) {
  switch (op) {
    case sql::BinaryOp::Or:
      return BinaryOp::Or;
    case sql::BinaryOp::And:
      return BinaryOp::And;
    case sql::BinaryOp::BitAnd:
      return BinaryOp::BitAnd;
    case sql::BinaryOp::BitOr:
      return BinaryOp::BitOr;
    case sql::BinaryOp::ShiftLeft:
      return BinaryOp::ShiftLeft;
    case sql::BinaryOp::ShiftRight:
      return BinaryOp::ShiftRight;
    case sql::BinaryOp::Add:
      return BinaryOp::Add;
    case sql::BinaryOp::Subtract:
      return BinaryOp::Subtract;
    case sql::BinaryOp::Multiply:
      return BinaryOp::Multiply;
    case sql::BinaryOp::Divide:
      return BinaryOp::Divide;
    case sql::BinaryOp::Modulo:
      return BinaryOp::Remainder;
    default:
      return BinaryOp::Concat;
  }
}

bool comparison(sql::BinaryOp op, CompareOp* out) {
  switch (op) {
    case sql::BinaryOp::Equal:
      *out = CompareOp::Equal;
      return true;
    case sql::BinaryOp::NotEqual:
      *out = CompareOp::NotEqual;
      return true;
    case sql::BinaryOp::Less:
      *out = CompareOp::Less;
      return true;
    case sql::BinaryOp::LessEqual:
      *out = CompareOp::LessEqual;
      return true;
    case sql::BinaryOp::Greater:
      *out = CompareOp::Greater;
      return true;
    case sql::BinaryOp::GreaterEqual:
      *out = CompareOp::GreaterEqual;
      return true;
    case sql::BinaryOp::Is:
    case sql::BinaryOp::IsNotDistinctFrom:
      *out = CompareOp::Is;
      return true;
    case sql::BinaryOp::IsNot:
    case sql::BinaryOp::IsDistinctFrom:
      *out = CompareOp::IsNot;
      return true;
    default:
      return false;
  }
}

// Columns of a value: of a row or of a query that gives one.
std::size_t width_of(const Expr* expr) {
  if (const auto* row = expr->try_as<RowExpr>()) return row->elements.size();
  if (const auto* query = expr->try_as<ScalarSubqueryExpr>()) return query->select->columns.size();
  return 1;
}

// What field `i` of a row value is, as far as affinity and collation go.
const Expr* field_of(const Expr* expr, std::size_t i) {
  if (const auto* row = expr->try_as<RowExpr>()) return row->elements[i];
  if (const auto* query = expr->try_as<ScalarSubqueryExpr>(); query != nullptr && query->select->columns.size() > 1) {
    return query->select->columns[i].expr;
  }
  return expr;
}

const sql::LiteralExpr* negated_integer(const sql::Expr* node) {
  const auto* unary = node->try_as<sql::UnaryExpr>();
  if (unary == nullptr || unary->op != sql::UnaryOp::Minus) return nullptr;
  const auto* literal = unary->operand->try_as<sql::LiteralExpr>();
  return literal != nullptr && literal->literal == sql::LiteralKind::Integer ? literal : nullptr;
}

// Whether the operand of a minus is a real literal as it is written, perhaps behind plus signs.
bool is_real_literal(const sql::Expr* node) {
  while (const auto* unary = node->try_as<sql::UnaryExpr>()) {
    if (unary->op != sql::UnaryOp::Plus) return false;
    node = unary->operand;
  }
  const auto* literal = node->try_as<sql::LiteralExpr>();
  return literal != nullptr && literal->literal == sql::LiteralKind::Float;
}

constexpr bool is_json_arrow(sql::BinaryOp op) { return op == sql::BinaryOp::JsonArrow || op == sql::BinaryOp::JsonDoubleArrow; }
constexpr bool is_current_moment(sql::LiteralKind kind) {
  return kind == sql::LiteralKind::CurrentDate || kind == sql::LiteralKind::CurrentTime || kind == sql::LiteralKind::CurrentTimestamp;
}

}  // namespace

// --------------------------------------------------------------------------------------------------------- new nodes

void Binder::inherit(Expr& expr, const Expr* operand) {
  if (operand == nullptr) return;
  expr.flags = static_cast<std::uint16_t>(expr.flags | (operand->flags & kInherited));
  expr.height = std::max(expr.height, operand->height + 1);
  // A COLLATE inside an operand is one of the whole; the leftmost counts.
  if ((operand->flags & kExplicitCollation) != 0 && (expr.flags & kExplicitCollation) == 0) {
    expr.flags |= kExplicitCollation;
    expr.collation = operand->collation;
  }
}

void Binder::seal(Expr& expr) {
  if ((expr.flags & kVariable) == 0) expr.flags |= kIsConstant;
}

LiteralExpr* Binder::new_literal(Span span) {
  auto* expr = arena_.make<LiteralExpr>();
  expr->kind = ExprKind::Literal;
  expr->span = span;
  expr->flags = kIsConstant;
  return expr;
}

const Expr* Binder::text_literal(std::string_view utf8, Span span) {
  LiteralExpr* expr = new_literal(span);
  if (encoding_ == TextEncoding::Utf8) {
    expr->value.set_text_borrowed(utf8);
    return expr;
  }
  OwnedValue value;
  value->set_text_copy(utf8);
  value->convert_to_text(encoding_);
  expr->value.set_text_borrowed(arena_.copy_text(value->bytes()), encoding_);
  return expr;
}

const Expr* Binder::integer_literal(std::int64_t value, Span span) {
  LiteralExpr* expr = new_literal(span);
  expr->value.set_integer(value);
  return expr;
}

const Expr* Binder::null_literal(Span span) { return new_literal(span); }

const Expr* Binder::unary(UnaryOp op, const Expr* operand, Span span) {
  auto* expr = arena_.make<UnaryExpr>();
  expr->kind = ExprKind::Unary;
  expr->span = span;
  expr->op = op;
  expr->operand = operand;
  inherit(*expr, operand);
  // A column behind plus signs keeps its collation, not its affinity.
  if (op == UnaryOp::Plus && expr->collation == nullptr) expr->collation = operand->collation;
  seal(*expr);
  return expr;
}

const Expr* Binder::binary(BinaryOp op, const Expr* left, const Expr* right, Span span) {
  auto* expr = arena_.make<BinaryExpr>();
  expr->kind = ExprKind::Binary;
  expr->span = span;
  expr->op = op;
  expr->left = left;
  expr->right = right;
  inherit(*expr, left);
  inherit(*expr, right);
  seal(*expr);
  return expr;
}

const Expr* Binder::conjunction(const Expr* left, const Expr* right) {
  if (left == nullptr || right == nullptr) return left != nullptr ? left : right;
  return binary(BinaryOp::And, left, right, Span{left->span.begin, right->span.end});
}

bool Binder::must_be_scalar(const Expr* expr) {
  if (expr->kind == ExprKind::Row) return error("row value misused");
  if (const auto* query = expr->try_as<ScalarSubqueryExpr>(); query != nullptr && query->select->columns.size() != 1) {
    const int columns = static_cast<int>(query->select->columns.size());
    return fail(Status::format(Code::Error, -1, "sub-select returns %d columns - expected 1", columns));
  }
  return true;
}

// Which affinity and collation a comparison of the two uses (datatype3.html 4.2, 7.1).
bool Binder::rule_for(const Expr* left, const Expr* right, ComparisonRule* rule) {
  const Affinity a = left->affinity, b = right->affinity;
  if (a != Affinity::None && b != Affinity::None) {
    rule->affinity = record::is_numeric(a) || record::is_numeric(b) ? Affinity::Numeric : Affinity::None;
  } else {
    const Affinity one = a != Affinity::None ? a : b;
    rule->affinity = record::is_numeric(one) ? Affinity::Numeric
                     : one == Affinity::Text ? Affinity::Text
                                             : Affinity::None;
  }
  const Collation* collation = nullptr;
  if ((left->flags & kExplicitCollation) != 0) {
    collation = left->collation;
  } else if ((right->flags & kExplicitCollation) != 0) {
    collation = right->collation;
  } else {
    collation = left->collation != nullptr ? left->collation : right->collation;
  }
  rule->collation = usable(collation);
  return rule->collation != nullptr;
}

bool Binder::rules_for(const Expr* left, const Expr* right, std::size_t width,
                       std::span<const ComparisonRule>* rules) {
  std::span<ComparisonRule> all = arena_.make_array<ComparisonRule>(width);
  *rules = all;
  for (std::size_t i = 0; i < width; ++i) {
    if (!rule_for(field_of(left, i), field_of(right, i), &all[i])) return false;
  }
  return true;
}

const Expr* Binder::compare(CompareOp op, const Expr* left, const Expr* right, Span span) {
  const std::size_t left_width = width_of(left), right_width = width_of(right);
  if (left_width != right_width || left_width == 0) {
    if (left_width == 1 && right->kind == ExprKind::Row && !span.empty()) {
      error_at(left->span, "row value misused");
    } else {
      error("row value misused");
    }
    return nullptr;
  }
  auto* expr = arena_.make<CompareExpr>();
  expr->kind = ExprKind::Compare;
  expr->span = span;
  expr->op = op;
  expr->left = left;
  expr->right = right;
  if (!rules_for(left, right, left_width, &expr->rules)) return nullptr;
  inherit(*expr, left);
  inherit(*expr, right);
  seal(*expr);
  return expr;
}

// ------------------------------------------------------------------------------------------------------------ leaves

bool Binder::is_leaf(const sql::Expr* node) const {
  switch (node->kind) {
    case sql::ExprKind::Literal:
    case sql::ExprKind::Variable:
    case sql::ExprKind::Column:
    case sql::ExprKind::Subquery:
    case sql::ExprKind::Exists:
      return true;
    case sql::ExprKind::Unary:
      return negated_integer(node) != nullptr;
    default:
      return false;
  }
}

const Expr* Binder::bind_leaf(const sql::Expr* node) {
  switch (node->kind) {
    case sql::ExprKind::Literal:
      return bind_literal(node->as<sql::LiteralExpr>(), false, node->span);
    case sql::ExprKind::Unary:
      return bind_literal(*negated_integer(node), true, node->span);
    case sql::ExprKind::Column:
      return bind_column(node->as<sql::ColumnExpr>());
    case sql::ExprKind::Subquery:
      return bind_subquery(node->as<sql::SubqueryExpr>());
    case sql::ExprKind::Exists:
      return bind_exists(node->as<sql::ExistsExpr>());
    default:
      break;
  }
  if (place_->prohibits != nullptr) {
    error_at(node->span, "parameters prohibited in %.*s", std::string_view(place_->prohibits));
    return nullptr;
  }
  // Only a damaged or edited schema holds one; nothing is ever bound to it.
  if (place_->in_view) {
    error("parameters are not allowed in views");
    return nullptr;
  }
  if (place_->in_schema) return null_literal(node->span);
  auto* expr = arena_.make<ParameterExpr>();
  expr->kind = ExprKind::Parameter;
  expr->span = node->span;
  expr->number = static_cast<std::int32_t>(node->as<sql::VariableExpr>().number);
  expr->flags = kHasParameter | kIsConstant;
  return expr;
}

const Expr* Binder::bind_literal(const sql::LiteralExpr& node, bool negative, Span span) {
  switch (node.literal) {
    case sql::LiteralKind::Null:
      return null_literal(span);
    case sql::LiteralKind::String:
      return text_literal(node.text, span);
    case sql::LiteralKind::Blob: {
      LiteralExpr* expr = new_literal(span);
      expr->value.set_blob_borrowed(node.text);
      return expr;
    }
    case sql::LiteralKind::HexInteger: {
      std::uint64_t value = 0;
      const char* end = node.text.data() + node.text.size();
      const auto result = std::from_chars(node.text.data() + 2, end, value, 16);
      if (result.ec != std::errc() || result.ptr != end) {
        error_at(span, "hex literal too big: %.*s", node.text);
        return nullptr;
      }
      return integer_literal(static_cast<std::int64_t>(value), span);
    }
    case sql::LiteralKind::Integer: {
      std::uint64_t value = 0;
      const char* end = node.text.data() + node.text.size();
      const auto result = std::from_chars(node.text.data(), end, value, 10);
      constexpr std::uint64_t kMost = 0x7fffffffffffffffu;
      if (result.ec == std::errc() && value <= kMost + (negative ? 1u : 0u)) {
        return integer_literal(static_cast<std::int64_t>(negative ? 0 - value : value), span);
      }
      [[fallthrough]];
    }
    case sql::LiteralKind::Float: {
      OwnedValue number;
      number->set_text_borrowed(node.text);
      LiteralExpr* expr = new_literal(span);
      const double value = record::to_real(*number);
      expr->value.set_real(negative ? -value : value);
      return expr;
    }
    case sql::LiteralKind::CurrentDate:
    case sql::LiteralKind::CurrentTime:
    case sql::LiteralKind::CurrentTimestamp:
      break;
  }
  // The words are constant within a step only; the functions of dates decide by their arguments when they run.
  if (place_->prohibits_random) {
    error_at(span, "non-deterministic functions prohibited in %.*s", std::string_view(place_->prohibits));
    return nullptr;
  }
  switch (node.literal) {
    case sql::LiteralKind::CurrentDate:
      return call_named("current_date", {}, span, span);
    case sql::LiteralKind::CurrentTime:
      return call_named("current_time", {}, span, span);
    case sql::LiteralKind::CurrentTimestamp:
      return call_named("current_timestamp", {}, span, span);
    default:
      break;
  }
  return nullptr;
}

// What an expression is that holds this query, by what the query uses from outside.
std::uint16_t Binder::flags_of_select(const Select& select) {
  std::uint16_t flags = kHasSubquery;
  for (const Relation* relation : select.outer_relations) {
    flags |= kHasColumn;
    if (static_cast<const Source*>(relation)->scope != scope_) flags |= kHasOuterColumn;
  }
  if (select.correlated && select.outer_relations.empty()) flags |= kHasColumn | kHasAggregate;
  return flags;
}

const Expr* Binder::bind_subquery(const sql::SubqueryExpr& node) {
  if (place_->prohibits != nullptr) {
    error("subqueries prohibited in %.*s", std::string_view(place_->prohibits));
    return nullptr;
  }
  SelectOptions options;
  options.outer = scope_;
  options.container = select_;
  options.row_expected = true;
  const Select* select = bind_select(*node.select, options);
  if (select == nullptr) return nullptr;
  auto* expr = arena_.make<ScalarSubqueryExpr>();
  expr->kind = ExprKind::ScalarSubquery;
  expr->span = node.span;
  expr->select = select;
  expr->flags = flags_of_select(*select);
  expr->height = 2;
  if (select->columns.size() == 1) {
    expr->affinity = select->column_affinities[0];
    expr->collation = select->columns[0].expr->collation;
  }
  return expr;
}

const Expr* Binder::bind_exists(const sql::ExistsExpr& node) {
  if (place_->prohibits != nullptr) {
    error("subqueries prohibited in %.*s", std::string_view(place_->prohibits));
    return nullptr;
  }
  SelectOptions options;
  options.outer = scope_;
  options.container = select_;
  const Select* select = bind_select(*node.select, options);
  if (select == nullptr) return nullptr;
  auto* expr = arena_.make<ExistsExpr>();
  expr->kind = ExprKind::Exists;
  expr->span = node.span;
  expr->select = select;
  expr->flags = flags_of_select(*select);
  expr->height = 2;
  return expr;
}

// ---------------------------------------------------------------------------------------------------------- the walk

// IN () holds nothing: the parser of stock puts FALSE (NOT IN: TRUE) in its place, without a look at an operand that
// calls no function. Queries inside the operand are not looked at either.
bool Binder::is_known_membership(const sql::InExpr& in) {
  if (in.source != sql::InSource::List || !in.list.empty()) return false;
  Vector<const sql::Expr*> waiting;
  waiting.push_back(in.operand);
  while (!waiting.empty()) {
    const sql::Expr* expr = waiting.back();
    waiting.pop_back();
    switch (expr->kind) {
      case sql::ExprKind::Function:
      case sql::ExprKind::Like:
        return false;
      case sql::ExprKind::Literal:
        if (is_current_moment(expr->as<sql::LiteralExpr>().literal)) return false;
        continue;
      case sql::ExprKind::Variable:
      case sql::ExprKind::Column:
      case sql::ExprKind::Subquery:
      case sql::ExprKind::Exists:
        continue;
      case sql::ExprKind::In:
        waiting.push_back(expr->as<sql::InExpr>().operand);
        for (const sql::Expr* element : expr->as<sql::InExpr>().list) waiting.push_back(element);
        continue;
      case sql::ExprKind::Binary:
        if (is_json_arrow(expr->as<sql::BinaryExpr>().op)) return false;
        [[fallthrough]];
      default:
        for (std::uint32_t i = child_count(expr); i-- > 0;) waiting.push_back(child_of(expr, i));
    }
  }
  return true;
}

std::uint32_t Binder::child_count(const sql::Expr* node) {
  switch (node->kind) {
    case sql::ExprKind::Binary:
      return 2;
    case sql::ExprKind::Like:
      return node->as<sql::LikeExpr>().escape == nullptr ? 2 : 3;
    case sql::ExprKind::Between:
      return 3;
    case sql::ExprKind::In: {
      const auto& in = node->as<sql::InExpr>();
      if (in.source != sql::InSource::List) return 1;
      return is_known_membership(in) ? 0 : 1 + static_cast<std::uint32_t>(in.list.size());
    }
    case sql::ExprKind::Case: {
      const auto& choice = node->as<sql::CaseExpr>();
      return (choice.operand != nullptr ? 1u : 0u) + 2 * static_cast<std::uint32_t>(choice.branches.size()) +
             (choice.otherwise != nullptr ? 1u : 0u);
    }
    case sql::ExprKind::Function:
      return static_cast<std::uint32_t>(node->as<sql::FunctionExpr>().arguments.size());
    case sql::ExprKind::RowValue:
      return static_cast<std::uint32_t>(node->as<sql::RowValueExpr>().elements.size());
    case sql::ExprKind::Raise:
      return node->as<sql::RaiseExpr>().message == nullptr ? 0 : 1;
    default:
      return 1;
  }
}

const sql::Expr* Binder::child_of(const sql::Expr* node, std::uint32_t index) {
  switch (node->kind) {
    case sql::ExprKind::Unary:
      return node->as<sql::UnaryExpr>().operand;
    case sql::ExprKind::Binary:
      return index == 0 ? node->as<sql::BinaryExpr>().left : node->as<sql::BinaryExpr>().right;
    case sql::ExprKind::Like: {
      const auto& like = node->as<sql::LikeExpr>();
      return index == 0 ? like.left : index == 1 ? like.right : like.escape;
    }
    case sql::ExprKind::Between: {
      const auto& between = node->as<sql::BetweenExpr>();
      return index == 0 ? between.operand : index == 1 ? between.low : between.high;
    }
    case sql::ExprKind::In: {
      const auto& in = node->as<sql::InExpr>();
      return index == 0 ? in.operand : in.list[index - 1];
    }
    case sql::ExprKind::NullTest:
      return node->as<sql::NullTestExpr>().operand;
    case sql::ExprKind::Collate:
      return node->as<sql::CollateExpr>().operand;
    case sql::ExprKind::Cast:
      return node->as<sql::CastExpr>().operand;
    case sql::ExprKind::Case: {
      const auto& choice = node->as<sql::CaseExpr>();
      if (choice.operand != nullptr && index-- == 0) return choice.operand;
      const std::size_t branch = index / 2;
      if (branch >= choice.branches.size()) return choice.otherwise;
      return index % 2 == 0 ? choice.branches[branch].when : choice.branches[branch].then;
    }
    case sql::ExprKind::Function:
      return node->as<sql::FunctionExpr>().arguments[index];
    case sql::ExprKind::RowValue:
      return node->as<sql::RowValueExpr>().elements[index];
    default:
      return node->as<sql::RaiseExpr>().message;
  }
}

bool Binder::push_frame(const sql::Expr* node) {
  Frame frame{node, 0, child_count(node), static_cast<std::uint32_t>(values_.size()), depths_named_, nullptr, 0, false};
  if (node->kind == sql::ExprKind::Function && !begin_call(node->as<sql::FunctionExpr>(), frame)) return false;
  frames_.push_back(frame);
  return true;
}

const Expr* Binder::bind_simple(const sql::Expr* node) {
  const auto* binary = node->try_as<sql::BinaryExpr>();
  if (binary == nullptr) return bind_leaf(node);
  const Expr* left = bind_leaf(binary->left);
  if (left == nullptr) return nullptr;
  const Expr* right = bind_leaf(binary->right);
  if (right == nullptr) return nullptr;
  return finish_binary(*binary, left, right);
}

const Expr* Binder::bind_expr(const sql::Expr* node) {
  if (is_simple(node)) return bind_simple(node);
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return bind_expr(node); });
  const std::size_t frame_base = frames_.size(), value_base = values_.size();
  if (!push_frame(node)) return nullptr;
  for (;;) {
    Frame& top = frames_.back();
    if (top.next < top.count) {
      const sql::Expr* child = child_of(top.node, top.next++);
      if (!is_simple(child)) {
        if (!push_frame(child)) break;
        continue;
      }
      const Expr* value = bind_simple(child);
      if (value == nullptr) break;
      values_.push_back(value);
      continue;
    }
    const Frame frame = top;
    frames_.pop_back();
    // A query inside may make values_ grow: the operands are handed over as a place in it only while nothing is bound.
    const Expr* value = finish_frame(frame, values_.data() + frame.values);
    if (value == nullptr) break;
    values_.resize(frame.values);
    if (frames_.size() == frame_base) return value;
    values_.push_back(value);
  }
  frames_.resize(frame_base);
  values_.resize(value_base);
  return nullptr;
}

const Expr* Binder::bind_scalar(const sql::Expr* node) {
  const Expr* expr = bind_expr(node);
  if (expr == nullptr || !must_be_scalar(expr)) return nullptr;
  return expr;
}

bool Binder::bind_list(sql::ExprList nodes, ExprList* out) {
  std::span<const Expr*> list = arena_.make_array<const Expr*>(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    list[i] = bind_scalar(nodes[i]);
    if (list[i] == nullptr) return false;
  }
  *out = list;
  return true;
}

// ------------------------------------------------------------------------------------------------- from the operands

const Expr* Binder::finish_frame(const Frame& frame, const Expr* const* values) {
  const sql::Expr* node = frame.node;
  switch (node->kind) {
    case sql::ExprKind::Unary:
      return finish_unary(node->as<sql::UnaryExpr>(), values[0]);
    case sql::ExprKind::Binary:
      return finish_binary(node->as<sql::BinaryExpr>(), values[0], values[1]);
    case sql::ExprKind::Like:
      return finish_like(node->as<sql::LikeExpr>(), values);
    case sql::ExprKind::Between:
      return finish_between(node->as<sql::BetweenExpr>(), values);
    case sql::ExprKind::In:
      return finish_in(node->as<sql::InExpr>(), values, frame.count);
    case sql::ExprKind::Case:
      return finish_case(node->as<sql::CaseExpr>(), values);
    case sql::ExprKind::RowValue:
      return finish_row(node->as<sql::RowValueExpr>(), values);
    case sql::ExprKind::Function:
      return finish_call(node->as<sql::FunctionExpr>(), frame, values);
    case sql::ExprKind::NullTest:
      if (!must_be_scalar(values[0])) return nullptr;
      return unary(node->as<sql::NullTestExpr>().negated ? UnaryOp::NotNull : UnaryOp::IsNull, values[0], node->span);
    case sql::ExprKind::Collate: {
      if (!must_be_scalar(values[0])) return nullptr;
      auto* expr = arena_.make<CollateExpr>();
      expr->kind = ExprKind::Collate;
      expr->span = node->span;
      expr->operand = values[0];
      inherit(*expr, values[0]);
      expr->affinity = values[0]->affinity;
      expr->collation = collation_named(node->as<sql::CollateExpr>().collation.text);
      expr->flags |= kExplicitCollation;
      seal(*expr);
      return expr;
    }
    case sql::ExprKind::Cast: {
      if (!must_be_scalar(values[0])) return nullptr;
      auto* expr = arena_.make<CastExpr>();
      expr->kind = ExprKind::Cast;
      expr->span = node->span;
      expr->operand = values[0];
      const std::string_view type = node->as<sql::CastExpr>().type.text;
      expr->target = type.empty() ? Affinity::Numeric : record::affinity_of_declared_type(type);
      inherit(*expr, values[0]);
      expr->affinity = expr->target;
      if (expr->collation == nullptr) expr->collation = values[0]->collation;
      seal(*expr);
      return expr;
    }
    case sql::ExprKind::Raise: {
      if (!place_->in_trigger) {
        error("RAISE() may only be used within a trigger-program");
        return nullptr;
      }
      auto* expr = arena_.make<RaiseExpr>();
      expr->kind = ExprKind::Raise;
      expr->span = node->span;
      expr->action = node->as<sql::RaiseExpr>().action;
      expr->message = frame.count == 0 ? nullptr : values[0];
      if (expr->message != nullptr && !must_be_scalar(expr->message)) return nullptr;
      inherit(*expr, expr->message);
      expr->flags |= kNotDeterministic;
      return expr;
    }
    default:
      break;
  }
  PL_ASSERT(false);
  return nullptr;
}

const Expr* Binder::finish_unary(const sql::UnaryExpr& node, const Expr* operand) {
  if (!must_be_scalar(operand)) return nullptr;
  switch (node.op) {
    case sql::UnaryOp::Minus:
      // Zero minus a computed 0.0 is 0.0; only the literal -0.0 keeps its sign.
      if (is_real_literal(node.operand)) {
        const Expr* literal = operand;
        while (const auto* plus = literal->try_as<UnaryExpr>()) literal = plus->operand;
        if (literal->as<LiteralExpr>().value.real == 0.0) {
          LiteralExpr* zero = new_literal(node.span);
          zero->value.set_real(-0.0);
          return zero;
        }
      }
      return unary(UnaryOp::Negate, operand, node.span);
    case sql::UnaryOp::Plus:
      return unary(UnaryOp::Plus, operand, node.span);
    case sql::UnaryOp::BitNot:
      return unary(UnaryOp::BitNot, operand, node.span);
    case sql::UnaryOp::Not:
      return unary(UnaryOp::Not, operand, node.span);
  }
  return nullptr;
}

const Expr* Binder::finish_binary(const sql::BinaryExpr& node, const Expr* left, const Expr* right) {
  CompareOp op = CompareOp::Equal;
  if (comparison(node.op, &op)) {
    const bool is = op == CompareOp::Is || op == CompareOp::IsNot;
    if (is && right->kind == ExprKind::Literal && left->kind != ExprKind::Row) {
      const auto& literal = right->as<LiteralExpr>();
      const bool negated = op == CompareOp::IsNot;
      // IS NULL as written; IS TRUE and IS FALSE with the bare words (and IN (), which is one) alone.
      if (node.right->kind == sql::ExprKind::Literal && literal.value.is_null()) {
        if (!must_be_scalar(left)) return nullptr;
        return unary(negated ? UnaryOp::NotNull : UnaryOp::IsNull, left, node.span);
      }
      if ((node.right->kind == sql::ExprKind::Column || node.right->kind == sql::ExprKind::In) &&
          literal.value.type == ValueType::Integer) {
        if (!must_be_scalar(left)) return nullptr;
        const bool truth = literal.value.integer != 0;
        return unary(truth ? (negated ? UnaryOp::IsNotTrue : UnaryOp::IsTrue)
                           : (negated ? UnaryOp::IsNotFalse : UnaryOp::IsFalse),
                     left, node.span);
      }
    }
    return compare(op, left, right, node.span);
  }
  if (!must_be_scalar(left) || !must_be_scalar(right)) return nullptr;
  if (is_json_arrow(node.op)) {
    const Expr* arguments[] = {left, right};
    return call_named(node.op == sql::BinaryOp::JsonArrow ? "->" : "->>", arguments, node.span, node.op_span);
  }
  return binary(arithmetic(node.op), left, right, node.span);
}

const Expr* Binder::finish_like(const sql::LikeExpr& node, const Expr* const* values) {
  for (int i = 0; i < (node.escape == nullptr ? 2 : 3); ++i) {
    if (!must_be_scalar(values[i])) return nullptr;
  }
  // The function gets the pattern first.
  const Expr* arguments[] = {values[1], values[0], node.escape == nullptr ? nullptr : values[2]};
  const std::size_t count = node.escape == nullptr ? 2 : 3;
  std::string_view name = node.op_span.of(place_->text);
  if (name.empty()) {
    constexpr std::string_view kNames[] = {"like", "glob", "regexp", "match"};
    name = kNames[static_cast<std::size_t>(node.op)];
  }
  const Expr* result = call_named(name, {arguments, count}, node.span, node.op_span);
  if (result == nullptr || !node.negated) return result;
  return unary(UnaryOp::Not, result, node.span);
}

const Expr* Binder::finish_between(const sql::BetweenExpr& node, const Expr* const* values) {
  if (width_of(values[0]) > 1 || values[1]->kind == ExprKind::Row || values[2]->kind == ExprKind::Row) {
    // Rows: two comparisons of the same operand.
    const Expr* low = compare(CompareOp::GreaterEqual, values[0], values[1], node.span);
    if (low == nullptr) return nullptr;
    const Expr* high = compare(CompareOp::LessEqual, values[0], values[2], node.span);
    if (high == nullptr) return nullptr;
    const Expr* both = binary(BinaryOp::And, low, high, node.span);
    return node.negated ? unary(UnaryOp::Not, both, node.span) : both;
  }
  for (int i = 0; i < 3; ++i) {
    if (!must_be_scalar(values[i])) return nullptr;
  }
  auto* expr = arena_.make<BetweenExpr>();
  expr->kind = ExprKind::Between;
  expr->span = node.span;
  expr->negated = node.negated;
  expr->operand = values[0];
  expr->low = values[1];
  expr->high = values[2];
  if (!rule_for(values[0], values[1], &expr->low_rule) || !rule_for(values[0], values[2], &expr->high_rule)) {
    return nullptr;
  }
  for (int i = 0; i < 3; ++i) inherit(*expr, values[i]);
  seal(*expr);
  return expr;
}

// The query of IN (SELECT ...), IN table and IN function(...), which mean IN (SELECT * FROM ...).
const Select* Binder::bind_in_source(const sql::InExpr& node) {
  SelectOptions options;
  options.outer = scope_;
  options.container = select_;
  options.row_expected = true;
  if (node.source == sql::InSource::Select) return bind_select(*node.select, options);
  auto* item = arena_.make<sql::FromItem>();
  item->kind = node.has_arguments ? sql::FromKind::TableFunction : sql::FromKind::Table;
  item->schema = node.schema;
  item->name = node.table;
  item->arguments = node.list;
  item->span = node.table.span;
  auto* from = arena_.make<sql::FromClause>();
  from->items = {item, 1};
  auto* star = arena_.make<sql::ResultColumn>();
  star->kind = sql::ResultColumnKind::Star;
  auto* core = arena_.make<sql::SelectCore>();
  core->kind = sql::CoreKind::Select;
  core->columns = {star, 1};
  core->from = from;
  auto* arm = arena_.make<sql::CompoundArm>();
  arm->core = core;
  auto* select = arena_.make<sql::Select>();
  select->arms = {arm, 1};
  select->span = node.span;
  return bind_select(*select, options);
}

const Expr* Binder::finish_in(const sql::InExpr& node, const Expr* const* values, std::uint32_t count) {
  if (count == 0) return integer_literal(node.negated ? 1 : 0, node.span);
  const Expr* operand = values[0];
  const std::size_t width = width_of(operand);
  if (node.source == sql::InSource::List) {
    auto* expr = arena_.make<InListExpr>();
    expr->kind = ExprKind::InList;
    expr->span = node.span;
    expr->negated = node.negated;
    expr->operand = operand;
    expr->list = arena_.copy_array(std::span<const Expr* const>(values + 1, count - 1));
    for (const Expr* element : expr->list) {
      const std::size_t terms = width_of(element);
      if (width == 1) {
        if (!must_be_scalar(element)) return nullptr;
      } else if (terms != width) {
        return failed(Status::format(Code::Error, -1, "IN(...) element has %d term%s - expected %d",
                                     static_cast<int>(terms), terms == 1 ? "" : "s", static_cast<int>(width)));
      }
    }
    std::span<ComparisonRule> rules = arena_.make_array<ComparisonRule>(width);
    for (std::size_t i = 0; i < width; ++i) {
      const Expr* field = field_of(operand, i);
      // Numbers are compared as they are: a REAL column does not round the integers it is compared with.
      rules[i].affinity = record::is_numeric(field->affinity) ? Affinity::Numeric : field->affinity;
      rules[i].collation = usable(field->collation);
      if (rules[i].collation == nullptr) return nullptr;
    }
    expr->rules = rules;
    for (std::uint32_t i = 0; i < count; ++i) inherit(*expr, values[i]);
    seal(*expr);
    return expr;
  }
  if (place_->prohibits != nullptr) {
    error_at(node.operand->span, "subqueries prohibited in %.*s", std::string_view(place_->prohibits));
    return nullptr;
  }
  const Select* select = bind_in_source(node);
  if (select == nullptr) return nullptr;
  if (select->columns.size() != width) {
    return failed(Status::format(Code::Error, -1, "sub-select returns %d columns - expected %d",
                                 static_cast<int>(select->columns.size()), static_cast<int>(width)));
  }
  auto* expr = arena_.make<InSelectExpr>();
  expr->kind = ExprKind::InSelect;
  expr->span = node.span;
  expr->negated = node.negated;
  expr->operand = operand;
  expr->select = select;
  std::span<ComparisonRule> rules = arena_.make_array<ComparisonRule>(width);
  for (std::size_t i = 0; i < width; ++i) {
    if (!rule_for(field_of(operand, i), select->columns[i].expr, &rules[i])) return nullptr;
  }
  expr->rules = rules;
  expr->flags = flags_of_select(*select);
  expr->height = 2;
  inherit(*expr, operand);
  return expr;
}

const Expr* Binder::finish_case(const sql::CaseExpr& node, const Expr* const* values) {
  auto* expr = arena_.make<CaseExpr>();
  expr->kind = ExprKind::Case;
  expr->span = node.span;
  const Expr* const* at = values;
  if (node.operand != nullptr) {
    expr->operand = *at++;
    inherit(*expr, expr->operand);
  }
  std::span<CaseExpr::Branch> branches = arena_.make_array<CaseExpr::Branch>(node.branches.size());
  for (CaseExpr::Branch& branch : branches) {
    branch.when = *at++;
    branch.then = *at++;
    if (expr->operand == nullptr) {
      if (!must_be_scalar(branch.when)) return nullptr;
    } else if (width_of(expr->operand) > 1 || width_of(branch.when) > 1) {
      // Rows are compared as a condition of their own.
      branch.when = compare(CompareOp::Equal, expr->operand, branch.when, Span{});
      if (branch.when == nullptr) return nullptr;
    } else if (!rule_for(expr->operand, branch.when, &branch.rule)) {
      return nullptr;
    }
    if (!must_be_scalar(branch.then)) return nullptr;
    inherit(*expr, branch.when);
    inherit(*expr, branch.then);
  }
  if (expr->operand != nullptr && width_of(expr->operand) > 1) expr->operand = nullptr;
  expr->branches = branches;
  if (node.otherwise != nullptr) {
    expr->otherwise = *at;
    if (!must_be_scalar(expr->otherwise)) return nullptr;
    inherit(*expr, expr->otherwise);
  }
  seal(*expr);
  return expr;
}

const Expr* Binder::finish_row(const sql::RowValueExpr& node, const Expr* const* values) {
  auto* expr = arena_.make<RowExpr>();
  expr->kind = ExprKind::Row;
  expr->span = node.span;
  expr->elements = arena_.copy_array(std::span<const Expr* const>(values, node.elements.size()));
  for (const Expr* element : expr->elements) {
    if (!must_be_scalar(element)) return nullptr;
    inherit(*expr, element);
  }
  expr->collation = nullptr;
  expr->flags = static_cast<std::uint16_t>(expr->flags & ~kExplicitCollation);
  seal(*expr);
  return expr;
}

}  // namespace perlite::bind
