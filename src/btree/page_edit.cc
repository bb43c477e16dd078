#include "btree/page_edit.h"

#include <array>
#include <cstring>

#include "base/assert.h"

namespace perlite::btree {

using base::load_be16;
using base::store_be16;
using base::store_be32;

namespace {

constexpr std::uint32_t kFirstFreeblock = 1;
constexpr std::uint32_t kCellCount = 3;
constexpr std::uint32_t kContentStart = 5;
constexpr std::uint32_t kFragments = 7;
constexpr std::uint32_t kRightChild = 8;
constexpr std::uint32_t kMinFreeblock = 4;

// Copies a cell that may be read wide to where kCopyStride bytes behind it may be written.
constexpr std::uint32_t kCopyStride = 16;
inline void copy_cell(std::byte* to, const std::byte* from, std::uint32_t size) noexcept {
  if (size <= 4 * kCopyStride) {
    for (std::uint32_t copied = 0; copied < size; copied += kCopyStride) {
      std::memcpy(to + copied, from + copied, kCopyStride);
    }
  } else {
    std::memcpy(to, from, size);
  }
}

void set_fragments(std::byte* data, const Node& node, std::uint32_t count) noexcept {
  data[node.header + kFragments] = static_cast<std::byte>(count);
}
// 65536 is stored as 0, which is what its low 16 bits are.
void set_content_start(std::byte* data, const Node& node, std::uint32_t start) noexcept {
  store_be16(data + node.header + kContentStart, start & 0xffff);
}

// Takes `size` bytes out of the first freeblock that has them. 0 when none has, or when what is left over would be a
// fragment too many; 1 (never an offset) when the chain is corrupt.
constexpr std::uint32_t kChainCorrupt = 1;
std::uint32_t take_from_freeblock(std::byte* data, const Node& node, std::uint32_t size) noexcept {
  std::uint32_t link = node.header + kFirstFreeblock;
  std::uint32_t at = load_be16(data + link);
  std::uint32_t least = node.content_start();
  while (at != 0) {
    if (at < least || at > node.usable_size - 4) return kChainCorrupt;
    const std::uint32_t next = load_be16(data + at);
    const std::uint32_t block_size = load_be16(data + at + 2);
    if (block_size < 4 || at + block_size > node.usable_size) return kChainCorrupt;
    if (block_size >= size) {
      const std::uint32_t rest = block_size - size;
      if (rest >= 4) {
        store_be16(data + at + 2, rest);
        return at + rest;
      }
      if (node.fragments() + rest > kMaxFragments) return 0;
      store_be16(data + link, next);
      set_fragments(data, node, node.fragments() + rest);
      return at;
    }
    least = at + block_size;
    link = at;
    at = next;
  }
  return 0;
}

// Gives [start, start + size) back to the page.
bool release_space(std::byte* data, const Node& node, std::uint32_t start, std::uint32_t size) noexcept {
  const std::uint32_t content_start = node.content_start();
  std::uint32_t end = start + size;
  if (start < content_start || end > node.usable_size) return false;

  // The freeblocks around it.
  std::uint32_t link = node.header + kFirstFreeblock;
  std::uint32_t before = 0;
  std::uint32_t before_end = content_start;
  std::uint32_t after = load_be16(data + link);
  while (after != 0 && after < start) {
    if (after < before_end || after > node.usable_size - 4) return false;
    const std::uint32_t block_size = load_be16(data + after + 2);
    if (block_size < 4) return false;
    link = after;
    before = after;
    before_end = after + block_size;
    if (before_end > start) return false;
    after = load_be16(data + after);
  }

  // Blocks nearer than 4 bytes merge; the bytes between were fragments.
  std::uint32_t fragments = node.fragments();
  std::uint32_t absorbed = 0;
  std::uint32_t following = after;
  if (after != 0) {
    if (after < end || after > node.usable_size - 4) return false;
    const std::uint32_t block_size = load_be16(data + after + 2);
    if (block_size < 4 || after + block_size > node.usable_size) return false;
    if (after - end < 4) {
      absorbed += after - end;
      end = after + block_size;
      following = load_be16(data + after);
      if (following != 0 && following < end) return false;
    }
  }
  if (before != 0 && start - before_end < 4) {
    absorbed += start - before_end;
    if (absorbed > fragments) return false;
    store_be16(data + before, following);
    store_be16(data + before + 2, end - before);
  } else {
    if (absorbed > fragments) return false;
    if (start == content_start) {
      store_be16(data + link, following);
      set_content_start(data, node, end);
    } else {
      store_be16(data + link, start);
      store_be16(data + start, following);
      store_be16(data + start + 2, end - start);
    }
  }
  set_fragments(data, node, fragments - absorbed);
  return true;
}

}  // namespace

void format_page(std::byte* data, PageNo page, std::uint8_t type, std::uint32_t usable_size) noexcept {
  const std::uint32_t header = header_offset(page);
  const bool leaf = (type & 8) != 0;
  std::memset(data + header, 0, leaf ? 8 : 12);
  data[header] = static_cast<std::byte>(type);
  store_be16(data + header + kContentStart, usable_size & 0xffff);
}

int free_space(const Node& node) noexcept {
  const std::uint32_t content_start = node.content_start();
  if (content_start < node.pointers_end() || content_start > node.usable_size) return -1;
  std::uint32_t free = content_start - node.pointers_end() + node.fragments();
  std::uint32_t least = content_start;
  for (std::uint32_t at = node.first_freeblock(); at != 0;) {
    if (at < least || at > node.usable_size - 4) return -1;
    const std::uint32_t size = load_be16(node.data + at + 2);
    const std::uint32_t next = load_be16(node.data + at);
    if (size < 4 || at + size > node.usable_size) return -1;
    if (next != 0 && next < at + size + 4) return -1;
    free += size;
    least = at + size;
    at = next;
  }
  const std::uint32_t capacity = node.usable_size - node.pointers_end();
  return free > capacity ? -1 : static_cast<int>(free);
}

namespace {

// Moves together what lies between free blocks, which is cheap while these are few and are all the room there is
// between cells. False: there is more to it; nothing was changed then.
bool close_gaps(std::byte* data, const Node& node) noexcept {
  struct Block {
    std::uint32_t begin;
    std::uint32_t end;
  };
  constexpr std::size_t kMaxBlocks = 8;
  std::array<Block, kMaxBlocks> blocks;
  std::size_t count = 0;
  const std::uint32_t start = node.content_start();
  if (node.fragments() != 0 || start < node.pointers_end() || start > node.usable_size) return false;
  std::uint32_t low = start;
  for (std::uint32_t at = node.first_freeblock(); at != 0; at = load_be16(data + at)) {
    if (count == kMaxBlocks || at < low || at + kMinFreeblock > node.usable_size) return false;
    const std::uint32_t size = load_be16(data + at + 2);
    if (size < kMinFreeblock || size > node.usable_size - at) return false;
    low = at + size;
    blocks[count++] = {at, low};
  }
  if (count == 0) return false;
  // How far a cell at `offset` moves: by the blocks behind it. Within a block there is none: the page is corrupt.
  const auto distance = [&](std::uint32_t offset, bool* within) {
    std::uint32_t sum = 0;
    std::size_t b = count;
    for (; b > 0 && blocks[b - 1].begin > offset; --b) sum += blocks[b - 1].end - blocks[b - 1].begin;
    *within = b > 0 && offset < blocks[b - 1].end;
    return sum;
  };
  bool within = false;
  for (std::uint32_t i = 0; i < node.cell_count; ++i) {
    const std::uint32_t offset = node.cell_offset(i);
    if (offset < start || offset >= node.usable_size) return false;
    distance(offset, &within);
    if (within) return false;
  }
  for (std::uint32_t i = 0; i < node.cell_count; ++i) {
    const std::uint32_t offset = node.cell_offset(i);
    store_be16(data + node.pointers + 2 * i, offset + distance(offset, &within));
  }
  std::uint32_t sum = 0;
  for (std::size_t b = count; b-- > 0;) {
    sum += blocks[b].end - blocks[b].begin;
    const std::uint32_t begin = b == 0 ? start : blocks[b - 1].end;
    std::memmove(data + begin + sum, data + begin, blocks[b].begin - begin);
  }
  std::memset(data + start, 0, sum);  // see defragment()
  store_be16(data + node.header + kFirstFreeblock, 0);
  set_content_start(data, node, start + sum);
  return true;
}

}  // namespace

bool defragment(std::byte* data, const Node& node) noexcept {
  if (close_gaps(data, node)) return true;
  // The cells are put together elsewhere, so that nothing is written before all are found sound: the last one lowest,
  // each over what was copied too much of the one before.
  // Where each came to lie is noted behind them: cells and pointers together are no longer than the page.
  std::byte packed[65536 + kCopyStride];
  std::byte* const places = packed + sizeof packed - 2 * node.cell_count;
  const std::uint32_t old_start = node.content_start();
  if (old_start < node.pointers_end() || old_start > node.usable_size) return false;
  const std::uint32_t room = node.usable_size - node.pointers_end();
  std::uint32_t total = 0;
  for (std::uint32_t i = node.cell_count; i-- > 0;) {
    const std::uint32_t offset = node.cell_offset(i);
    std::uint32_t size;
    if (offset < old_start || !decode_cell_size(node, i, &size) || size > room - total) return false;
    store_be16(places + 2 * i, total);
    copy_cell(packed + total, data + offset, size);
    total += size;
  }
  const std::uint32_t top = node.usable_size - total;
  for (std::uint32_t i = 0; i < node.cell_count; ++i) {
    store_be16(data + node.pointers + 2 * i, top + load_be16(places + 2 * i));
  }
  std::memcpy(data + top, packed, total);
  // What the cells left behind is gap now; it is zeroed so that deleted content does not linger in packed pages.
  if (top > old_start) std::memset(data + old_start, 0, top - old_start);
  store_be16(data + node.header + kFirstFreeblock, 0);
  set_fragments(data, node, 0);
  set_content_start(data, node, top);
  return true;
}

Placed insert_cell(std::byte* data, Node& node, std::uint32_t index, std::uint32_t size,
                   std::uint32_t* offset) noexcept {
  PL_ASSERT(size >= kMinCellSize && index <= node.cell_count && node.data == data);
  const std::uint32_t pointers_end = node.pointers_end();
  std::uint32_t content_start = node.content_start();
  if (content_start < pointers_end || content_start > node.usable_size) return Placed::Corrupt;

  std::uint32_t place = 0;
  if (content_start - pointers_end < size + 2) {
    const bool room_for_pointer = content_start - pointers_end >= 2;
    if (room_for_pointer && node.first_freeblock() != 0) {
      place = take_from_freeblock(data, node, size);
      if (place == kChainCorrupt) return Placed::Corrupt;
    }
    if (place == 0) {
      const int free = free_space(node);
      if (free < 0) return Placed::Corrupt;
      if (static_cast<std::uint32_t>(free) < size + 2) return Placed::NoRoom;
      if (!defragment(data, node)) return Placed::Corrupt;
      content_start = node.content_start();
      if (content_start - pointers_end < size + 2) return Placed::Corrupt;  // cells overlapped
    }
  }
  if (place == 0) {
    place = content_start - size;
    set_content_start(data, node, place);
  }
  std::byte* slot = data + node.pointers + 2 * index;
  std::memmove(slot + 2, slot, 2 * (node.cell_count - index));
  store_be16(slot, place);
  ++node.cell_count;
  store_be16(data + node.header + kCellCount, node.cell_count);
  *offset = place;
  return Placed::Done;
}

bool remove_cell(std::byte* data, Node& node, std::uint32_t index, std::uint32_t size, bool wipe) noexcept {
  PL_ASSERT(index < node.cell_count && node.data == data);
  const std::uint32_t offset = node.cell_offset(index);
  const std::uint32_t content_start = node.content_start();
  if (content_start < node.pointers_end() || offset < content_start || offset + size > node.usable_size) return false;
  if (wipe) std::memset(data + offset, 0, size);
  if (node.cell_count == 1) {
    const std::uint32_t header_size = node.pointers - node.header;
    std::memset(data + node.header + kFirstFreeblock, 0, 7);
    PL_ASSERT(header_size >= 8);
    set_content_start(data, node, node.usable_size);
    node.cell_count = 0;
    return true;
  }
  if (!release_space(data, node, offset, size)) return false;
  std::byte* slot = data + node.pointers + 2 * index;
  --node.cell_count;
  std::memmove(slot, slot + 2, 2 * (node.cell_count - index));
  store_be16(data + node.header + kCellCount, node.cell_count);
  return true;
}

void write_page(std::byte* data, PageNo page, std::uint8_t type, std::uint32_t usable_size,
                std::span<const CellBytes> cells, PageNo right_child) noexcept {
  format_page(data, page, type, usable_size);
  const std::uint32_t header = header_offset(page);
  const bool leaf = (type & 8) != 0;
  std::uint32_t total = 0;
  for (const CellBytes& cell : cells) total += cell.size;
  const std::uint32_t start = usable_size - total;
  std::byte* const slots = data + header + (leaf ? 8 : 12);
  std::byte* const slots_end = slots + 2 * cells.size();
  PL_ASSERT(slots_end <= data + start);
  std::memset(slots_end, 0, static_cast<std::size_t>(data + start - slots_end));

  // The last cell lies lowest. Going up, what is copied too much is overwritten by the next cell; only near the end of
  // the page must copies be exact.
  std::uint32_t at = start;
  std::byte* slot = slots_end;
  for (std::size_t i = cells.size(); i-- > 0;) {
    const CellBytes& cell = cells[i];
    slot -= 2;
    store_be16(slot, at);
    if (at + cell.size + kCopyStride <= usable_size) {
      copy_cell(data + at, cell.data, cell.size);
    } else {
      std::memcpy(data + at, cell.data, cell.size);
    }
    at += cell.size;
  }
  store_be16(data + header + kCellCount, static_cast<std::uint32_t>(cells.size()));
  set_content_start(data, Node{.header = header}, start);
  if (!leaf) store_be32(data + header + kRightChild, right_child.value);
}

}  // namespace perlite::btree
