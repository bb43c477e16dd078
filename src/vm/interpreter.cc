// The dispatch loop, with the handlers of innermost loops in it.
//
// One label an opcode, made from the table: a missing handler does not build. Handlers leave through NEXT, or by goto
// to one of the labels behind the table; a computed goto runs no destructors, so NEXT stands where nothing is left to
// destroy.
#include <cmath>

#include "record/affinity.h"
#include "vm/comparison.h"
#include "vm/coverage.h"
#include "vm/machine.h"

#pragma GCC diagnostic ignored "-Wpedantic"  // labels as values

namespace perlite::vm {

using record::Value;

namespace {

inline bool is_record_block_reusable(const Value& reg, std::uint64_t size) noexcept {
  return reg.has(Value::kOwned) && reg.type == ValueType::Blob && reg.block->references == 1 &&
         reg.block->destroy == nullptr && reg.block->capacity >= size;
}

// Room for a record of `size` bytes, which `out` then owns as a blob.
inline std::byte* room_for_record(Value* out, std::uint64_t size) {
  if (is_record_block_reusable(*out, size)) [[likely]] {
    out->data = out->block->bytes();
    out->size = static_cast<std::uint32_t>(size);
  } else {
    // Room to spare: the next row's record is a little longer perhaps.
    auto* block = record::ValueBlock::make(static_cast<std::size_t>(size + size / 4 + 16));
    out->set_blob_owned(block, {block->bytes(), static_cast<std::size_t>(size)});
  }
  return reinterpret_cast<std::byte*>(out->block->bytes());
}

enum class Arithmetic { Add, Subtract, Multiply, Divide };

// The operation over numbers of any type, text and blobs included; neither operand is NULL.
template <Arithmetic kOperation>
void calculate(const Value& left, const Value& right, Value& out) {
  const record::Number a = record::to_number(left);
  const record::Number b = record::to_number(right);
  if (a.is_integer && b.is_integer) {
    std::int64_t result = 0;
    bool overflow = false;
    switch (kOperation) {
      case Arithmetic::Add:
        overflow = __builtin_add_overflow(a.integer, b.integer, &result);
        break;
      case Arithmetic::Subtract:
        overflow = __builtin_sub_overflow(a.integer, b.integer, &result);
        break;
      case Arithmetic::Multiply:
        overflow = __builtin_mul_overflow(a.integer, b.integer, &result);
        break;
      case Arithmetic::Divide:
        if (b.integer == 0) {
          set_null(out);
          return;
        }
        overflow = b.integer == -1 && a.integer == INT64_MIN;
        if (!overflow) result = a.integer / b.integer;
        break;
    }
    if (!overflow) {
      set_integer(out, result);
      return;
    }
  }
  const double x = a.as_real();
  const double y = b.as_real();
  switch (kOperation) {
    case Arithmetic::Add:
      set_real(out, x + y);
      break;
    case Arithmetic::Subtract:
      set_real(out, x - y);
      break;
    case Arithmetic::Multiply:
      set_real(out, x * y);
      break;
    case Arithmetic::Divide:
      if (y == 0) {
        set_null(out);
      } else {
        set_real(out, x / y);
      }
      break;
  }
}

// Integers that a double holds to the last bit.
inline bool is_exact_real(std::int64_t value) noexcept {
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  return value >= -kLimit && value <= kLimit;
}

// As stock shifts: by the count, the other way when it is negative; what falls off at 64 is sign or nothing.
std::int64_t shift(std::int64_t value, std::int64_t count, bool left) noexcept {
  if (count < 0) {
    left = !left;
    count = count > -64 ? -count : 64;
  }
  if (count >= 64) return left || value >= 0 ? 0 : -1;
  if (left) return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << count);
  return value >> count;
}

}  // namespace

// The order of r[P1] and r[P3] where the fast path does not tell; *is_null when one is NULL and NULLs are no values.
Status Machine::compare_slow(const Instruction& i, int* order, bool* is_null) {
  const Value& left = reg(i.p1);
  const Value& right = reg(i.p3);
  *is_null = false;
  if (left.is_null() || right.is_null()) {
    if ((i.p5 & kNullEqual) != 0) {
      *order = left.is_null() ? (right.is_null() ? 0 : -1) : 1;
    } else {
      *is_null = true;
    }
    return {};
  }
  const record::Collation& collation = i.p4_kind == P4Kind::Collation ? *i.p4.collation : record::binary_collation();
  // A comparison makes numbers of texts; between integers and reals it makes no difference (datatype3.html, 4.2).
  auto letter = static_cast<char>(i.p5 & kAffinityMask);
  if (letter > 'C') letter = 'C';
  if (has_affinity(left, letter) && has_affinity(right, letter)) {
    *order = record::compare_values(left, right, collation);
    return {};
  }
  const Affinity affinity = affinity_of_letter(letter);
  OwnedValue left_copy;
  OwnedValue right_copy;
  left_copy->share(left);
  right_copy->share(right);
  record::apply_affinity(*left_copy, affinity, encoding);
  record::apply_affinity(*right_copy, affinity, encoding);
  *order = record::compare_values(*left_copy, *right_copy, collation);
  return {};
}

// Of values of which some must be converted to their affinities.
std::uint64_t Machine::measure_converted(std::span<const Value> values, const char* letters, bool ones) {
  release_scratch();
  scratch_values.resize(values.size());
  for (std::size_t n = 0; n < values.size(); ++n) scratch_values[n].share(values[n]);
  for (std::size_t n = 0; n < values.size() && letters[n] != '\0'; ++n) {
    if (has_affinity(values[n], letters[n])) continue;
    record::apply_affinity(scratch_values[n], affinity_of_letter(letters[n]), encoding);
  }
  return record_writer.measure(scratch_values, letters, ones);
}

Status Machine::make_record(const Instruction& i) {
  const char* letters = i.p4_kind == P4Kind::Affinities ? i.p4.affinities : nullptr;
  const std::uint64_t size = measure_record(i.p1, i.p2, letters, i.p5 != 1);
  if (size > static_cast<std::uint64_t>(length_limit())) return Code::TooBig;
  record_writer.write(room_for_record(&reg(i.p3), size));
  end_record();
  return {};
}

Status Machine::patch_record(const Instruction& i, bool* done) {
  *done = false;
  const auto& patch = *static_cast<const RecordPatch*>(i.p4.pointer);
  CursorSlot& slot = cursor(i.p1);
  if (!slot.is_plainly_on_row() || slot.tree.has_overflow()) return {};
  const auto values = registers(patch.values, static_cast<std::int32_t>(patch.field_count));
  const std::uint64_t size = record_writer.measure_patched(slot.tree.local_payload(), patch, values);
  if (size == RecordWriter::kUnfit) return {};
  if (size > static_cast<std::uint64_t>(length_limit())) return Code::TooBig;
  record_writer.write_patched(room_for_record(&reg(i.p3), size));
  *done = true;
  return {};
}

Status Machine::call_function(const Instruction& i) {
  const FunctionCall& call = *i.p4.function;
  FunctionContext& context = call_context;
  context.result.release();
  environment().prepare(context, call);
  context.auxiliary = &frame->auxiliary;
  context.call_site = static_cast<int>(&i - frame->code);
  call.function->scalar(context, static_cast<int>(i.p5), &reg(i.p2));
  if (frame->auxiliary.has_arguments()) [[unlikely]] {
    frame->auxiliary.keep_constant(context.call_site, static_cast<std::uint32_t>(i.p1));
  }
  Status status = std::move(context.error);
  if (status.ok() && context.result.is_bytes() && context.result.size > length_limit()) [[unlikely]]
    status = Code::TooBig;
  if (!status.ok()) [[unlikely]] {
    context.result.release();
    return status;
  }
  take_result(reg(i.p3), context.result);
  return {};
}

// NOLINTNEXTLINE: one function, because a dispatch loop is.
Status Machine::run(StepResult* result) {
  // No fallback to a switch: both compilers the project builds with have labels as values.
  static const void* const kLabels[] = {
#define OP(name, ...) &&L_##name,
#include "vm/opcodes.def"
#undef OP
  };

  if (frame == nullptr) {
    if (outermost == nullptr) outermost = Frame::make(*program);
    frame = outermost;
    changes = 0;
    foreign_key_counter = 0;
    conflict_action = catalog::ConflictAction::Abort;
    ++counters.runs;
  }

  const Instruction* i = frame->pc;
  Value* r = frame->registers;
  CursorSlot* c = frame->cursors;
  std::int64_t steps = 0;
  std::int64_t charged = 0;
  Status error;

#define NEXT_AT(instruction)                            \
  do {                                                  \
    i = (instruction);                                  \
    ++steps;                                            \
    note_executed(i->opcode);                           \
    goto* kLabels[static_cast<std::size_t>(i->opcode)]; \
  } while (false)
#define NEXT() NEXT_AT(i + 1)
#define OPCODE(name) L_##name:
#define JUMP_IF(condition)     \
  do {                         \
    if (condition) goto jump2; \
    NEXT();                    \
  } while (false)
// The Status of the expression; its error ends the run.
#define CHECK(expression)                                          \
  do {                                                             \
    if (Status check_ = (expression); !check_.ok()) [[unlikely]] { \
      error = std::move(check_);                                   \
      goto failed;                                                 \
    }                                                              \
  } while (false)
#define BY_FAMILY(name)                 \
  OPCODE(name) {                        \
    bool jump = false;                  \
    CHECK(ops::name(*this, *i, &jump)); \
    if (jump) goto jump2;               \
  }                                     \
  NEXT();

  NEXT_AT(i);

  // ---- flow ----
  OPCODE(Init)
  JUMP_IF(i->p2 != 0);
  OPCODE(Goto)
  goto jump2;
  OPCODE(Gosub) {
    set_integer(r[i->p1], i - frame->code);
    goto jump2;
  }
  OPCODE(Return) NEXT_AT(frame->code + r[i->p1].integer + 1);
  OPCODE(InitCoroutine) {
    set_integer(r[i->p1], i->p3 - 1);
    JUMP_IF(i->p2 != 0);
  }
  OPCODE(Yield) {
    Value& reg = r[i->p1];
    const std::int64_t target = reg.integer + 1;
    reg.integer = i - frame->code;
    NEXT_AT(frame->code + target);
  }
  OPCODE(EndCoroutine) {
    // Later Yields come back here.
    Value& reg = r[i->p1];
    const Instruction& waiting = frame->code[reg.integer];
    reg.integer = i - frame->code - 1;
    NEXT_AT(frame->code + waiting.p2);
  }
  OPCODE(Halt) {
    if (i->p1 != 0) {
      error = program_error(*i);
      goto failed;
    }
    if (frame == outermost) goto done;
    const bool ignore = i->p2 == static_cast<std::int32_t>(catalog::ConflictAction::Ignore);
    pop_frame();
    i = frame->pc;
    r = frame->registers;
    c = frame->cursors;
    JUMP_IF(ignore && i->p2 != 0);
  }
  OPCODE(Once) {
    std::uint64_t& word = frame->once[i->p1 / 64];
    const std::uint64_t bit = std::uint64_t{1} << (i->p1 % 64);
    const bool known = (word & bit) != 0;
    word |= bit;
    JUMP_IF(known);
  }
  OPCODE(If) {
    const Value& value = r[i->p1];
    if (value.is_null()) JUMP_IF(i->p3 != 0);
    JUMP_IF(record::truth(value) == record::Truth::True);
  }
  OPCODE(IfNot) {
    const Value& value = r[i->p1];
    if (value.is_null()) JUMP_IF(i->p3 != 0);
    JUMP_IF(record::truth(value) == record::Truth::False);
  }
  OPCODE(IsNull) {
    const std::int32_t count = i->p3 > 1 ? i->p3 : 1;
    for (std::int32_t n = 0; n < count; ++n) {
      if (r[i->p1 + n].is_null()) goto jump2;
    }
    NEXT();
  }
  OPCODE(NotNull) JUMP_IF(!r[i->p1].is_null());
  OPCODE(IfType) JUMP_IF((1 << static_cast<int>(r[i->p1].type) & i->p3) != 0);
  OPCODE(IfPositive) {
    Value& value = r[i->p1];
    if (value.integer <= 0) NEXT();
    value.integer -= i->p3;
    goto jump2;
  }
  OPCODE(DecrementJumpZero) {
    Value& value = r[i->p1];
    if (value.integer > INT64_MIN) --value.integer;
    JUMP_IF(value.integer == 0);
  }
  OPCODE(IfNotZero) {
    Value& value = r[i->p1];
    if (value.integer == 0) NEXT();
    if (value.integer > 0) --value.integer;
    goto jump2;
  }
  OPCODE(MustBeInt) {
    Value& value = r[i->p1];
    if (value.type != ValueType::Integer) {
      std::int64_t integer;
      if (!record::to_integer_exact(value, &integer)) {
        if (i->p2 != 0) goto jump2;
        error = Status(Code::Mismatch);
        goto failed;
      }
      set_integer(value, integer);
    }
    NEXT();
  }
  OPCODE(JumpCompare)
  NEXT_AT(frame->code + (compared < 0 ? i->p1 : compared == 0 ? i->p2 : i->p3));
  OPCODE(JumpTable) {
    const Value& value = r[i->p1];
    if (value.type != ValueType::Integer || value.integer < 0 || value.integer >= i->p2) NEXT();
    NEXT_AT(frame->code + i->p4.jumps[value.integer]);
  }

  // ---- values ----
  OPCODE(Integer) set_integer(r[i->p2], i->p1);
  NEXT();
  OPCODE(Int64) set_integer(r[i->p2], i->p4.integer);
  NEXT();
  OPCODE(Real) set_real(r[i->p2], i->p4.real);
  NEXT();
  OPCODE(Constant) borrow(r[i->p2], *i->p4.value);
  NEXT();
  OPCODE(Null) {
    for (std::int32_t n = i->p2; n <= i->p2 + i->p3; ++n) set_null(r[n]);
  }
  NEXT();
  OPCODE(Variable) {
    const Value& bound = bindings[static_cast<std::size_t>(i->p1) - 1];
    if (bound.has(Value::kPointer)) {
      r[i->p2].share(bound);
    } else {
      borrow(r[i->p2], bound);
      r[i->p2].flags |= Value::kFromBind;
    }
  }
  NEXT();
  OPCODE(Copy) {
    for (std::int32_t n = 0; n <= i->p3; ++n) r[i->p2 + n].copy_lasting(r[i->p1 + n]);
  }
  NEXT();
  OPCODE(Alias) borrow(r[i->p2], r[i->p1]);
  NEXT();
  OPCODE(Move) {
    if (i->p2 <= i->p1) {
      for (std::int32_t n = 0; n < i->p3; ++n) r[i->p2 + n].take(r[i->p1 + n]);
    } else {
      for (std::int32_t n = i->p3; n-- > 0;) r[i->p2 + n].take(r[i->p1 + n]);
    }
  }
  NEXT();
  OPCODE(AddImmediate) {
    Value& value = r[i->p1];
    value.integer = static_cast<std::int64_t>(static_cast<std::uint64_t>(value.integer) +
                                              static_cast<std::uint64_t>(std::int64_t{i->p2}));
  }
  NEXT();
  OPCODE(MaxImmediate) {
    if (r[i->p2].integer > r[i->p1].integer) r[i->p1].integer = r[i->p2].integer;
  }
  NEXT();
  BY_FAMILY(OffsetLimit)
  OPCODE(Affinity) {
    const char* letters = i->p4.affinities;
    for (std::int32_t n = 0; n < i->p2; ++n) {
      if (!has_affinity(r[i->p1 + n], letters[n])) {
        record::apply_affinity(r[i->p1 + n], affinity_of_letter(letters[n]), encoding);
      }
    }
  }
  NEXT();
  OPCODE(RealAffinity) {
    Value& value = r[i->p1];
    if (value.type == ValueType::Integer) set_real(value, static_cast<double>(value.integer));
  }
  NEXT();
  OPCODE(Cast) record::cast(r[i->p1], affinity_of_letter(i->p2), encoding);
  NEXT();
  BY_FAMILY(TypeCheck)

  // ---- operators ----
#define ARITHMETIC(name, integer_operation, operation)                          \
  OPCODE(name) {                                                                \
    const Value& left = r[i->p1];                                               \
    const Value& right = r[i->p2];                                              \
    Value& out = r[i->p3];                                                      \
    std::int64_t sum;                                                           \
    if (left.type == ValueType::Integer && right.type == ValueType::Integer &&  \
        !integer_operation(left.integer, right.integer, &sum)) [[likely]] {     \
      set_integer(out, sum);                                                    \
    } else if (left.type == ValueType::Real && right.type == ValueType::Real) { \
      set_real(out, left.real operation right.real);                            \
    } else if (left.is_null() || right.is_null()) {                             \
      set_null(out);                                                            \
    } else {                                                                    \
      calculate<Arithmetic::name>(left, right, out);                            \
    }                                                                           \
  }                                                                             \
  NEXT();
  ARITHMETIC(Add, __builtin_add_overflow, +)
  ARITHMETIC(Subtract, __builtin_sub_overflow, -)
  ARITHMETIC(Multiply, __builtin_mul_overflow, *)
  OPCODE(Divide) {
    if (r[i->p1].is_null() || r[i->p2].is_null()) {
      set_null(r[i->p3]);
    } else {
      calculate<Arithmetic::Divide>(r[i->p1], r[i->p2], r[i->p3]);
    }
  }
  NEXT();
  OPCODE(Remainder) {
    const Value& left = r[i->p1];
    const Value& right = r[i->p2];
    if (left.type == ValueType::Integer && right.type == ValueType::Integer && right.integer > 0) [[likely]] {
      set_integer(r[i->p3], left.integer % right.integer);
      NEXT();
    }
    bool jump = false;
    CHECK(ops::Remainder(*this, *i, &jump));
  }
  NEXT();
  BY_FAMILY(Concat)
#define BITWISE(name, expression)                          \
  OPCODE(name) {                                           \
    if (r[i->p1].is_null() || r[i->p2].is_null()) {        \
      set_null(r[i->p3]);                                  \
    } else {                                               \
      const std::int64_t a = record::to_integer(r[i->p1]); \
      const std::int64_t b = record::to_integer(r[i->p2]); \
      set_integer(r[i->p3], expression);                   \
    }                                                      \
  }                                                        \
  NEXT();
  BITWISE(BitAnd, a & b)
  BITWISE(BitOr, a | b)
  BITWISE(ShiftLeft, shift(a, b, true))
  BITWISE(ShiftRight, shift(a, b, false))
  OPCODE(And) {
    const record::Truth a = record::truth(r[i->p1]);
    const record::Truth b = record::truth(r[i->p2]);
    if (a == record::Truth::False || b == record::Truth::False) {
      set_integer(r[i->p3], 0);
    } else if (a == record::Truth::Unknown || b == record::Truth::Unknown) {
      set_null(r[i->p3]);
    } else {
      set_integer(r[i->p3], 1);
    }
  }
  NEXT();
  OPCODE(Or) {
    const record::Truth a = record::truth(r[i->p1]);
    const record::Truth b = record::truth(r[i->p2]);
    if (a == record::Truth::True || b == record::Truth::True) {
      set_integer(r[i->p3], 1);
    } else if (a == record::Truth::Unknown || b == record::Truth::Unknown) {
      set_null(r[i->p3]);
    } else {
      set_integer(r[i->p3], 0);
    }
  }
  NEXT();
  OPCODE(Not) {
    const record::Truth truth = record::truth(r[i->p1]);
    if (truth == record::Truth::Unknown) {
      set_null(r[i->p2]);
    } else {
      set_integer(r[i->p2], truth == record::Truth::False);
    }
  }
  NEXT();
  OPCODE(BitNot) {
    if (r[i->p1].is_null()) {
      set_null(r[i->p2]);
    } else {
      set_integer(r[i->p2], ~record::to_integer(r[i->p1]));
    }
  }
  NEXT();
  OPCODE(Negate) {
    if (r[i->p1].is_null()) {
      set_null(r[i->p2]);
    } else {
      const record::Number number = record::to_number(r[i->p1]);
      if (number.is_integer && number.integer != INT64_MIN) {
        set_integer(r[i->p2], -number.integer);
      } else {
        set_real(r[i->p2], 0.0 - number.as_real());  // of zero: 0.0, never -0.0
      }
    }
  }
  NEXT();
  OPCODE(Truth) {
    const record::Truth truth = record::truth(r[i->p1]);
    if (truth == record::Truth::Unknown) {
      set_integer(r[i->p2], i->p3);
    } else {
      set_integer(r[i->p2], (truth == record::Truth::True) != (i->p5 != 0));
    }
  }
  NEXT();
  OPCODE(IsNullValue) set_integer(r[i->p2], r[i->p1].is_null() != (i->p3 != 0));
  NEXT();

  // ---- comparison ----
#define COMPARISON(name, operation)                                                                               \
  OPCODE(name) {                                                                                                  \
    const Value& left = r[i->p1];                                                                                 \
    const Value& right = r[i->p3];                                                                                \
    bool holds;                                                                                                   \
    if (left.type == ValueType::Integer && right.type == ValueType::Integer && (i->p5 & kAffinityMask) != 'B')    \
        [[likely]] {                                                                                              \
      holds = left.integer operation right.integer;                                                               \
    } else if (left.type == ValueType::Real && right.type == ValueType::Real && (i->p5 & kAffinityMask) != 'B') { \
      holds = left.real operation right.real;                                                                     \
    } else if (left.type == ValueType::Real && right.type == ValueType::Integer && is_exact_real(right.integer) && \
               (i->p5 & kAffinityMask) != 'B') {                                                                  \
      holds = left.real operation static_cast<double>(right.integer);                                             \
    } else {                                                                                                      \
      int order = 0;                                                                                              \
      bool is_null = false;                                                                                       \
      CHECK(compare_slow(*i, &order, &is_null));                                                                  \
      if (is_null) {                                                                                              \
        if ((i->p5 & kStore) == 0) JUMP_IF((i->p5 & kJumpIfNull) != 0);                                           \
        set_null(r[i->p2]);                                                                                       \
        NEXT();                                                                                                   \
      }                                                                                                           \
      holds = order operation 0;                                                                                  \
    }                                                                                                             \
    if ((i->p5 & kStore) == 0) JUMP_IF(holds);                                                                    \
    set_integer(r[i->p2], holds);                                                                                 \
  }                                                                                                               \
  NEXT();
  COMPARISON(Eq, ==)
  COMPARISON(Ne, !=)
  COMPARISON(Lt, <)
  COMPARISON(Le, <=)
  COMPARISON(Gt, >)
  COMPARISON(Ge, >=)
  OPCODE(Compare) {
    compared = 0;
    if (i->p4_kind == P4Kind::Key) {
      compared = record::compare_keys(registers(i->p1, i->p3), registers(i->p2, i->p3), *i->p4.key);
    } else {
      for (std::int32_t n = 0; n < i->p3 && compared == 0; ++n) {
        compared = record::compare_values(r[i->p1 + n], r[i->p2 + n], record::binary_collation());
      }
    }
  }
  NEXT();

  // ---- functions ----
  OPCODE(Function) CHECK(call_function(*i));
  NEXT();
  OPCODE(AggregateStep) {
    if (Accumulator* known = Accumulator::in(r[i->p1]); known != nullptr) [[likely]] {
      FunctionContext& context = known->context();
      i->p4.function->function->step(context, static_cast<int>(i->p5), r + i->p2);
      if (!context.error.ok()) [[unlikely]] {
        error = std::move(context.error);
        goto failed;
      }
      took_argument = std::exchange(context.took_argument, false);
      NEXT();
    }
    bool jump = false;
    CHECK(ops::AggregateStep(*this, *i, &jump));
  }
  NEXT();
  BY_FAMILY(AggregateInverse)
  OPCODE(IfNotTaken) JUMP_IF(!took_argument);
  BY_FAMILY(AggregateValue)
  BY_FAMILY(AggregateFinal)

  // ---- transactions, trees ----
  BY_FAMILY(Transaction)
  BY_FAMILY(AutoCommit)
  BY_FAMILY(Savepoint)
  BY_FAMILY(ReadCookie)
  BY_FAMILY(SetCookie)
  BY_FAMILY(OpenRead)
  BY_FAMILY(OpenWrite)
  BY_FAMILY(OpenRoot)
  BY_FAMILY(OpenEphemeral)
  BY_FAMILY(OpenPseudo)
  BY_FAMILY(Close)
  BY_FAMILY(CreateTree)
  BY_FAMILY(DropTree)
  BY_FAMILY(ClearTree)
  BY_FAMILY(IfListening)
  BY_FAMILY(SchemaChanged)

  // ---- moving ----
  OPCODE(Rewind) {
    CursorSlot& slot = c[i->p1];
    note_move(slot);
    slot.leave_row();
    CHECK(slot.tree.first());
    JUMP_IF(!slot.tree.valid());
  }
  OPCODE(Last) {
    CursorSlot& slot = c[i->p1];
    note_move(slot);
    slot.leave_row();
    CHECK(slot.tree.last());
    JUMP_IF(!slot.tree.valid());
  }
  OPCODE(Next) {
    CursorSlot& slot = c[i->p1];
    note_move(slot);
    slot.leave_row();
    CHECK(slot.tree.next());
    if (!slot.tree.valid()) NEXT();
    if (i->p5 == 1) ++counters.full_scan_steps;
    goto jump2;
  }
  OPCODE(NextWhere) {
    const Instruction* target = nullptr;
    std::int64_t rows = 0;
    CHECK(next_where(*i, &target, &rows));
    if (i->p5 == 1) counters.full_scan_steps += rows;
    if (target == nullptr) NEXT();
    NEXT_AT(target);
  }
  OPCODE(Previous) {
    CursorSlot& slot = c[i->p1];
    note_move(slot);
    slot.leave_row();
    CHECK(slot.tree.previous());
    if (!slot.tree.valid()) NEXT();
    if (i->p5 == 1) ++counters.full_scan_steps;
    goto jump2;
  }
  OPCODE(SeekRowid)
  OPCODE(NotExists) {
    const Value& key = r[i->p3];
    if (key.type == ValueType::Integer) [[likely]] {
      CursorSlot& slot = c[i->p1];
      note_move(slot);
      slot.leave_row();
      bool found;
      {
        auto relation = slot.tree.seek_rowid(key.integer);
        CHECK(std::move(relation.status()));
        found = relation.value() == btree::Relation::Equal;
      }
      JUMP_IF(!found);
    }
    bool jump = false;
    CHECK(ops::SeekRowid(*this, *i, &jump));
    JUMP_IF(jump);
  }
  BY_FAMILY(SeekGE)
  BY_FAMILY(SeekGT)
  BY_FAMILY(SeekLE)
  BY_FAMILY(SeekLT)
  BY_FAMILY(IndexGE)
  BY_FAMILY(IndexGT)
  BY_FAMILY(IndexLE)
  BY_FAMILY(IndexLT)
  BY_FAMILY(Found)
  BY_FAMILY(NotFound)
  BY_FAMILY(NoConflict)
  BY_FAMILY(DeferredSeek)
  BY_FAMILY(FinishSeek)
  BY_FAMILY(NullRow)
  OPCODE(IfNullRow) {
    if (!c[i->p1].null_row) NEXT();
    set_null(r[i->p3]);
    goto jump2;
  }
  BY_FAMILY(IfEmpty)
  BY_FAMILY(Count)
  OPCODE(Sequence) set_integer(r[i->p2], c[i->p1].sequence++);
  NEXT();

  // ---- reading rows ----
  OPCODE(Column) {
    CursorSlot& slot = c[i->p1];
    Value& out = r[i->p3];
    if (out.has(Value::kOwned)) [[unlikely]]
      out.release();
    // Most rows lie wholly on their page.
    bool ready = slot.row_is_read();
    if (!ready && slot.is_plainly_on_row()) {
      slot.read_row();
      ready = true;
    }
    if (!ready || slot.row.field(static_cast<std::uint32_t>(i->p2), encoding, &out) != RowReader::Found::Ok)
        [[unlikely]] {
      const Value* absent = i->p4_kind == P4Kind::Value ? i->p4.value : nullptr;
      CHECK(read_column(slot, static_cast<std::uint32_t>(i->p2), absent, i->p5, &out));
    }
    note_lent(slot, out);
  }
  NEXT();
  OPCODE(Rowid) {
    CursorSlot& slot = c[i->p1];
    if (slot.null_row) [[unlikely]] {
      set_null(r[i->p2]);
    } else if (slot.deferred) {
      set_integer(r[i->p2], slot.deferred_rowid);
    } else {
      CHECK(slot.tree.restore());
      if (slot.tree.valid()) [[likely]] {
        set_integer(r[i->p2], slot.tree.rowid());
      } else {
        set_null(r[i->p2]);
      }
    }
  }
  NEXT();
  BY_FAMILY(IndexRowid)
  BY_FAMILY(IfRowFits)
  BY_FAMILY(RowData)

  // ---- writing rows ----
  OPCODE(MakeRecord) CHECK(make_record(*i));
  NEXT();
  OPCODE(PatchRecord) {
    bool done;
    CHECK(patch_record(*i, &done));
    JUMP_IF(done);
  }
  BY_FAMILY(NewRowid)
  BY_FAMILY(InsertRow)
  BY_FAMILY(WriteRow)
  BY_FAMILY(DeleteRow)
  BY_FAMILY(InsertKey)
  BY_FAMILY(WriteKey)
  BY_FAMILY(DeleteKey)
  BY_FAMILY(ResetCount)

  // ---- sorters, hash tables, row buffers ----
  BY_FAMILY(OpenSorter)
  BY_FAMILY(SorterInsert)
  BY_FAMILY(SorterSort)
  BY_FAMILY(SorterNext)
  OPCODE(SorterColumn)
  OPCODE(BufferColumn) {
    CursorSlot& slot = c[i->p1];
    Value& out = r[i->p3];
    if (out.has(Value::kOwned)) [[unlikely]]
      out.release();
    if (slot.null_row || slot.packed.row() == nullptr) [[unlikely]] {
      out = Value{};
    } else {
      slot.packed.field(i->p2, encoding, &out);
    }
    note_lent(slot, out);
  }
  NEXT();
  BY_FAMILY(OpenHash)
  BY_FAMILY(HashInsert)
  BY_FAMILY(HashProbe)
  BY_FAMILY(HashNext)
  BY_FAMILY(HashColumn)
  BY_FAMILY(HashMark)
  BY_FAMILY(HashUnmatched)
  BY_FAMILY(HashGroup)
  BY_FAMILY(GroupStep)
  BY_FAMILY(GroupStore)
  BY_FAMILY(GroupCarry)
  BY_FAMILY(GroupSort)
  BY_FAMILY(GroupNext)
  BY_FAMILY(GroupKey)
  BY_FAMILY(GroupFinal)
  BY_FAMILY(DistinctAdd)
  BY_FAMILY(OpenBuffer)
  BY_FAMILY(BufferInsert)
  BY_FAMILY(BufferRewind)
  BY_FAMILY(BufferNext)
  BY_FAMILY(BufferTake)
  BY_FAMILY(OpenDup)

  // ---- rows out ----
  OPCODE(ResultRow) {
    emit_row(registers(i->p1, i->p2));
    frame->pc = i + 1;
    counters.vm_steps += steps;
    *result = StepResult::Row;
    // A scan of many rows is many steps, each of them short.
    return budget.charge(static_cast<std::int32_t>(steps - charged));
  }

  // ---- subprograms ----
  OPCODE(Subprogram) {
    bool entered = false;
    CHECK(push_frame(*i, &entered));
    if (!entered) NEXT();
    r = frame->registers;
    c = frame->cursors;
    NEXT_AT(frame->code);
  }
  OPCODE(Parameter) borrow(r[i->p2], frame->window[i->p1]);
  NEXT();
  OPCODE(ForeignKeyCounter) {
    if (i->p1 != 0) {
      host.foreign_key_counter() += i->p2;
    } else {
      foreign_key_counter += i->p2;
    }
  }
  NEXT();
  OPCODE(ForeignKeyIfZero)
  JUMP_IF((i->p1 != 0 ? host.foreign_key_counter() : foreign_key_counter) == 0);

  // ---- row sources, the host ----
  BY_FAMILY(OpenSource)
  BY_FAMILY(SourceFilter)
  BY_FAMILY(SourceNext)
  BY_FAMILY(SourceColumn)
  BY_FAMILY(SourceRowid)
  BY_FAMILY(SourceUpdate)
  BY_FAMILY(HostCall)
  OPCODE(Noop)
  OPCODE(Explain) NEXT();

jump2 : {
  const Instruction* target = frame->code + i->p2;
  if (target <= i) {  // a loop
    const auto units = static_cast<std::int32_t>(steps - charged);
    charged = steps;
    CHECK(budget.charge(units));
  }
  NEXT_AT(target);
}

done:
  counters.vm_steps += steps;
  if (program->changes_counted) host.set_changes(changes);
  host.add_total_changes(changes);
  *result = StepResult::Done;
  return {};

failed:
  counters.vm_steps += steps;
  return error;
}

}  // namespace perlite::vm
