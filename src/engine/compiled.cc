#include "engine/compiled.h"

#include <cstring>

namespace perlite::engine {

CompiledRef Compiled::make(vm::ProgramRef program, std::string_view text, std::size_t shapes) {
  Arena& arena = const_cast<vm::Program&>(*program).arena;  // nobody else has the program yet
  auto* const compiled = ::new (arena.allocate(sizeof(Compiled), alignof(Compiled))) Compiled;
  compiled->shapes_ = static_cast<catalog::ShapeRef*>(
      arena.allocate(shapes * sizeof(catalog::ShapeRef), alignof(catalog::ShapeRef)));
  if (!text.empty()) compiled->text_ = arena.copy_text(text);
  compiled->program_ = std::move(program);
  return CompiledRef(compiled);
}

// FNV-1a over words of eight bytes: texts are short and compared in full afterwards.
std::uint64_t CompiledCache::hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ull ^ text.size();
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
  }
  if (i < text.size()) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data() + i, text.size() - i);
    hash = (hash ^ rest) * 0x9e3779b97f4a7c15ull;
  }
  return hash;  // its first bits depend on all of the text
}

void CompiledCache::unlink(Compiled* entry) noexcept {
  (entry->newer_ != nullptr ? entry->newer_->older_ : newest_) = entry->older_;
  (entry->older_ != nullptr ? entry->older_->newer_ : oldest_) = entry->newer_;
  entry->newer_ = entry->older_ = nullptr;
}

void CompiledCache::push_front(Compiled* entry) noexcept {
  entry->older_ = newest_;
  if (newest_ != nullptr) newest_->newer_ = entry;
  newest_ = entry;
  if (oldest_ == nullptr) oldest_ = entry;
}

Compiled* CompiledCache::find(std::string_view text, std::uint64_t hash, unsigned flags,
                              std::uint64_t generation) noexcept {
  for (Compiled* entry = buckets_[bucket_of(hash)]; entry != nullptr; entry = entry->next_in_bucket_) {
    if (entry->hash_ != hash || entry->flags_ != flags || entry->text_ != text) continue;
    if (entry->generation != generation) {
      remove(entry);
      return nullptr;
    }
    if (entry != newest_) {
      unlink(entry);
      push_front(entry);
    }
    ++hits;
    return entry;
  }
  return nullptr;
}

void CompiledCache::add(std::uint64_t hash, unsigned flags, const CompiledRef& compiled) noexcept {
  if (count_ >= kCapacity) remove(oldest_);
  Compiled* const entry = &*compiled;
  ++entry->references_;
  entry->flags_ = flags;
  entry->hash_ = hash;
  entry->next_in_bucket_ = buckets_[bucket_of(hash)];
  buckets_[bucket_of(hash)] = entry;
  push_front(entry);
  ++count_;
}

void CompiledCache::remove(Compiled* entry) noexcept {
  Compiled** link = &buckets_[bucket_of(entry->hash_)];
  while (*link != entry) link = &(*link)->next_in_bucket_;
  *link = entry->next_in_bucket_;
  unlink(entry);
  --count_;
  if (vm::ProgramRef last = entry->take_last()) spare.keep(std::move(last));
}

void CompiledCache::clear() noexcept {
  while (oldest_ != nullptr) remove(oldest_);
  spare.release();
}

}  // namespace perlite::engine
