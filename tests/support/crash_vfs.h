// tests/support/crash_vfs.h: a disk in memory whose power can be cut.
//
// Writes reach the disk when their file is synced; names when a file or directory is synced. At a cut, each sector
// written since, each truncation and each change of a name survives or not, by the dice: in any order, but whole.
// Sectors of a file that grew hold garbage where the write did not survive. Locks are not kept: one connection at a
// time. A real sqlite3_vfs, so stock can be driven through it as well. Header only.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "sqlite3.h"
#include "tests/support/timeless_vfs.h"

namespace perlite::test {

class CrashVfs {
 public:
  static constexpr std::size_t kSector = 512;

  explicit CrashVfs(std::uint64_t seed, const char* name = "crash") : random(seed), name_(name) {
    make_timeless_vfs(vfs_, this, name_.c_str());
    vfs_.szOsFile = static_cast<int>(sizeof(Handle));
    vfs_.mxPathname = 512;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = [](sqlite3_vfs* v, const char* n, int, int* result) {
      const auto found = self(v).now_.find(n);
      *result = found != self(v).now_.end() && !found->second->now.empty();
      return SQLITE_OK;
    };
  }
  CrashVfs(const CrashVfs&) = delete;
  CrashVfs& operator=(const CrashVfs&) = delete;

  sqlite3_vfs* vfs() { return &vfs_; }
  std::mt19937_64 random;

  // The change number `count` (from 0; writes, truncations, syncs, deletions) and all calls after it fail.
  void cut_power_after(int count) {
    left_ = count;
    was_cut_ = false;
  }
  bool was_cut() const { return was_cut_; }
  int changes() const { return changes_; }

  // What a machine finds after the cut. Handles from before stay dead. Also ends a count that was not reached.
  void restore_power() {
    left_ = -1;
    ++generation_;
    if (!was_cut_) return;
    for (auto it = now_.begin(); it != now_.end();) it = keep_name(it->first) ? std::next(it) : now_.erase(it);
    for (const auto& [name, inode] : on_disk_) {
      if (now_.find(name) == now_.end() && coin()) now_[name] = inode;
    }
    for (auto& [name, inode] : now_) settle(*inode);
    on_disk_ = now_;
  }

 private:
  struct Write {
    std::size_t offset;
    std::vector<unsigned char> bytes;  // empty: a truncation to `offset`
  };
  struct Inode {
    std::vector<unsigned char> now;
    std::vector<unsigned char> on_disk;
    std::vector<Write> pending;
  };
  struct Handle : sqlite3_file {
    CrashVfs* disk;
    std::shared_ptr<Inode>* inode;
    int generation;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  static CrashVfs& self(sqlite3_vfs* v) { return *static_cast<CrashVfs*>(v->pAppData); }
  static Handle& as_handle(sqlite3_file* f) { return *static_cast<Handle*>(f); }
  bool coin() { return (random() & 1) != 0; }

  bool keep_name(const std::string& name) {
    const auto old = on_disk_.find(name);
    if (old != on_disk_.end() && old->second == now_[name]) return true;
    if (old == on_disk_.end()) return coin();
    if (coin()) now_[name] = old->second;
    return true;
  }
  void settle(Inode& inode) {
    std::vector<unsigned char> disk = inode.on_disk;
    for (const Write& write : inode.pending) {
      if (write.bytes.empty()) {
        if (coin()) disk.resize(std::min(disk.size(), write.offset));
        continue;
      }
      for (std::size_t at = 0; at < write.bytes.size();) {
        const std::size_t sector_end = (write.offset + at) / kSector * kSector + kSector;
        const std::size_t part = std::min(write.bytes.size() - at, sector_end - write.offset - at);
        if (coin()) {
          while (disk.size() < write.offset + at) disk.push_back(static_cast<unsigned char>(random()));
          disk.resize(std::max(disk.size(), write.offset + at + part));
          std::memcpy(disk.data() + write.offset + at, write.bytes.data() + at, part);
        }
        at += part;
      }
    }
    inode.now = inode.on_disk = disk;
    inode.pending.clear();
  }
  // True when the power is there; counts changes.
  bool alive(int generation) const { return left_ != 0 && generation == generation_ && !(was_cut_ && left_ >= 0); }
  bool change(int generation) {
    if (generation != generation_ || (was_cut_ && left_ == 0)) return false;
    if (left_ == 0) {
      was_cut_ = true;
      return false;
    }
    if (left_ > 0) --left_;
    ++changes_;
    return true;
  }

  static int open(sqlite3_vfs* v, sqlite3_filename name, sqlite3_file* f, int flags, int* out_flags) {
    CrashVfs& disk = self(v);
    Handle& handle = *::new (static_cast<void*>(f)) Handle{};
    handle.pMethods = nullptr;
    const std::string key = name == nullptr ? "temp" + std::to_string(++disk.temporary_) : name;
    auto found = disk.now_.find(key);
    if (found == disk.now_.end()) {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      if (!disk.change(disk.generation_)) return SQLITE_CANTOPEN;
      found = disk.now_.emplace(key, std::make_shared<Inode>()).first;
    }
    handle.disk = &disk;
    handle.inode = new std::shared_ptr<Inode>(found->second);
    handle.generation = disk.generation_;
    handle.pMethods = &kMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* v, const char* name, int sync) {
    CrashVfs& disk = self(v);
    if (!disk.change(disk.generation_)) return SQLITE_IOERR_DELETE;
    if (disk.now_.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
    if (sync != 0) disk.on_disk_ = disk.now_;
    return SQLITE_OK;
  }
  static int close(sqlite3_file* f) {
    delete as_handle(f).inode;
    return SQLITE_OK;
  }
  static int read(sqlite3_file* f, void* into, int amount, sqlite3_int64 offset) {
    Handle& handle = as_handle(f);
    if (!handle.disk->alive(handle.generation)) return SQLITE_IOERR_READ;
    const auto& bytes = (*handle.inode)->now;
    const auto start = static_cast<std::size_t>(offset);
    const auto wanted = static_cast<std::size_t>(amount);
    const std::size_t got = start >= bytes.size() ? 0 : std::min(wanted, bytes.size() - start);
    if (got > 0) std::memcpy(into, bytes.data() + start, got);
    if (got == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + got, 0, wanted - got);
    return SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* f, const void* from, int amount, sqlite3_int64 offset) {
    Handle& handle = as_handle(f);
    if (!handle.disk->change(handle.generation)) return SQLITE_IOERR_WRITE;
    Inode& inode = **handle.inode;
    const auto* bytes = static_cast<const unsigned char*>(from);
    const auto start = static_cast<std::size_t>(offset);
    inode.pending.push_back({start, {bytes, bytes + amount}});
    inode.now.resize(std::max(inode.now.size(), start + static_cast<std::size_t>(amount)));
    std::memcpy(inode.now.data() + start, from, static_cast<std::size_t>(amount));
    return SQLITE_OK;
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    Handle& handle = as_handle(f);
    if (!handle.disk->change(handle.generation)) return SQLITE_IOERR_TRUNCATE;
    Inode& inode = **handle.inode;
    inode.pending.push_back({static_cast<std::size_t>(size), {}});
    inode.now.resize(static_cast<std::size_t>(size));
    return SQLITE_OK;
  }
  static int sync(sqlite3_file* f, int) {
    Handle& handle = as_handle(f);
    if (!handle.disk->change(handle.generation)) return SQLITE_IOERR_FSYNC;
    Inode& inode = **handle.inode;
    inode.on_disk = inode.now;
    inode.pending.clear();
    handle.disk->on_disk_ = handle.disk->now_;
    return SQLITE_OK;
  }
  static int size(sqlite3_file* f, sqlite3_int64* size) {
    Handle& handle = as_handle(f);
    if (!handle.disk->alive(handle.generation)) return SQLITE_IOERR_FSTAT;
    *size = static_cast<sqlite3_int64>((*handle.inode)->now.size());
    return SQLITE_OK;
  }
  static inline const sqlite3_io_methods kMethods = {1,
                                                     close,
                                                     read,
                                                     write,
                                                     truncate,
                                                     sync,
                                                     size,
                                                     [](sqlite3_file*, int) { return SQLITE_OK; },
                                                     [](sqlite3_file*, int) { return SQLITE_OK; },
                                                     [](sqlite3_file*, int* result) {
                                                       *result = 0;
                                                       return SQLITE_OK;
                                                     },
                                                     [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
                                                     [](sqlite3_file*) { return static_cast<int>(kSector); },
                                                     [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; },
                                                     nullptr,
                                                     nullptr,
                                                     nullptr,
                                                     nullptr,
                                                     nullptr,
                                                     nullptr};

  std::string name_;
  sqlite3_vfs vfs_;
  Names now_, on_disk_;
  int left_ = -1;  // changes until the cut, -1: no cut planned
  bool was_cut_ = false;
  int generation_ = 0;
  int changes_ = 0;
  int temporary_ = 0;
};

}  // namespace perlite::test
