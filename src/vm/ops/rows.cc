// Handlers of sorters, hash tables, groups and row buffers.
#include "vm/machine.h"

namespace perlite::vm::ops {

using record::Value;

namespace {

bool has_null(std::span<const Value> values) noexcept {
  for (const Value& value : values) {
    if (value.is_null()) return true;
  }
  return false;
}

HashTable& table_of(Machine& m, CursorSlot& slot) {
  if (slot.hash == nullptr) {
    slot.hash = make_unique<HashTable>(m.temporary, *slot.key, slot.key_count, slot.payload_count);
  }
  return *slot.hash;
}

// Whether the program will ask the table for entries that were never matched.
bool is_walked(const Machine& m, std::int32_t cursor) noexcept {
  for (const Instruction& i : m.frame->program->code) {
    if (i.opcode == Opcode::HashUnmatched && i.p1 == cursor) return true;
  }
  return false;
}

}  // namespace

// ---- sorters ----

Status OpenSorter(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  slot.close();
  std::int64_t limit = -1;
  if (i.p3 != 0 && m.reg(i.p3).type == ValueType::Integer) limit = m.reg(i.p3).integer;
  slot.sorter = make_unique<Sorter>(m.host, *i.p4.key, i.p2, limit);
  slot.kind = CursorSlot::Kind::Sorter;
  return {};
}

Status SorterInsert(Machine& m, const Instruction& i, bool*) {
  return m.cursor(i.p1).sorter->add(m.registers(i.p2, i.p3));
}

Status SorterSort(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  if (i.p5 == 0) ++m.counters.sorts;
  slot.leave_row();
  PL_TRY(slot.sorter->sort());
  *jump = slot.sorter->row() == nullptr;
  slot.packed.reset(slot.sorter->row());
  return {};
}

Status SorterNext(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  PL_TRY(slot.sorter->next());
  *jump = slot.sorter->row() != nullptr;
  slot.packed.reset(slot.sorter->row());
  return {};
}

// ---- hash tables ----

Status OpenHash(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.close();
  slot.kind = CursorSlot::Kind::Hash;
  slot.key = i.p4.key;
  slot.key_count = i.p2;
  slot.payload_count = i.p3;
  return {};
}

Status HashInsert(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  const auto key = m.registers(i.p2, slot.key_count);
  bool probeable = true;
  if (i.p5 != 0 && has_null(key)) {
    if (i.p5 == 1) return {};
    probeable = false;
  }
  // Asked once: the first entry makes the table.
  if (slot.hash == nullptr) slot.sequence = is_walked(m, i.p1) ? 1 : 0;
  return table_of(m, slot).add(key, m.registers(i.p3, slot.payload_count), probeable, slot.sequence != 0);
}

Status HashProbe(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.null_row = false;
  const auto key = m.registers(i.p3, slot.key_count);
  if (slot.hash == nullptr || (i.p5 != 0 && has_null(key))) {
    *jump = true;
    return {};
  }
  bool found;
  PL_TRY(slot.hash->probe(key, &found));
  *jump = !found;
  return {};
}

Status HashNext(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.null_row = false;
  if (slot.hash == nullptr) return {};
  return slot.hash->next_match(jump);
}

Status HashColumn(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  Value& out = m.reg(i.p3);
  set_null(out);
  if (slot.null_row || slot.hash == nullptr) return {};
  PL_TRY(slot.hash->payload(i.p2, &out));
  m.note_lent(slot, out);
  return {};
}

Status HashMark(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  if (slot.hash != nullptr && !slot.null_row) slot.hash->mark();
  return {};
}

Status HashUnmatched(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.null_row = false;
  bool found = false;
  if (slot.hash != nullptr) PL_TRY(slot.hash->next_unmatched(&found));
  *jump = !found;
  return {};
}

Status DistinctAdd(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  bool added;
  PL_TRY(table_of(m, slot).add_once(m.registers(i.p3, slot.key_count), &added));
  *jump = !added;
  return {};
}

// ---- groups ----

Status HashGroup(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  if (slot.groups == nullptr) {
    slot.groups = make_unique<GroupTable>(m.host, *slot.key, slot.key_count, slot.payload_count, m.environment());
    slot.kind = CursorSlot::Kind::Groups;
  }
  // Between here and P2 the program fills in what comes from a group's first row.
  slot.sequence = i.p2;
  bool is_new;
  PL_TRY(slot.groups->enter(m.registers(i.p3, slot.key_count), &is_new));
  *jump = !is_new;
  return {};
}

Status GroupStep(Machine& m, const Instruction& i, bool*) {
  return m.cursor(i.p1).groups->step(i.p2, *i.p4.function, m.registers(i.p3, i.p5));
}

Status GroupStore(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  const auto address = &i - m.frame->code;
  return slot.groups->store(i.p2, m.reg(i.p3), address < slot.sequence);
}

Status GroupCarry(Machine& m, const Instruction& i, bool*) {
  return m.cursor(i.p1).groups->carry(i.p2, m.registers(i.p3, i.p5));
}

Status GroupSort(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  bool found = false;
  if (slot.groups != nullptr) PL_TRY(slot.groups->sort(&found));
  *jump = !found;
  return {};
}

Status GroupNext(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  return slot.groups->next(jump);
}

Status GroupKey(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  Value& out = m.reg(i.p3);
  set_null(out);
  slot.groups->key(i.p2, &out);
  m.note_lent(slot, out);
  return {};
}

Status GroupFinal(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  Value& out = m.reg(i.p3);
  set_null(out);
  if (i.p4_kind == P4Kind::Function) return slot.groups->finish(i.p2, *i.p4.function, &out);
  slot.groups->carried(i.p2, &out);
  m.note_lent(slot, out);
  return {};
}

// ---- row buffers ----

Status OpenBuffer(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  if (slot.kind == CursorSlot::Kind::Buffer && slot.own_rows != nullptr) {
    slot.leave_row();
    slot.rows_reader.reset();
    slot.own_rows->clear();
    return {};
  }
  slot.close();
  slot.own_rows = make_unique<RowBuffer>(m.host);
  slot.rows = slot.own_rows.get();
  slot.kind = CursorSlot::Kind::Buffer;
  return {};
}

Status BufferInsert(Machine& m, const Instruction& i, bool*) {
  return m.cursor(i.p1).rows->append(m.registers(i.p2, i.p3));
}

Status BufferRewind(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.leave_row();
  PL_TRY(slot.rows->first(slot.rows_reader));
  *jump = !slot.rows_reader.on_row();
  slot.packed.reset(slot.rows_reader.row());
  return {};
}

Status BufferNext(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.null_row = false;
  PL_TRY(slot.rows->next(slot.rows_reader, jump));
  slot.packed.reset(slot.rows_reader.row());
  return {};
}

Status BufferTake(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.null_row = false;
  bool found;
  PL_TRY(slot.rows->take(slot.rows_reader, &found));
  *jump = !found;
  slot.packed.reset(slot.rows_reader.row());
  return {};
}

}  // namespace perlite::vm::ops
