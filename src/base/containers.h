// base/containers.h: the standard containers over base::Allocator.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/allocator.h"

namespace perlite {

template <class T>
using Vector = std::vector<T, base::StdAllocator<T>>;
template <class T>
using Deque = std::deque<T, base::StdAllocator<T>>;
using String = std::basic_string<char, std::char_traits<char>, base::StdAllocator<char>>;
template <class K, class V, class Less = std::less<K>>
using Map = std::map<K, V, Less, base::StdAllocator<std::pair<const K, V>>>;
template <class K, class Less = std::less<K>>
using Set = std::set<K, Less, base::StdAllocator<K>>;
template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
using HashMap = std::unordered_map<K, V, Hash, Equal, base::StdAllocator<std::pair<const K, V>>>;
template <class K, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
using HashSet = std::unordered_set<K, Hash, Equal, base::StdAllocator<K>>;

}  // namespace perlite
