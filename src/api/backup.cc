// Backups: one database copied over another (manual: c3ref/backup_finish.html).
#include "engine/backup.h"

#include "api/handles.h"
#include "api/zombie.h"

using namespace perlite;
using namespace perlite::api;

namespace {

engine::Backup* to_backup(sqlite3_backup* handle) noexcept { return reinterpret_cast<engine::Backup*>(handle); }

}  // namespace

extern "C" {

// Errors are told on the target's connection.
SQLITE_API sqlite3_backup* sqlite3_backup_init(sqlite3* target, const char* target_name, sqlite3* source,
                                               const char* source_name) {
  if (!usable(target) || !usable(source) || target_name == nullptr || source_name == nullptr) return nullptr;
  engine::Backup* backup = nullptr;
  const LockGuard guard(*to_connection(source));
  guarded(*to_connection(target), [&]() -> Status {
    PL_ASSIGN(UniquePtr<engine::Backup> opened,
              engine::Backup::open(*to_connection(target), target_name, *to_connection(source), source_name));
    backup = opened.release();
    return {};
  });
  return reinterpret_cast<sqlite3_backup*>(backup);
}

SQLITE_API int sqlite3_backup_step(sqlite3_backup* handle, int pages) {
  if (handle == nullptr) return SQLITE_MISUSE;
  engine::Backup& backup = *to_backup(handle);
  const LockGuard source(backup.source_connection());
  const LockGuard target(backup.target_connection());
  const Result<bool> done = backup.step(pages);
  if (!done.ok()) return static_cast<int>(done.status().code()) & backup.target_connection().result_mask;
  return done.value() ? SQLITE_DONE : SQLITE_OK;
}

SQLITE_API int sqlite3_backup_finish(sqlite3_backup* handle) {
  if (handle == nullptr) return SQLITE_OK;
  engine::Backup* backup = to_backup(handle);
  Connection& source = backup->source_connection();
  Connection& target = backup->target_connection();
  int code = SQLITE_OK;
  {
    const LockGuard guard(source);
    code = guarded(target, [&] {
      const Code failure = backup->last_error();
      delete backup;
      return failure == Code::Ok ? Status() : Status(failure);
    });
  }
  release_zombie(source);
  release_zombie(target);
  return code;
}

SQLITE_API int sqlite3_backup_remaining(sqlite3_backup* handle) {
  return handle == nullptr ? 0 : static_cast<int>(to_backup(handle)->remaining());
}

SQLITE_API int sqlite3_backup_pagecount(sqlite3_backup* handle) {
  return handle == nullptr ? 0 : static_cast<int>(to_backup(handle)->page_count());
}

}  // extern "C"
