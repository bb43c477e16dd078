// btree/check.h: is the structure sound? The b-tree half of PRAGMA integrity_check.
//
// Walks trees, overflow chains, freelist and pointer map of a database and says what is wrong in the words of stock
// SQLite 3.53 (docs/format/btree.md, "Findings"). Reads only; damage is never an error Status but a finding, save what
// keeps the database from being read at all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/budget.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "btree/key_order.h"
#include "pager/view.h"

namespace perlite::btree {

class BtreeChecker {
 public:
  // Stops after `max_findings` (>= 1).
  BtreeChecker(pager::View& view, int max_findings, Budget* budget = nullptr);
  ~BtreeChecker();
  BtreeChecker(const BtreeChecker&) = delete;
  BtreeChecker& operator=(const BtreeChecker&) = delete;

  // Walks the freelist. Errors (here and below): IoErr, NoMem, Interrupt.
  Status check_freelist();
  // Walks one tree; returns its number of entries (of those that could be read).
  // A root of 0 is skipped and counts 0.
  Result<std::uint64_t> check_tree(PageNo root);
  // What the trees say together: header fields of auto-vacuum, pages nobody uses. Call when every root was walked;
  // `roots` are all of them.
  Status finish(std::span<const PageNo> roots);

  // All in one: freelist, roots, finish. `entry_counts` (may be null) gets one number per root.
  Status check_all(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts);
  // Only some trees (PRAGMA integrity_check(table)): neither freelist nor unused pages.
  Status check_some(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts);

  int finding_count() const noexcept { return finding_count_; }
  // The findings joined by newlines, empty when sound.
  std::string_view text() const noexcept { return text_; }

 private:
  class Walk;
  friend class Walk;

  pager::View& view_;
  Budget* budget_;
  int max_findings_;
  int finding_count_ = 0;
  String text_;
  Vector<std::uint8_t> seen_;  // a bit for each page
};

}  // namespace perlite::btree
