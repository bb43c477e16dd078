// pager/store_log.cc: how a store gets a log, checkpoints it and leaves it (docs/format/wal.md).
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "os/vfs.h"
#include "pager/store.h"

namespace perlite::pager {

bool Store::log_possible() const noexcept {
  return kind_ == StoreKind::File && file_.is_open() && !no_lock_ &&
         (file_.has_shared_memory() || locking_mode_ == LockingMode::Exclusive);
}

void Store::attach_log(UniquePtr<Log> log) noexcept {
  PL_ASSERT(kind_ == StoreKind::File && state_ == State::None && wal_ == nullptr);
  log_ = std::move(log);
  journal_mode_ = JournalMode::Wal;
  forget_cache();
}

// With SHARED held.
Status Store::open_log() {
  if (!log_possible()) return Code::CantOpen;
  const bool alone = locking_mode_ == LockingMode::Exclusive;
  if (alone) PL_TRY(lock_exclusive(false));
  PL_ASSIGN(UniquePtr<Wal> wal,
            Wal::open(*vfs_, os::wal_name(name_.get()), file_, alone ? WalIndex::Home::Heap : WalIndex::Home::Shared));
  wal->set_page_size(view_.page_size_);
  wal->set_size_limit(journal_size_limit_);
  wal_ = wal.get();
  log_ = std::move(wal);
  journal_mode_ = JournalMode::Wal;
  return {};
}

// An empty database has no log; what lies there belonged to one that was deleted.
Status Store::delete_stale_log() {
  Status status = os::delete_file(*vfs_, os::wal_name(name_.get()), false);
  return status.code() == Code::IoErrDeleteNoEnt ? Status() : std::move(status);
}

// Takes the log's newest state for the transaction.
Status Store::look_at_log() {
  if (wal_ != nullptr && locking_mode_ == LockingMode::Normal && lock_ == LockLevel::Exclusive &&
      wal_->home() == WalIndex::Home::Shared) {
    wal_->set_alone(false);
    unlock_to(LockLevel::Shared);
  }
  PL_ASSIGN(const bool moved, log_->begin_read());
  Status status;
  if (moved || !stamp_known_) {
    if (stamp_known_) {
      ++data_version_;
      ++version_;
    }
    Result<bool> refreshed = refresh_cache();
    if (!refreshed.ok()) {
      forget_cache();
      log_->end_read();
      return std::move(refreshed.status());
    }
    if (refreshed.value()) return {};
    // The log's word counts where it has frames: page 1 is one of them, or was not changed since.
    if (log_->page_count() != 0 && log_->page_size() != 0 && log_->page_size() != view_.page_size_) {
      forget_cache();
      set_geometry(log_->page_size(), 0);
    }
    status = load_header();
  }
  if (!status.ok()) log_->end_read();
  return status;
}

// Forgets the pages that others changed, and keeps the rest. False when it is not known which they are.
Result<bool> Store::refresh_cache() {
  if (!stamp_known_ || log_->page_count() == 0 || log_->page_size() != view_.page_size_) return false;
  Vector<PageNo> changed;
  if (!log_->list_changes(2 * pool_.frame_count() + 64, &changed)) return false;
  PL_ASSERT(!pool_.any_pinned());
  const auto forget = [this](Frame& frame) {
    view_.forget(frame);
    pool_.remove(frame);
  };
  bool header_changed = false;
  for (const PageNo page : changed) {
    header_changed |= page.value == 1;
    if (Frame* frame = pool_.find(page); frame != nullptr) forget(*frame);
  }
  const std::uint32_t former_count = std::exchange(view_.page_count_, log_->page_count());
  if (former_count > view_.page_count_) {
    pool_.for_each([&](Frame& frame) {
      if (frame.page.value > view_.page_count_) forget(frame);
    });
  }
  if (!header_changed) return true;
  // A page of another size or shape inside is rare enough to begin anew.
  PL_ASSIGN(const PageRef first, fetch_miss(PageNo(1)));
  return std::memcmp(first.data(), header::kMagic, sizeof header::kMagic) == 0 &&
         static_cast<std::uint32_t>(first.data()[header::kReservedBytes]) == reserved_bytes() &&
         base::load_be32(first.data() + header::kPageSize) == header_shape_;
}

// In exclusive locking mode the first write takes the database; the index's locks are of no use from then on.
Status Store::have_log_alone() {
  if (wal_ == nullptr || locking_mode_ != LockingMode::Exclusive || lock_ == LockLevel::Exclusive) return {};
  Status status = take_lock(LockLevel::Exclusive);
  if (!status.ok()) {
    static_cast<void>(file_.unlock(SQLITE_LOCK_SHARED));
    return status;
  }
  wal_->set_alone(true);
  return {};
}

LogSync Store::log_sync() const noexcept {
  LogSync sync;
  sync.header = sync.checkpoint = synchronous_ != Synchronous::Off;
  sync.commit = synchronous_ >= Synchronous::Full;
  sync.flags = sync_flags();
  sync.checkpoint_flags = full_fsync_ || checkpoint_full_fsync_ ? SQLITE_SYNC_FULL : SQLITE_SYNC_NORMAL;
  return sync;
}

Status Store::checkpoint(CheckpointMode mode, CheckpointCounts* counts) {
  if (state_ != State::None) return Code::Locked;
  if (log_ == nullptr && journal_mode_ != JournalMode::Wal) return {};
  if (log_ == nullptr) {  // expected, and not opened yet
    PL_TRY(begin_reading());
    end_reading();
    if (log_ == nullptr) return {};
  }
  log_->set_sync(log_sync());
  return log_->checkpoint(mode, busy(), counts);
}

Status Store::write_format_versions(std::uint8_t version) {
  PL_ASSIGN(PageRef page, view_.fetch(PageNo(1)));
  PL_ASSIGN(const std::span<std::byte> bytes, page.writable());
  entering_log_ = version == 2;
  bytes[header::kWriteVersion] = bytes[header::kReadVersion] = static_cast<std::byte>(version);
  return {};
}

Status Store::leave_log() {
  PL_ASSERT(wal_ != nullptr && state_ == State::None);
  if (lock_ != LockLevel::Exclusive) {
    Status status = take_lock(LockLevel::Exclusive);
    if (!status.ok()) {
      static_cast<void>(file_.unlock(SQLITE_LOCK_SHARED));
      return status;
    }
  }
  log_->set_sync(log_sync());
  Status status = wal_->clean_up(true, false);
  drop_log();
  if (!status.ok()) {  // the database says still that it has a log: the next transaction opens it
    if (locking_mode_ == LockingMode::Normal) unlock_to(LockLevel::None);
    return status;
  }
  leaving_log_ = true;
  return {};
}

Status Store::get_snapshot(wal::IndexHeader* snapshot) {
  if (wal_ == nullptr || state_ != State::Reading) return Code::Error;
  return wal_->get_snapshot(snapshot);
}

Status Store::read_at(const wal::IndexHeader& snapshot) {
  const bool was_reading = in_read();
  PL_TRY(begin_read());
  Status status = wal_ == nullptr || in_write() || others_read() ? Status(Code::Error) : wal_->read_at(snapshot);
  if (!status.ok()) {
    if (!was_reading) end_read();
    return status;
  }
  PL_ASSERT(!pool_.any_pinned());
  ++version_;
  return load_header();
}

Status Store::recover_snapshots() {
  if (state_ != State::None) return Code::Error;
  PL_TRY(begin_read());
  Status status = wal_ == nullptr ? Status(Code::Error) : wal_->recover_snapshots();
  end_read();
  return status;
}

// The last one to close moves all into the database and deletes the log.
void Store::close_log() noexcept {
  if (wal_ == nullptr) return;
  const bool last = checkpoint_on_close_ && !read_only_ && take_lock(LockLevel::Exclusive).ok();
  if (last) {
    int persistent = -1;
    static_cast<void>(file_.control(SQLITE_FCNTL_PERSIST_WAL, &persistent));
    log_->set_sync(log_sync());
    static_cast<void>(wal_->clean_up(true, persistent == 1));
  }
  drop_log();
}

// The log stays; the connection knows it no more.
void Store::drop_log() noexcept {
  if (wal_ == nullptr) return;
  wal_ = nullptr;
  log_.reset();
  journal_mode_ = JournalMode::Delete;
  forget_cache();
}

}  // namespace perlite::pager
