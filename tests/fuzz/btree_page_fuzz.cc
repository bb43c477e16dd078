// Any bytes as a database: every way to read or change its trees ends in an answer or in an error.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "btree/check.h"
#include "btree/cursor.h"
#include "btree/dump.h"
#include "btree/tree.h"
#include "pager/store.h"

namespace {

using namespace perlite;
using namespace perlite::btree;

struct ByteOrder : KeyOrder {
  ByteOrder() : KeyOrder(&compare) {}
  static int compare(const KeyOrder&, std::span<const std::byte> stored, bool complete,
                     std::span<const std::byte> key) noexcept {
    const std::size_t common = stored.size() < key.size() ? stored.size() : key.size();
    const int order = common == 0 ? 0 : std::memcmp(stored.data(), key.data(), common);
    if (order != 0) return order;
    if (!complete && stored.size() <= key.size()) return kNeedMore;
    return stored.size() < key.size() ? -1 : stored.size() > key.size() ? 1 : 0;
  }
};

sqlite3_vfs no_vfs{};

void exercise(pager::View& view, PageNo root, TreeKind kind) {
  static const ByteOrder order;
  Cursor cursor;
  cursor.open(view, root, kind, &order);
  Vector<std::byte> scratch;
  Status status = cursor.first();
  for (int i = 0; i < 200 && status.ok() && cursor.valid(); ++i) {
    static_cast<void>(cursor.full_payload(scratch));
    if (!cursor.valid()) break;
    status = cursor.next();
  }
  std::byte payload[700];
  std::memset(payload, 0x20, sizeof payload);
  for (int i = 0; i < 20; ++i) {
    payload[0] = static_cast<std::byte>(i * 13);
    const Payload record{std::span<const std::byte>(payload, static_cast<std::size_t>(4 + i * 34))};
    if (kind == TreeKind::Table) {
      static_cast<void>(cursor.insert_row(i * 7, record, After::Keep));
    } else {
      static_cast<void>(cursor.insert_key(record, nullptr, false, After::Keep));
    }
    static_cast<void>(cursor.next());
    if (i % 3 == 0 && cursor.valid()) static_cast<void>(cursor.erase());
    static_cast<void>(cursor.previous());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kPageSize = 512;
  if (size < 2 * kPageSize) return 0;
  pager::StoreOptions options;
  options.kind = pager::StoreKind::Memory;
  options.page_size = kPageSize;
  auto opened = pager::Store::open(no_vfs, nullptr, SQLITE_OPEN_READWRITE, options);
  if (!opened.ok()) return 0;
  pager::Store& store = *opened.value();
  if (!store.begin_write().ok()) return 0;
  pager::View& view = store.view();
  for (std::size_t at = 0; at + kPageSize <= size && at < 64 * kPageSize; at += kPageSize) {
    auto page = view.append();
    if (!page.ok()) return 0;
    auto bytes = page.value().writable();
    if (!bytes.ok()) return 0;
    std::memcpy(bytes.value().data(), data + at, kPageSize);
  }
  const Vector<PageNo> roots{PageNo(1), PageNo(2), PageNo(3)};
  BtreeChecker checker(view, 50);
  Vector<std::uint64_t> counts;
  static_cast<void>(checker.check_all(roots, &counts));
  String text;
  for (std::uint32_t page = 1; page <= 3; ++page) {
    static_cast<void>(dump_page(view, PageNo(page), &text));
    static_cast<void>(dump_tree(view, PageNo(page), &text));
  }
  static_cast<void>(dump_freelist(view, &text));
  exercise(view, PageNo(1), TreeKind::Table);
  exercise(view, PageNo(2), TreeKind::Table);
  exercise(view, PageNo(2), TreeKind::Index);
  exercise(view, PageNo(3), TreeKind::Index);
  static_cast<void>(count_entries(view, PageNo(2)));
  static_cast<void>(auto_vacuum_commit(view));
  static_cast<void>(incremental_vacuum_step(view));
  static_cast<void>(create_tree(view, TreeKind::Table));
  PageNo moved;
  static_cast<void>(drop_tree(view, PageNo(2), &moved));
  static_cast<void>(clear_tree(view, PageNo(1), nullptr));
  return 0;
}
