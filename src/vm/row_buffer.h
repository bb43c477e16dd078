// vm/row_buffer.h: rows in order of arrival; the oldest go to a temporary file when memory passes the budget.
//
// Rows lie packed (vm/packed_row.h) in chunks of 64 KiB or more, never across two. Readers are positions; a chunk that
// a reader stands on stays in memory, one that was spilled is read into the reader's own buffer.
//   Lifetime   values lent by a reader hold until it moves or is reset. Readers end before their buffer does.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/status.h"
#include "vm/host.h"
#include "vm/packed_row.h"
#include "vm/temp_file.h"

namespace perlite::vm {

// Bytes of rows that one sorter, hash table or row buffer keeps in memory.
inline constexpr std::size_t kRowMemoryBudget = std::size_t{32} << 20;

// A temporary file that is opened on first use and grows at its end.
class SpillFile {
 public:
  explicit SpillFile(Host& host) noexcept : host_(host) {}
  // Appends; *offset is where the bytes begin.
  Status append(base::Bytes bytes, std::uint64_t* offset);
  Status read(std::uint64_t offset, base::MutableBytes into) { return file_->read(offset, into); }
  std::uint64_t size() const noexcept { return size_; }
  void rewind() noexcept { size_ = 0; }  // what was written is of no interest any more

 private:
  Host& host_;
  UniquePtr<TempFile> file_;
  std::uint64_t size_ = 0;
};

class RowBuffer : public Allocated {
 public:
  explicit RowBuffer(Host& host, std::size_t memory_budget = kRowMemoryBudget) noexcept
      : file_(host), memory_budget_(memory_budget) {}
  RowBuffer(const RowBuffer&) = delete;
  RowBuffer& operator=(const RowBuffer&) = delete;
  ~RowBuffer();

  Status append(std::span<const record::Value> row);
  void clear() noexcept;                                           // readers must be reset
  std::uint64_t row_count() const noexcept { return row_count_; }  // without those taken
  std::size_t memory_used() const noexcept { return memory_used_; }

  class Reader {
   public:
    Reader() noexcept = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { reset(); }
    void reset() noexcept;
    bool on_row() const noexcept { return row_ != nullptr; }
    const char* row() const noexcept { return row_; }

   private:
    friend class RowBuffer;
    RowBuffer* buffer_ = nullptr;  // whose chunk is pinned
    std::size_t chunk_ = 0;
    std::uint32_t offset_ = 0;  // of the row after row_
    bool pinned_ = false;
    const char* row_ = nullptr;
    base::ByteBuffer loaded_;  // a spilled chunk
    std::size_t loaded_size_ = 0;
  };
  // Stands on the first row, or on none (Reader::on_row()).
  Status first(Reader& reader);
  // Stands on the next row; when there is none the reader stays where it is and *found is false.
  Status next(Reader& reader, bool* found);
  // Stands on the oldest row, which is then no longer in the buffer. For one reader alone.
  Status take(Reader& reader, bool* found);

 private:
  struct Chunk {
    char* data = nullptr;  // null: spilled
    std::uint64_t file_offset = 0;
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;
    std::uint32_t pins = 0;
    bool spilled = false;
  };
  static constexpr std::uint32_t kChunkBytes = 64 * 1024;

  Status spill_oldest();
  Status pin(Reader& reader);
  void unpin(Reader& reader) noexcept;
  void free_chunk(Chunk& chunk) noexcept;

  SpillFile file_;
  Vector<Chunk> chunks_;
  std::size_t memory_budget_;
  std::size_t memory_used_ = 0;
  std::uint64_t row_count_ = 0;
  std::size_t first_chunk_ = 0;      // chunks before it are taken
  std::size_t first_in_memory_ = 0;  // chunks before it were looked at by spill_oldest()
};

}  // namespace perlite::vm
