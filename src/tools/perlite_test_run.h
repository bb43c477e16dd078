// tools/perlite_test_run.h: one test file against one library.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "tools/perlite_test_api.h"
#include "tools/perlite_test_file.h"

namespace perlite::tools {

struct RunOptions {
  std::string database = ":memory:";              // a file is removed before and after each test file
  std::vector<std::string> engines = {"sqlite"};  // names that skipif and onlyif compare with
  std::string initial_sql;                        // run on each new connection
  unsigned rewrites_off = 0;                      // mask of SQLITE_TESTCTRL_OPTIMIZATIONS for each new connection
  bool update = false;
  int max_failures = 10;  // of one file, that are described
};

struct Failure {
  std::size_t line = 0;  // 1-based
  std::string text;      // several lines, without the place
};

struct FileResult {
  std::string path;
  long passed = 0;
  long failed = 0;
  long skipped = 0;
  bool updated = false;
  double seconds = 0;
  std::vector<Failure> failures;
};

// `records_done` counts on while the file runs, for a progress line.
FileResult run_file(const Api& api, const std::string& path, const RunOptions& options,
                    std::atomic<long>& records_done);

}  // namespace perlite::tools
