// pager/watcher.h: who follows what a store commits (a backup that copies from it meanwhile).
#pragma once

#include "base/ids.h"

namespace perlite::pager {

class StoreWatcher {
 public:
  // Called while the store commits, before the new pages are published, by the thread that commits. Neither may touch
  // the store.
  virtual void page_changed(PageNo page) noexcept = 0;
  virtual void all_changed() noexcept = 0;

 protected:
  ~StoreWatcher() = default;

 private:
  friend class Store;
  StoreWatcher* next_watcher_ = nullptr;
};

}  // namespace perlite::pager
