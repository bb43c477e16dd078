// tests/compat/sql_generator.h: SQL made by chance, the same for the same seed.
//
// Only what has one right answer is made: no sums of reals whose order would show, no bare columns beside aggregates,
// no LIMIT without a complete order. What releases or builds do differently is left out: a REAL is never turned into
// text (its digits), LIKE gets no blob (LIKE_DOESNT_MATCH_BLOBS), no text has a NUL in it, rowids are given as small
// integers (a mismatch once left the rows before it), and there are no RIGHT and FULL joins (faulty in 3.40).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace perlite::compat {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <class List>
  auto pick(const List& list) {
    return list[static_cast<std::size_t>(below(static_cast<int>(std::size(list))))];
  }

 private:
  std::uint64_t state_;
};

struct GeneratedStatement {
  std::string sql;
  bool ordered = false;  // the order of its rows is part of the answer
};

class SqlGenerator {
 public:
  explicit SqlGenerator(std::uint64_t seed) : random_(seed) {}

  // A table `v` of one row with a column of each affinity, and expressions over it.
  static std::vector<std::string> expression_setup();
  std::string scalar_expression();

  // Statements of one session, in order: schema, data, queries, changes.
  std::vector<GeneratedStatement> session(int statements);

 private:
  struct Column {
    std::string name;
    std::string type;
    bool may_be_real = true;
    bool is_row_key = false;  // INTEGER PRIMARY KEY: takes integers only
  };
  struct Table {
    std::string name;
    std::vector<Column> columns;
    bool has_rowid = true;
  };

  std::string literal(bool text_only);
  std::string value_for(const Column& column);
  std::string expression(int depth, bool text_only);
  std::string comparison(int depth);
  std::string like_operand(int depth);
  std::string column(bool text_only);
  std::string function(int depth, bool text_only);
  std::string subquery(int depth, bool text_only);
  std::string create_table();
  std::string create_index();
  std::string insert();
  std::string update();
  std::string remove();
  GeneratedStatement select();
  std::string from_clause(int sources);
  std::string core(int columns, bool aggregate);

  Random random_;
  std::vector<Table> tables_;
  std::vector<const Table*> scope_;  // what names mean now
  std::vector<std::string> scope_names_;
  int next_name_ = 0;
  bool in_transaction_ = false;
};

}  // namespace perlite::compat
