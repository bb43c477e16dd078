// base/like.h: the patterns of LIKE and GLOB (manual: lang_expr.html#like), compiled.
//
// A pattern is split at its "any letters" signs into pieces; the first is anchored at the start of the text, the last
// at its end, those between are looked for from left to right. A piece that is plain bytes is found without looking at
// letters. Both pattern and text end at a NUL. Case is folded for ASCII letters only.
//   Threads   a finished pattern is const.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/containers.h"

namespace perlite::base {

struct LikeRules {
  bool glob = false;      // * ? [set], case counts; else % _ and case does not
  bool fold_case = true;  // LIKE only (PRAGMA case_sensitive_like)
  char32_t escape = 0;    // LIKE only; 0: none
  bool operator==(const LikeRules&) const = default;
};

class LikePattern {
 public:
  LikePattern(std::string_view pattern, const LikeRules& rules);
  bool matches(std::string_view text) const noexcept;

 private:
  enum class AtomKind : std::uint8_t { Bytes, AnyLetter, Set, Replacement };  // U+FFFD: also what is no letter
  struct Atom {
    AtomKind kind;
    std::uint32_t offset;  // in bytes_ (Bytes: the bytes to match; Set: what stands between the brackets)
    std::uint32_t size;
  };
  struct Piece {
    std::uint32_t first_atom;
    std::uint32_t atom_count;
    bool plain;  // one atom of Bytes
  };
  void add_byte(char c);
  void end_piece();
  bool bytes_equal(const char* text, const Atom& atom) const noexcept;
  bool set_has(const Atom& set, char32_t letter) const noexcept;
  // The end of the match that begins at `at`, or null.
  const char* match_piece(const Piece& piece, const char* at, const char* end) const noexcept;
  const char* find_piece(const Piece& piece, const char* at, const char* end) const noexcept;
  bool match_at_end(const Piece& piece, const char* at, const char* end) const noexcept;

  String bytes_;
  Vector<Atom> atoms_;
  Vector<Piece> pieces_;
  std::uint32_t piece_start_ = 0;  // while compiling
  bool fold_;
  bool never_ = false;
  bool contains_ = false;  // %bytes%
};

// The first place of `needle` in `text`, or npos. `fold`: ASCII case does not count, and `needle` is in lower case.
std::size_t find_bytes(std::string_view text, std::string_view needle, bool fold) noexcept;

}  // namespace perlite::base
