#include "engine/shared_cache.h"

#include <algorithm>
#include <atomic>

#include "btree/cursor.h"
#include "btree/tree.h"
#include "engine/connection.h"
#include "engine/unlock_notify.h"

namespace perlite::engine {
namespace {

constinit base::Mutex table_lock;
constinit SharedCache* first_cache = nullptr;
constinit std::uint64_t last_id = 0;
constinit std::atomic<bool> shared_by_default{false};

}  // namespace

void SharedCache::set_default(bool shared) noexcept { shared_by_default.store(shared, std::memory_order_relaxed); }
bool SharedCache::is_default() noexcept { return shared_by_default.load(std::memory_order_relaxed); }

// ---------------------------------------------------------------------------------------------- the table of caches

// The cache of that name, one reference more; a new one has no Store yet.
SharedCache* SharedCache::acquire(const OpenName& name) {
  const bool in_memory = name.kind == pager::StoreKind::Memory;
  UniquePtr<SharedCache> fresh(new SharedCache(name.vfs, name.shared_name, in_memory));
  const base::MutexGuard guard(table_lock);
  for (SharedCache* one = first_cache; one != nullptr; one = one->next_) {
    if (one->vfs_ != name.vfs || one->in_memory_ != in_memory || one->name_ != fresh->name_) continue;
    ++one->references_;
    return one;
  }
  fresh->id_ = ++last_id;
  fresh->next_ = first_cache;
  first_cache = fresh.get();
  return fresh.release();
}

void SharedCache::release() noexcept {
  {
    const base::MutexGuard guard(table_lock);
    if (--references_ > 0) return;
    SharedCache** link = &first_cache;
    while (*link != this) link = &(*link)->next_;
    *link = next_;
  }
  delete this;
}

int SharedCache::member_count() const noexcept {
  const base::MutexGuard guard(table_lock);
  return references_;
}

Result<UniquePtr<SharedMember>> SharedCache::join(Connection& connection, OpenName& name) {
  SharedCache* const cache = acquire(name);
  if (connection.shares(*cache)) {
    cache->release();
    return Status::error("database is already attached");
  }
  UniquePtr<SharedMember> member;
  try {
    member = perlite::make_unique<SharedMember>(connection, *cache);
  } catch (const std::bad_alloc&) {
    cache->release();
    throw;
  }
  connection.add_member(*member);
  if (cache->store_ == nullptr) {
    pager::StoreOptions options;
    options.kind = name.kind;
    PL_ASSIGN(cache->store_, pager::Store::open(*name.vfs, std::move(name.filename), name.flags, options));
  }
  cache->store_->attach(*member);
  member->attached_ = true;
  member->activate();
  return member;
}

// ------------------------------------------------------------------------------------------------------- a member

SharedMember::SharedMember(Connection& connection, SharedCache& cache)
    : Session(&connection), connection_(connection), cache_(cache) {}

SharedMember::~SharedMember() {
  lock_cache();
  if (attached_) {
    pager::Store& store = *cache_.store_;
    store.activate(this);
    if (store.in_write()) {
      static_cast<void>(btree::release_cursors(store.view()));
      static_cast<void>(store.rollback());
    }
    if (store.in_read()) store.end_read();
    store.activate(nullptr);
    store.detach(*this);
  }
  unlock_cache();
  connection_.remove_member(*this);
  cache_.release();
}

void SharedMember::activate() noexcept {
  if (attached_) cache_.store_->activate(this);
}

void SharedMember::deactivate() noexcept {
  if (attached_) cache_.store_->activate(nullptr);
}

Status SharedMember::refused(const SharedMember& by) {
  note_refusal(connection_, by.connection_);
  return Code::LockedSharedCache;
}

SharedMember* SharedMember::obstacle(PageNo root, bool write) const noexcept {
  if (cache_.exclusive_ && cache_.writer_ != this) return cache_.writer_;
  for (std::size_t i = cache_.locks_.size(); i-- > 0;) {
    const SharedCache::TableLock& lock = cache_.locks_[i];
    if (lock.holder != this && lock.root == root && (write || lock.write)) return lock.holder;
  }
  return nullptr;
}

Status SharedMember::may_read_schema() {
  const SharedMember* const other = obstacle(btree::kSchemaRoot, false);
  return other == nullptr ? Status() : refused(*other);
}

Status SharedMember::may_begin(bool write, bool exclusive) {
  wants_exclusive_ = false;
  if (!writing()) {
    const bool others_write = cache_.writer_ != nullptr && cache_.writer_ != this;
    if (others_write && (write || (cache_.writer_waits_ && schema_reading_ == 0))) return refused(*cache_.writer_);
  }
  if (exclusive) {
    for (const SharedCache::TableLock& lock : cache_.locks_) {
      if (lock.holder != this) return refused(*lock.holder);
    }
  }
  PL_TRY(may_read_schema());
  cache_.locks_.reserve(cache_.locks_.size() + 1);  // moved() has no way to fail
  wants_exclusive_ = exclusive;
  if (writing() && exclusive) cache_.exclusive_ = true;
  return {};
}

Status SharedMember::lock_table(PageNo root, bool write) {
  PL_ASSERT(reading() && (writing() || !write));
  if (!write && connection_.read_uncommitted && root != btree::kSchemaRoot) return {};
  if (SharedMember* const other = obstacle(root, write); other != nullptr) {
    if (write) cache_.writer_waits_ = true;
    return refused(*other);
  }
  keep_lock(root, write);
  return {};
}

void SharedMember::keep_lock(PageNo root, bool write) {
  for (SharedCache::TableLock& lock : cache_.locks_) {
    if (lock.holder != this || lock.root != root) continue;
    lock.write |= write;
    return;
  }
  cache_.locks_.push_back({this, root, write});
}

void SharedMember::drop_locks() noexcept {
  std::erase_if(cache_.locks_, [this](const SharedCache::TableLock& lock) { return lock.holder == this; });
}

void SharedMember::moved() noexcept {
  if (writing()) {
    cache_.writer_ = this;
    cache_.exclusive_ = wants_exclusive_;
  } else if (cache_.writer_ == this) {
    cache_.writer_ = nullptr;
    cache_.writer_waits_ = false;
    cache_.exclusive_ = false;
    for (SharedCache::TableLock& lock : cache_.locks_) {
      if (lock.holder == this) lock.write = false;
    }
  }
  if (reading()) return keep_lock(btree::kSchemaRoot, false);  // may_begin() made room
  drop_locks();
  // Every transaction has a lock on sqlite_schema: when only the writer's are left, it waits no more.
  const auto is_reader = [this](const SharedCache::TableLock& lock) { return lock.holder != cache_.writer_; };
  if (std::none_of(cache_.locks_.begin(), cache_.locks_.end(), is_reader)) cache_.writer_waits_ = false;
}

}  // namespace perlite::engine
