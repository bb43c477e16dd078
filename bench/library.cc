#include "library.h"

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {
namespace {

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "perlite-bench: %s\n", what.c_str());
  std::exit(2);
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  return (hash ^ value) * 0x9e3779b97f4a7c15ull + (hash >> 29);
}

}  // namespace

Library Library::load(const std::string& path, const std::string& label) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) die(dlerror());
  Library library;
  library.label = label;
#define F(name)                                                                             \
  library.name = reinterpret_cast<decltype(library.name)>(dlsym(handle, "sqlite3_" #name)); \
  if (library.name == nullptr) die(path + " has no sqlite3_" #name);
  BENCH_FUNCTIONS(F)
#undef F
  return library;
}

Database::Database(const Library& library, const std::string& path) : lib_(library) {
  if (lib_.open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) != SQLITE_OK)
    fail(lib_.errmsg(db_));
}

void Database::exec(const std::string& sql) {
  if (lib_.exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail(std::string(lib_.errmsg(db_)) + "\n  " + sql.substr(0, 200));
}

sqlite3_stmt* Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (lib_.prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
    fail(std::string(lib_.errmsg(db_)) + "\n  " + sql.substr(0, 200));
  return statement;
}

std::uint64_t Database::run(sqlite3_stmt* statement) {
  std::uint64_t hash = 1;
  const int count = lib_.column_count(statement);
  int code;
  while ((code = lib_.step(statement)) == SQLITE_ROW) {
    for (int i = 0; i < count; ++i) {
      const int type = lib_.column_type(statement, i);
      if (type == SQLITE_INTEGER) {
        hash = mix(hash, static_cast<std::uint64_t>(lib_.column_int64(statement, i)));
      } else if (type == SQLITE_FLOAT) {
        const double value = lib_.column_double(statement, i);
        std::uint64_t bits;
        std::memcpy(&bits, &value, 8);
        hash = mix(hash, bits >> 12);  // the last bits depend on the way sums are made
      } else if (type != SQLITE_NULL) {
        const auto* text = lib_.column_text(statement, i);
        const int size = lib_.column_bytes(statement, i);
        hash = mix(hash, static_cast<std::uint64_t>(size) + (size > 0 ? text[0] : 0u) +
                             (size > 0 ? text[size - 1] : 0u) * 256u);
      }
    }
  }
  if (code != SQLITE_DONE) fail(lib_.errmsg(db_));
  lib_.reset(statement);
  return hash;
}

std::uint64_t Database::query(const std::string& sql) {
  sqlite3_stmt* statement = prepare(sql);
  const std::uint64_t hash = run(statement);
  lib_.finalize(statement);
  return hash;
}

void Database::check(int code) {
  if (code != SQLITE_OK) fail(lib_.errmsg(db_));
}

void Database::fail(const std::string& what) { die(lib_.label + ": " + what); }

}  // namespace bench
