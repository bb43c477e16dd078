// base/status.h: errors as values.
//
// Status is one word: null is success; a code without a text is stored in the word itself; a text is made only on error.
// A Code is the public result code, extended code included, fixed where the error arises and passed on untouched.
// SQL errors carry the byte offset of the offending token in the statement text, -1 when there is none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace perlite {

enum class Code : int {
#define CODE(name, value, text) name = value,
#include "base/codes.def"
#undef CODE
};

constexpr Code primary_code(Code code) { return static_cast<Code>(static_cast<int>(code) & 0xff); }
// The default text of a code; an extended code falls back to its own entry or that of its low byte. Static memory.
const char* code_text(int code) noexcept;

class [[nodiscard]] Status {
 public:
  Status() noexcept = default;                                   // success
  Status(Code code) noexcept : word_(make_word(code)) {}          // NOLINT: a code is an error without a text of its own
  Status(Code code, std::string_view message, int offset = -1);  // text is copied; falls back to NoMem
  Status(Status&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Status& operator=(Status&& other) noexcept {
    if (this != &other) {
      reset();
      word_ = std::exchange(other.word_, 0);
    }
    return *this;
  }
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;
  ~Status() { reset(); }

  bool ok() const noexcept { return word_ == 0; }
  Code code() const noexcept { return word_ == 0 ? Code::Ok : is_plain() ? plain_code() : record_code(); }
  Code primary() const noexcept { return primary_code(code()); }
  // The text, or the default text of the code. Valid while this Status lives.
  std::string_view message() const noexcept;
  bool has_message() const noexcept { return word_ != 0 && !is_plain(); }
  int offset() const noexcept;  // byte offset in the SQL text, -1 for none
  Status clone() const;         // a copy, explicit because it allocates

  // SQL errors: code Error, text as given, offset in bytes.
  static Status error(std::string_view message, int offset = -1) { return Status(Code::Error, message, offset); }
  static Status corrupt(std::string_view message);  // a text for the log; users see the default text of Corrupt
  static Status no_memory() noexcept { return Status(Code::NoMem); }
  // Formats with printf rules (%s %d %.*s ...); the result is cut at 1,000 bytes.
  static Status format(Code code, int offset, const char* format, ...) __attribute__((format(printf, 3, 4)));

 private:
  struct Record;
  static std::uintptr_t make_word(Code code) noexcept {
    return code == Code::Ok ? 0 : (static_cast<std::uintptr_t>(static_cast<int>(code)) << 1) | 1u;
  }
  bool is_plain() const noexcept { return (word_ & 1u) != 0; }
  Code plain_code() const noexcept { return static_cast<Code>(static_cast<int>(word_ >> 1)); }
  Code record_code() const noexcept;
  void reset() noexcept {
    if (word_ != 0 && !is_plain()) release();
    word_ = 0;
  }
  void release() noexcept;

  std::uintptr_t word_ = 0;
};
static_assert(sizeof(Status) == sizeof(void*));

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                          // NOLINT
  Result(Status status) noexcept : status_(std::move(status)) { PL_ASSERT(!status_.ok()); }  // NOLINT
  Result(Code code) noexcept : status_(code) { PL_ASSERT(code != Code::Ok); }            // NOLINT

  bool ok() const noexcept { return status_.ok(); }
  Status& status() noexcept { return status_; }
  const Status& status() const noexcept { return status_; }
  T& value() & noexcept {
    PL_ASSERT(ok());
    return *value_;
  }
  const T& value() const& noexcept {
    PL_ASSERT(ok());
    return *value_;
  }
  T&& value() && noexcept {
    PL_ASSERT(ok());
    return std::move(*value_);
  }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace perlite

// Returns from the enclosing function when the expression (Status or Result) is an error.
#define PL_TRY(expression)                                               \
  do {                                                                   \
    auto&& pl_try_ = (expression);                                       \
    if (!pl_try_.ok()) [[unlikely]]                                      \
      return ::perlite::base_detail::take_status(std::move(pl_try_));    \
  } while (false)

// PL_ASSIGN(const T x, expression): declares x with the value of a Result, or returns its error.
#define PL_ASSIGN(declaration, expression) \
  PL_ASSIGN_IMPL_(declaration, expression, PL_ASSIGN_CAT_(pl_result_, __COUNTER__))
#define PL_ASSIGN_CAT2_(a, b) a##b
#define PL_ASSIGN_CAT_(a, b) PL_ASSIGN_CAT2_(a, b)
#define PL_ASSIGN_IMPL_(declaration, expression, name)              \
  auto name = (expression);                                         \
  if (!name.ok()) [[unlikely]]                                      \
    return ::perlite::base_detail::take_status(std::move(name));    \
  declaration = std::move(name).value()

namespace perlite::base_detail {
inline Status take_status(Status&& status) { return std::move(status); }
template <class T>
Status take_status(Result<T>&& result) {
  return std::move(result.status());
}
}  // namespace perlite::base_detail
