// Functions of text and blobs (manual: lang_corefunc.html; compat/sql.md 5).
#include <algorithm>
#include <cstring>

#include "base/like.h"
#include "base/number.h"
#include "base/printf.h"
#include "base/unicode.h"
#include "func/arguments.h"
#include "func/functions.h"

namespace perlite::func {

namespace {

// A text built in parts, handed to the result at the end; grows by doubling up to the connection's limit.
class ResultText {
 public:
  explicit ResultText(FunctionContext& context)
      : context_(context),
        builder_(static_cast<std::size_t>(std::max<std::int64_t>(context.host->length_limit(), 0))) {}
  base::TextBuilder& builder() noexcept { return builder_; }
  void append(std::string_view text) noexcept { builder_.append(text); }
  void finish() {
    if (builder_.error() == Code::TooBig) return context_.fail_too_big();
    if (builder_.error() != Code::Ok) return context_.fail(Status::no_memory());
    context_.set_text(builder_.text());
  }

 private:
  FunctionContext& context_;
  base::TextBuilder builder_;
};

template <char (*map)(char)>
void map_ascii(FunctionContext& context, const Value& argument) {
  if (argument.is_null()) return;
  TextScratch scratch;
  const std::string_view text = text_of(context, argument, scratch);
  ValueBlock* block = ValueBlock::make(text.size() + 1);
  char* out = block->bytes();
  for (std::size_t i = 0; i < text.size(); ++i) out[i] = map(text[i]);
  out[text.size()] = '\0';
  context.take_text(block, text.size());
}

constexpr char lower_letter(char c) noexcept { return base::ascii_lower(c); }
constexpr char upper_letter(char c) noexcept { return base::ascii_upper(c); }

// A letter ends where the next lead byte stands; lone continuation bytes are letters of their own (unlike skip_utf8).
const char* skip_letter(const char* at, const char* end) noexcept {
  base::decode_utf8(&at, end);
  return at;
}

enum Side : unsigned { kLeft = 1, kRight = 2 };

void trim_sides(FunctionContext& context, int arg_count, const Value* args, unsigned sides) {
  if (args[0].is_null()) return;
  TextScratch text_scratch;
  TextScratch set_scratch;
  const std::string_view whole = text_of(context, args[0], text_scratch);
  std::string_view set = " ";
  if (arg_count > 1) {
    if (args[1].is_null()) return;
    set = until_nul(text_of(context, args[1], set_scratch));
  }
  std::string_view text = whole;
  if (set.size() == 1) {
    const char only = set.front();
    if ((sides & kLeft) != 0) {
      while (!text.empty() && text.front() == only) text.remove_prefix(1);
    }
    if ((sides & kRight) != 0) {
      while (!text.empty() && text.back() == only) text.remove_suffix(1);
    }
  } else if (!set.empty()) {
    // The first letter of the set that fits; again until none does.
    const auto strip = [&](auto fits, auto remove) {
      for (bool again = true; again && !text.empty();) {
        again = false;
        const char* at = set.data();
        const char* const end = at + set.size();
        while (at < end) {
          const char* const start = at;
          at = skip_letter(at, end);
          const std::string_view letter(start, static_cast<std::size_t>(at - start));
          if (fits(letter)) {
            remove(letter.size());
            again = true;
            break;
          }
        }
      }
    };
    if ((sides & kLeft) != 0) {
      strip([&](std::string_view letter) { return text.starts_with(letter); },
            [&](std::size_t size) { text.remove_prefix(size); });
    }
    if ((sides & kRight) != 0) {
      strip([&](std::string_view letter) { return text.ends_with(letter); },
            [&](std::size_t size) { text.remove_suffix(size); });
    }
  }
  if (args[0].type == ValueType::Text && whole.data() == args[0].data) {
    lend_part(context, args[0], text);
  } else {
    context.set_text(text);
  }
}

// ---- LIKE and GLOB ----

// What a place of the program keeps of the pattern it saw last.
struct CompiledPattern : Allocated {
  String pattern;
  base::LikeRules rules;
  base::LikePattern compiled;

  CompiledPattern(std::string_view text, const base::LikeRules& wanted)
      : pattern(text), rules(wanted), compiled(text, wanted) {}
  static void destroy(void* self) { delete static_cast<CompiledPattern*>(self); }
};

constexpr int kPatternSlot = -1;  // of the auxiliary data: stays whatever the arguments are

void match_pattern(FunctionContext& context, int arg_count, const Value* args, base::LikeRules rules) {
  TextScratch pattern_scratch;
  TextScratch text_scratch;
  const std::string_view pattern = args[0].is_null() ? std::string_view() : text_of(context, args[0], pattern_scratch);
  if (pattern.size() > static_cast<std::size_t>(std::max<std::int64_t>(context.host->like_pattern_limit(), 0))) {
    return context.fail("LIKE or GLOB pattern too complex");
  }
  if (arg_count > 2) {
    if (args[2].is_null()) return;
    TextScratch escape_scratch;
    const std::string_view whole = text_of(context, args[2], escape_scratch);
    const std::string_view escape = whole.substr(0, whole.find('\0'));
    if (escape.empty() || base::count_utf8(escape) != 1) {
      return context.fail("ESCAPE expression must be a single character");
    }
    const char* at = escape.data();
    rules.escape = base::decode_utf8(&at, at + escape.size());
  }
  if (args[0].is_null() || args[1].is_null()) return;
  const std::string_view text = text_of(context, args[1], text_scratch);
  auto* kept = static_cast<CompiledPattern*>(context.auxiliary_data(kPatternSlot));
  if (kept != nullptr && kept->rules == rules && kept->pattern == pattern) {
    context.result.set_boolean(kept->compiled.matches(text));
    return;
  }
  if (context.auxiliary == nullptr) {
    context.result.set_boolean(base::LikePattern(pattern, rules).matches(text));
    return;
  }
  auto fresh = base::make_unique<CompiledPattern>(pattern, rules);
  context.result.set_boolean(fresh->compiled.matches(text));
  context.auxiliary->set(context.call_site, kPatternSlot, fresh.release(), &CompiledPattern::destroy);
}

// ---- format() ----

class SqlArguments final : public base::FormatArguments {
 public:
  SqlArguments(FunctionContext& context, std::span<const Value> values) : context_(context), values_(values) {}

  std::int64_t integer(IntegerSize, bool) override {
    const Value* value = next();
    return value == nullptr ? 0 : record::to_integer(*value);
  }
  double real() override {
    const Value* value = next();
    return value == nullptr ? 0 : record::to_real(*value);
  }
  Text text(bool) override {
    const Value* value = next();
    if (value == nullptr || value->is_null()) return {nullptr, 0};
    const std::string_view text = text_of(context_, *value, scratch_);
    return {text.data(), text.size()};
  }
  std::size_t letter(char* out) override {
    const Text all = text(false);
    if (all.data == nullptr || all.size == 0) {
      *out = '\0';
      return 1;
    }
    const char* end = base::skip_utf8(all.data, all.data + all.size);
    const auto size = std::min(static_cast<std::size_t>(end - all.data), base::kMaxUtf8Bytes);
    std::memcpy(out, all.data, size);
    return size;
  }
  void store_count(std::size_t) override {}

 private:
  const Value* next() noexcept { return at_ < values_.size() ? &values_[at_++] : nullptr; }

  FunctionContext& context_;
  std::span<const Value> values_;
  std::size_t at_ = 0;
  TextScratch scratch_;
};

void append_hex(char* out, std::string_view bytes) noexcept {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : bytes) {
    *out++ = kDigits[static_cast<unsigned char>(c) >> 4];
    *out++ = kDigits[static_cast<unsigned char>(c) & 15];
  }
}

// The literal of a value: quote() and, with control characters escaped, unistr_quote().
void write_literal(FunctionContext& context, const Value& value, bool escape) {
  TextScratch scratch;
  switch (value.type) {
    case ValueType::Null:
      return context.set_static_text("NULL");
    case ValueType::Integer:
      return context.set_text(scratch.text(value));
    case ValueType::Real: {
      const double real = value.real;
      if (real - real != 0) return context.set_static_text(real > 0 ? "9.0e+999" : "-9.0e+999");
      return context.set_text(scratch.text(value));
    }
    case ValueType::Blob: {
      const std::string_view bytes = scratch.bytes(value);
      const std::uint64_t size = std::uint64_t{bytes.size()} * 2 + 3;
      ValueBlock* block = make_text_block(context, size);
      if (block == nullptr) return;
      char* out = block->bytes();
      *out++ = 'X';
      *out++ = '\'';
      append_hex(out, bytes);
      out[bytes.size() * 2] = '\'';
      out[bytes.size() * 2 + 1] = '\0';
      return context.take_text(block, size);
    }
    case ValueType::Text:
      break;
  }
  ResultText result(context);
  SqlArguments arguments(context, {&value, 1});
  base::append_format(result.builder(), escape ? std::string_view("%#Q") : std::string_view("%Q"), arguments);
  result.finish();
}

}  // namespace

bool strict_number(const Value& value, record::Number* number) noexcept {
  switch (value.type) {
    case ValueType::Integer:
      *number = record::Number::of(value.integer);
      return true;
    case ValueType::Real:
      *number = record::Number::of(value.real);
      return true;
    case ValueType::Text: {
      const base::NumericPrefix prefix = base::parse_numeric(value.bytes(), value.encoding);
      if (prefix.kind == base::NumericPrefix::Kind::None || !prefix.whole) return false;
      *number = prefix.kind == base::NumericPrefix::Kind::Integer ? record::Number::of(prefix.integer)
                                                                  : record::Number::of(prefix.real);
      return true;
    }
    case ValueType::Null:
    case ValueType::Blob:
      break;
  }
  return false;
}

void fn_length(FunctionContext& context, int, Value* args) {
  const Value& value = args[0];
  TextScratch scratch;
  switch (value.type) {
    case ValueType::Null:
      return;
    case ValueType::Blob:
      return context.result.set_integer(value.size);
    case ValueType::Integer:
    case ValueType::Real:
      return context.result.set_integer(static_cast<std::int64_t>(scratch.text(value).size()));
    case ValueType::Text:
      break;
  }
  const std::string_view text = until_nul(text_of(context, value, scratch));
  context.result.set_integer(static_cast<std::int64_t>(base::count_utf8(text)));
}

void fn_octet_length(FunctionContext& context, int, Value* args) {
  const Value& value = args[0];
  if (value.is_null()) return;
  if (value.is_bytes()) return context.result.set_integer(value.size);
  TextScratch scratch;
  context.result.set_integer(static_cast<std::int64_t>(scratch.text(value, context.encoding).size()));
}

void fn_lower(FunctionContext& context, int, Value* args) { map_ascii<lower_letter>(context, args[0]); }
void fn_upper(FunctionContext& context, int, Value* args) { map_ascii<upper_letter>(context, args[0]); }

void fn_trim(FunctionContext& context, int arg_count, Value* args) {
  trim_sides(context, arg_count, args, kLeft | kRight);
}
void fn_ltrim(FunctionContext& context, int arg_count, Value* args) { trim_sides(context, arg_count, args, kLeft); }
void fn_rtrim(FunctionContext& context, int arg_count, Value* args) { trim_sides(context, arg_count, args, kRight); }

void fn_substr(FunctionContext& context, int arg_count, Value* args) {
  const Value& value = args[0];
  if (value.is_null() || args[1].is_null() || (arg_count > 2 && args[2].is_null())) return;
  const bool is_blob = value.type == ValueType::Blob;
  TextScratch scratch;
  if (is_blob && value.size == 0) return;  // observed: no bytes, no value
  const std::string_view text = is_blob ? std::string_view() : until_nul(text_of(context, value, scratch));
  // 1-based start, negative from the end; wide enough that sums of two int64 cannot overflow (size is added to the
  // start only after it was clamped).
  std::int64_t start = record::to_integer(args[1]);
  std::int64_t count = arg_count > 2 ? record::to_integer(args[2]) : INT64_MAX;
  const bool backwards = count < 0;
  if (backwards) count = count == INT64_MIN ? INT64_MAX : -count;
  if (start < 0) {
    std::int64_t length = 0;
    if (is_blob) {
      length = value.size;
    } else {
      for (const char* at = text.data(); at < text.data() + text.size();
           at = skip_letter(at, text.data() + text.size())) {
        ++length;
      }
    }
    start += length;
    if (start < 0) {
      if (backwards) {
        count = 0;
      } else {
        count = std::max<std::int64_t>(0, count + start);
      }
      start = 0;
    }
  } else if (start > 0) {
    --start;
  } else if (count > 0) {
    --count;
  }
  if (backwards) {
    if (count < start) {
      start -= count;
    } else {
      count = start;
      start = 0;
    }
  }
  if (is_blob) {
    const std::int64_t size = value.size;
    start = std::min(start, size);
    count = std::min(count, size - start);
    if (value.has(Value::kZeroBlob)) return context.result.set_zero_blob(static_cast<std::uint32_t>(count));
    return lend_part(context, value,
                     value.bytes().substr(static_cast<std::size_t>(start), static_cast<std::size_t>(count)));
  }
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; start > 0 && at < end; --start) at = base::skip_utf8(at, end);
  const char* const first = at;
  for (; count > 0 && at < end; --count) at = base::skip_utf8(at, end);
  const std::string_view part(first, static_cast<std::size_t>(at - first));
  if (value.type == ValueType::Text && text.data() == value.data) {
    lend_part(context, value, part);
  } else {
    context.set_text(part);
  }
}

void fn_instr(FunctionContext& context, int, Value* args) {
  if (args[0].is_null() || args[1].is_null()) return;
  TextScratch text_scratch;
  TextScratch needle_scratch;
  const bool blobs = args[0].type == ValueType::Blob && args[1].type == ValueType::Blob;
  const std::string_view text = blobs ? text_scratch.bytes(args[0]) : text_of(context, args[0], text_scratch);
  const std::string_view needle = blobs ? needle_scratch.bytes(args[1]) : text_of(context, args[1], needle_scratch);
  std::size_t place = 0;
  for (;;) {
    const std::size_t found = base::find_bytes(text.substr(place), needle, false);
    if (found == std::string_view::npos) return context.result.set_integer(0);
    place += found;
    // A match must begin where a letter does.
    if (blobs || place == 0 || needle.empty() || !base::is_continuation(text[place])) break;
    ++place;
  }
  const std::size_t before = blobs ? place : base::count_utf8(text.substr(0, place));
  context.result.set_integer(static_cast<std::int64_t>(before) + 1);
}

void fn_replace(FunctionContext& context, int, Value* args) {
  TextScratch text_scratch;
  TextScratch pattern_scratch;
  TextScratch replacement_scratch;
  if (args[0].is_null() || args[1].is_null()) return;
  const std::string_view text = text_of(context, args[0], text_scratch);
  const std::string_view pattern = text_of(context, args[1], pattern_scratch);
  if (pattern.empty() || pattern.front() == '\0') {
    if (args[0].type == ValueType::Text) {
      lend_part(context, args[0], args[0].bytes());
    } else {
      context.set_text(text);
    }
    return;
  }
  if (args[2].is_null()) return;
  const std::string_view replacement = text_of(context, args[2], replacement_scratch);
  ResultText result(context);
  std::size_t at = 0;
  for (;;) {
    const std::size_t found = base::find_bytes(text.substr(at), pattern, false);
    if (found == std::string_view::npos) break;
    result.append(text.substr(at, found));
    result.append(replacement);
    at += found + pattern.size();
    if (result.builder().error() != Code::Ok) break;
  }
  result.append(text.substr(at));
  result.finish();
}

const void* kept_pattern(const vm::AuxiliaryStore& store, int call_site) { return store.get(call_site, kPatternSlot); }
bool matches_kept_pattern(const void* kept, std::string_view text) {
  return static_cast<const CompiledPattern*>(kept)->compiled.matches(text);
}
void fn_like(FunctionContext& context, int arg_count, Value* args) { match_pattern(context, arg_count, args, {}); }
void fn_like_case(FunctionContext& context, int arg_count, Value* args) {
  match_pattern(context, arg_count, args, {.glob = false, .fold_case = false});
}
void fn_glob(FunctionContext& context, int arg_count, Value* args) {
  match_pattern(context, arg_count, args, {.glob = true, .fold_case = false});
}

void fn_format(FunctionContext& context, int arg_count, Value* args) {
  if (arg_count == 0 || args[0].is_null()) return;
  TextScratch scratch;
  const std::string_view format = until_nul(text_of(context, args[0], scratch));
  ResultText result(context);
  SqlArguments arguments(context, {args + 1, static_cast<std::size_t>(arg_count - 1)});
  base::append_format(result.builder(), format, arguments);
  result.finish();
}

void fn_concat(FunctionContext& context, int arg_count, Value* args) {
  ResultText result(context);
  TextScratch scratch;
  for (int i = 0; i < arg_count; ++i) result.append(text_of(context, args[i], scratch));
  result.finish();
}

void fn_concat_ws(FunctionContext& context, int arg_count, Value* args) {
  if (args[0].is_null()) return;
  TextScratch separator_scratch;
  TextScratch scratch;
  const std::string_view separator = text_of(context, args[0], separator_scratch);
  ResultText result(context);
  bool first = true;
  for (int i = 1; i < arg_count; ++i) {
    if (args[i].is_null()) continue;
    if (!first) result.append(separator);
    first = false;
    result.append(text_of(context, args[i], scratch));
  }
  result.finish();
}

void fn_char(FunctionContext& context, int arg_count, Value* args) {
  ValueBlock* block = make_text_block(context, static_cast<std::uint64_t>(arg_count) * base::kMaxUtf8Bytes);
  if (block == nullptr) return;
  char* out = block->bytes();
  for (int i = 0; i < arg_count; ++i) {
    const std::int64_t letter = record::to_integer(args[i]);
    out = base::encode_utf8(
        out, letter < 0 || letter > 0x10ffff ? base::kReplacementCharacter : static_cast<char32_t>(letter));
  }
  context.take_text(block, static_cast<std::size_t>(out - block->bytes()));
}

void fn_unicode(FunctionContext& context, int, Value* args) {
  TextScratch scratch;
  const std::string_view text = text_of(context, args[0], scratch);
  if (text.empty() || text.front() == '\0') return;
  const char* at = text.data();
  const char32_t letter = base::decode_utf8(&at, at + text.size());
  context.result.set_integer(static_cast<std::int32_t>(letter));
}

void fn_hex(FunctionContext& context, int, Value* args) {
  TextScratch scratch;
  const std::string_view bytes = scratch.bytes(args[0], context.encoding);
  const std::uint64_t size = std::uint64_t{bytes.size()} * 2;
  ValueBlock* block = make_text_block(context, size);
  if (block == nullptr) return;
  append_hex(block->bytes(), bytes);
  block->bytes()[size] = '\0';
  context.take_text(block, size);
}

void fn_unhex(FunctionContext& context, int arg_count, Value* args) {
  TextScratch text_scratch;
  TextScratch ignored_scratch;
  if (args[0].is_null() || (arg_count > 1 && args[1].is_null())) return;
  const std::string_view text = until_nul(text_of(context, args[0], text_scratch));
  const std::string_view ignored = arg_count > 1 ? text_of(context, args[1], ignored_scratch) : std::string_view();
  const auto is_ignored = [&](char32_t letter) {
    const char* at = ignored.data();
    const char* const end = at + ignored.size();
    while (at < end) {
      if (base::decode_utf8(&at, end) == letter) return true;
    }
    return false;
  };
  OwnedValue bytes;
  ValueBlock* block = ValueBlock::make(text.size() / 2 + 1);
  char* out = block->bytes();
  bytes->set_blob_owned(block, {out, 0});
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const int high = base::hex_digit(*at);
    if (high < 0) {
      if (!is_ignored(base::decode_utf8(&at, end))) return;
      continue;
    }
    ++at;
    const int low = at < end ? base::hex_digit(*at) : -1;
    if (low < 0) return;
    ++at;
    *out++ = static_cast<char>(high * 16 + low);
  }
  bytes->size = static_cast<std::uint32_t>(out - block->bytes());
  bytes->encoding = context.encoding;
  context.result.take(*bytes);
}

void fn_quote(FunctionContext& context, int, Value* args) { write_literal(context, args[0], false); }
void fn_unistr_quote(FunctionContext& context, int, Value* args) { write_literal(context, args[0], true); }

void fn_unistr(FunctionContext& context, int, Value* args) {
  if (args[0].is_null()) return;
  TextScratch scratch;
  const std::string_view text = text_of(context, args[0], scratch);
  OwnedValue result;
  ValueBlock* block = ValueBlock::make(text.size() + 1);
  char* out = block->bytes();
  result->set_text_owned(block, {out, 0}, TextEncoding::Utf8);
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '\\') {
      *out++ = text[at++];
      continue;
    }
    ++at;
    if (at < text.size() && text[at] == '\\') {
      *out++ = '\\';
      ++at;
      continue;
    }
    std::size_t digits = 4;
    if (at < text.size() && (text[at] == 'u' || text[at] == 'U' || text[at] == '+')) {
      digits = text[at] == 'u' ? 4 : text[at] == '+' ? 6 : 8;
      ++at;
    }
    std::uint32_t letter = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at) {
      const int digit = at < text.size() ? base::hex_digit(text[at]) : -1;
      if (digit < 0) return context.fail("invalid Unicode escape");
      letter = letter << 4 | static_cast<std::uint32_t>(digit);
    }
    if (letter <= 0x10ffff) {
      out = base::encode_utf8(out, letter);
    } else {  // four bytes of what there is, as ever
      *out++ = static_cast<char>(0xf0 | ((letter >> 18) & 7));
      *out++ = static_cast<char>(0x80 | ((letter >> 12) & 0x3f));
      *out++ = static_cast<char>(0x80 | ((letter >> 6) & 0x3f));
      *out++ = static_cast<char>(0x80 | (letter & 0x3f));
    }
  }
  result->size = static_cast<std::uint32_t>(out - block->bytes());
  context.result.take(*result);
  if (!is_utf8(context)) context.result.convert_to_text(context.encoding);
}

void fn_soundex(FunctionContext& context, int, Value* args) {
  constexpr std::string_view kCodes = "01230120022455012623010202";  // A to Z
  TextScratch scratch;
  const std::string_view text = until_nul(text_of(context, args[0], scratch));
  const auto code_of = [&](char c) {
    const char upper = base::ascii_upper(c);
    return upper >= 'A' && upper <= 'Z' ? kCodes[static_cast<std::size_t>(upper - 'A')] : '0';
  };
  const auto is_letter = [](char c) { return base::ascii_upper(c) >= 'A' && base::ascii_upper(c) <= 'Z'; };
  std::size_t at = 0;
  while (at < text.size() && !is_letter(text[at])) ++at;
  if (at == text.size()) return context.set_static_text("?000");
  char result[4] = {base::ascii_upper(text[at]), '0', '0', '0'};
  char last = code_of(text[at]);
  std::size_t size = 1;
  for (; at < text.size() && size < 4; ++at) {
    const char code = code_of(text[at]);
    if (code == '0') {
      last = '0';
    } else if (code != last) {
      last = code;
      result[size++] = code;
    }
  }
  context.set_text({result, 4});
}

}  // namespace perlite::func
