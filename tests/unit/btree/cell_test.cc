// A cell that ends with its page is read; with one byte less room it is malformed, whatever its kind.
#include <gtest/gtest.h>

#include <array>

#include "btree/page_layout.h"

namespace perlite::btree {
namespace {

struct CellCase {
  const char* name;
  bool leaf, table;
  std::uint32_t payload_size;
};

std::array<std::byte, 4096> encoded(const CellCase& one) {
  std::array<std::byte, 4096> bytes{};
  std::size_t at = one.leaf ? 0 : 4;
  if (one.leaf || !one.table) {
    bytes[at++] = static_cast<std::byte>(0x80 | one.payload_size >> 7);
    bytes[at++] = static_cast<std::byte>(one.payload_size & 0x7f);
  }
  if (one.table) bytes[at++] = std::byte{9};  // the rowid
  return bytes;
}

TEST(Cell, EndsWithItsPageAtTheLatest) {
  constexpr std::uint32_t kUsable = 1024;
  for (const CellCase& one : {CellCase{"table leaf", true, true, 100}, CellCase{"table leaf, nothing", true, true, 0},
                              CellCase{"table leaf, overflow", true, true, 3000}, CellCase{"table interior", false, true, 0},
                              CellCase{"index leaf", true, false, 60}, CellCase{"index leaf, nothing", true, false, 0},
                              CellCase{"index leaf, overflow", true, false, 3000},
                              CellCase{"index interior, overflow", false, false, 900}}) {
    const auto bytes = encoded(one);
    Cell cell;
    ASSERT_TRUE(decode_cell(bytes.data(), kUsable, one.leaf, one.table, kUsable, &cell)) << one.name;
    EXPECT_EQ(cell.payload_size, one.payload_size) << one.name;
    const std::uint32_t size = cell.size;
    EXPECT_GE(size, kMinCellSize) << one.name;
    EXPECT_TRUE(decode_cell(bytes.data(), size, one.leaf, one.table, kUsable, &cell)) << one.name;
    EXPECT_FALSE(decode_cell(bytes.data(), size - 1, one.leaf, one.table, kUsable, &cell)) << one.name;
  }
}

}  // namespace
}  // namespace perlite::btree
