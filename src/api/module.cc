// Modules of the host: sqlite3_module over the engine's row sources (manual: vtab.html).
#include <cstring>

#include "api/handles.h"
#include "base/arena.h"
#include "base/ascii.h"
#include "bind/ddl_reader.h"
#include "engine/sources.h"

using namespace perlite;
using namespace perlite::api;

namespace {

// What sqlite3_declare_vtab told while a constructor runs.
struct Declaration {
  Arena arena;
  Vector<vm::SourceColumn> columns;
  bool declared = false;
  Declaration* outer = nullptr;
};
thread_local Declaration* declaring = nullptr;

// The error text a method left in its table.
Status method_error(int code, char* text, sqlite3_vtab* table) {
  const char* message = text;
  if (message == nullptr && table != nullptr) message = table->zErrMsg;
  Status status = message != nullptr ? Status(static_cast<Code>(code), message) : Status(static_cast<Code>(code));
  sqlite3_free(text);
  if (table != nullptr && table->zErrMsg != nullptr) {
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = nullptr;
  }
  return status;
}

class HostCursor final : public vm::SourceCursor {
 public:
  HostCursor(const sqlite3_module& module, sqlite3_vtab& table, sqlite3_vtab_cursor& cursor) noexcept
      : module_(module), table_(table), cursor_(cursor) {
    cursor.pVtab = &table;
  }
  ~HostCursor() override { module_.xClose(&cursor_); }

  Status filter(int plan_number, std::string_view plan_text, std::span<Value> arguments) override {
    Vector<sqlite3_value*> pointers;
    for (Value& v : arguments) pointers.push_back(to_handle(&v));
    return answer(
        module_.xFilter(&cursor_, plan_number, plan_text.data(), static_cast<int>(arguments.size()), pointers.data()));
  }
  Status next() override { return answer(module_.xNext(&cursor_)); }
  bool at_end() override { return module_.xEof(&cursor_) != 0; }
  Status column(int column, vm::FunctionContext& context) override {
    return answer(module_.xColumn(&cursor_, reinterpret_cast<sqlite3_context*>(&context), column));
  }
  Status rowid(std::int64_t* rowid) override {
    sqlite3_int64 value = 0;
    const int code = module_.xRowid(&cursor_, &value);
    *rowid = value;
    return answer(code);
  }

 private:
  Status answer(int code) { return code == SQLITE_OK ? Status() : method_error(code, nullptr, &table_); }

  const sqlite3_module& module_;
  sqlite3_vtab& table_;
  sqlite3_vtab_cursor& cursor_;
};

class HostSource final : public vm::Source {
 public:
  HostSource(const sqlite3_module& module, sqlite3_vtab& table, UniquePtr<Declaration> declaration) noexcept
      : module_(module), table_(table), declaration_(std::move(declaration)) {
    table.pModule = &module;
  }
  ~HostSource() override {
    if (module_.xDisconnect != nullptr) module_.xDisconnect(&table_);
  }

  std::span<const vm::SourceColumn> columns() const noexcept override {
    return {declaration_->columns.data(), declaration_->columns.size()};
  }

  Status best_plan(vm::SourcePlan& plan) override {
    using Constraint = std::remove_pointer_t<decltype(sqlite3_index_info::aConstraint)>;
    using Order = std::remove_pointer_t<decltype(sqlite3_index_info::aOrderBy)>;
    using Usage = std::remove_pointer_t<decltype(sqlite3_index_info::aConstraintUsage)>;
    Vector<Constraint> constraints(plan.constraints.size());
    Vector<Usage> usage(plan.constraints.size());
    Vector<Order> order(plan.order.size());
    for (std::size_t i = 0; i < constraints.size(); ++i) {
      constraints[i].iColumn = plan.constraints[i].column;
      constraints[i].op = static_cast<unsigned char>(plan.constraints[i].operation);
      constraints[i].usable = plan.constraints[i].usable ? 1 : 0;
      constraints[i].iTermOffset = static_cast<int>(i);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i].iColumn = plan.order[i].column;
      order[i].desc = plan.order[i].descending ? 1 : 0;
    }
    sqlite3_index_info info;
    std::memset(&info, 0, sizeof info);
    info.nConstraint = static_cast<int>(constraints.size());
    info.aConstraint = constraints.data();
    info.nOrderBy = static_cast<int>(order.size());
    info.aOrderBy = order.data();
    info.aConstraintUsage = usage.data();
    info.estimatedCost = 5e98;
    info.estimatedRows = 25;
    info.colUsed = plan.columns_used;
    const int code = module_.xBestIndex(&table_, &info);
    if (code != SQLITE_OK) {
      if (info.needToFreeIdxStr != 0) sqlite3_free(info.idxStr);
      return method_error(code, nullptr, &table_);
    }
    for (std::size_t i = 0; i < usage.size(); ++i) {
      plan.argument_index[i] = usage[i].argvIndex;
      plan.omit[i] = usage[i].omit != 0;
    }
    plan.plan_number = info.idxNum;
    if (info.idxStr != nullptr) plan.plan_text.set_text_copy(info.idxStr);
    if (info.needToFreeIdxStr != 0) sqlite3_free(info.idxStr);
    plan.order_consumed = info.orderByConsumed != 0;
    plan.cost = info.estimatedCost;
    plan.rows = info.estimatedRows;
    plan.unique = (info.idxFlags & SQLITE_INDEX_SCAN_UNIQUE) != 0;
    return {};
  }

  Result<UniquePtr<vm::SourceCursor>> open() override {
    sqlite3_vtab_cursor* cursor = nullptr;
    const int code = module_.xOpen(&table_, &cursor);
    if (code != SQLITE_OK) return method_error(code, nullptr, &table_);
    return UniquePtr<vm::SourceCursor>(perlite::make_unique<HostCursor>(module_, table_, *cursor));
  }

  bool writable() const noexcept override { return module_.xUpdate != nullptr; }

 private:
  const sqlite3_module& module_;
  sqlite3_vtab& table_;
  UniquePtr<Declaration> declaration_;
};

class HostModule final : public engine::Module {
 public:
  HostModule(const char* name, const sqlite3_module& module, void* user_data, void (*destroy)(void*))
      : name_(name), module_(module), user_data_(user_data), destroy_(destroy) {}
  ~HostModule() override {
    if (destroy_ != nullptr) destroy_(user_data_);
  }
  std::string_view name() const noexcept override { return name_; }
  bool is_eponymous() const noexcept override {
    return module_.xCreate == nullptr || module_.xCreate == module_.xConnect;
  }

  Result<UniquePtr<vm::Source>> connect(Connection& connection, std::string_view database, std::string_view table_name,
                                        std::span<const std::string_view> arguments, bool create) override {
    const auto method = create ? module_.xCreate : module_.xConnect;
    Vector<String> texts;
    texts.emplace_back(name_);
    texts.emplace_back(database);
    texts.emplace_back(table_name);
    for (const std::string_view argument : arguments) texts.emplace_back(argument);
    Vector<const char*> pointers;
    for (const String& text : texts) pointers.push_back(text.c_str());
    auto declaration = perlite::make_unique<Declaration>();
    declaration->outer = declaring;
    declaring = declaration.get();
    sqlite3_vtab* table = nullptr;
    char* error = nullptr;
    const int code =
        method(to_handle(&connection), user_data_, static_cast<int>(pointers.size()), pointers.data(), &table, &error);
    declaring = declaration->outer;
    const String shown(table_name);
    if (code != SQLITE_OK) {
      if (error == nullptr)
        return Status::format(static_cast<Code>(code), -1, "vtable constructor failed: %s", shown.c_str());
      return method_error(code, error, nullptr);
    }
    sqlite3_free(error);
    if (table == nullptr || !declaration->declared) {
      if (table != nullptr) module_.xDisconnect(table);
      return Status::format(Code::Error, -1, "vtable constructor did not declare schema: %s", shown.c_str());
    }
    return UniquePtr<vm::Source>(perlite::make_unique<HostSource>(module_, *table, std::move(declaration)));
  }

 private:
  String name_;
  const sqlite3_module& module_;
  void* user_data_;
  void (*destroy_)(void*);
};

// "HIDDEN" as a word of the declared type; the type without it.
bool take_hidden(std::string_view type, String* rest) {
  bool hidden = false;
  while (!type.empty()) {
    const std::size_t end = std::min(type.find(' '), type.size());
    const std::string_view word = type.substr(0, end);
    if (base::equals_ignoring_case(word, "hidden") && !hidden) {
      hidden = true;
    } else if (!word.empty()) {
      if (!rest->empty()) *rest += ' ';
      rest->append(word);
    }
    type.remove_prefix(std::min(end + 1, type.size()));
  }
  return hidden;
}

int create_module(sqlite3* db, const char* name, const sqlite3_module* module, void* user_data,
                  void (*destroy)(void*)) noexcept {
  if (!usable(db) || name == nullptr) {
    if (destroy != nullptr) destroy(user_data);
    return SQLITE_MISUSE;
  }
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    c.expire_programs();
    if (module == nullptr) {
      c.sources().remove_module(name);
      return {};
    }
    c.sources().add_module(
        UniquePtr<engine::Module>(perlite::make_unique<HostModule>(name, *module, user_data, destroy)));
    return {};
  });
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_create_module(sqlite3* db, const char* name, const sqlite3_module* module, void* user_data) {
  return create_module(db, name, module, user_data, nullptr);
}
SQLITE_API int sqlite3_create_module_v2(sqlite3* db, const char* name, const sqlite3_module* module, void* user_data,
                                        void (*destroy)(void*)) {
  return create_module(db, name, module, user_data, destroy);
}

SQLITE_API int sqlite3_drop_modules(sqlite3* db, const char** keep) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    Vector<String> gone;
    for (const auto& module : c.sources().modules()) {
      bool kept = false;
      for (const char** k = keep; k != nullptr && *k != nullptr; ++k) kept |= module->name() == *k;
      if (!kept) gone.emplace_back(module->name());
    }
    for (const String& name : gone) c.sources().remove_module(name);
    c.expire_programs();
    return {};
  });
}

SQLITE_API int sqlite3_declare_vtab(sqlite3* db, const char* sql) {
  if (!usable(db) || sql == nullptr || declaring == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    Declaration& d = *declaring;
    const std::string_view text = d.arena.copy_text(sql);
    PL_ASSIGN(const catalog::Table* const table, bind::ddl_reader().read_table(text, catalog::kNoEntry, d.arena));
    for (const catalog::Column& column : table->columns) {
      String type;
      const bool hidden = take_hidden(column.declared_type, &type);
      d.columns.push_back({column.name, type.empty() ? std::string_view() : d.arena.copy_text(type),
                           hidden ? record::affinity_of_declared_type(type) : column.affinity, hidden});
    }
    d.declared = true;
    return {};
  });
}

SQLITE_API int sqlite3_vtab_config(sqlite3* db, int op, ...) {
  if (!usable(db)) return SQLITE_MISUSE;
  return op >= SQLITE_VTAB_CONSTRAINT_SUPPORT && op <= SQLITE_VTAB_USES_ALL_SCHEMAS ? SQLITE_OK : SQLITE_MISUSE;
}
SQLITE_API int sqlite3_vtab_on_conflict(sqlite3*) { return SQLITE_FAIL; }
SQLITE_API int sqlite3_vtab_nochange(sqlite3_context* context) {
  return to_context(context)->result.has(Value::kNoChange) ? 1 : 0;
}
SQLITE_API const char* sqlite3_vtab_collation(sqlite3_index_info*, int) { return "BINARY"; }
SQLITE_API int sqlite3_vtab_distinct(sqlite3_index_info*) { return 0; }
SQLITE_API int sqlite3_vtab_in(sqlite3_index_info*, int, int) { return 0; }
SQLITE_API int sqlite3_vtab_rhs_value(sqlite3_index_info*, int, sqlite3_value** out) {
  if (out != nullptr) *out = nullptr;
  return SQLITE_NOTFOUND;
}

}  // extern "C"
