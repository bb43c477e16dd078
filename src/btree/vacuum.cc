#include "btree/vacuum.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "btree/cursor.h"
#include "btree/freelist.h"
#include "btree/page_layout.h"
#include "btree/tree.h"
#include "pager/store.h"

namespace perlite::btree {

using base::load_be32;
using base::MutableBytes;
using base::store_be32;
using pager::PageRef;
using pager::View;

namespace {

Status corrupt_pointer(PageNo) { return Status::corrupt("pointer map: an entry is wrong"); }

// In the b-tree page `parent`, the pointer to child or overflow page `from` becomes `to`.
Status redirect(View& view, PageNo parent, bool to_child, PageNo from, PageNo to) {
  PL_ASSIGN(PageRef page, view.fetch(parent));
  PL_ASSIGN(const MutableBytes bytes, page.writable());
  Node node;
  if (!decode_node(page, view.usable_size(), &node)) return corrupt_pointer(from);
  for (std::uint32_t i = 0; i < node.cell_count; ++i) {
    Cell cell;
    if (!decode_cell(node, i, &cell)) return corrupt_pointer(from);
    std::byte* p = bytes.data() + node.cell_offset(i);
    if (to_child) {
      if (!node.leaf && cell.left_child == from) {
        store_be32(p, to.value);
        return {};
      }
    } else if (cell.has_overflow() && cell.overflow == from) {
      store_be32(p + cell.payload_offset + cell.local_size, to.value);
      return {};
    }
  }
  if (!to_child || node.leaf || node.right_child() != from) return corrupt_pointer(from);
  store_be32(bytes.data() + node.header + 8, to.value);
  return {};
}

// The entries of what page `number` points to.
Status adopt_children(View& view, const PageRef& page) {
  Node node;
  if (!decode_node(page, view.usable_size(), &node)) return corrupt_pointer(page.number());
  for (std::uint32_t i = 0; i < node.cell_count; ++i) {
    Cell cell;
    if (!decode_cell(node, i, &cell)) return corrupt_pointer(page.number());
    if (!node.leaf) PL_TRY(write_pointer(view, cell.left_child, PointerType::Child, page.number()));
    if (cell.has_overflow()) PL_TRY(write_pointer(view, cell.overflow, PointerType::OverflowFirst, page.number()));
  }
  if (node.leaf) return {};
  return write_pointer(view, node.right_child(), PointerType::Child, page.number());
}

}  // namespace

Status relocate_page(View& view, PageNo from, PointerEntry entry, PageNo to) {
  if (from.value < 3 || to.value < 3 || from == to || entry.type == PointerType::Free) return corrupt_pointer(from);
  {
    PL_ASSIGN(const PageRef source, view.fetch(from));
    PL_ASSIGN(PageRef target, view.fetch(to));
    PL_ASSIGN(const MutableBytes bytes, target.writable());
    std::memcpy(bytes.data(), source.data(), view.page_size());
    if (entry.type == PointerType::OverflowFirst || entry.type == PointerType::OverflowNext) {
      const PageNo next(load_be32(target.data()));
      if (next.value != 0) PL_TRY(write_pointer(view, next, PointerType::OverflowNext, to));
    } else {
      PL_TRY(adopt_children(view, target));
    }
  }
  PL_TRY(write_pointer(view, to, entry.type, entry.parent));
  switch (entry.type) {
    case PointerType::Root:
      return {};
    case PointerType::Child:
      return redirect(view, entry.parent, true, from, to);
    case PointerType::OverflowFirst:
      return redirect(view, entry.parent, false, from, to);
    case PointerType::OverflowNext: {
      PL_ASSIGN(PageRef previous, view.fetch(entry.parent));
      if (load_be32(previous.data()) != from.value) return corrupt_pointer(from);
      PL_ASSIGN(const MutableBytes bytes, previous.writable());
      store_be32(bytes.data(), to.value);
      return {};
    }
    case PointerType::Free:
      break;
  }
  return corrupt_pointer(from);
}

PageNo last_usable_page(const View& view, PageNo page) noexcept {
  while (page.value > 1 && (is_map_page(view, page) || page == pager::lock_byte_page(view.page_size()))) --page.value;
  return page;
}

Status auto_vacuum_commit(View& view, VacuumAmount* amount) {
  PL_ASSIGN(const AutoVacuum mode, auto_vacuum_mode(view));
  if (mode != AutoVacuum::Full) return {};
  PL_ASSIGN(const std::uint32_t free_count, freelist_count(view));
  if (free_count == 0 && amount == nullptr) return {};
  const PageNo page_count = view.page_count();
  if (last_usable_page(view, page_count) != page_count) return Status::corrupt("auto-vacuum: file ends in a map page");
  if (free_count >= page_count.value) return Status::corrupt("freelist: longer than the file");
  std::uint32_t released = free_count;
  if (amount != nullptr) {
    released = std::min(free_count, amount->pages_to_free(page_count.value, free_count, view.page_size()));
    if (released == 0) return {};
  }
  PL_TRY(release_cursors(view));

  PageNo final_count = page_count;
  for (std::uint32_t left = released; left > 0; --left) {
    final_count = last_usable_page(view, final_count);
    --final_count.value;
  }
  final_count = last_usable_page(view, final_count);

  // Used pages behind the new end move to the lowest free ones, last first.
  Vector<PageNo> free;
  PL_TRY(list_free_pages(view, &free));
  std::sort(free.begin(), free.end());
  std::size_t next_target = 0;
  std::size_t end = free.size();
  for (PageNo page = page_count; page > final_count; page = last_usable_page(view, PageNo(page.value - 1))) {
    if (end > next_target && free[end - 1] == page) {
      --end;
      continue;
    }
    if (next_target == end || free[next_target] > final_count) return corrupt_pointer(page);
    PL_ASSIGN(const PointerEntry entry, read_pointer(view, page));
    if (entry.type == PointerType::Root) return corrupt_pointer(page);
    PL_TRY(relocate_page(view, page, entry, free[next_target]));
    ++next_target;
  }
  free.erase(free.begin() + static_cast<std::ptrdiff_t>(end), free.end());
  free.erase(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(next_target));
  PL_TRY(write_freelist(view, free));
  return view.truncate(final_count);
}

Result<bool> incremental_vacuum_step(View& view) {
  PL_ASSIGN(const bool mapped, has_pointer_map(view));
  if (!mapped) return false;
  PL_ASSIGN(const std::uint32_t free_count, freelist_count(view));
  if (free_count == 0) return false;
  const PageNo last = view.page_count();
  if (last.value < 3 || last_usable_page(view, last) != last) {
    return Status::corrupt("auto-vacuum: file ends in a map page");
  }
  PL_TRY(release_cursors(view));
  PL_ASSIGN(const PointerEntry entry, read_pointer(view, last));
  if (entry.type == PointerType::Free) {
    PL_TRY(take_free_page(view, last));
  } else {
    if (entry.type == PointerType::Root) return corrupt_pointer(last);
    PL_ASSIGN(const PageNo target, take_free_page_below(view, last));
    if (target.value == 0) return corrupt_pointer(last);
    PL_TRY(relocate_page(view, last, entry, target));
  }
  PL_TRY(view.truncate(last_usable_page(view, PageNo(last.value - 1))));
  return true;
}

}  // namespace perlite::btree
