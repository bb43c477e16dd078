// btree/dump.h: pages, trees and the freelist as text, stable enough to be the expected result of a test.
//
// Damage is shown where it is found, and ends the branch; an error Status means that the file cannot be read.
#pragma once

#include "base/status.h"
#include "base/text_builder.h"
#include "pager/view.h"

namespace perlite::btree {

// Header, freeblocks and cells of one page; with `payload` the local bytes of each cell too.
Status dump_page(pager::View& view, PageNo page, bool payload, base::TextBuilder& out);
// The pages of the tree at `root`, indented by depth, with how many cells and free bytes each has.
Status dump_tree(pager::View& view, PageNo root, base::TextBuilder& out);
// The trunks of the freelist with their leaves.
Status dump_freelist(pager::View& view, base::TextBuilder& out);

}  // namespace perlite::btree
