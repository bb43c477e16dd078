// The allocator as the host sees it, heap limits, and the counters of the process.
#include <cstdint>

#include "api/library.h"
#include "base/allocator.h"
#include "sqlite3.h"

using namespace perlite;
using base::Allocator;

namespace {

int clamp_to_int(std::int64_t value) { return value > INT32_MAX ? INT32_MAX : static_cast<int>(value); }

}  // namespace

extern "C" {

SQLITE_API void* sqlite3_malloc64(sqlite3_uint64 size) {
  if (api::initialize_library() != SQLITE_OK) return nullptr;
  return Allocator::try_allocate(size);
}
SQLITE_API void* sqlite3_malloc(int size) {
  return size <= 0 ? nullptr : sqlite3_malloc64(static_cast<sqlite3_uint64>(size));
}
SQLITE_API void* sqlite3_realloc64(void* memory, sqlite3_uint64 size) {
  if (api::initialize_library() != SQLITE_OK) return nullptr;
  if (memory != nullptr && size == 0) {
    Allocator::release(memory);
    return nullptr;
  }
  return Allocator::try_reallocate(memory, size);
}
SQLITE_API void* sqlite3_realloc(void* memory, int size) {
  return sqlite3_realloc64(memory, size < 0 ? 0 : static_cast<sqlite3_uint64>(size));
}
SQLITE_API void sqlite3_free(void* memory) { Allocator::release(memory); }
SQLITE_API sqlite3_uint64 sqlite3_msize(void* memory) { return Allocator::usable_size(memory); }

SQLITE_API sqlite3_int64 sqlite3_memory_used(void) { return Allocator::bytes_used(); }
SQLITE_API sqlite3_int64 sqlite3_memory_highwater(int reset) { return Allocator::bytes_peak(reset != 0); }
SQLITE_API int sqlite3_release_memory(int size) { return size <= 0 ? 0 : clamp_to_int(Allocator::reclaim(size)); }

SQLITE_API sqlite3_int64 sqlite3_soft_heap_limit64(sqlite3_int64 size) {
  return api::initialize_library() == SQLITE_OK ? Allocator::soft_limit(size) : -1;
}
SQLITE_API sqlite3_int64 sqlite3_hard_heap_limit64(sqlite3_int64 size) {
  return api::initialize_library() == SQLITE_OK ? Allocator::hard_limit(size) : -1;
}
SQLITE_API void sqlite3_soft_heap_limit(int size) { sqlite3_soft_heap_limit64(size < 0 ? 0 : size); }
SQLITE_API int sqlite3_memory_alarm(void (*)(void*, sqlite3_int64, int), void*, sqlite3_int64) { return SQLITE_OK; }

SQLITE_API int sqlite3_status64(int op, sqlite3_int64* current_out, sqlite3_int64* peak_out, int reset) {
  if (current_out == nullptr || peak_out == nullptr) return SQLITE_MISUSE;
  std::int64_t current = 0;
  std::int64_t peak = 0;
  switch (op) {
    case SQLITE_STATUS_MEMORY_USED:
      current = Allocator::bytes_used();
      peak = Allocator::bytes_peak(reset != 0);
      break;
    case SQLITE_STATUS_MALLOC_SIZE:
      peak = Allocator::largest_request(reset != 0);
      break;
    case SQLITE_STATUS_MALLOC_COUNT:
      current = Allocator::blocks_used();
      peak = Allocator::blocks_peak(reset != 0);
      break;
    case SQLITE_STATUS_PAGECACHE_USED:  // no memory is set aside for pages, so none of it is used
    case SQLITE_STATUS_PAGECACHE_OVERFLOW:
    case SQLITE_STATUS_PAGECACHE_SIZE:
    case SQLITE_STATUS_SCRATCH_USED:
    case SQLITE_STATUS_SCRATCH_OVERFLOW:
    case SQLITE_STATUS_SCRATCH_SIZE:
    case SQLITE_STATUS_PARSER_STACK:
      break;
    default:
      return SQLITE_MISUSE;
  }
  *current_out = current;
  *peak_out = peak;
  return SQLITE_OK;
}

SQLITE_API int sqlite3_status(int op, int* current_out, int* peak_out, int reset) {
  if (current_out == nullptr || peak_out == nullptr) return SQLITE_MISUSE;
  sqlite3_int64 current = 0;
  sqlite3_int64 peak = 0;
  const int code = sqlite3_status64(op, &current, &peak, reset);
  if (code != SQLITE_OK) return code;
  *current_out = clamp_to_int(current);
  *peak_out = clamp_to_int(peak);
  return SQLITE_OK;
}

}  // extern "C"
