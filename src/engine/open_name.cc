#include "engine/open_name.h"

#include "base/ascii.h"
#include "os/vfs.h"

namespace perlite::engine {
namespace {

struct Uri {
  String path;
  Vector<String> words;  // key, value, key, value ...
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Splits "file:" names: authority, path, parameters; %HH is decoded and a %00 ends the piece it stands in.
Result<Uri> parse_uri(std::string_view text) {
  Uri uri;
  std::string_view rest = text.substr(5);
  if (rest.substr(0, 2) == "//") {
    rest.remove_prefix(2);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view authority = rest.substr(0, slash);
    if (!authority.empty() && authority != "localhost") {
      return Status::format(Code::Error, -1, "invalid uri authority: %.*s", static_cast<int>(authority.size()),
                            authority.data());
    }
    rest.remove_prefix(slash);
  }
  enum { kPath, kKey, kValue } state = kPath;
  String piece;
  bool cut = false;
  const auto finish_piece = [&] {
    if (state == kPath) {
      uri.path = piece;
    } else {
      uri.words.push_back(piece);
    }
    piece.clear();
    cut = false;
  };
  const auto finish_pair = [&] {
    finish_piece();
    if (uri.words.size() % 2 == 1) uri.words.emplace_back();
    // A parameter without a name does not count.
    if (uri.words.size() >= 2 && uri.words[uri.words.size() - 2].empty()) uri.words.resize(uri.words.size() - 2);
  };
  for (std::size_t i = 0; i < rest.size() && rest[i] != '#'; ++i) {
    char c = rest[i];
    if (c == '%' && i + 2 < rest.size() && hex_digit(rest[i + 1]) >= 0 && hex_digit(rest[i + 2]) >= 0) {
      const int code = hex_digit(rest[i + 1]) * 16 + hex_digit(rest[i + 2]);
      i += 2;
      if (code == 0) {
        cut = true;
        continue;
      }
      c = static_cast<char>(code);
    } else if (state == kPath && c == '?') {
      finish_piece();
      state = kKey;
      continue;
    } else if (state == kKey && (c == '=' || c == '&')) {
      if (c == '=') {
        finish_piece();
        state = kValue;
      } else {
        finish_pair();
      }
      continue;
    } else if (state == kValue && c == '&') {
      finish_pair();
      state = kKey;
      continue;
    }
    if (!cut) piece += c;
  }
  if (state == kPath) {
    finish_piece();
  } else {
    finish_pair();
  }
  return uri;
}

// mode= and cache= turn into flags; they may not give more than the caller's flags do.
Status apply_parameter(std::string_view key, std::string_view value, int* flags, const char** vfs_name) {
  struct Mode {
    const char* word;
    int flag;
  };
  static constexpr Mode kCacheModes[] = {{"shared", SQLITE_OPEN_SHAREDCACHE}, {"private", SQLITE_OPEN_PRIVATECACHE}};
  static constexpr Mode kAccessModes[] = {{"ro", SQLITE_OPEN_READONLY},
                                          {"rw", SQLITE_OPEN_READWRITE},
                                          {"rwc", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE},
                                          {"memory", SQLITE_OPEN_MEMORY}};
  if (key == "vfs") {
    *vfs_name = value.data();
    return {};
  }
  std::span<const Mode> modes;
  int mask = 0;
  int allowed = 0;
  const char* what = nullptr;
  if (key == "cache") {
    modes = kCacheModes;
    mask = SQLITE_OPEN_SHAREDCACHE | SQLITE_OPEN_PRIVATECACHE;
    allowed = mask;
    what = "cache";
  } else if (key == "mode") {
    modes = kAccessModes;
    mask = SQLITE_OPEN_READONLY | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
    allowed = mask & *flags;
    what = "access";
  } else {
    return {};
  }
  for (const Mode& mode : modes) {
    if (value != mode.word) continue;
    if ((mode.flag & ~SQLITE_OPEN_MEMORY) > allowed) {
      return Status::format(Code::Perm, -1, "%s mode not allowed: %s", what, mode.word);
    }
    *flags = (*flags & ~mask) | mode.flag;
    return {};
  }
  return Status::format(Code::Error, -1, "no such %s mode: %.*s", what, static_cast<int>(value.size()), value.data());
}

}  // namespace

Result<OpenName> resolve_open_name(std::string_view name, int flags, const char* vfs_name, bool uri_allowed) {
  OpenName open;
  open.flags = flags;
  Uri uri;
  const bool is_uri = (uri_allowed || (flags & SQLITE_OPEN_URI) != 0) && name.substr(0, 5) == "file:";
  if (is_uri) {
    PL_ASSIGN(uri, parse_uri(name));
    for (std::size_t i = 0; i + 1 < uri.words.size(); i += 2) {
      PL_TRY(apply_parameter(uri.words[i], uri.words[i + 1], &open.flags, &vfs_name));
    }
  } else {
    uri.path.assign(name);
  }
  open.vfs = os::find_vfs(vfs_name);
  if (open.vfs == nullptr) {
    return Status::format(Code::Error, -1, "no such vfs: %s", vfs_name == nullptr ? "" : vfs_name);
  }
  const bool by_memory_vfs = std::string_view(open.vfs->zName) == "memdb";
  if (!by_memory_vfs && (uri.path == ":memory:" || (open.flags & SQLITE_OPEN_MEMORY) != 0)) {
    open.kind = pager::StoreKind::Memory;
    if (is_uri) open.shared_name = uri.path;  // the plain name ":memory:" is always a database of its own
    return open;
  }
  if (uri.path.empty()) {
    open.kind = pager::StoreKind::Temp;
    return open;
  }
  if (uri.path.size() > static_cast<std::size_t>(open.vfs->mxPathname)) return Status(Code::CantOpen);
  PL_ASSIGN(open.path, os::full_path_name(*open.vfs, uri.path.c_str(), (flags & SQLITE_OPEN_NOFOLLOW) != 0));
  Vector<os::UriParameter> parameters;
  for (std::size_t i = 0; i + 1 < uri.words.size(); i += 2) parameters.push_back({uri.words[i], uri.words[i + 1]});
  open.filename = os::make_filename(open.path, parameters);
  open.shared_name = open.path;
  return open;
}

}  // namespace perlite::engine
