// base/text_builder.h: a text that grows, within a limit, for writers that look at errors once at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/allocator.h"
#include "base/status.h"

namespace perlite::base {

// A text that grows, up to a limit. It never throws: the first failure is kept, the content is dropped, and what comes
// later is ignored, so that a writer need not look until the end. A fixed buffer is cut at its size instead.
class TextBuilder {
 public:
  static constexpr std::size_t kDefaultLimit = 1000000000;

  explicit TextBuilder(std::size_t limit = kDefaultLimit) noexcept : limit_(limit) {}
  // Writes into the caller's memory of `size` bytes, of which the last is kept for a NUL.
  TextBuilder(char* buffer, std::size_t size) noexcept
      : data_(buffer), capacity_(size), limit_(size == 0 ? 0 : size - 1), fixed_(true) {}
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;
  ~TextBuilder() { reset(); }

  void append(std::string_view text) noexcept {
    if (text.size() < capacity_ - size_) {  // one byte stays for the NUL
      if (!text.empty()) std::memcpy(data_ + size_, text.data(), text.size());  // an empty view may be null
      size_ += text.size();
    } else {
      append_slow(text);
    }
  }
  void append(char c) noexcept { append(std::string_view(&c, 1)); }
  void append_fill(std::size_t count, char c) noexcept;
  // `count` bytes to be written by the caller at once; null when there is no room (then nothing was added).
  char* append_space(std::size_t count) noexcept;
  void truncate(std::size_t size) noexcept {
    if (size < size_) size_ = size;
  }

  std::string_view text() const noexcept { return {data_ != nullptr ? data_ : "", size_}; }
  std::size_t size() const noexcept { return size_; }
  // The text with its NUL; "" when there is none and no memory for one.
  const char* c_str() noexcept {
    if (data_ == nullptr || capacity_ == 0) return "";
    data_[size_] = '\0';
    return data_;
  }
  Code error() const noexcept { return error_; }  // Ok, NoMem, TooBig
  void fail(Code code) noexcept;
  // The text as a block of the Allocator, NUL-terminated, and the builder is empty; null after an error, or when
  // nothing was ever appended. Not for fixed buffers.
  char* release() noexcept;
  void reset() noexcept;  // drops content and error

 private:
  void append_slow(std::string_view text) noexcept;
  bool grow(std::size_t more) noexcept;

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t limit_;
  bool fixed_ = false;
  Code error_ = Code::Ok;
};

}  // namespace perlite::base
