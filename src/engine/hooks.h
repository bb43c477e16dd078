// engine/hooks.h: the callbacks a host may set on a connection (manual: c3ref/funclist.html), as plain pointers.
#pragma once

#include <cstdint>

#include "sqlite3.h"

namespace perlite::engine {

struct Hooks {
  int (*busy)(void*, int) = nullptr;
  void* busy_context = nullptr;
  int (*authorizer)(void*, int, const char*, const char*, const char*, const char*) = nullptr;
  void* authorizer_context = nullptr;
  int (*commit)(void*) = nullptr;
  void* commit_context = nullptr;
  void (*rollback)(void*) = nullptr;
  void* rollback_context = nullptr;
  void (*update)(void*, int, const char*, const char*, sqlite3_int64) = nullptr;
  void* update_context = nullptr;
  void (*preupdate)(void*, sqlite3*, int, const char*, const char*, sqlite3_int64, sqlite3_int64) = nullptr;
  void* preupdate_context = nullptr;
  int (*wal)(void*, sqlite3*, const char*, int) = nullptr;
  void* wal_context = nullptr;
  unsigned trace_mask = 0;
  int (*trace)(unsigned, void*, void*, void*) = nullptr;
  void* trace_context = nullptr;
  void (*legacy_trace)(void*, const char*) = nullptr;
  void (*legacy_profile)(void*, const char*, sqlite3_uint64) = nullptr;
  void* legacy_trace_context = nullptr;
  void* legacy_profile_context = nullptr;
  void (*collation_needed)(void*, sqlite3*, int, const char*) = nullptr;
  void (*collation_needed16)(void*, sqlite3*, int, const void*) = nullptr;
  void* collation_needed_context = nullptr;
  unsigned (*autovacuum_pages)(void*, const char*, unsigned, unsigned, unsigned) = nullptr;
  void* autovacuum_pages_context = nullptr;
  void (*autovacuum_pages_destroy)(void*) = nullptr;
};

}  // namespace perlite::engine
