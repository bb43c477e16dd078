#include "os/posix_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "os/posix_calls.h"
#include "os/posix_lock.h"
#include "os/posix_map.h"
#include "os/posix_shm.h"

namespace perlite::os {
namespace {

PosixFile& posix(sqlite3_file* handle) noexcept { return *static_cast<PosixFile*>(handle); }

int read_error(PosixFile& file) noexcept {
  file.last_errno = errno;
  switch (errno) {
    case ERANGE:
    case EIO:
    case ENXIO:
#ifdef EDEVERR
    case EDEVERR:
#endif
      return SQLITE_IOERR_CORRUPTFS;
    default:
      return SQLITE_IOERR_READ;
  }
}

int write_error(PosixFile& file) noexcept {
  file.last_errno = errno;
  return errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int close(sqlite3_file* handle) {
  PosixFile& file = posix(handle);
  if (file.shm_open) posix_shm_unmap(handle, 0);
  file.lent_pages = 0;
  posix_unmap(file);
  posix_unlock(handle, SQLITE_LOCK_NONE);
  if (file.delete_on_close && file.path != nullptr && file.fd >= 0) calls::unlink(file.path);
  if (file.inode != nullptr) {
    if (file.fd >= 0) close_or_park(*file.inode, file.fd, file.parked);
    release_inode(file.inode);
  } else if (file.fd >= 0) {
    robust_close(file.fd);
  }
  file.fd = -1;
  file.inode = nullptr;
  file.pMethods = nullptr;
  return SQLITE_OK;
}

int read(sqlite3_file* handle, void* into, int amount, sqlite3_int64 offset) {
  PosixFile& file = posix(handle);
  auto* at = static_cast<char*>(into);
  std::size_t left = static_cast<std::size_t>(amount);
  while (left > 0) {
    const ssize_t got = calls::pread(file.fd, at, left, offset);
    if (got < 0) {
      if (errno == EINTR) continue;
      return read_error(file);
    }
    if (got == 0) {
      ::memset(at, 0, left);
      file.last_errno = 0;
      return SQLITE_IOERR_SHORT_READ;
    }
    at += got;
    offset += got;
    left -= static_cast<std::size_t>(got);
  }
  return SQLITE_OK;
}

int write(sqlite3_file* handle, const void* from, int amount, sqlite3_int64 offset) {
  PosixFile& file = posix(handle);
  const auto* at = static_cast<const char*>(from);
  std::size_t left = static_cast<std::size_t>(amount);
  while (left > 0) {
    const ssize_t put = calls::pwrite(file.fd, at, left, offset);
    if (put < 0) {
      if (errno == EINTR) continue;
      return write_error(file);
    }
    if (put == 0) {
      file.last_errno = 0;
      return SQLITE_FULL;
    }
    at += put;
    offset += put;
    left -= static_cast<std::size_t>(put);
  }
  return SQLITE_OK;
}

int truncate(sqlite3_file* handle, sqlite3_int64 size) {
  PosixFile& file = posix(handle);
  if (file.chunk_size > 0) size = (size + file.chunk_size - 1) / file.chunk_size * file.chunk_size;
  posix_unmap_behind(file, size);
  int result;
  do {
    result = calls::ftruncate(file.fd, size);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    file.last_errno = errno;
    return SQLITE_IOERR_TRUNCATE;
  }
  return SQLITE_OK;
}

int sync(sqlite3_file* handle, int) {
  PosixFile& file = posix(handle);
  if (calls::fdatasync(file.fd) != 0) {
    file.last_errno = errno;
    return SQLITE_IOERR_FSYNC;
  }
  if (file.sync_directory) {
    // Not every file system can sync a directory; where the open fails there is nothing to do.
    static_cast<void>(sync_directory_of(file.path));
    file.sync_directory = false;
  }
  return SQLITE_OK;
}

int file_size(sqlite3_file* handle, sqlite3_int64* size) {
  PosixFile& file = posix(handle);
  struct stat info;
  if (calls::fstat(file.fd, &info) != 0) {
    file.last_errno = errno;
    return SQLITE_IOERR_FSTAT;
  }
  // A single byte is what some programs leave to hold a place: the file counts as empty.
  *size = info.st_size == 1 ? 0 : info.st_size;
  return SQLITE_OK;
}

// The file is no longer the one its name leads to: renamed, unlinked or replaced.
bool has_moved(const PosixFile& file) noexcept {
  if (file.inode == nullptr || file.path == nullptr) return false;
  struct stat info;
  return calls::stat(file.path, &info) != 0 || info.st_ino != file.inode->number || info.st_dev != file.inode->device;
}

int size_hint(PosixFile& file, sqlite3_int64 size) noexcept {
  if (file.chunk_size <= 0) return SQLITE_OK;
  struct stat info;
  if (calls::fstat(file.fd, &info) != 0) return SQLITE_IOERR_FSTAT;
  const sqlite3_int64 wanted = (size + file.chunk_size - 1) / file.chunk_size * file.chunk_size;
  if (wanted <= info.st_size) return SQLITE_OK;
  int error;
  do {
    error = calls::fallocate(file.fd, info.st_size, wanted - info.st_size);
  } while (error == EINTR);
  return error != 0 && error != EINVAL && error != EOPNOTSUPP ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

char* copy_text(const char* text) noexcept {
  const std::size_t size = ::strlen(text) + 1;
  auto* copy = static_cast<char*>(base::Allocator::try_allocate(size));
  if (copy != nullptr) ::memcpy(copy, text, size);
  return copy;
}

// Negative asks, zero clears, positive sets.
void switch_flag(bool& flag, int* argument) noexcept {
  if (*argument < 0) {
    *argument = flag ? 1 : 0;
  } else {
    flag = *argument != 0;
  }
}

int control(sqlite3_file* handle, int operation, void* argument) {
  PosixFile& file = posix(handle);
  switch (operation) {
    case SQLITE_FCNTL_LOCKSTATE:
      *static_cast<int*>(argument) = file.level;
      return SQLITE_OK;
    case SQLITE_FCNTL_LAST_ERRNO:
      *static_cast<int*>(argument) = file.last_errno;
      return SQLITE_OK;
    case SQLITE_FCNTL_CHUNK_SIZE:
      file.chunk_size = *static_cast<int*>(argument);
      return SQLITE_OK;
    case SQLITE_FCNTL_SIZE_HINT:
      return size_hint(file, *static_cast<sqlite3_int64*>(argument));
    case SQLITE_FCNTL_PERSIST_WAL:
      switch_flag(file.persist_wal, static_cast<int*>(argument));
      return SQLITE_OK;
    case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
      switch_flag(file.power_safe, static_cast<int*>(argument));
      return SQLITE_OK;
    case SQLITE_FCNTL_VFSNAME:
      *static_cast<char**>(argument) = copy_text(file.vfs->zName);
      return SQLITE_OK;
    case SQLITE_FCNTL_TEMPFILENAME: {
      char* name = static_cast<char*>(base::Allocator::try_allocate(static_cast<std::size_t>(file.vfs->mxPathname)));
      if (name != nullptr && temporary_name(name, static_cast<std::size_t>(file.vfs->mxPathname)) != SQLITE_OK) {
        base::Allocator::release(name);
        name = nullptr;
      }
      *static_cast<char**>(argument) = name;
      return SQLITE_OK;
    }
    case SQLITE_FCNTL_HAS_MOVED:
      *static_cast<int*>(argument) = has_moved(file) ? 1 : 0;
      return SQLITE_OK;
    case SQLITE_FCNTL_MMAP_SIZE:
      posix_set_map_limit(file, static_cast<sqlite3_int64*>(argument));
      return SQLITE_OK;
    case SQLITE_FCNTL_EXTERNAL_READER:
      return posix_shm_external_reader(handle, static_cast<int*>(argument));
    default:
      return SQLITE_NOTFOUND;
  }
}

int sector_size(sqlite3_file*) { return 4096; }

int device_characteristics(sqlite3_file* handle) {
  return SQLITE_IOCAP_SUBPAGE_READ | (posix(handle).power_safe ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0);
}

constexpr std::size_t kMaxVectors = 1024;
static_assert(kMaxVectors <= IOV_MAX);

// Makes iovecs of the buffers from `first` on, whose first `skip` bytes are done already.
template <class Buffer>
int fill_vectors(struct iovec (&vectors)[kMaxVectors], std::span<const Buffer> buffers, std::size_t first,
                 std::size_t skip) noexcept {
  std::size_t count = 0;
  for (std::size_t i = first; i < buffers.size() && count < kMaxVectors; ++i) {
    auto* start = const_cast<std::byte*>(buffers[i].data());
    vectors[count].iov_base = start + skip;
    vectors[count].iov_len = buffers[i].size() - skip;
    skip = 0;
    ++count;
  }
  return static_cast<int>(count);
}

}  // namespace

const sqlite3_io_methods kPosixMethods = {3,
                                          close,
                                          read,
                                          write,
                                          truncate,
                                          sync,
                                          file_size,
                                          [](sqlite3_file* f, int level) { return posix_lock(f, level); },
                                          [](sqlite3_file* f, int level) { return posix_unlock(f, level); },
                                          [](sqlite3_file* f, int* result) { return posix_check_reserved(f, result); },
                                          control,
                                          sector_size,
                                          device_characteristics,
                                          posix_shm_map,
                                          posix_shm_lock,
                                          posix_shm_barrier,
                                          posix_shm_unmap,
                                          posix_fetch,
                                          posix_unfetch};

int posix_read_run(PosixFile& file, std::uint64_t offset, std::span<const base::MutableBytes> into) noexcept {
  std::size_t index = 0;
  std::size_t skip = 0;
  struct iovec vectors[kMaxVectors];
  while (index < into.size()) {
    const int count = fill_vectors(vectors, into, index, skip);
    const ssize_t got = calls::preadv(file.fd, vectors, count, static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      return read_error(file);
    }
    if (got == 0) {
      for (; index < into.size(); ++index, skip = 0) ::memset(into[index].data() + skip, 0, into[index].size() - skip);
      return SQLITE_IOERR_SHORT_READ;
    }
    offset += static_cast<std::uint64_t>(got);
    for (std::size_t done = static_cast<std::size_t>(got); done > 0;) {
      const std::size_t part = std::min(done, into[index].size() - skip);
      done -= part;
      skip += part;
      if (skip == into[index].size()) ++index, skip = 0;
    }
  }
  return SQLITE_OK;
}

int posix_write_run(PosixFile& file, std::uint64_t offset, std::span<const base::Bytes> from) noexcept {
  std::size_t index = 0;
  std::size_t skip = 0;
  struct iovec vectors[kMaxVectors];
  while (index < from.size()) {
    const int count = fill_vectors(vectors, from, index, skip);
    const auto at = static_cast<off_t>(offset);
    // The plain call is the cheaper one.
    const ssize_t put = count == 1 ? calls::pwrite(file.fd, vectors[0].iov_base, vectors[0].iov_len, at)
                                   : calls::pwritev(file.fd, vectors, count, at);
    if (put < 0) {
      if (errno == EINTR) continue;
      return write_error(file);
    }
    if (put == 0) return SQLITE_FULL;
    offset += static_cast<std::uint64_t>(put);
    for (std::size_t done = static_cast<std::size_t>(put); done > 0;) {
      const std::size_t part = std::min(done, from[index].size() - skip);
      done -= part;
      skip += part;
      if (skip == from[index].size()) ++index, skip = 0;
    }
  }
  return SQLITE_OK;
}

int robust_open(const char* path, int flags, int mode) noexcept {
  constexpr int kFirstSafe = 3;  // 0 to 2 are where programs write without looking
  for (;;) {
    const int fd = calls::open_file(path, flags | O_CLOEXEC, mode);
    if (fd < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    if (fd >= kFirstSafe) return fd;
    if ((flags & (O_EXCL | O_CREAT)) == (O_EXCL | O_CREAT)) calls::unlink(path);
    calls::close_file(fd);
    // Fills the low number for good; then there is another for us.
    if (calls::open_file("/dev/null", O_RDONLY, 0) < 0) return -1;
  }
}

void robust_close(int fd) noexcept { calls::close_file(fd); }

int sync_directory_of(const char* path) noexcept {
  char directory[PATH_MAX];
  const char* slash = path == nullptr ? nullptr : ::strrchr(path, '/');
  std::size_t length = slash == nullptr ? 0 : static_cast<std::size_t>(slash - path);
  if (length >= sizeof directory) return SQLITE_CANTOPEN;
  if (slash == nullptr) {
    ::strcpy(directory, ".");
  } else if (length == 0) {
    ::strcpy(directory, "/");
  } else {
    ::memcpy(directory, path, length);
    directory[length] = '\0';
  }
  const int fd = calls::open_directory(directory);
  if (fd < 0) return SQLITE_CANTOPEN;
  const int result = calls::fdatasync(fd);
  robust_close(fd);
  return result == 0 ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

}  // namespace perlite::os
