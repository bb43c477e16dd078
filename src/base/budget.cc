#include "base/budget.h"

namespace perlite {

void Budget::set_progress(int every_units, int (*callback)(void*), void* context) noexcept {
  const bool active = every_units >= 1 && callback != nullptr;
  progress_ = active ? callback : nullptr;
  progress_context_ = active ? context : nullptr;
  stride_ = active ? every_units : kStride;
  left_ = stride_;
}

Status Budget::check() {
  left_ = stride_;
  if (interrupted()) return Code::Interrupt;
  if (progress_ != nullptr && progress_(progress_context_) != 0) return Code::Interrupt;
  return {};
}

}  // namespace perlite
