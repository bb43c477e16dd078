// engine/open_name.h: what a database name of the user means (manual: c3ref/open.html, uri.html).
#pragma once

#include <string_view>

#include "base/containers.h"
#include "base/status.h"
#include "os/filename.h"
#include "pager/modes.h"
#include "sqlite3.h"

namespace perlite::engine {

struct OpenName {
  pager::StoreKind kind = pager::StoreKind::File;
  sqlite3_vfs* vfs = nullptr;
  int flags = 0;          // with what mode= and cache= of a URI made of them
  String path;            // full path; empty for memory and temporary databases
  os::Filename filename;  // null for memory and temporary databases
  // What connections with a shared cache find it by, if flags have SQLITE_OPEN_SHAREDCACHE; empty: it cannot be shared.
  String shared_name;
};

// Errors: Error "no such vfs: x", "no such access mode: x", ...; Perm "access mode not allowed: x"; CantOpen.
Result<OpenName> resolve_open_name(std::string_view name, int flags, const char* vfs_name, bool uri_allowed);

}  // namespace perlite::engine
