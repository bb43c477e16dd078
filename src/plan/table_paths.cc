// The ways into a stored table.
#include <algorithm>
#include <cmath>

#include "plan/planning.h"

namespace perlite::plan {

using bind::Affinity;
using bind::CompareOp;
using bind::Expr;
using bind::ExprKind;

namespace {

constexpr std::int32_t kNoColumn = -3;

// A condition that an index may serve: subject op value.
struct Term {
  enum class Kind : std::uint8_t { Equal, Is, IsNull, InList, InSelect, Lower, Upper };
  Kind kind;
  bool inclusive = false;
  const Expr* subject;
  std::int32_t column = kNoColumn;  // of the relation, where the subject is one
  const Expr* value = nullptr;
  bind::ExprList list;
  const bind::Select* select = nullptr;
  Affinity affinity = Affinity::None;
  const bind::Collation* collation = nullptr;
  RelationSet needs = 0;
  std::int32_t conjunct = 0;
  const Expr* source = nullptr;
};

// Storing has already done to the column what the comparison would do to it.
bool affinity_harmless(Affinity rule, Affinity column) {
  if (rule <= Affinity::Blob) return true;
  if (rule == Affinity::Text) return column == Affinity::Text;
  return record::is_numeric(column);
}

class Paths {
 public:
  Paths(Planning& planning, const bind::Relation& relation, RelationSet self, std::span<const Conjunct> conjuncts,
        Vector<const AccessPath*>* out)
      : p_(planning), relation_(relation), table_(*relation.table), self_(self), conjuncts_(conjuncts), out_(out) {
    rows_ = p_.rows_of(relation);
  }

  void run() {
    collect_terms();
    const bool any_index = p_.on(Rewrite::IndexAccess);
    const bool only_hint = relation_.hint == sql::IndexHint::IndexedBy && relation_.index_hint != nullptr;
    const bool uses_key = !only_hint || relation_.index_hint == table_.primary_key;  // of a WITHOUT ROWID table
    if (any_index && !only_hint && !table_.without_rowid) {
      rowid_paths();
      // Nothing is better than one row by its rowid.
      const auto is_best = [](const AccessPath* path) { return path->unique && path->needs == 0; };
      if (std::any_of(out_->begin(), out_->end(), is_best)) return;
    }
    if (any_index && relation_.hint != sql::IndexHint::NotIndexed) {
      // Of two that cost the same the newer one is taken.
      for (std::size_t i = table_.indexes.size(); i-- > 0;) {
        const catalog::Index* index = table_.indexes[i];
        if (!only_hint || index == relation_.index_hint) index_paths(*index);
      }
    }
    if (any_index && uses_key && table_.primary_key != nullptr) index_paths(*table_.primary_key);
    if (any_index && !only_hint && relation_.hint != sql::IndexHint::NotIndexed && !table_.without_rowid &&
        p_.on(Rewrite::MultiIndexOr)) {
      or_paths();
    }
    if (uses_key) {
      AccessPath* scan = p_.arena.make<AccessPath>();
      if (table_.without_rowid) {
        scan->kind = AccessKind::IndexScan;
        scan->index = table_.primary_key;
        scan->covering = true;
      }
      scan->rows = rows_;
      scan->cost = rows_;
      out_->push_back(scan);
    } else if (out_->empty() && partial_index_holds(*relation_.index_hint)) {
      full_index_scan(*relation_.index_hint);
    }
  }

 private:
  void collect_terms() {
    terms_.reserve(conjuncts_.size() + 1);
    masks_.reserve(4);
    for (const Conjunct& conjunct : conjuncts_) {
      if ((conjunct.uses & self_) == 0 || conjunct.pinned) continue;
      add_terms(conjunct);
    }
    RelationSet all = 0;
    for (const Term& term : terms_) all |= term.needs;
    if (all == 0) {
      masks_.push_back(0);
      return;
    }
    for (const Term& term : terms_) {
      if (std::find(masks_.begin(), masks_.end(), term.needs) == masks_.end()) masks_.push_back(term.needs);
    }
    for (const RelationSet mask : {RelationSet{0}, all}) {
      if (std::find(masks_.begin(), masks_.end(), mask) == masks_.end()) masks_.push_back(mask);
    }
    std::sort(masks_.begin(), masks_.end());
  }

  void push(Term& term) {
    const bind::ColumnExpr* column = column_of(p_.plan, *term.subject);
    term.column = column != nullptr && column->relation == &relation_ ? column->column : kNoColumn;
    terms_.push_back(term);
  }

  bool is_subject(const Expr& side) const {
    if (is_constant(side)) return false;
    const bind::ColumnExpr* column = column_of(p_.plan, side);
    if (column != nullptr) return column->relation == &relation_;
    return has_expression_index() && p_.set_of(side) == self_;
  }
  bool has_expression_index() const {
    for (const catalog::Index* index : table_.indexes) {
      for (const catalog::IndexColumn& column : index->columns) {
        if (column.column == catalog::kExpressionColumn) return true;
      }
    }
    return false;
  }

  void add_terms(const Conjunct& conjunct) {
    const Expr& expr = *conjunct.expr;
    Term term{};
    term.conjunct = conjunct.index;
    term.source = &expr;
    switch (expr.kind) {
      case ExprKind::Compare: {
        const auto& compare = expr.as<bind::CompareExpr>();
        if (compare.rules.size() != 1) return row_terms(conjunct, compare);
        for (const bool swapped : {false, true}) {
          const Expr* subject = swapped ? compare.right : compare.left;
          const Expr* value = swapped ? compare.left : compare.right;
          if (!is_subject(*subject)) continue;
          term.needs = p_.set_of(*value);
          if ((term.needs & self_) != 0) continue;
          term.subject = subject;
          term.value = value;
          term.affinity = compare.rules[0].affinity;
          term.collation = compare.rules[0].collation;
          switch (compare.op) {
            case CompareOp::Equal:
              term.kind = Term::Kind::Equal;
              break;
            case CompareOp::Is:
              term.kind = Term::Kind::Is;
              break;
            case CompareOp::Less:
            case CompareOp::LessEqual:
              term.kind = swapped ? Term::Kind::Lower : Term::Kind::Upper;
              term.inclusive = compare.op == CompareOp::LessEqual;
              break;
            case CompareOp::Greater:
            case CompareOp::GreaterEqual:
              term.kind = swapped ? Term::Kind::Upper : Term::Kind::Lower;
              term.inclusive = compare.op == CompareOp::GreaterEqual;
              break;
            default:
              continue;
          }
          push(term);
        }
        return;
      }
      case ExprKind::Between: {
        const auto& between = expr.as<bind::BetweenExpr>();
        if (between.negated || !is_subject(*between.operand)) return;
        // Both ends bound the range; the condition itself is checked again unless both were used.
        term.subject = between.operand;
        term.inclusive = true;
        term.conjunct = -1;
        term.value = between.low;
        term.needs = p_.set_of(*between.low);
        term.affinity = between.low_rule.affinity;
        term.collation = between.low_rule.collation;
        term.kind = Term::Kind::Lower;
        if ((term.needs & self_) == 0) push(term);
        term.value = between.high;
        term.needs = p_.set_of(*between.high);
        term.affinity = between.high_rule.affinity;
        term.collation = between.high_rule.collation;
        term.kind = Term::Kind::Upper;
        if ((term.needs & self_) == 0) push(term);
        return;
      }
      case ExprKind::Unary: {
        const auto& unary = expr.as<bind::UnaryExpr>();
        if (unary.op != bind::UnaryOp::IsNull || !is_subject(*unary.operand)) return;
        term.kind = Term::Kind::IsNull;
        term.subject = unary.operand;
        push(term);
        return;
      }
      case ExprKind::InList: {
        const auto& in = expr.as<bind::InListExpr>();
        if (in.negated || in.rules.size() != 1 || !p_.on(Rewrite::InSeek) || !is_subject(*in.operand)) return;
        for (const Expr* e : in.list) term.needs |= p_.set_of(*e);
        if ((term.needs & self_) != 0) return;
        term.kind = Term::Kind::InList;
        term.subject = in.operand;
        term.list = in.list;
        term.affinity = in.rules[0].affinity;
        term.collation = in.rules[0].collation;
        push(term);
        return;
      }
      case ExprKind::InSelect: {
        const auto& in = expr.as<bind::InSelectExpr>();
        if (in.negated || in.rules.size() != 1 || !p_.on(Rewrite::InSeek) || !is_subject(*in.operand)) return;
        if (in.select->correlated) return;
        term.kind = Term::Kind::InSelect;
        term.subject = in.operand;
        term.select = in.select;
        term.affinity = in.rules[0].affinity;
        term.collation = in.rules[0].collation;
        push(term);
        return;
      }
      case ExprKind::Function:
        return pattern_terms(conjunct, expr.as<bind::FunctionExpr>());
      default:
        return;
    }
  }

  // (a, b) > (x, y) implies a >= x.
  void row_terms(const Conjunct& conjunct, const bind::CompareExpr& compare) {
    const auto* left = compare.left->try_as<bind::RowExpr>();
    const auto* right = compare.right->try_as<bind::RowExpr>();
    if (left == nullptr || right == nullptr || compare.op < CompareOp::Less || compare.op > CompareOp::GreaterEqual) {
      return;
    }
    for (const bool swapped : {false, true}) {
      Term term{};
      term.subject = swapped ? right->elements[0] : left->elements[0];
      term.value = swapped ? left->elements[0] : right->elements[0];
      term.needs = p_.set_of(*term.value);
      if (!is_subject(*term.subject) || (term.needs & self_) != 0) continue;
      const bool less = compare.op == CompareOp::Less || compare.op == CompareOp::LessEqual;
      term.kind = less != swapped ? Term::Kind::Upper : Term::Kind::Lower;
      term.inclusive = true;
      term.affinity = compare.rules[0].affinity;
      term.collation = compare.rules[0].collation;
      term.conjunct = -1;
      term.source = conjunct.expr;
      push(term);
    }
  }

  // x LIKE 'abc%' lies between 'abc' and 'abd' (optoverview.html 5).
  void pattern_terms(const Conjunct& conjunct, const bind::FunctionExpr& call) {
    const bool glob = call.function->has(vm::kGlob);
    const bool folds = !call.function->has(vm::kMatchesCase);
    if ((!call.function->has(vm::kLike) && !glob) || call.arguments.size() != 2 || !p_.on(Rewrite::LikeRange)) return;
    if (p_.environment.encoding() != TextEncoding::Utf8) return;
    const auto* pattern = call.arguments[0]->try_as<bind::LiteralExpr>();
    const bind::ColumnExpr* column = column_of(p_.plan, *call.arguments[1]);
    if (pattern == nullptr || pattern->value.type != ValueType::Text || column == nullptr ||
        column->relation != &relation_ || column->column < 0 ||
        table_.columns[static_cast<std::size_t>(column->column)].affinity != Affinity::Text) {
      return;
    }
    const std::string_view text = pattern->value.bytes();
    const std::string_view specials = glob ? "*?[" : "%_";
    std::size_t length = text.find_first_of(specials);
    if (length == std::string_view::npos) length = text.size();
    // The last character must have a successor of one byte less than 0x80, so that the bound is text.
    while (length > 0 && (static_cast<unsigned char>(text[length - 1]) >= 0x7f)) --length;
    if (length == 0) return;
    const auto literal = [&](std::string_view bytes) {
      auto* e = p_.arena.make<bind::LiteralExpr>();
      e->kind = ExprKind::Literal;
      e->flags = bind::kIsConstant;
      e->affinity = Affinity::None;
      e->span = call.span;
      e->value.set_text_borrowed(p_.arena.copy_text(bytes), TextEncoding::Utf8, record::Value::kStatic);
      return e;
    };
    String low(text.substr(0, length));
    if (folds) {
      // Letters compare without case; the bounds are made of one case, that order folds to.
      for (char& c : low) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      }
    }
    String high = low;
    high.back() = static_cast<char>(high.back() + 1);
    // Under NOCASE a letter's successor is never a capital: '@' + 1 would be.
    if (folds && high.back() >= 'A' && high.back() <= 'Z') return;
    Term term{};
    term.subject = call.arguments[1];
    term.collation = folds ? &record::nocase_collation() : &record::binary_collation();
    term.conjunct = -1;
    term.source = conjunct.expr;
    term.kind = Term::Kind::Lower;
    term.inclusive = true;
    term.value = literal(low);
    push(term);
    term.kind = Term::Kind::Upper;
    term.inclusive = false;
    term.value = literal(high);
    push(term);
  }

  // ---- matching ----

  bool is_rowid(std::int32_t column) const {
    return !table_.without_rowid && (column == catalog::kRowidColumn || column == table_.rowid_alias);
  }

  bool subject_is(const Term& term, const catalog::Index& index, std::size_t position) const {
    const catalog::IndexColumn& wanted = index.columns[position];
    if (wanted.column == catalog::kExpressionColumn) {
      const Expr* expression = expression_of(index, position);
      return expression != nullptr && p_.on(Rewrite::ExpressionIndex) &&
             same_expression(p_.plan, *term.subject, *expression) &&
             affinity_harmless(term.affinity, expression->affinity);
    }
    if (is_rowid(wanted.column)) {
      return is_rowid(term.column) && affinity_harmless(term.affinity, Affinity::Integer);
    }
    return term.column == wanted.column &&
           affinity_harmless(term.affinity, table_.columns[static_cast<std::size_t>(wanted.column)].affinity);
  }
  const Expr* expression_of(const catalog::Index& index, std::size_t position) const {
    if (relation_.expressions == nullptr || index.is_table) return nullptr;
    const auto at = static_cast<std::size_t>(index.ordinal);
    if (at >= relation_.expressions->indexes.size()) return nullptr;
    const auto& columns = relation_.expressions->indexes[at].columns;
    return position < columns.size() ? columns[position] : nullptr;
  }
  bool collation_is(const Term& term, std::string_view name) const {
    const char* own = term.collation == nullptr ? "BINARY" : term.collation->name;
    if (own == name) return true;
    if (std::string_view(own).size() != name.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      const auto fold = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
      if (fold(own[i]) != fold(name[i])) return false;
    }
    return true;
  }

  static Seek seek_of(const Term& term) {
    Seek seek;
    seek.value = term.value;
    seek.affinity = term.affinity;
    seek.source = term.source;
    switch (term.kind) {
      case Term::Kind::Is:
        seek.null_matches = true;
        break;
      case Term::Kind::IsNull:
        seek.kind = Seek::Kind::IsNull;
        break;
      case Term::Kind::InList:
        seek.kind = Seek::Kind::InList;
        seek.list = term.list;
        break;
      case Term::Kind::InSelect:
        seek.kind = Seek::Kind::InSelect;
        seek.select = term.select;
        break;
      default:
        break;
    }
    return seek;
  }
  static bool is_seek(Term::Kind kind) { return kind < Term::Kind::Lower; }
  static double values_of(const Seek& seek) {
    if (seek.kind == Seek::Kind::InList) return std::max<double>(1, static_cast<double>(seek.list.size()));
    return seek.kind == Seek::Kind::InSelect ? 25 : 1;
  }
  static Bound bound_of(const Term& term) { return Bound{term.value, term.inclusive, term.affinity, term.source}; }

  // x GLOB 'abc*' is all that its range says; the beginning is then as long as the text before the last letter.
  static bool is_only_a_beginning(const Expr& source) {
    const auto* call = source.try_as<bind::FunctionExpr>();
    if (call == nullptr) return false;
    const std::string_view text = call->arguments[0]->as<bind::LiteralExpr>().value.bytes();
    const bool glob = call->function->has(vm::kGlob);
    return text.size() > 1 && text.find_first_of(glob ? "*?[" : "%_") == text.size() - 1 &&
           text.back() == (glob ? '*' : '%') && static_cast<unsigned char>(text[text.size() - 2]) < 0x7f;
  }

  // Notes that the path answers the term: -1 marks a term that only narrows; of BETWEEN both ends together answer it.
  void use(const Term& term, Vector<std::int32_t>* used) const {
    if (term.conjunct >= 0) used->push_back(term.conjunct);
  }
  void use_between(const Bound& lower, const Bound& upper, Vector<std::int32_t>* used) const {
    if (lower.source == nullptr || lower.source != upper.source) return;
    if (lower.source->kind != ExprKind::Between && !is_only_a_beginning(*lower.source)) return;
    for (const Conjunct& conjunct : conjuncts_) {
      if (conjunct.expr == lower.source) used->push_back(conjunct.index);
    }
  }

  void rowid_paths() {
    const auto is_about_rowid = [&](const Term& term) { return is_rowid(term.column); };
    if (std::none_of(terms_.begin(), terms_.end(), is_about_rowid)) return;
    Vector<std::int32_t> used;
    for (const RelationSet mask : masks_) {
      const Term* equal = nullptr;
      const Term* lower = nullptr;
      const Term* upper = nullptr;
      for (const Term& term : terms_) {
        if ((term.needs & ~mask) != 0 || !is_rowid(term.column) ||
            !affinity_harmless(term.affinity, Affinity::Integer)) {
          continue;
        }
        // A rowid is an integer: NULL equals none, and text in a comparison without affinity equals none.
        if (term.kind == Term::Kind::Equal || term.kind == Term::Kind::InList || term.kind == Term::Kind::InSelect) {
          if (term.affinity <= Affinity::Blob && !numeric_value(term)) continue;
          if (equal == nullptr || term.kind == Term::Kind::Equal) equal = &term;
        }
        if (term.kind == Term::Kind::Lower && lower == nullptr) lower = &term;
        if (term.kind == Term::Kind::Upper && upper == nullptr) upper = &term;
      }
      if (equal == nullptr && lower == nullptr && upper == nullptr) continue;
      if ((equal != nullptr ? equal->needs : needs_of(lower, upper)) != mask) continue;
      AccessPath& path = *p_.arena.make<AccessPath>();
      path.needs = mask;
      used.clear();
      if (equal != nullptr) {
        path.kind = AccessKind::RowidSeek;
        Seek seek = seek_of(*equal);
        seek.affinity = Affinity::Integer;
        path.seeks = p_.arena.copy_array(std::span<const Seek>(&seek, 1));
        path.unique = equal->kind == Term::Kind::Equal;
        path.rows = values_of(seek);
        path.cost = path.rows * kSeekCost;
        use(*equal, &used);
      } else {
        path.kind = AccessKind::FullScan;
        const double part = bound(path, lower, upper, &used);
        path.rows = std::max(1.0, rows_ * part);
        path.cost = kSeekCost + path.rows;
      }
      path.used = p_.arena.copy_array(used);
      out_->push_back(&path);
    }
  }
  static RelationSet needs_of(const Term* lower, const Term* upper) {
    return (lower != nullptr ? lower->needs : 0) | (upper != nullptr ? upper->needs : 0);
  }
  // The range of a path, from terms that may be null. Answers which part of the rows is thought to lie in it.
  double bound(AccessPath& path, const Term* lower, const Term* upper, Vector<std::int32_t>* used) const {
    double part = 1;
    if (lower != nullptr) {
      path.lower = bound_of(*lower);
      use(*lower, used);
      part *= 0.25;
    }
    if (upper != nullptr) {
      path.upper = bound_of(*upper);
      use(*upper, used);
      part *= 0.25;
    }
    if (lower != nullptr && upper != nullptr) use_between(path.lower, path.upper, used);
    return part;
  }
  bool numeric_value(const Term& term) const {
    if (term.value == nullptr) return false;
    const auto* literal = term.value->try_as<bind::LiteralExpr>();
    if (literal != nullptr) return literal->value.is_numeric();
    return record::is_numeric(term.value->affinity);
  }

  bool covers(const catalog::Index& index) const {
    if (index.is_table) return true;
    if (!p_.on(Rewrite::CoveringIndex)) return false;
    const std::uint64_t used = relation_.columns_used;
    if (table_.columns.size() <= 63) {  // a bit for each
      std::uint64_t held = 0;
      if (!table_.without_rowid && table_.rowid_alias >= 0) held |= std::uint64_t{1} << table_.rowid_alias;
      for (const catalog::IndexColumn& column : index.columns) {
        if (column.column >= 0) held |= std::uint64_t{1} << column.column;
      }
      return (used & ~held) == 0;
    }
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      if ((used >> std::min<std::size_t>(c, 63) & 1) == 0) continue;
      if (!index_holds(index, static_cast<std::int32_t>(c))) return false;
    }
    return true;
  }
  bool index_holds(const catalog::Index& index, std::int32_t column) const {
    if (is_rowid(column)) return true;
    for (const catalog::IndexColumn& held : index.columns) {
      if (held.column == column) return true;
    }
    return false;
  }

  bool partial_index_holds(const catalog::Index& index) const {
    if (index.where == nullptr) return true;
    if (!p_.on(Rewrite::PartialIndex) || relation_.expressions == nullptr) return false;
    const auto at = static_cast<std::size_t>(index.ordinal);
    if (at >= relation_.expressions->indexes.size()) return false;
    Vector<const Expr*> wanted;
    add_conjuncts(relation_.expressions->indexes[at].where, &wanted);
    if (wanted.empty()) return false;
    for (const Expr* condition : wanted) {
      bool implied = false;
      for (const Conjunct& conjunct : conjuncts_) {
        if ((conjunct.uses & self_) == 0) continue;
        implied |= same_expression(p_.plan, *condition, *conjunct.expr) || implies_not_null(*conjunct.expr, *condition);
      }
      if (!implied) return false;
    }
    return true;
  }
  // x = 5 and the like imply x IS NOT NULL.
  bool implies_not_null(const Expr& known, const Expr& wanted) const {
    const auto* unary = wanted.try_as<bind::UnaryExpr>();
    if (unary == nullptr || unary->op != bind::UnaryOp::NotNull) return false;
    const auto is = [&](const Expr* e) { return same_expression(p_.plan, *e, *unary->operand); };
    if (const auto* compare = known.try_as<bind::CompareExpr>()) {
      if (compare->rules.size() != 1 || compare->op == CompareOp::Is || compare->op == CompareOp::IsNot) return false;
      return is(compare->left) || is(compare->right);
    }
    if (const auto* in = known.try_as<bind::InListExpr>()) return !in->negated && in->rules.size() == 1 && is(in->operand);
    if (const auto* between = known.try_as<bind::BetweenExpr>()) return !between->negated && is(between->operand);
    return false;
  }

  double equal_rows(const catalog::Index& index, std::size_t count) const {
    if (index.unique && count >= index.key_columns) return 1;
    if (const auto* s = p_.statistics_of(relation_, &index); s != nullptr && s->average_equal.size() >= count) {
      return std::max<double>(1, static_cast<double>(s->average_equal[count - 1]));
    }
    static constexpr double kGuess[] = {10, 9, 8, 7, 6, 5};
    return std::min(rows_, kGuess[std::min<std::size_t>(count - 1, 5)]);
  }

  void full_index_scan(const catalog::Index& index) {
    AccessPath path;
    path.kind = AccessKind::IndexScan;
    path.index = &index;
    path.covering = covers(index);
    path.rows = rows_;
    // The shorter an entry the more of them a page holds.
    const double width = entry_width(table_, index) / row_width(table_);
    path.cost = rows_ * (path.covering ? 0.8 + 0.1 * std::min(1.0, width) : 1 + kLookupCost);
    if (index.where != nullptr) {
      path.rows *= 0.5;
      path.cost *= 0.5;
    }
    out_->push_back(p_.arena.make<AccessPath>(path));
  }

  void index_paths(const catalog::Index& index) {
    if (!partial_index_holds(index)) return;
    const auto serves = [&](const Term& term) { return subject_is(term, index, 0); };
    if (std::any_of(terms_.begin(), terms_.end(), serves)) seek_paths(index);
    if (index.is_table) return;
    // A row of the table holds its rowid as well, unless a column is that.
    const std::size_t row_fields = table_.columns.size() + (table_.rowid_alias < 0 ? 1 : 0);
    const bool smaller = table_.without_rowid ? index.origin == catalog::IndexOrigin::Create ||
                                                    index.columns.size() < table_.columns.size()
                                              : index.columns.size() < row_fields && !p_.table_order;
    if (index.where != nullptr || p_.want_order || (smaller && covers(index))) full_index_scan(index);
  }

  // The ways by values or a range of the first columns of an index.
  void seek_paths(const catalog::Index& index) {
    Vector<Seek> seeks;
    Vector<std::int32_t> used;
    // In the tree of a WITHOUT ROWID table the columns behind the key are in no order.
    const std::size_t ordered = index.is_table ? index.key_columns : index.columns.size();
    const auto* statistics = p_.statistics_of(relation_, &index);
    const bool covering = covers(index);
    for (const RelationSet mask : masks_) {
      seeks.clear();
      used.clear();
      RelationSet needs = 0;
      double values = 1;
      bool exact = true;
      std::size_t position = 0;
      for (; position < ordered; ++position) {
        const Term* best = nullptr;
        for (const Term& term : terms_) {
          if ((term.needs & ~mask) != 0 || !is_seek(term.kind) || !subject_is(term, index, position) ||
              (term.kind != Term::Kind::IsNull && !collation_is(term, index.columns[position].collation))) {
            continue;
          }
          if (best == nullptr || term.kind < best->kind) best = &term;
        }
        if (best == nullptr) break;
        if (is_rowid(index.columns[position].column) && best->kind == Term::Kind::IsNull) break;
        seeks.push_back(seek_of(*best));
        values *= values_of(seeks.back());
        exact &= best->kind == Term::Kind::Equal;
        needs |= best->needs;
        use(*best, &used);
      }
      const Term* lower = nullptr;
      const Term* upper = nullptr;
      if (position < ordered && (statistics == nullptr || !statistics->unordered)) {
        for (const Term& term : terms_) {
          if ((term.needs & ~mask) != 0 || is_seek(term.kind) || !subject_is(term, index, position) ||
              !collation_is(term, index.columns[position].collation)) {
            continue;
          }
          // A condition that the range answers wholly goes before one that must be checked again.
          if (term.kind == Term::Kind::Lower && (lower == nullptr || (lower->conjunct < 0 && term.conjunct >= 0))) lower = &term;
          if (term.kind == Term::Kind::Upper && (upper == nullptr || (upper->conjunct < 0 && term.conjunct >= 0))) upper = &term;
        }
      }
      if (seeks.empty() && lower == nullptr && upper == nullptr) continue;
      if ((needs | needs_of(lower, upper)) != mask) continue;
      AccessPath& path = *p_.arena.make<AccessPath>();
      path.kind = AccessKind::IndexScan;
      path.index = &index;
      path.covering = covering;
      path.unique = exact && index.unique && seeks.size() >= index.key_columns;
      path.needs = mask;
      const double part = bound(path, lower, upper, &used);
      path.seeks = p_.arena.copy_array(seeks);
      path.used = p_.arena.copy_array(used);
      const double each = seeks.empty() ? rows_ : equal_rows(index, seeks.size());
      path.rows = path.unique ? 1 : std::max(1.0, std::min(rows_, each * values) * part);
      path.cost = values * kSeekCost + path.rows * (covering ? 0.9 : 1 + kLookupCost);
      out_->push_back(&path);
    }
  }

  // a = 1 OR b = 2 where each side has a way of its own.
  void or_paths() {
    for (const Conjunct& conjunct : conjuncts_) {
      const auto* binary = conjunct.expr->try_as<bind::BinaryExpr>();
      if (conjunct.pinned || (conjunct.uses & self_) == 0 || binary == nullptr || binary->op != bind::BinaryOp::Or) continue;
      Vector<const Expr*> sides;
      Vector<const Expr*> todo{conjunct.expr};
      while (!todo.empty()) {
        const Expr* e = todo.back();
        todo.pop_back();
        const auto* either = e->try_as<bind::BinaryExpr>();
        if (either != nullptr && either->op == bind::BinaryOp::Or) {
          todo.push_back(either->right);
          todo.push_back(either->left);
        } else {
          sides.push_back(e);
        }
      }
      AccessPath path;
      path.kind = AccessKind::MultiIndexOr;
      auto branches = p_.arena.make_array<const AccessPath*>(sides.size());
      auto conditions = p_.arena.make_array<std::span<const Conjunct>>(sides.size());
      bool all = true;
      for (std::size_t i = 0; i < sides.size() && all; ++i) {
        Vector<const Expr*> parts;
        add_conjuncts(sides[i], &parts);
        Vector<Conjunct> own;
        for (const Expr* part : parts) {
          own.push_back({part, p_.set_of(*part), !deterministic(*part), false, static_cast<std::int32_t>(own.size())});
        }
        Vector<const AccessPath*> ways;
        Paths inner(p_, relation_, self_, own, &ways);
        inner.in_or_ = true;
        inner.run_branch();
        const AccessPath* best = nullptr;
        for (const AccessPath* way : ways) {
          const bool seeks = !way->seeks.empty() || way->lower.value != nullptr || way->upper.value != nullptr;
          if (seeks && (best == nullptr || way->cost < best->cost)) best = way;
        }
        all = best != nullptr;
        if (!all) break;
        Vector<Conjunct> rest;
        for (const Conjunct& c : own) {
          if (std::find(best->used.begin(), best->used.end(), c.index) == best->used.end()) rest.push_back(c);
        }
        branches[i] = best;
        conditions[i] = p_.arena.copy_array(rest);
        path.needs |= best->needs;
        path.rows += best->rows;
        path.cost += best->cost + best->rows * (best->covering ? kLookupCost : 0);
      }
      if (!all) continue;
      // The other relations of the condition must stand, for the parts that are checked.
      path.needs |= conjunct.uses & ~self_;
      path.cost += path.rows * 0.5;
      path.branches = branches;
      path.branch_conditions = conditions;
      const std::int32_t used[] = {conjunct.index};
      path.used = p_.arena.copy_array(std::span<const std::int32_t>(used));
      out_->push_back(p_.arena.make<AccessPath>(path));
    }
  }
  void run_branch() {
    collect_terms();
    rowid_paths();
    for (std::size_t i = table_.indexes.size(); i-- > 0;) index_paths(*table_.indexes[i]);
  }

  Planning& p_;
  const bind::Relation& relation_;
  const catalog::Table& table_;
  RelationSet self_;
  std::span<const Conjunct> conjuncts_;
  Vector<const AccessPath*>* out_;
  Vector<Term> terms_;
  Vector<RelationSet> masks_;
  double rows_ = 0;
  bool in_or_ = false;
};

}  // namespace

void table_paths(Planning& planning, const bind::Relation& relation, RelationSet self,
                 std::span<const Conjunct> conjuncts, Vector<const AccessPath*>* out) {
  Paths(planning, relation, self, conjuncts, out).run();
}

}  // namespace perlite::plan
