// Where rows go that do not fit into memory: a file of the VFS that is deleted when it is closed.
#include "vm/temp_file.h"

#include "engine/connection.h"
#include "os/file.h"
#include "os/vfs.h"

namespace perlite::engine {
namespace {

class SpillFile final : public vm::TempFile {
 public:
  explicit SpillFile(os::File file) noexcept : file_(std::move(file)) {}
  Status write(std::uint64_t offset, base::Bytes from) override { return file_.write(offset, from); }
  Status read(std::uint64_t offset, base::MutableBytes into) override { return file_.read(offset, into); }

 private:
  os::File file_;
};

}  // namespace

Result<UniquePtr<vm::TempFile>> Connection::open_temporary_file() {
  sqlite3_vfs* vfs = os::find_vfs(vfs_name_);
  if (vfs == nullptr) return Status(Code::CantOpen);
  constexpr int kFlags = SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
                         SQLITE_OPEN_DELETEONCLOSE;
  PL_ASSIGN(os::File file, os::File::open(*vfs, nullptr, kFlags, nullptr));
  return UniquePtr<vm::TempFile>(perlite::make_unique<SpillFile>(std::move(file)));
}

}  // namespace perlite::engine
