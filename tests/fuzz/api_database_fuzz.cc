// Whatever bytes are taken for a database file, opening, reading, checking and changing it ends in rows or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "sqlite3.h"

namespace {

// One file in memory, made of the input; journals and temporary files are in memory too and begin empty.
struct Bytes {
  std::vector<std::uint8_t> data;
};
Bytes database;

struct MemoryFile : sqlite3_file {
  Bytes* bytes;
  bool owned;
};

constexpr sqlite3_int64 kLargest = 4 << 20;

int close_file(sqlite3_file* f) {
  auto* file = static_cast<MemoryFile*>(f);
  if (file->owned) delete file->bytes;
  return SQLITE_OK;
}
int read_file(sqlite3_file* f, void* out, int n, sqlite3_int64 at) {
  const std::vector<std::uint8_t>& data = static_cast<MemoryFile*>(f)->bytes->data;
  const auto size = static_cast<sqlite3_int64>(data.size());
  const sqlite3_int64 there = at >= size ? 0 : (size - at < n ? size - at : n);
  if (there > 0) std::memcpy(out, data.data() + at, static_cast<std::size_t>(there));
  if (there == n) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + there, 0, static_cast<std::size_t>(n - there));
  return SQLITE_IOERR_SHORT_READ;
}
int write_file(sqlite3_file* f, const void* in, int n, sqlite3_int64 at) {
  std::vector<std::uint8_t>& data = static_cast<MemoryFile*>(f)->bytes->data;
  if (at + n > kLargest) return SQLITE_FULL;
  if (at + n > static_cast<sqlite3_int64>(data.size())) data.resize(static_cast<std::size_t>(at + n));
  std::memcpy(data.data() + at, in, static_cast<std::size_t>(n));
  return SQLITE_OK;
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  if (size > kLargest) return SQLITE_FULL;
  static_cast<MemoryFile*>(f)->bytes->data.resize(static_cast<std::size_t>(size));
  return SQLITE_OK;
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(static_cast<MemoryFile*>(f)->bytes->data.size());
  return SQLITE_OK;
}
int nothing(sqlite3_file*, int) { return SQLITE_OK; }
int not_reserved(sqlite3_file*, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {1, close_file, read_file, write_file, truncate_file, nothing, file_size, nothing, nothing, not_reserved,
                                     [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }, [](sqlite3_file*) { return 512; },
                                     [](sqlite3_file*) { return 0; }, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

int open_file(sqlite3_vfs*, sqlite3_filename, sqlite3_file* f, int flags, int* out_flags) {
  auto* file = static_cast<MemoryFile*>(f);
  file->pMethods = &kMethods;
  file->owned = (flags & SQLITE_OPEN_MAIN_DB) == 0;
  file->bytes = file->owned ? new Bytes : &database;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

sqlite3_vfs memory_vfs() {
  static const sqlite3_vfs* const lower = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs = *lower;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(MemoryFile);
  vfs.zName = "fuzz";
  vfs.xOpen = open_file;
  vfs.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_OK; };
  vfs.xAccess = [](sqlite3_vfs*, const char*, int, int* there) {
    *there = 0;
    return SQLITE_OK;
  };
  vfs.xFullPathname = [](sqlite3_vfs*, const char* name, int n, char* out) {
    std::strncpy(out, name, static_cast<std::size_t>(n));
    return SQLITE_OK;
  };
  return vfs;
}

void run(sqlite3* db, const char* sql) {
  sqlite3_exec(db, sql, [](void*, int, char**, char**) { return 0; }, nullptr, nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sqlite3_vfs vfs = memory_vfs();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  if (registered != SQLITE_OK) std::abort();
  database.data.assign(data, data + size);
  sqlite3* db = nullptr;
  if (sqlite3_open_v2("fuzz.db", &db, SQLITE_OPEN_READWRITE, "fuzz") == SQLITE_OK) {
    // A file can hold an endless view; a step budget ends it.
    int budget = 2000;
    sqlite3_progress_handler(db, 500, [](void* left) { return --*static_cast<int*>(left) < 0 ? 1 : 0; }, &budget);
    run(db, "SELECT * FROM sqlite_schema");
    sqlite3_stmt* names = nullptr;
    if (sqlite3_prepare_v2(db, "SELECT 'SELECT * FROM \"' || name || '\" LIMIT 200' FROM sqlite_schema WHERE type IN ('table', 'view')", -1, &names,
                           nullptr) == SQLITE_OK) {
      for (int i = 0; i < 20 && sqlite3_step(names) == SQLITE_ROW; ++i) {
        if (const auto* sql = sqlite3_column_text(names, 0); sql != nullptr) run(db, reinterpret_cast<const char*>(sql));
      }
    }
    sqlite3_finalize(names);
    run(db, "PRAGMA integrity_check");
    run(db, "CREATE TABLE fresh(a, b UNIQUE)");
    run(db, "INSERT INTO fresh VALUES(1, zeroblob(3000)), (2, 'x')");
    run(db, "DELETE FROM t");
    run(db, "DROP TABLE t");
    run(db, "PRAGMA incremental_vacuum");
  }
  sqlite3_close(db);
  return 0;
}
