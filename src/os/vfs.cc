#include "os/vfs.h"

#include <cstring>

#include "base/mutex.h"
#include "base/random.h"
#include "os/file.h"
#include "os/memdb.h"
#include "os/posix_vfs.h"

namespace perlite::os {
namespace {

// The registered VFSes, linked by their own pNext, the default one first. Guarded by `mutex`.
base::Mutex mutex;
sqlite3_vfs* first = nullptr;
bool initialized = false;

void unlink(sqlite3_vfs& vfs) noexcept {
  for (sqlite3_vfs** link = &first; *link != nullptr; link = &(*link)->pNext) {
    if (*link == &vfs) {
      *link = vfs.pNext;
      return;
    }
  }
}

void entropy_of_default_vfs(void* out, std::size_t size) {
  sqlite3_vfs* vfs = find_vfs(nullptr);
  if (vfs != nullptr) fill_random(*vfs, {static_cast<std::byte*>(out), size});
}

}  // namespace

void initialize_vfs() noexcept {
  const base::MutexGuard guard(mutex);
  if (initialized) return;
  initialized = true;
  register_memdb_vfs();
  register_posix_vfs();
  base::set_entropy_source(entropy_of_default_vfs);
}

void shutdown_vfs() noexcept {
  const base::MutexGuard guard(mutex);
  first = nullptr;
  initialized = false;
}

sqlite3_vfs* find_vfs(const char* name) noexcept {
  initialize_vfs();
  const base::MutexGuard guard(mutex);
  sqlite3_vfs* vfs = first;
  while (vfs != nullptr && name != nullptr && std::strcmp(vfs->zName, name) != 0) vfs = vfs->pNext;
  return vfs;
}

void register_vfs(sqlite3_vfs& vfs, bool as_default) noexcept {
  initialize_vfs();
  const base::MutexGuard guard(mutex);
  unlink(vfs);
  if (as_default || first == nullptr) {
    vfs.pNext = first;
    first = &vfs;
  } else {
    vfs.pNext = first->pNext;
    first->pNext = &vfs;
  }
}

void unregister_vfs(sqlite3_vfs& vfs) noexcept {
  const base::MutexGuard guard(mutex);
  unlink(vfs);
}

Result<String> full_path_name(sqlite3_vfs& vfs, const char* path, bool no_follow) {
  String full;
  full.resize(static_cast<std::size_t>(vfs.mxPathname) + 1);
  full[0] = '\0';
  const int code = vfs.xFullPathname(&vfs, path, vfs.mxPathname + 1, full.data());
  if (code == SQLITE_OK_SYMLINK) {
    if (no_follow) return Code::CantOpenSymlink;
  } else if (code != SQLITE_OK) {
    return vfs_status(code);
  }
  full.resize(std::strlen(full.c_str()));
  return full;
}

Result<bool> file_exists(sqlite3_vfs& vfs, const char* path) {
  int exists = 0;
  PL_TRY(vfs_status(vfs.xAccess(&vfs, path, SQLITE_ACCESS_EXISTS, &exists)));
  return exists != 0;
}

Status delete_file(sqlite3_vfs& vfs, const char* path, bool sync_directory) {
  return vfs_status(vfs.xDelete(&vfs, path, sync_directory ? 1 : 0));
}

void fill_random(sqlite3_vfs& vfs, base::MutableBytes into) noexcept {
  vfs.xRandomness(&vfs, static_cast<int>(into.size()), reinterpret_cast<char*>(into.data()));
}

Result<std::int64_t> current_time_ms(sqlite3_vfs& vfs) {
  constexpr double kDay = 86400000.0;
  sqlite3_int64 now = 0;
  if (vfs.iVersion >= 2 && vfs.xCurrentTimeInt64 != nullptr) {
    PL_TRY(vfs_status(vfs.xCurrentTimeInt64(&vfs, &now)));
  } else {
    double days = 0;
    PL_TRY(vfs_status(vfs.xCurrentTime(&vfs, &days)));
    now = static_cast<sqlite3_int64>(days * kDay);
  }
  return std::int64_t{now};
}

int sleep_us(sqlite3_vfs& vfs, int microseconds) noexcept { return vfs.xSleep(&vfs, microseconds); }

}  // namespace perlite::os
