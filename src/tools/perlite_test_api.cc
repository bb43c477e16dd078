#include "tools/perlite_test_api.h"

#include <dlfcn.h>

#include <cstring>

namespace perlite::tools {

bool load_api(const std::string& path, Api* api, std::string* error) {
  if (path.empty()) {
#define FUNCTION(name) api->name = &::sqlite3_##name;
    PERLITE_TEST_FUNCTIONS(FUNCTION)
#undef FUNCTION
  } else {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      *error = dlerror();
      return false;
    }
#define FUNCTION(name)                                                                 \
  api->name = reinterpret_cast<decltype(api->name)>(dlsym(library, "sqlite3_" #name)); \
  if (api->name == nullptr) {                                                          \
    *error = path + ": no function sqlite3_" #name;                                    \
    return false;                                                                      \
  }
    PERLITE_TEST_FUNCTIONS(FUNCTION)
#undef FUNCTION
  }
  api->is_perlite = std::strstr(api->sourceid(), "perlite") != nullptr || path.empty();
  return true;
}

}  // namespace perlite::tools
