// tests/support/stock.h: the distribution's SQLite as an oracle, loaded at run time so that its names never mix with
// ours. Header only; tests skip where the library is missing.
#pragma once

#include <dlfcn.h>

#include <string>
#include <vector>

#include "sqlite3.h"

namespace perlite::test {

struct Stock {
  decltype(&sqlite3_open_v2) open_v2;
  decltype(&sqlite3_close) close;
  decltype(&sqlite3_exec) exec;
  decltype(&sqlite3_errmsg) errmsg;
  decltype(&sqlite3_extended_errcode) extended_errcode;
  decltype(&sqlite3_vfs_find) vfs_find;
  decltype(&sqlite3_vfs_register) vfs_register;
  decltype(&sqlite3_vfs_unregister) vfs_unregister;
  decltype(&sqlite3_free) free;

  // Null where there is no stock library.
  static const Stock* get() {
    static const Stock* const loaded = load();
    return loaded;
  }

 private:
  static const Stock* load() {
    void* library = ::dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    static Stock stock;
    const auto get = [library](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
    };
    get(stock.open_v2, "sqlite3_open_v2");
    get(stock.close, "sqlite3_close");
    get(stock.exec, "sqlite3_exec");
    get(stock.errmsg, "sqlite3_errmsg");
    get(stock.extended_errcode, "sqlite3_extended_errcode");
    get(stock.vfs_find, "sqlite3_vfs_find");
    get(stock.vfs_register, "sqlite3_vfs_register");
    get(stock.vfs_unregister, "sqlite3_vfs_unregister");
    get(stock.free, "sqlite3_free");
    return &stock;
  }
};

// A connection of the stock library.
class StockDatabase {
 public:
  StockDatabase(const std::string& path, const char* vfs = nullptr,
                int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
      : stock_(*Stock::get()) {
    code_ = stock_.open_v2(path.c_str(), &db_, flags, vfs);
  }
  ~StockDatabase() { stock_.close(db_); }
  StockDatabase(const StockDatabase&) = delete;
  StockDatabase& operator=(const StockDatabase&) = delete;

  // All values of all rows, joined by '|' and newlines; on an error "error: " and the message.
  std::string run(const std::string& sql) {
    std::string result;
    char* message = nullptr;
    code_ = stock_.exec(
        db_, sql.c_str(),
        [](void* out, int count, char** values, char**) {
          std::string& text = *static_cast<std::string*>(out);
          if (!text.empty()) text += '\n';
          for (int i = 0; i < count; ++i)
            text += std::string(i == 0 ? "" : "|") + (values[i] == nullptr ? "" : values[i]);
          return 0;
        },
        &result, &message);
    if (code_ != SQLITE_OK) result = std::string("error: ") + (message == nullptr ? "" : message);
    stock_.free(message);
    return result;
  }
  int code() const { return code_; }

 private:
  const Stock& stock_;
  sqlite3* db_ = nullptr;
  int code_ = SQLITE_OK;
};

}  // namespace perlite::test
