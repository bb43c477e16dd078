#include "os/file.h"

namespace perlite::os {

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

void File::close() noexcept {
  if (file_ == nullptr) return;
  if (file_->pMethods != nullptr) file_->pMethods->xClose(file_);
  base::Allocator::release(file_);
  file_ = nullptr;
  native_ = false;
}

}  // namespace perlite::os
