// engine/shared_cache.h: databases that several connections of the process use through one Store (manual:
// sharedcache.html).
//
// A SharedCache is found by VFS and name: the full path of a file, the name as given of a memory database. It owns the
// Store and the mutex under which everything on the Store happens: a connection that shares caches takes, besides its
// own lock, the mutexes of all of them, in the order of their ids, and activates its session (Connection::enter).
//
// A SharedMember is one connection's part: its transaction (pager::Session) and its locks on tables.
//
//   who may              while others
//   begin to read        hold no write lock on sqlite_schema, and no writer waits for readers to end
//   begin to write       do not write, and no writer waits
//   begin exclusively    hold no lock at all
//   read a table         hold no write lock on it; read_uncommitted connections do not ask, but for sqlite_schema
//   write a table        hold no lock on it; when it is refused the writer waits: nobody begins until the readers have
//                        ended, or it has
//
// Each transaction holds a read lock on sqlite_schema. Locks last until the transaction ends; when the writing ends and
// the reading goes on, write locks become read locks.
//   Ownership  members share the cache; it goes with the last.
//   Threads    join() and the end of a member: any. Else under the cache's mutex. The table of caches has a lock of its
//              own, inside all others and never held while calling out.
//   Errors     LockedSharedCache; who holds what was refused is noted for sqlite3_unlock_notify (unlock_notify.h).
#pragma once

#include <cstdint>

#include "base/allocator.h"
#include "base/containers.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/status.h"
#include "engine/open_name.h"
#include "pager/session.h"
#include "pager/store.h"

namespace perlite::engine {

class Connection;
class SharedMember;

class SharedCache : public Allocated {
 public:
  // Whether connections share caches that were not told (sqlite3_enable_shared_cache).
  static void set_default(bool shared) noexcept;
  static bool is_default() noexcept;

  // The connection's part in the cache of that name, whose Store is opened where this is its first use.
  // Errors: "database is already attached" when the connection has a part in it; those of Store::open.
  static Result<UniquePtr<SharedMember>> join(Connection& connection, OpenName& name);

  base::Mutex& mutex() noexcept { return mutex_; }
  std::uint64_t id() const noexcept { return id_; }
  pager::Store* store() noexcept { return store_.get(); }
  int member_count() const noexcept;

 private:
  friend class SharedMember;
  struct TableLock {
    SharedMember* holder;
    PageNo root;
    bool write;
  };
  SharedCache(sqlite3_vfs* vfs, std::string_view name, bool in_memory) : vfs_(vfs), name_(name), in_memory_(in_memory) {}
  static SharedCache* acquire(const OpenName& name);
  void release() noexcept;

  sqlite3_vfs* vfs_;
  String name_;
  bool in_memory_;
  std::uint64_t id_ = 0;
  SharedCache* next_ = nullptr;  // in the table of caches; its lock
  int references_ = 1;           // its lock
  base::Mutex mutex_;            // guards what follows
  UniquePtr<pager::Store> store_;
  Vector<TableLock> locks_;  // oldest first
  SharedMember* writer_ = nullptr;
  bool writer_waits_ = false;
  bool exclusive_ = false;  // the writer has the cache to itself
};

class SharedMember final : public Allocated, public pager::Session {
 public:
  SharedMember(Connection& connection, SharedCache& cache);
  ~SharedMember();  // ends its transaction; no cursor of the connection is open

  SharedCache& cache() const noexcept { return cache_; }
  pager::Store* store() noexcept { return cache_.store(); }
  void lock_cache() noexcept { cache_.mutex_.enter(); }
  bool try_lock_cache() noexcept { return cache_.mutex_.try_enter(); }
  void unlock_cache() noexcept { cache_.mutex_.leave(); }
  void activate() noexcept;
  void deactivate() noexcept;

  // A lock on the table with that root for the rest of the transaction, which has begun.
  Status lock_table(PageNo root, bool write);
  // Whether another connection has the cache for itself (BEGIN EXCLUSIVE).
  bool is_kept_out() const noexcept { return cache_.exclusive_ && cache_.writer_ != this; }
  // Ok when no other connection is changing the schema.
  Status may_read_schema();
  // The error that a rollback by another connection left for the statements that were running; Ok if none, and
  // afterwards.
  Code take_loss() noexcept { return std::exchange(lost_, Code::Ok); }

  // While it lives the member may begin to read although a writer waits: loading a schema does not keep it waiting.
  class SchemaReading {
   public:
    explicit SchemaReading(SharedMember* member) noexcept : member_(member) {
      if (member_ != nullptr) ++member_->schema_reading_;
    }
    ~SchemaReading() {
      if (member_ != nullptr) --member_->schema_reading_;
    }
    SchemaReading(const SchemaReading&) = delete;
    SchemaReading& operator=(const SchemaReading&) = delete;

   private:
    SharedMember* member_;
  };

 private:
  friend class SharedCache;
  Status may_begin(bool write, bool exclusive) override;
  void moved() noexcept override;
  void lost(Code code) noexcept override { lost_ = code; }
  Status refused(const SharedMember& by);
  // Who keeps this member from a lock; null when nobody does.
  SharedMember* obstacle(PageNo root, bool write) const noexcept;
  void keep_lock(PageNo root, bool write);
  void drop_locks() noexcept;

  Connection& connection_;
  SharedCache& cache_;
  bool attached_ = false;
  bool wants_exclusive_ = false;
  int schema_reading_ = 0;
  Code lost_ = Code::Ok;
};

}  // namespace perlite::engine
