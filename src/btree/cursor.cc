// Opening, moving, seeking and reading. Changing is in cursor_write.cc.
#include "btree/cursor.h"

#include <algorithm>
#include <cstring>

#include "base/fixed_vector.h"
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
  return fail(Status::corrupt(what));
}

// ---- The path -----------------------------------------------------------------------------------------------------

bool Cursor::node_at(int depth, Node* node) const noexcept {
  return decode_node(level(depth)->page, usable_size_, node);
}

// Puts the root, or the child of the page at the end of the path, at the end of the path; *node describes it.
[[gnu::always_inline]] inline Status Cursor::descend_to(PageNo child, bool may_be_empty, Node* node) {
  if (depth_ == kMaxDepth) return fail(Status::corrupt("btree: too deep"));
  Result<PageRef> fetched = view_->fetch(child);
  if (!fetched.ok()) [[unlikely]]
    return fail(std::move(fetched.status()));
  PageRef& page = fetched.value();
  if (!decode_node(page, usable_size_, node) || node->table != has_rowids_) [[unlikely]] {
    return fail(Status::corrupt("btree page: not of this tree"));
  }
  if (node->cell_count == 0 && !may_be_empty) [[unlikely]] {
    // Only an empty root is a leaf without cells, and only page 1 may be an interior page with a single child.
    if (node->leaf ? depth_ > 0 : child.value != 1) {
      return fail(Status::corrupt("btree page: no cells"));
    }
  }
  on_leaf_ = node->leaf;
  push(std::move(page), 0, node->cell_count);
  return {};
}

Status Cursor::descend(PageNo child, bool may_be_empty) {
  Node node;
  return descend_to(child, may_be_empty, &node);
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

// As to_root(); `*node` describes the root, and what on_leaf_ says is open.
[[gnu::always_inline]] inline Status Cursor::to_root(Node* node) {
  position_ = Position::None;
  fast_last_ = 0;
  skip_ = 0;
  if (depth_ == 0) return descend_to(root_, false, node);
  pop_to(1);
  if (!node_at(0, node)) return fail(Status::corrupt("btree: page changed its kind"));
  return {};
}

// Child `child_index` of the interior page at `depth` gets the end of the path; kept when it is there already.
// `*node` describes the parent before and the child after.
Status Cursor::descend_into(int depth, std::uint32_t child_index, Node* node) {
  Level& parent = *level(depth);
  if (depth_ > depth + 1) {
    if (parent.index == child_index) {
      pop_to(depth + 2);
      if (!node_at(depth + 1, node)) return fail(Status::corrupt("btree: page changed its kind"));
      on_leaf_ = node->leaf;
      return {};
    }
    pop_to(depth + 1);
  }
  parent.index = child_index;
  return descend_to(node->child(child_index), false, node);
}

Status Cursor::descend_into(int depth, std::uint32_t child_index) {
  Node node;
  if (!node_at(depth, &node)) return fail(Status::corrupt("btree: page changed its kind"));
  return descend_into(depth, child_index, &node);
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
  note_cells(here.cell_count);
}

// On entry `index` of the page at the end of the path.
Status Cursor::stand_on(std::uint32_t index) {
  top().index = index;
  position_ = Position::At;
  skip_ = 0;
  enter_page();
  if (on_leaf_ && load_near(index)) [[likely]]
    return {};
  index_ = index;
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

Status Cursor::load_entry() {
  ++epoch_;
  const std::uint32_t offset = base::load_be16(page_data() + pointers_offset_ + 2 * index_);
  if (offset - min_cell_offset_ > cell_offset_range_) return corrupt_here("cell offset out of range");
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

Status Cursor::last_slow() {
  if (position_ == Position::At && on_leaf_ && index_ + 1 == top().cell_count && on_last_leaf()) {
    end_epoch_ = epoch_;
    return {};
  }
  if (no_pages()) return {};
  Node node;
  PL_TRY(to_root(&node));
  while (!node.leaf) {
    top().index = node.cell_count;
    PL_TRY(descend_to(node.right_child(), false, &node));
  }
  on_leaf_ = true;
  if (node.cell_count == 0) return {};
  PL_TRY(stand_on(node.cell_count - 1));
  end_epoch_ = epoch_;
  return {};
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

namespace {

template <bool kLeaf>
inline bool rowid_at(const Node& node, std::uint32_t index, std::int64_t* rowid) noexcept {
  const std::uint32_t offset = base::load_be16(node.data + node.pointers + 2 * index);
  if (offset > node.usable_size - 4) [[unlikely]]
    return false;
  const std::byte* p = node.data + offset;
  if constexpr (!kLeaf) {
    p += 4;
  } else {
    int length = 1;
    while (static_cast<std::uint8_t>(*p++) >= 0x80 && length < base::kMaxVarintBytes) ++length;
  }
  std::uint64_t value;
  get_varint_wide(p, &value);
  *rowid = static_cast<std::int64_t>(value);
  return true;
}

constexpr std::uint32_t kBadCell = 0xffffffff;

}  // namespace

// What is known of the rowids of a page before it is looked at: all are > low and <= high, where these are known.
struct Cursor::RowidRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
  bool has_low = false;
  bool has_high = false;
};

// First cell whose rowid is not smaller than `rowid`: cell_count when there is none, kBadCell when a pointer is bad.
// `range` becomes that of the child in front of the cell.
//
// Rowids are mostly dense or evenly spread, so the place is guessed from what the pages above said, and the
// neighbourhood of the guess is searched in growing steps: two or three looks instead of eight or nine.
template <bool kLeaf>
std::uint32_t Cursor::lower_bound_rowid(const Node& node, std::int64_t rowid, RowidRange* range) noexcept {
  // Cells before `low` are smaller than rowid, those from `high` on are not.
  std::uint32_t low = 0;
  std::uint32_t high = node.cell_count;
  std::int64_t key;
  // The key above a leaf is that of its last cell as a rule, elsewhere it belongs behind the last one.
  const std::uint32_t known_gap = kLeaf && range->has_high ? 0 : 1;
  if (high <= 8) {
    // Not worth a guess.
  } else if (!range->has_low) {
    if (!rowid_at<kLeaf>(node, 0, &key)) return kBadCell;
    if (key >= rowid) {
      range->high = key;
      range->has_high = true;
      return 0;
    }
    range->low = key;
    range->has_low = true;
    low = 1;
  }
  if (high > 8 && !range->has_high) {
    if (!rowid_at<kLeaf>(node, high - 1, &key)) return kBadCell;
    if (key < rowid) {
      range->low = key;
      return high;
    }
    range->high = key;
    range->has_high = true;
    --high;
  }
  if (high - low > 4 && range->has_low && range->has_high) {
    const std::uint64_t spread = static_cast<std::uint64_t>(range->high) - static_cast<std::uint64_t>(range->low);
    const std::uint64_t ahead = static_cast<std::uint64_t>(rowid) - static_cast<std::uint64_t>(range->low);
    // From the low key to the high one it is so many steps; in a dense page each is one.
    const std::uint32_t gaps = high - low + known_gap;
    std::uint64_t guess = ahead - 1;
    if (spread != gaps) {
      guess = static_cast<std::uint64_t>(static_cast<double>(ahead) / static_cast<double>(spread) * gaps);
    }
    const std::uint32_t start = guess >= high - low ? high - 1 : low + static_cast<std::uint32_t>(guess);
    if (!rowid_at<kLeaf>(node, start, &key)) return kBadCell;
    std::uint32_t step = 1;
    if (key < rowid) {
      range->low = key;
      low = start + 1;
      while (low < high) {
        const std::uint32_t probe = high - low > step ? low + step - 1 : high - 1;
        if (!rowid_at<kLeaf>(node, probe, &key)) return kBadCell;
        if (key >= rowid) {
          range->high = key;
          high = probe;
          break;
        }
        range->low = key;
        low = probe + 1;
        step *= 4;
      }
    } else {
      range->high = key;
      high = start;
      if (kLeaf && key == rowid) return start;
      while (low < high) {
        const std::uint32_t probe = high - low > step ? high - step : low;
        if (!rowid_at<kLeaf>(node, probe, &key)) return kBadCell;
        if (key < rowid) {
          range->low = key;
          low = probe + 1;
          break;
        }
        range->high = key;
        high = probe;
        step *= 4;
      }
    }
  }
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    if (!rowid_at<kLeaf>(node, middle, &key)) return kBadCell;
    if (key < rowid) {
      range->low = key;
      range->has_low = true;
      low = middle + 1;
    } else {
      range->high = key;
      range->has_high = true;
      high = middle;
    }
  }
  return low;
}

// On the leaf at the end of the path, which has cells: the entry with this rowid or the nearest one.
Result<Relation> Cursor::land_on_rowid(const Node& node, std::int64_t rowid, RowidRange range) {
  const std::uint32_t at = lower_bound_rowid<true>(node, rowid, &range);
  if (at == kBadCell) return corrupt_here("cell offset out of range");
  if (at == node.cell_count) {
    PL_TRY(stand_on(at - 1));
    return Relation::Less;
  }
  PL_TRY(stand_on(at));
  return rowid_ == rowid ? Relation::Equal : Relation::Greater;
}

Result<Relation> Cursor::seek_rowid_slow(std::int64_t rowid) {
  PL_ASSERT(has_rowids_);
  if (position_ == Position::At) {
    const std::uint32_t cell_count = top().cell_count;
    if (rowid == rowid_) return Relation::Equal;
    if (rowid > rowid_) {
      if (index_ + 1 == cell_count) {
        if (on_last_leaf()) {
          end_epoch_ = epoch_;
          return Relation::Less;
        }
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
          Node node;
          if (!node_at(depth_ - 1, &node)) return fail(Status::corrupt("btree: page changed its kind"));
          return land_on_rowid(node, rowid, {});
        }
        --locality_;
      }
    } else if (locality_ > 0 && index_ > 0) {
      std::int64_t least;
      if (leaf_rowid(0, &least) && rowid >= least) {
        locality_ = kMaxLocality;
        Node node;
        if (!node_at(depth_ - 1, &node)) return fail(Status::corrupt("btree: page changed its kind"));
        return land_on_rowid(node, rowid, {});
      }
      --locality_;
    }
  }

  const PageNo former_leaf = position_ == Position::At ? top().page.number() : PageNo(0);
  if (no_pages()) return Relation::Less;
  Node node;
  PL_TRY(to_root(&node));
  RowidRange range;
  while (!node.leaf) {
    const std::uint32_t child = lower_bound_rowid<false>(node, rowid, &range);
    if (child == kBadCell) return fail(Status::corrupt("btree: cell offset out of range"));
    top().index = child;
    PL_TRY(descend_to(node.child(child), false, &node));
  }
  on_leaf_ = true;
  if (node.cell_count == 0) return Relation::Less;
  if (locality_ == 0 && top().page.number() == former_leaf) locality_ = kMaxLocality;
  return land_on_rowid(node, rowid, range);
}

// ---- Seeking in index trees ---------------------------------------------------------------------------------------

// How entry `index` of `node`, the page at `depth` of the path, compares with the probe. An error is in *status, and
// the answer then means nothing.
int Cursor::compare_cell(const KeyProbe& probe, int depth, const Node& node, std::uint32_t index,
                                Status* status) {
  const std::uint32_t offset = node.cell_offset(index);
  const std::byte* cell = node.data + offset + (node.leaf ? 0 : 4);
  if (offset <= usable_size_ - 4) [[likely]] {
    std::uint64_t payload_size;
    cell += get_varint_wide(cell, &payload_size);
    if (payload_size <= max_local_ && cell + payload_size <= node.data + usable_size_) [[likely]] {
      const int answer = probe.compare({cell, static_cast<std::size_t>(payload_size)}, true);
      if (!is_special(answer)) [[likely]]
        return answer;
    }
  }
  // What was left of the path below ends here: the cell is looked at as an entry.
  pop_to(depth + 1);
  on_leaf_ = node.leaf;
  int answer = 0;
  *status = compare_long_cell(probe, index, &answer);
  return answer;
}

// The long way: as an entry, first by what lies here, then by the whole key.
Status Cursor::compare_long_cell(const KeyProbe& probe, std::uint32_t index, int* answer) {
  PL_TRY(stand_on(index));
  *answer = probe.compare(local_payload(), !has_overflow());
  if (*answer == kNeedMore && has_overflow()) {
    Vector<std::byte> scratch;
    PL_ASSIGN(const Bytes whole, full_payload(scratch));
    *answer = probe.compare(whole, true);
  }
  position_ = Position::None;
  fast_last_ = 0;
  if (*answer == kNoMemory) return fail(Status::no_memory());
  if (is_special(*answer)) return corrupt_here("malformed key");
  return {};
}

// Moves `*low` to the first entry below `high` of `node`, the page at `depth` of the path, that does not come before the
// probe; true when it equals it. An error is in *status.
inline bool Cursor::search_keys(const KeyProbe& probe, int depth, const Node& node, std::uint32_t* low,
                                std::uint32_t high, Status* status) {
  const PageKeys keys{node.data, node.data + node.pointers, usable_size_, node.leaf ? 0u : 4u, max_local_};
  KeyRange range = probe.search(keys, {*low, high});
  while (!range.equal && range.low < range.high) [[unlikely]] {
    const std::uint32_t middle = (range.low + range.high) / 2;
    const int order = compare_cell(probe, depth, node, middle, status);
    if (!status->ok()) return false;
    if (order == 0) {
      range = {middle, middle, true};
    } else {
      range = order < 0 ? KeyRange{middle + 1, range.high} : KeyRange{range.low, middle};
      range = probe.search(keys, range);
    }
  }
  *low = range.low;
  return range.equal;
}

// On the leaf at the end of the path: entries before `low` are smaller than the probe, those from `high` on greater.
Result<Relation> Cursor::search_leaf_key(const KeyProbe& probe, const Node& node, std::uint32_t low,
                                         std::uint32_t high) {
  Status status;
  const bool equal = search_keys(probe, depth_ - 1, node, &low, high, &status);
  if (!status.ok()) [[unlikely]]
    return status;
  if (equal) {
    PL_TRY(stand_on(low));
    return Relation::Equal;
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
  Status status;
  if (position_ == Position::At && on_leaf_ && locality_ > 0) {
    // Keys often arrive in order: the leaf at hand is tried by its ends.
    Node node;
    if (!node_at(depth_ - 1, &node)) return fail(Status::corrupt("btree: page changed its kind"));
    const std::uint32_t cell_count = node.cell_count;
    const int at_last = compare_cell(probe, depth_ - 1, node, cell_count - 1, &status);
    if (!status.ok()) return status;
    if (at_last <= 0) {
      if (at_last == 0 || on_last_leaf()) {
        locality_ = kMaxLocality;
        PL_TRY(stand_on(cell_count - 1));
        return at_last == 0 ? Relation::Equal : Relation::Less;
      }
    } else if (cell_count > 1) {
      const int at_first = compare_cell(probe, depth_ - 1, node, 0, &status);
      if (!status.ok()) return status;
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
  Node node;
  if (!node_at(0, &node)) return fail(Status::corrupt("btree: page changed its kind"));
  for (int depth = 0; !node.leaf; ++depth) {
    std::uint32_t low = 0;
    const bool equal = search_keys(probe, depth, node, &low, node.cell_count, &status);
    if (!status.ok()) [[unlikely]]
      return status;
    if (equal) {
      pop_to(depth + 1);
      on_leaf_ = false;
      PL_TRY(stand_on(low));
      return Relation::Equal;
    }
    PL_TRY(descend_into(depth, low, &node));
  }
  on_leaf_ = true;
  if (node.cell_count == 0) return Relation::Less;
  if (locality_ == 0 && top().page.number() == former_leaf) locality_ = kMaxLocality;
  return search_leaf_key(probe, node, 0, node.cell_count);
}

// Between on a leaf, where an entry was erased: a key that comes instead often belongs between its neighbours, or on the
// same leaf.
Result<Relation> Cursor::seek_beside_erased(const KeyProbe& probe) {
  Node node;
  if (!node_at(depth_ - 1, &node)) return fail(Status::corrupt("btree: page changed its kind"));
  const std::uint32_t cell_count = node.cell_count;
  const std::uint32_t gap = skip_ > 0 ? index_ : index_ + 1;  // the entry that follows, where there is one here
  Status status;
  const auto compare = [&](std::uint32_t index) { return compare_cell(probe, depth_ - 1, node, index, &status); };
  // From the gap outwards: the nearest entry on the side of the key, then the last one of the leaf on that side.
  // What lies before `low` is smaller, what lies from `high` on is greater; both ends must lie on this leaf.
  std::uint32_t low = 0;
  std::uint32_t high = cell_count;
  const auto note = [&](std::uint32_t index, int order) {
    if (order <= 0) low = order == 0 ? index : index + 1;
    if (order >= 0) high = index;
    return order;
  };
  int order = -1;
  if (gap > 0) order = note(gap - 1, compare(gap - 1));
  if (status.ok() && order < 0 && gap < cell_count) {
    order = note(gap, compare(gap));
    if (status.ok() && order < 0 && gap + 1 < cell_count) order = note(cell_count - 1, compare(cell_count - 1));
  } else if (status.ok() && order > 0 && gap > 1) {
    order = note(0, compare(0));
  }
  if (!status.ok()) return status;
  if (order == 0) {
    PL_TRY(stand_on(low));
    return Relation::Equal;
  }
  if (low > 0 && high < cell_count) return search_leaf_key(probe, node, low, high);
  if (low == cell_count && on_last_leaf()) {
    PL_TRY(stand_on(cell_count - 1));
    return Relation::Less;
  }
  position_ = Position::None;  // from the root, without trying this leaf again
  return seek_key_slow(probe);
}

// ---- Saving and restoring -----------------------------------------------------------------------------------------

Status Cursor::save() {
  if (position_ == Position::None || position_ == Position::Saved) {
    pop_to(0);
    return {};
  }
  // Between, the way back to where a row was is its rowid, should it come back; that to a key is its neighbour.
  std::int8_t skip = 0;
  if (position_ == Position::Between && !has_rowids_) {
    skip = skip_;
    PL_TRY(stand_on(index_));
  }
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
  const std::int64_t rowid = rowid_;
  Relation relation;
  position_ = Position::None;
  skip_ = 0;
  if (has_rowids_) {
    PL_ASSIGN(relation, seek_rowid(rowid));
  } else {
    PL_ASSIGN(relation, seek_stored_key(saved_key_));
  }
  if (position_ != Position::At) return {};  // the tree is empty
  if (relation == Relation::Equal) return skip == 0 ? Status() : stand_between(skip);
  rowid_ = rowid;
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

// Reads the contents of pages of the chain, from that of `page_index` on, that lie one behind the other and in the file
// alone, straight to where they are wanted. The answer: how many; 0 where it is not so. What stands behind them in `out`
// is anything.
Result<std::size_t> Cursor::read_chain_run(std::uint32_t page_index, std::span<std::byte> out) {
  constexpr std::size_t kMostPages = 32;
  const std::size_t per_page = usable_size_ - kOverflowHeader;
  const std::size_t whole_pages = out.size() / per_page;
  PageNo first;
  PL_TRY(overflow_page(page_index, &first));
  const std::size_t count = view_->count_in_file_alone(first, std::min(whole_pages, kMostPages));
  if (count == 0) return std::size_t{0};
  std::byte links[kMostPages][kOverflowHeader];
  std::byte reserved[256];
  base::FixedVector<base::MutableBytes, 3 * kMostPages> parts;
  for (std::size_t i = 0; i < count; ++i) {
    parts.push_back(links[i]);
    parts.push_back(out.subspan(i * per_page, per_page));
    if (view_->page_size() != usable_size_) parts.push_back({reserved, view_->page_size() - usable_size_});
  }
  const Status status = view_->read_past_cache(first, count, parts.elements());
  if (!status.ok()) return std::size_t{0};  // one by one shows what it is
  // Where the chain goes elsewhere the pages behind were none of it.
  overflow_pages_.resize(page_index + 1);
  std::size_t read = 0;
  while (read < count && overflow_pages_.back().value == first.value + read) {
    overflow_pages_.push_back(PageNo(load_be32(links[read])));
    ++read;
  }
  return read;
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
  [[maybe_unused]] const bool past_cache = !kWrite && view_->is_past_cache(size / per_page);
  while (size > 0) {
    if constexpr (!kWrite) {
      if (past_cache && within == 0 && size >= per_page) {
        PL_ASSIGN(const std::size_t pages, read_chain_run(page_index, {bytes, size}));
        bytes += pages * per_page;
        size -= pages * per_page;
        page_index += static_cast<std::uint32_t>(pages);
        if (pages != 0) continue;
      }
    }
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
