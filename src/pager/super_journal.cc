#include "pager/super_journal.h"

#include <array>
#include <cstring>

#include "base/bytes.h"
#include "os/filename.h"
#include "os/vfs.h"
#include "pager/journal.h"

namespace perlite::pager {

Result<String> read_super_journal_name(os::File& journal) {
  PL_ASSIGN(const std::uint64_t size, journal.size());
  if (size < journal::kSuperTailSize) return String();
  std::array<std::byte, journal::kSuperTailSize> tail;
  PL_TRY(journal.read(size - tail.size(), tail));
  if (base::load_be64(tail.data() + 8) != journal::kMagic) return String();
  const std::uint32_t length = base::load_be32(tail.data());
  constexpr std::uint32_t kMaxName = 4096;
  if (length == 0 || length > kMaxName || length > size - tail.size()) return String();
  String name(length, '\0');
  PL_TRY(journal.read(size - tail.size() - length, {reinterpret_cast<std::byte*>(name.data()), length}));
  std::uint32_t sum = 0;
  for (const char c : name) sum += static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<signed char>(c)));
  if (sum != base::load_be32(tail.data() + 4)) return String();
  // A name ends at its first NUL, wherever the length said.
  name.resize(std::strlen(name.c_str()));
  return name;
}

Status delete_super_journal_if_unused(sqlite3_vfs& vfs, const char* name) {
  Result<os::File> file = os::File::open(vfs, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_SUPER_JOURNAL, nullptr);
  if (!file.ok()) return file.status().primary() == Code::CantOpen ? Status() : std::move(file.status());
  PL_ASSIGN(const std::uint64_t size, file.value().size());
  constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 20;
  if (size > kMaxSize) return {};
  String names(static_cast<std::size_t>(size) + 1, '\0');
  PL_TRY(file.value().read(0, {reinterpret_cast<std::byte*>(names.data()), static_cast<std::size_t>(size)}));
  for (const char* one = names.data(); one < names.data() + size; one += std::strlen(one) + 1) {
    PL_ASSIGN(const bool exists, os::file_exists(vfs, one));
    if (!exists) continue;
    // A VFS may look at the names around a journal's name: it gets a filename block of its own.
    const os::Filename block = os::make_filename(one, {});
    PL_ASSIGN(os::File journal,
              os::File::open(vfs, block.get(), SQLITE_OPEN_READONLY | SQLITE_OPEN_SUPER_JOURNAL, nullptr));
    PL_ASSIGN(const String named, read_super_journal_name(journal));
    if (named == name) return {};
  }
  file.value().close();
  return os::delete_file(vfs, name, false);
}

}  // namespace perlite::pager
