// func/arguments.h: how built-in functions read their arguments. Nothing here changes an argument.
#pragma once

#include <string_view>

#include "record/affinity.h"
#include "record/value.h"
#include "vm/function.h"

namespace perlite::func {

using record::TextScratch;
using record::ValueBlock;
using vm::FunctionContext;

// The text of an argument in UTF-8; the bytes of a blob count as text of the database. Null data for NULL. Ends with
// the scratch.
inline std::string_view text_of(const FunctionContext& context, const Value& value, TextScratch& scratch) {
  if (value.type == ValueType::Text && value.encoding == TextEncoding::Utf8) {
    return {value.data != nullptr ? value.data : "", value.size};
  }
  if (value.type != ValueType::Blob || value.has(Value::kZeroBlob) || value.encoding == context.encoding) {
    return scratch.text(value, TextEncoding::Utf8);
  }
  Value as_text{};
  as_text.set_text_borrowed(value.bytes(), context.encoding);
  return scratch.text(as_text, TextEncoding::Utf8);
}

// The part in front of the first NUL, where many functions take a text to end.
inline std::string_view until_nul(std::string_view text) noexcept {
  const std::size_t nul = text.find('\0');
  return nul == std::string_view::npos ? text : text.substr(0, nul);
}

inline bool is_utf8(const FunctionContext& context) noexcept { return context.encoding == TextEncoding::Utf8; }

// A new result block for `size` bytes of UTF-8 text and a NUL; null after the call failed for its size.
inline ValueBlock* make_text_block(FunctionContext& context, std::uint64_t size) {
  if (context.over_limit(size)) return nullptr;
  return ValueBlock::make(static_cast<std::size_t>(size) + 1);
}

// Gives the result a part of the bytes of `argument` without copying them; type as the argument's.
inline void lend_part(FunctionContext& context, const Value& argument, std::string_view part) noexcept {
  const char* const end = argument.data + argument.size;
  context.result.share(argument);
  context.result.data = part.data();
  context.result.size = static_cast<std::uint32_t>(part.size());
  context.result.subtype = 0;
  std::uint8_t dropped = Value::kFromBind | Value::kNoChange;
  if (part.data() + part.size() != end) dropped |= Value::kTerminated;
  context.result.flags = static_cast<std::uint8_t>(context.result.flags & ~dropped);
}

// Number of an argument as arithmetic sees it, for functions that want a number or nothing: false for NULL and for text
// and blobs that are not wholly numeric.
bool strict_number(const Value& value, record::Number* number) noexcept;

}  // namespace perlite::func
