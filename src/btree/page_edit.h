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
