#include "vm/machine.h"

#include <algorithm>
#include <new>

namespace perlite::vm {

using record::Value;

const record::KeyInfo CursorSlot::kNoKey;

void CursorSlot::close() noexcept {
  if (kind == Kind::Closed) return;
  tree.close();
  rows_reader.reset();
  rows = nullptr;
  sorter.reset();
  hash.reset();
  groups.reset();
  own_rows.reset();
  source.reset();
  pending.present = false;
  leave_row();
  is_ephemeral = false;
  sequence = 0;
  deferred_index = nullptr;
  key = nullptr;
  kind = Kind::Closed;
#ifdef PERLITE_DEBUG
  lent.clear();
#endif
}

// ---- Frame: one block with registers, cursors and the bits of Once behind it ----

namespace {

constexpr std::size_t round_up(std::size_t size) { return (size + 15) & ~std::size_t{15}; }

struct FrameLayout {
  explicit FrameLayout(const Program& program) noexcept {
    registers = round_up(sizeof(Frame));
    cursors = registers + round_up((static_cast<std::size_t>(program.register_count) + 1) * sizeof(Value));
    once = cursors + round_up(static_cast<std::size_t>(program.cursor_count) * sizeof(CursorSlot));
    once_words = (static_cast<std::size_t>(program.once_count) + 63) / 64;
    size = once + once_words * sizeof(std::uint64_t);
  }
  std::size_t registers;
  std::size_t cursors;
  std::size_t once;
  std::size_t once_words;
  std::size_t size;
};

}  // namespace

Frame* Frame::make(const Program& program) {
  const FrameLayout layout(program);
  auto* memory = static_cast<char*>(base::Allocator::allocate(layout.size));
  auto* frame = ::new (memory) Frame{};
  frame->program = &program;
  frame->code = program.code.data();
  frame->registers = reinterpret_cast<Value*>(memory + layout.registers);
  frame->cursors = reinterpret_cast<CursorSlot*>(memory + layout.cursors);
  frame->once = reinterpret_cast<std::uint64_t*>(memory + layout.once);
  for (std::int32_t i = 0; i <= program.register_count; ++i) ::new (frame->registers + i) Value{};
  for (std::int32_t i = 0; i < program.cursor_count; ++i) ::new (static_cast<void*>(frame->cursors + i)) CursorSlot;
  std::fill_n(frame->once, layout.once_words, 0);
  frame->pc = frame->code;
  return frame;
}

void Frame::clear() noexcept {
  // Readers of another cursor's rows end before those do.
  for (std::int32_t i = 0; i < program->cursor_count; ++i) cursors[i].rows_reader.reset();
  for (std::int32_t i = 0; i < program->cursor_count; ++i) cursors[i].close();
  for (std::int32_t i = 0; i <= program->register_count; ++i) registers[i].release();
  std::fill_n(once, FrameLayout(*program).once_words, 0);
  auxiliary.clear();
  pc = code;
}

void Frame::free(Frame* frame) noexcept {
  frame->clear();
  for (std::int32_t i = 0; i < frame->program->cursor_count; ++i) frame->cursors[i].~CursorSlot();
  frame->~Frame();
  base::Allocator::release(frame);
}

std::size_t Frame::bytes() const noexcept {
  std::size_t bytes = FrameLayout(*program).size;
  for (std::int32_t i = 0; i < program->cursor_count; ++i) {
    const CursorSlot& slot = cursors[i];
    if (slot.sorter != nullptr) bytes += slot.sorter->memory_used();
    if (slot.hash != nullptr) bytes += slot.hash->memory_used();
    if (slot.groups != nullptr) bytes += slot.groups->memory_used();
    if (slot.own_rows != nullptr) bytes += slot.own_rows->memory_used();
  }
  return bytes;
}

// ---- Machine ----

Machine::Machine(ProgramRef program_to_run, Host& host_to_ask)
    : program(std::move(program_to_run)),
      host(host_to_ask),
      budget(host_to_ask.budget()),
      functions(host_to_ask.functions()),
      encoding(program->encoding),
      temporary(host_to_ask) {
  column_context.host = &functions;
  column_context.encoding = encoding;
  const auto count = static_cast<std::size_t>(program->parameter_count);
  if (count > kFewBindings) many_bindings.resize(count);
  bindings = {count > kFewBindings ? many_bindings.data() : few_bindings, count};
}

Machine::~Machine() {
  reset();
  for (Value& value : row) value.release();
  for (Value& value : bindings) value.release();
  if (outermost != nullptr) Frame::free(outermost);
  while (idle != nullptr) {
    Frame* next = idle->parent;
    Frame::free(idle);
    idle = next;
  }
}

void Machine::reset() noexcept {
  for (Value& value : row) value.release();
  release_scratch();
  if (record_room > kKeptRecord) {
    record_bytes.reset();
    record_room = 0;
  }
  call_context.result.release();
  column_context.result.release();
  row_size = 0;
  while (frame != nullptr && frame != outermost) {
    Frame* ended = frame;
    frame = ended->parent;
    ended->clear();
    ended->parent = idle;
    idle = ended;
  }
  if (outermost != nullptr) outermost->clear();
  frame = nullptr;
  depth = 0;
  temporary.release();
}

void Machine::release_scratch() noexcept {
  for (Value& value : scratch_values) value.release();
  scratch_values.clear();
}

Status Machine::arrive(CursorSlot& slot, bool* present) {
  if (slot.deferred) PL_TRY(finish_deferred_seek(slot));
  PL_TRY(slot.tree.restore());
  *present = slot.tree.valid();
  return {};
}

Status Machine::finish_deferred_seek(CursorSlot& slot) {
  slot.deferred = false;
  slot.row_stamp = 0;
  PL_ASSIGN(const btree::Relation relation, slot.tree.seek_rowid(slot.deferred_rowid));
  if (relation != btree::Relation::Equal) {
    return Status::corrupt("index entry without its row");
  }
  return {};
}

Status Machine::index_rowid(CursorSlot& slot, std::int64_t* rowid) {
  const auto last = static_cast<std::uint32_t>(slot.key->fields.size()) - 1;
  Value value{};
  PL_TRY(read_column(slot, last, nullptr, 0, &value));
  if (value.type != ValueType::Integer) {
    value.release();
    return Status::corrupt("index entry without a rowid");
  }
  *rowid = value.integer;
  return {};
}

Status Machine::read_column(CursorSlot& slot, std::uint32_t index, const Value* absent, unsigned usage, Value* out) {
  *out = Value{};
  if (!slot.row_is_read()) {
    if (slot.null_row) return {};
    if (slot.kind == CursorSlot::Kind::Pseudo) {
      const Value& record = reg(slot.pseudo_register);
      if (record.type != ValueType::Blob || record.has(Value::kZeroBlob)) return {};
      slot.row.reset(reinterpret_cast<const std::byte*>(record.data), record.size, record.size);
    } else if (slot.kind == CursorSlot::Kind::Tree) {
      if (slot.deferred) {
        const std::int32_t* map = slot.deferred_map;
        if (map != nullptr && index < static_cast<std::uint32_t>(map[0]) && map[index + 1] != 0) {
          return read_column(*slot.deferred_index, static_cast<std::uint32_t>(map[index + 1]) - 1, nullptr, usage, out);
        }
      }
      bool present;
      PL_TRY(arrive(slot, &present));
      if (!present) return {};  // deleted meanwhile
      slot.read_row();
    } else {
      return {};
    }
  }
  using Found = RowReader::Found;
  Found found = slot.row.field(index, encoding, out);
  if (found == Found::Ok) [[likely]]
    return {};
  *out = Value{};
  if (found == Found::BeyondHeader) {
    slot.header.resize(slot.row.header_size());
    PL_TRY(slot.tree.read_payload(0, slot.header));
    slot.row.set_header(slot.header.data(), slot.row.header_size());
    found = slot.row.field(index, encoding, out);
    if (found == Found::Ok) return {};
  }
  if (found == Found::Absent) {
    if (absent != nullptr) borrow(*out, *absent);
    return {};
  }
  if (found != Found::BeyondBody) return Status::corrupt("malformed record");

  // The body lies, in part at least, on overflow pages.
  std::uint32_t type;
  std::uint32_t offset;
  if (slot.row.extent(index, &type, &offset) != Found::Ok) return Status::corrupt("malformed record");
  const std::uint32_t size = RowReader::body_size(type);
  const std::uint64_t total = slot.kind == CursorSlot::Kind::Tree ? slot.tree.payload_size() : 0;
  if (std::uint64_t{offset} + size > total) return Status::corrupt("malformed record");
  if (type < 12) {
    std::byte body[8];
    PL_TRY(slot.tree.read_payload(offset, {body, size}));
    RowReader::decode_body(type, body, encoding, out);
    return {};
  }
  const bool is_text = (type & 1) != 0;
  if (usage != 0 && !is_text) {
    out->set_zero_blob(size);
    return {};
  }
  if (usage == 1) {
    out->set_text_borrowed({"", 0}, encoding, Value::kStatic);
    return {};
  }
  if (size > length_limit()) return Code::TooBig;
  auto* block = record::ValueBlock::make(std::size_t{size} + 2);
  block->bytes()[size] = block->bytes()[size + 1] = '\0';
  record::OwnedValue body;  // while reading may fail
  if (is_text) {
    body->set_text_owned(block, {block->bytes(), size}, encoding, Value::kTerminated);
  } else {
    body->set_blob_owned(block, {block->bytes(), size});
    body->encoding = encoding;
  }
  PL_TRY(slot.tree.read_payload(offset, {reinterpret_cast<std::byte*>(block->bytes()), size}));
  out->take(*body);
  return {};
}

namespace {

// A blob in a page of the database: before the next step another statement may change or free the page.
bool is_in_page(const Value& value) noexcept {
  return value.type == ValueType::Blob && !value.has(Value::kOwned) && !value.has(Value::kStatic) &&
         !value.has(Value::kZeroBlob) && !value.has(Value::kFromBind);
}

}  // namespace

// Copies the registers of a row for the caller: text gets its NUL in the row arena, blobs go there from their pages,
// the rest is lent.
void Machine::emit_row(std::span<Value> values) {
  for (std::size_t i = values.size(); i < row_size; ++i) row[i].release();
  if (row.size() < values.size()) row.resize(values.size());
  row_size = values.size();

  const auto is_copied = [](const Value& value) {
    if (value.type == ValueType::Text) return !value.has(Value::kTerminated);
    return value.type == ValueType::Blob && is_in_page(value);
  };
  const Value* from = values.data();
  const Value* const end = from + values.size();
  Value* out = row.data();
  char* at = reinterpret_cast<char*>(row_arena.get());
  std::size_t room = row_arena_size;
  for (; from != end; ++from, ++out) {
    if (out->has(Value::kOwned)) [[unlikely]]
      out->release();
    const ValueType type = from->type;
    copy_words(*out, *from);
    out->block = nullptr;
    out->flags = 0;
    if (type < ValueType::Text) continue;
    out->flags = static_cast<std::uint8_t>(from->flags & (Value::kTerminated | Value::kStatic | Value::kZeroBlob));
    if (!is_copied(*from)) continue;
    const std::size_t size = from->size;
    if (size + 3 > room) [[unlikely]] {
      // A bigger arena, and the row from its start.
      std::size_t needed = 0;
      for (const Value& value : values) needed += is_copied(value) ? value.size + 3u : 0;
      row_arena_size = 0;
      const std::size_t capacity = std::max<std::size_t>(needed < 65536 ? 2 * needed : needed, 256);
      row_arena = base::make_buffer(capacity);
      row_arena_size = capacity;
      return emit_row(values);
    }
    if (size != 0) std::memcpy(at, from->data, size);
    out->data = at;
    char* next = at + size;
    *next++ = '\0';
    if (type == ValueType::Blob) {
      next += reinterpret_cast<std::uintptr_t>(next) & 1;
    } else {
      out->flags = Value::kTerminated;
    }
    if (type == ValueType::Text && encoding != TextEncoding::Utf8) {
      *next++ = '\0';
      next += reinterpret_cast<std::uintptr_t>(next) & 1;  // UTF-16 readers may want even addresses
    }
    room -= static_cast<std::size_t>(next - at);
    at = next;
  }
}

Status Machine::program_error(const Instruction& i) {
  const auto code = static_cast<Code>(i.p1);
  conflict_action = static_cast<catalog::ConflictAction>(i.p2);
  const Value* text = i.p4_kind == P4Kind::None ? nullptr : i.p4.value;
  if (i.p5 != 0) text = &reg(i.p5);
  if (text == nullptr || text->is_null()) return code;
  record::TextScratch scratch;
  return Status(code, scratch.text(*text));
}

Status Machine::push_frame(const Instruction& i, bool* entered) {
  const Program& subprogram = *i.p4.subprogram;
  *entered = false;
  if (i.p5 != 0 && !host.recursive_triggers()) {
    for (const Frame* running = frame; running != nullptr; running = running->parent) {
      if (running->program == &subprogram) return {};
    }
  }
  if (depth >= host.limit(kLimitTriggerDepth)) return Status::error("too many levels of trigger recursion");

  Frame* called = nullptr;
  for (Frame** link = &idle; *link != nullptr; link = &(*link)->parent) {
    if ((*link)->program != &subprogram) continue;
    called = *link;
    *link = called->parent;
    break;
  }
  if (called == nullptr) called = Frame::make(subprogram);
  called->window = &reg(i.p1);
  called->parent = frame;
  called->saved_changes = functions.changes();
  called->saved_change_counter = changes;
  called->saved_last_rowid = RowId(functions.last_insert_rowid());
  frame->pc = &i;
  frame = called;
  changes = 0;
  ++depth;
  *entered = true;
  return {};
}

void Machine::pop_frame() noexcept {
  Frame* ended = frame;
  frame = ended->parent;
  --depth;
  host.add_total_changes(changes);
  changes = ended->saved_change_counter;
  host.set_changes(ended->saved_changes);
  host.set_last_insert_rowid(ended->saved_last_rowid);
  ended->clear();
  ended->parent = idle;
  idle = ended;
}

#ifdef PERLITE_DEBUG

void Machine::note_lent(CursorSlot& slot, Value& reg) {
  if (!reg.is_bytes() || reg.size == 0) return;
  if ((reg.flags & (Value::kOwned | Value::kStatic | Value::kZeroBlob)) != 0) return;
  for (CursorSlot::Lent& known : slot.lent) {
    if (known.reg != &reg) continue;
    known.data = reg.data;
    return;
  }
  slot.lent.push_back({&reg, reg.data});
}

// A program that still reads what it borrowed sees nonsense instead of bytes that happen to be there.
void Machine::note_move(CursorSlot& slot) noexcept {
  static constexpr char kNonsense[] = "(read after its cursor moved)";
  for (const CursorSlot::Lent& lent : slot.lent) {
    Value& value = *lent.reg;
    if (!value.is_bytes() || value.data != lent.data) continue;
    if ((value.flags & (Value::kOwned | Value::kStatic | Value::kZeroBlob)) != 0) continue;
    value.data = kNonsense;
    value.size = static_cast<std::uint32_t>(std::min<std::size_t>(value.size, sizeof(kNonsense) - 1));
  }
  slot.lent.clear();
}

void Machine::note_write(CursorSlot& slot) noexcept {
  for (Frame* running = frame; running != nullptr; running = running->parent) {
    for (std::int32_t i = 0; i < running->program->cursor_count; ++i) {
      CursorSlot& other = running->cursors[i];
      if (other.kind != CursorSlot::Kind::Tree || !other.tree.is_open()) continue;
      if (&other.tree.view() == &slot.tree.view() && other.tree.root() == slot.tree.root()) note_move(other);
    }
  }
}

#endif

}  // namespace perlite::vm
