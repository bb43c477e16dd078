// vm/record_writer.h: registers into the bytes of a record (format: record/record.h), without a copy in between.
//
// measure() finds the serial types and the size, write() then fills memory of that size. Used again for each row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/containers.h"
#include "record/value.h"

namespace perlite::vm {

class RecordWriter {
 public:
  // Bytes of the record of `values`, to which affinities have been applied. compact_reals: letters (vm/comparison.h),
  // 'E' stores a real that is an integer as one; null for none. `ones` is false for schema formats below 4, which have
  // no serial types 8 and 9. `values` and what they point at stay until write().
  std::uint64_t measure(std::span<const record::Value> values, const char* compact_reals = nullptr, bool ones = true);
  // Fills exactly the bytes measured. Zero blobs are written as zeros.
  void write(std::byte* out) const noexcept;

 private:
  std::span<const record::Value> values_;
  Vector<std::uint32_t> types_;  // serial types
  std::uint32_t header_size_ = 0;
};

}  // namespace perlite::vm
