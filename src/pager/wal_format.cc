#include "pager/wal_format.h"

#include <cstring>

namespace perlite::pager::wal {

Checksum encode(const LogHeader& header, std::byte* into) noexcept {
  base::store_be32(into, kMagic | (header.big_endian ? 1u : 0u));
  base::store_be32(into + 4, header.version);
  base::store_be32(into + 8, header.page_size);
  base::store_be32(into + 12, header.sequence);
  std::memcpy(into + 16, header.salts.bytes.data(), 8);
  const Checksum sum = checksum({}, {into, 24}, header.big_endian);
  base::store_be32(into + 24, sum.s0);
  base::store_be32(into + 28, sum.s1);
  return sum;
}

bool decode(const std::byte* from, LogHeader* header, Checksum* sum) noexcept {
  const std::uint32_t magic = base::load_be32(from);
  if ((magic & ~1u) != kMagic) return false;
  header->big_endian = (magic & 1) != 0;
  header->version = base::load_be32(from + 4);
  header->page_size = base::load_be32(from + 8);
  header->sequence = base::load_be32(from + 12);
  std::memcpy(header->salts.bytes.data(), from + 16, 8);
  *sum = checksum({}, {from, 24}, header->big_endian);
  return is_page_size(header->page_size) && *sum == Checksum{base::load_be32(from + 24), base::load_be32(from + 28)};
}

Checksum frame_checksum(Checksum continued, const std::byte* header, base::Bytes image, bool big_endian) noexcept {
  return checksum(checksum(continued, {header, 8}, big_endian), image, big_endian);
}

void encode(const FrameHeader& header, std::byte* into) noexcept {
  base::store_be32(into, header.page);
  base::store_be32(into + 4, header.commit_page_count);
  std::memcpy(into + 8, header.salts.bytes.data(), 8);
  base::store_be32(into + 16, header.checksum.s0);
  base::store_be32(into + 20, header.checksum.s1);
}

FrameHeader decode_frame_header(const std::byte* from) noexcept {
  FrameHeader header{base::load_be32(from), base::load_be32(from + 4), {}, {}};
  std::memcpy(header.salts.bytes.data(), from + 8, 8);
  header.checksum = {base::load_be32(from + 16), base::load_be32(from + 20)};
  return header;
}

}  // namespace perlite::pager::wal
