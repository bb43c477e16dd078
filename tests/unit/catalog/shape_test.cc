// A shape is lazy, shared by equal texts, and refuses at once what needs no parser to be seen wrong.
#include "catalog/shape.h"

#include <gtest/gtest.h>

#include <string>

#include "catalog/column_lookup.h"
#include "catalog/loader.h"
#include "catalog/schema_table.h"
#include "catalog/statistics.h"
#include "catalog/stored_shape.h"

namespace perlite::catalog {
namespace {

// Understands "CREATE TABLE name(c1,c2,..)" with one letter columns; a column `u` is UNIQUE; "bad" in the text fails.
class FakeReader final : public DdlReader {
 public:
  mutable int tables = 0, indexes = 0, triggers = 0;

  Result<Table*> read_table(std::string_view sql, EntryId entry, Arena& arena) const override {
    ++tables;
    if (sql.find("bad") != std::string_view::npos) return Status::error("no good");
    auto* table = arena.make<Table>();
    const std::size_t blank = sql.find(' ', 7), open = sql.find('(');
    table->name = sql.substr(blank + 1, open - blank - 1);
    table->kind = sql.find("VIEW") != std::string_view::npos ? TableKind::View : TableKind::Ordinary;
    table->entry = entry;
    Vector<Column> columns;
    Vector<const Index*> automatic;
    for (std::size_t i = open + 1; i < sql.size() && sql[i] != ')'; i += 2) {
      Column column{};
      column.name = sql.substr(i, 1);
      columns.push_back(column);
      if (sql[i] != 'u') continue;
      auto* index = arena.make<Index>();
      index->name = arena.copy_text("sqlite_autoindex_" + std::string(table->name) + "_1");
      automatic.push_back(index);
    }
    table->columns = arena.copy_array(columns);
    table->indexes = arena.copy_array(automatic);
    return table;
  }
  Result<Index*> read_index(std::string_view sql, EntryId, const Table& table, Arena& arena) const override {
    ++indexes;
    auto* index = arena.make<Index>();
    index->name = sql.substr(13, sql.find(' ', 13) - 13);
    auto columns = arena.make_array<IndexColumn>(1);
    columns[0].descending = true;
    index->columns = columns;
    EXPECT_FALSE(table.name.empty());
    return index;
  }
  Result<Trigger*> read_trigger(std::string_view, EntryId, Arena& arena) const override {
    ++triggers;
    return arena.make<Trigger>();
  }
  const TableDescription* describe(Table&, Arena&) const override { return nullptr; }
};

struct Row {
  const char *type, *name, *table, *sql;
  std::int64_t root;
};

Result<LoadedSchema> load(const FakeReader& reader, std::initializer_list<Row> rows, LoadOptions options = {}) {
  options.reader = &reader;
  ShapeLoader loader(options);
  for (const Row& row : rows) {
    SchemaRow schema_row{row.type, row.name, row.table, {}, false, row.root};
    if (row.sql != nullptr) schema_row.sql = row.sql;
    PL_TRY(loader.push(schema_row));
  }
  return loader.finish();
}

TEST(Shape, ObjectsAreParsedOnFirstUseAndOnce) {
  FakeReader reader;
  LoadOptions options;
  options.reader = &reader;
  ShapeLoader loader(options);
  for (int i = 0; i < 10000; ++i) {
    const std::string name = "t" + std::to_string(i), sql = "CREATE TABLE " + name + "(a,b)";
    ASSERT_TRUE(loader.push({"table", name, name, sql, false, i + 2}).ok());
  }
  auto loaded = loader.finish();
  ASSERT_TRUE(loaded.ok());
  const Shape& shape = *loaded.value().shape;
  EXPECT_EQ(reader.tables, 0);
  const Table* table = shape.find_table("T5000").value();
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->name, "t5000");
  EXPECT_EQ(loaded.value().placement.root(table->entry), PageNo(5002));
  EXPECT_EQ(shape.find_table("t5000").value(), table);
  EXPECT_EQ(reader.tables, 1);
  EXPECT_EQ(shape.find_table("t10000").value(), nullptr);
  EXPECT_EQ(reader.tables, 1);
}

TEST(Shape, ATableBringsItsIndexesAndTriggers) {
  FakeReader reader;
  auto loaded = load(reader, {{"table", "t", "t", "CREATE TABLE t(a,u)", 2},
                              {"index", "sqlite_autoindex_t_1", "t", nullptr, 3},
                              {"table", "other", "other", "CREATE TABLE other(a)", 4},
                              {"index", "i", "T", "CREATE INDEX i ON t(a)", 5},
                              {"trigger", "r1", "t", "CREATE TRIGGER r1", 0},
                              {"trigger", "r2", "t", "CREATE TRIGGER r2", 0}});
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const Shape& shape = *loaded.value().shape;
  const Table* table = shape.find_table("t").value();
  ASSERT_EQ(table->indexes.size(), 2u);
  EXPECT_EQ(table->indexes[0]->name, "sqlite_autoindex_t_1");
  EXPECT_EQ(loaded.value().placement.root(table->indexes[0]->entry), PageNo(3));
  EXPECT_EQ(table->indexes[1]->ordinal, 1);
  EXPECT_EQ(table->indexes[1]->table, table);
  EXPECT_EQ(shape.find_index("I").value(), table->indexes[1]);
  ASSERT_EQ(table->triggers.size(), 2u);
  EXPECT_EQ(table->triggers[0]->name, "r2");
  EXPECT_EQ(shape.triggers_on("T").value().data(), table->triggers.data());
  EXPECT_EQ(shape.find_trigger("r2").value(), table->triggers[0]);
  EXPECT_EQ(reader.tables, 1);
  EXPECT_EQ(reader.triggers, 2);
}

TEST(Shape, SqliteSchemaHasFourNames) {
  FakeReader reader;
  LoadOptions temp;
  temp.is_temp = true;
  auto main = load(reader, {});
  auto temporary = load(reader, {}, temp);
  EXPECT_EQ(main.value().shape->find_table("SQLITE_MASTER").value(), &schema_table(false));
  EXPECT_EQ(main.value().shape->find_table("sqlite_schema").value(), &schema_table(false));
  EXPECT_EQ(main.value().shape->find_table("sqlite_temp_schema").value(), nullptr);
  EXPECT_EQ(temporary.value().shape->find_table("sqlite_temp_master").value(), &schema_table(true));
  EXPECT_EQ(temporary.value().shape->find_table("sqlite_master").value(), &schema_table(true));
  EXPECT_EQ(main.value().placement.root(kSchemaEntry), PageNo(1));
}

TEST(Shape, EqualTextsShareOneShape) {
  FakeReader reader;
  const std::size_t before = ShapeRegistry::size();
  {
    auto a = load(reader, {{"table", "t", "t", "CREATE TABLE t(a)", 2}});
    auto b = load(reader, {{"table", "t", "t", "CREATE TABLE t(a)", 9}});
    auto c = load(reader, {{"table", "t", "t", "CREATE TABLE t(b)", 2}});
    LoadOptions old_format;
    old_format.schema_format = 1;
    auto d = load(reader, {{"table", "t", "t", "CREATE TABLE t(a)", 2}}, old_format);
    LoadOptions own;
    own.shared = false;
    auto e = load(reader, {{"table", "t", "t", "CREATE TABLE t(a)", 2}}, own);
    EXPECT_EQ(a.value().shape, b.value().shape);
    EXPECT_NE(a.value().shape, c.value().shape);
    EXPECT_NE(a.value().shape, d.value().shape);
    EXPECT_NE(a.value().shape, e.value().shape);
    EXPECT_EQ(b.value().placement.root(0), PageNo(9));
    EXPECT_EQ(ShapeRegistry::size(), before + 3);
  }
  EXPECT_EQ(ShapeRegistry::size(), before);
}

TEST(Shape, DescMeansNothingBeforeFormatFour) {
  FakeReader reader;
  for (const std::uint32_t format : {1u, 4u}) {
    LoadOptions options;
    options.schema_format = format;
    auto loaded = load(
        reader, {{"table", "t", "t", "CREATE TABLE t(a)", 2}, {"index", "i", "t", "CREATE INDEX i ON t(a DESC)", 3}},
        options);
    EXPECT_EQ(loaded.value().shape->find_index("i").value()->columns[0].descending, format == 4);
  }
}

TEST(Shape, FaultsOfTheSchemaAreNamed) {
  struct Case {
    std::initializer_list<Row> rows;
    const char* message;
  };
  const Case cases[] = {
      {{{"index", "i", "t", nullptr, 2}}, "malformed database schema (i) - orphan index"},
      {{{"index", "i", "nn", "CREATE INDEX i ON nn(a)", 2}}, "malformed database schema (i) - no such table: main.nn"},
      {{{"table", "u", "u", "CREATE TABLE u(a)", 99}}, "malformed database schema (u) - invalid rootpage"},
      {{{"table", "u", "u", "CREATE TABLE u(a)", -1}}, "malformed database schema (u) - invalid rootpage"},
      {{{"table", "u", "u", "CREATE TABLE u(a)", 1}}, "malformed database schema (u)"},
      {{{"table", "u", "u", "garbage", 2}}, "malformed database schema (u)"},
      {{{"view", "u", "u", "CREATE TABLE u(a)", 2}}, "malformed database schema (u)"},
      {{{"table", "u", "u", "CREATE TABLE u(a)", 2}, {"table", "U", "U", "CREATE TABLE U(a)", 3}},
       "malformed database schema (U) - table U already exists"},
      {{{"trigger", "r", "nn", "CREATE TRIGGER r", 0}}, "malformed database schema (r) - no such table: main.nn"},
  };
  FakeReader reader;
  LoadOptions options;
  options.page_count = 10;
  for (const Case& one : cases) {
    auto loaded = load(reader, one.rows, options);
    ASSERT_FALSE(loaded.ok()) << one.message;
    EXPECT_EQ(loaded.status().message(), one.message);
    EXPECT_EQ(loaded.status().code(), Code::Corrupt);
  }
  // What the parser finds shows at the first use, of that object alone.
  auto loaded = load(reader, {{"table", "u", "u", "CREATE TABLE u(bad)", 2},
                              {"table", "t", "t", "CREATE TABLE t(a)", 3},
                              {"table", "w", "w", "CREATE TABLE v(a)", 4},
                              {"table", "x", "x", "CREATE TABLE x(u)", 5}});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.value().shape->find_table("u").status().message(), "malformed database schema (u) - no good");
  EXPECT_TRUE(loaded.value().shape->find_table("t").ok());
  EXPECT_EQ(loaded.value().shape->find_table("w").status().message(), "malformed database schema (w)");
  EXPECT_FALSE(loaded.value().shape->find_table("x").ok());  // its automatic index has no row
}

TEST(Shape, StatisticsFindTheirTree) {
  FakeReader reader;
  auto loaded =
      load(reader, {{"table", "t", "t", "CREATE TABLE t(a)", 2}, {"index", "i", "t", "CREATE INDEX i ON t(a)", 3}});
  const Shape& shape = *loaded.value().shape;
  Placement& placement = loaded.value().placement;
  add_statistics_row(shape, placement, "t", "I", "100 10 1 sz=40 unordered whatever");
  add_statistics_row(shape, placement, "t", {}, "77");
  add_statistics_row(shape, placement, "gone", "i", "5 1");
  add_statistics_row(shape, placement, "t", "gone", "5 1");
  add_statistics_row(shape, placement, "t", "i2", "");
  ASSERT_EQ(placement.statistics.size(), 2u);
  const TreeStatistics* index = placement.statistics_of(1);
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(index->rows, 100u);
  ASSERT_EQ(index->average_equal.size(), 2u);
  EXPECT_EQ(index->average_equal[0], 10u);
  EXPECT_EQ(index->row_size, 40u);
  EXPECT_TRUE(index->unordered);
  EXPECT_EQ(placement.statistics_of(0)->rows, 77u);
}

TEST(ColumnLookup, FindsAsASearchDoes) {
  Arena arena;
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("Column" + std::to_string(i % 1900));
  std::vector<Column> columns(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) columns[i].name = names[i];
  const ColumnLookup* lookup = ColumnLookup::make(columns, arena);
  for (const char* name : {"column0", "COLUMN1899", "column1900", "", "column7"}) {
    EXPECT_EQ(lookup->find(name, columns), find_column_by_search(name, columns)) << name;
  }
}

}  // namespace
}  // namespace perlite::catalog
