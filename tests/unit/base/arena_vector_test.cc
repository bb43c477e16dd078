// Lists over an arena behave as lists do, wherever they grow.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/arena_containers.h"

namespace perlite {
namespace {

using arena_containers::Vector;

TEST(ArenaVector, GrowsInPlaceAndElsewhere) {
  Arena arena(4096);
  const ArenaScope scope(arena);
  Vector<int> last;
  for (int i = 0; i < 100; ++i) last.push_back(i);
  static_cast<void>(arena.allocate(1));  // now it is no longer the last object of its arena
  for (int i = 100; i < 5000; ++i) last.push_back(i);
  ASSERT_EQ(last.size(), 5000u);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(last[static_cast<std::size_t>(i)], i);
}

TEST(ArenaVector, TakesElementsOfItsOwn) {
  for (const bool by_name : {false, true}) {
    Arena arena(256);
    const ArenaScope scope(arena);
    Vector<std::string> list = by_name ? Vector<std::string>(base::ArenaAllocator<std::string>(arena))
                                       : Vector<std::string>();
    list.push_back("a text too long to be kept in place, with a place of its own");
    for (int i = 0; i < 40; ++i) list.push_back(list[0]);
    for (const std::string& text : list) EXPECT_EQ(text, list[0]);
  }
}

TEST(ArenaVector, LivesOnTheHeapWithoutScope) {
  Vector<std::string> list;
  for (int i = 0; i < 20; ++i) list.emplace_back(static_cast<std::size_t>(i), 'x');
  Vector<std::string> copy = list;
  const Vector<std::string> moved = std::move(list);
  EXPECT_EQ(moved.size(), 20u);
  EXPECT_EQ(copy[19], std::string(19, 'x'));
  copy = Vector<std::string>{"one"};
  EXPECT_EQ(copy.size(), 1u);
}

TEST(ArenaVector, InsertsAndErases) {
  Vector<int> list{1, 2, 5};
  const int between[] = {3, 4};
  list.insert(list.begin() + 2, std::begin(between), std::end(between));
  list.insert(list.begin(), 0);
  EXPECT_EQ(std::vector<int>(list.begin(), list.end()), (std::vector<int>{0, 1, 2, 3, 4, 5}));
  list.erase(list.begin() + 1, list.begin() + 3);
  list.erase(list.begin());
  EXPECT_EQ(std::vector<int>(list.begin(), list.end()), (std::vector<int>{3, 4, 5}));
  list.assign(2, 7);
  list.resize(4);
  list.resize(5, 9);
  EXPECT_EQ(std::vector<int>(list.begin(), list.end()), (std::vector<int>{7, 7, 0, 0, 9}));
}

}  // namespace
}  // namespace perlite
