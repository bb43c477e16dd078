// From text to program: parse, bind, plan, generate. The one place where the stages meet.
#include <algorithm>

#include "base/arena_containers.h"
#include "base/ascii.h"
#include "base/deep_stack.h"
#include "bind/binder.h"
#include "codegen/codegen.h"
#include "engine/compiled.h"
#include "engine/connection.h"
#include "engine/pragma.h"
#include "engine/sources.h"
#include "engine/statement.h"
#include "sql/parser.h"
#include "vm/disassembler.h"
#include "vm/program_builder.h"

namespace perlite::engine {
namespace {

bool is_blank(std::string_view text) noexcept {
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != ';' && c != '\0') return false;
  }
  return true;
}

void add_column(vm::ProgramBuilder& builder, std::string_view name) {
  vm::ResultColumn column{};
  column.name = builder.name(name);
  builder.program().columns.push_back(column);
}

// A program whose rows are known when it is compiled: EXPLAIN and EXPLAIN QUERY PLAN.
class ListingBuilder {
 public:
  ListingBuilder(TextEncoding encoding, std::span<const char* const> columns, int explain) : builder_(encoding) {
    for (const char* column : columns) add_column(builder_, column);
    builder_.program().explain = explain;
    first_ = builder_.new_registers(static_cast<int>(columns.size()));
    next_ = first_;
    const vm::Label start = builder_.new_label();
    builder_.emit(vm::Opcode::Init, 0, start);
    builder_.bind(start);
  }
  void integer(std::int64_t value) { builder_.emit_integer(value, next_++); }
  void text(std::string_view value) { builder_.emit(vm::Opcode::Constant, 0, next_++).p4(builder_.text(value)); }
  void null() { builder_.emit(vm::Opcode::Null, 0, next_++); }
  void end_row() {
    builder_.emit(vm::Opcode::ResultRow, first_, next_ - first_);
    next_ = first_;
  }
  Result<vm::ProgramRef> finish(const vm::Program& explained) {
    vm::Program& program = builder_.program();
    program.parameter_count = explained.parameter_count;
    for (std::string_view name : explained.parameter_names) {
      program.parameter_names.push_back(name.data() == nullptr ? name : builder_.name(name));
    }
    builder_.emit(vm::Opcode::Halt);
    return builder_.finish();
  }

 private:
  vm::ProgramBuilder builder_;
  std::int32_t first_ = 0;
  std::int32_t next_ = 0;
};

Result<vm::ProgramRef> explain_program(const vm::Program& program) {
  static constexpr const char* kColumns[] = {"addr", "opcode", "p1", "p2", "p3", "p4", "p5", "comment"};
  ListingBuilder listing(program.encoding, kColumns, 1);
  const std::int32_t count = vm::disassembled_count(program);
  for (std::int32_t i = 0; i < count; ++i) {
    const vm::DisassembledLine line = vm::disassemble(program, i);
    listing.integer(line.address);
    listing.text(line.opcode);
    listing.integer(line.p1);
    listing.integer(line.p2);
    listing.integer(line.p3);
    line.p4.empty() ? listing.null() : listing.text(line.p4);
    listing.integer(line.p5);
    line.comment.empty() ? listing.null() : listing.text(line.comment);
    listing.end_row();
  }
  return listing.finish(program);
}

Result<vm::ProgramRef> query_plan_program(const vm::Program& program) {
  static constexpr const char* kColumns[] = {"id", "parent", "notused", "detail"};
  ListingBuilder listing(program.encoding, kColumns, 2);
  for (const vm::PlanLine& line : program.plan) {
    listing.integer(line.id);
    listing.integer(line.parent);
    listing.integer(0);
    listing.text(line.detail);
    listing.end_row();
  }
  return listing.finish(program);
}

// A VFS may have pragmas of its own (SQLITE_FCNTL_PRAGMA; manual: c3ref/c_fcntl_begin_atomic_write.html): it is asked
// first, while the statement is compiled. Null where it knows none of this name.
Result<vm::ProgramRef> file_pragma_program(Connection& connection, const bind::Pragma& pragma) {
  const auto& store = connection.database(std::max(pragma.database, 0)).store;
  sqlite3_file* const file = store == nullptr ? nullptr : store->file_handle();
  if (file == nullptr || file->pMethods == nullptr) return vm::ProgramRef();
  String name(pragma.name);
  String value(pragma.ast->value);
  char* words[4] = {nullptr, name.data(), pragma.ast->form == sql::PragmaForm::Bare ? nullptr : value.data(), nullptr};
  const int code = file->pMethods->xFileControl(file, SQLITE_FCNTL_PRAGMA, static_cast<void*>(words));
  struct Release {
    char* text;
    ~Release() { base::Allocator::release(text); }
  } const release{words[0]};
  if (code == SQLITE_NOTFOUND) return vm::ProgramRef();
  if (code != SQLITE_OK) {
    if (words[0] == nullptr) return Status(static_cast<Code>(code));
    return Status(static_cast<Code>(code), words[0]);
  }
  vm::ProgramBuilder builder(connection.encoding());
  const vm::Label start = builder.new_label();
  builder.emit(vm::Opcode::Init, 0, start);
  builder.bind(start);
  if (words[0] != nullptr) {
    add_column(builder, pragma.name);
    const std::int32_t row = builder.new_register();
    builder.emit(vm::Opcode::Constant, 0, row).p4(builder.text(words[0]));
    builder.emit(vm::Opcode::ResultRow, row, 1);
  }
  builder.emit(vm::Opcode::Halt);
  return builder.finish();
}

// PRAGMA name: the rows of its source. A name nobody knows is a statement that does nothing.
Result<vm::ProgramRef> pragma_program(Connection& connection, const bind::Pragma& pragma) {
  vm::ProgramBuilder builder(connection.encoding());
  const vm::Label start = builder.new_label();
  builder.emit(vm::Opcode::Init, 0, start);
  builder.bind(start);
  const PragmaDef* def = find_pragma(pragma.name);
  if (def != nullptr) {
    const bool has_argument = pragma.ast->form != sql::PragmaForm::Bare;
    PL_ASSIGN(vm::Source* const source, connection.sources().statement_source(*def));
    vm::SourceName name{};
    name.source = source;
    const int column_count = static_cast<int>(source->columns().size()) - 2;
    const bool silent = (def->flags & kPragmaNoColumns) != 0 || (has_argument && (def->flags & kPragmaQuietSet) != 0);
    if (!silent) {
      for (int i = 0; i < column_count; ++i) add_column(builder, source->columns()[static_cast<std::size_t>(i)].name);
    }
    vm::Program& program = builder.program();
    program.read_only =
        !((has_argument && (def->flags & kPragmaWrites) != 0) || (def->flags & kPragmaAlwaysWrites) != 0);
    const std::int32_t cursor = builder.new_cursor();
    builder.emit(vm::Opcode::OpenSource, cursor).p4(builder.source(name));
    const std::int32_t plan = builder.new_registers(4);
    const bool named = pragma.database >= 0;
    builder.emit_integer((has_argument ? 1 : 0) | (named ? 2 : 0), plan);
    builder.emit_integer((has_argument ? 1 : 0) + (named ? 1 : 0), plan + 1);
    std::int32_t next = plan + 2;
    if (has_argument) builder.emit(vm::Opcode::Constant, 0, next++).p4(builder.text(pragma.ast->value));
    if (named) builder.emit(vm::Opcode::Constant, 0, next).p4(builder.text(connection.database_name(pragma.database)));
    const vm::Label done = builder.new_label();
    builder.emit(vm::Opcode::SourceFilter, cursor, done, plan).p4(builder.text(""));
    const vm::Label loop = builder.here();
    if (!silent || (def->flags & kPragmaAlwaysWrites) != 0) {
      const std::int32_t row = builder.new_registers(std::max(column_count, 1));
      if (!silent) {
        for (int i = 0; i < column_count; ++i) builder.emit(vm::Opcode::SourceColumn, cursor, i, row + i);
      }
      builder.emit(vm::Opcode::ResultRow, row, silent ? 0 : column_count);
    }
    builder.emit(vm::Opcode::SourceNext, cursor, loop);
    builder.bind(done);
  }
  builder.emit(vm::Opcode::Halt);
  return builder.finish();
}

}  // namespace

Result<CompiledRef> Connection::compile(std::string_view text, unsigned, std::size_t* tail) {
  if (static_cast<std::int64_t>(text.size()) > limits_[kLimitSqlLength]) return Code::TooBig;
  StackArena<16384> memory(32768);  // what the trees and lists of most statements take
  Arena& arena = *memory;
  const DeepStackScope deep;
  const ArenaScope scope(arena);
  const record::RealDigitsScope digits(real_digits);
  sql::ParseLimits limits;
  limits.expression_depth = static_cast<std::uint32_t>(limits_[kLimitExpressionDepth]);
  limits.parser_depth = static_cast<std::uint32_t>(limits_[kLimitParserDepth]);
  limits.variable_number = static_cast<std::uint32_t>(limits_[kLimitVariableNumber]);
  limits.compound_select = static_cast<std::uint32_t>(limits_[kLimitCompoundSelect]);
  limits.columns = static_cast<std::uint32_t>(limits_[kLimitColumn]);
  limits.function_arguments = static_cast<std::uint32_t>(limits_[kLimitFunctionArguments]);
  limits.update_delete_limit = true;
  PL_ASSIGN(const sql::ParseResult parsed, sql::parse_statement(text, arena, limits));
  *tail = parsed.tail;
  if (parsed.statement == nullptr) return CompiledRef();

  const std::uint64_t generation = generation_;
  PL_ASSIGN(const bind::Statement* const bound, bind::bind_statement(parsed, text, *this, arena));
  vm::ProgramRef program;
  bool once = false;
  if (bound->kind == bind::StatementKind::Pragma) {
    PL_ASSIGN(program, file_pragma_program(*this, *bound->pragma));
    once = static_cast<bool>(program);
    if (!once) {
      PL_ASSIGN(program, pragma_program(*this, *bound->pragma));
    }
  } else {
    codegen::GenerateOptions options;
    options.plan.reverse_unordered_selects = switches_.reverse_unordered_selects;
    options.plan.automatic_index = switches_.automatic_index;
    options.plan.switches = plan_switches;
    options.explain = parsed.explain == sql::ExplainMode::QueryPlan ? 2 : 0;
    options.spare = &compiled_.spare;
    options.parameter_count = static_cast<std::int32_t>(parsed.variable_count);
    const auto names = arena.make_array<std::string_view>(parsed.variable_count);
    for (const sql::Variable& variable : parsed.variables) {
      if (!variable.name.empty()) names[variable.number - 1] = variable.name;
    }
    options.parameter_names = names;
    PL_ASSIGN(program, codegen::generate(*bound, *this, options, arena));
  }
  if (parsed.explain == sql::ExplainMode::Program) {
    PL_ASSIGN(program, explain_program(*program));
  } else if (parsed.explain == sql::ExplainMode::QueryPlan) {
    PL_ASSIGN(program, query_plan_program(*program));
  }
  const bool is_alone = text.size() <= CompiledCache::kMaxTextBytes && is_blank(text.substr(parsed.tail));
  CompiledRef compiled =
      Compiled::make(std::move(program), is_alone ? text : std::string_view(), databases_.size());
  compiled->once = once;
  compiled->generation = generation;
  compiled->tail = parsed.tail;
  for (const auto& d : databases_) {
    if (d->shape) compiled->keep(d->shape);
  }
  return compiled;
}

Result<Statement*> Connection::prepare(std::string_view text, unsigned flags, std::size_t* tail) {
  if (!shared_.empty()) PL_TRY(refuse_locked_schemas());
  const unsigned key_flags = flags & (SQLITE_PREPARE_NO_VTAB | SQLITE_PREPARE_FROM_DDL);
  // A text the cache knows is one statement and nothing behind it.
  const std::uint64_t hash = CompiledCache::hash_of(text);
  if (!has_authorizer()) {
    if (Compiled* const known = compiled_.find(text, hash, key_flags, generation_); known != nullptr) {
      *tail = known->tail;
      return Statement::make(*this, text.substr(0, *tail), flags, CompiledRef(known)).release();
    }
  }
  CompiledRef compiled;
  for (int attempt = 0;; ++attempt) {
    Result<CompiledRef> result = compile(text, flags, tail);
    if (result.ok()) {
      compiled = std::move(result).value();
      break;
    }
    if (attempt >= Statement::kMaxReprepares) return std::move(result.status());
    if (result.status().code() == Code::Schema) continue;
    // A name may be missing because another connection made it after this one read the schema.
    if (result.status().code() != Code::Error) return std::move(result.status());
    const Result<bool> moved = forget_moved_schemas();
    if (!moved.ok() || !moved.value()) return std::move(result.status());
  }
  if (!compiled) return static_cast<Statement*>(nullptr);
  UniquePtr<Statement> statement = Statement::make(*this, text.substr(0, *tail), flags, compiled);
  if (!has_authorizer() && !compiled->once && !compiled->text().empty() && compiled->generation == generation_) {
    compiled_.add(hash, key_flags, compiled);
  }
  return statement.release();
}

}  // namespace perlite::engine
