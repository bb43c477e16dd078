// Mathematics (manual: lang_mathfunc.html; compat/sql.md 9). What has no answer, as the root of -1, is NULL: NaN is.
#include <cmath>

#include "func/arguments.h"
#include "func/functions.h"

namespace perlite::func {

namespace {

constexpr double kPi = 3.14159265358979323846;

template <double (*function)(double)>
void unary(FunctionContext& context, const Value& argument) {
  record::Number x;
  if (strict_number(argument, &x)) context.result.set_real(function(x.as_real()));
}
template <double (*function)(double, double)>
void binary(FunctionContext& context, const Value* args) {
  record::Number x;
  record::Number y;
  if (strict_number(args[0], &x) && strict_number(args[1], &y)) {
    context.result.set_real(function(x.as_real(), y.as_real()));
  }
}
// Integers are what they are.
template <double (*function)(double)>
void to_whole(FunctionContext& context, const Value& argument) {
  record::Number x;
  if (!strict_number(argument, &x)) return;
  if (x.is_integer) return context.result.set_integer(x.integer);
  context.result.set_real(function(x.real));
}

double to_degrees(double x) { return x * (180.0 / kPi); }
double to_radians(double x) { return x * (kPi / 180.0); }
// Logarithms of what is not positive are NULL, not -Inf.
double positive_log(double x) { return x > 0 ? std::log(x) : NAN; }
double positive_log10(double x) { return x > 0 ? std::log10(x) : NAN; }
double positive_log2(double x) { return x > 0 ? std::log2(x) : NAN; }

}  // namespace

#define PERLITE_UNARY(name, function) \
  void name(FunctionContext& context, int, Value* args) { unary<function>(context, args[0]); }
PERLITE_UNARY(fn_acos, std::acos)
PERLITE_UNARY(fn_acosh, std::acosh)
PERLITE_UNARY(fn_asin, std::asin)
PERLITE_UNARY(fn_asinh, std::asinh)
PERLITE_UNARY(fn_atan, std::atan)
PERLITE_UNARY(fn_atanh, std::atanh)
PERLITE_UNARY(fn_cos, std::cos)
PERLITE_UNARY(fn_cosh, std::cosh)
PERLITE_UNARY(fn_degrees, to_degrees)
PERLITE_UNARY(fn_exp, std::exp)
PERLITE_UNARY(fn_ln, positive_log)
PERLITE_UNARY(fn_log10, positive_log10)
PERLITE_UNARY(fn_log2, positive_log2)
PERLITE_UNARY(fn_radians, to_radians)
PERLITE_UNARY(fn_sin, std::sin)
PERLITE_UNARY(fn_sinh, std::sinh)
PERLITE_UNARY(fn_sqrt, std::sqrt)
PERLITE_UNARY(fn_tan, std::tan)
PERLITE_UNARY(fn_tanh, std::tanh)
#undef PERLITE_UNARY

void fn_ceil(FunctionContext& context, int, Value* args) { to_whole<std::ceil>(context, args[0]); }
void fn_floor(FunctionContext& context, int, Value* args) { to_whole<std::floor>(context, args[0]); }
void fn_trunc(FunctionContext& context, int, Value* args) { to_whole<std::trunc>(context, args[0]); }
void fn_atan2(FunctionContext& context, int, Value* args) { binary<std::atan2>(context, args); }
void fn_mod(FunctionContext& context, int, Value* args) { binary<std::fmod>(context, args); }
void fn_pow(FunctionContext& context, int, Value* args) { binary<std::pow>(context, args); }
void fn_pi(FunctionContext& context, int, Value*) { context.result.set_real(kPi); }

void fn_log_base(FunctionContext& context, int, Value* args) {
  // The base must be a number, of the rest a numeric prefix is enough (observed).
  record::Number base;
  if (!strict_number(args[0], &base) || args[1].is_null()) return;
  const double x = record::to_real(args[1]);
  if (base.as_real() <= 0 || x <= 0) return;
  const double divisor = std::log(base.as_real());
  if (divisor <= 0) return;
  context.result.set_real(std::log(x) / divisor);
}

}  // namespace perlite::func
