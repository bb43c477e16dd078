// perlite-test: runs sqllogictest files in parallel, against Perlite or any libsqlite3, and says clearly what differs.
//
// Exit code: 0 all passed, 1 a test failed, 2 the call or the library is wrong.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tools/perlite_test_api.h"
#include "tools/perlite_test_run.h"

namespace perlite::tools {
namespace {

constexpr const char* kUsage =
    "Usage: perlite-test [options] FILE|FOLDER...\n"
    "Runs sqllogictest files (*.test, *.slt); exit code 0: all passed, 1: a test failed, 2: wrong call.\n"
    "\n"
    "  --library PATH     test this libsqlite3 instead of the built-in Perlite\n"
    "  --database NAME    :memory: (the default) or a file, which is made anew for each test file\n"
    "  --init SQL         run this on each new connection\n"
    "  --rewrites-off N   leave out these rewrites of the planner (a mask, -1: all); answers stay the same\n"
    "  --jobs N           test files run at the same time (default: the processors)\n"
    "  --engine NAME      a further name for skipif and onlyif, besides sqlite\n"
    "  --junit FILE       write the results as JUnit XML\n"
    "  --update           write what the library answers into the test files\n"
    "  --failures N       failures described per file (default 10)\n"
    "  --verbose          a line for each file\n"
    "  --help             this text\n";

struct Options {
  RunOptions run;
  std::string library;
  std::string junit;
  unsigned jobs = 0;
  bool verbose = false;
  std::vector<std::string> files;
};

void collect(const std::string& path, bool named, std::vector<std::string>& files) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    DIR* folder = opendir(path.c_str());
    if (folder == nullptr) return;
    std::vector<std::string> names;
    while (const dirent* entry = readdir(folder)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    closedir(folder);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) collect(path + "/" + name, false, files);
  } else if (named || path.ends_with(".test") || path.ends_with(".slt")) {
    files.push_back(path);
  }
}

// False when the program is to end with *exit_code.
bool parse_arguments(int count, char** arguments, Options& options, int* exit_code) {
  *exit_code = 2;
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    const auto value = [&]() -> const char* {
      if (i + 1 < count) return arguments[++i];
      std::fprintf(stderr, "perlite-test: %s needs a value\n", word.c_str());
      return nullptr;
    };
    const char* text = nullptr;
    if (word == "--help" || word == "-h") {
      std::fputs(kUsage, stdout);
      *exit_code = 0;
      return false;
    } else if (word == "--library") {
      if ((text = value()) == nullptr) return false;
      options.library = text;
    } else if (word == "--database") {
      if ((text = value()) == nullptr) return false;
      options.run.database = text;
    } else if (word == "--init") {
      if ((text = value()) == nullptr) return false;
      options.run.initial_sql = text;
    } else if (word == "--rewrites-off") {
      if ((text = value()) == nullptr) return false;
      options.run.rewrites_off = static_cast<unsigned>(std::strtoll(text, nullptr, 0));
    } else if (word == "--engine") {
      if ((text = value()) == nullptr) return false;
      options.run.engines.emplace_back(text);
    } else if (word == "--junit") {
      if ((text = value()) == nullptr) return false;
      options.junit = text;
    } else if (word == "--jobs" || word == "-j") {
      if ((text = value()) == nullptr) return false;
      options.jobs = static_cast<unsigned>(std::max(1, std::atoi(text)));
    } else if (word == "--failures") {
      if ((text = value()) == nullptr) return false;
      options.run.max_failures = std::max(0, std::atoi(text));
    } else if (word == "--update") {
      options.run.update = true;
    } else if (word == "--verbose" || word == "-v") {
      options.verbose = true;
    } else if (word.size() > 1 && word[0] == '-') {
      std::fprintf(stderr, "perlite-test: unknown option %s\n%s", word.c_str(), kUsage);
      return false;
    } else {
      collect(word, true, options.files);
    }
  }
  if (options.files.empty()) {
    std::fprintf(stderr, "perlite-test: no test files\n%s", kUsage);
    return false;
  }
  return true;
}

std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no control characters but these three.
        out += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' && c != '\r' ? '?' : c;
    }
  }
  return out;
}

bool write_junit(const std::string& path, const std::vector<FileResult>& results) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  if (out == nullptr) return false;
  long failed_files = 0;
  for (const FileResult& file : results) failed_files += file.failed > 0 ? 1 : 0;
  std::fprintf(
      out,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"sqllogictest\" tests=\"%zu\" failures=\"%ld\">\n",
      results.size(), failed_files);
  for (const FileResult& file : results) {
    std::fprintf(out, "  <testcase name=\"%s\" time=\"%.3f\" assertions=\"%ld\">\n", xml(file.path).c_str(),
                 file.seconds, file.passed + file.failed);
    if (file.failed > 0) {
      std::fprintf(out, "    <failure message=\"%ld of %ld records failed\">", file.failed, file.failed + file.passed);
      for (const Failure& failure : file.failures) {
        std::fprintf(out, "line %zu\n%s", failure.line, xml(failure.text).c_str());
      }
      std::fputs("</failure>\n", out);
    }
    std::fputs("  </testcase>\n", out);
  }
  std::fputs("</testsuite>\n", out);
  return std::fclose(out) == 0;
}

// Each worker takes the next file that nobody has; the biggest come first, so that the end is even.
class Scheduler {
 public:
  Scheduler(const Api& api, const Options& options) : api_(api), options_(options), results_(options.files.size()) {
    for (std::size_t i = 0; i < options.files.size(); ++i) order_.push_back(i);
    std::vector<long long> sizes(options.files.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      struct stat info {};
      sizes[i] = stat(options.files[i].c_str(), &info) == 0 ? static_cast<long long>(info.st_size) : 0;
    }
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  }

  std::vector<FileResult> run() {
    unsigned jobs = options_.jobs != 0 ? options_.jobs : std::max(1u, std::thread::hardware_concurrency());
    jobs = static_cast<unsigned>(std::min<std::size_t>(jobs, order_.size()));
    std::vector<std::thread> workers;
    for (unsigned job = 0; job < jobs; ++job) workers.emplace_back([this, job] { work(job); });
    const bool terminal = isatty(STDERR_FILENO) != 0;
    while (terminal && done_.load() < order_.size()) {
      std::fprintf(stderr, "\r\033[K%zu of %zu files, %ld records", done_.load(), order_.size(), records_.load());
      std::fflush(stderr);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    for (std::thread& worker : workers) worker.join();
    if (terminal) std::fputs("\r\033[K", stderr);
    return std::move(results_);
  }

 private:
  void work(unsigned job) {
    RunOptions run = options_.run;
    if (!run.database.empty() && run.database != ":memory:") run.database += "." + std::to_string(job);
    for (std::size_t turn; (turn = next_.fetch_add(1)) < order_.size();) {
      FileResult result = run_file(api_, options_.files[order_[turn]], run, records_);
      report(result);
      results_[order_[turn]] = std::move(result);
      done_.fetch_add(1);
    }
  }

  void report(const FileResult& result) {
    const std::lock_guard<std::mutex> guard(output_);
    if (isatty(STDERR_FILENO) != 0 && (result.failed > 0 || options_.verbose)) std::fputs("\r\033[K", stderr);
    for (const Failure& failure : result.failures) {
      std::printf("%s:%zu\n%s\n", result.path.c_str(), failure.line, failure.text.c_str());
    }
    if (static_cast<std::size_t>(result.failed) > result.failures.size()) {
      std::printf("%s: %ld more failures\n\n", result.path.c_str(),
                  result.failed - static_cast<long>(result.failures.size()));
    }
    if (options_.verbose) {
      std::printf("%-50s %7ld passed %5ld failed %6ld skipped %7.2f s%s\n", result.path.c_str(), result.passed,
                  result.failed, result.skipped, result.seconds, result.updated ? " updated" : "");
    }
    std::fflush(stdout);
  }

  const Api& api_;
  const Options& options_;
  std::vector<std::size_t> order_;
  std::vector<FileResult> results_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<long> records_{0};
  std::mutex output_;
};

int run(int count, char** arguments) {
  Options options;
  int exit_code = 0;
  if (!parse_arguments(count, arguments, options, &exit_code)) return exit_code;
  exit_code = 0;
  Api api;
  std::string error;
  if (!load_api(options.library, &api, &error)) {
    std::fprintf(stderr, "perlite-test: %s\n", error.c_str());
    return 2;
  }
  if (api.is_perlite) options.run.engines.emplace_back("perlite");

  const std::vector<FileResult> results = Scheduler(api, options).run();
  long passed = 0, failed = 0, skipped = 0, updated = 0;
  for (const FileResult& result : results) {
    passed += result.passed;
    failed += result.failed;
    skipped += result.skipped;
    updated += result.updated ? 1 : 0;
  }
  if (!options.junit.empty() && !write_junit(options.junit, results)) {
    std::fprintf(stderr, "perlite-test: cannot write %s\n", options.junit.c_str());
    exit_code = 2;
  }
  if (updated > 0) std::printf("%ld files updated\n", updated);
  std::printf("%s %s, %zu files: %ld passed, %ld failed", api.is_perlite ? "perlite" : "sqlite", api.libversion(),
              results.size(), passed, failed);
  if (skipped > 0) std::printf(", %ld skipped", skipped);
  std::printf("\n");
  return exit_code != 0 ? exit_code : failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace perlite::tools

int main(int count, char** arguments) { return perlite::tools::run(count, arguments); }
