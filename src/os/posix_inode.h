// os/posix_inode.h: what the connections of one process share about one file.
//
// POSIX record locks belong to a process and an inode, not to a descriptor: two connections of one process do not see
// each other's, and closing any descriptor of the inode drops them all. So there is one Inode for each database file
// open in the process, found by device and inode number. Conflicts between our own connections are settled in it, and
// descriptors that are closed while locks are held wait in it (docs/format/locks.md).
//
// After fork() the child has none of the parent's locks: the table is emptied there, and files the child inherited
// cannot take locks any more.
//   Threads   the table has one lock, each Inode another; order: table, then inode. Neither is held while calling out.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/allocator.h"
#include "base/mutex.h"
#include "os/lock_queue.h"

namespace perlite::os {

struct SharedMemory;  // os/posix_shm.h
class Companion;      // os/file.h

// A descriptor that must stay open until the process has no lock on the inode. Made when the file is opened, so that
// closing cannot fail.
struct ParkedDescriptor {
  int fd;
  int open_flags;
  ParkedDescriptor* next;
};

struct Inode {
  dev_t device;
  ino_t number;
  Inode* next;               // in the table; table lock
  int references;            // open files; table lock
  std::uint32_t generation;  // of the process (forks) that made it

  base::Mutex mutex;          // guards what follows
  int level = 0;              // the highest SQLITE_LOCK_* held by this process
  int shared_count = 0;       // files with SHARED or more
  int held_count = 0;         // files with any lock
  bool process_lock = false;  // unix-excl: the whole shared range is write-locked until the last file closes
  ParkedDescriptor* parked = nullptr;
  SharedMemory* shared_memory = nullptr;
  Companion* companion = nullptr;  // made once; ends with the inode

  LockQueue queue;  // who waits for a lock of the file or of its shared memory
};

// Counts forks: 0 in the first process.
std::uint32_t process_generation() noexcept;

// The inode of an open descriptor, one reference more. Null without memory, or when fstat fails (*error is then errno).
Inode* acquire_inode(int fd, int* error) noexcept;
// One reference less; the last one closes what is parked and frees the inode.
void release_inode(Inode* inode) noexcept;
// Closes `fd` as soon as the process holds no lock on the inode; takes `parked`. Calls with the inode's mutex free.
void close_or_park(Inode& inode, int fd, ParkedDescriptor* parked) noexcept;
// With the inode's mutex held and held_count at 0.
void close_parked(Inode& inode) noexcept;
// A parked descriptor of the file at `path`, opened with the same flags; -1 when there is none.
ParkedDescriptor* take_parked(const char* path, int open_flags) noexcept;

}  // namespace perlite::os
