#include "engine/compile_options.h"

#include <cstdlib>
#include <cstring>

#include "sqlite3.h"

namespace perlite::engine {
namespace {

constexpr const char* kOptions[] = {
#ifdef __clang__
    ("COMPILER=clang-" __clang_version__),
#else
    ("COMPILER=gcc-" __VERSION__),
#endif
    "DEFAULT_AUTOVACUUM",
    "DEFAULT_CACHE_SIZE=-2000",
    "DEFAULT_FILE_FORMAT=4",
    "DEFAULT_MMAP_SIZE=0",
    "DEFAULT_PAGE_SIZE=4096",
    "DEFAULT_SYNCHRONOUS=2",
    "DEFAULT_WAL_AUTOCHECKPOINT=1000",
    "DEFAULT_WAL_SYNCHRONOUS=2",
    "ENABLE_COLUMN_METADATA",
    "ENABLE_MATH_FUNCTIONS",
    "ENABLE_UPDATE_DELETE_LIMIT",
    "MAX_ATTACHED=10",
    "MAX_COLUMN=2000",
    "MAX_COMPOUND_SELECT=500",
    "MAX_EXPR_DEPTH=1000",
    "MAX_FUNCTION_ARG=1000",
    "MAX_LENGTH=1000000000",
    "MAX_LIKE_PATTERN_LENGTH=50000",
    "MAX_PAGE_SIZE=65536",
    "MAX_SQL_LENGTH=1000000000",
    "MAX_TRIGGER_DEPTH=1000",
    "MAX_VARIABLE_NUMBER=32766",
    "SYSTEM_MALLOC",
    "TEMP_STORE=1",
    "THREADSAFE=1",
    "USE_URI",
};

}  // namespace

std::span<const char* const> compile_options() noexcept { return kOptions; }

const char* source_id() noexcept {
  // Some programs insist on the identity of the release they were built with; secure_getenv, because a privileged
  // program must not be told by its caller what it runs on.
  static const char* const id = [] {
    const char* wanted = secure_getenv("PERLITE_SOURCE_ID");
    if (wanted == nullptr || *wanted == '\0') return static_cast<const char*>(SQLITE_SOURCE_ID);
    static char copy[256];
    std::strncpy(copy, wanted, sizeof copy - 1);
    return static_cast<const char*>(copy);
  }();
  return id;
}

}  // namespace perlite::engine
