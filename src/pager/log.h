// pager/log.h: where committed pages go instead of the database file.
//
// A log is a growing sequence of page images (frames), cut into transactions. The write-ahead log of the file format is
// one implementation (pager/wal.h), a virtual one (libSQL's) another. A Store with a log reads each page from the
// newest frame its snapshot shows, else from the database file, and commits by appending; only a checkpoint moves pages
// into the database file.
//
//   stage of the commit pipeline    call
//   append                          append(pages, page count), any number of times, the last one with the count
//   sync                            sync()
//   publish                         publish(), which may be the sync too
//
// Frames that were appended and not published are seen by the connection that appended them alone.
//   Threads   one at a time for one Log; the logs of several connections share their state as they see fit.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "pager/busy.h"

namespace perlite::pager {

// What is made durable, and when (docs/format/wal.md, "What is synced").
struct LogSync {
  bool header = true;      // the beginning of the log, before anything relies on it
  bool commit = true;      // each commit
  bool checkpoint = true;  // the log before a checkpoint, the database after it
  int flags = 0;           // SQLITE_SYNC_* of log header and commits
  int checkpoint_flags = 0;
};

enum class CheckpointMode : std::int8_t { Noop = -1, Passive, Full, Restart, Truncate };  // SQLITE_CHECKPOINT_*

struct CheckpointCounts {
  int log_frames = -1;  // in the log, and of these moved to the database; -1: it did not come to that
  int moved_frames = -1;
};

class Log : public Allocated {
 public:
  struct Page {
    PageNo number;
    base::Bytes image;
  };
  // Names a frame: 1 and up in a snapshot; 0 is none.
  using FrameNo = std::uint32_t;

  // How the connections of a process share the writer's place.
  enum class Join : std::uint8_t {
    Alone,   // none of them has it
    Joined,  // it is the writer, behind a commit of another connection that is not durable yet
    Busy,    // another connection of this process writes
  };

  virtual ~Log() = default;

  // Before begin_read() of a transaction that will write. True: it is the writer already, and its snapshot will be the
  // newest state; where a commit of another connection is not durable yet, what that publishes (docs/format/wal.md,
  // "Write" and "Commits together"). begin_write() follows, or abandon(). False: begin_write() will see to it.
  // Errors: Busy.
  virtual Result<bool> write_first() { return false; }
  // Waits until what the writer's snapshot rests on is durable. Errors: IoErr when it will never be.
  virtual Status settle() { return {}; }
  // Takes the newest published state as this connection's snapshot. The answer tells whether it differs from that of
  // the last call. Errors: Busy, BusyRecovery, Protocol, IoErr, Corrupt.
  virtual Result<bool> begin_read() = 0;
  virtual void end_read() noexcept = 0;
  // The pages that the snapshot has otherwise than the one before it, at most `limit` of them; a page may come twice.
  // False when that is not known, or there are more.
  virtual bool list_changes(std::size_t /*limit*/, Vector<PageNo>* /*pages*/) { return false; }
  // Pages of the database in the snapshot; 0 when the log is empty and the file's header says it.
  virtual std::uint32_t page_count() const noexcept = 0;
  // Bytes of a page in the log's frames; 0 while it has none.
  virtual std::uint32_t page_size() const noexcept { return 0; }
  // The newest frame of the page in the snapshot and in what this connection appended; 0 when there is none.
  virtual Result<FrameNo> find(PageNo page) = 0;
  // The image of a frame, or its first bytes.
  virtual Status read(FrameNo frame, base::MutableBytes into) = 0;

  virtual void set_sync(const LogSync&) noexcept {}
  // Becomes the only writer. Errors: Busy; BusySnapshot when the snapshot is not the newest state any more; ReadOnly.
  virtual Status begin_write() = 0;
  // Appends frames. `commit_page_count` is 0, or the pages of the database after the transaction that ends here.
  virtual Status append(std::span<const Page> pages, std::uint32_t commit_page_count) = 0;
  // Frames that this transaction has appended, and how to forget all but the first `count` of them: the next ones take
  // their places. What was forgotten is not found any more; pages that are wanted still the caller has. A log that cannot
  // do it, or not now, stays as it is.
  virtual FrameNo appended() const noexcept { return 0; }
  virtual void rewind(FrameNo /*count*/) noexcept {}
  // The page of the `count`-th of them; 0 when that is not known.
  virtual PageNo appended_page(FrameNo /*count*/) noexcept { return PageNo(0); }
  // Remembers where the log ends, so that what is appended from now on can be taken back.
  virtual void mark_commit() noexcept {}
  // Forgets what was appended since mark_commit(); a commit that was written there will not be found by a recovery.
  virtual Status take_back_commit() { return {}; }
  virtual Status sync() = 0;
  // Before publish() or abandon() of a transaction that goes on reading: its snapshot stays readable. That of one that
  // was the writer first is gone otherwise. Errors: Protocol, IoErr.
  virtual Status keep_snapshot() { return {}; }
  // Shows the transaction to all; it is the snapshot of this connection from now on.
  virtual Status publish() = 0;
  // True: publish() makes it durable before, with commits of other connections, where a commit is to be synced and was
  // not by sync(). Then an error of publish() ends the write as well.
  virtual bool publish_syncs() const noexcept { return false; }
  // Forgets what was appended since begin_write() or write_first() and not published. Ends the write as publish() does.
  virtual void abandon() noexcept = 0;

  // Moves frames into the database file; outside transactions. `busy` may be null. On Busy the counts may be set.
  // Errors: Busy, ReadOnly, IoErr, NoMem, Corrupt.
  virtual Status checkpoint(CheckpointMode, BusyHandler* /*busy*/, CheckpointCounts*) { return {}; }
  // Frames in the log, as of this connection's last transaction.
  virtual std::uint32_t frame_count() const noexcept { return 0; }
};

}  // namespace perlite::pager
