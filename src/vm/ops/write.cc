// Handlers that change rows; all go through vm/row_writer.
#include <limits>

#include "base/random.h"
#include "vm/machine.h"

namespace perlite::vm::ops {

using record::Value;

namespace {

constexpr std::int64_t kMaxRowid = std::numeric_limits<std::int64_t>::max();

RowTarget target_of(CursorSlot& slot, const Instruction& i) noexcept {
  return {slot.tree, slot.database, i.p4_kind == P4Kind::Table ? i.p4.table : nullptr, slot.pending};
}

void count(Machine& m, unsigned flags) noexcept {
  if ((flags & kCountChange) != 0) ++m.changes;
  if ((flags & kAutomaticIndex) != 0) ++m.counters.automatic_index_rows;
}

base::Bytes bytes_of(const Value& value) noexcept { return std::as_bytes(std::span(value.data, value.size)); }

}  // namespace

Status NewRowid(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.leave_row();
  PL_TRY(slot.tree.last());
  std::int64_t largest = slot.tree.valid() ? slot.tree.rowid() : 0;
  if (i.p3 != 0) {
    // AUTOINCREMENT: above every rowid there ever was.
    Value& ever = m.reg(i.p3);
    std::int64_t before = ever.type == ValueType::Integer ? ever.integer : 0;
    if (before == kMaxRowid || largest == kMaxRowid) return Code::Full;
    if (before > largest) largest = before;
    set_integer(ever, largest + 1);
    set_integer(m.reg(i.p2), largest + 1);
    return {};
  }
  if (largest < kMaxRowid) {
    set_integer(m.reg(i.p2), slot.tree.valid() ? largest + 1 : 1);
    return {};
  }
  // The largest is taken: a positive number by chance, a few times.
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto candidate = static_cast<std::int64_t>(base::random_u64() >> 2);
    if (candidate == 0) candidate = 1;
    PL_ASSIGN(const btree::Relation relation, slot.tree.seek_rowid(candidate));
    if (relation == btree::Relation::Equal) continue;
    set_integer(m.reg(i.p2), candidate);
    return {};
  }
  return Code::Full;
}

Status InsertRow(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  const Value& record = m.reg(i.p2);
  const RowId rowid(m.reg(i.p3).integer);
  m.note_write(slot);
  slot.leave_row();
  PL_TRY(insert_row(m.host, target_of(slot, i), rowid, bytes_of(record), 0, i.p5));
  if ((i.p5 & kLastRowid) != 0) m.host.set_last_insert_rowid(rowid);
  count(m, i.p5);
  return {};
}

namespace {

// The record that was measured, in memory of its own.
base::Bytes built_record(Machine& m, std::uint64_t size) {
  if (m.record_room < size) {
    m.record_room = 0;
    m.record_bytes = base::make_buffer(static_cast<std::size_t>(size));
    m.record_room = static_cast<std::size_t>(size);
  }
  m.record_writer.write(m.record_bytes.get());
  return {m.record_bytes.get(), static_cast<std::size_t>(size)};
}

const RecordLayout& layout_of(const Instruction& i) noexcept { return *static_cast<const RecordLayout*>(i.p4.pointer); }

}  // namespace

Status WriteRow(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  const RecordLayout& layout = layout_of(i);
  const RowId rowid(m.reg(i.p3).integer);
  m.note_write(slot);
  slot.leave_row();
  const std::uint64_t size = m.measure_record(i.p2, layout.field_count, layout.affinities, layout.ones);
  if (size > static_cast<std::uint64_t>(m.length_limit())) return Code::TooBig;
  std::byte* place = nullptr;
  if (layout.table == nullptr || !m.host.listening()) [[likely]] {
    PL_ASSIGN(place, slot.tree.place_row(rowid.value, size));
  }
  if (place != nullptr) [[likely]] {
    m.record_writer.write(place);
  } else {
    const RowTarget target{slot.tree, slot.database, layout.table, slot.pending};
    PL_TRY(insert_row(m.host, target, rowid, built_record(m, size), 0, i.p5));
  }
  m.end_record();
  if ((i.p5 & kLastRowid) != 0) m.host.set_last_insert_rowid(rowid);
  count(m, i.p5);
  return {};
}

Status DeleteRow(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  bool present;
  PL_TRY(m.arrive(slot, &present));
  m.note_write(slot);
  slot.leave_row();
  if (!present) return {};  // a trigger was faster
  PL_TRY(delete_row(m.host, target_of(slot, i), i.p5));
  count(m, i.p5);
  return {};
}

Status InsertKey(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  const Value& record = m.reg(i.p2);
  m.note_write(slot);
  slot.leave_row();
  count(m, i.p5);
  if (i.p3 == 0) {
    if ((i.p5 & kIgnoreEqual) != 0) {
      const record::PackedProbe probe(*slot.key, bytes_of(record), slot.key->fields.size(), 0);
      PL_ASSIGN(const btree::Relation relation, slot.tree.seek_key(probe));
      if (relation == btree::Relation::Equal) return {};
      return insert_key(m.host, target_of(slot, i), bytes_of(record), &probe, i.p5 | kAtSeek);
    }
    return insert_key(m.host, target_of(slot, i), bytes_of(record), nullptr, i.p5);
  }
  const auto fields = m.registers(i.p3, static_cast<std::int32_t>(slot.key->fields.size()));
  const record::RecordProbe probe(*slot.key, fields, 0);
  if ((i.p5 & kIgnoreEqual) != 0) {
    PL_ASSIGN(const btree::Relation relation, slot.tree.seek_key(probe));
    if (relation == btree::Relation::Equal) return {};
    return insert_key(m.host, target_of(slot, i), bytes_of(record), &probe, i.p5 | kAtSeek);
  }
  return insert_key(m.host, target_of(slot, i), bytes_of(record), &probe, i.p5);
}

Status WriteKey(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  const RecordLayout& layout = layout_of(i);
  m.note_write(slot);
  slot.leave_row();
  const std::uint64_t size = m.measure_record(i.p2, layout.field_count, layout.affinities, layout.ones);
  if (layout.table != nullptr && size > static_cast<std::uint64_t>(m.length_limit())) return Code::TooBig;
  const auto fields = m.registers(i.p2, static_cast<std::int32_t>(slot.key->fields.size()));
  const record::RecordProbe probe(*slot.key, fields, 0);
  std::byte* place = nullptr;
  if (layout.table == nullptr || !m.host.listening()) [[likely]] {
    PL_ASSIGN(place, slot.tree.place_key(probe, (i.p5 & kAtSeek) != 0, size));
  }
  if (place != nullptr) [[likely]] {
    m.record_writer.write(place);
  } else {
    const RowTarget target{slot.tree, slot.database, layout.table, slot.pending};
    PL_TRY(insert_key(m.host, target, built_record(m, size), &probe, i.p5 | kAtSeek));
  }
  m.end_record();
  count(m, i.p5);
  return {};
}

Status DeleteKey(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  bool present;
  if (i.p3 == 0) {
    PL_TRY(m.arrive(slot, &present));
  } else {
    const record::RecordProbe probe(*slot.key, m.registers(i.p2, i.p3), 0);
    PL_ASSIGN(const btree::Relation relation, slot.tree.seek_key(probe));
    present = relation == btree::Relation::Equal;
  }
  m.note_write(slot);
  slot.leave_row();
  if (!present) {
    if ((i.p5 & kMustExist) != 0) return Status(Code::CorruptIndex);
    return {};
  }
  PL_TRY(delete_key(m.host, target_of(slot, i), i.p5));
  count(m, i.p5);
  return {};
}

Status ResetCount(Machine& m, const Instruction&, bool*) {
  m.host.set_changes(m.changes);
  m.host.add_total_changes(m.changes);
  m.changes = 0;
  return {};
}

}  // namespace perlite::vm::ops
