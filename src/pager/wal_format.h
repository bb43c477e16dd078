// pager/wal_format.h: the bytes of the write-ahead log and of its index (docs/format/wal.md).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "pager/wal_checksum.h"

namespace perlite::pager::wal {

inline constexpr std::uint32_t kMagic = 0x377f0682;  // plus 1: checksums read words big-endian
inline constexpr std::uint32_t kVersion = 3007000;
inline constexpr std::size_t kHeaderSize = 32;
inline constexpr std::size_t kFrameHeaderSize = 24;

// Salts stay in the byte order of the file, as they are in the index.
struct Salts {
  std::array<std::byte, 8> bytes{};
  bool operator==(const Salts&) const = default;
};

struct LogHeader {
  bool big_endian = false;
  std::uint32_t version = kVersion;
  std::uint32_t page_size = 0;
  std::uint32_t sequence = 0;
  Salts salts;
};

struct FrameHeader {
  std::uint32_t page;
  std::uint32_t commit_page_count;
  Salts salts;
  Checksum checksum;
};

constexpr std::uint64_t frame_offset(std::uint32_t frame, std::uint32_t page_size) {
  return kHeaderSize + std::uint64_t{frame - 1} * (kFrameHeaderSize + std::uint64_t{page_size});
}

// The checksum that the first frame continues.
Checksum encode(const LogHeader& header, std::byte* into) noexcept;
// False when no log begins with these bytes.
bool decode(const std::byte* from, LogHeader* header, Checksum* checksum) noexcept;

// The checksum after a frame; `continued` is that of the frame before.
Checksum frame_checksum(Checksum continued, const std::byte* header, base::Bytes image, bool big_endian) noexcept;
void encode(const FrameHeader& header, std::byte* into) noexcept;
FrameHeader decode_frame_header(const std::byte* from) noexcept;

// --- The index ------------------------------------------------------------------------------------------------------

inline constexpr std::size_t kBlockSize = 32768;
inline constexpr std::size_t kIndexHeaderBytes = 136;  // in front of the first block's page numbers
inline constexpr std::uint32_t kBlockFrames = 4096;
inline constexpr std::uint32_t kFirstBlockFrames = kBlockFrames - static_cast<std::uint32_t>(kIndexHeaderBytes / 4);
inline constexpr std::uint32_t kMaxFrames = 0x7fffffff;
inline constexpr std::uint32_t kHashSlots = 8192;
inline constexpr std::size_t kHashOffset = 16384;
inline constexpr std::uint32_t kHashFactor = 383;
static_assert(kHashOffset + kHashSlots * 2 == kBlockSize);

inline constexpr std::uint32_t kReadMarks = 5;
inline constexpr std::uint32_t kMarkUnused = 0xffffffff;

// Offsets in the first block.
inline constexpr std::size_t kBackfilledOffset = 96;
inline constexpr std::size_t kReadMarksOffset = 100;
inline constexpr std::size_t kAttemptedOffset = 128;

// Slots of xShmLock.
inline constexpr int kWriteLock = 0;
inline constexpr int kCheckpointLock = 1;
inline constexpr int kRecoverLock = 2;
inline constexpr int kReadLock = 3;  // plus the number of the mark

// The header as it is in memory: native words.
struct IndexHeader {
  std::uint32_t version = kVersion;
  std::uint32_t unused = 0;
  std::uint32_t change = 0;
  std::uint8_t made = 0;
  std::uint8_t big_endian = 0;
  std::uint16_t page_size_field = 0;
  std::uint32_t last_frame = 0;
  std::uint32_t page_count = 0;
  Checksum frame_checksum;
  Salts salts;
  Checksum checksum;

  std::uint32_t page_size() const noexcept { return page_size_field == 1 ? 65536 : page_size_field; }
  void set_page_size(std::uint32_t size) noexcept {
    page_size_field = static_cast<std::uint16_t>(size == 65536 ? 1 : size);
  }
  bool operator==(const IndexHeader&) const = default;
};
static_assert(sizeof(IndexHeader) == 48);

constexpr std::uint32_t block_of(std::uint32_t frame) {
  return (frame + kBlockFrames - kFirstBlockFrames - 1) / kBlockFrames;
}
// The frame before the first one of the block.
constexpr std::uint32_t block_base(std::uint32_t block) {
  return block == 0 ? 0 : kFirstBlockFrames + (block - 1) * kBlockFrames;
}
static_assert(block_of(1) == 0 && block_of(4062) == 0 && block_of(4063) == 1 && block_of(8158) == 1 &&
              block_of(8159) == 2 && block_base(1) == 4062 && block_base(2) == 8158);

constexpr bool is_page_size(std::uint32_t size) noexcept {
  return size >= 512 && size <= 65536 && std::has_single_bit(size);
}

}  // namespace perlite::pager::wal
