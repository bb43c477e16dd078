#include "pager/wal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "base/fixed_vector.h"
#include "os/vfs.h"

namespace perlite::pager {
namespace {

// Frames that go out in one vectored write: two buffers each.
constexpr std::size_t kFrameBatch = 512;

// How long a reader goes on when header or mark change under it: some ten seconds in growing pauses.
constexpr int kHastyAttempts = 8;
constexpr int kAttempts = 300;
constexpr int kPauseUs = 200;

}  // namespace

Result<UniquePtr<Wal>> Wal::open(sqlite3_vfs& vfs, const char* name, os::File& database, WalIndex::Home home) {
  UniquePtr<Wal> wal(new Wal(vfs, name, database));
  int flags = 0;
  PL_ASSIGN(wal->log_, os::File::open(vfs, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL, &flags));
  wal->read_only_ = (flags & SQLITE_OPEN_READONLY) != 0;
  PL_TRY(wal->index_.open(home));
  if (home == WalIndex::Home::Shared) wal->group_ = CommitGroup::of(database);
  return wal;
}

Wal::~Wal() {
  abandon();
  end_read();
}

// --- Reading --------------------------------------------------------------------------------------------------------

Result<bool> Wal::write_first() {
  PL_ASSERT(read_mark_ < 0 && !writing_ && !in_group_);
  if (group_ == nullptr || failed_ != Code::Ok || read_only_ || index_.read_only() || index_.alone()) return false;
  const Join join = group_->join(database_, &base_, &head_);
  if (join == Join::Busy) return Code::Busy;
  in_group_ = joined_ = join == Join::Joined;
  if (joined_) return true;
  Status status = group_->begin(index_, database_, &base_);
  in_group_ = status.ok();
  if (in_group_) return true;
  wal::IndexHeader header;
  // Who makes the index anew has the lock as well, and is answered with a code of its own.
  if (status.code() == Code::Busy && !index_.load_header(&header)) return false;
  return status;
}

Status Wal::settle() { return joined_ ? group_->settle(base_) : Status(); }

Result<bool> Wal::begin_read() {
  PL_ASSERT(read_mark_ < 0 && !writing_);
  former_ = snapshot_;
  if (!take_snapshot_as_writer()) PL_TRY(take_snapshot(joined_));
  if (joined_) {  // the mark of a former state keeps what comes behind it as well
    snapshot_ = head_;
    end_ = {head_.last_frame, head_.frame_checksum};
    page_size_ = head_.page_size();
  }
  // While nobody was here a log may have come and gone, and a private index knows nothing of it.
  const bool moved = !known_ || !(snapshot_ == former_) || (is_private() && snapshot_.last_frame == 0);
  known_ = true;
  return moved;
}

void Wal::end_read() noexcept {
  PL_ASSERT(!writing_);
  unlock_mark();
}

void Wal::unlock_mark() noexcept {
  if (read_mark_ >= 0 && read_mark_ != kUnderWrite) index_.unlock_shared(wal::kReadLock + read_mark_);
  read_mark_ = -1;
}

// Frames that count stay (W4): as long as the log was not restarted, its later frames are all that changed.
bool Wal::list_changes(std::size_t limit, Vector<PageNo>* pages) {
  const FrameNo first = former_.last_frame;
  const FrameNo last = snapshot_.last_frame;
  if (read_mark_ < 0 || writing_ || former_.salts == wal::Salts{} || !(former_.salts == snapshot_.salts) ||
      first > last || last - first > limit) {
    return false;
  }
  for (FrameNo frame = first + 1; frame <= last; ++frame) {
    const Result<std::uint32_t> page = index_.page_of(frame);
    if (!page.ok() || page.value() == 0) return false;
    pages->push_back(PageNo(page.value()));
  }
  // READ0 does not keep a writer from restarting the log, and from filling the index anew.
  return read_mark_ != 0 || index_.header_is(snapshot_);
}

// W7. A log that is in the database to its end is read, and restarted, under READ0 as ever: a checkpoint relies on it.
bool Wal::take_snapshot_as_writer() noexcept {
  if (!in_group_ || joined_) return false;
  wal::IndexHeader header;
  if (!index_.load_header(&header) || header.version != wal::kVersion) {
    end_write();  // the index is to be made anew, which begins with WRITE
    return false;
  }
  const FrameNo done = index_.backfilled();
  if (done >= header.last_frame) return false;
  take(header, kUnderWrite, done + 1);
  return true;
}

Status Wal::take_snapshot(bool from_log) {
  for (int attempt = 0;; ++attempt) {
    PL_ASSIGN(const Attempt result, try_take_snapshot(from_log));
    if (result == Attempt::Done) return {};
    if (attempt >= kAttempts) return Code::Protocol;
    if (attempt >= kHastyAttempts) os::sleep_us(*vfs_, attempt * kPauseUs);
  }
}

Result<Wal::Attempt> Wal::try_take_snapshot(bool from_log) {
  wal::IndexHeader header;
  if (is_private()) {
    PL_ASSIGN(const Attempt found, find_private_header(&header));
    if (found == Attempt::Again) return found;
    take(header, 0, 1);
    return Attempt::Done;
  }
  PL_ASSIGN(const Attempt found, find_header(&header));
  if (found == Attempt::Again) return found;
  return take_mark(header, from_log);
}

void Wal::take(const wal::IndexHeader& header, int mark, FrameNo first_frame) noexcept {
  read_mark_ = mark;
  first_frame_ = first_frame;
  snapshot_ = header;
  end_ = {header.last_frame, header.frame_checksum};
  // A log without frames takes the size of the database, whatever its header says.
  if (header.last_frame != 0) page_size_ = header.page_size();
}

// Steps 2 to 4 of docs/format/wal.md, "Read". `from_log`: the database file alone will not do.
Result<Wal::Attempt> Wal::take_mark(const wal::IndexHeader& header, bool from_log) {
  const auto taken = [&](int mark, FrameNo first_frame) {
    take(header, mark, first_frame);
    return Attempt::Done;
  };
  if (!from_log && index_.backfilled() == header.last_frame) {
    Status status = index_.lock_shared(wal::kReadLock);
    if (status.ok()) {
      if (index_.header_is(header)) return taken(0, header.last_frame + 1);
      index_.unlock_shared(wal::kReadLock);
      return Attempt::Again;
    }
    if (status.code() != Code::Busy) return status;
    // A checkpoint writes to the database: the log will do.
  }

  int best = 0;
  std::uint32_t best_frame = 0;
  for (int i = 1; i < static_cast<int>(wal::kReadMarks); ++i) {
    const std::uint32_t frame = index_.mark(i);
    if (frame > header.last_frame || (best != 0 && frame <= best_frame)) continue;
    best = i;
    best_frame = frame;
  }
  if (!index_.read_only() && (best == 0 || best_frame < header.last_frame)) {
    for (int i = 1; i < static_cast<int>(wal::kReadMarks); ++i) {
      Status status = index_.lock_exclusive(wal::kReadLock + i);
      if (status.code() == Code::Busy) continue;
      PL_TRY(std::move(status));
      index_.set_mark(i, header.last_frame);
      index_.unlock_exclusive(wal::kReadLock + i);
      best = i;
      best_frame = header.last_frame;
      break;
    }
  }
  if (best == 0) {
    if (index_.read_only()) return Code::ReadOnlyCantLock;
    return Attempt::Again;
  }
  Status status = index_.lock_shared(wal::kReadLock + best);
  if (status.code() == Code::Busy) return Attempt::Again;
  PL_TRY(std::move(status));
  // From here on no checkpoint goes beyond the mark; what it did before is in the database.
  const FrameNo first_frame = index_.backfilled() + 1;
  if (!index_.header_is(header) || index_.mark(best) != best_frame) {
    index_.unlock_shared(wal::kReadLock + best);
    return Attempt::Again;
  }
  return taken(best, first_frame);
}

Result<Log::FrameNo> Wal::find(PageNo page) {
  if (read_mark_ < 0) return Code::Protocol;  // an attempt to write lost the snapshot
  if (read_mark_ == 0 && !is_private()) return FrameNo{0};
  return index_.find(page, first_frame_, end_.frame);
}

Status Wal::read(FrameNo frame, base::MutableBytes into) {
  if (into.size() > page_size_) return Status::corrupt("log: pages are smaller than the database says");
  return log_.read(wal::frame_offset(frame, page_size_) + wal::kFrameHeaderSize, into);
}

void Wal::set_alone(bool alone) noexcept {
  PL_ASSERT(read_mark_ != kUnderWrite);
  if (alone && read_mark_ >= 0) index_.unlock_shared(wal::kReadLock + read_mark_);
  index_.set_alone(alone);
  if (!alone && read_mark_ >= 0) static_cast<void>(index_.lock_shared(wal::kReadLock + read_mark_));
}

// --- Writing --------------------------------------------------------------------------------------------------------

Status Wal::begin_write() {
  PL_ASSERT(!writing_);
  if (read_mark_ < 0) return Code::Protocol;
  if (failed_ != Code::Ok) return failed_;
  if (read_only_ || index_.read_only()) return Code::ReadOnly;
  if (!in_group_) {
    const bool grouped = group_ != nullptr && !index_.alone();
    PL_TRY(grouped ? group_->begin(index_, database_, &base_) : index_.lock_exclusive(wal::kWriteLock));
    in_group_ = grouped;
    if (!index_.header_is(snapshot_)) {
      end_write();
      return Code::BusySnapshot;
    }
  }
  // Frames are added behind the last one, whose place in the index must be there.
  if (Status status = find_last_frame(); !status.ok()) {
    end_write();
    return status;
  }
  writing_ = true;
  begun_ = false;
  sync_due_ = false;
  commit_page_count_ = 0;
  end_ = commit_start_ = {snapshot_.last_frame, snapshot_.frame_checksum};
  return {};
}

Status Wal::find_last_frame() noexcept {
  if (snapshot_.last_frame == 0) return {};
  try {
    return std::move(index_.page_of(snapshot_.last_frame).status());
  } catch (const std::bad_alloc&) {
    return Code::NoMem;
  }
}

// Before the first frame of a transaction.
Status Wal::begin_frames() {
  if (begun_) return {};
  if (read_mark_ == 0) {
    if (index_.backfilled() > 0) {
      Status status = index_.lock_exclusive(wal::kReadLock + 1, wal::kReadMarks - 1);
      if (status.ok()) {
        wal::IndexHeader header = snapshot_;
        restart(&header);
        index_.unlock_exclusive(wal::kReadLock + 1, wal::kReadMarks - 1);
      } else if (status.code() != Code::Busy) {
        return status;
      }
    }
    // Who holds READ0 promises not to read the log, and we shall.
    index_.unlock_shared(wal::kReadLock);
    read_mark_ = -1;
    PL_TRY(take_snapshot(true));
  }
  next_ = snapshot_;
  if (end_.frame == 0) PL_TRY(write_log_header());
  begin_ = commit_start_ = end_;
  begun_ = true;
  return {};
}

// With WRITE and READ1..4 held exclusively (W3). What is on disk changes with the next frame.
void Wal::restart(wal::IndexHeader* header) noexcept {
  ++sequence_;
  base::store_be32(header->salts.bytes.data(), base::load_be32(header->salts.bytes.data()) + 1);
  os::fill_random(*vfs_, base::MutableBytes(header->salts.bytes).subspan(4));
  header->last_frame = 0;
  index_.store_header(header);
  index_.set_backfilled(0);
  index_.set_attempted(0);
  index_.set_mark(1, 0);
  for (int i = 2; i < static_cast<int>(wal::kReadMarks); ++i) index_.set_mark(i, wal::kMarkUnused);
  cut_at_commit_ = true;
}

// A power cut must not leave the former header above new frames: it would make a prefix of the former log count again.
Status Wal::write_log_header() {
  wal::LogHeader header;
  header.big_endian = std::endian::native == std::endian::big;
  header.page_size = page_size_;
  header.sequence = sequence_;
  if (next_.salts == wal::Salts{}) os::fill_random(*vfs_, next_.salts.bytes);
  header.salts = next_.salts;
  std::array<std::byte, wal::kHeaderSize> raw;
  end_.checksum = wal::encode(header, raw.data());
  PL_TRY(log_.write(0, raw));
  next_.big_endian = header.big_endian ? 1 : 0;
  next_.set_page_size(page_size_);
  // Where everything is written in order, the frames are behind the header anyway.
  if (!sync_.header || (log_.device_characteristics() & SQLITE_IOCAP_SEQUENTIAL) != 0) return {};
  Status status = log_.sync(sync_.flags);
  return status.ok() ? std::move(status) : fail(std::move(status));
}

Status Wal::append(std::span<const Page> pages, std::uint32_t commit_page_count) {
  PL_ASSERT(writing_ && !pages.empty());
  if (failed_ != Code::Ok) return failed_;
  if (joined_ && group_->failure() != Code::Ok) return fail(group_->failure());
  synced_ = false;
  sync_due_ = commit_page_count != 0 && sync_.commit;
  PL_TRY(begin_frames());
  const Page last = pages.back();
  while (!pages.empty()) {
    const std::size_t count = std::min(pages.size(), kFrameBatch);
    PL_TRY(write_frames(pages.first(count), count == pages.size() ? commit_page_count : 0, 0));
    pages = pages.subspan(count);
  }
  if (commit_page_count != 0 && sync_.commit) PL_TRY(pad_to_sector(last, commit_page_count));
  return {};
}

// To the file, then to the index; on an error neither has more than before, as far as anybody looks.
// `sync_at`: where the bytes of the file must be durable before those behind are written; 0 for nowhere.
Status Wal::write_frames(std::span<const Page> pages, std::uint32_t commit_page_count, std::uint64_t sync_at) {
  std::array<std::array<std::byte, wal::kFrameHeaderSize>, kFrameBatch> headers;
  base::FixedVector<base::Bytes, 2 * kFrameBatch> parts;
  wal::Checksum sum = end_.checksum;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    PL_ASSERT(pages[i].image.size() == page_size_);
    wal::FrameHeader header{pages[i].number.value, i + 1 == pages.size() ? commit_page_count : 0, next_.salts, {}};
    wal::encode(header, headers[i].data());
    header.checksum = sum = wal::frame_checksum(sum, headers[i].data(), pages[i].image, next_.big_endian != 0);
    wal::encode(header, headers[i].data());
    parts.push_back(headers[i]);
    parts.push_back(pages[i].image);
  }
  // From here on a commit may be on disk.
  if (commit_page_count != 0) commit_page_count_ = commit_page_count;
  const std::uint64_t offset = wal::frame_offset(end_.frame + 1, page_size_);
  PL_TRY(sync_at == 0 ? log_.write_run(offset, parts.elements()) : write_and_sync(offset, parts.elements(), sync_at));
  FrameNo frame = end_.frame;
  for (const Page& page : pages) {
    Status status;
    try {
      status = index_.append(++frame, page.number);
    } catch (const std::bad_alloc&) {
      status = Code::NoMem;
    }
    if (!status.ok()) {
      index_.remove_beyond(end_.frame);
      return status;
    }
  }
  end_ = {frame, sum};
  return {};
}

// Frames behind the new end do not count: the checksums of those that take their places are others.
void Wal::rewind(FrameNo count) noexcept {
  if (count >= appended()) return;
  End end = begin_;
  if (count > 0) {
    end.frame += count;
    std::array<std::byte, wal::kFrameHeaderSize> raw;
    if (!log_.read(wal::frame_offset(end.frame, page_size_), raw).ok()) return;
    end.checksum = wal::decode_frame_header(raw.data()).checksum;
  }
  index_.remove_beyond(end.frame);
  end_ = end;
}

PageNo Wal::appended_page(FrameNo count) noexcept {
  try {
    const Result<std::uint32_t> page = index_.page_of(begin_.frame + count);
    return PageNo(page.ok() ? page.value() : 0);
  } catch (const std::bad_alloc&) {
    return PageNo(0);
  }
}

Status Wal::write_and_sync(std::uint64_t offset, std::span<const base::Bytes> parts, std::uint64_t sync_at) {
  for (base::Bytes part : parts) {
    if (offset < sync_at && sync_at <= offset + part.size()) {
      const auto before = static_cast<std::size_t>(sync_at - offset);
      PL_TRY(log_.write(offset, part.first(before)));
      PL_TRY(sync());
      synced_ = true;
      offset = sync_at;
      part = part.subspan(before);
    }
    if (!part.empty()) PL_TRY(log_.write(offset, part));
    offset += part.size();
  }
  return {};
}

// Fills the sector in which a commit ends, so that a torn write of the next one cannot reach it. What lies behind that
// sector need not be durable.
Status Wal::pad_to_sector(const Page& last, std::uint32_t commit_page_count) {
  // What the name of the database asks for (psow=0) holds for its log too.
  if ((database_.device_characteristics() & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0) return {};
  const auto sector = static_cast<std::uint64_t>(std::clamp(database_.sector_size(), 512, 65536));
  const std::uint64_t end = wal::frame_offset(end_.frame + 1, page_size_);
  const std::uint64_t wanted = (end + sector - 1) / sector * sector;
  for (;;) {
    const std::uint64_t begin = wal::frame_offset(end_.frame + 1, page_size_);
    if (begin >= wanted) return {};
    const bool ends = wal::frame_offset(end_.frame + 2, page_size_) >= wanted;
    PL_TRY(write_frames({&last, 1}, commit_page_count, ends ? wanted : 0));
  }
}

Status Wal::sync() {
  if (failed_ != Code::Ok) return failed_;
  if (std::exchange(synced_, false)) return {};
  Status status = log_.sync(sync_.flags);
  if (!status.ok()) return fail(std::move(status));
  sync_due_ = false;
  return {};
}

Status Wal::keep_snapshot() {
  if (read_mark_ != kUnderWrite) return {};
  const End end = end_;  // the published state is read, the transaction ends with what it appended
  Status status = take_snapshot(true);
  end_ = end;
  return status;
}

Status Wal::publish() {
  PL_ASSERT(writing_ && commit_page_count_ != 0);
  if (cut_at_commit_) {
    cut_at_commit_ = false;
    if (size_limit_ >= 0) {
      limit_size(std::max(static_cast<std::uint64_t>(size_limit_), wal::frame_offset(end_.frame + 1, page_size_)));
    }
  }
  ++next_.change;
  next_.last_frame = end_.frame;
  next_.page_count = commit_page_count_;
  next_.frame_checksum = end_.checksum;
  // What is not durable below it must be, before it is seen.
  if (in_group_ && (sync_due_ || joined_)) return publish_together();
  index_.store_header(&next_);
  snapshot_ = next_;
  end_write();
  return {};
}

Status Wal::publish_together() {
  WalIndex::complete(&next_);
  bool handed_over = false;
  bool base_lost = false;
  Status status = group_->commit(*this, base_, next_, &handed_over, &base_lost);
  if (handed_over) forget_write();
  if (status.ok()) {
    snapshot_ = next_;
    return {};
  }
  if (handed_over && base_lost) lose_snapshot();
  return fail(std::move(status));
}

// Gives WRITE back.
void Wal::end_write() noexcept {
  if (in_group_) {
    const bool lost = joined_ && group_->failure() != Code::Ok;
    group_->leave(*this);
    if (lost) lose_snapshot();
  } else {
    index_.unlock_exclusive(wal::kWriteLock);
  }
  forget_write();
}

void Wal::forget_write() noexcept {
  if (read_mark_ == kUnderWrite) read_mark_ = -1;
  in_group_ = joined_ = writing_ = false;
  commit_page_count_ = 0;
}

// What was read came from frames that were never published.
void Wal::lose_snapshot() noexcept {
  unlock_mark();
  snapshot_ = {};
  known_ = false;
}

void Wal::destroy_unpublished() noexcept {
  wal::IndexHeader published;
  if (!index_.load_header(&published)) return;  // whoever comes next makes the index anew
  index_.remove_beyond(published.last_frame);
  static_cast<void>(destroy_commit(published.last_frame + 1));
}

// A file that cannot be cut is only longer than it need be.
void Wal::limit_size(std::uint64_t bytes) noexcept {
  Result<std::uint64_t> size = log_.size();
  if (size.ok() && size.value() > bytes) static_cast<void>(log_.truncate(bytes));
}

Status Wal::take_back_commit() {
  PL_ASSERT(writing_);
  if (commit_page_count_ == 0) return {};
  PL_TRY(destroy_commit(commit_start_.frame + 1));
  index_.remove_beyond(commit_start_.frame);
  end_ = commit_start_;
  return {};
}

// The log ends before frame `first` from now on. All frames behind go: were the first one written again as it was, the
// others would follow it.
Status Wal::destroy_commit(FrameNo first) noexcept {
  const std::array<std::byte, wal::kFrameHeaderSize> zeros{};
  std::array<std::byte, wal::kFrameHeaderSize> raw;
  const wal::Salts salts = begun_ ? next_.salts : snapshot_.salts;
  for (FrameNo frame = first;; ++frame) {
    const std::uint64_t offset = wal::frame_offset(frame, page_size_);
    const bool counts = log_.read(offset, raw).ok() && wal::decode_frame_header(raw.data()).salts == salts;
    if (frame != first && !counts) break;
    PL_TRY(log_.write(offset, zeros));
  }
  commit_page_count_ = 0;
  return {};
}

void Wal::abandon() noexcept {
  if (writing_) {
    if (commit_page_count_ != 0) static_cast<void>(destroy_commit(snapshot_.last_frame + 1));
    index_.remove_beyond(snapshot_.last_frame);
    end_ = {snapshot_.last_frame, snapshot_.frame_checksum};
  }
  if (writing_ || in_group_) end_write();
}

}  // namespace perlite::pager
