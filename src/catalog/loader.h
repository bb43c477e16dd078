// catalog/loader.h: from the rows of sqlite_schema to a shape and its placement.
//
// The engine reads the rows in rowid order and pushes them one at a time; finish() gives the shape, shared with every
// other holder of the same texts, and the roots of this file. What needs no parser is refused here: rows that define
// nothing, root pages outside the file, names defined twice, indexes and triggers without their table. Everything else
// shows when an object is first used.
//   Errors   Corrupt, "malformed database schema (NAME)" or "malformed database schema (NAME) - WHY", as stock says it.
#pragma once

#include <cstdint>
#include <string_view>

#include "catalog/ddl_reader.h"
#include "catalog/shape.h"
#include "catalog/shape_registry.h"

namespace perlite::catalog {

struct LoadOptions {
  const DdlReader* reader = nullptr;  // must outlive every shape; bind/ddl_reader.h has the one of the process
  bool is_temp = false;
  std::uint32_t schema_format = 4;  // of the header; below 4 the word DESC in indexes means nothing
  std::uint32_t page_count = 0;     // 0: roots are not checked against it
  bool shared = true;               // false: a transaction that changed the schema keeps its shape to itself
};

// A row as UTF-8. `data()` null stands for NULL.
struct SchemaRow {
  std::string_view type;
  std::string_view name;
  std::string_view table_name;
  std::string_view sql;
  bool root_is_null = false;
  std::int64_t root = 0;  // 0 where the column is text that is no number
};

struct LoadedSchema {
  ShapeRef shape;
  Placement placement;  // roots alone; cookie, format and statistics are the caller's
};

class StoredShape;

class ShapeLoader {
 public:
  explicit ShapeLoader(const LoadOptions& options);
  // The same after rows were added behind those of `former`, which is not shared; these alone are pushed then.
  ShapeLoader(const LoadOptions& options, const ShapeRef& former, const Placement& placement);
  ShapeLoader(const ShapeLoader&) = delete;
  ShapeLoader& operator=(const ShapeLoader&) = delete;
  ~ShapeLoader();

  Status push(const SchemaRow& row);
  // Once; the loader is then over.
  Result<LoadedSchema> finish();

 private:
  LoadOptions options_;
  StoredShape* shape_;
  Placement placement_;
};

// An empty schema: a new file, or temp before its first object.
Result<LoadedSchema> load_empty_schema(const LoadOptions& options);

}  // namespace perlite::catalog
