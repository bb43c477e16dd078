#include "bind/binder.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/deep_stack.h"
#include "bind/binding.h"

namespace perlite::bind {

Binder::Binder(const sql::ParseResult& parsed, std::string_view text, Environment& environment, Arena& arena)
    : parsed_(parsed),
      environment_(environment),
      arena_(arena),
      encoding_(environment.encoding()),
      has_authorizer_(environment.has_authorizer()) {
  statement_place_.text = text;
  statement_place_.strings_in_double_quotes = environment.switches().double_quoted_strings_dml;
  place_ = &statement_place_;
}

bool Binder::fail(Status status) {
  PL_ASSERT(!status.ok());
  if (status_.ok()) status_ = std::move(status);
  return false;
}

bool Binder::authorize(int action, std::string_view third, std::string_view fourth, int database, bool* ignored) {
  if (!has_authorizer_ || place_->silent) return true;
  auto argument = [&](std::string_view text) { return text.data() == nullptr ? nullptr : terminated(text).data(); };
  Result<Authorization> answer = environment_.authorize(
      action, argument(third), argument(fourth),
      database < 0 ? nullptr : terminated(environment_.database_name(database)).data(), place_->inner_object);
  if (!answer.ok()) return fail(std::move(answer.status()));
  if (answer.value() == Authorization::Deny) return fail(Status(Code::Auth, "not authorized"));
  if (answer.value() == Authorization::Ignore) *ignored = true;
  return true;
}

namespace {

void note(Vector<std::int32_t>& numbers, int database) {
  for (const std::int32_t known : numbers) {
    if (known == database) return;
  }
  numbers.push_back(database);
}

}  // namespace

void Binder::note_read(int database) { note(databases_read_, database); }
void Binder::note_written(int database) {
  note(databases_written_, database);
  note(databases_read_, database);
}

std::span<const std::int32_t> Binder::sorted(Vector<std::int32_t>& numbers) {
  if (numbers.size() > 1) std::sort(numbers.begin(), numbers.end());
  return arena_.copy_array(numbers);
}

Result<const Statement*> Binder::bind() {
  auto* statement = arena_.make<Statement>();
  statement->ast = parsed_.statement;
  if (!bind_statement_kind(*statement)) {
    PL_ASSERT(!status_.ok());
    return std::move(status_);
  }
  statement->relation_count = relation_count_;
  statement->databases_read = sorted(databases_read_);
  statement->databases_written = sorted(databases_written_);
  return static_cast<const Statement*>(statement);
}

bool Binder::bind_statement_kind(Statement& statement) {
  const sql::Statement& ast = *parsed_.statement;
  statement.none = nullptr;
  switch (ast.kind) {
    case sql::StatementKind::Select: {
      statement.kind = StatementKind::Select;
      statement.select = bind_select(*ast.as<sql::SelectStatement>().select, {});
      return statement.select != nullptr;
    }
    case sql::StatementKind::Insert:
      statement.kind = StatementKind::Insert;
      statement.insert = bind_insert(ast.as<sql::InsertStatement>());
      return statement.insert != nullptr;
    case sql::StatementKind::Update:
      statement.kind = StatementKind::Update;
      statement.update = bind_update(ast.as<sql::UpdateStatement>());
      return statement.update != nullptr;
    case sql::StatementKind::Delete:
      statement.kind = StatementKind::Delete;
      statement.erase = bind_delete(ast.as<sql::DeleteStatement>());
      return statement.erase != nullptr;
    case sql::StatementKind::CreateTable:
      statement.kind = StatementKind::CreateTable;
      statement.create_table = bind_create_table(ast.as<sql::CreateTableStatement>());
      return statement.create_table != nullptr;
    case sql::StatementKind::CreateIndex:
      statement.kind = StatementKind::CreateIndex;
      statement.create_index = bind_create_index(ast.as<sql::CreateIndexStatement>());
      return statement.create_index != nullptr;
    case sql::StatementKind::CreateView:
      statement.kind = StatementKind::CreateView;
      statement.create_view = bind_create_view(ast.as<sql::CreateViewStatement>());
      return statement.create_view != nullptr;
    case sql::StatementKind::CreateTrigger:
      statement.kind = StatementKind::CreateTrigger;
      statement.create_trigger = bind_create_trigger(ast.as<sql::CreateTriggerStatement>());
      return statement.create_trigger != nullptr;
    case sql::StatementKind::CreateVirtual:
      statement.kind = StatementKind::CreateVirtual;
      statement.create_virtual = bind_create_virtual(ast.as<sql::CreateVirtualStatement>());
      return statement.create_virtual != nullptr;
    case sql::StatementKind::Drop:
      statement.kind = StatementKind::Drop;
      statement.drop = bind_drop(ast.as<sql::DropStatement>());
      return statement.drop != nullptr;
    case sql::StatementKind::Reindex:
      statement.kind = StatementKind::Reindex;
      statement.reindex = bind_reindex(ast.as<sql::ReindexStatement>());
      return statement.reindex != nullptr;
    case sql::StatementKind::Attach:
      statement.kind = StatementKind::Attach;
      statement.host = bind_attach(ast.as<sql::AttachStatement>());
      return statement.host != nullptr;
    case sql::StatementKind::Detach:
      statement.kind = StatementKind::Detach;
      statement.host = bind_detach(ast.as<sql::DetachStatement>());
      return statement.host != nullptr;
    case sql::StatementKind::Vacuum:
      statement.kind = StatementKind::Vacuum;
      statement.host = bind_vacuum(ast.as<sql::VacuumStatement>());
      return statement.host != nullptr;
    case sql::StatementKind::Pragma:
      statement.kind = StatementKind::Pragma;
      statement.pragma = bind_pragma(ast.as<sql::PragmaStatement>());
      return statement.pragma != nullptr;
    case sql::StatementKind::Alter:
      statement.kind = StatementKind::Alter;
      return bind_alter(ast.as<sql::AlterStatement>());
    case sql::StatementKind::Analyze:
      statement.kind = StatementKind::Analyze;
      return bind_analyze(ast.as<sql::AnalyzeStatement>());
    case sql::StatementKind::Begin:
      statement.kind = StatementKind::Begin;
      return authorize_transaction(ast);
    case sql::StatementKind::Commit:
      statement.kind = StatementKind::Commit;
      return authorize_transaction(ast);
    case sql::StatementKind::Rollback:
      statement.kind = StatementKind::Rollback;
      return authorize_transaction(ast);
    case sql::StatementKind::Savepoint:
      statement.kind = StatementKind::Savepoint;
      return authorize_transaction(ast);
    case sql::StatementKind::Release:
      statement.kind = StatementKind::Release;
      return authorize_transaction(ast);
  }
  return false;
}

Result<const Statement*> bind_statement(const sql::ParseResult& parsed, std::string_view text, Environment& environment,
                                        Arena& arena) {
  PL_ASSERT(parsed.statement != nullptr);
  const DeepStackScope deep;
  return Binder(parsed, text, environment, arena).bind();
}

}  // namespace perlite::bind
