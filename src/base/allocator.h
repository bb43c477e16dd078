// base/allocator.h: the one way to engine memory.
//
// Every heap byte of the engine comes from here, and from here goes to the installed memory methods (the public
// sqlite3_mem_methods, manual: c3ref/mem_methods.html). Failure throws std::bad_alloc, the one exception that may travel;
// each C entry point turns it into SQLITE_NOMEM. Global operator new is neither replaced nor used:
//   - objects derive from Allocated, or are made by make_unique<T>;
//   - containers are those of base/containers.h.
//   Threads   all functions may be called by any thread at any time after initialisation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace perlite::base {

// What the host may install; layout of the public sqlite3_mem_methods.
struct MemoryMethods {
  void* (*allocate)(int);
  void (*release)(void*);
  void* (*reallocate)(void*, int);
  int (*size)(void*);
  int (*round_up)(int);
  int (*initialize)(void*);
  void (*shutdown)(void*);
  void* user_data;
};

class Allocator {
 public:
  // The largest single allocation, bytes; larger requests fail.
  static constexpr std::size_t kMaxBytes = 2147483391;

  // Memory of at least `size` bytes (size > 0), aligned to 8 (16 with the default methods). Throws std::bad_alloc.
  static void* allocate(std::size_t size);
  // Like allocate(), null instead of an exception.
  static void* try_allocate(std::size_t size) noexcept;
  // Grows or shrinks; `memory` may be null. The old block stays valid on failure.
  static void* reallocate(void* memory, std::size_t size);
  static void* try_reallocate(void* memory, std::size_t size) noexcept;
  static void release(void* memory) noexcept;  // null is fine
  static std::size_t usable_size(void* memory) noexcept;

  // Set before the first allocation or after shutdown; the caller serialises (sqlite3_config).
  static void set_methods(const MemoryMethods& methods) noexcept;
  static const MemoryMethods& methods() noexcept;  // the installed ones, or the defaults
  static const MemoryMethods& default_methods() noexcept;
  static void set_statistics(bool enabled) noexcept;
  static bool statistics() noexcept;

  // Bytes and blocks outstanding, the peaks since the last reset, and the largest request; zero without statistics.
  static std::int64_t bytes_used() noexcept;
  static std::int64_t bytes_peak(bool reset) noexcept;
  static std::int64_t blocks_used() noexcept;
  static std::int64_t blocks_peak(bool reset) noexcept;
  static std::int64_t largest_request(bool reset) noexcept;

  // Limits of sqlite3_soft_heap_limit64 / sqlite3_hard_heap_limit64 (manual); negative only reads. Return the former one.
  static std::int64_t soft_limit(std::int64_t bytes) noexcept;
  static std::int64_t hard_limit(std::int64_t bytes) noexcept;
  // Called when the soft limit is passed, with the bytes wanted back; process-wide caches yield there. May be null.
  static void set_reclaimer(std::int64_t (*reclaim)(std::int64_t bytes)) noexcept;
  // Asks the process-wide caches for `bytes`; the bytes they gave back (sqlite3_release_memory).
  static std::int64_t reclaim(std::int64_t bytes) noexcept;
};

// Base of heap objects: `new T` and `delete` go to the Allocator.
class Allocated {
 public:
  static void* operator new(std::size_t size) { return Allocator::allocate(size); }
  static void* operator new(std::size_t, void* place) noexcept { return place; }
  static void operator delete(void* memory) noexcept { Allocator::release(memory); }
  static void operator delete(void*, void*) noexcept {}
};

template <class T>
struct StdAllocator {
  using value_type = T;
  StdAllocator() noexcept = default;
  template <class U>
  StdAllocator(const StdAllocator<U>&) noexcept {}
  T* allocate(std::size_t count) {
    if (count > Allocator::kMaxBytes / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(Allocator::allocate(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t) noexcept { Allocator::release(memory); }
  template <class U>
  bool operator==(const StdAllocator<U>&) const noexcept {
    return true;
  }
};

template <class T>
struct Deleter {
  Deleter() noexcept = default;
  template <class U>
  Deleter(const Deleter<U>&) noexcept
    requires std::is_convertible_v<U*, T*>
  {}
  void operator()(T* object) const noexcept {
    if constexpr (std::is_base_of_v<Allocated, T>) {
      delete object;
    } else {
      object->~T();
      Allocator::release(object);
    }
  }
};
template <class T>
using UniquePtr = std::unique_ptr<T, Deleter<T>>;

template <class T, class... Args>
UniquePtr<T> make_unique(Args&&... args) {
  if constexpr (std::is_base_of_v<Allocated, T>) {
    return UniquePtr<T>(new T(std::forward<Args>(args)...));
  } else {
    void* memory = Allocator::allocate(sizeof(T));
    try {
      return UniquePtr<T>(::new (memory) T(std::forward<Args>(args)...));
    } catch (...) {
      Allocator::release(memory);
      throw;
    }
  }
}

// A byte buffer released through the Allocator.
struct FreeBytes {
  void operator()(void* memory) const noexcept { Allocator::release(memory); }
};
using ByteBuffer = std::unique_ptr<std::byte[], FreeBytes>;
inline ByteBuffer make_buffer(std::size_t size) {
  return ByteBuffer(static_cast<std::byte*>(Allocator::allocate(size == 0 ? 1 : size)));
}

}  // namespace perlite::base

namespace perlite {
using base::Allocated;
using base::make_unique;
using base::UniquePtr;
}  // namespace perlite
