// btree/vacuum.h: moving pages, which the pointer map makes possible.
#pragma once

#include "base/ids.h"
#include "base/status.h"
#include "btree/pointer_map.h"
#include "pager/view.h"

namespace perlite::btree {

// Moves the content of page `from`, whose pointer map entry is `entry`, to page `to`, and corrects whoever points to it
// and the entries of what it points to. `from` is then unused: the caller frees it or cuts it off. A root has nobody
// that points to it here: its caller corrects the schema.
Status relocate_page(pager::View& view, PageNo from, PointerEntry entry, PageNo to);

// The last page that is neither a map page nor the lock-byte page, at or below `page`.
PageNo last_usable_page(const pager::View& view, PageNo page) noexcept;

}  // namespace perlite::btree
