// Calls: scalar functions, aggregates and window functions.
//
// An aggregate belongs to the innermost query that its arguments name a column of, which may be one outside; without
// columns it belongs where it stands. It is computed by that query's core and read by an AggregateExpr.
#include <algorithm>
#include <bit>

#include "base/ascii.h"
#include "bind/binding.h"
#include "bind/same.h"
#include "sqlite3.h"

namespace perlite::bind {

const vm::FunctionDef* Binder::find_function(std::string_view name, int argument_count, Span name_span) {
  bool exists = false;
  const vm::FunctionDef* function = environment_.find_function(name, argument_count, &exists);
  if (function != nullptr && (function->has(vm::kInternal) && !place_->in_schema)) function = nullptr;
  if (function != nullptr) return function;
  if (exists) {
    error_at(name_span, "wrong number of arguments to function %.*s()", name);
  } else {
    error_at(name_span, "no such function: %.*s", name);
  }
  return nullptr;
}

bool Binder::function_allowed(const vm::FunctionDef& function, std::string_view name, Span span, bool* ignored) {
  if (has_authorizer_ && !place_->silent) {
    Result<Authorization> answer = environment_.authorize(SQLITE_FUNCTION, nullptr, terminated(function.name).data(),
                                                          nullptr, place_->inner_object);
    if (!answer.ok()) return fail(std::move(answer.status()));
    if (answer.value() == Authorization::Deny) {
      return fail(message_with(Code::Auth, place_->offsets ? static_cast<int>(span.begin) : -1,
                               "not authorized to use function: %.*s", name));
    }
    *ignored = answer.value() == Authorization::Ignore;
  }
  if (place_->prohibits_random && !function.has(vm::kDeterministic) && !function.has(vm::kDateTime)) {
    return error_at(span, "non-deterministic functions prohibited in %.*s", std::string_view(place_->prohibits));
  }
  if (place_->in_schema && !function.has(vm::kInnocuous)) {
    const bool refused =
        function.has(vm::kDirectOnly) || (!function.has(vm::kBuiltIn) && !environment_.switches().trusted_schema);
    if (refused) return error_at(span, "unsafe use of %.*s()", name);
  }
  return true;
}

const Collation* Binder::collation_of_arguments(ExprList arguments) {
  const Collation* collation = nullptr;
  for (const Expr* argument : arguments) {
    if ((argument->flags & kExplicitCollation) != 0) return argument->collation;
    if (collation == nullptr) collation = argument->collation;
  }
  return collation;
}

const Expr* Binder::call(const vm::FunctionDef* function, std::span<const Expr* const> arguments, Span span) {
  auto* expr = arena_.make<FunctionExpr>();
  expr->kind = ExprKind::Function;
  expr->span = span;
  expr->function = function;
  expr->arguments = arena_.copy_array(arguments);
  for (const Expr* argument : expr->arguments) inherit(*expr, argument);
  if (!function->has(vm::kDeterministic) && !function->has(vm::kSlowChanging) && !function->has(vm::kDateTime)) {
    expr->flags |= kNotDeterministic;
  }
  if (!function->has(vm::kBuiltIn)) expr->flags |= kCallsUserCode;
  if (function->has(vm::kNeedsCollation)) {
    expr->call_collation = usable(collation_of_arguments(expr->arguments));
    if (expr->call_collation == nullptr) return nullptr;
  }
  seal(*expr);
  return expr;
}

const Expr* Binder::call_named(std::string_view name, std::span<const Expr* const> arguments, Span span,
                               Span name_span) {
  const vm::FunctionDef* function = find_function(name, static_cast<int>(arguments.size()), name_span);
  if (function == nullptr) return nullptr;
  bool ignored = false;
  if (!function_allowed(*function, name, name_span, &ignored)) return nullptr;
  if (ignored) return null_literal(span);
  return call(function, arguments, span);
}

// -------------------------------------------------------------------------------------------- around the arguments

bool Binder::begin_call(const sql::FunctionExpr& node, Frame& frame) {
  const std::string_view name = node.name.text;
  const vm::FunctionDef* function = find_function(name, static_cast<int>(node.arguments.size()), node.name.span);
  if (function == nullptr) {
    // A fault in the arguments is told instead, as stock does.
    if (lookahead_ >= 8) return false;
    Status own = std::exchange(status_, Status());
    const Restored<int> deeper(lookahead_, lookahead_ + 1);
    for (std::size_t i = 0; i < node.arguments.size() && ok(); ++i) bind_expr(node.arguments[i]);
    if (ok()) status_ = std::move(own);
    return false;
  }
  frame.function = function;
  if (!function->is_aggregate()) {
    if (node.over != nullptr) {
      return error_at(node.name.span, "%.*s() may not be used as a window function", name);
    }
    if (node.filter != nullptr) {
      return error_at(node.name.span, "FILTER may not be used with non-aggregate %.*s()", name);
    }
    if (!node.order_by.empty()) {
      return error_at(node.name.span, "ORDER BY may not be used with non-aggregate %.*s()", name);
    }
    return true;
  }
  if (node.over != nullptr) {
    if (function->value == nullptr || function->inverse == nullptr) {
      if (!function->has(vm::kWindow)) {
        return error_at(node.name.span, "%.*s() may not be used as a window function", name);
      }
    }
    if (node.distinct) return error("DISTINCT is not supported for window functions");
    if (node.filter != nullptr && function->has(vm::kWindowOnly)) {
      return error("FILTER clause may only be used with aggregate window functions");
    }
    if (scope_ == nullptr || !scope_->windows_allowed) {
      return error_at(node.name.span, "misuse of window function %.*s()", name);
    }
  } else {
    if (function->has(vm::kWindowOnly)) {
      return error_at(node.name.span, "misuse of window function %.*s()", name);
    }
    // One that this clause may not have can still be an outer query's: its arguments will tell.
    bool allowed = false;
    for (const Scope* scope = scope_; scope != nullptr && !allowed; scope = scope->outer) {
      allowed = scope->core != nullptr && scope->aggregates_allowed;
    }
    if (!allowed || scope_->core == nullptr) return misused_aggregate(node, scope_ != nullptr && scope_->grouped_clause);
    if (node.distinct && node.arguments.size() != 1) {
      return error("DISTINCT aggregates must have exactly one argument");
    }
  }
  // Inside, no windows; inside an aggregate no aggregates either.
  frame.call_context = true;
  frame.saved_allowed = static_cast<std::uint8_t>((scope_->aggregates_allowed ? 1 : 0) |
                                                  (scope_->windows_allowed ? 2 : 0) | (scope_->grouped_clause ? 4 : 0));
  frame.saved_depths = depths_named_;
  depths_named_ = 0;
  scope_->windows_allowed = false;
  if (node.over == nullptr) {
    scope_->aggregates_allowed = false;
    scope_->grouped_clause = false;
  }
  return true;
}

const Expr* Binder::finish_call(const sql::FunctionExpr& node, const Frame& frame, const Expr* const* values) {
  const vm::FunctionDef& function = *frame.function;
  ExprList arguments = arena_.copy_array(std::span<const Expr* const>(values, frame.count));
  for (const Expr* argument : arguments) {
    if (!must_be_scalar(argument)) return nullptr;
  }
  bool ignored = false;
  if (!function_allowed(function, node.name.text, node.name.span, &ignored)) return nullptr;
  if (!frame.call_context) {
    if (ignored) return null_literal(node.span);
    if (arguments.size() == 2 && base::equals_ignoring_case(function.name, "likelihood")) {
      const auto* chance = arguments[1]->try_as<LiteralExpr>();
      if (chance == nullptr || chance->value.type != ValueType::Real || chance->value.real < 0 ||
          chance->value.real > 1) {
        error_at(node.name.span, "second argument to likelihood() must be a constant between 0.0 and 1.0");
        return nullptr;
      }
    }
    return call(&function, arguments, node.span);
  }

  const Expr* filter = nullptr;
  if (node.filter != nullptr) {
    filter = bind_scalar(node.filter);
    if (filter == nullptr) return nullptr;
  }
  std::span<const OrderTerm> order_by;
  if (!node.order_by.empty() && !bind_call_order(node.order_by, &order_by)) return nullptr;
  const Expr* result = nullptr;
  if (node.over != nullptr) {
    if (!order_by.empty()) {
      error("ORDER BY is not supported for window functions");
      return nullptr;
    }
    result = finish_window(node, function, arguments, filter);
  } else {
    result = finish_aggregate(node, frame, arguments, filter, order_by);
  }
  scope_->aggregates_allowed = (frame.saved_allowed & 1) != 0;
  scope_->windows_allowed = (frame.saved_allowed & 2) != 0;
  scope_->grouped_clause = (frame.saved_allowed & 4) != 0;
  depths_named_ |= frame.saved_depths;
  return result != nullptr && ignored ? null_literal(node.span) : result;
}

bool Binder::bind_call_order(sql::OrderList terms, std::span<const OrderTerm>* out) {
  std::span<OrderTerm> bound = arena_.make_array<OrderTerm>(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Expr* expr = bind_scalar(terms[i].expr);
    if (expr == nullptr || !make_order_term(terms[i], expr, -1, &bound[i])) return false;
  }
  *out = bound;
  return true;
}

// -------------------------------------------------------------------------------------------------------- aggregates

namespace {

bool same_order(std::span<const OrderTerm> left, std::span<const OrderTerm> right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].collation != right[i].collation || left[i].descending != right[i].descending ||
        left[i].nulls_first != right[i].nulls_first || !same_expression(left[i].expr, right[i].expr)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool Binder::misused_aggregate(const sql::FunctionExpr& node, bool grouped_clause) {
  return grouped_clause ? error_at(node.name.span, "misuse of aggregate: %.*s()", node.name.text)
                        : error_at(node.name.span, "misuse of aggregate function %.*s()", node.name.text);
}

const Expr* Binder::finish_aggregate(const sql::FunctionExpr& node, const Frame& frame, ExprList arguments,
                                     const Expr* filter, std::span<const OrderTerm> order_by) {
  const vm::FunctionDef& function = *frame.function;
  Scope* owner = scope_;
  const int depth = std::min(scope_->depth, 62);
  const std::uint64_t named = depths_named_ & ((std::uint64_t{2} << depth) - 1);
  if (named != 0) {
    const int deepest = 63 - std::countl_zero(named);
    while (owner != nullptr && owner->depth > deepest) owner = owner->outer;
  }
  if (owner == nullptr) owner = scope_;
  if (owner == scope_ && (frame.saved_allowed & 1) == 0) {
    misused_aggregate(node, (frame.saved_allowed & 4) != 0);
    return nullptr;
  }
  if (owner != scope_ && (owner->core == nullptr || !owner->aggregates_allowed)) {
    error_at(node.name.span, "misuse of aggregate: %.*s()", node.name.text);
    return nullptr;
  }
  if (owner != scope_) {
    // It is computed out there: its columns are that query's own.
    const Restored<Scope*> in(scope_, owner);
    const Restored<SelectState*> of(select_, owner->select);
    owner->aggregates_allowed = false;
    const bool windows = std::exchange(owner->windows_allowed, false);
    if (!bind_list(node.arguments, &arguments)) return nullptr;
    if (node.filter != nullptr && (filter = bind_scalar(node.filter)) == nullptr) return nullptr;
    if (!order_by.empty() && !bind_call_order(node.order_by, &order_by)) return nullptr;
    owner->aggregates_allowed = true;
    owner->windows_allowed = windows;
  }
  const Collation* collation = usable(collation_of_arguments(arguments));
  if (collation == nullptr) return nullptr;
  CoreState& core = *owner->core;
  std::size_t index = 0;
  for (; index < core.aggregates.size(); ++index) {
    const AggregateCall& known = core.aggregates[index];
    if (known.function == &function && known.distinct == node.distinct && known.collation == collation &&
        same_expressions(known.arguments, arguments) &&
        (known.filter == filter || same_expression(known.filter, filter)) && same_order(known.order_by, order_by)) {
      break;
    }
  }
  if (index == core.aggregates.size()) {
    core.aggregates.push_back(AggregateCall{&function, arguments, node.distinct, filter, order_by, collation});
  }
  auto* expr = arena_.make<AggregateExpr>();
  expr->kind = ExprKind::Aggregate;
  expr->span = node.span;
  expr->core = core.core;
  expr->index = static_cast<std::int32_t>(index);
  expr->flags = kHasAggregate;
  for (const Expr* argument : arguments) {
    expr->height = std::max(expr->height, argument->height + 1);
    if ((argument->flags & kExplicitCollation) != 0 && (expr->flags & kExplicitCollation) == 0) {
      expr->flags |= kExplicitCollation;
      expr->collation = argument->collation;
    }
  }
  if (owner != scope_) {
    expr->flags |= kHasColumn | kHasOuterColumn;
    mark_outer(owner, nullptr);
    for (SelectState* state = select_; state != nullptr && state != owner->select; state = state->container) {
      state->has_outer_aggregate = true;
    }
  }
  return expr;
}

// ----------------------------------------------------------------------------------------------------------- windows

const Expr* Binder::finish_window(const sql::FunctionExpr& node, const vm::FunctionDef& function, ExprList arguments,
                                  const Expr* filter) {
  std::int32_t window = -1;
  if (!bind_window(*node.over, &window)) return nullptr;
  const Collation* collation = usable(collation_of_arguments(arguments));
  if (collation == nullptr) return nullptr;
  CoreState& core = *scope_->core;
  auto* expr = arena_.make<WindowExpr>();
  expr->kind = ExprKind::Window;
  expr->span = node.span;
  expr->core = core.core;
  expr->index = static_cast<std::int32_t>(core.window_functions.size());
  expr->flags = kHasWindow;
  for (const Expr* argument : arguments) inherit(*expr, argument);
  core.window_functions.push_back(WindowFunctionCall{&function, arguments, filter, window, collation});
  return expr;
}

namespace {

// From far before to far behind.
int place_of(sql::FrameBoundKind kind) {
  switch (kind) {
    case sql::FrameBoundKind::UnboundedPreceding:
      return 0;
    case sql::FrameBoundKind::Preceding:
      return 1;
    case sql::FrameBoundKind::CurrentRow:
      return 2;
    case sql::FrameBoundKind::Following:
      return 3;
    default:
      return 4;
  }
}

bool has_offset(const sql::FrameBound& bound) {
  return bound.kind == sql::FrameBoundKind::Preceding || bound.kind == sql::FrameBoundKind::Following;
}

const sql::WindowDefinition* find_window(std::span<const sql::WindowDefinition> windows, std::string_view name) {
  for (const sql::WindowDefinition& one : windows) {
    if (base::equals_ignoring_case(one.name.text, name)) return &one;
  }
  return nullptr;
}

}  // namespace

bool Binder::bind_window(const sql::WindowDefinition& definition, std::int32_t* index) {
  CoreState& core = *scope_->core;
  const sql::WindowDefinition* own = &definition;
  if (definition.reference) {
    own = find_window(core.named_windows, definition.base.text);
    if (own == nullptr) return error("no such window: %.*s", definition.base.text);
  }
  for (std::size_t i = 0; i < core.window_definitions.size(); ++i) {
    if (core.window_definitions[i] != own) continue;
    *index = static_cast<std::int32_t>(i);
    return true;
  }
  // What it is built upon gives the partition and perhaps the order. A window builds on an earlier one only, so the
  // chain ends.
  sql::ExprList partition_by = own->partition_by;
  sql::OrderList order_by = own->order_by;
  const sql::WindowFrame* frame = own->frame;
  const sql::WindowDefinition* from = own;
  for (std::size_t steps = 0; from->base.present() && !from->reference; ++steps) {
    const sql::WindowDefinition* base = find_window(core.named_windows, from->base.text);
    if (base == nullptr || steps > core.named_windows.size()) return error("no such window: %.*s", from->base.text);
    const char* part = nullptr;
    if (!from->partition_by.empty()) {
      part = "PARTITION clause";
    } else if (!base->order_by.empty() && !order_by.empty()) {
      part = "ORDER BY clause";
    } else if (base->frame != nullptr) {
      part = "frame specification";
    }
    if (part != nullptr) return error("cannot override %.*s of window: %.*s", std::string_view(part), from->base.text);
    if (partition_by.empty()) partition_by = base->partition_by;
    if (order_by.empty()) order_by = base->order_by;
    from = base;
  }

  Window window{};
  if (!bind_list(partition_by, &window.partition_by)) return false;
  std::span<const Collation*> collations = arena_.make_array<const Collation*>(partition_by.size());
  for (std::size_t i = 0; i < collations.size(); ++i) {
    collations[i] = usable(window.partition_by[i]->collation);
    if (collations[i] == nullptr) return false;
  }
  window.partition_collations = collations;
  if (!bind_call_order(order_by, &window.order_by)) return false;
  window.unit = sql::FrameUnit::Range;
  window.start_kind = sql::FrameBoundKind::UnboundedPreceding;
  window.end_kind = sql::FrameBoundKind::CurrentRow;
  if (frame != nullptr) {
    window.unit = frame->unit;
    window.start_kind = frame->start.kind;
    window.end_kind = frame->end.kind;
    window.exclude = frame->exclude;
    const int start = place_of(frame->start.kind), end = place_of(frame->end.kind);
    if (start > end || start == 4 || end == 0) return error("unsupported frame specification");
    if (frame->unit == sql::FrameUnit::Range && (has_offset(frame->start) || has_offset(frame->end)) &&
        order_by.size() != 1) {
      return error("RANGE with offset PRECEDING/FOLLOWING requires one ORDER BY expression");
    }
    // Offsets are constants to the rows: no column of this query.
    if (frame->start.offset != nullptr && (window.start_offset = bind_scalar(frame->start.offset)) == nullptr) {
      return false;
    }
    if (frame->end.offset != nullptr && (window.end_offset = bind_scalar(frame->end.offset)) == nullptr) return false;
  }
  *index = static_cast<std::int32_t>(core.windows.size());
  core.windows.push_back(window);
  core.window_definitions.push_back(own);
  return true;
}

}  // namespace perlite::bind
