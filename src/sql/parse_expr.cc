// Expressions: operator precedence with a stack of its own.
//
// expr() alternates between wanting an operand and wanting an operator. What is open, from operators waiting for their
// right side to parentheses, calls and CASE, is a Frame on `frames_`: no nesting of an expression uses the C stack,
// save through a subquery, a window or the ORDER BY of a call, which enter() counts.
//
// An operator first reduces the frames above it that bind as tightly or tighter (all operators are left associative);
// frames of precedence 0 are barriers, closed by tokens of their own.
#include <algorithm>
#include <cstring>

#include "base/deep_stack.h"
#include "sql/parse.h"

namespace perlite::sql {
namespace {

// Weak to tight (lang_expr.html, "Operators").
enum Precedence : int {
  kBarrier = 0,
  kOr,
  kAnd,
  kNot,
  kEquality,
  kComparison,
  kEscape,
  kBits,
  kSum,
  kProduct,
  kConcat,
  kCollate,
  kUnary,
};

enum FrameType : std::uint8_t {
  kFrameUnary,
  kFrameBinary,
  kFrameLike,
  kFrameLikeEscape,
  kFrameBetweenHigh,
  // barriers
  kFrameBetweenLow,
  kFrameParen,
  kFrameCall,
  kFrameInList,
  kFrameCaseOperand,
  kFrameCaseWhen,
  kFrameCaseThen,
  kFrameCaseElse,
  kFrameCast,
  kFrameRaise,
};

// What a frame counts towards ParseLimits::parser_depth.
constexpr std::uint8_t kFrameCost[] = {1, 1, 1, 1, 1, 1, 1, 3, 2, 3, 3, 3, 3, 3, 3};

// A subquery adds to the height of the expression around it, so that subqueries nest 43 deep at the default limit.
constexpr std::uint32_t kSubqueryHeight = 22;

constexpr std::uint32_t kWindowCost = 10;

std::uint32_t height_of(const Expr* expr) { return expr == nullptr ? 0 : expr->height; }
std::uint32_t height_of(ExprList list) {
  std::uint32_t height = 0;
  for (const Expr* expr : list) height = std::max(height, height_of(expr));
  return height;
}
std::uint32_t height_of(OrderList list) {
  std::uint32_t height = 0;
  for (const OrderTerm& term : list) height = std::max(height, height_of(term.expr));
  return height;
}

}  // namespace

Parser::Frame& Parser::push_frame(int type, int precedence, std::uint32_t begin, Expr* left) {
  enter(kFrameCost[type]);
  auto* frame = ::new (frames_.push(sizeof(Frame))) Frame{};
  frame->type = static_cast<std::uint8_t>(type);
  frame->precedence = static_cast<std::uint8_t>(precedence);
  frame->begin = begin;
  frame->left = left;
  frame->list = static_cast<std::uint32_t>(scratch_.size());
  return *frame;
}

Parser::Frame& Parser::top_frame() {
  return *reinterpret_cast<Frame*>(frames_.at(frames_.size() - sizeof(Frame)));
}

void Parser::pop_frame() {
  leave(kFrameCost[top_frame().type]);
  frames_.shrink(frames_.size() - sizeof(Frame));
}

// Completes a node: its span ends at the last token taken.
Expr* Parser::sized(Expr* expr, std::uint32_t begin, std::uint32_t height) {
  expr->span = since(begin);
  expr->height = height;
  if (height > limits_.expression_depth) [[unlikely]] {
    fail(Status::format(Code::Error, -1, "Expression tree is too large (maximum depth %u)", limits_.expression_depth));
  }
  return expr;
}

Expr* Parser::expr() {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return expr(); });
  const std::size_t base = frames_.size();
  Expr* value = nullptr;
  for (;;) {
    Step step = operand(&value);
    while (step == Step::Operator && !failed_) step = after_value(base, &value);
    if (failed_) return nullptr;
    if (step == Step::Done) return value;
  }
}

// -------------------------------------------------------------------------------------------------------- operands

Parser::Step Parser::operand(Expr** value) {
  const std::uint32_t begin = current_.begin;
  UnaryOp op = UnaryOp::Not;
  switch (current_.token) {
    case Token::Integer:
    case Token::Float:
    case Token::HexInteger:
    case Token::Blob:
    case Token::KwNull:
    case Token::KwCurrentDate:
    case Token::KwCurrentTime:
    case Token::KwCurrentTimestamp:
      *value = literal();
      return Step::Operator;
    case Token::String:
      if (dot_follows()) return name_operand(value);
      *value = literal();
      return Step::Operator;
    case Token::Variable:
      *value = variable();
      return Step::Operator;
    case Token::LeftParen:
      advance();
      if (at_select()) {
        *value = select_operand(ExprKind::Subquery, begin);
        return Step::Operator;
      }
      push_frame(kFrameParen, kBarrier, begin);
      return Step::Operand;
    case Token::Minus:
      op = UnaryOp::Minus;
      break;
    case Token::Plus:
      op = UnaryOp::Plus;
      break;
    case Token::Tilde:
      op = UnaryOp::BitNot;
      break;
    case Token::KwNot:
      break;
    case Token::KwCase:
      advance();
      if (accept(Token::KwWhen)) {
        push_frame(kFrameCaseWhen, kBarrier, begin);
      } else {
        push_frame(kFrameCaseOperand, kBarrier, begin);
      }
      return Step::Operand;
    case Token::KwCast:
      advance();
      expect(Token::LeftParen);
      push_frame(kFrameCast, kBarrier, begin);
      return Step::Operand;
    case Token::KwExists:
      advance();
      expect(Token::LeftParen);
      if (!at_select()) syntax_error();
      *value = select_operand(ExprKind::Exists, begin);
      return Step::Operator;
    case Token::KwRaise: {
      advance();
      expect(Token::LeftParen);
      RaiseAction action = RaiseAction::Ignore;
      if (accept(Token::KwIgnore)) {
        auto* raise = make_expr<RaiseExpr>();
        expect(Token::RightParen);
        *value = sized(raise, begin, 1);
        return Step::Operator;
      }
      if (accept(Token::KwRollback)) {
        action = RaiseAction::Rollback;
      } else if (accept(Token::KwAbort)) {
        action = RaiseAction::Abort;
      } else if (accept(Token::KwFail)) {
        action = RaiseAction::Fail;
      } else {
        syntax_error();
      }
      expect(Token::Comma);
      push_frame(kFrameRaise, kBarrier, begin).op = static_cast<std::uint8_t>(action);
      return Step::Operand;
    }
    default:
      return name_operand(value);
  }
  push_frame(kFrameUnary, op == UnaryOp::Not ? kNot : kUnary, begin).op = static_cast<std::uint8_t>(op);
  advance();
  return Step::Operand;
}

Parser::Step Parser::name_operand(Expr** value) {
  if (!at_name()) {
    if (at(Token::MalformedNumber)) unrecognized_token();
    syntax_error();
    return Step::Operator;
  }
  const bool is_string = at(Token::String);
  const Name first = take_name();
  if (at(Token::LeftParen) && !is_string) return call(first, value);
  auto* column = make_expr<ColumnExpr>();
  column->column = first;
  if (accept(Token::Dot)) {
    column->table = first;
    column->column = name();
    if (accept(Token::Dot)) {
      column->schema = first;
      column->table = column->column;
      column->column = name();
    }
  }
  *value = sized(column, first.span.begin, 1);
  return Step::Operator;
}

Parser::Step Parser::call(const Name& name, Expr** value) {
  auto* node = make_expr<FunctionExpr>();
  node->name = name;
  node->span = name.span;
  advance();
  if (accept(Token::Star)) {
    node->star = true;
    expect(Token::RightParen);
    *value = finish_call(node);
    return Step::Operator;
  }
  if (accept(Token::KwDistinct)) {
    node->distinct = true;
  } else {
    accept(Token::KwAll);
  }
  if (at(Token::RightParen) || at(Token::KwOrder)) {
    if (accept(Token::KwOrder)) {
      expect(Token::KwBy);
      if (!enter(kWindowCost)) return Step::Done;
      node->order_by = order_list();
      leave(kWindowCost);
    }
    expect(Token::RightParen);
    if (failed_) return Step::Done;
    *value = finish_call(node);
    return Step::Operator;
  }
  push_frame(kFrameCall, kBarrier, name.span.begin, node);
  return Step::Operand;
}

Expr* Parser::finish_call(FunctionExpr* call) {
  if (call->arguments.size() > limits_.function_arguments) {
    String message("too many arguments on function ");
    message.append(call->name.text);
    fail(Status::error(message));
  }
  std::uint32_t height = std::max(height_of(call->arguments), height_of(call->order_by));
  if (accept(Token::KwFilter)) {
    if (!enter(kWindowCost)) return nullptr;
    expect(Token::LeftParen);
    expect(Token::KwWhere);
    call->filter = expr();
    expect(Token::RightParen);
    height = std::max(height, height_of(call->filter));
    leave(kWindowCost);
  }
  if (accept(Token::KwOver)) {
    if (!enter(kWindowCost)) return nullptr;
    call->over = over_clause();
    if (call->over != nullptr) {
      height = std::max({height, height_of(call->over->partition_by), height_of(call->over->order_by)});
    }
    leave(kWindowCost);
  }
  return sized(call, call->name.span.begin, height + 1);
}

Expr* Parser::literal() {
  auto* node = make_expr<LiteralExpr>();
  const std::uint32_t begin = current_.begin;
  const std::string_view token = text_of(current_);
  node->text = token;
  switch (current_.token) {
    case Token::Integer:
      node->literal = LiteralKind::Integer;
      node->text = number_text(current_);
      break;
    case Token::HexInteger:
      node->literal = LiteralKind::HexInteger;
      node->text = number_text(current_);
      break;
    case Token::Float:
      node->literal = LiteralKind::Float;
      node->text = number_text(current_);
      break;
    case Token::String:
      node->literal = LiteralKind::String;
      node->text = decode_quoted(token, arena_);
      break;
    case Token::Blob:
      node->literal = LiteralKind::Blob;
      node->text = decode_blob(token, arena_);
      break;
    case Token::KwNull:
      node->literal = LiteralKind::Null;
      break;
    case Token::KwCurrentDate:
      node->literal = LiteralKind::CurrentDate;
      break;
    case Token::KwCurrentTime:
      node->literal = LiteralKind::CurrentTime;
      break;
    case Token::KwCurrentTimestamp:
      node->literal = LiteralKind::CurrentTimestamp;
      break;
    default:
      syntax_error();
      return node;
  }
  advance();
  return sized(node, begin, 1);
}

// ? takes the number behind the largest so far, ?N is N, and equal names share one (lang_expr.html, "Parameters").
Expr* Parser::variable() {
  auto* node = make_expr<VariableExpr>();
  const Lexeme lexeme = current_;
  const std::string_view token = text_of(lexeme);
  advance();
  if (failed_) return node;
  std::uint64_t number = 0;
  if (token[0] == '?' && token.size() > 1) {
    for (const char digit : token.substr(1)) {
      number = number * 10 + static_cast<std::uint64_t>(digit - '0');
      if (number > limits_.variable_number) break;
    }
    if (number < 1 || number > limits_.variable_number) {
      fail(Status::format(Code::Error, static_cast<int>(lexeme.begin), "variable number must be between ?1 and ?%u",
                          limits_.variable_number));
      return node;
    }
    node->name = token;
    variables_.push_back({static_cast<std::uint32_t>(number), token});
  } else {
    if (token.size() > 1) {
      node->name = token;
      for (const Variable& known : variables_) {
        if (known.name == token) number = known.number;
      }
    }
    if (number == 0) {
      number = variable_count_ + 1ull;
      variables_.push_back({static_cast<std::uint32_t>(number), node->name});
    }
    if (number > limits_.variable_number) {
      fail(Status::error("too many SQL variables", static_cast<int>(lexeme.begin)));
      return node;
    }
  }
  node->number = static_cast<std::uint32_t>(number);
  variable_count_ = std::max(variable_count_, node->number);
  return sized(node, lexeme.begin, 1);
}

Expr* Parser::select_operand(ExprKind kind, std::uint32_t begin) {
  const Select* query = select();
  expect(Token::RightParen);
  if (failed_) return nullptr;
  Expr* node = nullptr;
  if (kind == ExprKind::Exists) {
    auto* exists = make_expr<ExistsExpr>();
    exists->select = query;
    node = exists;
  } else {
    auto* subquery = make_expr<SubqueryExpr>();
    subquery->select = query;
    node = subquery;
  }
  return sized(node, begin, query->height + kSubqueryHeight + 1);
}

// ------------------------------------------------------------------------------------------------------- operators

namespace {

struct BinaryToken {
  std::uint8_t precedence = 0;
  BinaryOp op = BinaryOp::Or;
};
struct BinaryTokens {
  BinaryToken of[256] = {};
  constexpr void set(Token token, int precedence, BinaryOp op) {
    of[static_cast<std::size_t>(token)] = {static_cast<std::uint8_t>(precedence), op};
  }
  constexpr BinaryTokens() {
    set(Token::KwOr, kOr, BinaryOp::Or);
    set(Token::Equal, kEquality, BinaryOp::Equal);
    set(Token::NotEqual, kEquality, BinaryOp::NotEqual);
    set(Token::Less, kComparison, BinaryOp::Less);
    set(Token::LessEqual, kComparison, BinaryOp::LessEqual);
    set(Token::Greater, kComparison, BinaryOp::Greater);
    set(Token::GreaterEqual, kComparison, BinaryOp::GreaterEqual);
    set(Token::Ampersand, kBits, BinaryOp::BitAnd);
    set(Token::Bar, kBits, BinaryOp::BitOr);
    set(Token::ShiftLeft, kBits, BinaryOp::ShiftLeft);
    set(Token::ShiftRight, kBits, BinaryOp::ShiftRight);
    set(Token::Plus, kSum, BinaryOp::Add);
    set(Token::Minus, kSum, BinaryOp::Subtract);
    set(Token::Star, kProduct, BinaryOp::Multiply);
    set(Token::Slash, kProduct, BinaryOp::Divide);
    set(Token::Percent, kProduct, BinaryOp::Modulo);
    set(Token::Concat, kConcat, BinaryOp::Concat);
    set(Token::Arrow, kConcat, BinaryOp::JsonArrow);
    set(Token::DoubleArrow, kConcat, BinaryOp::JsonDoubleArrow);
  }
};
constexpr BinaryTokens kBinaryTokens;

// How tightly the operator that a token behind a value begins binds; 0: it is none, or completes what stands before it.
int precedence_behind(Token token) {
  if (const int precedence = kBinaryTokens.of[static_cast<std::size_t>(token)].precedence; precedence != 0) {
    return precedence;
  }
  switch (token) {
    case Token::KwAnd:
      return kAnd;
    case Token::KwIs:
    case Token::KwIsnull:
    case Token::KwNotnull:
    case Token::KwLike:
    case Token::KwGlob:
    case Token::KwRegexp:
    case Token::KwMatch:
    case Token::KwBetween:
    case Token::KwIn:
    case Token::KwNot:
      return kEquality;
    case Token::KwCollate:
      return kCollate;
    default:
      return 0;
  }
}

// An operand that is one token, whatever follows.
bool is_plain_operand(Token token) {
  return token == Token::Variable || token == Token::Integer || token == Token::Float || token == Token::KwNull;
}

}  // namespace

Parser::Step Parser::after_value(std::size_t base, Expr** value) {
  const BinaryToken operation = kBinaryTokens.of[static_cast<std::size_t>(current_.token)];
  if (operation.precedence != 0) return binary(base, value, operation.precedence, operation.op);
  switch (current_.token) {
    case Token::KwAnd: {
      *value = reduce(base, kAnd, *value);
      if (frames_.size() > base && top_frame().type == kFrameBetweenLow) {
        Frame& frame = top_frame();
        frame.type = kFrameBetweenHigh;
        frame.precedence = kEquality;
        frame.extra = *value;
        advance();
        return Step::Operand;
      }
      return binary(base, value, kAnd, BinaryOp::And);
    }
    case Token::KwIs:
      return is_operator(base, *value);
    case Token::KwIsnull:
    case Token::KwNotnull:
    case Token::KwLike:
    case Token::KwGlob:
    case Token::KwRegexp:
    case Token::KwMatch:
    case Token::KwBetween:
    case Token::KwIn:
      return word_operator(base, value, false);
    case Token::KwNot:
      advance();
      return word_operator(base, value, true);
    case Token::KwCollate: {
      *value = reduce(base, kCollate, *value);
      auto* node = make_expr<CollateExpr>();
      node->operand = *value;
      advance();
      node->collation = identifier_or_string();
      if (failed_) return Step::Done;
      *value = sized(node, node->operand->span.begin, node->operand->height + 1);
      return Step::Operator;
    }
    case Token::KwEscape:
      // Whatever stands right of LIKE is complete, however weakly it binds.
      while (frames_.size() > base && top_frame().precedence != kBarrier && top_frame().type != kFrameLike) {
        const Frame frame = top_frame();
        pop_frame();
        *value = apply(frame, *value);
      }
      if (frames_.size() == base || top_frame().type != kFrameLike) {
        syntax_error();
        return Step::Done;
      }
      top_frame().type = kFrameLikeEscape;
      top_frame().extra = *value;
      advance();
      return Step::Operand;
    default:
      return end_of_value(base, value);
  }
}

// The right side is a frame's to wait for, unless it is one token and no operator that binds tighter follows.
Parser::Step Parser::binary(std::size_t base, Expr** value, int precedence, BinaryOp op) {
  Expr* const left = reduce(base, precedence, *value);
  if (failed_ || !enter(kFrameCost[kFrameBinary])) return Step::Done;
  const Span op_span = current_.span();
  advance();
  Expr* right = nullptr;
  if (is_plain_operand(current_.token)) {
    right = current_.token == Token::Variable ? variable() : literal();
    if (failed_) return Step::Done;
    if (precedence_behind(current_.token) <= precedence) {
      leave(kFrameCost[kFrameBinary]);
      auto* node = make_expr<BinaryExpr>();
      node->op = op;
      node->left = left;
      node->right = right;
      node->op_span = op_span;
      *value = sized(node, left->span.begin, std::max(left->height, right->height) + 1);
      return Step::Operator;
    }
  }
  leave(kFrameCost[kFrameBinary]);
  Frame& frame = push_frame(kFrameBinary, precedence, left->span.begin, left);
  frame.op = static_cast<std::uint8_t>(op);
  frame.op_span = op_span;
  if (right == nullptr) return Step::Operand;
  *value = right;
  return Step::Operator;
}

// IS [NOT] [DISTINCT FROM]
Parser::Step Parser::is_operator(std::size_t base, Expr* value) {
  value = reduce(base, kEquality, value);
  if (failed_) return Step::Done;
  const std::uint32_t begin = current_.begin;
  advance();
  const bool negated = accept(Token::KwNot);
  BinaryOp op = negated ? BinaryOp::IsNot : BinaryOp::Is;
  if (accept(Token::KwDistinct)) {
    expect(Token::KwFrom);
    op = negated ? BinaryOp::IsNotDistinctFrom : BinaryOp::IsDistinctFrom;
  }
  Frame& frame = push_frame(kFrameBinary, kEquality, value->span.begin, value);
  frame.op = static_cast<std::uint8_t>(op);
  frame.op_span = since(begin);
  return Step::Operand;
}

// ISNULL, NOTNULL, and what may stand behind NOT: NULL, LIKE and its kin, BETWEEN, IN.
Parser::Step Parser::word_operator(std::size_t base, Expr** value, bool negated) {
  // NOT was taken already: the value's text ended before it, so spans come from the nodes.
  const std::uint32_t not_end = previous_end_;
  if (negated) previous_end_ = (*value)->span.end;
  *value = reduce(base, kEquality, *value);
  previous_end_ = not_end;
  if (failed_) return Step::Done;
  Expr* const left = *value;
  const std::uint32_t begin = left->span.begin;
  const Token word = current_.token;
  switch (word) {
    case Token::KwIsnull:
    case Token::KwNotnull:
    case Token::KwNull: {
      if (negated != (word == Token::KwNull)) break;
      auto* node = make_expr<NullTestExpr>();
      node->operand = left;
      node->negated = word != Token::KwIsnull;
      advance();
      *value = sized(node, begin, left->height + 1);
      return Step::Operator;
    }
    case Token::KwLike:
    case Token::KwGlob:
    case Token::KwRegexp:
    case Token::KwMatch: {
      Frame& frame = push_frame(kFrameLike, kEquality, begin, left);
      frame.op = static_cast<std::uint8_t>(word == Token::KwLike     ? LikeOp::Like
                                           : word == Token::KwGlob   ? LikeOp::Glob
                                           : word == Token::KwRegexp ? LikeOp::Regexp
                                                                     : LikeOp::Match);
      frame.flags = negated;
      frame.op_span = current_.span();
      advance();
      return Step::Operand;
    }
    case Token::KwBetween:
      push_frame(kFrameBetweenLow, kBarrier, begin, left).flags = negated;
      advance();
      return Step::Operand;
    case Token::KwIn:
      advance();
      return in_operator(value, negated);
    default:
      break;
  }
  syntax_error();
  return Step::Done;
}

// Behind IN: a list, a query, a table or a table-valued function.
Parser::Step Parser::in_operator(Expr** value, bool negated) {
  Expr* const left = *value;
  const std::uint32_t begin = left->span.begin;
  if (at(Token::LeftParen)) {
    advance();
    if (!at_select() && !at(Token::RightParen)) {
      push_frame(kFrameInList, kBarrier, begin, left).flags = negated;
      return Step::Operand;
    }
  } else if (!at_name()) {
    syntax_error();
    return Step::Done;
  }
  auto* node = make_expr<InExpr>();
  node->operand = left;
  node->negated = negated;
  std::uint32_t height = left->height;
  if (at(Token::RightParen)) {
    node->source = InSource::List;
    advance();
  } else if (at_select() && previous_ == Token::LeftParen) {
    node->source = InSource::Select;
    node->select = select();
    expect(Token::RightParen);
    if (failed_) return Step::Done;
    height = std::max(height, node->select->height + kSubqueryHeight);
  } else {
    node->source = InSource::Table;
    qualified_name(&node->schema, &node->table);
    if (at(Token::LeftParen)) {
      node->has_arguments = true;
      if (!enter(kWindowCost)) return Step::Done;
      node->list = parenthesised_list();
      leave(kWindowCost);
      height = std::max(height, height_of(node->list));
    }
  }
  *value = sized(node, begin, height + 1);
  return Step::Operator;
}

Expr* Parser::reduce(std::size_t base, int precedence, Expr* value) {
  while (frames_.size() > base && top_frame().precedence >= precedence) {
    const Frame frame = top_frame();
    pop_frame();
    value = apply(frame, value);
  }
  return value;
}

Expr* Parser::apply(const Frame& frame, Expr* value) {
  const auto above = [](std::uint32_t a, std::uint32_t b) { return std::max(a, b) + 1; };
  switch (frame.type) {
    case kFrameUnary: {
      auto* node = make_expr<UnaryExpr>();
      node->op = static_cast<UnaryOp>(frame.op);
      node->operand = value;
      return sized(node, frame.begin, value->height + 1);
    }
    case kFrameBinary: {
      auto* node = make_expr<BinaryExpr>();
      node->op = static_cast<BinaryOp>(frame.op);
      node->left = frame.left;
      node->right = value;
      node->op_span = frame.op_span;
      return sized(node, frame.begin, above(frame.left->height, value->height));
    }
    case kFrameBetweenHigh: {
      auto* node = make_expr<BetweenExpr>();
      node->negated = frame.flags != 0;
      node->operand = frame.left;
      node->low = frame.extra;
      node->high = value;
      return sized(node, frame.begin, above(frame.left->height, std::max(frame.extra->height, value->height)));
    }
    default: {
      auto* node = make_expr<LikeExpr>();
      node->op = static_cast<LikeOp>(frame.op);
      node->negated = frame.flags != 0;
      node->left = frame.left;
      node->op_span = frame.op_span;
      node->right = frame.type == kFrameLike ? value : frame.extra;
      node->escape = frame.type == kFrameLike ? nullptr : value;
      return sized(node, frame.begin, above(frame.left->height, std::max(node->right->height, value->height)));
    }
  }
}

// A token that goes on no expression: the value is complete, and so is what waits for it.
Parser::Step Parser::end_of_value(std::size_t base, Expr** value) {
  *value = reduce(base, kOr, *value);
  if (failed_ || frames_.size() == base) return Step::Done;
  const Frame frame = top_frame();
  const auto keep = [&] {
    const Expr* element = *value;
    std::memcpy(scratch_.push(sizeof(element)), &element, sizeof(element));
  };
  const auto elements = [&] { return ListBuilder<const Expr*>::finish(scratch_, frame.list, arena_); };

  switch (frame.type) {
    case kFrameParen:
    case kFrameInList:
    case kFrameCall:
      if (at(Token::Comma)) {
        keep();
        advance();
        return Step::Operand;
      }
      break;
    case kFrameCaseOperand:
    case kFrameCaseWhen:
    case kFrameCaseThen:
    case kFrameCaseElse:
      return close_case(value);
    default:
      break;
  }

  switch (frame.type) {
    case kFrameParen:
      expect(Token::RightParen);
      if (scratch_.size() > frame.list) {
        keep();
        auto* row = make_expr<RowValueExpr>();
        row->elements = elements();
        *value = sized(row, frame.begin, height_of(row->elements) + 1);
      } else {
        (*value)->parenthesized = true;
        (*value)->span = since(frame.begin);
      }
      break;
    case kFrameInList: {
      expect(Token::RightParen);
      keep();
      auto* node = make_expr<InExpr>();
      node->source = InSource::List;
      node->negated = frame.flags != 0;
      node->operand = frame.left;
      node->list = elements();
      *value = sized(node, frame.begin, std::max(frame.left->height, height_of(node->list)) + 1);
      break;
    }
    case kFrameCall: {
      auto* call = static_cast<FunctionExpr*>(frame.left);
      keep();
      call->arguments = elements();
      if (accept(Token::KwOrder)) {
        expect(Token::KwBy);
        if (!enter(kWindowCost)) return Step::Done;
        call->order_by = order_list();
        leave(kWindowCost);
      }
      expect(Token::RightParen);
      if (failed_) return Step::Done;
      pop_frame();
      *value = finish_call(call);
      return Step::Operator;
    }
    case kFrameCast: {
      expect(Token::KwAs);
      auto* cast = make_expr<CastExpr>();
      cast->operand = *value;
      cast->type = type_name();
      expect(Token::RightParen);
      *value = sized(cast, frame.begin, cast->operand->height + 1);
      break;
    }
    case kFrameRaise: {
      expect(Token::RightParen);
      auto* raise = make_expr<RaiseExpr>();
      raise->action = static_cast<RaiseAction>(frame.op);
      raise->message = *value;
      *value = sized(raise, frame.begin, raise->message->height + 1);
      break;
    }
    default:  // BETWEEN without its AND
      syntax_error();
      return Step::Done;
  }
  if (failed_) return Step::Done;
  pop_frame();
  return Step::Operator;
}

Parser::Step Parser::close_case(Expr** value) {
  Frame& frame = top_frame();
  switch (frame.type) {
    case kFrameCaseOperand:
      frame.left = *value;
      frame.type = kFrameCaseWhen;
      expect(Token::KwWhen);
      return Step::Operand;
    case kFrameCaseWhen:
      frame.extra = *value;
      frame.type = kFrameCaseThen;
      expect(Token::KwThen);
      return Step::Operand;
    case kFrameCaseThen: {
      const CaseBranch branch{frame.extra, *value};
      std::memcpy(scratch_.push(sizeof(branch)), &branch, sizeof(branch));
      frame.extra = nullptr;
      if (at(Token::KwWhen) || at(Token::KwElse)) {
        frame.type = at(Token::KwWhen) ? kFrameCaseWhen : kFrameCaseElse;
        advance();
        return Step::Operand;
      }
      break;
    }
    default:
      frame.extra = *value;
      break;
  }
  expect(Token::KwEnd);
  if (failed_) return Step::Done;
  auto* node = make_expr<CaseExpr>();
  node->operand = frame.left;
  node->branches = ListBuilder<CaseBranch>::finish(scratch_, frame.list, arena_);
  node->otherwise = frame.extra;
  std::uint32_t height = std::max(height_of(node->operand), height_of(node->otherwise));
  for (const CaseBranch& branch : node->branches) {
    height = std::max({height, height_of(branch.when), height_of(branch.then)});
  }
  const std::uint32_t begin = frame.begin;
  pop_frame();
  *value = sized(node, begin, height + 1);
  return Step::Operator;
}

// ----------------------------------------------------------------------------------------------------------- lists

ExprList Parser::expr_list() {
  ListBuilder<const Expr*> list(scratch_);
  do list.add(expr());
  while (accept(Token::Comma));
  return list.finish(arena_);
}

// "(" [e,*] ")"
ExprList Parser::parenthesised_list() {
  expect(Token::LeftParen);
  if (accept(Token::RightParen)) return {};
  const ExprList list = expr_list();
  expect(Token::RightParen);
  return list;
}

OrderList Parser::order_list() {
  ListBuilder<OrderTerm> list(scratch_);
  do {
    OrderTerm term{};
    const std::uint32_t begin = current_.begin;
    term.expr = expr();
    if (accept(Token::KwAsc)) {
      term.order = SortOrder::Ascending;
    } else if (accept(Token::KwDesc)) {
      term.order = SortOrder::Descending;
    }
    if (accept(Token::KwNulls)) {
      if (accept(Token::KwFirst)) {
        term.nulls = NullsOrder::First;
      } else {
        expect(Token::KwLast);
        term.nulls = NullsOrder::Last;
      }
    }
    term.span = since(begin);
    list.add(term);
  } while (accept(Token::Comma));
  return list.finish(arena_);
}

// --------------------------------------------------------------------------------------------------------- windows

const WindowDefinition* Parser::over_clause() {
  auto* window = arena_.make<WindowDefinition>();
  const std::uint32_t begin = current_.begin;
  if (accept(Token::LeftParen)) {
    window_body(*window);
  } else {
    window->base = name();
    window->reference = true;
  }
  window->span = since(begin);
  return window;
}

void Parser::window_body(WindowDefinition& window) {
  if (at_name() && !at(Token::KwPartition) && !at(Token::KwRows) && !at(Token::KwRange) && !at(Token::KwGroups)) {
    window.base = name();
  }
  if (accept(Token::KwPartition)) {
    expect(Token::KwBy);
    window.partition_by = expr_list();
  }
  if (accept(Token::KwOrder)) {
    expect(Token::KwBy);
    window.order_by = order_list();
  }
  if (at(Token::KwRows) || at(Token::KwRange) || at(Token::KwGroups)) window.frame = window_frame();
  expect(Token::RightParen);
}

const WindowFrame* Parser::window_frame() {
  auto* frame = arena_.make<WindowFrame>();
  const std::uint32_t begin = current_.begin;
  frame->unit = at(Token::KwRows) ? FrameUnit::Rows : at(Token::KwRange) ? FrameUnit::Range : FrameUnit::Groups;
  frame->end.kind = FrameBoundKind::CurrentRow;
  advance();
  if (accept(Token::KwBetween)) {
    frame->start = frame_bound(true);
    expect(Token::KwAnd);
    frame->end = frame_bound(false);
    frame->end_given = true;
  } else {
    frame->start = frame_bound(true);
  }
  // A frame that ends before it begins.
  const auto after_start = [&] {
    const FrameBoundKind start = frame->start.kind;
    const FrameBoundKind end = frame->end.kind;
    return !(start == FrameBoundKind::CurrentRow && end == FrameBoundKind::Preceding) &&
           !(start == FrameBoundKind::Following &&
             (end == FrameBoundKind::Preceding || end == FrameBoundKind::CurrentRow));
  };
  if (accept(Token::KwExclude)) {
    frame->exclude_given = true;
    if (accept(Token::KwNo)) {
      expect(Token::KwOthers);
    } else if (accept(Token::KwCurrent)) {
      expect(Token::KwRow);
      frame->exclude = FrameExclude::CurrentRow;
    } else if (accept(Token::KwGroup)) {
      frame->exclude = FrameExclude::Group;
    } else {
      expect(Token::KwTies);
      frame->exclude = FrameExclude::Ties;
    }
  }
  if (!at(Token::RightParen)) syntax_error();
  if (!failed_ && !after_start()) fail(Status::error("unsupported frame specification"));
  frame->span = since(begin);
  return frame;
}

// UNBOUNDED PRECEDING begins a frame and UNBOUNDED FOLLOWING ends one, not the other way round.
FrameBound Parser::frame_bound(bool start) {
  if (accept(Token::KwUnbounded)) {
    expect(start ? Token::KwPreceding : Token::KwFollowing);
    return {start ? FrameBoundKind::UnboundedPreceding : FrameBoundKind::UnboundedFollowing, nullptr};
  }
  if (accept(Token::KwCurrent)) {
    expect(Token::KwRow);
    return {FrameBoundKind::CurrentRow, nullptr};
  }
  FrameBound bound{FrameBoundKind::Preceding, expr()};
  if (accept(Token::KwFollowing)) {
    bound.kind = FrameBoundKind::Following;
  } else {
    expect(Token::KwPreceding);
  }
  return bound;
}

}  // namespace perlite::sql
