// btree/page_edit.h: space inside one b-tree page: giving it to cells, taking it back, packing it.
//
// All functions work on the bytes of PageRef::writable(). The rules of the format (docs/format/btree.md, "Space"):
//   S1  Unallocated gap + freeblocks + fragments + cells = usable size - header - pointer array.
//   S2  Freeblocks ascend, are at least 4 bytes long and at least 4 bytes apart; none begins at the content start.
//   S3  The header counts the fragment bytes exactly, at most kMaxFragments.
// Pages that break them are corrupt; the functions find that out before they write, or write inside the page only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "btree/page_layout.h"

namespace perlite::btree {

// An empty page of a type; interior pages get right child 0.
void format_page(std::byte* data, PageNo page, std::uint8_t type, std::uint32_t usable_size) noexcept;

// Bytes free for cells and pointers, or -1 when the bookkeeping of the page is broken.
int free_space(const Node& node) noexcept;

enum class Placed : std::uint8_t { Done, NoRoom, Corrupt };

// Makes room for a cell of `size` (>= kMinCellSize) bytes, as cell `index`; `*offset` gets the place, whose bytes the
// caller writes. Packs the page where needed. `node` describes `data` and is brought up to date.
Placed insert_cell(std::byte* data, Node& node, std::uint32_t index, std::uint32_t size,
                   std::uint32_t* offset) noexcept;

// insert_cell() on a leaf with room between its pointers and its cells, which is known to be of `type` with
// `cell_count` cells; the pointers begin at offset `pointers`. False when it is not so: nothing was changed.
inline bool append_cell(std::byte* data, std::uint32_t pointers, std::uint8_t type, std::uint32_t cell_count,
                        std::uint32_t index, std::uint32_t size, std::uint32_t usable_size,
                        std::uint32_t* offset) noexcept {
  std::byte* const header = data + pointers - 8;
  const std::uint32_t content_start = base::load_be16(header + 5);  // 0, which is 65536, is left to insert_cell()
  const std::uint32_t pointers_end = pointers + 2 * cell_count;
  if (static_cast<std::uint8_t>(*header) != type || base::load_be16(header + 3) != cell_count || index > cell_count ||
      content_start > usable_size || content_start < pointers_end + size + 2) {
    return false;
  }
  *offset = content_start - size;
  std::byte* const slot = data + pointers + 2 * index;
  if (index < cell_count) std::memmove(slot + 2, slot, 2 * (cell_count - index));
  base::store_be16(slot, *offset);
  base::store_be16(header + 3, cell_count + 1);
  base::store_be16(header + 5, *offset);
  return true;
}

// Removes cell `index`, which takes `size` bytes; its bytes are zeroed when `wipe`.
// False when the page is corrupt.
bool remove_cell(std::byte* data, Node& node, std::uint32_t index, std::uint32_t size, bool wipe) noexcept;

// Packs the cells to the end of the page: no freeblocks, no fragments. False when the page is corrupt.
bool defragment(std::byte* data, const Node& node) noexcept;

// Writes a whole page out of cells that lie elsewhere; they fit. Interior pages: the right child too. The cells may be
// read wide (kFrameSlack).
struct CellBytes {
  const std::byte* data;
  std::uint32_t size;  // as on the page
};
void write_page(std::byte* data, PageNo page, std::uint8_t type, std::uint32_t usable_size,
                std::span<const CellBytes> cells, PageNo right_child) noexcept;

}  // namespace perlite::btree
