// vm/record_writer.h: registers into the bytes of a record (format: record/record.h), without a copy in between.
//
// measure() finds the serial types and the size, write() then fills memory of that size; measure_patched() and
// write_patched() do so for a stored record of which some fields change. Used again for each row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/containers.h"
#include "record/value.h"
#include "vm/program.h"

namespace perlite::vm {

class RecordWriter {
 public:
  // No size: some value must be converted to its affinity first.
  static constexpr std::uint64_t kUnfit = UINT64_MAX;

  // Bytes of the record of `values`. `letters` (vm/comparison.h; null for none, or ending before the last value): 'E'
  // stores a real that is an integer as one, and integers as they are where that is the shorter form. kUnfit when
  // `checked` and a value has not the affinity of its letter. `ones` is false for schema formats below 4, which have no
  // serial types 8 and 9. `values` and what they point at stay until write().
  template <bool kChecked>
  std::uint64_t measure(std::span<const record::Value> values, const char* letters, bool ones);
  std::uint64_t measure(std::span<const record::Value> values, const char* letters = nullptr, bool ones = true) {
    return measure<false>(values, letters, ones);
  }
  // Fills exactly the bytes measured. Zero blobs are written as zeros.
  void write(std::byte* out) const noexcept;

  // Bytes of `record` with the fields that `patch` names changed to those of `values`, which has one for each field.
  // kUnfit when a value, new or stored, has not its affinity, or the record is not as plain as nearly all are: with other
  // than patch.field_count fields, a header of more than 127 bytes, or fields that go beyond it. `record`, `values` and
  // what they point at stay until write_patched().
  std::uint64_t measure_patched(base::Bytes record, const RecordPatch& patch, std::span<const record::Value> values);
  void write_patched(std::byte* out) const noexcept;

 private:
  // A changed field, and the bytes in front of it that stay.
  struct Patch {
    const std::byte* header;
    const std::byte* body;
    std::uint32_t header_size;
    std::uint32_t body_size;
    std::uint32_t type;
    const record::Value* value;  // null: there is none, the record ends
  };

  std::span<const record::Value> values_;
  Vector<std::uint32_t> types_;  // serial types; as many as the longest record had
  std::uint32_t header_size_ = 0;
  std::uint64_t size_ = 0;
  Patch patches_[RecordPatch::kMaxChanged + 1];
  std::size_t patch_count_ = 0;
};

}  // namespace perlite::vm
