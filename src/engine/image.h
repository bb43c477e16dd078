// engine/image.h: a database as one run of bytes, out of the connection and back into it (manual: c3ref/serialize.html,
// c3ref/deserialize.html).
#pragma once

#include <cstdint>

#include "base/status.h"
#include "os/memdb.h"

namespace perlite::engine {

class Connection;

// The pages as the connection's transaction sees them, in memory of base::Allocator that the caller releases; null for a
// database without pages. Errors: those of reading; NoMem.
Status serialize(Connection& connection, int number, std::byte** bytes, std::int64_t* size);
// The bytes that the database lives in, when it is one that deserialize() opened; null otherwise. `size` is set anyway.
Status find_serialized(Connection& connection, int number, std::byte** bytes, std::int64_t* size);

// The database is closed, and opened again on `image`, which is the connection's from the moment it returns success.
// Errors: Busy while it is being read or takes part in a backup.
Status deserialize(Connection& connection, int number, const os::MemoryImage& image);

}  // namespace perlite::engine
