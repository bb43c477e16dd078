#include "catalog/statistics.h"

#include "base/ascii.h"

namespace perlite::catalog {
namespace {

constexpr std::uint64_t kMostRows = 0x7fffffffffffffffu;

// Reads digits at the start of `text` and cuts them off; false when there are none. Too large numbers stay at the top.
bool take_number(std::string_view& text, std::uint64_t* number) {
  std::size_t length = 0;
  std::uint64_t value = 0;
  while (length < text.size() && text[length] >= '0' && text[length] <= '9') {
    const auto digit = static_cast<std::uint64_t>(text[length] - '0');
    value = value > (kMostRows - digit) / 10 ? kMostRows : value * 10 + digit;
    ++length;
  }
  text.remove_prefix(length);
  *number = value;
  return length != 0;
}

}  // namespace

void add_statistics_row(const Shape& shape, Placement& placement, std::string_view table_name,
                        std::string_view index_name, std::string_view stat) {
  EntryId entry = shape.find_entry(EntryType::Table, table_name);
  if (entry == kNoEntry) return;
  if (index_name.data() != nullptr && !base::equals_ignoring_case(index_name, table_name)) {
    entry = shape.find_entry(EntryType::Index, index_name);
    if (entry == kNoEntry) return;
    if (!base::equals_ignoring_case(shape.entries()[static_cast<std::size_t>(entry)].table_name, table_name)) return;
  }
  TreeStatistics statistics{entry, 0, {}, 0, false, false};
  if (!take_number(stat, &statistics.rows)) return;
  while (!stat.empty()) {
    if (stat.front() == ' ') {
      stat.remove_prefix(1);
      continue;
    }
    std::uint64_t number = 0;
    if (take_number(stat, &number)) {
      statistics.average_equal.push_back(number == 0 ? 1 : number);
      continue;
    }
    const std::string_view word = stat.substr(0, stat.find(' '));
    stat.remove_prefix(word.size());
    std::string_view rest = word;
    if (base::starts_with_ignoring_case(word, "unordered")) {
      statistics.unordered = true;
    } else if (base::starts_with_ignoring_case(word, "noskipscan")) {
      statistics.no_skip_scan = true;
    } else if (base::starts_with_ignoring_case(word, "sz=")) {
      rest.remove_prefix(3);
      if (take_number(rest, &number))
        statistics.row_size = static_cast<std::uint32_t>(number < 0x7fffffff ? number : 0x7fffffff);
    }
  }
  // The last row that speaks of a tree counts.
  for (TreeStatistics& known : placement.statistics) {
    if (known.index != entry) continue;
    known = std::move(statistics);
    return;
  }
  placement.statistics.push_back(std::move(statistics));
}

}  // namespace perlite::catalog
