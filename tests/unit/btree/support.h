// Databases in memory for tests of trees, keys they can be sorted by, and stock SQLite as a judge of the result.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "btree/check.h"
#include "btree/cursor.h"
#include "btree/tree.h"
#include "os/vfs.h"
#include "pager/store.h"

#define ASSERT_OK(expression)                                               \
  do {                                                                      \
    auto&& result_ = (expression);                                          \
    ASSERT_TRUE(result_.ok()) << #expression << ": " << status_of(result_); \
  } while (false)
#define EXPECT_OK(expression)                                               \
  do {                                                                      \
    auto&& result_ = (expression);                                          \
    EXPECT_TRUE(result_.ok()) << #expression << ": " << status_of(result_); \
  } while (false)

namespace perlite::btree {

inline std::string status_of(const Status& status) { return std::string(status.message()); }
template <class T>
std::string status_of(const Result<T>& result) {
  return std::string(result.status().message());
}

// A record of one blob: header size, serial type, bytes.
inline std::string record_of(const std::string& blob) {
  std::byte raw[16];
  const int type_size = base::put_varint(raw + 1, 12 + 2 * blob.size());
  raw[0] = static_cast<std::byte>(1 + type_size);
  return std::string(reinterpret_cast<char*>(raw), static_cast<std::size_t>(1 + type_size)) + blob;
}
inline std::string blob_of(std::span<const std::byte> record) {
  const auto header_size = static_cast<std::size_t>(record[0]);
  return {reinterpret_cast<const char*>(record.data()) + header_size, record.size() - header_size};
}
inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The order of such records: that of their blobs.
inline int compare_record(std::span<const std::byte> stored, bool complete, std::span<const std::byte> key) noexcept {
  if (stored.empty() || key.empty()) return kCorrupt;
  const auto stored_header = static_cast<std::size_t>(stored[0]);
  const auto key_header = static_cast<std::size_t>(key[0]);
  if (stored_header < 2 || stored_header > stored.size() || key_header > key.size()) return kCorrupt;
  stored = stored.subspan(stored_header);
  key = key.subspan(key_header);
  const std::size_t common = std::min(stored.size(), key.size());
  const int order = common == 0 ? 0 : std::memcmp(stored.data(), key.data(), common);
  if (order != 0) return order < 0 ? -1 : 1;
  if (!complete && stored.size() <= key.size()) return kNeedMore;
  return stored.size() < key.size() ? -1 : stored.size() > key.size() ? 1 : 0;
}
struct RecordOrder : KeyOrder {
  RecordOrder() : KeyOrder(&compare) {}
  static int compare(const KeyOrder&, std::span<const std::byte> stored, bool complete,
                     std::span<const std::byte> key) noexcept {
    return compare_record(stored, complete, key);
  }
};
inline const RecordOrder kRecordOrder;

struct RecordProbe : KeyProbe {
  explicit RecordProbe(const std::string& record_in) : KeyProbe(&compare), record(record_in) {}
  static int compare(const KeyProbe& probe, std::span<const std::byte> stored, bool complete) noexcept {
    return compare_record(stored, complete, bytes_of(static_cast<const RecordProbe&>(probe).record));
  }
  std::string record;
};

struct Geometry {
  std::uint32_t page_size = 4096;
  std::uint32_t reserved = 0;
  AutoVacuum auto_vacuum = AutoVacuum::None;
};

class Database {
 public:
  explicit Database(const Geometry& geometry = {}) {
    pager::StoreOptions options;
    options.kind = pager::StoreKind::Memory;
    options.page_size = geometry.page_size;
    auto opened = pager::Store::open(vfs_, nullptr, 2, options);
    EXPECT_OK(opened);
    store_ = std::move(opened).value();
    EXPECT_OK(store_->set_page_size(geometry.page_size, geometry.reserved));
    EXPECT_OK(store_->begin_write());
    EXPECT_OK(init_database(view(), {.auto_vacuum = geometry.auto_vacuum}));
  }
  pager::Store& store() { return *store_; }
  pager::View& view() { return store_->view(); }

  // Creates a tree and enters it into the schema, so that stock finds it: table trees as t(a), index trees as
  // a WITHOUT ROWID table with one primary key column.
  PageNo create(TreeKind kind) {
    auto root = create_tree(view(), kind);
    EXPECT_OK(root);
    if (!root.ok()) return PageNo(0);
    roots_.push_back(root.value());
    kinds_.push_back(kind);
    schema_rows_.push_back(++last_schema_row_);
    add_schema_row(last_schema_row_, root.value(), kind);
    return root.value();
  }

  // Drops the tree at roots()[index] and corrects the schema.
  void drop(std::size_t index) {
    PageNo moved;
    const PageNo root = roots_[index];
    ASSERT_OK(drop_tree(view(), root, &moved));
    Cursor schema;
    schema.open(view(), kSchemaRoot, TreeKind::Table);
    const auto relation = schema.seek_rowid(schema_rows_[index]);
    ASSERT_OK(relation);
    ASSERT_EQ(relation.value(), Relation::Equal);
    ASSERT_OK(schema.erase());
    roots_.erase(roots_.begin() + static_cast<std::ptrdiff_t>(index));
    schema_rows_.erase(schema_rows_.begin() + static_cast<std::ptrdiff_t>(index));
    kinds_.erase(kinds_.begin() + static_cast<std::ptrdiff_t>(index));
    if (moved.value == 0) return;
    for (std::size_t i = 0; i < roots_.size(); ++i) {
      if (roots_[i] != moved) continue;
      roots_[i] = root;
      add_schema_row(schema_rows_[i], root, kinds_[i]);
    }
  }
  TreeKind kind(std::size_t index) const { return kinds_[index]; }

  // A database that is this image.
  void load(const std::string& all) {
    const std::uint32_t size = view().page_size();
    for (std::uint32_t page = 1; page * size <= all.size(); ++page) {
      auto ref = page <= view().page_count().value ? view().fetch(PageNo(page)) : view().append();
      ASSERT_OK(ref);
      ASSERT_EQ(ref.value().number().value, page);
      auto bytes = ref.value().writable();
      ASSERT_OK(bytes);
      std::memcpy(bytes.value().data(), all.data() + (page - 1) * size, size);
    }
  }

  // The database as a file would be. Written for stock to judge.
  std::string image() {
    std::string all;
    const std::uint32_t size = view().page_size();
    for (std::uint32_t page = 1; page <= view().page_count().value; ++page) {
      if (!view().exists(PageNo(page))) {
        all.append(size, '\0');
        continue;
      }
      auto ref = view().fetch(PageNo(page));
      EXPECT_OK(ref);
      all += text_of(ref.value().bytes());
    }
    auto* p = reinterpret_cast<std::byte*>(all.data());
    base::store_be32(p + 24, 1);
    base::store_be32(p + 92, 1);
    base::store_be32(p + 28, view().page_count().value);
    base::store_be32(p + 40, 1);
    return all;
  }

  // Empty when the structure is sound.
  std::string check() {
    BtreeChecker checker(view(), 20);
    Vector<PageNo> all{PageNo(1)};
    all.insert(all.end(), roots_.begin(), roots_.end());
    Vector<std::uint64_t> counts;
    const Status status = checker.check_all(all, &counts);
    if (!status.ok()) return "error: " + status_of(status);
    return std::string(checker.text());
  }
  const std::vector<PageNo>& roots() const { return roots_; }

 private:
  void add_schema_row(std::int64_t rowid, PageNo root, TreeKind kind) {
    const std::string name = "t" + std::to_string(rowid);
    const std::string sql = kind == TreeKind::Table ? "CREATE TABLE " + name + "(a)"
                                                    : "CREATE TABLE " + name + "(a PRIMARY KEY) WITHOUT ROWID";
    const std::string type = "table";
    std::string header;
    const auto serial = [&header](std::size_t value) {
      std::byte raw[9];
      const int size = base::put_varint(raw, value);
      header.append(reinterpret_cast<char*>(raw), static_cast<std::size_t>(size));
    };
    serial(13 + 2 * type.size());
    serial(13 + 2 * name.size());
    serial(13 + 2 * name.size());
    serial(4);
    serial(13 + 2 * sql.size());
    std::string record(1, static_cast<char>(header.size() + 1));
    std::byte number[4];
    base::store_be32(number, root.value);
    record += header + type + name + name + text_of(number) + sql;
    Cursor schema;
    schema.open(view(), kSchemaRoot, TreeKind::Table);
    EXPECT_OK(schema.insert_row(rowid, Payload{bytes_of(record)}));
  }

  static inline sqlite3_vfs vfs_{};
  UniquePtr<pager::Store> store_;
  std::vector<PageNo> roots_;
  std::vector<TreeKind> kinds_;
  std::vector<std::int64_t> schema_rows_;
  std::int64_t last_schema_row_ = 0;
};

// The distribution's library, loaded beside ours. Absent: the tests that ask it are skipped.
class Stock {
 public:
  static Stock& instance() {
    static Stock stock;
    return stock;
  }
  bool available() const { return open_ != nullptr; }

  // Runs SQL on a file and returns the rows, columns joined by '|', rows by newlines; errors as "error: ...".
  std::string run(const std::string& file, const std::string& sql) {
    void* db = nullptr;
    if (open_(file.c_str(), &db) != 0) return "error: open";
    std::string rows;
    char* message = nullptr;
    const int code = exec_(db, sql.c_str(), &collect, &rows, &message);
    if (code != 0) rows += std::string("error: ") + (message != nullptr ? message : "?");
    free_(message);
    close_(db);
    return rows;
  }
  // PRAGMA integrity_check of an image.
  std::string integrity_check(const std::string& image) {
    const std::string file = temp_file();
    std::FILE* out = std::fopen(file.c_str(), "wb");
    std::fwrite(image.data(), 1, image.size(), out);
    std::fclose(out);
    std::string answer = run(file, "PRAGMA integrity_check");
    std::remove(file.c_str());
    return answer;
  }
  static std::string temp_file() {
    static int serial = 0;
    return testing::TempDir() + "perlite_btree_" + std::to_string(getpid()) + "_" + std::to_string(++serial) + ".db";
  }

 private:
  Stock() {
    void* library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    load(library, "sqlite3_open", &open_);
    load(library, "sqlite3_close", &close_);
    load(library, "sqlite3_exec", &exec_);
    load(library, "sqlite3_free", &free_);
  }
  template <class F>
  static void load(void* library, const char* name, F* function) {
    void* symbol = dlsym(library, name);
    std::memcpy(function, &symbol, sizeof symbol);
  }
  static int collect(void* context, int count, char** values, char**) {
    auto& rows = *static_cast<std::string*>(context);
    if (!rows.empty()) rows += "\n";
    for (int i = 0; i < count; ++i) rows += (i > 0 ? "|" : "") + std::string(values[i] != nullptr ? values[i] : "NULL");
    return 0;
  }

  int (*open_)(const char*, void**) = nullptr;
  int (*close_)(void*) = nullptr;
  int (*exec_)(void*, const char*, int (*)(void*, int, char**, char**), void*, char**) = nullptr;
  void (*free_)(void*) = nullptr;
};

}  // namespace perlite::btree
