// os/filename.h: the name of a database as a VFS sees it (manual: c3ref/filename.html, c3ref/create_filename.html).
//
// One block of memory holds the names of the database, its journal and its log, and the parameters of its URI. A
// pointer to any of the three names is an ordinary C string, and leads to all the others: in front of each name stands
// a mark and the distance back to the block's head.
//
//   head   | offset of database | journal | log | parameters      4 bytes each
//   name   | kMark, distance to the head, 4 bytes each | bytes | NUL     three times
//   parameters   key NUL value NUL ... NUL
//
// The functions below take a name made here, or null; any other pointer is undefined, as the manual says.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/allocator.h"
#include "base/status.h"

namespace perlite::os {

struct UriParameter {
  std::string_view key;  // not empty
  std::string_view value;
};

struct FreeFilename {
  void operator()(char* database_name) const noexcept;
};
// Owns the block; the pointer is the database's name.
using Filename = std::unique_ptr<char, FreeFilename>;

// Throws std::bad_alloc.
Filename make_filename(std::string_view database, std::string_view journal, std::string_view wal,
                       std::span<const UriParameter> parameters = {});
// With the usual names: "-journal" and "-wal" behind the database's.
Filename make_filename(std::string_view database, std::span<const UriParameter> parameters = {});

// From any of the three names; null for null.
const char* database_name(const char* filename) noexcept;
const char* journal_name(const char* filename) noexcept;
const char* wal_name(const char* filename) noexcept;

const char* uri_parameter(const char* filename, std::string_view key) noexcept;  // null when there is none
const char* uri_key(const char* filename, int index) noexcept;                   // null past the last

// "yes", "true", "on" and numbers but zero are true, "no", "false", "off" and zero false, in any case; else
// `otherwise`.
bool parse_boolean(std::string_view text, bool otherwise) noexcept;

}  // namespace perlite::os
