#include "os/filename.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/containers.h"

namespace perlite::os {
namespace {

constexpr std::uint32_t kMark = 0x504c666e;
constexpr std::size_t kHeadSize = 16;
constexpr std::size_t kPrefixSize = 8;
enum Part : std::size_t { kDatabase = 0, kJournal = 4, kWal = 8, kParameters = 12 };  // offsets in the head

void put(char* to, std::size_t value) noexcept {
  const auto word = static_cast<std::uint32_t>(value);
  std::memcpy(to, &word, sizeof word);
}
std::uint32_t get(const char* from) noexcept {
  std::uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

const char* head_of(const char* filename) noexcept {
  if (filename == nullptr || get(filename - kPrefixSize) != kMark) return nullptr;
  return filename - get(filename - 4);
}

const char* part(const char* filename, Part which) noexcept {
  const char* head = head_of(filename);
  return head == nullptr ? nullptr : head + get(head + which);
}

char* append_text(char* at, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  at[text.size()] = '\0';
  return at + text.size() + 1;
}

}  // namespace

void FreeFilename::operator()(char* database_name) const noexcept {
  base::Allocator::release(const_cast<char*>(head_of(database_name)));
}

Filename make_filename(std::string_view database, std::string_view journal, std::string_view wal,
                       std::span<const UriParameter> parameters) {
  std::size_t size = kHeadSize + 3 * (kPrefixSize + 1) + database.size() + journal.size() + wal.size() + 1;
  for (const UriParameter& one : parameters) size += one.key.size() + one.value.size() + 2;

  char* head = static_cast<char*>(base::Allocator::allocate(size));
  char* at = head + kHeadSize;
  const std::pair<Part, std::string_view> names[] = {{kDatabase, database}, {kJournal, journal}, {kWal, wal}};
  for (const auto& [which, name] : names) {
    const auto offset = static_cast<std::size_t>(at - head) + kPrefixSize;
    put(at, kMark);
    put(at + 4, offset);
    put(head + which, offset);
    at = append_text(at + kPrefixSize, name);
  }
  put(head + kParameters, static_cast<std::size_t>(at - head));
  for (const UriParameter& one : parameters) at = append_text(append_text(at, one.key), one.value);
  *at = '\0';
  return Filename(head + get(head + kDatabase));
}

Filename make_filename(std::string_view database, std::span<const UriParameter> parameters) {
  String journal(database);
  journal += "-journal";
  String wal(database);
  wal += "-wal";
  return make_filename(database, journal, wal, parameters);
}

const char* database_name(const char* filename) noexcept { return part(filename, kDatabase); }
const char* journal_name(const char* filename) noexcept { return part(filename, kJournal); }
const char* wal_name(const char* filename) noexcept { return part(filename, kWal); }

const char* uri_parameter(const char* filename, std::string_view key) noexcept {
  const char* at = part(filename, kParameters);
  if (at == nullptr) return nullptr;
  while (*at != '\0') {
    const std::string_view name(at);
    const char* value = at + name.size() + 1;
    if (name == key) return value;
    at = value + std::strlen(value) + 1;
  }
  return nullptr;
}

const char* uri_key(const char* filename, int index) noexcept {
  const char* at = index < 0 ? nullptr : part(filename, kParameters);
  if (at == nullptr) return nullptr;
  for (; *at != '\0'; --index) {
    if (index == 0) return at;
    at += std::strlen(at) + 1;
    at += std::strlen(at) + 1;
  }
  return nullptr;
}

bool parse_boolean(std::string_view text, bool otherwise) noexcept {
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    // The leading digits are a 32-bit number; one that does not fit counts as zero.
    std::int64_t number = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') break;
      if ((number = number * 10 + (c - '0')) > INT32_MAX) return false;
    }
    return number != 0;
  }
  const auto is = [text](std::string_view word) {
    if (text.size() != word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
  };
  if (is("yes") || is("true") || is("on")) return true;
  if (is("no") || is("false") || is("off")) return false;
  return otherwise;
}

}  // namespace perlite::os
