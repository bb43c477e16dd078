// pager/dump.h: a write-ahead log as text, for eyes and tests. Decodes the bytes of the file by the format alone
// (manual: fileformat2.html §4.1), not through the code that reads logs in earnest.
#pragma once

#include "base/bytes.h"
#include "base/containers.h"

namespace perlite::pager {

// Header, one line a frame (number, page, commit size, whether salts and checksum hold), and why the log ends where it
// does. Never fails: what is malformed is said to be.
void dump_wal(base::Bytes file, String* out);

}  // namespace perlite::pager
