#include "vm/group_table.h"

#include <algorithm>

#include "vm/key_compare.h"

namespace perlite::vm {

using record::Value;

GroupTable::GroupTable(Host& host, const record::KeyInfo& key, std::int32_t key_count, std::int32_t payload_count,
                       CallEnvironment environment, std::size_t memory_budget)
    : host_(host),
      key_(key),
      key_count_(key_count),
      payload_count_(payload_count),
      environment_(environment),
      memory_budget_(memory_budget),
      hashable_(is_hashable(key)),
      calls_(static_cast<std::size_t>(payload_count), nullptr) {}

GroupTable::~GroupTable() {
  bool any_accumulator = false;
  for (const FunctionCall* call : calls_) any_accumulator |= call != nullptr;
  if (!any_accumulator) return;
  // Those before the position were ended when it moved on.
  for (std::size_t i = next_in_order_ == 0 ? 0 : next_in_order_ - 1; i < order_.size(); ++i) {
    end_group(group(order_[i].reference));
  }
  if (replayed_ != nullptr) end_group(replayed_);
}

void GroupTable::end_group(Group* group) noexcept {
  for (std::int32_t i = 0; i < payload_count_; ++i) {
    Cell& cell = group->cells()[i];
    if (cell.kind != Cell::Kind::Inline && cell.kind != Cell::Kind::State) continue;
    void* state = cell.kind == Cell::Kind::Inline ? cell.inline_state : cell.bytes;
    discard_accumulator(environment_, *calls_[static_cast<std::size_t>(i)], state);
    cell = Cell{};
  }
}

GroupTable::Group* GroupTable::make_group(RowArena& arena, std::span<const Value> key, std::uint32_t hash,
                                          std::uint32_t* reference) {
  const std::size_t size =
      sizeof(Group) + static_cast<std::size_t>(payload_count_) * sizeof(Cell) + packed::size_of(key);
  auto* group = reinterpret_cast<Group*>(arena.allocate(size, reference));
  group->size = static_cast<std::uint32_t>(size);
  group->hash = hash;
  for (std::int32_t i = 0; i < payload_count_; ++i) group->cells()[i] = Cell{};
  packed::write(key, key_of(group));
  return group;
}

Status GroupTable::enter(std::span<const Value> key, bool* is_new) {
  PL_TRY(flush_record());
  std::uint32_t hash = 0;
  if (hashable_) {
    hash = hash_key(key, key_);
    const std::uint32_t known =
        slots_.find(hash, [&](std::uint32_t reference) { return equal_key(key_of(group(reference)), key, key_); });
    if (known != SlotTable::kNone) {
      current_ = group(known);
      *is_new = false;
      return {};
    }
  }
  *is_new = true;
  if (!hashable_ || sorter_ != nullptr || memory_used() > memory_budget_) {
    current_ = nullptr;
    record_key_.resize(packed::size_of(key));
    packed::write(key, record_key_.data());
    return {};
  }
  order_.push_back(Entry{});
  try {
    std::uint32_t reference;
    current_ = make_group(arena_, key, hash, &reference);
    order_.back().reference = reference;
    slots_.insert(hash, reference);
  } catch (...) {
    order_.pop_back();
    throw;
  }
  return {};
}

Status GroupTable::step_cell(RowArena& arena, Cell& cell, const FunctionCall& call, std::span<Value> arguments) {
  FunctionContext& context = step_context_;
  environment_.prepare(context, call);
  if (cell.kind == Cell::Kind::Null) {
    const std::uint32_t size = call.function->state_size;
    if (size <= sizeof(cell.inline_state)) {
      cell.integer = 0;
      cell.kind = Cell::Kind::Inline;
    } else {
      cell.bytes = arena.allocate(size);
      std::memset(cell.bytes, 0, size);
      cell.kind = Cell::Kind::State;
    }
  }
  context.state = cell.kind == Cell::Kind::Inline ? cell.inline_state : cell.bytes;
  call.function->step(context, static_cast<int>(arguments.size()), arguments.data());
  took_argument_ = std::exchange(context.took_argument, false);
  return std::move(context.error);
}

void GroupTable::store_cell(RowArena& arena, Cell& cell, const Value& value) {
  switch (value.type) {
    case ValueType::Null:
      cell.kind = Cell::Kind::Null;
      return;
    case ValueType::Integer:
      cell = Cell{};
      cell.integer = value.integer;
      cell.kind = Cell::Kind::Integer;
      return;
    case ValueType::Real:
      cell = Cell{};
      cell.real = value.real;
      cell.kind = Cell::Kind::Real;
      return;
    default: {
      // A later value goes where an earlier one lies, if it fits. Twice the room each time bounds what is lost.
      const auto size = static_cast<std::uint32_t>(packed::size_of(value));
      if (cell.kind != Cell::Kind::Packed || cell.capacity < size) {
        const std::uint32_t capacity = cell.kind == Cell::Kind::Packed ? std::max(size, 2 * cell.capacity) : size;
        cell.bytes = arena.allocate(capacity);
        cell.capacity = capacity;
        cell.kind = Cell::Kind::Packed;
      }
      packed::write(value, cell.bytes);
      return;
    }
  }
}

void GroupTable::record_values(std::span<const Value> values) {
  record_raw(static_cast<std::uint32_t>(values.size()));
  const std::size_t at = record_.size();
  record_.resize(at + packed::size_of(values));
  packed::write(values, record_.data() + at);
}

Status GroupTable::step(std::int32_t payload, const FunctionCall& call, std::span<Value> arguments) {
  calls_[static_cast<std::size_t>(payload)] = &call;
  if (current_ != nullptr) return step_cell(arena_, current_->cells()[payload], call, arguments);
  record_.push_back(static_cast<char>(Record::Step));
  record_raw(payload);
  record_raw(&call);
  record_values(arguments);
  return {};
}

Status GroupTable::store(std::int32_t payload, const Value& value, bool first_only) {
  if (current_ != nullptr) {
    store_cell(arena_, current_->cells()[payload], value);
    return {};
  }
  record_.push_back(static_cast<char>(first_only ? Record::StoreFirst : Record::Store));
  record_raw(payload);
  record_values({&value, 1});
  return {};
}

Status GroupTable::carry(std::int32_t first_payload, std::span<const Value> values) {
  if (current_ != nullptr) {
    if (!took_argument_) return {};
    for (std::size_t i = 0; i < values.size(); ++i) {
      store_cell(arena_, current_->cells()[static_cast<std::size_t>(first_payload) + i], values[i]);
    }
    return {};
  }
  record_.push_back(static_cast<char>(Record::Carry));
  record_raw(first_payload);
  record_values(values);
  return {};
}

// Hands the recorded row, if there is one, to the sorter.
Status GroupTable::flush_record() {
  if (record_key_.empty()) return {};
  if (sorter_ == nullptr) {
    sorter_ = make_unique<Sorter>(host_, key_, key_count_ + 1, -1, memory_budget_ / 2);
  }
  scratch_.assign(static_cast<std::size_t>(key_count_) + 1, Value{});
  const char* at = record_key_.data();
  for (std::int32_t i = 0; i < key_count_; ++i) {
    at = packed::read(at, key_.encoding, &scratch_[static_cast<std::size_t>(i)]);
  }
  scratch_.back().set_blob_borrowed({record_.data(), record_.size()});
  PL_TRY(sorter_->add(scratch_));
  record_.clear();
  record_key_.clear();
  return {};
}

int GroupTable::compare_packed(const char* left, const char* right) const {
  for (std::int32_t i = 0; i < key_count_; ++i) {
    Value left_value;
    Value right_value;
    left = packed::read(left, key_.encoding, &left_value);
    right = packed::read(right, key_.encoding, &right_value);
    const int order = compare_key_field(left_value, right_value, key_, static_cast<std::size_t>(i));
    if (order != 0) return order;
  }
  return 0;
}

bool GroupTable::entry_less(const Entry& left, const Entry& right) const {
  if (left.high != right.high) return left.high < right.high;
  if (left.low != right.low) return left.low < right.low;
  if (left.complete != 0 && right.complete != 0) return false;  // keys of groups differ: the same entry
  return compare_packed(key_of(group(left.reference)), key_of(group(right.reference))) < 0;
}

Status GroupTable::sort(bool* found) {
  PL_TRY(flush_record());
  current_ = nullptr;
  scratch_.assign(static_cast<std::size_t>(key_count_), Value{});
  // In the order they were made, which is the order they lie in.
  for (Entry& entry : order_) {
    const char* at = key_of(group(entry.reference));
    for (Value& value : scratch_) at = packed::read(at, key_.encoding, &value);
    const KeyPrefix prefix = key_prefix(scratch_, key_);
    entry = {prefix.high, prefix.low, prefix.complete ? 1u : 0u, entry.reference};
  }
  std::sort(order_.begin(), order_.end(), [this](const Entry& l, const Entry& r) { return entry_less(l, r); });
  next_in_order_ = 0;
  if (sorter_ != nullptr) PL_TRY(sorter_->sort());
  return settle(found);
}

// Stands on the smaller of the next group in memory and the next recorded one.
Status GroupTable::settle(bool* found) {
  if (replayed_ != nullptr) {
    end_group(replayed_);
    replayed_ = nullptr;
    replay_arena_.clear();
  } else if (current_ != nullptr) {
    end_group(current_);
  }
  current_ = nullptr;
  const bool recorded = sorter_ != nullptr && sorter_->row() != nullptr;
  const bool in_memory = next_in_order_ < order_.size();
  *found = recorded || in_memory;
  if (!*found) return {};
  if (recorded && (!in_memory || compare_packed(sorter_->row(), key_of(group(order_[next_in_order_].reference))) < 0)) {
    return replay();
  }
  current_ = group(order_[next_in_order_++].reference);
  // Key order is no order in memory: the groups to come are fetched early.
  if (constexpr std::size_t kAhead = 8; next_in_order_ + kAhead < order_.size()) {
    __builtin_prefetch(group(order_[next_in_order_ + kAhead].reference));
  }
  return {};
}

// Makes the group of the sorter's current row, and takes all rows of its key from the sorter.
Status GroupTable::replay() {
  scratch_.assign(static_cast<std::size_t>(key_count_), Value{});
  const char* at = sorter_->row();
  for (Value& value : scratch_) at = packed::read(at, key_.encoding, &value);
  replayed_ = make_group(replay_arena_, scratch_, 0, nullptr);
  current_ = replayed_;
  bool first = true;
  do {
    at = sorter_->row();
    for (std::int32_t i = 0; i < key_count_; ++i) at = packed::skip(at);
    Value record;
    packed::read(at, key_.encoding, &record);
    PL_TRY(replay_row(record.data, record.size, first));
    PL_TRY(host_.budget().charge());
    first = false;
    PL_TRY(sorter_->next());
  } while (sorter_->row() != nullptr && compare_packed(sorter_->row(), key_of(replayed_)) == 0);
  return {};
}

Status GroupTable::replay_row(const char* record, std::uint32_t size, bool first) {
  const char* at = record;
  const char* const end = record + size;
  const auto load = [&](auto value) {
    std::memcpy(&value, at, sizeof(value));
    at += sizeof(value);
    return value;
  };
  Vector<Value>& values = scratch_;
  while (at < end) {
    const auto kind = static_cast<Record>(*at++);
    const auto payload = load(std::int32_t{});
    const FunctionCall* call = kind == Record::Step ? load(static_cast<const FunctionCall*>(nullptr)) : nullptr;
    values.assign(load(std::uint32_t{}), Value{});
    for (Value& value : values) at = packed::read(at, key_.encoding, &value);
    Cell* cell = &replayed_->cells()[payload];
    if (kind == Record::Step) {
      Status status = step_cell(replay_arena_, *cell, *call, values);
      for (Value& value : values) value.release();
      PL_TRY(std::move(status));
    } else if (kind == Record::Carry) {
      if (!took_argument_) continue;
      for (const Value& value : values) store_cell(replay_arena_, *cell++, value);
    } else if (kind == Record::Store || first) {
      store_cell(replay_arena_, *cell, values.front());
    }
  }
  return {};
}

Status GroupTable::next(bool* found) { return settle(found); }

void GroupTable::key(std::int32_t index, Value* out) noexcept {
  const char* at = key_of(current_);
  for (std::int32_t i = 0; i < index; ++i) at = packed::skip(at);
  packed::read(at, key_.encoding, out);
}

Status GroupTable::finish(std::int32_t payload, const FunctionCall& call, Value* out) {
  Cell& cell = current_->cells()[payload];
  FunctionContext context;
  environment_.prepare(context, call);
  base::ByteBuffer empty_state;
  if (cell.kind == Cell::Kind::Inline) {
    context.state = cell.inline_state;
  } else if (cell.kind == Cell::Kind::State) {
    context.state = cell.bytes;
  } else {
    empty_state = base::make_buffer(call.function->state_size);
    std::memset(empty_state.get(), 0, call.function->state_size);
    context.state = empty_state.get();
  }
  call.function->finalize(context);
  cell = Cell{};
  *out = Value{};
  PL_TRY(std::move(context.error));
  out->take(context.result);
  out->make_lasting();
  return {};
}

void GroupTable::carried(std::int32_t payload, Value* out) noexcept {
  const Cell& cell = current_->cells()[payload];
  *out = Value{};
  switch (cell.kind) {
    case Cell::Kind::Integer:
      out->set_integer(cell.integer);
      break;
    case Cell::Kind::Real:
      out->set_real(cell.real);
      break;
    case Cell::Kind::Packed:
      packed::read(cell.bytes, key_.encoding, out);
      break;
    default:
      break;
  }
}

}  // namespace perlite::vm
