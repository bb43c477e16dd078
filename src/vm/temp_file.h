// vm/temp_file.h: where rows go that do not fit into memory. Declared here, implemented in engine over os::File.
//
//   Ownership  the file is deleted when the object is destroyed.
//   Threads    one at a time.
#pragma once

#include <cstdint>

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/status.h"

namespace perlite::vm {

class TempFile : public Allocated {
 public:
  virtual ~TempFile() = default;
  // Errors: IoErr and its kin, Full.
  virtual Status write(std::uint64_t offset, base::Bytes from) = 0;
  virtual Status read(std::uint64_t offset, base::MutableBytes into) = 0;
};

}  // namespace perlite::vm
