// Spans, variables, tails; and nesting is bounded: on a thread with 256 KiB of stack every text ends in a tree or an
// error.
#include "sql/parser.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <string>

#include "sql/print.h"

namespace perlite::sql {
namespace {

void on_small_stack(std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
#if defined(__SANITIZE_ADDRESS__)
  pthread_attr_setstacksize(&attributes, 4 << 20);  // the sanitizer's frames are larger
#else
  pthread_attr_setstacksize(&attributes, 256 << 10);
#endif
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

std::string repeat(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(Nesting, EndsInATreeOrAnError) {
  const struct {
    std::string before, open, middle, close;
    int most;  // levels that must be accepted
    const char* error;
  } kCases[] = {
      {"select ", "(", "1", ")", 2000, "Recursion limit"},
      {"select ", "abs(", "1", ")", 800, "Recursion limit"},
      {"select ", "case when ", "1", " then 2 end", 800, "Recursion limit"},
      {"select ", "(select ", "1", ")", 43, "Expression tree is too large (maximum depth 1000)"},
      {"select ", "exists(select ", "1", ")", 43, "Expression tree is too large (maximum depth 1000)"},
      {"select * from ", "(select * from ", "t", ")", 150, "Recursion limit"},
      {"select * from ", "(", "t", ")", 400, "Recursion limit"},
      {"", "with a as (", "select 1", ") select 1", 120, "Recursion limit"},
      {"select ", "1 in (", "1", ")", 499, "Expression tree is too large (maximum depth 1000)"},
      {"select ", "- ", "1", "", 999, "Expression tree is too large (maximum depth 1000)"},
      {"select ", "not ", "1", "", 999, "Expression tree is too large (maximum depth 1000)"},
      {"select 1", "", "", " or 1", 999, "Expression tree is too large (maximum depth 1000)"},
      {"select 'a'", "", "", " || 'b'", 999, "Expression tree is too large (maximum depth 1000)"},
      {"select 1", "", "", " collate nocase", 999, "Expression tree is too large (maximum depth 1000)"},
      {"select ", "count() over (order by ", "1", ")", 100, "Recursion limit"},
      {"select ", "sum(1 order by ", "1", ")", 100, "Recursion limit"},
      {"select ", "sum(1) filter (where ", "1", ")", 100, "Recursion limit"},
  };
  on_small_stack([&] {
    for (const auto& c : kCases) {
      const auto text = [&](int levels) {
        return c.before + repeat(c.open, levels) + c.middle + repeat(c.close, levels);
      };
      Arena arena;
      const std::string accepted = text(c.most);
      const auto good = parse_statement(accepted, arena);
      ASSERT_TRUE(good.ok()) << c.open << c.close << good.status().message();
      EXPECT_GT(print(*good.value().statement).size(), 0u);
      EXPECT_GT(dump(*good.value().statement).size(), 0u);
      const std::string refused = text(100000);
      const auto bad = parse_statement(refused, arena);
      ASSERT_FALSE(bad.ok()) << c.open << c.close;
      const std::string message(bad.status().message());
      EXPECT_TRUE(message == c.error || message == "Recursion limit") << c.open << c.close << message;
      if (!c.open.empty()) {
        const std::string unclosed = c.before + repeat(c.open, 100000);
        EXPECT_FALSE(parse_statement(unclosed, arena).ok());
      }
    }
  });
}

TEST(Values, ManyRowsAreNoCompound) {
  Arena arena;
  const std::string sql = "insert into t values (1,2)" + repeat(",(3,4)", 200000);
  const auto result = parse_statement(sql, arena);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().statement->as<InsertStatement>().select->arms[0].core->rows.size(), 200001u);
}

TEST(Limits, OfCompoundsAndArguments) {
  Arena arena;
  EXPECT_TRUE(parse_statement("select 1" + repeat(" union select 1", 499), arena).ok());
  EXPECT_EQ(parse_statement("select 1" + repeat(" union select 1", 500), arena).status().message(),
            "too many terms in compound SELECT");
  EXPECT_EQ(parse_statement("select max(1" + repeat(",1", 1000) + ")", arena).status().message(),
            "too many arguments on function max");
  EXPECT_TRUE(parse_statement("create table tt(c" + repeat(",c", 1999) + ")", arena).ok());
  EXPECT_EQ(parse_statement("create table tt(c" + repeat(",c", 2000) + ") foo", arena).status().message(),
            "too many columns on tt");
  EXPECT_EQ(parse_statement("update t set a=1" + repeat(",a=1", 2000), arena).status().message(),
            "too many columns in set list");
}

TEST(Tail, IsBehindTheSemicolon) {
  Arena arena;
  const std::string_view sql = " ;; select 1 ; select 2";
  const auto result = parse_statement(sql, arena);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(sql.substr(result.value().tail), " select 2");
  EXPECT_EQ(sql[result.value().statement_end], ';');
  const auto blank = parse_statement(" ; -- x", arena);
  ASSERT_TRUE(blank.ok());
  EXPECT_EQ(blank.value().statement, nullptr);
  EXPECT_EQ(blank.value().tail, 7u);
}

TEST(Variables, AreNumbered) {
  Arena arena;
  const auto result = parse_statement("select ?, :a, ?7, :a, ?, @b, ?2, $c::d(e)", arena);
  ASSERT_TRUE(result.ok());
  const auto& variables = result.value().variables;
  EXPECT_EQ(result.value().variable_count, 10u);
  ASSERT_EQ(variables.size(), 6u);
  const struct {
    std::uint32_t number;
    const char* name;
  } kExpected[] = {{1, ""}, {2, ":a"}, {7, "?7"}, {8, ""}, {9, "@b"}, {10, "$c::d(e)"}};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(variables[i].number, kExpected[i].number);
    EXPECT_EQ(variables[i].name, kExpected[i].name);
  }
}

TEST(Spans, CoverWhatWasWritten) {
  Arena arena;
  const std::string_view sql = "select  (a + 'x''y') , t . \"b\" as c from main.t as q where not a  is null";
  const auto result = parse_statement(sql, arena);
  ASSERT_TRUE(result.ok());
  const SelectCore& core = *result.value().statement->as<SelectStatement>().select->arms[0].core;
  EXPECT_EQ(core.columns[0].span.of(sql), "(a + 'x''y')");
  EXPECT_EQ(core.columns[0].expr->as<BinaryExpr>().right->as<LiteralExpr>().text, "x'y");
  EXPECT_EQ(core.columns[0].expr->as<BinaryExpr>().op_span.of(sql), "+");
  EXPECT_EQ(core.columns[1].span.of(sql), "t . \"b\"");
  EXPECT_EQ(core.columns[1].alias.span.of(sql), "c");
  const Name& name = core.columns[1].expr->as<ColumnExpr>().column;
  EXPECT_EQ(name.text, "b");
  EXPECT_EQ(name.quote, Quote::Double);
  EXPECT_EQ(name.span.of(sql), "\"b\"");
  EXPECT_EQ(core.from->items[0].span.of(sql), "main.t as q");
  EXPECT_EQ(core.where->span.of(sql), "not a  is null");
}

TEST(ColumnType, IsTheTextAsWritten) {
  Arena arena;
  const auto type = [&](const char* text) {
    const auto column = parse_column_definition(text, arena);
    return column.ok() ? std::string(column.value()->type.text) : std::string(column.status().message());
  };
  EXPECT_EQ(type("x int generated always as (1)"), "int");
  EXPECT_EQ(type("y generated always"), "");
  EXPECT_EQ(type("z int generated"), "int generated");
  EXPECT_EQ(type("w \"INT\""), "INT");
  EXPECT_EQ(type("v 'x' y"), "x");
  EXPECT_EQ(type("u varchar ( 10 , 2 )"), "varchar ( 10 , 2 )");
}

}  // namespace
}  // namespace perlite::sql
