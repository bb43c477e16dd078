#include "os/cksum_vfs.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

#include "base/allocator.h"
#include "base/ascii.h"
#include "base/mutex.h"
#include "base/process.h"
#include "os/filename.h"
#include "os/vfs.h"

namespace perlite::os {
namespace {

constexpr std::uint32_t kChecksumSize = 8;
constexpr int kMinPage = 512;
constexpr int kMaxPage = 65536;

struct ChecksumFile : sqlite3_file {
  ChecksumFile* database;  // of a log: the database it belongs to, null when that is not open here
  ChecksumFile* next;      // in the list of open databases
  const char* name;
  std::byte* scratch;  // a page, made on the first write
  bool is_database;
  bool has_checksums;  // 8 bytes are reserved
  bool verifying;      // PRAGMA checksum_verification
  bool unsettled;      // this transaction brings the sums in or takes them out: old pages have none
  bool in_checkpoint;  // pages go from the log to the database as they are
};

sqlite3_file* lower(sqlite3_file* file) noexcept {
  return reinterpret_cast<sqlite3_file*>(static_cast<ChecksumFile*>(file) + 1);
}
ChecksumFile& as_file(sqlite3_file* file) noexcept { return *static_cast<ChecksumFile*>(file); }

base::Mutex list_mutex;
ChecksumFile* open_databases = nullptr;  // guarded by list_mutex
sqlite3_vfs* below = nullptr;

void sum_page(const std::byte* page, std::size_t size, std::byte* out) noexcept {
  const auto load = [](const std::byte* at) {
    return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 |
           static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24;
  };
  std::uint32_t s1 = 0;
  std::uint32_t s2 = 0;
  for (std::size_t i = 0; i < size; i += 8) {
    s1 += load(page + i) + s2;
    s2 += load(page + i + 4) + s1;
  }
  for (int i = 0; i < 4; ++i) {
    out[i] = static_cast<std::byte>(s1 >> (8 * i));
    out[i + 4] = static_cast<std::byte>(s2 >> (8 * i));
  }
}

bool is_page_sized(std::int64_t amount) noexcept {
  return amount >= kMinPage && amount <= kMaxPage && (amount & (amount - 1)) == 0;
}

// Page 1 tells how many bytes are reserved.
void look_at_header(ChecksumFile& file, const void* bytes, int amount, sqlite3_int64 offset, bool written) noexcept {
  if (!file.is_database || offset != 0 || amount < 100 || std::memcmp(bytes, "SQLite format 3", 16) != 0) return;
  const bool has = static_cast<const unsigned char*>(bytes)[20] == kChecksumSize;
  if (has && !file.has_checksums) file.verifying = true;
  if (written && has != file.has_checksums) file.unsettled = true;
  file.has_checksums = has;
}

// The file whose settings hold for pages of `file`, null when none do.
ChecksumFile* settings_of(ChecksumFile& file) noexcept {
  ChecksumFile* const settings = file.is_database ? &file : file.database;
  return settings != nullptr && settings->has_checksums && !settings->in_checkpoint ? settings : nullptr;
}

int close(sqlite3_file* handle) {
  ChecksumFile& file = as_file(handle);
  if (file.is_database) {
    const base::MutexGuard guard(list_mutex);
    for (ChecksumFile** link = &open_databases; *link != nullptr; link = &(*link)->next) {
      if (*link != &file) continue;
      *link = file.next;
      break;
    }
  }
  base::Allocator::release(file.scratch);
  file.scratch = nullptr;
  sqlite3_file* const real = lower(handle);
  const int code = real->pMethods != nullptr ? real->pMethods->xClose(real) : SQLITE_OK;
  file.pMethods = nullptr;
  return code;
}

int read(sqlite3_file* handle, void* into, int amount, sqlite3_int64 offset) {
  ChecksumFile& file = as_file(handle);
  const int code = lower(handle)->pMethods->xRead(lower(handle), into, amount, offset);
  if (code != SQLITE_OK) return code;
  look_at_header(file, into, amount, offset, false);
  const ChecksumFile* const settings = settings_of(file);
  if (settings == nullptr || !settings->verifying || settings->unsettled || !is_page_sized(amount)) return SQLITE_OK;
  if (checksum_matches({static_cast<const std::byte*>(into), static_cast<std::size_t>(amount)})) return SQLITE_OK;
  char text[200];
  std::snprintf(text, sizeof text, "checksum fault offset %lld of \"%.150s\"", static_cast<long long>(offset),
                file.name == nullptr ? "" : file.name);
  base::log(SQLITE_IOERR_DATA, text);
  return SQLITE_IOERR_DATA;
}

int write(sqlite3_file* handle, const void* from, int amount, sqlite3_int64 offset) {
  ChecksumFile& file = as_file(handle);
  look_at_header(file, from, amount, offset, true);
  if (settings_of(file) != nullptr && is_page_sized(amount)) {
    if (file.scratch == nullptr) file.scratch = static_cast<std::byte*>(base::Allocator::try_allocate(kMaxPage));
    if (file.scratch == nullptr) return SQLITE_IOERR_NOMEM;
    const std::size_t summed = static_cast<std::size_t>(amount) - kChecksumSize;
    std::memcpy(file.scratch, from, summed);
    sum_page(file.scratch, summed, file.scratch + summed);
    from = file.scratch;
  }
  return lower(handle)->pMethods->xWrite(lower(handle), from, amount, offset);
}

int control_pragma(ChecksumFile& file, char** words) noexcept {
  if (words[1] == nullptr || !base::equals_ignoring_case(words[1], "checksum_verification")) return SQLITE_NOTFOUND;
  if (words[2] != nullptr) file.verifying = parse_boolean(words[2], false) && file.has_checksums;
  words[0] = static_cast<char*>(base::Allocator::try_allocate(2));
  if (words[0] == nullptr) return SQLITE_NOMEM;
  words[0][0] = file.verifying && file.has_checksums ? '1' : '0';
  words[0][1] = '\0';
  return SQLITE_OK;
}

int control(sqlite3_file* handle, int operation, void* argument) {
  ChecksumFile& file = as_file(handle);
  if (file.is_database) {
    switch (operation) {
      case SQLITE_FCNTL_PRAGMA:
        if (control_pragma(file, static_cast<char**>(argument)) == SQLITE_OK) return SQLITE_OK;
        break;
      case SQLITE_FCNTL_CKPT_START:
      case SQLITE_FCNTL_CKPT_DONE:
        file.in_checkpoint = operation == SQLITE_FCNTL_CKPT_START;
        break;
      case SQLITE_FCNTL_CKSM_FILE:
        *static_cast<sqlite3_file**>(argument) = handle;
        return SQLITE_OK;
      default:
        break;
    }
  }
  const int code = lower(handle)->pMethods->xFileControl(lower(handle), operation, argument);
  if (code == SQLITE_OK && operation == SQLITE_FCNTL_VFSNAME) {
    auto** const name = static_cast<char**>(argument);
    constexpr std::size_t kRoom = 120;
    auto* const full = static_cast<char*>(base::Allocator::try_allocate(kRoom));
    if (full == nullptr) return SQLITE_NOMEM;
    std::snprintf(full, kRoom, "cksm/%s", *name == nullptr ? "" : *name);
    base::Allocator::release(*name);
    *name = full;
  }
  return code;
}

int truncate(sqlite3_file* f, sqlite3_int64 size) { return lower(f)->pMethods->xTruncate(lower(f), size); }
int sync(sqlite3_file* f, int flags) { return lower(f)->pMethods->xSync(lower(f), flags); }
int file_size(sqlite3_file* f, sqlite3_int64* size) { return lower(f)->pMethods->xFileSize(lower(f), size); }
int lock(sqlite3_file* f, int level) { return lower(f)->pMethods->xLock(lower(f), level); }
int unlock(sqlite3_file* f, int level) {
  as_file(f).unsettled = false;  // the transaction is over, one way or the other
  return lower(f)->pMethods->xUnlock(lower(f), level);
}
int check_reserved(sqlite3_file* f, int* result) { return lower(f)->pMethods->xCheckReservedLock(lower(f), result); }
int sector_size(sqlite3_file* f) { return lower(f)->pMethods->xSectorSize(lower(f)); }
// A page is read whole or its sum cannot be checked.
int device_characteristics(sqlite3_file* f) {
  return lower(f)->pMethods->xDeviceCharacteristics(lower(f)) & ~SQLITE_IOCAP_SUBPAGE_READ;
}
int shm_map(sqlite3_file* f, int block, int size, int extend, void volatile** at) {
  return lower(f)->pMethods->xShmMap(lower(f), block, size, extend, at);
}
int shm_lock(sqlite3_file* f, int first, int count, int flags) {
  return lower(f)->pMethods->xShmLock(lower(f), first, count, flags);
}
void shm_barrier(sqlite3_file* f) { lower(f)->pMethods->xShmBarrier(lower(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return lower(f)->pMethods->xShmUnmap(lower(f), remove); }
int fetch(sqlite3_file*, sqlite3_int64, int, void** page) {
  *page = nullptr;  // mapped pages could not be checked
  return SQLITE_OK;
}
int unfetch(sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; }

// By the version of the file below.
constexpr sqlite3_io_methods methods_of_version(int version) {
  sqlite3_io_methods methods{};
  methods.iVersion = version;
  methods.xClose = close;
  methods.xRead = read;
  methods.xWrite = write;
  methods.xTruncate = truncate;
  methods.xSync = sync;
  methods.xFileSize = file_size;
  methods.xLock = lock;
  methods.xUnlock = unlock;
  methods.xCheckReservedLock = check_reserved;
  methods.xFileControl = control;
  methods.xSectorSize = sector_size;
  methods.xDeviceCharacteristics = device_characteristics;
  if (version >= 2) {
    methods.xShmMap = shm_map;
    methods.xShmLock = shm_lock;
    methods.xShmBarrier = shm_barrier;
    methods.xShmUnmap = shm_unmap;
  }
  if (version >= 3) {
    methods.xFetch = fetch;
    methods.xUnfetch = unfetch;
  }
  return methods;
}
constexpr sqlite3_io_methods kMethods[] = {methods_of_version(1), methods_of_version(2), methods_of_version(3)};

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* handle, int flags, int* out_flags) {
  // Only databases and their logs have pages; the rest is the file below, in the same memory.
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
    return below->xOpen(below, name, handle, flags, out_flags);
  auto& file = *::new (static_cast<void*>(handle)) ChecksumFile{};
  sqlite3_file* const real = lower(handle);
  real->pMethods = nullptr;
  const int code = below->xOpen(below, name, real, flags, out_flags);
  if (code != SQLITE_OK) {
    if (real->pMethods != nullptr) real->pMethods->xClose(real);
    return code;
  }
  file.name = name;
  const base::MutexGuard guard(list_mutex);
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
    file.is_database = true;
    file.next = open_databases;
    open_databases = &file;
  } else {
    const char* const database = database_name(name);
    for (file.database = open_databases; file.database != nullptr && file.database->name != database;) {
      file.database = file.database->next;
    }
  }
  file.pMethods = &kMethods[std::clamp(real->pMethods->iVersion, 1, 3) - 1];
  return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* name, int sync_directory) { return below->xDelete(below, name, sync_directory); }
int access(sqlite3_vfs*, const char* name, int flags, int* result) {
  return below->xAccess(below, name, flags, result);
}
int full_pathname(sqlite3_vfs*, const char* name, int size, char* into) {
  return below->xFullPathname(below, name, size, into);
}
void* dl_open(sqlite3_vfs*, const char* path) { return below->xDlOpen(below, path); }
void dl_error(sqlite3_vfs*, int size, char* message) { below->xDlError(below, size, message); }
using Symbol = void (*)(void);
Symbol dl_symbol(sqlite3_vfs*, void* library, const char* name) { return below->xDlSym(below, library, name); }
void dl_close(sqlite3_vfs*, void* library) { below->xDlClose(below, library); }
int randomness(sqlite3_vfs*, int size, char* into) { return below->xRandomness(below, size, into); }
int sleep(sqlite3_vfs*, int microseconds) { return below->xSleep(below, microseconds); }
int current_time(sqlite3_vfs*, double* days) { return below->xCurrentTime(below, days); }
int last_error(sqlite3_vfs*, int size, char* text) { return below->xGetLastError(below, size, text); }
int current_time_int64(sqlite3_vfs*, sqlite3_int64* now) { return below->xCurrentTimeInt64(below, now); }

sqlite3_vfs the_vfs{};

}  // namespace

bool checksum_matches(base::Bytes page) noexcept {
  std::byte sum[kChecksumSize];
  sum_page(page.data(), page.size() - kChecksumSize, sum);
  return std::memcmp(sum, page.data() + page.size() - kChecksumSize, kChecksumSize) == 0;
}

void register_cksum_vfs() noexcept {
  if (below != nullptr) return;
  below = find_vfs(nullptr);
  if (below == nullptr) return;
  the_vfs = sqlite3_vfs{};
  the_vfs.iVersion = std::min(below->iVersion, 2);
  the_vfs.szOsFile = static_cast<int>(sizeof(ChecksumFile)) + below->szOsFile;
  the_vfs.mxPathname = below->mxPathname;
  the_vfs.zName = "cksmvfs";
  the_vfs.xOpen = open;
  the_vfs.xDelete = remove;
  the_vfs.xAccess = access;
  the_vfs.xFullPathname = full_pathname;
  the_vfs.xDlOpen = dl_open;
  the_vfs.xDlError = dl_error;
  the_vfs.xDlSym = dl_symbol;
  the_vfs.xDlClose = dl_close;
  the_vfs.xRandomness = randomness;
  the_vfs.xSleep = sleep;
  the_vfs.xCurrentTime = current_time;
  the_vfs.xGetLastError = last_error;
  if (the_vfs.iVersion >= 2 && below->xCurrentTimeInt64 != nullptr) the_vfs.xCurrentTimeInt64 = current_time_int64;
  register_vfs(the_vfs, true);
}

void unregister_cksum_vfs() noexcept {
  if (below == nullptr) return;
  unregister_vfs(the_vfs);
  register_vfs(*below, true);
  below = nullptr;
}

}  // namespace perlite::os
