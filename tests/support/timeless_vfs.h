// A VFS without a clock: what test systems of files share. The times are fixed, sleeping takes none, names are full.
#pragma once

#include <cstdio>

#include "sqlite3.h"

namespace perlite::test {

// Fills in what does not depend on the files. `random()` of `Owner`, which pAppData points at, gives the random bytes.
template <class Owner>
void make_timeless_vfs(sqlite3_vfs& vfs, Owner* owner, const char* name) {
  vfs = sqlite3_vfs{};
  vfs.iVersion = 2;
  vfs.zName = name;
  vfs.pAppData = owner;
  vfs.xFullPathname = [](sqlite3_vfs*, const char* p, int n, char* o) {
    std::snprintf(o, static_cast<std::size_t>(n), "%s", p);
    return SQLITE_OK;
  };
  vfs.xRandomness = [](sqlite3_vfs* v, int n, char* o) {
    for (int i = 0; i < n; ++i) o[i] = static_cast<char>(static_cast<Owner*>(v->pAppData)->random());
    return n;
  };
  vfs.xSleep = [](sqlite3_vfs*, int us) { return us; };
  vfs.xCurrentTime = [](sqlite3_vfs*, double* d) {
    *d = 2460000.5;
    return SQLITE_OK;
  };
  vfs.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  vfs.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* t) {
    *t = 212500000000000;
    return SQLITE_OK;
  };
}

}  // namespace perlite::test
