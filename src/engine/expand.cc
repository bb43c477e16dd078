#include "engine/expand.h"

#include "engine/statement.h"

namespace perlite::engine {
namespace {

// A value as an SQL literal.
void append_literal(String& out, Value& value) {
  switch (value.type) {
    case ValueType::Null:
      out += "NULL";
      return;
    case ValueType::Integer:
    case ValueType::Real: {
      record::TextScratch scratch;
      out.append(scratch.text(value));
      return;
    }
    case ValueType::Text: {
      record::TextScratch scratch;
      out += '\'';
      for (const char c : scratch.text(value)) out.append(c == '\'' ? 2 : 1, c);
      out += '\'';
      return;
    }
    case ValueType::Blob: {
      if (value.has(Value::kZeroBlob)) {
        out += "zeroblob(";
        Value size{};
        size.set_integer(value.size);
        record::TextScratch scratch;
        out.append(scratch.text(size)).append(")");
        return;
      }
      constexpr char kDigits[] = "0123456789abcdef";
      out += "x'";
      for (const char c : value.bytes()) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
      }
      out += '\'';
      return;
    }
  }
}

bool is_name_character(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Past a quoted text or comment that begins at `at`; `at` when none does.
std::size_t skip_opaque(std::string_view text, std::size_t at) noexcept {
  const char c = text[at];
  if (c == '\'' || c == '"' || c == '`' || c == '[') {
    const char close = c == '[' ? ']' : c;
    const std::size_t end = text.find(close, at + 1);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  if (c == '-' && text.substr(at, 2) == "--") return std::min(text.find('\n', at), text.size());
  if (c == '/' && text.substr(at, 2) == "/*") {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  return at;
}

}  // namespace

String expand_sql(Statement& statement) {
  const std::string_view text = statement.text();
  String out;
  int last = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t past = skip_opaque(text, i);
    if (past > i) {
      out.append(text.substr(i, past - i));
      i = past;
      continue;
    }
    const char c = text[i];
    const bool named = (c == ':' || c == '@' || c == '$') && i + 1 < text.size() && is_name_character(text[i + 1]) &&
                       (i == 0 || !is_name_character(text[i - 1]));
    if (c != '?' && !named) {
      out += c;
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    int number = 0;
    if (c == '?') {
      while (end < text.size() && text[end] >= '0' && text[end] <= '9' && number < 100000)
        number = number * 10 + (text[end++] - '0');
      if (end == i + 1) number = last + 1;
    } else {
      while (end < text.size() && (is_name_character(text[end]) || (c == '$' && text.substr(end, 2) == "::")))
        end += text[end] == ':' ? 2 : 1;
      if (c == '$' && end < text.size() && text[end] == '(') end = std::min(text.find(')', end), text.size() - 1) + 1;
      number = statement.parameter_index(text.substr(i, end - i));
    }
    last = std::max(last, number);
    if (number >= 1 && static_cast<std::size_t>(number) <= statement.bindings().size()) {
      append_literal(out, statement.bindings()[static_cast<std::size_t>(number) - 1]);
    } else {
      out.append(text.substr(i, end - i));
    }
    i = end;
  }
  return out;
}

}  // namespace perlite::engine
