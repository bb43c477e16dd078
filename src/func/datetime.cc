// Date and time (manual: lang_datefunc.html; compat/sql.md 8).
//
// A moment is a count of milliseconds since noon of -4713-11-24 in the Gregorian calendar (Julian day 0), or the
// calendar fields that were given and not yet counted, or a number that a modifier may still call a Unix time.
#include <cmath>
#include <ctime>

#include "base/ascii.h"
#include "base/number.h"
#include "base/printf.h"
#include "base/unicode.h"
#include "func/arguments.h"
#include "func/functions.h"

namespace perlite::func {

namespace {

constexpr std::int64_t kDayMs = 86400000;
constexpr std::int64_t kLastMs = 464269060799999;       // 9999-12-31 23:59:59.999
constexpr std::int64_t kUnixEpochMs = 210866760000000;  // 1970-01-01 00:00
constexpr double kJulianDayEnd = 5373484.5;

// Days from 1970-01-01 to the first of `month`, for years from -4713; month 1..12.
std::int64_t days_from_civil(int year, int month, int day) noexcept {
  const int y = year - (month <= 2 ? 1 : 0) + 8000;  // of years that begin in March, made positive (8000: whole eras)
  const int m = month > 2 ? month - 3 : month + 9;
  const std::int64_t day_of_year = (153 * m + 2) / 5;
  const std::int64_t days = std::int64_t{365} * y + y / 4 - y / 100 + y / 400 + day_of_year + day - 1;
  return days - 719468 - 8000 * std::int64_t{146097} / 400;
}

struct Civil {
  int year, month, day;
};
Civil civil_from_days(std::int64_t days) noexcept {
  days += 719468 + 8000 * std::int64_t{146097} / 400;
  const std::int64_t era = days / 146097;
  const auto of_era = static_cast<int>(days % 146097);
  const int year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int m = (5 * of_year + 2) / 153;
  Civil civil;
  civil.day = of_year - (153 * m + 2) / 5 + 1;
  civil.month = m < 10 ? m + 3 : m - 9;
  civil.year = static_cast<int>(era * 400) + year_of_era - 8000 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

bool is_leap(int year) noexcept { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
int days_of_month(int year, int month) noexcept {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

constexpr bool in_range(std::int64_t ms) noexcept { return ms >= 0 && ms <= kLastMs; }

// Reads fixed fields of a text from left to right.
struct Scanner {
  std::string_view text;
  std::size_t at = 0;

  bool done() const noexcept { return at >= text.size(); }
  char peek() const noexcept { return done() ? '\0' : text[at]; }
  // Exactly `count` digits with a value of least..most.
  bool digits(int count, int least, int most, int* value) noexcept {
    int v = 0;
    for (int i = 0; i < count; ++i, ++at) {
      if (done() || !base::is_digit(text[at])) return false;
      v = v * 10 + (text[at] - '0');
    }
    if (v < least || v > most) return false;
    *value = v;
    return true;
  }
  bool skip(char c) noexcept {
    if (peek() != c) return false;
    ++at;
    return true;
  }
  void skip_blanks() noexcept {
    while (!done() && base::is_blank(text[at])) ++at;
  }
};

class Moment {
 public:
  Moment(FunctionContext& context, bool first_is_now) : context_(context), first_is_now_(first_is_now) {}

  bool ok() const noexcept { return !bad_; }
  bool subsecond() const noexcept { return subsecond_; }
  std::int64_t ms() noexcept {
    compute_ms();
    return ms_;
  }
  int year() const noexcept { return year_; }
  int month() const noexcept { return month_; }
  int day() const noexcept { return day_; }
  int hour() const noexcept { return hour_; }
  int minute() const noexcept { return minute_; }
  double second() const noexcept { return second_; }
  // From 1970-01-01.
  std::int64_t day_number() noexcept { return floor_days(ms()) - kUnixEpochMs / kDayMs - 1; }
  std::int64_t unix_second() noexcept { return ms() / 1000 - kUnixEpochMs / 1000; }
  int day_of_year() noexcept { return static_cast<int>(day_number() - days_from_civil(year_, 1, 1)); }
  // Monday is 0.
  int weekday_from_monday() noexcept { return static_cast<int>(((day_number() + 3) % 7 + 7) % 7); }

  // The value and modifiers of a call; false when the result is NULL (or the call failed).
  bool read(int arg_count, const Value* args) {
    if (arg_count == 0) {
      if (!set_now()) return false;
    } else if (args[0].is_numeric()) {
      set_number(record::to_real(args[0]));
    } else {
      if (args[0].is_null()) return false;
      TextScratch scratch;
      if (!parse_value(until_nul(text_of(context_, args[0], scratch)))) return false;
    }
    for (int i = 1; i < arg_count; ++i) {
      if (args[i].is_null()) return false;
      TextScratch scratch;
      if (!modify(until_nul(text_of(context_, args[i], scratch)), i)) return false;
    }
    compute_ms();
    if (bad_ || !in_range(ms_)) return false;
    if (has_time_ && hour_ == 24) forget_fields();
    if (arg_count == 1 && has_date_ && day_ > 28) has_date_ = false;  // the 31st of February is a day of March
    return true;
  }

  void compute_fields() noexcept {
    compute_date();
    compute_time();
  }
  void compute_date() noexcept {
    if (has_date_) return;
    if (!has_ms_) {
      year_ = 2000;
      month_ = day_ = 1;
    } else if (!in_range(ms_)) {
      fail();
      return;
    } else {
      const Civil civil = civil_from_days(floor_days(ms_) - kUnixEpochMs / kDayMs - 1);
      year_ = civil.year;
      month_ = civil.month;
      day_ = civil.day;
    }
    has_date_ = true;
  }
  void compute_time() noexcept {
    if (has_time_) return;
    compute_ms();
    const auto of_day = static_cast<int>((ms_ + kDayMs / 2) % kDayMs);
    second_ = (of_day % 60000) / 1000.0;
    minute_ = of_day / 60000 % 60;
    hour_ = of_day / 3600000;
    raw_ = false;
    has_time_ = true;
  }
  void compute_ms() noexcept {
    if (has_ms_ || bad_) return;
    int year = 2000;
    int month = 1;
    int day = 1;
    if (has_date_) {
      year = year_;
      month = month_;
      day = day_;
    }
    if (year < -4713 || year > 9999 || raw_) {
      fail();
      return;
    }
    ms_ = days_from_civil(year, month, day) * kDayMs + kUnixEpochMs;
    has_ms_ = true;
    if (!has_time_) return;
    ms_ +=
        hour_ * std::int64_t{3600000} + minute_ * std::int64_t{60000} + static_cast<std::int64_t>(second_ * 1000 + 0.5);
    if (zone_minutes_ != 0) {
      ms_ -= zone_minutes_ * std::int64_t{60000};
      zone_minutes_ = 0;
      forget_fields();
    }
  }

 private:
  static std::int64_t floor_days(std::int64_t ms) noexcept { return (ms + kDayMs / 2) / kDayMs; }
  void fail() noexcept {
    bad_ = true;
    ms_ = 0;
    has_ms_ = true;
  }
  void forget_fields() noexcept { has_date_ = has_time_ = false; }

  bool refuse_in_schema() {
    if (!context_.in_schema) return false;
    context_.fail(Status::format(Code::Error, -1, "non-deterministic use of %s() in %s", context_.function->name,
                                 context_.schema_use != nullptr ? context_.schema_use : "an index"));
    return true;
  }
  bool set_now() {
    if (refuse_in_schema()) return false;
    auto now = context_.host->current_time_ms();
    if (!now.ok()) return false;  // no clock, no time: NULL
    ms_ = now.value();
    has_ms_ = true;
    is_utc_ = true;
    is_local_ = false;
    return ms_ > 0;
  }
  void set_number(double value) noexcept {
    number_ = value;
    raw_ = true;
    if (value >= 0 && value < kJulianDayEnd) {
      ms_ = static_cast<std::int64_t>(value * static_cast<double>(kDayMs) + 0.5);
      has_ms_ = true;
    }
  }

  // ---- values ----

  bool parse_value(std::string_view text) {
    if (parse_date(text)) {
      if (has_time_ && hour_ == 24) {  // the next day
        compute_ms();
        forget_fields();
      }
      return true;
    }
    if (parse_time_only(text)) return true;
    if (base::equals_ignoring_case(text, "now") && first_is_now_) return set_now();
    const base::NumericPrefix number = base::parse_numeric(text);
    if (number.kind != base::NumericPrefix::Kind::None && number.whole) {
      set_number(number.real);
      return true;
    }
    if (is_subsecond_word(text)) {
      subsecond_ = true;
      return set_now();
    }
    return false;
  }
  static bool is_subsecond_word(std::string_view text) noexcept {
    return base::equals_ignoring_case(text, "subsec") || base::equals_ignoring_case(text, "subsecond");
  }

  bool parse_date(std::string_view text) noexcept {
    Scanner scan{text};
    const bool negative = scan.skip('-');
    int year, month, day;
    if (!scan.digits(4, 0, 9999, &year) || !scan.skip('-') || !scan.digits(2, 1, 12, &month) || !scan.skip('-') ||
        !scan.digits(2, 1, 31, &day)) {
      return false;
    }
    while (!scan.done() && (base::is_blank(scan.peek()) || scan.peek() == 'T')) ++scan.at;
    if (!scan.done() && !parse_time(&scan)) return false;
    has_ms_ = false;
    has_date_ = true;
    year_ = negative ? -year : year;
    month_ = month;
    day_ = day;
    compute_floor();
    if (zone_minutes_ != 0) compute_ms();
    return true;
  }
  bool parse_time_only(std::string_view text) noexcept {
    Scanner scan{text};
    return parse_time(&scan);
  }
  // HH:MM[:SS[.SSS]][zone] to the end of the text.
  bool parse_time(Scanner* scan) noexcept {
    int hour, minute;
    double second = 0;
    if (!scan->digits(2, 0, 24, &hour) || !scan->skip(':') || !scan->digits(2, 0, 59, &minute)) return false;
    if (scan->skip(':')) {
      int whole;
      if (!scan->digits(2, 0, 59, &whole)) return false;
      double fraction = 0;
      if (scan->peek() == '.' && scan->at + 1 < scan->text.size() && base::is_digit(scan->text[scan->at + 1])) {
        ++scan->at;
        double scale = 1;
        while (base::is_digit(scan->peek())) {
          fraction = fraction * 10 + (scan->peek() - '0');
          scale *= 10;
          ++scan->at;
        }
        fraction /= scale;
        // The last millisecond of a second stays in it.
        if (fraction > 0.999) fraction = 0.999;
      }
      second = whole + fraction;
    }
    if (hour == 24 && (minute != 0 || second != 0)) return false;
    has_ms_ = false;
    raw_ = false;
    has_time_ = true;
    hour_ = hour;
    minute_ = minute;
    second_ = second;
    return parse_zone(scan);
  }
  bool parse_zone(Scanner* scan) noexcept {
    scan->skip_blanks();
    zone_minutes_ = 0;
    int sign = 0;
    if (scan->skip('-')) {
      sign = -1;
    } else if (scan->skip('+')) {
      sign = 1;
    } else if (scan->skip('Z') || scan->skip('z')) {
      is_local_ = false;
      is_utc_ = true;
      scan->skip_blanks();
      return scan->done();
    } else {
      return scan->done();
    }
    int hours, minutes;
    if (!scan->digits(2, 0, 14, &hours) || !scan->skip(':') || !scan->digits(2, 0, 59, &minutes)) return false;
    zone_minutes_ = sign * (hours * 60 + minutes);
    if (zone_minutes_ == 0) {
      is_local_ = false;
      is_utc_ = true;
    }
    scan->skip_blanks();
    return scan->done();
  }

  // ---- modifiers ----

  // `index` is 1 for the first modifier: some are allowed only there.
  bool modify(std::string_view text, int index) {
    const auto is = [&](std::string_view word) { return base::equals_ignoring_case(text, word); };
    if (text.empty()) return false;
    switch (base::ascii_lower(text.front())) {
      case 'a':
        if (!is("auto") || index > 1) return false;
        if (!raw_ || has_ms_) {
          raw_ = false;
          return true;
        }
        return set_unix_time();
      case 'c':
        if (!is("ceiling")) return false;
        compute_ms();
        forget_fields();
        floor_days_ = 0;
        return !bad_;
      case 'f':
        if (!is("floor")) return false;
        compute_ms();
        ms_ -= floor_days_ * kDayMs;
        forget_fields();
        return !bad_;
      case 'j':
        if (!is("julianday") || index > 1 || !has_ms_ || !raw_) return false;
        raw_ = false;
        return true;
      case 'l':
        if (!is("localtime")) return false;
        if (refuse_in_schema()) return false;
        if (!is_local_) {
          compute_ms();
          if (bad_ || !to_local()) return false;
        }
        is_utc_ = false;
        is_local_ = true;
        return true;
      case 'u':
        if (is("unixepoch")) {
          if (index > 1 || !raw_) return false;
          return set_unix_time();
        }
        if (!is("utc")) return false;
        if (refuse_in_schema()) return false;
        if (!is_utc_) {
          compute_ms();
          if (bad_ || !to_utc()) return false;
          is_utc_ = true;
          is_local_ = false;
        }
        return true;
      case 'w':
        return go_to_weekday(text);
      case 's':
        if (is_subsecond_word(text)) {
          subsecond_ = true;
          return true;
        }
        return go_to_start(text);
      default:
        return shift(text);
    }
  }

  bool set_unix_time() noexcept {
    const double ms = number_ * 1000.0 + static_cast<double>(kUnixEpochMs);
    if (!(ms >= 0 && ms < static_cast<double>(kLastMs + 1))) return false;
    forget_fields();
    ms_ = static_cast<std::int64_t>(ms + 0.5);
    has_ms_ = true;
    raw_ = false;
    return true;
  }

  bool go_to_weekday(std::string_view text) noexcept {
    constexpr std::string_view kWord = "weekday ";
    if (!base::starts_with_ignoring_case(text, kWord)) return false;
    const base::NumericPrefix number = base::parse_numeric(text.substr(kWord.size()));
    if (number.kind == base::NumericPrefix::Kind::None || !number.whole) return false;
    // "weekday -N" goes back; so does -0.
    const std::size_t first = text.find_first_not_of(" \t\n\v\f\r", kWord.size());
    const bool back = first != std::string_view::npos && text[first] == '-';
    const double magnitude = std::fabs(number.real);
    if (!(magnitude < 7) || magnitude != std::floor(magnitude)) return false;
    const auto wanted = static_cast<int>(magnitude);
    compute_date();
    compute_time();
    zone_minutes_ = 0;
    has_ms_ = false;
    compute_ms();
    const int today = (weekday_from_monday() + 1) % 7;  // Sunday is 0
    ms_ += (back ? -((today - wanted + 7) % 7) : (wanted - today + 7) % 7) * kDayMs;
    forget_fields();
    return !bad_;
  }

  bool go_to_start(std::string_view text) noexcept {
    constexpr std::string_view kWords = "start of ";
    if (!base::starts_with_ignoring_case(text, kWords)) return false;
    if (!has_ms_ && !has_date_ && !has_time_) return false;
    const std::string_view unit = text.substr(kWords.size());
    compute_date();
    if (base::equals_ignoring_case(unit, "month")) {
      day_ = 1;
    } else if (base::equals_ignoring_case(unit, "year")) {
      month_ = day_ = 1;
    } else if (!base::equals_ignoring_case(unit, "day")) {
      return false;
    }
    has_time_ = true;
    hour_ = minute_ = 0;
    second_ = 0;
    raw_ = false;
    zone_minutes_ = 0;
    has_ms_ = false;
    return !bad_;
  }

  // ±N unit, ±HH:MM[:SS[.SSS]], ±YYYY-MM-DD[ HH:MM[:SS]]
  bool shift(std::string_view text) {
    const char first = text.front();
    if (first != '+' && first != '-' && !base::is_digit(first)) return false;
    std::size_t size = 1;
    for (; size < text.size(); ++size) {
      const char c = text[size];
      if (c == ':' || base::is_blank(c)) break;
      if (c != '-') continue;
      // A date has its dashes after four digits of the year, or five with the sign.
      if (size == 5 && is_date_shift(text)) return shift_by_date(text);
    }
    if (size < text.size() && text[size] == ':') return shift_by_time(text);
    const base::NumericPrefix number = base::parse_numeric(text.substr(0, size));
    if (number.kind == base::NumericPrefix::Kind::None || !number.whole) return false;
    return shift_by_unit(number.real, text.substr(size));
  }

  static bool is_date_shift(std::string_view text) noexcept {
    Scanner scan{text, 1};
    int ignored;
    return scan.digits(4, 0, 9999, &ignored) && scan.skip('-');
  }

  bool shift_by_date(std::string_view text) noexcept {
    const char sign = text.front();
    if (sign != '+' && sign != '-') return false;
    Scanner scan{text, 1};
    int years, months, days;
    if (!scan.digits(4, 0, 9999, &years) || !scan.skip('-') || !scan.digits(2, 0, 11, &months) || !scan.skip('-') ||
        !scan.digits(2, 0, 30, &days)) {
      return false;
    }
    compute_date();
    compute_time();
    has_ms_ = false;
    if (sign == '-') {
      year_ -= years;
      month_ -= months;
      days = -days;
    } else {
      year_ += years;
      month_ += months;
    }
    carry_months();
    compute_floor();
    compute_ms();
    forget_fields();
    if (bad_) return false;
    ms_ += days * kDayMs;
    if (scan.done()) return true;
    if (!base::is_blank(scan.peek())) return false;
    scan.skip_blanks();
    return shift_by_time_of(text.substr(scan.at), sign == '-');
  }

  bool shift_by_time(std::string_view text) noexcept {
    bool negative = false;
    if (text.front() == '-' || text.front() == '+') {
      negative = text.front() == '-';
      text.remove_prefix(1);
    }
    return shift_by_time_of(text, negative);
  }
  bool shift_by_time_of(std::string_view text, bool negative) noexcept {
    Moment delta(context_, false);
    Scanner scan{text};
    if (!delta.parse_time(&scan)) return false;
    delta.compute_ms();
    const std::int64_t of_day = (delta.ms_ - kDayMs / 2) % kDayMs;
    compute_ms();
    if (bad_) return false;
    forget_fields();
    ms_ += negative ? -of_day : of_day;
    return true;
  }

  bool shift_by_unit(double amount, std::string_view unit) noexcept {
    while (!unit.empty() && base::is_blank(unit.front())) unit.remove_prefix(1);
    if (unit.size() > 10 || unit.size() < 3) return false;
    if (base::ascii_lower(unit.back()) == 's') unit.remove_suffix(1);
    struct Unit {
      std::string_view name;
      double limit;  // of the amount
      double seconds;
    };
    static constexpr Unit kUnits[] = {
        {"second", 4.6427e+14, 1.0}, {"minute", 7.7379e+12, 60.0},        {"hour", 1.2897e+11, 3600.0},
        {"day", 5373485.0, 86400.0}, {"month", 176546.0, 30.0 * 86400.0}, {"year", 14713.0, 365.0 * 86400.0},
    };
    for (const Unit& u : kUnits) {
      if (!base::equals_ignoring_case(unit, u.name)) continue;
      if (!(amount > -u.limit && amount < u.limit)) return false;
      const double rounder = amount < 0 ? -0.5 : +0.5;
      floor_days_ = 0;
      if (u.name == "month" || u.name == "year") {
        const auto whole = static_cast<int>(amount);
        compute_date();
        compute_time();
        if (u.name == "month") {
          month_ += whole;
          carry_months();
        } else {
          year_ += whole;
        }
        compute_floor();
        has_ms_ = false;
        amount -= whole;
      }
      compute_ms();
      ms_ += static_cast<std::int64_t>(amount * 1000.0 * u.seconds + rounder);
      forget_fields();
      return !bad_;
    }
    return false;
  }

  void carry_months() noexcept {
    const int from_zero = month_ - 1;
    const int years = from_zero >= 0 ? from_zero / 12 : (from_zero - 11) / 12;
    year_ += years;
    month_ -= years * 12;
  }
  // By how many days the day lies beyond its month.
  void compute_floor() noexcept {
    floor_days_ = 0;
    if (day_ <= 28 || month_ < 1 || month_ > 12) return;
    const int last = days_of_month(year_, month_);
    if (day_ > last) floor_days_ = day_ - last;
  }

  // ---- local time, from the C library ----

  // The time zone tables of C libraries reach from 1970 to 2037; other years borrow one of the same kind in that span.
  bool to_local() noexcept {
    std::int64_t ms = ms_;
    int year_difference = 0;
    if (ms < 2108667600 * std::int64_t{100000} || ms > 2130141456 * std::int64_t{100000}) {
      compute_date();
      if (bad_) return false;
      Moment twin(context_, false);
      twin.copy_fields(*this);
      year_difference = 2000 + year_ % 4 - year_;
      twin.year_ += year_difference;
      twin.has_ms_ = false;
      twin.compute_ms();
      ms = twin.ms_;
    }
    const auto seconds = static_cast<std::time_t>(ms / 1000 - kUnixEpochMs / 1000);
    std::tm local;
    if (localtime_r(&seconds, &local) == nullptr) {
      context_.fail("local time unavailable");
      return false;
    }
    const double fraction = static_cast<double>(ms_ % 1000) * 0.001;
    year_ = local.tm_year + 1900 - year_difference;
    month_ = local.tm_mon + 1;
    day_ = local.tm_mday;
    hour_ = local.tm_hour;
    minute_ = local.tm_min;
    second_ = local.tm_sec + fraction;
    has_date_ = has_time_ = true;
    has_ms_ = false;
    raw_ = false;
    zone_minutes_ = 0;
    return true;
  }
  void copy_fields(const Moment& other) {
    year_ = other.year_;
    month_ = other.month_;
    day_ = other.day_;
    has_date_ = true;
    const auto of_day = static_cast<int>((other.ms_ + kDayMs / 2) % kDayMs);
    second_ = (of_day % 60000) / 1000.0;
    minute_ = of_day / 60000 % 60;
    hour_ = of_day / 3600000;
    has_time_ = true;
  }
  // The moment whose local time this is: guesses are corrected until one fits.
  bool to_utc() noexcept {
    const std::int64_t wanted = ms_;
    std::int64_t guess = wanted;
    std::int64_t error = 0;
    for (int i = 0; i < 4; ++i) {
      guess -= error;
      Moment trial(context_, false);
      trial.ms_ = guess;
      trial.has_ms_ = true;
      if (!trial.to_local()) return false;
      trial.compute_ms();
      error = trial.ms_ - wanted;
      if (error == 0) break;
    }
    forget_fields();
    ms_ = guess;
    has_ms_ = true;
    return true;
  }

  FunctionContext& context_;
  std::int64_t ms_ = 0;
  double number_ = 0;
  double second_ = 0;
  int year_ = 2000, month_ = 1, day_ = 1;
  int hour_ = 0, minute_ = 0;
  int zone_minutes_ = 0;
  int floor_days_ = 0;
  bool first_is_now_;
  bool has_ms_ = false;
  bool has_date_ = false;
  bool has_time_ = false;
  bool raw_ = false;  // number_ is what was given
  bool is_utc_ = false;
  bool is_local_ = false;
  bool subsecond_ = false;
  bool bad_ = false;
};

// ---- texts ----

void append_digits(base::TextBuilder& out, int value, int width, char fill = '0') {
  if (value < 0) {
    out.append('-');
    value = -value;
    --width;
  }
  char digits[24];
  char* end = base::write_integer(digits, value);
  const auto size = static_cast<int>(end - digits);
  if (size < width) out.append_fill(static_cast<std::size_t>(width - size), fill);
  out.append({digits, static_cast<std::size_t>(size)});
}
void append_year(base::TextBuilder& out, int year) {
  if (year < 0) {
    out.append('-');
    year = -year;
  }
  append_digits(out, year, 4);
}
void append_date(base::TextBuilder& out, const Moment& moment) {
  append_year(out, moment.year());
  out.append('-');
  append_digits(out, moment.month(), 2);
  out.append('-');
  append_digits(out, moment.day(), 2);
}
// Seconds with three decimals, never rounded up to 60.
void append_second(base::TextBuilder& out, double second) {
  if (second > 59.999) second = 59.999;
  const auto ms = static_cast<int>(second * 1000 + 0.5);
  append_digits(out, ms / 1000, 2);
  out.append('.');
  append_digits(out, ms % 1000, 3);
}
void append_time(base::TextBuilder& out, const Moment& moment, bool subsecond) {
  append_digits(out, moment.hour(), 2);
  out.append(':');
  append_digits(out, moment.minute(), 2);
  out.append(':');
  if (subsecond) {
    append_second(out, moment.second());
  } else {
    append_digits(out, static_cast<int>(moment.second()), 2);
  }
}

enum Parts : unsigned { kDate = 1, kTime = 2 };

void write_moment(FunctionContext& context, int arg_count, const Value* args, unsigned parts) {
  Moment moment(context, true);
  if (!moment.read(arg_count, args)) return;
  moment.compute_fields();
  char buffer[64];
  base::TextBuilder out(buffer, sizeof buffer);
  if ((parts & kDate) != 0) append_date(out, moment);
  if (parts == (kDate | kTime)) out.append(' ');
  if ((parts & kTime) != 0) append_time(out, moment, moment.subsecond());
  context.set_text(out.text());
}

// The ISO 8601 week: that of the Thursday of the same week.
struct IsoWeek {
  int year;
  int week;
};
IsoWeek iso_week_of(Moment& moment) {
  const std::int64_t thursday = moment.day_number() + 3 - moment.weekday_from_monday();
  const Civil civil = civil_from_days(thursday);
  return {civil.year, static_cast<int>(thursday - days_from_civil(civil.year, 1, 1)) / 7 + 1};
}

// False for a letter that is no conversion.
bool append_conversion(base::TextBuilder& out, char letter, Moment& moment) {
  switch (letter) {
    case 'd':
      append_digits(out, moment.day(), 2);
      return true;
    case 'e':
      append_digits(out, moment.day(), 2, ' ');
      return true;
    case 'f':
      append_second(out, moment.second());
      return true;
    case 'F':
      append_digits(out, moment.year(), 4);
      out.append('-');
      append_digits(out, moment.month(), 2);
      out.append('-');
      append_digits(out, moment.day(), 2);
      return true;
    case 'G':
      append_digits(out, iso_week_of(moment).year, 4);
      return true;
    case 'g':
      append_digits(out, iso_week_of(moment).year % 100, 2);
      return true;
    case 'V':
      append_digits(out, iso_week_of(moment).week, 2);
      return true;
    case 'H':
      append_digits(out, moment.hour(), 2);
      return true;
    case 'k':
      append_digits(out, moment.hour(), 2, ' ');
      return true;
    case 'I':
    case 'l': {
      const int hour = moment.hour() % 12 == 0 ? 12 : moment.hour() % 12;
      append_digits(out, hour, 2, letter == 'I' ? '0' : ' ');
      return true;
    }
    case 'j':
      append_digits(out, moment.day_of_year() + 1, 3);
      return true;
    case 'J':
      base::append_printf(out, "%.16g", static_cast<double>(moment.ms()) / static_cast<double>(kDayMs));
      return true;
    case 'm':
      append_digits(out, moment.month(), 2);
      return true;
    case 'M':
      append_digits(out, moment.minute(), 2);
      return true;
    case 'p':
      out.append(moment.hour() >= 12 ? "PM" : "AM");
      return true;
    case 'P':
      out.append(moment.hour() >= 12 ? "pm" : "am");
      return true;
    case 'R':
      append_digits(out, moment.hour(), 2);
      out.append(':');
      append_digits(out, moment.minute(), 2);
      return true;
    case 's':
      if (moment.subsecond()) {
        base::append_printf(out, "%.3f", static_cast<double>(moment.ms() - kUnixEpochMs) / 1000.0);
      } else {
        base::append_printf(out, "%lld", static_cast<long long>(moment.unix_second()));
      }
      return true;
    case 'S':
      append_digits(out, static_cast<int>(moment.second()), 2);
      return true;
    case 'T':
      append_time(out, moment, false);
      return true;
    case 'u':
      append_digits(out, moment.weekday_from_monday() + 1, 1);
      return true;
    case 'w':
      append_digits(out, (moment.weekday_from_monday() + 1) % 7, 1);
      return true;
    case 'U':
      append_digits(out, (moment.day_of_year() - (moment.weekday_from_monday() + 1) % 7 + 7) / 7, 2);
      return true;
    case 'W':
      append_digits(out, (moment.day_of_year() - moment.weekday_from_monday() + 7) / 7, 2);
      return true;
    case 'Y':  // unlike date(), with the sign among the four places
      append_digits(out, moment.year(), 4);
      return true;
    case '%':
      out.append('%');
      return true;
    default:
      return false;
  }
}

}  // namespace

void fn_date(FunctionContext& context, int arg_count, Value* args) { write_moment(context, arg_count, args, kDate); }
void fn_time(FunctionContext& context, int arg_count, Value* args) { write_moment(context, arg_count, args, kTime); }
void fn_datetime(FunctionContext& context, int arg_count, Value* args) {
  write_moment(context, arg_count, args, kDate | kTime);
}
void fn_current_date(FunctionContext& context, int, Value*) { write_moment(context, 0, nullptr, kDate); }
void fn_current_time(FunctionContext& context, int, Value*) { write_moment(context, 0, nullptr, kTime); }
void fn_current_timestamp(FunctionContext& context, int, Value*) { write_moment(context, 0, nullptr, kDate | kTime); }

void fn_julianday(FunctionContext& context, int arg_count, Value* args) {
  Moment moment(context, true);
  if (moment.read(arg_count, args)) {
    context.result.set_real(static_cast<double>(moment.ms()) / static_cast<double>(kDayMs));
  }
}

void fn_unixepoch(FunctionContext& context, int arg_count, Value* args) {
  Moment moment(context, true);
  if (!moment.read(arg_count, args)) return;
  if (moment.subsecond()) {
    context.result.set_real(static_cast<double>(moment.ms() - kUnixEpochMs) / 1000.0);
  } else {
    context.result.set_integer(moment.unix_second());
  }
}

void fn_strftime(FunctionContext& context, int arg_count, Value* args) {
  if (arg_count == 0 || args[0].is_null()) return;
  TextScratch scratch;
  const std::string_view format = until_nul(text_of(context, args[0], scratch));
  Moment moment(context, true);
  if (!moment.read(arg_count - 1, args + 1)) return;
  moment.compute_fields();
  base::TextBuilder out(static_cast<std::size_t>(context.host->length_limit()));
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out.append(format[i]);
      continue;
    }
    if (++i == format.size() || !append_conversion(out, format[i], moment)) return;
  }
  if (out.error() == Code::TooBig) return context.fail_too_big();
  if (out.error() != Code::Ok) return context.fail(Status::no_memory());
  context.set_text(out.text());
}

// timediff(A, B): what must be added to B to reach A, as ±YYYY-MM-DD HH:MM:SS.SSS.
void fn_timediff(FunctionContext& context, int, Value* args) {
  Moment a(context, true);
  Moment b(context, true);
  if (!a.read(1, &args[0]) || !b.read(1, &args[1])) return;
  const bool negative = a.ms() < b.ms();
  Moment& later = negative ? b : a;
  Moment& earlier = negative ? a : b;
  a.compute_fields();
  b.compute_fields();
  // Whole years and months first, such that adding them to (or taking them from) B stays on its side of A; then the
  // rest.
  int months = (later.year() - earlier.year()) * 12 + later.month() - earlier.month();
  const auto moved = [&](int count) {
    const Moment& from = b;
    const int total = from.year() * 12 + from.month() - 1 + (negative ? -count : count);
    const int year = total >= 0 ? total / 12 : (total - 11) / 12;
    const int month = total - year * 12 + 1;
    const std::int64_t of_day = (b.ms() + kDayMs / 2) % kDayMs;
    return days_from_civil(year, month, from.day()) * kDayMs + kUnixEpochMs + of_day;
  };
  while (months > 0 && (negative ? moved(months) < a.ms() : moved(months) > a.ms())) --months;
  const std::int64_t rest = negative ? moved(months) - a.ms() : a.ms() - moved(months);
  const std::int64_t days = rest / kDayMs;
  const auto of_day = static_cast<int>(rest % kDayMs);
  char buffer[64];
  base::TextBuilder out(buffer, sizeof buffer);
  base::append_printf(out, "%c%04d-%02d-%02d %02d:%02d:%02d.%03d", negative ? '-' : '+', months / 12, months % 12,
                      static_cast<int>(days), of_day / 3600000, of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000);
  context.set_text(out.text());
}

}  // namespace perlite::func
