#include "codegen/integrity.h"

#include "base/ascii.h"
#include "codegen/generator.h"
#include "codegen/table_writer.h"
#include "vm/comparison.h"

namespace perlite::codegen {
namespace {

class TableCheck {
 public:
  TableCheck(Generator& g, const bind::TableExpressions& expressions, bool quick)
      : g_(g),
        b_(g.builder()),
        expressions_(expressions),
        relation_(*expressions.row),
        table_(*relation_.table),
        quick_(quick),
        keys_(g, relation_.database, table_, expressions) {}

  Status generate() {
    message_ = b_.new_register();
    position_ = b_.new_register();
    b_.emit_integer(0, position_);
    PL_ASSIGN(cursor_, g_.read_cursor(relation_.database, table_, nullptr));
    for (std::size_t i = 0; i < table_.indexes.size() && !quick_; ++i) {
      PL_ASSIGN(const std::int32_t cursor, g_.read_cursor(relation_.database, table_, table_.indexes[i]));
      cursors_.push_back(cursor);
    }
    g_.scope().set(relation_, RowSource::tree(cursor_));
    if (table_.without_rowid) last_key_ = b_.new_registers(table_.primary_key->key_columns);
    const Label done = b_.new_label();
    b_.emit(Opcode::Rewind, cursor_, done);
    const Label loop = b_.here();
    const Label fits = b_.new_label();
    b_.emit(Opcode::IfRowFits, cursor_, fits);
    PL_TRY(report(kDamagedRow));
    b_.emit(Opcode::Goto, 0, done);
    b_.bind(fits);
    PL_TRY(check_order());
    b_.emit(Opcode::AddImmediate, position_, 1);
    PL_TRY(check_columns());
    PL_TRY(check_conditions());
    for (std::size_t i = cursors_.size(); i-- > 0;) PL_TRY(check_index(i));
    b_.emit(Opcode::Next, cursor_, loop);
    b_.bind(done);
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

  // The key of a WITHOUT ROWID table is greater than the one before it.
  Status check_order() {
    if (quick_ || !table_.without_rowid) return {};
    const catalog::Index& key = *table_.primary_key;
    const Label right = b_.new_label();
    b_.emit(Opcode::IfPositive, position_, right);
    const Label ordered = b_.new_label();
    b_.emit(Opcode::Goto, 0, ordered);
    b_.bind(right);
    b_.emit(Opcode::IndexGT, cursor_, ordered, last_key_).p4(static_cast<std::int64_t>(key.key_columns));
    PL_TRY(report(joined("row not in PRIMARY KEY order for ", table_.name)));
    b_.bind(ordered);
    const std::int32_t field = b_.new_register();
    for (std::int32_t k = 0; k < key.key_columns; ++k) {
      PL_TRY(g_.column_into(relation_, key.columns[static_cast<std::size_t>(k)].column, field));
      b_.emit(Opcode::Copy, field, last_key_ + k);  // outlives the row
    }
    return {};
  }

  // What a column may hold: values that storing them would not have changed.
  struct Kept {
    int types;                                         // storage classes, as IfType has them
    record::Affinity affinity = record::Affinity::None;  // what values of another class must not follow from
    std::string_view other;                            // the class that a value is said to have wrongly
  };
  Kept kept_by(const catalog::Column& column) const noexcept {
    constexpr int kNull = 1, kInteger = 2, kReal = 4, kText = 8, kBlob = 16;
    constexpr int kAll = kNull | kInteger | kReal | kText | kBlob;
    using record::Affinity;
    if (table_.strict) {
      const auto is = [&](std::string_view type) { return base::equals_ignoring_case(column.declared_type, type); };
      if (is("ANY")) return {kAll, Affinity::None, {}};
      const int type = is("TEXT") ? kText : is("BLOB") ? kBlob : is("REAL") ? kReal : kInteger;
      return {kNull | type, Affinity::None, {}};
    }
    if (column.affinity == Affinity::Text) return {kAll & ~(kInteger | kReal), Affinity::None, "NUMERIC value in "};
    if (column.affinity == Affinity::Numeric || column.affinity == Affinity::Integer) {
      return {kAll & ~kText, Affinity::Numeric, "TEXT value in "};
    }
    return {kAll, Affinity::None, {}};
  }

  Status check_columns() {
    const std::int32_t value = b_.new_register();
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      const catalog::Column& column = table_.columns[c];
      if (column.is_rowid_alias) continue;
      const Kept kept = kept_by(column);
      constexpr int kAllTypes = 31;
      if (!column.not_null && (kept.types == kAllTypes || column.storage_index < 0)) continue;
      PL_TRY(g_.column_into(relation_, static_cast<std::int32_t>(c), value));
      if (column.not_null) {
        const Label ok = b_.new_label();
        b_.emit(Opcode::NotNull, value, ok);
        PL_TRY(report(column_text("NULL value in ", column)));
        b_.bind(ok);
      }
      if (kept.types != kAllTypes && column.storage_index >= 0) PL_TRY(check_type(column, kept, value));
    }
    return {};
  }

  Status check_type(const catalog::Column& column, const Kept& kept, std::int32_t value) {
    constexpr int kText = 8;
    const Label ok = b_.new_label();
    b_.emit(Opcode::IfType, value, ok, kept.types);
    if (kept.affinity != record::Affinity::None) {
      // A text that looks like no number is kept.
      const char letter = vm::affinity_letter(kept.affinity);
      b_.emit(Opcode::Affinity, value, 1).p4_affinities(b_.affinities({&letter, 1}));
      b_.emit(Opcode::IfType, value, ok, kText);
    }
    if (table_.strict) {
      String what("non-");
      what.append(column.declared_type).append(" value in ");
      PL_TRY(report(column_text(what, column)));
    } else {
      PL_TRY(report(column_text(kept.other, column)));
    }
    b_.bind(ok);
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
      const Label more = b_.new_label();
      b_.emit(Opcode::IsNull, key, out, index.key_columns);
      b_.emit(Opcode::Next, cursors_[i], more);
      b_.emit(Opcode::Goto, 0, out);
      b_.bind(more);
      b_.emit(Opcode::IndexGT, cursors_[i], out, key).p4(static_cast<std::int64_t>(index.key_columns));
      PL_TRY(report(joined("non-unique entry in index ", index.name)));
    }
    b_.bind(out);
    return {};
  }

  Generator& g_;
  vm::ProgramBuilder& b_;
  const bind::TableExpressions& expressions_;
  const bind::Relation& relation_;
  const catalog::Table& table_;
  const bool quick_;
  TableWriter keys_;
  std::int32_t message_ = 0;
  std::int32_t position_ = 0;
  std::int32_t cursor_ = -1;
  std::int32_t last_key_ = 0;     // WITHOUT ROWID: the key of the row before
  Vector<std::int32_t> cursors_;  // of the indexes, in their order
};

}  // namespace

Result<vm::ProgramRef> generate_table_check(const bind::TableExpressions& table, bool quick,
                                            bind::Environment& environment, Arena& arena) {
  vm::ProgramBuilder builder(environment.encoding());
  plan::Plan plan(arena);
  plan::PlanOptions plan_options;
  plan::Planner planner(plan, environment, plan_options);
  Generator generator(builder, plan, planner, environment, plan_options.switches);
  generator.begin();
  TableCheck check(generator, table, quick);
  PL_TRY(check.generate());
  PL_TRY(generator.end());
  return builder.finish();
}

}  // namespace perlite::codegen
