// The registry of operating systems.
#include "os/vfs.h"
#include "api/library.h"
#include "sqlite3.h"

using namespace perlite;

extern "C" {

SQLITE_API sqlite3_vfs* sqlite3_vfs_find(const char* name) {
  return api::initialize_library() == SQLITE_OK ? os::find_vfs(name) : nullptr;
}

SQLITE_API int sqlite3_vfs_register(sqlite3_vfs* vfs, int as_default) {
  if (const int code = api::initialize_library(); code != SQLITE_OK) return code;
  if (vfs == nullptr) return SQLITE_MISUSE;
  os::register_vfs(*vfs, as_default != 0);
  return SQLITE_OK;
}

SQLITE_API int sqlite3_vfs_unregister(sqlite3_vfs* vfs) {
  if (const int code = api::initialize_library(); code != SQLITE_OK) return code;
  if (vfs != nullptr) os::unregister_vfs(*vfs);
  return SQLITE_OK;
}

}  // extern "C"
