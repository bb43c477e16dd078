#include "pager/journal.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/fixed_vector.h"
#include "base/random.h"
#include "os/vfs.h"

namespace perlite::pager {

namespace journal {

std::uint32_t checksum(std::uint32_t nonce, base::Bytes page) noexcept {
  constexpr std::size_t kStride = 200;
  std::uint32_t sum = nonce;
  for (std::size_t i = page.size() - kStride; i > 0 && i < page.size(); i -= kStride) {
    sum += static_cast<std::uint8_t>(page[i]);
  }
  return sum;
}

}  // namespace journal

Status Journal::begin(sqlite3_vfs& vfs, const char* name, const Shape& shape, bool stale_bytes) {
  PL_ASSERT(!active_);
  if (!file_.is_open()) {
    PL_ASSIGN(file_, os::File::open(vfs, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_JOURNAL,
                                    nullptr));
  } else {
    stale_bytes = true;
  }
  shape_ = shape;
  shape_.sector_size = std::clamp(shape.sector_size, journal::kMinSectorSize, journal::kMaxSectorSize);
  stale_bytes_ = stale_bytes;
  if (shape_.safe_append && stale_bytes) {
    // What is written over an older journal is not appended: its records would be counted where ours are not yet there.
    PL_ASSIGN(const std::uint64_t size, file_.size());
    shape_.safe_append = size == 0;
  }
  header_offset_ = end_ = super_offset_ = 0;
  record_count_ = 0;
  segment_open_ = false;
  active_ = true;
  if (!file_.native()) return write_header();
  return {};
}

void Journal::encode_header(base::MutableBytes into) noexcept {
  std::memset(into.data(), 0, into.size());
  if (counts_all()) {
    base::store_be64(into.data(), journal::kMagic);
    base::store_be32(into.data() + 8, journal::kAllThatFit);
  }
  base::store_be32(into.data() + 12, nonce_);
  base::store_be32(into.data() + 16, shape_.original_count);
  base::store_be32(into.data() + 20, shape_.sector_size);
  base::store_be32(into.data() + 24, shape_.page_size);
}

// Opens a segment on the next sector boundary and writes its header, in pieces no larger than a page.
Status Journal::write_header() {
  header_offset_ = journal::align_up(end_, shape_.sector_size);
  nonce_ = static_cast<std::uint32_t>(base::random_u64());
  record_count_ = 0;
  const std::size_t piece = std::min(shape_.page_size, shape_.sector_size);
  const base::ByteBuffer buffer = base::make_buffer(std::max(piece, journal::kHeaderFields));
  encode_header({buffer.get(), std::max(piece, journal::kHeaderFields)});
  for (std::size_t written = 0; written < shape_.sector_size; written += piece) {
    PL_TRY(file_.write(header_offset_ + written, {buffer.get(), piece}));
  }
  end_ = header_offset_ + shape_.sector_size;
  segment_open_ = true;
  return {};
}

Status Journal::add(std::span<const Page> pages) {
  PL_ASSERT(active_);
  if (pages.empty()) return {};
  const std::size_t page_size = shape_.page_size;
  if (!file_.native()) {
    if (!segment_open_) PL_TRY(write_header());
    for (const Page& page : pages) {
      std::array<std::byte, 4> word;
      const base::Bytes image{page.image, page_size};
      base::store_be32(word.data(), page.number.value);
      PL_TRY(file_.write(end_, word));
      PL_TRY(file_.write(end_ + 4, image));
      base::store_be32(word.data(), journal::checksum(nonce_, image));
      PL_TRY(file_.write(end_ + 4 + page_size, word));
      end_ += page_size + 8;
      ++record_count_;
    }
    return {};
  }

  // One vectored write for a batch: [header] number | image | checksum and next number | image | ... | checksum.
  constexpr std::size_t kBatch = 64;
  while (!pages.empty()) {
    const std::size_t count = std::min(pages.size(), kBatch);
    base::FixedVector<base::Bytes, 2 * kBatch + 2> parts;
    std::array<std::array<std::byte, 8>, kBatch + 1> words;
    std::array<std::byte, 512> header;
    std::uint64_t start = end_;
    const bool new_segment = !segment_open_;
    if (new_segment && shape_.sector_size != header.size()) {
      PL_TRY(write_header());
      start = end_;
    } else if (new_segment) {
      start = journal::align_up(end_, shape_.sector_size);
      nonce_ = static_cast<std::uint32_t>(base::random_u64());
      encode_header(header);
      parts.push_back(header);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const base::Bytes image{pages[i].image, page_size};
      std::byte* const before = words[i].data() + 4;
      base::store_be32(before, pages[i].number.value);
      parts.push_back(i == 0 ? base::Bytes{before, 4} : base::Bytes{words[i].data(), 8});
      parts.push_back(image);
      base::store_be32(words[i + 1].data(), journal::checksum(nonce_, image));
    }
    parts.push_back({words[count].data(), 4});
    PL_TRY(file_.write_run(start, parts.elements()));
    if (!segment_open_) {
      header_offset_ = start;
      start += header.size();
      record_count_ = 0;
      segment_open_ = true;
    }
    end_ = start + count * (page_size + 8);
    record_count_ += static_cast<std::uint32_t>(count);
    pages = pages.subspan(count);
  }
  return {};
}

Status Journal::add_super_journal(std::string_view name) {
  PL_ASSERT(active_);
  if (!segment_open_) PL_TRY(write_header());
  // It stands in a sector of its own, behind everything that could be taken for a record.
  const std::uint64_t at = shape_.full_sync ? journal::align_up(end_, shape_.sector_size) : end_;
  std::array<std::byte, 4> number;
  base::store_be32(number.data(), 0x40000000u / shape_.page_size + 1);
  std::array<std::byte, journal::kSuperTailSize> tail;
  std::uint32_t sum = 0;
  for (const char c : name) sum += static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<signed char>(c)));
  base::store_be32(tail.data(), static_cast<std::uint32_t>(name.size()));
  base::store_be32(tail.data() + 4, sum);
  base::store_be64(tail.data() + 8, journal::kMagic);
  const base::Bytes text{reinterpret_cast<const std::byte*>(name.data()), name.size()};
  super_offset_ = at;
  PL_TRY(file_.write(at, number));
  PL_TRY(file_.write(at + 4, text));
  PL_TRY(file_.write(at + 4 + name.size(), base::Bytes(tail).first(4)));
  PL_TRY(file_.write(at + 8 + name.size(), base::Bytes(tail).subspan(4, 4)));
  PL_TRY(file_.write(at + 12 + name.size(), base::Bytes(tail).subspan(8, 8)));
  end_ = at + 4 + name.size() + journal::kSuperTailSize;
  // Readers look for it at the end of the file: nothing may stand behind.
  PL_ASSIGN(const std::uint64_t size, file_.size());
  if (size > end_) PL_TRY(file_.truncate(end_));
  return {};
}

// The records behind which it stood are synced, or still belong to the open segment; more may follow in its place.
Status Journal::take_back_super_journal() {
  if (super_offset_ == 0) return {};
  PL_TRY(file_.truncate(super_offset_));
  end_ = std::exchange(super_offset_, 0);
  return {};
}

Status Journal::sync() {
  PL_ASSERT(active_);
  if (shape_.no_sync) return {};
  if (!segment_open_) {
    if (record_count_ != 0 || end_ != 0) return {};  // nothing since the last sync
    PL_TRY(write_header());
  }
  if (!shape_.safe_append) {
    if (stale_bytes_ || !file_.native()) {
      // What stands on the next boundary must not be taken for a segment of this journal.
      const std::uint64_t next = journal::align_up(end_, shape_.sector_size);
      std::array<std::byte, 8> magic{};
      const Status status = file_.read(next, magic);
      if (!status.ok() && status.code() != Code::IoErrShortRead) return status.clone();
      if (status.ok() && base::load_be64(magic.data()) == journal::kMagic) {
        PL_TRY(file_.write(next, std::array<std::byte, 1>{}));
      }
    }
    if (shape_.full_sync && !shape_.sequential) PL_TRY(file_.sync(shape_.sync_flags));
    std::array<std::byte, 12> start;
    base::store_be64(start.data(), journal::kMagic);
    base::store_be32(start.data() + 8, record_count_);
    PL_TRY(file_.write(header_offset_, start));
  }
  // The size has been made durable before; only where a sync is more than usual does that make it cheaper.
  // Where everything is written in order, what follows cannot be there without the journal.
  if (!shape_.sequential) {
    PL_TRY(file_.sync(shape_.sync_flags | (shape_.sync_flags == SQLITE_SYNC_FULL ? SQLITE_SYNC_DATAONLY : 0)));
  }
  // A segment that counts all that fit has no end: what follows belongs to it.
  if (!counts_all()) segment_open_ = false;
  return {};
}

void Journal::adopt(os::File file, const Shape& shape, bool has_super_journal) noexcept {
  file_ = std::move(file);
  shape_ = shape;
  super_offset_ = has_super_journal ? 1 : 0;
  active_ = true;
}

Status Journal::end_by_delete(sqlite3_vfs& vfs, const char* name, bool sync_directory) {
  close();
  Status status = os::delete_file(vfs, name, sync_directory);
  if (status.code() == Code::IoErrDeleteNoEnt) return {};
  return status;
}

Status Journal::end_by_truncate(bool sync) {
  PL_TRY(file_.truncate(0));
  if (sync) PL_TRY(file_.sync(shape_.sync_flags));
  active_ = false;
  return {};
}

Status Journal::end_by_zeroing(bool sync, std::int64_t size_limit) {
  if (size_limit == 0) {
    PL_TRY(file_.truncate(0));
  } else {
    constexpr std::array<std::byte, journal::kHeaderFields> kZeros{};
    PL_TRY(file_.write(0, kZeros));
  }
  if (sync) PL_TRY(file_.sync(SQLITE_SYNC_DATAONLY | shape_.sync_flags));
  if (size_limit > 0) {
    PL_ASSIGN(const std::uint64_t size, file_.size());
    if (size > static_cast<std::uint64_t>(size_limit)) PL_TRY(file_.truncate(static_cast<std::uint64_t>(size_limit)));
  }
  active_ = false;
  return {};
}

void Journal::close() noexcept {
  file_.close();
  active_ = false;
}

}  // namespace perlite::pager
