// bench/workloads.h: what is measured. Each workload makes its data once per library and is then run repeatedly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "library.h"

namespace bench {

// Which time is compared: that of the processor, or, where threads and the disk are what is measured, of the wall.
enum class Clock { Cpu, Wall };

// What one call of a workload's body did.
struct Outcome {
  Outcome(std::uint64_t a) : answer(a) {}
  Outcome(std::uint64_t a, std::vector<double> c) : answer(a), counts(std::move(c)) {}

  std::uint64_t answer;        // compared between the libraries, and between the calls
  std::vector<double> counts;  // operations of each side, where Workload::sides names any
};

// A workload with its data made, for one library.
struct Trial {
  Trial() = default;
  template <class Body>
  Trial(Body b) : body(std::move(b)) {}
  Trial(std::function<void()> b, std::function<Outcome()> work, std::function<std::uint64_t()> a)
      : before(std::move(b)), body(std::move(work)), after(std::move(a)) {}

  std::function<void()> before;          // untimed; may be empty
  std::function<Outcome()> body;         // what is timed
  std::function<std::uint64_t()> after;  // untimed; what it finds belongs to the answer; may be empty
};

struct Workload {
  std::string name;
  // What one operation is, for people: "row", "commit".
  std::string unit;
  // How many of them the body does per call.
  double operations = 1;
  std::function<Trial(const Library&, const std::string& folder)> make;
  Clock clock = Clock::Cpu;
  // Several things counted in one run, such as the writer's and the readers' work: a line of the table for each.
  std::vector<std::string> sides = {};
};

std::vector<Workload> statement_workloads();  // open, prepare
std::vector<Workload> read_workloads();
std::vector<Workload> change_workloads();
std::vector<Workload> log_workloads();     // durable commits, the write-ahead log, threads
std::vector<Workload> upkeep_workloads();  // VACUUM, CREATE INDEX, checks, blobs

}  // namespace bench
