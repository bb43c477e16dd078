// What a name of a column means: the innermost scope that knows it answers.
//
// In each scope columns of FROM come first, then the rowid's names, then aliases of the result where they may be used.
// A word in double quotes that nobody knows may be a string (quirks.html 8), TRUE and FALSE are numbers then.
#include "base/ascii.h"
#include "bind/binding.h"
#include "bind/table_definition.h"
#include "sqlite3.h"

namespace perlite::bind {

using base::equals_ignoring_case;

int Binder::find_in(Source& source, std::string_view name) {
  if (source.columns.size() <= catalog::kLookupThreshold) {
    return catalog::find_column_by_search(name, source.columns);
  }
  if (source.lookup == nullptr) {
    const bool stored = source.table != nullptr && source.table->lookup != nullptr &&
                        source.table->columns.size() == source.columns.size();
    source.lookup = stored ? source.table->lookup : catalog::ColumnLookup::make(source.columns, arena_);
  }
  return source.lookup->find(name, source.columns);
}

// A query that uses what belongs to a scope outside is correlated, and so are those between.
void Binder::mark_outer(const Scope* owner, const Relation* relation) {
  for (SelectState* state = select_; state != nullptr && state != owner->select; state = state->container) {
    state->select->correlated = true;
    if (relation == nullptr) continue;
    bool known = false;
    for (const Relation* one : state->outer_relations) known = known || one == relation;
    if (!known) state->outer_relations.push_back(relation);
  }
}

bool Binder::read_allowed(const Source& source, int column, bool* ignored) {
  if (source.table == nullptr && source.kind != RelationKind::Source) return true;
  std::string_view name = "ROWID";
  if (column >= 0) {
    name = source.columns[static_cast<std::size_t>(column)].name;
  } else if (source.table != nullptr && source.table->rowid_alias >= 0) {
    name = source.columns[static_cast<std::size_t>(source.table->rowid_alias)].name;
  }
  Result<Authorization> answer = environment_.authorize(
      SQLITE_READ, terminated(source.name).data(), terminated(name).data(),
      source.database < 0 ? nullptr : terminated(environment_.database_name(source.database)).data(),
      place_->inner_object);
  if (!answer.ok()) return fail(std::move(answer.status()));
  if (answer.value() == Authorization::Ignore) *ignored = true;
  if (answer.value() != Authorization::Deny) return true;
  const std::string_view database = environment_.database_name(source.database < 0 ? 0 : source.database);
  if (environment_.database_count() > 2 || source.database > 0) {
    return fail(message_with(Code::Auth, -1, "access to %.*s.%.*s.%.*s is prohibited", database, source.name, name));
  }
  return fail(message_with(Code::Auth, -1, "access to %.*s.%.*s is prohibited", source.name, name));
}

const Expr* Binder::column_of(Source& source, int column, Span span) {
  if (has_authorizer_ && !place_->silent) {
    bool ignored = false;
    if (!read_allowed(source, column, &ignored)) return nullptr;
    if (ignored) return null_literal(span);
  }
  auto* expr = arena_.make<ColumnExpr>();
  expr->kind = ExprKind::Column;
  expr->span = span;
  expr->relation = &source;
  expr->column = column;
  expr->flags = kHasColumn;
  if (column >= 0) {
    const RelationColumn& one = source.columns[static_cast<std::size_t>(column)];
    expr->affinity = one.affinity;
    expr->collation = one.collation;
    source.columns_used |= std::uint64_t{1} << (column < 63 ? column : 63);
    if (!source.generated_uses.empty()) source.columns_used |= source.generated_uses[static_cast<std::size_t>(column)];
  } else {
    expr->affinity = Affinity::Integer;
    expr->collation = &record::binary_collation();
  }
  if (source.scope == nullptr) return expr;
  depths_named_ |= depth_bit(source.scope->depth);
  if (on_furthest_ < source.order && source.scope == on_scope_) {
    on_furthest_ = source.order;
    if (on_limit_ >= 0 && source.order >= on_limit_) {
      error("ON clause references tables to its right");
      return nullptr;
    }
  }
  if (source.scope != scope_) {
    expr->flags |= kHasOuterColumn;
    mark_outer(source.scope, &source);
  }
  return expr;
}

// Sources [first, last): how many know the column; the first one's is bound.
const Expr* Binder::resolve_flat(Scope& scope, int first, int last, std::string_view name, Span span, int* matches) {
  Source* found = nullptr;
  int column = -1;
  for (int i = first; i < last; ++i) {
    Source& source = *scope.sources[static_cast<std::size_t>(i)];
    if (source.qualified_only) continue;
    const int candidate = find_in(source, name);
    if (candidate < 0) continue;
    if (++*matches == 1) {
      found = &source;
      column = candidate;
    }
  }
  return *matches == 1 && found != nullptr ? column_of(*found, column, span) : nullptr;
}

// The same where joins have merged columns. The tree leans to the left and is at most kMaxJoinTables deep.
const Expr* Binder::resolve_in(const Scope& scope, const JoinNames& names, std::string_view name, Span span,
                               int* matches) {
  if (names.left == nullptr) {
    return resolve_flat(const_cast<Scope&>(scope), names.first, names.last, name, span, matches);
  }
  for (const MergedColumn& merged : names.merged) {
    if (!equals_ignoring_case(merged.name, name)) continue;
    *matches += merged.ambiguous ? 2 : 1;
    return merged.ambiguous ? nullptr : merged.value;
  }
  const Expr* left = resolve_in(scope, *names.left, name, span, matches);
  if (!ok()) return nullptr;
  const Expr* right = resolve_in(scope, *names.right, name, span, matches);
  return left != nullptr ? left : right;
}

// An expression of an outer scope, used further in. Whatever it reads, naming every source it could read is safe.
const Expr* Binder::as_outer(const Expr* expr, const Scope* owner) {
  const bool aggregate = (expr->flags & kHasAggregate) != 0;
  mark_outer(owner, nullptr);
  if ((expr->flags & kHasColumn) != 0) {
    for (const Source* source : owner->sources) mark_outer(owner, source);
    if (owner->select != nullptr) {
      for (const Relation* relation : owner->select->outer_relations) mark_outer(owner, relation);
    }
  }
  depths_named_ |= depth_bit(owner->depth);
  // A node of its own carries the flags of this place.
  auto* copy = arena_.make<CollateExpr>();
  static_cast<Expr&>(*copy) = *expr;
  copy->kind = ExprKind::Collate;
  copy->operand = expr;
  copy->height = expr->height + 1;
  if ((expr->flags & kHasColumn) != 0 || aggregate) copy->flags |= kHasOuterColumn | kHasColumn;
  return copy;
}

const Expr* Binder::resolve_alias(Scope& scope, std::string_view name, Span span, bool* found) {
  static_cast<void>(span);
  for (std::size_t i = 0; i < scope.aliases.size(); ++i) {
    if (scope.aliases[i].data() == nullptr || !equals_ignoring_case(scope.aliases[i], name)) continue;
    *found = true;
    const Expr* expr = scope.columns[i].expr;
    if ((expr->flags & kHasWindow) != 0 && !(scope_->windows_allowed && &scope == scope_)) {
      error("misuse of aliased window function %.*s", scope.aliases[i]);
      return nullptr;
    }
    if ((expr->flags & kHasAggregate) != 0 && !(scope_->aggregates_allowed && &scope == scope_)) {
      // Named after the aggregate itself when the alias is nothing else.
      const auto* aggregate = expr->try_as<AggregateExpr>();
      if (aggregate == nullptr || scope.core == nullptr || aggregate->core != scope.core->core) {
        error("misuse of aliased aggregate %.*s", scope.aliases[i]);
      } else {
        const AggregateCall& call = scope.core->aggregates[static_cast<std::size_t>(aggregate->index)];
        error_at(aggregate->span, "misuse of aggregate: %.*s()", std::string_view(call.function->name));
      }
      return nullptr;
    }
    if (expr->kind == ExprKind::Row) {
      error("row value misused");
      return nullptr;
    }
    if (&scope != scope_) return as_outer(expr, &scope);
    if ((expr->flags & kHasColumn) != 0) depths_named_ |= depth_bit(scope.depth);
    return expr;
  }
  return nullptr;
}

const Expr* Binder::bind_column(const sql::ColumnExpr& node) {
  const std::string_view name = node.column.text;
  const bool qualified = node.table.present();
  const bool is_rowid = is_rowid_name(name);
  if (qualified && place_->prohibits_qualified) {
    error_at(node.span, "the \".\" operator prohibited in %.*s", std::string_view(place_->prohibits));
    return nullptr;
  }
  for (Scope* scope = scope_; scope != nullptr; scope = scope->outer) {
    int matches = 0;
    const Expr* found = nullptr;
    const int count = static_cast<int>(scope->sources.size());
    if (qualified) {
      Source* first = nullptr;
      int column = -1;
      for (int i = 0; i < count; ++i) {
        Source& source = *scope->sources[static_cast<std::size_t>(i)];
        if (!equals_ignoring_case(source.alias, node.table.text)) continue;
        if (node.schema.present()) {
          if (source.database < 0 || source.schema_hidden) continue;
          if (!equals_ignoring_case(environment_.database_name(source.database), node.schema.text)) continue;
        }
        int candidate = find_in(source, name);
        if (candidate < 0) {
          if (!is_rowid || !source.has_rowid) continue;
          candidate = source.table != nullptr && source.table->rowid_alias >= 0 ? source.table->rowid_alias
                                                                                : catalog::kRowidColumn;
        }
        if (++matches == 1) {
          first = &source;
          column = candidate;
        }
      }
      if (matches == 1) return column_of(*first, column, node.span);
      if (matches == 0 && scope->joins != nullptr && !node.schema.present()) {
        // The alias of a parenthesised join stands for all of it.
        for (const JoinNames* names = scope->joins; names != nullptr; names = names->left) {
          for (const JoinNames* one : {names, names->right}) {
            if (one == nullptr || one->alias.empty() || !equals_ignoring_case(one->alias, node.table.text)) continue;
            found = resolve_in(*scope, *one, name, node.span, &matches);
            if (!ok()) return nullptr;
          }
        }
      }
    } else {
      found = scope->joins != nullptr ? resolve_in(*scope, *scope->joins, name, node.span, &matches)
                                      : resolve_flat(*scope, 0, count, name, node.span, &matches);
      if (!ok()) return nullptr;
      if (matches == 0 && is_rowid) {
        Source* owner = nullptr;
        for (Source* source : scope->sources) {
          if (!source->has_rowid || source->qualified_only) continue;
          ++matches;
          owner = source;
        }
        if (matches == 1) {
          const bool alias = owner->table != nullptr && owner->table->rowid_alias >= 0;
          return column_of(*owner, alias ? owner->table->rowid_alias : catalog::kRowidColumn, node.span);
        }
      }
    }
    if (matches == 1) {
      // Merged columns are bound already, in the scope of their join.
      if (scope == scope_) return found;
      const auto* column = found->try_as<ColumnExpr>();
      if (column == nullptr) return as_outer(found, scope);
      return column_of(*const_cast<Source*>(static_cast<const Source*>(column->relation)), column->column, node.span);
    }
    if (matches > 1) {
      if (node.schema.present()) {
        error_at(node.span, "ambiguous column name: %.*s.%.*s.%.*s", node.schema.text, node.table.text, name);
      } else if (qualified) {
        error_at(node.span, "ambiguous column name: %.*s.%.*s", node.table.text, name);
      } else {
        error_at(node.span, "ambiguous column name: %.*s", name);
      }
      return nullptr;
    }
    if (!qualified && scope->aliases_visible) {
      bool is_alias = false;
      const Expr* expr = resolve_alias(*scope, name, node.span, &is_alias);
      if (is_alias) return expr;
    }
  }
  return unknown_column(node);
}

const Expr* Binder::unknown_column(const sql::ColumnExpr& node) {
  const std::string_view name = node.column.text;
  if (!node.table.present()) {
    if (node.column.quote == sql::Quote::Double) {
      if (place_->strings_in_double_quotes) return text_literal(name, node.span);
      error_at(node.span, "no such column: \"%.*s\" - should this be a string literal in single-quotes?", name);
      return nullptr;
    }
    if (node.column.quote == sql::Quote::None) {
      if (equals_ignoring_case(name, "true")) return integer_literal(1, node.span);
      if (equals_ignoring_case(name, "false")) return integer_literal(0, node.span);
    }
    error_at(node.span, "no such column: %.*s", name);
  } else if (node.schema.present()) {
    error_at(node.span, "no such column: %.*s.%.*s.%.*s", node.schema.text, node.table.text, name);
  } else {
    error_at(node.span, "no such column: %.*s.%.*s", node.table.text, name);
  }
  return nullptr;
}

}  // namespace perlite::bind
