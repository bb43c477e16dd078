// os/posix_shm.h: the shared memory of a log's index (docs/format/locks.md, "The shared-memory file").
//
// One SharedMemory stands for the NAME-shm file of an inode, shared by all connections of the process: its descriptor,
// its mappings, and who holds which of the eight locks.
#pragma once

#include "sqlite3.h"

namespace perlite::os {

struct PosixFile;

// The entries of sqlite3_io_methods.
int posix_shm_map(sqlite3_file* handle, int region, int region_size, int extend, void volatile** address);
int posix_shm_lock(sqlite3_file* handle, int offset, int count, int flags);
void posix_shm_barrier(sqlite3_file* handle);
int posix_shm_unmap(sqlite3_file* handle, int delete_file);
// os/file.h, pass_shm_lock().
void posix_shm_pass(PosixFile& from, PosixFile& to, int slot) noexcept;
// SQLITE_FCNTL_EXTERNAL_READER: does another process hold a read mark?
int posix_shm_external_reader(sqlite3_file* handle, int* result) noexcept;

}  // namespace perlite::os
