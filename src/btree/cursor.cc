// Opening, moving, seeking and reading. Changing is in cursor_write.cc.
#include "btree/cursor.h"

#include <algorithm>
#include <cstring>

#include "btree/overflow.h"

namespace perlite::btree {

using base::Bytes;
using base::load_be32;
using pager::PageRef;
using pager::View;

namespace {

// The way back to a saved key.
class SavedKeyProbe final : public KeyProbe {
 public:
  SavedKeyProbe(const KeyOrder& order, Bytes key) noexcept : KeyProbe(&compare_stored), order_(order), key_(key) {}

 private:
  static int compare_stored(const KeyProbe& probe, Bytes stored, bool complete) noexcept {
    const auto& self = static_cast<const SavedKeyProbe&>(probe);
    return self.order_.compare(stored, complete, self.key_);
  }
  const KeyOrder& order_;
  Bytes key_;
};

constexpr std::uint8_t kMaxLocality = 3;

}  // namespace

// ---- Opening ------------------------------------------------------------------------------------------------------

void Cursor::open(View& view, PageNo root, TreeKind kind, const KeyOrder* order) {
  close();
  view_ = &view;
  root_ = root;
  order_ = order;
  has_rowids_ = kind == TreeKind::Table;
  usable_size_ = view.usable_size();
  const SpillRule rule = SpillRule::of(has_rowids_, usable_size_);
  max_local_ = rule.max_local;
  min_local_ = rule.min_local;
  locality_ = kMaxLocality;

  auto* head = static_cast<Cursor*>(view.cursor_list());
  for (Cursor* other = head; other != nullptr; other = other->list_next_) {
    if (other->root_ != root) continue;
    peer_next_ = other->peer_next_;
    peer_previous_ = other;
    peer_next_->peer_previous_ = this;
    other->peer_next_ = this;
    break;
  }
  list_next_ = head;
  if (head != nullptr) head->list_previous_ = this;
  view.cursor_list() = this;
}

void Cursor::close() noexcept {
  if (view_ == nullptr) return;
  reset();
  unlink();
  view_ = nullptr;
  order_ = nullptr;
}

void Cursor::unlink() noexcept {
  if (list_previous_ != nullptr) {
    list_previous_->list_next_ = list_next_;
  } else {
    view_->cursor_list() = list_next_;
  }
  if (list_next_ != nullptr) list_next_->list_previous_ = list_previous_;
  list_next_ = list_previous_ = nullptr;
  peer_next_->peer_previous_ = peer_previous_;
  peer_previous_->peer_next_ = peer_next_;
  peer_next_ = peer_previous_ = this;
}

void Cursor::reset() noexcept {
  pop_to(0);
  position_ = Position::None;
  fast_last_ = 0;
  skip_ = 0;
  ++epoch_;
}

Status Cursor::fail(Status status) noexcept {
  reset();
  return status;
}

Status Cursor::corrupt_here(const char* what) {
  const std::uint32_t page = depth_ > 0 ? top().page.number().value : root_.value;
  Status status = Status::format(Code::Corrupt, -1, "btree page %u: cell %u: %s", page, index_, what);
  return fail(std::move(status));
}

// ---- The path -----------------------------------------------------------------------------------------------------

bool Cursor::node_at(int depth, Node* node) const noexcept {
  return decode_node(level(depth)->page, usable_size_, node);
}

// Puts the root, or the child of the page at the end of the path, at the end of the path.
Status Cursor::descend(PageNo child, bool may_be_empty) {
  if (depth_ == kMaxDepth) return fail(Status::corrupt("btree: too deep"));
  Result<PageRef> fetched = view_->fetch(child);
  if (!fetched.ok()) return fail(std::move(fetched.status()));
  PageRef page = std::move(fetched).value();
  Node node;
  if (!decode_node(page, usable_size_, &node) || node.table != has_rowids_) {
    return fail(Status::format(Code::Corrupt, -1, "btree page %u: not a page of this tree", child.value));
  }
  if (node.cell_count == 0 && !may_be_empty) {
    // Only an empty root is a leaf without cells, and only page 1 may be an interior page with a single child.
    if (node.leaf ? depth_ > 0 : child.value != 1) {
      return fail(Status::format(Code::Corrupt, -1, "btree page %u: no cells", child.value));
    }
  }
  on_leaf_ = node.leaf;
  push(std::move(page), 0, node.cell_count);
  return {};
}

Status Cursor::to_root() {
  position_ = Position::None;
  fast_last_ = 0;
  skip_ = 0;
  if (depth_ > 0) {
    pop_to(1);
    const auto type = static_cast<std::uint8_t>(page_data()[header_offset(root_)]);
    on_leaf_ = (type & 8) != 0;
    return {};
  }
  return descend(root_);
}

// Child `child_index` of the interior page at `depth` gets the end of the path; kept when it is there already.
Status Cursor::descend_into(int depth, std::uint32_t child_index) {
  Level& parent = *level(depth);
  if (parent.index == child_index && depth_ > depth + 1) {
    pop_to(depth + 2);
    const auto type = static_cast<std::uint8_t>(page_data()[header_offset(top().page.number())]);
    on_leaf_ = (type & 8) != 0;
    return {};
  }
  pop_to(depth + 1);
  parent.index = child_index;
  Node node;
  if (!node_at(depth, &node)) return fail(Status::corrupt("btree: page changed its kind"));
  return descend(node.child(child_index));
}

Status Cursor::descend_first() {
  while (!on_leaf_) PL_TRY(descend_into(depth_ - 1, 0));
  return {};
}

Status Cursor::descend_last() {
  while (!on_leaf_) PL_TRY(descend_into(depth_ - 1, top().cell_count));
  return {};
}

// Sets what load_entry() needs to know of the page at the end of the path.
void Cursor::enter_page() noexcept {
  const Level& here = top();
  const std::uint32_t header = header_offset(here.page.number());
  pointers_offset_ = header + (on_leaf_ ? 8 : 12);
  min_cell_offset_ = pointers_offset_ + 2 * here.cell_count;
  // An empty range, when the pointer array fills the page, admits no offset: min_cell_offset_ then passes them all.
  cell_offset_range_ = usable_size_ - 4 >= min_cell_offset_ ? usable_size_ - 4 - min_cell_offset_ : 0;
  fast_last_ = on_leaf_ ? here.cell_count - 1 : 0;
}

// On entry `index` of the page at the end of the path.
Status Cursor::stand_on(std::uint32_t index) {
  index_ = index;
  top().index = index;
  position_ = Position::At;
  skip_ = 0;
  enter_page();
  return load_entry();
}

Status Cursor::stand_between(std::int8_t skip) noexcept {
  position_ = Position::Between;
  fast_last_ = 0;
  skip_ = skip;
  ++epoch_;
  return {};
}

bool Cursor::on_last_leaf() const noexcept {
  for (int depth = 0; depth + 1 < depth_; ++depth) {
    if (level(depth)->index != level(depth)->cell_count) return false;
  }
  return true;
}

Status Cursor::load_entry_slow(std::uint32_t offset) {
  const std::byte* cell_bytes = page_data() + offset;
  const std::uint32_t room = usable_size_ - offset;
  std::uint32_t at = on_leaf_ ? 0 : 4;
  std::uint64_t payload_size;
  at += static_cast<std::uint32_t>(get_varint_wide(cell_bytes + at, &payload_size));
  if (has_rowids_) {
    std::uint64_t rowid;
    at += static_cast<std::uint32_t>(get_varint_wide(cell_bytes + at, &rowid));
    rowid_ = static_cast<std::int64_t>(rowid);
  }
  local_offset_ = offset + at;
  if (payload_size <= max_local_) [[likely]] {
    if (at + payload_size > room) return corrupt_here("extends off end of page");
    payload_size_ = local_size_ = static_cast<std::uint32_t>(payload_size);
    return {};
  }
  if (payload_size > kMaxPayloadSize) return corrupt_here("payload too large");
  payload_size_ = static_cast<std::uint32_t>(payload_size);
  local_size_ = SpillRule{max_local_, min_local_, usable_size_}.local_size(payload_size_);
  if (at + local_size_ + 4 > room) return corrupt_here("extends off end of page");
  if (overflow_page_count(payload_size_, local_size_, usable_size_) > view_->page_count().value) {
    return corrupt_here("payload larger than the file");
  }
  return {};
}

// ---- Moving -------------------------------------------------------------------------------------------------------

Status Cursor::first() {
  if (no_pages()) return {};
  PL_TRY(to_root());
  if (on_leaf_ && top().cell_count == 0) return {};
  PL_TRY(descend_first());
  return stand_on(0);
}

Status Cursor::last() {
  if (position_ == Position::At && on_leaf_ && index_ + 1 == top().cell_count && on_last_leaf()) return {};
  if (no_pages()) return {};
  PL_TRY(to_root());
  if (on_leaf_ && top().cell_count == 0) return {};
  PL_TRY(descend_last());
  return stand_on(top().cell_count - 1);
}

Status Cursor::next_slow() {
  if (position_ == Position::Saved) PL_TRY(restore_slow());
  if (position_ == Position::None) return {};
  if (position_ == Position::Between && skip_ > 0) return stand_on(index_);
  return step_forward();
}

Status Cursor::step_forward() {
  if (!on_leaf_) {  // on an interior entry of an index: what follows is the subtree to its right
    PL_TRY(descend_into(depth_ - 1, index_ + 1));
    PL_TRY(descend_first());
    return stand_on(0);
  }
  if (index_ + 1 < top().cell_count) return stand_on(index_ + 1);
  do {
    pop();
    if (depth_ == 0) {
      reset();
      return {};
    }
  } while (top().index >= top().cell_count);
  on_leaf_ = false;
  if (!has_rowids_) return stand_on(top().index);
  PL_TRY(descend_into(depth_ - 1, top().index + 1));
  PL_TRY(descend_first());
  return stand_on(0);
}

Status Cursor::previous_slow() {
  if (position_ == Position::Saved) PL_TRY(restore_slow());
  if (position_ == Position::None) return {};
  if (position_ == Position::Between && skip_ < 0) return stand_on(index_);
  return step_backward();
}

Status Cursor::step_backward() {
  if (!on_leaf_) {
    // The path's index names the entry; the subtree to its left is the child of the same number.
    Node node;
    if (!node_at(depth_ - 1, &node)) return fail(Status::corrupt("btree: page changed its kind"));
    top().index = index_;
    PL_TRY(descend(node.child(index_)));
    PL_TRY(descend_last());
    return stand_on(top().cell_count - 1);
  }
  if (index_ > 0) return stand_on(index_ - 1);
  do {
    pop();
    if (depth_ == 0) {
      reset();
      return {};
    }
  } while (top().index == 0);
  on_leaf_ = false;
  const std::uint32_t child = top().index - 1;
  if (!has_rowids_) return stand_on(child);
  PL_TRY(descend_into(depth_ - 1, child));
  PL_TRY(descend_last());
  return stand_on(top().cell_count - 1);
}

// ---- Seeking in table trees ---------------------------------------------------------------------------------------

// The rowid of a leaf entry; false when the cell is out of range.
bool Cursor::leaf_rowid(std::uint32_t index, std::int64_t* rowid) const noexcept {
  const std::byte* page = page_data();
  const std::uint32_t offset = base::load_be16(page + pointers_offset_ + 2 * index);
  if (offset - min_cell_offset_ > cell_offset_range_) return false;
  const std::byte* p = page + offset;
  // Only the length of the payload size matters here.
  int skipped = 1;
  while (skipped < base::kMaxVarintBytes && static_cast<std::uint8_t>(p[skipped - 1]) >= 0x80) ++skipped;
  std::uint64_t value;
  get_varint_wide(p + skipped, &value);
  *rowid = static_cast<std::int64_t>(value);
  return true;
}

// The leaf at the end of the path, its entries low .. high - 1; all before are smaller than `rowid`, all from `high` on
// greater. Ends on the nearest one.
Result<Relation> Cursor::search_leaf_rowid(std::int64_t rowid, std::uint32_t low, std::uint32_t high) {
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    std::int64_t found;
    if (!leaf_rowid(middle, &found)) {
      index_ = middle;
      return corrupt_here("cell offset out of range");
    }
    if (found == rowid) {
      PL_TRY(stand_on(middle));
      return Relation::Equal;
    }
    if (found < rowid) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < top().cell_count) {
    PL_TRY(stand_on(low));
    return Relation::Greater;
  }
  PL_TRY(stand_on(low - 1));
  return Relation::Less;
}

Result<Relation> Cursor::seek_rowid(std::int64_t rowid) {
  PL_ASSERT(has_rowids_);
  if (position_ == Position::At) {
    const std::uint32_t cell_count = top().cell_count;
    if (rowid == rowid_) return Relation::Equal;
    if (rowid > rowid_) {
      if (index_ + 1 == cell_count) {
        if (on_last_leaf()) return Relation::Less;
      } else if (locality_ > 0) {
        std::int64_t following;
        if (leaf_rowid(index_ + 1, &following)) {
          if (rowid == following) {
            PL_TRY(next());
            return Relation::Equal;
          }
          if (rowid < following) return Relation::Less;
        }
        std::int64_t greatest;
        if (leaf_rowid(cell_count - 1, &greatest) && rowid <= greatest) {
          locality_ = kMaxLocality;
          return search_leaf_rowid(rowid, index_ + 1, cell_count);
        }
        --locality_;
      }
    } else if (locality_ > 0 && index_ > 0) {
      std::int64_t least;
      if (leaf_rowid(0, &least) && rowid >= least) {
        locality_ = kMaxLocality;
        return search_leaf_rowid(rowid, 0, index_);
      }
      --locality_;
    }
  }

  const PageNo former_leaf = position_ == Position::At ? top().page.number() : PageNo(0);
  // The path above the leaf is used again as far as it fits; without one it begins at the root.
  if (no_pages()) return Relation::Less;
  if (depth_ == 0) {
    PL_TRY(to_root());
  } else {
    position_ = Position::None;
    fast_last_ = 0;
    skip_ = 0;
  }
  for (int depth = 0;; ++depth) {
    Node node;
    if (!node_at(depth, &node)) return fail(Status::corrupt("btree: page changed its kind"));
    if (node.leaf) break;
    std::uint32_t low = 0;
    std::uint32_t high = node.cell_count;
    while (low < high) {
      const std::uint32_t middle = (low + high) / 2;
      const std::uint32_t offset = node.cell_offset(middle);
      if (offset > usable_size_ - 4) return fail(Status::corrupt("btree: cell offset out of range"));
      std::uint64_t key;
      get_varint_wide(node.data + offset + 4, &key);
      if (static_cast<std::int64_t>(key) < rowid) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    PL_TRY(descend_into(depth, low));
  }
  on_leaf_ = true;
  if (top().cell_count == 0) return Relation::Less;
  if (locality_ == 0 && top().page.number() == former_leaf) locality_ = kMaxLocality;
  enter_page();
  return search_leaf_rowid(rowid, 0, top().cell_count);
}

// ---- Seeking in index trees ---------------------------------------------------------------------------------------

// How entry `index` of `node`, which is the page at the end of the path, compares with the probe.
Result<int> Cursor::compare_cell(const KeyProbe& probe, const Node& node, std::uint32_t index) {
  const std::uint32_t offset = node.cell_offset(index);
  if (offset < node.pointers_end() || offset > usable_size_ - 4) {
    index_ = index;
    return corrupt_here("cell offset out of range");
  }
  const std::byte* cell = node.data + offset;
  std::uint32_t at = node.leaf ? 0 : 4;
  std::uint64_t payload_size;
  at += static_cast<std::uint32_t>(get_varint_wide(cell + at, &payload_size));
  const std::uint32_t room = usable_size_ - offset;
  int answer;
  if (payload_size <= max_local_) [[likely]] {
    if (at + payload_size > room) {
      index_ = index;
      return corrupt_here("extends off end of page");
    }
    answer = probe.compare({cell + at, static_cast<std::size_t>(payload_size)}, true);
  } else {
    // The long way: as an entry, first by what lies here, then by the whole key.
    PL_TRY(stand_on(index));
    answer = probe.compare(local_payload(), false);
    if (answer == kNeedMore) {
      Vector<std::byte> scratch;
      PL_ASSIGN(const Bytes whole, full_payload(scratch));
      answer = probe.compare(whole, true);
    }
    position_ = Position::None;
    fast_last_ = 0;
  }
  if (is_special(answer)) [[unlikely]] {
    if (answer == kNoMemory) return fail(Status::no_memory());
    index_ = index;
    return corrupt_here("malformed key");
  }
  return answer;
}

// As search_leaf_rowid().
Result<Relation> Cursor::search_leaf_key(const KeyProbe& probe, const Node& node, std::uint32_t low,
                                         std::uint32_t high) {
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    PL_ASSIGN(const int order, compare_cell(probe, node, middle));
    if (order == 0) {
      PL_TRY(stand_on(middle));
      return Relation::Equal;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < node.cell_count) {
    PL_TRY(stand_on(low));
    return Relation::Greater;
  }
  PL_TRY(stand_on(low - 1));
  return Relation::Less;
}

Result<Relation> Cursor::seek_stored_key(Bytes key) {
  PL_ASSERT(order_ != nullptr);
  return seek_key(SavedKeyProbe(*order_, key));
}

Result<Relation> Cursor::seek_key_slow(const KeyProbe& probe) {
  PL_ASSERT(!has_rowids_);
  if (position_ == Position::At && on_leaf_ && locality_ > 0) {
    // Keys often arrive in order: the leaf at hand is tried by its ends.
    Node node;
    if (!node_at(depth_ - 1, &node)) return fail(Status::corrupt("btree: page changed its kind"));
    const std::uint32_t cell_count = node.cell_count;
    PL_ASSIGN(const int at_last, compare_cell(probe, node, cell_count - 1));
    if (at_last <= 0) {
      if (at_last == 0 || on_last_leaf()) {
        locality_ = kMaxLocality;
        PL_TRY(stand_on(cell_count - 1));
        return at_last == 0 ? Relation::Equal : Relation::Less;
      }
    } else if (cell_count > 1) {
      PL_ASSIGN(const int at_first, compare_cell(probe, node, 0));
      if (at_first <= 0) {
        locality_ = kMaxLocality;
        return search_leaf_key(probe, node, 0, cell_count - 1);
      }
    }
    --locality_;
  }

  const PageNo former_leaf = depth_ > 0 ? top().page.number() : PageNo(0);
  if (no_pages()) return Relation::Less;
  if (depth_ == 0) {
    PL_TRY(to_root());
  } else {
    position_ = Position::None;
    fast_last_ = 0;
    skip_ = 0;
  }
  for (int depth = 0;; ++depth) {
    Node node;
    if (!node_at(depth, &node)) return fail(Status::corrupt("btree: page changed its kind"));
    if (node.leaf) break;
    std::uint32_t low = 0;
    std::uint32_t high = node.cell_count;
    while (low < high) {
      const std::uint32_t middle = (low + high) / 2;
      const std::uint32_t offset = node.cell_offset(middle);
      int order;
      const std::byte* cell = node.data + offset;
      std::uint64_t payload_size;
      if (offset < node.pointers_end() || offset > usable_size_ - 4) {
        return fail(Status::format(Code::Corrupt, -1, "btree page %u: cell %u: offset out of range",
                                   level(depth)->page.number().value, middle));
      }
      const int length = get_varint_wide(cell + 4, &payload_size);
      if (payload_size <= max_local_ && offset + 4 + static_cast<std::uint32_t>(length) + payload_size <= usable_size_)
          [[likely]] {
        order = probe.compare({cell + 4 + length, static_cast<std::size_t>(payload_size)}, true);
        if (is_special(order)) {
          return fail(order == kNoMemory ? Status::no_memory() : Status::corrupt("btree: malformed key"));
        }
      } else {
        pop_to(depth + 1);
        on_leaf_ = false;
        PL_ASSIGN(order, compare_cell(probe, node, middle));
      }
      if (order == 0) {
        pop_to(depth + 1);
        on_leaf_ = false;
        PL_TRY(stand_on(middle));
        return Relation::Equal;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    PL_TRY(descend_into(depth, low));
  }
  on_leaf_ = true;
  if (top().cell_count == 0) return Relation::Less;
  if (locality_ == 0 && top().page.number() == former_leaf) locality_ = kMaxLocality;
  Node node;
  if (!node_at(depth_ - 1, &node)) return fail(Status::corrupt("btree: page changed its kind"));
  enter_page();
  fast_last_ = 0;
  return search_leaf_key(probe, node, 0, node.cell_count);
}

// ---- Saving and restoring -----------------------------------------------------------------------------------------

Status Cursor::save() {
  if (position_ == Position::None || position_ == Position::Saved) {
    pop_to(0);
    return {};
  }
  const std::int8_t skip = position_ == Position::Between ? skip_ : std::int8_t{0};
  if (position_ == Position::Between) PL_TRY(stand_on(index_));
  if (!has_rowids_) {
    saved_key_.resize(payload_size_ + pager::kFrameSlack);
    PL_TRY(read_payload(0, std::span(saved_key_).first(payload_size_)));
    saved_key_.resize(payload_size_);
  }
  pop_to(0);
  position_ = Position::Saved;
  fast_last_ = 0;
  skip_ = skip;
  ++epoch_;
  return {};
}

Status Cursor::restore_slow() {
  PL_ASSERT(depth_ == 0);
  const std::int8_t skip = skip_;
  Relation relation;
  position_ = Position::None;
  skip_ = 0;
  if (has_rowids_) {
    PL_ASSIGN(relation, seek_rowid(rowid_));
  } else {
    PL_ASSIGN(relation, seek_stored_key(saved_key_));
  }
  if (position_ != Position::At) return {};  // the tree is empty
  if (relation == Relation::Equal) return skip == 0 ? Status() : stand_between(skip);
  return stand_between(relation == Relation::Less ? std::int8_t{-1} : std::int8_t{1});
}

Status Cursor::save_peers_slow() {
  for (Cursor* peer = peer_next_; peer != this; peer = peer->peer_next_) PL_TRY(peer->save());
  return {};
}

Status release_cursors(View& view) noexcept {
  Status first;
  for (auto* cursor = static_cast<Cursor*>(view.cursor_list()); cursor != nullptr; cursor = cursor->list_next_) {
    Status status;
    try {
      status = cursor->save();
    } catch (const std::bad_alloc&) {
      status = cursor->fail(Status::no_memory());
    }
    if (!status.ok() && first.ok()) first = std::move(status);
  }
  return first;
}

Status save_cursors_on(View& view, PageNo root) noexcept {
  Status first;
  for (auto* cursor = static_cast<Cursor*>(view.cursor_list()); cursor != nullptr; cursor = cursor->list_next_) {
    if (cursor->root_ != root) continue;
    Status status;
    try {
      status = cursor->save();
    } catch (const std::bad_alloc&) {
      status = cursor->fail(Status::no_memory());
    }
    if (!status.ok() && first.ok()) first = std::move(status);
  }
  return first;
}

void reset_cursors_on(View& view, PageNo root) noexcept {
  for (auto* cursor = static_cast<Cursor*>(view.cursor_list()); cursor != nullptr; cursor = cursor->list_next_) {
    if (cursor->root_ == root) cursor->reset();
  }
}

// ---- Payload ------------------------------------------------------------------------------------------------------

// Page `page_index` of the overflow chain of the entry.
Status Cursor::overflow_page(std::uint32_t page_index, PageNo* page) {
  if (overflow_epoch_ != epoch_ || overflow_pages_.empty()) {
    overflow_pages_.clear();
    overflow_pages_.push_back(PageNo(load_be32(page_data() + local_offset_ + local_size_)));
    overflow_epoch_ = epoch_;
  }
  while (overflow_pages_.size() <= page_index) {
    PL_ASSIGN(const PageRef last, view_->fetch(overflow_pages_.back()));
    overflow_pages_.push_back(PageNo(load_be32(last.data())));
  }
  *page = overflow_pages_[page_index];
  if (page->value < 2) return corrupt_here("overflow chain too short");
  return {};
}

template <bool kWrite>
Status Cursor::transfer(std::uint32_t offset, std::byte* bytes, std::size_t size) {
  PL_ASSERT(valid() && offset + size <= payload_size_);
  if (offset < local_size_ && size > 0) {
    const std::size_t count = std::min<std::size_t>(size, local_size_ - offset);
    if constexpr (kWrite) {
      PL_ASSIGN(const base::MutableBytes page, top().page.writable());
      std::memcpy(page.data() + local_offset_ + offset, bytes, count);
    } else {
      std::memcpy(bytes, page_data() + local_offset_ + offset, count);
    }
    offset += static_cast<std::uint32_t>(count);
    bytes += count;
    size -= count;
  }
  if (size == 0) return {};
  const std::uint32_t per_page = usable_size_ - kOverflowHeader;
  std::uint32_t page_index = (offset - local_size_) / per_page;
  std::uint32_t within = (offset - local_size_) % per_page;
  while (size > 0) {
    PageNo number;
    PL_TRY(overflow_page(page_index, &number));
    PL_ASSIGN(PageRef page, view_->fetch(number));
    const std::size_t count = std::min<std::size_t>(size, per_page - within);
    if constexpr (kWrite) {
      if (std::memcmp(page.data() + kOverflowHeader + within, bytes, count) != 0) {
        PL_ASSIGN(const base::MutableBytes content, page.writable());
        std::memcpy(content.data() + kOverflowHeader + within, bytes, count);
      }
    } else {
      std::memcpy(bytes, page.data() + kOverflowHeader + within, count);
      // The page is at hand: what follows it need not be looked up again.
      if (overflow_pages_.size() == page_index + 1) overflow_pages_.push_back(PageNo(load_be32(page.data())));
    }
    bytes += count;
    size -= count;
    within = 0;
    ++page_index;
  }
  return {};
}

Status Cursor::read_payload(std::uint32_t offset, std::span<std::byte> out) {
  return transfer<false>(offset, out.data(), out.size());
}

Status Cursor::write_payload(std::uint32_t offset, std::span<const std::byte> bytes) {
  PL_TRY(save_peers());
  // Only read from: the template shares one signature.
  PL_TRY(transfer<true>(offset, const_cast<std::byte*>(bytes.data()), bytes.size()));
  // The page may have moved into the overlay; what is known of the chain stays right.
  if (overflow_epoch_ == epoch_) ++overflow_epoch_;
  ++epoch_;
  return {};
}

Result<std::span<const std::byte>> Cursor::full_payload(Vector<std::byte>& scratch) {
  if (!has_overflow()) return local_payload();
  scratch.resize(payload_size_ + pager::kFrameSlack);
  const std::span<std::byte> out = std::span(scratch).first(payload_size_);
  PL_TRY(read_payload(0, out));
  return std::span<const std::byte>(out);
}

}  // namespace perlite::btree
