// engine/pragma.h: PRAGMA statements and the pragma_* table functions (manual: pragma.html).
//
// engine/pragmas.def lists them; each has a function that is given the database and the argument and leaves rows. The
// statement and the table function are the same row source: PRAGMA runs it with no constraint to check.
#pragma once

#include <optional>
#include <string_view>

#include "base/containers.h"
#include "base/status.h"
#include "bind/bound.h"
#include "vm/module.h"

namespace perlite::engine {

class Connection;

// What a pragma is run with, and where its rows go.
class PragmaCall {
 public:
  PragmaCall(Connection& connection, int database, bool database_named, std::optional<std::string_view> argument)
      : connection_(connection), database_(database), database_named_(database_named), argument_(argument) {}

  Connection& connection() noexcept { return connection_; }
  int database() const noexcept { return database_; }  // 0 when none was named
  bool database_named() const noexcept { return database_named_; }
  bool has_argument() const noexcept { return argument_.has_value(); }
  std::string_view argument() const noexcept { return argument_.value_or(std::string_view()); }
  bool boolean_argument() const noexcept;
  std::int64_t integer_argument() const noexcept;        // leading integer, 0 for none
  std::int32_t small_integer_argument() const noexcept;  // 0 when it does not fit 32 bits signed

  // One row; cells in the order of the columns.
  class Row {
   public:
    Row& integer(std::int64_t v);
    Row& text(std::string_view v);
    Row& null();

   private:
    friend class PragmaCall;
    explicit Row(PragmaCall& call) noexcept : call_(call) {}
    PragmaCall& call_;
  };
  Row row() {
    ++row_count_;
    return Row(*this);
  }
  std::size_t row_count() const noexcept { return row_count_; }
  Vector<OwnedValue>& cells() noexcept { return cells_; }

 private:
  Connection& connection_;
  int database_;
  bool database_named_;
  std::optional<std::string_view> argument_;
  std::size_t row_count_ = 0;
  Vector<OwnedValue> cells_;
};

enum PragmaFlag : unsigned {
  kPragmaNoTable = 1,      // no table function
  kPragmaQuietSet = 2,     // with an argument: no columns
  kPragmaNeedsSchema = 4,  // reads the schema first
  kPragmaWrites = 8,       // with an argument: changes the file
  kPragmaNoColumns = 16,
  kPragmaAlwaysWrites = 32,
  kPragmaNeedsArgument = 64,  // without one: no rows
};

struct PragmaDef {
  const char* name;
  unsigned flags;
  const char* columns;  // names parted by blanks
  Status (*run)(PragmaCall& call);
};

const PragmaDef* find_pragma(std::string_view name) noexcept;
std::span<const PragmaDef> all_pragmas() noexcept;

// The source behind pragma_NAME; null when there is no such table function.
UniquePtr<vm::Source> make_pragma_source(Connection& connection, std::string_view name);
// The source that a PRAGMA statement runs (every pragma has one).
UniquePtr<vm::Source> make_statement_source(Connection& connection, const PragmaDef& def);

}  // namespace perlite::engine
