#include "os/posix_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>

#include "base/allocator.h"
#include "base/assert.h"
#include "base/containers.h"
#include "os/posix_calls.h"
#include "os/posix_file.h"

namespace perlite::os {

// Guarded by the mutex of its inode.
struct SharedMemory : Allocated {
  String path;
  Vector<char*> regions;  // regions mapped together share one mapping: only multiples of mapping_regions own memory
  int fd = -1;
  int users = 0;
  int region_size = 0;
  int mapping_regions = 1;
  bool read_only = false;
  bool in_heap = false;    // "unix-excl": no other process comes in, so there is no file
  bool is_live = false;    // the dead man's switch is ours or another's: what is in the file counts
  int holders[SQLITE_SHM_NLOCK] = {};  // -1: one of ours exclusively; n: so many of ours shared
};

namespace {

constexpr off_t kLockBase = 120;
constexpr int kFirstReadMark = 3;
constexpr off_t kDeadManSwitch = kLockBase + SQLITE_SHM_NLOCK;

PosixFile& posix(sqlite3_file* handle) noexcept { return *static_cast<PosixFile*>(handle); }

int set_range(const SharedMemory& memory, int type, off_t start, off_t size) noexcept {
  if (memory.in_heap) return 0;
  struct flock lock {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = size;
  return calls::fcntl(memory.fd, F_SETLK, &lock);
}

// The first process to come empties the file: what is in it belongs to nobody that lives. Who may not write to it answers
// SQLITE_READONLY_CANTINIT, and may ask again.
int take_dead_man_switch(SharedMemory& memory) noexcept {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kDeadManSwitch;
  lock.l_len = 1;
  if (calls::fcntl(memory.fd, F_GETLK, &lock) != 0) return SQLITE_IOERR_LOCK;
  if (lock.l_type == F_WRLCK) return SQLITE_BUSY;
  if (lock.l_type == F_UNLCK) {
    if (memory.read_only) return SQLITE_READONLY_CANTINIT;
    if (set_range(memory, F_WRLCK, kDeadManSwitch, 1) != 0) return SQLITE_BUSY;
    if (calls::ftruncate(memory.fd, 3) != 0) return SQLITE_IOERR_SHMOPEN;
  }
  if (set_range(memory, F_RDLCK, kDeadManSwitch, 1) != 0) return SQLITE_BUSY;
  memory.is_live = true;
  return SQLITE_OK;
}

int open_descriptor(SharedMemory& memory, const PosixFile& file) noexcept {
  struct stat info;
  if (calls::fstat(file.fd, &info) != 0) return SQLITE_IOERR_FSTAT;
  if (!file.shm_read_only) {
    memory.fd = robust_open(memory.path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW, static_cast<int>(info.st_mode & 0777));
  }
  if (memory.fd < 0) {
    memory.fd = robust_open(memory.path.c_str(), O_RDONLY | O_NOFOLLOW, 0);
    memory.read_only = true;
  } else if (calls::geteuid() == 0) {
    static_cast<void>(calls::fchown(memory.fd, info.st_uid, info.st_gid));
  }
  return memory.fd < 0 ? SQLITE_CANTOPEN : SQLITE_OK;
}

void destroy(SharedMemory* memory) noexcept {
  if (memory->in_heap) {
    for (char* region : memory->regions) base::Allocator::release(region);
    memory->regions.clear();
  }
  for (std::size_t i = 0; i < memory->regions.size(); i += static_cast<std::size_t>(memory->mapping_regions)) {
    calls::munmap(memory->regions[i], static_cast<std::size_t>(memory->region_size * memory->mapping_regions));
  }
  if (memory->fd >= 0) robust_close(memory->fd);
  delete memory;
}

// With the inode's mutex held.
int open_shared_memory(PosixFile& file) {
  Inode& inode = *file.inode;
  if (inode.shared_memory == nullptr) {
    UniquePtr<SharedMemory> memory = make_unique<SharedMemory>();
    memory->path = file.path;
    memory->path += "-shm";
    memory->in_heap = memory->is_live = file.style == LockStyle::Exclusive;
    int code = memory->in_heap ? SQLITE_OK : open_descriptor(*memory, file);
    if (code != SQLITE_OK) return code;
    if (!memory->in_heap) code = take_dead_man_switch(*memory);
    if (code != SQLITE_OK && code != SQLITE_READONLY_CANTINIT) {
      robust_close(memory->fd);
      memory->fd = -1;
      return code;
    }
    inode.shared_memory = memory.release();
  }
  ++inode.shared_memory->users;
  file.shm_open = true;
  return SQLITE_OK;
}

// Makes the file long enough by writing a byte into each page, so that a full disk shows here and not as a fault.
int extend_to(SharedMemory& memory, off_t from, off_t to) noexcept {
  constexpr off_t kPage = 4096;
  for (off_t page = from / kPage; page < to / kPage; ++page) {
    if (calls::pwrite(memory.fd, "", 1, page * kPage + kPage - 1) != 1) return SQLITE_IOERR_SHMSIZE;
  }
  return SQLITE_OK;
}

int map_region(PosixFile& file, int region, int region_size, int extend, void volatile** address) {
  Inode& inode = *file.inode;
  const base::MutexGuard guard(inode.mutex);
  if (!file.shm_open) {
    const int code = open_shared_memory(file);
    if (code != SQLITE_OK) return code;
  }
  SharedMemory& memory = *inode.shared_memory;
  if (!memory.is_live) {
    const int code = take_dead_man_switch(memory);
    if (code != SQLITE_OK) return code;
  }
  memory.region_size = region_size;
  if (memory.in_heap) {
    while (memory.regions.size() <= static_cast<std::size_t>(region)) {
      memory.regions.reserve(memory.regions.size() + 1);
      auto* const made = static_cast<char*>(base::Allocator::allocate(static_cast<std::size_t>(region_size)));
      ::memset(made, 0, static_cast<std::size_t>(region_size));
      memory.regions.push_back(made);
    }
    *address = memory.regions[static_cast<std::size_t>(region)];
    return SQLITE_OK;
  }
  const long system_page = ::sysconf(_SC_PAGESIZE);
  memory.mapping_regions = std::max(1, static_cast<int>(system_page / region_size));

  const auto wanted = static_cast<std::size_t>(region) + 1;
  if (memory.regions.size() < wanted) {
    const auto per_map = static_cast<std::size_t>(memory.mapping_regions);
    const std::size_t total = (wanted + per_map - 1) / per_map * per_map;
    const off_t bytes = static_cast<off_t>(total) * region_size;
    struct stat info;
    if (calls::fstat(memory.fd, &info) != 0) return SQLITE_IOERR_SHMSIZE;
    if (info.st_size < bytes) {
      if (!extend) return SQLITE_OK;
      if (memory.read_only) return SQLITE_READONLY_CANTINIT;  // whoever lives has not begun yet
      const int code = extend_to(memory, info.st_size, bytes);
      if (code != SQLITE_OK) return code;
    }
    memory.regions.reserve(total);
    while (memory.regions.size() < wanted) {
      void* mapped = calls::mmap(nullptr, static_cast<std::size_t>(region_size) * per_map,
                                 memory.read_only ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd,
                                 static_cast<off_t>(memory.regions.size()) * region_size);
      if (mapped == MAP_FAILED) return SQLITE_IOERR_SHMMAP;
      for (std::size_t i = 0; i < per_map; ++i) {
        memory.regions.push_back(static_cast<char*>(mapped) + i * static_cast<std::size_t>(region_size));
      }
    }
  }
  *address = memory.regions[static_cast<std::size_t>(region)];
  return memory.read_only ? SQLITE_READONLY : SQLITE_OK;
}

}  // namespace

int posix_shm_map(sqlite3_file* handle, int region, int region_size, int extend, void volatile** address) {
  PosixFile& file = posix(handle);
  *address = nullptr;
  if (file.inode == nullptr || file.path == nullptr) return SQLITE_IOERR_SHMMAP;
  try {
    return map_region(file, region, region_size, extend, address);
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

namespace {

int set_slots(PosixFile& file, int offset, int count, int flags) noexcept {
  Inode& inode = *file.inode;
  const base::MutexGuard guard(inode.mutex);
  SharedMemory& memory = *inode.shared_memory;
  int* const holders = memory.holders + offset;
  const int mask = ((1 << count) - 1) << offset;

  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if (((exclusive ? file.shm_exclusive : file.shm_shared) & mask) == 0) return SQLITE_OK;
    if (!exclusive && holders[0] > 1) {  // others of ours stay
      --holders[0];
    } else {
      if (set_range(memory, F_UNLCK, kLockBase + offset, count) != 0) return SQLITE_IOERR_UNLOCK;
      std::fill(holders, holders + count, 0);
    }
    (exclusive ? file.shm_exclusive : file.shm_shared) &= ~mask;
    return SQLITE_OK;
  }
  if ((flags & SQLITE_SHM_SHARED) != 0) {
    if ((file.shm_shared & mask) != 0) return SQLITE_OK;
    if (holders[0] < 0) return SQLITE_BUSY;
    if (holders[0] == 0 && set_range(memory, F_RDLCK, kLockBase + offset, count) != 0) return SQLITE_BUSY;
    ++holders[0];
    file.shm_shared |= mask;
    return SQLITE_OK;
  }
  for (int i = 0; i < count; ++i) {
    if (holders[i] != 0) return SQLITE_BUSY;
  }
  if (set_range(memory, F_WRLCK, kLockBase + offset, count) != 0) return SQLITE_BUSY;
  std::fill(holders, holders + count, -1);
  file.shm_exclusive |= mask;
  return SQLITE_OK;
}

}  // namespace

int posix_shm_lock(sqlite3_file* handle, int offset, int count, int flags) {
  PosixFile& file = posix(handle);
  if (!file.shm_open) return SQLITE_IOERR_SHMLOCK;
  if (file.generation != process_generation()) return SQLITE_IOERR_SHMLOCK;  // opened before a fork
  const int code = set_slots(file, offset, count, flags);
  // Nobody queues for the read marks.
  if ((flags & SQLITE_SHM_UNLOCK) != 0 && offset < kFirstReadMark) file.inode->queue.give_back();
  return code;
}

void posix_shm_pass(PosixFile& from, PosixFile& to, int slot) noexcept {
  PL_ASSERT(from.inode == to.inode && to.shm_open);
  const base::MutexGuard guard(from.inode->mutex);
  PL_ASSERT((from.shm_exclusive & (1 << slot)) != 0);
  from.shm_exclusive &= ~(1 << slot);
  to.shm_exclusive |= 1 << slot;
}

// A fence of the thread's own: an object that all touch would be passed from processor to processor, and the inode's
// mutex is held by whoever is asking the system for a lock. A change, because ThreadSanitizer knows no fences.
void posix_shm_barrier(sqlite3_file*) {
  std::atomic<int> order{0};
  order.fetch_add(1, std::memory_order_seq_cst);
}

int posix_shm_unmap(sqlite3_file* handle, int delete_file) {
  PosixFile& file = posix(handle);
  if (!file.shm_open) return SQLITE_OK;
  file.shm_open = false;
  if (file.generation != process_generation()) return SQLITE_OK;
  Inode& inode = *file.inode;
  const base::MutexGuard guard(inode.mutex);
  SharedMemory* memory = inode.shared_memory;
  if (--memory->users == 0) {
    if (delete_file != 0 && !memory->in_heap) calls::unlink(memory->path.c_str());
    destroy(memory);
    inode.shared_memory = nullptr;
  }
  return SQLITE_OK;
}

int posix_shm_external_reader(sqlite3_file* handle, int* result) noexcept {
  PosixFile& file = posix(handle);
  *result = 0;
  if (!file.shm_open) return SQLITE_OK;
  if (file.inode->shared_memory->in_heap) return SQLITE_OK;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kLockBase + kFirstReadMark;
  lock.l_len = SQLITE_SHM_NLOCK - kFirstReadMark;
  const base::MutexGuard guard(file.inode->mutex);
  if (calls::fcntl(file.inode->shared_memory->fd, F_GETLK, &lock) != 0) return SQLITE_IOERR_LOCK;
  *result = lock.l_type != F_UNLCK ? 1 : 0;
  return SQLITE_OK;
}

}  // namespace perlite::os
