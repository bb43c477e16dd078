// catalog/statistics.h: what ANALYZE left in sqlite_stat1 (manual: fileformat2.html 2.6.3).
#pragma once

#include <string_view>

#include "catalog/shape.h"

namespace perlite::catalog {

// Adds the row (tbl, idx, stat) to the placement's statistics. `index_name` has null data for NULL. Rows that name
// nothing in the shape, or that say nothing, are passed over, as stock does.
void add_statistics_row(const Shape& shape, Placement& placement, std::string_view table_name,
                        std::string_view index_name, std::string_view stat);

}  // namespace perlite::catalog
