#include "engine/compiled.h"

#include <cstring>

namespace perlite::engine {

CompiledRef Compiled::make(std::string_view text, std::size_t shapes) {
  static_assert(alignof(Compiled) >= alignof(catalog::ShapeRef));
  const std::size_t shapes_size = shapes * sizeof(catalog::ShapeRef);
  auto* const memory = static_cast<char*>(base::Allocator::allocate(sizeof(Compiled) + shapes_size + text.size()));
  auto* const compiled = ::new (memory) Compiled;
  compiled->shapes_ = reinterpret_cast<catalog::ShapeRef*>(memory + sizeof(Compiled));
  char* const copy = memory + sizeof(Compiled) + shapes_size;
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  compiled->text_ = {copy, text.size()};
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
  for (; i < text.size(); ++i) hash = (hash ^ static_cast<std::uint8_t>(text[i])) * 0x100000001b3ull;
  return hash ^ (hash >> 32);
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

Compiled* CompiledCache::find(std::string_view text, unsigned flags, std::uint64_t generation) noexcept {
  const std::uint64_t hash = hash_of(text);
  for (Compiled* entry = buckets_[hash % kBuckets]; entry != nullptr; entry = entry->next_in_bucket_) {
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

void CompiledCache::add(unsigned flags, const CompiledRef& compiled) noexcept {
  if (count_ >= kCapacity) remove(oldest_);
  Compiled* const entry = &*compiled;
  ++entry->references_;
  entry->flags_ = flags;
  entry->hash_ = hash_of(entry->text_);
  entry->next_in_bucket_ = buckets_[entry->hash_ % kBuckets];
  buckets_[entry->hash_ % kBuckets] = entry;
  push_front(entry);
  ++count_;
}

void CompiledCache::remove(Compiled* entry) noexcept {
  Compiled** link = &buckets_[entry->hash_ % kBuckets];
  while (*link != entry) link = &(*link)->next_in_bucket_;
  *link = entry->next_in_bucket_;
  unlink(entry);
  --count_;
  if (--entry->references_ == 0) delete entry;
}

void CompiledCache::clear() noexcept {
  while (oldest_ != nullptr) remove(oldest_);
}

}  // namespace perlite::engine
