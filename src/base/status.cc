#include "base/status.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/allocator.h"

namespace perlite {

namespace base {
void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
  std::abort();
}
}  // namespace base

const char* code_text(int code) noexcept {
  for (int pass = 0; pass < 2; ++pass) {
    switch (code) {
#define CODE(name, value, text) \
  case value:                   \
    return text;
#include "base/codes.def"
#undef CODE
      default:
        code &= 0xff;
    }
  }
  return "unknown error";
}

struct Status::Record {
  Code code;
  int offset;
  std::size_t size;
  char text[1];
};

Status::Status(Code code, std::string_view message, int offset) {
  void* memory = base::Allocator::try_allocate(sizeof(Record) + message.size());
  if (memory == nullptr) {
    word_ = make_word(Code::NoMem);
    return;
  }
  auto* record = static_cast<Record*>(memory);
  record->code = code;
  record->offset = offset;
  record->size = message.size();
  if (!message.empty()) std::memcpy(record->text, message.data(), message.size());
  record->text[message.size()] = '\0';
  word_ = reinterpret_cast<std::uintptr_t>(record);
}

Code Status::record_code() const noexcept { return reinterpret_cast<const Record*>(word_)->code; }

std::string_view Status::message() const noexcept {
  if (ok() || is_plain()) return code_text(static_cast<int>(code()));
  const auto* record = reinterpret_cast<const Record*>(word_);
  return {record->text, record->size};
}

int Status::offset() const noexcept {
  return ok() || is_plain() ? -1 : reinterpret_cast<const Record*>(word_)->offset;
}

Status Status::clone() const {
  if (!has_message()) return Status(code());
  return Status(code(), message(), offset());
}

Status Status::corrupt(std::string_view) { return Status(Code::Corrupt); }

Status Status::format(Code code, int offset, const char* format, ...) {
  char text[1001];
  va_list arguments;
  va_start(arguments, format);
  const int wanted = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const std::size_t size = wanted < 0 ? 0 : static_cast<std::size_t>(wanted) < sizeof text ? static_cast<std::size_t>(wanted) : sizeof text - 1;
  return Status(code, std::string_view(text, size), offset);
}

void Status::release() noexcept { base::Allocator::release(reinterpret_cast<Record*>(word_)); }

}  // namespace perlite
