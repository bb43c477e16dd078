// os/posix_lock.h: xLock, xUnlock and xCheckReservedLock of the POSIX VFS (docs/format/locks.md).
#pragma once

#include "sqlite3.h"

namespace perlite::os {

struct PosixFile;

int posix_lock(sqlite3_file* handle, int level) noexcept;
int posix_unlock(sqlite3_file* handle, int level) noexcept;
int posix_check_reserved(sqlite3_file* handle, int* result) noexcept;

// The turn of who waits for a lock (docs/format/locks.md, "The turn"). It is this file's own, not the process's.
// take: false when another has it; where the system has no such locks everybody has it.
bool posix_take_turn(PosixFile& file) noexcept;
void posix_end_turn(PosixFile& file) noexcept;
bool posix_turn_is_taken(PosixFile& file) noexcept;  // by another

}  // namespace perlite::os
