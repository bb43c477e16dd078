// FROM: sources, how they are joined, and what USING and NATURAL make of their columns.
//
// Conditions of ON are bound after the result columns, as stock complains about those first. One of an inner join that
// names a source further to the right is a condition of WHERE.
#include <algorithm>

#include "base/ascii.h"
#include "base/deep_stack.h"
#include "bind/binding.h"
#include "bind/numbered_name.h"
#include "bind/table_definition.h"
#include "catalog/schema_table.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

namespace {

JoinKind kind_of(sql::JoinType type) {
  switch (type) {
    case sql::JoinType::Cross:
      return JoinKind::Cross;
    case sql::JoinType::Left:
      return JoinKind::Left;
    case sql::JoinType::Right:
      return JoinKind::Right;
    case sql::JoinType::Full:
      return JoinKind::Full;
    default:
      return JoinKind::Inner;
  }
}

// RIGHT and FULL anywhere in the clause make names of USING strict.
bool has_turned_join(const sql::FromClause& clause) {
  for (const sql::FromItem& item : clause.items) {
    if (item.join == sql::JoinType::Right || item.join == sql::JoinType::Full) return true;
  }
  return false;
}

// A clause of one thing in parentheses is that thing.
const sql::FromItem& unwrapped(const sql::FromItem& item) {
  const sql::FromItem* one = &item;
  while (one->kind == sql::FromKind::Nested && one->nested->items.size() == 1 && !one->alias.present()) {
    one = &one->nested->items[0];
  }
  return *one;
}

}  // namespace

const FromNode* Binder::bind_from(const sql::FromClause& clause, Scope& scope) {
  const std::size_t first_on = pending_on_.size();
  const JoinNames* names = nullptr;
  const FromNode* node = bind_from_clause(clause, scope, &names, has_turned_join(clause));
  if (node == nullptr) {
    pending_on_.resize(first_on);
    return nullptr;
  }
  // The tree of names is needed only where it says more than the list of sources.
  for (const JoinNames* one = names; one != nullptr && scope.joins == nullptr; one = one->left) {
    const bool nested = one->right != nullptr && (one->right->left != nullptr || !one->right->alias.empty());
    if (!one->merged.empty() || !one->alias.empty() || nested) scope.joins = names;
  }
  return node;
}

FromNode* Binder::bind_from_clause(const sql::FromClause& clause, Scope& scope, const JoinNames** names, bool turned) {
  FromNode* tree = bind_from_item(clause.items[0], scope, names, turned);
  if (tree == nullptr) return nullptr;
  for (std::size_t i = 1; i < clause.items.size(); ++i) {
    const sql::FromItem& item = clause.items[i];
    const JoinNames* right_names = nullptr;
    const int before = static_cast<int>(scope.sources.size());
    FromNode* right = bind_from_item(item, scope, &right_names, turned);
    if (right == nullptr) return nullptr;
    static_cast<void>(before);
    auto* node = arena_.make<FromNode>();
    node->join = kind_of(item.join);
    node->left = tree;
    node->right = right;
    auto* joined = arena_.make<JoinNames>();
    joined->first = (*names)->first;
    joined->last = static_cast<int>(scope.sources.size());
    joined->left = *names;
    joined->right = right_names;
    if (item.natural && (item.on != nullptr || !item.using_columns.empty())) {
      return failed(Status::error("a NATURAL join may not have an ON or USING clause"));
    }
    if ((item.natural || !item.using_columns.empty()) && !join_columns(item, scope, *joined, *node, turned)) {
      return nullptr;
    }
    if (item.on != nullptr) {
      const bool strict = turned || node->join == JoinKind::Left;
      pending_on_.push_back(PendingOn{node, item.on, &scope, joined->last, strict});
    }
    tree = node;
    *names = joined;
  }
  return tree;
}

FromNode* Binder::bind_from_item(const sql::FromItem& written, Scope& scope, const JoinNames** names, bool turned) {
  if (stack_is_low()) [[unlikely]] return on_deeper_stack([&] { return bind_from_item(written, scope, names, turned); });
  const sql::FromItem& item = unwrapped(written);
  const int first = static_cast<int>(scope.sources.size());
  if (item.kind == sql::FromKind::Nested) {
    FromNode* tree = bind_from_clause(*item.nested, scope, names, turned || has_turned_join(*item.nested));
    if (tree == nullptr || !item.alias.present()) return tree;
    auto* named = arena_.make<JoinNames>(**names);
    named->alias = item.alias.text;
    *names = named;
    return tree;
  }
  Source* source = bind_source(item, scope);
  if (source == nullptr) return nullptr;
  if (scope.sources.size() >= kMaxJoinTables) return failed(Status::error("at most 64 tables in a join"));
  source->scope = &scope;
  source->order = first;
  scope.sources.push_back(source);
  auto* leaf = arena_.make<JoinNames>();
  leaf->first = first;
  leaf->last = first + 1;
  *names = leaf;
  auto* node = arena_.make<FromNode>();
  node->relation = source;
  return node;
}

// ------------------------------------------------------------------------------------------------- USING and NATURAL

const Expr* Binder::joined_column(Scope& scope, const JoinNames& names, std::string_view name, bool* ambiguous) {
  const Restored<Scope*> in(scope_, &scope);
  int matches = 0;
  const Expr* expr = resolve_in(scope, names, name, Span{}, &matches);
  *ambiguous = matches > 1;
  if (matches <= 1 || !ok()) return expr;
  // The leftmost counts.
  for (int i = names.first; i < names.last; ++i) {
    const int column = find_in(*scope.sources[static_cast<std::size_t>(i)], name);
    if (column >= 0) return column_of(*scope.sources[static_cast<std::size_t>(i)], column, Span{});
  }
  return expr;
}

bool Binder::join_columns(const sql::FromItem& item, Scope& scope, JoinNames& joined, FromNode& node, bool turned) {
  Vector<std::string_view> wanted;
  if (item.natural) {
    for (int i = joined.right->first; i < joined.right->last; ++i) {
      for (const RelationColumn& column : scope.sources[static_cast<std::size_t>(i)]->columns) {
        if (column.hidden) continue;
        bool known = false;
        for (int k = joined.left->first; k < joined.left->last && !known; ++k) {
          Source& source = *scope.sources[static_cast<std::size_t>(k)];
          const int at = find_in(source, column.name);
          known = at >= 0 && !source.columns[static_cast<std::size_t>(at)].hidden;
        }
        for (const std::string_view one : wanted) known = known && !equals_ignoring_case(one, column.name);
        if (known) wanted.push_back(column.name);
      }
    }
  } else {
    for (const sql::Name& name : item.using_columns) wanted.push_back(name.text);
  }
  std::span<MergedColumn> merged = arena_.make_array<MergedColumn>(wanted.size());
  const Expr* on = nullptr;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    bool left_ambiguous = false, right_ambiguous = false;
    const Expr* left = joined_column(scope, *joined.left, wanted[i], &left_ambiguous);
    if (!ok()) return false;
    const Expr* right = joined_column(scope, *joined.right, wanted[i], &right_ambiguous);
    if (!ok()) return false;
    if (left == nullptr || right == nullptr) {
      return error("cannot join using column %.*s - column not present in both tables", wanted[i]);
    }
    if (turned && left_ambiguous) return error("ambiguous reference to %.*s in USING()", wanted[i]);
    const Restored<Scope*> in(scope_, &scope);
    const Expr* equal = compare(CompareOp::Equal, left, right, Span{});
    if (equal == nullptr) return false;
    on = conjunction(on, equal);
    const Expr* value = left;
    if (node.join == JoinKind::Right) value = right;
    if (node.join == JoinKind::Full) {
      const Expr* both[] = {left, right};
      bool exists = false;
      const vm::FunctionDef* coalesce = environment_.find_function("coalesce", 2, &exists);
      if (coalesce == nullptr) return error("no such function: coalesce");
      value = call(coalesce, both, Span{});
      if (value == nullptr) return false;
      // It is compared as the column would be.
      const_cast<Expr*>(value)->affinity = left->affinity;
      const_cast<Expr*>(value)->collation = left->collation;
    }
    merged[i] = MergedColumn{wanted[i], value, left_ambiguous};
  }
  joined.merged = merged;
  node.on = on;
  return true;
}

// Conditions from pending_on_[first] on. Those that must wait for WHERE are joined to *hoisted.
bool Binder::bind_on_clauses(std::size_t first, const Expr** hoisted) {
  for (std::size_t i = first; i < pending_on_.size(); ++i) {
    const PendingOn pending = pending_on_[i];
    // Offsets of errors are lost here, as they are in stock.
    Place place = *place_;
    place.offsets = false;
    const Restored<Place*> at(place_, &place);
    const Restored<const Scope*> of(on_scope_, pending.scope);
    const Restored<int> limit(on_limit_, pending.strict ? pending.last : -1);
    const Restored<int> furthest(on_furthest_, -1);
    const Expr* on = bind_scalar(pending.on);
    if (on == nullptr) return false;
    if (on_furthest_ >= pending.last) {
      *hoisted = conjunction(*hoisted, on);
    } else {
      pending.node->on = conjunction(pending.node->on, on);
    }
  }
  pending_on_.resize(first);
  return true;
}

// ----------------------------------------------------------------------------------------------------------- sources

Source* Binder::bind_source(const sql::FromItem& item, Scope& scope) {
  if (item.kind != sql::FromKind::Subquery) return bind_table_source(item, scope);
  SelectOptions options;
  options.outer = scope.outer;
  options.container = scope.select;
  const Restored<Scope*> in(scope_, scope.outer);
  const Select* select = bind_select(*item.select, options);
  if (select == nullptr) return nullptr;
  return select_source(*select, {}, {}, item.alias.text, item.span);
}

Source* Binder::bind_table_source(const sql::FromItem& item, Scope& scope) {
  const std::string_view alias = item.alias.present() ? item.alias.text : item.name.text;
  if (!item.schema.present()) {
    WithScope* with = nullptr;
    CommonTableState* common = find_common_table(item.name.text, &with);
    if (common != nullptr) {
      if (item.kind == sql::FromKind::TableFunction) {
        return failed(message("'%.*s' is not a function", item.name.text));
      }
      Source* source = bind_common_table(*common, *with, item, scope);
      if (source != nullptr && item.hint == sql::IndexHint::IndexedBy) {
        return failed(message("no such index: %.*s", item.index.text));
      }
      return source;
    }
  }
  FoundTable found;
  if (!find_table(item.schema.text, item.schema.present(), item.name.text, &found)) return nullptr;
  if (found.table == nullptr && found.source == nullptr) {
    no_such_table(item.schema, item.name);
    return nullptr;
  }
  Source* source = nullptr;
  if (found.source != nullptr) {
    source = bind_module_source(found, found.source, item.name.text, item, scope);
  } else if (found.table->kind == catalog::TableKind::Virtual) {
    Result<vm::Source*> made = environment_.find_source(found.database, *found.table);
    if (!made.ok()) return failed(std::move(made.status()));
    if (made.value() == nullptr) return failed(message("no such module: %.*s", found.table->module));
    source = bind_module_source(found, made.value(), found.table->name, item, scope);
  } else if (item.kind == sql::FromKind::TableFunction) {
    return failed(message("'%.*s' is not a function", item.name.text));
  } else if (found.table->kind == catalog::TableKind::View) {
    source = bind_view(found, alias, item.span);
  } else {
    source = table_source(found.database, *found.table, alias, item.span, false);
  }
  if (source == nullptr) return nullptr;
  source->hint = item.hint;
  if (item.hint == sql::IndexHint::IndexedBy) {
    if (found.table != nullptr) {
      for (const catalog::Index* index : found.table->indexes) {
        if (equals_ignoring_case(index->name, item.index.text)) source->index_hint = index;
      }
      const catalog::Index* key = found.table->primary_key;
      if (key != nullptr && equals_ignoring_case(key->name, item.index.text)) source->index_hint = key;
    }
    if (source->index_hint == nullptr) return failed(message("no such index: %.*s", item.index.text));
  }
  return source;
}

Source* Binder::bind_view(const FoundTable& found, std::string_view alias, Span span) {
  const catalog::Table& view = *found.table;
  for (const catalog::Table* open : open_views_) {
    if (open == &view) return failed(message("view %.*s is circularly defined", view.name));
  }
  if (!environment_.switches().enable_views && found.database != 1) {
    return failed(message("access to view \"%.*s\" prohibited", view.name));
  }
  open_views_.push_back(&view);
  Place place;
  place.text = view.sql;
  place.offsets = false;
  // A view of temp may look everywhere.
  place.database = found.database == 1 ? -1 : found.database;
  place.in_schema = true;
  place.in_view = true;
  place.silent = place_->silent;
  place.inner_object = has_authorizer_ ? terminated(view.name).data() : nullptr;
  const Select* select = nullptr;
  {
    const Restored<Place*> at(place_, &place);
    const Restored<Scope*> in(scope_, nullptr);
    const Restored<WithScope*> with(with_, nullptr);
    SelectOptions options;
    options.container = select_;
    select = bind_select(*view.select, options);
  }
  if (select == nullptr) return nullptr;
  open_views_.pop_back();
  if (!view.view_columns.empty() && view.view_columns.size() != select->columns.size()) {
    return failed(Status::format(Code::Error, -1, "expected %d columns for '%.*s' but got %d",
                                 static_cast<int>(view.view_columns.size()), static_cast<int>(view.name.size()),
                                 view.name.data(), static_cast<int>(select->columns.size())));
  }
  Source* source = select_source(*select, view.view_columns, view.name, alias, span);
  source->table = &view;
  source->database = found.database;
  source->is_view = true;
  return source;
}

// A module's table. Arguments in parentheses are values of its hidden columns, in order; they may look at sources left
// of it.
Source* Binder::bind_module_source(const FoundTable& found, vm::Source* module_source, std::string_view name,
                                   const sql::FromItem& item, Scope& scope) {
  Source* source = new_source(RelationKind::Source);
  source->name = terminated(name);
  source->alias = item.alias.present() ? item.alias.text : source->name;
  source->database = found.table != nullptr ? found.database : -1;
  source->table = found.table;
  source->source = module_source;
  source->has_rowid = true;
  source->span = item.span;
  const std::span<const vm::SourceColumn> given = module_source->columns();
  std::span<RelationColumn> columns = arena_.make_array<RelationColumn>(given.size());
  std::size_t hidden = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i] = RelationColumn{given[i].name,
                                given[i].affinity,
                                &record::binary_collation(),
                                given[i].declared_type.empty() ? std::string_view() : given[i].declared_type,
                                given[i].hidden,
                                false,
                                source,
                                static_cast<std::int32_t>(i)};
    if (given[i].hidden) ++hidden;
  }
  source->columns = columns;
  if (item.kind == sql::FromKind::TableFunction) {
    if (item.arguments.size() > hidden) {
      return failed(Status::format(Code::Error, -1, "too many arguments on %.*s() - max %d",
                                   static_cast<int>(name.size()), name.data(), static_cast<int>(hidden)));
    }
    const Restored<Scope*> in(scope_, &scope);
    const bool aggregates = std::exchange(scope.aggregates_allowed, false);
    const bool windows = std::exchange(scope.windows_allowed, false);
    if (!bind_list(item.arguments, &source->arguments)) return nullptr;
    scope.aggregates_allowed = aggregates;
    scope.windows_allowed = windows;
    for (std::size_t i = 0, argument = 0; i < columns.size() && argument < item.arguments.size(); ++i) {
      if (!columns[i].hidden) continue;
      source->columns_used |= std::uint64_t{1} << std::min<std::size_t>(i, 63);
      ++argument;
    }
  }
  return source;
}

// The columns of a query as those of a relation: names are made different where they repeat.
std::span<RelationColumn> Binder::columns_of_select(const Select& select, std::span<const std::string_view> names) {
  std::span<RelationColumn> columns = arena_.make_array<RelationColumn>(select.columns.size());
  HashMap<std::uint32_t, std::size_t> seen;  // only for wide results
  const bool wide = columns.size() > 32;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ResultColumn& result = select.columns[i];
    std::string_view name = names.empty() ? result.name : names[i];
    auto taken = [&](std::string_view candidate) {
      if (wide) {
        const auto found = seen.find(base::hash_ignoring_case(candidate));
        if (found == seen.end()) return false;
      }
      for (std::size_t k = 0; k < i; ++k) {
        if (equals_ignoring_case(columns[k].name, candidate)) return true;
      }
      return false;
    };
    for (int number = 1; taken(name); ++number) {
      std::string_view stem = names.empty() ? result.name : names[i];
      name = numbered_name(arena_, {stem.substr(0, 900), ":"}, number);
    }
    if (wide) seen.emplace(base::hash_ignoring_case(name), i);
    RelationColumn& column = columns[i];
    column.name = name;
    column.affinity = select.column_affinities[i];
    // A column compares by its own collation, BINARY where its expression has none: never by that of the other operand.
    column.collation = select.arms.size() > 1             ? select.column_collations[i]
                       : result.expr->collation == nullptr ? &record::binary_collation()
                                                           : result.expr->collation;
    column.declared_type = result.declared_type;
    if (const auto* expr = result.expr->try_as<ColumnExpr>()) {
      const ColumnOrigin origin = origin_of(*expr->relation, expr->column);
      column.origin = origin.relation;
      column.origin_column = origin.column;
    }
  }
  return columns;
}

Source* Binder::select_source(const Select& select, std::span<const std::string_view> names, std::string_view name,
                              std::string_view alias, Span span) {
  Source* source = new_source(RelationKind::Select);
  source->name = name;
  source->alias = alias;
  source->select = &select;
  source->span = span;
  source->columns = columns_of_select(select, names);
  return source;
}

}  // namespace perlite::bind
