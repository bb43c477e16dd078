// pager/commit.cc: from the overlay to the database.
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "pager/store.h"

namespace perlite::pager {
namespace {

constexpr std::array<char, 16> kMagic = {'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f', 'o', 'r', 'm', 'a', 't', ' ', '3', 0};
constexpr std::uint32_t kLibraryVersionNumber = 3054000;

}  // namespace

// --- Before a page changes ------------------------------------------------------------------------------------------

// True when `page`, which is about to be overwritten unread, had content that a rollback needs.
bool Store::page_was_in_use(PageNo page, bool appended) const noexcept {
  return page.value <= original_count_ && !journalled_.contains(page) && (appended || discarded_.contains(page));
}

void Store::exempt_from_journal(PageNo page) {
  if (kind_ == StoreKind::File && page.value <= original_count_) journalled_.insert(page);
}

Status Store::journal_before_change(Frame& frame) {
  if (kind_ != StoreKind::File || frame.page.value > original_count_ || journalled_.contains(frame.page)) return {};
  journalled_.insert(frame.page);
  return {};
}

// The first 100 bytes of a new database.
void Store::write_new_header(Frame& frame) noexcept {
  std::byte* const bytes = frame.data;
  std::memcpy(bytes, kMagic.data(), kMagic.size());
  base::store_be16(bytes + header::kPageSize, view_.page_size_ == kMaxPageSize ? 1 : view_.page_size_);
  bytes[header::kWriteVersion] = std::byte{1};
  bytes[header::kReadVersion] = std::byte{1};
  bytes[header::kReservedBytes] = static_cast<std::byte>(reserved_bytes());
  bytes[21] = std::byte{64};
  bytes[22] = std::byte{32};
  bytes[23] = std::byte{32};
  base::store_be32(bytes + header::kPageCount, 1);
}

// Sets the four fields that describe the file as a whole.
Status Store::stamp_header(bool count_change) {
  PL_ASSIGN(PageRef page, view_.fetch(PageNo(1)));
  PL_ASSIGN(const std::span<std::byte> bytes, page.writable());
  const std::uint32_t counter = base::load_be32(bytes.data() + header::kChangeCounter) + (count_change ? 1 : 0);
  base::store_be32(bytes.data() + header::kChangeCounter, counter);
  base::store_be32(bytes.data() + header::kPageCount, view_.page_count_);
  base::store_be32(bytes.data() + header::kVersionValidFor, counter);
  base::store_be32(bytes.data() + header::kLibraryVersion, kLibraryVersionNumber);
  return {};
}

// --- Commit ---------------------------------------------------------------------------------------------------------

bool Store::has_changes() const noexcept {
  if (!in_write()) return false;
  if (file_touched_ || view_.page_count_ != original_count_) return true;
  for (const Frame* frame : listed_) {
    if (frame->state == Frame::State::Overlay) return true;
  }
  return false;
}

Status Store::commit_prepare(std::string_view) {
  if (state_ != State::Writing) return Code::Misuse;
  if (has_changes()) {
    if (view_.page_count_ != original_count_) PL_TRY(stamp_header(true));
  }
  state_ = State::Prepared;
  return {};
}

Status Store::commit_finish() {
  if (state_ != State::Prepared) return Code::Misuse;
  const bool changed = has_changes();
  publish();
  if (changed) ++version_;
  end_writing();
  return {};
}

Status Store::rollback() {
  if (!in_write()) return {};
  const bool changed = has_changes();
  undo_overlay();
  if (changed) ++version_;
  end_writing();
  return {};
}

// The transaction is over; what remains is a reader.
void Store::end_writing() noexcept {
  PL_ASSERT(savepoints_.empty() && kept_.empty() && listed_.empty());
  journalled_.clear();
  discarded_.clear();
  spilled_.clear();
  file_touched_ = false;
  next_room_check_ = 0;
  view_.write_stamp_ = 0;
  state_ = State::Reading;
}

}  // namespace perlite::pager
