// base/assert.h: invariants of our own.
//
// PL_ASSERT states what must hold unless Perlite itself is wrong. Never use it for bytes of a file, for SQL or for a
// caller's arguments: those are input and get a Status. Checked in debug builds (PERLITE_DEBUG), assumed elsewhere.
#pragma once

namespace perlite::base {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

#ifdef PERLITE_DEBUG
#define PL_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::perlite::base::assertion_failed(#expression, __FILE__, __LINE__))
#else
#define PL_ASSERT(expression) static_cast<void>(sizeof((expression) ? 1 : 0))
#endif
