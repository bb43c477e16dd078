#include "plan/dump.h"

namespace perlite::plan {

namespace {

class Dumper {
 public:
  String text;

  void query(const Query& query, int depth) {
    for (const KeptTable& table : query.kept_tables) {
      line(depth, "keep ", table.table->name, table.once ? " once" : "");
      this->query(*table.query, depth + 1);
    }
    op(*query.root, depth);
  }

  void op(const Operator& op, int depth) {
    switch (op.kind) {
      case OperatorKind::OneRow:
        line(depth, "one row");
        break;
      case OperatorKind::Scan:
        scan(op.as<Scan>(), depth);
        break;
      case OperatorKind::Derived: {
        const auto& derived = op.as<Derived>();
        line(depth, derived.kept ? "kept query " : "query ", derived.relation->alias, derived.once ? " once" : "");
        query(*derived.query, depth + 1);
        break;
      }
      case OperatorKind::CommonTableScan:
        line(depth, "scan kept ", op.as<CommonTableScan>().relation->alias);
        break;
      case OperatorKind::RecursiveScan:
        line(depth, "recursive row ", op.as<RecursiveScan>().relation->alias);
        break;
      case OperatorKind::NestedLoop: {
        const auto& loop = op.as<NestedLoop>();
        line(depth, loop.join == bind::JoinKind::Left ? "left loop" : "loop");
        this->op(*loop.left, depth + 1);
        this->op(*loop.right, depth + 1);
        break;
      }
      case OperatorKind::HashJoin: {
        const auto& hash = op.as<HashJoin>();
        static constexpr const char* kNames[] = {"hash join", "hash join", "left hash join", "right hash join",
                                                 "full hash join"};
        line(depth, kNames[static_cast<int>(hash.join)], " keys ", number(hash.keys.size()));
        this->op(*hash.left, depth + 1);
        this->op(*hash.right, depth + 1);
        break;
      }
      case OperatorKind::Filter:
        line(depth, "filter ", number(op.as<Filter>().conditions.size()));
        this->op(*op.as<Filter>().child, depth + 1);
        break;
      case OperatorKind::Aggregate: {
        const auto& aggregate = op.as<Aggregate>();
        static constexpr const char* kNames[] = {"aggregate", "aggregate ordered", "aggregate hash"};
        line(depth, kNames[static_cast<int>(aggregate.mode)], aggregate.first_row_suffices ? " first row" : "");
        this->op(*aggregate.child, depth + 1);
        break;
      }
      case OperatorKind::Project:
        line(depth, "project ", number(op.as<Project>().columns.size()));
        this->op(*op.as<Project>().child, depth + 1);
        break;
      case OperatorKind::Values:
        line(depth, "values ", number(op.as<Values>().rows_of.size()));
        break;
      case OperatorKind::Distinct:
        line(depth, "distinct", op.as<Distinct>().adjacent ? " adjacent" : "");
        this->op(*op.as<Distinct>().child, depth + 1);
        break;
      case OperatorKind::Sort:
        line(depth, "sort ", number(op.as<Sort>().keys.size()), op.as<Sort>().top_n ? " top" : "");
        this->op(*op.as<Sort>().child, depth + 1);
        break;
      case OperatorKind::Limit:
        line(depth, "limit");
        this->op(*op.as<Limit>().child, depth + 1);
        break;
      case OperatorKind::SetOperation: {
        static constexpr const char* kNames[] = {"", "union", "union all", "intersect", "except"};
        line(depth, kNames[static_cast<int>(op.as<SetOperation>().op)]);
        for (const Operator* arm : op.as<SetOperation>().arms) this->op(*arm, depth + 1);
        break;
      }
      case OperatorKind::RecursiveUnion:
        line(depth, "recursion ", op.as<RecursiveUnion>().table->name);
        query(*op.as<RecursiveUnion>().initial, depth + 1);
        for (const Query* step : op.as<RecursiveUnion>().steps) query(*step, depth + 1);
        break;
      case OperatorKind::CountRows: {
        const auto& count = op.as<CountRows>();
        line(depth, "count ", count.relation->alias, count.index == nullptr ? "" : " by ",
             count.index == nullptr ? std::string_view() : count.index->name);
        break;
      }
    }
  }

 private:
  static String number(std::size_t n) {
    String digits;
    do {
      digits.insert(digits.begin(), static_cast<char>('0' + n % 10));
      n /= 10;
    } while (n != 0);
    return digits;
  }
  template <class... Parts>
  void line(int depth, const Parts&... parts) {
    text.append(static_cast<std::size_t>(depth) * 2, ' ');
    (text.append(std::string_view(parts)), ...);
    text += '\n';
  }

  void scan(const Scan& scan, int depth) {
    const AccessPath& path = *scan.path;
    String how;
    static constexpr const char* kKinds[] = {" table", " rowid", " index ", " or", " source"};
    how += kKinds[static_cast<int>(path.kind)];
    if (path.kind == AccessKind::IndexScan) {
      how += path.index->name.empty() ? std::string_view("primary key") : path.index->name;
      if (path.covering) how += " covering";
    }
    if (!path.seeks.empty()) (how += " seek ") += number(path.seeks.size());
    if (path.lower.value != nullptr) how += path.lower.inclusive ? " >=" : " >";
    if (path.upper.value != nullptr) how += path.upper.inclusive ? " <=" : " <";
    if (path.unique) how += " unique";
    if (path.reverse) how += " reverse";
    line(depth, "scan ", scan.relation->alias, how);
    for (const AccessPath* branch : path.branches) {
      Scan inner = scan;
      inner.path = branch;
      this->scan(inner, depth + 1);
    }
  }
};

}  // namespace

String dump(const Query& query) {
  Dumper dumper;
  dumper.query(query, 0);
  return std::move(dumper.text);
}

String dump(const Operator& op) {
  Dumper dumper;
  dumper.op(op, 0);
  return std::move(dumper.text);
}

}  // namespace perlite::plan
