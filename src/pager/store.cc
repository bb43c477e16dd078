#include "pager/store.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "os/vfs.h"
#include "pager/lock_wait.h"

namespace perlite::pager {
namespace {

std::uint32_t decode_page_size(const std::byte* raw) noexcept {
  const std::uint32_t size = base::load_be16(raw + header::kPageSize);
  return size == 1 ? kMaxPageSize : size;
}

constexpr bool is_page_size(std::uint32_t size) noexcept {
  return size >= kMinPageSize && size <= kMaxPageSize && (size & (size - 1)) == 0;
}

}  // namespace

Store::Store(sqlite3_vfs& vfs, os::Filename name, int flags, const StoreOptions& options)
    : vfs_(&vfs),
      name_(std::move(name)),
      view_(*this),
      pool_(view_, options.page_size),
      busy_(options.busy),
      open_flags_(flags),
      kind_(options.kind) {
  set_geometry(options.page_size, 0);
  if (kind_ == StoreKind::Memory) journal_mode_ = JournalMode::Memory;
  if (kind_ != StoreKind::File) locking_mode_ = LockingMode::Exclusive;
}

Store::~Store() {
  PL_ASSERT(sessions_ == nullptr);
  if (in_write()) static_cast<void>(rollback());
  end_read();
  if (kind_ == StoreKind::File && file_.is_open()) {
    close_log();
    // In exclusive locking mode the journal outlives its transactions, but not the connection.
    const bool leftover = journal_.is_open() && journal_mode_ == JournalMode::Delete;
    journal_.close();
    if (leftover) {
      static_cast<void>(os::delete_file(*vfs_, os::journal_name(name_.get()), synchronous_ == Synchronous::Extra));
    }
    unlock_to(LockLevel::None);
  }
}

Result<UniquePtr<Store>> Store::open(sqlite3_vfs& vfs, os::Filename name, int flags, const StoreOptions& options) {
  UniquePtr<Store> store(new Store(vfs, std::move(name), flags, options));
  store->read_only_ = options.kind != StoreKind::File && (flags & SQLITE_OPEN_READONLY) != 0;
  if (options.kind != StoreKind::File) return store;
  int result_flags = 0;
  PL_ASSIGN(store->file_, os::File::open(vfs, store->name_.get(), flags | SQLITE_OPEN_MAIN_DB, &result_flags));
  // Files that live in memory have no journal beside them.
  if ((result_flags & SQLITE_OPEN_MEMORY) != 0) store->journal_mode_ = JournalMode::Memory;
  const auto asked = [&store](const char* key) {
    const char* value = os::uri_parameter(store->name_.get(), key);
    return value != nullptr && os::parse_boolean(value, false);
  };
  store->immutable_ = asked("immutable") || (store->file_.device_characteristics() & SQLITE_IOCAP_IMMUTABLE) != 0;
  store->no_lock_ = store->immutable_ || asked("nolock");
  store->read_only_ = store->immutable_ || (result_flags & SQLITE_OPEN_READONLY) != 0;
  if (!store->file_.native()) {
    // Learns the page size before any lock is taken, as programs behind a VFS are used to.
    std::array<std::byte, header::kSize> raw{};
    const Status status = store->file_.read(0, raw);
    if (!status.ok() && status.code() != Code::IoErrShortRead) return status.clone();
    const std::uint32_t page_size = decode_page_size(raw.data());
    if (is_page_size(page_size)) store->set_geometry(page_size, 0);
  }
  return store;
}

// --- Transactions ---------------------------------------------------------------------------------------------------

Status Store::begin_read() {
  if (session_ == nullptr) return begin_reading();
  if (session_->reading_) return {};
  PL_TRY(session_->may_begin(false, false));
  PL_TRY(begin_reading());
  session_reads();
  session_->moved();
  return {};
}

Status Store::begin_reading() {
  if (state_ != State::None) return {};
  LockWait wait(file_, *vfs_, busy(), LockWait::Manner::InTurn);
  for (;;) {
    Status status = try_begin_read();
    if (status.primary() != Code::Busy || !wait.again()) return status;
  }
}

// One attempt; on an error all locks that it took are gone again.
Status Store::try_begin_read() {
  if (kind_ != StoreKind::File) {
    state_ = State::Reading;
    return {};
  }
  const bool had_lock = lock_ != LockLevel::None;
  PL_TRY(take_lock(LockLevel::Shared));
  // Whoever does not come to the end of this knows nothing: there may be a log that was not seen.
  struct Guard {
    ~Guard() {
      if (done) return;
      store.stamp_known_ = false;
      if (store.log_ != nullptr) store.log_->end_read();
    }
    Store& store;
    bool done;
  } guard{*this, false};
  if (!had_lock) {
    Status status = log_ != nullptr ? look_at_log() : immutable_ && stamp_known_ ? Status() : check_cache();
    if (!status.ok()) {
      unlock_to(LockLevel::None);
      return status;
    }
  } else if (log_ != nullptr) {
    PL_TRY(look_at_log());
  } else if (!stamp_known_) {  // the lock was kept, what it covered was not
    PL_TRY(load_header());
  }
  guard.done = true;
  state_ = State::Reading;
  return {};
}

// Under a fresh SHARED lock: makes sure that file and memory tell the same.
Status Store::check_cache() {
  if (!immutable_) {
    PL_ASSIGN(const bool hot, has_hot_journal());
    if (hot) PL_TRY(recover());
  }
  if (stamp_known_) {
    std::array<std::byte, 16> now{};
    const Status status = file_.read(header::kChangeCounter, now);
    if (!status.ok() && status.code() != Code::IoErrShortRead) return status.clone();
    if (now != stamp_) {
      PL_ASSERT(!pool_.any_pinned());
      if (mapping_) file_.unmap();
      forget_cache();
      ++data_version_;
      ++version_;
    }
  }
  if (!stamp_known_) return load_header();
  if (!file_.native()) {
    // A program behind a VFS is asked what it is used to be asked.
    PL_TRY(os::file_exists(*vfs_, os::wal_name(name_.get())));
    PL_TRY(file_.size());
  }
  return {};
}

void Store::forget_cache() noexcept {
  view_.forget_all();
  pool_.for_each([this](Frame& frame) {
    if (frame.pins == 0) pool_.remove(frame);
  });
  stamp_known_ = false;
}

// Reads page 1 and takes page size and count from it; opens the log where there is one.
Status Store::load_header() {
  Status status = read_header();
  if (log_ != nullptr || kind_ != StoreKind::File || immutable_ || leaving_log_) return status;
  // Page 1 may be torn by a checkpoint that did not come to its end: the log has it whole.
  const bool unreadable = status.code() == Code::NotADb || status.code() == Code::Corrupt;
  if (!status.ok() && (!unreadable || state_ != State::None)) return status;
  PL_ASSIGN(const bool exists, os::file_exists(*vfs_, os::wal_name(name_.get())));
  if (unreadable) {
    if (!exists || !open_log().ok()) return status;
    return look_at_log();
  }
  if (view_.page_count_ == 0) return exists ? delete_stale_log() : Status();
  if (!exists && !header_wants_log_) {
    if (journal_mode_ == JournalMode::Wal) journal_mode_ = JournalMode::Delete;  // somebody left it before we came
    return {};
  }
  if (state_ != State::None) {
    stamp_known_ = false;  // the next read transaction sees to it
    return {};
  }
  status = open_log();
  if (status.ok()) return look_at_log();
  forget_cache();  // what was read is not all there is
  return status;
}

Status Store::read_header() {
  forget_cache();
  header_wants_log_ = false;
  PL_ASSIGN(std::uint64_t size, file_.size());
  view_.page_count_ = 0;
  header_read_only_ = false;
  if (log_ != nullptr && log_->page_count() != 0) size = std::uint64_t{log_->page_count()} * view_.page_size_;
  if (size == 0) {
    stamp_ = {};
    stamp_known_ = true;
    return {};
  }
  Frame* frame = nullptr;
  for (int attempt = 0;; ++attempt) {
    frame = pool_.find(PageNo(1));
    if (frame == nullptr) frame = &add_frame(PageNo(1));
    const Status status = load(*frame);
    if (!status.ok()) {
      if (frame->pins == 0) pool_.remove(*frame);
      return status.clone();
    }
    if (std::memcmp(frame->data, header::kMagic, sizeof header::kMagic) != 0) break;
    const std::uint32_t page_size = decode_page_size(frame->data);
    if (!is_page_size(page_size)) break;
    const auto reserved = static_cast<std::uint32_t>(frame->data[header::kReservedBytes]);
    if (page_size - reserved < kMinUsableSize) break;
    if (attempt > 0 || page_size == view_.page_size_) {
      view_.usable_size_ = page_size - reserved;
      return take_header(*frame, size);
    }
    pool_.remove(*frame);
    set_geometry(page_size, reserved);
  }
  pool_.remove(*frame);
  return Code::NotADb;
}

// The rest of the header of a file of `size` bytes; magic and page size are right.
Status Store::take_header(Frame& frame, std::uint64_t size) {
  const std::byte* const raw = frame.data;
  const auto fail = [&](Status status) {
    pool_.remove(frame);
    return status;
  };
  const bool fractions = raw[21] == std::byte{64} && raw[22] == std::byte{32} && raw[23] == std::byte{32};
  const auto read_version = static_cast<std::uint32_t>(raw[header::kReadVersion]);
  const auto write_version = static_cast<std::uint32_t>(raw[header::kWriteVersion]);
  if (!fractions || read_version > 2) return fail(Code::NotADb);
  header_wants_log_ = read_version == 2;
  if (log_ != nullptr && log_->page_count() != 0 && log_->page_size() != 0 && log_->page_size() != view_.page_size_) {
    return fail(Status::corrupt("log: its page size is not the database's"));
  }
  header_read_only_ = write_version > 2;

  const std::uint64_t in_file = (size + view_.page_size_ - 1) / view_.page_size_;
  const std::uint32_t in_header = base::load_be32(raw + header::kPageCount);
  const bool valid = in_header != 0 &&
                     base::load_be32(raw + header::kChangeCounter) == base::load_be32(raw + header::kVersionValidFor);
  // A checkpoint writes page 1 before the pages behind the end of the file; until it is done the log has them.
  const bool log_counts = log_ != nullptr ? log_->page_count() != 0 : header_wants_log_;
  if (valid && in_header > in_file && !log_counts) {
    return fail(Status::corrupt("file header: more pages than the file holds"));
  }
  constexpr std::uint64_t kMaxPages = kDefaultMaxPageCount;
  view_.page_count_ = valid ? in_header : static_cast<std::uint32_t>(std::min(in_file, kMaxPages));
  if (log_ != nullptr && log_->page_count() != 0) view_.page_count_ = log_->page_count();
  std::memcpy(stamp_.data(), raw + header::kChangeCounter, stamp_.size());
  header_shape_ = base::load_be32(raw + header::kPageSize);
  stamp_known_ = true;
  return {};
}

void Store::end_read() noexcept {
  PL_ASSERT(!in_write());
  if (session_ != nullptr) {
    if (!session_->reading_) return;
    session_->reading_ = false;
    --readers_;
    session_->moved();
    if (readers_ > 0) return;
  }
  end_reading();
}

void Store::end_reading() noexcept {
  if (log_ != nullptr && state_ != State::None) log_->end_read();
  state_ = State::None;
  leaving_log_ = false;
  // A log is in use for as long as somebody has SHARED on the database.
  if (kind_ == StoreKind::File && locking_mode_ == LockingMode::Normal && log_ == nullptr) unlock_to(LockLevel::None);
}

void Store::ensure_scratch(std::uint32_t bytes) {
  if (scratch_bytes_ >= bytes) return;
  scratch_ = base::make_buffer(bytes);
  scratch_bytes_ = bytes;
}

// One attempt. Errors: Busy; those of the file.
Status Store::take_lock(LockLevel level) {
  if (lock_ >= level) return {};
  if (!no_lock_) PL_TRY(file_.lock(static_cast<int>(level)));
  lock_ = level;
  return {};
}

void Store::unlock_to(LockLevel level) noexcept {
  if (level == LockLevel::None) {
    // Exclusive locking mode kept it from one transaction to the next.
    const bool leftover = journal_.is_open() && journal_mode_ == JournalMode::Delete && lock_ == LockLevel::Exclusive;
    journal_.close();
    if (leftover) static_cast<void>(os::delete_file(*vfs_, os::journal_name(name_.get()), false));
    drop_log();
  }
  if (lock_ <= level) return;
  counter_moved_ = false;
  // A lock that cannot be given back is the file's trouble, and shows at its next use.
  if (!no_lock_) static_cast<void>(file_.unlock(static_cast<int>(level)));
  lock_ = level;
}

Status Store::begin_write(WriteIntent intent) {
  if (session_ == nullptr) return begin_writing(intent);
  const bool exclusive = intent == WriteIntent::Exclusive;
  if (!session_->writing_ || exclusive) PL_TRY(session_->may_begin(true, exclusive));
  PL_TRY(begin_writing(intent));
  if (session_->writing_) return {};
  if (!session_->reading_) session_reads();
  session_->writing_ = true;
  session_->moved();
  return {};
}

Status Store::begin_writing(WriteIntent intent) {
  if (state_ >= State::Writing) {
    if (intent == WriteIntent::Exclusive && kind_ == StoreKind::File && log_ == nullptr) return lock_exclusive(true);
    return {};
  }
  const bool began_reading = state_ == State::None;
  LockWait wait(file_, *vfs_, busy(), LockWait::Manner::InTurn);
  if (began_reading) wait.let_others_pass();
  for (;;) {
    Status status = began_reading ? try_begin_both(intent) : try_begin_write(intent);
    if (status.ok()) {
      wait.succeeded();
      return {};
    }
    if (began_reading && state_ == State::Reading) end_reading();
    if (status.primary() != Code::Busy || !began_reading || !wait.again()) return status;
  }
}

// One attempt to read, then to write.
Status Store::try_begin_both(WriteIntent intent) {
  struct Writer {
    ~Writer() {
      if (is_first && store.state_ < State::Writing && store.log_ != nullptr) store.log_->abandon();
    }
    Store& store;
    bool is_first;
  };
  Writer writer{*this, false};
  // Sessions share what they read: none may see what is not durable yet.
  if (session_ == nullptr && log_ != nullptr && locking_mode_ == LockingMode::Normal && !read_only_ &&
      !header_read_only_) {
    PL_ASSIGN(writer.is_first, log_->write_first());
  }
  PL_TRY(try_begin_read());
  return try_begin_write(intent);
}

Status Store::try_begin_write(WriteIntent intent) {
  if (read_only_ || header_read_only_) return Code::ReadOnly;
  if (kind_ == StoreKind::File) {
    ensure_scratch(view_.page_size_);
    if (log_ != nullptr) {
      PL_TRY(have_log_alone());
      log_->set_sync(log_sync());
      PL_TRY(log_->begin_write());
      if (wal_ != nullptr) wal_->set_page_size(view_.page_size_);
    } else if (lock_ < LockLevel::Reserved) {
      PL_TRY(take_lock(LockLevel::Reserved));
    }
    if (intent == WriteIntent::Exclusive && log_ == nullptr) {
      Status status = lock_exclusive(false);
      if (!status.ok()) {
        unlock_to(LockLevel::Shared);
        return status;
      }
    }
  }
  original_count_ = view_.page_count_;
  sector_pages_ =
      journal_on_disk() || log_ != nullptr ? std::max(1u, journal_shape().sector_size / view_.page_size_) : 1;
  state_ = State::Writing;
  next_stamp();
  return {};
}

// --- Pages in memory ------------------------------------------------------------------------------------------------

Status Store::read_page(std::uint32_t page, base::MutableBytes into) {
  if (log_ != nullptr) {
    PL_ASSIGN(const Log::FrameNo frame, log_->find(PageNo(page)));
    if (frame != 0) {
      ++counters_.misses;
      return log_->read(frame, into);
    }
  }
  if (mapping_ && copy_mapped(page, into)) {
    ++counters_.misses;
    return {};
  }
  const Status status = file_.read(offset_of(page), into);
  // Behind the end of the file pages are zeros: a page without content need not have been written.
  if (!status.ok() && status.code() != Code::IoErrShortRead) return status.clone();
  ++counters_.misses;
  return {};
}

bool Store::copy_mapped(std::uint32_t page, base::MutableBytes into) noexcept {
  const std::byte* const bytes = file_.fetch(offset_of(page), static_cast<std::uint32_t>(into.size()));
  if (bytes == nullptr) return false;
  std::memcpy(into.data(), bytes, into.size());
  file_.unfetch(offset_of(page), bytes);
  return true;
}

Status Store::load(Frame& frame) {
  pool_.warm(frame.page);
  Image* const image = pool_.new_image();
  const base::MutableBytes bytes{image->bytes(), frame.page_size};
  if (!file_.is_open()) {
    // Nothing was ever written: the page has no content.
    std::memset(bytes.data(), 0, bytes.size());
    pool_.set_image(frame, image);
    frame.unwritten = true;
    return {};
  }
  bool scanning = frame.page.value == next_in_scan_ && file_.native() && !mapping_;
  if (scanning && log_ != nullptr) {
    const Result<Log::FrameNo> in_log = log_->find(frame.page);
    scanning = in_log.ok() && in_log.value() == 0;
  }
  next_in_scan_ = frame.page.value + 1;
  if (scanning) {
    pool_.set_image(frame, image);
    Status status = read_run(frame);
    if (!status.ok()) pool_.set_image(frame, nullptr);
    return status;
  }
  scan_pages_ = 1;
  Status status = read_page(frame.page.value, bytes);
  if (!status.ok()) {
    pool_.disown(image);
    return status;
  }
  pool_.set_image(frame, image);
  return {};
}

// Reads `first`, which has an image to fill, and the pages behind it that are not in memory: a scan wants them next.
Status Store::read_run(Frame& first) {
  constexpr std::uint32_t kMaxRun = 32;
  const PageRef pin(first);  // making room must not take it
  scan_pages_ = std::min(std::max(scan_pages_, 2u) * 2, kMaxRun);
  std::array<Frame*, kMaxRun> frames{&first};
  std::array<base::MutableBytes, kMaxRun> parts{base::MutableBytes{first.data, first.page_size}};
  std::size_t count = 1;
  try {
    while (count < scan_pages_) {
      const PageNo next(first.page.value + static_cast<std::uint32_t>(count));
      if (!view_.exists(next) || pool_.find(next) != nullptr) break;
      if (log_ != nullptr) {
        const Result<Log::FrameNo> in_log = log_->find(next);
        if (!in_log.ok() || in_log.value() != 0) break;
      }
      if (pool_.image_count() >= cache_limit_ && !pool_.evict_one()) break;
      Frame& frame = add_frame(next);
      frame.pins = 1;  // until it is read
      frames[count] = &frame;
      pool_.set_image(frame, pool_.new_image());
      parts[count] = {frame.data, frame.page_size};
      ++count;
    }
  } catch (const std::bad_alloc&) {
    // Fewer pages then. A frame without image is none.
    if (count < kMaxRun && frames[count] != nullptr) {
      frames[count]->pins = 0;
      pool_.remove(*frames[count]);
    }
  }
  const Status status = file_.read_run(offset_of(first.page.value), {parts.data(), count});
  const bool failed = !status.ok() && status.code() != Code::IoErrShortRead;
  for (std::size_t i = 1; i < count; ++i) {
    frames[i]->pins = 0;
    if (failed) pool_.remove(*frames[i]);
  }
  if (failed) return status.clone();
  counters_.misses += count;
  next_in_scan_ = first.page.value + static_cast<std::uint32_t>(count);
  return {};
}

bool Store::is_past_cache(std::size_t pages) const noexcept {
  return pages >= cache_limit_ / 4 && kind_ == StoreKind::File && file_.native() && !mapping_;
}

std::size_t Store::count_in_file_alone(PageNo first, std::size_t most) noexcept {
  constexpr std::size_t kFew = 4;  // one call of the system saves little then
  std::size_t count = 0;
  while (count < most) {
    const PageNo page(first.value + static_cast<std::uint32_t>(count));
    if (!view_.exists(page) || pool_.find(page) != nullptr) break;
    if (log_ != nullptr) {
      const Result<Log::FrameNo> in_log = log_->find(page);
      if (!in_log.ok() || in_log.value() != 0) break;
    }
    ++count;
  }
  return count < kFew ? 0 : count;
}

Status Store::read_past_cache(PageNo first, std::size_t count, std::span<const base::MutableBytes> parts) {
  PL_TRY(file_.read_run(offset_of(first.value), parts));
  counters_.misses += count;
  return {};
}

// Reads what is not there, as far as room is free; an error shows when the page is fetched.
void Store::prefetch(std::span<const PageNo> pages) noexcept {
  if (!file_.is_open() || !file_.native() || state_ == State::None) return;
  try {
    for (const PageNo page : pages) {
      if (!view_.exists(page) || pool_.find(page) != nullptr) continue;
      if (pool_.image_count() >= cache_limit_) return;
      Frame& frame = add_frame(page);
      if (!load(frame).ok()) {
        pool_.remove(frame);
        return;
      }
    }
  } catch (const std::bad_alloc&) {
    return;
  }
}

void Store::set_cache_limit() noexcept {
  // What a page costs beside its bytes, so that the default of -2000 is 483 pages of 4096 bytes.
  constexpr std::int64_t kOverhead = 144;
  const std::int64_t pages =
      cache_size_ >= 0 ? cache_size_ : -std::int64_t{cache_size_} * 1024 / (view_.page_size_ + kOverhead);
  cache_limit_ = static_cast<std::size_t>(std::max<std::int64_t>(pages, 10));
}

void Store::set_geometry(std::uint32_t page_size, std::uint32_t reserved_bytes) noexcept {
  if (page_size != pool_.page_size()) pool_.set_page_size(page_size);
  view_.page_size_ = page_size;
  view_.usable_size_ = page_size - reserved_bytes;
  set_cache_limit();
}

// --- Header ---------------------------------------------------------------------------------------------------------

Result<std::uint32_t> Store::read_header_u32(std::uint32_t offset) {
  PL_ASSERT(offset + 4 <= header::kSize);
  if (view_.page_count_ == 0) return std::uint32_t{0};
  PL_ASSIGN(const PageRef page, view_.fetch(PageNo(1)));
  return base::load_be32(page.data() + offset);
}

Status Store::write_header_u32(std::uint32_t offset, std::uint32_t value) {
  PL_ASSERT(offset + 4 <= header::kSize);
  PL_ASSIGN(PageRef page, view_.fetch(PageNo(1)));
  PL_ASSIGN(const std::span<std::byte> bytes, page.writable());
  base::store_be32(bytes.data() + offset, value);
  return {};
}

// --- Switches -------------------------------------------------------------------------------------------------------

Status Store::set_page_size(std::uint32_t page_size, std::uint32_t reserved_bytes) {
  if (state_ >= State::Writing || view_.page_count_ != 0) return {};
  if (!is_page_size(page_size)) page_size = view_.page_size_;
  if (reserved_bytes > 255 || page_size - reserved_bytes < kMinUsableSize) return {};
  set_geometry(page_size, reserved_bytes);
  return {};
}

LockingMode Store::set_locking_mode(LockingMode mode) noexcept {
  // Locks that exclusive mode kept go at the end of the next transaction; an index in the heap stays alone.
  if (wal_ != nullptr && wal_->home() == WalIndex::Home::Heap) return locking_mode_;
  if (kind_ == StoreKind::File) locking_mode_ = mode;
  return locking_mode_;
}

Result<JournalMode> Store::set_journal_mode(JournalMode mode) {
  if (state_ >= State::Writing || mode == journal_mode_ || log_ != nullptr) return journal_mode_;
  if (mode == JournalMode::Wal) return journal_mode_;
  if (kind_ == StoreKind::Memory && mode != JournalMode::Memory && mode != JournalMode::Off) return journal_mode_;
  const bool leaves_file = journal_mode_ == JournalMode::Truncate || journal_mode_ == JournalMode::Persist;
  if (kind_ == StoreKind::File && leaves_file && mode == JournalMode::Delete) delete_cold_journal();
  if (log_ != nullptr) return journal_mode_;  // somebody else's wish came first
  journal_mode_ = mode;
  return journal_mode_;
}

// Deletes the file that TRUNCATE and PERSIST leave, unless somebody is in the way: then it is his, or stays.
void Store::delete_cold_journal() {
  journal_.close();
  const bool began_reading = state_ == State::None;
  const bool had_reserved = lock_ >= LockLevel::Reserved;
  if (!begin_reading().ok()) return;
  if (!read_only_ && log_ == nullptr && (had_reserved || take_lock(LockLevel::Reserved).ok())) {
    static_cast<void>(os::delete_file(*vfs_, os::journal_name(name_.get()), false));
    if (!had_reserved) unlock_to(LockLevel::Shared);
  }
  if (began_reading) end_reading();
}

void Store::set_mmap_size(std::int64_t bytes) noexcept {
  if (kind_ != StoreKind::File) return;
  mapping_ = bytes > 0;
  sqlite3_int64 limit = bytes;
  static_cast<void>(file_.control(SQLITE_FCNTL_MMAP_SIZE, &limit));
}

void Store::set_cache_size(int pages_or_minus_kib) noexcept {
  cache_size_ = pages_or_minus_kib;
  set_cache_limit();
  if (kind_ != StoreKind::Memory) pool_.shrink_to(cache_limit_);
}

int Store::cache_spill() const noexcept {
  if (spill_pages_ == 0) return 0;
  return std::max(static_cast<int>(std::min<std::size_t>(cache_limit_, 0x7fffffff)), spill_pages_);
}

std::uint32_t Store::set_max_page_count(std::uint32_t pages) noexcept {
  if (pages != 0) max_page_count_ = std::max(pages, view_.page_count_);
  max_page_count_ = std::min(max_page_count_, kDefaultMaxPageCount);
  return max_page_count_;
}

// --- Inspection -----------------------------------------------------------------------------------------------------

sqlite3_file* Store::journal_handle() const noexcept {
  return wal_ != nullptr ? wal_->file().handle() : journal_.handle();
}

StoreCounters Store::counters() const noexcept {
  StoreCounters result = counters_;
  result.hits += view_.hits_;
  return result;
}

void Store::reset_counters() noexcept {
  counters_ = StoreCounters{};
  view_.hits_ = 0;
}

std::size_t Store::memory_used() const noexcept { return pool_.bytes(); }

void Store::release_memory() noexcept {
  if (kind_ != StoreKind::Memory) pool_.shrink_to(0);
  pool_.trim_free();
}

}  // namespace perlite::pager
