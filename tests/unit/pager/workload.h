// tests/unit/pager/workload.h: a store and a simple model of its pages, changed side by side at random.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "os/vfs.h"
#include "pager/store.h"

namespace perlite::pager {

struct Model {
  std::map<std::uint32_t, std::uint64_t> pages;  // number -> seed of its content; 0: any content
  std::uint32_t count = 0;
};

inline void fill(std::span<std::byte> bytes, std::uint64_t seed, std::size_t from) {
  std::mt19937_64 random(seed);
  for (std::size_t i = from; i + 8 <= bytes.size(); i += 8) {
    const std::uint64_t value = random();
    std::memcpy(bytes.data() + i, &value, 8);
  }
}

inline bool matches(std::span<const std::byte> bytes, std::uint64_t seed, std::size_t from) {
  std::mt19937_64 random(seed);
  for (std::size_t i = from; i + 8 <= bytes.size(); i += 8) {
    const std::uint64_t value = random();
    if (std::memcmp(bytes.data() + i, &value, 8) != 0) return false;
  }
  return true;
}

inline std::size_t first_byte(std::uint32_t page) { return page == 1 ? 104 : 0; }

class Workload {
 public:
  Workload(Store& store, std::uint64_t seed) : store_(store), random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) step();
    if (store_.in_write()) {
      ASSERT_TRUE(store_.rollback().ok());
      now_ = committed_;
    }
    check_all();
  }
  void check_all() {
    const Status begun = store_.begin_read();
    ASSERT_TRUE(begun.ok()) << begun.message();
    ASSERT_EQ(store_.view().page_count().value, now_.count);
    for (const auto& [number, seed] : now_.pages) check(number, seed);
    if (!store_.in_write()) store_.end_read();
  }
  const Model& model() const { return now_; }
  void set_model(Model model) { now_ = committed_ = std::move(model); }

 private:
  std::uint32_t pick(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  std::uint32_t any_page() {
    const PageNo lock = lock_byte_page(store_.page_size());
    std::uint32_t page = 1 + pick(now_.count);
    return page == lock.value ? 1 : page;
  }
  void check(std::uint32_t number, std::uint64_t seed) {
    auto page = store_.view().fetch(PageNo(number));
    ASSERT_TRUE(page.ok()) << page.status().message();
    ASSERT_EQ(page.value().number().value, number);
    if (seed != 0) {
      ASSERT_TRUE(matches(page.value().bytes(), seed, first_byte(number))) << "page " << number;
    }
  }
  void write(std::uint32_t number, Result<PageRef> page) {
    ASSERT_TRUE(page.ok()) << page.status().message();
    auto bytes = page.value().writable();
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    const std::uint64_t seed = random_() | 1;
    fill(bytes.value(), seed, first_byte(number));
    now_.pages[number] = seed;
  }
  void step() {
    if (!store_.in_write()) {
      if (pick(3) == 0 && store_.in_read()) store_.end_read();
      ASSERT_TRUE(store_.begin_read().ok());
      if (now_.count != 0) {
        const std::uint32_t number = any_page();
        check(number, now_.pages[number]);
      }
      const Status status = store_.begin_write();
      ASSERT_TRUE(status.ok()) << status.message();
      saved_.clear();
      return;
    }
    const std::uint32_t what = pick(100);
    if (what < 40 && now_.count > 0) {
      const std::uint32_t number = any_page();
      check(number, now_.pages[number]);
      write(number, store_.view().fetch(PageNo(number)));
    } else if (what < 58) {
      auto page = store_.view().append();
      ASSERT_TRUE(page.ok()) << page.status().message();
      const std::uint32_t number = page.value().number().value;
      now_.count = number;
      write(number, std::move(page));
    } else if (what < 64 && now_.count > 1) {
      const std::uint32_t number = any_page();
      if (number == 1) return;
      ASSERT_TRUE(store_.view().discard(PageNo(number)).ok());
      now_.pages[number] = 0;
    } else if (what < 70) {
      for (auto& [number, seed] : now_.pages) {
        if (seed != 0 || number > now_.count) continue;
        write(number, store_.view().fetch_unread(PageNo(number)));
        break;
      }
    } else if (what < 72 && now_.count > 2) {
      const std::uint32_t count = now_.count - 1 - pick(now_.count / 2);
      if (count == lock_byte_page(store_.page_size()).value) return;
      ASSERT_TRUE(store_.view().truncate(PageNo(count)).ok());
      now_.count = count;
      now_.pages.erase(now_.pages.upper_bound(count), now_.pages.end());
    } else if (what < 80) {
      auto depth = store_.open_savepoint();
      ASSERT_TRUE(depth.ok());
      saved_.push_back(now_);
      ASSERT_EQ(depth.value(), static_cast<int>(saved_.size()));
    } else if (what < 86 && !saved_.empty()) {
      const std::uint32_t depth = 1 + pick(static_cast<std::uint32_t>(saved_.size()));
      store_.release_savepoint(static_cast<int>(depth));
      saved_.resize(depth - 1);
    } else if (what < 92 && !saved_.empty()) {
      const std::uint32_t depth = 1 + pick(static_cast<std::uint32_t>(saved_.size()));
      ASSERT_TRUE(store_.rollback_to_savepoint(static_cast<int>(depth)).ok());
      now_ = saved_[depth - 1];
      saved_.resize(depth);
      if (pick(4) == 0) check_all();
    } else if (what < 96) {
      const Status status = store_.commit();
      ASSERT_TRUE(status.ok()) << status.message();
      committed_ = now_;
      if (pick(4) == 0) store_.end_read(), check_all();
    } else if (what < 98) {
      const Status status = store_.rollback();
      ASSERT_TRUE(status.ok()) << status.message();
      now_ = committed_;
      if (pick(4) == 0) store_.end_read(), check_all();
    }
  }

  Store& store_;
  std::mt19937_64 random_;
  Model now_, committed_;
  std::vector<Model> saved_;
};

class Directory {
 public:
  Directory() {
    std::string name = testing::TempDir() + "perlite_XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline UniquePtr<Store> open_file(const std::string& path, std::uint32_t page_size) {
  StoreOptions options;
  options.page_size = page_size;
  auto store =
      Store::open(*os::find_vfs("unix"), os::make_filename(path), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return std::move(store).value();
}

}  // namespace perlite::pager
