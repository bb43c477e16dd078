#include "record/collation.h"

#include <algorithm>
#include <cstring>

#include "base/allocator.h"
#include "base/unicode.h"

namespace perlite::record {

namespace {

int three_way(std::size_t left, std::size_t right) noexcept { return left < right ? -1 : left > right ? 1 : 0; }

int compare_binary(std::string_view left, std::string_view right) noexcept {
  const std::size_t common = std::min(left.size(), right.size());
  const int order = common == 0 ? 0 : std::memcmp(left.data(), right.data(), common);
  return order != 0 ? order : three_way(left.size(), right.size());
}

int compare_nocase(std::string_view left, std::string_view right) noexcept {
  const std::size_t common = std::min(left.size(), right.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (left[i] == right[i]) continue;
    const auto a = static_cast<unsigned char>(base::ascii_lower(left[i]));
    const auto b = static_cast<unsigned char>(base::ascii_lower(right[i]));
    if (a != b) return a < b ? -1 : 1;
  }
  return three_way(left.size(), right.size());
}

std::string_view without_trailing_spaces(std::string_view text) noexcept {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

int compare_rtrim(std::string_view left, std::string_view right) noexcept {
  return compare_binary(without_trailing_spaces(left), without_trailing_spaces(right));
}

std::string_view view_of(const void* bytes, int size) noexcept {
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}
template <int (*compare)(std::string_view, std::string_view) noexcept>
int entry_point(void*, int size1, const void* text1, int size2, const void* text2) {
  return compare(view_of(text1, size1), view_of(text2, size2));
}

constexpr Collation kBinary{"BINARY", entry_point<compare_binary>, nullptr, CollationKind::Binary, TextEncoding::Utf8};
constexpr Collation kNoCase{"NOCASE", entry_point<compare_nocase>, nullptr, CollationKind::NoCase, TextEncoding::Utf8};
constexpr Collation kRTrim{"RTRIM", entry_point<compare_rtrim>, nullptr, CollationKind::RTrim, TextEncoding::Utf8};

// A text converted for the length of one comparison.
class Converted {
 public:
  Converted(std::string_view text, TextEncoding from, TextEncoding to) {
    const std::size_t room = base::max_converted_size(text.size(), from, to);
    char* out = small_;
    if (room > sizeof small_) {
      large_ = base::make_buffer(room);
      out = reinterpret_cast<char*>(large_.get());
    }
    text_ = {out, base::convert_text(text, from, to, out)};
  }
  std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
  base::ByteBuffer large_;
  char small_[128];
};

int call(const Collation& collation, std::string_view left, std::string_view right) {
  switch (collation.kind) {
    case CollationKind::Binary:
      return compare_binary(left, right);
    case CollationKind::NoCase:
      return compare_nocase(left, right);
    case CollationKind::RTrim:
      return compare_rtrim(left, right);
    case CollationKind::User:
      break;
  }
  return collation.compare(collation.context, static_cast<int>(left.size()), left.data(),
                           static_cast<int>(right.size()), right.data());
}

}  // namespace

const Collation& binary_collation() noexcept { return kBinary; }
const Collation& nocase_collation() noexcept { return kNoCase; }
const Collation& rtrim_collation() noexcept { return kRTrim; }

const Collation* find_builtin_collation(std::string_view name) noexcept {
  if (name == kBinary.name) return &kBinary;  // as nearly all are
  for (const Collation* collation : {&kBinary, &kNoCase, &kRTrim}) {
    const std::string_view other = collation->name;
    if (name.size() == other.size() && compare_nocase(name, other) == 0) return collation;
  }
  return nullptr;
}

int compare_text(std::string_view left, std::string_view right, TextEncoding enc, const Collation& collation) {
  if (collation.kind == CollationKind::Binary) return compare_binary(left, right);
  if (collation.encoding == enc) return call(collation, left, right);
  const Converted a(left, enc, collation.encoding);
  const Converted b(right, enc, collation.encoding);
  return call(collation, a.text(), b.text());
}

}  // namespace perlite::record
