// perlite-bench [--stock PATH] [--folder PATH] [Google Benchmark options]
//
// Every workload runs on Perlite and on the stock library in one run; the answers are compared, and a table of CPU time
// per operation (medians of the repetitions) and their ratio is printed at the end. A ratio above 1 means Perlite is
// faster.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "library.h"
#include "workloads.h"

namespace {

struct Measured {
  std::vector<double> nanoseconds;  // per operation
  std::uint64_t answer = 0;
  bool ran = false;
};
std::map<std::string, std::map<std::string, Measured>> results;

// Collects the runs; prints nothing but the lines of the last table.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
      const std::string name = run.run_name.function_name;
      const std::size_t bar = name.rfind('/');
      const double operations = run.counters.at("operations").value;
      results[name.substr(0, bar)][name.substr(bar + 1)].nanoseconds.push_back(
          run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations) / operations);
    }
    std::fputc('.', stderr);
  }
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  std::string stock = "libsqlite3.so.0";
  std::string folder;
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--stock") == 0 && i + 1 < argc) {
      stock = argv[++i];
    } else if (std::strcmp(argv[i], "--folder") == 0 && i + 1 < argc) {
      folder = argv[++i];
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
  static const bench::Library libraries[] = {bench::Library::load(PERLITE_LIBRARY, "perlite"),
                                             bench::Library::load(stock, "stock")};
  static std::vector<bench::Workload> workloads = bench::all_workloads();
  for (const bench::Workload& workload : workloads) {
    for (const bench::Library& library : libraries) {
      const std::string name = workload.name + "/" + library.label;
      benchmark::RegisterBenchmark(name.c_str(),
                                   [&workload, &library, folder](benchmark::State& state) {
                                     const auto body = workload.make(library, folder);
                                     Measured& measured = results[workload.name][library.label];
                                     measured.answer = body();
                                     measured.ran = true;
                                     for (auto _ : state) benchmark::DoNotOptimize(body());
                                     state.counters["operations"] = workload.operations;
                                   })
          ->Repetitions(5)
          ->MinTime(0.1);
    }
  }
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  std::fputc('\n', stderr);

  int wrong = 0;
  std::printf("Perlite %s against stock %s; CPU time per operation, medians of 5\n\n", libraries[0].libversion(),
              libraries[1].libversion());
  std::printf("| workload | Perlite ns | stock ns | ratio |\n|---|---:|---:|---:|\n");
  for (const bench::Workload& workload : workloads) {
    auto& pair = results[workload.name];
    if (!pair["perlite"].ran || !pair["stock"].ran) continue;
    const double ours = median(pair["perlite"].nanoseconds);
    const double theirs = median(pair["stock"].nanoseconds);
    const bool equal = pair["perlite"].answer == pair["stock"].answer;
    wrong += equal ? 0 : 1;
    std::printf("| %s | %.0f | %.0f | %.2f%s |\n", workload.name.c_str(), ours, theirs, ours > 0 ? theirs / ours : 0,
                equal ? "" : " ANSWERS DIFFER");
  }
  if (own_folder) {
    const std::string command = "rm -rf '" + folder + "'";
    if (std::system(command.c_str()) != 0) std::perror("rm");
  }
  return wrong == 0 ? 0 : 1;
}
