// vm/group_table.h: GROUP BY without a sort of the rows: groups found by hash, accumulators beside their keys.
//
// A group is a packed key and one cell a payload: an accumulator, or a value carried from a row. While memory suffices
// all groups lie in an arena. Past the budget, and from the start when a key has a collation of the host, rows of
// groups that are not in memory are recorded: key, and what the program did to the group, arguments included. They go
// through a sorter, and each such group is made by replaying its records in order of arrival. In the end both are
// walked as one, in key order; a key is either in memory or recorded, never both.
//   Ownership  accumulators that were begun and not finalized are ended with the table.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/status.h"
#include "record/record.h"
#include "vm/accumulator.h"
#include "vm/row_buffer.h"
#include "vm/slot_table.h"
#include "vm/sorter.h"

namespace perlite::vm {

class GroupTable : public Allocated {
 public:
  GroupTable(Host& host, const record::KeyInfo& key, std::int32_t key_count, std::int32_t payload_count,
             CallEnvironment environment, std::size_t memory_budget = kRowMemoryBudget);
  GroupTable(const GroupTable&) = delete;
  GroupTable& operator=(const GroupTable&) = delete;
  ~GroupTable();

  // Stands on the group of the key; *is_new tells whether it was just made, or may have been.
  Status enter(std::span<const record::Value> key, bool* is_new);
  // Changes of the group that enter() stands on. `first_only`: of the first row of a group alone.
  Status step(std::int32_t payload, const FunctionCall& call, std::span<record::Value> arguments);
  Status store(std::int32_t payload, const record::Value& value, bool first_only);
  Status carry(std::int32_t first_payload, std::span<const record::Value> values);

  // Ends the entering; stands on the first group in key order, *found false: there is none.
  Status sort(bool* found);
  Status next(bool* found);
  void key(std::int32_t index, record::Value* out) noexcept;  // borrowed until the position moves
  // The accumulator's result, which ends; owned by `out`. Without a step it is the result over no rows.
  Status finish(std::int32_t payload, const FunctionCall& call, record::Value* out);
  void carried(std::int32_t payload, record::Value* out) noexcept;  // borrowed until the position moves
  std::size_t memory_used() const noexcept { return arena_.memory_used() + slots_.memory_used(); }

 private:
  struct Cell {
    enum class Kind : std::uint8_t { Null, Integer, Real, Packed, Inline, State };
    union {
      std::int64_t integer = 0;
      double real;
      char* bytes;  // Packed: a packed value; State: the accumulator
      char inline_state[8];
    };
    std::uint32_t capacity = 0;  // of `bytes`
    Kind kind = Kind::Null;
  };
  static_assert(sizeof(Cell) == 16);
  struct Group {
    std::uint32_t size;
    std::uint32_t hash;
    Cell* cells() noexcept { return reinterpret_cast<Cell*>(this + 1); }
  };
  struct Entry {
    std::uint64_t high;
    std::uint32_t low;
    std::uint32_t complete;
    std::uint32_t reference;
  };
  enum class Record : char { Step, Store, StoreFirst, Carry };

  Group* group(std::uint32_t reference) const noexcept { return reinterpret_cast<Group*>(arena_.at(reference)); }
  char* key_of(Group* group) const noexcept { return reinterpret_cast<char*>(group->cells() + payload_count_); }
  Group* make_group(RowArena& arena, std::span<const record::Value> key, std::uint32_t hash, std::uint32_t* reference);
  Status step_cell(RowArena& arena, Cell& cell, const FunctionCall& call, std::span<record::Value> arguments);
  void store_cell(RowArena& arena, Cell& cell, const record::Value& value);
  void end_group(Group* group) noexcept;
  void record_values(std::span<const record::Value> values);
  template <class T>
  void record_raw(const T& value) {
    const char* bytes = reinterpret_cast<const char*>(&value);
    record_.insert(record_.end(), bytes, bytes + sizeof(value));
  }
  Status flush_record();
  Status replay();
  Status replay_row(const char* record, std::uint32_t size, bool first);
  Status settle(bool* found);
  int compare_packed(const char* left, const char* right) const;
  bool entry_less(const Entry& left, const Entry& right) const;

  Host& host_;
  const record::KeyInfo& key_;
  std::int32_t key_count_;
  std::int32_t payload_count_;
  CallEnvironment environment_;
  FunctionContext step_context_;  // made once, as Machine::call_context
  std::size_t memory_budget_;
  bool hashable_;

  RowArena arena_;
  SlotTable slots_;
  Vector<const FunctionCall*> calls_;  // by payload, of those that are accumulators
  Group* current_ = nullptr;           // null: recording
  bool took_argument_ = false;

  UniquePtr<Sorter> sorter_;  // of recorded rows: key, record
  Vector<char> record_;       // of the row being entered
  Vector<char> record_key_;   // its key, packed
  Vector<record::Value> scratch_;

  Vector<Entry> order_;
  std::size_t next_in_order_ = 0;
  RowArena replay_arena_;
  Group* replayed_ = nullptr;  // the group being walked, if it was recorded
};

}  // namespace perlite::vm
