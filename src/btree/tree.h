// btree/tree.h: whole trees and the space they live in: create, clear, drop, count; freelist, pointer map, vacuum.
//
// Layouts: docs/format/btree.md, docs/format/freelist.md. All of this reads and changes pages through the View alone,
// inside a read respectively write transaction. A function that fails in the middle leaves the transaction to be rolled
// back (to the savepoint of its statement).
//
// The fields of the file header (first 100 bytes of page 1) that belong to this layer: 32, 36 (freelist), 52, 64
// (auto-vacuum); other fields are read and written through pager/store.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/budget.h"
#include "base/ids.h"
#include "base/status.h"
#include "pager/view.h"

namespace perlite::btree {

enum class TreeKind : std::uint8_t {
  Table,  // 64-bit signed keys, data in the leaves
  Index,  // the payload is the key
};

// sqlite_schema: a table tree at page 1.
inline constexpr PageNo kSchemaRoot{1};

enum class AutoVacuum : std::uint8_t { None = 0, Full = 1, Incremental = 2 };  // values of PRAGMA auto_vacuum
Result<AutoVacuum> auto_vacuum_mode(pager::View& view);
// Switches between Full and Incremental. Errors: Error when the file is of the other kind (with or without pointer
// map).
Status set_auto_vacuum_mode(pager::View& view, AutoVacuum mode);

// What a new database begins with.
struct DatabaseOptions {
  TextEncoding encoding = TextEncoding::Utf8;
  AutoVacuum auto_vacuum = AutoVacuum::None;
  std::uint32_t schema_format = 4;
};
// Makes page 1 of an empty database (page_count() == 0): file header and an empty schema tree; does nothing when there
// is a page. Encoding and schema format are written by the first change of the schema, as stock does: they are 0 here
// unless `with_schema`.
Status init_database(pager::View& view, const DatabaseOptions& options, bool with_schema = true);

// A new empty tree. In an auto-vacuum file its root is the page after the largest root; what lived there moves.
Result<PageNo> create_tree(pager::View& view, TreeKind kind);

// Removes all entries, keeping the root page; whole subtrees go to the freelist without looking at their cells where
// none can have overflow pages. `entry_count` (may be null) gets the number of entries that were there.
// Cursors on the tree are Saved: a rollback that brings their entries back brings them back too.
Status clear_tree(pager::View& view, PageNo root, std::uint64_t* entry_count, Budget* budget = nullptr);

// Frees the tree with its root. In an auto-vacuum file the tree with the largest root moves into the hole: `moved_from`
// is then its former root (its new one is `root`) and the caller corrects the schema; else it is PageNo(0).
// Cursors on the moved tree must be closed first: their root page number is no longer theirs.
Status drop_tree(pager::View& view, PageNo root, PageNo* moved_from);

// Number of entries; reads every page of the tree but only headers of leaves.
Result<std::uint64_t> count_entries(pager::View& view, PageNo root, Budget* budget = nullptr);

// Kind of the tree at `root`. Errors: Corrupt when it is no b-tree page.
Result<TreeKind> tree_kind(pager::View& view, PageNo root);

// --- Space ---------------------------------------------------------------------------------------------------------

// Types of pointer map entries (docs/format/freelist.md).
enum class PointerType : std::uint8_t {
  Root = 1,           // parent 0
  Free = 2,           // parent 0
  OverflowFirst = 3,  // parent: b-tree page that holds the cell
  OverflowNext = 4,   // parent: previous overflow page
  Child = 5,          // parent: parent page
};

// A page for use, in the overlay; its bytes mean nothing. Taken from the freelist (near `near` where that is free to
// choose), else from the end of the file. The caller writes its pointer map entry.
Result<pager::PageRef> allocate_page(pager::View& view, PageNo near = PageNo(0));
// Puts the page on the freelist (and zeroes it when the store deletes securely).
Status free_page(pager::View& view, PageNo page);

Result<std::uint32_t> freelist_count(pager::View& view);

// Last step of a commit in a Full auto-vacuum file: empties the freelist, moving used pages down, and cuts the file.
// `pages_to_free`, when not null, asks how many of the free pages to release (sqlite3_autovacuum_pages). Nothing is
// done in other files. Cursors save their positions.
struct VacuumAmount {
  virtual std::uint32_t pages_to_free(std::uint32_t page_count, std::uint32_t free_count, std::uint32_t page_size) = 0;

 protected:
  ~VacuumAmount() = default;
};
Status auto_vacuum_commit(pager::View& view, VacuumAmount* amount = nullptr);
// Releases one free page from the end of the file; false when there is none (or no pointer map).
Result<bool> incremental_vacuum_step(pager::View& view);

}  // namespace perlite::btree
