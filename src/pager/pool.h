// pager/pool.h: the memory of a View: images, frames, and which of them go when room is needed.
//
// An image is the bytes of one page at one version; it is counted and never changes while more than one owner holds it.
// A frame says which image a page has now, and with what state. The pool belongs to one Store today; its users name
// pages only through frames, so that images may be shared between connections without their noticing.
//
// Invariants
//   P1  A frame that is pinned, in the overlay, or kept by a savepoint stays.
//   P2  image_count() is the number of images with an owner; images without one wait in the free list, at most
//   kMaxFree.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/poison.h"
#include "pager/page_ref.h"

namespace perlite::pager {

struct Image {
  static constexpr std::size_t kHeaderSize = 16;
  std::uint32_t owners;
  Image* next_free;

  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this) + kHeaderSize; }
};
static_assert(sizeof(Image) <= Image::kHeaderSize);

class Pool {
 public:
  Pool(View& view, std::uint32_t page_size) noexcept : view_(view), page_size_(page_size) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  // Forgets everything, and serves pages of another size from now on. Nothing may be pinned.
  void set_page_size(std::uint32_t page_size) noexcept;

  Frame* find(PageNo page) const noexcept {
    if (buckets_.empty()) return nullptr;
    Frame* frame = buckets_[page.value & bucket_mask_];
    while (frame != nullptr && frame->page != page) frame = frame->next_in_bucket;
    return frame;
  }
  // A new frame without image. Throws std::bad_alloc; then nothing has changed.
  Frame& add(PageNo page);
  // Removes a frame that is not pinned and not kept by a savepoint; its images go.
  void remove(Frame& frame) noexcept;

  // An image with one owner, contents undefined. Throws std::bad_alloc.
  Image* new_image();
  static Image* own(Image* image) noexcept {
    ++image->owners;
    return image;
  }
  void disown(Image* image) noexcept {  // null is fine
    if (image != nullptr && --image->owners == 0) recycle(image);
  }
  // The frame's image becomes `image`, whose ownership it takes; the former one is disowned.
  void set_image(Frame& frame, Image* image) noexcept {
    disown(frame.image);
    frame.image = image;
    frame.data = image == nullptr ? nullptr : image->bytes();
  }

  // Takes the image from a frame that nobody misses: clean, unpinned, not used for a while. False when there is none, or
  // when `max_skips` frames that have to stay were met first.
  bool evict_one(std::size_t max_skips = SIZE_MAX) noexcept;
  // Evicts until at most `images` have an owner, or no more can go.
  void shrink_to(std::size_t images) noexcept {
    while (image_count_ > images && evict_one()) {
    }
    trim_free();
  }
  void trim_free() noexcept;

  // Calls visit(frame) for every frame; visit may remove that frame.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::size_t i = 0; i < frame_slots_; ++i) {
      Frame& frame = slot(i);
      if (frame.page.value != 0) visit(frame);
    }
  }

  bool any_pinned() noexcept {
    bool pinned = false;
    for_each([&](const Frame& frame) { pinned = pinned || frame.pins != 0; });
    return pinned;
  }

  std::size_t frame_count() const noexcept { return frame_count_; }
  std::size_t image_count() const noexcept { return image_count_; }
  std::size_t bytes() const noexcept {
    return (image_count_ + free_count_) * image_bytes() + slabs_.size() * sizeof(Slab) +
           buckets_.capacity() * sizeof(Frame*);
  }
  std::uint32_t page_size() const noexcept { return page_size_; }

 private:
  static constexpr std::size_t kSlabFrames = 64;
  // The address sanitizer sees a view that outlived its image only when the image is really gone.
  static constexpr std::size_t kMaxFree = base::kAddressSanitizer ? 0 : 64;
  struct Slab {
    Frame frames[kSlabFrames];
  };

  std::size_t image_bytes() const noexcept { return Image::kHeaderSize + page_size_ + kFrameSlack; }
  Frame& slot(std::size_t index) noexcept { return slabs_[index / kSlabFrames]->frames[index % kSlabFrames]; }
  void recycle(Image* image) noexcept;
  void grow_buckets();

  View& view_;
  Vector<base::UniquePtr<Slab>> slabs_;
  Vector<Frame*> buckets_;
  std::uint32_t bucket_mask_ = 0;
  std::uint32_t page_size_;
  Frame* free_frames_ = nullptr;  // linked by next_in_bucket
  Image* free_images_ = nullptr;
  std::size_t free_count_ = 0;
  std::size_t frame_slots_ = 0;  // slots handed out so far, free ones included
  std::size_t frame_count_ = 0;
  std::size_t image_count_ = 0;
  std::size_t hand_ = 0;  // of the clock
};

}  // namespace perlite::pager
