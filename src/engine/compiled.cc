#include "engine/compiled.h"

#include <cstring>

namespace perlite::engine {

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

void CompiledCache::unlink(Entry* entry) noexcept {
  (entry->newer != nullptr ? entry->newer->older : newest_) = entry->older;
  (entry->older != nullptr ? entry->older->newer : oldest_) = entry->newer;
  entry->newer = entry->older = nullptr;
}

void CompiledCache::push_front(Entry* entry) noexcept {
  entry->older = newest_;
  if (newest_ != nullptr) newest_->newer = entry;
  newest_ = entry;
  if (oldest_ == nullptr) oldest_ = entry;
}

CompiledCache::Entry* CompiledCache::find(std::string_view text, unsigned flags, std::uint64_t generation) noexcept {
  const std::uint64_t hash = hash_of(text);
  for (Entry* entry = buckets_[hash % kBuckets]; entry != nullptr; entry = entry->next_in_bucket) {
    if (entry->hash != hash || entry->flags != flags || entry->text != text) continue;
    if (entry->compiled->generation != generation) {
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

void CompiledCache::add(std::string_view text, unsigned flags, std::size_t tail, CompiledRef compiled) {
  if (text.size() > kMaxTextBytes) return;
  if (count_ >= kCapacity) remove(oldest_);
  auto entry = make_unique<Entry>();
  entry->text.assign(text);
  entry->hash = hash_of(text);
  entry->tail = tail;
  entry->flags = flags;
  entry->compiled = std::move(compiled);
  entry->next_in_bucket = buckets_[entry->hash % kBuckets];
  buckets_[entry->hash % kBuckets] = entry.get();
  push_front(entry.release());
  ++count_;
}

void CompiledCache::remove(Entry* entry) noexcept {
  Entry** link = &buckets_[entry->hash % kBuckets];
  while (*link != entry) link = &(*link)->next_in_bucket;
  *link = entry->next_in_bucket;
  unlink(entry);
  delete entry;
  --count_;
}

void CompiledCache::clear() noexcept {
  while (oldest_ != nullptr) remove(oldest_);
}

}  // namespace perlite::engine
