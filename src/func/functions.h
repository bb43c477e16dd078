// func/functions.h: the entry points behind func/builtins.cc, by file.
#pragma once

#include <cstdint>

#include "vm/function.h"

namespace perlite::func {

using vm::FunctionContext;

// text.cc
void fn_length(FunctionContext& context, int arg_count, Value* args);
void fn_octet_length(FunctionContext& context, int arg_count, Value* args);
void fn_lower(FunctionContext& context, int arg_count, Value* args);
void fn_upper(FunctionContext& context, int arg_count, Value* args);
void fn_trim(FunctionContext& context, int arg_count, Value* args);
void fn_ltrim(FunctionContext& context, int arg_count, Value* args);
void fn_rtrim(FunctionContext& context, int arg_count, Value* args);
void fn_substr(FunctionContext& context, int arg_count, Value* args);
void fn_instr(FunctionContext& context, int arg_count, Value* args);
void fn_replace(FunctionContext& context, int arg_count, Value* args);
void fn_like(FunctionContext& context, int arg_count, Value* args);
const void* kept_pattern(const vm::AuxiliaryStore& store, int call_site);
bool matches_kept_pattern(const void* kept, std::string_view text);
void fn_like_case(FunctionContext& context, int arg_count, Value* args);
void fn_glob(FunctionContext& context, int arg_count, Value* args);
void fn_format(FunctionContext& context, int arg_count, Value* args);
void fn_concat(FunctionContext& context, int arg_count, Value* args);
void fn_concat_ws(FunctionContext& context, int arg_count, Value* args);
void fn_char(FunctionContext& context, int arg_count, Value* args);
void fn_unicode(FunctionContext& context, int arg_count, Value* args);
void fn_hex(FunctionContext& context, int arg_count, Value* args);
void fn_unhex(FunctionContext& context, int arg_count, Value* args);
void fn_quote(FunctionContext& context, int arg_count, Value* args);
void fn_unistr_quote(FunctionContext& context, int arg_count, Value* args);
void fn_unistr(FunctionContext& context, int arg_count, Value* args);
void fn_soundex(FunctionContext& context, int arg_count, Value* args);

// core.cc
void fn_abs(FunctionContext& context, int arg_count, Value* args);
void fn_sign(FunctionContext& context, int arg_count, Value* args);
void fn_round(FunctionContext& context, int arg_count, Value* args);
void fn_typeof(FunctionContext& context, int arg_count, Value* args);
void fn_subtype(FunctionContext& context, int arg_count, Value* args);
void fn_max(FunctionContext& context, int arg_count, Value* args);
void fn_min(FunctionContext& context, int arg_count, Value* args);
void fn_nullif(FunctionContext& context, int arg_count, Value* args);
void fn_coalesce(FunctionContext& context, int arg_count, Value* args);
void fn_iif(FunctionContext& context, int arg_count, Value* args);
void fn_first_argument(FunctionContext& context, int arg_count, Value* args);
void fn_no_match(FunctionContext& context, int arg_count, Value* args);
void fn_random(FunctionContext& context, int arg_count, Value* args);
void fn_randomblob(FunctionContext& context, int arg_count, Value* args);
void fn_zeroblob(FunctionContext& context, int arg_count, Value* args);
void fn_changes(FunctionContext& context, int arg_count, Value* args);
void fn_total_changes(FunctionContext& context, int arg_count, Value* args);
void fn_last_insert_rowid(FunctionContext& context, int arg_count, Value* args);
void fn_sqlite_version(FunctionContext& context, int arg_count, Value* args);
void fn_sqlite_source_id(FunctionContext& context, int arg_count, Value* args);
void fn_compileoption_get(FunctionContext& context, int arg_count, Value* args);
void fn_compileoption_used(FunctionContext& context, int arg_count, Value* args);
void fn_load_extension(FunctionContext& context, int arg_count, Value* args);
void fn_log_message(FunctionContext& context, int arg_count, Value* args);

// math.cc
void fn_ceil(FunctionContext& context, int arg_count, Value* args);
void fn_floor(FunctionContext& context, int arg_count, Value* args);
void fn_trunc(FunctionContext& context, int arg_count, Value* args);
void fn_atan2(FunctionContext& context, int arg_count, Value* args);
void fn_mod(FunctionContext& context, int arg_count, Value* args);
void fn_pow(FunctionContext& context, int arg_count, Value* args);
void fn_pi(FunctionContext& context, int arg_count, Value* args);
void fn_log_base(FunctionContext& context, int arg_count, Value* args);
void fn_acos(FunctionContext& context, int arg_count, Value* args);
void fn_acosh(FunctionContext& context, int arg_count, Value* args);
void fn_asin(FunctionContext& context, int arg_count, Value* args);
void fn_asinh(FunctionContext& context, int arg_count, Value* args);
void fn_atan(FunctionContext& context, int arg_count, Value* args);
void fn_atanh(FunctionContext& context, int arg_count, Value* args);
void fn_cos(FunctionContext& context, int arg_count, Value* args);
void fn_cosh(FunctionContext& context, int arg_count, Value* args);
void fn_degrees(FunctionContext& context, int arg_count, Value* args);
void fn_exp(FunctionContext& context, int arg_count, Value* args);
void fn_ln(FunctionContext& context, int arg_count, Value* args);
void fn_log10(FunctionContext& context, int arg_count, Value* args);
void fn_log2(FunctionContext& context, int arg_count, Value* args);
void fn_radians(FunctionContext& context, int arg_count, Value* args);
void fn_sin(FunctionContext& context, int arg_count, Value* args);
void fn_sinh(FunctionContext& context, int arg_count, Value* args);
void fn_sqrt(FunctionContext& context, int arg_count, Value* args);
void fn_tan(FunctionContext& context, int arg_count, Value* args);
void fn_tanh(FunctionContext& context, int arg_count, Value* args);

// datetime.cc
void fn_date(FunctionContext& context, int arg_count, Value* args);
void fn_time(FunctionContext& context, int arg_count, Value* args);
void fn_datetime(FunctionContext& context, int arg_count, Value* args);
void fn_current_date(FunctionContext& context, int arg_count, Value* args);
void fn_current_time(FunctionContext& context, int arg_count, Value* args);
void fn_current_timestamp(FunctionContext& context, int arg_count, Value* args);
void fn_julianday(FunctionContext& context, int arg_count, Value* args);
void fn_unixepoch(FunctionContext& context, int arg_count, Value* args);
void fn_strftime(FunctionContext& context, int arg_count, Value* args);
void fn_timediff(FunctionContext& context, int arg_count, Value* args);

// json_functions.cc
// Leaves a value of canonical JSON as a value of SQL; containers as JSON text, or JSONB when `binary`.
void give_json_value(FunctionContext& context, std::string_view value, bool binary);
void fn_json(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb(FunctionContext& context, int arg_count, Value* args);
void fn_json_extract(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_extract(FunctionContext& context, int arg_count, Value* args);
void fn_json_arrow(FunctionContext& context, int arg_count, Value* args);
void fn_json_arrow_sql(FunctionContext& context, int arg_count, Value* args);
void fn_json_insert(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_insert(FunctionContext& context, int arg_count, Value* args);
void fn_json_replace(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_replace(FunctionContext& context, int arg_count, Value* args);
void fn_json_set(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_set(FunctionContext& context, int arg_count, Value* args);
void fn_json_array_insert(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_array_insert(FunctionContext& context, int arg_count, Value* args);
void fn_json_remove(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_remove(FunctionContext& context, int arg_count, Value* args);
void fn_json_array(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_array(FunctionContext& context, int arg_count, Value* args);
void fn_json_object(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_object(FunctionContext& context, int arg_count, Value* args);
void fn_json_patch(FunctionContext& context, int arg_count, Value* args);
void fn_jsonb_patch(FunctionContext& context, int arg_count, Value* args);
void fn_json_array_length(FunctionContext& context, int arg_count, Value* args);
void fn_json_type(FunctionContext& context, int arg_count, Value* args);
void fn_json_quote(FunctionContext& context, int arg_count, Value* args);
void fn_json_pretty(FunctionContext& context, int arg_count, Value* args);
void fn_json_valid(FunctionContext& context, int arg_count, Value* args);
void fn_json_error_position(FunctionContext& context, int arg_count, Value* args);
void json_group_array_step(FunctionContext& context, int arg_count, Value* args);
void json_group_object_step(FunctionContext& context, int arg_count, Value* args);
void json_group_inverse(FunctionContext& context, int arg_count, Value* args);
void json_group_array_value(FunctionContext& context);
void json_group_array_finalize(FunctionContext& context);
void jsonb_group_array_value(FunctionContext& context);
void jsonb_group_array_finalize(FunctionContext& context);
void json_group_object_value(FunctionContext& context);
void json_group_object_finalize(FunctionContext& context);
void jsonb_group_object_value(FunctionContext& context);
void jsonb_group_object_finalize(FunctionContext& context);

// aggregate.cc
void count_step(FunctionContext& context, int arg_count, Value* args);
void count_step_integer(FunctionContext& context, std::int64_t value);
void count_step_real(FunctionContext& context, double value);
void count_inverse(FunctionContext& context, int arg_count, Value* args);
void count_value(FunctionContext& context);
void sum_step(FunctionContext& context, int arg_count, Value* args);
void sum_step_integer(FunctionContext& context, std::int64_t value);
void sum_step_real(FunctionContext& context, double value);
void sum_inverse(FunctionContext& context, int arg_count, Value* args);
void sum_value(FunctionContext& context);
void total_value(FunctionContext& context);
void avg_value(FunctionContext& context);
void max_step(FunctionContext& context, int arg_count, Value* args);
void min_step(FunctionContext& context, int arg_count, Value* args);
void max_step_integer(FunctionContext& context, std::int64_t value);
void max_step_real(FunctionContext& context, double value);
bool max_ignores(const FunctionContext& context, const Value& value);
void min_step_integer(FunctionContext& context, std::int64_t value);
void min_step_real(FunctionContext& context, double value);
bool min_ignores(const FunctionContext& context, const Value& value);
void extreme_inverse(FunctionContext& context, int arg_count, Value* args);
void extreme_value(FunctionContext& context);
void extreme_finalize(FunctionContext& context);
void concat_step(FunctionContext& context, int arg_count, Value* args);
void concat_inverse(FunctionContext& context, int arg_count, Value* args);
void concat_value(FunctionContext& context);
void concat_finalize(FunctionContext& context);
void percentile_step_100(FunctionContext& context, int arg_count, Value* args);
void percentile_step_1(FunctionContext& context, int arg_count, Value* args);
void percentile_inverse_any(FunctionContext& context, int arg_count, Value* args);
void percentile_value(FunctionContext& context);
void percentile_finalize(FunctionContext& context);
void percentile_disc_value(FunctionContext& context);
void percentile_disc_finalize(FunctionContext& context);
inline constexpr std::uint32_t kCountStateSize = 8;
inline constexpr std::uint32_t kSumStateSize = 40;
inline constexpr std::uint32_t kExtremeStateSize = 56;
inline constexpr std::uint32_t kConcatStateSize = 24;
inline constexpr std::uint32_t kPercentileStateSize = 24;
inline constexpr std::uint32_t kGroupStateSize = 16;

}  // namespace perlite::func
