// pager/wal_index.h: the shared index of a log, and its locks (docs/format/wal.md, "The index").
//
// The memory is the VFS's shared memory, or the heap where one connection has the database for itself. What is in
// shared memory was written by anybody: numbers are bounded here, and loads are atomic.
//   Ownership  unmaps when closed; the file outlives it.
//   Threads    one at a time; the memory is shared with other connections and processes.
//
// Invariants
//   X1  Entries beyond the last frame in the header are there only while somebody holds WRITE, or died holding it.
//   X2  append() is called with WRITE held (or with the index to oneself), frame by frame.
#pragma once

#include <array>
#include <cstdint>

#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "os/file.h"
#include "pager/wal_format.h"

namespace perlite::pager {

class WalIndex {
 public:
  enum class Home : std::uint8_t {
    Shared,
    Heap,         // nobody else has the database: no locks
    PrivateHeap,  // the shared memory is nobody's, and we may not make it: an index of our own, of a log that lies still
  };

  explicit WalIndex(os::File& database) noexcept : file_(database) {}
  WalIndex(const WalIndex&) = delete;
  WalIndex& operator=(const WalIndex&) = delete;
  ~WalIndex() { close(false); }

  // Maps the first block. Shared memory that cannot be made becomes a private heap. Errors: those of os::File::shm_map,
  // but ReadOnly, which read_only() tells afterwards.
  Status open(Home home);
  // Of a private heap: goes over to the shared memory if somebody has made it meanwhile. Errors: as open().
  Status look_for_others();
  // Of a private heap: without any frame.
  void clear() noexcept;
  void close(bool delete_file) noexcept;
  bool is_open() const noexcept { return !blocks_.empty(); }
  Home home() const noexcept { return home_; }
  bool read_only() const noexcept { return read_only_; }
  // From now on (or until now) the connection has the database for itself, so that locks are not asked for.
  void set_alone(bool alone) noexcept { alone_ = alone; }
  bool alone() const noexcept { return alone_ || home_ == Home::Heap; }

  // --- The header -------------------------------------------------------------------------------------------------
  // False when the two copies differ or are not right.
  bool load_header(wal::IndexHeader* header) const noexcept;
  // True when the first copy is `header` still; what was done before is seen by others before this looks.
  bool header_is(const wal::IndexHeader& header) const noexcept;
  // True when the log has these salts still.
  bool is_of_log(const wal::Salts& salts) const noexcept;
  // Fills in version, mark and checksum.
  static void complete(wal::IndexHeader* header) noexcept;
  // Completes the header and stores both copies.
  void store_header(wal::IndexHeader* header) noexcept;

  std::uint32_t backfilled() const noexcept { return load(wal::kBackfilledOffset); }
  void set_backfilled(std::uint32_t frame) noexcept { store(wal::kBackfilledOffset, frame); }
  std::uint32_t attempted() const noexcept { return load(wal::kAttemptedOffset); }
  void set_attempted(std::uint32_t frame) noexcept { store(wal::kAttemptedOffset, frame); }
  std::uint32_t mark(int number) const noexcept {
    return load(wal::kReadMarksOffset + 4 * static_cast<std::size_t>(number));
  }
  void set_mark(int number, std::uint32_t frame) noexcept {
    store(wal::kReadMarksOffset + 4 * static_cast<std::size_t>(number), frame);
  }
  void barrier() const noexcept;

  // --- Locks ------------------------------------------------------------------------------------------------------
  // One attempt. Errors: Busy, IoErrShmLock.
  Status lock_shared(int slot) noexcept;
  Status lock_exclusive(int slot, int count = 1) noexcept;
  void unlock_shared(int slot) noexcept;
  void unlock_exclusive(int slot, int count = 1) noexcept;

  // --- Frames -----------------------------------------------------------------------------------------------------
  // Puts the frame behind all others (X2). Errors: NoMem, IoErr, Full; Corrupt.
  Status append(std::uint32_t frame, PageNo page);
  // Removes the entries beyond `last_frame` in its block; those of later blocks go when they are begun anew.
  void remove_beyond(std::uint32_t last_frame) noexcept;
  // The newest frame of the page in [first, last]; 0 when there is none. Errors: NoMem, IoErr, Corrupt.
  Result<std::uint32_t> find(PageNo page, std::uint32_t first, std::uint32_t last);
  // The page of a frame that counts. Errors: NoMem, IoErr.
  Result<std::uint32_t> page_of(std::uint32_t frame);

 private:
  Result<std::byte*> block(std::uint32_t number, bool make);
  void release_blocks() noexcept;
  static std::uint32_t* pages_of(std::byte* block, std::uint32_t number) noexcept {
    return reinterpret_cast<std::uint32_t*>(block + (number == 0 ? wal::kIndexHeaderBytes : 0));
  }
  static std::uint16_t* slots_of(std::byte* block) noexcept {
    return reinterpret_cast<std::uint16_t*>(block + wal::kHashOffset);
  }
  std::uint32_t load(std::size_t offset) const noexcept;
  void store(std::size_t offset, std::uint32_t value) noexcept;

  os::File& file_;
  Vector<std::byte*> blocks_;              // null: not mapped yet
  std::array<std::uint16_t, 16> hints_{};  // slots that append() took last
  Home home_ = Home::Shared;
  bool read_only_ = false;
  bool alone_ = false;
};

}  // namespace perlite::pager
