// Whatever the text, binding ends in a tree or an error, on a small stack and in time.
#include <gtest/gtest.h>
#include <pthread.h>

#include <chrono>

#include "tests/unit/bind/fake_environment.h"

namespace perlite::bind {
namespace {

// Runs `body` on a thread with a stack of 256 KiB.
template <class Body>
void on_small_stack(Body body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, &attributes,
                [](void* argument) -> void* {
                  (*static_cast<Body*>(argument))();
                  return nullptr;
                },
                &body),
            0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

std::string repeated(const std::string& part, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += part;
  return all;
}

bool is_error(FakeEnvironment& environment, const std::string& sql) {
  return !bind_text(environment, sql, false).empty();
}

TEST(BindLimits, DeepTreesBindOnASmallStack) {
  FakeEnvironment environment;
  environment.add("CREATE TABLE t(a, b)");
  environment.add("CREATE VIEW v0 AS SELECT a FROM t");
  for (int i = 1; i < 200; ++i) {
    environment.add("CREATE VIEW v" + std::to_string(i) + " AS SELECT a FROM v" + std::to_string(i - 1));
  }
  on_small_stack([&] {
    EXPECT_FALSE(is_error(environment, "SELECT " + repeated("abs(", 800) + "a" + repeated(")", 800) + " FROM t"));
    EXPECT_FALSE(is_error(environment, "SELECT " + repeated("- ~", 480) + "a FROM t"));
    EXPECT_FALSE(is_error(environment, "SELECT a" + repeated(" OR a", 900) + " FROM t"));
    EXPECT_FALSE(is_error(environment, repeated("SELECT (", 40) + "1" + repeated(")", 40)));
    EXPECT_FALSE(is_error(environment, repeated("SELECT * FROM (", 40) + "SELECT 1" + repeated(")", 40)));
    EXPECT_FALSE(is_error(environment, "SELECT 1" + repeated(" UNION SELECT 1", 499)));
    EXPECT_FALSE(is_error(environment, "SELECT * FROM v50"));
    EXPECT_FALSE(is_error(environment, "SELECT * FROM v199"));
    EXPECT_TRUE(is_error(environment, "SELECT " + repeated("nosuch(", 800) + "a" + repeated(")", 800)));
  });
}

TEST(BindLimits, WideJoinsAndTables) {
  FakeEnvironment environment;
  std::string columns = "c0";
  for (int i = 1; i < 2000; ++i) columns += ", c" + std::to_string(i);
  environment.add("CREATE TABLE wide(" + columns + ")");
  environment.add("CREATE TABLE t(a, b, c, d, e, f, g, h)");
  std::string from = "t AS t0", where = "1";
  for (int i = 1; i < 64; ++i) {
    from += ", t AS t" + std::to_string(i);
    where += " AND t" + std::to_string(i) + ".a = t" + std::to_string(i - 1) + ".b";
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(is_error(environment, "SELECT * FROM " + from + " WHERE " + where));
  EXPECT_FALSE(is_error(environment, "SELECT " + columns + " FROM wide"));
  EXPECT_EQ(bind_text(environment, "SELECT 1 FROM " + from + ", t AS t64"), "ERR 1 -1 at most 64 tables in a join");
  EXPECT_EQ(bind_text(environment, "SELECT *, 1 FROM wide"), "ERR 1 -1 too many columns in result set");
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  EXPECT_LT(spent.count(), 2000.0);  // far more than it takes, far less than a square would
}

}  // namespace
}  // namespace perlite::bind
