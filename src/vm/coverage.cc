#include "vm/coverage.h"

#ifdef PERLITE_DEBUG

#include <cstdio>
#include <cstdlib>

namespace perlite::vm::coverage_detail {

std::atomic<bool> executed[static_cast<std::size_t>(Opcode::kCount)];

namespace {

// Written when the process ends; lines of several processes do not mix, because the file is opened for appending.
struct Writer {
  ~Writer() {
    const char* path = std::getenv("PERLITE_OPCODE_COVERAGE");
    if (path == nullptr || *path == '\0') return;
    std::FILE* file = std::fopen(path, "a");
    if (file == nullptr) return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(Opcode::kCount); ++i) {
      if (executed[i]) std::fprintf(file, "%s\n", opcode_info(static_cast<Opcode>(i)).name);
    }
    std::fclose(file);
  }
} writer;

}  // namespace

}  // namespace perlite::vm::coverage_detail

#endif
