#include "pager/dump.h"

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace perlite::pager {

using base::load_be32;

namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameHeaderSize = 24;
constexpr std::uint32_t kMagicLittleEndian = 0x377f0682;
constexpr std::uint32_t kMagicBigEndian = 0x377f0683;

__attribute__((format(printf, 2, 3))) void print(String* out, const char* format, ...) {
  char line[256];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  *out += line;
}

struct Checksum {
  std::uint32_t s1 = 0;
  std::uint32_t s2 = 0;

  void add(base::Bytes bytes, bool big_endian) noexcept {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      std::uint32_t x0 = load_be32(bytes.data() + at);
      std::uint32_t x1 = load_be32(bytes.data() + at + 4);
      if (!big_endian) {
        x0 = __builtin_bswap32(x0);
        x1 = __builtin_bswap32(x1);
      }
      s1 += x0 + s2;
      s2 += x1 + s1;
    }
  }
  bool matches(const std::byte* stored) const noexcept {
    return load_be32(stored) == s1 && load_be32(stored + 4) == s2;
  }
};

}  // namespace

void dump_wal(base::Bytes file, String* out) {
  if (file.size() < kHeaderSize) {
    print(out, "log of %zu bytes: shorter than its header, empty\n", file.size());
    return;
  }
  const std::byte* header = file.data();
  const std::uint32_t magic = load_be32(header);
  const std::uint32_t page_size = load_be32(header + 8);
  print(out, "log: magic %08x, version %u, page size %u, checkpoint sequence %u, salts %08x %08x\n", magic,
        load_be32(header + 4), page_size, load_be32(header + 12), load_be32(header + 16), load_be32(header + 20));
  if (magic != kMagicLittleEndian && magic != kMagicBigEndian) {
    *out += "ends: bad magic\n";
    return;
  }
  const bool big_endian = magic == kMagicBigEndian;
  Checksum checksum;
  checksum.add(file.first(24), big_endian);
  if (!checksum.matches(header + 24)) {
    *out += "ends: bad checksum of the header\n";
    return;
  }
  if (page_size < 512 || page_size > 65536 || (page_size & (page_size - 1)) != 0) {
    *out += "ends: bad page size\n";
    return;
  }

  std::uint32_t frame_number = 0;
  std::uint32_t last_commit = 0;
  std::size_t at = kHeaderSize;
  for (;; at += kFrameHeaderSize + page_size) {
    if (at == file.size()) {
      *out += "ends: end of the file\n";
      break;
    }
    if (file.size() - at < kFrameHeaderSize + page_size) {
      print(out, "ends: %zu bytes left, less than a frame\n", file.size() - at);
      break;
    }
    const std::byte* frame = file.data() + at;
    ++frame_number;
    const std::uint32_t page = load_be32(frame);
    const std::uint32_t commit_size = load_be32(frame + 4);
    print(out, "frame %u at %zu: page %u", frame_number, at, page);
    if (commit_size != 0) print(out, ", commit, %u pages", commit_size);
    *out += '\n';
    if (std::memcmp(frame + 8, header + 16, 8) != 0) {
      print(out, "ends: frame %u has salts %08x %08x of an older log\n", frame_number, load_be32(frame + 8),
            load_be32(frame + 12));
      break;
    }
    if (page == 0) {
      print(out, "ends: frame %u has no page number\n", frame_number);
      break;
    }
    checksum.add(base::Bytes(frame, 8), big_endian);
    checksum.add(base::Bytes(frame + kFrameHeaderSize, page_size), big_endian);
    if (!checksum.matches(frame + 16)) {
      print(out, "ends: frame %u has a bad checksum\n", frame_number);
      break;
    }
    if (commit_size != 0) last_commit = frame_number;
  }
  print(out, "last commit: frame %u\n", last_commit);
}

}  // namespace perlite::pager
