// pager/log.h: where committed pages go instead of the database file.
//
// A log is a growing sequence of page images (frames), cut into transactions. The write-ahead log of the file format is
// one implementation, a virtual one (libSQL's) another. A Store with a log reads each page from the newest frame its
// snapshot shows, else from the database file, and commits by appending; it never writes the database file itself.
//
//   stage of the commit pipeline    call
//   append                          append(pages, page count), any number of times, the last one with the count
//   sync                            sync()
//   publish                         publish()
//
// Frames that were appended and not published are seen by the connection that appended them alone.
//   Threads   one at a time for one Log; the logs of several connections share their state as they see fit.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"

namespace perlite::pager {

class Log : public Allocated {
 public:
  struct Page {
    PageNo number;
    base::Bytes image;
  };
  // Names a frame: 1 and up in a snapshot; 0 is none.
  using FrameNo = std::uint32_t;

  virtual ~Log() = default;

  // Takes the newest published state as this connection's snapshot. The answer tells whether it differs from that of
  // the last call. Errors: Busy, BusyRecovery, Protocol, IoErr, Corrupt.
  virtual Result<bool> begin_read() = 0;
  virtual void end_read() noexcept = 0;
  // Pages of the database in the snapshot; 0 when the log is empty and the file's header says it.
  virtual std::uint32_t page_count() const noexcept = 0;
  // The newest frame of the page in the snapshot and in what this connection appended; 0 when there is none.
  virtual Result<FrameNo> find(PageNo page) = 0;
  virtual Status read(FrameNo frame, base::MutableBytes into) = 0;

  // Becomes the only writer. Errors: Busy; BusySnapshot when the snapshot is not the newest state any more.
  virtual Status begin_write() = 0;
  // Appends frames. `commit_page_count` is 0, or the pages of the database after the transaction that ends here.
  virtual Status append(std::span<const Page> pages, std::uint32_t commit_page_count) = 0;
  virtual Status sync() = 0;
  // Shows the transaction to all; it is the snapshot of this connection from now on.
  virtual Status publish() = 0;
  // Forgets what was appended since begin_write() and not published. Ends the write, as publish() does.
  virtual void abandon() noexcept = 0;
};

}  // namespace perlite::pager
