// vm/module.h: sources of rows that are not stored trees: table functions, pragmas as tables, virtual tables.
//
// The public sqlite3_module is adapted to this interface by the api layer; built-in sources implement it directly.
//   Lifetime  a SourceCursor ends before its Source; a Source before its connection.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/allocator.h"
#include "base/status.h"
#include "record/affinity.h"
#include "record/value.h"
#include "vm/function.h"

namespace perlite::vm {

struct SourceColumn {
  std::string_view name;
  std::string_view declared_type;
  record::Affinity affinity;
  bool hidden;  // hidden columns of a table function are its arguments, in order
};

// One scan.
class SourceCursor : public Allocated {
 public:
  virtual ~SourceCursor() = default;
  virtual Status filter(int plan_number, std::string_view plan_text, std::span<record::Value> arguments) = 0;
  virtual Status next() = 0;
  virtual bool at_end() = 0;
  virtual Status column(int column, FunctionContext& context) = 0;  // leaves the value in context
  virtual Status rowid(std::int64_t* rowid) = 0;
};

// What the planner may use of a WHERE term (manual: vtab.html, "The xBestIndex Method"; operators by public number).
struct SourceConstraint {
  int column;
  int operation;
  bool usable;
};
struct SourceOrder {
  int column;
  bool descending;
};
struct SourcePlan {
  // in
  std::span<const SourceConstraint> constraints;
  std::span<const SourceOrder> order;
  std::uint64_t columns_used;
  // out: argument_index[i] > 0: constraint i is argument number argument_index[i]; omit[i]: need not be checked again
  std::span<int> argument_index;
  std::span<bool> omit;
  int plan_number = 0;
  record::Value plan_text;  // NULL or text
  bool order_consumed = false;
  double cost = 5e98;
  std::int64_t rows = 25;
  bool unique = false;
};

class Source : public Allocated {
 public:
  virtual ~Source() = default;
  virtual std::span<const SourceColumn> columns() const noexcept = 0;
  virtual Status best_plan(SourcePlan& plan) = 0;
  virtual Result<UniquePtr<SourceCursor>> open() = 0;
  virtual bool writable() const noexcept { return false; }
  // Insert, update, delete as xUpdate: values[0] the old rowid or NULL...
  virtual Status update(std::span<record::Value> values, std::int64_t* rowid) {
    static_cast<void>(values);
    static_cast<void>(rowid);
    return Code::ReadOnly;
  }
};

}  // namespace perlite::vm
