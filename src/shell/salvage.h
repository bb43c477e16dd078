// shell/salvage.h: reading a database file that may be damaged anywhere.
//
// Nothing here trusts the file: page numbers, offsets and sizes are bounded before they are used, trees and chains are
// followed a page at most once. What cannot be read is left out, and never an error.
// The layout is that of the file format (manual: fileformat2.html).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sqlite3.h"

namespace perlite::shell {

// The value of a field; text is UTF-8 already, or a blob where it is none.
struct SalvagedValue {
  enum class Kind : std::uint8_t { Null, Integer, Real, Text, Blob } kind = Kind::Null;
  std::int64_t integer = 0;
  double real = 0;
  std::string bytes;
};

struct SalvagedRow {
  std::uint32_t page = 0;
  bool has_rowid = false;
  std::int64_t rowid = 0;
  std::vector<SalvagedValue> fields;
};

struct SalvageHeader {
  std::uint32_t page_size = 0;
  std::uint32_t usable_size = 0;
  std::uint32_t page_count = 0;
  std::uint32_t encoding = 1;
  std::uint32_t largest_root = 0;  // 0: no pointer map
  std::uint32_t incremental_vacuum = 0;
  std::uint32_t user_version = 0;
  std::uint32_t application_id = 0;
  std::uint32_t first_trunk = 0;
};

class Salvage {
 public:
  using Visit = std::function<void(const SalvagedRow&)>;

  // Reads the main database of the connection: its file, or, when it has a log or no file, what the library makes of
  // it.
  explicit Salvage(sqlite3* db);
  ~Salvage();
  Salvage(const Salvage&) = delete;
  Salvage& operator=(const Salvage&) = delete;

  bool readable() const { return header_.page_count > 0; }
  const SalvageHeader& header() const { return header_; }

  // The rows of the tree at `root`, in order. Its pages are then known as used.
  void walk_tree(std::uint32_t root, const Visit& visit);
  // The pages of the freelist count as used.
  void skip_freelist();
  // The rows on pages that no tree and no chain used, with the topmost page that leads to each.
  void walk_orphans(const std::function<void(std::uint32_t root, const SalvagedRow&)>& visit);

 private:
  struct Node;
  bool read_page(std::uint32_t number, std::vector<unsigned char>* into) const;
  bool read_node(std::uint32_t number, Node* node) const;
  void read_header();
  std::uint32_t guess_page_size();
  bool is_map_page(std::uint32_t number) const;
  bool has_content(std::uint32_t number) const;
  void walk(std::uint32_t number, int depth, int kind, const Visit& visit);
  bool read_row(const Node& node, std::size_t cell, SalvagedRow* row, bool claim);
  bool read_payload(const Node& node, std::size_t at, std::uint64_t size, std::string* payload, bool claim);
  bool decode_record(const std::string& payload, SalvagedRow* row) const;
  std::string to_utf8(const std::string& text) const;

  sqlite3_file* file_ = nullptr;
  unsigned char* image_ = nullptr;  // of sqlite3_serialize, in place of the file
  std::uint64_t size_ = 0;
  SalvageHeader header_;
  std::vector<bool> used_;
};

}  // namespace perlite::shell
