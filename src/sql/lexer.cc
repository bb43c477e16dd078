#include "sql/lexer.h"

#include <array>
#include <cstring>

namespace perlite::sql {
namespace {

// What a byte begins. Everything that ends an identifier is below kLetter.
enum CharClass : std::uint8_t {
  kIllegal,
  kNul,
  kBlank,
  kQuote,  // ' " `
  kBracket,
  kSingle,  // a token of one byte
  kMinus,
  kSlash,
  kBar,
  kLess,
  kGreater,
  kEqual,
  kBang,
  kDot,
  kQuestion,
  kNamedVariable,  // : @ #
  kDollar,         // begins a variable, goes on an identifier
  kDigit,
  kLetterX,  // x X: perhaps a blob
  kLetter,   // also _ and bytes from 0x80
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = table[static_cast<std::size_t>(c - 32)] = kLetter;
  for (std::size_t c = 0x80; c < 256; ++c) table[c] = kLetter;
  table['_'] = kLetter;
  table['x'] = table['X'] = kLetterX;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = kDigit;
  table[0] = kNul;
  table[' '] = table['\t'] = table['\n'] = table['\f'] = table['\r'] = kBlank;
  table['\''] = table['"'] = table['`'] = kQuote;
  table['['] = kBracket;
  for (char c : {';', '(', ')', ',', '+', '*', '%', '&', '~'}) table[static_cast<unsigned char>(c)] = kSingle;
  table['-'] = kMinus;
  table['/'] = kSlash;
  table['|'] = kBar;
  table['<'] = kLess;
  table['>'] = kGreater;
  table['='] = kEqual;
  table['!'] = kBang;
  table['.'] = kDot;
  table['?'] = kQuestion;
  table[':'] = table['@'] = table['#'] = kNamedVariable;
  table['$'] = kDollar;
  return table;
}
constexpr std::array<std::uint8_t, 256> kClass = make_classes();

constexpr std::uint8_t class_of(char byte) { return kClass[static_cast<unsigned char>(byte)]; }
constexpr bool is_word(char byte) { return class_of(byte) >= kDollar; }
constexpr bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
constexpr bool is_hex(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

// ---- keywords: a perfect hash made by the compiler (hash, then displace).
//
// The first two and the last two letters and the length tell all keywords apart; static_assert below proves it.

struct KeywordEntry {
  std::string_view text;
  Token token;
};
constexpr KeywordEntry kKeywords[] = {
#define KEYWORD(token, text, use) {text, Token::Kw##token},
#include "sql/keywords.def"
#undef KEYWORD
};
constexpr std::size_t kKeywordCount = std::size(kKeywords);
constexpr std::size_t kLongestKeyword = 17;
constexpr std::size_t kSlots = 256;
constexpr std::size_t kBuckets = 64;

constexpr std::uint64_t keyword_key(const char* word, std::size_t length) {
  const auto upper = [](char c) { return static_cast<std::uint64_t>(static_cast<unsigned char>(c) & 0xdf); };
  return upper(word[0]) | upper(word[1]) << 8 | upper(word[length - 1]) << 16 | upper(word[length - 2]) << 24 |
         static_cast<std::uint64_t>(length) << 32;
}
constexpr std::uint64_t keyword_hash(std::uint64_t key) { return (key + 1) * 0x9e3779b97f4a7c15u; }
constexpr std::size_t bucket_of(std::uint64_t hash) { return static_cast<std::size_t>(hash >> 58); }
constexpr std::size_t slot_of(std::uint64_t hash, unsigned displacement) {
  return static_cast<std::size_t>(((hash >> 30) + displacement * ((hash >> 40 & 0xff) | 1)) % kSlots);
}

struct KeywordTable {
  std::array<std::uint8_t, kBuckets> displacement{};
  std::array<std::uint8_t, kSlots> slot{};  // index in kKeywords plus one
  std::array<std::uint64_t, kKeywordCount> key{};
  bool perfect = false;
};

constexpr KeywordTable make_keyword_table() {
  KeywordTable table;
  std::array<std::uint64_t, kKeywordCount> hash{};
  std::array<std::size_t, kBuckets> size{};
  for (std::size_t i = 0; i < kKeywordCount; ++i) {
    table.key[i] = keyword_key(kKeywords[i].text.data(), kKeywords[i].text.size());
    hash[i] = keyword_hash(table.key[i]);
    ++size[bucket_of(hash[i])];
  }
  for (std::size_t wanted = kKeywordCount; wanted > 0; --wanted) {  // full buckets first: they are hardest to place
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
      if (size[bucket] != wanted) continue;
      bool placed = false;
      for (unsigned d = 0; d < 256 && !placed; ++d) {
        std::array<std::uint8_t, kSlots> slots = table.slot;
        placed = true;
        for (std::size_t i = 0; i < kKeywordCount && placed; ++i) {
          if (bucket_of(hash[i]) != bucket) continue;
          const std::size_t at = slot_of(hash[i], d);
          placed = slots[at] == 0;
          slots[at] = static_cast<std::uint8_t>(i + 1);
        }
        if (placed) {
          table.slot = slots;
          table.displacement[bucket] = static_cast<std::uint8_t>(d);
        }
      }
      if (!placed) return table;
    }
  }
  table.perfect = true;
  return table;
}
constexpr KeywordTable kKeywordTable = make_keyword_table();
static_assert(kKeywordTable.perfect, "the keyword hash has a collision: change its multiplier");
static_assert(kKeywordCount == 147);

inline Token keyword_or_identifier(const char* word, std::size_t length) noexcept {
  if (length < 2 || length > kLongestKeyword) return Token::Identifier;
  const std::uint64_t key = keyword_key(word, length);
  const std::uint64_t hash = keyword_hash(key);
  const unsigned index = kKeywordTable.slot[slot_of(hash, kKeywordTable.displacement[bucket_of(hash)])];
  if (index == 0 || kKeywordTable.key[index - 1] != key) return Token::Identifier;
  // The key has the length, and two letters at each end.
  const KeywordEntry& entry = kKeywords[index - 1];
  for (std::size_t i = 2; i + 2 < length; ++i) {
    if ((static_cast<unsigned char>(word[i]) & 0xdf) != static_cast<unsigned char>(entry.text[i])) {
      return Token::Identifier;
    }
  }
  return entry.token;
}

// Reads from `*at` the bytes that go on a number or word, and says whether there were any.
inline bool skip_word(const char*& at, const char* end) {
  const char* first = at;
  while (at < end && is_word(*at)) ++at;
  return at != first;
}

// Digits with single `_` between two of them; false when a `_` stands elsewhere.
template <class IsDigit>
inline bool skip_digits(const char*& at, const char* end, IsDigit digit) {
  bool well_formed = true;
  for (; at < end; ++at) {
    if (digit(*at)) continue;
    if (*at != '_') break;
    well_formed = well_formed && digit(at[-1]) && at + 1 < end && digit(at[1]);
  }
  return well_formed;
}

Token lex_number(const char*& at, const char* end) noexcept {
  Token token = Token::Integer;
  bool well_formed = true;
  if (*at == '0' && at + 2 < end && (at[1] == 'x' || at[1] == 'X') && is_hex(at[2])) {
    at += 2;
    well_formed = skip_digits(at, end, is_hex);
    token = Token::HexInteger;
  } else {
    if (*at != '.') well_formed = skip_digits(at, end, is_digit);
    if (at < end && *at == '.') {
      ++at;
      token = Token::Float;
      if (at < end && (is_digit(*at) || *at == '_')) well_formed = skip_digits(at, end, is_digit) && well_formed;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
      const bool sign = at + 1 < end && (at[1] == '+' || at[1] == '-');
      const char* digits = at + (sign ? 2 : 1);
      if (digits < end && is_digit(*digits)) {
        at = digits;
        token = Token::Float;
        well_formed = skip_digits(at, end, is_digit) && well_formed;
      }
    }
  }
  if (skip_word(at, end)) return Token::Illegal;
  return well_formed ? token : Token::MalformedNumber;
}

Token lex_quoted(const char*& at, const char* end, char quote) noexcept {
  ++at;
  for (;;) {
    const void* found = at < end ? std::memchr(at, quote, static_cast<std::size_t>(end - at)) : nullptr;
    if (found == nullptr) {
      at = end;
      return Token::Illegal;
    }
    at = static_cast<const char*>(found) + 1;
    if (at >= end || *at != quote) break;
    ++at;
  }
  return quote == '\'' ? Token::String : Token::QuotedIdentifier;
}

Token lex_blob(const char*& at, const char* end) noexcept {
  const char* digits = at + 2;
  at = digits;
  while (at < end && is_hex(*at)) ++at;
  if (at < end && *at == '\'' && (at - digits) % 2 == 0) {
    ++at;
    return Token::Blob;
  }
  while (at < end && *at != '\'') ++at;
  if (at < end) ++at;
  return Token::Illegal;
}

// :a @a $a #a. `$` names go on over `::` and may end in a suffix in parentheses without blanks; so may the others.
Token lex_named_variable(const char*& at, const char* end) noexcept {
  const char first = *at++;
  if (first == '#' && at < end && is_digit(*at)) {
    while (at < end && is_digit(*at)) ++at;
    return Token::Register;
  }
  int letters = 0;
  while (at < end) {
    if (is_word(*at)) {
      ++letters;
      ++at;
    } else if (*at == '(' && letters > 0) {
      do ++at;
      while (at < end && class_of(*at) != kBlank && *at != ')');
      if (at >= end || *at != ')') return Token::Illegal;
      ++at;
      break;
    } else if (*at == ':' && at + 1 < end && at[1] == ':') {
      at += 2;
    } else {
      break;
    }
  }
  return letters == 0 ? Token::Illegal : Token::Variable;
}

constexpr std::array<Token, 128> make_single_tokens() {
  std::array<Token, 128> table{};
  table[';'] = Token::Semicolon;
  table['('] = Token::LeftParen;
  table[')'] = Token::RightParen;
  table[','] = Token::Comma;
  table['+'] = Token::Plus;
  table['*'] = Token::Star;
  table['%'] = Token::Percent;
  table['&'] = Token::Ampersand;
  table['~'] = Token::Tilde;
  return table;
}
constexpr std::array<Token, 128> kSingleToken = make_single_tokens();

inline Token lex_word(const char*& at, const char* end) noexcept {
  const char* word = at++;
  while (at < end && is_word(*at)) ++at;
  return keyword_or_identifier(word, static_cast<std::size_t>(at - word));
}

inline Token lex_single(const char*& at) noexcept { return kSingleToken[static_cast<unsigned char>(*at++)]; }

inline Token lex_equal(const char*& at, const char* end) noexcept {
  at += at + 1 < end && at[1] == '=' ? 2 : 1;
  return Token::Equal;
}

inline Token lex_numbered_variable(const char*& at, const char* end) noexcept {
  ++at;
  while (at < end && is_digit(*at)) ++at;
  return Token::Variable;
}

Token lex(const char*& at, const char* end) noexcept {
  const char first = *at;
  const auto next_is = [&](char wanted) { return at + 1 < end && at[1] == wanted; };
  switch (class_of(first)) {
    case kLetterX:
      if (next_is('\'')) return lex_blob(at, end);
      return lex_word(at, end);
    case kLetter:
      if (first == '\xef' && next_is('\xbb') && at + 2 < end && at[2] == '\xbf') {  // a byte order mark is a blank
        at += 3;
        return Token::Space;
      }
      return lex_word(at, end);
    case kBlank:
      do ++at;
      while (at < end && (class_of(*at) == kBlank || *at == '\v'));  // a vertical tab is a blank behind another one
      return Token::Space;
    case kSingle:
      return lex_single(at);
    case kDigit:
      return lex_number(at, end);
    case kDot:
      if (at + 1 < end && is_digit(at[1])) return lex_number(at, end);
      ++at;
      return Token::Dot;
    case kQuote:
      return lex_quoted(at, end, first);
    case kBracket: {
      const void* found = std::memchr(at, ']', static_cast<std::size_t>(end - at));
      at = found == nullptr ? end : static_cast<const char*>(found) + 1;
      return found == nullptr ? Token::Illegal : Token::QuotedIdentifier;
    }
    case kMinus:
      if (next_is('-')) {
        const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
        at = found == nullptr ? end : static_cast<const char*>(found);
        return Token::Space;
      }
      if (next_is('>')) {
        at += 2;
        if (at < end && *at == '>') {
          ++at;
          return Token::DoubleArrow;
        }
        return Token::Arrow;
      }
      ++at;
      return Token::Minus;
    case kSlash:
      if (next_is('*') && at + 2 < end) {
        for (at += 2; at < end; ++at) {
          if (*at == '*' && next_is('/')) {
            at += 2;
            break;
          }
        }
        return Token::Space;
      }
      ++at;
      return Token::Slash;
    case kBar:
      if (next_is('|')) return at += 2, Token::Concat;
      ++at;
      return Token::Bar;
    case kLess:
      if (next_is('=')) return at += 2, Token::LessEqual;
      if (next_is('>')) return at += 2, Token::NotEqual;
      if (next_is('<')) return at += 2, Token::ShiftLeft;
      ++at;
      return Token::Less;
    case kGreater:
      if (next_is('=')) return at += 2, Token::GreaterEqual;
      if (next_is('>')) return at += 2, Token::ShiftRight;
      ++at;
      return Token::Greater;
    case kEqual:
      return lex_equal(at, end);
    case kBang:
      if (next_is('=')) return at += 2, Token::NotEqual;
      ++at;
      return Token::Illegal;
    case kQuestion:
      return lex_numbered_variable(at, end);
    case kNamedVariable:
    case kDollar:
      return lex_named_variable(at, end);
    case kNul:
      return Token::End;
    default:
      ++at;
      return Token::Illegal;
  }
}

// next_token() for all tokens.
[[gnu::noinline]] Token any_next_token(std::string_view text, std::uint32_t offset, std::uint32_t* begin,
                                       std::uint32_t* end) noexcept {
  const char* at = text.data() + offset;
  const char* const stop = text.data() + text.size();
  for (;;) {
    if (at >= stop) {
      *begin = *end = static_cast<std::uint32_t>(text.size());
      return Token::End;
    }
    const char* first = at;
    const Token token = lex(at, stop);
    if (token == Token::Space) continue;
    *begin = static_cast<std::uint32_t>(first - text.data());
    *end = static_cast<std::uint32_t>(at - text.data());
    return token;
  }
}

}  // namespace

Token lex_token(std::string_view text, std::uint32_t offset, std::uint32_t* end) noexcept {
  if (offset >= text.size()) {
    *end = offset;
    return Token::End;
  }
  const char* at = text.data() + offset;
  const Token token = lex(at, text.data() + text.size());
  *end = static_cast<std::uint32_t>(at - text.data());
  return token;
}

Token next_token(std::string_view text, std::uint32_t offset, std::uint32_t* begin, std::uint32_t* end) noexcept {
  // Mostly one of a few kinds follows, behind one blank or none: found without a call.
  const char* at = text.data() + offset;
  const char* const stop = text.data() + text.size();
  if (at + 1 < stop && *at == ' ') ++at;
  if (at >= stop) return any_next_token(text, offset, begin, end);
  const char* const first = at;
  const std::uint8_t begins = class_of(*first);
  Token token;
  if (begins == kLetter && static_cast<unsigned char>(*first) < 0x80) {  // no byte order mark
    token = lex_word(at, stop);
  } else if (begins == kSingle) {
    token = lex_single(at);
  } else if (begins == kEqual) {
    token = lex_equal(at, stop);
  } else if (begins == kQuestion) {
    token = lex_numbered_variable(at, stop);
  } else if (begins == kDigit) {
    token = lex_number(at, stop);
  } else if (begins == kDot && at + 1 < stop && !is_digit(at[1])) {
    ++at;
    token = Token::Dot;
  } else {
    return any_next_token(text, begins > kBlank ? static_cast<std::uint32_t>(first - text.data()) : offset, begin, end);
  }
  *begin = static_cast<std::uint32_t>(first - text.data());
  *end = static_cast<std::uint32_t>(at - text.data());
  return token;
}

Token find_keyword(std::string_view word) noexcept { return keyword_or_identifier(word.data(), word.size()); }

bool is_identifier_byte(char byte) noexcept { return is_word(byte); }

const char* token_name(Token token) noexcept {
  static constexpr const char* kNames[] = {
#define TOKEN(name, text) #name,
#include "sql/tokens.def"
#undef TOKEN
#define KEYWORD(token, text, use) text,
#include "sql/keywords.def"
#undef KEYWORD
  };
  return kNames[static_cast<std::size_t>(token)];
}

std::string_view decode_quoted(std::string_view token, Arena& arena) {
  const char quote = token.front() == '[' ? ']' : token.front();
  const std::string_view inner = token.substr(1, token.size() - 2);
  if (quote == ']' || inner.find(quote) == std::string_view::npos) return inner;
  char* const first = static_cast<char*>(arena.allocate(inner.size() + 1, 1));
  char* out = first;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    *out++ = inner[i];
    if (inner[i] == quote) ++i;
  }
  *out = '\0';
  return {first, static_cast<std::size_t>(out - first)};
}

std::string_view decode_blob(std::string_view token, Arena& arena) {
  const std::string_view digits = token.substr(2, token.size() - 3);
  const auto value = [](char c) { return is_digit(c) ? c - '0' : (c & 0xdf) - 'A' + 10; };
  char* const bytes = static_cast<char*>(arena.allocate(digits.size() / 2 + 1, 1));
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes[i / 2] = static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1]));
  }
  return {bytes, digits.size() / 2};
}

}  // namespace perlite::sql
