// A backup answers step for step what stock's answers, and leaves the file that stock leaves.
// ctest: quick,stock
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

class Backup {
 public:
  Backup(Database& target, const char* target_name, Database& source, const char* source_name)
      : library_(target.library()),
        handle_(library_.backup_init(target.handle(), target_name, source.handle(), source_name)) {}
  ~Backup() { finish(); }
  bool begun() const { return handle_ != nullptr; }
  int step(int pages) { return library_.backup_step(handle_, pages); }
  // Code, pages left, pages in all.
  std::string stepped(int pages) {
    const int code = step(pages);
    return std::to_string(code) + "(" + std::to_string(library_.backup_remaining(handle_)) + "/" +
           std::to_string(library_.backup_pagecount(handle_)) + ") ";
  }
  int finish() { return library_.backup_finish(std::exchange(handle_, nullptr)); }
  std::string finished() { return "finish " + std::to_string(finish()) + " "; }

 private:
  const Library& library_;
  sqlite3_backup* handle_;
};

std::string rows(int count) {
  return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count) +
         ") SELECT i, zeroblob(1000) FROM n";
}
std::string filled(int count) { return "CREATE TABLE t(a, b); INSERT INTO t " + rows(count); }

std::string error_of(Database& one) {
  return std::to_string(one.library().errcode(one.handle())) + " " + one.library().errmsg(one.handle()) + " ";
}

// Files are equal but for the number of the library that wrote last.
void expect_equal_files(const std::string& a, const std::string& b) {
  std::string one = read_file(a), two = read_file(b);
  ASSERT_GE(one.size(), 100u);
  ASSERT_GE(two.size(), 100u);
  one.replace(96, 4, 4, '\0');
  two.replace(96, 4, 4, '\0');
  EXPECT_TRUE(one == two) << a << " " << b;
}

// Runs a story on each library, with files of its own, and compares what it tells and the files it leaves. Where the
// story changes the source between steps, each library has put its rows where it likes: `files_too` is false.
template <class Story>
void tell(Story story, bool files_too = true) {
  const ScratchFile a1, a2, a3, b1, b2, b3;
  const std::string expected = story(stock(), a1.path(), a2.path(), a3.path());
  EXPECT_EQ(expected, story(subject(), b1.path(), b2.path(), b3.path()));
  if (files_too) expect_equal_files(a2.path(), b2.path());
}

using Path = const std::string&;

TEST(Backup, CopiesInSteps) {
  for (const char* size : {"1024", "4096", "65536"}) {
    tell([&](const Library& library, Path from, Path to, Path) {
      Database source(library, from), target(library, to);
      source.exec(std::string("PRAGMA page_size=") + size + ";" + filled(100));
      target.exec("PRAGMA user_version=3");
      Backup backup(target, "main", source, "main");
      std::ostringstream said;
      said << backup.stepped(0) << backup.stepped(3) << backup.stepped(1);
      said << backup.stepped(-1) << backup.stepped(1) << backup.finished() << error_of(target);
      said << target.text("PRAGMA integrity_check") << target.text("SELECT count(*) FROM t")
           << target.text("PRAGMA schema_version");
      return said.str();
    });
  }
}

TEST(Backup, RefusesWhatStockRefuses) {
  tell([](const Library& library, Path from, Path to, Path) {
    Database source(library, from), target(library, to);
    source.exec(filled(10));
    target.exec("CREATE TABLE x(y)");
    std::ostringstream said;
    said << std::to_string(Backup(source, "main", source, "main").begun()) << error_of(source);
    said << std::to_string(Backup(target, "nosuch", source, "main").begun()) << error_of(target) << error_of(source);
    said << std::to_string(Backup(target, "main", source, "nosuch").begun()) << error_of(target);
    target.exec("BEGIN; SELECT * FROM x");
    said << std::to_string(Backup(target, "main", source, "main").begun()) << error_of(target);
    target.exec("COMMIT");
    Backup good(target, "main", source, "main");
    said << std::to_string(good.begun()) << std::to_string(library.close(source.handle())) << error_of(source);
    return said.str();
  });
}

TEST(Backup, FollowsItsOwnConnectionAndStartsAnewAfterOthers) {
  tell(
      [](const Library& library, Path from, Path to, Path) {
        Database source(library, from), other(library, from), target(library, to), beside(library, to);
        source.exec(filled(200));
        target.exec("CREATE TABLE x(y)");
        Backup backup(target, "main", source, "main");
        std::ostringstream said;
        said << backup.stepped(30) << beside.text("SELECT * FROM x");
        said << source.text("UPDATE t SET b = zeroblob(1001) WHERE a < 20") << backup.stepped(1);
        said << source.text("INSERT INTO t " + rows(40)) << backup.stepped(1);
        source.exec("BEGIN; INSERT INTO t VALUES(1, 2)");
        said << backup.stepped(1);
        source.exec("ROLLBACK");
        said << backup.stepped(1);
        source.exec("DELETE FROM t WHERE a > 150; PRAGMA cache_size=5; UPDATE t SET b = zeroblob(1002);");
        said << backup.stepped(1);
        said << other.text("INSERT INTO t VALUES(1000, 'other')") << backup.stepped(1);
        other.exec("BEGIN IMMEDIATE");
        said << backup.stepped(1);
        other.exec("COMMIT; BEGIN EXCLUSIVE");
        said << backup.stepped(1);
        other.exec("COMMIT");
        source.exec("UPDATE t SET a = a + 1 WHERE rowid < 4");
        said << backup.stepped(-1) << backup.finished();
        said << beside.text("SELECT count(*), sum(a), sum(length(b)) FROM t") << target.text("PRAGMA integrity_check");
        EXPECT_EQ(target.text("SELECT * FROM t"), source.text("SELECT * FROM t"));
        return said.str();
      },
      false);
}

TEST(Backup, FinishTellsWhatTheLastStepTold) {
  const auto story = [](const Library& library, Path from, Path to, Path) {
    Database source(library, from), target(library, to), writer(library, from);
    source.exec(filled(10));
    std::ostringstream said;
    for (const bool again : {false, true}) {
      writer.exec("BEGIN EXCLUSIVE");
      Backup backup(target, "main", source, "main");
      said << backup.stepped(1);
      writer.exec("COMMIT");
      if (again) said << backup.stepped(1);
      said << backup.finished() << error_of(target);
    }
    Backup backup(target, "main", source, "main");
    source.exec("BEGIN IMMEDIATE");
    said << backup.stepped(1) << backup.finished() << error_of(target);
    return said.str();
  };
  tell(story, false);
}

TEST(Backup, OfMemoryStartsAnewAfterEachChange) {
  const auto story = [](const Library& library, Path, Path to, Path) {
    Database source(library, ":memory:"), target(library, to);
    source.exec(filled(40));
    Backup backup(target, "main", source, "main");
    std::ostringstream said;
    said << backup.stepped(5) << backup.stepped(2);
    source.exec("UPDATE t SET b=zeroblob(1001) WHERE a=1");  // a page that was copied
    said << backup.stepped(5);
    source.exec("UPDATE t SET b=zeroblob(1001) WHERE a=40");  // one that was not
    said << backup.stepped(2) << backup.stepped(3) << backup.stepped(-1) << backup.finished();
    said << target.text("SELECT sum(length(b)) FROM t") << target.text("PRAGMA integrity_check");
    return said.str();
  };
  tell(story, false);
}

TEST(Backup, FollowsAVacuumOfItsConnection) {
  const ScratchFile from, to;
  Database source(subject(), from.path()), target(subject(), to.path());
  source.exec(filled(200));
  Backup backup(target, "main", source, "main");
  EXPECT_EQ(SQLITE_OK, backup.step(30));
  EXPECT_EQ("", source.exec("DELETE FROM t WHERE a % 2; PRAGMA page_size=1024; VACUUM;"));
  EXPECT_EQ(SQLITE_DONE, backup.step(-1));
  EXPECT_EQ(SQLITE_OK, backup.finish());
  Database oracle(stock(), to.path());
  EXPECT_EQ("Tok", oracle.text("PRAGMA integrity_check"));
  EXPECT_EQ("I1024", oracle.text("PRAGMA page_size"));
  EXPECT_EQ("I100", oracle.text("SELECT count(*) FROM t"));
}

TEST(Backup, LeftInTheMiddleChangesNothing) {
  tell([](const Library& library, Path from, Path to, Path) {
    Database source(library, from), target(library, to);
    source.exec(filled(300));
    target.exec(filled(5) + "; PRAGMA cache_size=5");
    std::ostringstream said;
    {
      Backup backup(target, "main", source, "main");
      said << backup.stepped(60) << backup.finished();
    }
    said << target.text("SELECT count(*) FROM t") << target.text("PRAGMA integrity_check");
    {
      Database other(library, to);
      other.exec("BEGIN IMMEDIATE");
      Backup backup(target, "main", source, "main");
      said << backup.stepped(1);
      other.exec("COMMIT");
      said << backup.stepped(1) << backup.finished();
    }
    said << target.text("SELECT count(*) FROM t");
    return said.str();
  });
}

TEST(Backup, BetweenPageSizes) {
  const std::pair<const char*, const char*> sizes[] = {
      {"512", "4096"}, {"4096", "512"}, {"1024", "65536"}, {"65536", "1024"}};
  for (const auto& pair : sizes) {
    const char *const source_size = pair.first, *const target_size = pair.second;
    tell([&](const Library& library, Path from, Path to, Path) {
      Database source(library, from), target(library, to);
      source.exec(std::string("PRAGMA page_size=") + source_size + ";" + filled(77));
      target.exec(std::string("PRAGMA page_size=") + target_size + ";" + filled(200));
      Backup backup(target, "main", source, "main");
      std::ostringstream said;
      said << backup.stepped(5) << source.text("UPDATE t SET b = CAST(printf('%.1000c', 'x') AS BLOB) WHERE a < 50")
           << backup.stepped(-1) << backup.finished();
      Database other(library, to);
      said << other.text("PRAGMA page_size") << other.text("PRAGMA integrity_check")
           << other.text("SELECT count(*), sum(length(b)) FROM t");
      return said.str();
    });
  }
}

TEST(Backup, OfMemoryTemporaryReadOnlyAndEmptyDatabases) {
  tell([](const Library& library, Path from, Path to, Path third) {
    std::ostringstream said;
    Database source(library, from), target(library, to), small(library, third), memory(library);
    source.exec(filled(50));
    small.exec("PRAGMA page_size=1024;" + filled(20));
    const auto copy = [&](const char* what, Database& into, const char* into_name, Database& of, const char* of_name) {
      Backup backup(into, into_name, of, of_name);
      said << "\n" << what << " " << backup.stepped(3) << backup.stepped(-1) << backup.finished() << error_of(into);
      said << into.text(std::string("SELECT count(*) FROM ") + into_name + ".sqlite_schema");
    };
    copy("into memory", memory, "main", source, "main");
    copy("into memory of other pages", memory, "main", small, "main");
    said << memory.text("PRAGMA page_size");
    Database empty_memory(library);
    copy("into empty memory", empty_memory, "main", small, "main");
    said << empty_memory.text("PRAGMA page_size") << empty_memory.text("SELECT count(*) FROM t");
    copy("into temp", empty_memory, "temp", source, "main");
    said << empty_memory.text("SELECT count(*) FROM temp.t");
    Database holder(library);
    holder.exec("CREATE TEMP TABLE h(x); INSERT INTO h VALUES(1)");
    copy("from temp", target, "main", holder, "temp");
    said << target.text("SELECT * FROM h");
    copy("from memory", target, "main", memory, "main");
    {
      Database read_only(library, to, SQLITE_OPEN_READONLY);
      copy("into read-only", read_only, "main", source, "main");
    }
    Database wide(library);
    wide.exec("PRAGMA encoding='UTF-16le'; CREATE TABLE w(x); INSERT INTO w VALUES('text')");
    Database fresh(library);
    copy("of UTF-16", fresh, "main", wide, "main");
    said << fresh.text("PRAGMA encoding") << fresh.text("SELECT * FROM w");
    Database nothing(library, "");
    copy("of nothing", target, "main", nothing, "main");
    said << target.text("PRAGMA page_count");
    return said.str();
  });
}

TEST(Backup, ADatabaseInUseByABackupStays) {
  tell([](const Library& library, Path from, Path to, Path) {
    Database source(library), target(library, to);
    target.exec("CREATE TABLE x(y)");
    source.exec("ATTACH '" + from + "' AS z; CREATE TABLE z.q(x);");
    Backup backup(target, "main", source, "z");
    std::ostringstream said;
    said << backup.stepped(0) << source.text("DETACH z");
    backup.finish();
    said << source.text("DETACH z");
    return said.str();
  });
}

// What misuses the target while the backup runs gets an error and not half a copy.
TEST(Backup, TheTargetIsNoStatementsBusiness) {
  const ScratchFile from, to;
  Database source(subject(), from.path()), target(subject(), to.path());
  source.exec(filled(100));
  target.exec("CREATE TABLE x(y)");
  Backup backup(target, "main", source, "main");
  EXPECT_EQ(SQLITE_OK, backup.step(10));
  EXPECT_NE("", target.exec("INSERT INTO x VALUES(1)"));
  EXPECT_NE("", target.exec("VACUUM"));
  EXPECT_EQ("", target.exec("CREATE TEMP TABLE mine(x); INSERT INTO mine VALUES(1)"));
  EXPECT_EQ(SQLITE_DONE, backup.step(-1));
  EXPECT_EQ(SQLITE_OK, backup.finish());
  EXPECT_EQ(source.text("SELECT * FROM t"), target.text("SELECT * FROM t"));
  EXPECT_EQ("Tok", target.text("PRAGMA integrity_check"));
}

}  // namespace
}  // namespace perlite::engine_test
