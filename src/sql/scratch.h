// sql/scratch.h: lists under construction.
//
// A list of the tree has as many elements as the text says, known only at its end. Its elements wait in a Scratch,
// a stack of bytes shared by all open lists, and move into the arena in one piece. Lists nest as the parse does, so
// the innermost list is always the top of the stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "base/allocator.h"
#include "base/arena.h"

namespace perlite::sql {

class Scratch {
 public:
  Scratch() noexcept = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (bytes_ != inline_) base::Allocator::release(bytes_);
  }

  std::size_t size() const { return size_; }
  void shrink(std::size_t size) { size_ = size; }
  void* push(std::size_t size) {
    if (size > capacity_ - size_) grow(size);
    void* at = bytes_ + size_;
    size_ += size;
    return at;
  }
  char* at(std::size_t offset) { return bytes_ + offset; }

 private:
  void grow(std::size_t size);

  static constexpr std::size_t kInlineBytes = 2048;
  char* bytes_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = kInlineBytes;
  alignas(std::max_align_t) char inline_[kInlineBytes];
};

// One list. finish() moves its elements into the arena and closes it; a list that is dropped unfinished leaves its
// elements behind, which happens only when the parse fails.
template <class T>
class ListBuilder {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0 && alignof(T) <= 8);

 public:
  explicit ListBuilder(Scratch& scratch) : scratch_(scratch), begin_(scratch.size()) {}

  void add(const T& element) { std::memcpy(scratch_.push(sizeof(T)), &element, sizeof(T)); }
  std::size_t count() const { return (scratch_.size() - begin_) / sizeof(T); }
  std::span<const T> finish(Arena& arena) { return finish(scratch_, begin_, arena); }

  // Closes the list that begins at `begin`.
  static std::span<const T> finish(Scratch& scratch, std::size_t begin, Arena& arena) {
    const std::size_t bytes = scratch.size() - begin;
    if (bytes == 0) return {};
    void* copy = arena.allocate(bytes, alignof(T));
    std::memcpy(copy, scratch.at(begin), bytes);
    scratch.shrink(begin);
    return {static_cast<const T*>(copy), bytes / sizeof(T)};
  }

 private:
  Scratch& scratch_;
  std::size_t begin_;
};

}  // namespace perlite::sql
