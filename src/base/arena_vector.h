// base/arena_vector.h: a list over the arena of the work under way (base/arena_containers.h).
//
// As std::vector, as far as it goes, but made for lists that are many, short and soon gone: the first element brings
// room for several, a list at the end of its arena grows where it is, and what can be moved as bytes is.
//   Lifetime  ends before its arena does; over no arena it lives on the heap.
//   Growing   ends iterators and references, as ever.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/allocator.h"
#include "base/arena.h"
#include "base/assert.h"

namespace perlite::base {

template <class T>
class ArenaAllocator;

template <class T>
class ArenaVector {
  static constexpr bool kMovesAsBytes = std::is_trivially_copyable_v<T>;

 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = const T&;
  using iterator = T*;
  using const_iterator = const T*;

  ArenaVector() noexcept : ArenaVector(ArenaAllocator<T>()) {}
  explicit ArenaVector(const ArenaAllocator<T>& allocator) noexcept : arena_(allocator.arena()) {}
  explicit ArenaVector(std::size_t count) : ArenaVector() { resize(count); }
  ArenaVector(std::size_t count, const T& value) : ArenaVector() { resize(count, value); }
  template <std::forward_iterator Iterator>
  ArenaVector(Iterator first, Iterator last) : ArenaVector() {
    append(first, last);
  }
  ArenaVector(std::initializer_list<T> list) : ArenaVector(list.begin(), list.end()) {}
  ArenaVector(const ArenaVector& other) : arena_(other.arena_) { append(other.begin(), other.end()); }
  ArenaVector(ArenaVector&& other) noexcept
      : arena_(other.arena_),
        first_(std::exchange(other.first_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ArenaVector& operator=(const ArenaVector& other) {
    if (this != &other) assign(other.begin(), other.end());
    return *this;
  }
  ArenaVector& operator=(ArenaVector&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ArenaVector() {
    std::destroy_n(first_, size_);
    if (arena_ == nullptr) Allocator::release(first_);
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t capacity() const noexcept { return capacity_; }
  T* data() noexcept { return first_; }
  const T* data() const noexcept { return first_; }
  T* begin() noexcept { return first_; }
  const T* begin() const noexcept { return first_; }
  T* end() noexcept { return first_ + size_; }
  const T* end() const noexcept { return first_ + size_; }
  T& operator[](std::size_t i) noexcept {
    PL_ASSERT(i < size_);
    return first_[i];
  }
  const T& operator[](std::size_t i) const noexcept {
    PL_ASSERT(i < size_);
    return first_[i];
  }
  T& front() noexcept { return (*this)[0]; }
  const T& front() const noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[size_ - 1u]; }
  const T& back() const noexcept { return (*this)[size_ - 1u]; }

  void reserve(std::size_t count) {
    if (count > capacity_) grow(count);
  }
  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) [[unlikely]] {
      if (first_ != nullptr || arena_ == nullptr) return grow_for(make(std::forward<Args>(args)...));
      // Most lists of a statement grow once: it is done here, for a call takes as long again.
      first_ = static_cast<T*>(arena_->allocate(kFirst * sizeof(T), alignof(T)));
      capacity_ = kFirst;
    }
    return *::new (first_ + size_++) T(make(std::forward<Args>(args)...));
  }
  void push_back(const T& value) { emplace_back(value); }
  void push_back(T&& value) { emplace_back(std::move(value)); }
  void pop_back() noexcept {
    PL_ASSERT(size_ > 0);
    std::destroy_at(first_ + --size_);
  }
  void clear() noexcept { shrink(0); }
  void resize(std::size_t count) {
    if (count <= size_) return shrink(count);
    reserve(count);
    while (size_ < count) ::new (first_ + size_++) T{};
  }
  void resize(std::size_t count, const T& value) {
    if (count <= size_) return shrink(count);
    const T copy(value);
    reserve(count);
    while (size_ < count) ::new (first_ + size_++) T(copy);
  }
  // From other places than this list.
  template <std::forward_iterator Iterator>
  void assign(Iterator first, Iterator last) {
    clear();
    append(first, last);
  }
  void assign(std::size_t count, const T& value) {
    const T copy(value);
    clear();
    resize(count, copy);
  }
  iterator insert(const_iterator place, const T& value) {
    const std::ptrdiff_t at = place - first_;
    push_back(value);
    std::rotate(first_ + at, end() - 1, end());
    return first_ + at;
  }
  template <std::forward_iterator Iterator>
  iterator insert(const_iterator place, Iterator first, Iterator last) {
    const std::ptrdiff_t at = place - first_;
    const std::size_t before = size_;
    append(first, last);
    std::rotate(first_ + at, first_ + before, end());
    return first_ + at;
  }
  iterator erase(const_iterator place) { return erase(place, place + 1); }
  iterator erase(const_iterator first, const_iterator last) {
    T* const at = first_ + (first - first_);
    std::move(first_ + (last - first_), end(), at);
    shrink(size_ - static_cast<std::size_t>(last - first));
    return at;
  }
  void swap(ArenaVector& other) noexcept {
    std::swap(arena_, other.arena_);
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  template <class... Args>
  static T make(Args&&... args) {
    if constexpr (std::is_constructible_v<T, Args...>) {
      return T(std::forward<Args>(args)...);
    } else {
      return T{std::forward<Args>(args)...};  // an aggregate
    }
  }
  template <class Iterator>
  void append(Iterator first, Iterator last) {
    const auto count = static_cast<std::size_t>(std::distance(first, last));
    reserve(size_ + count);
    if constexpr (kMovesAsBytes && std::contiguous_iterator<Iterator> &&
                  std::is_same_v<std::iter_value_t<Iterator>, T>) {
      if (count != 0) std::memcpy(static_cast<void*>(end()), std::to_address(first), count * sizeof(T));
      size_ += static_cast<std::uint32_t>(count);
    } else {
      for (; first != last; ++first) ::new (first_ + size_++) T(*first);
    }
  }
  void shrink(std::size_t count) noexcept {
    std::destroy(first_ + count, end());
    size_ = static_cast<std::uint32_t>(count);
  }

  static constexpr std::uint32_t kFirst = sizeof(T) <= 16 ? 8 : sizeof(T) <= 64 ? 4 : 2;

  // `made` lies elsewhere, whatever it was made from.
  [[gnu::noinline]] T& grow_for(T&& made) {
    grow(size_ + std::size_t{1});
    return *::new (first_ + size_++) T(std::move(made));
  }
  // Room for `count` elements at least, and for as many again as there are.
  void grow(std::size_t count) {
    const std::size_t wanted = std::max({count, capacity_ * std::size_t{2}, std::size_t{kFirst}});
    if (wanted > Allocator::kMaxBytes / sizeof(T)) throw std::bad_alloc();
    if (arena_ != nullptr && first_ != nullptr &&
        arena_->extend(first_ + capacity_, (wanted - capacity_) * sizeof(T))) {
      capacity_ = static_cast<std::uint32_t>(wanted);
      return;
    }
    T* const place = static_cast<T*>(arena_ != nullptr ? arena_->allocate(wanted * sizeof(T), alignof(T))
                                                       : Allocator::allocate(wanted * sizeof(T)));
    if constexpr (kMovesAsBytes) {
      if (size_ != 0) std::memcpy(static_cast<void*>(place), first_, size_ * sizeof(T));
    } else {
      std::uninitialized_move_n(first_, size_, place);
      std::destroy_n(first_, size_);
    }
    if (arena_ == nullptr) Allocator::release(first_);
    first_ = place;
    capacity_ = static_cast<std::uint32_t>(wanted);
  }

  Arena* arena_;  // null: the heap
  T* first_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace perlite::base
