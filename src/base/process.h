// base/process.h: what the host decided for the whole process, and the error log.
//
// sqlite3_config fills this before initialisation; every layer reads it afterwards without a lock (manual:
// c3ref/c_config_covering_index_scan.html says what each setting means). The defaults are those of the stock library.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "sqlite3.h"

namespace perlite::base {

struct ProcessSettings {
  bool uri_names = true;            // SQLITE_CONFIG_URI: every name may be a URI
  bool covering_index_scan = true;  // a full scan may read a covering index
  bool small_allocations = false;   // SQLITE_CONFIG_SMALL_MALLOC
  bool rowid_in_view = false;       // SQLITE_CONFIG_ROWID_IN_VIEW
  int lookaside_slot_size = 1200;   // reported and kept; arenas serve the purpose
  int lookaside_slot_count = 40;
  std::int64_t mmap_size_default = 0;
  std::int64_t mmap_size_limit = 0x7fff0000;
  std::int64_t memory_database_limit = 1073741824;  // bytes of a deserialized database
  unsigned sorter_run_pages = 250;                  // SQLITE_CONFIG_PMASZ
  int statement_journal_spill = 64 * 1024;          // bytes a statement journal keeps in memory
  int sorter_reference_size = 0x7fffffff;
  void (*log)(void* context, int code, const char* message) = nullptr;
  void* log_context = nullptr;
  // Without xFetch the pool is our own; else a private pool stands on the host's page cache.
  sqlite3_pcache_methods2 page_cache = {};
};

// Written by sqlite3_config alone, before initialisation (the log at any time).
ProcessSettings& process_settings() noexcept;

// Hands a message to the log of SQLITE_CONFIG_LOG, when there is one. `message` ends in a NUL; cut at 700 bytes by
// callers.
void log(int code, const char* message) noexcept;
inline void log(Code code, const char* message) noexcept { log(static_cast<int>(code), message); }

}  // namespace perlite::base
