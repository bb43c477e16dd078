// record/collation.h: the order of texts (manual: datatype3.html 7; c3ref/create_collation.html).
//
// The built-in ones are recognised by kind, so that comparators and key encoders need no call.
//   Binary   memcmp of the stored bytes, UTF-16 included
//   NoCase   ASCII letters folded, then as Binary over UTF-8
//   RTrim    trailing spaces do not count, then as Binary over UTF-8
//   User     compare() of the host, which sees text in `encoding`
// Equal texts under NoCase and RTrim may differ in bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "record/value.h"

namespace perlite::record {

enum class CollationKind : std::uint8_t { Binary, NoCase, RTrim, User };

struct Collation {
  const char* name;
  // Sizes in bytes. Only User collations are called through it; the built-in ones have it too, for UTF-8.
  int (*compare)(void* context, int size1, const void* text1, int size2, const void* text2);
  void* context;
  CollationKind kind;
  TextEncoding encoding;  // what compare() wants

  bool is_binary() const noexcept { return kind == CollationKind::Binary; }
};

const Collation& binary_collation() noexcept;
const Collation& nocase_collation() noexcept;
const Collation& rtrim_collation() noexcept;
// By name, ASCII case-insensitively; null when it is none of the three.
const Collation* find_builtin_collation(std::string_view name) noexcept;

// Compares two texts of encoding `enc`: negative, 0, positive.
int compare_text(std::string_view left, std::string_view right, TextEncoding enc, const Collation& collation);

}  // namespace perlite::record

namespace perlite {
using record::Collation;
}
