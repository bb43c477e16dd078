// os/cksum_vfs.h: a VFS over another one that keeps a checksum in each page (manual: cksumvfs.html).
//
// A database whose pages reserve exactly 8 bytes has a checksum of the rest in them: two 32-bit sums, stored
// little-endian, of the page's 32-bit little-endian words x0, x1, ...: s1 += x0 + s2; s2 += x1 + s1, as the frames of a
// write-ahead log are summed (manual: fileformat2.html 4.2). The manual does not name the sum; this one is ours.
// It is made when a page is written to the database or its log, and checked when one is read; other databases pass.
//   Errors     SQLITE_IOERR_DATA, and a line in the log, for a page that does not match.
//   PRAGMA checksum_verification   shows or sets whether reading checks.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace perlite::os {

// Becomes the default VFS, over the one that was it. A second call does nothing.
void register_cksum_vfs() noexcept;
// The VFS below is the default one again. No file may be open through this one.
void unregister_cksum_vfs() noexcept;

// Whether the last 8 bytes of a page are the sum of the others. `page` is a power of two from 512 to 65536 long.
bool checksum_matches(base::Bytes page) noexcept;

}  // namespace perlite::os
