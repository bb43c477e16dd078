// base/arena_containers.h: containers over the arena of the work under way.
//
// What a compilation needs for its own time (lists of the binder, the planner, the generator) goes with its arena in one
// step. An ArenaScope names that arena for its thread; a container takes the one named when it is made and keeps to it:
// memory is handed out by moving a cursor, and nothing is given back before the arena ends. Made where no scope is open, a
// container lives on the heap, so code that is called from both sides needs no second version.
//   Lifetime  a container over an arena ends before the arena does.
//   Growing   leaves the old elements' place behind, unless the arena ends there; reserve() where the size is known.
//   Threads   scopes belong to their thread.
#pragma once

#include <list>
#include <unordered_map>
#include <utility>

#include "base/arena.h"
#include "base/arena_vector.h"
#include "base/containers.h"
#include "base/thread_local.h"

namespace perlite {

class ArenaScope {
 public:
  explicit ArenaScope(Arena& arena) noexcept : outer_(std::exchange(current_, &arena)) {}
  ~ArenaScope() { current_ = outer_; }
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

  static Arena* current() noexcept { return current_; }  // null: no scope is open

 private:
  PL_FIXED_THREAD_LOCAL static thread_local constinit Arena* current_;
  Arena* outer_;
};

namespace base {

template <class T>
class ArenaAllocator {
 public:
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  ArenaAllocator() noexcept : arena_(ArenaScope::current()) {}
  explicit ArenaAllocator(Arena& arena) noexcept : arena_(&arena) {}
  template <class U>
  ArenaAllocator(const ArenaAllocator<U>& other) noexcept : arena_(other.arena()) {}

  T* allocate(std::size_t count) {
    if (count > Allocator::kMaxBytes / sizeof(T)) throw std::bad_alloc();
    const std::size_t size = count * sizeof(T);
    return static_cast<T*>(arena_ != nullptr ? arena_->allocate(size, alignof(T)) : Allocator::allocate(size));
  }
  void deallocate(T* memory, std::size_t) noexcept {
    if (arena_ == nullptr) Allocator::release(memory);
  }
  Arena* arena() const noexcept { return arena_; }
  template <class U>
  bool operator==(const ArenaAllocator<U>& other) const noexcept {
    return arena_ == other.arena();
  }

 private:
  Arena* arena_;
};

}  // namespace base

// A layer that compiles names these by using-declarations in its namespace; there a Vector is one in the arena.
namespace arena_containers {

template <class T>
using Vector = base::ArenaVector<T>;
using String = std::basic_string<char, std::char_traits<char>, base::ArenaAllocator<char>>;
template <class T>
using List = std::list<T, base::ArenaAllocator<T>>;
template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
using HashMap = std::unordered_map<K, V, Hash, Equal, base::ArenaAllocator<std::pair<const K, V>>>;

}  // namespace arena_containers

}  // namespace perlite
