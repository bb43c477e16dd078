// codegen/schema_rows.h: code that changes the rows of sqlite_schema (manual: schematab.html).
#pragma once

#include <string_view>

#include "codegen/generator.h"

namespace perlite::codegen {

class SchemaRows {
 public:
  SchemaRows(Generator& g, std::int32_t database) : g_(g), b_(g.builder()), database_(database) {}
  SchemaRows(const SchemaRows&) = delete;
  SchemaRows& operator=(const SchemaRows&) = delete;

  Status open();
  std::int32_t slot() const noexcept { return slot_; }  // of the database in the program
  // A new row. root: register, 0 for none. `sql` with null data: NULL.
  void add(std::string_view type, std::string_view name, std::string_view table_name, std::int32_t root,
           std::string_view sql);
  // Deletes the rows of `type` (every type when it is empty) whose field `field` (1 name, 2 tbl_name) is `name`,
  // and drops their trees.
  Status remove(std::string_view type, std::int32_t field, std::string_view name);
  // The end of every change: the cookie moves and the schema is read again.
  void finish();

 private:
  Generator& g_;
  vm::ProgramBuilder& b_;
  std::int32_t database_;
  std::int32_t slot_ = 0;
  std::int32_t cursor_ = -1;
  unsigned record_flags_ = 0;
  bool only_adds_ = true;
};

}  // namespace perlite::codegen
