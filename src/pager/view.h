// pager/view.h: the pages of one database at one version, with the overlay of a transaction.
//
// B-tree code reads and changes pages through the View it is given and through nothing else. A View belongs to a Store,
// which opens and closes transactions on it; outside a read transaction it must not be asked for pages.
//   Threads   one at a time (the connection's lock).
//
// Invariants
//   V1  A published image never changes; writers get a copy in the overlay (PageRef::writable).
//   V2  An entry of the table of recent pages is a frame of this View with an image, or a sentinel that never matches.
//   V3  Pages 1..page_count() exist, except the lock-byte page, which has no content and is never handed out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "pager/page_ref.h"

namespace perlite::pager {

class Store;

// The page that holds the bytes POSIX locks are taken on (docs/format/locks.md); no database uses it.
constexpr PageNo lock_byte_page(std::uint32_t page_size) { return PageNo(0x40000000u / page_size + 1); }

class View {
 public:
  explicit View(Store& store) noexcept;
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  // The page. A miss reads it; misses in ascending order are read in runs.
  // Errors: Corrupt when there is no such page (0, beyond page_count(), the lock-byte page); IoErr, NoMem.
  Result<PageRef> fetch(PageNo page) {
    Frame* frame = recent_[page.value & (kRecentSlots - 1)];
    if (frame->page == page) [[likely]] {
      ++hits_;
      return PageRef(*frame);
    }
    return fetch_slow(page);
  }
  // The page, when its old content is of no interest: a leaf of the freelist that is used again. It is in the overlay,
  // its bytes are zeros; neither read nor journalled unless it was discarded in this transaction.
  Result<PageRef> fetch_unread(PageNo page);
  // A new page at the end of the database, in the overlay, zero-filled. Skips the lock-byte page: page_count() then
  // grows by two. In an empty database this is page 1, with the file header of Store's options in its first 100 bytes.
  // Errors: Full beyond max_page_count; NoMem, IoErr as writable().
  Result<PageRef> append();
  // Cuts the database behind page `new_count` (>= 1). No PageRef to a page beyond may live.
  Status truncate(PageNo new_count);
  // From now on the content of `page` is of no interest (a leaf of the freelist): it need not be written, and may be
  // anything when it is fetched next. Savepoints and rollback still bring it back. PageRefs to it may live on.
  Status discard(PageNo page);
  // Hints that these pages are wanted next (overflow chains, children of a node); never fails.
  void prefetch(std::span<const PageNo> pages) noexcept;
  // Whether so many pages, which are wanted together and once, would only empty the cache: read_past_cache() is for them.
  bool is_past_cache(std::size_t pages) const noexcept;
  // How many of `most` pages from `first` on are in the file of this snapshot and nowhere else; 0 for a few.
  std::size_t count_in_file_alone(PageNo first, std::size_t most) const noexcept;
  // The bytes of so many pages, from the file into the caller's memory; `parts` have no empty one among them.
  Status read_past_cache(PageNo first, std::size_t count, std::span<const base::MutableBytes> parts);

  std::uint32_t page_size() const noexcept { return page_size_; }
  std::uint32_t usable_size() const noexcept { return usable_size_; }
  PageNo page_count() const noexcept { return PageNo(page_count_); }
  bool exists(PageNo page) const noexcept { return page.value - 1 < page_count_ && page != lock_byte_page(page_size_); }
  bool in_write() const noexcept { return write_stamp_ != 0; }
  Store& store() const noexcept { return store_; }

  // Head of the list of cursors that are open on this View; the layer above keeps it (btree/cursor.h).
  void*& cursor_list() noexcept { return cursor_list_; }

  // Changes whenever pages got writable anew: at begin of a write transaction and at each savepoint step.
  std::uint64_t write_stamp() const noexcept { return write_stamp_; }

 private:
  friend class PageRef;
  friend class Store;
  friend class Pool;
  static constexpr std::uint32_t kRecentSlots = 256;

  Result<PageRef> fetch_slow(PageNo page);
  Result<std::span<std::byte>> make_writable(Frame& frame);
  void remember(Frame& frame) noexcept { recent_[frame.page.value & (kRecentSlots - 1)] = &frame; }
  void forget(const Frame& frame) noexcept;
  void forget_all() noexcept;

  std::array<Frame*, kRecentSlots> recent_;
  std::uint64_t write_stamp_ = 0;  // 0 outside write transactions
  std::uint64_t hits_ = 0;
  std::uint32_t page_size_ = 4096;
  std::uint32_t usable_size_ = 4096;
  std::uint32_t page_count_ = 0;
  Store& store_;
  void* cursor_list_ = nullptr;
};

inline Result<std::span<std::byte>> PageRef::writable() {
  if (frame_->write_stamp == frame_->view->write_stamp() && frame_->write_stamp != 0) [[likely]] {
    return std::span<std::byte>(frame_->data, frame_->page_size);
  }
  return frame_->view->make_writable(*frame_);
}

}  // namespace perlite::pager
