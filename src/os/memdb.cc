#include "os/memdb.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/mutex.h"
#include "base/process.h"
#include "base/random.h"
#include "os/vfs.h"

namespace perlite::os {
namespace {

// The bytes of one file, shared by its openers.
struct MemoryFile : Allocated {
  base::Mutex mutex;  // guards all but next, name, references
  MemoryImage image{.owned = true, .resizable = true};
  std::int64_t limit = 0;
  int shared_count = 0;  // openers with SHARED or more
  int writer_level = 0;  // RESERVED or more, of the one that has it

  String name;  // empty: private
  int references = 0;
  MemoryFile* next = nullptr;

  ~MemoryFile() {
    if (image.owned) base::Allocator::release(image.bytes);
  }
};

struct Handle : sqlite3_file {
  MemoryFile* file;
  int level;
};

base::Mutex table_mutex;
MemoryFile* named_files = nullptr;  // linked by next; guarded by table_mutex, as are names and references

Handle& as_handle(sqlite3_file* file) noexcept { return *static_cast<Handle*>(file); }

int unlock(sqlite3_file* file, int level) {
  Handle& handle = as_handle(file);
  if (handle.level <= level) return SQLITE_OK;
  const base::MutexGuard guard(handle.file->mutex);
  if (handle.level > SQLITE_LOCK_SHARED) handle.file->writer_level = 0;
  if (level == SQLITE_LOCK_NONE) --handle.file->shared_count;
  handle.level = level;
  return SQLITE_OK;
}

int close(sqlite3_file* file) {
  Handle& handle = as_handle(file);
  unlock(file, SQLITE_LOCK_NONE);
  const base::MutexGuard guard(table_mutex);
  if (--handle.file->references > 0) return SQLITE_OK;
  for (MemoryFile** link = &named_files; *link != nullptr; link = &(*link)->next) {
    if (*link == handle.file) {
      *link = handle.file->next;
      break;
    }
  }
  delete handle.file;
  handle.file = nullptr;
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
  MemoryFile& memory = *as_handle(file).file;
  const base::MutexGuard guard(memory.mutex);
  const std::int64_t available = std::clamp<std::int64_t>(memory.image.size - offset, 0, amount);
  if (available > 0) std::memcpy(into, memory.image.bytes + offset, static_cast<std::size_t>(available));
  if (available == amount) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + available, 0, static_cast<std::size_t>(amount - available));
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  MemoryFile& memory = *as_handle(file).file;
  const base::MutexGuard guard(memory.mutex);
  if (memory.image.read_only) return SQLITE_IOERR_WRITE;
  const std::int64_t end = offset + amount;
  if (end > memory.image.capacity) {
    if (end > memory.limit || !memory.image.resizable) return SQLITE_FULL;
    const std::int64_t capacity = std::min(std::max(end, memory.image.capacity * 2), std::max(end, memory.limit));
    void* grown = base::Allocator::try_reallocate(memory.image.bytes, static_cast<std::size_t>(capacity));
    if (grown == nullptr) return SQLITE_IOERR_NOMEM;
    memory.image.bytes = static_cast<std::byte*>(grown);
    memory.image.capacity = capacity;
  }
  if (offset > memory.image.size) {
    std::memset(memory.image.bytes + memory.image.size, 0, static_cast<std::size_t>(offset - memory.image.size));
  }
  std::memcpy(memory.image.bytes + offset, from, static_cast<std::size_t>(amount));
  memory.image.size = std::max(memory.image.size, end);
  return SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  MemoryFile& memory = *as_handle(file).file;
  const base::MutexGuard guard(memory.mutex);
  if (size > memory.image.size) return SQLITE_FULL;
  memory.image.size = size;
  return SQLITE_OK;
}

int sync(sqlite3_file*, int) { return SQLITE_OK; }

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  MemoryFile& memory = *as_handle(file).file;
  const base::MutexGuard guard(memory.mutex);
  *size = memory.image.size;
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  Handle& handle = as_handle(file);
  if (level <= handle.level) return SQLITE_OK;
  MemoryFile& memory = *handle.file;
  const base::MutexGuard guard(memory.mutex);
  if (level > SQLITE_LOCK_SHARED && memory.image.read_only) return SQLITE_READONLY;
  const bool other_writer = memory.writer_level != 0 && handle.level <= SQLITE_LOCK_SHARED;
  if (level == SQLITE_LOCK_SHARED) {
    if (memory.writer_level >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
    ++memory.shared_count;
  } else if (other_writer) {
    return SQLITE_BUSY;
  } else if (level == SQLITE_LOCK_RESERVED) {
    memory.writer_level = SQLITE_LOCK_RESERVED;
  } else if (memory.shared_count > 1) {
    if (handle.level >= SQLITE_LOCK_RESERVED) handle.level = memory.writer_level = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  } else {
    memory.writer_level = SQLITE_LOCK_EXCLUSIVE;
  }
  handle.level = level;
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* result) {
  MemoryFile& memory = *as_handle(file).file;
  const base::MutexGuard guard(memory.mutex);
  *result = memory.writer_level != 0;
  return SQLITE_OK;
}

int control(sqlite3_file* file, int operation, void* argument) {
  MemoryFile& memory = *as_handle(file).file;
  if (operation == SQLITE_FCNTL_VFSNAME) {
    auto* name = static_cast<char*>(base::Allocator::try_allocate(sizeof "memdb"));
    if (name != nullptr) std::memcpy(name, "memdb", sizeof "memdb");
    *static_cast<char**>(argument) = name;
    return SQLITE_OK;
  }
  if (operation == SQLITE_FCNTL_SIZE_LIMIT) {
    auto& limit = *static_cast<sqlite3_int64*>(argument);
    const base::MutexGuard guard(memory.mutex);
    if (limit >= 0) memory.limit = std::max<std::int64_t>(limit, memory.image.size);
    limit = memory.limit;
    return SQLITE_OK;
  }
  if (operation == SQLITE_FCNTL_LOCKSTATE) {
    *static_cast<int*>(argument) = as_handle(file).level;
    return SQLITE_OK;
  }
  return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file*) { return 1024; }

int device_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_ATOMIC | SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND | SQLITE_IOCAP_SEQUENTIAL;
}

const sqlite3_io_methods kMethods = {1,
                                     close,
                                     read,
                                     write,
                                     truncate,
                                     sync,
                                     file_size,
                                     lock,
                                     unlock,
                                     check_reserved,
                                     control,
                                     sector_size,
                                     device_characteristics,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr};

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  Handle& handle = *::new (static_cast<void*>(file)) Handle{};
  handle.pMethods = nullptr;
  const bool shared = name != nullptr && name[0] == '/' && name[1] != '\0' && (flags & SQLITE_OPEN_MAIN_DB) != 0;
  const base::MutexGuard guard(table_mutex);
  MemoryFile* found = nullptr;
  if (shared) {
    for (found = named_files; found != nullptr && found->name != name; found = found->next) {
    }
  }
  if (found == nullptr) {
    try {
      UniquePtr<MemoryFile> made = make_unique<MemoryFile>();
      made->limit = base::process_settings().memory_database_limit;
      if (shared) {
        made->name = name;
        made->next = named_files;
        named_files = made.get();
      }
      found = made.release();
    } catch (const std::bad_alloc&) {
      return SQLITE_NOMEM;
    }
  }
  ++found->references;
  handle.file = found;
  if (out_flags != nullptr) *out_flags = flags | SQLITE_OPEN_MEMORY;
  handle.pMethods = &kMethods;
  return SQLITE_OK;
}

// Nothing has a name outside this process.
int remove(sqlite3_vfs*, const char*, int) { return SQLITE_IOERR_DELETE; }
int access(sqlite3_vfs*, const char*, int, int* result) {
  *result = 0;
  return SQLITE_OK;
}
int full_pathname(sqlite3_vfs*, const char* path, int size, char* into) {
  const std::size_t length = std::strlen(path);
  if (length + 1 > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN_FULLPATH;
  std::memcpy(into, path, length + 1);
  return SQLITE_OK;
}

// Loading, time, sleep and randomness are those of the VFS that was the default one before.
sqlite3_vfs* lower() noexcept { return find_vfs("unix"); }
void* dl_open(sqlite3_vfs*, const char* path) { return lower()->xDlOpen(lower(), path); }
void dl_error(sqlite3_vfs*, int size, char* message) { lower()->xDlError(lower(), size, message); }
using Symbol = void (*)(void);
Symbol dl_symbol(sqlite3_vfs*, void* library, const char* name) { return lower()->xDlSym(lower(), library, name); }
void dl_close(sqlite3_vfs*, void* library) { lower()->xDlClose(lower(), library); }
int randomness(sqlite3_vfs*, int size, char* into) { return lower()->xRandomness(lower(), size, into); }
int sleep(sqlite3_vfs*, int microseconds) { return lower()->xSleep(lower(), microseconds); }
int current_time(sqlite3_vfs*, double* days) { return lower()->xCurrentTime(lower(), days); }
int last_error(sqlite3_vfs*, int size, char* text) { return lower()->xGetLastError(lower(), size, text); }
int current_time_int64(sqlite3_vfs*, sqlite3_int64* now) { return lower()->xCurrentTimeInt64(lower(), now); }

sqlite3_vfs make_vfs() noexcept {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(Handle));
  vfs.mxPathname = 1024;
  vfs.zName = "memdb";
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_pathname;
  vfs.xDlOpen = dl_open;
  vfs.xDlError = dl_error;
  vfs.xDlSym = dl_symbol;
  vfs.xDlClose = dl_close;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time_int64;
  return vfs;
}

sqlite3_vfs the_vfs = make_vfs();

}  // namespace

void register_memdb_vfs() noexcept { register_vfs(the_vfs, false); }
sqlite3_vfs& memdb_vfs() noexcept { return the_vfs; }

void set_memory_image(sqlite3_file& file, const MemoryImage& image) noexcept {
  MemoryFile& memory = *as_handle(&file).file;
  const base::MutexGuard guard(memory.mutex);
  if (memory.image.owned) base::Allocator::release(memory.image.bytes);
  memory.image = image;
  memory.limit = std::max(memory.limit, image.capacity);
}

bool get_memory_image(sqlite3_file* file, MemoryImage* image) noexcept {
  if (file == nullptr || file->pMethods != &kMethods) return false;
  MemoryFile& memory = *as_handle(file).file;
  if (!memory.name.empty()) return false;
  const base::MutexGuard guard(memory.mutex);
  *image = memory.image;
  return true;
}

}  // namespace perlite::os
