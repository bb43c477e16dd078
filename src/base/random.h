// base/random.h: the process-wide stream of random bytes (random(), randomblob(), salts, temporary names).
//
// A ChaCha20 stream (RFC 8439, section 2.3) that is keyed once from a source of entropy, which is the default VFS.
//   Threads   any.
#pragma once

#include <cstddef>
#include <cstdint>

namespace perlite::base {

// Fills `size` bytes at `out` with entropy; set at initialisation. Without one the key is all zero.
void set_entropy_source(void (*fill)(void* out, std::size_t size)) noexcept;

void random_bytes(void* out, std::size_t size) noexcept;
std::uint64_t random_u64() noexcept;

void reset_random() noexcept;  // the next call takes a new key
// For tests: keeps the state and goes back to it; a seed other than 0 makes the stream repeatable.
void save_random() noexcept;
void restore_random() noexcept;
void seed_random(std::uint32_t seed) noexcept;

}  // namespace perlite::base
