// Database names as VFSes see them, and the parameters of their URIs.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "api/boundary.h"
#include "base/containers.h"
#include "os/filename.h"
#include "sqlite3.h"

using namespace perlite;

namespace {

// A decimal or hexadecimal 64-bit integer that fills the text, blanks around it allowed.
bool parse_int64(std::string_view text, std::int64_t* value) {
  while (!text.empty() && (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r')))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || (text.back() >= '\t' && text.back() <= '\r'))) text.remove_suffix(1);
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    std::uint64_t bits = 0;
    for (const char c : text.substr(2)) {
      const int lower = c | 0x20;
      const int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
      if (digit < 0 || bits >> 60 != 0) return false;
      bits = bits << 4 | static_cast<std::uint64_t>(digit);
    }
    *value = static_cast<std::int64_t>(bits);
    return true;
  }
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty()) return false;
  std::uint64_t number = 0;
  const std::uint64_t limit = negative ? std::uint64_t{1} << 63 : INT64_MAX;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (limit - digit) / 10) return false;
    number = number * 10 + digit;
  }
  *value = static_cast<std::int64_t>(negative ? 0 - number : number);
  return true;
}

}  // namespace

extern "C" {

SQLITE_API const char* sqlite3_uri_parameter(sqlite3_filename filename, const char* key) {
  return key == nullptr ? nullptr : os::uri_parameter(filename, key);
}

SQLITE_API int sqlite3_uri_boolean(sqlite3_filename filename, const char* key, int default_value) {
  const char* value = sqlite3_uri_parameter(filename, key);
  return value == nullptr ? default_value != 0 : os::parse_boolean(value, default_value != 0);
}

SQLITE_API sqlite3_int64 sqlite3_uri_int64(sqlite3_filename filename, const char* key, sqlite3_int64 default_value) {
  const char* text = sqlite3_uri_parameter(filename, key);
  std::int64_t value = 0;
  return text != nullptr && parse_int64(text, &value) ? value : default_value;
}

SQLITE_API const char* sqlite3_uri_key(sqlite3_filename filename, int index) { return os::uri_key(filename, index); }
SQLITE_API const char* sqlite3_filename_database(sqlite3_filename filename) { return os::database_name(filename); }
SQLITE_API const char* sqlite3_filename_journal(sqlite3_filename filename) { return os::journal_name(filename); }
SQLITE_API const char* sqlite3_filename_wal(sqlite3_filename filename) { return os::wal_name(filename); }

SQLITE_API sqlite3_filename sqlite3_create_filename(const char* database, const char* journal, const char* wal,
                                                    int parameter_count, const char** parameters) {
  if (database == nullptr || journal == nullptr || wal == nullptr) return nullptr;
  return api::without_exceptions(static_cast<char*>(nullptr), [&] {
    Vector<os::UriParameter> pairs;
    for (int i = 0; i < parameter_count; ++i) pairs.push_back({parameters[2 * i], parameters[2 * i + 1]});
    return os::make_filename(database, journal, wal, pairs).release();
  });
}

SQLITE_API void sqlite3_free_filename(sqlite3_filename filename) {
  if (filename != nullptr) os::FreeFilename()(const_cast<char*>(filename));
}

}  // extern "C"
