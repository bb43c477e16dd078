#include "engine/vacuum.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "btree/cursor.h"
#include "btree/tree.h"
#include "engine/connection.h"
#include "engine/open_name.h"
#include "engine/rebuild.h"
#include "os/filename.h"
#include "os/vfs.h"
#include "pager/overwrite.h"

namespace perlite::engine {
namespace {

// `target` as stock would attach it: the authorizer is asked whether it may.
Status may_vacuum(Connection& connection, const char* target) {
  if (!connection.autocommit()) return Status::error("cannot VACUUM from within a transaction");
  if (connection.active_statement_count() > 1) return Status::error("cannot VACUUM - SQL statements in progress");
  if (connection.query_only) return Status(Code::ReadOnly);
  PL_ASSIGN(const bind::Authorization allowed, connection.authorize(SQLITE_ATTACH, target, nullptr, nullptr, nullptr));
  if (allowed == bind::Authorization::Deny) return Status(Code::Auth);
  return {};
}

// The shape of the new database: what PRAGMA page_size, auto_vacuum and the file controls have asked for.
struct Geometry {
  std::uint32_t page_size;
  std::uint32_t reserved_bytes;
  btree::DatabaseOptions options;
};

Result<Geometry> new_geometry(Connection& connection, Database& d, bool may_change_pages) {
  Geometry geometry{};
  geometry.page_size = d.store->page_size();
  geometry.reserved_bytes = d.store->reserved_bytes();
  if (d.requested_reserved_bytes > static_cast<int>(geometry.reserved_bytes)) {
    geometry.reserved_bytes = static_cast<std::uint32_t>(d.requested_reserved_bytes);
  }
  if (may_change_pages && d.requested_page_size != 0) {
    geometry.page_size = static_cast<std::uint32_t>(d.requested_page_size);
  }
  if (geometry.page_size - geometry.reserved_bytes < pager::kMinUsableSize) geometry.reserved_bytes = 0;
  geometry.options.encoding = connection.encoding();
  PL_ASSIGN(const std::uint32_t format, d.store->read_header_u32(pager::header::kSchemaFormat));
  if (connection.switches().legacy_file_format && format < 4) geometry.options.schema_format = std::max(1u, format);
  PL_ASSIGN(geometry.options.auto_vacuum, btree::auto_vacuum_mode(d.store->view()));
  if (d.requested_auto_vacuum >= 0) {
    geometry.options.auto_vacuum = static_cast<btree::AutoVacuum>(d.requested_auto_vacuum);
  }
  return geometry;
}

// Begins the new database in an empty store.
Status begin_new(pager::Store& store, const Geometry& geometry) {
  PL_TRY(store.set_page_size(geometry.page_size, geometry.reserved_bytes));
  store.set_synchronous(pager::Synchronous::Off);
  PL_TRY(store.set_journal_mode(pager::JournalMode::Off).status().clone());
  PL_TRY(store.begin_write());
  return btree::init_database(store.view(), geometry.options);
}

Result<UniquePtr<pager::Store>> build_beside(Connection& connection, int number, const Geometry& geometry) {
  Database& d = connection.database(number);
  PL_ASSIGN(UniquePtr<pager::Store> fresh, connection.make_temporary_store());
  fresh->set_cache_size(d.store->cache_size());
  PL_TRY(begin_new(*fresh, geometry));
  if (!connection.reset_database) PL_TRY(rebuild(connection, number, *fresh, {.renumber_rowids = true}));
  return fresh;
}

Status copy_back(Connection& connection, pager::Store& fresh, pager::Store& store) {
  PL_ASSIGN(const UniquePtr<pager::Overwrite> overwrite, pager::Overwrite::begin(store, fresh.page_size()));
  pager::View& view = fresh.view();
  for (PageNo page(1); page <= view.page_count(); ++page.value) {
    if (!view.exists(page)) continue;
    PL_TRY(connection.budget().charge());
    PL_ASSIGN(const pager::PageRef ref, view.fetch(page));
    PL_TRY(overwrite->put(page, ref.bytes()));
  }
  return overwrite->finish(view.page_count().value);
}

Status vacuum_store(Connection& connection, int number) {
  Database& d = connection.database(number);
  d.forget_schema();  // whoever wrote last may have changed it
  if (!connection.reset_database) PL_TRY(connection.shape(number).status().clone());
  const bool may_change_pages =
      d.store->kind() == pager::StoreKind::File && d.store->journal_mode() != pager::JournalMode::Wal;
  PL_ASSIGN(const Geometry geometry, new_geometry(connection, d, may_change_pages));
  PL_ASSIGN(const UniquePtr<pager::Store> fresh, build_beside(connection, number, geometry));
  PL_TRY(btree::release_cursors(d.store->view()));
  PL_TRY(copy_back(connection, *fresh, *d.store));
  PL_TRY(d.store->commit_prepare());
  return d.store->commit_finish(pager::AfterCommit::EndRead);
}

}  // namespace

Status vacuum(Connection& connection, int number) {
  PL_TRY(may_vacuum(connection, ""));
  if (number == 1) return {};  // the temporary database has no room to win
  PL_ASSIGN(pager::Store* const store, connection.store(number));
  if (connection.database(number).is_backup_target) return Code::Locked;
  PL_TRY(store->begin_write(pager::WriteIntent::Exclusive));
  Status status;
  try {
    status = vacuum_store(connection, number);
  } catch (const std::bad_alloc&) {
    status = Status::no_memory();
  }
  if (!status.ok() && store->in_write()) static_cast<void>(store->rollback());
  connection.database(number).forget_schema();
  connection.expire_programs();
  return status;
}

Status vacuum_into(Connection& connection, int number, std::string_view filename) {
  PL_TRY(may_vacuum(connection, String(filename).c_str()));
  PL_ASSIGN(pager::Store* const source, connection.store(number));
  if (connection.database(number).is_backup_target) return Code::Locked;
  PL_ASSIGN(UniquePtr<pager::Store> target, connection.open_store(filename));
  if (target->kind() == pager::StoreKind::File) {
    sqlite3_file* const file = target->file_handle();
    sqlite3_int64 size = 0;
    if (file->pMethods->xFileSize(file, &size) != SQLITE_OK || size > 0) {
      PL_TRY(target->begin_read());  // what is no database is told apart
      return Status::error("output file already exists");
    }
  }
  PL_TRY(source->begin_read());
  Database& d = connection.database(number);
  d.forget_schema();
  PL_TRY(connection.shape(number).status().clone());
  PL_ASSIGN(Geometry geometry, new_geometry(connection, d, source->journal_mode() != pager::JournalMode::Wal));
  const char* reserve = os::uri_parameter(target->filename(), "reserve");
  if (reserve != nullptr) {
    const long bytes = std::strtol(reserve, nullptr, 10);
    if (bytes >= 0 && bytes <= 255) geometry.reserved_bytes = static_cast<std::uint32_t>(bytes);
  }
  target->set_cache_size(source->cache_size());
  PL_TRY(begin_new(*target, geometry));
  PL_TRY(rebuild(connection, number, *target, {}));
  return target->commit(pager::AfterCommit::EndRead);
}

}  // namespace perlite::engine
