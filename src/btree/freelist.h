// btree/freelist.h: the pages nobody uses (docs/format/freelist.md).
//
// Header field 32 names the first trunk page, field 36 counts all free pages, trunks included.
//   trunk page  0  u32  next trunk, 0 none
//               4  u32  number of leaf pages L
//               8  u32  L page numbers
// Writers keep L <= U/4 - 8; readers accept up to U/4 - 2. The content of leaf pages is undefined: View::discard() and
// View::fetch_unread() keep it off the disk.
// allocate_page() and free_page() are in btree/tree.h.
#pragma once

#include <cstdint>

#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "pager/view.h"

namespace perlite::btree {

// A new page at the end of the file; map pages that fall due before it are made too.
Result<pager::PageRef> append_page(pager::View& view);

// Takes this page off the freelist; it must be free. Its content is undefined then.
// Errors: Corrupt when it is not on the list.
Status take_free_page(pager::View& view, PageNo page);
// Takes any free page with a number below `bound`; PageNo(0) when there is none.
Result<PageNo> take_free_page_below(pager::View& view, PageNo bound);

// All free pages, in no order. Errors: Corrupt when the list is damaged.
Status list_free_pages(pager::View& view, Vector<PageNo>* pages);
// Makes the freelist exactly these pages.
Status write_freelist(pager::View& view, const Vector<PageNo>& pages);

// Limits of L.
constexpr std::uint32_t max_trunk_leaves_written(std::uint32_t usable_size) { return usable_size / 4 - 8; }
constexpr std::uint32_t max_trunk_leaves_read(std::uint32_t usable_size) { return usable_size / 4 - 2; }

}  // namespace perlite::btree
