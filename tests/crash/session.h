// tests/crash/session.h: a workload on a recording disk, mirrored in memory by stock, and what a later look must find.
//
// Every statement goes to the subject on the disk and to a database in memory of the stock library. After each commit
// the mirror's contents become the next known state, and the disk's log gets a note: this many commits are acknowledged.
// A state of the disk is right when its contents equal one known state, not older than promised.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/engine/harness.h"
#include "tests/support/disk.h"

namespace perlite::crash_test {

using compat::Answer;
using compat::Library;
using engine_test::Database;
using engine_test::stock;
using engine_test::subject;
using test::Change;
using test::Disk;
using test::DiskVfs;
using test::Image;

// What a commit that answered SQLITE_OK may count on.
enum class Promise {
  kAll,        // it is there whatever happens
  kOneBehind,  // the last one may be undone: the name or length of its journal is not synced
  kLog,        // it is there once the log was synced
  kProcess,    // it survives the process, not the machine
};

struct Setting {
  std::string journal = "delete";
  std::string synchronous = "full";
  int cache = 2000;
  int page_size = 1024;
  int auto_vacuum = 0;
  int characteristics = SQLITE_IOCAP_POWERSAFE_OVERWRITE;
  int sector_size = 512;
  bool is_exclusive = false;

  Promise promise() const {
    if (synchronous == "off") return Promise::kProcess;
    if (journal == "wal") return synchronous == "normal" ? Promise::kLog : Promise::kAll;
    if (journal == "persist" || synchronous == "extra") return Promise::kAll;
    if (journal == "delete") return is_exclusive ? Promise::kAll : Promise::kOneBehind;
    return synchronous == "full" ? Promise::kAll : Promise::kOneBehind;
  }
  std::string text() const {
    return "journal_mode " + journal + ", synchronous " + synchronous + ", cache " + std::to_string(cache) + ", page size " +
           std::to_string(page_size) + ", auto_vacuum " + std::to_string(auto_vacuum) + ", device " +
           std::to_string(characteristics) + "/" + std::to_string(sector_size) + (is_exclusive ? ", exclusive" : "");
  }
  std::string pragmas() const {
    return "PRAGMA page_size=" + std::to_string(page_size) + ";PRAGMA auto_vacuum=" + std::to_string(auto_vacuum) +
           (is_exclusive ? ";PRAGMA locking_mode=exclusive" : "") + ";PRAGMA journal_mode=" + journal +
           ";PRAGMA synchronous=" + synchronous + ";PRAGMA cache_size=" + std::to_string(cache) + ";";
  }
};

// Files that commit together: the first is opened, the others are attached as a1, a2, ...
struct Group {
  std::vector<std::string> files;
  std::vector<std::uint64_t> states;  // digests; the index is the number of commits
};

constexpr std::size_t kNotesPerGroup = 1000000;

// One VFS a library; tests choose the disk.
inline DiskVfs& disk_vfs(const Library& library) {
  static DiskVfs ours("disk-subject"), theirs("disk-stock");
  static const bool is_registered = [] {
    return subject().vfs_register(ours.vfs(), 0) == SQLITE_OK && stock().vfs_register(theirs.vfs(), 0) == SQLITE_OK;
  }();
  EXPECT_TRUE(is_registered);
  return &library == &stock() ? theirs : ours;
}

class Connection {
 public:
  Connection(const Library& library, const std::string& path)
      : database(library, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &library == &stock() ? "disk-stock" : "disk-subject") {}
  Database database;
};

// A number for the contents of the schemas; the fault when they cannot be read.
inline std::uint64_t digest(Database& db, const std::vector<std::string>& schemas, std::string& fault) {
  std::uint64_t hash = 14695981039346656037u;
  const auto mix = [&](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash = (hash ^ 0xffu) * 1099511628211u;
  };
  const auto rows = [&](const std::string& sql) {
    const Answer answer = db.run(sql);
    if (answer.code != SQLITE_OK) fault += sql + ": " + std::to_string(answer.code) + " " + answer.message + "; ";
    for (const auto& row : answer.rows) {
      for (const std::string& value : row) mix(value);
    }
    return answer;
  };
  for (const std::string& schema : schemas) {
    const Answer objects = rows("SELECT name, type, sql FROM " + schema + ".sqlite_schema ORDER BY name");
    for (const auto& row : objects.rows) {
      if (row[1] == "Ttable") rows("SELECT * FROM " + schema + "." + row[0].substr(1) + " ORDER BY 1");
    }
  }
  return hash;
}

inline std::vector<std::string> schemas_of(const Group& group) {
  std::vector<std::string> names = {"main"};
  for (std::size_t i = 1; i < group.files.size(); ++i) names.push_back("a" + std::to_string(i));
  return names;
}

class Session {
 public:
  Session(const Library& library, const Setting& setting, std::uint64_t seed, std::vector<std::string> files = {"/main.db"})
      : setting(setting), random(seed), library_(library), vfs_(disk_vfs(library)), disk_(std::make_unique<Disk>()) {
    groups.push_back({std::move(files), {}});
    vfs_.characteristics = setting.characteristics;
    vfs_.sector_size = setting.sector_size;
    vfs_.random.seed(seed);
    vfs_.disk = disk_.get();
    mirror_ = std::make_unique<Database>(stock());
    for (std::size_t i = 1; i < groups[0].files.size(); ++i) mirror_->exec("ATTACH ':memory:' AS a" + std::to_string(i));
    open();
  }
  ~Session() { close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The connection is new; the settings are made again.
  void open() {
    connection_ = std::make_unique<Connection>(library_, groups[0].files[0]);
    std::string sql = setting.pragmas();
    for (std::size_t i = 1; i < groups[0].files.size(); ++i) {
      const std::string schema = "a" + std::to_string(i);
      sql += "ATTACH '" + groups[0].files[i] + "' AS " + schema + ";PRAGMA " + schema + ".journal_mode=" + setting.journal + ";PRAGMA " +
             schema + ".synchronous=" + setting.synchronous + ";PRAGMA " + schema + ".cache_size=" + std::to_string(setting.cache) + ";";
    }
    EXPECT_EQ(connection_->database.exec(sql), "") << setting.text();
  }
  void close() {
    reader.reset();
    connection_.reset();
  }
  Database& database() { return connection_->database; }
  Database& mirror() { return *mirror_; }
  Disk& disk() { return *disk_; }

  // What was done so far is where the story starts; from here on the disk records.
  void start() {
    close();
    image = disk_->image();
    disk_ = std::make_unique<Disk>(image);
    vfs_.disk = disk_.get();
    disk_->is_recording = true;
    groups[0].states.clear();
    know();
    open();
  }
  // Ends the recording; the log stays with the disk.
  void stop() {
    close();
    disk_->is_recording = false;
  }

  // A change on both sides. A commit is noted when it was one.
  bool run(const std::string& sql) {
    const std::string fault = database().exec(sql);
    if (fault != "") {
      has_failed = true;
      ADD_FAILURE() << setting.text() << ": " << sql.substr(0, 200) << ": " << fault;
      return false;
    }
    EXPECT_EQ(mirror_->exec(sql), "") << sql;
    if (library_.get_autocommit(database().handle()) != 0) know();
    return true;
  }
  // As run(), of a statement that may fail: then it is undone, and may come back as the commit after the last one.
  bool run_if_it_can(const std::string& sql) {
    const bool done = database().exec(sql) == "";
    EXPECT_EQ(mirror_->exec(sql), "") << sql;
    if (done) {
      know();
    } else {
      std::string fault;
      groups[0].states.push_back(digest(*mirror_, schemas_of(groups[0]), fault));
    }
    return done;
  }
  // What changes files, not contents; may fail.
  std::string upkeep(const std::string& sql) { return database().exec(sql); }
  bool is_in_transaction() { return library_.get_autocommit(database().handle()) == 0; }

  const Setting setting;
  std::mt19937_64 random;
  std::vector<Group> groups;
  Image image;
  std::unique_ptr<Connection> reader;
  bool has_failed = false;

 private:
  // The mirror's contents are committed.
  void know() {
    std::string fault;
    Group& group = groups[0];
    const std::uint64_t state = digest(*mirror_, schemas_of(group), fault);
    EXPECT_EQ(fault, "");
    if (!group.states.empty() && group.states.back() == state) return;
    group.states.push_back(state);
    disk_->note(group.states.size() - 1);
  }

  const Library& library_;
  DiskVfs& vfs_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Database> mirror_;
};

}  // namespace perlite::crash_test
