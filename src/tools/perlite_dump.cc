// perlite-dump: what a database file or a log holds, as text.
//
//   perlite-dump page FILE [NUMBER]      one page, 1 unless given
//   perlite-dump tree FILE [ROOT]        the pages of a tree, that of the schema unless its root page is given
//   perlite-dump freelist FILE           trunks and free pages
//   perlite-dump check FILE ROOT...      is the structure sound? All roots beside 1
//   perlite-dump wal FILE                frames of a log, commits, why it ends
//
// A small main over btree/dump.h, btree/check.h and pager/dump.h. Databases are opened for reading, with the locks any
// reader takes.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "btree/check.h"
#include "btree/dump.h"
#include "os/filename.h"
#include "os/vfs.h"
#include "pager/dump.h"
#include "pager/store.h"

namespace {

using perlite::PageNo;
using perlite::Status;
using perlite::String;

int usage() {
  std::fputs(
      "usage: perlite-dump page FILE [NUMBER]\n"
      "       perlite-dump tree FILE [ROOT]\n"
      "       perlite-dump freelist FILE\n"
      "       perlite-dump check FILE ROOT...\n"
      "       perlite-dump wal FILE\n",
      stderr);
  return 2;
}

int fail(const char* file, const Status& status) {
  std::fprintf(stderr, "perlite-dump: %s: %.*s\n", file, static_cast<int>(status.message().size()),
               status.message().data());
  return 1;
}

int dump_log(const char* name) {
  std::FILE* file = std::fopen(name, "rb");
  if (file == nullptr) {
    std::perror(name);
    return 1;
  }
  std::vector<std::byte> bytes;
  std::byte block[65536];
  for (std::size_t got; (got = std::fread(block, 1, sizeof block, file)) > 0;) {
    bytes.insert(bytes.end(), block, block + got);
  }
  std::fclose(file);
  String text;
  perlite::pager::dump_wal(bytes, &text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

Status dump_database(perlite::pager::View& view, const std::string& what, const std::vector<PageNo>& pages,
                     String* text) {
  if (view.page_count().value == 0) {
    *text += "empty database\n";
    return {};
  }
  const PageNo first = pages.empty() ? PageNo(1) : pages.front();
  if (what == "page") return perlite::btree::dump_page(view, first, text);
  if (what == "tree") return perlite::btree::dump_tree(view, first, text);
  if (what == "freelist") return perlite::btree::dump_freelist(view, text);
  perlite::Vector<PageNo> roots{PageNo(1)};
  roots.insert(roots.end(), pages.begin(), pages.end());
  perlite::Vector<std::uint64_t> counts;
  perlite::btree::BtreeChecker checker(view, 100);
  PL_TRY(checker.check_all(roots, &counts));
  *text += checker.finding_count() == 0 ? "ok" : checker.text();
  *text += '\n';
  for (std::size_t i = 0; i < roots.size(); ++i) {
    char line[64];
    std::snprintf(line, sizeof line, "root %u: %llu entries\n", roots[i].value,
                  static_cast<unsigned long long>(counts[i]));
    *text += line;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return usage();
  const std::string what = argv[1];
  if (what == "wal") return dump_log(argv[2]);
  if (what != "page" && what != "tree" && what != "freelist" && what != "check") return usage();
  std::vector<PageNo> pages;
  for (int i = 3; i < argc; ++i)
    pages.push_back(PageNo(static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10))));

  perlite::os::initialize_vfs();
  sqlite3_vfs* vfs = perlite::os::find_vfs(nullptr);
  if (vfs == nullptr) return fail(argv[2], Status::error("no VFS"));
  auto path = perlite::os::full_path_name(*vfs, argv[2], false);
  if (!path.ok()) return fail(argv[2], path.status());
  auto store = perlite::pager::Store::open(*vfs, perlite::os::make_filename(path.value(), {}), SQLITE_OPEN_READONLY,
                                           perlite::pager::StoreOptions{});
  if (!store.ok()) return fail(argv[2], store.status());
  const Status begun = store.value()->begin_read();
  if (!begun.ok()) return fail(argv[2], begun);
  String text;
  const Status status = dump_database(store.value()->view(), what, pages, &text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  store.value()->end_read();
  return status.ok() ? 0 : fail(argv[2], status);
}
