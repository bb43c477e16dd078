// A database as one run of bytes: sqlite3_serialize, sqlite3_deserialize.
#include "engine/image.h"

#include "api/handles.h"

using namespace perlite;
using namespace perlite::api;

namespace {

// The number of the schema; -1 when there is none. Null stands for main.
int find_schema(Connection& connection, const char* name) noexcept {
  return name == nullptr ? 0 : connection.find_database(name);
}

}  // namespace

extern "C" {

SQLITE_API unsigned char* sqlite3_serialize(sqlite3* db, const char* schema, sqlite3_int64* size, unsigned flags) {
  if (!usable(db)) return nullptr;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  std::int64_t byte_count = -1;
  if (size != nullptr) *size = byte_count;
  const int number = find_schema(c, schema);
  if (number < 0 || c.database(number).store == nullptr) return nullptr;
  std::byte* bytes = nullptr;
  try {
    const Status status = (flags & SQLITE_SERIALIZE_NOCOPY) != 0
                              ? engine::find_serialized(c, number, &bytes, &byte_count)
                              : engine::serialize(c, number, &bytes, &byte_count);
    if (!status.ok()) {
      c.set_error(status);
      return nullptr;
    }
  } catch (const std::bad_alloc&) {
    c.error().set_code(Code::NoMem);
    return nullptr;
  }
  if (size != nullptr) *size = byte_count;
  return reinterpret_cast<unsigned char*>(bytes);
}

SQLITE_API int sqlite3_deserialize(sqlite3* db, const char* schema, unsigned char* bytes, sqlite3_int64 size,
                                   sqlite3_int64 capacity, unsigned flags) {
  if (!usable(db) || size < 0 || capacity < 0) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  os::MemoryImage image;
  image.bytes = reinterpret_cast<std::byte*>(bytes);
  image.size = bytes == nullptr ? 0 : size;
  image.capacity = bytes == nullptr ? 0 : std::max(size, capacity);
  image.owned = (flags & SQLITE_DESERIALIZE_FREEONCLOSE) != 0;
  image.resizable = (flags & SQLITE_DESERIALIZE_RESIZEABLE) != 0;
  image.read_only = (flags & SQLITE_DESERIALIZE_READONLY) != 0;
  const int code = guarded(c, [&]() -> Status {
    const int number = find_schema(c, schema);
    if (number < 0 || number == 1) return Code::Error;
    return engine::deserialize(c, number, image);
  });
  if (code != SQLITE_OK && image.owned) sqlite3_free(bytes);
  return code;
}

}  // extern "C"
