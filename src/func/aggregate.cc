// Aggregates (manual: lang_aggfunc.html, percentile.html; compat/sql.md 6). States are all zero for no rows.
#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "base/containers.h"
#include "func/arguments.h"
#include "func/functions.h"
#include "record/record.h"

namespace perlite::func {

namespace {

// ---- count ----

struct CountState {
  std::int64_t rows;
};

// ---- sum, total, avg ----
//
// Integers add exactly until one is a real or they overflow; from then on a compensated sum (Neumaier) goes on with
// doubles.
struct SumState {
  double sum;
  double error;  // of sum, to be added at the end
  std::int64_t integer;
  std::int64_t count;
  bool compensated;  // sum and error hold the whole; integer counts no more
  bool real_seen;
  bool overflow;

  void add(double v) noexcept {
    const double next = sum + v;
    error += std::fabs(sum) > std::fabs(v) ? (sum - next) + v : (v - next) + sum;
    sum = next;
  }
  // Large integers are no doubles: their low bits are added by themselves.
  static constexpr std::int64_t kExact = std::int64_t{1} << 52;
  static constexpr std::int64_t kLowBits = 16384;
  void add(std::int64_t v) noexcept {
    if (v > -kExact && v < kExact) return add(static_cast<double>(v));
    add(static_cast<double>(v - v % kLowBits));
    add(static_cast<double>(v % kLowBits));
  }
  void compensate() noexcept {
    if (compensated) return;
    compensated = true;
    const std::int64_t low = integer > -kExact && integer < kExact ? 0 : integer % kLowBits;
    sum = static_cast<double>(integer - low);
    error = static_cast<double>(low);
  }
  double total() const noexcept {
    if (!compensated) return static_cast<double>(integer);
    return std::isfinite(error) ? sum + error : sum;  // an infinite sum has no error to speak of
  }
};

// What a sum makes of an argument: an integer when it is one or reads as one.
record::Number summand(const Value& value) noexcept {
  record::Number number;
  if (value.is_numeric() || (value.type == ValueType::Text && strict_number(value, &number))) {
    if (value.is_numeric()) number = record::to_number(value);
    return number;
  }
  return record::Number::of(record::to_real(value));
}

// ---- min, max ----
//
// Over moving frames the state also keeps every value that may yet become the best, with the number of its row: those
// before a better one cannot. Rows leave a frame in the order they came.
struct Candidate {
  std::int64_t row;
  OwnedValue value;
};
struct ExtremeState {
  Value best;  // valid when `set`
  bool set;
  std::int64_t rows_in;
  std::int64_t rows_out;
  Deque<Candidate>* candidates;
};

void extreme_step(FunctionContext& context, const Value& value, int wanted_order) {
  auto& state = context.state_as<ExtremeState>();
  if (context.moving_frame) {
    const std::int64_t row = state.rows_in++;
    if (value.is_null()) return;
    if (state.candidates == nullptr) state.candidates = base::make_unique<Deque<Candidate>>().release();
    auto& candidates = *state.candidates;
    while (!candidates.empty() &&
           record::compare_values(value, *candidates.back().value, *context.collation) * wanted_order > 0) {
      candidates.pop_back();
    }
    candidates.push_back(Candidate{row, OwnedValue(value)});
    return;
  }
  if (value.is_null()) {
    // Until there is a value, the bare columns are those of the last row.
    context.took_argument = !state.set;
    return;
  }
  if (state.set && record::compare_values(value, state.best, *context.collation) * wanted_order <= 0) return;
  if (!state.set) ::new (&state.best) Value{};
  state.set = true;
  state.best.copy_lasting(value);
  context.took_argument = true;
}

// A text or blob, which most often is no better either. Collations of the host are not asked twice for one value.
template <int kWantedOrder>
bool extreme_ignores(const FunctionContext& context, const Value& value) {
  const auto& state = *static_cast<const ExtremeState*>(context.state);
  if (!state.set || context.collation->kind == record::CollationKind::User) return false;
  const Value& best = state.best;
  if (best.type == ValueType::Text && value.type == ValueType::Text && context.collation->is_binary() &&
      context.encoding == TextEncoding::Utf8) {
    const int order = std::string_view(value.data, value.size).compare(std::string_view(best.data, best.size));
    return kWantedOrder > 0 ? order <= 0 : order >= 0;
  }
  return record::compare_values(value, best, *context.collation) * kWantedOrder <= 0;
}

// A number, which most often is no better than the best of its type.
template <int kWantedOrder>
void extreme_step_integer(FunctionContext& context, std::int64_t number) {
  const auto& state = context.state_as<ExtremeState>();
  if (state.set && state.best.type == ValueType::Integer &&
      (kWantedOrder > 0 ? number <= state.best.integer : number >= state.best.integer)) {
    return;
  }
  Value value{};
  value.set_integer(number);
  extreme_step(context, value, kWantedOrder);
}
template <int kWantedOrder>
void extreme_step_real(FunctionContext& context, double number) {
  const auto& state = context.state_as<ExtremeState>();
  if (state.set && state.best.type == ValueType::Real &&
      (kWantedOrder > 0 ? number <= state.best.real : number >= state.best.real)) {
    return;
  }
  Value value{};
  value.set_real(number);
  extreme_step(context, value, kWantedOrder);
}

// ---- group_concat ----

struct Joined {
  std::uint32_t separator_size;  // in front of the value
  std::uint32_t value_size;
};
struct ConcatState {
  String* text;
  Deque<Joined>* parts;  // of moving frames
  bool too_big;
  bool any;
};

// ---- percentiles ----

struct PercentileState {
  Vector<double>* values;
  double fraction;  // 0..1
  bool failed;
};

void percentile_step(FunctionContext& context, int arg_count, const Value* args, double scale) {
  auto& state = context.state_as<PercentileState>();
  if (state.failed) return;
  const auto fail = [&](const char* what) {
    state.failed = true;
    context.fail(Status::format(Code::Error, -1, what, context.function->name));
  };
  double fraction = 0.5;
  if (arg_count > 1) {
    record::Number number;
    if (!strict_number(args[1], &number) || !(number.as_real() >= 0) || number.as_real() > scale) {
      return fail(scale > 1 ? "the fraction argument to %s() is not between 0.0 and 100.0"
                            : "the fraction argument to %s() is not between 0.0 and 1.0");
    }
    fraction = number.as_real() / scale;
  }
  if (state.values == nullptr) {
    state.values = base::make_unique<Vector<double>>().release();
    state.fraction = fraction;
  } else if (std::fabs(fraction - state.fraction) > 0.001) {
    return fail("the fraction argument to %s() is not the same for all input rows");
  }
  if (args[0].is_null()) return;
  if (!args[0].is_numeric()) return fail("input to %s() is not numeric");
  const double value = record::to_real(args[0]);
  if (std::isinf(value)) return fail("Inf input to %s()");
  state.values->push_back(value);
}

void percentile_inverse(FunctionContext& context, const Value& value) {
  auto& state = context.state_as<PercentileState>();
  if (state.failed || state.values == nullptr || !value.is_numeric()) return;
  const auto place = std::find(state.values->begin(), state.values->end(), record::to_real(value));
  if (place != state.values->end()) state.values->erase(place);
}

void percentile_result(FunctionContext& context, bool discrete) {
  auto& state = context.state_as<PercentileState>();
  if (state.failed || state.values == nullptr || state.values->empty()) return;
  Vector<double> sorted(*state.values);
  const double place = state.fraction * static_cast<double>(sorted.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(place), sorted.size() - 1);
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(low), sorted.end());
  double result = sorted[low];
  if (!discrete && place > static_cast<double>(low) && low + 1 < sorted.size()) {
    const double next = *std::min_element(sorted.begin() + static_cast<std::ptrdiff_t>(low) + 1, sorted.end());
    result += (next - result) * (place - static_cast<double>(low));
  }
  context.result.set_real(result);
}

void percentile_release(FunctionContext& context) noexcept {
  auto& state = context.state_as<PercentileState>();
  UniquePtr<Vector<double>> owned(state.values);
  state.values = nullptr;
}

}  // namespace

void count_step(FunctionContext& context, int arg_count, Value* args) {
  if (arg_count == 0 || !args[0].is_null()) ++context.state_as<CountState>().rows;
}
void count_step_integer(FunctionContext& context, std::int64_t) { ++context.state_as<CountState>().rows; }
void count_step_real(FunctionContext& context, double) { ++context.state_as<CountState>().rows; }
void count_inverse(FunctionContext& context, int arg_count, Value* args) {
  if (arg_count == 0 || !args[0].is_null()) --context.state_as<CountState>().rows;
}
void count_value(FunctionContext& context) { context.result.set_integer(context.state_as<CountState>().rows); }

void sum_step(FunctionContext& context, int, Value* args) {
  if (args[0].is_null()) return;
  if (args[0].type == ValueType::Real) return sum_step_real(context, args[0].real);
  const record::Number number = summand(args[0]);
  if (number.is_integer) {
    sum_step_integer(context, number.integer);
  } else {
    sum_step_real(context, number.real);
  }
}
void sum_step_integer(FunctionContext& context, std::int64_t value) {
  auto& state = context.state_as<SumState>();
  ++state.count;
  if (state.compensated) {
    state.add(value);
  } else if (__builtin_add_overflow(state.integer, value, &state.integer)) {
    state.integer =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(state.integer) - static_cast<std::uint64_t>(value));
    state.compensate();
    state.overflow = true;
    state.add(value);
  }
}
void sum_step_real(FunctionContext& context, double value) {
  auto& state = context.state_as<SumState>();
  ++state.count;
  state.compensate();
  state.real_seen = true;
  state.add(value);
}
void sum_inverse(FunctionContext& context, int, Value* args) {
  if (args[0].is_null()) return;
  auto& state = context.state_as<SumState>();
  --state.count;
  const record::Number number = summand(args[0]);
  if (!number.is_integer) {
    state.compensate();
    state.add(-number.real);
  } else if (state.compensated) {
    if (number.integer == std::numeric_limits<std::int64_t>::min()) {
      state.add(std::numeric_limits<std::int64_t>::max());
      state.add(std::int64_t{1});
    } else {
      state.add(-number.integer);
    }
  } else {
    state.integer = static_cast<std::int64_t>(static_cast<std::uint64_t>(state.integer) -
                                              static_cast<std::uint64_t>(number.integer));
  }
}
void sum_value(FunctionContext& context) {
  const auto& state = context.state_as<SumState>();
  if (state.count == 0) return;
  if (!state.compensated) return context.result.set_integer(state.integer);
  if (state.overflow && !state.real_seen) return context.fail("integer overflow");
  context.result.set_real(state.total());
}
void total_value(FunctionContext& context) { context.result.set_real(context.state_as<SumState>().total()); }
void avg_value(FunctionContext& context) {
  const auto& state = context.state_as<SumState>();
  if (state.count != 0) context.result.set_real(state.total() / static_cast<double>(state.count));
}

void max_step(FunctionContext& context, int, Value* args) { extreme_step(context, args[0], 1); }
void min_step(FunctionContext& context, int, Value* args) { extreme_step(context, args[0], -1); }
void max_step_integer(FunctionContext& context, std::int64_t value) { extreme_step_integer<1>(context, value); }
void max_step_real(FunctionContext& context, double value) { extreme_step_real<1>(context, value); }
bool max_ignores(const FunctionContext& context, const Value& value) { return extreme_ignores<1>(context, value); }
void min_step_integer(FunctionContext& context, std::int64_t value) { extreme_step_integer<-1>(context, value); }
void min_step_real(FunctionContext& context, double value) { extreme_step_real<-1>(context, value); }
bool min_ignores(const FunctionContext& context, const Value& value) { return extreme_ignores<-1>(context, value); }
void extreme_inverse(FunctionContext& context, int, Value*) {
  auto& state = context.state_as<ExtremeState>();
  const std::int64_t row = state.rows_out++;
  if (state.candidates != nullptr && !state.candidates->empty() && state.candidates->front().row == row) {
    state.candidates->pop_front();
  }
}
void extreme_value(FunctionContext& context) {
  auto& state = context.state_as<ExtremeState>();
  if (state.candidates != nullptr) {
    if (!state.candidates->empty()) context.result.share(*state.candidates->front().value);
  } else if (state.set) {
    context.result.share(state.best);
  }
}
void extreme_finalize(FunctionContext& context) {
  extreme_value(context);
  auto& state = context.state_as<ExtremeState>();
  if (state.set) state.best.release();
  state.set = false;
  UniquePtr<Deque<Candidate>> owned(state.candidates);
  state.candidates = nullptr;
}

void concat_step(FunctionContext& context, int arg_count, Value* args) {
  if (args[0].is_null()) return;
  auto& state = context.state_as<ConcatState>();
  if (state.too_big) return;
  TextScratch value_scratch;
  TextScratch separator_scratch;
  const std::string_view value = text_of(context, args[0], value_scratch);
  std::string_view separator;
  if (state.any) separator = arg_count > 1 ? text_of(context, args[1], separator_scratch) : std::string_view(",");
  if (state.text == nullptr) state.text = base::make_unique<String>().release();
  if (context.over_limit(std::uint64_t{state.text->size()} + separator.size() + value.size())) {
    state.too_big = true;
    return;
  }
  state.any = true;
  state.text->append(separator);
  state.text->append(value);
  if (context.moving_frame) {
    if (state.parts == nullptr) state.parts = base::make_unique<Deque<Joined>>().release();
    state.parts->push_back({static_cast<std::uint32_t>(separator.size()), static_cast<std::uint32_t>(value.size())});
  }
}
void concat_inverse(FunctionContext& context, int, Value* args) {
  if (args[0].is_null()) return;
  auto& state = context.state_as<ConcatState>();
  if (state.parts == nullptr || state.parts->empty()) return;
  std::size_t gone = state.parts->front().separator_size + state.parts->front().value_size;
  state.parts->pop_front();
  if (state.parts->empty()) {
    state.any = false;
  } else {
    gone += state.parts->front().separator_size;
    state.parts->front().separator_size = 0;
  }
  state.text->erase(0, gone);
}
void concat_value(FunctionContext& context) {
  const auto& state = context.state_as<ConcatState>();
  if (state.too_big) return context.fail_too_big();
  if (state.any) context.set_text(*state.text);
}
void concat_finalize(FunctionContext& context) {
  if (!context.discarded) concat_value(context);
  auto& state = context.state_as<ConcatState>();
  UniquePtr<String> text(state.text);
  UniquePtr<Deque<Joined>> parts(state.parts);
  state = {};
}

void percentile_step_100(FunctionContext& context, int arg_count, Value* args) {
  percentile_step(context, arg_count, args, 100.0);
}
void percentile_step_1(FunctionContext& context, int arg_count, Value* args) {
  percentile_step(context, arg_count, args, 1.0);
}
void percentile_inverse_any(FunctionContext& context, int, Value* args) { percentile_inverse(context, args[0]); }
void percentile_value(FunctionContext& context) { percentile_result(context, false); }
void percentile_finalize(FunctionContext& context) {
  if (!context.discarded) percentile_result(context, false);
  percentile_release(context);
}
void percentile_disc_value(FunctionContext& context) { percentile_result(context, true); }
void percentile_disc_finalize(FunctionContext& context) {
  if (!context.discarded) percentile_result(context, true);
  percentile_release(context);
}

static_assert(sizeof(CountState) == kCountStateSize && sizeof(SumState) == kSumStateSize);
static_assert(sizeof(ExtremeState) == kExtremeStateSize && sizeof(ConcatState) == kConcatStateSize);
static_assert(sizeof(PercentileState) == kPercentileStateSize);

}  // namespace perlite::func
