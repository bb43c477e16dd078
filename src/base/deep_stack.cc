#include "base/deep_stack.h"

#include <new>

#include "base/allocator.h"

#if __has_include(<ucontext.h>) && !defined(__wasm__)
#include <pthread.h>
#include <ucontext.h>
#define PERLITE_SWITCHES_STACKS 1
#else
#define PERLITE_SWITCHES_STACKS 0
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PERLITE_STACKS_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define PERLITE_STACKS_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(PERLITE_STACKS_ASAN)
#define PERLITE_STACKS_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(PERLITE_STACKS_TSAN)
#define PERLITE_STACKS_TSAN 1
#endif
#ifdef PERLITE_STACKS_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef PERLITE_STACKS_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace perlite {
namespace base {

PL_FIXED_THREAD_LOCAL thread_local constinit std::uintptr_t stack_floor = 0;

namespace {

// What a scope may use of a stack of unknown size before it asks how large that is.
constexpr std::size_t kUnasked = 24 * 1024;
constexpr std::size_t kSegmentBytes = 1024 * 1024;

struct Segment {
  Segment* next;
  char* bytes() noexcept { return reinterpret_cast<char*>(this); }
};

struct Stacks {
  Segment* spare = nullptr;
  bool asked = false;  // the floor is that of the caller's stack, or of a segment
  // The thread's own stack, once somebody asked; end 0: unknown.
  bool own_known = false;
  std::uintptr_t own_begin = 0;
  std::uintptr_t own_end = 0;
};
PL_FIXED_THREAD_LOCAL thread_local constinit Stacks stacks;

std::uintptr_t here() noexcept { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

#if PERLITE_SWITCHES_STACKS
// The lowest address of the thread's stack; 0 when the system cannot tell or the thread runs on another one (a
// coroutine's).
std::uintptr_t end_of_stack() noexcept {
#ifdef __GLIBC__
  if (!stacks.own_known) {
    stacks.own_known = true;
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
    void* lowest = nullptr;
    std::size_t size = 0;
    std::size_t guard = 0;  // counted in `size`, and not to be touched
    if (::pthread_attr_getstack(&attributes, &lowest, &size) == 0 &&
        ::pthread_attr_getguardsize(&attributes, &guard) == 0) {
      stacks.own_end = reinterpret_cast<std::uintptr_t>(lowest) + guard;
      stacks.own_begin = reinterpret_cast<std::uintptr_t>(lowest) + size;
    }
    ::pthread_attr_destroy(&attributes);
  }
  return here() > stacks.own_end && here() < stacks.own_begin ? stacks.own_end : 0;
#else
  return 0;
#endif
}

// One call on another stack. makecontext() passes ints, so the pointer comes in two halves.
struct Call {
  FunctionRef<void()> body;
  bool no_memory = false;
  ucontext_t caller{};
  ucontext_t callee{};
#ifdef PERLITE_STACKS_ASAN
  const void* caller_stack = nullptr;
  std::size_t caller_size = 0;
#endif
#ifdef PERLITE_STACKS_TSAN
  void* caller_fiber = nullptr;
#endif
};

void enter(unsigned high, unsigned low) {
  auto& call = *reinterpret_cast<Call*>((static_cast<std::uintptr_t>(high) << 16 << 16) | low);
#ifdef PERLITE_STACKS_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &call.caller_stack, &call.caller_size);
#endif
  try {
    call.body();
  } catch (const std::bad_alloc&) {
    call.no_memory = true;
  }
#ifdef PERLITE_STACKS_ASAN
  __sanitizer_start_switch_fiber(nullptr, call.caller_stack, call.caller_size);
#endif
#ifdef PERLITE_STACKS_TSAN
  __tsan_switch_to_fiber(call.caller_fiber, 0);
#endif
}

void run_on(char* stack, std::size_t size, Call& call) {
  if (::getcontext(&call.callee) != 0) throw std::bad_alloc();
  call.callee.uc_stack.ss_sp = stack;
  call.callee.uc_stack.ss_size = size;
  call.callee.uc_link = &call.caller;
  const auto address = reinterpret_cast<std::uintptr_t>(&call);
  ::makecontext(&call.callee, reinterpret_cast<void (*)()>(enter), 2, static_cast<unsigned>(address >> 16 >> 16),
                static_cast<unsigned>(address));
#ifdef PERLITE_STACKS_TSAN
  call.caller_fiber = __tsan_get_current_fiber();
  void* const fiber = __tsan_create_fiber(0);
  __tsan_switch_to_fiber(fiber, 0);
#endif
#ifdef PERLITE_STACKS_ASAN
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack, size);
#endif
  ::swapcontext(&call.caller, &call.callee);
#ifdef PERLITE_STACKS_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
#ifdef PERLITE_STACKS_TSAN
  __tsan_destroy_fiber(fiber);
#endif
}
#endif

}  // namespace

void run_on_deeper_stack(FunctionRef<void()> body) {
#if PERLITE_SWITCHES_STACKS
  if (!stacks.asked) {
    stacks.asked = true;
    if (const std::uintptr_t end = end_of_stack(); end != 0) stack_floor = end + kStackReserve;
    if (!stack_is_low()) return body();
  }
  Segment* segment = stacks.spare;
  if (segment != nullptr) {
    stacks.spare = segment->next;
  } else {
    segment = ::new (Allocator::allocate(kSegmentBytes)) Segment;
  }
  Call call{body};
  const std::uintptr_t floor = stack_floor;
  stack_floor = reinterpret_cast<std::uintptr_t>(segment) + kStackReserve;
  run_on(segment->bytes() + 64, kSegmentBytes - 64, call);
  stack_floor = floor;
  segment->next = stacks.spare;
  stacks.spare = segment;
  if (call.no_memory) throw std::bad_alloc();
#else
  body();
#endif
}

}  // namespace base

DeepStackScope::DeepStackScope() noexcept : outermost_(base::stack_floor == 0) {
  if (!outermost_ || PERLITE_SWITCHES_STACKS == 0) return;
  base::stack_floor = base::here() - base::kUnasked;
}

DeepStackScope::~DeepStackScope() {
  if (!outermost_) return;
  base::stack_floor = 0;
  while (base::stacks.spare != nullptr) {
    base::Segment* const segment = base::stacks.spare;
    base::stacks.spare = segment->next;
    base::Allocator::release(segment);
  }
  base::stacks.asked = false;
}

}  // namespace perlite
