#include "pager/store.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace perlite::pager {

Store::Store(sqlite3_vfs& vfs, os::Filename name, int flags, const StoreOptions& options)
    : vfs_(&vfs),
      name_(std::move(name)),
      view_(*this),
      pool_(view_, options.page_size),
      busy_(options.busy),
      open_flags_(flags),
      kind_(options.kind) {
  set_geometry(options.page_size, 0);
  if (kind_ == StoreKind::Memory) journal_mode_ = JournalMode::Memory;
  if (kind_ != StoreKind::File) locking_mode_ = LockingMode::Exclusive;
}

Store::~Store() {
  static_cast<void>(rollback());
  end_read();
}

Result<UniquePtr<Store>> Store::open(sqlite3_vfs& vfs, os::Filename name, int flags, const StoreOptions& options) {
  if (options.kind == StoreKind::File) return Status(Code::CantOpen, "this build keeps databases in memory only");
  return UniquePtr<Store>(new Store(vfs, std::move(name), flags, options));
}

// --- Transactions ---------------------------------------------------------------------------------------------------

Status Store::begin_read() {
  if (state_ != State::None) return {};
  state_ = State::Reading;
  return {};
}

void Store::end_read() noexcept {
  PL_ASSERT(!in_write());
  state_ = State::None;
}

Status Store::begin_write(WriteIntent) {
  PL_TRY(begin_read());
  if (in_write()) return {};
  if (read_only_) return Code::ReadOnly;
  original_count_ = view_.page_count_;
  state_ = State::Writing;
  next_stamp();
  return {};
}

// --- Pages in memory ------------------------------------------------------------------------------------------------

Status Store::load(Frame& frame) {
  Image* image = pool_.new_image();
  std::memset(image->bytes(), 0, frame.page_size);
  pool_.set_image(frame, image);
  frame.unwritten = true;
  return {};
}

void Store::prefetch(std::span<const PageNo>) noexcept {}

Status Store::make_room() {
  if (kind_ == StoreKind::Memory || pool_.image_count() < std::max(cache_limit(), next_room_check_)) return {};
  if (pool_.evict_one()) return {};
  next_room_check_ = pool_.image_count() + std::max<std::size_t>(16, cache_limit() / 16);
  return {};
}

std::size_t Store::cache_limit() const noexcept {
  // What a page costs beside its bytes, so that the default of -2000 is 483 pages of 4096 bytes.
  constexpr std::int64_t kOverhead = 144;
  if (cache_size_ >= 0) return static_cast<std::size_t>(std::max(cache_size_, 10));
  return static_cast<std::size_t>(
      std::max<std::int64_t>(10, -std::int64_t{cache_size_} * 1024 / (view_.page_size_ + kOverhead)));
}

void Store::set_geometry(std::uint32_t page_size, std::uint32_t reserved_bytes) noexcept {
  if (page_size != pool_.page_size()) pool_.set_page_size(page_size);
  view_.page_size_ = page_size;
  view_.usable_size_ = page_size - reserved_bytes;
}

// --- Header ---------------------------------------------------------------------------------------------------------

Result<std::uint32_t> Store::read_header_u32(std::uint32_t offset) {
  PL_ASSERT(offset + 4 <= header::kSize);
  if (view_.page_count_ == 0) return std::uint32_t{0};
  PL_ASSIGN(const PageRef page, view_.fetch(PageNo(1)));
  return base::load_be32(page.data() + offset);
}

Status Store::write_header_u32(std::uint32_t offset, std::uint32_t value) {
  PL_ASSERT(offset + 4 <= header::kSize);
  PL_ASSIGN(PageRef page, view_.fetch(PageNo(1)));
  PL_ASSIGN(const std::span<std::byte> bytes, page.writable());
  base::store_be32(bytes.data() + offset, value);
  return {};
}

// --- Switches -------------------------------------------------------------------------------------------------------

Status Store::set_page_size(std::uint32_t page_size, std::uint32_t reserved_bytes) {
  if (in_write() || view_.page_count_ != 0) return {};
  const bool valid = page_size >= kMinPageSize && page_size <= kMaxPageSize && (page_size & (page_size - 1)) == 0;
  if (!valid) page_size = view_.page_size_;
  if (reserved_bytes > 255 || page_size - reserved_bytes < kMinUsableSize) return {};
  set_geometry(page_size, reserved_bytes);
  return {};
}

LockingMode Store::set_locking_mode(LockingMode mode) noexcept {
  if (kind_ == StoreKind::File) locking_mode_ = mode;
  return locking_mode_;
}

Result<JournalMode> Store::set_journal_mode(JournalMode mode) {
  if (in_write()) return journal_mode_;
  if (kind_ == StoreKind::Memory && mode != JournalMode::Memory && mode != JournalMode::Off) return journal_mode_;
  journal_mode_ = mode;
  return journal_mode_;
}

void Store::set_cache_size(int pages_or_minus_kib) noexcept {
  cache_size_ = pages_or_minus_kib;
  if (kind_ != StoreKind::Memory) pool_.shrink_to(cache_limit());
}

int Store::cache_spill() const noexcept {
  if (spill_pages_ == 0) return 0;
  return std::max(static_cast<int>(std::min<std::size_t>(cache_limit(), 0x7fffffff)), spill_pages_);
}

std::uint32_t Store::set_max_page_count(std::uint32_t pages) noexcept {
  if (pages != 0) max_page_count_ = std::max(pages, view_.page_count_);
  max_page_count_ = std::min(max_page_count_, kDefaultMaxPageCount);
  return max_page_count_;
}

// --- Inspection -----------------------------------------------------------------------------------------------------

bool Store::wants_super_journal() const noexcept { return false; }

sqlite3_file* Store::journal_handle() const noexcept { return nullptr; }

StoreCounters Store::counters() const noexcept {
  StoreCounters result = counters_;
  result.hits += view_.hits_;
  return result;
}

void Store::reset_counters() noexcept {
  counters_ = StoreCounters{};
  view_.hits_ = 0;
}

std::size_t Store::memory_used() const noexcept { return pool_.bytes(); }

void Store::release_memory() noexcept {
  if (kind_ != StoreKind::Memory) pool_.shrink_to(0);
  pool_.trim_free();
}

}  // namespace perlite::pager
