// The C functions against callers that do what the manual forbids, and the conversions of values.
#include <gtest/gtest.h>

#include <climits>
#include <cstring>

#include "sqlite3.h"

namespace {

class Api : public ::testing::Test {
 protected:
  Api() { EXPECT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK); }
  ~Api() override { EXPECT_EQ(sqlite3_close(db_), SQLITE_OK); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr), SQLITE_OK) << sql;
    return statement;
  }
  sqlite3* db_ = nullptr;
};

TEST_F(Api, NullHandlesAreMisuseNotCrashes) {
  EXPECT_EQ(sqlite3_close(nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_finalize(nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_reset(nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(nullptr), SQLITE_MISUSE);
  EXPECT_EQ(sqlite3_bind_int(nullptr, 1, 1), SQLITE_MISUSE);
  EXPECT_EQ(sqlite3_clear_bindings(prepare("SELECT ?")), SQLITE_OK);
  sqlite3_finalize(sqlite3_next_stmt(db_, nullptr));
  EXPECT_EQ(sqlite3_column_count(nullptr), 0);
  EXPECT_EQ(sqlite3_data_count(nullptr), 0);
  EXPECT_EQ(sqlite3_sql(nullptr), nullptr);
  EXPECT_EQ(sqlite3_db_handle(nullptr), nullptr);
  EXPECT_EQ(sqlite3_bind_parameter_count(nullptr), 0);
  sqlite3_free(nullptr);
  EXPECT_EQ(sqlite3_malloc(0), nullptr);
  EXPECT_EQ(sqlite3_malloc(-5), nullptr);
  EXPECT_EQ(sqlite3_msize(nullptr), 0u);
}

TEST_F(Api, ColumnsOutsideTheRowAreNull) {
  sqlite3_stmt* statement = prepare("SELECT 1, 'two'");
  EXPECT_EQ(sqlite3_column_type(statement, 0), SQLITE_NULL);  // not stepped yet
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  for (const int column : {-1, 2, INT_MAX, INT_MIN}) {
    EXPECT_EQ(sqlite3_column_type(statement, column), SQLITE_NULL) << column;
    EXPECT_EQ(sqlite3_column_text(statement, column), nullptr) << column;
    EXPECT_EQ(sqlite3_column_int64(statement, column), 0) << column;
    EXPECT_EQ(sqlite3_column_bytes(statement, column), 0) << column;
    EXPECT_EQ(sqlite3_column_name(statement, column), nullptr) << column;
  }
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE);
  EXPECT_EQ(sqlite3_column_type(statement, 1), SQLITE_NULL);
  sqlite3_finalize(statement);
}

TEST_F(Api, ParametersAreCheckedAndKept) {
  sqlite3_stmt* statement = prepare("SELECT ?1, ?3, :name");
  EXPECT_EQ(sqlite3_bind_parameter_count(statement), 4);
  EXPECT_EQ(sqlite3_bind_parameter_index(statement, ":name"), 4);
  EXPECT_EQ(sqlite3_bind_parameter_index(statement, "name"), 0);
  for (const int index : {0, -1, 5, INT_MAX, INT_MIN}) {
    EXPECT_EQ(sqlite3_bind_int(statement, index, 1), SQLITE_RANGE) << index;
    EXPECT_EQ(sqlite3_errcode(db_), SQLITE_RANGE) << index;
  }
  EXPECT_EQ(sqlite3_bind_text(statement, 1, "kept", 4, SQLITE_TRANSIENT), SQLITE_OK);
  EXPECT_EQ(sqlite3_bind_int64(statement, 3, LLONG_MIN), SQLITE_OK);
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
    EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)), "kept");
    EXPECT_EQ(sqlite3_column_int64(statement, 1), LLONG_MIN);
    EXPECT_EQ(sqlite3_column_type(statement, 2), SQLITE_NULL);
    EXPECT_EQ(sqlite3_bind_int(statement, 1, 5), SQLITE_MISUSE);  // while it runs
    EXPECT_EQ(sqlite3_reset(statement), SQLITE_OK);
  }
  EXPECT_EQ(sqlite3_clear_bindings(statement), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_type(statement, 0), SQLITE_NULL);
  sqlite3_finalize(statement);
}

// The destructor of a bound value runs once, also when the bind is refused.
TEST_F(Api, WhatIsBoundIsDestroyedOnce) {
  static int destroyed;
  destroyed = 0;
  const auto destroy = [](void*) { ++destroyed; };
  static char text[] = "text";
  sqlite3_stmt* statement = prepare("SELECT ?");
  EXPECT_EQ(sqlite3_bind_text(statement, 1, text, 4, destroy), SQLITE_OK);
  EXPECT_EQ(destroyed, 0);
  EXPECT_EQ(sqlite3_bind_text(statement, 9, text, 4, destroy), SQLITE_RANGE);
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(sqlite3_bind_null(statement, 1), SQLITE_OK);
  EXPECT_EQ(destroyed, 2);
  EXPECT_EQ(sqlite3_bind_blob64(statement, 1, text, sqlite3_uint64{1} << 40, destroy), SQLITE_TOOBIG);
  EXPECT_EQ(destroyed, 3);
  EXPECT_EQ(sqlite3_bind_blob(statement, 1, text, 4, destroy), SQLITE_OK);
  sqlite3_finalize(statement);
  EXPECT_EQ(destroyed, 4);
}

TEST_F(Api, ConversionsKeepTheType) {
  struct Case {
    const char* sql;
    int type;
    long long integer;
    double real;
    const char* text;
    int bytes;
  };
  const Case cases[] = {
      {"SELECT 42", SQLITE_INTEGER, 42, 42.0, "42", 2},
      {"SELECT -0.5", SQLITE_FLOAT, 0, -0.5, "-0.5", 4},
      {"SELECT 1e300", SQLITE_FLOAT, LLONG_MAX, 1e300, "1.0e+300", 8},
      {"SELECT ' 12abc'", SQLITE_TEXT, 12, 12.0, " 12abc", 6},
      {"SELECT '9223372036854775808'", SQLITE_TEXT, LLONG_MAX, 9223372036854775808.0, "9223372036854775808", 19},
      {"SELECT x'3132'", SQLITE_BLOB, 12, 12.0, "12", 2},
      {"SELECT NULL", SQLITE_NULL, 0, 0.0, nullptr, 0},
      {"SELECT ''", SQLITE_TEXT, 0, 0.0, "", 0},
  };
  for (const Case& one : cases) {
    sqlite3_stmt* statement = prepare(one.sql);
    ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
    EXPECT_EQ(sqlite3_column_int64(statement, 0), one.integer) << one.sql;
    EXPECT_EQ(sqlite3_column_double(statement, 0), one.real) << one.sql;
    EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)), one.text) << one.sql;
    EXPECT_EQ(sqlite3_column_bytes(statement, 0), one.bytes) << one.sql;
    const auto* wide = static_cast<const char16_t*>(sqlite3_column_text16(statement, 0));
    if (one.text != nullptr) {
      ASSERT_NE(wide, nullptr) << one.sql;
      for (std::size_t i = 0; i <= std::strlen(one.text); ++i) EXPECT_EQ(wide[i], static_cast<char16_t>(one.text[i])) << one.sql;
    }
    sqlite3_finalize(statement);
    statement = prepare(one.sql);
    ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
    EXPECT_EQ(sqlite3_column_type(statement, 0), one.type) << one.sql;
    sqlite3_finalize(statement);
  }
}

TEST_F(Api, TheLastErrorStaysUntilTheNextCall) {
  sqlite3_stmt* statement = reinterpret_cast<sqlite3_stmt*>(1);
  EXPECT_EQ(sqlite3_prepare_v2(db_, "SELECT 1 +", -1, &statement, nullptr), SQLITE_ERROR);
  EXPECT_EQ(statement, nullptr);
  EXPECT_STREQ(sqlite3_errmsg(db_), "incomplete input");
  EXPECT_EQ(sqlite3_errcode(db_), SQLITE_ERROR);
  EXPECT_EQ(sqlite3_prepare_v2(db_, "SELECT nosuch", -1, &statement, nullptr), SQLITE_ERROR);
  EXPECT_EQ(sqlite3_error_offset(db_), 7);
  EXPECT_EQ(sqlite3_exec(db_, "SELECT 1", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_error_offset(db_), -1);
  EXPECT_STREQ(sqlite3_errmsg(db_), "not an error");
}

TEST_F(Api, CloseWaitsForStatements) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT 1", -1, &statement, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_close(db), SQLITE_BUSY);
  EXPECT_EQ(sqlite3_close_v2(db), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_finalize(statement), SQLITE_OK);
}

}  // namespace
