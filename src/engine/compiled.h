// engine/compiled.h: a program with what keeps its names alive, and the cache of them by text.
//
// An entry is good while the shapes it was compiled for and the connection's generation stand (functions, collations,
// limits, switches and the authorizer move it). What the authorizer was asked is asked again on a hit: with one set,
// nothing is taken from here. The least recently used entry goes first; bounded in number.
//   Threads   under the connection's lock.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/allocator.h"
#include "base/containers.h"
#include "catalog/shape_registry.h"
#include "vm/program.h"

namespace perlite::engine {

// A program, and the shapes whose objects it points to.
class Compiled : public Allocated {
 public:
  vm::ProgramRef program;
  Vector<catalog::ShapeRef> shapes;
  bool once = false;             // compiling it did something: it is not taken from the cache
  std::uint64_t generation = 0;  // of the connection, when it was compiled

 private:
  friend class CompiledRef;
  int references_ = 0;  // all of one connection, under its lock
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
    if (compiled_ != nullptr && --compiled_->references_ == 0) delete compiled_;
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

  struct Entry : Allocated {
    String text;           // the statement alone, as written
    std::size_t tail = 0;  // bytes of the text that the statement took, the semicolon included
    unsigned flags = 0;
    CompiledRef compiled;
    Entry* newer = nullptr;
    Entry* older = nullptr;
    Entry* next_in_bucket = nullptr;
    std::uint64_t hash = 0;
  };

  // The entry for a text that begins with it, null when there is none. `text` must be exactly the text of one prepare
  // call.
  Entry* find(std::string_view text, unsigned flags, std::uint64_t generation) noexcept;
  void add(std::string_view text, unsigned flags, std::size_t tail, CompiledRef compiled);
  void remove(Entry* entry) noexcept;
  void clear() noexcept;
  std::uint64_t hits = 0;

 private:
  static constexpr std::size_t kBuckets = 128;
  static std::uint64_t hash_of(std::string_view text) noexcept;
  void unlink(Entry* entry) noexcept;
  void push_front(Entry* entry) noexcept;

  Entry* buckets_[kBuckets] = {};
  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace perlite::engine
