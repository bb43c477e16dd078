// btree/tree_editor.h: changes that may need more than the room of one page: splitting, merging, growing and shrinking.
//
// Works along the path of a cursor. A change of a page is an Edit: some neighbouring cells replaced by others. Where
// the page has room it is made in place. Else the cells of the page and of up to two siblings, with the change made and
// the separators of the parent among them, are dealt out anew over as few pages as will hold them; what that means for
// the parent is again an Edit. The root keeps its page number: it grows by pushing its content down into a child and
// shrinks by taking its only child's content in.
//
// Invariants
//   E1  Pages below 1/3 full are dealt out anew with their siblings, so that no tree stays much larger than its
//       content. Pages of many cells are looked at now and then (is_weighed).
//   E2  Rows that come in key order leave full pages behind: an edit at the end of the last child of a parent
//       splits that page alone, and only the new cells go to the new page.
//   E3  With a pointer map, whoever writes a cell into a page registers the cell's child and overflow chain there.
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "btree/cursor.h"
#include "btree/page_edit.h"

namespace perlite::btree {

struct Edit {
  std::uint32_t first = 0;   // index of the first cell that goes, or before which the new ones come
  std::uint32_t remove = 0;  // cells that go
  std::span<const CellBytes> insert;
  PageNo child_after;  // interiors: what the child behind the new cells must be; 0 leaves it
};

class TreeEditor {
 public:
  explicit TreeEditor(Cursor& cursor) noexcept : cursor_(cursor), view_(*cursor.view_) {}

  // Reads whether there is a pointer map. To be called first.
  Status begin();

  // Makes the edit on the page at `depth` of the path.
  Status apply(int depth, const Edit& edit);
  // True when apply() would not touch other pages.
  Result<bool> stays_in_place(int depth, const Edit& edit);
  // After cells went from the page at `depth`: merges it when too little is left.
  Status settle(int depth);
  // A new right-most leaf beside the one at the end of the path, holding only `cell`. The path ends there afterwards,
  // if it is intact. The path has a parent.
  Status append_table_leaf(std::span<const std::byte> cell);
  // A page for the tree, which none of the path is. In the overlay.
  Result<pager::PageRef> new_page();

  // False once the pages of the path are no longer what they were: the cursor must begin at the root again.
  bool path_intact() const noexcept { return path_intact_; }
  bool mapped() const noexcept { return mapped_; }

  // Pointer map entries of what a cell in `page` points to.
  Status register_cell(PageNo page, bool leaf, bool table, const CellBytes& cell);
  // Those of a whole page, except of `skip_count` cells from `skip_first`.
  Status register_page(const pager::PageRef& page, std::uint32_t skip_first = 0, std::uint32_t skip_count = 0);

 private:
  class Redistribution;

  Status rebalance(int depth, const Edit& edit);
  Status grow_root(const Edit& edit);
  Status shrink_root();
  bool wipes() const noexcept;

  Cursor& cursor_;
  pager::View& view_;
  bool mapped_ = false;
  bool path_intact_ = true;
};

// The cells of a page are few enough for the page to be merged.
constexpr bool is_sparse(std::uint32_t free_bytes, std::uint32_t usable_size) noexcept {
  return std::uint64_t{free_bytes} * 3 > std::uint64_t{usable_size} * 2;
}

// Adding up the free space of a page takes about as long as taking a cell from it: of pages with many cells it is done
// once in eight removals, when this many are left.
constexpr bool is_weighed(std::uint32_t cell_count) noexcept { return cell_count < 32 || cell_count % 8 == 0; }

// True when deleted content must be overwritten with zeros on the page.
bool wipes_deleted_cells(const pager::View& view) noexcept;

}  // namespace perlite::btree
