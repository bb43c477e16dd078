// The printed text of a tree is a text of the same tree, for every statement at hand; and the other services of the
// layer: stored CREATE texts, complete(), normalize(), keywords.
#include "sql/print.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "sql/complete.h"
#include "sql/create_text.h"
#include "sql/keywords.h"
#include "sql/normalize.h"
#include "sql/parser.h"

namespace perlite::sql {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path shared() {
  if (const char* path = std::getenv("PERLITE_SHARED")) return path;
  return std::filesystem::path(PERLITE_SOURCE_DIR) / "../shared";
}

// text -> tree -> text -> tree: both trees and both texts are the same.
void expect_fixed_point(const ParseResult& first) {
  const String text = print(*first.statement);
  Arena arena;
  const auto second = parse_statement(text, arena);
  ASSERT_TRUE(second.ok()) << text << "\n" << second.status().message();
  EXPECT_EQ(dump(*second.value().statement), dump(*first.statement)) << text;
  EXPECT_EQ(print(*second.value().statement), text);
}

int expect_fixed_points(std::string_view script) {
  int count = 0;
  while (true) {
    Arena arena;
    const auto result = parse_statement(script, arena);
    if (!result.ok()) {
      ADD_FAILURE() << script.substr(0, 200) << "\n" << result.status().message();
      return count;
    }
    if (result.value().statement == nullptr) return count;
    expect_fixed_point(result.value());
    ++count;
    script.remove_prefix(result.value().tail);
  }
}

TEST(Print, IsAFixedPointForStatementsOfTheTable) {
  std::ifstream file(PERLITE_SOURCE_DIR "/tests/unit/sql/data/statements.tsv");
  ASSERT_TRUE(file.is_open());
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string sql = line.substr(0, line.find('\t'));
    if (sql.empty() || sql[0] == '#' || sql.find('\\') != std::string::npos) continue;
    Arena arena;
    const auto result = parse_statement(sql, arena);
    if (!result.ok() || result.value().statement == nullptr) continue;
    expect_fixed_point(result.value());
    ++count;
  }
  EXPECT_GT(count, 200);
}

TEST(Print, IsAFixedPointForScripts) {
  if (!std::filesystem::exists(shared() / "data")) GTEST_SKIP() << "no shared data";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared() / "data")) {
    if (entry.path().extension() == ".sql") count += expect_fixed_points(read_file(entry.path()));
  }
  EXPECT_GT(count, 0);
}

TEST(Print, IsAFixedPointForLogicTests) {
  if (!std::filesystem::exists(shared() / "slt")) GTEST_SKIP() << "no shared data";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared() / "slt")) {
    if (entry.path().extension() != ".test" || count > 60000) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const bool query = line.rfind("query", 0) == 0;
      if (!query && line.rfind("statement ok", 0) != 0) continue;
      std::string sql;
      while (std::getline(file, line) && !line.empty() && line != "----") sql += line + "\n";
      Arena arena;
      const auto result = parse_statement(sql, arena);
      if (!result.ok()) continue;  // other engines' statements, behind skipif
      if (result.value().statement != nullptr) expect_fixed_point(result.value());
      if (++count % 7 == 0 && ::testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(count, 100);
}

TEST(Dump, ShowsTheTree) {
  const auto dumped = [](const char* sql) {
    static Arena arena;
    return dump(*parse_expression(sql, arena).value().expr);
  };
  EXPECT_EQ(dumped("a OR b AND NOT c = d + 1 * 2"),
            "{binary a OR {binary b AND {unary NOT {binary c = {binary d + {binary 1 * 2}}}}}}");
  EXPECT_EQ(dumped("-2 || 3"), "{binary {unary - 2} || 3}");
  EXPECT_EQ(dumped("a - b - c"), "{binary {binary a - b} - c}");
  EXPECT_EQ(dumped("a < b = c < d"), "{binary {binary a < b} = {binary c < d}}");
  EXPECT_EQ(dumped("x BETWEEN 1 + 2 AND 3 AND y"), "{binary {between x BETWEEN {binary 1 + 2} AND 3} AND y}");
  EXPECT_EQ(dumped("x LIKE a || b ESCAPE c || d AND e"),
            "{binary {like x LIKE {binary a || b} ESCAPE {binary c || d}} AND e}");
  // Operands of one token, in front of operators that bind tighter, alike and less.
  EXPECT_EQ(dumped("a = 1 + 2 < 3"), "{binary a = {binary {binary 1 + 2} < 3}}");
  EXPECT_EQ(dumped("a OR 1 AND ?2 OR NULL"), "{binary {binary a OR {binary 1 AND ?2=2}} OR NULL}");
  EXPECT_EQ(dumped("a = ?1 AND b = 2.5 AND c"), "{binary {binary {binary a = ?1=1} AND {binary b = 2.5}} AND c}");
  EXPECT_EQ(dumped("a * 2 NOT NULL"), "{null {binary a * 2} NOTNULL}");
  EXPECT_EQ(dumped("a OR 1 NOT NULL"), "{binary a OR {null 1 NOTNULL}}");
  EXPECT_EQ(dumped("a = 1 COLLATE nocase"), "{binary a = {collate 1 COLLATE nocase}}");
  EXPECT_EQ(dumped("a OR 1 IN (2)"), "{binary a OR {in 1 IN (2)}}");
  EXPECT_EQ(dumped("x LIKE a || 1 ESCAPE 2"), "{like x LIKE {binary a || 1} ESCAPE 2}");
  EXPECT_EQ(dumped("- a - 1"), "{binary {unary - a} - 1}");
  EXPECT_EQ(dumped("NOT a NOT NULL"), "{unary NOT {null a NOTNULL}}");
  EXPECT_EQ(dumped("a = b NOT IN (1)"), "{in {binary a = b} NOT IN (1)}");
  EXPECT_EQ(dumped("1 = NOT 2 = 3"), "{binary 1 = {unary NOT {binary 2 = 3}}}");
  EXPECT_EQ(dumped("- a COLLATE nocase || b"), "{binary {collate {unary - a} COLLATE nocase} || b}");
}

// sqlite_schema keeps the user's text from the name on; stock's own results.
TEST(CreateText, IsWhatStockStores) {
  const struct {
    const char* sql;
    const char* stored;
  } kCases[] = {
      {"create  TEMP table  if not exists  temp . \"a b\" ( x  ,y ) /* c */ ; ", "CREATE TABLE \"a b\" ( x  ,y )"},
      {"create table[q](x)", "CREATE TABLE [q](x)"},
      {"create table \"q2\"  (x)  /* x */;", "CREATE TABLE \"q2\"  (x)"},
      {"create table q4(x int primary key) strict /*a*/ ,  without rowid /*b*/ ;",
       "CREATE TABLE q4(x int primary key) strict /*a*/ ,  without rowid /*b*/ "},
      {"create unique index  i on a1(x)  /* c */ ; ", "CREATE UNIQUE INDEX i on a1(x)  /* c */ "},
      {"create index main.i6 on q(x) where x --foo\n;", "CREATE INDEX i6 on q(x) where x --foo\n"},
      {"create view  v  as  select 1  /* d */ ;  ", "CREATE VIEW v  as  select 1  /* d */"},
      {"create trigger  tr  insert on q begin select 1 ; end /* x */ ;",
       "CREATE TRIGGER tr  insert on q begin select 1 ; end"},
      {"create virtual table vt using fts3 ( a ,b ) /* z */ ;", "CREATE VIRTUAL TABLE vt using fts3 ( a ,b )"},
  };
  for (const auto& c : kCases) {
    Arena arena;
    const auto result = parse_statement(c.sql, arena);
    ASSERT_TRUE(result.ok()) << c.sql;
    const auto& create = static_cast<const CreateStatement&>(*result.value().statement);
    EXPECT_EQ(stored_create_text(create, c.sql, result.value().statement_end), c.stored);
  }
}

TEST(Complete, KnowsWhereStatementsEnd) {
  for (const char* sql : {";", "select 1;", "select 1; -- x", "select 1; /* x */ ", "select ';' ;", "foo;",
                          "create trigger t after insert on x begin select 1; end;",
                          "create temp trigger t begin select 1;; end ;", "explain create trigger t begin x; end;",
                          "create table trigger(x);", "select 1;;"}) {
    EXPECT_TRUE(is_complete(sql)) << sql;
  }
  for (const char* sql : {"", " ", "-- x", "select 1", "select ';", "select \";", "select [;", "select 1 /* ; ", "select 1; x",
                          "create trigger t begin select 1;", "create trigger t begin select 1; end",
                          "create temporary trigger t begin select 1; end x;", "select 1; /* x"}) {
    EXPECT_FALSE(is_complete(sql)) << sql;
  }
}

TEST(Normalize, ReplacesLiterals) {
  EXPECT_EQ(normalize("select  a, 'x' from T where b = 0x10 and c is not null -- foo"),
            "SELECT a,? FROM t WHERE b=? AND c IS NOT NULL;");
  EXPECT_EQ(normalize("SELECT [a b] IN (1, 2,'x', ?5), \"c\""), "SELECT \"a b\" IN(?,?,?),c;");
  EXPECT_EQ(normalize("select 'a"), "");
}

TEST(Keywords, AreListed) {
  EXPECT_EQ(keyword_count(), 147);
  EXPECT_EQ(keyword_name(0), "ABORT");
  EXPECT_EQ(keyword_name(146), "WITHOUT");
  EXPECT_TRUE(keyword_name(147).empty());
  EXPECT_TRUE(is_keyword_text("sElEcT"));
  EXPECT_FALSE(is_keyword_text("selec"));
  EXPECT_FALSE(is_keyword_text("rowid"));
  for (int i = 0; i < keyword_count(); ++i) EXPECT_TRUE(is_keyword_text(keyword_name(i))) << keyword_name(i);
}

}  // namespace
}  // namespace perlite::sql
