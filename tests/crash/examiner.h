// tests/crash/examiner.h: every point of a recorded story is a place where the power may go; each state it could leave is
// opened by the subject and, on a copy, by stock, and both must find what was promised. States of the subject's recovery
// are examined likewise, and of the recovery after that.
#pragma once

#include <cstdio>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/crash/session.h"
#include "tests/support/power_cut.h"

namespace perlite::crash_test {

using test::PowerCut;

struct Story {
  std::string name;  // as CRASH_ONLY takes it
  Setting setting;
  Promise promise;
  std::vector<Group> groups;
  Image start;
  std::vector<Change> log;
};

class Examiner {
 public:
  struct Density {
    int dice = 1;          // states by the dice at each cut
    unsigned nested = 40;  // every so many states, cuts inside its recovery
    unsigned write = 25;   // every so many states, something is written after recovery
  };
  Examiner() = default;
  explicit Examiner(Density density) : density_(density) {}

  // Faults found, at most 5; empty when all is as promised.
  std::vector<std::string> examine(const Story& story, std::uint64_t seed) {
    story_ = &story;
    faults_.clear();
    std::vector<std::size_t> floors(story.groups.size(), 0), acknowledged(story.groups.size(), 0);
    PowerCut disk = power_cut(story.start);
    for (std::size_t cut = 0; cut <= story.log.size() && faults_.size() < 5; ++cut) {
      const std::string place = "cut " + std::to_string(cut);
      at_cut(disk, floors, acknowledged, place, seed * 1000003 + cut, 0, density_.dice, story.promise == Promise::kProcess);
      if (cut == story.log.size()) break;
      const Change& change = story.log[cut];
      disk.apply(change);
      if (change.kind == Change::kNote) {
        const std::size_t group = change.offset / kNotesPerGroup;
        acknowledged[group] = change.offset % kNotesPerGroup;
        if (story.promise == Promise::kAll || story.promise == Promise::kProcess) floors[group] = acknowledged[group];
        if (story.promise == Promise::kOneBehind) floors[group] = acknowledged[group] == 0 ? 0 : acknowledged[group] - 1;
      }
      if (change.kind == Change::kSync && change.name.ends_with("-wal") && story.promise == Promise::kLog) {
        for (std::size_t i = 0; i < floors.size(); ++i) {
          if (change.name == story.groups[i].files[0] + "-wal") floors[i] = acknowledged[i];
        }
      }
    }
    return faults_;
  }
  std::size_t states() const { return states_; }
  std::size_t nested_states() const { return nested_states_; }

 private:
  using Numbers = std::vector<std::size_t>;

  PowerCut power_cut(const Image& image) const {
    const Setting& setting = story_->setting;
    return {image, setting.characteristics, setting.sector_size, setting.journal != "wal" && setting.synchronous == "normal"};
  }

  void at_cut(const PowerCut& disk, const Numbers& floors, const Numbers& acknowledged, const std::string& place, std::uint64_t seed,
              int depth, int dice, bool process_only) {
    one(disk.state(PowerCut::Kind::kKeepAll, seed), floors, acknowledged, place + " keep", seed, depth);
    if (process_only || !disk.has_pending()) return;
    one(disk.state(PowerCut::Kind::kDropAll, seed), floors, acknowledged, place + " drop", seed, depth);
    for (int i = 0; i < dice; ++i) {
      const std::uint64_t own = seed * 31 + static_cast<std::uint64_t>(i);
      one(disk.state(PowerCut::Kind::kDice, own), floors, acknowledged, place + " dice " + std::to_string(i), own, depth);
    }
  }

  void one(const Image& image, const Numbers& floors, const Numbers& acknowledged, const std::string& place, std::uint64_t seed, int depth) {
    if (!is_new(image, floors)) return;
    ++states_;
    if (depth > 0) ++nested_states_;
    const char* only = ::getenv("CRASH_PLACE");
    if (only != nullptr && depth == 0 && place != only) return;
    Disk ours(image), theirs(image);
    const bool nests = depth < 2 && (only != nullptr || seed % (depth == 0 ? density_.nested : 7) == 0);
    ours.is_recording = nests;
    const std::string fault = look(subject(), ours, floors, acknowledged, only != nullptr || seed % density_.write == 1) + look(stock(), theirs, floors, acknowledged, false);
    if (!fault.empty() && faults_.size() < 5) {
      faults_.push_back(story_->name + " " + place + ": " + fault + "\n  " + story_->setting.text() + ", " + std::to_string(story_->log.size()) + " changes" + before(place));
      if (const char* folder = ::getenv("CRASH_KEEP"); folder != nullptr) {
        for (const auto& [name, bytes] : image) std::ofstream(folder + name, std::ios::binary) << bytes;
      }
    }
    if (!nests || !fault.empty()) return;
    PowerCut inner = power_cut(image);
    for (std::size_t cut = 0; cut < ours.log.size() && faults_.size() < 5; ++cut) {
      inner.apply(ours.log[cut]);
      at_cut(inner, floors, acknowledged, place + " / " + std::to_string(cut), seed * 17 + cut, depth + 1, 1, story_->promise == Promise::kProcess);
    }
  }

  // The changes just before the place.
  std::string before(const std::string& place) const {
    const std::size_t cut = std::strtoull(place.c_str() + 4, nullptr, 10);
    const char* more = ::getenv("CRASH_SHOW");
    const std::size_t shown = more == nullptr ? kShownChanges : std::strtoull(more, nullptr, 10);
    std::string text;
    for (std::size_t i = cut < shown ? 0 : cut - shown; i < cut; ++i) {
      static const char* const kKinds[] = {"create", "write", "truncate", "sync", "failed sync", "remove", "acknowledged"};
      const Change& one = story_->log[i];
      text += "\n    " + std::to_string(i) + ": " + kKinds[one.kind] + " file " + std::to_string(one.file) + " " + one.name + " @" +
              std::to_string(one.offset) + " " + std::to_string(one.bytes.size()) + (one.directory ? " and directory" : "");
    }
    return text;
  }
  // Opens, checks and reads; what is wrong, else "".
  std::string look(const Library& library, Disk& disk, const Numbers& floors, const Numbers& acknowledged, bool writes) {
    DiskVfs& vfs = disk_vfs(library);
    vfs.disk = &disk;
    vfs.random.seed(99);
    std::string fault;
    for (std::size_t g = 0; g < story_->groups.size(); ++g) {
      const Group& group = story_->groups[g];
      Connection connection(library, group.files[0]);
      Database& db = connection.database;
      for (std::size_t i = 1; i < group.files.size(); ++i) {
        const std::string failed = db.exec("ATTACH '" + group.files[i] + "' AS a" + std::to_string(i));
        if (!failed.empty()) fault += "attach " + group.files[i] + ": " + failed + "; ";
      }
      const std::uint64_t now = digest(db, schemas_of(group), fault);
      for (const std::string& schema : schemas_of(group)) {
        const std::string checked = db.text("PRAGMA " + schema + ".integrity_check");
        if (checked != "Tok") fault += "integrity_check " + schema + ": " + checked.substr(0, 200) + "; ";
      }
      if (fault.empty()) fault = place_of(group, now, floors[g], acknowledged[g]);
      if (fault.empty() && writes) {
        disk.is_recording = false;
        fault = db.exec("CREATE TABLE after_all(a, b); INSERT INTO after_all VALUES(1, zeroblob(5000)); DROP TABLE after_all");
        const std::string checked = db.text("PRAGMA integrity_check");
        if (checked != "Tok") fault += "integrity_check after writing: " + checked.substr(0, 200);
      }
      if (!fault.empty()) return (&library == &stock() ? " [stock] group " : " [subject] group ") + std::to_string(g) + " " + fault;
    }
    return fault;
  }
  static std::string place_of(const Group& group, std::uint64_t now, std::size_t floor, std::size_t acknowledged) {
    const std::size_t limit = std::min(group.states.size(), acknowledged + 2);
    for (std::size_t n = limit; n-- > 0;) {
      if (group.states[n] != now) continue;
      if (n >= floor) return "";
      return "commit " + std::to_string(n) + " found, " + std::to_string(floor) + " promised";
    }
    return "contents of no commit, " + std::to_string(acknowledged) + " acknowledged";
  }
  bool is_new(const Image& image, const Numbers& floors) {
    std::size_t hash = 0;
    const auto mix = [&](std::size_t value) { hash = hash * 0x9e3779b97f4a7c15u + value + (hash >> 29); };
    for (const auto& [name, bytes] : image) {
      mix(std::hash<std::string>()(name));
      mix(std::hash<std::string>()(bytes));
    }
    for (const std::size_t floor : floors) mix(floor);
    return seen_.insert(hash).second;
  }

  static constexpr std::size_t kShownChanges = 12;

  Density density_;
  const Story* story_ = nullptr;
  std::vector<std::string> faults_;
  std::unordered_set<std::size_t> seen_;
  std::size_t states_ = 0, nested_states_ = 0;
};

}  // namespace perlite::crash_test
