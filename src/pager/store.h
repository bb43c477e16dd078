// pager/store.h: one open database: a file, a temporary file or memory, with its transactions.
//
// A Store opens and closes transactions on its View; pages are read and changed through the View alone.
//
//     none --begin_read()--> reading --begin_write()--> writing --commit_prepare()--> prepared --commit_finish()-->
//     reading
//                               |                          |                              |
//                           end_read()                 rollback() ----> reading       rollback() --> reading
//
// rollback() is allowed in every state and always ends in `reading` (or `none`, if it was). When a write failed with
// IoErr, Full or NoMem in a way that memory and file may differ, the Store is *broken*: every call fails with that code
// until rollback() has restored both.
// Several connections may use one Store, each through a Session (pager/session.h); the states above are then those of
// the active session, as far as the caller sees them.
//   Threads   one at a time (the connection's lock, or the one that connections sharing a cache have in common).
//   Errors    the codes of the manual's rescode.html, extended where the cause has one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "os/file.h"
#include "os/filename.h"
#include "pager/busy.h"
#include "pager/journal.h"
#include "pager/log.h"
#include "pager/modes.h"
#include "pager/page_set.h"
#include "pager/pool.h"
#include "pager/session.h"
#include "pager/view.h"
#include "pager/wal.h"
#include "pager/watcher.h"

namespace perlite::pager {

// Offsets in the file header (docs/format/pager.md).
namespace header {
inline constexpr char kMagic[16] = "SQLite format 3";  // with its NUL
inline constexpr std::uint32_t kSize = 100;
inline constexpr std::uint32_t kPageSize = 16;
inline constexpr std::uint32_t kWriteVersion = 18;
inline constexpr std::uint32_t kReadVersion = 19;
inline constexpr std::uint32_t kReservedBytes = 20;
inline constexpr std::uint32_t kChangeCounter = 24;
inline constexpr std::uint32_t kPageCount = 28;
inline constexpr std::uint32_t kFirstTrunk = 32;
inline constexpr std::uint32_t kFreePageCount = 36;
inline constexpr std::uint32_t kSchemaCookie = 40;
inline constexpr std::uint32_t kSchemaFormat = 44;
inline constexpr std::uint32_t kDefaultCacheSize = 48;
inline constexpr std::uint32_t kLargestRoot = 52;
inline constexpr std::uint32_t kTextEncoding = 56;
inline constexpr std::uint32_t kUserVersion = 60;
inline constexpr std::uint32_t kIncrementalVacuum = 64;
inline constexpr std::uint32_t kApplicationId = 68;
inline constexpr std::uint32_t kVersionValidFor = 92;
inline constexpr std::uint32_t kLibraryVersion = 96;
}  // namespace header

inline constexpr std::uint32_t kMinPageSize = 512;
inline constexpr std::uint32_t kMaxPageSize = 65536;
inline constexpr std::uint32_t kMinUsableSize = 480;
inline constexpr std::uint32_t kDefaultMaxPageCount = 4294967294u;

struct StoreOptions {
  StoreKind kind = StoreKind::File;
  BusyHandler* busy = nullptr;     // may be null: never wait. Must outlive the Store.
  std::uint32_t page_size = 4096;  // of a database that is still empty
};

struct StoreCounters {
  std::uint64_t hits = 0;    // pages found in memory
  std::uint64_t misses = 0;  // pages read from the file
  std::uint64_t writes = 0;  // pages written to the file
  std::uint64_t spills = 0;  // of these, written before commit to make room
};

enum class WriteIntent : std::uint8_t { Immediate, Exclusive };
enum class AfterCommit : std::uint8_t { KeepReading, EndRead };
// Whether other stores commit in the same transaction.
enum class CommitCompany : std::uint8_t { Others, None };

class Store : public Allocated {
 public:
  // Opens the file (not the database in it: that is the first begin_read()). `name` comes from os::make_filename() with
  // a full path; Memory and Temp take null. `flags` are SQLITE_OPEN_READONLY, READWRITE, CREATE, NOFOLLOW; a file that
  // cannot be opened for writing is opened for reading.
  // Errors: CantOpen and its kin, IoErr, NoMem.
  static Result<UniquePtr<Store>> open(sqlite3_vfs& vfs, os::Filename name, int flags, const StoreOptions& options);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();  // rolls back, gives up all locks

  View& view() noexcept { return view_; }
  const View& view() const noexcept { return view_; }

  // --- Transactions -----------------------------------------------------------------------------------------------
  // Takes SHARED, rolls back a hot journal, and sees whether the pages in memory still stand. A second call is nothing.
  // Errors: Busy (after the busy handler), NotADb, Corrupt, IoErr, CantOpen, ReadOnlyRollback, NoMem.
  Status begin_read();
  // Ends it. The locks go (unless locking_mode is exclusive), the pages stay in memory.
  void end_read() noexcept;
  // Begins to write; begins to read first where needed. The busy handler is asked only when this call began the read
  // transaction: waiting with a SHARED lock held would wait for itself. A second call upgrades Immediate to Exclusive.
  // Errors: Busy, ReadOnly and its kin, those of begin_read().
  Status begin_write(WriteIntent intent = WriteIntent::Immediate);

  bool in_read() const noexcept { return session_ == nullptr ? state_ != State::None : session_->reading_; }
  bool in_write() const noexcept { return session_ == nullptr ? state_ >= State::Writing : session_->writing_; }
  // True when the write transaction has changed anything.
  bool has_changes() const noexcept;

  // Commit in two phases, so that several files can commit together. After commit_prepare() everything is on disk but
  // the end of the journal; the header's change counter, page count, version-valid-for and library version are set.
  // `super_journal`: full path name to write into the journal, empty for none. A store that commits without company
  // may leave it to commit_finish() to make the log durable, together with the commits of other connections.
  // On an error the transaction still stands: try again (Busy) or roll back. Changing pages or preparing again after it
  // succeeded is allowed too: where several files commit together, another one may have failed.
  Status commit_prepare(std::string_view super_journal = {}, CommitCompany company = CommitCompany::Others);
  // Ends the journal and with it the transaction: state `reading`, lock SHARED. With EndRead it ends the read
  // transaction as well, which saves locking calls. On an error the caller rolls back.
  Status commit_finish(AfterCommit then = AfterCommit::KeepReading);
  Status commit(AfterCommit then = AfterCommit::KeepReading) {
    PL_TRY(commit_prepare({}, CommitCompany::None));
    return commit_finish(then);
  }
  // In a write transaction: waits until what it began with is durable (docs/format/wal.md, "Commits together"). Before
  // that nothing it read or found wrong may be told. Errors: IoErr when it will never be.
  Status settle() { return in_write() && log_ != nullptr ? log_->settle() : Status(); }
  // True when this store must be named in a super-journal if several files commit together: it has changes and a
  // rollback journal on disk, and synchronous is not OFF.
  bool wants_super_journal() const noexcept;
  // The pages of the transaction hold, byte for byte, another database (pager/overwrite.h, the only caller): its page
  // size and count hold from the commit on, which must end the read transaction as well.
  void become(std::uint32_t page_size, std::uint32_t page_count) noexcept;
  // Bytes of that database where the lock-byte page lies, written with the commit.
  Status keep_lock_area(std::uint32_t offset, base::Bytes bytes);
  // Undoes the write transaction. PageRefs must be gone, except to pages that the transaction did not touch.
  Status rollback();

  // --- Savepoints, inside a write transaction ---------------------------------------------------------------------
  // Depths count from 1. open returns the depth of the new one.
  Result<int> open_savepoint();
  // Forgets savepoints `depth` and all above; changes stay.
  void release_savepoint(int depth) noexcept;
  // Undoes all since savepoint `depth` was opened, forgets those above, keeps this one. Allocates nothing, unless
  // memory was so scarce that what was kept had to go to a file. Errors: IoErr, NoMem then; the transaction can only be
  // rolled back afterwards.
  Status rollback_to_savepoint(int depth);
  int savepoint_depth() const noexcept { return static_cast<int>(savepoints_.size()); }

  // --- Sessions ---------------------------------------------------------------------------------------------------
  void attach(Session& session) noexcept;
  // The session neither reads nor writes, and is not active.
  void detach(Session& session) noexcept;
  // Makes `session` the one that calls speak of, until another is; null between them.
  void activate(Session* session) noexcept { session_ = session; }
  // Whether a session beside the active one reads, or writes.
  bool others_read() const noexcept { return readers_ > (in_read() ? 1u : 0u); }
  bool others_write() const noexcept { return state_ >= State::Writing && !in_write(); }

  // --- Header and versions ----------------------------------------------------------------------------------------
  // A header field of page 1 in the current transaction (0 in an empty database). Offset + 4 <= 100.
  Result<std::uint32_t> read_header_u32(std::uint32_t offset);
  Status write_header_u32(std::uint32_t offset, std::uint32_t value);
  // Stamp of what the View shows: moves when somebody else changed the file, and at each commit, rollback and
  // rollback_to_savepoint of our own. What was derived from pages at a stamp is right while the stamp stands.
  std::uint64_t version() const noexcept { return version_; }
  // PRAGMA data_version: moves only when another connection changed the database.
  std::uint32_t data_version() const noexcept {
    return data_version_ + (session_ == nullptr ? 0 : commits_ - session_->commits_);
  }

  // --- Switches ---------------------------------------------------------------------------------------------------
  // Page size and reserved bytes of a database that is still empty; ignored (and ok) once it has pages.
  Status set_page_size(std::uint32_t page_size, std::uint32_t reserved_bytes);
  std::uint32_t page_size() const noexcept { return view_.page_size(); }
  std::uint32_t reserved_bytes() const noexcept { return view_.page_size() - view_.usable_size(); }

  // --- The log ----------------------------------------------------------------------------------------------------
  // A database whose header asks for the write-ahead log gets it with the first read transaction, and keeps it (and
  // SHARED) until it is left or the Store ends.
  // From the next read transaction on pages come from and go to this log; the journal mode is Wal. A file store only,
  // outside transactions.
  void attach_log(UniquePtr<Log> log) noexcept;
  bool has_log() const noexcept { return log_ != nullptr; }
  // True when the file could have a log: shared memory is there, or locking_mode is exclusive.
  bool log_possible() const noexcept;
  // Sets both format versions in the header, 2 for the log, 1 for the rollback journal. In a write transaction; the
  // database has its first page.
  Status write_format_versions(std::uint8_t version);
  // After the commit of versions 2: the next read transaction opens the log.
  void expect_log() noexcept {
    forget_cache();
    journal_mode_ = JournalMode::Wal;
  }
  // Moves all into the database file and deletes the log; outside transactions. EXCLUSIVE is held afterwards, until the
  // end of the next transaction. Errors: Busy, when somebody else has the database open, at once; those of
  // checkpoint().
  Status leave_log();
  // As Log::checkpoint(); without a log it is nothing, and the counts stay. Errors: Locked in a transaction.
  Status checkpoint(CheckpointMode mode, CheckpointCounts* counts);
  // The state that is being read, for read_at() of any connection later on: it begins to read, or goes over to that
  // state. Errors: Error without a log, and where nothing was written to it; ErrorSnapshot when it cannot be read any
  // more, Busy; what was being read is read on then.
  Status get_snapshot(wal::IndexHeader* snapshot);
  Status read_at(const wal::IndexHeader& snapshot);
  // As Wal::recover_snapshots(). Errors: Error without a log or in a transaction.
  Status recover_snapshots();
  // Frames in the log, when this store has committed to it since the last call; else 0.
  std::uint32_t take_committed_frames() noexcept { return std::exchange(committed_frames_, 0); }
  // False: closing leaves the log as it is.
  void set_checkpoint_on_close(bool on) noexcept { checkpoint_on_close_ = on; }

  JournalMode journal_mode() const noexcept { return journal_mode_; }
  // The mode in effect afterwards, which is the old one where the wish cannot be met (in a write transaction; WAL on
  // memory and temporary stores; anything but Memory and Off in a memory store).
  Result<JournalMode> set_journal_mode(JournalMode mode);
  Synchronous synchronous() const noexcept { return synchronous_; }
  void set_synchronous(Synchronous level) noexcept { synchronous_ = level; }
  void set_full_fsync(bool on) noexcept { full_fsync_ = on; }
  void set_checkpoint_full_fsync(bool on) noexcept { checkpoint_full_fsync_ = on; }
  LockingMode locking_mode() const noexcept { return locking_mode_; }
  LockingMode set_locking_mode(LockingMode mode) noexcept;  // the mode in effect
  // Pages, or KiB when negative.
  int cache_size() const noexcept { return cache_size_; }
  void set_cache_size(int pages_or_minus_kib) noexcept;
  // Dirty pages from which on they may be spilled; 0 never. The answer is the threshold in effect.
  int cache_spill() const noexcept;
  void set_cache_spill(int pages) noexcept { spill_pages_ = pages; }
  std::uint32_t max_page_count() const noexcept { return max_page_count_; }
  std::uint32_t set_max_page_count(std::uint32_t pages) noexcept;  // never below page_count(); the value in effect
  std::int64_t journal_size_limit() const noexcept { return journal_size_limit_; }
  void set_journal_size_limit(std::int64_t bytes) noexcept {
    journal_size_limit_ = bytes < -1 ? -1 : bytes;
    if (wal_ != nullptr) wal_->set_size_limit(journal_size_limit_);
  }
  SecureDelete secure_delete() const noexcept { return secure_delete_; }
  void set_secure_delete(SecureDelete mode) noexcept { secure_delete_ = mode; }
  // Pages of the file are read through a mapping of its first `bytes`; 0: never. Stores without a file have none.
  void set_mmap_size(std::int64_t bytes) noexcept;
  void set_busy_handler(BusyHandler* busy) noexcept { busy_ = busy; }  // of a Store without sessions

  // Tells `watcher`, which must outlive its stay, of every commit through this store.
  void add_watcher(StoreWatcher& watcher) noexcept;
  void remove_watcher(StoreWatcher& watcher) noexcept;

  // --- Inspection -------------------------------------------------------------------------------------------------
  StoreKind kind() const noexcept { return kind_; }
  bool is_readonly() const noexcept { return read_only_; }
  LockLevel lock_level() const noexcept { return lock_; }
  sqlite3_vfs& vfs() const noexcept { return *vfs_; }
  const char* filename() const noexcept { return name_.get(); }  // os/filename.h; null without a file
  // For sqlite3_file_control; null for memory stores and temporary ones that have no file yet.
  sqlite3_file* file_handle() const noexcept { return file_.handle(); }
  sqlite3_file* journal_handle() const noexcept;
  StoreCounters counters() const noexcept;
  void reset_counters() noexcept;
  std::size_t memory_used() const noexcept;  // bytes
  // Writes the changed pages of a write transaction that are not in use where a spill would write them
  // (sqlite3_db_cacheflush). Errors: Busy while readers are in the way, which the busy handler was asked about; those of
  // a spill.
  Status flush_changes();
  // Gives back memory of pages that are neither pinned nor changed.
  void release_memory() noexcept;

 private:
  friend class View;
  enum class State : std::uint8_t { None, Reading, Writing, Prepared };
  // What a savepoint keeps of a page first changed after it.
  struct KeptPage {
    Frame* frame;
    Image* image;            // counted; null: there was none in memory, and none is needed
    std::uint64_t saved_by;  // the frame's former savepoint
    std::uint32_t slot;      // where the image is in savepoint_file_, counted from 1; 0: not there
    Log::FrameNo log_frame;  // of a clean page: the frame that had it, counted in this transaction; 0: none of them
    Frame::State state;
    bool no_content;
    bool unwritten;
  };
  static constexpr Log::FrameNo kUnknownFrame = 0xffffffff;
  struct Savepoint {
    std::uint64_t serial;
    std::size_t first_kept;  // its pages in kept_, up to the next savepoint's
    std::uint32_t page_count;
    Log::FrameNo log_end;  // frames that the transaction had appended
  };
  struct KeptImage {
    PageNo page;
    Image* image;  // counted
  };

  Store(sqlite3_vfs& vfs, os::Filename name, int flags, const StoreOptions& options);

  // overlay.cc
  Result<PageRef> fetch_miss(PageNo page);
  Frame& add_frame(PageNo page);
  Status may_write();
  Status make_writable(Frame& frame);
  Result<PageRef> take_unread(PageNo page, bool appended);
  Status prepare_unread(Frame& frame, bool appended);
  Status journal_sector(PageNo page);
  Status discard(PageNo page);
  Status truncate(PageNo new_count);
  void reserve_kept(std::size_t more);
  void keep(Frame& frame, Image* image);
  bool must_keep(const Frame& frame) const noexcept {
    return !savepoints_.empty() && frame.saved_by < savepoints_.back().serial;
  }
  void rewind_log(const Savepoint& savepoint) noexcept;
  Log::FrameNo newest_frame(PageNo page) noexcept;
  bool is_on_disk(const KeptPage& kept) noexcept;
  Status restore(const KeptPage& kept);
  Status spill_kept();
  void list(Frame& frame) noexcept;
  void forget_kept() noexcept;
  void remove_shell(Frame& frame) noexcept;
  void publish() noexcept;
  void undo_overlay() noexcept;
  template <class Visit>
  void for_each_beyond(std::uint32_t page_count, std::uint32_t last, Visit visit);
  void next_stamp() noexcept { view_.write_stamp_ = ++last_stamp_; }

  // commit.cc
  Status journal_before_change(Frame& frame);
  void exempt_from_journal(PageNo page);
  bool page_was_in_use(PageNo page, bool appended) const noexcept;
  bool journal_on_disk() const noexcept {
    return kind_ == StoreKind::File && log_ == nullptr && journal_mode_ != JournalMode::Off &&
           journal_mode_ != JournalMode::Memory;
  }
  // True where going back relies on images in memory alone.
  bool keeps_bases() const noexcept {
    return !journal_on_disk() && log_ == nullptr && (kind_ != StoreKind::File || journal_mode_ != JournalMode::Off);
  }
  Status open_journal();
  Status journal_growth();
  Status flush_journal();
  Status end_journal();
  Journal::Shape journal_shape() noexcept;
  void write_new_header(Frame& frame) noexcept;
  Status stamp_header();
  Status write_lock_area();
  void take_new_geometry() noexcept;
  void tell_watchers() noexcept;
  std::uint64_t size_to_be() const noexcept {
    return become_page_size_ != 0 ? std::uint64_t{become_page_count_} * become_page_size_
                                  : std::uint64_t{view_.page_count_} * view_.page_size_;
  }
  Status journal_cut_pages();
  Status write_frames(std::span<Frame* const> frames);
  Status append_frames(std::span<Frame* const> frames, std::uint32_t commit_page_count);
  Status commit_to_log(CommitCompany company);
  std::span<Frame* const> frames_to_write() noexcept;
  Status fit_file(bool last_written);
  Status make_room();
  enum class SpillOf : std::uint8_t { LeastUsed, Everything };
  Status spill(SpillOf what = SpillOf::LeastUsed);
  bool is_spillable(const Frame& frame) const noexcept;
  Status sync_before_spill();
  Result<std::span<const Pool::Chosen>> choose_to_go(SpillOf what);
  void join_neighbours(Vector<Frame*>& frames) noexcept;
  void release_bases() noexcept;
  Status lock_exclusive(bool wait);
  void end_writing(AfterCommit then = AfterCommit::KeepReading) noexcept;

  // recovery.cc
  Result<bool> has_hot_journal();
  Status recover();
  Status play_back(os::File& journal);
  Status undo_spilled();
  Status undo_file();

  // store_log.cc
  Status look_at_log();
  Result<bool> refresh_cache();
  Status open_log();
  Status delete_stale_log();
  void close_log() noexcept;
  void drop_log() noexcept;
  Status have_log_alone();
  LogSync log_sync() const noexcept;
  // session.cc
  BusyHandler* busy() const noexcept { return session_ == nullptr ? busy_ : session_->busy_; }
  void session_reads() noexcept;
  AfterCommit session_ends_writing(AfterCommit then) noexcept;
  void lose_sessions(Code code) noexcept;

  // store.cc
  Status begin_reading();
  void end_reading() noexcept;
  Status begin_writing(WriteIntent intent);
  Status try_begin_read();
  Status try_begin_both(WriteIntent intent);
  Status try_begin_write(WriteIntent intent);
  Status check_cache();
  Status load_header();
  Status read_header();
  void forget_cache() noexcept;
  Status load(Frame& frame);
  Status read_page(std::uint32_t page, base::MutableBytes into);
  bool copy_mapped(std::uint32_t page, base::MutableBytes into) noexcept;
  void prefetch(std::span<const PageNo> pages) noexcept;
  bool is_past_cache(std::size_t pages) const noexcept;
  std::size_t count_in_file_alone(PageNo first, std::size_t most) noexcept;
  Status read_past_cache(PageNo first, std::size_t count, std::span<const base::MutableBytes> parts);
  void unlock_to(LockLevel level) noexcept;
  int sync_flags() const noexcept { return full_fsync_ ? SQLITE_SYNC_FULL : SQLITE_SYNC_NORMAL; }
  void set_geometry(std::uint32_t page_size, std::uint32_t reserved_bytes) noexcept;
  void set_cache_limit() noexcept;
  Status read_run(Frame& first);
  Status take_header(Frame& frame, std::uint64_t size);
  Status take_lock(LockLevel level);
  void ensure_scratch(std::uint32_t bytes);
  void delete_cold_journal();
  std::uint64_t offset_of(std::uint32_t page) const noexcept { return std::uint64_t{page - 1} * view_.page_size_; }

  sqlite3_vfs* vfs_;
  os::Filename name_;
  os::File file_;
  Journal journal_;
  UniquePtr<Log> log_;  // null: pages are committed to the file, by way of the journal
  Wal* wal_ = nullptr;  // log_, when it is the one of the format
  View view_;
  Pool pool_;
  Vector<Savepoint> savepoints_;
  Vector<KeptPage> kept_;
  Vector<Frame*> listed_;  // frames that were in the overlay in this transaction; room for every frame of the pool
  PageSet journalled_;     // pages of the start whose former content is safe
  PageSet unsynced_;       // of these, the ones whose record is not durable yet
  PageSet exempt_;         // pages of the start that had no content of interest
  PageSet discarded_;      // pages in use at the start, discarded since: to be journalled when used again
  PageSet spilled_;        // pages the transaction has written to the file
  Vector<KeptImage> to_journal_;  // journalled images that are not in the journal file yet
  Vector<KeptImage> undo_;        // published images of spilled pages, where no journal on disk has them
  PageSet undo_pages_;            // the pages of undo_
  os::File savepoint_file_;       // images of kept_ that memory had no room for
  std::uint32_t savepoint_slots_ = 0;
  std::size_t kept_tried_ = 0;  // entries of kept_ that went there, or were shared when it was their turn
  base::ByteBuffer scratch_;    // a page, there while a file store writes: going back allocates nothing
  std::uint32_t scratch_bytes_ = 0;
  BusyHandler* busy_;
  Session* session_ = nullptr;   // the active one
  Session* sessions_ = nullptr;  // all, linked
  std::uint32_t readers_ = 0;    // sessions that read, the writer among them
  std::uint32_t commits_ = 0;    // of sessions
  std::uint64_t version_ = 1;
  std::uint64_t last_stamp_ = 0;
  std::uint64_t last_serial_ = 0;
  std::int64_t journal_size_limit_ = -1;
  StoreCounters counters_;
  std::size_t sync_debt_ = 0;  // pages that stayed for want of a sync of the journal, summed up since the last
  std::size_t next_room_check_ = 0;  // images; below it make_room() does not look for victims again
  int open_flags_;
  int cache_size_ = -2000;
  std::size_t cache_limit_ = 0;  // the same in pages
  int spill_pages_ = 1;
  std::uint32_t max_page_count_ = kDefaultMaxPageCount;
  std::uint32_t data_version_ = 1;
  std::uint32_t spilled_end_ = 0;  // the last of spilled_
  std::uint32_t committed_frames_ = 0;
  std::uint32_t header_shape_ = 0;       // bytes 16..19 of the header: page size and format versions
  std::uint32_t original_count_ = 0;     // pages at the start of the write transaction
  std::uint32_t become_page_size_ = 0;   // of the database that the transaction puts in place of this one; 0: none
  std::uint32_t become_page_count_ = 0;  // its pages
  StoreWatcher* watchers_ = nullptr;
  Vector<std::byte> lock_area_;        // its bytes where the lock-byte page lies, as far as there are any
  std::uint32_t lock_area_first_ = 0;  // where they begin in that page
  StoreKind kind_;
  State state_ = State::None;
  LockLevel lock_ = LockLevel::None;
  JournalMode journal_mode_ = JournalMode::Delete;
  Synchronous synchronous_ = Synchronous::Full;
  LockingMode locking_mode_ = LockingMode::Normal;
  SecureDelete secure_delete_ = SecureDelete::Off;
  bool read_only_ = false;
  bool full_fsync_ = false;
  bool checkpoint_full_fsync_ = false;
  bool checkpoint_on_close_ = true;
  bool header_wants_log_ = false;
  bool entering_log_ = false;          // the journal of this transaction is the last
  bool leaving_log_ = false;           // the header may still ask for a log that is gone
  std::array<std::byte, 16> stamp_{};  // bytes 24..39 of the file when the pages in memory were right
  std::uint32_t next_in_scan_ = 0;     // the page after the last one that was read
  std::uint32_t scan_pages_ = 0;       // pages of the last run of a scan
  Code broken_ = Code::Ok;             // why the write transaction can only be rolled back
  bool mapping_ = false;               // set_mmap_size(): pages are looked for in a mapping first
  bool no_lock_ = false;               // URI nolock=1 or immutable=1
  bool immutable_ = false;             // URI immutable=1: the file never changes, nobody is asked
  bool stamp_known_ = false;
  std::uint32_t sector_pages_ = 1;  // pages that one interrupted write may damage together
  bool header_read_only_ = false;   // the header's write version is beyond ours
  bool journal_existed_ = false;    // a journal file with bytes was there when reading began
  bool counter_moved_ = false;      // the change counter moved since EXCLUSIVE was taken and kept
  bool file_touched_ = false;       // the write transaction has written to the database file
  bool journal_synced_ = false;     // its journal is hot: whatever the file becomes, it goes back to what it was
};

}  // namespace perlite::pager
