// os/posix_map.h: files read through a mapping (manual: mmap.html; PRAGMA mmap_size, 0 by default).
//
// A mapping covers the file from its start, up to the limit. It is made when a page is first asked for, made anew when
// the file has grown, and given up when the file is cut or the pager says that others changed it. Bytes are lent
// between fetch and unfetch; nobody keeps them.
#pragma once

#include "os/posix_file.h"

namespace perlite::os {

int posix_fetch(sqlite3_file* handle, sqlite3_int64 offset, int amount, void** page);
// `page` null: nothing is lent, and the mapping goes.
int posix_unfetch(sqlite3_file* handle, sqlite3_int64 offset, void* page);

// SQLITE_FCNTL_MMAP_SIZE: sets the limit unless it is negative; *limit becomes the former one.
void posix_set_map_limit(PosixFile& file, sqlite3_int64* limit) noexcept;
void posix_unmap(PosixFile& file) noexcept;
// Before the file becomes `size` bytes long: no mapping may reach behind its end.
void posix_unmap_behind(PosixFile& file, sqlite3_int64 size) noexcept;

}  // namespace perlite::os
