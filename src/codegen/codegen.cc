#include "codegen/codegen.h"

#include "base/deep_stack.h"
#include "codegen/generator.h"
#include "codegen/statement.h"
#include "codegen/change_statements.h"

namespace perlite::codegen {

Result<vm::ProgramRef> generate(const bind::Statement& statement, bind::Environment& environment,
                                const GenerateOptions& options, Arena& arena) {
  const DeepStackScope deep;
  plan::Plan plan(arena);
  plan::Planner planner(plan, environment, options.plan);
  vm::ProgramBuilder builder(environment.encoding(),
                             options.spare != nullptr ? options.spare->make() : make_unique<vm::Program>());
  vm::Program& program = builder.program();
  program.parameter_count = options.parameter_count;
  for (const std::string_view name : options.parameter_names) {
    program.parameter_names.push_back(name.data() == nullptr ? std::string_view() : builder.name(name));
  }
  program.explain = options.explain;

  Generator generator(builder, plan, planner, environment, options.plan.switches);
  if (options.explain == 2) generator.want_plan_lines();
  generator.begin();
  for (const std::int32_t database : statement.databases_read) PL_TRY(generator.use_database(database, false));
  for (const std::int32_t database : statement.databases_written) PL_TRY(generator.use_database(database, true));
  program.read_only = statement.databases_written.empty();
  PL_TRY(generate_statement(generator, statement));
  PL_TRY(generator.end());
  return builder.finish();
}

Status generate_statement(Generator& generator, const bind::Statement& statement) {
  switch (statement.kind) {
    case bind::StatementKind::Select:
      return generate_select(generator, *statement.select);
    default:
      return generate_change(generator, statement);
  }
}

void add_result_columns(Generator& generator, std::span<const bind::ResultColumn> columns) {
  vm::ProgramBuilder& b = generator.builder();
  // Columns of one table have their origin's names from one place, and often their own name from there as well.
  struct Kept {
    std::string_view from;
    std::string_view copy;
  };
  const auto text = [&](std::string_view from, const Kept& last, bool in_shape = false) -> Kept {
    if (from.data() == nullptr || in_shape) return {from, from};
    if (from.data() == last.from.data() && from.size() == last.from.size()) return last;
    return {from, b.name(from)};
  };
  Kept type, database, table;
  b.program().columns.reserve(b.program().columns.size() + columns.size());
  for (const bind::ResultColumn& column : columns) {
    const bool kept = column.names_in_shape;
    const Kept name = text(column.name, {}, kept && column.name.data() == column.origin_column.data());
    type = text(column.declared_type, type, kept);
    database = text(column.origin_database, database);
    table = text(column.origin_table, table, kept);
    const Kept origin = text(column.origin_column, name, kept);
    b.program().columns.push_back({name.copy, type.copy, database.copy, table.copy, origin.copy});
  }
}

Status generate_select(Generator& generator, const bind::Select& select) {
  vm::ProgramBuilder& b = generator.builder();
  add_result_columns(generator, select.columns);
  const auto width = static_cast<std::int32_t>(select.columns.size());
  return generator.query(select, [&](std::int32_t first) -> Status {
    b.emit(Opcode::ResultRow, first, width);
    return {};
  });
}

}  // namespace perlite::codegen
