// btree/page_layout.h: a b-tree page and its cells, decoded with every number bounded.
//
// Layout (docs/format/btree.md; all integers big-endian, all offsets from the start of the page):
//   header at byte 100 on page 1, else at 0
//     0  u8   type: 2 index interior, 5 table interior, 10 index leaf, 13 table leaf
//     1  u16  first freeblock, 0 none
//     3  u16  cell count
//     5  u16  start of the cell content, 0 = 65536
//     7  u8   fragmented free bytes
//     8  u32  right-most child (interior only)
//   cell pointers (u16 each, in key order), unallocated gap, cell content, reserved bytes
//   cells
//     table leaf      varint payload size, varint rowid, local payload, [u32 overflow page]
//     table interior  u32 left child, varint rowid
//     index leaf      varint payload size, local payload, [u32 overflow page]
//     index interior  u32 left child, then as index leaf
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "pager/page_ref.h"

namespace perlite::btree {

inline constexpr std::uint8_t kIndexInterior = 2;
inline constexpr std::uint8_t kTableInterior = 5;
inline constexpr std::uint8_t kIndexLeaf = 10;
inline constexpr std::uint8_t kTableLeaf = 13;

inline constexpr std::uint32_t kMinCellSize = 4;    // what a cell takes at least
inline constexpr std::uint32_t kMaxFragments = 60;  // bytes on one page
inline constexpr std::uint32_t kMaxPayloadSize = 2147483647;
inline constexpr std::uint32_t kFileHeaderSize = 100;

constexpr std::uint32_t header_offset(PageNo page) noexcept { return page.value == 1 ? kFileHeaderSize : 0; }

// How much of a payload stays in a page of U usable bytes.
struct SpillRule {
  std::uint32_t max_local = 0;
  std::uint32_t min_local = 0;
  std::uint32_t usable_size = 0;

  static SpillRule of(bool table_leaf, std::uint32_t usable_size) noexcept {
    return {table_leaf ? usable_size - 35 : (usable_size - 12) * 64 / 255 - 23, (usable_size - 12) * 32 / 255 - 23,
            usable_size};
  }
  std::uint32_t local_size(std::uint32_t payload_size) const noexcept {
    if (payload_size <= max_local) return payload_size;
    const std::uint32_t wanted = min_local + (payload_size - min_local) % (usable_size - 4);
    return wanted <= max_local ? wanted : min_local;
  }
};

// Decodes the varint at p; pager::kFrameSlack bytes behind the page make it safe at any offset inside.
inline int get_varint_wide(const std::byte* p, std::uint64_t* value) noexcept {
  const auto b0 = static_cast<std::uint8_t>(p[0]);
  if (b0 < 0x80) {
    *value = b0;
    return 1;
  }
  const auto b1 = static_cast<std::uint8_t>(p[1]);
  std::uint32_t v = static_cast<std::uint32_t>(b0 & 0x7f) << 7;
  if (b1 < 0x80) {
    *value = v | b1;
    return 2;
  }
  const auto b2 = static_cast<std::uint8_t>(p[2]);
  v = (v | (b1 & 0x7f)) << 7;
  if (b2 < 0x80) {
    *value = v | b2;
    return 3;
  }
  const auto b3 = static_cast<std::uint8_t>(p[3]);
  v = (v | (b2 & 0x7f)) << 7;
  if (b3 < 0x80) {
    *value = v | b3;
    return 4;
  }
  return base::get_varint_slow(p, p + base::kMaxVarintBytes, value);
}

// A page whose header is sound: the pointer array lies inside the page. What the pointers say is not looked at yet.
struct Node {
  const std::byte* data = nullptr;
  std::uint32_t header = 0;    // offset
  std::uint32_t pointers = 0;  // offset of the cell pointer array
  std::uint32_t cell_count = 0;
  std::uint32_t usable_size = 0;
  std::uint8_t type = 0;
  bool leaf = false;
  bool table = false;

  std::uint32_t pointers_end() const noexcept { return pointers + 2 * cell_count; }
  std::uint32_t capacity() const noexcept { return usable_size - pointers; }  // for cells and their pointers
  std::uint32_t content_start() const noexcept {
    const std::uint32_t start = base::load_be16(data + header + 5);
    return start == 0 ? 65536 : start;
  }
  std::uint32_t first_freeblock() const noexcept { return base::load_be16(data + header + 1); }
  std::uint32_t fragments() const noexcept { return static_cast<std::uint8_t>(data[header + 7]); }
  PageNo right_child() const noexcept { return PageNo(base::load_be32(data + header + 8)); }
  std::uint32_t cell_offset(std::uint32_t index) const noexcept { return base::load_be16(data + pointers + 2 * index); }
  // Child `index` of an interior page, 0..cell_count; 0 when its cell pointer is bad.
  PageNo child(std::uint32_t index) const noexcept {
    if (index == cell_count) return right_child();
    const std::uint32_t offset = cell_offset(index);
    return offset > usable_size - 4 ? PageNo(0) : PageNo(base::load_be32(data + offset));
  }
};

// False when the bytes are no b-tree page of this usable size.
inline bool decode_node(const std::byte* data, PageNo page, std::uint32_t usable_size, Node* node) noexcept {
  const std::uint32_t header = header_offset(page);
  const auto type = static_cast<std::uint8_t>(data[header]);
  const bool leaf = (type & 8) != 0;
  const bool table = (type & 1) != 0;
  if ((type & ~8u) != (table ? 5u : 2u)) return false;
  node->data = data;
  node->header = header;
  node->pointers = header + (leaf ? 8 : 12);
  node->cell_count = base::load_be16(data + header + 3);
  node->usable_size = usable_size;
  node->type = type;
  node->leaf = leaf;
  node->table = table;
  return node->pointers_end() <= usable_size;
}
inline bool decode_node(const pager::PageRef& page, std::uint32_t usable_size, Node* node) noexcept {
  return decode_node(page.data(), page.number(), usable_size, node);
}

struct Cell {
  std::uint32_t size = 0;            // bytes it takes on the page, at least kMinCellSize
  std::uint32_t exact_size = 0;      // bytes that mean something
  std::uint32_t payload_offset = 0;  // from the start of the cell
  std::uint32_t payload_size = 0;    // 0 in table interiors
  std::uint32_t local_size = 0;
  std::int64_t rowid = 0;  // tables
  PageNo left_child;       // interiors
  PageNo overflow;         // 0 none

  bool has_overflow() const noexcept { return local_size != payload_size; }
};

// Decodes the cell at p; `room` is the number of bytes from p to the end of the usable page, at least 4.
// False when it is malformed or does not fit.
inline bool decode_cell(const std::byte* p, std::uint32_t room, bool leaf, bool table, std::uint32_t usable_size,
                        Cell* cell) noexcept {
  std::uint32_t at = 0;
  cell->left_child = PageNo(0);
  cell->overflow = PageNo(0);
  cell->rowid = 0;
  if (!leaf) {
    cell->left_child = PageNo(base::load_be32(p));
    at = 4;
  }
  if (table && !leaf) {
    std::uint64_t rowid;
    at += static_cast<std::uint32_t>(get_varint_wide(p + at, &rowid));
    cell->rowid = static_cast<std::int64_t>(rowid);
    cell->payload_offset = at;
    cell->payload_size = cell->local_size = 0;
    cell->size = cell->exact_size = at;
    return at <= room;
  }
  std::uint64_t payload_size;
  at += static_cast<std::uint32_t>(get_varint_wide(p + at, &payload_size));
  if (payload_size > kMaxPayloadSize) return false;
  if (table) {
    std::uint64_t rowid;
    at += static_cast<std::uint32_t>(get_varint_wide(p + at, &rowid));
    cell->rowid = static_cast<std::int64_t>(rowid);
  }
  cell->payload_offset = at;
  cell->payload_size = static_cast<std::uint32_t>(payload_size);
  // An eighth of the page is local by every rule: mostly there is nothing to compute.
  cell->local_size = cell->payload_size <= usable_size / 8
                         ? cell->payload_size
                         : SpillRule::of(table, usable_size).local_size(cell->payload_size);
  std::uint32_t size = at + cell->local_size;
  if (cell->has_overflow()) {
    size += 4;
    if (size > room) return false;
    cell->overflow = PageNo(base::load_be32(p + size - 4));
  }
  cell->exact_size = size;
  cell->size = size < kMinCellSize ? kMinCellSize : size;
  return cell->size <= room;
}

// Cell `index` of a node. False when it is malformed, or overlaps the header or the pointer array.
inline bool decode_cell(const Node& node, std::uint32_t index, Cell* cell) noexcept {
  const std::uint32_t offset = node.cell_offset(index);
  if (offset < node.pointers_end() || offset > node.usable_size - 4) return false;
  return decode_cell(node.data + offset, node.usable_size - offset, node.leaf, node.table, node.usable_size, cell);
}

// What cell `index` takes on the page: Cell::size, without what else decode_cell() finds out, under its conditions.
inline bool decode_cell_size(const Node& node, std::uint32_t index, std::uint32_t* size) noexcept {
  const std::uint32_t offset = node.cell_offset(index);
  if (offset < node.pointers_end() || offset > node.usable_size - 4) return false;
  const std::byte* const p = node.data + offset;
  std::uint32_t payload_size = static_cast<std::uint8_t>(p[0]);
  std::uint32_t at = 1;
  if (payload_size >= 0x80) {
    payload_size = (payload_size & 0x7f) << 7 | (static_cast<std::uint8_t>(p[1]) & 0x7f);
    at = 2;
  }
  if (!node.leaf || payload_size > node.usable_size / 8 || (at == 2 && static_cast<std::uint8_t>(p[1]) >= 0x80)) {
    Cell cell;
    if (!decode_cell(p, node.usable_size - offset, node.leaf, node.table, node.usable_size, &cell)) return false;
    *size = cell.size;
    return true;
  }
  if (node.table) {
    const std::uint32_t end = at + base::kMaxVarintBytes;
    while (static_cast<std::uint8_t>(p[at++]) >= 0x80 && at < end) {
    }
  }
  *size = at + payload_size < kMinCellSize ? kMinCellSize : at + payload_size;
  return *size <= node.usable_size - offset;
}

}  // namespace perlite::btree
