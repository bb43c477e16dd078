#include "os/posix_map.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/process.h"
#include "os/posix_calls.h"

namespace perlite::os {
namespace {

PosixFile& posix(sqlite3_file* file) noexcept { return *static_cast<PosixFile*>(file); }

// Maps what the file has now. Where that fails pages are read: it is no error.
void map(PosixFile& file) noexcept {
  struct stat info;
  if (calls::fstat(file.fd, &info) != 0) return;
  const sqlite3_int64 size = std::min<sqlite3_int64>(info.st_size, file.map_limit);
  if (size <= file.map_size) return;
  posix_unmap(file);
  void* const at = calls::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_SHARED, file.fd, 0);
  if (at == MAP_FAILED) {
    file.map_limit = 0;
    return;
  }
  file.map = static_cast<std::byte*>(at);
  file.map_size = size;
}

}  // namespace

int posix_fetch(sqlite3_file* handle, sqlite3_int64 offset, int amount, void** page) {
  PosixFile& file = posix(handle);
  *page = nullptr;
  const sqlite3_int64 end = offset + amount;
  if (file.map_limit <= 0 || end > file.map_limit) return SQLITE_OK;
  if (end > file.map_size && file.lent_pages == 0) map(file);
  if (end > file.map_size) return SQLITE_OK;
  ++file.lent_pages;
  *page = file.map + offset;
  return SQLITE_OK;
}

int posix_unfetch(sqlite3_file* handle, sqlite3_int64, void* page) {
  PosixFile& file = posix(handle);
  if (page != nullptr) {
    --file.lent_pages;
  } else {
    posix_unmap(file);
  }
  return SQLITE_OK;
}

void posix_set_map_limit(PosixFile& file, sqlite3_int64* limit) noexcept {
  const sqlite3_int64 wanted = std::min<sqlite3_int64>(*limit, base::process_settings().mmap_size_limit);
  const sqlite3_int64 before = std::exchange(*limit, file.map_limit);
  if (before < 0 || wanted == file.map_limit || file.lent_pages != 0) return;
  file.map_limit = wanted;
  if (file.map_size > wanted) posix_unmap(file);
}

void posix_unmap(PosixFile& file) noexcept {
  if (file.map == nullptr || file.lent_pages != 0) return;
  calls::munmap(file.map, static_cast<std::size_t>(file.map_size));
  file.map = nullptr;
  file.map_size = 0;
}

void posix_unmap_behind(PosixFile& file, sqlite3_int64 size) noexcept {
  if (file.map_size > size) posix_unmap(file);
}

}  // namespace perlite::os
