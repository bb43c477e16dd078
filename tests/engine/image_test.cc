// A database leaves the process as bytes and comes back from bytes as with stock.
// ctest: quick,stock
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

constexpr const char* kRows = "CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 'x'), (2, zeroblob(9000))";

struct Image {
  bool some = false;
  long long size = -7;
  std::string bytes;
};

Image serialized(Database& one, const char* schema = "main", unsigned flags = 0) {
  Image image;
  sqlite3_int64 size = -7;
  unsigned char* bytes = one.library().serialize(one.handle(), schema, &size, flags);
  image.some = bytes != nullptr;
  image.size = size;
  if (bytes != nullptr) image.bytes.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  if ((flags & SQLITE_SERIALIZE_NOCOPY) == 0) one.library().free(bytes);
  return image;
}

std::string shown(const Image& image) { return std::to_string(image.some) + "/" + std::to_string(image.size) + " "; }

int deserialize(Database& one, const std::string& bytes, unsigned flags, std::size_t capacity = 0,
                const char* schema = "main") {
  capacity = std::max(capacity, bytes.size());
  auto* copy = static_cast<unsigned char*>(one.library().malloc64(capacity + 1));
  std::copy(bytes.begin(), bytes.end(), copy);
  return one.library().deserialize(one.handle(), schema, copy, static_cast<sqlite3_int64>(bytes.size()),
                                   static_cast<sqlite3_int64>(capacity), flags | SQLITE_DESERIALIZE_FREEONCLOSE);
}

std::string out_of_the_process(const Library& library) {
  std::ostringstream said;
  const ScratchFile scratch;
  Database file(library, scratch.path()), memory(library);
  said << shown(serialized(file)) << shown(serialized(memory)) << shown(serialized(file, "temp"))
       << shown(serialized(file, "nosuch"));
  file.exec(kRows);
  memory.exec(kRows);
  EXPECT_TRUE(serialized(file).bytes == read_file(scratch.path()));
  said << shown(serialized(file)) << shown(serialized(file, nullptr))
       << shown(serialized(file, "main", SQLITE_SERIALIZE_NOCOPY));
  said << shown(serialized(memory)) << shown(serialized(memory, "main", SQLITE_SERIALIZE_NOCOPY));
  // What the transaction has done so far is in it.
  file.exec("BEGIN; CREATE TABLE more(x); INSERT INTO more VALUES('inside');");
  const Image inside = serialized(file);
  file.exec("ROLLBACK");
  Database reader(library);
  said << shown(inside) << deserialize(reader, inside.bytes, 0) << reader.text("SELECT * FROM more")
       << reader.text("PRAGMA integrity_check");
  file.exec("ATTACH '' AS other; CREATE TABLE other.o(x); CREATE TEMP TABLE tt(x)");
  said << shown(serialized(file, "other")) << shown(serialized(file, "temp"));
  return said.str();
}

TEST(Image, Serialize) { EXPECT_EQ(out_of_the_process(stock()), out_of_the_process(subject())); }

std::string into_the_process(const Library& library, const std::string& image) {
  std::ostringstream said;
  Database one(library);
  const auto note = [&](const char* sql) { said << one.text(sql) << "; "; };
  said << deserialize(one, image, 0);
  for (const char* sql : {"SELECT a FROM t", "PRAGMA journal_mode", "PRAGMA database_list", "PRAGMA integrity_check"})
    note(sql);
  said << shown(serialized(one, "main", SQLITE_SERIALIZE_NOCOPY));
  EXPECT_TRUE(serialized(one).bytes == image);
  said << "\nfull: ";
  for (const char* sql :
       {"INSERT INTO t VALUES(3, zeroblob(50000))", "INSERT INTO t VALUES(4, 'small')", "SELECT count(*) FROM t"})
    note(sql);
  said << "\ngrows: " << deserialize(one, image, SQLITE_DESERIALIZE_RESIZEABLE);
  for (const char* sql :
       {"INSERT INTO t VALUES(3, zeroblob(50000))", "SELECT count(*) FROM t", "BEGIN", "DELETE FROM t", "ROLLBACK",
        "SELECT count(*) FROM t", "DELETE FROM t", "VACUUM", "PRAGMA page_count", "PRAGMA integrity_check"})
    note(sql);
  said << shown(serialized(one, "main", SQLITE_SERIALIZE_NOCOPY));
  said << "\nread only: " << deserialize(one, image, SQLITE_DESERIALIZE_READONLY);
  for (const char* sql : {"INSERT INTO t VALUES(4, 'small')", "BEGIN IMMEDIATE", "SELECT count(*) FROM t"}) note(sql);
  said << "\nroom: " << deserialize(one, image, 0, image.size() + 20000);
  for (const char* sql : {"INSERT INTO t VALUES(3, zeroblob(15000))", "INSERT INTO t VALUES(3, zeroblob(15000))",
                          "SELECT count(*) FROM t", "PRAGMA integrity_check"})
    note(sql);
  said << "\nlimit: " << deserialize(one, image, SQLITE_DESERIALIZE_RESIZEABLE);
  for (sqlite3_int64 limit : {sqlite3_int64{40000}, sqlite3_int64{-1}, sqlite3_int64{10}}) {
    said << library.file_control(one.handle(), "main", SQLITE_FCNTL_SIZE_LIMIT, &limit) << " " << limit << " ";
    note("INSERT INTO t VALUES(3, zeroblob(12000))");
  }
  said << "\nrefused: " << deserialize(one, image, 0, 0, "temp") << deserialize(one, image, 0, 0, "nosuch");
  said << "\nattached: " << one.text("ATTACH ':memory:' AS x")
       << deserialize(one, image, SQLITE_DESERIALIZE_RESIZEABLE, 0, "x");
  for (const char* sql : {"SELECT a FROM x.t", "INSERT INTO x.t VALUES(7, 7)", "SELECT count(*) FROM x.t", "DETACH x"})
    note(sql);
  said << "\ngarbage: " << deserialize(one, std::string(1000, 'g'), 0);
  for (const char* sql : {"SELECT * FROM t", "PRAGMA page_count"}) note(sql);
  said << "\nempty: " << deserialize(one, "", SQLITE_DESERIALIZE_RESIZEABLE);
  for (const char* sql : {"CREATE TABLE q(x)", "PRAGMA page_count"}) note(sql);
  said << "\nnull: "
       << library.deserialize(one.handle(), "main", nullptr, 0, 0,
                              SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
  for (const char* sql : {"CREATE TABLE q(x)", "PRAGMA page_count"}) note(sql);
  return said.str();
}

TEST(Image, Deserialize) {
  for (const char* page_size : {"512", "4096", "65536"}) {
    const ScratchFile scratch;
    Database(stock(), scratch.path()).exec(std::string("PRAGMA page_size=") + page_size + ";" + kRows);
    const std::string image = read_file(scratch.path());
    EXPECT_EQ(into_the_process(stock(), image), into_the_process(subject(), image)) << page_size;
  }
}

TEST(Image, ALentBufferIsTheHostsAndChangesInPlace) {
  Database maker(subject());
  maker.exec(kRows);
  std::string bytes = serialized(maker).bytes;
  {
    Database one(subject());
    EXPECT_EQ(SQLITE_OK, subject().deserialize(one.handle(), "main", reinterpret_cast<unsigned char*>(bytes.data()),
                                               static_cast<sqlite3_int64>(bytes.size()),
                                               static_cast<sqlite3_int64>(bytes.size()), 0));
    EXPECT_EQ("", one.exec("UPDATE t SET b = 'y' WHERE a = 1"));
  }
  Database reader(stock());
  EXPECT_EQ(SQLITE_OK, deserialize(reader, bytes, 0));
  EXPECT_EQ("Ty", reader.text("SELECT b FROM t WHERE a = 1"));
}

TEST(Image, ADatabaseInUseIsNotReplaced) {
  Database one(subject()), target(subject());
  one.exec(kRows);
  const std::string image = serialized(one).bytes;
  {
    Prepared reading(one, "SELECT * FROM t");
    reading.step();
    EXPECT_EQ(SQLITE_BUSY, deserialize(one, image, 0));
    EXPECT_EQ(SQLITE_ROW, reading.step());
  }
  sqlite3_backup* backup = subject().backup_init(target.handle(), "main", one.handle(), "main");
  EXPECT_EQ(SQLITE_BUSY, deserialize(one, image, 0));
  EXPECT_EQ(SQLITE_BUSY, deserialize(target, image, 0));
  EXPECT_EQ(SQLITE_DONE, subject().backup_step(backup, -1));
  EXPECT_EQ(SQLITE_OK, subject().backup_finish(backup));
  // A statement compiled before goes on with the new database.
  Prepared kept(one, "SELECT count(*) FROM t");
  EXPECT_EQ(SQLITE_OK, deserialize(one, image, 0));
  EXPECT_EQ(SQLITE_ROW, kept.step());
  EXPECT_EQ("I2", kept.value());
}

}  // namespace
}  // namespace perlite::engine_test
