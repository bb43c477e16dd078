// pager/recovery.cc: a journal that outlived its writer (docs/format/rollback_journal.md, "Recovery").
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/process.h"
#include "os/vfs.h"
#include "pager/store.h"
#include "pager/super_journal.h"

namespace perlite::pager {
namespace {

struct SegmentHeader {
  std::uint32_t record_count;
  std::uint32_t nonce;
  std::uint32_t original_count;
  std::uint32_t sector_size;
  std::uint32_t page_size;
};

constexpr bool is_power_of_two(std::uint32_t n) { return n != 0 && (n & (n - 1)) == 0; }

// The header at `offset`. Errors: Done when none begins there, which ends the journal; IoErr.
Result<SegmentHeader> read_segment_header(os::File& file, std::uint64_t offset) {
  std::array<std::byte, journal::kHeaderFields> raw;
  const Status status = file.read(offset, raw);
  if (status.code() == Code::IoErrShortRead) return Code::Done;
  PL_TRY(status.clone());
  if (base::load_be64(raw.data()) != journal::kMagic) return Code::Done;
  return SegmentHeader{base::load_be32(raw.data() + 8), base::load_be32(raw.data() + 12),
                       base::load_be32(raw.data() + 16), base::load_be32(raw.data() + 20),
                       base::load_be32(raw.data() + 24)};
}

}  // namespace

// A journal is hot when its writer is gone and it begins with a byte other than 0.
Result<bool> Store::has_hot_journal() {
  const char* const name = os::journal_name(name_.get());
  PL_ASSIGN(journal_existed_, os::file_exists(*vfs_, name));
  if (!journal_existed_) return false;
  if (!no_lock_) {
    PL_ASSIGN(const bool reserved, file_.reserved_by_anyone());
    if (reserved) return false;  // its writer lives
  }
  PL_ASSIGN(const std::uint64_t size, file_.size());
  if (size == 0) {
    // The journal of a database that never came to be. Deleted under RESERVED, so that no writer makes one meanwhile.
    if (!read_only_ && take_lock(LockLevel::Reserved).ok()) {
      static_cast<void>(os::delete_file(*vfs_, name, false));
      unlock_to(LockLevel::Shared);
    }
    return false;
  }
  Result<os::File> journal = os::File::open(*vfs_, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_JOURNAL, nullptr);
  if (!journal.ok()) {
    // Not readable: taken for hot, so that nobody reads a database in the middle of a change.
    if (journal.status().primary() == Code::CantOpen) return true;
    return std::move(journal.status());
  }
  std::array<std::byte, 1> first{};
  const Status status = journal.value().read(0, first);
  if (status.code() == Code::IoErrShortRead) return false;
  PL_TRY(status.clone());
  return first[0] != std::byte{0};
}

// Rolls the database back to before the transaction of the hot journal. SHARED is held before and after.
// Errors: Busy while others read, ReadOnlyRollback, CantOpen, IoErr.
Status Store::recover() {
  if (read_only_) return Code::ReadOnlyRollback;
  PL_TRY(take_lock(LockLevel::Exclusive));
  const char* const name = os::journal_name(name_.get());
  PL_ASSIGN(const bool exists, os::file_exists(*vfs_, name));
  if (exists) {
    int flags = 0;
    PL_ASSIGN(os::File file, os::File::open(*vfs_, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_JOURNAL, &flags));
    if ((flags & SQLITE_OPEN_READONLY) != 0) return Code::CantOpen;
    if (synchronous_ != Synchronous::Off) PL_TRY(file.sync(sync_flags()));
    ensure_scratch(kMaxPageSize);  // the journal knows the page size, we may not yet
    // A super-journal that is gone says that the transaction was committed, together with others.
    PL_ASSIGN(const String super_journal, read_super_journal_name(file));
    bool committed = false;
    if (!super_journal.empty()) {
      PL_ASSIGN(const bool super_exists, os::file_exists(*vfs_, super_journal.c_str()));
      committed = !super_exists;
    }
    if (!committed) PL_TRY(play_back(file));
    if (synchronous_ != Synchronous::Off) PL_TRY(file_.sync(sync_flags()));
    journal_.adopt(std::move(file), journal_shape(), !super_journal.empty());
    PL_TRY(end_journal());
    if (!super_journal.empty()) PL_TRY(delete_super_journal_if_unused(*vfs_, super_journal.c_str()));
    base::log(Code::NoticeRecoverRollback, "recovered a database from its rollback journal");
  }
  forget_cache();
  unlock_to(LockLevel::Shared);
  return {};
}

// Writes the pages of the journal back to the database and cuts it to its original size. scratch_ has room for a page.
// A record that is not as written ends the journal there, silently: the transaction never got beyond it.
Status Store::play_back(os::File& journal) {
  PL_ASSIGN(const std::uint64_t size, journal.size());
  std::uint64_t offset = 0;
  SegmentHeader first{};
  file_touched_ = true;
  while (offset < size) {
    Result<SegmentHeader> read = read_segment_header(journal, offset);
    if (!read.ok()) {
      if (read.status().code() == Code::Done) return {};
      return std::move(read.status());
    }
    SegmentHeader segment = read.value();
    if (offset == 0) {
      const bool valid = is_power_of_two(segment.page_size) && segment.page_size >= kMinPageSize &&
                         segment.page_size <= scratch_bytes_ && is_power_of_two(segment.sector_size) &&
                         segment.sector_size >= journal::kMinSectorSize &&
                         segment.sector_size <= journal::kMaxSectorSize;
      if (!valid) return {};
      first = segment;
      PL_ASSIGN(const std::uint64_t database_size, file_.size());
      const std::uint64_t original_size = std::uint64_t{first.original_count} * first.page_size;
      if (database_size > original_size) {
        PL_TRY(file_.truncate(original_size));
      } else if (database_size < original_size) {
        std::memset(scratch_.get(), 0, first.page_size);
        PL_TRY(file_.write(original_size - first.page_size, {scratch_.get(), first.page_size}));
      }
    }
    offset += first.sector_size;
    const std::uint64_t record_size = std::uint64_t{first.page_size} + 8;
    const std::uint64_t fitting = size > offset ? (size - offset) / record_size : 0;
    const std::uint64_t count =
        segment.record_count == journal::kAllThatFit ? fitting : std::uint64_t{segment.record_count};
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i >= fitting) return {};
      std::array<std::byte, 4> number;
      std::array<std::byte, 4> sum;
      const base::MutableBytes image{scratch_.get(), first.page_size};
      const std::array<base::MutableBytes, 3> parts{number, image, sum};
      PL_TRY(journal.read_run(offset, parts));
      offset += record_size;
      const std::uint32_t page = base::load_be32(number.data());
      if (page == 0 || page == lock_byte_page(first.page_size).value) return {};
      if (base::load_be32(sum.data()) != journal::checksum(segment.nonce, image)) return {};
      if (page > first.original_count) continue;
      PL_TRY(file_.write(std::uint64_t{page - 1} * first.page_size, image));
    }
    offset = journal::align_up(offset, first.sector_size);
  }
  return {};
}

// Puts the published images of spilled pages back where no journal on disk holds them.
Status Store::undo_spilled() {
  for (const KeptImage& kept : undo_) {
    Frame* frame = pool_.find(kept.page);
    PL_TRY(file_.write(offset_of(kept.page.value), {kept.image->bytes(), view_.page_size_}));
    if (frame != nullptr && frame->state == Frame::State::Clean) {
      pool_.set_image(*frame, Pool::own(kept.image));
      frame->unwritten = false;
    }
  }
  if (kind_ == StoreKind::File) {
    PL_ASSIGN(const std::uint64_t size, file_.size());
    const std::uint64_t original_size = std::uint64_t{original_count_} * view_.page_size_;
    if (size > original_size) PL_TRY(file_.truncate(original_size));
    if (size < original_size) {  // the last pages had no content
      std::memset(scratch_.get(), 0, view_.page_size_);
      PL_TRY(file_.write(original_size - view_.page_size_, {scratch_.get(), view_.page_size_}));
    }
  }
  return {};
}

}  // namespace perlite::pager
