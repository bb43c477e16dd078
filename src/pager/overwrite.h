// pager/overwrite.h: a database written over by the pages of another one (VACUUM, backup).
//
// Inside a write transaction of the target its pages get the bytes of the new database, by way of the overlay: journal,
// spill, rollback and commit are those of any transaction. The pages of the new database may have another size; the
// target's file is then the same bytes cut otherwise, and the target has the new page size once the commit is made.
//
//   put() any pages, in any order, any number of times -> finish() -> Store::commit_prepare(), commit_finish(EndRead)
//
// The change counter on page 1 goes on from the target's. The read and write versions are those of the new database
// (a copy of a database in WAL mode is one), save that a target with a log keeps it.
//   Threads   as the Store.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "pager/store.h"

namespace perlite::pager {

class Overwrite : public Allocated {
 public:
  // In a write transaction of `target`, before anything was changed in it.
  static Result<UniquePtr<Overwrite>> begin(Store& target, std::uint32_t page_size);
  // True where a database of pages of `page_size` can take the target's place: it is empty, or the sizes are equal, or
  // the target is a file without a log.
  static bool possible(const Store& target, std::uint32_t page_size) noexcept;

  // Another size from now on; possible() must hold for it.
  void set_page_size(std::uint32_t page_size) noexcept { page_size_ = page_size; }
  // The content of page `page` (not the lock-byte page), `page_size` bytes.
  // Errors: those of PageRef::writable(); Full beyond max_page_count.
  Status put(PageNo page, base::Bytes image);
  // The new database has `page_count` pages. May be followed by more put() and another finish().
  Status finish(std::uint32_t page_count);

 private:
  Overwrite(Store& target, std::uint32_t page_size) noexcept : target_(target), page_size_(page_size) {}
  Status write_bytes(std::uint64_t offset, base::Bytes bytes);
  Status keep_own_fields();

  Store& target_;
  std::uint32_t page_size_;
  std::uint32_t change_counter_ = 0;
};

}  // namespace perlite::pager
