// api/zombie.h: connections that sqlite3_close_v2 left to their last child.
#pragma once

#include "engine/connection.h"

namespace perlite::api {

// Ends a closed connection when nothing uses it any more. Not under its lock.
void release_zombie(engine::Connection& connection) noexcept;

}  // namespace perlite::api
