// tests/support/shim_vfs.h: VFSes that stand in front of another one: ShimVfs, RecordingVfs, FaultVfs.
//
// They are real sqlite3_vfs objects, so the stock library can be driven through the very same ones. Header only.
#pragma once

#include <cstdio>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "sqlite3.h"

namespace perlite::test {

struct VfsCall {
  std::string method;  // "xWrite"
  std::string file;    // last part of the name, "" for temporary files
  sqlite3_int64 offset = 0;
  sqlite3_int64 amount = 0;  // bytes, size, level, flags or operation: the method's main number
  int result = SQLITE_OK;

  std::string text() const {
    std::string line = method + " " + file;
    if (method == "xRead" || method == "xWrite") line += " @" + std::to_string(offset);
    if (method != "xClose" && method != "xFileSize" && method != "xCheckReservedLock")
      line += " " + std::to_string(amount);
    return line;
  }
};

// Hands every call on to `lower`, asking before() first: a code other than SQLITE_OK is the answer then.
class ShimVfs {
 public:
  ShimVfs(sqlite3_vfs* lower, const char* name) : lower_(lower), name_(name) {
    vfs_ = *lower;
    vfs_.iVersion = 2;
    vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + lower->szOsFile;
    vfs_.pNext = nullptr;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = access;
    vfs_.xFullPathname = [](sqlite3_vfs* v, const char* p, int n, char* o) {
      return self(v).lower_->xFullPathname(self(v).lower_, p, n, o);
    };
    vfs_.xDlOpen = [](sqlite3_vfs* v, const char* p) { return self(v).lower_->xDlOpen(self(v).lower_, p); };
    vfs_.xDlError = [](sqlite3_vfs* v, int n, char* m) { self(v).lower_->xDlError(self(v).lower_, n, m); };
    vfs_.xDlSym = [](sqlite3_vfs* v, void* h, const char* s) { return self(v).lower_->xDlSym(self(v).lower_, h, s); };
    vfs_.xDlClose = [](sqlite3_vfs* v, void* h) { self(v).lower_->xDlClose(self(v).lower_, h); };
    vfs_.xRandomness = [](sqlite3_vfs* v, int n, char* o) { return self(v).lower_->xRandomness(self(v).lower_, n, o); };
    vfs_.xSleep = [](sqlite3_vfs* v, int us) { return self(v).lower_->xSleep(self(v).lower_, us); };
    vfs_.xCurrentTime = [](sqlite3_vfs* v, double* d) { return self(v).lower_->xCurrentTime(self(v).lower_, d); };
    vfs_.xGetLastError = [](sqlite3_vfs* v, int n, char* m) {
      return self(v).lower_->xGetLastError(self(v).lower_, n, m);
    };
    vfs_.xCurrentTimeInt64 = [](sqlite3_vfs* v, sqlite3_int64* t) {
      return self(v).lower_->xCurrentTimeInt64(self(v).lower_, t);
    };
  }
  virtual ~ShimVfs() = default;
  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;

  sqlite3_vfs* vfs() { return &vfs_; }

  virtual int before(const VfsCall&) { return SQLITE_OK; }
  virtual void after(const VfsCall&) {}

 private:
  struct ShimFile : sqlite3_file {
    ShimVfs* shim;
    char name[64];
    sqlite3_file* lower() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static ShimVfs& self(sqlite3_vfs* v) { return *static_cast<ShimVfs*>(v->pAppData); }
  static ShimFile& as_shim(sqlite3_file* f) { return *static_cast<ShimFile*>(f); }
  static std::string base_name(const char* path) {
    if (path == nullptr) return "";
    const char* slash = std::strrchr(path, '/');
    return slash == nullptr ? path : slash + 1;
  }

  template <class Go>
  int call(VfsCall one, Go go) {
    one.result = before(one);
    if (one.result == SQLITE_OK) one.result = go();
    after(one);
    return one.result;
  }
  template <class Go>
  static int file_call(sqlite3_file* f, const char* method, sqlite3_int64 offset, sqlite3_int64 amount, Go go) {
    ShimFile& file = as_shim(f);
    return file.shim->call({method, file.name, offset, amount}, [&] { return go(file.lower()); });
  }

  static int open(sqlite3_vfs* v, sqlite3_filename name, sqlite3_file* f, int flags, int* out_flags) {
    ShimVfs& shim = self(v);
    ShimFile& file = *::new (static_cast<void*>(f)) ShimFile{};
    file.pMethods = nullptr;
    file.shim = &shim;
    std::snprintf(file.name, sizeof file.name, "%s", base_name(name).c_str());
    return shim.call({"xOpen", file.name, 0, flags}, [&] {
      const int code = shim.lower_->xOpen(shim.lower_, name, file.lower(), flags, out_flags);
      if (file.lower()->pMethods != nullptr) file.pMethods = &kMethods;
      return code;
    });
  }
  static int remove(sqlite3_vfs* v, const char* name, int sync) {
    return self(v).call({"xDelete", base_name(name), 0, sync},
                        [&] { return self(v).lower_->xDelete(self(v).lower_, name, sync); });
  }
  static int access(sqlite3_vfs* v, const char* name, int flags, int* result) {
    return self(v).call({"xAccess", base_name(name), 0, flags},
                        [&] { return self(v).lower_->xAccess(self(v).lower_, name, flags, result); });
  }
  static int close(sqlite3_file* f) {
    return file_call(f, "xClose", 0, 0, [](sqlite3_file* l) { return l->pMethods->xClose(l); });
  }
  static int read(sqlite3_file* f, void* p, int n, sqlite3_int64 o) {
    return file_call(f, "xRead", o, n, [&](sqlite3_file* l) { return l->pMethods->xRead(l, p, n, o); });
  }
  static int write(sqlite3_file* f, const void* p, int n, sqlite3_int64 o) {
    return file_call(f, "xWrite", o, n, [&](sqlite3_file* l) { return l->pMethods->xWrite(l, p, n, o); });
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 n) {
    return file_call(f, "xTruncate", 0, n, [&](sqlite3_file* l) { return l->pMethods->xTruncate(l, n); });
  }
  static int sync(sqlite3_file* f, int flags) {
    return file_call(f, "xSync", 0, flags, [&](sqlite3_file* l) { return l->pMethods->xSync(l, flags); });
  }
  static int size(sqlite3_file* f, sqlite3_int64* n) {
    return file_call(f, "xFileSize", 0, 0, [&](sqlite3_file* l) { return l->pMethods->xFileSize(l, n); });
  }
  static int lock(sqlite3_file* f, int level) {
    return file_call(f, "xLock", 0, level, [&](sqlite3_file* l) { return l->pMethods->xLock(l, level); });
  }
  static int unlock(sqlite3_file* f, int level) {
    return file_call(f, "xUnlock", 0, level, [&](sqlite3_file* l) { return l->pMethods->xUnlock(l, level); });
  }
  static int reserved(sqlite3_file* f, int* r) {
    return file_call(f, "xCheckReservedLock", 0, 0,
                     [&](sqlite3_file* l) { return l->pMethods->xCheckReservedLock(l, r); });
  }
  static int control(sqlite3_file* f, int op, void* p) {
    return file_call(f, "xFileControl", 0, op, [&](sqlite3_file* l) { return l->pMethods->xFileControl(l, op, p); });
  }
  static int sector(sqlite3_file* f) {
    sqlite3_file* l = as_shim(f).lower();
    return as_shim(f).shim->sector_size_ != 0 ? as_shim(f).shim->sector_size_ : l->pMethods->xSectorSize(l);
  }
  static int characteristics(sqlite3_file* f) {
    sqlite3_file* l = as_shim(f).lower();
    const int own = as_shim(f).shim->characteristics_;
    return own >= 0 ? own : l->pMethods->xDeviceCharacteristics(l);
  }

  static inline const sqlite3_io_methods kMethods = {
      1,      close,           read,    write,   truncate, sync,    size,    lock,   unlock, reserved, control,
      sector, characteristics, nullptr, nullptr, nullptr,  nullptr, nullptr, nullptr};
  sqlite3_vfs* lower_;
  std::string name_;
  sqlite3_vfs vfs_;

 public:
  int sector_size_ = 0;       // 0: the lower VFS's
  int characteristics_ = -1;  // -1: the lower VFS's
};

// Keeps what was called.
class RecordingVfs : public ShimVfs {
 public:
  using ShimVfs::ShimVfs;
  void after(const VfsCall& call) override {
    if (keep(call)) calls.push_back(call.text());
  }
  std::vector<std::string> take() { return std::exchange(calls, {}); }
  std::vector<std::string> calls;
  std::function<bool(const VfsCall&)> keep = [](const VfsCall&) { return true; };
};

// Lets the call number `fail_at` (from 0) that `matches` fail with `code`, once or from then on.
class FaultVfs : public ShimVfs {
 public:
  using ShimVfs::ShimVfs;
  int before(const VfsCall& call) override {
    if (!matches(call)) return SQLITE_OK;
    const int number = seen++;
    if (number != fail_at && !(sticky && fail_at >= 0 && number > fail_at)) return SQLITE_OK;
    ++failed;
    return code;
  }
  std::function<bool(const VfsCall&)> matches = [](const VfsCall&) { return true; };
  int fail_at = -1;
  int code = SQLITE_IOERR;
  bool sticky = false;
  int seen = 0;
  int failed = 0;
};

}  // namespace perlite::test
