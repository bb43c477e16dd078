// vm/slot_table.h: what the hash tables of the machine are made of: an arena of rows, open addressing, hashes of keys.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/containers.h"
#include "record/record.h"
#include "vm/packed_row.h"

namespace perlite::vm {

// Rows one behind the other in chunks, named by 32-bit references; gone in one step. Aligned to 8.
class RowArena {
 public:
  RowArena() noexcept = default;
  RowArena(const RowArena&) = delete;
  RowArena& operator=(const RowArena&) = delete;
  ~RowArena() { clear(); }

  char* allocate(std::size_t size, std::uint32_t* reference = nullptr);
  char* at(std::uint32_t reference) const noexcept {
    return chunks_[reference >> kUnitBits].data + std::size_t{reference & (kChunkUnits - 1)} * 8;
  }
  std::size_t memory_used() const noexcept { return memory_used_; }
  void clear() noexcept;

  // Visits what was allocated, in order. Only for arenas whose pieces begin with their size in a uint32.
  class Walk {
   public:
    explicit Walk(const RowArena& arena) noexcept : arena_(&arena) {}
    char* next() noexcept;

   private:
    const RowArena* arena_;
    std::size_t chunk_ = 0;
    std::size_t offset_ = 0;
  };

 private:
  static constexpr int kUnitBits = 15;  // chunks of 256 KiB, in units of 8 bytes
  static constexpr std::uint32_t kChunkUnits = 1u << kUnitBits;
  struct Chunk {
    char* data;
    std::size_t used;
    std::size_t capacity;
  };
  Vector<Chunk> chunks_;
  std::size_t memory_used_ = 0;
};

// Open addressing: hash and reference in eight bytes, linear probing, at most three quarters full.
class SlotTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  // The reference for which `equal(reference)` holds among those of this hash, or kNone.
  template <class Equal>
  std::uint32_t find(std::uint32_t hash, Equal equal) const {
    if (count_ == 0) return kNone;
    for (std::uint32_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot slot = slots_[at];
      if (slot.reference == kNone) return kNone;
      if (slot.hash == hash && equal(slot.reference)) return slot.reference;
    }
  }
  void insert(std::uint32_t hash, std::uint32_t reference);
  std::uint32_t count() const noexcept { return count_; }
  std::size_t memory_used() const noexcept { return slots_.capacity() * sizeof(Slot); }
  void clear() noexcept {
    slots_ = {};
    count_ = mask_ = 0;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.reference != kNone) visit(slot.reference);
    }
  }

 private:
  struct Slot {
    std::uint32_t hash;
    std::uint32_t reference;
  };
  Vector<Slot> slots_;
  std::uint32_t mask_ = 0;
  std::uint32_t count_ = 0;
};

// True when equal keys can be told by a hash: no field has a collation of the host.
bool is_hashable(const record::KeyInfo& key) noexcept;
// Equal keys (as `key` compares them) have equal hashes.
std::uint32_t hash_key(std::span<const record::Value> values, const record::KeyInfo& key) noexcept;
// Whether the first values.size() packed values at `row` equal `values`; NULLs are equal.
bool equal_key(const char* row, std::span<const record::Value> values, const record::KeyInfo& key);

}  // namespace perlite::vm
