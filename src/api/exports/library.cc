// Version, build options, the life of the library, process-wide settings, and the small tools around it.
#include "api/library.h"

#include <atomic>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "api/boundary.h"
#include "api/handles.h"
#include "base/allocator.h"
#include "base/mutex.h"
#include "base/process.h"
#include "base/random.h"
#include "base/status.h"
#include "engine/compile_options.h"
#include "engine/shared_cache.h"
#include "os/vfs.h"
#include "sqlite3.h"

namespace perlite::api {
namespace {

constexpr int kMaxShutdownHooks = 16;

// Who takes it: nobody who holds another lock. Calls into the host (methods' xInit) are made under it, as the manual
// promises that they are never concurrent.
constinit base::Mutex life_mutex;
std::atomic<bool> is_initialized{false};
void (*shutdown_hooks[kMaxShutdownHooks])();
int shutdown_hook_count = 0;

void fill_from_vfs(void* out, std::size_t size) {
  if (sqlite3_vfs* vfs = os::find_vfs(nullptr); vfs != nullptr) {
    os::fill_random(*vfs, {static_cast<std::byte*>(out), size});
  }
}

int initialize_locked() {
  const base::MemoryMethods& memory = base::Allocator::methods();
  if (memory.initialize != nullptr) {
    if (const int code = memory.initialize(memory.user_data); code != SQLITE_OK) return code;
  }
  if (const int code = base::mutex_methods().xMutexInit == nullptr ? SQLITE_OK : base::mutex_methods().xMutexInit();
      code != SQLITE_OK) {
    return code;
  }
  const sqlite3_pcache_methods2& cache = base::process_settings().page_cache;
  if (cache.xInit != nullptr) {
    if (const int code = cache.xInit(cache.pArg); code != SQLITE_OK) return code;
  }
  if (const int code = sqlite3_os_init(); code != SQLITE_OK) return code;
  base::set_entropy_source(fill_from_vfs);
  is_initialized.store(true, std::memory_order_release);
  return SQLITE_OK;
}

// What this library was built with, in the words of compile.html, sorted.

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

int initialize_library() noexcept {
  if (is_initialized.load(std::memory_order_acquire)) return SQLITE_OK;
  const base::MutexGuard guard(life_mutex);
  return is_initialized.load(std::memory_order_relaxed) ? SQLITE_OK : initialize_locked();
}

bool library_initialized() noexcept { return is_initialized.load(std::memory_order_acquire); }

void at_shutdown(void (*release)()) noexcept {
  const base::MutexGuard guard(life_mutex);
  for (int i = 0; i < shutdown_hook_count; ++i) {
    if (shutdown_hooks[i] == release) return;
  }
  if (shutdown_hook_count < kMaxShutdownHooks) shutdown_hooks[shutdown_hook_count++] = release;
}

namespace {

int shutdown_library() noexcept {
  const base::MutexGuard guard(life_mutex);
  if (!is_initialized.load(std::memory_order_relaxed)) return SQLITE_OK;
  while (shutdown_hook_count > 0) shutdown_hooks[--shutdown_hook_count]();
  sqlite3_reset_auto_extension();
  sqlite3_os_end();
  base::set_entropy_source(nullptr);
  base::reset_random();
  const sqlite3_pcache_methods2& cache = base::process_settings().page_cache;
  if (cache.xShutdown != nullptr) cache.xShutdown(cache.pArg);
  if (base::mutex_methods().xMutexEnd != nullptr) base::mutex_methods().xMutexEnd();
  const base::MemoryMethods& memory = base::Allocator::methods();
  if (memory.shutdown != nullptr) memory.shutdown(memory.user_data);
  is_initialized.store(false, std::memory_order_release);
  return SQLITE_OK;
}

base::MemoryMethods from_public(const sqlite3_mem_methods& methods) {
  return {methods.xMalloc,  methods.xFree, methods.xRealloc,  methods.xSize,
          methods.xRoundup, methods.xInit, methods.xShutdown, methods.pAppData};
}

sqlite3_mem_methods to_public(const base::MemoryMethods& methods) {
  return {methods.allocate, methods.release,    methods.reallocate, methods.size,
          methods.round_up, methods.initialize, methods.shutdown,   methods.user_data};
}

int configure(int op, va_list arguments) noexcept {
  base::ProcessSettings& settings = base::process_settings();
  // The log and the size of a page's header may be asked at any time; all else only while the library sleeps.
  if (library_initialized() && op != SQLITE_CONFIG_LOG && op != SQLITE_CONFIG_PCACHE_HDRSZ) return SQLITE_MISUSE;
  switch (op) {
    case SQLITE_CONFIG_SINGLETHREAD:
      base::set_threading(base::Threading::Single);
      return SQLITE_OK;
    case SQLITE_CONFIG_MULTITHREAD:
      base::set_threading(base::Threading::Multi);
      return SQLITE_OK;
    case SQLITE_CONFIG_SERIALIZED:
      base::set_threading(base::Threading::Serialized);
      return SQLITE_OK;
    case SQLITE_CONFIG_MALLOC:
      base::Allocator::set_methods(from_public(*va_arg(arguments, sqlite3_mem_methods*)));
      return SQLITE_OK;
    case SQLITE_CONFIG_GETMALLOC:
      *va_arg(arguments, sqlite3_mem_methods*) = to_public(base::Allocator::methods());
      return SQLITE_OK;
    case SQLITE_CONFIG_MEMSTATUS:
      base::Allocator::set_statistics(va_arg(arguments, int) != 0);
      return SQLITE_OK;
    case SQLITE_CONFIG_SMALL_MALLOC:
      settings.small_allocations = va_arg(arguments, int) != 0;
      return SQLITE_OK;
    case SQLITE_CONFIG_MUTEX:
      base::set_mutex_methods(*va_arg(arguments, sqlite3_mutex_methods*));
      return SQLITE_OK;
    case SQLITE_CONFIG_GETMUTEX:
      *va_arg(arguments, sqlite3_mutex_methods*) = base::mutex_methods();
      return SQLITE_OK;
    case SQLITE_CONFIG_LOOKASIDE:
      settings.lookaside_slot_size = va_arg(arguments, int);
      settings.lookaside_slot_count = va_arg(arguments, int);
      return SQLITE_OK;
    case SQLITE_CONFIG_PCACHE:
    case SQLITE_CONFIG_GETPCACHE:
    case SQLITE_CONFIG_SCRATCH:
      return SQLITE_OK;  // without effect since 3.7.14 and 3.21, as in the stock library
    case SQLITE_CONFIG_PCACHE2:
      settings.page_cache = *va_arg(arguments, sqlite3_pcache_methods2*);
      return SQLITE_OK;
    case SQLITE_CONFIG_GETPCACHE2:
      *va_arg(arguments, sqlite3_pcache_methods2*) = settings.page_cache;
      return SQLITE_OK;
    case SQLITE_CONFIG_PCACHE_HDRSZ:
      *va_arg(arguments, int*) = 0;
      return SQLITE_OK;
    case SQLITE_CONFIG_PAGECACHE:
      return SQLITE_OK;  // a hint: the pool takes its frames from the allocator
    case SQLITE_CONFIG_LOG:
      settings.log = va_arg(arguments, void (*)(void*, int, const char*));
      settings.log_context = va_arg(arguments, void*);
      return SQLITE_OK;
    case SQLITE_CONFIG_URI:
      settings.uri_names = va_arg(arguments, int) != 0;
      return SQLITE_OK;
    case SQLITE_CONFIG_COVERING_INDEX_SCAN:
      settings.covering_index_scan = va_arg(arguments, int) != 0;
      return SQLITE_OK;
    case SQLITE_CONFIG_MMAP_SIZE: {
      std::int64_t size = va_arg(arguments, sqlite3_int64);
      std::int64_t limit = va_arg(arguments, sqlite3_int64);
      constexpr std::int64_t kLargest = 0x7fff0000;
      if (limit < 0 || limit > kLargest) limit = kLargest;
      if (size < 0) size = 0;
      settings.mmap_size_limit = limit;
      settings.mmap_size_default = size < limit ? size : limit;
      return SQLITE_OK;
    }
    case SQLITE_CONFIG_PMASZ:
      settings.sorter_run_pages = va_arg(arguments, unsigned);
      return SQLITE_OK;
    case SQLITE_CONFIG_STMTJRNL_SPILL:
      settings.statement_journal_spill = va_arg(arguments, int);
      return SQLITE_OK;
    case SQLITE_CONFIG_SORTERREF_SIZE: {
      const int size = va_arg(arguments, int);
      settings.sorter_reference_size = size < 0 ? 0x7fffffff : size;
      return SQLITE_OK;
    }
    case SQLITE_CONFIG_MEMDB_MAXSIZE:
      settings.memory_database_limit = va_arg(arguments, sqlite3_int64);
      return SQLITE_OK;
    case SQLITE_CONFIG_ROWID_IN_VIEW: {
      int* value = va_arg(arguments, int*);
      *value = 0;  // a view has no rowid here
      return SQLITE_OK;
    }
    default:
      // HEAP, SQLLOG and WIN32_HEAPSIZE need builds that this is not.
      return SQLITE_ERROR;
  }
}

}  // namespace
}  // namespace perlite::api

using namespace perlite;

extern "C" {

SQLITE_API extern const char sqlite3_version[] = SQLITE_VERSION;
SQLITE_API char* sqlite3_temp_directory = nullptr;
SQLITE_API char* sqlite3_data_directory = nullptr;

SQLITE_API const char* sqlite3_libversion(void) { return sqlite3_version; }
SQLITE_API int sqlite3_libversion_number(void) { return SQLITE_VERSION_NUMBER; }
SQLITE_API const char* sqlite3_sourceid(void) { return engine::source_id(); }
SQLITE_API int sqlite3_threadsafe(void) { return 1; }

SQLITE_API int sqlite3_compileoption_used(const char* name) {
  if (name == nullptr) return 0;
  if (sqlite3_strnicmp(name, "SQLITE_", 7) == 0) name += 7;
  const int size = static_cast<int>(std::strlen(name));
  for (const char* option : engine::compile_options()) {
    if (sqlite3_strnicmp(name, option, size) == 0 && !api::is_word_byte(option[size])) return 1;
  }
  return 0;
}

SQLITE_API const char* sqlite3_compileoption_get(int index) {
  const auto options = engine::compile_options();
  return index >= 0 && static_cast<std::size_t>(index) < options.size() ? options[static_cast<std::size_t>(index)]
                                                                        : nullptr;
}

SQLITE_API int sqlite3_initialize(void) { return api::initialize_library(); }
SQLITE_API int sqlite3_shutdown(void) { return api::shutdown_library(); }

SQLITE_API int sqlite3_os_init(void) {
  os::set_temp_directory(&sqlite3_temp_directory);
  os::initialize_vfs();
  return SQLITE_OK;
}
SQLITE_API int sqlite3_os_end(void) {
  os::shutdown_vfs();
  return SQLITE_OK;
}

SQLITE_API int sqlite3_config(int op, ...) {
  va_list arguments;
  va_start(arguments, op);
  const int code = api::configure(op, arguments);
  va_end(arguments);
  return code;
}

SQLITE_API int sqlite3_sleep(int milliseconds) {
  if (api::initialize_library() != SQLITE_OK) return 0;
  sqlite3_vfs* vfs = os::find_vfs(nullptr);
  if (vfs == nullptr) return 0;
  return os::sleep_us(*vfs, milliseconds < 0 ? 0 : milliseconds > 2147483 ? 2147483000 : milliseconds * 1000) / 1000;
}

SQLITE_API void sqlite3_randomness(int size, void* out) {
  if (api::initialize_library() != SQLITE_OK) return;
  if (size <= 0 || out == nullptr) return base::reset_random();
  base::random_bytes(out, static_cast<std::size_t>(size));
}

SQLITE_API const char* sqlite3_errstr(int code) { return code_text(code); }

SQLITE_API int sqlite3_enable_shared_cache(int enable) {
  engine::SharedCache::set_default(enable != 0);
  return SQLITE_OK;
}

SQLITE_API int sqlite3_test_control(int op, ...) {
  va_list arguments;
  va_start(arguments, op);
  int answer = 0;
  switch (op) {
    case SQLITE_TESTCTRL_PRNG_SAVE:
      base::save_random();
      break;
    case SQLITE_TESTCTRL_PRNG_RESTORE:
      base::restore_random();
      break;
    case SQLITE_TESTCTRL_PRNG_SEED:
      base::seed_random(va_arg(arguments, unsigned));
      break;
    case SQLITE_TESTCTRL_PENDING_BYTE:
      answer = 0x40000000;  // the lock page does not move
      break;
    case SQLITE_TESTCTRL_ASSERT:
      break;
    case SQLITE_TESTCTRL_ALWAYS:
      answer = va_arg(arguments, int);
      break;
    case SQLITE_TESTCTRL_BYTEORDER:
      answer = 1234 * 100 + 10;
      break;
    case SQLITE_TESTCTRL_OPTIMIZATIONS: {
      // The bits are rewrites to leave out (plan/switches.h); answers never depend on them.
      sqlite3* const db = va_arg(arguments, sqlite3*);
      const unsigned disabled = va_arg(arguments, unsigned);
      if (!api::usable(db)) break;
      engine::Connection& connection = *api::to_connection(db);
      const api::LockGuard guard(connection);
      connection.plan_switches = plan::Switches(~disabled);
      connection.expire_programs();
      break;
    }
    case SQLITE_TESTCTRL_GETOPT: {
      sqlite3* const db = va_arg(arguments, sqlite3*);
      int* const disabled = va_arg(arguments, int*);
      if (api::usable(db) && disabled != nullptr) *disabled = static_cast<int>(~api::to_connection(db)->plan_switches.bits());
      break;
    }
    case SQLITE_TESTCTRL_ISINIT:
      answer = api::library_initialized() ? SQLITE_OK : SQLITE_ERROR;
      break;
    default:
      break;
  }
  va_end(arguments);
  return answer;
}

SQLITE_API int sqlite3_global_recover(void) { return SQLITE_OK; }
SQLITE_API void sqlite3_thread_cleanup(void) {}

}  // extern "C"
