// btree/overflow.h: the part of a payload that does not fit into its b-tree page.
//
//   overflow page  0  u32  next page of the chain, 0 in the last
//                  4       U - 4 bytes of payload
// A chain is exactly ceil((payload size - local size) / (U - 4)) pages long.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "base/status.h"
#include "btree/cursor.h"
#include "pager/view.h"

namespace perlite::btree {

inline constexpr std::uint32_t kOverflowHeader = 4;

constexpr std::uint32_t overflow_page_count(std::uint32_t payload_size, std::uint32_t local_size,
                                            std::uint32_t usable_size) noexcept {
  const std::uint32_t per_page = usable_size - kOverflowHeader;
  return payload_size == local_size ? 0 : (payload_size - local_size - 1) / per_page + 1;
}

// Copies payload bytes [offset, offset + size) to `out`.
void copy_payload(const Payload& payload, std::size_t offset, std::size_t size, std::byte* out) noexcept;

// Writes the payload from `local_size` on into a new chain; returns its first page. `owner` is the b-tree page that
// will hold the cell, for the pointer map.
Result<PageNo> write_overflow(pager::View& view, const Payload& payload, std::uint32_t local_size, PageNo owner);

// Frees a chain of `page_count` pages. Errors: Corrupt when it is of another length.
Status free_overflow(pager::View& view, PageNo first, std::uint32_t page_count);

}  // namespace perlite::btree
