#include "codegen/schema_rows.h"

#include "vm/comparison.h"
#include "vm/host.h"
#include "vm/row_flags.h"

namespace perlite::codegen {
namespace {

constexpr std::int32_t kSchemaFields = 5;
constexpr std::int32_t kRootField = 3;
constexpr std::int32_t kSchemaCookieOffset = 40;

}  // namespace

Status SchemaRows::open() {
  PL_ASSIGN(slot_, g_.use_database(database_, true));
  PL_ASSIGN(record_flags_, g_.record_flags(database_));
  PL_ASSIGN(const catalog::Shape* const shape, g_.environment().shape(database_));
  PL_ASSIGN(const catalog::Table* const table, shape->find_table("sqlite_schema"));
  PL_ASSIGN(cursor_, g_.write_cursor(database_, *table, nullptr));
  return {};
}

void SchemaRows::add(std::string_view type, std::string_view name, std::string_view table_name, std::int32_t root,
                     std::string_view sql) {
  const std::int32_t fields = b_.new_registers(kSchemaFields);
  const std::int32_t rowid = b_.new_register();
  const std::int32_t record = b_.new_register();
  b_.emit(Opcode::Constant, 0, fields).p4(b_.text(type));
  b_.emit(Opcode::Constant, 0, fields + 1).p4(b_.text(name));
  b_.emit(Opcode::Constant, 0, fields + 2).p4(b_.text(table_name));
  if (root != 0) {
    b_.emit(Opcode::Copy, root, fields + kRootField, 0);
  } else {
    b_.emit_integer(0, fields + kRootField);
  }
  if (sql.data() != nullptr) {
    b_.emit(Opcode::Constant, 0, fields + 4).p4(b_.text(sql));
  } else {
    b_.emit(Opcode::Null, 0, fields + 4);
  }
  b_.emit(Opcode::NewRowid, cursor_, rowid);
  b_.emit(Opcode::MakeRecord, fields, kSchemaFields, record).p5(record_flags_);
  b_.emit(Opcode::InsertRow, cursor_, record, rowid).p5(vm::kAppend);
}

// The roots are dropped from the largest down: in an auto-vacuum file the tree with the largest root moves into the
// hole, and that is then never one that is still to go.
Status SchemaRows::remove(std::string_view type, std::int32_t field, std::string_view name) {
  only_adds_ = false;
  const std::int32_t wanted_type = b_.new_register();
  const std::int32_t wanted_name = b_.new_register();
  const std::int32_t value = b_.new_register();
  const std::int32_t root = b_.new_register();
  const std::int32_t zero = b_.new_register();
  const std::int32_t moved = b_.new_register();
  const std::int32_t sorter = b_.new_cursor();
  record::KeyField order;
  order.descending = true;
  if (type != "trigger") {
    b_.emit(Opcode::HostCall, static_cast<std::int32_t>(vm::HostFunction::RefuseReaders), value, value);
  }
  b_.emit(Opcode::OpenSorter, sorter, 1).p4(b_.key({&order, 1}));
  b_.emit(Opcode::Constant, 0, wanted_name).p4(b_.text(name));
  if (!type.empty()) b_.emit(Opcode::Constant, 0, wanted_type).p4(b_.text(type));
  b_.emit_integer(0, zero);

  const Label scanned = b_.new_label();
  b_.emit(Opcode::Rewind, cursor_, scanned);
  const Label loop = b_.here();
  const Label next = b_.new_label();
  b_.emit(Opcode::Column, cursor_, field, value);
  b_.emit(Opcode::Ne, value, next, wanted_name).p4(&record::nocase_collation()).p5(vm::kJumpIfNull);
  if (!type.empty()) {
    b_.emit(Opcode::Column, cursor_, 0, value);
    b_.emit(Opcode::Ne, value, next, wanted_type).p5(vm::kJumpIfNull);
  }
  const Label rootless = b_.new_label();
  b_.emit(Opcode::Column, cursor_, kRootField, root);
  b_.emit(Opcode::Le, root, rootless, zero).p5(vm::kJumpIfNull);
  b_.emit(Opcode::SorterInsert, sorter, root, 1);
  b_.bind(rootless);
  b_.emit(Opcode::DeleteRow, cursor_).p5(vm::kKeepPosition);
  b_.bind(next);
  b_.emit(Opcode::Next, cursor_, loop);
  b_.bind(scanned);

  const Label done = b_.new_label();
  b_.emit(Opcode::SorterSort, sorter, done);
  const Label each = b_.here();
  const Label dropped = b_.new_label();
  b_.emit(Opcode::SorterColumn, sorter, 0, root);
  b_.emit(Opcode::DropTree, slot_, root, moved);
  b_.emit(Opcode::Eq, moved, dropped, zero);
  // The tree that moved has its row corrected.
  const std::int32_t fields = b_.new_registers(kSchemaFields);
  const std::int32_t rowid = b_.new_register();
  const std::int32_t record = b_.new_register();
  b_.emit(Opcode::Rewind, cursor_, dropped);
  const Label search = b_.here();
  const Label other = b_.new_label();
  b_.emit(Opcode::Column, cursor_, kRootField, value);
  b_.emit(Opcode::Ne, value, other, moved).p5(vm::kJumpIfNull);
  for (std::int32_t i = 0; i < kSchemaFields; ++i) b_.emit(Opcode::Column, cursor_, i, fields + i);
  b_.emit(Opcode::Copy, root, fields + kRootField, 0);
  b_.emit(Opcode::Rowid, cursor_, rowid);
  b_.emit(Opcode::MakeRecord, fields, kSchemaFields, record).p5(record_flags_);
  b_.emit(Opcode::InsertRow, cursor_, record, rowid);
  b_.emit(Opcode::Goto, 0, dropped);
  b_.bind(other);
  b_.emit(Opcode::Next, cursor_, search);
  b_.bind(dropped);
  b_.emit(Opcode::SorterNext, sorter, each);
  b_.bind(done);
  return {};
}

void SchemaRows::finish() {
  b_.emit(Opcode::SetCookie, slot_, kSchemaCookieOffset, 1);
  b_.emit(Opcode::SchemaChanged, slot_).p5(only_adds_ ? 1 : 0);
}

}  // namespace perlite::codegen
