// pager/wal_recovery.cc: an index that is made anew from its log (docs/format/wal.md, "Recovery").
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "base/process.h"
#include "pager/wal.h"

namespace perlite::pager {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

}  // namespace

// The header that counts; makes the index first where nobody has. Errors: Busy, BusyRecovery, CantOpen, IoErr, NoMem.
Result<Wal::Attempt> Wal::find_header(wal::IndexHeader* header) {
  const auto found = [&]() -> Result<Attempt> {
    if (header->version != wal::kVersion) return Code::CantOpen;
    return Attempt::Done;
  };
  if (index_.load_header(header)) return found();
  if (index_.read_only()) return Code::ReadOnlyRecovery;
  if (joined_) return Attempt::Again;   // whoever syncs for us all is storing it
  if (writing_) return Code::Protocol;  // our own lock is on it

  Status status = index_.lock_exclusive(wal::kWriteLock);
  if (status.code() == Code::Busy) {
    // A writer is storing it right now, or somebody recovers.
    status = index_.lock_shared(wal::kRecoverLock);
    if (status.code() == Code::Busy) return Code::BusyRecovery;
    PL_TRY(std::move(status));
    index_.unlock_shared(wal::kRecoverLock);
    return Attempt::Again;
  }
  PL_TRY(std::move(status));
  bool valid = index_.load_header(header);
  if (!valid) {
    try {
      status = recover(header);
    } catch (const std::bad_alloc&) {
      status = Code::NoMem;
    }
    valid = status.ok();
  }
  index_.unlock_exclusive(wal::kWriteLock);
  if (!valid) return status;
  return found();
}

// The header of a private index. READ0 is held afterwards: whoever comes now may append to the log, and neither moves its
// frames nor writes over them.
Result<Wal::Attempt> Wal::find_private_header(wal::IndexHeader* header) {
  PL_TRY(index_.look_for_others());
  if (!is_private()) return Attempt::Again;
  Status status = index_.lock_shared(wal::kReadLock);
  if (status.code() == Code::Busy) return Attempt::Again;
  PL_TRY(std::move(status));
  // Who came before the lock has done with the log what he liked.
  status = index_.look_for_others();
  if (status.ok() && is_private()) {
    Result<bool> still = log_lies_still();
    if (still.ok() && still.value()) {
      *header = snapshot_;
      return Attempt::Done;
    }
    status = std::move(still.status());
  }
  if (status.ok() && is_private()) {
    *header = {};
    index_.clear();
    try {
      status = scan(header);
    } catch (const std::bad_alloc&) {
      status = Code::NoMem;
    }
    if (status.ok()) return Attempt::Done;
  }
  known_ = false;
  index_.unlock_shared(wal::kReadLock);
  if (!status.ok()) return status;
  return Attempt::Again;
}

// True when the log is as it was at the last snapshot, and nothing was added to it.
Result<bool> Wal::log_lies_still() {
  if (!known_ || snapshot_.last_frame == 0) return false;
  const std::uint64_t next = wal::frame_offset(snapshot_.last_frame + 1, page_size_);
  PL_ASSIGN(const std::uint64_t size, log_.size());
  if (size < next) return false;
  std::array<std::byte, wal::kHeaderSize> head;
  PL_TRY(log_.read(0, head));
  wal::LogHeader log;
  wal::Checksum sum;
  if (!wal::decode(head.data(), &log, &sum) || !(log.salts == snapshot_.salts)) return false;
  std::array<std::byte, wal::kFrameHeaderSize> raw;
  PL_TRY(log_.read(wal::frame_offset(snapshot_.last_frame, page_size_), raw));
  const wal::FrameHeader last = wal::decode_frame_header(raw.data());
  if (!(last.salts == snapshot_.salts) || !(last.checksum == snapshot_.frame_checksum)) return false;
  if (size < next + wal::kFrameHeaderSize) return true;
  PL_TRY(log_.read(next, raw));
  return !(wal::decode_frame_header(raw.data()).salts == snapshot_.salts);
}

// With WRITE held.
Status Wal::recover(wal::IndexHeader* header) {
  const int first = checkpointing_ ? wal::kRecoverLock : wal::kCheckpointLock;
  const int count = wal::kReadLock - first;
  PL_TRY(index_.lock_exclusive(first, count));
  *header = {};
  Status status;
  try {
    status = scan(header);
  } catch (const std::bad_alloc&) {
    status = Code::NoMem;
  }
  if (status.ok()) {
    index_.set_backfilled(0);
    index_.set_attempted(header->last_frame);
    index_.set_mark(0, 0);
    for (int i = 1; i < static_cast<int>(wal::kReadMarks) && status.ok(); ++i) {
      Status locked = index_.lock_exclusive(wal::kReadLock + i);
      if (locked.code() == Code::Busy) continue;
      if (!locked.ok()) {
        status = std::move(locked);
        break;
      }
      index_.set_mark(i, i == 1 && header->last_frame > 0 ? header->last_frame : wal::kMarkUnused);
      index_.unlock_exclusive(wal::kReadLock + i);
    }
  }
  if (status.ok()) {
    index_.store_header(header);
    if (header->last_frame > 0) {
      char text[300];
      std::snprintf(text, sizeof text, "recovered %u frames from WAL file %.200s", header->last_frame, name_);
      base::log(Code::NoticeRecoverWal, text);
    }
  }
  index_.unlock_exclusive(first, count);
  return status;
}

// Reads the log's header and all frames that follow.
Status Wal::scan(wal::IndexHeader* header) {
  PL_ASSIGN(const std::uint64_t size, log_.size());
  if (size < wal::kHeaderSize) return {};
  std::array<std::byte, wal::kHeaderSize> raw;
  PL_TRY(log_.read(0, raw));
  wal::LogHeader log;
  wal::Checksum sum;
  if (!wal::decode(raw.data(), &log, &sum)) return {};
  if (log.version != wal::kVersion) return Code::CantOpen;
  header->big_endian = log.big_endian ? 1 : 0;
  header->set_page_size(log.page_size);
  header->salts = log.salts;
  page_size_ = log.page_size;
  sequence_ = log.sequence;
  const std::uint64_t frames = (size - wal::kHeaderSize) / (wal::kFrameHeaderSize + log.page_size);
  PL_TRY(scan_frames(header, sum, static_cast<std::uint32_t>(std::min<std::uint64_t>(frames, wal::kMaxFrames))));
  index_.remove_beyond(header->last_frame);
  return {};
}

Status Wal::scan_frames(wal::IndexHeader* header, wal::Checksum sum, std::uint32_t frames) {
  const std::size_t frame_bytes = wal::kFrameHeaderSize + page_size_;
  const std::size_t chunk_frames = std::clamp<std::size_t>(kChunkBytes / frame_bytes, 1, std::max(frames, 1u));
  const base::ByteBuffer chunk = base::make_buffer(chunk_frames * frame_bytes);
  for (std::uint32_t frame = 1; frame <= frames;) {
    const std::size_t count = std::min<std::size_t>(chunk_frames, frames - frame + 1);
    PL_TRY(log_.read(wal::frame_offset(frame, page_size_), {chunk.get(), count * frame_bytes}));
    for (std::size_t i = 0; i < count; ++i, ++frame) {
      const std::byte* const raw = chunk.get() + i * frame_bytes;
      const wal::FrameHeader one = wal::decode_frame_header(raw);
      if (one.page == 0 || !(one.salts == header->salts)) return {};
      sum = wal::frame_checksum(sum, raw, {raw + wal::kFrameHeaderSize, page_size_}, header->big_endian != 0);
      if (!(sum == one.checksum)) return {};
      PL_TRY(index_.append(frame, PageNo(one.page)));
      if (one.commit_page_count == 0) continue;
      header->last_frame = frame;
      header->page_count = one.commit_page_count;
      header->frame_checksum = sum;
    }
  }
  return {};
}

}  // namespace perlite::pager
