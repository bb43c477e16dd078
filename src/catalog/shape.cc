#include "catalog/shape.h"

#include "catalog/column_lookup.h"

namespace perlite::catalog {

int Table::find_column(std::string_view column) const noexcept {
  return lookup != nullptr ? lookup->find(column, columns) : find_column_by_search(column, columns);
}

std::size_t Placement::memory_used() const noexcept {
  std::size_t bytes = roots.capacity() * sizeof(PageNo) + statistics.capacity() * sizeof(TreeStatistics);
  for (const TreeStatistics& one : statistics) bytes += one.average_equal.capacity() * sizeof(std::uint64_t);
  return bytes;
}

const TreeStatistics* Placement::statistics_of(EntryId index) const noexcept {
  for (const TreeStatistics& one : statistics) {
    if (one.index == index) return &one;
  }
  return nullptr;
}

}  // namespace perlite::catalog
