#include "engine/image.h"

#include <cstring>

#include "base/bytes.h"
#include "engine/connection.h"
#include "os/filename.h"

namespace perlite::engine {
namespace {

// A read transaction for the call, unless there is one already.
class Reading {
 public:
  explicit Reading(pager::Store& store) noexcept : store_(store), was_reading_(store.in_read()) {}
  ~Reading() {
    if (!was_reading_ && store_.in_read()) store_.end_read();
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  Status begin() { return store_.begin_read(); }

 private:
  pager::Store& store_;
  const bool was_reading_;
};

std::int64_t byte_count(const pager::View& view) noexcept {
  return std::int64_t{view.page_count().value} * view.page_size();
}

}  // namespace

Status serialize(Connection& connection, int number, std::byte** bytes, std::int64_t* size) {
  pager::Store& store = *connection.database(number).store;
  Reading reading(store);
  PL_TRY(reading.begin());
  pager::View& view = store.view();
  *size = byte_count(view);
  if (*size == 0) return {};
  if (*size > static_cast<std::int64_t>(base::Allocator::kMaxBytes)) return Status::no_memory();
  base::ByteBuffer image = base::make_buffer(static_cast<std::size_t>(*size));
  for (PageNo page(1); page <= view.page_count(); ++page.value) {
    std::byte* const into = image.get() + std::size_t{page.value - 1} * view.page_size();
    if (!view.exists(page)) {  // the lock-byte page
      std::memset(into, 0, view.page_size());
      continue;
    }
    PL_ASSIGN(const pager::PageRef ref, view.fetch(page));
    std::memcpy(into, ref.data(), view.page_size());
  }
  if (store.in_write()) {
    // The count on page 1 is brought up to date by the commit.
    namespace header = pager::header;
    base::store_be32(image.get() + header::kPageCount, view.page_count().value);
    base::store_be32(image.get() + header::kVersionValidFor, base::load_be32(image.get() + header::kChangeCounter));
  }
  *bytes = image.release();
  return {};
}

Status find_serialized(Connection& connection, int number, std::byte** bytes, std::int64_t* size) {
  pager::Store& store = *connection.database(number).store;
  os::MemoryImage image;
  if (os::get_memory_image(store.file_handle(), &image)) {
    *bytes = image.bytes;
    *size = image.size;
    return {};
  }
  Reading reading(store);
  PL_TRY(reading.begin());
  *size = byte_count(store.view());
  return {};
}

Status deserialize(Connection& connection, int number, const os::MemoryImage& image) {
  Database& d = connection.database(number);
  if (d.store->in_read() || d.backups > 0) return Code::Busy;
  // Any name that is not shared; stock shows this one.
  constexpr std::string_view kName = "x";
  pager::StoreOptions options;
  options.busy = &connection;
  os::Filename name = os::make_filename(kName, {});
  PL_ASSIGN(UniquePtr<pager::Store> store,
            pager::Store::open(os::memdb_vfs(), std::move(name), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options));
  String filename(kName);
  d.forget_schema();
  connection.expire_programs();
  os::set_memory_image(*store->file_handle(), image);
  d.filename = std::move(filename);
  d.take_store(std::move(store));
  d.shared = nullptr;
  return {};
}

}  // namespace perlite::engine
