#include "pager/overwrite.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace perlite::pager {

bool Overwrite::possible(const Store& target, std::uint32_t page_size) noexcept {
  return page_size == target.page_size() ||
         (target.kind() == StoreKind::File && target.journal_mode() != JournalMode::Wal);
}

Result<UniquePtr<Overwrite>> Overwrite::begin(Store& target, std::uint32_t page_size) {
  PL_ASSERT(target.in_write() && possible(target, page_size));
  UniquePtr<Overwrite> overwrite(new Overwrite(target, page_size));
  if (target.view().page_count().value > 0) {
    PL_ASSIGN(const PageRef first, target.view().fetch(PageNo(1)));
    overwrite->change_counter_ = base::load_be32(first.data() + header::kChangeCounter);
  }
  return overwrite;
}

Status Overwrite::put(PageNo page, base::Bytes image) {
  PL_ASSERT(image.size() == page_size_ && page != lock_byte_page(page_size_));
  PL_TRY(write_bytes(std::uint64_t{page.value - 1} * page_size_, image));
  return page.value == 1 ? keep_own_fields() : Status();
}

// Bytes that lie inside pages of the target, or fill several of them.
Status Overwrite::write_bytes(std::uint64_t offset, base::Bytes bytes) {
  View& view = target_.view();
  const std::uint32_t size = view.page_size();
  while (!bytes.empty()) {
    const std::uint64_t number = offset / size + 1;
    if (number > target_.max_page_count()) return Code::Full;
    const PageNo page(static_cast<std::uint32_t>(number));
    const auto inside = static_cast<std::uint32_t>(offset % size);
    const std::size_t count = std::min<std::size_t>(size - inside, bytes.size());
    if (page == lock_byte_page(size)) {
      // The view has no such page: pages of the new size that lie in it, behind their own lock-byte page, wait beside.
      PL_TRY(target_.keep_lock_area(inside, bytes.first(count)));
    } else {
      while (view.page_count() < page) PL_TRY(view.append().status().clone());
      PL_ASSIGN(PageRef ref, view.fetch(page));
      PL_ASSIGN(const base::MutableBytes into, ref.writable());
      std::memcpy(into.data() + inside, bytes.data(), count);
    }
    offset += count;
    bytes = bytes.subspan(count);
  }
  return {};
}

Status Overwrite::keep_own_fields() {
  PL_ASSIGN(PageRef first, target_.view().fetch(PageNo(1)));
  PL_ASSIGN(const base::MutableBytes bytes, first.writable());
  base::store_be32(bytes.data() + header::kChangeCounter, change_counter_);
  if (target_.journal_mode() == JournalMode::Wal) bytes[header::kWriteVersion] = bytes[header::kReadVersion] = std::byte{2};
  return {};
}

Status Overwrite::finish(std::uint32_t page_count) {
  PL_ASSERT(page_count > 0);
  View& view = target_.view();
  const std::uint32_t size = view.page_size();
  std::uint64_t last = (std::uint64_t{page_count} * page_size_ + size - 1) / size;
  if (last == lock_byte_page(size).value) --last;
  if (view.page_count().value > last) PL_TRY(view.truncate(PageNo(static_cast<std::uint32_t>(last))));
  while (view.page_count().value < last) PL_TRY(view.append().status().clone());
  target_.become(page_size_, page_count);
  return {};
}

}  // namespace perlite::pager
