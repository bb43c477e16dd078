// tests/support/failing_allocator.h: memory methods that fail on demand and count what is outstanding. Header only.
#pragma once

#include <cstdint>

#include "base/allocator.h"

namespace perlite::test {

// Installs itself for its lifetime. Make it before anything allocates, or what was allocated before is released through
// it as well: it hands everything on to the default methods, so that is fine.
class FailingAllocator {
 public:
  FailingAllocator() {
    base::MemoryMethods methods = base::Allocator::default_methods();
    methods.allocate = [](int size) -> void* {
      if (refuse()) return nullptr;
      void* memory = base::Allocator::default_methods().allocate(size);
      if (memory != nullptr) ++outstanding_;
      return memory;
    };
    methods.release = [](void* memory) {
      if (memory != nullptr) --outstanding_;
      base::Allocator::default_methods().release(memory);
    };
    methods.reallocate = [](void* memory, int size) -> void* {
      if (refuse()) return nullptr;
      return base::Allocator::default_methods().reallocate(memory, size);
    };
    base::Allocator::set_methods(methods);
  }
  ~FailingAllocator() { base::Allocator::set_methods(base::Allocator::default_methods()); }

  // The allocation number `count` (from 0) fails, and with `sticky` all after it. Negative: none.
  void fail_at(int count, bool sticky = false) {
    left_ = count;
    sticky_ = sticky;
    failed_ = 0;
  }
  int failed() const { return failed_; }
  std::int64_t outstanding() const { return outstanding_; }

 private:
  static bool refuse() {
    if (left_ < 0) return false;
    if (left_ > 0) {
      --left_;
      return false;
    }
    if (!sticky_) left_ = -1;
    ++failed_;
    return true;
  }
  static inline int left_ = -1;
  static inline bool sticky_ = false;
  static inline int failed_ = 0;
  static inline std::int64_t outstanding_ = 0;
};

}  // namespace perlite::test
