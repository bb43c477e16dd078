#include "pager/view.h"

#include "pager/pool.h"
#include "pager/store.h"

namespace perlite::pager {
namespace {

// Sentinels of empty slots: their numbers belong to other slots, so no lookup matches (V2). Page 0 is looked up in
// slot 0 and finds the number 1 there; every other slot has the number 0.
Frame make_sentinel(std::uint32_t page) {
  Frame frame;
  frame.page = PageNo(page);
  return frame;
}
Frame sentinel_of_slot_0 = make_sentinel(1);
Frame sentinel = make_sentinel(0);

}  // namespace

View::View(Store& store) noexcept : store_(store) { forget_all(); }

void View::forget_all() noexcept {
  recent_.fill(&sentinel);
  recent_[0] = &sentinel_of_slot_0;
}

void View::forget(const Frame& frame) noexcept {
  const std::uint32_t slot = frame.page.value & (kRecentSlots - 1);
  if (recent_[slot] == &frame) recent_[slot] = slot == 0 ? &sentinel_of_slot_0 : &sentinel;
}

Result<PageRef> View::fetch_slow(PageNo page) {
  if (!exists(page)) return Status::corrupt("view: no such page");
  PL_ASSERT(store_.in_read());
  Frame* frame = store_.pool_.find(page);
  if (frame != nullptr && frame->image != nullptr) {
    ++hits_;
    remember(*frame);
    return PageRef(*frame);
  }
  return store_.fetch_miss(page);
}

Result<std::span<std::byte>> View::make_writable(Frame& frame) {
  PL_ASSERT(in_write());
  const PageRef pin(frame);
  PL_TRY(store_.make_writable(frame));
  return std::span<std::byte>(frame.data, frame.page_size);
}

Result<PageRef> View::fetch_unread(PageNo page) {
  PL_ASSERT(in_write());
  if (!exists(page)) return Status::corrupt("view: no such page");
  return store_.take_unread(page, false);
}

Result<PageRef> View::append() {
  PL_ASSERT(in_write());
  std::uint64_t next = std::uint64_t{page_count_} + 1;
  if (next == lock_byte_page(page_size_).value) ++next;
  if (next > store_.max_page_count_) return Code::Full;
  return store_.take_unread(PageNo(static_cast<std::uint32_t>(next)), true);
}

Status View::truncate(PageNo new_count) {
  PL_ASSERT(in_write() && new_count.value >= 1 && new_count.value <= page_count_);
  return store_.truncate(new_count);
}

void View::prefetch(std::span<const PageNo> pages) noexcept { store_.prefetch(pages); }

bool View::is_past_cache(std::size_t pages) const noexcept { return store_.is_past_cache(pages); }

std::size_t View::count_in_file_alone(PageNo first, std::size_t most) const noexcept {
  return store_.count_in_file_alone(first, most);
}

Status View::read_past_cache(PageNo first, std::size_t count, std::span<const base::MutableBytes> parts) {
  return store_.read_past_cache(first, count, parts);
}

Status View::discard(PageNo page) {
  PL_ASSERT(in_write());
  if (!exists(page)) return Status::corrupt("view: no such page");
  return store_.discard(page);
}

}  // namespace perlite::pager
