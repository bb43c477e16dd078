// What is done to a file now and then: building indexes, VACUUM, checks; and reading and writing large values.
#include "dataset.h"
#include "workloads.h"

namespace bench {
namespace {

// A statement that leaves the shared data as it was, with its answer.
Workload upkeep(const std::string& name, const std::string& sql, double rows) {
  return {name, "row", rows, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = filled(lib, folder);
            return [=] { return db->query(sql); };
          }};
}

// A change of the schema, rolled back.
Workload schema_change(const std::string& name, const std::string& sql, const std::string& check, double rows) {
  return {name, "row", rows, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = filled(lib, folder);
            return [=] {
              db->exec("BEGIN; " + sql);
              const std::uint64_t hash = db->query(check);
              db->exec("ROLLBACK");
              return hash;
            };
          }};
}

Workload vacuum() {
  return {"VACUUM, synchronous off", "row", kRows, [](const Library& lib, const std::string& folder) -> Trial {
            auto db = std::make_shared<Database>(lib, path_of(lib, folder, "vacuum"));
            fill(*db);
            db->exec("PRAGMA synchronous=OFF; DELETE FROM t WHERE g % 3 = 0");
            return Trial(
                {},
                [=]() -> Outcome {
                  db->exec("VACUUM");
                  return 0;
                },
                [=] { return db->query("SELECT count(*), sum(k), max(s) FROM t"); });
          }};
}

constexpr int kBlobSize = 1 << 20;
constexpr int kBlobs = 4;
constexpr int kPiece = 16384;

std::shared_ptr<Database> with_blobs(const Library& lib, const std::string& folder) {
  auto db = std::make_shared<Database>(lib, path_of(lib, folder, "blobs"));
  db->exec("PRAGMA synchronous=OFF; CREATE TABLE b(id INTEGER PRIMARY KEY, data BLOB)");
  sqlite3_stmt* insert = db->prepare("INSERT INTO b VALUES(?1, ?2)");
  for (int i = 1; i <= kBlobs; ++i) {
    const std::string bytes(kBlobSize, static_cast<char>('a' + i));
    lib.bind_int64(insert, 1, i);
    lib.bind_blob(insert, 2, bytes.data(), kBlobSize, SQLITE_TRANSIENT);
    db->run(insert);
  }
  lib.finalize(insert);
  return db;
}

Workload blob_handles(const std::string& name, bool write) {
  return {name, "MB", kBlobs, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = with_blobs(lib, folder);
            return [=, &lib] {
              std::uint64_t sum = 0;
              std::string piece(kPiece, 'z');
              if (write) db->exec("BEGIN");
              for (int i = 1; i <= kBlobs; ++i) {
                sqlite3_blob* blob = nullptr;
                db->check(lib.blob_open(db->handle(), "main", "b", "data", i, write ? 1 : 0, &blob));
                for (int at = 0; at < kBlobSize; at += kPiece) {
                  db->check(write ? lib.blob_write(blob, piece.data(), kPiece, at)
                                  : lib.blob_read(blob, piece.data(), kPiece, at));
                  sum += static_cast<unsigned char>(piece[static_cast<std::size_t>(at / kPiece)]);
                }
                db->check(lib.blob_close(blob));
              }
              if (write) db->exec("COMMIT");
              return sum;
            };
          }};
}

Workload blob_query(const std::string& name, const std::string& sql, const std::string& check) {
  return {name, "MB", kBlobs, [=](const Library& lib, const std::string& folder) -> Trial {
            auto db = with_blobs(lib, folder);
            return [=] {
              db->exec("BEGIN");
              std::uint64_t hash = db->query(sql);
              if (!check.empty()) hash += db->query(check);
              db->exec("ROLLBACK");
              return hash;
            };
          }};
}

}  // namespace

std::vector<Workload> upkeep_workloads() {
  return {
      schema_change("CREATE INDEX on integers", "CREATE INDEX t_g ON t(g, id)", "SELECT count(*) FROM t WHERE g = 7",
                    kRows),
      schema_change("CREATE INDEX on texts", "CREATE UNIQUE INDEX t_sid ON t(s, id)", "SELECT min(s) FROM t", kRows),
      schema_change("REINDEX", "REINDEX t_s", "SELECT min(s) FROM t", kRows),
      upkeep("integrity_check", "PRAGMA integrity_check", kRows),
      upkeep("quick_check", "PRAGMA quick_check", kRows),
      vacuum(),
      blob_query("read of large blobs", "SELECT id, data FROM b", ""),
      blob_query("length of large blobs", "SELECT sum(length(data)) FROM b", ""),
      blob_query("write of large blobs", "INSERT INTO b SELECT id + 100, data FROM b",
                 "SELECT count(*), sum(length(data)) FROM b"),
      blob_handles("incremental read of blobs", false),
      blob_handles("incremental write of blobs, synchronous off", true),
  };
}

}  // namespace bench
