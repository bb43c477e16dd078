// record/value.h: a value of SQL, and the register that holds it.
//
// A Value is a plain 24-byte struct that may be moved by memcpy. It is not RAII: who keeps one calls release() before
// it is forgotten, or uses OwnedValue. The set_*() functions release what the register held before; a Value that was
// never initialised must not be set (use `Value{}`, which is NULL).
//
// Storage of text and blobs
//   borrowed   `data` points into a page, an arena, the caller's memory: valid as long as those say. Nothing to
//   release. owned      `block` is a reference-counted heap block; `data` points anywhere inside it, so that a
//   substring or a copy
//              of the Value shares the bytes. Bytes of a block with more than one reference are never changed.
//   zero blob  a blob of `size` zero bytes that are not there (kZeroBlob; `data` is null) until materialize().
// A number may carry its text beside it (kCachedText: block holds it, `size` and `encoding` describe it): that is what
// the C interface leaves behind when it reads a number as text. The type of the Value does not change by it. Text
// carries its encoding. Inside one program text is in the database's encoding.
//   Threads   counts are not atomic: a Value that goes to another connection or thread is made by copy_deep().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/allocator.h"
#include "base/assert.h"
#include "base/ids.h"
#include "base/thread_local.h"

namespace perlite::record {

// In the order of comparison, except that Integer and Real compare with each other.
enum class ValueType : std::uint8_t { Null = 0, Integer = 1, Real = 2, Text = 3, Blob = 4 };

// The header in front of owned bytes.
struct ValueBlock {
  std::uint32_t references;
  std::uint32_t capacity;  // bytes behind the header
  void (*destroy)(void*);  // not null: the bytes are the host's, External stands behind the header
  struct External {
    void* memory;
    const char* pointer_type;  // of a pointer value
  };
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  External& external() noexcept { return *reinterpret_cast<External*>(this + 1); }

  static ValueBlock* make(std::size_t capacity);  // one reference; throws std::bad_alloc
  // Takes over `memory`; destroy(memory) is called when the last reference goes, and at once when this throws.
  static ValueBlock* make_external(void* memory, void (*destroy)(void*), const char* pointer_type = nullptr);
  static void free(ValueBlock* block) noexcept;
};
static_assert(sizeof(ValueBlock) == 16);

struct Value {
  enum Flag : std::uint8_t {
    kOwned = 0x01,       // `block` holds one reference
    kTerminated = 0x02,  // text is followed by a NUL of its encoding (one byte, two in UTF-16)
    kZeroBlob = 0x04,
    kCachedText = 0x08,  // Integer or Real with its text in `block`
    kFromBind = 0x10,    // sqlite3_value_frombind
    kPointer = 0x20,     // NULL to SQL; `block` is external and carries a pointer of the host
    kNoChange = 0x40,    // sqlite3_value_nochange: a column an UPDATE of a virtual table does not touch
    kStatic = 0x80,      // borrowed bytes that outlive every use
  };

  union {
    std::int64_t integer = 0;
    double real;
    const char* data;
  };
  std::uint32_t size = 0;  // bytes of text or blob
  ValueType type = ValueType::Null;
  std::uint8_t flags = 0;
  std::uint8_t subtype = 0;
  TextEncoding encoding = TextEncoding::Utf8;
  ValueBlock* block = nullptr;  // with kOwned

  bool is_null() const noexcept { return type == ValueType::Null; }
  bool is_numeric() const noexcept { return type == ValueType::Integer || type == ValueType::Real; }
  bool is_bytes() const noexcept { return type >= ValueType::Text; }
  bool has(Flag flag) const noexcept { return (flags & flag) != 0; }
  // Bytes of text or blob, as stored; not for a zero blob (materialize() first).
  std::string_view bytes() const noexcept {
    PL_ASSERT(is_bytes() && !has(kZeroBlob));
    return {data, size};
  }

  // Gives up what is owned; the Value is then NULL.
  void release() noexcept {
    if (has(kOwned)) drop_block();
    clear();
  }
  void set_null() noexcept { release(); }
  void set_integer(std::int64_t v) noexcept {
    release();
    type = ValueType::Integer;
    integer = v;
  }
  // NaN becomes NULL: the format cannot hold it.
  void set_real(double v) noexcept {
    release();
    if (v != v) return;
    type = ValueType::Real;
    real = v;
  }
  void set_boolean(bool v) noexcept { set_integer(v ? 1 : 0); }
  // The bytes stay where they are; extra_flags: kTerminated, kStatic.
  void set_text_borrowed(std::string_view bytes, TextEncoding enc = TextEncoding::Utf8,
                         unsigned extra_flags = 0) noexcept {
    release();
    set_bytes(bytes, ValueType::Text, extra_flags);
    encoding = enc;
  }
  void set_blob_borrowed(std::string_view bytes, unsigned extra_flags = 0) noexcept {
    release();
    set_bytes(bytes, ValueType::Blob, extra_flags);
  }
  // Copies; text gets a terminator. `bytes` may lie inside what this Value holds now.
  // Copies go where the Value's last copy lies when that has room and nobody else holds it.
  void set_text_copy(std::string_view bytes, TextEncoding enc = TextEncoding::Utf8);
  void set_blob_copy(std::string_view bytes);
  // Takes over one reference to `owner`; bytes lie inside it.
  void set_text_owned(ValueBlock* owner, std::string_view bytes, TextEncoding enc, unsigned extra_flags = 0) noexcept {
    release();
    set_bytes(bytes, ValueType::Text, extra_flags | kOwned);
    encoding = enc;
    block = owner;
  }
  void set_blob_owned(ValueBlock* owner, std::string_view bytes) noexcept {
    release();
    set_bytes(bytes, ValueType::Blob, kOwned);
    block = owner;
  }
  void set_zero_blob(std::uint32_t byte_count) noexcept {
    release();
    type = ValueType::Blob;
    flags = kZeroBlob;
    data = nullptr;
    size = byte_count;
  }
  // NULL with a pointer of the host (sqlite3_bind_pointer); destroy may be null. pointer_type is static text.
  void set_pointer(void* pointer, const char* pointer_type, void (*destroy)(void*));
  void* pointer(const char* pointer_type) const noexcept;  // null when it is none of that type

  // Becomes another reference to what `from` holds: owned bytes are shared, borrowed ones stay borrowed.
  void share(const Value& from) noexcept {
    if (this == &from) return;
    if (from.has(kOwned)) ++from.block->references;
    release();
    std::memcpy(static_cast<void*>(this), &from, sizeof(Value));
  }
  // A copy that depends on nothing else: borrowed bytes (static ones too) are copied, owned ones as well.
  void copy_deep(const Value& from);
  // A copy that outlives pages, arenas and cursors: shares a block, copies borrowed bytes unless they are static.
  void copy_lasting(const Value& from);
  // Makes a borrowed Value own its bytes (static and owned ones stay). Zero blobs stay zero blobs.
  void make_lasting() {
    if (is_bytes() && (flags & (kOwned | kStatic | kZeroBlob)) == 0) own_bytes();
  }
  // Takes over the content; `from` becomes NULL.
  void take(Value& from) noexcept {
    if (this == &from) return;
    release();
    std::memcpy(static_cast<void*>(this), &from, sizeof(Value));
    from.clear();
  }

  // ---- Changes of representation; the type stays unless said otherwise ----

  // Gives the zeros of a zero blob memory.
  void materialize();
  // Text and blobs: a NUL (two in UTF-16) stands behind the bytes.
  void terminate();
  // Makes the Value text in `enc`: numbers are rendered, a blob's bytes are taken as text in the encoding it is marked
  // with, text is converted. NULL stays NULL.
  void convert_to_text(TextEncoding enc);
  // The text of the Value in `enc`, as the C interface reads it: numbers keep their type and get kCachedText; blobs and
  // text are converted in place. NUL-terminated; null data for NULL. Valid until the Value changes.
  std::string_view read_text(TextEncoding enc);

 private:
  ValueBlock* block_for_copy(std::size_t size, const char* source);
  void clear() noexcept {
    integer = 0;
    size = 0;
    type = ValueType::Null;
    flags = 0;
    subtype = 0;
    encoding = TextEncoding::Utf8;
    block = nullptr;
  }
  void set_bytes(std::string_view bytes, ValueType t, unsigned f) noexcept {
    PL_ASSERT(bytes.size() <= 0x7fffffff);
    data = bytes.data();
    size = static_cast<std::uint32_t>(bytes.size());
    type = t;
    flags = static_cast<std::uint8_t>(f);
  }
  void drop_block() noexcept {
    if (--block->references == 0) ValueBlock::free(block);
  }
  void own_bytes();
};
static_assert(sizeof(Value) == 24);
static_assert(std::is_trivially_copyable_v<Value> && std::is_trivially_destructible_v<Value>);

// A Value that releases itself.
class OwnedValue {
 public:
  OwnedValue() noexcept = default;
  explicit OwnedValue(const Value& from) { value_.copy_lasting(from); }
  OwnedValue(OwnedValue&& other) noexcept { value_.take(other.value_); }
  OwnedValue& operator=(OwnedValue&& other) noexcept {
    value_.take(other.value_);
    return *this;
  }
  OwnedValue(const OwnedValue&) = delete;
  OwnedValue& operator=(const OwnedValue&) = delete;
  ~OwnedValue() { value_.release(); }

  Value& operator*() noexcept { return value_; }
  const Value& operator*() const noexcept { return value_; }
  Value* operator->() noexcept { return &value_; }
  const Value* operator->() const noexcept { return &value_; }

 private:
  Value value_{};
};

// How many digits a REAL gets as text in the calling thread while the object stands (17 otherwise): a setting of the
// connection at work, of which values know nothing (SQLITE_DBCONFIG_FP_DIGITS).
class RealDigitsScope {
 public:
  explicit RealDigitsScope(int digits) noexcept : before_(std::exchange(current_, digits)) {}
  ~RealDigitsScope() { current_ = before_; }
  RealDigitsScope(const RealDigitsScope&) = delete;
  RealDigitsScope& operator=(const RealDigitsScope&) = delete;
  static int current() noexcept { return current_; }

 private:
  PL_FIXED_THREAD_LOCAL static thread_local constinit int current_;
  int before_;
};

// The text of a Value without touching the Value: numbers are rendered, other encodings converted, into a buffer of
// this object. A view it returned ends with the next call and with this object.
class TextScratch {
 public:
  TextScratch() noexcept = default;
  TextScratch(const TextScratch&) = delete;
  TextScratch& operator=(const TextScratch&) = delete;
  // Null data for NULL. A zero blob is read as its zeros.
  std::string_view text(const Value& value, TextEncoding enc = TextEncoding::Utf8);
  // Bytes of a blob or text as they are; otherwise the text in `enc`.
  std::string_view bytes(const Value& value, TextEncoding enc = TextEncoding::Utf8);

 private:
  char* reserve(std::size_t size);
  char small_[96];
  base::ByteBuffer large_;
};

// "null", "integer", "real", "text", "blob".
std::string_view type_name(ValueType type) noexcept;

}  // namespace perlite::record

namespace perlite {
using record::OwnedValue;
using record::Value;
using record::ValueType;
}  // namespace perlite
