#include "os/posix_calls.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <iterator>

namespace perlite::os::calls {
namespace {

namespace system {
int open_file(const char* path, int flags, int mode) { return ::open(path, flags, mode); }
int close_file(int fd) { return ::close(fd); }
int access(const char* path, int mode) { return ::access(path, mode); }
char* getcwd(char* buffer, std::size_t size) { return ::getcwd(buffer, size); }
int stat(const char* path, struct ::stat* info) { return ::stat(path, info); }
int fstat(int fd, struct ::stat* info) { return ::fstat(fd, info); }
int ftruncate(int fd, off_t size) { return ::ftruncate(fd, size); }
int fcntl(int fd, int command, struct ::flock* lock) { return ::fcntl(fd, command, lock); }
ssize_t read(int fd, void* into, std::size_t size) { return ::read(fd, into, size); }
ssize_t pread(int fd, void* into, std::size_t size, off_t offset) { return ::pread(fd, into, size, offset); }
ssize_t write(int fd, const void* from, std::size_t size) { return ::write(fd, from, size); }
ssize_t pwrite(int fd, const void* from, std::size_t size, off_t offset) { return ::pwrite(fd, from, size, offset); }
ssize_t preadv(int fd, const struct ::iovec* parts, int count, off_t offset) {
  return ::preadv(fd, parts, count, offset);
}
ssize_t pwritev(int fd, const struct ::iovec* parts, int count, off_t offset) {
  return ::pwritev(fd, parts, count, offset);
}
int fdatasync(int fd) { return ::fdatasync(fd); }
int fchmod(int fd, mode_t mode) { return ::fchmod(fd, mode); }
int fallocate(int fd, off_t offset, off_t size) { return ::posix_fallocate(fd, offset, size); }
int unlink(const char* path) { return ::unlink(path); }
int open_directory(const char* path) { return ::open(path, O_RDONLY | O_CLOEXEC); }
int mkdir(const char* path, mode_t mode) { return ::mkdir(path, mode); }
int rmdir(const char* path) { return ::rmdir(path); }
int fchown(int fd, uid_t user, gid_t group) { return ::fchown(fd, user, group); }
uid_t geteuid() { return ::geteuid(); }
void* mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) {
  return ::mmap(at, size, protection, flags, fd, offset);
}
int munmap(void* at, std::size_t size) { return ::munmap(at, size); }
ssize_t readlink(const char* path, char* into, std::size_t size) { return ::readlink(path, into, size); }
int lstat(const char* path, struct ::stat* info) { return ::lstat(path, info); }
}  // namespace system

}  // namespace

#define PL_DEFINE(text, name, result, parameters) result(*name) parameters = system::name;
PL_POSIX_CALLS(PL_DEFINE)
#undef PL_DEFINE

namespace {

// One entry of the table, its function pointer seen as the type the interface trades in.
struct Entry {
  const char* name;
  sqlite3_syscall_ptr* current;
  sqlite3_syscall_ptr original;
};

#define PL_ENTRY(text, name, result, parameters)                    \
  Entry{text, reinterpret_cast<sqlite3_syscall_ptr*>(&calls::name), \
        reinterpret_cast<sqlite3_syscall_ptr>(system::name)},
const Entry kEntries[] = {PL_POSIX_CALLS(PL_ENTRY)};
#undef PL_ENTRY

const Entry* find(const char* name) {
  for (const Entry& entry : kEntries) {
    if (::strcmp(entry.name, name) == 0) return &entry;
  }
  return nullptr;
}

}  // namespace

int set_system_call(sqlite3_vfs*, const char* name, sqlite3_syscall_ptr replacement) {
  if (name == nullptr) {
    for (const Entry& entry : kEntries) *entry.current = entry.original;
    return SQLITE_OK;
  }
  const Entry* entry = find(name);
  if (entry == nullptr) return SQLITE_NOTFOUND;
  *entry->current = replacement == nullptr ? entry->original : replacement;
  return SQLITE_OK;
}

sqlite3_syscall_ptr get_system_call(sqlite3_vfs*, const char* name) {
  const Entry* entry = find(name);
  return entry == nullptr ? nullptr : *entry->current;
}

const char* next_system_call(sqlite3_vfs*, const char* name) {
  if (name == nullptr) return kEntries[0].name;
  const Entry* entry = find(name);
  if (entry == nullptr || entry == std::end(kEntries) - 1) return nullptr;
  return entry[1].name;
}

bool may_use_vectors() noexcept { return calls::pread == system::pread && calls::pwrite == system::pwrite; }

}  // namespace perlite::os::calls
