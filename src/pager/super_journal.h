// pager/super_journal.h: what makes the commit of several files one (docs/format/rollback_journal.md, "Super-journal").
//
// A super-journal lists the journals of all files of a commit. Each of these ends in its name. Deleting it is the
// commit: a journal that names a super-journal that is not there is no journal.
#pragma once

#include <span>
#include <string_view>

#include "base/containers.h"
#include "base/status.h"
#include "os/file.h"

namespace perlite::pager {

class SuperJournal {
 public:
  SuperJournal() noexcept = default;
  SuperJournal(SuperJournal&&) noexcept = default;
  SuperJournal& operator=(SuperJournal&&) noexcept = default;

  // Makes the file beside the database `main_name` (a full path) with the names of the children's journals, and syncs
  // it with its directory. Errors: CantOpen, IoErr, Full; then the file is gone.
  static Result<SuperJournal> create(sqlite3_vfs& vfs, std::string_view main_name,
                                     std::span<const char* const> journal_names, int sync_flags);

  std::string_view name() const noexcept { return name_; }
  // Commits: deletes the file and syncs the directory. Call it between commit_prepare() and commit_finish() of all.
  Status commit(sqlite3_vfs& vfs);
  // After a failure before commit(): deletes the file, whatever comes of it.
  void abandon(sqlite3_vfs& vfs) noexcept;

 private:
  String name_;
  os::File file_;
};

// The super-journal named at the end of a journal; empty when there is none.
Result<String> read_super_journal_name(os::File& journal);
// Deletes a super-journal when none of the journals that it lists exists and names it.
Status delete_super_journal_if_unused(sqlite3_vfs& vfs, const char* name);

}  // namespace perlite::pager
