// base/thread_local.h: thread-local variables that are read all the time.
//
// In a shared library each use of a thread-local variable calls the loader, unless its place is fixed when the library
// is loaded. glibc keeps room for a few such variables of libraries that are loaded late; other loaders may refuse
// them.
#pragma once

#include <cstddef>  // defines __GLIBC__ where it is that

#if defined(__GLIBC__)
#define PL_FIXED_THREAD_LOCAL [[gnu::tls_model("initial-exec")]]
#else
#define PL_FIXED_THREAD_LOCAL
#endif
