// perlite-bench [--stock PATH] [--folder PATH] [--rounds N] [Google Benchmark options]
//
// Every workload runs on Perlite and on the stock library in one run; the answers are compared, and a table of time per
// operation (medians of the rounds) and its ratio is printed at the end. A ratio above 1 means that Perlite is faster.
// The libraries take turns, round by round, so that a busy minute of the machine slows both.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataset.h"
#include "library.h"
#include "workloads.h"

namespace {

using bench::Clock;
using bench::Library;
using bench::Outcome;
using bench::Trial;
using bench::Workload;

// What the rounds of one workload on one library found.
struct Measured {
  std::vector<std::vector<double>> nanoseconds;  // of each side: per operation, one for each round
  bool answers_vary = false;
  std::optional<std::uint64_t> answer;
};
std::map<std::string, std::map<std::string, Measured>> results;

// The data of the workload at work; those of the one before are let go.
class Trials {
 public:
  Trial& of(const Workload& workload, const Library& library, const std::string& folder) {
    if (name_ != workload.name) trials_.clear();
    name_ = workload.name;
    auto at = trials_.find(library.label);
    if (at == trials_.end()) at = trials_.emplace(library.label, workload.make(library, folder)).first;
    return at->second;
  }
  void clear() { trials_.clear(); }

 private:
  std::string name_;
  std::map<std::string, Trial> trials_;
};
Trials trials;

void note_answer(Measured& measured, std::uint64_t answer) {
  if (measured.answer && *measured.answer != answer) measured.answers_vary = true;
  measured.answer = answer;
}

std::string counter_of(std::size_t side) { return "side" + std::to_string(side); }

// One round: the body runs until Google Benchmark has enough of it.
void run_round(benchmark::State& state, const Workload& workload, const Library& library, const std::string& folder) {
  Trial& trial = trials.of(workload, library, folder);
  Measured& measured = results[workload.name][library.label];
  std::vector<double> counts(std::max<std::size_t>(workload.sides.size(), 1));
  const bool pauses = trial.before || trial.after;
  for (auto _ : state) {
    if (pauses) {
      state.PauseTiming();
      if (trial.before) trial.before();
      state.ResumeTiming();
    }
    const Outcome outcome = trial.body();
    if (pauses) state.PauseTiming();
    std::uint64_t answer = outcome.answer;
    if (trial.after) answer += trial.after();
    note_answer(measured, answer);
    for (std::size_t i = 0; i < counts.size(); ++i)
      counts[i] += workload.sides.empty() ? workload.operations : outcome.counts[i];
    if (pauses) state.ResumeTiming();
  }
  for (std::size_t i = 0; i < counts.size(); ++i) state.counters[counter_of(i)] = counts[i];
}

// Collects the rounds; what people read is printed at the end.
class Collector : public benchmark::BenchmarkReporter {
 public:
  explicit Collector(const std::vector<Workload>& workloads) {
    for (const Workload& workload : workloads) clocks_[workload.name] = workload.clock;
  }
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
      const std::string name = run.run_name.function_name;
      const std::size_t bar = name.rfind('/');
      const std::string workload = name.substr(0, bar);
      const double seconds = clocks_.at(workload) == Clock::Wall ? run.real_accumulated_time : run.cpu_accumulated_time;
      auto& sides = results[workload][name.substr(bar + 1)].nanoseconds;
      for (std::size_t i = 0; run.counters.count(counter_of(i)) != 0; ++i) {
        if (sides.size() <= i) sides.resize(i + 1);
        sides[i].push_back(seconds * 1e9 / std::max(run.counters.at(counter_of(i)).value, 1.0));
      }
    }
    std::fputc('.', stderr);
  }

 private:
  std::map<std::string, Clock> clocks_;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string time_text(double nanoseconds) {
  char text[32];
  if (nanoseconds < 10000) {
    std::snprintf(text, sizeof text, "%.0f ns", nanoseconds);
  } else if (nanoseconds < 10000000) {
    std::snprintf(text, sizeof text, "%.1f µs", nanoseconds / 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.1f ms", nanoseconds / 1e6);
  }
  return text;
}

// Prints the lines of a workload that ran on both; false when the answers differ.
bool print_lines(const Workload& workload) {
  const Measured& ours = results[workload.name]["perlite"];
  const Measured& theirs = results[workload.name]["stock"];
  if (!ours.answer || !theirs.answer) return true;
  const bool equal = *ours.answer == *theirs.answer && !ours.answers_vary && !theirs.answers_vary;
  for (std::size_t i = 0; i < ours.nanoseconds.size(); ++i) {
    const double a = median(ours.nanoseconds[i]);
    const double b = median(theirs.nanoseconds[i]);
    const std::string side = workload.sides.empty() ? "" : ": " + workload.sides[i];
    std::printf("| %s%s | %s%s | %s | %s | %.2f%s |\n", workload.name.c_str(), side.c_str(), workload.unit.c_str(),
                workload.clock == Clock::Wall ? ", wall" : "", time_text(a).c_str(), time_text(b).c_str(),
                a > 0 ? b / a : 0, equal ? "" : " ANSWERS DIFFER");
  }
  return equal;
}

std::vector<Workload> all_workloads() {
  std::vector<Workload> all;
  for (auto group : {bench::statement_workloads, bench::read_workloads, bench::change_workloads, bench::log_workloads,
                     bench::upkeep_workloads}) {
    for (Workload& workload : group()) all.push_back(std::move(workload));
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  std::string stock = "libsqlite3.so.0";
  std::string folder;
  int rounds = 5;
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--stock") == 0 && i + 1 < argc) {
      stock = argv[++i];
    } else if (std::strcmp(argv[i], "--folder") == 0 && i + 1 < argc) {
      folder = argv[++i];
    } else if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      rounds = std::max(std::atoi(argv[++i]), 1);
    } else {
      rest.push_back(argv[i]);
    }
  }
  char temporary[] = "/tmp/perlite-bench-XXXXXX";
  const bool own_folder = folder.empty();
  if (own_folder) {
    if (mkdtemp(temporary) == nullptr) {
      std::perror("mkdtemp");
      return 2;
    }
    folder = temporary;
  }
  static const Library libraries[] = {Library::load(PERLITE_LIBRARY, "perlite"), Library::load(stock, "stock")};
  static const std::vector<Workload> workloads = all_workloads();
  for (const Workload& workload : workloads) {
    for (int round = 0; round < rounds; ++round) {
      for (const Library& library : libraries) {
        auto* benchmark = benchmark::RegisterBenchmark(
            (workload.name + "/" + library.label).c_str(),
            [&workload, &library, folder](benchmark::State& state) { run_round(state, workload, library, folder); });
        benchmark->MinTime(0.05);
        if (workload.clock == Clock::Wall) benchmark->UseRealTime();
      }
    }
  }
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  Collector collector(workloads);
  benchmark::RunSpecifiedBenchmarks(&collector);
  trials.clear();
  bench::close_filled();
  std::fputc('\n', stderr);

  std::printf("Perlite %s against stock %s; medians of %d rounds, CPU time unless said otherwise\n\n",
              libraries[0].libversion(), libraries[1].libversion(), rounds);
  std::printf("| workload | per | Perlite | stock | ratio |\n|---|---|---:|---:|---:|\n");
  int wrong = 0;
  for (const Workload& workload : workloads) wrong += print_lines(workload) ? 0 : 1;
  if (own_folder) {
    const std::string command = "rm -rf '" + folder + "'";
    if (std::system(command.c_str()) != 0) std::perror("rm");
  }
  return wrong == 0 ? 0 : 1;
}
