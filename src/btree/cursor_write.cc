// Inserting, replacing and erasing entries through a cursor.
#include <algorithm>
#include <cstring>

#include "btree/cursor.h"
#include "btree/overflow.h"
#include "btree/page_edit.h"
#include "btree/pointer_map.h"
#include "btree/tree_editor.h"

namespace perlite::btree {

using base::MutableBytes;
using base::store_be32;
using pager::PageRef;

namespace {

// A cell about to be written: its head is here, its local payload still with the caller, its overflow pages are
// written.
class NewCell {
 public:
  // `left_child` is PageNo(0) for leaves. Errors: TooBig and those of writing.
  Status build(pager::View& view, bool table, const SpillRule& rule, std::int64_t rowid, const Payload& payload,
               PageNo owner, PageNo left_child) {
    if (payload.size() > kMaxPayloadSize) return Code::TooBig;
    payload_ = &payload;
    if (left_child.value != 0) {
      store_be32(head_, left_child.value);
      head_size_ = 4;
    }
    head_size_ += static_cast<std::uint32_t>(base::put_varint(head_ + head_size_, payload.size()));
    if (table) {
      head_size_ += static_cast<std::uint32_t>(base::put_varint(head_ + head_size_, static_cast<std::uint64_t>(rowid)));
    }
    local_size_ = rule.local_size(static_cast<std::uint32_t>(payload.size()));
    size_ = head_size_ + local_size_;
    if (local_size_ != payload.size()) {
      PL_ASSIGN(overflow_, write_overflow(view, payload, local_size_, owner));
      size_ += 4;
    }
    size_ = std::max(size_, kMinCellSize);
    return {};
  }
  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t head_size() const noexcept { return head_size_; }
  std::uint32_t local_size() const noexcept { return local_size_; }

  void write_to(std::byte* out) const noexcept {
    if (size_ == kMinCellSize) std::memset(out, 0, kMinCellSize);
    std::memcpy(out, head_, head_size_);
    copy_payload(*payload_, 0, local_size_, out + head_size_);
    if (overflow_.value != 0) store_be32(out + head_size_ + local_size_, overflow_.value);
  }
  // In memory of its own, readable wide.
  Vector<std::byte> bytes() const {
    Vector<std::byte> out(size_ + pager::kFrameSlack);
    write_to(out.data());
    return out;
  }

 private:
  const Payload* payload_ = nullptr;
  std::uint32_t head_size_ = 0;
  std::uint32_t local_size_ = 0;
  std::uint32_t size_ = 0;
  PageNo overflow_;
  std::byte head_[4 + 2 * base::kMaxVarintBytes];
};

// Errors of a change leave the cursor on nothing.
struct ResetOnError {
  Cursor& cursor;
  bool armed = true;
  ~ResetOnError() {
    if (armed) cursor.reset();
  }
};

}  // namespace

// ---- Inserting ----------------------------------------------------------------------------------------------------

// Before a search: where an entry was erased, what comes instead is often its neighbour, and the leaf is tried first.
Status Cursor::come_back() {
  if (position_ == Position::Between && on_leaf_) return stand_on(index_);
  if (position_ != Position::At && position_ != Position::None) reset();
  return {};
}

Result<Relation> Cursor::seek_new_rowid(std::int64_t rowid) {
  if (stands_at_last_seek() && sought_rowid_ == rowid) return last_relation_;
  PL_TRY(come_back());
  return seek_rowid(rowid);
}

Result<Relation> Cursor::seek_new_key(const KeyProbe& probe, bool at_seek) {
  if (at_seek && stands_at_last_seek()) return last_relation_;
  if (position_ == Position::Between && on_leaf_) {
    Result<Relation> relation = seek_beside_erased(probe);
    if (relation.ok()) note_relation(relation.value());
    return relation;
  }
  PL_TRY(come_back());
  return seek_key(probe);
}

Status Cursor::insert_row(std::int64_t rowid, const Payload& payload, After after) {
  PL_ASSERT(has_rowids_);
  PL_TRY(save_peers());
  PL_ASSIGN(const Relation relation, seek_new_rowid(rowid));
  if (relation == Relation::Equal) return replace(rowid, payload, after);
  return insert_at(valid() ? index_behind(relation) : 0, rowid, payload, after);
}

Status Cursor::insert_key(const Payload& key, const KeyProbe* probe, bool at_seek, After after) {
  PL_ASSERT(!has_rowids_);
  PL_TRY(save_peers());
  Relation relation;
  if (probe != nullptr) {
    PL_ASSIGN(relation, seek_new_key(*probe, at_seek));
  } else if (at_seek && stands_at_last_seek()) {
    relation = last_relation_;
  } else {
    PL_TRY(come_back());
    PL_ASSERT(order_ != nullptr && key.zero_tail == 0);
    PL_ASSIGN(relation, seek_stored_key(key.bytes));
  }
  if (relation == Relation::Equal) return replace(0, key, after);
  return insert_at(valid() ? index_behind(relation) : 0, 0, key, after);
}

// A cell without overflow as cell `index` of the leaf the cursor stands on: all but its payload. Null: no room.
[[gnu::always_inline]] inline Result<std::byte*> Cursor::make_room(std::uint32_t index, std::int64_t rowid,
                                                                   std::uint64_t size) {
  PL_ASSERT(valid() && on_leaf_);
  if (size > max_local_) return nullptr;
  auto cell_size = static_cast<std::uint32_t>(size) + static_cast<std::uint32_t>(base::varint_length(size));
  if (has_rowids_) {
    cell_size += static_cast<std::uint32_t>(base::varint_length(static_cast<std::uint64_t>(rowid)));
  }
  if (cell_size < kMinCellSize) return nullptr;

  Level& leaf = top();
  Result<MutableBytes> writable = leaf.page.writable();
  if (!writable.ok()) [[unlikely]]
    return fail(std::move(writable.status()));
  std::byte* const data = writable.value().data();
  std::uint32_t offset;
  if (!append_cell(data, pointers_offset_, has_rowids_ ? kTableLeaf : kIndexLeaf, leaf.cell_count, index, cell_size,
                   usable_size_, &offset)) {
    Node node;
    if (!node_at(depth_ - 1, &node) || !node.leaf || index > node.cell_count) return corrupt_here("page changed");
    const Placed placed = insert_cell(data, node, index, cell_size, &offset);
    if (placed == Placed::NoRoom) return nullptr;
    if (placed == Placed::Corrupt) return corrupt_here("free space corruption");
    leaf.cell_count = node.cell_count - 1;
  }
  std::byte* payload = base::put_short_varint(data + offset, size);
  if (has_rowids_) payload = base::put_short_varint(payload, static_cast<std::uint64_t>(rowid));
  ++leaf.cell_count;
  index_ = index;
  rowid_ = rowid;
  payload_size_ = local_size_ = static_cast<std::uint32_t>(size);
  local_offset_ = static_cast<std::uint32_t>(payload - data);
  skip_ = 0;
  note_cells(leaf.cell_count);
  ++epoch_;
  return payload;
}

Result<std::byte*> Cursor::place_row(std::int64_t rowid, std::uint64_t size) {
  PL_ASSERT(has_rowids_);
  PL_TRY(save_peers());
  if (stands_last() && rowid > rowid_) [[likely]] {
    PL_ASSIGN(std::byte* const place, make_room(index_ + 1, rowid, size));
    if (place != nullptr) end_epoch_ = epoch_;
    return place;
  }
  PL_ASSIGN(const Relation relation, seek_new_rowid(rowid));
  if (relation == Relation::Equal || !valid()) return nullptr;
  return make_room(index_behind(relation), rowid, size);
}

Result<std::byte*> Cursor::place_key(const KeyProbe& probe, bool at_seek, std::uint64_t size) {
  PL_ASSERT(!has_rowids_);
  PL_TRY(save_peers());
  PL_ASSIGN(const Relation relation, seek_new_key(probe, at_seek));
  if (relation == Relation::Equal || !valid()) return nullptr;
  return make_room(index_behind(relation), 0, size);
}

Status Cursor::append_key(const Payload& key) {
  PL_ASSERT(!has_rowids_);
  PL_TRY(save_peers());
  if (position_ != Position::At && position_ != Position::None) reset();
  PL_TRY(last());
  return insert_at(valid() ? index_ + 1 : 0, 0, key, After::Anywhere);
}

// A new entry as cell `index` of the leaf at the end of the path.
Status Cursor::insert_at(std::uint32_t index, std::int64_t rowid, const Payload& payload, After after) {
  ResetOnError guard{*this};
  if (depth_ == 0) PL_TRY(to_root());
  PL_ASSERT(on_leaf_);
  NewCell cell;
  PL_TRY(cell.build(*view_, has_rowids_, SpillRule{max_local_, min_local_, usable_size_}, rowid, payload,
                    top().page.number(), PageNo(0)));
  {
    Level& leaf = top();
    PL_ASSIGN(const MutableBytes bytes, leaf.page.writable());
    Node node;
    if (!node_at(depth_ - 1, &node) || !node.leaf || index > node.cell_count) return corrupt_here("page changed");
    std::uint32_t offset;
    switch (insert_cell(bytes.data(), node, index, cell.size(), &offset)) {
      case Placed::Done:
        cell.write_to(bytes.data() + offset);
        leaf.cell_count = node.cell_count;
        index_ = index;
        rowid_ = rowid;
        payload_size_ = static_cast<std::uint32_t>(payload.size());
        local_size_ = cell.local_size();
        local_offset_ = offset + cell.head_size();
        position_ = Position::At;
        skip_ = 0;
        enter_page();
        ++epoch_;
        guard.armed = false;
        return {};
      case Placed::Corrupt:
        return corrupt_here("free space corruption");
      case Placed::NoRoom:
        break;
    }
  }
  const Vector<std::byte> bytes = cell.bytes();
  TreeEditor editor(*this);
  PL_TRY(editor.begin());
  if (has_rowids_ && depth_ > 1 && index == top().cell_count && on_last_leaf()) {
    PL_TRY(editor.append_table_leaf(std::span(bytes).first(cell.size())));
    if (editor.path_intact()) {
      guard.armed = false;
      on_leaf_ = true;
      return stand_on(0);
    }
  } else {
    const CellBytes inserted{bytes.data(), cell.size()};
    PL_TRY(editor.apply(depth_ - 1, Edit{index, 0, std::span(&inserted, 1), PageNo(0)}));
  }
  guard.armed = false;
  return keep_at(rowid, payload, after);
}

// The path is gone; the cursor is to stand on the entry with this key, when asked.
Status Cursor::keep_at(std::int64_t rowid, const Payload& payload, After after) {
  reset();
  if (after == After::Anywhere) return {};
  rowid_ = rowid;
  if (!has_rowids_) {
    saved_key_.resize(static_cast<std::size_t>(payload.size()));
    copy_payload(payload, 0, saved_key_.size(), saved_key_.data());
  }
  position_ = Position::Saved;
  return {};
}

// ---- Replacing ----------------------------------------------------------------------------------------------------

Status Cursor::replace(std::int64_t rowid, const Payload& payload, After after) {
  if (payload.size() == payload_size_) return overwrite(payload);
  if (payload.size() > kMaxPayloadSize) return Code::TooBig;
  ResetOnError guard{*this};
  Node node;
  Cell old;
  if (!node_at(depth_ - 1, &node) || index_ >= node.cell_count || !decode_cell(node, index_, &old)) {
    return corrupt_here("malformed cell");
  }
  if (node.leaf && !old.has_overflow()) {
    PL_ASSIGN(const bool replaced, replace_on_page(old.size, rowid, payload));
    if (replaced) {
      guard.armed = false;
      return {};
    }
  }
  if (old.has_overflow()) {
    PL_TRY(free_overflow(*view_, old.overflow, overflow_page_count(old.payload_size, old.local_size, usable_size_)));
  }
  const PageNo left_child = node.leaf ? PageNo(0) : old.left_child;
  if (!node.leaf && left_child.value == 0) return corrupt_here("no left child");
  NewCell cell;
  PL_TRY(cell.build(*view_, has_rowids_, SpillRule{max_local_, min_local_, usable_size_}, rowid, payload,
                    top().page.number(), left_child));
  const Vector<std::byte> bytes = cell.bytes();
  const CellBytes inserted{bytes.data(), cell.size()};
  TreeEditor editor(*this);
  PL_TRY(editor.begin());
  const std::uint32_t index = index_;
  const int depth = depth_;
  PL_TRY(editor.apply(depth_ - 1, Edit{index, 1, std::span(&inserted, 1), PageNo(0)}));
  guard.armed = false;
  if (editor.path_intact() && depth_ == depth) return stand_on(index);
  return keep_at(rowid, payload, after);
}

// Where nothing overflows and the leaf stays filled as a leaf should be: the entry the cursor stands on, of `old_size`
// bytes, is replaced there. False leaves everything as it is.
Result<bool> Cursor::replace_on_page(std::uint32_t old_size, std::int64_t rowid, const Payload& payload) {
  if (payload.size() > max_local_) return false;
  Node node;
  if (!node_at(depth_ - 1, &node)) return corrupt_here("page changed");
  const int free = free_space(node);
  if (free < 0) return corrupt_here("free space corruption");
  NewCell cell;
  PL_TRY(cell.build(*view_, has_rowids_, SpillRule{max_local_, min_local_, usable_size_}, rowid, payload,
                    top().page.number(), PageNo(0)));
  const std::uint32_t available = static_cast<std::uint32_t>(free) + old_size;
  if (cell.size() > available || (depth_ > 1 && is_sparse(available - cell.size(), usable_size_))) return false;
  PL_ASSIGN(const MutableBytes bytes, top().page.writable());
  std::uint32_t offset;
  if (!node_at(depth_ - 1, &node) || index_ >= node.cell_count ||
      !remove_cell(bytes.data(), node, index_, old_size, wipes_deleted_cells(*view_)) ||
      insert_cell(bytes.data(), node, index_, cell.size(), &offset) != Placed::Done) {
    return corrupt_here("free space corruption");
  }
  cell.write_to(bytes.data() + offset);
  PL_TRY(stand_on(index_));
  return true;
}

// The same size: byte for byte in place, and only pages that differ.
Status Cursor::overwrite(const Payload& payload) {
  const std::byte* local = page_data() + local_offset_;
  const std::size_t local_bytes = std::min<std::size_t>(payload.bytes.size(), local_size_);
  if (payload.bytes.size() < local_size_ || std::memcmp(local, payload.bytes.data(), local_bytes) != 0) {
    PL_ASSIGN(const MutableBytes bytes, top().page.writable());
    copy_payload(payload, 0, local_size_, bytes.data() + local_offset_);
  }
  if (has_overflow()) {
    const std::uint32_t per_page = usable_size_ - kOverflowHeader;
    std::uint32_t page_index = 0;
    for (std::uint32_t offset = local_size_; offset < payload_size_; offset += per_page, ++page_index) {
      PageNo number;
      PL_TRY(overflow_page(page_index, &number));
      PL_ASSIGN(PageRef page, view_->fetch(number));
      const std::uint32_t size = std::min(per_page, payload_size_ - offset);
      if (offset + size <= payload.bytes.size() &&
          std::memcmp(page.data() + kOverflowHeader, payload.bytes.data() + offset, size) == 0) {
        continue;
      }
      PL_ASSIGN(const MutableBytes bytes, page.writable());
      copy_payload(payload, offset, size, bytes.data() + kOverflowHeader);
    }
  }
  if (overflow_epoch_ == epoch_) ++overflow_epoch_;
  ++epoch_;
  return {};
}

// ---- Erasing ------------------------------------------------------------------------------------------------------

Status Cursor::erase(After after) {
  PL_ASSERT(valid());
  PL_TRY(save_peers());
  ResetOnError guard{*this};
  PL_TRY(on_leaf_ ? erase_from_leaf(after) : erase_from_interior(after));
  guard.armed = false;
  return {};
}

Status Cursor::erase_from_leaf(After after) {
  Node node;
  Cell cell;
  if (!node_at(depth_ - 1, &node) || index_ >= node.cell_count || !decode_cell(node, index_, &cell)) {
    return corrupt_here("malformed cell");
  }
  bool sparse = depth_ > 1 && node.cell_count == 1;
  if (depth_ > 1 && is_weighed(node.cell_count - 1)) {
    const int free = free_space(node);
    if (free < 0) return corrupt_here("free space corruption");
    sparse = sparse || is_sparse(static_cast<std::uint32_t>(free) + cell.size + 2, node.usable_size);
  }
  if (sparse && after == After::Keep && !has_rowids_) {
    saved_key_.resize(payload_size_);
    PL_TRY(read_payload(0, saved_key_));
  }
  if (cell.has_overflow()) {
    PL_TRY(free_overflow(*view_, cell.overflow, overflow_page_count(cell.payload_size, cell.local_size, usable_size_)));
  }
  PL_ASSIGN(const MutableBytes bytes, top().page.writable());
  if (!node_at(depth_ - 1, &node) || index_ >= node.cell_count ||
      !remove_cell(bytes.data(), node, index_, cell.size, wipes_deleted_cells(*view_))) {
    return corrupt_here("free space corruption");
  }
  top().cell_count = node.cell_count;
  if (!sparse) {
    if (node.cell_count == 0) {
      reset();
      return {};
    }
    if (index_ < node.cell_count) return stand_between(1);
    index_ = node.cell_count - 1;
    return stand_between(-1);
  }
  TreeEditor editor(*this);
  PL_TRY(editor.begin());
  PL_TRY(editor.settle(depth_ - 1));
  reset();
  // The way back is the key that is gone: it leads between its neighbours.
  if (after == After::Keep) position_ = Position::Saved;
  return {};
}

// The entry before it, which is the last of a leaf, takes its place.
Status Cursor::erase_from_interior(After after) {
  const int depth = depth_ - 1;
  const std::uint32_t index = index_;
  Node node;
  Cell old;
  if (!node_at(depth, &node) || index >= node.cell_count || !decode_cell(node, index, &old)) {
    return corrupt_here("malformed cell");
  }
  Vector<std::byte> erased_key;
  if (after == After::Keep) {
    erased_key.resize(payload_size_);
    PL_TRY(read_payload(0, erased_key));
  }

  PL_TRY(step_backward());
  if (depth_ <= depth + 1 || !on_leaf_) return corrupt_here("no leaf before an interior cell");
  Node leaf;
  Cell moved;
  if (!node_at(depth_ - 1, &leaf) || !decode_cell(leaf, index_, &moved)) return corrupt_here("malformed cell");
  Vector<std::byte> bytes(4 + moved.exact_size + pager::kFrameSlack);
  store_be32(bytes.data(), old.left_child.value);
  std::memcpy(bytes.data() + 4, leaf.data + leaf.cell_offset(index_), moved.exact_size);
  const CellBytes replacement{bytes.data(), 4 + moved.exact_size};
  const Edit edit{index, 1, std::span(&replacement, 1), PageNo(0)};
  TreeEditor editor(*this);
  PL_TRY(editor.begin());
  PL_ASSIGN(const bool in_place, editor.stays_in_place(depth, edit));
  Vector<std::byte> moved_key;
  if (!in_place) {
    moved_key.resize(payload_size_);
    PL_TRY(read_payload(0, moved_key));
  }

  if (old.has_overflow()) {
    PL_TRY(free_overflow(*view_, old.overflow, overflow_page_count(old.payload_size, old.local_size, usable_size_)));
  }
  {
    PL_ASSIGN(const MutableBytes leaf_bytes, top().page.writable());
    if (!node_at(depth_ - 1, &leaf) || index_ >= leaf.cell_count ||
        !remove_cell(leaf_bytes.data(), leaf, index_, moved.size, wipes_deleted_cells(*view_))) {
      return corrupt_here("free space corruption");
    }
    top().cell_count = leaf.cell_count;
  }
  PL_TRY(editor.apply(depth, edit));
  if (!editor.path_intact()) {
    // The way to the leaf again: it is left of the entry that moved up. It may be empty for this moment.
    reset();
    PL_ASSERT(order_ != nullptr);
    PL_ASSIGN(const Relation relation, seek_stored_key(moved_key));
    if (relation != Relation::Equal || on_leaf_) return corrupt_here("moved key not found");
    if (!node_at(depth_ - 1, &node)) return corrupt_here("page changed");
    top().index = index_;
    PL_TRY(descend(node.child(index_), true));
    while (!on_leaf_) {
      if (!node_at(depth_ - 1, &node)) return corrupt_here("page changed");
      top().index = node.cell_count;
      PL_TRY(descend(node.right_child(), true));
    }
  }
  TreeEditor leaf_editor(*this);
  PL_TRY(leaf_editor.begin());
  PL_TRY(leaf_editor.settle(depth_ - 1));
  reset();
  if (after == After::Keep) {
    saved_key_ = std::move(erased_key);
    position_ = Position::Saved;
  }
  return {};
}

}  // namespace perlite::btree
