// bind/environment.h: what the binder asks of a connection. Declared here, implemented in engine.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "catalog/shape.h"
#include "record/collation.h"
#include "vm/function.h"
#include "vm/module.h"

namespace perlite::bind {

enum class Authorization : std::uint8_t { Allow, Deny, Ignore };

class Environment {
 public:
  virtual ~Environment() = default;

  // Databases by number: 0 main, 1 temp, 2... attached in order. Unqualified names are looked for in temp, main, attached.
  virtual int database_count() const noexcept = 0;
  virtual std::string_view database_name(int database) const noexcept = 0;
  // Loads the schema when that has not happened. Errors: those of reading the file.
  virtual Result<const catalog::Shape*> shape(int database) = 0;
  virtual Result<const catalog::Placement*> placement(int database) = 0;
  virtual TextEncoding encoding() const noexcept = 0;

  // The function for this many arguments, null when there is none; `name_exists` tells whether another count would do.
  virtual const vm::FunctionDef* find_function(std::string_view name, int argument_count, bool* name_exists) = 0;
  // Asks the collation-needed callback where necessary; null when there is none.
  virtual const record::Collation* find_collation(std::string_view name) = 0;
  // A module's table stored in a schema, an eponymous table, or null. Errors: those of the module's constructor.
  virtual Result<vm::Source*> find_source(int database, const catalog::Table& table) = 0;
  virtual Result<vm::Source*> find_eponymous(std::string_view name) = 0;
  virtual bool has_module(std::string_view name) const noexcept = 0;

  // The authorizer's answer; Allow when none is set. Strings may be null. An answer that is no answer is an error.
  virtual bool has_authorizer() const noexcept = 0;
  virtual Result<Authorization> authorize(int action, const char* third, const char* fourth, const char* database, const char* trigger) = 0;

  virtual int limit(int id) const noexcept = 0;  // public ids of sqlite3_limit
  // Switches of sqlite3_db_config and pragmas.
  struct Switches {
    bool double_quoted_strings_dml = true;
    bool double_quoted_strings_ddl = true;
    bool enable_triggers = true;
    bool enable_views = true;
    bool foreign_keys = false;
    bool recursive_triggers = false;
    bool trusted_schema = true;
    bool writable_schema = false;
    bool defensive = false;
    bool full_column_names = false;
    bool short_column_names = true;
    bool legacy_alter_table = false;
    bool reverse_unordered_selects = false;
    bool ignore_check_constraints = false;
    bool automatic_index = true;
    bool legacy_file_format = false;  // new databases get schema format 1
  };
  virtual const Switches& switches() const noexcept = 0;
};

}  // namespace perlite::bind
