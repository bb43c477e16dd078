#include "engine/sources.h"

#include "base/ascii.h"
#include "engine/connection.h"
#include "engine/pragma.h"
#include "func/json_table.h"

namespace perlite::engine {

Module* SourceRegistry::find_module(std::string_view name) const noexcept {
  for (const auto& module : modules_) {
    if (base::equals_ignoring_case(module->name(), name)) return module.get();
  }
  return nullptr;
}

Result<vm::Source*> SourceRegistry::find_stored(int database, const catalog::Table& table) {
  Module* module = find_module(table.module);
  if (module == nullptr) {
    return Status::format(Code::Error, -1, "no such module: %.*s", static_cast<int>(table.module.size()),
                          table.module.data());
  }
  String key(connection_.database_name(database));
  key += '.';
  key.append(table.name);
  for (Known& known : known_) {
    if (base::equals_ignoring_case(known.key, key)) return known.source.get();
  }
  PL_ASSIGN(UniquePtr<vm::Source> source, module->connect(connection_, connection_.database_name(database), table.name,
                                                          table.module_arguments, false));
  known_.push_back({std::move(key), std::move(source)});
  return known_.back().source.get();
}

Result<vm::Source*> SourceRegistry::find_eponymous(std::string_view name) {
  for (Known& known : known_) {
    if (base::equals_ignoring_case(known.key, name)) return known.source.get();
  }
  UniquePtr<vm::Source> source;
  if (base::starts_with_ignoring_case(name, "pragma_")) {
    source = make_pragma_source(connection_, name.substr(7));
  } else if (Module* module = find_module(name); module != nullptr && module->is_eponymous()) {
    PL_ASSIGN(source, module->connect(connection_, "main", name, {}, false));
  }
  if (source == nullptr) {
    for (const func::TableFunction& function : func::builtin_table_functions()) {
      if (base::equals_ignoring_case(function.name, name)) source = function.make();
    }
  }
  if (source == nullptr) return nullptr;
  known_.push_back({String(name), std::move(source)});
  return known_.back().source.get();
}

Result<vm::Source*> SourceRegistry::statement_source(const PragmaDef& def) {
  String key("PRAGMA ");
  key += def.name;
  for (Known& known : known_) {
    if (known.key == key) return known.source.get();
  }
  known_.push_back({std::move(key), make_statement_source(connection_, def)});
  return known_.back().source.get();
}

void SourceRegistry::add_module(UniquePtr<Module> module) {
  remove_module(module->name());
  modules_.push_back(std::move(module));
}

bool SourceRegistry::remove_module(std::string_view name) noexcept {
  for (auto& module : modules_) {
    if (!base::equals_ignoring_case(module->name(), name)) continue;
    // Tables of the module end before it does.
    forget_eponymous(name);
    std::swap(module, modules_.back());
    modules_.pop_back();
    return true;
  }
  return false;
}

void SourceRegistry::forget_eponymous(std::string_view name) noexcept {
  for (std::size_t i = known_.size(); i-- > 0;) {
    if (base::equals_ignoring_case(known_[i].key, name)) known_.erase(known_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void SourceRegistry::clear() noexcept {
  known_.clear();
  modules_.clear();
}

}  // namespace perlite::engine
