// The entry points that every new connection runs (sqlite3_auto_extension).
#include <cstddef>

#include "api/boundary.h"
#include "api/library.h"
#include "base/containers.h"
#include "base/mutex.h"
#define SQLITE_CORE 1
#include "sqlite3ext.h"

namespace perlite::api {

// The table that loaded extensions call through; in api/exports/routines.cc.
extern const sqlite3_api_routines kApiRoutines;

namespace {

using EntryPoint = void (*)(void);

constinit base::Mutex mutex;

Vector<EntryPoint>& entry_points() {
  static Vector<EntryPoint> list;
  return list;
}

}  // namespace

int run_auto_extensions(sqlite3* db, char** error_out) noexcept {
  for (std::size_t index = 0;; ++index) {
    EntryPoint entry = nullptr;
    {
      const base::MutexGuard guard(mutex);
      if (index >= entry_points().size()) return SQLITE_OK;
      entry = entry_points()[index];
    }
    const int code = reinterpret_cast<sqlite3_loadext_entry>(entry)(db, error_out, &kApiRoutines);
    if (code != SQLITE_OK) return code;
  }
}

}  // namespace perlite::api

using namespace perlite;

extern "C" {

SQLITE_API int sqlite3_auto_extension(void (*entry_point)(void)) {
  if (entry_point == nullptr) return SQLITE_MISUSE;
  if (const int code = api::initialize_library(); code != SQLITE_OK) return code;
  return api::without_exceptions(SQLITE_NOMEM, [&] {
    const base::MutexGuard guard(api::mutex);
    for (const api::EntryPoint known : api::entry_points()) {
      if (known == entry_point) return SQLITE_OK;
    }
    api::entry_points().push_back(entry_point);
    return SQLITE_OK;
  });
}

SQLITE_API int sqlite3_cancel_auto_extension(void (*entry_point)(void)) {
  const base::MutexGuard guard(api::mutex);
  auto& list = api::entry_points();
  for (auto at = list.begin(); at != list.end(); ++at) {
    if (*at == entry_point) {
      list.erase(at);
      return 1;
    }
  }
  return 0;
}

SQLITE_API void sqlite3_reset_auto_extension(void) {
  const base::MutexGuard guard(api::mutex);
  Vector<api::EntryPoint>().swap(api::entry_points());
}

}  // extern "C"
