// engine/compiled.h: a program with what keeps its names alive, and the cache of them by text.
//
// An entry is good while the shapes it was compiled for and the connection's generation stand (functions, collations,
// limits, switches and the authorizer move it). What the authorizer was asked is asked again on a hit: with one set,
// nothing is taken from here. The least recently used entry goes first; bounded in number.
//   Threads   under the connection's lock.
#pragma once

#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "base/allocator.h"
#include "catalog/shape_registry.h"
#include "vm/program.h"

namespace perlite::engine {

class CompiledRef;

// A program, and the shapes whose objects it points to. It stands in the program's arena, with the text and the shapes.
class Compiled {
 public:
  // Of a program that was just made. `text`: what the cache is to know it by; empty where it is not to be cached.
  // `shapes`: as many as it has room for.
  static CompiledRef make(vm::ProgramRef program, std::string_view text, std::size_t shapes);
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  std::string_view text() const noexcept { return text_; }
  void keep(const catalog::ShapeRef& shape) noexcept { ::new (shapes_ + shape_count_++) catalog::ShapeRef(shape); }

  const vm::ProgramRef& program() const noexcept { return program_; }
  bool once = false;             // compiling it did something: it is not taken from the cache
  std::uint64_t generation = 0;  // of the connection, when it was compiled
  std::size_t tail = 0;          // bytes of the text that the statement took, the semicolon included

 private:
  friend class CompiledRef;
  friend class CompiledCache;
  Compiled() = default;
  ~Compiled() {
    for (std::size_t i = 0; i < shape_count_; ++i) shapes_[i].~ShapeRef();
  }
  // The program goes with the last of its references, and this with it.
  void release() noexcept { static_cast<void>(take_last()); }
  // Gives one reference up. Answers the program where it was the last one.
  vm::ProgramRef take_last() noexcept {
    if (--references_ != 0) return {};
    vm::ProgramRef last = std::move(program_);
    this->~Compiled();
    return last;
  }

  vm::ProgramRef program_;
  std::string_view text_;
  catalog::ShapeRef* shapes_ = nullptr;
  std::size_t shape_count_ = 0;
  int references_ = 0;  // all of one connection, under its lock
  // Of the cache.
  unsigned flags_ = 0;
  std::uint64_t hash_ = 0;
  Compiled* newer_ = nullptr;
  Compiled* older_ = nullptr;
  Compiled* next_in_bucket_ = nullptr;
};

class CompiledRef {
 public:
  CompiledRef() noexcept = default;
  explicit CompiledRef(Compiled* compiled) noexcept : compiled_(compiled) {
    if (compiled_ != nullptr) ++compiled_->references_;
  }
  CompiledRef(const CompiledRef& other) noexcept : CompiledRef(other.compiled_) {}
  CompiledRef(CompiledRef&& other) noexcept : compiled_(std::exchange(other.compiled_, nullptr)) {}
  CompiledRef& operator=(CompiledRef other) noexcept {
    std::swap(compiled_, other.compiled_);
    return *this;
  }
  ~CompiledRef() {
    if (compiled_ != nullptr) compiled_->release();
  }
  Compiled* operator->() const noexcept { return compiled_; }
  Compiled& operator*() const noexcept { return *compiled_; }
  explicit operator bool() const noexcept { return compiled_ != nullptr; }

 private:
  Compiled* compiled_ = nullptr;
};

class CompiledCache {
 public:
  static constexpr std::size_t kCapacity = 64;
  static constexpr std::size_t kMaxTextBytes = 16384;

  CompiledCache() = default;
  CompiledCache(const CompiledCache&) = delete;
  CompiledCache& operator=(const CompiledCache&) = delete;
  ~CompiledCache() { clear(); }

  // How a text is looked for.
  static std::uint64_t hash_of(std::string_view text) noexcept;
  // What was compiled from exactly the text of one prepare call; null when there is none.
  Compiled* find(std::string_view text, std::uint64_t hash, unsigned flags, std::uint64_t generation) noexcept;
  // For a text that find() did not know just now; not without text().
  void add(std::uint64_t hash, unsigned flags, const CompiledRef& compiled) noexcept;
  void clear() noexcept;
  std::uint64_t hits = 0;
  vm::SpareProgram spare;  // of an entry that went

 private:
  static constexpr unsigned kBucketBits = 7;
  static constexpr std::size_t kBuckets = std::size_t{1} << kBucketBits;
  static std::size_t bucket_of(std::uint64_t hash) noexcept { return hash >> (64 - kBucketBits); }
  void unlink(Compiled* entry) noexcept;
  void push_front(Compiled* entry) noexcept;
  void remove(Compiled* entry) noexcept;

  Compiled* buckets_[kBuckets] = {};
  Compiled* newest_ = nullptr;
  Compiled* oldest_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace perlite::engine
