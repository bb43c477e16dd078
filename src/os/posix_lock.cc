#include "os/posix_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/posix_calls.h"
#include "os/posix_file.h"

namespace perlite::os {
namespace {

// Where the locks lie in the file (manual: lockingv3.html; docs/format/locks.md).
constexpr off_t kPendingByte = 0x40000000;
constexpr off_t kReservedByte = kPendingByte + 1;
constexpr off_t kSharedFirst = kPendingByte + 2;
constexpr off_t kSharedSize = 510;
constexpr off_t kTurnByte = kSharedFirst + kSharedSize;

// 0, or -1 with errno.
int set_range(PosixFile& file, int type, off_t start, off_t size) noexcept {
  struct flock lock {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = size;
  // One write lock for the process, taken at its first lock; nothing is given back before the last close. A file that is
  // open for reading cannot have it, and is locked as usual.
  if (file.style == LockStyle::Exclusive && (!file.read_only || file.inode->process_lock)) {
    Inode& inode = *file.inode;
    if (inode.process_lock || type == F_UNLCK) return 0;
    lock.l_type = F_WRLCK;
    lock.l_start = kSharedFirst;
    lock.l_len = kSharedSize;
    const int result = calls::fcntl(file.fd, F_SETLK, &lock);
    inode.process_lock = result == 0;
    return result;
  }
  return calls::fcntl(file.fd, F_SETLK, &lock);
}

// The code for a lock that could not be had.
int lock_error(PosixFile& file, int otherwise) noexcept {
  const int error = errno;
  switch (error) {
    case EACCES:
    case EAGAIN:
    case ETIMEDOUT:
    case EBUSY:
    case EINTR:
    case ENOLCK:
      return SQLITE_BUSY;
    case EPERM:
      file.last_errno = error;
      return SQLITE_PERM;
    default:
      file.last_errno = error;
      return otherwise;
  }
}

int lock_posix(PosixFile& file, int level) noexcept {
  Inode& inode = *file.inode;
  const base::MutexGuard guard(inode.mutex);

  // Another connection of this process stands in the way.
  if (file.level != inode.level && (inode.level >= SQLITE_LOCK_PENDING || level > SQLITE_LOCK_SHARED)) {
    return SQLITE_BUSY;
  }
  // One of ours reads already: the process has the range.
  if (level == SQLITE_LOCK_SHARED && (inode.level == SQLITE_LOCK_SHARED || inode.level == SQLITE_LOCK_RESERVED)) {
    file.level = SQLITE_LOCK_SHARED;
    ++inode.shared_count;
    ++inode.held_count;
    return SQLITE_OK;
  }

  if (level == SQLITE_LOCK_SHARED) {
    if (set_range(file, F_RDLCK, kPendingByte, 1) != 0) return lock_error(file, SQLITE_IOERR_LOCK);
    int code = SQLITE_OK;
    if (set_range(file, F_RDLCK, kSharedFirst, kSharedSize) != 0) code = lock_error(file, SQLITE_IOERR_LOCK);
    if (set_range(file, F_UNLCK, kPendingByte, 1) != 0 && code == SQLITE_OK) {
      file.last_errno = errno;
      code = SQLITE_IOERR_UNLOCK;
    }
    if (code != SQLITE_OK) return code;
    file.level = inode.level = SQLITE_LOCK_SHARED;
    inode.shared_count = 1;
    ++inode.held_count;
    return SQLITE_OK;
  }

  PL_ASSERT(file.level >= SQLITE_LOCK_SHARED);
  if (level == SQLITE_LOCK_RESERVED) {
    if (set_range(file, F_WRLCK, kReservedByte, 1) != 0) return lock_error(file, SQLITE_IOERR_LOCK);
    file.level = inode.level = SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
  }

  // EXCLUSIVE. PENDING first keeps new readers out; straight from SHARED (a hot journal) it is not taken.
  if (file.level == SQLITE_LOCK_RESERVED) {
    if (set_range(file, F_WRLCK, kPendingByte, 1) != 0) return lock_error(file, SQLITE_IOERR_LOCK);
    file.level = inode.level = SQLITE_LOCK_PENDING;
  }
  if (inode.shared_count > 1) return SQLITE_BUSY;
  if (set_range(file, F_WRLCK, kSharedFirst, kSharedSize) != 0) return lock_error(file, SQLITE_IOERR_LOCK);
  file.level = inode.level = SQLITE_LOCK_EXCLUSIVE;
  return SQLITE_OK;
}

int unlock_posix(PosixFile& file, int level) noexcept {
  Inode& inode = *file.inode;
  const base::MutexGuard guard(inode.mutex);
  int code = SQLITE_OK;
  if (file.level > SQLITE_LOCK_SHARED) {
    PL_ASSERT(inode.level == file.level);
    // The range stays read-locked when this file, or another of ours, goes on reading.
    if (level == SQLITE_LOCK_SHARED || inode.shared_count > 1) {
      if (file.level == SQLITE_LOCK_EXCLUSIVE) {
        if (set_range(file, F_RDLCK, kSharedFirst, kSharedSize) != 0) {
          file.last_errno = errno;
          return SQLITE_IOERR_RDLOCK;
        }
      }
      if (set_range(file, F_UNLCK, kPendingByte, 2) != 0) {
        file.last_errno = errno;
        return SQLITE_IOERR_UNLOCK;
      }
    }
    file.level = inode.level = SQLITE_LOCK_SHARED;
  }
  if (level == SQLITE_LOCK_NONE) {
    if (--inode.shared_count == 0) {
      if (set_range(file, F_UNLCK, 0, 0) != 0) {
        file.last_errno = errno;
        code = SQLITE_IOERR_UNLOCK;
      }
      inode.level = SQLITE_LOCK_NONE;
    }
    file.level = SQLITE_LOCK_NONE;
    if (--inode.held_count == 0) close_parked(inode);
  }
  return code;
}

// "NAME.lock"; false when it does not fit.
bool lock_directory(const PosixFile& file, char (&into)[2048]) noexcept {
  const std::size_t length = file.path == nullptr ? 0 : ::strlen(file.path);
  if (length == 0 || length + 6 > sizeof into) return false;
  ::memcpy(into, file.path, length);
  ::memcpy(into + length, ".lock", 6);
  return true;
}

int lock_dot_file(PosixFile& file, int level) noexcept {
  char name[2048];
  if (file.level == SQLITE_LOCK_NONE && lock_directory(file, name)) {
    if (calls::mkdir(name, 0777) != 0) {
      return errno == EEXIST ? SQLITE_BUSY : lock_error(file, SQLITE_IOERR_LOCK);
    }
  }
  file.level = level;
  return SQLITE_OK;
}

int unlock_dot_file(PosixFile& file, int level) noexcept {
  char name[2048];
  if (level == SQLITE_LOCK_NONE && file.level != SQLITE_LOCK_NONE && lock_directory(file, name)) {
    if (calls::rmdir(name) != 0 && errno != ENOENT) {
      file.last_errno = errno;
      return SQLITE_IOERR_UNLOCK;
    }
  }
  file.level = level;
  return SQLITE_OK;
}

}  // namespace

int posix_lock(sqlite3_file* handle, int level) noexcept {
  PosixFile& file = *static_cast<PosixFile*>(handle);
  if (file.level >= level) return SQLITE_OK;
  switch (file.style) {
    case LockStyle::None:
      file.level = level;
      return SQLITE_OK;
    case LockStyle::DotFile:
      return lock_dot_file(file, level);
    case LockStyle::Posix:
    case LockStyle::Exclusive:
      break;
  }
  if (file.inode == nullptr) {  // journals and temporary files: nobody else looks
    file.level = level;
    return SQLITE_OK;
  }
  if (file.generation != process_generation()) return SQLITE_IOERR_LOCK;  // opened before a fork
  return lock_posix(file, level);
}

int posix_unlock(sqlite3_file* handle, int level) noexcept {
  PosixFile& file = *static_cast<PosixFile*>(handle);
  if (file.level <= level) return SQLITE_OK;
  if (file.style == LockStyle::DotFile) return unlock_dot_file(file, level);
  if (file.style == LockStyle::None || file.inode == nullptr || file.generation != process_generation()) {
    file.level = level;
    return SQLITE_OK;
  }
  // Those who wait for readers to go look by themselves.
  const bool kept_others_out = file.level >= SQLITE_LOCK_RESERVED;
  const int code = unlock_posix(file, level);
  if (kept_others_out) file.inode->queue.give_back();
  return code;
}

int posix_check_reserved(sqlite3_file* handle, int* result) noexcept {
  PosixFile& file = *static_cast<PosixFile*>(handle);
  *result = 0;
  switch (file.style) {
    case LockStyle::None:
      return SQLITE_OK;
    case LockStyle::DotFile: {
      char name[2048];
      *result = file.level > SQLITE_LOCK_SHARED ||
                (file.level == SQLITE_LOCK_NONE && lock_directory(file, name) && calls::access(name, F_OK) == 0);
      return SQLITE_OK;
    }
    case LockStyle::Posix:
    case LockStyle::Exclusive:
      break;
  }
  if (file.inode == nullptr) return SQLITE_OK;
  Inode& inode = *file.inode;
  const base::MutexGuard guard(inode.mutex);
  if (inode.level > SQLITE_LOCK_SHARED) {
    *result = 1;
    return SQLITE_OK;
  }
  if (inode.process_lock) return SQLITE_OK;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kReservedByte;
  lock.l_len = 1;
  if (calls::fcntl(file.fd, F_GETLK, &lock) != 0) {
    file.last_errno = errno;
    return SQLITE_IOERR_CHECKRESERVEDLOCK;
  }
  *result = lock.l_type != F_UNLCK;
  return SQLITE_OK;
}

namespace {

// A lock of the open file, not of the process: two connections of one process meet in it like any others, and closing
// another descriptor does not drop it. 0, or -1 with errno.
int set_turn(PosixFile& file, int command, struct flock* lock) noexcept {
  lock->l_whence = SEEK_SET;
  lock->l_start = kTurnByte;
  lock->l_len = 1;
  return calls::fcntl(file.fd, command, lock);
}

}  // namespace

bool posix_take_turn(PosixFile& file) noexcept {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  return set_turn(file, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES);
}

void posix_end_turn(PosixFile& file) noexcept {
  struct flock lock {};
  lock.l_type = F_UNLCK;
  static_cast<void>(set_turn(file, F_OFD_SETLK, &lock));
}

bool posix_turn_is_taken(PosixFile& file) noexcept {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  return set_turn(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace perlite::os
