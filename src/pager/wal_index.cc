#include "pager/wal_index.h"

#include <array>
#include <atomic>
#include <cstring>

#include "base/allocator.h"

namespace perlite::pager {
namespace {

using wal::block_base;
using wal::block_of;

constexpr std::size_t kHeaderWords = sizeof(wal::IndexHeader) / 4;
using HeaderWords = std::array<std::uint32_t, kHeaderWords>;

template <class T>
T relaxed(T& shared) noexcept {
  return std::atomic_ref<T>(shared).load(std::memory_order_relaxed);
}

// Made of native words, unlike the checksums of a log from elsewhere.
wal::Checksum header_checksum(const wal::IndexHeader& header) noexcept {
  return wal::checksum({}, {reinterpret_cast<const std::byte*>(&header), offsetof(wal::IndexHeader, checksum)},
                       std::endian::native == std::endian::big);
}

HeaderWords load_words(std::byte* at) noexcept {
  HeaderWords words;
  for (std::size_t i = 0; i < kHeaderWords; ++i) {
    words[i] = std::atomic_ref<std::uint32_t>(reinterpret_cast<std::uint32_t*>(at)[i]).load(std::memory_order_acquire);
  }
  return words;
}

void store_words(std::byte* at, const HeaderWords& words) noexcept {
  for (std::size_t i = 0; i < kHeaderWords; ++i) {
    std::atomic_ref<std::uint32_t>(reinterpret_cast<std::uint32_t*>(at)[i]).store(words[i], std::memory_order_release);
  }
}

constexpr std::uint32_t frames_in(std::uint32_t block) {
  return block == 0 ? wal::kFirstBlockFrames : wal::kBlockFrames;
}
constexpr std::uint32_t first_slot(std::uint32_t page) { return page * wal::kHashFactor & (wal::kHashSlots - 1); }
constexpr std::uint32_t next_slot(std::uint32_t slot) { return (slot + 1) & (wal::kHashSlots - 1); }

}  // namespace

Status WalIndex::open(Home home) {
  PL_ASSERT(!is_open());
  home_ = home;
  Result<std::byte*> first = block(0, true);
  if (!first.ok() && first.status().code() == Code::ReadOnlyCantInit && home == Home::Shared) {
    home_ = Home::PrivateHeap;
    read_only_ = true;
    first = block(0, true);
  }
  if (!first.ok()) {
    close(false);
    return std::move(first.status());
  }
  return {};
}

Status WalIndex::look_for_others() {
  PL_ASSERT(home_ == Home::PrivateHeap);
  void volatile* mapped = nullptr;
  const Code code = file_.shm_map(0, wal::kBlockSize, true, &mapped);
  if (code == Code::ReadOnlyCantInit) return {};
  if (code != Code::Ok && code != Code::ReadOnly) return code;
  release_blocks();
  home_ = Home::Shared;
  read_only_ = code == Code::ReadOnly;
  blocks_.push_back(static_cast<std::byte*>(const_cast<void*>(mapped)));
  return {};
}

void WalIndex::clear() noexcept {
  PL_ASSERT(home_ == Home::PrivateHeap);
  for (std::byte* one : blocks_) {
    if (one != nullptr) std::memset(one, 0, wal::kBlockSize);
  }
}

void WalIndex::release_blocks() noexcept {
  if (home_ != Home::Shared) {
    for (std::byte* one : blocks_) base::Allocator::release(one);
  }
  blocks_.clear();
}

void WalIndex::close(bool delete_file) noexcept {
  if (home_ != Home::Heap && is_open()) file_.shm_unmap(delete_file);
  release_blocks();
  read_only_ = false;
  alone_ = false;
}

// Null when the block does not exist and is not to be made.
Result<std::byte*> WalIndex::block(std::uint32_t number, bool make) {
  if (number < blocks_.size() && blocks_[number] != nullptr) [[likely]]
    return blocks_[number];
  if (blocks_.size() <= number) blocks_.resize(number + 1, nullptr);
  if (home_ != Home::Shared) {
    blocks_[number] = static_cast<std::byte*>(base::Allocator::allocate(wal::kBlockSize));
    std::memset(blocks_[number], 0, wal::kBlockSize);
    return blocks_[number];
  }
  void volatile* mapped = nullptr;
  const Code code = file_.shm_map(static_cast<int>(number), wal::kBlockSize, make, &mapped);
  if (code == Code::ReadOnly) {
    read_only_ = true;
  } else if (code != Code::Ok) {
    return code;
  }
  blocks_[number] = static_cast<std::byte*>(const_cast<void*>(mapped));
  return blocks_[number];
}

std::uint32_t WalIndex::load(std::size_t offset) const noexcept {
  return std::atomic_ref<std::uint32_t>(*reinterpret_cast<std::uint32_t*>(blocks_[0] + offset))
      .load(std::memory_order_acquire);
}

void WalIndex::store(std::size_t offset, std::uint32_t value) noexcept {
  std::atomic_ref<std::uint32_t>(*reinterpret_cast<std::uint32_t*>(blocks_[0] + offset))
      .store(value, std::memory_order_release);
}

void WalIndex::barrier() const noexcept {
  if (home_ == Home::Shared) file_.shm_barrier();
}

// --- The header -----------------------------------------------------------------------------------------------------

bool WalIndex::load_header(wal::IndexHeader* header) const noexcept {
  const HeaderWords first = load_words(blocks_[0]);
  barrier();
  const HeaderWords second = load_words(blocks_[0] + sizeof(wal::IndexHeader));
  if (first != second) return false;
  wal::IndexHeader read;
  std::memcpy(static_cast<void*>(&read), first.data(), sizeof read);
  if (read.made == 0 || read.checksum != header_checksum(read)) return false;
  // Frames are of some size, end with a commit and can be counted: what says otherwise was not written by a library.
  if (read.last_frame != 0 && (!wal::is_page_size(read.page_size()) || read.page_count == 0)) return false;
  if (read.last_frame > wal::kMaxFrames) return false;
  *header = read;
  return true;
}

bool WalIndex::header_is(const wal::IndexHeader& header) const noexcept {
  barrier();
  const HeaderWords now = load_words(blocks_[0]);
  return std::memcmp(now.data(), &header, sizeof header) == 0;
}

bool WalIndex::is_of_log(const wal::Salts& salts) const noexcept {
  barrier();
  const HeaderWords now = load_words(blocks_[0]);
  return std::memcmp(reinterpret_cast<const std::byte*>(now.data()) + offsetof(wal::IndexHeader, salts), &salts,
                     sizeof salts) == 0;
}

void WalIndex::complete(wal::IndexHeader* header) noexcept {
  header->made = 1;
  header->version = wal::kVersion;
  header->unused = 0;
  header->checksum = header_checksum(*header);
}

void WalIndex::store_header(wal::IndexHeader* header) noexcept {
  complete(header);
  HeaderWords words;
  std::memcpy(words.data(), header, sizeof words);
  store_words(blocks_[0] + sizeof(wal::IndexHeader), words);
  barrier();
  store_words(blocks_[0], words);
}

// --- Locks ----------------------------------------------------------------------------------------------------------

Status WalIndex::lock_shared(int slot) noexcept {
  if (alone()) return {};
  return file_.shm_lock(slot, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);
}

Status WalIndex::lock_exclusive(int slot, int count) noexcept {
  if (alone()) return {};
  return file_.shm_lock(slot, count, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
}

void WalIndex::unlock_shared(int slot) noexcept {
  if (!alone()) static_cast<void>(file_.shm_lock(slot, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED));
}

void WalIndex::unlock_exclusive(int slot, int count) noexcept {
  if (!alone()) static_cast<void>(file_.shm_lock(slot, count, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE));
}

// --- Frames ---------------------------------------------------------------------------------------------------------

Status WalIndex::append(std::uint32_t frame, PageNo page) {
  const std::uint32_t number = block_of(frame);
  PL_ASSIGN(std::byte* const memory, block(number, true));
  if (memory == nullptr) return Code::IoErrShmMap;
  std::uint32_t* const pages = pages_of(memory, number);
  std::uint16_t* const slots = slots_of(memory);
  const std::uint32_t position = frame - block_base(number);  // from 1
  if (position == 1) {
    // What the block had belongs to a log before this one.
    for (std::uint32_t i = 0; i < frames_in(number); ++i) {
      std::atomic_ref<std::uint32_t>(pages[i]).store(0, std::memory_order_relaxed);
    }
    for (std::uint32_t i = 0; i < wal::kHashSlots; ++i) {
      std::atomic_ref<std::uint16_t>(slots[i]).store(0, std::memory_order_relaxed);
    }
  } else if (relaxed(pages[position - 1]) != 0) {
    remove_beyond(frame - 1);  // of a writer that died
  }
  // A page that is written again and again fills slot after slot. Up to one that holds it none is free, for entries go
  // in the reverse of the order in which they came.
  std::uint16_t& hint = hints_[page.value % hints_.size()];
  const std::uint32_t former = relaxed(slots[hint]);
  const bool holds_it = former != 0 && former < position && relaxed(pages[former - 1]) == page.value;
  std::uint32_t slot = holds_it ? next_slot(hint) : first_slot(page.value);
  for (std::uint32_t probes = 0; relaxed(slots[slot]) != 0; slot = next_slot(slot)) {
    if (++probes > frames_in(number)) return Status::corrupt("log index: a full hash table");
  }
  std::atomic_ref<std::uint32_t>(pages[position - 1]).store(page.value, std::memory_order_relaxed);
  std::atomic_ref<std::uint16_t>(slots[slot]).store(static_cast<std::uint16_t>(position), std::memory_order_release);
  hint = static_cast<std::uint16_t>(slot);
  return {};
}

void WalIndex::remove_beyond(std::uint32_t last_frame) noexcept {
  if (last_frame == 0) return;  // the first block is cleared with its first frame
  const std::uint32_t number = block_of(last_frame);
  if (number >= blocks_.size() || blocks_[number] == nullptr) return;
  std::byte* const memory = blocks_[number];
  std::uint32_t* const pages = pages_of(memory, number);
  std::uint16_t* const slots = slots_of(memory);
  const std::uint32_t limit = last_frame - block_base(number);
  for (std::uint32_t i = 0; i < wal::kHashSlots; ++i) {
    if (relaxed(slots[i]) > limit) std::atomic_ref<std::uint16_t>(slots[i]).store(0, std::memory_order_relaxed);
  }
  for (std::uint32_t i = limit; i < frames_in(number); ++i) {
    std::atomic_ref<std::uint32_t>(pages[i]).store(0, std::memory_order_relaxed);
  }
}

Result<std::uint32_t> WalIndex::find(PageNo page, std::uint32_t first, std::uint32_t last) {
  if (last == 0 || first > last) return std::uint32_t{0};
  const std::uint32_t oldest = block_of(first);
  for (std::uint32_t number = block_of(last) + 1; number-- > oldest;) {
    PL_ASSIGN(std::byte* const memory, block(number, false));
    if (memory == nullptr) return Status::corrupt("log index: a block is missing");
    std::uint32_t* const pages = pages_of(memory, number);
    std::uint16_t* const slots = slots_of(memory);
    const std::uint32_t base = block_base(number);
    std::uint32_t found = 0;
    std::uint32_t probes = 0;
    for (std::uint32_t slot = first_slot(page.value);; slot = next_slot(slot)) {
      const std::uint32_t position = std::atomic_ref<std::uint16_t>(slots[slot]).load(std::memory_order_acquire);
      if (position == 0) break;
      if (position <= frames_in(number)) {
        const std::uint32_t frame = base + position;
        if (frame >= first && frame <= last && frame > found && relaxed(pages[position - 1]) == page.value) {
          found = frame;
        }
      }
      if (++probes >= wal::kHashSlots) return Status::corrupt("log index: a full hash table");
    }
    if (found != 0) return found;
  }
  return std::uint32_t{0};
}

Result<std::uint32_t> WalIndex::page_of(std::uint32_t frame) {
  const std::uint32_t number = block_of(frame);
  PL_ASSIGN(std::byte* const memory, block(number, false));
  if (memory == nullptr) return Status::corrupt("log index: a block is missing");
  return relaxed(pages_of(memory, number)[frame - block_base(number) - 1]);
}

}  // namespace perlite::pager
