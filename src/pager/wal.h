// pager/wal.h: the write-ahead log of the file format (docs/format/wal.md), as one connection sees it.
//
//     idle --begin_read()--> reading --begin_write()--> writing --publish() or abandon()--> reading --end_read()-->
//     idle
//
//   Lifetime   ends before the File of the database. The owner holds SHARED on the database all the while.
//   Threads    one at a time; connections and processes meet in the index (pager/wal_index.h).
//
// Invariants
//   W1  A frame is seen by others only when the index header says so, which publish() does under WRITE.
//   W2  Salts change at every restart, so a frame of an older log never counts.
//   W3  A restart happens under WRITE and READ1..4 when all frames are in the database, durably.
//   W4  A frame that counts is never written again before a restart. One that does not may be: rewind() gives its place
//       to the next.
//   W5  After a failed sync this connection writes no more.
//   W6  A writer that joined (CommitGroup) rests on frames that are not published; they never change under it.
//   W7  A snapshot without a mark is the newest state, has frames that are not in the database, and ends with WRITE. So
//       nobody restarts the log, and what a checkpoint moves is what the snapshot shows.
#pragma once

#include <cstdint>

#include "base/containers.h"
#include "os/file.h"
#include "pager/commit_group.h"
#include "pager/log.h"
#include "pager/wal_format.h"
#include "pager/wal_index.h"

namespace perlite::pager {

class Wal final : public Log, private CommitGroup::Sink {
 public:
  // Opens NAME-wal, `name` as in os/filename.h, and the index; nothing is read yet. The file is made where it is not
  // there. Errors: CantOpen, IoErr, Busy, NoMem.
  static Result<UniquePtr<Wal>> open(sqlite3_vfs& vfs, const char* name, os::File& database, WalIndex::Home home);
  ~Wal() override;

  Result<bool> write_first() override;
  Status settle() override;
  Result<bool> begin_read() override;
  void end_read() noexcept override;
  bool list_changes(std::size_t limit, Vector<PageNo>* pages) override;
  std::uint32_t page_count() const noexcept override { return snapshot_.last_frame == 0 ? 0 : snapshot_.page_count; }
  std::uint32_t page_size() const noexcept override { return page_size_; }
  Result<FrameNo> find(PageNo page) override;
  Status read(FrameNo frame, base::MutableBytes into) override;
  void set_sync(const LogSync& sync) noexcept override { sync_ = sync; }
  Status begin_write() override;
  Status append(std::span<const Page> pages, std::uint32_t commit_page_count) override;
  FrameNo appended() const noexcept override { return begun_ ? end_.frame - begin_.frame : 0; }
  void rewind(FrameNo count) noexcept override;
  PageNo appended_page(FrameNo count) noexcept override;
  void mark_commit() noexcept override { commit_start_ = end_; }
  Status take_back_commit() override;
  Status sync() override;
  Status keep_snapshot() override;
  Status publish() override;
  bool publish_syncs() const noexcept override { return in_group_; }
  void abandon() noexcept override;
  Status checkpoint(CheckpointMode mode, BusyHandler* busy, CheckpointCounts* counts) override;
  std::uint32_t frame_count() const noexcept override { return snapshot_.last_frame; }

  // The page size of the database, for a log that has no frames yet.
  void set_page_size(std::uint32_t size) noexcept {
    if (snapshot_.last_frame == 0) page_size_ = size;
  }
  // Bytes the file keeps after a restart; negative: all.
  void set_size_limit(std::int64_t bytes) noexcept { size_limit_ = bytes; }
  // The connection holds EXCLUSIVE on the database: locks of the index are not needed.
  void set_alone(bool alone) noexcept;
  WalIndex::Home home() const noexcept { return index_.home(); }
  bool is_private() const noexcept { return index_.home() == WalIndex::Home::PrivateHeap; }
  bool reading() const noexcept { return read_mark_ >= 0; }
  os::File& file() noexcept { return log_; }

  // Snapshots, while reading and not writing. Errors of get_snapshot: Error when nothing was written to the log yet. Of
  // read_at: ErrorSnapshot when its frames are gone or moved, Busy; the former snapshot stands then.
  // recover_snapshots() finds out which older states can be read, after the index was made anew.
  Status get_snapshot(wal::IndexHeader* snapshot) const;
  Status read_at(const wal::IndexHeader& snapshot);
  Status recover_snapshots();
  static int compare_snapshots(const wal::IndexHeader& a, const wal::IndexHeader& b) noexcept;

  // Under EXCLUSIVE on the database: moves all frames into it where `checkpoint`, then deletes index and log; a log
  // that is `kept` stays, cut to nothing where a size limit says so. An error leaves the log in place.
  Status clean_up(bool checkpoint, bool kept);

 private:
  struct End {
    FrameNo frame = 0;
    wal::Checksum checksum;
  };
  struct PageFrame {
    std::uint32_t page;
    FrameNo frame;
  };
  enum class Attempt : std::uint8_t { Done, Again };
  // In place of a mark: WRITE, held since before the snapshot was taken, keeps its frames.
  static constexpr int kUnderWrite = static_cast<int>(wal::kReadMarks);

  Wal(sqlite3_vfs& vfs, const char* name, os::File& database) noexcept
      : vfs_(&vfs), name_(name), database_(database), index_(database) {}

  // wal.cc
  Status take_snapshot(bool from_log);
  bool take_snapshot_as_writer() noexcept;
  Result<Attempt> try_take_snapshot(bool from_log);
  void take(const wal::IndexHeader& header, int mark, FrameNo first_frame) noexcept;
  Result<Attempt> take_mark(const wal::IndexHeader& header, bool from_log);
  Status begin_frames();
  Status write_log_header();
  void restart(wal::IndexHeader* header) noexcept;
  Status write_frames(std::span<const Page> pages, std::uint32_t commit_page_count, std::uint64_t sync_at);
  Status write_and_sync(std::uint64_t offset, std::span<const base::Bytes> parts, std::uint64_t sync_at);
  Status pad_to_sector(const Page& last, std::uint32_t commit_page_count);
  Status destroy_commit(FrameNo first) noexcept;
  void limit_size(std::uint64_t bytes) noexcept;
  Status find_last_frame() noexcept;
  Status publish_together();
  void end_write() noexcept;
  void forget_write() noexcept;
  void lose_snapshot() noexcept;
  void unlock_mark() noexcept;

  // CommitGroup::Sink
  Status sync_frames() override { return log_.sync(sync_.flags); }
  void store_header(wal::IndexHeader* header) noexcept override { index_.store_header(header); }
  void destroy_unpublished() noexcept override;

  Status fail(Status status) noexcept {
    failed_ = status.code();
    return status;
  }

  // wal_recovery.cc
  Result<Attempt> find_header(wal::IndexHeader* header);
  Status recover(wal::IndexHeader* header);
  Status scan(wal::IndexHeader* header);
  Result<Attempt> find_private_header(wal::IndexHeader* header);
  Result<bool> log_lies_still();
  Status scan_frames(wal::IndexHeader* header, wal::Checksum sum, std::uint32_t frames);

  // wal_snapshot.cc
  Status move_mark(const wal::IndexHeader& wanted);
  Status lower_attempted();

  // wal_checkpoint.cc
  Status checkpoint_among_writers(const wal::IndexHeader& header, CheckpointCounts* counts);
  Status checkpoint_locked(CheckpointMode mode, BusyHandler* busy, CheckpointCounts* counts);
  Status lock_waiting(int slot, int count, BusyHandler* busy);
  Status move_frames(wal::IndexHeader* header, BusyHandler* busy);
  Status copy_pages(FrameNo first, FrameNo last, std::uint32_t page_limit);
  Status copy_run(std::span<const PageFrame> run, std::span<std::byte> buffer);

  sqlite3_vfs* vfs_;
  const char* name_;  // of the log
  os::File& database_;
  os::File log_;
  WalIndex index_;
  wal::IndexHeader snapshot_;
  wal::IndexHeader former_;       // what snapshot_ was before this transaction
  wal::IndexHeader next_;         // what the transaction will publish, as far as it is known
  wal::IndexHeader head_;         // what a writer that joined begins with
  CommitGroup* group_ = nullptr;  // null: commits go alone
  CommitGroup::Number base_ = 0;  // the newest commit that the writer rests on
  End end_;                       // of what this connection appended, or of the snapshot
  End begin_;                     // where the frames of this transaction began
  End commit_start_;              // where the frames of the commit began
  LogSync sync_;
  std::int64_t size_limit_ = -1;
  std::uint32_t page_size_ = 0;
  std::uint32_t sequence_ = 0;
  FrameNo first_frame_ = 1;              // frames before it are read from the database
  std::uint32_t commit_page_count_ = 0;  // of the commit frame that was appended; 0: none
  int read_mark_ = -1;                   // the mark held, or kUnderWrite; -1 outside transactions
  bool writing_ = false;
  bool checkpointing_ = false;  // CKPT is held
  bool synced_ = false;         // the commit that was appended is durable already
  bool sync_due_ = false;       // it is to be made durable, and was not yet
  bool joined_ = false;         // the writer rests on what is not published; until the write ends
  bool in_group_ = false;       // WRITE is held by the group
  bool begun_ = false;          // this transaction has appended
  bool read_only_ = false;      // the log's file
  bool known_ = false;          // snapshot_ is that of a former transaction
  bool cut_at_commit_ = false;  // the log was restarted: the next commit applies the size limit
  Code failed_ = Code::Ok;      // W5
};

}  // namespace perlite::pager
