// pager/page_ref.h: a pinned page.
//
// While a PageRef lives its frame stays in memory, and its bytes change only through writable() of a reference to the
// same page of the same View. writable() copies the page into the overlay of the transaction first, so spans taken
// before it are over; when the page was in the overlay already they are the same bytes.
//   Made by    View only.
//   Ownership  moves, never copies; the destructor unpins.
//   Lifetime   ends before its View does, and before the transaction it was fetched in; the pager asserts this.
//   Threads    used by one thread at a time.
//   Reading wide  kFrameSlack bytes may be read beyond bytes(); what they hold means nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/assert.h"
#include "base/ids.h"
#include "base/status.h"

namespace perlite::pager {

class View;
class Store;

// Every page in memory is followed by so many readable bytes.
inline constexpr std::size_t kFrameSlack = 32;

struct Image;  // pager/pool.h

// A page as one View sees it. Belongs to the pool; everyone else holds it through PageRef.
struct Frame {
  std::byte* data = nullptr;  // bytes of `image`, null while none is in memory
  View* view = nullptr;
  std::uint64_t write_stamp = 0;  // equals View::write_stamp() while the page may be changed without further ado
  std::uint32_t page_size = 0;
  std::uint32_t pins = 0;
  PageNo page;
  bool referenced = false;  // since the clock hand passed
  enum class State : std::uint8_t {
    Clean,    // image is the published one, or the one the transaction spilled
    Overlay,  // image belongs to the transaction
  } state = State::Clean;
  bool no_content = false;  // in the overlay, content of no interest: never written
  bool unwritten = false;   // the file (if any) does not hold the image
  bool listed = false;      // in the Store's list of changed frames
  bool leaving = false;     // among the frames that a spill is about to write

  Image* image = nullptr;      // counted
  Image* base = nullptr;       // counted; the published image while in the overlay, null when not kept
  std::uint64_t saved_by = 0;  // serial of the innermost savepoint that keeps this page, 0 for none
  Frame* next_in_bucket = nullptr;
  std::uint32_t pool_index = 0;
};

class PageRef {
 public:
  PageRef(PageRef&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  PageRef& operator=(PageRef&& other) noexcept {
    Frame* taken = std::exchange(other.frame_, nullptr);
    if (frame_ != nullptr) --frame_->pins;
    frame_ = taken;
    return *this;
  }
  PageRef(const PageRef&) = delete;
  PageRef& operator=(const PageRef&) = delete;
  ~PageRef() {
    if (frame_ != nullptr) --frame_->pins;
  }

  PageNo number() const noexcept { return frame_->page; }
  std::span<const std::byte> bytes() const noexcept { return {frame_->data, frame_->page_size}; }
  const std::byte* data() const noexcept { return frame_->data; }

  // The page's bytes for changing, page_size of them; valid until the next savepoint is opened or the transaction ends.
  // Errors: NoMem, IoErr and Full (journal, spill), Busy (a spill that meets readers), ReadOnly.
  // After an error the page is unchanged.
  Result<std::span<std::byte>> writable();
  // True when the page is in the overlay of the running transaction.
  bool in_overlay() const noexcept { return frame_->state == Frame::State::Overlay; }

  // Another pin on the same page.
  PageRef clone() const noexcept { return PageRef(*frame_); }

 private:
  friend class View;
  friend class Store;
  explicit PageRef(Frame& frame) noexcept : frame_(&frame) {
    ++frame.pins;
    frame.referenced = true;
  }

  Frame* frame_;  // null only after a move
};

}  // namespace perlite::pager
