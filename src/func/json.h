// func/json.h: JSON as text and as JSONB (manual: json1.html; compat/sql.md 10).
//
// Everything works on strict text: RFC 8259, what JSON5 allows beyond it rewritten. Results are canonical: strict and
// without blanks. Text that is strict is searched where it lies, and only what was found is rewritten where it has
// blanks; other text and JSONB are rewritten once. Strict text is valid, so what walks it checks nothing: looking for a
// path skips values without taking them apart, an edit copies what stands before and after.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/containers.h"
#include "base/text_builder.h"

namespace perlite::func::json {

inline constexpr int kMaxDepth = 1000;
inline constexpr std::uint8_t kSubtype = 'J';

enum class JsonbType : std::uint8_t {
  Null,
  True,
  False,
  Int,
  Int5,
  Float,
  Float5,
  Text,
  TextJ,
  Text5,
  TextRaw,
  Array,
  Object
};

struct Scan {
  bool valid = false;
  bool strict = true;        // RFC 8259
  bool canonical = true;     // strict and without blanks
  std::size_t error_at = 0;  // byte offset, when not valid
};
// Reads text as JSON5. Never allocates.
Scan scan(std::string_view text) noexcept;
// Appends the canonical form of valid JSON5 text.
void append_canonical(base::TextBuilder& out, std::string_view text);
// Appends the JSONB form of JSON5 text; false when it is malformed (then a part may have been appended).
bool append_jsonb(base::TextBuilder& out, std::string_view text);

// Whether the bytes look like JSONB: a header that says how long they are.
bool looks_like_jsonb(std::string_view blob) noexcept;
// The offset of the first error in JSONB, or npos when it is well formed to the last element.
std::size_t check_jsonb(std::string_view blob) noexcept;
// Appends the canonical text of JSONB; false when it is malformed.
bool append_text_of_jsonb(base::TextBuilder& out, std::string_view blob);

// One element of JSONB.
struct Element {
  JsonbType type = JsonbType::Null;
  std::size_t header_size = 1;
  std::size_t size = 0;  // of the payload
  std::size_t whole() const noexcept { return header_size + size; }
};
bool read_long_element(std::string_view blob, std::size_t at, Element* element) noexcept;
// The element at `at`; false when it is not wholly inside `blob`.
inline bool read_element(std::string_view blob, std::size_t at, Element* element) noexcept {
  if (at >= blob.size()) return false;
  const auto first = static_cast<unsigned char>(blob[at]);
  const std::size_t size = first >> 4;
  if (size > 11) return read_long_element(blob, at, element);
  if ((first & 15u) > static_cast<unsigned>(JsonbType::Object) || size > blob.size() - at - 1) return false;
  *element = {static_cast<JsonbType>(first & 15u), 1, size};
  return true;
}
// Where a path leads in well-formed JSONB.
struct JsonbPlace {
  bool bad_path = false;
  bool found = false;
  std::size_t at = 0;        // of the element
  std::size_t label_at = 0;  // of its label, when it is the member of an object
  bool is_member = false;
  bool by_index = false;
  std::uint64_t index = 0;         // with by_index
  std::size_t last_step_size = 0;  // bytes of the path's last step
};
JsonbPlace find_in_jsonb(std::string_view blob, std::string_view path);

// ---- strict text ----

// A text without the blanks before and behind its value.
std::string_view without_blanks_around(std::string_view text) noexcept;
// The end of the value that begins at `at`; the text it is part of ends at `end`.
const char* skip_value(const char* at, const char* end) noexcept;
// The elements of an array, or the labels and values of an object, in turn. What stands behind the container does not
// matter, and a value nobody asks for is skipped only when the next is wanted.
class Elements {
 public:
  explicit Elements(std::string_view container) noexcept
      : after_(container.data() + 1), end_(container.data() + container.size()), object_(container.front() == '{') {}
  // Goes to the next element; false at the end. `label` keeps its quotes; empty for arrays.
  bool advance(std::string_view* label) noexcept;
  // Where the element begins; the closing bracket at the end.
  const char* at() const noexcept { return at_; }
  std::string_view value() noexcept {
    after_ = skip_value(at_, end_);
    return {at_, static_cast<std::size_t>(after_ - at_)};
  }
  bool next(std::string_view* label, std::string_view* element) noexcept {
    if (!advance(label)) return false;
    *element = value();
    return true;
  }

 private:
  const char* at_ = nullptr;
  const char* after_;  // the element; null where nobody has looked yet
  const char* end_;
  bool object_;
};

// Whether a label (with its quotes) is `key`; `key_escaped`: key may hold escapes as the label may.
bool label_is(std::string_view label, std::string_view key, bool key_escaped);
// Appends the characters of a string between its quotes.
void append_unescaped(base::TextBuilder& out, std::string_view content);
// Appends `text` as a string with its quotes.
void append_quoted(base::TextBuilder& out, std::string_view text);

// Where a path leads.
struct Place {
  enum class Kind : std::uint8_t {
    Found,
    Missing,     // nothing there and no place for it
    NewMember,   // the object `container` could take `label`
    NewElement,  // the array `container` could take one more
    BadPath,
  };
  Kind kind = Kind::Missing;
  std::string_view value;      // Found
  std::string_view member;     // Found: with its label, as it stands in the container
  std::string_view container;  // of the new one
  std::string_view label;      // NewMember: key of the path
  bool label_escaped = false;
  bool is_root = false;   // Found: the path has no step
  bool by_index = false;  // Found: the last step was an index
  std::string_view rest;  // of the path, behind the new label or index
};
Place find(std::string_view root, std::string_view path);
// Appends the value that `rest` of a path makes around `value` ("" gives the value itself); false when the path asks
// for what cannot begin, *bad_path set when it is no path.
bool append_nested(base::TextBuilder& out, std::string_view rest, std::string_view value, bool* bad_path);
// The label of NewMember as a string with quotes.
void append_label(base::TextBuilder& out, std::string_view key, bool escaped);

// RFC 7396.
void append_patched(base::TextBuilder& out, std::string_view target, std::string_view patch);
void append_pretty(base::TextBuilder& out, std::string_view value, std::string_view indent);

// "null", "true", "false", "integer", "real", "text", "array", "object".
std::string_view type_of(std::string_view value) noexcept;

}  // namespace perlite::func::json
