#include "base/mutex.h"

#include <new>

#include "base/allocator.h"

namespace perlite::base {

void Mutex::wait_and_take() noexcept {
  // Holders are brief: look a few times before the kernel is asked.
  for (int attempt = 0; attempt < 64; ++attempt) {
    std::uint32_t expected = kFree;
    if (state_.load(std::memory_order_relaxed) == kFree &&
        state_.compare_exchange_weak(expected, kTaken, std::memory_order_acquire)) {
      return;
    }
  }
  while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree)
    state_.wait(kAwaited, std::memory_order_relaxed);
}

namespace {

constexpr int kFirstStatic = SQLITE_MUTEX_STATIC_MAIN;
constexpr int kLastStatic = SQLITE_MUTEX_STATIC_VFS3;
Mutex static_mutexes[kLastStatic - kFirstStatic + 1];

bool is_static(const Mutex* mutex) noexcept {
  for (const Mutex& one : static_mutexes) {
    if (&one == mutex) return true;
  }
  return false;
}

Mutex* mutex_of(sqlite3_mutex* handle) noexcept { return reinterpret_cast<Mutex*>(handle); }

int initialize() { return SQLITE_OK; }
int end() { return SQLITE_OK; }
sqlite3_mutex* allocate(int kind) {
  if (kind >= kFirstStatic && kind <= kLastStatic) {
    return reinterpret_cast<sqlite3_mutex*>(&static_mutexes[kind - kFirstStatic]);
  }
  if (kind != SQLITE_MUTEX_FAST && kind != SQLITE_MUTEX_RECURSIVE) return nullptr;
  void* memory = Allocator::try_allocate(sizeof(Mutex));
  return memory == nullptr ? nullptr : reinterpret_cast<sqlite3_mutex*>(::new (memory) Mutex);
}
void release(sqlite3_mutex* handle) {
  if (!is_static(mutex_of(handle))) Allocator::release(handle);
}
void enter(sqlite3_mutex* handle) { mutex_of(handle)->enter(); }
int try_enter(sqlite3_mutex* handle) { return mutex_of(handle)->try_enter() ? SQLITE_OK : SQLITE_BUSY; }
void leave(sqlite3_mutex* handle) { mutex_of(handle)->leave(); }
int held(sqlite3_mutex* handle) { return handle == nullptr || mutex_of(handle)->held() ? 1 : 0; }
int not_held(sqlite3_mutex* handle) { return handle == nullptr || !mutex_of(handle)->held() ? 1 : 0; }

constexpr sqlite3_mutex_methods kDefaultMethods = {initialize, end,   allocate, release, enter,
                                                   try_enter,  leave, held,     not_held};

sqlite3_mutex_methods installed = kDefaultMethods;
Threading threading_mode = Threading::Serialized;

}  // namespace

void set_threading(Threading threading) noexcept { threading_mode = threading; }
Threading threading() noexcept { return threading_mode; }
void set_mutex_methods(const sqlite3_mutex_methods& methods) noexcept {
  installed = methods.xMutexAlloc == nullptr ? kDefaultMethods : methods;
}
const sqlite3_mutex_methods& mutex_methods() noexcept { return installed; }
const sqlite3_mutex_methods& default_mutex_methods() noexcept { return kDefaultMethods; }

ConnectionLock::ConnectionLock(bool serialized) noexcept {
  if (!serialized || threading_mode == Threading::Single) return;
  if (installed.xMutexAlloc == kDefaultMethods.xMutexAlloc && installed.xMutexEnter == kDefaultMethods.xMutexEnter) {
    kind_ = Kind::Own;
  } else {
    kind_ = Kind::Host;
    host_ = installed.xMutexAlloc(SQLITE_MUTEX_RECURSIVE);
  }
}

ConnectionLock::~ConnectionLock() {
  if (kind_ == Kind::Host && host_ != nullptr) installed.xMutexFree(host_);
}

}  // namespace perlite::base
