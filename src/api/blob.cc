// Incremental reading and writing of values.
#include "engine/blob.h"
#include "api/handles.h"
#include "api/zombie.h"

using namespace perlite;
using namespace perlite::api;

namespace {

engine::Blob* to_blob(sqlite3_blob* handle) noexcept { return reinterpret_cast<engine::Blob*>(handle); }

}  // namespace

extern "C" {

SQLITE_API int sqlite3_blob_open(sqlite3* db, const char* database, const char* table, const char* column,
                                 sqlite3_int64 rowid, int flags, sqlite3_blob** out) {
  if (out == nullptr) return SQLITE_MISUSE;
  *out = nullptr;
  if (!usable(db) || table == nullptr || column == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    PL_ASSIGN(UniquePtr<engine::Blob> blob,
              engine::Blob::open(c, database == nullptr ? "" : database, table, column, rowid, flags != 0));
    ++c.open_children;
    *out = reinterpret_cast<sqlite3_blob*>(blob.release());
    return {};
  });
}

SQLITE_API int sqlite3_blob_reopen(sqlite3_blob* handle, sqlite3_int64 rowid) {
  if (handle == nullptr) return SQLITE_MISUSE;
  engine::Blob& blob = *to_blob(handle);
  return guarded(blob.connection(), [&] { return blob.move_to(rowid); });
}

SQLITE_API int sqlite3_blob_close(sqlite3_blob* handle) {
  if (handle == nullptr) return SQLITE_OK;
  engine::Blob* blob = to_blob(handle);
  Connection& c = blob->connection();
  int code = SQLITE_OK;
  if (blob->is_expired()) {  // has nothing to end, and leaves the connection's error alone
    const LockGuard guard(c);
    delete blob;
    --c.open_children;
  } else {
    code = guarded(c, [&] {
      const Code closed = blob->close();
      delete blob;
      --c.open_children;
      return closed == Code::Ok ? Status() : Status(closed);
    });
  }
  release_zombie(c);
  return code;
}

SQLITE_API int sqlite3_blob_bytes(sqlite3_blob* handle) {
  return handle == nullptr ? 0 : static_cast<int>(to_blob(handle)->size());
}

SQLITE_API int sqlite3_blob_read(sqlite3_blob* handle, void* out, int count, int offset) {
  if (handle == nullptr) return SQLITE_MISUSE;
  engine::Blob& blob = *to_blob(handle);
  return guarded(blob.connection(), [&] {
    if (count < 0 || offset < 0) return Status(Code::Error);
    return blob.read(static_cast<std::uint32_t>(offset),
                     {static_cast<std::byte*>(out), static_cast<std::size_t>(count)});
  });
}

SQLITE_API int sqlite3_blob_write(sqlite3_blob* handle, const void* bytes, int count, int offset) {
  if (handle == nullptr) return SQLITE_MISUSE;
  engine::Blob& blob = *to_blob(handle);
  return guarded(blob.connection(), [&] {
    if (count < 0 || offset < 0) return Status(Code::Error);
    return blob.write(static_cast<std::uint32_t>(offset),
                      {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(count)});
  });
}

}  // extern "C"
