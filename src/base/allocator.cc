#include "base/allocator.h"

#include <atomic>
#include <cstdlib>
#include <malloc.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

#include "base/assert.h"

namespace perlite::base {
namespace {

void* default_allocate(int size) { return std::malloc(static_cast<std::size_t>(size)); }
void default_release(void* memory) { std::free(memory); }
void* default_reallocate(void* memory, int size) { return std::realloc(memory, static_cast<std::size_t>(size)); }
int default_size(void* memory) { return memory == nullptr ? 0 : static_cast<int>(malloc_usable_size(memory)); }
int default_round_up(int size) { return (size + 7) & ~7; }
int default_initialize(void*) { return 0; }
void default_shutdown(void*) {}

constexpr MemoryMethods kDefaultMethods = {default_allocate, default_release,    default_reallocate, default_size,
                                           default_round_up, default_initialize, default_shutdown,   nullptr};

// The counters are plain atomics on lines of their own; statistics are on by default as in the stock library.
struct alignas(64) State {
  MemoryMethods methods = kDefaultMethods;
  std::atomic<bool> statistics{true};
  std::atomic<std::int64_t> soft_limit{0};
  std::atomic<std::int64_t> hard_limit{0};
  std::atomic<std::int64_t (*)(std::int64_t)> reclaim{nullptr};
  alignas(64) std::atomic<std::int64_t> bytes{0};
  std::atomic<std::int64_t> bytes_peak{0};
  std::atomic<std::int64_t> blocks{0};
  std::atomic<std::int64_t> blocks_peak{0};
  std::atomic<std::int64_t> largest{0};
};
State state;

// While the process has one thread nobody else counts, and locked instructions, most of the price of a small
// allocation, are not needed.
bool is_single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

// The counter after `value` was added.
std::int64_t add(std::atomic<std::int64_t>& counter, std::int64_t value) noexcept {
  if (!is_single_threaded()) return counter.fetch_add(value, std::memory_order_relaxed) + value;
  const std::int64_t sum = counter.load(std::memory_order_relaxed) + value;
  counter.store(sum, std::memory_order_relaxed);
  return sum;
}

// The default methods are called by name: they are what nearly every process has.
int round_up(int size) noexcept {
  return state.methods.round_up == default_round_up ? default_round_up(size) : state.methods.round_up(size);
}
void* method_allocate(int size) {
  return state.methods.allocate == default_allocate ? default_allocate(size) : state.methods.allocate(size);
}
void method_release(void* memory) {
  if (state.methods.release == default_release) {
    default_release(memory);
  } else {
    state.methods.release(memory);
  }
}
int method_size(void* memory) {
  return state.methods.size == default_size ? default_size(memory) : state.methods.size(memory);
}

void raise(std::atomic<std::int64_t>& peak, std::int64_t value) noexcept {
  std::int64_t seen = peak.load(std::memory_order_relaxed);
  while (seen < value && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// True when `size` more bytes may be taken; asks the reclaimer first when the soft limit is passed.
bool within_limits(std::size_t size) noexcept {
  const std::int64_t soft = state.soft_limit.load(std::memory_order_relaxed);
  if (soft <= 0) return true;
  const std::int64_t after = state.bytes.load(std::memory_order_relaxed) + static_cast<std::int64_t>(size);
  if (after <= soft) return true;
  if (auto* reclaim = state.reclaim.load(std::memory_order_acquire); reclaim != nullptr) reclaim(after - soft);
  const std::int64_t hard = state.hard_limit.load(std::memory_order_relaxed);
  return hard <= 0 || state.bytes.load(std::memory_order_relaxed) + static_cast<std::int64_t>(size) <= hard;
}

void count_new(void* memory) noexcept {
  raise(state.bytes_peak, add(state.bytes, method_size(memory)));
  raise(state.blocks_peak, add(state.blocks, 1));
}

void count_gone(void* memory) noexcept {
  add(state.bytes, -std::int64_t{method_size(memory)});
  add(state.blocks, -1);
}

}  // namespace

void* Allocator::try_allocate(std::size_t size) noexcept {
  if (size == 0 || size > kMaxBytes) return nullptr;
  const int rounded = round_up(static_cast<int>(size));
  if (!state.statistics.load(std::memory_order_relaxed)) return method_allocate(rounded);
  raise(state.largest, static_cast<std::int64_t>(size));
  if (!within_limits(static_cast<std::size_t>(rounded))) return nullptr;
  void* memory = method_allocate(rounded);
  if (memory != nullptr) count_new(memory);
  return memory;
}

void* Allocator::allocate(std::size_t size) {
  void* memory = try_allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* Allocator::try_reallocate(void* memory, std::size_t size) noexcept {
  if (memory == nullptr) return try_allocate(size);
  if (size == 0 || size > kMaxBytes) return nullptr;
  const int rounded = round_up(static_cast<int>(size));
  if (!state.statistics.load(std::memory_order_relaxed)) return state.methods.reallocate(memory, rounded);
  raise(state.largest, static_cast<std::int64_t>(size));
  const std::int64_t before = state.methods.size(memory);
  if (rounded > before && !within_limits(static_cast<std::size_t>(rounded - before))) return nullptr;
  void* moved = state.methods.reallocate(memory, rounded);
  if (moved != nullptr) {
    raise(state.bytes_peak, add(state.bytes, method_size(moved) - before));
  }
  return moved;
}

void* Allocator::reallocate(void* memory, std::size_t size) {
  void* moved = try_reallocate(memory, size);
  if (moved == nullptr) throw std::bad_alloc();
  return moved;
}

void Allocator::release(void* memory) noexcept {
  if (memory == nullptr) return;
  if (state.statistics.load(std::memory_order_relaxed)) count_gone(memory);
  method_release(memory);
}

std::size_t Allocator::usable_size(void* memory) noexcept {
  return memory == nullptr ? 0 : static_cast<std::size_t>(state.methods.size(memory));
}

void Allocator::set_methods(const MemoryMethods& methods) noexcept {
  state.methods = methods.allocate == nullptr ? kDefaultMethods : methods;
}
const MemoryMethods& Allocator::methods() noexcept { return state.methods; }
const MemoryMethods& Allocator::default_methods() noexcept { return kDefaultMethods; }
void Allocator::set_statistics(bool enabled) noexcept { state.statistics.store(enabled, std::memory_order_relaxed); }
bool Allocator::statistics() noexcept { return state.statistics.load(std::memory_order_relaxed); }

std::int64_t Allocator::bytes_used() noexcept { return state.bytes.load(std::memory_order_relaxed); }
std::int64_t Allocator::bytes_peak(bool reset) noexcept {
  const std::int64_t peak = state.bytes_peak.load(std::memory_order_relaxed);
  if (reset) state.bytes_peak.store(bytes_used(), std::memory_order_relaxed);
  return peak;
}
std::int64_t Allocator::blocks_used() noexcept { return state.blocks.load(std::memory_order_relaxed); }
std::int64_t Allocator::blocks_peak(bool reset) noexcept {
  const std::int64_t peak = state.blocks_peak.load(std::memory_order_relaxed);
  if (reset) state.blocks_peak.store(blocks_used(), std::memory_order_relaxed);
  return peak;
}
std::int64_t Allocator::largest_request(bool reset) noexcept {
  const std::int64_t largest = state.largest.load(std::memory_order_relaxed);
  if (reset) state.largest.store(0, std::memory_order_relaxed);
  return largest;
}

std::int64_t Allocator::soft_limit(std::int64_t bytes) noexcept {
  const std::int64_t before = state.soft_limit.load(std::memory_order_relaxed);
  if (bytes < 0) return before;
  const std::int64_t hard = state.hard_limit.load(std::memory_order_relaxed);
  if (hard > 0 && (bytes > hard || bytes == 0)) bytes = hard;
  state.soft_limit.store(bytes, std::memory_order_relaxed);
  if (bytes > 0 && bytes_used() > bytes) {
    if (auto* reclaim = state.reclaim.load(std::memory_order_acquire); reclaim != nullptr) reclaim(bytes_used() - bytes);
  }
  return before;
}

std::int64_t Allocator::hard_limit(std::int64_t bytes) noexcept {
  const std::int64_t before = state.hard_limit.load(std::memory_order_relaxed);
  if (bytes < 0) return before;
  state.hard_limit.store(bytes, std::memory_order_relaxed);
  const std::int64_t soft = state.soft_limit.load(std::memory_order_relaxed);
  if (bytes > 0 && (soft == 0 || soft > bytes)) state.soft_limit.store(bytes, std::memory_order_relaxed);
  return before;
}

void Allocator::set_reclaimer(std::int64_t (*reclaim)(std::int64_t)) noexcept {
  state.reclaim.store(reclaim, std::memory_order_release);
}

std::int64_t Allocator::reclaim(std::int64_t bytes) noexcept {
  auto* ask = state.reclaim.load(std::memory_order_acquire);
  return ask == nullptr ? 0 : ask(bytes);
}

}  // namespace perlite::base
