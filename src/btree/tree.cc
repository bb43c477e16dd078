#include "btree/tree.h"

#include <array>

#include "base/bytes.h"
#include "btree/cursor.h"
#include "btree/freelist.h"
#include "btree/overflow.h"
#include "btree/page_edit.h"
#include "btree/page_layout.h"
#include "btree/pointer_map.h"
#include "btree/vacuum.h"
#include "pager/store.h"

namespace perlite::btree {

using base::MutableBytes;
using base::store_be32;
using pager::PageRef;
using pager::View;

namespace {

Status corrupt_page(PageNo) { return Status::corrupt("btree page: malformed"); }

constexpr std::uint8_t leaf_type(TreeKind kind) noexcept { return kind == TreeKind::Table ? kTableLeaf : kIndexLeaf; }

Status format_root(PageRef& page, TreeKind kind, const View& view) {
  PL_ASSIGN(const MutableBytes bytes, page.writable());
  format_page(bytes.data(), page.number(), leaf_type(kind), view.usable_size());
  return {};
}

Status set_header_field(View& view, std::uint32_t offset, std::uint32_t value) {
  PL_ASSIGN(PageRef one, view.fetch(PageNo(1)));
  PL_ASSIGN(const MutableBytes bytes, one.writable());
  store_be32(bytes.data() + offset, value);
  return {};
}

Result<std::uint32_t> header_field(View& view, std::uint32_t offset) {
  if (view.page_count().value == 0) return 0u;
  PL_ASSIGN(const PageRef one, view.fetch(PageNo(1)));
  return base::load_be32(one.data() + offset);
}

}  // namespace

// ---- The database -------------------------------------------------------------------------------------------------

Status init_database(View& view, const DatabaseOptions& options, bool with_schema) {
  if (view.page_count().value != 0) return {};
  PL_ASSIGN(PageRef one, view.append());
  PL_ASSIGN(const MutableBytes bytes, one.writable());
  format_page(bytes.data(), PageNo(1), kTableLeaf, view.usable_size());
  if (with_schema) {
    store_be32(bytes.data() + pager::header::kSchemaFormat, options.schema_format);
    store_be32(bytes.data() + pager::header::kTextEncoding, static_cast<std::uint32_t>(options.encoding));
  }
  if (options.auto_vacuum != AutoVacuum::None) {
    store_be32(bytes.data() + pager::header::kLargestRoot, 1);
    store_be32(bytes.data() + pager::header::kIncrementalVacuum,
               options.auto_vacuum == AutoVacuum::Incremental ? 1 : 0);
  }
  return {};
}

Result<AutoVacuum> auto_vacuum_mode(View& view) {
  PL_ASSIGN(const std::uint32_t largest_root, header_field(view, pager::header::kLargestRoot));
  if (largest_root == 0) return AutoVacuum::None;
  PL_ASSIGN(const std::uint32_t incremental, header_field(view, pager::header::kIncrementalVacuum));
  return incremental != 0 ? AutoVacuum::Incremental : AutoVacuum::Full;
}

Status set_auto_vacuum_mode(View& view, AutoVacuum mode) {
  PL_ASSIGN(const AutoVacuum present, auto_vacuum_mode(view));
  if (present == mode) return {};
  if ((present == AutoVacuum::None) != (mode == AutoVacuum::None)) {
    return Status::error("auto_vacuum cannot change in a database with content");
  }
  return set_header_field(view, pager::header::kIncrementalVacuum, mode == AutoVacuum::Incremental ? 1 : 0);
}

// ---- Making and removing trees ------------------------------------------------------------------------------------

Result<PageNo> create_tree(View& view, TreeKind kind) {
  PL_ASSIGN(const std::uint32_t largest_root, header_field(view, pager::header::kLargestRoot));
  if (largest_root == 0) {
    PL_ASSIGN(PageRef page, allocate_page(view));
    PL_TRY(format_root(page, kind, view));
    return page.number();
  }

  if (largest_root >= view.page_count().value + 1) return Status::corrupt("auto-vacuum: largest root beyond the file");
  PageNo root(largest_root + 1);
  while (is_map_page(view, root) || root == pager::lock_byte_page(view.page_size())) ++root.value;
  if (root > view.page_count()) {
    PL_ASSIGN(PageRef page, append_page(view));
    if (page.number() != root) return Status::corrupt("auto-vacuum: roots are not in front");
    PL_TRY(format_root(page, kind, view));
  } else {
    PL_TRY(release_cursors(view));
    PL_ASSIGN(const PointerEntry entry, read_pointer(view, root));
    if (entry.type == PointerType::Root) return Status::corrupt("auto-vacuum: largest root is not the last");
    if (entry.type == PointerType::Free) {
      PL_TRY(take_free_page(view, root));
    } else {
      PageNo to;
      {
        PL_ASSIGN(const PageRef page, allocate_page(view));
        to = page.number();
      }
      PL_TRY(relocate_page(view, root, entry, to));
    }
    PL_ASSIGN(PageRef page, view.fetch(root));
    PL_TRY(format_root(page, kind, view));
  }
  PL_TRY(write_pointer(view, root, PointerType::Root, PageNo(0)));
  PL_TRY(set_header_field(view, pager::header::kLargestRoot, root.value));
  return root;
}

namespace {

// Frees what hangs below and on a page; the page too unless it is the root.
class TreeEraser {
 public:
  TreeEraser(View& view, bool table, Budget* budget) noexcept : view_(view), budget_(budget), table_(table) {}

  Status erase(PageNo number, int depth) {
    if (depth >= kMaxDepth) return Status::corrupt("btree: too deep");
    PL_ASSIGN(const PageRef page, view_.fetch(number));
    Node node;
    if (!decode_node(page, view_.usable_size(), &node) || node.table != table_) return corrupt_page(number);
    if (budget_ != nullptr) PL_TRY(budget_->charge());
    if (!(node.table && !node.leaf)) {
      entry_count_ += node.cell_count;
      PL_TRY(free_chains(node));
    }
    if (!node.leaf) {
      for (std::uint32_t i = 0; i <= node.cell_count; ++i) {
        // Pages come and go meanwhile, this one stays pinned.
        PL_TRY(erase(node.child(i), depth + 1));
      }
    }
    return depth == 0 ? Status() : free_page(view_, number);
  }
  std::uint64_t entry_count() const noexcept { return entry_count_; }

 private:
  // The cells' overflow chains. Most pages have none, which their payload sizes tell.
  Status free_chains(const Node& node) {
    const SpillRule rule = SpillRule::of(node.table, node.usable_size);
    for (std::uint32_t i = 0; i < node.cell_count; ++i) {
      const std::uint32_t offset = node.cell_offset(i);
      if (offset > node.usable_size - 4) return Status::corrupt("btree: cell offset out of range");
      std::uint64_t payload_size;
      get_varint_wide(node.data + offset + (node.leaf ? 0 : 4), &payload_size);
      if (payload_size <= rule.max_local) continue;
      Cell cell;
      if (!decode_cell(node, i, &cell)) return Status::corrupt("btree: malformed cell");
      PL_TRY(free_overflow(view_, cell.overflow,
                           overflow_page_count(cell.payload_size, cell.local_size, node.usable_size)));
    }
    return {};
  }

  View& view_;
  Budget* budget_;
  std::uint64_t entry_count_ = 0;
  bool table_;
};

}  // namespace

Status clear_tree(View& view, PageNo root, std::uint64_t* entry_count, Budget* budget) {
  // Their keys are kept: a rollback may bring the entries back before they move on.
  PL_TRY(save_cursors_on(view, root));
  PL_ASSIGN(const TreeKind kind, tree_kind(view, root));
  TreeEraser eraser(view, kind == TreeKind::Table, budget);
  PL_TRY(eraser.erase(root, 0));
  if (entry_count != nullptr) *entry_count = eraser.entry_count();
  PL_ASSIGN(PageRef page, view.fetch(root));
  return format_root(page, kind, view);
}

Status drop_tree(View& view, PageNo root, PageNo* moved_from) {
  *moved_from = PageNo(0);
  if (root.value < 2) return Status::corrupt("btree: dropping the schema tree");
  PL_ASSIGN(const std::uint32_t largest, header_field(view, pager::header::kLargestRoot));
  if (largest != 0) PL_TRY(release_cursors(view));
  PL_TRY(clear_tree(view, root, nullptr));
  if (largest == 0) return free_page(view, root);

  const PageNo largest_root(largest);
  if (root != largest_root) {
    PL_ASSIGN(const PointerEntry entry, read_pointer(view, largest_root));
    if (entry.type != PointerType::Root) return Status::corrupt("auto-vacuum: largest root is none");
    PL_TRY(relocate_page(view, largest_root, entry, root));
    *moved_from = largest_root;
  }
  PL_TRY(free_page(view, largest_root));
  return set_header_field(view, pager::header::kLargestRoot,
                          last_usable_page(view, PageNo(largest_root.value - 1)).value);
}

// ---- Counting -----------------------------------------------------------------------------------------------------

namespace {

class EntryCounter {
 public:
  EntryCounter(View& view, bool table, Budget* budget) noexcept : view_(view), budget_(budget), table_(table) {}

  Status count(PageNo number, int depth) {
    if (depth >= kMaxDepth || ++pages_ > view_.page_count().value) return Status::corrupt("btree: pages in a circle");
    if (budget_ != nullptr) PL_TRY(budget_->charge());
    PL_ASSIGN(const PageRef page, view_.fetch(number));
    Node node;
    if (!decode_node(page, view_.usable_size(), &node) || node.table != table_) return corrupt_page(number);
    if (node.leaf || !node.table) entry_count_ += node.cell_count;
    if (node.leaf) return {};
    std::array<PageNo, 64> ahead;
    for (std::uint32_t i = 0; i <= node.cell_count; ++i) {
      if (i % ahead.size() == 0) {
        std::size_t known = 0;
        while (known < ahead.size() && i + known <= node.cell_count) {
          ahead[known] = node.child(i + static_cast<std::uint32_t>(known));
          ++known;
        }
        view_.prefetch(std::span(ahead).first(known));
      }
      PL_TRY(count(node.child(i), depth + 1));
    }
    return {};
  }
  std::uint64_t entry_count() const noexcept { return entry_count_; }

 private:
  View& view_;
  Budget* budget_;
  std::uint64_t entry_count_ = 0;
  std::uint32_t pages_ = 0;
  bool table_;
};

}  // namespace

Result<std::uint64_t> count_entries(View& view, PageNo root, Budget* budget) {
  if (view.page_count().value == 0) return std::uint64_t{0};
  PL_ASSIGN(const TreeKind kind, tree_kind(view, root));
  EntryCounter counter(view, kind == TreeKind::Table, budget);
  PL_TRY(counter.count(root, 0));
  return counter.entry_count();
}

Result<TreeKind> tree_kind(View& view, PageNo root) {
  PL_ASSIGN(const PageRef page, view.fetch(root));
  Node node;
  if (!decode_node(page, view.usable_size(), &node)) return corrupt_page(root);
  return node.table ? TreeKind::Table : TreeKind::Index;
}

}  // namespace perlite::btree
