#include "btree/tree_editor.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "btree/pointer_map.h"
#include "pager/store.h"

namespace perlite::btree {

using base::load_be32;
using base::MutableBytes;
using base::store_be16;
using base::store_be32;
using pager::PageRef;

bool wipes_deleted_cells(const pager::View& view) noexcept {
  return view.store().secure_delete() != pager::SecureDelete::Off;
}

Status TreeEditor::begin() {
  PL_ASSIGN(mapped_, has_pointer_map(view_));
  return {};
}

// ---- One page -----------------------------------------------------------------------------------------------------

namespace {

// What an edit needs of a page, and what it gives back. False when the page is corrupt.
struct Balance {
  std::uint32_t needed = 0;
  std::uint32_t available = 0;
};
bool weigh(const Node& node, const Edit& edit, Balance* balance) noexcept {
  if (edit.first + edit.remove > node.cell_count) return false;
  const int free = free_space(node);
  if (free < 0) return false;
  balance->available = static_cast<std::uint32_t>(free);
  for (std::uint32_t i = 0; i < edit.remove; ++i) {
    Cell cell;
    if (!decode_cell(node, edit.first + i, &cell)) return false;
    balance->available += cell.size + 2;
  }
  for (const CellBytes& cell : edit.insert) balance->needed += cell.size + 2;
  return true;
}

Status corrupt_page(PageNo) { return Status::corrupt("btree page: malformed"); }

}  // namespace

Result<bool> TreeEditor::stays_in_place(int depth, const Edit& edit) {
  Node node;
  Balance balance;
  if (!cursor_.node_at(depth, &node) || !weigh(node, edit, &balance)) {
    return corrupt_page(cursor_.level(depth)->page.number());
  }
  if (balance.needed > balance.available) return false;
  return depth == 0 || !is_sparse(balance.available - balance.needed, node.usable_size);
}

Status TreeEditor::apply(int depth, const Edit& edit) {
  Cursor::Level& here = *cursor_.level(depth);
  const PageNo number = here.page.number();
  PL_ASSIGN(const MutableBytes bytes, here.page.writable());
  std::byte* data = bytes.data();
  Node node;
  Balance balance;
  if (!cursor_.node_at(depth, &node) || !weigh(node, edit, &balance)) return corrupt_page(number);

  if (edit.child_after.value != 0) {
    if (node.leaf) return corrupt_page(number);
    const std::uint32_t child_index = edit.first + edit.remove;
    if (child_index == node.cell_count) {
      store_be32(data + node.header + 8, edit.child_after.value);
    } else {
      const std::uint32_t offset = node.cell_offset(child_index);
      if (offset < node.pointers_end() || offset > node.usable_size - 4) return corrupt_page(number);
      store_be32(data + offset, edit.child_after.value);
    }
    if (mapped_) PL_TRY(write_pointer(view_, edit.child_after, PointerType::Child, number));
  }
  if (balance.needed > balance.available) {
    if (depth > 0) return rebalance(depth, edit);
    PL_TRY(grow_root(edit));
    return apply(1, edit);
  }

  for (std::uint32_t i = 0; i < edit.remove; ++i) {
    Cell cell;
    if (!decode_cell(node, edit.first, &cell) ||
        !remove_cell(data, node, edit.first, cell.size, wipes_deleted_cells(view_))) {
      return corrupt_page(number);
    }
  }
  std::uint32_t index = edit.first;
  for (const CellBytes& cell : edit.insert) {
    std::uint32_t offset;
    if (insert_cell(data, node, index, cell.size, &offset) != Placed::Done) return corrupt_page(number);
    std::memcpy(data + offset, cell.data, cell.size);
    ++index;
    if (mapped_) PL_TRY(register_cell(number, node.leaf, node.table, cell));
  }
  here.cell_count = node.cell_count;
  return settle(depth);
}

Status TreeEditor::settle(int depth) {
  Node node;
  if (!cursor_.node_at(depth, &node)) return corrupt_page(cursor_.level(depth)->page.number());
  if (depth == 0) return !node.leaf && node.cell_count == 0 ? shrink_root() : Status();
  const int free = free_space(node);
  if (free < 0) return corrupt_page(cursor_.level(depth)->page.number());
  if (node.cell_count > 0 && !is_sparse(static_cast<std::uint32_t>(free), node.usable_size)) return {};
  return rebalance(depth, Edit{});
}

Result<PageRef> TreeEditor::new_page() {
  PL_ASSIGN(PageRef page, allocate_page(view_));
  for (int depth = 0; depth < cursor_.depth_; ++depth) {
    if (cursor_.level(depth)->page.number() == page.number()) return Status::corrupt("freelist: page in use");
  }
  return page;
}

Status TreeEditor::register_cell(PageNo page, bool leaf, bool table, const CellBytes& bytes) {
  if (!leaf) PL_TRY(write_pointer(view_, PageNo(load_be32(bytes.data)), PointerType::Child, page));
  if (table && !leaf) return {};
  Cell cell;
  if (!decode_cell(bytes.data, bytes.size, leaf, table, view_.usable_size(), &cell)) return corrupt_page(page);
  if (!cell.has_overflow()) return {};
  return write_pointer(view_, cell.overflow, PointerType::OverflowFirst, page);
}

Status TreeEditor::register_page(const PageRef& page, std::uint32_t skip_first, std::uint32_t skip_count) {
  Node node;
  if (!decode_node(page, view_.usable_size(), &node)) return corrupt_page(page.number());
  for (std::uint32_t i = 0; i < node.cell_count; ++i) {
    if (i - skip_first < skip_count) continue;
    Cell cell;
    if (!decode_cell(node, i, &cell)) return corrupt_page(page.number());
    PL_TRY(register_cell(page.number(), node.leaf, node.table, {node.data + node.cell_offset(i), cell.size}));
  }
  if (node.leaf) return {};
  return write_pointer(view_, node.right_child(), PointerType::Child, page.number());
}

// ---- The root -----------------------------------------------------------------------------------------------------

// The content of the root moves into a new page, its only child. `edit` is what will be done there next: the cells it
// removes point to what already belongs to others (E3).
Status TreeEditor::grow_root(const Edit& edit) {
  if (cursor_.depth_ == kMaxDepth) return Status::corrupt("btree: too deep");
  PL_ASSIGN(PageRef child, new_page());
  Cursor::Level& root = *cursor_.level(0);
  PL_ASSIGN(const MutableBytes child_bytes, child.writable());
  PL_ASSIGN(const MutableBytes root_bytes, root.page.writable());
  Node node;
  if (!cursor_.node_at(0, &node)) return corrupt_page(root.page.number());
  const std::uint32_t content_start = node.content_start();
  if (content_start < node.pointers_end() || content_start > node.usable_size) return corrupt_page(root.page.number());

  // The content keeps its offsets; header and pointers come to the start of the page, which differs for page 1 only.
  const std::uint32_t head_size = node.pointers_end() - node.header;
  std::memcpy(child_bytes.data(), node.data + node.header, head_size);
  std::memset(child_bytes.data() + head_size, 0, content_start - head_size);
  std::memcpy(child_bytes.data() + content_start, node.data + content_start, node.usable_size - content_start);
  if (mapped_) {
    PL_TRY(write_pointer(view_, child.number(), PointerType::Child, root.page.number()));
    PL_TRY(register_page(child, edit.first, edit.remove));
  }
  std::memset(root_bytes.data() + node.pointers, 0, node.usable_size - node.pointers);
  format_page(root_bytes.data(), root.page.number(), node.table ? kTableInterior : kIndexInterior, node.usable_size);
  store_be32(root_bytes.data() + node.header + 8, child.number().value);

  // Every level of the path goes one down.
  for (int depth = cursor_.depth_; depth > 1; --depth) {
    if (depth == cursor_.depth_) {
      ::new (cursor_.level(depth)) Cursor::Level(std::move(*cursor_.level(depth - 1)));
    } else {
      *cursor_.level(depth) = std::move(*cursor_.level(depth - 1));
    }
  }
  if (cursor_.depth_ == 1) {
    ::new (cursor_.level(1)) Cursor::Level{std::move(child), root.index, root.cell_count};
  } else {
    *cursor_.level(1) = Cursor::Level{std::move(child), root.index, root.cell_count};
  }
  ++cursor_.depth_;
  root.index = 0;
  root.cell_count = 0;
  return {};
}

// The root has no cells and one child: it takes the child's content in. Where page 1 is too small for it, the root
// stays as it is, which only page 1 may.
Status TreeEditor::shrink_root() {
  Cursor::Level& root = *cursor_.level(0);
  PL_ASSIGN(const MutableBytes root_bytes, root.page.writable());
  Node root_node;
  if (!cursor_.node_at(0, &root_node)) return corrupt_page(root.page.number());
  const PageNo child_number = root_node.right_child();
  if (child_number.value < 2) return corrupt_page(root.page.number());
  PL_ASSIGN(PageRef child, view_.fetch(child_number));
  Node node;
  if (!decode_node(child, view_.usable_size(), &node) || node.table != root_node.table)
    return corrupt_page(child_number);
  const int free = free_space(node);
  if (free < 0) return corrupt_page(child_number);
  const std::uint32_t header = root_node.header;
  if (static_cast<std::uint32_t>(free) < header) return {};
  if (node.content_start() - node.pointers_end() < header) {
    PL_ASSIGN(const MutableBytes child_bytes, child.writable());
    if (!decode_node(child, view_.usable_size(), &node) || !defragment(child_bytes.data(), node)) {
      return corrupt_page(child_number);
    }
  }
  path_intact_ = false;
  const std::uint32_t content_start = node.content_start();
  const std::uint32_t head_size = node.pointers_end();
  if (content_start < head_size + header) return corrupt_page(child_number);
  std::memcpy(root_bytes.data() + header, node.data, head_size);
  std::memset(root_bytes.data() + header + head_size, 0, content_start - header - head_size);
  std::memcpy(root_bytes.data() + content_start, node.data + content_start, node.usable_size - content_start);
  if (mapped_) PL_TRY(register_page(root.page));
  return free_page(view_, child_number);
}

// ---- Several pages ------------------------------------------------------------------------------------------------

namespace {

constexpr std::uint32_t kMaxWindow = 3;
// Three pages and an edit of a few cells never need more.
constexpr std::uint32_t kMaxTargets = 8;

// Cells first .. end - 1 of the row of pieces.
struct Range {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  std::uint32_t bytes = 0;  // with their pointers

  std::uint32_t count() const noexcept { return end - first; }
};

struct Partition {
  std::array<Range, kMaxTargets> ranges;
  std::uint32_t count = 0;
};

// How the pieces are to lie.
enum class Spread : std::uint8_t {
  Tight,    // on as few pages as hold them
  Roomy,    // on one more when these would be nearly full: the next insert shall not deal them out again
  Growing,  // as Roomy, with room for more: where one entry became longer, its neighbours are likely to follow
  InOrder,  // full pages, the last one excepted (E2)
};

// Adds the cells first .. end - 1 of a page to the pieces. False when one of them is malformed.
bool gather_cells(const Node& page, std::uint32_t first, std::uint32_t end, Vector<CellBytes>* pieces) {
  if (first >= end) return true;
  const Node node = page;  // which nothing else can change meanwhile
  const std::size_t before = pieces->size();
  pieces->resize(before + (end - first));
  CellBytes* piece = pieces->data() + before;
  for (std::uint32_t i = first; i < end; ++i, ++piece) {
    piece->data = node.data + node.cell_offset(i);
    if (!decode_cell_size(node, i, &piece->size)) return false;
  }
  return true;
}

// Fills pages of `limit` bytes from the left. With `separators`, the piece between two pages goes to the parent.
bool fill(std::span<const CellBytes> pieces, bool separators, std::uint32_t limit, Partition* out) noexcept {
  out->count = 1;
  out->ranges[0] = {};
  const auto total = static_cast<std::uint32_t>(pieces.size());
  for (std::uint32_t piece = 0; piece < total; ++piece) {
    const std::uint32_t cost = pieces[piece].size + 2;
    Range* range = &out->ranges[out->count - 1];
    if (cost > limit) return false;
    if (range->bytes + cost > limit) {
      if (out->count == kMaxTargets) return false;
      range->end = piece;
      ++out->count;
      ++range;
      *range = {separators ? piece + 1 : piece, 0, 0};
      if (separators) continue;
    }
    range->bytes += cost;
  }
  out->ranges[out->count - 1].end = total;
  return true;
}

// Fills `count` pages alike, `bytes` in all. False when one of them would get too much or nothing.
bool fill_evenly(std::span<const CellBytes> pieces, bool separators, std::uint32_t count, std::uint32_t bytes,
                 std::uint32_t capacity, Partition* out) noexcept {
  const auto total = static_cast<std::uint32_t>(pieces.size());
  const std::uint32_t share = bytes / count;
  std::uint32_t piece = 0;
  std::uint32_t dealt = 0;
  out->count = count;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t start = dealt;
    const std::uint32_t aim = i + 1 == count ? bytes : share * (i + 1);
    Range& range = out->ranges[i];
    range.first = piece;
    while (piece < total && dealt + (pieces[piece].size + 2) / 2 < aim) dealt += pieces[piece++].size + 2;
    range.end = piece;
    range.bytes = dealt - start;
    if (range.count() == 0 || range.bytes > capacity) return false;
    if (separators && i + 1 < count) {
      if (piece == total) return false;
      dealt += pieces[piece++].size + 2;
    }
  }
  return piece == total;
}

// Deals the pieces out over pages of `capacity` bytes.
// False when they do not fit, which sound pages never cause.
bool deal_out(std::span<const CellBytes> pieces, bool separators, Spread spread, bool leaf, std::uint32_t capacity,
              Partition* out) noexcept {
  if (spread != Spread::InOrder) {
    std::uint32_t bytes = 0;
    for (const CellBytes& piece : pieces) bytes += piece.size + 2;
    const std::uint32_t spare = spread == Spread::Growing ? capacity / 8 : spread == Spread::Roomy ? capacity / 16 : 0;
    const std::uint32_t count = (bytes + capacity - spare - 1) / (capacity - spare);
    if (count < kMaxTargets && fill_evenly(pieces, separators, count, bytes, capacity, out)) return true;
  }
  const auto cost = [pieces](std::uint32_t index) { return pieces[index].size + 2; };
  if (!fill(pieces, separators, capacity, out)) return false;
  if (spread == Spread::Roomy || spread == Spread::Growing) {
    const std::uint32_t spare = capacity / (spread == Spread::Growing ? 8 : 16);
    std::uint32_t bytes = 0;
    std::uint32_t greatest = 0;
    for (const CellBytes& piece : pieces) {
      bytes += piece.size + 2;
      greatest = std::max(greatest, piece.size + 2);
    }
    if (out->count < kMaxTargets - 1 && bytes > out->count * (capacity - spare)) {
      const std::uint32_t limit = bytes / (out->count + 1) + greatest;
      if (limit < capacity && !fill(pieces, separators, limit, out)) return false;
    }
  }
  const bool in_order = spread == Spread::InOrder;

  // Then evened out from the right; rows in order leave full pages behind instead (E2).
  const std::uint32_t least = in_order && !leaf ? 2 : 1;
  for (std::uint32_t i = out->count - 1; i > 0; --i) {
    Range& left = out->ranges[i - 1];
    Range& right = out->ranges[i];
    while (left.count() > 1) {
      const std::uint32_t last = left.end - 1;
      const std::uint32_t moved = cost(separators ? left.end : last);
      const std::uint32_t new_right = right.bytes + moved;
      const std::uint32_t new_left = left.bytes - cost(last);
      if (new_right > capacity) break;
      if (right.count() >= least && (in_order || new_right > new_left)) break;
      --left.end;
      --right.first;
      left.bytes = new_left;
      right.bytes = new_right;
    }
    if (right.count() == 0) return false;
  }
  return out->ranges[0].count() > 0;
}

}  // namespace

Status TreeEditor::rebalance(int depth, const Edit& edit) {
  const std::uint32_t usable_size = view_.usable_size();
  Cursor::Level& parent = *cursor_.level(depth - 1);
  Node parent_node;
  if (!cursor_.node_at(depth - 1, &parent_node) || parent_node.leaf || parent.index > parent_node.cell_count) {
    return corrupt_page(parent.page.number());
  }
  Node edited;
  if (!cursor_.node_at(depth, &edited)) return corrupt_page(cursor_.level(depth)->page.number());
  const bool leaf = edited.leaf;
  const bool table = edited.table;
  const bool separators = !(leaf && table);  // table leaves keep all their cells: keys in parents are copies

  // The window: children first_child .. last_child of the parent.
  const std::uint32_t child_count = parent_node.cell_count + 1;
  const bool in_order = edit.remove == 0 && !edit.insert.empty() && edit.first == edited.cell_count &&
                        parent.index == parent_node.cell_count;
  std::uint32_t first_child = parent.index;
  std::uint32_t last_child = parent.index;
  if (!in_order) {
    if (first_child > 0) --first_child;
    if (first_child > 0 && last_child + 1 == child_count) --first_child;
    last_child = std::min(first_child + kMaxWindow, child_count) - 1;
  }
  const std::uint32_t source_count = last_child - first_child + 1;

  // Copies of the pages, then of the separators; cells are dealt out of these.
  const std::size_t page_room = view_.page_size() + pager::kFrameSlack;
  const std::size_t separator_room = usable_size / 2 + 64;
  const base::ByteBuffer scratch = base::make_buffer(source_count * (page_room + separator_room));
  std::byte* const separator_bytes = scratch.get() + source_count * page_room;

  struct Source {
    PageNo number;
    PageNo right_child;
    std::uint32_t first_piece = 0;
    std::uint32_t end_piece = 0;
    bool edited = false;
  };
  std::array<Source, kMaxWindow> sources;
  Vector<PageRef> pages;
  pages.reserve(kMaxTargets);
  std::size_t piece_count = edit.insert.size() + kMaxWindow;
  std::array<Node, kMaxWindow> nodes;
  for (std::uint32_t j = 0; j < source_count; ++j) {
    const PageNo number = parent_node.child(first_child + j);
    for (int d = 0; d < depth; ++d) {
      if (number == cursor_.level(d)->page.number()) return corrupt_page(number);
    }
    for (std::uint32_t i = 0; i < j; ++i) {
      if (number == sources[i].number) return corrupt_page(number);
    }
    if (number.value < 2) return corrupt_page(parent.page.number());
    sources[j].number = number;
    sources[j].edited = first_child + j == parent.index;
    if (sources[j].edited && number != cursor_.level(depth)->page.number()) return corrupt_page(parent.page.number());
    PL_ASSIGN(PageRef page, view_.fetch(number));
    std::byte* copy = scratch.get() + j * page_room;
    std::memcpy(copy, page.data(), page_room);
    if (!decode_node(copy, number, usable_size, &nodes[j]) || nodes[j].leaf != leaf || nodes[j].table != table) {
      return corrupt_page(number);
    }
    if (!leaf) sources[j].right_child = nodes[j].right_child();
    piece_count += nodes[j].cell_count;
    pages.push_back(std::move(page));
  }

  Vector<CellBytes> pieces;
  pieces.reserve(piece_count);
  for (std::uint32_t j = 0; j < source_count; ++j) {
    const Node& node = nodes[j];
    sources[j].first_piece = static_cast<std::uint32_t>(pieces.size());
    std::uint32_t next_cell = 0;
    if (sources[j].edited) {
      if (!gather_cells(node, 0, edit.first, &pieces)) return corrupt_page(sources[j].number);
      pieces.insert(pieces.end(), edit.insert.begin(), edit.insert.end());
      next_cell = edit.first + edit.remove;
    }
    if (!gather_cells(node, next_cell, node.cell_count, &pieces)) return corrupt_page(sources[j].number);
    sources[j].end_piece = static_cast<std::uint32_t>(pieces.size());
    if (!separators || j + 1 == source_count) continue;
    Cell cell;
    if (!decode_cell(parent_node, first_child + j, &cell) || cell.size > separator_room - pager::kFrameSlack) {
      return corrupt_page(parent.page.number());
    }
    std::byte* copy = separator_bytes + j * separator_room;
    std::memset(copy, 0, separator_room);
    const std::byte* cell_bytes = parent_node.data + parent_node.cell_offset(first_child + j);
    if (leaf) {
      const std::uint32_t exact_size = cell.exact_size - 4;
      std::memcpy(copy, cell_bytes + 4, exact_size);
      pieces.push_back({copy, std::max(exact_size, kMinCellSize)});
    } else {
      std::memcpy(copy, cell_bytes, cell.size);
      store_be32(copy, sources[j].right_child.value);
      pieces.push_back({copy, cell.size});
    }
  }

  const Spread spread = in_order                               ? Spread::InOrder
                        : edit.insert.size() > edit.remove     ? Spread::Roomy
                        : leaf && !edit.insert.empty()         ? Spread::Growing
                                                               : Spread::Tight;
  // The only child of page 1, too small now to be worth a page: the root may take it in.
  if (pieces.empty() && source_count == 1) {
    return apply(depth - 1, Edit{first_child, 0, {}, sources[0].number});
  }
  Partition partition;
  if (pieces.empty() || !deal_out(pieces, separators, spread, leaf, usable_size - (leaf ? 8 : 12), &partition)) {
    return corrupt_page(parent.page.number());
  }
  const std::uint32_t target_count = partition.count;

  // Pages to write to: the old ones and, where needed, new ones, in ascending order so that scans read ahead.
  while (pages.size() < target_count) {
    PL_ASSIGN(PageRef page, new_page());
    for (const PageRef& other : pages) {
      if (other.number() == page.number()) return Status::corrupt("freelist: page in use");
    }
    pages.push_back(std::move(page));
  }
  if (!in_order) {
    std::sort(pages.begin(), pages.end(), [](const PageRef& a, const PageRef& b) { return a.number() < b.number(); });
  }

  path_intact_ = false;
  cursor_.pop_to(depth);
  const PageNo last_right_child = sources[source_count - 1].right_child;
  const std::uint8_t type = edited.type;
  Vector<std::byte> parent_bytes;
  std::array<std::uint32_t, kMaxTargets> parent_cell_sizes{};
  for (std::uint32_t i = 0; i < target_count; ++i) {
    const Range& range = partition.ranges[i];
    const std::span<const CellBytes> cells = std::span(pieces).subspan(range.first, range.count());
    const bool is_last = i + 1 == target_count;
    PageNo right_child;
    if (!leaf) right_child = is_last ? last_right_child : PageNo(load_be32(pieces[range.end].data));

    bool unchanged = false;
    for (std::uint32_t j = 0; j < source_count; ++j) {
      const Source& source = sources[j];
      unchanged = unchanged || (source.number == pages[i].number() && source.first_piece == range.first &&
                                source.end_piece == range.end && source.right_child == right_child &&
                                (!source.edited || (edit.remove == 0 && edit.insert.empty())));
    }
    // In-order rows leave the page they overflowed as it was.
    if (in_order && i == 0 && range.first == 0 && range.end == sources[0].end_piece - edit.insert.size() &&
        right_child == sources[0].right_child) {
      unchanged = true;
    }
    if (!unchanged) {
      PL_ASSIGN(const MutableBytes bytes, pages[i].writable());
      write_page(bytes.data(), pages[i].number(), type, usable_size, cells, right_child);
      if (mapped_) {
        for (const CellBytes& cell : cells) PL_TRY(register_cell(pages[i].number(), leaf, table, cell));
        if (!leaf) PL_TRY(write_pointer(view_, right_child, PointerType::Child, pages[i].number()));
      }
    }
    if (is_last) break;

    // The parent's cell between this page and the next.
    std::byte small[4 + base::kMaxVarintBytes];
    const std::byte* source_bytes = small;
    std::uint32_t size;
    std::uint32_t skip = 0;  // bytes that stand for the child in front of source_bytes
    if (!separators) {
      Cell cell;
      const CellBytes& last = pieces[range.end - 1];
      if (!decode_cell(last.data, last.size, leaf, table, usable_size, &cell)) return corrupt_page(pages[i].number());
      size = 4 + static_cast<std::uint32_t>(base::put_varint(small + 4, static_cast<std::uint64_t>(cell.rowid)));
    } else if (leaf) {
      Cell cell;
      const CellBytes& separator = pieces[range.end];
      if (!decode_cell(separator.data, separator.size, leaf, table, usable_size, &cell)) {
        return corrupt_page(pages[i].number());
      }
      source_bytes = separator.data;
      skip = 4;
      size = 4 + cell.exact_size;
    } else {
      source_bytes = pieces[range.end].data;
      size = pieces[range.end].size;
    }
    const std::size_t at = parent_bytes.size();
    parent_bytes.resize(at + size);
    std::memcpy(parent_bytes.data() + at + skip, source_bytes, size - skip);
    store_be32(parent_bytes.data() + at, pages[i].number().value);
    parent_cell_sizes[i] = size;
  }
  for (std::uint32_t i = target_count; i < pages.size(); ++i) PL_TRY(free_page(view_, pages[i].number()));

  // A varint at the end may be read wide.
  const std::size_t parent_size = parent_bytes.size();
  parent_bytes.resize(parent_size + pager::kFrameSlack);
  std::array<CellBytes, kMaxTargets> parent_cells;
  std::size_t at = 0;
  for (std::uint32_t i = 0; i + 1 < target_count; ++i) {
    parent_cells[i] = {parent_bytes.data() + at, parent_cell_sizes[i]};
    at += parent_cell_sizes[i];
  }
  const PageNo last_page = pages[target_count - 1].number();
  pages.clear();
  return apply(depth - 1, Edit{first_child, last_child - first_child,
                               std::span<const CellBytes>(parent_cells.data(), target_count - 1), last_page});
}

Status TreeEditor::append_table_leaf(std::span<const std::byte> cell_bytes) {
  const int depth = cursor_.depth_ - 1;
  PL_ASSERT(depth > 0);
  PL_ASSIGN(PageRef page, new_page());
  PL_ASSIGN(const MutableBytes bytes, page.writable());
  Cursor::Level& leaf = *cursor_.level(depth);
  Cursor::Level& parent = *cursor_.level(depth - 1);
  Node node;
  Cell last;
  if (!cursor_.node_at(depth, &node) || node.cell_count == 0 || !decode_cell(node, node.cell_count - 1, &last)) {
    return corrupt_page(leaf.page.number());
  }
  const CellBytes cell{cell_bytes.data(), static_cast<std::uint32_t>(cell_bytes.size())};
  if (cell.size + 2 > view_.usable_size() - 8) return corrupt_page(leaf.page.number());
  write_page(bytes.data(), page.number(), kTableLeaf, view_.usable_size(), std::span(&cell, 1), PageNo(0));
  if (mapped_) PL_TRY(register_cell(page.number(), true, true, cell));

  std::byte separator[4 + base::kMaxVarintBytes + pager::kFrameSlack] = {};
  store_be32(separator, leaf.page.number().value);
  const int key_size = base::put_varint(separator + 4, static_cast<std::uint64_t>(last.rowid));
  const CellBytes parent_cell{separator, 4 + static_cast<std::uint32_t>(key_size)};
  const std::uint32_t separator_index = parent.cell_count;
  const PageNo number = page.number();
  // From here on the path may only be used when the parent took the separator in place.
  PL_TRY(apply(depth - 1, Edit{separator_index, 0, std::span(&parent_cell, 1), number}));
  if (!path_intact_ || cursor_.depth_ != depth + 1) {
    path_intact_ = false;
    return {};
  }
  parent.index = parent.cell_count;
  leaf = Cursor::Level{std::move(page), 0, 1};
  return {};
}

}  // namespace perlite::btree
