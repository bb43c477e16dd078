// base/arena.h: memory that goes away in one step.
//
// Trees, bound trees and plans live here: plain structs, trivially destroyed, joined by raw pointers. Throws
// std::bad_alloc. Not thread-safe. Under the address sanitizer what was not handed out is poisoned, and a gap stays
// behind every object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/allocator.h"
#include "base/poison.h"

namespace perlite {

class Arena {
 public:
  explicit Arena(std::size_t first_chunk_bytes = 2048) noexcept : next_chunk_bytes_(first_chunk_bytes) {}
  // Hands out `memory` of the caller's before any of the Allocator's; it must outlive the arena.
  Arena(std::span<std::byte> memory, std::size_t next_chunk_bytes) noexcept
      : cursor_(reinterpret_cast<char*>(memory.data())),
        end_(cursor_ + memory.size()),
        next_chunk_bytes_(next_chunk_bytes) {
    base::poison(memory.data(), memory.size());
  }
  Arena(Arena&& other) noexcept
      : cursor_(std::exchange(other.cursor_, nullptr)),
        end_(std::exchange(other.end_, nullptr)),
        chunks_(std::exchange(other.chunks_, nullptr)),
        next_chunk_bytes_(other.next_chunk_bytes_),
        bytes_(std::exchange(other.bytes_, 0)) {}
  Arena& operator=(Arena&&) = delete;
  ~Arena() { clear(); }

  void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
    auto at = (reinterpret_cast<std::uintptr_t>(cursor_) + (alignment - 1)) & ~(alignment - 1);
    // An arena without memory ends at null, and has room for nothing.
    if (at + size > reinterpret_cast<std::uintptr_t>(end_)) [[unlikely]] return allocate_slow(size, alignment);
    cursor_ = reinterpret_cast<char*>(at + size + kGap);  // may pass end_, by the gap
    base::unpoison(reinterpret_cast<void*>(at), size);
    return reinterpret_cast<void*>(at);
  }

  // Makes the object that ends at `end` longer by `more` bytes, where it is: true when it was the last, and there is room.
  bool extend(const void* end, std::size_t more) noexcept {
    if (kGap != 0 || cursor_ != end || more > static_cast<std::size_t>(end_ - cursor_)) return false;
    cursor_ += more;
    return true;
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return ::new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }
  // `count` default-initialised elements.
  template <class T>
  std::span<T> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    T* first = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; i < count; ++i) ::new (first + i) T{};
    return {first, count};
  }
  // A copy of the elements of any contiguous range.
  template <class Range>
  auto copy_array(const Range& range) {
    using T = std::remove_cvref_t<decltype(*range.data())>;
    static_assert(std::is_trivially_destructible_v<T>);
    const std::size_t count = range.size();
    if (count == 0) return std::span<T>();
    T* const first = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; i < count; ++i) ::new (first + i) T(range.data()[i]);
    return std::span<T>(first, count);
  }
  // A copy of `text`, with a NUL behind it.
  std::string_view copy_text(std::string_view text) {
    char* copy = static_cast<char*>(allocate(text.size() + 1, 1));
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return {copy, text.size()};
  }

  std::size_t bytes() const noexcept { return bytes_; }  // taken from the Allocator
  void clear() noexcept {
    while (chunks_ != nullptr) base::Allocator::release(std::exchange(chunks_, chunks_->next));
    cursor_ = end_ = nullptr;
    bytes_ = 0;
  }

 private:
  struct Chunk {
    Chunk* next;
    std::size_t size;
  };
  static constexpr std::size_t kGap = base::kAddressSanitizer ? 16 : 0;

  void* allocate_slow(std::size_t size, std::size_t alignment);

  char* cursor_ = nullptr;
  char* end_ = nullptr;
  Chunk* chunks_ = nullptr;
  std::size_t next_chunk_bytes_;
  std::size_t bytes_ = 0;
};

// An arena whose first `kBytes` lie in itself, for work that mostly needs no more.
template <std::size_t kBytes>
class StackArena {
 public:
  explicit StackArena(std::size_t next_chunk_bytes) noexcept : arena_(memory_, next_chunk_bytes) {}
  ~StackArena() { base::unpoison(memory_, sizeof memory_); }
  StackArena(const StackArena&) = delete;
  StackArena& operator=(const StackArena&) = delete;

  Arena& operator*() noexcept { return arena_; }

 private:
  alignas(std::max_align_t) std::byte memory_[kBytes];
  Arena arena_;
};

}  // namespace perlite
