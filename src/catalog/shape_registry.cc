#include "catalog/shape_registry.h"

#include <new>

#include "base/mutex.h"

namespace perlite::catalog {
namespace {

// Chains of a fixed number: a process has few different schemas, and an empty registry owns nothing.
constexpr std::size_t kBuckets = 256;
constinit base::Mutex registry_lock;
constinit CountedShape* buckets[kBuckets] = {};

}  // namespace

ShapeRef ShapeRegistry::share(ShapeRef shape) noexcept {
  const std::uint64_t hash = shape->hash();
  ShapeRef known;
  {
    base::MutexGuard guard(registry_lock);
    CountedShape*& bucket = buckets[hash % kBuckets];
    for (CountedShape* one = bucket; one != nullptr; one = one->next_) {
      if (one->hash() != hash || !one->same_texts(*shape.shape_)) continue;
      one->references_.fetch_add(1, std::memory_order_relaxed);
      known = ShapeRef(one);
      break;
    }
    if (!known) {
      CountedShape* one = shape.shape_;
      one->registered_ = true;
      one->next_ = std::exchange(bucket, one);
    }
  }
  return known ? std::move(known) : std::move(shape);
}

// The count of a registered shape reaches 0 under the lock alone, so share() never meets a shape that is going.
void ShapeRef::drop(CountedShape* shape) noexcept {
  std::uint32_t count = shape->references_.load(std::memory_order_relaxed);
  while (count > 1) {
    if (shape->references_.compare_exchange_weak(count, count - 1, std::memory_order_acq_rel)) return;
  }
  {
    base::MutexGuard guard(registry_lock);
    if (shape->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (shape->registered_) {
      for (CountedShape** link = &buckets[shape->hash() % kBuckets]; *link != nullptr; link = &(*link)->next_) {
        if (*link != shape) continue;
        *link = shape->next_;
        break;
      }
    }
  }
  delete shape;
}

std::size_t ShapeRegistry::size() noexcept {
  base::MutexGuard guard(registry_lock);
  std::size_t count = 0;
  for (const CountedShape* bucket : buckets) {
    for (const CountedShape* one = bucket; one != nullptr; one = one->next_) ++count;
  }
  return count;
}

void ShapeRegistry::forget_all() noexcept {
  ::new (static_cast<void*>(&registry_lock)) base::Mutex();
  for (CountedShape*& bucket : buckets) bucket = nullptr;
}

}  // namespace perlite::catalog
