// os/vfs.h: the registry of VFSes, and our own.
//
// Built in: "unix" (POSIX byte-range locks; the default), "unix-none" (no locks), "unix-dotfile" (a lock directory),
// "unix-excl" (locks of this process alone, held until close), "memdb" (databases in memory, shared by name).
//   Threads   registry functions may be called by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/containers.h"
#include "base/status.h"
#include "os/filename.h"
#include "sqlite3.h"

namespace perlite::os {

// Registers the built-in VFSes, once; later calls do nothing. register/find call it.
void initialize_vfs() noexcept;
// Forgets all VFSes; the process must have no file open.
void shutdown_vfs() noexcept;

sqlite3_vfs* find_vfs(const char* name) noexcept;  // null: the default one; null when there is none
void register_vfs(sqlite3_vfs& vfs, bool as_default) noexcept;
void unregister_vfs(sqlite3_vfs& vfs) noexcept;

// True when the VFS is one of ours over real files.
bool is_native_vfs(const sqlite3_vfs& vfs) noexcept;

// The absolute name of `path`, links resolved as the VFS does. Errors: CantOpenFullPath, CantOpen, CantOpenSymlink
// where `no_follow` meets a link.
Result<String> full_path_name(sqlite3_vfs& vfs, const char* path, bool no_follow);
Result<bool> file_exists(sqlite3_vfs& vfs, const char* path);
Status delete_file(sqlite3_vfs& vfs, const char* path, bool sync_directory);
void fill_random(sqlite3_vfs& vfs, base::MutableBytes into) noexcept;
// Milliseconds since noon of 24 November 4714 BC, Greenwich (Julian day times 86,400,000).
Result<std::int64_t> current_time_ms(sqlite3_vfs& vfs);
int sleep_us(sqlite3_vfs& vfs, int microseconds) noexcept;  // microseconds slept

// PRAGMA temp_store_directory and sqlite3_temp_directory; the pointer is read when a temporary file is opened.
void set_temp_directory(const char* const* directory) noexcept;

}  // namespace perlite::os
