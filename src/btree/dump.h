// btree/dump.h: pages, trees and the freelist as text, for eyes and tests. Reads only, trusts nothing: what is
// malformed is said to be, and the dump goes on.
#pragma once

#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "pager/view.h"

namespace perlite::btree {

// One page: its header, cells in key order and free blocks; what is no b-tree page is shown as bytes.
// Errors (here and below): IoErr, NoMem, and Corrupt when the page does not exist.
Status dump_page(pager::View& view, PageNo page, String* out);

// The pages of the tree at `root`, indented by depth: number, kind, cells, free bytes, keys at both ends (rowids; the
// first bytes of an index key), overflow pages.
Status dump_tree(pager::View& view, PageNo root, String* out);

// Trunks with their leaves, then the pointer map's view of roots when there is one.
Status dump_freelist(pager::View& view, String* out);

}  // namespace perlite::btree
