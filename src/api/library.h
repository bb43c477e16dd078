// api/library.h: the life of the library in a process.
//
// The first use initialises it, sqlite3_shutdown ends it; between the two sqlite3_config is refused. Whoever opens a
// connection or registers something for the process calls initialize_library() first.
#pragma once

#include "sqlite3.h"

namespace perlite::api {

int initialize_library() noexcept;  // SQLITE_OK, or what a method of the host answered
bool library_initialized() noexcept;

// Called by sqlite3_shutdown, in the reverse of their order: process-wide caches give up what they hold.
void at_shutdown(void (*release)()) noexcept;

// Runs the entry points of sqlite3_auto_extension on a new connection. The first that fails ends it: its code, and its
// text, which the caller frees with sqlite3_free, in *error_out.
int run_auto_extensions(sqlite3* db, char** error_out) noexcept;

}  // namespace perlite::api
