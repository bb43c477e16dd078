#include "btree/check.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <limits>

#include "base/bytes.h"
#include "btree/cursor.h"
#include "btree/freelist.h"
#include "btree/overflow.h"
#include "btree/page_edit.h"
#include "pager/store.h"

namespace perlite::btree {

using base::load_be32;
using pager::PageRef;

namespace {

// Freeblocks ascend inside the page, and the free bytes are neither negative nor more than the page has. Where the
// content starts is left to the look at each cell.
bool free_space_adds_up(const Node& node) noexcept {
  const std::uint32_t content_start = node.content_start();
  std::uint32_t free = content_start + node.fragments();
  std::uint32_t least = content_start;
  for (std::uint32_t at = node.first_freeblock(); at != 0;) {
    if (at < least || at > node.usable_size - 4) return false;
    const std::uint32_t next = base::load_be16(node.data + at);
    const std::uint32_t size = base::load_be16(node.data + at + 2);
    if (at + size > node.usable_size || (next != 0 && next < at + size + 4)) return false;
    free += size;
    least = at + 1;
    at = next;
  }
  return free >= node.pointers_end() && free <= node.usable_size;
}

constexpr int kLeafHeight = 1;

// Errors that say "damaged", as opposed to those that end the check.
bool is_damage(const Status& status) noexcept { return status.primary() == Code::Corrupt; }

}  // namespace

void BtreeChecker::report(const char* format, ...) {
  if (done()) return;
  ++finding_count_;
  char line[256];
  int at = 0;
  switch (where_) {
    case Where::Nowhere:
      break;
    case Where::Freelist:
      at = std::snprintf(line, sizeof line, "Freelist: ");
      break;
    case Where::Page:
      at = std::snprintf(line, sizeof line, "Tree %u page %u: ", root_.value, where_page_.value);
      break;
    case Where::Cell:
      at = std::snprintf(line, sizeof line, "Tree %u page %u cell %u: ", root_.value, where_page_.value, where_cell_);
      break;
    case Where::RightChild:
      at = std::snprintf(line, sizeof line, "Tree %u page %u right child: ", root_.value, where_page_.value);
      break;
  }
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line + at, sizeof line - static_cast<std::size_t>(at), format, arguments);
  va_end(arguments);
  if (!text_.empty()) text_ += '\n';
  text_ += line;
}

Status BtreeChecker::begin() {
  text_.clear();
  finding_count_ = 0;
  claimed_.assign(std::size_t{view_.page_count().value} + 1, false);
  PL_ASSIGN(mapped_, has_pointer_map(view_));
  const PageNo lock = pager::lock_byte_page(view_.page_size());
  if (lock <= view_.page_count()) claimed_[lock.value] = true;
  return {};
}

Status BtreeChecker::check_all(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts) {
  if (view_.page_count().value == 0) return {};
  PL_TRY(begin());
  PL_ASSIGN(const PageRef one, view_.fetch(PageNo(1)));
  PL_TRY(walk_freelist(one));

  const std::uint32_t largest_root = load_be32(one.data() + pager::header::kLargestRoot);
  where_ = Where::Nowhere;
  if (mapped_) {
    PageNo greatest;
    for (const PageNo root : roots) greatest = std::max(greatest, root);
    if (greatest.value != largest_root) {
      report("max rootpage (%u) disagrees with header (%u)", greatest.value, largest_root);
    }
  } else if (load_be32(one.data() + pager::header::kIncrementalVacuum) != 0) {
    report("incremental_vacuum enabled with a max rootpage of zero");
  }
  PL_TRY(walk_roots(roots, entry_counts, true));
  return report_unused();
}

Status BtreeChecker::check_some(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts) {
  if (view_.page_count().value == 0) return {};
  PL_TRY(begin());
  return walk_roots(roots, entry_counts, false);
}

Status BtreeChecker::walk_roots(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts, bool whole) {
  if (entry_counts != nullptr) entry_counts->clear();
  for (const PageNo root : roots) {
    entry_count_ = 0;
    if (root.value != 0 && !done()) {
      root_ = root;
      where_ = Where::Nowhere;
      if (mapped_ && root.value > 1 && whole) PL_TRY(expect_pointer(root, PointerType::Root, PageNo(0)));
      std::int64_t least = 0;
      int height = kLeafHeight;
      PL_TRY(walk_page(root, 0, &least, std::numeric_limits<std::int64_t>::max(), &height));
    }
    if (entry_counts != nullptr) entry_counts->push_back(entry_count_);
  }
  return {};
}

Status BtreeChecker::report_unused() {
  where_ = Where::Nowhere;
  for (std::uint32_t page = 1; page <= view_.page_count().value && !done(); ++page) {
    const bool is_map = mapped_ && is_map_page(view_, PageNo(page));
    if (!claimed_[page] && !is_map) report("Page %u: never used", page);
    if (claimed_[page] && is_map) report("Page %u: pointer map referenced", page);
  }
  return {};
}

bool BtreeChecker::claim(PageNo page) {
  if (page.value == 0 || page > view_.page_count()) {
    report("invalid page number %u", page.value);
    return false;
  }
  if (claimed_[page.value]) {
    report("2nd reference to page %u", page.value);
    return false;
  }
  claimed_[page.value] = true;
  return true;
}

Status BtreeChecker::expect_pointer(PageNo page, PointerType type, PageNo parent) {
  if (!mapped_ || done()) return {};
  Result<PointerEntry> entry = read_pointer(view_, page);
  if (!entry.ok()) {
    if (!is_damage(entry.status())) return std::move(entry.status());
    report("Failed to read ptrmap key=%u", page.value);
    return {};
  }
  if (entry.value() != PointerEntry{type, parent}) {
    report("Bad ptr map entry key=%u expected=(%u,%u) got=(%u,%u)", page.value, static_cast<unsigned>(type),
           parent.value, static_cast<unsigned>(entry.value().type), entry.value().parent.value);
  }
  return {};
}

// ---- Lists --------------------------------------------------------------------------------------------------------

Status BtreeChecker::walk_freelist(const PageRef& one) {
  where_ = Where::Freelist;
  const std::uint32_t expected = load_be32(one.data() + pager::header::kFreePageCount);
  const int findings_before = finding_count_;
  std::uint64_t found = 0;
  for (PageNo number(load_be32(one.data() + pager::header::kFirstTrunk)); number.value != 0 && !done();) {
    if (!claim(number)) break;
    ++found;
    Result<PageRef> trunk = view_.fetch(number);
    if (!trunk.ok()) {
      if (!is_damage(trunk.status())) return std::move(trunk.status());
      report("failed to get page %u", number.value);
      break;
    }
    const std::byte* data = trunk.value().data();
    PL_TRY(expect_pointer(number, PointerType::Free, PageNo(0)));
    const std::uint32_t leaf_count = load_be32(data + 4);
    if (leaf_count > max_trunk_leaves_read(view_.usable_size())) {
      report("freelist leaf count too big on page %u", number.value);
    } else {
      for (std::uint32_t i = 0; i < leaf_count && !done(); ++i) {
        const PageNo leaf(load_be32(data + 8 + 4 * i));
        PL_TRY(expect_pointer(leaf, PointerType::Free, PageNo(0)));
        claim(leaf);
      }
      found += leaf_count;
    }
    number = PageNo(load_be32(data));
  }
  if (found != expected && finding_count_ == findings_before) {
    report("size is %u but should be %u", static_cast<unsigned>(found), expected);
  }
  return {};
}

Status BtreeChecker::walk_chain(PageNo first, std::uint32_t page_count) {
  const int findings_before = finding_count_;
  std::uint32_t found = 0;
  for (PageNo number = first; number.value != 0 && !done();) {
    if (!claim(number)) break;
    ++found;
    Result<PageRef> page = view_.fetch(number);
    if (!page.ok()) {
      if (!is_damage(page.status())) return std::move(page.status());
      report("failed to get page %u", number.value);
      break;
    }
    const PageNo next(load_be32(page.value().data()));
    // Stock looks at the entry of what follows unless the chain ends here by its length, even when nothing follows.
    if (found != page_count) PL_TRY(expect_pointer(next, PointerType::OverflowNext, number));
    number = next;
  }
  if (found != page_count && finding_count_ == findings_before) {
    report("overflow list length is %u but should be %u", found, page_count);
  }
  return {};
}

// ---- Trees --------------------------------------------------------------------------------------------------------

// `*least_rowid` and `*height` are set when the page could be read; one that could not counts as a leaf. Rowids must be smaller than or
// equal to `greatest_rowid`.
Status BtreeChecker::walk_page(PageNo number, int depth, std::int64_t* least_rowid, std::int64_t greatest_rowid,
                               int* height) {
  if (done() || number.value == 0) return {};
  if (budget_ != nullptr) PL_TRY(budget_->charge());
  if (!claim(number)) return {};
  const Where where = where_;
  const PageNo where_page = where_page_;
  const std::uint32_t where_cell = where_cell_;
  struct Back {
    BtreeChecker& checker;
    Where where;
    PageNo page;
    std::uint32_t cell;
    ~Back() {
      checker.where_ = where;
      checker.where_page_ = page;
      checker.where_cell_ = cell;
    }
  } back{*this, where, where_page, where_cell};
  where_ = Where::Page;
  where_page_ = number;

  Result<PageRef> fetched = view_.fetch(number);
  if (!fetched.ok()) {
    if (!is_damage(fetched.status())) return std::move(fetched.status());
    report("unable to get the page. error code=%d", static_cast<int>(Code::Corrupt));
    return {};
  }
  const PageRef page = std::move(fetched).value();
  Node node;
  if (!decode_node(page, view_.usable_size(), &node) || depth >= kMaxDepth) {
    report("btreeInitPage() returns error code %d", static_cast<int>(Code::Corrupt));
    return {};
  }
  if (!free_space_adds_up(node)) {
    report("free space corruption");
    return {};
  }

  int child_height = kLeafHeight;
  bool first_key = true;
  bool coverage = true;
  if (!node.leaf) {
    const PageNo child = node.right_child();
    // Stock names the right child only in files with a pointer map, and there calls all of the page by its name.
    where_ = mapped_ ? Where::RightChild : Where::Cell;
    PL_TRY(expect_pointer(child, PointerType::Child, number));
    int found = kLeafHeight;
    PL_TRY(walk_page(child, depth + 1, &greatest_rowid, greatest_rowid, &found));
    child_height = found;
    first_key = false;
  }
  if (node.leaf || !node.table) entry_count_ += node.cell_count;

  const std::uint32_t content_start = node.content_start();
  for (std::uint32_t i = node.cell_count; i-- > 0 && !done();) {
    where_ = mapped_ && !node.leaf ? Where::RightChild : Where::Cell;
    where_page_ = number;
    where_cell_ = i;
    const std::uint32_t offset = node.cell_offset(i);
    if (offset < content_start || offset > node.usable_size - 4) {
      report("Offset %u out of range %u..%u", offset, content_start, node.usable_size - 4);
      coverage = false;
      continue;
    }
    Cell cell;
    if (!decode_cell(node.data + offset, node.usable_size - offset, node.leaf, node.table, node.usable_size, &cell)) {
      report("Extends off end of page");
      coverage = false;
      continue;
    }
    // Payloads begin with the size of their own header, itself included.
    if (cell.payload_size > 0 && static_cast<std::uint8_t>(node.data[offset + cell.payload_offset]) < 2) {
      report("Bad cell header size");
      coverage = false;
      continue;
    }
    if (node.table) {
      if (first_key ? cell.rowid > greatest_rowid : cell.rowid >= greatest_rowid) {
        report("Rowid %lld out of order", static_cast<long long>(cell.rowid));
      }
      greatest_rowid = cell.rowid;
      first_key = false;
    }
    if (cell.has_overflow()) {
      PL_TRY(expect_pointer(cell.overflow, PointerType::OverflowFirst, number));
      PL_TRY(walk_chain(cell.overflow, overflow_page_count(cell.payload_size, cell.local_size, node.usable_size)));
    }
    if (!node.leaf) {
      PL_TRY(expect_pointer(cell.left_child, PointerType::Child, number));
      int found = kLeafHeight;
      PL_TRY(walk_page(cell.left_child, depth + 1, &greatest_rowid, greatest_rowid, &found));
      first_key = false;
      if (found != child_height) report("Child page depth differs");
      child_height = found;
    }
  }
  *least_rowid = greatest_rowid;
  if (coverage && !done()) {
    where_ = Where::Nowhere;
    where_page_ = number;
    cover(node);
  }
  *height = node.leaf ? kLeafHeight : child_height + 1;
  return {};
}

// Every byte of the content area belongs to one cell, one freeblock or is a counted fragment.
void BtreeChecker::cover(const Node& node) {
  extents_.clear();
  for (std::uint32_t i = 0; i < node.cell_count; ++i) {
    Cell cell;
    const std::uint32_t offset = node.cell_offset(i);
    if (!decode_cell(node.data + offset, node.usable_size - offset, node.leaf, node.table, node.usable_size, &cell)) {
      return;
    }
    extents_.push_back({offset, offset + cell.size - 1});
  }
  for (std::uint32_t at = node.first_freeblock(); at != 0; at = base::load_be16(node.data + at)) {
    extents_.push_back({at, at + base::load_be16(node.data + at + 2) - 1});
  }
  // Rows that came in order lie from the end of the page downwards.
  const auto order = [](const Extent& a, const Extent& b) { return a.first < b.first; };
  std::reverse(extents_.begin(), extents_.end());
  if (!std::is_sorted(extents_.begin(), extents_.end(), order)) std::sort(extents_.begin(), extents_.end(), order);
  std::uint32_t fragments = 0;
  std::uint32_t last = node.content_start() - 1;
  for (const Extent& extent : extents_) {
    if (last >= extent.first) {
      report("Multiple uses for byte %u of page %u", extent.first, where_page_.value);
      if (&extent != &extents_.back()) return;
      break;
    }
    fragments += extent.first - last - 1;
    last = extent.last;
  }
  fragments += node.usable_size - last - 1;
  if (fragments != node.fragments()) {
    report("Fragmentation of %u bytes reported as %u on page %u", fragments, node.fragments(), where_page_.value);
  }
}

}  // namespace perlite::btree
