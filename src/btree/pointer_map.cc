#include "btree/pointer_map.h"

#include "base/bytes.h"
#include "pager/store.h"

namespace perlite::btree {

using pager::PageRef;
using pager::View;

namespace {

constexpr std::uint32_t kEntrySize = 5;

// Offset of the entry in its map page.
Result<std::uint32_t> entry_offset(const View& view, PageNo page, PageNo map_page) {
  if (page.value < 3 || page.value <= map_page.value) return Status::corrupt("pointer map: page has no entry");
  const std::uint32_t offset = kEntrySize * (page.value - map_page.value - 1);
  if (offset + kEntrySize > view.usable_size()) return Status::corrupt("pointer map: entry beyond its page");
  return offset;
}

}  // namespace

Result<bool> has_pointer_map(View& view) {
  if (view.page_count().value == 0) return false;
  PL_ASSIGN(const PageRef one, view.fetch(PageNo(1)));
  return base::load_be32(one.data() + pager::header::kLargestRoot) != 0;
}

PageNo map_page_of(const View& view, PageNo page) noexcept {
  const std::uint32_t group = view.usable_size() / kEntrySize + 1;
  PageNo map_page((page.value - 2) / group * group + 2);
  if (map_page == pager::lock_byte_page(view.page_size())) ++map_page.value;
  return map_page;
}

Result<PointerEntry> read_pointer(View& view, PageNo page) {
  const PageNo map_page = map_page_of(view, page);
  PL_ASSIGN(const std::uint32_t offset, entry_offset(view, page, map_page));
  PL_ASSIGN(const PageRef map, view.fetch(map_page));
  const std::byte* entry = map.data() + offset;
  const auto type = static_cast<std::uint8_t>(entry[0]);
  if (type < 1 || type > 5) return Status::corrupt("pointer map: unknown type");
  return PointerEntry{static_cast<PointerType>(type), PageNo(base::load_be32(entry + 1))};
}

Status write_pointer(View& view, PageNo page, PointerType type, PageNo parent) {
  const PageNo map_page = map_page_of(view, page);
  PL_ASSIGN(const std::uint32_t offset, entry_offset(view, page, map_page));
  PL_ASSIGN(PageRef map, view.fetch(map_page));
  const std::byte* entry = map.data() + offset;
  if (static_cast<std::uint8_t>(entry[0]) == static_cast<std::uint8_t>(type) &&
      base::load_be32(entry + 1) == parent.value) {
    return {};
  }
  PL_ASSIGN(const base::MutableBytes bytes, map.writable());
  bytes[offset] = static_cast<std::byte>(type);
  base::store_be32(bytes.data() + offset + 1, parent.value);
  return {};
}

}  // namespace perlite::btree
