#include "codegen/integrity.h"

#include "codegen/generator.h"
#include "codegen/table_writer.h"
#include "vm/comparison.h"

namespace perlite::codegen {
namespace {

class TableCheck {
 public:
  TableCheck(Generator& g, const bind::TableExpressions& expressions, const IntegrityOptions& options)
      : g_(g),
        b_(g.builder()),
        expressions_(expressions),
        relation_(*expressions.row),
        table_(*relation_.table),
        options_(options),
        keys_(g, relation_.database, table_, expressions) {}

  Status generate() {
    message_ = b_.new_register();
    position_ = b_.new_register();
    b_.emit_integer(0, position_);
    PL_ASSIGN(cursor_, g_.read_cursor(relation_.database, table_, nullptr));
    for (const catalog::Index* index : table_.indexes) {
      PL_ASSIGN(const std::int32_t cursor, g_.read_cursor(relation_.database, table_, index));
      cursors_.push_back(cursor);
      expected_.push_back(b_.new_register());
      b_.emit_integer(0, expected_.back());
    }
    const RowSource place = RowSource::tree(cursor_);
    g_.scope().set(relation_, place);
    const Label done = b_.new_label();
    b_.emit(Opcode::Rewind, cursor_, done);
    const Label loop = b_.here();
    b_.emit(Opcode::AddImmediate, position_, 1);
    PL_TRY(check_columns());
    PL_TRY(check_conditions());
    for (std::size_t i = 0; i < cursors_.size(); ++i) PL_TRY(check_index(i));
    b_.emit(Opcode::Next, cursor_, loop);
    b_.bind(done);
    const std::int32_t counted = b_.new_register();
    for (std::size_t i = 0; i < cursors_.size(); ++i) {
      const Label right = b_.new_label();
      b_.emit_integer(static_cast<std::int64_t>(options_.entry_counts[i]), counted);
      b_.emit(Opcode::Eq, counted, right, expected_[i]);
      PL_TRY(report(joined("wrong # of entries in index ", table_.indexes[i]->name)));
      b_.bind(right);
    }
    return {};
  }

 private:
  static String joined(std::string_view a, std::string_view b) {
    String text(a);
    text.append(b);
    return text;
  }
  String column_text(std::string_view what, const catalog::Column& column) const {
    String text(what);
    text.append(table_.name).append(".").append(column.name);
    return text;
  }
  Status report(std::string_view text) {
    b_.emit(Opcode::Constant, 0, message_).p4(b_.text(text));
    b_.emit(Opcode::ResultRow, message_, 1);
    return {};
  }
  // "row N" and the rest.
  Status report_row(std::string_view rest) {
    const std::int32_t word = b_.new_register();
    const std::int32_t tail = b_.new_register();
    b_.emit(Opcode::Constant, 0, word).p4(b_.text("row "));
    b_.emit(Opcode::Concat, word, position_, message_);
    b_.emit(Opcode::Constant, 0, tail).p4(b_.text(rest));
    b_.emit(Opcode::Concat, message_, tail, word);
    b_.emit(Opcode::ResultRow, word, 1);
    return {};
  }

  Status check_columns() {
    const std::int32_t value = b_.new_register();
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      const catalog::Column& column = table_.columns[c];
      if (!column.not_null || column.is_rowid_alias) continue;
      PL_TRY(g_.column_into(relation_, static_cast<std::int32_t>(c), value));
      const Label ok = b_.new_label();
      b_.emit(Opcode::NotNull, value, ok);
      PL_TRY(report(column_text("NULL value in ", column)));
      b_.bind(ok);
    }
    return {};
  }

  Status check_conditions() {
    if (g_.environment().switches().ignore_check_constraints) return {};
    for (std::size_t k = 0; k < table_.checks.size(); ++k) {
      const Label ok = b_.new_label();
      PL_TRY(g_.jump_if_true(expressions_.checks[k], ok, true));
      PL_TRY(report(joined("CHECK constraint failed in ", table_.name)));
      b_.bind(ok);
    }
    return {};
  }

  Status check_index(std::size_t i) {
    const catalog::Index& index = *table_.indexes[i];
    const auto& expressions = expressions_.indexes[i];
    const auto width = static_cast<std::int32_t>(index.columns.size());
    const Label out = b_.new_label();
    if (expressions.where != nullptr) PL_TRY(g_.jump_if_false(expressions.where, out, true));
    b_.emit(Opcode::AddImmediate, expected_[i], 1);
    if (!options_.quick) {
      const std::int32_t key = b_.new_registers(width);
      String letters;
      for (const catalog::IndexColumn& column : index.columns) {
        letters +=
            vm::affinity_letter(column.column >= 0 ? table_.columns[static_cast<std::size_t>(column.column)].affinity
                                                   : record::Affinity::Blob);
      }
      PL_TRY(keys_.index_key(i, relation_, key));
      b_.emit(Opcode::Affinity, key, width).p4_affinities(b_.affinities(letters));
      const Label found = b_.new_label();
      b_.emit(Opcode::Found, cursors_[i], found, key).p4(static_cast<std::int64_t>(width));
      PL_TRY(report_row(joined(" missing from index ", index.name)));
      b_.emit(Opcode::Goto, 0, out);
      b_.bind(found);
      if (index.unique) {
        // The next entry must differ in the key's own columns.
        const Label ok = b_.new_label();
        const Label more = b_.new_label();
        b_.emit(Opcode::IsNull, key, ok, index.key_columns);
        b_.emit(Opcode::Next, cursors_[i], more);
        b_.emit(Opcode::Goto, 0, ok);
        b_.bind(more);
        b_.emit(Opcode::IndexGT, cursors_[i], ok, key).p4(static_cast<std::int64_t>(index.key_columns));
        PL_TRY(report(joined("non-unique entry in index ", index.name)));
        b_.bind(ok);
      }
    }
    b_.bind(out);
    return {};
  }

  Generator& g_;
  vm::ProgramBuilder& b_;
  const bind::TableExpressions& expressions_;
  const bind::Relation& relation_;
  const catalog::Table& table_;
  const IntegrityOptions& options_;
  TableWriter keys_;
  std::int32_t message_ = 0;
  std::int32_t position_ = 0;
  std::int32_t cursor_ = -1;
  Vector<std::int32_t> cursors_;
  Vector<std::int32_t> expected_;
};

}  // namespace

Result<vm::ProgramRef> generate_table_check(const bind::TableExpressions& table, const IntegrityOptions& options,
                                            bind::Environment& environment, Arena& arena) {
  vm::ProgramBuilder builder(environment.encoding());
  plan::Plan plan(arena);
  plan::PlanOptions plan_options;
  plan::Planner planner(plan, environment, plan_options);
  Generator generator(builder, plan, planner, environment, plan_options.switches);
  generator.begin();
  TableCheck check(generator, table, options);
  PL_TRY(check.generate());
  PL_TRY(generator.end());
  return builder.finish();
}

}  // namespace perlite::codegen
