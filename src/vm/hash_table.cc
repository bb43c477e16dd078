#include "vm/hash_table.h"

#include <algorithm>

namespace perlite::vm {

using record::Value;

// ---- ArrivalTree ----

ArrivalTree::ArrivalTree(TemporarySpace& space, const record::KeyInfo& key)
    : space_(space), fields_(key.fields.begin(), key.fields.end()), order_(info_) {
  fields_.push_back({});  // the number of arrival
  info_.fields = fields_;
  info_.encoding = key.encoding;
}

Status ArrivalTree::open() {
  PL_ASSIGN(pager::View * view, space_.view());
  PL_ASSIGN(const PageNo root, btree::create_tree(*view, btree::TreeKind::Index));
  cursor_.open(*view, root, btree::TreeKind::Index, &order_);
  return {};
}

Status ArrivalTree::insert(std::span<const Value> fields, const btree::KeyProbe& probe, bool at_seek) {
  const std::uint64_t size = writer_.measure(fields);
  if (size > base::Allocator::kMaxBytes) return Code::TooBig;
  bytes_.resize(static_cast<std::size_t>(size));
  writer_.write(bytes_.data());
  read_valid_ = false;
  return cursor_.insert_key(btree::Payload{bytes_, 0}, &probe, at_seek);
}

Status ArrivalTree::add(std::span<const Value> key, std::int64_t arrival, std::span<const Value> payload) {
  if (!is_open()) PL_TRY(open());
  row_.assign(key.begin(), key.end());
  Value number{};
  number.set_integer(arrival);
  row_.push_back(number);
  const std::size_t key_fields = row_.size();
  row_.insert(row_.end(), payload.begin(), payload.end());
  const record::RecordProbe probe(info_, {row_.data(), key_fields}, 0);
  return insert(row_, probe, false);
}

Status ArrivalTree::add_once(std::span<const Value> key, bool* added) {
  if (!is_open()) PL_TRY(open());
  const record::RecordProbe probe(info_, key, 0);
  PL_ASSIGN(const btree::Relation relation, cursor_.seek_key(probe));
  *added = relation != btree::Relation::Equal;
  if (!*added) return {};
  return insert(key, probe, true);
}

Status ArrivalTree::find(std::span<const Value> key, bool* found) {
  *found = false;
  read_valid_ = false;
  if (!is_open()) return {};
  const record::RecordProbe probe(info_, key, +1);
  PL_ASSIGN(const btree::Relation relation, cursor_.seek_key(probe));
  if (relation == btree::Relation::Less && cursor_.valid()) PL_TRY(cursor_.next());
  return matches(key, found);
}

Status ArrivalTree::next_of(std::span<const Value> key, bool* found) {
  read_valid_ = false;
  PL_TRY(cursor_.next());
  return matches(key, found);
}

Status ArrivalTree::matches(std::span<const Value> key, bool* found) {
  *found = false;
  if (!cursor_.valid()) return {};
  const record::RecordProbe probe(info_, key, 0);
  int answer = probe.compare(cursor_.local_payload(), !cursor_.has_overflow());
  if (answer == btree::kNeedMore) {
    PL_ASSIGN(const auto whole, cursor_.full_payload(scratch_));
    answer = probe.compare(whole, true);
  }
  if (answer == btree::kNoMemory) return Status::no_memory();
  if (btree::is_special(answer)) return Status::corrupt("ephemeral tree: malformed key");
  *found = answer == 0;
  return {};
}

Status ArrivalTree::field(std::uint32_t index, Value* out) {
  if (!read_valid_ || read_epoch_ != cursor_.epoch()) {
    PL_ASSIGN(const auto whole, cursor_.full_payload(scratch_));
    reader_.reset(whole.data(), static_cast<std::uint32_t>(whole.size()), static_cast<std::uint32_t>(whole.size()));
    read_epoch_ = cursor_.epoch();
    read_valid_ = true;
  }
  if (reader_.field(index, info_.encoding, out) != RowReader::Found::Ok) {
    return Status::corrupt("ephemeral tree: malformed record");
  }
  return {};
}

Status ArrivalTree::arrival(std::int64_t* number) {
  Value value;
  PL_TRY(field(static_cast<std::uint32_t>(fields_.size()) - 1, &value));
  *number = value.integer;
  return {};
}

// ---- HashTable ----

HashTable::HashTable(TemporarySpace& space, const record::KeyInfo& key, std::int32_t key_count,
                     std::int32_t payload_count, std::size_t memory_budget)
    : key_(key),
      key_count_(key_count),
      payload_count_(payload_count),
      memory_budget_(memory_budget),
      hashable_(is_hashable(key)),
      tree_(space, key),
      spilled_rows_(space.host()),
      walk_(arena_) {}

Status HashTable::add_once(std::span<const Value> key, bool* added) {
  std::uint32_t hash = 0;
  if (hashable_) {
    hash = hash_key(key, key_);
    const std::uint32_t known =
        slots_.find(hash, [&](std::uint32_t reference) { return equal_key(arena_.at(reference), key, key_); });
    *added = false;
    if (known != SlotTable::kNone) return {};
  }
  const std::size_t size = packed::size_of(key);
  if (!fits(size)) {
    PL_TRY(tree_.add_once(key, added));
    if (*added) ++entry_count_;
    return {};
  }
  std::uint32_t reference;
  char* row = arena_.allocate(size, &reference);
  packed::write(key, row);
  slots_.insert(hash, reference);
  ++entry_count_;
  *added = true;
  return {};
}

Status HashTable::add(std::span<const Value> key, std::span<const Value> payload, bool probeable, bool walked) {
  const auto arrival = static_cast<std::int64_t>(entry_count_++);
  const std::size_t key_size = packed::size_of(key);
  const std::size_t size = sizeof(Node) + key_size + packed::size_of(payload);
  if (!fits(size) || arrival >= 0xffffffff || size > 0x7fffffff) {
    if (first_spilled_ < 0) first_spilled_ = arrival;
    if (walked) PL_TRY(spilled_rows_.append(payload));
    if (!probeable) {
      // A key with a NULL, of which the tree would think that it equals another NULL.
      return {};
    }
    return tree_.add(key, arrival, payload);
  }
  const std::uint32_t hash = hash_key(key, key_);
  std::uint32_t reference;
  auto* entry = reinterpret_cast<Node*>(arena_.allocate(size, &reference));
  *entry = Node{static_cast<std::uint32_t>(size),
                hash,
                static_cast<std::uint32_t>(sizeof(Node) + key_size),
                static_cast<std::uint32_t>(arrival),
                SlotTable::kNone,
                reference,
                0,
                0};
  char* bytes = packed::write(key, reinterpret_cast<char*>(entry + 1));
  packed::write(payload, bytes);
  if (!probeable) return {};
  const std::uint32_t first =
      slots_.find(hash, [&](std::uint32_t other) { return equal_key(node(other)->key(), key, key_); });
  if (first == SlotTable::kNone) {
    slots_.insert(hash, reference);
  } else {
    node(node(first)->last)->next = reference;
    node(first)->last = reference;
  }
  return {};
}

void HashTable::stand_on(Node* node) noexcept {
  node_ = node;
  place_ = Place::Memory;
  reader_.reset(reinterpret_cast<const char*>(node) + node->payload_offset);
}

Status HashTable::probe(std::span<const Value> key, bool* found) {
  *found = false;
  place_ = Place::None;
  probed_ = key;
  if (hashable_ && slots_.count() != 0) {
    const std::uint32_t hash = hash_key(key, key_);
    const std::uint32_t first =
        slots_.find(hash, [&](std::uint32_t other) { return equal_key(node(other)->key(), key, key_); });
    if (first != SlotTable::kNone) {
      stand_on(node(first));
      *found = true;
      return {};
    }
  }
  if (!tree_.is_open()) return {};
  PL_TRY(tree_.find(key, found));
  if (*found) place_ = Place::Tree;
  return {};
}

Status HashTable::next_match(bool* found) {
  *found = false;
  if (place_ == Place::Memory) {
    if (node_->next != SlotTable::kNone) {
      stand_on(node(node_->next));
      *found = true;
      return {};
    }
    place_ = Place::None;
    if (!tree_.is_open()) return {};
    PL_TRY(tree_.find(probed_, found));
  } else if (place_ == Place::Tree) {
    PL_TRY(tree_.next_of(probed_, found));
  }
  place_ = *found ? Place::Tree : Place::None;
  return {};
}

void HashTable::mark() {
  if (place_ == Place::Memory) {
    node_->marked = 1;
    return;
  }
  PL_ASSERT(place_ == Place::Tree);
  std::int64_t arrival = 0;
  if (!tree_.arrival(&arrival).ok()) return;  // our own record: it reads
  const auto at = static_cast<std::size_t>(arrival - first_spilled_);
  if (tree_marks_.size() <= at) tree_marks_.resize(at + 1);
  tree_marks_[at] = true;
}

Status HashTable::next_unmatched(bool* found) {
  *found = false;
  if (!walking_) {
    walking_ = true;
    walk_ = RowArena::Walk(arena_);
    walk_arrival_ = first_spilled_;
    spilled_reader_.reset();
  }
  while (auto* entry = reinterpret_cast<Node*>(walk_.next())) {
    if (entry->marked != 0) continue;
    node_ = entry;
    place_ = Place::Walk;
    reader_.reset(reinterpret_cast<const char*>(entry) + entry->payload_offset);
    *found = true;
    return {};
  }
  for (;;) {
    bool more = false;
    PL_TRY(spilled_rows_.next(spilled_reader_, &more));
    if (!more) break;
    const auto at = static_cast<std::size_t>(walk_arrival_++ - first_spilled_);
    if (at < tree_marks_.size() && tree_marks_[at]) continue;
    place_ = Place::WalkSpilled;
    reader_.reset(spilled_reader_.row());
    *found = true;
    return {};
  }
  place_ = Place::None;
  walking_ = false;
  return {};
}

Status HashTable::payload(std::int32_t index, Value* out) {
  if (place_ == Place::Tree) return tree_.field(static_cast<std::uint32_t>(key_count_ + 1 + index), out);
  if (place_ == Place::None) {
    *out = Value{};
    return {};
  }
  reader_.field(index, key_.encoding, out);
  return {};
}

}  // namespace perlite::vm
