#include "btree/overflow.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "btree/pointer_map.h"
#include "btree/tree.h"

namespace perlite::btree {

using pager::PageRef;
using pager::View;

void copy_payload(const Payload& payload, std::size_t offset, std::size_t size, std::byte* out) noexcept {
  std::size_t copied = 0;
  if (offset < payload.bytes.size()) {
    copied = std::min(size, payload.bytes.size() - offset);
    std::memcpy(out, payload.bytes.data() + offset, copied);
  }
  if (copied < size) std::memset(out + copied, 0, size - copied);
}

Result<PageNo> write_overflow(View& view, const Payload& payload, std::uint32_t local_size, PageNo owner) {
  PL_ASSIGN(const bool mapped, has_pointer_map(view));
  const std::uint32_t per_page = view.usable_size() - kOverflowHeader;
  const std::uint64_t total = payload.size();
  PageNo first;
  std::optional<PageRef> previous;
  for (std::uint64_t offset = local_size; offset < total; offset += per_page) {
    PL_ASSIGN(PageRef page, allocate_page(view));
    if (page.number() == owner) return Status::corrupt("freelist: page in use");
    if (mapped) {
      PL_TRY(previous ? write_pointer(view, page.number(), PointerType::OverflowNext, previous->number())
                      : write_pointer(view, page.number(), PointerType::OverflowFirst, owner));
    }
    if (previous) {
      PL_ASSIGN(const base::MutableBytes bytes, previous->writable());
      base::store_be32(bytes.data(), page.number().value);
    } else {
      first = page.number();
    }
    PL_ASSIGN(const base::MutableBytes bytes, page.writable());
    base::store_be32(bytes.data(), 0);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(per_page, total - offset));
    copy_payload(payload, static_cast<std::size_t>(offset), size, bytes.data() + kOverflowHeader);
    if (size < per_page) std::memset(bytes.data() + kOverflowHeader + size, 0, per_page - size);
    previous = std::move(page);
  }
  return first;
}

Status free_overflow(View& view, PageNo first, std::uint32_t page_count) {
  PageNo number = first;
  for (std::uint32_t i = 0; i < page_count; ++i) {
    if (number.value < 2) return Status::corrupt("overflow chain: too short");
    PageNo next;
    if (i + 1 < page_count) {
      PL_ASSIGN(const PageRef page, view.fetch(number));
      next = PageNo(base::load_be32(page.data()));
    }
    PL_TRY(free_page(view, number));
    number = next;
  }
  return {};
}

}  // namespace perlite::btree
