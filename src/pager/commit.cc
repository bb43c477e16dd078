// pager/commit.cc: from the overlay to the database file (docs/format/rollback_journal.md, "Commit").
//
// Order of a commit, each step relying on those before:
//   1 EXCLUSIVE lock   2 header fields on page 1   3 journal complete and durable   4 pages   5 size   6 database
//   durable 7 end of the journal, which is the commit   8 locks
// Invariants
//   C1  Nothing is written to the database before the journal holds, durably, what is overwritten.
//   C2  From the first such write to the end of the journal the lock is EXCLUSIVE.
#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/bytes.h"
#include "base/fixed_vector.h"
#include "os/vfs.h"
#include "pager/lock_wait.h"
#include "pager/store.h"

namespace perlite::pager {
namespace {

constexpr std::uint32_t kLibraryVersionNumber = 3054000;

// Over our own files records wait until so many can be written at once.
constexpr std::size_t kJournalBatch = 64;
constexpr std::size_t kWriteBatch = 128;
constexpr std::size_t kAppendBatch = 512;  // to a log, where each page has a header

}  // namespace

// --- Before a page changes ------------------------------------------------------------------------------------------

// True when `page`, which is about to be overwritten unread, had content that a rollback needs.
bool Store::page_was_in_use(PageNo page, bool appended) const noexcept {
  return kind_ != StoreKind::Memory && page.value <= original_count_ && !exempt_.contains(page) &&
         (appended || discarded_.contains(page));
}

void Store::exempt_from_journal(PageNo page) {
  if (kind_ != StoreKind::Memory && page.value <= original_count_) exempt_.insert(page);
}

Status Store::journal_before_change(Frame& frame) {
  if (kind_ == StoreKind::Memory || frame.page.value > original_count_) return {};
  if (journalled_.contains(frame.page) || exempt_.contains(frame.page)) return {};
  journalled_.reserve(frame.page);
  if (journal_on_disk()) {
    unsynced_.insert(frame.page);
    if (file_.native()) {
      to_journal_.reserve(kJournalBatch);
      to_journal_.push_back({frame.page, Pool::own(frame.image)});
      journalled_.insert(frame.page);
      if (to_journal_.size() >= kJournalBatch) return flush_journal();
      return {};
    }
    PL_TRY(open_journal());
    const std::array<Journal::Page, 1> record{{{frame.page, frame.data}}};
    PL_TRY(journal_.add(record));
  }
  journalled_.insert(frame.page);
  return {};
}

// Behind a VFS growth is seen at once: page 1, which counts the pages, is journalled with the first page appended.
Status Store::journal_growth() {
  if (!journal_on_disk()) return {};
  PL_TRY(open_journal());
  if (view_.page_count_ == 0) return {};
  PL_ASSIGN(PageRef first, view_.fetch(PageNo(1)));
  PL_TRY(first.writable());
  return {};
}

Journal::Shape Store::journal_shape() noexcept {
  const int characteristics = file_.device_characteristics();
  Journal::Shape shape;
  shape.page_size = view_.page_size_;
  shape.original_count = original_count_;
  shape.sector_size = 512;
  if ((characteristics & SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0) {
    shape.sector_size = static_cast<std::uint32_t>(std::clamp(file_.sector_size(), 512, 65536));
  }
  shape.full_sync = synchronous_ >= Synchronous::Full;
  shape.no_sync = synchronous_ == Synchronous::Off;
  shape.safe_append = (characteristics & SQLITE_IOCAP_SAFE_APPEND) != 0;
  shape.sequential = (characteristics & SQLITE_IOCAP_SEQUENTIAL) != 0;
  shape.sync_flags = sync_flags();
  return shape;
}

Status Store::open_journal() {
  if (journal_.active()) return {};
  // A journal beside a file that is no longer there would be nobody's.
  int moved = 0;
  if (!journal_.is_open() && original_count_ > 0 && file_.control(SQLITE_FCNTL_HAS_MOVED, &moved) == Code::Ok &&
      moved != 0) {
    return Code::ReadOnlyDbMoved;
  }
  return journal_.begin(*vfs_, os::journal_name(name_.get()), journal_shape(),
                        journal_existed_ || journal_mode_ == JournalMode::Persist);
}

// Writes the records that wait. On an error they go on waiting.
Status Store::flush_journal() {
  if (to_journal_.empty()) return {};
  PL_TRY(open_journal());
  base::FixedVector<Journal::Page, kJournalBatch> batch;
  std::size_t done = 0;
  Status status;
  while (done < to_journal_.size()) {
    const std::size_t count = std::min(batch.capacity(), to_journal_.size() - done);
    batch.clear();
    for (std::size_t i = 0; i < count; ++i) {
      batch.push_back({to_journal_[done + i].page, to_journal_[done + i].image->bytes()});
    }
    status = journal_.add(batch.elements());
    if (!status.ok()) break;
    for (std::size_t i = 0; i < count; ++i) pool_.disown(to_journal_[done + i].image);
    done += count;
  }
  to_journal_.erase(to_journal_.begin(), to_journal_.begin() + static_cast<std::ptrdiff_t>(done));
  return status;
}

// --- The header -----------------------------------------------------------------------------------------------------

// The first 100 bytes of a new database.
void Store::write_new_header(Frame& frame) noexcept {
  std::byte* const bytes = frame.data;
  std::memcpy(bytes, header::kMagic, sizeof header::kMagic);
  base::store_be16(bytes + header::kPageSize, view_.page_size_ == kMaxPageSize ? 1 : view_.page_size_);
  bytes[header::kWriteVersion] = std::byte{1};
  bytes[header::kReadVersion] = std::byte{1};
  bytes[header::kReservedBytes] = static_cast<std::byte>(reserved_bytes());
  bytes[21] = std::byte{64};
  bytes[22] = std::byte{32};
  bytes[23] = std::byte{32};
  base::store_be32(bytes + header::kPageCount, 1);
}

// Sets the four fields that describe the file as a whole.
Status Store::stamp_header() {
  PL_ASSIGN(PageRef page, view_.fetch(PageNo(1)));
  PL_ASSIGN(const std::span<std::byte> bytes, page.writable());
  const std::uint32_t counter = base::load_be32(bytes.data() + header::kChangeCounter) + 1;
  base::store_be32(bytes.data() + header::kChangeCounter, counter);
  base::store_be32(bytes.data() + header::kPageCount, become_page_size_ != 0 ? become_page_count_ : view_.page_count_);
  base::store_be32(bytes.data() + header::kVersionValidFor, counter);
  base::store_be32(bytes.data() + header::kLibraryVersion, kLibraryVersionNumber);
  return {};
}

// --- Writing pages --------------------------------------------------------------------------------------------------

// Waits for the journal, then takes the lock, in the way of a commit (wait) or of a spill.
Status Store::lock_exclusive(bool wait) {
  if (lock_ == LockLevel::Exclusive) return {};
  LockWait busy_wait(file_, *vfs_, wait ? busy() : nullptr, LockWait::Manner::Holding);
  for (;;) {
    Status status = take_lock(LockLevel::Exclusive);
    if (status.code() != Code::Busy || !busy_wait.again()) return status;
  }
}

// Writes the images of frames in ascending order, neighbours together.
Status Store::write_frames(std::span<Frame* const> frames) {
  base::FixedVector<base::Bytes, kWriteBatch> parts;
  std::size_t i = 0;
  while (i < frames.size()) {
    const std::uint32_t first = frames[i]->page.value;
    parts.clear();
    for (; i < frames.size() && !parts.full() && frames[i]->page.value == first + parts.size(); ++i) {
      parts.push_back({frames[i]->data, view_.page_size_});
    }
    PL_TRY(file_.write_run(offset_of(first), parts.elements()));
    counters_.writes += parts.size();
  }
  return {};
}

// Appends the images of frames to the log; a commit is never empty, so that its page count has a frame to stand in.
Status Store::append_frames(std::span<Frame* const> frames, std::uint32_t commit_page_count) {
  base::FixedVector<Log::Page, kAppendBatch> batch;
  while (!frames.empty()) {
    const std::size_t count = std::min(frames.size(), batch.capacity());
    batch.clear();
    for (const Frame* frame : frames.first(count)) batch.push_back({frame->page, {frame->data, view_.page_size_}});
    const bool last = count == frames.size();
    PL_TRY(log_->append(batch.elements(), last ? commit_page_count : 0));
    counters_.writes += count;
    frames = frames.subspan(count);
  }
  return {};
}

// Brings the frames that a commit writes to the front of listed_, ascending by page.
std::span<Frame* const> Store::frames_to_write() noexcept {
  const auto end = std::partition(listed_.begin(), listed_.end(), [this](const Frame* frame) {
    return frame->state == Frame::State::Overlay && !frame->no_content && frame->page.value <= view_.page_count_;
  });
  std::sort(listed_.begin(), end, [](const Frame* a, const Frame* b) { return a->page < b->page; });
  return {listed_.data(), static_cast<std::size_t>(end - listed_.begin())};
}

// The stages append and, unless publish() will see to it, sync. Page 1 is written when something on it changed, or when
// nothing else would carry the count.
Status Store::commit_to_log(CommitCompany company) {
  const Frame* first = pool_.find(PageNo(1));
  const bool first_changed = first != nullptr && first->state == Frame::State::Overlay;
  if (first_changed || view_.page_count_ != original_count_ || frames_to_write().empty()) PL_TRY(stamp_header());
  log_->mark_commit();
  PL_TRY(append_frames(frames_to_write(), view_.page_count_));
  file_touched_ = true;
  const bool sync_comes = company == CommitCompany::None && log_->publish_syncs();
  if (synchronous_ >= Synchronous::Full && !sync_comes) PL_TRY(log_->sync());
  state_ = State::Prepared;
  return {};
}

// Makes the file as long as the database. `last_written`: the last page is in the file.
Status Store::fit_file(bool last_written) {
  if (become_page_size_ == 0 && view_.page_count_ >= original_count_ && spilled_end_ <= view_.page_count_) {
    if (view_.page_count_ == original_count_ || last_written || spilled_end_ == view_.page_count_) return {};
  }
  const std::uint64_t wanted = size_to_be();
  PL_ASSIGN(const std::uint64_t size, file_.size());
  if (size > wanted) return file_.truncate(wanted);
  if (size < wanted && wanted % view_.page_size_ == 0) {
    // The last pages have no content; one of zeros makes the length.
    std::memset(scratch_.get(), 0, view_.page_size_);
    return file_.write(wanted - view_.page_size_, {scratch_.get(), view_.page_size_});
  }
  return {};
}

void Store::become(std::uint32_t page_size, std::uint32_t page_count) noexcept {
  become_page_size_ = page_size;
  become_page_count_ = page_count;
}

Status Store::keep_lock_area(std::uint32_t offset, base::Bytes bytes) {
  if (kind_ != StoreKind::File || log_ != nullptr) return Code::Misuse;  // sizes differ in no other store
  if (lock_area_.empty()) lock_area_first_ = offset;
  if (offset < lock_area_first_) {
    lock_area_.insert(lock_area_.begin(), lock_area_first_ - offset, std::byte{0});
    lock_area_first_ = offset;
  }
  const std::size_t at = offset - lock_area_first_;
  if (lock_area_.size() < at + bytes.size()) lock_area_.resize(at + bytes.size());
  std::memcpy(lock_area_.data() + at, bytes.data(), bytes.size());
  return {};
}

// No journal need hold what is overwritten here: the lock-byte page has no content.
Status Store::write_lock_area() {
  if (lock_area_.empty()) return {};
  const std::uint64_t offset = offset_of(lock_byte_page(view_.page_size_).value) + lock_area_first_;
  const std::uint64_t end = size_to_be();
  if (offset >= end) return {};
  return file_.write(offset, {lock_area_.data(), std::min<std::size_t>(lock_area_.size(), end - offset)});
}

// The database that the commit put in place of the former one is cut into pages its own way.
void Store::take_new_geometry() noexcept {
  const Frame* first = pool_.find(PageNo(1));
  if (kind_ == StoreKind::File && log_ == nullptr) {
    forget_cache();
  } else if (first != nullptr && first->image != nullptr) {
    view_.usable_size_ = view_.page_size_ - static_cast<std::uint32_t>(first->data[header::kReservedBytes]);
  }
}

// Pages that the commit cuts off must come back if it does not come to its end.
Status Store::journal_cut_pages() {
  for (std::uint32_t page = view_.page_count_ + 1; page <= original_count_; ++page) {
    const PageNo number(page);
    if (number == lock_byte_page(view_.page_size_) || journalled_.contains(number) || exempt_.contains(number)) {
      continue;
    }
    Frame* frame = pool_.find(number);
    const bool in_memory = frame != nullptr && frame->image != nullptr && frame->state == Frame::State::Clean;
    if (!journal_on_disk()) {
      if (!keeps_bases()) continue;
      // Cutting a page is like spilling over it.
      undo_.reserve(undo_.size() + (original_count_ - page) + 1);
      undo_pages_.reserve(number);
      journalled_.reserve(number);
      Image* const image = in_memory ? Pool::own(frame->image) : pool_.new_image();
      Status status;
      if (!in_memory) status = read_page(page, {image->bytes(), view_.page_size_});
      if (!status.ok()) {
        pool_.disown(image);
        return status;
      }
      undo_.push_back({number, image});
      undo_pages_.insert(number);
      journalled_.insert(number);
      continue;
    }
    if (in_memory) {
      PL_TRY(journal_before_change(*frame));
      continue;
    }
    PL_TRY(flush_journal());
    PL_TRY(open_journal());
    PL_TRY(read_page(page, {scratch_.get(), view_.page_size_}));
    const std::array<Journal::Page, 1> record{{{number, scratch_.get()}}};
    unsynced_.insert(number);
    PL_TRY(journal_.add(record));
    journalled_.insert(number);
  }
  return {};
}

// --- Room -----------------------------------------------------------------------------------------------------------

Status Store::make_room() {
  if (kind_ == StoreKind::Memory || pool_.image_count() < std::max(cache_limit_, next_room_check_)) return {};
  // Where changed pages are most of the pool they go in one run: looking for the few others takes long, and those are
  // the ones that are read again.
  const std::size_t limit = cache_limit_;
  if (pool_.evict_chosen()) return {};
  // Where frames were chosen before, they are chosen again: a search among those that have to stay takes long.
  const bool choosing = state_ == State::Writing && pool_.has_chosen();
  if (!choosing && pool_.evict_one(state_ == State::Writing ? limit - limit / 4 : SIZE_MAX)) return {};
  if (state_ == State::Writing) {
    if (!to_journal_.empty()) PL_TRY(flush_journal());
    if (journal_on_disk() || log_ != nullptr) release_bases();
    if (kept_.size() > kept_tried_ + limit / 4) PL_TRY(spill_kept());
    if (pool_.image_count() + limit / 16 < limit) return {};
    if (spill_pages_ > 0 && pool_.image_count() >= static_cast<std::size_t>(spill_pages_)) {
      Status status = spill();
      // Readers are in the way: the transaction grows in memory instead.
      if (!status.ok() && status.code() != Code::Busy) return status;
    }
    if (pool_.evict_chosen() || pool_.evict_one()) return {};
  } else if (kind_ == StoreKind::Temp) {
    PL_TRY(spill());
    if (pool_.evict_chosen() || pool_.evict_one()) return {};
  }
  next_room_check_ = pool_.image_count() + std::max<std::size_t>(16, cache_limit_ / 16);
  return {};
}

// Published images beside overlay ones are a convenience while the journal holds them.
void Store::release_bases() noexcept {
  for (Frame* frame : listed_) {
    pool_.disown(frame->base);
    frame->base = nullptr;
  }
}

bool Store::is_spillable(const Frame& frame) const noexcept {
  return frame.image != nullptr && frame.unwritten && !frame.no_content && frame.pins == 0 &&
         frame.page.value <= view_.page_count_;
}

Status Store::sync_before_spill() {
  PL_TRY(open_journal());
  PL_TRY(journal_.sync());
  unsynced_.clear();
  sync_debt_ = 0;
  journal_synced_ = true;
  return {};
}

// The frames that go next, an eighth of what there is room for: the least used, be they written already or to be
// written. The records of all of them are durable.
//
// A sync costs as much as writing many pages: while enough pages have durable records they go alone, and the others stay
// until so many had to stay that it is worth it.
Result<std::span<const Pool::Chosen>> Store::choose_to_go(SpillOf what) {
  const bool needs_sync = kind_ == StoreKind::File && journal_on_disk();
  const bool together = what == SpillOf::Everything;
  if (needs_sync && (together || !journal_synced_)) PL_TRY(sync_before_spill());
  const auto may_go = [this, all_durable = unsynced_.empty()](const Frame& frame) {
    if (frame.state == Frame::State::Clean && !frame.unwritten) return Pool::MayGo::Now;
    if (!is_spillable(frame)) return Pool::MayGo::No;
    return all_durable || !unsynced_.contains(frame.page) ? Pool::MayGo::Now : Pool::MayGo::Later;
  };
  const auto wait = [&](std::size_t waiting, std::size_t with, std::size_t without) -> Result<bool> {
    sync_debt_ += waiting;
    if (without == with && sync_debt_ < 4 * cache_limit_) return false;
    PL_TRY(sync_before_spill());
    return true;
  };
  return pool_.choose(together ? SIZE_MAX : std::max<std::size_t>(cache_limit_ / 8, 4), may_go, wait);
}

// Adds to `frames`, which has room for all, the changed pages beside them that are hardly warmer: one write takes them
// all.
void Store::join_neighbours(Vector<Frame*>& frames) noexcept {
  unsigned heat = 0;
  for (Frame* frame : frames) {
    frame->leaving = true;
    heat = std::max(heat, pool_.heat(frame->page));
  }
  const auto join = [&](PageNo page) {
    Frame* frame = pool_.find(page);
    if (frame == nullptr || frame->leaving || !is_spillable(*frame) || pool_.heat(page) > heat + 1) return false;
    if (unsynced_.contains(page)) return false;
    frame->leaving = true;
    frames.push_back(frame);
    return true;
  };
  const std::size_t count = frames.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t page = frames[i]->page.value;
    for (std::uint32_t next = page + 1; join(PageNo(next)); ++next) {
    }
    for (std::uint32_t next = page - 1; join(PageNo(next)); --next) {
    }
  }
  for (Frame* frame : frames) frame->leaving = false;
}

// Writes changed pages to the file before commit, so that their memory can be used otherwise.
Status Store::spill(SpillOf what) {
  if (log_ != nullptr) {
    // Goes to the log, where nobody sees it before it is published.
  } else if (kind_ == StoreKind::File) {
    PL_TRY(lock_exclusive(false));
    PL_TRY(flush_journal());
  } else if (!file_.is_open()) {
    PL_ASSIGN(file_, os::File::open(*vfs_, nullptr,
                                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
                                        SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_DB,
                                    nullptr));
  }
  Vector<Frame*> frames;
  frames.reserve(pool_.frame_count());  // nothing fails while frames are marked
  // Where a write may damage its neighbours, the records of all of them count, and all go together.
  if (sector_pages_ > 1) what = SpillOf::Everything;
  PL_ASSIGN(const std::span<const Pool::Chosen> leaving, choose_to_go(what));
  for (const Pool::Chosen& chosen : leaving) {
    if (is_spillable(*chosen.frame)) frames.push_back(chosen.frame);
  }
  if (what == SpillOf::LeastUsed) {
    join_neighbours(frames);
  } else {
    pool_.forget_chosen();  // they are written, and stay
  }
  std::size_t bases = 0;
  for (const Frame* frame : frames) {  // C1: none of them waits for the journal
    if (frame->state != Frame::State::Overlay) continue;
    spilled_.reserve(frame->page);
    undo_pages_.reserve(frame->page);
    ++bases;
  }
  undo_.reserve(undo_.size() + bases);
  std::sort(frames.begin(), frames.end(), [](const Frame* a, const Frame* b) { return a->page < b->page; });

  // What is overwritten and in no journal is kept in memory from now on.
  const bool keep_bases = keeps_bases();
  for (Frame* frame : frames) {
    if (frame->state != Frame::State::Overlay) continue;
    if (keep_bases && frame->base != nullptr && frame->page.value <= original_count_ &&
        !undo_pages_.contains(frame->page)) {
      undo_pages_.insert(frame->page);
      undo_.push_back({frame->page, Pool::own(frame->base)});
    }
    spilled_.insert(frame->page);
    spilled_end_ = std::max(spilled_end_, frame->page.value);
  }
  if (state_ == State::Writing) file_touched_ = true;
  PL_TRY(log_ != nullptr ? append_frames(frames, 0) : write_frames(frames));
  counters_.spills += frames.size();
  for (Frame* frame : frames) {
    pool_.disown(frame->base);
    frame->base = nullptr;
    frame->state = Frame::State::Clean;
    frame->unwritten = false;
    frame->write_stamp = 0;
  }
  // They may leave the pool, and come back, any number of times before the end.
  const auto written = std::remove_if(listed_.begin(), listed_.end(), [](Frame* frame) {
    if (frame->state == Frame::State::Clean) frame->listed = false;
    return !frame->listed;
  });
  listed_.erase(written, listed_.end());
  next_room_check_ = 0;
  return {};
}

Status Store::flush_changes() {
  if (kind_ == StoreKind::Memory || (kind_ == StoreKind::File && state_ != State::Writing)) return {};
  bool waits = false;
  pool_.for_each([&](Frame& frame) { waits = waits || is_spillable(frame); });
  if (!waits) return {};
  if (kind_ == StoreKind::File && log_ == nullptr) PL_TRY(lock_exclusive(true));
  return spill(SpillOf::Everything);
}

// --- Commit ---------------------------------------------------------------------------------------------------------

bool Store::has_changes() const noexcept {
  if (!in_write()) return false;
  if (file_touched_ || view_.page_count_ != original_count_) return true;
  for (const Frame* frame : listed_) {
    if (frame->state == Frame::State::Overlay) return true;
  }
  return false;
}

bool Store::wants_super_journal() const noexcept {
  return journal_on_disk() && synchronous_ != Synchronous::Off && has_changes();
}

Status Store::commit_prepare(std::string_view super_journal, CommitCompany company) {
  PL_TRY(may_write());
  if (!has_changes()) {
    // Observed: a writer that changed nothing waits for readers as well.
    if (kind_ == StoreKind::File && log_ == nullptr) PL_TRY(lock_exclusive(true));
    state_ = State::Prepared;
    return {};
  }
  if (kind_ != StoreKind::File) {
    if (view_.page_count_ != original_count_ || become_page_size_ != 0) PL_TRY(stamp_header());
    state_ = State::Prepared;
    return {};
  }

  if (log_ != nullptr) return commit_to_log(company);

  PL_TRY(lock_exclusive(true));
  if (!counter_moved_ || view_.page_count_ != original_count_ || become_page_size_ != 0) PL_TRY(stamp_header());
  if (view_.page_count_ < original_count_) PL_TRY(journal_cut_pages());
  if (journal_on_disk()) {
    PL_TRY(flush_journal());
    PL_TRY(open_journal());
    if (!super_journal.empty()) PL_TRY(journal_.add_super_journal(super_journal));
    PL_TRY(journal_.sync());
  }

  const std::span<Frame* const> frames = frames_to_write();
  const bool keep_bases = keeps_bases();
  if (keep_bases) {
    undo_.reserve(undo_.size() + frames.size());
    for (Frame* frame : frames) {
      if (frame->base == nullptr || frame->page.value > original_count_ || undo_pages_.contains(frame->page)) continue;
      undo_pages_.insert(frame->page);
      undo_.push_back({frame->page, Pool::own(frame->base)});
    }
  }
  file_touched_ = true;
  if (view_.page_count_ > original_count_) {
    sqlite3_int64 size = static_cast<sqlite3_int64>(std::uint64_t{view_.page_count_} * view_.page_size_);
    static_cast<void>(file_.control(SQLITE_FCNTL_SIZE_HINT, &size));
  }
  PL_TRY(write_frames(frames));
  PL_TRY(write_lock_area());
  PL_TRY(fit_file(!frames.empty() && frames.back()->page.value == view_.page_count_));
  static_cast<void>(file_.control(SQLITE_FCNTL_SYNC, nullptr));
  if (synchronous_ != Synchronous::Off) PL_TRY(file_.sync(sync_flags()));
  state_ = State::Prepared;
  return {};
}

Status Store::commit_finish(AfterCommit then) {
  if (state_ != State::Prepared) return Code::Misuse;
  if (broken_ != Code::Ok) return broken_;
  if (log_ != nullptr && then == AfterCommit::KeepReading) {
    if (Status status = log_->keep_snapshot(); !status.ok()) {
      broken_ = status.code();
      return status;
    }
  }
  const bool changed = has_changes();
  const bool committed = journal_.has_super_journal();  // its deletion was the commit
  if (Status status = end_journal(); !status.ok()) {
    if (!committed) {
      broken_ = status.code();
      return status;
    }
    journal_.close();  // whoever finds it finds its super-journal gone
  }
  if (log_ != nullptr) {
    if (!changed) {
      log_->abandon();
    } else if (Status status = log_->publish(); !status.ok()) {
      broken_ = status.code();
      return status;
    } else {
      committed_frames_ = log_->frame_count();
    }
  } else if (changed && kind_ == StoreKind::File) {
    // What the next reader compares its pages with.
    const Frame* first = pool_.find(PageNo(1));
    if (first != nullptr && first->image != nullptr) {
      std::memcpy(stamp_.data(), first->data + header::kChangeCounter, stamp_.size());
    } else {
      stamp_known_ = file_.read(header::kChangeCounter, stamp_).ok();
    }
    counter_moved_ = true;
    static_cast<void>(file_.control(SQLITE_FCNTL_COMMIT_PHASETWO, nullptr));
  }
  if (changed && watchers_ != nullptr) tell_watchers();
  publish();
  if (changed) ++version_;
  if (session_ != nullptr) {
    ++commits_;
    ++session_->commits_;
  }
  if (become_page_size_ != 0) take_new_geometry();
  end_writing(then);
  return {};
}

void Store::add_watcher(StoreWatcher& watcher) noexcept {
  watcher.next_watcher_ = watchers_;
  watchers_ = &watcher;
}

void Store::remove_watcher(StoreWatcher& watcher) noexcept {
  for (StoreWatcher** link = &watchers_; *link != nullptr; link = &(*link)->next_watcher_) {
    if (*link != &watcher) continue;
    *link = watcher.next_watcher_;
    return;
  }
}

void Store::tell_watchers() noexcept {
  for (StoreWatcher* watcher = watchers_; watcher != nullptr; watcher = watcher->next_watcher_) {
    if (become_page_size_ != 0) {
      watcher->all_changed();
      continue;
    }
    for (const Frame* frame : listed_) {
      if (frame->state == Frame::State::Overlay) watcher->page_changed(frame->page);
    }
    for (std::uint32_t page = 1; page <= spilled_end_; ++page) {
      if (spilled_.contains(PageNo(page))) watcher->page_changed(PageNo(page));
    }
  }
}

Status Store::end_journal() {
  if (!journal_.active()) return {};
  const bool keep_file = locking_mode_ == LockingMode::Exclusive || journal_mode_ == JournalMode::Persist;
  const bool sync = synchronous_ != Synchronous::Off;
  switch (entering_log_ ? JournalMode::Wal : journal_mode_) {
    case JournalMode::Truncate:
      return journal_.end_by_truncate(synchronous_ >= Synchronous::Full);
    case JournalMode::Delete:
    case JournalMode::Persist:
      // A reader looks for the name of a super-journal at the end of the file: an old one must not stay there.
      if (keep_file) return journal_.end_by_zeroing(sync, journal_.has_super_journal() ? 0 : journal_size_limit_);
      [[fallthrough]];
    case JournalMode::Off:
    case JournalMode::Memory:
    case JournalMode::Wal:
      break;
  }
  return journal_.end_by_delete(*vfs_, os::journal_name(name_.get()), synchronous_ == Synchronous::Extra);
}

Status Store::rollback() {
  if (!in_write()) return {};
  const bool changed = has_changes();
  const bool end_failed = state_ == State::Prepared && broken_ != Code::Ok;
  undo_overlay();
  if (changed) ++version_;
  Status status;
  try {
    status = undo_file();
    if (status.ok() && kind_ == StoreKind::File) status = end_journal();
    // Whether a failed end of the journal was the commit, the file alone knows.
    if (status.ok() && end_failed && file_touched_ && log_ == nullptr && kind_ == StoreKind::File)
      status = load_header();
  } catch (const std::bad_alloc&) {
    status = Code::NoMem;
  }
  if (!status.ok() && kind_ == StoreKind::File) {
    // The journal stays, hot; whoever reads next, we included, recovers from it.
    journal_.close();
    forget_cache();
    end_writing();
    unlock_to(LockLevel::None);
    state_ = State::None;
    lose_sessions(status.code());
    return status;
  }
  end_writing();
  return status;
}

// Puts back what the transaction wrote to the file. The overlay is undone already.
Status Store::undo_file() {
  if (log_ != nullptr) {
    static_cast<void>(log_->keep_snapshot());  // who reads on without it is told
    log_->abandon();
  }
  if (!file_touched_) return {};
  if (journal_on_disk()) {
    // The file may be in the middle of a change; the journal, durable by C1, knows how it was.
    if (!journal_.is_open()) {  // its deletion failed
      const char* const name = os::journal_name(name_.get());
      PL_ASSIGN(const bool exists, os::file_exists(*vfs_, name));
      if (!exists) return {};
      PL_ASSIGN(os::File file, os::File::open(*vfs_, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_JOURNAL, nullptr));
      journal_.adopt(std::move(file), journal_shape());
    }
    PL_TRY(play_back(journal_.file()));
    if (synchronous_ != Synchronous::Off) PL_TRY(file_.sync(sync_flags()));  // the journal is needed until then
  } else if (keeps_bases()) {
    PL_TRY(undo_spilled());
    if (kind_ == StoreKind::File && synchronous_ != Synchronous::Off) PL_TRY(file_.sync(sync_flags()));
    return {};
  }
  // What was spilled and is clean in memory is not what the file holds now.
  pool_.for_each([this](Frame& frame) {
    if (frame.pins == 0 && spilled_.contains(frame.page)) pool_.remove(frame);
  });
  return {};
}

// The transaction is over; what remains is a reader.
void Store::end_writing(AfterCommit then) noexcept {
  PL_ASSERT(savepoints_.empty() && kept_.empty() && listed_.empty());
  for (const KeptImage& kept : to_journal_) pool_.disown(kept.image);
  for (const KeptImage& kept : undo_) pool_.disown(kept.image);
  to_journal_.clear();
  undo_.clear();
  undo_pages_.clear();
  journalled_.clear();
  unsynced_.clear();
  journal_synced_ = false;
  sync_debt_ = 0;
  pool_.forget_chosen();
  exempt_.clear();
  discarded_.clear();
  spilled_.clear();
  spilled_end_ = 0;
  savepoint_file_.close();
  broken_ = Code::Ok;
  file_touched_ = false;
  entering_log_ = false;
  become_page_size_ = 0;
  become_page_count_ = 0;
  lock_area_.clear();
  next_room_check_ = 0;
  view_.write_stamp_ = 0;
  state_ = State::Reading;
  if (session_ != nullptr) then = session_ends_writing(then);
  if (then == AfterCommit::EndRead) return end_reading();
  if (kind_ == StoreKind::File && locking_mode_ == LockingMode::Normal && log_ == nullptr) {
    unlock_to(LockLevel::Shared);
  }
}

}  // namespace perlite::pager
