// os/posix_vfs.cc: xOpen and the other methods of the four POSIX VFSes (manual: vfs.html, c3ref/vfs.html,
// tempfiles.html).
#include "os/posix_vfs.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>

#include "base/random.h"
#include "os/filename.h"
#include "os/posix_calls.h"
#include "os/posix_file.h"
#include "os/vfs.h"

namespace perlite::os {
namespace {

std::atomic<const char* const*> temp_directory{nullptr};

LockStyle style_of(const sqlite3_vfs* vfs) noexcept {
  return static_cast<LockStyle>(reinterpret_cast<std::uintptr_t>(vfs->pAppData));
}

// --- Opening --------------------------------------------------------------------------------------------------------

struct Permissions {
  mode_t mode;
  uid_t user;
  gid_t group;
  bool known;
};

// A journal or log gets the mode and owner of its database; its name is the database's and a suffix.
int permissions_for(const char* path, int flags, Permissions* result) noexcept {
  *result = {0644, 0, 0, false};
  const char* like = nullptr;
  char database[PATH_MAX];
  if ((flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0) {
    const char* suffix = ::strrchr(path, '-');
    const std::size_t length = suffix == nullptr ? 0 : static_cast<std::size_t>(suffix - path);
    if (length == 0 || length >= sizeof database) return SQLITE_OK;
    ::memcpy(database, path, length);
    database[length] = '\0';
    like = database;
  } else if ((flags & SQLITE_OPEN_DELETEONCLOSE) != 0) {
    result->mode = 0600;
    return SQLITE_OK;
  } else if ((flags & SQLITE_OPEN_URI) != 0) {
    like = uri_parameter(path, "modeof");
  }
  if (like == nullptr) return SQLITE_OK;
  struct stat info;
  if (calls::stat(like, &info) != 0) return SQLITE_IOERR_FSTAT;
  *result = {info.st_mode & 0777, info.st_uid, info.st_gid, true};
  return SQLITE_OK;
}

int open_error(int error, const char* path, int flags) noexcept {
  // A journal that cannot be made in a directory we may not write to says so.
  if (error == EACCES && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0 && path != nullptr &&
      calls::access(path, F_OK) != 0) {
    return SQLITE_READONLY_DIRECTORY;
  }
  return SQLITE_CANTOPEN;
}

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* handle, int flags, int* out_flags) {
  PosixFile& file = *::new (static_cast<void*>(handle)) PosixFile{};
  file.pMethods = nullptr;
  file.fd = -1;
  file.vfs = vfs;
  file.style = style_of(vfs);
  file.generation = process_generation();
  file.power_safe = true;

  const bool exclusive = (flags & SQLITE_OPEN_EXCLUSIVE) != 0;
  const bool delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
  bool read_write = (flags & SQLITE_OPEN_READWRITE) != 0;
  const bool database = (flags & SQLITE_OPEN_MAIN_DB) != 0;

  char temporary[PATH_MAX];
  const char* path = name;
  if (path == nullptr) {
    const int code = temporary_name(temporary, sizeof temporary);
    if (code != SQLITE_OK) return code;
    path = temporary;
  }
  int open_flags = read_write ? O_RDWR : O_RDONLY;
  if (create) open_flags |= O_CREAT;
  if (exclusive) open_flags |= O_EXCL;
  open_flags |= O_NOFOLLOW;

  const bool locks = database && (file.style == LockStyle::Posix || file.style == LockStyle::Exclusive);
  if (locks) {
    file.parked = take_parked(path, open_flags);
    if (file.parked != nullptr) {
      file.fd = file.parked->fd;
    } else {
      file.parked = static_cast<ParkedDescriptor*>(base::Allocator::try_allocate(sizeof(ParkedDescriptor)));
      if (file.parked == nullptr) return SQLITE_NOMEM;
    }
  }
  const auto fail = [&file](int code) {
    if (file.fd >= 0) robust_close(file.fd);
    base::Allocator::release(file.parked);
    file.fd = -1;
    return code;
  };

  if (file.fd < 0) {
    Permissions permissions{0644, 0, 0, false};
    if (create || (database && (flags & SQLITE_OPEN_URI) != 0)) {
      const int code = permissions_for(path, flags, &permissions);
      if (code != SQLITE_OK) return fail(code);
    }
    file.fd = robust_open(path, open_flags, static_cast<int>(permissions.mode));
    if (file.fd < 0 && errno != EISDIR && read_write && !exclusive) {
      const int error = errno;
      const int code = open_error(error, path, flags);
      if (code == SQLITE_READONLY_DIRECTORY) return fail(code);
      open_flags = (open_flags & ~(O_RDWR | O_CREAT)) | O_RDONLY;
      read_write = false;
      flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
      file.fd = robust_open(path, open_flags, static_cast<int>(permissions.mode));
    }
    if (file.fd < 0) {
      file.last_errno = errno;
      return fail(open_error(errno, path, flags));
    }
    if (create && permissions.known && permissions.mode != 0) {
      struct stat info;
      const bool known = calls::fstat(file.fd, &info) == 0;
      if (known && info.st_size == 0 && (info.st_mode & 0777) != permissions.mode) {
        static_cast<void>(calls::fchmod(file.fd, permissions.mode));
      }
      const bool is_owned = known && info.st_uid == permissions.user && info.st_gid == permissions.group;
      if (!is_owned && calls::geteuid() == 0) {
        static_cast<void>(calls::fchown(file.fd, permissions.user, permissions.group));
      }
    }
  }
  if (locks) {
    file.parked->open_flags = open_flags;
    int error = 0;
    file.inode = acquire_inode(file.fd, &error);
    if (file.inode == nullptr) {
      file.last_errno = error;
      return fail(error == 0 ? SQLITE_NOMEM : SQLITE_IOERR);
    }
  }
  if (delete_on_close) calls::unlink(path);
  file.open_flags = open_flags;
  file.read_only = !read_write;
  file.path = name;
  file.sync_directory =
      create && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  if (database && (flags & SQLITE_OPEN_URI) != 0) {
    const char* psow = uri_parameter(name, "psow");
    if (psow != nullptr) file.power_safe = parse_boolean(psow, true);
    const char* read_only_shm = uri_parameter(name, "readonly_shm");
    file.shm_read_only = read_only_shm != nullptr && parse_boolean(read_only_shm, false);
  }
  if (out_flags != nullptr) *out_flags = flags;
  file.pMethods = &kPosixMethods;
  return SQLITE_OK;
}

// --- Names ----------------------------------------------------------------------------------------------------------

int remove(sqlite3_vfs*, const char* path, int sync_directory) {
  if (calls::unlink(path) != 0) return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  if ((sync_directory & 1) == 0) return SQLITE_OK;
  const int code = sync_directory_of(path);
  return code == SQLITE_CANTOPEN ? SQLITE_OK : code;
}

int access(sqlite3_vfs*, const char* path, int what, int* result) {
  if (what == SQLITE_ACCESS_EXISTS) {
    // An empty regular file does not count: a journal without bytes is none.
    struct stat info;
    *result = calls::stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || info.st_size > 0);
  } else {
    *result = calls::access(path, what == SQLITE_ACCESS_READWRITE ? R_OK | W_OK : R_OK) == 0;
  }
  return SQLITE_OK;
}

// A path under construction: absolute, without links, "." and "..".
class PathBuilder {
 public:
  PathBuilder(char* into, std::size_t size) noexcept : into_(into), size_(size) {}

  // Appends the components of `path`; an absolute one starts anew. Links are followed, `depth` bounds how many.
  void append(const char* path, int depth) noexcept {
    if (path[0] == '/') used_ = 0;
    while (*path != '\0' && code_ == SQLITE_OK) {
      while (*path == '/') ++path;
      const char* end = path;
      while (*end != '\0' && *end != '/') ++end;
      append_component(path, static_cast<std::size_t>(end - path), depth);
      path = end;
    }
  }
  int finish() noexcept {
    if (code_ == SQLITE_OK && used_ == 0) put("/", 1);
    if (code_ != SQLITE_OK) return code_;
    into_[used_] = '\0';
    return saw_link_ ? SQLITE_OK_SYMLINK : SQLITE_OK;
  }

 private:
  static constexpr int kMaxLinks = 100;

  void put(const char* text, std::size_t length) noexcept {
    if (used_ + length + 1 > size_) {
      code_ = SQLITE_CANTOPEN_FULLPATH;
      return;
    }
    ::memcpy(into_ + used_, text, length);
    used_ += length;
  }
  void append_component(const char* text, std::size_t length, int depth) noexcept {
    if (length == 0 || (length == 1 && text[0] == '.')) return;
    if (length == 2 && text[0] == '.' && text[1] == '.') {
      while (used_ > 0 && into_[--used_] != '/') {
      }
      return;
    }
    const std::size_t parent = used_;
    put("/", 1);
    put(text, length);
    if (code_ != SQLITE_OK) return;
    into_[used_] = '\0';
    struct stat info;
    if (calls::lstat(into_, &info) != 0) {
      if (errno != ENOENT) code_ = SQLITE_CANTOPEN;
      return;
    }
    if (!S_ISLNK(info.st_mode)) return;
    char target[PATH_MAX];
    const ssize_t got = calls::readlink(into_, target, sizeof target - 1);
    if (depth >= kMaxLinks || got <= 0) {
      code_ = SQLITE_CANTOPEN;
      return;
    }
    target[got] = '\0';
    saw_link_ = true;
    used_ = parent;
    append(target, depth + 1);
  }

  char* into_;
  std::size_t size_;
  std::size_t used_ = 0;
  int code_ = SQLITE_OK;
  bool saw_link_ = false;
};

int full_pathname(sqlite3_vfs*, const char* path, int size, char* into) {
  PathBuilder builder(into, static_cast<std::size_t>(size));
  if (path[0] != '/') {
    char directory[PATH_MAX];
    if (calls::getcwd(directory, sizeof directory) == nullptr) return SQLITE_CANTOPEN;
    builder.append(directory, 0);
  }
  builder.append(path, 0);
  return builder.finish();
}

bool usable_directory(const char* path) noexcept {
  struct stat info;
  return path != nullptr && calls::stat(path, &info) == 0 && S_ISDIR(info.st_mode) &&
         calls::access(path, W_OK | X_OK) == 0;
}

// --- Loading, time, randomness --------------------------------------------------------------------------------------

void* dl_open(sqlite3_vfs*, const char* path) { return ::dlopen(path, RTLD_NOW | RTLD_GLOBAL); }
void dl_error(sqlite3_vfs*, int size, char* message) {
  const char* text = ::dlerror();
  if (text != nullptr && size > 0) ::snprintf(message, static_cast<std::size_t>(size), "%s", text);
}
using Symbol = void (*)(void);
Symbol dl_symbol(sqlite3_vfs*, void* library, const char* name) {
  return reinterpret_cast<Symbol>(::dlsym(library, name));
}
void dl_close(sqlite3_vfs*, void* library) { ::dlclose(library); }

int randomness(sqlite3_vfs*, int size, char* into) {
  int done = 0;
  while (done < size) {
    const ssize_t got = ::getrandom(into + done, static_cast<std::size_t>(size - done), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<int>(got);
  }
  if (done < size) {
    // No source of entropy: the clock and the process at least differ.
    struct timespec now;
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::uint64_t mix = static_cast<std::uint64_t>(now.tv_nsec) * 0x9e3779b97f4a7c15u +
                        static_cast<std::uint64_t>(now.tv_sec) + static_cast<std::uint64_t>(::getpid());
    for (; done < size; ++done, mix = mix * 6364136223846793005u + 1442695040888963407u) {
      into[done] = static_cast<char>(mix >> 56);
    }
  }
  return size;
}

int sleep(sqlite3_vfs*, int microseconds) {
  struct timespec pause;
  pause.tv_sec = microseconds / 1000000;
  pause.tv_nsec = static_cast<long>(microseconds % 1000000) * 1000;
  ::nanosleep(&pause, nullptr);
  return microseconds;
}

int current_time_int64(sqlite3_vfs*, sqlite3_int64* now) {
  constexpr sqlite3_int64 kUnixEpoch = 24405875LL * 8640000;  // Julian day 2440587.5 in milliseconds
  struct timeval time;
  ::gettimeofday(&time, nullptr);
  *now = kUnixEpoch + 1000 * static_cast<sqlite3_int64>(time.tv_sec) + time.tv_usec / 1000;
  return SQLITE_OK;
}
int current_time(sqlite3_vfs* vfs, double* days) {
  sqlite3_int64 now = 0;
  const int code = current_time_int64(vfs, &now);
  *days = static_cast<double>(now) / 86400000.0;
  return code;
}
int last_error(sqlite3_vfs*, int, char*) { return errno; }

sqlite3_vfs make_vfs(const char* name, LockStyle style) noexcept {
  sqlite3_vfs vfs{};
  vfs.iVersion = 3;
  vfs.szOsFile = static_cast<int>(sizeof(PosixFile));
  vfs.mxPathname = 1024;
  vfs.zName = name;
  vfs.pAppData = reinterpret_cast<void*>(static_cast<std::uintptr_t>(style));
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
  vfs.xSetSystemCall = calls::set_system_call;
  vfs.xGetSystemCall = calls::get_system_call;
  vfs.xNextSystemCall = calls::next_system_call;
  return vfs;
}

sqlite3_vfs unix_vfs = make_vfs("unix", LockStyle::Posix);
sqlite3_vfs unix_none_vfs = make_vfs("unix-none", LockStyle::None);
sqlite3_vfs unix_dotfile_vfs = make_vfs("unix-dotfile", LockStyle::DotFile);
sqlite3_vfs unix_excl_vfs = make_vfs("unix-excl", LockStyle::Exclusive);

}  // namespace

void register_posix_vfs() noexcept {
  register_vfs(unix_excl_vfs, false);
  register_vfs(unix_dotfile_vfs, false);
  register_vfs(unix_none_vfs, false);
  register_vfs(unix_vfs, true);
}

bool is_native_vfs(const sqlite3_vfs& vfs) noexcept { return vfs.xOpen == open; }

void set_temp_directory(const char* const* directory) noexcept { temp_directory.store(directory); }

int temporary_name(char* into, std::size_t size) noexcept {
  const char* const* chosen = temp_directory.load();
  const char* const candidates[] = {chosen == nullptr ? nullptr : *chosen,
                                    ::getenv("SQLITE_TMPDIR"),
                                    ::getenv("TMPDIR"),
                                    "/var/tmp",
                                    "/usr/tmp",
                                    "/tmp",
                                    "."};
  const auto* directory = std::find_if(std::begin(candidates), std::end(candidates), usable_directory);
  if (directory == std::end(candidates)) return SQLITE_IOERR_GETTEMPPATH;
  for (int attempt = 0; attempt < 12; ++attempt) {
    const std::uint64_t random = base::random_u64();
    const int length = ::snprintf(into, size, "%s/etilqs_%016llx", *directory, static_cast<unsigned long long>(random));
    if (length < 0 || static_cast<std::size_t>(length) >= size) return SQLITE_ERROR;
    if (calls::access(into, F_OK) != 0) return SQLITE_OK;
  }
  return SQLITE_ERROR;
}

}  // namespace perlite::os
