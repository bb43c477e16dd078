// pager/wal_checkpoint.cc: from the log to the database file (docs/format/wal.md, "Checkpoint").
#include <algorithm>
#include <array>

#include "base/fixed_vector.h"
#include "os/vfs.h"
#include "pager/lock_wait.h"
#include "pager/store.h"
#include "pager/wal.h"

namespace perlite::pager {
namespace {

// Pages that are moved together, at most.
constexpr std::size_t kRunBytes = 1024 * 1024;
constexpr std::size_t kRunPages = 256;
// Writers wait while so many frames are moved.
constexpr std::uint32_t kShortWait = 4096;

// For a checkpoint that nobody asked to wait.
class ShortWait final : public BusyHandler {
 public:
  bool wait(int) override { return false; }
  int timeout_ms() const noexcept override { return 10; }
};

}  // namespace

Status Wal::checkpoint(CheckpointMode mode, BusyHandler* busy, CheckpointCounts* counts) {
  PL_ASSERT(read_mark_ < 0 && !writing_);
  if (failed_ != Code::Ok) return failed_;
  if (read_only_ || index_.read_only()) return Code::ReadOnly;
  PL_TRY(index_.lock_exclusive(wal::kCheckpointLock));
  checkpointing_ = true;
  Status status;
  try {
    wal::IndexHeader header;
    const bool among_writers = mode == CheckpointMode::Passive && group_ != nullptr && !index_.alone() &&
                               index_.load_header(&header) && group_->needs_restart(database_, header.last_frame);
    status = among_writers ? checkpoint_among_writers(header, counts) : checkpoint_locked(mode, busy, counts);
  } catch (const std::bad_alloc&) {
    status = Code::NoMem;
  }
  checkpointing_ = false;
  index_.unlock_exclusive(wal::kCheckpointLock);
  return status;
}

// Where one commit follows another there is no moment in which all frames are moved, and the log would grow for ever:
// so the others wait. Most is moved before.
Status Wal::checkpoint_among_writers(const wal::IndexHeader& header, CheckpointCounts* counts) {
  if (header.last_frame - index_.backfilled() > kShortWait) {
    PL_TRY(checkpoint_locked(CheckpointMode::Passive, nullptr, counts));
  }
  ShortWait wait;
  Status status = checkpoint_locked(CheckpointMode::Full, &wait, counts);
  group_->restart_tried(status.ok(), header.last_frame);
  return status.code() == Code::Busy ? Status() : std::move(status);
}

// The one checkpoint waits for writers among those who wait to write, and alone for readers.
Status Wal::lock_waiting(int slot, int count, BusyHandler* busy) {
  LockWait wait(database_, *vfs_, busy, slot == wal::kWriteLock ? LockWait::Manner::InTurn : LockWait::Manner::Holding);
  if (slot == wal::kWriteLock) wait.let_others_pass();
  for (;;) {
    Status status = index_.lock_exclusive(slot, count);
    if (status.code() != Code::Busy || !wait.again()) return status;
  }
}

Status Wal::checkpoint_locked(CheckpointMode mode, BusyHandler* busy, CheckpointCounts* counts) {
  wal::IndexHeader header;
  for (int attempt = 0;; ++attempt) {
    PL_ASSIGN(const Attempt found, find_header(&header));
    if (found == Attempt::Done) break;
    if (attempt > 100) return Code::Busy;
    os::sleep_us(*vfs_, 100);
  }
  const bool wants_all = mode > CheckpointMode::Passive;
  bool holds_write = false;
  if (mode <= CheckpointMode::Passive) busy = nullptr;
  if (wants_all) {
    Status status = lock_waiting(wal::kWriteLock, 1, busy);
    holds_write = status.ok();
    if (status.code() == Code::Busy) {
      mode = CheckpointMode::Passive;
      busy = nullptr;
    } else {
      PL_TRY(std::move(status));
    }
    // What was committed while we waited. A header that a dying writer left half is the next reader's matter.
    if (holds_write && !index_.load_header(&header)) {
      index_.unlock_exclusive(wal::kWriteLock);
      return Code::Busy;
    }
  }
  Status status;
  if (header.last_frame != 0 && page_size_ != 0 && header.page_size() != page_size_) {
    status = Status::corrupt("log index: the page size has changed");
  } else if (mode != CheckpointMode::Noop && header.last_frame != 0) {
    page_size_ = header.page_size();
    status = move_frames(&header, busy);
  }
  if (status.ok() && holds_write) {
    if (index_.backfilled() < header.last_frame) {
      status = Code::Busy;
    } else if (mode >= CheckpointMode::Restart) {
      status = lock_waiting(wal::kReadLock + 1, wal::kReadMarks - 1, busy);
      if (status.ok() && mode == CheckpointMode::Truncate) {
        // Not one frame of the old log counts any more when its file is cut.
        const bool is_snapshot = known_ && header == snapshot_;
        restart(&header);
        cut_at_commit_ = false;
        if (is_snapshot) snapshot_ = header;
        status = log_.truncate(0);
      }
      if (status.code() != Code::Busy) index_.unlock_exclusive(wal::kReadLock + 1, wal::kReadMarks - 1);
    }
  }
  if (status.ok() || status.code() == Code::Busy) {
    counts->log_frames = static_cast<int>(header.last_frame);
    counts->moved_frames = static_cast<int>(index_.backfilled());
  }
  if (holds_write) index_.unlock_exclusive(wal::kWriteLock);
  if (status.ok() && wants_all && !holds_write) return Code::Busy;
  return status;
}

// Moves what no reader is in the way of. A reader in the way is no error, nor is a log that was restarted since the
// header was read: then that becomes the new one's, of which nothing is moved.
Status Wal::move_frames(wal::IndexHeader* header, BusyHandler* busy) {
  const FrameNo done = index_.backfilled();
  if (done >= header->last_frame) return {};
  FrameNo bound = header->last_frame;
  for (int i = 1; i < static_cast<int>(wal::kReadMarks); ++i) {
    const std::uint32_t mark = index_.mark(i);
    if (mark >= bound) continue;
    Status status = lock_waiting(wal::kReadLock + i, 1, busy);
    if (status.ok()) {
      index_.set_mark(i, i == 1 ? bound : wal::kMarkUnused);
      index_.unlock_exclusive(wal::kReadLock + i);
    } else if (status.code() == Code::Busy) {
      bound = mark;
      busy = nullptr;
    } else {
      return status;
    }
  }
  if (done >= bound) return {};

  Status status = lock_waiting(wal::kReadLock, 1, busy);
  if (status.code() == Code::Busy) return {};
  PL_TRY(std::move(status));
  // Who restarts the log is on READ0, where nobody can be from here on.
  if (!index_.is_of_log(header->salts)) {
    static_cast<void>(index_.load_header(header));
    index_.unlock_exclusive(wal::kReadLock);
    return {};
  }
  index_.set_attempted(bound);
  const bool all = bound == header->last_frame;
  const auto move = [&]() -> Status {
    if (sync_.checkpoint) {
      Status synced = log_.sync(sync_.checkpoint_flags);
      if (!synced.ok()) return fail(std::move(synced));
    }
    sqlite3_int64 size = static_cast<sqlite3_int64>(std::uint64_t{header->page_count} * page_size_);
    static_cast<void>(database_.control(SQLITE_FCNTL_SIZE_HINT, &size));
    static_cast<void>(database_.control(SQLITE_FCNTL_CKPT_START, nullptr));
    // Pages behind the end of the newest state may be wanted by a reader at the bound, if that is not it.
    PL_TRY(copy_pages(done + 1, bound, all ? header->page_count : 0xffffffff));
    static_cast<void>(database_.control(SQLITE_FCNTL_CKPT_DONE, nullptr));
    if (all) {
      PL_TRY(database_.truncate(static_cast<std::uint64_t>(size)));
      if (sync_.checkpoint) PL_TRY(database_.sync(sync_.checkpoint_flags));
    }
    return {};
  };
  try {
    status = move();
  } catch (const std::bad_alloc&) {
    status = Code::NoMem;
  }
  if (status.ok()) index_.set_backfilled(bound);
  index_.unlock_exclusive(wal::kReadLock);
  return status;
}

// Writes the newest image of each page in frames first..last to the database, in page order.
Status Wal::copy_pages(FrameNo first, FrameNo last, std::uint32_t page_limit) {
  Vector<PageFrame> pages;
  pages.reserve(last - first + 1);
  const std::uint32_t lock_page = lock_byte_page(page_size_).value;
  for (FrameNo frame = first; frame <= last; ++frame) {
    PL_ASSIGN(const std::uint32_t page, index_.page_of(frame));
    if (page == 0) return Status::corrupt("log index: a frame without a page");
    if (page <= page_limit && page != lock_page) pages.push_back({page, frame});
  }
  std::sort(pages.begin(), pages.end(), [](const PageFrame& a, const PageFrame& b) {
    return a.page != b.page ? a.page < b.page : a.frame > b.frame;
  });
  pages.erase(
      std::unique(pages.begin(), pages.end(), [](const PageFrame& a, const PageFrame& b) { return a.page == b.page; }),
      pages.end());

  const std::size_t run_pages =
      database_.native() ? std::clamp<std::size_t>(kRunBytes / page_size_, 1, std::min(kRunPages, pages.size() + 1))
                         : 1;
  const base::ByteBuffer buffer = base::make_buffer(run_pages * page_size_);
  for (std::size_t i = 0; i < pages.size();) {
    std::size_t count = 1;
    while (count < run_pages && i + count < pages.size() && pages[i + count].page == pages[i].page + count) ++count;
    PL_TRY(copy_run({pages.data() + i, count}, {buffer.get(), run_pages * page_size_}));
    i += count;
  }
  return {};
}

// Neighbours in the database; where they are neighbours in the log too, they are read together.
Status Wal::copy_run(std::span<const PageFrame> run, std::span<std::byte> buffer) {
  std::array<std::byte, wal::kFrameHeaderSize> skipped;
  base::FixedVector<base::MutableBytes, 2 * kRunPages> parts;
  for (std::size_t i = 0; i < run.size();) {
    std::size_t count = 0;
    parts.clear();
    while (i + count < run.size() && run[i + count].frame == run[i].frame + count) {
      if (count > 0) parts.push_back(skipped);
      parts.push_back(buffer.subspan((i + count) * page_size_, page_size_));
      ++count;
    }
    PL_TRY(log_.read_run(wal::frame_offset(run[i].frame, page_size_) + wal::kFrameHeaderSize, parts.elements()));
    i += count;
  }
  return database_.write(std::uint64_t{run[0].page - 1} * page_size_, buffer.first(run.size() * page_size_));
}

Status Wal::clean_up(bool checkpoint_first, bool kept) {
  index_.set_alone(true);
  bool remove = false;
  Status status;
  if (checkpoint_first) {
    CheckpointCounts counts;
    status = checkpoint(CheckpointMode::Passive, nullptr, &counts);
    remove = status.ok() && !kept && counts.moved_frames == counts.log_frames;
    if (status.ok() && kept && size_limit_ >= 0) limit_size(0);
  }
  index_.close(remove);
  log_.close();
  if (remove) static_cast<void>(os::delete_file(*vfs_, name_, false));
  return status;
}

}  // namespace perlite::pager
