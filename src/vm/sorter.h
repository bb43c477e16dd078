// vm/sorter.h: rows in the order of their first fields, stable; past a memory budget in runs on a temporary file.
//
// Each row in memory has an entry: the first 12 bytes of its key, normalised so that they order as integers, and where
// the row lies. Most comparisons end there; the rest reads the packed rows. A run is sorted when memory is full and
// written out; in the end the runs are merged. With a row limit only that many rows are kept, in a heap (top-N).
//   Lifetime   a row lent by row() holds until next() or the end.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/budget.h"
#include "base/containers.h"
#include "base/status.h"
#include "record/record.h"
#include "vm/packed_row.h"
#include "vm/row_buffer.h"

namespace perlite::vm {

// The start of a key as integers: keys order as their prefixes do where those differ. Where they are equal and both
// `complete`, the keys are equal.
struct KeyPrefix {
  std::uint64_t high;
  std::uint32_t low;
  bool complete;
};
KeyPrefix key_prefix(std::span<const record::Value> key, const record::KeyInfo& info) noexcept;

class Sorter : public Allocated {
 public:
  // Rows of `column_count` values, ordered by their first key.fields.size(). `row_limit` < 0: all rows are kept.
  Sorter(Host& host, const record::KeyInfo& key, std::int32_t column_count, std::int64_t row_limit,
         std::size_t memory_budget = kRowMemoryBudget) noexcept;
  Sorter(const Sorter&) = delete;
  Sorter& operator=(const Sorter&) = delete;
  ~Sorter();

  Status add(std::span<const record::Value> row);
  // Ends the adding; row() is then the first one, null when there is none.
  Status sort();
  const char* row() const noexcept { return row_; }
  Status next();  // row() is null at the end
  std::size_t memory_used() const noexcept { return memory_used_; }
  // Top-N with as many rows as are kept: the first key of the last of them, borrowed until the next add(). Rows whose
  // first key orders behind it are not kept.
  bool bound(TextEncoding encoding, record::Value* first_key) const noexcept {
    if (!bounded_ || row_limit_ == 0 || static_cast<std::int64_t>(entries_.size()) < row_limit_) return false;
    packed::read(entries_.front().bytes(), encoding, first_key);
    return true;
  }
  bool is_first_key_descending() const noexcept { return key_.fields[0].descending; }

 private:
  struct Entry {
    std::uint64_t high;
    std::uint32_t low;
    std::uint32_t sequence;
    std::uintptr_t row;  // bit 0: the prefix is complete

    const char* bytes() const noexcept { return reinterpret_cast<const char*>(row & ~std::uintptr_t{1}); }
    bool complete() const noexcept { return (row & 1) != 0; }
  };
  // A sorted run on the file, as it is merged.
  struct Run {
    std::uint64_t offset;  // of what is not read yet
    std::uint64_t end;
    base::ByteBuffer buffer;
    std::size_t capacity = 0;
    std::size_t size = 0;
    std::size_t at = 0;  // of the row after the current one
    std::uint64_t high = 0;
    std::uint32_t low = 0;
    std::uint32_t complete = 0;
    const char* row = nullptr;
  };
  // What stands in front of a row, in memory (row_size alone counts) and in runs.
  struct RunHeader {
    std::uint64_t high;
    std::uint32_t low;
    std::uint32_t complete;
    std::uint32_t row_size;
    std::uint32_t unused;
  };
  static constexpr std::size_t kChunkBytes = 256 * 1024;
  static constexpr std::size_t kRunBufferBytes = 64 * 1024;
  static constexpr std::size_t kMaxRuns = 64;
  static constexpr std::int64_t kMaxHeapRows = 1 << 17;

  int compare_rows(const char* left, const char* right) const;
  bool less(const Entry& left, const Entry& right) const {
    if (left.high != right.high) return left.high < right.high;
    if (left.low != right.low) return left.low < right.low;
    if (!(left.complete() && right.complete())) {
      const int order = compare_rows(left.bytes(), right.bytes());
      if (order != 0) return order < 0;
    }
    return left.sequence < right.sequence;
  }
  char* allocate_row(std::size_t size);
  Status add_bounded(const Entry& entry, std::span<const record::Value> row, std::size_t size);
  void compact();
  void sort_entries();
  void forget_rows() noexcept;
  Status spill();
  Status write_run(SpillFile& file, Vector<std::byte>& buffer, const RunHeader& header, const char* row,
                   std::uint64_t* begin);
  Status fill(Run& run);
  Status advance(Run& run);
  bool run_less(std::size_t left, std::size_t right) const;
  void sift_down(std::size_t at);
  Status begin_merge();
  Status merge_all_runs();

  Host& host_;
  const record::KeyInfo& key_;
  std::int64_t row_limit_;
  std::int64_t rows_out_ = 0;
  std::size_t memory_budget_;
  std::int32_t column_count_;
  bool bounded_;

  Vector<Entry> entries_;
  Vector<char*> chunks_;
  char* chunk_at_ = nullptr;
  char* chunk_end_ = nullptr;
  std::size_t memory_used_ = 0;
  std::size_t row_bytes_ = 0;  // of rows that entries stand for (top-N)
  std::uint32_t next_sequence_ = 0;

  SpillFile file_;
  SpillFile second_file_;
  bool in_second_ = false;  // runs lie in second_file_
  Vector<Run> runs_;
  Vector<std::uint32_t> heap_;  // of runs
  bool merging_ = false;

  std::size_t current_ = 0;
  const char* row_ = nullptr;
};

}  // namespace perlite::vm
