#include "base/like.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/unicode.h"

namespace perlite::base {

namespace {

bool equal_folded(const char* text, const char* lower, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    if (text[i] != lower[i] && ascii_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

}  // namespace

std::size_t find_bytes(std::string_view text, std::string_view needle, bool fold) noexcept {
  if (needle.empty()) return 0;
  if (needle.size() > text.size()) return std::string_view::npos;
  const char* const begin = text.data();
  const std::size_t last_start = text.size() - needle.size();
  const auto equal = [&](std::size_t i) {
    return fold ? equal_folded(begin + i, needle.data(), needle.size())
                : std::memcmp(begin + i, needle.data(), needle.size()) == 0;
  };
  std::size_t i = 0;
#if defined(__SSE2__)
  // Sixteen starts at a time: where the first and the last byte of the needle stand at their distance.
  const char first = needle.front();
  const char last = needle.back();
  const __m128i first_low = _mm_set1_epi8(first);
  const __m128i first_high = _mm_set1_epi8(fold ? ascii_upper(first) : first);
  const __m128i last_low = _mm_set1_epi8(last);
  const __m128i last_high = _mm_set1_epi8(fold ? ascii_upper(last) : last);
  const auto hits = [&](const char* starts) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(starts));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(starts + needle.size() - 1));
    const __m128i hit = _mm_and_si128(_mm_or_si128(_mm_cmpeq_epi8(a, first_low), _mm_cmpeq_epi8(a, first_high)),
                                      _mm_or_si128(_mm_cmpeq_epi8(b, last_low), _mm_cmpeq_epi8(b, last_high)));
    return static_cast<unsigned>(_mm_movemask_epi8(hit));
  };
  for (; i + 16 <= last_start + 1; i += 16) {
    for (unsigned mask = hits(begin + i); mask != 0; mask &= mask - 1) {
      const std::size_t start = i + static_cast<std::size_t>(std::countr_zero(mask));
      if (equal(start)) return start;
    }
  }
  // The rest, or a short text, at once as well: in a place where sixteen bytes may be read behind any start.
  const std::size_t rest = text.size() - i;
  if (constexpr std::size_t kPlace = 64; i <= last_start && rest <= kPlace - 16) {
    char place[kPlace];
    std::memcpy(place, begin + i, rest);
    std::memset(place + rest, 0, 16);
    const std::size_t starts = last_start - i + 1;
    for (unsigned mask = hits(place) & ((1u << starts) - 1); mask != 0; mask &= mask - 1) {
      const std::size_t start = i + static_cast<std::size_t>(std::countr_zero(mask));
      if (equal(start)) return start;
    }
    return std::string_view::npos;
  }
#endif
  const char low = needle.front();
  const char high = fold ? ascii_upper(low) : low;
  for (; i <= last_start; ++i) {
    if ((begin[i] == low || begin[i] == high) && equal(i)) return i;
  }
  return std::string_view::npos;
}

LikePattern::LikePattern(std::string_view pattern, const LikeRules& rules) : fold_(!rules.glob && rules.fold_case) {
  const char many = rules.glob ? '*' : '%';
  const char one = rules.glob ? '?' : '_';
  const char* at = pattern.data();
  const void* nul = pattern.empty() ? nullptr : std::memchr(at, 0, pattern.size());
  const char* const end = nul != nullptr ? static_cast<const char*>(nul) : at + pattern.size();
  bytes_.reserve(static_cast<std::size_t>(end - at));
  while (at < end) {
    const char* const start = at;
    const char32_t letter = decode_utf8(&at, end);
    if (rules.escape != 0 && letter == rules.escape) {
      if (at == end) {  // nothing is escaped: such a pattern matches nothing
        never_ = true;
        return;
      }
      const char* const escaped = at;
      if (decode_utf8(&at, end) == kReplacementCharacter) {
        atoms_.push_back({AtomKind::Replacement, 0, 0});
        continue;
      }
      for (const char* p = escaped; p < at; ++p) add_byte(*p);
      continue;
    }
    if (letter == static_cast<char32_t>(many)) {
      end_piece();
      continue;
    }
    if (letter == static_cast<char32_t>(one)) {
      atoms_.push_back({AtomKind::AnyLetter, 0, 0});
      continue;
    }
    if (rules.glob && letter == '[') {
      const char* close = at;
      if (close < end && *close == '^') ++close;
      if (close < end && *close == ']') ++close;
      while (close < end && *close != ']') ++close;
      if (close == end) {
        never_ = true;
        return;
      }
      atoms_.push_back(
          {AtomKind::Set, static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(close - at)});
      bytes_.append(at, static_cast<std::size_t>(close - at));
      at = close + 1;
      continue;
    }
    if (letter == kReplacementCharacter) {
      atoms_.push_back({AtomKind::Replacement, 0, 0});
      continue;
    }
    for (const char* p = start; p < at; ++p) add_byte(*p);
  }
  end_piece();
  contains_ = pieces_.size() == 3 && pieces_[0].atom_count == 0 && pieces_[1].plain && pieces_[2].atom_count == 0;
}

void LikePattern::add_byte(char c) {
  const auto place = static_cast<std::uint32_t>(bytes_.size());
  bytes_.push_back(fold_ ? ascii_lower(c) : c);
  if (atoms_.size() > piece_start_ && atoms_.back().kind == AtomKind::Bytes) {
    ++atoms_.back().size;
  } else {
    atoms_.push_back({AtomKind::Bytes, place, 1});
  }
}

void LikePattern::end_piece() {
  const auto count = static_cast<std::uint32_t>(atoms_.size()) - piece_start_;
  const bool plain = count == 1 && atoms_.back().kind == AtomKind::Bytes;
  // Of several signs in a row one is enough; the first and the last piece stand even when they are empty.
  if (count != 0 || pieces_.empty() || pieces_.size() == 1 || pieces_.back().atom_count != 0) {
    pieces_.push_back({piece_start_, count, plain});
  }
  piece_start_ = static_cast<std::uint32_t>(atoms_.size());
}

bool LikePattern::bytes_equal(const char* text, const Atom& atom) const noexcept {
  const char* const wanted = bytes_.data() + atom.offset;
  return fold_ ? equal_folded(text, wanted, atom.size) : std::memcmp(text, wanted, atom.size) == 0;
}

bool LikePattern::set_has(const Atom& set, char32_t letter) const noexcept {
  const char* at = bytes_.data() + set.offset;
  const char* const end = at + set.size;
  bool inverted = false;
  bool found = false;
  if (at < end && *at == '^') {
    inverted = true;
    ++at;
  }
  char32_t before = 0;  // the letter a range may begin with
  while (at < end) {
    char32_t c = decode_utf8(&at, end);
    if (c == '-' && before != 0 && at < end) {
      c = decode_utf8(&at, end);
      if (letter >= before && letter <= c) found = true;
      before = 0;
    } else {
      if (c == letter) found = true;
      before = c;
    }
  }
  return found != inverted;
}

const char* LikePattern::match_piece(const Piece& piece, const char* at, const char* end) const noexcept {
  const Atom* atom = atoms_.data() + piece.first_atom;
  for (std::uint32_t i = 0; i < piece.atom_count; ++i, ++atom) {
    switch (atom->kind) {
      case AtomKind::Bytes:
        if (static_cast<std::size_t>(end - at) < atom->size || !bytes_equal(at, *atom)) return nullptr;
        at += atom->size;
        break;
      case AtomKind::AnyLetter:
        if (at == end) return nullptr;
        decode_utf8(&at, end);
        break;
      case AtomKind::Replacement:
        if (at == end || decode_utf8(&at, end) != kReplacementCharacter) return nullptr;
        break;
      case AtomKind::Set:
        if (at == end || !set_has(*atom, decode_utf8(&at, end))) return nullptr;
        break;
    }
  }
  return at;
}

const char* LikePattern::find_piece(const Piece& piece, const char* at, const char* end) const noexcept {
  if (piece.plain) {
    const Atom& atom = atoms_[piece.first_atom];
    const std::size_t place =
        find_bytes({at, static_cast<std::size_t>(end - at)}, {bytes_.data() + atom.offset, atom.size}, fold_);
    return place == std::string_view::npos ? nullptr : at + place + atom.size;
  }
  for (;;) {
    if (const char* after = match_piece(piece, at, end)) return after;
    if (at == end) return nullptr;
    decode_utf8(&at, end);
  }
}

bool LikePattern::match_at_end(const Piece& piece, const char* at, const char* end) const noexcept {
  if (piece.atom_count == 0) return true;
  if (piece.plain) {
    const Atom& atom = atoms_[piece.first_atom];
    return static_cast<std::size_t>(end - at) >= atom.size && bytes_equal(end - atom.size, atom);
  }
  for (;;) {
    if (match_piece(piece, at, end) == end) return true;
    if (at == end) return false;
    decode_utf8(&at, end);
  }
}

bool LikePattern::matches(std::string_view text) const noexcept {
  if (contains_) {
    // Behind a NUL nothing counts.
    const std::size_t place = find_bytes(text, bytes_, fold_);
    return place != std::string_view::npos && (place == 0 || std::memchr(text.data(), 0, place) == nullptr);
  }
  if (never_) return false;
  const char* at = text.data();
  const char* end = at + text.size();
  const Piece& first = pieces_.front();
  if (pieces_.size() > 1 && first.plain) {
    // A wrong beginning needs no look for the NUL.
    const Atom& atom = atoms_[first.first_atom];
    if (text.size() < atom.size || !bytes_equal(at, atom)) return false;
    if (pieces_.size() == 2 && pieces_.back().atom_count == 0) return true;
  }
  if (const void* nul = text.empty() ? nullptr : std::memchr(at, 0, text.size())) end = static_cast<const char*>(nul);
  at = match_piece(first, at, end);
  if (at == nullptr) return false;
  if (pieces_.size() == 1) return at == end;
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    at = find_piece(pieces_[i], at, end);
    if (at == nullptr) return false;
  }
  return match_at_end(pieces_.back(), at, end);
}

}  // namespace perlite::base
