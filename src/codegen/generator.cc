// The frame of a program: setup, databases, trees, constants.
#include "codegen/generator.h"

namespace perlite::codegen {

void Generator::begin() {
  setup_label_ = b_.new_label();
  b_.emit(Opcode::Init, 0, setup_label_);
}

Status Generator::end() {
  b_.emit(Opcode::Halt);
  b_.bind(setup_label_);
  const auto& databases = b_.program().databases;
  for (std::size_t i = 0; i < databases.size(); ++i) {
    b_.emit(Opcode::Transaction, static_cast<std::int32_t>(i), databases[i].writes ? 1 : 0);
  }
  for (const vm::Instruction& instruction : setup_) {
    b_.emit(instruction);
  }
  for (const KnownConstant& constant : constants_) b_.emit_load(constant.value, constant.reg);
  for (std::size_t number = 0; number < parameters_.size(); ++number) {
    if (parameters_[number] != 0) b_.emit(Opcode::Variable, static_cast<std::int32_t>(number), parameters_[number]);
  }
  in_setup_ = true;  // from here literals are loaded where they are used
  for (std::size_t i = 0; i < hoisted_.size(); ++i) {
    const HoistedExpression hoisted = hoisted_[i];
    PL_TRY(value_into(hoisted.expr, hoisted.reg));
  }
  in_setup_ = false;
  b_.emit(Opcode::Goto, 0, 1);
  return {};
}

Result<std::int32_t> Generator::use_database(std::int32_t number, bool writes) {
  const auto& databases = b_.program().databases;
  for (std::size_t i = 0; i < databases.size(); ++i) {
    if (databases[i].number == number && (databases[i].writes || !writes)) return static_cast<std::int32_t>(i);
  }
  return add_database(number, writes);
}

Result<std::int32_t> Generator::add_database(std::int32_t number, bool writes) {
  PL_ASSIGN(const catalog::Shape* shape, environment_.shape(number));
  PL_ASSIGN(const catalog::Placement* placement, environment_.placement(number));
  return b_.database(number, shape, placement == nullptr ? 0 : placement->schema_cookie, writes);
}

Result<unsigned> Generator::record_flags(std::int32_t database) {
  PL_ASSIGN(const catalog::Placement* const placement, environment_.placement(database));
  // 0: no schema was written yet.
  if (placement->schema_format == 0) return environment_.switches().legacy_file_format ? 1u : 0u;
  return placement->schema_format <= 3 ? 1u : 0u;
}

Result<const record::KeyInfo*> Generator::key_of(const catalog::Index& index) {
  if (const record::KeyInfo* const order = index.order(b_.encoding())) return order;
  for (const IndexKey& known : keys_) {
    if (known.index == &index) return known.key;
  }
  Vector<record::KeyField> fields;
  // Of a WITHOUT ROWID table the key orders, and the other columns are what it carries.
  const auto columns = index.is_table ? index.columns.first(index.key_columns) : index.columns;
  fields.reserve(columns.size());
  for (const catalog::IndexColumn& column : columns) {
    const record::Collation* collation = nullptr;
    if (!column.collation.empty()) {
      collation = record::find_builtin_collation(column.collation);
      if (collation == nullptr) collation = environment_.find_collation(column.collation);
      if (collation == nullptr) {
        return Status::format(Code::Error, -1, "no such collation sequence: %.*s",
                              static_cast<int>(column.collation.size()), column.collation.data());
      }
    }
    fields.push_back({collation, column.descending, false});
  }
  keys_.push_back({&index, b_.key(fields)});
  return keys_.back().key;
}

Result<std::int32_t> Generator::tree_of(std::int32_t database, const catalog::Table& table,
                                        const catalog::Index* index, bool writes) {
  PL_ASSIGN(const std::int32_t slot, use_database(database, writes));
  vm::TreeName tree{slot, table.entry, false, nullptr, &table, nullptr};
  if (index == nullptr && table.without_rowid) {
    tree.is_index = true;
    PL_ASSIGN(tree.key, key_of(*table.primary_key));
  } else if (index != nullptr) {
    tree.entry = index->entry;
    tree.is_index = true;
    tree.index = index->is_table ? nullptr : index;
    PL_ASSIGN(tree.key, key_of(*index));
  }
  return b_.add_tree(tree);
}

Result<std::int32_t> Generator::cursor_on(Opcode open, std::int32_t database, const catalog::Table& table,
                                          const catalog::Index* index) {
  PL_ASSIGN(const std::int32_t tree, tree_of(database, table, index, open == Opcode::OpenWrite));
  const std::int32_t cursor = b_.new_cursor();
  setup_.push_back({.opcode = open, .p1 = cursor, .p2 = tree});
  return cursor;
}

Result<std::int32_t> Generator::read_cursor(std::int32_t database, const catalog::Table& table,
                                            const catalog::Index* index) {
  return cursor_on(Opcode::OpenRead, database, table, index);
}

Result<std::int32_t> Generator::write_cursor(std::int32_t database, const catalog::Table& table,
                                             const catalog::Index* index) {
  return cursor_on(Opcode::OpenWrite, database, table, index);
}

bool Generator::is_set_up(std::int32_t reg) const noexcept {
  for (const KnownConstant& constant : constants_) {
    if (constant.reg == reg) return true;
  }
  for (const std::int32_t parameter : parameters_) {
    if (parameter == reg) return true;
  }
  for (const HoistedExpression& hoisted : hoisted_) {
    if (hoisted.reg == reg) return true;
  }
  return false;
}

std::int32_t Generator::constant(const record::Value& value) {
  if (value.is_null()) return constant_null();
  const std::size_t first = constants_.size() > 32 ? constants_.size() - 32 : 0;
  for (std::size_t i = first; i < constants_.size(); ++i) {
    const record::Value& known = constants_[i].value;
    if (known.type != value.type) continue;
    const bool same = value.is_bytes() ? known.bytes() == value.bytes() : known.integer == value.integer;
    if (same) return constants_[i].reg;
  }
  const std::int32_t reg = b_.new_register();
  constants_.push_back({*b_.value(value), reg});
  return reg;
}

std::int32_t Generator::constant_integer(std::int64_t integer) {
  record::Value value;
  value.set_integer(integer);
  return constant(value);
}

std::int32_t Generator::constant_null() {
  if (null_constant_ == 0) {
    null_constant_ = b_.new_register();
    constants_.push_back({record::Value{}, null_constant_});
  }
  return null_constant_;
}

}  // namespace perlite::codegen
