// The table of built-in functions.
#include "func/builtins.h"

#include "func/functions.h"

namespace perlite::func {

namespace {

using vm::FunctionDef;
using namespace vm;  // NOLINT: the flags

constexpr std::uint32_t kPure = kBuiltIn | kDeterministic | kInnocuous;
constexpr std::uint32_t kDate = kBuiltIn | kDeterministic | kSlowChanging | kInnocuous | kDateTime;

constexpr std::uint32_t kJson = kPure | kReadsSubtype | kReturnsSubtype;
constexpr std::uint32_t kJsonb = kPure | kReadsSubtype;

constexpr FunctionDef scalar(const char* name, int arg_count, void (*function)(FunctionContext&, int, Value*),
                             std::uint32_t flags = kPure, int least = 0) {
  FunctionDef def{name, static_cast<std::int16_t>(arg_count)};
  def.flags = flags;
  def.scalar = function;
  def.min_arg_count = static_cast<std::int16_t>(least);
  return def;
}

// LIKE and GLOB: the pattern is kept from call to call.
constexpr FunctionDef pattern_match(const char* name, int arg_count, void (*function)(FunctionContext&, int, Value*),
                                    std::uint32_t flags) {
  FunctionDef def = scalar(name, arg_count, function, kPure | flags);
  def.kept = kept_pattern;
  def.answers = matches_kept_pattern;
  return def;
}

struct Aggregate {
  void (*step)(FunctionContext&, int, Value*);
  void (*finalize)(FunctionContext&);
  void (*value)(FunctionContext&);
  void (*inverse)(FunctionContext&, int, Value*);
  std::uint32_t state_size;
  void (*step_integer)(FunctionContext&, std::int64_t) = nullptr;
  void (*step_real)(FunctionContext&, double) = nullptr;
  bool (*ignores)(const FunctionContext&, const Value&) = nullptr;
};
constexpr FunctionDef aggregate(const char* name, int arg_count, const Aggregate& of, std::uint32_t flags = 0) {
  FunctionDef def{name, static_cast<std::int16_t>(arg_count)};
  def.flags = kPure | kAggregate | kWindow | flags;
  def.step = of.step;
  def.finalize = of.finalize;
  def.value = of.value;
  def.inverse = of.inverse;
  def.state_size = of.state_size;
  def.step_integer = of.step_integer;
  def.step_real = of.step_real;
  def.ignores = of.ignores;
  return def;
}

constexpr Aggregate kCounter{count_step, count_value, count_value, count_inverse, kCountStateSize,
                             count_step_integer, count_step_real};
constexpr Aggregate kSum{sum_step, sum_value, sum_value, sum_inverse, kSumStateSize, sum_step_integer, sum_step_real};
constexpr Aggregate kTotal{sum_step, total_value, total_value, sum_inverse, kSumStateSize, sum_step_integer, sum_step_real};
constexpr Aggregate kAverage{sum_step, avg_value, avg_value, sum_inverse, kSumStateSize, sum_step_integer, sum_step_real};
constexpr Aggregate kLargest{max_step,           extreme_finalize,  extreme_value, extreme_inverse, kExtremeStateSize,
                             max_step_integer, max_step_real,    max_ignores};
constexpr Aggregate kSmallest{min_step,           extreme_finalize,  extreme_value, extreme_inverse, kExtremeStateSize,
                             min_step_integer, min_step_real,    min_ignores};
constexpr Aggregate kConcat{concat_step, concat_finalize, concat_value, concat_inverse, kConcatStateSize};
constexpr Aggregate kPercentile100{percentile_step_100, percentile_finalize, percentile_value, percentile_inverse_any,
                                   kPercentileStateSize};
constexpr Aggregate kPercentile1{percentile_step_1, percentile_finalize, percentile_value, percentile_inverse_any,
                                 kPercentileStateSize};
constexpr Aggregate kPercentileDisc{percentile_step_1, percentile_disc_finalize, percentile_disc_value,
                                    percentile_inverse_any, kPercentileStateSize};

constexpr Aggregate kGroupArray{json_group_array_step, json_group_array_finalize, json_group_array_value,
                                json_group_inverse, kGroupStateSize};
constexpr Aggregate kGroupObject{json_group_object_step, json_group_object_finalize, json_group_object_value,
                                 json_group_inverse, kGroupStateSize};
constexpr Aggregate kGroupArrayB{json_group_array_step, jsonb_group_array_finalize, jsonb_group_array_value,
                                 json_group_inverse, kGroupStateSize};
constexpr Aggregate kGroupObjectB{json_group_object_step, jsonb_group_object_finalize, jsonb_group_object_value,
                                  json_group_inverse, kGroupStateSize};

constexpr FunctionDef kFunctions[] = {
    // ---- core ----
    scalar("abs", 1, fn_abs),
    scalar("sign", 1, fn_sign),
    scalar("round", 1, fn_round),
    scalar("round", 2, fn_round),
    scalar("typeof", 1, fn_typeof, kPure | kTypeof),
    scalar("subtype", 1, fn_subtype, kPure | kTypeof | kReadsSubtype),
    scalar("max", -1, fn_max, kPure | kNeedsCollation, 2),
    scalar("min", -1, fn_min, kPure | kNeedsCollation, 2),
    scalar("nullif", 2, fn_nullif, kPure | kNeedsCollation),
    scalar("coalesce", -1, fn_coalesce, kPure | kShortCircuit, 2),
    scalar("ifnull", 2, fn_coalesce, kPure | kShortCircuit),
    scalar("iif", -1, fn_iif, kPure | kShortCircuit, 2),
    scalar("if", -1, fn_iif, kPure | kShortCircuit, 2),
    scalar("likely", 1, fn_first_argument, kPure | kReturnsArgument),
    scalar("unlikely", 1, fn_first_argument, kPure | kReturnsArgument),
    scalar("likelihood", 2, fn_first_argument, kPure | kReturnsArgument),
    scalar("match", 2, fn_no_match, kPure | kOverload),
    scalar("random", 0, fn_random, kBuiltIn | kInnocuous),
    scalar("randomblob", 1, fn_randomblob, kBuiltIn | kInnocuous),
    scalar("zeroblob", 1, fn_zeroblob),
    scalar("changes", 0, fn_changes, kBuiltIn | kInnocuous),
    scalar("total_changes", 0, fn_total_changes, kBuiltIn | kInnocuous),
    scalar("last_insert_rowid", 0, fn_last_insert_rowid, kBuiltIn | kInnocuous),
    scalar("sqlite_version", 0, fn_sqlite_version, kPure | kSlowChanging),
    scalar("sqlite_source_id", 0, fn_sqlite_source_id, kPure | kSlowChanging),
    scalar("sqlite_compileoption_get", 1, fn_compileoption_get, kPure | kSlowChanging),
    scalar("sqlite_compileoption_used", 1, fn_compileoption_used, kPure | kSlowChanging),
    scalar("sqlite_log", 2, fn_log_message, kBuiltIn),
    scalar("load_extension", 1, fn_load_extension, kBuiltIn | kDirectOnly),
    scalar("load_extension", 2, fn_load_extension, kBuiltIn | kDirectOnly),

    // ---- text and blobs ----
    scalar("length", 1, fn_length, kPure | kLength),
    scalar("octet_length", 1, fn_octet_length, kPure | kLength),
    scalar("lower", 1, fn_lower),
    scalar("upper", 1, fn_upper),
    scalar("trim", 1, fn_trim),
    scalar("trim", 2, fn_trim),
    scalar("ltrim", 1, fn_ltrim),
    scalar("ltrim", 2, fn_ltrim),
    scalar("rtrim", 1, fn_rtrim),
    scalar("rtrim", 2, fn_rtrim),
    scalar("substr", 2, fn_substr),
    scalar("substr", 3, fn_substr),
    scalar("substring", 2, fn_substr),
    scalar("substring", 3, fn_substr),
    scalar("instr", 2, fn_instr),
    scalar("replace", 3, fn_replace),
    pattern_match("like", 2, fn_like, kLike),
    pattern_match("like", 3, fn_like, kLike),
    pattern_match("glob", 2, fn_glob, kGlob | kMatchesCase),
    scalar("format", -1, fn_format),
    scalar("printf", -1, fn_format),
    scalar("concat", -1, fn_concat, kPure, 1),
    scalar("concat_ws", -1, fn_concat_ws, kPure, 2),
    scalar("char", -1, fn_char),
    scalar("unicode", 1, fn_unicode),
    scalar("hex", 1, fn_hex),
    scalar("unhex", 1, fn_unhex),
    scalar("unhex", 2, fn_unhex),
    scalar("quote", 1, fn_quote),
    scalar("unistr", 1, fn_unistr),
    scalar("unistr_quote", 1, fn_unistr_quote),
    scalar("soundex", 1, fn_soundex),

    // ---- mathematics ----
    scalar("acos", 1, fn_acos),
    scalar("acosh", 1, fn_acosh),
    scalar("asin", 1, fn_asin),
    scalar("asinh", 1, fn_asinh),
    scalar("atan", 1, fn_atan),
    scalar("atan2", 2, fn_atan2),
    scalar("atanh", 1, fn_atanh),
    scalar("ceil", 1, fn_ceil),
    scalar("ceiling", 1, fn_ceil),
    scalar("cos", 1, fn_cos),
    scalar("cosh", 1, fn_cosh),
    scalar("degrees", 1, fn_degrees),
    scalar("exp", 1, fn_exp),
    scalar("floor", 1, fn_floor),
    scalar("ln", 1, fn_ln),
    scalar("log", 1, fn_log10),
    scalar("log", 2, fn_log_base),
    scalar("log10", 1, fn_log10),
    scalar("log2", 1, fn_log2),
    scalar("mod", 2, fn_mod),
    scalar("pi", 0, fn_pi),
    scalar("pow", 2, fn_pow),
    scalar("power", 2, fn_pow),
    scalar("radians", 1, fn_radians),
    scalar("sin", 1, fn_sin),
    scalar("sinh", 1, fn_sinh),
    scalar("sqrt", 1, fn_sqrt),
    scalar("tan", 1, fn_tan),
    scalar("tanh", 1, fn_tanh),
    scalar("trunc", 1, fn_trunc),

    // ---- date and time ----
    scalar("date", -1, fn_date, kDate),
    scalar("time", -1, fn_time, kDate),
    scalar("datetime", -1, fn_datetime, kDate),
    scalar("julianday", -1, fn_julianday, kDate),
    scalar("unixepoch", -1, fn_unixepoch, kDate),
    scalar("strftime", -1, fn_strftime, kDate),
    scalar("timediff", 2, fn_timediff, kDate),
    scalar("current_date", 0, fn_current_date, kDate),
    scalar("current_time", 0, fn_current_time, kDate),
    scalar("current_timestamp", 0, fn_current_timestamp, kDate),

    // ---- JSON ----
    scalar("json", 1, fn_json, kJson),
    scalar("json_array", -1, fn_json_array, kJson),
    scalar("json_array_insert", -1, fn_json_array_insert, kJson),
    scalar("json_extract", -1, fn_json_extract, kJson),
    scalar("json_insert", -1, fn_json_insert, kJson),
    scalar("json_object", -1, fn_json_object, kJson),
    scalar("json_patch", 2, fn_json_patch, kJson),
    scalar("json_remove", -1, fn_json_remove, kJson),
    scalar("json_replace", -1, fn_json_replace, kJson),
    scalar("json_set", -1, fn_json_set, kJson),
    scalar("jsonb", 1, fn_jsonb, kJsonb),
    scalar("jsonb_array", -1, fn_jsonb_array, kJsonb),
    scalar("jsonb_array_insert", -1, fn_jsonb_array_insert, kJsonb),
    scalar("jsonb_extract", -1, fn_jsonb_extract, kJsonb),
    scalar("jsonb_insert", -1, fn_jsonb_insert, kJsonb),
    scalar("jsonb_object", -1, fn_jsonb_object, kJsonb),
    scalar("jsonb_patch", 2, fn_jsonb_patch, kJsonb),
    scalar("jsonb_remove", -1, fn_jsonb_remove, kJsonb),
    scalar("jsonb_replace", -1, fn_jsonb_replace, kJsonb),
    scalar("jsonb_set", -1, fn_jsonb_set, kJsonb),
    scalar("json_array_length", 1, fn_json_array_length, kPure),
    scalar("json_array_length", 2, fn_json_array_length, kPure),
    scalar("json_error_position", 1, fn_json_error_position, kPure),
    scalar("json_pretty", 1, fn_json_pretty, kPure),
    scalar("json_pretty", 2, fn_json_pretty, kPure),
    scalar("json_quote", 1, fn_json_quote, kJson),
    scalar("json_type", 1, fn_json_type, kPure),
    scalar("json_type", 2, fn_json_type, kPure),
    scalar("json_valid", 1, fn_json_valid, kPure),
    scalar("json_valid", 2, fn_json_valid, kPure),
    scalar("->", 2, fn_json_arrow, kJson),
    scalar("->>", 2, fn_json_arrow_sql, kPure),
    aggregate("json_group_array", 1, kGroupArray, kReadsSubtype | kReturnsSubtype),
    aggregate("json_group_object", 2, kGroupObject, kReadsSubtype | kReturnsSubtype),
    aggregate("jsonb_group_array", 1, kGroupArrayB, kReadsSubtype),
    aggregate("jsonb_group_object", 2, kGroupObjectB, kReadsSubtype),

    // ---- aggregates ----
    aggregate("count", 0, kCounter, kCount | kOrderFree),
    aggregate("count", 1, kCounter, kOrderFree | kTypeof),
    aggregate("sum", 1, kSum),
    aggregate("total", 1, kTotal),
    aggregate("avg", 1, kAverage),
    aggregate("max", 1, kLargest, kMinMax | kMax | kNeedsCollation | kOrderFree),
    aggregate("min", 1, kSmallest, kMinMax | kNeedsCollation | kOrderFree),
    aggregate("group_concat", 1, kConcat),
    aggregate("group_concat", 2, kConcat),
    aggregate("string_agg", 2, kConcat),
    aggregate("median", 1, kPercentile100, kOrderFree),
    aggregate("percentile", 2, kPercentile100, kOrderFree),
    aggregate("percentile_cont", 2, kPercentile1, kOrderFree),
    aggregate("percentile_disc", 2, kPercentileDisc, kOrderFree),
};

constexpr FunctionDef kCaseSensitiveLike[] = {
    pattern_match("like", 2, fn_like_case, kLike | kMatchesCase),
    pattern_match("like", 3, fn_like_case, kLike | kMatchesCase),
};

}  // namespace

std::span<const FunctionDef> builtin_functions() noexcept { return kFunctions; }
std::span<const FunctionDef> case_sensitive_like_functions() noexcept { return kCaseSensitiveLike; }

}  // namespace perlite::func
