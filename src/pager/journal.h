// pager/journal.h: the rollback journal as its writer sees it. Layout and order of steps:
// docs/format/rollback_journal.md.
//
// A journal is a sequence of segments, each a header on a sector boundary and records behind it:
//   header   8 magic | 4 record count | 4 nonce | 4 original page count | 4 sector size | 4 page size | zeros
//   record   4 page number | page image | 4 checksum
// A header is written without magic and count; sync() supplies them when the records are on disk. So what is not synced
// is no journal.
//
// Invariants
//   J1  A page may be written to the database only when its record is in a segment that sync() has finished (with
//       synchronous OFF: that was written).
//   J2  After sync() the next record starts a new segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "os/file.h"
#include "pager/modes.h"

namespace perlite::pager {

namespace journal {
inline constexpr std::uint64_t kMagic = 0xd9d505f920a163d7u;
inline constexpr std::size_t kHeaderFields = 28;
inline constexpr std::uint32_t kAllThatFit = 0xffffffffu;  // record count: up to the end of the file
inline constexpr std::uint32_t kMinSectorSize = 32;
inline constexpr std::uint32_t kMaxSectorSize = 65536;
inline constexpr std::size_t kSuperTailSize = 16;  // behind the name: length, checksum, magic

// Nonce plus every 200th byte from the end.
std::uint32_t checksum(std::uint32_t nonce, base::Bytes page) noexcept;
constexpr std::uint64_t align_up(std::uint64_t offset, std::uint32_t sector_size) noexcept {
  return (offset + sector_size - 1) / sector_size * sector_size;
}
}  // namespace journal

class Journal {
 public:
  struct Page {
    PageNo number;
    const std::byte* image;
  };
  struct Shape {  // of the database at the start of the transaction
    std::uint32_t page_size;
    std::uint32_t original_count;
    std::uint32_t sector_size;
    bool full_sync;    // FULL and EXTRA: records are on disk before the header that counts them is written
    bool no_sync;      // synchronous OFF
    bool safe_append;  // the file never grows before its bytes are there; of use where the journal is empty at first
    bool sequential;   // all writes reach the disk in their order
    int sync_flags;    // SQLITE_SYNC_*
  };

  bool is_open() const noexcept { return file_.is_open(); }
  // True while a transaction has written here.
  bool active() const noexcept { return active_; }
  os::File& file() noexcept { return file_; }
  sqlite3_file* handle() const noexcept { return file_.handle(); }

  // Starts the journal of a transaction. Opens the file where that is not open yet. `stale_bytes`: it may hold bytes of
  // an older journal. Over foreign files the first header is written at once.
  Status begin(sqlite3_vfs& vfs, const char* name, const Shape& shape, bool stale_bytes);
  // Appends records; on an error none of them counts.
  Status add(std::span<const Page> pages);
  // Appends the name of the super-journal; nothing may follow, unless it is taken back first.
  Status add_super_journal(std::string_view name);
  Status take_back_super_journal();
  bool has_super_journal() const noexcept { return super_offset_ != 0; }
  // Makes all records durable (J1).
  Status sync();

  // Takes over an open file, so that one of the ends below can be put to it.
  void adopt(os::File file, const Shape& shape, bool has_super_journal = false) noexcept;

  // The ends of a journal (any one commits or, after a rollback, forgets).
  Status end_by_delete(sqlite3_vfs& vfs, const char* name, bool sync_directory);
  Status end_by_truncate(bool sync);
  Status end_by_zeroing(bool sync, std::int64_t size_limit);
  void close() noexcept;

 private:
  bool counts_all() const noexcept { return shape_.no_sync || shape_.safe_append; }
  Status write_header();
  void encode_header(base::MutableBytes into) noexcept;

  os::File file_;
  Shape shape_{};
  std::uint64_t header_offset_ = 0;  // of the current segment
  std::uint64_t end_ = 0;            // where the next record goes
  std::uint64_t super_offset_ = 0;   // of the super-journal's name, 0 for none
  std::uint32_t nonce_ = 0;
  std::uint32_t record_count_ = 0;  // in the current segment
  bool active_ = false;
  bool segment_open_ = false;    // records may be appended to the current segment
  bool stale_bytes_ = false;
};

}  // namespace perlite::pager
