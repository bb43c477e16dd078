#include "engine/super_journal.h"

#include <cstdio>
#include <cstring>

#include "base/random.h"
#include "os/vfs.h"

namespace perlite::engine {

SuperJournal::~SuperJournal() {
  if (!name_.empty()) static_cast<void>(os::delete_file(*vfs_, name_.c_str(), false));
}

Status SuperJournal::create(sqlite3_vfs& vfs, std::string_view main_path, std::span<const char* const> journals) {
  String name;
  for (int attempt = 0;; ++attempt) {
    const auto random = static_cast<std::uint32_t>(base::random_u64());
    char tail[16];
    std::snprintf(tail, sizeof tail, "-mj%06X9%02X", (random >> 8) & 0xffffff, random & 0xff);
    name.assign(main_path).append(tail);
    PL_ASSIGN(const bool taken, os::file_exists(vfs, name.c_str()));
    if (!taken) break;
    if (attempt > 100) return Status(Code::Full);
  }
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_SUPER_JOURNAL;
  PL_ASSIGN(os::File file, os::File::open(vfs, name.c_str(), kFlags, nullptr));
  vfs_ = &vfs;
  name_ = std::move(name);
  std::uint64_t offset = 0;
  for (const char* journal : journals) {
    const std::size_t size = std::strlen(journal) + 1;
    PL_TRY(file.write(offset, {reinterpret_cast<const std::byte*>(journal), size}));
    offset += size;
  }
  if ((file.device_characteristics() & SQLITE_IOCAP_SEQUENTIAL) == 0) PL_TRY(file.sync(SQLITE_SYNC_NORMAL));
  return {};
}

Status SuperJournal::commit() {
  PL_TRY(os::delete_file(*vfs_, name_.c_str(), true));
  name_.clear();
  return {};
}

}  // namespace perlite::engine
