// base/deep_stack.h: recursion over what users write, on whatever stack they call us.
//
// A statement may nest a thousand levels deep, and the thread that prepares it may have 256 KB of stack. Within a
// DeepStackScope, a function that calls itself looks at stack_is_low() first, and if so goes on on another stack:
//
//   Status Walker::node(const Node& n) {
//     if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return node(n); });
//
// The caller's stack is used as far as it goes, where the system tells how far that is; behind it come segments from the
// Allocator, which are given back when the scope ends. Every cycle of calls needs one function that looks.
//   Reserve    what stands between two looks must need less than kStackReserve.
//   Errors     std::bad_alloc when there is no memory for a segment.
//   Threads    the state is the thread's own.
//   Elsewhere  where the system cannot switch stacks, the calls run where they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "base/function_ref.h"
#include "base/thread_local.h"

namespace perlite {

inline constexpr std::size_t kStackReserve = 96 * 1024;

namespace base {
// Below this address the stack is low; 0 outside a scope.
PL_FIXED_THREAD_LOCAL extern thread_local constinit std::uintptr_t stack_floor;
void run_on_deeper_stack(FunctionRef<void()> body);
}  // namespace base

// The outermost scope of a thread counts; one within it changes nothing. It wants kStackReserve free where it begins.
class DeepStackScope {
 public:
  DeepStackScope() noexcept;
  ~DeepStackScope();
  DeepStackScope(const DeepStackScope&) = delete;
  DeepStackScope& operator=(const DeepStackScope&) = delete;

 private:
  bool outermost_;
};

inline bool stack_is_low() noexcept {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) < base::stack_floor;
}

// Runs `body` where there is stack, and returns what it returns.
template <class F>
auto on_deeper_stack(F&& body) {
  using R = std::invoke_result_t<F&>;
  if constexpr (std::is_void_v<R>) {
    base::run_on_deeper_stack(body);
  } else {
    std::optional<R> result;
    base::run_on_deeper_stack([&] { result.emplace(body()); });
    return std::move(*result);
  }
}

}  // namespace perlite
