// btree/pointer_map.h: who points to a page, in files with auto-vacuum (docs/format/freelist.md, "Pointer map").
//
// A map page holds 5-byte entries (u8 type, u32 parent) for the pages behind it. The first map page is page 2, the next
// follow every J + 1 pages, J = usable size / 5; where that would be the lock-byte page, the page after it.
// Page 1, map pages and the lock-byte page have no entry.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/status.h"
#include "btree/tree.h"
#include "pager/view.h"

namespace perlite::btree {

struct PointerEntry {
  PointerType type;
  PageNo parent;
  bool operator==(const PointerEntry&) const = default;
};

// True when the database keeps a pointer map (header field 52 is not 0).
Result<bool> has_pointer_map(pager::View& view);

// The map page responsible for `page` (>= 2); the page itself when it is a map page.
PageNo map_page_of(const pager::View& view, PageNo page) noexcept;
// In a database that keeps one.
inline bool is_map_page(const pager::View& view, PageNo page) noexcept {
  return page.value >= 2 && map_page_of(view, page) == page;
}

// Errors: Corrupt when the page can have no entry or the entry is none.
Result<PointerEntry> read_pointer(pager::View& view, PageNo page);
// Writes the entry unless it is there already.
Status write_pointer(pager::View& view, PageNo page, PointerType type, PageNo parent);

}  // namespace perlite::btree
