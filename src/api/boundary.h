// api/boundary.h: what stands between C and C++.
//
// std::bad_alloc ends here: each exported function that may allocate runs its body through without_exceptions().
#pragma once

#include <new>
#include <utility>

#include "base/allocator.h"

namespace perlite::api {

// The body's answer, or `failure` when memory ran out.
template <class Body, class Value>
auto without_exceptions(Value failure, Body&& body) noexcept -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    return failure;
  }
}

}  // namespace perlite::api
