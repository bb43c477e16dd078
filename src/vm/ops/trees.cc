// Handlers that open, make and drop trees.
#include "btree/tree.h"

#include "vm/machine.h"

namespace perlite::vm::ops {

using record::Value;

namespace {

void open_tree(CursorSlot& slot, pager::View& view, PageNo root, bool is_key_tree, const record::KeyInfo* key,
               std::int32_t database) {
  slot.close();
  slot.is_key_tree = is_key_tree;
  slot.key = key;
  slot.database = database;
  slot.kind = CursorSlot::Kind::Tree;
  const btree::KeyOrder* order = nullptr;
  if (is_key_tree) {
    slot.order = record::RecordOrder(key != nullptr ? *key : CursorSlot::kNoKey);
    order = &slot.order;
  }
  slot.tree.open(view, root, is_key_tree ? btree::TreeKind::Index : btree::TreeKind::Table, order);
}

Status open_named(Machine& m, const Instruction& i) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  const Program& program = *m.frame->program;
  const TreeName& name = program.trees[static_cast<std::size_t>(i.p2)];
  const std::int32_t database = program.databases[static_cast<std::size_t>(name.database)].number;
  PL_ASSIGN(const PageNo root, m.host.root_of(database, name.entry));
  pager::View& view = m.host.view(database);
  if (slot.kind == CursorSlot::Kind::Tree && !slot.is_ephemeral && slot.tree.is_open() && slot.tree.root() == root &&
      &slot.tree.view() == &view && slot.key == name.key) {
    slot.leave_row();
    slot.tree.reset();
    return {};
  }
  open_tree(slot, view, root, name.is_index, name.key, database);
  return {};
}

std::int32_t database_number(const Machine& m, std::int32_t slot) {
  return m.frame->program->databases[static_cast<std::size_t>(slot)].number;
}

}  // namespace

Status OpenRead(Machine& m, const Instruction& i, bool*) { return open_named(m, i); }
Status OpenWrite(Machine& m, const Instruction& i, bool*) { return open_named(m, i); }

Status OpenRoot(Machine& m, const Instruction& i, bool*) {
  const std::int32_t database = database_number(m, i.p3);
  const record::KeyInfo* key = i.p4_kind == P4Kind::Key ? i.p4.key : nullptr;
  const auto root = static_cast<std::uint32_t>(m.reg(i.p2).integer);
  open_tree(m.cursor(i.p1), m.host.view(database), PageNo(root), key != nullptr, key, database);
  return {};
}

Status OpenEphemeral(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  const record::KeyInfo* key = i.p4_kind == P4Kind::Key ? i.p4.key : nullptr;
  if (slot.kind == CursorSlot::Kind::Tree && slot.is_ephemeral && slot.key == key) {
    slot.leave_row();
    slot.sequence = 0;
    return btree::clear_tree(slot.tree.view(), slot.tree.root(), nullptr, &m.budget);
  }
  PL_ASSIGN(pager::View * view, m.temporary.view());
  const bool is_key_tree = key != nullptr;
  PL_ASSIGN(const PageNo root,
            btree::create_tree(*view, is_key_tree ? btree::TreeKind::Index : btree::TreeKind::Table));
  open_tree(slot, *view, root, is_key_tree, key, -1);
  slot.is_ephemeral = true;
  return {};
}

Status OpenPseudo(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  slot.close();
  slot.kind = CursorSlot::Kind::Pseudo;
  slot.pseudo_register = i.p2;
  return {};
}

Status OpenDup(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  CursorSlot& from = m.cursor(i.p2);
  slot.close();
  if (from.kind == CursorSlot::Kind::Tree) {
    const record::KeyInfo* key = from.key;
    open_tree(slot, from.tree.view(), from.tree.root(), from.is_key_tree, key, -1);
  } else if (from.kind == CursorSlot::Kind::Buffer) {
    slot.kind = CursorSlot::Kind::Buffer;
    slot.rows = from.rows;
  } else {
    return Status(Code::Internal, "program: OpenDup of a cursor that has no rows to share");
  }
  return {};
}

Status Close(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.close();
  return {};
}

Status CreateTree(Machine& m, const Instruction& i, bool*) {
  pager::View& view = m.host.view(database_number(m, i.p1));
  PL_ASSIGN(const PageNo root, btree::create_tree(view, i.p3 == 0 ? btree::TreeKind::Table : btree::TreeKind::Index));
  set_integer(m.reg(i.p2), root.value);
  return {};
}

Status DropTree(Machine& m, const Instruction& i, bool*) {
  pager::View& view = m.host.view(database_number(m, i.p1));
  const PageNo root(static_cast<std::uint32_t>(m.reg(i.p2).integer));
  PageNo moved_from{0};
  PL_TRY(btree::drop_tree(view, root, &moved_from));
  set_integer(m.reg(i.p3), moved_from.value);
  return {};
}

Status ClearTree(Machine& m, const Instruction& i, bool*) {
  const Program& program = *m.frame->program;
  const TreeName& name = program.trees[static_cast<std::size_t>(i.p1)];
  const std::int32_t database = program.databases[static_cast<std::size_t>(name.database)].number;
  PL_ASSIGN(const PageNo root, m.host.root_of(database, name.entry));
  std::uint64_t count = 0;
  PL_TRY(btree::clear_tree(m.host.view(database), root, &count, &m.budget));
  if (i.p2 != 0) set_integer(m.reg(i.p2), m.reg(i.p2).integer + static_cast<std::int64_t>(count));
  if (i.p5 != 0) m.changes += static_cast<std::int64_t>(count);
  return {};
}

Status IfListening(Machine& m, const Instruction&, bool* jump) {
  *jump = m.host.listening();
  return {};
}

Status SchemaChanged(Machine& m, const Instruction& i, bool*) {
  return m.host.schema_changed(database_number(m, i.p1), i.p5 != 0);
}

Status Count(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  std::uint64_t count = 0;
  if (slot.kind == CursorSlot::Kind::Buffer) {
    count = slot.rows->row_count();
  } else {
    PL_ASSIGN(count, btree::count_entries(slot.tree.view(), slot.tree.root(), &m.budget));
  }
  set_integer(m.reg(i.p2), static_cast<std::int64_t>(count));
  return {};
}

Status IfEmpty(Machine& m, const Instruction& i, bool* jump) {
  CursorSlot& slot = m.cursor(i.p1);
  switch (slot.kind) {
    case CursorSlot::Kind::Tree:
      m.note_move(slot);
      slot.leave_row();
      PL_TRY(slot.tree.first());
      *jump = !slot.tree.valid();
      return {};
    case CursorSlot::Kind::Hash:
      *jump = slot.hash == nullptr || slot.hash->empty();
      return {};
    case CursorSlot::Kind::Buffer:
      *jump = slot.rows->row_count() == 0;
      return {};
    default:
      *jump = true;
      return {};
  }
}

Status NullRow(Machine& m, const Instruction& i, bool*) {
  CursorSlot& slot = m.cursor(i.p1);
  m.note_move(slot);
  slot.leave_row();
  slot.null_row = true;
  if (slot.kind == CursorSlot::Kind::Tree) slot.tree.reset();
  if (slot.kind == CursorSlot::Kind::Closed) slot.kind = CursorSlot::Kind::Pseudo;
  return {};
}

}  // namespace perlite::vm::ops
