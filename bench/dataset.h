// bench/dataset.h: the tables that most workloads run on, filled with the same values in each library.
#pragma once

#include <memory>
#include <string>

#include "library.h"

namespace bench {

constexpr int kRows = 100000;

// A file of this workload that does not exist yet.
std::string path_of(const Library& lib, const std::string& folder, const std::string& name);

// t: kRows rows of an integer, a real, a text and a small integer, with indexes on text and integer.
// u: kRows / 10 rows that refer to it.
void fill(Database& db);

// A filled database that all workloads of a library share which leave it as it was.
std::shared_ptr<Database> filled(const Library& lib, const std::string& folder);
// Closes the shared databases.
void close_filled();

}  // namespace bench
