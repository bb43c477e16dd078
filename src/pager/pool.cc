#include "pager/pool.h"

#include <cstring>
#include <new>

#include "pager/view.h"

namespace perlite::pager {

Pool::~Pool() {
  for_each([this](Frame& frame) { remove(frame); });
  trim_free();
}

void Pool::set_page_size(std::uint32_t page_size) noexcept {
  for_each([this](Frame& frame) { remove(frame); });
  PL_ASSERT(image_count_ == 0);
  chosen_.clear();
  trim_free();
  page_size_ = page_size;
}

Frame& Pool::add(PageNo page) {
  PL_ASSERT(find(page) == nullptr);
  if (frame_count_ >= buckets_.size()) grow_buckets();
  Frame* frame = free_frames_;
  if (frame != nullptr) {
    free_frames_ = frame->next_in_bucket;
  } else {
    if (frame_slots_ == slabs_.size() * kSlabFrames) slabs_.push_back(base::make_unique<Slab>());
    frame = &slot(frame_slots_);
    frame->pool_index = static_cast<std::uint32_t>(frame_slots_++);
  }
  const std::uint32_t index = frame->pool_index;
  *frame = Frame{};
  frame->pool_index = index;
  frame->view = &view_;
  frame->page = page;
  frame->page_size = page_size_;
  Frame*& bucket = buckets_[page.value & bucket_mask_];
  frame->next_in_bucket = bucket;
  bucket = frame;
  ++frame_count_;
  return *frame;
}

void Pool::remove(Frame& frame) noexcept {
  PL_ASSERT(frame.pins == 0 && frame.saved_by == 0);
  view_.forget(frame);
  Frame** link = &buckets_[frame.page.value & bucket_mask_];
  while (*link != &frame) link = &(*link)->next_in_bucket;
  *link = frame.next_in_bucket;
  disown(frame.image);
  disown(frame.base);
  frame.image = frame.base = nullptr;
  frame.data = nullptr;
  frame.page = PageNo(0);
  frame.state = Frame::State::Clean;
  frame.next_in_bucket = free_frames_;
  free_frames_ = &frame;
  --frame_count_;
}

Image* Pool::new_image() {
  Image* image = free_images_;
  if (image != nullptr) {
    free_images_ = image->next_free;
    --free_count_;
  } else {
    image = ::new (base::Allocator::allocate(image_bytes())) Image;
    // The slack is read by decoders; it must not look uninitialised.
    std::memset(image->bytes() + page_size_, 0, kFrameSlack);
  }
  image->owners = 1;
  image->next_free = nullptr;
  ++image_count_;
  return image;
}

void Pool::recycle(Image* image) noexcept {
  --image_count_;
  if (free_count_ >= kMaxFree) {
    base::Allocator::release(image);
    return;
  }
  image->next_free = free_images_;
  free_images_ = image;
  ++free_count_;
}

void Pool::trim_free() noexcept {
  while (free_images_ != nullptr) {
    Image* next = free_images_->next_free;
    base::Allocator::release(free_images_);
    free_images_ = next;
  }
  free_count_ = 0;
}

void Pool::grow_buckets() {
  Vector<Frame*> grown(buckets_.empty() ? 64 : buckets_.size() * 2, nullptr);
  Vector<std::uint8_t> heat(4 * grown.size(), 0);  // nothing fails once frames have moved
  const auto mask = static_cast<std::uint32_t>(grown.size() - 1);
  for (Frame* frame : buckets_) {
    while (frame != nullptr) {
      Frame* next = frame->next_in_bucket;
      Frame*& bucket = grown[frame->page.value & mask];
      frame->next_in_bucket = bucket;
      bucket = frame;
      frame = next;
    }
  }
  heat_.swap(heat);
  heat_mask_ = static_cast<std::uint32_t>(heat_.size() - 1);
  buckets_.swap(grown);
  bucket_mask_ = mask;
}

bool Pool::evict_one(std::size_t max_skips) noexcept {
  // Two rounds: the first may only clear the marks of use.
  for (std::size_t steps = 2 * frame_slots_; steps > 0; --steps) {
    if (hand_ >= frame_slots_) hand_ = 0;
    Frame& frame = slot(hand_++);
    if (frame.image == nullptr) continue;
    if (frame.pins != 0 || frame.state != Frame::State::Clean || frame.unwritten) {
      if (max_skips-- == 0) return false;
      continue;
    }
    if (frame.referenced) {
      frame.referenced = false;
      warm(frame.page);
      continue;
    }
    evict(frame);
    return true;
  }
  return false;
}

void Pool::evict(Frame& frame) noexcept {
  if (frame.saved_by != 0) {  // the frame stays (P1), its image can be read again
    view_.forget(frame);
    set_image(frame, nullptr);
    frame.write_stamp = 0;
  } else {
    remove(frame);
  }
}

// Of the candidates, whose uses are counted, the `count` least used become the chosen ones, for which there is room; how
// many of them go later.
std::size_t Pool::pick(std::size_t count, bool with_later, const Histogram& uses) noexcept {
  chosen_.clear();
  next_chosen_ = 0;
  std::size_t limit = 0;  // all uses below it are chosen, and `rest` of those that are equal
  std::size_t rest = count;
  for (; limit < kUses && uses[limit] <= rest; ++limit) rest -= uses[limit];
  std::size_t later = 0;
  for (const Candidate& candidate : std::span(candidates_).first(candidate_count_)) {
    if (candidate.use > limit || (candidate.later && !with_later)) continue;
    if (candidate.use == limit) {
      if (rest == 0) continue;
      --rest;
    }
    Frame& frame = slot(candidate.slot);
    chosen_.push_back({&frame, frame.page});
    if (candidate.later) ++later;
  }
  return later;
}

void Pool::cool() noexcept {
  for (std::uint8_t& heat : heat_) heat = static_cast<std::uint8_t>(heat / 2);
}

bool Pool::evict_chosen() noexcept {
  while (next_chosen_ < chosen_.size()) {
    const Chosen& chosen = chosen_[next_chosen_++];
    Frame& frame = *chosen.frame;
    // The slot may be that of another page by now.
    if (frame.page != chosen.page || frame.image == nullptr || frame.pins != 0 || frame.referenced) continue;
    if (frame.state != Frame::State::Clean || frame.unwritten) continue;
    evict(frame);
    return true;
  }
  return false;
}

}  // namespace perlite::pager
