// EXPLAIN QUERY PLAN in stock's words (manual: eqp.html).
#include "codegen/generator.h"
#include "plan/expressions.h"

namespace perlite::codegen {

using plan::AccessKind;
using plan::AccessPath;
using plan::Seek;

String decimal(std::size_t number) {
  char digits[24];
  std::size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return String(digits + at, sizeof digits - at);
}

std::int32_t Generator::plan_line(std::string_view detail) {
  if (!want_plan_lines_) return 0;
  b_.program().plan.push_back({++plan_line_count_, plan_parent_, b_.name(detail)});
  return plan_line_count_;
}

std::int32_t Generator::plan_line_of_query(std::string_view what, const bind::Select& select) {
  if (!want_plan_lines_) return 0;
  String line(what);
  line += ' ';
  line += decimal(static_cast<std::size_t>(select.id));
  return plan_line(line);
}

std::int32_t Generator::line_of_relation(const char* what, const bind::Relation& relation) {
  if (!want_plan_lines_) return 0;
  String line(what);
  if (!relation.alias.empty()) {
    line += relation.alias;
  } else if (!relation.name.empty()) {
    line += relation.name;
  } else {
    line += "(subquery-";
    line += decimal(static_cast<std::size_t>(relation.select == nullptr ? 0 : relation.select->id));
    line += ')';
  }
  if (left_join_ && line.compare(0, 4, "SCAN") == 0) {
    line += " LEFT-JOIN";
    left_join_ = false;
  }
  return plan_line(line);
}

namespace {

std::string_view column_name(const bind::Relation& relation, const catalog::Index& index, std::size_t position) {
  const std::int32_t column = index.columns[position].column;
  if (column == catalog::kExpressionColumn) return "<expr>";
  if (column < 0) return "rowid";
  return relation.table->columns[static_cast<std::size_t>(column)].name;
}

}  // namespace

String Generator::access_text(const bind::Relation& relation, const AccessPath& path) const {
  String text;
  const auto range = [&](std::string_view name, bool first) {
    if (path.lower.value != nullptr) {
      if (!first) text += " AND ";
      (text += name) += ">?";
      first = false;
    }
    if (path.upper.value != nullptr) {
      if (!first) text += " AND ";
      (text += name) += "<?";
    }
  };
  const bool ranged = path.lower.value != nullptr || path.upper.value != nullptr;
  switch (path.kind) {
    case AccessKind::FullScan:
      if (ranged) {
        text += " USING INTEGER PRIMARY KEY (";
        range("rowid", true);
        text += ')';
      }
      break;
    case AccessKind::RowidSeek:
      text += " USING INTEGER PRIMARY KEY (rowid=?)";
      break;
    case AccessKind::IndexScan: {
      const catalog::Index& index = *path.index;
      if (index.is_table) {
        if (path.seeks.empty() && !ranged) break;
        text += " USING PRIMARY KEY";
      } else {
        text += path.covering ? " USING COVERING INDEX " : " USING INDEX ";
        text += index.name;
      }
      if (path.seeks.empty() && !ranged) break;
      text += " (";
      for (std::size_t i = 0; i < path.seeks.size(); ++i) {
        if (i > 0) text += " AND ";
        (text += column_name(relation, index, i)) += "=?";
      }
      if (ranged) range(column_name(relation, index, path.seeks.size()), path.seeks.empty());
      text += ')';
      break;
    }
    case AccessKind::Source:
      text += " VIRTUAL TABLE INDEX ";
      if (path.plan_number < 0) text += '-';
      text += decimal(static_cast<std::size_t>(path.plan_number < 0 ? -static_cast<std::int64_t>(path.plan_number)
                                                                    : path.plan_number));
      text += ':';
      if (path.plan_text != nullptr) text += path.plan_text->bytes();
      break;
    case AccessKind::MultiIndexOr:
      break;
  }
  return text;
}

void Generator::line_of_scan(const plan::Scan& op) {
  if (!want_plan_lines_) return;
  const auto is_search = [](const AccessPath& path) {
    return !path.seeks.empty() || path.lower.value != nullptr || path.upper.value != nullptr;
  };
  const bind::Relation& relation = *op.relation;
  const AccessPath& path = *op.path;
  if (path.kind == AccessKind::MultiIndexOr) {
    const Restore<std::int32_t> parent(plan_parent_);
    plan_parent_ = plan_line("MULTI-INDEX OR");
    const std::int32_t outer = plan_parent_;
    for (std::size_t i = 0; i < path.branches.size(); ++i) {
      plan_parent_ = outer;
      plan_parent_ = plan_line("INDEX " + decimal(i + 1));
      String line("SEARCH ");
      line += relation.alias;
      AccessPath branch = *path.branches[i];
      branch.covering = false;
      line += access_text(relation, branch);
      plan_line(line);
    }
    left_join_ = false;
    return;
  }
  const bool hashed = !hash_keys_.empty() && !is_search(path) && path.kind != AccessKind::Source;
  String line(is_search(path) || hashed || one_end_ ? "SEARCH " : "SCAN ");
  one_end_ = false;
  line += relation.alias.empty() ? relation.name : relation.alias;
  if (hashed) {
    // Stock builds an index for the statement where we build a hash table.
    line += " USING AUTOMATIC COVERING INDEX (";
    bool first = true;
    for (const plan::JoinKey& join_key : hash_keys_) {
      const bind::ColumnExpr* column = plan::column_of(plan_, *join_key.build);
      if (!first) line += " AND ";
      first = false;
      line += column == nullptr      ? std::string_view("<expr>")
              : column->column < 0 ? std::string_view("rowid")
                                     : column->relation->columns[static_cast<std::size_t>(column->column)].name;
      line += "=?";
    }
    line += ')';
    hash_keys_ = {};
  } else {
    line += access_text(relation, path);
  }
  if (left_join_) line += " LEFT-JOIN";
  left_join_ = false;
  plan_line(line);
}

}  // namespace perlite::codegen
