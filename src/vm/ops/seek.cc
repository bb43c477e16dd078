// Handlers that look for entries, and those that compare the current one with a key.
#include <cmath>
#include <limits>

#include "record/affinity.h"
#include "vm/machine.h"

namespace perlite::vm::ops {

using record::Value;

namespace {

using btree::Relation;

enum class Seek { GE, GT, LE, LT };

constexpr std::int64_t kMinRowid = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxRowid = std::numeric_limits<std::int64_t>::max();

std::int32_t field_count(const Instruction& i) noexcept {
  return i.p4_kind == P4Kind::Int64 ? static_cast<std::int32_t>(i.p4.integer) : 0;
}

// What a bound on the rowid means: seek GE or LE of an integer, all rows, or none.
struct RowidBound {
  enum class Kind { Seek, All, None } kind;
  std::int64_t rowid;
};

// The bound for `seek` (GE and GT from below, LE and LT from above) that the value, of any type, sets.
RowidBound rowid_bound(Seek seek, const Value& value) noexcept {
  const bool from_below = seek == Seek::GE || seek == Seek::GT;
  const bool strict = seek == Seek::GT || seek == Seek::LT;
  std::int64_t integer;
  if (value.is_null()) return {RowidBound::Kind::None, 0};
  if (value.type == ValueType::Real) {
    const double real = value.real;
    const bool above_all = real >= 0x1p63;
    const bool below_all = real < -0x1p63;
    if (above_all || below_all) {
      return {above_all == from_below ? RowidBound::Kind::None : RowidBound::Kind::All, 0};
    }
    const double down = std::floor(real);
    integer = static_cast<std::int64_t>(down);
    if (down != real) {  // no rowid equals it
      if (!from_below) return {RowidBound::Kind::Seek, integer};
      return {integer == kMaxRowid ? RowidBound::Kind::None : RowidBound::Kind::Seek, integer + 1};
    }
  } else if (value.type == ValueType::Integer) {
    integer = value.integer;
  } else {
    return {from_below ? RowidBound::Kind::None : RowidBound::Kind::All, 0};  // text and blobs are above all numbers
  }
  if (!strict) return {RowidBound::Kind::Seek, integer};
  if (from_below) {
    if (integer == kMaxRowid) return {RowidBound::Kind::None, 0};
    return {RowidBound::Kind::Seek, integer + 1};
  }
  if (integer == kMinRowid) return {RowidBound::Kind::None, 0};
  return {RowidBound::Kind::Seek, integer - 1};
}

Status seek_rowid_bound(Machine& m, CursorSlot& slot, Seek seek, const Value& key, bool* jump) {
  const bool from_below = seek == Seek::GE || seek == Seek::GT;
  RowidBound bound;
  if (key.type == ValueType::Text) {
    OwnedValue number(key);
    record::apply_affinity(*number, Affinity::Numeric, m.encoding);
    bound = rowid_bound(seek, *number);
  } else {
    bound = rowid_bound(seek, key);
  }
  if (bound.kind == RowidBound::Kind::None) {
    slot.tree.reset();
    *jump = true;
    return {};
  }
  if (bound.kind == RowidBound::Kind::All) {
    PL_TRY(from_below ? slot.tree.first() : slot.tree.last());
  } else {
    PL_ASSIGN(const Relation relation, slot.tree.seek_rowid(bound.rowid));
    if (slot.tree.valid()) {
      if (from_below && relation == Relation::Less) PL_TRY(slot.tree.next());
      if (!from_below && relation == Relation::Greater) PL_TRY(slot.tree.previous());
    }
  }
  *jump = !slot.tree.valid();
  return {};
}

template <Seek kSeek>
Status seek(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.leave_row();
  const std::int32_t count = field_count(i);
  if (count == 0 && !slot.is_key_tree) return seek_rowid_bound(m, slot, kSeek, m.reg(i.p3), jump);

  constexpr bool kFromBelow = kSeek == Seek::GE || kSeek == Seek::GT;
  constexpr int kOnEqual = kSeek == Seek::GE || kSeek == Seek::LT ? +1 : -1;
  const record::RecordProbe probe(*slot.key, m.registers(i.p3, count), kOnEqual);
  PL_ASSIGN(const Relation relation, slot.tree.seek_key(probe));
  if (slot.tree.valid()) {
    if (kFromBelow && relation == Relation::Less) PL_TRY(slot.tree.next());
    if (!kFromBelow && relation == Relation::Greater) PL_TRY(slot.tree.previous());
  }
  *jump = !slot.tree.valid();
  return {};
}

// The order of the current entry against the registers: negative when the entry is smaller.
Status compare_entry(Machine& m, const Instruction& i, int* order) {
  CursorSlot& slot = m.cursor(i.p1);
  bool present;
  PL_TRY(m.arrive(slot, &present));
  if (!present) return Status::corrupt("no entry to compare");
  const std::int32_t count = field_count(i);
  if (count == 0 && !slot.is_key_tree) {
    Value rowid{};
    rowid.set_integer(slot.tree.rowid());
    *order = record::compare_values(rowid, m.reg(i.p3), record::binary_collation());
    return {};
  }
  const record::RecordProbe probe(*slot.key, m.registers(i.p3, count), 0);
  int answer = probe.compare(slot.tree.local_payload(), !slot.tree.has_overflow());
  if (answer == btree::kNeedMore) {
    PL_ASSIGN(const auto whole, slot.tree.full_payload(slot.scratch));
    answer = probe.compare(whole, true);
  }
  if (answer == btree::kNoMemory) return Status::no_memory();
  if (btree::is_special(answer)) return Status::corrupt("malformed index entry");
  *order = answer;
  return {};
}

// Stands on an entry with the key at r[P3]; *found tells.
Status find_key(Machine& m, const Instruction& i, bool* found) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.leave_row();
  const std::int32_t count = field_count(i);
  if (count == 0) {
    const Value& record = m.reg(i.p3);
    const auto bytes = std::as_bytes(std::span(record.data, record.size));
    const record::PackedProbe probe(*slot.key, bytes, slot.key->fields.size(), 0);
    PL_ASSIGN(const Relation relation, slot.tree.seek_key(probe));
    *found = relation == Relation::Equal;
    return {};
  }
  const record::RecordProbe probe(*slot.key, m.registers(i.p3, count), 0);
  PL_ASSIGN(const Relation relation, slot.tree.seek_key(probe));
  *found = relation == Relation::Equal;
  return {};
}

}  // namespace

Status SeekGE(Machine& m, const Instruction& i, bool* jump) { return seek<Seek::GE>(m, i, jump); }
Status SeekGT(Machine& m, const Instruction& i, bool* jump) { return seek<Seek::GT>(m, i, jump); }
Status SeekLE(Machine& m, const Instruction& i, bool* jump) { return seek<Seek::LE>(m, i, jump); }
Status SeekLT(Machine& m, const Instruction& i, bool* jump) { return seek<Seek::LT>(m, i, jump); }

Status IndexGE(Machine& m, const Instruction& i, bool* jump) {
  int order = 0;
  PL_TRY(compare_entry(m, i, &order));
  *jump = order >= 0;
  return {};
}
Status IndexGT(Machine& m, const Instruction& i, bool* jump) {
  int order = 0;
  PL_TRY(compare_entry(m, i, &order));
  *jump = order > 0;
  return {};
}
Status IndexLE(Machine& m, const Instruction& i, bool* jump) {
  int order = 0;
  PL_TRY(compare_entry(m, i, &order));
  *jump = order <= 0;
  return {};
}
Status IndexLT(Machine& m, const Instruction& i, bool* jump) {
  int order = 0;
  PL_TRY(compare_entry(m, i, &order));
  *jump = order < 0;
  return {};
}

Status Found(Machine& m, const Instruction& i, bool* jump) { return find_key(m, i, jump); }

Status NotFound(Machine& m, const Instruction& i, bool* jump) {
  bool found;
  PL_TRY(find_key(m, i, &found));
  *jump = !found;
  return {};
}

Status NoConflict(Machine& m, const Instruction& i, bool* jump) {
  for (const Value& field : m.registers(i.p3, field_count(i))) {
    if (!field.is_null()) continue;
    m.note_move(m.cursor(i.p1));
    m.cursor(i.p1).leave_row();
    m.cursor(i.p1).tree.reset();  // no InsertKey with kAtSeek finds its place here
    *jump = true;
    return {};
  }
  return NotFound(m, i, jump);
}

Status SeekRowid(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.leave_row();
  std::int64_t rowid;
  if (!record::to_integer_exact(m.reg(i.p3), &rowid)) {
    slot.tree.reset();
    *jump = true;
    return {};
  }
  PL_ASSIGN(const Relation relation, slot.tree.seek_rowid(rowid));
  *jump = relation != Relation::Equal;
  return {};
}

Status DeferredSeek(Machine& m, const Instruction& i, bool*) {
  CursorSlot& index = m.cursor(i.p1);
  CursorSlot& table = m.cursor(i.p2);
  m.note_move(table);
  table.leave_row();
  if (index.null_row) {
    table.null_row = true;
    return {};
  }
  PL_TRY(m.index_rowid(index, &table.deferred_rowid));
  table.deferred = true;
  table.deferred_index = &index;
  table.deferred_map = i.p4_kind == P4Kind::Jumps ? i.p4.jumps : nullptr;
  return {};
}

Status FinishSeek(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  if (!slot.deferred) return {};
  return m.finish_deferred_seek(slot);
}

Status IndexRowid(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  Value& out = m.reg(i.p2);
  set_null(out);
  if (slot.null_row) return {};
  std::int64_t rowid;
  PL_TRY(m.index_rowid(slot, &rowid));
  set_integer(out, rowid);
  return {};
}

Status IfRowFits(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  bool present;
  PL_TRY(m.arrive(slot, &present));
  if (!present) return {};
  const std::uint32_t size = slot.tree.payload_size();
  const base::Bytes local = slot.tree.local_payload();
  record::Fit fit = record::fit_of(local, size);
  if (fit == record::Fit::Unknown) {  // the header goes on beyond the page
    PL_ASSIGN(const auto whole, slot.tree.full_payload(slot.scratch));
    fit = record::fit_of(whole, size);
  }
  *jump = fit == record::Fit::Yes;
  return {};
}

Status RowData(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  Value& out = m.reg(i.p2);
  set_null(out);
  if (slot.null_row) return {};
  if (slot.kind == CursorSlot::Kind::Pseudo) {
    borrow(out, m.reg(slot.pseudo_register));
    return {};
  }
  bool present;
  PL_TRY(m.arrive(slot, &present));
  if (!present) return {};
  const std::uint32_t size = slot.tree.payload_size();
  if (!slot.tree.has_overflow()) {
    out.set_blob_borrowed({reinterpret_cast<const char*>(slot.tree.local_payload().data()), size});
    m.note_lent(slot, out);
    return {};
  }
  if (size > m.length_limit()) return Code::TooBig;
  auto* block = record::ValueBlock::make(size);
  record::OwnedValue body;  // while reading may fail
  body->set_blob_owned(block, {block->bytes(), size});
  PL_TRY(slot.tree.read_payload(0, {reinterpret_cast<std::byte*>(block->bytes()), size}));
  out.take(*body);
  return {};
}

}  // namespace perlite::vm::ops
