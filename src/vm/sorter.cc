#include "vm/sorter.h"

#include <algorithm>
#include <bit>

#include "record/affinity.h"
#include "vm/key_compare.h"

namespace perlite::vm {

namespace {

using record::Value;

// Twelve bytes being filled from the most significant.
class PrefixWriter {
 public:
  bool full() const noexcept { return size_ == kBytes; }
  void put(std::uint8_t byte, std::uint8_t invert) noexcept { bytes_[size_++] = byte ^ invert; }
  std::uint64_t high() const noexcept { return base::load_be64(reinterpret_cast<const std::byte*>(bytes_)); }
  std::uint32_t low() const noexcept { return base::load_be32(reinterpret_cast<const std::byte*>(bytes_ + 8)); }
  void pad() noexcept {
    while (!full()) bytes_[size_++] = 0xff;
  }

 private:
  static constexpr std::size_t kBytes = 12;
  std::uint8_t bytes_[kBytes] = {};
  std::size_t size_ = 0;
};

// Classes leave 0 to the bytes behind a short prefix.
constexpr std::uint8_t kNullClass = 1, kNumberClass = 2, kTextClass = 3, kBlobClass = 4, kBigNullClass = 5;

// Doubles in their order as unsigned integers.
std::uint64_t ordered_bits(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  return (bits >> 63) != 0 ? ~bits : bits | 0x8000000000000000u;
}

// Appends one field; false when the prefix cannot say all of it, and nothing may follow.
bool put_field(PrefixWriter& out, const Value& value, const record::KeyInfo& info, std::size_t field) noexcept {
  const record::KeyField& rule = info.fields[field];
  const std::uint8_t invert = rule.descending ? 0xff : 0;
  if (out.full()) return false;
  switch (value.type) {
    case ValueType::Null:
      out.put(rule.big_nulls ? kBigNullClass : kNullClass, invert);
      return true;
    case ValueType::Integer:
    case ValueType::Real: {
      out.put(kNumberClass, invert);
      const double number = value.type == ValueType::Real ? value.real : static_cast<double>(value.integer);
      const std::uint64_t bits = ordered_bits(number);
      for (int shift = 56; shift >= 0; shift -= 8) {
        if (out.full()) return false;
        out.put(static_cast<std::uint8_t>(bits >> shift), invert);
      }
      // Beyond 2^53 neighbours share a double.
      return value.type == ValueType::Integer ? value.integer < (1LL << 53) && value.integer > -(1LL << 53)
                                              : number < 0x1p53 && number > -0x1p53;
    }
    default: {
      const bool is_text = value.type == ValueType::Text;
      const record::CollationKind kind = is_text ? info.collation(field).kind : record::CollationKind::Binary;
      out.put(is_text ? kTextClass : kBlobClass, invert);
      if (kind == record::CollationKind::User) return false;
      if (kind != record::CollationKind::Binary && info.encoding != TextEncoding::Utf8) return false;
      const bool zeros = value.has(Value::kZeroBlob);
      std::size_t size = value.size;
      if (kind == record::CollationKind::RTrim) {
        while (size > 0 && value.data[size - 1] == ' ') --size;
      }
      for (std::size_t i = 0; i < size; ++i) {
        if (out.full()) return false;
        auto byte = zeros ? std::uint8_t{0} : static_cast<std::uint8_t>(value.data[i]);
        if (kind == record::CollationKind::NoCase && byte >= 'A' && byte <= 'Z') {
          byte = static_cast<std::uint8_t>(byte + 32);
        }
        out.put(byte, invert);
        if (byte == 0) {  // 00 ff inside, 00 at the end
          if (out.full()) return false;
          out.put(0xff, invert);
        }
      }
      if (out.full()) return false;
      out.put(0, invert);
      return true;
    }
  }
}

}  // namespace

KeyPrefix key_prefix(std::span<const Value> key, const record::KeyInfo& info) noexcept {
  PrefixWriter out;
  const std::size_t count = std::min(key.size(), info.fields.size());
  bool complete = true;
  for (std::size_t i = 0; i < count && complete; ++i) {
    complete = put_field(out, key[i], info, i);
    // Behind the end of a text comes less than what may follow a 00 inside one; inverted, more.
    if (i + 1 == count && complete && info.fields[i].descending) out.pad();
  }
  return {out.high(), out.low(), complete};
}

Sorter::Sorter(Host& host, const record::KeyInfo& key, std::int32_t column_count, std::int64_t row_limit,
               std::size_t memory_budget) noexcept
    : host_(host),
      key_(key),
      row_limit_(row_limit),
      memory_budget_(memory_budget),
      column_count_(column_count),
      bounded_(row_limit >= 0 && row_limit <= kMaxHeapRows),
      file_(host),
      second_file_(host) {}

Sorter::~Sorter() { forget_rows(); }

void Sorter::forget_rows() noexcept {
  for (char* chunk : chunks_) base::Allocator::release(chunk);
  chunks_.clear();
  entries_.clear();
  chunk_at_ = chunk_end_ = nullptr;
  memory_used_ = 0;
  row_bytes_ = 0;
}

int Sorter::compare_rows(const char* left, const char* right) const {
  for (std::size_t field = 0; field < key_.fields.size(); ++field) {
    Value left_value;
    Value right_value;
    left = packed::read(left, key_.encoding, &left_value);
    right = packed::read(right, key_.encoding, &right_value);
    const int order = compare_key_field(left_value, right_value, key_, field);
    if (order != 0) return order;
  }
  return 0;
}

// Room for a row, with four bytes for its size in front, aligned so that the lowest bit of its address is free.
char* Sorter::allocate_row(std::size_t size) {
  const std::size_t needed = (size + sizeof(std::uint32_t) + 3) & ~std::size_t{3};
  if (static_cast<std::size_t>(chunk_end_ - chunk_at_) < needed) {
    const std::size_t wanted = chunks_.empty() ? 4096 : chunks_.size() == 1 ? 32768 : kChunkBytes;
    const std::size_t capacity = std::max(needed, wanted);
    chunks_.reserve(chunks_.size() + 1);
    chunk_at_ = static_cast<char*>(base::Allocator::allocate(capacity));
    chunk_end_ = chunk_at_ + capacity;
    chunks_.push_back(chunk_at_);
    memory_used_ += capacity;
  }
  char* at = chunk_at_;
  chunk_at_ += needed;
  const auto stored_size = static_cast<std::uint32_t>(size);
  std::memcpy(at, &stored_size, sizeof(stored_size));
  return at + sizeof(stored_size);
}

Status Sorter::add(std::span<const Value> row) {
  PL_ASSERT(row.size() == static_cast<std::size_t>(column_count_));
  const KeyPrefix prefix = key_prefix(row, key_);
  Entry entry{prefix.high, prefix.low, next_sequence_, prefix.complete ? std::uintptr_t{1} : 0};
  const std::size_t size = packed::size_of(row);
  if (size > base::Allocator::kMaxBytes - 64) return Code::TooBig;
  if (bounded_) return add_bounded(entry, row, size);

  if (memory_used_ + entries_.size() * sizeof(Entry) + size > memory_budget_ && !entries_.empty()) PL_TRY(spill());
  entry.sequence = next_sequence_;
  char* bytes = allocate_row(size);
  packed::write(row, bytes);
  entry.row |= reinterpret_cast<std::uintptr_t>(bytes);
  entries_.push_back(entry);
  ++next_sequence_;
  return {};
}

// Top-N: entries_ is a heap with the greatest row on top.
Status Sorter::add_bounded(const Entry& candidate, std::span<const Value> row, std::size_t size) {
  if (row_limit_ == 0) return {};
  const auto order = [this](const Entry& left, const Entry& right) { return less(left, right); };
  Entry entry = candidate;
  if (static_cast<std::int64_t>(entries_.size()) >= row_limit_) {
    // An equal row that comes later is not wanted, so only a smaller prefix, or a tie that the bytes decide, goes on.
    const Entry& greatest = entries_.front();
    if (entry.high > greatest.high || (entry.high == greatest.high && entry.low > greatest.low)) return {};
    if (entry.high == greatest.high && entry.low == greatest.low && entry.complete() && greatest.complete()) return {};
  }
  char* bytes = allocate_row(size);
  packed::write(row, bytes);
  entry.row |= reinterpret_cast<std::uintptr_t>(bytes);
  ++next_sequence_;
  if (static_cast<std::int64_t>(entries_.size()) >= row_limit_) {
    if (!less(entry, entries_.front())) {
      // The row written last is given back.
      if (bytes + ((size + sizeof(std::uint32_t) + 3) & ~std::size_t{3}) - sizeof(std::uint32_t) == chunk_at_) {
        chunk_at_ = bytes - sizeof(std::uint32_t);
      }
      return {};
    }
    std::pop_heap(entries_.begin(), entries_.end(), order);
    std::uint32_t freed;
    std::memcpy(&freed, entries_.back().bytes() - sizeof(freed), sizeof(freed));
    row_bytes_ -= freed;
    entries_.back() = entry;
  } else {
    entries_.push_back(entry);
  }
  std::push_heap(entries_.begin(), entries_.end(), order);
  row_bytes_ += size;
  // Sequences are compared within the heap only; rows that wrapped around 2^32 arrivals ago would order wrongly.
  if (next_sequence_ == 0xffffffffu || memory_used_ > 2 * row_bytes_ + (std::size_t{1} << 20)) compact();
  return {};
}

// Copies the rows that are kept to new chunks and numbers them anew.
void Sorter::compact() {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& l, const Entry& r) { return l.sequence < r.sequence; });
  Vector<char*> old_chunks;
  old_chunks.swap(chunks_);
  const std::size_t old_memory = memory_used_;
  chunk_at_ = chunk_end_ = nullptr;
  memory_used_ = 0;
  std::size_t done = 0;
  try {
    for (; done < entries_.size(); ++done) {
      Entry& entry = entries_[done];
      std::uint32_t size;
      std::memcpy(&size, entry.bytes() - sizeof(size), sizeof(size));
      char* bytes = allocate_row(size);
      std::memcpy(bytes, entry.bytes(), size);
      entry.row = reinterpret_cast<std::uintptr_t>(bytes) | (entry.row & 1);
      entry.sequence = static_cast<std::uint32_t>(done);
    }
  } catch (...) {
    // Some rows lie here and some there; both stay until the sorter ends.
    for (char* chunk : old_chunks) {
      try {
        chunks_.push_back(chunk);
      } catch (...) {
        entries_.clear();
        base::Allocator::release(chunk);
      }
    }
    memory_used_ += old_memory;
    throw;
  }
  for (char* chunk : old_chunks) base::Allocator::release(chunk);
  next_sequence_ = static_cast<std::uint32_t>(entries_.size());
  std::make_heap(entries_.begin(), entries_.end(), [this](const Entry& l, const Entry& r) { return less(l, r); });
}

void Sorter::sort_entries() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& l, const Entry& r) { return less(l, r); });
}

Status Sorter::write_run(SpillFile& file, Vector<std::byte>& buffer, const RunHeader& header, const char* row,
                         std::uint64_t* begin) {
  const auto* header_bytes = reinterpret_cast<const std::byte*>(&header);
  const auto* row_bytes = reinterpret_cast<const std::byte*>(row);
  buffer.insert(buffer.end(), header_bytes, header_bytes + sizeof(header));
  buffer.insert(buffer.end(), row_bytes, row_bytes + header.row_size);
  if (buffer.size() < kChunkBytes) return {};
  std::uint64_t offset;
  PL_TRY(file.append(buffer, &offset));
  if (*begin == UINT64_MAX) *begin = offset;
  buffer.clear();
  return {};
}

// Sorts what is in memory and appends it to the file as a run.
Status Sorter::spill() {
  sort_entries();
  SpillFile& file = in_second_ ? second_file_ : file_;
  Vector<std::byte> buffer;
  buffer.reserve(kChunkBytes + 4096);
  std::uint64_t begin = UINT64_MAX;
  for (const Entry& entry : entries_) {
    RunHeader header{entry.high, entry.low, entry.complete() ? 1u : 0u, 0, 0};
    std::memcpy(&header.row_size, entry.bytes() - sizeof(header.row_size), sizeof(header.row_size));
    PL_TRY(write_run(file, buffer, header, entry.bytes(), &begin));
    PL_TRY(host_.budget().charge());
  }
  std::uint64_t offset;
  PL_TRY(file.append(buffer, &offset));
  if (begin == UINT64_MAX) begin = offset;
  Run run;
  run.offset = begin;
  run.end = file.size();
  runs_.push_back(std::move(run));
  forget_rows();
  next_sequence_ = 0;
  if (runs_.size() >= kMaxRuns) PL_TRY(merge_all_runs());
  return {};
}

// Reads on so that the row at run.at is whole in the buffer.
Status Sorter::fill(Run& run) {
  if (run.capacity == 0) {
    run.buffer = base::make_buffer(kRunBufferBytes);
    run.capacity = kRunBufferBytes;
  }
  std::size_t wanted = sizeof(RunHeader);
  for (;;) {
    if (run.size - run.at >= sizeof(RunHeader)) {
      RunHeader header;
      std::memcpy(&header, run.buffer.get() + run.at, sizeof(header));
      wanted = sizeof(RunHeader) + header.row_size;
      if (run.size - run.at >= wanted) return {};
    }
    if (run.at != 0) {
      std::memmove(run.buffer.get(), run.buffer.get() + run.at, run.size - run.at);
      run.size -= run.at;
      run.at = 0;
    }
    if (wanted > run.capacity) {
      const std::size_t capacity = std::max(wanted, run.capacity * 2);
      run.buffer.reset(static_cast<std::byte*>(base::Allocator::reallocate(run.buffer.release(), capacity)));
      run.capacity = capacity;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(run.capacity - run.size, run.end - run.offset));
    if (count == 0) return Code::IoErrRead;
    PL_TRY((in_second_ ? second_file_ : file_).read(run.offset, {run.buffer.get() + run.size, count}));
    run.offset += count;
    run.size += count;
  }
}

// The run's next row; row is null at the end.
Status Sorter::advance(Run& run) {
  if (run.at == run.size && run.offset == run.end) {
    run.row = nullptr;
    return {};
  }
  PL_TRY(fill(run));
  RunHeader header;
  std::memcpy(&header, run.buffer.get() + run.at, sizeof(header));
  run.high = header.high;
  run.low = header.low;
  run.complete = header.complete;
  run.row = reinterpret_cast<const char*>(run.buffer.get() + run.at + sizeof(header));
  run.at += sizeof(header) + header.row_size;
  return {};
}

// Runs are in order of arrival, so equal rows of the earlier run come first.
bool Sorter::run_less(std::size_t left, std::size_t right) const {
  const Run& l = runs_[left];
  const Run& r = runs_[right];
  if (l.high != r.high) return l.high < r.high;
  if (l.low != r.low) return l.low < r.low;
  if (l.complete == 0 || r.complete == 0) {
    const int order = compare_rows(l.row, r.row);
    if (order != 0) return order < 0;
  }
  return left < right;
}

void Sorter::sift_down(std::size_t at) {
  const std::size_t size = heap_.size();
  const std::uint32_t moving = heap_[at];
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && run_less(heap_[child + 1], heap_[child])) ++child;
    if (!run_less(heap_[child], moving)) break;
    heap_[at] = heap_[child];
    at = child;
  }
  heap_[at] = moving;
}

Status Sorter::begin_merge() {
  heap_.clear();
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    PL_TRY(advance(runs_[i]));
    if (runs_[i].row != nullptr) heap_.push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t i = heap_.size() / 2; i-- > 0;) sift_down(i);
  return {};
}

// Too many runs to read side by side: they become one, on the other file.
Status Sorter::merge_all_runs() {
  PL_TRY(begin_merge());
  SpillFile& target = in_second_ ? file_ : second_file_;
  Vector<std::byte> buffer;
  std::uint64_t begin = UINT64_MAX;
  while (!heap_.empty()) {
    Run& run = runs_[heap_.front()];
    RunHeader header;
    std::memcpy(&header, run.row - sizeof(header), sizeof(header));
    PL_TRY(write_run(target, buffer, header, run.row, &begin));
    PL_TRY(host_.budget().charge());
    PL_TRY(advance(run));
    if (run.row == nullptr) {
      heap_.front() = heap_.back();
      heap_.pop_back();
      if (heap_.empty()) break;
    }
    sift_down(0);
  }
  std::uint64_t offset;
  PL_TRY(target.append(buffer, &offset));
  if (begin == UINT64_MAX) begin = offset;
  runs_.clear();
  (in_second_ ? second_file_ : file_).rewind();
  in_second_ = !in_second_;
  Run merged;
  merged.offset = begin;
  merged.end = target.size();
  runs_.push_back(std::move(merged));
  return {};
}

Status Sorter::sort() {
  row_ = nullptr;
  rows_out_ = 0;
  current_ = 0;
  if (runs_.empty()) {
    sort_entries();
    if (!entries_.empty() && row_limit_ != 0) row_ = entries_.front().bytes();
    return {};
  }
  if (!entries_.empty()) PL_TRY(spill());
  merging_ = true;
  PL_TRY(begin_merge());
  if (!heap_.empty() && row_limit_ != 0) row_ = runs_[heap_.front()].row;
  return {};
}

Status Sorter::next() {
  if (row_ == nullptr) return {};
  if (row_limit_ >= 0 && ++rows_out_ >= row_limit_) {
    row_ = nullptr;
    return {};
  }
  if (!merging_) {
    row_ = ++current_ < entries_.size() ? entries_[current_].bytes() : nullptr;
    return {};
  }
  Run& run = runs_[heap_.front()];
  PL_TRY(advance(run));
  if (run.row == nullptr) {
    heap_.front() = heap_.back();
    heap_.pop_back();
  }
  if (heap_.empty()) {
    row_ = nullptr;
    return {};
  }
  sift_down(0);
  row_ = runs_[heap_.front()].row;
  return {};
}

}  // namespace perlite::vm
