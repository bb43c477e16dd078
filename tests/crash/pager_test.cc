// Whatever change is the last to reach the disk, whatever call or allocation fails: reopening shows the pages as before
// the transaction or as after it, and nothing between; and a commit that said ok is there.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "os/vfs.h"
#include "pager/store.h"
#include "tests/support/crash_vfs.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/shim_vfs.h"

namespace perlite::pager {
namespace {

using test::CrashVfs;
using test::FailingAllocator;
using test::FaultVfs;

constexpr std::uint32_t kPages = 40;

struct Setting {
  JournalMode mode;
  Synchronous level;
  int cache;     // pages; 10 makes the transaction spill
  bool durable;  // a commit that said ok survives any cut
};
// Deleting a journal is durable only when the directory is synced: that is what EXTRA adds.
const Setting kSettings[] = {
    {JournalMode::Delete, Synchronous::Normal, 1000, false}, {JournalMode::Delete, Synchronous::Full, 1000, false},
    {JournalMode::Delete, Synchronous::Extra, 1000, true},   {JournalMode::Delete, Synchronous::Extra, 10, true},
    {JournalMode::Delete, Synchronous::Normal, 10, false},   {JournalMode::Persist, Synchronous::Full, 1000, true},
    {JournalMode::Persist, Synchronous::Full, 10, true},     {JournalMode::Persist, Synchronous::Normal, 10, true},
    {JournalMode::Truncate, Synchronous::Full, 1000, true},  {JournalMode::Truncate, Synchronous::Full, 10, true},
};

Result<UniquePtr<Store>> open(sqlite3_vfs* vfs, const Setting& setting) {
  StoreOptions options;
  options.page_size = 512;
  PL_ASSIGN(UniquePtr<Store> store,
            Store::open(*vfs, os::make_filename("/t.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options));
  PL_TRY(store->set_journal_mode(setting.mode));
  store->set_synchronous(setting.level);
  store->set_cache_size(setting.cache);
  return store;
}

Status fill(Store& store, std::uint32_t first, std::uint32_t last, int value) {
  for (std::uint32_t page = first; page <= last; ++page) {
    if (page > store.view().page_count().value) PL_TRY(store.view().append());
    PL_ASSIGN(PageRef ref, store.view().fetch(PageNo(page)));
    PL_ASSIGN(const std::span<std::byte> bytes, ref.writable());
    const std::size_t from = page == 1 ? 104 : 0;
    std::memset(bytes.data() + from, value, bytes.size() - from);
  }
  return {};
}

// The transaction under test: savepoints, changes, growth, and a cut where `shrink`.
Status transaction(Store& store, int value, bool shrink) {
  PL_TRY(store.begin_write());
  PL_TRY(fill(store, 2, kPages / 2, value));
  PL_TRY(store.open_savepoint());
  PL_TRY(fill(store, 5, kPages, value + 100));
  PL_TRY(store.rollback_to_savepoint(1));
  PL_TRY(fill(store, 1, shrink ? kPages - 10 : kPages + 10, value));
  if (shrink) PL_TRY(store.view().truncate(PageNo(kPages - 10)));
  PL_TRY(store.commit());
  store.end_read();
  return {};
}

// The value that fills all pages; -1 when they differ or the page count does not fit.
int state_of(Store& store) {
  if (!store.begin_read().ok()) return -1;
  const std::uint32_t count = store.view().page_count().value;
  int value = -1;
  for (std::uint32_t page = 1; page <= count; ++page) {
    auto ref = store.view().fetch(PageNo(page));
    if (!ref.ok()) return -1;
    for (std::size_t i = page == 1 ? 104 : 0; i < 512; ++i) {
      const int here = static_cast<int>(ref.value().bytes()[i]);
      if (value >= 0 && here != value) return -1;
      value = here;
    }
  }
  store.end_read();
  if (count != (value == 1 ? kPages : value == 2 ? kPages + 10 : kPages - 10)) return -1;
  return value;
}

TEST(Crash, PowerCutAtEveryChange) {
  for (const Setting& setting : kSettings) {
    for (const bool shrink : {false, true}) {
      for (int cut = 0;; ++cut) {
        SCOPED_TRACE(testing::Message() << "mode " << static_cast<int>(setting.mode) << " level "
                                        << static_cast<int>(setting.level) << " cache " << setting.cache << " shrink "
                                        << shrink << " cut " << cut);
        CrashVfs disk(static_cast<std::uint64_t>(cut) * 7 + 1);
        auto store = open(disk.vfs(), setting);
        ASSERT_TRUE(store.ok());
        store.value()->set_synchronous(Synchronous::Extra);
        ASSERT_TRUE(store.value()->begin_write().ok() && fill(*store.value(), 1, kPages, 1).ok());
        ASSERT_TRUE(store.value()->commit().ok());
        store.value()->end_read();
        store.value()->set_synchronous(setting.level);
        const int value = shrink ? 3 : 2;
        disk.cut_power_after(cut);
        const Status status = transaction(*store.value(), value, shrink);
        // The power goes after the commit too: what is not synced by then may be lost.
        disk.cut_power_after(0);
        if (store.value()->begin_write().ok() && fill(*store.value(), 2, 3, 9).ok()) {
          static_cast<void>(store.value()->commit());
        }
        store.value().reset();
        const bool cut_inside = !status.ok();
        disk.restore_power();
        auto reopened = open(disk.vfs(), setting);
        ASSERT_TRUE(reopened.ok());
        const int state = state_of(*reopened.value());
        if (status.ok() && setting.durable) {
          ASSERT_EQ(state, value);
        } else {
          ASSERT_TRUE(state == 1 || state == value) << state;
        }
        if (!cut_inside) break;  // every point was tried
      }
    }
  }
}

// A disk that errs once, or from some moment on. The transaction fails or not; rollback and reopening both show a state
// that was committed.
TEST(Crash, FailureOfEveryCall) {
  const char* const methods[] = {"xRead", "xWrite", "xSync",     "xTruncate", "xDelete",
                                 "xLock", "xOpen",  "xFileSize", "xAccess"};
  for (const Setting& setting : kSettings) {
    for (const bool sticky : {false, true}) {
      for (const char* method : methods) {
        for (int fail_at = 0;; ++fail_at) {
          SCOPED_TRACE(testing::Message()
                       << "mode " << static_cast<int>(setting.mode) << " level " << static_cast<int>(setting.level)
                       << " cache " << setting.cache << " " << method << " " << fail_at << " sticky " << sticky);
          CrashVfs disk(1);
          FaultVfs faults(disk.vfs(), "fault");
          faults.matches = [&](const test::VfsCall& call) { return call.method == method; };
          faults.sticky = sticky;
          faults.code = std::string(method) == "xWrite"  ? SQLITE_FULL
                        : std::string(method) == "xLock" ? SQLITE_BUSY
                                                         : SQLITE_IOERR;
          auto store = open(faults.vfs(), setting);
          ASSERT_TRUE(store.ok());
          ASSERT_TRUE(store.value()->begin_write().ok() && fill(*store.value(), 1, kPages, 1).ok());
          ASSERT_TRUE(store.value()->commit().ok());
          store.value()->end_read();
          faults.seen = 0;
          faults.fail_at = fail_at;
          const Status status = transaction(*store.value(), 2, false);
          const bool reached = faults.seen > fail_at;
          if (!sticky) faults.fail_at = -1;
          if (!sticky) {
            // The same connection goes on.
            Status rolled_back = store.value()->rollback();
            if (store.value()->in_read()) store.value()->end_read();
            const int state = state_of(*store.value());
            ASSERT_TRUE(state == 1 || state == 2) << state << " after " << rolled_back.message();
            ASSERT_TRUE(!status.ok() || state == 2);
          }
          store.value().reset();
          faults.fail_at = -1;
          auto reopened = open(faults.vfs(), setting);
          ASSERT_TRUE(reopened.ok());
          const int state = state_of(*reopened.value());
          ASSERT_TRUE(state == 1 || state == 2) << state;
          ASSERT_TRUE(!status.ok() || state == 2);
          if (!reached) break;
        }
      }
    }
  }
}

TEST(Crash, FailureOfEveryAllocation) {
  FailingAllocator allocator;
  for (const Setting& setting : kSettings) {
    for (const bool sticky : {false, true}) {
      for (int fail_at = 0;; ++fail_at) {
        SCOPED_TRACE(testing::Message() << "mode " << static_cast<int>(setting.mode) << " cache " << setting.cache
                                        << " allocation " << fail_at << " sticky " << sticky);
        CrashVfs disk(1);
        const std::int64_t before = allocator.outstanding();
        {
          auto store = open(disk.vfs(), setting);
          ASSERT_TRUE(store.ok());
          ASSERT_TRUE(store.value()->begin_write().ok() && fill(*store.value(), 1, kPages, 1).ok());
          ASSERT_TRUE(store.value()->commit().ok());
          store.value()->end_read();
          store.value()->release_memory();
          allocator.fail_at(fail_at, sticky);
          Status status;
          try {
            status = transaction(*store.value(), 2, false);
          } catch (const std::bad_alloc&) {
            status = Code::NoMem;
          }
          const bool reached = allocator.failed() > 0;
          if (!sticky) allocator.fail_at(-1);
          const Status rolled_back = store.value()->rollback();
          ASSERT_TRUE(sticky || rolled_back.ok());
          if (sticky && fail_at % 2 == 0) store.value().reset();  // closing allocates nothing either
          allocator.fail_at(-1);
          if (store.value() != nullptr) {
            if (store.value()->in_read()) store.value()->end_read();
            ASSERT_EQ(state_of(*store.value()), status.ok() ? 2 : 1);
            store.value().reset();
          }
          auto reopened = open(disk.vfs(), setting);
          ASSERT_TRUE(reopened.ok());
          ASSERT_EQ(state_of(*reopened.value()), status.ok() ? 2 : 1);
          if (!reached) break;
        }
        ASSERT_EQ(allocator.outstanding(), before);
      }
    }
  }
}

}  // namespace
}  // namespace perlite::pager
