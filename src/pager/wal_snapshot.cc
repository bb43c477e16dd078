// pager/wal_snapshot.cc: older states of the log that can still be read (manual: c3ref/snapshot.html).
#include <cstring>

#include "pager/wal.h"

namespace perlite::pager {

Status Wal::get_snapshot(wal::IndexHeader* snapshot) const {
  // A log that nothing was ever written to has no state that could be told from others.
  if (read_mark_ < 0 || writing_ || snapshot_.salts == wal::Salts{}) return Code::Error;
  *snapshot = snapshot_;
  return {};
}

int Wal::compare_snapshots(const wal::IndexHeader& a, const wal::IndexHeader& b) noexcept {
  const std::uint32_t salt_a = base::load_be32(a.salts.bytes.data());
  const std::uint32_t salt_b = base::load_be32(b.salts.bytes.data());
  // Salt 1 counts restarts, and may pass its end.
  if (salt_a != salt_b) return static_cast<std::int32_t>(salt_a - salt_b) < 0 ? -1 : 1;
  return a.last_frame < b.last_frame ? -1 : a.last_frame > b.last_frame ? 1 : 0;
}

Status Wal::read_at(const wal::IndexHeader& wanted) {
  PL_ASSERT(read_mark_ >= 0 && !writing_);
  // While it is held nobody moves frames.
  PL_TRY(index_.lock_shared(wal::kCheckpointLock));
  Status status = move_mark(wanted);
  index_.unlock_shared(wal::kCheckpointLock);
  return status;
}

// Takes a mark that keeps the frames up to `wanted`, and gives the former one back; on an error that one stays.
Status Wal::move_mark(const wal::IndexHeader& wanted) {
  const auto stands = [&] {
    wal::IndexHeader now;
    return index_.load_header(&now) && now.salts == wanted.salts && now.last_frame >= wanted.last_frame &&
           index_.attempted() <= wanted.last_frame;
  };
  if (!stands()) return Code::ErrorSnapshot;
  int best = 0;
  std::uint32_t best_frame = 0;
  for (int i = 1; i < static_cast<int>(wal::kReadMarks); ++i) {
    const std::uint32_t frame = index_.mark(i);
    if (frame > wanted.last_frame || (best != 0 && frame <= best_frame)) continue;
    best = i;
    best_frame = frame;
  }
  if (best == 0 || best_frame < wanted.last_frame) {
    for (int i = 1; i < static_cast<int>(wal::kReadMarks) && !index_.read_only(); ++i) {
      if (i == read_mark_) continue;
      Status status = index_.lock_exclusive(wal::kReadLock + i);
      if (status.code() == Code::Busy) continue;
      PL_TRY(std::move(status));
      index_.set_mark(i, wanted.last_frame);
      index_.unlock_exclusive(wal::kReadLock + i);
      best = i;
      best_frame = wanted.last_frame;
      break;
    }
  }
  if (best == 0) return Code::Busy;
  if (best != read_mark_) PL_TRY(index_.lock_shared(wal::kReadLock + best));
  const FrameNo first_frame = index_.backfilled() + 1;
  index_.barrier();
  if (!stands() || index_.mark(best) != best_frame) {
    if (best != read_mark_) index_.unlock_shared(wal::kReadLock + best);
    return stands() ? Code::Busy : Code::ErrorSnapshot;
  }
  if (best != read_mark_) index_.unlock_shared(wal::kReadLock + read_mark_);
  read_mark_ = best;
  first_frame_ = first_frame;
  snapshot_ = wanted;
  end_ = {wanted.last_frame, wanted.frame_checksum};
  return {};
}

// After a recovery nobody knows which frames are in the database. A frame that is not can be told: its page differs.
Status Wal::recover_snapshots() {
  PL_ASSERT(read_mark_ >= 0 && !writing_);
  if (index_.read_only()) return Code::ReadOnly;
  PL_TRY(index_.lock_exclusive(wal::kCheckpointLock));
  Status status;
  try {
    status = lower_attempted();
  } catch (const std::bad_alloc&) {
    status = Code::NoMem;
  }
  index_.unlock_exclusive(wal::kCheckpointLock);
  return status;
}

Status Wal::lower_attempted() {
  const base::ByteBuffer in_log = base::make_buffer(page_size_);
  const base::ByteBuffer in_database = base::make_buffer(page_size_);
  PL_ASSIGN(const std::uint64_t size, database_.size());
  for (FrameNo frame = index_.attempted(); frame > index_.backfilled(); --frame) {
    PL_ASSIGN(const std::uint32_t page, index_.page_of(frame));
    if (page == 0) return Status::corrupt("log index: a frame without a page");
    const std::uint64_t offset = std::uint64_t{page - 1} * page_size_;
    if (offset + page_size_ <= size) {
      PL_TRY(read(frame, {in_log.get(), page_size_}));
      PL_TRY(database_.read(offset, {in_database.get(), page_size_}));
      if (std::memcmp(in_log.get(), in_database.get(), page_size_) == 0) return {};
    }
    index_.set_attempted(frame - 1);
  }
  return {};
}

}  // namespace perlite::pager
