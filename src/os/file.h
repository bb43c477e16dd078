// os/file.h: an open file of any VFS.
//
// A File is the engine's end of a sqlite3_file (public ABI, include/sqlite3.h). Over our own VFS the batch calls become
// vectored system calls; over any other each becomes the calls that a pager without batches would make, one a buffer,
// in ascending order.
//   Ownership  moves; the destructor closes.
//   Threads    one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/status.h"
#include "os/lock_queue.h"
#include "sqlite3.h"

namespace perlite::os {

// What a layer above keeps of a database file for the whole process.
class Companion : public Allocated {
 public:
  Companion() = default;
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  virtual ~Companion() = default;
};

class File {
 public:
  File() noexcept = default;  // closed
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File() { close(); }

  // Opens through the VFS. `name` may be null (a temporary file); it must live as long as the File, and for databases,
  // journals and logs it is a filename object (os/filename.h). `flags` are SQLITE_OPEN_*; the flags that hold in the
  // end are in *out_flags when it is not null. Errors: CantOpen and its kin, IoErr, NoMem, Perm.
  static Result<File> open(sqlite3_vfs& vfs, const char* name, int flags, int* out_flags);

  bool is_open() const noexcept { return file_ != nullptr; }
  void close() noexcept;

  // Fills `into` from `offset`. Behind the end of the file the rest becomes zeros and the code is IoErrShortRead.
  Status read(std::uint64_t offset, base::MutableBytes into);
  Status write(std::uint64_t offset, base::Bytes from);
  // Consecutive bytes from `offset` into or from several buffers. A short read leaves the rest zero.
  Status read_run(std::uint64_t offset, std::span<const base::MutableBytes> into);
  Status write_run(std::uint64_t offset, std::span<const base::Bytes> from);
  Status truncate(std::uint64_t size);
  Status sync(int flags);  // SQLITE_SYNC_*
  Result<std::uint64_t> size();

  // Levels are SQLITE_LOCK_*. Errors of lock: Busy, IoErrLock, IoErrRdLock, ...; then the level is what it was, or
  // PENDING where EXCLUSIVE was asked for.
  Status lock(int level);
  Status unlock(int level);
  Result<bool> reserved_by_anyone();

  // Where those of this process wait who want a lock of the file; null where they do so one by one (a foreign VFS,
  // other kinds of locks). Only with a queue: the turn, which one open file has (docs/format/locks.md, "The turn").
  LockQueue* lock_queue() noexcept;
  bool take_turn() noexcept;  // false: another has it
  void end_turn() noexcept;
  bool turn_is_taken() noexcept;     // by another
  bool others_have_turn() noexcept;  // another process, that is
  // What the layer above keeps of the file; `make`, called once, makes it. Null without a queue.
  Companion* companion(UniquePtr<Companion> (*make)());

  // The shared memory of a log's index; the calls are those of sqlite3_io_methods. Without it nothing else below may be
  // called. Errors of shm_map: ReadOnly (mapped, but not for writing), ReadOnlyCantInit, CantOpen, IoErr, Busy; a block
  // that does not exist and is not to be made leaves *block null. Errors of shm_lock: Busy.
  bool has_shared_memory() const noexcept;
  Code shm_map(int number, int block_size, bool extend, void volatile** block) noexcept;
  Code shm_lock(int slot, int count, int flags) noexcept;  // SQLITE_SHM_*
  // An exclusive lock that this file holds is held by `to` from now on: another one with a queue, of the same database.
  void pass_shm_lock(File& to, int slot) noexcept;
  void shm_barrier() noexcept;
  void shm_unmap(bool delete_file) noexcept;

  // The bytes as they lie mapped in memory, null where they do not (PRAGMA mmap_size). Each success is followed by
  // unfetch() of the same; unmap() gives up the mapping when nothing is lent.
  const std::byte* fetch(std::uint64_t offset, std::uint32_t size) noexcept;
  void unfetch(std::uint64_t offset, const std::byte* bytes) noexcept;
  void unmap() noexcept { unfetch(0, nullptr); }

  // SQLITE_FCNTL_*; the raw result code, NotFound when the file does not know the operation.
  Code control(int operation, void* argument) noexcept;
  int sector_size() noexcept;
  int device_characteristics() noexcept;

  // True for files of our own VFS: batch calls are vectored.
  bool native() const noexcept { return native_; }
  sqlite3_file* handle() const noexcept { return file_; }  // null when closed

 private:
  sqlite3_file* file_ = nullptr;
  bool native_ = false;
};

// Makes a Status of a code that a VFS returned; a VFS may say anything.
Status vfs_status(int code);

}  // namespace perlite::os
