// plan/access_path.h: the one question to whoever holds rows: by which ways can you be read, what does each cost?
//
// Stored tables (plan/table_paths.cc) and modules (plan/source_paths.cc) answer alike. The question names the conditions
// that may be used and, of each, which relations must have a row before; the answer is a list of ways with rows and cost,
// in the unit of xBestIndex: about the cost of one step to a next row. The join order chooses among them.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "base/arena_containers.h"
#include "bind/bound.h"
#include "catalog/shape.h"
#include "plan/switches.h"

namespace perlite::plan {

// Lists of this layer live in the arena of the statement.
using arena_containers::HashMap;
using arena_containers::List;
using arena_containers::Vector;

// Relations of one join, by their place in it. A join has at most 64.
using RelationSet = std::uint64_t;
constexpr RelationSet one_relation(int item) { return RelationSet{1} << item; }

// A condition of WHERE or ON: all of them hold for each row.
struct Conjunct {
  const bind::Expr* expr;
  RelationSet uses = 0;   // relations of this join whose columns it reads
  bool pinned = false;    // must be evaluated, and only where it stands: not deterministic
  bool derived = false;   // follows from others: helps to find rows, need not be checked
  std::int32_t index = 0;  // in the list of its join
};

// Where the values of one leading column of a seek come from.
struct Seek {
  enum class Kind : std::uint8_t {
    Equal,     // `value`
    IsNull,    // column IS NULL
    InList,    // each of `list`
    InSelect,  // each row of `select`
    Any,       // skip-scan: each value there is
  };
  Kind kind = Kind::Equal;
  const bind::Expr* value = nullptr;
  bind::ExprList list;
  const bind::Select* select = nullptr;
  std::int32_t row_field = 0;  // the select gives row values; this is the field
  bind::Affinity affinity = bind::Affinity::None;  // for the values before they are looked for
  bool null_matches = false;   // IS: a NULL value is looked for as well
  const bind::Expr* source = nullptr;  // the condition
};

struct Bound {
  const bind::Expr* value = nullptr;  // null: none
  bool inclusive = false;
  bind::Affinity affinity = bind::Affinity::None;
  const bind::Expr* source = nullptr;
  // Row-value bound (a,b) > (1,2): only a prefix of the columns bounds the range, inclusive, and the condition is
  // checked again.
};

enum class AccessKind : std::uint8_t {
  FullScan,     // the table's own tree, in its order, perhaps a part of it (range of rowid)
  RowidSeek,    // one rowid, or each of a list: seeks[0]
  IndexScan,    // an index or the tree of a WITHOUT ROWID table: equal prefix, then a range, or all of it
  MultiIndexOr,  // each branch finds rowids by a way of its own; a row is met once
  Source,       // a module's plan
};

struct AccessPath {
  AccessKind kind = AccessKind::FullScan;
  const catalog::Index* index = nullptr;  // IndexScan
  bool covering = false;                  // the table's tree is not read
  bool reverse = false;                   // from the last entry to the first
  bool unique = false;                    // at most one row a seek
  std::span<const Seek> seeks;            // leading columns, equal
  Bound lower, upper;                     // of the next column (in the sense of values), or of the rowid
  std::span<const AccessPath* const> branches;                   // MultiIndexOr
  std::span<const std::span<const Conjunct>> branch_conditions;  // checked for the rows of each branch
  std::span<const std::int32_t> used;     // conjuncts that need not be checked any more
  RelationSet needs = 0;                  // relations that must have a row first
  double rows = 0;                        // rows it gives each time it is run
  double cost = 0;                        // of running it once
  // Source
  int plan_number = 0;
  const bind::Value* plan_text = nullptr;
  std::span<const bind::Expr* const> arguments;
  bool order_consumed = false;
};

}  // namespace perlite::plan
