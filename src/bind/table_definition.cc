#include "bind/table_definition.h"

#include "base/ascii.h"
#include "bind/numbered_name.h"
#include "bind/text_status.h"
#include "catalog/column_lookup.h"

namespace perlite::bind {
namespace {

using base::equals_ignoring_case;
using catalog::Column;
using catalog::ConflictAction;
using catalog::Index;
using catalog::IndexColumn;
using catalog::IndexOrigin;

static_assert(static_cast<int>(sql::ConflictAction::Replace) == static_cast<int>(ConflictAction::Replace));

ConflictAction conflict_of(sql::ConflictAction action) { return static_cast<ConflictAction>(action); }

// The types of STRICT tables. Written in any case they are shown in capitals, in all tables.
constexpr std::string_view kStandardTypes[] = {"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"};

std::string_view standard_type(std::string_view type) {
  for (const std::string_view one : kStandardTypes) {
    if (equals_ignoring_case(one, type)) return one;
  }
  return {};
}

// The index of the column that a term of a key names, and its COLLATE clause.
struct KeyTerm {
  int column;
  std::string_view collation;
};

class TableBuilder {
 public:
  TableBuilder(const sql::CreateTableStatement& ast, std::string_view text, Arena& arena)
      : ast_(ast), text_(text), arena_(arena), table_(arena.make<catalog::Table>()) {}

  Result<catalog::Table*> build() {
    table_->name = arena_.copy_text(ast_.name.text);
    table_->kind = catalog::TableKind::Ordinary;
    table_->entry = catalog::kNoEntry;
    table_->rowid_alias = -1;
    table_->without_rowid = ast_.without_rowid;
    table_->strict = ast_.strict;
    PL_TRY(read_columns());
    PL_TRY(read_keys());
    PL_TRY(finish_rules());
    finish_storage();
    finish_indexes();
    table_->checks = arena_.copy_array(checks_);
    table_->foreign_keys = arena_.copy_array(foreign_keys_);
    return table_;
  }

 private:
  Status read_columns();
  Status read_column(const sql::ColumnDefinition& definition, Column& column);
  const sql::Expr* default_expression(const sql::ColumnConstraint& constraint);
  Status read_keys();
  Status add_primary_key(sql::OrderList terms, int column, sql::SortOrder order, ConflictAction conflict,
                         bool autoincrement);
  Status add_unique(sql::OrderList terms, int column, sql::SortOrder order, ConflictAction conflict,
                    IndexOrigin origin);
  Status add_foreign_key(const sql::ForeignKeyClause& clause, sql::NameList names, int column);
  Result<KeyTerm> read_key_term(const sql::OrderTerm& term);
  Status finish_rules();
  void finish_storage();
  void finish_indexes();
  int find_column(std::string_view name) const {
    return lookup_ != nullptr ? lookup_->find(name, columns_) : catalog::find_column_by_search(name, columns_);
  }

  const sql::CreateTableStatement& ast_;
  std::string_view text_;
  Arena& arena_;
  catalog::Table* table_;
  std::span<Column> columns_;
  const catalog::ColumnLookup* lookup_ = nullptr;
  Vector<catalog::Check> checks_;
  Vector<catalog::ForeignKey> foreign_keys_;
  Vector<Index*> indexes_;
  Index* primary_key_ = nullptr;  // an index that is the primary key
  bool has_primary_key_ = false;
  bool alias_autoincrement_ = false;
  sql::SortOrder alias_order_ = sql::SortOrder::Unspecified;
};

Status TableBuilder::read_columns() {
  columns_ = arena_.make_array<Column>(ast_.columns.size());
  table_->columns = columns_;
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].name = arena_.copy_text(ast_.columns[i].name.text);
  if (columns_.size() > catalog::kLookupThreshold) {
    lookup_ = catalog::ColumnLookup::make(columns_, arena_);
    table_->lookup = lookup_;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (find_column(columns_[i].name) != static_cast<int>(i)) {
      return message("duplicate column name: %.*s", columns_[i].name);
    }
    PL_TRY(read_column(ast_.columns[i], columns_[i]));
  }
  return {};
}

Status TableBuilder::read_column(const sql::ColumnDefinition& definition, Column& column) {
  column.collation = "BINARY";
  if (definition.type.present()) {
    const std::string_view standard = standard_type(definition.type.text);
    column.declared_type = standard.empty() ? arena_.copy_text(definition.type.text) : standard;
    column.affinity = record::affinity_of_declared_type(definition.type.text);
    // ANY of a STRICT table keeps what it is given.
    if (table_->strict && standard == "ANY") column.affinity = Affinity::Blob;
  } else {
    column.affinity = Affinity::Blob;
  }
  bool has_default = false;
  for (const sql::ColumnConstraint& constraint : definition.constraints) {
    switch (constraint.kind) {
      case sql::ConstraintKind::NotNull:
        column.not_null = true;
        column.not_null_conflict = conflict_of(constraint.on_conflict);
        break;
      case sql::ConstraintKind::Check:
        checks_.push_back(catalog::Check{constraint.name.text, constraint.expr, constraint.expr_span.of(text_),
                                         conflict_of(constraint.on_conflict)});
        break;
      case sql::ConstraintKind::Default:
        if (column.generated != nullptr) return Status::error("cannot use DEFAULT on a generated column");
        column.default_value = default_expression(constraint);
        column.default_text = arena_.copy_text(constraint.expr_span.of(text_));
        has_default = true;
        break;
      case sql::ConstraintKind::Collate:
        column.collation = arena_.copy_text(constraint.collation.text);
        break;
      case sql::ConstraintKind::Generated:
        if (has_default || column.generated != nullptr) {
          return message("error in generated column \"%.*s\"", column.name);
        }
        column.generated = constraint.expr;
        column.generated_kind = constraint.stored ? catalog::GeneratedKind::Stored : catalog::GeneratedKind::Virtual;
        table_->has_generated = true;
        break;
      default:
        break;
    }
  }
  return {};
}

// A bare word is a string, but for TRUE and FALSE.
const sql::Expr* TableBuilder::default_expression(const sql::ColumnConstraint& constraint) {
  if (constraint.default_form != sql::DefaultForm::Identifier) return constraint.expr;
  const std::string_view word = constraint.expr_span.of(text_);
  const bool truth = equals_ignoring_case(word, "true");
  if (!truth && !equals_ignoring_case(word, "false")) return constraint.expr;
  auto* literal = arena_.make<sql::LiteralExpr>();
  literal->kind = sql::ExprKind::Literal;
  literal->span = constraint.expr->span;
  literal->literal = sql::LiteralKind::Integer;
  literal->text = truth ? "1" : "0";
  return literal;
}

Status TableBuilder::read_keys() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    for (const sql::ColumnConstraint& constraint : ast_.columns[i].constraints) {
      const ConflictAction conflict = conflict_of(constraint.on_conflict);
      const int column = static_cast<int>(i);
      if (constraint.kind == sql::ConstraintKind::PrimaryKey) {
        PL_TRY(add_primary_key({}, column, constraint.order, conflict, constraint.autoincrement));
      } else if (constraint.kind == sql::ConstraintKind::Unique) {
        PL_TRY(add_unique({}, column, sql::SortOrder::Unspecified, conflict, IndexOrigin::Unique));
      } else if (constraint.kind == sql::ConstraintKind::ForeignKey) {
        PL_TRY(add_foreign_key(*constraint.foreign_key, {}, column));
      }
    }
  }
  for (const sql::TableConstraint& constraint : ast_.constraints) {
    const ConflictAction conflict = conflict_of(constraint.on_conflict);
    switch (constraint.kind) {
      case sql::ConstraintKind::PrimaryKey:
        PL_TRY(
            add_primary_key(constraint.columns, -1, sql::SortOrder::Unspecified, conflict, constraint.autoincrement));
        break;
      case sql::ConstraintKind::Unique:
        PL_TRY(add_unique(constraint.columns, -1, sql::SortOrder::Unspecified, conflict, IndexOrigin::Unique));
        break;
      case sql::ConstraintKind::Check:
        checks_.push_back(
            catalog::Check{constraint.name.text, constraint.expr, constraint.expr_span.of(text_), conflict});
        break;
      case sql::ConstraintKind::ForeignKey:
        PL_TRY(add_foreign_key(*constraint.foreign_key, constraint.key_columns, -1));
        break;
      default:
        break;
    }
  }
  return {};
}

// A column's name, perhaps as a string, perhaps with COLLATE.
Result<KeyTerm> TableBuilder::read_key_term(const sql::OrderTerm& term) {
  KeyTerm result{-1, {}};
  const sql::Expr* expr = term.expr;
  while (const auto* collate = expr->try_as<sql::CollateExpr>()) {
    if (result.collation.empty()) result.collation = arena_.copy_text(collate->collation.text);
    expr = collate->operand;
  }
  std::string_view name;
  if (const auto* column = expr->try_as<sql::ColumnExpr>()) {
    if (column->table.present()) {
      return message_at(expr->span, "the \".\" operator prohibited in index expressions");
    }
    name = column->column.text;
    result.column = find_column(name);
    // A word in double quotes that is no column is a string, and so an expression.
    if (result.column < 0 && column->column.quote != sql::Quote::Double) {
      return message_at(expr->span, "no such column: %.*s", name);
    }
  } else if (const auto* literal = expr->try_as<sql::LiteralExpr>();
             literal != nullptr && literal->literal == sql::LiteralKind::String) {
    name = literal->text;
    result.column = find_column(name);
    if (result.column < 0) return message_at(expr->span, "no such column: %.*s", name);
  }
  if (result.column < 0) return Status::error("expressions prohibited in PRIMARY KEY and UNIQUE constraints");
  if (result.collation.empty()) result.collation = columns_[static_cast<std::size_t>(result.column)].collation;
  return result;
}

Status TableBuilder::add_primary_key(sql::OrderList terms, int column, sql::SortOrder order, ConflictAction conflict,
                                     bool autoincrement) {
  if (has_primary_key_) return message("table \"%.*s\" has more than one primary key", table_->name);
  has_primary_key_ = true;
  int single = column;
  if (column >= 0) {
    columns_[static_cast<std::size_t>(column)].key_position = 1;
  } else {
    std::uint16_t position = 0;
    for (const sql::OrderTerm& term : terms) {
      PL_ASSIGN(const KeyTerm key, read_key_term(term));
      Column& one = columns_[static_cast<std::size_t>(key.column)];
      ++position;
      if (one.key_position == 0) one.key_position = position;
      single = key.column;
    }
    if (terms.size() != 1) single = -1;
  }
  for (const Column& one : columns_) {
    if (one.key_position != 0 && one.generated != nullptr) {
      return Status::error("generated columns cannot be part of the PRIMARY KEY");
    }
  }
  // Only the word INTEGER makes an alias, and in a column's own clause not with DESC.
  const bool may_alias = single >= 0 &&
                         equals_ignoring_case(columns_[static_cast<std::size_t>(single)].declared_type, "INTEGER") &&
                         order != sql::SortOrder::Descending;
  if (may_alias) {
    table_->rowid_alias = single;
    table_->rowid_conflict = conflict;
    alias_autoincrement_ = autoincrement;
    alias_order_ = column >= 0 ? order : terms[0].order;
    return {};
  }
  if (autoincrement) return Status::error("AUTOINCREMENT is only allowed on an INTEGER PRIMARY KEY");
  return add_unique(terms, column, order, conflict, IndexOrigin::PrimaryKey);
}

Status TableBuilder::add_unique(sql::OrderList terms, int column, sql::SortOrder order, ConflictAction conflict,
                                IndexOrigin origin) {
  const std::size_t count = column >= 0 ? 1 : terms.size();
  std::span<IndexColumn> keys = arena_.make_array<IndexColumn>(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (column >= 0) {
      keys[i] = IndexColumn{column, nullptr, columns_[static_cast<std::size_t>(column)].collation,
                            order == sql::SortOrder::Descending};
      continue;
    }
    if (terms[i].nulls != sql::NullsOrder::Unspecified) {
      return Status::error(terms[i].nulls == sql::NullsOrder::First ? "unsupported use of NULLS FIRST"
                                                                    : "unsupported use of NULLS LAST");
    }
    PL_ASSIGN(const KeyTerm key, read_key_term(terms[i]));
    keys[i] = IndexColumn{key.column, nullptr, key.collation, terms[i].order == sql::SortOrder::Descending};
  }
  // A constraint over the columns and collations of an earlier one is that one.
  for (Index* known : indexes_) {
    if (known->columns.size() != count) continue;
    bool same = true;
    for (std::size_t i = 0; i < count && same; ++i) {
      same = known->columns[i].column == keys[i].column &&
             equals_ignoring_case(known->columns[i].collation, keys[i].collation);
    }
    if (!same) continue;
    if (known->conflict != conflict) {
      if (known->conflict != ConflictAction::None && conflict != ConflictAction::None) {
        return Status::error("conflicting ON CONFLICT clauses specified");
      }
      if (known->conflict == ConflictAction::None) known->conflict = conflict;
    }
    if (origin == IndexOrigin::PrimaryKey) {
      known->origin = origin;
      primary_key_ = known;
    }
    return {};
  }
  auto* index = arena_.make<Index>();
  index->table = table_;
  index->entry = catalog::kNoEntry;
  index->unique = true;
  index->origin = origin;
  index->conflict = conflict;
  index->columns = keys;
  index->key_columns = static_cast<std::uint16_t>(count);
  indexes_.push_back(index);
  if (origin == IndexOrigin::PrimaryKey) primary_key_ = index;
  return {};
}

Status TableBuilder::add_foreign_key(const sql::ForeignKeyClause& clause, sql::NameList names, int column) {
  catalog::ForeignKey key{};
  key.child = table_;
  key.parent = arena_.copy_text(clause.table.text);
  if (column >= 0) {
    if (clause.columns.size() > 1) {
      return message_at(clause.table.span, "foreign key on %.*s should reference only one column of table %.*s",
                        columns_[static_cast<std::size_t>(column)].name, clause.table.text);
    }
    const std::int32_t one[] = {column};
    key.child_columns = arena_.copy_array(std::span<const std::int32_t>(one));
  } else {
    if (!clause.columns.empty() && clause.columns.size() != names.size()) {
      return Status::error(
          "number of columns in foreign key does not match the number of columns in the referenced table");
    }
    std::span<std::int32_t> columns = arena_.make_array<std::int32_t>(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      columns[i] = find_column(names[i].text);
      if (columns[i] < 0) return message("unknown column \"%.*s\" in foreign key definition", names[i].text);
    }
    key.child_columns = columns;
  }
  std::span<std::string_view> parents = arena_.make_array<std::string_view>(clause.columns.size());
  for (std::size_t i = 0; i < parents.size(); ++i) parents[i] = arena_.copy_text(clause.columns[i].text);
  key.parent_columns = parents;
  constexpr catalog::ForeignKeyAction kActions[] = {
      catalog::ForeignKeyAction::NoAction, catalog::ForeignKeyAction::SetNull, catalog::ForeignKeyAction::SetDefault,
      catalog::ForeignKeyAction::Cascade, catalog::ForeignKeyAction::Restrict};
  key.on_delete = kActions[static_cast<std::size_t>(clause.on_delete)];
  key.on_update = kActions[static_cast<std::size_t>(clause.on_update)];
  key.match = clause.match.text;
  key.deferred = clause.deferrable && clause.initially_deferred;
  foreign_keys_.push_back(key);
  return {};
}

// What the table as a whole must be.
Status TableBuilder::finish_rules() {
  bool any_plain = false;
  for (const Column& column : columns_) {
    if (column.generated == nullptr) any_plain = true;
  }
  if (table_->strict) {
    for (const Column& column : columns_) {
      if (column.declared_type.empty()) {
        return message("missing datatype for %.*s.%.*s", table_->name, column.name);
      }
      if (standard_type(column.declared_type).empty()) {
        return message("unknown datatype for %.*s.%.*s: \"%.*s\"", table_->name, column.name, column.declared_type);
      }
    }
    for (Column& column : columns_) {
      if (column.key_position != 0 && table_->rowid_alias < 0) column.not_null = true;
    }
  }
  if (table_->without_rowid) {
    if (alias_autoincrement_) return Status::error("AUTOINCREMENT not allowed on WITHOUT ROWID tables");
    if (!has_primary_key_) return message("PRIMARY KEY missing on table %.*s", table_->name);
    if (table_->rowid_alias >= 0) {
      // What would have been an alias becomes the last of the indexes.
      const int column = table_->rowid_alias;
      table_->rowid_alias = -1;
      PL_TRY(add_unique({}, column, alias_order_, table_->rowid_conflict, IndexOrigin::PrimaryKey));
      table_->rowid_conflict = ConflictAction::None;
    }
    for (Column& column : columns_) {
      if (column.key_position != 0) column.not_null = true;
    }
  } else if (table_->rowid_alias >= 0) {
    columns_[static_cast<std::size_t>(table_->rowid_alias)].is_rowid_alias = true;
    table_->autoincrement = alias_autoincrement_;
  }
  if (!any_plain) return Status::error("must have at least one non-generated column");
  return {};
}

// Where each column stands in the record of the table's tree (fileformat2.html 2.4; generated columns: gencol.html).
void TableBuilder::finish_storage() {
  std::int16_t field = 0;
  if (!table_->without_rowid) {
    for (Column& column : columns_) {
      column.storage_index = column.generated_kind == catalog::GeneratedKind::Virtual ? std::int16_t{-1} : field++;
    }
    table_->record_fields = static_cast<std::uint16_t>(field);
    return;
  }
  // The key in its order, a column repeated with the same collation but once, then the other columns.
  Vector<IndexColumn> fields;
  for (const IndexColumn& key : primary_key_->columns) {
    bool repeated = false;
    for (const IndexColumn& earlier : fields) {
      repeated = repeated || (earlier.column == key.column && equals_ignoring_case(earlier.collation, key.collation));
    }
    if (!repeated) fields.push_back(key);
  }
  primary_key_->key_columns = static_cast<std::uint16_t>(fields.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    column.storage_index = -1;
    for (std::size_t k = 0; k < primary_key_->key_columns; ++k) {
      if (fields[k].column != static_cast<std::int32_t>(i)) continue;
      column.storage_index = static_cast<std::int16_t>(k);
      break;
    }
    if (column.storage_index >= 0 || column.generated_kind == catalog::GeneratedKind::Virtual) continue;
    column.storage_index = static_cast<std::int16_t>(fields.size());
    fields.push_back(IndexColumn{static_cast<std::int32_t>(i), nullptr, "BINARY", false});
  }
  primary_key_->columns = arena_.copy_array(fields);
  primary_key_->is_table = true;
  table_->record_fields = static_cast<std::uint16_t>(fields.size());
}

// The tail of the records of an index: the rowid, or what is missing of the key.
std::span<const IndexColumn> with_tail(const catalog::Table& table, std::span<const IndexColumn> keys, Arena& arena) {
  Vector<IndexColumn> fields(keys.begin(), keys.end());
  if (!table.without_rowid) {
    fields.push_back(IndexColumn{catalog::kRowidColumn, nullptr, "BINARY", false});
  } else {
    for (std::size_t k = 0; k < table.primary_key->key_columns; ++k) {
      const IndexColumn& key = table.primary_key->columns[k];
      bool there = false;
      for (const IndexColumn& field : keys) {
        there = there || (field.column == key.column && equals_ignoring_case(field.collation, key.collation));
      }
      if (!there) fields.push_back(key);
    }
  }
  return arena.copy_array(fields);
}

void TableBuilder::finish_indexes() {
  if (table_->without_rowid) table_->primary_key = primary_key_;
  Vector<const Index*> own;
  int number = 0;
  for (Index* index : indexes_) {
    index->name = numbered_name(arena_, {"sqlite_autoindex_", table_->name, "_"}, ++number);
    if (index == primary_key_ && table_->without_rowid) continue;
    index->columns = with_tail(*table_, index->columns, arena_);
    index->ordinal = static_cast<std::int32_t>(own.size());
    own.push_back(index);
  }
  table_->indexes = arena_.copy_array(own);
}

}  // namespace

bool is_rowid_name(std::string_view name) noexcept {
  return equals_ignoring_case(name, "rowid") || equals_ignoring_case(name, "oid") ||
         equals_ignoring_case(name, "_rowid_");
}

Result<catalog::Table*> define_table(const sql::CreateTableStatement& ast, std::string_view text, Arena& arena) {
  return TableBuilder(ast, text, arena).build();
}

Result<catalog::Table*> define_view(const sql::CreateViewStatement& ast, Arena& arena) {
  auto* table = arena.make<catalog::Table>();
  table->name = arena.copy_text(ast.name.text);
  table->kind = catalog::TableKind::View;
  table->entry = catalog::kNoEntry;
  table->rowid_alias = -1;
  table->select = ast.select;
  std::span<std::string_view> columns = arena.make_array<std::string_view>(ast.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = ast.columns[i].text;
  table->view_columns = columns;
  return table;
}

Result<catalog::Table*> define_virtual(const sql::CreateVirtualStatement& ast, Arena& arena) {
  auto* table = arena.make<catalog::Table>();
  table->name = arena.copy_text(ast.name.text);
  table->kind = catalog::TableKind::Virtual;
  table->entry = catalog::kNoEntry;
  table->rowid_alias = -1;
  table->module = arena.copy_text(ast.module.text);
  table->module_arguments = arena.copy_array(ast.arguments);
  return table;
}

Result<catalog::Index*> define_index(const sql::CreateIndexStatement& ast, const catalog::Table& table, Arena& arena) {
  auto* index = arena.make<Index>();
  index->name = arena.copy_text(ast.name.text);
  index->table = &table;
  index->entry = catalog::kNoEntry;
  index->unique = ast.unique;
  index->origin = IndexOrigin::Create;
  index->where = ast.where;
  std::span<IndexColumn> keys = arena.make_array<IndexColumn>(ast.columns.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const sql::OrderTerm& term = ast.columns[i];
    if (term.nulls != sql::NullsOrder::Unspecified) {
      return Status::error(term.nulls == sql::NullsOrder::First ? "unsupported use of NULLS FIRST"
                                                                : "unsupported use of NULLS LAST");
    }
    IndexColumn& key = keys[i];
    key = IndexColumn{catalog::kExpressionColumn, term.expr, "BINARY", term.order == sql::SortOrder::Descending};
    std::string_view collation;
    const sql::Expr* expr = term.expr;
    while (const auto* collate = expr->try_as<sql::CollateExpr>()) {
      if (collation.empty()) collation = arena.copy_text(collate->collation.text);
      expr = collate->operand;
    }
    int column = catalog::kExpressionColumn;
    if (const auto* name = expr->try_as<sql::ColumnExpr>(); name != nullptr && !name->table.present()) {
      const int found = table.find_column(name->column.text);
      if (found >= 0) column = found;
      if (found < 0 && name->column.quote != sql::Quote::Double) {
        return message_at(expr->span, "no such column: %.*s", name->column.text);
      }
    } else if (const auto* literal = expr->try_as<sql::LiteralExpr>();
               literal != nullptr && literal->literal == sql::LiteralKind::String) {
      column = table.find_column(literal->text);
      if (column < 0) return message_at(expr->span, "no such column: %.*s", literal->text);
    }
    if (column >= 0) {
      key.column = column;
      key.expression = nullptr;
      key.collation = table.columns[static_cast<std::size_t>(column)].collation;
    }
    if (!collation.empty()) key.collation = collation;
  }
  index->key_columns = static_cast<std::uint16_t>(keys.size());
  index->columns = with_tail(table, keys, arena);
  return index;
}

Result<catalog::Trigger*> define_trigger(const sql::CreateTriggerStatement& ast, Arena& arena) {
  auto* trigger = arena.make<catalog::Trigger>();
  trigger->name = arena.copy_text(ast.name.text);
  trigger->table_name = arena.copy_text(ast.table.text);
  trigger->entry = catalog::kNoEntry;
  trigger->time = ast.timing == sql::TriggerTiming::After       ? catalog::TriggerTime::After
                  : ast.timing == sql::TriggerTiming::InsteadOf ? catalog::TriggerTime::InsteadOf
                                                                : catalog::TriggerTime::Before;
  trigger->event = static_cast<catalog::TriggerEvent>(ast.event);
  std::span<std::string_view> columns = arena.make_array<std::string_view>(ast.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = ast.columns[i].text;
  trigger->update_of = columns;
  trigger->statement = &ast;
  return trigger;
}

}  // namespace perlite::bind
