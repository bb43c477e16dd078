// Preparing, stepping, binding and ending statements.
#include <cstring>

#include "api/handles.h"
#include "api/zombie.h"
#include "engine/expand.h"

using namespace perlite;
using namespace perlite::api;

namespace {

// Prepared by sqlite3_prepare or sqlite3_prepare16: step() answers SQLITE_ERROR for every error, reset() says which.
constexpr unsigned kLegacyPrepare = 0x1000;

int prepare(sqlite3* db, const char* sql, int byte_count, unsigned flags, sqlite3_stmt** out,
            const char** tail) noexcept {
  if (out == nullptr) return SQLITE_MISUSE;
  *out = nullptr;
  if (!usable(db) || sql == nullptr || !to_connection(db)->is_open()) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const std::size_t size = byte_count < 0 ? std::strlen(sql) : strnlen(sql, static_cast<std::size_t>(byte_count));
  std::size_t consumed = size;
  const bool measured = byte_count > 0 && sql[byte_count - 1] != '\0';  // by the caller, and without a NUL
  const int code = guarded(c, [&]() -> Status {
    if (measured && byte_count > c.limit(engine::kLimitSqlLength)) return Status(Code::TooBig, "statement too long");
    PL_ASSIGN(Statement* const statement, c.prepare({sql, size}, flags, &consumed));
    *out = to_handle(statement);
    return {};
  });
  if (tail != nullptr) *tail = sql + std::min(consumed, size);
  return code;
}

// The text in UTF-8, and where the first statement ends in UTF-16 units.
int prepare16(sqlite3* db, const void* sql, int byte_count, unsigned flags, sqlite3_stmt** out,
              const void** tail) noexcept {
  if (out == nullptr) return SQLITE_MISUSE;
  *out = nullptr;
  if (!usable(db) || sql == nullptr || !to_connection(db)->is_open()) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  try {
    const auto* units = static_cast<const char16_t*>(sql);
    const std::size_t limit = byte_count < 0 ? SIZE_MAX : static_cast<std::size_t>(byte_count) / 2;
    std::size_t count = 0;
    while (count < limit && units[count] != 0) ++count;
    OwnedValue text;
    text->set_text_copy({static_cast<const char*>(sql), count * 2}, TextEncoding::Utf16le);
    const std::string_view utf8 = text->read_text(TextEncoding::Utf8);
    const char* end = nullptr;
    const int code = prepare(db, utf8.data(), static_cast<int>(utf8.size()), flags, out, &end);
    if (tail != nullptr) {
      std::size_t used = 0;
      for (const char* p = utf8.data(); p < end; ++p) {
        const auto byte = static_cast<unsigned char>(*p);
        if ((byte & 0xc0) != 0x80) used += byte >= 0xf0 ? 2 : 1;
      }
      *tail = units + used;
    }
    return code;
  } catch (const std::bad_alloc&) {
    return report(c, Status::no_memory());
  }
}

Value* parameter(Statement* statement, int index, int* code) noexcept {
  if (statement == nullptr) {
    *code = SQLITE_MISUSE;
    return nullptr;
  }
  Connection& c = statement->connection();
  if (statement->is_busy()) {
    c.error().set(Status(Code::Misuse, "bad parameter or other API misuse"));
    *code = SQLITE_MISUSE;
    return nullptr;
  }
  if (index < 1 || index > statement->program().parameter_count) {
    *code = report(c, Status(Code::Range));
    return nullptr;
  }
  c.error().clear();
  *code = SQLITE_OK;
  return &statement->bindings()[static_cast<std::size_t>(index) - 1];
}

template <class Set>
int bind_one(sqlite3_stmt* handle, int index, Set set) noexcept {
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return SQLITE_MISUSE;
  const StateGuard guard(statement->connection());
  int code = SQLITE_OK;
  Value* value = parameter(statement, index, &code);
  if (value == nullptr) return code;
  try {
    set(*value);
    value->flags = static_cast<std::uint8_t>(value->flags | Value::kFromBind);
    return SQLITE_OK;
  } catch (const std::bad_alloc&) {
    return report(statement->connection(), Status::no_memory());
  }
}

void call_destructor(void (*destroy)(void*), const void* data) noexcept {
  if (data != nullptr && destroy != SQLITE_STATIC && destroy != SQLITE_TRANSIENT) destroy(const_cast<void*>(data));
}

enum class BytesKind { Text, Blob };

int bind_bytes(sqlite3_stmt* handle, int index, const void* data, sqlite3_uint64 size, void (*destroy)(void*),
               BytesKind kind, TextEncoding encoding, bool terminated) noexcept {
  Statement* statement = to_statement(handle);
  if (statement == nullptr) {
    call_destructor(destroy, data);
    return SQLITE_MISUSE;
  }
  Connection& c = statement->connection();
  const StateGuard guard(c);
  int code = SQLITE_OK;
  Value* value = parameter(statement, index, &code);
  if (value == nullptr) {
    call_destructor(destroy, data);
    return code;
  }
  if (data == nullptr) {
    value->set_null();
    return SQLITE_OK;
  }
  if (size > static_cast<sqlite3_uint64>(c.limit(engine::kLimitLength))) {
    call_destructor(destroy, data);
    return report(c, Status(Code::TooBig));
  }
  try {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
    const TextEncoding wanted = statement->program().encoding;
    if (destroy == SQLITE_TRANSIENT) {
      kind == BytesKind::Text ? value->set_text_copy(bytes, encoding) : value->set_blob_copy(bytes);
    } else if (destroy == SQLITE_STATIC) {
      const unsigned flags = terminated ? unsigned{Value::kTerminated} : 0u;
      kind == BytesKind::Text ? value->set_text_borrowed(bytes, encoding, flags) : value->set_blob_borrowed(bytes);
    } else {
      record::ValueBlock* block = record::ValueBlock::make_external(const_cast<void*>(data), destroy);
      kind == BytesKind::Text
          ? value->set_text_owned(block, bytes, encoding, terminated ? unsigned{Value::kTerminated} : 0u)
          : value->set_blob_owned(block, bytes);
    }
    if (kind == BytesKind::Text && encoding != wanted) value->convert_to_text(wanted);
    value->flags = static_cast<std::uint8_t>(value->flags | Value::kFromBind);
    return SQLITE_OK;
  } catch (const std::bad_alloc&) {
    return report(c, Status::no_memory());
  }
}

sqlite3_uint64 text16_size(const void* text) noexcept {
  return std::char_traits<char16_t>::length(static_cast<const char16_t*>(text)) * 2;
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_prepare_v3(sqlite3* db, const char* sql, int n, unsigned flags, sqlite3_stmt** out,
                                  const char** tail) {
  return prepare(db, sql, n, flags & 0xff, out, tail);
}
SQLITE_API int sqlite3_prepare_v2(sqlite3* db, const char* sql, int n, sqlite3_stmt** out, const char** tail) {
  return prepare(db, sql, n, 0, out, tail);
}
SQLITE_API int sqlite3_prepare(sqlite3* db, const char* sql, int n, sqlite3_stmt** out, const char** tail) {
  return prepare(db, sql, n, kLegacyPrepare, out, tail);
}
SQLITE_API int sqlite3_prepare16_v3(sqlite3* db, const void* sql, int n, unsigned flags, sqlite3_stmt** out,
                                    const void** tail) {
  return prepare16(db, sql, n, flags & 0xff, out, tail);
}
SQLITE_API int sqlite3_prepare16_v2(sqlite3* db, const void* sql, int n, sqlite3_stmt** out, const void** tail) {
  return prepare16(db, sql, n, 0, out, tail);
}
SQLITE_API int sqlite3_prepare16(sqlite3* db, const void* sql, int n, sqlite3_stmt** out, const void** tail) {
  return prepare16(db, sql, n, kLegacyPrepare, out, tail);
}

SQLITE_API int sqlite3_step(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return SQLITE_MISUSE;
  Connection& c = statement->connection();
  const LockGuard guard(c);
  try {
    Result<vm::StepResult> result = statement->step();
    if (result.ok()) {
      const Code code = result.value() == vm::StepResult::Row ? Code::Row : Code::Done;
      c.error().set_code(code);
      return static_cast<int>(code);
    }
    const int code = report(c, result.status());
    return (statement->flags() & kLegacyPrepare) != 0 ? SQLITE_ERROR : code;
  } catch (const std::bad_alloc&) {
    statement->reset();
    return report(c, Status::no_memory());
  }
}

SQLITE_API int sqlite3_reset(sqlite3_stmt* handle) {
  if (handle == nullptr) return SQLITE_OK;
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return SQLITE_MISUSE;
  Connection& c = statement->connection();
  const LockGuard guard(c);
  const bool has_run = statement->has_run();
  const Code code = statement->reset();
  if (code == Code::Ok) {
    if (has_run) c.error().clear();
    return SQLITE_OK;
  }
  if (c.error().code() != code) c.error().set_code(code);
  return static_cast<int>(code) & c.result_mask;
}

SQLITE_API int sqlite3_finalize(sqlite3_stmt* handle) {
  if (handle == nullptr) return SQLITE_OK;
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return SQLITE_MISUSE;
  Connection& c = statement->connection();
  engine::Connection* const outer = c.enter();
  const bool has_run = statement->has_run();
  const Code code = statement->reset();
  if (code == Code::Ok) {
    if (has_run) c.error().clear();
  } else if (c.error().code() != code) {
    c.error().set_code(code);
  }
  const int answer = static_cast<int>(code) & c.result_mask;
  delete statement;
  c.leave(outer);
  release_zombie(c);
  return answer;
}

SQLITE_API const char* sqlite3_sql(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  return statement == nullptr ? nullptr : statement->text().data();
}

SQLITE_API char* sqlite3_expanded_sql(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return nullptr;
  const StateGuard guard(statement->connection());
  try {
    const String text = engine::expand_sql(*statement);
    if (text.size() > static_cast<std::size_t>(statement->connection().limit(engine::kLimitLength))) return nullptr;
    auto* copy = static_cast<char*>(base::Allocator::allocate(text.size() + 1));
    std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

SQLITE_API int sqlite3_stmt_readonly(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  return statement == nullptr || statement->is_read_only() ? 1 : 0;
}
SQLITE_API int sqlite3_stmt_isexplain(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  return statement == nullptr ? 0 : statement->program().explain;
}
SQLITE_API int sqlite3_stmt_busy(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  return statement != nullptr && statement->is_busy() ? 1 : 0;
}
SQLITE_API sqlite3* sqlite3_db_handle(sqlite3_stmt* handle) {
  Statement* statement = to_statement(handle);
  return statement == nullptr ? nullptr : to_handle(&statement->connection());
}

SQLITE_API int sqlite3_stmt_status(sqlite3_stmt* handle, int op, int reset) {
  Statement* statement = to_statement(handle);
  if (statement == nullptr) return 0;
  vm::StatementCounters& counters = statement->execution().counters();
  std::int64_t* counter = nullptr;
  switch (op) {
    case SQLITE_STMTSTATUS_FULLSCAN_STEP:
      counter = &counters.full_scan_steps;
      break;
    case SQLITE_STMTSTATUS_SORT:
      counter = &counters.sorts;
      break;
    case SQLITE_STMTSTATUS_AUTOINDEX:
      counter = &counters.automatic_index_rows;
      break;
    case SQLITE_STMTSTATUS_VM_STEP:
      counter = &counters.vm_steps;
      break;
    case SQLITE_STMTSTATUS_REPREPARE:
      counter = &counters.reprepares;
      break;
    case SQLITE_STMTSTATUS_RUN:
      counter = &counters.runs;
      break;
    case SQLITE_STMTSTATUS_FILTER_HIT:
      counter = &counters.filter_hits;
      break;
    case SQLITE_STMTSTATUS_FILTER_MISS:
      counter = &counters.filter_misses;
      break;
    case SQLITE_STMTSTATUS_MEMUSED:
      return static_cast<int>(statement->execution().memory_used() + sizeof(vm::Program) +
                              statement->program().arena.bytes());
    default:
      return 0;
  }
  const auto value = static_cast<int>(*counter);
  if (reset != 0) *counter = 0;
  return value;
}

// ---- binding ----

SQLITE_API int sqlite3_bind_null(sqlite3_stmt* s, int i) {
  return bind_one(s, i, [](Value& v) { v.set_null(); });
}
SQLITE_API int sqlite3_bind_int64(sqlite3_stmt* s, int i, sqlite3_int64 n) {
  return bind_one(s, i, [n](Value& v) { v.set_integer(n); });
}
SQLITE_API int sqlite3_bind_int(sqlite3_stmt* s, int i, int n) { return sqlite3_bind_int64(s, i, n); }
SQLITE_API int sqlite3_bind_double(sqlite3_stmt* s, int i, double d) {
  return bind_one(s, i, [d](Value& v) { v.set_real(d); });
}
SQLITE_API int sqlite3_bind_text(sqlite3_stmt* s, int i, const char* text, int n, void (*destroy)(void*)) {
  const sqlite3_uint64 size = text == nullptr ? 0 : n < 0 ? std::strlen(text) : static_cast<sqlite3_uint64>(n);
  return bind_bytes(s, i, text, size, destroy, BytesKind::Text, TextEncoding::Utf8, n < 0);
}
SQLITE_API int sqlite3_bind_text16(sqlite3_stmt* s, int i, const void* text, int n, void (*destroy)(void*)) {
  const sqlite3_uint64 size = text == nullptr ? 0 : n < 0 ? text16_size(text) : static_cast<sqlite3_uint64>(n) & ~1ull;
  return bind_bytes(s, i, text, size, destroy, BytesKind::Text, TextEncoding::Utf16le, n < 0);
}
SQLITE_API int sqlite3_bind_text64(sqlite3_stmt* s, int i, const char* text, sqlite3_uint64 n, void (*destroy)(void*),
                                   unsigned char encoding) {
  const bool terminated = encoding == SQLITE_UTF8_ZT;
  TextEncoding enc = TextEncoding::Utf8;
  if (encoding == SQLITE_UTF16 || encoding == SQLITE_UTF16LE) enc = TextEncoding::Utf16le;
  if (encoding == SQLITE_UTF16BE) enc = TextEncoding::Utf16be;
  if (enc != TextEncoding::Utf8) n &= ~1ull;
  return bind_bytes(s, i, text, n, destroy, BytesKind::Text, enc, terminated);
}
SQLITE_API int sqlite3_bind_blob(sqlite3_stmt* s, int i, const void* data, int n, void (*destroy)(void*)) {
  if (n < 0) {
    call_destructor(destroy, data);
    return SQLITE_MISUSE;
  }
  return bind_bytes(s, i, data, static_cast<sqlite3_uint64>(n), destroy, BytesKind::Blob, TextEncoding::Utf8, false);
}
SQLITE_API int sqlite3_bind_blob64(sqlite3_stmt* s, int i, const void* data, sqlite3_uint64 n, void (*destroy)(void*)) {
  return bind_bytes(s, i, data, n, destroy, BytesKind::Blob, TextEncoding::Utf8, false);
}
SQLITE_API int sqlite3_bind_zeroblob64(sqlite3_stmt* s, int i, sqlite3_uint64 n) {
  Statement* statement = to_statement(s);
  if (statement == nullptr) return SQLITE_MISUSE;
  if (n > static_cast<sqlite3_uint64>(statement->connection().limit(engine::kLimitLength)))
    return report(statement->connection(), Status(Code::TooBig));
  return bind_one(s, i, [n](Value& v) { v.set_zero_blob(static_cast<std::uint32_t>(n)); });
}
SQLITE_API int sqlite3_bind_zeroblob(sqlite3_stmt* s, int i, int n) {
  return sqlite3_bind_zeroblob64(s, i, n < 0 ? 0 : static_cast<sqlite3_uint64>(n));
}
SQLITE_API int sqlite3_bind_pointer(sqlite3_stmt* s, int i, void* pointer, const char* type, void (*destroy)(void*)) {
  const int code = bind_one(s, i, [&](Value& v) { v.set_pointer(pointer, type == nullptr ? "" : type, destroy); });
  if (code != SQLITE_OK && destroy != nullptr) destroy(pointer);
  return code;
}
SQLITE_API int sqlite3_bind_value(sqlite3_stmt* s, int i, const sqlite3_value* from) {
  Statement* statement = to_statement(s);
  if (statement == nullptr) return SQLITE_MISUSE;
  return bind_one(s, i, [&](Value& v) {
    if (from == nullptr) {
      v.set_null();
      return;
    }
    v.copy_deep(*to_value(from));
    if (v.type == ValueType::Text && v.encoding != statement->program().encoding)
      v.convert_to_text(statement->program().encoding);
  });
}
SQLITE_API int sqlite3_clear_bindings(sqlite3_stmt* s) {
  Statement* statement = to_statement(s);
  if (statement == nullptr) return SQLITE_MISUSE;
  const StateGuard guard(statement->connection());
  statement->execution().clear_bindings();
  return SQLITE_OK;
}
SQLITE_API int sqlite3_bind_parameter_count(sqlite3_stmt* s) {
  Statement* statement = to_statement(s);
  return statement == nullptr ? 0 : statement->program().parameter_count;
}
SQLITE_API const char* sqlite3_bind_parameter_name(sqlite3_stmt* s, int i) {
  Statement* statement = to_statement(s);
  if (statement == nullptr || i < 1) return nullptr;
  const auto& names = statement->program().parameter_names;
  return static_cast<std::size_t>(i) > names.size() ? nullptr : names[static_cast<std::size_t>(i) - 1].data();
}
SQLITE_API int sqlite3_bind_parameter_index(sqlite3_stmt* s, const char* name) {
  Statement* statement = to_statement(s);
  return statement == nullptr || name == nullptr ? 0 : statement->parameter_index(name);
}
SQLITE_API int sqlite3_transfer_bindings(sqlite3_stmt* from, sqlite3_stmt* to) {
  Statement* a = to_statement(from);
  Statement* b = to_statement(to);
  if (a == nullptr || b == nullptr) return SQLITE_MISUSE;
  if (a->bindings().size() != b->bindings().size()) return SQLITE_ERROR;
  const StateGuard guard(b->connection());
  for (std::size_t i = 0; i < a->bindings().size(); ++i) b->bindings()[i].take(a->bindings()[i]);
  return SQLITE_OK;
}
SQLITE_API int sqlite3_expired(sqlite3_stmt*) { return 0; }

}  // extern "C"
