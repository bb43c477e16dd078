// pager/super_journal.h: what makes the commit of several files one (docs/format/rollback_journal.md, "Super-journal").
//
// A super-journal lists the journals of all files of a commit. Each of these ends in its name. Deleting it is the
// commit: a journal that names a super-journal that is not there is no journal.
#pragma once

#include "base/containers.h"
#include "base/status.h"
#include "os/file.h"

namespace perlite::pager {

// The super-journal named at the end of a journal; empty when there is none.
Result<String> read_super_journal_name(os::File& journal);
// Deletes a super-journal when none of the journals that it lists exists and names it.
Status delete_super_journal_if_unused(sqlite3_vfs& vfs, const char* name);

}  // namespace perlite::pager
