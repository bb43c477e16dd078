// Loading shared objects as extensions (manual: loadext.html). Off until the host allows it.
#include <cstring>

#include "api/handles.h"
#include "base/ascii.h"
#include "base/containers.h"
#include "os/vfs.h"
#include "sqlite3ext.h"

#undef sqlite3_load_extension
#undef sqlite3_enable_load_extension
#undef sqlite3_free
#undef sqlite3_vfs_find

namespace perlite::api {
extern const sqlite3_api_routines kApiRoutines;
}

using namespace perlite;
using namespace perlite::api;

namespace {

using EntryPoint = int (*)(sqlite3*, char**, const sqlite3_api_routines*);

// sqlite3_<name>_init, where <name> is the letters of the file's base name, "lib" in front and all from the dot left
// out.
String default_entry_point(std::string_view file) {
  const std::size_t slash = file.rfind('/');
  std::string_view base = slash == std::string_view::npos ? file : file.substr(slash + 1);
  if (base::starts_with_ignoring_case(base, "lib")) base.remove_prefix(3);
  String name("sqlite3_");
  for (const char c : base.substr(0, base.find('.'))) {
    const char lower = static_cast<char>(base::fold_ascii(static_cast<unsigned char>(c)));
    if (lower >= 'a' && lower <= 'z') name += lower;
  }
  name += "_init";
  return name;
}

Status load(Connection& c, const char* file, const char* entry) {
  sqlite3_vfs* vfs = os::find_vfs(nullptr);
  if (vfs == nullptr || vfs->xDlOpen == nullptr) return Status::error("unable to open shared library");
  void* library = vfs->xDlOpen(vfs, file);
  if (library == nullptr) {
    const String with_ending = String(file) + ".so";
    library = vfs->xDlOpen(vfs, with_ending.c_str());
  }
  if (library == nullptr) {
    char text[300] = {};
    vfs->xDlError(vfs, sizeof text - 1, text);
    return text[0] != '\0' ? Status::error(text)
                           : Status::format(Code::Error, -1, "unable to open shared library [%s]", file);
  }
  const String wanted = entry != nullptr ? String(entry) : String("sqlite3_extension_init");
  auto symbol = vfs->xDlSym(vfs, library, wanted.c_str());
  String tried = wanted;
  if (symbol == nullptr && entry == nullptr) {
    tried = default_entry_point(file);
    symbol = vfs->xDlSym(vfs, library, tried.c_str());
  }
  if (symbol == nullptr) {
    vfs->xDlClose(vfs, library);
    return Status::format(Code::Error, -1, "no entry point [%s] in shared library [%s]", tried.c_str(), file);
  }
  char* error = nullptr;
  const int code = reinterpret_cast<EntryPoint>(symbol)(to_handle(&c), &error, &kApiRoutines);
  if (code == SQLITE_OK_LOAD_PERMANENTLY) {
    sqlite3_free(error);
    return {};
  }
  if (code != SQLITE_OK) {
    Status status = Status::format(Code::Error, -1, "error during initialization: %s", error == nullptr ? "" : error);
    sqlite3_free(error);
    vfs->xDlClose(vfs, library);
    return status;
  }
  sqlite3_free(error);
  c.keep_library(*vfs, library);
  return {};
}

}  // namespace

extern "C" {

SQLITE_API int sqlite3_enable_load_extension(sqlite3* db, int on) {
  if (!usable(db)) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  c.load_extension_allowed = on != 0;
  c.load_extension_sql_allowed = on != 0;
  return SQLITE_OK;
}

SQLITE_API int sqlite3_load_extension(sqlite3* db, const char* file, const char* entry, char** error) {
  if (error != nullptr) *error = nullptr;
  if (!usable(db) || file == nullptr) return SQLITE_MISUSE;
  Connection& c = *to_connection(db);
  const LockGuard guard(c);
  const int code = guarded(c, [&]() -> Status {
    if (!c.load_extension_allowed) return Status::error("not authorized");
    return load(c, file, entry);
  });
  if (code != SQLITE_OK && error != nullptr) {
    const std::string_view text = c.error().message();
    *error = static_cast<char*>(base::Allocator::try_allocate(text.size() + 1));
    if (*error != nullptr) {
      std::memcpy(*error, text.data(), text.size());
      (*error)[text.size()] = '\0';
    }
  }
  return code;
}

}  // extern "C"
