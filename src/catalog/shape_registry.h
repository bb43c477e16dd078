// catalog/shape_registry.h: shapes that files, connections and tenants share.
//
// One registry a process: a shape is found by the hash of its texts and then compared with them, so that equal schemas
// are parsed once whatever file they stand in. A shape lives as long as a ShapeRef names it; the registry itself keeps
// none alive and holds no memory of its own, so it is empty when the last connection has gone.
//   Threads  everything here may be called by any thread.
//   Locks    the registry's lock is taken alone: no other lock is taken under it.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/allocator.h"
#include "catalog/shape.h"

namespace perlite::catalog {

// A Shape that is counted. Made by ShapeLoader with one reference.
class CountedShape : public Shape, public Allocated {
 public:
  // True when `other` would answer everything as this one does: the same rows, read by the same rules.
  virtual bool same_texts(const CountedShape& other) const noexcept = 0;
  bool is_shared() const noexcept { return registered_; }

 private:
  friend class ShapeRef;
  friend class ShapeRegistry;
  std::atomic<std::uint32_t> references_{1};
  bool registered_ = false;
  CountedShape* next_ = nullptr;  // in the bucket of the registry
};

// A counted reference.
class ShapeRef {
 public:
  ShapeRef() noexcept = default;
  // Takes over one reference.
  explicit ShapeRef(CountedShape* shape) noexcept : shape_(shape) {}
  ShapeRef(const ShapeRef& other) noexcept : shape_(other.shape_) {
    if (shape_ != nullptr) shape_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  ShapeRef(ShapeRef&& other) noexcept : shape_(std::exchange(other.shape_, nullptr)) {}
  ShapeRef& operator=(ShapeRef other) noexcept {
    std::swap(shape_, other.shape_);
    return *this;
  }
  ~ShapeRef() {
    if (shape_ != nullptr) drop(shape_);
  }

  const Shape* get() const noexcept { return shape_; }
  const Shape* operator->() const noexcept { return shape_; }
  const Shape& operator*() const noexcept { return *shape_; }
  explicit operator bool() const noexcept { return shape_ != nullptr; }
  // Is it in the registry, where other threads find it?
  bool is_shared() const noexcept { return shape_ != nullptr && shape_->is_shared(); }
  friend bool operator==(const ShapeRef& a, const ShapeRef& b) noexcept { return a.shape_ == b.shape_; }

 private:
  friend class ShapeRegistry;
  friend class ShapeLoader;
  static void drop(CountedShape* shape) noexcept;
  CountedShape* shape_ = nullptr;
};

class ShapeRegistry {
 public:
  // The shape with the texts of `shape`: one that is known, or this one, known from now on.
  static ShapeRef share(ShapeRef shape) noexcept;
  static std::size_t size() noexcept;
  // In the child of a fork, before anything else: whatever the parent shared is forgotten, not released.
  static void forget_all() noexcept;
};

}  // namespace perlite::catalog
