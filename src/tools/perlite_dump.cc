// perlite-dump: what is in a database file, below the level of SQL. The file is only read.
//
// Exit code: 0 shown, 1 the file cannot be read, 2 wrong call.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/text_builder.h"
#include "btree/dump.h"
#include "os/vfs.h"
#include "pager/dump.h"
#include "pager/store.h"

namespace perlite::tools {
namespace {

constexpr const char* kUsage =
    "Usage: perlite-dump header FILE            the fields of the file header\n"
    "       perlite-dump page FILE N [bytes]    a page: its cells, with their bytes when asked\n"
    "       perlite-dump tree FILE ROOT         the pages of a tree\n"
    "       perlite-dump freelist FILE          the free pages\n"
    "       perlite-dump raw FILE N             the bytes of a page\n";

Status dump(pager::Store& store, const std::string& what, PageNo page, bool bytes, base::TextBuilder& out) {
  PL_TRY(store.begin_read());
  pager::View& view = store.view();
  if (what == "header") return pager::dump_header(view, out);
  if (what == "page") return btree::dump_page(view, page, bytes, out);
  if (what == "tree") return btree::dump_tree(view, page, out);
  if (what == "freelist") return btree::dump_freelist(view, out);
  PL_ASSIGN(const pager::PageRef raw, view.fetch(page));
  pager::dump_bytes(raw.bytes(), 0, out);
  return {};
}

int fail(const char* path, const Status& status) {
  const std::string_view message = status.message();
  std::fprintf(stderr, "perlite-dump: %s: %.*s (%d)\n", path, static_cast<int>(message.size()), message.data(),
               static_cast<int>(status.code()));
  return 1;
}

int run(int count, char** arguments) {
  const std::string what = count > 2 ? arguments[1] : "";
  const bool needs_page = what == "page" || what == "tree" || what == "raw";
  if ((!needs_page && what != "header" && what != "freelist") || count < (needs_page ? 4 : 3)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const char* path = arguments[2];
  const PageNo page(needs_page ? static_cast<std::uint32_t>(std::strtoul(arguments[3], nullptr, 10)) : 0);
  os::initialize_vfs();
  sqlite3_vfs* vfs = os::find_vfs(nullptr);
  if (vfs == nullptr) return 1;
  auto full = os::full_path_name(*vfs, path, false);
  if (!full.ok()) return fail(path, full.status());
  auto store = pager::Store::open(*vfs, os::make_filename(full.value()), SQLITE_OPEN_READONLY, pager::StoreOptions());
  if (!store.ok()) return fail(path, store.status());
  base::TextBuilder out;
  const Status status = dump(*store.value(), what, page, count > 4 && std::strcmp(arguments[4], "bytes") == 0, out);
  std::fwrite(out.text().data(), 1, out.text().size(), stdout);
  return status.ok() ? 0 : fail(path, status);
}

}  // namespace
}  // namespace perlite::tools

int main(int count, char** arguments) { return perlite::tools::run(count, arguments); }
