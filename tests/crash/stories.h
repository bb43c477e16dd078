// tests/crash/stories.h: workloads by the dice, told on a recording disk. A seed gives a story.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/crash/examiner.h"

namespace perlite::crash_test {

enum class Family { kRollback, kWal };

inline unsigned below(Session& session, unsigned limit) { return static_cast<unsigned>(session.random() % limit); }

inline std::string noise(Session& session, unsigned length) {
  std::string text;
  while (text.size() < length) {
    char digits[20];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(session.random()));
    text += digits;
  }
  text.resize(length);
  return text;
}

template <class T>
T pick(std::mt19937_64& random, std::initializer_list<T> of) {
  return *(of.begin() + random() % of.size());
}

inline Setting random_setting(Family family, std::mt19937_64& random) {
  Setting s;
  s.journal = family == Family::kWal ? "wal" : pick<const char*>(random, {"delete", "delete", "truncate", "persist"});
  s.synchronous = pick<const char*>(random, {"normal", "normal", "full", "full", "extra", "off"});
  s.cache = pick(random, {5, 6, 8, 10, 12, 2000});
  s.page_size = pick(random, {512, 1024, 1024, 4096});
  s.auto_vacuum = pick(random, {0, 0, 1, 2});
  s.is_exclusive = random() % 8 == 0;
  switch (random() % 8) {
    case 0:
      s.characteristics = 0;
      s.sector_size = 4096;
      break;
    case 1:
      s.characteristics = 0;
      break;
    case 2:
      s.characteristics |= SQLITE_IOCAP_SAFE_APPEND;
      break;
    case 3:
      s.characteristics |= SQLITE_IOCAP_SEQUENTIAL;
      break;
    case 4:
      s.characteristics |= SQLITE_IOCAP_ATOMIC;
      break;
    default:
      break;
  }
  return s;
}

// One change of a table of `schema`.
inline void change_something(Session& session, const std::string& schema = "main") {
  const std::string t = schema + ".t", w = schema + ".w";
  const unsigned from = below(session, 200);
  const std::string range = " BETWEEN " + std::to_string(from) + " AND " + std::to_string(from + below(session, 25));
  switch (below(session, 10)) {
    case 0:
    case 1:
    case 2:
      session.run("INSERT INTO " + t + "(k, v) VALUES('" + noise(session, 5 + below(session, 30)) + "', '" + noise(session, below(session, 400)) + "')");
      break;
    case 3:
      session.run("INSERT INTO " + t + "(k, v) VALUES('" + noise(session, 8) + "', '" + noise(session, 1000 + below(session, 6000)) + "')");
      break;
    case 4:
      session.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(5 + below(session, 30)) + ") INSERT INTO " + t +
                  "(k, v) SELECT '" + noise(session, 6) + "' || i, '" + noise(session, 150 + below(session, 200)) + "' FROM n");
      break;
    case 5:
      session.run("UPDATE " + t + " SET v = '" + noise(session, below(session, 300)) + "', k = k || '" + noise(session, 2) + "' WHERE id" + range);
      break;
    case 6:
      session.run("UPDATE " + t + " SET k = '" + noise(session, 3) + "' || id WHERE id % 4 = " + std::to_string(below(session, 4)));
      break;
    case 7:
      session.run("DELETE FROM " + t + " WHERE id" + range);
      break;
    case 8:
      session.run("REPLACE INTO " + w + " SELECT k, v FROM " + t + " WHERE id" + range);
      break;
    default:
      session.run("DELETE FROM " + w + " WHERE a > '" + noise(session, 1) + "' AND length(b) % 3 = " + std::to_string(below(session, 3)));
      break;
  }
}

inline void make_tables(Session& session, const std::string& schema = "main") {
  session.run("CREATE TABLE " + schema + ".t(id INTEGER PRIMARY KEY, k TEXT, v)");
  session.run("CREATE INDEX " + schema + ".tk ON t(k)");
  session.run("CREATE TABLE " + schema + ".w(a PRIMARY KEY, b) WITHOUT ROWID");
  session.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO " + schema + ".t(k, v) SELECT i || '" +
              noise(session, 10) + "', '" + noise(session, 200) + "' FROM n");
}

inline void upkeep(Session& session) {
  const bool is_wal = session.setting.journal == "wal";
  switch (below(session, is_wal ? 10 : 4)) {
    case 0:
      session.upkeep("VACUUM");
      break;
    case 1:
      session.upkeep("PRAGMA incremental_vacuum(" + std::to_string(1 + below(session, 8)) + ")");
      break;
    case 2:
      session.reader.reset();
      session.close();
      session.open();
      break;
    case 3:
      session.upkeep("SELECT count(*) FROM t");
      break;
    case 4:
      if (session.setting.is_exclusive) break;
      if (session.reader == nullptr) {
        session.reader = std::make_unique<Connection>(subject(), "/main.db");
        session.reader->database.exec("BEGIN; SELECT count(*) FROM t");
      } else {
        session.reader.reset();
      }
      break;
    default:
      session.upkeep("PRAGMA wal_checkpoint(" + pick<std::string>(session.random, {"passive", "full", "restart", "truncate"}) + ")");
      break;
  }
}

// Transactions with savepoints, rollbacks, and upkeep between them.
inline void mixed(Session& session, int steps) {
  std::vector<std::string> savepoints;
  int names = 0;
  session.upkeep("PRAGMA wal_autocheckpoint=" + std::to_string(5 + below(session, 60)));
  for (int i = 0; i < steps && !session.has_failed; ++i) {
    const unsigned dice = below(session, 100);
    if (!session.is_in_transaction()) {
      savepoints.clear();
      if (dice < 45) {
        session.run(pick<std::string>(session.random, {"BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"}));
      } else if (dice < 75) {
        change_something(session);
      } else if (dice < 80) {
        session.run(below(session, 2) == 0 ? "CREATE TABLE IF NOT EXISTS x(a, b)" : "DROP TABLE IF EXISTS x");
      } else {
        upkeep(session);
      }
    } else if (dice < 60) {
      change_something(session);
    } else if (dice < 72) {
      savepoints.push_back("s" + std::to_string(++names));
      session.run("SAVEPOINT " + savepoints.back());
    } else if (dice < 80 && !savepoints.empty()) {
      session.run("ROLLBACK TO " + savepoints[below(session, static_cast<unsigned>(savepoints.size()))]);
      // Which are left need not be known: names are not used twice, and only the outermost is relied upon.
      savepoints.resize(1);
    } else if (dice < 84 && !savepoints.empty()) {
      session.run("RELEASE " + savepoints.front());
      savepoints.clear();
    } else if (dice < 96) {
      session.run("COMMIT");
    } else {
      session.run("ROLLBACK");
    }
  }
  if (session.is_in_transaction()) session.run("COMMIT");
}

inline Story told(Session& session, std::string name) {
  Story story{std::move(name), session.setting, session.setting.promise(), session.groups, session.image, {}};
  session.stop();
  story.log = std::move(session.disk().log);
  return story;
}

inline Story mixed_story(Family family, std::uint64_t seed, int steps = 40) {
  std::mt19937_64 random(seed);
  Session session(subject(), random_setting(family, random), seed);
  make_tables(session);
  session.start();
  mixed(session, steps);
  return told(session, "mixed " + std::to_string(seed));
}

// A journal that is kept and written over, on a device that appends safely: an older record must not be taken for a new one.
inline Story kept_journal_story(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Setting setting = random_setting(Family::kRollback, random);
  setting.characteristics = SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND;
  setting.is_exclusive = seed % 2 == 0;
  setting.journal = setting.is_exclusive ? "delete" : "persist";
  if (setting.synchronous == "off") setting.synchronous = "full";
  Session session(subject(), setting, seed);
  make_tables(session);
  session.start();
  mixed(session, 40);
  return told(session, "kept journal " + std::to_string(seed));
}

// Transactions over three files: all or none of them.
inline Story together_story(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Setting setting = random_setting(Family::kRollback, random);
  setting.is_exclusive = false;
  if (setting.synchronous == "off") setting.synchronous = "full";  // OFF has no super-journal
  Session session(subject(), setting, seed, {"/main.db", "/one.db", "/two.db"});
  for (const char* schema : {"main", "a1", "a2"}) make_tables(session, schema);
  session.start();
  for (int i = 0; i < 8 && !session.has_failed; ++i) {
    session.run("BEGIN");
    // All have the first file in common: where the end of a journal is not synced, commits of different files are not in order.
    session.run("PRAGMA main.user_version=" + std::to_string(i + 1));
    for (const char* schema : {"main", "a1", "a2"}) {
      if (below(session, 4) > 0) change_something(session, schema);
      if (below(session, 4) == 0) {
        session.run("SAVEPOINT s");
        change_something(session, schema);
        session.run(below(session, 2) == 0 ? "ROLLBACK TO s" : "RELEASE s");
      }
    }
    session.run(below(session, 6) == 0 ? "ROLLBACK" : "COMMIT");
  }
  return told(session, "together " + std::to_string(seed));
}

// A copy is made by the backup interface while the source is changed; the copy is the former one or the new.
inline Story backup_story(Family family, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Session session(subject(), random_setting(family, random), seed);
  make_tables(session);
  {
    Connection copy(subject(), "/copy.db");
    EXPECT_EQ(copy.database.exec(session.setting.pragmas() + "CREATE TABLE old(a); INSERT INTO old VALUES(zeroblob(9000))"), "");
  }
  session.start();
  Group copies{{"/copy.db"}, {}};
  const auto know = [&] {
    Database former(stock());
    std::string fault;
    former.exec("CREATE TABLE old(a); INSERT INTO old VALUES(zeroblob(9000))");
    copies.states.push_back(digest(former, {"main"}, fault));
  };
  know();
  bool is_supported = true;
  for (int round = 0; round < 2 && is_supported; ++round) {
    Connection copy(subject(), "/copy.db");
    EXPECT_EQ(copy.database.exec(session.setting.pragmas()), "");
    sqlite3_backup* backup = subject().backup_init(copy.database.handle(), "main", session.database().handle(), "main");
    is_supported = backup != nullptr;
    if (!is_supported) break;
    for (int step = 0; subject().backup_step(backup, 3 + static_cast<int>(below(session, 20))) == SQLITE_OK && step < 200; ++step) {
      if (step < 3 && below(session, 3) == 0) change_something(session);
    }
    // The copy's contents are the source's now; they are committed by the last step.
    std::string fault;
    copies.states.push_back(digest(session.mirror(), {"main"}, fault));
    EXPECT_EQ(subject().backup_finish(backup), SQLITE_OK);
    session.disk().note(kNotesPerGroup + copies.states.size() - 1);
    change_something(session);
  }
  if (is_supported) session.groups.push_back(copies);
  Story story = told(session, "backup " + std::to_string(seed));
  return story;
}

// The journal mode changes between transactions. What is promised is what the weakest of the modes promises.
inline Story modes_story(Family family, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Setting setting = random_setting(Family::kRollback, random);
  setting.synchronous = pick<const char*>(random, {"full", "extra"});
  setting.is_exclusive = false;
  Session session(subject(), setting, seed);
  make_tables(session);
  session.start();
  for (int i = 0; i < 12 && !session.has_failed; ++i) {
    if (below(session, 2) == 0) {
      const char* mode = family == Family::kWal ? pick<const char*>(session.random, {"wal", "delete", "wal", "truncate", "persist"})
                                                : pick<const char*>(session.random, {"delete", "truncate", "persist"});
      EXPECT_EQ(session.database().text(std::string("PRAGMA journal_mode=") + mode), std::string("T") + mode);
    }
    if (below(session, 5) == 0) session.upkeep("PRAGMA wal_checkpoint(restart)");
    if (below(session, 6) == 0) session.upkeep("VACUUM");
    session.run("BEGIN");
    change_something(session);
    change_something(session);
    session.run("COMMIT");
  }
  Story story = told(session, "modes " + std::to_string(seed));
  story.promise = Promise::kOneBehind;
  return story;
}

}  // namespace perlite::crash_test
