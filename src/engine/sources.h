// engine/sources.h: where a connection finds tables that are not stored: pragma_* functions, and the tables of modules.
//
//   Ownership  a source is made once a connection and name, and lives until the connection closes or the module goes.
#pragma once

#include <string_view>

#include "base/containers.h"
#include "base/status.h"
#include "catalog/shape.h"
#include "vm/module.h"

namespace perlite::engine {

class Connection;
struct PragmaDef;

// A module of the host, adapted by api: makes the tables of a module.
class Module : public Allocated {
 public:
  virtual ~Module() = default;
  virtual std::string_view name() const noexcept = 0;
  virtual bool is_eponymous() const noexcept = 0;
  // Errors: what the module's constructor says. `create` tells CREATE VIRTUAL TABLE from a later connection.
  virtual Result<UniquePtr<vm::Source>> connect(Connection& connection, std::string_view database,
                                                std::string_view table, std::span<const std::string_view> arguments,
                                                bool create) = 0;
};

class SourceRegistry : public Allocated {
 public:
  explicit SourceRegistry(Connection& connection) noexcept : connection_(connection) {}
  SourceRegistry(const SourceRegistry&) = delete;
  SourceRegistry& operator=(const SourceRegistry&) = delete;

  Result<vm::Source*> find_stored(int database, const catalog::Table& table);
  Result<vm::Source*> find_eponymous(std::string_view name);
  Result<vm::Source*> statement_source(const PragmaDef& def);
  bool has_module(std::string_view name) const noexcept { return find_module(name) != nullptr; }
  void add_module(UniquePtr<Module> module);  // replaces one of the same name
  bool remove_module(std::string_view name) noexcept;
  std::span<const UniquePtr<Module>> modules() const noexcept { return {modules_.data(), modules_.size()}; }
  void clear() noexcept;

 private:
  struct Known {
    String key;
    UniquePtr<vm::Source> source;
  };
  Module* find_module(std::string_view name) const noexcept;
  void forget_eponymous(std::string_view name) noexcept;

  Connection& connection_;
  Vector<UniquePtr<Module>> modules_;
  Vector<Known> known_;
};

}  // namespace perlite::engine
