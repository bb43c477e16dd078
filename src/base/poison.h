// base/poison.h: what the address sanitizer is told about memory that we divide ourselves.
//
// In a build with the sanitizer a read or write of a poisoned byte is reported like one behind the end of a heap block.
// In other builds all of this is nothing.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define PL_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PL_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef PL_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace perlite::base {

#ifdef PL_ADDRESS_SANITIZER
inline constexpr bool kAddressSanitizer = true;
inline void poison(const void* memory, std::size_t size) noexcept { __asan_poison_memory_region(memory, size); }
inline void unpoison(const void* memory, std::size_t size) noexcept { __asan_unpoison_memory_region(memory, size); }
#else
inline constexpr bool kAddressSanitizer = false;
inline void poison(const void*, std::size_t) noexcept {}
inline void unpoison(const void*, std::size_t) noexcept {}
#endif

}  // namespace perlite::base
