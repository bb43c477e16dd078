// The power may go at any point: a transaction is there whole or not at all, one that was acknowledged is there as far
// as its level promises, and both libraries open the file.
//
// A seed gives a story (tests/crash/stories.h), a cut and a throw of dice a state (tests/support/power_cut.h). To see one
// again: CRASH_SEED=<seed> and the test's name as filter, CRASH_PLACE="cut 12 dice 0" for that state alone, CRASH_KEEP=<folder> to keep
// the files of states that fail. PERLITE_SUBJECT puts another library in Perlite's place.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/crash/stories.h"

namespace perlite::crash_test {
namespace {

bool has_wal() {
  Disk disk;
  disk_vfs(subject()).disk = &disk;
  Connection connection(subject(), "/probe.db");
  return connection.database.text("PRAGMA journal_mode=wal") == "Twal";
}

// CRASH_STORIES times as many stories in the long run.
int stories(int ordinary) {
  const char* times = ::getenv("CRASH_STORIES");
  return times == nullptr ? ordinary : ordinary * std::atoi(times);
}

template <class Tell>
void tell_and_examine(const char* what, std::uint64_t first_seed, int count, std::size_t least_states, Tell tell, Examiner::Density density = {}) {
  Examiner examiner(density);
  const auto begin = std::chrono::steady_clock::now();
  const char* only = ::getenv("CRASH_SEED");
  int failed = 0;
  for (int i = 0; i < stories(count) && failed < 5; ++i) {
    const std::uint64_t seed = only != nullptr ? std::strtoull(only, nullptr, 10) : first_seed + static_cast<std::uint64_t>(i);
    const bool had_failed = testing::Test::HasFailure();
    const Story story = tell(seed);
    if (testing::Test::HasFailure() && !had_failed) {
      ADD_FAILURE() << what << ": the story of seed " << seed << " could not be told: " << story.setting.text();
      return;
    }
    const std::vector<std::string> faults = examiner.examine(story, seed);
    for (const std::string& fault : faults) ADD_FAILURE() << what << ", seed " << seed << ": " << fault;
    if (!faults.empty()) ++failed;
    if (only != nullptr) return;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%s: seeds %llu..., %d stories, %zu states, %zu of them inside recovery, %.1f s\n", what, static_cast<unsigned long long>(first_seed),
              stories(count), examiner.states(), examiner.nested_states(), seconds);
  if (only == nullptr) {
    EXPECT_GE(examiner.states(), least_states);
  }
}

TEST(RollbackPower, Mixed) {
  tell_and_examine("mixed, rollback", 1000, 30, 6000, [](std::uint64_t seed) { return mixed_story(Family::kRollback, seed); });
}
TEST(RollbackPower, KeptJournal) {
  tell_and_examine("kept journal", 5000, 12, 2000, [](std::uint64_t seed) { return kept_journal_story(seed); });
}
TEST(RollbackPower, Together) {
  tell_and_examine("together", 2000, 12, 1500, [](std::uint64_t seed) { return together_story(seed); });
}
TEST(RollbackPower, Backup) {
  tell_and_examine("backup, rollback", 3000, 8, 500, [](std::uint64_t seed) { return backup_story(Family::kRollback, seed); });
}
TEST(RollbackPower, Modes) {
  tell_and_examine("modes, rollback", 4000, 10, 1000, [](std::uint64_t seed) { return modes_story(Family::kRollback, seed); });
}
TEST(WalPower, Mixed) {
  if (!has_wal()) FAIL() << "no WAL";
  tell_and_examine("mixed, WAL", 5000, 30, 6000, [](std::uint64_t seed) { return mixed_story(Family::kWal, seed); });
}
TEST(WalPower, Backup) {
  if (!has_wal()) FAIL() << "no WAL";
  tell_and_examine("backup, WAL", 6000, 8, 500, [](std::uint64_t seed) { return backup_story(Family::kWal, seed); });
}
TEST(WalPower, Modes) {
  if (!has_wal()) FAIL() << "no WAL";
  tell_and_examine("modes, with WAL", 7000, 10, 1000, [](std::uint64_t seed) { return modes_story(Family::kWal, seed); });
}

// A device that swallows syncs loses what was promised, and the check sees it.
void expect_fault_without_syncs(Family family) {
  int seen = 0;
  disk_vfs(subject()).swallows_syncs = true;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    Setting setting = random_setting(family, random);
    setting.synchronous = "full";
    setting.characteristics = SQLITE_IOCAP_POWERSAFE_OVERWRITE;
    Session session(subject(), setting, seed);
    make_tables(session);
    session.start();
    mixed(session, 25);
    const Story story = told(session, "swallowed");
    Examiner examiner(Examiner::Density{1, 1000000, 1000000});
    if (!examiner.examine(story, seed).empty()) ++seen;
  }
  disk_vfs(subject()).swallows_syncs = false;
  EXPECT_EQ(seen, 4);
}
TEST(RollbackPower, SwallowedSyncsAreSeen) { expect_fault_without_syncs(Family::kRollback); }
TEST(WalPower, SwallowedSyncsAreSeen) {
  if (!has_wal()) FAIL() << "no WAL";
  expect_fault_without_syncs(Family::kWal);
}

}  // namespace
}  // namespace perlite::crash_test
