#include "shell/salvage.h"

#include <algorithm>
#include <cstring>

namespace perlite::shell {
namespace {

constexpr int kMaxDepth = 40;
constexpr std::uint64_t kGuessBytes = std::uint64_t{4} << 20;  // looked at for each page size that the file might have
constexpr int kInteriorIndex = 2, kInteriorTable = 5, kLeafIndex = 10, kLeafTable = 13;

std::uint32_t load16(const unsigned char* at) { return static_cast<std::uint32_t>(at[0]) << 8 | at[1]; }
std::uint32_t load32(const unsigned char* at) { return load16(at) << 16 | load16(at + 2); }

// Bytes read, 0 when the number does not end before `end`.
std::size_t load_varint(const unsigned char* at, const unsigned char* end, std::uint64_t* value) {
  *value = 0;
  for (std::size_t i = 0; i < 9 && at + i < end; ++i) {
    if (i == 8) {
      *value = *value << 8 | at[i];
      return 9;
    }
    *value = *value << 7 | (at[i] & 0x7f);
    if (at[i] < 0x80) return i + 1;
  }
  return 0;
}

std::uint64_t body_size(std::uint64_t type) {
  constexpr std::uint64_t kSmall[12] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
  return type < 12 ? kSmall[type] : (type - 12) / 2;
}

bool is_page_size(std::uint32_t size) { return size >= 512 && size <= 65536 && (size & (size - 1)) == 0; }

bool is_interior(int kind) { return kind == kInteriorIndex || kind == kInteriorTable; }
bool is_table(int kind) { return kind == kInteriorTable || kind == kLeafTable; }

void append_utf8(std::uint32_t c, std::string* out) {
  const auto put = [out](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

}  // namespace

// A b-tree page whose header is plausible.
struct Salvage::Node {
  std::uint32_t number = 0;
  std::vector<unsigned char> bytes;
  std::size_t header = 0;
  int kind = 0;
  std::uint32_t cells = 0;

  std::size_t pointers() const { return header + (is_interior(kind) ? 12 : 8); }
  std::size_t cell_offset(std::size_t i) const { return load16(&bytes[pointers() + 2 * i]); }
  std::uint32_t right_child() const { return load32(&bytes[header + 8]); }
};

Salvage::Salvage(sqlite3* db) {
  // A first look lets the library roll back a hot journal, as any reader would. It may well fail.
  sqlite3_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", nullptr, nullptr, nullptr);
  sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file_);
  if (file_ != nullptr && file_->pMethods == nullptr) file_ = nullptr;
  sqlite3_int64 size = 0;
  if (file_ != nullptr && file_->pMethods->xFileSize(file_, &size) != SQLITE_OK) size = 0;
  unsigned char versions[2] = {0, 0};
  const bool has_log = file_ != nullptr && size >= 100 && file_->pMethods->xRead(file_, versions, 2, 18) == SQLITE_OK &&
                       versions[1] == 2;
  if (file_ == nullptr || has_log) {
    sqlite3_int64 bytes = 0;
    image_ = sqlite3_serialize(db, "main", &bytes, 0);
    if (image_ != nullptr) size = bytes;
  }
  size_ = size < 0 ? 0 : static_cast<std::uint64_t>(size);
  read_header();
}

Salvage::~Salvage() { sqlite3_free(image_); }

bool Salvage::read_page(std::uint32_t number, std::vector<unsigned char>* into) const {
  if (number == 0 || number > header_.page_count) return false;
  into->assign(header_.page_size, 0);
  const std::uint64_t offset = std::uint64_t{number - 1} * header_.page_size;
  if (image_ != nullptr) {
    const std::uint64_t there = std::min<std::uint64_t>(header_.page_size, size_ - offset);
    std::memcpy(into->data(), image_ + offset, static_cast<std::size_t>(there));
    return true;
  }
  const int code = file_->pMethods->xRead(file_, into->data(), static_cast<int>(header_.page_size),
                                          static_cast<sqlite3_int64>(offset));
  return code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ;
}

// Where the header is damaged it is guessed.
void Salvage::read_header() {
  if (size_ < 512) return;
  header_.page_size = 512;
  header_.page_count = 1;
  std::vector<unsigned char> first;
  if (!read_page(1, &first)) first.assign(512, 0);
  const std::uint32_t stored = load16(&first[16]);
  std::uint32_t page_size = stored == 1 ? 65536 : stored;
  const bool known = is_page_size(page_size) && std::memcmp(first.data(), "SQLite format 3", 16) == 0;
  if (!known) page_size = guess_page_size();
  header_.page_size = page_size;
  header_.usable_size = known && page_size - first[20] >= 480 ? page_size - first[20] : page_size;
  const std::uint64_t pages = (size_ + page_size - 1) / page_size;
  header_.page_count = static_cast<std::uint32_t>(std::min<std::uint64_t>(pages, 4294967294u));
  if (known) {
    const std::uint32_t encoding = load32(&first[56]);
    if (encoding >= 1 && encoding <= 3) header_.encoding = encoding;
    header_.largest_root = load32(&first[52]);
    header_.incremental_vacuum = load32(&first[64]);
    header_.user_version = load32(&first[60]);
    header_.application_id = load32(&first[68]);
    header_.first_trunk = load32(&first[32]);
  }
  used_.assign(std::size_t{header_.page_count} + 1, false);
}

// The size at which most pages look like what a page is. Where it is too small cells lie outside, where it is too large
// pages are passed over.
std::uint32_t Salvage::guess_page_size() {
  std::uint32_t best = 4096;
  std::uint64_t most = 0;
  for (std::uint32_t size = 512; size <= 65536; size *= 2) {
    header_.page_size = header_.usable_size = size;
    header_.page_count = static_cast<std::uint32_t>(std::min(size_, kGuessBytes) / size);
    std::uint64_t good = 0;
    Node node;
    for (std::uint32_t page = 1; page <= header_.page_count; ++page) {
      if (!read_node(page, &node) || node.cells == 0) continue;
      bool inside = true;
      for (std::size_t i = 0; i < node.cells && inside; ++i) {
        inside = node.cell_offset(i) >= node.pointers() && node.cell_offset(i) < size;
      }
      good += inside ? 1 : 0;
    }
    if (good > most) {
      most = good;
      best = size;
    }
  }
  return best;
}

bool Salvage::read_node(std::uint32_t number, Node* node) const {
  if (!has_content(number) || !read_page(number, &node->bytes)) return false;
  node->number = number;
  node->header = number == 1 ? 100 : 0;
  node->kind = node->bytes[node->header];
  if (node->kind != kInteriorIndex && node->kind != kInteriorTable && node->kind != kLeafIndex &&
      node->kind != kLeafTable) {
    return false;
  }
  node->cells = load16(&node->bytes[node->header + 3]);
  return node->pointers() + 2 * std::size_t{node->cells} <= header_.usable_size;
}

bool Salvage::is_map_page(std::uint32_t number) const {
  if (header_.largest_root == 0 || number < 2) return false;
  const std::uint32_t group = header_.usable_size / 5 + 1;
  std::uint32_t map = (number - 2) / group * group + 2;
  if (map == 0x40000000u / header_.page_size + 1) ++map;
  return map == number;
}

bool Salvage::has_content(std::uint32_t number) const {
  return number != 0 && number <= header_.page_count && number != 0x40000000u / header_.page_size + 1 &&
         !is_map_page(number);
}

// ---- trees ----

void Salvage::walk_tree(std::uint32_t root, const Visit& visit) { walk(root, 0, 0, visit); }

// `kind` of the parent, 0 for a root: a child of a table is a page of a table.
void Salvage::walk(std::uint32_t number, int depth, int kind, const Visit& visit) {
  Node node;
  if (depth > kMaxDepth || number > header_.page_count || used_[number] || !read_node(number, &node)) return;
  if (kind != 0 && is_table(kind) != is_table(node.kind)) return;
  used_[number] = true;
  SalvagedRow row;
  for (std::size_t i = 0; i < node.cells; ++i) {
    const std::size_t at = node.cell_offset(i);
    if (is_interior(node.kind) && at + 4 <= header_.usable_size)
      walk(load32(&node.bytes[at]), depth + 1, node.kind, visit);
    if (node.kind != kInteriorTable && read_row(node, i, &row, true)) visit(row);
  }
  if (is_interior(node.kind)) walk(node.right_child(), depth + 1, node.kind, visit);
}

void Salvage::skip_freelist() {
  std::vector<unsigned char> trunk;
  for (std::uint32_t page = header_.first_trunk; has_content(page) && !used_[page];) {
    used_[page] = true;
    if (!read_page(page, &trunk)) return;
    const std::uint32_t leaves = std::min(load32(&trunk[4]), header_.usable_size / 4 - 2);
    for (std::uint32_t i = 0; i < leaves; ++i) {
      const std::uint32_t leaf = load32(&trunk[8 + 4 * std::size_t{i}]);
      if (has_content(leaf)) used_[leaf] = true;
    }
    page = load32(trunk.data());
  }
}

void Salvage::walk_orphans(const std::function<void(std::uint32_t, const SalvagedRow&)>& visit) {
  // Who leads to whom, among the pages that nobody used.
  std::vector<std::uint32_t> parent(std::size_t{header_.page_count} + 1, 0);
  Node node;
  for (std::uint32_t page = 2; page <= header_.page_count; ++page) {
    if (used_[page] || !read_node(page, &node) || !is_interior(node.kind)) continue;
    const auto adopt = [&](std::uint32_t child) {
      if (child != page && child <= header_.page_count && !used_[child] && parent[child] == 0) parent[child] = page;
    };
    for (std::size_t i = 0; i < node.cells; ++i) {
      const std::size_t at = node.cell_offset(i);
      if (at + 4 <= header_.usable_size) adopt(load32(&node.bytes[at]));
    }
    adopt(node.right_child());
  }
  SalvagedRow row;
  for (std::uint32_t page = 2; page <= header_.page_count; ++page) {
    if (used_[page] || !read_node(page, &node) || node.kind == kInteriorTable) continue;
    std::uint32_t root = page;
    for (int depth = 0; depth < kMaxDepth && parent[root] != 0; ++depth) root = parent[root];
    for (std::size_t i = 0; i < node.cells; ++i) {
      if (read_row(node, i, &row, false)) visit(root, row);
    }
  }
}

// ---- rows ----

bool Salvage::read_row(const Node& node, std::size_t cell, SalvagedRow* row, bool claim) {
  const unsigned char* const end = node.bytes.data() + header_.usable_size;
  std::size_t at = node.cell_offset(cell);
  if (node.kind == kInteriorIndex) at += 4;
  if (at < node.pointers() || at >= header_.usable_size) return false;
  std::uint64_t size = 0;
  std::size_t length = load_varint(&node.bytes[at], end, &size);
  if (length == 0) return false;
  at += length;
  row->page = node.number;
  row->has_rowid = node.kind == kLeafTable;
  if (row->has_rowid) {
    std::uint64_t rowid = 0;
    length = at < header_.usable_size ? load_varint(&node.bytes[at], end, &rowid) : 0;
    if (length == 0) return false;
    row->rowid = static_cast<std::int64_t>(rowid);
    at += length;
  }
  std::string payload;
  return read_payload(node, at, size, &payload, claim) && decode_record(payload, row);
}

// The payload of `size` bytes whose local part begins at `at`. A chain that ends early gives what there is.
bool Salvage::read_payload(const Node& node, std::size_t at, std::uint64_t size, std::string* payload, bool claim) {
  const std::uint64_t usable = header_.usable_size;
  if (size == 0 || size > size_) return false;
  const std::uint64_t max_local = node.kind == kLeafTable ? usable - 35 : (usable - 12) * 64 / 255 - 23;
  const std::uint64_t min_local = (usable - 12) * 32 / 255 - 23;
  std::uint64_t local = size;
  if (size > max_local) {
    local = min_local + (size - min_local) % (usable - 4);
    if (local > max_local) local = min_local;
  }
  if (at + local + (local < size ? 4 : 0) > usable) return false;
  payload->assign(reinterpret_cast<const char*>(&node.bytes[at]), static_cast<std::size_t>(local));
  if (local == size) return true;
  std::uint32_t next = load32(&node.bytes[at + static_cast<std::size_t>(local)]);
  std::vector<unsigned char> page;
  std::uint64_t pages_left = (size - local) / (usable - 4) + 1;
  while (payload->size() < size && pages_left-- > 0 && has_content(next) && read_page(next, &page)) {
    if (claim) used_[next] = true;
    const std::uint64_t part = std::min<std::uint64_t>(size - payload->size(), usable - 4);
    payload->append(reinterpret_cast<const char*>(&page[4]), static_cast<std::size_t>(part));
    next = load32(page.data());
  }
  return true;
}

// Fields whose bytes are missing are left out.
bool Salvage::decode_record(const std::string& payload, SalvagedRow* row) const {
  row->fields.clear();
  const auto* const bytes = reinterpret_cast<const unsigned char*>(payload.data());
  std::uint64_t header_size = 0;
  std::size_t at = load_varint(bytes, bytes + payload.size(), &header_size);
  if (at == 0 || header_size < at || header_size > payload.size()) return false;
  const unsigned char* const header_end = bytes + header_size;
  std::uint64_t body = header_size;
  while (at < header_size) {
    std::uint64_t type = 0;
    const std::size_t length = load_varint(bytes + at, header_end, &type);
    if (length == 0 || type == 10 || type == 11) return false;
    at += length;
    const std::uint64_t size = body_size(type);
    if (size > payload.size() - body) break;
    const unsigned char* const from = bytes + body;
    body += size;
    SalvagedValue value;
    if (type >= 12) {
      value.kind = type % 2 == 0 ? SalvagedValue::Kind::Blob : SalvagedValue::Kind::Text;
      value.bytes.assign(reinterpret_cast<const char*>(from), static_cast<std::size_t>(size));
      if (type % 2 != 0) value.bytes = to_utf8(value.bytes);
    } else if (type == 7) {
      value.kind = SalvagedValue::Kind::Real;
      const std::uint64_t raw = std::uint64_t{load32(from)} << 32 | load32(from + 4);
      std::memcpy(&value.real, &raw, sizeof raw);
    } else if (type != 0) {
      value.kind = SalvagedValue::Kind::Integer;
      std::uint64_t raw = type == 9 ? 1 : 0;
      if (size > 0) {
        raw = (from[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
        for (std::uint64_t i = 0; i < size; ++i) raw = raw << 8 | from[i];
      }
      value.integer = static_cast<std::int64_t>(raw);
    }
    row->fields.push_back(std::move(value));
  }
  return !row->fields.empty();
}

std::string Salvage::to_utf8(const std::string& text) const {
  if (header_.encoding == 1) return text;
  std::string out;
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    const std::uint32_t a = static_cast<unsigned char>(text[i]);
    const std::uint32_t b = static_cast<unsigned char>(text[i + 1]);
    return header_.encoding == 2 ? a | b << 8 : a << 8 | b;
  };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    std::uint32_t c = unit(i);
    if (c >= 0xd800 && c < 0xdc00 && i + 3 < text.size() && unit(i + 2) >= 0xdc00 && unit(i + 2) < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
      i += 2;
    } else if (c >= 0xd800 && c < 0xe000) {
      c = 0xfffd;
    }
    append_utf8(c, &out);
  }
  return out;
}

}  // namespace perlite::shell
