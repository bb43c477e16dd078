// pager/overlay.cc: how pages change, and how they change back.
//
// Invariants
//   O1  A page enters the overlay only after the journal (if there is one on disk) owns its former image, unless it did
//       not exist at the start of the transaction or had no content then.
//   O2  A frame that a savepoint keeps has an entry in kept_, whose `saved_by` chain leads to 0.
//   O3  listed_ has room for every frame of the pool, so putting a frame back into the overlay never allocates.
#include <algorithm>
#include <cstring>
#include <utility>

#include "pager/store.h"

namespace perlite::pager {

// --- Reading --------------------------------------------------------------------------------------------------------

Result<PageRef> Store::fetch_miss(PageNo page) {
  PL_TRY(make_room());
  Frame* frame = pool_.find(page);
  const bool is_new = frame == nullptr;
  if (is_new) frame = &add_frame(page);
  PageRef pin(*frame);
  Status status = load(*frame);
  if (!status.ok()) {
    { const PageRef unpin = std::move(pin); }
    if (is_new) pool_.remove(*frame);
    return status;
  }
  view_.remember(*frame);
  return pin;
}

Frame& Store::add_frame(PageNo page) {
  if (listed_.capacity() <= pool_.frame_count()) {  // O3
    listed_.reserve(listed_.capacity() < 64 ? 128 : 2 * listed_.capacity());
  }
  return pool_.add(page);
}

// Whoever changes pages after commit_prepare() takes it back: it must be called again.
Status Store::may_write() {
  if (state_ == State::Prepared && broken_ == Code::Ok) {
    PL_TRY(journal_.take_back_super_journal());
    if (log_ != nullptr) PL_TRY(log_->take_back_commit());
    state_ = State::Writing;
  }
  if (broken_ != Code::Ok) return broken_;
  return state_ == State::Writing ? Code::Ok : Code::Misuse;
}

// --- Changing -------------------------------------------------------------------------------------------------------

Status Store::make_writable(Frame& frame) {
  PL_TRY(may_write());
  const bool kept_anew = must_keep(frame);
  if (frame.state == Frame::State::Clean) {
    if (!kept_anew && frame.image->owners == 1 && spilled_.contains(frame.page)) {
      // The image is the transaction's own, which it spilled: going back does not need it, and what it needs was seen
      // to when the page was changed first.
      frame.state = Frame::State::Overlay;
      frame.unwritten = true;
      frame.no_content = false;
      frame.write_stamp = view_.write_stamp_;
      list(frame);
      return {};
    }
    PL_TRY(make_room());
    PL_TRY(journal_before_change(frame));
    if (sector_pages_ > 1) PL_TRY(journal_sector(frame.page));
  } else if (!kept_anew && frame.image->owners == 1) {  // a savepoint may hold it since discard()
    frame.no_content = false;
    frame.write_stamp = view_.write_stamp_;
    return {};
  }
  // Whatever allocates comes first.
  if (kept_anew) reserve_kept(1);
  Image* copy = pool_.new_image();
  std::memcpy(copy->bytes(), frame.data, frame.page_size);
  if (kept_anew) keep(frame, Pool::own(frame.image));
  if (frame.state == Frame::State::Clean) {
    PL_ASSERT(frame.base == nullptr);
    frame.base = Pool::own(frame.image);
    frame.state = Frame::State::Overlay;
    frame.unwritten = true;
    list(frame);
  }
  pool_.set_image(frame, copy);
  frame.no_content = false;
  frame.write_stamp = view_.write_stamp_;
  return {};
}

// A page whose former content nobody wants: one of the freelist, or (appended) a new one at the end.
Result<PageRef> Store::take_unread(PageNo page, bool appended) {
  PL_TRY(may_write());
  if (appended && file_.is_open() && !file_.native()) PL_TRY(journal_growth());
  PL_TRY(make_room());
  Frame* frame = pool_.find(page);
  const bool is_new = frame == nullptr;
  if (is_new) frame = &add_frame(page);
  PageRef pin(*frame);
  Status status = prepare_unread(*frame, appended);
  if (!status.ok()) {
    { const PageRef unpin = std::move(pin); }
    if (is_new) pool_.remove(*frame);
    return status;
  }
  if (sector_pages_ > 1) PL_TRY(journal_sector(page));
  if (appended) view_.page_count_ = page.value;
  view_.remember(*frame);
  return pin;
}

// A power cut while `page` is written may take the other pages of its sector with it, where the file is not safe from
// that: all of them are journalled, and written, together, with no spill in between. The page itself is journalled.
// With a log it is the checkpoint that writes to the sector, and the log that must have all of it.
Status Store::journal_sector(PageNo page) {
  const std::uint32_t first = (page.value - 1) / sector_pages_ * sector_pages_ + 1;
  const std::uint32_t last = std::min({first + sector_pages_ - 1, view_.page_count_, original_count_});
  struct Alone {  // the others need not ask for one another
    explicit Alone(Store& s)
        : store(s), pages(std::exchange(s.sector_pages_, 1)), spill(std::exchange(s.spill_pages_, 0)) {}
    ~Alone() {
      store.sector_pages_ = pages;
      store.spill_pages_ = spill;
    }
    Store& store;
    const std::uint32_t pages;
    const int spill;
  };
  const Alone alone(*this);
  for (std::uint32_t other = first; other <= last; ++other) {
    const PageNo number(other);
    const bool is_safe = log_ != nullptr ? spilled_.contains(number) : journalled_.contains(number);
    if (number == page || number == lock_byte_page(view_.page_size_) || is_safe || exempt_.contains(number)) continue;
    PL_ASSIGN(PageRef ref, view_.fetch(number));
    PL_TRY(ref.writable());
  }
  return {};
}

Status Store::prepare_unread(Frame& frame, bool appended) {
  const bool kept_anew = must_keep(frame);
  if (frame.state == Frame::State::Clean && page_was_in_use(frame.page, appended)) {
    // It had content when the transaction began: that must reach the journal before the page is used again.
    if (frame.image == nullptr) PL_TRY(load(frame));
    PL_TRY(journal_before_change(frame));
  } else if (frame.state == Frame::State::Clean) {
    exempt_from_journal(frame.page);
  }
  if (kept_anew && frame.image == nullptr && spilled_.contains(frame.page)) PL_TRY(load(frame));
  if (kept_anew) reserve_kept(1);
  Image* blank = pool_.new_image();
  std::memset(blank->bytes(), 0, frame.page_size);
  if (kept_anew) keep(frame, frame.image == nullptr ? nullptr : Pool::own(frame.image));
  if (frame.state == Frame::State::Clean) {
    PL_ASSERT(frame.base == nullptr);
    if (frame.image != nullptr) frame.base = Pool::own(frame.image);
    frame.state = Frame::State::Overlay;
    list(frame);
  }
  frame.unwritten = true;
  pool_.set_image(frame, blank);
  frame.no_content = false;
  frame.write_stamp = view_.write_stamp_;
  if (frame.page.value == 1 && appended) write_new_header(frame);
  return {};
}

Status Store::discard(PageNo page) {
  PL_TRY(may_write());
  Frame* frame = pool_.find(page);
  if (frame == nullptr || frame->state == Frame::State::Clean) {
    if (page.value <= original_count_) discarded_.insert(page);
    return {};
  }
  if (frame->no_content) return {};
  if (must_keep(*frame)) {
    reserve_kept(1);
    keep(*frame, Pool::own(frame->image));
  }
  frame->no_content = true;
  frame->write_stamp = 0;
  return {};
}

Status Store::truncate(PageNo new_count) {
  PL_TRY(may_write());
  // In two passes, so that a failed allocation leaves all as it was.
  const std::uint32_t last = view_.page_count_;
  std::size_t to_keep = 0;
  for_each_beyond(new_count.value, last, [&](Frame& frame) {
    PL_ASSERT(frame.pins == 0);
    if (frame.state == Frame::State::Overlay && !frame.no_content && must_keep(frame)) ++to_keep;
  });
  reserve_kept(to_keep);
  for_each_beyond(new_count.value, last, [&](Frame& frame) {
    view_.forget(frame);
    if (frame.state != Frame::State::Overlay || frame.no_content) return;
    if (must_keep(frame)) keep(frame, Pool::own(frame.image));
    frame.no_content = true;
    frame.write_stamp = 0;
  });
  view_.page_count_ = new_count.value;
  return {};
}

// Visits the frames of the pages behind `page_count`, the last of which is `last`; visit may remove them.
template <class Visit>
void Store::for_each_beyond(std::uint32_t page_count, std::uint32_t last, Visit visit) {
  if (last < page_count) return;
  if (last - page_count > pool_.frame_count()) {
    pool_.for_each([&](Frame& frame) {
      if (frame.page.value > page_count) visit(frame);
    });
    return;
  }
  for (std::uint32_t page = page_count; page < last; ++page) {
    Frame* frame = pool_.find(PageNo(page + 1));
    if (frame != nullptr) visit(*frame);
  }
}

void Store::reserve_kept(std::size_t more) {
  if (kept_.capacity() - kept_.size() < more) kept_.reserve(std::max(kept_.size() + more, 2 * kept_.capacity() + 16));
}

// Room in kept_ must be there. `image` is owned by the entry from now on.
void Store::keep(Frame& frame, Image* image) {
  const bool in_log = log_ != nullptr && frame.state == Frame::State::Clean && spilled_.contains(frame.page);
  kept_.push_back({&frame, image, frame.saved_by, 0, in_log ? newest_frame(frame.page) : 0, frame.state,
                   frame.no_content, frame.unwritten});
  frame.saved_by = savepoints_.back().serial;
}

void Store::list(Frame& frame) noexcept {
  if (frame.listed) return;
  frame.listed = true;
  listed_.push_back(&frame);  // O3
}

// --- Savepoints -----------------------------------------------------------------------------------------------------

Result<int> Store::open_savepoint() {
  PL_TRY(may_write());
  savepoints_.push_back({++last_serial_, kept_.size(), view_.page_count_, log_ == nullptr ? 0 : log_->appended()});
  next_stamp();
  return static_cast<int>(savepoints_.size());
}

void Store::release_savepoint(int depth) noexcept {
  PL_ASSERT(depth >= 1 && depth <= savepoint_depth());
  const auto index = static_cast<std::size_t>(depth - 1);
  const std::size_t first = savepoints_[index].first_kept;
  savepoints_.resize(index, Savepoint{});
  // What the savepoint below does not keep yet is its from now on; the rest is forgotten.
  const std::uint64_t below = savepoints_.empty() ? 0 : savepoints_.back().serial;
  if (below == 0) {
    forget_kept();
  } else {
    std::size_t left = first;
    for (std::size_t i = first; i < kept_.size(); ++i) {
      const KeptPage kept = kept_[i];
      kept.frame->saved_by = below;
      if (kept.saved_by < below) {
        kept_[left++] = kept;
      } else {
        pool_.disown(kept.image);
      }
    }
    kept_.resize(left);
    kept_tried_ = std::min(kept_tried_, kept_.size());
  }
  next_stamp();
}

Status Store::rollback_to_savepoint(int depth) {
  PL_ASSERT(depth >= 1 && depth <= savepoint_depth());
  PL_TRY(may_write());
  const Savepoint& savepoint = savepoints_[static_cast<std::size_t>(depth - 1)];
  if (log_ != nullptr) rewind_log(savepoint);
  Status status;
  for (std::size_t i = kept_.size(); i-- > savepoint.first_kept;) {
    Status one = restore(kept_[i]);
    if (!one.ok()) status = std::move(one);
  }
  if (!status.ok()) broken_ = status.code();
  kept_.resize(savepoint.first_kept);
  kept_tried_ = std::min(kept_tried_, kept_.size());
  savepoints_.resize(static_cast<std::size_t>(depth));
  view_.page_count_ = savepoint.page_count;
  view_.forget_all();
  next_stamp();
  ++version_;
  return status;
}

// Forgets what was spilled since the savepoint was made, down to the last page that has not changed since: it was
// spilled for want of room, and is nowhere else.
void Store::rewind_log(const Savepoint& savepoint) noexcept {
  Log::FrameNo end = log_->appended();
  for (; end > savepoint.log_end; --end) {
    const Frame* const frame = pool_.find(log_->appended_page(end));
    if (frame == nullptr || frame->saved_by < savepoint.serial) break;
  }
  log_->rewind(end);
}

// The frame of this transaction that has the page, counted in it; 0 when none has, kUnknownFrame when it cannot be
// told.
Log::FrameNo Store::newest_frame(PageNo page) noexcept {
  try {
    const Result<Log::FrameNo> frame = log_->find(page);
    if (!frame.ok()) return kUnknownFrame;
    const Log::FrameNo begin = log_->frame_count();
    return frame.value() <= begin ? 0 : frame.value() - begin;
  } catch (const std::bad_alloc&) {
    return kUnknownFrame;
  }
}

// True when a page that was clean when it was kept would be read as it was then.
bool Store::is_on_disk(const KeptPage& kept) noexcept {
  const PageNo page = kept.frame->page;
  if (!spilled_.contains(page)) return log_ == nullptr || kept.log_frame == 0;
  if (log_ == nullptr || kept.log_frame == kUnknownFrame) return false;
  if (newest_frame(page) != kept.log_frame) return false;  // and its base may be what the transaction spilled
  if (kept.log_frame == 0) spilled_.erase(page);
  return true;
}

// Puts one page back. Entries come latest first, so what a savepoint kept first holds in the end. Takes the image.
Status Store::restore(const KeptPage& kept) {
  Frame& frame = *kept.frame;
  frame.saved_by = kept.saved_by;
  frame.write_stamp = 0;
  frame.no_content = kept.no_content;
  Image* image = kept.image;
  Status status;
  if (kept.slot != 0) {
    // The image it has now is good for nothing else, unless somebody shares it.
    if (frame.image != nullptr && frame.image->owners == 1) {
      image = Pool::own(frame.image);
    } else {
      try {
        image = pool_.new_image();
      } catch (const std::bad_alloc&) {
        return Code::NoMem;
      }
    }
    status = savepoint_file_.read(std::uint64_t{kept.slot - 1} * view_.page_size_, {image->bytes(), view_.page_size_});
    if (!status.ok()) {
      // The frame stays one of the transaction's, which can only be undone now: that gives it its published image.
      pool_.disown(image);
      return status;
    }
  }
  pool_.set_image(frame, image);
  const bool was_clean = kept.state == Frame::State::Clean;
  if (was_clean && (image == nullptr || is_on_disk(kept))) {
    frame.state = Frame::State::Clean;
    frame.unwritten = kept.unwritten;
    pool_.disown(frame.base);
    frame.base = nullptr;
  } else {  // the file may hold something later
    frame.state = Frame::State::Overlay;
    frame.unwritten = true;
    list(frame);
  }
  return status;
}

// Writes images that only savepoints hold to a private file, and gives up their memory.
Status Store::spill_kept() {
  if (!savepoint_file_.is_open()) {
    PL_ASSIGN(savepoint_file_, os::File::open(*vfs_, nullptr,
                                              SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
                                                  SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_SUBJOURNAL,
                                              nullptr));
  }
  for (; kept_tried_ < kept_.size(); ++kept_tried_) {
    KeptPage& kept = kept_[kept_tried_];
    if (kept.image == nullptr || kept.image->owners != 1) continue;
    PL_TRY(savepoint_file_.write(std::uint64_t{savepoint_slots_} * view_.page_size_,
                                 {kept.image->bytes(), view_.page_size_}));
    kept.slot = ++savepoint_slots_;
    pool_.disown(kept.image);
    kept.image = nullptr;
  }
  return {};
}

// Forgets all that savepoints keep.
void Store::forget_kept() noexcept {
  savepoint_slots_ = 0;
  kept_tried_ = 0;
  for (const KeptPage& kept : kept_) {
    kept.frame->saved_by = 0;
    pool_.disown(kept.image);
  }
  for (const KeptPage& kept : kept_) remove_shell(*kept.frame);
  kept_.clear();
}

// Removes a frame that nothing needs any more: no image, no list, no savepoint.
void Store::remove_shell(Frame& frame) noexcept {
  if (frame.page.value != 0 && frame.image == nullptr && frame.saved_by == 0 && !frame.listed && frame.pins == 0) {
    pool_.remove(frame);
  }
}

// --- The end of a transaction ---------------------------------------------------------------------------------------

// The images of the overlay become the published ones.
void Store::publish() noexcept {
  savepoints_.clear();
  forget_kept();
  for (Frame* frame : listed_) {
    frame->listed = false;
    frame->write_stamp = 0;
    frame->no_content = false;
    pool_.disown(frame->base);
    frame->base = nullptr;
    if (frame->state == Frame::State::Overlay) {
      frame->state = Frame::State::Clean;
      if (kind_ == StoreKind::File) frame->unwritten = false;
    }
    if (frame->page.value > view_.page_count_ && frame->pins == 0) {
      pool_.remove(*frame);
    } else {
      remove_shell(*frame);
    }
  }
  listed_.clear();
  for_each_beyond(view_.page_count_, std::max(original_count_, spilled_end_), [this](Frame& frame) {
    if (frame.pins == 0) pool_.remove(frame);
  });
}

// The published images come back. Pages whose published image is not in memory any more are forgotten.
void Store::undo_overlay() noexcept {
  savepoints_.clear();
  forget_kept();
  view_.page_count_ = original_count_;
  view_.forget_all();
  for (Frame* frame : listed_) {
    frame->listed = false;
    frame->write_stamp = 0;
    frame->no_content = false;
    if (frame->state == Frame::State::Overlay) {
      frame->state = Frame::State::Clean;
      if (frame->base != nullptr) {
        pool_.set_image(*frame, frame->base);
        frame->base = nullptr;
        frame->unwritten = kind_ != StoreKind::File;
      } else {
        pool_.set_image(*frame, nullptr);
        frame->unwritten = false;
      }
    }
    PL_ASSERT(frame->base == nullptr);
  }
  for (Frame* frame : listed_) remove_shell(*frame);
  listed_.clear();
  for_each_beyond(original_count_, spilled_end_, [this](Frame& frame) {
    if (frame.pins == 0) pool_.remove(frame);
  });
}

}  // namespace perlite::pager
