/* The public headers compile as C89, also for an extension, and their layouts are the binary interface. */
#include <stddef.h>
#include <stdio.h>

#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1

#define OFFSET(type, member, offset) \
  if (offsetof(type, member) != (offset)) return printf("%s.%s is at %d\n", #type, #member, (int)offsetof(type, member))

int sqlite3_header_init(sqlite3* db, char** error_out, const sqlite3_api_routines* api);
int sqlite3_header_init(sqlite3* db, char** error_out, const sqlite3_api_routines* api) {
  (void)error_out;
  SQLITE_EXTENSION_INIT2(api)
  return sqlite3_exec(db, "", 0, 0, 0);
}

int main(void) {
  /* Offsets for LP64, where every member is natural. */
  if (sizeof(void*) != 8 || sizeof(long) != 8) return 0;
  OFFSET(sqlite3_api_routines, aggregate_context, 0);
  OFFSET(sqlite3_api_routines, prepare_v2, 8 * 116);
  OFFSET(sqlite3_api_routines, create_window_function, 8 * 239);
  OFFSET(sqlite3_api_routines, carray_bind_v2, 8 * 276);
  OFFSET(sqlite3_vfs, pNext, 16);
  OFFSET(sqlite3_vfs, xNextSystemCall, 160);
  OFFSET(sqlite3_io_methods, xUnfetch, 144);
  OFFSET(sqlite3_module, xIntegrity, 192);
  OFFSET(sqlite3_index_info, aConstraint, 8);
  OFFSET(sqlite3_index_info, colUsed, 88);
  OFFSET(sqlite3_pcache_methods2, xShrink, 96);
  OFFSET(sqlite3_mem_methods, pAppData, 56);
  OFFSET(sqlite3_rtree_query_info, apSqlParam, 104);
  OFFSET(Fts5ExtensionApi, xTokenize_v2, 184);
  return sizeof(sqlite3_snapshot) == 48 ? 0 : 1;
}
