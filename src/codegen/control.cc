// Statements that ask the engine: transactions, savepoints, ATTACH, DETACH, VACUUM; and the way to every statement's
// code.
#include "codegen/change_statements.h"
#include "vm/host.h"

namespace perlite::codegen {
namespace {

Status host_call(Generator& g, vm::HostFunction function, std::span<const bind::Expr* const> arguments) {
  vm::ProgramBuilder& b = g.builder();
  const auto count = static_cast<std::int32_t>(arguments.size());
  const std::int32_t first = b.new_registers(count + 1);
  for (std::int32_t i = 0; i < count; ++i) {
    PL_TRY(g.planner().plan_subqueries(arguments[static_cast<std::size_t>(i)]));
    PL_TRY(g.value_into(arguments[static_cast<std::size_t>(i)], first + i));
  }
  b.emit(Opcode::HostCall, static_cast<std::int32_t>(function), first, first + count).p5(static_cast<unsigned>(count));
  return {};
}

}  // namespace

Status generate_transaction(Generator& g, const bind::Statement& statement) {
  vm::ProgramBuilder& b = g.builder();
  const auto savepoint = [&](int operation, std::string_view name) {
    b.emit(Opcode::Savepoint, operation).p4(b.text(name));
  };
  switch (statement.kind) {
    case bind::StatementKind::Begin: {
      const auto mode = statement.ast->as<sql::BeginStatement>().mode;
      b.emit(Opcode::AutoCommit, mode == sql::TransactionMode::Immediate   ? 3
                                 : mode == sql::TransactionMode::Exclusive ? 4
                                                                           : 0);
      return {};
    }
    case bind::StatementKind::Commit:
      b.emit(Opcode::AutoCommit, 1);
      return {};
    case bind::StatementKind::Rollback: {
      const sql::Name& name = statement.ast->as<sql::RollbackStatement>().savepoint;
      if (name.present()) {
        savepoint(2, name.text);
      } else {
        b.emit(Opcode::AutoCommit, 2);
      }
      return {};
    }
    case bind::StatementKind::Savepoint:
      savepoint(0, statement.ast->as<sql::SavepointStatement>().name.text);
      return {};
    default:
      savepoint(1, statement.ast->as<sql::ReleaseStatement>().name.text);
      return {};
  }
}

Status generate_host_statement(Generator& g, const bind::Statement& statement) {
  vm::ProgramBuilder& b = g.builder();
  switch (statement.kind) {
    case bind::StatementKind::Attach:
      return host_call(g, vm::HostFunction::Attach, statement.host->values);
    case bind::StatementKind::Detach:
      return host_call(g, vm::HostFunction::Detach, statement.host->values);
    case bind::StatementKind::Vacuum: {
      b.program().read_only = false;
      const auto count = static_cast<std::int32_t>(statement.host->values.size()) + 1;
      const std::int32_t first = b.new_registers(count + 1);
      b.emit_integer(statement.host->database, first);
      for (std::int32_t i = 1; i < count; ++i)
        PL_TRY(g.value_into(statement.host->values[static_cast<std::size_t>(i) - 1], first + i));
      b.emit(Opcode::HostCall, static_cast<std::int32_t>(vm::HostFunction::Vacuum), first, first + count)
          .p5(static_cast<unsigned>(count));
      return {};
    }
    case bind::StatementKind::Analyze:
      return Status::error("ANALYZE is not available in this build");
    default:
      return Status::error("this statement is not available in this build");
  }
}

Status generate_change(Generator& g, const bind::Statement& statement) {
  switch (statement.kind) {
    case bind::StatementKind::Insert:
      return generate_insert(g, *statement.insert);
    case bind::StatementKind::Update:
      return generate_update(g, *statement.update);
    case bind::StatementKind::Delete:
      return generate_delete(g, *statement.erase);
    case bind::StatementKind::CreateTable:
      return generate_create_table(g, *statement.create_table);
    case bind::StatementKind::CreateIndex:
      return generate_create_index(g, *statement.create_index);
    case bind::StatementKind::CreateView:
      return generate_create_view(g, *statement.create_view);
    case bind::StatementKind::CreateTrigger:
      return generate_create_trigger(g, *statement.create_trigger);
    case bind::StatementKind::CreateVirtual:
      return Status::error("CREATE VIRTUAL TABLE is not available in this build");
    case bind::StatementKind::Drop:
      return generate_drop(g, *statement.drop);
    case bind::StatementKind::Reindex:
      return generate_reindex(g, *statement.reindex);
    case bind::StatementKind::Alter:
      return Status::error("ALTER TABLE is not available in this build");
    case bind::StatementKind::Begin:
    case bind::StatementKind::Commit:
    case bind::StatementKind::Rollback:
    case bind::StatementKind::Savepoint:
    case bind::StatementKind::Release:
      return generate_transaction(g, statement);
    default:
      return generate_host_statement(g, statement);
  }
}

}  // namespace perlite::codegen
