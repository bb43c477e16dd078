// What was compiled stays compiled, while what it was compiled for stands.
#include <gtest/gtest.h>

#include "engine/compiled.h"
#include "engine/connection.h"
#include "engine/statement.h"
#include "os/vfs.h"
#include "sqlite3.h"
#include "vm/program_builder.h"

// The interface's variable, which the layer above defines.
char* sqlite3_temp_directory = nullptr;

namespace perlite::engine {
namespace {

CompiledRef made(std::string_view text, std::uint64_t generation) {
  vm::ProgramBuilder builder(TextEncoding::Utf8);
  const vm::Label body = builder.new_label();
  builder.emit(vm::Opcode::Init, 0, body);
  builder.bind(body);
  builder.emit(vm::Opcode::Halt);
  CompiledRef compiled = Compiled::make(std::move(builder.finish()).value(), text, 0);
  compiled->generation = generation;
  compiled->tail = text.size();
  return compiled;
}

void add(CompiledCache& cache, unsigned flags, const CompiledRef& compiled) {
  cache.add(CompiledCache::hash_of(compiled->text()), flags, compiled);
}

Compiled* find(CompiledCache& cache, std::string_view text, unsigned flags, std::uint64_t generation) {
  return cache.find(text, CompiledCache::hash_of(text), flags, generation);
}

TEST(CompiledCache, FindsByTextFlagsAndGeneration) {
  CompiledCache cache;
  add(cache, 0, made("SELECT 1;", 1));
  add(cache, SQLITE_PREPARE_NO_VTAB, made("SELECT 1;", 1));
  ASSERT_NE(find(cache, "SELECT 1;", 0, 1), nullptr);
  EXPECT_EQ(find(cache, "SELECT 1;", 0, 1)->tail, 9u);
  EXPECT_EQ(find(cache, "SELECT 1", 0, 1), nullptr);
  EXPECT_EQ(find(cache, "select 1;", 0, 1), nullptr);
  EXPECT_EQ(cache.hits, 2u);
  // A stale entry is found once, and gone.
  EXPECT_EQ(find(cache, "SELECT 1;", 0, 2), nullptr);
  EXPECT_EQ(find(cache, "SELECT 1;", 0, 1), nullptr);
  EXPECT_NE(find(cache, "SELECT 1;", SQLITE_PREPARE_NO_VTAB, 1), nullptr);
}

TEST(CompiledCache, ForgetsTheLeastRecentlyUsed) {
  CompiledCache cache;
  const auto text = [](std::size_t i) { return "SELECT " + std::to_string(i); };
  for (std::size_t i = 0; i < CompiledCache::kCapacity; ++i) add(cache, 0, made(text(i), 1));
  ASSERT_NE(find(cache, text(0), 0, 1), nullptr);  // used again: now the newest
  add(cache, 0, made("one more", 1));
  EXPECT_NE(find(cache, text(0), 0, 1), nullptr);
  EXPECT_EQ(find(cache, text(1), 0, 1), nullptr);
  for (std::size_t i = 2; i < CompiledCache::kCapacity; ++i) EXPECT_NE(find(cache, text(i), 0, 1), nullptr) << i;
}

// ---- through a connection ----

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() : connection_(new Connection(false)) {
    os::initialize_vfs();
    OpenOptions options;
    options.filename = ":memory:";
    options.flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    EXPECT_TRUE(connection_->open(options).ok());
  }
  ~ConnectionTest() override {
    connection_->close_databases();
    delete connection_;
  }

  UniquePtr<Statement> prepare(std::string_view sql) {
    std::size_t tail = 0;
    Result<Statement*> statement = connection_->prepare(sql, 0, &tail);
    EXPECT_TRUE(statement.ok()) << sql << ": " << (statement.ok() ? "" : statement.status().message());
    return UniquePtr<Statement>(statement.ok() ? statement.value() : nullptr);
  }
  void run(std::string_view sql) {
    while (!sql.empty()) {
      std::size_t tail = 0;
      Result<Statement*> prepared = connection_->prepare(sql, 0, &tail);
      ASSERT_TRUE(prepared.ok()) << prepared.status().message();
      const UniquePtr<Statement> statement(prepared.value());
      if (statement != nullptr) {
        for (;;) {
          const Result<vm::StepResult> step = statement->step();
          ASSERT_TRUE(step.ok()) << sql << ": " << step.status().message();
          if (step.value() == vm::StepResult::Done) break;
        }
      }
      sql.remove_prefix(tail);
    }
  }
  std::int64_t integer(std::string_view sql) {
    const UniquePtr<Statement> statement = prepare(sql);
    const Result<vm::StepResult> step = statement->step();
    EXPECT_TRUE(step.ok() && step.value() == vm::StepResult::Row) << sql;
    return statement->row().empty() ? -1 : statement->row()[0].integer;
  }
  // Whether the text comes out of the cache.
  bool hits(std::string_view sql) {
    const std::uint64_t before = connection_->compiled_cache().hits;
    static_cast<void>(prepare(sql));
    return connection_->compiled_cache().hits > before;
  }

  Connection* connection_;
};

TEST_F(ConnectionTest, ASecondPrepareCompilesNothing) {
  run("CREATE TABLE t(a, b)");
  EXPECT_FALSE(hits("SELECT a FROM t"));
  EXPECT_TRUE(hits("SELECT a FROM t"));
  EXPECT_FALSE(hits("SELECT a FROM t; SELECT b FROM t"));  // two statements: each call would have another rest
  // Two statements of one text are one program.
  const UniquePtr<Statement> one = prepare("SELECT a FROM t"), other = prepare("SELECT a FROM t");
  EXPECT_EQ(&one->program(), &other->program());
}

TEST_F(ConnectionTest, KeepsNoLongTexts) {
  std::string longest = "SELECT 1";
  longest.append(CompiledCache::kMaxTextBytes - longest.size(), ' ');
  const std::string longer = longest + " ";
  EXPECT_FALSE(hits(longest));
  EXPECT_TRUE(hits(longest));
  EXPECT_FALSE(hits(longer));
  EXPECT_FALSE(hits(longer));
}

TEST_F(ConnectionTest, WhatChangesCodeMakesTextsCompileAnew) {
  run("CREATE TABLE t(a, b)");
  const std::string_view sql = "SELECT a FROM t";
  const auto compiles_anew_after = [&](auto change) {
    static_cast<void>(prepare(sql));
    EXPECT_TRUE(hits(sql));
    change();
    const bool again = !hits(sql);
    EXPECT_TRUE(hits(sql));
    return again;
  };
  EXPECT_TRUE(compiles_anew_after([&] { run("CREATE TABLE other(x)"); }));
  EXPECT_TRUE(compiles_anew_after([&] { run("DROP TABLE other"); }));
  EXPECT_TRUE(compiles_anew_after([&] { connection_->expire_programs(); }));
  EXPECT_FALSE(compiles_anew_after([&] { run("INSERT INTO t VALUES(1, 2)"); }));
  // What the authorizer was asked must be asked again: nothing comes from the cache while there is one.
  connection_->hooks.authorizer = [](void*, int, const char*, const char*, const char*, const char*) { return SQLITE_OK; };
  EXPECT_FALSE(hits(sql));
  EXPECT_FALSE(hits(sql));
  connection_->hooks.authorizer = nullptr;
}

TEST_F(ConnectionTest, AStaleStatementIsCompiledAnewInItsStep) {
  run("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  const UniquePtr<Statement> statement = prepare("SELECT * FROM t");
  run("DROP TABLE t; CREATE TABLE t(a, b); INSERT INTO t VALUES(3, 4)");
  const Result<vm::StepResult> step = statement->step();
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(statement->row().size(), 2u);
  EXPECT_EQ(statement->row()[1].integer, 4);
  statement->reset();
  run("DROP TABLE t");
  const Result<vm::StepResult> gone = statement->step();
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.status().message(), "no such table: t");
}

TEST_F(ConnectionTest, TransactionsAreOfTheConnection) {
  run("CREATE TABLE t(a UNIQUE); BEGIN; INSERT INTO t VALUES(1)");
  EXPECT_FALSE(connection_->autocommit());
  EXPECT_EQ(connection_->transaction_state(0), 2);
  run("SAVEPOINT s; INSERT INTO t VALUES(2)");
  // A failing statement undoes itself, not what was before it.
  const UniquePtr<Statement> failing = prepare("INSERT INTO t SELECT 5 UNION ALL SELECT 1");
  EXPECT_FALSE(failing->step().ok());
  EXPECT_EQ(failing->reset(), Code::ConstraintUnique);
  EXPECT_EQ(integer("SELECT sum(a) FROM t"), 3);
  run("ROLLBACK TO s");
  EXPECT_EQ(integer("SELECT sum(a) FROM t"), 1);
  run("ROLLBACK");
  EXPECT_TRUE(connection_->autocommit());
  EXPECT_EQ(connection_->transaction_state(0), 0);
  EXPECT_EQ(integer("SELECT count(*) FROM t"), 0);
}

TEST_F(ConnectionTest, ACommitHookMayRefuse) {
  run("CREATE TABLE t(a)");
  connection_->hooks.commit = [](void*) { return 1; };
  const UniquePtr<Statement> insert = prepare("INSERT INTO t VALUES(1)");
  const Result<vm::StepResult> step = insert->step();
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.status().code(), Code::ConstraintCommitHook);
  connection_->hooks.commit = nullptr;
  EXPECT_EQ(integer("SELECT count(*) FROM t"), 0);
}

TEST_F(ConnectionTest, AnInterruptEndsTheRunNotTheConnection) {
  const UniquePtr<Statement> endless = prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
  ASSERT_TRUE(endless->step().ok());
  connection_->interrupt();
  Code code = Code::Ok;
  for (int i = 0; i < 100000 && code == Code::Ok; ++i) {
    const Result<vm::StepResult> step = endless->step();
    if (!step.ok()) code = step.status().code();
  }
  EXPECT_EQ(code, Code::Interrupt);
  endless->reset();
  EXPECT_EQ(integer("SELECT 7"), 7);
}

}  // namespace
}  // namespace perlite::engine
