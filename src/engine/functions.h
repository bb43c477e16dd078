// engine/functions.h: the functions and collations a connection knows: the built-in ones and those of the host.
//
//   Ownership  a HostFunction lives until it is replaced or the connection closes; programs hold plain pointers to its
//              FunctionDef, so every replacement makes the connection compile its statements anew.
//   Threads    under the connection's lock; the table of built-in functions is const after its first use.
#pragma once

#include <string_view>

#include "base/containers.h"
#include "base/status.h"
#include "record/collation.h"
#include "vm/function.h"

namespace perlite::engine {

// What the host gave with a function; shared by the registrations of one call (encoding ANY makes several).
struct HostData : Allocated {
  void* user_data = nullptr;
  void (*destroy)(void*) = nullptr;
  int references = 0;
  // The callbacks of the C interface, untyped here: api knows their shapes.
  void (*scalar)() = nullptr;
  void (*step)() = nullptr;
  void (*finalize)() = nullptr;
  void (*value)() = nullptr;
  void (*inverse)() = nullptr;

  void release() noexcept {
    if (--references > 0) return;
    if (destroy != nullptr) destroy(user_data);
    delete this;
  }
};

struct HostFunction : Allocated {
  vm::FunctionDef def;
  String name;
  HostData* data = nullptr;
  HostFunction* next = nullptr;  // other registrations
  ~HostFunction() {
    if (data != nullptr) data->release();
  }
};

class FunctionRegistry {
 public:
  FunctionRegistry() = default;
  FunctionRegistry(const FunctionRegistry&) = delete;
  FunctionRegistry& operator=(const FunctionRegistry&) = delete;
  ~FunctionRegistry() { clear(); }
  void clear() noexcept;

  // The best registration for the name, count and encoding: host functions hide built-in ones of the same count; an
  // exact count beats -1, an equal encoding another one. Null when there is none; *name_exists tells about other
  // counts.
  const vm::FunctionDef* find(std::string_view name, int argument_count, TextEncoding encoding,
                              bool* name_exists) const;
  // The registration with exactly this name, count and encoding, null when there is none.
  HostFunction* exact(std::string_view name, int argument_count, TextEncoding encoding) const noexcept;
  // Takes over `function`, replacing the exact registration.
  void add(UniquePtr<HostFunction> function) noexcept;
  bool remove(std::string_view name, int argument_count, TextEncoding encoding) noexcept;

  // Calls visit(const vm::FunctionDef&) for every function, built-in ones last.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const HostFunction* f = first_; f != nullptr; f = f->next) visit(f->def);
    for (const vm::FunctionDef& def : builtins()) visit(def);
  }

 private:
  static std::span<const vm::FunctionDef> builtins() noexcept;
  HostFunction* first_ = nullptr;
};

struct HostCollation : Allocated {
  Collation collation{};
  String name;
  TextEncoding encoding = TextEncoding::Utf8;
  void* user_data = nullptr;
  void (*destroy)(void*) = nullptr;
  HostCollation* next = nullptr;
  ~HostCollation() {
    if (destroy != nullptr) destroy(user_data);
  }
};

class CollationRegistry {
 public:
  CollationRegistry() = default;
  CollationRegistry(const CollationRegistry&) = delete;
  CollationRegistry& operator=(const CollationRegistry&) = delete;
  ~CollationRegistry() { clear(); }
  void clear() noexcept;

  // The host's collation of that name nearest to `encoding`, else the built-in one, else null.
  const Collation* find(std::string_view name, TextEncoding encoding) const noexcept;
  HostCollation* exact(std::string_view name, TextEncoding encoding) const noexcept;
  void add(UniquePtr<HostCollation> collation) noexcept;
  bool remove(std::string_view name, TextEncoding encoding) noexcept;
  const HostCollation* first() const noexcept { return first_; }

 private:
  HostCollation* first_ = nullptr;
};

}  // namespace perlite::engine
