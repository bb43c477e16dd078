// pager/page_set.h: a set of page numbers, cheap when empty and when its members lie together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/ids.h"

namespace perlite::pager {

class PageSet {
 public:
  bool contains(PageNo page) const noexcept {
    const std::size_t block = page.value / kBlockPages;
    if (block >= blocks_.size() || blocks_[block] == nullptr) return false;
    const std::uint32_t bit = page.value % kBlockPages;
    return ((*blocks_[block]).words[bit / 64] >> (bit % 64) & 1) != 0;
  }
  // Throws std::bad_alloc; then the set is as before.
  void insert(PageNo page) {
    reserve(page);
    const std::uint32_t bit = page.value % kBlockPages;
    blocks_[page.value / kBlockPages]->words[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
  // After this insert(page) cannot fail.
  void reserve(PageNo page) {
    const std::size_t block = page.value / kBlockPages;
    if (block >= blocks_.size()) blocks_.resize(block + 1);
    if (blocks_[block] == nullptr) {
      blocks_[block] = spare_ != nullptr ? std::move(spare_) : base::make_unique<Block>();
      *blocks_[block] = Block{};
    }
  }
  void erase(PageNo page) noexcept {
    if (!contains(page)) return;
    const std::uint32_t bit = page.value % kBlockPages;
    blocks_[page.value / kBlockPages]->words[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
  }
  bool empty() const noexcept { return blocks_.empty(); }
  void clear() noexcept {
    for (auto& block : blocks_) {
      if (block != nullptr) spare_ = std::move(block);
    }
    blocks_.clear();
  }

 private:
  static constexpr std::uint32_t kBlockPages = 4096;
  struct Block {
    std::array<std::uint64_t, kBlockPages / 64> words{};
  };
  Vector<base::UniquePtr<Block>> blocks_;
  base::UniquePtr<Block> spare_;  // most transactions touch one block
};

}  // namespace perlite::pager
