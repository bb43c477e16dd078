#include "engine/functions.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/ascii.h"
#include "base/mutex.h"
#include "func/builtins.h"

namespace perlite::engine {
namespace {

// The built-in functions in order of name, and where each name is, by its hash (open addressing). Made once; static
// memory, so that nothing is held after shutdown.
constexpr std::size_t kMaxBuiltins = 1024;
struct BuiltinIndex {
  struct Name {
    std::uint16_t first;
    std::uint16_t count;  // definitions, by number of arguments; 0: free
  };
  static constexpr std::size_t kSlots = 2 * kMaxBuiltins;
  std::array<const vm::FunctionDef*, kMaxBuiltins> by_name;
  std::array<Name, kSlots> names;

  void add_name(std::size_t first, std::size_t count) {
    std::size_t at = base::hash_ignoring_case(by_name[first]->name) % kSlots;
    while (names[at].count != 0) at = (at + 1) % kSlots;
    names[at] = {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(count)};
  }
  std::span<const vm::FunctionDef* const> find(std::string_view name) const noexcept {
    std::size_t at = base::hash_ignoring_case(name) % kSlots;
    for (; names[at].count != 0; at = (at + 1) % kSlots) {
      const std::span definitions(by_name.data() + names[at].first, names[at].count);
      if (base::equals_ignoring_case(definitions[0]->name, name)) return definitions;
    }
    return {};
  }
};
BuiltinIndex builtin_index;
std::atomic<bool> builtin_index_ready{false};
base::Mutex builtin_index_mutex;

const BuiltinIndex& builtins_by_name() noexcept {
  if (!builtin_index_ready.load(std::memory_order_acquire)) {
    const base::MutexGuard guard(builtin_index_mutex);
    if (!builtin_index_ready.load(std::memory_order_relaxed)) {
      std::size_t count = 0;
      for (const vm::FunctionDef& def : func::builtin_functions()) {
        PL_ASSERT(count < kMaxBuiltins);
        builtin_index.by_name[count++] = &def;
      }
      std::sort(builtin_index.by_name.begin(), builtin_index.by_name.begin() + static_cast<std::ptrdiff_t>(count),
                [](const vm::FunctionDef* a, const vm::FunctionDef* b) {
                  return base::compare_ignoring_case(a->name, b->name) < 0;
                });
      for (std::size_t i = 0, next = 0; i < count; i = next) {
        for (next = i + 1; next < count; ++next) {
          if (!base::equals_ignoring_case(builtin_index.by_name[i]->name, builtin_index.by_name[next]->name)) break;
        }
        builtin_index.add_name(i, next - i);
      }
      builtin_index_ready.store(true, std::memory_order_release);
    }
  }
  return builtin_index;
}

// How well a registration fits: 0 not at all. The count weighs more than the encoding (c3ref/create_function.html).
int fitness(const vm::FunctionDef& def, int argument_count, TextEncoding encoding) {
  int score;
  if (def.arg_count == argument_count) {
    score = 4;
  } else if (def.arg_count < 0 && argument_count >= def.min_arg_count) {
    score = 1;
  } else {
    return 0;
  }
  if (def.preferred_encoding == encoding) return score + 2;
  if (def.preferred_encoding != TextEncoding::Utf8 && encoding != TextEncoding::Utf8) return score + 1;
  return score;
}

}  // namespace

void FunctionRegistry::clear() noexcept {
  while (first_ != nullptr) {
    HostFunction* next = first_->next;
    delete first_;
    first_ = next;
  }
}

std::span<const vm::FunctionDef> FunctionRegistry::builtins() noexcept { return func::builtin_functions(); }

const vm::FunctionDef* FunctionRegistry::find(std::string_view name, int argument_count, TextEncoding encoding,
                                              bool* name_exists) const {
  const vm::FunctionDef* best = nullptr;
  int best_score = 0;
  *name_exists = false;
  for (const HostFunction* f = first_; f != nullptr; f = f->next) {
    if (!base::equals_ignoring_case(f->name, name)) continue;
    *name_exists = true;
    const int score = fitness(f->def, argument_count, encoding);
    if (score > best_score) {
      best_score = score;
      best = &f->def;
    }
  }
  if (best_score >= 4) return best;
  for (const vm::FunctionDef* def : builtins_by_name().find(name)) {
    *name_exists = true;
    const int score = fitness(*def, argument_count, encoding);
    if (score > best_score) {
      best_score = score;
      best = def;
    }
  }
  return best;
}

HostFunction* FunctionRegistry::exact(std::string_view name, int argument_count, TextEncoding encoding) const noexcept {
  for (HostFunction* f = first_; f != nullptr; f = f->next) {
    if (f->def.arg_count == argument_count && f->def.preferred_encoding == encoding &&
        base::equals_ignoring_case(f->name, name))
      return f;
  }
  return nullptr;
}

void FunctionRegistry::add(UniquePtr<HostFunction> function) noexcept {
  remove(function->name, function->def.arg_count, function->def.preferred_encoding);
  function->next = first_;
  first_ = function.release();
}

bool FunctionRegistry::remove(std::string_view name, int argument_count, TextEncoding encoding) noexcept {
  HostFunction* found = exact(name, argument_count, encoding);
  if (found == nullptr) return false;
  HostFunction** link = &first_;
  while (*link != found) link = &(*link)->next;
  *link = found->next;
  delete found;
  return true;
}

void CollationRegistry::clear() noexcept {
  while (first_ != nullptr) {
    HostCollation* next = first_->next;
    delete first_;
    first_ = next;
  }
}

const Collation* CollationRegistry::find(std::string_view name, TextEncoding encoding) const noexcept {
  const HostCollation* best = nullptr;
  for (const HostCollation* c = first_; c != nullptr; c = c->next) {
    if (!base::equals_ignoring_case(c->name, name)) continue;
    if (c->encoding == encoding) return &c->collation;
    if (best == nullptr || (encoding != TextEncoding::Utf8 && c->encoding != TextEncoding::Utf8)) best = c;
  }
  return best != nullptr ? &best->collation : record::find_builtin_collation(name);
}

HostCollation* CollationRegistry::exact(std::string_view name, TextEncoding encoding) const noexcept {
  for (HostCollation* c = first_; c != nullptr; c = c->next) {
    if (c->encoding == encoding && base::equals_ignoring_case(c->name, name)) return c;
  }
  return nullptr;
}

void CollationRegistry::add(UniquePtr<HostCollation> collation) noexcept {
  remove(collation->name, collation->encoding);
  collation->collation.name = collation->name.c_str();
  collation->next = first_;
  first_ = collation.release();
}

bool CollationRegistry::remove(std::string_view name, TextEncoding encoding) noexcept {
  HostCollation* found = exact(name, encoding);
  if (found == nullptr) return false;
  HostCollation** link = &first_;
  while (*link != found) link = &(*link)->next;
  *link = found->next;
  delete found;
  return true;
}

}  // namespace perlite::engine
