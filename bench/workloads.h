// bench/workloads.h: what is measured. Each workload prepares its data once per library and is then run repeatedly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "library.h"

namespace bench {

struct Workload {
  std::string name;
  // What one operation is: how many the body does per call, for time per operation.
  double operations = 1;
  // Makes the data and returns the body; the body's answer is compared between the libraries.
  std::function<std::function<std::uint64_t()>(const Library&, const std::string& folder)> make;
};

std::vector<Workload> all_workloads();

}  // namespace bench
