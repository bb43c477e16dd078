// tests/support/disk.h: a disk in memory under a registered sqlite3_vfs, that remembers every change in order.
//
// Disk holds the files; DiskVfs is the door to it, for any library: files, locks and shared memory between the
// connections of one process, all calls shown to a hook that may fail them. tests/support/power_cut.h makes from the
// changes what a power cut could leave. One thread at a time. Header only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sqlite3.h"
#include "tests/support/shim_vfs.h"
#include "tests/support/timeless_vfs.h"

namespace perlite::test {

// What is on a disk: names and contents.
using Image = std::map<std::string, std::string>;

struct Change {
  enum Kind { kCreate, kWrite, kTruncate, kSync, kLose, kRemove, kNote };
  Kind kind;
  int file = 0;           // number of the inode
  std::string name = {};  // kCreate, kRemove, kSync
  std::size_t offset = 0;  // kTruncate: the size; kNote: the number noted
  std::string bytes = {};
  // kLose: a sync failed, and what it was to write is forgotten, though readers see it until the power goes.
  bool directory = false;  // the names are durable as well
  bool swallowed = false;  // a sync that did nothing
};

class Disk {
 public:
  Disk() = default;
  explicit Disk(const Image& image) {
    for (const auto& [name, bytes] : image) {
      auto inode = std::make_shared<Inode>();
      inode->number = next_++;
      inode->bytes = bytes;
      names[name] = inode;
    }
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  Image image() const {
    Image all;
    for (const auto& [name, inode] : names) all[name] = inode->bytes;
    return all;
  }
  // A mark between the changes.
  void note(std::size_t number) {
    if (is_recording) log.push_back({Change::kNote, 0, {}, number, {}, false, false});
  }

  bool is_recording = false;
  std::vector<Change> log;

 private:
  friend class DiskVfs;
  struct Handle;
  struct Inode {
    int number = 0;
    std::string bytes;
    std::vector<Handle*> handles;
    std::vector<std::unique_ptr<char[]>> shm;
  };
  std::map<std::string, std::shared_ptr<Inode>> names;
  int next_ = 1;
};

struct Disk::Handle : sqlite3_file {
  class DiskVfs* vfs;
  Disk* disk;
  std::shared_ptr<Inode>* inode;
  std::string* name;  // null: a temporary file
  bool deletes;       // at close
  bool sync_directory;
  int level;
  unsigned shm_shared, shm_exclusive;
  bool has_shm;
};

class DiskVfs {
 public:
  explicit DiskVfs(const char* name) : name_(name) {
    make_timeless_vfs(vfs_, this, name_.c_str());
    vfs_.szOsFile = static_cast<int>(sizeof(Handle));
    vfs_.mxPathname = 200;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = access;
  }
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  sqlite3_vfs* vfs() { return &vfs_; }

  Disk* disk = nullptr;  // where files are opened from now on
  int characteristics = SQLITE_IOCAP_POWERSAFE_OVERWRITE;
  int sector_size = 512;
  bool swallows_syncs = false;
  std::mt19937_64 random{1};
  // Asked before each call when set: a code other than SQLITE_OK is the answer then. A write refused has written half;
  // a read refused with SQLITE_IOERR_SHORT_READ has read half.
  std::function<int(const VfsCall&)> before;

 private:
  using Handle = Disk::Handle;
  using Inode = Disk::Inode;

  static DiskVfs& self(sqlite3_vfs* v) { return *static_cast<DiskVfs*>(v->pAppData); }
  static Handle& as_handle(sqlite3_file* f) { return *static_cast<Handle*>(f); }
  static std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }
  static int ask(DiskVfs& vfs, const char* method, const std::string* name, sqlite3_int64 offset, sqlite3_int64 amount) {
    if (!vfs.before) return SQLITE_OK;
    return vfs.before({method, name == nullptr ? "" : last_part(*name), offset, amount, SQLITE_OK});
  }
  static int ask(Handle& h, const char* method, sqlite3_int64 offset, sqlite3_int64 amount) {
    return ask(*h.vfs, method, h.name, offset, amount);
  }
  static void log(Handle& h, Change change) {
    if (h.disk->is_recording && h.name != nullptr) h.disk->log.push_back(std::move(change));
  }

  static int open(sqlite3_vfs* v, sqlite3_filename name, sqlite3_file* f, int flags, int* out_flags) {
    DiskVfs& vfs = self(v);
    Handle& handle = *::new (static_cast<void*>(f)) Handle{};
    handle.pMethods = nullptr;
    const std::string key = name == nullptr ? "" : name;
    if (const int code = ask(vfs, "xOpen", &key, 0, flags); code != SQLITE_OK) return code;
    Disk& disk = *vfs.disk;
    std::shared_ptr<Inode> inode;
    bool is_new = false;
    if (const auto found = disk.names.find(key); name != nullptr && found != disk.names.end()) {
      if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0) return SQLITE_CANTOPEN;
      inode = found->second;
    } else {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      inode = std::make_shared<Inode>();
      inode->number = disk.next_++;
      is_new = true;
      if (name != nullptr) disk.names[key] = inode;
    }
    handle.vfs = &vfs;
    handle.disk = &disk;
    handle.inode = new std::shared_ptr<Inode>(inode);
    handle.name = name == nullptr || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0 ? nullptr : new std::string(key);
    handle.deletes = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    // As the native files: who creates a journal or a log syncs its name with the first sync.
    handle.sync_directory =
        (flags & SQLITE_OPEN_CREATE) != 0 && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    inode->handles.push_back(&handle);
    handle.pMethods = &kMethods;
    if (is_new) log(handle, {Change::kCreate, inode->number, key});
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* v, const char* name, int sync) {
    DiskVfs& vfs = self(v);
    const std::string key = name;
    if (const int code = ask(vfs, "xDelete", &key, 0, sync); code != SQLITE_OK) return code;
    Disk& disk = *vfs.disk;
    const auto found = disk.names.find(key);
    if (found == disk.names.end()) return SQLITE_IOERR_DELETE_NOENT;
    if (disk.is_recording) {
      disk.log.push_back(
          {Change::kRemove, found->second->number, key, 0, {}, sync != 0 && !vfs.swallows_syncs, vfs.swallows_syncs});
    }
    disk.names.erase(found);
    return SQLITE_OK;
  }
  static int access(sqlite3_vfs* v, const char* name, int flags, int* result) {
    DiskVfs& vfs = self(v);
    const std::string key = name;
    if (const int code = ask(vfs, "xAccess", &key, 0, flags); code != SQLITE_OK) return code;
    const auto found = vfs.disk->names.find(key);
    *result = found != vfs.disk->names.end() && (flags != SQLITE_ACCESS_EXISTS || !found->second->bytes.empty());
    return SQLITE_OK;
  }
  static int close(sqlite3_file* f) {
    Handle& h = as_handle(f);
    static_cast<void>(ask(h, "xClose", 0, 0));
    auto& handles = (*h.inode)->handles;
    handles.erase(std::find(handles.begin(), handles.end(), &h));
    delete h.inode;
    delete h.name;
    return SQLITE_OK;
  }
  static int read(sqlite3_file* f, void* into, int amount, sqlite3_int64 offset) {
    Handle& h = as_handle(f);
    const int code = ask(h, "xRead", offset, amount);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
    const std::string& bytes = (*h.inode)->bytes;
    const auto start = static_cast<std::size_t>(offset), wanted = static_cast<std::size_t>(amount);
    std::size_t got = start >= bytes.size() ? 0 : std::min(wanted, bytes.size() - start);
    if (code != SQLITE_OK) got /= 2;
    if (got > 0) std::memcpy(into, bytes.data() + start, got);
    if (got == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + got, 0, wanted - got);
    return SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* f, const void* from, int amount, sqlite3_int64 offset) {
    Handle& h = as_handle(f);
    const int code = ask(h, "xWrite", offset, amount);
    if (code != SQLITE_OK) amount /= 2;
    std::string& bytes = (*h.inode)->bytes;
    const auto start = static_cast<std::size_t>(offset), count = static_cast<std::size_t>(amount);
    if (bytes.size() < start + count) bytes.resize(start + count);
    std::memcpy(bytes.data() + start, from, count);
    log(h, {Change::kWrite, (*h.inode)->number, {}, start, {static_cast<const char*>(from), count}});
    return code;
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    Handle& h = as_handle(f);
    if (const int code = ask(h, "xTruncate", 0, size); code != SQLITE_OK) return code;
    (*h.inode)->bytes.resize(static_cast<std::size_t>(size));
    log(h, {Change::kTruncate, (*h.inode)->number, {}, static_cast<std::size_t>(size)});
    return SQLITE_OK;
  }
  static int sync(sqlite3_file* f, int flags) {
    Handle& h = as_handle(f);
    if (const int code = ask(h, "xSync", 0, flags); code != SQLITE_OK) {
      log(h, {Change::kLose, (*h.inode)->number});
      return code;
    }
    const bool directory = std::exchange(h.sync_directory, false);
    if (h.name != nullptr) log(h, {Change::kSync, (*h.inode)->number, *h.name, 0, {}, directory, h.vfs->swallows_syncs});
    return SQLITE_OK;
  }
  static int size(sqlite3_file* f, sqlite3_int64* size) {
    Handle& h = as_handle(f);
    if (const int code = ask(h, "xFileSize", 0, 0); code != SQLITE_OK) return code;
    *size = static_cast<sqlite3_int64>((*h.inode)->bytes.size());
    return SQLITE_OK;
  }
  static bool others_hold(Handle& h, int level) {
    for (const Handle* other : (*h.inode)->handles) {
      if (other != &h && other->level >= level) return true;
    }
    return false;
  }
  static int lock(sqlite3_file* f, int level) {
    Handle& h = as_handle(f);
    if (const int code = ask(h, "xLock", 0, level); code != SQLITE_OK) return code;
    if (h.level >= level) return SQLITE_OK;
    if (others_hold(h, level == SQLITE_LOCK_SHARED ? SQLITE_LOCK_PENDING : SQLITE_LOCK_RESERVED)) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && others_hold(h, SQLITE_LOCK_SHARED)) {
      h.level = SQLITE_LOCK_PENDING;
      return SQLITE_BUSY;
    }
    h.level = level;
    return SQLITE_OK;
  }
  static int unlock(sqlite3_file* f, int level) {
    Handle& h = as_handle(f);
    const int code = ask(h, "xUnlock", 0, level);
    h.level = std::min(h.level, level);
    return code;
  }
  static int reserved(sqlite3_file* f, int* result) {
    Handle& h = as_handle(f);
    if (const int code = ask(h, "xCheckReservedLock", 0, 0); code != SQLITE_OK) return code;
    *result = h.level >= SQLITE_LOCK_RESERVED || others_hold(h, SQLITE_LOCK_RESERVED);
    return SQLITE_OK;
  }
  static int control(sqlite3_file* f, int op, void*) {
    Handle& h = as_handle(f);
    if (const int code = ask(h, "xFileControl", 0, op); code != SQLITE_OK) return code;
    return SQLITE_NOTFOUND;
  }
  static int shm_map(sqlite3_file* f, int region, int bytes, int extend, void volatile** out) {
    Handle& h = as_handle(f);
    *out = nullptr;
    if (const int code = ask(h, "xShmMap", region, extend); code != SQLITE_OK) return code;
    h.has_shm = true;
    auto& shm = (*h.inode)->shm;
    if (shm.size() <= static_cast<std::size_t>(region)) {
      if (extend == 0) return SQLITE_OK;
      while (shm.size() <= static_cast<std::size_t>(region)) shm.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
    }
    *out = shm[static_cast<std::size_t>(region)].get();
    return SQLITE_OK;
  }
  static int shm_lock(sqlite3_file* f, int first, int count, int flags) {
    Handle& h = as_handle(f);
    if (const int code = ask(h, "xShmLock", first * 16 + count, flags); code != SQLITE_OK) return code;
    const unsigned mask = ((1u << (first + count)) - 1) & ~((1u << first) - 1);
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      h.shm_shared &= ~mask;
      h.shm_exclusive &= ~mask;
      return SQLITE_OK;
    }
    const bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (const Handle* other : (*h.inode)->handles) {
      if (other == &h) continue;
      if ((other->shm_exclusive & mask) != 0 || (is_exclusive && (other->shm_shared & mask) != 0)) return SQLITE_BUSY;
    }
    (is_exclusive ? h.shm_exclusive : h.shm_shared) |= mask;
    return SQLITE_OK;
  }
  static int shm_unmap(sqlite3_file* f, int) {
    Handle& h = as_handle(f);
    static_cast<void>(ask(h, "xShmUnmap", 0, 0));
    h.has_shm = false;
    h.shm_shared = h.shm_exclusive = 0;
    const auto& handles = (*h.inode)->handles;
    if (std::none_of(handles.begin(), handles.end(), [](const Handle* one) { return one->has_shm; })) (*h.inode)->shm.clear();
    return SQLITE_OK;
  }

  static int sector(sqlite3_file* f) { return as_handle(f).vfs->sector_size; }
  static int characteristics_of(sqlite3_file* f) { return as_handle(f).vfs->characteristics; }
  static void shm_barrier(sqlite3_file* f) { static_cast<void>(ask(as_handle(f), "xShmBarrier", 0, 0)); }

  static inline const sqlite3_io_methods kMethods = {
      2,        close,    read,   write,
      truncate, sync,     size,   lock,
      unlock,   reserved, control, sector,
      characteristics_of, shm_map, shm_lock, shm_barrier,
      shm_unmap, nullptr, nullptr};

  std::string name_;
  sqlite3_vfs vfs_;
};

}  // namespace perlite::test
