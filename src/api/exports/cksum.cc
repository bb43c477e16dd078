// The checksum VFS of the manual (cksumvfs.html), linked in: registered by a call, and verify_checksum() with it.
#include "api/handles.h"
#include "os/cksum_vfs.h"

using namespace perlite;

namespace {

// verify_checksum(page): 1 or 0; NULL for what is no page.
void verify_checksum(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) != SQLITE_BLOB) return;
  const int size = sqlite3_value_bytes(arguments[0]);
  if (size < 512 || size > 65536 || (size & (size - 1)) != 0) return;
  const auto* bytes = static_cast<const std::byte*>(sqlite3_value_blob(arguments[0]));
  sqlite3_result_int(context, os::checksum_matches({bytes, static_cast<std::size_t>(size)}) ? 1 : 0);
}

int add_function(sqlite3* db, char**, const void*) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
  return sqlite3_create_function(db, "verify_checksum", 1, kFlags, nullptr, verify_checksum, nullptr, nullptr);
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_register_cksumvfs(const char* unused);
SQLITE_API int sqlite3_unregister_cksumvfs(void);

SQLITE_API int sqlite3_register_cksumvfs(const char*) {
  if (const int code = sqlite3_initialize(); code != SQLITE_OK) return code;
  os::register_cksum_vfs();
  return sqlite3_auto_extension(reinterpret_cast<void (*)(void)>(add_function));
}

SQLITE_API int sqlite3_unregister_cksumvfs(void) {
  os::unregister_cksum_vfs();
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)(void)>(add_function));
  return SQLITE_OK;
}

}  // extern "C"
