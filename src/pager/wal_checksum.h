// pager/wal_checksum.h: the running checksum of the write-ahead log (docs/format/wal.md, "Checksum").
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace perlite::pager::wal {

struct Checksum {
  std::uint32_t s0 = 0;
  std::uint32_t s1 = 0;
  bool operator==(const Checksum&) const = default;
};

// The checksum `from`, continued over `bytes`, whose size is a multiple of 8.
Checksum checksum(Checksum from, base::Bytes bytes, bool big_endian) noexcept;

}  // namespace perlite::pager::wal
