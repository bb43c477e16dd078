// Runs a fuzz target without libFuzzer: seeds are changed at random, for so many seconds.
//
//   PROGRAM SECONDS SEED bytes|text FILE...
//
// bytes: each file is a seed; bytes are flipped, set, copied and cut. text: each line of the files is a seed; words are
// dropped, doubled, exchanged with words of other lines, numbers become odd ones. Blind, so it finds less than libFuzzer
// does in the same time; but it runs wherever the sanitizers do. The input that is being run is in CURRENT_INPUT beside
// it, so that a crash leaves it behind.
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::mt19937_64 random_bits;
std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_bits() % bound; }

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const auto is_word = [&](std::size_t k) { return std::isalnum(static_cast<unsigned char>(text[k])) != 0 || text[k] == '_'; };
    std::size_t end = i + 1;
    if (is_word(i)) {
      while (end < text.size() && is_word(end)) ++end;
    }
    words.push_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::string change_text(const std::vector<std::string>& seeds) {
  static const char* const kOdd[] = {"0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e308", "-0.0", "NULL", "''",
                                     "x''", "zeroblob(1000)", "'\xf0\x9f\x98\x80'", "2147483648", "0x7fffffffffffffff", "randomblob(3)", "(", ")", ",",
                                     " COLLATE NOCASE", " DESC", " LIMIT 1", " DISTINCT ", "(SELECT 1)", "?1", "rowid", "*", "\"", "'", ";", "--", "/*"};
  std::vector<std::string> words = words_of(seeds[below(seeds.size())]);
  const std::vector<std::string> others = words_of(seeds[below(seeds.size())]);
  const std::size_t changes = 1 + below(4);
  for (std::size_t i = 0; i < changes && !words.empty(); ++i) {
    const std::size_t at = below(words.size());
    switch (below(6)) {
      case 0:
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 1:
        words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), words[below(words.size())]);
        break;
      case 2:
        if (!others.empty()) words[at] = others[below(others.size())];
        break;
      case 3:
        words[at] = kOdd[below(sizeof kOdd / sizeof *kOdd)];
        break;
      case 4: {  // a run of words of the other
        const std::size_t from = below(others.size()), count = below(others.size() - from + 1);
        words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), others.begin() + static_cast<std::ptrdiff_t>(from),
                     others.begin() + static_cast<std::ptrdiff_t>(from + count));
        break;
      }
      default:
        words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), kOdd[below(sizeof kOdd / sizeof *kOdd)]);
    }
  }
  std::string text;
  for (const std::string& word : words) text += word;
  // What went before may matter.
  if (below(3) == 0) text = seeds[below(seeds.size())] + ";" + text;
  return text;
}

std::string change_bytes(const std::vector<std::string>& seeds) {
  std::string bytes = seeds[below(seeds.size())];
  const std::size_t changes = 1 + below(1u << below(7));
  for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
    std::size_t at = below(bytes.size());
    if (below(2) == 0) at = at / 512 * 512 + below(32);  // where headers of pages are
    if (at >= bytes.size()) continue;
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random_bits());
        break;
      case 2:
        bytes[at] = static_cast<char>(below(2) == 0 ? 0xff : 0);
        break;
      case 3: {
        const std::size_t from = below(bytes.size()), count = below(64);
        bytes.replace(at, count, bytes.substr(from, count));
        break;
      }
      case 4:
        if (below(20) == 0) bytes.resize(at);
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] + (below(2) == 0 ? 1 : -1));
    }
  }
  return bytes;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::fprintf(stderr, "usage: %s SECONDS SEED bytes|text FILE...\n", arguments[0]);
    return 2;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atol(arguments[1]));
  random_bits.seed(std::strtoull(arguments[2], nullptr, 10));
  const bool is_text = std::string(arguments[3]) == "text";
  std::vector<std::string> seeds;
  for (int i = 4; i < count; ++i) {
    std::ifstream in(arguments[i], std::ios::binary);
    if (is_text) {
      for (std::string line; std::getline(in, line);) {
        if (line.size() > 5 && line[0] != '#' && !line.starts_with("--") && line.size() < 4000) seeds.push_back(line);
      }
    } else {
      std::stringstream bytes;
      bytes << in.rdbuf();
      if (!bytes.str().empty()) seeds.push_back(bytes.str());
    }
  }
  if (seeds.empty()) return std::fprintf(stderr, "no seeds\n"), 2;
  long runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    const std::string input = is_text ? change_text(seeds) : change_bytes(seeds);
    std::ofstream("CURRENT_INPUT", std::ios::binary) << input;
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::remove("CURRENT_INPUT");
  std::printf("%ld inputs from %zu seeds, seed %s: clean\n", runs, seeds.size(), arguments[2]);
  return 0;
}
