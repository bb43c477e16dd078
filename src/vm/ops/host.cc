// Handlers that ask the engine: transactions, header fields, calls of the host; and row sources.
#include "vm/machine.h"

namespace perlite::vm::ops {

using record::Value;

Status Transaction(Machine& m, const Instruction& i, bool*) {
  const DatabaseUse& use = m.program->databases[static_cast<std::size_t>(i.p1)];
  return m.host.begin(use.number, i.p2 != 0, use.shape, use.schema_cookie);
}

Status AutoCommit(Machine& m, const Instruction& i, bool*) { return m.host.auto_commit(i.p1); }

Status Savepoint(Machine& m, const Instruction& i, bool*) {
  record::TextScratch scratch;
  return m.host.savepoint(i.p1, scratch.text(*i.p4.value));
}

Status ReadCookie(Machine& m, const Instruction& i, bool*) {
  const std::int32_t number = m.frame->program->databases[static_cast<std::size_t>(i.p1)].number;
  PL_ASSIGN(const std::uint32_t value, m.host.read_header(number, static_cast<std::uint32_t>(i.p3)));
  set_integer(m.reg(i.p2), static_cast<std::int32_t>(value));
  return {};
}

Status SetCookie(Machine& m, const Instruction& i, bool*) {
  constexpr std::int32_t kSchemaCookie = 40;
  const std::int32_t number = m.frame->program->databases[static_cast<std::size_t>(i.p1)].number;
  auto value = static_cast<std::uint32_t>(i.p3);
  if (i.p2 == kSchemaCookie) {
    PL_ASSIGN(const std::uint32_t cookie, m.host.read_header(number, kSchemaCookie));
    value += cookie;
  }
  return m.host.write_header(number, static_cast<std::uint32_t>(i.p2), value);
}

Status HostCall(Machine& m, const Instruction& i, bool*) {
  const void* extra = nullptr;
  if (i.p4_kind == P4Kind::Value) extra = i.p4.value;
  if (i.p4_kind == P4Kind::Pointer) extra = i.p4.pointer;
  if (i.p4_kind == P4Kind::Table) extra = i.p4.table;
  if (i.p4_kind == P4Kind::Index) extra = i.p4.index;
  if (i.p4_kind == P4Kind::Int64) extra = &i.p4.integer;
  OwnedValue result;
  PL_TRY(m.host.call(static_cast<HostFunction>(i.p1), m.registers(i.p2, i.p5), extra, *result));
  if (i.p3 != 0) m.reg(i.p3).take(*result);
  return {};
}

// ---- row sources ----

Status OpenSource(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  slot.close();
  const auto* name = static_cast<const SourceName*>(i.p4.pointer);
  PL_ASSIGN(slot.source, name->source->open());
  slot.kind = CursorSlot::Kind::Source;
  return {};
}

Status SourceFilter(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  slot.leave_row();
  const auto plan_number = static_cast<int>(m.reg(i.p3).integer);
  const auto argument_count = static_cast<std::int32_t>(m.reg(i.p3 + 1).integer);
  record::TextScratch scratch;
  std::string_view plan_text;
  if (i.p4_kind == P4Kind::Value) plan_text = scratch.text(*i.p4.value);
  PL_TRY(slot.source->filter(plan_number, plan_text, m.registers(i.p3 + 2, argument_count)));
  *jump = slot.source->at_end();
  return {};
}

Status SourceNext(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  PL_TRY(slot.source->next());
  *jump = !slot.source->at_end();
  return {};
}

Status SourceColumn(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  Value& out = m.reg(i.p3);
  if (slot.null_row) {
    set_null(out);
    return {};
  }
  FunctionContext& context = m.column_context;
  context.result.release();
  if ((i.p5 & 1) != 0) context.result.flags |= Value::kNoChange;
  Status status = slot.source->column(i.p2, context);
  Status error = std::move(context.error);
  if (status.ok()) status = std::move(error);
  if (status.ok() && context.result.is_bytes() && context.result.size > m.length_limit()) status = Code::TooBig;
  if (!status.ok()) [[unlikely]] {
    context.result.release();
    return status;
  }
  take_result(out, context.result);
  return {};
}

Status SourceRowid(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  Value& out = m.reg(i.p2);
  set_null(out);
  if (slot.null_row) return {};
  std::int64_t rowid = 0;
  PL_TRY(slot.source->rowid(&rowid));
  set_integer(out, rowid);
  return {};
}

Status SourceUpdate(Machine& m, const Instruction& i, bool*) {
  const auto* name = static_cast<const SourceName*>(i.p4.pointer);
  m.conflict_action = static_cast<catalog::ConflictAction>(i.p5);
  std::int64_t rowid = 0;
  Status status = name->source->update(m.registers(i.p3, i.p2), &rowid);
  if (status.primary() == Code::Constraint && m.conflict_action == catalog::ConflictAction::Ignore) {
    m.conflict_action = catalog::ConflictAction::Abort;
    return {};
  }
  PL_TRY(std::move(status));
  m.conflict_action = catalog::ConflictAction::Abort;
  if (i.p1 == 1) m.host.set_last_insert_rowid(RowId(rowid));
  ++m.changes;
  return {};
}

}  // namespace perlite::vm::ops
