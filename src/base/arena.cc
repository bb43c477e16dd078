#include "base/arena_containers.h"

namespace perlite {

PL_FIXED_THREAD_LOCAL thread_local constinit Arena* ArenaScope::current_ = nullptr;

// A request that does not fit opens a new chunk; chunks double up to 64 KiB so that small statements stay small.
void* Arena::allocate_slow(std::size_t size, std::size_t alignment) {
  if (size > base::Allocator::kMaxBytes - 65536) throw std::bad_alloc();
  const std::size_t wanted = sizeof(Chunk) + size + alignment + kGap;
  const std::size_t bytes = wanted > next_chunk_bytes_ ? wanted : next_chunk_bytes_;
  auto* chunk = static_cast<Chunk*>(base::Allocator::allocate(bytes));
  chunk->next = chunks_;
  chunk->size = bytes;
  chunks_ = chunk;
  bytes_ += bytes;
  if (next_chunk_bytes_ < 65536) next_chunk_bytes_ *= 2;
  const auto at = (reinterpret_cast<std::uintptr_t>(chunk + 1) + (alignment - 1)) & ~(alignment - 1);
  cursor_ = reinterpret_cast<char*>(at + size + kGap);
  end_ = reinterpret_cast<char*>(chunk) + bytes;
  base::poison(chunk + 1, bytes - sizeof(Chunk));
  base::unpoison(reinterpret_cast<void*>(at), size);
  return reinterpret_cast<void*>(at);
}

}  // namespace perlite
