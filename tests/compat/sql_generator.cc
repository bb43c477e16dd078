#include "tests/compat/sql_generator.h"

namespace perlite::compat {
namespace {

const char* const kIntegers[] = {"0",
                                 "1",
                                 "-1",
                                 "2",
                                 "3",
                                 "7",
                                 "10",
                                 "-5",
                                 "100",
                                 "127",
                                 "-128",
                                 "255",
                                 "32768",
                                 "2147483647",
                                 "-2147483648",
                                 "4294967296",
                                 "9223372036854775807",
                                 "-9223372036854775808",
                                 "0x10",
                                 "1000000"};
const char* const kReals[] = {"0.0",  "0.5",    "-1.5",  "2.0",  "1e3", "-0.25",
                              "1e18", "9.5e14", "1e300", "-2.0", "3.0", "0.125"};
const char* const kTexts[] = {
    "''",    "'a'",      "'A'",  "'b'",    "'ab'",  "'abc'", "'aBc'",   "'1'",     "'-1'",   "'1.5'",
    "' 2'",  "'2 '",     "'3x'", "'0x10'", "'1e2'", "'%'",   "'a_c'",   "'é'",     "'日本'", "'9223372036854775808'",
    "'ABC'", "'abcabc'", "'_'",  "'.5'",   "'+7'",  "'z'",   "'a b c'", "'12345'", "'b%'",   "'[a-c]*'"};
const char* const kBlobs[] = {"x''", "x'fe'", "x'61'", "x'616263'", "x'31'", "x'ff'", "x'fe01ff'", "x'c3a9'"};
const char* const kSmall[] = {"0", "1", "2", "3", "-1", "-2", "5", "10"};
const char* const kComparisons[] = {"=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT", "==", "!="};
const char* const kArithmetic[] = {"+", "-", "*", "/", "%", "&", "|", "<<", ">>"};
const char* const kTypes[] = {"INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "INT", "VARCHAR(10)", ""};
const char* const kCasts[] = {"INTEGER", "REAL", "NUMERIC", "BLOB", "TEXT"};
const char* const kCollations[] = {"BINARY", "NOCASE", "RTRIM"};

}  // namespace

std::vector<std::string> SqlGenerator::expression_setup() {
  return {
      "CREATE TABLE v(i INTEGER, t TEXT, r REAL, b BLOB, n NUMERIC, x, nc TEXT COLLATE NOCASE, nul)",
      "INSERT INTO v VALUES(42, 'Text', 2.5, x'62', '17', 'raw', 'Nocase', NULL)",
  };
}

std::string SqlGenerator::literal(bool text_only) {
  const int kind = random_.below(text_only ? 9 : 12);
  if (kind < 3) return random_.pick(kIntegers);
  if (kind < 6) return random_.pick(kTexts);
  if (kind < 8) return random_.pick(kBlobs);
  if (kind < 9) return "NULL";
  return random_.pick(kReals);
}

std::string SqlGenerator::value_for(const Column& column) {
  if (!column.is_row_key) return literal(!column.may_be_real);
  return random_.chance(30) ? "NULL" : std::to_string(random_.below(40) - 5);
}

// Never a blob: distributions build SQLite so that LIKE finds no match in one, which is not the default.
std::string SqlGenerator::like_operand(int depth) {
  if (random_.chance(40)) return random_.pick(kTexts);
  if (random_.chance(20)) return random_.pick(kIntegers);
  if (scope_.empty() && random_.chance(50)) return random_.chance(50) ? "t" : "nc";
  return "CAST(" + expression(depth - 1, true) + " AS TEXT)";
}

std::string SqlGenerator::column(bool text_only) {
  if (scope_.empty()) {
    static const char* const kSafe[] = {"i", "t", "b", "x", "nc", "nul"};
    static const char* const kAll[] = {"i", "t", "r", "b", "n", "x", "nc", "nul"};
    return text_only ? random_.pick(kSafe) : random_.pick(kAll);
  }
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto source = static_cast<std::size_t>(random_.below(static_cast<int>(scope_.size())));
    const Column& one =
        scope_[source]
            ->columns[static_cast<std::size_t>(random_.below(static_cast<int>(scope_[source]->columns.size())))];
    if (text_only && one.may_be_real) continue;
    return scope_names_[source] + "." + one.name;
  }
  return literal(text_only);
}

std::string SqlGenerator::comparison(int depth) {
  // The plain kind is what indexes and joins live on.
  if (random_.chance(scope_.empty() ? 10 : 45)) {
    return "(" + column(false) + " " + random_.pick(kComparisons) + " " +
           (random_.chance(50) ? column(false) : literal(false)) + ")";
  }
  switch (random_.below(9)) {
    case 0:
      return "(" + expression(depth - 1, false) + " BETWEEN " + expression(depth - 1, false) + " AND " +
             expression(depth - 1, false) + ")";
    case 1:
      return "(" + expression(depth - 1, false) + (random_.chance(30) ? " NOT" : "") + " IN (" +
             expression(depth - 1, false) + ", " + expression(depth - 1, false) + ", " + literal(false) + "))";
    case 2:
      return "(" + like_operand(depth) + (random_.chance(30) ? " NOT" : "") + " LIKE " + like_operand(depth) + ")";
    case 3:
      return "(" + like_operand(depth) + (random_.chance(30) ? " NOT" : "") + " GLOB " + like_operand(depth) + ")";
    case 4:
      return "(" + expression(depth - 1, false) + (random_.chance(50) ? " ISNULL)" : " NOTNULL)");
    case 5:
      return "((" + expression(depth - 1, false) + ", " + expression(depth - 1, false) + ") " +
             random_.pick(kComparisons) + " (" + expression(depth - 1, false) + ", " + expression(depth - 1, false) +
             "))";
    case 6:
      return "(" + expression(depth - 1, false) + " " + random_.pick(kComparisons) + " " +
             expression(depth - 1, false) + " COLLATE " + random_.pick(kCollations) + ")";
    default:
      return "(" + expression(depth - 1, false) + " " + random_.pick(kComparisons) + " " +
             expression(depth - 1, false) + ")";
  }
}

std::string SqlGenerator::function(int depth, bool text_only) {
  const auto any = [&] { return expression(depth - 1, false); };
  const auto text = [&] { return expression(depth - 1, true); };
  const std::string small = random_.pick(kSmall);
  switch (random_.below(text_only ? 24 : 36)) {
    case 0:
      return "length(" + text() + ")";
    case 1:
      return "lower(" + text() + ")";
    case 2:
      return "upper(" + text() + ")";
    case 3:
      return "substr(" + text() + ", " + small + ")";
    case 4:
      return "substr(" + text() + ", " + small + ", " + random_.pick(kSmall) + ")";
    case 5:
      return "trim(" + text() + ")";
    case 6:
      return "ltrim(" + text() + ", " + text() + ")";
    case 7:
      return "rtrim(" + text() + ", " + text() + ")";
    case 8:
      return "replace(" + text() + ", " + random_.pick(kTexts) + " || 'a', " + text() + ")";
    case 9:
      return "instr(" + text() + ", " + text() + ")";
    case 10:
      return "hex(" + text() + ")";
    case 11:
      return "quote(" + text() + ")";
    case 12:
      return "typeof(" + any() + ")";
    case 13:
      return "unicode(" + text() + ")";
    case 14:
      return "char(" + std::to_string(random_.below(300)) + ", " + std::to_string(random_.below(70000)) + ")";
    case 15:
      return "coalesce(" + text() + ", " + text() + ")";
    case 16:
      return "ifnull(" + text() + ", " + text() + ")";
    case 17:
      return "nullif(" + text() + ", " + any() + ")";
    case 18:
      return "iif(" + any() + ", " + text() + ", " + text() + ")";
    case 19:
      return std::string("printf('%d|%s|%5.2s|%-4d|%x', ") + random_.pick(kSmall) + ", " + text() + ", " + text() +
             ", " + small + ", " + small + ")";
    case 20:
      return "hex(zeroblob(" + std::to_string(random_.below(5)) + ") || " + random_.pick(kBlobs) + ")";
    case 21:
      return "sign(" + any() + ")";
    case 22:
      return "like(" + like_operand(depth) + ", " + like_operand(depth) + ")";
    case 23:
      return "glob(" + like_operand(depth) + ", " + like_operand(depth) + ")";
    case 24:
      return "abs(" + any() + ")";
    case 25:
      return "round(" + any() + ")";
    case 26:
      return "round(" + any() + ", " + small + ")";
    case 27:
      return "max(" + any() + ", " + any() + ", " + any() + ")";
    case 28:
      return "min(" + any() + ", " + any() + ")";
    case 29:
      return "likely(" + any() + ")";
    case 30:
      return "ceil(" + any() + ")";
    case 31:
      return "floor(" + any() + ")";
    case 32:
      return "trunc(" + any() + ")";
    case 33:
      return "mod(" + any() + ", " + any() + ")";
    case 34:
      return "sqrt(" + any() + ")";
    default:
      return "coalesce(" + any() + ", " + any() + ", " + any() + ")";
  }
}

std::string SqlGenerator::subquery(int depth, bool text_only) {
  if (tables_.empty()) return literal(text_only);
  const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
  const std::string name = "s" + std::to_string(next_name_++);
  scope_.push_back(&table);
  scope_names_.push_back(name);
  std::string sql;
  switch (random_.below(4)) {
    case 0:
      sql = "EXISTS(SELECT 1 FROM " + table.name + " AS " + name + " WHERE " + comparison(depth - 1) + ")";
      break;
    case 1: {
      const std::string inner = column(false);
      const std::string where = comparison(depth - 1);
      scope_.pop_back();
      scope_names_.pop_back();
      const std::string outer = expression(depth - 1, false);
      return "(" + outer + (random_.chance(30) ? " NOT" : "") + " IN (SELECT " + inner + " FROM " + table.name +
             " AS " + name + " WHERE " + where + "))";
    }
    case 2:
      sql = "(SELECT count(*) FROM " + table.name + " AS " + name + " WHERE " + comparison(depth - 1) + ")";
      break;
    default:
      sql = "(SELECT " + std::string(random_.chance(50) ? "min(" : "max(") + column(text_only) + ") FROM " +
            table.name + " AS " + name + (random_.chance(60) ? " WHERE " + comparison(depth - 1) : "") + ")";
  }
  scope_.pop_back();
  scope_names_.pop_back();
  return sql;
}

std::string SqlGenerator::expression(int depth, bool text_only) {
  if (depth <= 0) return random_.chance(55) ? column(text_only) : literal(text_only);
  switch (random_.below(12)) {
    case 0:
    case 1:
      return column(text_only);
    case 2:
      return literal(text_only);
    case 3:
      return comparison(depth);
    case 4:
      return "(" + expression(depth - 1, true) + " || " + expression(depth - 1, true) + ")";
    case 5:
      return function(depth, text_only);
    case 6:
      return "(NOT " + expression(depth - 1, false) + ")";
    case 7:
      return "(" + comparison(depth - 1) + (random_.chance(50) ? " AND " : " OR ") + comparison(depth - 1) + ")";
    case 8: {
      const std::string base = random_.chance(40) ? " " + expression(depth - 1, false) : "";
      std::string sql =
          "CASE" + base + " WHEN " + expression(depth - 1, false) + " THEN " + expression(depth - 1, text_only);
      if (random_.chance(50))
        sql += " WHEN " + expression(depth - 1, false) + " THEN " + expression(depth - 1, text_only);
      if (random_.chance(60)) sql += " ELSE " + expression(depth - 1, text_only);
      return sql + " END";
    }
    case 9:
      if (text_only)
        return "CAST(" + expression(depth - 1, true) + " AS " + (random_.chance(50) ? "TEXT" : "INTEGER") + ")";
      {
        const std::string type = random_.pick(kCasts);
        return "CAST(" + expression(depth - 1, type == "TEXT" || type == "BLOB") + " AS " + type + ")";
      }
    case 10:
      if (!tables_.empty() && depth >= 2 && random_.chance(60)) return subquery(depth, text_only);
      if (text_only) return function(depth, true);
      return (random_.chance(50) ? "(- " : "(~ ") + expression(depth - 1, false) + ")";
    default:
      if (text_only) return "(" + expression(depth - 1, true) + " & " + expression(depth - 1, true) + ")";
      return "(" + expression(depth - 1, false) + " " + random_.pick(kArithmetic) + " " + expression(depth - 1, false) +
             ")";
  }
}

std::string SqlGenerator::scalar_expression() { return expression(1 + random_.below(4), false); }

// ---- sessions ----

std::string SqlGenerator::create_table() {
  Table table;
  table.name = "t" + std::to_string(tables_.size());
  const int count = 1 + random_.below(5);
  std::string sql = "CREATE TABLE " + table.name + "(";
  const int key = random_.below(6);  // 0, 1: INTEGER PRIMARY KEY; 2: other PRIMARY KEY; 3: of two columns
  for (int i = 0; i < count; ++i) {
    Column one;
    one.name = "c" + std::to_string(i);
    one.type = random_.pick(kTypes);
    if (i == 0 && key < 2) {
      one.type = "INTEGER";
      one.is_row_key = true;
    } else if (i == 0 && key == 2 && one.type == "INTEGER") {
      one.type = "INT";  // no row key
    }
    // Only text affinity turns what it stores into text; the generator stores no reals there.
    one.may_be_real = !(one.type == "TEXT" || one.type == "VARCHAR(10)") && !(i == 0 && key < 2);
    sql += (i > 0 ? ", " : "") + one.name + " " + one.type;
    if (i == 0 && key < 2) sql += " PRIMARY KEY";
    if (i == 0 && key == 2) sql += random_.chance(30) ? " PRIMARY KEY DESC" : " PRIMARY KEY";
    if (random_.chance(15)) sql += " NOT NULL";
    if (random_.chance(15) && i > 0) sql += random_.chance(30) ? " UNIQUE ON CONFLICT REPLACE" : " UNIQUE";
    if (random_.chance(15)) sql += " DEFAULT " + std::string(random_.pick(kTexts));
    if (random_.chance(15)) sql += " COLLATE " + std::string(random_.pick(kCollations));
    if (random_.chance(8)) sql += " CHECK(" + one.name + " IS NOT 7)";
    table.columns.push_back(std::move(one));
  }
  if (key == 3 && count > 1) sql += ", PRIMARY KEY(c0, c1)";
  sql += ")";
  if ((key == 2 || (key == 3 && count > 1)) && random_.chance(50)) {
    sql += " WITHOUT ROWID";
    table.has_rowid = false;
  }
  tables_.push_back(std::move(table));
  return sql;
}

std::string SqlGenerator::create_index() {
  const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
  std::string sql = "CREATE " + std::string(random_.chance(15) ? "UNIQUE " : "") + "INDEX i" +
                    std::to_string(next_name_++) + " ON " + table.name + "(";
  const int count = 1 + random_.below(2);
  for (int i = 0; i < count; ++i) {
    const Column& one = table.columns[static_cast<std::size_t>(random_.below(static_cast<int>(table.columns.size())))];
    if (i > 0) sql += ", ";
    sql += random_.chance(15) ? "length(" + one.name + ")" : one.name;
    if (random_.chance(15)) sql += " COLLATE " + std::string(random_.pick(kCollations));
    if (random_.chance(25)) sql += " DESC";
  }
  sql += ")";
  if (random_.chance(20)) sql += " WHERE " + table.columns[0].name + " IS NOT NULL";
  return sql;
}

std::string SqlGenerator::insert() {
  const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
  static const char* const kVerbs[] = {
      "INSERT",  "INSERT",          "INSERT",         "INSERT OR IGNORE",  "INSERT OR REPLACE",
      "REPLACE", "INSERT OR ABORT", "INSERT OR FAIL", "INSERT OR ROLLBACK"};
  std::string verb = random_.pick(kVerbs);
  // Of a statement that ends with a mismatch 3.40 keeps the rows before it where conflicts are ignored; 3.54 does not.
  if (verb == "INSERT OR IGNORE" && table.columns[0].is_row_key) verb = "INSERT";
  std::string sql = verb + " INTO " + table.name;
  const int form = random_.below(10);
  if (form == 0) return sql + " DEFAULT VALUES";
  if (form == 1) {
    sql += " SELECT ";
    const Table& from = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
    scope_ = {&from};
    scope_names_ = {"q"};
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      sql += (i > 0 ? ", " : "") +
             (random_.chance(70) ? column(!table.columns[i].may_be_real) : value_for(table.columns[i]));
    }
    scope_.clear();
    scope_names_.clear();
    sql += " FROM " + from.name + " AS q WHERE " + (random_.chance(50) ? "1" : "q." + from.columns[0].name + " < 5");
    // The order of the rows shows: in conflicts, and in what comes last.
    for (std::size_t i = 0; i < from.columns.size(); ++i) {
      sql += (i == 0 ? " ORDER BY q." : ", q.") + from.columns[i].name + " COLLATE BINARY";
    }
    return sql;
  }
  sql += " VALUES";
  const int rows = 1 + random_.below(5);
  for (int row = 0; row < rows; ++row) {
    sql += row > 0 ? ", (" : "(";
    for (std::size_t i = 0; i < table.columns.size(); ++i) sql += (i > 0 ? ", " : "") + value_for(table.columns[i]);
    sql += ")";
  }
  if (random_.chance(10)) sql += " ON CONFLICT DO NOTHING";
  // Some releases return a REAL column's whole numbers as integers.
  bool some_real = false;
  for (const Column& one : table.columns) some_real = some_real || one.type == "REAL";
  if (random_.chance(10) && !some_real) sql += " RETURNING *";
  return sql;
}

std::string SqlGenerator::update() {
  const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
  static const char* const kVerbs[] = {"UPDATE", "UPDATE", "UPDATE OR IGNORE", "UPDATE OR REPLACE", "UPDATE OR FAIL"};
  std::string sql = std::string(random_.pick(kVerbs)) + " " + table.name + " SET ";
  scope_ = {&table};
  scope_names_ = {table.name};
  const int count = 1 + random_.below(2);
  for (int i = 0; i < count; ++i) {
    const Column& one = table.columns[static_cast<std::size_t>(random_.below(static_cast<int>(table.columns.size())))];
    sql += (i > 0 ? ", " : "") + one.name + " = " + (one.is_row_key ? value_for(one) : expression(1, !one.may_be_real));
  }
  if (random_.chance(80)) sql += " WHERE " + comparison(2);
  scope_.clear();
  scope_names_.clear();
  return sql;
}

std::string SqlGenerator::remove() {
  const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
  std::string sql = "DELETE FROM " + table.name;
  scope_ = {&table};
  scope_names_ = {table.name};
  if (random_.chance(90)) sql += " WHERE " + comparison(2);
  scope_.clear();
  scope_names_.clear();
  return sql;
}

// Leaves the sources in scope.
std::string SqlGenerator::from_clause(int sources) {
  // No RIGHT and FULL joins: 3.40 has faults there that later releases mended.
  static const char* const kJoins[] = {", ", " JOIN ", " LEFT JOIN ", " CROSS JOIN ", " INNER JOIN "};
  std::string sql;
  for (int i = 0; i < sources; ++i) {
    const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
    const std::string name = "a" + std::to_string(next_name_++);
    const std::string join = i == 0 ? "" : random_.pick(kJoins);
    scope_.push_back(&table);
    scope_names_.push_back(name);
    if (i > 0 && random_.chance(15)) {
      sql +=
          join + "(SELECT * FROM " + table.name + (random_.chance(50) ? " WHERE c0 IS NOT NULL" : "") + ") AS " + name;
    } else {
      sql += join + table.name + " AS " + name;
    }
    if (i > 0 && join != ", " && join != " CROSS JOIN ") sql += " ON " + comparison(1);
  }
  return sql;
}

std::string SqlGenerator::core(int columns, bool aggregate) {
  const std::size_t outer = scope_.size();
  const std::string from = from_clause(1 + random_.below(random_.chance(30) ? 3 : 2));
  std::string sql = "SELECT ";
  if (!aggregate && random_.chance(15)) sql += "DISTINCT ";
  std::string group;
  if (aggregate && random_.chance(70)) group = column(false);
  for (int i = 0; i < columns; ++i) {
    if (i > 0) sql += ", ";
    if (!aggregate) {
      sql += expression(1 + random_.below(2), false);
      continue;
    }
    if (i == 0 && !group.empty()) {
      sql += group;
      continue;
    }
    static const char* const kAggregates[] = {"count(",          "min(",          "max(",
                                              "count(DISTINCT ", "total(length(", "sum(length("};
    const std::string call = random_.pick(kAggregates);
    if (random_.chance(15)) {
      sql += "count(*)";
    } else if (call.find("length") != std::string::npos) {
      sql += call + column(true) + "))";
    } else {
      sql += call + column(false) + ")";
    }
    if (random_.chance(10)) sql += " FILTER (WHERE " + comparison(1) + ")";
  }
  sql += " FROM " + from;
  if (random_.chance(70)) sql += " WHERE " + comparison(2);
  if (!group.empty()) {
    sql += " GROUP BY " + group;
    if (random_.chance(25)) sql += " HAVING count(*) > " + std::to_string(random_.below(3));
  }
  scope_.resize(outer);
  scope_names_.resize(outer);
  return sql;
}

GeneratedStatement SqlGenerator::select() {
  const int columns = 1 + random_.below(3);
  GeneratedStatement made;
  scope_.clear();
  scope_names_.clear();
  if (random_.chance(15)) {
    static const char* const kCompounds[] = {" UNION ALL ", " UNION ", " INTERSECT ", " EXCEPT "};
    made.sql = core(columns, false) + random_.pick(kCompounds) + core(columns, random_.chance(20));
  } else if (random_.chance(10)) {
    const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
    if (table.has_rowid) {
      // The rowid orders completely, so LIMIT has one answer.
      scope_ = {&table};
      scope_names_ = {table.name};
      made.sql = "SELECT rowid, " + expression(2, false) + " FROM " + table.name + " WHERE " + comparison(2) +
                 " ORDER BY " + table.columns[0].name + (random_.chance(50) ? " DESC" : "") +
                 (random_.chance(30) ? " NULLS LAST" : "") + ", rowid LIMIT " + std::to_string(random_.below(6)) +
                 (random_.chance(40) ? " OFFSET 1" : "");
      made.ordered = true;
      scope_.clear();
      scope_names_.clear();
      return made;
    }
    made.sql = core(columns, true);
  } else {
    made.sql = core(columns, random_.chance(30));
  }
  if (random_.chance(10)) {
    made.sql = "WITH w AS (" + made.sql + ") SELECT count(*) FROM w";
  } else if (random_.chance(25)) {
    made.sql += " ORDER BY 1";
  }
  return made;
}

std::vector<GeneratedStatement> SqlGenerator::session(int statements) {
  std::vector<GeneratedStatement> made;
  const int tables = 1 + random_.below(3);
  for (int i = 0; i < tables; ++i) made.push_back({create_table(), false});
  const int indexes = random_.below(4);
  for (int i = 0; i < indexes; ++i) made.push_back({create_index(), false});
  for (int i = 0; i < 3 * tables; ++i) made.push_back({insert(), false});
  while (static_cast<int>(made.size()) < statements) {
    const int kind = random_.below(100);
    if (kind < 50) {
      made.push_back(select());
    } else if (kind < 65) {
      made.push_back({insert(), false});
    } else if (kind < 78) {
      made.push_back({update(), false});
    } else if (kind < 86) {
      made.push_back({remove(), false});
    } else if (kind < 90) {
      made.push_back({create_index(), false});
    } else if (kind < 93) {
      made.push_back({in_transaction_ ? (random_.chance(50) ? "COMMIT" : "ROLLBACK") : "BEGIN", false});
      in_transaction_ = !in_transaction_;
    } else if (kind < 96) {
      static const char* const kSavepoints[] = {"SAVEPOINT a", "RELEASE a", "ROLLBACK TO a", "SAVEPOINT b"};
      made.push_back({random_.pick(kSavepoints), false});
    } else {
      const Table& table = tables_[static_cast<std::size_t>(random_.below(static_cast<int>(tables_.size())))];
      made.push_back({"SELECT * FROM " + table.name, false});
    }
  }
  made.push_back({"PRAGMA integrity_check", true});
  return made;
}

}  // namespace perlite::compat
