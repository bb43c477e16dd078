// vm/hash_table.h: the build side of hash joins, and sets of rows (DISTINCT, IN).
//
// Entries lie packed in an arena and are found by open addressing; entries of one key are linked in order of arrival.
// When memory passes the budget, and from the start when a key has a collation of the host, what comes goes to an
// ephemeral key tree instead, ordered by key and arrival; a probe looks at memory first, then at the tree, which keeps
// the order of arrival.
//   Lifetime   values lent by payload() hold until the position moves.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/status.h"
#include "btree/cursor.h"
#include "record/record.h"
#include "record/record_probe.h"
#include "vm/record_writer.h"
#include "vm/row_buffer.h"
#include "vm/row_reader.h"
#include "vm/slot_table.h"
#include "vm/temporary_space.h"

namespace perlite::vm {

// A key tree of the execution's own whose records are the fields of a key, a number of arrival, and more.
class ArrivalTree {
 public:
  ArrivalTree(TemporarySpace& space, const record::KeyInfo& key);
  ArrivalTree(const ArrivalTree&) = delete;
  ArrivalTree& operator=(const ArrivalTree&) = delete;

  bool is_open() const noexcept { return cursor_.is_open(); }
  Status add(std::span<const record::Value> key, std::int64_t arrival, std::span<const record::Value> payload);
  // Adds the key unless it is there; *added tells.
  Status add_once(std::span<const record::Value> key, bool* added);
  // Stands on the first entry of the key.
  Status find(std::span<const record::Value> key, bool* found);
  // Stands on the next entry, if it has the same key.
  Status next_of(std::span<const record::Value> key, bool* found);
  Status field(std::uint32_t index, record::Value* out);
  Status arrival(std::int64_t* number);

 private:
  Status open();
  Status insert(std::span<const record::Value> fields, const btree::KeyProbe& probe, bool at_seek);
  Status matches(std::span<const record::Value> key, bool* found);

  TemporarySpace& space_;
  Vector<record::KeyField> fields_;
  record::KeyInfo info_;
  record::RecordOrder order_;
  btree::Cursor cursor_;
  RecordWriter writer_;
  RowReader reader_;
  Vector<record::Value> row_;
  Vector<std::byte> bytes_;
  Vector<std::byte> scratch_;
  std::uint32_t read_epoch_ = 0;
  bool read_valid_ = false;
};

class HashTable : public Allocated {
 public:
  HashTable(TemporarySpace& space, const record::KeyInfo& key, std::int32_t key_count, std::int32_t payload_count,
            std::size_t memory_budget = kRowMemoryBudget);
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  std::int32_t key_count() const noexcept { return key_count_; }
  std::int32_t payload_count() const noexcept { return payload_count_; }
  bool empty() const noexcept { return entry_count_ == 0; }
  std::size_t memory_used() const noexcept { return arena_.memory_used() + slots_.memory_used(); }

  // A set: adds the key unless it is there.
  Status add_once(std::span<const record::Value> key, bool* added);

  // A join table. An entry that is not `probeable` is met by next_unmatched() alone. `walked`: next_unmatched() will be
  // used, so that the order of arrival must be kept for what leaves memory.
  Status add(std::span<const record::Value> key, std::span<const record::Value> payload, bool probeable, bool walked);
  // Stands on the first entry of the key, *found false: on none.
  Status probe(std::span<const record::Value> key, bool* found);
  // Stands on the next entry of the key probed, whose values must still stand.
  Status next_match(bool* found);
  void mark();
  Status next_unmatched(bool* found);
  Status payload(std::int32_t index, record::Value* out);

 private:
  // Of a join table: in front of the packed key and payload.
  struct Node {
    std::uint32_t size;
    std::uint32_t hash;
    std::uint32_t payload_offset;  // from the node
    std::uint32_t arrival;
    std::uint32_t next;  // reference of the next entry of the key, kNone
    std::uint32_t last;  // in the first one: of the last
    std::uint32_t marked;
    std::uint32_t unused;

    const char* key() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  };
  enum class Place : std::uint8_t { None, Memory, Tree, Walk, WalkSpilled };

  bool fits(std::size_t size) const noexcept {
    return hashable_ && arena_.memory_used() + slots_.memory_used() + size <= memory_budget_ && !tree_.is_open();
  }
  Node* node(std::uint32_t reference) const noexcept { return reinterpret_cast<Node*>(arena_.at(reference)); }
  void stand_on(Node* node) noexcept;

  const record::KeyInfo& key_;
  std::int32_t key_count_;
  std::int32_t payload_count_;
  std::size_t memory_budget_;
  bool hashable_;

  RowArena arena_;
  SlotTable slots_;
  std::uint64_t entry_count_ = 0;
  ArrivalTree tree_;
  Vector<bool> tree_marks_;          // by arrival, of entries that are not in memory
  std::int64_t first_spilled_ = -1;  // arrival of the first entry that is not in memory
  RowBuffer spilled_rows_;           // key and payload of those, when they will be walked
  RowBuffer::Reader spilled_reader_;

  Place place_ = Place::None;
  Node* node_ = nullptr;
  std::span<const record::Value> probed_;
  PackedReader reader_;
  RowArena::Walk walk_;
  bool walking_ = false;
  std::int64_t walk_arrival_ = 0;
};

}  // namespace perlite::vm
