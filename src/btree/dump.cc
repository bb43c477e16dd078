#include "btree/dump.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "base/bytes.h"
#include "btree/cursor.h"
#include "btree/freelist.h"
#include "btree/overflow.h"
#include "btree/page_edit.h"
#include "btree/page_layout.h"
#include "btree/pointer_map.h"
#include "pager/store.h"

namespace perlite::btree {

using base::load_be16;
using base::load_be32;
using pager::PageRef;
using pager::View;

namespace {

__attribute__((format(printf, 2, 3))) void print(String* out, const char* format, ...) {
  char line[512];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  *out += line;
}

void print_bytes(String* out, const std::byte* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) print(out, "%02x", static_cast<unsigned>(bytes[i]));
}

const char* kind_name(const Node& node) noexcept {
  if (node.table) return node.leaf ? "table leaf" : "table interior";
  return node.leaf ? "index leaf" : "index interior";
}

constexpr std::uint32_t kShownBytes = 24;

void print_cell(String* out, const Node& node, std::uint32_t index) {
  const std::uint32_t offset = node.cell_offset(index);
  print(out, "  cell %u at %u: ", index, offset);
  Cell cell;
  if (!decode_cell(node, index, &cell)) {
    *out += "malformed\n";
    return;
  }
  print(out, "size %u", cell.size);
  if (!node.leaf) print(out, ", child %u", cell.left_child.value);
  if (node.table) print(out, ", rowid %lld", static_cast<long long>(cell.rowid));
  if (node.leaf || !node.table) {
    print(out, ", payload %u", cell.payload_size);
    if (cell.has_overflow()) print(out, " (%u here, then page %u)", cell.local_size, cell.overflow.value);
    *out += ": ";
    print_bytes(out, node.data + offset + cell.payload_offset, std::min(cell.local_size, kShownBytes));
    if (cell.local_size > kShownBytes) *out += "...";
  }
  *out += '\n';
}

class TreeDump {
 public:
  TreeDump(View& view, String* out) : view_(view), out_(out) {}

  Status walk(PageNo number, int depth) {
    print(out_, "%*spage %u: ", 2 * depth, "", number.value);
    if (depth >= kMaxDepth || ++pages_ > view_.page_count().value) {
      *out_ += "too deep or in a circle\n";
      return {};
    }
    Result<PageRef> fetched = view_.fetch(number);
    if (!fetched.ok()) {
      if (fetched.status().primary() != Code::Corrupt) return std::move(fetched.status());
      *out_ += "no such page\n";
      return {};
    }
    const PageRef page = std::move(fetched).value();
    Node node;
    if (!decode_node(page, view_.usable_size(), &node)) {
      *out_ += "no b-tree page\n";
      return {};
    }
    print(out_, "%s, cells %u, free %d", kind_name(node), node.cell_count, free_space(node));
    std::uint64_t overflow_pages = 0;
    for (std::uint32_t i = 0; i < node.cell_count; ++i) {
      Cell cell;
      if (!decode_cell(node, i, &cell)) {
        print(out_, ", cell %u malformed", i);
        continue;
      }
      if (cell.has_overflow()) {
        overflow_pages += overflow_page_count(cell.payload_size, cell.local_size, node.usable_size);
      }
      if (i == 0 || i + 1 == node.cell_count) {
        *out_ += i == 0 ? ", from " : ", to ";
        if (node.table) {
          print(out_, "%lld", static_cast<long long>(cell.rowid));
        } else {
          print_bytes(out_, node.data + node.cell_offset(i) + cell.payload_offset, std::min(cell.local_size, 12u));
        }
      }
    }
    if (overflow_pages > 0) print(out_, ", overflow pages %llu", static_cast<unsigned long long>(overflow_pages));
    *out_ += '\n';
    if (node.leaf) return {};
    for (std::uint32_t i = 0; i <= node.cell_count; ++i) PL_TRY(walk(node.child(i), depth + 1));
    return {};
  }

 private:
  View& view_;
  String* out_;
  std::uint32_t pages_ = 0;
};

}  // namespace

Status dump_page(View& view, PageNo number, String* out) {
  PL_ASSIGN(const PageRef page, view.fetch(number));
  const std::byte* data = page.data();
  print(out, "page %u of %u, %u bytes, usable %u\n", number.value, view.page_count().value, view.page_size(),
        view.usable_size());
  if (number.value == 1) {
    print(out,
          "  file header: change counter %u, pages %u, freelist %u of %u pages, schema cookie %u, format %u, "
          "largest root %u, encoding %u, user version %u, incremental vacuum %u\n",
          load_be32(data + pager::header::kChangeCounter), load_be32(data + pager::header::kPageCount),
          load_be32(data + pager::header::kFirstTrunk), load_be32(data + pager::header::kFreePageCount),
          load_be32(data + pager::header::kSchemaCookie), load_be32(data + pager::header::kSchemaFormat),
          load_be32(data + pager::header::kLargestRoot), load_be32(data + pager::header::kTextEncoding),
          load_be32(data + pager::header::kUserVersion), load_be32(data + pager::header::kIncrementalVacuum));
  }
  PL_ASSIGN(const bool mapped, has_pointer_map(view));
  if (mapped && is_map_page(view, number)) {
    *out += "  pointer map\n";
    for (std::uint32_t at = 0; at + 5 <= view.usable_size(); at += 5) {
      const PageNo of(number.value + 1 + at / 5);
      if (of > view.page_count()) break;
      print(out, "  page %u: type %u, parent %u\n", of.value, static_cast<unsigned>(data[at]),
            load_be32(data + at + 1));
    }
    return {};
  }
  Node node;
  if (!decode_node(page, view.usable_size(), &node)) {
    *out += "  no b-tree page\n";
    for (std::uint32_t at = 0; at < view.usable_size(); at += 32) {
      print(out, "  %5u  ", at);
      print_bytes(out, data + at, std::min(32u, view.usable_size() - at));
      *out += '\n';
    }
    return {};
  }
  print(out, "  %s, cells %u, content from %u, first freeblock %u, fragments %u, free %d", kind_name(node),
        node.cell_count, node.content_start(), node.first_freeblock(), node.fragments(), free_space(node));
  if (!node.leaf) print(out, ", right child %u", node.right_child().value);
  *out += '\n';
  for (std::uint32_t i = 0; i < node.cell_count; ++i) print_cell(out, node, i);
  std::uint32_t left = view.usable_size() / 4;  // a chain in a circle ends
  for (std::uint32_t at = node.first_freeblock(); at != 0 && at + 4 <= node.usable_size && left-- > 0;
       at = load_be16(data + at)) {
    print(out, "  freeblock at %u: size %u\n", at, static_cast<unsigned>(load_be16(data + at + 2)));
  }
  return {};
}

Status dump_tree(View& view, PageNo root, String* out) { return TreeDump(view, out).walk(root, 0); }

Status dump_freelist(View& view, String* out) {
  PL_ASSIGN(const PageRef one, view.fetch(PageNo(1)));
  const std::uint32_t count = load_be32(one.data() + pager::header::kFreePageCount);
  PageNo number(load_be32(one.data() + pager::header::kFirstTrunk));
  print(out, "freelist: %u pages, first trunk %u\n", count, number.value);
  std::uint32_t trunks = 0;
  while (number.value != 0 && trunks++ <= view.page_count().value) {
    Result<PageRef> trunk = view.fetch(number);
    if (!trunk.ok()) {
      if (trunk.status().primary() != Code::Corrupt) return std::move(trunk.status());
      print(out, "  trunk %u: no such page\n", number.value);
      break;
    }
    const std::byte* data = trunk.value().data();
    const std::uint32_t leaf_count = load_be32(data + 4);
    print(out, "  trunk %u: next %u, leaves %u", number.value, load_be32(data), leaf_count);
    if (leaf_count > max_trunk_leaves_read(view.usable_size())) {
      *out += " (too many)\n";
    } else {
      for (std::uint32_t i = 0; i < leaf_count; ++i)
        print(out, "%s%u", i == 0 ? ": " : " ", load_be32(data + 8 + 4 * i));
      *out += '\n';
    }
    number = PageNo(load_be32(data));
  }
  return {};
}

}  // namespace perlite::btree
