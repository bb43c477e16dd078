// os/memdb.h: the VFS "memdb": database files that live in memory (manual: inmemorydb.html; observable behaviour).
//
// A name that begins with a slash is shared by all connections of the process that open it, and lives until the last of
// them closes; any other name, or none, is private. Locks are those of database files, settled in memory.
#pragma once

namespace perlite::os {

void register_memdb_vfs() noexcept;

}  // namespace perlite::os
