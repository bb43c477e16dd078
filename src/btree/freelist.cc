#include "btree/freelist.h"

#include <cstring>

#include "base/bytes.h"
#include "btree/pointer_map.h"
#include "btree/tree.h"
#include "pager/store.h"

namespace perlite::btree {

using base::load_be32;
using base::store_be32;
using pager::PageRef;
using pager::View;

namespace {

constexpr std::uint32_t kNextTrunk = 0;
constexpr std::uint32_t kLeafCount = 4;
constexpr std::uint32_t kLeaves = 8;

struct FreelistHeader {
  PageNo first_trunk;
  std::uint32_t count;
};

FreelistHeader read_header(const PageRef& one) noexcept {
  return {PageNo(load_be32(one.data() + pager::header::kFirstTrunk)),
          load_be32(one.data() + pager::header::kFreePageCount)};
}
Status write_header(PageRef& one, FreelistHeader header) {
  PL_ASSIGN(const base::MutableBytes bytes, one.writable());
  store_be32(bytes.data() + pager::header::kFirstTrunk, header.first_trunk.value);
  store_be32(bytes.data() + pager::header::kFreePageCount, header.count);
  return {};
}

struct Trunk {
  PageRef page;
  PageNo next;
  std::uint32_t leaf_count;

  PageNo leaf(std::uint32_t index) const noexcept { return PageNo(load_be32(page.data() + kLeaves + 4 * index)); }
};
Result<Trunk> fetch_trunk(View& view, PageNo number) {
  if (number.value < 2) return Status::corrupt("freelist: bad trunk page");
  PL_ASSIGN(PageRef page, view.fetch(number));
  const PageNo next(load_be32(page.data() + kNextTrunk));
  const std::uint32_t leaf_count = load_be32(page.data() + kLeafCount);
  if (leaf_count > max_trunk_leaves_read(view.usable_size())) return Status::corrupt("freelist: leaf count too big");
  return Trunk{std::move(page), next, leaf_count};
}

bool may_be_free(const View& view, PageNo page) noexcept { return page.value >= 2 && view.exists(page); }

bool deletes_securely(const View& view) noexcept { return view.store().secure_delete() == pager::SecureDelete::On; }

// Removes leaf `index` of the trunk; the last leaf takes its place.
Status drop_leaf(Trunk& trunk, std::uint32_t index) {
  PL_ASSIGN(const base::MutableBytes bytes, trunk.page.writable());
  const std::uint32_t last = --trunk.leaf_count;
  if (index != last) std::memcpy(bytes.data() + kLeaves + 4 * index, bytes.data() + kLeaves + 4 * last, 4);
  store_be32(bytes.data() + kLeafCount, last);
  return {};
}

// Takes the trunk itself off the list: its first leaf, if any, becomes the trunk in its place.
// `before` is the trunk in front of it, null when it is the first one.
Status drop_trunk(View& view, PageRef& one, FreelistHeader& header, Trunk* before, Trunk& trunk) {
  PageNo successor = trunk.next;
  if (trunk.leaf_count != 0) {
    successor = trunk.leaf(0);
    if (!may_be_free(view, successor) || successor == trunk.page.number()) {
      return Status::corrupt("freelist: bad leaf page");
    }
    PL_ASSIGN(PageRef heir, view.fetch_unread(successor));
    PL_ASSIGN(const base::MutableBytes bytes, heir.writable());
    store_be32(bytes.data() + kNextTrunk, trunk.next.value);
    store_be32(bytes.data() + kLeafCount, trunk.leaf_count - 1);
    std::memcpy(bytes.data() + kLeaves, trunk.page.data() + kLeaves + 4, 4 * (trunk.leaf_count - 1));
  }
  if (before == nullptr) {
    header.first_trunk = successor;
  } else {
    PL_ASSIGN(const base::MutableBytes bytes, before->page.writable());
    store_be32(bytes.data() + kNextTrunk, successor.value);
  }
  --header.count;
  return write_header(one, header);
}

// Walks the list until `wanted(page)`, and takes that page. PageNo(0) when there is none.
template <class Wanted>
Result<PageNo> take_if(View& view, Wanted wanted) {
  PL_ASSIGN(PageRef one, view.fetch(PageNo(1)));
  FreelistHeader header = read_header(one);
  std::optional<Trunk> before;
  std::uint32_t seen = 0;
  for (PageNo number = header.first_trunk; number.value != 0;) {
    if (seen >= header.count) return Status::corrupt("freelist: longer than its count");
    PL_ASSIGN(Trunk trunk, fetch_trunk(view, number));
    if (wanted(number)) {
      PL_TRY(drop_trunk(view, one, header, before ? &*before : nullptr, trunk));
      return number;
    }
    for (std::uint32_t i = 0; i < trunk.leaf_count; ++i) {
      const PageNo leaf = trunk.leaf(i);
      if (!wanted(leaf)) continue;
      if (!may_be_free(view, leaf)) return Status::corrupt("freelist: bad leaf page");
      PL_TRY(drop_leaf(trunk, i));
      --header.count;
      PL_TRY(write_header(one, header));
      return leaf;
    }
    seen += trunk.leaf_count + 1;
    number = trunk.next;
    before.emplace(std::move(trunk));
  }
  return PageNo(0);
}

}  // namespace

Result<PageRef> append_page(View& view) {
  PL_ASSIGN(const bool mapped, has_pointer_map(view));
  for (;;) {
    PL_ASSIGN(PageRef page, view.append());
    if (!mapped || !is_map_page(view, page.number())) return page;
  }
}

Result<PageRef> allocate_page(View& view, PageNo) {
  PL_ASSIGN(PageRef one, view.fetch(PageNo(1)));
  FreelistHeader header = read_header(one);
  if (header.count == 0) return append_page(view);
  if (header.count >= view.page_count().value) return Status::corrupt("freelist: longer than the file");
  PL_ASSIGN(Trunk trunk, fetch_trunk(view, header.first_trunk));

  if (trunk.leaf_count == 0) {
    --header.count;
    const PageNo number = std::exchange(header.first_trunk, trunk.next);
    PL_TRY(write_header(one, header));
    PL_ASSIGN(PageRef page, view.fetch(number));
    PL_TRY(page.writable());
    return page;
  }
  // The last one: no other number of the trunk has to move.
  const PageNo number = trunk.leaf(trunk.leaf_count - 1);
  if (!may_be_free(view, number) || number == trunk.page.number()) return Status::corrupt("freelist: bad leaf page");
  PL_TRY(drop_leaf(trunk, trunk.leaf_count - 1));
  --header.count;
  PL_TRY(write_header(one, header));
  return view.fetch_unread(number);
}

Status free_page(View& view, PageNo number) {
  if (!may_be_free(view, number)) return Status::corrupt("freelist: freeing a page that is none");
  PL_ASSIGN(PageRef one, view.fetch(PageNo(1)));
  FreelistHeader header = read_header(one);
  if (header.count >= view.page_count().value) return Status::corrupt("freelist: longer than the file");
  PL_ASSIGN(const bool mapped, has_pointer_map(view));
  if (mapped) {
    if (is_map_page(view, number)) return Status::corrupt("freelist: freeing a pointer map page");
    PL_TRY(write_pointer(view, number, PointerType::Free, PageNo(0)));
  }
  const bool wipe = deletes_securely(view);
  if (wipe) {
    PL_ASSIGN(PageRef page, view.fetch(number));
    PL_ASSIGN(const base::MutableBytes bytes, page.writable());
    std::memset(bytes.data(), 0, bytes.size());
  }
  ++header.count;

  if (header.first_trunk.value != 0) {
    PL_ASSIGN(Trunk trunk, fetch_trunk(view, header.first_trunk));
    if (number == header.first_trunk) return Status::corrupt("freelist: page freed twice");
    if (trunk.leaf_count < max_trunk_leaves_written(view.usable_size())) {
      PL_ASSIGN(const base::MutableBytes bytes, trunk.page.writable());
      store_be32(bytes.data() + kLeaves + 4 * trunk.leaf_count, number.value);
      store_be32(bytes.data() + kLeafCount, trunk.leaf_count + 1);
      PL_TRY(write_header(one, header));
      return wipe ? Status() : view.discard(number);
    }
  }
  PL_ASSIGN(PageRef page, view.fetch(number));
  PL_ASSIGN(const base::MutableBytes bytes, page.writable());
  store_be32(bytes.data() + kNextTrunk, header.first_trunk.value);
  store_be32(bytes.data() + kLeafCount, 0);
  header.first_trunk = number;
  return write_header(one, header);
}

Result<std::uint32_t> freelist_count(View& view) {
  if (view.page_count().value == 0) return 0u;
  PL_ASSIGN(const PageRef one, view.fetch(PageNo(1)));
  return read_header(one).count;
}

Status take_free_page(View& view, PageNo page) {
  PL_ASSIGN(const PageNo taken, take_if(view, [page](PageNo free) { return free == page; }));
  if (taken != page) return Status::corrupt("freelist: page is not on the list");
  return {};
}

Result<PageNo> take_free_page_below(View& view, PageNo bound) {
  return take_if(view, [bound](PageNo free) { return free < bound; });
}

Status list_free_pages(View& view, Vector<PageNo>* pages) {
  PL_ASSIGN(const PageRef one, view.fetch(PageNo(1)));
  const FreelistHeader header = read_header(one);
  if (header.count >= view.page_count().value) return Status::corrupt("freelist: longer than the file");
  pages->clear();
  pages->reserve(header.count);
  for (PageNo number = header.first_trunk; number.value != 0;) {
    PL_ASSIGN(const Trunk trunk, fetch_trunk(view, number));
    if (pages->size() + 1 + trunk.leaf_count > header.count) return Status::corrupt("freelist: longer than its count");
    pages->push_back(number);
    for (std::uint32_t i = 0; i < trunk.leaf_count; ++i) {
      if (!may_be_free(view, trunk.leaf(i))) return Status::corrupt("freelist: bad leaf page");
      pages->push_back(trunk.leaf(i));
    }
    number = trunk.next;
  }
  if (pages->size() != header.count) return Status::corrupt("freelist: shorter than its count");
  return {};
}

Status write_freelist(View& view, const Vector<PageNo>& pages) {
  PL_ASSIGN(PageRef one, view.fetch(PageNo(1)));
  FreelistHeader header{PageNo(0), static_cast<std::uint32_t>(pages.size())};
  const std::uint32_t per_trunk = max_trunk_leaves_written(view.usable_size());
  for (std::size_t at = 0; at < pages.size();) {
    PL_ASSIGN(PageRef trunk, view.fetch(pages[at]));
    PL_ASSIGN(const base::MutableBytes bytes, trunk.writable());
    ++at;
    const std::size_t leaf_count = pages.size() - at < per_trunk ? pages.size() - at : per_trunk;
    store_be32(bytes.data() + kNextTrunk, header.first_trunk.value);
    store_be32(bytes.data() + kLeafCount, static_cast<std::uint32_t>(leaf_count));
    for (std::size_t i = 0; i < leaf_count; ++i) {
      store_be32(bytes.data() + kLeaves + 4 * i, pages[at + i].value);
    }
    at += leaf_count;
    header.first_trunk = trunk.number();
  }
  return write_header(one, header);
}

}  // namespace perlite::btree
