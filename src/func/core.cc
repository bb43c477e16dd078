// Functions of values, types and the connection (manual: lang_corefunc.html; compat/sql.md 5).
#include <cmath>
#include <limits>

#include "base/ascii.h"
#include "base/number.h"
#include "func/arguments.h"
#include "func/functions.h"
#include "record/record.h"
#include "sqlite3.h"

namespace perlite::func {

namespace {

// max(a, b, ...): the first of the largest; min: the last of the smallest; NULL when one is NULL.
void extreme(FunctionContext& context, int arg_count, const Value* args, bool largest) {
  const Value* best = &args[0];
  for (int i = 0; i < arg_count; ++i) {
    if (args[i].is_null()) return;
    const int order = record::compare_values(args[i], *best, *context.collation);
    if (largest ? order > 0 : order <= 0) best = &args[i];
  }
  context.result.share(*best);
}

double round_half_away(double value, int decimals) noexcept {
  constexpr double kNoFraction = 4503599627370496.0;  // 2^52: doubles from here on are integers
  if (!(value > -kNoFraction && value < kNoFraction)) return value;
  if (decimals == 0) return static_cast<double>(static_cast<std::int64_t>(value + (value < 0 ? -0.5 : 0.5)));
  const base::Decimal rounded = base::to_decimal(value, 26, decimals);
  const double magnitude = base::decimal_to_double({rounded.digits, static_cast<std::size_t>(rounded.digit_count)},
                                                   rounded.point - rounded.digit_count);
  return rounded.negative && value != 0 ? -magnitude : magnitude;
}

}  // namespace

void fn_abs(FunctionContext& context, int, Value* args) {
  if (args[0].is_null()) return;
  if (args[0].type == ValueType::Integer) {
    if (args[0].integer == std::numeric_limits<std::int64_t>::min()) return context.fail("integer overflow");
    return context.result.set_integer(args[0].integer < 0 ? -args[0].integer : args[0].integer);
  }
  const double value = record::to_real(args[0]);
  context.result.set_real(value < 0 ? -value : value);
}

void fn_sign(FunctionContext& context, int, Value* args) {
  record::Number number;
  if (!strict_number(args[0], &number)) return;
  const double value = number.as_real();
  context.result.set_integer(value < 0 ? -1 : value > 0 ? 1 : 0);
}

void fn_round(FunctionContext& context, int arg_count, Value* args) {
  int decimals = 0;
  if (arg_count > 1) {
    if (args[1].is_null()) return;
    const std::int64_t wanted = record::to_integer(args[1]);
    decimals = wanted < 0 ? 0 : wanted > 30 ? 30 : static_cast<int>(wanted);
  }
  if (args[0].is_null()) return;
  context.result.set_real(round_half_away(record::to_real(args[0]), decimals));
}

void fn_typeof(FunctionContext& context, int, Value* args) { context.set_static_text(record::type_name(args[0].type)); }
void fn_subtype(FunctionContext& context, int, Value* args) { context.result.set_integer(args[0].subtype); }

void fn_max(FunctionContext& context, int arg_count, Value* args) { extreme(context, arg_count, args, true); }
void fn_min(FunctionContext& context, int arg_count, Value* args) { extreme(context, arg_count, args, false); }

void fn_nullif(FunctionContext& context, int, Value* args) {
  if (record::compare_values(args[0], args[1], *context.collation) != 0) context.result.share(args[0]);
}

void fn_coalesce(FunctionContext& context, int arg_count, Value* args) {
  for (int i = 0; i < arg_count; ++i) {
    if (args[i].is_null()) continue;
    context.result.share(args[i]);
    return;
  }
}

void fn_iif(FunctionContext& context, int arg_count, Value* args) {
  int i = 0;
  for (; i + 1 < arg_count; i += 2) {
    if (record::truth(args[i]) != record::Truth::True) continue;
    context.result.share(args[i + 1]);
    return;
  }
  if (i < arg_count) context.result.share(args[i]);
}

void fn_first_argument(FunctionContext& context, int, Value* args) { context.result.share(args[0]); }

void fn_no_match(FunctionContext& context, int, Value*) {
  context.fail("unable to use function MATCH in the requested context");
}

void fn_random(FunctionContext& context, int, Value*) {
  std::int64_t value;
  context.host->random_bytes(&value, sizeof value);
  // abs(random()) must not fail.
  if (value < 0) value = -(value & std::numeric_limits<std::int64_t>::max());
  context.result.set_integer(value);
}

void fn_randomblob(FunctionContext& context, int, Value* args) {
  std::int64_t size = record::to_integer(args[0]);
  if (size < 1) size = 1;
  if (context.over_limit(static_cast<std::uint64_t>(size))) return;
  ValueBlock* block = ValueBlock::make(static_cast<std::size_t>(size));
  context.host->random_bytes(block->bytes(), static_cast<std::size_t>(size));
  context.result.set_blob_owned(block, {block->bytes(), static_cast<std::size_t>(size)});
  context.result.encoding = context.encoding;
}

void fn_zeroblob(FunctionContext& context, int, Value* args) {
  std::int64_t size = record::to_integer(args[0]);
  if (size < 0) size = 0;
  if (context.over_limit(static_cast<std::uint64_t>(size))) return;
  context.result.set_zero_blob(static_cast<std::uint32_t>(size));
  context.result.encoding = context.encoding;
}

void fn_changes(FunctionContext& context, int, Value*) { context.result.set_integer(context.host->changes()); }
void fn_total_changes(FunctionContext& context, int, Value*) {
  context.result.set_integer(context.host->total_changes());
}
void fn_last_insert_rowid(FunctionContext& context, int, Value*) {
  context.result.set_integer(context.host->last_insert_rowid());
}

void fn_sqlite_version(FunctionContext& context, int, Value*) { context.set_static_text(SQLITE_VERSION); }
void fn_sqlite_source_id(FunctionContext& context, int, Value*) { context.set_text(context.host->source_id()); }

void fn_compileoption_get(FunctionContext& context, int, Value* args) {
  const std::int64_t index = record::to_integer(args[0]);
  if (index < 0 || index > std::numeric_limits<int>::max()) return;
  const std::string_view option = context.host->compile_option(static_cast<int>(index));
  if (option.data() != nullptr) context.set_text(option);
}

void fn_compileoption_used(FunctionContext& context, int, Value* args) {
  if (args[0].is_null()) return;
  TextScratch scratch;
  std::string_view wanted = until_nul(text_of(context, args[0], scratch));
  constexpr std::string_view kPrefix = "SQLITE_";
  if (base::starts_with_ignoring_case(wanted, kPrefix)) wanted.remove_prefix(kPrefix.size());
  for (int i = 0;; ++i) {
    const std::string_view option = context.host->compile_option(i);
    if (option.data() == nullptr) break;
    // "THREADSAFE" is used when the option reads "THREADSAFE=1".
    if (!base::starts_with_ignoring_case(option, wanted)) continue;
    if (option.size() == wanted.size() || option[wanted.size()] == '=') return context.result.set_integer(1);
  }
  context.result.set_integer(0);
}

void fn_load_extension(FunctionContext& context, int arg_count, Value* args) {
  TextScratch file_scratch;
  TextScratch entry_scratch;
  const std::string_view entry = arg_count > 1 ? text_of(context, args[1], entry_scratch) : std::string_view();
  Status status = context.host->load_extension(text_of(context, args[0], file_scratch), entry);
  if (!status.ok()) context.fail(std::move(status));
}

void fn_log_message(FunctionContext& context, int, Value* args) {
  TextScratch scratch;
  const auto code = static_cast<int>(record::to_integer(args[0]));
  context.host->log(code, text_of(context, args[1], scratch));
}

}  // namespace perlite::func
