// base/fixed_vector.h: at most N elements in place. Room that is not used is not even initialised, which an array of
// spans on the stack is.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "base/assert.h"

namespace perlite::base {

template <class T, std::size_t N>
class FixedVector {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  FixedVector() noexcept {}
  FixedVector(const FixedVector&) = delete;
  FixedVector& operator=(const FixedVector&) = delete;

  static constexpr std::size_t capacity() noexcept { return N; }
  std::size_t size() const noexcept { return size_; }
  bool full() const noexcept { return size_ == N; }
  void clear() noexcept { size_ = 0; }
  void push_back(const T& one) noexcept {
    PL_ASSERT(size_ < N);
    std::construct_at(elements_ + size_, one);
    ++size_;
  }
  std::span<const T> elements() const noexcept { return {elements_, size_}; }

 private:
  std::size_t size_ = 0;
  union {
    T elements_[N];
  };
};

}  // namespace perlite::base
