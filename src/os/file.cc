#include "os/file.h"

#include <cstring>
#include <utility>

#include "os/posix_calls.h"
#include "os/posix_file.h"
#include "os/posix_lock.h"
#include "os/posix_shm.h"
#include "os/vfs.h"

namespace perlite::os {
namespace {

// The largest piece handed to xRead or xWrite, whose sizes are ints.
constexpr std::size_t kMaxPiece = std::size_t{1} << 30;

}  // namespace

Status vfs_status(int code) { return Status(static_cast<Code>(code)); }

File::File(File&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)), native_(std::exchange(other.native_, false)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    file_ = std::exchange(other.file_, nullptr);
    native_ = std::exchange(other.native_, false);
  }
  return *this;
}

Result<File> File::open(sqlite3_vfs& vfs, const char* name, int flags, int* out_flags) {
  const auto size = static_cast<std::size_t>(vfs.szOsFile);
  void* memory = base::Allocator::allocate(size);
  std::memset(memory, 0, size);
  File file;
  file.file_ = static_cast<sqlite3_file*>(memory);
  // A VFS may leave out_flags alone.
  int result_flags = flags;
  const int code = vfs.xOpen(&vfs, name, file.file_, flags, &result_flags);
  if (code != SQLITE_OK) return vfs_status(code);  // close() calls xClose only where methods were set
  if (out_flags != nullptr) *out_flags = result_flags;
  file.native_ = is_posix_file(*file.file_);
  return file;
}

void File::close() noexcept {
  if (file_ == nullptr) return;
  if (file_->pMethods != nullptr) file_->pMethods->xClose(file_);
  base::Allocator::release(file_);
  file_ = nullptr;
  native_ = false;
}

Status File::read(std::uint64_t offset, base::MutableBytes into) {
  while (into.size() > kMaxPiece) {
    PL_TRY(read(offset, into.first(kMaxPiece)));
    offset += kMaxPiece;
    into = into.subspan(kMaxPiece);
  }
  return vfs_status(
      file_->pMethods->xRead(file_, into.data(), static_cast<int>(into.size()), static_cast<sqlite3_int64>(offset)));
}

Status File::write(std::uint64_t offset, base::Bytes from) {
  while (from.size() > kMaxPiece) {
    PL_TRY(write(offset, from.first(kMaxPiece)));
    offset += kMaxPiece;
    from = from.subspan(kMaxPiece);
  }
  return vfs_status(
      file_->pMethods->xWrite(file_, from.data(), static_cast<int>(from.size()), static_cast<sqlite3_int64>(offset)));
}

Status File::read_run(std::uint64_t offset, std::span<const base::MutableBytes> into) {
  if (native_ && calls::may_use_vectors())
    return vfs_status(posix_read_run(*static_cast<PosixFile*>(file_), offset, into));
  Status short_read;
  for (const base::MutableBytes& part : into) {
    Status status = read(offset, part);
    if (status.code() == Code::IoErrShortRead) {
      short_read = std::move(status);
    } else {
      PL_TRY(std::move(status));
    }
    offset += part.size();
  }
  return short_read;
}

Status File::write_run(std::uint64_t offset, std::span<const base::Bytes> from) {
  if (native_ && calls::may_use_vectors())
    return vfs_status(posix_write_run(*static_cast<PosixFile*>(file_), offset, from));
  for (const base::Bytes& part : from) {
    PL_TRY(write(offset, part));
    offset += part.size();
  }
  return {};
}

Status File::truncate(std::uint64_t size) {
  return vfs_status(file_->pMethods->xTruncate(file_, static_cast<sqlite3_int64>(size)));
}

Status File::sync(int flags) { return vfs_status(file_->pMethods->xSync(file_, flags)); }

Result<std::uint64_t> File::size() {
  sqlite3_int64 size = 0;
  PL_TRY(vfs_status(file_->pMethods->xFileSize(file_, &size)));
  return static_cast<std::uint64_t>(size < 0 ? 0 : size);
}

const std::byte* File::fetch(std::uint64_t offset, std::uint32_t size) noexcept {
  void* bytes = nullptr;
  if (file_->pMethods->iVersion < 3 || file_->pMethods->xFetch == nullptr) return nullptr;
  const int code = file_->pMethods->xFetch(file_, static_cast<sqlite3_int64>(offset), static_cast<int>(size), &bytes);
  return code == SQLITE_OK ? static_cast<const std::byte*>(bytes) : nullptr;
}

void File::unfetch(std::uint64_t offset, const std::byte* bytes) noexcept {
  if (file_->pMethods->iVersion < 3 || file_->pMethods->xUnfetch == nullptr) return;
  file_->pMethods->xUnfetch(file_, static_cast<sqlite3_int64>(offset), const_cast<std::byte*>(bytes));
}

Status File::lock(int level) { return vfs_status(file_->pMethods->xLock(file_, level)); }
Status File::unlock(int level) { return vfs_status(file_->pMethods->xUnlock(file_, level)); }

Result<bool> File::reserved_by_anyone() {
  int reserved = 0;
  PL_TRY(vfs_status(file_->pMethods->xCheckReservedLock(file_, &reserved)));
  return reserved != 0;
}

LockQueue* File::lock_queue() noexcept {
  if (!native_) return nullptr;
  const PosixFile& file = *static_cast<PosixFile*>(file_);
  const bool queues =
      file.inode != nullptr && file.style == LockStyle::Posix && file.generation == process_generation();
  return queues ? &file.inode->queue : nullptr;
}

bool File::take_turn() noexcept { return posix_take_turn(*static_cast<PosixFile*>(file_)); }
void File::end_turn() noexcept { posix_end_turn(*static_cast<PosixFile*>(file_)); }
bool File::turn_is_taken() noexcept { return posix_turn_is_taken(*static_cast<PosixFile*>(file_)); }
bool File::others_have_turn() noexcept { return !lock_queue()->has_turn() && turn_is_taken(); }

Companion* File::companion(UniquePtr<Companion> (*make)()) {
  if (lock_queue() == nullptr) return nullptr;
  Inode& inode = *static_cast<PosixFile*>(file_)->inode;
  const base::MutexGuard guard(inode.mutex);
  if (inode.companion == nullptr) inode.companion = make().release();
  return inode.companion;
}

void File::pass_shm_lock(File& to, int slot) noexcept {
  posix_shm_pass(*static_cast<PosixFile*>(file_), *static_cast<PosixFile*>(to.file_), slot);
}

bool File::has_shared_memory() const noexcept {
  // Where locks are not kept as the log keeps them there is none.
  if (is_posix_file(*file_) && static_cast<const PosixFile*>(file_)->inode == nullptr) return false;
  return file_->pMethods->iVersion >= 2 && file_->pMethods->xShmMap != nullptr;
}
Code File::shm_map(int number, int block_size, bool extend, void volatile** block) noexcept {
  *block = nullptr;
  return static_cast<Code>(file_->pMethods->xShmMap(file_, number, block_size, extend ? 1 : 0, block));
}
Code File::shm_lock(int slot, int count, int flags) noexcept {
  return static_cast<Code>(file_->pMethods->xShmLock(file_, slot, count, flags));
}
void File::shm_barrier() noexcept { file_->pMethods->xShmBarrier(file_); }
void File::shm_unmap(bool delete_file) noexcept { file_->pMethods->xShmUnmap(file_, delete_file ? 1 : 0); }

Code File::control(int operation, void* argument) noexcept {
  return static_cast<Code>(file_->pMethods->xFileControl(file_, operation, argument));
}
int File::sector_size() noexcept { return file_->pMethods->xSectorSize(file_); }
int File::device_characteristics() noexcept { return file_->pMethods->xDeviceCharacteristics(file_); }

}  // namespace perlite::os
