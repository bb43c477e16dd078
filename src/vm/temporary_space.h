// vm/temporary_space.h: where the ephemeral trees of one execution live: opened on first use, given back at its end.
#pragma once

#include "base/status.h"
#include "btree/tree.h"
#include "vm/host.h"

namespace perlite::vm {

class TemporarySpace {
 public:
  explicit TemporarySpace(Host& host) noexcept : host_(host) {}
  TemporarySpace(const TemporarySpace&) = delete;
  TemporarySpace& operator=(const TemporarySpace&) = delete;
  ~TemporarySpace() { release(); }

  Host& host() noexcept { return host_; }
  // In a write transaction. Errors: those of opening a temporary file.
  Result<pager::View*> view() {
    if (view_ == nullptr) {
      PL_ASSIGN(view_, host_.open_temporary());
      // Roots of ephemeral trees are then pages like any others.
      PL_TRY(btree::init_database(*view_, {}, false));
    }
    return view_;
  }
  // All cursors on its trees are closed.
  void release() noexcept {
    if (view_ != nullptr) host_.release_temporary(view_);
    view_ = nullptr;
  }

 private:
  Host& host_;
  pager::View* view_ = nullptr;
};

}  // namespace perlite::vm
