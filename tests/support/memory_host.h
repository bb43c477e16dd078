// tests/support/memory_host.h: a vm::Host over one database in memory, for tests that run hand-built programs.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "btree/tree.h"
#include "os/vfs.h"
#include "pager/store.h"
#include "sqlite3.h"
#include "vm/host.h"

namespace perlite::test {

class MemoryFile final : public vm::TempFile {
 public:
  Status write(std::uint64_t offset, base::Bytes from) override {
    if (bytes_.size() < offset + from.size()) bytes_.resize(offset + from.size());
    std::memcpy(bytes_.data() + offset, from.data(), from.size());
    return {};
  }
  Status read(std::uint64_t offset, base::MutableBytes into) override {
    if (offset + into.size() > bytes_.size()) return Code::IoErrShortRead;
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }

 private:
  Vector<std::byte> bytes_;
};

// Keeps one main database; trees are named by catalog::EntryId, which roots() maps to pages.
class MemoryHost : public vm::Host, public vm::FunctionHost {
 public:
  MemoryHost() {
    store_ = open_store();
    static_cast<void>(store_->begin_write().ok());
    static_cast<void>(btree::init_database(store_->view(), {}).ok());
  }

  // A new tree of the main database, to be named by the number answered.
  catalog::EntryId add_tree(btree::TreeKind kind) {
    auto root = btree::create_tree(store_->view(), kind);
    roots_.push_back(root.value());
    return static_cast<catalog::EntryId>(roots_.size()) - 1;
  }
  pager::Store& store() { return *store_; }
  int temporaries_open() const { return static_cast<int>(temporaries_.size()); }
  int files_opened = 0;
  bool is_listening = false;
  bool triggers_recurse = false;
  std::vector<std::string> heard;
  std::int64_t counted_changes = 0;
  std::int64_t counted_total = 0;
  std::int64_t last_rowid = 0;
  std::int64_t deferred_violations = 0;
  int length_limit_value = 1000000000;
  Budget the_budget;

  // vm::Host
  Status begin(std::int32_t, bool, const catalog::Shape*, std::uint32_t) override { return {}; }
  pager::View& view(std::int32_t) override { return store_->view(); }
  Result<PageNo> root_of(std::int32_t, catalog::EntryId entry) override {
    return roots_[static_cast<std::size_t>(entry)];
  }
  Status auto_commit(int operation) override {
    heard.push_back("auto_commit " + std::to_string(operation));
    return {};
  }
  Status savepoint(int operation, std::string_view name) override {
    heard.push_back("savepoint " + std::to_string(operation) + " " + std::string(name));
    return {};
  }
  Result<std::uint32_t> read_header(std::int32_t, std::uint32_t offset) override {
    return store_->read_header_u32(offset);
  }
  Status write_header(std::int32_t, std::uint32_t offset, std::uint32_t value) override {
    return store_->write_header_u32(offset, value);
  }
  Status schema_changed(std::int32_t, bool) override {
    heard.push_back("schema_changed");
    return {};
  }
  Result<pager::View*> open_temporary() override {
    auto store = open_store();
    PL_TRY(store->begin_write());
    pager::View* view = &store->view();
    temporaries_[view] = std::move(store);
    return view;
  }
  void release_temporary(pager::View* view) noexcept override { temporaries_.erase(view); }
  Result<UniquePtr<vm::TempFile>> open_temporary_file() override {
    ++files_opened;
    return UniquePtr<vm::TempFile>(make_unique<MemoryFile>());
  }
  bool listening() const noexcept override { return is_listening; }
  Status row_changing(const vm::RowChange& change) override {
    hear("before", change);
    return {};
  }
  Status row_changed(const vm::RowChange& change) override {
    hear("after", change);
    return {};
  }
  void set_last_insert_rowid(RowId rowid) noexcept override { last_rowid = rowid.value; }
  void set_changes(std::int64_t changes) noexcept override { counted_changes = changes; }
  void add_total_changes(std::int64_t changes) noexcept override { counted_total += changes; }
  Status call(vm::HostFunction function, std::span<record::Value> arguments, const void*,
              record::Value& result) override {
    result.set_integer(static_cast<std::int64_t>(function) * 1000 + static_cast<std::int64_t>(arguments.size()));
    return {};
  }
  Budget& budget() noexcept override { return the_budget; }
  vm::FunctionHost& functions() noexcept override { return *this; }
  int limit(int id) const noexcept override { return id == SQLITE_LIMIT_LENGTH ? length_limit_value : 10; }
  std::int64_t& foreign_key_counter() noexcept override { return deferred_violations; }
  bool recursive_triggers() const noexcept override { return triggers_recurse; }

  // vm::FunctionHost
  void* connection() noexcept override { return nullptr; }
  Result<std::int64_t> current_time_ms() override { return std::int64_t{0}; }
  void random_bytes(void* bytes, std::size_t count) noexcept override { std::memset(bytes, 7, count); }
  std::int64_t last_insert_rowid() noexcept override { return last_rowid; }
  std::int64_t changes() noexcept override { return counted_changes; }
  std::int64_t total_changes() noexcept override { return counted_total; }
  std::int64_t length_limit() noexcept override { return length_limit_value; }
  std::int64_t like_pattern_limit() noexcept override { return 50000; }
  Status load_extension(std::string_view, std::string_view) override { return Code::Error; }
  void log(int, std::string_view) noexcept override {}

 private:
  static UniquePtr<pager::Store> open_store() {
    pager::StoreOptions options;
    options.kind = pager::StoreKind::Memory;
    auto store = pager::Store::open(*os::find_vfs(nullptr), nullptr, SQLITE_OPEN_READWRITE, options);
    return std::move(store).value();
  }
  void hear(const char* when, const vm::RowChange& change) {
    static constexpr const char* kKinds[] = {"insert", "update", "delete"};
    heard.push_back(std::string(when) + " " + kKinds[static_cast<int>(change.kind)] + " " +
                    std::to_string(change.old_rowid.value) + "->" + std::to_string(change.new_rowid.value) + " " +
                    std::to_string(change.old_record.size()) + "/" + std::to_string(change.new_record.size()));
  }

  UniquePtr<pager::Store> store_;
  std::map<pager::View*, UniquePtr<pager::Store>> temporaries_;
  std::vector<PageNo> roots_;
};

}  // namespace perlite::test
