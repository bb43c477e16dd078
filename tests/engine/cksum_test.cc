// The checksum VFS: databases that reserve 8 bytes a page have a sum in them, which reading checks.
// ctest: quick,stock
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

constexpr const char* kRows =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
    "FROM n WHERE i < 500) SELECT i, hex(zeroblob(i % 300)) FROM n";

// The sum as the manual's format for logs has it (fileformat2.html 4.2), little-endian words.
bool sum_matches(const std::string& page) {
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i)
      value = value << 8 | static_cast<unsigned char>(page[at + static_cast<std::size_t>(i)]);
    return value;
  };
  std::uint32_t s1 = 0, s2 = 0;
  for (std::size_t at = 0; at < page.size() - 8; at += 8) {
    s1 += word(at) + s2;
    s2 += word(at + 4) + s1;
  }
  return s1 == word(page.size() - 8) && s2 == word(page.size() - 4);
}

class Checksum : public testing::Test {
 protected:
  void SetUp() override {
    void* const library = dlopen(subject_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    const auto begin = reinterpret_cast<int (*)(const char*)>(dlsym(library, "sqlite3_register_cksumvfs"));
    end_ = reinterpret_cast<int (*)()>(dlsym(library, "sqlite3_unregister_cksumvfs"));
    if (subject_is_stock()) GTEST_SKIP() << "not in the library";
    ASSERT_NE(begin, nullptr);
    ASSERT_EQ(SQLITE_OK, begin(nullptr));
  }
  void TearDown() override {
    if (end_ != nullptr) {
      EXPECT_EQ(SQLITE_OK, end_());
    }
  }

  static void reserve(Database& one) {
    int bytes = 8;
    EXPECT_EQ(SQLITE_OK, subject().file_control(one.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes));
  }
  // How many pages of the file have a sum that is right.
  static int good_pages(const std::string& path, std::size_t page_size, int* all) {
    const std::string bytes = read_file(path);
    int good = 0;
    *all = static_cast<int>(bytes.size() / page_size);
    for (std::size_t at = 0; at < bytes.size(); at += page_size)
      good += sum_matches(bytes.substr(at, page_size)) ? 1 : 0;
    return good;
  }

 private:
  int (*end_)() = nullptr;
};

TEST_F(Checksum, EveryPageHasItsSum) {
  for (const std::size_t page_size : {512u, 4096u, 65536u}) {
    for (const char* mode : {"delete", "wal"}) {
      const ScratchFile file;
      {
        Database one(subject(), file.path());
        reserve(one);
        ASSERT_EQ("", one.exec("PRAGMA page_size=" + std::to_string(page_size) + "; PRAGMA journal_mode=" + mode + ";" +
                               kRows));
        ASSERT_EQ(
            "", one.exec(
                    "PRAGMA cache_size=5; UPDATE t SET b = b || 'more' WHERE a % 3 = 0; DELETE FROM t WHERE a > 400;"));
        EXPECT_EQ("T1", one.text("PRAGMA checksum_verification"));
        EXPECT_EQ("Tok", one.text("PRAGMA integrity_check"));
      }
      int all = 0;
      EXPECT_EQ(good_pages(file.path(), page_size, &all), all) << page_size << " " << mode;
      Database oracle(stock(), file.path());
      EXPECT_EQ("Tok", oracle.text("PRAGMA integrity_check"));
      EXPECT_EQ("I400", oracle.text("SELECT count(*) FROM t"));
    }
  }
}

TEST_F(Checksum, VacuumBringsThemIn) {
  const ScratchFile file;
  {
    Database one(subject(), file.path());
    ASSERT_EQ("", one.exec(kRows));
    EXPECT_EQ("T0", one.text("PRAGMA checksum_verification"));
    reserve(one);
    ASSERT_EQ("", one.exec("PRAGMA cache_size=10; VACUUM"));
    EXPECT_EQ("T1", one.text("PRAGMA checksum_verification"));
  }
  int all = 0;
  EXPECT_EQ(good_pages(file.path(), 4096, &all), all);
}

TEST_F(Checksum, AFlippedBitIsFound) {
  const ScratchFile file;
  {
    Database one(subject(), file.path());
    reserve(one);
    ASSERT_EQ("", one.exec(kRows));
  }
  std::string bytes = read_file(file.path());
  bytes[bytes.size() - 3000] = static_cast<char>(bytes[bytes.size() - 3000] ^ 4);
  std::ofstream(file.path(), std::ios::binary) << bytes;
  Database one(subject(), file.path());
  EXPECT_EQ("error 8202: disk I/O error", one.text("SELECT sum(length(b)) FROM t"));
  EXPECT_EQ("T0", one.text("PRAGMA checksum_verification=OFF"));
  EXPECT_EQ("T0", one.text("PRAGMA checksum_verification"));
  EXPECT_EQ("I500", one.text("SELECT count(*) FROM t"));
  EXPECT_EQ("T1", one.text("PRAGMA checksum_verification=ON"));
}

TEST_F(Checksum, OtherDatabasesPass) {
  const ScratchFile file;
  Database(stock(), file.path()).exec(kRows);
  Database one(subject(), file.path());
  EXPECT_EQ("Tok", one.text("PRAGMA integrity_check"));
  EXPECT_EQ("T0", one.text("PRAGMA checksum_verification"));
  EXPECT_EQ("", one.exec("UPDATE t SET b = 1"));
  EXPECT_EQ("Tok", Database(stock(), file.path()).text("PRAGMA integrity_check"));
  // The function looks at any blob that is as long as a page.
  EXPECT_EQ("I1|I0|N|N",
            one.text("SELECT verify_checksum(zeroblob(512)), verify_checksum(CAST(zeroblob(511) || x'01' AS BLOB)),"
                     " verify_checksum('text'), verify_checksum(zeroblob(100))")
                .substr(0, 9));
}

TEST(ChecksumOff, ThePragmaIsNobodys) {
  Database one(subject());
  EXPECT_EQ("", one.text("PRAGMA checksum_verification"));
}

}  // namespace
}  // namespace perlite::engine_test
