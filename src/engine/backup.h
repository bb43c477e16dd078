// engine/backup.h: one database copied over another, page by page, while the source lives on (manual: backup.html).
//
//   not begun --step()--> copying --step()...--> done
//                           |  the source changed elsewhere: back to page 1
// From the first step to the end the target is in a write transaction of the backup's own, whose end is the commit of
// the whole copy. Between steps the source is free: what its own connection commits is copied again, what others commit
// starts the copy anew.
//   Lifetime   both connections stay while it lives (Connection::open_children, Database::backups).
//   Threads    under the locks of both connections, the source's taken first.
#pragma once

#include <cstdint>

#include "base/allocator.h"
#include "base/status.h"
#include "engine/connection.h"
#include "pager/overwrite.h"
#include "pager/page_set.h"
#include "pager/watcher.h"

namespace perlite::engine {

class Backup final : public Allocated, private pager::StoreWatcher {
 public:
  // Errors: "unknown database NAME", "source and destination must be distinct", "destination database is in use".
  static Result<UniquePtr<Backup>> open(Connection& target, std::string_view target_name, Connection& source,
                                        std::string_view source_name);
  // Rolls back what is not complete.
  ~Backup();

  // Copies up to `pages` pages, all that are left when negative. True when the copy is complete and committed.
  // Errors: Busy, which may be tried again; all others stay: ReadOnly, IoErr, NoMem, Full, ...
  Result<bool> step(int pages);

  // As of the last step.
  std::uint32_t remaining() const noexcept { return remaining_; }
  std::uint32_t page_count() const noexcept { return page_count_; }
  // What the last step ended with.
  Code last_error() const noexcept { return last_error_; }
  Connection& source_connection() noexcept { return source_connection_; }
  Connection& target_connection() noexcept { return target_connection_; }

 private:
  Backup(Connection& target_connection, Database& target, Connection& source_connection, Database& source) noexcept;
  Result<bool> take_step(int pages);
  Status copy_pages(int pages);
  Status begin_target();
  Status copy(PageNo page);
  Status put_empty_database();
  Status complete();
  void page_changed(PageNo page) noexcept override;
  void all_changed() noexcept override { starts_anew_ = true; }

  Connection& target_connection_;
  Connection& source_connection_;
  Database& target_;
  Database& source_;
  UniquePtr<pager::Overwrite> overwrite_;  // null: not begun
  pager::PageSet changed_;                 // pages copied before the source changed them
  std::uint32_t last_changed_ = 0;         // the last of them
  std::uint32_t next_ = 1;                 // page to copy next
  std::uint32_t source_version_ = 0;       // Store::data_version() of what was copied
  std::uint32_t target_cookie_ = 0;
  std::uint32_t remaining_ = 0;
  std::uint32_t page_count_ = 0;
  bool starts_anew_ = false;
  bool done_ = false;
  Code failure_ = Code::Ok;  // stays
  Code last_error_ = Code::Ok;
};

}  // namespace perlite::engine
