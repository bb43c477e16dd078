// bench/library.h: the public functions of one library, loaded beside another one of the same names.
#pragma once

#include <sqlite3.h>

#include <string>

namespace bench {

struct Library {
  std::string label;  // "perlite" or "stock"
#define BENCH_FUNCTIONS(F)                                                                                   \
  F(open_v2)                                                                                                 \
  F(close)                                                                                                   \
  F(exec)                                                                                                    \
  F(prepare_v2) F(step) F(reset) F(finalize) F(bind_int64) F(bind_text) F(bind_double) F(column_int64)       \
      F(column_double) F(column_text) F(column_bytes) F(column_type) F(column_count) F(errmsg) F(libversion) \
          F(changes) F(clear_bindings) F(busy_timeout) F(db_config) F(bind_blob) F(blob_open) F(blob_read)   \
              F(blob_write) F(blob_close)
#define F(name) decltype(&sqlite3_##name) name = nullptr;
  BENCH_FUNCTIONS(F)
#undef F

  // Ends the program when the library cannot be loaded or lacks a function.
  static Library load(const std::string& path, const std::string& label);
};

// A connection with helpers that end the program on an error: a benchmark that fails measures nothing.
class Database {
 public:
  Database(const Library& library, const std::string& path);
  ~Database() { lib_.close(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void exec(const std::string& sql);
  sqlite3_stmt* prepare(const std::string& sql);
  // Runs the statement to its end; a checksum of all values of all rows.
  std::uint64_t run(sqlite3_stmt* statement);
  std::uint64_t query(const std::string& sql);
  // Ends the program unless the code of a call is SQLITE_OK.
  void check(int code);
  [[noreturn]] void fail(const std::string& what);
  const Library& lib() const { return lib_; }
  sqlite3* handle() { return db_; }

 private:
  const Library& lib_;
  sqlite3* db_ = nullptr;
};

}  // namespace bench
