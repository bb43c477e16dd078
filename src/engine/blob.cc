#include "engine/blob.h"

#include "base/ascii.h"
#include "record/record.h"
#include "vm/program_builder.h"

namespace perlite::engine {
namespace {

// A program that begins the transaction and gives one row, so that it stays open until the statement is reset.
Result<CompiledRef> transaction_program(Connection& connection, int number, bool writable) {
  Database& d = connection.database(number);
  vm::ProgramBuilder builder(connection.encoding());
  const vm::Label start = builder.new_label();
  builder.program().read_only = !writable;
  builder.emit(vm::Opcode::Init, 0, start);
  builder.bind(start);
  const std::int32_t slot = builder.database(number, d.shape.get(), d.placement.schema_cookie, writable);
  builder.emit(vm::Opcode::Transaction, slot, writable ? 1 : 0);
  const std::int32_t reg = builder.new_register();
  builder.emit_integer(1, reg);
  builder.emit(vm::Opcode::ResultRow, reg, 1);
  builder.emit(vm::Opcode::Halt);
  PL_ASSIGN(vm::ProgramRef program, builder.finish());
  CompiledRef compiled = Compiled::make(std::move(program), {}, 1);
  compiled->generation = connection.generation();
  compiled->keep(d.shape);
  return compiled;
}

Status named(const char* what, std::string_view name) {
  return Status::format(Code::Error, -1, "%s: %.*s", what, static_cast<int>(name.size()), name.data());
}

}  // namespace

Result<UniquePtr<Blob>> Blob::open(Connection& connection, std::string_view database, std::string_view table_name,
                                   std::string_view column_name, std::int64_t rowid, bool writable) {
  const catalog::Table* table = nullptr;
  int number = -1;
  for (int position = 0; position < connection.database_count() && table == nullptr; ++position) {
    const int candidate = position == 0 ? 1 : position == 1 ? 0 : position;
    if (!database.empty() && connection.find_database(database) != candidate) continue;
    PL_ASSIGN(const catalog::Shape* const shape, connection.shape(candidate));
    PL_ASSIGN(table, shape->find_table(table_name));
    number = candidate;
  }
  if (table == nullptr) {
    String full(database);
    if (!database.empty()) full += '.';
    full.append(table_name);
    return named("no such table", full);
  }
  if (table->kind == catalog::TableKind::Virtual) return named("cannot open virtual table", table_name);
  if (table->kind == catalog::TableKind::View) return named("cannot open view", table_name);
  if (table->without_rowid) return named("cannot open table without rowid", table_name);
  const int column = table->find_column(column_name);
  if (column < 0)
    return Status::format(Code::Error, -1, "no such column: \"%.*s\"", static_cast<int>(column_name.size()),
                          column_name.data());
  if (table->columns[static_cast<std::size_t>(column)].generated_kind != catalog::GeneratedKind::None)
    return named("cannot open table with generated columns", table_name);
  if (writable) {
    for (const catalog::Index* index : table->indexes) {
      for (const catalog::IndexColumn& c : index->columns) {
        if (c.column == column || c.column == catalog::kExpressionColumn)
          return Status::error("cannot open indexed column for writing");
      }
    }
    if (connection.switches().foreign_keys) {
      for (const catalog::ForeignKey& key : table->foreign_keys) {
        for (const std::int32_t child : key.child_columns) {
          if (child == column) return Status::error("cannot open foreign key column for writing");
        }
      }
    }
  }
  UniquePtr<Blob> blob(
      new Blob(connection,
               static_cast<std::uint32_t>(table->columns[static_cast<std::size_t>(column)].storage_index), writable));
  const catalog::EntryId entry = table->entry;
  PL_ASSIGN(CompiledRef compiled, transaction_program(connection, number, writable));
  blob->statement_ = Statement::make(connection, {}, 0, std::move(compiled));
  const Result<vm::StepResult> begun = blob->statement_->step();
  PL_TRY(begun.status().clone());
  PL_ASSIGN(const PageNo root, connection.root_of(number, entry));
  blob->cursor_.open(connection.view(number), root, btree::TreeKind::Table);
  PL_TRY(blob->move_to(rowid));
  return blob;
}

Blob::~Blob() { close(); }

Code Blob::close() {
  cursor_.close();
  if (statement_ == nullptr) return Code::Ok;
  const Code code = statement_->reset();
  statement_ = nullptr;
  return code != Code::Ok ? code : last_error_;
}

Status Blob::note(Status status) noexcept {
  if (!is_expired()) last_error_ = status.code();
  return status;
}

Status Blob::move_to(std::int64_t rowid) {
  if (is_expired()) return Status(Code::Abort);
  Status status = seek(rowid);
  if (!status.ok()) expire();
  return status;
}

// The row is gone: the handle gives back what it holds and can only be closed.
void Blob::expire() noexcept {
  close();
  last_error_ = Code::Ok;
}

Status Blob::seek(std::int64_t rowid) {
  PL_ASSIGN(const btree::Relation relation, cursor_.seek_rowid(rowid));
  if (relation != btree::Relation::Equal || !cursor_.valid())
    return Status::format(Code::Error, -1, "no such rowid: %lld", static_cast<long long>(rowid));
  // Only the header of the record is read; it may reach into overflow pages.
  Vector<std::byte> prefix;
  record::RecordReader reader;
  reader.reset(cursor_.local_payload(), cursor_.payload_size(), connection_.encoding());
  std::uint64_t type = 0;
  std::uint64_t offset = 0;
  auto found = reader.field_extent(field_, &type, &offset);
  if (found == record::RecordReader::Found::Missing) {
    PL_ASSIGN(const base::Bytes whole, cursor_.full_payload(prefix));
    reader.reset(whole, whole.size(), connection_.encoding());
    found = reader.field_extent(field_, &type, &offset);
  }
  if (found == record::RecordReader::Found::Absent)
    type = 0;
  else if (found != record::RecordReader::Found::Ok)
    return Status(Code::Corrupt);
  if (type < 12) {
    return Status::format(Code::Error, -1, "cannot open value of type %s",
                          type == 0   ? "null"
                          : type == 7 ? "real"
                                      : "integer");
  }
  const std::uint64_t size = record::serial_type_size(type);
  if (offset + size > cursor_.payload_size()) return Status(Code::Corrupt);
  offset_ = static_cast<std::uint32_t>(offset);
  size_ = static_cast<std::uint32_t>(size);
  return {};
}

// The reach of a call is checked before all else, and is not an error of the handle.
Status Blob::check(std::uint32_t offset, std::size_t count) const noexcept {
  if (!is_expired() && (offset > size_ || count > size_ - offset)) return Status(Code::Error);
  return {};
}

Status Blob::find_payload() {
  if (!is_expired() && !statement_->is_busy()) expire();
  if (is_expired()) return Status(Code::Abort);
  if (cursor_.is_saved()) {
    const std::uint32_t payload = cursor_.payload_size();
    PL_TRY(cursor_.restore());
    if (!cursor_.valid() || cursor_.payload_size() != payload) {
      expire();
      return Status(Code::Abort);
    }
  }
  return {};
}

Status Blob::read(std::uint32_t offset, std::span<std::byte> out) {
  PL_TRY(check(offset, out.size()));
  Status status = find_payload();
  if (status.ok()) status = cursor_.read_payload(offset_ + offset, out);
  return note(std::move(status));
}

Status Blob::write(std::uint32_t offset, std::span<const std::byte> bytes) {
  PL_TRY(check(offset, bytes.size()));
  Status status = writable_ || is_expired() ? find_payload() : Status(Code::ReadOnly);
  if (status.ok()) status = cursor_.write_payload(offset_ + offset, bytes);
  return note(std::move(status));
}

}  // namespace perlite::engine
