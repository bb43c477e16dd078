// os/posix_file.h: a file of the POSIX VFS, as it stands in the memory that the caller of xOpen provides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "os/posix_inode.h"
#include "sqlite3.h"

namespace perlite::os {

enum class LockStyle : std::uint8_t {
  Posix,      // byte-range locks, docs/format/locks.md
  None,       // "unix-none": every lock is granted
  DotFile,    // "unix-dotfile": a directory NAME.lock stands for any lock
  Exclusive,  // "unix-excl": Posix, but the process keeps its lock until the last file closes
};

struct PosixFile : sqlite3_file {
  sqlite3_vfs* vfs;
  Inode* inode;              // of databases with Posix or Exclusive locks, else null
  ParkedDescriptor* parked;  // where the descriptor waits when it cannot be closed; with `inode` only
  const char* path;          // null for temporary files; the caller of xOpen keeps it
  int fd;
  int level;  // SQLITE_LOCK_*
  int last_errno;
  int open_flags;            // O_*
  int chunk_size;            // SQLITE_FCNTL_CHUNK_SIZE, 0 for none
  std::uint32_t generation;  // of the process that opened it
  LockStyle style;
  bool read_only;
  bool delete_on_close;
  bool sync_directory;  // the first sync also syncs the directory: the name is new
  bool power_safe;      // SQLITE_IOCAP_POWERSAFE_OVERWRITE
  bool persist_wal;
  int shm_shared;  // bits of the wal-index locks held
  int shm_exclusive;
  bool shm_open;
  bool shm_read_only;       // URI readonly_shm=1
  std::byte* map;           // posix_map.h; null for none
  sqlite3_int64 map_size;   // bytes
  sqlite3_int64 map_limit;  // SQLITE_FCNTL_MMAP_SIZE
  int lent_pages;           // between fetch and unfetch
};

extern const sqlite3_io_methods kPosixMethods;

inline bool is_posix_file(const sqlite3_file& file) noexcept { return file.pMethods == &kPosixMethods; }

// Vectored forms of xRead and xWrite, with their result codes.
int posix_read_run(PosixFile& file, std::uint64_t offset, std::span<const base::MutableBytes> into) noexcept;
int posix_write_run(PosixFile& file, std::uint64_t offset, std::span<const base::Bytes> from) noexcept;

// Opens; retries when interrupted, keeps clear of descriptors 0 to 2, closes on exec. -1 with errno on failure.
int robust_open(const char* path, int flags, int mode) noexcept;
void robust_close(int fd) noexcept;
// Makes the entries of the directory that holds `path` durable. A SQLITE_* code.
int sync_directory_of(const char* path) noexcept;
// Writes the name of a new temporary file; a SQLITE_* code.
int temporary_name(char* into, std::size_t size) noexcept;

}  // namespace perlite::os
