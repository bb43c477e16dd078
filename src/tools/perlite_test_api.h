// tools/perlite_test_api.h: the library under test, as a table of its public functions.
//
// Either the Perlite this program is linked with, or any libsqlite3 given by path; the two never meet, because a
// library given by path is loaded with names of its own (RTLD_LOCAL).
#pragma once

#include <string>

#include "sqlite3.h"

namespace perlite::tools {

struct Api {
#define PERLITE_TEST_FUNCTIONS(FUNCTION) \
  FUNCTION(open_v2)                      \
  FUNCTION(close)                        \
  FUNCTION(prepare_v2)                   \
  FUNCTION(step)                         \
  FUNCTION(finalize)                     \
  FUNCTION(column_count)                 \
  FUNCTION(column_type)                  \
  FUNCTION(column_text)                  \
  FUNCTION(column_bytes)                 \
  FUNCTION(column_int64)                 \
  FUNCTION(column_double)                \
  FUNCTION(errmsg)                       \
  FUNCTION(extended_errcode)             \
  FUNCTION(libversion)                   \
  FUNCTION(test_control)                 \
  FUNCTION(sourceid)
#define FUNCTION(name) decltype(&::sqlite3_##name) name = nullptr;
  PERLITE_TEST_FUNCTIONS(FUNCTION)
#undef FUNCTION

  bool is_perlite = false;
};

// An empty path means the Perlite linked in. False with *error set when the library cannot be used.
bool load_api(const std::string& path, Api* api, std::string* error);

}  // namespace perlite::tools
