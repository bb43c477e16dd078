// ctest: ordinary,stock
// PRAGMA integrity_check and quick_check find what the newest stock release finds, in its words and order.
//
// A few sound databases, made by the oracle, are damaged one field at a time: every kind of page, list, entry and row
// that the check looks at. What stock 3.54 says of each file was recorded (data/integrity.txt: a line with the name of the
// file, then the answers, each behind a `?`, or `=` where it is that of the question before); what we say otherwise stands in
// data/integrity_known.txt with its reason, and must differ.
// INTEGRITY_DUMP=FOLDER writes the files there and ends, so that answers can be recorded anew.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "tests/engine/child.h"
#include "tests/engine/harness.h"

namespace perlite::engine_test {
namespace {

const char* const kQuestions[] = {"PRAGMA integrity_check(7)", "PRAGMA quick_check(7)", "PRAGMA integrity_check(t)"};
constexpr std::size_t kLines = 7;  // of the last one, which has no number

// A database file in memory, by the words of the file format.
struct File {
  std::string bytes;
  std::uint32_t page_size = 0;

  std::size_t at(std::uint32_t page, std::size_t offset = 0) const { return std::size_t{page - 1} * page_size + offset; }
  std::uint32_t page_count() const { return static_cast<std::uint32_t>(bytes.size() / page_size); }
  unsigned byte(std::size_t at) const { return static_cast<unsigned char>(bytes[at]); }
  unsigned short_at(std::size_t at) const { return byte(at) << 8 | byte(at + 1); }
  std::uint32_t word(std::size_t at) const { return std::uint32_t{short_at(at)} << 16 | short_at(at + 2); }
  void set_byte(std::size_t at, unsigned value) { bytes[at] = static_cast<char>(value); }
  void set_short(std::size_t at, unsigned value) {
    set_byte(at, value >> 8);
    set_byte(at + 1, value);
  }
  void set_word(std::size_t at, std::uint32_t value) {
    set_short(at, value >> 16);
    set_short(at + 2, value & 0xffff);
  }
  std::size_t head(std::uint32_t page) const { return at(page, page == 1 ? 100 : 0); }
  bool is_tree(std::uint32_t page) const { return is_tree_type(byte(head(page))) && page_count() >= page; }
  static bool is_tree_type(unsigned type) { return type == 2 || type == 5 || type == 10 || type == 13; }
  bool is_leaf(std::uint32_t page) const { return byte(head(page)) >= 10; }
  unsigned cell_count(std::uint32_t page) const { return short_at(head(page) + 3); }
  std::size_t pointers(std::uint32_t page) const { return head(page) + (is_leaf(page) ? 8 : 12); }
  std::size_t cell(std::uint32_t page, unsigned index) const { return at(page, short_at(pointers(page) + 2 * index)); }
};

struct Base {
  std::string name;
  std::string script;
};

// Three tables at most: with more, the order in which stock goes through them is that of a hash of their names.
const char* const kTables =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b NOT NULL, c INT CHECK(c > 0), d TEXT UNIQUE);"
    "CREATE INDEX tb ON t(b, c); CREATE INDEX tp ON t(c) WHERE c > 20; CREATE INDEX te ON t(length(d));"
    "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i, 'b' || i % 7, i, printf('%05d-%.*c', i, i, 'd') FROM n;";
const char* const kGone =
    "CREATE TABLE gone(a); INSERT INTO gone SELECT printf('%.*c', 400, 'g') FROM t WHERE a < 30; DROP TABLE gone; DELETE FROM t WHERE a IN (5, 6, 21, 33);";

std::vector<Base> bases() {
  const std::string tables = kTables;
  const std::string more =
      "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID; CREATE TABLE o(a, b);"
      "INSERT INTO w SELECT 'key' || a, d FROM t WHERE a < 40; INSERT INTO o SELECT a, printf('%.*c', 300 * a, 'o') FROM t WHERE a < 8;";
  const std::string strict =
      "CREATE TABLE s(i INTEGER, r REAL, x TEXT, y BLOB, z ANY) STRICT; CREATE TABLE o(a, b);"
      "INSERT INTO s SELECT a, a + 0.5, d, CAST(d AS BLOB), b FROM t WHERE a < 20; INSERT INTO o SELECT a, b FROM t WHERE a < 8;";
  return {{"plain", "PRAGMA page_size=512;" + tables + more + kGone},
          {"mapped", "PRAGMA page_size=512; PRAGMA auto_vacuum=2;" + tables + more + kGone},
          {"utf16", "PRAGMA page_size=1024; PRAGMA encoding='UTF-16le';" + tables + strict + kGone},
          {"deep", "PRAGMA page_size=512; CREATE TABLE t(a PRIMARY KEY, b);"
                   "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 150) INSERT INTO t SELECT printf('%.*c-%05d', 90, 'k', i), i FROM n"}};
}

File make(const Base& base) {
  ScratchFile scratch("integrity");
  {
    Database db(stock(), scratch.path());
    EXPECT_EQ(db.exec("PRAGMA journal_mode=off;" + base.script), "");
  }
  File file;
  file.bytes = read_file(scratch.path());
  file.page_size = file.short_at(16);
  return file;
}

// The same after SQL that stock runs; schema texts may be changed by it.
File after(const File& from, const std::vector<std::string>& sessions) {
  ScratchFile scratch("integrity");
  std::ofstream(scratch.path(), std::ios::binary) << from.bytes;
  for (const std::string& sql : sessions) {
    Database db(stock(), scratch.path());
    EXPECT_EQ(db.exec("PRAGMA journal_mode=off; PRAGMA writable_schema=ON;" + sql), "") << sql;
  }
  File file;
  file.bytes = read_file(scratch.path());
  file.page_size = from.page_size;
  return file;
}

using Keep = std::function<void(const std::string& name, File file)>;

// --- Lists ----------------------------------------------------------------------------------------------------------

void damage_header(const File& sound, const Keep& keep) {
  const auto word = [&](const char* what, std::size_t at, std::uint32_t value) {
    File file = sound;
    file.set_word(at, value);
    keep(std::string("header ") + what + " " + std::to_string(value), file);
  };
  word("trunk", 32, 0);
  word("trunk", 32, 2);
  word("trunk", 32, 100000);
  word("free pages", 36, 0);
  word("free pages", 36, sound.word(36) + 1);
  word("largest root", 52, 0);
  word("largest root", 52, 3);
  word("largest root", 52, 1000);
  word("encoding", 56, 2);
  word("encoding", 56, 3);
  word("incremental", 64, 1);
  word("pages", 28, sound.word(28) - 1);
  word("pages", 28, sound.word(28) + 1);
  File file = sound;
  file.bytes.resize(file.bytes.size() - file.page_size);
  keep("header a page is gone", file);
  file = sound;
  file.bytes.append(2 * file.page_size, '\0');
  file.set_word(28, file.word(28) + 2);
  keep("header two pages more", file);
}

void damage_freelist(const File& sound, const Keep& keep) {
  const std::uint32_t trunk = sound.word(32);
  if (trunk == 0) return;
  const auto word = [&](const char* what, std::size_t offset, std::uint32_t value) {
    File file = sound;
    file.set_word(sound.at(trunk, offset), value);
    keep(std::string("freelist ") + what + " " + std::to_string(value), file);
  };
  word("next trunk", 0, trunk);
  word("next trunk", 0, 2);
  word("next trunk", 0, 99999);
  word("leaf count", 4, 0);
  word("leaf count", 4, sound.word(sound.at(trunk, 4)) - 1);
  word("leaf count", 4, sound.page_size / 4 - 1);
  word("leaf count", 4, 0x80000000);
  word("leaf", 8, 0);
  word("leaf", 8, 4);
  word("leaf", 8, 99999);
  word("leaf", 8, sound.word(sound.at(trunk, 12)));
}

void damage_map(const File& sound, const Keep& keep) {
  if (sound.word(52) == 0) return;
  for (std::uint32_t page = 3; page < sound.page_count(); page += 5) {
    const std::size_t entry = sound.at(2, 5 * (page - 3));
    for (const unsigned type : {0u, 1u, 2u, 4u, 5u, 9u}) {
      if (type == sound.byte(entry) || (page + type) % 3 != 0) continue;
      File file = sound;
      file.set_byte(entry, type);
      keep("map type of " + std::to_string(page) + " " + std::to_string(type), file);
    }
    File file = sound;
    file.set_word(entry + 1, sound.word(entry + 1) + 1);
    keep("map parent of " + std::to_string(page), file);
  }
  File file = sound;
  file.set_word(sound.head(3) + 8, 2);
  keep("map as a child", file);
}

// --- Pages ----------------------------------------------------------------------------------------------------------

void damage_page(const File& sound, std::uint32_t page, const Keep& keep) {
  const std::string name = "page " + std::to_string(page) + " type " + std::to_string(sound.byte(sound.head(page))) + ": ";
  const std::size_t head = sound.head(page);
  const unsigned count = sound.cell_count(page);
  const auto change = [&](const std::string& what, const std::function<void(File&)>& edit) {
    File file = sound;
    edit(file);
    keep(name + what, file);
  };
  for (const unsigned type : {0u, 2u, 5u, 10u, 13u}) {
    if (type != sound.byte(head)) change("type " + std::to_string(type), [&](File& file) { file.set_byte(head, type); });
  }
  for (const unsigned block : {3u, 200u, sound.page_size - 4, sound.page_size - 2, 60000u}) {
    change("freeblock " + std::to_string(block), [&](File& file) { file.set_short(head + 1, block); });
  }
  for (const unsigned cells : {0u, count - 1, count + 1, 5000u}) {
    change("cells " + std::to_string(cells), [&](File& file) { file.set_short(head + 3, cells); });
  }
  for (const unsigned start : {0u, 20u, sound.short_at(head + 5) + 9, sound.page_size - 1, sound.page_size + 1}) {
    change("content at " + std::to_string(start), [&](File& file) { file.set_short(head + 5, start); });
  }
  change("fragments 77", [&](File& file) { file.set_byte(head + 7, 77); });
  if (count < 2) return;
  const unsigned middle = count / 2;
  const std::size_t pointers = sound.pointers(page);
  for (const unsigned offset : {0u, 9u, sound.short_at(pointers) + 1, sound.short_at(pointers + 2), sound.page_size - 5, sound.page_size - 3, 65000u}) {
    change("cell " + std::to_string(middle) + " at " + std::to_string(offset), [&](File& file) { file.set_short(pointers + 2 * middle, offset); });
  }
  change("cells swapped", [&](File& file) {
    const unsigned one = file.short_at(pointers + 2 * middle);
    file.set_short(pointers + 2 * middle, file.short_at(pointers + 2 * middle - 2));
    file.set_short(pointers + 2 * middle - 2, one);
  });
  if (!sound.is_leaf(page)) {
    for (const std::uint32_t child : {0u, page, 1u, 3u, 99999u, sound.word(32)}) {
      change("right child " + std::to_string(child), [&](File& file) { file.set_word(head + 8, child); });
      change("child " + std::to_string(middle) + " " + std::to_string(child), [&](File& file) { file.set_word(file.cell(page, middle), child); });
    }
    if (sound.byte(head) == 5) change("key", [&](File& file) { file.set_byte(file.cell(page, middle) + 4, 1); });
    return;
  }
  for (const unsigned size : {0u, 1u, 127u}) {
    change("payload of " + std::to_string(size), [&](File& file) { file.set_byte(file.cell(page, middle), size); });
  }
  if (sound.byte(head) == 13) {
    for (const unsigned rowid : {0u, 127u}) change("rowid " + std::to_string(rowid), [&](File& file) { file.set_byte(file.cell(page, middle) + 1, rowid); });
  }
  const std::size_t record = sound.byte(head) == 13 ? 2 : 1;
  for (const unsigned size : {0u, 1u, 60u, 129u}) {
    change("record header of " + std::to_string(size), [&](File& file) { file.set_byte(file.cell(page, middle) + record, size); });
  }
  for (unsigned column = 1; column < 4; ++column) {
    for (const unsigned type : {0u, 1u, 7u, 8u, 10u, 12u, 127u}) {
      if ((column + type + page) % 2 != 0) continue;
      change("column " + std::to_string(column) + " type " + std::to_string(type), [&](File& file) { file.set_byte(file.cell(page, middle) + record + column, type); });
    }
  }
}

// Chains: the last row of `o` has a long one.
void damage_chain(const File& sound, std::uint32_t first, const Keep& keep) {
  const auto change = [&](const std::string& what, std::uint32_t page, std::uint32_t value) {
    File file = sound;
    file.set_word(file.at(page), value);
    keep("chain from " + std::to_string(first) + ", " + what + " " + std::to_string(value), file);
  };
  const std::uint32_t second = sound.word(sound.at(first));
  for (const std::uint32_t value : {0u, first, 3u, 99999u, sound.word(32)}) {
    change("first's next", first, value);
    if (second != 0) change("second's next", second, value);
  }
}

// --- Rows -----------------------------------------------------------------------------------------------------------

// What is stored does not keep what the schema says: by changing the texts, or the table while an index is not known.
void damage_rows(const File& sound, const Keep& keep) {
  const auto text = [](const std::string& from, const std::string& to) {
    return "UPDATE sqlite_schema SET sql = replace(sql, '" + from + "', '" + to + "');";
  };
  const auto hidden = [&](const std::string& index, const std::string& sql) {
    return after(sound, {"CREATE TABLE hidden AS SELECT * FROM sqlite_schema WHERE name = '" + index + "'; DELETE FROM sqlite_schema WHERE name = '" + index + "'", sql,
                         "INSERT INTO sqlite_schema SELECT * FROM hidden; DROP TABLE hidden"});
  };
  keep("rows not null", after(sound, {text("CHECK(c > 0)", "NOT NULL"), "UPDATE sqlite_schema SET sql = replace(sql, 'c INT NOT NULL', 'c INT')", "UPDATE t SET c = NULL WHERE a IN (3, 9)", text("c INT,", "c INT NOT NULL,")}));
  keep("rows check", after(sound, {text("c > 0", "c % 10 <> 3")}));
  keep("rows check by text", after(sound, {text("c > 0", "d NOT LIKE \"%-d\"")}));
  keep("rows unique", after(sound, {text("CREATE INDEX tb", "CREATE UNIQUE INDEX tb"), text("(b, c)", "(b)")}));
  keep("rows collation", after(sound, {text("(b, c)", "(c, b)")}));
  keep("rows descending", after(sound, {text("(b, c)", "(b DESC, c)")}));
  keep("rows partial", after(sound, {text("c > 20", "c > 30")}));
  keep("rows partial wider", after(sound, {text("c > 20", "c > 10")}));
  keep("rows expression", after(sound, {text("length(d)", "length(b)")}));
  keep("rows missing entries", hidden("tb", "INSERT INTO t VALUES(200, 'new', 7, 'seven'), (201, 'newer', 8, 'eight')"));
  keep("rows extra entries", hidden("tb", "DELETE FROM t WHERE a BETWEEN 10 AND 14"));
  keep("rows other entries", hidden("tb", "UPDATE t SET b = 'other' WHERE a % 10 = 1"));
  keep("rows other types", hidden("tb", "UPDATE t SET c = c + 0.25 WHERE a % 10 = 2"));
  keep("rows of expressions", hidden("te", "UPDATE t SET d = 'x' || d WHERE a % 10 = 4"));
  keep("rows of a partial index", hidden("tp", "UPDATE t SET c = c + 15 WHERE a BETWEEN 1 AND 12"));
  keep("rows affinity", after(sound, {"UPDATE o SET a = 'text' || a WHERE a < 4; UPDATE o SET a = x'3132' WHERE a = 5; UPDATE o SET a = a + 0.5 WHERE a = 6", text("o(a, b)", "o(a INT, b TEXT)")}));
  keep("rows numbers as text", after(sound, {"UPDATE o SET a = CAST(a AS TEXT)", text("o(a, b)", "o(a INT, b REAL)")}));
  keep("rows generated", after(sound, {text("o(a, b)", "o(a, b, g AS (a + 1) NOT NULL)")}));
  keep("rows short, not null", after(sound, {text("o(a, b)", "o(a, b, n NOT NULL)")}));
  keep("rows short, a default", after(sound, {text("o(a, b)", "o(a, b, n NOT NULL DEFAULT 7)")}));
  keep("rows of w unordered", after(sound, {text("k TEXT PRIMARY KEY", "k TEXT COLLATE NOCASE PRIMARY KEY DESC")}));
  keep("rows w not null", after(sound, {"UPDATE w SET v = NULL WHERE k LIKE \"%3\"", text("w(k TEXT PRIMARY KEY, v)", "w(k TEXT PRIMARY KEY, v NOT NULL)")}));
}

void damage_strict_rows(const File& sound, const Keep& keep) {
  const auto text = [](const std::string& from, const std::string& to) {
    return "UPDATE sqlite_schema SET sql = replace(sql, '" + from + "', '" + to + "');";
  };
  keep("rows strict types", after(sound, {text("i INTEGER, r REAL, x TEXT, y BLOB, z ANY) STRICT", "i ANY, r ANY, x ANY, y ANY, z ANY) STRICT"),
                                          "UPDATE s SET i = 'text' WHERE rowid = 2; UPDATE s SET r = 'real' WHERE rowid = 3; UPDATE s SET x = 4 WHERE rowid = 4; UPDATE s SET y = 'y' WHERE rowid = 5; UPDATE s SET i = NULL, x = x'00' WHERE rowid = 6",
                                          text("i ANY, r ANY, x ANY, y ANY, z ANY) STRICT", "i INTEGER, r REAL, x TEXT, y BLOB, z ANY) STRICT")}));
}

// Roots that are none, or another's.
void damage_roots(const File& sound, const Keep& keep) {
  for (const char* name : {"t", "tb", "w", "o", "sqlite_autoindex_t_1"}) {
    for (const std::uint32_t root : {0u, 1u, 3u, 99999u, sound.word(32)}) {
      keep(std::string("root of ") + name + " " + std::to_string(root), after(sound, {"UPDATE sqlite_schema SET rootpage = " + std::to_string(root) + " WHERE name = '" + name + "'"}));
    }
  }
}

// --- The corpus -----------------------------------------------------------------------------------------------------

std::set<std::uint32_t> list_pages(const File& file) {
  std::set<std::uint32_t> pages;
  for (std::uint32_t trunk = file.word(32); trunk != 0; trunk = file.word(file.at(trunk))) {
    pages.insert(trunk);
    for (std::uint32_t i = 0; i < file.word(file.at(trunk, 4)); ++i) pages.insert(file.word(file.at(trunk, 8 + 4 * i)));
  }
  return pages;
}

void for_each_file(const Keep& keep_all) {
  std::set<std::string> names;
  const Keep keep = [&](const std::string& name, File file) {
    if (names.insert(name).second) keep_all(name, std::move(file));
  };
  for (const Base& base : bases()) {
    const File sound = make(base);
    const Keep keep_one = [&](const std::string& what, File file) { keep(base.name + ": " + what, std::move(file)); };
    keep_one("sound", sound);
    damage_header(sound, keep_one);
    damage_freelist(sound, keep_one);
    damage_map(sound, keep_one);
    if (base.name == "utf16") damage_strict_rows(sound, keep_one);
    if (base.name == "plain" || base.name == "mapped") damage_rows(sound, keep_one);
    if (base.name == "plain" || base.name == "mapped") damage_roots(sound, keep_one);
    const std::set<std::uint32_t> lists = list_pages(sound);
    std::map<unsigned, int> seen;  // by type: a few pages of each are enough
    int chains = 0;
    for (std::uint32_t page = 1; page <= sound.page_count(); ++page) {
      if (lists.contains(page)) continue;
      if (page > 2 && !File::is_tree_type(sound.byte(sound.head(page))) && sound.word(sound.at(page)) != 0 && chains++ < 2) damage_chain(sound, page, keep_one);
      if (!sound.is_tree(page) || sound.cell_count(page) == 0 || sound.cell_count(page) > 200) continue;
      const int nth = seen[sound.byte(sound.head(page))]++;
      if (page != 1 && (sound.is_leaf(page) ? nth != 1 || base.name == "mapped" : nth > 1 && base.name != "deep")) continue;
      damage_page(sound, page, keep_one);
    }
  }
}

std::string answers(const Library& library, const File& file) {
  ScratchFile scratch("damaged");
  std::ofstream(scratch.path(), std::ios::binary) << file.bytes;
  return in_child([&] {
    std::string text, before;
    Database db(library, scratch.path());
    for (const char* question : kQuestions) {
      const Answer answer = db.run(question);
      std::string one;
      for (const auto& row : answer.rows) one += row[0].substr(1) + "\n";
      if (answer.code != SQLITE_OK) one += "error: " + answer.message + "\n";
      std::size_t end = 0;
      for (std::size_t line = 0; line < kLines && end < one.size(); ++line) end = one.find('\n', end) + 1;
      one.resize(end);
      text += one == before ? "=\n" : "?\n" + one;
      before = one;
    }
    return text;
  });
}

// Blocks that begin with a line `# NAME`.
std::map<std::string, std::string> read_blocks(const std::string& name) {
  std::ifstream in(std::string(test::places.source) + "/tests/engine/data/" + name);
  std::map<std::string, std::string> blocks;
  std::string line, current;
  while (std::getline(in, line)) {
    if (line.starts_with("# ")) {
      current = line.substr(2);
      blocks[current];
    } else if (current != "") {
      blocks[current] += line + "\n";
    }
  }
  return blocks;
}

TEST(Integrity, DamageIsNamedAsByTheNewestStock) {
  if (const char* folder = ::getenv("INTEGRITY_DUMP"); folder != nullptr) {
    std::ofstream names(std::string(folder) + "/names");
    int number = 0;
    for_each_file([&](const std::string& name, const File& file) {
      std::ofstream(std::string(folder) + "/" + std::to_string(number++), std::ios::binary) << file.bytes;
      names << name << "\n";
    });
    return;
  }
  const std::map<std::string, std::string> recorded = read_blocks("integrity.txt"), known = read_blocks("integrity_known.txt");
  int files = 0, differing = 0;
  for_each_file([&](const std::string& name, const File& file) {
    ++files;
    const auto expected = recorded.find(name);
    ASSERT_NE(expected, recorded.end()) << name << " was not recorded";
    const std::string got = answers(subject(), file);
    if (known.contains(name)) {
      ++differing;
      EXPECT_NE(expected->second, got) << "known difference is none any more: " << name;
    } else {
      EXPECT_EQ(expected->second, got) << name;
    }
  });
  EXPECT_EQ(static_cast<std::size_t>(files), recorded.size());
  std::printf("%d damaged files, %d known differences\n", files, differing);
}

}  // namespace
}  // namespace perlite::engine_test
