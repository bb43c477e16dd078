// btree/cursor.h: a place in a tree: seeking, stepping, reading and changing entries.
//
//   Ownership  a cursor pins the pages from the root to its entry while it stands (at most kMaxDepth), nothing else.
//   Lifetime   ends before its View. Neither copied nor moved: the list of open cursors of a View links through it.
//   Threads    as the View: one at a time.
//
// Positions
//   None     on nothing: just opened, past an end, tree empty
//   At       on an entry: valid()
//   Between  the entry it stood on is gone; next() and previous() go to its neighbours
//   Saved    pins nothing, keeps a copy of its key; restore(), and whatever needs the position, finds the way back
//
// Invariants
//   C1  Before a tree is changed through one cursor, every other cursor on it saves itself (Saved). So spans lent by a
//       cursor end when it moves, when it is written through, or when its tree is changed; epoch() then differs.
//   C2  Before a savepoint or transaction is rolled back, and before pages are renumbered, release_cursors() makes
//       every cursor of the View Saved.
//
// Errors of all functions that return a Status: Corrupt (the file), IoErr and NoMem; those that change also Full and
// ReadOnly. After an error the cursor stands on nothing (None); after an error of a change the tree is in the hands of
// the caller's savepoint.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "base/bytes.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/status.h"
#include "btree/key_order.h"
#include "btree/page_layout.h"
#include "btree/tree.h"
#include "pager/page_ref.h"
#include "pager/view.h"

namespace perlite::btree {

// Deeper trees are corrupt: a full one of depth 20 would pass the largest file.
inline constexpr int kMaxDepth = 20;

// How the entry a seek ended on compares with what was sought.
enum class Relation : std::int8_t {
  Less = -1,    // the nearest smaller entry; or the tree is empty and valid() is false
  Equal = 0,    // the entry sought
  Greater = 1,  // the nearest greater entry of that leaf
};
// With Less, next() goes to the first greater entry; with Greater, previous() goes to the last smaller one.

// What goes into the tree: bytes, then zeros.
struct Payload {
  std::span<const std::byte> bytes;
  std::uint32_t zero_tail = 0;

  std::uint64_t size() const noexcept { return bytes.size() + zero_tail; }
};

enum class After : std::uint8_t {
  Anywhere,  // the cursor need not keep its place: it may stand on nothing
  Keep,      // insert: the cursor stands on the new entry; erase: between its neighbours
};

class Cursor {
 public:
  Cursor() noexcept = default;
  ~Cursor() { close(); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // Reads nothing yet. `order` is required for index trees that are changed or stepped on while others change them.
  void open(pager::View& view, PageNo root, TreeKind kind, const KeyOrder* order = nullptr);
  void close() noexcept;
  bool is_open() const noexcept { return view_ != nullptr; }
  pager::View& view() const noexcept { return *view_; }
  PageNo root() const noexcept { return root_; }
  TreeKind kind() const noexcept { return has_rowids_ ? TreeKind::Table : TreeKind::Index; }

  // ---- Moving. valid() says whether there is an entry. ----

  Status first();
  Status last() {
    if (stands_last()) [[likely]]
      return {};
    return last_slow();
  }
  Status next() {
    if (index_ < fast_last_ && load_near(index_ + 1)) [[likely]]
      return {};
    return next_slow();
  }
  Status previous() {
    if (fast_last_ != 0 && index_ != 0 && load_near(index_ - 1)) [[likely]]
      return {};
    return previous_slow();
  }
  bool valid() const noexcept { return position_ == Position::At; }

  // Table trees. Stays on the last leaf when the key lies in its range.
  Result<Relation> seek_rowid(std::int64_t rowid) {
    Result<Relation> relation = seek_rowid_slow(rowid);
    if (relation.ok()) {
      sought_rowid_ = rowid;
      note_relation(relation.value());
    }
    return relation;
  }
  // Index trees.
  Result<Relation> seek_key(const KeyProbe& probe) {
    Result<Relation> relation = seek_key_slow(probe);
    if (relation.ok()) note_relation(relation.value());
    return relation;
  }

  // True when another cursor or a rollback made this one save itself: restore() before reading.
  bool is_saved() const noexcept { return position_ == Position::Saved; }
  // Saves, unpinning all pages. Nothing is done on None, Between becomes Saved too.
  Status save();
  // Back from Saved: valid() again, or Between when the entry was deleted meanwhile.
  Status restore() {
    if (position_ != Position::Saved) [[likely]]
      return {};
    return restore_slow();
  }
  // The cursor stands on nothing and pins nothing.
  void reset() noexcept;
  // Changes whenever the cursor moved, saved itself, or its entry was rewritten.
  std::uint32_t epoch() const noexcept { return epoch_; }
  // Entries behind this one on the same leaf: so many times next() touches no other page and cannot fail but by
  // Corrupt.
  std::uint32_t entries_left_on_leaf() const noexcept { return index_ < fast_last_ ? fast_last_ - index_ : 0; }

  // ---- Passing over entries of the leaf at hand, without standing on each. ----

  // An entry of the plain kind: no overflow, short numbers.
  struct NearEntry {
    const std::byte* payload;  // readable wide
    std::uint32_t size;
    std::uint32_t rowid;  // of table trees
  };
  // Those of the leaf are numbered from 0, and the one at hand is index(); last_near() is the last, 0 where there are
  // none to look at.
  std::uint32_t index() const noexcept { return index_; }
  std::uint32_t last_near() const noexcept { return fast_last_; }
  const std::byte* near_page() const noexcept { return page_data(); }
  // Entry `index`, up to last_near(), on near_page(); false when it is of another kind.
  bool peek(const std::byte* page, std::uint32_t index, NearEntry* entry) const noexcept {
    const std::uint32_t offset = base::load_be16(page + pointers_offset_ + 2 * index);
    if (offset - min_cell_offset_ > cell_offset_range_) [[unlikely]]
      return false;
    const std::byte* cell = page + offset;
    std::uint32_t payload_size = static_cast<std::uint8_t>(cell[0]);
    ++cell;
    if (payload_size >= 0x80) {
      const auto low = static_cast<std::uint8_t>(cell[0]);
      if (low >= 0x80) return false;
      payload_size = (payload_size & 0x7f) << 7 | low;
      ++cell;
    }
    std::uint32_t rowid = 0;
    if (has_rowids_) {
      rowid = static_cast<std::uint8_t>(*cell++);
      if (rowid >= 0x80) {
        auto low = static_cast<std::uint8_t>(*cell++);
        rowid = (rowid & 0x7f) << 7 | (low & 0x7f);
        if (low >= 0x80) {
          low = static_cast<std::uint8_t>(*cell++);
          rowid = rowid << 7 | (low & 0x7f);
          if (low >= 0x80) {
            low = static_cast<std::uint8_t>(*cell++);
            rowid = rowid << 7 | (low & 0x7f);
            if (low >= 0x80) return false;
          }
        }
      }
    }
    if (payload_size > max_local_ || static_cast<std::uint32_t>(cell - page) + payload_size > usable_size_) [[unlikely]]
      return false;
    entry->payload = cell;
    entry->size = payload_size;
    entry->rowid = rowid;
    return true;
  }
  // Stands on entry `index`, up to last_near(); false, and nothing has changed, where peek() says so.
  bool stand_near(std::uint32_t index) noexcept { return load_near(index); }

  // ---- Reading the entry; valid() holds. ----

  std::int64_t rowid() const noexcept { return rowid_; }
  std::uint32_t payload_size() const noexcept { return payload_size_; }
  // The part of the payload that lies in the b-tree page; all of it when has_overflow() is false. Readable wide.
  std::span<const std::byte> local_payload() const noexcept { return {page_data() + local_offset_, local_size_}; }
  bool has_overflow() const noexcept { return local_size_ != payload_size_; }
  // Copies payload bytes offset .. offset + out.size(), which lie inside the payload.
  Status read_payload(std::uint32_t offset, std::span<std::byte> out);
  // The whole payload: in place when there is no overflow, else assembled in `scratch` (which is readable wide).
  Result<std::span<const std::byte>> full_payload(Vector<std::byte>& scratch);
  // Overwrites payload bytes in place (incremental blobs); the size stays.
  Status write_payload(std::uint32_t offset, std::span<const std::byte> bytes);

  // ---- Changing. ----

  // Adds a row, or replaces the payload of the row that has this rowid. The cursor may stand anywhere: a place that
  // fits is used without a search (behind the last row; where a seek for `rowid` ended). A replacement of the same size
  // is written in place.
  // Errors: TooBig.
  Status insert_row(std::int64_t rowid, const Payload& payload, After after = After::Anywhere);
  // Adds a key, or replaces an equal one (by `probe`; null: by KeyOrder). A place that fits is used without a search:
  // where the last seek_key() ended when `at_seek` (the caller sought this very key and did not move since).
  // Errors: TooBig.
  Status insert_key(const Payload& key, const KeyProbe* probe, bool at_seek, After after = After::Anywhere);
  // Adds a key that the caller knows to be greater than all others (sorted input): no comparison is made.
  Status append_key(const Payload& key);
  // As insert_row() and insert_key() where the entry is new, lies in its page whole, and the page has room: the cursor
  // stands on it, and the caller fills the `size` bytes of its payload at once, at the place that is the answer.
  // Null: it is not so; the tree is as it was, and insert_row(), or insert_key() with `at_seek`, goes on from here.
  Result<std::byte*> place_row(std::int64_t rowid, std::uint64_t size);
  Result<std::byte*> place_key(const KeyProbe& probe, bool at_seek, std::uint64_t size);
  // Removes the entry the cursor stands on.
  Status erase(After after = After::Keep);

 private:
  friend class TreeEditor;
  friend Status release_cursors(pager::View& view) noexcept;
  friend Status save_cursors_on(pager::View& view, PageNo root) noexcept;

  enum class Position : std::uint8_t { None, At, Between, Saved };

  // One page of the path. `index` is the cell, or the child when it is equal to `cell_count`: the right-most child.
  struct Level {
    pager::PageRef page;
    std::uint32_t index;
    std::uint32_t cell_count;
  };

  Level* level(int depth) noexcept { return std::launder(reinterpret_cast<Level*>(path_bytes_)) + depth; }
  const Level* level(int depth) const noexcept {
    return std::launder(reinterpret_cast<const Level*>(path_bytes_)) + depth;
  }
  Level& top() noexcept { return *level(depth_ - 1); }
  const std::byte* page_data() const noexcept { return level(depth_ - 1)->page.data(); }

  void push(pager::PageRef page, std::uint32_t index, std::uint32_t cell_count) noexcept {
    ::new (level(depth_)) Level{std::move(page), index, cell_count};
    ++depth_;
  }
  void pop() noexcept { level(--depth_)->~Level(); }
  void pop_to(int depth) noexcept {
    while (depth_ > depth) pop();
  }

  // Steps to entry `index` of the leaf at hand, when it is near. False leaves everything as it is, for the long way.
  bool load_near(std::uint32_t index) noexcept {
    const std::byte* page = page_data();
    NearEntry entry;
    if (!peek(page, index, &entry)) [[unlikely]]
      return false;
    if (has_rowids_) rowid_ = entry.rowid;
    index_ = index;
    payload_size_ = local_size_ = entry.size;
    local_offset_ = static_cast<std::uint32_t>(entry.payload - page);
    ++epoch_;
    return true;
  }
  Status load_entry();
  Status next_slow();
  Status previous_slow();
  Status restore_slow();
  Status corrupt_here(const char* what);

  // A database without pages has trees without entries.
  bool no_pages() const noexcept { return view_->page_count().value == 0; }
  Status to_root();
  Status to_root(Node* node);
  Status descend(PageNo child, bool may_be_empty = false);
  Status descend_to(PageNo child, bool may_be_empty, Node* node);
  Status descend_into(int depth, std::uint32_t child_index, Node* node);
  Status descend_first();
  Status descend_last();
  Status descend_into(int depth, std::uint32_t child_index);
  bool node_at(int depth, Node* node) const noexcept;
  Status stand_on(std::uint32_t index);
  Status stand_between(std::int8_t skip) noexcept;
  void enter_page() noexcept;
  // What load_entry() needs to know of the cells of the page at the end of the path.
  void note_cells(std::uint32_t count) noexcept {
    min_cell_offset_ = pointers_offset_ + 2 * count;
    // An empty range, when the pointer array fills the page, admits no offset: min_cell_offset_ then passes them all.
    cell_offset_range_ = usable_size_ - 4 >= min_cell_offset_ ? usable_size_ - 4 - min_cell_offset_ : 0;
    fast_last_ = on_leaf_ ? count - 1 : 0;
  }
  Status step_forward();
  Status step_backward();
  bool leaf_rowid(std::uint32_t index, std::int64_t* rowid) const noexcept;
  struct RowidRange;
  template <bool kLeaf>
  static std::uint32_t lower_bound_rowid(const Node& node, std::int64_t rowid, RowidRange* range) noexcept;
  Result<Relation> land_on_rowid(const Node& node, std::int64_t rowid, RowidRange range);
  bool search_keys(const KeyProbe& probe, int depth, const Node& node, std::uint32_t* low, std::uint32_t high,
                   Status* status);
  int compare_cell(const KeyProbe& probe, int depth, const Node& node, std::uint32_t index, Status* status);
  Status compare_long_cell(const KeyProbe& probe, std::uint32_t index, int* answer);
  Result<Relation> search_leaf_key(const KeyProbe& probe, const Node& node, std::uint32_t low, std::uint32_t high);
  bool on_last_leaf() const noexcept;
  Status overflow_page(std::uint32_t page_index, PageNo* page);
  Result<std::size_t> read_chain_run(std::uint32_t page_index, std::span<std::byte> out);
  template <bool kWrite>
  Status transfer(std::uint32_t offset, std::byte* bytes, std::size_t size);
  Status save_peers() {
    if (peer_next_ == this) [[likely]]
      return {};
    return save_peers_slow();
  }
  Status save_peers_slow();
  void unlink() noexcept;
  Status fail(Status status) noexcept;

  bool stands_last() const noexcept { return end_epoch_ == epoch_ && position_ == Position::At; }
  void note_relation(Relation relation) noexcept {
    last_relation_ = relation;
    last_relation_epoch_ = epoch_;
  }
  bool stands_at_last_seek() const noexcept { return position_ == Position::At && last_relation_epoch_ == epoch_; }
  // Before which entry what was sought belongs.
  std::uint32_t index_behind(Relation relation) const noexcept {
    return relation == Relation::Less ? index_ + 1 : index_;
  }
  Status last_slow();
  Result<Relation> seek_rowid_slow(std::int64_t rowid);
  Result<Relation> seek_key_slow(const KeyProbe& probe);
  Result<Relation> seek_stored_key(std::span<const std::byte> key);
  Status come_back();
  Result<Relation> seek_beside_erased(const KeyProbe& probe);
  Result<Relation> seek_new_rowid(std::int64_t rowid);
  Result<Relation> seek_new_key(const KeyProbe& probe, bool at_seek);
  Result<std::byte*> make_room(std::uint32_t index, std::int64_t rowid, std::uint64_t size);
  Status insert_at(std::uint32_t index, std::int64_t rowid, const Payload& payload, After after);
  Status replace(std::int64_t rowid, const Payload& payload, After after);
  Result<bool> replace_on_page(std::uint32_t old_size, std::int64_t rowid, const Payload& payload);
  Status overwrite(const Payload& payload);
  Status erase_from_leaf(After after);
  Status erase_from_interior(After after);
  Status keep_at(std::int64_t rowid, const Payload& payload, After after);

  // What load_entry() needs comes first.
  std::uint32_t index_ = 0;      // of the cell on the page at the end of the path
  std::uint32_t fast_last_ = 0;  // last index on this leaf; 0 when next() cannot simply add one
  std::uint32_t epoch_ = 0;
  std::uint32_t pointers_offset_ = 0;
  std::uint32_t min_cell_offset_ = 0;
  std::uint32_t cell_offset_range_ = 0;
  std::uint32_t usable_size_ = 0;
  std::uint32_t max_local_ = 0;
  std::uint32_t payload_size_ = 0;
  std::uint32_t local_offset_ = 0;
  std::uint32_t local_size_ = 0;
  std::int64_t rowid_ = 0;  // Between: of the row that is gone
  bool has_rowids_ = false;
  bool on_leaf_ = false;
  Position position_ = Position::None;
  Relation last_relation_ = Relation::Less;  // of the seek at last_relation_epoch_
  std::int8_t skip_ = 0;                     // Between: the path stands on the next (+1) or on the previous (-1) entry
  std::uint8_t locality_ = 2;                // of late seeks: above 0 the leaf at hand is tried first
  int depth_ = 0;

  pager::View* view_ = nullptr;
  const KeyOrder* order_ = nullptr;
  PageNo root_;
  std::uint32_t min_local_ = 0;

  // Cursors of one View; those on one tree form a ring.
  Cursor* list_next_ = nullptr;
  Cursor* list_previous_ = nullptr;
  Cursor* peer_next_ = this;
  Cursor* peer_previous_ = this;

  Vector<std::byte> saved_key_;    // Saved, index trees
  Vector<PageNo> overflow_pages_;  // of the entry at overflow_epoch_, as far as the chain was walked
  std::uint32_t overflow_epoch_ = 0;
  std::uint32_t last_relation_epoch_ = 0;
  std::uint32_t end_epoch_ = 0;    // of an entry that was found to be the last of the tree
  std::int64_t sought_rowid_ = 0;  // by the seek at last_relation_epoch_, of table trees

  alignas(Level) std::byte path_bytes_[sizeof(Level) * kMaxDepth];
};

// Every cursor of the View saves itself and unpins its pages. For rollbacks, renumbering and the end of transactions.
// Errors: NoMem, IoErr, Corrupt of a key that could not be read; such a cursor stands on nothing then.
Status release_cursors(pager::View& view) noexcept;
// Those on one tree only: before the tree is changed by other means than a cursor.
Status save_cursors_on(pager::View& view, PageNo root) noexcept;

}  // namespace perlite::btree
