// func/json.h: JSON as text and as JSONB (manual: json1.html; compat/sql.md 10).
//
// Everything works on canonical text: RFC 8259, no blanks, what JSON5 allows beyond it rewritten. Text that is
// canonical already is used where it lies; other text and JSONB are rewritten once. Canonical text is valid, so what
// walks it checks nothing: looking for a path skips values without taking them apart, an edit copies what stands before
// and after.
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
// Appends the JSONB form of valid JSON5 text.
void append_jsonb(base::TextBuilder& out, std::string_view text);

// Whether the bytes look like JSONB: a header that says how long they are.
bool looks_like_jsonb(std::string_view blob) noexcept;
// The offset of the first error in JSONB, or npos when it is well formed to the last element.
std::size_t check_jsonb(std::string_view blob) noexcept;
// Appends the canonical text of JSONB; false when it is malformed.
bool append_text_of_jsonb(base::TextBuilder& out, std::string_view blob);

// One element of JSONB.
struct Element {
  JsonbType type;
  std::size_t header_size;
  std::size_t size;  // of the payload
  std::size_t whole() const noexcept { return header_size + size; }
};
// The element at `at`; false when it is not wholly inside `blob`.
bool read_element(std::string_view blob, std::size_t at, Element* element) noexcept;
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

// ---- canonical text ----

// The end of the value that begins at `at`; the text it is part of ends at `end`.
const char* skip_value(const char* at, const char* end) noexcept;
// The elements of an array, or the labels and values of an object, in turn.
class Elements {
 public:
  explicit Elements(std::string_view container) noexcept
      : at_(container.data() + 1), end_(container.data() + container.size() - 1), object_(container.front() == '{') {}
  // False at the end. `label` keeps its quotes; empty for arrays.
  bool next(std::string_view* label, std::string_view* value) noexcept {
    if (at_ >= end_) return false;
    *label = {};
    if (object_) {
      const char* after = skip_value(at_, end_);
      *label = {at_, static_cast<std::size_t>(after - at_)};
      at_ = after + 1;
    }
    const char* after = skip_value(at_, end_);
    *value = {at_, static_cast<std::size_t>(after - at_)};
    at_ = after + 1;
    return true;
  }

 private:
  const char* at_;
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
  std::string_view container;  // of the value or of the new one; empty for the root
  std::string_view member;     // Found: with its label, as it stands in the container
  std::string_view label;      // NewMember: key of the path
  bool label_escaped = false;
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
