#include "btree/dump.h"

#include "base/containers.h"
#include "base/printf.h"
#include "btree/freelist.h"
#include "btree/page_layout.h"
#include "pager/dump.h"
#include "pager/store.h"

namespace perlite::btree {
namespace {

constexpr int kMaxDepth = 40;  // deeper is a cycle: each level has at least two children

const char* type_name(const Node& node) {
  switch (node.type) {
    case kIndexInterior:
      return "index interior";
    case kTableInterior:
      return "table interior";
    case kIndexLeaf:
      return "index leaf";
    default:
      return "table leaf";
  }
}

int as_int(PageNo page) { return static_cast<int>(page.value); }

// Bytes of the page that hold nothing: the gap, the freeblocks, the fragments. -1 when a freeblock is bad.
int free_bytes(const Node& node) {
  int total = static_cast<int>(node.content_start()) - static_cast<int>(node.pointers_end());
  total += static_cast<int>(node.fragments());
  std::uint32_t at = node.first_freeblock();
  for (std::uint32_t steps = 0; at != 0; ++steps) {
    if (at > node.usable_size - 4 || steps > node.usable_size / 4) return -1;
    total += static_cast<int>(base::load_be16(node.data + at + 2));
    at = base::load_be16(node.data + at);
  }
  return total;
}

}  // namespace

Status dump_page(pager::View& view, PageNo number, bool payload, base::TextBuilder& out) {
  PL_ASSIGN(const pager::PageRef page, view.fetch(number));
  Node node;
  if (!decode_node(page, view.usable_size(), &node)) {
    base::append_printf(out, "page %d: no b-tree page\n", as_int(number));
    pager::dump_bytes(page.bytes(), 0, out);
    return {};
  }
  base::append_printf(out, "page %d: %s, %d cells, content from %d, %d free bytes, %d fragments\n", as_int(number),
                      type_name(node), static_cast<int>(node.cell_count), static_cast<int>(node.content_start()),
                      free_bytes(node), static_cast<int>(node.fragments()));
  std::uint32_t block = node.first_freeblock();
  for (std::uint32_t steps = 0; block != 0 && steps <= node.usable_size / 4; ++steps) {
    if (block > node.usable_size - 4) {
      base::append_printf(out, "  freeblock at %d: outside the page\n", static_cast<int>(block));
      break;
    }
    base::append_printf(out, "  freeblock at %d: %d bytes\n", static_cast<int>(block),
                        static_cast<int>(base::load_be16(node.data + block + 2)));
    block = base::load_be16(node.data + block);
  }
  for (std::uint32_t index = 0; index < node.cell_count; ++index) {
    Cell cell;
    const std::uint32_t offset = node.cell_offset(index);
    base::append_printf(out, "  cell %d at %d:", static_cast<int>(index), static_cast<int>(offset));
    if (!decode_cell(node, index, &cell)) {
      out.append(" malformed\n");
      continue;
    }
    if (!node.leaf) base::append_printf(out, " child %d", as_int(cell.left_child));
    if (node.table) base::append_printf(out, " rowid %lld", static_cast<long long>(cell.rowid));
    if (node.leaf || !node.table) base::append_printf(out, " payload %d", static_cast<int>(cell.payload_size));
    if (cell.has_overflow()) {
      base::append_printf(out, " local %d overflow %d", static_cast<int>(cell.local_size), as_int(cell.overflow));
    }
    out.append('\n');
    if (payload && cell.local_size > 0) {
      const std::uint32_t at = offset + cell.payload_offset;
      pager::dump_bytes(page.bytes().subspan(at, cell.local_size), at, out);
    }
  }
  if (!node.leaf) base::append_printf(out, "  right-most child %d\n", as_int(node.right_child()));
  return {};
}

Status dump_tree(pager::View& view, PageNo root, base::TextBuilder& out) {
  struct Place {
    PageNo page;
    std::uint32_t next = 0;
  };
  Vector<Place> path;
  const auto visit = [&](PageNo number) -> Status {
    out.append_fill(2 * path.size(), ' ');
    if (!view.exists(number)) {
      base::append_printf(out, "page %d does not exist\n", as_int(number));
      return {};
    }
    PL_ASSIGN(const pager::PageRef page, view.fetch(number));
    Node node;
    if (!decode_node(page, view.usable_size(), &node)) {
      base::append_printf(out, "page %d: no b-tree page\n", as_int(number));
      return {};
    }
    base::append_printf(out, "page %d: %s, %d cells, %d free bytes\n", as_int(number), type_name(node),
                        static_cast<int>(node.cell_count), free_bytes(node));
    if (node.leaf) return {};
    if (path.size() >= kMaxDepth) {
      out.append("  too deep: a cycle\n");
      return {};
    }
    path.push_back({number, 0});
    return {};
  };
  PL_TRY(visit(root));
  while (!path.empty()) {
    Place& here = path.back();
    PageNo child;
    {
      PL_ASSIGN(const pager::PageRef page, view.fetch(here.page));
      Node node;
      if (!decode_node(page, view.usable_size(), &node) || here.next > node.cell_count) {
        path.pop_back();
        continue;
      }
      child = node.child(here.next++);
    }
    PL_TRY(visit(child));
  }
  return {};
}

Status dump_freelist(pager::View& view, base::TextBuilder& out) {
  PL_ASSIGN(const std::uint32_t first, view.store().read_header_u32(pager::header::kFirstTrunk));
  PL_ASSIGN(const std::uint32_t count, view.store().read_header_u32(pager::header::kFreePageCount));
  base::append_printf(out, "%d free pages\n", static_cast<int>(count));
  PageNo trunk(first);
  for (std::uint32_t steps = 0; trunk.value != 0; ++steps) {
    if (!view.exists(trunk) || steps > view.page_count().value) {
      base::append_printf(out, "trunk %d: no such page, or a cycle\n", as_int(trunk));
      return {};
    }
    PL_ASSIGN(const pager::PageRef page, view.fetch(trunk));
    const std::uint32_t leaves = base::load_be32(page.data() + 4);
    base::append_printf(out, "trunk %d: %lld leaves:", as_int(trunk), static_cast<long long>(leaves));
    if (leaves > max_trunk_leaves_read(view.usable_size())) {
      out.append(" more than fit\n");
      return {};
    }
    for (std::uint32_t i = 0; i < leaves; ++i) {
      base::append_printf(out, " %lld", static_cast<long long>(base::load_be32(page.data() + 8 + 4 * i)));
    }
    out.append('\n');
    trunk = PageNo(base::load_be32(page.data()));
  }
  return {};
}

}  // namespace perlite::btree
