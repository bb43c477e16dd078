// os/memdb.h: the VFS "memdb": database files that live in memory (manual: inmemorydb.html; observable behaviour).
//
// A name that begins with a slash is shared by all connections of the process that open it, and lives until the last of
// them closes; any other name, or none, is private. Locks are those of database files, settled in memory.
//
// A private file may be made of bytes that the host has (sqlite3_deserialize), and lends them (sqlite3_serialize).
#pragma once

#include <cstddef>
#include <cstdint>

#include "sqlite3.h"

namespace perlite::os {

void register_memdb_vfs() noexcept;
sqlite3_vfs& memdb_vfs() noexcept;

// The content of a file. Bytes that are owned or resizable come from base::Allocator.
struct MemoryImage {
  std::byte* bytes = nullptr;
  std::int64_t size = 0;
  std::int64_t capacity = 0;
  bool owned = false;      // released with the file
  bool resizable = false;  // may be reallocated when the file grows beyond the capacity; else it is then full
  bool read_only = false;
};
// Makes `image` the content of a private file of this VFS that was just opened.
void set_memory_image(sqlite3_file& file, const MemoryImage& image) noexcept;
// False when the file is none of this VFS, or shared. The bytes stand until the file is next written or closed.
bool get_memory_image(sqlite3_file* file, MemoryImage* image) noexcept;

}  // namespace perlite::os
