#include "vm/slot_table.h"

#include <algorithm>
#include <bit>
#include <new>

#include "record/affinity.h"

namespace perlite::vm {

using record::Value;

char* RowArena::allocate(std::size_t size, std::uint32_t* reference) {
  const std::size_t needed = (size + 7) & ~std::size_t{7};
  if (chunks_.empty() || chunks_.back().capacity - chunks_.back().used < needed) {
    const std::size_t wanted = chunks_.empty() ? 2048 : chunks_.size() == 1 ? 32768 : std::size_t{kChunkUnits} * 8;
    const std::size_t capacity = std::max(needed, wanted);
    if (chunks_.size() >= (std::size_t{1} << (32 - kUnitBits)) - 1) throw std::bad_alloc();
    chunks_.reserve(chunks_.size() + 1);
    chunks_.push_back({static_cast<char*>(base::Allocator::allocate(capacity)), 0, capacity});
    memory_used_ += capacity;
  }
  Chunk& chunk = chunks_.back();
  if (reference != nullptr) {
    *reference = static_cast<std::uint32_t>((chunks_.size() - 1) << kUnitBits | chunk.used / 8);
  }
  char* memory = chunk.data + chunk.used;
  chunk.used += needed;
  return memory;
}

void RowArena::clear() noexcept {
  for (const Chunk& chunk : chunks_) base::Allocator::release(chunk.data);
  chunks_.clear();
  memory_used_ = 0;
}

char* RowArena::Walk::next() noexcept {
  while (chunk_ < arena_->chunks_.size() && offset_ >= arena_->chunks_[chunk_].used) {
    ++chunk_;
    offset_ = 0;
  }
  if (chunk_ >= arena_->chunks_.size()) return nullptr;
  char* piece = arena_->chunks_[chunk_].data + offset_;
  std::uint32_t size;
  std::memcpy(&size, piece, sizeof(size));
  offset_ += (std::size_t{size} + 7) & ~std::size_t{7};
  return piece;
}

void SlotTable::insert(std::uint32_t hash, std::uint32_t reference) {
  if (slots_.empty() || count_ >= (mask_ + 1) / 4 * 3) {
    const std::size_t size = slots_.empty() ? 16 : slots_.size() * 2;
    Vector<Slot> grown(size, Slot{0, kNone});
    const auto mask = static_cast<std::uint32_t>(size - 1);
    for (const Slot& slot : slots_) {
      if (slot.reference == kNone) continue;
      std::uint32_t at = slot.hash & mask;
      while (grown[at].reference != kNone) at = (at + 1) & mask;
      grown[at] = slot;
    }
    slots_.swap(grown);
    mask_ = mask;
  }
  std::uint32_t at = hash & mask_;
  while (slots_[at].reference != kNone) at = (at + 1) & mask_;
  slots_[at] = {hash, reference};
  ++count_;
}

namespace {

constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15u;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * kMultiplier;
  return hash ^ (hash >> 32);
}

std::uint64_t hash_bytes(std::uint64_t hash, const char* bytes, std::size_t size) noexcept {
  hash = mix(hash, size);
  for (; size >= 8; bytes += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, 8);
    hash = mix(hash, word);
  }
  if (size != 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, size);
    hash = mix(hash, word);
  }
  return hash;
}

std::uint64_t hash_folded(std::uint64_t hash, std::string_view text) noexcept {
  for (const char letter : text) {
    auto byte = static_cast<std::uint8_t>(letter);
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<std::uint8_t>(byte + 32);
    hash = (hash ^ byte) * 0x100000001b3u;
  }
  return mix(hash, text.size());
}

// Texts that NOCASE or RTRIM take for equal have the same ASCII letters in the same order, trailing spaces aside. Good
// enough for UTF-16, where the rest may be written in several ways.
std::uint64_t hash_utf16(std::uint64_t hash, std::string_view text, bool little_endian) noexcept {
  std::size_t size = text.size() & ~std::size_t{1};
  const auto unit = [&](std::size_t at) {
    const auto low = static_cast<std::uint8_t>(text[at + (little_endian ? 0 : 1)]);
    const auto high = static_cast<std::uint8_t>(text[at + (little_endian ? 1 : 0)]);
    return static_cast<unsigned>(low | high << 8);
  };
  while (size >= 2 && unit(size - 2) == ' ') size -= 2;
  for (std::size_t at = 0; at < size; at += 2) {
    unsigned letter = unit(at);
    if (letter >= 0x80) continue;
    if (letter >= 'A' && letter <= 'Z') letter += 32;
    hash = (hash ^ letter) * 0x100000001b3u;
  }
  return hash;
}

std::uint64_t hash_text(std::uint64_t hash, const Value& value, const record::Collation& collation) noexcept {
  std::string_view text(value.data, value.size);
  if (collation.kind == record::CollationKind::Binary) return hash_bytes(hash, text.data(), text.size());
  if (value.encoding != TextEncoding::Utf8) {
    return hash_utf16(hash, text, value.encoding == TextEncoding::Utf16le);
  }
  if (collation.kind == record::CollationKind::NoCase) return hash_folded(hash, text);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return hash_bytes(hash, text.data(), text.size());
}

}  // namespace

bool is_hashable(const record::KeyInfo& key) noexcept {
  for (std::size_t i = 0; i < key.fields.size(); ++i) {
    if (key.collation(i).kind == record::CollationKind::User) return false;
  }
  return true;
}

std::uint32_t hash_key(std::span<const Value> values, const record::KeyInfo& key) noexcept {
  std::uint64_t hash = 0x2545f4914f6cdd1du;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    switch (value.type) {
      case ValueType::Null:
        hash = mix(hash, 0x6e);
        break;
      case ValueType::Integer:
        hash = mix(hash, static_cast<std::uint64_t>(value.integer));
        break;
      case ValueType::Real: {
        // A real that is an integer equals it.
        std::int64_t integer;
        const bool is_integer = record::real_is_integer(value.real, &integer);
        hash = mix(hash, is_integer ? static_cast<std::uint64_t>(integer) : std::bit_cast<std::uint64_t>(value.real));
        break;
      }
      case ValueType::Text:
        hash = hash_text(hash, value, key.collation(i));
        break;
      default:
        if (value.has(Value::kZeroBlob)) {
          // Its bytes are not there; hashed as they would be.
          hash = mix(hash, value.size);
          std::uint32_t left = value.size;
          for (; left >= 8; left -= 8) hash = mix(hash, 0);
          if (left != 0) hash = mix(hash, 0);
        } else {
          hash = hash_bytes(hash, value.data, value.size);
        }
        break;
    }
  }
  // The upper half of a last product has seen every bit.
  return static_cast<std::uint32_t>((hash * 0xd6e8feb86659fd93u) >> 32);
}

bool equal_key(const char* row, std::span<const Value> values, const record::KeyInfo& key) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    Value stored;
    row = packed::read(row, value.encoding, &stored);
    if (stored.type == value.type) {
      switch (value.type) {
        case ValueType::Null:
          continue;
        case ValueType::Integer:
          if (stored.integer != value.integer) return false;
          continue;
        case ValueType::Text:
          if (key.collation(i).is_binary()) {
            if (stored.size != value.size || std::memcmp(stored.data, value.data, value.size) != 0) return false;
            continue;
          }
          break;
        default:
          break;
      }
    } else if (stored.is_null() || value.is_null()) {
      return false;
    }
    if (record::compare_values(stored, value, key.collation(i)) != 0) return false;
  }
  return true;
}

}  // namespace perlite::vm
