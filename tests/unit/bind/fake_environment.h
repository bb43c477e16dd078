// A connection as the binder sees it, over CREATE texts by hand: no storage, no functions that run.
#pragma once

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "bind/binder.h"
#include "bind/ddl_reader.h"
#include "bind/dump.h"
#include "catalog/loader.h"
#include "catalog/statistics.h"

namespace perlite::bind {

class FakeEnvironment : public Environment {
 public:
  FakeEnvironment() {
    names_ = {"main", "temp"};
    texts_.resize(2);
    loaded_.resize(2);
  }

  // "CREATE TABLE t(...)": type and name are read from the text; table_name is needed for indexes and triggers.
  void add(const std::string& sql, int database = 0) {
    const std::size_t type = 7 + (sql.compare(7, 7, "UNIQUE ") == 0 ? 7 : 0);
    std::string word = sql.substr(type, sql.find(' ', type) - type);
    std::size_t at = sql.find(' ', type) + 1;
    if (word == "VIRTUAL") at = sql.find(' ', at) + 1;
    const std::string name = sql.substr(at, sql.find_first_of(" (", at) - at);
    std::string table = name;
    if (word == "INDEX" || word == "TRIGGER") {
      std::size_t on = sql.find(" ON ") + 4;
      table = sql.substr(on, sql.find_first_of(" (", on) - on);
    }
    std::string type_word = word == "VIRTUAL" || word == "TABLE" ? "table"
                            : word == "VIEW"                     ? "view"
                            : word == "INDEX"                    ? "index"
                                                                 : "trigger";
    texts_[static_cast<std::size_t>(database)].push_back({type_word, name, table, sql});
    loaded_[static_cast<std::size_t>(database)].reset();
    // Automatic indexes have rows of their own.
    if (type_word == "table" && word == "TABLE") {
      Arena arena;
      auto parsed = catalog_table(sql, arena);
      for (const catalog::Index* index : parsed->indexes) {
        texts_[static_cast<std::size_t>(database)].push_back({"index", std::string(index->name), name, ""});
      }
    }
  }
  // A row of sqlite_stat1: the rows of the table, then of each prefix of the index's key.
  void add_statistics(const std::string& table, const std::string& index, const std::string& stat, int database = 0) {
    const Status status = load(database);
    if (!status.ok()) throw std::runtime_error(std::string(status.message()));
    catalog::LoadedSchema& loaded = *loaded_[static_cast<std::size_t>(database)];
    catalog::add_statistics_row(*loaded.shape, loaded.placement, table,
                                index.empty() ? std::string_view() : std::string_view(index), stat);
  }
  void attach(const std::string& name) {
    names_.push_back(name);
    texts_.emplace_back();
    loaded_.emplace_back();
  }

  int database_count() const noexcept override { return static_cast<int>(names_.size()); }
  std::string_view database_name(int database) const noexcept override {
    return names_[static_cast<std::size_t>(database)];
  }
  Result<const catalog::Shape*> shape(int database) override {
    PL_TRY(load(database));
    return loaded_[static_cast<std::size_t>(database)]->shape.get();
  }
  Result<const catalog::Placement*> placement(int database) override {
    PL_TRY(load(database));
    return static_cast<const catalog::Placement*>(&loaded_[static_cast<std::size_t>(database)]->placement);
  }
  TextEncoding encoding() const noexcept override { return encoding_; }

  const vm::FunctionDef* find_function(std::string_view name, int count, bool* exists) override {
    const vm::FunctionDef* found = nullptr;
    for (const vm::FunctionDef& one : functions()) {
      if (!base::equals_ignoring_case(one.name, name)) continue;
      *exists = true;
      if (one.arg_count == count || (one.arg_count < 0 && count >= one.min_arg_count && found == nullptr)) found = &one;
    }
    return found;
  }
  const record::Collation* find_collation(std::string_view name) override {
    return record::find_builtin_collation(name);
  }
  Result<vm::Source*> find_source(int, const catalog::Table&) override { return static_cast<vm::Source*>(&series_); }
  Result<vm::Source*> find_eponymous(std::string_view name) override {
    return base::equals_ignoring_case(name, "series") ? static_cast<vm::Source*>(&series_) : nullptr;
  }
  bool has_module(std::string_view name) const noexcept override { return name == "series"; }

  bool has_authorizer() const noexcept override { return authorizer_on; }
  Result<Authorization> authorize(int action, const char* third, const char* fourth, const char* database,
                                  const char* trigger) override {
    auto word = [](const char* text) { return text == nullptr ? std::string("-") : std::string(text); };
    const std::string call =
        std::to_string(action) + " " + word(third) + " " + word(fourth) + " " + word(database) + " " + word(trigger);
    calls.push_back(call);
    if (!denied.empty() && call.rfind(denied, 0) == 0) return Authorization::Deny;
    if (!ignored.empty() && call.rfind(ignored, 0) == 0) return Authorization::Ignore;
    return Authorization::Allow;
  }
  int limit(int id) const noexcept override {
    constexpr int kLimits[] = {1000000000, 1000000000, 2000, 1000, 500, 250000000, 1000, 10, 50000, 32766, 1000, 0};
    return kLimits[id];
  }
  const Switches& switches() const noexcept override { return switches_; }

  Switches switches_;
  TextEncoding encoding_ = TextEncoding::Utf8;
  bool authorizer_on = false;
  std::string denied, ignored;
  std::vector<std::string> calls;

 private:
  struct Text {
    std::string type, name, table, sql;
  };
  class Series final : public vm::Source {
   public:
    std::span<const vm::SourceColumn> columns() const noexcept override {
      static constexpr vm::SourceColumn kColumns[] = {{"value", "INT", record::Affinity::Integer, false},
                                                      {"start", "", record::Affinity::Blob, true},
                                                      {"stop", "", record::Affinity::Blob, true}};
      return kColumns;
    }
    Status best_plan(vm::SourcePlan&) override { return Code::Error; }
    Result<UniquePtr<vm::SourceCursor>> open() override { return Code::Error; }
  };

  catalog::Table* catalog_table(const std::string& sql, Arena& arena) {
    auto result = ddl_reader().read_table(sql, 0, arena);
    if (!result.ok()) throw std::runtime_error(std::string(result.status().message()) + ": " + sql);
    return result.value();
  }
  Status load(int database) {
    auto& loaded = loaded_[static_cast<std::size_t>(database)];
    if (loaded != nullptr) return {};
    catalog::LoadOptions options;
    options.reader = &ddl_reader();
    options.is_temp = database == 1;
    catalog::ShapeLoader loader(options);
    std::int64_t root = 2;
    for (const Text& text : texts_[static_cast<std::size_t>(database)]) {
      const bool rootless = text.type == "view" || text.type == "trigger";
      PL_TRY(loader.push({text.type, text.name, text.table, text.sql, false, rootless ? 0 : root++}));
    }
    PL_ASSIGN(catalog::LoadedSchema result, loader.finish());
    loaded = std::make_unique<catalog::LoadedSchema>(std::move(result));
    return {};
  }
  static const std::vector<vm::FunctionDef>& functions() {
    static const std::vector<vm::FunctionDef> all = make_functions();
    return all;
  }
  static std::vector<vm::FunctionDef> make_functions() {
    std::vector<vm::FunctionDef> all;
    auto scalar = [&](const char* name, int count, std::uint32_t flags = 0, int least = 0) {
      vm::FunctionDef one{};
      one.name = name;
      one.arg_count = static_cast<std::int16_t>(count);
      one.min_arg_count = static_cast<std::int16_t>(least);
      one.flags = vm::kBuiltIn | vm::kInnocuous | vm::kDeterministic | flags;
      one.scalar = [](vm::FunctionContext&, int, Value*) {};
      all.push_back(one);
    };
    auto aggregate = [&](const char* name, int count, std::uint32_t flags = 0) {
      scalar(name, count, vm::kAggregate | vm::kWindow | flags);
      vm::FunctionDef& one = all.back();
      one.scalar = nullptr;
      one.step = [](vm::FunctionContext&, int, Value*) {};
      one.finalize = [](vm::FunctionContext&) {};
      one.value = one.finalize;
      one.inverse = one.step;
    };
    for (const char* name : {"abs", "upper", "lower", "length", "typeof", "hex", "unlikely", "likely", "sign"})
      scalar(name, 1);
    for (const char* name : {"like", "glob", "->", "->>", "instr"}) scalar(name, 2);
    scalar("nullif", 2, vm::kNeedsCollation);
    scalar("ifnull", 2);
    scalar("likelihood", 2);
    scalar("like", 3);
    scalar("match", 2);
    scalar("coalesce", -1, 0, 2);
    scalar("iif", -1, 0, 2);
    scalar("max", -1, vm::kNeedsCollation, 2);
    scalar("min", -1, vm::kNeedsCollation, 2);
    scalar("printf", -1);
    scalar("random", 0);
    all.back().flags &= ~static_cast<std::uint32_t>(vm::kDeterministic);
    scalar("last_insert_rowid", 0);
    for (const char* name : {"current_date", "current_time", "current_timestamp"}) {
      scalar(name, 0, vm::kSlowChanging);
      all.back().flags &= ~static_cast<std::uint32_t>(vm::kDeterministic);
    }
    scalar("date", -1, vm::kDateTime);
    scalar("load_extension", 1, vm::kDirectOnly);
    all.back().flags &= ~static_cast<std::uint32_t>(vm::kInnocuous);
    aggregate("sum", 1);
    aggregate("total", 1);
    aggregate("avg", 1);
    aggregate("count", 0, vm::kCount);
    aggregate("count", 1, vm::kCount);
    aggregate("min", 1, vm::kMinMax | vm::kNeedsCollation);
    aggregate("max", 1, vm::kMinMax | vm::kMax | vm::kNeedsCollation);
    aggregate("group_concat", 1);
    aggregate("group_concat", 2);
    for (const char* name : {"row_number", "rank"}) aggregate(name, 0, vm::kWindowOnly);
    aggregate("ntile", 1, vm::kWindowOnly);
    aggregate("lead", 1, vm::kWindowOnly);
    aggregate("lead", 2, vm::kWindowOnly);
    aggregate("lead", 3, vm::kWindowOnly);
    return all;
  }

  std::vector<std::string> names_;
  std::vector<std::vector<Text>> texts_;
  std::vector<std::unique_ptr<catalog::LoadedSchema>> loaded_;
  Series series_;
};

// What a statement binds to: its dump (when wanted, else nothing), or "ERR code offset message".
inline std::string bind_text(FakeEnvironment& environment, const std::string& sql, bool wanted = true) {
  Arena arena;
  auto failure = [](const Status& status) {
    return "ERR " + std::to_string(static_cast<int>(status.code())) + " " + std::to_string(status.offset()) + " " +
           std::string(status.message());
  };
  auto parsed = sql::parse_statement(sql, arena);
  if (!parsed.ok()) return failure(parsed.status());
  if (parsed.value().statement == nullptr) return "";
  auto bound = bind_statement(parsed.value(), sql, environment, arena);
  if (!bound.ok()) return failure(bound.status());
  if (!wanted) return "";
  const String text = dump(*bound.value());
  return {text.data(), text.size()};
}

}  // namespace perlite::bind
