#include "dataset.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>

namespace bench {
namespace {

std::map<std::string, std::shared_ptr<Database>> shared;

}  // namespace

std::string path_of(const Library& lib, const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + lib.label + "-" + name + ".db";
  for (const char* end : {"", "-journal", "-wal", "-shm"}) unlink((path + end).c_str());
  return path;
}

void fill(Database& db) {
  db.exec(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v REAL, s TEXT, g INTEGER);"
      "CREATE TABLE u(id INTEGER PRIMARY KEY, t_id INTEGER, w INTEGER);");
  db.exec("BEGIN");
  sqlite3_stmt* insert = db.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5)");
  const Library& lib = db.lib();
  std::uint64_t state = 88172645463325252ull;
  const auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  char text[32];
  for (int i = 1; i <= kRows; ++i) {
    const std::uint64_t r = random();
    lib.bind_int64(insert, 1, i);
    lib.bind_int64(insert, 2, static_cast<sqlite3_int64>(r % 1000000));
    lib.bind_double(insert, 3, static_cast<double>(r % 100000) / 7.0);
    std::snprintf(text, sizeof text, "name-%08llu", static_cast<unsigned long long>((r >> 20) % 100000000));
    lib.bind_text(insert, 4, text, -1, SQLITE_TRANSIENT);
    lib.bind_int64(insert, 5, static_cast<sqlite3_int64>(r % 1000));
    db.run(insert);
  }
  lib.finalize(insert);
  insert = db.prepare("INSERT INTO u VALUES(?1, ?2, ?3)");
  for (int i = 1; i <= kRows / 10; ++i) {
    lib.bind_int64(insert, 1, i);
    lib.bind_int64(insert, 2, static_cast<sqlite3_int64>(random() % kRows) + 1);
    lib.bind_int64(insert, 3, i % 97);
    db.run(insert);
  }
  lib.finalize(insert);
  db.exec("COMMIT");
  db.exec("CREATE INDEX t_s ON t(s); CREATE INDEX t_k ON t(k)");
}

std::shared_ptr<Database> filled(const Library& lib, const std::string& folder) {
  std::shared_ptr<Database>& db = shared[lib.label];
  if (db == nullptr) {
    db = std::make_shared<Database>(lib, path_of(lib, folder, "filled"));
    fill(*db);
  }
  return db;
}

void close_filled() { shared.clear(); }

}  // namespace bench
