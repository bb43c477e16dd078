#include "engine/pragma.h"

#include <algorithm>

#include "base/ascii.h"
#include "engine/connection.h"
#include "engine/pragma_functions.h"
#include "os/filename.h"

namespace perlite::engine {
namespace {

constexpr PragmaDef kPragmas[] = {
#define PRAGMA(name, flags, columns, function) {#name, flags, columns, function},
#include "engine/pragmas.def"
#undef PRAGMA
};

// Plan numbers of a pragma's scan: which of its hidden columns are given, and whether the database comes as a number.
constexpr int kArgumentGiven = 1;
constexpr int kSchemaGiven = 2;

class PragmaCursor final : public vm::SourceCursor {
 public:
  PragmaCursor(Connection& connection, const PragmaDef& def, int column_count) noexcept
      : connection_(connection), def_(def), column_count_(static_cast<std::size_t>(column_count)) {}

  Status filter(int plan_number, std::string_view, std::span<Value> arguments) override {
    row_ = 0;
    argument_.reset();
    int database = 0;
    bool named = false;
    std::size_t next = 0;
    record::TextScratch scratch;
    if ((plan_number & kArgumentGiven) != 0) {
      const Value& value = arguments[next++];
      if (!value.is_null()) argument_.emplace(scratch.text(value));
    }
    schema_.clear();
    if ((plan_number & kSchemaGiven) != 0) {
      record::TextScratch name;
      const Value& value = arguments[next++];
      if (!value.is_null()) {
        schema_.assign(name.text(value));
        database = connection_.find_database(schema_);
        if (database < 0) return Status::format(Code::Error, -1, "unknown database %s", schema_.c_str());
        named = true;
      }
    }
    std::optional<std::string_view> view;
    if (argument_.has_value()) view = *argument_;
    call_.emplace(connection_, database, named, view);
    if ((def_.flags & kPragmaNeedsArgument) != 0 && !argument_.has_value()) return {};
    if ((def_.flags & kPragmaNeedsSchema) != 0) {
      for (int i = 0; i < connection_.database_count(); ++i) PL_TRY(connection_.shape(i));
    }
    end_ = {};
    Status status = def_.run(*call_);
    if (status.primary() != Code::Corrupt || call_->row_count() == 0) return status;
    // What a check found before it met what it cannot read is told first.
    end_ = std::move(status);
    return {};
  }
  Status next() override {
    ++row_;
    return row_ == call_->row_count() ? std::move(end_) : Status();
  }
  bool at_end() override { return !call_.has_value() || row_ >= call_->row_count(); }
  Status column(int column, vm::FunctionContext& context) override {
    const auto index = static_cast<std::size_t>(column);
    if (index < column_count_) {
      context.result.share(*call_->cells()[row_ * column_count_ + index]);
      if (context.result.type == ValueType::Text && context.encoding != context.result.encoding)
        context.result.convert_to_text(context.encoding);
    } else if (index == column_count_) {
      if (argument_.has_value()) context.set_text(*argument_);
    } else if (!schema_.empty()) {
      context.set_text(schema_);
    }
    return {};
  }
  Status rowid(std::int64_t* rowid) override {
    *rowid = static_cast<std::int64_t>(row_);
    return {};
  }

 private:
  Connection& connection_;
  const PragmaDef& def_;
  std::size_t column_count_;
  std::size_t row_ = 0;
  std::optional<String> argument_;
  String schema_;
  std::optional<PragmaCall> call_;
  Status end_;  // after the last row
};

class PragmaSource final : public vm::Source {
 public:
  PragmaSource(Connection& connection, const PragmaDef& def) : connection_(connection), def_(def) {
    std::string_view names = def.columns;
    while (!names.empty()) {
      const std::size_t end = std::min(names.find(' '), names.size());
      columns_.push_back({names.substr(0, end), {}, record::Affinity::None, false});
      names.remove_prefix(std::min(end + 1, names.size()));
    }
    column_count_ = static_cast<int>(columns_.size());
    columns_.push_back({"arg", {}, record::Affinity::None, true});
    columns_.push_back({"schema", {}, record::Affinity::None, true});
  }
  std::span<const vm::SourceColumn> columns() const noexcept override { return {columns_.data(), columns_.size()}; }
  Status best_plan(vm::SourcePlan& plan) override {
    int given[2] = {-1, -1};
    for (std::size_t i = 0; i < plan.constraints.size(); ++i) {
      const vm::SourceConstraint& c = plan.constraints[i];
      if (c.column < column_count_ || c.operation != SQLITE_INDEX_CONSTRAINT_EQ) continue;
      if (!c.usable) return Status(Code::Constraint);
      given[c.column - column_count_] = static_cast<int>(i);
    }
    int count = 0;
    plan.plan_number = 0;
    for (int k = 0; k < 2; ++k) {
      if (given[k] < 0) continue;
      plan.argument_index[static_cast<std::size_t>(given[k])] = ++count;
      plan.omit[static_cast<std::size_t>(given[k])] = true;
      plan.plan_number |= k == 0 ? kArgumentGiven : kSchemaGiven;
    }
    plan.cost = (def_.flags & kPragmaNeedsArgument) != 0 && given[0] < 0 ? 2147483647.0 : 20.0;
    plan.rows = (def_.flags & kPragmaNeedsArgument) != 0 && given[0] < 0 ? 2147483647 : 20;
    return {};
  }
  Result<UniquePtr<vm::SourceCursor>> open() override {
    return UniquePtr<vm::SourceCursor>(make_unique<PragmaCursor>(connection_, def_, column_count_));
  }

 private:
  Connection& connection_;
  const PragmaDef& def_;
  int column_count_ = 0;
  Vector<vm::SourceColumn> columns_;
};

}  // namespace

bool PragmaCall::boolean_argument() const noexcept { return os::parse_boolean(argument(), false); }

std::int64_t PragmaCall::integer_argument() const noexcept {
  std::string_view text = argument();
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    std::uint64_t value = 0;
    for (const char c : text.substr(2)) {
      const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
      if (digit < 0) break;
      value = value * 16 + static_cast<std::uint64_t>(digit);
    }
    return static_cast<std::int64_t>(negative ? 0 - value : value);
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (INT64_MAX - digit) / 10) return negative ? INT64_MIN : INT64_MAX;
    value = value * 10 + digit;
  }
  return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
}

std::int32_t PragmaCall::small_integer_argument() const noexcept {
  const std::int64_t value = integer_argument();
  return value < INT32_MIN || value > INT32_MAX ? 0 : static_cast<std::int32_t>(value);
}

PragmaCall::Row& PragmaCall::Row::integer(std::int64_t v) {
  call_.cells_.emplace_back()->set_integer(v);
  return *this;
}
PragmaCall::Row& PragmaCall::Row::text(std::string_view v) {
  call_.cells_.emplace_back()->set_text_copy(v);
  return *this;
}
PragmaCall::Row& PragmaCall::Row::null() {
  call_.cells_.emplace_back();
  return *this;
}

std::span<const PragmaDef> all_pragmas() noexcept { return kPragmas; }

const PragmaDef* find_pragma(std::string_view name) noexcept {
  const auto* at = std::lower_bound(
      std::begin(kPragmas), std::end(kPragmas), name,
      [](const PragmaDef& def, std::string_view wanted) { return base::compare_ignoring_case(def.name, wanted) < 0; });
  return at != std::end(kPragmas) && base::equals_ignoring_case(at->name, name) ? at : nullptr;
}

UniquePtr<vm::Source> make_statement_source(Connection& connection, const PragmaDef& def) {
  return make_unique<PragmaSource>(connection, def);
}

UniquePtr<vm::Source> make_pragma_source(Connection& connection, std::string_view name) {
  const PragmaDef* def = find_pragma(name);
  if (def == nullptr || (def->flags & (kPragmaNoTable | kPragmaNoColumns)) != 0) return nullptr;
  return make_statement_source(connection, *def);
}

}  // namespace perlite::engine
