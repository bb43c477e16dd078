// os/posix_lock.h: xLock, xUnlock and xCheckReservedLock of the POSIX VFS (docs/format/locks.md).
#pragma once

#include "sqlite3.h"

namespace perlite::os {

int posix_lock(sqlite3_file* handle, int level) noexcept;
int posix_unlock(sqlite3_file* handle, int level) noexcept;
int posix_check_reserved(sqlite3_file* handle, int* result) noexcept;

}  // namespace perlite::os
