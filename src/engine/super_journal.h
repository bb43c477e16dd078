// engine/super_journal.h: the file that makes a commit over several databases one (docs/format/rollback_journal.md;
// manual: atomiccommit.html, "Multi-file Commit").
//
// It names the journals of all databases in the commit and is named in each of them. While it exists, each of those
// journals is hot and rolls its database back; deleting it is the moment of commit.
#pragma once

#include <span>
#include <string_view>

#include "base/containers.h"
#include "base/status.h"
#include "os/file.h"

namespace perlite::engine {

class SuperJournal {
 public:
  SuperJournal() = default;
  SuperJournal(const SuperJournal&) = delete;
  SuperJournal& operator=(const SuperJournal&) = delete;
  ~SuperJournal();  // deletes the file when it was not committed

  // Writes and syncs it beside the main database.
  Status create(sqlite3_vfs& vfs, std::string_view main_path, std::span<const char* const> journals);
  std::string_view name() const noexcept { return name_; }
  bool exists() const noexcept { return !name_.empty(); }
  // The moment of commit. Errors: those of deleting; nothing is committed then.
  Status commit();

 private:
  sqlite3_vfs* vfs_ = nullptr;
  String name_;
};

}  // namespace perlite::engine
