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

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/poison.h"
#include "base/status.h"
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
  // How often a page was used of late, whether it stayed in memory or not: up to kMaxHeat.
  unsigned heat(PageNo page) const noexcept { return heat_.empty() ? 0 : heat_[page.value & heat_mask_]; }
  void warm(PageNo page) noexcept {
    if (!heat_.empty() && heat_[page.value & heat_mask_] < kMaxHeat) ++heat_[page.value & heat_mask_];
  }
  // Chooses up to `count` frames to go next, the least used, of the unpinned ones with an image that may_go(frame)
  // lets go; those that it lets go Later only when `later` says so (it is asked how many there would be with and without
  // them, and how many of the former are such). A new time begins in which frames are used or not; what was used in the
  // former one becomes warmer. Throws std::bad_alloc; then none is chosen. Errors: those of `later`.
  enum class MayGo : std::uint8_t { No, Now, Later };
  struct Chosen {
    Frame* frame;
    PageNo page;
  };
  template <class Ask, class Later>
  Result<std::span<const Chosen>> choose(std::size_t count, Ask may_go, Later later);
  // As evict_one(), among those chosen: clean now, and not used since then.
  bool evict_chosen() noexcept;
  bool has_chosen() const noexcept { return !chosen_.empty(); }
  void forget_chosen() noexcept { chosen_.clear(); }
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
  void evict(Frame& frame) noexcept;

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
  static constexpr std::uint8_t kMaxHeat = 15;
  static constexpr std::size_t kUses = 2 * kMaxHeat + 2;  // heat, and whether it was used in this time
  static constexpr std::size_t kTimesToCool = 64;         // then all heat is halved
  struct Candidate {
    std::uint32_t slot;
    std::uint8_t use;
    bool later;
  };
  using Histogram = std::array<std::size_t, kUses>;
  void cool() noexcept;
  std::size_t pick(std::size_t count, bool with_later, const Histogram& uses) noexcept;

  Vector<std::uint8_t> heat_;  // by page number, as far as it goes
  std::uint32_t heat_mask_ = 0;
  std::size_t times_ = 0;
  Vector<Candidate> candidates_;  // the first candidate_count_
  std::size_t candidate_count_ = 0;
  Vector<Chosen> chosen_;
  std::size_t next_chosen_ = 0;
};

template <class Ask, class Later>
Result<std::span<const Pool::Chosen>> Pool::choose(std::size_t count, Ask may_go, Later later) {
  count = std::min(count, frame_count_);
  chosen_.clear();
  chosen_.reserve(count);
  candidates_.resize(frame_count_);
  candidate_count_ = 0;
  Histogram now{};
  Histogram all{};
  std::uint32_t index = 0;
  for (const auto& slab : slabs_) {
    const std::size_t frames = std::min(kSlabFrames, frame_slots_ - index);
    for (std::size_t i = 0; i < frames; ++i, ++index) {
      Frame& frame = slab->frames[i];
      if (frame.image == nullptr) continue;
      std::uint8_t& heat = heat_[frame.page.value & heat_mask_];
      const auto use = static_cast<std::uint8_t>(2 * heat + (frame.referenced ? 1 : 0));
      if (frame.referenced && heat < kMaxHeat) ++heat;
      frame.referenced = false;
      if (frame.pins != 0) continue;
      const MayGo verdict = may_go(frame);
      if (verdict == MayGo::No) continue;
      ++all[use];
      if (verdict == MayGo::Now) ++now[use];
      candidates_[candidate_count_++] = {index, use, verdict == MayGo::Later};
    }
  }
  if (++times_ % kTimesToCool == 0) cool();
  const std::size_t waiting = pick(count, true, all);
  if (waiting == 0) return std::span<const Chosen>(chosen_);
  const std::size_t with = chosen_.size();
  std::size_t without = 0;
  for (const std::size_t frames : now) without += frames;
  PL_ASSIGN(const bool agreed, later(waiting, with, std::min(count, without)));
  if (!agreed) pick(count, false, now);
  return std::span<const Chosen>(chosen_);
}

}  // namespace perlite::pager
