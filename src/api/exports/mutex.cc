// Mutexes for the host: ours, or those it configured.
#include "base/mutex.h"

#include "api/library.h"
#include "sqlite3.h"

using namespace perlite;

extern "C" {

SQLITE_API sqlite3_mutex* sqlite3_mutex_alloc(int kind) {
  if (base::threading() == base::Threading::Single) return nullptr;
  // A static mutex is there before the library is.
  if (kind <= SQLITE_MUTEX_RECURSIVE && api::initialize_library() != SQLITE_OK) return nullptr;
  return base::mutex_methods().xMutexAlloc(kind);
}
SQLITE_API void sqlite3_mutex_free(sqlite3_mutex* mutex) {
  if (mutex != nullptr) base::mutex_methods().xMutexFree(mutex);
}
SQLITE_API void sqlite3_mutex_enter(sqlite3_mutex* mutex) {
  if (mutex != nullptr) base::mutex_methods().xMutexEnter(mutex);
}
SQLITE_API int sqlite3_mutex_try(sqlite3_mutex* mutex) {
  return mutex == nullptr ? SQLITE_OK : base::mutex_methods().xMutexTry(mutex);
}
SQLITE_API void sqlite3_mutex_leave(sqlite3_mutex* mutex) {
  if (mutex != nullptr) base::mutex_methods().xMutexLeave(mutex);
}

}  // extern "C"
