// os/posix_calls.h: the system calls of the POSIX VFS, replaceable one by one (xSetSystemCall; manual: c3ref/vfs.html).
//
// Callers write calls::pread(fd, ...). A test that makes the third pwrite fail puts its own function here.
//   Threads   replaced only while nobody uses the VFS.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

#include "sqlite3.h"

namespace perlite::os::calls {

// CALL(name in the table, identifier, result type, parameters)
#define PL_POSIX_CALLS(CALL)                                                  \
  CALL("open", open_file, int, (const char*, int, int))                       \
  CALL("close", close_file, int, (int))                                       \
  CALL("access", access, int, (const char*, int))                             \
  CALL("getcwd", getcwd, char*, (char*, std::size_t))                         \
  CALL("stat", stat, int, (const char*, struct ::stat*))                      \
  CALL("fstat", fstat, int, (int, struct ::stat*))                            \
  CALL("ftruncate", ftruncate, int, (int, off_t))                             \
  CALL("fcntl", fcntl, int, (int, int, struct ::flock*))                      \
  CALL("read", read, ssize_t, (int, void*, std::size_t))                      \
  CALL("pread64", pread, ssize_t, (int, void*, std::size_t, off_t))           \
  CALL("write", write, ssize_t, (int, const void*, std::size_t))              \
  CALL("pwrite64", pwrite, ssize_t, (int, const void*, std::size_t, off_t))   \
  CALL("preadv", preadv, ssize_t, (int, const struct ::iovec*, int, off_t))   \
  CALL("pwritev", pwritev, ssize_t, (int, const struct ::iovec*, int, off_t)) \
  CALL("fdatasync", fdatasync, int, (int))                                    \
  CALL("fchmod", fchmod, int, (int, mode_t))                                  \
  CALL("fallocate", fallocate, int, (int, off_t, off_t))                      \
  CALL("unlink", unlink, int, (const char*))                                  \
  CALL("openDirectory", open_directory, int, (const char*))                   \
  CALL("mkdir", mkdir, int, (const char*, mode_t))                            \
  CALL("rmdir", rmdir, int, (const char*))                                    \
  CALL("fchown", fchown, int, (int, uid_t, gid_t))                            \
  CALL("geteuid", geteuid, uid_t, ())                                         \
  CALL("mmap", mmap, void*, (void*, std::size_t, int, int, int, off_t))       \
  CALL("munmap", munmap, int, (void*, std::size_t))                           \
  CALL("readlink", readlink, ssize_t, (const char*, char*, std::size_t))      \
  CALL("lstat", lstat, int, (const char*, struct ::stat*))

#define PL_DECLARE(text, name, result, parameters) extern result(*name) parameters;
PL_POSIX_CALLS(PL_DECLARE)
#undef PL_DECLARE

// The vtable entries of sqlite3_vfs.
int set_system_call(sqlite3_vfs* vfs, const char* name, sqlite3_syscall_ptr replacement);
sqlite3_syscall_ptr get_system_call(sqlite3_vfs* vfs, const char* name);
const char* next_system_call(sqlite3_vfs* vfs, const char* name);

// True while pread and pwrite are the system's: then vectored calls may stand for them.
bool may_use_vectors() noexcept;

}  // namespace perlite::os::calls
