#include "record/value.h"

#include <functional>

#include "base/number.h"
#include "base/unicode.h"

namespace perlite::record {

PL_FIXED_THREAD_LOCAL thread_local constinit int RealDigitsScope::current_ = 17;

namespace {

std::size_t terminator_size(TextEncoding encoding) noexcept { return base::is_utf16(encoding) ? 2 : 1; }

// Writes the text of a number in `encoding`; room for 2 * kRealTextSize. Returns the size.
std::size_t render_number(const Value& value, TextEncoding encoding, char* out) noexcept {
  char text[base::kRealTextSize];
  char* end = value.type == ValueType::Integer ? base::write_integer(text, value.integer)
                                               : base::write_real(text, value.real, RealDigitsScope::current());
  return base::convert_text({text, static_cast<std::size_t>(end - text)}, TextEncoding::Utf8, encoding, out);
}

}  // namespace

ValueBlock* ValueBlock::make(std::size_t capacity) {
  if (capacity > base::Allocator::kMaxBytes - sizeof(ValueBlock)) throw std::bad_alloc();
  auto* block = static_cast<ValueBlock*>(base::Allocator::allocate(sizeof(ValueBlock) + capacity));
  block->references = 1;
  block->capacity = static_cast<std::uint32_t>(capacity);
  block->destroy = nullptr;
  return block;
}

ValueBlock* ValueBlock::make_external(void* memory, void (*destroy)(void*), const char* pointer_type) {
  ValueBlock* block;
  try {
    block = make(sizeof(External));
  } catch (...) {
    if (destroy != nullptr) destroy(memory);
    throw;
  }
  block->destroy = destroy;
  block->external() = External{memory, pointer_type};
  return block;
}

void ValueBlock::free(ValueBlock* block) noexcept {
  if (block->destroy != nullptr) block->destroy(block->external().memory);
  base::Allocator::release(block);
}

// A block with room for `size` bytes, which are to be copied from `source`: the Value's own where that will do.
ValueBlock* Value::block_for_copy(std::size_t size, const char* source) {
  constexpr std::size_t kStep = 16;          // texts of about one length share a block
  constexpr std::size_t kSmallBlock = 1024;  // a larger one is not kept for a few bytes
  if (has(kOwned) && is_bytes() && block->references == 1 && block->destroy == nullptr && block->capacity >= size &&
      (block->capacity <= kSmallBlock || block->capacity / 4 <= size)) {
    const char* const start = block->bytes();
    if (!std::less<>()(source, start + block->capacity) || !std::less<>()(start, source + size)) {
      ++block->references;  // that of the Value goes when the copy is set
      return block;
    }
  }
  return ValueBlock::make((size + kStep - 1) / kStep * kStep);
}

void Value::set_text_copy(std::string_view bytes, TextEncoding enc) {
  const std::size_t end = terminator_size(enc);
  ValueBlock* copy = block_for_copy(bytes.size() + end, bytes.data());
  if (!bytes.empty()) std::memcpy(copy->bytes(), bytes.data(), bytes.size());
  std::memset(copy->bytes() + bytes.size(), 0, end);
  set_text_owned(copy, {copy->bytes(), bytes.size()}, enc, kTerminated);
}

void Value::set_blob_copy(std::string_view bytes) {
  ValueBlock* copy = block_for_copy(bytes.size(), bytes.data());
  if (!bytes.empty()) std::memcpy(copy->bytes(), bytes.data(), bytes.size());
  set_blob_owned(copy, {copy->bytes(), bytes.size()});
}

void Value::set_pointer(void* pointer, const char* pointer_type, void (*destroy)(void*)) {
  ValueBlock* box = ValueBlock::make_external(pointer, destroy, pointer_type);
  release();
  flags = kOwned | kPointer;
  block = box;
}

void* Value::pointer(const char* pointer_type) const noexcept {
  if (!has(kPointer) || pointer_type == nullptr) return nullptr;
  const ValueBlock::External& external = block->external();
  if (external.pointer_type == nullptr || std::strcmp(external.pointer_type, pointer_type) != 0) return nullptr;
  return external.memory;
}

void Value::copy_deep(const Value& from) {
  if (from.has(kPointer)) {  // a pointer cannot be copied, as in sqlite3_value_dup: the copy is a plain NULL
    release();
    return;
  }
  const std::uint8_t kept_flags = from.flags & kFromBind;
  const std::uint8_t kept_subtype = from.subtype;
  if (from.is_bytes() && !from.has(kZeroBlob)) {
    if (from.type == ValueType::Text) {
      set_text_copy(from.bytes(), from.encoding);
    } else {
      const TextEncoding enc = from.encoding;
      set_blob_copy(from.bytes());
      encoding = enc;
    }
  } else {
    Value plain{};
    std::memcpy(static_cast<void*>(&plain), &from, sizeof(Value));
    plain.block = nullptr;
    plain.flags = from.flags & kZeroBlob;
    if (from.is_numeric()) plain.size = 0;
    release();
    std::memcpy(static_cast<void*>(this), &plain, sizeof(Value));
  }
  flags |= kept_flags;
  subtype = kept_subtype;
}

void Value::copy_lasting(const Value& from) {
  if (!from.is_bytes() || (from.flags & (kOwned | kStatic | kZeroBlob)) != 0) {
    share(from);
  } else {
    copy_deep(from);
  }
}

void Value::own_bytes() {
  Value copy{};
  copy.copy_deep(*this);
  take(copy);
}

void Value::materialize() {
  if (!has(kZeroBlob)) return;
  const std::uint8_t kept_subtype = subtype;
  const std::uint8_t kept_flags = flags & kFromBind;
  const std::uint32_t count = size;
  ValueBlock* zeros = ValueBlock::make(count);
  std::memset(zeros->bytes(), 0, count);
  set_blob_owned(zeros, {zeros->bytes(), count});
  subtype = kept_subtype;
  flags |= kept_flags;
}

void Value::terminate() {
  if (!is_bytes()) return;
  materialize();
  if (has(kTerminated)) return;
  const std::size_t end = terminator_size(encoding);
  ValueBlock* copy = ValueBlock::make(size + end);
  if (size != 0) std::memcpy(copy->bytes(), data, size);
  std::memset(copy->bytes() + size, 0, end);
  if (has(kOwned)) drop_block();
  block = copy;
  data = copy->bytes();
  flags = static_cast<std::uint8_t>((flags & (kFromBind | kNoChange)) | kOwned | kTerminated);
}

void Value::convert_to_text(TextEncoding enc) {
  switch (type) {
    case ValueType::Null:
      return;
    case ValueType::Integer:
    case ValueType::Real: {
      char text[2 * base::kRealTextSize];
      const std::size_t text_size = render_number(*this, enc, text);
      set_text_copy({text, text_size}, enc);
      return;
    }
    case ValueType::Blob:
      materialize();
      type = ValueType::Text;
      if (base::is_utf16(encoding)) size &= ~1u;  // half a unit is none
      break;
    case ValueType::Text:
      break;
  }
  if (encoding == enc) return;
  ValueBlock* converted = ValueBlock::make(base::max_converted_size(size, encoding, enc) + terminator_size(enc));
  const std::size_t converted_size = base::convert_text({data, size}, encoding, enc, converted->bytes());
  std::memset(converted->bytes() + converted_size, 0, terminator_size(enc));
  const std::uint8_t kept = flags & (kFromBind | kNoChange);
  const std::uint8_t kept_subtype = subtype;
  set_text_owned(converted, {converted->bytes(), converted_size}, enc, kTerminated);
  flags |= kept;
  subtype = kept_subtype;
}

std::string_view Value::read_text(TextEncoding enc) {
  if (is_null()) return {};
  if (is_numeric()) {
    if (!has(kCachedText) || encoding != enc) {
      char text[2 * base::kRealTextSize];
      const std::size_t text_size = render_number(*this, enc, text);
      ValueBlock* cache = ValueBlock::make(text_size + 2);
      std::memcpy(cache->bytes(), text, text_size);
      std::memset(cache->bytes() + text_size, 0, 2);
      if (has(kOwned)) drop_block();
      block = cache;
      flags |= kOwned | kCachedText;
      encoding = enc;
      size = static_cast<std::uint32_t>(text_size);
    }
    return {block->bytes(), size};
  }
  if (type == ValueType::Blob) {
    materialize();
    if (encoding != enc) {
      convert_to_text(enc);
      type = ValueType::Blob;
    }
  } else if (encoding != enc) {
    convert_to_text(enc);
  }
  terminate();
  return {data, size};
}

char* TextScratch::reserve(std::size_t size) {
  if (size <= sizeof small_) return small_;
  large_ = base::make_buffer(size);
  return reinterpret_cast<char*>(large_.get());
}

std::string_view TextScratch::text(const Value& value, TextEncoding enc) {
  switch (value.type) {
    case ValueType::Null:
      return {};
    case ValueType::Integer:
    case ValueType::Real: {
      char* out = reserve(2 * base::kRealTextSize);
      return {out, render_number(value, enc, out)};
    }
    case ValueType::Text:
    case ValueType::Blob:
      break;
  }
  if (value.has(Value::kZeroBlob)) {
    char* out = reserve(value.size);
    std::memset(out, 0, value.size);
    return {out, value.size};
  }
  if (value.encoding == enc) return {value.data != nullptr ? value.data : "", value.size};
  char* out = reserve(base::max_converted_size(value.size, value.encoding, enc));
  return {out, base::convert_text(value.bytes(), value.encoding, enc, out)};
}

std::string_view TextScratch::bytes(const Value& value, TextEncoding enc) {
  if (value.is_bytes() && !value.has(Value::kZeroBlob)) return {value.data != nullptr ? value.data : "", value.size};
  return text(value, enc);
}

std::string_view type_name(ValueType type) noexcept {
  switch (type) {
    case ValueType::Null:
      return "null";
    case ValueType::Integer:
      return "integer";
    case ValueType::Real:
      return "real";
    case ValueType::Text:
      return "text";
    case ValueType::Blob:
      break;
  }
  return "blob";
}

}  // namespace perlite::record
