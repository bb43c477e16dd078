// Functions and collations of the host: registering them, calling them, and what they ask of their context.
#include <cstring>

#include "api/handles.h"
#include "base/ascii.h"
#include "base/containers.h"

using namespace perlite;
using namespace perlite::api;

namespace {

using ScalarCallback = void (*)(sqlite3_context*, int, sqlite3_value**);
using FinalCallback = void (*)(sqlite3_context*);
using AnyCallback = void (*)();
using CompareCallback = int (*)(void*, int, const void*, int, const void*);

constexpr int kMaxFunctionArguments = 1000;
constexpr std::size_t kMaxNameBytes = 255;

// The arguments as the host wants them: an array of pointers.
class ArgumentPointers {
 public:
  ArgumentPointers(int count, Value* values) {
    sqlite3_value** at = few_;
    if (count > kFew) {
      many_.resize(static_cast<std::size_t>(count));
      at = many_.data();
    }
    for (int i = 0; i < count; ++i) at[i] = to_handle(&values[i]);
    pointers_ = at;
  }
  sqlite3_value** get() noexcept { return pointers_; }

 private:
  static constexpr int kFew = 16;
  sqlite3_value* few_[kFew];
  Vector<sqlite3_value*> many_;
  sqlite3_value** pointers_;
};

engine::HostData& host_data(const vm::FunctionContext& context) noexcept {
  return *static_cast<engine::HostData*>(context.function->user_data);
}
sqlite3_context* handle_of(vm::FunctionContext& context) noexcept {
  return reinterpret_cast<sqlite3_context*>(&context);
}

void call_scalar(vm::FunctionContext& context, int count, Value* arguments) {
  ArgumentPointers pointers(count, arguments);
  reinterpret_cast<ScalarCallback>(host_data(context).scalar)(handle_of(context), count, pointers.get());
}

// What sqlite3_aggregate_context gives: one block a group.
struct HostAggregate {
  void* memory;
};

void call_step(vm::FunctionContext& context, int count, Value* arguments) {
  ArgumentPointers pointers(count, arguments);
  reinterpret_cast<ScalarCallback>(host_data(context).step)(handle_of(context), count, pointers.get());
}
void call_inverse(vm::FunctionContext& context, int count, Value* arguments) {
  ArgumentPointers pointers(count, arguments);
  reinterpret_cast<ScalarCallback>(host_data(context).inverse)(handle_of(context), count, pointers.get());
}
void call_value(vm::FunctionContext& context) {
  reinterpret_cast<FinalCallback>(host_data(context).value)(handle_of(context));
}
void call_finalize(vm::FunctionContext& context) {
  reinterpret_cast<FinalCallback>(host_data(context).finalize)(handle_of(context));
  if (context.state == nullptr) return;
  auto& aggregate = context.state_as<HostAggregate>();
  base::Allocator::release(aggregate.memory);
  aggregate.memory = nullptr;
}

struct Registration {
  int argument_count;
  int text_encoding;
  void* user_data;
  ScalarCallback scalar;
  ScalarCallback step;
  FinalCallback finalize;
  FinalCallback value;
  ScalarCallback inverse;
  void (*destroy)(void*);
};

Status register_function(Connection& c, const char* name, const Registration& r) {
  const std::size_t name_size = name == nullptr ? 0 : std::strlen(name);
  // Which callbacks go together (c3ref/create_function.html).
  const bool is_scalar = r.scalar != nullptr;
  const bool is_aggregate = r.step != nullptr || r.finalize != nullptr;
  if (name == nullptr || name_size > kMaxNameBytes || (is_scalar && is_aggregate) ||
      ((r.step == nullptr) != (r.finalize == nullptr)) || ((r.value == nullptr) != (r.inverse == nullptr)) ||
      r.argument_count < -1 || r.argument_count > kMaxFunctionArguments) {
    if (r.destroy != nullptr) r.destroy(r.user_data);
    return Code::Misuse;
  }
  UniquePtr<engine::HostData> data = perlite::make_unique<engine::HostData>();
  data->user_data = r.user_data;
  data->destroy = r.destroy;
  data->references = 1;
  data->scalar = reinterpret_cast<AnyCallback>(r.scalar);
  data->step = reinterpret_cast<AnyCallback>(r.step);
  data->finalize = reinterpret_cast<AnyCallback>(r.finalize);
  data->value = reinterpret_cast<AnyCallback>(r.value);
  data->inverse = reinterpret_cast<AnyCallback>(r.inverse);
  engine::HostData* shared = data.release();

  TextEncoding encodings[3] = {TextEncoding::Utf8};
  int encoding_count = 1;
  switch (r.text_encoding & 7) {
    case SQLITE_UTF16:
    case SQLITE_UTF16LE:
      encodings[0] = TextEncoding::Utf16le;
      break;
    case SQLITE_UTF16BE:
      encodings[0] = TextEncoding::Utf16be;
      break;
    case SQLITE_ANY:
      encodings[1] = TextEncoding::Utf16le;
      encodings[2] = TextEncoding::Utf16be;
      encoding_count = 3;
      break;
    default:
      break;
  }
  Status status;
  for (int i = 0; i < encoding_count && status.ok(); ++i) {
    engine::FunctionRegistry& registry = c.function_registry();
    if (registry.exact(name, r.argument_count, encodings[i]) != nullptr && c.has_active_statements()) {
      status = Status(Code::Busy, "unable to delete/modify user-function due to active statements");
      break;
    }
    if (!is_scalar && !is_aggregate) {
      registry.remove(name, r.argument_count, encodings[i]);
      continue;
    }
    auto function = perlite::make_unique<engine::HostFunction>();
    function->name.assign(name);
    function->data = shared;
    ++shared->references;
    vm::FunctionDef& def = function->def;
    def.name = function->name.c_str();
    def.arg_count = static_cast<std::int16_t>(r.argument_count);
    def.preferred_encoding = encodings[i];
    def.user_data = shared;
    if ((r.text_encoding & SQLITE_DETERMINISTIC) != 0) def.flags |= vm::kDeterministic;
    if ((r.text_encoding & SQLITE_DIRECTONLY) != 0) def.flags |= vm::kDirectOnly;
    if ((r.text_encoding & SQLITE_INNOCUOUS) != 0) def.flags |= vm::kInnocuous;
    if ((r.text_encoding & SQLITE_SUBTYPE) != 0) def.flags |= vm::kReadsSubtype;
    if ((r.text_encoding & SQLITE_RESULT_SUBTYPE) != 0) def.flags |= vm::kReturnsSubtype;
    if (is_scalar) {
      def.scalar = call_scalar;
    } else {
      def.flags |= vm::kAggregate;
      def.step = call_step;
      def.finalize = call_finalize;
      def.state_size = sizeof(HostAggregate);
      if (r.value != nullptr) {
        def.flags |= vm::kWindow;
        def.value = call_value;
        def.inverse = call_inverse;
      }
    }
    registry.add(std::move(function));
  }
  shared->release();
  c.expire_programs();
  return status;
}

int create_function(sqlite3* db, const char* name, const Registration& registration) noexcept {
  if (!usable(db)) {
    if (registration.destroy != nullptr) registration.destroy(registration.user_data);
    return SQLITE_MISUSE;
  }
  return guarded(*to_connection(db), [&] { return register_function(*to_connection(db), name, registration); });
}

Status register_collation(Connection& c, const char* name, int text_encoding, void* context, CompareCallback compare,
                          void (*destroy)(void*)) {
  TextEncoding encoding = TextEncoding::Utf8;
  switch (text_encoding & ~SQLITE_UTF16_ALIGNED) {
    case SQLITE_UTF8:
    case 0:
      break;
    case SQLITE_UTF16:
    case SQLITE_UTF16LE:
      encoding = TextEncoding::Utf16le;
      break;
    case SQLITE_UTF16BE:
      encoding = TextEncoding::Utf16be;
      break;
    default:
      if ((text_encoding & SQLITE_UTF16_ALIGNED) != 0 && (text_encoding & 7) == 0) {
        encoding = TextEncoding::Utf16le;
        break;
      }
      return Code::Misuse;
  }
  if ((text_encoding & SQLITE_UTF16_ALIGNED) != 0) encoding = TextEncoding::Utf16le;
  engine::CollationRegistry& registry = c.collation_registry();
  if (registry.exact(name, encoding) != nullptr && c.has_active_statements()) {
    return Status(Code::Busy, "unable to delete/modify collation sequence due to active statements");
  }
  c.expire_programs();
  if (compare == nullptr) {
    registry.remove(name, encoding);
    return {};
  }
  auto collation = perlite::make_unique<engine::HostCollation>();
  collation->name.assign(name);
  collation->encoding = encoding;
  collation->user_data = context;
  collation->collation = {nullptr, compare, context, record::CollationKind::User, encoding};
  registry.add(std::move(collation));
  registry.exact(name, encoding)->destroy = destroy;
  return {};
}

int create_collation(sqlite3* db, const char* name, int encoding, void* context, CompareCallback compare,
                     void (*destroy)(void*)) noexcept {
  if (!usable(db) || name == nullptr) return SQLITE_MISUSE;
  return guarded(*to_connection(db),
                 [&] { return register_collation(*to_connection(db), name, encoding, context, compare, destroy); });
}

// A UTF-16 name as UTF-8; null data when memory ran out.
class Narrow {
 public:
  explicit Narrow(const void* wide) noexcept {
    if (wide == nullptr) return;
    try {
      value_->set_text_copy(
          {static_cast<const char*>(wide), std::char_traits<char16_t>::length(static_cast<const char16_t*>(wide)) * 2},
          TextEncoding::Utf16le);
      text_ = value_->read_text(TextEncoding::Utf8).data();
    } catch (const std::bad_alloc&) {
      text_ = nullptr;
    }
  }
  const char* get() const noexcept { return text_; }

 private:
  OwnedValue value_;
  const char* text_ = nullptr;
};

void drop(void (*destroy)(void*), const void* data) noexcept {
  if (destroy != SQLITE_STATIC && destroy != SQLITE_TRANSIENT) destroy(const_cast<void*>(data));
}

void result_bytes(sqlite3_context* handle, const void* data, sqlite3_uint64 size, void (*destroy)(void*), bool is_text,
                  TextEncoding encoding, bool terminated) noexcept {
  vm::FunctionContext& context = *to_context(handle);
  if (data == nullptr) {
    context.result.set_null();
    return;
  }
  if (size > static_cast<sqlite3_uint64>(context.host->length_limit())) {
    drop(destroy, data);
    context.fail_too_big();
    return;
  }
  try {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
    if (destroy == SQLITE_TRANSIENT) {
      is_text ? context.result.set_text_copy(bytes, encoding) : context.result.set_blob_copy(bytes);
    } else if (destroy == SQLITE_STATIC) {
      const unsigned flags =
          static_cast<unsigned>(Value::kStatic) | (terminated ? static_cast<unsigned>(Value::kTerminated) : 0u);
      is_text ? context.result.set_text_borrowed(bytes, encoding, flags)
              : context.result.set_blob_borrowed(bytes, Value::kStatic);
    } else {
      record::ValueBlock* block = record::ValueBlock::make_external(const_cast<void*>(data), destroy);
      is_text ? context.result.set_text_owned(block, bytes, encoding, terminated ? unsigned{Value::kTerminated} : 0u)
              : context.result.set_blob_owned(block, bytes);
    }
    if (is_text && encoding != context.encoding) context.result.convert_to_text(context.encoding);
  } catch (const std::bad_alloc&) {
    context.fail(Status::no_memory());
  }
}

void fail_with_text(vm::FunctionContext& context, std::string_view text) noexcept {
  const Code code = context.error.ok() ? Code::Error : context.error.code();
  context.fail(Status(code == Code::Ok ? Code::Error : code, text));
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_create_function_v2(sqlite3* db, const char* name, int n, int encoding, void* user_data,
                                          ScalarCallback scalar, ScalarCallback step, FinalCallback finalize,
                                          void (*destroy)(void*)) {
  return create_function(db, name, {n, encoding, user_data, scalar, step, finalize, nullptr, nullptr, destroy});
}
SQLITE_API int sqlite3_create_function(sqlite3* db, const char* name, int n, int encoding, void* user_data,
                                       ScalarCallback scalar, ScalarCallback step, FinalCallback finalize) {
  return create_function(db, name, {n, encoding, user_data, scalar, step, finalize, nullptr, nullptr, nullptr});
}
SQLITE_API int sqlite3_create_function16(sqlite3* db, const void* name, int n, int encoding, void* user_data,
                                         ScalarCallback scalar, ScalarCallback step, FinalCallback finalize) {
  const Narrow narrow(name);
  return create_function(db, narrow.get(), {n, encoding, user_data, scalar, step, finalize, nullptr, nullptr, nullptr});
}
SQLITE_API int sqlite3_create_window_function(sqlite3* db, const char* name, int n, int encoding, void* user_data,
                                              ScalarCallback step, FinalCallback finalize, FinalCallback value,
                                              ScalarCallback inverse, void (*destroy)(void*)) {
  return create_function(db, name, {n, encoding, user_data, nullptr, step, finalize, value, inverse, destroy});
}

SQLITE_API int sqlite3_create_collation_v2(sqlite3* db, const char* name, int encoding, void* context,
                                           CompareCallback compare, void (*destroy)(void*)) {
  return create_collation(db, name, encoding, context, compare, destroy);
}
SQLITE_API int sqlite3_create_collation(sqlite3* db, const char* name, int encoding, void* context,
                                        CompareCallback compare) {
  return create_collation(db, name, encoding, context, compare, nullptr);
}
SQLITE_API int sqlite3_create_collation16(sqlite3* db, const void* name, int encoding, void* context,
                                          CompareCallback compare) {
  const Narrow narrow(name);
  return create_collation(db, narrow.get(), encoding, context, compare, nullptr);
}
SQLITE_API int sqlite3_collation_needed(sqlite3* db, void* context,
                                        void (*callback)(void*, sqlite3*, int, const char*)) {
  if (!usable(db)) return SQLITE_MISUSE;
  engine::Hooks& hooks = to_connection(db)->hooks;
  hooks.collation_needed = callback;
  hooks.collation_needed16 = nullptr;
  hooks.collation_needed_context = context;
  return SQLITE_OK;
}
SQLITE_API int sqlite3_collation_needed16(sqlite3* db, void* context,
                                          void (*callback)(void*, sqlite3*, int, const void*)) {
  if (!usable(db)) return SQLITE_MISUSE;
  engine::Hooks& hooks = to_connection(db)->hooks;
  hooks.collation_needed = nullptr;
  hooks.collation_needed16 = callback;
  hooks.collation_needed_context = context;
  return SQLITE_OK;
}

// ---- the context of a call ----

SQLITE_API void* sqlite3_aggregate_context(sqlite3_context* handle, int size) {
  vm::FunctionContext& context = *to_context(handle);
  if (context.state == nullptr) return nullptr;
  auto& aggregate = context.state_as<HostAggregate>();
  if (aggregate.memory == nullptr && size > 0) {
    aggregate.memory = base::Allocator::try_allocate(static_cast<std::size_t>(size));
    if (aggregate.memory == nullptr) {
      context.fail(Status::no_memory());
      return nullptr;
    }
    std::memset(aggregate.memory, 0, static_cast<std::size_t>(size));
  }
  return aggregate.memory;
}
SQLITE_API void* sqlite3_user_data(sqlite3_context* handle) { return host_data(*to_context(handle)).user_data; }
SQLITE_API sqlite3* sqlite3_context_db_handle(sqlite3_context* handle) {
  return static_cast<sqlite3*>(to_context(handle)->host->connection());
}
SQLITE_API void* sqlite3_get_auxdata(sqlite3_context* handle, int argument) {
  return to_context(handle)->auxiliary_data(argument);
}
SQLITE_API void sqlite3_set_auxdata(sqlite3_context* handle, int argument, void* data, void (*destroy)(void*)) {
  vm::FunctionContext& context = *to_context(handle);
  if (context.auxiliary == nullptr) {
    if (destroy != nullptr) destroy(data);
    return;
  }
  context.auxiliary->set(context.call_site, argument, data, destroy);
}

// ---- results ----

SQLITE_API void sqlite3_result_null(sqlite3_context* c) { to_context(c)->result.set_null(); }
SQLITE_API void sqlite3_result_int64(sqlite3_context* c, sqlite3_int64 n) { to_context(c)->result.set_integer(n); }
SQLITE_API void sqlite3_result_int(sqlite3_context* c, int n) { to_context(c)->result.set_integer(n); }
SQLITE_API void sqlite3_result_double(sqlite3_context* c, double d) { to_context(c)->result.set_real(d); }
SQLITE_API void sqlite3_result_text(sqlite3_context* c, const char* text, int n, void (*destroy)(void*)) {
  const sqlite3_uint64 size = text == nullptr ? 0 : n < 0 ? std::strlen(text) : static_cast<sqlite3_uint64>(n);
  result_bytes(c, text, size, destroy, true, TextEncoding::Utf8, n < 0);
}
SQLITE_API void sqlite3_result_text64(sqlite3_context* c, const char* text, sqlite3_uint64 n, void (*destroy)(void*),
                                      unsigned char encoding) {
  TextEncoding enc = TextEncoding::Utf8;
  if (encoding == SQLITE_UTF16 || encoding == SQLITE_UTF16LE) enc = TextEncoding::Utf16le;
  if (encoding == SQLITE_UTF16BE) enc = TextEncoding::Utf16be;
  result_bytes(c, text, enc == TextEncoding::Utf8 ? n : n & ~1ull, destroy, true, enc, encoding == SQLITE_UTF8_ZT);
}
SQLITE_API void sqlite3_result_text16(sqlite3_context* c, const void* text, int n, void (*destroy)(void*)) {
  const sqlite3_uint64 size = text == nullptr ? 0
                              : n < 0 ? std::char_traits<char16_t>::length(static_cast<const char16_t*>(text)) * 2
                                      : static_cast<sqlite3_uint64>(n) & ~1ull;
  result_bytes(c, text, size, destroy, true, TextEncoding::Utf16le, false);
}
SQLITE_API void sqlite3_result_text16le(sqlite3_context* c, const void* text, int n, void (*destroy)(void*)) {
  sqlite3_result_text16(c, text, n, destroy);
}
SQLITE_API void sqlite3_result_text16be(sqlite3_context* c, const void* text, int n, void (*destroy)(void*)) {
  const sqlite3_uint64 size = text == nullptr ? 0
                              : n < 0 ? std::char_traits<char16_t>::length(static_cast<const char16_t*>(text)) * 2
                                      : static_cast<sqlite3_uint64>(n) & ~1ull;
  result_bytes(c, text, size, destroy, true, TextEncoding::Utf16be, false);
}
SQLITE_API void sqlite3_result_blob(sqlite3_context* c, const void* data, int n, void (*destroy)(void*)) {
  if (data != nullptr && n == 0) {
    vm::FunctionContext& context = *to_context(c);
    context.result.set_blob_borrowed("", Value::kStatic);
    drop(destroy, data);
    return;
  }
  result_bytes(c, data, static_cast<sqlite3_uint64>(n < 0 ? 0 : n), destroy, false, TextEncoding::Utf8, false);
}
SQLITE_API void sqlite3_result_blob64(sqlite3_context* c, const void* data, sqlite3_uint64 n, void (*destroy)(void*)) {
  result_bytes(c, data, n, destroy, false, TextEncoding::Utf8, false);
}
SQLITE_API int sqlite3_result_zeroblob64(sqlite3_context* c, sqlite3_uint64 n) {
  vm::FunctionContext& context = *to_context(c);
  if (n > static_cast<sqlite3_uint64>(context.host->length_limit())) {
    context.fail_too_big();
    return SQLITE_TOOBIG;
  }
  context.result.set_zero_blob(static_cast<std::uint32_t>(n));
  return SQLITE_OK;
}
SQLITE_API void sqlite3_result_zeroblob(sqlite3_context* c, int n) {
  sqlite3_result_zeroblob64(c, n < 0 ? 0 : static_cast<sqlite3_uint64>(n));
}
SQLITE_API void sqlite3_result_value(sqlite3_context* c, sqlite3_value* v) {
  vm::FunctionContext& context = *to_context(c);
  try {
    if (v == nullptr) {
      context.result.set_null();
    } else {
      context.result.copy_lasting(*to_value(v));
      if (context.result.type == ValueType::Text && context.result.encoding != context.encoding)
        context.result.convert_to_text(context.encoding);
    }
  } catch (const std::bad_alloc&) {
    context.fail(Status::no_memory());
  }
}
SQLITE_API void sqlite3_result_pointer(sqlite3_context* c, void* pointer, const char* type, void (*destroy)(void*)) {
  vm::FunctionContext& context = *to_context(c);
  try {
    context.result.set_pointer(pointer, type == nullptr ? "" : type, destroy);
  } catch (const std::bad_alloc&) {
    context.fail(Status::no_memory());
  }
}
SQLITE_API void sqlite3_result_subtype(sqlite3_context* c, unsigned subtype) {
  to_context(c)->result.subtype = static_cast<std::uint8_t>(subtype);
}
SQLITE_API void sqlite3_result_error(sqlite3_context* c, const char* text, int n) {
  const std::string_view message = text == nullptr ? std::string_view()
                                   : n < 0         ? std::string_view(text)
                                                   : std::string_view(text, static_cast<std::size_t>(n));
  vm::FunctionContext& context = *to_context(c);
  context.error = Status();
  fail_with_text(context, message);
}
SQLITE_API void sqlite3_result_error16(sqlite3_context* c, const void* text, int n) {
  vm::FunctionContext& context = *to_context(c);
  try {
    OwnedValue message;
    const std::size_t size = text == nullptr ? 0
                             : n < 0 ? std::char_traits<char16_t>::length(static_cast<const char16_t*>(text)) * 2
                                     : static_cast<std::size_t>(n) & ~std::size_t{1};
    message->set_text_copy({static_cast<const char*>(text), size}, TextEncoding::Utf16le);
    context.error = Status();
    fail_with_text(context, message->read_text(TextEncoding::Utf8));
  } catch (const std::bad_alloc&) {
    context.fail(Status::no_memory());
  }
}
SQLITE_API void sqlite3_result_error_toobig(sqlite3_context* c) { to_context(c)->fail_too_big(); }
SQLITE_API void sqlite3_result_error_nomem(sqlite3_context* c) { to_context(c)->fail(Status::no_memory()); }
SQLITE_API void sqlite3_result_error_code(sqlite3_context* c, int code) {
  vm::FunctionContext& context = *to_context(c);
  if (code == SQLITE_OK) code = SQLITE_ERROR;
  if (context.error.has_message()) {
    context.fail(Status(static_cast<Code>(code), context.error.message()));
  } else {
    context.fail(Status(static_cast<Code>(code)));
  }
}

}  // extern "C"
