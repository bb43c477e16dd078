#include "base/text_builder.h"

#include <algorithm>

namespace perlite::base {

void TextBuilder::append_slow(std::string_view text) noexcept {
  if (text.empty()) return;
  if (fixed_) {
    const std::size_t room = size_ < limit_ ? limit_ - size_ : 0;
    if (text.size() > room) error_ = Code::TooBig;
    const std::size_t count = std::min(room, text.size());
    if (count != 0) std::memcpy(data_ + size_, text.data(), count);
    size_ += count;
    return;
  }
  if (!grow(text.size())) return;
  std::memcpy(data_ + size_, text.data(), text.size());
  size_ += text.size();
}

void TextBuilder::append_fill(std::size_t count, char c) noexcept {
  if (fixed_) {
    const std::size_t room = size_ < limit_ ? limit_ - size_ : 0;
    if (count > room) error_ = Code::TooBig;
    count = std::min(count, room);
  } else if (count >= capacity_ - size_ && !grow(count)) {
    return;
  }
  if (count != 0) std::memset(data_ + size_, c, count);
  size_ += count;
}

char* TextBuilder::append_space(std::size_t count) noexcept {
  if (count >= capacity_ - size_) {
    if (fixed_) {
      error_ = Code::TooBig;
      return nullptr;
    }
    if (!grow(count)) return nullptr;
  }
  char* const space = data_ + size_;
  size_ += count;
  return space;
}

bool TextBuilder::grow(std::size_t more) noexcept {
  if (error_ != Code::Ok) return false;
  if (more > limit_ - size_) {
    fail(Code::TooBig);
    return false;
  }
  const std::size_t needed = size_ + more + 1;
  std::size_t wanted = std::min(std::max(needed + needed / 2, std::size_t{64}), std::max(needed, limit_ + 1));
  auto* bigger = static_cast<char*>(Allocator::try_reallocate(data_, wanted));
  if (bigger == nullptr) {
    fail(Code::NoMem);
    return false;
  }
  data_ = bigger;
  capacity_ = wanted;
  return true;
}

void TextBuilder::fail(Code code) noexcept {
  if (error_ != Code::Ok) return;
  error_ = code;
  if (fixed_) return;
  Allocator::release(data_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

char* TextBuilder::release() noexcept {
  PL_ASSERT(!fixed_);
  if (error_ != Code::Ok || data_ == nullptr) return nullptr;
  data_[size_] = '\0';
  size_ = capacity_ = 0;
  return std::exchange(data_, nullptr);
}

void TextBuilder::reset() noexcept {
  size_ = 0;
  error_ = Code::Ok;
  if (fixed_) return;
  Allocator::release(data_);
  data_ = nullptr;
  capacity_ = 0;
}

}  // namespace perlite::base
