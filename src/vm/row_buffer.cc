#include "vm/row_buffer.h"

#include <algorithm>

namespace perlite::vm {

Status SpillFile::append(base::Bytes bytes, std::uint64_t* offset) {
  if (file_ == nullptr) {
    PL_ASSIGN(file_, host_.open_temporary_file());
  }
  *offset = size_;
  PL_TRY(file_->write(size_, bytes));
  size_ += bytes.size();
  return {};
}

RowBuffer::~RowBuffer() { clear(); }

void RowBuffer::free_chunk(Chunk& chunk) noexcept {
  if (chunk.data == nullptr) return;
  base::Allocator::release(chunk.data);
  chunk.data = nullptr;
  memory_used_ -= chunk.capacity;
}

void RowBuffer::clear() noexcept {
  for (Chunk& chunk : chunks_) free_chunk(chunk);
  chunks_.clear();
  file_.rewind();
  row_count_ = 0;
  first_chunk_ = first_in_memory_ = 0;
}

Status RowBuffer::append(std::span<const record::Value> row) {
  const std::size_t row_size = packed::size_of(row);
  const std::size_t size = row_size + sizeof(std::uint32_t);
  if (chunks_.empty() || chunks_.back().capacity - chunks_.back().size < size || chunks_.back().spilled) {
    if (memory_used_ + kChunkBytes > memory_budget_) PL_TRY(spill_oldest());
    // Small buffers stay small: the first chunk begins with what a few rows need.
    const std::size_t wanted = chunks_.empty() ? 1024 : kChunkBytes;
    const std::size_t capacity = std::max(size, wanted);
    if (capacity > base::Allocator::kMaxBytes) return Code::TooBig;
    chunks_.reserve(chunks_.size() + 1);
    Chunk chunk;
    chunk.data = static_cast<char*>(base::Allocator::allocate(capacity));
    chunk.capacity = static_cast<std::uint32_t>(capacity);
    chunks_.push_back(chunk);
    memory_used_ += capacity;
  }
  Chunk& chunk = chunks_.back();
  const auto stored_size = static_cast<std::uint32_t>(row_size);
  std::memcpy(chunk.data + chunk.size, &stored_size, sizeof(stored_size));
  packed::write(row, chunk.data + chunk.size + sizeof(stored_size));
  chunk.size += static_cast<std::uint32_t>(size);
  ++row_count_;
  return {};
}

Status RowBuffer::spill_oldest() {
  while (memory_used_ + kChunkBytes > memory_budget_ && first_in_memory_ < chunks_.size()) {
    Chunk& chunk = chunks_[first_in_memory_];
    if (chunk.data != nullptr && chunk.pins == 0) {
      PL_TRY(file_.append({reinterpret_cast<const std::byte*>(chunk.data), chunk.size}, &chunk.file_offset));
      chunk.spilled = true;
      free_chunk(chunk);
    }
    ++first_in_memory_;
  }
  return {};
}

void RowBuffer::unpin(Reader& reader) noexcept {
  if (reader.pinned_) --chunks_[reader.chunk_].pins;
  reader.pinned_ = false;
}

void RowBuffer::Reader::reset() noexcept {
  if (buffer_ != nullptr && pinned_ && chunk_ < buffer_->chunks_.size()) buffer_->unpin(*this);
  pinned_ = false;
  buffer_ = nullptr;
  chunk_ = 0;
  offset_ = 0;
  row_ = nullptr;
}

// Makes the bytes of the reader's chunk readable. In `loaded_` or, pinned, in the chunk itself.
Status RowBuffer::pin(Reader& reader) {
  Chunk& chunk = chunks_[reader.chunk_];
  if (chunk.data != nullptr) {
    ++chunk.pins;
    reader.pinned_ = true;
    return {};
  }
  if (reader.loaded_size_ < chunk.size) {
    reader.loaded_size_ = 0;
    reader.loaded_ = base::make_buffer(chunk.size);
    reader.loaded_size_ = chunk.size;
  }
  return file_.read(chunk.file_offset, {reader.loaded_.get(), chunk.size});
}

Status RowBuffer::first(Reader& reader) {
  reader.reset();
  if (row_count_ == 0) return {};
  reader.buffer_ = this;
  reader.chunk_ = first_chunk_;
  PL_TRY(pin(reader));
  bool found = false;
  return next(reader, &found);
}

Status RowBuffer::next(Reader& reader, bool* found) {
  *found = false;
  if (reader.buffer_ == nullptr) {
    PL_TRY(first(reader));
    *found = reader.on_row();
    return {};
  }
  while (reader.offset_ >= chunks_[reader.chunk_].size) {
    if (reader.chunk_ + 1 >= chunks_.size()) return {};
    unpin(reader);
    ++reader.chunk_;
    reader.offset_ = 0;
    PL_TRY(pin(reader));
  }
  const char* base = reader.pinned_ ? chunks_[reader.chunk_].data : reinterpret_cast<const char*>(reader.loaded_.get());
  std::uint32_t row_size;
  std::memcpy(&row_size, base + reader.offset_, sizeof(row_size));
  reader.row_ = base + reader.offset_ + sizeof(row_size);
  reader.offset_ += static_cast<std::uint32_t>(sizeof(row_size)) + row_size;
  *found = true;
  return {};
}

Status RowBuffer::take(Reader& reader, bool* found) {
  *found = false;
  if (reader.buffer_ == nullptr) {
    if (first_chunk_ >= chunks_.size()) return {};
    reader.buffer_ = this;
    reader.chunk_ = first_chunk_;
    reader.offset_ = 0;
    PL_TRY(pin(reader));
  }
  PL_TRY(next(reader, found));
  while (first_chunk_ < reader.chunk_) free_chunk(chunks_[first_chunk_++]);
  if (*found) --row_count_;
  return {};
}

}  // namespace perlite::vm
