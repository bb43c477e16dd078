// engine/blob.h: a handle on the bytes of one value, read and written in place (manual: c3ref/blob_open.html).
//
// A statement of its own keeps the transaction open while the handle lives; the bytes are reached through a cursor, so
// that a large value is never assembled. A handle whose row was deleted is expired: Abort.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "btree/cursor.h"
#include "engine/statement.h"

namespace perlite::engine {

class Blob : public Allocated {
 public:
  // Errors: Error with stock's text ("no such table: ...", "no such rowid: N", "cannot open value of type null", ...).
  static Result<UniquePtr<Blob>> open(Connection& connection, std::string_view database, std::string_view table,
                                      std::string_view column, std::int64_t rowid, bool writable);
  ~Blob();
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;

  Connection& connection() noexcept { return connection_; }
  std::uint32_t size() const noexcept { return is_expired() ? 0 : size_; }
  // True when its row was changed or removed: every call but close() answers Abort.
  bool is_expired() const noexcept { return statement_ == nullptr; }
  // Another row of the same table. Errors as open(); the handle is then expired.
  Status move_to(std::int64_t rowid);
  // Errors: Error for bytes outside the value, Abort when expired, ReadOnly.
  Status read(std::uint32_t offset, std::span<std::byte> out);
  Status write(std::uint32_t offset, std::span<const std::byte> bytes);
  // Ends the statement; the error of a commit that failed, else that of the last read(), write() or move_to().
  Code close();

 private:
  Blob(Connection& connection, std::uint32_t field, bool writable)
      : connection_(connection), field_(field), writable_(writable) {}
  Status check(std::uint32_t offset, std::size_t count) const noexcept;
  Status find_payload();
  Status seek(std::int64_t rowid);
  Status note(Status status) noexcept;
  void expire() noexcept;

  Connection& connection_;
  std::uint32_t field_;  // of the record
  bool writable_;
  Code last_error_ = Code::Ok;
  std::uint32_t size_ = 0;
  std::uint32_t offset_ = 0;  // of the value in the payload
  UniquePtr<Statement> statement_;
  btree::Cursor cursor_;
};

}  // namespace perlite::engine
