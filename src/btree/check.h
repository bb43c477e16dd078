// btree/check.h: is the structure sound? The b-tree half of PRAGMA integrity_check.
//
// Walks trees, overflow chains, freelist and pointer map of a database and says what is wrong in the words of stock
// SQLite 3.53 (docs/format/btree.md, "Findings"), in its order. Reads only; damage is never an error Status but a
// finding, save what keeps the database from being read at all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/budget.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "btree/page_layout.h"
#include "btree/pointer_map.h"
#include "pager/view.h"

namespace perlite::btree {

class BtreeChecker {
 public:
  // Stops after `max_findings` (>= 1).
  BtreeChecker(pager::View& view, int max_findings, Budget* budget = nullptr) noexcept
      : view_(view), budget_(budget), max_findings_(max_findings) {}
  BtreeChecker(const BtreeChecker&) = delete;
  BtreeChecker& operator=(const BtreeChecker&) = delete;

  // The whole database: freelist, the trees at `roots` (all there are, kSchemaRoot included; a root of 0 is skipped),
  // unused pages. `entry_counts` (may be null) gets the number of entries per root.
  // Errors (here and below): IoErr, NoMem, Interrupt.
  Status check_all(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts);
  // Some trees only (PRAGMA integrity_check(table)): neither freelist nor unused pages.
  Status check_some(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts);

  int finding_count() const noexcept { return finding_count_; }
  // The findings joined by newlines, empty when sound.
  std::string_view text() const noexcept { return text_; }

 private:
  bool done() const noexcept { return finding_count_ >= max_findings_; }
  void report(const char* format, ...) __attribute__((format(printf, 2, 3)));
  Status begin();
  Status walk_roots(std::span<const PageNo> roots, Vector<std::uint64_t>* entry_counts, bool whole);
  // Marks a page as used; false, with a finding, when it cannot be or was already.
  bool claim(PageNo page);
  Status expect_pointer(PageNo page, PointerType type, PageNo parent);
  Status walk_freelist(const pager::PageRef& one);
  Status walk_chain(PageNo first, std::uint32_t page_count);
  Status walk_page(PageNo page, int depth, std::int64_t* least_rowid, std::int64_t greatest_rowid, int* height);
  void cover(const Node& node);
  Status report_unused();

  pager::View& view_;
  Budget* budget_;
  int max_findings_;
  int finding_count_ = 0;
  bool mapped_ = false;
  std::uint64_t entry_count_ = 0;
  PageNo root_;
  String text_;
  Vector<bool> claimed_;

  // Where we are, for the start of a finding.
  enum class Where : std::uint8_t { Nowhere, Freelist, Page, Cell, RightChild } where_ = Where::Nowhere;
  PageNo where_page_;
  std::uint32_t where_cell_ = 0;
  struct Extent {
    std::uint32_t first;
    std::uint32_t last;
  };
  Vector<Extent> extents_;
};

}  // namespace perlite::btree
