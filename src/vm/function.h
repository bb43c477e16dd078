// vm/function.h: how the machine calls a function, built in or of the host.
//
// A FunctionDef is one signature of one function; its tables are static (func/builtins.h) or belong to a connection
// (functions of the host: the same struct, with an adapter in `scalar`/`step` and the host's data in `user_data`).
//
// Arguments come as a contiguous array of Values, text in the encoding of the database (FunctionContext::encoding). A
// built-in function never changes them; an adapter may change their representation (Value::read_text and the like),
// never what they say, so the machine passes registers of which it reads no more than the value. The result is left in
// `result`, which is NULL at the start: text in the database's encoding (set_text() converts), borrowed bytes only when
// an argument lends them (share()) or they are static. An error goes to fail().
//
// Aggregates keep state of FunctionDef::state_size bytes, zeroed and 8-aligned, in `state`; all zero is the state of no
// rows. For each state that step() or inverse() has seen, finalize() is called exactly once, also when the statement is
// given up (the result is then dropped); it releases what the state holds. A state no step() saw may be finalized as
// well. Where it throws std::bad_alloc it is called once more, with context.discarded. value() and inverse() make an aggregate usable over moving frames.
//   Threads   a call runs under the connection's lock.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "base/status.h"
#include "record/collation.h"
#include "record/value.h"

namespace perlite::vm {

// What functions ask of the connection that runs them.
class FunctionHost {
 public:
  virtual void* connection() noexcept = 0;  // the handle of the C interface
  // Milliseconds since noon of -4713-11-24 (Julian day 0), UTC; the same throughout one step.
  virtual Result<std::int64_t> current_time_ms() = 0;
  virtual void random_bytes(void* bytes, std::size_t count) noexcept = 0;
  virtual std::int64_t last_insert_rowid() noexcept = 0;
  virtual std::int64_t changes() noexcept = 0;
  virtual std::int64_t total_changes() noexcept = 0;
  virtual std::int64_t length_limit() noexcept = 0;                                  // SQLITE_LIMIT_LENGTH
  virtual std::int64_t like_pattern_limit() noexcept = 0;                            // SQLITE_LIMIT_LIKE_PATTERN_LENGTH
  virtual Status load_extension(std::string_view file, std::string_view entry) = 0;  // empty entry: the default
  virtual void log(int code, std::string_view message) noexcept = 0;                 // sqlite3_log
  virtual std::string_view source_id() noexcept { return {}; }                       // sqlite3_sourceid()
  // Option by its index of the build as sqlite3_compileoption_get() has it, without "SQLITE_"; null data behind the
  // last.
  virtual std::string_view compile_option(int) noexcept { return {}; }

 protected:
  ~FunctionHost() = default;
};

// What a function of the host, or LIKE, keeps from one call of a place in the program to the next
// (c3ref/get_auxdata.html). Belongs to a statement's frame.
class AuxiliaryStore {
 public:
  AuxiliaryStore() noexcept = default;
  AuxiliaryStore(const AuxiliaryStore&) = delete;
  AuxiliaryStore& operator=(const AuxiliaryStore&) = delete;
  ~AuxiliaryStore() { clear(); }

  void* get(int call_site, int argument) const noexcept {
    for (Entry* entry = first_; entry != nullptr; entry = entry->next) {
      if (entry->call_site == call_site && entry->argument == argument) return entry->data;
    }
    return nullptr;
  }
  // Replaces what stood there. `destroy` may be null. When there is no memory `data` is destroyed at once: as in the C
  // interface, a later get() may then be null.
  void set(int call_site, int argument, void* data, void (*destroy)(void*)) noexcept {
    for (Entry* entry = first_; entry != nullptr; entry = entry->next) {
      if (entry->call_site != call_site || entry->argument != argument) continue;
      if (entry->destroy != nullptr) entry->destroy(entry->data);
      entry->data = data;
      entry->destroy = destroy;
      return;
    }
    auto* entry = static_cast<Entry*>(base::Allocator::try_allocate(sizeof(Entry)));
    if (entry == nullptr) {
      if (destroy != nullptr) destroy(data);
      return;
    }
    *entry = Entry{first_, data, destroy, call_site, argument};
    first_ = entry;
    has_arguments_ = has_arguments_ || argument >= 0;
  }
  // After a call: drops the entries of `call_site` whose argument is not constant. Bit i of constant_arguments stands
  // for argument i; arguments from 32 on, which are never kept for long, are dropped; negative arguments stay.
  void keep_constant(int call_site, std::uint32_t constant_arguments) noexcept {
    for (Entry** link = &first_; *link != nullptr;) {
      Entry* entry = *link;
      const bool drop = entry->call_site == call_site && entry->argument >= 0 &&
                        (entry->argument > 31 || ((constant_arguments >> entry->argument) & 1u) == 0);
      if (drop) {
        *link = entry->next;
        free_entry(entry);
      } else {
        link = &entry->next;
      }
    }
  }
  // False: there is nothing that keep_constant() could drop.
  bool has_arguments() const noexcept { return has_arguments_; }
  void clear() noexcept {
    while (first_ != nullptr) free_entry(std::exchange(first_, first_->next));
    has_arguments_ = false;
  }

 private:
  struct Entry {
    Entry* next;
    void* data;
    void (*destroy)(void*);
    int call_site;
    int argument;
  };
  static void free_entry(Entry* entry) noexcept {
    if (entry->destroy != nullptr) entry->destroy(entry->data);
    base::Allocator::release(entry);
  }
  Entry* first_ = nullptr;
  bool has_arguments_ = false;  // an entry of an argument was made since the last clear()
};

struct FunctionDef;

struct FunctionContext {
  Value result{};  // the machine takes it over; NULL at the start of a call
  Status error;    // not ok: the call failed, `result` does not count
  const FunctionDef* function = nullptr;
  FunctionHost* host = nullptr;
  const record::Collation* collation = nullptr;  // with kNeedsCollation; never null then
  void* state = nullptr;                         // of an aggregate
  AuxiliaryStore* auxiliary = nullptr;
  int call_site = 0;  // for auxiliary; the machine numbers the places
  TextEncoding encoding = TextEncoding::Utf8;
  bool moving_frame = false;         // inverse() may follow: step() keeps what it needs for that
  bool discarded = false;            // in finalize(): nobody wants the result, only what the state holds must go
  bool took_argument = false;        // min and max: step() sets it when its row gives the bare columns
  bool in_schema = false;            // runs for an index, CHECK or generated column: what changes with time is refused
  const char* schema_use = nullptr;  // with in_schema: "an index", "a CHECK constraint", "a generated column"

  FunctionContext() = default;
  FunctionContext(const FunctionContext&) = delete;
  FunctionContext& operator=(const FunctionContext&) = delete;
  ~FunctionContext() { result.release(); }

  void fail(Status status) { error = std::move(status); }
  void fail(std::string_view message) { error = Status::error(message); }
  void fail_too_big() { error = Status(Code::TooBig); }
  // True when `size` bytes are more than a value may have; the call has then failed.
  bool over_limit(std::uint64_t size) {
    if (size <= static_cast<std::uint64_t>(host->length_limit())) return false;
    fail_too_big();
    return true;
  }
  // Copies UTF-8 text into `result`, in the database's encoding.
  void set_text(std::string_view utf8) {
    result.set_text_copy(utf8, TextEncoding::Utf8);
    if (encoding != TextEncoding::Utf8) result.convert_to_text(encoding);
  }
  // Text that outlives every use (UTF-8).
  void set_static_text(std::string_view utf8) {
    result.set_text_borrowed(utf8, TextEncoding::Utf8, Value::kStatic);
    if (encoding != TextEncoding::Utf8) result.convert_to_text(encoding);
  }
  // Takes over UTF-8 bytes built in a block of one reference.
  void take_text(record::ValueBlock* block, std::size_t size) {
    result.set_text_owned(block, {block->bytes(), size}, TextEncoding::Utf8);
    if (encoding != TextEncoding::Utf8) result.convert_to_text(encoding);
  }
  void* auxiliary_data(int argument) const noexcept {
    return auxiliary == nullptr ? nullptr : auxiliary->get(call_site, argument);
  }
  template <class State>
  State& state_as() noexcept {
    return *static_cast<State*>(state);
  }
};

// A bit set of FunctionDef::flags.
enum FunctionFlag : std::uint32_t {
  kDeterministic = 1u << 0,   // same arguments, same result
  kSlowChanging = 1u << 1,    // constant within one step only: factored out of loops, refused in the schema
  kNeedsCollation = 1u << 2,  // context.collation is that of the leftmost argument that has one
  kDirectOnly = 1u << 3,      // not in triggers, views or the schema
  kInnocuous = 1u << 4,       // may run in an untrusted schema
  kReadsSubtype = 1u << 5,    // looks at the subtype of arguments
  kReturnsSubtype = 1u << 6,  // may give its result a subtype
  kBuiltIn = 1u << 7,
  kLike = 1u << 8,              // (pattern, text): the LIKE optimisation applies, with the letters of LIKE
  kGlob = 1u << 9,              // likewise, with the letters of GLOB
  kAggregate = 1u << 10,        // has step and finalize
  kWindow = 1u << 11,           // has value and inverse as well
  kWindowOnly = 1u << 12,       // needs OVER
  kMinMax = 1u << 13,           // min/max as an aggregate: bare columns come from its row, an index may answer it
  kMax = 1u << 14,              // with kMinMax: the larger one
  kCount = 1u << 15,            // count(*) may be answered by counting entries
  kLength = 1u << 16,           // needs the length of its argument only, not the bytes
  kTypeof = 1u << 17,           // needs the type of its argument only
  kReturnsArgument = 1u << 18,  // likely, unlikely, likelihood: the value is its first argument
  kShortCircuit = 1u << 19,     // coalesce, ifnull, iif, if: compiled to jumps, arguments evaluated as needed
  kOverload = 1u << 20,         // a place holder: "unable to use function X in the requested context"
  kInternal = 1u << 21,         // not for SQL text of the user
  kMatchesCase = 1u << 22,      // of kLike and kGlob: letters match their own case alone
  kDateTime = 1u << 22,         // pure unless an argument says now, localtime or utc (func/ decides at run time)
  kOrderFree = 1u << 23,        // an aggregate that gives the same whatever the order of its rows
};

struct FunctionDef {
  const char* name;
  std::int16_t arg_count;  // -1: any number
  TextEncoding preferred_encoding =
      TextEncoding::Utf8;  // of several registrations that fit, the nearest to the database's is chosen
  std::uint32_t flags = 0;
  void (*scalar)(FunctionContext& context, int arg_count, Value* args) = nullptr;
  void (*step)(FunctionContext& context, int arg_count, Value* args) = nullptr;
  void (*finalize)(FunctionContext& context) = nullptr;
  void (*value)(FunctionContext& context) = nullptr;
  void (*inverse)(FunctionContext& context, int arg_count, Value* args) = nullptr;
  std::uint32_t state_size = 0;
  std::int16_t min_arg_count = 0;  // with arg_count -1
  void* user_data = nullptr;
  // What step() does with one INTEGER, one REAL, or with no argument where it takes none (the integer then means
  // nothing): for scans that decode numbers themselves. Both or neither; they never fail. With kTypeof the integer means
  // nothing in any case but that the argument is not NULL.
  void (*step_integer)(FunctionContext& context, std::int64_t value) = nullptr;
  void (*step_real)(FunctionContext& context, double value) = nullptr;
  // True when step() with this text or blob would change nothing; false where that is not known. Only with the two above.
  bool (*ignores)(const FunctionContext& context, const Value& value) = nullptr;
  // Likewise of a scalar that says yes or no to its second argument, a text in UTF-8, where the others are constant: what
  // it kept for this call of what they say (null: nothing yet), and its answer by that. Both or neither.
  const void* (*kept)(const AuxiliaryStore& store, int call_site) = nullptr;
  bool (*answers)(const void* kept, std::string_view text) = nullptr;

  bool has(FunctionFlag flag) const noexcept { return (flags & flag) != 0; }
  bool is_aggregate() const noexcept { return step != nullptr; }
};

}  // namespace perlite::vm
