// Historical snapshots of databases in log mode (manual: c3ref/snapshot.html).
#include <cstring>

#include "api/handles.h"

using namespace perlite;
using namespace perlite::api;

namespace {

// The object is the header of the log's index at that time.
static_assert(sizeof(sqlite3_snapshot) == sizeof(pager::wal::IndexHeader));

pager::wal::IndexHeader header_of(const sqlite3_snapshot& snapshot) {
  pager::wal::IndexHeader header;
  std::memcpy(static_cast<void*>(&header), &snapshot, sizeof header);
  return header;
}

// The database of that name, which must have a log.
Result<engine::Database*> database_of(Connection& c, const char* schema) {
  const int number = schema == nullptr ? 0 : c.find_database(schema);
  if (number < 0 || number == 1) return Code::Error;
  if (c.database(number).store == nullptr) return Code::Error;
  return &c.database(number);
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_snapshot_get(sqlite3* db, const char* schema, sqlite3_snapshot** snapshot) {
  if (!usable(db) || snapshot == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    PL_ASSIGN(engine::Database* const d, database_of(c, schema));
    if (c.autocommit() || d->store->in_write()) return Code::Error;
    PL_TRY(d->store->begin_read());
    pager::wal::IndexHeader header;
    PL_TRY(d->store->get_snapshot(&header));
    auto* made = static_cast<sqlite3_snapshot*>(base::Allocator::allocate(sizeof(sqlite3_snapshot)));
    std::memcpy(made, &header, sizeof header);
    *snapshot = made;
    return {};
  });
}

SQLITE_API int sqlite3_snapshot_open(sqlite3* db, const char* schema, sqlite3_snapshot* snapshot) {
  if (!usable(db) || snapshot == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    PL_ASSIGN(engine::Database* const d, database_of(c, schema));
    if (c.autocommit() || d->store->in_write() || (d->store->in_read() && c.has_active_statements()))
      return Code::Error;
    return d->store->read_at(header_of(*snapshot));
  });
}

SQLITE_API void sqlite3_snapshot_free(sqlite3_snapshot* snapshot) { base::Allocator::release(snapshot); }

SQLITE_API int sqlite3_snapshot_cmp(sqlite3_snapshot* a, sqlite3_snapshot* b) {
  return pager::Wal::compare_snapshots(header_of(*a), header_of(*b));
}

SQLITE_API int sqlite3_snapshot_recover(sqlite3* db, const char* schema) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  return guarded(c, [&]() -> Status {
    PL_ASSIGN(engine::Database* const d, database_of(c, schema));
    return d->store->recover_snapshots();
  });
}

}  // extern "C"
